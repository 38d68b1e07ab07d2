//! The sign-in service of a tenant: discovery, tokens, device codes, and the pages for people.
//!
//! It follows Microsoft Entra as far as MSAL, azure-identity and this crate's credentials need. Access tokens are
//! unsigned: only Graph may inspect them.
//!
//! Source: [Microsoft identity platform protocols](https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols).

mod answer;
mod authorize;
mod client;
mod device_code;
mod discovery;
mod form;
mod page;
mod token;

use bytes::Bytes;
use http::{Method, Response, StatusCode};

use self::answer::{Answer, Refusal};
use self::form::Form;
use super::exchange::Request;
use super::state::State;

/// Returns `true` if a request is for the sign-in service.
pub(super) fn is_sign_in(request: &Request) -> bool {
    let paths = ["/oauth2/", "/v2.0/.well-known/", "/.well-known/", "/discovery/"];
    !matches!(request.version.as_str(), "v1.0" | "beta")
        && paths.iter().any(|path| request.path.starts_with(path))
}

/// Answers a request to the sign-in service.
pub(super) fn respond(state: &mut State, request: &Request) -> Response<Bytes> {
    state.auth.forget_expired(state.now);
    let outcome = route(state, request).unwrap_or_else(|refusal| refusal.answer(state, request));
    answer::render(state.now, request, outcome)
}

fn route(state: &mut State, request: &Request) -> Result<Answer, Refusal> {
    let get = request.method == Method::GET || request.method == Method::HEAD;
    let post = request.method == Method::POST;
    let form = if post { Form::read(&request.body) } else { Form::of_query(&request.query) };
    match request.path.as_str() {
        "/discovery/instance" if get => Ok(discovery::instance(request)),
        "/v2.0/.well-known/openid-configuration" | "/.well-known/openid-configuration" if get => {
            discovery::openid(state, request)
        }
        "/discovery/v2.0/keys" | "/discovery/keys" if get => Ok(discovery::keys()),
        "/oauth2/v2.0/token" if post => token::issue(state, request, &form),
        "/oauth2/v2.0/devicecode" if post => device_code::start(state, request, &form),
        "/oauth2/deviceauth" if get => Ok(device_code::page(state, &form)),
        "/oauth2/deviceauth" if post => Ok(device_code::decide(state, &form)),
        "/oauth2/v2.0/authorize" if get || post => Ok(authorize::respond(state, request, &form)),
        _ => {
            Err(Refusal::new(StatusCode::NOT_FOUND, "invalid_request", 900_144, "There is no such endpoint."))
        }
    }
}

/// Approves or declines a sign-in by device code. Returns `false` if the code has no pending sign-in.
pub(super) fn decide(state: &mut State, user_code: &str, user: Option<&str>) -> bool {
    device_code::settle(state, user_code, user)
}
