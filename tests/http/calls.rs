//! Every typed call over real HTTP: method, path, query, headers, body, answer, and how an error comes out.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::operations::operations_of;
use http::Method;
use serde_json::{Value, json};
use windows_autopilot::catalog::OPERATIONS;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::{
    AssignmentFilter, AutopilotEvent, Connector, DevicePlatform, DeviceToImport, DomainJoinProfile,
    EnrollmentStatusPage, EntraJoinProfile, Group, HybridJoinProfile, Id, MdmScopeStep, Membership,
    MembershipRule, Personal, Stored, SyncSettings, Target,
};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::resource::{DeviceUpdate, DirectoryDeviceUpdate, MdmUrls};
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, Cloud, Error, ErrorKind, Result};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const TOKEN: &str = "canary-token-5f0c";

pub(crate) async fn client_of(server: &MockServer) -> Client {
    let transport = ReqwestTransport::builder().with_plain_http_on_loopback(true).build().unwrap();
    Client::builder(FixedToken::new(TOKEN))
        .with_cloud(Cloud::custom(&server.uri(), &server.uri()).unwrap())
        .with_transport(transport)
        .with_retry(RetryConfig::none())
        .build()
        .unwrap()
}

/// What a call must look like on the wire.
struct Wire {
    method: &'static str,
    /// Path and query, decoded.
    target: String,
    body: Option<Value>,
}

fn wire(method: &'static str, target: impl Into<String>, body: impl Into<Option<Value>>) -> Wire {
    Wire { method, target: target.into(), body: body.into() }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let byte = match first {
            b'%' => {
                let byte = u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap();
                rest = &tail[2..];
                byte
            }
            other => {
                rest = tail;
                *other
            }
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).unwrap()
}

fn assert_wire(request: &Request, wanted: &Wire) {
    let target = match request.url.query() {
        Some(query) => format!("{}?{}", request.url.path(), query),
        None => request.url.path().to_owned(),
    };
    assert_eq!(
        format!("{} {}", request.method, decoded(&target)),
        format!("{} {}", wanted.method, wanted.target)
    );
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("authorization"), Some(format!("Bearer {TOKEN}")), "{}", wanted.target);
    let accept = match request.url.path().ends_with("/$count") {
        true => "text/plain, application/json;q=0.5",
        false => "application/json",
    };
    assert_eq!(header("accept").as_deref(), Some(accept));
    assert_eq!(header("prefer").as_deref(), Some("include-unknown-enum-members"));
    assert_eq!(header("client-request-id").unwrap().len(), 36);
    match &wanted.body {
        Some(body) => {
            assert_eq!(header("content-type").as_deref(), Some("application/json"));
            let sent: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(&sent, body, "{} {}", wanted.method, wanted.target);
        }
        None => assert!(request.body.is_empty(), "{} {} has a body", wanted.method, wanted.target),
    }
}

/// Runs a call against one answer, checks what was sent, and gives back what came of it.
async fn exchange<T>(
    wanted: Wire,
    answer: ResponseTemplate,
    call: impl AsyncFnOnce(Client) -> Result<T>,
) -> Result<T> {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let result = call(client_of(&server).await).await;
    let requests = server.received_requests().await.unwrap();
    assert_wire(&requests[0], &wanted);
    let method = Method::from_bytes(wanted.method.as_bytes()).unwrap();
    let exchange = (method, requests[0].url.path().to_owned(), result.is_err());
    EXCHANGES.lock().unwrap().push(exchange);
    result
}

/// As [`exchange`], for a write between two reads of the list that it replaces, which is empty.
async fn exchange_between_reads<T>(
    wanted: Wire,
    answer: ResponseTemplate,
    call: impl AsyncFnOnce(Client) -> Result<T>,
) -> Result<T> {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::method("GET"))
        .respond_with(list(json!([])))
        .expect(2)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(answer).expect(1).mount(&server).await;
    let result = call(client_of(&server).await).await;
    assert_wire(&received(&server).await[1], &wanted);
    result
}

/// The requests that a server has answered with success.
async fn received(server: &MockServer) -> Vec<Request> {
    let requests = server.received_requests().await.unwrap();
    let mut exchanges = EXCHANGES.lock().unwrap();
    for request in &requests {
        let method = Method::from_bytes(request.method.as_str().as_bytes()).unwrap();
        exchanges.push((method, request.url.path().to_owned(), false));
    }
    requests
}

/// Method, path and failure of every exchange so far.
static EXCHANGES: Mutex<Vec<(Method, String, bool)>> = Mutex::new(Vec::new());

#[test]
fn every_operation_goes_over_http_and_every_resource_shows_an_error() {
    let tests = [
        devices,
        imports,
        autopilot_sync,
        profiles,
        enrollment_status_pages,
        domain_join_profiles,
        connectors_and_events,
        mdm_policies,
        groups,
        directory_devices_and_users,
        managed_devices_apps_and_filters,
        a_batch_puts_each_answer_into_its_slot,
    ];
    tests.into_iter().for_each(|test| test());
    let (mut done, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for (method, path, is_error) in EXCHANGES.lock().unwrap().iter() {
        let of = operations_of(method.as_str(), path);
        assert_eq!(of.len(), 1, "{method} {path} is of {of:?}");
        let of = of[0].name;
        if *is_error {
            failed.insert(resource(of))
        } else {
            done.insert(of)
        };
    }
    let left: Vec<_> = OPERATIONS.iter().map(|info| info.name).filter(|name| !done.contains(name)).collect();
    assert!(left.is_empty(), "never sent with success: {left:?}");
    let left: BTreeSet<_> = OPERATIONS.iter().map(|info| resource(info.name)).collect();
    assert_eq!(failed, left, "resources whose errors were looked at, and all of them");
}

/// The resource that an operation belongs to.
fn resource(operation: &str) -> &str {
    operation.split('.').next().unwrap_or_default()
}

fn ok(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn created(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(body)
}

fn no_content() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

fn list(items: Value) -> ResponseTemplate {
    ok(json!({ "value": items }))
}

/// The end of a list of changes.
fn changes(collection: &str) -> ResponseTemplate {
    ok(json!({ "value": [], "@odata.deltaLink": format!("{collection}/delta?$deltatoken=1") }))
}

/// Intune's error inside Graph's.
fn intune_error(status: u16, message: &str) -> ResponseTemplate {
    let inner = json!({
        "_version": 3,
        "Message": format!("{message} - Operation ID (for customer support): 0 - Activity ID: 3c1f2b6e-1111-4222-8333-444455556666 - Url: https://fef.manage.microsoft.com/x"),
        "CustomApiErrorPhrase": "", "RetryAfter": null, "ErrorSourceService": "", "HttpHeaders": "{}",
    });
    ResponseTemplate::new(status)
        .insert_header("request-id", "9f0e9f0e-0000-4000-8000-000000000001")
        .set_body_json(json!({ "error": { "code": "BadRequest", "message": inner.to_string() } }))
}

fn graph_error(status: u16, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": {
        "code": code, "message": "Refused.",
        "innerError": { "date": "2026-11-23T08:00:00", "request-id": "9f0e9f0e-0000-4000-8000-000000000002" },
    } }))
}

