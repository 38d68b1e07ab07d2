//! The evidence of a device's last deployment, with events by provider and id.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::clock::{self, ClockStep};
use super::collected::Evidence;
use super::event::{EventRecord, Provider};
use super::fact::{
    CachedProfile, ConnectorAnswer, ConnectorOutcome, DirectoryStatus, EspCategory, EspPhase, Fact,
    FirstSync, RegistryValue, TrackedApp,
};
use super::observation::Observation;
use super::proof::Proof;
use super::side::Side;
use super::source::{Source, SourceKind};
use crate::model::Lookup;

/// Channels that the chain uses.
pub(super) const DM_ADMIN: &str = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin";
pub(super) const MD_AUTOPILOT: &str = "Microsoft-Windows-ModernDeployment-Diagnostics-Provider/Autopilot";
pub(super) const UDR_ADMIN: &str = "Microsoft-Windows-User Device Registration/Admin";
pub(super) const SHELL_CORE: &str = "Microsoft-Windows-Shell-Core/Operational";
pub(super) const SYSTEM: &str = "System";
const CONNECTOR_CHANNELS: [&str; 2] =
    ["Microsoft-Intune-ODJConnectorService/Admin", "Microsoft-Intune-ODJConnectorService/Operational"];

/// The tolerated clock error of the server. A request older than the last start by more belongs to another run.
const SLACK: SignedDuration = SignedDuration::from_mins(15);

/// States of the offline domain join in events 109 and 110.
pub(super) const STATE_PROCESSED: u32 = 2;
const STATE_TIMED_OUT: u32 = 3;

/// An observation with its place in the evidence.
#[derive(Debug)]
pub(super) struct Hit<'a, T> {
    pub(super) index: usize,
    pub(super) at: Option<Timestamp>,
    pub(super) of: &'a Observation,
    pub(super) fact: &'a T,
}

impl<T> Clone for Hit<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Hit<'_, T> {}

impl<T> Hit<'_, T> {
    /// Returns `true` if this came after another observation, as far as that is known.
    pub(super) fn is_after<U>(&self, other: &Hit<'_, U>) -> bool {
        if self.of.source == other.of.source {
            return self.index > other.index;
        }
        self.at.zip(other.at).is_some_and(|(own, other)| own > other)
    }
}

pub(super) type Event<'a> = Hit<'a, EventRecord>;

/// The ids by which a connector's response can name a device.
#[derive(Debug, Default)]
pub(super) struct DeviceIds {
    pub(super) intune: BTreeSet<String>,
    pub(super) entra: BTreeSet<String>,
    /// Additional ids to compare, whose absence proves nothing.
    other: BTreeSet<String>,
    pub(super) names: BTreeSet<String>,
}

/// The evidence of one deployment.
#[derive(Debug)]
pub(super) struct Case<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) times: Vec<Option<Timestamp>>,
    pub(super) steps: Vec<ClockStep>,
    events: HashMap<(Side, &'a str, u32), Vec<usize>>,
    others: Vec<usize>,
    /// The start of the last deployment in the logs, if they contain an earlier one.
    start: Option<Timestamp>,
    pub(super) ids: DeviceIds,
    /// The last time in a log of the device.
    pub(super) until: Option<Timestamp>,
}

