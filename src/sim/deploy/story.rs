//! The facts of a deployment in its story.

use crate::sim::rows::{Cause, Run, StoryEvent};
use crate::sim::state::State;

/// Windows' code for "no domain controller".
const NO_DOMAIN_CONTROLLER: u32 = 0x8007_0774;

impl State {
    /// Records an event at the current time.
    pub(super) fn note(&self, run: &mut Run, event: StoryEvent) {
        run.story.push(self.now, event);
    }

    /// Records an event at the current time, unless the story has it.
    pub(super) fn note_once(&self, run: &mut Run, event: StoryEvent) {
        if !run.story.facts.iter().any(|fact| fact.event == event) {
            self.note(run, event);
        }
    }

    /// Records everything that the device and the connector log about a failure.
    pub(super) fn note_failure(&self, run: &mut Run, cause: Cause) {
        let facts = match cause {
            Cause::NotRegistered => vec![StoryEvent::ProfileRefused { code: 807 }],
            Cause::HardwareChanged => vec![StoryEvent::ProfileRefused { code: 908 }],
            Cause::NoProfile => vec![StoryEvent::ProfileRefused { code: 815 }],
            Cause::MdmScope | Cause::NoLicense | Cause::PlatformBlocked => {
                vec![StoryEvent::EnrollmentFailed { code: number(cause) }]
            }
            // The object can also go away in the wait for the domain join: then the device finds out later.
            Cause::AnchorMissing => {
                vec![StoryEvent::RegistrationFailed {
                    code: number(cause),
                    text: "DeviceNotFound".to_owned(),
                }]
            }
            Cause::UserAssigned
            | Cause::NoDomainJoin
            | Cause::SeveralDomainJoins
            | Cause::NoConnector
            | Cause::ConnectorTooOld => vec![StoryEvent::JoinTimedOut],
            Cause::BadUnit => vec![
                StoryEvent::AccountRefused {
                    error: 2,
                    diagnostic: 0x800,
                    text: "Failed to call NetProvisionComputerAccount: the object was not found (LDAP 0x20)"
                        .to_owned(),
                },
                StoryEvent::JoinTimedOut,
            ],
            Cause::NoRight => refused(5),
            // The codes of Windows; no event of the connector with them is documented.
            Cause::QuotaExceeded => refused(8557),
            Cause::NameTaken => refused(2224),
            Cause::ComputerRefused => refused(31),
            Cause::NoAnswer => vec![StoryEvent::JoinTimedOut],
            Cause::NoDomainController => vec![
                StoryEvent::AccountCreated,
                StoryEvent::BlobApplied,
                StoryEvent::DomainControllerSought { code: NO_DOMAIN_CONTROLLER },
                StoryEvent::JoinTimedOut,
            ],
            Cause::DeviceSetupTimeout => vec![StoryEvent::DeviceSetupTimedOut],
            Cause::AccountSetupTimeout => vec![StoryEvent::AccountSetupTimedOut],
        };
        for fact in facts {
            self.note_once(run, fact);
        }
    }
}

/// Returns the facts of a computer that the directory refused with this Windows error.
fn refused(error: u32) -> Vec<StoryEvent> {
    let text = "Failed to call NetProvisionComputerAccount machineName=PC".to_owned();
    vec![StoryEvent::AccountRefused { error, diagnostic: 0x800, text }, StoryEvent::JoinTimedOut]
}

/// Returns the device's code as a number.
fn number(cause: Cause) -> u32 {
    let code = cause.code();
    code.strip_prefix("0x")
        .map_or_else(|| code.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok())
        .unwrap_or(0)
}
