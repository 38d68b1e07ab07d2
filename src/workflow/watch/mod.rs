//! A watch that follows devices until each one is ready or its problem is known.
//!
//! [`Watch`] polls five sources of the service and combines them. [`observe`], a pure function, derives the state of
//! one device, and a [`DeploymentReport`] shows the result.

mod catalogue;
mod causes;
mod deadline;
mod device_evidence;
mod diagnose;
mod event;
mod evidence;
pub mod findings;
mod followed;
mod handle;
mod matching;
mod observe;
mod phase;
mod read;
mod record;
mod report;
mod request;
mod round;
mod state;
mod tenant;

pub use self::device_evidence::DeviceEvidence;
pub use self::event::WatchEvent;
pub use self::evidence::{AppliedPage, DeviceSnapshot, EffectiveDomainJoin, Expectation};
pub use self::handle::WatchHandle;
pub use self::observe::observe;
pub use self::phase::{DeploymentOutcome, Phase, UserCredential};
pub use self::report::{DeploymentReport, DeviceDeployment, EarlierEnrollment, Problem};
pub use self::request::{Watch, WatchedDevice};
pub use self::state::{DeadlineSource, DeviceFacts, DeviceState, PhaseStart};
