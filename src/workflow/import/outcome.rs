//! The outcomes of devices, and the remedies.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foreign::{Redactor, line};
use crate::model::{Device, DeviceToImport, Finding, GroupTag, Id, ImportState, ImportStatus, Text};
use crate::workflow::findings::*;

/// The outcome of importing one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportOutcome {
    /// This import registered the device.
    #[non_exhaustive]
    Registered {
        /// The registered device; `None` if the service did not name it, in which case the run did not wait for the
        /// device to appear or for its group tag.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<Id<Device>>,
        /// The state of the device's group tag.
        group_tag: GroupTagCheck,
    },
    /// The device was already registered in this tenant, and can be read.
    #[non_exhaustive]
    AlreadyRegistered {
        /// The registered device.
        device: Id<Device>,
        /// The state of the device's group tag.
        group_tag: GroupTagCheck,
    },
    /// Another tenant owns the device.
    OtherTenant(Rejection),
    /// The device is repeated in the input; see its first occurrence for the outcome.
    #[non_exhaustive]
    Duplicate {
        /// The index of the first occurrence in the input.
        of: usize,
    },
    /// The service rejected the device.
    #[serde(rename = "refused")]
    Rejected(Rejection),
    /// The outcome is unknown.
    Unconfirmed(Uncertainty),
    /// A stage did not complete by its deadline. The device may yet be registered: a run with the same journal checks
    /// again.
    #[non_exhaustive]
    TimedOut {
        /// The stage that took too long.
        stage: ImportStage,
    },
    /// The run was stopped before this device had an outcome. A run with the same journal resumes it.
    #[non_exhaustive]
    Canceled {
        /// The stage that the device had reached.
        stage: ImportStage,
    },
}

/// The stage that a device has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportStage {
    /// Not sent yet.
    Queued,
    /// Being sent, or held back at the service's request.
    Sending,
    /// Sent, but no response arrived, so the import is searching for the device.
    Confirming,
    /// The service has the device but has not reported an outcome yet.
    Importing,
    /// The device is registered but cannot be read yet.
    #[serde(rename = "appearing")]
    AwaitingVisibility,
    /// The device's group tag was changed, but cannot be read back yet.
    Tagging,
}

/// The state of a registered device's group tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GroupTagCheck {
    /// No tag was desired, or the run did not wait until the tag could be read.
    Unchecked,
    /// The tag is the desired one.
    #[serde(rename = "right")]
    Match,
    /// The tag was different; it was changed, and the new one was read back.
    Repaired,
    /// The tag is different and was left unchanged, or the service rejected the change.
    #[serde(rename = "different")]
    Mismatch,
}

/// The service's reason for rejecting a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rejection {
    /// The name of the service's error, such as `InvalidZtdHardwareHash`; may be empty.
    pub name: Text,
    /// The number of the service's error. The same number occurs with different names, so match on the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The HTTP status, if the service rejected the request rather than the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// The reason why a device's outcome is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Uncertainty {
    /// The import request was sent, but no response arrived and no record of the import was found.
    #[serde(rename = "no_trace")]
    RecordNotFound,
    /// The service reports that the device is registered in this tenant, without naming the registration.
    NoRegistrationId,
    /// The service responded with a record or a device that is not the one sent: its import id, serial number, hash or
    /// id differs. It was neither changed nor deleted.
    IdentityUnconfirmed,
    /// Someone else deleted the record of the import before it finished.
    #[serde(rename = "record_gone")]
    RecordDeleted,
    /// The import has a status that this version does not recognize.
    #[non_exhaustive]
    UnknownStatus {
        /// The status that the service reported.
        status: Text,
    },
}

impl ImportOutcome {
    /// Returns `true` if the device is registered in this tenant. For a duplicate, see the outcome of its first
    /// occurrence.
    pub fn is_registered(&self) -> bool {
        matches!(self, Self::Registered { .. } | Self::AlreadyRegistered { .. })
    }

