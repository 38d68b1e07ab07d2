//! The on-premises part of a deployment: steps 2 and 3, through a directory and the connector's files.

use std::fmt;
use std::sync::Arc;

use super::hybrid_join::HybridJoin;
use super::manual::{INSTALL_CONNECTOR, deploy_gate, grant_text};
use super::step::{Action, PlannedStep, Step};
use crate::ad::connector_config::findings::{CONNECTOR_CONFIG_ACCOUNT_FORM, CONNECTOR_CONFIG_MISSING_OU};
use crate::ad::connector_config::{ConnectorConfig, ConnectorFile};
use crate::ad::delegation::{Delegation, DelegationProfile, DelegationScript};
use crate::ad::directory::{Directory, DirectoryError, DirectoryErrorKind};
use crate::ad::findings::*;
use crate::ad::preflight::{ConnectorRights, Preflight, PreflightReport};
use crate::ad::{CreateAccess, Principal};
use crate::error::{Error, ErrorKind};
use crate::model::{Finding, FindingKind, OrganizationalUnit, Severity};

/// Active Directory and the Intune Connectors, for a plan that also checks the connectors (step 2) and grants them the
/// right to create computers (step 3).
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// use windows_autopilot::ad::memory::MemoryDirectory;
/// use windows_autopilot::workflow::{HybridJoin, OnPremises};
/// # tenant.add_connector("SRV-ODJ-01", "corp.example", "6.2504.2001.8");
///
/// let desired: HybridJoin = toml::from_str(r#"
///     name = "Munich"
///     active_directory.domain = "corp.example"
///     active_directory.organizational_unit = "OU=Autopilot,DC=corp,DC=example"
///
///     [domain_join]
///     display_name = "Contoso domain join Munich"
///     computer_name_prefix = "MUC-"
///     assign_to = "all_devices"
/// "#)?;
/// // Or an `LdapDirectory`.
/// let directory = MemoryDirectory::new(&desired.active_directory.domain);
/// directory.add_unit(&"OU=Autopilot,DC=corp,DC=example".parse()?);
/// directory.add_managed_service_account("msaODJ1a2b3");
///
/// let plan = desired.plan_on_premises(&client, &[], OnPremises::new(directory)).await?;
/// println!("{plan}");
/// let report = plan.apply(&client).await.into_result()?;
/// assert_eq!(report.delegations.len(), 1);
/// # Ok(()) });
/// ```
#[derive(Clone)]
pub struct OnPremises {
    directory: Arc<dyn Directory>,
    connectors: Vec<Principal>,
    profile: DelegationProfile,
    configs: Vec<ConnectorConfig>,
}

impl OnPremises {
    /// Creates a value that accesses Active Directory through `directory`. The signed-in account needs the right to read
    /// the directory and, if the plan is to be applied, to change the OU's permissions.
    pub fn new(directory: impl Directory + 'static) -> Self {
        Self {
            directory: Arc::new(directory),
            connectors: Vec::new(),
            profile: DelegationProfile::default(),
            configs: Vec::new(),
        }
    }

    /// Adds a connector's account. If none is added and no configuration file names one, every account named `msaODJ…`
    /// that is used by an enabled server is checked.
    #[must_use]
    pub fn with_connector(mut self, account: Principal) -> Self {
        self.connectors.push(account);
        self
    }