fn id<T>(text: &str) -> Id<T> {
    text.parse().unwrap()
}

fn assert_error(error: &Error, kind: ErrorKind, operation: &str, says: &str) {
    assert_eq!((error.kind(), error.operation()), (kind, Some(operation)), "{error}");
    assert!(error.request_id().is_some(), "{error}");
    assert!(error.to_string().contains(says) && !format!("{error:#}").contains(TOKEN), "{error}");
}

const GROUP: &str = "a1a1a1a1-0000-4000-8000-000000000000";

#[tokio::test]
async fn devices() {
    const BASE: &str = "/deviceManagement/windowsAutopilotDeviceIdentities";
    let device = json!({
        "id": "d1", "serialNumber": "PF-1", "groupTag": "", "userPrincipalName": "",
        "deploymentProfileAssignmentStatus": "assignedUnkownSyncState",
        "deploymentProfileAssignedDateTime": "0001-01-01T00:00:00Z",
    });
    let all = exchange(wire("GET", format!("/beta{BASE}"), None), list(json!([device])), async |client| {
        client.devices().list().all().await
    });
    let all = all.await.unwrap();
    assert_eq!(
        (all.len(), &all[0].group_tag, &all[0].deployment_profile_assigned_date_time),
        (1, &None, &None)
    );

    let target = format!("/beta{BASE}?$filter=contains(serialNumber,'vmware')");
    let answer = list(
        json!([{ "id": "1", "serialNumber": "VMware-56 4d" }, { "id": "2", "serialNumber": "VMware-9" }]),
    );
    let found = exchange(wire("GET", target, None), answer, async |client| {
        client.devices().by_serial_number(&"vmware-56 4D".parse().unwrap()).all().await
    });
    assert_eq!(found.await.unwrap().iter().map(|device| device.id.as_str()).collect::<Vec<_>>(), ["1"]);

    let one = exchange(
        wire("GET", format!("/beta{BASE}/d1"), None),
        ok(json!({ "value": device })),
        async |client| client.devices().get(&id("d1")).await,
    );
    assert_eq!(one.await.unwrap().serial_number.as_deref(), Some("PF-1"));

    let plain = ResponseTemplate::new(200).set_body_raw("1234", "text/plain");
    let count = exchange(wire("GET", format!("/v1.0{BASE}/$count"), None), plain, async |client| {
        client.devices().count().await
    });
    assert_eq!(count.await.unwrap(), 1234);

    exchange(wire("DELETE", format!("/v1.0{BASE}/d1"), None), no_content(), async |client| {
        client.devices().delete(&id("d1")).await
    })
    .await
    .unwrap();

    let body = json!({ "userPrincipalName": "adele@contoso.com", "addressableUserName": "Adele" });
    exchange(
        wire("POST", format!("/v1.0{BASE}/d1/assignUserToDevice"), body),
        no_content(),
        async |client| {
            let user = "adele@contoso.com".parse().unwrap();
            client.devices().assign_user(&id("d1"), &user, &Personal::from("Adele")).await
        },
    )
    .await
    .unwrap();

    exchange(
        wire("POST", format!("/v1.0{BASE}/d1/unassignUserFromDevice"), None),
        no_content(),
        async |client| client.devices().unassign_user(&id("d1")).await,
    )
    .await
    .unwrap();

    let target = format!("/beta{BASE}/d1/updateDeviceProperties");
    exchange(wire("POST", target, json!({ "groupTag": "" })), no_content(), async |client| {
        client.devices().update(&id("d1"), &DeviceUpdate::new().with_group_tag(None)).await
    })
    .await
    .unwrap();

    exchange(
        wire("POST", format!("/beta{BASE}/d1/allowNextEnrollment"), None),
        no_content(),
        async |client| client.devices().allow_next_enrollment(&id("d1")).await,
    )
    .await
    .unwrap();

    for (link, intended) in [("deploymentProfile", false), ("intendedDeploymentProfile", true)] {
        let answer = ok(
            json!({ "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "id": "p1", "displayName": "X" }),
        );
        let profile = exchange(wire("GET", format!("/beta{BASE}/d1/{link}"), None), answer, async |client| {
            let devices = client.devices();
            match intended {
                true => devices.intended_deployment_profile(&id("d1")).await,
                false => devices.deployment_profile(&id("d1")).await,
            }
        });
        assert_eq!(profile.await.unwrap().id(), Some("p1"));
    }

    let refused = intune_error(400, "Device is enrolled.");
    let error = exchange(wire("DELETE", format!("/v1.0{BASE}/d1"), None), refused, async |client| {
        client.devices().delete(&id("d1")).await
    });
    assert_error(
        &error.await.unwrap_err(),
        ErrorKind::Rejected,
        "autopilotDevices.delete",
        "Device is enrolled.",
    );
}

#[tokio::test]
async fn imports() {
    const BASE: &str = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities";
    let device = DeviceToImport::new("PF-1".parse().unwrap(), "T0EAAAA=".parse().unwrap())
        .with_group_tag("Munich".parse().unwrap());
    let sent = json!({ "serialNumber": "PF-1", "hardwareIdentifier": "T0EAAAA=", "groupTag": "Munich" });
    let record = json!({ "id": "i1", "serialNumber": "PF-1", "hardwareIdentifier": "",
        "state": { "deviceImportStatus": "unknown", "deviceErrorCode": 0, "deviceErrorName": "", "deviceRegistrationId": "" } });

    let made = exchange(wire("POST", BASE, sent.clone()), created(record.clone()), async |client| {
        client.imports().create(&device).await
    });
    assert_eq!(made.await.unwrap().id.as_str(), "i1");

    let body = json!({ "importedWindowsAutopilotDeviceIdentities": [sent] });
    let made =
        exchange(wire("POST", format!("{BASE}/import"), body), list(json!([record])), async |client| {
            client.imports().import(std::slice::from_ref(&device)).await
        });
    assert_eq!(made.await.unwrap().len(), 1);

    let all = exchange(wire("GET", BASE, None), list(json!([record])), async |client| {
        client.imports().list().all().await
    });
    assert_eq!(all.await.unwrap().len(), 1);
    let one = exchange(wire("GET", format!("{BASE}/i1"), None), ok(record), async |client| {
        client.imports().get(&id("i1")).await
    });
    assert_eq!(one.await.unwrap().serial_number.as_deref(), Some("PF-1"));
    let plain = ResponseTemplate::new(200).set_body_raw("7", "text/plain");
    let count = exchange(wire("GET", format!("{BASE}/$count"), None), plain, async |client| {
        client.imports().count().await
    });
    assert_eq!(count.await.unwrap(), 7);
    exchange(wire("DELETE", format!("{BASE}/i1"), None), no_content(), async |client| {
        client.imports().delete(&id("i1")).await
    })
    .await
    .unwrap();

    let sent = json!({ "serialNumber": "PF-1", "hardwareIdentifier": "T0EAAAA=", "groupTag": "Munich" });
    let error = exchange(wire("POST", BASE, sent), graph_error(504, "GatewayTimeout"), async |client| {
        client.imports().create(&device).await
    });
    let error = error.await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::UnknownOutcome,
        "autopilotImports.create",
        "read the object before a retry",
    );
    assert!(error.outcome_unknown());
}

#[tokio::test]
async fn autopilot_sync() {
    const BASE: &str = "/beta/deviceManagement/windowsAutopilotSettings";
    let settings =
        json!({ "id": "s", "syncStatus": "completed", "lastSyncDateTime": "2026-11-23T08:00:00.1234567Z" });
    let got = exchange(wire("GET", BASE, None), ok(settings.clone()), async |client| {
        client.autopilot_sync().get().await
    });
    assert!(got.await.unwrap().last_sync_date_time.is_some());
    let wish: SyncSettings = serde_json::from_value(json!({ "syncStatus": "completed" })).unwrap();
    exchange(wire("PATCH", BASE, json!({ "syncStatus": "completed" })), ok(settings), async |client| {
        client.autopilot_sync().update(&wish).await
    })
    .await
    .unwrap();
    exchange(wire("POST", format!("{BASE}/sync"), None), no_content(), async |client| {
        client.autopilot_sync().sync().await
    })
    .await
    .unwrap();
    for (status, kind) in [(409, ErrorKind::Conflict), (429, ErrorKind::Throttled)] {
        let error =
            exchange(wire("POST", format!("{BASE}/sync"), None), graph_error(status, "x"), async |client| {
                client.autopilot_sync().sync().await
            });
        assert_error(&error.await.unwrap_err(), kind, "autopilotSettings.sync", "Refused");
    }
}

fn stored<S: windows_autopilot::model::Settings>(json: Value) -> Stored<S> {
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn profiles() {
    const BASE: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
    let answer = json!({ "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
        "id": "p1", "displayName": "Contoso hybrid", "locale": "os-default",
        "outOfBoxExperienceSetting": { "userType": "standard", "deviceUsageType": "singleUser", "eulaHidden": true,
            "privacySettingsHidden": true, "escapeLinkHidden": true, "keyboardSelectionPageSkipped": false } });
    let entra = json!({ "@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "id": "p2", "displayName": "E" });
    let wish = HybridJoinProfile::new("Contoso hybrid".parse().unwrap());
    let pid: Id<HybridJoinProfile> = id("p1");

    let sent = json!({
        "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile",
        "displayName": "Contoso hybrid", "locale": "os-default", "deviceNameTemplate": "", "deviceType": "windowsPc",
        "hardwareHashExtractionEnabled": false, "preprovisioningAllowed": false,
        "hybridAzureADJoinSkipConnectivityCheck": false,
        "outOfBoxExperienceSetting": { "userType": "standard", "deviceUsageType": "singleUser", "eulaHidden": true,
            "privacySettingsHidden": true, "escapeLinkHidden": true, "keyboardSelectionPageSkipped": false },
    });
    let made = exchange(wire("POST", BASE, sent), created(answer.clone()), async |client| {
        client.profiles().create(&wish).await
    });
    let made = made.await.unwrap();
    assert_eq!(made.settings, stored::<HybridJoinProfile>(answer.clone()).settings);

    let all = exchange(
        wire("GET", BASE, None),
        list(json!([answer, entra, { "@odata.type": "#microsoft.graph.newThing", "id": "p3" }])),
        async |client| client.profiles().list().all().await,
    );
    let ids: Vec<_> = all.await.unwrap().iter().map(|profile| profile.id().unwrap().to_owned()).collect();
    assert_eq!(ids, ["p1", "p2", "p3"]);
    let one = exchange(wire("GET", format!("{BASE}/p1"), None), ok(answer.clone()), async |client| {
        client.profiles().get::<HybridJoinProfile>(&id("p1")).await
    });
    assert_eq!(one.await.unwrap().settings.display_name.as_str(), "Contoso hybrid");
    let one = exchange(wire("GET", format!("{BASE}/p2"), None), ok(entra), async |client| {
        client.profiles().get::<EntraJoinProfile>(&id("p2")).await
    });
    assert_eq!(one.await.unwrap().id.as_str(), "p2");

    let mut changed = made.settings.clone();
    changed.preprovisioning_allowed = true;
    let sent = json!({ "@odata.type": "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile", "preprovisioningAllowed": true });
    let mut after = answer.clone();
    after["preprovisioningAllowed"] = json!(true);
    let updated = exchange(wire("PATCH", format!("{BASE}/p1"), sent), ok(after), async |client| {
        client.profiles().update(&made, &changed).await
    });
    assert!(updated.await.unwrap().settings.preprovisioning_allowed);

    let plain = ResponseTemplate::new(200).set_body_raw("3", "text/plain");
    let count = exchange(wire("GET", format!("{BASE}/$count"), None), plain, async |client| {
        client.profiles().count().await
    });
    assert_eq!(count.await.unwrap(), 3);
    exchange(wire("DELETE", format!("{BASE}/p1"), None), no_content(), async |client| {
        client.profiles().delete(&pid).await
    })
    .await
    .unwrap();

    let target =
        json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP } });
    let assignment = json!({ "id": "p1_g_0", "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP }, "source": "direct" });
    let made = exchange(
        wire("POST", format!("{BASE}/p1/assignments"), target.clone()),
        created(assignment.clone()),
        async |client| client.profiles().assignments(&pid).add(&Target::group(id(GROUP))).await,
    );
    assert!(made.await.unwrap().is_direct());
    let all = exchange(
        wire("GET", format!("{BASE}/p1/assignments"), None),
        list(json!([assignment])),
        async |client| client.profiles().assignments(&pid).list().all().await,
    );
    assert_eq!(all.await.unwrap().len(), 1);
    let aid = id("p1_g_0");
    exchange(
        wire("GET", format!("{BASE}/p1/assignments/p1_g_0"), None),
        ok(assignment.clone()),
        async |client| client.profiles().assignments(&pid).get(&aid).await,
    )
    .await
    .unwrap();
    exchange(
        wire("PATCH", format!("{BASE}/p1/assignments/p1_g_0"), target),
        ok(assignment),
        async |client| client.profiles().assignments(&pid).update(&aid, &Target::group(id(GROUP))).await,
    )
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/p1/assignments/p1_g_0"), None), no_content(), async |client| {
        client.profiles().assignments(&pid).remove(&aid).await
    })
    .await
    .unwrap();
    exchange(
        wire("POST", format!("{BASE}/p1/assign"), json!({ "deviceIds": ["d1"] })),
        no_content(),
        async |client| client.profiles().assign_devices(&pid, &[id("d1")]).await,
    )
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/p1/assignedDevices"), None),
        list(json!([{ "id": "d1" }])),
        async |client| client.profiles().assigned_devices(&pid).all().await,
    )
    .await
    .unwrap();
    let links =
        list(json!([{ "payloadId": "p1", "hasLink": true, "error": null, "sources": ["policySets"] }]));
    let links = exchange(
        wire("POST", format!("{BASE}/hasPayloadLinks"), json!({ "payloadIds": ["p1"] })),
        links,
        async |client| client.profiles().has_payload_links(std::slice::from_ref(&pid)).await,
    );
    assert_eq!(links.await.unwrap()[0].has_link, Some(true));

    let taken = intune_error(400, "Another profile is already assigned to All Devices.");
    let body = json!({ "target": { "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } });
    let error = exchange(wire("POST", format!("{BASE}/p1/assignments"), body), taken, async |client| {
        client.profiles().assignments(&pid).add(&Target::all_devices()).await
    });
    let error = error.await.unwrap_err();
    assert_error(
        &error,
        ErrorKind::Rejected,
        "autopilotProfiles.assignments.create",
        "already assigned to All Devices",
    );
    assert!(!format!("{error:#}").contains("fef.manage"), "{error}");
}

#[tokio::test]
async fn enrollment_status_pages() {
    const BASE: &str = "/beta/deviceManagement/deviceEnrollmentConfigurations";
    const KEY: &str = "e1_Windows10EnrollmentCompletionPageConfiguration";
    let wish = EnrollmentStatusPage::new("Autopilot devices".parse().unwrap());
    let answer = json!({ "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration", "id": KEY,
        "displayName": "Autopilot devices", "priority": 2, "showInstallationProgress": true, "blockDeviceSetupRetryByUser": true });
    let eid: Id<EnrollmentStatusPage> = id(KEY);
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(created(answer.clone())).expect(1).mount(&server).await;
    let made = client_of(&server).await.enrollment_status_pages().create(&wish).await.unwrap();
    let sent: Value = serde_json::from_slice(&received(&server).await[0].body).unwrap();
    assert_eq!(sent["@odata.type"], "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration");
    assert_eq!(sent["blockDeviceSetupRetryByUser"], true, "the flag says the opposite of `block device use`");
    assert!(sent.get("priority").is_none(), "priority has an action of its own");
    assert_eq!(made.observed.priority, Some(2));

    let all = exchange(
        wire("GET", BASE, None),
        list(
            json!([answer, { "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration", "id": "x" }]),
        ),
        async |client| client.enrollment_status_pages().list().all().await,
    );
    assert_eq!(all.await.unwrap().len(), 2);
    exchange(wire("GET", format!("{BASE}/{KEY}"), None), ok(answer.clone()), async |client| {
        client.enrollment_status_pages().get(&eid).await
    })
    .await
    .unwrap();
    let plain = ResponseTemplate::new(200).set_body_raw("2", "text/plain");
    exchange(wire("GET", format!("{BASE}/$count"), None), plain, async |client| {
        client.enrollment_status_pages().count().await
    })
    .await
    .unwrap();
    let current: Stored<EnrollmentStatusPage> = stored(answer.clone());
    let mut changed = current.settings.clone();
    changed.display_name = "Autopilot".parse().unwrap();
    let sent = json!({ "@odata.type": "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration", "displayName": "Autopilot" });
    exchange(wire("PATCH", format!("{BASE}/{KEY}"), sent), ok(answer.clone()), async |client| {
        client.enrollment_status_pages().update(&current, &changed).await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/{KEY}"), None), no_content(), async |client| {
        client.enrollment_status_pages().delete(&eid).await
    })
    .await
    .unwrap();
    let group = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP });
    let sent = json!({ "enrollmentConfigurationAssignments": [{ "target": group }] });
    exchange_between_reads(
        wire("POST", format!("{BASE}/{KEY}/assign"), sent),
        no_content(),
        async |client| {
            client
                .enrollment_status_pages()
                .assignments(&eid)
                .replace_at_once(&[Target::group(id(GROUP))])
                .await
        },
    )
    .await
    .unwrap();
    exchange_between_reads(
        wire("POST", format!("{BASE}/{KEY}/assign"), json!({ "enrollmentConfigurationAssignments": [] })),
        ok(json!({})),
        async |client| client.enrollment_status_pages().assignments(&eid).replace_at_once(&[]).await,
    )
    .await
    .unwrap();
    exchange(
        wire("POST", format!("{BASE}/{KEY}/setPriority"), json!({ "priority": 1 })),
        no_content(),
        async |client| client.enrollment_status_pages().set_priority(&eid, 1).await,
    )
    .await
    .unwrap();
    exchange(
        wire("POST", format!("{BASE}/hasPayloadLinks"), json!({ "payloadIds": [KEY] })),
        list(json!([])),
        async |client| client.enrollment_status_pages().has_payload_links(std::slice::from_ref(&eid)).await,
    )
    .await
    .unwrap();
    let (aid, assignment) = (id("a1"), json!({ "id": "a1", "target": group }));
    exchange(
        wire("GET", format!("{BASE}/{KEY}/assignments"), None),
        list(json!([assignment])),
        async |client| client.enrollment_status_pages().assignments(&eid).list().all().await,
    )
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/{KEY}/assignments/a1"), None),
        ok(assignment.clone()),
        async |client| client.enrollment_status_pages().assignments(&eid).get(&aid).await,
    )
    .await
    .unwrap();
    exchange(
        wire("POST", format!("{BASE}/{KEY}/assignments"), json!({ "target": group })),
        created(assignment.clone()),
        async |client| {
            client.enrollment_status_pages().assignments(&eid).add(&Target::group(id(GROUP))).await
        },
    )
    .await
    .unwrap();
    exchange(
        wire("PATCH", format!("{BASE}/{KEY}/assignments/a1"), json!({ "target": group })),
        ok(assignment),
        async |client| {
            client.enrollment_status_pages().assignments(&eid).update(&aid, &Target::group(id(GROUP))).await
        },
    )
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/{KEY}/assignments/a1"), None), no_content(), async |client| {
        client.enrollment_status_pages().assignments(&eid).remove(&aid).await
    })
    .await
    .unwrap();
    let error = exchange(
        wire("DELETE", format!("{BASE}/{KEY}"), None),
        intune_error(400, "The default cannot be deleted."),
        async |client| client.enrollment_status_pages().delete(&eid).await,
    );
    assert_error(
        &error.await.unwrap_err(),
        ErrorKind::Rejected,
        "enrollmentConfigurations.delete",
        "cannot be deleted",
    );
}

