//! The address of a domain controller.

use std::fmt;
use std::str::FromStr;

use crate::ad::directory::DirectoryError;
use crate::model::InvalidValue;

/// The address of a domain controller and its TLS mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Server {
    starts_plain: bool,
    host: String,
    port: u16,
}

impl Server {
    /// Returns `true` if the connection begins in plain text and upgrades to TLS.
    pub(super) fn starts_plain(&self) -> bool {
        self.starts_plain
    }

    /// Adds a hint about the port to a connection error: each of Active Directory's ports speaks one protocol.
    pub(super) fn explain(&self, error: DirectoryError) -> DirectoryError {
        let Self { starts_plain, host, port } = self;
        match (starts_plain, port) {
            (false, 389 | 3268) => error.with_remedy(format!(
                "port {port} begins in plain text: write ldap://{host}:{port} for StartTLS, or ldaps://{host}"
            )),
            (true, 636 | 3269) => error.with_remedy(format!(
                "port {port} begins with TLS: write ldaps://{host}:{port}, or ldap://{host} for StartTLS"
            )),
            _ => error,
        }
    }

    pub(super) fn url(&self) -> String {
        let scheme = if self.starts_plain { "ldap" } else { "ldaps" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for Server {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem: &'static str| {
            let remedy = "write ldaps://dc1.corp.example, or ldap://dc1.corp.example for StartTLS";
            InvalidValue::new("address of a domain controller", problem, remedy)
        };
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| invalid("has no ldaps:// before the name"))?;
        let (starts_plain, standard_port) = match scheme.to_ascii_lowercase().as_str() {
            "ldaps" => (false, 636),
            "ldap" => (true, 389),
            _ => return Err(invalid("is neither ldaps:// nor ldap://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.starts_with('[') || rest.matches(':').count() > 1 {
            return Err(invalid("has an IPv6 address, and certificates are for names"));
        }
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (host, port.ok_or_else(|| invalid("has something other than a port after the name"))?)
            }
            None => (rest, standard_port),
        };
        let is_name = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if !host.strip_suffix('.').unwrap_or(host).split('.').all(is_name) {
            return Err(invalid("has something other than a host's name or an IPv4 address"));
        }
        Ok(Self { starts_plain, host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_tell_how_tls_begins() {
        for (text, url) in [
            ("ldaps://dc1.corp.example", "ldaps://dc1.corp.example:636"),
            ("LDAPS://127.0.0.10:1636/", "ldaps://127.0.0.10:1636"),
            ("ldap://dc_1", "ldap://dc_1:389"),
        ] {
            assert_eq!(text.parse::<Server>().unwrap().url(), url);
        }
        assert!("ldap://dc1".parse::<Server>().unwrap().starts_plain());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        const SCHEME: &str = "is neither ldaps:// nor ldap://";
        const NAME: &str = "has something other than a host's name or an IPv4 address";
        const PORT: &str = "has something other than a port after the name";
        const IPV6: &str = "has an IPv6 address, and certificates are for names";
        for (text, problem) in [
            ("dc1.corp.example", "has no ldaps:// before the name"),
            ("http://dc1", SCHEME),
            ("ldapi://%2frun", SCHEME),
            ("ldaps://", NAME),
            ("ldaps://:636", NAME),
            ("ldaps://dc1:0", PORT),
            ("ldaps://dc1:x", PORT),
            ("ldaps://user@dc1", NAME),
            ("ldaps://dc1/DC=x", NAME),
            ("ldaps://dc1?x", NAME),
            ("ldaps://[::1]", IPV6),
            ("ldaps://[::1]:636", IPV6),
            ("ldaps://::1", IPV6),
            ("ldaps://dc1..x", NAME),
            ("ldaps://dc1 ", NAME),
        ] {
            assert_eq!(text.parse::<Server>().unwrap_err().problem(), problem, "{text}");
        }
    }

    #[test]
    fn an_address_of_ipv6_and_a_port_of_the_other_way_are_explained() {
        let error = "ldaps://[fe80::1]:636".parse::<Server>().unwrap_err().to_string();
        assert!(error.contains("IPv6 address") && error.contains("ldaps://dc1.corp.example"), "{error}");
        for (text, remedy) in [
            ("ldaps://dc1:389", "write ldap://dc1:389 for StartTLS, or ldaps://dc1"),
            ("ldap://dc1:636", "write ldaps://dc1:636, or ldap://dc1 for StartTLS"),
            ("ldaps://dc1:637", "check the server's name, its port"),
        ] {
            let error = DirectoryError::new(crate::ad::directory::DirectoryErrorKind::Unreachable, "x");
            let explained = text.parse::<Server>().unwrap().explain(error).to_string();
            assert!(explained.contains(remedy), "{explained}");
        }
    }
}
