//! Uses of a policy.

use super::observation::observation;
use super::{AssignmentSource, Text};

observation! {
    /// The use of a policy by something else, such as a policy set; a policy in use is not to be deleted.
    pub struct PayloadLink = "hasPayloadLinkResultItem" {
        error: Text = "error", "The reason why the use could not be determined.";
        has_link: bool = "hasLink", "Whether something uses it.";
        payload_id: Text = "payloadId", "The policy's id.";
        sources: Vec<AssignmentSource> = "sources", "The sources of its use.";
    }
}
