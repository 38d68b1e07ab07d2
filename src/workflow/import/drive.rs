//! The I/O of an import: performs the machine's steps and passes the responses back.

#[cfg(feature = "workflow")]
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::select;
use futures_util::stream::FuturesUnordered;

use super::entry::{Entry, Header, device_key};
use super::machine::Machine;
use super::outcome::Rejection;
#[cfg(feature = "workflow")]
use super::past::by_device;
use super::report::{ImportCounts, ImportEvent, ImportEventKind, ImportPreview, ImportReport};
use super::request::Import;
use super::step::{Answer, RequestNumber, Step, Tagged};
use super::sync::{Synced, wait_after_refusal, wait_before_sync};
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Call, Client};
use crate::model::{DeviceToImport, Finding, Lookup, Text};
use crate::pipeline::request_id::random_guid;
use crate::pipeline::window::Lane;
use crate::registration::check_device;
use crate::resource::DeviceUpdate;
use crate::workflow::findings::{IMPORT_ASSIGNED_USER, IMPORT_DUPLICATE, IMPORT_SYNC_REFUSED};
use crate::workflow::journal::Journal;
use crate::workflow::run::{Progress, Run};
use crate::workflow::waiver::check_findings;

/// The remedy for input with errors.
const REMEDY: &str =
    "nothing was sent: correct these devices or leave them out, or waive the id of a finding that is wrong";

/// A running import: a stream of events and a future that resolves to the report.
pub type ImportRun = Run<ImportEvent, Result<ImportReport>>;

impl Import {
    /// Starts the run, which is both a stream and a future (see [`Run`]).
    ///
    /// A stopped run still returns its report, in which devices without an outcome are
    /// [`ImportOutcome::Canceled`](super::ImportOutcome).
    ///
    /// # Errors
    /// The run ends with [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent, if a
    /// device to send has an error that is not waived; with [`ErrorKind::Journal`](crate::ErrorKind::Journal) if the
    /// journal cannot be read or written, or belongs to another run; with
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) or
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) if the caller is not permitted to import; and with the
    /// service's error if the service rejects every device. The journal contains the progress up to that point.
    pub fn start(self) -> ImportRun {
        Run::new(move |progress| async move {
            let mut driver = Driver::begin(self, progress).await?;
            driver.go_on().await?;
            Ok(driver.machine.report(driver.clock.elapsed()))
        })
    }

    /// Continues the imports of a deployment, whose devices can differ from run to run. Keeps only the devices that
    /// `is_new` selects by serial number because they are not registered, those whose import is not complete, and those
    /// whose outcome is not on the deployment's record (`is_unfinished`).
    #[cfg(feature = "workflow")]
    pub(in crate::workflow) fn continuing(
        mut self,
        mut journal: Journal,
        is_new: &dyn Fn(&str) -> bool,
        is_unfinished: &dyn Fn(&str) -> bool,
    ) -> Result<Self> {
        let past = by_device(journal.read::<Header, Entry>()?.lines);
        let mut resuming = HashSet::new();
        self.devices.retain(|device| {
            let (key, serial) = (device_key(device), device.serial_number.as_str());
            let is_new = is_new(serial);
            let resumes = past.get(&key).is_some_and(|past| match is_new {
                // A device that is no longer registered is imported again.
                true => !past.is_obsolete(),
                false => past.is_open() || (past.is_done() && is_unfinished(serial)),
            });
            if resumes {
                resuming.insert(key);
            }
            resumes || is_new
        });
        (self.journal, self.resuming) = (Some(journal), Some(resuming));
        Ok(self)
    }

    /// Returns `true` if there is no device to import.
    #[cfg(feature = "workflow")]
    pub(in crate::workflow) fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Returns a preview of the run. Sends no request, not even to sign in, and does not change the journal.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// # use windows_autopilot::model::DeviceToImport;
    /// # use windows_autopilot::registration::hash::SampleHash;
    /// # let devices = vec![DeviceToImport::new("PF3XK7M1".parse()?, SampleHash::new("PF3XK7M1").build()?)];
    /// use windows_autopilot::workflow::Import;
    ///
    /// let preview = Import::new(&client, devices).dry_run()?;
    /// println!("{} devices in {} requests", preview.to_send, preview.requests);
    /// # Ok(()) });
    /// ```
    ///
    /// A preview does not show which devices are already registered, because only an import can determine that.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`](crate::ErrorKind::Journal) if the journal cannot be read or belongs to other devices.
    pub fn dry_run(self) -> Result<ImportPreview> {
        let Self { client, devices, options, journal, .. } = self;
        let now = client.clock().timestamp();
        let findings: Vec<Finding> = devices.iter().flat_map(lint).collect();
        let keys: Vec<Text> = devices.iter().map(device_key).collect();
        let header = Header::new(None, &devices, &keys, now);
        let mut machine = Machine::new(devices, keys, options, Duration::ZERO, random_guid);
        if let Some(mut journal) = journal {
            let written = journal.read::<Header, Entry>()?;
            if let Some(found) = written.header {
                journal.named(header.check(&found))?;
                machine.resume(written.lines, Duration::ZERO, now)?;
            }
        }
        let counts = machine.counts();
        Ok(ImportPreview {
            devices: counts.total(),
            to_send: counts.queued,
            requests: machine.requests_to_come(),
            in_flight: counts.unfinished().saturating_sub(counts.queued),
            finished: counts.finished(),
            findings: findings.into_iter().chain(machine.report(Duration::ZERO).duplicates()).collect(),
        })
    }
}

