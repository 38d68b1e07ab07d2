//! The seam to a directory: searches and changes, so that everything else can be run without a server.
//!
//! [`MemoryDirectory`](super::memory::MemoryDirectory) is one for tests; `LdapDirectory` (feature `ldap`) is a real one.

mod entry;
mod error;
mod filter;

use std::fmt;

use async_trait::async_trait;

pub use self::entry::Entry;
pub use self::error::{DirectoryError, DirectoryErrorKind};
pub use self::filter::SearchFilter;

/// How many entries a page has that nothing else is said of: less than the 1,000 at which Windows stops.
const PAGE_SIZE: u16 = 500;

/// A directory: what can be searched, changed and created. All else of [`ad`](super) is built on these.
///
/// Names of entries are distinguished names, or the forms by which Active Directory finds an entry wherever it is:
/// `<GUID=…>` and `<SID=…>`. The name `""` is that of the server itself, its root DSE.
#[async_trait]
pub trait Directory: fmt::Debug + Send + Sync {
    /// Returns one page of the entries that a search finds.
    ///
    /// # Errors
    /// [`NotFound`](DirectoryErrorKind::NotFound) if there is no entry to begin at, or it may not be seen.
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError>;

    /// Replaces an attribute of an entry.
    ///
    /// # Errors
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the signed-in account may not;
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted) leave open
    /// whether it was done.
    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError>;

    /// Creates a computer as the signed-in account, as the connector does for a device: its account, its names and the names of
    /// its services. `container` is the distinguished name of an organizational unit or a container, `name` is without `$`.
    ///
    /// By default every computer is refused: a directory that is only checked and delegated in needs none.
    ///
    /// # Errors
    /// [`AccessDenied`](DirectoryErrorKind::AccessDenied) if the account may not;
    /// [`QuotaExceeded`](DirectoryErrorKind::QuotaExceeded) if it may up to the domain's quota, which is spent;
    /// [`NameTaken`](DirectoryErrorKind::NameTaken) if another account has the name;
    /// [`NotFound`](DirectoryErrorKind::NotFound) if there is no such container, or it is not visible;
    /// [`Timeout`](DirectoryErrorKind::Timeout) and [`Interrupted`](DirectoryErrorKind::Interrupted) leave open whether it
    /// was created.
    async fn create_computer(&self, container: &str, name: &str) -> Result<(), DirectoryError> {
        let _ = (container, name);
        Err(DirectoryError::new(DirectoryErrorKind::Rejected, "this directory creates no computers"))
    }

    /// Waits until changes that others began before have ended, so that one of theirs that overwrites ours is seen by reading
    /// once more. Does nothing unless the directory is shared with others.
    async fn settle(&self) {}

    /// Returns all entries that a search finds, page after page.
    ///
    /// # Errors
    /// As [`search_page`](Self::search_page), and if there are more than `most` entries.
    async fn search(&self, search: Search, most: usize) -> Result<Vec<Entry>, DirectoryError> {
        // A page may be empty although others follow; without end they must not.
        let mut empty = 0;
        let mut search = search;
        let mut found = Vec::new();
        loop {
            let page = self.search_page(&search).await?;
            empty = if page.entries.is_empty() { empty + 1 } else { 0 };
            found.extend(page.entries);
            if found.len() > most {
                return Err(DirectoryError::unexpected(format!("a search found more than {most} entries")));
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

    /// One entry; `None` if there is none of that name, or it may not be seen.
    ///
    /// # Errors
    /// As [`search_page`](Self::search_page).
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
    /// The distinguished name of the entry at which the search begins.
    pub base: String,
    /// The scope of the search, from the base.
    pub scope: SearchScope,
    /// The condition on the entries.
    pub filter: SearchFilter,
    /// The attributes that are read; those that the directory computes come only if they are named.
    pub attributes: Vec<String>,
    /// The parts of `nTSecurityDescriptor` that are read.
    pub descriptor: DescriptorParts,
    /// The most entries of a page.
    pub page_size: u16,
    /// The cookie of the page before; `None` for the first page.
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

    /// Reads these attributes too.
    #[must_use]
    pub fn with_attributes<'a>(mut self, attributes: impl IntoIterator<Item = &'a str>) -> Self {
        self.attributes.extend(attributes.into_iter().map(str::to_owned));
        self
    }

    /// Reads these parts of `nTSecurityDescriptor` too.
    #[must_use]
    pub fn with_descriptor(mut self, parts: DescriptorParts) -> Self {
        self.descriptor = parts;
        self.with_attributes([DESCRIPTOR])
    }
}

/// The attribute that has an entry's security descriptor.
pub(in crate::ad) const DESCRIPTOR: &str = "nTSecurityDescriptor";

/// The scope of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SearchScope {
    /// The base entry alone.
    Base,
    /// The base entry and all entries below it.
    Subtree,
}

/// Which parts of a security descriptor are read or written. The others stay as they are.
///
/// The SACL is none of them: reading it takes a privilege that administrators alone have, and asking for it without
/// makes the whole attribute vanish from the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct DescriptorParts(u32);

impl DescriptorParts {
    /// The owner.
    pub const OWNER: Self = Self(1);
    /// The DACL.
    pub const DACL: Self = Self(4);
    /// The owner and the DACL.
    pub const OWNER_AND_DACL: Self = Self(5);

    /// The flags of the control that asks for them (MS-ADTS 3.1.1.3.4.1.11).
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are among them.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The directory's own mark of the end of a page, for the search of the next one (RFC 2696).
#[derive(Clone, PartialEq, Eq)]
pub struct PageCookie(Vec<u8>);

impl PageCookie {
    /// Wraps the bytes that the directory gave.
    pub fn new(cookie: Vec<u8>) -> Self {
        Self(cookie)
    }

    /// Returns the bytes that the directory gave.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PageCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageCookie({} bytes)", self.0.len())
    }
}

/// A page of the entries that a search finds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchPage {
    /// The entries.
    pub entries: Vec<Entry>,
    /// The cookie for the next page; `None` if this page is the last.
    pub next: Option<PageCookie>,
}

impl SearchPage {
    /// Creates a page; `next` is where to go on, `None` if that was all.
    pub fn new(entries: Vec<Entry>, next: Option<PageCookie>) -> Self {
        Self { entries, next }
    }
}

/// A change of an entry: an attribute that gets a value in place of those it has.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Modification {
    /// The distinguished name of the entry.
    pub distinguished_name: String,
    /// The attribute.
    pub attribute: String,
    /// Its value.
    pub value: Vec<u8>,
    /// If the attribute is `nTSecurityDescriptor`, the parts of it that are written.
    pub descriptor: DescriptorParts,
}

impl Modification {
    /// Writes the DACL of an entry and leaves its owner, its group and its SACL alone. `descriptor` holds a DACL and
    /// nothing else.
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

    /// A directory whose pages are made by a function of the number of the page.
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
