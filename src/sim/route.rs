//! The way from a request to its handler.

use http::{Method, StatusCode};

use super::auth;
use super::error::Failure;
use super::exchange::{Answer, Exchange, Request, Version};
use super::odata;
use super::routes::ROUTES;
use super::state::State;
use crate::catalog::{OperationInfo, Permissions};

type Handler = fn(&mut Exchange<'_>) -> Answer;

/// An operation and the handler that answers it.
pub(super) struct Route {
    info: &'static OperationInfo,
    /// The operation's path, as the segments of a request show it.
    template: &'static str,
    need: Need,
    handle: Handler,
}

/// Permissions that let a call through: any one of them, or all. If there are none for an application, it may not call.
pub(super) struct Need {
    pub(super) delegated: &'static [&'static str],
    pub(super) application: &'static [&'static str],
    pub(super) all: bool,
}

impl Need {
    /// A token, and no permission.
    const NOTHING: Self = Self { delegated: &[], application: &[], all: false };

    const fn any_of(permissions: &Permissions) -> Self {
        Self {
            delegated: permissions.delegated.accepted,
            application: permissions.application.accepted,
            all: false,
        }
    }

    /// Returns `true` if any caller may call.
    pub(super) fn is_open(&self) -> bool {
        self.delegated.is_empty() && self.application.is_empty()
    }
}

impl Route {
    /// Creates a route that asks for any one of the catalog's permissions.
    pub(super) const fn new(info: &'static OperationInfo, handle: Handler) -> Self {
        Self { info, template: info.path, need: Need::any_of(&info.permissions), handle }
    }

    /// Sets the path for one that a request is split differently from.
    pub(super) const fn at(self, template: &'static str) -> Self {
        Self { template, ..self }
    }

    /// Asks for any one of other permissions.
    pub(super) const fn needing(self, permissions: &Permissions) -> Self {
        Self { need: Need::any_of(permissions), ..self }
    }

    /// Asks for all permissions together.
    pub(super) const fn needing_all(self) -> Self {
        Self { need: Need { all: true, ..self.need }, ..self }
    }

    /// Returns `true` if the answer is one object.
    fn is_single(&self) -> bool {
        let ends = |words: &[&str]| words.iter().any(|word| self.template.ends_with(word));
        self.info.method == Method::GET
            && ends(&["}", "/windowsAutopilotSettings", "/deploymentProfile", "/intendedDeploymentProfile"])
    }

    fn is_in(&self, version: Version) -> bool {
        self.info.versions.iter().any(|known| known.as_str() == version.as_str())
    }

    /// Returns the parameters of a path that fits, and how many of its segments are words of the template.
    fn matches<'a>(&self, segments: &'a [String]) -> Option<(Vec<&'a str>, usize)> {
        let mut parameters = Vec::new();
        let mut words = 0;
        let mut template = self.template.split('/').skip(1);
        for segment in segments {
            match template.next()? {
                word if word.starts_with('{') => parameters.push(segment.as_str()),
                word if word.eq_ignore_ascii_case(segment) => words += 1,
                _ => return None,
            }
        }
        template.next().is_none().then_some((parameters, words))
    }

    /// Returns `true` if a path can be continued to fit.
    fn starts_with(&self, segments: &[String]) -> bool {
        let mut template = self.template.split('/').skip(1);
        segments.iter().all(|segment| {
            template.next().is_some_and(|word| word.starts_with('{') || word.eq_ignore_ascii_case(segment))
        })
    }
}

/// Answers a request.
pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let version = match request.version.to_ascii_lowercase().as_str() {
        "v1.0" => Version::V1,
        "beta" => Version::Beta,
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
        auth::authorize(&exchange, &Need::NOTHING)?;
        return Err(if fitting().next().is_some() {
            wrong_method(request)
        } else {
            no_segment(request, version)
        });
    };
    let mut exchange = Exchange { state, request, version, parameters };
    auth::authorize(&exchange, &route.need)?;
    odata::check_options(request, route.is_single())?;
    (route.handle)(&mut exchange)
}

/// The last word of the path leads nowhere.
pub(super) fn no_such_segment(request: &Request) -> Failure {
    let is_word = |segment: &&String| segment.starts_with(|c: char| c.is_ascii_lowercase());
    let segment = request.segments.iter().rfind(is_word).map(String::as_str).unwrap_or_default();
    Failure::bad_request(format!("Resource not found for the segment '{segment}'."))
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

/// The first segment that leads nowhere in this version.
fn no_segment(request: &Request, version: Version) -> Failure {
    let segments = &request.segments;
    let leads = |length: usize| {
        let start = segments.get(..length).unwrap_or_default();
        ROUTES.iter().any(|route| route.is_in(version) && route.starts_with(start))
    };
    let length = (1..=segments.len()).find(|length| !leads(*length)).unwrap_or(segments.len());
    let segment = segments.get(length.saturating_sub(1)).map(String::as_str).unwrap_or_default();
    Failure::bad_request(format!("Resource not found for the segment '{segment}'."))
}
