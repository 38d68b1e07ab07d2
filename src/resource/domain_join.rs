//! Domain join profiles, among other device configurations.

use super::assignment::Assignments;
use super::update::Update;
use super::{PayloadIds, Reference, resource};
use crate::catalog::{self, ApiVersion};
use crate::graph::{Call, List, Operation, count, entity, list_value, nothing};
use crate::model::{DeviceConfiguration, DomainJoinProfile, Id, PayloadLink, RawObject, Settings, Stored};

resource! {
    /// Domain join profiles, one of the kinds of object in `deviceConfigurations`. They exist in beta only.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::{DomainJoinProfile, Target};
    ///
    /// let profile = DomainJoinProfile::new("Munich".parse()?, "corp.contoso.com".parse()?, "MUC-".parse()?)
    ///     .with_organizational_unit("OU=Autopilot,DC=corp,DC=contoso,DC=com".parse()?);
    /// let stored = client.domain_join_profiles().create(&profile).await?;
    /// client.domain_join_profiles().assignments(&stored.id).add(&Target::all_devices()).await?;
    ///
    /// let desired = stored.settings.clone().with_description("Devices in Munich".into());
    /// client.domain_join_profiles().update(&stored, &desired).await?;
    /// # Ok(()) });
    /// ```
    pub struct DomainJoinProfiles, domain_join_profiles, "domain join profiles"
}

impl<'c> DomainJoinProfiles<'c> {
    /// Lists all device configurations; those of other kinds are [`DeviceConfiguration::Unknown`].
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::DeviceConfiguration;
    ///
    /// for configuration in client.domain_join_profiles().list().all().await? {
    ///     if let DeviceConfiguration::DomainJoin(profile) = configuration {
    ///         println!("{} joins {}", profile.settings.display_name, profile.settings.active_directory_domain_name);
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// Filters by type are unreliable.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [List deviceConfigurations](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-deviceconfiguration-list?view=graph-rest-beta)
    #[inline]
    pub fn list(&self) -> List<DeviceConfiguration> {
        List::new(self.client, &catalog::DEVICE_CONFIGURATIONS_LIST, &[])
    }

    /// Returns one domain join profile.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [Get windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-get?view=graph-rest-beta)
    #[inline]
    pub fn get(&self, id: &Id<DomainJoinProfile>) -> Call<Stored<DomainJoinProfile>> {
        Call::new(self.client, Operation::new(&catalog::DEVICE_CONFIGURATIONS_GET, &[id.as_str()], entity))
    }

    /// Counts the device configurations of all kinds.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        Call::new(self.client, Operation::new(&catalog::DEVICE_CONFIGURATIONS_COUNT, &[], count))
    }

    /// Creates a domain join profile. It reaches no device until it is assigned.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Create windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-create?view=graph-rest-beta)
    #[inline]
    pub fn create(&self, profile: &DomainJoinProfile) -> Call<Stored<DomainJoinProfile>> {
        let operation = Operation::new(&catalog::DEVICE_CONFIGURATIONS_CREATE, &[], entity);
        let operation = operation.with_json(&profile.to_create_body()).only_in(&[ApiVersion::Beta]);
        Call::new(self.client, operation)
    }

    /// Changes a domain join profile to the desired settings. Devices that have already joined keep their names and
    /// organizational units.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Update windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-update?view=graph-rest-beta)
    #[inline]
    pub fn update(
        &self,
        stored: &Stored<DomainJoinProfile>,
        desired: &DomainJoinProfile,
    ) -> Update<DomainJoinProfile> {
        let (write, read) = (&catalog::DEVICE_CONFIGURATIONS_UPDATE, &catalog::DEVICE_CONFIGURATIONS_GET);
        Update::new(self.client, stored, desired, write, read)
    }

    /// Deletes a domain join profile.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [Delete windowsDomainJoinConfiguration](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-delete?view=graph-rest-beta)
    #[inline]
    pub fn delete(&self, id: &Id<DomainJoinProfile>) -> Call<()> {
        Call::new(
            self.client,
            Operation::new(&catalog::DEVICE_CONFIGURATIONS_DELETE, &[id.as_str()], nothing),
        )
    }

    /// Reports for each profile whether another object, such as a policy set, links to it.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`. [hasPayloadLinks](https://learn.microsoft.com/en-us/graph/api/intune-shared-deviceenrollmentconfiguration-haspayloadlinks?view=graph-rest-beta)
    #[inline]
    pub fn has_payload_links(&self, ids: &[Id<DomainJoinProfile>]) -> Call<Vec<PayloadLink>> {
        let body = PayloadIds { payload_ids: ids.iter().map(Id::as_str).collect() };
        let operation = Operation::new(&catalog::DEVICE_CONFIGURATIONS_HAS_PAYLOAD_LINKS, &[], list_value);
        Call::new(self.client, operation.with_json(&body))
    }

    /// Returns a handle to list, add, remove and replace the assignments of a domain join profile.
    #[inline]
    pub fn assignments(&self, id: &Id<DomainJoinProfile>) -> Assignments<'c, DomainJoinProfile> {
        Assignments::new(self.client, id)
    }

    /// Lists the network profiles that a device needs to reach the domain, without decoding them.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.Read.All`
    /// # API
    /// `beta`. [List windowsDomainJoinConfigurations](https://learn.microsoft.com/en-us/graph/api/intune-deviceconfig-windowsdomainjoinconfiguration-list?view=graph-rest-beta)
    #[inline]
    pub fn network_access_configurations(&self, id: &Id<DomainJoinProfile>) -> List<RawObject> {
        let info = &catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_LIST;
        List::new(self.client, info, &[id.as_str()])
    }

    /// Links a network profile.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`, following the OData convention: the call is not documented.
    #[inline]
    pub fn add_network_access_configuration(
        &self,
        id: &Id<DomainJoinProfile>,
        configuration: &Id<DeviceConfiguration>,
    ) -> Call<()> {
        let info = &catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_ADD_REF;
        let collection = "deviceManagement/deviceConfigurations";
        let body = Reference::to(self.client, "beta", collection, configuration.as_str());
        Call::new(self.client, Operation::new(info, &[id.as_str()], nothing).with_json(&body))
    }

    /// Removes the link to a network profile. The profile itself is kept.
    ///
    /// # Permissions
    /// `DeviceManagementConfiguration.ReadWrite.All`
    /// # API
    /// `beta`, following the OData convention: the call is not documented.
    #[inline]
    pub fn remove_network_access_configuration(
        &self,
        id: &Id<DomainJoinProfile>,
        configuration: &Id<DeviceConfiguration>,
    ) -> Call<()> {
        let info = &catalog::DOMAIN_JOIN_NETWORK_ACCESS_CONFIGURATIONS_REMOVE_REF;
        Call::new(self.client, Operation::new(info, &[id.as_str(), configuration.as_str()], nothing))
    }
}
