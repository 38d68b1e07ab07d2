//! The state of a tenant as data: seeds to start from, and snapshots to resume from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::deploy::unit_key;
use super::setup::{DeviceSpec, furnished};
use super::state::State;
use super::tenant::Tenant;
use crate::model::InvalidValue;

/// The version of seeds and snapshots that this crate reads and writes.
const VERSION: u32 = 1;

/// The initial objects of a tenant, or a snapshot of a whole tenant.
///
/// ```
/// use windows_autopilot::sim::Seed;
/// # windows_autopilot::testing::run(async |harness| {
/// # let tenant = harness.tenant;
/// let seed: Seed = r#"{
///     "version": 1,
///     "users": [{"userPrincipalName": "adele@contoso.onmicrosoft.com"}],
///     "connectors": [{"displayName": "ODJ-01", "domain": "corp.contoso.com"}],
///     "devices": [{"serialNumber": "PF3XK7M1", "groupTag": "Munich"}]
/// }"#.parse()?;
/// tenant.seed(&seed)?;
/// assert!(tenant.device_id("PF3XK7M1").is_some());
/// let snapshot = tenant.snapshot();
/// tenant.clear();
/// tenant.restore(&snapshot)?;
/// assert!(tenant.device_id("PF3XK7M1").is_some());
/// # Ok(()) });
/// ```
///
/// In JSON, fields have Graph's names where Graph defines them. `version` is required. A seed may contain application
/// secrets; a snapshot contains secrets, tokens and all names in the tenant: do not commit either to a repository.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Seed {
    /// The format version: 1.
    pub version: u32,
    /// Users in the directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<SeedUser>,
    /// Assigned security groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<SeedGroup>,
    /// Active Intune Connectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connectors: Vec<SeedConnector>,
    /// Distinguished names of organizational units in which connectors may create computers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organizational_units: Vec<String>,
    /// Intune apps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub apps: Vec<SeedApp>,
    /// Registered devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<SeedDevice>,
    /// Applications that may sign in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<SeedApplication>,
    /// The whole state of a snapshot, in the simulation's own format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Value>,
}

impl Seed {
    /// Creates an empty seed.
    pub fn new() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    fn check_version(&self) -> Result<(), InvalidValue> {
        check_version(self.version.into())
    }
}

fn check_version(version: u64) -> Result<(), InvalidValue> {
    if version == u64::from(VERSION) {
        return Ok(());
    }
    let problem = format!("has version {version}, and this program reads version {VERSION}");
    Err(InvalidValue::new(
        "seed of a simulated tenant",
        problem,
        "write the seed in this version, or use its program",
    ))
}

impl FromStr for Seed {
    type Err = InvalidValue;

    /// Parses JSON, checking the version first.
    fn from_str(json: &str) -> Result<Self, InvalidValue> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u64,
        }
        let unreadable = |error: serde_json::Error| {
            let remedy =
                "write a JSON object with \"version\": 1 and lists such as \"users\" and \"devices\"";
            InvalidValue::new("seed of a simulated tenant", format!("cannot be read: {error}"), remedy)
        };
        let Versioned { version } = serde_json::from_str(json).map_err(unreadable)?;
        check_version(version)?;
        serde_json::from_str(json).map_err(unreadable)
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seed")
            .field("version", &self.version)
            .field("users", &self.users.len())
            .field("groups", &self.groups.len())
            .field("connectors", &self.connectors.len())
            .field("apps", &self.apps.len())
            .field("devices", &self.devices.len())
            .field("applications", &self.applications.len())
            .field("is_snapshot", &self.state.is_some())
            .finish_non_exhaustive()
    }
}

/// A user in a [`Seed`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedUser {
    /// The user principal name.
    pub user_principal_name: String,
    /// Whether the user has an Intune license. Default: `true`.
    #[serde(default = "yes")]
    pub licensed: bool,
}

