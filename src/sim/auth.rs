//! The callers of Graph: bearer tokens and permissions.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};

use super::error::Failure;
use super::exchange::{Exchange, Request};
use super::need::Need;
use super::rows::{Fingerprint, Token, User};
use super::state::State;
use super::store::later;
use crate::catalog::{OPERATIONS, OperationInfo};

/// The subject of an access token.
pub(super) enum Caller<'a> {
    /// An application, by its client id.
    App(&'a str),
    /// A person, by the id of the user, signed in to an application with a scope.
    Person { client: &'a str, user: Option<&'a str>, scope: &'a str },
}

impl State {
    /// Issues an access token.
    pub(super) fn issue_token(&mut self, caller: Caller<'_>) -> String {
        let expires = later(self.now, self.options.token_lifetime);
        let delegated = matches!(caller, Caller::Person { .. });
        let permissions: BTreeSet<&str> = match &self.options.granted {
            Some(granted) => granted.iter().map(String::as_str).collect(),
            None => every_permission(delegated),
        };
        let mut claims = json!({
            "aud": "https://graph.microsoft.com",
            "iss": format!("https://sts.windows.net/{}/", self.tenant_id),
            "iat": self.now.as_second(),
            "nbf": self.now.as_second(),
            "exp": expires.as_second(),
            "tid": self.tenant_id,
            "idtyp": if delegated { "user" } else { "app" },
            "ver": "1.0",
        });
        let more = match &caller {
            Caller::App(client) => json!({"roles": permissions, "appid": client}),
            Caller::Person { client, user, scope } => {
                let asks_for_all = scope.split_ascii_whitespace().any(|name| name.ends_with("/.default"));
                let scopes = match self.options.granted.is_some() || asks_for_all {
                    true => permissions.into_iter().collect::<Vec<_>>().join(" "),
                    false => requested_permissions(scope),
                };
                let found = user.and_then(|user| self.directory.users.get(user));
                let text =
                    |name: &str| found.and_then(|user| user.body.get(name)).cloned().unwrap_or_default();
                json!({
                    "scp": scopes,
                    "appid": client,
                    "oid": user,
                    "name": text("displayName"),
                    "upn": text("userPrincipalName"),
                })
            }
        };
        let filled = [json!({"uti": self.rng.u64(..).to_string()}), more];
        if let Value::Object(claims) = &mut claims {
            for part in filled {
                if let Value::Object(part) = part {
                    claims.extend(part.into_iter().filter(|(_, value)| !value.is_null()));
                }
            }
        }
        let token = self.unsigned_token(&claims);
        self.auth.tokens.insert(Fingerprint::of(&token), Token { delegated, issued: self.now, expires });
        token
    }

    /// Writes claims as an unsigned token, with a random signature so that no two are equal.
    pub(super) fn unsigned_token(&mut self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signature = URL_SAFE_NO_PAD.encode(self.rng.u128(..).to_be_bytes());
        format!("{}.{}.{signature}", part(&json!({"typ": "JWT", "alg": "none"})), part(claims))
    }
}

/// Returns all permissions that a call may need, as after an administrator's consent.
fn every_permission(delegated: bool) -> BTreeSet<&'static str> {
    let accepted = |info: &&'static OperationInfo| match delegated {
        true => info.permissions.delegated.accepted,
        false => info.permissions.application.accepted,
    };
    OPERATIONS.iter().flat_map(accepted).copied().collect()
}

/// Returns Graph's permissions in a scope, by their bare names.
fn requested_permissions(scope: &str) -> String {
    let names = scope.split_ascii_whitespace().map(|name| name.rsplit('/').next().unwrap_or(name));
    let own = |name: &&str| !matches!(*name, "openid" | "profile" | "email" | "offline_access" | ".default");
    names.filter(own).collect::<Vec<_>>().join(" ")
}

/// Returns the bearer token of a request.
fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

/// Returns the person whose token a request has; for a token that names nobody, the first user of the tenant.
pub(super) fn person<'e>(exchange: &'e Exchange<'_>) -> Option<&'e User> {
    let state = &*exchange.state;
    let given = bearer(exchange.request)?;
    let known = state.auth.tokens.get(&Fingerprint::of(given));
    let delegated = known.map(|token| token.delegated).or_else(|| has_scopes(given));
    if !delegated.unwrap_or(state.options.unknown_tokens_are_delegated) {
        return None;
    }
    let claims = claims(given);
    let named = claims.as_ref().and_then(|claims| claims.get("oid")?.as_str());
    named.and_then(|id| state.directory.users.get(id)).or_else(|| state.directory.users.iter().next())
}

/// Checks a call's permissions.
pub(super) fn authorize(exchange: &Exchange<'_>, need: &Need) -> Result<(), Failure> {
    let request = exchange.request;
    let state = &*exchange.state;
    let Some(given) = bearer(request) else {
        return Err(unauthorized("Access token is empty.", ""));
    };
    let delegated = match state.auth.tokens.get(&Fingerprint::of(given)) {
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

/// Returns a 401 in the gateway's form.
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

/// Returns whether a foreign token claims to be a user's; `None` if it is unreadable.
fn has_scopes(token: &str) -> Option<bool> {
    Some(claims(token)?.get("scp").is_some())
}

/// Returns the claims of a token, without a look at its signature.
fn claims(token: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}
