//! The domain controller of the tests, and what they put into it.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ldap3::controls::RawControl;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchEntry};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use windows_autopilot::ad::delegation::DelegationProfile;
use windows_autopilot::ad::descriptor::{SecurityDescriptor, Sid};
use windows_autopilot::ad::directory::{DescriptorParts, Directory, Search};
use windows_autopilot::ad::ldap::{LdapDirectory, LdapOptions, LdapSignIn};
use windows_autopilot::model::OrganizationalUnit;

/// The password of every account that a test makes.
pub(crate) const PASSWORD: &str = "Test-0nly-Passw0rd";

/// Held by every test, and alone by one that changes what all accounts of the domain have.
static DOMAIN: RwLock<()> = RwLock::const_new(());

enum Share {
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

/// A domain controller for tests.
pub(crate) struct Controller {
    _share: Share,
    pub(crate) url: String,
    pub(crate) starttls_url: String,
    pub(crate) base: String,
    pub(crate) netbios: String,
    pub(crate) admin_dn: String,
    pub(crate) admin_upn: String,
    pub(crate) admin_password: String,
    pub(crate) authority: Vec<u8>,
    folder: Option<PathBuf>,
    /// As the administrator, for what this crate does not do itself.
    pub(crate) raw: Ldap,
}

/// An account that can sign in.
pub(crate) struct TestAccount {
    pub(crate) name: String,
    pub(crate) dn: String,
    pub(crate) sid: Sid,
}

impl Controller {
    /// The domain controller that the environment tells of; `None`, and a word on why, if there is none.
    pub(crate) async fn find() -> Option<Self> {
        Self::of(Share::Shared { _guard: DOMAIN.read().await }).await
    }

    /// As [`find`](Self::find), while no other test runs.
    pub(crate) async fn alone() -> Option<Self> {
        Self::of(Share::Alone { _guard: DOMAIN.write().await }).await
    }

    async fn of(share: Share) -> Option<Self> {
        let get = |name: &str| std::env::var(name).ok();
        let Some(url) = get("AD_LDAPS_URL") else {
            skip("AD_LDAPS_URL does not tell where a domain controller for tests is (see .ci/samba)");
            return None;
        };
        let needed = |name: &str| get(name).unwrap_or_else(|| panic!("AD_LDAPS_URL is set, {name} is not"));
        let authority = std::fs::read(needed("AD_CA_CERT")).unwrap();
        let (admin_dn, admin_password) = (needed("AD_ADMIN_DN"), needed("AD_ADMIN_PASSWORD"));
        let raw = connect_raw(&url, &authority).await;
        raw.clone().simple_bind(&admin_dn, &admin_password).await.unwrap().success().unwrap();
        Some(Self {
            _share: share,
            url,
            starttls_url: needed("AD_LDAP_URL"),
            base: needed("AD_BASE_DN"),
            netbios: needed("AD_NETBIOS"),
            admin_dn,
            admin_upn: needed("AD_ADMIN_UPN"),
            admin_password,
            authority,
            folder: get("AD_DIR").map(PathBuf::from),
            raw,
        })
    }

    /// A connection as the administrator, for what has to be put back whatever became of a test.
    pub(crate) async fn raw_admin() -> Ldap {
        let get = |name: &str| std::env::var(name).unwrap();
        let raw = connect_raw(&get("AD_LDAPS_URL"), &std::fs::read(get("AD_CA_CERT")).unwrap()).await;
        raw.clone()
            .simple_bind(&get("AD_ADMIN_DN"), &get("AD_ADMIN_PASSWORD"))
            .await
            .unwrap()
            .success()
            .unwrap();
        raw
    }

    pub(crate) fn options(&self) -> LdapOptions {
        // Nobody else changes what a test changes, unless it says so.
        let options = LdapOptions::new(&self.url).unwrap().with_settle_time(Duration::ZERO);
        options.with_root_certificate(self.authority.clone())
    }

