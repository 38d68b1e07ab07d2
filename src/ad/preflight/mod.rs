//! Whether the connector can create computer accounts where they are wanted, and what stands in the way. Reads only.
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
//! let report = Preflight::of_unit(&unit).run(&directory).await?;
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

use self::rights::Verdict;
use super::delegation::{DelegationProfile, Principal};
use super::descriptor::{AccessMask, AceEffect, Control, Sid};
use super::directory::{Directory, DirectoryError, Filter, Search};
use super::place::Place;
use super::{Account, AccountKind, Domain, dn};
use crate::model::{ComputerNamePrefix, Finding, OrganizationalUnit, Severity};

/// Of how many different characters a computer's name is made at random: letters, whose case does not matter, and digits.
const NAME_CHARACTERS: u32 = 36;
/// More units of one name than anybody would look through.
const MOST_CANDIDATES: usize = 100;
/// A class that the connector's installer creates.
const MANAGED_SERVICE_ACCOUNT: &str = "msDS-ManagedServiceAccount";

/// What is to be checked: where computer accounts are wanted, who creates them, and what they are called.
#[derive(Debug, Clone)]
pub struct Preflight {
    unit: Option<OrganizationalUnit>,
    connectors: Vec<Principal>,
    prefix: Option<ComputerNamePrefix>,
    name_characters: u32,
}

/// What was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PreflightReport {
    /// The domain; `None` if the server is not Active Directory.
    pub domain: Option<Domain>,
    /// Where computer accounts are wanted, if it exists: its distinguished name.
    pub place: Option<String>,
    /// Whether the signed-in account may grant the right there.
    pub may_delegate: bool,
    /// The accounts of the connectors that exist.
    pub connectors: Vec<ConnectorRights>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// What the account of a connector may do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectorRights {
    /// The account.
    pub account: Account,
    /// Whether it may create computer accounts there, all entries and all its groups considered.
    pub may_create: bool,
    /// The most that entries for the account itself give, own or inherited ones.
    pub profile: Option<DelegationProfile>,
    /// How many computer accounts it has created by the domain's quota, which counts those alone.
    pub created_by_quota: usize,
}

impl Preflight {
    /// Checks an OU.
    pub fn of_unit(unit: &OrganizationalUnit) -> Self {
        Self::new(Some(unit.clone()))
    }

    /// Checks the container in which the domain puts computer accounts when nothing else is said.
    pub fn of_default_container() -> Self {
        Self::new(None)
    }

    fn new(unit: Option<OrganizationalUnit>) -> Self {
        Self { unit, connectors: Vec::new(), prefix: None, name_characters: NAME_CHARACTERS }
    }

    /// Checks this account of a connector. If none is named, those are checked whose names begin with `msaODJ`, as
    /// connectors name theirs.
    #[must_use]
    pub fn with_connector(mut self, account: Principal) -> Self {
        self.connectors.push(account);
        self
    }

