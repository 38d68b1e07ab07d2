//! User sign-in with the browser on this machine.

mod listener;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Deserialize;

use self::listener::{Listener, Parameters, get};
use super::oauth::{App, SignInResponse, failed, named, read_json, read_token, refusal};
use super::session::{Session, TokenCache};
use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::clock::within;
use crate::error::{Error, ErrorKind, Result, SignInFailure};
use crate::model::{InvalidValue, TenantId, is_guid};
use crate::transport::percent_encode;

/// The default deadline of a person's sign-in.
const DEADLINE: Duration = Duration::from_secs(300);

/// User sign-in with the OAuth authorization code flow and PKCE: the browser on this machine opens, the user signs in,
/// and the browser is redirected to a loopback port on which the program is listening.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::credential::InteractiveBrowser;
/// # fn run() -> Result<(), windows_autopilot::model::InvalidValue> {
/// let tenant = "contoso.onmicrosoft.com".parse()?;
/// let credential = InteractiveBrowser::new(tenant, "00001111-aaaa-2222-bbbb-3333cccc4444")?
///     .with_permissions(["Policy.ReadWrite.MobilityManagement"])
///     .with_deadline(Duration::from_secs(120));
/// # Ok(()) }
/// ```
///
/// The app registration needs the redirect URI `http://localhost` in the *Mobile and desktop applications* section of
/// *Authentication*; any port works. If the URI is missing, the browser shows AADSTS50011 and the program is not
/// notified, so sign-in ends only at its deadline.
///
/// Later tokens need no browser for as long as the tenant allows; [`with_cache`](Self::with_cache) stores the refresh
/// token for the next run. The time that the user takes counts against neither the waiting call's timeout nor its
/// retries: only the deadline ends the wait, and a redirect that arrives after the deadline is rejected.
///
/// On Windows and macOS, the user's default browser is used; on Linux, `xdg-open` or `BROWSER` determines the browser.
/// Services, containers and remote shells have no browser: use [`with_opener`](Self::with_opener) there to open one
/// that can reach the loopback address of the machine on which the program is running. Neither Windows nor macOS shows a
/// firewall prompt for loopback addresses.
///
/// # Errors
/// The errors of [`TokenProvider::token`]; [`ErrorKind::Configuration`] if no browser opens or no port is free;
/// [`ErrorKind::Timeout`] after the deadline. [`Error::sign_in_failure`] distinguishes a redirect mismatch, missing
/// consent, Conditional Access, multi-factor authentication, a user from another tenant and a user who declined.
///
/// # API
/// <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>
#[derive(Clone)]
pub struct InteractiveBrowser {
    session: Session,
    redirect: Redirect,
    opener: Opener,
    deadline: Duration,
    login_hint: Option<Secret>,
}

type Opener = Arc<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// The redirect URI of a sign-in, on any free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Redirect {
    /// `http://localhost`, on `127.0.0.1` and `[::1]`. This URI can be registered in the portal.
    #[default]
    Localhost,
    /// `http://127.0.0.1`, for a machine on which `localhost` resolves to a different address. This URI can be
    /// registered only in the app's manifest.
    LoopbackAddress,
}

impl InteractiveBrowser {
    /// Creates a credential for the public client `client_id` in `tenant`.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID.
    pub fn new(tenant: TenantId, client_id: &str) -> Result<Self, InvalidValue> {
        // `openid` requests the person's tenant, `offline_access` a refresh token.
        let session = Session::new(App::new(tenant, client_id)?, "openid offline_access");
        Ok(Self {
            session,
            redirect: Redirect::default(),
            opener: Arc::new(webbrowser::open),
            deadline: DEADLINE,
            login_hint: None,
        })
    }

    /// Sets the Graph permissions to request. Default: all permissions that have been consented to.
    #[must_use]
    pub fn with_permissions(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.session.set_permissions(names);
        self
    }

    /// Sets the redirect URI. Default: [`Redirect::Localhost`].
    #[must_use]
    pub fn with_redirect(mut self, redirect: Redirect) -> Self {
        self.redirect = redirect;
        self
    }

