//! A directory over LDAP with TLS.
//!
//! ```no_run
//! # async fn connect(password: String) -> Result<(), Box<dyn std::error::Error>> {
//! use windows_autopilot::ad::Domain;
//! use windows_autopilot::ad::ldap::{LdapOptions, LdapSignIn};
//!
//! let sign_in = LdapSignIn::new("admin@corp.example", password)?;
//! let options = LdapOptions::new("ldaps://dc1.corp.example")?
//!     .with_root_certificate(std::fs::read("corp-ca.pem")?);
//! let directory = options.connect(&sign_in).await?;
//! let domain = Domain::read(&directory).await?.ok_or("not Active Directory")?;
//! println!("{}", domain.name);
//! # Ok(()) }
//! ```
//!
//! Every connection uses TLS and checks the certificate. `ldaps://` begins with TLS; `ldap://` begins in plain text and
//! upgrades with `StartTLS` before it sends anything else.
//!
//! The `ldap3` crate implements the protocol. It supports only one TLS stack per build, and this crate selects rustls:
//! a program that also depends on `ldap3` with its default features does not compile.

mod answer;
mod computer;
mod server;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ldap3::controls::{PagedResults, RawControl};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Mod};
use tokio::task::{AbortHandle, JoinHandle};
use zeroize::Zeroizing;

use self::computer::NewComputer;
use self::server::Server;
use super::directory::{
    DescriptorParts, Directory, DirectoryError, DirectoryErrorKind, Modification, PageCookie, Search,
    SearchFilter, SearchPage, SearchScope,
};
use crate::clock::{Clock, SystemClock, within};
use crate::model::InvalidValue;

/// The control that selects parts of a security descriptor.
const DESCRIPTOR_PARTS: &str = "1.2.840.113556.1.4.801";

/// Connection options for a domain controller.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::ad::ldap::LdapOptions;
/// let options = LdapOptions::new("ldaps://dc1.corp.example")?.with_connect_timeout(Duration::from_secs(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LdapOptions {
    server: Server,
    roots: Vec<Vec<u8>>,
    connect_timeout: Duration,
    timeout: Duration,
    settle_time: Duration,
    clock: Arc<dyn Clock>,
}

/// The account to sign in as, and its password.
///
/// ```
/// use windows_autopilot::ad::ldap::LdapSignIn;
/// let sign_in = LdapSignIn::new("admin@corp.example", "p@ss")?;
/// assert!(LdapSignIn::new("admin@corp.example", "").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` shows neither.
#[derive(Clone)]
pub struct LdapSignIn {
    account: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl LdapSignIn {
    /// Creates a sign-in with the account's distinguished name, user principal name (`admin@corp.example`), or domain
    /// and user name (`CORP\admin`).
    ///
    /// # Errors
    /// [`InvalidValue`] if the account or the password is empty: a directory would accept that as an anonymous sign-in.
    pub fn new(account: impl Into<String>, password: impl Into<String>) -> Result<Self, InvalidValue> {
        let sign_in =
            Self { account: Zeroizing::new(account.into()), password: Zeroizing::new(password.into()) };
        if sign_in.account.trim().is_empty() || sign_in.password.is_empty() {
            let problem = "has an empty name or password, which a directory accepts as anonymous";
            return Err(InvalidValue::new("sign-in", problem, "give the account and its password"));
        }
        Ok(sign_in)
    }
}

impl fmt::Debug for LdapSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LdapSignIn([redacted])")
    }
}

impl LdapOptions {
    /// Creates options for a domain controller's address: `ldaps://dc1.corp.example`, or `ldap://dc1.corp.example` for
    /// `StartTLS`, with a port unless it is the default (636 or 389). The host must be a name in the server's
    /// certificate.
    ///
    /// # Errors
    /// [`InvalidValue`] if the address is invalid. IPv6 addresses are not accepted: use a name.
    pub fn new(address: &str) -> Result<Self, InvalidValue> {
        Ok(Self {
            server: address.parse()?,
            roots: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            settle_time: Duration::from_secs(1),
            clock: Arc::new(SystemClock::new()),
        })
    }

    /// Adds root certificates to the system's own: any number in PEM format, or one in DER format.
    #[must_use]
    pub fn with_root_certificate(mut self, certificate: impl Into<Vec<u8>>) -> Self {
        self.roots.push(certificate.into());
        self
    }

