//! The interface through which this crate searches and changes a directory. Tests and dry runs need no server.
//!
//! [`MemoryDirectory`](super::memory::MemoryDirectory) is for tests; `LdapDirectory` (feature `ldap`) connects to a
//! real one.

mod entry;
mod error;
mod filter;

use std::fmt;

use async_trait::async_trait;

pub use self::entry::Entry;
pub use self::error::{DirectoryError, DirectoryErrorKind};
pub use self::filter::SearchFilter;

/// The default page size: below the 1,000 at which Windows stops.
const PAGE_SIZE: u16 = 500;

/// The directory operations on which the rest of [`ad`](super) is built.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use async_trait::async_trait;
/// use windows_autopilot::ad::delegation::Delegation;
/// use windows_autopilot::ad::directory::{
///     Directory, DirectoryError, DirectoryErrorKind, Modification, Search, SearchPage,
/// };
///
/// /// A directory that can be read but rejects every change.
/// #[derive(Debug)]
/// struct ReadOnly<D>(D);
///
/// #[async_trait]
/// impl<D: Directory> Directory for ReadOnly<D> {
///     async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
///         self.0.search_page(search).await
///     }
///
///     async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
///         let message = format!("{} is not changed", change.distinguished_name);
///         Err(DirectoryError::new(DirectoryErrorKind::ReadOnly, message))
///     }
/// }
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// let directory = ReadOnly(directory);
/// let refused = Delegation::new(&unit, connector).apply(&directory).await.unwrap_err();
/// assert_eq!(refused.kind(), DirectoryErrorKind::ReadOnly);
/// # Ok(()) });
/// ```
///
/// Entries are identified by distinguished name, or in the form `<GUID=…>` or `<SID=…>`, by which Active Directory finds
/// an entry even after a move. The name `""` refers to the root DSE, which represents the server itself.
#[async_trait]
pub trait Directory: fmt::Debug + Send + Sync {
    /// Returns one page of search results.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the base entry does not exist or is not visible.
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError>;

