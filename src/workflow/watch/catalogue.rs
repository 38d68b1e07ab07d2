//! The kinds of findings for error codes.

use super::findings::*;
use super::phase::Phase;
use crate::codes::{CodePhase, ErrorCode};
use crate::model::FindingKind;

/// The codes that identify a cause well enough for their own finding, whose remedy covers every cause of the code.
/// Generic codes are left out.
const KINDS: &[(u32, FindingKind)] = &[
    (ErrorCode::DOMAIN_JOIN.0, WATCH_DOMAIN_JOIN_FAILED),
    (ErrorCode::TIMEOUT.0, WATCH_TIMED_OUT),
    (0x8018_0014, WATCH_ENROLLMENT_RESTRICTED),
    (0x8018_0018, WATCH_NO_LICENSE),
    (0x8018_0022, WATCH_WINDOWS_HOME),
    (0x8018_0026, WATCH_INTUNE_AGENT),
    (0x8018_002b, WATCH_NOT_IN_MDM_SCOPE),
    (0x8018_000a, WATCH_ENROLLED_ALREADY),
    (0x8007_064c, WATCH_ENROLLED_ALREADY),
    (0x801c_000e, WATCH_TOO_MANY_DEVICES),
    (0x801c_03ea, WATCH_JOIN_REFUSED),
    (0x801c_03f2, WATCH_NOT_IN_ENTRA_ID),
    (0x801c_03f3, WATCH_ANCHOR_MISSING),
    (0xc103_6501, WATCH_SEVERAL_MDM_APPS),
    (0x8103_9001, WATCH_TPM_ATTESTATION_FAILED),
    (0x8103_9023, WATCH_TPM_ATTESTATION_FAILED),
    (0x8103_9024, WATCH_TPM_ATTESTATION_FAILED),
    (0x87d1_041c, WATCH_APP_NOT_DETECTED),
];

/// Returns the kind of finding for a code, if it has one.
pub(super) fn kind_of(code: ErrorCode) -> Option<&'static FindingKind> {
    KINDS.iter().find(|(known, _)| *known == code.0).map(|(_, kind)| kind)
}

/// Returns the earliest phase of a code; `None` if it occurs in any.
pub(super) fn phase_of(code: ErrorCode) -> Option<Phase> {
    let phase = |of: &CodePhase| match of {
        CodePhase::Profile | CodePhase::Enrollment => Some(Phase::ProfileAssigned),
        CodePhase::DomainJoin | CodePhase::Connector => Some(Phase::Enrolled),
        CodePhase::Registration | CodePhase::SignIn => Some(Phase::AccountSetup),
        CodePhase::StatusPage => None,
    };
    let phases: Option<Vec<Phase>> = code.known()?.phases.iter().map(phase).collect();
    phases?.into_iter().min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::{Certainty, KnownCode};

    #[test]
    fn every_kind_is_of_a_known_code_that_is_not_generic_but_the_timeout() {
        for (code, kind) in KINDS {
            let known = ErrorCode(*code).known().unwrap_or_else(|| panic!("{code:x}"));
            let is_timeout = *code == ErrorCode::TIMEOUT.0;
            assert_eq!(known.certainty == Certainty::Generic, is_timeout, "{known:?}");
            assert!(kind.id.starts_with("watch."), "{known:?}");
        }
        for known in KnownCode::ALL.iter().filter(|known| known.certainty == Certainty::Generic) {
            let kinds: Vec<_> = known.codes.iter().filter_map(|code| kind_of(ErrorCode(*code))).collect();
            assert!(kinds.iter().all(|kind| kind.id == WATCH_TIMED_OUT.id), "{known:?}");
        }
    }
}
