//! The page of the manual that lists the permissions of each task, made from the catalog. Each task runs in a tenant that
//! grants these permissions alone.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::{env, fs};

use windows_autopilot::catalog::{OPERATIONS, OperationInfo, Scopes};
use windows_autopilot::model::{
    DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, Group, HybridJoinProfile, MdmScope, Target,
};
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::testing::{Harness, run};
use windows_autopilot::workflow::watch::Watch;
use windows_autopilot::workflow::{CreatedObjects, HybridJoin, Import, OperationPurpose, Retag, Teardown};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/permissions.md");

const INTRODUCTION: &str = "\
# Permissions

The least privileged permissions for each task, derived from [`catalog::OPERATIONS`](crate::catalog::OPERATIONS), which follows
Microsoft's permissions reference. Each task needs one of two sets: one for a signed-in user (delegated), or one for an app without a user. Consent to them once, in the app registration; a user also needs an Intune role that allows the task.

[`Client::granted_permissions`](crate::Client::granted_permissions) returns the permissions of the token, and
[`HybridJoin::check_permissions`](crate::workflow::HybridJoin::check_permissions) compares them with a deployment. If one is missing, a call fails with [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden).

Permissions after \"better with\" are optional: without them, the findings name the parts that were not read.
No app may read or set the MDM user scope, so a plan made by an app leaves that part to a signed-in user.

";

/// A task, with the operations that it needs and those that it can do without.
struct Task {
    name: &'static str,
    code: &'static str,
    needed: Vec<&'static str>,
    optional: Vec<&'static str>,
}

fn task(name: &'static str, code: &'static str, needed: &[&'static str], optional: &[&'static str]) -> Task {
    Task { name, code, needed: needed.to_vec(), optional: optional.to_vec() }
}

const DEPLOYMENT: &str = r#"
    name = "Munich"
    active_directory.domain = "corp.contoso.com"
    mdm_scope = "all"
    connectors = {}
    user_assignment = "unassign"

    [group]
    display_name = "Autopilot Munich"
    members.group_tag = "Munich"

    [enrollment_status_page]
    display_name = "Munich"

    [skip_user_status_page]
    display_name = "Munich without account setup"

    [profile]
    display_name = "Contoso hybrid Munich"

    [domain_join]
    display_name = "Contoso domain join Munich"
    computer_name_prefix = "MUC-"
    network_access_configurations = ["Contoso VPN"]
"#;

/// Returns the task of a deployment with every part.
fn deployment(name: &'static str, code: &'static str, writes: bool) -> Task {
    let desired: HybridJoin = toml::from_str(DEPLOYMENT).unwrap();
    let wanted = desired.required_operations(true).into_iter();
    let wanted = wanted.filter(|need| writes || need.purpose == OperationPurpose::Read);
    let (optional, needed): (Vec<_>, Vec<_>) =
        wanted.partition(|need| need.optional || need.operation.starts_with("mobilityPolicies."));
    let names = |needs: Vec<windows_autopilot::workflow::RequiredOperation>| {
        needs.into_iter().map(|need| need.operation).collect()
    };
    Task { name, code, needed: names(needed), optional: names(optional) }
}

