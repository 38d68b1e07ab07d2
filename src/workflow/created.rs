//! The record of the objects that a workflow created. A teardown is limited to these.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hybrid_join::HybridJoin;
use super::network_links::NetworkLink;
use super::object::{Assignable, ManagedObject};
use super::scope::UserScope;
use super::step::Step;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{
    Device, DeviceConfiguration, DomainJoinProfile, EnrollmentStatusPage, Group, HybridJoinProfile, Id,
    Properties, SkipUserStatusPage, Target,
};

/// The objects that a workflow created in a tenant, for a [`Teardown`](super::Teardown) to remove.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, .. }| {
/// # let desired: windows_autopilot::workflow::HybridJoin = toml::from_str("
/// #     name = 'Munich'
/// #     active_directory.domain = 'corp.contoso.com'
/// #     group = { display_name = 'Autopilot Munich', members.group_tag = 'Munich' }
/// #     profile.display_name = 'Contoso hybrid Munich'
/// # ")?;
/// use windows_autopilot::workflow::{CreatedObjects, Teardown};
///
/// let report = desired.plan(&client, &[]).await?.apply(&client).await.into_result()?;
/// let text = serde_json::to_string(&report.created)?; // to keep with the settings
///
/// let created: CreatedObjects = serde_json::from_str(&text)?;
/// let report = Teardown::new(created).plan(&client).await?.apply(&client).await.into_result()?;
/// println!("{} removed", report.removed);
/// # Ok(()) });
/// ```
///
/// An [`ApplyReport`](super::ApplyReport) contains this record. It can be serialized with serde and kept with the
/// settings. Alternatively, let [`ApplyOptions::with_journals`](super::ApplyOptions::with_journals) record the objects
/// as they are created, so that the record survives if the process is killed, and read the journal with
/// [`CreatedObjects::from_journal`].
///
/// Objects that already existed are not included, even if they were changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatedObjects {
    /// The tenant of the objects; `None` if the token did not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant_id: Option<String>,
    objects: Vec<CreatedObject>,
    /// Adopted objects, which existed before. A teardown leaves them in place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    adopted: Vec<AdoptedObject>,
    /// Whether the objects are [from settings](Self::from_settings), in which case names and serial numbers identify
    /// them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) from_settings: bool,
}

/// An object that existed before a deployment and was adopted by it.
///
/// ```
/// use windows_autopilot::workflow::{AdoptedObject, PlanOptions, Step};
/// let group = AdoptedObject::new(Step::Group, "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e");
/// let options = PlanOptions::default().with_adopted([group]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdoptedObject {
    /// The step that the object belongs to.
    pub step: Step,
    /// The object's id.
    pub id: String,
}

impl AdoptedObject {
    /// Creates an adopted object from its step and id.
    pub fn new(step: Step, id: impl Into<String>) -> Self {
        Self { step, id: id.into() }
    }

    pub(super) fn is(&self, step: Step, id: &str) -> bool {
        self.step == step && self.id.eq_ignore_ascii_case(id)
    }
}

/// Something that a workflow created or changed: an object, an assignment, a link, the MDM user scope, a right or a
/// registration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "made", rename_all = "snake_case")]
#[non_exhaustive]
pub enum CreatedObject {
    /// A group, a status page or a profile.
    #[non_exhaustive]
    Object {
        /// The step that the object belongs to.
        step: Step,
        /// The object's name.
        name: String,
        /// The object's id; `None` if the run was killed during its creation, in which case the name identifies the
        /// object.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// An assignment of an object.
    #[non_exhaustive]
    Assignment {
        /// The step that the object belongs to.
        step: Step,
        /// The object's name.
        name: String,
        /// The target of the assignment.
        target: Target,
    },
    /// A link from a domain join profile to a device configuration.
    #[non_exhaustive]
    NetworkAccess {
        /// The domain join profile's name.
        name: String,
        /// The id of the configuration.
        configuration: Id<DeviceConfiguration>,
        /// The kind and name of the configuration.
        label: String,
    },
    /// A change to the MDM user scope.
    #[non_exhaustive]
    Scope {
        /// The scope before the deployment's first change.
        before: UserScope,
        /// The scope after the deployment's last change.
        after: UserScope,
    },
    /// A right in the on-premises directory.
    #[non_exhaustive]
    Right {
        /// The account, and the OU or container where it has the right.
        subject: String,
        /// The receipt used to revoke the right: an [`ad::delegation::DelegationReceipt`] as JSON.
        ///
        /// [`ad::delegation::DelegationReceipt`]: https://docs.rs/windows-autopilot/latest/windows_autopilot/ad/delegation/struct.DelegationReceipt.html
        receipt: Properties,
    },
    /// The registration of a device.
    #[non_exhaustive]
    Device {
        /// The device's serial number.
        serial_number: String,
        /// The registration's id; `None` if the run was killed during the import, in which case the serial number
        /// identifies the device.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Id<Device>>,
    },
}

impl CreatedObject {
    pub(super) fn object(step: Step, name: &str, id: Option<&str>) -> Self {
        Self::Object { step, name: name.to_owned(), id: id.map(str::to_owned) }
    }

