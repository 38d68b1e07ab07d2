//! The Windows setup options, as bits of a number.

use std::fmt;

/// A bit of `CloudAssignedOobeConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum OobeFlag {
    /// Setup does not ask about Cortana.
    SkipCortana = 1,
    /// The user is a standard user, not an administrator.
    StandardUser = 2,
    /// The privacy settings are hidden.
    HidePrivacySettings = 4,
    /// Registration with the manufacturer is skipped.
    SkipOemRegistration = 8,
    /// The license terms are hidden.
    HideEula = 16,
    /// The TPM attests the device; for self-deploying devices.
    TpmAttestation = 32,
    /// The device authenticates itself; for self-deploying devices.
    DeviceAuthentication = 64,
    /// Microsoft Entra requires a TPM.
    TpmRequired = 128,
    /// The Windows upgrade is not shown.
    SkipUpgrade = 256,
    /// Updates are downloaded.
    PatchDownload = 512,
    /// Keyboard selection is skipped.
    SkipKeyboardSelection = 1024,
}

impl OobeFlag {
    /// All flags, lowest bit first.
    pub const ALL: [Self; 11] = [
        Self::SkipCortana,
        Self::StandardUser,
        Self::HidePrivacySettings,
        Self::SkipOemRegistration,
        Self::HideEula,
        Self::TpmAttestation,
        Self::DeviceAuthentication,
        Self::TpmRequired,
        Self::SkipUpgrade,
        Self::PatchDownload,
        Self::SkipKeyboardSelection,
    ];

    /// Returns the bit.
    pub fn bit(self) -> u32 {
        self as u32
    }

    /// Returns `true` if the flag is for self-deploying devices, which an offline file cannot configure.
    pub fn is_self_deploying(self) -> bool {
        matches!(self, Self::TpmAttestation | Self::DeviceAuthentication | Self::TpmRequired)
    }
}

/// A set of [`OobeFlag`]s. Unnamed bits are kept.
///
/// ```
/// use windows_autopilot::offline::{OobeFlag, OobeFlags};
/// let flags = OobeFlags::from_bits(28);
/// assert!(flags.contains(OobeFlag::HideEula) && !flags.contains(OobeFlag::StandardUser));
/// assert_eq!(flags.to_string(), "HidePrivacySettings | SkipOemRegistration | HideEula");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OobeFlags(u32);

impl OobeFlags {
    /// The flags that tools write for every profile.
    pub const ALWAYS: Self = Self(OobeFlag::SkipOemRegistration as u32 | OobeFlag::SkipUpgrade as u32);

    /// Creates the flags from a number.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the number.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Returns `true` if a flag is set.
    pub fn contains(self, flag: OobeFlag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// Returns the set with a flag added.
    #[must_use]
    pub fn with(self, flag: OobeFlag) -> Self {
        Self(self.0 | flag.bit())
    }

    /// Returns the set with a flag removed.
    #[must_use]
    pub fn without(self, flag: OobeFlag) -> Self {
        Self(self.0 & !flag.bit())
    }

    /// Returns the flags in the set, lowest bit first.
    pub fn iter(self) -> impl Iterator<Item = OobeFlag> {
        OobeFlag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }

    /// Returns the unnamed bits.
    pub fn unknown_bits(self) -> u32 {
        OobeFlag::ALL.into_iter().fold(self, Self::without).bits()
    }
}

impl FromIterator<OobeFlag> for OobeFlags {
    fn from_iter<I: IntoIterator<Item = OobeFlag>>(flags: I) -> Self {
        flags.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Display for OobeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = self.unknown_bits();
        let mut between = "";
        for flag in self.iter() {
            write!(f, "{between}{flag:?}")?;
            between = " | ";
        }
        if unknown != 0 || self.0 == 0 {
            write!(f, "{between}{unknown:#x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for OobeFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OobeFlags({self})")
    }
}
