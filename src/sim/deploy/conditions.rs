//! The conditions of a deployment.

use std::time::Duration;

use crate::sim::resource::effective::Audience;
use crate::sim::resource::esp;
use crate::sim::resource::mdm::INTUNE_POLICY;
use crate::sim::rows::{Cause, ConnectorState, Entity, Run, StatusPage, User};
use crate::sim::state::State;
use serde_json::Value;

/// The oldest connector that can still process requests.
const OLDEST_CONNECTOR: [u32; 4] = [6, 2501, 2000, 5];

impl State {
    /// Returns the obstacle to a user's enrollment, if there is one.
    pub(super) fn enrollment_obstacle(&self, user: &User) -> Option<Cause> {
        let policy = self.mobility.get(INTUNE_POLICY)?;
        let in_scope = match policy.text("appliesTo") {
            "all" => true,
            "selected" => {
                user.groups.iter().any(|group| policy.links.iter().any(|of| of.eq_ignore_ascii_case(group)))
            }
            _ => false,
        };
        if !in_scope || policy.flag("isMdmEnrollmentDuringRegistrationDisabled") {
            return Some(Cause::MdmScope);
        }
        if !user.licensed {
            return Some(Cause::NoLicense);
        }
        let blocked = |of: &Entity| {
            of.body.get("windowsRestriction").and_then(|of| of.get("platformBlocked"))
                == Some(&Value::Bool(true))
        };
        self.enrollment.iter().any(blocked).then_some(Cause::PlatformBlocked)
    }

    /// Returns the configuration of a device's domain join, or the cause that prevents it.
    pub(super) fn domain_join_of(&self, run: &Run) -> Result<Entity, Cause> {
        let identity = self.identities.get(&run.identity).ok_or(Cause::AnchorMissing)?;
        if !identity.upn.is_empty() {
            return Err(Cause::UserAssigned);
        }
        self.directory.devices.get(&identity.anchor).ok_or(Cause::AnchorMissing)?;
        let audience = Audience::of_device(self, identity).enrolled_with(self.profiles.get(&run.profile));
        let mut configurations = audience.domain_joins();
        let configuration = configurations.next().ok_or(Cause::NoDomainJoin)?;
        if configurations.next().is_some() {
            return Err(Cause::SeveralDomainJoins);
        }
        let domain = configuration.text("activeDirectoryDomainName");
        let mut serving = self
            .connectors
            .iter()
            .filter(|of| of.state == ConnectorState::Active && of.domain.eq_ignore_ascii_case(domain))
            .peekable();
        serving.peek().ok_or(Cause::NoConnector)?;
        if !serving.any(|of| version(&of.version).is_some_and(|of| of >= OLDEST_CONNECTOR)) {
            return Err(Cause::ConnectorTooOld);
        }
        let unit = configuration.text("organizationalUnit");
        if !unit.is_empty() {
            let key = unit_key(unit).filter(|key| is_unit_of(key, domain)).ok_or(Cause::BadUnit)?;
            // A directory decides by itself.
            if self.options.computer_accounts.is_none() && !self.deployments.units.contains(&key) {
                return Err(Cause::NoRight);
            }
        }
        Ok(configuration.clone())
    }

    /// Returns the status page of a device with its id and name: by the device's groups first, then its user's, else
    /// the default.
    pub(super) fn page_of(&self, run: &Run) -> (StatusPage, String, String) {
        let identity = self.identities.get(&run.identity);
        let audience = identity.map(|identity| {
            Audience::of_device(self, identity).enrolled_with(self.profiles.get(&run.profile))
        });
        let page = audience.as_ref().and_then(|device| device.page(self.directory.user(&run.user)));
        let default = || self.enrollment.iter().find(|of| esp::is_default_page(of));
        let Some(page) = page.or_else(default) else {
            return (StatusPage::default(), String::new(), String::new());
        };
        let minutes = match page.number("installProgressTimeoutInMinutes") {
            0 => 60,
            minutes => u64::try_from(minutes).unwrap_or(60),
        };
        // A hybrid join gets 40 minutes more than the page says.
        let extra = if run.hybrid { 40 } else { 0 };
        let skips = |setting: &str| audience.as_ref().is_some_and(|device| self.has_switch(device, setting));
        let page_is = StatusPage {
            shows: page.flag("showInstallationProgress") && !skips("SkipDeviceStatusPage"),
            blocks: !page.flag("blockDeviceSetupRetryByUser") && !page.flag("allowDeviceUseOnInstallFailure"),
            timeout: Duration::from_secs((minutes + extra) * 60),
            quality_updates: page.flag("installQualityUpdates"),
            skips_account: skips("SkipUserStatusPage"),
            timed_out: false,
        };
        (page_is, page.id.clone(), page.text("displayName").to_owned())
    }

