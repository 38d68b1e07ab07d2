//! An in-memory directory for examples and tests. It handles this crate's calls in the same way as Active Directory.

mod entries;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::entries::{Entries, Node};
use super::descriptor::{AccessMask, Acl, Control, Guid, SddlDomain, SecurityDescriptor, SecurityToken, Sid};
use super::directory::{
    DESCRIPTOR, DescriptorParts, Directory, DirectoryError, DirectoryErrorKind, Entry, Modification,
    PageCookie, Search, SearchFilter, SearchPage, SearchScope,
};
use super::dn;
use crate::model::{AdDomain, OrganizationalUnit};

/// The classes for which the directory reports who may create an object.
const CLASSES: [(&str, Guid); 4] = [
    ("computer", Guid::COMPUTER),
    ("organizationalUnit", Guid::ORGANIZATIONAL_UNIT),
    ("user", Guid::USER),
    ("msDS-ManagedServiceAccount", Guid::MANAGED_SERVICE_ACCOUNT),
];

/// The `groupType` of a global security group.
const SECURITY_GROUP: &str = "-2147483646";
/// The first relative id of accounts that are created after the domain.
const FIRST_ACCOUNT: u32 = 1_104;

/// An in-memory domain. Clones share the same domain.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use windows_autopilot::ad::memory::MemoryDirectory;
/// use windows_autopilot::ad::Domain;
///
/// let directory = MemoryDirectory::new(&"corp.example".parse()?);
/// let domain = Domain::read(&directory).await?.expect("it is Active Directory");
/// assert_eq!(domain.machine_account_quota, Some(10));
/// # Ok(()) });
/// ```
///
/// The directory contains the domain's root object, the containers for computers and managed service accounts, the most
/// common groups, and the entries added to it. Calls are made as the domain's administrator or [as another
/// account](Self::bound_as), subject to the DACLs. Unlike in Active Directory, entries do not inherit permissions, so
/// set each entry's complete DACL. `modify` accepts only security descriptors. An account can read either all attributes
/// of an entry or none. The quota for computers applies only to accounts that
/// [may join computers](Self::let_join_computers).
#[derive(Clone)]
pub struct MemoryDirectory {
    state: Arc<Mutex<State>>,
    account: Sid,
}

struct State {
    entries: Entries,
    domain: AdDomain,
    sid: Sid,
    context: String,
    next_id: u32,
    /// The members by the SID of the group.
    members: Vec<(Sid, Sid)>,
    /// The servers by the SID of their managed service account.
    servers: Vec<(Sid, Sid)>,
    quota: i64,
    /// The accounts that may create computers up to the quota, with the number that each has created.
    joiners: Vec<(Sid, i64)>,
    is_read_only: bool,
    hides_token_groups: bool,
}

impl MemoryDirectory {
    /// Creates a new domain. Returns a handle that makes calls as the domain's administrator.
    pub fn new(domain: &AdDomain) -> Self {
        let context = domain.labels().map(|label| format!("DC={label}")).collect::<Vec<_>>().join(",");
        let sid = domain_sid();
        let mut state = State {
            entries: Entries::default(),
            domain: domain.clone(),
            sid: sid.clone(),
            context: context.clone(),
            next_id: FIRST_ACCOUNT,
            members: Vec::new(),
            servers: Vec::new(),
            quota: 10,
            joiners: Vec::new(),
            is_read_only: false,
            hides_token_groups: false,
        };
        state.add(&context, Entry::new(&*context).with_values("objectClass", ["top", "domain", "domainDNS"]));
        for container in
            ["Computers", "Users", "Managed Service Accounts", "Builtin", "ForeignSecurityPrincipals"]
        {
            let name = format!("CN={container},{context}");
            state.add(
                &name,
                Entry::new(&*name)
                    .with_values("objectClass", ["top", "container"])
                    .with_values("cn", [container]),
            );
        }
        let short = domain.labels().next().unwrap_or_default().to_uppercase();
        let name = format!("CN={short},CN=Partitions,CN=Configuration,{context}");
        let partition = Entry::new(&*name)
            .with_values("objectClass", ["top", "crossRef"])
            .with_values("nCName", [&*context])
            .with_values("nETBIOSName", [&*short]);
        state.add(&name, partition);
        let base = format!("CN=Partitions,CN=Configuration,{context}");
        state.add(&base, Entry::new(&*base).with_values("objectClass", ["top", "crossRefContainer"]));
        state.add_common_groups();
        let account = sid.with_relative_id(500).unwrap_or(sid);
        Self { state: Arc::new(Mutex::new(state)), account }
    }

