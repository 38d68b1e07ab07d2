//! The error codes of a deployment: enrollment, domain join, enrollment status page, registration and connector.
//!
//! ```
//! use windows_autopilot::codes::{Certainty, ErrorCode};
//!
//! let codes = ErrorCode::find_in("Enrollment failed with 0x80180014 (-2145910764)");
//! assert_eq!(codes.len(), 1);
//! assert_eq!(codes[0].to_string(), "0x80180014");
//! let known = codes[0].known().unwrap();
//! assert_eq!(known.certainty, Certainty::Several);
//! assert!(known.causes[0].contains("restriction"));
//! ```

mod table;

use std::fmt;

/// An error code from Windows, Intune or the Intune Connector, such as `0x80070774`.
///
/// ```
/// use windows_autopilot::codes::ErrorCode;
///
/// let codes = ErrorCode::find_in("The computer could not join: 0x80070774.");
/// let known = codes[0].known().ok_or("an unknown code")?;
/// println!("{}: {}", codes[0], known.describe());
/// # Ok::<(), &str>(())
/// ```
///
/// A code can be written in four ways: `0x80070774`, `80070774`, `-2147022988` and `2147944308`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// A failed domain join because no domain controller responded, which has many possible causes.
    pub const DOMAIN_JOIN: Self = Self(0x8007_0774);
    /// A timeout.
    pub const TIMEOUT: Self = Self(0x8007_05b4);
    /// A misprint in a Microsoft text, with seven digits, and the intended code.
    const MISPRINT: (u32, Self) = (0x0801_c003, Self(0x801c_0003));

    /// Returns the distinct codes in `text`, in order.
    ///
    /// ```
    /// use windows_autopilot::codes::ErrorCode;
    /// assert_eq!(ErrorCode::find_in("0x80070774, and no other").len(), 1);
    /// ```
    ///
    /// A code is `0x` followed by hexadecimal digits, or a negative number. Bare digits count only if they are a known
    /// failure code, because serial numbers, counts and parts of ids look the same.
    pub fn find_in(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        // A hyphen is part of a word: so the parts of a GUID are not taken for codes, and a sign is kept.
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            if let Some(code) = Self::read(word).filter(|code| !found.contains(code)) {
                found.push(code);
            }
        }
        found
    }

    fn read(word: &str) -> Option<Self> {
        let hex = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16).ok().filter(|_| plain).map(Self)
        };
        let prefixed = |part: &str| {
            let digits = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"))?;
            let code = hex(digits)?;
            let (misprint, meant) = Self::MISPRINT;
            Some(if digits.len() == 7 && code.0 == misprint { meant } else { code })
        };
        if let Some(code) = word.split('-').find_map(prefixed) {
            return Some(code);
        }
        // The same 32 bits, read as a signed number: failures have the highest bit set, and the next ones mostly not.
        if word.starts_with('-') {
            let code = word.parse::<i32>().ok().map(i32::cast_unsigned);
            return code.filter(|code| *code < 0xe000_0000).map(Self);
        }
        let known = |code: &Self| code.0 >= 0x8000_0000 && code.known().is_some();
        let bare = if word.len() == 8 { hex(word).filter(known) } else { None };
        bare.or_else(|| word.parse().ok().map(Self).filter(known))
    }

    /// Returns the entry for this code, if the code is known.
    pub fn known(self) -> Option<&'static KnownCode> {
        KnownCode::ALL.iter().find(|known| known.codes.contains(&self.0))
    }
}

impl From<u32> for ErrorCode {
    fn from(code: u32) -> Self {
        Self(code)
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

/// A known error code.
///
/// ```
/// use windows_autopilot::codes::{Certainty, ErrorCode};
/// let known = ErrorCode::find_in("0x80070774")[0].known().unwrap();
/// println!("{}, in {:?}", known.meaning, known.phases);
/// if known.certainty == Certainty::One {
///     println!("because of {:?}", known.cause());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownCode {
    /// The codes with this meaning, such as an exit code and its `HRESULT`.
    pub codes: &'static [u32],
    /// The phases in which the code occurs.
    pub phases: &'static [CodePhase],
    /// The meaning of the code.
    pub meaning: &'static str,
    /// The causes, likeliest first.
    pub causes: &'static [&'static str],
    /// The certainty of the cause.
    pub certainty: Certainty,
    /// The publication that explains the code.
    pub source: CodeSource,
}

