//! What a domain is like, and who its accounts are.

use std::fmt;

use super::delegation::{Principal, PrincipalName};
use super::descriptor::{SecurityToken, Sid};
use super::directory::{Directory, DirectoryError, Search, SearchFilter};
use super::dn;
use crate::model::AdDomain;

/// The capability by which a server says that it is Active Directory.
const IS_ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
/// The well-known container in which computer accounts are created when nothing else is said.
const COMPUTERS: &str = "AA312825768811D1ADED00C04FD8D5CD";
/// The well-known container of managed service accounts.
const MANAGED_SERVICE_ACCOUNTS: &str = "1EB93889E40C45DF9F0C64D23BBB6237";
/// `ADS_UF_ACCOUNTDISABLE` of `userAccountControl`.
const DISABLED: i64 = 0x2;
/// How the connector's installer names the managed service accounts that it makes, before five characters of chance.
const CONNECTOR_ACCOUNTS: &str = "msaODJ";
/// More connectors than any domain has.
const MOST_ACCOUNTS: usize = 1_000;

/// A domain of Active Directory, as a domain controller tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// Its name.
    pub name: AdDomain,
    /// Its distinguished name.
    pub naming_context: String,
    /// Its short name, which stands before the backslash of `CORP\name`.
    pub netbios_name: Option<String>,
    /// Its SID, with which those of its accounts begin.
    pub sid: Sid,
    /// Its functional level: 7 for Windows Server 2016, 10 for Windows Server 2025.
    pub functional_level: Option<i64>,
    /// How many computers an account may add without a right of its own: `ms-DS-MachineAccountQuota`, 10 as a rule.
    pub machine_account_quota: Option<i64>,
    /// Where computer accounts are created when nothing else is said.
    pub computers: Option<String>,
    /// Where managed service accounts are.
    pub managed_service_accounts: Option<String>,
}

impl Domain {
    /// Reads what a server tells of its domain; `None` if it is not Active Directory.
    ///
    /// # Errors
    /// As [`Directory::search_page`].
    pub async fn read(directory: &dyn Directory) -> Result<Option<Self>, DirectoryError> {
        let server = ["defaultNamingContext", "configurationNamingContext", "supportedCapabilities"];
        let server = Search::entry("").with_attributes(server).with_attributes(["domainFunctionality"]);
        let server = directory.read(server).await?;
        let Some(server) = server.filter(|server| server.has("supportedCapabilities", IS_ACTIVE_DIRECTORY))
        else {
            return Ok(None);
        };
        let missing = |what: &str| DirectoryError::unexpected(format!("the server does not tell {what}"));
        let context = server.text("defaultNamingContext").ok_or_else(|| missing("its naming context"))?;
        let labels = dn::parts(context).ok_or_else(|| missing("a naming context that can be read"))?;
        let labels: Vec<String> = labels.into_iter().map(|(_, label)| label).collect();
        let head = ["objectSid", "ms-DS-MachineAccountQuota", "wellKnownObjects", "otherWellKnownObjects"];
        let head = directory.read(Search::entry(context).with_attributes(head)).await?;
        let head = head.ok_or_else(|| missing("the head of its domain"))?;
        let well_known = |attribute: &str, guid: &str| {
            let mut objects = head.texts(attribute).filter_map(|object| object.strip_prefix("B:32:"));
            let object = objects.find_map(|object| {
                let (found, name) = object.split_once(':')?;
                found.eq_ignore_ascii_case(guid).then_some(name)
            });
            object.map(str::to_owned)
        };
        let netbios_name = match server.text("configurationNamingContext") {
            Some(configuration) => netbios_name(directory, configuration, context).await?,
            None => None,
        };
        Ok(Some(Self {
            name: labels.join(".").parse()?,
            naming_context: context.to_owned(),
            netbios_name,
            sid: head.sid("objectSid")?.ok_or_else(|| missing("the SID of its domain"))?,
            functional_level: server.number("domainFunctionality"),
            machine_account_quota: head.number("ms-DS-MachineAccountQuota"),
            computers: well_known("wellKnownObjects", COMPUTERS),
            managed_service_accounts: well_known("otherWellKnownObjects", MANAGED_SERVICE_ACCOUNTS),
        }))
    }

    /// Finds an account of this domain, with the groups that it is in; `None` if there is none, or it may not be seen.
    ///
    /// # Errors
    /// As [`Directory::search_page`].
    pub async fn account(
        &self,
        directory: &dyn Directory,
        principal: &Principal,
    ) -> Result<Option<Account>, DirectoryError> {
        let filter = match principal.name() {
            PrincipalName::Sid(sid) => SearchFilter::equals("objectSid", sid.to_bytes()),
            PrincipalName::Account { name, .. } => SearchFilter::equals("sAMAccountName", name),
        };
        Ok(self.accounts(directory, filter).await?.into_iter().next())
    }

