//! Accounts in a domain: their kind, their groups, and the servers that use them.

use std::collections::BTreeSet;
use std::fmt;

use super::descriptor::{AccessMask, SecurityDescriptor, SecurityToken, Sid};
use super::directory::{Directory, DirectoryError, DirectoryErrorKind, Entry, Search, SearchFilter};
use super::dn;
use super::domain::Domain;
use crate::model::Lookup;

/// `ADS_UF_ACCOUNTDISABLE` of `userAccountControl`.
const DISABLED: i64 = 0x2;
/// `GROUP_TYPE_SECURITY_ENABLED` of `groupType`.
const SECURITY_ENABLED: i64 = 0x8000_0000;
/// The start of the names of the managed service accounts that the connector's installer creates.
const CONNECTOR_ACCOUNTS: &str = "msaODJ";
/// The limit on accounts read: more connectors than any domain has.
const MAX_ACCOUNTS: usize = 1_000;
/// The limit on groups read: more than fit into a token.
const MAX_GROUPS: usize = 2_000;
/// The maximum number of names in one filter.
const NAMES_PER_SEARCH: usize = 50;
/// The relative ids of the groups of domain controllers and read-only domain controllers.
const DOMAIN_CONTROLLERS: u32 = 516;

/// The kind of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountKind {
    /// A computer: the account of a legacy connector.
    Computer,
    /// A managed service account: the account of a current connector.
    ManagedServiceAccount,
    /// A group managed service account, created by an administrator for connectors.
    GroupManagedServiceAccount,
    /// A group.
    Group,
    /// A user.
    User,
}

impl AccountKind {
    fn of(entry: &Entry) -> Self {
        let is = |class: &str| entry.has("objectClass", class);
        match () {
            () if is("msDS-GroupManagedServiceAccount") => Self::GroupManagedServiceAccount,
            () if is("msDS-ManagedServiceAccount") => Self::ManagedServiceAccount,
            () if is("computer") => Self::Computer,
            () if is("group") => Self::Group,
            () => Self::User,
        }
    }

    fn is_managed(self) -> bool {
        matches!(self, Self::ManagedServiceAccount | Self::GroupManagedServiceAccount)
    }
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

/// The source of the groups in an account's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupSource {
    /// The directory's own `tokenGroups` attribute.
    TokenGroups,
    /// Memberships resolved group by group, because `tokenGroups` is not readable. Hidden groups and groups from other
    /// domains are missing.
    Membership,
}

impl fmt::Display for GroupSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenGroups => "groups from tokenGroups",
            Self::Membership => {
                "groups followed by membership, since the signed-in account cannot read tokenGroups"
            }
        })
    }
}

/// An account in a domain. `Display` writes the name, except for users: it writes a user's SID, because the name would
/// identify a person.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// use windows_autopilot::ad::{Account, Domain};
///
/// let domain = Domain::read(&directory).await?.ok_or("not Active Directory")?;
/// for account in Account::connectors(&directory, &domain).await? {
///     println!("{account}: {:?}", account.serves());
/// }
/// # Ok(()) });
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The SID of the account.
    pub sid: Sid,
    /// The distinguished name.
    pub distinguished_name: String,
    /// The `sAMAccountName`. For a computer or a managed service account, it ends with `$`.
    pub name: String,
    /// The kind of account: managed service account, computer, user or group.
    pub kind: AccountKind,
    /// Whether the account is enabled.
    pub enabled: bool,
    /// The SIDs in effect for a network sign-in: the account's own, those of its groups, Everyone, Authenticated Users
    /// and NETWORK, and the built-in groups that contain any of these.
    pub token: SecurityToken,
    /// The source of the groups in the token.
    pub group_source: GroupSource,
    /// The servers on which a managed service account is installed (`msDS-HostServiceAccountBL`).
    pub servers: Lookup<Vec<Server>>,
}

/// A server on which a managed service account is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Server {
    /// The name, or the distinguished name if nothing else is visible.
    pub name: String,
    /// Whether the server's computer account is enabled; `None` if that is not visible.
    pub is_enabled: Option<bool>,
    /// Whether the server may read the password of the group managed service account (`msDS-GroupMSAMembership`);
    /// `None` if that is not visible or the account is of a different kind.
    pub reads_password: Option<bool>,
}

impl Account {
    /// Finds the accounts that connectors running version 6.2501.2000.5 or newer created for themselves: managed
    /// service accounts named `msaODJ…`. The result includes accounts that no server [uses](Self::serves).
    ///
    /// # Errors
    /// Same as [`Directory::search_page`].
    pub async fn connectors(directory: &dyn Directory, domain: &Domain) -> Result<Vec<Self>, DirectoryError> {
        AccountReader::new(directory, domain).await?.connectors().await
    }

