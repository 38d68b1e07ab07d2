//! Checks of a hash as text, before decoding.

use crate::model::{Finding, Severity};
use crate::registration::findings::{HASH_LENGTH, HASH_TOO_SHORT, HASH_TWICE, HASH_UNREADABLE};

/// The expected lengths of hashes, in characters of base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HashLengths {
    /// The minimum length of a hash.
    pub(crate) shortest: usize,
    /// The length of nearly every hash.
    pub(crate) usual: usize,
}

impl Default for HashLengths {
    fn default() -> Self {
        Self { shortest: 512, usual: 4_000 }
    }
}

/// The number of characters at the start of a hash that occur once in it.
const START: usize = 24;

/// Checks that a text can be a hash and has a usual length. The finding shows none of the text.
pub(crate) fn check_text(text: &str, lengths: HashLengths) -> Option<Finding> {
    let compact: String;
    let text = match text.contains(char::is_whitespace) {
        true => {
            compact = text.split_whitespace().collect();
            &compact
        }
        false => text,
    };
    let length = text.chars().count();
    let unreadable =
        |evidence: &str| Some(HASH_UNREADABLE.at(super::PLACE, evidence).with_severity(Severity::Error));
    if length >= START && matches!(text.as_bytes(), [b'T', b'O', b'E'..=b'H', ..]) {
        return unreadable("begins with the letters TO, where a hash begins with T and a zero");
    }
    if length < lengths.shortest {
        let is_digest =
            matches!(length, 32 | 40 | 64 | 96 | 128) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digest =
            if is_digest { ", all of them hexadecimal digits, as in an MD5 or SHA digest" } else { "" };
        let shortest = lengths.shortest;
        return Some(HASH_TOO_SHORT.at(
            super::PLACE,
            format!("has {length} characters{digest}, and a hardware hash has {shortest} or more"),
        ));
    }
    let start = text.get(..START)?;
    // A hash without its first record in the second copy is found by its checksum.
    if text.get(START..).is_some_and(|rest| rest.contains(start)) {
        return Some(
            HASH_TWICE.at(super::PLACE, format!("has {length} characters, and its beginning comes twice")),
        );
    }
    let has = |test: fn(&u8) -> bool| text.bytes().any(|byte| test(&byte));
    match (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase)) {
        (true, false) => return unreadable("is in lower case throughout, and base64 distinguishes cases"),
        (false, true) => return unreadable("is in upper case throughout, and base64 distinguishes cases"),
        _ => {}
    }
    // Padding that a tool left out takes up to four characters.
    let usual = lengths.usual;
    (!(usual..=usual.saturating_add(4)).contains(&length)).then(|| {
        HASH_LENGTH.at(super::PLACE, format!("has {length} characters, and nearly every hash has {usual}"))
    })
}
