//! The language of a device's setup.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::locale_codes::unknown_part;
use super::{InvalidValue, checked, not_empty};
use crate::model::Finding;
use crate::model::findings::PROFILE_UNKNOWN_LOCALE;
use crate::model::text::text_impls;

checked! {
    /// A BCP 47 language tag, such as `de-DE`.
    ///
    /// ```
    /// use windows_autopilot::model::LanguageTag;
    /// let german: LanguageTag = "de-DE".parse()?;
    /// assert!(german.same_as(&"de-de".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct LanguageTag("language", check_tag);
}

impl LanguageTag {
    /// Returns `true` if both tags name the same language, without regard to case.
    pub fn same_as(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }
}

/// The language and region used during a device's setup.
///
/// ```
/// use windows_autopilot::model::Locale;
/// assert_eq!(Locale::language("de-DE")?.to_string(), "de-DE");
/// assert_eq!("user-select".parse(), Ok(Locale::UserSelect));
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// As a string and in settings files, a locale is `os-default`, `user-select` or a language tag. Graph uses the empty
/// string for "the user selects", but has also returned `os-default` or null for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locale {
    /// The language of the installed operating system.
    #[default]
    OsDefault,
    /// The language that the user selects on the device.
    UserSelect,
    /// A preset language.
    Language(LanguageTag),
}

const OS_DEFAULT: &str = "os-default";
const USER_SELECT: &str = "user-select";

impl Locale {
    /// Creates a language from its BCP 47 tag.
    ///
    /// # Errors
    /// [`InvalidValue`] if `tag` is not a language tag.
    pub fn language(tag: &str) -> Result<Self, InvalidValue> {
        tag.parse().map(Self::Language)
    }

    /// Returns the rule that the language breaks, if the service reported an invalid language.
    pub fn violation(&self) -> Option<InvalidValue> {
        match self {
            Self::OsDefault | Self::UserSelect => None,
            Self::Language(tag) => tag.violation(),
        }
    }

    /// Reports a language or country that is not in ISO 639 or ISO 3166.
    ///
    /// ```
    /// # use windows_autopilot::model::Locale;
    /// let found = Locale::language("en-UK")?.lint();
    /// assert_eq!(found[0].id, "profile.unknown-locale");
    /// assert_eq!(found[0].remedy, "write en-GB");
    /// assert!(Locale::language("en-GB")?.lint().is_empty());
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn lint(&self) -> Vec<Finding> {
        let Self::Language(tag) = self else { return Vec::new() };
        let tag = tag.as_str();
        let Some((what, code, meant)) = unknown_part(tag).filter(|_| self.violation().is_none()) else {
            return Vec::new();
        };
        let finding = PROFILE_UNKNOWN_LOCALE
            .at("locale", format!("{tag:?} has {code:?}, which is the code of no {what}"));
        vec![match meant {
            None => finding,
            Some(meant) => {
                let meant = if what == "country" { meant.to_ascii_uppercase() } else { meant.to_owned() };
                finding.with_remedy(format!("write {}", tag.replacen(code, &meant, 1)))
            }
        }]
    }

    /// Returns the value for Graph's `locale`.
    pub(crate) fn to_wire(&self) -> &str {
        match self {
            Self::OsDefault => OS_DEFAULT,
            Self::UserSelect => "",
            Self::Language(tag) => tag.as_str(),
        }
    }

    /// Converts Graph's `locale`; an invalid value is kept.
    pub(crate) fn from_service(text: Option<&str>) -> Self {
        match text {
            None | Some(OS_DEFAULT) => Self::OsDefault,
            Some("") => Self::UserSelect,
            Some(tag) => Self::Language(LanguageTag::from_service(tag)),
        }
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserSelect => USER_SELECT,
            other => other.to_wire(),
        })
    }
}

impl FromStr for Locale {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            OS_DEFAULT => Ok(Self::OsDefault),
            USER_SELECT => Ok(Self::UserSelect),
            tag => Self::language(tag),
        }
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Language(tag) => tag.serialize(serializer),
            other => serializer.collect_str(other),
        }
    }
}

text_impls! { [] Locale: Parse }

/// Checks for well-formed BCP 47 tags without grandfathered and private ones: a language of 2 to 8 letters, then parts
/// of 1 to 8 letters and digits.
fn check_tag(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write a language tag such as de-DE, or os-default, or user-select";
    not_empty(what, text, EXAMPLE)?;
    // These two have a meaning of their own.
    if matches!(text, OS_DEFAULT | USER_SELECT) {
        return Err(InvalidValue::new(what, "is a setting, not a language", EXAMPLE));
    }
    let mut position = 0;
    for (index, part) in text.split('-').enumerate() {
        let well_formed = if index == 0 {
            (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic())
        } else {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        if !well_formed {
            let problem = format!("{part:?} is not part of a language tag");
            return Err(InvalidValue::new(what, problem, EXAMPLE).at(position));
        }
        position += part.len() + 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{hold_laws, laws};
    use super::*;

    #[test]
    fn a_locale_is_two_words_or_a_language_tag() {
        laws::accepted::<Locale>(&["os-default", "user-select", "en", "en-US"]);
        laws::accepted::<Locale>(&["zh-Hans-CN", "sr-Latn-RS", "es-419"]);
        laws::refused::<Locale>(&[
            ("", "is empty"),
            ("e", "\"e\" is not part"),
            ("en_US", "\"en_US\""),
            ("en-", "\"\" is not part"),
            ("en-Ünited", "is not part"),
            ("1n-US", "is not part"),
            ("de DE", "is not part"),
        ]);
        laws::refused::<LanguageTag>(&[("os-default", "is a setting, not a language")]);
    }

    #[test]
    fn graph_has_the_empty_string_for_user_select_and_null_for_the_default() {
        for (wire, locale) in [
            (Some(""), Locale::UserSelect),
            (Some("os-default"), Locale::OsDefault),
            (Some("de-DE"), Locale::language("de-DE").unwrap()),
        ] {
            assert_eq!(Locale::from_service(wire), locale);
            assert_eq!(Some(locale.to_wire()), wire);
        }
        assert_eq!(Locale::from_service(None), Locale::OsDefault);
        let odd = Locale::from_service(Some("Language value"));
        assert_eq!(odd.to_wire(), "Language value");
        assert!(odd.violation().is_some());
    }

    hold_laws! {
        locales_hold_the_laws("\\PC{0,20}|[a-zA-Z]{1,9}(-[a-zA-Z0-9]{1,9}){0,2}"): Locale, LanguageTag;
    }
}
