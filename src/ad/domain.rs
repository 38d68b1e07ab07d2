//! A domain as its server describes it.

use super::descriptor::Sid;
use super::directory::{Directory, DirectoryError, DirectoryErrorKind, Search, SearchFilter};
use super::dn;
use crate::model::AdDomain;

/// The capability that marks Active Directory.
const IS_ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";
/// The capability that marks a read-only domain controller.
const IS_READ_ONLY: &str = "1.2.840.113556.1.4.1920";
/// The well-known container in which computer accounts are created by default.
const COMPUTERS: &str = "AA312825768811D1ADED00C04FD8D5CD";
/// The well-known container for managed service accounts.
const MANAGED_SERVICE_ACCOUNTS: &str = "1EB93889E40C45DF9F0C64D23BBB6237";
/// An Active Directory domain, as described by a domain controller.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// use windows_autopilot::ad::Domain;
///
/// let domain = Domain::read(&directory).await?.ok_or("not Active Directory")?;
/// println!("{}: {:?} computers for everyone", domain.name, domain.machine_account_quota);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Domain {
    /// The DNS name.
    pub name: AdDomain,
    /// The distinguished name.
    pub naming_context: String,
    /// The short name: the part before the backslash in `CORP\name`.
    pub netbios_name: Option<String>,
    /// The domain's SID, which is the prefix of its accounts' SIDs.
    pub sid: Sid,
    /// The functional level: 7 for Windows Server 2016, 10 for Windows Server 2025.
    pub functional_level: Option<i64>,
    /// The number of computers that an account may add without being delegated the right: `ms-DS-MachineAccountQuota`,
    /// usually 10.
    pub machine_account_quota: Option<i64>,
    /// The container in which computer accounts are created by default.
    pub computers: Option<String>,
    /// The container for managed service accounts.
    pub managed_service_accounts: Option<String>,
    /// The DNS name of the server.
    pub server: Option<String>,
    /// Whether the server is a read-only domain controller.
    pub is_read_only: bool,
}

impl Domain {
    /// Reads the domain of a server. Returns `None` if the server is not an Active Directory domain controller.
    ///
    /// # Errors
    /// Same as [`Directory::search_page`].
    pub async fn read(directory: &dyn Directory) -> Result<Option<Self>, DirectoryError> {
        let server = ["defaultNamingContext", "configurationNamingContext", "supportedCapabilities"];
        let server =
            Search::entry("").with_attributes(server).with_attributes(["domainFunctionality", "dnsHostName"]);
        let server = directory.read(server).await?;
        let Some(server) = server.filter(|server| server.has("supportedCapabilities", IS_ACTIVE_DIRECTORY))
        else {
            return Ok(None);
        };
        let missing = |what: &str| DirectoryError::unexpected(format!("the server does not report {what}"));
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
            server: server.text("dnsHostName").map(str::to_owned),
            is_read_only: server.has("supportedCapabilities", IS_READ_ONLY),
        }))
    }

    /// Reads the domain of a server, which must be Active Directory.
    pub(in crate::ad) async fn require(directory: &dyn Directory) -> Result<Self, DirectoryError> {
        let message = "the server does not say that it is Active Directory";
        let other = || DirectoryError::unexpected(message).with_remedy("connect to a domain controller");
        Self::read(directory).await?.ok_or_else(other)
    }

    /// Returns an error if the server is a read-only domain controller.
    pub(in crate::ad) fn require_writable(&self) -> Result<(), DirectoryError> {
        if !self.is_read_only {
            return Ok(());
        }
        let server = self.server.as_deref().unwrap_or("the server");
        Err(DirectoryError::new(
            DirectoryErrorKind::ReadOnly,
            format!("{server} is a read-only domain controller of {}, which takes no changes", self.name),
        ))
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
    // An account that may not see it does without.
    let page = match page {
        Err(error) if error.kind() == DirectoryErrorKind::NotFound => return Ok(None),
        page => page?,
    };
    Ok(page.entries.iter().find_map(|entry| entry.text("nETBIOSName")).map(str::to_owned))
}