    /// Sets the function that opens the sign-in address for the user. The function must not block. Default: the
    /// system's browser.
    #[must_use]
    pub fn with_opener(mut self, opener: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static) -> Self {
        self.opener = Arc::new(opener);
        self
    }

    /// Sets the deadline for the user's sign-in. Default: five minutes.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets the user principal name that the sign-in page suggests.
    #[must_use]
    pub fn with_login_hint(mut self, user_principal_name: impl Into<String>) -> Self {
        self.login_hint = Some(Secret::new(user_principal_name));
        self
    }

    /// Sets the cache for the refresh token, so that the user signs in only once across many runs of a program.
    #[must_use]
    pub fn with_cache(mut self, cache: Arc<dyn TokenCache>) -> Self {
        self.session.set_cache(cache);
        self
    }

    async fn sign_in(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        let tenant = self.tenant(request).await?;
        let listener = Listener::bind(self.redirect == Redirect::Localhost).await.map_err(|error| {
            let message = "listening on a loopback port for the browser's redirect failed";
            named(Error::new(ErrorKind::Configuration, message).with_source(error))
        })?;
        let attempt = Attempt::new(self.redirect, listener.port())?;
        let url = self.url(&request, &attempt);
        (self.opener)(&url).map_err(|error| {
            named(
                Error::new(ErrorKind::Configuration, "opening the browser failed")
                    .with_remedy("open the address by hand: pass `with_opener` a function that shows it")
                    .with_source(error),
            )
        })?;
        let parameters = within(request.clock(), self.deadline, listener.wait(&attempt.state)).await;
        // Closed first: a second redirect must find no listener.
        drop(listener);
        let parameters = match parameters {
            Some(Ok(parameters)) => parameters,
            Some(Err(error)) => {
                let message = "the listener for the browser's redirect failed";
                return Err(named(Error::new(ErrorKind::Configuration, message).with_source(error)));
            }
            None => {
                let message = format!("no person signed in with the browser within {:?}", self.deadline);
                let late =
                    Error::new(ErrorKind::Timeout, message).with_sign_in_failure(SignInFailure::PersonLate);
                return Err(named(late.with_remedy(TOO_LATE)));
            }
        };
        let code = code(&parameters)?;
        let mut form = self.session.form(&request);
        form.push("grant_type", "authorization_code").push("code", code);
        form.push("redirect_uri", &attempt.redirect).push("code_verifier", &attempt.verifier);
        let answer = self.session.app.post(request, "token", form).await?;
        let granted = read_token(&answer)?;
        let id_token = granted.id_token.as_ref().and_then(claims).ok_or_else(|| {
            failed(
                &answer,
                "the sign-in service responded without a valid id_token, so the tenant is not known",
            )
        })?;
        if !id_token.tid.eq_ignore_ascii_case(&tenant) {
            let message =
                format!("the person signed in to the tenant {}, not to {tenant}", shown(&id_token.tid));
            return Err(failed(&answer, message)
                .with_sign_in_failure(SignInFailure::OtherTenant)
                .with_remedy("sign in with an account of the configured tenant"));
        }
        if id_token.nonce != attempt.nonce {
            return Err(failed(&answer, "the id_token of the sign-in service belongs to another sign-in"));
        }
        Ok(self.session.keep(&request, granted).await)
    }

