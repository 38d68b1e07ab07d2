//! Invalid requests, refused by every operation with an error body.

use serde_json::json;

use super::*;

const COLLECTIONS: [&str; 15] = [
    PROFILES,
    IDENTITIES,
    IMPORTS,
    PAGES,
    CONFIGURATIONS,
    "/beta/deviceManagement/domainJoinConnectors",
    "/beta/deviceManagement/autopilotEvents",
    "/beta/deviceManagement/assignmentFilters",
    "/beta/policies/mobileDeviceManagementPolicies",
    "/beta/deviceManagement/managedDevices",
    "/v1.0/deviceAppManagement/mobileApps",
    "/v1.0/groups",
    "/v1.0/devices",
    "/v1.0/users",
    "/v1.0/deviceManagement/deviceConfigurations",
];

/// Asserts that an answer is an error as Graph writes it.
#[track_caller]
fn assert_refused(received: &Received, status: u16, what: &str) {
    let error = &received.body["error"];
    assert!(
        received.status == status
            && error["code"].as_str().is_some_and(|code| !code.is_empty())
            && error["message"].as_str().is_some_and(|message| !message.is_empty())
            && error["innerError"]["request-id"].is_string()
            && error["innerError"]["date"].is_string(),
        "{what}: {} {}",
        received.status,
        received.text
    );
}

#[tokio::test]
async fn every_collection_refuses_a_query_that_makes_no_sense() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    for path in COLLECTIONS {
        for query in [
            "$select=nonsense",
            "$select=id,nonsense",
            "$expand=nonsense",
            "$orderby=nonsense",
            "$orderby=displayName sideways",
            "$filter=nonsense eq 1",
            "$filter=id eq",
            "$filter=",
            "$top=many",
            "$top=-1",
            "$skip=-1",
            "$count=perhaps",
            "$skiptoken=made-up",
            "$nonsense=1",
            "$top=1&$top=2",
            "$search=nonsense",
        ] {
            let received = desk.get(&format!("{path}?{query}")).await;
            assert_refused(&received, 400, &format!("{path}?{query}"));
        }
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let received = desk.send(method.clone(), path, &[], Some(json!({}))).await;
            assert_refused(&received, 405, &format!("{method} {path}"));
        }
        let received = desk.get(&format!("{path}/11111111-2222-3333-4444-555555555555")).await;
        assert_refused(&received, 404, path);
        for query in ["$filter=id eq 'x'", "$top=1", "$orderby=id", "$nonsense=1"] {
            let received = desk.get(&format!("{path}/11111111-2222-3333-4444-555555555555?{query}")).await;
            assert_refused(&received, 400, &format!("{path}/..?{query}"));
        }
    }
}

/// Sends a body unchanged.
async fn raw(desk: &Desk, method: &Method, path: &str, kind: &str, body: &str) -> Received {
    let request = http::Request::builder()
        .method(method.clone())
        .uri(format!("https://graph.microsoft.com{path}"))
        .header("authorization", "Bearer any")
        .header("content-type", kind)
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    desk.received(request).await
}

