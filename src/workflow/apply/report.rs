//! The options, events and report of applying a plan.

use serde::Serialize;

use crate::error::Error;
use crate::model::{Device, Finding, Group, HybridJoinProfile, Id};
use crate::workflow::created::CreatedObjects;
use crate::workflow::import::{ImportEvent, ImportReport};
use crate::workflow::journal::Journal;
use crate::workflow::run::{ends_with_errors, serialize_errors};
use crate::workflow::step::Step;

/// The options for applying a plan.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// The ids of findings that do not stop the run.
    pub waived: Vec<String>,
    pub(super) journals: Option<(Journal, Journal)>,
}

impl ApplyOptions {
    /// Waives findings with this id: they do not stop the run.
    #[must_use]
    pub fn with_waived(mut self, id: impl Into<String>) -> Self {
        self.waived.push(id.into());
        self
    }

    /// Records objects before they are created, along with the progress of the import, and resumes from an earlier
    /// run's journals.
    ///
    /// Even without journals, a new run resumes by reading the tenant. With journals, the import also picks up devices
    /// in flight, and a [`Teardown`](crate::workflow::Teardown) knows the deployment's own objects
    /// ([`CreatedObjects::from_journal`]).
    ///
    /// The devices can differ from run to run: a device in flight that is dropped from the list is kept on record, and
    /// its import resumes when the device is listed again. A device that is no longer registered is imported again.
    ///
    /// An object that has the same name as a part of the deployment but is not in the journal is treated as foreign and
    /// ends the run before anything is written. In that case, plan with the journal and adopt the object
    /// ([`PlanOptions`](crate::workflow::PlanOptions)).
    ///
    /// ```
    /// use windows_autopilot::workflow::{ApplyOptions, Journal};
    /// let options = ApplyOptions::default()
    ///     .with_journals(Journal::at("munich.made"), Journal::at("munich.import"));
    /// ```
    #[must_use]
    pub fn with_journals(mut self, made: Journal, import: Journal) -> Self {
        self.journals = Some((made, import));
        self
    }
}

/// An event emitted while a plan is applied.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ApplyEvent {
    /// Work on a subject has started.
    #[non_exhaustive]
    Started {
        /// The step that the work belongs to.
        step: Step,
        /// The subject of the work, such as an object's name.
        subject: String,
    },
    /// Work on a subject has finished.
    #[non_exhaustive]
    Finished {
        /// The step that the work belonged to.
        step: Step,
        /// The subject of the work, such as an object's name.
        subject: String,
        /// A description of the change.
        description: &'static str,
    },
    /// An event from the import.
    Import(ImportEvent),
    /// A finding from the run.
    Finding(Finding),
}

/// The outcome of applying a plan, whether complete or partial; everything listed was done.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// # let desired: windows_autopilot::workflow::HybridJoin = toml::from_str("
/// #     name = 'Munich'
/// #     active_directory.domain = 'corp.contoso.com'
/// #     group = { display_name = 'Autopilot Munich', members.group_tag = 'Munich' }
/// #     profile.display_name = 'Contoso hybrid Munich'
/// # ")?;
///
/// let plan = desired.plan(&client, &[]).await?;
/// let report = plan.apply(&client).await;
/// println!("{} changes", report.changes);
/// if let Some(error) = report.error() {
///     eprintln!("{error}"); // everything listed was done; create a new plan to continue
/// }
/// # Ok(()) });
/// ```
#[derive(Debug, Default, Serialize)]
#[must_use = "the run may have ended with an error: see `error` and `into_result`"]
#[non_exhaustive]
pub struct ApplyReport {
    /// The number of changes; 0 if the tenant already matched the desired state.
    pub changes: usize,
    /// Whether the run was stopped before it finished. Applying a new plan resumes it.
    pub stopped: bool,
    #[serde(serialize_with = "serialize_errors", skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<Error>,
    /// The outcome of the import; `None` if there was nothing to import.
    pub import: Option<ImportReport>,
    /// The deployment's registered devices, by id and serial number.
    pub devices: Vec<(Id<Device>, String)>,
    /// The profile, if the deployment has one.
    pub profile: Option<Id<HybridJoinProfile>>,
    /// The group, if the deployment has one.
    pub group: Option<Id<Group>>,
    /// The created objects, for a teardown; with journals, also those of earlier runs.
    pub created: CreatedObjects,
    /// The receipts for the rights granted in the directory, including grants that got no response. Keep them to revoke
    /// the rights later; [`created`](Self::created) contains them too.
    #[cfg(feature = "ad")]
    pub delegations: Vec<crate::ad::delegation::DelegationReceipt>,
    /// The findings from the run.
    pub findings: Vec<Finding>,
}

ends_with_errors!(ApplyReport);
