//! Registry values.

use std::fmt;

use crate::model::{Personal, Text};

/// The data of a registry value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryData {
    /// A string, which may contain personal data.
    Text(Personal),
    /// A 32-bit or 64-bit number.
    Number(u64),
    /// A list of strings.
    Texts(Vec<Personal>),
    /// Binary data.
    Bytes(Vec<u8>),
}

impl RegistryData {
    /// Returns the string, if the data is a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.as_str()),
            _ => None,
        }
    }

    /// Returns the number, if the data is a number or a numeric string and fits in 32 bits.
    pub fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => u32::try_from(*number).ok(),
            Self::Text(text) => crate::evidence::number::code(text.as_str()),
            _ => None,
        }
    }
}

/// A registry value.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryValue {
    /// The lower-case path of the key below its hive, such as `software\microsoft\provisioning\autopilotsettings`.
    pub key: String,
    /// The name of the value; empty for the default value.
    pub name: Text,
    /// The data of the value.
    pub data: RegistryData,
}

impl RegistryValue {
    /// Returns `true` if the value has this name, and its key ends with these segments.
    pub fn is(&self, key_end: &str, name: &str) -> bool {
        let end = key_end.to_lowercase();
        let fits =
            self.key.strip_suffix(end.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('\\'));
        fits && self.name.eq_ignore_ascii_case(name)
    }
}

impl fmt::Debug for RegistryValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys can have the ids of users in them.
        f.debug_struct("RegistryValue").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An MDM enrollment, from `Enrollments\{id}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdmEnrollment {
    /// The id of the enrollment.
    pub id: Text,
    /// The provider; `MS DM Server` is Intune.
    pub provider: Option<Text>,
    /// The type; 6 is MDM with Microsoft Entra.
    pub kind: Option<u32>,
    /// The state; 1 is enrolled.
    pub state: Option<u32>,
    /// The user name of the enrolled user.
    pub upn: Option<Personal>,
    /// The tenant's id.
    pub tenant_id: Option<Personal>,
}
