//! Deployment profiles.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::assignment::{Assignable, Assignments};
use super::update::Update;
use super::{PayloadIds, resource};
use crate::catalog;
use crate::graph::{Call, List, Operation, Sequence, count, entity, list_value, nothing};
use crate::model::{
    DeploymentProfile, Device, EntraJoinProfile, HybridJoinProfile, Id, PayloadLink, Settings, Stored,
};

resource! {
    /// Deployment profiles (`windowsAutopilotDeploymentProfiles`), in beta only.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::model::{HybridJoinProfile, Target};
    /// let desired = HybridJoinProfile::new("Contoso hybrid".parse()?);
    /// let stored = client.profiles().create(&desired).await?;
    /// client.profiles().assignments(&stored.id).add(&Target::all_devices()).await?;
    /// # Ok(()) });
    /// ```
    pub struct Profiles, profiles, "deployment profiles"
}

/// A kind of profile: hybrid join or Entra join.
///
/// ```
/// use windows_autopilot::model::Target;
/// use windows_autopilot::resource::ProfileKind;
/// use windows_autopilot::{Client, Result};
///
/// /// Creates a profile of either kind, assigned to all devices.
/// async fn deploy<P: ProfileKind>(client: &Client, profile: &P) -> Result<()> {
///     let stored = client.profiles().create(profile).await?;
///     client.profiles().assignments(&stored.id).add(&Target::all_devices()).await?;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a kind of deployment profile",
    note = "use `HybridJoinProfile` or `EntraJoinProfile`; `DeploymentProfile`, which can be of either kind, can only be read"
)]
pub trait ProfileKind: Settings + Clone + AnyProfile {}
impl ProfileKind for HybridJoinProfile {}
impl ProfileKind for EntraJoinProfile {}

/// A profile of a known kind, or [`DeploymentProfile`] for any kind.
pub trait AnyProfile: Assignable + private::Sealed {}
impl AnyProfile for HybridJoinProfile {}
impl AnyProfile for EntraJoinProfile {}
impl AnyProfile for DeploymentProfile {}

mod private {
    pub trait Sealed {}
    impl Sealed for crate::model::HybridJoinProfile {}
    impl Sealed for crate::model::EntraJoinProfile {}
    impl Sealed for crate::model::DeploymentProfile {}
}