    /// Returns the registered device, if it is known.
    pub fn device(&self) -> Option<&Id<Device>> {
        match self {
            Self::Registered { device, .. } => device.as_ref(),
            Self::AlreadyRegistered { device, .. } => Some(device),
            _ => None,
        }
    }

    /// Returns a finding that refers to the device as `place`; `None` if the device is registered as desired.
    pub fn finding(&self, place: &str) -> Option<Finding> {
        Some(match self {
            Self::Registered { device: None, .. } => {
                IMPORT_NO_DEVICE_ID.at(place, "it was registered, but the service did not name the device")
            }
            Self::Registered { group_tag, .. } | Self::AlreadyRegistered { group_tag, .. } => match group_tag
            {
                GroupTagCheck::Mismatch => {
                    IMPORT_GROUP_TAG.at(place, "it is registered with another group tag")
                }
                _ => return None,
            },
            Self::OtherTenant(rejection) => IMPORT_OTHER_TENANT.at(place, rejection.to_string()),
            Self::Duplicate { of } => IMPORT_DUPLICATE
                .at(place, format!("it repeats the device at place {} of the input", of.saturating_add(1))),
            Self::Rejected(rejection) => {
                IMPORT_REFUSED.at(place, rejection.to_string()).with_remedy(rejection.remedy())
            }
            Self::Unconfirmed(uncertainty) => {
                IMPORT_UNCONFIRMED.at(place, uncertainty.to_string()).with_remedy(uncertainty.remedy())
            }
            Self::TimedOut { stage } => {
                IMPORT_TIMED_OUT.at(place, format!("the deadline passed while it was {stage}"))
            }
            Self::Canceled { stage } => {
                IMPORT_CANCELED.at(place, format!("the run was stopped while it was {stage}"))
            }
        })
    }

    /// Returns `true` if the import of the device has ended, so its record is no longer needed.
    pub(super) fn has_ended(&self) -> bool {
        self.is_registered()
            || matches!(
                self,
                Self::OtherTenant(_) | Self::Rejected(_) | Self::Unconfirmed(Uncertainty::NoRegistrationId)
            )
    }

    /// Redacts the device's values in the service's text.
    pub(super) fn redact(&mut self, device: Option<&DeviceToImport>) {
        let text = match self {
            Self::OtherTenant(rejection) | Self::Rejected(rejection) => &mut rejection.name,
            Self::Unconfirmed(Uncertainty::UnknownStatus { status }) => status,
            _ => return,
        };
        let mut redactor = Redactor::default();
        if let Some(device) = device {
            redactor.secret(device.hardware_identifier.as_str());
            redactor.secret(device.product_key.as_ref().map_or("", |key| key.as_str()));
            redactor.person(device.assigned_user_principal_name.as_ref().map_or("", |user| user.as_str()));
        }
        *text = redactor.text(text).into();
    }

    /// Returns `true` if another run would have the same outcome. Transient errors are retried.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Rejected(rejection) => rejection.is_lasting(),
            other => other.has_ended(),
        }
    }
}

impl fmt::Display for ImportOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered { .. } => f.write_str("registered"),
            Self::AlreadyRegistered { .. } => f.write_str("registered before"),
            Self::OtherTenant(rejection) => write!(f, "registered in another tenant ({rejection})"),
            Self::Duplicate { of } => write!(f, "a duplicate of place {}", of.saturating_add(1)),
            Self::Rejected(rejection) => write!(f, "refused ({rejection})"),
            Self::Unconfirmed(uncertainty) => write!(f, "unconfirmed ({uncertainty})"),
            Self::TimedOut { stage } => write!(f, "timed out while {stage}"),
            Self::Canceled { stage } => write!(f, "canceled while {stage}"),
        }
    }
}

impl fmt::Display for ImportStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Sending => "being sent",
            Self::Confirming => "being searched for after a lost response",
            Self::Importing => "being imported by the service",
            Self::AwaitingVisibility => "registered and not readable yet",
            Self::Tagging => "waiting for its changed group tag",
        })
    }
}

