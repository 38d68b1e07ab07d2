//! Looking at all devices again and again, each collection at most once a round.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::evidence::{DeviceEvidence, Seen};
use super::matching::{Events, hybrid_device_of, managed_device_of};
use super::observe::observe;
use super::state::{DeviceState, later};
use super::tenant::JoinContext;
use super::{Outcome, Phase, Watch, WatchEvent};
use crate::error::{Error, ErrorKind, Result, excerpt};
use crate::graph::{List, Page, Slot, field};
use crate::model::{
    DeploymentProfile, Device, DirectoryDevice, EnrollmentState, Finding, ManagedDevice, ProfileReference,
    Severity, Text,
};
use crate::workflow::Progress;
use crate::workflow::report::{DeploymentReport, DeviceReport};

/// How long what a domain join depends on is good for.
const CONTEXT_AGE: Duration = Duration::from_secs(10 * 60);

/// Devices on their way.
pub(super) struct Round {
    watch: Watch,
    started: Timestamp,
    devices: Vec<Followed>,
    context: Option<JoinContext>,
    /// What the last attempt to read could not.
    unread: BTreeMap<Source, Finding>,
}

struct Followed {
    evidence: DeviceEvidence,
    /// Whether no other device that is watched has its serial number.
    serial_is_unique: bool,
    state: Option<DeviceState>,
    settled: Option<Timestamp>,
    /// What was last told of it: phase, outcome and findings.
    told: Option<(Phase, Outcome, Vec<String>)>,
}

/// Where something is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Registrations,
    Profiles,
    Deployments,
    IntuneDevices,
    EntraDevices,
    Connectors,
    DomainJoinProfiles,
    Groups,
}

impl Source {
    /// What it is, in words and by its name in Graph, and the permission that it takes.
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::Registrations => (
                "registered devices (windowsAutopilotDeviceIdentities)",
                "DeviceManagementServiceConfig.Read.All",
            ),
            Self::Profiles => {
                ("profiles of the devices (deploymentProfile)", "DeviceManagementServiceConfig.Read.All")
            }
            Self::Deployments => {
                ("records of deployments (autopilotEvents)", "DeviceManagementManagedDevices.Read.All")
            }
            Self::IntuneDevices => {
                ("devices in Intune (managedDevices)", "DeviceManagementManagedDevices.Read.All")
            }
            Self::EntraDevices => ("devices in Entra ID (devices)", "Device.Read.All"),
            Self::Connectors => {
                ("connectors (domainJoinConnectors)", "DeviceManagementConfiguration.Read.All")
            }
            Self::DomainJoinProfiles => {
                ("domain join profiles (deviceConfigurations)", "DeviceManagementConfiguration.Read.All")
            }
            Self::Groups => ("members of groups (groups)", "GroupMember.Read.All"),
        }
    }
}

impl Round {
    pub(super) fn new(watch: Watch) -> Self {
        let started = watch.client.clock().timestamp();
        let mut devices: Vec<Followed> = Vec::new();
        for device in &watch.devices {
            if devices.iter().any(|known| known.evidence.id == device.id) {
                continue;
            }
            let mut evidence = DeviceEvidence::new(device.id.clone(), started);
            evidence.serial_number.clone_from(&device.serial_number);
            devices.push(Followed {
                evidence,
                serial_is_unique: true,
                state: None,
                settled: None,
                told: None,
            });
        }
        Self { watch, started, devices, context: None, unread: BTreeMap::new() }
    }

    /// Looks until nothing more is to be waited for.
    pub(super) async fn run(mut self, progress: Progress<WatchEvent>) -> Result<DeploymentReport> {
        let clock = Arc::clone(self.watch.client.clock());
        let mut wait = self.watch.first;
        loop {
            let changed = self.look(&progress).await?;
            let underway = self.devices.iter().filter(|device| device.is(Outcome::Underway)).count();
            progress.send(WatchEvent::Looked { underway, devices: self.devices.len() });
            if underway == 0 || progress.is_stopped() {
                break;
            }
            // Where something moves, more is to be expected soon.
            wait = if changed { self.watch.first } else { (wait + wait / 2).min(self.watch.longest) };
            let sleep = clock.sleep(self.until_deadline().map_or(wait, |left| wait.min(left)));
            futures_util::future::select(sleep, std::pin::pin!(progress.stopped())).await;
            if progress.is_stopped() {
                break;
            }
        }
        Ok(self.report())
    }

