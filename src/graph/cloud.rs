//! Microsoft's clouds, each with its own hosts for Graph and sign-in.

use crate::error::{Error, ErrorKind, Result};

/// A Microsoft cloud. It determines both the sign-in host and the Graph host, so a token for one cloud is never sent to
/// another.
///
/// ```
/// use windows_autopilot::Cloud;
/// assert_eq!(Cloud::UsGovernmentL4.graph(), "https://graph.microsoft.us");
/// assert_eq!(Cloud::default(), Cloud::Worldwide);
/// ```
///
/// Hosts: [national cloud deployments](https://learn.microsoft.com/en-us/graph/deployments). Microsoft does not
/// document whether every national cloud has all the beta types that a hybrid join needs; a path that a cloud lacks
/// returns 400.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Cloud {
    /// The worldwide service.
    #[default]
    Worldwide,
    /// Microsoft Cloud for US Government, L4 (GCC High).
    UsGovernmentL4,
    /// Microsoft Cloud for US Government, L5 (DoD).
    UsGovernmentL5,
    /// The cloud in China, operated by 21Vianet.
    China,
    /// Other hosts, such as a test server. Created by [`Cloud::custom`].
    Custom(CustomCloud),
}

/// The validated Graph and sign-in hosts of a test server, a gateway or a new cloud. Created by [`Cloud::custom`].
///
/// ```
/// use windows_autopilot::Cloud;
/// let cloud = Cloud::custom("https://graph.contoso.test", "https://login.contoso.test")?;
/// let Cloud::Custom(hosts) = &cloud else { unreachable!() };
/// assert_eq!(hosts.graph(), "https://graph.contoso.test");
/// assert_eq!(cloud.scope(), "https://graph.contoso.test/.default");
/// # Ok::<(), windows_autopilot::Error>(())
/// ```
///
/// The client follows links only to this Graph host, and sends secrets only to this sign-in host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CustomCloud {
    graph: String,
    login: String,
}

impl CustomCloud {
    /// Returns the address of Graph, without a trailing slash.
    pub fn graph(&self) -> &str {
        &self.graph
    }

    /// Returns the sign-in address, without a trailing slash.
    pub fn login(&self) -> &str {
        &self.login
    }
}

impl Cloud {
    /// Creates a cloud with custom hosts: `graph` and `login` are `https://host[:port]`, or `http://` on a loopback
    /// address.
    ///
    /// ```
    /// use windows_autopilot::Cloud;
    /// assert!(Cloud::custom("http://127.0.0.1:8080", "http://127.0.0.1:8080").is_ok());
    /// assert!(Cloud::custom("http://graph.example", "https://login.example").is_err());
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if `graph` or `login` has any other form.
    pub fn custom(graph: &str, login: &str) -> Result<Self> {
        Ok(Self::Custom(CustomCloud { graph: origin(graph)?, login: origin(login)? }))
    }

    /// Returns the address of Graph, without a trailing slash.
    pub fn graph(&self) -> &str {
        match self {
            Self::Worldwide => "https://graph.microsoft.com",
            Self::UsGovernmentL4 => "https://graph.microsoft.us",
            Self::UsGovernmentL5 => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
            Self::Custom(custom) => &custom.graph,
        }
    }

    /// Returns the sign-in address, without a trailing slash.
    pub fn login(&self) -> &str {
        match self {
            Self::Worldwide => "https://login.microsoftonline.com",
            Self::UsGovernmentL4 | Self::UsGovernmentL5 => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
            Self::Custom(custom) => &custom.login,
        }
    }

    /// Returns the scope that covers all permissions granted to an app in this cloud's Graph.
    pub fn scope(&self) -> String {
        format!("{}/.default", self.graph())
    }
}

/// Returns `text` as `scheme://authority` if it has no other parts and a token may be sent to it.
fn origin(text: &str) -> Result<String> {
    let refuse = |problem: &str| {
        let message =
            format!("cloud host {text:?} {problem}; write https://host, or http:// on a loopback address");
        Err(Error::new(ErrorKind::Configuration, message))
    };
    let Ok(uri) = text.trim_end_matches('/').parse::<http::Uri>() else { return refuse("is not an address") };
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return refuse("is not an absolute address");
    };
    if authority.as_str().contains('@') {
        return refuse("names a user");
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return refuse("has a path");
    }
    let host = authority.host().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if scheme != "https" && !(scheme == "http" && loopback) {
        return refuse("is not https");
    }
    Ok(format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_https_hosts_and_loopback_are_accepted() {
        for (text, want) in [
            ("https://graph.example", Some("https://graph.example")),
            ("https://graph.example:8443/", Some("https://graph.example:8443")),
            ("http://localhost:1", Some("http://localhost:1")),
            ("http://[::1]:1", Some("http://[::1]:1")),
            ("http://127.0.0.2", Some("http://127.0.0.2")),
            ("http://graph.example", None),
            ("http://127.0.0.1.evil.example", None),
            ("https://user@graph.example", None),
            ("https://graph.example/v1.0", None),
            ("https://graph.example?x=1", None),
            ("graph.example", None),
            ("", None),
            ("ftp://localhost", None),
        ] {
            assert_eq!(origin(text).ok().as_deref(), want, "{text}");
        }
    }

    #[test]
    fn no_two_clouds_share_a_graph_host() {
        let clouds = [Cloud::Worldwide, Cloud::UsGovernmentL4, Cloud::UsGovernmentL5, Cloud::China];
        for (i, cloud) in clouds.iter().enumerate() {
            assert!(clouds.iter().skip(i + 1).all(|other| other.graph() != cloud.graph()));
            assert_eq!(cloud.scope(), format!("{}/.default", cloud.graph()));
        }
    }
}