impl fmt::Debug for SeedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedUser").field("licensed", &self.licensed).finish_non_exhaustive()
    }
}

fn yes() -> bool {
    true
}

/// An assigned security group in a [`Seed`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedGroup {
    /// The display name.
    pub display_name: String,
    /// Members: user principal names, serial numbers of devices, and display names of groups earlier in the list.
    #[serde(default)]
    pub members: Vec<String>,
}

impl fmt::Debug for SeedGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedGroup")
            .field("display_name", &self.display_name)
            .field("members", &self.members.len())
            .finish()
    }
}

/// An active Intune Connector in a [`Seed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedConnector {
    /// The name of the connector.
    pub display_name: String,
    /// The Active Directory domain of its server.
    pub domain: String,
    /// The version. Default: 6.2501.2000.5, the first with a least-privilege account.
    #[serde(default = "connector_version")]
    pub version: String,
}

fn connector_version() -> String {
    "6.2501.2000.5".to_owned()
}

/// An app in a [`Seed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedApp {
    /// The display name.
    pub display_name: String,
    /// The type in Graph. Default: `win32LobApp`.
    #[serde(rename = "type", default = "app_type")]
    pub app_type: String,
}

fn app_type() -> String {
    "win32LobApp".to_owned()
}

/// A registered device in a [`Seed`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedDevice {
    /// The serial number.
    pub serial_number: String,
    /// The group tag.
    #[serde(default)]
    pub group_tag: String,
    /// The purchase order.
    #[serde(default)]
    pub purchase_order_identifier: String,
    /// The manufacturer; empty for the default of [`DeviceSpec`].
    #[serde(default)]
    pub manufacturer: String,
    /// The model; empty for the default of [`DeviceSpec`].
    #[serde(default)]
    pub model: String,
    /// The user principal name of the assigned user.
    #[serde(default)]
    pub user_principal_name: String,
}

impl fmt::Debug for SeedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedDevice")
            .field("serial_number", &self.serial_number)
            .field("group_tag", &self.group_tag)
            .finish_non_exhaustive()
    }
}

/// An application in a [`Seed`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SeedApplication {
    /// The application (client) id.
    pub client_id: String,
    /// A client secret.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether the application may sign in with a signed assertion.
    #[serde(default)]
    pub assertions: bool,
    /// Redirect URIs, which make the application a public client.
    #[serde(default)]
    pub redirects: Vec<String>,
}

