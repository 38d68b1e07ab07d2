//! Binary values of the service.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::lenient::{Refused, Scalar, Slot, read_into, text};

/// Bytes that the service reports as base64, such as a hardware identifier or a key. Not shown by `Debug`.
///
/// ```
/// use windows_autopilot::model::Binary;
/// let key: Binary = serde_json::from_str(r#""AQID""#)?;
/// assert_eq!(key.as_bytes(), [1, 2, 3]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binary(Box<[u8]>);

/// Hardware hashes come unpadded and with nonzero trailing bits, which other decoders accept.
const TOLERANT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, TOLERANT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, TOLERANT);

impl Binary {
    /// Returns the bytes, which may be sensitive.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes in base64: standard alphabet, padded.
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

/// Parses base64 in the standard or URL alphabet, with or without padding.
fn decode(text: &str) -> Option<Binary> {
    let text = text.trim_ascii();
    let bytes = BASE64.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    if bytes.is_empty() { None } else { Some(bytes.into()) }
}

impl Slot for Option<Binary> {
    fn scalar(&mut self, scalar: Scalar<'_>) -> Result<(), Refused> {
        *self = text(scalar, decode).unwrap_or_default();
        Ok(())
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut read = None::<Self>;
        read_into(deserializer, &mut read)?;
        read.ok_or_else(|| serde::de::Error::custom("no base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_both_alphabets_padded_or_not() {
        let bytes = Binary::from(&[0xfb, 0xff, 0xfe, 0x01][..]);
        for text in ["+//+AQ==", "-__-AQ==", "+//+AQ", "-__-AQ", " +//+AQ==\r\n", "+//+AR=="] {
            assert_eq!(decode(text), Some(bytes.clone()), "{text}");
        }
        assert_eq!(bytes.to_base64(), "+//+AQ==");
        for text in ["", "  ", "base64Y3YxN2E1MWFlYw=x", "é", "+_=="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn the_bytes_are_not_in_debug() {
        assert_eq!(format!("{:?}", Binary::from(&b"secret"[..])), "[6 bytes]");
    }

    #[test]
    fn bytes_survive_serde() {
        let bytes = Binary::from(&b"hardwareIdentifier"[..]);
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, r#""aGFyZHdhcmVJZGVudGlmaWVy""#);
        assert_eq!(serde_json::from_str::<Binary>(&json).unwrap(), bytes);
        let error = serde_json::from_str::<Binary>(r#""=""#).unwrap_err().to_string();
        assert!(error.contains("no base64"), "{error}");
    }
}
