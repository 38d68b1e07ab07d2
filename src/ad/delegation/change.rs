//! Delegations read from and written to a directory.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DelegationPlan, DelegationProfile, RevocationPlan, sddl_difference};
use crate::ad::access::CreateAccess;
use crate::ad::account::{Account, AccountReader};
use crate::ad::container::{Container, steady_name};
use crate::ad::descriptor::{Ace, Acl, Guid, SecurityDescriptor, Sid};
use crate::ad::directory::{Directory, DirectoryError, DirectoryErrorKind, Modification};
use crate::ad::domain::Domain;
use crate::ad::principal::Principal;
use crate::model::{Finding, OrganizationalUnit};

/// The maximum number of writes of one change. A change that is overwritten is written again.
const MAX_WRITES: usize = 6;

/// A delegation of the connector's rights on one OU of a directory. It can be planned, applied and revoked.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use windows_autopilot::ad::delegation::Delegation;
/// use windows_autopilot::ad::memory::MemoryDirectory;
/// use windows_autopilot::model::OrganizationalUnit;
///
/// let directory = MemoryDirectory::new(&"corp.example".parse()?);
/// let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// directory.add_unit(&unit);
/// let connector = directory.add_managed_service_account("msaODJ1a2b3");
///
/// let delegation = Delegation::new(&unit, connector);
/// println!("{}", delegation.plan(&directory).await?);
/// let report = delegation.apply(&directory).await?;
/// assert_eq!(report.receipt.granted.len(), 1);
/// assert!(report.access.is_granted(), "no other entry denies it");
/// assert!(delegation.apply(&directory).await?.receipt.is_empty(), "already there, so nothing is written");
/// report.receipt.revoke(&directory).await?;
/// # Ok(()) });
/// ```
///
/// Only the DACL is written: the owner, the group, the SACL and the order of the other entries are kept. A directory
/// cannot make the write conditional on the DACL being unchanged, so every change is read back immediately, and again
/// after [`Directory::settle`], once concurrent changes have finished. A change that was overwritten is written again.
/// If two administrators use this crate at the same time, both changes survive. Another tool that writes a stale DACL
/// can still overwrite a change, or have its own change overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    place: String,
    trustee: Sid,
    profile: DelegationProfile,
}

/// The record of a grant, used to revoke exactly that grant, even after the OU has moved.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// use windows_autopilot::ad::delegation::{Delegation, DelegationReceipt};
///
/// let report = Delegation::new(&unit, connector).apply(&directory).await?;
/// let text = serde_json::to_string(&report.receipt)?; // store this
///
/// let receipt: DelegationReceipt = serde_json::from_str(&text)?; // years later
/// let revoked = receipt.revoke(&directory).await?;
/// assert_eq!(revoked.removed.len(), 1);
/// # Ok(()) });
/// ```
///
/// The receipt is complete before anything is written, and [`Delegation::apply_recorded`] passes it to the caller for
/// safekeeping. If the write never reaches the directory, [`revoke`](Self::revoke) finds nothing to remove and says so
/// in its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DelegationReceipt {
    /// The OU's distinguished name.
    pub organizational_unit: String,
    /// The OU's GUID, which survives a move; `None` if permission to read it is missing, in which case the OU is found
    /// by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The SID of the account that received the rights.
    pub trustee: Sid,
    /// The added entries; empty if all already existed.
    pub granted: Vec<Ace>,
    /// The revision of the list before the grant.
    revision: u8,
}

/// The outcome of [`Delegation::apply`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelegationReport {
    /// The record of the grant. Keep it to revoke the grant later.
    pub receipt: DelegationReceipt,
    /// The account as read before the grant.
    pub account: Account,
    /// The account's right to create computers after the grant, based on all of its groups and all entries: another
    /// entry may still deny the right.
    pub access: CreateAccess,
    /// The number of times that another change overwrote this one, which was then written again.
    pub lost_updates: usize,
    /// The difference between the list written and the list read back, in SDDL; usually empty.
    pub difference: String,
}

/// The outcome of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationReport {
    /// The entries that were removed.
    pub removed: Vec<Ace>,
    /// Granted entries that were not found: already removed, merged by another tool, or never written.
    pub missing: Vec<Ace>,
}

impl DelegationReceipt {
    /// Plans the entries that [`revoke`](Self::revoke) would remove. Changes nothing.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted; any error of [`Delegation::plan`].
    pub async fn plan_revocation(&self, directory: &dyn Directory) -> Result<RevocationPlan, DirectoryError> {
        let place = read(directory, &steady_name(self.guid, &self.organizational_unit)).await?;
        Ok(RevocationPlan::new(place.dacl()?.1, &self.granted))
    }

