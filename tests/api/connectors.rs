//! Intune Connectors for Active Directory.

use windows_autopilot::model::{Connector, ConnectorState};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, id, refused};

/// The calls that succeed; the service refuses the others.
pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let connectors = client.connectors();
    let one = tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let two = tenant.add_connector("SRV2", "contoso.com", "6.2501.2000.5");
    let found = connectors.get(&id(&one)).send().await?;
    assert_eq!(found.display_name.as_deref(), Some("SRV1"));
    assert_eq!(found.version.as_deref(), Some("6.2504.2001.8"));
    assert_eq!(found.state, Some(ConnectorState::Active));
    assert_eq!(found.last_connection_date_time, Some(tenant.timestamp()));

    tenant.stop_connector(&two);
    let stopped = tenant.timestamp();
    clock.advance(60 * MINUTE);
    let listed = connectors.list().all().await?;
    let states: Vec<_> = listed.iter().map(|of| (of.id.as_str(), of.state.clone().unwrap())).collect();
    assert_eq!(states, [(one.as_str(), ConnectorState::Active), (two.as_str(), ConnectorState::Inactive)]);
    assert_eq!(listed[1].last_connection_date_time, Some(stopped));
    tenant.break_connector(&one);
    assert_eq!(connectors.get(&id(&one)).send().await?.state, Some(ConnectorState::Error));

    // Forgotten 30 days after its last sign of life.
    clock.advance(30 * 24 * 60 * MINUTE);
    refused(connectors.get(&id(&two)).send().await, ErrorKind::NotFound);
    assert_eq!(connectors.list().all().await?.len(), 1);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn writes_are_refused_and_change_nothing() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let connectors = client.connectors();
    let one = tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let before = connectors.list().all().await?;
    let mut other = Connector::new(id(&one));
    other.display_name = Some("Other".into());
    for outcome in [
        connectors.create(&other).send().await.map(drop),
        connectors.update(&other).send().await.map(drop),
        connectors.delete(&id(&one)).send().await,
    ] {
        assert_eq!(refused(outcome, ErrorKind::Forbidden).attempts(), 1);
    }
    assert_eq!(connectors.list().all().await?, before);
    Ok(())
}