/// Returns every write with a valid body.
async fn writes(desk: &Desk) -> Vec<(Method, String, Value)> {
    let device = desk.tenant.add_device("SN-1");
    let group = desk.tenant.add_group("Devices");
    let (other, user) = (desk.tenant.add_group("Others"), "adele@contoso.com");
    desk.tenant.add_user(user);
    let connector = desk.tenant.add_connector("SRV1", "contoso.com", "6.2504.2001.8");
    let wifi = desk.tenant.add_configuration("Wi-Fi", "windowsWifiConfiguration").unwrap();
    let (profile, page, _) =
        (desk.profile("Hybrid").await, desk.page("First").await, desk.page("Second").await);
    let join = json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ", "activeDirectoryDomainName": "contoso.com",
        "computerNameStaticPrefix": "HYB", "computerNameSuffixRandomCharCount": 12});
    let joined = format!("{CONFIGURATIONS}/{}", desk.post(CONFIGURATIONS, join.clone()).await.id());
    let filter =
        json!({"displayName": "F", "platform": "windows10AndLater", "rule": "(device.model -eq \"x\")"});
    let filters = "/beta/deviceManagement/assignmentFilters";
    let filtered = format!("{filters}/{}", desk.post(filters, filter.clone()).await.id());
    let events = "/beta/deviceManagement/autopilotEvents";
    let event = format!("{events}/{}", desk.post(events, json!({})).await.id());
    let connectors = "/beta/deviceManagement/domainJoinConnectors";
    let policy = "/beta/policies/mobileDeviceManagementPolicies/0000000a-0000-0000-c000-000000000000";
    let objects = desk.get("/v1.0/devices").await;
    let object = objects.column("id")[0].to_owned();
    let target = group_target(&group);
    let link = |path: &str| json!({"@odata.id": format!("https://graph.microsoft.com/{path}")});
    let esp = json!({"@odata.type": ESP, "displayName": "E", "installProgressTimeoutInMinutes": 90});
    let named =
        json!({"displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true});
    let import = json!({"serialNumber": "SN-2", "hardwareIdentifier": "aGFyZHdhcmVJZGVudGlmaWVy"});
    let (post, patch) = (Method::POST, Method::PATCH);
    vec![
        (
            post.clone(),
            PROFILES.into(),
            json!({"@odata.type": HYBRID, "displayName": "P", "locale": "de-DE"}),
        ),
        (patch.clone(), profile.clone(), json!({"@odata.type": HYBRID, "description": "D"})),
        (post.clone(), format!("{profile}/assignments"), target.clone()),
        (post.clone(), format!("{profile}/assign"), json!({"deviceIds": [device]})),
        (post.clone(), format!("{PROFILES}/hasPayloadLinks"), json!({"payloadIds": ["x"]})),
        (
            post.clone(),
            format!("{IDENTITIES}/{device}/assignUserToDevice"),
            json!({"userPrincipalName": user, "addressableUserName": "Adele"}),
        ),
        (post.clone(), format!("{IDENTITIES}/{device}/updateDeviceProperties"), json!({"groupTag": "Kiosk"})),
        (post.clone(), IMPORTS.into(), import.clone()),
        (
            post.clone(),
            format!("{IMPORTS}/import"),
            json!({"importedWindowsAutopilotDeviceIdentities": [import]}),
        ),
        (post.clone(), PAGES.into(), esp.clone()),
        (patch.clone(), page.clone(), esp),
        (post.clone(), format!("{page}/assign"), json!({"enrollmentConfigurationAssignments": [target]})),
        (post.clone(), format!("{page}/setPriority"), json!({"priority": 2})),
        (post.clone(), format!("{page}/assignments"), target.clone()),
        (post.clone(), format!("{PAGES}/hasPayloadLinks"), json!({"payloadIds": ["x"]})),
        (post.clone(), CONFIGURATIONS.into(), join),
        (patch.clone(), joined.clone(), json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ 2"})),
        (post.clone(), format!("{joined}/assign"), json!({"assignments": [target]})),
        (post.clone(), format!("{joined}/assignments"), group_target(&other)),
        (post.clone(), format!("{CONFIGURATIONS}/hasPayloadLinks"), json!({"payloadIds": ["x"]})),
        (
            post.clone(),
            format!(
                "{joined}/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations/$ref"
            ),
            link(&format!("beta/deviceManagement/deviceConfigurations/{wifi}")),
        ),
        (post.clone(), connectors.into(), json!({"displayName": "SRV2", "version": "1"})),
        (patch.clone(), format!("{connectors}/{connector}"), json!({"displayName": "SRV3"})),
        (post.clone(), events.into(), json!({"deviceSerialNumber": "SN-1"})),
        (patch.clone(), event, json!({"deviceSerialNumber": "SN-2"})),
        (post.clone(), filters.into(), filter),
        (patch.clone(), filtered, json!({"displayName": "F2"})),
        (patch.clone(), policy.into(), json!({"appliesTo": "all"})),
        (post.clone(), format!("{policy}/includedGroups/$ref"), link(&format!("beta/groups('{group}')"))),
        (
            patch.clone(),
            "/beta/deviceManagement/windowsAutopilotSettings".into(),
            json!({"syncStatus": "completed"}),
        ),
        (post.clone(), "/v1.0/groups".into(), named),
        (patch.clone(), format!("/v1.0/groups/{group}"), json!({"description": "D"})),
        (
            post.clone(),
            format!("/v1.0/groups/{group}/members/$ref"),
            link(&format!("v1.0/directoryObjects/{object}")),
        ),
        (patch, format!("/v1.0/devices/{object}"), json!({"accountEnabled": false})),
        (post, "/v1.0/$batch".into(), json!({"requests": [{"id": "1", "method": "GET", "url": "/groups"}]})),
    ]
}

#[tokio::test]
async fn every_write_takes_what_is_right_and_nothing_that_is_wrong() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    for (method, path, good) in writes(&desk).await {
        let json = "application/json";
        for body in ["", "nonsense", "[]", "\"x\"", "7", "null", "{\"a\":"] {
            let received = raw(&desk, &method, &path, json, body).await;
            assert_refused(&received, 400, &format!("{method} {path} with {body:?}"));
        }
        let received = raw(&desk, &method, &path, "text/plain", &good.to_string()).await;
        assert_refused(&received, 400, &format!("{method} {path} as plain text"));
        // Links and batches have no type that could lack a property.
        if !path.ends_with("$ref") && !path.ends_with("$batch") {
            let mut body = good.clone();
            body["nonsense"] = json!(1);
            let received = raw(&desk, &method, &path, json, &body.to_string()).await;
            assert_refused(&received, 400, &format!("{method} {path} with an unknown property"));
            assert!(received.text.contains("nonsense"), "{}", received.text);
        }
        for (name, _) in good.as_object().unwrap() {
            let mut body = good.clone();
            body[name] = json!({"nonsense": true});
            let received = raw(&desk, &method, &path, json, &body.to_string()).await;
            assert_refused(&received, 400, &format!("{method} {path} with an object as {name}"));
        }
        let unknown = path
            .split('/')
            .map(|part| if part.len() == 36 { "11111111-2222-3333-4444-555555555555" } else { part });
        let unknown: Vec<&str> = unknown.collect();
        if unknown.join("/") != path {
            let received = raw(&desk, &method, &unknown.join("/"), json, &good.to_string()).await;
            assert_refused(&received, 404, &format!("{method} {path} of an unknown object"));
        }
        let received = raw(&desk, &method, &path, "application/json; charset=utf-8", &good.to_string()).await;
        assert!((200..300).contains(&received.status), "{method} {path}: {}", received.text);
    }
}

#[tokio::test]
async fn every_property_of_another_type_is_refused() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    let known = crate::sim::metadata(true);
    for (path, name) in [
        (PROFILES, "activeDirectoryWindowsAutopilotDeploymentProfile"),
        (PROFILES, "azureADWindowsAutopilotDeploymentProfile"),
        (PAGES, "windows10EnrollmentCompletionPageConfiguration"),
        (CONFIGURATIONS, "windowsDomainJoinConfiguration"),
        ("/beta/deviceManagement/domainJoinConnectors", "deviceManagementDomainJoinConnector"),
        ("/beta/deviceManagement/autopilotEvents", "deviceManagementAutopilotEvent"),
        ("/beta/deviceManagement/assignmentFilters", "deviceAndAppManagementAssignmentFilter"),
        (IMPORTS, "importedWindowsAutopilotDeviceIdentity"),
        ("/beta/groups", "group"),
    ] {
        let mut checked = 0;
        let mut next = Some(name);
        while let Some(of) = next {
            let of = &known["types"][of];
            for (property, shape) in of["properties"].as_object().unwrap() {
                let wrong = if shape["type"] == "Edm.String" { json!(7) } else { json!({"nonsense": 1}) };
                let mut body = json!({"@odata.type": format!("#microsoft.graph.{name}")});
                body[property] = wrong;
                let received = desk.post(path, body).await;
                assert_refused(&received, 400, &format!("{name}.{property}"));
                assert!(
                    received.text.contains(property.as_str())
                        || received.text.contains("nonsense")
                        || received.text.contains('7'),
                    "{}",
                    received.text
                );
                checked += 1;
            }
            next = of["baseType"].as_str();
        }
        assert!(checked > 4, "{name}");
    }
}

#[tokio::test]
async fn a_type_that_is_missing_strange_or_of_another_family_is_refused() {
    let desk = Desk::new();
    for path in [PROFILES, PAGES, CONFIGURATIONS] {
        for (kind, says) in [
            (json!(null), "annotation"),
            (json!(7), "annotation"),
            (json!("#microsoft.graph.nonsense"), "could not be resolved"),
            (json!("#microsoft.graph.group"), "is not assignable to the expected type"),
        ] {
            let received = desk.post(path, json!({"@odata.type": kind, "displayName": "x"})).await;
            assert_refused(&received, 400, path);
            assert!(
                received.error().contains("ModelValidationFailure") && received.error().contains(says),
                "{}",
                received.text
            );
        }
        let received = desk.post(path, json!({"displayName": "x"})).await;
        assert_refused(&received, 400, path);
        assert!(received.error().contains("Cannot create an abstract class"), "{}", received.text);
        // What is said of a property that the type does not have is wrong as well.
        let received = desk.post(path, json!({"@odata.type": DOMAIN_JOIN, "nonsense@odata.bind": []})).await;
        assert_refused(&received, 400, path);
    }
}
