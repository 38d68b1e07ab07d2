//! Distinguished names in texts in which other characters mean something than in RFC 4514.

/// The name with each character for which `by_code` holds, escaped before or not, written as a backslash and the
/// hexadecimal code of each of its bytes. It names the same.
pub(super) fn with_codes(dn: &str, by_code: impl Fn(char) -> bool) -> String {
    let mut written = String::with_capacity(dn.len());
    let mut chars = dn.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        match escaped {
            // A code as it is; its second digit follows as any other character.
            Some(digit) if digit.is_ascii_hexdigit() => written.extend(['\\', digit]),
            Some(c) if !by_code(c) => written.extend(['\\', c]),
            None if !by_code(c) => written.push(c),
            _ => {
                let mut bytes = [0; 4];
                for byte in escaped.unwrap_or(c).encode_utf8(&mut bytes).bytes() {
                    written.push_str(&format!("\\{byte:02X}"));
                }
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_written_by_their_codes_and_codes_stay() {
        for (dn, written) in [
            (r"OU=a\;b,DC=x", r"OU=a\3Bb,DC=x"),
            (r"OU=a\\\;b\,c,DC=x", r"OU=a\\\3Bb\,c,DC=x"),
            (r"OU=a\3bb\2C,DC=x", r"OU=a\3bb\2C,DC=x"),
            (r"OU=\C3\BC;ü,DC=x", r"OU=\C3\BC\3B\C3\BC,DC=x"),
            (r"OU=a\", r"OU=a\"),
            ("", ""),
        ] {
            assert_eq!(with_codes(dn, |c| ";ü".contains(c)), written);
        }
    }
}
