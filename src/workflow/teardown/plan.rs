//! A teardown and its plan as values.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foreign::line;
use crate::model::{Finding, Severity};
use crate::workflow::binding::PlanTenant;
use crate::workflow::created::CreatedObjects;
use crate::workflow::plan::Site;
use crate::workflow::scope::UserScope;
use crate::workflow::step::{Step, fmt_end};

/// The removal of a deployment's objects, in the order that the service requires.
///
/// ```
/// use windows_autopilot::workflow::{CreatedObjects, Journal, Teardown, TeardownOptions};
/// # async fn example(client: &windows_autopilot::Client) -> windows_autopilot::Result<()> {
/// let created = CreatedObjects::from_journal(Journal::at("munich.made"))?;
/// let plan = Teardown::new(created).plan(client).await?;
/// println!("{plan}");
/// if plan.blocking().next().is_none() {
///     let options = TeardownOptions::default().with_journal(Journal::at("munich.made"));
///     let report = plan.apply_with(client, options).await.into_result()?;
///     println!("{} removed", report.removed);
/// }
/// # Ok(()) }
/// ```
///
/// Objects are found by their recorded ids and compared with the record: an object with a different name stops the plan.
/// A group that is used by anything else (another profile, page or configuration, an app, a policy, or the MDM user
/// scope) is kept, and the plan lists what uses it. The plan also stops if the uses cannot be read.
///
/// A teardown first unassigns users, deletes the devices' registrations and starts a sync. It then removes each object's
/// assignments and the object itself, followed by the group. Finally, it restores the previous MDM user scope, unless
/// the scope has changed since the deployment set it. A teardown never leaves a tenant with an empty scope, and it never
/// deletes device objects in Entra ID, because the service does that itself. The plan lists the remaining manual work,
/// such as deleting computer accounts in Active Directory. Rights that the deployment granted in the directory are
/// revoked using the grants' receipts (`plan_on_premises`, with the `ad` feature).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a teardown does nothing until it is planned and applied"]
pub struct Teardown {
    /// The objects to remove.
    pub created: CreatedObjects,
    /// Whether enrolled devices are deleted in Intune first; otherwise they stop the plan. Once deleted, a device is no
    /// longer managed.
    #[serde(default)]
    pub delete_managed_devices: bool,
}

/// The action taken in a removal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemovalAction {
    /// Deletes the object.
    Delete,
    /// Removes these assignments.
    Unassign(Vec<String>),
    /// Restores the MDM user scope to its state before the deployment.
    #[non_exhaustive]
    Restore {
        /// The current scope in the tenant.
        now: UserScope,
        /// The scope to restore, without groups that no longer exist.
        before: UserScope,
    },
    /// Revokes the right: removes these entries, in SDDL, from the permissions of the OU or container.
    Revoke(Vec<String>),
    /// Does nothing: the object no longer exists.
    Gone,
    /// Leaves the described work to an administrator.
    Manual(String),
    /// Does nothing, because of the finding.
    Blocked(Finding),
}

impl RemovalAction {
    /// Returns `true` if the action writes to the tenant.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Delete | Self::Unassign(_) | Self::Restore { .. } | Self::Revoke(_))
    }
}

/// A removal in a teardown, with its step, subject and action.
///
/// `Display` prints the removal in the same form as the plan: an indented line, ending with a line break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedRemoval {
    /// The step that created the subject.
    pub step: Step,
    /// The subject, such as a profile's name.
    pub subject: String,
    /// The change that the removal makes.
    pub action: RemovalAction,
}

/// The removals of a teardown, and the findings that block them. Returned by [`Teardown::plan`]; `Display` prints
/// the plan, and serde can serialize it.
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
/// # let created = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?.created;
/// use windows_autopilot::workflow::Teardown;
///
/// let plan = Teardown::new(created).plan(&client).await?;
/// println!("{plan}");
/// let report = plan.apply(&client).await.into_result()?;
/// println!("{} removed; by hand: {:?}", report.removed, report.manual);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a plan changes nothing until it is applied"]
pub struct TeardownPlan {
    /// The tenant that the plan is for.
    pub tenant: PlanTenant,
    /// The planned teardown.
    pub teardown: Teardown,
    /// The removals, in order.
    pub steps: Vec<PlannedRemoval>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    pub(super) site: Site,
}

impl Teardown {
    /// Creates a teardown of these objects.
    pub fn new(created: CreatedObjects) -> Self {
        Self { created, delete_managed_devices: false }
    }

    /// Also deletes enrolled devices in Intune.
    pub fn with_managed_devices_deleted(mut self) -> Self {
        self.delete_managed_devices = true;
        self
    }
}

impl TeardownPlan {
    /// Returns `true` if the plan removes nothing.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|planned| planned.action.is_change())
    }

    /// Sets the directory of a deserialized plan.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub fn with_on_premises(mut self, on_premises: crate::workflow::OnPremises) -> Self {
        self.site = Site::new(on_premises);
        self
    }

    /// Returns the findings that stop the plan from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

impl fmt::Display for PlannedRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, subject, action } = self;
        let subject = line(subject);
        match action {
            RemovalAction::Delete => writeln!(f, "  - {step} {subject}: delete"),
            RemovalAction::Unassign(whom) => {
                writeln!(f, "  ~ {step} {subject}: unassign {}", line(&whom.join(", ")))
            }
            RemovalAction::Restore { now, before } => {
                writeln!(f, "  ~ {step} {subject}: restore {before} (now: {now})")
            }
            RemovalAction::Revoke(entries) => {
                writeln!(f, "  - {step} {subject}: revoke {}", line(&entries.join(", ")))
            }
            RemovalAction::Gone => writeln!(f, "  = {step} {subject}: gone already"),
            RemovalAction::Manual(text) => writeln!(f, "  ! {step} {subject}: by hand: {}", line(text)),
            RemovalAction::Blocked(finding) => {
                writeln!(f, "  x {step} {subject}: {}; {}", line(&finding.evidence), line(&finding.remedy))
            }
        }
    }
}

impl fmt::Display for TeardownPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Teardown in {}", line(&self.tenant.to_string()))?;
        self.steps.iter().try_for_each(|planned| write!(f, "{planned}"))?;
        let changes = self.steps.iter().filter(|planned| planned.action.is_change()).count();
        fmt_end(f, &self.findings, changes, "remove")
    }
}
