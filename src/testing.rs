//! A test harness: a client for a simulated tenant, in one line.
//!
//! In `Cargo.toml`, with the features that your program uses:
//!
//! ```toml
//! [dev-dependencies]
//! windows-autopilot = { version = "0.1", features = ["sim"] }
//! tokio = { version = "1", features = ["macros", "rt"] }
//! ```
//!
//! Three lines are enough to start. Here, they test a tool's function:
//!
//! ```
//! use windows_autopilot::testing::Harness;
//! use windows_autopilot::{Client, Result};
//!
//! async fn serials(client: &Client, tag: &str) -> Result<Vec<String>> {
//!     let devices = client.devices().tagged(&tag.parse()?).all().await?;
//!     Ok(devices.into_iter().filter_map(|device| device.serial_number).map(|serial| serial.to_string()).collect())
//! }
//!
//! # const _: &str = stringify!(
//! #[tokio::test]
//! # );
//! async fn kiosks_are_found_by_their_tag() -> Result<()> {
//!     let Harness { client, tenant, .. } = Harness::new();
//!     tenant.add_device_with(windows_autopilot::sim::DeviceSpec::new("PF3XK7M1").with_group_tag("Kiosk"));
//!     assert_eq!(serials(&client, "Kiosk").await?, ["PF3XK7M1"]);
//!     Ok(())
//! }
//! # windows_autopilot::testing::run(async |_| Ok(kiosks_are_found_by_their_tag().await?));
//! ```
//!
//! Such a test needs no network, no credential and no waiting: while the service is working or a call is waiting for a
//! retry, the [`FakeClock`] advances automatically. If nothing in the test is waiting, advance the clock with
//! `clock.advance(..)`: a dynamic group's members and their assignments appear only minutes later, as defined by
//! [`Lag`](crate::sim::Lag). [`Tenant`] also provides what Graph cannot: devices, users, connectors, faults, and a
//! device's power button.

use std::error::Error;
use std::sync::Arc;

#[cfg(feature = "ad")]
use async_trait::async_trait;

#[cfg(feature = "ad")]
use crate::ad::Domain;
#[cfg(feature = "ad")]
use crate::ad::directory::{Directory, DirectoryError, DirectoryErrorKind};
use crate::clock::FakeClock;
use crate::credential::FixedToken;
use crate::graph::{Client, ClientBuilder};
use crate::pipeline::RetryConfig;
#[cfg(feature = "ad")]
use crate::sim::{Computer, ComputerAccounts, ComputerRefusal, RefusalKind};
use crate::sim::{Tenant, TenantBuilder};

/// A client, its simulated tenant, and the clock they share.
///
/// ```
/// use windows_autopilot::testing::Harness;
/// # windows_autopilot::testing::run(async |_| {
/// let Harness { client, tenant, clock, .. } = Harness::new();
/// tenant.add_device("PF3XK7M1");
/// assert_eq!(client.devices().count().await?, 1);
/// # Ok(()) });
/// ```
///
/// Retries have no jitter, so tests can assert exactly how long the client waits.
/// The token is opaque: [`Client::granted_permissions`] and [`Client::tenant_id`] find nothing in it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Harness {
    /// A client for the tenant.
    pub client: Client,
    /// The simulated tenant.
    pub tenant: Tenant,
    /// The virtual clock that the client and the tenant share.
    pub clock: FakeClock,
}

impl Harness {
    /// Creates a client for a default tenant, signed in as a user with all permissions.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Creates a builder with the defaults of [`Harness::new`].
    ///
    /// ```
    /// use windows_autopilot::pipeline::RetryConfig;
    /// use windows_autopilot::testing::Harness;
    /// let harness = Harness::builder()
    ///     .as_app()
    ///     .with_tenant(|tenant| tenant.with_page_size(2))
    ///     .with_client(|client| client.with_retry(RetryConfig::none()))
    ///     .build();
    /// ```
    pub fn builder() -> HarnessBuilder {
        let clock = FakeClock::new();
        HarnessBuilder {
            tenant: Tenant::builder().with_clock(Arc::new(clock.clone())),
            client: Client::builder(FixedToken::new("simulated"))
                .with_clock(clock.clone())
                .with_retry(RetryConfig::default().with_jitter(false)),
            clock,
            is_app: false,
        }
    }
}

/// A builder for [`Harness`].
///
/// ```
/// use windows_autopilot::sim::Lag;
/// use windows_autopilot::testing::Harness;
/// let harness = Harness::builder().with_tenant(|tenant| tenant.with_lag(Lag::none())).build();
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct HarnessBuilder {
    tenant: TenantBuilder,
    client: ClientBuilder,
    clock: FakeClock,
    is_app: bool,
}

impl HarnessBuilder {
    /// Configures the tenant. Calls accumulate.
    ///
    /// ```
    /// use windows_autopilot::testing::Harness;
    /// let harness = Harness::builder().with_tenant(|tenant| tenant.with_domain("fabrikam.onmicrosoft.com")).build();
    /// assert_eq!(harness.tenant.domain(), "fabrikam.onmicrosoft.com");
    /// ```
    pub fn with_tenant(mut self, change: impl FnOnce(TenantBuilder) -> TenantBuilder) -> Self {
        self.tenant = change(self.tenant);
        self
    }

