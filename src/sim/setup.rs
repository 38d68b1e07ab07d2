//! Building a tenant, and actions in it outside Graph.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::auth::Caller;
use super::deploy::unit_key;
use super::fault::{Fault, Faults};
use super::gateway::RecordedRequest;
use super::options::{DeploymentTiming, Lag, Options, Quirks, RateLimit};
use super::resource::effective::{self, EffectiveObjects};
use super::resource::{
    device, directory_device, domain_join, esp, group, mdm, membership, policy, profile, user,
};
use super::rows::{
    Assignment, Computer, ComputerAccounts, Connector, ConnectorState, Deployment, DeviceStory, Entity,
    LICENSES, NewIdentity, Owner, PowerOnOptions, Target, Wish,
};
use super::sign_in;
use super::state::State;
use super::store::{body, date, later};
use super::taught::{RouteAnswer, RouteRequest, TaughtRoute};
use super::tenant::Tenant;
use crate::clock::{Clock, SystemClock};

/// A builder for a [`Tenant`].
///
/// ```
/// use windows_autopilot::sim::{Lag, Tenant};
///
/// let tenant = Tenant::builder()
///     .with_domain("fabrikam.onmicrosoft.com")
///     .with_lag(Lag::none())
///     .with_page_size(2)
///     .with_quirks(|quirks| quirks.identity_select_fails = false)
///     .build();
/// assert_eq!(tenant.domain(), "fabrikam.onmicrosoft.com");
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct TenantBuilder {
    clock: Arc<dyn Clock>,
    options: Options,
}

impl fmt::Debug for TenantBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantBuilder").field("clock", &self.clock).field("options", &self.options).finish()
    }
}

impl TenantBuilder {
    /// Sets the clock. Default: real time.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the seed for all randomness: ids, names, the order of responses in a batch. Default: 1.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }

    /// Sets the domain of the tenant and of its first user. Default: `contoso.onmicrosoft.com`.
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.options.domain = domain.into();
        self
    }

    /// Sets the delays of background work. Default: typical times; see [`Lag`].
    pub fn with_lag(mut self, lag: Lag) -> Self {
        self.options.lag = lag;
        self
    }

    /// Sets the delay until directory reads reflect a write. Default: none.
    pub fn with_directory_lag(mut self, lag: Duration) -> Self {
        self.options.lag.directory = lag;
        self
    }

    /// Changes the durations of a deployment's steps. Default: see [`DeploymentTiming`].
    pub fn with_deployment_timing(mut self, change: impl FnOnce(&mut DeploymentTiming)) -> Self {
        change(&mut self.options.timing);
        self
    }

    /// Changes disputed behavior. Default: see [`Quirks`].
    pub fn with_quirks(mut self, change: impl FnOnce(&mut Quirks)) -> Self {
        change(&mut self.options.quirks);
        self
    }

    /// Sets the default page size. Default: the service's sizes (1000 in Intune, 100 in the directory, 50 for Autopilot
    /// events).
    pub fn with_page_size(mut self, objects: usize) -> Self {
        self.options.page_size = Some(objects.max(1));
        self
    }

    /// Sets the limit on calls that import a single device. Calls beyond it are throttled without a `Retry-After`.
    /// Default: 65 per minute.
    pub fn with_import_limit(mut self, limit: Option<RateLimit>) -> Self {
        self.options.import_limit = limit;
        self
    }

    /// Throttles Intune as documented: 100 writes and 1000 calls of any kind in 20 seconds. Default: no throttling.
    pub fn with_documented_limits(mut self) -> Self {
        let window = Duration::from_secs(20);
        self.options.write_limit = Some(RateLimit { calls: 100, window });
        self.options.call_limit = Some(RateLimit { calls: 1000, window });
        self
    }

    /// Sets the callers' permissions. Default: all.
    ///
    /// ```
    /// # windows_autopilot::testing::run(async |_| {
    /// use windows_autopilot::ErrorKind;
    /// use windows_autopilot::testing::Harness;
    ///
    /// let permissions = ["DeviceManagementServiceConfig.Read.All"];
    /// let client = Harness::builder().with_tenant(|tenant| tenant.with_permissions(permissions)).build().client;
    /// assert!(client.devices().list().all().await?.is_empty());
    /// let refused = client.groups().list().all().await.unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::Forbidden);
    /// # Ok(()) });
    /// ```
    pub fn with_permissions<P: Into<String>>(mut self, permissions: impl IntoIterator<Item = P>) -> Self {
        self.options.granted = Some(permissions.into_iter().map(Into::into).collect());
        self
    }

    /// Rejects tokens that the tenant did not issue. Default: any string is accepted.
    pub fn with_strict_tokens(mut self) -> Self {
        self.options.strict_tokens = true;
        self
    }

    /// Attributes tokens from other issuers to a user, unless their claims say otherwise. Default: to an application.
    pub fn with_delegated_callers(mut self) -> Self {
        self.options.unknown_tokens_are_delegated = true;
        self
    }

    /// Sets the lifetime of tokens. Default: 3599 seconds.
    pub fn with_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.options.token_lifetime = lifetime;
        self
    }

    /// Adds a route to both versions of the Graph API, for a path that is not simulated. `{..}` in `path` matches one
    /// segment.
    ///
    /// ```
    /// use windows_autopilot::graph::ApiVersion;
    /// use windows_autopilot::http::Method;
    /// use windows_autopilot::serde_json::{Value, json};
    /// use windows_autopilot::sim::{RouteAnswer, RouteRequest};
    /// use windows_autopilot::testing::Harness;
    /// # windows_autopilot::testing::run(async |_| {
    /// let harness = Harness::builder().with_tenant(|tenant| {
    ///     tenant.with_route(Method::POST, "/deviceManagement/things/{id}", |request: &RouteRequest| {
    ///         RouteAnswer::json(201, json!({ "id": request.parameter("id") }))
    ///     })
    /// });
    /// let client = harness.build().client;
    /// let call = client.request(Method::POST, ApiVersion::Beta, "/deviceManagement/things/7").json(&json!({}));
    /// assert_eq!(call.read::<Value>().await?["id"], "7");
    /// # Ok(()) });
    /// ```
    ///
    /// Faults, sign-in, Intune's limits and batches apply as they do to other routes. Simulated routes cannot be
    /// replaced. If several routes match, the one with the most literal segments wins; among equals, the one added last.
    ///
    /// The query is not part of `path`: read it with [`RouteRequest::option`]. A list that continues on another page
    /// has an `@odata.nextLink` on the client's host and the same path, such as
    /// `https://graph.microsoft.com/beta/deviceManagement/things?$skiptoken=2`.
    ///
    /// `handler` runs while the tenant is locked: calling the tenant from it deadlocks.
    pub fn with_route(
        self,
        method: http::Method,
        path: &str,
        handler: impl Fn(&RouteRequest) -> RouteAnswer + Send + Sync + 'static,
    ) -> Self {
        self.with_route_needing(method, path, &[], handler)
    }

    /// Adds a route that requires any of `permissions`. See [`TenantBuilder::with_route`].
    pub fn with_route_needing(
        mut self,
        method: http::Method,
        path: &str,
        permissions: &'static [&'static str],
        handler: impl Fn(&RouteRequest) -> RouteAnswer + Send + Sync + 'static,
    ) -> Self {
        self.options.routes.push(TaughtRoute::new(method, path, permissions, handler));
        self
    }

    /// Creates each device's computer in a directory. Default: computers exist only as names in memory, and
    /// [`Tenant::grant_ou`] grants the right to create them.
    ///
    /// Each computer is created during the next request to the tenant, before the response is sent. No lock is held
    /// meanwhile: other requests are answered immediately while the device waits. Dropping the request loses nothing:
    /// the next one waits for the same result. [`Tenant::grant_ou`] has no effect, but the tenant still rejects
    /// containers.
    pub fn with_computer_accounts(mut self, accounts: impl ComputerAccounts) -> Self {
        self.options.computer_accounts = Some(Arc::new(accounts));
        self
    }

    /// Builds the tenant.
    pub fn build(self) -> Tenant {
        let state = furnished(self.options, self.clock.timestamp());
        Tenant::with_state(self.clock, state)
    }
}

