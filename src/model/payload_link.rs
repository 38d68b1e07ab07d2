//! Uses of a policy.

use super::observation::observation;
use super::{AssignmentSource, Text};

observation! {
    /// A use of a policy by another object, such as a policy set; a used policy must not be deleted.
    pub struct PayloadLink = "hasPayloadLinkResultItem" {
        error: Text = "error", "The reason why the use could not be determined.";
        has_link: bool = "hasLink", "Whether another object uses the policy.";
        payload_id: Text = "payloadId", "The policy's id.";
        sources: Vec<AssignmentSource> = "sources", "The sources of the use.";
    }
}
