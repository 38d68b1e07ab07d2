//! Who calls, and what they may: bearer tokens, the token endpoint, permissions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::error::Failure;
use super::exchange::{Exchange, Request};
use super::need::Need;
use super::rows::{SignIn, Token};
use super::state::State;
use super::store::later;

impl State {
    /// A new access token.
    pub(super) fn issue_token(&mut self, subject: &str, delegated: bool) -> String {
        let expires = later(self.now, self.options.token_lifetime);
        let permissions: Vec<&String> = self.options.granted.iter().flatten().collect();
        let mut claims = json!({
            "aud": "https://graph.microsoft.com",
            "iss": format!("https://sts.windows.net/{}/", self.tenant_id),
            "iat": self.now.as_second(),
            "nbf": self.now.as_second(),
            "exp": expires.as_second(),
            "tid": self.tenant_id,
            "idtyp": if delegated { "user" } else { "app" },
            "uti": self.rng.u64(..).to_string(),
        });
        if let Value::Object(claims) = &mut claims {
            if delegated {
                let scopes: Vec<&str> = permissions.iter().map(|of| of.as_str()).collect();
                claims.insert("scp".to_owned(), scopes.join(" ").into());
            } else {
                claims.insert("roles".to_owned(), json!(permissions));
                claims.insert("appid".to_owned(), subject.into());
            }
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.rng.u128(..).to_be_bytes());
        let token = format!("{}.{}.{signature}", part(&json!({"typ": "JWT", "alg": "none"})), part(&claims));
        self.auth.tokens.insert(token.clone(), Token { delegated, issued: self.now, expires });
        token
    }
}

/// Lets a call through, or says why not.
pub(super) fn authorize(exchange: &Exchange<'_>, need: &Need) -> Result<(), Failure> {
    let request = exchange.request;
    let state = &*exchange.state;
    let given = request.header("authorization").and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    });
    let Some(given) = given else {
        return Err(unauthorized("Access token is empty.", ""));
    };
    let delegated = match state.auth.tokens.get(given) {
        Some(token) if token.expires <= state.now => {
            return Err(unauthorized("Lifetime validation failed, the token is expired.", "invalid_token"));
        }
        Some(token) if state.auth.revoked_before.is_some_and(|at| token.issued <= at) => {
            return Err(unauthorized("The access token has been revoked.", "invalid_token"));
        }
        Some(token) => token.delegated,
        None if state.options.strict_tokens => {
            return Err(unauthorized(
                "IDX14100: JWT is not well formed, or was not issued by this tenant.",
                "invalid_token",
            ));
        }
        None => has_scopes(given).unwrap_or(state.options.unknown_tokens_are_delegated),
    };
    let accepted = if delegated { need.delegated } else { need.application };
    if !need.is_open() && accepted.is_empty() {
        let status =
            StatusCode::from_u16(state.options.quirks.app_only_status).unwrap_or(StatusCode::FORBIDDEN);
        return Err(Failure::plain(status, "Forbidden", "Unsupported app-only call."));
    }
    let Some(granted) = &state.options.granted else { return Ok(()) };
    let has = |permission: &&'static str| granted.contains(*permission);
    let enough =
        need.is_open() || if need.all { accepted.iter().all(&has) } else { accepted.iter().any(&has) };
    match enough {
        true => Ok(()),
        false if request.is_intune() => Err(Failure::intune(
            StatusCode::FORBIDDEN,
            "Forbidden",
            format!(
                "Application is not authorized to perform this operation. Application must have one of the following \
                 scopes: {}",
                accepted.join(", ")
            ),
        )),
        false => Err(Failure::plain(
            StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        )),
    }
}

/// A 401 as the gateway answers it.
pub(super) fn unauthorized(message: &'static str, error: &str) -> Failure {
    let mut challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", \
         client_id=\"00000003-0000-0000-c000-000000000000\""
        .to_owned();
    if !error.is_empty() {
        challenge.push_str(&format!(", error=\"{error}\", error_description=\"{message}\""));
    }
    Failure {
        challenge: Some(challenge),
        ..Failure::plain(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message)
    }
}

/// Whether a foreign token says that it is a user's.
fn has_scopes(token: &str) -> Option<bool> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get("scp").is_some())
}

/// Whether a request is for the sign-in service.
pub(super) fn is_sign_in(request: &Request) -> bool {
    request.path.starts_with("/oauth2/v2.0/")
}

/// The answer of the sign-in service.
pub(super) fn sign_in(state: &mut State, request: &Request) -> (StatusCode, Value) {
    let form = Form::read(&request.body);
    let outcome = match request.path.as_str() {
        "/oauth2/v2.0/token" => known_tenant(state, request).and_then(|()| token(state, request, &form)),
        "/oauth2/v2.0/devicecode" => known_tenant(state, request).and_then(|()| device_code(state, &form)),
        _ => {
            Err(Refusal::new(StatusCode::NOT_FOUND, "invalid_request", 900_144, "There is no such endpoint."))
        }
    };
    match outcome {
        Ok(answer) => (StatusCode::OK, answer),
        Err(refusal) => (refusal.status, refusal.body(state, request)),
    }
}