    /// Looks once at every device that is not at its end. Whether anything about one has changed.
    pub(super) async fn look(&mut self, progress: &Progress<WatchEvent>) -> Result<bool> {
        let (registrations, events) =
            futures_util::future::join(self.read_registrations(), self.read_events()).await;
        for read in registrations? {
            self.take_registration(read);
        }
        self.mark_unique_serials();
        let events = self.kept(Source::Deployments, events);
        let managed = self.read_managed_devices(events.as_ref()).await?;
        for (index, answer) in managed {
            self.take_managed_device(index, answer);
        }
        if let Some(events) = &events {
            self.take_events(events);
        }
        let directory = self.read_directory().await?;
        for read in directory {
            self.take_directory(read);
        }
        self.observe_all();
        if self.needs_context() {
            let (context, errors) = JoinContext::read(&self.watch.client).await;
            for source in [Source::Connectors, Source::DomainJoinProfiles, Source::Groups] {
                self.unread.remove(&source);
            }
            for (source, error) in errors {
                self.miss(source, &error);
            }
            self.context = Some(context);
        }
        self.take_context();
        self.observe_all();
        Ok(self.tell(progress))
    }

    /// What there is to say so far.
    pub(super) fn report(self) -> DeploymentReport {
        let mut report = DeploymentReport::new(self.started);
        report.title = self.watch.title;
        report.ended = self.watch.client.clock().timestamp();
        report.devices = self.devices.iter().filter_map(|device| device.to_report()).collect();
        report.findings = self.unread.into_values().collect();
        report
    }

    /// The devices that are read one by one: those that may still change.
    fn open(&self) -> impl Iterator<Item = (usize, &Followed)> {
        self.devices
            .iter()
            .enumerate()
            .filter(|(_, device)| !device.is(Outcome::Ready) && !device.is(Outcome::Failed))
    }

