//! The identity of a deployment's own objects: by recorded id, by adoption, or by name.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::created::{AdoptedObject, CreatedObject, CreatedObjects};
use super::hybrid_join::HybridJoin;
use super::journal::Journal;
use super::object::ManagedObject;
use super::record::Record;
use super::scope::MDM_USER_SCOPE;
use super::step::{Action, PlannedStep, Step};
use crate::error::Result;
use crate::model::{
    DeviceToImport, DomainJoinProfile, EnrollmentStatusPage, Group, HybridJoinProfile, Id,
    OrganizationalUnit, SkipUserStatusPage, Stored,
};

/// The options for a plan.
///
/// With the record of created objects, objects are found by id: renaming a part in the settings updates its object, a
/// foreign object with the same name stops the plan until it is adopted, and parts removed from the settings are shown.
/// Without a record, names identify objects, so a renamed part is created again.
///
/// ```
/// # use windows_autopilot::Client;
/// use windows_autopilot::workflow::{AdoptedObject, HybridJoin, Journal, PlanOptions, Step};
/// # async fn example(client: &Client, desired: HybridJoin) -> windows_autopilot::Result<()> {
/// let options = PlanOptions::default()
///     .with_journal(Journal::at("munich.made"))?
///     .with_adopted([AdoptedObject::new(Step::Group, "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e")]);
/// println!("{}", desired.plan_with(client, &[], options).await?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PlanOptions {
    /// The record of created objects; empty before the deployment's first run. `None` if there is no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<CreatedObjects>,
    /// The foreign objects to adopt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adopted: Vec<AdoptedObject>,
}

impl PlanOptions {
    /// Sets the record of created objects.
    #[must_use]
    pub fn with_created(mut self, created: CreatedObjects) -> Self {
        self.created = Some(created);
        self
    }

    /// Reads the record from a deployment's journal. A journal that does not exist yet is treated as an empty record.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`](crate::ErrorKind::Journal) if the journal is in use, unreadable or of another kind.
    pub fn with_journal(self, journal: Journal) -> Result<Self> {
        Ok(self.with_created(Record::read(journal, None, None)?.into_created()))
    }

    /// Adopts foreign objects: they get the settings, and a teardown leaves them in place.
    #[must_use]
    pub fn with_adopted(mut self, adopted: impl IntoIterator<Item = AdoptedObject>) -> Self {
        self.adopted.extend(adopted);
        self
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The own objects of a deployment by step: the id, or `None` if the record has no such object. Objects of a missing
/// step are found by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Identity {
    own: BTreeMap<Step, Option<String>>,
    /// The objects to adopt.
    adopted: BTreeMap<Step, String>,
    /// The objects whose creation was interrupted, by step and name.
    unfinished: HashSet<(Step, String)>,
    /// The devices whose import was interrupted, by serial number in lower case.
    unfinished_devices: HashSet<String>,
}

impl Identity {
    pub(super) fn new(desired: &HybridJoin, options: &PlanOptions) -> Self {
        let mut identity = Self::default();
        for item in options.created.iter().flat_map(CreatedObjects::items) {
            match item {
                CreatedObject::Object { step, name, id: None } => {
                    identity.unfinished.insert((*step, name.clone()));
                }
                CreatedObject::Device { serial_number, id: None } => {
                    identity.unfinished_devices.insert(serial_number.to_ascii_lowercase());
                }
                _ => {}
            }
        }
        identity.find::<Group>(desired, options);
        identity.find::<EnrollmentStatusPage>(desired, options);
        identity.find::<HybridJoinProfile>(desired, options);
        identity.find::<DomainJoinProfile>(desired, options);
        identity
    }

    fn find<S: ManagedObject>(&mut self, desired: &HybridJoin, options: &PlanOptions) {
        let Some(name) = S::desired_name(desired) else { return };
        let of_kind = |adopted: &&AdoptedObject| adopted.step == S::STEP;
        if let Some(adopted) = options.adopted.iter().rev().find(of_kind) {
            self.own.insert(S::STEP, Some(adopted.id.clone()));
            self.adopted.insert(S::STEP, adopted.id.clone());
            return;
        }
        let Some(created) = &options.created else { return };
        let objects: Vec<(&str, Option<&str>)> = created
            .items()
            .iter()
            .filter_map(|item| match item {
                CreatedObject::Object { step, name, id } if *step == S::STEP => {
                    Some((name.as_str(), id.as_deref()))
                }
                _ => None,
            })
            .collect();
        let own = match objects.iter().find(|(held, _)| *held == name) {
            // A run was killed during the creation: the name is all there is.
            Some((_, None)) => return,
            Some((_, id)) => *id,
            // The only object of its kind has another name: the settings rename it.
            None => {
                let ids = objects.iter().filter_map(|(_, id)| *id);
                let adopted = created.adopted().iter().filter(of_kind).map(|adopted| adopted.id.as_str());
                let all: Vec<&str> = ids.chain(adopted).collect();
                match all.as_slice() {
                    [only] => Some(*only),
                    _ => None,
                }
            }
        };
        self.own.insert(S::STEP, own.map(str::to_owned));
    }

    /// Returns the id of the object to adopt.
    pub(super) fn adopted(&self, step: Step) -> Option<&str> {
        self.adopted.get(&step).map(String::as_str)
    }

    /// Returns the id of the deployment's group, if it is found by its id.
    pub(super) fn group_id(&self) -> Option<Id<Group>> {
        self.own.get(&Step::Group)?.as_ref()?.parse().ok()
    }

