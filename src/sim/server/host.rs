//! The names of a server, and the part that each serves.

use std::net::IpAddr;

const GRAPH: [&str; 4] = [
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
];
const SIGN_IN: [&str; 5] = [
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
];

/// The part of the tenant that a host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    /// Everything: a loopback address or one of the server's names.
    All,
    /// Microsoft Graph, through the proxy.
    Graph,
    /// Sign-in, through the proxy.
    SignIn,
}

/// The names of a server.
#[derive(Debug)]
pub(super) struct Hosts {
    names: Vec<String>,
    proxy: bool,
}

impl Hosts {
    pub(super) fn new(names: Vec<String>, proxy: bool) -> Self {
        Self { names, proxy }
    }

    /// Returns the names and addresses for the certificate.
    pub(super) fn certified_names(&self) -> Vec<String> {
        let own = ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned);
        let microsoft = GRAPH.iter().chain(&SIGN_IN).filter(|_| self.proxy).map(|name| (*name).to_owned());
        own.chain(self.names.iter().cloned()).chain(microsoft).collect()
    }

    /// Returns the part that a host serves, given as `name`, `name:port` or `[address]:port`; `None` for a foreign
    /// name.
    pub(super) fn realm(&self, authority: &str) -> Option<Realm> {
        let (host, port) = split(authority)?;
        let is = |name: &&'static str| host.eq_ignore_ascii_case(name);
        if host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()) {
            return Some(Realm::All);
        }
        if self.names.iter().any(|name| host.eq_ignore_ascii_case(name)) {
            return Some(Realm::All);
        }
        if !self.proxy || port.is_some_and(|port| port != 443) {
            return None;
        }
        let graph = GRAPH.iter().any(is).then_some(Realm::Graph);
        graph.or_else(|| SIGN_IN.iter().any(is).then_some(Realm::SignIn))
    }
}

/// Splits an authority into host and port. The brackets of an IPv6 address are removed.
pub(super) fn split(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let valid = !host.is_empty() && !host.contains(['/', '@', '\\', ' ', '?', '#']);
    let port = port.map(|port| port.parse::<u16>().ok()).map_or(Some(None), |port| port.map(Some))?;
    valid.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_serves_its_part_and_other_names_serve_nothing() {
        let served = Hosts::new(vec!["sim.test".to_owned()], true);
        let plain = Hosts::new(Vec::new(), false);
        for (authority, with_proxy, without) in [
            ("localhost", Some(Realm::All), Some(Realm::All)),
            ("LOCALHOST:8080", Some(Realm::All), Some(Realm::All)),
            ("127.0.0.1:1", Some(Realm::All), Some(Realm::All)),
            ("127.8.9.1", Some(Realm::All), Some(Realm::All)),
            ("[::1]:8443", Some(Realm::All), Some(Realm::All)),
            ("Sim.Test:99", Some(Realm::All), None),
            ("graph.microsoft.com", Some(Realm::Graph), None),
            ("graph.microsoft.com:443", Some(Realm::Graph), None),
            ("graph.microsoft.com:80", None, None),
            ("login.microsoftonline.us", Some(Realm::SignIn), None),
            ("localhost.evil.example", None, None),
            ("evil.example", None, None),
            ("127.0.0.1.evil.example:8080", None, None),
            ("user@localhost", None, None),
            ("localhost:port", None, None),
            ("localhost:", None, None),
            ("[::1", None, None),
            ("", None, None),
        ] {
            assert_eq!(
                (served.realm(authority), plain.realm(authority)),
                (with_proxy, without),
                "{authority}"
            );
        }
    }
}
