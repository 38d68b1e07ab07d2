//! Computer names: the prefix of a hybrid join, the template of a Microsoft Entra join.

use super::{InvalidValue, checked, not_empty, only};

/// The length of a computer name.
const NAME_LENGTH: usize = 15;
/// The minimum number of random characters that the service adds to a prefix.
const LEAST_SUFFIX: usize = 3;
/// The maximum number of characters of a template in addition to `%SERIAL%`.
const BESIDE_SERIAL: usize = 7;
const CHARACTERS: &str = "write letters A to Z, digits and hyphens";

checked! {
    /// The fixed beginning of a hybrid joined computer's name: 1 to 12 letters, digits and hyphens, not starting with a
    /// hyphen. Random characters pad the name to 15 characters.
    ///
    /// ```
    /// use windows_autopilot::model::ComputerNamePrefix;
    /// let prefix: ComputerNamePrefix = "HYB-".parse()?;
    /// assert_eq!(prefix.suffix_length(), 11);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    ///
    /// Microsoft does not document the allowed characters; these are safe in computer names.
    pub struct ComputerNamePrefix("computer name prefix", check_prefix);
}

impl ComputerNamePrefix {
    /// Returns the number of random characters after the prefix: 15 minus the prefix's length.
    pub fn suffix_length(&self) -> u8 {
        let rest = NAME_LENGTH.saturating_sub(self.as_str().chars().count());
        u8::try_from(rest).unwrap_or_default()
    }
}

checked! {
    /// The name template of a Microsoft Entra joined device: letters, digits and hyphens, with one `%SERIAL%` or one
    /// `%RAND:x%` (x random digits), at most 15 characters when filled in.
    ///
    /// ```
    /// use windows_autopilot::model::DeviceNameTemplate;
    /// assert!("LT-%SERIAL%".parse::<DeviceNameTemplate>().is_ok());
    /// assert!("LT-%serial%".parse::<DeviceNameTemplate>().is_err());
    /// ```
    ///
    /// A hybrid join ignores the template and takes the name from the [`ComputerNamePrefix`] instead.
    pub struct DeviceNameTemplate("device name template", check_template);
}

fn check_prefix(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write 1 to 12 letters, digits or hyphens")?;
    if let Some(position) = text.chars().position(|c| c == '%') {
        let problem = format!(
            "'%' at character {} is not allowed: names of hybrid-joined computers are the prefix and random characters, \
             without %SERIAL% or %RAND:x%",
            position + 1
        );
        return Err(InvalidValue::new(what, problem, "write only the fixed part, such as HYB-").at(position));
    }
    only(what, text, CHARACTERS, |c| c.is_ascii_alphanumeric() || c == '-')?;
    if text.starts_with('-') {
        return Err(InvalidValue::new(what, "starts with a hyphen", "start with a letter or a digit").at(0));
    }
    let longest = NAME_LENGTH - LEAST_SUFFIX;
    let length = text.chars().count();
    if length > longest {
        let random = format!("names have {NAME_LENGTH}, and at least {LEAST_SUFFIX} are random");
        let problem = format!("has {length} characters; {random}");
        return Err(InvalidValue::new(what, problem, format!("write at most {longest}")).at(longest));
    }
    Ok(())
}

fn check_template(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write something like LT-%SERIAL% or LT-%RAND:5%";
    not_empty(what, text, EXAMPLE)?;
    let mut own = String::new();
    let mut macros = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        let position = text.chars().count() - after.chars().count() - 1;
        own.push_str(before);
        let Some((name, after)) = after.split_once('%') else {
            return Err(InvalidValue::new(what, "has a '%' without its partner", EXAMPLE).at(position));
        };
        macros.push(Macro::parse(name).ok_or_else(|| {
            let is_lower = Macro::parse(&name.to_uppercase()).is_some();
            let problem = format!("%{name}% is not {}", if is_lower { "in upper case" } else { "known" });
            let remedy = "write %SERIAL%, or %RAND:x% with a number from 1 to 15";
            InvalidValue::new(what, problem, remedy).at(position)
        })?);
        rest = after;
    }
    own.push_str(rest);
    // A position in `own` is not one in `text`, so the check of the characters runs on `text`, with `:` left to the
    // macro and `%` already paired.
    if own.contains(':') {
        let position = text.chars().position(|c| c == ':').unwrap_or_default();
        return Err(InvalidValue::new(what, "':' is not allowed outside %RAND:x%", EXAMPLE).at(position));
    }
    only(what, text, CHARACTERS, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '%' | ':'))?;
    let own_length = own.chars().count();
    match macros.as_slice() {
        [Macro::Serial] if own_length > BESIDE_SERIAL => {
            let problem = format!("has {own_length} characters beside %SERIAL%");
            Err(InvalidValue::new(what, problem, format!("write at most {BESIDE_SERIAL}")))
        }
        [Macro::Serial] => Ok(()),
        [Macro::Random(digits)] if own_length + digits > NAME_LENGTH => {
            let problem = format!("makes names of {} characters", own_length + digits);
            Err(InvalidValue::new(what, problem, format!("make it at most {NAME_LENGTH}")))
        }
        [Macro::Random(_)] if own.chars().all(|c| c.is_ascii_digit()) => {
            Err(InvalidValue::new(what, "makes names that are only digits", "add a letter or a hyphen"))
        }
        [Macro::Random(_)] => Ok(()),
        [] => Err(InvalidValue::new(what, "would give every device the same name", EXAMPLE)),
        _ => Err(InvalidValue::new(what, "has more than one macro", "keep one %SERIAL% or one %RAND:x%")),
    }
}

