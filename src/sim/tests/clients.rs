//! What widely used tools send, beyond the documentation: each request is taken under its quirk, and refused by a tenant that
//! is as strict as the documentation.

use serde_json::json;

use super::*;

/// A request that a tool sends.
struct Sent {
    /// The quirk that takes it.
    quirk: &'static str,
    /// The tool that sends it, or the code that takes it.
    source: &'static str,
    method: Method,
    /// The path; `{profile}`, `{page}`, `{join}`, `{group}` and `{device}` stand for those of the tenant.
    path: &'static str,
    /// The body as it goes over the wire.
    body: &'static str,
    /// The status under the quirk, and of a tenant as strict as the documentation.
    statuses: (u16, u16),
    /// The content of the answer under the quirk.
    shows: &'static str,
}

const POST: Method = Method::POST;
const PATCH: Method = Method::PATCH;
const GET: Method = Method::GET;

const TABLE: &[Sent] = &[
    Sent {
        quirk: "integerBatchIds",
        source: "IntuneCD, BaseGraphModule.create_batch_request: `batch_id += 1`",
        method: POST,
        path: "/beta/$batch",
        body: r#"{"requests": [{"id": 1, "method": "GET", "url": "/groups/{group}"},
            {"id": 2, "method": "GET", "url": "/groups/{group}", "dependsOn": [1]}]}"#,
        statuses: (200, 400),
        shows: r#""id":"2""#,
    },
    Sent {
        quirk: "textForPrimitives",
        source: "WindowsAutopilotIntune, Add-AutopilotProfile: `\"True\"`; OData reader, ConvertStringValue",
        method: POST,
        path: PROFILES,
        body: r##"{"@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
            "displayName": "WAI", "hybridAzureADJoinSkipConnectivityCheck": "True"}"##,
        statuses: (201, 400),
        shows: r#""hybridAzureADJoinSkipConnectivityCheck":true"#,
    },
    Sent {
        quirk: "textForPrimitives",
        source: "WindowsAutopilotIntune: `\"60\"`; OData reader, ConvertStringValue",
        method: POST,
        path: PAGES,
        body: r##"{"@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
            "displayName": "WAI", "installProgressTimeoutInMinutes": "90", "showInstallationProgress": "true"}"##,
        statuses: (201, 400),
        shows: r#""installProgressTimeoutInMinutes":90"#,
    },
    Sent {
        quirk: "textForPrimitives",
        source: "OData reader, ConvertStringValue; the same for the parameter of an action",
        method: POST,
        path: "{page}/setPriority",
        body: r#"{"priority": " 2 "}"#,
        statuses: (204, 400),
        shows: "",
    },
    Sent {
        quirk: "oldProfileNamesAreWritten",
        source: "WindowsAutopilotIntune and IntuneHydrationKit, which know only the old names",
        method: POST,
        path: PROFILES,
        body: r##"{"@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
            "displayName": "WAI", "language": "de-DE", "enableWhiteGlove": true, "extractHardwareHash": true,
            "outOfBoxExperienceSettings": {"@odata.type": "microsoft.graph.outOfBoxExperienceSettings",
                "hidePrivacySettings": true, "hideEULA": true, "userType": "standard", "deviceUsageType": "singleUser",
                "skipKeyboardSelectionPage": true, "hideEscapeLink": true}}"##,
        statuses: (201, 400),
        shows: r#""keyboardSelectionPageSkipped":true"#,
    },
    Sent {
        quirk: "oldProfileNamesAreWritten",
        source: "IntuneCD and IntuneManagement, restore: a profile as it was read, under both names",
        method: PATCH,
        path: "{profile}",
        body: r##"{"@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
            "locale": "fr-FR", "language": "de-DE", "outOfBoxExperienceSetting": {"eulaHidden": true},
            "outOfBoxExperienceSettings": {"hideEULA": false, "hideEscapeLink": true}}"##,
        statuses: (200, 400),
        shows: r#""locale":"fr-FR""#,
    },
    Sent {
        quirk: "assignmentIdsAreIgnored",
        source: "WindowsAutopilotIntune, Set-AutopilotProfileAssignedGroup",
        method: POST,
        path: "{profile}/assignments",
        body: r##"{"id": "x_y_0", "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "{group}"}}"##,
        statuses: (201, 400),
        shows: r#""groupId":"{group}""#,
    },
    Sent {
        quirk: "displayNameFilter",
        source: "IntuneHydrationKit: looks for what it has imported before",
        method: GET,
        path: "/beta/deviceManagement/windowsAutopilotDeploymentProfiles?$filter=displayName eq 'Profile'",
        body: "",
        statuses: (200, 400),
        shows: r#""displayName":"Profile""#,
    },
    Sent {
        quirk: "displayNameFilter",
        source: "Microsoft365DSC: `DisplayName eq`",
        method: GET,
        path: "/beta/deviceManagement/deviceEnrollmentConfigurations?$filter=DisplayName eq 'Page'",
        body: "",
        statuses: (200, 400),
        shows: r#""displayName":"Page""#,
    },
    Sent {
        quirk: "serialNumberSearches",
        source: "WindowsAutopilotIntune, Get-AutopilotImportedDevice",
        method: GET,
        path: "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities?$filter=contains(serialNumber,'n-9')",
        body: "",
        statuses: (200, 400),
        shows: r#""serialNumber":"SN-9""#,
    },
    Sent {
        quirk: "serialNumberSearches",
        source: "WindowsAutopilotIntune community form: looks up the enrolled device",
        method: GET,
        path: "/beta/deviceManagement/managedDevices?$filter=startsWith(serialNumber,'SN')",
        body: "",
        statuses: (200, 400),
        shows: r#""value":[]"#,
    },
    Sent {
        quirk: "isofFilter",
        source: "IntuneManagement, EndpointManager: the list of device configurations",
        method: GET,
        path: "/beta/deviceManagement/deviceConfigurations?$filter=not isof('microsoft.graph.windowsUpdateForBusinessConfiguration') \
               and not isof('microsoft.graph.iosUpdateConfiguration')",
        body: "",
        statuses: (200, 400),
        shows: r#""displayName":"Join""#,
    },
    Sent {
        quirk: "supportsScopeTagsTakesFalse",
        source: "backup tools, which set it to false because true returns 400",
        method: POST,
        path: CONFIGURATIONS,
        body: r##"{"@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration", "displayName": "Restored",
            "supportsScopeTags": false, "activeDirectoryDomainName": "contoso.com", "computerNameStaticPrefix": "HYB-",
            "computerNameSuffixRandomCharCount": 8}"##,
        statuses: (201, 400),
        shows: r#""supportsScopeTags":true"#,
    },
];

