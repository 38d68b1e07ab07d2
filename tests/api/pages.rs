//! Lists over pages.

use std::fmt::Debug;

use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use windows_autopilot::graph::{ApiVersion, List, field};
use windows_autopilot::model::{AutopilotEvent, DeviceToImport, HybridJoinProfile, Target};
use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, Tap, id, refused};

/// A tenant with some of everything, the same for any size of its pages.
async fn furnished(page_size: usize) -> Result<Harness> {
    let harness = Harness::builder().with_tenant(|tenant| tenant.with_page_size(page_size)).build();
    let Harness { client, tenant, .. } = &harness;
    let group = tenant.add_group("Devices");
    let profile = client.profiles().create(&HybridJoinProfile::new("Profile 0".parse()?)).await?;
    for number in 0..5 {
        let new = DeviceSpec::new(format!("SN-{number}")).with_group_tag("Kiosk");
        tenant.add_member(&group, &tenant.add_device_with(new));
        tenant.add_user(&format!("user{number}@contoso.com"));
        tenant.add_connector(&format!("SRV{number}"), "contoso.com", "6.2504.2001.8");
        tenant.add_app(&format!("App {number}"), "win32LobApp");
        tenant.add_configuration(&format!("Wi-Fi {number}"), "windowsWifiConfiguration").unwrap();
        let other = tenant.add_group(&format!("Group {number}"));
        client.mdm_policies().add_group(&client.mdm_policies().intune().await?.id, &id(&other)).await?;
        client.profiles().assignments(&profile.id).add(&Target::group(id(&other))).await?;
        client.profiles().create(&HybridJoinProfile::new(format!("Profile 1{number}").parse()?)).await?;
        super::filter::create(client, &format!("Filter {number}")).await?;
        client.autopilot_events().create(&AutopilotEvent::new(id("new"))).await?;
        let device = DeviceToImport::new(format!("NEW-{number}").parse()?, "Q29udG9zbwAAAA==".parse()?);
        client.imports().create(&device).await?;
    }
    Ok(harness)
}

/// What every list of the client gives, as text.
async fn everything(client: &Client) -> Result<Vec<(&'static str, Vec<String>)>> {
    async fn all<T: Debug>(items: Result<Vec<T>>) -> Result<Vec<String>> {
        Ok(items?.iter().map(|item| format!("{item:?}")).collect())
    }
    let group = client.groups().list().filter(field("displayName").eq("Devices")).all().await?.remove(0).id;
    let profiles = client.profiles().list().all().await?;
    let profile = id::<HybridJoinProfile>(profiles[0].id().unwrap());
    let policy = client.mdm_policies().intune().await?.id;
    Ok(vec![
        ("profiles", all(Ok(profiles)).await?),
        ("assignments", all(client.profiles().assignments(&profile).list().all().await).await?),
        ("devices", all(client.devices().list().all().await).await?),
        (
            "some devices",
            all(client.devices().list().filter(field("serialNumber").contains("SN")).all().await).await?,
        ),
        ("imports", all(client.imports().list().all().await).await?),
        ("pages", all(client.enrollment_status_pages().list().all().await).await?),
        ("configurations", all(client.domain_join_profiles().list().all().await).await?),
        ("connectors", all(client.connectors().list().all().await).await?),
        ("events", all(client.autopilot_events().list().all().await).await?),
        ("filters", all(client.assignment_filters().list().all().await).await?),
        ("policies", all(client.mdm_policies().list().all().await).await?),
        ("included groups", all(client.mdm_policies().included_groups(&policy).all().await).await?),
        ("groups", all(client.groups().list().all().await).await?),
        ("sorted groups", all(client.groups().list().order_by("displayName desc").all().await).await?),
        ("members", all(client.groups().members(&group).all().await).await?),
        ("directory devices", all(client.directory_devices().list().all().await).await?),
        ("users", all(client.users().list().all().await).await?),
        ("apps", all(client.mobile_apps().list().all().await).await?),
    ])
}

#[tokio::test]
async fn every_list_is_the_same_whatever_the_size_of_its_pages() -> Result<()> {
    let whole = everything(&furnished(1000).await?.client).await?;
    assert!(whole.iter().all(|(name, items)| *name == "policies" || items.len() >= 5), "{whole:?}");
    for size in [1, 2, 3] {
        let Harness { client, tenant, .. } = furnished(size).await?;
        tenant.clear_requests();
        assert_eq!(everything(&client).await?, whole, "pages of {size}");
        assert!(tenant.requests().iter().any(|request| request.query.contains("skiptoken")));
    }
    Ok(())
}

#[tokio::test]
async fn the_size_of_pages_can_be_asked_for_and_ends_no_list() -> Result<()> {
    let Harness { client, tenant, .. } = furnished(1000).await?;
    tenant.clear_requests();
    let mut pages = client.groups().list().page_size(4).pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        sizes.push((page.has_more(), page.into_items().count()));
    }
    assert_eq!(sizes, [(true, 4), (false, 2)]);
    assert!(tenant.requests().iter().all(|request| request.query.contains("$top=4")));
    Ok(())
}