    /// Returns whether an enabled server uses the account; `None` if that is not visible.
    pub fn serves(&self) -> Option<bool> {
        match &self.servers {
            Lookup::Unknown => None,
            Lookup::Absent => Some(false),
            Lookup::Present(servers) => {
                let of_any = |enabled| servers.iter().any(|server| server.is_enabled == enabled);
                if of_any(Some(true)) { Some(true) } else { (!of_any(None)).then_some(false) }
            }
        }
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
            .field("group_source", &self.group_source)
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}

/// Reads accounts of one domain.
pub(in crate::ad) struct AccountReader<'a> {
    pub(in crate::ad) directory: &'a dyn Directory,
    pub(in crate::ad) domain: &'a Domain,
    /// The SIDs that every network sign-in has.
    everybody: SecurityToken,
    /// Whether group members are visible.
    sees_members: bool,
}

/// The attributes read of an account.
const ATTRIBUTES: [&str; 7] = [
    "objectSid",
    "objectClass",
    "sAMAccountName",
    "userAccountControl",
    "primaryGroupID",
    HOSTS,
    PASSWORD_READERS,
];
const HOSTS: &str = "msDS-HostServiceAccountBL";
const PASSWORD_READERS: &str = "msDS-GroupMSAMembership";

impl<'a> AccountReader<'a> {
    pub(in crate::ad) async fn new(
        directory: &'a dyn Directory,
        domain: &'a Domain,
    ) -> Result<Self, DirectoryError> {
        let mut reader = Self { directory, domain, everybody: SecurityToken::default(), sees_members: false };
        let everybody = [Sid::everyone(), Sid::authenticated_users(), Sid::network()];
        let principals = everybody.iter().map(|sid| SearchFilter::equals("objectSid", sid.to_bytes()));
        let principals = directory.search(reader.below(SearchFilter::any(principals)), MAX_ACCOUNTS).await?;
        let names = principals.iter().map(|entry| entry.distinguished_name().to_owned()).collect();
        // Whether a group of the domain counts that has everybody as a member is not certain.
        let (builtin, other): (Vec<Sid>, Vec<Sid>) =
            reader.groups_of(names).await?.into_iter().partition(Sid::is_builtin);
        // No domain has an empty group Users: if it seems so, members are not visible.
        let users = SearchFilter::all([
            SearchFilter::equals("objectSid", Sid::builtin_users().to_bytes()),
            SearchFilter::present("member"),
        ]);
        reader.sees_members = !directory.search(reader.below(users), MAX_ACCOUNTS).await?.is_empty();
        reader.everybody = SecurityToken::from_sids(everybody.into_iter().chain(builtin)).with_unknown(other);
        Ok(reader)
    }

    /// Creates a search below the domain for accounts with their attributes.
    pub(in crate::ad) fn below(&self, filter: SearchFilter) -> Search {
        Search::subtree(&*self.domain.naming_context, filter)
    }

    /// Returns the accounts that match a search.
    pub(in crate::ad) async fn accounts(&self, search: Search) -> Result<Vec<Account>, DirectoryError> {
        let found = match self.directory.search(search.with_attributes(ATTRIBUTES), MAX_ACCOUNTS).await {
            Err(error) if error.kind() == DirectoryErrorKind::NotFound => Vec::new(),
            found => found?,
        };
        let mut accounts = Vec::new();
        for entry in found {
            let (Some(sid), Some(name)) = (entry.sid("objectSid")?, entry.text("sAMAccountName")) else {
                continue;
            };
            let (token, group_source) = self.token(&entry, &sid).await?;
            let kind = AccountKind::of(&entry);
            accounts.push(Account {
                distinguished_name: entry.distinguished_name().to_owned(),
                name: name.to_owned(),
                kind,
                enabled: is_enabled(&entry).unwrap_or(true),
                token,
                group_source,
                servers: if kind.is_managed() { self.servers(&entry, kind).await? } else { Lookup::Absent },
                sid,
            });
        }
        accounts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(accounts)
    }

    pub(in crate::ad) async fn connectors(&self) -> Result<Vec<Account>, DirectoryError> {
        let created = SearchFilter::all([
            SearchFilter::equals("objectClass", "msDS-ManagedServiceAccount"),
            SearchFilter::starts_with("sAMAccountName", CONNECTOR_ACCOUNTS),
        ]);
        self.accounts(self.below(created)).await
    }

