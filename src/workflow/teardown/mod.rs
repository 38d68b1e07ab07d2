//! Taking down what a workflow made, and nothing else.

mod act;
mod resolve;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::act::Acting;
use self::resolve::resolve;
use super::created::CreatedObjects;
use super::run::Run;
use super::step::Step;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Finding, Severity};

/// The end of a deployment: what it made is taken down, in the order that the service demands.
///
/// ```
/// use windows_autopilot::workflow::{Journal, CreatedObjects, Teardown};
/// # async fn example(client: &windows_autopilot::Client) -> windows_autopilot::Result<()> {
/// let made = CreatedObjects::read(Journal::at("munich.made"))?;
/// let plan = Teardown::new(made).plan(client).await?;
/// println!("{plan}");
/// if plan.blocking().next().is_none() {
///     plan.apply(client).await?;
/// }
/// # Ok(()) }
/// ```
///
/// Users are taken off devices, the devices' registrations are deleted and a sync is asked for; then, for each object,
/// first its assignments and then itself; then the group, and the groups in the MDM user scope. Objects in Entra ID are
/// never deleted: the service does that. What is left for a person, such as computer accounts in Active Directory, is in
/// the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Teardown {
    /// What was made.
    pub created: CreatedObjects,
    /// Whether devices that are enrolled are deleted in Intune too, which has to come first; otherwise they stop the
    /// plan. A device that is deleted there loses its management.
    #[serde(default)]
    pub with_managed_devices: bool,
}

/// What is to become of something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Removal {
    /// It is deleted.
    Delete,
    /// It is no longer assigned to these.
    Unassign(Vec<String>),
    /// It is not there any more.
    Gone,
    /// A person has to do it.
    Manual(String),
    /// It cannot be done.
    Blocked(Finding),
}

impl Removal {
    /// Whether it writes to the tenant.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Delete | Self::Unassign(_))
    }
}

/// One thing of a teardown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedRemoval {
    /// The step that it was made in.
    pub step: Step,
    /// What it is about, such as a profile's name.
    pub subject: String,
    /// What is to become of it.
    pub removal: Removal,
}

/// What a teardown would do. Made by [`Teardown::plan`]; `Display` prints it, and it goes through serde.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TeardownPlan {
    /// What is to be taken down.
    pub teardown: Teardown,
    /// What is to be done, in order.
    pub steps: Vec<PlannedRemoval>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// What happens while something is taken down.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TeardownEvent {
    /// Something was done.
    Done {
        /// The step that it was made in.
        step: Step,
        /// What it is about.
        subject: String,
        /// What was done, in words.
        what: &'static str,
    },
}

/// What came of a teardown.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TeardownReport {
    /// How many things were deleted or unassigned.
    pub removed: usize,
    /// Whether it was stopped before it was through. A new plan goes on.
    pub stopped: bool,
    /// What a person has to do now.
    pub manual: Vec<String>,
}

impl Teardown {
    /// Takes down what was made.
    pub fn new(created: CreatedObjects) -> Self {
        Self { created, with_managed_devices: false }
    }

    /// Deletes enrolled devices in Intune too.
    #[must_use]
    pub fn deleting_managed_devices(mut self) -> Self {
        self.with_managed_devices = true;
        self
    }

    /// Looks for what is there of it. Reads only.
    ///
    /// # Errors
    /// As [`Call::send`](crate::graph::Call::send). What stands in the way is a finding, not an error.
    /// # Permissions
    /// As [`HybridJoin::plan`](super::HybridJoin::plan), each only for what was made.
    pub async fn plan(&self, client: &Client) -> Result<TeardownPlan> {
        Ok(resolve(self, client).await?.plan)
    }
}

impl TeardownPlan {
    /// Whether nothing would be removed.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|planned| planned.removal.is_change())
    }

    /// Findings that stop it from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Takes it down, one thing after the other.
    ///
    /// It reads the tenant again before the first write, and stops if it is no longer what the plan was made for. What is
    /// gone already is no error, so a plan that is made anew goes on where one stopped.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] for findings that stop it; [`ErrorKind::Conflict`] if the tenant has changed; as
    /// [`Call::send`](crate::graph::Call::send).
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`, `DeviceManagementConfiguration.ReadWrite.All`,
    /// `Group.ReadWrite.All`, `DeviceManagementManagedDevices.ReadWrite.All` for enrolled devices, and for the MDM scope a
    /// signed-in user with `Policy.ReadWrite.MobilityManagement`; each only for what was made.
    pub fn apply(&self, client: &Client) -> Run<TeardownEvent, TeardownReport> {
        self.apply_waiving(client, &[])
    }

    /// The same in spite of findings with these ids.
    pub fn apply_waiving(&self, client: &Client, waived: &[&str]) -> Run<TeardownEvent, TeardownReport> {
        let (plan, client) = (self.clone(), client.clone());
        let waived: Vec<String> = waived.iter().map(|id| (*id).to_owned()).collect();
        Run::new(|progress| async move {
            let resolved = resolve(&plan.teardown, &client).await?;
            if plan.steps != resolved.plan.steps {
                let message = "the tenant has changed since the plan was made; plan again";
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            let stops = |finding: &&Finding| !waived.contains(&finding.id.to_string());
            let blocking: Vec<String> =
                resolved.plan.blocking().filter(stops).map(ToString::to_string).collect();
            if !blocking.is_empty() {
                let message =
                    format!("{} findings stop the teardown: {}", blocking.len(), blocking.join("; "));
                return Err(Error::new(ErrorKind::InvalidInput, message));
            }
            Acting { client, progress }.run(resolved).await
        })
    }
}

impl fmt::Display for TeardownPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Teardown")?;
        for PlannedRemoval { step, subject, removal } in &self.steps {
            match removal {
                Removal::Delete => writeln!(f, "  - {step} {subject}: delete")?,
                Removal::Unassign(whom) => writeln!(f, "  ~ {step} {subject}: unassign {}", whom.join(", "))?,
                Removal::Gone => writeln!(f, "  = {step} {subject}: gone already")?,
                Removal::Manual(text) => writeln!(f, "  ! {step} {subject}: by hand: {text}")?,
                Removal::Blocked(finding) => {
                    writeln!(f, "  x {step} {subject}: {}; {}", finding.evidence, finding.remedy)?;
                }
            }
        }
        if !self.findings.is_empty() {
            writeln!(f, "\nFindings")?;
            for finding in &self.findings {
                writeln!(f, "  {finding}")?;
            }
        }
        let changes = self.steps.iter().filter(|planned| planned.removal.is_change()).count();
        match changes {
            0 => write!(f, "\nNothing to remove."),
            1 => write!(f, "\n1 thing to remove."),
            _ => write!(f, "\n{changes} things to remove."),
        }
    }
}
