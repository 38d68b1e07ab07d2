//! Compares the token's permissions with a deployment's operations, before the first call.

use serde::Serialize;

use super::findings::{MDM_DELEGATED_ONLY, PERMISSIONS_MISSING};
use super::hybrid_join::{HybridJoin, MdmUserScope, UserAssignment};
use super::step::{Action, PlannedStep, Step};
use crate::catalog::{OPERATIONS, Permissions, Scopes};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Caller, Client};
use crate::model::{Finding, Severity};

/// The permissions that a deployment needs, and those that the token lacks.
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
/// let report = desired.check_permissions(&client, true).await?;
/// for finding in &report.findings {
///     eprintln!("{finding}");
/// }
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PermissionReport {
    /// Whether the caller is an app without a user; `None` if the token does not show it.
    pub app_only: Option<bool>,
    /// The operations that the deployment may call: those needed to plan it and those needed to create all of it.
    pub operations: Vec<RequiredOperation>,
    /// The missing permissions, by step; empty if the token does not show its permissions.
    pub findings: Vec<Finding>,
}

/// An operation that a step needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequiredOperation {
    /// The step that needs the operation.
    pub step: Step,
    /// The operation, such as `autopilotProfiles.create`.
    pub operation: &'static str,
    /// The purpose of the call.
    pub purpose: OperationPurpose,
    /// Whether the deployment can do without the operation.
    pub optional: bool,
    #[serde(skip)]
    permissions: Permissions,
}

/// The purpose of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OperationPurpose {
    /// Reads the tenant for a plan.
    Read,
    /// [`Action::Create`]
    Create,
    /// [`Action::Update`]
    Update,
    /// [`Action::Assign`]
    Assign,
    /// [`Action::Import`]
    Import,
}

impl OperationPurpose {
    fn is_of(self, action: &Action) -> bool {
        matches!(
            (self, action),
            (Self::Create, Action::Create(_))
                | (Self::Update, Action::Update(_))
                | (Self::Assign, Action::Assign { .. })
                | (Self::Import, Action::Import(_) | Action::Resume)
        )
    }
}

impl RequiredOperation {
    /// Returns the least-privileged permission for this kind of sign-in; `None` if no permission allows the operation.
    pub fn permission(&self, app_only: bool) -> Option<&'static str> {
        self.scopes(app_only).least.first().copied()
    }

    fn scopes(&self, app_only: bool) -> Scopes {
        match app_only {
            true => self.permissions.application,
            false => self.permissions.delegated,
        }
    }

    /// Returns `true` if the caller may call the operation, as far as the token shows.
    fn is_met_by(&self, caller: &Caller) -> bool {
        let Some(app_only) = caller.app_only else { return true };
        let accepted = self.scopes(app_only).accepted;
        let held = |wanted: &&str| caller.permissions.iter().any(|held| held.eq_ignore_ascii_case(wanted));
        accepted.iter().any(held)
    }
}

/// The parts of a deployment that need permissions.
#[derive(Clone, Copy, PartialEq)]
enum DeploymentPart {
    MdmScope,
    MdmGroups,
    Connectors,
    Devices,
    Group,
    StatusPage,
    AccountSetup,
    Profile,
    DomainJoin,
    Networks,
    UnassignUsers,
    AssignUsers,
}

