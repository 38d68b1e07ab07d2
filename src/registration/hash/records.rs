//! The records of a hardware hash.
//!
//! ```text
//! "OA"  u16 length of header and records  { u16 type, u16 length with these four bytes, value }*
//! "CS"  u16 36  SHA-256 of all before "CS"
//! zeros, most often up to 3,000 bytes
//! ```
//! Numbers are little-endian.

use super::{
    Checksum, Disk, Display, HashContents, HashRecord, Layout, NetworkAdapter, Processor, SmbiosUuid,
    WindowsBuild,
};
use crate::model::{Hidden, Text};

pub(super) const HEADER: &[u8; 2] = b"OA";
pub(super) const CHECKSUM: &[u8; 2] = b"CS";
/// The size of the header, and of a record before its value.
pub(super) const HEAD_BYTES: usize = 4;
/// The size of the checksum's record.
pub(super) const CHECKSUM_BYTES: u16 = 36;

/// Record types, by the meaning of their value.
pub(super) mod kind {
    pub(crate) const BUILDS: u16 = 1;
    pub(crate) const PROCESSOR: u16 = 2;
    pub(crate) const PROCESSOR_MANUFACTURER: u16 = 3;
    pub(crate) const PROCESSOR_MODEL: u16 = 4;
    pub(crate) const MEMORY: u16 = 5;
    pub(crate) const DISK: u16 = 6;
    pub(crate) const DISK_SERIAL: u16 = 7;
    pub(crate) const NETWORK_ADAPTER: u16 = 8;
    pub(crate) const DISPLAY: u16 = 9;
    pub(crate) const CHASSIS: u16 = 10;
    pub(crate) const UUID: u16 = 12;
    pub(crate) const TPM: u16 = 13;
    pub(crate) const SERIAL: u16 = 14;
    pub(crate) const FIRMWARE_VENDOR: u16 = 15;
    pub(crate) const MANUFACTURER: u16 = 16;
    pub(crate) const MODEL: u16 = 17;
    pub(crate) const SKU: u16 = 18;
    pub(crate) const FAMILY: u16 = 19;
    pub(crate) const BOARD_PRODUCT: u16 = 21;
    pub(crate) const BOARD_VERSION: u16 = 22;
    pub(crate) const SYSTEM_VERSION: u16 = 23;
    pub(crate) const PRODUCT_KEY_ID: u16 = 24;
    pub(crate) const ENDORSEMENT_KEY: u16 = 25;
    pub(crate) const PRODUCT_KEY_PART_NUMBER: u16 = 26;
    pub(crate) const GRAPHICS_NAME: u16 = 30;
}

/// Decodes the bytes of a hash; `None` if they have no valid start.
pub(super) fn decode(bytes: &[u8]) -> Option<HashContents> {
    if bytes.first_chunk()? != HEADER {
        return None;
    }
    let declared = usize::from(u16_at(bytes, 2)?);
    let mut contents = HashContents {
        layout: Layout { bytes: bytes.len(), declared, ..Layout::default() },
        ..HashContents::default()
    };
    let mut records = Records { rest: bytes.get(HEAD_BYTES..declared.min(bytes.len())).unwrap_or_default() };
    for (record_type, value) in records.by_ref() {
        if !contents.take(record_type, value) {
            contents.other.push(HashRecord { record_type, value: value.to_vec() });
        }
    }
    if !records.rest.is_empty() || declared < HEAD_BYTES {
        contents.layout.broken_at = Some(declared.min(bytes.len()).saturating_sub(records.rest.len()));
    }
    contents.take_checksum(bytes, declared);
    Some(contents)
}

/// An iterator over the records up to the first malformed one; the rest of the bytes is then in `rest`.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let record_type = u16_at(self.rest, 0)?;
        let length = usize::from(u16_at(self.rest, 2)?);
        let value = self.rest.get(HEAD_BYTES..length)?;
        self.rest = self.rest.get(length..)?;
        Some((record_type, value))
    }
}

impl HashContents {
    fn take_checksum(&mut self, bytes: &[u8], declared: usize) {
        let Some((covered, rest)) = bytes.split_at_checked(declared) else {
            self.layout.cut = true;
            return;
        };
        let after = if let Some(sum) = rest.strip_prefix(CHECKSUM) {
            let Some((sum, after)) = sum.split_at_checked(usize::from(CHECKSUM_BYTES) - CHECKSUM.len())
            else {
                self.layout.cut = true;
                return;
            };
            let right = u16_at(sum, 0) == Some(CHECKSUM_BYTES)
                && sum.get(2..).is_some_and(|sum| sum == hmac_sha256::Hash::hash(covered));
            self.checksum = if right { Checksum::Valid } else { Checksum::Mismatch };
            after
        } else {
            rest
        };
        // All of it, not up to the first: that can be done many bytes at once.
        self.layout.trailing = after.iter().fold(0, |all, byte| all | byte) != 0;
    }

