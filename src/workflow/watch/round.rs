//! The rounds of a watch: polls all devices until none is in progress.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::event::WatchEvent;
use super::evidence::{AppliedPage, DeviceSnapshot};
use super::findings::WATCH_UNREAD;
use super::followed::Followed;
use super::matching::Events;
use super::observe::observe;
use super::phase::{DeploymentOutcome, Phase};
use super::read::{
    Registration, Source, read_directory, read_managed_devices, read_pages, read_profiles, read_registrations,
};
use super::report::DeploymentReport;
use super::request::Watch;
use super::state::later;
use super::tenant::JoinContext;
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::excerpt;
use crate::model::{
    DirectoryDevice, EnrollmentStatusPage, Finding, Id, Lookup, ManagedDevice, ProfileReference,
};
use crate::workflow::run::{Progress, Run};

/// The time after which the context of a domain join is stale.
const CONTEXT_AGE: Duration = Duration::from_secs(60);

/// The number of settled devices that a round reads, in turn.
const SETTLED_IN_ROUND: usize = 20;

/// The interval of searches in Intune for a device without a sign of being switched on.
const LOOK_FOR_EVERY: Duration = Duration::from_secs(5 * 60);

/// The devices of a watch, between two polls.
struct Round {
    watch: Watch,
    started: Timestamp,
    devices: Vec<Followed>,
    /// The devices to read in the round.
    chosen: Vec<usize>,
    /// The settled device to read next.
    next_settled: usize,
    /// The enrollment status pages in records.
    pages: HashMap<Id<EnrollmentStatusPage>, Lookup<AppliedPage>>,
    context: Option<JoinContext>,
    /// The sources that the last attempt could not read, in order.
    unread: Vec<(Source, Finding)>,
}