    /// Replaces an attribute of an entry.
    ///
    /// # Errors
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account is not permitted to change it. After
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted), the outcome is not
    /// known.
    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError>;

    /// Creates a computer account and sets its names and service principal names, as the connector does for a device.
    /// The signed-in account is the creator. `container` is the distinguished name of an organizational unit or
    /// container; `name` has no trailing `$`.
    ///
    /// The default implementation returns [`Rejected`](DirectoryErrorKind::Rejected), because checks and delegations
    /// create no computers.
    ///
    /// # Errors
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the account is not permitted to create computers;
    /// [`QuotaExceeded`](DirectoryErrorKind::QuotaExceeded) if it can create them only within the domain's quota, which
    /// is exhausted; [`NameTaken`](DirectoryErrorKind::NameTaken) if another account has the name;
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the container does not exist or is not visible. After
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted), the outcome is not
    /// known.
    async fn create_computer(&self, container: &str, name: &str) -> Result<(), DirectoryError> {
        let _ = (container, name);
        Err(DirectoryError::new(DirectoryErrorKind::Rejected, "this directory creates no computers"))
    }

    /// Waits for concurrent changes by other clients to finish, so that another read shows whether this client's change
    /// was overwritten. Does nothing unless the directory is shared.
    async fn settle(&self) {}

    /// Returns all search results, reading page by page.
    ///
    /// # Errors
    /// Same as [`search_page`](Self::search_page); [`Unexpected`](DirectoryErrorKind::Unexpected) if there are more
    /// than `limit` entries.
    async fn search(&self, search: Search, limit: usize) -> Result<Vec<Entry>, DirectoryError> {
        // A page may be empty although others follow; without end they must not.
        let mut empty = 0;
        let mut search = search;
        let mut found = Vec::new();
        loop {
            let page = self.search_page(&search).await?;
            empty = if page.entries.is_empty() { empty + 1 } else { 0 };
            found.extend(page.entries);
            if found.len() > limit {
                return Err(DirectoryError::unexpected(format!("a search found more than {limit} entries")));
            }
            match page.next {
                None => return Ok(found),
                Some(_) if empty > 100 => {
                    return Err(DirectoryError::unexpected("a search went on without finding anything"));
                }
                next => search.cookie = next,
            }
        }
    }

    /// Returns one entry; `None` if it does not exist or is not visible.
    ///
    /// # Errors
    /// Same as [`search_page`](Self::search_page).
    async fn read(&self, search: Search) -> Result<Option<Entry>, DirectoryError> {
        match self.search_page(&search).await {
            Ok(page) => Ok(page.entries.into_iter().next()),
            Err(error) if error.kind() == DirectoryErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A search: its base, its scope, its filter, and the attributes to read.
///
/// ```
/// use windows_autopilot::ad::directory::{SearchFilter, Search};
/// let computers = Search::subtree("DC=corp,DC=example", SearchFilter::equals("objectCategory", "computer"))
///     .with_attributes(["sAMAccountName"]);
/// let unit = Search::entry("OU=Autopilot,DC=corp,DC=example").with_attributes(["objectClass"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Search {
    /// The distinguished name of the base entry.
    pub base: String,
    /// The depth of the search below the base entry.
    pub scope: SearchScope,
    /// The filter that entries must match.
    pub filter: SearchFilter,
    /// The attributes to read; computed attributes must be listed explicitly.
    pub attributes: Vec<String>,
    /// The parts of `nTSecurityDescriptor` to read.
    pub descriptor: DescriptorParts,
    /// The page size.
    pub page_size: u16,
    /// The cookie of the previous page; `None` for the first page.
    pub cookie: Option<PageCookie>,
}

impl Search {
    /// Creates a search for one entry.
    pub fn entry(name: impl Into<String>) -> Self {
        Self::new(name, SearchScope::Base, SearchFilter::present("objectClass"))
    }

    /// Creates a search for an entry and all entries below it.
    pub fn subtree(base: impl Into<String>, filter: SearchFilter) -> Self {
        Self::new(base, SearchScope::Subtree, filter)
    }

    fn new(base: impl Into<String>, scope: SearchScope, filter: SearchFilter) -> Self {
        let nothing = DescriptorParts::default();
        Self {
            base: base.into(),
            scope,
            filter,
            attributes: Vec::new(),
            descriptor: nothing,
            page_size: PAGE_SIZE,
            cookie: None,
        }
    }

    /// Adds attributes to read.
    #[must_use]
    pub fn with_attributes<'a>(mut self, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        self.attributes.extend(attributes.into_iter().map(str::to_owned));
        self
    }

    /// Adds parts of `nTSecurityDescriptor` to read.
    #[must_use]
    pub fn with_descriptor(mut self, parts: DescriptorParts) -> Self {
        self.descriptor = parts;
        self.with_attributes([DESCRIPTOR])
    }
}

/// The attribute with an entry's security descriptor.
pub(in crate::ad) const DESCRIPTOR: &str = "nTSecurityDescriptor";

/// The scope of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchScope {
    /// Only the base entry.
    Base,
    /// The base entry and all entries below it.
    Subtree,
}

/// The parts of a security descriptor that are read or written. All other parts are left unchanged.
///
/// ```
/// use windows_autopilot::ad::directory::{DescriptorParts, Search};
/// let search = Search::entry("OU=Autopilot,DC=corp,DC=example").with_descriptor(DescriptorParts::DACL);
/// ```
///
/// The SACL is not supported: reading it requires an administrative privilege, and without that privilege the whole
/// attribute is missing from the response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DescriptorParts(u32);

impl DescriptorParts {
    /// The owner of the object.
    pub const OWNER: Self = Self(1);
    /// The object's DACL.
    pub const DACL: Self = Self(4);
    /// The owner and the DACL.
    pub const OWNER_AND_DACL: Self = Self(5);

    /// Returns the flags for the LDAP control (MS-ADTS 3.1.1.3.4.1.11).
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns `true` if no part is selected.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns `true` if all parts of `other` are selected.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// An opaque value from the directory that marks the position after a page (RFC 2696).
#[derive(Clone, PartialEq, Eq)]
pub struct PageCookie(Vec<u8>);

impl PageCookie {
    /// Wraps the directory's bytes.
    pub fn new(cookie: Vec<u8>) -> Self {
        Self(cookie)
    }

    /// Returns the directory's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PageCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageCookie({} bytes)", self.0.len())
    }
}

