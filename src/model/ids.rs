//! Typed ids.

use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use super::checked::{not_empty, only};
use super::text::text_impls;
use super::{InvalidValue, Text, is_guid};

/// The id of a `T` in Graph: an opaque string, usually a GUID.
///
/// Ids of different kinds do not mix:
///
/// ```compile_fail
/// # use windows_autopilot::model::{Device, Group, Id};
/// let device: Id<Device> = "4f6a…".parse().unwrap();
/// let group: Id<Group> = device;
/// ```
///
/// Some ids are not GUIDs (an enrollment status page's is `<guid>_Windows10EnrollmentCompletionPageConfiguration`), so
/// the only rule is that an id fits in a path segment: it is not empty and contains no `/`, `\`, `?`, `#`, space or
/// control character.
///
/// GUIDs are compared without regard to case, because Graph's services disagree on case; all other ids are compared
/// exactly. An id keeps its original spelling.
pub struct Id<T: ?Sized> {
    text: Text,
    of: PhantomData<fn() -> Box<T>>,
}

impl<T: ?Sized> Id<T> {
    /// Returns the id as Graph writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Casts the id to another kind, for objects with two roles: a registration id, for example, becomes a device's id.
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

/// Returns the bytes to compare: those of a GUID in lower case, those of other text unchanged.
fn compared(text: &str) -> impl Iterator<Item = u8> + '_ {
    let is_guid = is_guid(text);
    text.bytes().map(move |byte| if is_guid { byte.to_ascii_lowercase() } else { byte })
}

/// Checks that a path segment can carry an id.
fn check(text: &str) -> Result<(), InvalidValue> {
    const REMEDY: &str = "write the id that the service returned";
    not_empty("id", text, REMEDY)?;
    let allowed = |c: char| !matches!(c, '/' | '\\' | '?' | '#') && !c.is_whitespace() && !c.is_control();
    // Nearly every id is a GUID, and a page has thousands: not character by character, then.
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !plain {
        only("id", text, REMEDY, allowed).map_err(|error| error.with_value(text))?;
    }
    if matches!(text, "." | "..") {
        return Err(InvalidValue::new("id", "is a path, not an id", REMEDY).with_value(text));
    }
    Ok(())
}

text_impls! { [T: ?Sized] Id<T>: AsRef, Debug, Display, Parse, Serialize }

impl<T: ?Sized> From<Id<T>> for String {
    fn from(id: Id<T>) -> Self {
        id.text.into()
    }
}

impl<T: ?Sized> Clone for Id<T> {
    fn clone(&self) -> Self {
        self.cast()
    }
}

impl<T: ?Sized> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text || (self.text.eq_ignore_ascii_case(&other.text) && is_guid(&self.text))
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
        compared(&self.text).cmp(compared(&other.text))
    }
}

impl<T: ?Sized> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        compared(&self.text).for_each(|byte| state.write_u8(byte));
        state.write_u8(0xff);
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
            let error = bad.parse::<Id<()>>().unwrap_err();
            let is_said = ["is empty", "is not allowed", "is a path, not an id"]
                .iter()
                .any(|part| error.problem().contains(part));
            assert!(is_said, "{bad:?}: {error:?}");
        }
    }

    #[test]
    fn guids_are_equal_without_regard_to_case_and_other_ids_are_not() {
        use std::cmp::Ordering;
        use std::collections::{BTreeSet, HashSet};

        let guid = "0f8fad5b-d9cb-469f-a165-70867728950e";
        for (one, other, same) in [
            (guid.to_owned(), guid.to_uppercase(), true),
            (format!("{guid}_Page"), format!("{}_Page", guid.to_uppercase()), false),
            ("ab".to_owned(), "AB".to_owned(), false),
            (guid.replace('f', "g"), guid.replace('f', "g").to_uppercase(), false),
        ] {
            let ids: [Id<()>; 2] = [one.parse().unwrap(), other.parse().unwrap()];
            let [a, b] = &ids;
            assert_eq!((a == b, a.cmp(b) == Ordering::Equal), (same, same), "{a} {b}");
            assert_eq!((a.as_str(), b.as_str()), (one.as_str(), other.as_str()), "written as they were read");
            assert_eq!(serde_json::to_string(b).unwrap(), format!("\"{other}\""));
            let (hashed, sorted): (HashSet<_>, BTreeSet<_>) = (ids.iter().collect(), ids.iter().collect());
            assert_eq!((hashed.len() == 1, sorted.len() == 1), (same, same));
        }
    }
}
