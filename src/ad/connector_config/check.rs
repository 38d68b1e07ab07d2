//! Checks of the connector's configuration files.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::*;
use super::{ACCOUNT, ConnectorConfig, ConnectorFile, DISABLE_OU_UPDATES, Proxy, UNITS, same_key};
use crate::model::invalid::nearest;
use crate::model::{Finding, FindingKind, OrganizationalUnit};

/// The keys and values that the connector's installer writes.
const SHIPPED: &[(ConnectorFile, &str, &str)] = &[
    (ConnectorFile::EnrollmentWizard, "SignInURL", "https://portal.manage.microsoft.com/Home/ClientLogon"),
    (
        ConnectorFile::EnrollmentWizard,
        "LocationServiceEndpoint",
        "RestUserAuthLocationService/RestUserAuthLocationService/ServiceAddresses",
    ),
    (ConnectorFile::Service, "BaseServiceAddress", "https://manage.microsoft.com/"),
];

/// The keys that an administrator may add.
const OWN: &[&str] = &[UNITS, ACCOUNT, DISABLE_OU_UPDATES];

impl ConnectorConfig {
    /// Returns findings about this file on its own, without comparing its units with a desired list.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.check_keys(&mut findings);
        if self.file() == ConnectorFile::EnrollmentWizard {
            self.check_units(&mut findings);
            self.check_account(&mut findings);
        }
        self.check_proxy(&mut findings);
        findings
    }

    /// Compares the units in the wizard's file with the given list.
    ///
    /// ```
    /// # use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile};
    /// let file = br#"<configuration><appSettings>
    ///     <add key="OrganizationalUnitsUsedForOfflineDomainJoin" value="OU=Old,DC=corp,DC=example"/>
    /// </appSettings></configuration>"#;
    /// let config = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, file)?;
    /// let findings = config.compare_organizational_units(&["OU=New,DC=corp,DC=example".parse()?]);
    /// let ids: Vec<&str> = findings.iter().map(|finding| &*finding.id).collect();
    /// assert_eq!(ids, ["connector-config.missing-ou", "connector-config.extra-ou"]);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn compare_organizational_units(&self, wanted: &[OrganizationalUnit]) -> Vec<Finding> {
        let has = self.organizational_units();
        let lacks = |units: &[OrganizationalUnit], unit: &OrganizationalUnit| {
            !units.iter().any(|other| other.same_as(unit))
        };
        let missing = wanted.iter().filter(|unit| lacks(&has, unit)).map(|unit| {
            self.finding(CONNECTOR_CONFIG_MISSING_OU, UNITS, format!("{unit} is not in the list"))
        });
        let extra = has.iter().filter(|unit| lacks(wanted, unit)).map(|unit| {
            self.finding(CONNECTOR_CONFIG_EXTRA_OU, UNITS, format!("{unit} is in the list but not wanted"))
        });
        missing.chain(extra).collect()
    }

    fn check_keys(&self, findings: &mut Vec<Finding>) {
        if let Some(problem) = self.settings_elsewhere() {
            findings.push(self.finding(
                CONNECTOR_CONFIG_SETTINGS_ELSEWHERE,
                "appSettings",
                format!("the file {problem}"),
            ));
        }
        let mut keys: BTreeMap<String, (&str, usize)> = BTreeMap::new();
        for (_, element) in self.section().into_iter().flat_map(|(_, children)| children) {
            if let Some(key) = element.attribute("key").filter(|_| element.name == "add") {
                keys.entry(key.to_ascii_lowercase()).or_insert((key, 0)).1 += 1;
            }
        }
        let known: Vec<&str> = OWN.iter().copied().chain(SHIPPED.iter().map(|(_, key, _)| *key)).collect();
        for (key, count) in keys.values() {
            if *count > 1 {
                findings.push(self.finding(CONNECTOR_CONFIG_DUPLICATE_KEY, key, "the key is repeated"));
            }
            if known.iter().any(|known| same_key(known, key)) {
                continue;
            }
            let meant = nearest(key, known.iter().copied());
            if let Some(meant) = meant.filter(|meant| !keys.contains_key(&meant.to_ascii_lowercase())) {
                let evidence = format!("the connector does not know this key, and {meant} is missing");
                let finding = self.finding(CONNECTOR_CONFIG_RENAMED_KEY, key, evidence);
                findings.push(finding.with_remedy(format!("rename it to {meant}")));
            }
        }
        for (_, key, shipped) in SHIPPED.iter().filter(|(file, ..)| *file == self.file()) {
            let value = self.setting(key);
            if value != Some(shipped) {
                let evidence = match value {
                    Some(_) => "has a value other than the one that the installer writes",
                    None => "is not there",
                };
                let remedy = format!("unless this is a national cloud, set it to {shipped}");
                let finding = self.finding(CONNECTOR_CONFIG_NOT_AS_SHIPPED, key, evidence);
                findings.push(finding.with_remedy(remedy));
            }
        }
    }

    fn check_units(&self, findings: &mut Vec<Finding>) {
        let all = self.organizational_units();
        let mut seen = BTreeSet::new();
        let mut units = all.iter().peekable();
        while let Some(unit) = units.next() {
            // The backslash was meant to escape the semicolon at which the connector separates.
            let backslashes = unit.as_str().chars().rev().take_while(|c| *c == '\\').count();
            if backslashes % 2 == 1 && units.peek().is_some() {
                let rest = units.next().map_or("", OrganizationalUnit::as_str);
                findings.push(self.finding(
                    CONNECTOR_CONFIG_SEPARATOR_IN_OU,
                    UNITS,
                    format!("{unit};{rest} has a semicolon in a name, where the connector splits the list"),
                ));
                continue;
            }
            if let Some(violation) = unit.violation() {
                let evidence = format!("{unit} {}", violation.problem());
                let finding = self.finding(CONNECTOR_CONFIG_INVALID_OU, UNITS, evidence);
                findings.push(finding.with_remedy(violation.remedy().to_owned()));
            } else if !seen.insert(same_name(unit)) {
                findings.push(self.finding(
                    CONNECTOR_CONFIG_DUPLICATE_OU,
                    UNITS,
                    format!("{unit} is in the list more than once"),
                ));
            }
        }
    }

    fn check_account(&self, findings: &mut Vec<Finding>) {
        let account = self.own_account();
        if let Some(account) = account {
            let is_good = account.split_once('@').is_some_and(|(name, domain)| {
                !name.is_empty() && !domain.is_empty() && !domain.contains('@') && account.trim() == account
            });
            if !is_good {
                findings.push(self.finding(
                    CONNECTOR_CONFIG_ACCOUNT_FORM,
                    ACCOUNT,
                    "the value is not account@domain",
                ));
            }
        }
        let disabled = self.setting(DISABLE_OU_UPDATES).unwrap_or_default();
        let is_disabled = disabled.eq_ignore_ascii_case("true");
        if !(is_disabled || disabled.is_empty() || disabled.eq_ignore_ascii_case("false")) {
            findings.push(self.finding(
                CONNECTOR_CONFIG_NOT_A_SWITCH,
                DISABLE_OU_UPDATES,
                format!("the value is {disabled:?}"),
            ));
        }
        let (kind, evidence) = match (account, is_disabled) {
            (Some(_), false) => (
                CONNECTOR_CONFIG_OU_UPDATES_WITH_ACCOUNT,
                "the administrator configured a managed service account, so the wizard cannot change permissions, but \
                    its attempts are not switched off",
            ),
            (None, true) => (
                CONNECTOR_CONFIG_OU_UPDATES_DISABLED,
                "the wizard does not give the connector its permissions on the units",
            ),
            _ => return,
        };
        findings.push(self.finding(kind, DISABLE_OU_UPDATES, evidence));
    }

    fn check_proxy(&self, findings: &mut Vec<Finding>) {
        const PLACE: &str = "system.net/defaultProxy";
        let has_nested = self
            .default_proxies()
            .any(|(place, _)| self.document.first_child(place, "defaultProxy").is_some());
        if has_nested {
            findings.push(self.finding(
                CONNECTOR_CONFIG_NESTED_DEFAULT_PROXY,
                PLACE,
                "a defaultProxy is nested in another, which .NET's schema does not allow",
            ));
        }
        if matches!(self.proxy(), Proxy::Server(server) if !server.address.contains("://")) {
            findings.push(self.finding(
                CONNECTOR_CONFIG_PROXY_WITHOUT_SCHEME,
                PLACE,
                "the address is not a URI, as .NET's documentation requires",
            ));
        }
    }

    fn finding(&self, kind: FindingKind, what: &str, evidence: impl Into<String>) -> Finding {
        kind.at(format!("{}: {what}", self.file()), evidence)
    }
}