#[tokio::test]
async fn domain_join_profiles() {
    const BASE: &str = "/beta/deviceManagement/deviceConfigurations";
    let wish = DomainJoinProfile::new(
        "Munich".parse().unwrap(),
        "corp.contoso.com".parse().unwrap(),
        "MUC-".parse().unwrap(),
    )
    .with_organizational_unit("OU=Autopilot,DC=corp,DC=contoso,DC=com".parse().unwrap());
    let answer = json!({ "@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration", "id": "c1", "displayName": "Munich",
        "activeDirectoryDomainName": "corp.contoso.com", "computerNameStaticPrefix": "MUC-", "computerNameSuffixRandomCharCount": 11,
        "organizationalUnit": "OU=Autopilot,DC=corp,DC=contoso,DC=com" });
    let cid: Id<DomainJoinProfile> = id("c1");
    let mut sent = answer.clone();
    sent.as_object_mut().unwrap().remove("id");
    let made = exchange(wire("POST", BASE, sent), created(answer.clone()), async |client| {
        client.domain_join_profiles().create(&wish).await
    });
    assert_eq!(made.await.unwrap().settings, wish);
    let all = exchange(
        wire("GET", BASE, None),
        list(json!([answer, { "@odata.type": "#microsoft.graph.iosCustomConfiguration", "id": "x" }])),
        async |client| client.domain_join_profiles().list().all().await,
    );
    assert_eq!(all.await.unwrap().len(), 2);
    exchange(wire("GET", format!("{BASE}/c1"), None), ok(answer.clone()), async |client| {
        client.domain_join_profiles().get(&cid).await
    })
    .await
    .unwrap();
    let plain = ResponseTemplate::new(200).set_body_raw("2", "text/plain");
    exchange(wire("GET", format!("{BASE}/$count"), None), plain, async |client| {
        client.domain_join_profiles().count().await
    })
    .await
    .unwrap();
    let current: Stored<DomainJoinProfile> = stored(answer.clone());
    let mut changed = current.settings.clone();
    changed.computer_name_static_prefix = "HAM-L".parse().unwrap();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ok(answer.clone())).mount(&server).await;
    client_of(&server).await.domain_join_profiles().update(&current, &changed).await.unwrap();
    let sent: Value = serde_json::from_slice(&received(&server).await[0].body).unwrap();
    assert_eq!(
        (&sent["computerNameStaticPrefix"], &sent["computerNameSuffixRandomCharCount"]),
        (&json!("HAM-L"), &json!(10))
    );
    exchange(wire("DELETE", format!("{BASE}/c1"), None), no_content(), async |client| {
        client.domain_join_profiles().delete(&cid).await
    })
    .await
    .unwrap();
    let group = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP });
    let assignment = json!({ "id": "a1", "target": group });
    let assigned = exchange_between_reads(
        wire("POST", format!("{BASE}/c1/assign"), json!({ "assignments": [{ "target": group }] })),
        list(json!([assignment])),
        async |client| {
            client.domain_join_profiles().assignments(&cid).replace_at_once(&[Target::group(id(GROUP))]).await
        },
    );
    assert_eq!(assigned.await.unwrap().added, [Target::group(id(GROUP))]);
    exchange(
        wire("POST", format!("{BASE}/hasPayloadLinks"), json!({ "payloadIds": ["c1"] })),
        list(json!([])),
        async |client| client.domain_join_profiles().has_payload_links(std::slice::from_ref(&cid)).await,
    )
    .await
    .unwrap();
    let aid = id("a1");
    exchange(
        wire("GET", format!("{BASE}/c1/assignments"), None),
        list(json!([assignment])),
        async |client| client.domain_join_profiles().assignments(&cid).list().all().await,
    )
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/c1/assignments/a1"), None),
        ok(assignment.clone()),
        async |client| client.domain_join_profiles().assignments(&cid).get(&aid).await,
    )
    .await
    .unwrap();
    exchange(
        wire("POST", format!("{BASE}/c1/assignments"), json!({ "target": group })),
        created(assignment.clone()),
        async |client| client.domain_join_profiles().assignments(&cid).add(&Target::group(id(GROUP))).await,
    )
    .await
    .unwrap();
    exchange(
        wire("PATCH", format!("{BASE}/c1/assignments/a1"), json!({ "target": group })),
        ok(assignment),
        async |client| {
            client.domain_join_profiles().assignments(&cid).update(&aid, &Target::group(id(GROUP))).await
        },
    )
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/c1/assignments/a1"), None), no_content(), async |client| {
        client.domain_join_profiles().assignments(&cid).remove(&aid).await
    })
    .await
    .unwrap();
    let cast =
        format!("{BASE}/c1/microsoft.graph.windowsDomainJoinConfiguration/networkAccessConfigurations");
    exchange(
        wire("GET", cast.clone(), None),
        list(json!([{ "@odata.type": "#microsoft.graph.windowsWifiConfiguration", "id": "w1" }])),
        async |client| client.domain_join_profiles().network_access_configurations(&cid).all().await,
    )
    .await
    .unwrap();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(no_content()).mount(&server).await;
    client_of(&server)
        .await
        .domain_join_profiles()
        .add_network_access_configuration(&cid, &id("w1"))
        .await
        .unwrap();
    let body =
        json!({ "@odata.id": format!("{}/beta/deviceManagement/deviceConfigurations/w1", server.uri()) });
    assert_wire(&received(&server).await[0], &wire("POST", format!("{cast}/$ref"), body));
    exchange(wire("DELETE", format!("{cast}/w1/$ref"), None), no_content(), async |client| {
        client.domain_join_profiles().remove_network_access_configuration(&cid, &id("w1")).await
    })
    .await
    .unwrap();
    let gone = intune_error(404, "w1 is not linked");
    let error = exchange(wire("DELETE", format!("{cast}/w1/$ref"), None), gone, async |client| {
        client.domain_join_profiles().remove_network_access_configuration(&cid, &id("w1")).await
    });
    let operation = "domainJoin.networkAccessConfigurations.removeRef";
    assert_error(&error.await.unwrap_err(), ErrorKind::NotFound, operation, "w1 is not linked");
    let error = exchange(
        wire("GET", format!("{BASE}/c1"), None),
        graph_error(404, "ResourceNotFound"),
        async |client| client.domain_join_profiles().get(&cid).await,
    );
    assert_error(
        &error.await.unwrap_err(),
        ErrorKind::NotFound,
        "deviceConfigurations.get",
        "ResourceNotFound",
    );
}