    fn url(&self, request: &TokenRequest<'_>, attempt: &Attempt) -> String {
        let mut url = self.session.app.endpoint(request, "authorize");
        let scope = self.session.scope(request);
        let claims = request.claims_parameter();
        let mut parameters = vec![
            ("client_id", self.session.app.client_id.as_str()),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", &attempt.redirect),
            ("scope", &scope),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &attempt.challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(self.login_hint.as_ref().map(|hint| ("login_hint", hint.reveal())));
        parameters.extend(claims.as_deref().map(|claims| ("claims", claims)));
        let mut separator = '?';
        for (name, value) in parameters {
            url.push(separator);
            url.push_str(name);
            url.push('=');
            percent_encode(value, b"-._~", &mut url);
            separator = '&';
        }
        url
    }

    /// Returns the id of the configured tenant, after looking up a domain name.
    async fn tenant(&self, request: TokenRequest<'_>) -> Result<String> {
        let name = self.session.app.tenant.to_string();
        if is_guid(&name) {
            return Ok(name);
        }
        #[derive(Deserialize)]
        struct Metadata {
            issuer: String,
        }
        let url = format!("{}/{name}/v2.0/.well-known/openid-configuration", request.authority());
        let mut lookup = http::Request::new(Bytes::new());
        *lookup.uri_mut() = url.parse().map_err(|error: http::uri::InvalidUri| {
            let message = "the sign-in address is not valid: check the cloud and the tenant";
            named(Error::new(ErrorKind::Configuration, message).with_source(error))
        })?;
        let answer = request.transport().send(lookup).await.map_err(named)?;
        let metadata: Metadata = read_json(&answer)?;
        let id = metadata.issuer.split('/').find(|part| is_guid(part));
        id.map(str::to_owned)
            .ok_or_else(|| failed(&answer, "the sign-in service did not return the id of the tenant"))
    }
}

const TOO_LATE: &str = "sign in again; if the browser showed AADSTS50011, add http://localhost under Authentication, \
     Mobile and desktop applications, in the app registration";

/// The unguessable values of one sign-in.
struct Attempt {
    redirect: String,
    state: String,
    nonce: String,
    verifier: String,
    challenge: String,
}

impl Attempt {
    fn new(redirect: Redirect, port: u16) -> Result<Self> {
        let host = match redirect {
            Redirect::Localhost => "localhost",
            Redirect::LoopbackAddress => "127.0.0.1",
        };
        let verifier = random()?;
        let challenge = URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()));
        let redirect = format!("http://{host}:{port}");
        Ok(Self { redirect, state: random()?, nonce: random()?, verifier, challenge })
    }
}

/// Returns 256 random bits of the system as text.
fn random() -> Result<String> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).map_err(|error| {
        let message = "the system's random number generator failed";
        named(Error::new(ErrorKind::Configuration, message).with_source(io::Error::from(error)))
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// Returns the code of a redirect. An error in the redirect is read as one of the token endpoint.
fn code(parameters: &Parameters) -> Result<&str> {
    if let Some(code) = get(parameters, "code").filter(|code| !code.is_empty()) {
        return Ok(code);
    }
    let error = get(parameters, "error").unwrap_or("no code and no error");
    let body = serde_json::json!({
        "error": error,
        "error_description": get(parameters, "error_description").unwrap_or_default(),
    });
    let mut answer: SignInResponse = http::Response::new(Bytes::from(body.to_string()));
    *answer.status_mut() = http::StatusCode::BAD_REQUEST;
    Err(refusal(&answer))
}

/// The claims of an `id_token` that are checked.
#[derive(Deserialize)]
struct Claims {
    tid: String,
    #[serde(default)]
    nonce: String,
}

/// Reads an `id_token`. It comes directly from the service over TLS, so that its signature adds nothing: `OpenID`
/// Connect Core, section 3.1.3.7, item 6.
fn claims(token: &Secret) -> Option<Claims> {
    let part = token.reveal().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?).ok()
}

fn shown(tenant: &str) -> &str {
    if is_guid(tenant) { tenant } else { "of another name" }
}

impl fmt::Debug for InteractiveBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InteractiveBrowser")
            .field("session", &self.session)
            .field("redirect", &self.redirect)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for InteractiveBrowser {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        match self.session.renew(request).await? {
            Some(token) => Ok(token),
            None if request.is_early_refresh() => Err(named(Error::new(
                ErrorKind::Authentication,
                "the refresh token is no longer valid: the person must sign in again",
            ))),
            None => self.sign_in(request).await,
        }
    }

    fn tenant(&self) -> Option<&TenantId> {
        Some(&self.session.app.tenant)
    }

    fn waits_for_person(&self) -> bool {
        true
    }
}
