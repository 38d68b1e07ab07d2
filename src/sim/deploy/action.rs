//! Actions on a device between deployments: reset, removal, rename and a new motherboard.

use crate::sim::resource::{device, directory_device, managed_device};
use crate::sim::rows::Identity;
use crate::sim::state::State;
use crate::sim::tenant::Tenant;

impl Tenant {
    /// Resets a device to factory state, ready to be switched on. Intune and Microsoft Entra keep their objects until
    /// the device enrolls again. Returns `false` if the device was never switched on.
    pub fn reset(&self, serial: &str) -> bool {
        self.now().end_deployment(serial)
    }

    /// Wipes a device from Intune, which removes its record there and resets it. Returns `false` if Intune does not
    /// manage it.
    pub fn wipe(&self, serial: &str) -> bool {
        let mut state = self.now();
        let Some(managed) = state.managed_device_of(serial) else { return false };
        managed_device::reset(&mut state, &managed);
        true
    }

    /// Renames a managed device in Intune, in Active Directory, and in Microsoft Entra if its computer account is
    /// synchronized. Returns `false` if Intune does not manage it.
    pub fn rename(&self, serial: &str, name: &str) -> bool {
        let mut state = self.now();
        let Some(managed) = state.managed_device_of(serial) else { return false };
        state.managed.update(&managed, |managed| {
            managed.set("deviceName", name);
            managed.set("managedDeviceName", name);
        });
        let Some(id) = state.deployments.by_serial.get(&serial.to_lowercase()).cloned() else { return true };
        let Some(mut run) = state.deployments.runs.remove(&id) else { return true };
        if let Some(old) = run.computer.replace(name.to_owned()) {
            let renamed = state.deployments.computers.iter_mut().filter(|computer| computer.name == old);
            renamed.for_each(|computer| name.clone_into(&mut computer.name));
        }
        if let Some(hybrid) = &run.hybrid_device {
            directory_device::change(&mut state, hybrid, |device| name.clone_into(&mut device.display_name));
        }
        state.deployments.runs.insert(id, run);
        true
    }

    /// Gives a device a new motherboard, so that it no longer matches its registration, which must then be replaced.
    /// Returns `false` if no device with this serial number is registered.
    pub fn swap_motherboard(&self, serial: &str) -> bool {
        let mut state = self.now();
        let now = state.now;
        let Some(id) = state.registration_of(serial) else { return false };
        state.identities.update(&id, |identity| identity.hardware_changed = Some(now));
        state.end_deployment(serial);
        true
    }

    /// Deletes a device everywhere: its Intune record, its Microsoft Entra objects (the computer's and the
    /// registration's), and the registration itself. Returns `false` if no device with this serial number is registered.
    pub fn delete_everywhere(&self, serial: &str) -> bool {
        let mut state = self.now();
        let Some(registration) = state.registration_of(serial) else { return false };
        if let Some(managed) = state.managed_device_of(serial) {
            managed_device::remove(&mut state, &managed);
        }
        if let Some(hybrid) = state.hybrid_device_of(serial) {
            directory_device::remove(&mut state, &hybrid);
        }
        let anchor = state.identities.get(&registration).map(|identity| identity.anchor.clone());
        device::remove(&mut state, &registration);
        if let Some(anchor) = anchor {
            directory_device::remove(&mut state, &anchor);
        }
        state.end_deployment(serial);
        true
    }
}

impl State {
    /// Ends the deployment of a device. Returns `false` if there is none.
    pub(crate) fn end_deployment(&mut self, serial: &str) -> bool {
        let run = self.deployments.by_serial.remove(&serial.to_lowercase());
        run.and_then(|run| self.deployments.runs.remove(&run)).is_some()
    }

    fn registration_of(&self, serial: &str) -> Option<String> {
        let is_registered = |identity: &&Identity| !identity.deleting;
        let mut found = self.identities.find("serialNumber", serial).map(|(_, identity)| identity);
        found.find(is_registered).map(|identity| identity.id.clone())
    }

    fn managed_device_of(&self, serial: &str) -> Option<String> {
        let registration = self.identities.get(&self.registration_of(serial)?)?;
        registration.managed_device.clone()
    }

    fn hybrid_device_of(&self, serial: &str) -> Option<String> {
        let run = self.deployments.by_serial.get(&serial.to_lowercase())?;
        self.deployments.runs.get(run)?.hybrid_device.clone()
    }
}
