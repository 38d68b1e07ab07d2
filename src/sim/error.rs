//! Error answers: Graph's own form, and Intune's, whose message is JSON text once more.

use std::borrow::Cow;

use http::StatusCode;

/// Where an error's message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it is.
    Plain,
    /// The same, and once more in `innerError`.
    Model,
    /// In JSON text with Intune's own error.
    Wrapped,
    /// That text in another one.
    WrappedTwice,
}

/// An answer that is an error.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    pub(super) message: Cow<'static, str>,
    /// How deep the message is hidden.
    pub(super) form: Form,
    pub(super) retry_after: Option<String>,
    /// The `WWW-Authenticate` of a 401.
    pub(super) challenge: Option<String>,
}

impl Failure {
    /// An error of Graph's gateway or of the directory.
    pub(super) fn plain(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            form: Form::Plain,
            retry_after: None,
            challenge: None,
        }
    }

    /// An error of Intune behind Graph.
    pub(super) fn intune(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { form: Form::Wrapped, ..Self::plain(status, code, message) }
    }

    /// Intune's refusal that says nothing of the reason.
    pub(super) fn bare() -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", "An error has occurred")
    }

    /// Intune's refusal with a reason.
    pub(super) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// A body that does not fit its type, as Intune says it.
    pub(super) fn model(message: impl Into<Cow<'static, str>>) -> Self {
        Self { form: Form::Model, ..Self::plain(StatusCode::BAD_REQUEST, "ModelValidationFailure", message) }
    }

    /// A bad request to the directory.
    pub(super) fn directory(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// A bad request as the gateway finds it.
    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Intune knows no such object.
    pub(super) fn intune_not_found(id: &str) -> Self {
        Self::intune(StatusCode::NOT_FOUND, "ResourceNotFound", format!("Resource '{id}' was not found"))
    }

    /// The directory knows no such object.
    pub(super) fn directory_not_found(id: &str) -> Self {
        Self::plain(
            StatusCode::NOT_FOUND,
            "Request_ResourceNotFound",
            format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    pub(super) fn too_many_requests(message: impl Into<Cow<'static, str>>) -> Self {
        Self::intune(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", message)
    }
}
