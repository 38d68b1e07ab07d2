//! The connector's proxy: .NET's `system.net/defaultProxy` element.

use std::net::Ipv6Addr;

use super::xml::Element;
use super::{ConnectorConfig, ROOT, invalid};
use crate::model::InvalidValue;

/// The connector's proxy settings. They must be the same in both of the connector's configuration files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// No settings. The connector discovers a proxy through WPAD.
    #[default]
    Automatic,
    /// No proxy. The connector connects directly.
    Disabled,
    /// A fixed proxy server.
    Server(ProxyServer),
    /// Settings that this crate does not support, such as a script or an address with a user name. This variant cannot
    /// be set.
    Other,
}

/// A proxy server.
///
/// ```
/// use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile, Proxy, ProxyServer};
///
/// # let bytes = b"<configuration></configuration>";
/// let mut config = ConnectorConfig::parse(ConnectorFile::Service, bytes)?;
/// config.set_proxy(&Proxy::Server(ProxyServer::new("http://proxy.contoso.com:8080")))?;
/// println!("{}", String::from_utf8_lossy(&config.to_bytes()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyServer {
    /// The address: `http://host:port` or `host:port`. Microsoft's connector documentation uses the latter form,
    /// although the documentation of the `proxy` element calls the value a URI.
    pub address: String,
    /// Whether hosts without a dot in their name bypass the proxy.
    pub bypass_on_local: bool,
    /// Whether the system's proxy settings apply too.
    pub use_system_default: bool,
}

impl ProxyServer {
    /// Creates a proxy server with both flags set, as in Microsoft's example.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), bypass_on_local: true, use_system_default: true }
    }
}

impl ConnectorConfig {
    /// Returns the proxy settings.
    pub fn proxy(&self) -> Proxy {
        let mut elements = self.default_proxies();
        let Some((place, element)) = elements.next() else { return Proxy::Automatic };
        let has_nested = self.document.first_child(place, "defaultProxy").is_some();
        if has_nested || elements.next().is_some() {
            return Proxy::Other;
        }
        if is(element, "enabled", "false") {
            return Proxy::Disabled;
        }
        let Some((_, proxy)) = self.document.children(place, Some("proxy")).next() else {
            return Proxy::Automatic;
        };
        match (proxy.attribute("proxyaddress"), proxy.attribute("scriptLocation")) {
            (None, None) => Proxy::Automatic,
            (Some(address), None) if !address.contains('@') => Proxy::Server(ProxyServer {
                address: address.to_owned(),
                bypass_on_local: is(proxy, "bypassonlocal", "true"),
                use_system_default: is(proxy, "usesystemdefault", "true"),
            }),
            _ => Proxy::Other,
        }
    }

    /// Sets the proxy settings. If they already match, the file is left unchanged.
    ///
    /// # Errors
    /// [`InvalidValue`] for [`Proxy::Other`], for an address that is invalid or contains a user name, and for a file
    /// with more than one `defaultProxy`.
    pub fn set_proxy(&mut self, proxy: &Proxy) -> Result<(), InvalidValue> {
        if self.proxy() == *proxy && *proxy != Proxy::Other {
            return Ok(());
        }
        let places: Vec<usize> = self.default_proxies().map(|(place, _)| place).collect();
        let (mut document, place) = match places[..] {
            [] => {
                let (document, group) = match self.document.first_child(ROOT, "system.net") {
                    Some(group) => (self.document.clone(), group),
                    None => self.document.with_child(ROOT, "system.net", &[])?,
                };
                document.with_child(group, "defaultProxy", &[])?
            }
            [place] => (self.document.clone(), place),
            _ => return Err(invalid("has more than one defaultProxy", "remove all but one by hand")),
        };
        while let Some(nested) = document.first_child(place, "defaultProxy") {
            document = document.without(nested)?;
        }
        match proxy {
            Proxy::Automatic => document = document.without(place)?,
            Proxy::Disabled => document = document.with_attribute(place, "enabled", "false")?,
            Proxy::Other => {
                return Err(invalid("cannot be set to another kind of proxy", "change the file by hand"));
            }
            Proxy::Server(server) if !is_address(&server.address) => {
                let remedy = "write it as http://proxy.corp.example:8080, without a user's name or a path";
                return Err(InvalidValue::new(
                    "proxy address",
                    "is not host:port or http://host:port",
                    remedy,
                ));
            }
            Proxy::Server(server) => {
                if document.get(place).is_some_and(|element| element.attribute("enabled").is_some()) {
                    document = document.with_attribute(place, "enabled", "true")?;
                }
                while let Some(other) = document.first_child(place, "proxy") {
                    document = document.without(other)?;
                }
                let word = |value| if value { "True" } else { "False" };
                let attributes = [
                    ("proxyaddress", server.address.as_str()),
                    ("bypassonlocal", word(server.bypass_on_local)),
                    ("usesystemdefault", word(server.use_system_default)),
                ];
                document = document.with_child(place, "proxy", &attributes)?.0;
            }
        }
        self.document = document;
        Ok(())
    }

