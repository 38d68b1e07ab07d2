//! Microsoft Entra's token endpoint: requests and responses.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method};
use serde::Deserialize;
use serde_with::{As, DefaultOnError, DurationSecondsWithFrac, PickFirst};

use super::{AccessToken, RequestedWait, Secret, TokenRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::{Redactor, excerpt, json};
use crate::model::{InvalidValue, TenantId, is_guid};
use crate::transport::percent_encode;

/// The app that signs in, and its tenant.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct App {
    pub(super) tenant: TenantId,
    pub(super) client_id: String,
}

impl App {
    /// Creates an app. No error repeats `client_id`, which may be a misplaced secret.
    #[inline]
    pub(super) fn new(tenant: TenantId, client_id: &str) -> Result<Self, InvalidValue> {
        if !is_guid(client_id) {
            return Err(InvalidValue::new(
                "client id",
                "is not a GUID",
                "write the application (client) id of the app registration, a GUID without braces",
            ));
        }
        Ok(Self { tenant, client_id: client_id.to_owned() })
    }

    /// Returns the address of an endpoint of the tenant, such as `token` or `devicecode`.
    #[inline]
    pub(super) fn endpoint(&self, request: &TokenRequest<'_>, name: &str) -> String {
        format!("{}/{}/oauth2/v2.0/{name}", request.authority(), self.tenant)
    }

    /// Fetches a token by the client credentials flow, with `proof` of the app's identity.
    pub(super) async fn client_credentials(
        &self,
        request: TokenRequest<'_>,
        proof: &[(&str, &str)],
    ) -> Result<AccessToken> {
        let mut form = Form::new();
        form.push("grant_type", "client_credentials").push("client_id", &self.client_id);
        form.push("scope", request.scope());
        for (name, value) in proof {
            form.push(name, value);
        }
        if let Some(claims) = request.claims_parameter() {
            form.push("claims", &claims);
        }
        let answer = self.post(request, "token", form).await?;
        Ok(read_token(&answer)?.token)
    }

    /// Sends a form to an endpoint. A refusal is returned as a response.
    pub(super) async fn post(
        &self,
        request: TokenRequest<'_>,
        endpoint: &str,
        form: Form,
    ) -> Result<SignInResponse> {
        let mut redactor = Redactor::default();
        redactor.form(&form.0);
        let mut outgoing = http::Request::new(Bytes::from(form.0));
        *outgoing.method_mut() = Method::POST;
        *outgoing.uri_mut() =
            self.endpoint(&request, endpoint).parse().map_err(|error: http::uri::InvalidUri| {
                named(
                    Error::new(
                        ErrorKind::Configuration,
                        "the sign-in address is not valid: check the cloud and the tenant",
                    )
                    .with_source(error),
                )
            })?;
        let headers = outgoing.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut answer =
            request.transport().send(outgoing).await.map_err(|error| named(error.redacted(&redactor)))?;
        answer.extensions_mut().insert(redactor);
        Ok(answer)
    }
}

impl fmt::Debug for App {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("tenant", &self.tenant).field("client_id", &self.client_id).finish()
    }
}

/// A form, escaped as it grows. It may contain secrets, so it has no `Debug`.
pub(super) struct Form(String);

impl Form {
    #[inline]
    pub(super) fn new() -> Self {
        Self(String::new())
    }

    #[inline]
    pub(super) fn push(&mut self, name: &str, value: &str) -> &mut Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        percent_encode(value, b"-._~", &mut self.0);
        self
    }
}

pub(super) type SignInResponse = http::Response<Bytes>;

/// The tokens of a successful sign-in.
pub(super) struct Granted {
    pub(super) token: AccessToken,
    pub(super) refresh_token: Option<Secret>,
    /// The token about the person, for the app: a JWT.
    #[cfg(feature = "interactive")]
    pub(super) id_token: Option<Secret>,
}

/// Reads a response of the token endpoint.
#[inline]
pub(super) fn read_token(answer: &SignInResponse) -> Result<Granted> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        token_type: String,
        #[serde(default)]
        access_token: String,
        #[serde(default, with = "Seconds")]
        expires_in: Option<Duration>,
        #[serde(default)]
        refresh_token: Option<String>,
        #[cfg(feature = "interactive")]
        #[serde(default)]
        id_token: Option<String>,
    }
    let body: Body = read_json(answer)?;
    if body.access_token.is_empty() {
        return Err(failed(answer, "the sign-in service responded without a token"));
    }
    if !body.token_type.eq_ignore_ascii_case("Bearer") {
        let message = format!("the token has the type {:?}, not Bearer", excerpt(&body.token_type, 40));
        return Err(failed(answer, message));
    }
    let mut token = AccessToken::new(body.access_token);
    if let Some(lifetime) = body.expires_in {
        token = token.with_lifetime(lifetime);
    }
    Ok(Granted {
        token,
        refresh_token: body.refresh_token.map(Secret::new),
        #[cfg(feature = "interactive")]
        id_token: body.id_token.map(Secret::new),
    })
}