impl fmt::Debug for SeedApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeedApplication").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Tenant {
    /// Adds the objects of a seed, or none of them if one is invalid.
    ///
    /// # Errors
    /// [`InvalidValue`] if the seed has a different format version, is a snapshot, or contains an invalid object: an
    /// empty name, a user without a domain, a unit that is not a distinguished name, or a reference to a member that
    /// does not exist.
    pub fn seed(&self, seed: &Seed) -> Result<(), InvalidValue> {
        seed.check_version()?;
        if seed.state.is_some() {
            return Err(invalid("is a snapshot", "restore the snapshot instead"));
        }
        self.check(seed)?;
        for user in &seed.users {
            match user.licensed {
                true => self.add_user(&user.user_principal_name),
                false => self.add_unlicensed_user(&user.user_principal_name),
            };
        }
        for connector in &seed.connectors {
            self.add_connector(&connector.display_name, &connector.domain, &connector.version);
        }
        for unit in &seed.organizational_units {
            self.grant_ou(unit);
        }
        for app in &seed.apps {
            self.add_app(&app.display_name, &app.app_type);
        }
        for device in &seed.devices {
            let mut spec = DeviceSpec::new(&device.serial_number)
                .with_group_tag(&device.group_tag)
                .with_purchase_order(&device.purchase_order_identifier)
                .with_assigned_user(&device.user_principal_name);
            if !device.manufacturer.is_empty() {
                spec = spec.with_manufacturer(&device.manufacturer);
            }
            if !device.model.is_empty() {
                spec = spec.with_model(&device.model);
            }
            self.add_device_with(spec);
        }
        for group in &seed.groups {
            let id = self.add_group(&group.display_name);
            let members: Vec<String> =
                group.members.iter().filter_map(|name| self.find_member(name)).collect();
            for member in members {
                self.add_member(&id, &member);
            }
        }
        for application in &seed.applications {
            let client = application.client_id.as_str();
            if let Some(secret) = &application.secret {
                self.add_client_secret(client, secret);
            }
            if application.assertions {
                self.allow_assertions(client);
            }
            if !application.redirects.is_empty() {
                self.add_public_client(client, &application.redirects);
            }
        }
        Ok(())
    }

    fn check(&self, seed: &Seed) -> Result<(), InvalidValue> {
        let named = |kind: &str, name: &str| match name.trim() {
            "" => Err(invalid(format!("has a {kind} without a name"), "give each object its name")),
            _ => Ok(()),
        };
        for user in &seed.users {
            let parts = user.user_principal_name.split_once('@');
            if !parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty()) {
                return Err(invalid(
                    "has a user without a domain",
                    "write user principal names: name@domain",
                ));
            }
        }
        for connector in &seed.connectors {
            named("connector", &connector.display_name)
                .and_then(|()| named("connector's domain", &connector.domain))?;
        }
        for unit in &seed.organizational_units {
            if unit_key(unit).is_none() {
                let problem =
                    format!("has the organizational unit {unit:?}, which is not a distinguished name");
                return Err(invalid(problem, "write OU=…,DC=…"));
            }
        }
        for app in &seed.apps {
            named("app", &app.display_name)?;
        }
        for device in &seed.devices {
            named("device", &device.serial_number)?;
        }
        for application in &seed.applications {
            named("application", &application.client_id)?;
        }
        for (index, group) in seed.groups.iter().enumerate() {
            named("group", &group.display_name)?;
            for member in &group.members {
                let seeded = seed.users.iter().any(|of| of.user_principal_name.eq_ignore_ascii_case(member))
                    || seed.devices.iter().any(|of| of.serial_number.eq_ignore_ascii_case(member))
                    || seed.groups.iter().take(index).any(|of| of.display_name == *member);
                if !seeded && self.find_member(member).is_none() {
                    let problem =
                        format!("has the group {:?} with a member that is not there", group.display_name);
                    let remedy =
                        "name users, devices by serial number, and groups that come earlier in the list";
                    return Err(invalid(problem, remedy));
                }
            }
        }
        Ok(())
    }

    /// Returns the id of a user, device or group by its name.
    fn find_member(&self, name: &str) -> Option<String> {
        let state = self.now();
        let user = state.directory.user(name).map(|user| user.id.clone());
        let device =
            || state.identities.find("serialNumber", name).next().map(|(_, device)| device.id.clone());
        let group =
            || state.directory.groups.find("displayName", name).next().map(|(_, group)| group.id.clone());
        user.or_else(device).or_else(group)
    }

    /// Takes a snapshot: all objects with their ids, work in progress, applications and tokens. Faults, and options
    /// such as delays and quirks, are not included.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// tenant.add_device("PF3XK7M1");
    /// let snapshot = tenant.snapshot();
    /// tenant.clear();
    /// tenant.restore(&snapshot)?;
    /// assert_eq!(client.devices().count().await?, 1);
    /// # Ok(()) });
    /// ```
    pub fn snapshot(&self) -> Seed {
        let state = self.now();
        let state = Snapshot { domain: state.options.domain.clone(), state: &*state };
        // Every map of the state has text for keys, so that JSON can always hold it.
        Seed { state: serde_json::to_value(state).ok(), ..Seed::new() }
    }

    /// Restores a snapshot, replacing the tenant's state but keeping its options.
    ///
    /// Time comes from the tenant's clock: if the clock is behind the snapshot, time in the tenant stands still until
    /// the clock has caught up.
    ///
    /// # Errors
    /// [`InvalidValue`] if the snapshot has a different format version or is incomplete. The tenant is then unchanged.
    pub fn restore(&self, snapshot: &Seed) -> Result<(), InvalidValue> {
        snapshot.check_version()?;
        let Some(kept) = &snapshot.state else {
            return Err(invalid("is not a snapshot", "add it as a seed instead"));
        };
        let Snapshot { domain, state: mut restored } =
            Snapshot::<State>::deserialize(kept).map_err(|error| {
                invalid(format!("is not a whole snapshot: {error}"), "take the snapshot again")
            })?;
        let mut state = self.lock();
        restored.options = state.options.clone();
        restored.options.domain = domain;
        *state = restored;
        Ok(())
    }

    /// Resets the tenant to its initial state, with the same options and new ids.
    pub fn clear(&self) {
        let mut state = self.now();
        *state = furnished(state.options.clone(), state.now);
        drop(state);
        self.clear_faults();
        self.clear_requests();
    }

    /// Returns the time of the last change, which may be ahead of the clock after a restore.
    pub fn state_timestamp(&self) -> jiff::Timestamp {
        self.lock().now
    }
}

