//! An account's name and its resolution.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::account::{Account, AccountReader};
use super::descriptor::Sid;
use super::directory::{Directory, DirectoryError, DirectoryErrorKind, Search, SearchFilter};
use super::dn;
use super::domain::Domain;
use crate::model::InvalidValue;

/// The name of an account, in any of the forms that administrators use.
///
/// | form | example |
/// | --- | --- |
/// | domain and name | `CORP\msaODJ1a2b3$`, `corp.example\msaODJ1a2b3$` |
/// | name and domain, as in the connector's configuration | `msaODJ1a2b3$@corp.example` |
/// | only the name | `msaODJ1a2b3$` |
/// | distinguished name | `CN=msaODJ1a2b3,CN=Managed Service Accounts,DC=corp,DC=example` |
/// | SID | `S-1-5-21-1-2-3-1104` |
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// use windows_autopilot::ad::Principal;
/// use windows_autopilot::ad::directory::DirectoryErrorKind;
/// use windows_autopilot::ad::memory::MemoryDirectory;
///
/// let directory = MemoryDirectory::new(&"corp.example".parse()?);
/// let sid = directory.add_managed_service_account("msaODJ1a2b3");
/// let account = "msaODJ1a2b3@corp.example".parse::<Principal>()?.resolve(&directory).await?;
/// assert_eq!((account.sid, account.name.as_str()), (sid, "msaODJ1a2b3$"));
///
/// let foreign = r"EVIL\msaODJ1a2b3$".parse::<Principal>()?.resolve(&directory).await;
/// assert_eq!(foreign.unwrap_err().kind(), DirectoryErrorKind::OtherDomain);
/// # Ok(()) });
/// ```
///
/// Parsing checks the form. [`resolve`](Self::resolve) checks the domain, the existence of the account, and the `$` at
/// the end of the name of a computer or managed service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Sid(Sid),
    /// `DOMAIN\name`.
    Down {
        domain: String,
        name: String,
    },
    /// `name@domain`.
    At {
        name: String,
        domain: String,
    },
    Bare(String),
    DistinguishedName(String),
}

