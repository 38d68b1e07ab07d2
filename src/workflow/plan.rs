//! What would change, and what stands in the way.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::checks;
use super::hybrid_join::HybridJoin;
use super::prepare::{Todo, prepare};
use super::state::TenantState;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Change, DeviceToImport, Finding, Severity};

/// A step of a deployment. The numbers are those of Microsoft's tutorial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// 1: automatic enrollment.
    AutomaticEnrollment,
    /// 2: the Intune Connector for Active Directory.
    Connector,
    /// 3: the connector's right to create computer accounts.
    ComputerAccounts,
    /// 4: devices are registered.
    Devices,
    /// 5: the group of devices.
    Group,
    /// 6: the enrollment status page.
    StatusPage,
    /// 7: the deployment profile.
    Profile,
    /// 8: the domain join profile.
    DomainJoin,
    /// 9: users are assigned to devices, or taken off. Off by default: it breaks hybrid joins.
    Users,
    /// 10: devices are deployed.
    Deploy,
}

impl Step {
    /// Its number in Microsoft's tutorial.
    pub fn number(self) -> u8 {
        match self {
            Self::AutomaticEnrollment => 1,
            Self::Connector => 2,
            Self::ComputerAccounts => 3,
            Self::Devices => 4,
            Self::Group => 5,
            Self::StatusPage => 6,
            Self::Profile => 7,
            Self::DomainJoin => 8,
            Self::Users => 9,
            Self::Deploy => 10,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutomaticEnrollment => "automatic enrollment",
            Self::Connector => "Intune Connector",
            Self::ComputerAccounts => "computer accounts",
            Self::Devices => "devices",
            Self::Group => "group",
            Self::StatusPage => "enrollment status page",
            Self::Profile => "deployment profile",
            Self::DomainJoin => "domain join profile",
            Self::Users => "users",
            Self::Deploy => "deployment",
        })
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Something is created.
    Create,
    /// Properties are changed.
    Update(Vec<Change>),
    /// Something is assigned: to whom it is added, and from whom it is taken.
    Assign {
        /// Who gets it.
        add: Vec<String>,
        /// Who loses it.
        remove: Vec<String>,
    },
    /// Devices are imported: their serial numbers.
    Import(Vec<String>),
    /// Everything is as it should be.
    Keep,
    /// A person has to do it.
    Manual(String),
    /// It cannot be done.
    Blocked(Finding),
}

impl Action {
    /// Whether it writes to the tenant.
    pub fn is_change(&self) -> bool {
        matches!(self, Self::Create | Self::Update(_) | Self::Assign { .. } | Self::Import(_))
    }
}

/// One thing of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// The step that it belongs to.
    pub step: Step,
    /// What it is about, such as a profile's name.
    pub subject: String,
    /// What is to be done.
    pub action: Action,
}

impl PlannedStep {
    pub(super) fn new(step: Step, subject: impl Into<String>, action: Action) -> Self {
        Self { step, subject: subject.into(), action }
    }

    /// In the order in which the steps are taken.
    pub(super) fn sort(planned: &mut [Self]) {
        planned.sort_by_key(|planned| planned.step);
    }
}

/// What would change, and what stands in the way. Made by [`HybridJoin::plan`]; `Display` prints it.
///
/// It goes through serde, so that it can be approved before it is applied; hardware hashes do not go along, so give the
/// devices again with [`Plan::with_devices`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// What it leads to.
    pub desired: HybridJoin,
    /// What is to be done, in order.
    pub steps: Vec<PlannedStep>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    pub(super) devices: Vec<DeviceToImport>,
    #[serde(skip)]
    pub(super) site: Site,
}

/// How a plan reaches what is on premises, if it does. Plans that come to the same are the same, however they do.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    #[cfg(feature = "ad")]
    on_premises: Option<super::on_premises::OnPremises>,
}

impl PartialEq for Site {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl HybridJoin {
    /// Compares the tenant with what is desired. Reads only.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] before any request if the token shows permissions and they do not suffice; as
    /// [`Call::send`](crate::graph::Call::send). What is wrong with the tenant is a finding, not an error.
    /// # Permissions
    /// To read: `DeviceManagementServiceConfig.Read.All`, `DeviceManagementConfiguration.Read.All`, `Group.Read.All`,
    /// `DeviceManagementApps.Read.All`, and for the MDM scope a signed-in user with `Policy.Read.All`; with
    /// `Device.Read.All` it also finds devices whose object in Entra ID is gone. [`HybridJoin::preflight`] tells which of
    /// them the token lacks.
    pub async fn plan(&self, client: &Client, devices: &[DeviceToImport]) -> Result<Plan> {
        Ok(self.plan_with_todo(client, devices, &Site::default()).await?.0)
    }