#[tokio::test]
async fn connectors_and_events() {
    const BASE: &str = "/beta/deviceManagement/domainJoinConnectors";
    let answer = json!({ "id": "k1", "displayName": "SRV-1", "state": "active", "version": "6.2504.2001.8", "lastConnectionDateTime": "2026-11-23T08:00:00Z" });
    let connector: Connector = serde_json::from_value(answer.clone()).unwrap();
    let all = exchange(wire("GET", BASE, None), list(json!([answer])), async |client| {
        client.connectors().list().all().await
    });
    assert_eq!(all.await.unwrap(), std::slice::from_ref(&connector));
    exchange(wire("GET", format!("{BASE}/k1"), None), ok(answer.clone()), async |client| {
        client.connectors().get(&id("k1")).await
    })
    .await
    .unwrap();
    let mut body = serde_json::to_value(&connector).unwrap();
    body.as_object_mut().unwrap().remove("id");
    exchange(wire("POST", BASE, body.clone()), created(answer.clone()), async |client| {
        client.connectors().create(&connector).await
    })
    .await
    .unwrap();
    exchange(wire("PATCH", format!("{BASE}/k1"), body), ok(answer), async |client| {
        client.connectors().update(&connector).await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/k1"), None), no_content(), async |client| {
        client.connectors().delete(&id("k1")).await
    })
    .await
    .unwrap();
    let error =
        exchange(wire("DELETE", format!("{BASE}/k1"), None), graph_error(403, "Forbidden"), async |client| {
            client.connectors().delete(&id("k1")).await
        });
    assert_error(&error.await.unwrap_err(), ErrorKind::Forbidden, "domainJoinConnectors.delete", "Forbidden");

    const EVENTS: &str = "/beta/deviceManagement/autopilotEvents";
    let answer =
        json!({ "id": "v1", "deviceSerialNumber": "PF-1", "deploymentDuration": "-PT2M57.2190107S" });
    let event: AutopilotEvent = serde_json::from_value(answer.clone()).unwrap();
    let all = exchange(wire("GET", EVENTS, None), list(json!([answer])), async |client| {
        client.autopilot_events().list().all().await
    });
    assert!(all.await.unwrap()[0].deployment_duration.unwrap().is_negative());
    exchange(wire("GET", format!("{EVENTS}/v1"), None), ok(answer.clone()), async |client| {
        client.autopilot_events().get(&id("v1")).await
    })
    .await
    .unwrap();
    let mut body = serde_json::to_value(&event).unwrap();
    body.as_object_mut().unwrap().remove("id");
    exchange(wire("POST", EVENTS, body.clone()), created(answer.clone()), async |client| {
        client.autopilot_events().create(&event).await
    })
    .await
    .unwrap();
    exchange(wire("PATCH", format!("{EVENTS}/v1"), body), ok(answer), async |client| {
        client.autopilot_events().update(&event).await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{EVENTS}/v1"), None), no_content(), async |client| {
        client.autopilot_events().delete(&id("v1")).await
    })
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{EVENTS}/v1/policyStatusDetails"), None),
        list(json!([{ "id": "x" }])),
        async |client| client.autopilot_events().policy_status_details(&id("v1")).all().await,
    )
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{EVENTS}/v1/policyStatusDetails/x"), None),
        ok(json!({ "id": "x" })),
        async |client| client.autopilot_events().policy_status_detail(&id("v1"), &id("x")).await,
    )
    .await
    .unwrap();
    let error = exchange(wire("GET", EVENTS, None), graph_error(403, "Forbidden"), async |client| {
        client.autopilot_events().list().all().await
    });
    assert_error(&error.await.unwrap_err(), ErrorKind::Forbidden, "autopilotEvents.list", "Forbidden");
}

