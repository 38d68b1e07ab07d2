//! Intune Connectors for Active Directory.

use windows_autopilot::model::{Connector, ConnectorState};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, MINUTE, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, clock, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.connector_deletion = true))
        .build();
    let connectors = client.connectors();
    let one = tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let two = tenant.add_connector("SRV2", "contoso.com", "6.2501.2000.5");
    let found = connectors.get(&id(&one)).await?;
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
    assert_eq!(connectors.get(&id(&one)).await?.state, Some(ConnectorState::Error));

    // A record of a connector is no connector, and is written like any other object.
    let mut record = Connector::new(id("new"));
    record.display_name = Some("SRV3".into());
    record.state = Some(ConnectorState::Error);
    let made = connectors.create(&record).await?;
    assert_eq!((made.display_name.as_deref(), &made.state), (Some("SRV3"), &Some(ConnectorState::Error)));
    let mut next = Connector::new(made.id.clone());
    next.display_name = Some("SRV4".into());
    let changed = connectors.update(&next).await?;
    assert_eq!((changed.display_name.as_deref(), &changed.state), (Some("SRV4"), &made.state));
    assert_eq!(connectors.get(&made.id).await?, changed);
    connectors.delete(&made.id).await?;
    refused(connectors.get(&made.id).await, ErrorKind::NotFound);

    // Forgotten 30 days after its last sign of life.
    clock.advance(30 * 24 * 60 * MINUTE);
    refused(connectors.get(&id(&two)).await, ErrorKind::NotFound);
    assert_eq!(connectors.list().all().await?.len(), 1);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_connector_is_not_deleted_unless_the_tenant_lets_it() -> Result<()> {
    for allowed in [false, true] {
        let Harness { client, tenant, .. } = Harness::builder()
            .as_app()
            .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.connector_deletion = allowed))
            .build();
        let one = tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
        tenant.stop_connector(&one);
        let outcome = client.connectors().delete(&id(&one)).await;
        if allowed {
            outcome?;
        } else {
            assert_eq!(refused(outcome, ErrorKind::Forbidden).attempts(), 1);
        }
        assert_eq!(client.connectors().list().all().await?.is_empty(), allowed);
    }
    Ok(())
}
