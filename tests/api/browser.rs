//! Sign-in with the browser: from the page of the sign-in service to a port of this program.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use windows_autopilot::clock::{Clock as _, FakeClock};
use windows_autopilot::credential::{CacheKey, InteractiveBrowser, Redirect, Secret, TokenCache};
use windows_autopilot::error::SignInFailure;
use windows_autopilot::model::TenantId;
use windows_autopilot::sim::Tenant;
use windows_autopilot::transport::{Transport, TransportError, transport_fn};
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{CLIENT_ID, Harness, MINUTE, signed_in};

const USER: &str = "admin@contoso.onmicrosoft.com";

/// What the person and the browser do.
#[derive(Clone, Copy, PartialEq)]
enum Person {
    SignsIn,
    Cancels,
    /// Brings an answer with another state first.
    IsMisled,
    /// Thinks for half an hour.
    IsSlow,
    IsAway,
}

/// Sends a request as a browser does, and returns the status line of the answer.
async fn browse(address: &str) -> std::io::Result<String> {
    let rest = address.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap());
    let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
    let mut stream = TcpStream::connect(authority).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

/// Signs in on the page that `url` opens; returns the address of the redirect.
async fn pick(tenant: &Tenant, url: &str, decision: &str) -> Option<String> {
    let query = url.split_once('?').unwrap().1;
    let form = format!("{query}&user={USER}&decision={decision}");
    let request = http::Request::post(url.split('?').next().unwrap()).body(Bytes::from(form)).unwrap();
    let answer = tenant.send(request).await.unwrap();
    answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned())
}

struct Desk {
    harness: Harness,
    opened: Arc<AtomicUsize>,
    statuses: Arc<Mutex<Vec<String>>>,
}

impl Desk {
    fn new() -> Self {
        let harness = Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
        harness.tenant.add_public_client(CLIENT_ID, ["http://localhost", "http://127.0.0.1"]);
        Self { harness, opened: Arc::default(), statuses: Arc::default() }
    }

    fn credential(&self, tenant: TenantId, person: Person) -> InteractiveBrowser {
        let (opened, statuses) = (self.opened.clone(), self.statuses.clone());
        let (tenant_of, clock) = (self.harness.tenant.clone(), self.harness.clock.clone());
        InteractiveBrowser::new(tenant, CLIENT_ID).unwrap().with_opener(move |url| {
            opened.fetch_add(1, Ordering::Relaxed);
            let (tenant, url) = (tenant_of.clone(), url.to_owned());
            let (statuses, clock) = (statuses.clone(), clock.clone());
            tokio::spawn(act(person, tenant, clock, url, statuses));
            Ok(())
        })
    }

    /// The status lines that the browser was answered with, once it has `count` of them.
    async fn statuses(&self, count: usize) -> Vec<String> {
        while self.statuses.lock().unwrap().len() < count {
            tokio::task::yield_now().await;
        }
        self.statuses.lock().unwrap().clone()
    }

    fn client(&self, person: Person) -> Client {
        let tenant = self.harness.tenant.domain().parse().unwrap();
        signed_in(&self.harness.tenant, &self.harness.clock, self.credential(tenant, person))
    }
}

async fn act(
    person: Person,
    tenant: Tenant,
    clock: FakeClock,
    url: String,
    statuses: Arc<Mutex<Vec<String>>>,
) {
    let decision = if person == Person::Cancels { "cancel" } else { "accept" };
    if person == Person::IsAway {
        return;
    }
    if person == Person::IsSlow {
        clock.sleep(30 * MINUTE).await;
    }
    let Some(to) = pick(&tenant, &url, decision).await else {
        // The page shows an error, and the person goes away.
        return clock.sleep(30 * MINUTE).await;
    };
    if person == Person::IsMisled {
        let (base, _) = to.split_once('?').unwrap();
        for wrong in
            ["/favicon.ico".to_owned(), "/?code=canary&state=other".to_owned(), "/?code=canary".to_owned()]
        {
            let status = browse(&format!("{base}{wrong}")).await.unwrap();
            statuses.lock().unwrap().push(status);
        }
    }
    let status = browse(&to).await.unwrap_or_else(|error| error.kind().to_string());
    statuses.lock().unwrap().push(status);
}