fn tasks() -> Vec<Task> {
    vec![
        task(
            "List registered devices",
            "resource::Devices",
            &["autopilotDevices.list", "autopilotDevices.get", "autopilotDevices.count"],
            &[],
        ),
        task(
            "Register devices",
            "workflow::Import",
            &[
                "autopilotImports.import",
                "autopilotImports.list",
                "autopilotImports.get",
                "autopilotImports.delete",
                "autopilotDevices.list",
                "autopilotDevices.get",
                "autopilotDevices.updateDeviceProperties",
                "autopilotSettings.sync",
            ],
            &[],
        ),
        task(
            "Move devices to another group tag",
            "workflow::Retag",
            &["autopilotDevices.list", "autopilotDevices.get", "autopilotDevices.updateDeviceProperties"],
            &["groups.list", "devices.list"],
        ),
        task(
            "Assign a user to a device",
            "resource::Devices::assign_user",
            &[
                "autopilotDevices.list",
                "autopilotDevices.assignUserToDevice",
                "autopilotDevices.unassignUserFromDevice",
            ],
            &[],
        ),
        task(
            "Create and assign a deployment profile",
            "resource::Profiles",
            &[
                "autopilotProfiles.list",
                "autopilotProfiles.create",
                "autopilotProfiles.update",
                "autopilotProfiles.assignments.list",
                "autopilotProfiles.assignments.create",
            ],
            &[],
        ),
        task(
            "Create and assign an enrollment status page",
            "resource::EnrollmentStatusPages",
            &[
                "enrollmentConfigurations.list",
                "enrollmentConfigurations.create",
                "enrollmentConfigurations.update",
                "enrollmentConfigurations.setPriority",
                "enrollmentConfigurations.assignments.create",
            ],
            &["mobileApps.list"],
        ),
        task(
            "Create and assign a domain join profile",
            "resource::DomainJoinProfiles",
            &[
                "deviceConfigurations.list",
                "deviceConfigurations.create",
                "deviceConfigurations.update",
                "deviceConfigurations.assignments.create",
            ],
            &[],
        ),
        task(
            "Create and change a group",
            "resource::Groups",
            &["groups.list", "groups.create", "groups.update"],
            &["groups.members.list"],
        ),
        task(
            "Set the MDM user scope",
            "resource::MdmPolicies",
            &[
                "mobilityPolicies.list",
                "mobilityPolicies.get",
                "mobilityPolicies.update",
                "mobilityPolicies.includedGroups.addRef",
                "mobilityPolicies.includedGroups.removeRef",
            ],
            &[],
        ),
        task("List the connectors", "resource::Connectors", &["domainJoinConnectors.list"], &[]),
        deployment("Plan, compare and export a deployment", "workflow::HybridJoin::plan", false),
        deployment("Apply a deployment", "workflow::Plan::apply", true),
        task(
            "Watch devices and report",
            "workflow::watch::Watch",
            &["autopilotDevices.list", "autopilotDevices.get", "managedDevices.list", "autopilotEvents.list"],
            &[
                "devices.list",
                "deviceConfigurations.list",
                "domainJoinConnectors.list",
                "groups.members.list",
            ],
        ),
        task(
            "Tear down a deployment",
            "workflow::Teardown",
            &[
                "autopilotDevices.list",
                "autopilotDevices.delete",
                "autopilotDevices.unassignUserFromDevice",
                "autopilotSettings.sync",
                "autopilotProfiles.list",
                "autopilotProfiles.assignments.delete",
                "autopilotProfiles.delete",
                "enrollmentConfigurations.list",
                "enrollmentConfigurations.assignments.delete",
                "enrollmentConfigurations.delete",
                "deviceConfigurations.list",
                "deviceConfigurations.assignments.delete",
                "deviceConfigurations.delete",
                "mobileApps.list",
                "groups.list",
                "groups.delete",
            ],
            &["managedDevices.delete", "mobilityPolicies.list", "mobilityPolicies.update"],
        ),
    ]
}

fn info(name: &str) -> &'static OperationInfo {
    OPERATIONS.iter().find(|info| info.name == name).unwrap_or_else(|| panic!("there is no operation {name}"))
}

/// Returns `true` if a set of permissions suffices for an operation.
fn suffices(set: &BTreeSet<&str>, scopes: Scopes) -> bool {
    scopes.accepted.iter().any(|permission| set.contains(permission))
        || (!scopes.least.is_empty() && scopes.least.iter().all(|permission| set.contains(permission)))
}

/// Returns the least set of permissions for operations beside `held`; `None` if one of them is never allowed.
fn least<'a>(operations: &[&str], held: &BTreeSet<&'a str>, is_app: bool) -> Option<BTreeSet<&'a str>> {
    let scopes: Vec<Scopes> = operations
        .iter()
        .map(|name| match is_app {
            true => info(name).permissions.application,
            false => info(name).permissions.delegated,
        })
        .collect();
    if scopes.iter().any(|scopes| scopes.accepted.is_empty() && scopes.least.is_empty()) {
        return None;
    }
    let mut set: BTreeSet<&str> = scopes.iter().flat_map(|scopes| scopes.least).copied().collect();
    set.extend(held);
    // A permission to read goes first where one to write suffices.
    let mut candidates: Vec<&str> = set.difference(held).copied().collect();
    candidates.sort_by_key(|permission| permission.contains("Write"));
    for candidate in candidates {
        set.remove(candidate);
        if !scopes.iter().all(|scopes| suffices(&set, *scopes)) {
            set.insert(candidate);
        }
    }
    set.retain(|permission| !held.contains(permission));
    Some(set)
}

