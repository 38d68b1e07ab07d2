//! Conversion of reqwest errors to transport errors.

use std::error::Error as StdError;
use std::io;

use crate::transport::{ConnectFailure, TransportError, TransportErrorKind};

/// Returns the error for a request that this transport does not send.
pub(super) fn refused(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::NotAllowed, message)
}

/// Returns the error for an exchange that failed before the response began. `proxy` is the proxy in use, if any.
pub(super) fn send_error(host: &str, proxy: &str, error: &reqwest::Error) -> TransportError {
    // Connect first: a connection that timed out carried no request.
    let (kind, what) = match () {
        () if error.is_connect() => return no_connection(host, proxy, error),
        () if error.is_timeout() => (TransportErrorKind::Timeout, "no response in time"),
        () if error.is_builder() => (TransportErrorKind::NotAllowed, "the request is invalid"),
        () if was_not_processed(error) => {
            (TransportErrorKind::NotProcessed, "the server did not process the request")
        }
        () => (TransportErrorKind::Interrupted, "the connection was lost before the response"),
    };
    TransportError::new(kind, format!("{host}: {what}: {}", describe(error)))
}

/// Returns the error for an exchange that made no progress within the read timeout.
pub(super) fn timed_out(host: &str, what: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, format!("{host}: {what} did not arrive in time"))
}

/// Returns `true` if the server said in HTTP/2 that it did not process the request: it refused the stream, or sent
/// `GOAWAY` with an earlier stream as the last processed one.
fn was_not_processed(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

/// Returns the error for a request that was never sent.
fn no_connection(host: &str, proxy: &str, error: &reqwest::Error) -> TransportError {
    // reqwest's tunnel error is private: only its text identifies it.
    let tunnel =
        causes(error).find_map(|cause| cause.to_string().strip_prefix("tunnel error: ").map(str::to_owned));
    let (what, failure) = match tunnel.as_deref() {
        Some("proxy authorization required") => (
            format!(
                "the proxy {proxy} requires a user name and a password, or refuses the given ones (407): write its \
                 address as http://user:password@host:port"
            ),
            Some(ConnectFailure::ProxyAuthentication),
        ),
        Some("unsuccessful") => (
            format!(
                "the proxy {proxy} refused to connect to the server (CONNECT): ask its administrator to allow the \
                 server, or use another proxy"
            ),
            Some(ConnectFailure::ProxyRefused),
        ),
        Some(_) => (format!("no connection through the proxy {proxy}: {}", describe(error)), None),
        None => {
            match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()).and_then(tls_problem)
            {
                Some(problem) => (format!("no connection: {problem}"), Some(ConnectFailure::Tls)),
                None if error.is_timeout() => (format!("no connection in time: {}", describe(error)), None),
                None => (format!("no connection: {}", describe(error)), None),
            }
        }
    };
    let named = TransportError::new(TransportErrorKind::Connect, format!("{host}: {what}"));
    match failure {
        Some(failure) => named.with_connect_failure(failure),
        None => named,
    }
}

/// Describes a TLS failure, offered and expected, if a handshake with the same parameters fails again.
fn tls_problem(error: &rustls::Error) -> Option<String> {
    use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error};
    let problem = match error {
        // Revocation is checked at another server, which may respond next time.
        Error::InvalidCertificate(Certificate::UnknownRevocationStatus) => return None,
        Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the server's certificate comes from an issuer that neither this system nor the transport trusts: if a \
             proxy intercepts TLS, add the certificate of its authority to the \
             transport with `with_root_certificate`"
                .to_owned()
        }
        Error::InvalidCertificate(Certificate::NotValidForNameContext { expected, presented }) => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            format!("the server's certificate is for {names}, not for {}", expected.to_str())
        }
        Error::InvalidCertificate(problem) => {
            format!("the server's certificate is not valid: {problem}")
        }
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            Alert::ProtocolVersion
            | Alert::HandshakeFailure
            | Alert::InsufficientSecurity
            | Alert::InappropriateFallback
            | Alert::NoApplicationProtocol,
        ) => format!(
            "the client offers TLS 1.2 and TLS 1.3 with modern ciphers, and the server accepts neither: {error}"
        ),
        Error::AlertReceived(Alert::CertificateRequired | Alert::UnrecognisedName | Alert::AccessDenied) => {
            format!("the server refuses this client: {error}")
        }
        _ => return None,
    };
    Some(problem)
}

/// Returns `example.com` from `DnsName("example.com")`.
fn bare_name(presented: &str) -> &str {
    presented.split_once("(\"").and_then(|(_, name)| name.strip_suffix("\")")).unwrap_or(presented)
}

/// Returns the error for an exchange that failed in the body of the response.
pub(super) fn body_error(host: &str, error: &reqwest::Error) -> TransportError {
    let (kind, what) = match error.is_timeout() {
        true => (TransportErrorKind::Timeout, "the response body did not arrive in time"),
        false => (TransportErrorKind::Interrupted, "the connection was lost in the response body"),
    };
    TransportError::new(kind, format!("{host}: {what}: {}", describe(error)))
}

/// Returns the causes of `error`, outermost first and without repetition. Addresses and their parameters are left out.
pub(super) fn describe(error: &reqwest::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        // reqwest's own text contains the address, and adds nothing to the kind.
        if cause.is::<reqwest::Error>() {
            continue;
        }
        let text = cause.to_string();
        if !said.iter().any(|said| said.contains(&text)) {
            said.push(text);
        }
    }
    if said.is_empty() { "unknown reason".to_owned() } else { said.join(": ") }
}

/// Returns `error` and its causes. An I/O error hides the error inside it from `source`, so that one is included.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
    .take(16)
}