    /// Returns a handle to the domain that makes calls as another account.
    #[must_use]
    pub fn bound_as(&self, account: &Sid) -> Self {
        Self { state: Arc::clone(&self.state), account: account.clone() }
    }

    /// Adds an OU with default permissions. Its parents need not exist.
    pub fn add_unit(&self, unit: &OrganizationalUnit) {
        let entry = Entry::new(unit.as_str()).with_values("objectClass", ["top", "organizationalUnit"]);
        let entry = entry.with_values("ou", unit.names().first().cloned());
        self.state().add(unit.as_str(), entry);
    }

    /// Adds a managed service account like the one that a connector creates, along with a server, named `SRV-…`, that
    /// uses it. Pass `name` without the `$`.
    pub fn add_managed_service_account(&self, name: &str) -> Sid {
        let classes =
            ["top", "person", "organizationalPerson", "user", "computer", "msDS-ManagedServiceAccount"];
        let container = "Managed Service Accounts";
        let account = self.add_account(name, "$", container, &classes, "ms-DS-Managed-Service-Account");
        let server = self.add_computer(&format!("SRV-{name}"));
        self.set_servers(&account, [server]);
        account
    }

    /// Adds a group managed service account that no server uses yet and whose password `readers` may read. Pass `name`
    /// without the `$`.
    pub fn add_group_managed_service_account(&self, name: &str, readers: &[Sid]) -> Sid {
        let classes =
            ["top", "person", "organizationalPerson", "user", "computer", "msDS-GroupManagedServiceAccount"];
        let container = "Managed Service Accounts";
        let account = self.add_account(name, "$", container, &classes, "ms-DS-Group-Managed-Service-Account");
        let entries: String = readers.iter().map(|reader| format!("(A;;RPWP;;;{reader})")).collect();
        let readers =
            format!("O:BAD:{entries}").parse::<SecurityDescriptor>().map(|readers| readers.to_bytes());
        let mut state = self.state();
        if let (Some(node), Ok(readers)) = (state.entries.by_sid_mut(&account), readers) {
            node.entry = node.entry.clone().with_values("msDS-GroupMSAMembership", [readers]);
        }
        account
    }

    /// Sets the servers that use a managed service account.
    pub fn set_servers(&self, account: &Sid, servers: impl IntoIterator<Item = Sid>) {
        let mut state = self.state();
        state.servers.retain(|(of, _)| of != account);
        state.servers.extend(servers.into_iter().map(|server| (account.clone(), server)));
    }

    /// Adds a computer, such as a legacy connector's server, to the container for computers. Pass `name` without the
    /// `$`.
    pub fn add_computer(&self, name: &str) -> Sid {
        let classes = ["top", "person", "organizationalPerson", "user", "computer"];
        self.add_account(name, "$", "Computers", &classes, "Computer")
    }

    /// Adds a user.
    pub fn add_user(&self, name: &str) -> Sid {
        let classes = ["top", "person", "organizationalPerson", "user"];
        self.add_account(name, "", "Users", &classes, "Person")
    }

    /// Adds a group.
    pub fn add_group(&self, name: &str) -> Sid {
        self.add_account(name, "", "Users", &["top", "group"], "Group")
    }

