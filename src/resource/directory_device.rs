//! Device objects in Entra ID.

use serde::Serialize;

use super::resource;
use crate::catalog;
use crate::graph::{Call, DeltaList, List, Operation, count, entity, nothing};
use crate::model::{DirectoryDevice, EntraDevice, ExtensionAttributes, Id};

resource! {
    /// Device objects in Entra ID (`devices`).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_device("PF3XK7M1");
    /// let device = client.devices().by_serial_number(&"PF3XK7M1".parse()?).all().await?.remove(0);
    /// let id = device.entra_device_id().ok_or("the device has no object yet")?;
    /// let anchor = client.directory_devices().get_by_device_id(id).await?;
    /// assert_eq!(anchor.ztd_id(), Some(device.id));
    /// # Ok(()) });
    /// ```
    ///
    /// A hybrid joined device has two such objects by design: the anchor, which is created by the registration and has
    /// `[ZTDId]`, and the object that Entra Connect synced from Active Directory. Never delete the anchor.
    pub struct DirectoryDevices, directory_devices, "device objects in Entra ID"
}

impl DirectoryDevices<'_> {
    /// Lists all devices. Supports filters on `deviceId`, `displayName` and `physicalIds`, among others.
    ///
    /// # Permissions
    /// `Device.Read.All`
    /// # API
    /// `v1.0`. [List devices](https://learn.microsoft.com/en-us/graph/api/device-list?view=graph-rest-1.0)
    #[inline]
    pub fn list(&self) -> List<DirectoryDevice> {
        List::new(self.client, &catalog::DEVICES_LIST, &[])
    }

    /// Lists the devices added, changed or removed since a delta link, or all devices if there is no link.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// let seen = client.directory_devices().delta().all().await?;
    /// # tenant.add_device("PF3XK7M1");
    /// // Later: `seen.link` serializes as a string, so it can be kept across restarts.
    /// let changes = client.directory_devices().delta().since(&seen.link).all().await?;
    /// assert_eq!(changes.items.len(), 1);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Resync`](crate::ErrorKind::Resync) if the service no longer recognizes the link: start again
    /// without one.
    /// # Permissions
    /// `Device.Read.All`
    /// # API
    /// `v1.0`. [device: delta](https://learn.microsoft.com/en-us/graph/api/device-delta?view=graph-rest-1.0)
    #[inline]
    pub fn delta(&self) -> DeltaList<DirectoryDevice> {
        DeltaList::new(self.client, &catalog::DEVICES_DELTA)
    }

    /// Returns one device by object id. Extension attributes may be missing: select them in a list.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the device does not exist.
    /// # Permissions
    /// `Device.Read.All`
    /// # API
    /// `v1.0`. [Get device](https://learn.microsoft.com/en-us/graph/api/device-get?view=graph-rest-1.0)
    #[inline]
    pub fn get(&self, id: &Id<DirectoryDevice>) -> Call<DirectoryDevice> {
        Call::new(self.client, Operation::new(&catalog::DEVICES_GET, &[id.as_str()], entity))
    }

    /// Returns one device by its device id, the id that the device's other records refer to.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the device does not exist.
    /// # Permissions
    /// `Device.Read.All`
    /// # API
    /// `v1.0`. [Get device](https://learn.microsoft.com/en-us/graph/api/device-get?view=graph-rest-1.0)
    #[inline]
    pub fn get_by_device_id(&self, id: &Id<EntraDevice>) -> Call<DirectoryDevice> {
        // An id has no quote in it that is not doubled for OData.
        let key = id.as_str().replace('\'', "''");
        Call::new(self.client, Operation::new(&catalog::DEVICES_GET_BY_DEVICE_ID, &[&key], entity))
    }

    /// Counts the devices. The count is approximate, because the directory updates it with a delay.
    ///
    /// # Permissions
    /// `Device.Read.All`
    /// # API
    /// `v1.0`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        let operation =
            Operation::new(&catalog::DEVICES_COUNT, &[], count).with_header("consistencylevel", "eventual");
        Call::new(self.client, operation)
    }

    /// Changes the properties in `update`.
    ///
    /// # Permissions
    /// `Device.ReadWrite.All` for an app, `Directory.AccessAsUser.All` for a user.
    /// # API
    /// `v1.0`. [Update device](https://learn.microsoft.com/en-us/graph/api/device-update?view=graph-rest-1.0)
    #[inline]
    pub fn update(&self, id: &Id<DirectoryDevice>, update: &DirectoryDeviceUpdate) -> Call<()> {
        let operation = Operation::new(&catalog::DEVICES_UPDATE, &[id.as_str()], nothing).with_json(update);
        Call::new(self.client, operation)
    }

    /// Deletes a device's object. **Do not delete the object of a registered device**: without its anchor, the device
    /// loses its groups, and its deployment fails with `0x80070774` or `0x801C03F3`. Delete the registration instead,
    /// which also removes the anchor.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`](crate::ErrorKind::Forbidden) in most cases while the registration exists, although the
    /// call has also been observed to succeed.
    /// # Permissions
    /// `Device.ReadWrite.All` for an app, `Directory.AccessAsUser.All` for a user.
    /// # API
    /// `v1.0`. [Delete device](https://learn.microsoft.com/en-us/graph/api/device-delete?view=graph-rest-1.0)
    #[inline]
    pub fn delete(&self, id: &Id<DirectoryDevice>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::DEVICES_DELETE, &[id.as_str()], nothing))
    }
}

/// A change to a device's directory object. All other properties are left unchanged.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// use windows_autopilot::model::ExtensionAttributes;
/// use windows_autopilot::resource::DirectoryDeviceUpdate;
///
/// let mut attributes = ExtensionAttributes::default();
/// attributes.extension_attribute1 = Some("Munich".into());
/// let update = DirectoryDeviceUpdate::new().with_extension_attributes(attributes);
/// # let device = client.directory_devices().list().all().await?.remove(0);
/// client.directory_devices().update(&device.id, &update).await?;
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryDeviceUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension_attributes: Option<ExtensionAttributes>,
}

impl DirectoryDeviceUpdate {
    /// Creates an empty change.
    #[inline]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether the device may sign in.
    #[must_use]
    #[inline]
    pub fn with_account_enabled(mut self, enabled: bool) -> Self {
        self.account_enabled = Some(enabled);
        self
    }

    /// Sets the extension attributes that have a value.
    #[must_use]
    #[inline]
    pub fn with_extension_attributes(mut self, attributes: ExtensionAttributes) -> Self {
        self.extension_attributes = Some(attributes);
        self
    }
}
