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
//! It answers as the service does: status codes, error bodies, pages with opaque links, what can be filtered where,
//! what is read-only, what belongs together, and how long things take. It knows nothing of the client in this crate, so
//! that a mistake there is not repeated here.
//!
//! * **Time** is the tenant's [`Clock`](crate::clock::Clock). Nothing runs in the background: what fell due is done when the tenant is next
//!   asked. With [`FakeClock`](crate::clock::FakeClock) hours pass in milliseconds.
//! * **Callers** need a bearer token. Any will do, as an application with every permission, unless the tenant is built
//!   otherwise; [`Tenant::delegated_token`] and the token endpoint at `/{tenant}/oauth2/v2.0/token` give real ones.
//! * **What a caller cannot do** is done through the methods of [`Tenant`]: users, apps, connectors, rights.
//! * **Computers** are names in memory, unless the tenant is built with [`ComputerAccounts`]: then its connector creates
//!   each in a directory, and the directory's refusals reach the devices.
//! * **Paths of Graph that are not simulated** answer 501, unless [`TenantBuilder::with_route`] teaches them;
//!   [`operations`] lists those that are.
//! * **Facts that are disputed** are [`Quirks`], delays are [`Lag`].

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
