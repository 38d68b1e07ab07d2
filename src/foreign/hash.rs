//! Recognizes hardware hashes in text, so that none is shown or mistaken for another value.

/// The minimum number of base64 characters that is neither a serial number nor a group tag.
const LONGEST_OTHER: usize = 64;

/// The minimum number of base64 characters that counts as a piece of a hash if they look random.
#[cfg(any(test, feature = "registration"))]
const SHORTEST_PIECE: usize = 16;

/// Returns `true` if `c` belongs to the alphabet of base64, without padding.
pub(crate) fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/')
}

/// Returns `true` if `text` begins as a hardware hash: `OA`, and a length or the head of a record.
pub(crate) fn begins_as_hash(text: &str) -> bool {
    let text = text.trim_start_matches(['"', '\'', ' ']);
    let has_mark = || matches!(text.as_bytes(), [b'T', b'0', b'E'..=b'H', ..]);
    has_first_record(text)
        || (has_mark() && text.chars().take_while(|c| is_base64(*c)).count() >= LONGEST_OTHER / 2)
}

/// Returns `true` if `text` begins with a hardware hash's head and first record, whose type is a small number. This
/// rules out serial numbers and lines within a hash.
pub(crate) fn has_first_record(text: &str) -> bool {
    matches!(text.as_bytes(), [b'T', b'0', b'E'..=b'H', ..])
        && text.chars().take_while(|c| is_base64(*c)).count() >= 8
        && first_type(text).is_some_and(|kind| (1..64).contains(&kind))
}

/// Returns the type of the first record of a hash in base64.
fn first_type(text: &str) -> Option<u32> {
    let digits: Vec<u32> = text.bytes().skip(4).take(4).map(digit).collect::<Option<_>>()?;
    let [a, b, c, d] = digits.as_slice() else { return None };
    // The last byte of the length, and the two bytes of the type.
    let bytes = (a << 18) | (b << 12) | (c << 6) | d;
    Some(((bytes >> 8) & 0xFF) | ((bytes & 0xFF) << 8))
}

fn digit(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Returns `true` if a whole value is a hardware hash or a piece of one, in any form that tools make: quoted, with
/// spaces, percent-encoded, in lower case, with the letter O for zero.
pub(crate) fn looks_like_hash(text: &str) -> bool {
    if begins_as_hash(text) {
        return true;
    }
    let mut length = 0_usize;
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if !is_base64(c) && !matches!(c, '=' | '"' | '\'' | '%' | '-' | '_') {
            return false;
        }
        length += usize::from(is_base64(c));
    }
    // A sentence has spaces between short words, and a made-up value repeats few characters.
    length >= LONGEST_OTHER
        && text.split_whitespace().any(|word| word.len() >= LONGEST_OTHER / 2)
        && (text.contains("AAAAAAAA") || has_many_characters(text))
}

fn has_many_characters(text: &str) -> bool {
    const MANY: usize = 10;
    let mut seen: Vec<char> = Vec::with_capacity(MANY);
    for c in text.chars().filter(|c| is_base64(*c)) {
        if !seen.contains(&c) {
            seen.push(c);
        }
        if seen.len() == MANY {
            return true;
        }
    }
    false
}

/// Returns `true` if text has a run of characters that may be a piece of a hardware hash and must not be shown.
#[cfg(any(test, feature = "registration"))]
pub(crate) fn may_show_hash(text: &str) -> bool {
    text.split(|c: char| !is_base64(c)).any(is_piece)
}

#[cfg(any(test, feature = "registration"))]
fn is_piece(run: &str) -> bool {
    if begins_as_hash(run) || run.len() >= LONGEST_OTHER / 2 {
        return true;
    }
    let has = |test: fn(&u8) -> bool| run.bytes().any(|byte| test(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let is_padding = run.len() >= 8 && run.bytes().all(|byte| byte == b'A');
    is_padding || (run.len() >= SHORTEST_PIECE && is_mixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_told_from_a_serial_number_by_its_first_record() {
        for hash in ["T0HsAgEA", "T0FzAQEAHAAAAIK3Du5", "\"T0FfAAEAHAAAAAoA", "T0GVABAADABDb250"] {
            assert!(begins_as_hash(hash), "{hash}");
        }
        for other in ["T0E1A2B3C4D5", "T0H", "T0F", "5CG1234ABC", "TOHsAgEA", "T0EAAAA", ""] {
            assert!(!begins_as_hash(other), "{other}");
        }
    }

    #[test]
    fn a_hash_looks_like_one_in_every_form_that_tools_make_of_it() {
        let hash = format!("T0HsAgEAHAAAAAoA{}", "Ab9+/xKq3ZmT7".repeat(50));
        for form in [
            hash.clone(),
            hash.to_lowercase(),
            hash.replace("T0", "TO"),
            format!("\"{hash}\""),
            hash.replace('+', "%2B"),
            hash.replace("T0HsAgEAHAAAAAoA", "T0HsAgEAHAAAAAoA "),
            hash.get(100..164).unwrap().to_owned(),
        ] {
            assert!(looks_like_hash(&form), "{form}");
        }
        for other in [
            "To be filled by O.E.M.",
            "VMware-56 4d 1f 2c 33 44 55 66-77 88 99 aa bb cc dd ee",
            "5CG1234ABC",
            "a group tag of many words that goes on for longer than any hash would need to be one of them",
        ] {
            assert!(!looks_like_hash(other), "{other}");
        }
    }

    #[test]
    fn pieces_of_a_hash_may_not_be_shown_and_names_may() {
        for piece in ["Group Tag T0HsAgEAHAAA", "x=AwQFBgcICQoLDA0ODw4A", "AAAAAAAAAA=="] {
            assert!(may_show_hash(piece), "{piece}");
        }
        for name in
            ["Device Serial Number", "enrollmentProfileName", "/5X1Y2Z3/CNWS20012345/", "0000-0013-1234"]
        {
            assert!(!may_show_hash(name), "{name}");
        }
    }
}
