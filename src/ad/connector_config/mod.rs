//! The two configuration files of the Intune Connector: reading, checking and writing them. Unchanged parts are
//! preserved byte for byte.
//!
//! ```
//! use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
//! let file = b"<configuration>\n  <appSettings>\n  </appSettings>\n</configuration>\n";
//! let mut config = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, file)?;
//! config.set_organizational_units(&["OU=Autopilot,DC=corp,DC=example".parse()?])?;
//! assert_eq!(
//!     String::from_utf8(config.to_bytes()).unwrap(),
//!     "<configuration>\n  <appSettings>\n    \
//!      <add key=\"OrganizationalUnitsUsedForOfflineDomainJoin\" value=\"OU=Autopilot,DC=corp,DC=example\" />\n  \
//!      </appSettings>\n</configuration>\n",
//! );
//! # Ok::<(), windows_autopilot::model::InvalidValue>(())
//! ```
//!
//! A change to the units takes effect when an administrator who is permitted to change the units' permissions clicks
//! *Configure Managed Service Account* in the wizard. A change to the proxy takes effect when the `Intune ODJConnector
//! Service` service is restarted.

mod check;
pub mod findings;
mod proxy;
mod xml;

use std::fmt;

pub use self::check::compare_connector_configs;
pub use self::proxy::{Proxy, ProxyServer};
use self::xml::{Document, Element};
use crate::ad::dn;
#[cfg(feature = "ad")]
use crate::ad::principal::Principal;
use crate::model::{InvalidValue, OrganizationalUnit};

/// The key for the units in which the connector may create computer accounts.
const UNITS: &str = "OrganizationalUnitsUsedForOfflineDomainJoin";
/// The key for a managed service account of the administrator's own.
const ACCOUNT: &str = "TenantConfiguredManagedServiceAccount";
/// The key that stops the wizard from changing the units' permissions.
const DISABLE_OU_UPDATES: &str = "DisableOUUpdates";

/// One of the connector's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectorFile {
    /// The enrollment wizard's file. The wizard signs in and sets permissions.
    EnrollmentWizard,
    /// The service's file. The service handles requests.
    Service,
}

impl ConnectorFile {
    /// Returns the file's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::EnrollmentWizard => "ODJConnectorEnrollmentWizard.exe.config",
            Self::Service => "ODJConnectorSvc.exe.config",
        }
    }

    /// Returns the path where the connector's installer puts the file.
    pub fn default_path(self) -> &'static str {
        match self {
            Self::EnrollmentWizard => {
                r"C:\Program Files\Microsoft Intune\ODJConnector\ODJConnectorEnrollmentWizard\ODJConnectorEnrollmentWizard.exe.config"
            }
            Self::Service => {
                r"C:\Program Files\Microsoft Intune\ODJConnector\ODJConnectorSvc\ODJConnectorSvc.exe.config"
            }
        }
    }
}

impl fmt::Display for ConnectorFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of the connector's configuration files. `Debug` output omits its contents.
///
/// ```
/// use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
///
/// # let bytes = b"<configuration></configuration>";
/// let config = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, bytes)?; // read from `default_path`
/// for finding in config.lint() {
///     println!("{finding}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectorConfig {
    file: ConnectorFile,
    document: Document,
}

/// The root of a document.
const ROOT: usize = 0;

impl ConnectorConfig {
    /// Parses a file.
    ///
    /// # Errors
    /// [`InvalidValue`] if the file is not well-formed XML 1.0 in UTF-8, contains a document type declaration or a
    /// custom entity (neither is ever processed), exceeds 256 KiB, or has a root element other than `configuration`. The
    /// error's position is counted in characters.
    pub fn parse(file: ConnectorFile, bytes: &[u8]) -> Result<Self, InvalidValue> {
        let document = Document::parse(bytes)?;
        if document.get(ROOT).is_none_or(|root| root.name != "configuration") {
            return Err(invalid(
                "has a root element other than configuration",
                "give the connector's own file",
            ));
        }
        Ok(Self { file, document })
    }