/// Sends a body as it stands, with the placeholders filled in.
async fn send(desk: &Desk, sent: &Sent, names: &[(&str, String)]) -> (Received, String) {
    let fill =
        |text: &str| names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let uri = format!("https://graph.microsoft.com{}", fill(sent.path)).replace(' ', "%20");
    let request = http::Request::builder()
        .method(sent.method.clone())
        .uri(uri)
        .header("authorization", "Bearer any")
        .header("content-type", "application/json")
        .body(Bytes::from(fill(sent.body)));
    (desk.received(request.unwrap()).await, fill(sent.shows))
}

/// A tenant with what the requests name.
async fn desk(quirks: Quirks) -> (Desk, Vec<(&'static str, String)>) {
    let desk = Desk::with(|builder| builder.with_quirks(|of| *of = quirks));
    let group = desk.tenant.add_group("Devices");
    let profile = desk.profile("Profile").await;
    let page = desk.page("Page").await;
    desk.page("Other").await;
    let join = json!({"@odata.type": DOMAIN_JOIN, "displayName": "Join", "activeDirectoryDomainName": "contoso.com",
        "computerNameStaticPrefix": "HYB-", "computerNameSuffixRandomCharCount": 8});
    let join = desk.post(CONFIGURATIONS, join).await.id().to_owned();
    let import = json!({"serialNumber": "SN-9", "hardwareIdentifier": "aGFyZHdhcmVJZGVudGlmaWVy"});
    assert_eq!(desk.post(IMPORTS, import).await.status, 201);
    let names = [("{group}", group), ("{profile}", profile), ("{page}", page), ("{join}", join)];
    (desk, names.to_vec())
}

#[tokio::test]
async fn what_tools_send_is_taken_under_its_quirk_and_refused_by_a_strict_tenant() {
    for sent in TABLE {
        let what = format!("{}: {} {}, sent by {}", sent.quirk, sent.method, sent.path, sent.source);
        let mut without = Quirks::default();
        without.set(sent.quirk, json!(false)).unwrap();
        for (quirks, status) in [
            (Quirks::default(), sent.statuses.0),
            (without, sent.statuses.1),
            (Quirks::documented(), sent.statuses.1),
        ] {
            let (desk, names) = desk(quirks).await;
            let (told, shows) = send(&desk, sent, &names).await;
            assert_eq!(told.status, status, "{what}: {}", told.text);
            assert!(status >= 400 || told.text.contains(&shows), "{what}: {} lacks {shows}", told.text);
            assert!(status < 400 || told.body["error"]["code"].is_string(), "{what}: {}", told.text);
        }
    }
}

/// Quirks that say how the service behaves, and not what it takes: no request of a tool needs them.
const OF_ANSWERS: [&str; 20] = [
    "osDefaultReadsAsNull",
    "singleGetReportsUnknown",
    "identitySelectFails",
    "identityFilterRefusesSpaceAndHyphen",
    "refusedProfileCharacters",
    "patchHonorsConnectivityCheck",
    "assignAnswersEmptyObject",
    "memberDeleteWithoutRef",
    "anchorDeletion",
    "anchorOutlivesRegistration",
    "connectorDeletion",
    "policyStatusDetails",
    "strictHashes",
    "otherTenantCode",
    "duplicatedCode",
    "storageCode",
    "acceptMustFit",
    "appOnlyStatus",
    "deletionAnswersOk",
    "longComputerNamesAreRefused",
];

#[test]
fn every_quirk_that_takes_a_request_has_its_source_and_is_off_in_a_strict_tenant() {
    let (default, strict) = (
        serde_json::to_value(Quirks::default()).unwrap(),
        serde_json::to_value(Quirks::documented()).unwrap(),
    );
    for (name, value) in default.as_object().unwrap() {
        let sources: Vec<_> =
            TABLE.iter().filter(|sent| sent.quirk == name).map(|sent| sent.source).collect();
        if OF_ANSWERS.contains(&name.as_str()) {
            assert!(sources.is_empty(), "{name}");
            continue;
        }
        assert!(
            !sources.is_empty() && sources.iter().all(|source| !source.is_empty()),
            "{name} has no source"
        );
        assert_eq!((value, &strict[name]), (&json!(true), &json!(false)), "{name}");
    }
}

#[tokio::test]
async fn names_of_properties_are_not_case_sensitive_even_in_a_strict_tenant() {
    let (desk, names) = desk(Quirks::documented()).await;
    let group =
        json!({"DISPLAYNAME": "G", "mailNickName": "g", "MailEnabled": false, "securityenabled": true});
    let made = desk.post("/v1.0/groups", group).await;
    assert_eq!((made.status, &made.body["mailNickname"]), (201, &json!("g")), "{}", made.text);
    assert_eq!(made.body.get("mailNickName"), None);
    for query in ["$select=DisplayName,ID&$filter=displayname eq 'G'", "$filter=DISPLAYNAME eq 'g'"] {
        assert_eq!(desk.get(&format!("/v1.0/groups?{query}")).await.column("displayName"), ["G"], "{query}");
    }
    let sorted = desk.get("/v1.0/groups?$orderby=DisplayName desc").await;
    assert_eq!(sorted.column("displayName"), ["G", "Devices"]);
    let expanded = desk.get("/v1.0/groups?$expand=Members($select=ID)&$filter=displayName eq 'G'").await;
    assert_eq!(expanded.body["value"][0]["members"], json!([]), "{}", expanded.text);
    let name = |of: &str| names.iter().find(|(name, _)| *name == of).unwrap().1.clone();
    let priority = desk.post(&format!("{}/setpriority", name("{page}")), json!({"Priority": 2})).await;
    assert_eq!(priority.status, 204, "{}", priority.text);
    let bound = json!({"displayName": "B", "mailNickname": "b", "mailEnabled": false, "securityEnabled": true,
        "Members@odata.bind": [format!("https://graph.microsoft.com/v1.0/groups/{}", name("{group}"))]});
    let bound = desk.post("/v1.0/groups", bound).await;
    let members = desk.get(&format!("/v1.0/groups/{}/members", bound.id())).await;
    assert_eq!(members.column("id"), [name("{group}")]);
    // Two spellings of one name are one name twice.
    let twice = json!({"displayName": "T", "DisplayName": "U", "mailNickname": "t", "mailEnabled": false, "securityEnabled": true});
    assert_eq!(desk.post("/v1.0/groups", twice).await.status, 400);
}

#[tokio::test]
async fn an_expanded_object_shows_the_properties_that_are_selected_for_it() {
    let desk = Desk::new();
    let group = desk.tenant.add_group("Devices");
    desk.tenant.add_device("SN-1");
    let device = desk.get("/v1.0/devices").await.column("id")[0].to_owned();
    desk.tenant.add_member(&group, &device);
    let path = format!("/v1.0/groups/{group}");
    let told = desk
        .get(&format!("{path}?$select=id&$expand=members($select=id,displayName),owners($select=id)"))
        .await;
    let member = told.body["members"][0].as_object().unwrap_or_else(|| panic!("{}", told.text));
    let names: Vec<&str> = member.keys().map(String::as_str).collect();
    assert_eq!((names, &told.body["owners"]), (vec!["@odata.type", "displayName", "id"], &json!([])));
    assert_eq!(told.body.get("displayName"), None);
    for wrong in [
        "members($select=nonsense)",
        "members($levels=2)",
        "members($select=id",
        "members(nonsense)",
        "nonsense($select=id)",
    ] {
        assert_eq!(desk.get(&format!("{path}?$expand={wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_list_is_sorted_by_several_properties() {
    let desk = Desk::new();
    for upn in ["zoe.b@contoso.com", "ann.a@contoso.com", "zoe_b@contoso.com", "ann_a@contoso.com"] {
        desk.tenant.add_user(upn);
    }
    let path = "/v1.0/users?$select=userPrincipalName&$orderby=displayName desc, UserPrincipalName&$top=3";
    let first = desk.get(path).await;
    assert_eq!(
        first.column("userPrincipalName"),
        ["zoe.b@contoso.com", "zoe_b@contoso.com", "ann.a@contoso.com"]
    );
    let second = desk.get(first.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(second.column("userPrincipalName")[0], "ann_a@contoso.com");
    let descending = desk.get("/v1.0/users?$orderby=displayName asc,userPrincipalName desc").await;
    assert_eq!(descending.column("userPrincipalName")[3..], ["zoe_b@contoso.com", "zoe.b@contoso.com"]);
    for wrong in ["displayName,", "displayName,nonsense", "displayName,userPrincipalName up"] {
        assert_eq!(desk.get(&format!("/v1.0/users?$orderby={wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn filters_names_and_dates_that_the_service_cannot_hold_are_refused() {
    let desk = Desk::new();
    let filters = "/beta/deviceManagement/assignmentFilters";
    let filter = |rule: &str| json!({"displayName": "F", "platform": "windows10AndLater", "rule": rule});
    for rule in [
        "(((",
        "(device.model -eq \"x\"",
        "device.model",
        "(model -eq \"x\")",
        "(device.model -like \"x\")",
        ")",
    ] {
        assert_eq!(desk.post(filters, filter(rule)).await.status, 400, "{rule}");
    }
    let good = desk
        .post(filters, filter("(device.osVersion -ge \"10.0\") and not (device.model -in [\"a\", \"b\"])"))
        .await;
    assert_eq!(good.status, 201, "{}", good.text);
    let patched = desk.patch(&format!("{filters}/{}", good.id()), json!({"rule": "((("})).await;
    assert_eq!(patched.status, 400, "{}", patched.text);

    let join = |prefix: &str, suffix: u32| {
        json!({"@odata.type": DOMAIN_JOIN, "displayName": "J", "activeDirectoryDomainName": "contoso.com",
            "computerNameStaticPrefix": prefix, "computerNameSuffixRandomCharCount": suffix})
    };
    assert_eq!(desk.post(CONFIGURATIONS, join("CONTOSO-", 7)).await.status, 201);
    assert_eq!(desk.post(CONFIGURATIONS, join("CONTOSO-", 8)).await.status, 400);
    let quirks = Quirks { long_computer_names_are_refused: false, ..Quirks::default() };
    let lenient = Desk::with(|builder| builder.with_quirks(|of| *of = quirks));
    assert_eq!(lenient.post(CONFIGURATIONS, join("CONTOSO-", 8)).await.status, 201);

    for (date, status) in [("2026-01-01T00:00:00.1234567Z", 201), ("2026-01-01T00:00:00.12345678Z", 400)] {
        let event = json!({"eventDateTime": date});
        assert_eq!(desk.post("/beta/deviceManagement/autopilotEvents", event).await.status, status, "{date}");
        let expected = if status == 201 { 200 } else { 400 };
        let filtered = desk.get(&format!("/v1.0/groups?$filter=createdDateTime ge {date}")).await;
        assert_eq!(filtered.status, expected, "{date}: {}", filtered.text);
    }
    desk.clock.advance(Duration::from_nanos(123_456_789));
    let group =
        json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let created = desk.post("/v1.0/groups", group).await.body["createdDateTime"].as_str().unwrap().to_owned();
    assert!(created.split_once('.').is_none_or(|(_, rest)| rest.len() <= 8), "{created}");
}

#[tokio::test]
async fn a_deletion_answers_200_or_204_as_the_quirk_says() {
    for answers_ok in [false, true] {
        let quirks = Quirks { deletion_answers_ok: answers_ok, ..Quirks::default() };
        let (desk, names) = desk(quirks).await;
        for name in ["{profile}", "{page}", "{join}"] {
            let path = &names.iter().find(|(of, _)| of == &name).unwrap().1;
            let path = if name == "{join}" { format!("{CONFIGURATIONS}/{path}") } else { path.clone() };
            let told = desk.delete(&path).await;
            assert_eq!((told.status, told.text.as_str()), (if answers_ok { 200 } else { 204 }, ""), "{name}");
            assert_eq!(desk.get(&path).await.status, 404, "{name}");
        }
    }
}

#[tokio::test]
async fn properties_that_the_simulation_does_not_keep_can_be_selected_and_filtered_as_described() {
    let desk = Desk::strict();
    let (users, devices) = ("/v1.0/users", "/v1.0/deviceManagement/managedDevices");
    for (path, status) in [
        (format!("{users}?$select=id,city,onPremisesExtensionAttributes,manager"), 200),
        (format!("{users}?$select=id,Country,assignedPlans"), 200),
        (format!("{users}?$select=invitedBy"), 400),
        ("/beta/users?$select=invitedBy".to_owned(), 200),
        (format!("{users}?$filter=startsWith(city,'B') or employeeId eq '7'"), 200),
        (format!("{users}?$filter=aboutMe eq 'x'"), 400),
        (format!("{users}?$filter=contains(city,'B')"), 400),
        ("/v1.0/groups?$select=assignedLabels,isArchived".to_owned(), 200),
        ("/v1.0/groups?$filter=onPremisesSamAccountName eq 'x'".to_owned(), 200),
        ("/v1.0/devices?$select=registeredOwners,usageRights".to_owned(), 400),
        ("/beta/devices?$select=registeredOwners,usageRights".to_owned(), 200),
        (format!("{devices}?$select=deviceActionResults,iccid,udid"), 200),
        (
            format!("{devices}?$filter=lastSyncDateTime gt 2026-01-01T00:00:00Z and jailBroken eq 'Unknown'"),
            200,
        ),
        (format!("{devices}?$filter=iccid eq 'x'"), 400),
        (
            "/v1.0/deviceAppManagement/mobileApps?$select=displayName,uploadState,detectionRules".to_owned(),
            400,
        ),
        (
            "/beta/deviceAppManagement/mobileApps?$select=displayName,uploadState,detectionRules".to_owned(),
            200,
        ),
    ] {
        let told = desk.get(&path).await;
        assert_eq!(told.status, status, "{path}: {}", told.text);
    }
    // What can be read cannot be written for that.
    let group = json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true, "isArchived": true});
    assert_eq!(desk.post("/v1.0/groups", group).await.status, 400);
}

#[tokio::test]
async fn routes_that_tools_need_first_answer() {
    let mut desk = Desk::with(|builder| builder.with_delegated_callers());
    let user = desk.tenant.add_user("adele@contoso.com");
    let (group, other) = (desk.tenant.add_group("Devices"), desk.tenant.add_group("Others"));
    desk.tenant.add_device("SN-1");
    let device = desk.get("/v1.0/devices").await.column("id")[0].to_owned();
    for member in [&device, &user, &other] {
        desk.tenant.add_member(&group, member);
    }
    let organization = desk.get("/v1.0/organization?$select=id,displayName,verifiedDomains").await;
    assert_eq!(organization.column("id"), [desk.tenant.id()]);
    let domain = organization.body["value"][0]["verifiedDomains"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(desk.get(&format!("/v1.0/organization/{}", desk.tenant.id())).await.status, 200);
    assert_eq!(desk.get("/v1.0/domains").await.column("id"), [domain.as_str()]);
    assert_eq!(desk.get(&format!("/v1.0/domains/{domain}")).await.body["isDefault"], true);
    assert_eq!(desk.get("/beta/deviceManagement/roleScopeTags").await.column("displayName"), ["Default"]);
    assert_eq!(desk.get("/beta/deviceManagement/roleScopeTags/0").await.body["isBuiltIn"], true);
    for missing in [
        "/v1.0/organization/x",
        "/v1.0/domains/x",
        "/beta/deviceManagement/roleScopeTags/7",
        "/v1.0/users/x/memberOf",
    ] {
        assert_eq!(desk.get(missing).await.status, 404, "{missing}");
    }
    assert_eq!(desk.get("/v1.0/me").await.body["userPrincipalName"], "admin@contoso.onmicrosoft.com");

    let members = format!("/v1.0/groups/{group}/members");
    let eventual = [("ConsistencyLevel", "eventual")];
    for (cast, id) in
        [("microsoft.graph.device", &device), ("graph.user", &user), ("microsoft.graph.group", &other)]
    {
        assert_eq!(desk.get(&format!("{members}/{cast}")).await.column("id"), [id.as_str()], "{cast}");
        let count = desk.send(Method::GET, &format!("{members}/{cast}/$count"), &eventual, None).await;
        assert_eq!((count.status, count.text.as_str()), (200, "1"), "{cast}");
    }
    assert_eq!(desk.send(Method::GET, &format!("{members}/$count"), &eventual, None).await.text, "3");
    assert_eq!(desk.get(&format!("{members}/$count")).await.status, 400, "a count needs ConsistencyLevel");
    assert_eq!(desk.get("/v1.0/users/adele@contoso.com/memberOf").await.column("id"), [group.as_str()]);
    assert_eq!(desk.get(&format!("/v1.0/users/{user}/managedDevices")).await.column("id"), [""; 0]);

    let owners = format!("/v1.0/groups/{group}/owners");
    let link =
        |id: &str| json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")});
    assert_eq!(desk.post(&format!("{owners}/$ref"), link(&user)).await.status, 204);
    assert_eq!(desk.post(&format!("{owners}/$ref"), link(&user)).await.status, 400, "an owner once");
    assert_eq!(
        desk.post(&format!("{owners}/$ref"), link(&device)).await.status,
        400,
        "a device owns nothing"
    );
    assert_eq!(desk.get(&owners).await.column("id"), [user.as_str()]);
    assert_eq!(desk.delete(&format!("{owners}/{user}/$ref")).await.status, 400, "the last owner is kept");

    let ids = json!({"ids": [user, device, "11111111-2222-3333-4444-555555555555"], "types": ["user"]});
    let found = desk.post("/v1.0/directoryObjects/getByIds", ids).await;
    assert_eq!(found.column("@odata.type"), ["#microsoft.graph.user"]);
    assert_eq!(desk.post("/v1.0/directoryObjects/getByIds", json!({"ids": []})).await.status, 400);
    assert_eq!(desk.post("/v1.0/directoryObjects/getByIds", json!({"ids": "x"})).await.status, 400);
    assert_eq!(
        desk.get(&format!("/v1.0/directoryObjects/{device}")).await.body["@odata.type"],
        "#microsoft.graph.device"
    );

    desk.token = desk.tenant.delegated_token();
    assert_eq!(desk.get("/v1.0/me?$select=userPrincipalName").await.status, 200);
    desk.token = desk.tenant.app_token();
    assert_eq!(
        desk.get("/v1.0/me").await.error(),
        "400 BadRequest: /me request is only valid with delegated authentication flow."
    );
}

#[tokio::test]
async fn a_documented_path_that_is_not_simulated_answers_501_and_any_other_400() {
    let desk = Desk::new();
    for (path, status) in [
        ("/v1.0/users/x/calendar", 501),
        ("/v1.0/security/alerts", 501),
        ("/beta/deviceManagement/intents", 501),
        ("/v1.0/deviceManagement/intents", 400),
        ("/beta/deviceManagement/nonsense", 400),
        ("/v1.0/nonsense", 400),
        ("/beta/deviceManagement/windowsAutopilotDeviceIdentities/deleteDevices/x", 400),
    ] {
        let told = desk.get(path).await;
        assert_eq!(told.status, status, "{path}: {}", told.text);
        let code = if status == 501 { "NotImplemented" } else { "BadRequest" };
        assert_eq!(told.body["error"]["code"], code, "{path}");
        assert!(status == 400 || told.text.contains("simulated tenant does not have it"), "{}", told.text);
    }
}
