//! Distinguished names of any entry, and their escaping in other languages.

/// Splits a name into its parts, innermost first: the type in lower case and the unescaped value. `None` for text that
/// is not a list of `type=value`.
#[cfg(feature = "ad")]
pub(super) fn parts(dn: &str) -> Option<Vec<(String, String)>> {
    let mut parts = Vec::new();
    let mut rest = Some(dn);
    while let Some(text) = rest {
        let (part, after) = first_part(text);
        let (kind, value) = part.split_once('=')?;
        parts.push((kind.trim().to_ascii_lowercase(), unescaped(value.trim_start())?));
        rest = after;
    }
    Some(parts)
}

/// Returns `true` if both name the same entry, without regard to case and escapes.
#[cfg(feature = "ad")]
pub(super) fn same(a: &str, b: &str) -> bool {
    folded(a).is_some_and(|a| Some(a) == folded(b)) || a.eq_ignore_ascii_case(b)
}

/// Returns a form that is equal for all names of the same entry.
#[cfg(feature = "ad")]
pub(super) fn folded(dn: &str) -> Option<Vec<(String, String)>> {
    Some(parts(dn)?.into_iter().map(|(kind, value)| (kind, value.to_lowercase())).collect())
}

/// Returns `true` if the entry is `base` or below it.
#[cfg(feature = "ad")]
pub(super) fn is_below(dn: &str, base: &str) -> bool {
    match (folded(dn), folded(base)) {
        (Some(dn), Some(base)) => dn.ends_with(&base),
        _ => false,
    }
}

/// Returns the name of the parent entry.
#[cfg(feature = "ad")]
pub(super) fn parent(dn: &str) -> Option<&str> {
    first_part(dn).1
}

/// Splits a name at its first separating comma.
#[cfg(feature = "ad")]
fn first_part(dn: &str) -> (&str, Option<&str>) {
    let mut escaped = false;
    for (at, c) in dn.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => return dn.split_at_checked(at).map_or((dn, None), |(part, rest)| (part, rest.get(1..))),
            _ => {}
        }
    }
    (dn, None)
}

#[cfg(feature = "ad")]
fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            chars.next()?
        } else {
            put(&mut bytes, c);
            continue;
        };
        match c.to_digit(16) {
            Some(high) => {
                let low = chars.next()?.to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            None => put(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(feature = "ad")]
fn put(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Escapes a value for a name.
#[cfg(feature = "ad")]
pub(super) fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (place, c) in value.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '=' | '>' | '\\' => escaped.extend(['\\', c]),
            '#' | ' ' if place == 0 => escaped.extend(['\\', c]),
            ' ' if place == last => escaped.extend(['\\', c]),
            c if c.is_control() => {
                c.encode_utf8(&mut [0; 4])
                    .bytes()
                    .for_each(|byte| escaped.push_str(&format!("\\{byte:02X}")));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Returns the same name with each character for which `by_code` holds, escaped before or not, written as a backslash
/// and the hexadecimal code of each of its bytes.
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

    #[cfg(feature = "ad")]
    #[test]
    fn a_name_is_taken_apart_at_the_commas_that_separate() {
        let dn = r"CN=a\,b\2C\C3\BC,ou=x\\,DC=corp,DC=example";
        let part = |kind: &str, value: &str| (kind.to_owned(), value.to_owned());
        let all = [part("cn", "a,b,ü"), part("ou", "x\\"), part("dc", "corp"), part("dc", "example")];
        assert_eq!(parts(dn).unwrap(), all);
        assert_eq!(parent(dn), Some(r"ou=x\\,DC=corp,DC=example"));
        assert_eq!((parent("DC=x"), parts(""), parts("x,y"), parts(r"CN=\FF")), (None, None, None, None));
        assert!(same(r"OU=L\C3\BCbeck,DC=X", "ou=lübeck,dc=x") && !same("OU=a,DC=x", "OU=b,DC=x"));
        assert!(same("<GUID=1>", "<guid=1>"));
        for value in [" a,b ", "#x", "a\nb", "q\"=;<>+\\", "ü"] {
            assert_eq!(parts(&format!("CN={}", escape(value))).unwrap(), [part("cn", value)]);
        }
        for (value, escaped) in
            [("a ", "a\\ "), (" ", "\\ "), ("a b", "a b"), ("#a#", "\\#a#"), ("a\n", "a\\0A")]
        {
            assert_eq!(escape(value), escaped);
        }
    }

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