/// Returns a key that is equal for units that are the same by [`OrganizationalUnit::same_as`].
fn same_name(unit: &OrganizationalUnit) -> (Vec<String>, String) {
    (unit.names().iter().map(|name| name.to_lowercase()).collect(), unit.domain().as_str().to_lowercase())
}

/// Compares the settings that must match in both files.
///
/// ```
/// use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile, compare_connector_configs};
///
/// # let [wizard, service] = [b"<configuration></configuration>"; 2];
/// let wizard = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, wizard)?;
/// let service = ConnectorConfig::parse(ConnectorFile::Service, service)?;
/// for finding in compare_connector_configs(&wizard, &service) {
///     println!("{finding}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compare_connector_configs(wizard: &ConnectorConfig, service: &ConnectorConfig) -> Vec<Finding> {
    if wizard.proxy() == service.proxy() {
        return Vec::new();
    }
    vec![wizard.finding(
        CONNECTOR_CONFIG_PROXY_DIFFERS,
        "system.net/defaultProxy",
        format!("{} has another one", service.file()),
    )]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(file: ConnectorFile, settings: &str) -> ConnectorConfig {
        let shipped: String = SHIPPED
            .iter()
            .filter(|(of, ..)| *of == file)
            .map(|(_, key, value)| format!("<add key=\"{key}\" value=\"{value}\"/>"))
            .collect();
        let text = format!("<configuration><appSettings>{shipped}{settings}</appSettings></configuration>");
        ConnectorConfig::parse(file, text.as_bytes()).unwrap()
    }

    fn wizard(settings: &[(&str, &str)]) -> ConnectorConfig {
        let settings: String =
            settings.iter().map(|(key, value)| format!("<add key=\"{key}\" value=\"{value}\"/>")).collect();
        config(ConnectorFile::EnrollmentWizard, &settings)
    }

    fn ids(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.id.strip_prefix("connector-config.").unwrap()).collect()
    }

    #[test]
    fn files_as_they_are_shipped_are_clean() {
        for file in [ConnectorFile::EnrollmentWizard, ConnectorFile::Service] {
            assert_eq!(config(file, "").lint(), []);
        }
    }

    #[test]
    fn each_mistake_in_the_wizards_file_is_found() {
        let (a, b) = ("OU=a,DC=x,DC=y", "OU=b,DC=x,DC=y");
        type Settings<'a> = &'a [(&'a str, &'a str)];
        let cases: &[(Settings<'_>, &[&str])] = &[
            (&[(UNITS, "")], &[]),
            (&[(UNITS, &format!("{a}; {b} ;"))], &[]),
            (&[(UNITS, &format!("{a};ou=A,dc=x,dc=y"))], &["duplicate-ou"]),
            (&[(UNITS, "CN=Computers,DC=x,DC=y")], &["invalid-ou"]),
            (&[(UNITS, "OU=a, DC=x,DC=y")], &["invalid-ou"]),
            (&[(UNITS, r"OU=a\\;b,DC=x,DC=y")], &["invalid-ou", "invalid-ou"]),
            (&[(UNITS, r"OU=a\;b,DC=x,DC=y")], &["separator-in-ou"]),
            (&[(UNITS, r"OU=a\3Bb,DC=x,DC=y")], &[]),
            (&[("OrganizationalUnitUsedForOfflineDomainJoin", a)], &["renamed-key"]),
            (&[("OrganizationalUnitUsedForOfflineDomainJoin", a), (UNITS, a)], &[]),
            (&[("Anything", "x")], &[]),
            (&[(UNITS, a), (UNITS, a), (UNITS, a)], &["duplicate-key"]),
            (&[("organizationalunitsusedforofflinedomainjoin", a)], &[]),
            (&[(ACCOUNT, "odj$@corp.example"), (DISABLE_OU_UPDATES, "True")], &[]),
            (&[(ACCOUNT, "odj$@corp.example")], &["ou-updates-with-account"]),
            (&[(ACCOUNT, r"CORP\odj$"), (DISABLE_OU_UPDATES, "true")], &["account-form"]),
            (&[(ACCOUNT, "odj$@"), (DISABLE_OU_UPDATES, "true")], &["account-form"]),
            (&[(DISABLE_OU_UPDATES, "true")], &["ou-updates-disabled"]),
            (&[(DISABLE_OU_UPDATES, "false")], &[]),
            (&[(DISABLE_OU_UPDATES, "yes")], &["not-a-switch"]),
            (&[("SignInURL", "https://elsewhere")], &["duplicate-key", "not-as-shipped"]),
        ];
        for (settings, expected) in cases {
            assert_eq!(ids(&wizard(settings).lint()), *expected, "{settings:?}");
        }
    }

    #[test]
    fn other_mistakes_are_found_in_both_files() {
        for (text, expected) in [
            ("<configuration/>", &["not-as-shipped"][..]),
            (
                "<configuration><appSettings file='x'/></configuration>",
                &["settings-elsewhere", "not-as-shipped"],
            ),
            (
                "<configuration><appSettings/><appSettings/></configuration>",
                &["settings-elsewhere", "not-as-shipped"],
            ),
            (
                "<configuration><system.net><defaultProxy><defaultProxy enabled='False'/></defaultProxy></system.net></configuration>",
                &["not-as-shipped", "nested-default-proxy"],
            ),
            (
                "<configuration><system.net><defaultProxy><proxy proxyaddress='p:80'/></defaultProxy></system.net></configuration>",
                &["not-as-shipped", "proxy-without-scheme"],
            ),
        ] {
            let config = ConnectorConfig::parse(ConnectorFile::Service, text.as_bytes()).unwrap();
            assert_eq!(ids(&config.lint()), expected, "{text}");
        }
    }

    #[test]
    fn units_are_compared_whatever_their_case_and_escapes() {
        let config = wizard(&[(UNITS, r"OU=L\C3\BCbeck,DC=x,DC=y;OU=b\3Bc,DC=x,DC=y;OU=old,DC=x,DC=y")]);
        let wanted: Vec<OrganizationalUnit> =
            ["ou=lübeck,dc=X,dc=Y", r"OU=b\;c,DC=x,DC=y", "OU=new,DC=x,DC=y"]
                .iter()
                .map(|unit| unit.parse().unwrap())
                .collect();
        let findings = config.compare_organizational_units(&wanted);
        assert_eq!(ids(&findings), ["missing-ou", "extra-ou"]);
        assert!(findings[0].evidence.contains("OU=new"), "{findings:?}");
        assert!(findings[1].evidence.contains("OU=old"), "{findings:?}");
    }

    #[test]
    fn a_managed_service_account_and_what_is_in_a_proxy_address_are_not_repeated() {
        let mut all = wizard(&[(ACCOUNT, "jane.doe")]).lint();
        let text = "<configuration><system.net><defaultProxy><proxy proxyaddress='u:hunter2@p:80'/></defaultProxy></system.net></configuration>";
        let proxy = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, text.as_bytes()).unwrap();
        all.extend(proxy.lint());
        all.extend(compare_connector_configs(&proxy, &config(ConnectorFile::Service, "")));
        assert!(!all.is_empty());
        let text = format!("{all:?} {proxy:?}");
        assert!(!text.contains("jane") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn both_files_must_have_the_same_proxy() {
        let mut wizard = wizard(&[]);
        let mut service = config(ConnectorFile::Service, "");
        assert_eq!(compare_connector_configs(&wizard, &service), []);
        wizard.set_proxy(&Proxy::Disabled).unwrap();
        assert_eq!(ids(&compare_connector_configs(&wizard, &service)), ["proxy-differs"]);
        service.set_proxy(&Proxy::Disabled).unwrap();
        assert_eq!(compare_connector_configs(&wizard, &service), []);
    }
}