/// Names of errors, in the spelling of the service and its documentation.
mod names {
    pub(super) const HERE: &str = "ZtdDeviceAlreadyAssigned";
    pub(super) const ELSEWHERE: [&str; 2] =
        ["ZtdDeviceAssignedToOtherTenant", "ZtdDeviceAssignedToAnotherTenant"];
    pub(super) const INVALID_HASH: &str = "InvalidZtdHardwareHash";
    pub(super) const DUPLICATED: &str = "ZtdDeviceDuplicated";
    pub(super) const STORAGE: &str = "StorageError";
    pub(super) const DELETION: [&str; 2] = ["ZtdDeviceDeletionInProgess", "ZtdDeviceDeletionInProgress"];
}

impl Rejection {
    /// Returns the remedy.
    pub fn remedy(&self) -> &'static str {
        let is = |name: &str| self.name.eq_ignore_ascii_case(name);
        if is(names::INVALID_HASH) {
            "capture the hardware hash on the device again; it must contain the manufacturer and the serial number"
        } else if is(names::DUPLICATED) {
            "the same device was being imported at the same time; run the import again when the other one has ended"
        } else if is(names::STORAGE) {
            "the service failed temporarily; run the import again later"
        } else if names::DELETION.into_iter().any(is) {
            "the device's earlier registration is being deleted; run the import again in half an hour"
        } else if self.status.is_some() {
            "check the device's serial number, group tag and user; if nothing is wrong with them, run the import \
             again later"
        } else {
            "look up the error's name in Microsoft's list of Autopilot import errors"
        }
    }

    /// Returns `true` if the rejection is permanent.
    fn is_lasting(&self) -> bool {
        let is = |name: &str| self.name.eq_ignore_ascii_case(name);
        let passing = is(names::DUPLICATED) || is(names::STORAGE) || names::DELETION.into_iter().any(is);
        // The reasons of a refused request are many, and a response rarely names them.
        !passing && self.status.is_none()
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", line(if self.name.is_empty() { "no name" } else { &self.name }))?;
        match (self.code, self.status) {
            (Some(code), _) => write!(f, ", code {code}"),
            (None, Some(status)) => write!(f, ", status {status}"),
            (None, None) => Ok(()),
        }
    }
}

impl Uncertainty {
    /// Returns the remedy.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::RecordNotFound => {
                "run the import again with the same journal: the device is searched for again, and sent if there \
                    was no response; if there was one, import it in a new run"
            }
            Self::IdentityUnconfirmed => {
                "check the import and the device in the Intune admin center, and compare serial number and manufacturer"
            }
            Self::NoRegistrationId => "look for it among the devices by its serial number and manufacturer",
            Self::RecordDeleted => "import it in a new run: if it is registered by now, that run says so",
            Self::UnknownStatus { .. } => "check the record in the service, and update this crate",
        }
    }
}

impl fmt::Display for Uncertainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordNotFound => f.write_str("no response came and no trace was found"),
            Self::IdentityUnconfirmed => {
                f.write_str("the service responded with a record or a device of another identity")
            }
            Self::NoRegistrationId => {
                f.write_str("registered before, but the service does not name the device")
            }
            Self::RecordDeleted => f.write_str("the record of its import was deleted by someone else"),
            Self::UnknownStatus { status } => write!(f, "the import has the unknown status {status:?}"),
        }
    }
}

/// The interpretation of an import's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// No result yet.
    Pending,
    /// The device is registered under this id.
    Complete(Option<Id<Device>>),
    /// The device was registered in this tenant before, under this id.
    Here(Id<Device>),
    Ended(ImportOutcome),
}

