//! Automatic enrollment: the MDM user scope.

use serde::Serialize;

use super::{Reference, resource};
use crate::catalog;
use crate::error::{Error, ErrorKind};
use crate::graph::{Call, List, Operation, Sequence, entity, nothing};
use crate::model::{Group, GroupReference, Id, MdmPolicy, MdmScope, MdmScopeStep, Text};

resource! {
    /// Automatic enrollment (`mobileDeviceManagementPolicies`), in beta only.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::MdmScope;
    ///
    /// let policy = client.mdm_policies().intune().await?;
    /// let steps = client.mdm_policies().set_scope(&policy, &MdmScope::All).await?;
    /// println!("{} steps", steps.len());
    /// assert_eq!(client.mdm_policies().get(&policy.id).await?.scope(), Some(MdmScope::All));
    /// # Ok(()) });
    /// ```
    ///
    /// **Every call here needs a signed-in user**: no application permission works, not even to read. Calls by an app
    /// without a user fail with [`ErrorKind::Forbidden`].
    pub struct MdmPolicies, mdm_policies, "automatic enrollment"
}

/// The number of linked objects from which an expansion may be truncated: the list has pages.
const EXPANDED: usize = 20;

/// The URLs of a mobility policy. Each cloud has its own set. A URL that is `None` is left unchanged.
///
/// ```
/// use windows_autopilot::resource::MdmUrls;
///
/// let urls = MdmUrls::default()
///     .with_discovery_url("https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc")
///     .with_terms_of_use_url("https://portal.manage.microsoft.com/TermsofUse.aspx");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MdmUrls {
    /// The URL of the terms of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_of_use_url: Option<Text>,
    /// The URL for enrollment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_url: Option<Text>,
    /// The URL for compliance checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compliance_url: Option<Text>,
}

impl MdmUrls {
    /// Sets the URL of the terms of use.
    #[must_use]
    #[inline]
    pub fn with_terms_of_use_url(mut self, url: impl Into<Text>) -> Self {
        self.terms_of_use_url = Some(url.into());
        self
    }

    /// Sets the URL for enrollment.
    #[must_use]
    #[inline]
    pub fn with_discovery_url(mut self, url: impl Into<Text>) -> Self {
        self.discovery_url = Some(url.into());
        self
    }

    /// Sets the URL for compliance checks.
    #[must_use]
    #[inline]
    pub fn with_compliance_url(mut self, url: impl Into<Text>) -> Self {
        self.compliance_url = Some(url.into());
        self
    }
}