    /// Returns every `system.net/defaultProxy`.
    pub(super) fn default_proxies(&self) -> impl Iterator<Item = (usize, &Element)> {
        let groups = self.document.children(ROOT, Some("system.net"));
        groups.flat_map(|(group, _)| self.document.children(group, Some("defaultProxy")))
    }
}

/// Returns `true` if an attribute has this value, ignoring case.
fn is(element: &Element, attribute: &str, value: &str) -> bool {
    element.attribute(attribute).is_some_and(|other| other.eq_ignore_ascii_case(value))
}

fn is_address(address: &str) -> bool {
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
    let (has_scheme, rest) = (rest.is_some(), rest.unwrap_or(address));
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let port_is_good = port.map_or(has_scheme, |port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let host_is_good = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c)),
    };
    port_is_good && host_is_good
}

#[cfg(test)]
mod tests {
    use super::super::ConnectorFile;
    use super::*;

    fn config(text: &str) -> ConnectorConfig {
        ConnectorConfig::parse(ConnectorFile::Service, text.as_bytes()).unwrap()
    }

    fn text(config: &ConnectorConfig) -> String {
        String::from_utf8(config.to_bytes()).unwrap()
    }

    fn server(address: &str, bypass_on_local: bool, use_system_default: bool) -> Proxy {
        Proxy::Server(ProxyServer { address: address.into(), bypass_on_local, use_system_default })
    }

    fn with_proxy(inner: &str) -> ConnectorConfig {
        config(&format!("<configuration><system.net>{inner}</system.net></configuration>"))
    }

    #[test]
    fn every_form_of_the_element_is_read() {
        for (inner, proxy) in [
            ("", Proxy::Automatic),
            ("<defaultProxy/>", Proxy::Automatic),
            (
                "<defaultProxy enabled='true'><proxy usesystemdefault='True'/></defaultProxy>",
                Proxy::Automatic,
            ),
            ("<defaultProxy enabled='False'/>", Proxy::Disabled),
            (
                "<defaultProxy enabled='false'><proxy proxyaddress='http://p:1'/></defaultProxy>",
                Proxy::Disabled,
            ),
            (
                "<defaultProxy><proxy proxyaddress='p:80' bypassonlocal='True' usesystemdefault='True'/></defaultProxy>",
                server("p:80", true, true),
            ),
            (
                "<defaultProxy><proxy proxyaddress='http://p:80'/></defaultProxy>",
                server("http://p:80", false, false),
            ),
            ("<defaultProxy><proxy scriptLocation='http://p/x.pac'/></defaultProxy>", Proxy::Other),
            ("<defaultProxy><proxy proxyaddress='http://u:secret@p:80'/></defaultProxy>", Proxy::Other),
            ("<defaultProxy><defaultProxy enabled='False'/></defaultProxy>", Proxy::Other),
            ("<defaultProxy/><defaultProxy/>", Proxy::Other),
        ] {
            assert_eq!(with_proxy(inner).proxy(), proxy, "{inner}");
        }
        assert_eq!(config("<configuration/>").proxy(), Proxy::Automatic);
    }

