//! From a path to what answers it.

use http::{Method, StatusCode};

use super::auth;
use super::error::Failure;
use super::exchange::{Answer, Exchange, Request, Version};
use super::odata;
use super::routes::ROUTES;
use super::state::State;

/// What answers an operation.
type Handler = fn(&mut Exchange<'_>) -> Answer;

/// One operation.
pub(super) struct Route {
    method: Method,
    template: &'static str,
    versions: Versions,
    need: &'static Need,
    handle: Handler,
}

/// The versions of Graph that have an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    Beta,
    Both,
}

/// Permissions that let a call through: any one of them, or all. None at all for an application: it may not call.
pub(super) struct Need {
    pub(super) delegated: &'static [&'static str],
    pub(super) application: &'static [&'static str],
    pub(super) all: bool,
}

impl Need {
    pub(super) const fn of(delegated: &'static [&'static str], application: &'static [&'static str]) -> Self {
        Self { delegated, application, all: false }
    }

    pub(super) const fn any_of(permissions: &'static [&'static str]) -> Self {
        Self::of(permissions, permissions)
    }

    pub(super) const fn all_of(permissions: &'static [&'static str]) -> Self {
        Self { all: true, ..Self::any_of(permissions) }
    }

    /// Whether any caller will do.
    pub(super) fn is_open(&self) -> bool {
        self.delegated.is_empty() && self.application.is_empty()
    }
}

impl Route {
    pub(super) const fn new(
        method: Method,
        template: &'static str,
        versions: Versions,
        need: &'static Need,
        handle: Handler,
    ) -> Self {
        Self { method, template, versions, need, handle }
    }

    /// Whether it answers with one object alone.
    fn is_single(&self) -> bool {
        let ends = |words: &[&str]| words.iter().any(|word| self.template.ends_with(word));
        self.method == Method::GET
            && ends(&["/{}", "/windowsAutopilotSettings", "/deploymentProfile", "/intendedDeploymentProfile"])
    }

    fn is_in(&self, version: Version) -> bool {
        version == Version::Beta || self.versions == Versions::Both
    }

    /// The parameters of a path that fits, and how many of its segments are words of the template.
    fn matches<'a>(&self, segments: &'a [String]) -> Option<(Vec<&'a str>, usize)> {
        let mut parameters = Vec::new();
        let mut words = 0;
        let mut template = self.template.split('/').skip(1);
        for segment in segments {
            match template.next()? {
                "{}" => parameters.push(segment.as_str()),
                word if word.eq_ignore_ascii_case(segment) => words += 1,
                _ => return None,
            }
        }
        template.next().is_none().then_some((parameters, words))
    }

    /// Whether a path could go on to fit.
    fn starts_with(&self, segments: &[String]) -> bool {
        let mut template = self.template.split('/').skip(1);
        segments.iter().all(|segment| {
            template.next().is_some_and(|word| word == "{}" || word.eq_ignore_ascii_case(segment))
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
    let right = fitting().filter(|(route, ..)| route.method == request.method);
    let best = right.max_by_key(|(_, _, words)| *words);
    let Some((route, parameters, _)) = best else {
        let exchange = Exchange { state, request, version, parameters: Vec::new() };
        auth::authorize(&exchange, &Need::any_of(&[]))?;
        return Err(if fitting().next().is_some() {
            wrong_method(request)
        } else {
            no_segment(request, version)
        });
    };
    let mut exchange = Exchange { state, request, version, parameters };
    auth::authorize(&exchange, route.need)?;
    odata::check_options(request, route.is_single())?;
    (route.handle)(&mut exchange)
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
