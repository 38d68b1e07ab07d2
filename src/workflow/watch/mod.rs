//! The watch over devices until they are ready, or until the problem is known that stops them.
//!
//! [`Watch`] polls what the service reports of devices in five places and combines it; [`observe`] derives the state of one
//! device from that, as a pure function; a [`DeploymentReport`] shows it.

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
