//! Records of event logs, from any file.

use std::fmt;

use jiff::Timestamp;

use super::number;
use crate::model::Text;

/// Declares the providers that have rules, each with its full name.
macro_rules! providers {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)+) => {
        /// The provider of an event: the component that wrote it.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Provider {
            $($(#[$meta])* $name,)+
            /// Another provider, identified by its name.
            Other(Text),
        }

        impl Provider {
            /// All known providers.
            pub const KNOWN: &[Self] = &[$(Self::$name),+];

            /// Returns the name used in records.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<&str> for Provider {
            fn from(name: &str) -> Self {
                $(if name.eq_ignore_ascii_case($text) {
                    return Self::$name;
                })+
                Self::Other(name.into())
            }
        }
    };
}

providers! {
    /// Enrollment, the offline domain join, sessions with Intune, and MSI packages.
    DeviceManagement = "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider",
    /// The Autopilot profile, the clock during initial setup, and providers of the enrollment status page.
    ModernDeployment = "Microsoft-Windows-ModernDeployment-Diagnostics-Provider",
    /// The registration in Microsoft Entra.
    UserDeviceRegistration = "Microsoft-Windows-User Device Registration",
    /// Provisioning packages, and notes from the enrollment status page.
    Provisioning = "Microsoft-Windows-Provisioning-Diagnostics-Provider",
    /// Microsoft Entra tokens.
    Aad = "Microsoft-Windows-AAD",
    /// The pages shown on the screen.
    ShellCore = "Microsoft-Windows-Shell-Core",
    /// Clock synchronization.
    TimeService = "Microsoft-Windows-Time-Service",
    /// Boot, shutdown and clock changes.
    KernelGeneral = "Microsoft-Windows-Kernel-General",
    /// Standby.
    KernelPower = "Microsoft-Windows-Kernel-Power",
    /// Wake-ups from sleep.
    PowerTroubleshooter = "Microsoft-Windows-Power-Troubleshooter",
    /// Restarts that a process requested.
    User32 = "User32",
    /// Failed name resolution.
    DnsClient = "Microsoft-Windows-DNS-Client",
    /// Domain joins, and the reuse of computer accounts.
    NetJoin = "NetJoin",
    /// Domain joins over the network.
    JoinProviderOnline = "Microsoft-Windows-CoreSystem-NetProvision-JoinProviderOnline",
    /// The secure channel to the domain.
    Netlogon = "NETLOGON",
    /// Authentication.
    Lsa = "LsaSrv",
    /// Group policies.
    GroupPolicy = "Microsoft-Windows-GroupPolicy",
    /// Kerberos.
    Kerberos = "Microsoft-Windows-Security-Kerberos",
    /// Service starts and failures.
    ServiceControlManager = "Service Control Manager",
    /// Programs blocked by `AppLocker`.
    AppLocker = "Microsoft-Windows-AppLocker",
    /// Programs blocked by a code integrity policy.
    CodeIntegrity = "Microsoft-Windows-CodeIntegrity",
    /// The Intune Connector, version 6.2501.2000.5 and newer.
    Connector = "Microsoft-Intune-ODJConnectorService",
    /// Older Intune Connectors, which the service no longer supports.
    LegacyConnector = "ODJ Connector Service Source",
}

/// The level of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Critical, 1.
    Critical,
    /// Error, 2.
    Error,
    /// Warning, 3.
    Warning,
    /// Information, 4, or 0, which is logged at any level.
    Information,
    /// Verbose, 5 and above.
    Verbose,
}

impl Level {
    /// Returns the level for this number.
    pub fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Critical,
            2 => Self::Error,
            3 => Self::Warning,
            0 | 4 => Self::Information,
            _ => Self::Verbose,
        }
    }

    /// Returns the number used in event records.
    pub fn number(self) -> u8 {
        match self {
            Self::Critical => 1,
            Self::Error => 2,
            Self::Warning => 3,
            Self::Information => 4,
            Self::Verbose => 5,
        }
    }
}

/// The data of an event: its fields, in order. The fields of older events have no names.
///
/// Fields can contain people's names, addresses and server responses: `Debug` prints only the field names.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Text, Text)>);

impl Fields {
    /// Returns all fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the number of fields.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the value of the field with this name, ignoring case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns the value of the field at this position, counting from 0.
    pub fn at(&self, position: usize) -> Option<&str> {
        self.0.get(position).map(|(_, value)| value.as_str())
    }

    /// Returns the value of the field with this name as a number or code: hexadecimal with `0x`, or decimal. A negative
    /// number becomes the unsigned number with the same bits.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name).and_then(number::code)
    }

    /// Returns the value of the field with this name as a Boolean: `true`, `false`, or a number (0 is `false`).
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).and_then(number::flag)
    }
}

impl<N: Into<Text>, V: Into<Text>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// A record from an event log.
///
/// ```
/// use windows_autopilot::evidence::{EventRecord, Provider};
///
/// let record = EventRecord::new(Provider::DeviceManagement, 100)
///     .with_field("HexInt1", "0x16E39F")
///     .with_field("HRESULT", "-2147022988");
/// assert_eq!(record.fields.number("HexInt1"), Some(1_500_063));
/// assert_eq!(record.hresult(), Some(0x8007_0774));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The provider that wrote the event.
    pub provider: Provider,
    /// The channel, such as `System`; empty if the record names none.
    pub channel: Text,
    /// The machine's name when the record was written.
    pub computer: Option<Text>,
    /// The id of the event.
    pub id: u32,
    /// The version of the event's fields.
    pub version: u8,
    /// The severity level of the event.
    pub level: Option<Level>,
    /// The record's number in its log, which shows the order in which records were written, regardless of the clock.
    pub record: u64,
    /// The time in UTC, according to the machine's own clock.
    pub time: Option<Timestamp>,
    /// The event's named data fields.
    pub fields: Fields,
}

impl EventRecord {
    /// Creates a record without fields.
    pub fn new(provider: Provider, id: u32) -> Self {
        Self {
            provider,
            channel: Text::default(),
            computer: None,
            id,
            version: 0,
            level: None,
            record: 0,
            time: None,
            fields: Fields::default(),
        }
    }

    /// Sets the channel.
    #[must_use]
    pub fn with_channel(mut self, channel: impl Into<Text>) -> Self {
        self.channel = channel.into();
        self
    }

    /// Sets the name of the computer.
    #[must_use]
    pub fn with_computer(mut self, computer: impl Into<Text>) -> Self {
        self.computer = Some(computer.into());
        self
    }

    /// Sets the level.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = Some(level);
        self
    }

    /// Sets the record's number in its log.
    #[must_use]
    pub fn with_record(mut self, record: u64) -> Self {
        self.record = record;
        self
    }

    /// Sets the time.
    #[must_use]
    pub fn with_time(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// Adds a field.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.fields.0.push((name.into(), value.into()));
        self
    }

    /// Returns `true` if the record has this provider and id.
    pub fn is(&self, provider: &Provider, id: u32) -> bool {
        self.id == id && self.provider == *provider
    }

    /// Returns the `HRESULT` field as a code, if the record has one.
    pub fn hresult(&self) -> Option<u32> {
        self.fields.number("HRESULT")
    }
}
