//! Groups and their members.

use windows_autopilot::graph::field;
use windows_autopilot::model::{
    DirectoryDevice, DynamicMembership, Group, Id, Membership, MembershipRule, Patch, Stored,
};
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, MINUTE, Tap, id, is_stored, refused, same, sent};

fn group(name: &str) -> Result<Group> {
    Ok(Group::new(name.parse()?))
}

/// The directory's object of a registered device.
pub(super) async fn anchor(client: &Client, device: &str) -> Result<Id<DirectoryDevice>> {
    let device = client.devices().get(&id(device)).await?;
    let anchor = client.directory_devices().get_by_device_id(device.entra_device_id().unwrap()).await?;
    Ok(anchor.id)
}

async fn members(client: &Client, group: &Stored<Group>) -> Result<Vec<String>> {
    let members = client.groups().members(&group.id).all().await?;
    Ok(members.into_iter().map(|member| member.id.to_string()).collect())
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let groups = client.groups();
    let device = tenant.add_device("SN-1");
    let anchor = anchor(&client, &device).await?;

    let wish = group("Autopilot hybrid")?.with_description("Laptops".into());
    let stored = groups.create(&wish).await?;
    is_stored(&stored, &wish);
    same(&groups.get(&stored.id).await?, &stored);
    assert_eq!(stored.settings.mail_nickname.as_str(), "Autopilothybrid");
    assert_eq!(groups.count().await?, 1);

    let mut next = wish.clone();
    next.display_name = "Autopilot hybrid 2".parse()?;
    next.description = None;
    let changed = groups.update(&stored, &next).await?;
    is_stored(&changed, &next);
    let other = groups.create(&group("Other")?).await?;
    let listed = groups.list().all().await?;
    assert_eq!((listed.len(), &listed[0]), (2, &changed));
    same(&listed[1], &other);

    groups.add_member(&stored.id, &anchor).await?;
    // The service rejects a member that is there already; what was wished holds.
    groups.add_member(&stored.id, &anchor).await?;
    let found = groups.members(&stored.id).all().await?;
    assert_eq!(
        found.iter().map(|member| (member.id.as_str(), member.kind())).collect::<Vec<_>>(),
        [(anchor.as_str(), Some("device"))]
    );
    assert_eq!(groups.transitive_members(&stored.id).all().await?, found);
    // The link goes, the object stays.
    groups.remove_member(&stored.id, &anchor).await?;
    assert_eq!(groups.members(&stored.id).all().await?, []);
    assert!(client.directory_devices().get(&anchor).await.is_ok());

    let changes = groups.delta().all().await?;
    assert_eq!(changes.items.len(), 2);
    groups.delete(&stored.id).await?;
    refused(groups.get(&stored.id).await, ErrorKind::NotFound);
    assert_eq!(groups.list().all().await?, listed[1..]);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn taking_a_member_out_never_deletes_its_object() -> Result<()> {
    // Without `$ref` this tenant deletes what the path names.
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.member_delete_without_ref = true))
        .build();
    let device = tenant.add_device("SN-1");
    let anchor = anchor(&client, &device).await?;
    let stored = client.groups().create(&group("Devices")?).await?;
    client.groups().add_member(&stored.id, &anchor).await?;
    client.groups().remove_member(&stored.id, &anchor).await?;
    assert!(tenant.requests().last().unwrap().path.ends_with("/$ref"));
    assert!(client.directory_devices().get(&anchor).await.is_ok());
    assert_eq!(tenant.device_count(), 1);
    Ok(())
}

#[tokio::test]
async fn a_dynamic_group_follows_its_rule_with_a_delay_and_takes_no_member_by_hand() -> Result<()> {
    let Harness { client, tenant, clock, .. } = Harness::new();
    let kiosk = tenant.add_device_with(DeviceSpec::new("SN-1").with_group_tag("Kiosk"));
    let sales = tenant.add_device_with(DeviceSpec::new("SN-2").with_group_tag("Sales"));
    let (kiosk, sales_anchor) = (anchor(&client, &kiosk).await?, anchor(&client, &sales).await?);
    let wish = group("Kiosks")?.with_membership(Membership::dynamic(MembershipRule::group_tag("Kiosk")?));
    let stored = client.groups().create(&wish).await?;
    is_stored(&stored, &wish);
    assert_eq!(members(&client, &stored).await?, [""; 0]);
    clock.advance(5 * MINUTE);
    assert_eq!(members(&client, &stored).await?, [kiosk.as_str()]);

    refused(client.groups().add_member(&stored.id, &sales_anchor).await, ErrorKind::Forbidden);
    let update = windows_autopilot::resource::DeviceUpdate::new().with_group_tag(Some(&"KIOSK".parse()?));
    client.devices().update(&id(&sales), &update).await?;
    clock.advance(5 * MINUTE);
    assert_eq!(members(&client, &stored).await?, [kiosk.as_str(), sales_anchor.as_str()]);

    // Paused, it keeps whom it has.
    let mut paused = dynamic(&stored);
    paused.paused = true;
    let update = wish.clone().with_membership(Membership::Dynamic(paused.clone()));
    let stored = client.groups().update(&stored, &update).await?;
    is_stored(&stored, &update);
    tenant.add_device_with(DeviceSpec::new("SN-3").with_group_tag("Kiosk"));
    clock.advance(10 * MINUTE);
    assert_eq!(members(&client, &stored).await?.len(), 2);
    paused.paused = false;
    let update = wish.with_membership(Membership::Dynamic(paused));
    let stored = client.groups().update(&stored, &update).await?;
    clock.advance(10 * MINUTE);
    assert_eq!(members(&client, &stored).await?.len(), 3);
    Ok(())
}

