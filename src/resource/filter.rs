//! Assignment filters.

use serde::Serialize;

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, decode_if_any, entity, nothing};
use crate::model::{AssignmentFilter, AssignmentFilterManagementType, DevicePlatform, Id, Text};

resource! {
    /// Assignment filters (`assignmentFilters`), which narrow an assignment to some of the devices in its target.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::{AssignmentFilter, AssignmentFilterType, DevicePlatform, HybridJoinProfile, Target};
    ///
    /// let mut filter = AssignmentFilter::new("new".parse()?); // the service assigns the id
    /// filter.display_name = Some("Laptops".into());
    /// filter.platform = Some(DevicePlatform::Windows10AndLater);
    /// filter.rule = Some(r#"(device.model -startsWith "Latitude")"#.into());
    /// let filter = client.assignment_filters().create(&filter).await?;
    ///
    /// let target = Target::all_devices().with_filter(filter.id, AssignmentFilterType::Include);
    /// let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// client.profiles().assignments(&profile.id).add(&target).await?;
    /// # Ok(()) });
    /// ```
    pub struct AssignmentFilters, assignment_filters, "assignment filters"
}

impl AssignmentFilters<'_> {
    /// Lists all filters.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [List deviceAndAppManagementAssignmentFilters](https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<AssignmentFilter> {
        List::new(self.client, &catalog::ASSIGNMENT_FILTERS_LIST, &[])
    }

    /// Returns one filter.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [Get deviceAndAppManagementAssignmentFilter](https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<AssignmentFilter>) -> Call<AssignmentFilter> {
        Call::new(self.client, Operation::new(&catalog::ASSIGNMENT_FILTERS_GET, &[id.as_str()], entity))
    }

    /// Creates a filter from its name, description, platform, rule, scope tags and object type.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Create deviceAndAppManagementAssignmentFilter](https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-create?view=graph-rest-beta)
    #[inline]
    pub fn create(&self, filter: &AssignmentFilter) -> Call<AssignmentFilter> {
        let operation = Operation::new(&catalog::ASSIGNMENT_FILTERS_CREATE, &[], entity);
        let body = Body {
            platform: filter.platform.as_ref(),
            assignment_filter_management_type: filter.assignment_filter_management_type.as_ref(),
            ..Body::of(filter)
        };
        Call::new(self.client, operation.with_json(&body))
    }

    /// Changes a filter's name, description, rule and scope tags to those of `filter`; `None` leaves a value unchanged.
    /// Returns the filter if the response contains it.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Update deviceAndAppManagementAssignmentFilter](https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-update?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, filter: &AssignmentFilter) -> Call<Option<AssignmentFilter>> {
        let operation =
            Operation::new(&catalog::ASSIGNMENT_FILTERS_UPDATE, &[filter.id.as_str()], decode_if_any);
        Call::new(self.client, operation.with_json(&Body::of(filter)))
    }

    /// Deletes a filter.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Delete deviceAndAppManagementAssignmentFilter](https://learn.microsoft.com/en-us/graph/api/intune-policyset-deviceandappmanagementassignmentfilter-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<AssignmentFilter>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::ASSIGNMENT_FILTERS_DELETE, &[id.as_str()], nothing))
    }
}

/// The writable properties of a filter.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_scope_tags: Option<&'a [Text]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<&'a DevicePlatform>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment_filter_management_type: Option<&'a AssignmentFilterManagementType>,
}

impl<'a> Body<'a> {
    /// Creates the body with the properties that can always be written.
    #[inline]
    fn of(filter: &'a AssignmentFilter) -> Self {
        Self {
            display_name: filter.display_name.as_ref(),
            description: filter.description.as_ref(),
            rule: filter.rule.as_ref(),
            role_scope_tags: filter.role_scope_tags.as_deref(),
            platform: None,
            assignment_filter_management_type: None,
        }
    }
}