/// Checks a device without a request.
fn lint(device: &DeviceToImport) -> Vec<Finding> {
    let mut findings = check_device(device);
    if let Some(user) = &device.assigned_user_principal_name {
        let place = device.serial_number.as_str();
        findings.push(IMPORT_ASSIGNED_USER.at(place, "a user is assigned to it"));
        findings
            .extend(user.lint().into_iter().map(|finding| Finding { place: place.to_owned(), ..finding }));
    }
    findings
}

impl ImportReport {
    fn duplicates(&self) -> Vec<Finding> {
        self.findings().into_iter().filter(|finding| finding.is(&IMPORT_DUPLICATE)).collect()
    }
}

struct Driver {
    client: Client,
    clock: Arc<dyn Clock>,
    machine: Machine,
    journal: Option<Journal>,
    progress: Progress<ImportEvent>,
}

impl Driver {
    async fn begin(import: Import, progress: Progress<ImportEvent>) -> Result<Self> {
        let Import { client, devices, options, mut journal, waived, resuming } = import;
        let clock = Arc::clone(client.clock());
        let (now, today) = (clock.elapsed(), clock.timestamp());
        let keys: Vec<Text> = devices.iter().map(device_key).collect();
        let (mut new, mut earlier) = (None, None);
        if let Some(journal) = &mut journal {
            let mut written = journal.read::<Header, Entry>()?;
            let tenant = client.tenant_id().await?;
            let header = Header::new(tenant.as_deref(), &devices, &keys, today);
            match &written.header {
                Some(found) => {
                    let checked = match &resuming {
                        None => header.check(found),
                        Some(_) => header.check_tenant(found),
                    };
                    journal.named(checked)?;
                    if let Some(resuming) = resuming {
                        written.lines.retain(|entry| resuming.contains(&entry.key));
                    }
                    earlier = Some(written);
                }
                None => new = Some((journal, header)),
            }
        }
        let mut machine = Machine::new(devices, keys, options, now, random_guid);
        let mut torn = None;
        if let Some(written) = earlier {
            machine.resume(written.lines, now, today)?;
            torn = Some(written.torn_bytes);
        }
        // Devices that an earlier run sent continue, whatever the input: only a response shows their outcome.
        check_findings(&machine.to_come().flat_map(lint).collect::<Vec<_>>(), &waived, "import")
            .map_err(|error| error.with_remedy(REMEDY))?;
        if let Some((journal, header)) = new {
            journal.begin(&header)?;
        }
        let driver = Self { client, clock, machine, journal, progress };
        if let Some(torn_bytes) = torn {
            driver.tell(ImportEventKind::Resumed { torn_bytes }, driver.machine.counts());
        }
        Ok(driver)
    }

