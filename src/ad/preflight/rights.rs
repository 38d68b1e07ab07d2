//! Where a connector's right comes from, or what takes it.

use crate::ad::delegation::DelegationProfile;
use crate::ad::descriptor::{AccessCheck, AccessMask, Ace, Guid, Sid};
use crate::ad::directory::{Directory, DirectoryError, Search, SearchFilter};
use crate::ad::findings::*;
use crate::ad::place::Place;
use crate::ad::{Account, Domain, dn};
use crate::model::Finding;

/// More computers than one account creates by any quota.
const MOST_CREATED: usize = 100_000;

/// The rights of a connector's account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorRights {
    /// The account.
    pub account: Account,
    /// Whether the account may create computer accounts there, all entries and all its groups considered.
    pub may_create: bool,
    /// The finding of the entry that denies that right, if one does.
    pub denied: Option<Finding>,
    /// The most that entries for the account itself give, own or inherited ones.
    pub profile: Option<DelegationProfile>,
    /// The number of computer accounts that the account has created by the domain's quota, which counts those alone.
    pub created_by_quota: usize,
}

/// What the permissions of a place say to an account that wants to create computers in it.
pub(super) struct Verdict {
    access: Option<AccessCheck>,
    /// The entry that decided, if one did, and in words whose it is and where it comes from.
    decided: Option<(Ace, String)>,
    profile: Option<DelegationProfile>,
    created_by_quota: usize,
}

impl Verdict {
    pub(super) async fn of(
        directory: &dyn Directory,
        domain: &Domain,
        place: &Place,
        account: &Account,
    ) -> Result<Self, DirectoryError> {
        let descriptor = place.descriptor();
        let access = descriptor.map(|descriptor| {
            descriptor.check_access(&account.security_token(), AccessMask::CREATE_CHILD, Some(Guid::COMPUTER))
        });
        let dacl = descriptor.and_then(|descriptor| descriptor.dacl());
        let decider = access.as_ref().and_then(|access| access.decided_by.last());
        let decided = match decider.and_then(|decider| dacl?.aces().get(*decider)) {
            Some(ace) => Some((ace.clone(), origin(directory, domain, place, account, ace).await?)),
            None => None,
        };
        let created = SearchFilter::equals("mS-DS-CreatorSID", account.sid.to_bytes());
        let search = Search::subtree(&*domain.naming_context, created).with_attributes(["objectClass"]);
        Ok(Self {
            access,
            decided,
            profile: dacl.and_then(|dacl| DelegationProfile::covered_by(dacl, &account.sid)),
            created_by_quota: directory.search(search, MOST_CREATED).await?.len(),
        })
    }

    fn may_create(&self) -> bool {
        self.access.as_ref().is_some_and(AccessCheck::is_granted)
    }

    /// `findings`: those of this verdict.
    pub(super) fn rights(&self, account: &Account, findings: &[Finding]) -> ConnectorRights {
        ConnectorRights {
            account: account.clone(),
            may_create: self.may_create(),
            denied: findings.iter().find(|finding| finding.is(&AD_CREATE_DENIED)).cloned(),
            profile: self.profile,
            created_by_quota: self.created_by_quota,
        }
    }

