//! A delegation as text for an administrator to review and run.

use super::{DelegationProfile, Grant};
use crate::ad::descriptor::Guid;
use crate::ad::dn;
use crate::ad::principal::{Principal, PrincipalName};
use crate::model::{InvalidValue, OrganizationalUnit};

/// The longest command line of cmd.exe, in characters.
const LONGEST_COMMAND: usize = 8_191;

/// A delegation as a script for PowerShell, dsacls or Samba. The script changes only the DACL; this crate does not run
/// it.
///
/// ```
/// # use windows_autopilot::ad::delegation::{DelegationProfile, DelegationScript};
/// let script = DelegationScript::for_profile(
///     DelegationProfile::CreateFullControl,
///     &"OU=Autopilot,DC=corp,DC=example".parse()?,
///     r"CORP\CONNECTOR01$".parse()?,
/// )?;
/// assert_eq!(
///     script.dsacls().unwrap(),
///     "dsacls \"OU=Autopilot,DC=corp,DC=example\" /I:T /G \"CORP\\CONNECTOR01$:CC;computer\"\r\n\
///      dsacls \"OU=Autopilot,DC=corp,DC=example\" /I:S /G \"CORP\\CONNECTOR01$:GA;;computer\"\r\n",
/// );
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// The scripts for Windows follow the tools' documentation but have not been run on Windows. The Samba command has been
/// tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationScript {
    grants: Vec<Grant>,
    ou: OrganizationalUnit,
    principal: Principal,
}

impl DelegationScript {
    /// Creates a script with all entries of a profile, regardless of the current DACL. If the DACL can be read,
    /// prefer [`DelegationPlan::script`](super::DelegationPlan::script).
    ///
    /// # Errors
    /// [`InvalidValue`] if the OU's name, as reported by the service, is invalid.
    pub fn for_profile(
        profile: DelegationProfile,
        ou: &OrganizationalUnit,
        principal: Principal,
    ) -> Result<Self, InvalidValue> {
        Self::new(profile.grants(), ou, principal)
    }

    pub(super) fn new(
        grants: &[Grant],
        ou: &OrganizationalUnit,
        principal: Principal,
    ) -> Result<Self, InvalidValue> {
        match ou.violation() {
            Some(violation) => Err(violation),
            None => Ok(Self { grants: grants.to_vec(), ou: ou.clone(), principal }),
        }
    }

    /// Returns a script for PowerShell on Windows that uses ADSI and requires no modules. Adding an entry that already
    /// exists changes nothing.
    ///
    /// The script is pure ASCII, whatever the names contain, so it can be saved in any encoding.
    pub fn powershell(&self) -> String {
        let path = format!("LDAP://{}", ads_path(self.ou.as_str()));
        let account = |names: String| {
            format!(
                "(New-Object System.Security.Principal.NTAccount({names})).Translate([System.Security.Principal.SecurityIdentifier])"
            )
        };
        let identity = match self.principal.name() {
            PrincipalName::Sid(sid) => {
                format!("[System.Security.Principal.SecurityIdentifier]{}", in_powershell(&sid.to_string()))
            }
            PrincipalName::Account { domain: Some(domain), name } => {
                account(format!("{}, {}", in_powershell(domain), in_powershell(name)))
            }
            PrincipalName::Account { domain: None, name } => account(in_powershell(name)),
            PrincipalName::DistinguishedName(name) => format!(
                "New-Object System.Security.Principal.SecurityIdentifier(([ADSI]{}).psbase.Properties['objectSid'].Value, 0)",
                in_powershell(&format!("LDAP://{}", ads_path(name)))
            ),
        };
        let mut lines = vec![
            "# Adds to the OU's DACL. The owner, the SACL and all other entries are kept.".to_owned(),
            "$ErrorActionPreference = 'Stop'".to_owned(),
            format!("$ou = [ADSI]{}", in_powershell(&path)),
            "$ou.psbase.Options.SecurityMasks = [System.DirectoryServices.SecurityMasks]::Dacl".to_owned(),
            format!("$sid = {identity}"),
        ];
        for grant in &self.grants {
            let class = format!("[guid]'{}'", Guid::COMPUTER);
            let any = "[guid]::Empty".to_owned();
            let (rights, object_type, inheritance, inherited_object_type) = match grant {
                Grant::CreateHere => ("CreateChild", class, "None", any),
                Grant::Create => ("CreateChild", class, "All", any),
                Grant::CreateDelete => ("CreateChild, DeleteChild", class, "All", any),
                // The spelling of .NET, whose GenericAll is full control and not the generic right.
                Grant::FullControl => ("GenericAll", any, "Descendents", class),
            };
            lines.push(format!(
                "$ou.psbase.ObjectSecurity.AddAccessRule((New-Object System.DirectoryServices.ActiveDirectoryAccessRule(\
                 $sid, '{rights}', 'Allow', {object_type}, '{inheritance}', {inherited_object_type})))"
            ));
        }
        lines.push("$ou.psbase.CommitChanges()".to_owned());
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }

