//! Apps.

use windows_autopilot::graph::field;
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let apps = client.mobile_apps();
    let vpn = tenant.add_app("VPN & more", "win32LobApp");
    tenant.add_app("Office", "officeSuiteApp");
    tenant.add_app("Tomorrow", "anAppOfTomorrow");
    let found = apps.get(&id(&vpn)).await?;
    assert_eq!((found.kind(), found.display_name.as_deref()), (Some("win32LobApp"), Some("VPN & more")));
    let kinds: Vec<_> = apps.list().all().await?.iter().map(|app| app.kind().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["win32LobApp", "officeSuiteApp", "anAppOfTomorrow"]);
    let by_name = apps.list().filter(field("displayName").eq("VPN & more")).all().await?;
    assert_eq!(by_name, [found]);
    refused(apps.get(&id("nothing")).await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}