    pub(super) fn findings(&self, domain: &Domain, place: &Place, account: &Account) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(access) = &self.access else { return findings };
        let by = self.decided.as_ref().map(|(ace, origin)| format!("by {origin}: {ace}"));
        match (self.may_create(), &by) {
            (true, Some(by)) => {
                let evidence = format!("{account} may create computers, {by}");
                findings.push(AD_MAY_CREATE.at(place.name(), evidence));
            }
            // Without a list of permissions, which is a finding of its own.
            (true, None) => {}
            (false, Some(by)) => {
                let evidence = format!("{account} may not create computers: it is denied, {by}");
                findings.push(AD_CREATE_DENIED.at(place.name(), evidence));
            }
            (false, None) => {
                let evidence = format!(
                    "{account} may not create computers: no entry gives it the right{}",
                    self.by_quota(domain)
                );
                findings.push(AD_CANNOT_CREATE.at(place.name(), evidence));
            }
        }
        if !access.unrecognized.is_empty() {
            let evidence = format!(
                "{} entries are of kinds that are not understood, such as conditional ones: what {account} may do can \
                 be something else",
                access.unrecognized.len()
            );
            findings.push(AD_RIGHTS_UNCERTAIN.at(place.name(), evidence));
        }
        if self.may_create() && self.profile > Some(DelegationProfile::CreateOnly) {
            let evidence =
                format!("{account} has more than a connector needs now: {}", by_profile(self.profile));
            findings.push(AD_MORE_THAN_NEEDED.at(place.name(), evidence));
        }
        findings
    }

    /// What the domain's quota lets the account do all the same.
    fn by_quota(&self, domain: &Domain) -> String {
        let quota = domain.machine_account_quota.and_then(|quota| usize::try_from(quota).ok());
        match (quota, self.created_by_quota) {
            (None, _) => String::new(),
            (Some(0), _) => ", and the domain's quota for everybody is 0".to_owned(),
            (Some(quota), used) if used >= quota => {
                format!(", and it has created {used} of the {quota} that the domain lets everybody create")
            }
            (Some(quota), used) => format!(
                "; it has created {used} of the {quota} that the domain lets everybody create: it may seem to work until then"
            ),
        }
    }
}

fn by_profile(profile: Option<DelegationProfile>) -> String {
    profile.map(|profile| profile.to_string()).unwrap_or_default()
}

/// Whose entry it is, and where it comes from.
async fn origin(
    directory: &dyn Directory,
    domain: &Domain,
    place: &Place,
    account: &Account,
    ace: &Ace,
) -> Result<String, DirectoryError> {
    let whose = match ace.trustee() {
        Some(trustee) if *trustee == account.sid => "an entry for the account itself".to_owned(),
        Some(trustee) => format!("an entry for {}", name_of(directory, domain, trustee).await?),
        None => "an entry".to_owned(),
    };
    if !ace.is_inherited() {
        return Ok(whose);
    }
    for name in around(place.name()) {
        let Some(outer) = Place::read(directory, name).await? else { continue };
        let dacl = outer.descriptor().and_then(|descriptor| descriptor.dacl());
        if dacl.is_some_and(|dacl| dacl.aces().iter().any(|other| is_source(other, ace))) {
            return Ok(format!("{whose}, inherited from {name}"));
        }
    }
    Ok(format!("{whose}, inherited"))
}

/// Returns the containers of an entry, the nearest first.
fn around(name: &str) -> impl Iterator<Item = &str> {
    // No directory is deeper; without end it must not be.
    std::iter::successors(dn::parent(name), |name| dn::parent(name)).take(64)
}

/// Whether an entry is one of its place's own, and says what the inherited one says.
fn is_source(own: &Ace, inherited: &Ace) -> bool {
    let says = |ace: &Ace| {
        let mask = ace.mask().map(AccessMask::mapped);
        (ace.effect(), mask, ace.object_type(), ace.trustee().cloned())
    };
    !own.is_inherited() && says(own) == says(inherited)
}

/// A group by its name; anyone else, who may be a person, by the SID.
async fn name_of(directory: &dyn Directory, domain: &Domain, sid: &Sid) -> Result<String, DirectoryError> {
    for (known, name) in [(Sid::everyone(), "Everyone"), (Sid::authenticated_users(), "Authenticated Users")]
    {
        if *sid == known {
            return Ok(name.to_owned());
        }
    }
    let search = Search::subtree(&*domain.naming_context, SearchFilter::equals("objectSid", sid.to_bytes()));
    let found = directory.search_page(&search.with_attributes(["objectClass", "sAMAccountName"])).await?;
    let group = found.entries.iter().find(|entry| entry.has("objectClass", "group"));
    let name = group.and_then(|group| group.text("sAMAccountName"));
    Ok(name.map_or_else(|| sid.to_string(), |name| format!("the group {name}")))
}
