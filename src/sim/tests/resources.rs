//! Profiles, status pages, configurations, filters, connectors, mobility policies, apps.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_profile_is_written_under_its_new_names_and_read_under_both() {
    let desk = Desk::new();
    let made = desk
        .post(PROFILES, json!({"@odata.type": HYBRID, "displayName": "Hybrid", "locale": "de-DE", "preprovisioningAllowed": true,
            "hardwareHashExtractionEnabled": true, "hybridAzureADJoinSkipConnectivityCheck": true,
            "outOfBoxExperienceSetting": {"@odata.type": "microsoft.graph.outOfBoxExperienceSetting", "eulaHidden": true,
                "privacySettingsHidden": true, "userType": "standard", "deviceUsageType": "singleUser",
                "keyboardSelectionPageSkipped": true, "escapeLinkHidden": true}}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.headers["location"].to_str().unwrap().ends_with(&format!("('{}')", made.id())));
    let read = desk.get(&format!("{PROFILES}/{}", made.id())).await.body;
    for (name, expected) in [
        ("@odata.type", json!(HYBRID)),
        ("locale", json!("de-DE")),
        ("language", json!("de-DE")),
        ("enableWhiteGlove", json!(true)),
        ("extractHardwareHash", json!(true)),
        ("deviceType", json!("windowsPc")),
        ("deviceNameTemplate", json!("")),
        ("roleScopeTagIds", json!(["0"])),
        ("hybridAzureADJoinSkipConnectivityCheck", json!(true)),
        ("createdDateTime", json!("2026-01-01T08:00:00Z")),
        (
            "outOfBoxExperienceSettings",
            json!({"hideEULA": true, "hidePrivacySettings": true, "userType": "standard",
            "deviceUsageType": "singleUser", "skipKeyboardSelectionPage": true, "hideEscapeLink": true}),
        ),
    ] {
        assert_eq!(read[name], expected, "{name}");
    }
    desk.clock.advance(MINUTE);
    let path = format!("{PROFILES}/{}", made.id());
    let changed = desk
        .patch(
            &path,
            json!({"@odata.type": HYBRID, "locale": "", "outOfBoxExperienceSetting": {"eulaHidden": false}}),
        )
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.body["locale"], "os-default", "the user selects: read back as the default");
    assert_eq!(changed.body["outOfBoxExperienceSetting"]["eulaHidden"], false);
    assert_eq!(
        changed.body["outOfBoxExperienceSetting"]["privacySettingsHidden"], true,
        "what is not sent is kept"
    );
    assert_eq!(changed.body["lastModifiedDateTime"], "2026-01-01T08:01:00Z");
}

