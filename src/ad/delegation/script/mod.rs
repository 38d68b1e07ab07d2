//! A delegation as text that an administrator reviews and runs.

use std::fmt;
use std::str::FromStr;

use super::{DelegationProfile, Grant};
use crate::ad::descriptor::{Guid, Sid};
use crate::ad::dn;
use crate::model::{InvalidValue, OrganizationalUnit};

/// The longest line that cmd.exe takes, in characters.
const LONGEST_COMMAND: usize = 8_191;

/// Whom a script is about: a SID, or an account by its name, such as `CORP\msaODJ1a2b3$`.
///
/// ```
/// # use windows_autopilot::ad::delegation::Principal;
/// let connector: Principal = r"CORP\CONNECTOR01$".parse()?;
/// let by_sid: Principal = "S-1-5-21-1-2-3-1104".parse()?;
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// The name of a computer account or a managed service account ends with `$`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal(Identity);

/// The name by which a principal is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ad) enum PrincipalName<'a> {
    Sid(&'a Sid),
    Account { domain: &'a str, name: &'a str },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Identity {
    Sid(Sid),
    Account { domain: String, name: String },
}

impl Principal {
    pub(in crate::ad) fn name(&self) -> PrincipalName<'_> {
        match &self.0 {
            Identity::Sid(sid) => PrincipalName::Sid(sid),
            Identity::Account { domain, name } => PrincipalName::Account { domain, name },
        }
    }
}

impl From<Sid> for Principal {
    fn from(sid: Sid) -> Self {
        Self(Identity::Sid(sid))
    }
}

impl FromStr for Principal {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let Some((domain, name)) = text.split_once('\\') else {
            let sid = text.parse::<Sid>().map_err(|_| invalid("is neither DOMAIN\\NAME nor a SID"))?;
            return Ok(Self::from(sid));
        };
        let parts = [
            (domain, 15, "/:*?\"<>|\\", "the domain's NetBIOS name"),
            (name, 256, "\"/\\[]:;|=,+*?<>", "the account's name"),
        ];
        let mut start = 0;
        for (part, longest, forbidden, what) in parts {
            let length = part.chars().count();
            if length == 0 || length > longest {
                return Err(
                    invalid(format!("has {length} characters where {what} has 1 to {longest}")).at(start)
                );
            }
            let wrong = part.chars().position(|c| c.is_control() || forbidden.contains(c));
            if let Some(place) = wrong {
                return Err(
                    invalid(format!("has a character that is not allowed in {what}")).at(start + place)
                );
            }
            if part.trim() != part || part.trim_matches('.').is_empty() {
                return Err(invalid(format!("has blanks round {what}, or only dots in it")).at(start));
            }
            start += length + 1;
        }
        Ok(Self(Identity::Account { domain: domain.to_owned(), name: name.to_owned() }))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Identity::Sid(sid) => sid.fmt(f),
            Identity::Account { domain, name } => write!(f, "{domain}\\{name}"),
        }
    }
}

fn invalid(problem: impl Into<std::borrow::Cow<'static, str>>) -> InvalidValue {
    InvalidValue::new("principal", problem, "write CORP\\msaODJ1a2b3$ or S-1-5-21-…")
}

/// A delegation as text, for PowerShell, for dsacls, or for Samba. Nothing is run; each changes the DACL alone.
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
/// The texts for Windows follow the documented behaviour of its tools; they have not been run on Windows. That for Samba
/// has been run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationScript {
    grants: Vec<Grant>,
    ou: OrganizationalUnit,
    principal: Principal,
}

impl DelegationScript {
    /// Creates a script with all entries of a profile, whatever the OU has already. If its DACL can be read, prefer
    /// [`DelegationPlan::script`](super::DelegationPlan::script).
    ///
    /// # Errors
    /// The OU's name came from the service and is not a valid one.
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

    /// For Windows PowerShell or PowerShell on Windows, by ADSI: needs no module. Adding an entry that is there already
    /// changes nothing.
    ///
    /// Saved as a file, text that is not ASCII needs a byte order mark for Windows PowerShell; a comment in it says so.
    pub fn powershell(&self) -> String {
        let path = format!("LDAP://{}", ads_path(self.ou.as_str()));
        let identity = match &self.principal.0 {
            Identity::Sid(sid) => {
                format!("[System.Security.Principal.SecurityIdentifier]{}", in_powershell(&sid.to_string()))
            }
            Identity::Account { domain, name } => format!(
                "(New-Object System.Security.Principal.NTAccount({}, {})).Translate([System.Security.Principal.SecurityIdentifier])",
                in_powershell(domain),
                in_powershell(name),
            ),
        };
        let mut lines = vec![
            "# Adds to the OU's DACL. The owner, the SACL and all other entries stay.".to_owned(),
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
        if !lines.iter().all(|line| line.is_ascii()) {
            lines.insert(1, "# Not ASCII: save it as UTF-8 with a byte order mark.".to_owned());
        }
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }

    /// A batch file for cmd.exe that calls dsacls; in UTF-8. `None` where dsacls cannot tell it: it has no letter for
    /// *this object only*, so not for [`CreateOnly`](DelegationProfile::CreateOnly), nor for a line that is too long.
    ///
    /// In the OU's name, whatever means something to cmd.exe, and what is neither ASCII nor a letter, is written by its
    /// code, as `\25` for a percent sign. In an account's name a percent sign is doubled, as it must be in a file; typed at the prompt it must not be.
    pub fn dsacls(&self) -> Option<String> {
        let dn = dn::with_codes(self.ou.as_str(), |c| {
            matches!(c, '"' | '%' | '!' | '/') || !(c.is_ascii() || c.is_alphanumeric())
        });
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

    /// A line for a POSIX shell that calls samba-tool. `None` if the principal is a name: it takes SIDs.
    ///
    /// Run on a domain controller it changes its own database; elsewhere add `-H ldaps://…` and credentials.
    pub fn samba_tool(&self) -> Option<String> {
        let Identity::Sid(sid) = &self.principal.0 else { return None };
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

/// A distinguished name as a part of the path of ADSI, in which a slash separates too.
fn ads_path(dn: &str) -> String {
    dn.replace('/', "\\/")
}

/// A string in PowerShell, to which curly quotes are quotes too.
fn in_powershell(text: &str) -> String {
    let mut quoted = String::from("'");
    for c in text.chars() {
        quoted.push(c);
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}') {
            quoted.push(c);
        }
    }
    quoted.push('\'');
    quoted
}

/// A word in a POSIX shell.
fn in_shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