    /// Signed in as the administrator.
    pub(crate) async fn admin(&self) -> LdapDirectory {
        let sign_in = LdapSignIn::new(&*self.admin_upn, &*self.admin_password).unwrap();
        self.options().connect(&sign_in).await.unwrap()
    }

    /// Signed in as an account that a test has made.
    pub(crate) async fn signed_in(&self, account: &TestAccount) -> LdapDirectory {
        let sign_in = LdapSignIn::new(&*account.dn, PASSWORD).unwrap();
        self.options().connect(&sign_in).await.unwrap()
    }

    /// Creates an entry.
    pub(crate) async fn add(&self, dn: &str, attributes: &[(&str, &[&str])]) {
        add(&self.raw, dn, attributes).await.unwrap();
    }

    /// An OU of a name that no other test has.
    pub(crate) async fn unit(&self) -> OrganizationalUnit {
        self.unit_in(&self.base, &unique("Unit")).await
    }

    /// An OU by its escaped name.
    pub(crate) async fn unit_in(&self, parent: &str, name: &str) -> OrganizationalUnit {
        let dn = format!("OU={name},{parent}");
        self.add(&dn, &[("objectClass", &["organizationalUnit"])]).await;
        dn.parse().unwrap()
    }

    /// A managed service account with a password, which only Samba lets one know.
    pub(crate) async fn managed_service_account(&self) -> TestAccount {
        let container = format!("CN=Managed Service Accounts,{}", self.base);
        self.account(&container, "msaODJ", "msDS-ManagedServiceAccount").await
    }

    /// A group managed service account, whose password these may read.
    pub(crate) async fn group_managed_service_account(&self, readers: &[&TestAccount]) -> TestAccount {
        let container = format!("CN=Managed Service Accounts,{}", self.base);
        let entries: String = readers.iter().map(|reader| format!("(A;;RPWP;;;{})", reader.sid)).collect();
        let readers: SecurityDescriptor = format!("O:BAD:{entries}").parse().unwrap();
        let name = format!("{}$", unique("gmsa"));
        let dn = format!("CN={},{container}", name.trim_end_matches('$'));
        let attributes: Vec<(Vec<u8>, HashSet<Vec<u8>>)> = vec![
            (b"objectClass".to_vec(), HashSet::from([b"msDS-GroupManagedServiceAccount".to_vec()])),
            (b"sAMAccountName".to_vec(), HashSet::from([name.clone().into_bytes()])),
            (b"userAccountControl".to_vec(), HashSet::from([b"4096".to_vec()])),
            (b"msDS-ManagedPasswordInterval".to_vec(), HashSet::from([b"30".to_vec()])),
            (b"msDS-GroupMSAMembership".to_vec(), HashSet::from([readers.to_bytes()])),
        ];
        self.raw.clone().add(&dn, attributes).await.unwrap().success().unwrap();
        self.account_at(name, dn).await
    }

    /// Installs a managed service account on a server.
    pub(crate) async fn install(&self, account: &TestAccount, server: &TestAccount) {
        self.change(&server.dn, ldap3::Mod::Add("msDS-HostServiceAccount", [account.dn.as_str()].into()))
            .await;
    }

    /// Disables an account.
    pub(crate) async fn disable(&self, account: &TestAccount) {
        self.change(&account.dn, ldap3::Mod::Replace("userAccountControl", ["4098"].into())).await;
    }

    /// Changes an entry as the administrator.
    pub(crate) async fn change(&self, dn: &str, change: ldap3::Mod<&str>) {
        self.raw.clone().modify(dn, vec![change]).await.unwrap().success().unwrap();
    }

    /// The computer account of a server.
    pub(crate) async fn computer_account(&self) -> TestAccount {
        self.account(&format!("CN=Computers,{}", self.base), "SRV", "computer").await
    }