enum Macro {
    Serial,
    Random(usize),
}

impl Macro {
    fn parse(name: &str) -> Option<Self> {
        if name == "SERIAL" {
            return Some(Self::Serial);
        }
        let digits = name.strip_prefix("RAND:")?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = digits.parse().ok().filter(|digits| (1..=NAME_LENGTH).contains(digits))?;
        Some(Self::Random(digits))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{hold_laws, laws};
    use super::*;

    #[test]
    fn a_prefix_is_1_to_12_letters_digits_and_hyphens() {
        laws::accepted::<ComputerNamePrefix>(&["H", "HYB-", "7", "ABCDEFGHIJKL", "a-b-c"]);
        laws::refused::<ComputerNamePrefix>(&[
            ("", "is empty"),
            ("-HYB", "starts with a hyphen"),
            ("ABCDEFGHIJKLM", "write at most 12"),
            ("HYB_", "'_' at character 4"),
            ("HY B", "' ' at character 3"),
            ("HÝB", "'Ý' at character 2"),
            ("HYB.", "'.' at character 4"),
        ]);
    }

    #[test]
    fn a_macro_in_a_prefix_is_refused_with_how_hybrid_names_are_made() {
        for text in ["HYB-%SERIAL%", "%RAND:5%", "A%"] {
            let error = text.parse::<ComputerNamePrefix>().unwrap_err();
            assert_eq!(error.position(), text.find('%'));
            assert!(error.problem().contains("the prefix and random characters"), "{error}");
        }
    }

    #[test]
    fn prefix_and_suffix_make_15_characters_and_the_suffix_is_never_under_3() {
        for length in 1..=12 {
            let prefix: ComputerNamePrefix = "A".repeat(length).parse().unwrap();
            assert_eq!(usize::from(prefix.suffix_length()) + length, 15);
            assert!((3..=14).contains(&prefix.suffix_length()));
        }
        assert_eq!(ComputerNamePrefix::from_service("A".repeat(40)).suffix_length(), 0);
    }

    #[test]
    fn a_prefix_from_a_tenant_is_kept_and_says_what_is_wrong() {
        let prefix = ComputerNamePrefix::from_service("%SERIAL%");
        assert_eq!(prefix.as_str(), "%SERIAL%");
        assert_eq!(prefix.violation(), "%SERIAL%".parse::<ComputerNamePrefix>().err());
        let error = serde_json::to_string(&prefix).unwrap_err().to_string();
        assert!(
            error.contains("'%' at character 1 is not allowed"),
            "what is written can be read again: {error}"
        );
        assert_eq!("HYB".parse::<ComputerNamePrefix>().unwrap().violation(), None);
    }

    #[test]
    fn a_template_has_one_macro_in_upper_case_and_fits_15_characters() {
        laws::accepted::<DeviceNameTemplate>(&["%SERIAL%", "LT-%SERIAL%", "ABCDEF-%SERIAL%"]);
        laws::accepted::<DeviceNameTemplate>(&["A%RAND:14%", "%RAND:4%-X"]);
        laws::refused::<DeviceNameTemplate>(&[
            ("", "is empty"),
            ("LT", "same name"),
            ("LT-%serial%", "not in upper case"),
            ("LT-%rand:3%", "not in upper case"),
            ("LT-%MODEL%", "%MODEL% is not known"),
            ("LT-%RAND:0%", "not known"),
            ("LT-%RAND:+3%", "not known"),
            ("LT-%RAND:99999999999999999999%", "not known"),
            ("LT-%SERIAL", "without its partner"),
            ("ABCDEFGH%SERIAL%", "at most 7"),
            ("AB%RAND:14%", "names of 16"),
            ("%RAND:3%%SERIAL%", "more than one"),
            ("12%RAND:3%", "only digits"),
            ("%RAND:3%", "only digits"),
            ("A B%SERIAL%", "' ' at character 2"),
            ("A:B%SERIAL%", "':' is not allowed"),
        ]);
    }

    hold_laws! {
        prefixes_hold_the_laws("\\PC{0,20}|[A-Za-z0-9-]{1,13}"): ComputerNamePrefix;
        templates_hold_the_laws("\\PC{0,20}|[A-Z0-9-]{0,8}%(SERIAL|RAND:[0-9]{1,2})%[a-z0-9-]{0,4}"): DeviceNameTemplate;
    }
}
