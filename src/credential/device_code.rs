//! User sign-in through a browser on any device, with a code that the program shows.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::oauth::{App, Seconds, failed, named, read_json, read_token, refusal, refusal_code};
use super::session::{Session, TokenCache};
use super::{AccessToken, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result, SignInFailure};
use crate::model::{InvalidValue, TenantId};

/// User sign-in with the OAuth device code flow: the program shows a code and an address; the user opens the address,
/// enters the code and signs in.
///
/// ```
/// use windows_autopilot::credential::DeviceCode;
/// # fn run() -> Result<(), windows_autopilot::model::InvalidValue> {
/// let tenant = "contoso.onmicrosoft.com".parse()?;
/// let credential = DeviceCode::new(tenant, "00001111-aaaa-2222-bbbb-3333cccc4444", |prompt| {
///     eprintln!("Open {} and enter {}", prompt.verification_uri(), prompt.user_code());
/// })?
/// .with_permissions(["Policy.ReadWrite.MobilityManagement"]);
/// # Ok(()) }
/// ```
///
/// Later tokens need no prompt for as long as the tenant allows. The call that needs the first token waits for the user
/// until the code expires; the wait does not count against the call's timeout.
///
/// Many tenants block this flow: since 2025, Microsoft has been rolling out a Conditional Access policy against it,
/// because it is easily abused. Sign-in then fails with AADSTS53003 or `access_denied`
/// ([`SignInFailure::ConditionalAccess`] or [`SignInFailure::Denied`]). In that case, use `InteractiveBrowser` (feature
/// `interactive`) instead.
///
/// The app registration must allow public client flows.
#[derive(Clone)]
pub struct DeviceCode {
    session: Session,
    prompt: Arc<dyn Fn(&DeviceCodePrompt) + Send + Sync>,
}

/// The code and the address to show to the user.
pub struct DeviceCodePrompt {
    user_code: String,
    verification_uri: String,
    message: String,
    lifetime: Duration,
}

impl DeviceCodePrompt {
    /// Returns the code to enter.
    #[inline]
    pub fn user_code(&self) -> &str {
        &self.user_code
    }

    /// Returns the address of the page on which to enter the code.
    #[inline]
    pub fn verification_uri(&self) -> &str {
        &self.verification_uri
    }

