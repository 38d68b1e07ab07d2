//! A simulated tenant: Microsoft Graph for Windows Autopilot, in memory, as a [`Transport`](crate::transport::Transport).
//!
//! ```
//! use std::sync::Arc;
//! use windows_autopilot::clock::FakeClock;
//! use windows_autopilot::sim::Tenant;
//! use windows_autopilot::transport::Transport;
//!
//! # windows_autopilot::testing::run(async |_| {
//! let tenant = Tenant::new(Arc::new(FakeClock::new()));
//! tenant.add_device("SN-1");
//! let request = http::Request::get("https://graph.microsoft.com/v1.0/deviceManagement/windowsAutopilotDeviceIdentities")
//!     .header("authorization", "Bearer any")
//!     .body(bytes::Bytes::new())?;
//! let response = tenant.send(request).await?;
//! let page: serde_json::Value = serde_json::from_slice(response.body())?;
//! assert_eq!(page["value"][0]["serialNumber"], "SN-1");
//! # Ok(()) });
//! ```
//!
//! The tenant responds as the service does: status codes, error bodies, pages with opaque links, supported filters,
//! read-only properties, constraints and delays. The simulation is independent of this crate's client, so errors in the
//! client are not repeated here.
//!
//! * **Time** comes from the tenant's [`Clock`](crate::clock::Clock). Nothing runs in the background: due work is done
//!   at the next request. With [`FakeClock`](crate::clock::FakeClock), hours pass in milliseconds.
//! * **Callers** need a bearer token. By default, any token has every application permission;
//!   [`Tenant::delegated_token`] and the token endpoint at `/{tenant}/oauth2/v2.0/token` issue real ones.
//! * **Actions outside Graph** are methods of [`Tenant`], such as those that change users, apps, connectors and rights.
//! * **Computers** are names in memory, unless the tenant has [`ComputerAccounts`], in which case its connector creates
//!   each computer in a directory, and the devices are affected if the directory refuses.
//! * **Graph paths that are not simulated** return 501 if they are documented; [`TenantBuilder::with_route`] adds a
//!   path, and [`operations`] lists the simulated ones.
//! * **Disputed facts** are configured with [`Quirks`], and **delays** with [`Lag`].

mod accept;
mod agenda;
mod auth;
mod batch;
mod beyond;
#[cfg(feature = "serve")]
mod control;
mod deploy;
mod dispatch;
mod documented;
mod error;
mod exchange;
mod fault;
mod gateway;
mod limit;
mod need;
mod odata;
mod options;
mod render;
mod resource;
mod route;
mod routes;
mod rows;
mod schema;
mod seed;
#[cfg(feature = "serve")]
mod server;
mod setup;
mod sign_in;
mod state;
mod store;
mod taught;
mod template;
mod tenant;
#[cfg(test)]
mod tests;

pub use self::fault::Fault;
pub use self::gateway::RecordedRequest;
pub use self::options::{DeploymentTiming, Lag, Quirks, RateLimit};
pub use self::resource::effective::EffectiveObjects;
pub use self::routes::operations;
pub use self::rows::{
    Cause, Computer, ComputerAccounts, ComputerRefusal, Deployment, DeploymentPhase, DeviceStory,
    PowerOnOptions, RefusalKind, StoryEvent, StoryFact,
};
pub use self::schema::metadata;
pub use self::seed::{Seed, SeedApp, SeedApplication, SeedConnector, SeedDevice, SeedGroup, SeedUser};
#[cfg(feature = "serve")]
#[cfg_attr(docsrs, doc(cfg(feature = "serve")))]
pub use self::server::{ServedTls, Server, ServerBuilder};
pub use self::setup::{DeviceSpec, TenantBuilder};
pub use self::taught::{RouteAnswer, RouteRequest};
pub use self::tenant::Tenant;