/// Reads a successful response of any endpoint; a refusal becomes an error with its remedy.
#[inline]
pub(super) fn read_json<T: for<'a> Deserialize<'a>>(answer: &SignInResponse) -> Result<T> {
    if !answer.status().is_success() {
        return Err(refusal(answer));
    }
    serde_json::from_slice(answer.body()).map_err(|_| {
        // An unreadable body may contain a token: only an HTML page, which begins with a tag, is repeated.
        match answer.body().trim_ascii_start().starts_with(b"<") {
            true => {
                let page = excerpt(answer.body(), 120);
                failed(answer, format!("the sign-in service responded with an HTML page: {page}"))
                    .with_remedy(
                        "check for a proxy or a captive portal between this machine and the sign-in service",
                    )
            }
            false => failed(answer, "the response of the sign-in service is not valid JSON"),
        }
    })
}

/// Returns the OAuth error code of a refusal, such as `authorization_pending`.
#[inline]
pub(super) fn refusal_code(answer: &SignInResponse) -> Option<String> {
    match answer.status().as_u16() {
        400 | 401 | 403 => json::value(answer.body())?.get("error")?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// Returns the error for an unsuccessful response.
#[inline]
pub(super) fn refusal(answer: &SignInResponse) -> Error {
    let mut error = Error::from_response(answer.status(), answer.headers(), answer.body());
    // A proxy's 403 or 404 says nothing about Graph's permissions or objects: sign-in failed.
    if matches!(error.kind(), ErrorKind::Throttled | ErrorKind::Unavailable) {
        let wait = answer.extensions().get::<RequestedWait>().map(|wait| wait.0);
        error = error.with_retry_after(wait);
    } else {
        error = error.with_kind(ErrorKind::Authentication);
    }
    named(redacted(error.with_known_sign_in_failure(), answer))
}

/// Redacts the values of the request, which a response may repeat.
#[inline]
fn redacted(error: Error, answer: &SignInResponse) -> Error {
    match answer.extensions().get::<Redactor>() {
        Some(redactor) => error.redacted(redactor),
        None => error,
    }
}

#[inline]
pub(super) fn failed(answer: &SignInResponse, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    let error = Error::new(ErrorKind::Authentication, message);
    named(redacted(error.with_status(answer.status(), answer.headers()), answer))
}

#[inline]
pub(super) fn named(error: Error) -> Error {
    error.for_call("signIn", &Method::POST, "/{tenant}/oauth2/v2.0")
}

/// The `#[serde(default, with = "Seconds")]` of seconds as a number or as text, since both occur; any other value
/// counts as absent.
pub(super) type Seconds =
    As<DefaultOnError<Option<PickFirst<(DurationSecondsWithFrac<f64>, DurationSecondsWithFrac<String>)>>>>;

#[cfg(test)]
mod tests {
    use super::super::testing::{Script, answer, app};
    use super::*;
    use crate::error::SignInFailure;

    fn read(status: u16, body: &str) -> Result<Granted> {
        read_token(&answer(status, body))
    }

    #[test]
    fn a_token_is_read_with_its_lifetime_as_number_or_text() {
        for (expires_in, lifetime) in [
            ("3599", Some(3599)),
            ("\"3599\"", Some(3599)),
            ("3599.0", Some(3599)),
            ("null", None),
            ("-1", None),
            ("\"soon\"", None),
        ] {
            let body = format!(r#"{{"token_type":"bearer","access_token":"abc","expires_in":{expires_in}}}"#);
            let token = read(200, &body).unwrap().token;
            assert_eq!(token.secret().reveal(), "abc");
            assert_eq!(token.lifetime(), lifetime.map(Duration::from_secs), "{expires_in}");
        }
    }

    #[test]
    fn a_response_without_a_usable_token_is_an_error() {
        for (body, says) in [
            ("{}", "without a token"),
            (r#"{"token_type":"Bearer"}"#, "without a token"),
            (r#"{"token_type":"Bearer","access_token":""}"#, "without a token"),
            (r#"{"token_type":"pop","access_token":"canary"}"#, "\"pop\", not Bearer"),
            (r#"{"access_token":"canary"}"#, "not Bearer"),
            ("<html><h1>Welcome to WiFi</h1></html>", "an HTML page: Welcome to WiFi; check for a proxy"),
            (r#"{"token_type":"Bearer","access_token":"canary""#, "not valid JSON"),
            ("", "not valid JSON"),
        ] {
            let error = read(200, body).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{body}");
            assert!(error.to_string().contains(says), "{body}: {error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_refusal_has_a_remedy_and_the_services_message() {
        for (code, failure, remedy) in [
            (7_000_215, SignInFailure::AppProof, "not its id"),
            (7_000_222, SignInFailure::AppProof, "has expired"),
            (700_024, SignInFailure::AppProof, "this machine's clock"),
            (700_016, SignInFailure::UnknownApp, "registered in this tenant"),
            (90_002, SignInFailure::UnknownTenant, "check the tenant's name"),
            (900_382, SignInFailure::OtherCloud, "another cloud"),
            (500_011, SignInFailure::OtherCloud, "the tenant's cloud"),
            (70_011, SignInFailure::InvalidScope, "scope is not valid"),
            (50_011, SignInFailure::RedirectMismatch, "add http://localhost"),
            (9_002_325, SignInFailure::RedirectMismatch, "Mobile and desktop applications"),
            (7_000_218, SignInFailure::NotPublicClient, "allow public client flows"),
            (50_020, SignInFailure::OtherTenant, "pick another account"),
            (65_001, SignInFailure::ConsentRequired, "must consent"),
            (65_004, SignInFailure::Declined, "declined"),
            (50_105, SignInFailure::NotAssigned, "Enterprise applications"),
            (53_003, SignInFailure::ConditionalAccess, "`InteractiveBrowser`"),
            (50_076, SignInFailure::MfaRequired, "multi-factor"),
        ] {
            let body = format!(
                r#"{{"error":"invalid_client","error_description":"AADSTS{code}: Words.\r\nTrace ID: t","error_codes":[{code}]}}"#
            );
            let error = read(401, &body).err().unwrap();
            assert_eq!((error.kind(), error.sign_in_failure()), (ErrorKind::Authentication, Some(failure)));
            assert!(error.remedy().unwrap().contains(remedy), "{code}: {error}");
            let shown = error.to_string();
            assert!(shown.starts_with("signIn: invalid_client: ") && shown.contains(remedy), "{shown}");
            assert!(shown.contains(&format!("AADSTS{code}: Words.")), "{shown}");
        }
    }

    #[test]
    fn an_unknown_code_keeps_the_services_message() {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS99999: New. Trace ID: t"}"#;
        let error = read(400, body).err().unwrap();
        assert_eq!((error.kind(), error.remedy()), (ErrorKind::Authentication, None));
        assert_eq!(error.sign_in_failure(), None);
        assert!(error.to_string().contains("AADSTS99999: New."), "{error}");
    }

    #[test]
    fn a_denial_without_a_known_number_names_both_causes() {
        for description in ["", "AADSTS99999: New."] {
            let body = format!(r#"{{"error":"access_denied","error_description":"{description}"}}"#);
            let error = read(400, &body).err().unwrap();
            assert_eq!(error.sign_in_failure(), Some(SignInFailure::Denied), "{description}");
            let remedy = error.remedy().unwrap();
            assert!(remedy.contains("declined") && remedy.contains("Conditional Access"), "{remedy}");
        }
        let body = r#"{"error":"access_denied","error_description":"AADSTS53003: Blocked."}"#;
        assert_eq!(read(400, body).err().unwrap().sign_in_failure(), Some(SignInFailure::ConditionalAccess));
    }

    #[test]
    fn a_page_of_a_proxy_is_a_failed_sign_in() {
        for status in [400, 403, 404, 407] {
            let error = read(status, "<html><h1>Blocked</h1></html>").err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Authentication, "{status}");
            assert!(error.to_string().contains("Blocked"), "{error}");
        }
        assert_eq!(read(429, "").err().unwrap().kind(), ErrorKind::Throttled);
        assert_eq!(read(503, "").err().unwrap().kind(), ErrorKind::Unavailable);
    }

    #[tokio::test]
    async fn a_form_is_posted_to_the_tenants_endpoint_of_the_clients_cloud() {
        let script = Script::new([answer(200, "{}")]);
        let mut form = Form::new();
        form.push("a", "1 2&=+%~ü").push("b", "");
        app().post(script.request(), "token", form).await.unwrap();
        let sent = script.sent();
        assert_eq!(sent[0].method(), Method::POST);
        assert_eq!(sent[0].uri(), "https://login.example/contoso.com/oauth2/v2.0/token");
        assert_eq!(sent[0].headers()[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert_eq!(sent[0].body().as_ref(), b"a=1%202%26%3D%2B%25~%C3%BC&b=");
    }

    #[test]
    fn a_client_id_is_a_guid_and_is_never_repeated() {
        let tenant: TenantId = "contoso.com".parse().unwrap();
        for wrong in ["", "canary~secret", "{00000000-0000-0000-0000-000000000000}"] {
            let error = App::new(tenant.clone(), wrong).unwrap_err();
            assert_eq!(error.subject(), "client id");
            assert!(!format!("{error:?}").contains("canary"));
        }
    }

    #[test]
    fn a_refusal_has_its_code_with_each_status_that_refuses() {
        for (status, code) in [
            (400, Some("invalid_grant")),
            (401, Some("invalid_grant")),
            (403, Some("invalid_grant")),
            (200, None),
            (500, None),
        ] {
            let refused = answer(status, r#"{"error":"invalid_grant","error_description":"Words."}"#);
            assert_eq!(refusal_code(&refused).as_deref(), code, "{status}");
        }
    }
}