    async fn account(&self, container: &str, prefix: &str, class: &str) -> TestAccount {
        let name = format!("{}$", unique(prefix));
        let dn = format!("CN={},{container}", name.trim_end_matches('$'));
        let password: Vec<u8> = format!("\"{PASSWORD}\"").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let attributes: Vec<(Vec<u8>, HashSet<Vec<u8>>)> = vec![
            (b"objectClass".to_vec(), HashSet::from([class.as_bytes().to_vec()])),
            (b"sAMAccountName".to_vec(), HashSet::from([name.clone().into_bytes()])),
            (b"userAccountControl".to_vec(), HashSet::from([b"4096".to_vec()])),
            (b"unicodePwd".to_vec(), HashSet::from([password])),
        ];
        self.raw.clone().add(&dn, attributes).await.unwrap().success().unwrap();
        self.account_at(name, dn).await
    }

    async fn account_at(&self, name: String, dn: String) -> TestAccount {
        let search = Search::entry(&*dn).with_attributes(["objectSid"]);
        let entry = self.admin().await.read(search).await.unwrap().unwrap();
        TestAccount { name, dn, sid: entry.sid("objectSid").unwrap().unwrap() }
    }

    /// A group with one member.
    pub(crate) async fn group_of(&self, member: &str) -> (String, Sid) {
        let name = unique("Group");
        let dn = format!("CN={name},CN=Users,{}", self.base);
        self.add(&dn, &[("objectClass", &["group"]), ("sAMAccountName", &[&name]), ("member", &[member])])
            .await;
        let entry = self
            .admin()
            .await
            .read(Search::entry(&*dn).with_attributes(["objectSid"]))
            .await
            .unwrap()
            .unwrap();
        (dn, entry.sid("objectSid").unwrap().unwrap())
    }

    /// The whole security descriptor of an entry, byte for byte, and its `uSNChanged`, as far as that may be read.
    pub(crate) async fn descriptor(&self, dn: &str) -> (Vec<u8>, String) {
        let everything = RawControl {
            ctype: "1.2.840.113556.1.4.801".into(),
            crit: true,
            val: Some(vec![0x30, 3, 2, 1, 15]),
        };
        let attributes = vec!["nTSecurityDescriptor", "uSNChanged"];
        let mut raw = self.raw.clone();
        let (entries, _) = raw
            .with_controls(vec![everything])
            .search(dn, Scope::Base, "(objectClass=*)", attributes)
            .await
            .unwrap()
            .success()
            .unwrap();
        let mut entry = SearchEntry::construct(entries.into_iter().next().unwrap());
        let descriptor = entry.bin_attrs.remove("nTSecurityDescriptor").unwrap().remove(0);
        (descriptor, entry.attrs.remove("uSNChanged").unwrap_or_default().concat())
    }

    /// Gives an entry another DACL, from SDDL, and leaves the rest of its descriptor alone.
    pub(crate) async fn set_dacl(&self, dn: &str, sddl: &str) {
        let descriptor: SecurityDescriptor = sddl.parse().unwrap();
        let change = windows_autopilot::ad::directory::Modification::dacl(dn, &descriptor);
        self.admin().await.modify(&change).await.unwrap();
    }

    /// The DACL of an entry, as SDDL.
    pub(crate) async fn dacl(&self, dn: &str) -> String {
        read_descriptor(&self.admin().await, dn).await.to_string()
    }