#[tokio::test]
async fn mdm_policies() {
    const BASE: &str = "/beta/policies/mobileDeviceManagementPolicies";
    const KEY: &str = "0000000a-0000-0000-c000-000000000000";
    let answer = json!({ "id": KEY, "displayName": "Microsoft Intune", "appliesTo": "selected", "isValid": true, "includedGroups": [{ "id": GROUP }] });
    let policy: Id<windows_autopilot::model::MdmPolicy> = id(KEY);
    exchange(wire("GET", BASE, None), list(json!([answer])), async |client| {
        client.mdm_policies().list().all().await
    })
    .await
    .unwrap();
    let one = exchange(
        wire("GET", format!("{BASE}/{KEY}?$expand=includedGroups"), None),
        ok(answer.clone()),
        async |client| client.mdm_policies().get(&policy).await,
    );
    assert_eq!(
        one.await.unwrap().scope(),
        Some(windows_autopilot::model::MdmScope::Groups([id(GROUP)].into()))
    );
    for (step, whom) in [(MdmScopeStep::ApplyToAll, "all"), (MdmScopeStep::ApplyToNone, "none")] {
        exchange(
            wire("PATCH", format!("{BASE}/{KEY}"), json!({ "appliesTo": whom })),
            no_content(),
            async |client| client.mdm_policies().apply(&policy, &step).await,
        )
        .await
        .unwrap();
    }
    let urls = MdmUrls::default().with_discovery_url("https://enrollment.example/discovery.svc");
    let sent = json!({ "discoveryUrl": "https://enrollment.example/discovery.svc" });
    exchange(wire("PATCH", format!("{BASE}/{KEY}"), sent), ok(answer), async |client| {
        client.mdm_policies().set_urls(&policy, &urls).await
    })
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/{KEY}/includedGroups"), None),
        list(json!([{ "id": GROUP }])),
        async |client| client.mdm_policies().included_groups(&policy).all().await,
    )
    .await
    .unwrap();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(no_content()).mount(&server).await;
    client_of(&server).await.mdm_policies().add_group(&policy, &id(GROUP)).await.unwrap();
    let body = json!({ "@odata.id": format!("{}/odata/groups('{GROUP}')", server.uri()) });
    assert_wire(
        &received(&server).await[0],
        &wire("POST", format!("{BASE}/{KEY}/includedGroups/$ref"), body),
    );
    exchange(
        wire("DELETE", format!("{BASE}/{KEY}/includedGroups/{GROUP}/$ref"), None),
        no_content(),
        async |client| client.mdm_policies().remove_group(&policy, &id(GROUP)).await,
    )
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/{KEY}"), None), no_content(), async |client| {
        client.mdm_policies().delete(&policy).await
    })
    .await
    .unwrap();
    let error = exchange(wire("GET", BASE, None), graph_error(403, "Forbidden"), async |client| {
        client.mdm_policies().list().all().await
    });
    assert_error(&error.await.unwrap_err(), ErrorKind::Forbidden, "mobilityPolicies.list", "Forbidden");
}

