//! The error codes of a deployment, with their meanings and remedies.

use std::fmt;

use super::findings::*;
use super::phase::Phase;
use crate::model::FindingKind;

/// An error code of Windows or Intune, such as `0x80070774`.
///
/// ```
/// use windows_autopilot::workflow::watch::ErrorCode;
/// let codes = ErrorCode::find_in("Enrollment failed with 0x80180014 (-2145910764)");
/// assert_eq!(codes.len(), 1);
/// assert_eq!(codes[0].to_string(), "0x80180014");
/// assert!(codes[0].known().unwrap().kind.remedy.contains("enrollment restriction"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// A failed domain join: the one code with many causes, of which Graph shows some.
    pub const DOMAIN_JOIN: Self = Self(0x8007_0774);
    /// A time limit that was reached.
    pub const TIMEOUT: Self = Self(0x8007_05b4);

    /// Returns the codes in a text, each once, in the order of their appearance.
    ///
    /// A code is written as `0x` and hexadecimal digits or as a negative number. Eight bare digits are a code only if the
    /// code is known, since serial numbers and parts of ids look the same.
    pub fn find_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        // A hyphen is part of a word: so the parts of a GUID are not taken for codes, and a sign stays.
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            if let Some(code) = Self::read(word).filter(|code| !found.contains(code)) {
                found.push(code);
            }
        }
        found
    }

    fn read(word: &str) -> Option<Self> {
        let hex = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| plain).map(Self)
        };
        let prefixed = |part: &str| part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")).and_then(hex);
        if let Some(code) = word.split('-').find_map(prefixed) {
            return Some(code);
        }
        // The same 32 bits, read as a signed number: failures have the highest bit set, and the next ones mostly not.
        if word.starts_with('-') {
            return word
                .parse::<i32>()
                .ok()
                .map(i32::cast_unsigned)
                .filter(|code| *code < 0xe000_0000)
                .map(Self);
        }
        let known = |code: &Self| code.known().is_some();
        let bare = if word.len() == 8 { hex(word).filter(known) } else { None };
        bare.or_else(|| word.parse().ok().map(Self).filter(known))
    }

    /// Returns the known error with this code.
    pub fn known(self) -> Option<&'static KnownError> {
        KnownError::ALL.iter().find(|known| known.codes.contains(&self.0))
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08x}", self.0)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A known error of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownError {
    /// The kind of its finding, with the remedy.
    pub kind: FindingKind,
    /// The codes of the error.
    pub codes: &'static [u32],
    /// The phase in which the error occurs; `None` if it occurs in several.
    pub phase: Option<Phase>,
    /// The meaning.
    pub meaning: &'static str,
}

