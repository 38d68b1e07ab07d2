//! Values with a rule, checked when they are parsed.
//!
//! Parsing is strict. Reading from the service is not: a tenant may contain a value from the portal or another tool
//! that predates its rule, and that value must still be read, compared and shown. Such a value is kept unchanged, and
//! `violation` returns the rule that it breaks.

mod computer_name;
mod device;
mod domain;
mod hash;
mod locale;
mod locale_codes;
mod names;
mod numbers;
mod organizational_unit;
mod tenant;

pub use self::computer_name::{ComputerNamePrefix, DeviceNameTemplate};
#[cfg(feature = "registration")]
pub(crate) use self::device::without_excel_mark;
pub use self::device::{GroupTag, PurchaseOrder, SerialNumber, UserPrincipalName};
pub use self::domain::AdDomain;
pub use self::hash::HardwareHash;
pub use self::locale::{LanguageTag, Locale};
pub use self::names::{CustomErrorMessage, DisplayName, MailNickname, ProfileDescription, ProfileName};
pub use self::numbers::{ConnectorVersion, InstallTimeout};
pub use self::organizational_unit::OrganizationalUnit;
pub use self::tenant::TenantId;
pub(crate) use self::tenant::is_guid;

use super::InvalidValue;

/// Declares a text type with a rule.
///
/// `check` is `fn(what, text) -> Result<(), InvalidValue>`. A `personal` type has no `Display`, a redacted `Debug`, and
/// errors that do not repeat the value: its `check` must not include the value in the problem either.
macro_rules! checked {
    ($(#[$meta:meta])* pub struct $name:ident($what:literal, $check:path);) => {
        checked!(@declare $(#[$meta])* $name, [Debug, Display], |text| {
            $check($what, text).map_err(|error| error.with_value(text))
        });
    };

    (personal $(#[$meta:meta])* pub struct $name:ident($what:literal, $check:path);) => {
        checked!(@declare $(#[$meta])* $name, [Redacted], |text| $check($what, text));
    };

    (@declare $(#[$meta:meta])* $name:ident, [$($shown:ident),+], |$text:ident| $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::model::Text);

        impl $name {
            /// Returns the value as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns the rule that the value breaks; `None` if it is valid. Only a value read from the service can be
            /// invalid, because parsing rejects invalid values.
            pub fn violation(&self) -> Option<$crate::model::InvalidValue> {
                Self::check(&self.0).err()
            }

            /// Creates the value as the service reports it; an invalid one is kept.
            #[allow(dead_code, reason = "one macro for all; some types are only ever parsed")]
            pub(crate) fn from_service(text: impl Into<$crate::model::Text>) -> Self {
                Self(text.into())
            }

            fn check($text: &str) -> Result<(), $crate::model::InvalidValue> {
                $check
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::model::InvalidValue;
            fn from_str(text: &str) -> Result<Self, $crate::model::InvalidValue> {
                Self::check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::check(&self.0).map_err(serde::ser::Error::custom)?;
                serializer.serialize_str(&self.0)
            }
        }

        $crate::model::text::text_impls! { [] $name: AsRef, Parse, $($shown),+ }
    };
}
use checked;

/// Refuses empty text.
pub(super) fn not_empty(what: &'static str, text: &str, remedy: &'static str) -> Result<(), InvalidValue> {
    if text.is_empty() { Err(InvalidValue::new(what, "is empty", remedy)) } else { Ok(()) }
}

fn at_most(what: &'static str, text: &str, limit: usize) -> Result<(), InvalidValue> {
    let length = text.chars().count();
    if length > limit {
        let problem = format!("has {length} characters");
        return Err(InvalidValue::new(what, problem, format!("write at most {limit}")).at(limit));
    }
    Ok(())
}

/// Refuses characters that are not allowed.
pub(super) fn only(
    what: &'static str,
    text: &str,
    remedy: &'static str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), InvalidValue> {
    match text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
        None => Ok(()),
        Some((position, c)) => {
            let problem = format!("{c:?} at character {} is not allowed", position + 1);
            Err(InvalidValue::new(what, problem, remedy).at(position))
        }
    }
}

fn no_control(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    only(what, text, "leave out line breaks and other control characters", |c| !c.is_control())
}

fn no_outer_spaces(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    let remedy = "remove spaces at the start and the end";
    if text.starts_with(char::is_whitespace) {
        return Err(InvalidValue::new(what, "starts with a space", remedy).at(0));
    }
    if text.ends_with(char::is_whitespace) {
        let last = text.chars().count().saturating_sub(1);
        return Err(InvalidValue::new(what, "ends with a space", remedy).at(last));
    }
    Ok(())
}

/// Declares a test that random texts, by their pattern, hold the laws of some types.
#[cfg(test)]
macro_rules! hold_laws {
    ($( $test:ident($texts:literal): $($type:ty),+; )+) => {
        proptest::proptest! { $(
            #[test]
            fn $test(text in $texts) {
                $( super::super::laws::parse_and_print::<$type>(&text); )+
            }
        )+ }
    };
}
#[cfg(test)]
use hold_laws;

/// Laws of every checked type.
#[cfg(test)]
mod laws {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::InvalidValue;

    /// Checks that parsing either fails with a readable error or gives a value whose text and JSON parse to the same
    /// value.
    pub(super) fn parse_and_print<T>(text: &str)
    where
        T: FromStr<Err = InvalidValue> + Display + PartialEq + Debug + Serialize + DeserializeOwned,
    {
        match text.parse::<T>() {
            Ok(value) => {
                assert_eq!(value.to_string().parse::<T>().as_ref(), Ok(&value), "{text:?}");
                let json = serde_json::to_string(&value).unwrap();
                assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value, "{text:?}");
            }
            Err(error) => {
                assert!(!error.problem().is_empty() && !error.remedy().is_empty(), "{text:?}");
                assert!(error.position().is_none_or(|at| at <= text.chars().count()), "{text:?}: {error:?}");
                let read = serde_json::from_value::<T>(serde_json::json!(text)).unwrap_err().to_string();
                let is_said = read.contains(error.problem()) || read.starts_with("invalid type: string");
                assert!(is_said, "{text:?}: {read}");
            }
        }
    }

    /// Checks that each text is refused, with this part of the error.
    pub(super) fn refused<T>(cases: &[(&str, &str)])
    where
        T: FromStr<Err = InvalidValue> + Debug,
    {
        for (text, expected) in cases {
            let error = text.parse::<T>().expect_err(text).to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    pub(super) fn accepted<T>(texts: &[&str])
    where
        T: FromStr<Err = InvalidValue> + Debug + Display,
    {
        for text in texts {
            assert_eq!(text.parse::<T>().unwrap().to_string(), *text);
        }
    }
}
