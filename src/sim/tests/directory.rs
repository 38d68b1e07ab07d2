//! Groups, devices, users; device identities, imports and the sync.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::sim::{DeviceSpec, Lag};

pub(super) fn security_group(name: &str) -> Value {
    json!({"displayName": name, "mailEnabled": false, "mailNickname": "devices", "securityEnabled": true})
}

pub(super) fn dynamic_group(name: &str, rule: &str) -> Value {
    let mut body = security_group(name);
    body["groupTypes"] = json!(["DynamicMembership"]);
    body["membershipRule"] = rule.into();
    body["membershipRuleProcessingState"] = "On".into();
    body
}

/// Returns a hash that reads as one, with these records.
fn hash(serial: &str, manufacturer: &str) -> String {
    hash_of(serial, manufacturer, "Book 3")
}

pub(super) fn hash_of(serial: &str, manufacturer: &str, model: &str) -> String {
    let mut records = Vec::new();
    for (kind, value) in [(14_u16, serial), (16, manufacturer), (17, model)] {
        records.extend(kind.to_le_bytes());
        records.extend(u16::try_from(value.len() + 4).unwrap().to_le_bytes());
        records.extend(value.as_bytes());
    }
    let total = u16::try_from(records.len() + 4).unwrap();
    STANDARD.encode([b"OA".as_slice(), &total.to_le_bytes(), &records].concat())
}

pub(super) fn import(serial: &str) -> Value {
    json!({"serialNumber": serial, "hardwareIdentifier": hash(serial, "Contoso"), "groupTag": "Kiosk"})
}

#[tokio::test]
async fn a_group_needs_its_four_properties_and_keeps_the_directorys_rules() {
    let desk = Desk::new();
    let made = desk.post("/v1.0/groups", security_group("Devices")).await;
    assert_eq!((made.status, &made.body["groupTypes"]), (201, &json!([])));
    assert!(made.body["securityIdentifier"].as_str().unwrap().starts_with("S-1-12-1-"));
    for name in ["displayName", "mailEnabled", "mailNickname", "securityEnabled"] {
        let mut body = security_group("Devices");
        body.as_object_mut().unwrap().remove(name);
        let received = desk.post("/v1.0/groups", body).await;
        assert!(received.status == 400 && received.text.contains(name), "{}", received.text);
    }
    for (name, value) in [
        ("mailNickname", json!("a b")),
        ("mailNickname", json!("x".repeat(65))),
        ("groupTypes", json!(["Other"])),
        ("displayName", json!("x".repeat(257))),
        ("id", json!("x")),
        ("nonsense", json!(1)),
    ] {
        let mut body = security_group("Devices");
        body[name] = value;
        assert_eq!(desk.post("/v1.0/groups", body.clone()).await.status, 400, "{body}");
    }
    let path = format!("/v1.0/groups/{}", made.id());
    assert_eq!(desk.patch(&path, json!({"description": "new"})).await.status, 204);
    assert_eq!(desk.get(&path).await.body["description"], "new");
    assert_eq!(desk.delete(&path).await.status, 204);
    assert_eq!(desk.get(&path).await.status, 404);
}

#[tokio::test]
async fn members_come_and_go_by_reference() {
    let desk = Desk::new();
    let group = desk.tenant.add_group("Devices");
    desk.tenant.add_device("SN1");
    let device = desk.get("/v1.0/devices").await.body["value"][0]["id"].as_str().unwrap().to_owned();
    let members = format!("/v1.0/groups/{group}/members");
    let add =
        async |link: String| desk.post(&format!("{members}/$ref"), json!({"@odata.id": link})).await.status;
    let link = format!("https://graph.microsoft.com/v1.0/directoryObjects/{device}");
    assert_eq!((add(link.clone()).await, add(link.clone()).await), (204, 400));
    assert_eq!(add("https://graph.microsoft.com/v1.0/directoryObjects/none".to_owned()).await, 404);
    assert_eq!(add("https://graph.microsoft.com/v1.0/other/x".to_owned()).await, 400);
    let listed = desk.get(&members).await;
    assert_eq!(listed.column("@odata.type"), ["#microsoft.graph.device"]);
    assert_eq!(
        desk.delete(&format!("{members}/{device}")).await.status,
        403,
        "without $ref it is the device"
    );
    assert_eq!(desk.delete(&format!("{members}/{device}/$ref")).await.status, 204);
    assert_eq!(desk.delete(&format!("{members}/{device}/$ref")).await.status, 404);
    let desk = Desk::with(|builder| builder.with_quirks(|quirks| quirks.member_delete_without_ref = true));
    let group = desk.tenant.add_group("Devices");
    let identity = desk.tenant.add_device("SN1");
    desk.tenant.add_member(&group, &identity);
    let device = desk.tenant.members(&group).remove(0);
    assert_eq!(desk.delete(&format!("/v1.0/groups/{group}/members/{device}")).await.status, 204);
    assert_eq!(desk.get(&format!("/v1.0/devices/{device}")).await.status, 404, "the object itself is gone");
}

