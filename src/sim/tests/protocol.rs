//! The protocol of every resource: tokens, versions, errors, pages, batches.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::sim::Lag;

#[tokio::test]
async fn a_call_without_a_token_is_refused_with_a_challenge_and_an_expired_one_too() {
    let mut desk = Desk::with(|builder| builder.with_strict_tokens());
    desk.token.clear();
    let received = desk.get("/v1.0/groups").await;
    assert_eq!(received.error(), "401 InvalidAuthenticationToken: Access token is empty.");
    assert!(received.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
    desk.token = desk.tenant.app_token();
    assert_eq!(desk.get("/v1.0/groups").await.status, 200);
    desk.clock.advance(Duration::from_secs(3600));
    assert!(desk.get("/v1.0/groups").await.error().contains("token is expired"));
    desk.token = desk.tenant.app_token();
    desk.tenant.revoke_tokens();
    assert!(desk.get("/v1.0/groups").await.error().contains("revoked"));
    desk.token = "made-up".to_owned();
    assert!(desk.get("/v1.0/groups").await.error().contains("IDX14100"));
}

#[tokio::test]
async fn an_application_signs_in_with_its_secret_and_errors_have_their_numbers() {
    let desk = Desk::with(|builder| builder.with_strict_tokens());
    desk.tenant.add_client_secret("App-1", "right");
    desk.tenant.add_client_secret_until("app-2", "old", MINUTE);
    let token = async |tenant: &str, client: &str, secret: &str, scope: &str| {
        let form =
            format!("grant_type=client_credentials&client_id={client}&client_secret={secret}&scope={scope}");
        let uri = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        let request = http::Request::post(uri).body(Bytes::from(form)).unwrap();
        let response = desk.tenant.send(request).await.unwrap();
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        (response.status().as_u16(), body)
    };
    let id = desk.tenant.id();
    let scope = "https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let (status, answer) = token(&id, "app-1", "right", scope).await;
    assert_eq!((status, &answer["token_type"], &answer["expires_in"]), (200, &json!("Bearer"), &json!(3599)));
    let mut caller = Desk { token: answer["access_token"].as_str().unwrap().to_owned(), ..Desk::new() };
    caller.tenant = desk.tenant.clone();
    assert_eq!(caller.get("/v1.0/users").await.status, 200);
    desk.clock.advance(2 * MINUTE);
    for (tenant, client, secret, scope, expected) in [
        (id.as_str(), "app-1", "wrong", scope, (401, "invalid_client", 7_000_215)),
        (&id, "app-2", "old", scope, (401, "invalid_client", 7_000_222)),
        (&id, "nobody", "x", scope, (400, "unauthorized_client", 700_016)),
        ("elsewhere", "app-1", "right", scope, (400, "invalid_request", 90_002)),
        (&id, "app-1", "right", "User.Read", (400, "invalid_scope", 1_002_012)),
        (&id, "app-1", "right", "", (400, "invalid_request", 900_144)),
    ] {
        let (status, body) = token(tenant, client, secret, scope).await;
        let found = (status, body["error"].as_str().unwrap(), body["error_codes"][0].as_i64().unwrap());
        assert_eq!(found, expected, "{body}");
        let said = body["error_description"].as_str().unwrap();
        assert!(said.starts_with(&format!("AADSTS{}: ", expected.2)), "{said}");
        assert!(!said.contains("wrong"), "a secret is never repeated");
    }
}

#[tokio::test]
async fn a_person_signs_in_by_device_code_and_may_read_mobility_policies_which_an_application_may_not() {
    let mut desk = Desk::with(|builder| builder.with_strict_tokens());
    let endpoint =
        |name: &str| format!("https://login.microsoftonline.com/{}/oauth2/v2.0/{name}", desk.tenant.id());
    let form = async |uri: String, form: String| {
        let response =
            desk.tenant.send(http::Request::post(uri).body(Bytes::from(form)).unwrap()).await.unwrap();
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let started = form(endpoint("devicecode"), "client_id=a&scope=s".to_owned()).await;
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    let redeem =
        format!("client_id=a&grant_type={grant}&device_code={}", started["device_code"].as_str().unwrap());
    assert_eq!(form(endpoint("token"), redeem.clone()).await["error"], "authorization_pending");
    assert!(!desk.tenant.approve_sign_in("WRONG"));
    assert!(desk.tenant.approve_sign_in(started["user_code"].as_str().unwrap()));
    let token = form(endpoint("token"), redeem.clone()).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(form(endpoint("token"), redeem).await["error"], "bad_verification_code", "once only");
    desk.token = token;
    assert_eq!(desk.get("/beta/policies/mobileDeviceManagementPolicies").await.status, 200);
    desk.token = desk.tenant.app_token();
    let received = desk.get("/beta/policies/mobileDeviceManagementPolicies").await;
    assert_eq!(received.error(), "403 Forbidden: Unsupported app-only call.");
}

#[tokio::test]
async fn what_is_missing_is_said_in_the_words_of_gateway_directory_and_intune() {
    let desk = Desk::new();
    for (path, expected) in [
        ("/v2.0/groups", "404 ResourceNotFound: Invalid version: v2.0"),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeploymentProfiles",
            "400 BadRequest: Resource not found for the segment 'windowsAutopilotDeploymentProfiles'.",
        ),
        (
            "/v1.0/deviceManagement/autopilotEvents/x/policyStatusDetails",
            "400 BadRequest: Resource not found for the segment 'autopilotEvents'.",
        ),
        ("/beta/nonsense/x", "400 BadRequest: Resource not found for the segment 'nonsense'."),
        (
            "/v1.0/groups/none",
            "404 Request_ResourceNotFound: Resource 'none' does not exist or one of its queried reference-property objects are not present.",
        ),
    ] {
        assert_eq!(desk.get(path).await.error(), expected);
    }
    let received = desk
        .send(
            Method::GET,
            "/beta/deviceManagement/deviceConfigurations/none",
            &[("client-request-id", "mine")],
            None,
        )
        .await;
    let inner = received.inner();
    assert_eq!(
        (received.status, &received.body["error"]["code"], &inner["_version"]),
        (404, &json!("ResourceNotFound"), &json!(3))
    );
    let said = inner["Message"].as_str().unwrap();
    assert!(
        said.contains("Activity ID: mine - Url: https://fef.")
            && said.contains("/deviceConfigurations/none?"),
        "{said}"
    );
    assert_eq!(received.headers["client-request-id"], "mine");
    assert_eq!(
        received.body["error"]["innerError"]["request-id"],
        received.headers["request-id"].to_str().unwrap()
    );
    assert_eq!(received.headers["date"], "Thu, 01 Jan 2026 08:00:00 GMT");
    assert!(received.headers.contains_key("x-ms-ags-diagnostic"));
    assert_eq!(desk.send(Method::PUT, "/v1.0/groups", &[], None).await.status, 405);
    assert_eq!(desk.post("/beta/deviceManagement/managedDevices", json!({})).await.status, 405);
    let received = desk.post("/v1.0/groups", Value::String("x".into())).await;
    assert!(received.error().contains("Unable to read JSON request payload"), "{}", received.text);
}

#[tokio::test]
async fn a_list_comes_in_pages_with_links_that_lead_to_the_end_and_cannot_be_made_up() {
    let desk = Desk::with(|builder| builder.with_page_size(2));
    for number in 0..5 {
        desk.tenant.add_device(&format!("SN{number}"));
    }
    let mut seen = Vec::new();
    let mut link = format!("https://graph.microsoft.com{IDENTITIES}?$count=true");
    loop {
        let received = desk.get(&link).await;
        assert_eq!(
            received.body.get("@odata.count").is_some(),
            seen.is_empty(),
            "the count is only on the first page"
        );
        seen.extend(received.column("serialNumber").into_iter().map(str::to_owned));
        let Some(next) = received.body["@odata.nextLink"].as_str() else { break };
        assert!(next.starts_with("https://graph.microsoft.com/beta/"));
        link = next.to_owned();
    }
    assert_eq!(seen, ["SN0", "SN1", "SN2", "SN3", "SN4"]);
    let forged = desk.get(&format!("{IDENTITIES}?$skiptoken=QgAAAAAAAAAB")).await;
    assert_eq!(forged.status, 400);
    let received = desk.get(&format!("{IDENTITIES}?$top=3&$skip=1")).await;
    assert_eq!(received.column("serialNumber"), ["SN1", "SN2", "SN3"]);
    assert!(received.body["@odata.nextLink"].is_string());
    assert_eq!(desk.get(&format!("{IDENTITIES}/$count")).await.text, "5");
    assert_eq!(desk.get("/v1.0/devices?$top=1000").await.status, 400);
    assert_eq!(desk.get("/v1.0/devices?$skip=1").await.status, 400);
}

#[tokio::test]
async fn an_ordered_list_keeps_its_order_over_pages_and_select_keeps_what_is_named() {
    let desk =
        Desk::with(|builder| builder.with_page_size(2).with_quirks(|quirks| *quirks = Quirks::documented()));
    for name in ["Charlie", "alpha", "Bravo"] {
        desk.profile(name).await;
    }
    let first = desk.get(&format!("{PROFILES}?$orderby=displayName&$select=displayName")).await;
    assert_eq!(first.column("displayName"), ["alpha", "Bravo"]);
    assert!(first.body["value"][0].get("locale").is_none());
    assert!(first.body["@odata.context"].as_str().unwrap().ends_with("Profiles(displayName)"));
    let second = desk.get(first.body["@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(second.column("displayName"), ["Charlie"]);
    assert_eq!(desk.get(&format!("{PROFILES}?$select=nonsense")).await.status, 400);
    assert_eq!(desk.get(&format!("{PROFILES}?$filter=displayName eq 'alpha'")).await.status, 400);
    assert_eq!(desk.get(&format!("{PROFILES}?$search=alpha")).await.status, 400);
}

#[tokio::test]
async fn an_ordered_list_is_of_the_state_in_which_it_began_but_for_what_is_gone() {
    let desk = Desk::with(|builder| builder.with_page_size(2).with_lag(Lag::none()));
    let team = desk.tenant.add_group("Team");
    let ids: Vec<String> = ["d", "B", "a", "e", "C", "f"].map(|name| desk.tenant.add_group(name)).into();
    ids.iter().for_each(|member| desk.tenant.add_member(&team, member));
    let gone = format!("/v1.0/groups/{}", ids[0]);
    for (path, expected) in [
        (format!("/v1.0/groups/{team}/members"), &["f", "e", "d", "C", "B", "a"][..]),
        // The group `d` is deleted when the first page has been read, and another is made that would stand behind it.
        ("/v1.0/groups".to_owned(), &["Team", "f", "e", "C", "B", "a"]),
    ] {
        let mut seen = Vec::new();
        let mut links = vec![format!("{path}?$orderby=displayName desc")];
        while let Some(link) = links.last() {
            let received = desk.get(link).await;
            seen.extend(received.column("displayName").into_iter().map(str::to_owned));
            if links.len() == 1 && path == "/v1.0/groups" {
                desk.tenant.add_group("cc");
                assert_eq!(desk.delete(&gone).await.status, 204);
            }
            let Some(next) = received.body["@odata.nextLink"].as_str() else { break };
            links.push(next.to_owned());
        }
        assert_eq!(seen, expected);
        assert_eq!(links.len(), 3);
        let again = desk.get(&links[1]).await;
        assert_eq!(again.column("displayName"), seen[2..4], "the same page for the same link");
        let unordered = links[1].replace("$orderby=displayName%20desc&", "");
        assert_ne!(unordered, links[1]);
        let refused = desk.get(&unordered).await;
        assert!(refused.error().starts_with("400 Directory_ExpiredPageToken"), "{}", refused.text);
    }
}

#[tokio::test]
async fn filters_work_where_the_service_has_them_and_nowhere_else() {
    let desk = Desk::strict();
    desk.tenant.add_device("ABC1");
    desk.tenant.add_group("Autopilot devices");
    let eventual = [("ConsistencyLevel", "eventual")];
    for (path, headers, expected) in [
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$filter=contains(serialNumber,'bc1')",
            &[][..],
            Ok(1),
        ),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$filter=contains(serialNumber,'zzz')",
            &[],
            Ok(0),
        ),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$filter=serialNumber eq 'ABC1'",
            &[],
            Err(400),
        ),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$filter=contains(serialNumber,'AB-C')",
            &[],
            Err(400),
        ),
        (
            "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities?$filter=contains(groupTag,'a')",
            &[],
            Err(400),
        ),
        ("/v1.0/devices?$filter=physicalIds/any(p:startswith(p,'[ZTDID]'))", &[], Ok(1)),
        ("/v1.0/devices?$filter=displayName eq 'abc1'", &[], Ok(1)),
        ("/v1.0/devices?$filter=deviceId eq '00000000-0000-0000-0000-000000000000'", &[], Ok(0)),
        ("/v1.0/devices?$filter=displayName ne 'x'&$count=true", &eventual, Ok(1)),
        ("/v1.0/devices?$filter=displayName ne 'x'", &[], Err(400)),
        ("/v1.0/groups?$filter=displayName eq 'Autopilot devices'", &[], Ok(1)),
        ("/v1.0/groups?$filter=startswith(displayName,'auto')", &[], Ok(1)),
        ("/v1.0/groups?$filter=endswith(displayName,'devices')", &[], Err(400)),
        ("/v1.0/groups?$search=%22displayName:dev%22", &[], Err(400)),
        ("/v1.0/groups?$search=%22displayName:dev%22", &eventual, Ok(1)),
        ("/v1.0/groups?$search=%22displayName:evices%22", &eventual, Ok(0)),
        ("/v1.0/groups?$search=%22visibility:dev%22", &eventual, Err(400)),
        ("/v1.0/groups?$search=%22displayName:x%22 OR %22description:x%22", &eventual, Ok(0)),
        ("/v1.0/users?$filter=userPrincipalName eq 'admin@contoso.onmicrosoft.com'", &[], Ok(1)),
        ("/v1.0/deviceManagement/managedDevices?$filter=serialNumber eq 'ABC1'", &[], Ok(0)),
        ("/beta/deviceManagement/deviceEnrollmentConfigurations?$filter=priority eq 0", &[], Ok(5)),
        ("/beta/deviceManagement/deviceEnrollmentConfigurations?$filter=endsWith(id,'Page')", &[], Err(500)),
        (
            "/beta/deviceManagement/deviceConfigurations?$filter=isof('microsoft.graph.windowsDomainJoinConfiguration')",
            &[],
            Err(400),
        ),
        ("/v1.0/groups?$filter=nonsense", &[], Err(400)),
    ] {
        let received = desk.send(Method::GET, &path.replace('"', "%22"), headers, None).await;
        let found =
            if received.status == 200 { Ok(received.column("id").len()) } else { Err(received.status) };
        assert_eq!(found, expected, "{path}: {}", received.text);
    }
    assert_eq!(desk.get("/v1.0/devices/$count").await.status, 400, "a count needs ConsistencyLevel");
    let counted = desk.send(Method::GET, "/v1.0/devices/$count", &eventual, None).await;
    assert_eq!(
        (counted.text.as_str(), counted.headers["content-type"].to_str().unwrap()),
        ("1", "text/plain")
    );
}

