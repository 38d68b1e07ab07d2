//! Enums of the service, which may gain members at any time.

use std::fmt;

use super::Text;

/// A member of a service's enum that this version does not know: kept, and sent back unchanged.
///
/// Only reading makes one, so a caller cannot write a member that is not there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Text);

impl UnknownValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The member as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Declares an enum of the service: known members by their wire names, and `Other` for any other. (Not `Unknown`:
/// many of these enums have a member `unknown` of their own.)
///
/// Reading never fails on a new member; `as_str` and `Display` give the wire name; `MEMBERS` lists the known ones.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident = $wire_type:literal {
            $( $(#[$member_meta:meta])* $member:ident = $wire:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nGraph's `", $wire_type, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$member_meta])* #[doc = concat!("\n\n`", $wire, "`")] $member, )+
            /// A member that this version does not know.
            Other($crate::model::UnknownValue),
        }

        impl $name {
            /// Graph's name of the enum.
            pub const WIRE_TYPE: &'static str = $wire_type;
            /// The wire names of the known members, in Graph's order.
            pub const MEMBERS: &'static [&'static str] = &[$($wire),+];

            /// The member's name on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$member => $wire, )+
                    Self::Other(value) => value.as_str(),
                }
            }

            pub(crate) fn from_wire(text: &str) -> Self {
                match text {
                    $( $wire => Self::$member, )+
                    other => Self::Other($crate::model::UnknownValue::new(other)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::model::lenient::FromText for $name {
            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from_wire(text))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a member of ", $wire_type))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok($name::from_wire(text))
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro's items are public")]
mod tests {
    open_enum! {
        /// For the tests.
        pub enum Colour = "colour" { Red = "red", DarkBlue = "darkBlue" }
    }

    #[test]
    fn a_known_member_reads_and_writes_its_wire_name() {
        assert_eq!(serde_json::from_str::<Colour>(r#""darkBlue""#).unwrap(), Colour::DarkBlue);
        assert_eq!(serde_json::to_string(&Colour::Red).unwrap(), r#""red""#);
        assert_eq!((Colour::WIRE_TYPE, Colour::MEMBERS), ("colour", &["red", "darkBlue"][..]));
    }

    #[test]
    fn an_unknown_member_is_kept_and_sent_back() {
        let colour: Colour = serde_json::from_str(r#""mauve""#).unwrap();
        assert!(matches!(&colour, Colour::Other(value) if value.as_str() == "mauve"));
        assert_eq!(serde_json::to_string(&colour).unwrap(), r#""mauve""#);
    }
}
