//! The right of an account to create computers in an OU or container, and the entry that determines it.

use std::fmt;

use super::account::{Account, AccountReader};
use super::container::Container;
use super::descriptor::{AccessMask, Ace, Guid, Sid};
use super::directory::{DirectoryError, Search, SearchFilter};
use super::dn;
use super::findings::*;
use crate::model::Finding;

/// An account's right to create computer accounts in an OU or container, based on all of the account's groups and all
/// entries in the DACL.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CreateAccess {
    /// The right is granted.
    Granted {
        /// The entry that grants the right; `None` if there is no DACL, in which case everyone has full access.
        by: Option<DecidingEntry>,
    },
    /// An entry denies the right.
    Denied {
        /// The entry that denies the right.
        by: DecidingEntry,
    },
    /// No entry grants the right.
    NotGranted,
    /// It is not known whether the right is granted.
    Unknown {
        /// The reason, in words.
        why: String,
    },
}

/// The entry in a DACL that determines the outcome of an access check.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecidingEntry {
    /// The entry as it appears in the DACL.
    pub ace: Ace,
    /// The trustee and the origin of the entry, in words.
    pub origin: String,
}

impl fmt::Display for DecidingEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.ace)
    }
}

impl CreateAccess {
    /// Returns `true` if the account is known to have the right.
    pub fn is_granted(&self) -> bool {
        matches!(self, Self::Granted { .. })
    }

    /// Returns `true` if it is known whether the account has the right.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }

    /// Returns the finding for this outcome, given the account and the name of the OU or container; `None` if everyone
    /// has full access there.
    pub fn finding(&self, account: &Account, place: &str) -> Option<Finding> {
        let (kind, evidence) = match self {
            Self::Granted { by: Some(by) } => {
                (AD_MAY_CREATE, format!("{account} may create computers, by {by}"))
            }
            Self::Granted { by: None } => return None,
            Self::Denied { by } => {
                (AD_CREATE_DENIED, format!("{account} may not create computers: it is denied, by {by}"))
            }
            Self::NotGranted => {
                let evidence = format!("{account} may not create computers: no entry gives it the right");
                (AD_CANNOT_CREATE, evidence)
            }
            Self::Unknown { why } => {
                let evidence = format!("it is not known whether {account} may create computers: {why}");
                (AD_RIGHTS_UNCERTAIN, evidence)
            }
        };
        Some(kind.at(place, evidence))
    }

    pub(in crate::ad) async fn read(
        reader: &AccountReader<'_>,
        place: &Container,
        account: &Account,
    ) -> Result<Self, DirectoryError> {
        let Some(descriptor) = place.descriptor() else {
            return Ok(Self::Unknown {
                why: "the signed-in account is not permitted to read the permissions".to_owned(),
            });
        };
        let Some(dacl) = descriptor.dacl() else { return Ok(Self::Granted { by: None }) };
        let token = reader.token_for(account, descriptor).await?;
        let access = dacl.check_access(&token, AccessMask::CREATE_CHILD, Some(Guid::COMPUTER));
        if let Some(ace) = access.uncertain.first().and_then(|place| dacl.aces().get(*place)) {
            let why = match ace.trustee() {
                Some(trustee) => {
                    let who = name_of(reader, trustee).await?;
                    format!(
                        "it is not known whether {account} is a member of {who}, the trustee of this entry: {ace}"
                    )
                }
                None => {
                    format!(
                        "an entry of an unsupported kind, such as a conditional one, may decide the outcome: {ace}"
                    )
                }
            };
            return Ok(Self::Unknown { why });
        }
        let decider = access.decided_by.last().and_then(|decider| dacl.aces().get(*decider));
        let Some(ace) = decider else { return Ok(Self::NotGranted) };
        let by = DecidingEntry { ace: ace.clone(), origin: origin(reader, place, account, ace).await? };
        Ok(if access.is_granted() { Self::Granted { by: Some(by) } } else { Self::Denied { by } })
    }
}

/// Describes the trustee of an entry and its origin.
async fn origin(
    reader: &AccountReader<'_>,
    place: &Container,
    account: &Account,
    ace: &Ace,
) -> Result<String, DirectoryError> {
    let whose = match ace.trustee() {
        Some(trustee) if *trustee == account.sid => "an entry for the account itself".to_owned(),
        Some(trustee) => format!("an entry for {}", name_of(reader, trustee).await?),
        None => "an entry".to_owned(),
    };
    if !ace.is_inherited() {
        return Ok(whose);
    }
    for name in around(place.name()) {
        let Some(outer) = Container::read(reader.directory, name).await? else { continue };
        let dacl = outer.descriptor().and_then(|descriptor| descriptor.dacl());
        if dacl.is_some_and(|dacl| dacl.aces().iter().any(|other| is_source(other, ace))) {
            return Ok(format!("{whose}, inherited from {name}"));
        }
    }
    Ok(format!("{whose}, inherited"))
}

/// Returns the containers of an entry, nearest first.
fn around(name: &str) -> impl Iterator<Item = &str> {
    // No directory is deeper; without end it must not be.
    std::iter::successors(dn::parent(name), |name| dn::parent(name)).take(64)
}

/// Returns `true` if `own` is an explicit entry and the source of `inherited`.
fn is_source(own: &Ace, inherited: &Ace) -> bool {
    let says = |ace: &Ace| {
        let mask = ace.mask().map(AccessMask::mapped);
        (ace.effect(), mask, ace.object_type(), ace.trustee().cloned())
    };
    !own.is_inherited() && says(own) == says(inherited)
}

/// Returns the name of a group; of any other account, which may be a person, the SID.
async fn name_of(reader: &AccountReader<'_>, sid: &Sid) -> Result<String, DirectoryError> {
    let known = [
        (Sid::everyone(), "Everyone"),
        (Sid::authenticated_users(), "Authenticated Users"),
        (Sid::network(), "NETWORK"),
    ];
    if let Some((_, name)) = known.iter().find(|(known, _)| known == sid) {
        return Ok((*name).to_owned());
    }
    let search =
        Search::subtree(&*reader.domain.naming_context, SearchFilter::equals("objectSid", sid.to_bytes()));
    let found =
        reader.directory.search_page(&search.with_attributes(["objectClass", "sAMAccountName"])).await?;
    let group = found.entries.iter().find(|entry| entry.has("objectClass", "group"));
    let name = group.and_then(|group| group.text("sAMAccountName"));
    Ok(name.map_or_else(|| sid.to_string(), |name| format!("the group {name}")))
}