/// A refusal of the sign-in service.
struct Refusal {
    status: StatusCode,
    error: &'static str,
    number: u32,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, error: &'static str, number: u32, message: impl Into<String>) -> Self {
        Self { status, error, number, message: message.into() }
    }

    fn bad(error: &'static str, number: u32, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, number, message)
    }

    fn body(&self, state: &State, request: &Request) -> Value {
        let timestamp = state.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        json!({
            "error": self.error,
            "error_description": format!(
                "AADSTS{}: {} Trace ID: {} Correlation ID: {} Timestamp: {timestamp}",
                self.number, self.message, request.request_id, request.client_request_id
            ),
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": request.request_id,
            "correlation_id": request.client_request_id,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.number),
        })
    }
}

/// A body of `application/x-www-form-urlencoded`.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Self {
        Self(super::exchange::pairs(&String::from_utf8_lossy(body)))
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        match self.get(name) {
            "" => Err(Refusal::bad(
                "invalid_request",
                900_144,
                format!("The request body must contain the following parameter: '{name}'."),
            )),
            value => Ok(value),
        }
    }
}

fn known_tenant(state: &State, request: &Request) -> Result<(), Refusal> {
    let tenant = &request.version;
    if tenant.eq_ignore_ascii_case(&state.tenant_id) || tenant.eq_ignore_ascii_case(&state.options.domain) {
        return Ok(());
    }
    Err(Refusal::bad(
        "invalid_request",
        90002,
        format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
        ),
    ))
}

fn token(state: &mut State, request: &Request, form: &Form) -> Result<Value, Refusal> {
    let client = form.required("client_id")?.to_ascii_lowercase();
    let delegated = match form.required("grant_type")? {
        "client_credentials" => {
            authenticate(state, request, form, &client)?;
            let scope = form.required("scope")?;
            if !scope.ends_with("/.default") {
                return Err(Refusal::bad(
                    "invalid_scope",
                    1_002_012,
                    format!(
                        "The provided value for scope {scope} is not valid. Client credential flows must have a scope \
                         value with /.default suffixed to the resource identifier (application ID URI)."
                    ),
                ));
            }
            false
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            redeem(state, form.required("device_code")?)?;
            true
        }
        other => {
            return Err(Refusal::bad(
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            ));
        }
    };
    let token = state.issue_token(&client, delegated);
    let seconds = state.options.token_lifetime.as_secs();
    let mut answer = json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token});
    if delegated && let Value::Object(answer) = &mut answer {
        answer.insert("scope".to_owned(), form.get("scope").into());
    }
    Ok(answer)
}

/// Checks the secret or the assertion of an application.
fn authenticate(state: &State, request: &Request, form: &Form, client: &str) -> Result<(), Refusal> {
    let Some(known) = state.auth.clients.get(client) else {
        return Err(Refusal::bad(
            "unauthorized_client",
            700_016,
            format!(
                "Application with identifier '{client}' was not found in the directory '{}'.",
                state.options.domain
            ),
        ));
    };
    let refuse =
        |number, message: String| Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", number, message);
    let assertion = form.get("client_assertion");
    if !assertion.is_empty() {
        let valid = known.assertions && is_assertion_for(state, request, client, assertion);
        return if valid {
            Ok(())
        } else {
            Err(refuse(700_027, "The certificate with identifier used to sign the client assertion is not registered on application.".to_owned()))
        };
    }
    let secret = match form.get("client_secret") {
        "" => {
            return Err(refuse(
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned(),
            ));
        }
        secret => secret,
    };
    match known.secrets.iter().find(|(known, _)| known == secret) {
        Some((_, Some(expires))) if *expires <= state.now => {
            Err(refuse(7_000_222, format!("The provided client secret keys for app '{client}' are expired.")))
        }
        Some(_) => Ok(()),
        None => Err(refuse(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID, for a secret added to app '{client}'."
            ),
        )),
    }
}

/// Whether the claims of an assertion are right. Its signature is taken on trust.
fn is_assertion_for(state: &State, request: &Request, client: &str, assertion: &str) -> bool {
    let claims = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(claims) = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims).ok()) else {
        return false;
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let fresh = claims.get("exp").and_then(Value::as_i64).is_some_and(|exp| exp > state.now.as_second());
    let federated = text("iss") != client;
    let own = text("sub") == client && text("aud").contains(&request.version.to_ascii_lowercase());
    fresh && (own || (federated && text("aud") == "api://azureadtokenexchange"))
}

fn device_code(state: &mut State, form: &Form) -> Result<Value, Refusal> {
    form.required("client_id")?;
    form.required("scope")?;
    let device_code = state.guid();
    let user_code: String =
        (0..9).map(|_| state.rng.choice(*b"BCDFGHJKLMNPQRSTVWXZ23456789").map_or('B', char::from)).collect();
    let expires = later(state.now, std::time::Duration::from_secs(900));
    state
        .auth
        .sign_ins
        .insert(device_code.clone(), SignIn { user_code: user_code.clone(), expires, approved: false });
    Ok(json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": "https://microsoft.com/devicelogin",
        "expires_in": 900,
        "interval": 5,
        "message": format!(
            "To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code {user_code} to authenticate."
        ),
    }))
}

fn redeem(state: &mut State, device_code: &str) -> Result<(), Refusal> {
    let Some(sign_in) = state.auth.sign_ins.get(device_code) else {
        return Err(Refusal::bad("bad_verification_code", 70019, "The verification code is not known."));
    };
    if sign_in.expires <= state.now {
        return Err(Refusal::bad(
            "expired_token",
            70020,
            "The provided value for the input parameter 'device_code' has expired.",
        ));
    }
    if !sign_in.approved {
        return Err(Refusal::bad(
            "authorization_pending",
            70016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        ));
    }
    state.auth.sign_ins.remove(device_code);
    Ok(())
}