    /// Returns the token of an account for one access check, with trustees marked whose membership is not known.
    pub(in crate::ad) async fn token_for(
        &self,
        account: &Account,
        descriptor: &SecurityDescriptor,
    ) -> Result<SecurityToken, DirectoryError> {
        let (mut own, mut unknown) = (BTreeSet::new(), BTreeSet::new());
        let trustees =
            descriptor.dacl().into_iter().flat_map(|dacl| dacl.aces()).filter_map(|ace| ace.trustee());
        for trustee in trustees.collect::<BTreeSet<_>>() {
            if account.token.contains(trustee) {
                continue;
            }
            if *trustee == Sid::owner_rights() {
                match descriptor.owner() {
                    Some(owner) if account.token.contains(owner) => own.insert(trustee.clone()),
                    Some(_) => false,
                    None => unknown.insert(trustee.clone()),
                };
            } else if !self.knows_membership(account, trustee).await? {
                unknown.insert(trustee.clone());
            }
        }
        if own.is_empty() && unknown.is_empty() {
            return Ok(account.token.clone());
        }
        let sids = account.token.sids().cloned().chain(own);
        let still = account.token.unknown().cloned();
        Ok(SecurityToken::from_sids(sids).with_unknown(unknown.into_iter().chain(still)))
    }

    /// Returns `true` if the account is known not to be a member of `sid`, which is missing from its token.
    async fn knows_membership(&self, account: &Account, sid: &Sid) -> Result<bool, DirectoryError> {
        if account.token.is_unknown(sid) {
            return Ok(false);
        }
        if sid.is_never_of_a_network_sign_in() || *sid == Sid::enterprise_domain_controllers() {
            return Ok(true);
        }
        if sid.is_builtin() {
            return Ok(self.sees_members);
        }
        let Some(domain) = sid.domain() else { return Ok(false) };
        match account.group_source {
            // Claims stand in no attribute.
            GroupSource::TokenGroups => Ok(domain != Sid::claims()),
            GroupSource::Membership => {
                Ok(domain == self.domain.sid && !self.may_have_hidden_members(sid).await?)
            }
        }
    }

    /// Returns `false` only for a visible entry that is not a group, or a group whose members all belong to this
    /// domain.
    async fn may_have_hidden_members(&self, sid: &Sid) -> Result<bool, DirectoryError> {
        if !self.sees_members {
            return Ok(true);
        }
        let attributes = ["objectClass", "objectSid", "member"];
        let group = self.below(SearchFilter::equals("objectSid", sid.to_bytes())).with_attributes(attributes);
        let mut found = self.directory.search(group, MAX_GROUPS).await?;
        if found.is_empty() {
            return Ok(true);
        }
        let mut seen = BTreeSet::new();
        while !found.is_empty() {
            let foreign = |entry: &Entry| {
                let is_foreign = |sid: &Sid| sid.domain().is_some_and(|domain| domain != self.domain.sid);
                entry.sid("objectSid").ok().flatten().is_none_or(|sid| is_foreign(&sid))
                    || entry.texts("member").any(|member| !dn::is_below(member, &self.domain.naming_context))
            };
            if found.iter().any(foreign) {
                return Ok(true);
            }
            let groups = found.iter().filter(|entry| entry.has("objectClass", "group"));
            let new: Vec<String> = groups
                .map(|group| group.distinguished_name().to_owned())
                .filter(|name| seen.insert(name.clone()))
                .collect();
            found = match self.related("memberOf", &new, &attributes).await {
                // More members than the directory shows at once.
                Err(error) if error.kind() == DirectoryErrorKind::Unexpected => return Ok(true),
                found => found?,
            };
        }
        Ok(false)
    }

    /// Returns the token of an account, from `tokenGroups` or else from its memberships.
    async fn token(&self, entry: &Entry, sid: &Sid) -> Result<(SecurityToken, GroupSource), DirectoryError> {
        // The directory computes it for one entry at a time only.
        let computed = Search::entry(entry.distinguished_name()).with_attributes(["tokenGroups"]);
        let computed = self.directory.read(computed).await?;
        let computed = computed.map(|entry| entry.sids("tokenGroups")).transpose()?.unwrap_or_default();
        // Every account has a primary group.
        let (mut groups, source) = match computed.is_empty() && !entry.has("objectClass", "group") {
            false => (computed, GroupSource::TokenGroups),
            true => (self.memberships(entry).await?, GroupSource::Membership),
        };
        if self.domain.sid.with_relative_id(DOMAIN_CONTROLLERS).is_ok_and(|group| groups.contains(&group)) {
            groups.push(Sid::enterprise_domain_controllers());
        }
        let sids = self.everybody.sids().cloned().chain([sid.clone()]).chain(groups);
        let token = SecurityToken::from_sids(sids).with_unknown(self.everybody.unknown().cloned());
        Ok((token, source))
    }