    /// Returns `true` if nothing was granted.
    pub fn is_empty(&self) -> bool {
        self.granted.is_empty()
    }
}

impl fmt::Display for DelegationReceipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.organizational_unit)?;
        if self.is_empty() {
            return writeln!(f, "  nothing was granted to {}: it was there already", self.trustee);
        }
        self.granted.iter().try_for_each(|ace| writeln!(f, "  + {ace}"))
    }
}

impl fmt::Display for DelegationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.receipt)?;
        let account = &self.account;
        match &self.access {
            CreateAccess::Granted { .. } => writeln!(f, "  {account} may create computers")?,
            CreateAccess::Denied { by } => {
                writeln!(f, "  {account} may still NOT create computers: it is denied, by {by}")?;
            }
            CreateAccess::NotGranted => writeln!(f, "  {account} may still NOT create computers")?,
            CreateAccess::Unknown { why } => {
                writeln!(f, "  it is not known whether {account} may create computers: {why}")?;
            }
        }
        if self.lost_updates > 0 {
            writeln!(
                f,
                "  another change overwrote this one, which was written again: check the other entries too"
            )?;
        }
        Ok(())
    }
}

impl DelegationReport {
    /// Returns a finding if the account is not known to have the right after the grant; `None` otherwise.
    pub fn finding(&self) -> Option<Finding> {
        let finding = self.access.finding(&self.account, &self.receipt.organizational_unit);
        finding.filter(|_| !self.access.is_granted())
    }
}

impl fmt::Display for RevocationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.removed.is_empty() {
            writeln!(f, "nothing was removed: no such entry exists")?;
        }
        self.removed.iter().try_for_each(|ace| writeln!(f, "- {ace}"))?;
        self.missing.iter().try_for_each(|ace| writeln!(f, "  not found: {ace}"))
    }
}

impl Delegation {
    /// Creates a delegation that grants an account rights on an OU, with the least-privileged profile.
    /// [`Principal::resolve`] finds an account by name. Each plan and each write checks again that the account belongs
    /// to the server's domain.
    pub fn new(unit: &OrganizationalUnit, trustee: Sid) -> Self {
        Self::for_entry(unit.as_str(), trustee)
    }

    /// Creates a delegation of rights on the entry with this distinguished name, such as the container for computers
    /// ([`Domain::computers`](crate::ad::Domain::computers)).
    pub fn for_entry(name: impl Into<String>, trustee: Sid) -> Self {
        Self { place: name.into(), trustee, profile: DelegationProfile::default() }
    }

    /// Sets the profile.
    #[must_use]
    pub fn with_profile(mut self, profile: DelegationProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Plans the entries to add. Changes nothing.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the OU or the account does not exist or is not visible;
    /// [`OtherDomain`](DirectoryErrorKind::OtherDomain) if the account belongs to another domain;
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account is not permitted to read the
    /// permissions of the OU; otherwise, same as [`Directory::search_page`].
    pub async fn plan(&self, directory: &dyn Directory) -> Result<DelegationPlan, DirectoryError> {
        let domain = Domain::require(directory).await?;
        self.account(&AccountReader::new(directory, &domain).await?).await?;
        let place = read(directory, &self.place).await?;
        Ok(self.profile.plan(place.dacl()?.1, &self.trustee)?)
    }

    /// Plans the entries that [`revoke`](Self::revoke) would remove. Changes nothing.
    ///
    /// # Errors
    /// Same as [`plan`](Self::plan), except that the account may have been deleted.
    pub async fn plan_revocation(&self, directory: &dyn Directory) -> Result<RevocationPlan, DirectoryError> {
        let place = read(directory, &self.place).await?;
        Ok(RevocationPlan::new(place.dacl()?.1, &self.profile.aces(&self.trustee)))
    }

    /// Adds the missing entries, then checks the account's resulting access. Writes nothing if no entry is missing.
    ///
    /// # Errors
    /// Same as [`plan`](Self::plan); [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account is not
    /// permitted to change the permissions; [`ReadOnly`](DirectoryErrorKind::ReadOnly) if the server is read-only;
    /// [`LostUpdate`](DirectoryErrorKind::LostUpdate) if other changes keep overwriting this one. After
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted), the outcome is not
    /// known: call this method again.
    /// # Permissions
    /// The right to change the permissions of the OU, which Domain Admins have.
    pub async fn apply(&self, directory: &dyn Directory) -> Result<DelegationReport, DirectoryError> {
        self.apply_recorded(directory, |_| Ok(())).await
    }