    /// Returns the bytes of the file: the original bytes, except where settings were changed.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.document.to_bytes()
    }

    /// Returns which file this is.
    pub fn file(&self) -> ConnectorFile {
        self.file
    }

    /// Returns the value of a key in `appSettings`, with references resolved. Keys are case-insensitive.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let mut value = None;
        for (_, element) in self.section()?.1 {
            match (element.name.as_str(), element.attribute("key")) {
                ("add", Some(other)) if same_key(other, key) => value = element.attribute("value"),
                ("remove", Some(other)) if same_key(other, key) => value = None,
                ("clear", _) => value = None,
                _ => {}
            }
        }
        value
    }

    /// Sets the value of a key in `appSettings`; adds the key and the section if they are missing.
    ///
    /// ```
    /// use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
    ///
    /// # let bytes = b"<configuration><appSettings></appSettings></configuration>";
    /// let mut config = ConnectorConfig::parse(ConnectorFile::Service, bytes)?;
    /// config.set_setting("Timeout", "30")?;
    /// assert_eq!(config.setting("Timeout"), Some("30"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidValue`] if the value contains a character that XML does not allow, or if it is unclear which value the
    /// connector would use: the key is repeated, a later `remove` or `clear` removes it, or the section is encrypted or
    /// in another file.
    pub fn set_setting(&mut self, key: &str, value: &str) -> Result<(), InvalidValue> {
        self.document = match self.position_of(key)? {
            KeyPosition::Entry(entry) => self.document.with_attribute(entry, "value", value)?,
            KeyPosition::Section(section) => {
                self.document.with_child(section, "add", &[("key", key), ("value", value)])?.0
            }
            KeyPosition::Nowhere => {
                let (document, section) = self.document.with_child(ROOT, "appSettings", &[])?;
                document.with_child(section, "add", &[("key", key), ("value", value)])?.0
            }
        };
        Ok(())
    }

    /// Removes a key from `appSettings`. Does nothing if the key is missing.
    ///
    /// # Errors
    /// Same as [`set_setting`](Self::set_setting).
    pub fn remove_setting(&mut self, key: &str) -> Result<(), InvalidValue> {
        if let KeyPosition::Entry(entry) = self.position_of(key)? {
            self.document = self.document.without(entry)?;
        }
        Ok(())
    }

    /// Returns the managed service account that the administrator configured (`TenantConfiguredManagedServiceAccount`);
    /// `None` if the connector creates one for itself. If the administrator configured one, the wizard does not change
    /// any permissions, whatever units the file lists.
    ///
    /// # Errors
    /// [`InvalidValue`] if the value is not an account name.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub fn managed_service_account(&self) -> Result<Option<Principal>, InvalidValue> {
        self.own_account().map(str::parse).transpose()
    }

    /// Returns the value of the own managed service account.
    fn own_account(&self) -> Option<&str> {
        let reads_it = self.file == ConnectorFile::EnrollmentWizard;
        self.setting(ACCOUNT).filter(|account| reads_it && !account.is_empty())
    }

    /// Returns the units in which the connector may create computer accounts, as written in the file. For an invalid
    /// unit, [`violation`](OrganizationalUnit::violation) says what is wrong.
    pub fn organizational_units(&self) -> Vec<OrganizationalUnit> {
        let items = self.setting(UNITS).unwrap_or_default().split(';').map(str::trim);
        items.filter(|item| !item.is_empty()).map(OrganizationalUnit::from_service).collect()
    }

    /// Sets the units in which the connector may create computer accounts. If `units` is empty, the key is kept with an
    /// empty value.
    ///
    /// The connector separates units by semicolons, so a semicolon in a name is escaped as `\3B`; the name still refers
    /// to the same unit. The connector may not understand the escape, so prefer units without a semicolon.
    ///
    /// # Errors
    /// [`InvalidValue`] if this is the connector service's file, which has no such key, or if `units` contains an
    /// invalid unit (Graph can return such values); otherwise, same as [`set_setting`](Self::set_setting).
    pub fn set_organizational_units(&mut self, units: &[OrganizationalUnit]) -> Result<(), InvalidValue> {
        if self.file != ConnectorFile::EnrollmentWizard {
            let remedy = "set the units in ODJConnectorEnrollmentWizard.exe.config";
            return Err(invalid("is the service's, which does not read the units", remedy));
        }
        if let Some(violation) = units.iter().find_map(OrganizationalUnit::violation) {
            return Err(violation);
        }
        let items: Vec<String> =
            units.iter().map(|unit| dn::with_codes(unit.as_str(), |c| c == ';')).collect();
        self.set_setting(UNITS, &items.join(";"))
    }

    /// Returns the first `appSettings` and its children.
    fn section(&self) -> Option<(usize, impl Iterator<Item = (usize, &Element)>)> {
        let (section, _) = self.document.children(ROOT, Some("appSettings")).next()?;
        Some((section, self.document.children(section, None)))
    }

    /// Returns the position of a key if the connector can find no other value for it.
    fn position_of(&self, key: &str) -> Result<KeyPosition, InvalidValue> {
        let remedy = "change the file by hand";
        if let Some(problem) = self.settings_elsewhere() {
            return Err(invalid(problem, remedy));
        }
        let Some((section, children)) = self.section() else { return Ok(KeyPosition::Nowhere) };
        let mut entries = Vec::new();
        let mut undone = false;
        for (place, element) in children {
            let is_it = element.attribute("key").is_some_and(|other| same_key(other, key));
            match element.name.as_str() {
                "add" if is_it => entries.push(place),
                "remove" => undone |= is_it && !entries.is_empty(),
                "clear" => undone |= !entries.is_empty(),
                _ => {}
            }
        }
        match entries[..] {
            [] => Ok(KeyPosition::Section(section)),
            [entry] if !undone => Ok(KeyPosition::Entry(entry)),
            _ => Err(invalid(format!("has the key {key} more than once, or removes it again"), remedy)),
        }
    }

    /// Returns the reason why other settings than this file's `appSettings` may be in effect.
    fn settings_elsewhere(&self) -> Option<String> {
        let mut sections = self.document.children(ROOT, Some("appSettings"));
        let (_, section) = sections.next()?;
        let attributes = ["configSource", "file", "configProtectionProvider"];
        match attributes.into_iter().find(|name| section.attribute(name).is_some()) {
            Some(name) => {
                Some(format!("has settings in another place: appSettings has the attribute {name}"))
            }
            None => sections.next().map(|_| "has more than one appSettings".to_owned()),
        }
    }
}