/// Returns the optional operations that this kind of sign-in may call.
fn allowed(task: &Task, is_app: bool) -> Vec<&'static str> {
    let none = BTreeSet::new();
    task.optional.iter().copied().filter(|name| least(&[name], &none, is_app).is_some()).collect()
}

fn cell(task: &Task, is_app: bool) -> String {
    let list =
        |set: &BTreeSet<&str>| set.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let Some(needed) = least(&task.needed, &BTreeSet::new(), is_app) else {
        return "not allowed".to_owned();
    };
    let better = least(&allowed(task, is_app), &needed, is_app).unwrap();
    match better.is_empty() {
        true => list(&needed),
        false => format!("{}; better with {}", list(&needed), list(&better)),
    }
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("| task | signed-in user | app |\n| --- | --- | --- |\n");
    let tasks = tasks();
    for task in &tasks {
        let path = format!("[{}](crate::{})", task.name, task.code);
        writeln!(page, "| {path} | {} | {} |", cell(task, false), cell(task, true)).unwrap();
    }
    page.push_str("\n# Operations of each task\n\n| task | operations | optional |\n| --- | --- | --- |\n");
    for task in &tasks {
        let list = |names: &[&'static str]| {
            let names: BTreeSet<&str> = names.iter().copied().collect();
            names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
        };
        writeln!(page, "| {} | {} | {} |", task.name, list(&task.needed), list(&task.optional)).unwrap();
    }
    page.push_str(
        "\n# Permissions of each operation\n\nIf several permissions are listed, all of them are needed.\n\n",
    );
    page.push_str("| operation | signed-in user | app |\n| --- | --- | --- |\n");
    for info in OPERATIONS.iter().filter(|info| info.name != "batch") {
        let list = |scopes: Scopes| match scopes.least {
            [] => "not allowed".to_owned(),
            least => least.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "),
        };
        let name = match info.page {
            "" => format!("`{}`", info.name),
            address => format!("[`{}`]({address})", info.name),
        };
        let permissions = info.permissions;
        writeln!(page, "| {name} | {} | {} |", list(permissions.delegated), list(permissions.application))
            .unwrap();
    }
    page
}

#[test]
fn the_page_lists_the_least_permissions_of_every_task() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, page()).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page(), "run this test with UPDATE_DOCS=1 to rewrite {PAGE}");
}

/// Creates a tenant with a device that grants an app the needed permissions of a task, and the optional ones.
fn granted(code: &str, is_app: bool) -> Harness {
    let task = tasks().into_iter().find(|task| task.code == code).unwrap();
    let mut set = least(&task.needed, &BTreeSet::new(), is_app).unwrap();
    set.extend(least(&allowed(&task, is_app), &set.clone(), is_app).unwrap());
    let builder = Harness::builder().with_tenant(|tenant| tenant.with_permissions(set));
    let harness = if is_app { builder.as_app() } else { builder.as_user() }.build();
    harness.tenant.add_device("PF3XK7M1");
    harness.tenant.add_user("adele@contoso.com");
    harness
}

