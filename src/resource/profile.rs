//! Deployment profiles.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::update::Update;
use super::{PayloadIds, resource};
use crate::catalog;
use crate::error::Result;
use crate::graph::{Call, List, Operation, count, entity, list_value, nothing};
use crate::model::{
    Assignment, DeploymentProfile, Device, EntraJoinProfile, HybridJoinProfile, Id, PayloadLink, Settings,
    Stored, Target,
};

resource! {
    /// Deployment profiles (`windowsAutopilotDeploymentProfiles`). They exist in beta only.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::model::{HybridJoinProfile, Target};
    /// let wish = HybridJoinProfile::new("Contoso hybrid".parse()?);
    /// let stored = client.profiles().create(&wish).await?;
    /// client.profiles().assign(&stored.id, &Target::all_devices()).await?;
    /// # Ok(()) });
    /// ```
    pub struct Profiles, profiles
}

/// A kind of profile: hybrid join or Entra join.
pub trait ProfileKind: Settings + Clone + private::Sealed {}
impl ProfileKind for HybridJoinProfile {}
impl ProfileKind for EntraJoinProfile {}

mod private {
    pub trait Sealed {}
    impl Sealed for crate::model::HybridJoinProfile {}
    impl Sealed for crate::model::EntraJoinProfile {}
}

/// What a change of a list of assignments did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AssignmentChange {
    /// What was added.
    pub added: Vec<Target>,
    /// What was removed.
    pub removed: Vec<Target>,
    /// What was there before and stayed.
    pub kept: Vec<Target>,
}