    /// Applies the delegation as [`apply`](Self::apply) does, and passes the receipt to `record` before each write, so
    /// that an interrupted run can be revoked. Each receipt replaces the previous one.
    ///
    /// ```
    /// # windows_autopilot::testing::run(async |_| {
    /// # use windows_autopilot::ad::delegation::Delegation;
    /// # use windows_autopilot::ad::memory::MemoryDirectory;
    /// # use windows_autopilot::model::OrganizationalUnit;
    /// # let directory = MemoryDirectory::new(&"corp.example".parse()?);
    /// # let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
    /// # directory.add_unit(&unit);
    /// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
    /// let mut kept = String::new();
    /// let delegation = Delegation::new(&unit, connector);
    /// let report = delegation
    ///     .apply_recorded(&directory, |receipt| {
    ///         kept = serde_json::to_string(receipt)?; // in practice, write it to a file
    ///         Ok(())
    ///     })
    ///     .await?;
    /// assert_eq!(kept, serde_json::to_string(&report.receipt)?);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply); [`NotRecorded`](DirectoryErrorKind::NotRecorded), with the cause, if `record`
    /// fails, in which case the write is not made.
    pub async fn apply_recorded(
        &self,
        directory: &dyn Directory,
        mut record: impl FnMut(&DelegationReceipt) -> Result<(), Box<dyn StdError + Send + Sync>> + Send,
    ) -> Result<DelegationReport, DirectoryError> {
        let domain = Domain::require(directory).await?;
        let reader = AccountReader::new(directory, &domain).await?;
        let account = self.account(&reader).await?;
        let mut place = read(directory, &self.place).await?;
        let mut receipt = DelegationReceipt {
            organizational_unit: place.name().to_owned(),
            guid: place.guid,
            trustee: self.trustee.clone(),
            granted: Vec::new(),
            revision: place.dacl()?.1.revision(),
        };
        let steady = place.steady_name();
        let (mut writes, mut is_settled, mut difference) = (0, true, String::new());
        loop {
            let plan = self.profile.plan(place.dacl()?.1, &self.trustee)?;
            match (plan.is_empty(), is_settled) {
                (true, true) => break,
                (true, false) => {
                    directory.settle().await;
                    is_settled = true;
                }
                (false, _) if writes == MAX_WRITES => return Err(lost_update()),
                (false, _) => {
                    domain.require_writable()?;
                    for ace in plan.aces() {
                        if !receipt.granted.contains(&ace) {
                            receipt.granted.push(ace);
                        }
                    }
                    record(&receipt).map_err(|error| {
                        let message = "the receipt of the delegation could not be kept";
                        DirectoryError::new(DirectoryErrorKind::NotRecorded, message).with_source(error)
                    })?;
                    write(directory, &steady, plan.dacl(), &place).await?;
                    writes += 1;
                    is_settled = false;
                }
            }
            place = read(directory, &steady).await?;
            if !is_settled {
                difference = sddl_difference(plan.dacl(), place.dacl()?.1);
            }
        }
        let access = CreateAccess::read(&reader, &place, &account).await?;
        Ok(DelegationReport { receipt, account, access, lost_updates: writes.saturating_sub(1), difference })
    }

    /// Removes the profile's entries: for each, one entry of the DACL that is exactly as this crate writes it. Prefer
    /// revoking through the [receipt](DelegationReceipt::revoke), which reflects the DACL as it was before the grant.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply).
    pub async fn revoke(&self, directory: &dyn Directory) -> Result<RevocationReport, DirectoryError> {
        revoke(directory, &self.place, &self.profile.aces(&self.trustee), None).await
    }

    /// Returns the account if it exists in the server's domain.
    async fn account(&self, reader: &AccountReader<'_>) -> Result<Account, DirectoryError> {
        Principal::from(self.trustee.clone()).find(reader).await
    }
}

impl DelegationReceipt {
    /// Removes the granted entries and nothing else. If nothing else has changed since the grant, the resulting
    /// descriptor is byte-for-byte identical to the one before it.
    ///
    /// # Errors
    /// Same as [`Delegation::apply`]; [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted.
    pub async fn revoke(&self, directory: &dyn Directory) -> Result<RevocationReport, DirectoryError> {
        let name = steady_name(self.guid, &self.organizational_unit);
        revoke(directory, &name, &self.granted, Some(self.revision)).await
    }
}