/// Creates the state of a new tenant: the service's default objects and an administrator.
pub(super) fn furnished(options: Options, now: Timestamp) -> State {
    let mut state = State::new(options, now);
    esp::furnish(&mut state);
    mdm::furnish(&mut state);
    let admin = format!("admin@{}", state.options.domain);
    user::add(&mut state, &admin, true);
    state
}

/// A device to register.
///
/// ```
/// use windows_autopilot::sim::DeviceSpec;
/// let device = DeviceSpec::new("SN-1").with_group_tag("Kiosk").with_manufacturer("Contoso");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a device is registered by `Tenant::add_device_with`"]
pub struct DeviceSpec {
    device: NewIdentity,
}

impl DeviceSpec {
    /// Creates a device with this serial number.
    pub fn new(serial: impl Into<String>) -> Self {
        let device = NewIdentity {
            serial: serial.into(),
            manufacturer: "Contoso".to_owned(),
            model: "Book 3".to_owned(),
            ..NewIdentity::default()
        };
        Self { device }
    }

    /// Sets the group tag.
    pub fn with_group_tag(mut self, tag: impl Into<String>) -> Self {
        self.device.group_tag = tag.into();
        self
    }

    /// Sets the purchase order.
    pub fn with_purchase_order(mut self, number: impl Into<String>) -> Self {
        self.device.purchase_order = number.into();
        self
    }

    /// Sets the manufacturer.
    pub fn with_manufacturer(mut self, name: impl Into<String>) -> Self {
        self.device.manufacturer = name.into();
        self
    }

    /// Sets the model.
    pub fn with_model(mut self, name: impl Into<String>) -> Self {
        self.device.model = name.into();
        self
    }

    /// Sets the assigned user.
    pub fn with_assigned_user(mut self, upn: impl Into<String>) -> Self {
        self.device.upn = upn.into();
        self
    }
}