impl Watch {
    /// Starts the watch, which ends when the last device is settled.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) or
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) if the caller is not permitted to read the
    /// registrations. Any other source that cannot be read is reported as a finding.
    pub fn start(self) -> Run<WatchEvent, Result<DeploymentReport>> {
        Run::new(|progress| Round::new(self).run(progress))
    }

    /// Polls once and reports the state of all devices.
    ///
    /// # Errors
    /// Same as [`Watch::start`].
    pub fn snapshot(self) -> Run<WatchEvent, Result<DeploymentReport>> {
        Run::new(|progress| async move {
            let mut round = Round::new(self);
            round.poll(&progress, true).await?;
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
        Self {
            watch,
            started,
            devices,
            chosen: Vec::new(),
            next_settled: 0,
            pages: HashMap::new(),
            context: None,
            unread: Vec::new(),
        }
    }

    /// Polls until no device is in progress.
    async fn run(mut self, progress: Progress<WatchEvent>) -> Result<DeploymentReport> {
        let clock = Arc::clone(self.watch.client.clock());
        let mut wait = self.watch.first;
        let mut whole = true;
        loop {
            let changed = self.poll(&progress, whole).await?;
            let in_progress =
                self.devices.iter().filter(|device| device.is(DeploymentOutcome::InProgress)).count();
            progress.emit(WatchEvent::Polled { in_progress, devices: self.devices.len() });
            if progress.is_stopped() {
                break;
            }
            if in_progress == 0 {
                if self.chosen.len() == self.devices.len() {
                    break;
                }
                // A settled device may have started again since it was last read.
                whole = true;
                continue;
            }
            whole = false;
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

    /// Polls once, each collection at most once: all devices, or those in progress and some settled ones. Returns
    /// `true` if anything has changed.
    async fn poll(&mut self, progress: &Progress<WatchEvent>, whole: bool) -> Result<bool> {
        let client = self.watch.client.clone();
        self.choose(whole);
        let registered = self
            .chosen()
            .map(|(index, device)| (index, &device.snapshot, device.phase() < Phase::ProfileAssigned));
        let (registrations, events) =
            futures_util::future::join(read_registrations(&client, registered), self.read_events()).await;
        self.take_registrations(registrations?)?;
        let stale = self.chosen().filter(|(_, device)| device.profile_is_stale());
        for (index, profile) in
            read_profiles(&client, stale.map(|(index, device)| (index, &device.snapshot))).await?
        {
            self.take_profile(index, profile);
        }
        self.mark_unique_serials();
        let events = self.kept(Source::Deployments, events);
        let wanted = self.chosen().filter(|(_, device)| self.is_looked_for(device, events.as_ref()));
        for (index, answer) in read_managed_devices(&client, wanted).await? {
            self.take_managed_device(index, answer);
        }
        if let Some(events) = &events {
            self.take_events(events);
        }
        let now = self.now();
        self.each_chosen(|device| device.follow_enrollment(now));
        self.read_pages().await?;
        // The phase says which objects the directory can have.
        self.observe_all();
        for (index, anchor, computer) in read_directory(&client, self.chosen(), &self.watch.expected).await? {
            self.take_anchor(index, anchor);
            self.take_computer(index, computer);
        }
        self.explain_domain_joins().await?;
        let changed = self.emit(progress);
        if self.watch.handle.is_shared() {
            self.watch.handle.set(self.report());
        }
        Ok(changed)
    }

    /// Chooses the devices to read: those in progress, those with a new record, and a batch of the others in turn, so
    /// that the cost of a round does not grow with the settled devices.
    fn choose(&mut self, whole: bool) {
        let is_open = |device: &Followed| {
            whole || device.is_due || device.state.is_none() || device.is(DeploymentOutcome::InProgress)
        };
        let (mut chosen, settled): (Vec<usize>, Vec<usize>) =
            (0..self.devices.len()).partition(|index| self.devices.get(*index).is_some_and(is_open));
        let first = settled.partition_point(|index| *index < self.next_settled);
        let turn = settled.iter().cycle().skip(first).take(SETTLED_IN_ROUND.min(settled.len()));
        let turn: Vec<usize> = turn.copied().collect();
        self.next_settled = turn.last().map_or(0, |last| last + 1);
        chosen.extend(turn);
        chosen.sort_unstable();
        self.chosen = chosen;
        self.each_chosen(|device| device.is_due = false);
    }

    fn chosen(&self) -> impl Iterator<Item = (usize, &Followed)> {
        self.chosen.iter().filter_map(|index| Some((*index, self.devices.get(*index)?)))
    }

    fn each_chosen(&mut self, mut act: impl FnMut(&mut Followed)) {
        for index in &self.chosen {
            if let Some(device) = self.devices.get_mut(*index) {
                act(device);
            }
        }
    }

    /// Returns the report so far.
    fn report(&self) -> DeploymentReport {
        let mut report = DeploymentReport::new(self.started);
        report.title.clone_from(&self.watch.title);
        report.ended = self.now();
        report.devices = self.devices.iter().filter_map(Followed::to_report).collect();
        report.findings = self.unread.iter().map(|(_, finding)| finding.clone()).collect();
        report
    }

    fn now(&self) -> Timestamp {
        self.watch.client.clock().timestamp()
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
            let Some(device) = self.devices.get_mut(index) else { continue };
            if let Some(identity) = identity {
                let serial = identity.as_ref().and_then(|identity| identity.serial_number.clone());
                device.snapshot.serial_number = serial.or_else(|| device.snapshot.serial_number.take());
                device.snapshot.identity = identity.into();
                device.forget_other_anchor();
            }
            if let Some(profile) = profile {
                self.take_profile(index, profile);
            }
        }
        Ok(())
    }

    fn take_profile(&mut self, index: usize, profile: Result<Option<ProfileReference>>) {
        let Some(profile) = self.kept(Source::Profiles, profile) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.snapshot.profile = profile.into();
        device.profile_as_of = device.profile_date();
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

    /// Reads all deployment records, if any device may have one.
    async fn read_events(&self) -> Result<Events> {
        let may_have_begun =
            |device: &Followed| device.state.is_none() || device.phase() >= Phase::ProfileAssigned;
        if !self.devices.iter().any(may_have_begun) {
            return Ok(Events::default());
        }
        let events = self.watch.client.autopilot_events().list().all().await?;
        Ok(Events::new(events, self.watch.since))
    }

    /// Assigns records to the chosen devices. Another device with a new record becomes due.
    fn take_events(&mut self, events: &Events) {
        for (index, device) in self.devices.iter_mut().enumerate() {
            let is_chosen = self.chosen.binary_search(&index).is_ok();
            let found = events.of(&device.snapshot, device.serial_is_unique);
            // A record that has been read does not go away while its device is watched.
            match found {
                Some(found) if is_chosen => device.snapshot.event = Lookup::Present(found.clone()),
                Some(found) => {
                    device.is_due = device.snapshot.event.present().is_none_or(|known| known.id != found.id);
                }
                None if device.snapshot.event == Lookup::Unknown => device.snapshot.event = Lookup::Absent,
                None => {}
            }
        }
    }

    /// Reads the enrollment status pages in records, each once.
    async fn read_pages(&mut self) -> Result<()> {
        let of = |device: &Followed| {
            device.snapshot.deployment()?.windows10_enrollment_completion_page_configuration_id.clone()
        };
        let named: HashSet<_> = self.chosen().filter_map(|(_, device)| of(device)).collect();
        let unread = named.into_iter().filter(|id| !self.pages.contains_key(id));
        let client = self.watch.client.clone();
        for (id, page) in read_pages(&client, unread.collect::<Vec<_>>()).await? {
            if let Some(page) = self.kept(Source::Pages, page) {
                self.pages.insert(id, page.into());
            }
        }
        for index in &self.chosen {
            let Some(device) = self.devices.get_mut(*index) else { continue };
            let page = of(device).and_then(|id| self.pages.get(&id).cloned());
            device.snapshot.page = page.unwrap_or_default();
        }
        Ok(())
    }

    /// Returns `true` if a device has to be searched for in Intune: on any sign of being switched on, or at intervals.
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
        device.snapshot.managed_device = managed.into();
    }

    fn take_anchor(&mut self, index: usize, answer: Option<Result<Option<DirectoryDevice>>>) {
        let Some(anchor) = answer.and_then(|answer| self.kept(Source::EntraDevices, answer)) else { return };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.snapshot.anchor = anchor.into();
    }

    /// Takes the object of a computer. Without a response it cannot be known yet.
    fn take_computer(&mut self, index: usize, answer: Option<Result<Option<DirectoryDevice>>>) {
        let hybrid = match answer.map(|answer| self.kept(Source::EntraDevices, answer)) {
            None => Lookup::Unknown,
            Some(Some(hybrid)) => hybrid.into(),
            Some(None) => return,
        };
        let Some(device) = self.devices.get_mut(index) else { return };
        device.snapshot.hybrid = hybrid;
    }

    /// Diagnoses failed and stalled domain joins, as far as Graph shows the cause.
    async fn explain_domain_joins(&mut self) -> Result<()> {
        // What was the cause may have been put right.
        self.each_chosen(|device| {
            device.snapshot.connectors = Lookup::Unknown;
            device.snapshot.domain_joins = Lookup::Unknown;
        });
        self.observe_all();
        if !self.chosen().any(|(_, device)| device.domain_join_is_unexplained()) {
            return Ok(());
        }
        let now = self.now();
        if self.context.as_ref().is_none_or(|context| later(context.read_at, CONTEXT_AGE) <= now) {
            let (context, errors) = JoinContext::read(&self.watch.client).await;
            for source in [Source::Connectors, Source::DomainJoinProfiles, Source::Groups] {
                self.read(source);
            }
            for (source, error) in errors {
                self.miss(source, &error);
            }
            self.context = Some(context);
        }
        let Some(context) = &self.context else { return Ok(()) };
        for index in &self.chosen {
            let Some(device) = self.devices.get_mut(*index) else { continue };
            if device.domain_join_is_unexplained() {
                device.snapshot.connectors = context.connectors.clone();
                let anchor = device.snapshot.anchor.present();
                device.snapshot.domain_joins =
                    anchor.map_or(Lookup::Unknown, |anchor| context.domain_joins_of(anchor));
            }
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
            let content = Some((state.phase, state.outcome, findings, state.facts.managed_device_id.clone()));
            if device.reported != content {
                device.reported = content;
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

    /// Returns the response; records an error for the report.
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
            finding.remedy = format!("grant {permission}; facts that depend on it are not known").into();
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