async fn revoke(
    directory: &dyn Directory,
    name: &str,
    granted: &[Ace],
    revision: Option<u8>,
) -> Result<RevocationReport, DirectoryError> {
    let domain = Domain::require(directory).await?;
    let mut place = read(directory, name).await?;
    let steady = place.steady_name();
    let mut plan = RevocationPlan::new(place.dacl()?.1, granted);
    let report = RevocationReport { removed: plan.aces().to_vec(), missing: plan.missing().to_vec() };
    if plan.is_empty() {
        return Ok(report);
    }
    domain.require_writable()?;
    for _ in 0..MAX_WRITES {
        let dacl = match revision {
            Some(revision) => plan.dacl().clone().with_revision_before(revision),
            None => plan.dacl().clone(),
        };
        write(directory, &steady, &dacl, &place).await?;
        // A second entry of the same form was there before and is kept.
        let copies = |dacl: &Acl, ace: &Ace| dacl.aces().iter().filter(|other| *other == ace).count();
        let back = |found: &Acl| -> Vec<Ace> {
            plan.aces().iter().filter(|ace| copies(found, ace) > copies(&dacl, ace)).cloned().collect()
        };
        place = read(directory, &steady).await?;
        if back(place.dacl()?.1).is_empty() {
            directory.settle().await;
            place = read(directory, &steady).await?;
        }
        let found = place.dacl()?.1;
        plan = RevocationPlan::new(found, &back(found));
        if plan.is_empty() {
            return Ok(report);
        }
    }
    Err(lost_update())
}

async fn read(directory: &dyn Directory, name: &str) -> Result<Container, DirectoryError> {
    let none = || {
        let message = "the organizational unit does not exist or is not visible";
        DirectoryError::new(DirectoryErrorKind::NotFound, message)
    };
    Container::read(directory, name).await?.ok_or_else(none)
}

/// Writes only the DACL, following the entry if it has moved.
async fn write(
    directory: &dyn Directory,
    name: &str,
    dacl: &Acl,
    before: &Container,
) -> Result<(), DirectoryError> {
    let descriptor = SecurityDescriptor::from_dacl(dacl.clone(), before.dacl()?.0.control());
    directory.modify(&Modification::dacl(name, &descriptor)).await
}