/// The operations that each part needs; the last column marks those that the deployment can do without.
const REQUIRED_OPERATIONS: &[(DeploymentPart, Step, OperationPurpose, &str, bool)] = {
    use DeploymentPart as P;
    use OperationPurpose::{Assign, Create, Import, Read, Update};
    use Step as S;
    &[
        (P::MdmScope, S::AutomaticEnrollment, Read, "mobilityPolicies.list", true),
        (P::MdmScope, S::AutomaticEnrollment, Read, "mobilityPolicies.get", true),
        (P::MdmScope, S::AutomaticEnrollment, Assign, "mobilityPolicies.update", false),
        (P::MdmGroups, S::AutomaticEnrollment, Read, "groups.list", false),
        (P::MdmGroups, S::AutomaticEnrollment, Assign, "mobilityPolicies.includedGroups.addRef", false),
        (P::Connectors, S::Connector, Read, "domainJoinConnectors.list", false),
        (P::Devices, S::Devices, Read, "autopilotDevices.list", false),
        (P::Devices, S::Devices, Read, "devices.list", true),
        (P::Devices, S::Devices, Import, "autopilotImports.import", false),
        (P::Devices, S::Devices, Import, "autopilotSettings.sync", false),
        (P::Devices, S::Devices, Update, "autopilotDevices.updateDeviceProperties", false),
        (P::Group, S::Group, Read, "groups.list", false),
        (P::Group, S::Group, Read, "groups.transitiveMembers.list", true),
        (P::Group, S::Group, Create, "groups.create", false),
        (P::Group, S::Group, Update, "groups.update", false),
        (P::StatusPage, S::StatusPage, Read, "enrollmentConfigurations.list", false),
        (P::StatusPage, S::StatusPage, Read, "enrollmentConfigurations.assignments.list", false),
        (P::StatusPage, S::StatusPage, Read, "mobileApps.list", false),
        (P::StatusPage, S::StatusPage, Create, "enrollmentConfigurations.create", false),
        (P::StatusPage, S::StatusPage, Update, "enrollmentConfigurations.update", false),
        (P::StatusPage, S::StatusPage, Assign, "enrollmentConfigurations.assignments.create", false),
        (P::AccountSetup, S::AccountSetup, Read, "deviceConfigurations.list", false),
        (P::AccountSetup, S::AccountSetup, Read, "deviceConfigurations.assignments.list", false),
        (P::AccountSetup, S::AccountSetup, Create, "deviceConfigurations.create", false),
        (P::AccountSetup, S::AccountSetup, Update, "deviceConfigurations.update", false),
        (P::AccountSetup, S::AccountSetup, Assign, "deviceConfigurations.assignments.create", false),
        (P::Profile, S::Profile, Read, "autopilotProfiles.list", false),
        (P::Profile, S::Profile, Read, "autopilotProfiles.assignments.list", false),
        (P::Profile, S::Profile, Create, "autopilotProfiles.create", false),
        (P::Profile, S::Profile, Update, "autopilotProfiles.update", false),
        (P::Profile, S::Profile, Assign, "autopilotProfiles.assignments.create", false),
        (P::DomainJoin, S::DomainJoin, Read, "deviceConfigurations.list", false),
        (P::DomainJoin, S::DomainJoin, Read, "deviceConfigurations.assignments.list", false),
        (P::DomainJoin, S::DomainJoin, Create, "deviceConfigurations.create", false),
        (P::DomainJoin, S::DomainJoin, Update, "deviceConfigurations.update", false),
        (P::DomainJoin, S::DomainJoin, Assign, "deviceConfigurations.assignments.create", false),
        (P::Networks, S::DomainJoin, Read, "domainJoin.networkAccessConfigurations.list", true),
        (P::Networks, S::DomainJoin, Assign, "domainJoin.networkAccessConfigurations.addRef", false),
        (P::UnassignUsers, S::Users, Assign, "autopilotDevices.unassignUserFromDevice", false),
        (P::AssignUsers, S::Users, Read, "users.get", false),
        (P::AssignUsers, S::Users, Assign, "autopilotDevices.assignUserToDevice", false),
    ]
};

impl HybridJoin {
    /// Returns the operations needed to plan this deployment and those needed to create all of it, with or without
    /// devices to register.
    pub fn required_operations(&self, with_devices: bool) -> Vec<RequiredOperation> {
        let has = |part| match part {
            DeploymentPart::MdmScope => self.mdm_scope.is_some(),
            DeploymentPart::MdmGroups => matches!(&self.mdm_scope, Some(MdmUserScope::Groups(_))),
            DeploymentPart::Connectors => self.connectors.is_some(),
            DeploymentPart::Devices => self.reads_devices(with_devices),
            DeploymentPart::Group => self.group.is_some(),
            DeploymentPart::StatusPage => self.enrollment_status_page.is_some(),
            DeploymentPart::AccountSetup => self.skip_user_status_page.is_some(),
            DeploymentPart::Networks => {
                self.domain_join.as_ref().is_some_and(|join| !join.network_access_configurations.is_empty())
            }
            DeploymentPart::Profile => self.profile.is_some(),
            DeploymentPart::DomainJoin => self.domain_join.is_some(),
            DeploymentPart::UnassignUsers => self.user_assignment == UserAssignment::Unassign,
            DeploymentPart::AssignUsers => self.user_assignment == UserAssignment::Assign,
        };
        let need =
            |(part, step, purpose, name, optional): &(DeploymentPart, Step, OperationPurpose, &str, bool)| {
                let info = OPERATIONS.iter().find(|info| info.name == *name).filter(|_| has(*part))?;
                Some(RequiredOperation {
                    step: *step,
                    operation: info.name,
                    purpose: *purpose,
                    optional: *optional,
                    permissions: info.permissions,
                })
            };
        REQUIRED_OPERATIONS.iter().filter_map(need).collect()
    }

