//! Checks of the connector's right to create computer accounts in an OU, with a finding for each obstacle. Reads only.
//!
//! ```
//! # windows_autopilot::testing::run(async |_| {
//! use windows_autopilot::ad::memory::MemoryDirectory;
//! use windows_autopilot::ad::preflight::Preflight;
//! use windows_autopilot::model::OrganizationalUnit;
//!
//! let directory = MemoryDirectory::new(&"corp.example".parse()?);
//! let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
//! directory.add_unit(&unit);
//! directory.add_managed_service_account("msaODJ1a2b3");
//!
//! let report = Preflight::for_unit(&unit).run(&directory).await?;
//! assert!(!report.is_ready());
//! assert_eq!(report.findings[0].id, "ad.cannot-create");
//! println!("{report}");
//! # Ok(()) });
//! ```

mod names;
mod rights;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::rights::ConnectorRights;
use self::rights::Verdict;
use super::delegation::Principal;
use super::descriptor::{AccessMask, AceEffect, Control, Sid};
use super::directory::{Directory, DirectoryError, Search, SearchFilter};
use super::findings::*;
use super::place::Place;
use super::{Account, AccountKind, Domain};
use crate::model::{ComputerNamePrefix, Finding, OrganizationalUnit, Severity};

/// Of how many different characters a computer's name is made at random: letters, whose case does not matter, and digits.
const NAME_CHARACTERS: u32 = 36;
/// More units of one name than anybody would look through.
const MOST_CANDIDATES: usize = 100;
/// A class that the connector's installer creates.
const MANAGED_SERVICE_ACCOUNT: &str = "msDS-ManagedServiceAccount";

/// A check of the OU for computer accounts, of the accounts that create them, and of their names.
#[derive(Debug, Clone)]
#[must_use = "a preflight does nothing until it is run"]
pub struct Preflight {
    unit: Option<OrganizationalUnit>,
    connectors: Vec<Principal>,
    prefix: Option<ComputerNamePrefix>,
    name_characters: u32,
}

/// The outcome of a [`Preflight`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PreflightReport {
    /// The domain; `None` if the server is not Active Directory.
    pub domain: Option<Domain>,
    /// The distinguished name of the OU or container for computer accounts, if it exists.
    pub container: Option<String>,
    /// Whether the signed-in account may grant the right there.
    pub may_delegate: bool,
    /// The accounts of the connectors that exist.
    pub connectors: Vec<ConnectorRights>,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
}

impl Preflight {
    /// Checks an OU.
    pub fn for_unit(unit: &OrganizationalUnit) -> Self {
        Self::new(Some(unit.clone()))
    }

    /// Checks the container in which the domain puts computer accounts when nothing else is said.
    pub fn for_default_container() -> Self {
        Self::new(None)
    }

    fn new(unit: Option<OrganizationalUnit>) -> Self {
        Self { unit, connectors: Vec::new(), prefix: None, name_characters: NAME_CHARACTERS }
    }

    /// Checks this account of a connector. If none is named, those are checked whose names begin with `msaODJ`, as
    /// connectors name theirs.
    pub fn with_connector(mut self, account: Principal) -> Self {
        self.connectors.push(account);
        self
    }