    /// Returns the action for an object that is as desired.
    pub(super) fn keep(&self, step: Step, name: &str) -> Action {
        let is_unfinished = self.unfinished.contains(&(step, name.to_owned()));
        if is_unfinished { Action::Resume } else { Action::Keep }
    }

    /// Returns `true` if the import of a device was interrupted.
    pub(super) fn is_unfinished_device(&self, serial: &str) -> bool {
        self.unfinished_devices.contains(&serial.to_ascii_lowercase())
    }

    /// Returns `true` if objects of this kind are found by id or known not to exist: others with the same name are
    /// foreign.
    pub(super) fn knows(&self, step: Step) -> bool {
        self.own.contains_key(&step)
    }

    /// Returns `true` if an object is the deployment's own.
    pub(super) fn is_own<S: ManagedObject>(&self, stored: &Stored<S>, desired: &HybridJoin) -> bool {
        match self.own.get(&S::STEP) {
            Some(Some(id)) => !S::is_default(stored) && stored.id.as_str().eq_ignore_ascii_case(id),
            Some(None) => false,
            None => S::desired_name(desired).is_some_and(|name| S::is_named(stored, name)),
        }
    }

    /// Returns the deployment's own objects among those read; several if they are found by a name that is not unique.
    pub(super) fn own<'a, S: ManagedObject>(
        &'a self,
        read: impl IntoIterator<Item = &'a Stored<S>>,
        desired: &'a HybridJoin,
    ) -> impl Iterator<Item = &'a Stored<S>> {
        read.into_iter().filter(move |stored| self.is_own(stored, desired))
    }

    /// Returns `true` if the object with this id is the deployment's own, or its name matches without a record.
    fn keeps(&self, step: Step, name: &str, id: Option<&str>, desired_name: Option<&str>) -> bool {
        let Some(desired_name) = desired_name else { return false };
        match (self.own.get(&step), id) {
            (Some(Some(own)), Some(id)) => own.eq_ignore_ascii_case(id),
            _ => name == desired_name,
        }
    }
}

/// Returns the objects on record that are no longer in the settings or the device list.
pub(super) fn dropped(
    desired: &HybridJoin,
    devices: &[DeviceToImport],
    options: &PlanOptions,
    identity: &Identity,
) -> CreatedObjects {
    let Some(created) = &options.created else { return CreatedObjects::default() };
    let wanted = |step: Step| match step {
        Step::Group => Group::desired_name(desired),
        Step::StatusPage => EnrollmentStatusPage::desired_name(desired),
        Step::Profile => HybridJoinProfile::desired_name(desired),
        Step::AccountSetup => SkipUserStatusPage::desired_name(desired),
        _ => DomainJoinProfile::desired_name(desired),
    };
    let keeps_object =
        |step: Step, name: &str, id: Option<&str>| identity.keeps(step, name, id, wanted(step));
    let unit_of = |receipt: &crate::model::Properties| {
        receipt.text("organizational_unit").and_then(|unit| unit.parse::<OrganizationalUnit>().ok())
    };
    created.filtered(|item| match item {
        CreatedObject::Object { step, name, id } => !keeps_object(*step, name, id.as_deref()),
        CreatedObject::Assignment { step, name, .. } => {
            let object = created.items().iter().find_map(|other| match other {
                CreatedObject::Object { step: of, name: held, id } if of == step && held == name => Some(id),
                _ => None,
            });
            match object {
                Some(id) => !keeps_object(*step, name, id.as_deref()),
                None => wanted(*step).is_none(),
            }
        }
        CreatedObject::Scope { .. } => desired.mdm_scope.is_none(),
        // A link goes with its profile, or the plan removes it.
        CreatedObject::NetworkAccess { .. } => false,
        CreatedObject::Right { receipt, .. } => {
            let unit = desired.active_directory.organizational_unit.as_ref();
            desired.domain_join.is_none()
                || unit.zip(unit_of(receipt)).is_some_and(|(unit, held)| !unit.same_as(&held))
        }
        // Without a list of devices, none has left it.
        CreatedObject::Device { serial_number, .. } => {
            let is_it =
                |device: &DeviceToImport| device.serial_number.as_str().eq_ignore_ascii_case(serial_number);
            !devices.is_empty() && !devices.iter().any(is_it)
        }
    })
}

/// Returns the steps that show the dropped objects.
pub(super) fn dropped_steps(dropped: &CreatedObjects) -> Vec<PlannedStep> {
    let has_object = |of: Step, named: &str| {
        dropped.items().iter().any(
            |item| matches!(item, CreatedObject::Object { step, name, .. } if *step == of && name == named),
        )
    };
    let step = |item: &CreatedObject| {
        let (step, subject) = match item {
            CreatedObject::Object { step, name, .. } => (*step, name.clone()),
            // It goes with its object.
            CreatedObject::Assignment { step, name, .. } if has_object(*step, name) => return None,
            CreatedObject::Assignment { step, name, .. } => (*step, format!("{name}, assignments")),
            CreatedObject::Scope { .. } => (Step::AutomaticEnrollment, MDM_USER_SCOPE.to_owned()),
            CreatedObject::NetworkAccess { name, label, .. } => {
                (Step::DomainJoin, format!("{name}, {label}"))
            }
            CreatedObject::Right { subject, .. } => (Step::ComputerAccounts, subject.clone()),
            CreatedObject::Device { serial_number, .. } => (Step::Devices, serial_number.clone()),
        };
        Some(PlannedStep::new(step, subject, Action::Dropped))
    };
    dropped.items().iter().filter_map(step).collect()
}
