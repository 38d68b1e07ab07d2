//! Domain join profiles among other device configurations.

use serde_json::{Value, json};
use windows_autopilot::graph::{ApiVersion, field};
use windows_autopilot::model::{DeviceConfiguration, DomainJoinProfile, Id, Target};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, Tap, id, is_stored, refused, sent, shown, targets};

const PATH: &str = "/deviceManagement/deviceConfigurations";

fn berlin() -> Result<DomainJoinProfile> {
    let profile = DomainJoinProfile::new("Berlin".parse()?, "contoso.com".parse()?, "BER-".parse()?);
    Ok(profile.with_organizational_unit("OU=Laptops,DC=contoso,DC=com".parse()?))
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.domain_join_profiles();

    let wish = berlin()?.with_description("Laptops".into());
    let stored = profiles.create(&wish).await?;
    is_stored(&stored, &wish);
    let wire = shown(&client, ApiVersion::Beta, &format!("{PATH}/{}", stored.id)).await?;
    for (property, value) in [
        ("@odata.type", json!("#microsoft.graph.windowsDomainJoinConfiguration")),
        ("displayName", json!("Berlin")),
        ("description", json!("Laptops")),
        ("activeDirectoryDomainName", json!("contoso.com")),
        ("computerNameStaticPrefix", json!("BER-")),
        ("computerNameSuffixRandomCharCount", json!(11)),
        ("organizationalUnit", json!("OU=Laptops,DC=contoso,DC=com")),
        ("version", json!(1)),
    ] {
        assert_eq!(wire[property], value, "{property}");
    }
    assert_eq!(profiles.count().await?, 1);

    // A longer prefix has a shorter suffix, and no unit is null.
    let mut next = wish.clone();
    next.computer_name_static_prefix = "BERLIN-".parse()?;
    next.organizational_unit = None;
    let changed = profiles.update(&stored, &next).await?;
    is_stored(&changed, &next);
    assert_eq!(changed.observed.version, Some(2));
    assert_eq!(profiles.get(&stored.id).await?, changed);
    let wire = shown(&client, ApiVersion::Beta, &format!("{PATH}/{}", stored.id)).await?;
    assert_eq!(
        (&wire["computerNameSuffixRandomCharCount"], &wire["organizationalUnit"]),
        (&json!(8), &Value::Null)
    );

    // Assigned as a whole, which answers the whole, and one by one.
    let group = |name: &str| Target::group(id(tenant.add_group(name)));
    let (one, two, three) = (group("One"), group("Two"), group("Three"));
    let change = profiles.assignments(&stored.id).replace_at_once(std::slice::from_ref(&one)).await?;
    assert_eq!((change.added, change.removed), (vec![one.clone()], vec![]));
    let assigned = profiles.assignments(&stored.id).list().all().await?;
    let added = profiles.assignments(&stored.id).add(&two).await?;
    assert_eq!(profiles.assignments(&stored.id).get(&added.id).await?, added);
    profiles.assignments(&stored.id).update(&added.id, &three).await?;
    assert_eq!(targets(profiles.assignments(&stored.id).list()).await?, [one, three.clone()]);
    profiles.assignments(&stored.id).remove(&assigned[0].id).await?;
    assert_eq!(targets(profiles.assignments(&stored.id).list()).await?, [three]);
    let links = profiles.has_payload_links(std::slice::from_ref(&stored.id)).await?;
    assert_eq!((links[0].payload_id.as_deref(), links[0].has_link), (Some(stored.id.as_str()), Some(true)));

    // The network that a device needs: linked, and taken away without a harm to it.
    let wifi: Id<DeviceConfiguration> =
        id(tenant.add_configuration("Wi-Fi", "windowsWifiConfiguration").unwrap());
    profiles.add_network_access_configuration(&stored.id, &wifi).await?;
    let networks = profiles.network_access_configurations(&stored.id).all().await?;
    assert_eq!(networks.iter().map(|network| network.id()).collect::<Vec<_>>(), [Some(wifi.as_str())]);
    profiles.remove_network_access_configuration(&stored.id, &wifi).await?;
    assert_eq!(profiles.network_access_configurations(&stored.id).all().await?, []);
    assert_eq!(shown(&client, ApiVersion::Beta, &format!("{PATH}/{wifi}")).await?["displayName"], "Wi-Fi");

    let listed = profiles.list().all().await?;
    assert!(matches!(&listed[..], [DeviceConfiguration::DomainJoin(_), DeviceConfiguration::Unknown(_)]));
    profiles.delete(&stored.id).await?;
    refused(profiles.get(&stored.id).await, ErrorKind::NotFound);
    assert_eq!(profiles.count().await?, 1);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn replacing_at_once_reports_the_change() -> Result<()> {
    let tap = Tap::new();
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
        .build();
    let profiles = client.domain_join_profiles();
    let stored = profiles.create(&berlin()?).await?;
    let (one, two) = (tenant.add_group("One"), tenant.add_group("Two"));
    profiles
        .assignments(&stored.id)
        .replace_at_once(&[Target::group(id(&one)), Target::all_devices()])
        .await?;
    tenant.clear_requests();
    let wish = [Target::group(id(&two)), Target::excluding(id(&one))];
    let change = profiles.assignments(&stored.id).replace_at_once(&wish).await?;
    assert_eq!(sent(&tenant), ["GET assignments", "POST assign", "GET assignments"]);
    let body = tap.last();
    assert_eq!(body["assignments"].as_array().unwrap().len(), 2);
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert_eq!(change.added, wish);
    assert_eq!(change.removed, [Target::group(id(&one)), Target::all_devices()]);
    assert_eq!(change.overwritten, change.removed);
    assert_eq!(targets(profiles.assignments(&stored.id).list()).await?, wish);
    assert_eq!(profiles.assignments(&stored.id).replace_at_once(&[]).await?.removed, wish);
    assert_eq!(profiles.assignments(&stored.id).list().all().await?, []);
    Ok(())
}

#[tokio::test]
async fn a_patch_of_nothing_which_the_service_refuses_is_not_sent() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let stored = client.domain_join_profiles().create(&berlin()?).await?;
    let body =
        json!({"@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration", "displayName": "Berlin"});
    let path = format!("{PATH}/{}", stored.id);
    let error = refused(client.patch(ApiVersion::Beta, &path, &body).await, ErrorKind::Rejected);
    assert!(error.to_string().contains("at least 1 property must be changed"), "{error}");
    tenant.clear_requests();
    // Neither the case of a domain nor that of a unit is a difference.
    let mut same = berlin()?.with_organizational_unit("ou=laptops,dc=Contoso,dc=com".parse()?);
    same.active_directory_domain_name = "CONTOSO.com".parse()?;
    assert_eq!(client.domain_join_profiles().update(&stored, &same).await?, stored);
    assert_eq!(sent(&tenant), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn other_kinds_are_kept_whole_and_not_taken_for_a_domain_join() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let profiles = client.domain_join_profiles();
    let wifi = tenant.add_configuration("Wi-Fi", "windowsWifiConfiguration").unwrap();
    tenant.add_configuration("New", "aTypeOfTomorrow").unwrap();
    profiles.create(&berlin()?).await?;
    let listed = profiles.list().all().await?;
    let kinds: Vec<_> = listed.iter().filter_map(DeviceConfiguration::odata_type).collect();
    assert_eq!(kinds[0], "#microsoft.graph.windowsWifiConfiguration");
    assert_eq!(kinds[2], "#microsoft.graph.windowsDomainJoinConfiguration");
    let names: Vec<_> = listed.iter().filter_map(DeviceConfiguration::display_name).collect();
    assert_eq!(names, ["Wi-Fi", "New", "Berlin"]);
    refused(profiles.get(&id(&wifi)).await, ErrorKind::Decode);
    // Whether a filter by type is understood is disputed.
    let by_type =
        || windows_autopilot::graph::Filter::raw("isof('microsoft.graph.windowsDomainJoinConfiguration')");
    assert_eq!(profiles.list().filter(by_type()).all().await?.len(), 1);
    let mut quirks = tenant.quirks();
    quirks.isof_filter = false;
    tenant.set_quirks(quirks);
    refused(profiles.list().filter(by_type()).all().await, ErrorKind::Rejected);
    assert_eq!(profiles.list().filter(field("displayName").eq("Berlin")).all().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_group_that_is_not_there_is_no_target() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let profiles = client.domain_join_profiles();
    let stored = profiles.create(&berlin()?).await?;
    profiles.assignments(&stored.id).replace_at_once(&[Target::all_devices()]).await?;
    let nobody = Target::group(id("11111111-2222-3333-4444-555555555555"));
    refused(profiles.assignments(&stored.id).replace_at_once(&[nobody]).await, ErrorKind::Rejected);
    assert_eq!(
        targets(profiles.assignments(&stored.id).list()).await?,
        [Target::all_devices()],
        "all or nothing"
    );
    Ok(())
}