    /// Checks the names that computers get, too.
    #[must_use]
    pub fn with_prefix(mut self, prefix: ComputerNamePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Of how many different characters the random part of a computer's name is made. 36: letters and digits; no page
    /// says so.
    #[must_use]
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
            place: None,
            may_delegate: false,
            connectors: Vec::new(),
            findings: Vec::new(),
        };
        self.check(directory, &mut report).await?;
        report.findings.sort_by(|a, b| (b.severity, &a.id, &a.place).cmp(&(a.severity, &b.id, &b.place)));
        Ok(report)
    }

    async fn check(
        &self,
        directory: &dyn Directory,
        report: &mut PreflightReport,
    ) -> Result<(), DirectoryError> {
        let Some(domain) = Domain::read(directory).await? else {
            report.findings.push(Finding::new(
                "ad.not-active-directory",
                Severity::Error,
                "server",
                "it does not say that it is Active Directory",
                "connect to a domain controller",
            ));
            return Ok(());
        };
        report.domain = Some(domain.clone());
        let place = self.check_place(directory, &domain, report).await?;
        self.check_accounts_container(directory, &domain, report).await?;
        let accounts = self.accounts(directory, &domain, report).await?;
        if let Some(place) = &place {
            for account in &accounts {
                let verdict = Verdict::of(directory, &domain, place, account).await?;
                report.findings.extend(verdict.findings(&domain, place, account));
                report.connectors.push(verdict.rights(account));
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
        let mut found = |id, severity, place: &str, evidence: String, remedy: &'static str| {
            report.findings.push(Finding::new(id, severity, place, evidence, remedy));
        };
        let name = match &self.unit {
            Some(unit) if !unit.domain().same_as(&domain.name) => {
                let evidence = format!("it is in {}, and the server is of {}", unit.domain(), domain.name);
                let remedy = "connect to a domain controller of the unit's domain, or correct the unit";
                found("ad.other-domain", Severity::Error, unit.as_str(), evidence, remedy);
                return Ok(None);
            }
            Some(unit) => unit.as_str(),
            None => match &domain.computers {
                Some(container) => container,
                None => {
                    let evidence = "the domain does not tell where computer accounts are created".to_owned();
                    let remedy = "name an organizational unit";
                    found("ad.ou-missing", Severity::Error, domain.name.as_str(), evidence, remedy);
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
            let remedy =
                "create it, or put the right one into the settings and into the connector's configuration";
            found("ad.ou-missing", Severity::Error, name, evidence, remedy);
            return Ok(None);
        };
        if self.unit.is_some() && !place.is("organizationalUnit") {
            let evidence = "it is not an organizational unit".to_owned();
            found("ad.not-an-ou", Severity::Error, name, evidence, "name an organizational unit");
        }
        if place.descriptor().is_none() {
            let evidence = "its permissions may not be read".to_owned();
            let remedy = "sign in as an account that may read permissions";
            found("ad.rights-not-readable", Severity::Error, name, evidence, remedy);
        }
        check_dacl(&place, name, &mut found);
        report.may_delegate = place.may_delegate();
        report.place = Some(place.name().to_owned());
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
        let same =
            Filter::all([Filter::equals("objectClass", "organizationalUnit"), Filter::equals("ou", name)]);
        let search = Search::below(&*domain.naming_context, same).reading(["ou"]);
        let found = directory.search(search, MOST_CANDIDATES).await?;
        Ok(found.iter().map(|entry| entry.name().to_owned()).collect())
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
                let search = Search::entry(&**name).reading(["allowedChildClassesEffective"]);
                directory.read(search).await?.map(|entry| (name, entry))
            }
            None => None,
        };
        let Some((name, entry)) = container else {
            report.findings.push(Finding::new(
                "ad.no-accounts-container",
                Severity::Warning,
                domain.name.as_str(),
                "there is no container Managed Service Accounts, or it may not be seen",
                "a connector cannot be installed without: restore the container",
            ));
            return Ok(());
        };
        if !entry.has("allowedChildClassesEffective", MANAGED_SERVICE_ACCOUNT) {
            report.findings.push(Finding::new(
                "ad.cannot-create-accounts",
                Severity::Info,
                name.as_str(),
                "the signed-in account may not create managed service accounts",
                "whoever installs a connector needs the right to create msDS-ManagedServiceAccount objects there",
            ));
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
            let mut error = |id, evidence: &str, remedy: &'static str| {
                let place = principal.to_string();
                report.findings.push(Finding::new(id, Severity::Error, place, evidence, remedy));
            };
            if domain.is_foreign(principal) {
                let remedy =
                    "a connector serves the domain of its own server alone: name its account in this domain";
                error("ad.account-of-another-domain", "the account belongs to another domain", remedy);
                continue;
            }
            match domain.account(directory, principal).await? {
                Some(account) => accounts.push(account),
                None => {
                    let remedy = "look the name up on the connector's server (services, Log On As); a computer or \
                                  managed service account ends with $";
                    error("ad.account-missing", "there is no such account, or it may not be seen", remedy);
                }
            }
        }
        if self.connectors.is_empty() {
            accounts = domain.connector_accounts(directory).await?;
            if accounts.is_empty() {
                report.findings.push(Finding::new(
                    "ad.no-connector-account",
                    Severity::Warning,
                    domain.name.as_str(),
                    "no account was named, and the domain has none whose name begins with msaODJ",
                    "install the connector, or name the account that it runs as",
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
        if let Some(place) = &self.place {
            writeln!(f, "Computer accounts in {place}")?;
        }
        for connector in &self.connectors {
            let may = if connector.may_create { "may create computers" } else { "may NOT create computers" };
            writeln!(f, "  {} ({}): {may}", connector.account, connector.account.kind)?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}

/// What is worth knowing of the permissions, whoever is meant.
fn check_dacl(
    place: &Place,
    name: &str,
    found: &mut impl FnMut(&'static str, Severity, &str, String, &'static str),
) {
    let Some(descriptor) = place.descriptor() else { return };
    let Some(dacl) = descriptor.dacl() else {
        let evidence = "it has no list of permissions: everybody may do everything".to_owned();
        found("ad.no-dacl", Severity::Warning, name, evidence, "give it the permissions of a new unit");
        return;
    };
    if descriptor.control().contains(Control::DACL_PROTECTED) {
        let evidence = "it inherits no permissions from above".to_owned();
        let remedy = "nothing: the right has to be granted on the unit itself";
        found("ad.inheritance-off", Severity::Info, name, evidence, remedy);
    }
    let everyone = Sid::everyone();
    let is_protection = dacl.aces().iter().any(|ace| {
        ace.effect() == Some(AceEffect::Deny)
            && ace.trustee() == Some(&everyone)
            && ace.mask().is_some_and(|mask| mask.contains(AccessMask::DELETE_CHILD))
    });
    if is_protection {
        let evidence = "nobody may delete what is in it: a unit in it is protected from deletion".to_owned();
        let remedy =
            "nothing: computers can still be created, and deleted by whoever may delete the computer itself";
        found("ad.protected-from-deletion", Severity::Info, name, evidence, remedy);
    }
}

fn check_account(account: &Account) -> Option<Finding> {
    let finding = |id, severity, evidence: String, remedy: &'static str| {
        Some(Finding::new(id, severity, account.to_string(), evidence, remedy))
    };
    match account.kind {
        _ if !account.enabled => {
            let evidence = "the account is disabled".to_owned();
            finding("ad.account-disabled", Severity::Error, evidence, "enable it")
        }
        AccountKind::User | AccountKind::Group => {
            let evidence = format!("it is a {}, and no connector runs as one", account.kind);
            finding("ad.unusual-account", Severity::Warning, evidence, "name the connector's own account")
        }
        AccountKind::Computer => {
            let evidence = "a connector that runs as its server's account is a legacy one".to_owned();
            let remedy = "install version 6.2501.2000.5 or newer, which runs as a managed service account";
            finding("ad.legacy-account", Severity::Warning, evidence, remedy)
        }
        AccountKind::ManagedServiceAccount | AccountKind::GroupManagedServiceAccount => None,
    }
}

/// What only all connectors together show.
fn check_all(place: &Place, report: &mut PreflightReport) {
    let able = report.connectors.iter().filter(|connector| connector.may_create).count();
    let all = report.connectors.len();
    if able > 0 && able < all {
        report.findings.push(Finding::new(
            "ad.connectors-differ",
            Severity::Warning,
            place.name(),
            format!(
                "{able} of {all} connectors may create computers: it works or fails by which of them answers"
            ),
            "grant the right to every connector's account: each server has its own",
        ));
    }
    if able < all && !report.may_delegate {
        report.findings.push(Finding::new(
            "ad.cannot-delegate",
            Severity::Warning,
            place.name(),
            "the signed-in account may not change the permissions",
            "sign in as an account that may, or give the text of the delegation to someone who may",
        ));
    }
}

/// The places around an entry, the nearest first.
fn around(name: &str) -> impl Iterator<Item = &str> {
    // No directory is deeper; without end it must not be.
    std::iter::successors(dn::parent(name), |name| dn::parent(name)).take(64)
}
