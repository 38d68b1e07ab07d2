//! The rounds of a watch: all devices are polled until none is in progress.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::event::WatchEvent;
use super::evidence::DeviceSnapshot;
use super::findings::WATCH_UNREAD;
use super::followed::Followed;
use super::matching::Events;
use super::observe::observe;
use super::phase::{DeploymentOutcome, Phase};
use super::read::{
    Registration, Source, read_anchors, read_directory, read_managed_devices, read_registrations,
};
use super::report::DeploymentReport;
use super::request::Watch;
use super::state::later;
use super::tenant::JoinContext;
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::excerpt;
use crate::model::{DirectoryDevice, Finding, Lookup, ManagedDevice};
use crate::workflow::run::{Progress, Run};

/// The time after which the context of a domain join is stale.
const CONTEXT_AGE: Duration = Duration::from_secs(10 * 60);

/// The interval of searches in Intune for a device that shows no sign of being switched on.
const LOOK_FOR_EVERY: Duration = Duration::from_secs(5 * 60);

/// The devices of a watch, between two polls.
struct Round {
    watch: Watch,
    started: Timestamp,
    devices: Vec<Followed>,
    context: Option<JoinContext>,
    /// The sources that the last attempt could not read, in their order.
    unread: Vec<(Source, Finding)>,
}

impl Watch {
    /// Starts the watch, which ends with the last device.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) or
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) if the registrations may not be read. Any other
    /// source that cannot be read is a finding of the report.
    pub fn start(self) -> Run<WatchEvent, Result<DeploymentReport>> {
        Run::new(|progress| Round::new(self).run(progress))
    }

    /// Polls once, and reports the state of all devices.
    ///
    /// # Errors
    /// As [`Watch::start`].
    pub fn snapshot(self) -> Run<WatchEvent, Result<DeploymentReport>> {
        Run::new(|progress| async move {
            let mut round = Round::new(self);
            round.poll(&progress).await?;
            Ok(round.report())
        })
    }
}

impl Round {
    fn new(watch: Watch) -> Self {
        let started = watch.client.clock().timestamp();
        let mut devices: Vec<Followed> = Vec::new();
        let mut known = std::collections::HashSet::new();
        for device in &watch.devices {
            if known.insert(&device.id) {
                let mut snapshot = DeviceSnapshot::new(device.id.clone(), started);
                snapshot.serial_number.clone_from(&device.serial_number);
                snapshot.device_evidence = watch.evidence.get(&device.id).cloned();
                devices.push(Followed::new(snapshot));
            }
        }
        Self { watch, started, devices, context: None, unread: Vec::new() }
    }

