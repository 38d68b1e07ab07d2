//! Devices registered for Autopilot.

use std::time::Duration;

use serde::Serialize;

use super::resource;
use crate::catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{
    Call, Client, List, Operation, PollStatus, Poller, Schedule, count, entity, field, nothing,
};
use crate::model::{
    DeploymentProfile, Device, GroupTag, HybridJoinProfile, Id, Personal, ProfileAssignmentStatus,
    SerialNumber, Text, UserPrincipalName,
};

resource! {
    /// Devices registered for Autopilot (`windowsAutopilotDeviceIdentities`).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_device("PF3XK7M1");
    /// let devices = client.devices().list().all().await?;
    /// assert_eq!(devices.len(), 1);
    /// # Ok(()) });
    /// ```
    pub struct Devices, devices, "devices registered for Autopilot"
}

/// The schedule of polls for a device: Microsoft documents no time, and minutes are usual.
const APPEARS: Schedule =
    Schedule::new(Duration::from_secs(15), Duration::from_secs(60), Duration::from_secs(30 * 60));

impl Devices<'_> {
    /// Lists all devices.
    ///
    /// The only supported filter is `contains` on `serialNumber`, and it fails if the value contains a hyphen or space:
    /// use [`Devices::by_serial_number`]. `$select` has failed with 500, so it is not sent.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`, for the profile assignment; `v1.0` returns fewer properties. [List
    /// windowsAutopilotDeviceIdentities](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<Device> {
        List::new(self.client, &catalog::AUTOPILOT_DEVICES_LIST, &[])
    }

    /// Lists the devices with a group tag.
    ///
    /// The client does the filtering, because the service cannot filter by group tag. Case is ignored, as in dynamic
    /// group rules.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// let kiosks = client.devices().tagged(&"Kiosk".parse()?).all().await?;
    /// assert!(kiosks.is_empty());
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    #[inline]
    pub fn tagged(&self, tag: &GroupTag) -> List<Device> {
        self.list().comparing("groupTag", tag.as_str())
    }

    /// Lists the devices with a serial number, without regard to case. There may be several: serial numbers are not
    /// unique across manufacturers.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_device("PF3XK7M1");
    /// let found = client.devices().by_serial_number(&"PF3XK7M1".parse()?).all().await?;
    /// assert_eq!(found.len(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    #[inline]
    pub fn by_serial_number(&self, serial: &SerialNumber) -> List<Device> {
        // The filter fails with hyphens and spaces, so it gets the longest part without; equality is decided here.
        let part = serial.as_str().split(|c: char| !c.is_ascii_alphanumeric()).max_by_key(|part| part.len());
        let list = match part.filter(|part| !part.is_empty()) {
            Some(part) => self.list().filter(field("serialNumber").contains(part)),
            None => self.list(),
        };
        list.comparing("serialNumber", serial.as_str())
    }

    /// Returns one device.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the device does not exist.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. The assignment status in its response can lag behind the list's. [Get
    /// windowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<Device>) -> Call<Device> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_DEVICES_GET, &[id.as_str()], entity))
    }

    /// Counts the devices.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `v1.0`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_DEVICES_COUNT, &[], count))
    }

    /// Deletes a device's registration.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # let id = tenant.add_device("PF3XK7M1").parse()?;
    /// client.devices().delete(&id).await?;
    /// client.devices().wait_until_gone(&id).await?;
    /// assert_eq!(client.devices().get(&id).if_found().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// Returns once the service has accepted the deletion; the record may stay visible for half an hour. Delete the
    /// Intune device before the registration, and the computer object in Active Directory after it. Never delete the
    /// device's object in Entra ID by hand.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the device does not exist; [`ErrorKind::Rejected`] or [`ErrorKind::Conflict`] while
    /// it is enrolled.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [Delete windowsAutopilotDeviceIdentity](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-delete?view=graph-rest-1.0)
    #[inline]
    pub fn delete(&self, id: &Id<Device>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_DEVICES_DELETE, &[id.as_str()], nothing))
    }

    /// Assigns a user, whom the device greets as `addressable_user_name`.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # let id = tenant.add_device("PF3XK7M1").parse()?;
    /// # tenant.add_user("adele@contoso.com");
    /// client.devices().assign_user(&id, &"adele@contoso.com".parse()?, &"Adele".into()).await?;
    /// client.devices().unassign_user(&id).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// Do not assign users in a hybrid join: the first sign-in then joins only Entra ID, and the deployment fails with
    /// `0x80070774`.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`] without a reason if the user does not exist or has no Intune license.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [assignUserToDevice](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-assignusertodevice?view=graph-rest-1.0)
    #[inline]
    pub fn assign_user(
        &self,
        id: &Id<Device>,
        user: &UserPrincipalName,
        addressable_user_name: &Personal,
    ) -> Call<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            user_principal_name: &'a str,
            addressable_user_name: &'a str,
        }
        let body = Body {
            user_principal_name: user.as_str(),
            addressable_user_name: addressable_user_name.as_str(),
        };
        let operation =
            Operation::new(&catalog::AUTOPILOT_DEVICES_ASSIGN_USER_TO_DEVICE, &[id.as_str()], nothing)
                .with_json(&body);
        Call::new(self.client, operation)
    }

    /// Removes the user assignment from a device.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `v1.0`. [unassignUserFromDevice](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-unassignuserfromdevice?view=graph-rest-1.0)
    #[inline]
    pub fn unassign_user(&self, id: &Id<Device>) -> Call<()> {
        let operation =
            Operation::new(&catalog::AUTOPILOT_DEVICES_UNASSIGN_USER_FROM_DEVICE, &[id.as_str()], nothing);
        Call::new(self.client, operation)
    }

    /// Changes the properties in `update`, and no others.
    ///
    /// This is the only way to change the group tag: importing the device again does not change it. The new tag does
    /// not assign a profile on its own; the dynamic group for the tag does, with a delay.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [updateDeviceProperties](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-updatedeviceproperties?view=graph-rest-beta)
    #[inline]
    pub fn update(&self, id: &Id<Device>, update: &DeviceUpdate) -> Call<()> {
        let info = &catalog::AUTOPILOT_DEVICES_UPDATE_DEVICE_PROPERTIES;
        Call::new(self.client, Operation::new(info, &[id.as_str()], nothing).with_json(update))
    }

    /// Allows a device that is blocked after a failed or earlier enrollment to enroll again.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [allowNextEnrollment](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-allownextenrollment?view=graph-rest-beta)
    #[inline]
    pub fn allow_next_enrollment(&self, id: &Id<Device>) -> Call<()> {
        let info = &catalog::AUTOPILOT_DEVICES_ALLOW_NEXT_ENROLLMENT;
        Call::new(self.client, Operation::new(info, &[id.as_str()], nothing))
    }

    /// Returns the profile of a device.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the device has none.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta)
    #[inline]
    pub fn deployment_profile(&self, id: &Id<Device>) -> Call<DeploymentProfile> {
        let info = &catalog::AUTOPILOT_DEVICES_DEPLOYMENT_PROFILE_GET;
        Call::new(self.client, Operation::new(info, &[id.as_str()], entity))
    }

    /// Returns the profile that a device should have according to its groups.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is none.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta)
    #[inline]
    pub fn intended_deployment_profile(&self, id: &Id<Device>) -> Call<DeploymentProfile> {
        let info = &catalog::AUTOPILOT_DEVICES_INTENDED_DEPLOYMENT_PROFILE_GET;
        Call::new(self.client, Operation::new(info, &[id.as_str()], entity))
    }

    /// Waits until a device is visible, which takes several minutes after an import.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] after 30 minutes.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    #[inline]
    pub fn wait_until_visible(&self, id: &Id<Device>) -> Poller<Device, Option<Device>> {
        let seen = self.get(id).until(APPEARS, "the device to appear", |device| device.is_some());
        seen.and_then(|device| {
            device.ok_or_else(|| Error::new(ErrorKind::NotFound, "the device is gone again"))
        })
    }

    /// Waits until a deleted device is no longer visible, for at most an hour.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] if the device is still visible after an hour.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    #[inline]
    pub fn wait_until_gone(&self, id: &Id<Device>) -> Poller<(), Option<Device>> {
        let schedule =
            Schedule::new(APPEARS.initial_interval, APPEARS.max_interval, Duration::from_secs(60 * 60));
        let gone = self.get(id).until(schedule, "the device to go", |device| device.is_none());
        gone.and_then(|_| Ok(()))
    }

    /// Waits until a device has `profile`: the status is assigned, the date is set, and the profile is the right one. A
    /// device that is turned on before that may keep a default profile.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::model::{HybridJoinProfile, Target};
    /// # let id = tenant.add_device("PF3XK7M1").parse()?;
    /// # let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?.id;
    /// # client.profiles().assignments(&profile).add(&Target::all_devices()).await?;
    /// use std::time::Duration;
    ///
    /// let day = Duration::from_secs(24 * 3600);
    /// let device = client.devices().wait_until_assigned(&id, &profile, day).await?;
    /// println!("{:?}", device.deployment_profile_assignment_status);
    /// # Ok(()) });
    /// ```
    ///
    /// The wait takes minutes, or longer if the assignment depends on a dynamic group: an hour is a reasonable
    /// `deadline`.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`], with the device's last state, after `deadline`.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    #[inline]
    pub fn wait_until_assigned(
        &self,
        id: &Id<Device>,
        profile: &Id<HybridJoinProfile>,
        deadline: Duration,
    ) -> Poller<Device, Device> {
        let (client, id, profile) = (self.client.clone(), id.clone(), profile.clone());
        let schedule = Schedule::new(Duration::from_secs(30), Duration::from_secs(60), deadline);
        let clock = std::sync::Arc::clone(self.client.clock());
        Poller::new(clock, schedule, "the profile to be assigned", move || {
            let (client, id) = (client.clone(), id.clone());
            let of = client.devices().deployment_profile(&id);
            let profile = profile.clone();
            async move {
                let device = best_known(&client, &id).await?;
                if !is_assigned(&device) {
                    return Ok(PollStatus::Pending(device));
                }
                let held = of.if_found().await?.and_then(|found| found.any_id());
                let is_wanted = held.is_some_and(|held| held == profile.cast());
                Ok(if is_wanted { PollStatus::Ready(device) } else { PollStatus::Pending(device) })
            }
        })
    }
}

