//! Read-only checks of the connector's right to create computer accounts in an OU, with a finding for each obstacle.
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
use super::access::CreateAccess;
use super::account::{Account, AccountKind, AccountReader};
use super::container::Container;
use super::descriptor::{AccessMask, AceEffect, Control, Sid};
use super::directory::{Directory, DirectoryError, DirectoryErrorKind, Search, SearchFilter};
use super::domain::Domain;
use super::findings::*;
use super::principal::Principal;
use crate::model::{ComputerNamePrefix, Finding, FindingKind, Lookup, OrganizationalUnit, Severity};

/// The number of characters to choose from in a computer's random name: letters, in either case, and digits.
const NAME_CHARACTERS: u32 = 36;
/// The maximum number of units of one name that are listed.
const MOST_CANDIDATES: usize = 100;
/// The class that the connector's installer creates.
const MANAGED_SERVICE_ACCOUNT: &str = "msDS-ManagedServiceAccount";

/// A check of three things: the OU in which computer accounts are created, the connectors' accounts, and the computers'
/// names.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// use windows_autopilot::ad::preflight::Preflight;
///
/// let report = Preflight::for_unit(&unit)
///     .with_connector(r"CORP\msaODJ1a2b3$".parse()?)
///     .with_computer_name_prefix("MUC-".parse()?)
///     .run(&directory)
///     .await?;
/// println!("{report}");
/// # Ok(()) });
/// ```
#[derive(Debug, Clone)]
#[must_use = "a preflight does nothing until it is run"]
pub struct Preflight {
    unit: Option<OrganizationalUnit>,
    connectors: Vec<Principal>,
    finds_connectors: bool,
    prefix: Option<ComputerNamePrefix>,
    name_characters: u32,
}

/// The outcome of a [`Preflight`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PreflightReport {
    /// The domain; `None` if the server is not an Active Directory domain controller.
    pub domain: Option<Domain>,
    /// The distinguished name of the OU or container for computer accounts, if it exists.
    pub container: Option<String>,
    /// Whether the signed-in account is allowed to grant the right to create computer accounts.
    pub may_delegate: bool,
    /// The rights of the connector accounts that were found.
    pub connectors: Vec<ConnectorRights>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

impl Preflight {
    /// Creates a check for an OU.
    pub fn for_unit(unit: &OrganizationalUnit) -> Self {
        Self::new(Some(unit.clone()))
    }

    /// Creates a check for the container in which the domain creates computer accounts by default.
    pub fn for_default_container() -> Self {
        Self::new(None)
    }

    fn new(unit: Option<OrganizationalUnit>) -> Self {
        Self {
            unit,
            connectors: Vec::new(),
            finds_connectors: false,
            prefix: None,
            name_characters: NAME_CHARACTERS,
        }
    }

    /// Adds a connector's account to check. If none is added, the check covers the accounts that connectors created for
    /// themselves: those named `msaODJ…` that are used by an enabled server.
    pub fn with_connector(mut self, account: Principal) -> Self {
        self.connectors.push(account);
        self
    }

    /// Includes the accounts that connectors created for themselves, in addition to the named ones.
    pub fn with_found_connectors(mut self) -> Self {
        self.finds_connectors = true;
        self
    }

    /// Adds a check of the computers' names.
    pub fn with_computer_name_prefix(mut self, prefix: ComputerNamePrefix) -> Self {
        self.prefix = Some(prefix);
        self
    }

    /// Sets the number of distinct characters from which the random part of a computer's name is drawn. Default: 36,
    /// for letters and digits; Microsoft does not document the number.
    pub fn with_name_characters(mut self, characters: u32) -> Self {
        self.name_characters = characters.max(1);
        self
    }