    /// Compares the token's permissions with this deployment's needs, without calling Graph.
    ///
    /// A plan makes the same comparison: it fails if read permissions are missing, and reports missing write permissions
    /// as findings. An app without a user can never read or set the MDM user scope, but this is only a warning:
    /// everything else proceeds.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # use windows_autopilot::workflow::HybridJoin;
    /// # run(async |Harness { client, .. }| {
    /// let desired = HybridJoin::new("Munich".parse()?, "corp.contoso.com".parse()?);
    /// for finding in desired.check_permissions(&client, true).await?.findings {
    ///     println!("{finding}");
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Same as [`Client::caller`].
    pub async fn check_permissions(&self, client: &Client, with_devices: bool) -> Result<PermissionReport> {
        let caller = client.caller().await?;
        let operations = self.required_operations(with_devices);
        let findings = lacking(&operations, &caller);
        Ok(PermissionReport { app_only: caller.app_only, operations, findings })
    }

    /// Checks that the permissions suffice for a plan.
    pub(super) fn check_reads(&self, caller: &Caller, with_devices: bool) -> Result<()> {
        let operations = self.required_operations(with_devices);
        let is_read = |need: &&RequiredOperation| need.purpose == OperationPurpose::Read && !need.optional;
        if operations.iter().filter(is_read).all(|need| need.is_met_by(caller)) {
            return Ok(());
        }
        let missing: Vec<String> = lacking(&operations, caller)
            .iter()
            .map(|finding| format!("{}: {}", finding.place, finding.evidence))
            .collect();
        let message = format!("the permissions do not suffice for a plan: {}", missing.join("; "));
        Err(Error::new(ErrorKind::Forbidden, message))
    }

    /// Returns findings for the writes of a plan that the caller may not make.
    pub(super) fn check_writes(&self, steps: &[PlannedStep], caller: &Caller) -> Vec<Finding> {
        let mut operations = self.required_operations(true);
        operations.retain(|need| {
            steps.iter().any(|planned| planned.step == need.step && need.purpose.is_of(&planned.action))
        });
        lacking(&operations, caller)
    }
}

/// Returns a finding for each step and permission that the caller lacks.
fn lacking(operations: &[RequiredOperation], caller: &Caller) -> Vec<Finding> {
    let Some(app_only) = caller.app_only else { return Vec::new() };
    let mut told: Vec<(Step, Option<&str>)> = Vec::new();
    let mut findings = Vec::new();
    // Required permissions come first: optional operations may lack the same ones.
    let (optional, needed): (Vec<&RequiredOperation>, Vec<&RequiredOperation>) =
        operations.iter().partition(|need| need.optional);
    for need in needed.into_iter().chain(optional).filter(|need| !need.is_met_by(caller)) {
        let permission = need.permission(app_only);
        if told.contains(&(need.step, permission)) {
            continue;
        }
        told.push((need.step, permission));
        let Some(permission) = permission else {
            findings.push(delegated_only());
            continue;
        };
        let evidence = format!("{} needs {permission}, and the token does not carry it", need.operation);
        let mut finding = PERMISSIONS_MISSING.at(need.step.to_string(), evidence);
        if need.optional {
            finding.severity = Severity::Warning;
        }
        if !app_only {
            finding.remedy =
                "sign in again and ask for this permission; an administrator may have to consent".into();
        }
        findings.push(finding);
    }
    Finding::sort(&mut findings);
    findings
}

