//! The error codes of a deployment: what each means, and what to do.

use std::fmt;

use super::phase::Phase;

/// An error code of Windows or Intune, such as `0x80070774`.
///
/// ```
/// use windows_autopilot::workflow::watch::ErrorCode;
/// let codes = ErrorCode::find_in("Enrollment failed with 0x80180014 (-2145910764)");
/// assert_eq!(codes.len(), 1);
/// assert_eq!(codes[0].to_string(), "0x80180014");
/// assert!(codes[0].known().unwrap().remedy.contains("enrollment restriction"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// The domain join failed. The one code with many causes, of which Graph shows some.
    pub const DOMAIN_JOIN: Self = Self(0x8007_0774);
    /// Something took too long.
    pub const TIMEOUT: Self = Self(0x8007_05b4);

    /// The codes in a text, each once, in the order they appear.
    ///
    /// Written as `0x` and hexadecimal digits or as a negative number. Eight bare digits are a code only if it is a known
    /// one, since serial numbers and parts of ids look the same.
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

    /// What is known of it.
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

/// What is known of an error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownError {
    /// The id of the finding that it makes.
    pub id: &'static str,
    /// The codes that mean this.
    pub codes: &'static [u32],
    /// The phase in which it is seen; `None` where it is seen in several.
    pub phase: Option<Phase>,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl KnownError {
    /// Every error that is known.
    pub const ALL: &'static [Self] = &[
        Self {
            id: "watch.domain-join-failed",
            codes: &[ErrorCode::DOMAIN_JOIN.0],
            phase: Some(Phase::Enrolled),
            meaning: "the domain join failed",
            remedy: ON_PREMISES,
        },
        Self {
            id: "watch.pre-provisioning-not-allowed",
            codes: &[0x8018_0005],
            phase: Some(Phase::ProfileAssigned),
            meaning: "pre-provisioning was started, and the profile does not allow it",
            remedy: "restart the device and set it up as its user, without pressing the Windows key five times; or allow pre-provisioning in the profile",
        },
        Self {
            id: "watch.enrollment-restricted",
            codes: &[0x8018_0014],
            phase: Some(Phase::ProfileAssigned),
            meaning: "Windows devices may not enroll, or the device is blocked since an earlier enrollment",
            remedy: "allow Windows (MDM) in the enrollment restriction that applies to the user; if it does, unblock the device with allowNextEnrollment",
        },
        Self {
            id: "watch.no-licence",
            codes: &[0x8018_0018],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the user has no Intune licence, or has reached the limit of devices",
            remedy: "give the user a licence with Intune, or remove devices that the user no longer has",
        },
        Self {
            id: "watch.windows-home",
            codes: &[0x8018_0022],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the device has Windows Home",
            remedy: "install Windows Pro, Enterprise or Education",
        },
        Self {
            id: "watch.intune-agent",
            codes: &[0x8018_0026],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the classic Intune PC agent is on the device",
            remedy: "reset the device to an image without the Intune PC agent",
        },
        Self {
            id: "watch.not-in-mdm-scope",
            codes: &[0x8018_002b],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the user's devices do not enroll automatically, or the user's sign-in name has a domain that is not verified",
            remedy: "put the user into the MDM user scope, and give the user a sign-in name in a verified domain",
        },
        Self {
            id: "watch.setup-failed-after-sign-in",
            codes: &[0x8000_4005],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the setup failed right after the sign-in",
            remedy: "install the newest cumulative update of Windows on the device, which is reported to have fixed this in late 2025, and start again",
        },
        Self {
            id: "watch.not-in-entra-id",
            codes: &[0x801c_03f2],
            phase: Some(Phase::AccountSetup),
            meaning: "the device was not found in Entra ID",
            remedy: "wait for the next run of Entra Connect (30 minutes), and check that its scope has the organizational unit",
        },
        Self {
            id: "watch.anchor-missing",
            codes: &[0x801c_03f3],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the Entra ID object that the registration made was deleted",
            remedy: ANCHOR_MISSING,
        },
        Self {
            id: "watch.join-refused",
            codes: &[0x801c_03ea],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the TPM could not be attested, or the device is in two groups with different profiles",
            remedy: "leave the device in one group with a profile; if it is in one, update and clear its TPM",
        },
        Self {
            id: "watch.several-mdm-apps",
            codes: &[0xc103_6501],
            phase: Some(Phase::ProfileAssigned),
            meaning: "several MDM applications apply to the user",
            remedy: "leave the user in the MDM scope of Intune alone",
        },
        Self {
            id: "watch.timed-out",
            codes: &[ErrorCode::TIMEOUT.0],
            phase: None,
            meaning: "something took longer than it may",
            remedy: "see on the device what it was installing; give the enrollment status page more time, or fewer apps to wait for",
        },
        Self {
            id: "watch.tpm-attestation-failed",
            codes: &[0x8103_9001, 0x8103_9023, 0x8103_9024, 0x8007_0490],
            phase: Some(Phase::ProfileAssigned),
            meaning: "the TPM could not be attested, which only pre-provisioning and self-deploying need",
            remedy: "set the device up as its user; check that the profile is for hybrid join, user-driven",
        },
        Self {
            id: "watch.app-not-detected",
            codes: &[0x87d1_041c],
            phase: None,
            meaning: "an app was installed, and its detection rule does not find it",
            remedy: "correct the detection rule of the app, or take it off the apps that the page waits for",
        },
    ];
}

/// What to look at where Graph shows nothing.
pub(super) const ON_PREMISES: &str = "Graph does not show the cause. On the connector's server, read the event log \
    Microsoft > Intune > ODJConnectorService: event 30132 with ErrorCode 5 and DiagnosticCode 0x00000800 means that the \
    connector may not create computers in the organizational unit; no event for the device means that no request came. Then \
    check that the device reaches a domain controller, and that the domain has a connector of its own";

pub(super) const ANCHOR_MISSING: &str =
    "delete the device's registration, import the device again, and leave its object in Entra ID alone";

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
            assert!(known.id.starts_with("watch."), "{known:?}");
            assert_eq!(ErrorCode(known.codes[0]).known(), Some(known));
        }
    }

    #[test]
    fn a_code_reads_as_windows_writes_it() {
        assert_eq!(ErrorCode::DOMAIN_JOIN.to_string(), "0x80070774");
        assert_eq!(ErrorCode(1).known(), None);
    }
}