    /// Adds an account or a group to a group.
    ///
    /// ```
    /// use windows_autopilot::ad::memory::MemoryDirectory;
    /// let directory = MemoryDirectory::new(&"corp.example".parse()?);
    /// let (connectors, account) = (directory.add_group("Connectors"), directory.add_user("odj"));
    /// directory.add_member(&connectors, &account);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_member(&self, group: &Sid, member: &Sid) {
        self.state().members.push((group.clone(), member.clone()));
    }

    /// Removes an account or a group from a group.
    pub fn remove_member(&self, group: &Sid, member: &Sid) {
        self.state().members.retain(|(of, is)| of != group || is != member);
    }

    /// Makes the server a read-only domain controller.
    pub fn set_read_only(&self) {
        self.state().is_read_only = true;
    }

    /// Hides the `tokenGroups` attribute, as a hardened domain does for accounts without the right to read it.
    pub fn hide_token_groups(&self) {
        self.state().hides_token_groups = true;
    }

    /// Removes an entry.
    pub fn remove(&self, name: &str) {
        self.state().entries.remove(name);
    }

    /// Disables an account.
    pub fn disable(&self, account: &Sid) {
        let mut state = self.state();
        if let Some(node) = state.entries.by_sid_mut(account) {
            node.entry =
                without(&node.entry, "userAccountControl").with_values("userAccountControl", ["4098"]);
        }
    }

    /// Sets the number of computers that an account may add without having been delegated the right.
    pub fn set_machine_account_quota(&self, quota: i64) {
        self.state().quota = quota;
    }

    /// Lets an account create computers up to the quota even without a delegated right, through the `Add workstations
    /// to domain` privilege, which Windows gives to all authenticated users and Samba to none.
    pub fn let_join_computers(&self, account: &Sid) {
        self.state().joiners.push((account.clone(), 0));
    }

    /// Moves or renames an OU, which keeps its permissions and GUID.
    pub fn move_unit(&self, from: &OrganizationalUnit, to: &OrganizationalUnit) {
        let mut state = self.state();
        if let Some(mut node) = state.entries.remove(from.as_str()) {
            let entry = without(&node.entry, "ou").with_values("ou", to.names().first().cloned());
            node.entry = renamed(&entry, to.as_str());
            state.entries.insert(to.as_str(), node);
        }
    }

    /// Returns the security descriptor of an entry.
    ///
    /// ```
    /// use windows_autopilot::ad::memory::MemoryDirectory;
    /// use windows_autopilot::model::OrganizationalUnit;
    ///
    /// let directory = MemoryDirectory::new(&"corp.example".parse()?);
    /// let unit: OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
    /// directory.add_unit(&unit);
    /// assert!(directory.descriptor(unit.as_str()).is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn descriptor(&self, name: &str) -> Option<SecurityDescriptor> {
        Some(self.state().entries.get(name)?.descriptor.clone())
    }

    /// Sets the security descriptor of an entry, without an access check.
    pub fn set_descriptor(&self, name: &str, descriptor: SecurityDescriptor) {
        let mut state = self.state();
        let changes = state.entries.next_change();
        if let Some(node) = state.entries.get_mut(name) {
            node.descriptor = descriptor;
            node.changes = changes;
        }
    }

    /// Returns the number of changes so far: the highest `uSNChanged`.
    pub fn changes(&self) -> i64 {
        self.state().entries.iter().map(|(_, node)| node.changes).max().unwrap_or_default()
    }

    fn add_account(&self, name: &str, end: &str, container: &str, classes: &[&str], category: &str) -> Sid {
        let mut state = self.state();
        let dn = format!("CN={},CN={container},{}", dn::escape(name), state.context);
        state.add_account(&dn, &format!("{name}{end}"), classes, category)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn security_token(&self) -> SecurityToken {
        let state = self.state();
        let everybody = [Sid::everyone(), Sid::authenticated_users(), Sid::network()];
        let builtin = everybody.iter().flat_map(|sid| state.above(sid)).filter(Sid::is_builtin);
        let builtin: Vec<Sid> = builtin.collect();
        let groups = state.groups_of(&self.account);
        SecurityToken::from_sids(
            everybody.into_iter().chain(builtin).chain(groups).chain([self.account.clone()]),
        )
    }
}