    /// Runs the check. Any domain account can read what the check needs.
    ///
    /// # Errors
    /// Same as [`Directory::search_page`]. A problem with the domain is a finding, not an error.
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
        if let Err(error) = domain.require_writable() {
            let server = domain.server.as_deref().unwrap_or("server");
            report.findings.push(AD_READ_ONLY_SERVER.at(server, error.subject()));
        }
        let place = self.check_place(directory, &domain, report).await?;
        self.check_accounts_container(directory, &domain, report).await?;
        let reader = AccountReader::new(directory, &domain).await?;
        let accounts = self.accounts(&reader, report).await?;
        if let Some(place) = &place {
            for account in &accounts {
                let rights = ConnectorRights::read(&reader, place, account.clone()).await?;
                // Permissions that cannot be read are a finding of their own.
                if place.descriptor().is_some() {
                    report.findings.extend(rights.findings(&domain, place.name()));
                }
                report.connectors.push(rights);
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

    /// Checks that the OU or container exists and is of a suitable class.
    async fn check_place(
        &self,
        directory: &dyn Directory,
        domain: &Domain,
        report: &mut PreflightReport,
    ) -> Result<Option<Container>, DirectoryError> {
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
        let Some(place) = Container::read(directory, name).await? else {
            let moved = self.candidates(directory, domain).await?;
            let evidence = match moved.as_slice() {
                [] => "there is no such organizational unit, or it is not visible".to_owned(),
                moved => {
                    format!("there is no such organizational unit; one of that name is {}", moved.join("; "))
                }
            };
            report.findings.push(AD_OU_MISSING.at(name, evidence));
            return Ok(None);
        };
        if self.unit.is_some() && place.is("organizationalUnit") == Some(false) {
            report.findings.push(AD_NOT_AN_OU.at(name, "it is not an organizational unit"));
        }
        if place.descriptor().is_none() {
            report.findings.push(
                AD_RIGHTS_NOT_READABLE
                    .at(name, "the signed-in account is not permitted to read its permissions"),
            );
        }
        check_dacl(&place, name, &mut report.findings);
        report.may_delegate = place.may_delegate() && !domain.is_read_only;
        report.container = Some(place.name().to_owned());
        Ok(Some(place))
    }

    /// Returns units of the same name elsewhere in the domain.
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

    /// Checks that a connector can be installed, which creates an account for itself.
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
                "the Managed Service Accounts container does not exist or is not visible",
            ));
            return Ok(());
        };
        if !entry.has("allowedChildClassesEffective", MANAGED_SERVICE_ACCOUNT) {
            let evidence = "the signed-in account may not create managed service accounts";
            report.findings.push(AD_CANNOT_CREATE_ACCOUNTS.at(name.as_str(), evidence));
        }
        Ok(())
    }

    /// Returns the accounts of the connectors.
    async fn accounts(
        &self,
        reader: &AccountReader<'_>,
        report: &mut PreflightReport,
    ) -> Result<Vec<Account>, DirectoryError> {
        let mut accounts: Vec<Account> = Vec::new();
        for principal in &self.connectors {
            let error = match principal.find(reader).await {
                Ok(account) if accounts.iter().any(|known| known.sid == account.sid) => continue,
                Ok(account) => {
                    report.findings.extend(check_installation(&account, AD_ACCOUNT_NOT_INSTALLED));
                    accounts.push(account);
                    continue;
                }
                Err(error) => error,
            };
            let kind = match error.kind() {
                DirectoryErrorKind::OtherDomain => AD_ACCOUNT_OF_ANOTHER_DOMAIN,
                DirectoryErrorKind::NotFound => AD_ACCOUNT_MISSING,
                DirectoryErrorKind::Ambiguous => AD_ACCOUNT_AMBIGUOUS,
                _ => return Err(error),
            };
            let finding = kind.at(principal.to_string(), error.subject());
            report.findings.push(finding.with_remedy(error.remedy().to_owned()));
        }
        if self.connectors.is_empty() || self.finds_connectors {
            let found = reader.connectors().await?;
            for account in found {
                if accounts.iter().any(|known| known.sid == account.sid) {
                    continue;
                }
                report.findings.extend(check_installation(&account, AD_ORPHANED_ACCOUNT));
                if account.serves() != Some(false) {
                    accounts.push(account);
                }
            }
            if accounts.is_empty() && self.connectors.is_empty() {
                report.findings.push(AD_NO_CONNECTOR_ACCOUNT.at(
                    reader.domain.name.as_str(),
                    "no account was named, and no server of the domain uses one whose name begins with msaODJ",
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
    /// Returns `true` if there is no error among the findings and every connector is allowed to create computer
    /// accounts.
    pub fn is_ready(&self) -> bool {
        let no_error = self.findings.iter().all(|finding| finding.severity < Severity::Error);
        no_error
            && !self.connectors.is_empty()
            && self.connectors.iter().all(|connector| connector.access.is_granted())
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
            let account = &connector.account;
            let may = match &connector.access {
                CreateAccess::Granted { .. } => "may create computers",
                CreateAccess::Unknown { .. } => "not known whether it may create computers",
                _ => "may NOT create computers",
            };
            let servers = account.servers.present().into_iter().flatten();
            let servers: Vec<&str> = servers.map(|server| server.name.as_str()).collect();
            let on = if servers.is_empty() { String::new() } else { format!(" on {}", servers.join(", ")) };
            writeln!(f, "  {account} ({}{on}; {}): {may}", account.kind, account.group_source)?;
        }
        self.findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))
    }
}

/// Adds findings about the permissions that concern no account in particular.
fn check_dacl(place: &Container, name: &str, findings: &mut Vec<Finding>) {
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

/// Returns findings about the servers of a managed service account. `unused` is the kind for an account without
/// servers.
fn check_installation(account: &Account, unused: FindingKind) -> Vec<Finding> {
    let place = account.to_string();
    let servers = match &account.servers {
        Lookup::Present(servers) => servers.as_slice(),
        Lookup::Absent
            if matches!(
                account.kind,
                AccountKind::ManagedServiceAccount | AccountKind::GroupManagedServiceAccount
            ) =>
        {
            &[]
        }
        Lookup::Absent => return Vec::new(),
        Lookup::Unknown => {
            let evidence = "the servers that use the account (msDS-HostServiceAccountBL) cannot be read for lack of \
            permission";
            return vec![AD_SERVERS_NOT_READABLE.at(place, evidence)];
        }
    };
    let mut findings = Vec::new();
    if account.serves() == Some(false) {
        let names: Vec<&str> = servers.iter().map(|server| server.name.as_str()).collect();
        let evidence = match names[..] {
            [] => "no server names the account (msDS-HostServiceAccountBL)".to_owned(),
            _ => format!("only disabled servers use the account: {}", names.join(", ")),
        };
        findings.push(unused.at(&*place, evidence));
    }
    for server in servers.iter().filter(|server| server.reads_password == Some(false)) {
        let evidence = format!(
            "{} is not permitted to read the account's password (msDS-GroupMSAMembership)",
            server.name
        );
        findings.push(AD_PASSWORD_NOT_READABLE.at(&*place, evidence));
    }
    findings
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

/// Adds findings about all connectors together.
fn check_all(place: &Container, report: &mut PreflightReport) {
    let count = |holds: fn(&CreateAccess) -> bool| {
        report.connectors.iter().filter(|connector| holds(&connector.access)).count()
    };
    let able = count(CreateAccess::is_granted);
    let unable = count(|access| access.is_known() && !access.is_granted());
    if able > 0 && unable > 0 {
        report.findings.push(AD_CONNECTORS_DIFFER.at(
            place.name(),
            format!(
                "{able} of {} connectors may create computers: whether a join works depends on which of them handles \
                 it",
                report.connectors.len()
            ),
        ));
    }
    if unable > 0 && !report.may_delegate {
        let evidence = "the signed-in account may not change the permissions";
        report.findings.push(AD_CANNOT_DELEGATE.at(place.name(), evidence));
    }
}
