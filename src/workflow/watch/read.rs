//! What is read of devices, many in a request. What is not there is `None`; what cannot be read is an error of its own.

use super::evidence::DeviceSnapshot;
use super::followed::Followed;
use super::matching::{hybrid_device_of, managed_device_of};
use crate::error::Result;
use crate::graph::{Client, List, Page, Slot, field};
use crate::model::{DeploymentProfile, Device, DirectoryDevice, ManagedDevice, ProfileReference, Text};

/// Where something is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    Registrations,
    Profiles,
    Deployments,
    IntuneDevices,
    EntraDevices,
    Connectors,
    DomainJoinProfiles,
    Groups,
}

impl Source {
    /// What it is, in words and by its name in Graph, and the permission that it takes.
    pub(super) const fn parts(self) -> (&'static str, &'static str) {
        const SERVICE: &str = "DeviceManagementServiceConfig.Read.All";
        const DEVICES: &str = "DeviceManagementManagedDevices.Read.All";
        const CONFIGURATION: &str = "DeviceManagementConfiguration.Read.All";
        match self {
            Self::Registrations => ("registered devices (windowsAutopilotDeviceIdentities)", SERVICE),
            Self::Profiles => ("profiles of the devices (deploymentProfile)", SERVICE),
            Self::Deployments => ("records of deployments (autopilotEvents)", DEVICES),
            Self::IntuneDevices => ("devices in Intune (managedDevices)", DEVICES),
            Self::EntraDevices => ("devices in Entra ID (devices)", "Device.Read.All"),
            Self::Connectors => ("connectors (domainJoinConnectors)", CONFIGURATION),
            Self::DomainJoinProfiles => ("domain join profiles (deviceConfigurations)", CONFIGURATION),
            Self::Groups => ("members of groups (groups)", "GroupMember.Read.All"),
        }
    }
}

/// Of which device; its registration; and its profile, if that was asked for.
pub(super) type Registration = (usize, Result<Option<Device>>, Option<Result<Option<ProfileReference>>>);

/// Registrations, and of those where it says so the profile.
pub(super) async fn read_registrations(
    client: &Client,
    devices: impl Iterator<Item = (usize, &DeviceSnapshot, bool)>,
) -> Result<Vec<Registration>> {
    let mut batch = client.batch();
    let slots: Vec<_> = devices
        .map(|(index, snapshot, with_profile)| {
            let profile = with_profile.then(|| batch.add(client.devices().deployment_profile(&snapshot.id)));
            (index, batch.add(client.devices().get(&snapshot.id)), profile)
        })
        .collect();
    let mut answers = batch.await?;
    let reads = slots.into_iter().map(|(index, identity, profile)| {
        let profile = profile.map(|profile| Ok(answers.take_if_found(profile)?.as_ref().and_then(reference)));
        (index, answers.take_if_found(identity), profile)
    });
    Ok(reads.collect())
}

/// Devices in Intune, by id where that is known, and by serial number where not.
pub(super) async fn read_managed_devices(
    client: &Client,
    devices: impl Iterator<Item = (usize, &Followed)>,
) -> Result<Vec<(usize, Result<Option<ManagedDevice>>)>> {
    enum Asked<'a> {
        Id(Slot<ManagedDevice>),
        Serial(Slot<Page<ManagedDevice>>, Box<List<ManagedDevice>>, &'a DeviceSnapshot),
    }
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for (index, device) in devices {
        let snapshot = &device.snapshot;
        let known = snapshot.identity.present().and_then(|identity| identity.managed_device_id.as_ref());
        let known = known.or_else(|| snapshot.managed_device.present().map(|managed| &managed.id));
        if let Some(id) = known {
            slots.push((index, Asked::Id(batch.add(client.managed_devices().get(id)))));
        } else if let Some(serial) = &snapshot.serial_number {
            let list = client.managed_devices().list().filter(field("serialNumber").eq(serial.trim()));
            let slot = batch.add(list.operation().clone());
            slots.push((index, Asked::Serial(slot, Box::new(list), snapshot)));
        }
    }
    let mut answers = batch.await?;
    let mut reads = Vec::new();
    for (index, asked) in slots {
        let read = match asked {
            Asked::Id(slot) => answers.take_if_found(slot),
            Asked::Serial(slot, list, snapshot) => {
                all(*list, answers.take(slot)).await.map(|found| managed_device_of(found, snapshot))
            }
        };
        reads.push((index, read));
    }
    Ok(reads)
}

