//! Hashes of fictitious devices.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::records::{CHECKSUM, CHECKSUM_BYTES, HEAD_BYTES, HEADER, kind};
use crate::model::{HardwareHash, InvalidValue};

/// The size of a typical hash in bytes.
const USUAL_BYTES: usize = 3_000;

/// The hardware hash of a fictitious device, for tests, examples and simulated tenants.
///
/// ```
/// use windows_autopilot::registration::SampleHash;
/// let hash = SampleHash::new("5CG1234ABC").with_manufacturer("Contoso").with_model("Notebook 14").build()?;
/// assert_eq!(hash.as_str().len(), 4_000);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// It has the same length as a hash written by a device, and the same records in the same order. The identifying values
/// (UUID, network addresses, disk, TPM key) are derived from the serial number, so equal samples give equal hashes.
///
/// The device does not exist: do not send its hash to a real tenant.
#[derive(Debug, Clone)]
pub struct SampleHash {
    serial_number: String,
    manufacturer: String,
    model: String,
    tpm: Option<String>,
    endorsement_key: bool,
    more: Vec<(u16, Vec<u8>)>,
}

impl SampleHash {
    /// Creates a sample for a notebook with a TPM 2.0 and this serial number.
    pub fn new(serial_number: impl Into<String>) -> Self {
        Self {
            serial_number: serial_number.into(),
            manufacturer: "Contoso".to_owned(),
            model: "Notebook 14".to_owned(),
            tpm: Some("TPM-Version:2.0 -Level:0-Revision:1.38-VendorID:'CTSO'-Firmware:458867.1".to_owned()),
            endorsement_key: true,
            more: Vec::new(),
        }
    }

    /// Sets the manufacturer. The record is left out if the name is empty.
    #[must_use]
    pub fn with_manufacturer(self, manufacturer: impl Into<String>) -> Self {
        Self { manufacturer: manufacturer.into(), ..self }
    }

    /// Sets the model.
    #[must_use]
    pub fn with_model(self, model: impl Into<String>) -> Self {
        Self { model: model.into(), ..self }
    }

    /// Sets the description of the TPM.
    #[must_use]
    pub fn with_tpm(self, description: impl Into<String>) -> Self {
        Self { tpm: Some(description.into()), ..self }
    }

    /// Removes the TPM.
    #[must_use]
    pub fn without_tpm(self) -> Self {
        Self { tpm: None, ..self }.without_endorsement_key()
    }

    /// Removes the TPM's endorsement key.
    #[must_use]
    pub fn without_endorsement_key(self) -> Self {
        Self { endorsement_key: false, ..self }
    }

    /// Appends a record of any type.
    #[must_use]
    pub fn with_record(mut self, record_type: u16, value: impl Into<Vec<u8>>) -> Self {
        self.more.push((record_type, value.into()));
        self
    }

    /// Builds the hash: 4,000 characters, or more if the values are long.
    ///
    /// # Errors
    /// [`InvalidValue`] if the values exceed a hash's limit of 65,535 bytes.
    pub fn build(&self) -> Result<HardwareHash, InvalidValue> {
        let too_long = || InvalidValue::new("sample hash", "has no room for its values", "make them shorter");
        let mut records = Vec::new();
        for (record_type, value) in self.records() {
            let length = u16::try_from(HEAD_BYTES + value.len()).map_err(|_| too_long())?;
            records.extend_from_slice(&record_type.to_le_bytes());
            records.extend_from_slice(&length.to_le_bytes());
            records.extend_from_slice(&value);
        }
        let length = u16::try_from(HEAD_BYTES + records.len()).map_err(|_| too_long())?;
        let mut bytes = [&HEADER[..], &length.to_le_bytes(), &records].concat();
        let sum = hmac_sha256::Hash::hash(&bytes);
        bytes.extend_from_slice(CHECKSUM);
        bytes.extend_from_slice(&CHECKSUM_BYTES.to_le_bytes());
        bytes.extend_from_slice(&sum);
        bytes.resize(bytes.len().max(USUAL_BYTES), 0);
        STANDARD.encode(bytes).parse()
    }

    fn records(&self) -> Vec<(u16, Vec<u8>)> {
        let id = hmac_sha256::Hash::hash(self.serial_number.as_bytes());
        let [a, b, c, d, e, ..] = id;
        let disk = format!("0000_0000_0100_0000_{a:02X}{b:02X}_{c:02X}{d:02X}_0000_0001.|CONTOSO SSD 256GB|");
        let mut records = vec![
            (kind::BUILDS, [BUILD, BUILD, &[0; 5], &[2, 9, 3]].concat()),
            (kind::PROCESSOR, vec![9, 0, 1, 0, 4, 0, 8, 0, 1, 0, 0, 0]),
            (kind::MEMORY, [&16_u64.to_le_bytes()[..], &64_u64.to_le_bytes(), &[2, 0, 1, 0, 3]].concat()),
            (kind::PROCESSOR_MANUFACTURER, text("GenuineIntel")),
            (kind::PROCESSOR_MODEL, text("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz")),
            (kind::DISK, [&256_u64.to_le_bytes()[..], &[17, 0, 0, 1]].concat()),
            (kind::DISK_SERIAL, text(&disk)),
            // Addresses that begin so are nobody's: they are administered locally.
            (kind::NETWORK_ADAPTER, adapter(9, [0x02, a, b, c, d, e])),
            (kind::NETWORK_ADAPTER, adapter(14, [0x06, a, b, c, d, e])),
            (kind::DISPLAY, vec![0x58, 1, 0xC1, 0, 0x80, 7, 0x38, 4, 0, 0, 0, 0x80]),
            (27, vec![0x22, 0, 0x13, 0]),
            (kind::CHASSIS, vec![10, 2, 0, 0, 0]),
        ];
        if let Some(tpm) = &self.tpm {
            records.push((kind::TPM, text(tpm)));
        }
        if self.endorsement_key {
            let key = (0..8_u8).flat_map(|part| hmac_sha256::HMAC::mac([part], id)).collect();
            records.push((kind::ENDORSEMENT_KEY, key));
        }
        records.push((kind::UUID, id.iter().copied().take(16).collect()));
        for (record_type, value) in [
            (kind::SERIAL, self.serial_number.as_str()),
            (kind::FIRMWARE_VENDOR, &self.manufacturer),
            (kind::MANUFACTURER, &self.manufacturer),
            (kind::MODEL, &self.model),
            (kind::SKU, "NB14-2024"),
            (kind::FAMILY, "Notebook"),
            (kind::BOARD_PRODUCT, "NB14 board"),
        ] {
            if !value.is_empty() {
                records.push((record_type, text(value)));
            }
        }
        records.extend(self.more.iter().cloned());
        records
    }
}

/// 10.0.22631.4317, in the record's order.
const BUILD: &[u8] = &[0, 0, 10, 0, 0xDD, 0x10, 0x67, 0x58];

fn text(text: &str) -> Vec<u8> {
    [text.as_bytes(), &[0]].concat()
}

fn adapter(medium: u32, mac: [u8; 6]) -> Vec<u8> {
    let bus = "PCI\0".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    [&medium.to_le_bytes()[..], &mac, &8_u32.to_le_bytes(), &bus].concat()
}
