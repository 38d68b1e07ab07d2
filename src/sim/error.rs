//! Error answers: Graph's own form, and Intune's, whose message is JSON text.

use std::borrow::Cow;

use http::StatusCode;

/// The nesting of an error's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Plain.
    Plain,
    /// Plain, with a copy in `innerError`.
    Model,
    /// Inside JSON text in Intune's form.
    Wrapped,
    /// Inside JSON text in JSON text.
    WrappedTwice,
}

/// An error answer.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) code: Cow<'static, str>,
    pub(super) message: Cow<'static, str>,
    /// The nesting of the message.
    pub(super) form: Form,
    pub(super) retry_after: Option<String>,
    /// The `WWW-Authenticate` of a 401.
    pub(super) challenge: Option<String>,
}

impl Failure {
    /// Refuses a part of Graph that the simulated tenant does not have.
    pub(crate) fn not_simulated(message: String) -> Self {
        Self::plain(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
    }

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

    /// Creates Intune's refusal without a reason.
    pub(super) fn bare() -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", "An error has occurred")
    }

    /// Creates Intune's refusal with a reason.
    pub(super) fn refused(message: impl Into<Cow<'static, str>>) -> Self {
        Self::intune(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Creates Intune's refusal of a body that does not match its type.
    pub(super) fn model(message: impl Into<Cow<'static, str>>) -> Self {
        Self { form: Form::Model, ..Self::plain(StatusCode::BAD_REQUEST, "ModelValidationFailure", message) }
    }

    /// Creates a bad request to the directory.
    pub(super) fn directory(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "Request_BadRequest", message)
    }

    /// Creates a bad request of the gateway.
    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Creates Intune's refusal of an unknown object.
    pub(super) fn intune_not_found(id: &str) -> Self {
        Self::intune(StatusCode::NOT_FOUND, "ResourceNotFound", format!("Resource '{id}' was not found"))
    }

    /// Creates the directory's refusal of an unknown object.
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