impl fmt::Debug for ConnectorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorConfig").field("file", &self.file).finish_non_exhaustive()
    }
}

enum KeyPosition {
    /// The `add` element of the key.
    Entry(usize),
    /// The `appSettings` to add the key to.
    Section(usize),
    /// Neither the key nor `appSettings`.
    Nowhere,
}

fn same_key(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

fn invalid(
    problem: impl Into<std::borrow::Cow<'static, str>>,
    remedy: impl Into<std::borrow::Cow<'static, str>>,
) -> InvalidValue {
    InvalidValue::new("configuration file", problem, remedy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file like the one in Microsoft's documentation, edited by hand: mixed quotes, tabs, comments, an entry in a
    /// comment.
    const EDITED: &str = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\" ?>\r\n\
<configuration>\r\n\
    <!-- <appSettings><add key=\"OrganizationalUnitsUsedForOfflineDomainJoin\" value=\"OU=no\"/></appSettings> -->\r\n\
    <startup>\r\n\
        <supportedRuntime sku='.NETFramework,Version=v4.7.2'   version=\"v4.0\"/>\r\n\
    </startup >\r\n\
    <appSettings>\r\n\
\t<add value='https://portal.manage.microsoft.com/Home/ClientLogon' key=\"SignInURL\"></add>\r\n\
\t<add key = \"OrganizationalUnitsUsedForOfflineDomainJoin\"\r\n\
\t\tvalue = 'OU=R&amp;D,DC=corp,DC=example' /> <!-- do not rename -->\r\n\
    </appSettings>\r\n\
\r\n\
</configuration>\r\n";

    fn wizard(text: &str) -> ConnectorConfig {
        ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, text.as_bytes()).unwrap()
    }

    fn text(config: &ConnectorConfig) -> String {
        String::from_utf8(config.to_bytes()).unwrap()
    }

    fn units(list: &[&str]) -> Vec<OrganizationalUnit> {
        list.iter().map(|unit| unit.parse().unwrap()).collect()
    }

    #[test]
    fn a_value_is_changed_and_every_other_byte_stays() {
        let mut config = wizard(EDITED);
        assert_eq!(text(&config), EDITED);
        assert_eq!(config.organizational_units(), units(&["OU=R&D,DC=corp,DC=example"]));
        let wanted = units(&["OU=it's \u{fc},DC=corp,DC=example", r"OU=a\;b\,c\<,DC=corp,DC=example"]);
        config.set_organizational_units(&wanted).unwrap();
        let value = r"OU=it&apos;s \u,DC=corp,DC=example;OU=a\3Bb\,c\&lt;,DC=corp,DC=example"
            .replace("\\u", "\u{fc}");
        assert_eq!(text(&config), EDITED.replace("OU=R&amp;D,DC=corp,DC=example", &value));
        let read = wizard(&text(&config)).organizational_units();
        assert!(read.len() == 2 && read.iter().zip(&wanted).all(|(a, b)| a.same_as(b)), "{read:?}");
    }

    #[test]
    fn a_key_is_added_on_a_line_of_its_own_and_removed_with_it() {
        let mut config = wizard(EDITED);
        config.set_setting(DISABLE_OU_UPDATES, "true").unwrap();
        let added = EDITED
            .replace(" <!-- do not", "\r\n\t<add key=\"DisableOUUpdates\" value=\"true\" /> <!-- do not");
        assert_eq!(text(&config), added);
        assert_eq!(config.setting("disableouupdates"), Some("true"));
        config.remove_setting(DISABLE_OU_UPDATES).unwrap();
        config.remove_setting(DISABLE_OU_UPDATES).unwrap();
        assert_eq!(text(&config), EDITED);
    }

    #[test]
    fn a_key_is_added_whatever_is_there_already() {
        let add = "<add key=\"k\" value=\"v\" />";
        for (before, after) in [
            ("<configuration/>", format!("<configuration><appSettings>{add}</appSettings></configuration>")),
            (
                "<configuration>\n</configuration>",
                format!("<configuration><appSettings>{add}</appSettings>\n</configuration>"),
            ),
            (
                "\n<configuration>\n</configuration>",
                format!(
                    "\n<configuration>\n    <appSettings>\n        {add}\n    </appSettings>\n</configuration>"
                ),
            ),
            (
                "<configuration>\n  <appSettings />\n</configuration>",
                format!("<configuration>\n  <appSettings>\n    {add}\n  </appSettings>\n</configuration>"),
            ),
            (
                "<configuration>\n  <appSettings a='1'></appSettings>\n</configuration>",
                format!(
                    "<configuration>\n  <appSettings a='1'>\n    {add}\n  </appSettings>\n</configuration>"
                ),
            ),
            (
                "<configuration>\n  <appSettings>\n    <!-- c -->\n\n  </appSettings>\n</configuration>",
                format!(
                    "<configuration>\n  <appSettings>\n    <!-- c -->\n    {add}\n\n  </appSettings>\n</configuration>"
                ),
            ),
            (
                "<configuration><appSettings><add key='a' value='b'/></appSettings></configuration>",
                format!(
                    "<configuration><appSettings><add key='a' value='b'/>{add}</appSettings></configuration>"
                ),
            ),
            (
                "<configuration><appSettings><add key='k'/></appSettings></configuration>",
                "<configuration><appSettings><add key='k' value=\"v\"/></appSettings></configuration>"
                    .to_owned(),
            ),
            (
                "<configuration><appSettings><add key='K' value='old'/></appSettings></configuration>",
                "<configuration><appSettings><add key='K' value='v'/></appSettings></configuration>"
                    .to_owned(),
            ),
        ] {
            let mut config = wizard(before);
            config.set_setting("k", "v").unwrap();
            assert_eq!(text(&config), after, "{before}");
            assert_eq!(config.setting("k"), Some("v"));
        }
    }

    #[test]
    fn settings_are_read_as_dotnet_reads_them() {
        let read = |inner: &str| {
            let config =
                wizard(&format!("<configuration><appSettings>{inner}</appSettings></configuration>"));
            config.setting("k").map(str::to_owned)
        };
        for (inner, value) in [
            ("", None),
            ("<add key='k' value='&lt;&#x41;&#65;&amp;\t\n'/>", Some("<AA&  ")),
            ("<add key='k' value='a'/><add key='K' value='b'/>", Some("b")),
            ("<add key='k' value='a'/><remove key='k'/>", None),
            ("<add key='k' value='a'/><clear/><add key='k' value='c'/>", Some("c")),
            ("<!-- <add key='k' value='a'/> --><x><add key='k' value='a'/></x>", None),
            ("<![CDATA[<add key='k' value='a'/>]]>", None),
        ] {
            assert_eq!(read(inner).as_deref(), value, "{inner}");
        }
    }

    #[test]
    fn where_it_is_not_certain_what_counts_nothing_is_written() {
        let elsewhere = |name| format!("has settings in another place: appSettings has the attribute {name}");
        let twice = || "has the key k more than once, or removes it again".to_owned();
        for (inner, problem) in [
            ("<appSettings file='other.config'/>", elsewhere("file")),
            ("<appSettings configSource='other.config'/>", elsewhere("configSource")),
            (
                "<appSettings configProtectionProvider='x'><EncryptedData/></appSettings>",
                elsewhere("configProtectionProvider"),
            ),
            ("<appSettings/><appSettings/>", "has more than one appSettings".to_owned()),
            ("<appSettings><add key='k' value='1'/><add key='k' value='2'/></appSettings>", twice()),
            ("<appSettings><add key='k' value='1'/><clear/></appSettings>", twice()),
            ("<appSettings><add key='k' value='1'/><remove key='k'/></appSettings>", twice()),
        ] {
            let mut config = wizard(&format!("<configuration>{inner}</configuration>"));
            let before = config.clone();
            assert_eq!(config.set_setting("k", "v").unwrap_err().problem(), problem, "{inner}");
            assert_eq!(config.remove_setting("k").unwrap_err().problem(), problem, "{inner}");
            assert_eq!(config, before);
        }
        let mut service = ConnectorConfig::parse(ConnectorFile::Service, b"<configuration/>").unwrap();
        let error = service.set_organizational_units(&[]).unwrap_err();
        assert_eq!(error.problem(), "is the service's, which does not read the units");
        let broken = OrganizationalUnit::from_service("OU=a;OU=b,DC=x");
        let error =
            wizard("<configuration/>").set_organizational_units(std::slice::from_ref(&broken)).unwrap_err();
        assert_eq!(Some(error), broken.violation());
        let error = wizard("<configuration/>").set_setting("k", "\u{1}").unwrap_err();
        assert!(
            error.problem().contains("line 1 contains the character '\\u{1}', which XML does not allow"),
            "{error}"
        );
    }

    #[test]
    fn what_is_not_the_connectors_file_is_refused() {
        for (text, problem) in [
            ("", "no element"),
            ("   ", "no element"),
            ("<Configuration/>", "other than configuration"),
            ("<configuration>", "not closed"),
            ("<configuration></Configuration>", "not well-formed"),
            ("<configuration/><configuration/>", "second root"),
            ("<configuration/>x", "outside of the root"),
            ("<configuration/>&amp;", "outside of the root"),
            ("<configuration/><![CDATA[x]]>", "outside of the root"),
            ("<!DOCTYPE configuration><configuration/>", "document type"),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]><configuration a='&a;'/>", "document type"),
            ("<configuration a='&own;'/>", "entity of its own"),
            ("<configuration>&own;</configuration>", "entity of its own"),
            ("<configuration>&#0;</configuration>", "entity of its own"),
            ("<configuration>&#xFFFF;</configuration>", "entity of its own"),
            ("<configuration a='&#1;'/>", "XML does not allow"),
            ("<configuration>\u{b}</configuration>", "XML does not allow"),
            ("<configuration a='<'/>", "attribute with <"),
            ("<configuration a='1' a='2'/>", "not well-formed"),
            ("<configuration a='1'b='2'/>", "touches"),
            ("<configuration a=1/>", "not well-formed"),
            ("<configuration 1='2'/>", "name is not one"),
            ("<configuration><1/></configuration>", "name is not one"),
            ("<configuration>a & b</configuration>", "not well-formed"),
            ("<configuration>]]></configuration>", "]]>"),
            ("<configuration><!-- a -- b --></configuration>", "not well-formed"),
            ("<configuration><?xml version='1.0'?></configuration>", "at the start"),
            (" <?xml version='1.0'?><configuration/>", "at the start"),
            ("<?xml version='1.1'?><configuration/>", "version 1.0 in UTF-8"),
            ("<?xml encoding='utf-8'?><configuration/>", "version 1.0 in UTF-8"),
            ("<?xml version='1.0' encoding='utf-16'?><configuration/>", "version 1.0 in UTF-8"),
            ("<?xml version='1.0' standalone='maybe'?><configuration/>", "version 1.0 in UTF-8"),
            ("<?xml version='1.0' other='1'?><configuration/>", "version 1.0 in UTF-8"),
            ("<configuration><?1?></configuration>", "processing instruction"),
        ] {
            let error = ConnectorConfig::parse(ConnectorFile::Service, text.as_bytes()).expect_err(text);
            assert!(error.problem().contains(problem), "{text}: {error}");
        }
        for (bytes, problem) in [
            (&b"\xFF\xFE<\0"[..], "UTF-16"),
            (b"<configuration>\n\xE4</configuration>", "not UTF-8 in line 2"),
            (&[b' '; 300_000], "256 KiB"),
        ] {
            let error = ConnectorConfig::parse(ConnectorFile::Service, bytes).unwrap_err();
            assert!(error.problem().contains(problem), "{error}");
        }
        let error = ConnectorConfig::parse(
            ConnectorFile::Service,
            "<configuration>\n\u{e4}<a></configuration>".as_bytes(),
        );
        let error = error.unwrap_err();
        assert!(error.problem().contains("line 2") && error.position() == Some(20), "{error:?}");
    }

    /// Pieces of configuration files, well-formed in most orders.
    fn any_text() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "<appSettings>",
            "</appSettings>",
            "<appSettings/>",
            "<appSettings a='1' />",
            "<add key='k' value='v'/>",
            "<add key='K'\tvalue=\"&lt;\"></add>",
            "<!-- <add key='k'/> -->",
            "<![CDATA[<]]>",
            "<?pi x?>",
            "\r\n  ",
            "\n\t",
            "<system.net>",
            "</system.net>",
            "<defaultProxy>",
            "</defaultProxy>",
            "<proxy proxyaddress='p:1'/>",
            "&amp;",
            "x",
            "\u{e9}",
            "<defaultProxy enabled='False'/>",
            "<",
            ">",
            "'",
            "&#x41;",
            "<clear/>",
            "<remove key='k'/>",
        ];
        let inner =
            prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.concat());
        prop_oneof![
            5 => inner.prop_map(|inner| format!("<configuration>{inner}</configuration>")),
            1 => any::<String>(),
            1 => "[<>/a='\"&;!?\\[\\]-]{0,24}"
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn what_is_read_is_written_and_a_change_is_one_place(
            text in any_text(), mark: bool, value in "[ -~\u{e9}\u{2028}\t\n]{0,8}",
        ) {
            let bytes = [if mark { &b"\xEF\xBB\xBF"[..] } else { b"" }, text.as_bytes()].concat();
            let Ok(mut config) = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, &bytes) else { return Ok(()) };
            prop_assert_eq!(&config.to_bytes(), &bytes);
            config.lint();
            let before = config.clone();
            if config.set_setting("k", &value).is_ok() {
                prop_assert_eq!(config.setting("k"), Some(value.as_str()));
                let after = config.to_bytes();
                let same_start = bytes.iter().zip(&after).take_while(|(a, b)| a == b).count();
                let same_end = bytes.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
                let had = before.setting("k").map_or(0, |old| 6 * old.chars().count());
                prop_assert!(same_start + same_end + had + 2 >= bytes.len(), "more than one place");
                let once = config.clone();
                config.set_setting("k", &value).unwrap();
                prop_assert_eq!(&config, &once);
            } else {
                prop_assert_eq!(&config, &before);
            }
            let mut proxied = before.clone();
            if proxied.set_proxy(&Proxy::Server(ProxyServer::new("http://p:1"))).is_ok() {
                prop_assert_eq!(proxied.proxy(), Proxy::Server(ProxyServer::new("http://p:1")));
                prop_assert_eq!(proxied.setting("k"), before.setting("k"));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = ConnectorConfig::parse(ConnectorFile::Service, &bytes);
        }
    }
}