impl fmt::Debug for MemoryDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryDirectory")
            .field("domain", &self.state().domain.as_str())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Directory for MemoryDirectory {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        let token = self.security_token();
        let state = self.state();
        if search.base.is_empty() {
            return Ok(SearchPage { entries: vec![state.server()], next: None });
        }
        let base = state.entries.find(&search.base).ok_or_else(not_found)?;
        let found = state.entries.iter().filter(|(key, _)| match search.scope {
            SearchScope::Base => **key == base,
            SearchScope::Subtree => key.ends_with(&base),
        });
        let whole = found.map(|(_, node)| state.answer(node, search, &token, &self.account));
        // Every entry has a class, even if it is not visible.
        let all = search.filter == SearchFilter::present("objectClass");
        let matching: Vec<Entry> = whole.filter(|entry| all || search.filter.matches(entry)).collect();
        let start = search.cookie.as_ref().map_or(Ok(0), place_of)?;
        let end = start.saturating_add(usize::from(search.page_size.max(1)));
        let next = (end < matching.len()).then(|| PageCookie::new(end.to_string().into_bytes()));
        let page = matching.iter().skip(start).take(end.saturating_sub(start));
        Ok(SearchPage { entries: page.map(|entry| read_of(entry, search)).collect(), next })
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        let token = self.security_token();
        let mut state = self.state();
        if state.is_read_only {
            return Err(read_only());
        }
        let key = state.entries.find(&change.distinguished_name).ok_or_else(not_found)?;
        let changes = state.entries.next_change();
        let node = state.entries.node_mut(&key).ok_or_else(not_found)?;
        if !change.attribute.eq_ignore_ascii_case(DESCRIPTOR) || change.descriptor != DescriptorParts::DACL {
            let message = "a directory in memory supports changes of DACLs only";
            return Err(DirectoryError::new(DirectoryErrorKind::Rejected, message));
        }
        if !rights(node, &token, &self.account).contains(AccessMask::WRITE_DACL) {
            return Err(access_denied());
        }
        let given = SecurityDescriptor::from_bytes(&change.value)
            .map_err(|error| DirectoryError::new(DirectoryErrorKind::InvalidInput, error.to_string()))?;
        let dacl = given.dacl().ok_or_else(|| {
            DirectoryError::new(
                DirectoryErrorKind::Rejected,
                "a directory in memory does not remove a null DACL",
            )
        })?;
        node.descriptor = node.descriptor.with_dacl(dacl.clone());
        node.changes = changes;
        Ok(())
    }

    async fn create_computer(&self, container: &str, name: &str) -> Result<(), DirectoryError> {
        let token = self.security_token();
        let mut state = self.state();
        if state.is_read_only {
            return Err(read_only());
        }
        let parent = state.entries.get(container).ok_or_else(not_found)?;
        let by_right = parent
            .descriptor
            .check_access(&token, AccessMask::CREATE_CHILD, Some(Guid::COMPUTER))
            .is_granted();
        let quota = state.quota;
        let joiner = state.joiners.iter().position(|(joiner, _)| !by_right && *joiner == self.account);
        match joiner.and_then(|place| state.joiners.get(place)) {
            Some((_, created)) if *created >= quota => return Err(quota_exceeded()),
            None if !by_right => return Err(access_denied()),
            _ => {}
        }
        let sam = format!("{name}$");
        if state.entries.iter().any(|(_, node)| node.entry.has("sAMAccountName", &sam)) {
            let message = "another account has the computer's name";
            return Err(DirectoryError::new(DirectoryErrorKind::NameTaken, message));
        }
        let dn = format!("CN={},{container}", dn::escape(name));
        state.add_account(
            &dn,
            &sam,
            &["top", "person", "organizationalPerson", "user", "computer"],
            "Computer",
        );
        if let Some(node) = state.entries.get_mut(&dn) {
            node.descriptor = owned_by(&node.descriptor, &self.account);
            // The directory notes the creator of a computer that counts against the quota, and of no other.
            if joiner.is_some() {
                node.entry = node.entry.clone().with_values("mS-DS-CreatorSID", [self.account.to_bytes()]);
            }
        }
        if let Some((_, created)) = joiner.and_then(|place| state.joiners.get_mut(place)) {
            *created += 1;
        }
        Ok(())
    }
}

impl State {
    fn add(&mut self, name: &str, entry: Entry) {
        let descriptor = new_descriptor(&self.sid);
        let changes = self.entries.next_change();
        let guid =
            Guid::from_bytes((0x5EED_0000_0000_0000_u128 + u128::from(changes.unsigned_abs())).to_le_bytes());
        let entry = entry.with_values("objectGUID", [guid.to_bytes()]);
        self.entries.insert(name, Node { entry, descriptor, guid, changes });
    }

