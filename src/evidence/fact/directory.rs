//! Directory state: the device's state in Microsoft Entra, and the log of the domain join.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::Text;

/// The output of `dsregcmd /status`.
///
/// ```
/// use windows_autopilot::evidence::{Bundle, Fact, Limits, Side};
///
/// let mut bundle = Bundle::new(Limits::default());
/// bundle.add_bytes(Side::Device, "dsregcmd.txt", "| Device State |\n AzureAdJoined : YES\n DomainJoined : YES\n");
/// for observation in bundle.read().observations() {
///     if let Fact::DirectoryStatus(status) = &observation.fact {
///         println!("Entra: {:?}, domain: {:?}", status.is_entra_joined(), status.is_domain_joined());
///     }
/// }
/// ```
///
/// Fields are found by name, ignoring case, in any section. The user sections are meaningless if the command ran as
/// SYSTEM, as it does for Intune's zip: see [`ran_as_system`](Self::ran_as_system).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DirectoryStatus {
    fields: BTreeMap<String, String>,
}

impl DirectoryStatus {
    /// Adds a field, unless it is present.
    pub(in crate::evidence) fn insert(&mut self, name: &str, value: &str) {
        self.fields.entry(name.to_lowercase()).or_insert_with(|| value.to_owned());
    }

    /// Returns the number of fields.
    pub(in crate::evidence) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns a field by its name, such as `DeviceAuthStatus` or `Error Phase`. The value may be personal data.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(&name.to_lowercase()).map(String::as_str)
    }

    /// Returns the value of a field that is `YES` or `NO`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            value if value.eq_ignore_ascii_case("YES") => Some(true),
            value if value.eq_ignore_ascii_case("NO") => Some(false),
            _ => None,
        }
    }

    /// Returns the first code in a field, such as the one in `FAIL [0x80070774/0x0]`.
    pub fn code(&self, name: &str) -> Option<u32> {
        crate::evidence::number::first_code(self.get(name)?)
    }

    /// Returns whether the device is joined to Microsoft Entra.
    pub fn is_entra_joined(&self) -> Option<bool> {
        self.flag("AzureAdJoined")
    }

    /// Returns whether the device is joined to an Active Directory domain.
    pub fn is_domain_joined(&self) -> Option<bool> {
        self.flag("DomainJoined")
    }

    /// Returns the device's id in Microsoft Entra.
    pub fn device_id(&self) -> Option<&str> {
        self.get("DeviceId")
    }

    /// Returns whether the command ran as SYSTEM; `None` if that is not known.
    pub fn ran_as_system(&self) -> Option<bool> {
        self.get("User Context").map(|context| context.eq_ignore_ascii_case("SYSTEM"))
    }
}

impl fmt::Debug for DirectoryStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields.keys()).finish()
    }
}

/// A line from `netsetup.log`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoinLogLine {
    /// The function that wrote the line, such as `NetpProvisionComputerAccount`.
    pub function: Text,
    /// The code, such as `0x5`; 0 is success.
    pub code: Option<u32>,
    /// The extended LDAP code, such as `0x216d` after `0x35`.
    pub extended: Option<u32>,
    /// The domain, if the line names one.
    pub domain: Option<Text>,
    /// The computer, if the line names one.
    pub computer: Option<Text>,
    /// The organizational unit, if the line names one.
    pub organizational_unit: Option<Text>,
    /// The section of the file, counting from 0; each join has its own.
    pub section: u32,
}

impl fmt::Debug for JoinLogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = f.debug_struct("JoinLogLine");
        line.field("function", &self.function).field("code", &self.code).field("extended", &self.extended);
        line.finish_non_exhaustive()
    }
}