const GROUP_PROPERTIES: &str = "createdDateTime,deletedDateTime,description,displayName,groupTypes,id,isAssignableToRole,\
    mailEnabled,mailNickname,membershipRule,membershipRuleProcessingState,onPremisesSyncEnabled,securityEnabled,\
    securityIdentifier,uniqueName,visibility";

#[tokio::test]
async fn groups() {
    const BASE: &str = "/v1.0/groups";
    let rule = r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#;
    let wish = Group::new("Autopilot Munich".parse().unwrap())
        .with_membership(Membership::dynamic(MembershipRule::group_tag("Munich").unwrap()));
    let answer = json!({ "id": GROUP, "displayName": "Autopilot Munich", "mailEnabled": false, "mailNickname": "AutopilotMunich",
        "securityEnabled": true, "groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On" });
    let mut sent = answer.clone();
    sent.as_object_mut().unwrap().remove("id");
    sent["membershipRule"] = json!(MembershipRule::group_tag("Munich").unwrap().as_str());
    exchange(wire("POST", BASE, sent), created(answer.clone()), async |client| {
        client.groups().create(&wish).await
    })
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}?$select={GROUP_PROPERTIES}"), None),
        list(json!([answer])),
        async |client| client.groups().list().all().await,
    )
    .await
    .unwrap();
    let gid: Id<Group> = id(GROUP);
    let got = exchange(
        wire("GET", format!("{BASE}/{GROUP}?$select={GROUP_PROPERTIES}"), None),
        ok(answer.clone()),
        async |client| client.groups().get(&gid).await,
    );
    let current = got.await.unwrap();
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_raw("5", "text/plain"))
        .mount(&server)
        .await;
    assert_eq!(client_of(&server).await.groups().count().await.unwrap(), 5);
    let counted = &received(&server).await[0];
    assert_eq!(counted.headers.get("consistencylevel").unwrap(), "eventual");

    let mut changed = current.settings.clone();
    changed.description = Some("Devices of Munich".into());
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::method("PATCH")).respond_with(no_content()).mount(&server).await;
    Mock::given(wiremock::matchers::method("GET")).respond_with(ok(answer)).mount(&server).await;
    client_of(&server).await.groups().update(&current, &changed).await.unwrap();
    let requests = received(&server).await;
    assert_wire(
        &requests[0],
        &wire("PATCH", format!("{BASE}/{GROUP}"), json!({ "description": "Devices of Munich" })),
    );
    assert_eq!(requests.len(), 2, "a change that is answered without the group is read back");

    exchange(wire("GET", format!("{BASE}/delta"), None), changes(BASE), async |client| {
        client.groups().delta().all().await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{BASE}/{GROUP}"), None), no_content(), async |client| {
        client.groups().delete(&gid).await
    })
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/{GROUP}/members"), None),
        list(json!([{ "@odata.type": "#microsoft.graph.device", "id": "o1" }])),
        async |client| client.groups().members(&gid).all().await,
    )
    .await
    .unwrap();
    exchange(
        wire("GET", format!("{BASE}/{GROUP}/transitiveMembers"), None),
        list(json!([{ "@odata.type": "#microsoft.graph.device", "id": "o1" }])),
        async |client| client.groups().transitive_members(&gid).all().await,
    )
    .await
    .unwrap();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(no_content()).mount(&server).await;
    client_of(&server).await.groups().add_member(&gid, &id("o1")).await.unwrap();
    let body = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/o1", server.uri()) });
    assert_wire(&received(&server).await[0], &wire("POST", format!("{BASE}/{GROUP}/members/$ref"), body));
    exchange(wire("DELETE", format!("{BASE}/{GROUP}/members/o1/$ref"), None), no_content(), async |client| {
        client.groups().remove_member(&gid, &id("o1")).await
    })
    .await
    .unwrap();
    let error = exchange(
        wire("DELETE", format!("{BASE}/{GROUP}"), None),
        graph_error(404, "Request_ResourceNotFound"),
        async |client| client.groups().delete(&gid).await,
    );
    assert_error(&error.await.unwrap_err(), ErrorKind::NotFound, "groups.delete", "Request_ResourceNotFound");
}