/// The parts of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ad) enum PrincipalName<'a> {
    Sid(&'a Sid),
    /// The `sAMAccountName`, with or without its domain.
    Account {
        domain: Option<&'a str>,
        name: &'a str,
    },
    DistinguishedName(&'a str),
}

impl Principal {
    pub(in crate::ad) fn name(&self) -> PrincipalName<'_> {
        match &self.0 {
            Form::Sid(sid) => PrincipalName::Sid(sid),
            Form::Down { domain, name } | Form::At { name, domain } => {
                PrincipalName::Account { domain: Some(domain), name }
            }
            Form::Bare(name) => PrincipalName::Account { domain: None, name },
            Form::DistinguishedName(name) => PrincipalName::DistinguishedName(name),
        }
    }

    /// Finds the account in the server's domain.
    ///
    /// A name without `$` also matches the account whose name ends with `$`, unless both exist.
    ///
    /// # Errors
    /// [`OtherDomain`](DirectoryErrorKind::OtherDomain) if the principal belongs to a different domain than the server;
    /// [`NotFound`](DirectoryErrorKind::NotFound) if the account does not exist or is not visible;
    /// [`Ambiguous`](DirectoryErrorKind::Ambiguous) if several accounts match, or the server does not report its
    /// domain's short name; any error of [`Directory::search_page`].
    pub async fn resolve(&self, directory: &dyn Directory) -> Result<Account, DirectoryError> {
        let domain = Domain::require(directory).await?;
        self.find(&AccountReader::new(directory, &domain).await?).await
    }

    /// Resolves the principal in a domain that has already been read.
    pub(in crate::ad) async fn find(&self, reader: &AccountReader<'_>) -> Result<Account, DirectoryError> {
        self.check_domain(reader.domain)?;
        let accounts = match self.name() {
            PrincipalName::Sid(sid) => {
                reader.accounts(reader.below(SearchFilter::equals("objectSid", sid.to_bytes()))).await?
            }
            PrincipalName::DistinguishedName(name) => reader.accounts(Search::entry(name)).await?,
            PrincipalName::Account { name, .. } => {
                let names = [name.to_owned(), format!("{name}$")];
                let names = names.iter().map(|name| SearchFilter::equals("sAMAccountName", &**name));
                reader.accounts(reader.below(SearchFilter::any(names))).await?
            }
        };
        let mut accounts = accounts.into_iter();
        match (accounts.next(), accounts.next()) {
            (None, _) => Err(self.error(
                DirectoryErrorKind::NotFound,
                "the account does not exist or is not visible",
                "look up the name on the connector's server (services, Log On As); the name of a computer or managed \
                 service account ends with $",
            )),
            (Some(account), None) => Ok(account),
            (Some(one), Some(other)) => Err(self.error(
                DirectoryErrorKind::Ambiguous,
                format!("there are a {} and a {} of that name, one with and one without $", one.kind, other.kind),
                "name the account by its SID or its distinguished name",
            )),
        }
    }

    /// Checks that the principal belongs to this domain, as far as its form names one.
    fn check_domain(&self, of_server: &Domain) -> Result<(), DirectoryError> {
        let belongs = match self.name() {
            PrincipalName::Sid(sid) => sid.is_builtin() || sid.domain().as_ref() == Some(&of_server.sid),
            PrincipalName::DistinguishedName(name) => dn::is_below(name, &of_server.naming_context),
            PrincipalName::Account { domain: None, .. } => true,
            PrincipalName::Account { domain: Some(domain), .. } => {
                let names = [of_server.netbios_name.as_deref(), Some(of_server.name.as_str())];
                let domain = domain.strip_suffix('.').unwrap_or(domain);
                let belongs = names.into_iter().flatten().any(|name| name.eq_ignore_ascii_case(domain));
                if !belongs && of_server.netbios_name.is_none() && !domain.contains('.') {
                    return Err(self.error(
                        DirectoryErrorKind::Ambiguous,
                        format!("the server does not report the short name of {}", of_server.name),
                        format!("write name@{}", of_server.name),
                    ));
                }
                belongs
            }
        };
        if belongs {
            return Ok(());
        }
        Err(self.error(
            DirectoryErrorKind::OtherDomain,
            format!("the account belongs to a different domain from the server's, which is {}", of_server.name),
            "a connector serves only its own server's domain: name an account in this domain, or connect to a \
             domain controller of the account's",
        ))
    }

    /// Creates an error about this principal. The message does not repeat the name, which may be a person's.
    fn error(
        &self,
        kind: DirectoryErrorKind,
        message: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> DirectoryError {
        DirectoryError::new(kind, message).with_remedy(remedy)
    }
}

impl From<Sid> for Principal {
    fn from(sid: Sid) -> Self {
        Self(Form::Sid(sid))
    }
}

impl FromStr for Principal {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text.contains('=') {
            return distinguished_name(text).map(Self);
        }
        if text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("S-1-")) && !text.contains('\\') {
            let sid = text.parse::<Sid>().map_err(|_| invalid("begins like a SID but is not valid"))?;
            return Ok(Self::from(sid));
        }
        if let Some((domain, name)) = text.split_once('\\') {
            let start = check(domain, 0, 255, "/:*?\"<>|\\", "the domain's name")?;
            check(name, start + 1, 256, NOT_IN_ACCOUNTS, "the account's name")?;
            return Ok(Self(Form::Down { domain: domain.to_owned(), name: name.to_owned() }));
        }
        if let Some((name, domain)) = text.rsplit_once('@') {
            let start = check(name, 0, 256, NOT_IN_ACCOUNTS, "the account's name")?;
            check(domain, start + 1, 255, "/:*?\"<>|\\", "the domain's name")?;
            return Ok(Self(Form::At { name: name.to_owned(), domain: domain.to_owned() }));
        }
        check(text, 0, 256, NOT_IN_ACCOUNTS, "the account's name")?;
        Ok(Self(Form::Bare(text.to_owned())))
    }
}

/// The characters that a `sAMAccountName` cannot have.
const NOT_IN_ACCOUNTS: &str = "\"/\\[]:;|=,+*?<>";

/// Checks a part that starts at this character, and returns its end.
fn check(
    part: &str,
    start: usize,
    longest: usize,
    forbidden: &str,
    what: &str,
) -> Result<usize, InvalidValue> {
    let length = part.chars().count();
    if length == 0 || length > longest {
        return Err(invalid(format!("has {length} characters where {what} has 1 to {longest}")).at(start));
    }
    if let Some(place) = part.chars().position(|c| c.is_control() || forbidden.contains(c)) {
        return Err(invalid(format!("contains a character that is not allowed in {what}")).at(start + place));
    }
    if part.trim() != part || part.trim_matches('.').is_empty() {
        return Err(invalid(format!("has spaces around {what}, or only dots in it")).at(start));
    }
    Ok(start + length)
}

fn distinguished_name(text: &str) -> Result<Form, InvalidValue> {
    let parts = dn::parts(text).ok_or_else(|| invalid("has a = but is not a distinguished name"))?;
    if parts.iter().any(|(kind, value)| kind.is_empty() || value.is_empty())
        || text.chars().any(char::is_control)
    {
        return Err(invalid("is a distinguished name with an empty part or a control character"));
    }
    if parts.last().is_none_or(|(kind, _)| kind != "dc") {
        return Err(invalid("is a distinguished name that does not end with the domain, DC=…"));
    }
    Ok(Form::DistinguishedName(text.to_owned()))
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Sid(sid) => sid.fmt(f),
            Form::Down { domain, name } => write!(f, "{domain}\\{name}"),
            Form::At { name, domain } => write!(f, "{name}@{domain}"),
            Form::Bare(name) | Form::DistinguishedName(name) => f.write_str(name),
        }
    }
}

