//! The causes in a device's own evidence.

use jiff::Timestamp;

use crate::model::{Finding, Text};

/// The causes found in a device's own evidence. Always absent without the `evidence` feature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceEvidence {
    /// The proven causes, likeliest first.
    pub proven: Vec<Finding>,
    /// The causes with strong evidence but no proof.
    pub likely: Vec<Finding>,
    /// The latest time in the device's logs.
    pub until: Option<Timestamp>,
    /// The device's id in Intune, from its registry.
    pub managed_device_id: Option<Text>,
}

#[cfg(feature = "evidence")]
impl From<&crate::evidence::Verdict> for DeviceEvidence {
    fn from(verdict: &crate::evidence::Verdict) -> Self {
        let is_proof = |of: &&crate::evidence::Diagnosis| of.strength == crate::evidence::Strength::Proof;
        let causes: Vec<_> = verdict.diagnoses().iter().filter(|of| of.is_cause()).collect();
        let of = |wanted: bool| {
            causes.iter().filter(|of| is_proof(of) == wanted).map(|of| of.finding.clone()).collect()
        };
        Self {
            proven: of(true),
            likely: of(false),
            until: verdict.until(),
            managed_device_id: verdict.managed_device_id().map(Into::into),
        }
    }
}
