//! Applies the device part of a plan: tags, imports and user assignments.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::context::{Apply, Halt, PartResult, in_time, schedule};
use super::report::ApplyEvent;
use crate::error::ErrorKind;
use crate::graph::Schedule;
use crate::model::{Device, DeviceToImport, GroupTag, Id, Personal, UserPrincipalName};
use crate::resource::DeviceUpdate;
use crate::workflow::created::CreatedObject;
use crate::workflow::findings::{DEVICES_TAG_NOT_TAKEN, USERS_NOT_FOUND};
use crate::workflow::import::{Import, ImportOutcome, ImportReport, ImportStage};
use crate::workflow::journal::Journal;
use crate::workflow::plan::Plan;
use crate::workflow::prepare::DevicesTodo;
use crate::workflow::step::Step;

/// The wait until a group tag can be read back.
const TAGGING: Schedule = schedule(5, 60, 15 * 60);

/// The number of devices that are waited for concurrently.
const CONCURRENT: usize = 8;

impl Apply {
    /// Tags registered devices, imports the others, and then assigns and unassigns users.
    pub(super) async fn devices(
        &self,
        todo: DevicesTodo,
        plan: &Plan,
        journal: Option<Journal>,
    ) -> PartResult<()> {
        let DevicesTodo { import, retag, registered, unassign, assign, assign_later } = todo;
        let adopted = |(id, serial): &(Id<Device>, String)| CreatedObject::device(serial, Some(id.clone()));
        let begun = self.begun(registered.iter().map(adopted));
        self.record().done(begun)?;
        self.report().devices.extend(registered);
        self.retag(retag).await?;
        self.import(import, plan, journal).await?;
        for (id, serial) in unassign {
            self.go_on().await?;
            self.started(Step::Users, &serial);
            self.client.devices().unassign_user(&id).await?;
            self.done(Step::Users, &serial, "unassigned");
        }
        for (id, serial, user) in assign {
            self.assign_user(&id, &serial, &user).await?;
        }
        let registered = self.report().devices.clone();
        for (serial, user) in assign_later {
            if let Some((id, _)) = registered.iter().find(|(_, known)| known.eq_ignore_ascii_case(&serial)) {
                self.assign_user(id, &serial, &user).await?;
            }
        }
        Ok(())
    }

    async fn retag(&self, devices: Vec<(Id<Device>, String, GroupTag)>) -> PartResult<()> {
        for (id, serial, tag) in &devices {
            self.go_on().await?;
            self.started(Step::Devices, serial);
            let update = DeviceUpdate::new().with_group_tag(Some(tag));
            self.client.devices().update(id, &update).await?;
            self.done(Step::Devices, serial, "tagged");
        }
        let waits = devices.into_iter().map(|(id, serial, tag)| async move {
            let client = self.client.clone();
            let tagged = self.until(TAGGING, "the group tag to read back", move || {
                let (get, tag) = (client.devices().get(&id), tag.clone());
                async move {
                    let held = get.await?.group_tag;
                    Ok(held.filter(|held| held.eq_ignore_ascii_case(tag.as_str())))
                }
            });
            if in_time(tagged.await)?.is_none() {
                let evidence = "the group tag was changed but does not read back";
                self.found(DEVICES_TAG_NOT_TAKEN.at(serial, evidence));
            }
            Ok(())
        });
        stream::iter(waits).buffer_unordered(CONCURRENT).try_collect::<()>().await
    }

    async fn import(
        &self,
        new: Vec<DeviceToImport>,
        plan: &Plan,
        journal: Option<Journal>,
    ) -> PartResult<()> {
        let mut import = match journal {
            None => Import::new(&self.client, new.iter().cloned()),
            // The devices of the run that wrote the journal, in any state.
            Some(journal) => {
                let all = self.with_begun(&new, plan);
                let serials = all.iter().map(|device| device.serial_number.to_string()).collect();
                self.record().import(serials)?;
                Import::new(&self.client, all).with_journal(journal)
            }
        };
        let has_begun = self.record().importing().is_some_and(|begun| !begun.is_empty());
        // The devices, their tags or their users have changed since that import: there is nothing of it to resume.
        if new.is_empty() && (!has_begun || import.journal_is_of_others()?) {
            return Ok(());
        }
        self.go_on().await?;
        let item = |device: &DeviceToImport| CreatedObject::device(device.serial_number.as_str(), None);
        let begun = self.begun(new.iter().map(item));
        let is_begun = |serial: &str| begun.iter().any(|item| *item == CreatedObject::device(serial, None));
        let fresh = new.iter().filter(|device| !is_begun(device.serial_number.as_str())).map(item);
        self.record().add(fresh.collect::<Vec<_>>())?;
        let import = self.waived.iter().fold(import, Import::with_waived);
        let report = import.start().within(&self.progress, ApplyEvent::Import).await?;
        let is_new = |serial: &str| {
            new.iter().any(|device| device.serial_number.as_str().eq_ignore_ascii_case(serial))
        };
        self.note_imported(report, &is_begun, &is_new)
    }