/// Returns the device, from the list if the read of one device says `unknown`: the list has been observed to be ahead.
async fn best_known(client: &Client, id: &Id<Device>) -> Result<Device> {
    let device = client.devices().get(id).await?;
    if device.deployment_profile_assignment_status != Some(ProfileAssignmentStatus::Unknown) {
        return Ok(device);
    }
    let Some(serial) = device.serial_number.as_deref().and_then(|serial| serial.parse().ok()) else {
        return Ok(device);
    };
    let listed = client.devices().by_serial_number(&serial).all().await?;
    Ok(listed.into_iter().find(|listed| listed.id == *id).unwrap_or(device))
}

/// Returns `true` if the status is assigned and the date is set, which do not happen at the same moment.
#[inline]
fn is_assigned(device: &Device) -> bool {
    let status = device.deployment_profile_assignment_status.as_ref();
    status.is_some_and(ProfileAssignmentStatus::is_assigned)
        && device.deployment_profile_assigned_date_time.is_some()
}

/// A change to some of a device's properties. All others are left unchanged.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # let id = tenant.add_device("PF3XK7M1").parse()?;
/// use windows_autopilot::resource::DeviceUpdate;
///
/// let tag = "Munich".parse()?;
/// client.devices().update(&id, &DeviceUpdate::new().with_group_tag(Some(&tag))).await?;
/// # Ok(()) });
/// ```
///
/// To change many devices, add the calls to a [`Batch`](crate::graph::Batch): each has its own outcome. To move devices
/// to one group tag and preview the effect on their groups, use `Retag` (feature `workflow`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    user_principal_name: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addressable_user_name: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_tag: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<Text>,
}

impl DeviceUpdate {
    /// Creates an empty change.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the group tag; `None` clears it.
    #[must_use]
    #[inline]
    pub fn with_group_tag(mut self, tag: Option<&GroupTag>) -> Self {
        // Cleared by the empty string; null leaves it as it is.
        self.group_tag = Some(tag.map_or("", GroupTag::as_str).into());
        self
    }

    /// Sets the name by which the device greets the user.
    #[must_use]
    #[inline]
    pub fn with_addressable_user_name(mut self, name: Personal) -> Self {
        self.addressable_user_name = Some(name);
        self
    }

    /// Sets the assigned user.
    #[must_use]
    #[inline]
    pub fn with_user_principal_name(mut self, user: &UserPrincipalName) -> Self {
        self.user_principal_name = Some(user.as_str().into());
        self
    }

    /// Sets the name shown in Autopilot's device list. A hybrid join ignores this name and uses the one from the domain
    /// join profile.
    #[must_use]
    #[inline]
    pub fn with_display_name(mut self, name: impl Into<Text>) -> Self {
        self.display_name = Some(name.into());
        self
    }
}