impl KnownError {
    /// All known errors.
    pub const ALL: &'static [Self] = &[
        Self {
            kind: WATCH_DOMAIN_JOIN_FAILED,
            codes: &[ErrorCode::DOMAIN_JOIN.0],
            phase: Some(Phase::Enrolled),
            meaning: "the domain join failed",
        },
        Self {
            kind: WATCH_PRE_PROVISIONING_NOT_ALLOWED,
            codes: &[0x8018_0005],
            phase: Some(Phase::ProfileAssigned),
            meaning: "pre-provisioning was started, and the profile does not allow it",
        },
        Self {
            kind: WATCH_ENROLLMENT_RESTRICTED,
            codes: &[0x8018_0014],
            phase: Some(Phase::ProfileAssigned),
            meaning: "Windows devices may not enroll, or the device is blocked since an earlier enrollment",
        },
        Self {
            kind: WATCH_NO_LICENCE,
            codes: &[0x8018_0018],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the user has no Intune licence, or has reached the limit of devices",
        },
        Self {
            kind: WATCH_WINDOWS_HOME,
            codes: &[0x8018_0022],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the device has Windows Home",
        },
        Self {
            kind: WATCH_INTUNE_AGENT,
            codes: &[0x8018_0026],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the classic Intune PC agent is on the device",
        },
        Self {
            kind: WATCH_NOT_IN_MDM_SCOPE,
            codes: &[0x8018_002b],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the user's devices do not enroll automatically, or the user's sign-in name has a domain that is not verified",
        },
        Self {
            kind: WATCH_SETUP_FAILED_AFTER_SIGN_IN,
            codes: &[0x8000_4005],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the setup failed right after the sign-in",
        },
        Self {
            kind: WATCH_NOT_IN_ENTRA_ID,
            codes: &[0x801c_03f2],
            phase: Some(Phase::AccountSetup),
            meaning: "the device was not found in Entra ID",
        },
        Self {
            kind: WATCH_ANCHOR_MISSING,
            codes: &[0x801c_03f3],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the Entra ID object that the registration made was deleted",
        },
        Self {
            kind: WATCH_JOIN_REFUSED,
            codes: &[0x801c_03ea],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the TPM could not be attested, or the device is in two groups with different profiles",
        },
        Self {
            kind: WATCH_SEVERAL_MDM_APPS,
            codes: &[0xc103_6501],
            phase: Some(Phase::ProfileAssigned),
            meaning: "several MDM applications apply to the user",
        },
        Self {
            kind: WATCH_TIMED_OUT,
            codes: &[ErrorCode::TIMEOUT.0],
            phase: None,
            meaning: "something took longer than it may",
        },
        Self {
            kind: WATCH_TPM_ATTESTATION_FAILED,
            codes: &[0x8103_9001, 0x8103_9023, 0x8103_9024, 0x8007_0490],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the TPM could not be attested, which only pre-provisioning and self-deploying need",
        },
        Self {
            kind: WATCH_APP_NOT_DETECTED,
            codes: &[0x87d1_041c],
            phase: None,
            meaning: "an app was installed, and its detection rule does not find it",
        },
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_however_they_are_written() {
        let code = |text: &str| ErrorCode::find_in(text).into_iter().map(|code| code.0).collect::<Vec<_>>();
        for (text, expected) in [
            ("0x80070774", vec![0x8007_0774]),
            ("0X8018002B", vec![0x8018_002b]),
            ("Error: 80180018.", vec![0x8018_0018]),
            ("(-2145910764)", vec![0x8018_0014]),
            ("failed: -2147023436", vec![0x8007_05b4]),
            ("2147943284", vec![]),
            ("2147944308", vec![0x8007_0774]),
            ("code=0x801C03F3;hr=0x801c03f3", vec![0x801c_03f3]),
            ("0x80070774 then 0x87D1041C", vec![0x8007_0774, 0x87d1_041c]),
            ("- 0x80070774 -", vec![0x8007_0774]),
            ("enrollment-0x80070774", vec![0x8007_0774]),
            ("0x00000800", vec![0x800]),
            // A GUID, a serial number, a count, a code too long.
            ("80180018-1111-4222-8333-444455556666", vec![]),
            ("12345678 deadbeef", vec![]),
            ("-5 -1 - -- apps", vec![]),
            ("0x1807007740 0x", vec![]),
            ("0x+8070774", vec![]),
            ("", vec![]),
            ("ü-é 0xü", vec![]),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn every_code_is_known_once_and_its_finding_is_the_watchs() {
        let mut codes: Vec<u32> = KnownError::ALL.iter().flat_map(|known| known.codes).copied().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), count), (18, 18));
        for known in KnownError::ALL {
            assert!(known.kind.id.starts_with("watch."), "{known:?}");
            assert_eq!(ErrorCode(known.codes[0]).known(), Some(known));
        }
    }

    #[test]
    fn a_code_reads_as_windows_writes_it() {
        assert_eq!(ErrorCode::DOMAIN_JOIN.to_string(), "0x80070774");
        assert_eq!(ErrorCode(1).known(), None);
    }
}