    /// Configures the client. Calls accumulate.
    ///
    /// ```
    /// use windows_autopilot::Cloud;
    /// use windows_autopilot::testing::Harness;
    /// let harness = Harness::builder().with_client(|client| client.with_cloud(Cloud::China)).build();
    /// assert_eq!(harness.client.cloud(), &Cloud::China);
    /// ```
    pub fn with_client(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// Signs in as an application, as with a client secret. The tenant then rejects calls that need a user, such as
    /// those for the MDM scope, just as the service does.
    ///
    /// ```
    /// use windows_autopilot::ErrorKind;
    /// use windows_autopilot::testing::Harness;
    /// # windows_autopilot::testing::run(async |_| {
    /// let client = Harness::builder().as_app().build().client;
    /// let refused = client.mdm_policies().list().all().await.unwrap_err();
    /// assert_eq!(refused.kind(), ErrorKind::Forbidden);
    /// # Ok(()) });
    /// ```
    pub fn as_app(mut self) -> Self {
        self.is_app = true;
        self
    }

    /// Signs in as a user, which is the default.
    pub fn as_user(mut self) -> Self {
        self.is_app = false;
        self
    }

    /// Builds the tenant and its client.
    pub fn build(self) -> Harness {
        let tenant = if self.is_app { self.tenant } else { self.tenant.with_delegated_callers() }.build();
        let client = self.client.build_on(Arc::new(tenant.clone()));
        Harness { client, tenant, clock: self.clock }
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

/// A directory in which the simulated connector creates computers, using the account that is signed in to the
/// directory.
///
/// With an in-memory directory, a test can inspect every right and every refusal. With an `LdapDirectory` (feature
/// `ldap`), accounts and refusals are real: use a test domain, and sign in as an account with the connector's rights.
///
/// ```
/// use windows_autopilot::ad::delegation::Delegation;
/// use windows_autopilot::ad::memory::MemoryDirectory;
/// use windows_autopilot::model::OrganizationalUnit;
/// use windows_autopilot::testing::{DirectoryAccounts, Harness};
///
/// # windows_autopilot::testing::run(async |_| {
/// let directory = MemoryDirectory::new(&"corp.example".parse()?);
/// let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// directory.add_unit(&unit);
/// let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// Delegation::new(&unit, connector.clone()).apply(&directory).await?;
///
/// let accounts = DirectoryAccounts::new(directory.bound_as(&connector));
/// let Harness { client, tenant, .. } =
///     Harness::builder().with_tenant(|tenant| tenant.with_computer_accounts(accounts)).build();
/// # drop((client, tenant));
/// # Ok(()) });
/// ```
///
/// A [`FakeClock`] does not wait for a real server: while a computer is being created, no other task may sleep on the
/// clock, or hours pass and the device times out.
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
#[derive(Debug, Clone)]
pub struct DirectoryAccounts<D> {
    directory: D,
}

#[cfg(feature = "ad")]
impl<D: Directory> DirectoryAccounts<D> {
    /// Creates an account source that creates computers in `directory`.
    pub fn new(directory: D) -> Self {
        Self { directory }
    }

    async fn create_in_directory(&self, computer: &Computer) -> Result<(), DirectoryError> {
        let refused = |kind, message: String| Err(DirectoryError::new(kind, message));
        let Some(domain) = Domain::read(&self.directory).await? else {
            let message = "the server is not an Active Directory domain controller: connect to one";
            return refused(DirectoryErrorKind::Unexpected, message.to_owned());
        };
        if !domain.name.as_str().eq_ignore_ascii_case(&computer.domain) {
            let message = format!(
                "the server belongs to the domain {}, and the computer to {}: connect to the computer's domain",
                domain.name, computer.domain
            );
            return refused(DirectoryErrorKind::OtherDomain, message);
        }
        match computer.organizational_unit.as_deref().or(domain.computers.as_deref()) {
            Some(container) => self.directory.create_computer(container, &computer.name).await,
            None => {
                let message = "the domain has no default container for computers: set an organizational unit in the domain join profile";
                refused(DirectoryErrorKind::NotFound, message.to_owned())
            }
        }
    }
}

#[cfg(feature = "ad")]
#[async_trait]
impl<D: Directory + 'static> ComputerAccounts for DirectoryAccounts<D> {
    async fn create(&self, computer: &Computer) -> Result<(), ComputerRefusal> {
        self.create_in_directory(computer).await.map_err(|error| {
            let kind = match error.kind() {
                DirectoryErrorKind::AccessDenied => RefusalKind::NoRight,
                DirectoryErrorKind::QuotaExceeded => RefusalKind::QuotaExceeded,
                DirectoryErrorKind::NameTaken => RefusalKind::NameTaken,
                DirectoryErrorKind::NotFound => RefusalKind::UnitNotFound,
                _ => RefusalKind::Other,
            };
            ComputerRefusal::new(kind, error.to_string())
        })
    }
}

/// Runs `test` with a new [`Harness`] on a current-thread runtime: for doctests, examples, and tests without a test
/// macro.
///
/// ```
/// windows_autopilot::testing::run(async |h| {
///     h.tenant.add_device("PF3XK7M1");
///     assert_eq!(h.client.devices().count().await?, 1);
///     Ok(())
/// });
/// ```
///
/// # Panics
/// If `test` returns an error, or if no runtime can be started.
#[allow(clippy::panic, reason = "a failed test ends this way")]
#[track_caller]
pub fn run(test: impl AsyncFnOnce(Harness) -> Result<(), Box<dyn Error>>) {
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Box::from)
        .and_then(|runtime| runtime.block_on(test(Harness::new())));
    if let Err(error) = ended {
        panic!("{error:#}");
    }
}
