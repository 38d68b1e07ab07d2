//! The parts of a device, as in its hardware hash.

use std::fmt;

use crate::foreign::REDACTED;
use crate::model::{Hidden, Text};

/// The processor of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Processor {
    /// The manufacturer, such as `GenuineIntel`.
    pub manufacturer: Option<Text>,
    /// The model name.
    pub model: Option<Text>,
    /// The architecture of the processor.
    pub architecture: Option<Architecture>,
    /// The number of processors.
    pub packages: Option<u16>,
    /// The total number of cores.
    pub cores: Option<u16>,
    /// The total number of threads.
    pub threads: Option<u16>,
}

/// The architecture of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X64,
    /// 64-bit Arm.
    Arm64,
    /// Another architecture, identified by its number in Windows.
    Other(u16),
}

impl From<u16> for Architecture {
    fn from(number: u16) -> Self {
        match number {
            0 => Self::X86,
            9 => Self::X64,
            12 => Self::Arm64,
            other => Self::Other(other),
        }
    }
}

/// A disk of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disk {
    /// The size in GB.
    pub capacity_gb: Option<u64>,
    /// The bus that connects the disk.
    pub bus: Option<StorageBus>,
    /// The serial number, together with the model.
    pub serial_number: Option<Hidden>,
}

/// The bus of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StorageBus {
    /// SCSI.
    Scsi,
    /// ATAPI.
    Atapi,
    /// ATA.
    Ata,
    /// USB.
    Usb,
    /// A RAID controller.
    Raid,
    /// Serial-attached SCSI.
    Sas,
    /// SATA.
    Sata,
    /// `NVMe`.
    Nvme,
    /// Another bus, identified by its number in Windows.
    Other(u8),
}

impl From<u8> for StorageBus {
    fn from(number: u8) -> Self {
        match number {
            1 => Self::Scsi,
            2 => Self::Atapi,
            3 => Self::Ata,
            7 => Self::Usb,
            8 => Self::Raid,
            10 => Self::Sas,
            11 => Self::Sata,
            17 => Self::Nvme,
            other => Self::Other(other),
        }
    }
}

/// A network adapter of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkAdapter {
    /// The medium of the adapter.
    pub medium: NetworkMedium,
    /// The MAC address.
    pub mac_address: MacAddress,
    /// The bus, such as `PCI`.
    pub bus: Option<Text>,
}

/// The medium of a network adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkMedium {
    /// A wireless network with an old driver.
    WirelessLan,
    /// Wi-Fi.
    Wifi,
    /// Bluetooth.
    Bluetooth,
    /// Ethernet.
    Ethernet,
    /// Another medium, identified by its number in Windows.
    Other(u32),
}

impl From<u32> for NetworkMedium {
    fn from(number: u32) -> Self {
        match number {
            1 => Self::WirelessLan,
            9 => Self::Wifi,
            10 => Self::Bluetooth,
            14 => Self::Ethernet,
            other => Self::Other(other),
        }
    }
}

/// A screen of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Display {
    /// The width in millimeters.
    pub width_mm: u16,
    /// The height in millimeters.
    pub height_mm: u16,
    /// The width in pixels.
    pub width_pixels: u16,
    /// The height in pixels.
    pub height_pixels: u16,
}

/// The trusted platform module of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tpm {
    /// The description, such as `TPM-Version:2.0 -Level:0-Revision:1.16-VendorID:'IFX '-Firmware:7.2.0.0`.
    pub description: Option<Text>,
    /// Whether the endorsement key is in the hash.
    pub has_endorsement_key: bool,
}

impl Tpm {
    /// Returns the version of the specification, such as `2.0`.
    pub fn version(&self) -> Option<&str> {
        let text = self.description.as_deref()?;
        let text = text.split_once("TPM-Version:").map_or(text, |(_, rest)| rest).trim_start();
        let version = text.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        (!version.is_empty()).then_some(version)
    }
}

/// A Windows build, such as `10.0.22631.4317`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct WindowsBuild {
    /// The major version.
    pub major: u16,
    /// The minor version.
    pub minor: u16,
    /// The build number of Windows.
    pub build: u16,
    /// The revision of the build.
    pub revision: u16,
}

impl fmt::Display for WindowsBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

/// The UUID of a device. `Debug` does not show it.
///
/// ```
/// use windows_autopilot::registration::hash::SmbiosUuid;
/// let uuid = SmbiosUuid::from_smbios_bytes([0x33; 16]);
/// assert_eq!(uuid.to_string(), "33333333-3333-3333-3333-333333333333");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SmbiosUuid([u8; 16]);

impl SmbiosUuid {
    /// Returns the bytes in SMBIOS order, with the first three groups in little-endian order.
    pub fn to_smbios_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Creates the UUID from bytes in SMBIOS order.
    pub fn from_smbios_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for SmbiosUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g, h, i, rest @ ..] = self.0;
        write!(f, "{d:02x}{c:02x}{b:02x}{a:02x}-{g:02x}{e:02x}-{i:02x}{h:02x}-")?;
        for (index, byte) in rest.iter().enumerate() {
            if index == 2 {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SmbiosUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The MAC address of a network adapter. `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// Returns the bytes.
    pub fn to_bytes(self) -> [u8; 6] {
        self.0
    }
}

impl From<[u8; 6]> for MacAddress {
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}-{b:02X}-{c:02X}-{d:02X}-{e:02X}-{g:02X}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A record that is not parsed. `Debug` shows its type and length.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashRecord {
    /// The type number of the record.
    pub record_type: u16,
    /// The contents of the record.
    pub value: Vec<u8>,
}

impl fmt::Debug for HashRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "type {} [{} bytes]", self.record_type, self.value.len())
    }
}