/// A page of search results.
///
/// ```
/// use windows_autopilot::ad::directory::{Entry, PageCookie, SearchPage};
///
/// let unit = Entry::new("OU=Autopilot,DC=corp,DC=example").with_values("ou", ["Autopilot"]);
/// let page = SearchPage::new(vec![unit], Some(PageCookie::new(vec![1]))); // another page follows
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchPage {
    /// The entries on this page.
    pub entries: Vec<Entry>,
    /// The cookie for the next page; `None` if this page is the last.
    pub next: Option<PageCookie>,
}

impl SearchPage {
    /// Creates a page; `next` is the cookie for the next page, or `None` on the last page.
    pub fn new(entries: Vec<Entry>, next: Option<PageCookie>) -> Self {
        Self { entries, next }
    }
}

/// A change to an entry: an attribute and the value that replaces its current ones.
///
/// ```
/// use windows_autopilot::ad::descriptor::SecurityDescriptor;
/// use windows_autopilot::ad::directory::Modification;
///
/// let descriptor: SecurityDescriptor = "D:(A;;CC;;;AU)".parse()?;
/// let change = Modification::dacl("OU=Autopilot,DC=corp,DC=example", &descriptor);
/// assert_eq!(change.attribute, "nTSecurityDescriptor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Modification {
    /// The distinguished name of the entry.
    pub distinguished_name: String,
    /// The name of the changed attribute.
    pub attribute: String,
    /// The new value.
    pub value: Vec<u8>,
    /// The parts to write, if the attribute is `nTSecurityDescriptor`.
    pub descriptor: DescriptorParts,
}

impl Modification {
    /// Creates a change to an entry's DACL that leaves the owner, group and SACL alone. `descriptor` must contain a
    /// DACL and nothing else.
    pub fn dacl(
        distinguished_name: impl Into<String>,
        descriptor: &super::descriptor::SecurityDescriptor,
    ) -> Self {
        Self {
            distinguished_name: distinguished_name.into(),
            attribute: DESCRIPTOR.to_owned(),
            value: descriptor.to_bytes(),
            descriptor: DescriptorParts::DACL,
        }
    }
}

impl fmt::Debug for Modification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Modification")
            .field("attribute", &self.attribute)
            .field("bytes", &self.value.len())
            .field("descriptor", &self.descriptor)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory whose pages come from a function of the page number.
    struct Pages(fn(u8) -> SearchPage);

    impl fmt::Debug for Pages {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Pages")
        }
    }

    #[async_trait]
    impl Directory for Pages {
        async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
            let number = search.cookie.as_ref().map_or(0, |cookie| cookie.as_bytes()[0]);
            let mut page = self.0(number);
            page.next = page.next.map(|_| PageCookie::new(vec![number.wrapping_add(1)]));
            Ok(page)
        }

        async fn modify(&self, _: &Modification) -> Result<(), DirectoryError> {
            Err(DirectoryError::unexpected("is only read"))
        }
    }

    fn page(entries: usize, more: bool) -> SearchPage {
        SearchPage {
            entries: vec![Entry::new("DC=x"); entries],
            next: more.then(|| PageCookie::new(Vec::new())),
        }
    }

    #[tokio::test]
    async fn a_search_goes_on_over_empty_pages_and_ends() {
        let search = || Search::subtree("DC=x", SearchFilter::present("cn"));
        let sparse = Pages(|number| page(usize::from(number % 2), number < 9));
        assert_eq!(sparse.search(search(), 5).await.unwrap().len(), 5);
        let error = sparse.search(search(), 4).await.unwrap_err();
        assert!(error.to_string().contains("more than 4 entries"), "{error}");
        let endless = Pages(|_| page(0, true));
        assert_eq!(endless.search(search(), 5).await.unwrap_err().kind(), DirectoryErrorKind::Unexpected);
    }

    #[test]
    fn what_is_written_is_not_shown() {
        let change = Modification {
            distinguished_name: "CN=Adele Vance,DC=x".into(),
            attribute: "unicodePwd".into(),
            value: b"secret".to_vec(),
            descriptor: DescriptorParts::default(),
        };
        let shown = format!("{change:?}");
        assert!(!shown.contains("Adele") && !shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}
