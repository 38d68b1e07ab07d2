//! The computers' names.

use crate::ad::Domain;
use crate::ad::descriptor::Sid;
use crate::ad::directory::{DescriptorParts, Directory, DirectoryError, Search, SearchFilter};
use crate::ad::findings::*;
use crate::model::{ComputerNamePrefix, Finding};

/// The maximum number of computers of one prefix that are read.
const MOST_NAMES: usize = 500_000;
/// The length of a computer's name.
const NAME_LENGTH: usize = 15;
/// The number of names shown as examples.
const SHOWN: usize = 3;

/// Checks which names of the prefix are taken, how many are left, and who owns the accounts that could collide.
pub(super) async fn check(
    directory: &dyn Directory,
    domain: &Domain,
    prefix: &ComputerNamePrefix,
    characters: u32,
    creators: &[&Sid],
) -> Result<Vec<Finding>, DirectoryError> {
    // Of any class: the name of an account is unique among computers, users and groups alike.
    let begins = SearchFilter::starts_with("sAMAccountName", prefix.as_str());
    let search = Search::subtree(&*domain.naming_context, begins)
        .with_attributes(["sAMAccountName"])
        .with_descriptor(DescriptorParts::OWNER);
    let trusted: Vec<Sid> =
        [512, 519].iter().filter_map(|id| domain.sid.with_relative_id(*id).ok()).collect();
    let administrators = Sid::nt_authority(&[32, 544]).ok();
    let (mut taken, mut foreign) = (0_u64, Vec::new());
    for entry in directory.search(search, MOST_NAMES).await? {
        let Some(name) = entry.text("sAMAccountName").and_then(|name| name.strip_suffix('$')) else {
            continue;
        };
        if name.chars().count() != NAME_LENGTH {
            continue;
        }
        taken = taken.saturating_add(1);
        let Some(owner) = entry.descriptor()?.and_then(|descriptor| descriptor.owner().cloned()) else {
            continue;
        };
        let may_reuse =
            creators.contains(&&owner) || trusted.contains(&owner) || administrators.as_ref() == Some(&owner);
        if !may_reuse {
            foreign.push(name.to_owned());
        }
    }
    let mut findings = Vec::new();
    let place = || format!("prefix {prefix}");
    let space = u64::from(characters).saturating_pow(u32::from(prefix.suffix_length()));
    let evidence = format!("{taken} of about {space} names are taken");
    match () {
        () if taken >= space => {
            findings.push(AD_NO_NAMES_LEFT.at(place(), evidence));
        }
        () if taken > space / 10 => {
            findings.push(AD_FEW_NAMES_LEFT.at(place(), evidence));
        }
        () if taken > 0 => findings.push(AD_NAMES_TAKEN.at(place(), evidence)),
        () => {}
    }
    if !foreign.is_empty() {
        let shown: Vec<&str> = foreign.iter().map(String::as_str).take(SHOWN).collect();
        let evidence = format!(
            "{} computers of this prefix belong neither to a connector nor to domain administrators, such as {}: \
             a device that gets one of their names is refused",
            foreign.len(),
            shown.join(", ")
        );
        findings.push(AD_REUSE_BLOCKED.at(place(), evidence));
    }
    Ok(findings)
}