    async fn go_on(&mut self) -> Result<()> {
        while !self.progress.is_stopped() {
            self.machine.allow_concurrent(self.client.retry().window().size());
            let step = self.machine.next(self.clock.elapsed());
            // Written down before it is done: after a kill, what may have been sent is known.
            self.write_down()?;
            match step {
                Step::End => return Ok(()),
                Step::Wait(wait) => {
                    let stopped = std::pin::pin!(self.progress.stopped());
                    select(self.clock.sleep(wait), stopped).await;
                }
                other => {
                    let result = self.take(other).await;
                    self.write_down()?;
                    result?;
                }
            }
        }
        self.machine.cancel();
        self.write_down()
    }

    async fn take(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Send(requests) => self.send(requests).await?,
            Step::List => {
                let records = self.client.imports().list().all().await;
                let records = known_or_fatal(records)?;
                self.machine.on_listed(self.clock.elapsed(), records);
            }
            Step::Poll(records) => {
                let calls = records.iter().map(|(index, id)| (*index, self.client.imports().get(id)));
                for (index, result) in self.in_batches(calls).await {
                    self.machine.on_polled(self.clock.elapsed(), index, seen_or_fatal(result)?);
                }
            }
            Step::Read(devices) => {
                let calls = devices.iter().map(|(index, id)| (*index, self.client.devices().get(id)));
                for (index, result) in self.in_batches(calls).await {
                    self.machine.on_read(self.clock.elapsed(), index, seen_or_fatal(result)?);
                }
            }
            Step::Tag(devices) => {
                let calls = devices.iter().map(|(index, id, tag)| {
                    let update = DeviceUpdate::new().with_group_tag(tag.as_ref());
                    (*index, self.client.devices().update(id, &update))
                });
                for (index, result) in self.in_batches(calls).await {
                    self.machine.on_tagged(self.clock.elapsed(), index, tagged(result)?);
                }
            }
            Step::Delete(records) => {
                let calls = records.iter().map(|(index, id)| (*index, self.client.imports().delete(id)));
                for (index, result) in self.in_batches(calls).await {
                    let gone = result.map_or_else(|error| error.kind() == ErrorKind::NotFound, |()| true);
                    self.machine.on_deleted(index, gone);
                }
            }
            Step::Sync => {
                let (synced, note) = self.sync().await?;
                self.machine.on_synced(self.clock.elapsed(), synced, note);
            }
            Step::Wait(_) | Step::End => {}
        }
        Ok(())
    }

    async fn send(&mut self, requests: Vec<RequestNumber>) -> Result<()> {
        let lane = Arc::new(Lane::default());
        let mut sending = FuturesUnordered::new();
        for request in requests {
            let devices = self.machine.to_send(request);
            let operation = self.client.imports().import(&devices).into_operation();
            let (client, lane) = (self.client.clone(), Arc::clone(&lane));
            sending.push(async move { (request, client.send_in(lane, &operation).await) });
        }
        let mut fatal = None;
        while let Some((request, result)) = sending.next().await {
            let now = self.clock.elapsed();
            match result {
                Ok(records) => self.machine.on_sent(now, request, Answer::Records(records)),
                Err(error) => {
                    let answer = answer(&error);
                    tracing::debug!(?answer, kind = ?error.kind(), "devices were not imported");
                    self.machine.on_sent(now, request, answer);
                    if is_fatal(&error) || self.machine.is_refused_altogether() {
                        fatal.get_or_insert(error);
                    }
                }
            }
            // Each outcome is recorded before the next one is awaited.
            self.write_down()?;
        }
        fatal.map_or(Ok(()), Err)
    }

    async fn sync(&self) -> Result<(Synced, Option<Finding>)> {
        let sync = self.client.autopilot_sync();
        let settings = sync.get().await;
        let wait = match &settings {
            Ok(settings) => wait_before_sync(settings, self.clock.timestamp()),
            Err(_) => None,
        };
        if let Some(wait) = wait {
            return Ok((Synced::Later(wait), None));
        }
        let result = match settings {
            Ok(_) => sync.sync().await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok((Synced::Triggered, None)),
            Err(error) => synced(error),
        }
    }

    /// Sends calls in batches and returns each with its own result.
    async fn in_batches<T: 'static>(
        &self,
        calls: impl Iterator<Item = (usize, Call<T>)> + Send,
    ) -> Vec<(usize, Result<T>)> {
        let mut batch = self.client.batch();
        let slots: Vec<_> = calls.map(|(index, call)| (index, batch.add(call))).collect();
        match batch.await {
            Ok(mut answers) => slots.into_iter().map(|(index, slot)| (index, answers.take(slot))).collect(),
            Err(error) => slots.into_iter().map(|(index, _)| (index, Err(error.like()))).collect(),
        }
    }

    fn tell(&self, kind: ImportEventKind, counts: ImportCounts) {
        let estimate = self.machine.estimate(self.clock.elapsed());
        self.progress.emit(ImportEvent { kind, counts, estimate });
    }

    /// Records the changes, then emits the events.
    fn write_down(&mut self) -> Result<()> {
        let changes = self.machine.take_changes();
        if let Some(journal) = &mut self.journal {
            let at = self.clock.timestamp();
            journal.append(changes.into_iter().map(|(key, change)| Entry { at, key, change }))?;
        }
        for (kind, counts) in self.machine.take_events() {
            self.tell(kind, counts);
        }
        Ok(())
    }
}