    fn add_account(&mut self, dn: &str, sam: &str, classes: &[&str], category: &str) -> Sid {
        let sid = self.sid.with_relative_id(self.next_id).unwrap_or_else(|_| self.sid.clone());
        self.next_id = self.next_id.saturating_add(1);
        self.add_account_as(&sid, dn, sam, classes, category);
        sid
    }

    fn add_account_as(&mut self, sid: &Sid, dn: &str, sam: &str, classes: &[&str], category: &str) {
        let category = format!("CN={category},CN=Schema,CN=Configuration,{}", self.context);
        let control = if sam.ends_with('$') { "4096" } else { "512" };
        let mut entry = Entry::new(dn)
            .with_values("objectClass", classes.iter().copied())
            .with_values("objectCategory", [category])
            .with_values("sAMAccountName", [sam])
            .with_values("objectSid", [sid.to_bytes()]);
        entry = match classes.last() {
            Some(&"group") => entry.with_values("groupType", [SECURITY_GROUP]),
            class => {
                let primary = if classes.contains(&"computer") { "515" } else { "513" };
                let primary = if class.is_some() { primary } else { "513" };
                entry.with_values("userAccountControl", [control]).with_values("primaryGroupID", [primary])
            }
        };
        self.add(dn, entry);
    }

    /// Adds the groups of every domain that matter for the right to create computers, with their members.
    fn add_common_groups(&mut self) {
        let context = self.context.clone();
        for sid in [Sid::everyone(), Sid::authenticated_users(), Sid::network()] {
            let dn = format!("CN={sid},CN=ForeignSecurityPrincipals,{context}");
            let entry = Entry::new(&*dn)
                .with_values("objectClass", ["top", "foreignSecurityPrincipal"])
                .with_values("objectSid", [sid.to_bytes()]);
            self.add(&dn, entry);
        }
        let of_domain = |id: u32| self.sid.with_relative_id(id).ok();
        let builtin = |id: u32| Sid::nt_authority(&[32, id]).ok();
        let groups = [
            (of_domain(512), "Domain Admins", "Users"),
            (of_domain(513), "Domain Users", "Users"),
            (of_domain(515), "Domain Computers", "Users"),
            (builtin(544), "Administrators", "Builtin"),
            (builtin(545), "Users", "Builtin"),
            (builtin(554), "Pre-Windows 2000 Compatible Access", "Builtin"),
        ];
        for (sid, name, container) in groups {
            let Some(sid) = sid else { continue };
            let dn = format!("CN={name},CN={container},{context}");
            self.add_account_as(&sid, &dn, name, &["top", "group"], "Group");
        }
        let everybody = Some(Sid::authenticated_users());
        for (group, member) in [
            (builtin(544), self.sid.with_relative_id(512).ok()),
            (builtin(545), self.sid.with_relative_id(513).ok()),
            (builtin(545), everybody.clone()),
            (builtin(554), everybody),
        ] {
            self.members.extend(group.zip(member));
        }
    }

    /// Returns the groups that contain a SID, directly or not.
    fn above(&self, sid: &Sid) -> Vec<Sid> {
        let mut groups = Vec::new();
        let mut new = vec![sid.clone()];
        while let Some(member) = new.pop() {
            for (group, _) in self.members.iter().filter(|(_, of)| *of == member) {
                if !groups.contains(group) {
                    groups.push(group.clone());
                    new.push(group.clone());
                }
            }
        }
        groups
    }

    /// Returns the groups of an account: its primary group and all that contain it, directly or not.
    fn groups_of(&self, account: &Sid) -> Vec<Sid> {
        let is_computer =
            self.entries.by_sid(account).is_some_and(|node| node.entry.has("objectClass", "computer"));
        let mut groups: Vec<Sid> =
            self.sid.with_relative_id(if is_computer { 515 } else { 513 }).into_iter().collect();
        if account.relative_id() == Some(500) {
            groups.extend(self.sid.with_relative_id(512).ok());
        }
        let above: Vec<Sid> = groups.iter().chain([account]).flat_map(|sid| self.above(sid)).collect();
        groups.extend(above);
        groups.dedup();
        groups
    }

