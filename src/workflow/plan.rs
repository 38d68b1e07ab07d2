//! The comparison of a tenant with a desired state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::binding::{Inputs, PlanTenant};
use super::checks;
use super::created::CreatedObjects;
use super::effects;
use super::findings::*;
use super::hybrid_join::HybridJoin;
use super::identity::{Identity, PlanOptions, dropped, dropped_steps};
use super::prepare::{Todo, prepare};
use super::resultant::ResultantGroup;
use super::scope::ScopeTodo;
use super::state::TenantState;
use super::step::{Action, PlannedStep, fmt_end};
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::line;
use crate::graph::Client;
use crate::model::{DeviceToImport, Finding, FindingKind, Severity};

/// The changes that bring a tenant to its desired state, and the findings that block them. Returned by
/// [`HybridJoin::plan`]; `Display` prints the plan.
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
/// use windows_autopilot::workflow::PlanStatus;
///
/// let plan = desired.plan(&client, &[]).await?;
/// println!("{plan}");
/// match plan.status() {
///     PlanStatus::Same => println!("nothing to do"),
///     PlanStatus::Blocked => plan.blocking().for_each(|finding| eprintln!("{finding}")),
///     _ => println!("{} changes", plan.apply(&client).await.into_result()?.changes),
/// }
/// let json = serde_json::to_string(&plan)?; // for a reviewer, or another program
/// # Ok(()) });
/// ```
///
/// A plan can be serialized for approval before it is applied. Hardware hashes are omitted, so pass the devices again
/// with [`Plan::with_devices`]. The plan is bound to its tenant and cloud, and to digests of its settings and devices:
/// applying it fails in another tenant or if its inputs have changed ([`Plan::check_settings`] compares a settings
/// file).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a plan changes nothing until it is applied"]
pub struct Plan {
    /// The tenant that the plan is for.
    pub tenant: PlanTenant,
    /// The desired state that the plan leads to.
    pub desired: HybridJoin,
    pub(super) inputs: Inputs,
    /// The actions, in order.
    pub steps: Vec<PlannedStep>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// The resultant set for the deployment's devices after the plan is applied. Kinds of objects that the deployment
    /// does not have are reported as unknown, with no reason given.
    #[serde(default)]
    pub resultant: Vec<ResultantGroup>,
    /// The options that the plan was made with.
    #[serde(default, skip_serializing_if = "PlanOptions::is_default")]
    pub options: PlanOptions,
    /// The objects on record that are no longer in the settings or the device list. They are kept unless a
    /// [`Teardown`](super::Teardown) removes them.
    #[serde(default, skip_serializing_if = "CreatedObjects::is_empty")]
    pub dropped: CreatedObjects,
    #[serde(skip)]
    pub(super) devices: Vec<DeviceToImport>,
    #[serde(skip)]
    pub(super) site: Site,
}

/// The access to the on-premises directory, if any. It is ignored in a comparison of plans.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    #[cfg(feature = "ad")]
    on_premises: Option<super::on_premises::OnPremises>,
}

#[cfg(feature = "ad")]
impl Site {
    pub(super) fn new(on_premises: super::on_premises::OnPremises) -> Self {
        Self { on_premises: Some(on_premises) }
    }

    pub(super) fn directory(&self) -> Option<&std::sync::Arc<dyn crate::ad::directory::Directory>> {
        self.on_premises.as_ref().map(super::on_premises::OnPremises::directory)
    }
}

impl PartialEq for Site {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The result of comparing a tenant with a desired state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlanStatus {
    /// The tenant matches the desired state.
    Same,
    /// The tenant differs from the desired state.
    Changed,
    /// A finding stops the plan.
    Blocked,
    /// No known difference, but some parts could not be read.
    NotKnown,
}

/// Kinds of findings about unknown facts.
const UNKNOWN: [FindingKind; 9] = [
    MDM_DELEGATED_ONLY,
    DOMAIN_JOIN_NETWORK_NOT_READ,
    RESULTANT_NOT_READ,
    RESULTANT_GROUP_NOT_READ,
    RESULTANT_RULE_NOT_EVALUATED,
    RESULTANT_FILTER_NOT_KNOWN,
    RESULTANT_ORDER_NOT_KNOWN,
    RESULTANT_TARGET_NOT_KNOWN,
    RESULTANT_DEVICE_NOT_READ,
];

impl HybridJoin {
    /// Compares the tenant with the desired state. Changes nothing.
    ///
    /// Devices that are not registered yet undergo the same checks as in an [`Import`](crate::workflow::Import).
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] before any request if the token shows insufficient permissions; otherwise same as
    /// [`Call`](crate::graph::Call). A problem in the tenant is a finding, not an error.
    /// # Permissions
    /// To read: `DeviceManagementServiceConfig.Read.All`, `DeviceManagementConfiguration.Read.All`, `Group.Read.All`,
    /// `DeviceManagementApps.Read.All`, and for the MDM scope a signed-in user with `Policy.Read.All`; with
    /// `Device.Read.All` the plan also finds devices whose object in Entra ID is gone.
    /// [`HybridJoin::check_permissions`] reports missing permissions.
    pub async fn plan(&self, client: &Client, devices: &[DeviceToImport]) -> Result<Plan> {
        self.plan_with(client, devices, PlanOptions::default()).await
    }

    /// Compares the tenant with the desired state, using the given options. Changes nothing.
    ///
    /// # Errors
    /// Same as [`plan`](Self::plan); [`ErrorKind::InvalidInput`] if the record belongs to another tenant.
    /// # Permissions
    /// Same as [`plan`](Self::plan).
    pub async fn plan_with(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        options: PlanOptions,
    ) -> Result<Plan> {
        Ok(self.plan_with_todo(client, devices, &options, &Site::default()).await?.0)
    }