impl<'a> Case<'a> {
    pub(super) fn new(evidence: &'a Evidence, device_ids: &[&str], names: &[&str]) -> Self {
        let steps = clock::steps(evidence);
        let times = clock::mended(evidence, &steps);
        let mut events: HashMap<(Side, &'a str, u32), Vec<usize>> = HashMap::new();
        let mut others = Vec::new();
        for (index, of) in evidence.observations().iter().enumerate() {
            match &of.fact {
                Fact::Event(record) => {
                    events.entry((of.side, record.provider.name(), record.id)).or_default().push(index);
                }
                _ => others.push(index),
            }
        }
        let mut case = Self {
            evidence,
            times,
            steps,
            events,
            others,
            start: None,
            ids: DeviceIds::default(),
            until: None,
        };
        case.start = case.last_start();
        case.ids = case.read_ids(device_ids, names);
        let logs = evidence.sources().iter().filter(|source| source.side == Side::Device);
        let logs = logs.filter(|source| matches!(source.kind, SourceKind::EventLog(_)));
        case.until = logs.filter_map(|source| source.last).max();
        case
    }

    /// Returns events from the last deployment in order of time.
    pub(super) fn events(&self, side: Side, provider: &Provider, ids: &[u32]) -> Vec<Event<'a>> {
        let mut found: Vec<Event<'a>> = Vec::new();
        for id in ids {
            let of_id = self
                .events
                .iter()
                .filter(|((of, name, number), _)| *of == side && *number == *id && *name == provider.name());
            for index in of_id.flat_map(|(_, indexes)| indexes) {
                let Some(of) = self.evidence.observations().get(*index) else { continue };
                let Fact::Event(fact) = &of.fact else { continue };
                let at = self.times.get(*index).copied().flatten();
                if self.start.is_none_or(|start| at.is_none_or(|at| at >= start)) {
                    found.push(Hit { index: *index, at, of, fact });
                }
            }
        }
        found.sort_by_key(|hit| (hit.at, hit.index));
        found
    }

