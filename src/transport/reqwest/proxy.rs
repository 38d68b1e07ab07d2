//! The choice of the proxy: by the caller, by the environment, or none.

use std::env::{self, VarError};

use url::Url;

use crate::model::InvalidValue;

/// The caller's choice of a proxy.
#[derive(Clone)]
pub(super) enum ProxyChoice {
    System,
    None,
    Named(String),
}

/// The route to the servers.
pub(super) struct Route {
    pub(super) kind: RouteKind,
    /// The proxy's host and port, for messages.
    name: Option<String>,
}

pub(super) enum RouteKind {
    /// The proxy that reqwest finds in the environment or the system's settings, if there is one.
    System,
    Direct,
    Proxy(Box<reqwest::Proxy>),
}

impl Route {
    pub(super) fn direct() -> Self {
        Self { kind: RouteKind::Direct, name: None }
    }

    /// Creates the route for `choice`.
    ///
    /// # Errors
    /// [`InvalidValue`] if the address of a proxy is invalid: reqwest would ignore it and connect directly.
    pub(super) fn of(choice: &ProxyChoice) -> Result<Self, InvalidValue> {
        match choice {
            ProxyChoice::None => Ok(Self::direct()),
            ProxyChoice::Named(address) => {
                let url = read_proxy("proxy address", address)?;
                let name = host_and_port(&url);
                let unusable = |_| bad("proxy address", "is not usable");
                let proxy = Box::new(reqwest::Proxy::all(url).map_err(unusable)?);
                Ok(Self { kind: RouteKind::Proxy(proxy), name })
            }
            ProxyChoice::System => Self::system(env::var),
        }
    }

    /// Returns the route that the environment sets, with the variables read as reqwest does.
    fn system(variable: impl Fn(&'static str) -> Result<String, VarError>) -> Result<Self, InvalidValue> {
        let first = |names: [&'static str; 2]| {
            let set = names.into_iter().map(|name| (name, variable(name)));
            set.into_iter().find(|(_, value)| !matches!(value, Err(VarError::NotPresent)))
        };
        let excluded = first(["NO_PROXY", "no_proxy"]).and_then(|(_, hosts)| hosts.ok()).unwrap_or_default();
        if excluded.split(',').any(|host| host.trim() == "*") {
            return Ok(Self::direct());
        }
        // This variable marks a CGI program, where requests could set the others: reqwest then uses none.
        if !matches!(variable("REQUEST_METHOD"), Err(VarError::NotPresent)) {
            return Ok(Self { kind: RouteKind::System, name: None });
        }
        let is_set =
            |(_, value): &(_, Result<String, VarError>)| !matches!(value, Ok(value) if value.is_empty());
        let https = first(["HTTPS_PROXY", "https_proxy"]).filter(is_set);
        let Some((name, address)) = https.or_else(|| first(["ALL_PROXY", "all_proxy"]).filter(is_set)) else {
            return Ok(Self { kind: RouteKind::System, name: None });
        };
        let address = address.map_err(|_| bad(name, "is not Unicode"))?;
        let whole = if address.contains("://") { address } else { format!("http://{address}") };
        let url = read_proxy(name, &whole)?;
        Ok(Self { kind: RouteKind::System, name: host_and_port(&url) })
    }

    /// Returns the proxy, for messages.
    pub(super) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("of the system's settings")
    }
}

/// Returns host and port, without user information.
fn host_and_port(url: &Url) -> Option<String> {
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// Parses the address of a proxy. The address may contain a password, so no error repeats it.
fn read_proxy(subject: &'static str, address: &str) -> Result<Url, InvalidValue> {
    let url = Url::parse(address).map_err(|_| bad(subject, "is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(subject, "is neither http nor https"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(bad(subject, "has more than a host and a port"));
    }
    // A doubled `http://` turns the scheme into a host.
    if url.host_str().is_none_or(|host| matches!(host, "http" | "https")) {
        return Err(bad(subject, "has no host"));
    }
    Ok(url)
}

fn bad(subject: &'static str, problem: &'static str) -> InvalidValue {
    InvalidValue::new(subject, problem, "write it as http://host:port or https://host:port")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(variables: &[(&str, &str)]) -> Result<Route, InvalidValue> {
        Route::system(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    #[test]
    fn the_environments_proxy_is_named_without_its_password() {
        for (variables, name) in [
            (&[("HTTPS_PROXY", "http://u:canary-pw@proxy.contoso.com:8080")][..], "proxy.contoso.com:8080"),
            (&[("https_proxy", "proxy:3128")], "proxy:3128"),
            (&[("ALL_PROXY", "https://proxy")], "proxy:443"),
            (&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://all:1")], "all:1"),
            (&[("HTTP_PROXY", "://for plain http only")], "of the system's settings"),
            (&[("REQUEST_METHOD", "GET"), ("HTTPS_PROXY", "no address")], "of the system's settings"),
            (&[], "of the system's settings"),
        ] {
            let route = route(variables).unwrap_or_else(|error| panic!("{variables:?}: {error}"));
            assert_eq!(route.name(), name, "{variables:?}");
            assert!(matches!(route.kind, RouteKind::System));
        }
    }

    #[test]
    fn an_invalid_proxy_in_the_environment_is_an_error() {
        for (name, address) in [
            ("HTTPS_PROXY", "http://"),
            ("https_proxy", "http:// canary-pw:1"),
            ("ALL_PROXY", "socks5://canary-pw:1080"),
            ("all_proxy", "http://canary-pw:port"),
            ("HTTPS_PROXY", "http://http://canary-pw:8080"),
        ] {
            let error = route(&[(name, address)]).err().unwrap_or_else(|| panic!("{address}"));
            assert_eq!(error.subject(), name);
            assert!(!format!("{error} {error:?}").contains("canary-pw"), "{error}");
        }
    }

    #[test]
    fn no_proxy_of_a_star_disables_all_proxies() {
        for (name, value) in [("NO_PROXY", "*"), ("no_proxy", "localhost, *")] {
            let route = route(&[(name, value), ("HTTPS_PROXY", "no address")]).unwrap();
            assert!(matches!(route.kind, RouteKind::Direct), "{value}");
        }
    }
}