    async fn read_registrations(&self) -> Result<Vec<Registration>> {
        let mut batch = self.watch.client.batch();
        let slots: Vec<_> = self
            .open()
            // Once a device is through its enrollment, its registration has nothing more to say.
            .filter(|(_, device)| device.phase() <= Phase::Enrolled)
            .map(|(index, device)| {
                let id = &device.evidence.id;
                let profile = (device.phase() < Phase::Enrolled)
                    .then(|| batch.add(self.watch.client.devices().deployment_profile(id)));
                (index, batch.add(self.watch.client.devices().get(id)), profile)
            })
            .collect();
        let mut answers = batch.send().await?;
        let reads: Vec<Registration> = slots
            .into_iter()
            .map(|(index, identity, profile)| {
                (index, answers.take(identity), profile.map(|profile| answers.take(profile)))
            })
            .collect();
        // Who may not read registrations can watch nothing.
        let refused =
            |error: &Error| matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Authentication);
        let all_refused = reads.iter().all(|(_, identity, _)| identity.as_ref().is_err_and(refused));
        if all_refused && self.devices.iter().all(|device| device.evidence.identity == Seen::Unread) {
            return match reads.into_iter().find_map(|(_, identity, _)| identity.err()) {
                Some(error) => Err(error),
                None => Ok(Vec::new()),
            };
        }
        Ok(reads)
    }

    fn take_registration(&mut self, (index, identity, profile): Registration) {
        let identity = self.kept_if_there(Source::Registrations, identity);
        let profile = profile.map(|profile| self.kept_if_there(Source::Profiles, profile));
        let Some(device) = self.devices.get_mut(index) else { return };
        if let Some(identity) = identity {
            let serial = identity.get().and_then(|identity| identity.serial_number.clone());
            device.evidence.serial_number = serial.or_else(|| device.evidence.serial_number.take());
            device.evidence.identity = identity;
        }
        if let Some(Some(profile)) = profile {
            device.evidence.profile = match profile {
                Seen::There(profile) => reference(&profile).map_or(Seen::Unread, Seen::There),
                Seen::Missing => Seen::Missing,
                Seen::Unread => Seen::Unread,
            };
        }
    }

    fn mark_unique_serials(&mut self) {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let key = |device: &Followed| Some(device.evidence.serial_number.as_ref()?.trim().to_lowercase());
        for key in self.devices.iter().filter_map(key) {
            *counts.entry(key).or_default() += 1;
        }
        for device in &mut self.devices {
            device.serial_is_unique = key(device).is_none_or(|key| counts.get(&key) == Some(&1));
        }
    }

    /// All records of deployments, if any device may have one.
    async fn read_events(&self) -> Result<Events> {
        let begun = |device: &Followed| device.state.is_none() || device.phase() >= Phase::ProfileAssigned;
        if !self.open().any(|(_, device)| begun(device)) {
            return Ok(Events::default());
        }
        let events = self.watch.client.autopilot_events().list().all().await?;
        Ok(Events::new(events, self.watch.since))
    }

    fn take_events(&mut self, events: &Events) {
        for device in &mut self.devices {
            let found = events.of(&device.evidence, device.serial_is_unique).cloned();
            // One that has been read does not go away while its device is watched.
            let Some(found) = found else {
                if device.evidence.event == Seen::Unread {
                    device.evidence.event = Seen::Missing;
                }
                continue;
            };
            if device.evidence.event.get().is_some_and(|known| known.id != found.id) {
                device.begin_again();
            }
            device.evidence.event = Seen::There(found);
        }
    }

    /// Devices in Intune, by id where it is known and by serial number where not.
    async fn read_managed_devices(
        &self,
        events: Option<&Events>,
    ) -> Result<Vec<(usize, Result<Option<ManagedDevice>>)>> {
        let client = &self.watch.client;
        let mut batch = client.batch();
        let mut slots = Vec::new();
        for (index, device) in self.open() {
            let evidence = &device.evidence;
            let has_event =
                events.is_some_and(|events| events.of(evidence, device.serial_is_unique).is_some());
            if device.phase() < Phase::ProfileAssigned
                && !has_event
                && !was_in_touch(evidence)
                && device.state.is_some()
            {
                continue;
            }
            let known = evidence.identity.get().and_then(|identity| identity.managed_device_id.as_ref());
            let known = known.or_else(|| evidence.managed_device.get().map(|managed| &managed.id));
            if let Some(id) = known {
                slots.push((index, Managed::Get(batch.add(client.managed_devices().get(id)))));
            } else if let Some(serial) = &evidence.serial_number {
                let filter = field("serialNumber").eq(serial.trim());
                let list = client.managed_devices().list().filter(filter);
                slots.push((index, Managed::Find(batch.add(list.operation().clone()), Box::new(list))));
            }
        }
        let mut answers = batch.send().await?;
        let mut found = Vec::new();
        for (index, slot) in slots {
            let answer = match slot {
                Managed::Get(slot) => match answers.take(slot) {
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    answer => answer.map(Some),
                },
                Managed::Find(slot, list) => match answers.take(slot) {
                    Ok(page) => list.all_from(page).await.map(|found| {
                        self.devices.get(index).and_then(|device| managed_device_of(found, &device.evidence))
                    }),
                    Err(error) => Err(error),
                },
            };
            found.push((index, answer));
        }
        Ok(found)
    }

    fn take_managed_device(&mut self, index: usize, answer: Result<Option<ManagedDevice>>) {
        let Some(answer) = self.kept(Source::IntuneDevices, answer) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        if device.evidence.first_computer_name.is_none() {
            device.evidence.first_computer_name =
                answer.as_ref().and_then(|managed| managed.device_name.clone());
        }
        device.evidence.managed_device = answer.into();
    }

    /// Objects in Entra ID: the registration's, until the domain join is through, and the computer's, until it is there.
    async fn read_directory(&self) -> Result<Vec<DirectoryRead>> {
        let client = &self.watch.client;
        let mut batch = client.batch();
        let mut slots = Vec::new();
        for (index, device) in self.open() {
            let evidence = &device.evidence;
            let anchor = evidence.identity.get().and_then(|identity| identity.entra_device_id());
            if let Some(anchor) = anchor.filter(|_| device.phase() <= Phase::Enrolled) {
                let slot = batch.add(client.directory_devices().get_by_device_id(anchor));
                slots.push((index, Directory::Anchor(slot)));
            }
            let Some(managed) = evidence.managed_device.get() else { continue };
            if evidence.hybrid.get().is_some() {
                continue;
            }
            let entra =
                managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref());
            if let Some(id) = entra.filter(|id| Some(*id) != anchor) {
                let slot = batch.add(client.directory_devices().get_by_device_id(id));
                slots.push((index, Directory::Computer(slot)));
            } else if let Some(name) = managed.device_name.as_deref().filter(|_| device.is_renamed()) {
                let list = client.directory_devices().list().filter(field("displayName").eq(name));
                slots.push((index, Directory::Named(batch.add(list.operation().clone()), Box::new(list))));
            }
        }
        let mut answers = batch.send().await?;
        let mut found = Vec::new();
        for (index, slot) in slots {
            let one = |answer: Result<DirectoryDevice>| match answer {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                answer => answer.map(Some),
            };
            found.push(match slot {
                Directory::Anchor(slot) => (index, true, one(answers.take(slot))),
                Directory::Computer(slot) => {
                    let answer = one(answers.take(slot));
                    (index, false, answer.map(|device| device.filter(DirectoryDevice::is_hybrid)))
                }
                Directory::Named(slot, list) => {
                    let answer = match answers.take(slot) {
                        Ok(page) => list.all_from(page).await.map(hybrid_device_of),
                        Err(error) => Err(error),
                    };
                    (index, false, answer)
                }
            });
        }
        Ok(found)
    }

    fn take_directory(&mut self, (index, is_anchor, answer): DirectoryRead) {
        let Some(answer) = self.kept(Source::EntraDevices, answer) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        match is_anchor {
            true => device.evidence.anchor = answer.into(),
            false => device.evidence.hybrid = answer.into(),
        }
    }

    /// Whether a domain join has failed or stalls, and it is not known why.
    fn needs_context(&self) -> bool {
        let now = self.watch.client.clock().timestamp();
        let fresh = |context: &JoinContext| later(context.read_at, CONTEXT_AGE) > now;
        !self.context.as_ref().is_some_and(fresh) && self.devices.iter().any(Followed::asks_for_context)
    }

    fn take_context(&mut self) {
        let Some(context) = &self.context else { return };
        for device in &mut self.devices {
            // What a device failed by stays, whatever is put right later.
            if device.evidence.connectors == Seen::Unread && device.asks_for_context()
                || device.is(Outcome::Underway)
            {
                device.evidence.connectors = context.connectors.clone();
                device.evidence.domain_joins = device
                    .evidence
                    .anchor
                    .get()
                    .map_or(Seen::Unread, |anchor| context.domain_joins_of(anchor));
            }
        }
    }

    fn observe_all(&mut self) {
        let now = self.watch.client.clock().timestamp();
        for device in &mut self.devices {
            let state = observe(&device.evidence, &self.watch.expected, now);
            device.evidence.first_seen.entry(state.phase).or_insert(now);
            if state.outcome.is_settled() {
                device.settled.get_or_insert(now);
            } else {
                device.settled = None;
            }
            device.state = Some(state);
        }
    }

    /// Tells what has changed since it was last told.
    fn tell(&mut self, progress: &Progress<WatchEvent>) -> bool {
        let mut changed = false;
        for device in &mut self.devices {
            let Some(state) = &device.state else { continue };
            let key = (
                state.phase,
                state.outcome,
                state.findings.iter().map(|found| found.id.to_string()).collect(),
            );
            if device.told.as_ref() != Some(&key) {
                device.told = Some(key);
                changed = true;
                if let Some(report) = device.to_report() {
                    progress.send(WatchEvent::Changed(Box::new(report)));
                }
            }
        }
        changed
    }

    /// The time until the next device is overdue.
    fn until_deadline(&self) -> Option<Duration> {
        let now = self.watch.client.clock().timestamp();
        let deadlines = self.devices.iter().filter(|device| device.is(Outcome::Underway));
        let next = deadlines.filter_map(|device| device.state.as_ref()?.deadline).min()?;
        Some(Duration::try_from(next.duration_since(now)).unwrap_or_default().max(Duration::from_secs(1)))
    }

    /// What was read, if it could be; if not, that is told in the report.
    fn kept<T>(&mut self, source: Source, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.unread.remove(&source);
                Some(value)
            }
            Err(error) => {
                self.miss(source, &error);
                None
            }
        }
    }

    /// The same of something that may not be there.
    fn kept_if_there<T>(&mut self, source: Source, answer: Result<T>) -> Option<Seen<T>> {
        let answer = match answer {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Seen::Missing),
            answer => answer.map(Seen::There),
        };
        self.kept(source, answer)
    }

    fn miss(&mut self, source: Source, error: &Error) {
        let (what, permission) = source.parts();
        let remedy = match error.kind() {
            ErrorKind::Forbidden => format!("grant {permission}; what depends on it is not known"),
            _ => "watch again; what depends on it is not known".to_owned(),
        };
        let evidence = excerpt(&error.to_string(), 240);
        self.unread.insert(source, Finding::new("watch.unread", Severity::Warning, what, evidence, remedy));
    }
}