impl MdmPolicies<'_> {
    /// Lists all policies: one for each application that can manage devices.
    ///
    /// # Permissions
    /// `Policy.Read.All`, delegated only.
    /// # API
    /// `beta`. [List mobileDeviceManagementPolicies](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<MdmPolicy> {
        List::new(self.client, &catalog::MOBILITY_POLICIES_LIST, &[])
    }

    /// Returns one policy with its groups.
    ///
    /// # Permissions
    /// `Policy.Read.All`, delegated only.
    /// # API
    /// `beta`. [Get mobileDeviceManagementPolicy](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<MdmPolicy>) -> Call<MdmPolicy> {
        let operation = Operation::new(&catalog::MOBILITY_POLICIES_GET, &[id.as_str()], entity);
        Call::new(self.client, operation.with_query("$expand", "includedGroups"))
    }

    /// Returns Intune's policy with its groups. The policy is looked up by id and, failing that, by name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no Intune policy; any error of [`Call`].
    /// # Permissions
    /// `Policy.Read.All`, delegated only.
    #[inline]
    pub fn intune(&self) -> Sequence<MdmPolicy> {
        let client = self.client.clone();
        Sequence::new(async move {
            let policies = client.mdm_policies().list().all().await?;
            let by_id = |policy: &&MdmPolicy| {
                policy.id.as_str().eq_ignore_ascii_case(MdmPolicy::INTUNE_APPLICATION_ID)
            };
            let by_name = || policies.iter().find(|policy| policy.is_intune());
            match policies.iter().find(by_id).or_else(by_name) {
                Some(policy) => {
                    let mut policy = client.mdm_policies().get(&policy.id).await?;
                    if policy.included_groups.as_ref().is_some_and(|groups| groups.len() >= EXPANDED) {
                        let groups = client.mdm_policies().included_groups(&policy.id);
                        policy.included_groups = Some(groups.all().await?);
                    }
                    Ok(policy)
                }
                None => {
                    let message =
                        "the tenant has no mobility policy for Intune: check the Intune subscription";
                    Err(Error::new(ErrorKind::NotFound, message))
                }
            }
        })
    }

    /// Applies one step of a scope change. To change the whole scope, use [`MdmPolicies::set_scope`].
    ///
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    /// # API
    /// `beta`. [Update mobileDeviceManagementPolicy](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-update?view=graph-rest-beta),
    /// [Add includedGroups](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-post-includedgroups?view=graph-rest-beta),
    /// [Delete includedGroups](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-delete-includedgroups?view=graph-rest-beta)
    #[inline]
    pub fn apply(&self, id: &Id<MdmPolicy>, step: &MdmScopeStep) -> Call<()> {
        match step {
            MdmScopeStep::ApplyToNone => self.apply_to(id, "none"),
            MdmScopeStep::ApplyToAll => self.apply_to(id, "all"),
            MdmScopeStep::Include(group) => self.add_group(id, group),
            MdmScopeStep::Exclude(group) => self.remove_group(id, group),
        }
    }

    /// Changes the scope of a policy to `scope`, step by step, so that no user who should enroll is left out in the
    /// meantime. Returns the steps taken; empty if the policy already has the scope.
    ///
    /// # Errors
    /// Same as [`Call`]; completed steps are kept, and calling again completes the rest.
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    #[inline]
    pub fn set_scope(&self, policy: &MdmPolicy, scope: &MdmScope) -> Sequence<Vec<MdmScopeStep>> {
        let (client, id, steps) = (self.client.clone(), policy.id.clone(), scope.steps_from(policy));
        Sequence::new(async move {
            for step in &steps {
                client.mdm_policies().apply(&id, step).await?;
            }
            Ok(steps)
        })
    }

    /// Sets the URLs, which the service does not accept together with the scope.
    ///
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    /// # API
    /// `beta`. [Update mobileDeviceManagementPolicy](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-update?view=graph-rest-beta)
    #[inline]
    pub fn set_urls(&self, id: &Id<MdmPolicy>, urls: &MdmUrls) -> Call<()> {
        let operation = Operation::new(&catalog::MOBILITY_POLICIES_UPDATE, &[id.as_str()], nothing);
        Call::new(self.client, operation.with_json(urls))
    }

    #[inline]
    fn apply_to(&self, id: &Id<MdmPolicy>, whom: &'static str) -> Call<()> {
        // Alone: with any other property it is refused.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            applies_to: &'static str,
        }
        let operation = Operation::new(&catalog::MOBILITY_POLICIES_UPDATE, &[id.as_str()], nothing);
        Call::new(self.client, operation.with_json(&Body { applies_to: whom }))
    }

    /// Deletes a policy that is no longer valid.
    ///
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    /// # API
    /// `beta`. [Delete mobileDeviceManagementPolicy](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<MdmPolicy>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::MOBILITY_POLICIES_DELETE, &[id.as_str()], nothing))
    }

    /// Lists the groups that a policy includes.
    ///
    /// # Permissions
    /// `Policy.Read.All`, delegated only.
    /// # API
    /// `beta`. [List includedGroups](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-list-includedgroups?view=graph-rest-beta)
    #[inline]
    pub fn included_groups(&self, id: &Id<MdmPolicy>) -> List<GroupReference> {
        let info = &catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_LIST;
        List::new(self.client, info, &[id.as_str()])
    }

    /// Adds a group of users to the scope. The scope becomes `selected`, which cannot be set directly.
    ///
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    /// # API
    /// `beta`. [Add includedGroups](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-post-includedgroups?view=graph-rest-beta)
    #[inline]
    pub fn add_group(&self, id: &Id<MdmPolicy>, group: &Id<Group>) -> Call<()> {
        let body = Reference { id: format!("{}/odata/groups('{group}')", self.client.cloud().graph()) };
        let operation =
            Operation::new(&catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_ADD_REF, &[id.as_str()], nothing);
        Call::new(self.client, operation.with_json(&body))
    }

    /// Removes a group from the scope. The group itself is kept.
    ///
    /// # Permissions
    /// `Policy.ReadWrite.MobilityManagement`, delegated only.
    /// # API
    /// `beta`. [Delete includedGroups](https://learn.microsoft.com/en-us/graph/api/mobiledevicemanagementpolicies-delete-includedgroups?view=graph-rest-beta)
    #[inline]
    pub fn remove_group(&self, id: &Id<MdmPolicy>, group: &Id<Group>) -> Call<()> {
        let info = &catalog::MOBILITY_POLICIES_INCLUDED_GROUPS_REMOVE_REF;
        Call::new(self.client, Operation::new(info, &[id.as_str(), group.as_str()], nothing))
    }
}
