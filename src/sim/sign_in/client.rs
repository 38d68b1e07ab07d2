//! The applications of a tenant and their authentication.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::Value;

use super::answer::Refusal;
use super::form::Form;
use crate::sim::exchange::Request;
use crate::sim::state::State;

/// Tenant names for the tenant of the person who signs in.
const SHARED: [&str; 2] = ["common", "organizations"];

/// Returns `true` if the address names no specific tenant.
pub(super) fn is_shared(request: &Request) -> bool {
    SHARED.iter().any(|shared| request.version.eq_ignore_ascii_case(shared))
}

/// Checks the tenant in the address.
pub(super) fn check_tenant(state: &State, request: &Request) -> Result<(), Refusal> {
    let tenant = &request.version;
    let known = [state.tenant_id.as_str(), state.options.domain.as_str()];
    if is_shared(request) || known.iter().any(|known| tenant.eq_ignore_ascii_case(known)) {
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

/// Returns the refusal of an unregistered application.
pub(super) fn unknown(state: &State, client: &str) -> Refusal {
    Refusal::bad(
        "unauthorized_client",
        700_016,
        format!(
            "Application with identifier '{client}' was not found in the directory '{}'.",
            state.options.domain
        ),
    )
}

/// Checks the secret or the assertion of an application.
pub(super) fn authenticate(
    state: &State,
    request: &Request,
    form: &Form,
    client: &str,
) -> Result<(), Refusal> {
    let Some(known) = state.auth.clients.get(client) else { return Err(unknown(state, client)) };
    let refuse = |number, message: String| {
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", number, message))
    };
    if let Some(assertion) = form.given("client_assertion") {
        return match known.assertions && is_assertion_for(state, request, client, assertion) {
            true => Ok(()),
            false => refuse(700_027, "The certificate with identifier used to sign the client assertion is not registered on application.".to_owned()),
        };
    }
    let Some(secret) = form.given("client_secret") else {
        return refuse(
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
                .to_owned(),
        );
    };
    match known.secrets.iter().find(|(known, _)| known == secret) {
        Some((_, Some(expires))) if *expires <= state.now => {
            refuse(7_000_222, format!("The provided client secret keys for app '{client}' are expired."))
        }
        Some(_) => Ok(()),
        None => refuse(
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID, for a secret added to app '{client}'."
            ),
        ),
    }
}

/// Checks the proof of an application that redeems a code, if it sends one: a public client has none.
pub(super) fn check_redeemer(
    state: &State,
    request: &Request,
    form: &Form,
    client: &str,
) -> Result<(), Refusal> {
    match form.given("client_secret").or_else(|| form.given("client_assertion")) {
        Some(_) => authenticate(state, request, form, client),
        None => Ok(()),
    }
}

/// Returns `true` if the claims of an assertion are right. Its signature is not checked.
fn is_assertion_for(state: &State, request: &Request, client: &str, assertion: &str) -> bool {
    let claims = assertion.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let Some(claims) = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims).ok()) else {
        return false;
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    // A date of JWT may have a fraction: RFC 7519, section 2. MSAL for Python writes one.
    let fresh = claims.get("exp").and_then(Value::as_f64).is_some_and(|exp| exp > seconds(state));
    let federated = text("iss") != client;
    let own = text("sub") == client && text("aud").contains(&request.version.to_ascii_lowercase());
    fresh && (own || (federated && text("aud") == "api://azureadtokenexchange"))
}

fn seconds(state: &State) -> f64 {
    state.now.as_duration().as_secs_f64()
}