    #[test]
    fn a_proxy_is_set_in_its_place_and_nothing_else_changes() {
        let before = "<configuration>\r\n\t<!-- ours -->\r\n\t<appSettings/>\r\n</configuration>";
        let mut changed = config(before);
        changed.set_proxy(&server("http://p:8080", true, false)).unwrap();
        assert_eq!(
            text(&changed),
            "<configuration>\r\n\t<!-- ours -->\r\n\t<appSettings/>\r\n\t<system.net>\r\n\t\t<defaultProxy>\r\n\t\t\t\
             <proxy proxyaddress=\"http://p:8080\" bypassonlocal=\"True\" usesystemdefault=\"False\" />\r\n\t\t\
             </defaultProxy>\r\n\t</system.net>\r\n</configuration>",
        );
        assert_eq!(changed.proxy(), server("http://p:8080", true, false));
        changed.set_proxy(&Proxy::Disabled).unwrap();
        assert!(text(&changed).contains("<defaultProxy enabled=\"false\">"), "{}", text(&changed));
        changed.set_proxy(&Proxy::Automatic).unwrap();
        assert_eq!(
            text(&changed),
            "<configuration>\r\n\t<!-- ours -->\r\n\t<appSettings/>\r\n\t<system.net>\r\n\t</system.net>\r\n</configuration>",
        );
    }

    #[test]
    fn each_setting_follows_each_other() {
        let forms = [
            "",
            "<defaultProxy />",
            "<defaultProxy enabled='False'/>",
            "<defaultProxy useDefaultCredentials='true'><proxy proxyaddress='p:80'/><bypasslist/></defaultProxy>",
            "<defaultProxy><proxy scriptLocation='x' autoDetect='true'/></defaultProxy>",
            "<defaultProxy><defaultProxy enabled='False'/></defaultProxy>",
        ];
        for form in forms {
            for proxy in [
                Proxy::Automatic,
                Proxy::Disabled,
                server("p:80", true, true),
                server("http://q", false, true),
            ] {
                let mut changed = with_proxy(form);
                changed.set_proxy(&proxy).unwrap();
                assert_eq!(changed.proxy(), proxy, "{form}");
                let once = changed.clone();
                changed.set_proxy(&proxy).unwrap();
                assert_eq!(changed, once, "{form}");
            }
        }
        let mut kept = with_proxy(forms[3]);
        kept.set_proxy(&server("q:81", true, true)).unwrap();
        assert!(
            text(&kept).contains("useDefaultCredentials='true'") && text(&kept).contains("<bypasslist/>")
        );
    }

    #[test]
    fn what_is_not_an_address_is_not_written() {
        for good in [
            "p:80",
            "http://p",
            "http://p:65535/",
            "https://proxy.corp.example:8080",
            "http://[::1]:80",
            "[::1]:80",
            "10.0.0.1:3128",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "p",
            "http://",
            ":80",
            "p:",
            "p:0",
            "p:65536",
            "p:+80",
            "http://u:x@p:80",
            "http://p/x",
            "p q:80",
            "ftp://p:80",
            "[::1]",
            "[x]:80",
            "http://p:80\"/>",
        ] {
            let mut config = with_proxy("");
            let before = config.clone();
            let error = config.set_proxy(&Proxy::Server(ProxyServer::new(bad))).unwrap_err();
            assert_eq!(error.problem(), "is not host:port or http://host:port", "{bad}");
            assert_eq!(config, before);
        }
        let error = with_proxy("").set_proxy(&Proxy::Other).unwrap_err();
        assert_eq!(error.problem(), "cannot be set to another kind of proxy");
        let error = with_proxy("<defaultProxy/><defaultProxy/>").set_proxy(&Proxy::Disabled).unwrap_err();
        assert_eq!(error.problem(), "has more than one defaultProxy");
    }
}