    /// Whether a principal belongs to another domain, as far as its name or its SID tells.
    pub fn is_foreign(&self, principal: &Principal) -> bool {
        match principal.name() {
            PrincipalName::Sid(sid) => {
                let of_this = sid.relative_id().map(|id| self.sid.with_relative_id(id));
                of_this.is_none_or(|of_this| of_this.as_ref() != Ok(sid))
            }
            PrincipalName::Account { domain, .. } => {
                let names = [self.netbios_name.as_deref(), Some(self.name.as_str())];
                !names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(domain))
            }
        }
    }

    /// The accounts that connectors of version 6.2501.2000.5 and newer made for themselves: managed service accounts
    /// whose names begin with `msaODJ`.
    ///
    /// # Errors
    /// As [`Directory::search_page`].
    pub async fn connector_accounts(
        &self,
        directory: &dyn Directory,
    ) -> Result<Vec<Account>, DirectoryError> {
        let made = SearchFilter::all([
            SearchFilter::equals("objectClass", "msDS-ManagedServiceAccount"),
            SearchFilter::starts_with("sAMAccountName", CONNECTOR_ACCOUNTS),
        ]);
        let mut accounts = self.accounts(directory, made).await?;
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(accounts)
    }

    async fn accounts(
        &self,
        directory: &dyn Directory,
        filter: SearchFilter,
    ) -> Result<Vec<Account>, DirectoryError> {
        let attributes = ["objectSid", "objectClass", "sAMAccountName", "userAccountControl"];
        let search = Search::subtree(&*self.naming_context, filter).with_attributes(attributes);
        let mut accounts = Vec::new();
        for entry in directory.search(search, MOST_ACCOUNTS).await? {
            let (Some(sid), Some(name)) = (entry.sid("objectSid")?, entry.text("sAMAccountName")) else {
                continue;
            };
            // The directory computes it for one entry at a time only.
            let groups = directory
                .read(Search::entry(entry.distinguished_name()).with_attributes(["tokenGroups"]))
                .await?;
            let groups = groups.map(|entry| entry.sids("tokenGroups")).transpose()?.unwrap_or_default();
            let is = |class: &str| entry.has("objectClass", class);
            let kind = match () {
                () if is("msDS-GroupManagedServiceAccount") => AccountKind::GroupManagedServiceAccount,
                () if is("msDS-ManagedServiceAccount") => AccountKind::ManagedServiceAccount,
                () if is("computer") => AccountKind::Computer,
                () if is("group") => AccountKind::Group,
                () => AccountKind::User,
            };
            accounts.push(Account {
                sid,
                distinguished_name: entry.distinguished_name().to_owned(),
                name: name.to_owned(),
                kind,
                enabled: entry.number("userAccountControl").is_none_or(|bits| bits & DISABLED == 0),
                groups,
            });
        }
        Ok(accounts)
    }
}

async fn netbios_name(
    directory: &dyn Directory,
    configuration: &str,
    context: &str,
) -> Result<Option<String>, DirectoryError> {
    let this = SearchFilter::all([
        SearchFilter::equals("objectClass", "crossRef"),
        SearchFilter::equals("nCName", context),
    ]);
    let search =
        Search::subtree(format!("CN=Partitions,{configuration}"), this).with_attributes(["nETBIOSName"]);
    let page = directory.search_page(&search).await;
    // Who may not see it, does without.
    let page = match page {
        Err(error) if error.kind() == super::directory::DirectoryErrorKind::NotFound => return Ok(None),
        page => page?,
    };
    Ok(page.entries.iter().find_map(|entry| entry.text("nETBIOSName")).map(str::to_owned))
}

/// What kind of account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// A computer: what a legacy connector runs as.
    Computer,
    /// A managed service account: what a connector makes for itself.
    ManagedServiceAccount,
    /// A group managed service account: what an administrator may make for connectors.
    GroupManagedServiceAccount,
    /// A group.
    Group,
    /// A user.
    User,
}

impl fmt::Display for AccountKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Computer => "computer account",
            Self::ManagedServiceAccount => "managed service account",
            Self::GroupManagedServiceAccount => "group managed service account",
            Self::Group => "group",
            Self::User => "user",
        })
    }
}

/// An account of a domain. `Display` writes its name, or for a user, which is a person, its SID.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its SID.
    pub sid: Sid,
    /// Its distinguished name.
    pub distinguished_name: String,
    /// Its `sAMAccountName`. That of a computer or a managed service account ends with `$`.
    pub name: String,
    /// What kind it is.
    pub kind: AccountKind,
    /// Whether it may sign in.
    pub enabled: bool,
    /// The groups that it is in, those of groups and its primary group included.
    pub groups: Vec<Sid>,
}

impl Account {
    /// Returns the SIDs that the account acts under.
    pub fn security_token(&self) -> SecurityToken {
        SecurityToken::for_account(self.sid.clone(), self.groups.iter().cloned())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            AccountKind::User => self.sid.fmt(f),
            _ => f.write_str(&self.name),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &format_args!("{self}"))
            .field("kind", &self.kind)
            .field("enabled", &self.enabled)
            .field("groups", &self.groups.len())
            .finish_non_exhaustive()
    }
}