    /// Asks an independent tool, where the facts and the controller's folder are, whether it sees what this crate sees of
    /// the rights of an account on an OU.
    pub(crate) async fn agrees_on(&self, unit: &str, account: &Sid) {
        let Some(folder) = &self.folder else {
            return skip("AD_DIR does not tell where the controller's folder is: rights are not compared");
        };
        let facts = std::env::var_os("WINDOWS_AUTOPILOT_FACTS")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
        let tool = facts.join("ad/samba-ad-check.sh");
        if !tool.is_file() {
            return skip(&format!("there is no {}: rights are not compared", tool.display()));
        }
        let descriptor = read_descriptor(&self.admin().await, unit).await;
        let dacl = descriptor.dacl().unwrap();
        let own: Vec<_> = dacl.aces().iter().filter(|ace| ace.trustee() == Some(account)).collect();
        let explicit: Vec<_> = own.iter().copied().filter(|ace| !ace.is_inherited()).cloned().collect();
        // The tool looks at entries that allow, in a list without denials of the right.
        let may_create = DelegationProfile::covered_by(dacl, account).is_some();
        let full = DelegationProfile::CreateDeleteFullControl.aces(account);
        let is_full = explicit.len() == full.len() && full.iter().all(|ace| explicit.contains(ace));
        let other = if own.is_empty() { ("absent", true) } else { ("full", is_full) };
        for (mode, wanted) in [("create", may_create), other] {
            let (tool, folder) = (tool.clone(), folder.clone());
            let (unit, account) = (unit.to_owned(), account.to_string());
            let ask =
                move || Command::new(tool).arg(folder).args([&*unit, &*account, mode]).output().unwrap();
            let output = tokio::task::spawn_blocking(ask).await.unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let found = match output.status.code() {
                Some(0) => true,
                Some(1) => false,
                _ => panic!("{mode}: {text}{}", String::from_utf8_lossy(&output.stderr)),
            };
            assert_eq!(found, wanted, "{mode}: {text}");
        }
    }
}

/// Says that a test or a part of it is skipped, and why. With `CI=true` that is a failure, unless the run says by
/// `WITHOUT_DIRECTORY` that it has no domain controller.
pub(crate) fn skip(why: &str) {
    let is_set = |name: &str, to: fn(&str) -> bool| std::env::var(name).is_ok_and(|value| to(&value));
    let may_skip =
        !is_set("CI", |value| value == "true") || is_set("WITHOUT_DIRECTORY", |value| !value.is_empty());
    assert!(may_skip, "{why}; to leave these tests out, set WITHOUT_DIRECTORY=1");
    // Not by a macro of the test harness, which would keep it to itself.
    std::io::stderr().write_all(format!("skipped: {why}\n").as_bytes()).unwrap();
}

/// Creates an entry; the error is the result code.
pub(crate) async fn add(raw: &Ldap, dn: &str, attributes: &[(&str, &[&str])]) -> Result<(), u32> {
    let attributes = attributes.iter().map(|(name, values)| (*name, values.iter().copied().collect()));
    match raw.clone().add(dn, attributes.collect()).await.unwrap().rc {
        0 => Ok(()),
        code => Err(code),
    }
}

/// A connection as an account, for what this crate does not do itself.
pub(crate) async fn raw_as(controller: &Controller, account: &TestAccount) -> Ldap {
    let raw = connect_raw(&controller.url, &controller.authority).await;
    raw.clone().simple_bind(&account.dn, PASSWORD).await.unwrap().success().unwrap();
    raw
}

/// Creates a computer as the connector does: with a password, names and service names.
pub(crate) async fn create_computer(raw: &Ldap, unit: &str, name: &str) -> Result<(), u32> {
    let host = format!("{name}.corp.example");
    let services = [format!("HOST/{name}"), format!("HOST/{host}")];
    let attributes: [(&str, &[&str]); 5] = [
        ("objectClass", &["computer"]),
        ("sAMAccountName", &[&format!("{name}$")]),
        ("userAccountControl", &["4096"]),
        ("dNSHostName", &[&host]),
        ("servicePrincipalName", &[&services[0], &services[1]]),
    ];
    add(raw, &format!("CN={name},{unit}"), &attributes).await
}

pub(crate) async fn read_descriptor(directory: &dyn Directory, dn: &str) -> SecurityDescriptor {
    let search = Search::entry(dn).with_descriptor(DescriptorParts::DACL);
    directory.read(search).await.unwrap().unwrap().descriptor().unwrap().unwrap()
}

/// A name that no other test and no earlier run has.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}{:x}{number:02x}", std::process::id() % 0xF_FFFF)
}

async fn connect_raw(url: &str, authority: &[u8]) -> Ldap {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let settings = LdapConnSettings::new().set_config(Arc::new(config));
    let (connection, ldap) = LdapConnAsync::with_settings(settings, url).await.unwrap();
    tokio::spawn(connection.drive());
    ldap
}