    /// Sets the timeout for connecting and signing in. Default: 10 s.
    #[must_use]
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the timeout for one operation: a page of a search, or a change. Default: 60 s.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the delay before a change is read back, to detect whether another administrator has overwritten it.
    /// Default: 1 s.
    #[must_use]
    pub fn with_settle_time(mut self, time: Duration) -> Self {
        self.settle_time = time;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Connects and signs in. Needs a tokio runtime with I/O enabled, on which the connection runs.
    ///
    /// # Errors
    /// [`Unreachable`](DirectoryErrorKind::Unreachable), [`Untrusted`](DirectoryErrorKind::Untrusted),
    /// [`InvalidCredentials`](DirectoryErrorKind::InvalidCredentials), [`Timeout`](DirectoryErrorKind::Timeout);
    /// [`InvalidInput`](DirectoryErrorKind::InvalidInput) for root certificates that cannot be read.
    pub async fn connect(&self, sign_in: &LdapSignIn) -> Result<LdapDirectory, DirectoryError> {
        let tls = crate::tls::config(&self.roots).map_err(|error| {
            DirectoryError::new(DirectoryErrorKind::InvalidInput, error.to_string())
                .with_remedy(error.remedy().to_owned())
        })?;
        let settings =
            LdapConnSettings::new().set_config(Arc::new(tls)).set_starttls(self.server.starts_plain());
        let server = self.server.clone();
        let opened = guarded(&*self.clock, self.connect_timeout, async move {
            let connection = LdapConnAsync::with_settings(settings, &server.url()).await;
            connection.map_err(|error| answer::connect_error(error, &server))
        });
        let (connection, ldap) = opened.await.map_err(|error| match error.kind() {
            DirectoryErrorKind::Timeout => self.server.explain(DirectoryError::new(
                DirectoryErrorKind::Unreachable,
                format!("{} does not respond", self.server),
            )),
            _ => error,
        })?;
        // It ends by itself when the last handle is dropped.
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                tracing::debug!(error = %answer::kind_of(&error), "the connection to the directory ended");
            }
        });
        let (timeout, settle_time) = (self.timeout, self.settle_time);
        let directory = LdapDirectory { ldap, timeout, settle_time, clock: Arc::clone(&self.clock) };
        directory.sign_in(sign_in, self.connect_timeout).await?;
        Ok(directory)
    }
}

impl fmt::Debug for LdapOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapOptions")
            .field("server", &self.server)
            .field("roots", &self.roots.len())
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("settle_time", &self.settle_time)
            .finish_non_exhaustive()
    }
}

/// A signed-in connection to a domain controller. Clones share the connection; dropping the last one closes it.
///
/// After an [`Interrupted`](DirectoryErrorKind::Interrupted) error, every call fails: connect again.
#[derive(Clone)]
pub struct LdapDirectory {
    ldap: Ldap,
    timeout: Duration,
    settle_time: Duration,
    clock: Arc<dyn Clock>,
}

impl LdapDirectory {
    async fn sign_in(&self, sign_in: &LdapSignIn, timeout: Duration) -> Result<(), DirectoryError> {
        let (mut ldap, sign_in) = (self.ldap.clone(), sign_in.clone());
        let bound = guarded(&*self.clock, timeout, async move {
            let result = ldap.simple_bind(&sign_in.account, &sign_in.password).await;
            answer::bound(&result.map_err(answer::call_error)?)
        });
        bound.await
    }
}

#[async_trait]
impl Directory for LdapDirectory {
    async fn search_page(&self, search: &Search) -> Result<SearchPage, DirectoryError> {
        let (mut ldap, search) = (self.ldap.clone(), search.clone());
        let page = async move {
            let scope = match search.scope {
                SearchScope::Base => ldap3::Scope::Base,
                SearchScope::Subtree => ldap3::Scope::Subtree,
            };
            let cookie = search.cookie.as_ref().map(|cookie| cookie.as_bytes().to_vec()).unwrap_or_default();
            let mut controls = descriptor_control(search.descriptor);
            if search.scope != SearchScope::Base {
                controls.push(PagedResults { size: i32::from(search.page_size.max(1)), cookie }.into());
            }
            let filter = search.filter.to_string();
            ldap.with_controls(controls);
            let answer = ldap.streaming_search(&search.base, scope, &filter, search.attributes).await;
            let mut answer = answer.map_err(answer::call_error)?;
            let mut page = SearchPage::default();
            while let Some(item) = answer.next().await.map_err(answer::call_error)? {
                // A referral points to another domain, which is not asked.
                if !item.is_ref() && !item.is_intermediate() {
                    page.entries.push(answer::entry(item.0)?);
                }
            }
            let result = answer.finish().await;
            answer::checked(&result)?;
            page.next = answer::cookie(&result).map(PageCookie::new);
            Ok(page)
        };
        guarded(&*self.clock, self.timeout, page).await
    }