#[test]
fn each_task_of_a_resource_runs_with_its_least_permissions() {
    for is_app in [true, false] {
        run(async |_| {
            let client = granted("resource::Devices", is_app).client;
            let device = client.devices().list().all().await?.remove(0);
            assert_eq!(client.devices().get(&device.id).await?.id, device.id);
            assert_eq!(client.devices().count().await?, 1);

            let client = granted("resource::Devices::assign_user", is_app).client;
            let device = client.devices().list().all().await?.remove(0);
            client.devices().assign_user(&device.id, &"adele@contoso.com".parse()?, &"Adele".into()).await?;
            client.devices().unassign_user(&device.id).await?;

            let client = granted("resource::Profiles", is_app).client;
            let stored = client.profiles().create(&HybridJoinProfile::new("Munich".parse()?)).await?;
            let assignments = client.profiles().assignments(&stored.id);
            assignments.add(&Target::all_devices()).await?;
            assert_eq!(assignments.list().all().await?.len(), 1);
            let wish = stored.settings.clone().with_eula_hidden(false);
            client.profiles().update(&stored, &wish).await?;
            assert_eq!(client.profiles().list().all().await?.len(), 1);

            let client = granted("resource::EnrollmentStatusPages", is_app).client;
            let pages = client.enrollment_status_pages();
            pages.create(&EnrollmentStatusPage::new("Berlin".parse()?)).await?;
            let stored = pages.create(&EnrollmentStatusPage::new("Munich".parse()?)).await?;
            pages.set_priority(&stored.id, 1).await?;
            pages.assignments(&stored.id).add(&Target::all_devices()).await?;

            let client = granted("resource::DomainJoinProfiles", is_app).client;
            let join =
                DomainJoinProfile::new("Munich".parse()?, "corp.contoso.com".parse()?, "MUC-".parse()?);
            let stored = client.domain_join_profiles().create(&join).await?;
            client.domain_join_profiles().assignments(&stored.id).add(&Target::all_devices()).await?;

            let client = granted("resource::Groups", is_app).client;
            let stored = client.groups().create(&Group::new("Munich".parse()?)).await?;
            let wish = stored.settings.clone().with_description("Devices in Munich".into());
            client.groups().update(&stored, &wish).await?;
            assert!(client.groups().members(&stored.id).all().await?.is_empty());

            assert!(
                granted("resource::Connectors", is_app).client.connectors().list().all().await?.is_empty()
            );
            Ok(())
        });
    }
    run(async |_| {
        let client = granted("resource::MdmPolicies", false).client;
        let policy = client.mdm_policies().intune().await?;
        client.mdm_policies().set_scope(&policy, &MdmScope::All).await?;
        Ok(())
    });
}

#[test]
fn each_task_of_the_workflow_runs_with_its_least_permissions() {
    for is_app in [true, false] {
        run(async |_| {
            let hash = SampleHash::new("PF3XK7M2").build()?;
            let device = DeviceToImport::new("PF3XK7M2".parse()?, hash).with_group_tag("Munich".parse()?);
            let client = granted("workflow::Import", is_app).client;
            assert!(Import::new(&client, [device.clone()]).start().await?.is_complete());

            let client = granted("workflow::Retag", is_app).client;
            let plan = Retag::devices(["PF3XK7M1".parse()?], Some("Munich".parse()?)).plan(&client).await?;
            assert!(plan.devices[0].joins.is_some(), "{plan}");
            assert_eq!(plan.apply(&client).await.into_result()?.changed, 1);

            let client = granted("workflow::watch::Watch", is_app).client;
            let devices = client.devices().list().all().await?;
            let report = Watch::new(&client, &devices).snapshot().await?;
            assert_eq!(report.devices.len(), 1);
            let unread = report.findings.iter().find(|finding| finding.evidence.contains("Read.All"));
            assert!(unread.is_none(), "{unread:?}");

            let desired: HybridJoin = toml::from_str(DEPLOYMENT)?;
            let deployed = |harness: &Harness| {
                harness.tenant.add_connector("ODJ-01", "corp.contoso.com", "6.2504.2001.8");
                harness.tenant.add_configuration("Contoso VPN", "windows10VpnConfiguration");
            };
            let harness = granted("workflow::HybridJoin::plan", is_app);
            deployed(&harness);
            assert!(!desired.plan(&harness.client, &[]).await?.is_empty());

            let harness = granted("workflow::Plan::apply", is_app);
            deployed(&harness);
            let plan = desired.plan(&harness.client, &[device]).await?;
            let waived = plan.findings.iter().map(|finding| finding.id.to_string());
            let options =
                waived.fold(Default::default(), windows_autopilot::workflow::ApplyOptions::with_waived);
            let report = plan.apply_with(&harness.client, options).await.into_result()?;
            assert!(report.changes > 6, "{report:?}");
            Ok(())
        });
    }
}

#[test]
fn a_teardown_runs_with_its_least_permissions() {
    run(async |Harness { client, tenant, .. }| {
        let desired: HybridJoin = toml::from_str(DEPLOYMENT)?;
        tenant.add_connector("ODJ-01", "corp.contoso.com", "6.2504.2001.8");
        tenant.add_configuration("Contoso VPN", "windows10VpnConfiguration");
        let report = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
        let created: CreatedObjects = report.created;

        let limited = granted("workflow::Teardown", false);
        limited.tenant.restore(&tenant.snapshot())?;
        let plan = Teardown::new(created).plan(&limited.client).await?;
        assert_eq!(plan.blocking().count(), 0, "{plan}");
        let report = plan.apply(&limited.client).await.into_result()?;
        assert!(report.removed > 4, "{report:?}");
        Ok(())
    });
}
