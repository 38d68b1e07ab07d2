//! Delegations read from a directory, and written to it.

use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{DelegationPlan, DelegationProfile, RevocationPlan, sddl_difference};
use crate::ad::access::CreateAccess;
use crate::ad::account::{Account, AccountReader};
use crate::ad::descriptor::{Ace, Acl, Guid, SecurityDescriptor, Sid};
use crate::ad::directory::{Directory, DirectoryError, DirectoryErrorKind, Modification};
use crate::ad::domain::Domain;
use crate::ad::place::{Place, steady_name};
use crate::ad::principal::Principal;
use crate::model::{Finding, OrganizationalUnit};

/// The most writes of one change: it is written again if it is gone when it is read.
const MAX_WRITES: usize = 6;

/// The connector's rights on one OU of a directory: planned, applied, revoked.
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
/// assert!(delegation.apply(&directory).await?.receipt.is_empty(), "it is there already, and nothing is written");
/// report.receipt.revoke(&directory).await?;
/// # Ok(()) });
/// ```
///
/// Only the DACL is written: owner, group, SACL, and the order of the other entries stay. A directory has no way to
/// change a DACL only if it is still the one that was read. So every change is read back, and once more after the time in
/// which changes end that others began before ([`Directory::settle`]); if another change has overwritten it, it is written
/// again. Two administrators who run this crate at the same time end with both changes. A tool that writes a list that it
/// read long before can still overwrite, and be overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    place: String,
    trustee: Sid,
    profile: DelegationProfile,
}

/// The record of a grant, with which exactly that grant is revoked, wherever the OU has been moved since.
///
/// It is complete before anything is written: [`Delegation::apply_recorded`] hands it over to be kept. If the write then
/// never arrives, [`revoke`](Self::revoke) finds nothing to remove and says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DelegationReceipt {
    /// The OU's distinguished name.
    pub organizational_unit: String,
    /// The OU's GUID, which stays when it is moved; `None` if it may not be read: then the name finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guid: Option<Guid>,
    /// The account.
    pub trustee: Sid,
    /// The added entries; none if all were there already.
    pub granted: Vec<Ace>,
    /// The revision of the list before.
    revision: u8,
}

/// The outcome of [`Delegation::apply`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DelegationReport {
    /// The record of the grant. Keep it to revoke the grant later.
    pub receipt: DelegationReceipt,
    /// The account, as it was read before the grant.
    pub account: Account,
    /// Whether the account may create computers now, all its groups and all entries considered: another entry may still
    /// deny it.
    pub access: CreateAccess,
    /// The number of times that the change was gone when it was read, and was written again.
    pub lost_updates: usize,
    /// The difference of the list that was read back from the one that was written, in SDDL; empty as a rule.
    pub difference: String,
}

/// The outcome of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationReport {
    /// The entries that were removed.
    pub removed: Vec<Ace>,
    /// Entries that were to be removed and were not there: removed before, merged with others by another tool, or never
    /// written.
    pub missing: Vec<Ace>,
}

impl DelegationReceipt {
    /// Plans the entries that [`revoke`](Self::revoke) would remove. Reads only.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted; as [`Delegation::plan`].
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
                writeln!(f, "  whether {account} may create computers is not known: {why}")?;
            }
        }
        if self.lost_updates > 0 {
            writeln!(
                f,
                "  another change overwrote this one, and it was written again: look at the other entries too"
            )?;
        }
        Ok(())
    }
}

impl DelegationReport {
    /// Returns the finding about the right that the account has now; `None` if all is well.
    pub fn finding(&self) -> Option<Finding> {
        let finding = self.access.finding(&self.account, &self.receipt.organizational_unit);
        finding.filter(|_| !self.access.is_granted())
    }
}

impl fmt::Display for RevocationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.removed.is_empty() {
            writeln!(f, "nothing was removed: no such entry is there")?;
        }
        self.removed.iter().try_for_each(|ace| writeln!(f, "- {ace}"))?;
        self.missing.iter().try_for_each(|ace| writeln!(f, "  not there: {ace}"))
    }
}

impl Delegation {
    /// Creates the delegation of an OU to an account, with the least profile. [`Principal::resolve`] finds an account by its
    /// name; that it belongs to the server's domain is checked again before anything is planned or written.
    pub fn new(unit: &OrganizationalUnit, trustee: Sid) -> Self {
        Self::for_entry(unit.as_str(), trustee)
    }