    /// Returns the devices that an earlier run imported or was about to import.
    fn begun(&self, devices: impl Iterator<Item = CreatedObject>) -> Vec<CreatedObject> {
        let record = self.record();
        devices.filter(|device| record.created().has(device)).collect()
    }

    /// Returns the devices to import, including those that an earlier run with the same journal imported.
    fn with_begun(&self, new: &[DeviceToImport], plan: &Plan) -> Vec<DeviceToImport> {
        let record = self.record();
        let Some(begun) = record.importing() else { return new.to_vec() };
        let has = |device: &DeviceToImport| begun.contains(device.serial_number.as_str());
        if !new.iter().all(has) {
            return new.to_vec();
        }
        let todo = |device: &DeviceToImport| plan.desired.to_import(device).0;
        plan.devices.iter().filter(|device| has(device)).map(todo).collect()
    }

    /// Records the outcomes of an import. `is_new` returns `true` for devices that were not registered before the run,
    /// because a resumed import reports those as well.
    fn note_imported(
        &self,
        imported: ImportReport,
        is_begun: &dyn Fn(&str) -> bool,
        is_new: &dyn Fn(&str) -> bool,
    ) -> PartResult<()> {
        let (mut made, mut not_made, mut stopped) = (Vec::new(), Vec::new(), false);
        {
            let mut report = self.report();
            for device in &imported.devices {
                let serial = device.serial_number.as_str();
                let id = device.outcome.device().cloned();
                if let Some(id) = &id
                    && !report.devices.iter().any(|(known, _)| known == id)
                {
                    report.devices.push((id.clone(), serial.to_owned()));
                }
                match &device.outcome {
                    ImportOutcome::Registered { .. } => {
                        report.changes = report.changes.saturating_add(usize::from(is_new(serial)));
                        made.push(CreatedObject::device(serial, id));
                    }
                    ImportOutcome::AlreadyRegistered { .. } if is_begun(serial) => {
                        made.push(CreatedObject::device(serial, id));
                    }
                    // It may still come about.
                    ImportOutcome::TimedOut { .. } | ImportOutcome::Unconfirmed(_) => {}
                    ImportOutcome::Cancelled { stage } => {
                        stopped = true;
                        // It was not sent: a registration that comes meanwhile is somebody else's.
                        if *stage == ImportStage::Queued && !is_begun(serial) {
                            not_made.push(CreatedObject::device(serial, None));
                        }
                    }
                    ImportOutcome::Duplicate { .. } => {}
                    _ => not_made.push(CreatedObject::device(serial, None)),
                }
            }
            report.import = Some(imported);
        }
        let mut record = self.record();
        record.done(made)?;
        record.undo(not_made)?;
        if stopped { Err(Halt::Stopped) } else { Ok(()) }
    }

    /// Assigns a user after checking that the user exists: a wrong name locks the device out.
    async fn assign_user(&self, id: &Id<Device>, serial: &str, user: &UserPrincipalName) -> PartResult<()> {
        self.go_on().await?;
        self.started(Step::Users, serial);
        let found = match self.client.users().get_by_name(user).await {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.found(USERS_NOT_FOUND.at(serial, "the user to assign is not in the tenant"));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let name = found.display_name.unwrap_or_else(|| Personal::from(user.as_str().to_owned()));
        self.client.devices().assign_user(id, user, &name).await?;
        self.done(Step::Users, serial, "assigned a user");
        Ok(())
    }
}
