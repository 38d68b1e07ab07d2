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
        let is_new = |serial: &str| {
            new.iter().any(|device| device.serial_number.as_str().eq_ignore_ascii_case(serial))
        };
        let import = match journal {
            None => Import::new(&self.client, new.iter().cloned()),
            Some(journal) => {
                let all = plan.devices.iter().map(|device| plan.desired.to_import(device).0);
                let is_unfinished = |serial: &str| {
                    self.record().created().is_unfinished(&CreatedObject::device(serial, None))
                };
                Import::new(&self.client, all).continuing(journal, &is_new, &is_unfinished)?
            }
        };
        if import.is_empty() {
            return Ok(());
        }
        self.go_on().await?;
        let item = |device: &DeviceToImport| CreatedObject::device(device.serial_number.as_str(), None);
        let is_begun = |item: &CreatedObject| self.record().created().has(item);
        let (begun, fresh): (Vec<_>, Vec<_>) = new.iter().map(item).partition(is_begun);
        self.record().add(fresh)?;
        let import = self.waived.iter().fold(import, Import::with_waived);
        let report = import.start().within(&self.progress, ApplyEvent::Import).await?;
        self.note_imported(report, &begun, &is_new)
    }

    /// Records the outcomes of an import. `begun` are the new devices that an earlier run was about to import; `is_new`
    /// returns `true` for devices that were not registered before the run, because a resumed import reports those as well.
    fn note_imported(
        &self,
        imported: ImportReport,
        begun: &[CreatedObject],
        is_new: &dyn Fn(&str) -> bool,
    ) -> PartResult<()> {
        let (mut made, mut not_made, mut stopped) = (Vec::new(), Vec::new(), false);
        {
            let mut report = self.report();
            for device in &imported.devices {
                let serial = device.serial_number.as_str();
                let id = device.outcome.device().cloned();
                let (item, found) =
                    (CreatedObject::device(serial, None), CreatedObject::device(serial, id.clone()));
                if let Some(id) = &id
                    && !report.devices.iter().any(|(known, _)| known == id)
                {
                    report.devices.push((id.clone(), serial.to_owned()));
                }
                match &device.outcome {
                    ImportOutcome::Registered { .. } => {
                        report.changes = report.changes.saturating_add(usize::from(is_new(serial)));
                        // What a teardown has removed from the record stays removed.
                        if is_new(serial) || self.record().created().has(&item) {
                            made.push(found);
                        }
                    }
                    // The deployment's own registration, by an earlier import.
                    ImportOutcome::AlreadyRegistered { .. }
                        if self.record().created().items().contains(&found) => {}
                    // It may still come about.
                    ImportOutcome::TimedOut { .. } | ImportOutcome::Unconfirmed(_) => {}
                    ImportOutcome::Canceled { stage } => {
                        stopped = true;
                        // It was not sent: a registration that comes meanwhile is somebody else's.
                        if *stage == ImportStage::Queued && !begun.contains(&item) {
                            not_made.push(item);
                        }
                    }
                    ImportOutcome::Duplicate { .. } => {}
                    _ => not_made.push(item),
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
