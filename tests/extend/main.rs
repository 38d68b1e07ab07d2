//! The client extended from outside, by public items alone and offline: a middleware, a transport, a credential, a raw
//! resource, and the errors of all of them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failed test ends this way")]

use std::collections::HashSet;
use std::error::Error as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use windows_autopilot::bytes::Bytes;
use windows_autopilot::clock::{Clock, FakeClock};
use windows_autopilot::credential::{AccessToken, TokenProvider, TokenRequest};
use windows_autopilot::graph::{ApiVersion, PollStatus, Poller, Schedule};
use windows_autopilot::http::{self, Method};
use windows_autopilot::jiff::civil::Weekday;
use windows_autopilot::jiff::tz::TimeZone;
use windows_autopilot::model::{Device, Group, Id, ImportStatus, InvalidValue, Target};
use windows_autopilot::pipeline::{Middleware, Next};
use windows_autopilot::serde_json::{self, Value, json};
use windows_autopilot::sim::{Fault, RouteAnswer, RouteRequest, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::transport::{Transport, TransportError, TransportErrorKind};
use windows_autopilot::{Client, Error, ErrorKind, Result};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const THINGS: &str = "/deviceManagement/things";

/// A middleware that refuses writes on Fridays.
#[derive(Debug)]
struct FridayFreeze(Arc<dyn Clock>);

#[async_trait]
impl Middleware for FridayFreeze {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        let today = TimeZone::UTC.to_datetime(self.0.timestamp()).weekday();
        if today == Weekday::Friday && !request.method().is_safe() {
            let error = Error::new(ErrorKind::Rejected, "writes are closed on Fridays");
            return Err(error.with_source("change policy CHG-5").with_remedy("try again on Monday"));
        }
        next.run(request).await
    }
}

/// A transport that counts the requests of another one.
#[derive(Debug)]
struct Counting {
    inner: Box<dyn Transport>,
    sent: Arc<AtomicU32>,
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        if request.uri().path().ends_with("/blocked") {
            let error = TransportError::new(TransportErrorKind::NotAllowed, "the address is blocked");
            return Err(error.with_source("rule 7"));
        }
        self.inner.send(request).await
    }
}

/// A credential that takes its token from a vault, which may be sealed.
#[derive(Debug)]
struct Vault(Option<&'static str>);

#[async_trait]
impl TokenProvider for Vault {
    async fn token(&self, _: TokenRequest<'_>) -> Result<AccessToken> {
        let token = self.0.ok_or_else(|| Error::authentication("the vault is sealed"))?;
        Ok(AccessToken::new(token))
    }
}

/// A resource without typed calls.
#[derive(Debug, PartialEq, Deserialize)]
struct Thing {
    id: String,
    name: Option<String>,
}

struct World {
    client: Client,
    tenant: Tenant,
    clock: FakeClock,
    sent: Arc<AtomicU32>,
}

fn world(vault: Vault) -> World {
    let clock = FakeClock::new();
    let tenant = Tenant::builder()
        .with_clock(Arc::new(clock.clone()))
        .with_permissions(["DeviceManagementConfiguration.Read.All"])
        .with_route(Method::POST, "/deviceManagement/things/{id}", |request: &RouteRequest| {
            RouteAnswer::json(201, json!({ "id": request.parameter("id"), "name": request.json()["name"] }))
        })
        .with_route(Method::DELETE, "/deviceManagement/things/{id}", |request| {
            match request.parameter("id") {
                Some("7") => RouteAnswer::no_content(),
                _ => RouteAnswer::error(404, "ResourceNotFound", "There is no such thing."),
            }
        })
        .with_route(Method::GET, "/deviceManagement/things/count", |_| RouteAnswer::text("1"))
        .with_route_needing(
            Method::GET,
            "/deviceManagement/things/{id}",
            &["DeviceManagementApps.Read.All"],
            |_| RouteAnswer::json(200, json!({ "id": "7" })),
        )
        .build();
    let sent = Arc::new(AtomicU32::new(0));
    let time: Arc<dyn Clock> = Arc::new(clock.clone());
    let client = Client::builder(vault)
        .with_clock(Arc::clone(&time))
        .with_middleware(FridayFreeze(time))
        .with_transport(Counting { inner: Box::new(tenant.clone()), sent: Arc::clone(&sent) })
        .build()
        .unwrap();
    World { client, tenant, clock, sent }
}

#[tokio::test]
async fn a_middleware_refuses_writes_on_fridays() -> Result<()> {
    let World { client, clock, sent, .. } = world(Vault(Some("t")));
    let create = || {
        let body = json!({ "name": "A thing" });
        let request = client.request(Method::POST, ApiVersion::Beta, &format!("{THINGS}/7"));
        request.named("things.create").json(&body).read::<Thing>()
    };
    assert_eq!(create().await?, Thing { id: "7".to_owned(), name: Some("A thing".to_owned()) });
    clock.advance(DAY);
    let error = create().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Rejected, Some("things.create")));
    assert_eq!(error.remedy(), Some("try again on Monday"));
    let said = "things.create: writes are closed on Fridays; try again on Monday (POST /beta/deviceManagement/things/7)";
    assert_eq!(error.to_string(), said);
    assert_eq!(error.source().unwrap().to_string(), "change policy CHG-5");
    assert!(format!("{error:#}").contains("on Fridays: change policy CHG-5; try"));
    assert_eq!(sent.load(Ordering::Relaxed), 1, "the refused write is not sent");
    let count = client.request(Method::GET, ApiVersion::V1, &format!("{THINGS}/count")).response().await?;
    assert_eq!(count.body().as_ref(), b"1");
    Ok(())
}