fn lost_update() -> DirectoryError {
    let message = "another change overwrote the permissions each time";
    DirectoryError::new(DirectoryErrorKind::LostUpdate, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::ad::directory::{Search, SearchPage};
    use crate::ad::findings;
    use crate::ad::memory::MemoryDirectory;

    const UNIT: &str = "OU=Autopilot,DC=corp,DC=example";
    const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";

    /// A directory in which another change overwrites the first writes: at once, or while the directory settles.
    #[derive(Debug)]
    struct Overwritten {
        memory: MemoryDirectory,
        left: AtomicUsize,
        late: bool,
        before: Mutex<Option<SecurityDescriptor>>,
        /// An entry that the server adds to each list that is written.
        adds: Option<&'static str>,
        writes: AtomicUsize,
    }

    #[async_trait]
    impl Directory for Overwritten {
        async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
            self.memory.search_page(search).await
        }

        async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
            let before = self.memory.descriptor(UNIT).unwrap();
            self.memory.modify(change).await?;
            self.writes.fetch_add(1, Ordering::Relaxed);
            if let Some(ace) = self.adds {
                let written = self.memory.descriptor(UNIT).unwrap();
                let dacl = written.dacl().unwrap().with(ace.parse().unwrap()).unwrap();
                self.memory.set_descriptor(UNIT, written.with_dacl(dacl));
            }
            let lost =
                self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            match (lost.is_ok(), self.late) {
                (true, true) => *self.before.lock().unwrap() = Some(before),
                (true, false) => self.memory.set_descriptor(UNIT, before),
                (false, _) => {}
            }
            Ok(())
        }

        async fn settle(&self) {
            if let Some(before) = self.before.lock().unwrap().take() {
                self.memory.set_descriptor(UNIT, before);
            }
        }
    }

    fn unit() -> OrganizationalUnit {
        UNIT.parse().unwrap()
    }

    /// A directory with one unit, whose list has these entries, and a connector's account, for which `ME` stands.
    fn directory(aces: &[&str]) -> (MemoryDirectory, Sid) {
        let memory = MemoryDirectory::new(&"corp.example".parse().unwrap());
        memory.add_unit(&unit());
        let connector = memory.add_managed_service_account("msaODJ00001");
        set(&memory, aces, &connector);
        (memory, connector)
    }

    fn set(memory: &MemoryDirectory, aces: &[&str], me: &Sid) {
        let text = |ace: &&str| ace.replace("ME", &me.to_string()).replace("COMPUTER", COMPUTER);
        let dacl = Acl::new(aces.iter().map(|ace| text(ace).parse::<Ace>().unwrap())).unwrap();
        memory.set_descriptor(UNIT, memory.descriptor(UNIT).unwrap().with_dacl(dacl));
    }

    fn shown(memory: &MemoryDirectory, me: &Sid) -> Vec<String> {
        let descriptor = memory.descriptor(UNIT).unwrap();
        let text = |ace: &Ace| ace.to_string().replace(&me.to_string(), "ME").replace(COMPUTER, "COMPUTER");
        descriptor.dacl().unwrap().aces().iter().map(text).collect()
    }

    fn overwritten(memory: &MemoryDirectory, times: usize, late: bool) -> Overwritten {
        Overwritten {
            memory: memory.clone(),
            left: AtomicUsize::new(times),
            late,
            before: Mutex::default(),
            adds: None,
            writes: AtomicUsize::new(0),
        }
    }

    const ALL: &str = "(A;;GA;;;WD)";
    const MINE: &str = "(OA;;CC;COMPUTER;;ME)";

    #[tokio::test]
    async fn a_grant_that_is_overwritten_is_written_again_up_to_six_times() {
        for late in [false, true] {
            for times in 0..=6 {
                let (memory, connector) = directory(&[ALL]);
                let directory = overwritten(&memory, times, late);
                let granted = Delegation::new(&unit(), connector.clone()).apply(&directory).await;
                let context = format!("{times} times, late: {late}");
                assert_eq!(
                    directory.writes.load(Ordering::Relaxed),
                    (times + 1).min(MAX_WRITES),
                    "{context}"
                );
                if times == MAX_WRITES {
                    assert_eq!(granted.unwrap_err().kind(), DirectoryErrorKind::LostUpdate, "{context}");
                    continue;
                }
                let report = granted.unwrap();
                assert_eq!((report.lost_updates, report.receipt.granted.len()), (times, 1), "{context}");
                assert!(report.access.is_granted(), "{context}");
                assert_eq!(shown(&memory, &connector), [ALL, MINE], "{context}");
            }
        }
    }

    #[tokio::test]
    async fn a_list_that_is_read_back_differently_is_in_the_report() {
        let (memory, connector) = directory(&[ALL]);
        let added = "(A;;RP;;;AU)";
        let directory = Overwritten { adds: Some(added), ..overwritten(&memory, 0, false) };
        let report = Delegation::new(&unit(), connector.clone()).apply(&directory).await.unwrap();
        assert_eq!((report.difference.trim_end(), report.lost_updates), (&*format!("+ {added}"), 0));
        let again = Delegation::new(&unit(), connector).apply(&directory).await.unwrap();
        assert_eq!((again.difference.as_str(), again.receipt.granted.len()), ("", 0));
    }

    #[tokio::test]
    async fn a_revocation_that_is_overwritten_is_written_again_and_leaves_a_second_entry() {
        for late in [false, true] {
            for times in 0..=6 {
                let (memory, connector) = directory(&[ALL]);
                let receipt =
                    Delegation::new(&unit(), connector.clone()).apply(&memory).await.unwrap().receipt;
                // Another hand grants the same: that entry is not ours.
                set(&memory, &[MINE, MINE, ALL], &connector);
                let directory = overwritten(&memory, times, late);
                let revoked = receipt.revoke(&directory).await;
                let context = format!("{times} times, late: {late}");
                if times == MAX_WRITES {
                    assert_eq!(revoked.unwrap_err().kind(), DirectoryErrorKind::LostUpdate, "{context}");
                    continue;
                }
                let report = revoked.unwrap();
                assert_eq!((report.removed.len(), report.missing.len()), (1, 0), "{context}");
                assert_eq!(shown(&memory, &connector), [MINE, ALL], "{context}");
                assert_eq!(directory.writes.load(Ordering::Relaxed), times + 1, "{context}");
            }
        }
    }

    #[tokio::test]
    async fn a_revoked_list_has_its_old_revision_unless_object_entries_remain() {
        let (memory, connector) = directory(&[ALL]);
        let before = memory.descriptor(UNIT).unwrap();
        assert_eq!(before.dacl().unwrap().revision(), 2);
        let receipt = Delegation::new(&unit(), connector.clone()).apply(&memory).await.unwrap().receipt;
        assert_eq!(memory.descriptor(UNIT).unwrap().dacl().unwrap().revision(), 4);
        receipt.revoke(&memory).await.unwrap();
        assert_eq!(memory.descriptor(UNIT).unwrap().to_bytes(), before.to_bytes(), "byte for byte");

        let receipt = Delegation::new(&unit(), connector.clone()).apply(&memory).await.unwrap().receipt;
        let others = "(OA;;DC;COMPUTER;;AU)";
        set(&memory, &[MINE, others, ALL], &connector);
        receipt.revoke(&memory).await.unwrap();
        assert_eq!(shown(&memory, &connector), [others, ALL]);
        assert_eq!(memory.descriptor(UNIT).unwrap().dacl().unwrap().revision(), 4);
    }

    #[tokio::test]
    async fn nothing_is_recorded_for_a_write_that_cannot_be_made() {
        let (memory, connector) = directory(&[ALL]);
        memory.set_read_only();
        let mut recorded = 0;
        let delegation = Delegation::new(&unit(), connector.clone());
        let refused = delegation.apply_recorded(&memory, |_| {
            recorded += 1;
            Ok(())
        });
        assert_eq!(refused.await.unwrap_err().kind(), DirectoryErrorKind::ReadOnly);
        assert_eq!(recorded, 0);
    }

    #[tokio::test]
    async fn a_plan_is_made_only_for_an_account_that_exists() {
        let (memory, connector) = directory(&[ALL]);
        let gone = connector.domain().unwrap().with_relative_id(9999).unwrap();
        let error = Delegation::new(&unit(), gone.clone()).plan(&memory).await.unwrap_err();
        assert_eq!(error.kind(), DirectoryErrorKind::NotFound);
        let planned = Delegation::new(&unit(), gone).plan_revocation(&memory).await.unwrap();
        assert!(planned.is_empty(), "the account of a revocation may be gone");
        assert_eq!(Delegation::new(&unit(), connector).plan(&memory).await.unwrap().aces().len(), 1);
    }

    #[tokio::test]
    async fn reports_show_each_entry_the_resulting_right_and_overwritten_writes() {
        let (memory, connector) = directory(&[ALL]);
        let delegation = Delegation::new(&unit(), connector.clone());
        let name = "msaODJ00001$";
        let normal =
            |shown: String| shown.replace(&connector.to_string(), "ME").replace(COMPUTER, "COMPUTER");

        let report = delegation.apply(&overwritten(&memory, 1, false)).await.unwrap();
        assert!(!report.receipt.is_empty());
        assert_eq!(
            normal(report.to_string()),
            format!(
                "{UNIT}\n  + {MINE}\n  {name} may create computers\n  another change overwrote this one, which was \
                 written again: check the other entries too\n"
            )
        );
        assert_eq!(report.finding(), None);

        let again = delegation.apply(&memory).await.unwrap();
        assert!(again.receipt.is_empty());
        assert_eq!(
            normal(again.to_string()),
            format!(
                "{UNIT}\n  nothing was granted to ME: it was there already\n  {name} may create computers\n"
            )
        );
        assert_eq!(again.finding(), None);

        let revoked = report.receipt.revoke(&memory).await.unwrap();
        assert_eq!(normal(revoked.to_string()), format!("- {MINE}\n"));
        let revoked = report.receipt.revoke(&memory).await.unwrap();
        assert_eq!(
            normal(revoked.to_string()),
            format!("nothing was removed: no such entry exists\n  not found: {MINE}\n")
        );

        set(&memory, &["(OD;;CC;COMPUTER;;ME)"], &connector);
        let denied = delegation.apply(&memory).await.unwrap();
        assert_eq!(
            normal(denied.to_string()),
            format!(
                "{UNIT}\n  + {MINE}\n  {name} may still NOT create computers: it is denied, by an entry for the account \
                 itself: (OD;;CC;COMPUTER;;ME)\n"
            )
        );
        let finding = denied.finding().unwrap();
        assert!(finding.is(&findings::AD_CREATE_DENIED), "{finding:?}");
        assert_eq!(finding.place, UNIT);
    }
}
