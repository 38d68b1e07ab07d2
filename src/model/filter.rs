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
    /// One on an enrollment status page may use only the model, the manufacturer, the version and edition of the
    /// operating system, the ownership, and the name of the enrollment profile.
    pub struct AssignmentFilter = "deviceAndAppManagementAssignmentFilter", id: Id<AssignmentFilter> {
        /// Whether it is for devices or apps.
        pub assignment_filter_management_type: Option<AssignmentFilterManagementType> = "assignmentFilterManagementType",
        /// When it was created.
        pub created_date_time: Option<Timestamp> = "createdDateTime",
        /// A description.
        pub description: Option<Text> = "description",
        /// The name.
        pub display_name: Option<Text> = "displayName",
        /// When it is evaluated.
        pub evaluation_mode: Option<AssignmentFilterEvaluationMode> = "evaluationMode",
        /// When it was last changed.
        pub last_modified_date_time: Option<Timestamp> = "lastModifiedDateTime",
        /// What uses it.
        pub payloads: Option<Vec<FilterPayload>> = "payloads",
        /// The platform that it is for.
        pub platform: Option<DevicePlatform> = "platform",
        /// The ids of its scope tags.
        pub role_scope_tags: Option<Vec<Text>> = "roleScopeTags",
        /// The rule that devices match, such as `(device.model -eq "Surface Pro")`.
        pub rule: Option<Text> = "rule",
    }
}

observation! {
    /// An object whose assignment uses a filter.
    pub struct FilterPayload = "payloadByFilter" {
        /// Whether devices that match are taken in or left out.
        pub assignment_filter_type: Option<AssignmentFilterType> = "assignmentFilterType",
        /// The group of the assignment.
        pub group_id: Option<Id<Group>> = "groupId",
        /// The id of the object.
        pub payload_id: Option<Text> = "payloadId",
        /// The kind of the object.
        pub payload_type: Option<AssignmentPayloadType> = "payloadType",
    }
}