/// Returns the finding for the MDM user scope, which an app without a user cannot read or set.
pub(super) fn delegated_only() -> Finding {
    let evidence = "Graph lets only signed-in users read or set it, and this client has no signed-in user";
    MDM_DELEGATED_ONLY.at("MDM user scope", evidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(app_only: Option<bool>, permissions: &[&str]) -> Caller {
        Caller { app_only, permissions: permissions.iter().map(|held| (*held).to_owned()).collect() }
    }

    fn whole() -> HybridJoin {
        toml::from_str(
            "name='x'\nmdm_scope.groups=['u']\nconnectors={}\nuser_assignment='assign'\n\
             [active_directory]\ndomain='corp.contoso.com'\n[group]\ndisplay_name='g'\nmembers.group_tag='t'\n\
             [enrollment_status_page]\ndisplay_name='e'\n[profile]\ndisplay_name='p'\n\
             [domain_join]\ndisplay_name='d'\ncomputer_name_prefix='D'\n",
        )
        .unwrap()
    }

    const ALL: &[&str] = &[
        "DeviceManagementServiceConfig.ReadWrite.All",
        "DeviceManagementConfiguration.ReadWrite.All",
        "DeviceManagementApps.Read.All",
        "Group.ReadWrite.All",
        "Device.Read.All",
        "User.ReadBasic.All",
    ];

    #[test]
    fn an_app_with_every_permission_still_cannot_set_the_mdm_scope() {
        let findings = lacking(&whole().required_operations(true), &caller(Some(true), ALL));
        assert_eq!(findings, [delegated_only()]);
        let user: Vec<&str> = ALL.iter().copied().chain(["Policy.ReadWrite.MobilityManagement"]).collect();
        assert_eq!(lacking(&whole().required_operations(true), &caller(Some(false), &user)), []);
    }

    #[test]
    fn each_permission_that_is_taken_away_is_named_with_the_steps_that_need_it() {
        for (taken, steps) in [
            // The status page can also be written with the permission for configurations.
            (0, &["deployment profile", "devices", "users"][..]),
            (1, &["Intune Connector", "domain join profile"]),
            (2, &["enrollment status page"]),
            (3, &["automatic enrollment", "group"]),
            (4, &["devices"]),
            // Other permissions that are held suffice to read a user.
            (5, &[]),
        ] {
            let mut held = ALL.to_vec();
            let gone = held.remove(taken);
            let mut found: Vec<String> =
                lacking(&whole().required_operations(true), &caller(Some(true), &held))
                    .into_iter()
                    .filter(|finding| finding.is(&PERMISSIONS_MISSING))
                    .map(|finding| finding.place)
                    .collect();
            found.dedup();
            assert_eq!(found, steps, "without {gone}");
        }
    }

    #[test]
    fn a_token_that_shows_nothing_is_not_doubted() {
        assert_eq!(lacking(&whole().required_operations(true), &caller(None, &[])), []);
        assert!(whole().check_reads(&caller(None, &[]), true).is_ok());
        let error = whole().check_reads(&caller(Some(true), &[]), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().contains("DeviceManagementApps.Read.All"), "{error}");
    }

    #[test]
    fn every_operation_is_known() {
        for (.., name, _) in REQUIRED_OPERATIONS {
            assert!(OPERATIONS.iter().any(|info| info.name == *name), "{name}");
        }
        let mut users = whole();
        users.user_assignment = UserAssignment::Unassign;
        assert!(
            users
                .required_operations(true)
                .iter()
                .any(|need| need.operation.ends_with("unassignUserFromDevice"))
        );
    }

    #[test]
    fn what_a_plan_writes_is_what_it_asks_for() {
        let step = |step, action| [PlannedStep::new(step, "x", action)];
        let mut readable = ALL.to_vec();
        readable.retain(|held| !held.contains("ServiceConfig"));
        readable.push("DeviceManagementServiceConfig.Read.All");
        let caller = caller(Some(true), &readable);
        assert!(whole().check_reads(&caller, true).is_ok());
        let assign = || Action::Assign { add: vec!["g".into()], remove: Vec::new() };
        for (planned, count) in [
            (step(Step::Profile, Action::Create(Vec::new())), 1),
            (step(Step::Profile, Action::Update(Vec::new())), 1),
            (step(Step::Profile, assign()), 1),
            (step(Step::Profile, Action::Keep), 0),
            (step(Step::Devices, Action::Import(Vec::new())), 1),
            (step(Step::Devices, Action::Resume), 1),
            (step(Step::Profile, Action::Resume), 0),
            (step(Step::Users, assign()), 1),
            (step(Step::AutomaticEnrollment, assign()), 1),
            (step(Step::Group, Action::Create(Vec::new())), 0),
            (step(Step::DomainJoin, Action::Create(Vec::new())), 0),
        ] {
            assert_eq!(whole().check_writes(&planned, &caller).len(), count, "{planned:?}");
        }
    }
}