    /// Stores a record in its field. Returns `false` if it has no field or the value does not match its type.
    fn take(&mut self, record_type: u16, value: &[u8]) -> bool {
        let field = match record_type {
            kind::PROCESSOR_MANUFACTURER => &mut self.processor.manufacturer,
            kind::PROCESSOR_MODEL => &mut self.processor.model,
            kind::TPM => &mut self.tpm.description,
            kind::SERIAL => &mut self.serial_number,
            kind::FIRMWARE_VENDOR => &mut self.firmware_vendor,
            kind::MANUFACTURER => &mut self.manufacturer,
            kind::MODEL => &mut self.model,
            kind::SKU => &mut self.sku_number,
            kind::FAMILY => &mut self.system_family,
            kind::BOARD_PRODUCT => &mut self.board_product,
            kind::BOARD_VERSION => &mut self.board_version,
            kind::SYSTEM_VERSION => &mut self.system_version,
            kind::PRODUCT_KEY_PART_NUMBER => &mut self.product_key_part_number,
            _ => return self.take_structured(record_type, value).is_some(),
        };
        if field.is_some() {
            return false;
        }
        *field = text(value).map(Text::from);
        true
    }

    /// Stores a record whose value is not one text, as [`take`](Self::take) does.
    fn take_structured(&mut self, record_type: u16, value: &[u8]) -> Option<()> {
        match record_type {
            kind::BUILDS if self.tool_build.is_none() => {
                let (tool, os) = (build_at(value, 0)?, build_at(value, 8)?);
                (self.tool_build, self.os_build) = (Some(tool), Some(os));
            }
            kind::PROCESSOR if self.processor.architecture.is_none() => {
                let [architecture, packages, cores, threads] =
                    [u16_at(value, 0)?, u16_at(value, 2)?, u16_at(value, 4)?, u16_at(value, 6)?];
                self.processor = Processor {
                    architecture: Some(architecture.into()),
                    packages: Some(packages),
                    cores: Some(cores),
                    threads: Some(threads),
                    ..std::mem::take(&mut self.processor)
                };
            }
            kind::MEMORY if self.memory_gib.is_none() => self.memory_gib = Some(u64_at(value, 0)?),
            // Sizes and serial numbers of disks come in records of their own, in the same order.
            kind::DISK => {
                let (capacity_gb, bus) = (Some(u64_at(value, 0)?), Some((*value.get(8)?).into()));
                match self.disks.iter_mut().find(|disk| disk.bus.is_none()) {
                    Some(disk) => (disk.capacity_gb, disk.bus) = (capacity_gb, bus),
                    None => self.disks.push(Disk { capacity_gb, bus, serial_number: None }),
                }
            }
            kind::DISK_SERIAL => {
                let serial_number = Some(Hidden::from(text(value)?));
                match self.disks.iter_mut().find(|disk| disk.serial_number.is_none()) {
                    Some(disk) => disk.serial_number = serial_number,
                    None => self.disks.push(Disk { serial_number, ..Disk::default() }),
                }
            }
            kind::NETWORK_ADAPTER => {
                let mac: [u8; 6] = *value.get(4..)?.first_chunk()?;
                self.network_adapters.push(NetworkAdapter {
                    medium: u32_at(value, 0)?.into(),
                    mac_address: mac.into(),
                    bus: value.get(14..).and_then(utf16_text).map(Text::from),
                });
            }
            kind::DISPLAY => self.displays.push(Display {
                width_mm: u16_at(value, 0)?,
                height_mm: u16_at(value, 2)?,
                width_pixels: u16_at(value, 4)?,
                height_pixels: u16_at(value, 6)?,
            }),
            kind::CHASSIS if self.chassis_type.is_none() => self.chassis_type = Some(*value.first()?),
            kind::UUID if self.uuid.is_none() => {
                self.uuid = Some(SmbiosUuid::from_smbios_bytes(value.try_into().ok()?));
            }
            kind::PRODUCT_KEY_ID if self.product_key_id.is_none() => {
                self.product_key_id = text(value).map(Hidden::from);
            }
            kind::ENDORSEMENT_KEY => {
                self.tpm.has_endorsement_key |= value.iter().any(|byte| *byte != 0);
            }
            kind::GRAPHICS_NAME => self.graphics.push(utf16_text(value)?.into()),
            _ => return None,
        }
        Some(())
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|chunk| u16::from_le_bytes(*chunk))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|chunk| u64::from_le_bytes(*chunk))
}

fn build_at(bytes: &[u8], at: usize) -> Option<WindowsBuild> {
    Some(WindowsBuild {
        minor: u16_at(bytes, at)?,
        major: u16_at(bytes, at + 2)?,
        revision: u16_at(bytes, at + 4)?,
        build: u16_at(bytes, at + 6)?,
    })
}

/// Returns text up to its terminating zero, trimmed; `None` if it is empty.
fn text(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value.split(|byte| *byte == 0).next()?);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns UTF-16 text, as [`text`] does.
fn utf16_text(value: &[u8]) -> Option<String> {
    let (units, _) = value.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
