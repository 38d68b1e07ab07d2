//! A route: an operation with its handler and its paths.

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
    /// The operation's path, in the segments of a request.
    template: &'static str,
    pub(super) need: Need,
    pub(super) handle: Handler,
}

impl Route {
    /// Creates a route that requires any of the catalog's permissions.
    pub(super) const fn new(info: &'static OperationInfo, handle: Handler) -> Self {
        Self { info, template: info.path, need: Need::any_of(&info.permissions), handle }
    }

    /// Sets the path if requests are split differently.
    pub(super) const fn at(self, template: &'static str) -> Self {
        Self { template, ..self }
    }

    /// Requires any of other permissions.
    pub(super) const fn needing(self, permissions: &Permissions) -> Self {
        Self { need: Need::any_of(permissions), ..self }
    }

    /// Requires all permissions together.
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

    /// Returns the media type of the answer; `None` without a body.
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

    /// Returns the parameters of a matching path, and the number of its literal segments.
    pub(super) fn matches<'a>(&self, segments: &'a [String]) -> Option<(Vec<&'a str>, usize)> {
        template::parameters(self.template, segments)
    }

    /// Returns `true` if a path is the start of a matching one.
    pub(super) fn starts_with(&self, segments: &[String]) -> bool {
        template::starts_with(self.template, segments)
    }
}