    /// Returns the names of the entries with these SIDs.
    fn names<'a>(&'a self, sids: impl Iterator<Item = &'a Sid>) -> Vec<String> {
        let nodes = sids.filter_map(|sid| self.entries.by_sid(sid));
        nodes.map(|node| node.entry.distinguished_name().to_owned()).collect()
    }

    /// Returns the root DSE.
    fn server(&self) -> Entry {
        Entry::new("")
            .with_values("objectClass", ["top"])
            .with_values("defaultNamingContext", [&*self.context])
            .with_values("configurationNamingContext", [format!("CN=Configuration,{}", self.context)])
            .with_values("supportedCapabilities", ["1.2.840.113556.1.4.800"])
            .with_values("supportedCapabilities", self.is_read_only.then_some("1.2.840.113556.1.4.1920"))
            .with_values("domainFunctionality", ["7"])
            .with_values("dnsHostName", [format!("dc1.{}", self.domain)])
    }

    /// Returns the visible attributes of an entry, with the computed ones in a search for only that entry.
    fn answer(&self, node: &Node, search: &Search, token: &SecurityToken, account: &Sid) -> Entry {
        let mut entry = node.entry.clone().with_values("uSNChanged", [node.changes.to_string()]);
        if dn::same(entry.distinguished_name(), &self.context) {
            let well_known = |guid: &str, name: &str| format!("B:32:{guid}:CN={name},{}", self.context);
            entry = entry
                .with_values("objectSid", [self.sid.to_bytes()])
                .with_values("ms-DS-MachineAccountQuota", [self.quota.to_string()])
                .with_values(
                    "wellKnownObjects",
                    [well_known("AA312825768811D1ADED00C04FD8D5CD", "Computers")],
                )
                .with_values(
                    "otherWellKnownObjects",
                    [well_known("1EB93889E40C45DF9F0C64D23BBB6237", "Managed Service Accounts")],
                );
        }
        if let Ok(Some(sid)) = entry.sid("objectSid") {
            let related = |pairs: &[(Sid, Sid)], is: fn(&(Sid, Sid)) -> (&Sid, &Sid)| {
                self.names(pairs.iter().map(is).filter(|(of, _)| **of == sid).map(|(_, other)| other))
            };
            entry = entry
                .with_values("member", related(&self.members, |(group, member)| (group, member)))
                .with_values("memberOf", related(&self.members, |(group, member)| (member, group)))
                .with_values(
                    "msDS-HostServiceAccountBL",
                    related(&self.servers, |(of, server)| (of, server)),
                );
        }
        let rights = rights(node, token, account);
        if !rights.contains(AccessMask::READ_PROPERTY) {
            entry = Entry::new(entry.distinguished_name());
        }
        if rights.contains(AccessMask::READ_CONTROL) && !search.descriptor.is_empty() {
            let parts = part_of(&node.descriptor, search.descriptor);
            entry = entry.with_values(DESCRIPTOR, [parts.to_bytes()]);
        }
        if search.scope == SearchScope::Base {
            let may_create = CLASSES.iter().filter(|(_, class)| {
                node.descriptor.check_access(token, AccessMask::CREATE_CHILD, Some(*class)).is_granted()
            });
            let dacl = if rights.contains(AccessMask::WRITE_DACL) { "4" } else { "0" };
            entry = entry
                .with_values("allowedChildClassesEffective", may_create.map(|(name, _)| *name))
                .with_values("sDRightsEffective", [dacl]);
            if let (Ok(Some(sid)), false) = (entry.sid("objectSid"), self.hides_token_groups) {
                entry = entry.with_values("tokenGroups", self.groups_of(&sid).iter().map(Sid::to_bytes));
            }
        }
        entry
    }
}

/// Returns the requested attributes of an entry.
fn read_of(entry: &Entry, search: &Search) -> Entry {
    search.attributes.iter().fold(Entry::new(entry.distinguished_name()), |read, attribute| {
        match entry.values(attribute) {
            [] => read,
            values => read.with_values(attribute, values.iter().cloned()),
        }
    })
}