/// Interprets the state of an import. The name of an error determines the outcome; its number only if there is no name.
pub(super) fn verdict(state: Option<&ImportState>) -> Verdict {
    let Some(state) = state else { return Verdict::Pending };
    let registration = state.device_registration_id.clone();
    match &state.device_import_status {
        None => return Verdict::Pending,
        Some(status) if status.is_in_progress() => return Verdict::Pending,
        Some(ImportStatus::Complete) => return Verdict::Complete(registration),
        Some(ImportStatus::Error) => {}
        Some(other) => {
            let status = other.as_str().into();
            return Verdict::Ended(ImportOutcome::Unconfirmed(Uncertainty::UnknownStatus { status }));
        }
    }
    let name = state.device_error_name.clone().unwrap_or_default();
    let code = state.device_error_code.filter(|code| *code != 0);
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    let nameless = name.is_empty();
    let here = is(names::HERE) || (nameless && code == Some(806) && registration.is_some());
    let elsewhere = names::ELSEWHERE.into_iter().any(is) || (nameless && code == Some(808));
    match registration {
        Some(device) if here => Verdict::Here(device),
        None if here => Verdict::Ended(ImportOutcome::Unconfirmed(Uncertainty::NoRegistrationId)),
        _ => {
            let rejection = Rejection { name, code, status: None };
            Verdict::Ended(match elsewhere {
                true => ImportOutcome::OtherTenant(rejection),
                false => ImportOutcome::Rejected(rejection),
            })
        }
    }
}

/// The registration that resulted from an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registration {
    pub(super) device: Id<Device>,
    /// Whether the device was registered before the import.
    pub(super) already: bool,
}

impl Registration {
    /// Returns the outcome of a device with this registration.
    pub(super) fn outcome(self, group_tag: GroupTagCheck) -> ImportOutcome {
        match self {
            Self { device, already: true } => ImportOutcome::AlreadyRegistered { device, group_tag },
            Self { device, already: false } => ImportOutcome::Registered { device: Some(device), group_tag },
        }
    }
}