    /// Returns the service's instructions, which include the code and the address.
    #[inline]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the lifetime of the code.
    #[inline]
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

impl fmt::Debug for DeviceCodePrompt {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCodePrompt")
            .field("verification_uri", &self.verification_uri)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl DeviceCode {
    /// Creates a credential for the public client `client_id` in `tenant`. `prompt` is called when the user must sign
    /// in; it must not block.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID.
    #[inline]
    pub fn new(
        tenant: TenantId,
        client_id: &str,
        prompt: impl Fn(&DeviceCodePrompt) + Send + Sync + 'static,
    ) -> Result<Self, InvalidValue> {
        // `offline_access` requests a refresh token.
        let session = Session::new(App::new(tenant, client_id)?, "offline_access");
        Ok(Self { session, prompt: Arc::new(prompt) })
    }

    /// Sets the Graph permissions to request. Default: all permissions that have been consented to.
    #[must_use]
    #[inline]
    pub fn with_permissions(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.session.set_permissions(names);
        self
    }

    /// Sets the cache for the refresh token, so that the user signs in only once across many runs of a program.
    #[must_use]
    #[inline]
    pub fn with_cache(mut self, cache: Arc<dyn TokenCache>) -> Self {
        self.session.set_cache(cache);
        self
    }

    async fn sign_in(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        let asked = request.clock().elapsed();
        let answer = self.session.app.post(request, "devicecode", self.session.form(&request)).await?;
        let code: Code = read_json(&answer)?;
        if code.device_code.is_empty() || code.user_code.is_empty() || code.verification_uri.is_empty() {
            return Err(failed(&answer, "the sign-in service responded without a code"));
        }
        let lifetime = code.expires_in.unwrap_or(LIFETIME);
        let ends = asked.saturating_add(lifetime);
        let mut interval = code.interval.unwrap_or(INTERVAL).max(Duration::from_secs(1));
        (self.prompt)(&DeviceCodePrompt {
            user_code: code.user_code,
            verification_uri: code.verification_uri,
            message: code.message,
            lifetime,
        });
        loop {
            request.clock().sleep(interval).await;
            let mut form = self.session.form(&request);
            form.push("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
            form.push("device_code", &code.device_code);
            let answer = self.session.app.post(request, "token", form).await?;
            match refusal_code(&answer).as_deref() {
                None => return Ok(self.session.keep(&request, read_token(&answer)?).await),
                Some("authorization_pending") => {}
                Some("slow_down") => interval = interval.saturating_add(INTERVAL),
                Some("authorization_declined") => {
                    return Err(refusal(&answer).with_sign_in_failure(SignInFailure::Declined).with_remedy(
                        "the person declined: start the sign-in again, and explain its purpose",
                    ));
                }
                Some("expired_token" | "code_expired") => {
                    return Err(refusal(&answer)
                        .with_sign_in_failure(SignInFailure::PersonLate)
                        .with_remedy(TOO_LATE));
                }
                Some(_) => return Err(refusal(&answer)),
            }
            if request.clock().elapsed().saturating_add(interval) > ends {
                let message = format!("no person signed in with the code within {lifetime:?}");
                let late = failed(&answer, message).with_sign_in_failure(SignInFailure::PersonLate);
                return Err(late.with_remedy(TOO_LATE));
            }
        }
    }
}

const TOO_LATE: &str = "start the sign-in again, and enter the new code before it expires";
/// The default lifetime of a code.
const LIFETIME: Duration = Duration::from_secs(900);
const INTERVAL: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Code {
    #[serde(default)]
    device_code: String,
    #[serde(default)]
    user_code: String,
    #[serde(default, alias = "verification_url")]
    verification_uri: String,
    #[serde(default)]
    message: String,
    #[serde(default, with = "Seconds")]
    expires_in: Option<Duration>,
    #[serde(default, with = "Seconds")]
    interval: Option<Duration>,
}

impl fmt::Debug for DeviceCode {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceCode").field("session", &self.session).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for DeviceCode {
    #[inline]
    fn waits_for_person(&self) -> bool {
        true
    }

    #[inline]
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

    #[inline]
    fn tenant(&self) -> Option<&TenantId> {
        Some(&self.session.app.tenant)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::testing::{CLIENT_ID, Script, answer, refused, token};
    use super::*;
    use crate::clock::Clock as _;

    const SECOND: Duration = Duration::from_secs(1);

    /// A credential, and the prompts that it showed.
    fn credential() -> (DeviceCode, Arc<Mutex<Vec<String>>>) {
        let prompts: Arc<Mutex<Vec<String>>> = Arc::default();
        let shown = Arc::clone(&prompts);
        let credential = DeviceCode::new("contoso.com".parse().unwrap(), CLIENT_ID, move |prompt| {
            let text = format!("{} {}", prompt.user_code(), prompt.verification_uri());
            shown.lock().unwrap().push(text);
        });
        (credential.unwrap(), prompts)
    }

    fn code() -> http::Response<bytes::Bytes> {
        answer(
            200,
            r#"{"device_code":"canary-device","user_code":"ABC-canary","verification_uri":"https://login.example/device",
            "message":"Go.","expires_in":"900","interval":5}"#,
        )
    }

    fn pending() -> http::Response<bytes::Bytes> {
        refused("authorization_pending", 70_016)
    }

    fn with_refresh(name: &str) -> http::Response<bytes::Bytes> {
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{name}","refresh_token":"canary-{name}"}}"#
        );
        answer(200, &body)
    }

    #[tokio::test]
    async fn one_prompt_and_polls_at_the_services_interval() {
        let (credential, prompts) = credential();
        let script =
            Script::new([code(), pending(), refused("slow_down", 70_016), pending(), with_refresh("t1")]);
        let token = credential.token(script.request()).await.unwrap();
        assert_eq!(token.secret().reveal(), "t1");
        assert_eq!(*prompts.lock().unwrap(), ["ABC-canary https://login.example/device"]);
        assert_eq!(script.clock.slept(), [SECOND * 5, SECOND * 5, SECOND * 10, SECOND * 10]);
        assert_eq!(script.sent()[0].uri().path(), "/contoso.com/oauth2/v2.0/devicecode");
        assert_eq!(
            script.field(0, "scope").as_deref(),
            Some("https://graph.example/.default offline_access")
        );
        assert_eq!(script.sent()[1].uri().path(), "/contoso.com/oauth2/v2.0/token");
        assert_eq!(script.field(1, "device_code").as_deref(), Some("canary-device"));
        let shown = format!("{credential:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[tokio::test]
    async fn later_tokens_need_no_prompt_until_the_session_expires() {
        let (credential, prompts) = credential();
        let script = Script::new([
            code(),
            with_refresh("t1"),
            with_refresh("t2"),
            token("t3"),
            refused("invalid_grant", 700_082),
            code(),
            with_refresh("t4"),
        ]);
        for name in ["t1", "t2", "t3", "t4"] {
            assert_eq!(credential.token(script.request()).await.unwrap().secret().reveal(), name);
        }
        assert_eq!(prompts.lock().unwrap().len(), 2);
        let refresh: Vec<Option<String>> = (2..5).map(|index| script.field(index, "refresh_token")).collect();
        assert_eq!(refresh, ["canary-t1", "canary-t2", "canary-t2"].map(|name| Some(name.to_owned())));
    }

    #[tokio::test]
    async fn no_prompt_while_the_old_token_is_valid() {
        let (credential, prompts) = credential();
        let script = Script::new([code(), with_refresh("t1"), refused("invalid_grant", 700_082)]);
        credential.token(script.request()).await.unwrap();
        let early = TokenRequest { early_refresh: true, ..script.request() };
        for _ in 0..2 {
            assert_eq!(credential.token(early).await.unwrap_err().kind(), ErrorKind::Authentication);
        }
        assert_eq!((prompts.lock().unwrap().len(), script.sent().len()), (1, 3));
    }

    #[tokio::test]
    async fn an_interrupted_renewal_keeps_the_refresh_token() {
        let (credential, _) = credential();
        let script = Script::new([code(), with_refresh("t1"), answer(503, ""), token("t2")]);
        credential.token(script.request()).await.unwrap();
        assert_eq!(credential.token(script.request()).await.unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(credential.token(script.request()).await.unwrap().secret().reveal(), "t2");
    }

    #[tokio::test]
    async fn failed_sign_ins_are_distinguished() {
        for (last, says) in [
            (refused("authorization_declined", 70_018), "declined"),
            (refused("access_denied", 70_018), "declined"),
            (refused("expired_token", 70_020), "enter the new code"),
            (refused("invalid_grant", 50_076), "multi-factor"),
            (refused("bad_verification_code", 99_999), "bad_verification_code"),
        ] {
            let (credential, _) = credential();
            let script = Script::new([code(), pending(), last]);
            let error = credential.token(script.request()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{says}");
            assert!(error.to_string().contains(says), "{says}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn demanded_claims_are_in_every_form() {
        let (credential, _) = credential();
        let script = Script::new([code(), pending(), with_refresh("t1"), with_refresh("t2")]);
        let demand = r#"{"access_token":{"nbf":{"essential":true}}}"#;
        let request = TokenRequest { claims: Some(demand), ..script.request() };
        credential.token(request).await.unwrap();
        credential.token(request).await.unwrap();
        for index in 0..4 {
            assert_eq!(script.field(index, "claims").as_deref(), Some(demand), "{index}");
        }
    }

    #[tokio::test]
    async fn an_interval_of_zero_is_a_second() {
        let (credential, _) = credential();
        let code = r#"{"device_code":"d","user_code":"u","verification_uri":"https://login.example/device","interval":0}"#;
        let script = Script::new([answer(200, code), pending(), token("t1")]);
        credential.token(script.request()).await.unwrap();
        assert_eq!(script.clock.slept(), [SECOND, SECOND]);
    }

    #[tokio::test]
    async fn polling_ends_when_the_code_expires() {
        let (credential, _) = credential();
        let script = Script::new(std::iter::once(code()).chain((0..1_000).map(|_| pending())));
        let error = credential.token(script.request()).await.unwrap_err();
        assert!(error.to_string().contains("no person signed in with the code within 900s"), "{error}");
        assert_eq!(script.clock.elapsed(), SECOND * 900);
        assert_eq!(script.sent().len(), 1 + 180);
    }

    #[tokio::test]
    async fn a_response_without_a_code_is_refused() {
        for body in ["{}", r#"{"device_code":"canary","user_code":"x"}"#, "<html>hi</html>"] {
            let (credential, prompts) = credential();
            let error = credential.token(Script::new([answer(200, body)]).request()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert!(prompts.lock().unwrap().is_empty() && !format!("{error:?}").contains("canary"));
        }
    }

    #[tokio::test]
    async fn permissions_are_named_in_full_for_the_clients_own_cloud() {
        let (credential, _) = credential();
        let credential = credential.with_permissions(["Policy.Read.All", "https://other.example/X"]);
        let script = Script::new([code(), token("t1")]);
        credential.token(script.request()).await.unwrap();
        let scope = "https://graph.example/Policy.Read.All https://other.example/X offline_access";
        assert_eq!(script.field(0, "scope").as_deref(), Some(scope));
    }

    #[test]
    fn a_prompt_does_not_show_its_code_in_debug() {
        let prompt = DeviceCodePrompt {
            user_code: "canary".into(),
            verification_uri: "https://login.example/device".into(),
            message: "Enter canary".into(),
            lifetime: SECOND,
        };
        assert!(!format!("{prompt:?}").contains("canary"));
    }
}