fn invalid(problem: impl Into<Cow<'static, str>>) -> InvalidValue {
    InvalidValue::new(
        "principal",
        problem,
        "write CORP\\msaODJ1a2b3$, msaODJ1a2b3$@corp.example, a distinguished name, or S-1-5-21-…",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::memory::MemoryDirectory;
    use proptest::prelude::*;

    const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-1104";

    #[test]
    fn principals_are_sids_or_legal_names() {
        for good in [
            SID,
            r"CORP\CONNECTOR01$",
            r"A\b",
            r"my-corp.1\it's 100% {me} & co$",
            r"ÄÖ\ü",
            "CONNECTOR01$",
            "odj",
            "odj$@corp.example",
            "a@b@corp.example",
            r"CN=a\,b\=c,CN=Managed Service Accounts,DC=corp,DC=example",
            r"CORP\S-1-5-x",
        ] {
            assert_eq!(good.parse::<Principal>().unwrap().to_string(), good);
        }
        for (bad, position) in [
            ("", Some(0)),
            (" odj", Some(0)),
            (r"\x", Some(0)),
            (r"CORP\", Some(5)),
            (r"CORP\a\b", Some(6)),
            (r"CORP\a:b", Some(6)),
            (r#"CORP\a"b"#, Some(6)),
            ("CORP\\a\nb", Some(6)),
            (r"CO:RP\a", Some(2)),
            (r"CORP\a ", Some(5)),
            (r"CORP\...", Some(5)),
            ("odj$@", Some(5)),
            ("@corp.example", Some(0)),
            ("S-1-5-21-x", None),
            ("CN=odj", None),
            ("CN=odj,DC=corp,OU=x", None),
            ("=,DC=corp", None),
            ("a=b", None),
        ] {
            assert_eq!(bad.parse::<Principal>().expect_err(bad).position(), position, "{bad}");
        }
    }

    #[tokio::test]
    async fn every_form_of_a_name_finds_the_account_of_its_own_domain_alone() {
        let directory = MemoryDirectory::new(&"corp.example".parse().unwrap());
        let sid = directory.add_managed_service_account("odj");
        let kinds = async |text: &str| {
            let found = text.parse::<Principal>().unwrap().resolve(&directory).await;
            found.map(|account| account.sid).map_err(|error| error.kind())
        };
        for good in [
            &sid.to_string(),
            r"CORP\odj$",
            r"corp\ODJ",
            r"corp.example\odj$",
            r"corp.example.\odj$",
            "odj$@corp.example",
            "odj@CORP.EXAMPLE",
            "odj@CORP",
            "odj$",
            "odj",
            "cn=ODJ,CN=Managed Service Accounts,DC=corp,dc=example",
        ] {
            assert_eq!(kinds(good).await, Ok(sid.clone()), "{good}");
        }
        for foreign in [
            r"EVIL\odj$",
            "odj$@evil.example",
            "odj$@corp.example.evil",
            "odj$@sub.corp.example",
            "CN=odj,CN=Managed Service Accounts,DC=evil,DC=example",
            "CN=odj,CN=Managed Service Accounts,DC=example",
            "S-1-5-21-9-9-9-1104",
            "S-1-1-0",
        ] {
            assert_eq!(kinds(foreign).await, Err(DirectoryErrorKind::OtherDomain), "{foreign}");
        }
        for missing in [r"CORP\odj$$", "odj2", "CN=odj,CN=Users,DC=corp,DC=example", "odj(*"] {
            let found = match missing.parse::<Principal>() {
                Ok(principal) => principal.resolve(&directory).await.map_err(|error| error.kind()),
                Err(_) => continue,
            };
            assert_eq!(found.map(|account| account.sid), Err(DirectoryErrorKind::NotFound), "{missing}");
        }
        let user = directory.add_user("odj");
        assert_eq!(kinds("odj").await, Err(DirectoryErrorKind::Ambiguous));
        assert_eq!((kinds("odj$").await, kinds(&user.to_string()).await), (Ok(sid), Ok(user)));
    }

    #[tokio::test]
    async fn a_short_name_is_not_believed_where_the_directory_keeps_it_to_itself() {
        let directory = MemoryDirectory::new(&"corp.example".parse().unwrap());
        directory.add_managed_service_account("odj");
        directory.remove("CN=CORP,CN=Partitions,CN=Configuration,DC=corp,DC=example");
        for (text, kind) in [
            (r"CORP\odj$", Some(DirectoryErrorKind::Ambiguous)),
            ("odj$@corp.example", None),
            ("odj$@evil.example", Some(DirectoryErrorKind::OtherDomain)),
        ] {
            let found = text.parse::<Principal>().unwrap().resolve(&directory).await;
            assert_eq!(found.err().map(|error| error.kind()), kind, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_written_as_it_was(text: String, forms in r"[a-z$@\\=,.DCN1S-]{0,24}") {
            for text in [text, forms] {
                if let Ok(principal) = text.parse::<Principal>() {
                    prop_assert_eq!(principal.to_string(), text);
                }
            }
        }
    }
}