impl Tenant {
    /// Creates a tenant with the given clock and default options.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::builder().with_clock(clock).build()
    }

    /// Returns a builder for a tenant.
    pub fn builder() -> TenantBuilder {
        TenantBuilder { clock: Arc::new(SystemClock::new()), options: Options::default() }
    }

    /// Returns the tenant's id.
    pub fn id(&self) -> String {
        self.lock().tenant_id.clone()
    }

    /// Returns the tenant's domain.
    pub fn domain(&self) -> String {
        self.lock().options.domain.clone()
    }

    /// Returns the clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Registers a device immediately, without an import. Returns the id of its device identity; `parse` converts it
    /// into an [`Id`](crate::model::Id).
    pub fn add_device(&self, serial: &str) -> String {
        self.add_device_with(DeviceSpec::new(serial))
    }

    /// Registers a device with additional properties immediately, without an import.
    pub fn add_device_with(&self, device: DeviceSpec) -> String {
        let mut state = self.now();
        let id = device::register(&mut state, device.device);
        device::show(&mut state, &id);
        id
    }

    /// Adds a user with an Intune license. Returns the user's id.
    ///
    /// A new tenant has one user: `admin@` followed by its domain.
    pub fn add_user(&self, upn: &str) -> String {
        user::add(&mut self.now(), upn, true)
    }

    /// Adds a user without a license. Returns the user's id.
    pub fn add_unlicensed_user(&self, upn: &str) -> String {
        user::add(&mut self.now(), upn, false)
    }

    /// Adds an assigned security group. Returns its id.
    pub fn add_group(&self, name: &str) -> String {
        let nickname: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let group = body([
            ("deletedDateTime", Value::Null),
            ("description", Value::Null),
            ("displayName", name.into()),
            ("groupTypes", Value::Array(Vec::new())),
            ("isAssignableToRole", Value::Null),
            ("mailEnabled", false.into()),
            ("mailNickname", if nickname.is_empty() { "group".into() } else { nickname.into() }),
            ("membershipRule", Value::Null),
            ("membershipRuleProcessingState", Value::Null),
            ("onPremisesSyncEnabled", Value::Null),
            ("securityEnabled", true.into()),
            ("uniqueName", Value::Null),
            ("visibility", Value::Null),
        ]);
        group::insert(&mut self.now(), group, None)
    }

    /// Adds a device, user or group to an assigned group immediately. `member` is the id of a directory object, or that
    /// of a device identity, in which case its directory object is added.
    pub fn add_member(&self, group: &str, member: &str) {
        let mut state = self.now();
        let anchor = state.identities.get(member).map(|identity| identity.anchor.clone());
        membership::join(&mut state, group, anchor.as_deref().unwrap_or(member));
    }

    /// Adds a server in an Active Directory domain, running an active Intune Connector of the given version. Returns
    /// the connector's id.
    pub fn add_connector(&self, name: &str, domain: &str, version: &str) -> String {
        let mut state = self.now();
        let id = state.guid();
        state.connectors.insert(Connector {
            id: id.clone(),
            name: name.to_owned(),
            domain: domain.to_owned(),
            version: version.to_owned(),
            state: ConnectorState::Active,
        });
        id
    }

    /// Stops a connector's service: it becomes inactive, and disappears after 30 days.
    pub fn stop_connector(&self, id: &str) {
        let mut state = self.now();
        let now = state.now;
        state.connectors.update(id, |connector| connector.state = ConnectorState::Stopped(now));
    }

    /// Puts a connector in the `error` state.
    pub fn break_connector(&self, id: &str) {
        self.now().connectors.update(id, |connector| connector.state = ConnectorState::Error);
    }

    /// Adds an app of a type such as `win32LobApp` or `windowsMobileMSI`. Returns its id.
    pub fn add_app(&self, name: &str, type_name: &str) -> String {
        let mut state = self.now();
        let id = state.guid();
        let app = body([
            ("displayName", name.into()),
            ("description", name.into()),
            ("publisher", "Contoso".into()),
            ("createdDateTime", date(Some(state.now))),
            ("lastModifiedDateTime", date(Some(state.now))),
            ("isFeatured", false.into()),
            ("publishingState", "published".into()),
        ]);
        state.apps.insert(Entity::new(id.clone(), type_name, app));
        id
    }

    /// Adds an object to a collection that this crate does not manage, and assigns it to a group. Returns its id.
    ///
    /// The collections are `deviceManagement/deviceCompliancePolicies`, `configurationPolicies`,
    /// `groupPolicyConfigurations` and `deviceManagementScripts`. For an app, use
    /// [`assign_app`](Self::assign_app).
    pub fn add_policy(&self, collection: &str, name: &str, group: &str) -> String {
        policy::add(&mut self.now(), collection, name, group)
    }

    /// Assigns an app to a group with the intent `required`.
    pub fn assign_app(&self, app: &str, group: &str) {
        self.assign_app_as(app, group, "required");
    }

    /// Assigns an app to a group with an intent: `required`, `available` or `uninstall`.
    pub fn assign_app_as(&self, app: &str, group: &str, intent: &str) {
        let mut assignments = policy::assignments(app, group);
        if let Some(assignment) = assignments.get_mut(0).and_then(Value::as_object_mut) {
            assignment.insert("intent".to_owned(), intent.into());
        }
        self.now().apps.update(app, |app| app.set("assignments", assignments));
    }

    /// Assigns the license with this SKU to the members of a group.
    pub fn license_group(&self, group: &str, sku: &str) {
        let licenses = json!([{ "skuId": sku, "disabledPlans": [] }]);
        self.now().directory.groups.update(group, |group| group.body.insert(LICENSES.to_owned(), licenses));
    }

    /// Adds a device configuration other than a domain join, such as a `windowsWifiConfiguration`. Returns its id;
    /// `None` if `name` is empty.
    pub fn add_configuration(&self, name: &str, type_name: &str) -> Option<String> {
        domain_join::add(&mut self.now(), type_name, body([("displayName", name.into())])).ok()
    }

    /// Assigns a deployment profile to a group the way a policy set does. Returns the assignment's id.
    pub fn assign_by_policy_set(&self, profile: &str, group: &str) -> String {
        let mut state = self.now();
        let set = state.guid();
        let assignment = Assignment::new(Owner::Profile, profile, Wish::of(Target::Group(group.to_owned())))
            .by_policy_set(set);
        let id = assignment.id.clone();
        profile::add_assignment(&mut state, profile, assignment);
        id
    }

    /// Allows an application to sign in with a secret.
    pub fn add_client_secret(&self, client_id: &str, secret: &str) {
        let mut state = self.now();
        let client = state.auth.clients.entry(client_id.to_ascii_lowercase()).or_default();
        client.secrets.push((secret.to_owned(), None));
    }

    /// Allows an application to sign in with a secret that expires after `lifetime`.
    pub fn add_client_secret_until(&self, client_id: &str, secret: &str, lifetime: Duration) {
        let mut state = self.now();
        let expires = later(state.now, lifetime);
        let client = state.auth.clients.entry(client_id.to_ascii_lowercase()).or_default();
        client.secrets.push((secret.to_owned(), Some(expires)));
    }

    /// Allows an application to sign in with a signed assertion. The tenant checks the claims, but not the signature.
    pub fn allow_assertions(&self, client_id: &str) {
        self.now().auth.clients.entry(client_id.to_ascii_lowercase()).or_default().assertions = true;
    }

    /// Registers a public client with its redirect URIs. Its users can sign in without a client secret. In loopback
    /// URIs, the port is ignored.
    pub fn add_public_client(&self, client_id: &str, redirects: impl IntoIterator<Item = impl Into<String>>) {
        let mut state = self.now();
        let client = state.auth.clients.entry(client_id.to_ascii_lowercase()).or_default();
        client.redirects.extend(redirects.into_iter().map(Into::into));
    }

    /// Approves a device code sign-in as the tenant's first user. Returns `false` if there is no such sign-in.
    pub fn approve_sign_in(&self, user_code: &str) -> bool {
        let mut state = self.now();
        let first = state.directory.users.iter().next().map(|user| user.id.clone());
        first.is_some_and(|user| sign_in::decide(&mut state, user_code, Some(&user)))
    }

    /// Declines a device code sign-in. Returns `false` if there is no such sign-in.
    pub fn decline_sign_in(&self, user_code: &str) -> bool {
        sign_in::decide(&mut self.now(), user_code, None)
    }

    /// Issues a token for an application.
    pub fn app_token(&self) -> String {
        self.now().issue_token(Caller::App("00000000-0000-0000-0000-000000000001"))
    }

    /// Issues a token for a signed-in user.
    pub fn delegated_token(&self) -> String {
        self.now().issue_token(Caller::Person { client: "", user: None, scope: "" })
    }

    /// Revokes all tokens issued so far.
    pub fn revoke_tokens(&self) {
        let mut state = self.now();
        state.auth.revoked_before = Some(state.now);
    }

    /// Expires all delta tokens issued so far.
    pub fn expire_delta_tokens(&self) {
        let mut state = self.now();
        state.delta_tokens_before = later(state.now, Duration::from_secs(1));
    }

    /// Marks the device with this serial number as belonging to another tenant: its import ends in an error.
    pub fn assign_to_other_tenant(&self, serial: &str) {
        self.now().foreign.insert(serial.to_lowercase());
    }

    /// Fails the next `count` otherwise successful imports with `StorageError`.
    pub fn fail_imports(&self, count: u32) {
        self.now().storage_errors = count;
    }

    /// Keeps imports of the device with this serial number `pending` forever.
    pub fn hold_import(&self, serial: &str) {
        self.now().held_imports.insert(serial.to_lowercase());
    }

    /// Deletes the directory object of a registered device, which orphans the registration. Returns `false` if there is
    /// no such object.
    pub fn remove_anchor(&self, serial: &str) -> bool {
        let mut state = self.now();
        let anchor = state.identities.find("serialNumber", serial).next().map(|(_, of)| of.anchor.clone());
        let Some(anchor) = anchor.filter(|anchor| state.directory.devices.get(anchor).is_some()) else {
            return false;
        };
        directory_device::remove(&mut state, &anchor);
        true
    }

    /// Marks an MDM policy as invalid, so that it cannot be updated.
    pub fn invalidate_mdm_policy(&self, id: &str) {
        self.now().mobility.update(id, |policy| policy.set("isValid", false));
    }

    /// Allows the connectors' accounts to create computers in this organizational unit, but not in those below it.
    /// Returns `false` if the name is not a distinguished name.
    ///
    /// The default container needs no grant.
    pub fn grant_ou(&self, organizational_unit: &str) -> bool {
        unit_key(organizational_unit).map(|key| self.now().deployments.units.insert(key)).is_some()
    }

    /// Revokes the right granted by [`grant_ou`](Self::grant_ou).
    pub fn revoke_ou(&self, organizational_unit: &str) {
        if let Some(key) = unit_key(organizational_unit) {
            self.now().deployments.units.remove(&key);
        }
    }

    /// Switches a device on. Its deployment advances with the tenant's time.
    ///
    /// Each step uses the tenant's current state: an assigned profile, a user in the MDM scope, a domain join
    /// configuration, a connector, and the right to create the computer account. If something is missing, the
    /// deployment fails as a real one does: see [`Cause`].
    ///
    /// [`Cause`]: super::Cause
    pub fn power_on(&self, serial: &str) {
        self.power_on_with(PowerOnOptions::new(serial));
    }

    /// Switches a device on with the given options.
    pub fn power_on_with(&self, options: PowerOnOptions) {
        self.now().power_on(options);
    }

    /// Returns the last deployment of a device; `None` if the device was never switched on.
    pub fn deployment(&self, serial: &str) -> Option<Deployment> {
        self.now().deployments.last(serial)
    }

    /// Returns the story so far of a device's latest deployment: the facts known to the device and the connector's
    /// server. `None` if the device was never switched on.
    pub fn device_story(&self, serial: &str) -> Option<DeviceStory> {
        self.now().deployments.story(serial)
    }

    /// Returns the computer accounts that deployments created in Active Directory, including those of earlier
    /// deployments and those created after the device had given up.
    pub fn computers(&self) -> Vec<Computer> {
        self.now().deployments.computers.clone()
    }

    /// Returns the current quirks.
    pub fn quirks(&self) -> Quirks {
        self.lock().options.quirks.clone()
    }

    /// Sets the quirks for subsequent requests.
    pub fn set_quirks(&self, quirks: Quirks) {
        self.now().options.quirks = quirks;
    }

    /// Injects a fault.
    pub fn fault(&self, fault: Fault) {
        let state = self.now();
        self.gateway().faults.inject(&state, fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.gateway().faults = Faults::default();
    }

    /// Returns the requests so far, in order, without headers or bodies. A batch counts as one.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.gateway().requests.iter().cloned().collect()
    }

    /// Limits the record to the last `count` requests. Default: all.
    pub fn remember_requests(&self, count: usize) {
        self.gateway().remember(count);
    }

    /// Clears the record of requests.
    pub fn clear_requests(&self) {
        self.gateway().requests.clear();
    }

    /// Returns the id of the first device identity with this serial number.
    pub fn device_id(&self, serial: &str) -> Option<String> {
        let state = self.now();
        state.identities.find("serialNumber", serial).next().map(|(_, identity)| identity.id.clone())
    }

    /// Returns the number of registered devices.
    pub fn device_count(&self) -> usize {
        self.now().identities.len()
    }

    /// Returns the ids of a group's members in the order in which they joined; empty if the group does not exist.
    pub fn members(&self, group: &str) -> Vec<String> {
        let state = self.now();
        let group = state.directory.groups.get(group);
        group
            .into_iter()
            .flat_map(|group| group.members_after(0))
            .map(|(_, member)| member.to_owned())
            .collect()
    }

    /// Returns the objects that a registered device gets once the tenant has settled, with all rules evaluated and all
    /// profiles assigned. `user` is the user who sets up the device. `None` if no device has this serial number.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { tenant, .. }| {
    /// tenant.add_device("PF3XK7M1");
    /// let got = tenant.effective_objects("PF3XK7M1", None).ok_or("not registered")?;
    /// assert_eq!((got.profile, got.page, got.domain_joins.len()), (None, None, 0));
    /// # Ok(()) });
    /// ```
    pub fn effective_objects(&self, serial: &str, user: Option<&str>) -> Option<EffectiveObjects> {
        let state = self.now();
        let (_, identity) = state.identities.find("serialNumber", serial).next()?;
        let user = user.and_then(|upn| state.directory.user(upn));
        Some(effective::settled(&state, identity, user))
    }

    /// Returns the tenant's time.
    pub fn timestamp(&self) -> Timestamp {
        self.now().now
    }
}
