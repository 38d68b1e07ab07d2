//! Delegations read from a directory, and written to it.

use serde::{Deserialize, Serialize};

use super::{DelegationPlan, DelegationProfile, RevocationPlan, sddl_difference};
use crate::ad::descriptor::{Ace, Acl, Control, Guid, SecurityDescriptor, Sid};
use crate::ad::directory::{Directory, DirectoryError, DirectoryErrorKind, Modification};
use crate::ad::place::Place;
use crate::model::OrganizationalUnit;

/// How often a change is written before it is given up: another time if it was gone when it was read.
const ATTEMPTS: usize = 2;

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
/// let receipt = delegation.apply(&directory).await?;
/// assert_eq!(receipt.granted.len(), 1);
/// assert!(delegation.apply(&directory).await?.granted.is_empty(), "it is there already, and nothing is written");
/// receipt.revoke(&directory).await?;
/// # Ok(()) });
/// ```
///
/// Only the DACL is written: owner, group, SACL, and the order of the other entries stay. A directory has no way to
/// change a DACL only if it is still the one that was read, so every change is read back, and written once more if
/// something else has overwritten it meanwhile. What another tool writes between the reading and the writing is lost:
/// do not run two at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    place: String,
    trustee: Sid,
    profile: DelegationProfile,
}

/// What was granted, to be kept: with it exactly that is revoked, wherever the OU has been moved since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DelegationReceipt {
    /// The OU's distinguished name.
    pub organizational_unit: String,
    /// The OU's GUID, which stays when it is moved.
    pub guid: Guid,
    /// The entries that were added; none if everything was there already.
    pub granted: Vec<Ace>,
    /// The revision of the list before.
    revision: u8,
    /// How the list that was read back differs from the one that was written, in SDDL: nothing as a rule.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub difference: String,
}

/// The outcome of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationReport {
    /// The entries that were removed.
    pub removed: Vec<Ace>,
    /// Entries that were to be removed and were not there: removed before, or merged with others by another tool.
    pub missing: Vec<Ace>,
}

impl Delegation {
    /// The delegation of an OU to an account, with the least profile. That there is such an account is not checked, nor
    /// does a directory: [`Domain::account`](crate::ad::Domain::account) finds one.
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

    /// What would be added. Reads only.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if there is no such OU;
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if its permissions may not be read; as
    /// [`Directory::search_page`].
    pub async fn plan(&self, directory: &dyn Directory) -> Result<DelegationPlan, DirectoryError> {
        let place = read(directory, &self.place).await?;
        Ok(self.profile.plan(place.dacl()?.1, &self.trustee)?)
    }

    /// What would be removed by [`revoke`](Self::revoke). Reads only.
    ///
    /// # Errors
    /// As [`plan`](Self::plan).
    pub async fn plan_revocation(&self, directory: &dyn Directory) -> Result<RevocationPlan, DirectoryError> {
        let place = read(directory, &self.place).await?;
        Ok(RevocationPlan::new(place.dacl()?.1, &self.profile.aces(&self.trustee)))
    }

    /// Adds what is missing, and nothing if nothing is.
    ///
    /// # Errors
    /// As [`plan`](Self::plan); [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account may not change
    /// the permissions; [`LostUpdate`](DirectoryErrorKind::LostUpdate) if they did not stay;
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted) leave open whether
    /// it was done: run it again.
    /// # Permissions
    /// To change the permissions of the OU, as Domain Admins may.
    pub async fn apply(&self, directory: &dyn Directory) -> Result<DelegationReceipt, DirectoryError> {
        self.apply_recorded(directory, |_| Ok(())).await
    }

    /// As [`apply`](Self::apply), and hands the receipt to `record` before each write, so that it is kept if the run is cut.
    /// Each receipt replaces the one before it.
    ///
    /// # Errors
    /// As [`apply`](Self::apply); the error of `record`, and then that write was not made.
    pub async fn apply_recorded(
        &self,
        directory: &dyn Directory,
        mut record: impl FnMut(&DelegationReceipt) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send,
    ) -> Result<DelegationReceipt, DirectoryError> {
        let mut place = read(directory, &self.place).await?;
        let mut receipt = DelegationReceipt {
            organizational_unit: place.name().to_owned(),
            guid: place.guid,
            granted: Vec::new(),
            revision: place.dacl()?.1.revision(),
            difference: String::new(),
        };
        for _ in 0..ATTEMPTS {
            let (descriptor, dacl) = place.dacl()?;
            let plan = self.profile.plan(dacl, &self.trustee)?;
            if plan.is_empty() {
                return Ok(receipt);
            }
            for ace in plan.aces() {
                if !receipt.granted.contains(&ace) {
                    receipt.granted.push(ace);
                }
            }
            record(&receipt).map_err(|error| {
                let message = format!("the receipt of the delegation could not be kept: {error}");
                DirectoryError::new(DirectoryErrorKind::Rejected, message)
            })?;
            write(directory, place.guid, plan.dacl(), descriptor.control()).await?;
            place = read(directory, &Place::steady_name(place.guid)).await?;
            receipt.difference = sddl_difference(plan.dacl(), place.dacl()?.1);
        }
        match self.profile.plan(place.dacl()?.1, &self.trustee)?.is_empty() {
            true => Ok(receipt),
            false => Err(lost_update()),
        }
    }

    /// Removes the entries of the profile, each once, if they are there as this crate writes them. Better use the
    /// [receipt](DelegationReceipt::revoke): it knows what was there before.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub async fn revoke(&self, directory: &dyn Directory) -> Result<RevocationReport, DirectoryError> {
        revoke(directory, &self.place, &self.profile.aces(&self.trustee), None).await
    }
}

