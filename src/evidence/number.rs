//! Parses numbers and codes in their many spellings.

/// Parses a 32-bit number or code: `0x80070774`, `2147944308`, or the equal `-2147022988`.
pub(super) fn code(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return u32::from_str_radix(digits, 16).ok().filter(|_| plain);
    }
    if text.starts_with('-') {
        return text.parse::<i32>().ok().map(i32::cast_unsigned);
    }
    text.parse().ok()
}

/// Parses the first hexadecimal code in a text, such as that of `Apps (0x87d1041c)`.
pub(super) fn first_code(text: &str) -> Option<u32> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"))?;
        u32::from_str_radix(digits, 16).ok()
    })
}

/// Parses a truth value: `true`, `false`, or a number.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        text => code(text).map(|number| number != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_code_has_four_spellings() {
        for text in ["0x80070774", "0X80070774", "-2147022988", "2147944308", " 0x80070774 "] {
            assert_eq!(code(text), Some(0x8007_0774), "{text}");
        }
        for text in ["", "0x", "0x+5", "0x1234567890", "five", "-99999999999", "1.5"] {
            assert_eq!(code(text), None, "{text}");
        }
    }

    #[test]
    fn a_code_is_found_inside_a_text() {
        assert_eq!(first_code("Apps (1 of 2, 0x87d1041c)"), Some(0x87d1_041c));
        assert_eq!(first_code("FAIL [0x80070774/0x80072ee7]"), Some(0x8007_0774));
        assert_eq!(first_code("none 0xyz"), None);
    }

    #[test]
    fn truth_is_a_word_or_a_number() {
        for (text, expected) in
            [("True", Some(true)), ("0", Some(false)), ("0xFFFFFFFF", Some(true)), ("maybe", None)]
        {
            assert_eq!(flag(text), expected, "{text}");
        }
    }
}
