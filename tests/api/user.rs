//! Users.

use windows_autopilot::graph::field;
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, id, refused};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let users = client.users();
    let adele = tenant.add_user("adele@contoso.onmicrosoft.com");
    let found = users.get(&id(&adele)).await?;
    assert_eq!(found.user_principal_name.as_ref().unwrap().as_str(), "adele@contoso.onmicrosoft.com");
    assert!(found.account_enabled.is_some(), "asked for by name, since Graph leaves it out");
    assert_eq!(users.get_by_name(&"adele@contoso.onmicrosoft.com".parse()?).await?, found);

    assert_eq!(users.list().all().await?.len(), 2, "a tenant has its administrator");
    let by_name = users.list().filter(field("userPrincipalName").eq("adele@contoso.onmicrosoft.com"));
    assert_eq!(
        by_name.all().await?.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(),
        [adele.as_str()]
    );
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_name_with_any_character_is_one_segment_of_the_path() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    for name in [
        "o'neil@contoso.com",
        "guest_fabrikam.com#EXT#@contoso.com",
        "a+b&c=d@contoso.com",
        "50%@contoso.com",
    ] {
        let user = tenant.add_user(name);
        let found = client.users().get_by_name(&name.parse()?).await?;
        assert_eq!(found.id.as_str(), user, "{name}");
        let listed = client.users().list().filter(field("userPrincipalName").eq(name)).all().await?;
        assert_eq!(listed.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), [user], "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn a_person_who_is_not_found_is_not_named() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let call = client.users().get_by_name(&"mallory@contoso.com".parse()?);
    let error = refused(call.await, ErrorKind::NotFound);
    let all = format!("{error} {error:?} {:?} {:?}", error.endpoint(), tenant.requests());
    assert!(!all.contains("mallory"), "{all}");
    Ok(())
}