    async fn modify(&self, change: &Modification) -> Result<(), DirectoryError> {
        let (mut ldap, change) = (self.ldap.clone(), change.clone());
        let done = async move {
            ldap.with_controls(descriptor_control(change.descriptor));
            let value = Mod::Replace(change.attribute.into_bytes(), [change.value].into());
            let result =
                ldap.modify(&change.distinguished_name, vec![value]).await.map_err(answer::call_error)?;
            answer::changed(&result)
        };
        guarded(&*self.clock, self.timeout, done).await
    }

    async fn create_computer(&self, container: &str, name: &str) -> Result<(), DirectoryError> {
        let NewComputer { dn, domain, attributes, services } = NewComputer::new(container, name)?;
        let mut ldap = self.ldap.clone();
        let done = async move {
            let result = ldap.add(&dn, attributes).await.map_err(answer::call_error)?;
            answer::created(&result)
        };
        let done = guarded(&*self.clock, self.timeout, done).await;
        let Err(error) = done else { return Ok(()) };
        if error.result_code() != Some(answer::CONSTRAINT_VIOLATION) {
            return Err(error);
        }
        // Samba does not tell that it is the name of a service that another account has.
        let names = services.iter().map(|service| SearchFilter::equals("servicePrincipalName", &**service));
        let others = Search::subtree(domain, SearchFilter::any(names)).with_attributes(["objectClass"]);
        match self.search_page(&others).await {
            Ok(page) if !page.entries.is_empty() => Err(answer::service_name_taken()),
            _ => Err(error),
        }
    }

    async fn settle(&self) {
        self.clock.sleep(self.settle_time).await;
    }
}

impl fmt::Debug for LdapDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LdapDirectory").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// Creates the control with the parts as flags, `SEQUENCE { INTEGER }`; none without parts.
fn descriptor_control(parts: DescriptorParts) -> Vec<RawControl> {
    let Ok(flags) = u8::try_from(parts.bits()) else { return Vec::new() };
    if flags == 0 {
        return Vec::new();
    }
    let value = Some(vec![0x30, 3, 2, 1, flags]);
    vec![RawControl { ctype: DESCRIPTOR_PARTS.to_owned(), crit: true, val: value }]
}

/// Waits for a call, at most `limit`.
///
/// The call runs in a task of its own, so that a panic in `ldap3` on a response that it cannot parse ends only that
/// task. Dropping the wait aborts the task.
async fn guarded<T: Send + 'static>(
    clock: &dyn Clock,
    limit: Duration,
    call: impl Future<Output = Result<T, DirectoryError>> + Send + 'static,
) -> Result<T, DirectoryError> {
    let task: JoinHandle<_> = tokio::spawn(call);
    let _stops = StopsWithMe(task.abort_handle());
    match within(clock, limit, task).await {
        Some(Ok(result)) => result,
        Some(Err(_)) => Err(DirectoryError::unexpected("the directory's response could not be read")),
        None => {
            let message = format!("the directory did not respond within {} s", limit.as_secs_f32());
            Err(DirectoryError::new(DirectoryErrorKind::Timeout, message))
        }
    }
}

struct StopsWithMe(AbortHandle);

impl Drop for StopsWithMe {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_account_nor_the_password_is_shown_and_neither_may_be_empty() {
        let sign_in = LdapSignIn::new("adele@corp.example", "pass-word").unwrap();
        assert_eq!(format!("{sign_in:?}"), "LdapSignIn([redacted])");
        for (account, password) in [("", "x"), (" ", "x"), ("x", "")] {
            let error = LdapSignIn::new(account, password).unwrap_err();
            assert!(error.to_string().contains("anonymous"), "{error}");
        }
    }

    #[test]
    fn the_control_tells_the_parts_of_a_descriptor() {
        let control = descriptor_control(DescriptorParts::OWNER_AND_DACL).remove(0);
        assert_eq!((&*control.ctype, control.crit), (DESCRIPTOR_PARTS, true));
        assert_eq!(control.val.unwrap(), [0x30, 3, 2, 1, 5]);
        assert!(descriptor_control(DescriptorParts::default()).is_empty());
    }

    #[tokio::test]
    async fn a_call_that_panics_is_an_error_and_one_that_hangs_ends_in_time() {
        let clock = crate::clock::FakeClock::manual();
        let limit = Duration::from_secs(60);
        let broken = guarded::<()>(&clock, limit, async { panic!("not readable") }).await.unwrap_err();
        assert_eq!(broken.kind(), DirectoryErrorKind::Unexpected);
        let silent = guarded::<()>(&clock, limit, std::future::pending());
        let advance = async {
            tokio::task::yield_now().await;
            clock.advance(limit);
        };
        let (silent, ()) = futures_util::join!(silent, advance);
        assert_eq!(silent.unwrap_err().kind(), DirectoryErrorKind::Timeout);
    }
}
