//! Assignment filters.

use windows_autopilot::model::{AssignmentFilter, AssignmentFilterManagementType, DevicePlatform};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, id, refused};

/// A filter for devices of one manufacturer.
pub(super) async fn create(client: &Client, name: &str) -> Result<AssignmentFilter> {
    let mut filter = AssignmentFilter::new(id("new"));
    filter.display_name = Some(name.into());
    filter.platform = Some(DevicePlatform::Windows10AndLater);
    filter.rule = Some("(device.manufacturer -eq \"Contoso\")".into());
    client.assignment_filters().create(&filter).await
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let filters = client.assignment_filters();
    let stored = create(&client, "Contoso devices").await?;
    assert_ne!(stored.id.as_str(), "new", "the service gives the id");
    assert_eq!(stored.display_name.as_deref(), Some("Contoso devices"));
    assert_eq!(stored.platform, Some(DevicePlatform::Windows10AndLater));
    assert_eq!(stored.assignment_filter_management_type, Some(AssignmentFilterManagementType::Devices));
    assert_eq!(filters.get(&stored.id).await?, stored);

    let mut wish = AssignmentFilter::new(stored.id.clone());
    wish.description = Some("Laptops".into());
    let changed = filters.update(&wish).await?.unwrap();
    assert_eq!(changed.description.as_deref(), Some("Laptops"));
    assert_eq!(changed.rule, stored.rule, "what is not named stays");
    // Sent back as it was read, but for what cannot change.
    assert_eq!(filters.update(&changed).await?.unwrap(), changed);

    let other = create(&client, "Others").await?;
    assert_eq!(filters.list().all().await?, [changed, other.clone()]);
    filters.delete(&stored.id).await?;
    refused(filters.get(&stored.id).await, ErrorKind::NotFound);
    assert_eq!(filters.list().all().await?, [other]);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}