#[tokio::test]
async fn a_profile_that_breaks_a_rule_is_refused() {
    let desk = Desk::strict();
    let entra = "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile";
    let shared = json!({"deviceUsageType": "shared"});
    for (body, expected) in [
        (json!({"displayName": "No type"}), "ModelValidationFailure"),
        (json!({"@odata.type": HYBRID, "displayName": "With-hyphen"}), "An error has occurred"),
        (json!({"@odata.type": HYBRID, "displayName": "x".repeat(201)}), "An error has occurred"),
        (
            json!({"@odata.type": HYBRID, "displayName": "x", "description": "y".repeat(1501)}),
            "An error has occurred",
        ),
        (json!({"@odata.type": HYBRID}), "An error has occurred"),
        (
            json!({"@odata.type": HYBRID, "displayName": "x", "deviceNameTemplate": "PC%RAND:5%"}),
            "An error has occurred",
        ),
        (
            json!({"@odata.type": HYBRID, "displayName": "x", "outOfBoxExperienceSetting": shared}),
            "An error has occurred",
        ),
        (
            json!({"@odata.type": entra, "displayName": "x", "outOfBoxExperienceSetting": {"deviceUsageType": "shared", "userType": "standard"}}),
            "An error has occurred",
        ),
        (
            json!({"@odata.type": entra, "displayName": "x", "deviceNameTemplate": "PC%rand:5%"}),
            "An error has occurred",
        ),
        (json!({"@odata.type": HYBRID, "displayName": "x", "language": "de-DE"}), "read-only"),
        (json!({"@odata.type": HYBRID, "displayName": "x", "id": "1"}), "read-only"),
    ] {
        let received = desk.post(PROFILES, body.clone()).await;
        assert!(received.status == 400 && received.text.contains(expected), "{body}: {}", received.text);
    }
    let made = desk.post(PROFILES, json!({"@odata.type": entra, "displayName": "Kiosk", "deviceNameTemplate": "PC%RAND:5%", "outOfBoxExperienceSetting": shared})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(
        made.body["outOfBoxExperienceSetting"].get("userType").is_none(),
        "never returned for a shared device"
    );
    let path = format!("{PROFILES}/{}", made.id());
    assert_eq!(
        desk.patch(&path, json!({"displayName": "y"})).await.error(),
        "400 ModelValidationFailure: Cannot create an abstract class."
    );
    assert!(
        desk.patch(&path, json!({"@odata.type": HYBRID, "displayName": "y"}))
            .await
            .text
            .contains("ModelValidationFailure")
    );
    assert_eq!(desk.patch(&path, json!({"@odata.type": entra, "deviceType": "holoLens"})).await.status, 400);
}

#[tokio::test]
async fn profiles_stop_at_350() {
    let desk = Desk::new();
    for number in 0..350 {
        desk.profile(&format!("Profile {number}")).await;
    }
    assert_eq!(
        desk.post(PROFILES, json!({"@odata.type": HYBRID, "displayName": "One more"})).await.status,
        400
    );
}

#[tokio::test]
async fn a_profile_is_assigned_target_by_target_and_cannot_go_before_its_assignments() {
    let desk = Desk::new();
    let (one, two) = (desk.profile("One").await, desk.profile("Two").await);
    let group = desk.tenant.add_group("Devices");
    let assignments = format!("{one}/assignments");
    let made = desk.post(&assignments, group_target(&group)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let profile = one.rsplit('/').next().unwrap();
    assert_eq!(made.id(), format!("{profile}_{group}_0"));
    assert_eq!((&made.body["source"], &made.body["sourceId"]), (&json!("direct"), &json!(profile)));
    assert_eq!(desk.post(&assignments, all_devices()).await.status, 201);
    let received = desk.post(&format!("{two}/assignments"), all_devices()).await;
    assert_eq!(received.status, 400);
    let said = received.inner()["Message"].as_str().unwrap().to_owned();
    assert!(
        said.starts_with(&format!("Another Profile {profile} is already assigned to All Devices.")),
        "{said}"
    );
    for (body, expected) in [
        (json!({"target": {"groupId": group}}), "Cannot create an abstract class."),
        (
            json!({"target": {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}}),
            "An error has occurred",
        ),
        (group_target("none"), "was not found"),
        (json!({}), "no target"),
    ] {
        let received = desk.post(&assignments, body.clone()).await;
        assert!(received.status == 400 && received.text.contains(expected), "{body}: {}", received.text);
    }
    let listed = desk.get(&assignments).await;
    assert_eq!(listed.column("id").len(), 2);
    let expanded = desk.get(&format!("{PROFILES}?$expand=assignments")).await;
    assert_eq!(expanded.body["value"][0]["assignments"], listed.body["value"]);
    assert!(desk.delete(&one).await.text.contains("assigned to groups"));
    let by_set = desk.tenant.assign_by_policy_set(profile, &desk.tenant.add_group("Others"));
    assert_eq!(
        desk.delete(&format!("{assignments}/{by_set}")).await.status,
        400,
        "only direct ones can be deleted"
    );
    for id in listed.column("id") {
        assert_eq!(desk.delete(&format!("{assignments}/{id}")).await.status, 204);
    }
    assert_eq!(desk.delete(&one).await.status, 400);
    assert_eq!(desk.delete(&two).await.status, 204);
    assert_eq!(desk.get(&two).await.status, 404);
}

#[tokio::test]
async fn an_assignment_outlives_its_group_by_a_week() {
    let desk = Desk::new();
    let profile = desk.profile("One").await;
    let group = desk.tenant.add_group("Devices");
    let made = desk.post(&format!("{profile}/assignments"), group_target(&group)).await;
    assert_eq!(desk.delete(&format!("/v1.0/groups/{group}")).await.status, 204);
    desk.clock.advance(6 * 24 * 60 * MINUTE);
    assert_eq!(desk.get(&format!("{profile}/assignments/{}", made.id())).await.status, 200);
    desk.clock.advance(24 * 60 * MINUTE);
    assert_eq!(desk.get(&format!("{profile}/assignments/{}", made.id())).await.status, 404);
    assert_eq!(desk.delete(&profile).await.status, 204);
}

#[tokio::test]
async fn the_default_status_page_is_there_and_stays_as_it_is() {
    let desk = Desk::new();
    let listed = desk.get(PAGES).await;
    let types = listed.column("@odata.type");
    assert!(types.len() >= 4 && types.iter().any(|of| *of != ESP), "kinds are mixed: {types:?}");
    let default =
        listed.body["value"].as_array().unwrap().iter().find(|of| of["@odata.type"] == ESP).unwrap();
    let id = default["id"].as_str().unwrap();
    assert!(id.ends_with("_DefaultWindows10EnrollmentCompletionPageConfiguration"), "{id}");
    assert_eq!(default["priority"], 0);
    let path = format!("{PAGES}/{id}");
    assert_eq!(desk.delete(&path).await.status, 400);
    assert_eq!(desk.post(&format!("{path}/setPriority"), json!({"priority": 1})).await.status, 400);
    assert_eq!(
        desk.post(&format!("{path}/assign"), json!({"enrollmentConfigurationAssignments": []})).await.status,
        400
    );
    assert_eq!(desk.patch(&path, json!({"@odata.type": ESP, "displayName": "Mine"})).await.status, 400);
    let changed = desk.patch(&path, json!({"@odata.type": ESP, "showInstallationProgress": true})).await;
    assert_eq!((changed.status, &changed.body["showInstallationProgress"]), (200, &json!(true)));
    // A member that is newer than the sentinel shows only to those who ask for it.
    let types = |received: &Received| {
        received
            .column("deviceEnrollmentConfigurationType")
            .iter()
            .map(|of| (*of).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(types(&listed).contains(&"unknownFutureValue".to_owned()));
    let asked =
        desk.send(http::Method::GET, PAGES, &[("Prefer", "include-unknown-enum-members")], None).await;
    assert!(types(&asked).contains(&"windowsRestore".to_owned()));
}

#[tokio::test]
async fn pages_get_the_next_priority_and_move_when_one_is_given_another() {
    let desk = Desk::strict();
    let (a, b, c) = (desk.page("A").await, desk.page("B").await, desk.page("C").await);
    assert!(a.ends_with("_Windows10EnrollmentCompletionPageConfiguration"));
    let priorities = async || {
        let mut all = Vec::new();
        for path in [&a, &b, &c] {
            all.push(desk.get(path).await.body["priority"].as_i64().unwrap_or(-1));
        }
        all
    };
    assert_eq!(priorities().await, [1, 2, 3]);
    let set = async |path: &str, to: Value| {
        desk.post(&format!("{path}/setPriority"), json!({"priority": to})).await.status
    };
    assert_eq!(set(&c, json!(1)).await, 204);
    assert_eq!(priorities().await, [2, 3, 1]);
    assert_eq!(set(&c, json!(2)).await, 204);
    assert_eq!(priorities().await, [1, 3, 2]);
    assert_eq!(set(&c, json!(2)).await, 400, "the same again is an error");
    assert_eq!(
        (set(&c, json!(4)).await, set(&c, json!(0)).await, set(&c, json!("1")).await),
        (400, 400, 400)
    );
    assert_eq!(desk.delete(&a).await.status, 204);
    assert_eq!(priorities().await, [-1, 2, 1]);
    let patched = desk.patch(&b, json!({"@odata.type": ESP, "priority": 9, "version": 7})).await;
    assert_eq!((patched.status, &patched.body["priority"]), (200, &json!(2)), "a patch does not move it");
}

#[tokio::test]
async fn a_page_keeps_its_rules_and_shows_one_setting_in_v1() {
    let desk = Desk::new();
    let made = desk
        .post(PAGES, json!({"@odata.type": ESP, "displayName": "ESP", "showInstallationProgress": true,
            "blockDeviceSetupRetryByUser": false, "allowDeviceResetOnInstallFailure": true, "allowNonBlockingAppInstallation": true,
            "selectedMobileAppIds": ["a"], "installProgressTimeoutInMinutes": 90, "installQualityUpdates": true}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        (&made.body["selectedMobileAppIds"], &made.body["allowDeviceResetOnInstallFailure"]),
        (&json!(["a"]), &json!(true))
    );
    let path = format!("{PAGES}/{}", made.id());
    let unblocked =
        desk.patch(&path, json!({"@odata.type": ESP, "blockDeviceSetupRetryByUser": true})).await.body;
    assert_eq!(
        (&unblocked["selectedMobileAppIds"], &unblocked["allowDeviceResetOnInstallFailure"]),
        (&json!([]), &json!(false))
    );
    let hidden = desk.patch(&path, json!({"@odata.type": ESP, "showInstallationProgress": false, "blockDeviceSetupRetryByUser": false})).await.body;
    assert_eq!(
        (&hidden["blockDeviceSetupRetryByUser"], &hidden["installQualityUpdates"]),
        (&json!(true), &json!(false))
    );
    for (body, expected) in [
        (json!({"installProgressTimeoutInMinutes": 1441}), "1440"),
        (json!({"customErrorMessage": "x".repeat(10_001)}), "10000"),
        (json!({"selectedMobileAppIds": vec!["a"; 101]}), "100 apps"),
        (json!({"displayName": ""}), "display name"),
        (json!({"priority": null}), "null"),
    ] {
        let mut body = body;
        body["@odata.type"] = ESP.into();
        let received = desk.patch(&path, body.clone()).await;
        assert!(received.status == 400 && received.text.contains(expected), "{body}: {}", received.text);
    }
    let old = desk.get(&path.replace("/beta/", "/v1.0/")).await.body;
    let names: Vec<&str> = old.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "@odata.context",
            "@odata.type",
            "allowNonBlockingAppInstallation",
            "createdDateTime",
            "description",
            "displayName",
            "id",
            "lastModifiedDateTime",
            "priority",
            "version"
        ]
    );
    for number in 1..50 {
        desk.page(&format!("Page {number}")).await;
    }
    assert_eq!(
        desk.post(PAGES, json!({"@odata.type": ESP, "displayName": "51 and the default"})).await.status,
        400
    );
}

#[tokio::test]
async fn assign_replaces_all_and_each_kind_has_its_own_key_and_answer() {
    let desk = Desk::new();
    let page = desk.page("ESP").await;
    let (one, two) = (desk.tenant.add_group("One"), desk.tenant.add_group("Two"));
    let assign = async |path: &str, key: &str, targets: Vec<Value>| {
        desk.post(&format!("{path}/assign"), json!({key: targets})).await
    };
    let key = "enrollmentConfigurationAssignments";
    assert_eq!(assign(&page, key, vec![group_target(&one), all_devices()]).await.status, 204);
    assert_eq!(assign(&page, key, vec![group_target(&two)]).await.status, 204);
    let listed = desk.get(&format!("{page}/assignments")).await;
    assert_eq!(listed.body["value"][0]["target"]["groupId"], two.as_str());
    assert_eq!(listed.column("id").len(), 1);
    assert!(assign(&page, "assignments", vec![]).await.text.contains("not a valid parameter"));
    let join = desk
        .post(CONFIGURATIONS, json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": "HYB", "computerNameSuffixRandomCharCount": 12}))
        .await;
    let path = format!("{CONFIGURATIONS}/{}", join.id());
    let received = assign(&path, "assignments", vec![group_target(&one), group_target(&two)]).await;
    assert_eq!((received.status, received.column("id").len()), (200, 2));
    assert_eq!(received.body["value"][0]["intent"], "apply");
    let added = desk.post(&format!("{path}/assignments"), all_devices()).await;
    assert_eq!(added.status, 201);
    assert_eq!(
        desk.patch(&format!("{path}/assignments/{}", added.id()), group_target(&one)).await.status,
        200
    );
    assert_eq!(
        desk.get(&format!("{path}/assignments")).await.column("id").len(),
        2,
        "the same target is there once"
    );
    let links = desk
        .post(&format!("{CONFIGURATIONS}/hasPayloadLinks"), json!({"payloadIds": [join.id(), "none"]}))
        .await;
    assert_eq!(
        links.body["value"],
        json!([
            {"payloadId": join.id(), "hasLink": true, "error": null, "sources": ["direct"]},
            {"payloadId": "none", "hasLink": false, "error": "ResourceNotFound", "sources": []},
        ])
    );
}

#[tokio::test]
async fn a_domain_join_configuration_is_beta_and_shows_as_its_base_in_v1() {
    let desk = Desk::strict();
    let good = json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
        "computerNameStaticPrefix": "HYB", "computerNameSuffixRandomCharCount": 12, "organizationalUnit": "OU=PC,DC=contoso,DC=com"});
    assert_eq!(desk.post("/v1.0/deviceManagement/deviceConfigurations", good.clone()).await.status, 400);
    let made = desk.post(CONFIGURATIONS, good.clone()).await;
    assert_eq!(
        (made.status, &made.body["version"], &made.body["supportsScopeTags"]),
        (201, &json!(1), &json!(true))
    );
    let path = format!("{CONFIGURATIONS}/{}", made.id());
    let received = desk.patch(&path, json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ"})).await;
    assert!(
        received.inner()["Message"]
            .as_str()
            .unwrap()
            .starts_with("Invalid patch, at least 1 property must be changed")
    );
    let received = desk.patch(&path, json!({"@odata.type": DOMAIN_JOIN, "organizationalUnit": null})).await;
    assert_eq!(
        (received.status, &received.body["version"], &received.body["organizationalUnit"]),
        (200, &json!(2), &Value::Null)
    );
    let old = desk.get(&path.replace("/beta/", "/v1.0/")).await.body;
    assert_eq!(old["@odata.type"], "#microsoft.graph.deviceConfiguration");
    assert!(old.get("activeDirectoryDomainName").is_none() && old.get("roleScopeTagIds").is_none());
    for (name, value) in [
        ("computerNameSuffixRandomCharCount", json!(2)),
        ("computerNameSuffixRandomCharCount", json!(15)),
        ("computerNameSuffixRandomCharCount", json!("12")),
        ("activeDirectoryDomainName", json!("")),
        ("computerNameStaticPrefix", Value::Null),
        ("displayName", Value::Null),
        ("version", json!(3)),
    ] {
        let mut body = good.clone();
        body[name] = value;
        assert_eq!(desk.post(CONFIGURATIONS, body.clone()).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn network_configurations_are_linked_below_the_type_cast() {
    let desk = Desk::new();
    let join = desk
        .post(CONFIGURATIONS, json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": "HYB", "computerNameSuffixRandomCharCount": 12}))
        .await;
    let wifi = desk.tenant.add_configuration("Wi-Fi", "windowsWifiConfiguration").unwrap();
    let networks = format!(
        "{CONFIGURATIONS}/{}/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations",
        join.id()
    );
    let link = format!("https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations('{wifi}')");
    assert_eq!(desk.post(&format!("{networks}/$ref"), json!({"@odata.id": link})).await.status, 204);
    assert_eq!(desk.post(&format!("{networks}/$ref"), json!({"@odata.id": "x"})).await.status, 400);
    assert_eq!(desk.get(&networks).await.column("displayName"), ["Wi-Fi"]);
    assert_eq!(desk.delete(&format!("{networks}/{wifi}/$ref")).await.status, 204);
    assert_eq!(desk.delete(&format!("{networks}/{wifi}/$ref")).await.status, 404);
    assert_eq!(desk.get(&networks).await.column("id").len(), 0);
    let other = networks.replace(join.id(), &wifi);
    assert_eq!(desk.get(&other).await.status, 404, "the cast fits only domain join");
}

#[tokio::test]
async fn connectors_come_and_go_with_their_servers_and_a_record_of_one_serves_nobody() {
    let desk = Desk::new();
    let id = desk.tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let connectors = "/beta/deviceManagement/domainJoinConnectors";
    let listed = desk.get(connectors).await;
    assert_eq!(
        listed.body["value"][0],
        json!({"id": id, "displayName": "SRV1", "version": "6.2504.2001.8", "state": "active",
        "lastConnectionDateTime": "2026-01-01T08:00:00Z"})
    );
    desk.tenant.stop_connector(&id);
    desk.clock.advance(60 * MINUTE);
    let stopped = desk.get(&format!("{connectors}/{id}")).await.body;
    assert_eq!(
        (&stopped["state"], &stopped["lastConnectionDateTime"]),
        (&json!("inactive"), &json!("2026-01-01T08:00:00Z"))
    );
    let received = desk.delete(&format!("{connectors}/{id}")).await;
    assert_eq!((received.status, &received.inner()["ErrorCode"]), (403, &json!("Forbidden")));
    let innermost: Value = serde_json::from_str(received.inner()["Message"].as_str().unwrap()).unwrap();
    assert_eq!(innermost["_version"], 3, "nested twice");
    for (wrong, says) in [
        (json!({"displayName": "x", "id": "1"}), "id"),
        (json!({"state": "gone"}), "'gone'"),
        (json!({"version": null}), "version"),
        (json!({"domain": "x"}), "'domain'"),
    ] {
        let received = desk.post(connectors, wrong).await;
        assert!(received.status == 400 && received.error().contains(says), "{}", received.text);
    }
    let written = json!({"@odata.type": "#microsoft.graph.deviceManagementDomainJoinConnector", "displayName": "SRV2",
        "lastConnectionDateTime": "2026-01-01T07:00:00Z", "state": "error", "version": "6.2504.2001.8"});
    let made = desk.post(connectors, written).await;
    assert_eq!(
        (made.status, &made.body["state"], &made.body["displayName"]),
        (201, &json!("error"), &json!("SRV2"))
    );
    let path = format!("{connectors}/{}", made.id());
    let changed = desk.patch(&path, json!({"displayName": "SRV3"})).await;
    assert_eq!(
        (changed.status, &changed.body["displayName"], &changed.body["lastConnectionDateTime"]),
        (200, &json!("SRV3"), &json!("2026-01-01T07:00:00Z"))
    );
    assert_eq!(desk.get(connectors).await.column("displayName"), ["SRV1", "SRV3"]);
    assert_eq!(desk.delete(&path).await.status, 403);
    assert_eq!(desk.patch(&format!("{path}0"), json!({})).await.status, 404);
    desk.clock.advance(30 * 24 * 60 * MINUTE);
    assert_eq!(desk.get(connectors).await.column("id").len(), 0, "forgotten after 30 days");
}

#[tokio::test]
async fn the_mdm_scope_follows_its_own_rules() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    let path = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";
    assert_eq!(desk.get(path).await.body["appliesTo"], "none");
    let (one, two) = (desk.tenant.add_group("One"), desk.tenant.add_group("Two"));
    let include = async |group: &str| {
        let link = format!("https://graph.microsoft.com/odata/groups('{group}')");
        desk.post(&format!("{path}/includedGroups/$ref"), json!({"@odata.id": link})).await.status
    };
    assert_eq!(
        (include(&one).await, include(&two).await, include(&two).await, include("none").await),
        (204, 204, 400, 404)
    );
    let read = desk.get(&format!("{path}?$expand=includedGroups")).await.body;
    assert_eq!(
        (&read["appliesTo"], read["includedGroups"].as_array().unwrap().len()),
        (&json!("selected"), 2)
    );
    for (body, expected) in [
        (json!({"appliesTo": "all", "termsOfUseUrl": "https://x"}), "Simultaneous patch requests"),
        (json!({"appliesTo": "selected"}), "can only be set to none or all"),
        (json!({"displayName": "x"}), "read-only"),
        (json!({"appliesTo": "some"}), "'some'"),
    ] {
        let received = desk.patch(path, body).await;
        assert!(received.status == 400 && received.text.contains(expected), "{}", received.text);
    }
    assert_eq!(desk.patch(path, json!({"termsOfUseUrl": "https://x"})).await.status, 204);
    assert_eq!(desk.patch(path, json!({"appliesTo": "all"})).await.status, 204);
    assert_eq!(
        desk.get(&format!("{path}/includedGroups")).await.column("id").len(),
        0,
        "all wipes the groups"
    );
    assert_eq!(desk.delete(path).await.status, 400);
    assert_eq!(include(&one).await, 204);
    assert_eq!(desk.delete(&format!("{path}/includedGroups/{one}/$ref")).await.status, 204);
    assert_eq!(desk.get(path).await.body["appliesTo"], "none");
}

#[tokio::test]
async fn assignment_filters_are_made_changed_and_removed() {
    let desk = Desk::new();
    let filters = "/beta/deviceManagement/assignmentFilters";
    let body = json!({"displayName": "Contoso", "platform": "windows10AndLater", "rule": "(device.manufacturer -eq \"Contoso\")"});
    let made = desk.post(filters, body).await;
    assert_eq!((made.status, &made.body["assignmentFilterManagementType"]), (201, &json!("devices")));
    let path = format!("{filters}/{}", made.id());
    assert_eq!(desk.patch(&path, json!({"platform": "iOS"})).await.status, 400);
    assert_eq!(desk.patch(&path, json!({"description": "x"})).await.body["description"], "x");
    let page = desk.page("ESP").await;
    let mut target = all_devices();
    target["target"]["deviceAndAppManagementAssignmentFilterId"] = made.id().into();
    let page_path = format!("{page}/assign");
    assert_eq!(
        desk.post(&page_path, json!({"enrollmentConfigurationAssignments": [target.clone()]})).await.status,
        400,
        "an id alone is not enough"
    );
    target["target"]["deviceAndAppManagementAssignmentFilterType"] = "include".into();
    assert_eq!(
        desk.post(&page_path, json!({"enrollmentConfigurationAssignments": [target]})).await.status,
        204
    );
    assert_eq!(desk.delete(&path).await.status, 204);
    assert_eq!(desk.get(&path).await.status, 404);
    assert_eq!(desk.post(filters, json!({"displayName": "x"})).await.status, 400);
}

#[tokio::test]
async fn apps_show_their_kind() {
    let desk = Desk::new();
    let id = desk.tenant.add_app("VPN client", "win32LobApp");
    desk.tenant.add_app("Old installer", "windowsMobileMSI");
    let apps = "/v1.0/deviceAppManagement/mobileApps";
    assert_eq!(
        desk.get(apps).await.column("@odata.type"),
        ["#microsoft.graph.win32LobApp", "#microsoft.graph.windowsMobileMSI"]
    );
    assert_eq!(
        desk.get(&format!("{apps}?$filter=isof('microsoft.graph.windowsMobileMSI')"))
            .await
            .column("displayName"),
        ["Old installer"]
    );
    assert_eq!(desk.get(&format!("{apps}/{id}")).await.body["displayName"], "VPN client");
}