#[tokio::test]
async fn a_dynamic_group_finds_its_devices_after_a_while_and_takes_none_by_hand() {
    let desk = Desk::new();
    desk.tenant.add_device_with(DeviceSpec::new("SN1").with_group_tag("Kiosk"));
    desk.tenant.add_device_with(DeviceSpec::new("SN2").with_group_tag("Other"));
    let rule = "(device.devicePhysicalIds -any (_ -eq \"[OrderID]:Kiosk\"))";
    let made = desk.post("/v1.0/groups", dynamic_group("Kiosk", rule)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let members = format!("/v1.0/groups/{}/members", made.id());
    assert_eq!(desk.get(&members).await.column("id").len(), 0);
    desk.clock.advance(3 * MINUTE);
    assert_eq!(desk.get(&members).await.column("displayName"), ["SN1"]);
    let second = desk.tenant.device_id("SN2").unwrap();
    assert_eq!(
        desk.post(&format!("{IDENTITIES}/{second}/updateDeviceProperties"), json!({"groupTag": "Kiosk"}))
            .await
            .status,
        204
    );
    desk.clock.advance(3 * MINUTE);
    assert_eq!(desk.get(&members).await.column("displayName"), ["SN1", "SN2"]);
    let device = desk.tenant.members(made.id()).remove(0);
    let link = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{device}")});
    assert_eq!(desk.post(&format!("{members}/$ref"), link).await.status, 403);
    assert_eq!(desk.delete(&format!("{members}/{device}/$ref")).await.status, 403);
    let path = format!("/v1.0/groups/{}", made.id());
    assert_eq!(
        desk.patch(&path, json!({"membershipRule": "(device.displayName -eq \"SN2\")"})).await.status,
        204
    );
    desk.clock.advance(3 * MINUTE);
    assert_eq!(desk.get(&members).await.column("displayName"), ["SN2"]);
    let received = desk.post("/v1.0/groups", dynamic_group("Bad", "(device.nonsense -eq 1")).await;
    assert_eq!(received.status, 400);
    let mut role = dynamic_group("Role", rule);
    role["isAssignableToRole"] = true.into();
    assert_eq!(desk.post("/v1.0/groups", role).await.status, 400);
}

#[tokio::test]
async fn reads_lag_behind_writes_when_the_directory_does() {
    let desk = Desk::with(|builder| builder.with_directory_lag(MINUTE));
    let made = desk.post("/v1.0/groups", security_group("Devices")).await;
    let path = format!("/v1.0/groups/{}", made.id());
    assert_eq!((desk.get(&path).await.status, desk.get("/v1.0/groups").await.column("id").len()), (404, 0));
    desk.clock.advance(MINUTE);
    assert_eq!(desk.get(&path).await.status, 200);
    assert_eq!(desk.patch(&path, json!({"description": "new"})).await.status, 204);
    assert_eq!(desk.get(&path).await.body["description"], Value::Null);
    desk.clock.advance(MINUTE);
    assert_eq!(desk.get(&path).await.body["description"], "new");
    assert_eq!(desk.delete(&path).await.status, 204);
    assert_eq!(desk.get(&path).await.status, 200);
    desk.clock.advance(MINUTE);
    assert_eq!(desk.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_delta_tells_what_changed_since_its_token() {
    let desk = Desk::with(|builder| builder.with_page_size(2));
    let groups: Vec<String> = (0..3).map(|n| desk.tenant.add_group(&format!("G{n}"))).collect();
    let identity = desk.tenant.add_device("SN1");
    desk.tenant.add_member(&groups[0], &identity);
    let follow = async |start: &str| {
        let mut values = Vec::new();
        let mut received = desk.get(start).await;
        loop {
            values.extend(
                received.body["value"].as_array().unwrap_or_else(|| panic!("{}", received.text)).clone(),
            );
            match received.body["@odata.nextLink"].as_str() {
                Some(next) => received = desk.get(next).await,
                None => return (values, received.body["@odata.deltaLink"].as_str().unwrap().to_owned()),
            }
        }
    };
    let (all, link) = follow("/v1.0/groups/delta").await;
    assert_eq!(all.len(), 3);
    let first = all.iter().find(|of| of["id"] == groups[0].as_str()).unwrap();
    assert_eq!(first["members@delta"].as_array().unwrap().len(), 1);
    assert_eq!(follow(&link).await.0, Vec::<Value>::new());
    desk.patch(&format!("/v1.0/groups/{}", groups[1]), json!({"description": "x"})).await;
    desk.delete(&format!("/v1.0/groups/{}", groups[2])).await;
    let member = desk.tenant.members(&groups[0]).remove(0);
    desk.delete(&format!("/v1.0/groups/{}/members/{member}/$ref", groups[0])).await;
    let (changed, _) = follow(&link).await;
    let of = |id: &str| changed.iter().find(|of| of["id"] == id).unwrap();
    assert_eq!(of(&groups[1])["description"], "x");
    assert_eq!(of(&groups[2])["@removed"]["reason"], "changed");
    assert_eq!(of(&groups[0])["members@delta"][0]["@removed"]["reason"], "deleted");
    let (none, latest) = follow("/v1.0/devices/delta?$deltatoken=latest").await;
    assert!(none.is_empty());
    desk.tenant.add_device("SN2");
    assert_eq!(follow(&latest).await.0[0]["displayName"], "SN2");
    assert_eq!(follow("/v1.0/users/delta?$select=id").await.0[0].as_object().unwrap().len(), 1);
    assert_eq!(desk.get("/v1.0/groups/delta?$top=5").await.status, 400);
    desk.tenant.expire_delta_tokens();
    assert_eq!(desk.get(&link).await.error().split(':').next(), Some("410 syncStateNotFound"));
}

#[tokio::test]
async fn the_object_of_a_registered_device_cannot_be_deleted_before_its_registration() {
    let desk = Desk::new();
    let identity = desk
        .tenant
        .add_device_with(DeviceSpec::new("SN1").with_group_tag("Kiosk").with_purchase_order("PO7"));
    let read = desk.get(&format!("{IDENTITIES}/{identity}")).await.body;
    let device_id = read["azureAdDeviceId"].as_str().unwrap();
    let device = desk.get(&format!("/v1.0/devices(deviceId='{device_id}')")).await.body;
    assert_eq!(
        device["physicalIds"],
        json!([format!("[ZTDID]:{identity}"), "[OrderID]:Kiosk", "[PurchaseOrderId]:PO7"])
    );
    let path = format!("/v1.0/devices/{}", device["id"].as_str().unwrap());
    assert_eq!(desk.delete(&path).await.status, 403);
    assert_eq!(
        desk.patch(&path, json!({"extensionAttributes": {"extensionAttribute1": "x"}})).await.status,
        204
    );
    assert_eq!(
        desk.get(&format!("{path}?$select=extensionAttributes")).await.body["extensionAttributes"]["extensionAttribute1"],
        "x"
    );
    assert_eq!(desk.patch(&path, json!({"trustType": "x"})).await.status, 400);
    assert_eq!(desk.delete(&format!("{IDENTITIES}/{identity}")).await.status, 204);
    assert_eq!(desk.delete(&format!("{IDENTITIES}/{identity}")).await.status, 400, "it is being deleted");
    assert_eq!(desk.get(&format!("{IDENTITIES}/{identity}")).await.status, 200, "and still shows");
    desk.clock.advance(5 * MINUTE);
    assert_eq!(desk.get(&format!("{IDENTITIES}/{identity}")).await.status, 404);
    assert_eq!(desk.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_user_is_assigned_only_with_license_and_both_names() {
    let desk = Desk::new();
    let identity = desk.tenant.add_device("SN1");
    desk.tenant.add_user("adele.vance@contoso.com");
    desk.tenant.add_unlicensed_user("poor@contoso.com");
    let path = format!("/v1.0/deviceManagement/windowsAutopilotDeviceIdentities/{identity}");
    let assign = async |body: Value| desk.post(&format!("{path}/assignUserToDevice"), body).await.status;
    assert_eq!(assign(json!({"userPrincipalName": "adele.vance@contoso.com"})).await, 400);
    assert_eq!(
        assign(json!({"userPrincipalName": "poor@contoso.com", "addressableUserName": "Poor"})).await,
        400
    );
    assert_eq!(
        assign(json!({"userPrincipalName": "none@contoso.com", "addressableUserName": "None"})).await,
        400
    );
    assert_eq!(
        assign(json!({"userPrincipalName": "Adele.Vance@contoso.com", "addressableUserName": "Adele"})).await,
        204
    );
    let read = desk.get(&path).await.body;
    assert_eq!(
        (&read["userPrincipalName"], &read["addressableUserName"]),
        (&json!("adele.vance@contoso.com"), &json!("Adele"))
    );
    assert_eq!(
        desk.send(http::Method::POST, &format!("{path}/unassignUserFromDevice"), &[], None).await.status,
        204
    );
    assert_eq!(desk.get(&path).await.body["userPrincipalName"], "", "empty text stands for nothing");
    assert_eq!(
        desk.post(&format!("{path}/updateDeviceProperties"), json!({"deviceFriendlyName": "x"})).await.status,
        400,
        "beta only"
    );
    assert_eq!(
        desk.post(&format!("{path}/updateDeviceProperties"), json!({"groupTag": "A"})).await.status,
        204
    );
    assert_eq!(
        desk.post(&format!("{path}/updateDeviceProperties"), json!({"groupTag": null})).await.status,
        204
    );
    assert_eq!(desk.get(&path).await.body["groupTag"], "A", "null is not a value");
    assert_eq!(
        desk.post(&format!("{path}/updateDeviceProperties"), json!({"groupTag": ""})).await.status,
        204
    );
    assert_eq!(desk.get(&path).await.body["groupTag"], "");
    let v1 = desk.get(&path).await.body;
    assert!(
        v1.get("deploymentProfileAssignmentStatus").is_none()
            && v1["lastContactedDateTime"] == "0001-01-01T00:00:00Z"
    );
}

#[tokio::test]
async fn an_import_goes_from_unknown_over_pending_to_complete_and_the_device_shows_later() {
    let desk = Desk::new();
    let made = desk.post(IMPORTS, import("SN1")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.body["hardwareIdentifier"], &made.body["importId"], &made.body["productKey"]),
        (&json!(""), &json!(made.id()), &json!(made.id()))
    );
    let path = format!("{IMPORTS}/{}", made.id());
    let state = async || desk.get(&path).await.body["state"].clone();
    assert_eq!(state().await["deviceImportStatus"], "unknown");
    desk.clock.advance(Duration::from_secs(30));
    assert_eq!(state().await["deviceImportStatus"], "pending");
    desk.clock.advance(4 * MINUTE);
    let done = state().await;
    assert_eq!((&done["deviceImportStatus"], &done["deviceErrorCode"]), (&json!("complete"), &json!(0)));
    let device = format!("{IDENTITIES}/{}", done["deviceRegistrationId"].as_str().unwrap());
    assert_eq!(desk.get(&device).await.status, 404, "not yet");
    assert_eq!(desk.delete(&path).await.status, 204);
    desk.clock.advance(10 * MINUTE);
    let read = desk.get(&device).await.body;
    assert_eq!(
        (&read["serialNumber"], &read["manufacturer"], &read["groupTag"]),
        (&json!("SN1"), &json!("Contoso"), &json!("Kiosk"))
    );
    assert_eq!(desk.get(&path).await.status, 404, "the record is gone, the device is not");
}

#[tokio::test]
async fn every_way_an_import_can_fail_has_its_name() {
    let desk = Desk::with(|builder| builder.with_lag(Lag::none()));
    let known = desk.tenant.add_device("KNOWN");
    desk.tenant.assign_to_other_tenant("FOREIGN");
    let no_maker = json!({"serialNumber": "NOMAKER", "hardwareIdentifier": hash("NOMAKER", "")});
    let received = desk
        .post(&format!("{IMPORTS}/import"), json!({"importedWindowsAutopilotDeviceIdentities":
            [import("KNOWN"), import("FOREIGN"), no_maker, import("TWICE"), import("twice"), import("GOOD")]}))
        .await;
    assert_eq!(received.status, 200, "{}", received.text);
    let states: Vec<(String, i64, String)> = {
        let listed = desk.get(IMPORTS).await;
        let values = listed.body["value"].as_array().unwrap();
        values
            .iter()
            .map(|of| {
                (
                    of["state"]["deviceErrorName"].as_str().unwrap().to_owned(),
                    of["state"]["deviceErrorCode"].as_i64().unwrap(),
                    of["state"]["deviceRegistrationId"].as_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    let names: Vec<(&str, i64)> = states.iter().map(|(name, code, _)| (name.as_str(), *code)).collect();
    assert_eq!(
        names,
        [
            ("ZtdDeviceAlreadyAssigned", 806),
            ("ZtdDeviceAssignedToOtherTenant", 806),
            ("InvalidZtdHardwareHash", 802),
            ("", 0),
            ("ZtdDeviceDuplicated", 0),
            ("", 0)
        ]
    );
    assert_eq!(states[0].2, known, "the device that is there already");
    assert_eq!(desk.tenant.device_count(), 3);
    desk.tenant.fail_imports(1);
    let made = desk.post(IMPORTS, import("LATER")).await;
    assert_eq!(
        desk.get(&format!("{IMPORTS}/{}", made.id())).await.body["state"]["deviceErrorName"],
        "StorageError"
    );
    let unpadded = desk.post(IMPORTS, json!({"serialNumber": "X", "hardwareIdentifier": "QUJDRA"})).await;
    assert!(
        unpadded.text.contains("Cannot convert the literal 'QUJDRA' to the expected type 'Edm.Binary'"),
        "{}",
        unpadded.text
    );
    assert_eq!(desk.post(IMPORTS, json!({"serialNumber": "X"})).await.status, 400);
}

#[tokio::test]
async fn single_imports_are_throttled_after_65_and_lists_are_not() {
    let desk = Desk::new();
    for number in 0..65 {
        assert_eq!(desk.post(IMPORTS, import(&format!("S{number}"))).await.status, 201);
    }
    let received = desk.post(IMPORTS, import("S65")).await;
    assert_eq!((received.status, received.headers.get("retry-after")), (429, None));
    let all: Vec<Value> = (0..500).map(|number| import(&format!("L{number}"))).collect();
    let received = desk
        .post(&format!("{IMPORTS}/import"), json!({"importedWindowsAutopilotDeviceIdentities": all}))
        .await;
    assert_eq!((received.status, received.column("id").len()), (200, 500));
    let id = received.column("importId")[0].to_owned();
    assert_eq!(desk.get(&format!("{IMPORTS}?$filter=importId eq '{id}'")).await.column("id").len(), 500);
    desk.clock.advance(MINUTE);
    assert_eq!(desk.post(IMPORTS, import("S65")).await.status, 201);
}

#[tokio::test]
async fn a_sync_runs_once_in_ten_minutes_and_shows_what_is_new() {
    let desk = Desk::new();
    let made = desk.post(IMPORTS, import("SN1")).await;
    desk.clock.advance(5 * MINUTE);
    let settings = "/beta/deviceManagement/windowsAutopilotSettings";
    let sync = async || desk.send(http::Method::POST, &format!("{settings}/sync"), &[], None).await.status;
    assert_eq!(desk.get(settings).await.body["syncStatus"], "unknown");
    assert_eq!((sync().await, sync().await), (204, 409));
    assert_eq!(desk.get(settings).await.body["syncStatus"], "inProgress");
    desk.clock.advance(MINUTE);
    let read = desk.get(settings).await.body;
    assert_eq!(
        (&read["syncStatus"], &read["lastSyncDateTime"]),
        (&json!("completed"), &json!("2026-01-01T08:06:00Z"))
    );
    let id = desk.get(&format!("{IMPORTS}/{}", made.id())).await.body["state"]["deviceRegistrationId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(desk.get(&format!("{IDENTITIES}/{id}")).await.status, 200);
    assert_eq!(sync().await, 429);
    desk.clock.advance(9 * MINUTE);
    assert_eq!(sync().await, 204);
}

#[tokio::test]
async fn a_device_gets_the_oldest_profile_of_its_groups_after_a_while() {
    let desk = Desk::new();
    let identity = desk.tenant.add_device("SN1");
    let path = format!("{IDENTITIES}/{identity}");
    let status = async || {
        let read = desk.get(&path).await.body;
        let status = read["deploymentProfileAssignmentStatus"].as_str().unwrap().to_owned();
        (status, read["deploymentProfileAssignedDateTime"].as_str().unwrap().to_owned())
    };
    assert_eq!(status().await, ("notAssigned".to_owned(), "0001-01-01T00:00:00Z".to_owned()));
    let (older, newer, fallback) =
        (desk.profile("Older").await, desk.profile("Newer").await, desk.profile("Fallback").await);
    let group = desk.tenant.add_group("Devices");
    desk.post(&format!("{fallback}/assignments"), all_devices()).await;
    assert_eq!(status().await.0, "pending");
    desk.clock.advance(5 * MINUTE);
    assert_eq!(status().await, ("assignedInSync".to_owned(), "2026-01-01T08:05:00Z".to_owned()));
    desk.post(&format!("{newer}/assignments"), group_target(&group)).await;
    desk.tenant.add_member(&group, &identity);
    let profile = async |link: &str| {
        desk.get(&format!("{path}/{link}")).await.body["displayName"].as_str().map(str::to_owned)
    };
    assert_eq!(
        profile("deploymentProfile").await.as_deref(),
        Some("Fallback"),
        "until the new one is assigned"
    );
    assert_eq!(profile("intendedDeploymentProfile").await.as_deref(), Some("Newer"));
    desk.post(&format!("{older}/assignments"), group_target(&group)).await;
    desk.clock.advance(5 * MINUTE);
    let read = desk.get(&format!("{path}?$expand=deploymentProfile,intendedDeploymentProfile")).await.body;
    assert_eq!(
        (&read["deploymentProfile"]["displayName"], &read["intendedDeploymentProfile"]["displayName"]),
        (&json!("Older"), &json!("Older"))
    );
    assert_eq!(desk.get(&format!("{older}/assignedDevices")).await.column("serialNumber"), ["SN1"]);
    assert_eq!(desk.get(&format!("{fallback}/assignedDevices")).await.column("id").len(), 0);
    let exclusion = json!({"target": {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": group}});
    desk.post(&format!("{older}/assignments"), exclusion).await;
    desk.clock.advance(5 * MINUTE);
    assert_eq!(profile("deploymentProfile").await.as_deref(), Some("Newer"), "an exclusion wins");
    let direct = fallback.rsplit('/').next().unwrap();
    assert_eq!(
        desk.post(&format!("{PROFILES}/{direct}/assign"), json!({"deviceIds": [identity]})).await.status,
        204
    );
    desk.clock.advance(5 * MINUTE);
    assert_eq!(profile("deploymentProfile").await.as_deref(), Some("Fallback"));
    assert_eq!(
        desk.post(&format!("{PROFILES}/{direct}/assign"), json!({"deviceIds": ["none"]})).await.status,
        404
    );
    assert_eq!(
        desk.post(&format!("{PROFILES}/{direct}/assign"), json!({"assignments": []})).await.status,
        400
    );
}