/// Returns `true` if a device has the desired group tag, or none if none is desired. Case is ignored, as in rules of
/// dynamic groups.
pub(super) fn has_tag(device: &Device, wanted: Option<&GroupTag>) -> bool {
    let tag = device.group_tag.as_deref().unwrap_or_default();
    tag.to_lowercase() == wanted.map_or("", GroupTag::as_str).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(status: &str, code: i32, name: &str, registration: &str) -> ImportState {
        serde_json::from_value(serde_json::json!({
            "deviceImportStatus": status, "deviceErrorCode": code, "deviceErrorName": name,
            "deviceRegistrationId": registration,
        }))
        .unwrap()
    }

    #[test]
    fn the_state_of_an_import_is_read_by_status_then_name_then_number() {
        let id = |text: &str| text.parse::<Id<Device>>().unwrap();
        let rejection = |name: &str, code| Rejection { name: name.into(), code, status: None };
        let refused = |name: &str, code| Verdict::Ended(ImportOutcome::Rejected(rejection(name, code)));
        let elsewhere = |name: &str, code| Verdict::Ended(ImportOutcome::OtherTenant(rejection(name, code)));
        let here = || Verdict::Here(id("d"));
        let no_id = || Verdict::Ended(ImportOutcome::Unconfirmed(Uncertainty::NoRegistrationId));
        let strange = Uncertainty::UnknownStatus { status: "paused".into() };
        for (status, code, name, registration, expected) in [
            ("unknown", 0, "", "", Verdict::Pending),
            ("pending", 0, "", "", Verdict::Pending),
            ("partial", 806, "ZtdDeviceAlreadyAssigned", "d", Verdict::Pending),
            ("complete", 0, "", "d", Verdict::Complete(Some(id("d")))),
            ("complete", 0, "", "", Verdict::Complete(None)),
            ("paused", 0, "", "", Verdict::Ended(ImportOutcome::Unconfirmed(strange))),
            ("error", 806, "ZtdDeviceAlreadyAssigned", "d", here()),
            ("error", 808, "ztddevicealreadyassigned", "d", here()),
            ("error", 806, "ZtdDeviceAlreadyAssigned", "", no_id()),
            ("error", 806, "", "d", here()),
            ("error", 806, "", "", refused("", Some(806))),
            (
                "error",
                806,
                "ZtdDeviceAssignedToOtherTenant",
                "",
                elsewhere("ZtdDeviceAssignedToOtherTenant", Some(806)),
            ),
            (
                "error",
                808,
                "ZtdDeviceAssignedToAnotherTenant",
                "d",
                elsewhere("ZtdDeviceAssignedToAnotherTenant", Some(808)),
            ),
            ("error", 808, "", "", elsewhere("", Some(808))),
            ("error", 808, "SomethingNew", "", refused("SomethingNew", Some(808))),
            ("error", 806, "SomethingNew", "d", refused("SomethingNew", Some(806))),
            ("error", 802, "InvalidZtdHardwareHash", "", refused("InvalidZtdHardwareHash", Some(802))),
            ("error", 0, "StorageError", "", refused("StorageError", None)),
            ("error", 0, "", "", refused("", None)),
        ] {
            let read = verdict(Some(&state(status, code, name, registration)));
            assert_eq!(read, expected, "{status} {code} {name} {registration:?}");
        }
        assert_eq!(verdict(None), Verdict::Pending);
        assert_eq!(verdict(Some(&ImportState::default())), Verdict::Pending);
    }

    fn every_outcome() -> Vec<ImportOutcome> {
        let rejection = |name: &str, status| Rejection { name: name.into(), code: Some(1), status };
        let device: Id<Device> = "d".parse().unwrap();
        vec![
            ImportOutcome::Registered { device: Some(device.clone()), group_tag: GroupTagCheck::Match },
            ImportOutcome::Registered { device: None, group_tag: GroupTagCheck::Unchecked },
            ImportOutcome::AlreadyRegistered { device, group_tag: GroupTagCheck::Mismatch },
            ImportOutcome::OtherTenant(rejection("ZtdDeviceAssignedToOtherTenant", None)),
            ImportOutcome::Duplicate { of: 0 },
            ImportOutcome::Rejected(rejection("InvalidZtdHardwareHash", None)),
            ImportOutcome::Rejected(rejection("StorageError", None)),
            ImportOutcome::Rejected(rejection("ZtdDeviceDeletionInProgess", None)),
            ImportOutcome::Rejected(rejection("BadRequest", Some(400))),
            ImportOutcome::Unconfirmed(Uncertainty::RecordNotFound),
            ImportOutcome::Unconfirmed(Uncertainty::IdentityUnconfirmed),
            ImportOutcome::Unconfirmed(Uncertainty::NoRegistrationId),
            ImportOutcome::Unconfirmed(Uncertainty::UnknownStatus { status: "x".into() }),
            ImportOutcome::TimedOut { stage: ImportStage::Importing },
            ImportOutcome::Canceled { stage: ImportStage::Queued },
        ]
    }

    #[test]
    fn only_what_another_run_would_find_again_is_settled() {
        let settled: Vec<bool> = every_outcome().iter().map(ImportOutcome::is_settled).collect();
        let expected = [
            true, true, true, true, false, true, false, false, false, false, false, true, false, false, false,
        ];
        assert_eq!(settled, expected);
    }

    #[test]
    fn whatever_is_not_as_was_asked_for_has_a_finding_with_a_remedy() {
        for (outcome, id) in every_outcome().into_iter().zip([
            "",
            "import.no-device-id",
            "import.group-tag",
            "import.other-tenant",
            "import.duplicate",
            "import.refused",
            "import.refused",
            "import.refused",
            "import.refused",
            "import.unconfirmed",
            "import.unconfirmed",
            "import.unconfirmed",
            "import.unconfirmed",
            "import.timed-out",
            "import.canceled",
        ]) {
            let finding = outcome.finding("SN-1");
            assert_eq!(finding.as_ref().map_or("", |finding| &*finding.id), id, "{outcome:?}");
            assert!(finding.is_none_or(|finding| finding.place == "SN-1" && !finding.remedy.is_empty()));
        }
    }

    #[test]
    fn outcomes_survive_json() {
        for outcome in every_outcome() {
            let json = serde_json::to_string(&outcome).unwrap();
            assert_eq!(serde_json::from_str::<ImportOutcome>(&json).unwrap(), outcome, "{json}");
        }
        let json = serde_json::to_string(&every_outcome()[0]).unwrap();
        assert_eq!(json, r#"{"outcome":"registered","device":"d","group_tag":"right"}"#);
    }
}