#[tokio::test]
async fn directory_devices_and_users() {
    let answer = json!({ "id": "o1", "deviceId": "d1", "trustType": "ServerAd", "Manufacturer": "Contoso", "physicalIds": ["[ZTDId]:z1", "[OrderID]:Munich"] });
    let all = exchange(wire("GET", "/v1.0/devices", None), list(json!([answer])), async |client| {
        client.directory_devices().list().all().await
    });
    assert_eq!(all.await.unwrap().len(), 1);
    exchange(wire("GET", "/v1.0/devices/o1", None), ok(answer.clone()), async |client| {
        client.directory_devices().get(&id("o1")).await
    })
    .await
    .unwrap();
    exchange(wire("GET", "/v1.0/devices(deviceId='d1')", None), ok(answer), async |client| {
        client.directory_devices().get_by_device_id(&id("d1")).await
    })
    .await
    .unwrap();
    let plain = ResponseTemplate::new(200).set_body_raw("5", "text/plain");
    exchange(wire("GET", "/v1.0/devices/$count", None), plain, async |client| {
        client.directory_devices().count().await
    })
    .await
    .unwrap();
    exchange(
        wire("PATCH", "/v1.0/devices/o1", json!({ "accountEnabled": false })),
        no_content(),
        async |client| {
            client
                .directory_devices()
                .update(&id("o1"), &DirectoryDeviceUpdate::new().with_account_enabled(false))
                .await
        },
    )
    .await
    .unwrap();
    let all = exchange(wire("GET", "/v1.0/devices/delta", None), changes("/v1.0/devices"), async |client| {
        client.directory_devices().delta().all().await
    });
    assert_eq!(all.await.unwrap().link.as_str(), "/v1.0/devices/delta?$deltatoken=1");
    exchange(wire("DELETE", "/v1.0/devices/o1", None), no_content(), async |client| {
        client.directory_devices().delete(&id("o1")).await
    })
    .await
    .unwrap();
    let error = exchange(
        wire("DELETE", "/v1.0/devices/o1", None),
        graph_error(403, "Authorization_RequestDenied"),
        async |client| client.directory_devices().delete(&id("o1")).await,
    );
    assert_error(
        &error.await.unwrap_err(),
        ErrorKind::Forbidden,
        "devices.delete",
        "Authorization_RequestDenied",
    );

    const USER_PROPERTIES: &str = "accountEnabled,createdDateTime,department,displayName,givenName,id,jobTitle,mail,\
        onPremisesDistinguishedName,onPremisesDomainName,onPremisesImmutableId,onPremisesSamAccountName,\
        onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,surname,usageLocation,\
        userPrincipalName,userType";
    let user = json!({ "id": "u1", "userPrincipalName": "adele@contoso.com", "displayName": "Adele Vance" });
    exchange(wire("GET", "/v1.0/users", None), list(json!([user])), async |client| {
        client.users().list().all().await
    })
    .await
    .unwrap();
    for (key, by_name) in [("u1", false), ("adele@contoso.com", true)] {
        exchange(
            wire("GET", format!("/v1.0/users/{key}?$select={USER_PROPERTIES}"), None),
            ok(user.clone()),
            async |client| match by_name {
                true => client.users().get_by_name(&"adele@contoso.com".parse().unwrap()).await,
                false => client.users().get(&id("u1")).await,
            },
        )
        .await
        .unwrap();
    }
    let target = format!("/v1.0/users/adele@contoso.com?$select={USER_PROPERTIES}");
    let error =
        exchange(wire("GET", target, None), graph_error(404, "Request_ResourceNotFound"), async |client| {
            client.users().get_by_name(&"adele@contoso.com".parse().unwrap()).await
        });
    let error = error.await.unwrap_err();
    assert_error(&error, ErrorKind::NotFound, "users.get", "Request_ResourceNotFound");
    assert!(!format!("{error} {error:?}").contains("adele"), "a person's name is in the error");
}