    /// Sets the rights to grant to connectors that are not yet allowed to create computer accounts. Default: the
    /// minimum.
    #[must_use]
    pub fn with_profile(mut self, profile: DelegationProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Adds a connector's configuration file, to be compared with the deployment's OU. The account named in the
    /// enrollment wizard's file is checked as if it had been added with [`with_connector`](Self::with_connector).
    #[must_use]
    pub fn with_connector_config(mut self, config: ConnectorConfig) -> Self {
        self.configs.push(config);
        self
    }

    pub(super) fn directory(&self) -> &Arc<dyn Directory> {
        &self.directory
    }

    /// Compares steps 2 and 3 with the directory. Changes nothing; a directory that does not respond is a finding.
    pub(super) async fn compare(&self, desired: &HybridJoin) -> DirectoryPlan {
        let mut planned = DirectoryPlan::default();
        let Some(join) = &desired.domain_join else { return planned };
        let unit = desired.active_directory.organizational_unit.as_ref();
        let mut check = match unit {
            Some(unit) => Preflight::for_unit(unit),
            None => Preflight::for_default_container(),
        };
        check = check.with_computer_name_prefix(join.computer_name_prefix.clone());
        let connectors = match self.named_connectors() {
            Ok(connectors) => connectors,
            Err(finding) => {
                self.check_configs(unit, &mut planned);
                // The file's own finding about the account is the same one.
                planned.findings.retain(|other| other.id != finding.id || other.place != finding.place);
                planned.block(finding);
                return planned;
            }
        };
        for connector in &connectors {
            check = check.with_connector(connector.clone());
        }
        if self.wizard_files().any(|config| matches!(config.managed_service_account(), Ok(None))) {
            check = check.with_found_connectors();
        }
        let report = match check.run(&*self.directory).await {
            Ok(report) => report,
            Err(error) => {
                let evidence = format!("the directory could not be read: {}", error.subject());
                let finding = AD_NOT_READABLE.at(place_of(unit), evidence);
                planned.block(finding.with_remedy(error.remedy().to_owned()));
                return planned;
            }
        };
        self.plan_rights(unit, report, !connectors.is_empty(), &mut planned);
        self.check_configs(unit, &mut planned);
        planned
    }

    fn wizard_files(&self) -> impl Iterator<Item = &ConnectorConfig> {
        self.configs.iter().filter(|config| config.file() == ConnectorFile::EnrollmentWizard)
    }

    /// Returns the accounts named by the caller or the connectors' files; an unreadable name is a finding.
    fn named_connectors(&self) -> Result<Vec<Principal>, Finding> {
        let mut connectors = self.connectors.clone();
        for config in self.wizard_files() {
            let account = config.managed_service_account().map_err(|error| {
                let place = format!("{}: TenantConfiguredManagedServiceAccount", config.file());
                CONNECTOR_CONFIG_ACCOUNT_FORM.at(place, format!("the account {}", error.problem()))
            })?;
            connectors.extend(account);
        }
        Ok(connectors)
    }

    fn plan_rights(
        &self,
        unit: Option<&OrganizationalUnit>,
        report: PreflightReport,
        are_named: bool,
        planned: &mut DirectoryPlan,
    ) {
        let PreflightReport { container, may_delegate, connectors, findings, .. } = report;
        let broken = findings.iter().find(|finding| is_any(finding, &BREAKS)).cloned();
        planned.findings = findings;
        if let Some(finding) = broken {
            planned.block(finding);
            return;
        }
        let Some(container) = container else { return };
        let unresolved: Vec<Finding> =
            planned.findings.iter().filter(|finding| is_any(finding, &UNRESOLVED)).cloned().collect();
        unresolved.into_iter().for_each(|finding| planned.block(finding));
        if connectors.is_empty() && !are_named {
            planned.steps.push(PlannedStep::new(
                Step::Connector,
                "account",
                Action::Manual(INSTALL_CONNECTOR.into()),
            ));
            let text = grant_text(&container);
            planned.steps.push(PlannedStep::new(Step::ComputerAccounts, container, Action::Manual(text)));
            return;
        }
        for connector in connectors {
            let account = &connector.account;
            let subject = format!("{account} in {container}");
            let action = self.action(unit, &container, may_delegate, &connector);
            if let Action::Assign { .. } = action {
                let delegation =
                    Delegation::for_entry(&*container, account.sid.clone()).with_profile(self.profile);
                planned.delegations.push(PlannedDelegation {
                    subject: subject.clone(),
                    delegation,
                    directory: Arc::clone(&self.directory),
                });
            }
            planned.steps.push(PlannedStep::new(Step::ComputerAccounts, subject, action));
        }
        if !planned.delegations.is_empty() {
            // What is going to be put right is not a finding.
            planned.findings.retain(|finding| !is_any(finding, &HEALED));
        }
    }

    /// Returns the action for an account.
    fn action(
        &self,
        unit: Option<&OrganizationalUnit>,
        place: &str,
        may_delegate: bool,
        connector: &ConnectorRights,
    ) -> Action {
        let ConnectorRights { account, access, profile, .. } = connector;
        match access {
            CreateAccess::Granted { .. } => return Action::Keep,
            // An entry that denies is someone's decision: another that allows would not help.
            CreateAccess::Denied { .. } => {
                if let Some(denied) = access.finding(account, place) {
                    return Action::Blocked(denied);
                }
            }
            // It has what could be granted.
            CreateAccess::Unknown { why } if *profile >= Some(self.profile) => {
                return Action::Manual(format!("let {account} create a computer in {place}: {why}"));
            }
            _ => {}
        }
        if may_delegate {
            return Action::Assign { add: vec![format!("{account}: {}", self.profile)], remove: Vec::new() };
        }
        let script = unit.and_then(|unit| {
            DelegationScript::for_profile(self.profile, unit, account.sid.clone().into()).ok()
        });
        Action::Manual(match script {
            Some(script) => format!(
                "have this run by someone who may change the permissions of {place}:\n{}",
                script.powershell().replace("\r\n", "\n")
            ),
            None => grant_text(place),
        })
    }

    /// Compares the connector's files with the deployment. Their units matter only to a wizard that is to grant the
    /// right, so a difference is a warning, and ignored for a connector with its own account.
    fn check_configs(&self, unit: Option<&OrganizationalUnit>, planned: &mut DirectoryPlan) {
        let wanted: Vec<OrganizationalUnit> = unit.into_iter().cloned().collect();
        for config in &self.configs {
            planned.findings.extend(config.lint());
            if config.file() != ConnectorFile::EnrollmentWizard {
                continue;
            }
            if !matches!(config.managed_service_account(), Ok(None)) {
                planned.steps.push(PlannedStep::new(Step::Connector, config.file().name(), Action::Keep));
                continue;
            }
            let mut differences = config.compare_organizational_units(&wanted);
            let lacks_one = differences.iter().any(|finding| finding.is(&CONNECTOR_CONFIG_MISSING_OU));
            for finding in &mut differences {
                finding.severity = finding.severity.min(Severity::Warning);
            }
            planned.findings.extend(differences);
            let action = match unit {
                Some(unit) if lacks_one => Action::Manual(format!(
                    "add {unit} to OrganizationalUnitsUsedForOfflineDomainJoin in {}",
                    config.file().default_path()
                )),
                _ => Action::Keep,
            };
            planned.steps.push(PlannedStep::new(Step::Connector, config.file().name(), action));
        }
    }
}

impl fmt::Debug for OnPremises {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnPremises")
            .field("directory", &self.directory)
            .field("connectors", &self.connectors.len())
            .field("profile", &self.profile)
            .field("configs", &self.configs)
            .finish()
    }
}

