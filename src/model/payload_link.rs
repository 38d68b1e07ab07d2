//! What uses a policy.

use super::observation::observation;
use super::{AssignmentSource, Text};

observation! {
    /// Whether a policy is used by something else, such as a policy set, and so is not to be deleted.
    pub struct PayloadLink = "hasPayloadLinkResultItem" {
        /// Why it could not be found out.
        pub error: Option<Text> = "error",
        /// Whether something uses it.
        pub has_link: Option<bool> = "hasLink",
        /// The policy's id.
        pub payload_id: Option<Text> = "payloadId",
        /// What uses it.
        pub sources: Option<Vec<AssignmentSource>> = "sources",
    }
}
