//! What a caller may do.

use windows_autopilot::credential::{ClientSecret, DeviceCode, FixedToken};
use windows_autopilot::model::HybridJoinProfile;
use windows_autopilot::{ErrorKind, Result};

use super::support::{CLIENT_ID, Harness, refused, sent, signed_in};

#[tokio::test]
async fn the_permissions_of_an_app_and_of_a_person_are_read_from_their_tokens() -> Result<()> {
    let granted = ["DeviceManagementServiceConfig.Read.All", "Group.Read.All"];
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(granted)).build();
    tenant.add_client_secret(CLIENT_ID, "a secret");
    let app = signed_in(&tenant, &clock, ClientSecret::new(tenant.domain().parse()?, CLIENT_ID, "a secret")?);
    assert_eq!(app.granted_permissions().await?, granted);
    let person = signed_in(&tenant, &clock, {
        let approver = tenant.clone();
        DeviceCode::new(tenant.domain().parse()?, CLIENT_ID, move |prompt| {
            assert!(approver.approve_sign_in(prompt.user_code()));
        })?
    });
    assert_eq!(person.granted_permissions().await?, granted);
    // The token that was fetched serves the calls that follow.
    tenant.clear_requests();
    app.devices().count().await?;
    assert_eq!(sent(&tenant), ["GET $count"].map(|_| "GET windowsAutopilotDeviceIdentities"));
    // A token that is no such text shows nothing, and nothing is asked.
    let opaque = signed_in(&tenant, &clock, FixedToken::new("opaque"));
    assert_eq!(opaque.granted_permissions().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_missing_permission_is_an_error_that_names_it() -> Result<()> {
    let granted = ["DeviceManagementServiceConfig.Read.All"];
    let Harness { client, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(granted)).build();
    assert_eq!(client.profiles().list().all().await?, []);
    let call = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?));
    let needed = call.operation().info().permissions.application.least;
    assert_eq!(needed, ["DeviceManagementServiceConfig.ReadWrite.All"]);
    let error = refused(call.await, ErrorKind::Forbidden);
    assert!(error.to_string().contains(needed[0]), "{error}");
    let error = refused(client.groups().list().all().await, ErrorKind::Forbidden);
    assert_eq!((error.operation(), error.attempts()), (Some("groups.list"), 1));
    Ok(())
}

#[tokio::test]
async fn the_least_permissions_of_the_catalog_suffice_for_a_read_of_each_kind() -> Result<()> {
    macro_rules! suffices {
        ($($call:expr),+ $(,)?) => {$(
            let info = *$call(&Harness::new().client).operation().info();
            let Harness { client, .. } =
                Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(info.permissions.application.least.iter().copied())).build();
            $call(&client).all().await.map(drop)?;
        )+};
    }
    use windows_autopilot::Client;
    suffices!(
        |client: &Client| client.profiles().list(),
        |client: &Client| client.devices().list(),
        |client: &Client| client.imports().list(),
        |client: &Client| client.enrollment_status_pages().list(),
        |client: &Client| client.domain_join_profiles().list(),
        |client: &Client| client.connectors().list(),
        |client: &Client| client.autopilot_events().list(),
        |client: &Client| client.assignment_filters().list(),
        |client: &Client| client.groups().list(),
        |client: &Client| client.directory_devices().list(),
        |client: &Client| client.users().list(),
        |client: &Client| client.managed_devices().list(),
        |client: &Client| client.mobile_apps().list(),
    );
    Ok(())
}
