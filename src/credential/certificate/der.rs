//! The parts of X.509 that sign-in needs: a certificate's validity and public key.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// The public key as its algorithm encodes it: for RSA, modulus and exponent.
    pub(super) public_key: &'a [u8],
}

/// Parses a DER certificate (RFC 5280, 4.1); `None` if it is not one.
pub(super) fn read(der: &[u8]) -> Option<Facts<'_>> {
    let (certificate, _) = expect(SEQUENCE, der)?;
    let (rest, _) = expect(SEQUENCE, certificate)?;
    // The version is optional.
    let rest = expect(VERSION, rest).map_or(rest, |(_, rest)| rest);
    let (_serial, rest) = expect(INTEGER, rest)?;
    let (_signature, rest) = expect(SEQUENCE, rest)?;
    let (_issuer, rest) = expect(SEQUENCE, rest)?;
    let (validity, rest) = expect(SEQUENCE, rest)?;
    let (_subject, rest) = expect(SEQUENCE, rest)?;
    let (key, _) = expect(SEQUENCE, rest)?;
    let (not_before, validity) = time(validity)?;
    let (not_after, _) = time(validity)?;
    let (_algorithm, key) = expect(SEQUENCE, key)?;
    let (bits, _) = expect(BIT_STRING, key)?;
    // The first byte is the number of unused bits in the last one.
    let public_key = bits.strip_prefix(&[0])?;
    Some(Facts { not_before, not_after, public_key })
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Returns the content of the first element, which must have this tag, and the rest.
pub(super) fn expect(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = input.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..=0x7f => (usize::from(short), rest),
        long @ 0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    if *found == tag { rest.split_at_checked(length) } else { None }
}

/// Parses `YYMMDDHHMMSSZ` up to 2049, and `YYYYMMDDHHMMSSZ` beyond.
fn time(input: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (text, rest, century) = match (expect(UTC_TIME, input), expect(GENERALIZED_TIME, input)) {
        (Some((text, rest)), _) => (text, rest, true),
        (None, Some((text, rest))) => (text, rest, false),
        (None, None) => return None,
    };
    let text = std::str::from_utf8(text).ok()?;
    let text = match (century, text.get(..2)) {
        (false, _) => text.to_owned(),
        (true, Some(year)) => format!("{}{text}", if year < "50" { "20" } else { "19" }),
        (true, None) => return None,
    };
    let time = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    // The last day of 9999 means no end, and exceeds the range of a timestamp.
    Some((TimeZone::UTC.to_timestamp(time).unwrap_or(Timestamp::MAX), rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        for (tag, text, time) in [
            (UTC_TIME, "260101080000Z", Some("2026-01-01T08:00:00Z")),
            (UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z")),
            (UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z")),
            (GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01T00:00:00Z")),
            (GENERALIZED_TIME, "99991231235959Z", Some("9999-12-30T22:00:00.999999999Z")),
            (UTC_TIME, "261301000000Z", None),
            (UTC_TIME, "2601010800Z", None),
            (UTC_TIME, "", None),
            (INTEGER, "260101080000Z", None),
        ] {
            let mut der = vec![tag, u8::try_from(text.len()).unwrap()];
            der.extend(text.bytes());
            let read = super::time(&der).map(|(time, _)| time.to_string());
            assert_eq!(read.as_deref(), time, "{text}");
        }
    }

    #[test]
    fn a_truncated_certificate_never_parses() {
        let key = rcgen::KeyPair::generate().unwrap();
        let der =
            rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().der().to_vec();
        assert!(read(&der).is_some());
        for length in 0..der.len() {
            assert_eq!(read(&der[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_never_a_panic(bytes: Vec<u8>, at in 0_usize..400, byte: u8) {
            let _ = read(&bytes);
            let key = rcgen::KeyPair::generate().unwrap();
            let mut der = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap().der().to_vec();
            if let Some(place) = der.get_mut(at) {
                *place = byte;
            }
            let _ = read(&der);
        }
    }
}