#[derive(Serialize, Deserialize)]
struct Snapshot<S> {
    domain: String,
    state: S,
}

fn invalid(problem: impl Into<std::borrow::Cow<'static, str>>, remedy: &'static str) -> InvalidValue {
    InvalidValue::new("seed of a simulated tenant", problem, remedy)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::clock::FakeClock;
    use crate::sim::{DeploymentPhase, Fault};

    const SEED: &str = r#"{
        "version": 1,
        "users": [{"userPrincipalName": "adele@contoso.com"}, {"userPrincipalName": "ben@contoso.com", "licensed": false}],
        "groups": [{"displayName": "All", "members": ["adele@contoso.com", "SN-1"]}, {"displayName": "Outer", "members": ["All"]}],
        "connectors": [{"displayName": "ODJ-01", "domain": "corp.contoso.com"}],
        "organizationalUnits": ["OU=Autopilot,DC=corp,DC=contoso,DC=com"],
        "apps": [{"displayName": "VPN"}],
        "devices": [{"serialNumber": "SN-1", "groupTag": "Munich", "model": "Pro"}],
        "applications": [{"clientId": "app-1", "secret": "canary-secret"}]
    }"#;

    fn tenant() -> (Tenant, FakeClock) {
        let clock = FakeClock::manual();
        (Tenant::new(Arc::new(clock.clone())), clock)
    }

    fn state(tenant: &Tenant) -> Value {
        tenant.snapshot().state.unwrap()
    }

    #[test]
    fn a_seed_adds_all_its_objects_and_reads_as_it_was_written() {
        let (tenant, _) = tenant();
        let seed: Seed = SEED.parse().unwrap();
        tenant.seed(&seed).unwrap();
        let state = tenant.now();
        assert_eq!((state.directory.users.len(), state.identities.len(), state.apps.len()), (3, 1, 1));
        assert_eq!((state.connectors.len(), state.deployments.units.len()), (1, 1));
        let device = state.identities.iter().next().unwrap();
        assert_eq!(
            (device.group_tag.as_str(), device.model.as_str(), device.manufacturer.as_str()),
            ("Munich", "Pro", "Contoso")
        );
        let anchor = device.anchor.clone();
        let groups: Vec<_> = state.directory.groups.iter().map(|group| group.id.clone()).collect();
        drop(state);
        let user = tenant.find_member("adele@contoso.com").unwrap();
        assert_eq!(tenant.members(&groups[0]), [user, anchor]);
        assert_eq!(tenant.members(&groups[1]), [groups[0].clone()]);
        let written = serde_json::to_string(&seed).unwrap();
        assert_eq!(written.parse::<Seed>().unwrap(), seed);
        let shown = format!("{seed:?}{:?}{:?}", seed.users, seed.applications);
        assert!(!shown.contains("canary") && !shown.contains("adele"), "{shown}");
    }

    #[test]
    fn a_seed_that_is_not_valid_changes_nothing_and_says_why() {
        for (json, says) in [
            (r#"{"version": 2, "anything": 1}"#, "version 2, and this program reads version 1"),
            (r#"{"users": []}"#, "missing field `version`"),
            (r#"{"version": 1, "user": []}"#, "unknown field `user`"),
            ("[]", "cannot be read"),
        ] {
            let error = json.parse::<Seed>().unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
        let (tenant, _) = tenant();
        let before = state(&tenant);
        for (json, says) in [
            (
                r#""users": [{"userPrincipalName": "ok@contoso.com"}, {"userPrincipalName": "adele"}]"#,
                "without a domain",
            ),
            (r#""devices": [{"serialNumber": " "}]"#, "a device without a name"),
            (r#""organizationalUnits": ["contoso.com/Autopilot"]"#, "not a distinguished name"),
            (
                r#""groups": [{"displayName": "G", "members": ["nobody@contoso.com"]}]"#,
                "a member that is not there",
            ),
            (
                r#""groups": [{"displayName": "G", "members": ["H"]}, {"displayName": "H"}]"#,
                "a member that is not there",
            ),
            (r#""state": {}"#, "is a snapshot"),
        ] {
            let seed: Seed = format!("{{\"version\": 1, {json}}}").parse().unwrap();
            let error = tenant.seed(&seed).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("nobody"), "{json}: {error}");
            assert_eq!(state(&tenant), before, "{json}");
        }
    }

    #[test]
    fn a_restored_tenant_goes_on_with_its_ids_and_what_is_in_progress() {
        let (first, clock) = tenant();
        first.seed(&SEED.parse().unwrap()).unwrap();
        first.power_on("SN-1");
        first.add_device_with(DeviceSpec::new("SN-2"));
        clock.advance(Duration::from_secs(60));
        let json = serde_json::to_string(&first.snapshot()).unwrap();

        let (second, second_clock) = tenant();
        second.restore(&json.parse().unwrap()).unwrap();
        second_clock.advance(Duration::from_secs(60));
        assert_eq!(state(&second), state(&first), "nothing is lost");
        assert_eq!((first.id(), first.device_id("SN-1")), (second.id(), second.device_id("SN-1")));
        for clock in [&clock, &second_clock] {
            clock.advance(Duration::from_secs(3600));
        }
        let phase = |tenant: &Tenant| tenant.deployment("SN-1").unwrap();
        assert_eq!(phase(&first), phase(&second));
        assert_eq!(phase(&second).phase, DeploymentPhase::Failed, "no profile was assigned");
        assert_eq!(first.add_group("New"), second.add_group("New"), "the next ids are the same, too");
    }

    #[test]
    fn a_snapshot_that_is_not_whole_changes_nothing() {
        let (tenant, _) = tenant();
        tenant.seed(&SEED.parse().unwrap()).unwrap();
        let before = state(&tenant);
        let mut torn = tenant.snapshot();
        torn.state.as_mut().unwrap()["state"].as_object_mut().unwrap().remove("identities");
        let mut newer = tenant.snapshot();
        newer.version = 2;
        for (snapshot, says) in
            [(torn, "missing field"), (newer, "version 2"), (Seed::new(), "is not a snapshot")]
        {
            let error = tenant.restore(&snapshot).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
            assert_eq!(state(&tenant), before);
        }
    }

    #[test]
    fn a_reset_tenant_is_as_it_was_built() {
        let (tenant, _) = tenant();
        let before = state(&tenant);
        tenant.seed(&SEED.parse().unwrap()).unwrap();
        tenant.fault(Fault::status(503));
        tenant.clear();
        assert_eq!(state(&tenant), before);
    }
}
