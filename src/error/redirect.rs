//! Redirects, which the client never follows: a response must not decide where a token goes.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::excerpt;

pub(super) const REMEDY: &str = "redirects are not followed: check the address of the cloud that the client was built \
                                 for, and whether a proxy or a sign-in page of the network answers in place of the \
                                 service";

/// Returns `true` if the status is a redirect.
pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 300..=303 | 307 | 308)
}

/// Returns a message with the target of the redirect, without parameters, which may contain secrets.
pub(super) fn message(headers: &HeaderMap) -> String {
    let location = headers.get(LOCATION).and_then(|location| location.to_str().ok()).unwrap_or_default();
    let bare = location.split(['?', '#']).next().unwrap_or_default();
    // Text before the host may be a user name and a password.
    let bare = match bare.split_once("//") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}//{host}{path}")
        }
        None => bare.to_owned(),
    };
    match excerpt(&bare, 200) {
        shown if shown.is_empty() => "the response is a redirect without a target".to_owned(),
        shown => format!("the response is a redirect to {shown}"),
    }
}
