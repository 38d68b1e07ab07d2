//! The record of the objects that a workflow created, so that a teardown removes them and nothing else.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hybrid_join::HybridJoin;
use super::journal::Journal;
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
/// An [`ApplyReport`](super::ApplyReport) holds them. They go through serde, so keep them with the settings; or let
/// [`ApplyOptions::with_journals`](super::ApplyOptions::with_journals) record them as they are created, so that a kill does
/// not lose them, and read the journal with [`CreatedObjects::from_journal`].
///
/// Objects that existed before are not included, even if they were changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatedObjects {
    /// The tenant that they were created in; `None` if the token did not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    objects: Vec<CreatedObject>,
}

/// An object, assignment, scope entry or registration that a workflow created.
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
        /// The object's id; `None` if the run was killed during the creation: then the name identifies the object.
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
        /// The kind and the name of the configuration.
        label: String,
    },
    /// A change of the MDM user scope.
    #[non_exhaustive]
    Scope {
        /// The scope before the deployment changed it for the first time.
        before: UserScope,
        /// The scope that the deployment left.
        after: UserScope,
    },
    /// A right in the on-premises directory.
    #[non_exhaustive]
    Right {
        /// The account and the place.
        subject: String,
        /// The receipt, by which the right is revoked: an [`ad::delegation::DelegationReceipt`] as JSON.
        ///
        /// [`ad::delegation::DelegationReceipt`]: https://docs.rs/windows-autopilot/latest/windows_autopilot/ad/delegation/struct.DelegationReceipt.html
        receipt: Properties,
    },
    /// The registration of a device.
    #[non_exhaustive]
    Device {
        /// The device's serial number.
        serial_number: String,
        /// The registration's id; `None` if the run was killed during the import: then the serial number identifies the
        /// device.
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

    /// Creates the record of a right by its receipt.
    #[cfg(feature = "ad")]
    pub(super) fn right(subject: &str, receipt: &crate::ad::delegation::DelegationReceipt) -> Result<Self> {
        let receipt = serde_json::to_value(receipt).and_then(serde_json::from_value).map_err(|error| {
            Error::new(ErrorKind::Journal, "the receipt of a right cannot be written").with_source(error)
        })?;
        Ok(Self::Right { subject: subject.to_owned(), receipt })
    }

    /// Returns the receipt of a right.
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

    /// Returns the id of the tenant that the objects were created in; `None` if it is not known.
    pub fn tenant_id(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// Returns the scope before the deployment, and the one that the deployment left.
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

    /// Reads the objects that a run has recorded in its journal.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`] if there is no such journal, if the journal is in use or cannot be read, or is of another
    /// kind.
    pub fn from_journal(mut journal: Journal) -> Result<Self> {
        let written = journal.read::<Header, Line>()?;
        let Some(header) = written.header else { return Err(journal.missing()) };
        journal.named(header.check(None, None))?;
        let mut made = Self { tenant_id: header.tenant, ..Self::default() };
        for line in written.lines {
            made.take(line);
        }
        Ok(made)
    }

    /// Returns all objects that a deployment's settings name, and these devices: for a deployment whose record is lost.
    /// An object that existed before and has the same name is included, so review the plan.
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
        let mut made = Self { tenant_id: None, objects: objects.into_iter().flatten().collect() };
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

    pub(super) fn add(&mut self, item: CreatedObject) {
        match self.objects.iter_mut().find(|found| found.is_about(&item)) {
            Some(found) => *found = item,
            None => self.objects.push(item),
        }
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Made(item) => self.add(item),
            Line::Undone(item) => self.objects.retain(|found| !found.is_about(&item)),
            Line::Importing(_) => {}
        }
    }

    /// Returns `true` if the creation of an object was under way when a run was killed. An object that was created has an id
    /// on record: one of the same name and another id is somebody else's.
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

/// The version of the format. It grows when an old reader would misunderstand a new journal.
const VERSION: u32 = 1;
const RUN: &str = "apply";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    v: u32,
    run: String,
    /// The tenant, if the token names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    deployment: String,
}

