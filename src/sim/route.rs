//! A route: an operation with its handler, and the paths that fit it.

use http::Method;

use super::exchange::{Answer, Exchange};
use super::need::Need;
use super::template;
use crate::catalog::ApiVersion;
use crate::catalog::{OperationInfo, Permissions};

pub(super) type Handler = fn(&mut Exchange<'_>) -> Answer;

/// An operation and the handler that answers it.
pub(super) struct Route {
    pub(super) info: &'static OperationInfo,
    /// The operation's path, as the segments of a request show it.
    template: &'static str,
    pub(super) need: Need,
    pub(super) handle: Handler,
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
    pub(super) fn is_single(&self) -> bool {
        let ends = |words: &[&str]| words.iter().any(|word| self.template.ends_with(word));
        self.info.method == Method::GET
            && ends(&[
                "/me",
                "}",
                "/windowsAutopilotSettings",
                "/deploymentProfile",
                "/intendedDeploymentProfile",
            ])
    }

    /// Returns the media type of the answer; none if it has no body.
    pub(super) fn answers(&self) -> Option<&'static str> {
        match self.info.method {
            "DELETE" => None,
            _ if self.template.ends_with("/$count") => Some("text/plain"),
            _ => Some("application/json"),
        }
    }

    pub(super) fn is_in(&self, version: ApiVersion) -> bool {
        self.info.versions.contains(&version)
    }

    /// Returns the parameters of a path that fits, and how many of its segments are words of the template.
    pub(super) fn matches<'a>(&self, segments: &'a [String]) -> Option<(Vec<&'a str>, usize)> {
        template::parameters(self.template, segments)
    }

    /// Returns `true` if a path can be continued to fit.
    pub(super) fn starts_with(&self, segments: &[String]) -> bool {
        template::starts_with(self.template, segments)
    }
}