    /// Returns all events from a provider in the last deployment.
    pub(super) fn events_of_provider(&self, side: Side, provider: &Provider) -> Vec<Event<'a>> {
        let mut ids: Vec<u32> = self
            .events
            .keys()
            .filter(|(of, name, _)| *of == side && *name == provider.name())
            .map(|(_, _, id)| *id)
            .collect();
        ids.sort_unstable();
        self.events(side, provider, &ids)
    }

    pub(super) fn dm(&self, ids: &[u32]) -> Vec<Event<'a>> {
        self.events(Side::Device, &Provider::DeviceManagement, ids)
    }

    pub(super) fn md(&self, ids: &[u32]) -> Vec<Event<'a>> {
        self.events(Side::Device, &Provider::ModernDeployment, ids)
    }

    pub(super) fn udr(&self, ids: &[u32]) -> Vec<Event<'a>> {
        self.events(Side::Device, &Provider::UserDeviceRegistration, ids)
    }

    pub(super) fn shell(&self) -> Vec<Event<'a>> {
        self.events(Side::Device, &Provider::ShellCore, &[62402, 62403, 62404, 62406, 62407])
    }

    /// Returns facts of the device other than events.
    pub(super) fn facts<T>(&self, pick: impl Fn(&'a Fact) -> Option<&'a T>) -> Vec<Hit<'a, T>> {
        self.facts_of(Side::Device, pick)
    }

    pub(super) fn facts_of<T>(
        &self,
        side: Side,
        pick: impl Fn(&'a Fact) -> Option<&'a T>,
    ) -> Vec<Hit<'a, T>> {
        let hits = self.others.iter().filter_map(|index| {
            let of = self.evidence.observations().get(*index)?;
            let fact = pick(&of.fact)?;
            (of.side == side).then(|| Hit {
                index: *index,
                at: self.times.get(*index).copied().flatten(),
                of,
                fact,
            })
        });
        hits.collect()
    }

    /// Returns the profile in the device's cache: the service's last file, or else the registry's copy.
    pub(super) fn profile(&self) -> Option<Hit<'a, CachedProfile>> {
        let rank = |hit: &Hit<'a, CachedProfile>| {
            let is_file =
                self.evidence.source(hit.of.source).is_some_and(|source| source.kind == SourceKind::Profile);
            (!hit.fact.offline, is_file, hit.fact.downloaded)
        };
        let profiles = self.facts(|fact| match fact {
            Fact::Profile(profile) => Some(profile),
            _ => None,
        });
        profiles.into_iter().max_by_key(rank)
    }

    pub(super) fn is_hybrid(&self) -> Option<bool> {
        self.profile()?.fact.is_hybrid()
    }

    pub(super) fn status(&self) -> Option<Hit<'a, DirectoryStatus>> {
        let statuses = self.facts(|fact| match fact {
            Fact::DirectoryStatus(status) => Some(status),
            _ => None,
        });
        statuses.into_iter().next_back()
    }

    pub(super) fn registry(&self, key_end: &str, name: &str) -> Option<Hit<'a, RegistryValue>> {
        let values = self.facts(|fact| match fact {
            Fact::Registry(value) if value.is(key_end, name) => Some(value),
            _ => None,
        });
        values.into_iter().next()
    }

    /// Returns a value of any key with this part in its path.
    pub(super) fn registry_text(&self, key_part: &str, name: &str) -> Option<Hit<'a, RegistryValue>> {
        let part = key_part.to_lowercase();
        let values = self.facts(|fact| match fact {
            Fact::Registry(value) if value.key.contains(&part) && value.name.eq_ignore_ascii_case(name) => {
                Some(value)
            }
            _ => None,
        });
        values.into_iter().next()
    }

    /// Returns the event at a place of the evidence.
    pub(super) fn event_at(&self, index: usize) -> Option<Event<'a>> {
        let of = self.evidence.observations().get(index)?;
        let Fact::Event(fact) = &of.fact else { return None };
        Some(Hit { index, at: self.times.get(index).copied().flatten(), of, fact })
    }

    pub(super) fn category(&self, phase: EspPhase) -> Option<Hit<'a, EspCategory>> {
        let categories = self.facts(|fact| match fact {
            Fact::EspCategory(category) if category.phase == phase => Some(category),
            _ => None,
        });
        categories.into_iter().next_back()
    }

    pub(super) fn first_syncs(&self) -> Vec<Hit<'a, FirstSync>> {
        self.facts(|fact| match fact {
            Fact::FirstSync(sync) => Some(sync),
            _ => None,
        })
    }

    pub(super) fn apps(&self) -> Vec<Hit<'a, TrackedApp>> {
        self.facts(|fact| match fact {
            Fact::App(app) => Some(app),
            _ => None,
        })
    }

    /// Returns the registry's mark that the blob was applied.
    pub(super) fn blob_mark(&self) -> Option<Hit<'a, Fact>> {
        self.facts(|fact| matches!(fact, Fact::BlobApplied).then_some(fact)).into_iter().next()
    }

    /// Returns the last record that the blob was applied.
    pub(super) fn applied(&self) -> Option<Event<'a>> {
        let applied = self.dm(&[107]);
        applied.into_iter().rev().find(|hit| hit.fact.hresult().is_none_or(|code| code == 0))
    }

    /// Returns the record that a domain controller was reached.
    pub(super) fn reached(&self) -> Option<Event<'a>> {
        let found = self.dm(&[101, 106]).into_iter().rev();
        found.into_iter().find(|hit| {
            let code = hit.fact.hresult();
            code == Some(0) || hit.fact.id == 101 && code.is_none()
        })
    }

    /// Returns the records of a domain join that timed out, unless the deployment continued.
    pub(super) fn join_failures(&self) -> Vec<Event<'a>> {
        let failures = self.dm(&[100, 109, 110]);
        let mut failures: Vec<Event<'a>> = failures
            .into_iter()
            .filter(|hit| hit.fact.id == 100 || hit.fact.fields.number("HexInt1") == Some(STATE_TIMED_OUT))
            .collect();
        let went_on = [self.applied(), self.reached()];
        failures.retain(|failure| !went_on.iter().flatten().any(|later| later.is_after(failure)));
        failures
    }

    /// Returns the start of the wait for the blob.
    pub(super) fn wait(&self) -> Option<Event<'a>> {
        self.dm(&[111]).into_iter().next_back()
    }

    /// Returns whether the device has to reach a domain controller before it restarts.
    pub(super) fn needs_domain_controller(&self) -> Option<bool> {
        let of_wait = self.wait().and_then(|hit| hit.fact.fields.flag("Boolean1"));
        of_wait.or_else(|| self.profile()?.fact.skips_connectivity_check.map(|skips| !skips))
    }

    /// Returns `true` if a complete log covers a period.
    pub(super) fn covers(&self, side: Side, channel: &str, from: Timestamp, until: Timestamp) -> bool {
        // After a jump of the clock the times of the source are those of two clocks.
        let has_jump = self.steps.iter().any(|step| step.side == side);
        !has_jump && self.logs(side, channel).any(|source| source.covers(from, until))
    }

    fn logs(&self, side: Side, channel: &str) -> impl Iterator<Item = &'a Source> {
        self.evidence.sources().iter().filter(move |source| {
            let SourceKind::EventLog(of) = &source.kind else { return false };
            source.side == side && of.eq_ignore_ascii_case(channel)
        })
    }

    /// Returns `true` if a log was read, complete or not.
    pub(super) fn has_log(&self, channel: &str) -> bool {
        self.logs(Side::Device, channel).any(|source| source.complete)
    }

    /// Returns `true` if a source of this kind was read completely on the device.
    pub(super) fn has(&self, kind: &SourceKind) -> bool {
        self.evidence.has(Side::Device, kind)
    }

    /// Returns `true` if the connector's log covers a period.
    pub(super) fn connector_covers(&self, from: Timestamp, until: Timestamp) -> bool {
        CONNECTOR_CHANNELS.iter().any(|channel| self.covers(Side::ConnectorServer, channel, from, until))
    }

    pub(super) fn has_connector_log(&self) -> bool {
        CONNECTOR_CHANNELS
            .iter()
            .any(|channel| self.logs(Side::ConnectorServer, channel).any(|source| source.complete))
    }

    /// Returns the connectors' responses during the last deployment, and whether each is for this device.
    pub(super) fn answers(&self) -> Vec<(Hit<'a, ConnectorAnswer>, Lookup<()>)> {
        let earliest = self.start.and_then(|start| start.checked_sub(SLACK).ok());
        let mut answers = self.all_answers();
        answers.retain(|(hit, _)| earliest.is_none_or(|earliest| hit.at.is_none_or(|at| at >= earliest)));
        answers
    }

    /// Returns the connectors' responses in order of time, and whether each is for this device.
    pub(super) fn all_answers(&self) -> Vec<(Hit<'a, ConnectorAnswer>, Lookup<()>)> {
        let answers = self.facts_of(Side::ConnectorServer, |fact| match fact {
            Fact::ConnectorAnswer(answer) => Some(answer),
            _ => None,
        });
        let mut answers: Vec<_> =
            answers.into_iter().map(|hit| (hit, self.is_to_this_device(hit.fact))).collect();
        answers.sort_by_key(|(hit, _)| (hit.at, hit.index));
        answers
    }

    /// Returns the responses for this device.
    pub(super) fn own_answers(&self) -> Vec<Hit<'a, ConnectorAnswer>> {
        let own = self.answers().into_iter().filter(|(_, own)| *own == Lookup::Present(()));
        own.map(|(hit, _)| hit).collect()
    }

    /// Returns the failed responses for this device that no success followed.
    pub(super) fn refusals(&self) -> Vec<Hit<'a, ConnectorAnswer>> {
        let answers = self.own_answers();
        let last_success = answers.iter().rposition(|hit| hit.fact.outcome == ConnectorOutcome::Created);
        answers.into_iter().skip(last_success.map_or(0, |index| index + 1)).collect()
    }

    fn is_to_this_device(&self, answer: &ConnectorAnswer) -> Lookup<()> {
        let id = answer.device_id.as_deref().map(plain_id);
        let knows = |id: &String| {
            [&self.ids.intune, &self.ids.entra, &self.ids.other].iter().any(|ids| ids.contains(id))
        };
        let name = answer.machine_name.as_deref().map(plain_name);
        if id.as_ref().is_some_and(knows) || name.is_some_and(|name| self.ids.names.contains(&name)) {
            return Lookup::Present(());
        }
        // Sources do not say which id of the device the connector logs.
        if id.is_some() && self.has_both_ids() { Lookup::Absent } else { Lookup::Unknown }
    }

    /// Returns `true` if both ids are known by which a response can name the device.
    pub(super) fn has_both_ids(&self) -> bool {
        !self.ids.intune.is_empty() && !self.ids.entra.is_empty()
    }

    /// Returns the start of the last deployment, if the logs have an earlier one.
    fn last_start(&self) -> Option<Timestamp> {
        let last = |hits: &[Event<'_>]| hits.iter().filter_map(|hit| hit.at).max();
        let profiles = self.md(&[160, 161]);
        let setup = last(&self.dm(&[71, 72, 111]));
        // The profile can be fetched again after a failure: then no deployment has followed yet.
        let fetched = profiles.iter().filter_map(|hit| hit.at);
        let fetched = fetched.filter(|at| setup.is_none_or(|setup| *at <= setup)).max();
        if fetched.is_some() {
            // Events 160 and 161 belong together.
            let pair = SignedDuration::from_mins(5);
            return fetched.and_then(|at| at.checked_sub(pair).ok());
        }
        // Without that log: an enrollment between two waits begins a deployment.
        let waits: Vec<Timestamp> = self.dm(&[111]).iter().filter_map(|hit| hit.at).collect();
        let enrolled = self.dm(&[72]);
        let between = enrolled
            .iter()
            .filter_map(|hit| hit.at)
            .filter(|at| waits.iter().any(|wait| wait < at) && waits.iter().any(|wait| wait > at));
        between.max()
    }

    fn read_ids(&self, device_ids: &[&str], names: &[&str]) -> DeviceIds {
        let mut ids = DeviceIds::default();
        for id in device_ids {
            ids.other.insert(plain_id(id));
        }
        ids.names.extend(names.iter().map(|name| plain_name(name)));
        if let Some(hit) = self.registry(r"autopilot\establishedcorrelations", "EntDMID") {
            ids.intune.extend(hit.fact.data.text().filter(|text| !text.is_empty()).map(plain_id));
        }
        if let Some(profile) = self.profile() {
            ids.entra.extend(profile.fact.device_id.as_deref().map(plain_id));
            ids.other.extend(profile.fact.registration_id.as_deref().map(plain_id));
        }
        if let Some(status) = self.status() {
            ids.entra.extend(status.fact.device_id().filter(|id| !id.is_empty()).map(plain_id));
        }
        let enrollments = self.facts(|fact| match fact {
            Fact::Enrollment(enrollment) => Some(enrollment),
            _ => None,
        });
        ids.other.extend(enrollments.iter().map(|hit| plain_id(&hit.fact.id)));
        for indexes in self.events.iter().filter(|((side, ..), _)| *side == Side::Device).map(|(_, all)| all)
        {
            // The name changes with the join: the first and the last record of each kind are enough.
            for index in [indexes.first(), indexes.last()].into_iter().flatten() {
                let Some(Observation { fact: Fact::Event(record), .. }) =
                    self.evidence.observations().get(*index)
                else {
                    continue;
                };
                let at = self.times.get(*index).copied().flatten();
                let in_run = self.start.is_none_or(|start| at.is_none_or(|at| at >= start));
                if in_run {
                    ids.names.extend(record.computer.as_deref().map(plain_name));
                }
            }
        }
        ids.names.remove("");
        ids
    }

    /// Converts an observation into a proof.
    pub(super) fn proof<T>(&self, hit: &Hit<'_, T>, text: impl Into<String>) -> Proof {
        let source = self.evidence.source(hit.of.source);
        Proof {
            side: hit.of.side,
            source: source.map_or("", |source| source.path.as_str()).into(),
            record: hit.of.record,
            time: hit.at,
            text: text.into().into(),
        }
    }

    /// Converts an event into a proof.
    pub(super) fn event_proof(&self, hit: &Event<'_>, meaning: &str) -> Proof {
        let code = hit.fact.hresult().filter(|code| *code != 0);
        let code = code.map_or_else(String::new, |code| format!(", 0x{code:08x}"));
        self.proof(hit, format!("event {}: {meaning}{code}", hit.fact.id))
    }
}

/// Returns an id without its braces, in lower case.
fn plain_id(id: &str) -> String {
    id.trim().trim_matches(['{', '}']).to_ascii_lowercase()
}

/// Returns the first label of a computer's name, in lower case.
fn plain_name(name: &str) -> String {
    name.trim().trim_end_matches('$').split('.').next().unwrap_or_default().to_lowercase()
}