/// Of which device; and what was found, if it was asked for, of the registration's object and of the computer's.
pub(super) type Directory =
    (usize, Option<Result<Option<DirectoryDevice>>>, Option<Result<Option<DirectoryDevice>>>);

/// Objects in Entra ID that were not seen yet.
pub(super) async fn read_directory(
    client: &Client,
    devices: impl Iterator<Item = (usize, &Followed)>,
) -> Result<Vec<Directory>> {
    enum Asked {
        Id(Slot<DirectoryDevice>),
        Name(Slot<Page<DirectoryDevice>>, Box<List<DirectoryDevice>>),
    }
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for (index, device) in devices {
        let snapshot = &device.snapshot;
        let anchor = snapshot.identity.present().and_then(Device::entra_device_id);
        let anchor_slot = anchor
            .filter(|_| snapshot.anchor.present().is_none())
            .map(|id| batch.add(client.directory_devices().get_by_device_id(id)));
        let managed = snapshot.managed_device.present().filter(|_| snapshot.hybrid.present().is_none());
        let computer_slot = managed.and_then(|managed| {
            let entra =
                managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref());
            if let Some(id) = entra.filter(|id| Some(*id) != anchor) {
                return Some(Asked::Id(batch.add(client.directory_devices().get_by_device_id(id))));
            }
            // Until a user signs in, Intune points at the registration's object, and there is nothing but the name.
            let name = managed.device_name.as_deref().filter(|_| device.is_renamed())?;
            let list = client.directory_devices().list().filter(field("displayName").eq(name));
            Some(Asked::Name(batch.add(list.operation().clone()), Box::new(list)))
        });
        if anchor_slot.is_some() || computer_slot.is_some() {
            slots.push((index, anchor_slot, computer_slot));
        }
    }
    let mut answers = batch.await?;
    let mut reads = Vec::new();
    for (index, anchor, computer) in slots {
        let computer = match computer {
            None => None,
            Some(Asked::Id(slot)) => {
                let read = answers.take_if_found(slot);
                Some(read.map(|device| device.filter(DirectoryDevice::is_hybrid)))
            }
            Some(Asked::Name(slot, list)) => Some(all(*list, answers.take(slot)).await.map(hybrid_device_of)),
        };
        reads.push((index, anchor.map(|slot| answers.take_if_found(slot)), computer));
    }
    Ok(reads)
}

/// The registrations' objects of devices, seen or not.
pub(super) async fn read_anchors(
    client: &Client,
    devices: impl Iterator<Item = (usize, &Followed)>,
) -> Result<Vec<(usize, Result<Option<DirectoryDevice>>)>> {
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for (index, device) in devices {
        let anchor = device.snapshot.identity.present().and_then(Device::entra_device_id);
        slots.extend(anchor.map(|id| (index, batch.add(client.directory_devices().get_by_device_id(id)))));
    }
    let mut answers = batch.await?;
    Ok(slots.into_iter().map(|(index, slot)| (index, answers.take_if_found(slot))).collect())
}

/// All items of a list whose first page came in a batch.
async fn all<T>(list: List<T>, first: Result<Page<T>>) -> Result<Vec<T>>
where
    T: serde::de::DeserializeOwned + Send + 'static,
{
    list.all_from(first?).await
}

/// A profile as a device refers to it.
fn reference(profile: &DeploymentProfile) -> Option<ProfileReference> {
    let mut reference = ProfileReference::new(profile.id()?.parse().ok()?);
    reference.display_name = profile.display_name().map(Text::from);
    reference.odata_type = profile.odata_type().map(Text::from);
    Some(reference)
}