    /// Checks the names that computers get, too.
    pub fn with_computer_name_prefix(mut self, prefix: ComputerNamePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Of how many different characters the random part of a computer's name is made. 36: letters and digits; no page
    /// says so.
    pub fn with_name_characters(mut self, characters: u32) -> Self {
        self.name_characters = characters.max(1);
        self
    }

    /// Checks. Any account of the domain can read what it takes.
    ///
    /// # Errors
    /// As [`Directory::search_page`]. What is wrong with the domain is a finding, not an error.
    pub async fn run(&self, directory: &dyn Directory) -> Result<PreflightReport, DirectoryError> {
        let mut report = PreflightReport {
            domain: None,
            container: None,
            may_delegate: false,
            connectors: Vec::new(),
            findings: Vec::new(),
        };
        self.check(directory, &mut report).await?;
        Finding::sort(&mut report.findings);
        Ok(report)
    }

    async fn check(
        &self,
        directory: &dyn Directory,
        report: &mut PreflightReport,
    ) -> Result<(), DirectoryError> {
        let Some(domain) = Domain::read(directory).await? else {
            let evidence = "it does not say that it is Active Directory";
            report.findings.push(AD_NOT_ACTIVE_DIRECTORY.at("server", evidence));
            return Ok(());
        };
        report.domain = Some(domain.clone());
        let place = self.check_place(directory, &domain, report).await?;
        self.check_accounts_container(directory, &domain, report).await?;
        let accounts = self.accounts(directory, &domain, report).await?;
        if let Some(place) = &place {
            for account in &accounts {
                let verdict = Verdict::of(directory, &domain, place, account).await?;
                let findings = verdict.findings(&domain, place, account);
                report.connectors.push(verdict.rights(account, &findings));
                report.findings.extend(findings);
            }
            check_all(place, report);
        }
        if let Some(prefix) = &self.prefix {
            let creators: Vec<&Sid> = accounts.iter().map(|account| &account.sid).collect();
            let found = names::check(directory, &domain, prefix, self.name_characters, &creators).await?;
            report.findings.extend(found);
        }
        Ok(())
    }

    /// Whether the place exists, and is one.
    async fn check_place(
        &self,
        directory: &dyn Directory,
        domain: &Domain,
        report: &mut PreflightReport,
    ) -> Result<Option<Place>, DirectoryError> {
        let name = match &self.unit {
            Some(unit) if !unit.domain().same_as(&domain.name) => {
                let evidence = format!("it is in {}, and the server is of {}", unit.domain(), domain.name);
                report.findings.push(AD_OTHER_DOMAIN.at(unit.as_str(), evidence));
                return Ok(None);
            }
            Some(unit) => unit.as_str(),
            None => match &domain.computers {
                Some(container) => container,
                None => {
                    let evidence = "the domain does not tell where computer accounts are created";
                    let finding = AD_OU_MISSING.at(domain.name.as_str(), evidence);
                    report.findings.push(finding.with_remedy("name an organizational unit"));
                    return Ok(None);
                }
            },
        };
        let Some(place) = Place::read(directory, name).await? else {
            let moved = self.candidates(directory, domain).await?;
            let evidence = match moved.as_slice() {
                [] => "there is no such organizational unit, or it may not be seen".to_owned(),
                moved => {
                    format!("there is no such organizational unit; one of that name is {}", moved.join("; "))
                }
            };
            report.findings.push(AD_OU_MISSING.at(name, evidence));
            return Ok(None);
        };
        if self.unit.is_some() && !place.is("organizationalUnit") {
            report.findings.push(AD_NOT_AN_OU.at(name, "it is not an organizational unit"));
        }
        if place.descriptor().is_none() {
            report.findings.push(AD_RIGHTS_NOT_READABLE.at(name, "its permissions may not be read"));
        }
        check_dacl(&place, name, &mut report.findings);
        report.may_delegate = place.may_delegate();
        report.container = Some(place.name().to_owned());
        Ok(Some(place))
    }

    /// Units of the same name elsewhere in the domain.
    async fn candidates(
        &self,
        directory: &dyn Directory,
        domain: &Domain,
    ) -> Result<Vec<String>, DirectoryError> {
        let Some(name) = self.unit.as_ref().and_then(|unit| unit.names().into_iter().next()) else {
            return Ok(Vec::new());
        };
        let same = SearchFilter::all([
            SearchFilter::equals("objectClass", "organizationalUnit"),
            SearchFilter::equals("ou", name),
        ]);
        let search = Search::subtree(&*domain.naming_context, same).with_attributes(["ou"]);
        let found = directory.search(search, MOST_CANDIDATES).await?;
        Ok(found.iter().map(|entry| entry.distinguished_name().to_owned()).collect())
    }

    /// Whether a connector can be installed, which makes an account for itself.
    async fn check_accounts_container(
        &self,
        directory: &dyn Directory,
        domain: &Domain,
        report: &mut PreflightReport,
    ) -> Result<(), DirectoryError> {
        let container = match &domain.managed_service_accounts {
            Some(name) => {
                let search = Search::entry(&**name).with_attributes(["allowedChildClassesEffective"]);
                directory.read(search).await?.map(|entry| (name, entry))
            }
            None => None,
        };
        let Some((name, entry)) = container else {
            report.findings.push(AD_NO_ACCOUNTS_CONTAINER.at(
                domain.name.as_str(),
                "there is no container Managed Service Accounts, or it may not be seen",
            ));
            return Ok(());
        };
        if !entry.has("allowedChildClassesEffective", MANAGED_SERVICE_ACCOUNT) {
            let evidence = "the signed-in account may not create managed service accounts";
            report.findings.push(AD_CANNOT_CREATE_ACCOUNTS.at(name.as_str(), evidence));
        }
        Ok(())
    }

    /// The accounts of the connectors.
    async fn accounts(
        &self,
        directory: &dyn Directory,
        domain: &Domain,
        report: &mut PreflightReport,
    ) -> Result<Vec<Account>, DirectoryError> {
        let mut accounts = Vec::new();
        for principal in &self.connectors {
            let missing = if domain.is_foreign(principal) {
                AD_ACCOUNT_OF_ANOTHER_DOMAIN
                    .at(principal.to_string(), "the account belongs to another domain")
            } else if let Some(account) = domain.account(directory, principal).await? {
                accounts.push(account);
                continue;
            } else {
                AD_ACCOUNT_MISSING
                    .at(principal.to_string(), "there is no such account, or it may not be seen")
            };
            report.findings.push(missing);
        }
        if self.connectors.is_empty() {
            accounts = domain.connector_accounts(directory).await?;
            if accounts.is_empty() {
                report.findings.push(AD_NO_CONNECTOR_ACCOUNT.at(
                    domain.name.as_str(),
                    "no account was named, and the domain has none whose name begins with msaODJ",
                ));
            }
        }
        for account in &accounts {
            report.findings.extend(check_account(account));
        }
        Ok(accounts)
    }
}

impl PreflightReport {
    /// Whether nothing was found that is an error, and every connector may create computer accounts.
    pub fn is_ready(&self) -> bool {
        let no_error = self.findings.iter().all(|finding| finding.severity < Severity::Error);
        no_error
            && !self.connectors.is_empty()
            && self.connectors.iter().all(|connector| connector.may_create)
    }
}

impl fmt::Display for PreflightReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(domain) = &self.domain {
            writeln!(f, "Domain {}", domain.name)?;
        }
        if let Some(container) = &self.container {
            writeln!(f, "Computer accounts in {container}")?;
        }
        for connector in &self.connectors {
            let may = if connector.may_create { "may create computers" } else { "may NOT create computers" };
            writeln!(f, "  {} ({}): {may}", connector.account, connector.account.kind)?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}

/// What is worth knowing of the permissions, whoever is meant.
fn check_dacl(place: &Place, name: &str, findings: &mut Vec<Finding>) {
    let Some(descriptor) = place.descriptor() else { return };
    let Some(dacl) = descriptor.dacl() else {
        findings.push(AD_NO_DACL.at(name, "it has no list of permissions: everybody may do everything"));
        return;
    };
    if descriptor.control().contains(Control::DACL_PROTECTED) {
        findings.push(AD_INHERITANCE_OFF.at(name, "it inherits no permissions from above"));
    }
    let everyone = Sid::everyone();
    let is_protection = dacl.aces().iter().any(|ace| {
        ace.effect() == Some(AceEffect::Deny)
            && ace.trustee() == Some(&everyone)
            && ace.mask().is_some_and(|mask| mask.contains(AccessMask::DELETE_CHILD))
    });
    if is_protection {
        let evidence = "nobody may delete what is in it: a unit in it is protected from deletion";
        findings.push(AD_PROTECTED_FROM_DELETION.at(name, evidence));
    }
}

fn check_account(account: &Account) -> Option<Finding> {
    let (kind, evidence) = match account.kind {
        _ if !account.enabled => (AD_ACCOUNT_DISABLED, "the account is disabled".to_owned()),
        AccountKind::User | AccountKind::Group => {
            (AD_UNUSUAL_ACCOUNT, format!("it is a {}, and no connector runs as one", account.kind))
        }
        AccountKind::Computer => {
            let evidence = "a connector that runs as its server's account is a legacy one";
            (AD_LEGACY_ACCOUNT, evidence.to_owned())
        }
        AccountKind::ManagedServiceAccount | AccountKind::GroupManagedServiceAccount => return None,
    };
    Some(kind.at(account.to_string(), evidence))
}

/// What only all connectors together show.
fn check_all(place: &Place, report: &mut PreflightReport) {
    let able = report.connectors.iter().filter(|connector| connector.may_create).count();
    let all = report.connectors.len();
    if able > 0 && able < all {
        report.findings.push(AD_CONNECTORS_DIFFER.at(
            place.name(),
            format!(
                "{able} of {all} connectors may create computers: it works or fails by which of them answers"
            ),
        ));
    }
    if able < all && !report.may_delegate {
        let evidence = "the signed-in account may not change the permissions";
        report.findings.push(AD_CANNOT_DELEGATE.at(place.name(), evidence));
    }
}
