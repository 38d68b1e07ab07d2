//! Reads devices in batches. A missing object is `None`; each failed read has its own error.

use super::evidence::{AppliedPage, DeviceSnapshot, Expectation};
use super::followed::Followed;
use super::matching::{hybrid_device_of, managed_device_of, registration_of};
use super::phase::Phase;
use crate::error::Result;
use crate::graph::{Client, List, Page, Slot, field};
use crate::model::{
    DeploymentProfile, Device, DirectoryDevice, EnrollmentStatusPage, Id, ManagedDevice, ProfileReference,
    SerialNumber, Stored, Text,
};

/// A source of data.
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
    Pages,
}

impl Source {
    /// Returns the name for display, the name in Graph, and the permission to read it.
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
            Self::Pages => ("enrollment status pages (deviceEnrollmentConfigurations)", SERVICE),
            Self::Groups => ("members of groups (groups)", "GroupMember.Read.All"),
        }
    }
}

/// The index of a device, its registration, and its profile if requested.
pub(super) type Registration = (usize, Result<Option<Device>>, Option<Result<Option<ProfileReference>>>);

/// Reads registrations, and the profiles of those that need it.
///
/// A missing registration is searched for by its serial number: the device may have been imported again.
pub(super) async fn read_registrations(
    client: &Client,
    devices: impl Iterator<Item = (usize, &DeviceSnapshot, bool)>,
) -> Result<Vec<Registration>> {
    let mut batch = client.batch();
    let slots: Vec<_> = devices
        .map(|(index, snapshot, with_profile)| {
            let id = snapshot.registration_id();
            let profile = with_profile.then(|| batch.add(client.devices().deployment_profile(id)));
            (index, snapshot, batch.add(client.devices().get(id)), profile)
        })
        .collect();
    let mut answers = batch.await?;
    let mut reads = Vec::with_capacity(slots.len());
    let mut gone = Vec::new();
    for (index, snapshot, identity, profile) in slots {
        let profile = profile.map(|profile| Ok(answers.take_if_found(profile)?.as_ref().and_then(reference)));
        let identity = answers.take_if_found(identity);
        if let (Ok(None), Some(serial)) = (&identity, serial_number(snapshot)) {
            gone.push((reads.len(), snapshot, client.devices().by_serial_number(&serial)));
        }
        reads.push((index, identity, profile));
    }
    let mut batch = client.batch();
    let slots: Vec<_> = gone
        .into_iter()
        .map(|(place, snapshot, list)| (place, snapshot, batch.add(list.operation().clone()), list))
        .collect();
    let mut answers = batch.await?;
    for (place, snapshot, slot, list) in slots {
        let found = all(list, answers.take(slot)).await.map(|found| registration_of(found, snapshot));
        if let Some((_, identity, profile)) = reads.get_mut(place) {
            // The profile that was asked for is that of the id that is gone.
            *profile = profile.take().filter(|_| !matches!(found, Ok(Some(_))));
            *identity = found;
        }
    }
    Ok(reads)
}

fn serial_number(snapshot: &DeviceSnapshot) -> Option<SerialNumber> {
    snapshot.serial_number.as_deref()?.trim().parse().ok()
}

/// Reads the profiles of devices.
pub(super) async fn read_profiles(
    client: &Client,
    devices: impl Iterator<Item = (usize, &DeviceSnapshot)>,
) -> Result<Vec<(usize, Result<Option<ProfileReference>>)>> {
    let mut batch = client.batch();
    let slots: Vec<_> = devices
        .map(|(index, snapshot)| {
            (index, batch.add(client.devices().deployment_profile(snapshot.registration_id())))
        })
        .collect();
    let mut answers = batch.await?;
    let mut profile = |slot| Ok(answers.take_if_found(slot)?.as_ref().and_then(reference));
    Ok(slots.into_iter().map(|(index, slot)| (index, profile(slot))).collect())
}

/// Reads enrollment status pages.
pub(super) async fn read_pages(
    client: &Client,
    ids: impl IntoIterator<Item = Id<EnrollmentStatusPage>>,
) -> Result<Vec<(Id<EnrollmentStatusPage>, Result<Option<AppliedPage>>)>> {
    let mut batch = client.batch();
    let slots: Vec<_> = ids
        .into_iter()
        .map(|id| {
            let slot = batch.add(client.enrollment_status_pages().get(&id));
            (id, slot)
        })
        .collect();
    let mut answers = batch.await?;
    let mut page = |id: &Id<EnrollmentStatusPage>, slot: Slot<Stored<EnrollmentStatusPage>>| {
        let found = answers.take_if_found(slot)?;
        Ok(found.map(|stored| AppliedPage::new(id.clone(), &stored.settings)))
    };
    let reads = slots.into_iter().map(|(id, slot)| (page(&id, slot), id));
    Ok(reads.map(|(page, id)| (id, page)).collect())
}