#[tokio::test]
async fn a_person_signs_in_once_and_may_set_what_an_app_may_not() -> Result<()> {
    let desk = Desk::new();
    let client = desk.client(Person::SignsIn);
    client.mdm_policies().intune().await?;
    assert_eq!(desk.statuses(1).await, ["HTTP/1.1 200 OK"]);
    desk.harness.clock.advance(120 * MINUTE);
    client.mdm_policies().intune().await?;
    assert_eq!(desk.opened.load(Ordering::Relaxed), 1, "the refresh token stands for the person");
    Ok(())
}

#[tokio::test]
async fn the_loopback_address_is_a_redirect_address_too() -> Result<()> {
    let desk = Desk::new();
    let tenant = desk.harness.tenant.id().parse()?;
    let credential = desk.credential(tenant, Person::SignsIn).with_redirect(Redirect::LoopbackAddress);
    signed_in(&desk.harness.tenant, &desk.harness.clock, credential).mdm_policies().intune().await?;
    Ok(())
}

#[tokio::test]
async fn an_answer_with_another_state_is_passed_over() -> Result<()> {
    let desk = Desk::new();
    desk.client(Person::IsMisled).mdm_policies().intune().await?;
    let expected = ["404 Not Found", "400 Bad Request", "400 Bad Request", "200 OK"];
    assert_eq!(desk.statuses(4).await, expected.map(|status| format!("HTTP/1.1 {status}")));
    Ok(())
}

#[tokio::test]
async fn a_person_who_declines_ends_the_sign_in_with_a_remedy() {
    let desk = Desk::new();
    let error = desk.client(Person::Cancels).mdm_policies().intune().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Authentication, Some("signIn")));
    assert!(error.service().unwrap().has_code("AADSTS65004"), "{error}");
    assert_eq!(error.sign_in_failure(), Some(SignInFailure::Declined));
    assert!(error.remedy().is_some());
    assert_eq!(desk.opened.load(Ordering::Relaxed), 1, "a person is not asked again by a retry");
}

#[tokio::test]
async fn the_time_of_the_person_is_bounded_by_the_deadline_alone() -> Result<()> {
    let desk = Desk::new();
    let tenant: TenantId = desk.harness.tenant.domain().parse()?;
    let credential = desk.credential(tenant, Person::IsSlow).with_deadline(60 * MINUTE);
    let client = signed_in(&desk.harness.tenant, &desk.harness.clock, credential);
    client.mdm_policies().intune().await?;
    assert!(desk.harness.clock.elapsed() >= 30 * MINUTE);
    Ok(())
}