    /// Compares the tenant and Active Directory with the desired state: the connectors (step 2) and their rights (step
    /// 3) are checked too, and missing rights are granted when the plan is applied.
    ///
    /// # Errors
    /// Same as [`plan`](Self::plan). A problem with the directory is a finding, not an error, even if the directory
    /// cannot be reached.
    /// # Permissions
    /// Same as [`plan`](Self::plan); in the directory, the right to read, which every account in the domain has.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub async fn plan_on_premises(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        on_premises: super::on_premises::OnPremises,
    ) -> Result<Plan> {
        self.plan_on_premises_with(client, devices, on_premises, PlanOptions::default()).await
    }

    /// Compares the tenant and Active Directory with the desired state, using the given options.
    ///
    /// # Errors
    /// Same as [`plan_with`](Self::plan_with).
    /// # Permissions
    /// Same as [`plan_on_premises`](Self::plan_on_premises).
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub async fn plan_on_premises_with(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        on_premises: super::on_premises::OnPremises,
        options: PlanOptions,
    ) -> Result<Plan> {
        let site = Site::new(on_premises);
        Ok(self.plan_with_todo(client, devices, &options, &site).await?.0)
    }

    pub(super) async fn plan_with_todo(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        options: &PlanOptions,
        site: &Site,
    ) -> Result<(Plan, Todo)> {
        if let Some(created) = &options.created {
            created.check_tenant(client).await?;
        }
        let identity = Identity::new(self, options);
        let caller = client.caller().await?;
        let with_devices = !devices.is_empty();
        self.check_reads(&caller, with_devices)?;
        let app_only = caller.app_only == Some(true);
        let state = TenantState::read(client, self, with_devices, app_only, identity).await?;
        let (mut steps, mut todo) = prepare(self, &state, devices).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the settings cannot be written").with_source(error)
        })?;
        let dropped = dropped(self, devices, options, &state.identity);
        steps.extend(dropped_steps(&dropped));
        PlannedStep::sort(&mut steps);
        let mut findings = self.lint();
        findings.append(&mut todo.findings);
        findings.extend(todo.mdm.as_ref().and_then(ScopeTodo::dropped));
        let (resultant, effects) = effects::determine(self, &state, devices);
        findings.extend(effects);
        findings.extend(checks::check(self, &state, devices, client.clock().timestamp()));
        #[cfg(feature = "ad")]
        if let Some(on_premises) = &site.on_premises {
            let planned = on_premises.compare(self).await;
            todo.delegations = planned.merge_into(&mut steps, &mut findings);
        }
        let blocked = steps.iter().filter_map(|planned| match &planned.action {
            Action::Blocked(finding) => Some(finding.clone()),
            _ => None,
        });
        findings.extend(blocked);
        findings.extend(self.check_writes(&steps, &caller));
        Finding::sort(&mut findings);
        findings.dedup();
        let plan = Plan {
            tenant: PlanTenant::of(client).await?,
            desired: self.clone(),
            inputs: Inputs::new(self, devices)?,
            steps,
            findings,
            resultant,
            options: options.clone(),
            dropped,
            devices: devices.to_vec(),
            site: site.clone(),
        };
        Ok((plan, todo))
    }
}

impl Plan {
    /// Returns `true` if the plan changes nothing.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|planned| planned.action.is_change())
    }

    /// Returns the drift: the steps that change something.
    pub fn drift(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().filter(|planned| planned.action.is_change())
    }

    /// Returns the steps whose drift is unknown because the service did not report some properties.
    pub fn unknown(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().filter(|planned| matches!(planned.action, Action::Unknown(_)))
    }

    /// Returns the findings about parts whose drift is unknown because they could not be read or compared.
    pub fn unknown_findings(&self) -> impl Iterator<Item = &Finding> {
        let is_unknown = |finding: &&Finding| UNKNOWN.iter().any(|kind| finding.is(kind));
        self.findings.iter().filter(is_unknown)
    }

    /// Returns the status of the plan.
    pub fn status(&self) -> PlanStatus {
        if self.blocking().next().is_some() {
            PlanStatus::Blocked
        } else if !self.is_empty() {
            PlanStatus::Changed
        } else if self.unknown().next().is_some() || self.unknown_findings().next().is_some() {
            PlanStatus::NotKnown
        } else {
            PlanStatus::Same
        }
    }

    /// Returns the findings that stop the plan from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Checks that the plan was made from these settings, in case a settings file has changed since the plan was
    /// approved.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] if the settings differ.
    pub fn check_settings(&self, desired: &HybridJoin) -> Result<()> {
        self.inputs.check(desired, &self.devices)
    }

    /// Sets the devices of a deserialized plan.
    pub fn with_devices(mut self, devices: Vec<DeviceToImport>) -> Self {
        self.devices = devices;
        self
    }

    /// Sets the directory of a deserialized plan.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub fn with_on_premises(mut self, on_premises: super::on_premises::OnPremises) -> Self {
        self.site = Site::new(on_premises);
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Plan for {}", line(self.desired.name.as_str()))?;
        let (tenant, domain) = (self.tenant.to_string(), self.desired.active_directory.domain.to_string());
        writeln!(f, "  {}, domain {}", line(&tenant), line(&domain))?;
        let mut last = None;
        for planned in &self.steps {
            if last != Some(planned.step) {
                writeln!(f, "\n{:>2}. {}", planned.step.number(), planned.step)?;
                last = Some(planned.step);
            }
            write!(f, "{planned}")?;
        }
        if !self.resultant.is_empty() {
            writeln!(f, "\nWhat the devices get then")?;
            self.resultant.iter().try_for_each(|group| write!(f, "{group}"))?;
        }
        fmt_end(f, &self.findings, self.drift().count(), "change")
    }
}
