//! Dispatches a request to its handler.

use http::StatusCode;

use super::accept;
use super::auth;
use super::documented::is_documented;
use super::error::Failure;
use super::exchange::{Answer, Exchange, Request};
use super::need::Need;
use super::odata;
use super::routes::ROUTES;
use super::state::State;
use super::taught::TaughtRoute;
use super::template;
use crate::catalog::ApiVersion;

/// Answers a request by the handler of its route.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let version = match request.version.to_ascii_lowercase().as_str() {
        "v1.0" => ApiVersion::V1,
        "beta" => ApiVersion::Beta,
        other => {
            return Err(Failure::plain(
                StatusCode::NOT_FOUND,
                "ResourceNotFound",
                format!("Invalid version: {other}"),
            ));
        }
    };
    let fitting = || {
        let routes = ROUTES.iter().filter(|route| route.is_in(version));
        routes.filter_map(|route| {
            route.matches(&request.segments).map(|(parameters, words)| (route, parameters, words))
        })
    };
    let right = fitting().filter(|(route, ..)| request.method == route.info.method);
    let best = right.max_by_key(|(_, _, words)| *words);
    let Some((route, parameters, _)) = best else {
        let exchange = Exchange { state, request, version, parameters: Vec::new() };
        let routes = &exchange.state.options.routes;
        let fits = |route: &&TaughtRoute| route.words(&request.segments).is_some();
        let right = routes.iter().filter(fits).filter(|route| route.method == request.method);
        if let Some(route) = right.max_by_key(|route| route.words(&request.segments)) {
            auth::authorize(&exchange, &route.need)?;
            odata::check_options(request, false)?;
            return route.answer(request, version);
        }
        auth::authorize(&exchange, &Need::NOTHING)?;
        let is_known = fitting().next().is_some() || routes.iter().any(|route| fits(&route));
        return Err(if is_known {
            wrong_method(request)
        } else if is_documented(version, &request.segments) {
            not_simulated(request)
        } else {
            no_segment(exchange.state, request, version)
        });
    };
    let mut exchange = Exchange { state, request, version, parameters };
    auth::authorize(&exchange, &route.need)?;
    odata::check_options(request, route.is_single())?;
    if let Some(media_type) = route.answers().filter(|_| exchange.state.options.quirks.accept_must_fit) {
        accept::check(request, media_type)?;
    }
    (route.handle)(&mut exchange)
}

/// Says that a path of Graph is not simulated.
fn not_simulated(request: &Request) -> Failure {
    Failure::not_simulated(format!(
        "Graph documents {} {}, and the simulated tenant does not have it.",
        request.method, request.path
    ))
}

fn wrong_method(request: &Request) -> Failure {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    if request.is_intune() {
        return Failure::plain(
            status,
            "No method match route template",
            format!(
                "No OData route exists that match template with http verb {} for request {}.",
                request.method, request.path
            ),
        );
    }
    Failure::plain(
        status,
        "Request_BadRequest",
        "Specified HTTP method is not allowed for the request target.",
    )
}

/// Refuses a path whose first unknown segment does not exist in this version.
fn no_segment(state: &State, request: &Request, version: ApiVersion) -> Failure {
    let segments = &request.segments;
    let leads = |length: usize| {
        let start = segments.get(..length).unwrap_or_default();
        ROUTES.iter().any(|route| route.is_in(version) && route.starts_with(start))
            || state.options.routes.iter().any(|taught| template::starts_with(&taught.template, start))
    };
    let length = (1..=segments.len()).find(|length| !leads(*length)).unwrap_or(segments.len());
    let segment = segments.get(length.saturating_sub(1)).map(String::as_str).unwrap_or_default();
    Failure::bad_request(format!("Resource not found for the segment '{segment}'."))
}
