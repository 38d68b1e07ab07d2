//! Deployment profiles.

mod common;
mod entra;
mod hybrid;
#[cfg(test)]
mod tests;

pub use self::entra::{DeploymentMode, EntraJoinProfile};
pub use self::hybrid::HybridJoinProfile;
use super::stored::stored_enum;

stored_enum! {
    /// A stored deployment profile of any kind.
    pub enum DeploymentProfile {
        /// A profile for Microsoft Entra hybrid join.
        Hybrid(HybridJoinProfile),
        /// A profile for Microsoft Entra join.
        Entra(EntraJoinProfile),
    }
}
