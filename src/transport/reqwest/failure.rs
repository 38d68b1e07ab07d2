//! What a failed exchange leaves open, told from the HTTP client's error.

use std::error::Error as StdError;
use std::io;

use crate::transport::{TransportError, TransportErrorKind};

/// The error for an exchange that broke off before the answer began.
pub(super) fn during_send(host: &str, error: &reqwest::Error) -> TransportError {
    // Connecting comes first: a connection that took too long carried no request.
    let (kind, what) = match () {
        () if error.is_connect() && error.is_timeout() => {
            (TransportErrorKind::Connect, "no connection in time")
        }
        () if error.is_connect() => (TransportErrorKind::Connect, "no connection"),
        () if error.is_timeout() => (TransportErrorKind::Timeout, "no answer in time"),
        () if error.is_builder() => (TransportErrorKind::NotAllowed, "the request cannot be sent"),
        () => (TransportErrorKind::Interrupted, "the connection broke before an answer came"),
    };
    let advice = if has_unknown_issuer(error) { UNKNOWN_ISSUER } else { "" };
    TransportError::new(kind, format!("{host}: {what}: {}{advice}", describe(error)))
}

/// The error for an exchange that broke off in the answer's body.
pub(super) fn during_answer(host: &str, error: &reqwest::Error) -> TransportError {
    let (kind, what) = match error.is_timeout() {
        true => (TransportErrorKind::Timeout, "the answer's body did not come in time"),
        false => (TransportErrorKind::Interrupted, "the connection broke in the answer's body"),
    };
    TransportError::new(kind, format!("{host}: {what}: {}", describe(error)))
}

/// The causes of `error`, outermost first, each said once. Addresses with their parameters are left out.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        // The client's own words name the address, and say no more than the kind does.
        if cause.is::<reqwest::Error>() {
            continue;
        }
        let text = cause.to_string();
        if !said.iter().any(|said| said.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { "no reason is known".to_owned() } else { said.join(": ") }
}

const UNKNOWN_ISSUER: &str = " (no trusted authority issued the server's certificate: if a proxy on the way opens TLS, \
give its authority's certificate to the transport with `with_root_certificate_pem`)";

fn has_unknown_issuer(error: &reqwest::Error) -> bool {
    use rustls::{CertificateError, Error};
    causes(error).any(|cause| {
        matches!(
            cause.downcast_ref::<Error>(),
            Some(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        )
    })
}

/// `error` and what caused it. An I/O error made of another error hides that one from `source`: it is followed too.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
    .take(16)
}
