//! Percent-encoding for paths, queries and forms.

use std::fmt::Write as _;

/// Writes `text` with every byte percent-encoded except ASCII letters, digits and `kept`.
pub(crate) fn percent_encode(text: &str, kept: &[u8], out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}
