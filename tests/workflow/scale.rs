//! What a plan costs in a large tenant.

use std::collections::BTreeMap;

use windows_autopilot::Result;
use windows_autopilot::model::{EnrollmentStatusPage, HybridJoinProfile};
use windows_autopilot::sim::{DeviceSpec, Tenant};

use crate::support::{desired, harness};

#[tokio::test]
async fn a_plan_over_a_large_tenant_reads_each_collection_once() -> Result<()> {
    let harness = harness();
    fill(&harness.tenant, 10_000);
    for number in 0..299 {
        let profile = HybridJoinProfile::new(format!("Profile {number}").parse()?);
        harness.client.profiles().create(&profile).await?;
    }
    for number in 0..49 {
        let page = EnrollmentStatusPage::new(format!("Page {number}").parse()?);
        harness.client.enrollment_status_pages().create(&page).await?;
    }
    let _ = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    harness.tenant.clear_requests();
    let plan = desired().plan(&harness.client, &[]).await?;
    assert!(plan.is_empty(), "{plan}");
    let requests = harness.tenant.requests();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &requests {
        *counts.entry(request.path.rsplit('/').next().unwrap_or_default()).or_default() += 1;
        assert_eq!(request.method != "GET", request.path.ends_with("$batch"), "a plan only reads");
    }
    // Pages: 10,000 registrations and as many objects, at most 1,000 and 999 on one. Assignments: of 300 profiles, 50
    // pages and 1 domain join profile, 20 in a request, and one more request for the group of devices and its members.
    // Groups: one request for each name.
    let expected = [
        ("$batch", 19),
        ("0000000a-0000-0000-c000-000000000000", 1),
        ("deviceConfigurations", 1),
        ("deviceEnrollmentConfigurations", 1),
        ("devices", 11),
        ("domainJoinConnectors", 1),
        ("groups", 2),
        ("mobileApps", 1),
        ("mobileDeviceManagementPolicies", 1),
        ("windowsAutopilotDeploymentProfiles", 1),
        ("windowsAutopilotDeviceIdentities", 10),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
    let mut asked: Vec<String> = requests
        .iter()
        .filter(|request| request.method == "GET")
        .map(|request| format!("{}?{}", request.path, request.query))
        .collect();
    asked.sort();
    assert!(asked.windows(2).all(|pair| pair[0] != pair[1]), "something was read twice: {asked:?}");
    Ok(())
}

/// Registered devices, one in ten with the deployment's tag.
fn fill(tenant: &Tenant, count: usize) {
    for number in 0..count {
        let tag = if number % 10 == 0 { "Munich" } else { "Elsewhere" };
        tenant.add_device_with(DeviceSpec::new(format!("SN-{number:05}")).with_group_tag(tag));
    }
}