#[tokio::test]
async fn an_answer_after_the_deadline_finds_nobody() {
    let desk = Desk::new();
    let tenant = desk.harness.tenant.id().parse().unwrap();
    let credential = desk.credential(tenant, Person::IsSlow).with_deadline(10 * MINUTE);
    let client = signed_in(&desk.harness.tenant, &desk.harness.clock, credential);
    let error = client.mdm_policies().intune().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert_eq!(error.sign_in_failure(), Some(SignInFailure::PersonLate));
    assert!(error.remedy().unwrap().contains("AADSTS50011"), "{error}");
    while desk.statuses.lock().unwrap().is_empty() {
        desk.harness.clock.sleep(MINUTE).await;
    }
    assert_eq!(*desk.statuses.lock().unwrap(), ["connection refused"]);
    assert_eq!(desk.opened.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_redirect_address_that_is_not_registered_ends_with_the_deadline() {
    let harness = Harness::new();
    harness.tenant.add_public_client(CLIENT_ID, ["https://other.example"]);
    let desk = Desk { harness, opened: Arc::default(), statuses: Arc::default() };
    let error = desk.client(Person::SignsIn).mdm_policies().intune().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.remedy().unwrap().contains("http://localhost"), "{error}");
}

#[tokio::test]
async fn a_person_of_another_tenant_is_refused_and_both_are_named() {
    let desk = Desk::new();
    let other = "0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5b";
    let credential = desk.credential(other.parse().unwrap(), Person::SignsIn);
    // A sign-in service that lets people of any tenant in, whatever tenant the address names.
    let tenant = desk.harness.tenant.clone();
    let any = transport_fn(move |mut request: http::Request<Bytes>| {
        let tenant = tenant.clone();
        async move {
            let address = request.uri().to_string().replace(other, "organizations");
            *request.uri_mut() = address.parse().unwrap();
            tenant.send(request).await as Result<http::Response<Bytes>, TransportError>
        }
    });
    let credential = credential.with_opener({
        let tenant = desk.harness.tenant.clone();
        move |url| {
            let (tenant, url) = (tenant.clone(), url.replace(other, "organizations"));
            tokio::spawn(async move {
                let to = pick(&tenant, &url, "accept").await.unwrap();
                browse(&to).await.unwrap();
            });
            Ok(())
        }
    });
    let client = Client::builder(credential)
        .with_transport(any)
        .with_clock(Arc::new(desk.harness.clock.clone()))
        .build()
        .unwrap();
    let error = client.mdm_policies().intune().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert_eq!(error.sign_in_failure(), Some(SignInFailure::OtherTenant));
    let said = error.to_string();
    assert!(said.contains(other) && said.contains(&desk.harness.tenant.id()), "{said}");
}

/// Signs in on the page of an address that was changed on its way to the browser.
fn misled(desk: &Desk, change: impl Fn(&str) -> String + Send + Sync + 'static) -> Client {
    let tenant = desk.harness.tenant.clone();
    let credential = desk.credential(tenant.id().parse().unwrap(), Person::SignsIn).with_opener(move |url| {
        let (tenant, url) = (tenant.clone(), change(url));
        tokio::spawn(async move {
            let to = pick(&tenant, &url, "accept").await.unwrap();
            browse(&to).await.unwrap();
        });
        Ok(())
    });
    signed_in(&desk.harness.tenant, &desk.harness.clock, credential)
}

/// Replaces the value of a parameter, or takes it out.
fn with_parameter(url: &str, name: &str, value: Option<&str>) -> String {
    let (address, query) = url.split_once('?').unwrap();
    let prefix = format!("{name}=");
    let mut parameters: Vec<String> =
        query.split('&').filter(|part| !part.starts_with(&prefix)).map(str::to_owned).collect();
    assert!(parameters.len() < query.split('&').count(), "{name} was asked for");
    parameters.extend(value.map(|value| format!("{prefix}{value}")));
    format!("{address}?{}", parameters.join("&"))
}

#[tokio::test]
async fn an_id_token_with_another_nonce_or_none_is_refused() {
    for nonce in [Some("of-another-attempt"), None] {
        let desk = Desk::new();
        let client = misled(&desk, move |url| with_parameter(url, "nonce", nonce));
        let error = client.mdm_policies().intune().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Authentication, Some("signIn")));
        assert!(error.to_string().contains("belongs to another sign-in"), "{nonce:?}: {error}");
        let called =
            desk.harness.tenant.requests().into_iter().any(|request| request.path.starts_with("/beta"));
        assert!(!called, "no token of the sign-in is used");
    }
}

