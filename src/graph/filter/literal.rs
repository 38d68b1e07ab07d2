//! Literals in filters.

use std::fmt;

use jiff::Timestamp;

use crate::model::{Id, OpenEnum, Text};

/// A value in a filter, escaped as a single OData literal.
///
/// | source | OData |
/// | --- | --- |
/// | `&str`, `String`, [`Text`], [`Id`], an enum from the service | a quoted string, with quotes inside it doubled |
/// | `i32`, `i64`, `u32` | a number |
/// | `bool` | `true` or `false` |
/// | `Timestamp` | a date in UTC |
///
/// `Display` writes the literal for use in [`Filter::raw`](super::Filter::raw):
///
/// ```
/// use windows_autopilot::graph::{Filter, Literal};
/// let name = "O'Neil";
/// let filter = Filter::raw(format!("tolower(displayName) eq {}", Literal::from(name.to_lowercase())));
/// assert_eq!(filter.as_str(), "tolower(displayName) eq 'o''neil'");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    text: String,
    kind: LiteralKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LiteralKind {
    Text,
    Number,
    Boolean,
    Date,
}

impl Literal {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn kind(&self) -> LiteralKind {
        self.kind
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for LiteralKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Date => "a date",
        })
    }
}

macro_rules! quoted_literals {
    ($([$($generics:tt)*] $type:ty),+ $(,)?) => {$(
        impl<$($generics)*> From<$type> for Literal {
            fn from(value: $type) -> Self {
                let text: &str = value.as_ref();
                Self { text: format!("'{}'", text.replace('\'', "''")), kind: LiteralKind::Text }
            }
        }
    )+};
}

quoted_literals!(
    [] &str,
    [] String,
    [] &String,
    [] &Text,
    [T: ?Sized] &Id<T>,
    [E: OpenEnum] E,
);

macro_rules! bare_literals {
    ($($type:ty => $kind:ident),+ $(,)?) => {$(
        impl From<$type> for Literal {
            fn from(value: $type) -> Self {
                Self { text: value.to_string(), kind: LiteralKind::$kind }
            }
        }
    )+};
}

bare_literals!(i32 => Number, i64 => Number, u32 => Number, bool => Boolean, Timestamp => Date);