    /// Returns a batch file for cmd.exe, in UTF-8, that calls dsacls. `None` if dsacls cannot express the change, as
    /// with [`CreateOnly`](DelegationProfile::CreateOnly), because dsacls has no flag for *this object only*; if a line
    /// would be too long; or if the account has no domain or is given by its distinguished name.
    ///
    /// In the OU's name, characters that are special to cmd.exe and non-ASCII characters other than letters are written
    /// as escape codes, such as `\25` for a percent sign. In an account's name, a percent sign is doubled, as batch
    /// files require; at the prompt, type it once.
    pub fn dsacls(&self) -> Option<String> {
        let dn = dn::with_codes(self.ou.as_str(), |c| {
            matches!(c, '"' | '%' | '!' | '/') || !(c.is_ascii() || c.is_alphanumeric())
        });
        match self.principal.name() {
            PrincipalName::Account { domain: None, .. } | PrincipalName::DistinguishedName(_) => return None,
            PrincipalName::Sid(_) | PrincipalName::Account { .. } => {}
        }
        let who = self.principal.to_string().replace('%', "%%");
        let mut lines = Vec::new();
        for grant in &self.grants {
            let (reach, rights) = match grant {
                Grant::CreateHere => return None,
                Grant::Create => ('T', "CC;computer"),
                Grant::CreateDelete => ('T', "CCDC;computer"),
                Grant::FullControl => ('S', "GA;;computer"),
            };
            lines.push(format!("dsacls \"{dn}\" /I:{reach} /G \"{who}:{rights}\""));
        }
        if lines.iter().any(|line| line.encode_utf16().count() > LONGEST_COMMAND) {
            return None;
        }
        if !lines.iter().all(|line| line.is_ascii()) {
            lines.insert(0, "chcp 65001 >nul".to_owned());
        }
        Some(lines.iter().map(|line| format!("{line}\r\n")).collect())
    }

    /// Returns a command for a POSIX shell that calls samba-tool. `None` if the principal is a name, because samba-tool
    /// takes only SIDs.
    ///
    /// On a domain controller, the command changes the local database; elsewhere, add `-H ldaps://…` and credentials.
    pub fn samba_tool(&self) -> Option<String> {
        let PrincipalName::Sid(sid) = self.principal.name() else { return None };
        if self.grants.is_empty() {
            return Some(String::new());
        }
        let sddl: String = self.grants.iter().map(|grant| grant.to(sid).to_string()).collect();
        Some(format!(
            "samba-tool dsacl set --action=allow --objectdn={} --sddl={}\n",
            in_shell(self.ou.as_str()),
            in_shell(&sddl),
        ))
    }
}

/// Converts a distinguished name into a part of an ADSI path, in which slashes separate too.
fn ads_path(dn: &str) -> String {
    dn.replace('/', "\\/")
}

/// Quotes a string for PowerShell in ASCII only: PowerShell reads a script without a byte order mark in the machine's
/// own encoding, in which bytes of other characters can be quotes.
fn in_powershell(text: &str) -> String {
    let mut quoted = String::from("'");
    let mut is_open = true;
    for c in text.chars() {
        if matches!(c, ' '..='~') {
            if !is_open {
                quoted.push_str(" + '");
                is_open = true;
            }
            quoted.push(c);
            if c == '\'' {
                quoted.push(c);
            }
            continue;
        }
        if is_open {
            quoted.push('\'');
            is_open = false;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            quoted.push_str(&format!(" + [char]0x{unit:04x}"));
        }
    }
    if is_open {
        quoted.push('\'');
    }
    let is_one = text.chars().all(|c| matches!(c, ' '..='~'));
    if is_one { quoted } else { format!("({quoted})") }
}

/// Quotes a word for a POSIX shell.
fn in_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