/// Reads devices in Intune: by id if known, and by serial number if there is no id or it is gone.
pub(super) async fn read_managed_devices(
    client: &Client,
    devices: impl Iterator<Item = (usize, &Followed)>,
) -> Result<Vec<(usize, Result<Option<ManagedDevice>>)>> {
    enum Asked<'a> {
        Id(Slot<ManagedDevice>, &'a DeviceSnapshot),
        Serial(Slot<Page<ManagedDevice>>, Box<List<ManagedDevice>>, &'a DeviceSnapshot),
    }
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for (index, device) in devices {
        let snapshot = &device.snapshot;
        let known = snapshot.identity.present().and_then(|identity| identity.managed_device_id.as_ref());
        let known = known.or_else(|| snapshot.managed_device.present().map(|managed| &managed.id));
        if let Some(id) = known {
            slots.push((index, Asked::Id(batch.add(client.managed_devices().get(id)), snapshot)));
        } else if let Some(list) = managed_devices_with_serial(client, snapshot) {
            let slot = batch.add(list.operation().clone());
            slots.push((index, Asked::Serial(slot, Box::new(list), snapshot)));
        }
    }
    let mut answers = batch.await?;
    let mut reads = Vec::new();
    for (index, asked) in slots {
        let read = match asked {
            Asked::Id(slot, snapshot) => match answers.take_if_found(slot) {
                Ok(None) => match managed_devices_with_serial(client, snapshot) {
                    Some(list) => list.all().await.map(|found| managed_device_of(found, snapshot)),
                    None => Ok(None),
                },
                read => read,
            },
            Asked::Serial(slot, list, snapshot) => {
                all(*list, answers.take(slot)).await.map(|found| managed_device_of(found, snapshot))
            }
        };
        reads.push((index, read));
    }
    Ok(reads)
}

fn managed_devices_with_serial(client: &Client, snapshot: &DeviceSnapshot) -> Option<List<ManagedDevice>> {
    let serial = snapshot.serial_number.as_ref()?.trim();
    Some(client.managed_devices().list().filter(field("serialNumber").eq(serial)))
}

/// The index of a device; the registration's object, if the registration names it; and the computer's, if the device has a
/// name in the domain.
pub(super) type Directory =
    (usize, Option<Result<Option<DirectoryDevice>>>, Option<Result<Option<DirectoryDevice>>>);

/// Reads the objects of devices in Entra ID.
pub(super) async fn read_directory(
    client: &Client,
    devices: impl Iterator<Item = (usize, &Followed)>,
    expected: &Expectation,
) -> Result<Vec<Directory>> {
    enum Asked {
        NotNamed,
        Id(Slot<DirectoryDevice>),
        Name(Slot<Page<DirectoryDevice>>, Box<List<DirectoryDevice>>),
    }
    let mut batch = client.batch();
    let mut slots = Vec::new();
    for (index, device) in devices {
        let snapshot = &device.snapshot;
        let anchor = snapshot.identity.present().and_then(Device::entra_device_id);
        let anchor_slot = anchor.map(|id| batch.add(client.directory_devices().get_by_device_id(id)));
        let asked = snapshot.managed().map_or(Asked::NotNamed, |managed| {
            let entra =
                managed.azure_ad_device_id.as_ref().or(managed.azure_active_directory_device_id.as_ref());
            if let Some(id) = entra.filter(|id| Some(*id) != anchor) {
                return Asked::Id(batch.add(client.directory_devices().get_by_device_id(id)));
            }
            // Until a user signs in, Intune points at the registration's object, and there is nothing but the name.
            let is_joined = device.phase() > Phase::Enrolled || expected.is_in_domain(managed);
            let Some(name) = managed.device_name.as_deref().filter(|_| is_joined) else {
                return Asked::NotNamed;
            };
            let list = client.directory_devices().list().filter(field("displayName").eq(name));
            Asked::Name(batch.add(list.operation().clone()), Box::new(list))
        });
        slots.push((index, anchor_slot, asked));
    }
    let mut answers = batch.await?;
    let mut reads = Vec::new();
    for (index, anchor, computer) in slots {
        let computer = match computer {
            Asked::NotNamed => None,
            Asked::Id(slot) => {
                let read = answers.take_if_found(slot);
                Some(read.map(|device| device.filter(DirectoryDevice::is_hybrid)))
            }
            Asked::Name(slot, list) => Some(all(*list, answers.take(slot)).await.map(hybrid_device_of)),
        };
        reads.push((index, anchor.map(|slot| answers.take_if_found(slot)), computer));
    }
    Ok(reads)
}

/// Returns all items of a list whose first page was in a batch.
async fn all<T>(list: List<T>, first: Result<Page<T>>) -> Result<Vec<T>>
where
    T: serde::de::DeserializeOwned + Send + 'static,
{
    list.all_from(first?).await
}

/// Creates a device's reference to a profile.
fn reference(profile: &DeploymentProfile) -> Option<ProfileReference> {
    let mut reference = ProfileReference::new(profile.id()?.parse().ok()?);
    reference.display_name = profile.display_name().map(Text::from);
    reference.odata_type = profile.odata_type().map(Text::from);
    Some(reference)
}
