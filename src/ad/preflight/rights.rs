//! The rights of a connector, and the findings about them.

use crate::ad::access::CreateAccess;
use crate::ad::account::AccountReader;
use crate::ad::container::Container;
use crate::ad::delegation::DelegationProfile;
use crate::ad::directory::{DirectoryError, SearchFilter};
use crate::ad::findings::*;
use crate::ad::{Account, Domain};
use crate::model::Finding;

/// The maximum number of computers of one account that are read.
const MAX_CREATED: usize = 100_000;

/// The rights of a connector's account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorRights {
    /// The connector's account.
    pub account: Account,
    /// The account's right to create computer accounts, considering all its groups and all entries.
    pub access: CreateAccess,
    /// The highest profile granted by entries for the account itself, explicit or inherited.
    pub profile: Option<DelegationProfile>,
    /// The number of computer accounts that the account has created and that count against the domain's quota.
    pub created_by_quota: usize,
}

impl ConnectorRights {
    pub(super) async fn read(
        reader: &AccountReader<'_>,
        place: &Container,
        account: Account,
    ) -> Result<Self, DirectoryError> {
        let created = reader.below(SearchFilter::equals("mS-DS-CreatorSID", account.sid.to_bytes()));
        let created = reader.directory.search(created.with_attributes(["objectClass"]), MAX_CREATED).await?;
        let dacl = place.descriptor().and_then(|descriptor| descriptor.dacl());
        Ok(Self {
            access: CreateAccess::read(reader, place, &account).await?,
            profile: dacl.and_then(|dacl| DelegationProfile::covered_by(dacl, &account.sid)),
            created_by_quota: created.len(),
            account,
        })
    }

    pub(super) fn findings(&self, domain: &Domain, place: &str) -> Vec<Finding> {
        let account = &self.account;
        let mut findings = Vec::new();
        findings.extend(self.access.finding(account, place));
        if self.access == CreateAccess::NotGranted {
            findings.iter_mut().for_each(|finding| finding.evidence.push_str(&self.by_quota(domain)));
        }
        let more = self.profile.filter(|profile| *profile > DelegationProfile::CreateOnly);
        if let Some(profile) = more.filter(|_| self.access.is_granted()) {
            let evidence = format!("{account} has more rights than a connector needs: {profile}");
            findings.push(AD_MORE_THAN_NEEDED.at(place, evidence));
        }
        findings
    }

    /// Describes the computers that the domain's quota still lets the account create.
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