/// Findings that leave no OU or container to delegate in.
const BREAKS: [FindingKind; 5] =
    [AD_NOT_ACTIVE_DIRECTORY, AD_OTHER_DOMAIN, AD_OU_MISSING, AD_NOT_AN_OU, AD_RIGHTS_NOT_READABLE];
/// Findings about the names of accounts.
const UNRESOLVED: [FindingKind; 3] = [AD_ACCOUNT_MISSING, AD_ACCOUNT_OF_ANOTHER_DOMAIN, AD_ACCOUNT_AMBIGUOUS];
/// Findings that a delegation resolves.
const HEALED: [FindingKind; 2] = [AD_CANNOT_CREATE, AD_CONNECTORS_DIFFER];

fn is_any(finding: &Finding, kinds: &[FindingKind]) -> bool {
    kinds.iter().any(|kind| finding.is(kind))
}

/// The planned part of steps 2 and 3.
#[derive(Default)]
pub(super) struct DirectoryPlan {
    pub(super) steps: Vec<PlannedStep>,
    pub(super) findings: Vec<Finding>,
    pub(super) delegations: Vec<PlannedDelegation>,
}

impl DirectoryPlan {
    fn block(&mut self, finding: Finding) {
        let step = PlannedStep::new(Step::ComputerAccounts, finding.place.clone(), Action::Blocked(finding));
        self.steps.push(step);
    }

    /// Returns `true` if every connector may create computers, or will after the plan.
    fn is_settled(&self) -> bool {
        let mut rights =
            self.steps.iter().filter(|planned| planned.step == Step::ComputerAccounts).peekable();
        let has_some = rights.peek().is_some();
        has_some && rights.all(|planned| matches!(planned.action, Action::Keep | Action::Assign { .. }))
    }

    /// Replaces the placeholder steps for a deployment without a directory.
    pub(super) fn merge_into(
        self,
        steps: &mut Vec<PlannedStep>,
        findings: &mut Vec<Finding>,
    ) -> Vec<PlannedDelegation> {
        if self.is_settled() {
            let gates = steps.iter_mut().filter(|planned| planned.step == Step::Deploy);
            gates.for_each(|gate| gate.action = deploy_gate(true));
        }
        if self.steps.iter().any(|planned| planned.step == Step::ComputerAccounts) {
            steps.retain(|planned| planned.step != Step::ComputerAccounts);
        }
        steps.extend(self.steps);
        PlannedStep::sort(steps);
        findings.extend(self.findings);
        self.delegations
    }
}

/// A right to grant.
pub(super) struct PlannedDelegation {
    pub(super) subject: String,
    pub(super) delegation: Delegation,
    pub(super) directory: Arc<dyn Directory>,
}

/// Converts a directory's error.
pub(super) fn deployment_error(error: DirectoryError) -> Error {
    let kind = match error.kind() {
        DirectoryErrorKind::Unreachable => ErrorKind::Connect,
        DirectoryErrorKind::Untrusted | DirectoryErrorKind::InvalidCredentials => ErrorKind::Authentication,
        DirectoryErrorKind::AccessDenied => ErrorKind::Forbidden,
        DirectoryErrorKind::NotFound => ErrorKind::NotFound,
        DirectoryErrorKind::InvalidInput => ErrorKind::InvalidInput,
        DirectoryErrorKind::Interrupted => ErrorKind::Interrupted,
        DirectoryErrorKind::Timeout => ErrorKind::Timeout,
        DirectoryErrorKind::Unavailable => ErrorKind::Unavailable,
        DirectoryErrorKind::LostUpdate => ErrorKind::Conflict,
        DirectoryErrorKind::NotRecorded => ErrorKind::Journal,
        DirectoryErrorKind::OtherDomain | DirectoryErrorKind::Ambiguous => ErrorKind::InvalidInput,
        _ => ErrorKind::Rejected,
    };
    let message = format!("the right to create computers could not be changed: {}", error.subject());
    Error::new(kind, message).with_remedy(error.remedy().to_owned())
}

fn place_of(unit: Option<&OrganizationalUnit>) -> String {
    unit.map_or_else(|| "default computers container".to_owned(), ToString::to_string)
}