fn dynamic(group: &Stored<Group>) -> DynamicMembership {
    match &group.settings.membership {
        Membership::Dynamic(dynamic) => dynamic.clone(),
        _ => panic!("{group:?} is not dynamic"),
    }
}

#[tokio::test]
async fn an_assigned_group_does_not_become_dynamic_by_an_update() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let stored = client.groups().create(&group("Devices")?).await?;
    tenant.clear_requests();
    let wish =
        group("Devices")?.with_membership(Membership::dynamic(MembershipRule::all_autopilot_devices()));
    let update = client.groups().update(&stored, &wish);
    assert!(update.patch().is_empty() && !update.patch().create_only().is_empty(), "{}", update.patch());
    assert_eq!(update.await?, stored);
    assert_eq!(sent(&tenant), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn a_member_is_added_once_and_one_that_is_none_is_not_taken_out() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let device = tenant.add_device("SN-1");
    let anchor = anchor(&client, &device).await?;
    let stored = client.groups().create(&group("Devices")?).await?;
    client.groups().add_member(&stored.id, &anchor).await?;
    // The service rejects it; the call looks whether it is there, a request in a batch does not.
    client.groups().add_member(&stored.id, &anchor).await?;
    let mut batch = client.batch();
    let slot = batch.add(client.groups().add_member(&stored.id, &anchor));
    let error = refused(batch.await?.take(slot), ErrorKind::Rejected);
    assert!(error.to_string().contains("already exist"), "{error}");
    assert_eq!(members(&client, &stored).await?, [anchor.as_str()]);
    refused(client.groups().remove_member(&stored.id, &id("nobody")).await, ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn names_are_not_unique_and_a_filter_takes_any_name() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    for name in ["O'Neil & Söhne", "O'Neil & Söhne", "Other"] {
        client.groups().create(&group(name)?).await?;
    }
    let of_name = |name: &str| client.groups().list().filter(field("displayName").eq(name));
    assert_eq!(of_name("O'Neil & Söhne").all().await?.len(), 2);
    assert_eq!(of_name("O'Neil").all().await?.len(), 0);
    // `ne` is for advanced queries alone.
    let not = || client.groups().list().filter(field("displayName").ne("Other"));
    refused(not().all().await, ErrorKind::Rejected);
    assert_eq!(not().advanced().all().await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn members_of_kinds_that_are_not_known_are_listed_too() -> Result<()> {
    let tap = Tap::changing(|body| {
        for item in body.get_mut("value").and_then(serde_json::Value::as_array_mut).into_iter().flatten() {
            if item["@odata.type"] == "#microsoft.graph.user" {
                item["@odata.type"] = "#microsoft.graph.personOfTomorrow".into();
            }
        }
    });
    let Harness { client, tenant, .. } =
        Harness::builder().as_app().with_client(|client| client.with_per_attempt_middleware(tap)).build();
    let mixed = tenant.add_group("Mixed");
    for member in [tenant.add_device("SN-1"), tenant.add_user("a@contoso.com"), tenant.add_group("Nested")] {
        tenant.add_member(&mixed, &member);
    }
    let members = client.groups().members(&id(&mixed)).all().await?;
    let kinds: Vec<_> = members.iter().filter_map(|member| member.kind()).collect();
    assert_eq!(kinds, ["device", "personOfTomorrow", "group"]);
    Ok(())
}

#[tokio::test]
async fn a_selected_group_says_what_it_was_not_asked_for() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let rule = Membership::dynamic(MembershipRule::group_tag("Kiosk")?);
    let wish = group("Kiosk")?.with_membership(rule.clone());
    client.groups().create(&wish).await?;
    let names = client.groups().list().select(["displayName"]).all().await?;
    let unreported =
        ["description", "mailNickname", "mailEnabled", "securityEnabled", "groupTypes", "membershipRule"];
    assert!(unreported.iter().all(|name| names[0].unreported.contains(name)), "{:?}", names[0].unreported);
    let patch = Patch::from_stored(&names[0], &wish);
    assert!(patch.is_empty() && patch.create_only().is_empty(), "{patch}");
    let rules = client.groups().list().select(["displayName", "membershipRule"]).all().await?;
    assert_eq!(rules[0].settings.membership, rule);
    assert!(rules[0].unreported.contains(&"groupTypes"));
    Ok(())
}

#[tokio::test]
async fn members_at_any_depth_are_listed_once_although_groups_go_round() -> Result<()> {
    let Harness { client, tenant, .. } =
        Harness::builder().with_tenant(|tenant| tenant.with_page_size(2)).build();
    let groups: Vec<String> = (0..3).map(|number| tenant.add_group(&format!("G{number}"))).collect();
    for (outer, inner) in [(0, 1), (1, 2), (2, 0), (0, 2)] {
        tenant.add_member(&groups[outer], &groups[inner]);
    }
    let mut expected = vec![groups[1].clone(), groups[2].clone()];
    for (serial, group) in [("SN-1", 0), ("SN-2", 1), ("SN-3", 2), ("SN-4", 2)] {
        let device = tenant.add_device(serial);
        tenant.add_member(&groups[group], &device);
        expected.push(tenant.members(&groups[group]).pop().unwrap());
    }
    let direct = tenant.members(&groups[0])[2].clone();
    tenant.add_member(&groups[2], &direct);
    let members = client.groups().transitive_members(&id(&groups[0])).all().await?;
    let mut found: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let error = client.groups().transitive_members(&id("no-such-group")).all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    Ok(())
}