    pub(super) fn device(serial_number: &str, id: Option<Id<Device>>) -> Self {
        Self::Device { serial_number: serial_number.to_owned(), id }
    }

    pub(super) fn network_access(name: &str, link: &NetworkLink) -> Self {
        let (name, configuration, label) = (name.to_owned(), link.id.clone(), link.label.clone());
        Self::NetworkAccess { name, configuration, label }
    }

    /// Creates the record of a right from its receipt.
    #[cfg(feature = "ad")]
    pub(super) fn right(subject: &str, receipt: &crate::ad::delegation::DelegationReceipt) -> Result<Self> {
        let receipt = serde_json::to_value(receipt).and_then(serde_json::from_value).map_err(|error| {
            Error::new(ErrorKind::Journal, "the receipt of a right cannot be written").with_source(error)
        })?;
        Ok(Self::Right { subject: subject.to_owned(), receipt })
    }

    /// Returns the receipt for a right; `None` for any other object.
    #[cfg(feature = "ad")]
    #[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
    pub fn receipt(&self) -> Option<crate::ad::delegation::DelegationReceipt> {
        let Self::Right { receipt, .. } = self else { return None };
        serde_json::from_value(receipt.clone().into()).ok()
    }

    /// Returns `true` if both describe the same object; the later one is more complete.
    fn is_about(&self, other: &Self) -> bool {
        match (self, other) {
            // A receipt grows with each write of one grant. The entries name the account.
            (Self::Right { receipt: one, .. }, Self::Right { receipt: other, .. }) => {
                let granted = |of: &Properties| of.get("granted").and_then(Value::as_array).cloned();
                let (one_granted, granted) =
                    (granted(one).unwrap_or_default(), granted(other).unwrap_or_default());
                ["organizational_unit", "guid"].iter().all(|name| one.get(name) == other.get(name))
                    && one_granted.iter().all(|entry| granted.contains(entry))
            }
            (Self::Object { step: a, name: one, .. }, Self::Object { step: b, name: other, .. }) => {
                a == b && one == other
            }
            (Self::Device { serial_number: one, .. }, Self::Device { serial_number: other, .. }) => {
                one.eq_ignore_ascii_case(other)
            }
            (
                Self::Assignment { step: a, name: one, target: to },
                Self::Assignment { step: b, name: other, target },
            ) => a == b && one == other && to.same_as(target),
            // A tenant has one scope.
            (Self::Scope { .. }, Self::Scope { .. }) => true,
            (one, other) => one == other,
        }
    }
}

impl CreatedObjects {
    /// Returns the objects in the order of their creation.
    pub fn items(&self) -> &[CreatedObject] {
        &self.objects
    }

    /// Returns the id of the objects' tenant; `None` if it is not known.
    pub fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// Returns the scope before the deployment's first change and after its last.
    pub(super) fn scope(&self) -> Option<(&UserScope, &UserScope)> {
        self.objects.iter().find_map(|item| match item {
            CreatedObject::Scope { before, after } => Some((before, after)),
            _ => None,
        })
    }

    /// Checks that a client is not signed in to another tenant.
    pub(super) async fn check_tenant(&self, client: &Client) -> Result<()> {
        let Some(tenant) = &self.tenant_id else { return Ok(()) };
        let now = client.tenant_id().await?;
        if now.as_ref().is_some_and(|now| now.eq_ignore_ascii_case(tenant)) {
            return Ok(());
        }
        let now =
            now.map_or("a tenant that the token does not name".to_owned(), |now| format!("tenant {now}"));
        let message =
            format!("the objects were created in tenant {tenant}, and the client is signed in to {now}");
        Err(Error::new(ErrorKind::InvalidInput, message)
            .with_remedy("sign in to that tenant, or name the journal of this one"))
    }

    /// Returns `true` if nothing was created.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Returns all objects named in a deployment's settings, along with the devices that have these serial numbers, for
    /// a deployment whose record is lost. Review the teardown's plan, because an object that already existed under the
    /// same name is included.
    pub fn from_settings(desired: &HybridJoin, serial_numbers: impl IntoIterator<Item = String>) -> Self {
        fn object<S: ManagedObject>(desired: &HybridJoin) -> Option<CreatedObject> {
            S::desired_name(desired).map(|name| CreatedObject::object(S::STEP, name, None))
        }
        let objects = [
            object::<Group>(desired),
            object::<EnrollmentStatusPage>(desired),
            object::<SkipUserStatusPage>(desired),
            object::<HybridJoinProfile>(desired),
            object::<DomainJoinProfile>(desired),
        ];
        let objects = objects.into_iter().flatten().collect();
        let mut made = Self { objects, from_settings: true, ..Self::default() };
        if let Some(join) =
            desired.domain_join.as_ref().filter(|_| DomainJoinProfile::is_for_all_devices(desired))
        {
            let (step, name) = (Step::DomainJoin, join.display_name.to_string());
            made.add(CreatedObject::Assignment { step, name, target: Target::all_devices() });
        }
        for serial in serial_numbers {
            made.add(CreatedObject::Device { serial_number: serial, id: None });
        }
        made
    }

