//! Assignment filters.

use jiff::Timestamp;

use super::observation::observation;
use super::{
    AssignmentFilterEvaluationMode, AssignmentFilterManagementType, AssignmentFilterType,
    AssignmentPayloadType, DevicePlatform, Group, Id, Text,
};

observation! {
    /// A filter that narrows assignments to some devices.
    ///
    /// A filter on an enrollment status page may use only the model, the manufacturer, the version and edition of the
    /// operating system, the ownership, and the name of the enrollment profile.
    pub struct AssignmentFilter = "deviceAndAppManagementAssignmentFilter", id: Id<AssignmentFilter> {
        /// The objects that the filter applies to: devices or apps.
        assignment_filter_management_type: AssignmentFilterManagementType = "assignmentFilterManagementType";
        created_date_time: Timestamp = "createdDateTime", "The time at which it was created.";
        description: Text = "description", "A description.";
        display_name: Text = "displayName", "The name.";
        evaluation_mode: AssignmentFilterEvaluationMode = "evaluationMode", "The time at which the filter is evaluated, such as at check-in.";
        last_modified_date_time: Timestamp = "lastModifiedDateTime", "The time at which it was last changed.";
        payloads: Vec<FilterPayload> = "payloads", "The objects whose assignments use the filter.";
        platform: DevicePlatform = "platform", "The platform.";
        role_scope_tags: Vec<Text> = "roleScopeTags", "The ids of the scope tags.";
        rule: Text = "rule", "The rule, such as `(device.model -eq \"Surface Pro\")`.";
    }
}

observation! {
    /// An object with an assignment that uses a filter.
    pub struct FilterPayload = "payloadByFilter" {
        /// The effect on matching devices: included or excluded.
        assignment_filter_type: AssignmentFilterType = "assignmentFilterType";
        group_id: Id<Group> = "groupId", "The group of the assignment.";
        payload_id: Text = "payloadId", "The id of the object.";
        payload_type: AssignmentPayloadType = "payloadType", "The kind of the object.";
    }
}
