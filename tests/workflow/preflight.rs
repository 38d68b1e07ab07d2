//! Permissions are told before the first call.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use windows_autopilot::catalog::OPERATIONS;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::sim::Tenant;
use windows_autopilot::testing::Harness;
use windows_autopilot::{Client, ErrorKind, Result};

use crate::findings::graded;
use crate::support::{UNCONFIRMED, WAITS, desired, devices, prepare};

const READ: [&str; 5] = [
    "DeviceManagementServiceConfig.Read.All",
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementApps.Read.All",
    "Group.Read.All",
    "Device.Read.All",
];

/// A client whose token shows these permissions, on a tenant that grants no other.
fn granted(permissions: &[&'static str], app: bool) -> (Client, Tenant) {
    let granted = permissions.to_vec();
    let harness = Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(granted)).build();
    prepare(&harness.tenant);
    let token = if app { harness.tenant.app_token() } else { harness.tenant.delegated_token() };
    let client = Client::builder(FixedToken::new(token))
        .with_transport(harness.tenant.clone())
        .with_clock(harness.clock)
        .build()
        .unwrap();
    (client, harness.tenant)
}

#[tokio::test]
async fn a_token_that_cannot_read_is_told_so_without_a_request() {
    for missing in &READ[..4] {
        let held: Vec<&'static str> = READ.iter().copied().filter(|held| held != missing).collect();
        let (client, tenant) = granted(&held, true);
        tenant.clear_requests();
        let error = desired().plan(&client, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        // One that also writes would do as well, and is named for what is written.
        let name = missing.replace(".Read.", ".Read");
        assert!(error.to_string().contains(name.trim_end_matches("All")), "{missing}: {error}");
        assert!(tenant.requests().is_empty(), "{missing}");
    }
}

#[tokio::test]
async fn a_token_that_can_only_read_plans_and_is_told_what_it_cannot_write() -> Result<()> {
    let (client, tenant) = granted(&READ, true);
    let plan = desired().plan(&client, &devices(1)).await?;
    let missing: Vec<(&str, &str)> = plan
        .blocking()
        .filter(|finding| finding.id == "permissions.missing")
        .map(|finding| (finding.place.as_str(), finding.evidence.split(' ').nth(2).unwrap()))
        .collect();
    assert_eq!(
        missing,
        [
            ("deployment profile", "DeviceManagementServiceConfig.ReadWrite.All,"),
            ("devices", "DeviceManagementServiceConfig.ReadWrite.All,"),
            ("domain join profile", "DeviceManagementConfiguration.ReadWrite.All,"),
            ("enrollment status page", "DeviceManagementServiceConfig.ReadWrite.All,"),
            ("group", "Group.Create,"),
        ],
        "{plan}"
    );
    let error = plan.apply(&client).await.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(crate::support::writes(&tenant).is_empty());
    Ok(())
}

#[tokio::test]
async fn an_app_by_itself_is_told_that_it_can_never_set_the_mdm_scope_and_does_not_try() -> Result<()> {
    let (client, tenant) = granted(&READ, true);
    let found = desired().check_permissions(&client, true).await?;
    assert_eq!(found.app_only, Some(true));
    assert_eq!(
        graded(&found.findings),
        [
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            "warning mdm.delegated-only"
        ],
        "{found:?}"
    );
    assert!(found.operations.iter().any(|need| need.operation == "mobilityPolicies.update"));
    assert!(tenant.requests().is_empty(), "the preflight asked Graph");
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            "error permissions.missing",
            UNCONFIRMED,
            "warning mdm.delegated-only",
            WAITS
        ],
        "{plan}"
    );
    assert!(!tenant.requests().iter().any(|request| request.path.contains("mobileDeviceManagement")));
    Ok(())
}

#[tokio::test]
async fn a_user_with_every_permission_lacks_nothing() -> Result<()> {
    let all = [
        "DeviceManagementServiceConfig.ReadWrite.All",
        "DeviceManagementConfiguration.ReadWrite.All",
        "DeviceManagementApps.Read.All",
        "Group.ReadWrite.All",
        "Device.Read.All",
        "Policy.ReadWrite.MobilityManagement",
    ];
    let (client, _) = granted(&all, false);
    let found = desired().check_permissions(&client, true).await?;
    assert_eq!((found.app_only, found.findings.as_slice()), (Some(false), &[][..]));
    let _ = desired().plan(&client, &devices(2)).await?.apply(&client).await.into_result()?;
    assert!(desired().plan(&client, &devices(2)).await?.is_empty());
    Ok(())
}

/// The other direction of the table: what a deployment calls, it says before.
#[tokio::test]
async fn every_operation_that_is_called_is_one_that_was_told() -> Result<()> {
    let called: Arc<Mutex<BTreeSet<&'static str>>> = Arc::default();
    let calls = Arc::clone(&called);
    let harness = Harness::builder()
        .with_client(|client| {
            client.with_observer(move |event| {
                calls.lock().unwrap().insert(event.operation);
            })
        })
        .build();
    prepare(&harness.tenant);
    let mut wish = desired();
    let _ = wish.plan(&harness.client, &devices(2)).await?.apply(&harness.client).await.into_result()?;
    // A second time for another group: assignments are added and removed.
    wish.remove_other_assignments = true;
    if let Some(group) = &mut wish.group {
        group.display_name = "Autopilot Munich 2".parse()?;
    }
    let _ = wish.plan(&harness.client, &devices(3)).await?.apply(&harness.client).await.into_result()?;
    let told: BTreeSet<&str> = wish.required_operations(true).iter().map(|need| need.operation).collect();
    let called = called.lock().unwrap();
    let permissions = |name: &str| {
        let info = OPERATIONS.iter().find(|info| info.name == name);
        info.map(|info| info.permissions.delegated.accepted)
    };
    // Who may do something that was told may do this too.
    let is_implied = |name: &str| {
        let accepted = permissions(name);
        let part = name.split('.').next();
        told.iter().filter(|told| told.split('.').next() == part).any(|told| {
            let needed = permissions(told).unwrap_or_default();
            accepted.is_some_and(|accepted| needed.iter().all(|needed| accepted.contains(needed)))
        })
    };
    let untold: Vec<&&str> = called
        .iter()
        .filter(|name| **name != "batch" && !told.contains(**name) && !is_implied(name))
        .collect();
    assert!(untold.is_empty(), "{untold:?} of {called:?}");
    // The writes that were told are those that are made, but for the changes of what is there.
    // Nobody is assigned to a device here.
    let is_write = |name: &str| {
        let writes = name.contains("create") || name.contains("assign") || name.ends_with("addRef");
        writes && !name.contains("User")
    };
    let unmade: Vec<&&str> = told.iter().filter(|name| is_write(name) && !called.contains(**name)).collect();
    assert!(unmade.is_empty(), "{unmade:?} were told and not made: {called:?}");
    assert!(called.len() > 20, "{called:?}");
    Ok(())
}
