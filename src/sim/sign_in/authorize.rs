//! The authorization endpoint: a person picks a user in the browser, and the application gets a code.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};

use super::answer::{Answer, Refusal};
use super::client;
use super::form::Form;
use super::page;
use crate::sim::exchange::Request;
use crate::sim::rows::{AuthorizationCode, Session};
use crate::sim::state::State;
use crate::sim::store::later;
use crate::transport::percent_encode;

/// The lifetime of a code.
/// Source: <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow>.
const LIFETIME: Duration = Duration::from_secs(600);

/// Shows the page, or redirects with a code or an error.
///
/// Errors of the application or its redirect URI are shown to the person: a browser is never redirected to an
/// unregistered URI.
pub(super) fn respond(state: &mut State, request: &Request, form: &Form) -> Answer {
    let redirect = match check_client(state, request, form) {
        Ok(redirect) => redirect,
        Err(refusal) => {
            let text = page::escaped(&refusal.description(state, request));
            let content = format!("<p>Sorry, but we’re having trouble signing you in.<p>{text}");
            return Answer::Page(StatusCode::BAD_REQUEST, page::page("Sign in", &content));
        }
    };
    match decide(state, request, form, &redirect) {
        Ok(Some(code)) => give(form, &redirect, &[("code", &code)]),
        Ok(None) => choose(state, form),
        Err(refusal) => {
            let description = refusal.description(state, request);
            give(form, &redirect, &[("error", refusal.error), ("error_description", &description)])
        }
    }
}

/// Checks tenant, application and redirect URI.
fn check_client(state: &State, request: &Request, form: &Form) -> Result<String, Refusal> {
    client::check_tenant(state, request)?;
    let client = form.required("client_id")?.to_ascii_lowercase();
    let known = state.auth.clients.get(&client).ok_or_else(|| client::unknown(state, &client))?;
    let redirect = form.required("redirect_uri")?;
    if known.redirects.iter().any(|registered| matches(registered, redirect)) {
        return Ok(redirect.to_owned());
    }
    Err(Refusal::bad(
        "invalid_request",
        50011,
        format!(
            "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for the \
             application '{client}'."
        ),
    ))
}

/// Compares a redirect URI with a registered one. On loopback the port is ignored.
///
/// Source: <https://learn.microsoft.com/en-us/entra/identity-platform/reply-url#localhost-exceptions>.
fn matches(registered: &str, given: &str) -> bool {
    if registered == given {
        return true;
    }
    let split = |address: &str| {
        let rest = address.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit_once(':').map_or(authority, |(host, port)| match port.parse::<u16>() {
            Ok(_) => host,
            Err(_) => authority,
        });
        let loopback = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
        loopback.then(|| (host.to_owned(), path.trim_end_matches('/').to_owned()))
    };
    split(registered).is_some_and(|registered| split(given) == Some(registered))
}

/// Returns the code for the picked user; `None` if the page has to be shown.
fn decide(
    state: &mut State,
    request: &Request,
    form: &Form,
    redirect: &str,
) -> Result<Option<String>, Refusal> {
    let response_type = form.required("response_type")?;
    if response_type != "code" {
        let message = format!("The response type '{response_type}' is not supported for the application.");
        return Err(Refusal::bad("unsupported_response_type", 700_054, message));
    }
    let scope = form.required("scope")?.to_owned();
    let challenge = match (form.given("code_challenge"), form.given("code_challenge_method")) {
        (None, _) => None,
        (Some(challenge), Some("S256")) => Some(challenge.to_owned()),
        (Some(plain), None | Some("plain")) => {
            Some(URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(plain.as_bytes())))
        }
        (Some(_), Some(method)) => {
            let message = format!("The code challenge method '{method}' is not supported.");
            return Err(Refusal::bad("invalid_request", 501_491, message));
        }
    };
    if request.method != Method::POST {
        return match form.get("prompt") {
            "none" => Err(Refusal::bad(
                "login_required",
                50058,
                "A silent sign-in request was sent but no user is signed in.",
            )),
            _ => Ok(None),
        };
    }
    if form.get("decision") == "cancel" {
        return Err(Refusal::bad("access_denied", 65004, "User declined to consent to access the app."));
    }
    let user = state.directory.user(form.get("user")).map(|user| user.id.clone());
    let user = user.ok_or_else(|| {
        let message = "The user account does not exist in the directory.";
        Refusal::bad("invalid_grant", 50034, message)
    })?;
    let code = format!("0.{}", URL_SAFE_NO_PAD.encode(state.rng.u128(..).to_be_bytes()));
    let expires = later(state.now, LIFETIME);
    let session = Session {
        client: form.get("client_id").to_ascii_lowercase(),
        user,
        scope,
        nonce: form.given("nonce").map(str::to_owned),
        expires,
    };
    let known =
        AuthorizationCode { session, redirect: redirect.to_owned(), challenge, expires, redeemed: false };
    state.auth.authorization_codes.insert(code.clone(), known);
    Ok(Some(code))
}

/// Shows the page for picking a user, with the parameters as hidden fields.
fn choose(state: &State, form: &Form) -> Answer {
    let own = ["user", "decision"];
    let parameters = page::hidden(form.iter().filter(|(name, _)| !own.contains(name)));
    let users = page::users(state.directory.users.iter().map(|user| user.upn()), form.get("login_hint"));
    let content = format!(
        "<form method=post>{parameters}{users}\
         <p><button name=decision value=accept>Sign in</button> <button name=decision value=cancel>Cancel</button></form>"
    );
    Answer::Page(StatusCode::OK, page::page("Sign in", &content))
}

/// Passes parameters to the application's redirect URI in the requested mode.
fn give(form: &Form, redirect: &str, parameters: &[(&str, &str)]) -> Answer {
    let state = form.given("state").map(|state| ("state", state));
    let all = parameters.iter().copied().chain(state);
    if form.get("response_mode") == "form_post" {
        let content = format!(
            "<form method=post action=\"{}\">{}<button>Continue</button></form>",
            page::escaped(redirect),
            page::hidden(all)
        );
        return Answer::Page(StatusCode::OK, page::page("Continue to the application", &content));
    }
    let mut to = redirect.to_owned();
    let mut separator = match (form.get("response_mode"), redirect.contains('?')) {
        ("fragment", _) => '#',
        (_, true) => '&',
        (_, false) => '?',
    };
    for (name, value) in all {
        to.push(separator);
        to.push_str(name);
        to.push('=');
        percent_encode(value, b"-._~", &mut to);
        separator = '&';
    }
    Answer::Redirect(to)
}
