//! Errors of failed exchanges, made of the HTTP client's errors.

use std::error::Error as StdError;
use std::io;

use crate::transport::{ConnectFailure, TransportError, TransportErrorKind};

/// The error for a request that this transport does not send.
pub(super) fn refused(message: impl Into<String>) -> TransportError {
    TransportError::new(TransportErrorKind::NotAllowed, message)
}

/// The error for an exchange that broke off before the answer began. `proxy` is the one on the way, if there is one.
pub(super) fn during_send(host: &str, proxy: &str, error: &reqwest::Error) -> TransportError {
    // Connecting comes first: a connection that took too long carried no request.
    let (kind, what) = match () {
        () if error.is_connect() => return no_connection(host, proxy, error),
        () if error.is_timeout() => (TransportErrorKind::Timeout, "no answer in time"),
        () if error.is_builder() => (TransportErrorKind::NotAllowed, "the request cannot be sent"),
        () if was_not_processed(error) => {
            (TransportErrorKind::NotProcessed, "the server did not process the request")
        }
        () => (TransportErrorKind::Interrupted, "the connection broke before an answer came"),
    };
    TransportError::new(kind, format!("{host}: {what}: {}", describe(error)))
}

/// The error for an exchange in which nothing moved for too long.
pub(super) fn silent(host: &str, what: &str) -> TransportError {
    TransportError::new(TransportErrorKind::Timeout, format!("{host}: {what} did not come in time"))
}

/// Returns `true` if the server said in HTTP/2 that it did not process the request: it refused the stream, or went away and
/// named an earlier stream as the last that it processed.
fn was_not_processed(error: &reqwest::Error) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref::<h2::Error>()).any(|error| {
        let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
        error.is_remote() && (refused || error.is_go_away())
    })
}

/// The error for a request that never left.
fn no_connection(host: &str, proxy: &str, error: &reqwest::Error) -> TransportError {
    // The HTTP client's error of a tunnel is not public: its words tell it apart.
    let tunnel =
        causes(error).find_map(|cause| cause.to_string().strip_prefix("tunnel error: ").map(str::to_owned));
    let (what, failure) = match tunnel.as_deref() {
        Some("proxy authorization required") => (
            format!(
                "the proxy {proxy} demands a user name and a password, or refuses the given ones (407): write its \
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

/// Says what the server offered and what was wanted, if a handshake with the same parameters fails again.
fn tls_problem(error: &rustls::Error) -> Option<String> {
    use rustls::{AlertDescription as Alert, CertificateError as Certificate, Error};
    let problem = match error {
        // Whether it was revoked is asked of another server, which may answer next time.
        Error::InvalidCertificate(Certificate::UnknownRevocationStatus) => return None,
        Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the server's certificate comes from an issuer that is not trusted, and one that this system or the \
             transport trusts was wanted: if a proxy on the way opens TLS, give its authority's certificate to the \
             transport with `with_root_certificate`"
                .to_owned()
        }
        Error::InvalidCertificate(Certificate::NotValidForNameContext { expected, presented }) => {
            let names: Vec<&str> = presented.iter().map(|name| bare_name(name)).collect();
            let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            format!("the server's certificate is for {names}, and one for {} was wanted", expected.to_str())
        }
        Error::InvalidCertificate(problem) => {
            format!("the server's certificate is not valid, and a valid one was wanted: {problem}")
        }
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            Alert::ProtocolVersion
            | Alert::HandshakeFailure
            | Alert::InsufficientSecurity
            | Alert::InappropriateFallback
            | Alert::NoApplicationProtocol,
        ) => format!(
            "the server accepts none of what this client offers, TLS 1.2 and TLS 1.3 with modern ciphers: {error}"
        ),
        Error::AlertReceived(Alert::CertificateRequired | Alert::UnrecognisedName | Alert::AccessDenied) => {
            format!("the server refuses this client: {error}")
        }
        _ => return None,
    };
    Some(problem)
}

/// `example.com` of `DnsName("example.com")`.
fn bare_name(presented: &str) -> &str {
    presented.split_once("(\"").and_then(|(_, name)| name.strip_suffix("\")")).unwrap_or(presented)
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