impl<'c> Profiles<'c> {
    /// Lists all profiles, of both kinds. Filters are not supported.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::DeploymentProfile;
    ///
    /// for profile in client.profiles().list().all().await? {
    ///     match profile {
    ///         DeploymentProfile::Hybrid(stored) => println!("hybrid join: {}", stored.settings.display_name),
    ///         other => println!("another kind: {:?}", other.display_name()),
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [List activeDirectoryWindowsAutopilotDeploymentProfiles](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<DeploymentProfile> {
        List::new(self.client, &catalog::AUTOPILOT_PROFILES_LIST, &[])
    }

    /// Returns one profile of a known kind.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the profile does not exist;
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) if it is of the other kind.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [Get activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-get?view=graph-rest-beta)
    #[inline]
    pub fn get<P: ProfileKind>(&self, id: &Id<P>) -> Call<Stored<P>>
    where
        Stored<P>: DeserializeOwned,
    {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_GET, &[id.as_str()], entity))
    }

    /// Counts the profiles. A tenant can have up to 350.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_COUNT, &[], count))
    }

    /// Creates a profile. It reaches no device until it is assigned.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected), often without a reason; a hyphen in the name is reportedly
    /// one cause. `lint` reports such names, but this method does not call it.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Create activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-create?view=graph-rest-beta)
    #[inline]
    pub fn create<P: ProfileKind>(&self, profile: &P) -> Call<Stored<P>>
    where
        Stored<P>: DeserializeOwned,
    {
        let operation = Operation::new(&catalog::AUTOPILOT_PROFILES_CREATE, &[], entity);
        Call::new(self.client, operation.with_json(&profile.to_create_body()))
    }

    /// Changes a profile to the desired settings. Enrolled devices keep the old settings until they are reset.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::model::{HybridJoinProfile, Locale};
    /// # let stored = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// let mut desired = stored.settings.clone();
    /// desired.locale = Locale::language("de-DE")?;
    /// let update = client.profiles().update(&stored, &desired);
    /// println!("{}", update.patch());
    /// let stored = update.await?;
    /// # assert_eq!(stored.settings.locale, desired.locale);
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Update activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-update?view=graph-rest-beta)
    #[inline]
    pub fn update<P: ProfileKind>(&self, stored: &Stored<P>, desired: &P) -> Update<P>
    where
        Stored<P>: DeserializeOwned,
    {
        let (write, read) = (&catalog::AUTOPILOT_PROFILES_UPDATE, &catalog::AUTOPILOT_PROFILES_GET);
        Update::new(self.client, stored, desired, write, read)
    }

    /// Deletes a profile that has no assignments; [`Profiles::delete_with_assignments`] removes assignments first.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) while it is assigned.
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [Delete activeDirectoryWindowsAutopilotDeploymentProfile](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-activedirectorywindowsautopilotdeploymentprofile-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete<P: ProfileKind>(&self, id: &Id<P>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::AUTOPILOT_PROFILES_DELETE, &[id.as_str()], nothing))
    }

    /// Deletes a profile after removing its own assignments. If a policy set also assigns the profile, those
    /// assignments and the profile are kept.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// # use windows_autopilot::model::{HybridJoinProfile, Target};
    /// # let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// # client.profiles().assignments(&profile.id).add(&Target::all_devices()).await?;
    /// client.profiles().delete_with_assignments(&profile.id).await?;
    /// assert_eq!(client.profiles().get(&profile.id).if_found().await?, None);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Same as [`Call`].
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    #[inline]
    pub fn delete_with_assignments<P: ProfileKind>(&self, id: &Id<P>) -> Sequence<()> {
        let (client, id) = (self.client.clone(), id.clone());
        Sequence::new(async move {
            client.profiles().assignments(&id).replace(&[]).await?;
            client.profiles().delete(&id).await
        })
    }

    /// Returns a handle to list, add, remove and replace the assignments of a profile.
    ///
    /// An `Id<DeploymentProfile>` identifies a profile of any kind.
    #[inline]
    pub fn assignments<P: AnyProfile>(&self, id: &Id<P>) -> Assignments<'c, P> {
        Assignments::new(self.client, id)
    }

    /// Lists the devices that a profile is assigned to.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # use windows_autopilot::model::HybridJoinProfile;
    /// # tenant.add_device("PF3XK7M1");
    /// # let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// for device in client.profiles().assigned_devices(&profile.id).all().await? {
    ///     println!("{:?}", device.serial_number);
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`
    /// # API
    /// `beta`. [List windowsAutopilotDeviceIdentities](https://learn.microsoft.com/en-us/graph/api/intune-enrollment-windowsautopilotdeviceidentity-list?view=graph-rest-beta)
    #[inline]
    pub fn assigned_devices<P: ProfileKind>(&self, id: &Id<P>) -> List<Device> {
        let info = &catalog::AUTOPILOT_PROFILES_ASSIGNED_DEVICES_LIST;
        List::new(self.client, info, &[id.as_str()])
    }

    /// Calls the `assign` action, which takes devices. To assign a profile to a group, use [`Assignments::add`]. The
    /// action has been observed to fail with 403 `FeatureNotEnabled`.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [assign](https://learn.microsoft.com/en-us/graph/api/intune-shared-windowsautopilotdeploymentprofile-assign?view=graph-rest-beta)
    #[inline]
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

    /// Reports for each profile whether another object, such as a policy set, links to it.
    ///
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    /// # API
    /// `beta`. [hasPayloadLinks](https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta)
    #[inline]
    pub fn has_payload_links<P: ProfileKind>(&self, ids: &[Id<P>]) -> Call<Vec<PayloadLink>> {
        let body = PayloadIds { payload_ids: ids.iter().map(Id::as_str).collect() };
        let operation = Operation::new(&catalog::AUTOPILOT_PROFILES_HAS_PAYLOAD_LINKS, &[], list_value);
        Call::new(self.client, operation.with_json(&body))
    }
}