impl Header {
    fn check(&self, deployment: Option<&str>, tenant: Option<&str>) -> Result<()> {
        let other_tenant =
            |ours: &str| self.tenant.as_ref().filter(|theirs| !theirs.eq_ignore_ascii_case(ours));
        let problem = if self.v != VERSION || self.run != RUN {
            "the journal is of a run of another kind, or of another version of the format".to_owned()
        } else if deployment.is_some_and(|name| name != self.deployment) {
            format!("the journal is of the deployment {}", self.deployment)
        } else if let Some(theirs) = tenant.and_then(other_tenant) {
            format!("the journal is of a deployment in tenant {theirs}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::Journal, format!("{problem}; name another journal")))
    }
}

/// Any other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The object is created, or about to be.
    Made(CreatedObject),
    /// The creation failed.
    Undone(CreatedObject),
    /// These devices are about to be imported, by serial number.
    Importing(BTreeSet<String>),
}

/// The journal of creations; each is recorded before it is sent.
#[derive(Debug, Default)]
pub(super) struct Record {
    journal: Option<Journal>,
    created: CreatedObjects,
    importing: Option<BTreeSet<String>>,
}

impl Record {
    pub(super) fn open(journal: Option<Journal>, deployment: &str, tenant: Option<&str>) -> Result<Self> {
        let mut record = Self { journal, ..Self::default() };
        record.created.tenant_id = tenant.map(str::to_owned);
        let Some(journal) = &mut record.journal else { return Ok(record) };
        let written = journal.read::<Header, Line>()?;
        match written.header {
            Some(header) => journal.named(header.check(Some(deployment), tenant))?,
            None => {
                let (run, deployment, tenant) = (RUN.into(), deployment.into(), tenant.map(str::to_owned));
                journal.begin(&Header { v: VERSION, run, tenant, deployment })?;
            }
        }
        for line in written.lines {
            if let Line::Importing(serials) = &line {
                record.importing = Some(serials.clone());
            }
            record.created.take(line);
        }
        Ok(record)
    }

    /// Returns the objects that were created, and those whose creation was under way when an earlier run was killed.
    pub(super) fn created(&self) -> &CreatedObjects {
        &self.created
    }

    pub(super) fn into_created(self) -> CreatedObjects {
        self.created
    }

    /// Returns the devices that an earlier run has imported, or was about to.
    pub(super) fn importing(&self) -> Option<&BTreeSet<String>> {
        self.importing.as_ref()
    }

    /// Records objects that are about to be created. If the journal takes nothing, nothing may be sent.
    pub(super) fn add(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines = self.new_lines(items);
        self.append(&lines)?;
        self.take(lines);
        Ok(())
    }

    /// Records objects that were created. They count as created even if the journal takes nothing.
    pub(super) fn done(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines = self.new_lines(items);
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    /// Records that objects were not created, which [`add`](Self::add) had recorded.
    pub(super) fn undo(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines: Vec<Line> = items.into_iter().map(Line::Undone).collect();
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    pub(super) fn import(&mut self, serials: BTreeSet<String>) -> Result<()> {
        if self.importing.as_ref() == Some(&serials) {
            return Ok(());
        }
        self.append(&[Line::Importing(serials.clone())])?;
        self.importing = Some(serials);
        Ok(())
    }

    fn new_lines(&self, items: impl IntoIterator<Item = CreatedObject>) -> Vec<Line> {
        items.into_iter().filter(|item| !self.created.objects.contains(item)).map(Line::Made).collect()
    }

    fn append(&mut self, lines: &[Line]) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(lines))
    }

    fn take(&mut self, lines: Vec<Line>) {
        lines.into_iter().for_each(|line| self.created.take(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::journal::MemoryStore;

    #[test]
    fn a_record_tells_what_was_made_and_what_was_about_to_be() {
        let store = MemoryStore::default();
        let open = |name: &str| Record::open(Some(Journal::from_store(store.clone())), name, None);
        let mut record = open("Munich").unwrap();
        record
            .add([
                CreatedObject::object(Step::Group, "g", None),
                CreatedObject::object(Step::Profile, "p", None),
            ])
            .unwrap();
        record.add([CreatedObject::object(Step::Group, "g", Some("1"))]).unwrap();
        record.undo([CreatedObject::object(Step::Profile, "p", None)]).unwrap();
        record.import(["SN-1".to_owned()].into()).unwrap();
        record
            .add([
                CreatedObject::device("SN-1", None),
                CreatedObject::device("sn-1", Some("2".parse().unwrap())),
            ])
            .unwrap();
        let expected = [
            CreatedObject::object(Step::Group, "g", Some("1")),
            CreatedObject::device("sn-1", Some("2".parse().unwrap())),
        ];
        assert_eq!(record.created().items(), expected);

        drop(record);
        let again = open("Munich").unwrap();
        assert_eq!(again.created().items(), expected);
        assert_eq!(again.importing().map(BTreeSet::len), Some(1));
        drop(again);
        assert_eq!(
            CreatedObjects::from_journal(Journal::from_store(store.clone())).unwrap().items(),
            expected
        );
        let error = open("Berlin").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        assert!(error.to_string().contains("Munich"), "{error}");
    }

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