impl DelegationReceipt {
    /// Plans the entries that [`revoke`](Self::revoke) would remove. Reads only.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted; as [`Delegation::plan`].
    pub async fn plan_revocation(&self, directory: &dyn Directory) -> Result<RevocationPlan, DirectoryError> {
        let place = read(directory, &Place::steady_name(self.guid)).await?;
        Ok(RevocationPlan::new(place.dacl()?.1, &self.granted))
    }

    /// Removes what was granted and nothing else. If nothing else has changed, the descriptor is then what it was, byte for
    /// byte.
    ///
    /// # Errors
    /// As [`Delegation::apply`]; [`NotFound`](DirectoryErrorKind::NotFound) if the OU was deleted.
    pub async fn revoke(&self, directory: &dyn Directory) -> Result<RevocationReport, DirectoryError> {
        revoke(directory, &Place::steady_name(self.guid), &self.granted, Some(self.revision)).await
    }
}

async fn revoke(
    directory: &dyn Directory,
    name: &str,
    granted: &[Ace],
    revision: Option<u8>,
) -> Result<RevocationReport, DirectoryError> {
    let mut place = read(directory, name).await?;
    let first = RevocationPlan::new(place.dacl()?.1, granted);
    let revoked = RevocationReport { removed: first.aces().to_vec(), missing: first.missing().to_vec() };
    let mut plan = first;
    for _ in 0..ATTEMPTS {
        if plan.is_empty() {
            return Ok(revoked);
        }
        let dacl = match revision {
            Some(revision) => plan.dacl().clone().with_revision_before(revision),
            None => plan.dacl().clone(),
        };
        let copies = |dacl: &Acl, ace: &Ace| dacl.aces().iter().filter(|other| *other == ace).count();
        write(directory, place.guid, &dacl, place.dacl()?.0.control()).await?;
        place = read(directory, &Place::steady_name(place.guid)).await?;
        let found = place.dacl()?.1;
        // A second entry of the same form was there before and stays.
        let back: Vec<Ace> =
            plan.aces().iter().filter(|ace| copies(found, ace) > copies(&dacl, ace)).cloned().collect();
        plan = RevocationPlan::new(found, &back);
    }
    if plan.is_empty() { Ok(revoked) } else { Err(lost_update()) }
}

async fn read(directory: &dyn Directory, name: &str) -> Result<Place, DirectoryError> {
    let none = || {
        let message = "there is no such organizational unit, or it may not be seen";
        DirectoryError::new(DirectoryErrorKind::NotFound, message)
    };
    Place::read(directory, name).await?.ok_or_else(none)
}

/// Writes the DACL alone, wherever the entry is now.
async fn write(
    directory: &dyn Directory,
    guid: Guid,
    dacl: &Acl,
    control: Control,
) -> Result<(), DirectoryError> {
    let descriptor = SecurityDescriptor::from_dacl(dacl.clone(), control);
    directory.modify(&Modification::dacl(Place::steady_name(guid), &descriptor)).await
}

fn lost_update() -> DirectoryError {
    let message = "the permissions were changed back by something else, twice";
    DirectoryError::new(DirectoryErrorKind::LostUpdate, message)
}