/// Returns the rights of an account on an entry itself; the owner may always read and change the permissions.
fn rights(node: &Node, token: &SecurityToken, account: &Sid) -> AccessMask {
    let granted = node.descriptor.check_access(token, AccessMask::FULL_CONTROL, None).granted;
    let owns = node.descriptor.owner().is_some_and(|owner| owner == account || token.contains(owner));
    if owns { granted | AccessMask::READ_CONTROL | AccessMask::WRITE_DACL } else { granted }
}

fn part_of(descriptor: &SecurityDescriptor, parts: DescriptorParts) -> SecurityDescriptor {
    let owner = descriptor.owner().filter(|_| parts.contains(DescriptorParts::OWNER)).cloned();
    let dacl = descriptor.dacl().filter(|_| parts.contains(DescriptorParts::DACL)).cloned();
    let control = match &dacl {
        Some(_) => descriptor.control().without(Control::SACL_PRESENT),
        None => Control::SELF_RELATIVE,
    };
    SecurityDescriptor::from_parts(control, owner, None, None, dacl)
}

fn owned_by(descriptor: &SecurityDescriptor, owner: &Sid) -> SecurityDescriptor {
    let dacl = descriptor.dacl().cloned();
    SecurityDescriptor::from_parts(descriptor.control(), Some(owner.clone()), None, None, dacl)
}

/// Returns the permissions of a new OU, as in the schema of Active Directory.
fn new_descriptor(domain: &Sid) -> SecurityDescriptor {
    const NEW: &str = "O:DAG:DAD:(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)\
        (OA;;CCDC;bf967a86-0de6-11d0-a285-00aa003049e2;;AO)(OA;;CCDC;bf967aba-0de6-11d0-a285-00aa003049e2;;AO)\
        (OA;;CCDC;bf967a9c-0de6-11d0-a285-00aa003049e2;;AO)(A;;RPLCLORC;;;AU)(A;;LCRPLORC;;;ED)";
    let domain = SddlDomain { domain, forest_root: domain };
    let empty = || {
        let dacl = Acl::new([]).ok();
        let control = Control::SELF_RELATIVE | Control::DACL_PRESENT;
        SecurityDescriptor::from_parts(control, None, None, None, dacl)
    };
    SecurityDescriptor::from_sddl(NEW, Some(domain)).unwrap_or_else(|_| empty())
}

fn domain_sid() -> Sid {
    Sid::nt_authority(&[21, 1_111_111_111, 2_222_222_222, 3_333_333_333]).unwrap_or_else(|_| Sid::everyone())
}

fn place_of(end: &PageCookie) -> Result<usize, DirectoryError> {
    let place = std::str::from_utf8(end.as_bytes()).ok().and_then(|text| text.parse().ok());
    let message = "the page cookie is not from this directory";
    place.ok_or_else(|| DirectoryError::new(DirectoryErrorKind::InvalidInput, message))
}

fn without(entry: &Entry, attribute: &str) -> Entry {
    copied(entry, entry.distinguished_name(), |name| !name.eq_ignore_ascii_case(attribute))
}

fn renamed(entry: &Entry, name: &str) -> Entry {
    copied(entry, name, |_| true)
}

fn copied(entry: &Entry, name: &str, keep: impl Fn(&str) -> bool) -> Entry {
    let kept = entry.attributes().filter(|attribute| keep(attribute));
    kept.fold(Entry::new(name), |copy, attribute| {
        copy.with_values(attribute, entry.values(attribute).to_vec())
    })
}

fn not_found() -> DirectoryError {
    DirectoryError::new(DirectoryErrorKind::NotFound, "there is no such entry")
}

fn read_only() -> DirectoryError {
    DirectoryError::new(DirectoryErrorKind::ReadOnly, "the server is a read-only domain controller")
}

fn quota_exceeded() -> DirectoryError {
    let message = "the account has created as many computers as the domain allows without a right";
    DirectoryError::new(DirectoryErrorKind::QuotaExceeded, message)
}

