//! Error answers: Graph's own form, and Intune's, whose message is JSON text once more.

use std::borrow::Cow;

use http::StatusCode;

/// The place of an error's message.
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
    /// The depth at which the message is hidden.
    pub(super) form: Form,
    pub(super) retry_after: Option<String>,
    /// The `WWW-Authenticate` of a 401.
    pub(super) challenge: Option<String>,
}

impl Failure {
    /// Creates an error of Graph's gateway or of the directory.
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

    /// Creates an error of Intune behind Graph.
    pub(super) fn intune(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { form: Form::Wrapped, ..Self::plain(status, code, message) }
    }

    /// Creates Intune's refusal that says nothing of the reason.
    pub(super) fn bare() -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", "An error has occurred")
    }

    /// Creates Intune's refusal with a reason.
    pub(super) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Creates the refusal of a body that does not fit its type, as Intune says it.
    pub(super) fn model(message: impl Into<Cow<'static, str>>) -> Self {
        Self { form: Form::Model, ..Self::plain(StatusCode::BAD_REQUEST, "ModelValidationFailure", message) }
    }

    /// Creates a bad request to the directory.
    pub(super) fn directory(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// Creates a bad request as the gateway finds it.
    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Creates the refusal of an object that Intune does not know.
    pub(super) fn intune_not_found(id: &str) -> Self {
        Self::intune(StatusCode::NOT_FOUND, "ResourceNotFound", format!("Resource '{id}' was not found"))
    }

    /// Creates the refusal of an object that the directory does not know.
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