    /// Returns `true` if a custom configuration for the device sets this switch of the status page.
    fn has_switch(&self, device: &Audience<'_>, setting: &str) -> bool {
        let suffix = format!("/FirstSyncStatus/{setting}").to_lowercase();
        let sets = |of: &Value| {
            let uri = of.get("omaUri").and_then(Value::as_str).unwrap_or_default().to_lowercase();
            let value = of.get("value");
            let on = value == Some(&Value::Bool(true))
                || value.and_then(Value::as_str).is_some_and(|of| of.eq_ignore_ascii_case("true"));
            uri.ends_with(&suffix) && on
        };
        self.configurations.iter().any(|of| {
            let settings = of.body.get("omaSettings").and_then(Value::as_array);
            device.has(of) && settings.into_iter().flatten().any(sets)
        })
    }
}

/// Returns the four numbers of a connector's version.
fn version(text: &str) -> Option<[u32; 4]> {
    let mut numbers = text.split('.').map(|number| number.parse::<u32>().ok());
    let version = [numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(version)
}

/// Returns a distinguished name in a canonical spelling: lower case, no spaces around its parts. `None` if it is
/// invalid.
pub(crate) fn unit_key(name: &str) -> Option<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in name.chars() {
        match c {
            ',' if !escaped => parts.push(String::new()),
            _ => {
                if let Some(part) = parts.last_mut() {
                    part.extend(c.to_lowercase());
                }
            }
        }
        escaped = c == '\\' && !escaped;
    }
    let mut trimmed = Vec::new();
    for part in &parts {
        let (label, value) = part.trim().split_once('=')?;
        if value.trim().is_empty() || !["ou", "cn", "dc"].contains(&label.trim()) {
            return None;
        }
        trimmed.push(format!("{}={}", label.trim(), value.trim()));
    }
    Some(trimmed.join(","))
}

/// Returns `true` if a name is an organizational unit's in a domain: containers are not join targets.
fn is_unit_of(key: &str, domain: &str) -> bool {
    let labels: Vec<&str> = key.split(",dc=").skip(1).collect();
    key.starts_with("ou=") && labels.join(".") == domain.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_told_from_a_container_a_fragment_and_another_domains_unit() {
        for (name, expected) in [
            ("OU=PC,DC=contoso,DC=com", true),
            ("ou=Sub, ou=Top , dc=Contoso,dc=COM", true),
            ("OU=A\\,B,DC=contoso,DC=com", true),
            ("CN=Computers,DC=contoso,DC=com", false),
            ("OU=PC", false),
            ("OU=PC,DC=fabrikam,DC=com", false),
            ("\"OU=PC,DC=contoso,DC=com\"", false),
            ("PC", false),
            ("OU=,DC=contoso,DC=com", false),
        ] {
            assert_eq!(unit_key(name).is_some_and(|key| is_unit_of(&key, "contoso.com")), expected, "{name}");
        }
    }

    #[test]
    fn versions_are_compared_by_number() {
        for (text, fits) in [
            ("6.2501.2000.5", true),
            ("6.2504.2001.8", true),
            ("10.0.0.0", true),
            ("6.2407.2000.8", false),
            ("6.2501.200.99", false),
            ("6.2501.2000", false),
            ("six", false),
        ] {
            assert_eq!(version(text).is_some_and(|of| of >= OLDEST_CONNECTOR), fits, "{text}");
        }
    }
}
