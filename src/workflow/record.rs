//! The journal of a deployment: every creation, replacement and removal, recorded before it is sent.

use serde::{Deserialize, Serialize};

use super::created::{AdoptedObject, CreatedObject, CreatedObjects};
use super::journal::Journal;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Device, GroupTag, Id, User};

/// The version of the format. It increases when old readers would misread a new journal.
const VERSION: u32 = 1;
const RUN: &str = "apply";

/// The first line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    v: u32,
    run: String,
    /// The tenant, if the token shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    deployment: String,
}

impl Header {
    fn check(&self, deployment: Option<&str>, tenant: Option<&str>) -> Result<()> {
        let other_tenant =
            |ours: &str| self.tenant.as_ref().filter(|theirs| !theirs.eq_ignore_ascii_case(ours));
        let problem = if self.v != VERSION || self.run != RUN {
            "the journal belongs to another kind of run, or to another version of the format".to_owned()
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
    /// The object was created, or is about to be.
    Made(CreatedObject),
    /// The creation failed.
    Undone(CreatedObject),
    /// The object was removed, or no longer existed.
    Removed(CreatedObject),
    /// The object existed before, and was adopted.
    Adopted(AdoptedObject),
    /// A registration is about to be replaced by one with another hardware hash.
    Replacing(Replacement),
    /// The registration that an earlier line names was replaced by this one.
    #[serde(rename_all = "snake_case")]
    Replaced { key: String, id: Id<Device> },
}

/// The replacement of a registration: the values that the new one takes over. A person is recorded only as the id of
/// the user's object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Replacement {
    /// The digest of the new serial number and hardware hash.
    pub(super) key: String,
    /// The registration to replace.
    pub(super) old: Id<Device>,
    pub(super) old_serial_number: String,
    pub(super) serial_number: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group_tag: Option<GroupTag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<Id<User>>,
    /// The new registration, once it is complete.
    #[serde(skip)]
    pub(super) new: Option<Id<Device>>,
}

/// The name of the deployment in a journal that a replacement of a motherboard started.
const REPLACEMENTS: &str = "replaced motherboards";

/// The journal of a deployment, with the state that results from its lines.
#[derive(Debug, Default)]
pub(super) struct Record {
    journal: Option<Journal>,
    created: CreatedObjects,
    replacements: Vec<Replacement>,
    /// Whether the first line of the journal has been written.
    is_begun: bool,
}

impl CreatedObjects {
    /// Reads the objects that a run has recorded in its journal.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`] if the journal does not exist, is in use, cannot be read, or is of another kind.
    pub fn from_journal(journal: Journal) -> Result<Self> {
        let record = Record::read(journal, None, None)?;
        record.check_is_begun()?;
        Ok(record.created)
    }
}

impl Record {
    pub(super) fn open(journal: Option<Journal>, deployment: &str, tenant: Option<&str>) -> Result<Self> {
        let Some(journal) = journal else {
            let mut record = Self::default();
            record.created.tenant_id = tenant.map(str::to_owned);
            return Ok(record);
        };
        Self::read(journal, Some(deployment), tenant)?.begun(deployment, tenant)
    }

    /// Opens the journal of any deployment, or a new one, for replacements.
    pub(super) fn open_for_replacements(journal: Journal, tenant: Option<&str>) -> Result<Self> {
        Self::read(journal, None, tenant)?.begun(REPLACEMENTS, tenant)
    }

    /// Reads and locks the journal of one deployment, or of any. Writes nothing.
    pub(super) fn read(mut journal: Journal, deployment: Option<&str>, tenant: Option<&str>) -> Result<Self> {
        let written = journal.read::<Header, Line>()?;
        let mut record = Self::default();
        if let Some(header) = written.header {
            journal.named(header.check(deployment, tenant))?;
            record.created.tenant_id = header.tenant.or_else(|| tenant.map(str::to_owned));
            record.is_begun = true;
        } else {
            record.created.tenant_id = tenant.map(str::to_owned);
        }
        record.take(written.lines);
        record.journal = Some(journal);
        Ok(record)
    }

    /// Writes the first line of a new journal.
    fn begun(mut self, deployment: &str, tenant: Option<&str>) -> Result<Self> {
        if let Some(journal) = self.journal.as_mut().filter(|_| !self.is_begun) {
            let (run, deployment, tenant) = (RUN.into(), deployment.into(), tenant.map(str::to_owned));
            journal.begin(&Header { v: VERSION, run, tenant, deployment })?;
            self.is_begun = true;
        }
        Ok(self)
    }

