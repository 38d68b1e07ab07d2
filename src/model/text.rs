//! Text that the service reports, and text about people.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::foreign::line;

/// Implements traits for text types, each in one way. The type has `as_str`.
///
/// `Redacted` is a `Debug` that does not show the text; `Parse` implements reading by the type's `FromStr`.
macro_rules! text_impls {
    ($generics:tt $type:ty: $($trait:ident),+) => {
        $( $crate::model::text::text_impls! { @$trait $generics $type } )+
    };
    (@AsRef [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }
    };
    (@From [] $type:ty) => {
        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $type {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
    };
    (@Debug [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
    (@Redacted [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::foreign::REDACTED)
            }
        }
    };
    (@Display [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
    (@Serialize [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
    (@Parse [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> TryFrom<&str> for $type {
            type Error = <Self as std::str::FromStr>::Err;
            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl<$($generics)*> TryFrom<String> for $type {
            type Error = <Self as std::str::FromStr>::Err;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl<'de, $($generics)*> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_impls;

/// A string that the service reported. Use [`as_str`](Self::as_str), or pass `&text` where a `&str` is expected.
///
/// The internal representation may change; it is designed to keep large device lists small.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(Box<str>);

impl Text {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// Hidden, so that the page of the type shows its own methods and not all of `str`'s.
#[doc(hidden)]
impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0.into()
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

text_impls! { [] Text: AsRef, Debug, From }

/// Writes the text on one line: control characters and those that change the direction of text are escaped, as in
/// `\u{202e}`. [`Text::as_str`] returns it as reported.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(&self.0).fmt(f)
    }
}

/// Declares text that `Debug` does not show and that has no `Display`.
macro_rules! redacted_text {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Text);

        impl $name {
            /// Returns the string, which is sensitive.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_impls! { [] $name: From, Redacted }
    };
}

redacted_text! {
    /// A string that contains personal data, such as a name or an email address. It does not implement `Display`, and
    /// `Debug` does not show it.
    ///
    /// ```
    /// # use windows_autopilot::model::Personal;
    /// let name = Personal::from("Adele Vance");
    /// assert_eq!(format!("{name:?}"), "[redacted]");
    /// assert_eq!(name.as_str(), "Adele Vance");
    /// ```
    pub struct Personal;
}

redacted_text! {
    /// A secret string from the service, such as a product key. It does not implement `Display`, and `Debug` does not
    /// show it. It is not wiped from memory.
    pub struct Hidden;
}
