//! Policies that skip account setup on the enrollment status page, among other device configurations.

use super::assignment::Assignments;
use super::resource;
use super::update::Update;
use crate::catalog::{self, ApiVersion};
use crate::graph::{Call, Operation, entity, nothing};
use crate::model::{Id, Settings, SkipUserStatusPage, Stored};

resource! {
    /// Policies that skip account setup on the enrollment status page (custom configurations in
    /// `deviceConfigurations`). [`DomainJoinProfiles::list`](crate::resource::DomainJoinProfiles::list) lists all
    /// configurations.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::{SkipUserStatusPage, Target};
    ///
    /// let policy = SkipUserStatusPage::new("Skip account setup".parse()?);
    /// let policy = client.skip_user_status_pages().create(&policy).await?;
    /// client.skip_user_status_pages().assignments(&policy.id).add(&Target::all_devices()).await?;
    /// # Ok(()) });
    /// ```
    pub struct SkipUserStatusPages, skip_user_status_pages, "policies that skip account setup"
}

impl<'c> SkipUserStatusPages<'c> {
    /// Returns one policy.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [Get
    /// windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-get?view=graph-rest-beta),
    /// in the same collection
    #[inline]
    pub fn get(&self, id: &Id<SkipUserStatusPage>) -> Call<Stored<SkipUserStatusPage>> {
        Call::new(self.client, Operation::new(&catalog::DEVICE_CONFIGURATIONS_GET, &[id.as_str()], entity))
    }

    /// Creates a policy. It reaches no device until it is assigned.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Create
    /// windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-create?view=graph-rest-beta),
    /// in the same collection
    #[inline]
    pub fn create(&self, policy: &SkipUserStatusPage) -> Call<Stored<SkipUserStatusPage>> {
        let operation = Operation::new(&catalog::DEVICE_CONFIGURATIONS_CREATE, &[], entity);
        let operation = operation.with_json(&policy.to_create_body()).only_in(&[ApiVersion::Beta]);
        Call::new(self.client, operation)
    }

    /// Changes a policy to the desired settings.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before the request, if the stored policy has other
    /// settings, which would be lost.
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Update
    /// windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-update?view=graph-rest-beta),
    /// in the same collection
    #[inline]
    pub fn update(
        &self,
        stored: &Stored<SkipUserStatusPage>,
        desired: &SkipUserStatusPage,
    ) -> Update<SkipUserStatusPage> {
        let (write, read) = (&catalog::DEVICE_CONFIGURATIONS_UPDATE, &catalog::DEVICE_CONFIGURATIONS_GET);
        Update::new(self.client, stored, desired, write, read).refusing(&[], stored.settings.lint())
    }

    /// Deletes a policy.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Delete
    /// windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-delete?view=graph-rest-beta),
    /// in the same collection
    #[inline]
    pub fn delete(&self, id: &Id<SkipUserStatusPage>) -> Call<()> {
        Call::new(
            self.client,
            Operation::new(&catalog::DEVICE_CONFIGURATIONS_DELETE, &[id.as_str()], nothing),
        )
    }

    /// Returns a handle to list, add, remove and replace the assignments of a policy.
    #[inline]
    pub fn assignments(&self, id: &Id<SkipUserStatusPage>) -> Assignments<'c, SkipUserStatusPage> {
        Assignments::new(self.client, id)
    }
}
