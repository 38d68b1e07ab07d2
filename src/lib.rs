//! Windows Autopilot user-driven Microsoft Entra hybrid join, from automatic enrollment to a deployed device: typed
//! models, a Microsoft Graph client over a pluggable transport, the ten steps as one workflow, and a simulated tenant
//! for tests.
//!
//! Microsoft recommends joining new devices to Microsoft Entra ID alone. This crate is for organizations that also need
//! Active Directory.
//!
//! # Modules
//!
//! | module | contents |
//! | --- | --- |
//! | [`model`] | settings, observations, and a checked type for every value with a rule |
//! | [`catalog`] | every operation's method, path, versions, permissions and documentation page |
//! | [`Client`], [`resource`] | typed calls: [`Client::devices`], [`Client::profiles`], [`Client::groups`] and others |
//! | [`graph`] | Graph's protocol: operations as values, lists as streams, batches, pollers, filters |
//! | [`credential`], [`transport`], [`pipeline`], [`clock`] | sign-in, HTTP, retries and limits, time: each replaceable |
//! | [`error`] | the error of every call, its kinds, the service's error and the reasons of failed sign-ins |
//! | `registration` | device CSV files (feature `registration`) and hardware hashes (with `import` too) |
//! | `offline` | `AutopilotConfigurationFile.json` (feature `offline`) |
//! | [`codes`] | the error codes of a deployment, with their causes |
//! | `evidence` | offline analysis of a device's and the connector server's logs (feature `evidence`) |
//! | `workflow` | the ten steps as one: plan, import, apply, watch, teardown (feature `workflow`; only the import: `import`) |
//! | `ad` | the connector's needs in Active Directory (feature `ad`; only its configuration files: `connector-config`) |
//! | `sim`, `testing` | the simulated tenant, and a client of it in one line (feature `sim`) |
//! | [`docs`] | guides: reliability, tracing, findings, exit codes, the cost of features |
//!
//! # Connect to a tenant
//!
//! ```no_run
//! use windows_autopilot::Client;
//! use windows_autopilot::credential::ClientSecret;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let tenant = "contoso.onmicrosoft.com".parse()?;
//!     let secret = std::env::var("AUTOPILOT_CLIENT_SECRET")?;
//!     let credential = ClientSecret::new(tenant, "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f", secret)?;
//!     let client = Client::builder(credential).build()?;
//!     println!("{} devices are registered", client.devices().count().await?);
//!     Ok(())
//! }
//! ```
//!
//! The program needs tokio's features `macros` and `rt-multi-thread`. The documentation of each call lists its
//! permission; [`Client::granted_permissions`] returns those of the token.
//!
//! # List all devices with a group tag
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! for device in client.devices().tagged(&"Munich".parse()?).all().await? {
//!     println!("{}: {:?}", device.id, device.serial_number);
//! }
//! # Ok(()) });
//! ```
//!
//! `client.devices().list().all()` reads any other list whole; [`items`](graph::List::items) streams it and reads one
//! page ahead.
//!
//! # Create and assign a hybrid join profile
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! use windows_autopilot::model::{Group, HybridJoinProfile, Membership, MembershipRule, Target};
//!
//! let rule = MembershipRule::group_tag("Munich")?;
//! let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
//! let group = client.groups().create(&group).await?;
//!
//! let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
//! let profile = client.profiles().create(&profile).await?;
//! client.profiles().assignments(&profile.id).add(&Target::group(group.id)).await?;
//! # Ok(()) });
//! ```
//!
//! Values that a hybrid join forbids are not representable: its profile has no device name template, and a computer
//! name prefix with a macro does not parse. [`lint`](model::HybridJoinProfile::lint) finds values that the service
//! reportedly refuses.
//!
//! # The ten steps as one
//!
//! With the feature `workflow`, describe a deployment (here in TOML, or in any other format of serde), print the plan,
//! and apply it. Applying it again changes nothing:
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! use windows_autopilot::workflow::HybridJoin;
//!
//! let desired: HybridJoin = toml::from_str(r#"
//!     name = "Munich"
//!     active_directory.domain = "corp.contoso.com"
//!
//!     [group]
//!     display_name = "Autopilot Munich"
//!     members.group_tag = "Munich"
//!
//!     [profile]
//!     display_name = "Contoso hybrid Munich"
//! "#)?;
//! let plan = desired.plan(&client, &[]).await?;
//! println!("{plan}");
//! plan.apply(&client).await.into_result()?;
//! assert!(desired.plan(&client, &[]).await?.is_empty());
//! # Ok(()) });
//! ```
//!
//! # Test it offline
//!
//! `testing::Harness` is a client of a simulated tenant with a clock on which hours pass in milliseconds. Add
//! `windows-autopilot = { version = "0.1", features = ["sim"] }` to your `[dev-dependencies]`, and start a test with:
//!
//! ```
//! # use std::time::Duration;
//! # use windows_autopilot::testing::Harness;
//! # use windows_autopilot::sim::Fault;
//! # windows_autopilot::testing::run(async |_| {
//! let Harness { client, tenant, clock, .. } = Harness::new();
//! tenant.add_device("PF3XK7M1");
//! assert_eq!(client.devices().count().await?, 1);
//!
//! // Faults of a real tenant can be injected.
//! tenant.fault(Fault::throttle(Duration::from_secs(7)).once());
//! assert_eq!(client.devices().count().await?, 1);
//! assert_eq!(clock.slept(), [Duration::from_secs(7)]);
//! # Ok(()) });
//! ```
//!
//! # Send a request without a typed call
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, .. }| {
//! use windows_autopilot::graph::ApiVersion;
//! use windows_autopilot::http::Method;
//!
//! let path = "/deviceManagement/windowsAutopilotDeviceIdentities/nobody";
//! let nobody = client
//!     .request(Method::GET, ApiVersion::Beta, path)
//!     .query("$select", "id,serialNumber")
//!     .read::<serde_json::Value>()
//!     .if_found()
//!     .await?;
//! assert_eq!(nobody, None);
//! # Ok(()) });
//! ```
//!
//! The request has the same sign-in, retries, limits and errors as a typed call.
//!
//! # Handle errors
//!
//! An [`Error`] has an [`ErrorKind`] for decisions. It names the operation, has the service's codes and request ids,
//! and contains no secret. Its text ends with the remedy, if one is known. The client retries requests that are safe to
//! retry ([`RetryConfig`](pipeline::RetryConfig)), follows next links only to its own host, and never repeats a write
//! with an unknown outcome: such a call fails with [`ErrorKind::UnknownOutcome`]; read the object before you retry.
//! [`docs::reliability`] has the details in tables, [`docs::tracing`] the spans. Checks return findings, which
//! [`docs::findings`] lists.
//!
//! # Features
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `reqwest` | yes | `transport::ReqwestTransport`: HTTP over reqwest with rustls |
//! | `registration` | no | `registration`: CSV files, hardware hashes |
//! | `offline` | no | `offline`: `AutopilotConfigurationFile.json` |
//! | `import` | no | `workflow::Import`: the import of devices, with a journal; a fifth of the code of `workflow` |
//! | `workflow` | no | `workflow`: the ten steps as one; includes `import`, `offline` and `registration` |
//! | `certificate` | no | `credential::ClientCertificate`: sign-in with a certificate |
//! | `pfx` | no | `credential::ClientCertificate::from_pfx`: certificate and key from a `.pfx` file |
//! | `azure-identity` | no | `credential::AzureIdentity`: any credential of the crate `azure_identity`: managed identity, Azure CLI |
//! | `interactive` | no | `credential::InteractiveBrowser`: a person signs in with the browser of this machine |
//! | `cassette` | no | `transport::Recorder`, `transport::Replayer`: exchanges in readable files, without secrets |
//! | `connector-config` | no | `ad::connector_config`: the Intune Connector's `.exe.config` files |
//! | `ad` | no | `ad`: the connector's needs in Active Directory: checked, delegated, or written as text for review |
//! | `ldap` | no | `ad::ldap::LdapDirectory`: a real directory, over LDAP with TLS |
//! | `evidence` | no | `evidence`: offline analysis of a device's and the connector server's logs; no more dependencies |
//! | `evidence-archives` | no | archives (`.cab`, `.zip`) of such logs |
//! | `sim` | no | `sim`, the simulated tenant, and `testing`, a client of it in one line |
//! | `serve` | no | `sim::Server` and the program `autopilot-sim`: the simulated tenant over HTTP and HTTPS on loopback |
//!
//! Without features, the dependency tree has no HTTP stack and no TLS: set your own transport. [`docs::weight`] lists
//! the cost of each feature in builds.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "connector-config")]
pub mod ad;
pub mod catalog;
pub mod clock;
pub mod codes;
pub mod credential;
pub mod docs;
pub mod error;
#[cfg(feature = "evidence")]
#[cfg_attr(docsrs, doc(cfg(feature = "evidence")))]
pub mod evidence;
mod foreign;
pub mod graph;
pub mod model;
#[cfg(feature = "offline")]
#[cfg_attr(docsrs, doc(cfg(feature = "offline")))]
pub mod offline;
pub mod pipeline;
#[cfg(any(feature = "import", feature = "registration"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "import", feature = "registration"))))]
pub mod registration;
pub mod resource;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod sim;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod testing;
#[cfg(any(feature = "reqwest", feature = "ldap"))]
mod tls;
pub mod transport;
#[cfg(feature = "import")]
#[cfg_attr(docsrs, doc(cfg(feature = "import")))]
pub mod workflow;

pub use self::error::{Error, ErrorKind, Result};
pub use self::graph::{Client, ClientBuilder, Cloud};

/// The bodies of requests and responses in [`transport`] and raw requests.
pub use bytes;
/// The requests, responses, methods and headers in [`transport`], [`pipeline`] and raw requests.
pub use http;
/// The timestamps in [`model`].
pub use jiff;
/// The JSON values in raw requests and in unknown parts of [`model`] types.
pub use serde_json;

/// The README's recipe, compiled and run.
#[cfg(all(doctest, feature = "sim"))]
#[doc = include_str!("../README.md")]
struct Readme;
