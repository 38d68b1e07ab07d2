//! Autopilot's record of deployments.

use jiff::SignedDuration;
use windows_autopilot::model::{AutopilotEvent, DeploymentState, PolicyComplianceStatus, PolicyType};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{Client, ErrorKind, Result};

use super::managed_device::deploy_hybrid;
use super::support::{Harness, MINUTE, id, refused};

/// Records a deployment of a device.
async fn record(client: &Client, serial: &str) -> Result<AutopilotEvent> {
    let mut event = AutopilotEvent::new(id("new"));
    event.device_serial_number = Some(serial.into());
    event.deployment_state = Some(DeploymentState::InProgress);
    event.device_setup_duration = Some(SignedDuration::new(-177, -219_010_700));
    client.autopilot_events().create(&event).await
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let events = client.autopilot_events();
    let event = record(&client, "SN-1").await?;
    assert_ne!(event.id.as_str(), "new", "the service gives the id");
    assert_eq!(
        event.device_setup_duration,
        Some(SignedDuration::new(-177, -219_010_700)),
        "it can be negative"
    );
    assert_eq!(event.event_date_time, Some(tenant.timestamp()));
    assert_eq!(events.get(&event.id).await?, event);
    let mut next = AutopilotEvent::new(event.id.clone());
    next.deployment_state = Some(DeploymentState::Failure);
    let changed = events.update(&next).await?;
    assert_eq!(changed.deployment_state, Some(DeploymentState::Failure));
    assert_eq!(changed.device_serial_number, event.device_serial_number);
    assert_eq!(events.list().all().await?, [changed]);
    let other = record(&client, "SN-2").await?;
    events.delete(&event.id).await?;
    refused(events.get(&event.id).await, ErrorKind::NotFound);
    assert_eq!(events.list().all().await?, [other]);
    clock.advance(30 * 24 * 60 * MINUTE);
    assert_eq!(events.list().all().await?, [], "kept for 30 days");
    Ok(tenant)
}

/// What became of policies and apps in a deployment.
pub(super) async fn every_detail() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    deploy_hybrid(&client, &tenant, &clock).await?;
    let events = client.autopilot_events();
    let event = events.list().all().await?.remove(0);
    assert_eq!(event.deployment_state, Some(DeploymentState::Success), "{event:?}");
    let details = events.policy_status_details(&event.id).all().await?;
    let said: Vec<_> =
        details.iter().map(|of| (of.display_name.as_deref(), of.policy_type.clone())).collect();
    assert_eq!(
        said,
        [
            (Some("Domain join"), Some(PolicyType::ConfigurationPolicy)),
            (Some("VPN"), Some(PolicyType::Application)),
        ]
    );
    let statuses: Vec<_> = details.iter().map(|of| of.compliance_status.clone()).collect();
    assert_eq!(statuses, [Some(PolicyComplianceStatus::Compliant), Some(PolicyComplianceStatus::Installed)]);
    assert_eq!(events.policy_status_detail(&event.id, &details[1].id).await?, details[1]);
    refused(events.policy_status_detail(&event.id, &id("nothing")).await, ErrorKind::NotFound);
    refused(events.policy_status_details(&id("nothing")).all().await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_deployment_tells_what_became_of_its_policies_and_apps() -> Result<()> {
    every_detail().await.map(drop)
}

#[tokio::test]
async fn events_come_fifty_a_page_and_all_are_read() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    for number in 0..120 {
        record(&client, &format!("SN-{number}")).await?;
    }
    tenant.clear_requests();
    let serials: Vec<_> = client.autopilot_events().list().all().await?;
    assert_eq!((serials.len(), tenant.requests().len()), (120, 3));
    Ok(())
}

#[tokio::test]
async fn details_that_a_tenant_does_not_have_are_an_error_and_not_an_empty_list() -> Result<()> {
    let Harness { client, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.policy_status_details = false))
        .build();
    let event = record(&client, "SN-1").await?;
    let events = client.autopilot_events();
    refused(events.policy_status_details(&event.id).all().await, ErrorKind::Rejected);
    let error = refused(events.policy_status_detail(&event.id, &id("1")).await, ErrorKind::Rejected);
    assert!(error.to_string().contains("policyStatusDetails"), "{error}");
    Ok(())
}