impl KnownCode {
    /// Returns the cause, if the code has only one.
    pub fn cause(&self) -> Option<&'static str> {
        match (self.certainty, self.causes) {
            (Certainty::One, [cause]) => Some(cause),
            _ => None,
        }
    }

    /// Returns the meaning, followed by the possible causes unless the code has only one.
    pub fn describe(&self) -> String {
        match self.certainty {
            Certainty::One => self.meaning.to_owned(),
            Certainty::Several | Certainty::Generic if self.causes.is_empty() => self.meaning.to_owned(),
            Certainty::Several | Certainty::Generic => {
                format!("{} (possible: {})", self.meaning, self.causes.join("; or "))
            }
        }
    }
}

/// The phase of a deployment in which a code occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodePhase {
    /// The download of the Autopilot profile.
    Profile,
    /// The enrollment in Intune.
    Enrollment,
    /// The domain join, on the device.
    DomainJoin,
    /// The creation of the computer account, on the connector's server.
    Connector,
    /// The enrollment status page.
    StatusPage,
    /// The registration in Microsoft Entra.
    Registration,
    /// The user's sign-in, and the token for it.
    SignIn,
}

/// The certainty of a code's cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Certainty {
    /// The code has one cause.
    One,
    /// The code has several documented causes.
    Several,
    /// The code reports a failure and nothing more: the causes are examples.
    Generic,
}

/// The source that explains a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodeSource {
    /// Microsoft's Intune troubleshooting pages.
    IntuneTroubleshooting,
    /// Microsoft's troubleshooting page for hybrid joined devices.
    HybridJoinTroubleshooting,
    /// Microsoft's known issues and frequently asked questions about Autopilot.
    AutopilotKnownIssues,
    /// Microsoft's page on monitoring co-management.
    CoManagement,
    /// Microsoft's list of Windows error codes.
    WindowsCodes,
    /// The source code of a public tool.
    PublicTool,
    /// An unverified third-party page.
    ThirdParty,
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
            ("2149056532", vec![0x8018_0014]),
            ("code=0x801C03F3;hr=0x801c03f3", vec![0x801c_03f3]),
            ("0x80070774 then 0x87D1041C", vec![0x8007_0774, 0x87d1_041c]),
            ("- 0x80070774 -", vec![0x8007_0774]),
            ("enrollment-0x80070774", vec![0x8007_0774]),
            ("0x00000800", vec![0x800]),
            ("0x801c003", vec![0x801c_0003]),
            ("0x0801c003", vec![0x0801_c003]),
            // Counts are not exit codes.
            ("1603 of 1618 apps, 807 devices", vec![]),
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
    fn every_code_is_known_once_and_every_failure_has_four_spellings() {
        let mut codes: Vec<u32> = KnownCode::ALL.iter().flat_map(|known| known.codes).copied().collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
        for code in codes.into_iter().filter(|code| *code >= 0x8000_0000) {
            let signed = code.cast_signed().to_string();
            for text in [format!("0x{code:08X}"), format!("{code:08x}"), signed, code.to_string()] {
                assert_eq!(ErrorCode::find_in(&text), [ErrorCode(code)], "{text}");
            }
        }
    }

    #[test]
    fn only_a_code_of_one_cause_has_a_certain_cause() {
        for known in KnownCode::ALL {
            assert!(
                !known.codes.is_empty() && !known.phases.is_empty() && !known.meaning.is_empty(),
                "{known:?}"
            );
            match known.certainty {
                Certainty::One => assert_eq!(known.causes.len(), 1, "{known:?}"),
                Certainty::Several => assert!(known.causes.len() > 1, "{known:?}"),
                Certainty::Generic => assert_eq!(known.cause(), None),
            }
            // One page of a third party makes nothing certain.
            assert!(known.source != CodeSource::ThirdParty || known.cause().is_none(), "{known:?}");
        }
        for generic in [0x8000_4005_u32, 0x8007_0490, 0x8000_ffff, 0x8007_0774, 0x8018_0005] {
            assert_eq!(ErrorCode(generic).known().unwrap().cause(), None, "{generic:x}");
        }
    }

    #[test]
    fn a_code_reads_as_windows_writes_it() {
        assert_eq!(ErrorCode::DOMAIN_JOIN.to_string(), "0x80070774");
        assert_eq!(ErrorCode(1).known(), None);
    }
}
