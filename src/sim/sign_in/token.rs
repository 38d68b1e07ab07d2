//! The token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Refusal};
use super::client;
use super::device_code;
use super::form::Form;
use crate::sim::auth::Caller;
use crate::sim::exchange::Request;
use crate::sim::rows::{AuthorizationCode, Session};
use crate::sim::state::State;
use crate::sim::store::later;

/// The lifetime of a refresh token: 90 days.
/// Source: <https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens>.
const REFRESH_LIFETIME: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 3600);

/// Issues tokens for any grant.
pub(super) fn issue(state: &mut State, request: &Request, form: &Form) -> Result<Answer, Refusal> {
    client::check_tenant(state, request)?;
    let client = form.required("client_id")?.to_ascii_lowercase();
    let body = match form.required("grant_type")? {
        "client_credentials" => for_app(state, request, form, &client)?,
        "urn:ietf:params:oauth:grant-type:device_code" | "device_code" => {
            client::check_redeemer(state, request, form, &client)?;
            let session = device_code::redeem(state, &client, form.required("device_code")?)?;
            for_person(state, request, form, session)
        }
        "authorization_code" => {
            client::check_redeemer(state, request, form, &client)?;
            let session = redeem_code(state, form, &client)?;
            for_person(state, request, form, session)
        }
        "refresh_token" => {
            client::check_redeemer(state, request, form, &client)?;
            let session = refresh(state, form, &client)?;
            for_person(state, request, form, session)
        }
        other => {
            return Err(Refusal::bad(
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            ));
        }
    };
    Ok(Answer::Json(StatusCode::OK, Value::Object(body)))
}

fn for_app(
    state: &mut State,
    request: &Request,
    form: &Form,
    client: &str,
) -> Result<Map<String, Value>, Refusal> {
    client::authenticate(state, request, form, client)?;
    if client::is_shared(request) {
        return Err(Refusal::bad(
            "invalid_request",
            50059,
            "No tenant-identifying information found in either the request or implied by any provided credentials.",
        ));
    }
    let scope = form.required("scope")?;
    if !scope.ends_with("/.default") {
        return Err(Refusal::bad(
            "invalid_scope",
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
                 /.default suffixed to the resource identifier (application ID URI)."
            ),
        ));
    }
    let token = state.issue_token(Caller::App(client));
    Ok(bearer(state, token))
}

fn bearer(state: &State, token: String) -> Map<String, Value> {
    let seconds = state.options.token_lifetime.as_secs();
    let body = json!({
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token,
    });
    match body {
        Value::Object(body) => body,
        _ => Map::new(),
    }
}

/// Issues a person's tokens: an access token, and the others in the scope.
fn for_person(state: &mut State, request: &Request, form: &Form, session: Session) -> Map<String, Value> {
    let caller = Caller::Person { client: &session.client, user: Some(&session.user), scope: &session.scope };
    let token = state.issue_token(caller);
    let mut body = bearer(state, token);
    body.insert("scope".to_owned(), session.scope.as_str().into());
    let asks = |name: &str| session.scope.split_ascii_whitespace().any(|of| of == name);
    if asks("openid") {
        body.insert("id_token".to_owned(), id_token(state, request, &session).into());
    }
    if form.get("client_info") == "1" {
        let info = json!({"uid": session.user, "utid": state.tenant_id}).to_string();
        body.insert("client_info".to_owned(), URL_SAFE_NO_PAD.encode(info).into());
    }
    if asks("offline_access") {
        let refresh = format!("1.{}", URL_SAFE_NO_PAD.encode(state.rng.u128(..).to_be_bytes()));
        body.insert("refresh_token".to_owned(), refresh.as_str().into());
        let session = Session { expires: later(state.now, REFRESH_LIFETIME), nonce: None, ..session };
        state.auth.refresh_tokens.insert(refresh, session);
    }
    body
}

fn id_token(state: &mut State, request: &Request, session: &Session) -> String {
    let user = state.directory.users.get(&session.user);
    let text = |name: &str| user.and_then(|user| user.body.get(name)).cloned().unwrap_or(Value::Null);
    let mut claims = json!({
        "aud": session.client,
        "iss": format!("{}/{}/v2.0", request.origin, state.tenant_id),
        "iat": state.now.as_second(),
        "nbf": state.now.as_second(),
        "exp": later(state.now, state.options.token_lifetime).as_second(),
        "name": text("displayName"),
        "oid": session.user,
        "preferred_username": text("userPrincipalName"),
        "sub": session.user,
        "tid": state.tenant_id,
        "ver": "2.0",
    });
    if let (Value::Object(claims), Some(nonce)) = (&mut claims, &session.nonce) {
        claims.insert("nonce".to_owned(), nonce.as_str().into());
    }
    state.unsigned_token(&claims)
}

/// Returns the session of an authorization code, once.
fn redeem_code(state: &mut State, form: &Form, client: &str) -> Result<Session, Refusal> {
    let refuse = |number, message: &str| Err(Refusal::bad("invalid_grant", number, message));
    let code = form.required("code")?;
    let redirect = form.required("redirect_uri")?;
    let Some(known) = state.auth.authorization_codes.get_mut(code) else {
        return refuse(9_002_313, "Invalid request. The authorization code is not known.");
    };
    if known.expires <= state.now {
        return refuse(
            70008,
            "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive \
             authorization request for this user and resource.",
        );
    }
    if known.redeemed {
        return refuse(
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code.",
        );
    }
    if known.session.client != client {
        return refuse(
            700_005,
            "Provided Authorization Code is intended to use against another application.",
        );
    }
    if known.redirect != redirect {
        return refuse(
            500_112,
            "The reply address provided does not match the reply address provided when requesting Authorization code.",
        );
    }
    if !is_verified(known, form.given("code_verifier")) {
        return refuse(
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        );
    }
    known.redeemed = true;
    Ok(known.session.clone())
}

/// Compares the verifier of PKCE with the challenge of the authorization request.
///
/// Source: [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636), section 4.6.
fn is_verified(code: &AuthorizationCode, verifier: Option<&str>) -> bool {
    match (&code.challenge, verifier) {
        (None, _) => true,
        (Some(challenge), Some(verifier)) => {
            *challenge == URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()))
        }
        (Some(_), None) => false,
    }
}

/// Returns the session of a refresh token, with the requested scope.
fn refresh(state: &State, form: &Form, client: &str) -> Result<Session, Refusal> {
    let known = state.auth.refresh_tokens.get(form.required("refresh_token")?);
    let known = known.filter(|session| session.expires > state.now);
    let revoked = |session: &&Session| {
        let issued = session.expires.checked_sub(REFRESH_LIFETIME).unwrap_or(session.expires);
        state.auth.revoked_before.is_none_or(|at| issued > at)
    };
    let Some(session) = known.filter(|session| session.client == client).filter(revoked) else {
        return Err(Refusal::bad(
            "invalid_grant",
            700_082,
            "The refresh token has expired due to inactivity, was revoked, or was issued to another client.",
        ));
    };
    let mut session = session.clone();
    if let Some(scope) = form.given("scope") {
        session.scope = scope.to_owned();
    }
    Ok(session)
}