type Registration = (usize, Result<Device>, Option<Result<DeploymentProfile>>);
/// Of which device, whether it is the registration's object, and what was found.
type DirectoryRead = (usize, bool, Result<Option<DirectoryDevice>>);

enum Managed {
    Get(Slot<ManagedDevice>),
    Find(Slot<Page<ManagedDevice>>, Box<List<ManagedDevice>>),
}

enum Directory {
    Anchor(Slot<DirectoryDevice>),
    Computer(Slot<DirectoryDevice>),
    Named(Slot<Page<DirectoryDevice>>, Box<List<DirectoryDevice>>),
}

impl Followed {
    fn phase(&self) -> Phase {
        self.state.as_ref().map_or(Phase::Unregistered, |state| state.phase)
    }

    fn is(&self, outcome: Outcome) -> bool {
        self.state.as_ref().is_some_and(|state| state.outcome == outcome)
    }

    /// Whether its computer name is the domain's by now, so that an object of that name can be its own.
    fn is_renamed(&self) -> bool {
        let evidence = &self.evidence;
        let name = evidence.managed_device.get().and_then(|managed| managed.device_name.as_ref());
        self.phase() > Phase::Enrolled || name.is_some() && name != evidence.first_computer_name.as_ref()
    }

    fn asks_for_context(&self) -> bool {
        self.state.as_ref().is_some_and(|state| {
            let first = state.findings.first().map(|finding| &*finding.id);
            matches!(first, Some("watch.domain-join-failed" | "watch.domain-join-stalled"))
        })
    }