    /// Returns the primary group of an account and all groups that contain it, directly or not.
    async fn memberships(&self, entry: &Entry) -> Result<Vec<Sid>, DirectoryError> {
        let mut names = vec![entry.distinguished_name().to_owned()];
        let mut sids = Vec::new();
        let primary = entry.number("primaryGroupID").and_then(|id| u32::try_from(id).ok());
        if let Some(primary) = primary.and_then(|id| self.domain.sid.with_relative_id(id).ok()) {
            let group = self.below(SearchFilter::equals("objectSid", primary.to_bytes()));
            let group = self.directory.search(group.with_attributes(["objectSid"]), MAX_GROUPS).await?;
            names.extend(group.iter().map(|group| group.distinguished_name().to_owned()));
            sids.push(primary);
        }
        sids.extend(self.groups_of(names).await?);
        Ok(sids)
    }

    /// Returns the security groups that contain these entries, directly or not.
    async fn groups_of(&self, names: Vec<String>) -> Result<Vec<Sid>, DirectoryError> {
        let mut seen: BTreeSet<String> = names.iter().cloned().collect();
        let (mut new, mut sids) = (names, Vec::new());
        while !new.is_empty() {
            let found = self.related("member", &new, &["objectSid", "groupType"]).await?;
            new.clear();
            for group in found {
                let is_security = group.number("groupType").is_none_or(|bits| bits & SECURITY_ENABLED != 0);
                let name = group.distinguished_name().to_owned();
                if let (true, Some(sid)) = (is_security && !seen.contains(&name), group.sid("objectSid")?) {
                    sids.push(sid);
                    new.push(name.clone());
                    seen.insert(name);
                }
            }
        }
        Ok(sids)
    }

    /// Returns the entries that have one of these names as a value of `attribute`.
    async fn related(
        &self,
        attribute: &str,
        names: &[String],
        attributes: &[&str],
    ) -> Result<Vec<Entry>, DirectoryError> {
        let mut found = Vec::new();
        for names in names.chunks(NAMES_PER_SEARCH) {
            let filter = SearchFilter::any(names.iter().map(|name| SearchFilter::equals(attribute, &**name)));
            let search = self.below(filter).with_attributes(attributes.iter().copied());
            found.extend(self.directory.search(search, MAX_GROUPS).await?);
        }
        Ok(found)
    }

    /// Returns the servers that use a managed service account.
    async fn servers(
        &self,
        account: &Entry,
        kind: AccountKind,
    ) -> Result<Lookup<Vec<Server>>, DirectoryError> {
        let names: Vec<&str> = account.texts(HOSTS).collect();
        if names.is_empty() {
            // Where not even this is visible, the missing names may be hidden.
            let reads = account.number("primaryGroupID").is_some();
            return Ok(if reads { Lookup::Absent } else { Lookup::Unknown });
        }
        let readers = match kind {
            AccountKind::GroupManagedServiceAccount => account.values(PASSWORD_READERS).first(),
            _ => None,
        };
        let readers = readers.and_then(|bytes| SecurityDescriptor::from_bytes(bytes).ok());
        let mut servers = Vec::new();
        for name in names {
            let attributes =
                ["objectSid", "objectClass", "sAMAccountName", "userAccountControl", "primaryGroupID"];
            let server = self.directory.read(Search::entry(name).with_attributes(attributes)).await?;
            let sid = server.as_ref().map(|server| server.sid("objectSid")).transpose()?.flatten();
            let reads_password = match (&server, &sid, &readers) {
                (Some(server), Some(sid), Some(readers)) => {
                    let (token, _) = self.token(server, sid).await?;
                    let access = readers.check_access(&token, AccessMask::READ_PROPERTY, None);
                    access.is_certain().then_some(access.is_granted())
                }
                _ => None,
            };
            let shown = server.as_ref().and_then(|server| server.text("sAMAccountName"));
            servers.push(Server {
                name: shown.map_or(name, |name| name.trim_end_matches('$')).to_owned(),
                is_enabled: server.as_ref().and_then(is_enabled),
                reads_password,
            });
        }
        Ok(Lookup::Present(servers))
    }
}

/// Returns whether an account is enabled; `None` if that is not visible.
fn is_enabled(account: &Entry) -> Option<bool> {
    account.number("userAccountControl").map(|bits| bits & DISABLED == 0)
}