    /// Creates the delegation of an entry by its distinguished name, such as the container for computers
    /// ([`Domain::computers`](crate::ad::Domain::computers)).
    pub fn for_entry(name: impl Into<String>, trustee: Sid) -> Self {
        Self { place: name.into(), trustee, profile: DelegationProfile::default() }
    }

    /// With another profile.
    #[must_use]
    pub fn with_profile(mut self, profile: DelegationProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Plans the entries to add. Reads only.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if there is no such OU or account, or it is not visible;
    /// [`OtherDomain`](DirectoryErrorKind::OtherDomain) if the account belongs to another domain;
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the permissions of the OU may not be read; as
    /// [`Directory::search_page`].
    pub async fn plan(&self, directory: &dyn Directory) -> Result<DelegationPlan, DirectoryError> {
        let domain = Domain::require(directory).await?;
        self.account(&AccountReader::new(directory, &domain).await?).await?;
        let place = read(directory, &self.place).await?;
        Ok(self.profile.plan(place.dacl()?.1, &self.trustee)?)
    }

    /// Plans the entries that [`revoke`](Self::revoke) would remove. Reads only.
    ///
    /// # Errors
    /// As [`plan`](Self::plan), but for the account, which may be deleted.
    pub async fn plan_revocation(&self, directory: &dyn Directory) -> Result<RevocationPlan, DirectoryError> {
        let place = read(directory, &self.place).await?;
        Ok(RevocationPlan::new(place.dacl()?.1, &self.profile.aces(&self.trustee)))
    }

    /// Adds the missing entries, and reads what the account may do then. Writes nothing if none is missing.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account may not change
    /// the permissions; [`ReadOnly`](DirectoryErrorKind::ReadOnly) if the server takes no changes;
    /// [`LostUpdate`](DirectoryErrorKind::LostUpdate) if the change did not stay; [`Timeout`](DirectoryErrorKind::Timeout)
    /// and [`Interrupted`](DirectoryErrorKind::Interrupted) leave open whether the change was made: run it again.
    /// # Permissions
    /// To change the permissions of the OU, as Domain Admins may.
    pub async fn apply(&self, directory: &dyn Directory) -> Result<DelegationReport, DirectoryError> {
        self.apply_recorded(directory, |_| Ok(())).await
    }

    /// As [`apply`](Self::apply), and hands the receipt to `record` before each write, so that it is kept if the run is cut.
    /// Each receipt replaces the one before it.
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
    ///         kept = serde_json::to_string(receipt)?; // to a file
    ///         Ok(())
    ///     })
    ///     .await?;
    /// assert_eq!(kept, serde_json::to_string(&report.receipt)?);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// As [`apply`](Self::apply); [`NotRecorded`](DirectoryErrorKind::NotRecorded) with the cause if `record` fails: then
    /// that write was not made.
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

    /// Removes the entries of the profile, each once, if they are there as this crate writes them. Prefer the
    /// [receipt](DelegationReceipt::revoke), which knows the list before the grant.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn revoke(&self, directory: &dyn Directory) -> Result<RevocationReport, DirectoryError> {
        revoke(directory, &self.place, &self.profile.aces(&self.trustee), None).await
    }

    /// The account, if it exists in the server's domain.
    async fn account(&self, reader: &AccountReader<'_>) -> Result<Account, DirectoryError> {
        Principal::from(self.trustee.clone()).find(reader).await
    }
}

impl DelegationReceipt {
    /// Removes the granted entries and nothing else. If nothing else has changed, the descriptor is then the one before the
    /// grant, byte for byte.
    ///
    /// # Errors
    /// As [`Delegation::apply`]; [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted.
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
        // A second entry of the same form was there before and stays.
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

async fn read(directory: &dyn Directory, name: &str) -> Result<Place, DirectoryError> {
    let none = || {
        let message = "there is no such organizational unit, or it is not visible";
        DirectoryError::new(DirectoryErrorKind::NotFound, message)
    };
    Place::read(directory, name).await?.ok_or_else(none)
}

/// Writes the DACL alone, wherever the entry is now.
async fn write(
    directory: &dyn Directory,
    name: &str,
    dacl: &Acl,
    before: &Place,
) -> Result<(), DirectoryError> {
    let descriptor = SecurityDescriptor::from_dacl(dacl.clone(), before.dacl()?.0.control());
    directory.modify(&Modification::dacl(name, &descriptor)).await
}

fn lost_update() -> DirectoryError {
    let message = "the permissions were changed back by another change, each time";
    DirectoryError::new(DirectoryErrorKind::LostUpdate, message)
}