    /// The same with steps 2 and 3 checked in Active Directory, and carried out there when the plan is applied.
    ///
    /// # Errors
    /// As [`plan`](Self::plan). What is wrong with the directory is a finding, not an error, even that it cannot be
    /// reached.
    /// # Permissions
    /// Those of [`plan`](Self::plan); in the directory, to read, as every account of the domain may.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub async fn plan_on_premises(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        on_premises: super::on_premises::OnPremises,
    ) -> Result<Plan> {
        let site = Site { on_premises: Some(on_premises) };
        Ok(self.plan_with_todo(client, devices, &site).await?.0)
    }

    pub(super) async fn plan_with_todo(
        &self,
        client: &Client,
        devices: &[DeviceToImport],
        site: &Site,
    ) -> Result<(Plan, Todo)> {
        let caller = client.caller().await?;
        let with_devices = !devices.is_empty();
        self.check_reads(&caller, with_devices)?;
        let state = TenantState::read(client, self, with_devices, caller.app_only == Some(true)).await?;
        #[cfg_attr(not(feature = "ad"), allow(unused_mut, reason = "what is on premises is added"))]
        let mut prepared = prepare(self, &state, devices).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "the settings cannot be written").with_source(error)
        })?;
        let mut findings = self.lint();
        findings.extend(checks::check(self, &state, devices, client.clock().timestamp()));
        #[cfg(feature = "ad")]
        if let Some(on_premises) = &site.on_premises {
            let look = on_premises.look(self).await;
            prepared.todo.delegations = look.merge_into(&mut prepared.steps, &mut findings);
        }
        let blocked = prepared.steps.iter().filter_map(|planned| match &planned.action {
            Action::Blocked(finding) => Some(finding.clone()),
            _ => None,
        });
        findings.extend(blocked);
        findings.extend(self.check_writes(&prepared.steps, &caller));
        Finding::sort(&mut findings);
        findings.dedup();
        let plan = Plan {
            desired: self.clone(),
            steps: prepared.steps,
            findings,
            devices: devices.to_vec(),
            site: site.clone(),
        };
        Ok((plan, prepared.todo))
    }
}

impl Plan {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        !self.steps.iter().any(|planned| planned.action.is_change())
    }

    /// What differs between the tenant and what is desired: the steps that would change something.
    pub fn drift(&self) -> impl Iterator<Item = &PlannedStep> {
        self.steps.iter().filter(|planned| planned.action.is_change())
    }

    /// Findings that stop it from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Gives back the devices to a plan that went through serde.
    #[must_use]
    pub fn with_devices(mut self, devices: Vec<DeviceToImport>) -> Self {
        self.devices = devices;
        self
    }

    /// Gives back the directory to a plan that went through serde.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    #[must_use]
    pub fn with_on_premises(mut self, on_premises: super::on_premises::OnPremises) -> Self {
        self.site = Site { on_premises: Some(on_premises) };
        self
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Plan for {}", self.desired.name)?;
        let mut last = None;
        for planned in &self.steps {
            if last != Some(planned.step) {
                writeln!(f, "\n{:>2}. {}", planned.step.number(), planned.step)?;
                last = Some(planned.step);
            }
            write!(f, "{planned}")?;
        }
        if !self.findings.is_empty() {
            writeln!(f, "\nFindings")?;
            for finding in &self.findings {
                writeln!(f, "  {finding}")?;
            }
        }
        let changes = self.drift().count();
        match changes {
            0 => write!(f, "\nNothing to change."),
            1 => write!(f, "\n1 thing to change."),
            _ => write!(f, "\n{changes} things to change."),
        }
    }
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        match &self.action {
            Action::Create => writeln!(f, "  + {subject}: create"),
            Action::Update(changes) => {
                writeln!(f, "  ~ {subject}: change")?;
                changes.iter().try_for_each(|change| writeln!(f, "      {change}"))
            }
            Action::Assign { add, remove } => {
                writeln!(f, "  ~ {subject}: assign")?;
                add.iter().try_for_each(|who| writeln!(f, "      + {who}"))?;
                remove.iter().try_for_each(|who| writeln!(f, "      - {who}"))
            }
            Action::Import(serials) => {
                writeln!(f, "  + {subject}: import {} devices", serials.len())?;
                const SHOWN: usize = 5;
                serials.iter().take(SHOWN).try_for_each(|serial| writeln!(f, "      + {serial}"))?;
                match serials.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => writeln!(f, "      … and {more} more"),
                }
            }
            Action::Keep => writeln!(f, "  = {subject}"),
            Action::Manual(text) => writeln!(f, "  ! {subject}: by hand: {text}"),
            Action::Blocked(finding) => writeln!(f, "  x {subject}: {} [{}]", finding.evidence, finding.id),
        }
    }
}
