//! Ids that know what they identify.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{InvalidValue, Text};

/// The id of a `T` in Graph: opaque text, most often a GUID.
///
/// An id of one kind does not pass for another's:
///
/// ```compile_fail
/// # use windows_autopilot::model::{Device, Group, Id};
/// let device: Id<Device> = "4f6a…".parse().unwrap();
/// let group: Id<Group> = device;
/// ```
///
/// Some ids are not GUIDs (an enrollment status page's is `<guid>_Windows10EnrollmentCompletionPageConfiguration`),
/// so the only rule is what a path segment can carry: not empty, no `/`, `\`, `?`, `#`, blank or control character.
pub struct Id<T: ?Sized> {
    text: Text,
    of: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Id<T> {
    /// The id as Graph writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same id, said to be of another kind: for the few places where one object has two faces, such as a
    /// registration id that becomes a device's id.
    pub fn cast<U: ?Sized>(&self) -> Id<U> {
        Id { text: self.text.clone(), of: PhantomData }
    }
}

impl<T: ?Sized> FromStr for Id<T> {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        check(text).map(|()| Self { text: text.into(), of: PhantomData })
    }
}

/// Whether a path segment can carry it.
fn check(text: &str) -> Result<(), InvalidValue> {
    if text.is_empty() {
        return Err(InvalidValue::new("id", "is empty", "write the id that the service returned"));
    }
    let allowed = |c: char| !matches!(c, '/' | '\\' | '?' | '#') && !c.is_whitespace() && !c.is_control();
    // Nearly every id is a GUID, and a page has thousands: not character by character, then.
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let refused = if plain { None } else { super::invalid::first_refused(text, allowed) };
    if let Some((position, c)) = refused {
        let problem = format!("{} cannot be in an id", super::invalid::place(position, c));
        return Err(InvalidValue::new("id", problem, "write the id that the service returned")
            .with_value(text)
            .at(position));
    }
    if matches!(text, "." | "..") {
        return Err(InvalidValue::new(
            "id",
            "is a path, not an id",
            "write the id that the service returned",
        )
        .with_value(text));
    }
    Ok(())
}

impl<T: ?Sized> TryFrom<&str> for Id<T> {
    type Error = InvalidValue;
    fn try_from(text: &str) -> Result<Self, InvalidValue> {
        text.parse()
    }
}

impl<T: ?Sized> TryFrom<String> for Id<T> {
    type Error = InvalidValue;
    fn try_from(text: String) -> Result<Self, InvalidValue> {
        check(&text).map(|()| Self { text: text.into(), of: PhantomData })
    }
}

impl<T: ?Sized> From<Id<T>> for String {
    fn from(id: Id<T>) -> Self {
        id.text.into()
    }
}

impl<T: ?Sized> AsRef<str> for Id<T> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        self.cast()
    }
}

impl<T: ?Sized> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<T: ?Sized> Eq for Id<T> {}

impl<T: ?Sized> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<T: ?Sized> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<T: ?Sized> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text, f)
    }
}

impl<T: ?Sized> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        check(text.as_str()).map_err(serde::de::Error::custom)?;
        Ok(Self { text, of: PhantomData })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_as_it_is_and_refuses_what_would_leave_its_path_segment() {
        let id: Id<()> = "b5a1_Windows10EnrollmentCompletionPageConfiguration".parse().unwrap();
        assert_eq!(id.as_str(), "b5a1_Windows10EnrollmentCompletionPageConfiguration");
        assert_eq!(String::from(id.clone()).try_into(), Ok(id));
        for bad in ["", "a/b", "a\\b", "a?b", "a#b", "a b", "a\nb", ".", ".."] {
            assert!(bad.parse::<Id<()>>().is_err(), "{bad:?}");
        }
    }
}
