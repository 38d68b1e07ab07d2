//! A timeline across the device and the connector's server.

use jiff::Timestamp;
use serde::Serialize;

use super::case::{Case, Hit};
use super::clock;
use super::collected::Evidence;
use super::event::{EventRecord, Provider};
use super::fact::{ConnectorOutcome, Fact};
use super::proof::Proof;

/// The milestones of a deployment in chronological order, across both machines.
///
/// Times are in UTC according to each machine's own clock, corrected for each clock jump for which the log contains the
/// times before and after. Milestones without a known time are kept separate, because nothing determines their order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Timeline {
    /// The milestones with a time, in order.
    pub dated: Vec<Proof>,
    /// The milestones without a known time, in the order of their sources.
    pub undated: Vec<Proof>,
}

impl Evidence {
    /// Returns the timeline of all deployments in the evidence.
    pub fn timeline(&self) -> Timeline {
        let case = Case::new(self, &[], &[]);
        let mut dated: Vec<(Timestamp, usize, Proof)> = Vec::new();
        let mut undated = Vec::new();
        for (index, of) in self.observations().iter().enumerate() {
            let Some(text) = milestone(&of.fact) else { continue };
            let at = case.times.get(index).copied().flatten();
            let hit = Hit { index, at, of, fact: &of.fact };
            let proof = case.proof(&hit, text);
            match at {
                Some(at) => dated.push((at, index, proof)),
                None => undated.push(proof),
            }
        }
        dated.sort_by_key(|(at, index, _)| (*at, *index));
        Timeline { dated: dated.into_iter().map(|(_, _, proof)| proof).collect(), undated }
    }

    /// Returns the clock jumps for which the logs contain the times before and after.
    pub fn clock_steps(&self) -> Vec<clock::ClockStep> {
        clock::steps(self)
    }
}

/// Returns the text of a fact, if it is a milestone.
fn milestone(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Event(record) => event(record)?,
        Fact::ConnectorAnswer(answer) => match answer.outcome {
            ConnectorOutcome::Created => "the connector created a computer account".to_owned(),
            ConnectorOutcome::Failed { .. } => "the connector could not create a computer account".to_owned(),
        },
        Fact::Profile(profile) => match profile.error {
            Some(error) => format!("the service refused the profile: {error}"),
            None => "the profile was downloaded".to_owned(),
        },
        Fact::BlobApplied => "the registry has the mark that the blob was applied".to_owned(),
        Fact::EspCategory(category) => {
            format!("{:?}: {}", category.phase, category.state.as_deref().unwrap_or("no state"))
        }
        Fact::JoinLog(line) => {
            let code = line.code.filter(|code| *code != 0)?;
            format!("{}: 0x{code:x}", line.function)
        }
        Fact::AppFailure(failure) => {
            let code = failure.code.map_or_else(String::new, |code| format!(": 0x{code:08x}"));
            format!("an app failed{code}")
        }
        _ => return None,
    })
}

fn event(record: &EventRecord) -> Option<String> {
    let state = || record.fields.number("HexInt1");
    let text = match (&record.provider, record.id) {
        (Provider::ModernDeployment, 160) => "the acquisition of the profile began",
        (Provider::ModernDeployment, 161 | 703) => "the profile was downloaded",
        (Provider::ModernDeployment, 704) => "the profile is empty",
        (Provider::ModernDeployment, 709) => "the service gave no profile",
        (Provider::DeviceManagement, 90 | 91) => "a user enrolls the device",
        (Provider::DeviceManagement, 71) => "the enrollment failed",
        (Provider::DeviceManagement, 72) => "the enrollment succeeded",
        (Provider::DeviceManagement, 75) => "the automatic enrollment succeeded",
        (Provider::DeviceManagement, 76) => "the automatic enrollment failed",
        (Provider::DeviceManagement, 100) => "no domain controller was reached in time",
        (Provider::DeviceManagement, 101) => "a domain controller was reached",
        (Provider::DeviceManagement, 102) => "the VPN did not connect",
        (Provider::DeviceManagement, 103) => "the VPN connected",
        (Provider::DeviceManagement, 105) => "the name of a domain controller was asked",
        (Provider::DeviceManagement, 106) => "a domain controller was pinged",
        (Provider::DeviceManagement, 107) => "the blob was applied",
        (Provider::DeviceManagement, 108) => "the blob was not applied",
        (Provider::DeviceManagement, 109 | 110) => {
            return Some(format!(
                "the state of the domain join is {}",
                match state() {
                    Some(0) => "not configured",
                    Some(1) => "waiting for the blob",
                    Some(2) => "blob processed",
                    Some(3) => "timed out",
                    _ => "not known",
                }
            ));
        }
        (Provider::DeviceManagement, 111) => "the wait for the blob began",
        (Provider::DeviceManagement, 352) => "the user pressed \"Continue anyway\"",
        (Provider::DeviceManagement, 351) => "the first synchronization is done",
        (Provider::DeviceManagement, 1922) => "a package was installed",
        (Provider::DeviceManagement, 1924) => "a package failed",
        (Provider::DeviceManagement, 209) => "a session with Intune ended",
        (Provider::ShellCore, 62404 | 62407) => {
            let name = record.fields.get("CXID").or_else(|| record.fields.get("Name"))?;
            return name.contains("CommercialOOBE_ESPProgress").then(|| format!("the screen showed {name}"));
        }
        (Provider::UserDeviceRegistration, 306) => "the registration succeeded",
        (Provider::UserDeviceRegistration, 204 | 304 | 305 | 307) => "the registration failed",
        (Provider::KernelGeneral, 1) => "the clock was set",
        (Provider::KernelGeneral, 12) => "the device started",
        (Provider::KernelGeneral, 13) => "the device shut down",
        (Provider::PowerTroubleshooter, 1) | (Provider::KernelPower, 507) => "the device woke",
        (Provider::NetJoin, 4096) => "a domain join succeeded",
        (Provider::NetJoin, 4097) => "a domain join failed",
        _ => return None,
    };
    let code = record.hresult().or_else(|| record.fields.number("ExitCode")).filter(|code| *code != 0);
    Some(code.map_or_else(|| text.to_owned(), |code| format!("{text}, 0x{code:08x}")))
}