#[tokio::test]
async fn a_transport_and_a_credential_fail_with_their_cause() {
    let World { client, sent, .. } = world(Vault(Some("t")));
    let blocked = client.request(Method::GET, ApiVersion::V1, "/blocked").done();
    let error = blocked.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert_eq!(error.to_string(), "get: the request was not sent (GET /v1.0/blocked)");
    assert_eq!(
        format!("{error:#}"),
        "get: the request was not sent: the address is blocked: rule 7 (GET /v1.0/blocked)"
    );
    assert_eq!(sent.load(Ordering::Relaxed), 1);

    let World { client, sent, .. } = world(Vault(None));
    let error = client.devices().list().all().await.unwrap_err();
    assert_eq!((error.kind().to_string().as_str(), sent.load(Ordering::Relaxed)), ("authentication", 0));
    assert!(format!("{error:#}").contains("no token: the vault is sealed"), "{error:#}");
}

#[tokio::test]
async fn faults_sign_in_and_permissions_work_for_taught_routes() -> Result<()> {
    let World { client, tenant, clock, .. } = world(Vault(Some("t")));
    let request = |method, path: &str| client.request(method, ApiVersion::Beta, &format!("{THINGS}{path}"));
    tenant
        .fault(Fault::throttle(Duration::from_secs(7)).on("DELETE", "/deviceManagement/things/{id}").once());
    request(Method::DELETE, "/7").done().await?;
    assert_eq!(clock.slept(), [Duration::from_secs(7)]);

    let kind = async |call: windows_autopilot::graph::Call<()>| call.await.unwrap_err().kind();
    assert_eq!(kind(request(Method::GET, "/7").done()).await, ErrorKind::Forbidden);
    assert_eq!(kind(request(Method::DELETE, "/8").done()).await, ErrorKind::NotFound);
    assert_eq!(kind(request(Method::PATCH, "/7").json(&json!({})).done()).await, ErrorKind::Rejected);
    assert_eq!(kind(request(Method::GET, "/7/parts").done()).await, ErrorKind::Rejected);

    let bare = http::Request::get(format!("https://graph.microsoft.com/beta{THINGS}/count"));
    let answer = tenant.send(bare.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 401);

    let mut batch = client.batch();
    let count = batch.add(request(Method::DELETE, "/7").done());
    let missing = batch.add(request(Method::DELETE, "/8").done());
    let mut answers = batch.await?;
    answers.take(count)?;
    let error = answers.take(missing).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotFound, 1));
    assert!(error.request_id().is_some() && error.date().is_some());
    Ok(())
}

#[tokio::test]
async fn a_condition_of_a_poller_fails_with_an_error_of_its_own() {
    let clock = FakeClock::new();
    let mut looks = 0;
    let poller =
        Poller::<(), u32>::new(Arc::new(clock.clone()), Schedule::default(), "the moon", move || {
            looks += 1;
            async move {
                match looks {
                    3 => Err(Error::new(ErrorKind::Conflict, "the moon is full")),
                    _ => Ok(PollStatus::Pending(looks)),
                }
            }
        });
    let error = poller.await.unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Conflict, "the moon is full"));
    assert_eq!(clock.slept(), [Duration::from_secs(10), Duration::from_secs(15)]);
}

#[test]
fn values_convert_hash_and_parse() -> Result<(), Box<dyn std::error::Error>> {
    let id: Id<Group> = "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e".to_owned().try_into()?;
    let targets: HashSet<Target> = [Target::group(id.clone()), Target::group(id.clone())].into();
    assert_eq!(targets.len(), 1);
    assert_eq!(String::from(id), "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e");
    assert_eq!("complete".parse(), Ok(ImportStatus::Complete));
    let error = "complet".parse::<ImportStatus>().unwrap_err();
    assert_eq!(error.remedy(), "did you mean \"complete\"?");

    let site = |text: &str| match text {
        "MUC" => Ok(()),
        _ => Err(InvalidValue::new("site", "is not known", "write MUC").with_value(text)),
    };
    let error = Error::from(site("MCU").unwrap_err());
    assert_eq!((error.kind(), error.remedy()), (ErrorKind::InvalidInput, Some("write MUC")));
    assert_eq!(error.to_string(), r#"site "MCU": is not known; write MUC"#);
    assert_eq!(serde_json::to_value(error.kind())?, Value::from("invalid_input"));
    let error = Id::<Device>::try_from("a/b".to_owned()).unwrap_err();
    assert!(error.to_string().contains(r#""a/b""#), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_harness_changes_only_what_is_asked() -> Result<()> {
    let user = Harness::builder().with_tenant(|tenant| tenant.with_page_size(1)).build();
    assert!(user.client.mdm_policies().intune().await.is_ok());
    let app = Harness::builder().as_app().with_client(|client| client.with_clock(FakeClock::new())).build();
    assert_eq!(app.client.mdm_policies().intune().await.unwrap_err().kind(), ErrorKind::Forbidden);
    Ok(())
}