#[tokio::test]
async fn a_refusal_in_the_browser_is_typed_and_says_what_to_do() {
    for (error, description, failure, remedy) in [
        ("access_denied", "AADSTS53003: Blocked.", SignInFailure::ConditionalAccess, "Sign-in logs"),
        ("access_denied", "", SignInFailure::Denied, "declined"),
        ("consent_required", "AADSTS65001: No consent.", SignInFailure::ConsentRequired, "must consent"),
        ("interaction_required", "AADSTS50076: More proof.", SignInFailure::MfaRequired, "multi-factor"),
        ("invalid_request", "AADSTS50020: A guest.", SignInFailure::OtherTenant, "another account"),
    ] {
        let desk = Desk::new();
        let tenant = desk.harness.tenant.clone();
        let credential =
            desk.credential(tenant.id().parse().unwrap(), Person::SignsIn).with_opener(move |url| {
                let parameter = |name: &str| {
                    let (_, rest) = url.split_once(&format!("{name}=")).unwrap();
                    rest.split('&').next().unwrap().replace("%3A", ":").replace("%2F", "/")
                };
                let description = description.replace(' ', "+");
                let (redirect, state) = (parameter("redirect_uri"), parameter("state"));
                let to = format!("{redirect}?error={error}&error_description={description}&state={state}");
                tokio::spawn(async move { browse(&to).await.unwrap() });
                Ok(())
            });
        let refused = signed_in(&desk.harness.tenant, &desk.harness.clock, credential);
        let refused = refused.mdm_policies().intune().await.unwrap_err();
        assert_eq!((refused.kind(), refused.sign_in_failure()), (ErrorKind::Authentication, Some(failure)));
        assert!(refused.remedy().unwrap().contains(remedy), "{refused}");
    }
}

#[tokio::test]
async fn a_code_for_another_challenge_is_refused() {
    let desk = Desk::new();
    let client = misled(&desk, |url| with_parameter(url, "code_challenge", Some("of-another-attempt")));
    let error = client.mdm_policies().intune().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.service().unwrap().has_code("AADSTS501481"), "{error}");
}

/// A cache that remembers one token.
#[derive(Debug, Default)]
struct Memory(Mutex<Option<(CacheKey, Secret)>>);

#[async_trait::async_trait]
impl TokenCache for Memory {
    async fn load(&self, key: &CacheKey) -> Result<Option<Secret>> {
        let kept = self.0.lock().unwrap();
        Ok(kept.as_ref().filter(|(known, _)| known == key).map(|(_, token)| token.clone()))
    }

    async fn store(&self, key: &CacheKey, refresh_token: &Secret) -> Result<()> {
        *self.0.lock().unwrap() = Some((key.clone(), refresh_token.clone()));
        Ok(())
    }
}

#[tokio::test]
async fn another_run_of_the_program_signs_in_from_the_cache() -> Result<()> {
    let desk = Desk::new();
    let cache = Arc::new(Memory::default());
    for _ in 0..2 {
        let tenant = desk.harness.tenant.domain().parse()?;
        let credential = desk.credential(tenant, Person::SignsIn).with_cache(cache.clone());
        signed_in(&desk.harness.tenant, &desk.harness.clock, credential).mdm_policies().intune().await?;
    }
    assert_eq!(desk.opened.load(Ordering::Relaxed), 1);
    // A refresh token that is no good any more is replaced by a new sign-in.
    desk.harness.tenant.revoke_tokens();
    desk.harness.clock.advance(Duration::from_secs(1));
    let tenant = desk.harness.tenant.domain().parse()?;
    let credential = desk.credential(tenant, Person::SignsIn).with_cache(cache.clone());
    signed_in(&desk.harness.tenant, &desk.harness.clock, credential).mdm_policies().intune().await?;
    assert_eq!(desk.opened.load(Ordering::Relaxed), 2);
    Ok(())
}

#[tokio::test]
async fn a_browser_that_cannot_be_opened_is_said_at_once() {
    let desk = Desk::new();
    let tenant = desk.harness.tenant.id().parse().unwrap();
    let credential =
        desk.credential(tenant, Person::IsAway).with_opener(|_| Err(std::io::ErrorKind::NotFound.into()));
    let client = signed_in(&desk.harness.tenant, &desk.harness.clock, credential);
    let error = client.mdm_policies().intune().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.remedy().unwrap().contains("with_opener"), "{error}");
}
