//! Uses of a policy.

use super::observation::observation;
use super::{AssignmentSource, Text};

observation! {
    /// A use of a policy by another object, such as a policy set; a policy in use must not be deleted.
    pub struct PayloadLink = "hasPayloadLinkResultItem" {
        error: Text = "error", "The reason that the service could not determine whether the policy is in use.";
        has_link: bool = "hasLink", "Whether another object uses the policy.";
        payload_id: Text = "payloadId", "The policy's id.";
        sources: Vec<AssignmentSource> = "sources", "The kinds of use: direct, or through a policy set.";
    }
}
