//! Follows devices until they are ready, or until it is known why they are not.

mod catalogue;
mod diagnose;
mod evidence;
mod observe;
mod phase;
mod state;

pub use self::catalogue::{ErrorCode, KnownError};
pub use self::evidence::{DeviceEvidence, EffectiveDomainJoin, Expectation, Seen};
pub use self::observe::observe;
pub use self::phase::{Credential, Outcome, Phase};
pub(in crate::workflow) use self::state::spell;
pub use self::state::{DeviceFacts, DeviceState, PhaseStart};
