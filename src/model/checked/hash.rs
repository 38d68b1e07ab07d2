//! The hardware hash.

use std::str::FromStr;

use base64::Engine;

use super::InvalidValue;
use crate::model::Text;
use crate::model::binary::BASE64;
use crate::model::text::text_impls;

const WHAT: &str = "hardware hash";
const COPY_AGAIN: &str = "copy the complete hash again";
const NOT_BASE64: &str = "contains a character that base64 does not have";

/// The hardware hash of a device: about 3,000 bytes, in base64, that describe its components.
///
/// The hash identifies a device, so neither `Debug` nor errors show it, and there is no `Display`. A device's hash
/// differs each time it is generated: do not compare hashes to identify a device.
///
/// Devices write the hash without padding, but Graph requires it; parsing adds the padding. [`HardwareHash::repair`]
/// also reports whether that was necessary.
///
/// ```
/// use windows_autopilot::model::HardwareHash;
/// let (hash, repaired) = HardwareHash::repair("Q29udG9zbwAAA")?;
/// assert_eq!((hash.as_str(), repaired), ("Q29udG9zbwAAAA==", true));
/// assert_eq!(format!("{hash:?}"), "[redacted]");
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HardwareHash(Text);

impl HardwareHash {
    /// Parses a hash, removing white space and correcting the padding, and returns whether anything was corrected.
    ///
    /// ```
    /// use windows_autopilot::model::HardwareHash;
    /// let (hash, corrected) = HardwareHash::repair(" T0EAAAA\n")?;
    /// assert!(corrected);
    /// assert_eq!(hash.as_str(), "T0EAAAA=");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The text is empty or contains a character outside standard base64.
    pub fn repair(text: &str) -> Result<(Self, bool), InvalidValue> {
        if is_padded(text) {
            return Ok((Self(text.into()), false));
        }
        let mut repaired = String::with_capacity(text.len() + 3);
        let body = text.trim_end_matches(|c: char| c.is_whitespace() || c == '=');
        for (position, c) in body.chars().enumerate() {
            match c {
                'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '/' => repaired.push(c),
                c if c.is_whitespace() => {}
                // The character is not shown: it may be the only thing that is wrong in something confidential.
                '-' | '_' => return Err(refused("is in base64url", "write it in standard base64", position)),
                '=' => return Err(refused("has '=' before its end", COPY_AGAIN, position)),
                _ => return Err(refused(NOT_BASE64, COPY_AGAIN, position)),
            }
        }
        if repaired.is_empty() {
            return Err(InvalidValue::new(WHAT, "is empty", "copy the hash from the device again"));
        }
        // The documented repair, in closed form: trailing `A`s are empty data, so one more does no harm.
        if repaired.len() % 4 == 1 {
            repaired.push('A');
        }
        while !repaired.len().is_multiple_of(4) {
            repaired.push('=');
        }
        let changed = repaired != text;
        Ok((Self(repaired.into()), changed))
    }

    /// Returns the hash in base64, in the form that Graph accepts. The hash is sensitive.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the decoded bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Only `repair` makes one, and what it makes decodes.
        BASE64.decode(self.as_str()).unwrap_or_default()
    }
}

impl FromStr for HardwareHash {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::repair(text).map(|(hash, _)| hash)
    }
}

text_impls! { [] HardwareHash: AsRef, Parse, Redacted, Serialize }

/// Returns `true` for text that needs no repair, the usual case.
fn is_padded(text: &str) -> bool {
    let body = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
    // Every byte is looked at, found or not: that can be done many at once.
    let only_base64 = body
        .bytes()
        .fold(true, |all, byte| all & (byte.is_ascii_alphanumeric() | (byte == b'+') | (byte == b'/')));
    !body.is_empty() && text.len().is_multiple_of(4) && only_base64
}

fn refused(problem: &'static str, remedy: &'static str, position: usize) -> InvalidValue {
    InvalidValue::new(WHAT, format!("{problem} (character {})", position + 1), remedy).at(position)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn padding_and_spaces_are_put_right_and_the_caller_is_told() {
        for (text, expected, repaired) in [
            ("Q29udG9zbwAAAA==", "Q29udG9zbwAAAA==", false),
            ("Q29udG9zbwAAA", "Q29udG9zbwAAAA==", true),
            ("Q29udG9zbwAA", "Q29udG9zbwAA", false),
            ("Q29udG9zbwA", "Q29udG9zbwA=", true),
            ("Q29udG9zbw", "Q29udG9zbw==", true),
            ("Q29udG9zbw=", "Q29udG9zbw==", true),
            ("Q29udG9zbw====", "Q29udG9zbw==", true),
            (" Q29u\r\ndG9z\tbw== \n", "Q29udG9zbw==", true),
        ] {
            let (hash, changed) = HardwareHash::repair(text).unwrap();
            assert_eq!((hash.as_str(), changed), (expected, repaired), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_base64_is_refused_by_place_and_never_shown() {
        for (text, position) in [
            ("", None),
            ("====", None),
            ("QUJ*", Some(3)),
            ("QU-_", Some(2)),
            ("QQ==QQ==", Some(2)),
            ("QUé", Some(2)),
        ] {
            let error = HardwareHash::repair(text).unwrap_err();
            assert_eq!((error.position(), error.value()), (position, None), "{text:?}");
            assert!(text.is_empty() || !format!("{error} {error:?}").contains(text), "{error}");
        }
    }

    #[test]
    fn unused_bits_of_the_last_character_may_be_anything() {
        assert_eq!("QR==".parse::<HardwareHash>().unwrap().to_bytes(), b"A");
        assert_eq!("QUJ=".parse::<HardwareHash>().unwrap().to_bytes(), b"AB");
    }

    proptest! {
        #[test]
        fn every_hash_decodes_and_is_not_repaired_twice(text in "(?s).{0,30}|[A-Za-z0-9+/]{1,40}={0,2}") {
            if let Ok((hash, _)) = HardwareHash::repair(&text) {
                prop_assert!(!hash.to_bytes().is_empty());
                let (again, repaired) = HardwareHash::repair(hash.as_str()).unwrap();
                prop_assert!(again == hash && !repaired);
                let json = serde_json::to_string(&hash).unwrap();
                prop_assert_eq!(serde_json::from_str::<HardwareHash>(&json).unwrap(), hash);
            }
        }

        #[test]
        fn bytes_survive_with_and_without_padding(bytes in proptest::collection::vec(any::<u8>(), 1..60)) {
            let text = BASE64.encode(&bytes);
            let (padded, _) = HardwareHash::repair(&text).unwrap();
            let (bare, _) = HardwareHash::repair(text.trim_end_matches('=')).unwrap();
            prop_assert_eq!(&padded, &bare);
            prop_assert_eq!(padded.to_bytes(), bytes);
        }
    }
}