    /// Returns the adopted objects.
    pub fn adopted(&self) -> &[AdoptedObject] {
        &self.adopted
    }

    /// Returns only the objects for which `keep` holds, of the same tenant.
    pub(super) fn filtered(&self, keep: impl Fn(&CreatedObject) -> bool) -> Self {
        let objects = self.objects.iter().filter(|item| keep(item)).cloned().collect();
        let (tenant_id, from_settings) = (self.tenant_id.clone(), self.from_settings);
        Self { tenant_id, objects, adopted: Vec::new(), from_settings }
    }

    pub(super) fn add(&mut self, item: CreatedObject) {
        self.follow_rename(&item);
        match self.objects.iter_mut().find(|found| found.is_about(&item)) {
            Some(found) => *found = item,
            None => self.objects.push(item),
        }
    }

    /// Renames an object on record, with its assignments, to the name of an item with the same id.
    fn follow_rename(&mut self, item: &CreatedObject) {
        let CreatedObject::Object { step, name: new, id: Some(id) } = item else { return };
        let old = self.objects.iter().find_map(|found| match found {
            CreatedObject::Object { step: of, name, id: Some(held) }
                if of == step && name != new && held.eq_ignore_ascii_case(id) =>
            {
                Some(name.clone())
            }
            _ => None,
        });
        let Some(old) = old else { return };
        for found in &mut self.objects {
            match found {
                CreatedObject::Object { step: of, name, .. }
                | CreatedObject::Assignment { step: of, name, .. }
                    if of == step && *name == old =>
                {
                    name.clone_from(new);
                }
                _ => {}
            }
        }
    }

    /// Returns `true` if the object with this id was created or adopted.
    pub(super) fn has_id(&self, step: Step, id: &str) -> bool {
        let is_it = |found: &CreatedObject| {
            matches!(found, CreatedObject::Object { step: of, id: Some(held), .. }
                if *of == step && held.eq_ignore_ascii_case(id))
        };
        self.objects.iter().any(is_it) || self.adopted.iter().any(|adopted| adopted.is(step, id))
    }

    /// Returns `true` if the object with this id is on record under another name.
    pub(super) fn is_renamed(&self, step: Step, id: &str, name: &str) -> bool {
        self.objects.iter().any(|found| {
            matches!(found, CreatedObject::Object { step: of, name: held, id: Some(held_id) }
                if *of == step && held_id.eq_ignore_ascii_case(id) && held != name)
        })
    }

    /// Removes an object that was not created or no longer exists.
    pub(super) fn remove(&mut self, item: &CreatedObject) {
        self.objects.retain(|found| !found.is_about(item));
    }

    pub(super) fn adopt(&mut self, adopted: AdoptedObject) {
        if !self.adopted.contains(&adopted) {
            self.adopted.push(adopted);
        }
    }

    /// Returns `true` if a run was killed during the creation of an object. A completed creation has an id on record,
    /// and an object with the same name and another id is foreign.
    pub(super) fn is_unfinished(&self, item: &CreatedObject) -> bool {
        let has_no_id = |found: &CreatedObject| {
            matches!(found, CreatedObject::Object { id: None, .. } | CreatedObject::Device { id: None, .. })
        };
        self.objects.iter().any(|found| has_no_id(found) && found.is_about(item))
    }

    pub(super) fn has(&self, item: &CreatedObject) -> bool {
        self.objects.iter().any(|found| found.is_about(item))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_survives_serde() {
        let mut made = CreatedObjects::default();
        made.add(CreatedObject::object(Step::DomainJoin, "d", Some("1")));
        made.add(CreatedObject::Assignment {
            step: Step::DomainJoin,
            name: "d".into(),
            target: Target::group("9".parse().unwrap()),
        });
        let before = UserScope::Groups([("8".parse().unwrap(), "Existing users".to_owned())].into());
        made.add(CreatedObject::Scope { before: UserScope::Nobody, after: UserScope::All });
        made.add(CreatedObject::Scope { before, after: UserScope::All });
        made.add(CreatedObject::device("SN-1", None));
        let text = serde_json::to_string(&made).unwrap();
        assert!(text.contains(r#"{"made":"object","step":"domain_join","name":"d","id":"1"}"#), "{text}");
        let scope = r#"{"made":"scope","before":{"groups":{"8":"Existing users"}},"after":"all"}"#;
        assert!(text.contains(scope) && text.matches("scope").count() == 1, "{text}");
        assert_eq!(serde_json::from_str::<CreatedObjects>(&text).unwrap(), made);
    }
}
