//! Enums of the service, which may gain members at any time.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_with::DeserializeAs;

use super::invalid::nearest;
use super::text::text_impls;
use super::{InvalidValue, Text};

/// A member of a service enum that this version does not recognize: kept and sent back unchanged.
///
/// Only deserializing creates one (`parse` does not), so a caller cannot write a member that does not exist.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownValue(Text);

impl UnknownValue {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the member as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_impls! { [] UnknownValue: Debug }

/// Declares enums of the service: known members by their wire names, and `Other` for any other. (Not `Unknown`: many of
/// these enums have a member `unknown`.) A member is followed by its wire name and its documentation, which may also
/// stand above the member. A last `..` adds the [`SENTINEL`] as a member.
///
/// Reading never fails on a new member; `as_str` and `Display` give the wire name; `MEMBERS` lists the known ones.
macro_rules! open_enum {
    ($( $(#[$meta:meta])* $vis:vis enum $name:ident = $wire_type:literal { $($members:tt)* } )+) => {
        $( $crate::model::open_enum::open_enum! { @one [$(#[$meta])* $vis $name $wire_type] $($members)* } )+
    };
    (@one [$($head:tt)*] $( $(#[$member_meta:meta])* $member:ident = $wire:literal $(, $doc:literal)?; )+ ..) => {
        $crate::model::open_enum::open_enum! {
            @one [$($head)*] $( $(#[$member_meta])* $member = $wire $(, $doc)?; )+
            UnknownFutureValue = "unknownFutureValue", "Placeholder for members that the service returns only on request.";
        }
    };
    (
        @one [$(#[$meta:meta])* $vis:vis $name:ident $wire_type:literal]
        $( $(#[$member_meta:meta])* $member:ident = $wire:literal $(, $doc:literal)?; )+
    ) => {
        $(#[$meta])*
        #[doc = concat!("\n\nGraph's `", $wire_type, "`.")]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $( $(#[$member_meta])* $(#[doc = $doc])? #[doc = concat!("\n\n`", $wire, "`")] $member, )+
            /// A member that this version does not recognize.
            Other($crate::model::UnknownValue),
        }

        impl $name {
            /// The enum's name in Graph.
            pub const WIRE_TYPE: &'static str = $wire_type;
            /// The wire names of the known members, in Graph's order.
            pub const MEMBERS: &'static [&'static str] = &[$($wire),+];

            /// Returns the member's name on the wire.
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

        impl $crate::model::open_enum::OpenEnum for $name {
            const WIRE_TYPE: &'static str = $wire_type;
            const MEMBERS: &'static [&'static str] = &[$($wire),+];
            fn is_unknown(&self) -> bool {
                matches!(self, Self::Other(_)) || self.as_str() == $crate::model::open_enum::SENTINEL
            }
        }

        $crate::model::text::text_impls! { [] $name: AsRef, Display, Serialize }

        impl $crate::model::lenient::Slot for Option<$name> {
            #[inline]
            fn scalar(
                &mut self,
                scalar: $crate::model::lenient::Scalar<'_>,
            ) -> Result<(), $crate::model::lenient::Refused> {
                $crate::model::lenient::text(scalar, |text| Some($name::from_wire(text))).map(|member| *self = member)
            }
        }

        /// Parses the wire name of a known member.
        impl std::str::FromStr for $name {
            type Err = $crate::model::InvalidValue;
            fn from_str(text: &str) -> Result<Self, $crate::model::InvalidValue> {
                $crate::model::open_enum::check(Self::from_wire(text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::Text::deserialize(deserializer).map(|text| Self::from_wire(&text))
            }
        }
    };
}
pub(crate) use open_enum;

/// The service's placeholder for members that it returns only on request.
pub(crate) const SENTINEL: &str = "unknownFutureValue";

/// The common interface of the service's enums.
pub(crate) trait OpenEnum: AsRef<str> + Sized {
    const WIRE_TYPE: &'static str;
    const MEMBERS: &'static [&'static str];
    fn is_unknown(&self) -> bool;
}

impl<E: OpenEnum> OpenEnum for &E {
    const WIRE_TYPE: &'static str = E::WIRE_TYPE;
    const MEMBERS: &'static [&'static str] = E::MEMBERS;
    fn is_unknown(&self) -> bool {
        E::is_unknown(self)
    }
}

/// A serde adapter for members in settings files, such as `As::<Vec<Known>>`: an unknown one is refused, with a
/// suggestion.
pub(crate) struct Known;

impl<'de, T: OpenEnum + Deserialize<'de>> DeserializeAs<'de, T> for Known {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
        check(T::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Refuses an unknown member.
pub(crate) fn check<T: OpenEnum>(value: T) -> Result<T, InvalidValue> {
    if value.is_unknown() { Err(refusal(T::WIRE_TYPE, T::MEMBERS, value.as_ref())) } else { Ok(value) }
}

// Apart from `check`, which is compiled for every enum.
fn refusal(wire_type: &'static str, members: &[&'static str], text: &str) -> InvalidValue {
    let known = || members.iter().copied().filter(|member| *member != SENTINEL);
    let remedy = match nearest(text, known()) {
        Some(member) => format!("did you mean {member:?}?"),
        None => format!("write one of {}", known().collect::<Vec<_>>().join(", ")),
    };
    InvalidValue::new(wire_type, "is not known", remedy).with_value(text)
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro's items are public")]
mod tests {
    use serde_with::As;

    use super::*;

    open_enum! {
        /// A test enum.
        pub enum Color = "color" { Red = "red"; DarkBlue = "darkBlue"; }
    }

    #[test]
    fn a_known_member_reads_and_writes_its_wire_name() {
        assert_eq!(serde_json::from_str::<Color>(r#""darkBlue""#).unwrap(), Color::DarkBlue);
        assert_eq!(serde_json::to_string(&Color::Red).unwrap(), r#""red""#);
        assert_eq!((Color::WIRE_TYPE, Color::MEMBERS), ("color", &["red", "darkBlue"][..]));
    }

    #[test]
    fn an_unknown_member_is_kept_and_sent_back() {
        let color: Color = serde_json::from_str(r#""mauve""#).unwrap();
        assert!(matches!(&color, Color::Other(value) if value.as_str() == "mauve"));
        assert_eq!(serde_json::to_string(&color).unwrap(), r#""mauve""#);
    }

    #[test]
    fn only_known_members_are_parsed() {
        assert_eq!("darkBlue".parse(), Ok(Color::DarkBlue));
        for bad in ["DarkBlue", "mauve", "", SENTINEL] {
            assert_eq!(bad.parse::<Color>().unwrap_err().problem(), "is not known", "{bad}");
        }
    }

    #[test]
    fn what_people_write_must_be_known_and_the_error_names_what_may_have_been_meant() {
        #[derive(Debug, Deserialize)]
        struct Painted {
            #[serde(deserialize_with = "As::<Known>::deserialize")]
            color: Color,
            #[serde(default, deserialize_with = "As::<Vec<Known>>::deserialize")]
            others: Vec<Color>,
        }
        let painted: Painted = toml::from_str("color = 'red'\nothers = ['darkBlue']").unwrap();
        assert_eq!((painted.color, painted.others), (Color::Red, vec![Color::DarkBlue]));
        for (toml, expected) in [
            ("color = 'darkblu'", "did you mean \"darkBlue\"?"),
            ("color = 'mauve'", "write one of red, darkBlue"),
            ("color = 'red'\nothers = ['red', 'Red']", "did you mean \"red\"?"),
            ("color = 'unknownFutureValue'", "is not known"),
        ] {
            let error = toml::from_str::<Painted>(toml).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