#[tokio::test]
async fn managed_devices_apps_and_filters() {
    const MANAGED: &str = "/beta/deviceManagement/managedDevices";
    let answer = json!({ "id": "m1", "serialNumber": "PF-1", "joinType": "hybridAzureADJoined", "totalStorageSpaceInBytes": 256_000_000_000_i64 });
    let target = format!("{MANAGED}?$filter=serialNumber eq 'PF-1'");
    let found = exchange(wire("GET", target, None), list(json!([answer])), async |client| {
        client
            .managed_devices()
            .list()
            .filter(windows_autopilot::graph::field("serialNumber").eq("PF-1"))
            .all()
            .await
    });
    assert_eq!(found.await.unwrap().len(), 1);
    exchange(wire("GET", format!("{MANAGED}/m1"), None), ok(answer), async |client| {
        client.managed_devices().get(&id("m1")).await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{MANAGED}/m1"), None), no_content(), async |client| {
        client.managed_devices().delete(&id("m1")).await
    })
    .await
    .unwrap();
    let error =
        exchange(wire("GET", format!("{MANAGED}/m1"), None), graph_error(404, "NotFound"), async |client| {
            client.managed_devices().get(&id("m1")).await
        });
    assert_error(&error.await.unwrap_err(), ErrorKind::NotFound, "managedDevices.get", "NotFound");

    const APPS: &str = "/v1.0/deviceAppManagement/mobileApps";
    let app = json!({ "@odata.type": "#microsoft.graph.win32LobApp", "id": "a1", "displayName": "VPN" });
    let apps = exchange(wire("GET", APPS, None), list(json!([app])), async |client| {
        client.mobile_apps().list().all().await
    });
    assert_eq!(apps.await.unwrap()[0].kind(), Some("win32LobApp"));
    exchange(wire("GET", format!("{APPS}/a1"), None), ok(app), async |client| {
        client.mobile_apps().get(&id("a1")).await
    })
    .await
    .unwrap();
    let error = exchange(wire("GET", APPS, None), graph_error(403, "Forbidden"), async |client| {
        client.mobile_apps().list().all().await
    });
    assert_error(&error.await.unwrap_err(), ErrorKind::Forbidden, "mobileApps.list", "Forbidden");

    const FILTERS: &str = "/beta/deviceManagement/assignmentFilters";
    let answer = json!({ "id": "f1", "displayName": "Surface", "platform": "windows10AndLater", "rule": "(device.model -eq \"Surface\")" });
    let mut wish = AssignmentFilter::new(id("f1"));
    wish.display_name = Some("Surface".into());
    wish.platform = Some(DevicePlatform::Windows10AndLater);
    wish.rule = Some("(device.model -eq \"Surface\")".into());
    let mut body = answer.clone();
    body.as_object_mut().unwrap().remove("id");
    exchange(wire("POST", FILTERS, body.clone()), created(answer.clone()), async |client| {
        client.assignment_filters().create(&wish).await
    })
    .await
    .unwrap();
    exchange(wire("GET", FILTERS, None), list(json!([answer])), async |client| {
        client.assignment_filters().list().all().await
    })
    .await
    .unwrap();
    exchange(wire("GET", format!("{FILTERS}/f1"), None), ok(answer.clone()), async |client| {
        client.assignment_filters().get(&id("f1")).await
    })
    .await
    .unwrap();
    body.as_object_mut().unwrap().remove("platform");
    exchange(wire("PATCH", format!("{FILTERS}/f1"), body), ok(answer), async |client| {
        client.assignment_filters().update(&wish).await
    })
    .await
    .unwrap();
    exchange(wire("DELETE", format!("{FILTERS}/f1"), None), no_content(), async |client| {
        client.assignment_filters().delete(&id("f1")).await
    })
    .await
    .unwrap();
    let error = exchange(wire("GET", FILTERS, None), graph_error(400, "BadRequest"), async |client| {
        client.assignment_filters().list().all().await
    });
    assert_error(&error.await.unwrap_err(), ErrorKind::Rejected, "assignmentFilters.list", "BadRequest");
}

#[tokio::test]
async fn a_batch_puts_each_answer_into_its_slot() {
    let server = MockServer::start().await;
    let answer = json!({ "responses": [
        { "id": "1", "status": 404, "headers": { "Content-Type": "application/json" }, "body": { "error": { "code": "ResourceNotFound", "message": "no" } } },
        { "id": "0", "status": 200, "headers": { "Content-Type": "application/json" }, "body": { "id": "d1", "serialNumber": "PF-1" } },
    ] });
    Mock::given(any()).respond_with(ok(answer)).expect(1).mount(&server).await;
    let client = client_of(&server).await;
    let mut batch = client.batch();
    let first = batch.add(client.devices().get(&id("d1")));
    let second = batch.add(client.devices().get(&id("d2")));
    let mut answers = batch.await.unwrap();
    assert_eq!(answers.take(first).unwrap().serial_number.as_deref(), Some("PF-1"));
    assert_eq!(answers.take(second).unwrap_err().kind(), ErrorKind::NotFound);
    let body: Value = serde_json::from_slice(&received(&server).await[0].body).unwrap();
    let request = |key: &str, device: &str| {
        json!({ "id": key, "method": "GET", "url": format!("/deviceManagement/windowsAutopilotDeviceIdentities/{device}"),
            "headers": { "prefer": "include-unknown-enum-members" } })
    };
    assert_eq!(body, json!({ "requests": [request("0", "d1"), request("1", "d2")] }));

    let body = json!({ "requests": [request("0", "d1")] });
    let error =
        exchange(wire("POST", "/beta/$batch", body), graph_error(429, "TooManyRequests"), async |client| {
            let mut batch = client.batch();
            let slot = batch.add(client.devices().get(&id("d1")));
            batch.await?.take(slot)
        });
    assert_eq!(error.await.unwrap_err().kind(), ErrorKind::Throttled);
}
