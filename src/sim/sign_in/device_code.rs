//! Sign-in by device code: a program shows a code, and a person approves it elsewhere.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Refusal};
use super::client;
use super::form::Form;
use super::page;
use crate::sim::exchange::Request;
use crate::sim::rows::{Decision, DeviceCode, Session};
use crate::sim::state::State;
use crate::sim::store::later;

const LIFETIME: Duration = Duration::from_secs(900);

/// The real service's page. A tenant on another host has its own.
const PAGE: &str = "https://microsoft.com/devicelogin";

/// Starts a sign-in.
pub(super) fn start(state: &mut State, request: &Request, form: &Form) -> Result<Answer, Refusal> {
    client::check_tenant(state, request)?;
    let client = form.required("client_id")?.to_ascii_lowercase();
    let scope = form.required("scope")?.to_owned();
    let device_code = state.guid();
    let user_code: String =
        (0..9).map(|_| state.rng.choice(*b"BCDFGHJKLMNPQRSTVWXZ23456789").map_or('B', char::from)).collect();
    let waiting = DeviceCode {
        user_code: user_code.clone(),
        client,
        scope,
        expires: later(state.now, LIFETIME),
        decision: Decision::Pending,
    };
    state.auth.device_codes.insert(device_code.clone(), waiting);
    let page = match request.origin.contains(".microsoftonline.") || request.origin.contains("chinacloudapi")
    {
        true => PAGE.to_owned(),
        false => format!("{}/common/oauth2/deviceauth", request.origin),
    };
    let answer = json!({
        "user_code": user_code,
        "device_code": device_code,
        "verification_uri": page,
        "expires_in": LIFETIME.as_secs(),
        "interval": 5,
        "message": format!(
            "To sign in, use a web browser to open the page {page} and enter the code {user_code} to authenticate."
        ),
    });
    Ok(Answer::Json(StatusCode::OK, answer))
}

/// Shows the page for entering the code.
pub(super) fn page(state: &State, form: &Form) -> Answer {
    let code = page::escaped(form.get("otc"));
    let users = page::users(state.directory.users.iter().map(|user| user.upn()), "");
    let content = format!(
        "<form method=post><label for=code>Code</label>\
         <input id=code name=user_code value=\"{code}\" autocomplete=off required>{users}\
         <p><button name=decision value=approve>Approve</button> <button name=decision value=decline>Decline</button>\
         </form>"
    );
    Answer::Page(StatusCode::OK, page::page("Enter the code", &content))
}

/// Processes the person's decision on the page.
pub(super) fn decide(state: &mut State, form: &Form) -> Answer {
    let user = state.directory.user(form.get("user")).map(|user| user.id.clone());
    let approves = form.get("decision") != "decline";
    if approves && user.is_none() {
        let text = page::page("No such user", "<p>The tenant has no user of this name.</p>");
        return Answer::Page(StatusCode::BAD_REQUEST, text);
    }
    let user = user.filter(|_| approves);
    match settle(state, form.get("user_code").trim(), user.as_deref()) {
        true => Answer::Page(StatusCode::OK, page::page("Done", "<p>You can close this window.</p>")),
        false => Answer::Page(
            StatusCode::BAD_REQUEST,
            page::page("Unknown code", "<p>The code is not known, has expired, or was used.</p>"),
        ),
    }
}

/// Approves a pending sign-in as this user, or declines it for `None`. Returns `false` if the code has no pending
/// sign-in.
pub(super) fn settle(state: &mut State, user_code: &str, user: Option<&str>) -> bool {
    let now = state.now;
    let waiting = state.auth.device_codes.values_mut().find(|waiting| {
        waiting.user_code.eq_ignore_ascii_case(user_code)
            && waiting.expires > now
            && waiting.decision == Decision::Pending
    });
    let Some(waiting) = waiting else { return false };
    waiting.decision = user.map_or(Decision::Declined, |user| Decision::Approved(user.to_owned()));
    true
}

/// Returns the session of an approved device code, once.
pub(super) fn redeem(state: &mut State, client: &str, device_code: &str) -> Result<Session, Refusal> {
    let Some(waiting) = state.auth.device_codes.get(device_code).filter(|of| of.client == client) else {
        return Err(Refusal::bad("bad_verification_code", 70019, "The verification code is not known."));
    };
    if waiting.expires <= state.now {
        return Err(Refusal::bad(
            "expired_token",
            70020,
            "The provided value for the input parameter 'device_code' has expired.",
        ));
    }
    let session = match &waiting.decision {
        Decision::Pending => {
            return Err(Refusal::bad(
                "authorization_pending",
                70016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            ));
        }
        Decision::Declined => {
            return Err(Refusal::bad(
                "authorization_declined",
                70018,
                "The end user denied the authorization request.",
            ));
        }
        Decision::Approved(user) => Session {
            client: waiting.client.clone(),
            user: user.clone(),
            scope: waiting.scope.clone(),
            nonce: None,
            expires: waiting.expires,
        },
    };
    state.auth.device_codes.remove(device_code);
    Ok(session)
}