    pub(super) fn has_journal(&self) -> bool {
        self.journal.is_some()
    }

    /// Returns the error for a journal that does not exist.
    pub(super) fn check_is_begun(&self) -> Result<()> {
        match &self.journal {
            Some(journal) if !self.is_begun => Err(journal.missing()),
            _ => Ok(()),
        }
    }

    /// Returns the created objects, and those whose creation was in progress when an earlier run was killed.
    pub(super) fn created(&self) -> &CreatedObjects {
        &self.created
    }

    pub(super) fn into_created(self) -> CreatedObjects {
        self.created
    }

    /// Records objects to create. If recording fails, nothing may be sent.
    pub(super) fn add(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines = self.new_lines(items);
        self.append(&lines)?;
        self.take(lines);
        Ok(())
    }

    /// Records created objects. They are treated as created even if recording fails.
    pub(super) fn done(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines = self.new_lines(items);
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    /// Records that objects, recorded by [`add`](Self::add), were not created.
    pub(super) fn undo(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let lines: Vec<Line> = items.into_iter().map(Line::Undone).collect();
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    /// Records objects that were removed or no longer exist.
    pub(super) fn removed(&mut self, items: impl IntoIterator<Item = CreatedObject>) -> Result<()> {
        let known = items.into_iter().filter(|item| self.created.has(item));
        let lines: Vec<Line> = known.map(Line::Removed).collect();
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    /// Records an adopted object.
    pub(super) fn adopt(&mut self, adopted: AdoptedObject) -> Result<()> {
        if self.created.adopted().contains(&adopted) {
            return Ok(());
        }
        let lines = vec![Line::Adopted(adopted)];
        self.append(&lines)?;
        self.take(lines);
        Ok(())
    }

    /// Returns the replacements, oldest first.
    pub(super) fn replacements(&self) -> &[Replacement] {
        &self.replacements
    }

    /// Records a replacement before it begins.
    pub(super) fn replacing(&mut self, replacement: Replacement) -> Result<()> {
        if self.replacements.contains(&replacement) {
            return Ok(());
        }
        let lines = vec![Line::Replacing(replacement)];
        self.append(&lines)?;
        self.take(lines);
        Ok(())
    }

    /// Records the new registration of a replacement.
    pub(super) fn replaced(&mut self, key: &str, id: Id<Device>) -> Result<()> {
        let lines = vec![Line::Replaced { key: key.to_owned(), id }];
        let appended = self.append(&lines);
        self.take(lines);
        appended
    }

    fn new_lines(&self, items: impl IntoIterator<Item = CreatedObject>) -> Vec<Line> {
        items.into_iter().filter(|item| !self.created.items().contains(item)).map(Line::Made).collect()
    }

    fn append(&mut self, lines: &[Line]) -> Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(lines))
    }

    fn take(&mut self, lines: Vec<Line>) {
        for line in lines {
            match line {
                Line::Made(item) => self.created.add(item),
                Line::Undone(item) | Line::Removed(item) => self.created.remove(&item),
                Line::Adopted(adopted) => self.created.adopt(adopted),
                Line::Replacing(replacement) => {
                    // The deployment that created the old registration has the new one in its place. Until its id is
                    // known, the serial number identifies it.
                    if self.created.has(&CreatedObject::device(&replacement.old_serial_number, None)) {
                        self.created.add(CreatedObject::device(&replacement.serial_number, None));
                    }
                    self.replacements.push(replacement);
                }
                Line::Replaced { key, id } => {
                    let found = self.replacements.iter_mut().rev().find(|found| found.key == key);
                    let Some(replacement) = found else { continue };
                    replacement.new = Some(id.clone());
                    let old = CreatedObject::device(&replacement.old_serial_number, None);
                    if self.created.has(&old) {
                        self.created.remove(&old);
                        self.created.add(CreatedObject::device(&replacement.serial_number, Some(id)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::journal::MemoryStore;
    use crate::workflow::step::Step;

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
        drop(again);
        assert_eq!(
            CreatedObjects::from_journal(Journal::from_store(store.clone())).unwrap().items(),
            expected
        );
        let error = open("Berlin").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        assert!(error.to_string().contains("Munich"), "{error}");
    }
}