fn access_denied() -> DirectoryError {
    DirectoryError::new(DirectoryErrorKind::AccessDenied, "the account has no right to do this")
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "OU=Autopilot,DC=corp,DC=example";

    fn directory() -> MemoryDirectory {
        let directory = MemoryDirectory::new(&"corp.example".parse().unwrap());
        directory.add_unit(&UNIT.parse().unwrap());
        directory
    }

    #[tokio::test]
    async fn an_entry_is_found_by_any_of_its_names() {
        let directory = directory();
        let account = directory.add_managed_service_account("odj");
        let read = async |name: &str, attribute| {
            directory.read(Search::entry(name).with_attributes([attribute])).await.unwrap()
        };
        let unit = read("ou=AUTOPILOT,dc=corp,dc=example", "objectGUID").await.unwrap();
        let guid = unit.guid("objectGUID").unwrap();
        for (name, found) in [
            (format!("<GUID={guid}>"), UNIT),
            (format!("<SID={account}>"), "CN=odj,CN=Managed Service Accounts,DC=corp,DC=example"),
        ] {
            assert_eq!(read(&name, "cn").await.unwrap().distinguished_name(), found);
        }
        for name in
            ["OU=Other,DC=corp,DC=example", "<GUID=x>", "<SID=S-1-5-9>", "<WKGUID=x,DC=corp>", "nonsense"]
        {
            assert_eq!(read(name, "cn").await, None, "{name}");
        }
    }

    #[tokio::test]
    async fn a_search_comes_in_pages_and_shows_what_was_asked_for() {
        let directory = directory();
        for number in 0..7 {
            directory.add_computer(&format!("PC{number}"));
        }
        let mut search =
            Search::subtree("DC=corp,DC=example", SearchFilter::equals("objectCategory", "computer"))
                .with_attributes(["objectSid"]);
        search.page_size = 3;
        let mut sizes = Vec::new();
        loop {
            let page = directory.search_page(&search).await.unwrap();
            sizes.push(page.entries.len());
            assert!(page.entries.iter().all(|entry| entry.attributes().eq(["objectsid"])));
            match page.next {
                Some(next) => search.cookie = Some(next),
                None => break,
            }
        }
        assert_eq!(sizes, [3, 3, 1]);
        search.cookie = Some(PageCookie::new(b"x".to_vec()));
        let error = directory.search_page(&search).await.unwrap_err();
        assert_eq!(error.kind(), DirectoryErrorKind::InvalidInput);
    }

    #[tokio::test]
    async fn an_account_does_what_the_permissions_let_it() {
        let directory = directory();
        let (me, group) = (directory.add_user("me"), directory.add_group("group"));
        let mine = directory.bound_as(&me);
        let read = Search::entry(UNIT).with_descriptor(DescriptorParts::DACL);
        let write = |sddl: &str| Modification::dacl(UNIT, &sddl.parse().unwrap());
        let denied = mine.modify(&write("D:(A;;GA;;;WD)")).await.unwrap_err();
        assert_eq!(denied.kind(), DirectoryErrorKind::AccessDenied);

        directory.modify(&write(&format!("D:(A;;WD;;;{group})"))).await.unwrap();
        assert_eq!(mine.read(read.clone()).await.unwrap().unwrap().descriptor().unwrap(), None);
        directory.add_member(&group, &me);
        let owner = directory.descriptor(UNIT).unwrap().owner().cloned();
        let changes = directory.changes();
        mine.modify(&write(&format!("D:(A;;RCWD;;;{me})"))).await.unwrap();
        assert!(directory.changes() > changes);
        let seen = mine.read(read).await.unwrap().unwrap().descriptor().unwrap().unwrap();
        assert_eq!((seen.to_string(), seen.owner()), (format!("D:(A;;RCWD;;;{me})"), None));
        assert_eq!(directory.descriptor(UNIT).unwrap().owner().cloned(), owner, "the owner is kept");

        let other = Modification { attribute: "description".into(), ..write("D:") };
        assert_eq!(directory.modify(&other).await.unwrap_err().kind(), DirectoryErrorKind::Rejected);
        let nothing = Modification { value: vec![1, 2, 3], ..write("D:") };
        assert_eq!(directory.modify(&nothing).await.unwrap_err().kind(), DirectoryErrorKind::InvalidInput);
    }
}