impl Profiles<'_> {
    /// Lists all profiles, of both kinds. No filter is understood.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [List activeDirectoryWindowsAutopilotDeploymentProfiles](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-list?view=graph-rest-beta)
    pub fn list(&self) -> List<DeploymentProfile> {
        List::new(self.client, &catalog::AUTOPILOT_PROFILES_LIST, &[])
    }

    /// Returns one profile of a known kind.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if there is none; [`ErrorKind::Decode`](crate::ErrorKind::Decode)
    /// if it is of the other kind.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta)
    pub fn get<P: ProfileKind>(&self, id: &Id<P>) -> Call<Stored<P>>
    where
        Stored<P>: DeserializeOwned,
    {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_GET, &[id.as_str()], entity))
    }

    /// Counts the profiles. A tenant takes 350.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`, without a page.
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_COUNT, &[], count))
    }

    /// Creates a profile. It reaches no device until it is assigned.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected), often without a reason: a hyphen in the name is
    /// said to be one. `lint` finds such, and is not asked here.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Create activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-create?view=graph-rest-beta)
    pub fn create<P: ProfileKind>(&self, profile: &P) -> Call<Stored<P>>
    where
        Stored<P>: DeserializeOwned,
    {
        let operation = Operation::new(&catalog::AUTOPILOT_PROFILES_CREATE, &[], entity);
        Call::new(self.client, operation.with_json(&profile.to_create_body()))
    }

    /// Changes a profile to what is wished. Devices that are enrolled keep what they have until they are reset.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::model::{HybridJoinProfile, Locale};
    /// # let stored = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// let mut wish = stored.settings.clone();
    /// wish.locale = Locale::language("de-DE")?;
    /// let update = client.profiles().update(&stored, &wish);
    /// println!("{}", update.patch());
    /// let stored = update.await?;
    /// # assert_eq!(stored.settings.locale, wish.locale);
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Update activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-update?view=graph-rest-beta)
    pub fn update<P: ProfileKind>(&self, stored: &Stored<P>, wish: &P) -> Update<P>
    where
        Stored<P>: DeserializeOwned,
    {
        let (write, read) = (&catalog::AUTOPILOT_PROFILES_UPDATE, &catalog::AUTOPILOT_PROFILES_GET);
        Update::new(self.client, stored, wish, write, read)
    }

    /// Deletes a profile that has no assignment; [`Profiles::delete_with_assignments`] takes them away first.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) while it is assigned.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Delete activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-delete?view=graph-rest-beta)
    pub fn delete<P: ProfileKind>(&self, id: &Id<P>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_DELETE, &[id.as_str()], nothing))
    }

    /// Deletes a profile and, first, its own assignments. Those that came with a policy set are left, and then so is the
    /// profile.
    ///
    /// # Errors
    /// As [`Call::send`].
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    pub async fn delete_with_assignments<P: ProfileKind>(&self, id: &Id<P>) -> Result<()> {
        for assignment in self.assignments(id).all().await? {
            if assignment.is_direct() {
                self.unassign(id, &assignment.id).await?;
            }
        }
        self.delete(id).await
    }

    /// Lists the assignments of a profile.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [List windowsAutopilotDeploymentProfileAssignments](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-list?view=graph-rest-beta)
    pub fn assignments<P: ProfileKind>(&self, id: &Id<P>) -> List<Assignment> {
        List::new(self.client, &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_LIST, &[id.as_str()])
    }

    /// Returns one assignment.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-get?view=graph-rest-beta)
    pub fn assignment<P: ProfileKind>(&self, id: &Id<P>, assignment: &Id<Assignment>) -> Call<Assignment> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_GET;
        Call::new(self.client, Operation::new(info, &[id.as_str(), assignment.as_str()], entity))
    }

    /// Assigns a profile to a group, to all but a group, or to all devices: one target a call.
    ///
    /// One profile in a tenant can be assigned to all devices. A device in the groups of several profiles gets the one
    /// that was created first.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) with Intune's own message, such as that another profile is
    /// assigned to all devices.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Create windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-create?view=graph-rest-beta)
    pub fn assign<P: ProfileKind>(&self, id: &Id<P>, target: &Target) -> Call<Assignment> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_CREATE;
        Call::new(self.client, Operation::new(info, &[id.as_str()], entity).with_json(&TargetBody { target }))
    }

    /// Changes the target of an assignment.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Update windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-update?view=graph-rest-beta)
    pub fn reassign<P: ProfileKind>(
        &self,
        id: &Id<P>,
        assignment: &Id<Assignment>,
        target: &Target,
    ) -> Call<()> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_UPDATE;
        let operation = Operation::new(info, &[id.as_str(), assignment.as_str()], nothing);
        Call::new(self.client, operation.with_json(&TargetBody { target }))
    }

    /// Takes an assignment back. Use the id that the service gave: it cannot be composed.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Delete windowsAutopilotDeploymentProfileAssignment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeploymentprofileassignment-delete?view=graph-rest-beta)
    pub fn unassign<P: ProfileKind>(&self, id: &Id<P>, assignment: &Id<Assignment>) -> Call<()> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNMENTS_DELETE;
        Call::new(self.client, Operation::new(info, &[id.as_str(), assignment.as_str()], nothing))
    }

    /// Makes `targets` the assignments of a profile: adds what is missing first and removes what is too much after, so
    /// that no device is without a profile in between. What came with a policy set is left alone.
    ///
    /// # Errors
    /// As [`Call::send`]; what was done before stays done, and doing it again goes on.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    pub async fn set_assignments<P: ProfileKind>(
        &self,
        id: &Id<P>,
        targets: &[Target],
    ) -> Result<AssignmentChange> {
        let found = self.assignments(id).all().await?;
        let mut change = AssignmentChange::default();
        for target in targets {
            let reaches = |assignment: &Assignment| {
                assignment.target.as_ref().is_some_and(|found| found.same_as(target))
            };
            let there = found.iter().any(reaches);
            if there {
                change.kept.push(target.clone());
            } else if !change.added.iter().any(|added| added.same_as(target)) {
                self.assign(id, target).await?;
                change.added.push(target.clone());
            }
        }
        for assignment in found {
            let wanted = assignment
                .target
                .as_ref()
                .is_some_and(|found| targets.iter().any(|target| target.same_as(found)));
            if !wanted && assignment.is_direct() {
                self.unassign(id, &assignment.id).await?;
                change.removed.extend(assignment.target);
            }
        }
        Ok(change)
    }

    /// Lists the devices that have a profile.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [List windowsAutopilotDeviceIdentities](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-list?view=graph-rest-beta)
    pub fn assigned_devices<P: ProfileKind>(&self, id: &Id<P>) -> List<Device> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNED_DEVICES_LIST;
        List::new(self.client, info, &[id.as_str()])
    }

    /// Calls the action `assign`, which takes devices. That is not the way to assign a profile to a group: that is
    /// [`Profiles::assign`]. It has answered 403 `FeatureNotEnabled`.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [assign](https://learn.microsoft.com/en-us/graph/api/intune-shared-windowsautopilotdeploymentprofile-assign?view=graph-rest-beta)
    pub fn assign_devices<P: ProfileKind>(&self, id: &Id<P>, devices: &[Id<Device>]) -> Call<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            device_ids: &'a [Id<Device>],
        }
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGN;
        let body = Body { device_ids: devices };
        Call::new(self.client, Operation::new(info, &[id.as_str()], nothing).with_json(&body))
    }

    /// Reports for each of some profiles whether another object links to it, such as a policy set.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [hasPayloadLinks](https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta)
    pub fn has_payload_links<P: ProfileKind>(&self, ids: &[Id<P>]) -> Call<Vec<PayloadLink>> {
        let body = PayloadIds { payload_ids: ids.iter().map(Id::as_str).collect() };
        let operation = Operation::new(&catalog::AUTOPILOT_PROFILES_HAS_PAYLOAD_LINKS, &[], list_value);
        Call::new(self.client, operation.with_json(&body))
    }
}

/// The body of an assignment.
#[derive(Serialize)]
pub(super) struct TargetBody<'a> {
    pub(super) target: &'a Target,
}