    /// Polls until no device is in progress.
    async fn run(mut self, progress: Progress<WatchEvent>) -> Result<DeploymentReport> {
        let clock = Arc::clone(self.watch.client.clock());
        let mut wait = self.watch.first;
        loop {
            let changed = self.poll(&progress).await?;
            let in_progress =
                self.devices.iter().filter(|device| device.is(DeploymentOutcome::InProgress)).count();
            progress.emit(WatchEvent::Polled { in_progress, devices: self.devices.len() });
            if in_progress == 0 || progress.is_stopped() {
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

    /// Polls once, each collection at most once. Returns `true` if anything has changed.
    async fn poll(&mut self, progress: &Progress<WatchEvent>) -> Result<bool> {
        let client = self.watch.client.clone();
        // Once a device is through its enrollment, its registration has nothing more to say; once it has its profile, the
        // registration says whether that changes.
        let registered = self
            .open()
            .filter(|(_, device)| device.phase() <= Phase::Enrolled)
            .map(|(index, device)| (index, &device.snapshot, device.phase() < Phase::ProfileAssigned));
        let (registrations, events) =
            futures_util::future::join(read_registrations(&client, registered), self.read_events()).await;
        self.take_registrations(registrations?)?;
        self.mark_unique_serials();
        let events = self.kept(Source::Deployments, events);
        let wanted = self.open().filter(|(_, device)| self.is_looked_for(device, events.as_ref()));
        let managed = read_managed_devices(&client, wanted).await?;
        for (index, answer) in managed {
            self.take_managed_device(index, answer);
        }
        if let Some(events) = &events {
            self.take_events(events);
        }
        let directory = read_directory(&client, self.open()).await?;
        for (index, anchor, computer) in directory {
            self.take_anchor(index, anchor);
            self.take_computer(index, computer);
        }
        self.observe_all();
        self.explain_domain_joins().await?;
        Ok(self.emit(progress))
    }

    /// Returns the report so far.
    fn report(self) -> DeploymentReport {
        let mut report = DeploymentReport::new(self.started);
        report.title = self.watch.title;
        report.ended = self.watch.client.clock().timestamp();
        report.devices = self.devices.iter().filter_map(Followed::to_report).collect();
        report.findings = self.unread.into_iter().map(|(_, finding)| finding).collect();
        report
    }

    fn now(&self) -> Timestamp {
        self.watch.client.clock().timestamp()
    }

    /// Returns the devices that are read one by one: those that may still change.
    fn open(&self) -> impl Iterator<Item = (usize, &Followed)> {
        let is_open =
            |device: &Followed| !device.is(DeploymentOutcome::Ready) && !device.is(DeploymentOutcome::Failed);
        self.devices.iter().enumerate().filter(move |(_, device)| is_open(device))
    }

    fn take_registrations(&mut self, reads: Vec<Registration>) -> Result<()> {
        // Who may not read registrations can watch nothing.
        let refused =
            |error: &Error| matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::Authentication);
        let first = self.devices.iter().all(|device| device.snapshot.identity == Lookup::Unknown);
        let all_refused = reads.iter().all(|(_, identity, _)| identity.as_ref().is_err_and(refused));
        for (index, identity, profile) in reads {
            let identity = match identity {
                Err(error) if first && all_refused => return Err(error),
                identity => self.kept(Source::Registrations, identity),
            };
            let profile = profile.and_then(|profile| self.kept(Source::Profiles, profile));
            let Some(device) = self.devices.get_mut(index) else { continue };
            if let Some(identity) = identity {
                let serial = identity.as_ref().and_then(|identity| identity.serial_number.clone());
                device.snapshot.serial_number = serial.or_else(|| device.snapshot.serial_number.take());
                device.snapshot.identity = identity.into();
            }
            if let Some(profile) = profile {
                device.snapshot.profile = profile.into();
            }
        }
        Ok(())
    }

    fn mark_unique_serials(&mut self) {
        let mut counts: HashMap<String, usize> = HashMap::new();
        let key = |device: &Followed| Some(device.snapshot.serial_number.as_ref()?.trim().to_lowercase());
        for key in self.devices.iter().filter_map(key) {
            *counts.entry(key).or_default() += 1;
        }
        for device in &mut self.devices {
            device.serial_is_unique = key(device).is_none_or(|key| counts.get(&key) == Some(&1));
        }
    }

    /// Reads all records of deployments, if any device may have one.
    async fn read_events(&self) -> Result<Events> {
        let may_have_begun =
            |device: &Followed| device.state.is_none() || device.phase() >= Phase::ProfileAssigned;
        if !self.open().any(|(_, device)| may_have_begun(device)) {
            return Ok(Events::default());
        }
        let events = self.watch.client.autopilot_events().list().all().await?;
        Ok(Events::new(events, self.watch.since))
    }

    fn take_events(&mut self, events: &Events) {
        for device in &mut self.devices {
            // A record that has been read does not go away while its device is watched.
            match events.of(&device.snapshot, device.serial_is_unique).cloned() {
                Some(found) => {
                    if device.snapshot.event.present().is_some_and(|known| known.id != found.id) {
                        device.begin_again();
                    }
                    device.snapshot.event = Lookup::Present(found);
                }
                None if device.snapshot.event == Lookup::Unknown => device.snapshot.event = Lookup::Absent,
                None => {}
            }
        }
    }

    /// Returns `true` if a device is to be read in Intune: if it shows any sign of being switched on, or at intervals.
    fn is_looked_for(&self, device: &Followed, events: Option<&Events>) -> bool {
        device.phase() >= Phase::Enrolled
            || device.was_in_touch()
            || device.looked_for.is_none_or(|at| later(at, LOOK_FOR_EVERY) <= self.now())
            || events.is_some_and(|events| events.of(&device.snapshot, device.serial_is_unique).is_some())
    }

    fn take_managed_device(&mut self, index: usize, answer: Result<Option<ManagedDevice>>) {
        let now = self.now();
        let Some(managed) = self.kept(Source::IntuneDevices, answer) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.looked_for = Some(now);
        let name = managed.as_ref().and_then(|managed| managed.device_name.clone());
        device.snapshot.first_computer_name = device.snapshot.first_computer_name.take().or(name);
        device.snapshot.managed_device = managed.into();
    }

    fn take_anchor(&mut self, index: usize, answer: Option<Result<Option<DirectoryDevice>>>) {
        let Some(anchor) = answer.and_then(|answer| self.kept(Source::EntraDevices, answer)) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.snapshot.anchor = anchor.into();
    }

    fn take_computer(&mut self, index: usize, answer: Option<Result<Option<DirectoryDevice>>>) {
        let Some(hybrid) = answer.and_then(|answer| self.kept(Source::EntraDevices, answer)) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.snapshot.hybrid = hybrid.into();
    }

    /// Diagnoses domain joins that have failed or stall, as far as Graph shows the cause: a failed one once, a stalled one
    /// repeatedly, since the cause may be put right.
    async fn explain_domain_joins(&mut self) -> Result<()> {
        let client = self.watch.client.clone();
        let now = self.now();
        let old = |at: Timestamp| later(at, CONTEXT_AGE) <= now;
        let asks = |device: &Followed| match device.explained {
            Some(at) => device.is(DeploymentOutcome::InProgress) && old(at),
            None => device.domain_join_is_unexplained(),
        };
        let asking: Vec<usize> = self
            .devices
            .iter()
            .enumerate()
            .filter(|(_, device)| asks(device))
            .map(|(index, _)| index)
            .collect();
        if asking.is_empty() {
            return Ok(());
        }
        if self.context.as_ref().is_none_or(|context| old(context.read_at)) {
            let (context, errors) = JoinContext::read(&client).await;
            for source in [Source::Connectors, Source::DomainJoinProfiles, Source::Groups] {
                self.read(source);
            }
            for (source, error) in errors {
                self.miss(source, &error);
            }
            self.context = Some(context);
        }
        // Somebody may have deleted the registration's object since it was seen.
        let devices = asking.iter().filter_map(|index| Some((*index, self.devices.get(*index)?)));
        let anchors = read_anchors(&client, devices).await?;
        for (index, anchor) in anchors {
            self.take_anchor(index, Some(anchor));
        }
        for index in asking {
            let (Some(device), Some(context)) = (self.devices.get_mut(index), &self.context) else {
                continue;
            };
            device.explained = Some(now);
            device.snapshot.connectors = context.connectors.clone();
            let anchor = device.snapshot.anchor.present();
            device.snapshot.domain_joins =
                anchor.map_or(Lookup::Unknown, |anchor| context.domain_joins_of(anchor));
        }
        self.observe_all();
        Ok(())
    }

    fn observe_all(&mut self) {
        let now = self.now();
        for device in &mut self.devices {
            let state = observe(&device.snapshot, &self.watch.expected, now);
            device.snapshot.first_seen.entry(state.phase).or_insert(now);
            device.settled = state.outcome.is_settled().then(|| device.settled.unwrap_or(now));
            device.state = Some(state);
        }
    }

    /// Emits the changes since the last event.
    fn emit(&mut self, progress: &Progress<WatchEvent>) -> bool {
        let mut changed = false;
        for device in &mut self.devices {
            let Some(state) = &device.state else { continue };
            let findings = state.findings.iter().map(|finding| finding.id.to_string()).collect();
            let telling = Some((state.phase, state.outcome, findings));
            if device.reported != telling {
                device.reported = telling;
                changed = true;
                if let Some(report) = device.to_report() {
                    progress.emit(WatchEvent::Changed(Box::new(report)));
                }
            }
        }
        changed
    }

    /// Returns the time until the next device is overdue.
    fn until_deadline(&self) -> Option<Duration> {
        let in_progress = self.devices.iter().filter(|device| device.is(DeploymentOutcome::InProgress));
        let next = in_progress.filter_map(|device| device.state.as_ref()?.deadline).min()?;
        let left = Duration::try_from(next.duration_since(self.now())).unwrap_or_default();
        Some(left.max(Duration::from_secs(1)))
    }

    /// Returns the answer; notes an error for the report.
    fn kept<T>(&mut self, source: Source, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.read(source);
                Some(value)
            }
            Err(error) => {
                self.miss(source, &error);
                None
            }
        }
    }

    fn miss(&mut self, source: Source, error: &Error) {
        let (what, permission) = source.parts();
        let mut finding = WATCH_UNREAD.at(what, excerpt(format!("{error:#}"), 240));
        if error.kind() == ErrorKind::Forbidden {
            finding.remedy = format!("grant {permission}; what depends on it is not known").into();
        }
        self.read(source);
        let place = self.unread.partition_point(|(other, _)| *other < source);
        self.unread.insert(place, (source, finding));
    }

    /// Clears the error of a source.
    fn read(&mut self, source: Source) {
        self.unread.retain(|(other, _)| *other != source);
    }
}