#[tokio::test]
async fn the_count_is_on_the_first_page_and_the_header_of_an_advanced_query_on_all() -> Result<()> {
    let Harness { client, .. } = furnished(2).await?;
    let mut pages = client.groups().list().filter(field("displayName").ne("Devices")).advanced().pages();
    let mut counts = Vec::new();
    while let Some(page) = pages.next().await {
        counts.push(page?.count());
    }
    // Without the header a page behind the first would be refused.
    assert_eq!(counts.len(), 3);
    assert_eq!(counts[0], Some(5));
    Ok(())
}

#[tokio::test]
async fn reading_stops_with_the_reader() -> Result<()> {
    let Harness { client, tenant, .. } = furnished(1).await?;
    tenant.clear_requests();
    let two: Vec<_> = client.devices().list().items().take(2).try_collect().await?;
    assert_eq!((two.len(), tenant.requests().len()), (2, 2));
    Ok(())
}

#[tokio::test]
async fn an_empty_page_with_a_link_is_not_the_end() -> Result<()> {
    let tap = Tap::changing(|body| {
        let odd = body["value"][0]["serialNumber"] == "SN-1" || body["value"][0]["serialNumber"] == "SN-2";
        if odd {
            body["value"] = json!([]);
        }
    });
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_page_size(1))
        .with_client(|client| client.with_per_attempt_middleware(tap))
        .build();
    for number in 0..4 {
        tenant.add_device(&format!("SN-{number}"));
    }
    let devices = client.devices().list().all().await?;
    let serials: Vec<_> = devices.iter().filter_map(|device| device.serial_number.as_deref()).collect();
    assert_eq!(serials, ["SN-0", "SN-3"]);
    Ok(())
}

#[tokio::test]
async fn a_service_that_goes_in_circles_or_elsewhere_is_left() -> Result<()> {
    const HERE: &str =
        "https://graph.microsoft.com/beta/deviceManagement/windowsAutopilotDeviceIdentities?$skiptoken=x";
    fn link(body: &mut Value, to: &str) {
        if body.get("@odata.nextLink").is_some() {
            body["@odata.nextLink"] = to.into();
        }
    }
    let elsewhere: fn(&mut Value) =
        |body| link(body, "https://evil.example/beta/deviceManagement/windowsAutopilotDeviceIdentities");
    let plain: fn(&mut Value) = |body| link(body, &HERE.replace("https:", "http:"));
    let other: fn(&mut Value) = |body| link(body, "https://graph.microsoft.com/beta/users");
    for change in [elsewhere, plain, other] {
        let tap = Tap::changing(change);
        let Harness { client, tenant, .. } = Harness::builder()
            .as_app()
            .with_tenant(|tenant| tenant.with_page_size(1))
            .with_client(|client| client.with_per_attempt_middleware(tap))
            .build();
        tenant.add_device("SN-1");
        tenant.add_device("SN-2");
        refused(client.devices().list().all().await, ErrorKind::Link);
        assert_eq!(tenant.requests().len(), 1, "no token goes there");
    }
    // The same link for ever, as identities once gave.
    let tap = Tap::changing(|body| {
        body["@odata.nextLink"] =
            "https://graph.microsoft.com/beta/deviceManagement/windowsAutopilotDeviceIdentities?$top=5"
                .into();
    });
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_client(|client| client.with_per_attempt_middleware(tap)).build();
    tenant.add_device("SN-1");
    let mut items = client.devices().list().items();
    let mut seen = 0;
    let error = loop {
        match items.next().await.unwrap() {
            Ok(_) => seen += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), seen, tenant.requests().len()), (ErrorKind::Link, 2, 2));
    assert!(items.next().await.is_none());
    Ok(())
}

#[tokio::test]
async fn one_item_that_cannot_be_read_spoils_no_other() -> Result<()> {
    let tap = Tap::changing(|body| {
        for item in body["value"].as_array_mut().into_iter().flatten() {
            if item["serialNumber"] == "SN-1" {
                item["serialNumber"] = json!({"secret": "canary"});
            }
        }
    });
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_client(|client| client.with_per_attempt_middleware(tap)).build();
    let ids: Vec<_> = (0..3).map(|number| tenant.add_device(&format!("SN-{number}"))).collect();
    let items: Vec<_> = client.devices().list().items().collect().await;
    let read: Vec<_> = items.iter().map(|item| item.as_ref().ok().map(|device| device.id.as_str())).collect();
    assert_eq!(read, [Some(ids[0].as_str()), None, Some(ids[2].as_str())]);
    let error = items[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    let said = error.to_string();
    assert!(said.contains("item 1") && said.contains(&ids[1]) && !said.contains("canary"), "{said}");
    Ok(())
}

#[tokio::test]
async fn any_path_can_be_read_as_a_list_of_anything() -> Result<()> {
    let Harness { client, .. } = furnished(2).await?;
    let list: List<Value> = client.list(ApiVersion::V1, "/groups?$orderby=displayName");
    let names: Vec<_> = list.all().await?.iter().map(|group| group["displayName"].clone()).collect();
    assert_eq!(names, ["Devices", "Group 0", "Group 1", "Group 2", "Group 3", "Group 4"]);
    let selected = client.groups().list().decode_as::<Value>().all().await?;
    assert!(selected.iter().all(|group| group.get("membershipRule").is_some()), "asked for by name");
    Ok(())
}