/// Returns `true` if every other call would fail the same way.
fn is_fatal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Forbidden | ErrorKind::Configuration)
}

/// Converts an error into the response for the devices that were sent.
fn answer(error: &Error) -> Answer {
    if error.outcome_unknown() {
        return Answer::Lost;
    }
    match error.kind() {
        // A run that cannot go on leaves its devices unsent, for the next.
        _ if is_fatal(error) => Answer::Held(None),
        ErrorKind::Throttled
        | ErrorKind::Unavailable
        | ErrorKind::Connect
        | ErrorKind::Interrupted
        | ErrorKind::Timeout => Answer::Held(error.retry_after()),
        _ => Answer::Rejected(Rejection {
            // Only the code: a message can repeat what was sent.
            name: error.service().map_or("", |service| service.code()).into(),
            code: None,
            status: error.status(),
        }),
    }
}

/// Returns `None` for an error that may pass.
fn known_or_fatal<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_fatal(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

fn seen_or_fatal<T>(result: Result<T>) -> Result<Lookup<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lookup::Absent),
        other => Ok(known_or_fatal(other)?.map_or(Lookup::Unknown, Lookup::Present)),
    }
}

fn tagged(result: Result<()>) -> Result<Tagged> {
    let Err(error) = result else { return Ok(Tagged::Changed) };
    match error.kind() {
        ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::Rejected
        | ErrorKind::Conflict
        | ErrorKind::InvalidInput => Ok(Tagged::Refused),
        _ if is_fatal(&error) => Err(error),
        _ => Ok(Tagged::Held),
    }
}

/// Converts a refused or failed sync, which is never fatal: devices also appear without a sync, only later.
fn synced(error: Error) -> Result<(Synced, Option<Finding>)> {
    match error.kind() {
        _ if error.outcome_unknown() => Ok((Synced::Triggered, None)),
        ErrorKind::Conflict => Ok((Synced::Later(wait_after_refusal(true, None)), None)),
        ErrorKind::Throttled => Ok((Synced::Later(wait_after_refusal(false, error.retry_after())), None)),
        ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected => {
            Ok((Synced::Refused, Some(IMPORT_SYNC_REFUSED.at("sync", format!("{error:#}")))))
        }
        _ if is_fatal(&error) => Err(error),
        _ => Ok((Synced::Later(wait_after_refusal(true, None)), None)),
    }
}