#[tokio::test]
async fn permissions_that_are_missing_are_refused_in_each_services_words() {
    let desk = Desk::with(|builder| builder.with_permissions(["DeviceManagementServiceConfig.Read.All"]));
    assert_eq!(desk.get(PROFILES).await.status, 200);
    let received = desk.delete(&format!("{PROFILES}/x")).await;
    assert_eq!((received.status, &received.body["error"]["code"]), (403, &json!("Forbidden")));
    assert!(
        received.inner()["Message"].as_str().unwrap().contains("DeviceManagementServiceConfig.ReadWrite.All")
    );
    assert!(desk.get("/v1.0/groups").await.error().starts_with("403 Authorization_RequestDenied"));
}

#[tokio::test]
async fn a_batch_answers_every_request_by_its_id_in_any_order() {
    let desk = Desk::new();
    let requests: Vec<Value> = (0..20)
        .map(|n| json!({"id": format!("r{n}"), "method": "GET", "url": if n == 7 { "/groups/none" } else { "/groups" }}))
        .collect();
    let received = desk.post("/v1.0/$batch", json!({"requests": requests})).await;
    let responses = received.body["responses"].as_array().unwrap();
    let ids: Vec<&str> = responses.iter().map(|of| of["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 20);
    assert!(!ids.is_sorted(), "the order is not that of the requests: {ids:?}");
    for response in responses {
        let expected = if response["id"] == "r7" { 404 } else { 200 };
        assert_eq!(response["status"], expected);
        assert!(response["headers"]["Content-Type"].is_string());
    }
    assert_eq!(desk.tenant.requests().len(), 1);
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_is_refused_as_a_whole() {
    let desk = Desk::new();
    let get = |id: &str| json!({"id": id, "method": "GET", "url": "/groups"});
    let on = |id: &str, of: &[&str]| json!({"id": id, "method": "GET", "url": "/groups", "dependsOn": of});
    for (requests, expected) in [
        ((0..21).map(|n| get(&n.to_string())).collect(), Err("maximum value of 20")),
        (vec![], Err("between 1 and")),
        (vec![get("a"), get("A")], Err("unique")),
        (vec![json!({"method": "GET", "url": "/groups"})], Err("id cannot be null")),
        (vec![json!({"id": "1", "method": "GET"})], Err("needs a method and a url")),
        (
            vec![json!({"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/groups"})],
            Err("relative"),
        ),
        (vec![json!({"id": "1", "method": "POST", "url": "/groups", "body": {}})], Err("Content-Type")),
        (vec![on("1", &["2"]), get("2")], Err("does not come before")),
        (vec![get("1"), get("2"), on("3", &["1"]), on("4", &["2"])], Err("all parallel, all serial")),
        (vec![get("1"), on("2", &["1"]), on("3", &["2"])], Ok(())),
        (vec![get("1"), on("2", &["1"]), on("3", &["1"])], Ok(())),
    ] {
        let received = desk.post("/beta/$batch", json!({"requests": requests})).await;
        match expected {
            Ok(()) => assert_eq!(received.status, 200, "{}", received.text),
            Err(expected) => {
                assert!(
                    received.status == 400 && received.text.contains(expected),
                    "{expected}: {}",
                    received.text
                )
            }
        }
    }
}

#[tokio::test]
async fn in_a_batch_a_dependency_that_failed_fails_what_depends_on_it() {
    let desk = Desk::new();
    let requests = json!({"requests": [
        {"id": "make", "method": "POST", "url": "/groups", "headers": {"Content-Type": "application/json"}, "body": {"displayName": ""}},
        {"id": "read", "method": "GET", "url": "/groups", "dependsOn": ["MAKE"]},
    ]});
    let received = desk.post("/v1.0/$batch", requests).await;
    assert_eq!(received.status, 200);
    for response in received.body["responses"].as_array().unwrap() {
        let expected = if response["id"] == "make" { 400 } else { 424 };
        assert_eq!(response["status"], expected, "{response}");
    }
}

#[tokio::test]
async fn intune_throttles_as_documented_when_the_tenant_is_told_to() {
    let desk = Desk::with(|builder| builder.with_documented_limits());
    for _ in 0..100 {
        assert_eq!(desk.delete(&format!("{PROFILES}/none")).await.status, 404);
    }
    let received = desk.delete(&format!("{PROFILES}/none")).await;
    assert_eq!((received.status, received.headers["retry-after"].to_str().unwrap()), (429, "21"));
    assert_eq!(received.body["error"]["code"], "TooManyRequests");
    assert_eq!(desk.get(PROFILES).await.status, 200, "reads go on");
    desk.clock.advance(Duration::from_secs(21));
    assert_eq!(desk.delete(&format!("{PROFILES}/none")).await.status, 404);
}

#[tokio::test]
async fn requests_are_recorded_without_secrets_or_names() {
    let desk = Desk::new();
    desk.get("/v1.0/users/adele.vance@contoso.com?$select=id").await;
    let requests = desk.tenant.requests();
    assert_eq!(requests[0].path, "/v1.0/users/adele.vance@contoso.com");
    assert_eq!(format!("{requests:?}"), "[GET /v1.0/users/[redacted] -> 404]");
}

#[tokio::test]
async fn an_accept_header_that_does_not_fit_the_answer_is_refused_and_nothing_is_done() {
    let desk = Desk::new();
    let count = format!("{IDENTITIES}/$count");
    for (path, accept, status) in [
        (count.as_str(), "application/json", 406),
        (&count, "text/plain, application/json;q=0.5", 200),
        (&count, "*/*", 200),
        (IDENTITIES, "text/plain", 406),
        (IDENTITIES, "application/json", 200),
    ] {
        let received = desk.send(Method::GET, path, &[("accept", accept)], None).await;
        assert_eq!(received.status, status, "{path} {accept}: {}", received.text);
    }
    let body = json!({"@odata.type": HYBRID, "displayName": "A"});
    let received = desk.send(Method::POST, PROFILES, &[("accept", "text/html")], Some(body)).await;
    assert_eq!((received.status, received.body["error"]["code"].as_str()), (406, Some("NotAcceptable")));
    assert_eq!(desk.get(PROFILES).await.body["value"], json!([]));
    let lenient = Desk::with(|tenant| tenant.with_quirks(|quirks| quirks.accept_must_fit = false));
    assert_eq!(lenient.send(Method::GET, &count, &[("accept", "application/json")], None).await.status, 200);
}
