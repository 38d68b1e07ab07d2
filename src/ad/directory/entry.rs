//! Entries of a directory.

use std::collections::BTreeMap;
use std::fmt;

use super::{DESCRIPTOR, DirectoryError};
use crate::ad::descriptor::{Guid, SecurityDescriptor, Sid};

/// An entry: its name and the values of the attributes that were read.
///
/// ```
/// use windows_autopilot::ad::directory::Entry;
///
/// let unit = Entry::new("OU=Autopilot,DC=corp,DC=example").with_values("objectClass", ["top", "organizationalUnit"]);
/// assert!(unit.has("objectClass", "organizationalUnit"));
/// ```
///
/// Values are bytes whose meaning depends on the attribute. Attribute names are compared without regard to case.
/// `Debug` shows only the attribute names, because the entry's name may be the name of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    distinguished_name: String,
    /// The values by lower-case attribute name.
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// Creates an entry without attributes.
    pub fn new(distinguished_name: impl Into<String>) -> Self {
        Self { distinguished_name: distinguished_name.into(), attributes: BTreeMap::new() }
    }

    /// Adds values to an attribute.
    #[must_use]
    pub fn with_values<V: Into<Vec<u8>>>(
        mut self,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into);
        self.attributes.entry(attribute.to_ascii_lowercase()).or_default().extend(values);
        self
    }

    /// Returns the distinguished name.
    pub fn distinguished_name(&self) -> &str {
        &self.distinguished_name
    }

    /// Returns the values of an attribute; empty if the attribute was not read, is missing or is not visible.
    pub fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.attributes.get(&attribute.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of the attributes, in lower case.
    pub fn attributes(&self) -> impl Iterator<Item = &str> {
        self.attributes.keys().map(String::as_str)
    }

    /// Returns the values of an attribute that are valid UTF-8.
    pub fn texts(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.values(attribute).iter().filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// Returns the first value of an attribute that is valid UTF-8.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).next()
    }

    /// Returns `true` if an attribute has this string as a value, ignoring case.
    pub fn has(&self, attribute: &str, text: &str) -> bool {
        self.texts(attribute).any(|value| value.eq_ignore_ascii_case(text))
    }

    /// Returns the first value of an attribute as a number.
    pub fn number(&self, attribute: &str) -> Option<i64> {
        self.text(attribute)?.parse().ok()
    }

    /// Returns the values of an attribute as SIDs.
    ///
    /// # Errors
    /// [`Unexpected`](super::DirectoryErrorKind::Unexpected) if a value is not a SID.
    pub fn sids(&self, attribute: &str) -> Result<Vec<Sid>, DirectoryError> {
        let sids = self.values(attribute).iter().map(|value| Sid::from_bytes(value));
        sids.collect::<Result<_, _>>().map_err(DirectoryError::from)
    }

    /// Returns the first value of an attribute as a SID.
    ///
    /// # Errors
    /// [`Unexpected`](super::DirectoryErrorKind::Unexpected) if the value is not a SID.
    pub fn sid(&self, attribute: &str) -> Result<Option<Sid>, DirectoryError> {
        let value = self.values(attribute).first();
        Ok(value.map(|value| Sid::from_bytes(value)).transpose()?)
    }

    /// Returns the first value of an attribute as a GUID.
    pub fn guid(&self, attribute: &str) -> Option<Guid> {
        let value = self.values(attribute).first()?;
        Some(Guid::from_bytes(value.as_slice().try_into().ok()?))
    }

    /// Returns the security descriptor, or the parts of it that were requested.
    ///
    /// # Errors
    /// [`Unexpected`](super::DirectoryErrorKind::Unexpected) if the value is not a security descriptor.
    pub fn descriptor(&self) -> Result<Option<SecurityDescriptor>, DirectoryError> {
        let value = self.values(DESCRIPTOR).first();
        Ok(value.map(|value| SecurityDescriptor::from_bytes(value)).transpose()?)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let attributes: Vec<&String> = self.attributes.keys().collect();
        f.debug_struct("Entry").field("attributes", &attributes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::directory::DirectoryErrorKind;

    #[test]
    fn values_are_found_by_any_spelling_and_read_as_what_they_are() {
        let sid: Sid = "S-1-5-21-1-2-3-1104".parse().unwrap();
        let entry = Entry::new("CN=x")
            .with_values("sAMAccountName", ["X$"])
            .with_values("uSNChanged", ["4711"])
            .with_values("OBJECTSID", [sid.to_bytes()])
            .with_values("objectGUID", [Guid::COMPUTER.to_bytes()])
            .with_values("objectClass", ["top", "computer"]);
        assert_eq!((entry.text("samaccountname"), entry.number("USNChanged")), (Some("X$"), Some(4711)));
        assert_eq!(entry.sid("objectSid").unwrap(), Some(sid));
        assert_eq!(entry.guid("objectguid"), Some(Guid::COMPUTER));
        assert!(entry.has("objectclass", "Computer") && !entry.has("objectClass", "user"));
        assert_eq!((entry.sid("other").unwrap(), entry.text("other")), (None, None));
        for error in [entry.sid("objectGUID").unwrap_err(), entry.sids("objectClass").unwrap_err()] {
            assert_eq!(error.kind(), DirectoryErrorKind::Unexpected, "{error}");
        }
        assert_eq!((entry.number("objectGUID"), entry.guid("uSNChanged")), (None, None));
    }

    #[test]
    fn nothing_of_a_person_is_shown() {
        let entry = Entry::new("CN=Adele Vance").with_values("displayName", ["Adele Vance"]);
        assert_eq!(format!("{entry:?}"), "Entry { attributes: [\"displayname\"], .. }");
    }
}