    /// Forgets when it was where: it is deployed anew.
    fn begin_again(&mut self) {
        self.evidence.first_seen.retain(|phase, _| *phase < Phase::Enrolled);
        self.evidence.first_computer_name = None;
        self.evidence.hybrid = Seen::Unread;
        self.settled = None;
    }

    fn to_report(&self) -> Option<DeviceReport> {
        let state = self.state.clone()?;
        let DeviceEvidence { id, serial_number, .. } = &self.evidence;
        Some(DeviceReport {
            id: id.clone(),
            serial_number: serial_number.clone(),
            settled: self.settled,
            state,
        })
    }
}

/// Whether the registration says that the device was switched on.
fn was_in_touch(evidence: &DeviceEvidence) -> bool {
    evidence.identity.get().is_some_and(|identity| {
        identity.managed_device_id.is_some()
            || !matches!(
                identity.enrollment_state,
                None | Some(EnrollmentState::NotContacted | EnrollmentState::Unknown)
            )
    })
}

/// A profile as a device refers to it.
fn reference(profile: &DeploymentProfile) -> Option<ProfileReference> {
    let mut reference = ProfileReference::new(profile.id()?.parse().ok()?);
    reference.display_name = profile.display_name().map(Text::from);
    reference.odata_type = profile.odata_type().map(Text::from);
    Some(reference)
}
