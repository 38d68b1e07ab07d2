//! The contents of a hardware hash.
//!
//! A hardware hash is not a digest: it is a base64-encoded list of records that describe the device's parts, followed by
//! their SHA-256. The format is not documented. This parser agrees with three independent tools, and the checksum and
//! every known record type were confirmed with a hash from a real device. Unknown record types are kept.

mod parts;
mod records;
#[cfg(any(test, feature = "sim"))]
mod sample;
mod shape;

use std::fmt;

use crate::model::{Finding, HardwareHash, Hidden, InvalidValue, SerialNumber, Text};
use crate::registration::findings::*;

pub use self::parts::{
    Architecture, Disk, Display, HashRecord, MacAddress, NetworkAdapter, NetworkMedium, Processor,
    SmbiosUuid, StorageBus, Tpm, WindowsBuild,
};
#[cfg(any(test, feature = "sim"))]
pub use self::sample::SampleHash;
pub(crate) use self::shape::{HashLengths, check_text};

/// The contents of a hardware hash.
///
/// ```
/// # #[cfg(feature = "sim")] {
/// use windows_autopilot::registration::{HashContents, SampleHash};
/// let hash = SampleHash::new("5CG1234ABC").build()?;
/// let contents = HashContents::decode(&hash)?;
/// assert_eq!(contents.serial_number.as_deref(), Some("5CG1234ABC"));
/// assert!(contents.readiness().is_ready());
/// assert!(contents.lint().is_empty());
/// # }
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// A hash identifies a device: `Debug` shows only the manufacturer, the model, and the state of the records and the
/// checksum.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HashContents {
    /// The manufacturer in the firmware, such as `LENOVO`.
    pub manufacturer: Option<Text>,
    /// The product name in the firmware.
    pub model: Option<Text>,
    /// The serial number in the firmware.
    pub serial_number: Option<Text>,
    /// The SKU number in the firmware.
    pub sku_number: Option<Text>,
    /// The product family in the firmware.
    pub system_family: Option<Text>,
    /// The product version in the firmware.
    pub system_version: Option<Text>,
    /// The vendor of the firmware.
    pub firmware_vendor: Option<Text>,
    /// The product name of the motherboard.
    pub board_product: Option<Text>,
    /// The version of the motherboard.
    pub board_version: Option<Text>,
    /// The UUID in the firmware.
    pub uuid: Option<SmbiosUuid>,
    /// The type of chassis, as an SMBIOS number: 10 is a notebook.
    pub chassis_type: Option<u8>,
    /// The processor in the device.
    pub processor: Processor,
    /// The amount of memory, in GiB.
    pub memory_gib: Option<u64>,
    /// The disks, in the order in which the hash lists them.
    pub disks: Vec<Disk>,
    /// The network adapters, in the order in which the hash lists them.
    pub network_adapters: Vec<NetworkAdapter>,
    /// The screens, in the order in which the hash lists them.
    pub displays: Vec<Display>,
    /// The names of the graphics adapters.
    pub graphics: Vec<Text>,
    /// The trusted platform module.
    pub tpm: Tpm,
    /// The 13-digit id of the product key in the firmware.
    pub product_key_id: Option<Hidden>,
    /// The part number of the product key in the firmware, such as `[TH]X19-99481`.
    pub product_key_part_number: Option<Text>,
    /// The Windows build that produced the hash.
    pub os_build: Option<WindowsBuild>,
    /// The build of the tool that produced the hash.
    pub tool_build: Option<WindowsBuild>,
    /// The state of the checksum.
    pub checksum: Checksum,
    /// Records of unknown types, and records whose contents do not match their type.
    pub other: Vec<HashRecord>,
    layout: Layout,
}

/// The layout of the records in the bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Layout {
    /// The number of bytes.
    bytes: usize,
    /// The number of bytes that the header declares for itself and the records.
    declared: usize,
    /// The offset of the first malformed record.
    broken_at: Option<usize>,
    /// Whether the bytes end before the checksum does.
    cut: bool,
    /// Whether there are bytes other than zeros after the checksum.
    trailing: bool,
}

/// The state of the checksum of a hash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// The checksum matches.
    Valid,
    /// The checksum does not match the records.
    Mismatch,
    /// The checksum is missing.
    #[default]
    Missing,
}

/// A device's suitability for pre-provisioning and self-deploying mode, according to its hash: both need a TPM 2.0 that
/// supports attestation. User-driven deployment does not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// The device is suitable.
    Ready,
    /// The hash lists no TPM.
    NoTpm,
    /// The TPM has this version, which is too old.
    OldTpm(Text),
    /// The TPM's endorsement key is not in the hash.
    NoEndorsementKey,
}

impl Readiness {
    /// Returns `true` if the device is suitable.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready: it has a TPM 2.0, with its endorsement key"),
            Self::NoTpm => f.write_str("not ready: the hash names no TPM"),
            Self::OldTpm(version) => {
                write!(f, "not ready: its TPM is of version {version}, and 2.0 is needed")
            }
            Self::NoEndorsementKey => f.write_str("not ready: the TPM's endorsement key is not in the hash"),
        }
    }
}

/// The place of a finding about a hash.
const PLACE: &str = "hardware hash";

impl HashContents {
    /// Decodes a hash.
    ///
    /// If a hash is damaged, its readable part is decoded; [`lint`](Self::lint) reports the damage.
    ///
    /// # Errors
    /// The start of the hash is invalid.
    pub fn decode(hash: &HardwareHash) -> Result<Self, InvalidValue> {
        Self::decode_bytes(&hash.to_bytes())
    }

    /// Decodes a hash from its bytes, without base64 encoding.
    ///
    /// # Errors
    /// The start of the bytes is invalid.
    pub fn decode_bytes(bytes: &[u8]) -> Result<Self, InvalidValue> {
        records::decode(bytes).ok_or_else(|| {
            InvalidValue::new(
                PLACE,
                "does not start like a hardware hash",
                "copy the complete hash from the device again",
            )
        })
    }

    /// Returns whether the device is suitable for pre-provisioning and self-deploying mode.
    pub fn readiness(&self) -> Readiness {
        match self.tpm.version() {
            None => Readiness::NoTpm,
            Some(version) if version.split('.').next() != Some("2") => Readiness::OldTpm(version.into()),
            Some(_) if !self.tpm.has_endorsement_key => Readiness::NoEndorsementKey,
            Some(_) => Readiness::Ready,
        }
    }

    /// Returns findings about damage and about contents that the service rejects.
    ///
    /// A wrong checksum is a warning, because it is not known whether the service checks it.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Layout { bytes, declared, broken_at, cut, trailing } = self.layout;
        if cut {
            let evidence = format!("ends after {bytes} bytes, before its own end: {declared} and a checksum");
            findings.push(HASH_CUT.at(PLACE, evidence));
            // What is missing or wrong beyond this follows from it.
            return findings;
        }
        if let Some(at) = broken_at {
            let evidence =
                format!("the record at byte {at} does not fit in the {declared} bytes of the records");
            findings.push(HASH_BROKEN_RECORD.at(PLACE, evidence));
        } else {
            for (kind, what, value) in [
                (HASH_NO_MANUFACTURER, "manufacturer", &self.manufacturer),
                (HASH_NO_SERIAL, "serial number", &self.serial_number),
            ] {
                if value.is_none() {
                    let evidence = format!("has no {what}, and is refused with InvalidZtdHardwareHash");
                    findings.push(kind.at(PLACE, evidence));
                }
            }
        }
        match self.checksum {
            Checksum::Valid => {}
            Checksum::Mismatch => {
                let evidence = "its checksum does not match its contents";
                findings.push(HASH_CHECKSUM.at(PLACE, evidence));
            }
            Checksum::Missing => {
                findings.push(HASH_NO_CHECKSUM.at(PLACE, "has no checksum after its records"));
            }
        }
        if trailing {
            let end = if self.checksum == Checksum::Missing { "records" } else { "checksum" };
            findings.push(HASH_TRAILING_BYTES.at(PLACE, format!("has data after its {end}")));
        }
        findings
    }

    /// Compares a serial number that accompanies the hash with the one in the hash.
    ///
    /// Surrounding spaces and case are ignored. Returns `None` if the hash has no serial number, which
    /// [`lint`](Self::lint) reports.
    pub fn check_serial_number(&self, beside: &SerialNumber) -> Option<Finding> {
        let inside = self.serial_number.as_deref()?;
        let beside = beside.as_str().trim();
        if inside.eq_ignore_ascii_case(beside) {
            return None;
        }
        let lost_zeros = inside.strip_suffix(beside).is_some_and(|lost| lost.bytes().all(|b| b == b'0'));
        let evidence = format!("the serial number is {beside:?}, and {inside:?} in the hash");
        Some(if lost_zeros {
            HASH_OTHER_SERIAL.at(PLACE, evidence + ": zeros at its start were lost").with_remedy(
                "write the serial number as it is in the hash, and do not save the file from Excel",
            )
        } else {
            HASH_OTHER_SERIAL.at(PLACE, evidence)
        })
    }
}

impl fmt::Debug for HashContents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashContents")
            .field("manufacturer", &self.manufacturer)
            .field("model", &self.model)
            .field("readiness", &self.readiness())
            .field("checksum", &self.checksum)
            .field("findings", &self.lint().iter().map(|finding| finding.id.clone()).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;
    use crate::model::Severity;

    /// A hash built by hand with a checksum from another program, so that reader and sample cannot share an error.
    const BY_HAND: &str = "T0GVABAADABDb250b3NvABEAEABOb3RlYm9vayAxNAAOAA4AVEVTVC0wMDAxAAwAFAAAAQIDBAUGBwgJCgsMDQ4P\
        CAAaAA4AAAACAAAAAAEIAAAAUABDAEkAAAANAB0AVFBNLVZlcnNpb246Mi4wIC1MZXZlbDowABkAFAABAQEBAQEBAQEBAQEBAQEBGwAIACIA\
        EwBDUyQAtEPhLq+zC58/N9fF1YGcoweWCPKOGzRvpu9Yjh9yVAkAAAAAAAAAAAA=";

    fn by_hand() -> Vec<u8> {
        STANDARD.decode(BY_HAND).unwrap()
    }

    fn decode(bytes: &[u8]) -> HashContents {
        HashContents::decode_bytes(bytes).unwrap()
    }

    fn sample(sample: &SampleHash) -> HashContents {
        HashContents::decode(&sample.build().unwrap()).unwrap()
    }

    fn ids(contents: &HashContents) -> Vec<String> {
        contents.lint().into_iter().map(|finding| finding.id.into_owned()).collect()
    }

    #[test]
    fn every_field_of_a_hash_made_by_hand_is_read() {
        let contents = HashContents::decode(&BY_HAND.parse().unwrap()).unwrap();
        let expected = HashContents {
            manufacturer: Some("Contoso".into()),
            model: Some("Notebook 14".into()),
            serial_number: Some("TEST-0001".into()),
            uuid: Some(SmbiosUuid::from_smbios_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])),
            network_adapters: vec![NetworkAdapter {
                medium: NetworkMedium::Ethernet,
                mac_address: MacAddress::from([2, 0, 0, 0, 0, 1]),
                bus: Some("PCI".into()),
            }],
            tpm: Tpm { description: Some("TPM-Version:2.0 -Level:0".into()), has_endorsement_key: true },
            checksum: Checksum::Valid,
            other: vec![HashRecord { record_type: 27, value: vec![0x22, 0, 0x13, 0] }],
            layout: Layout { bytes: 194, declared: 149, ..Layout::default() },
            ..HashContents::default()
        };
        assert!(contents == expected, "{contents:?}");
        assert!(contents.lint().is_empty());
        assert_eq!(contents.uuid.unwrap().to_string(), "03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(contents.network_adapters[0].mac_address.to_string(), "02-00-00-00-00-01");
        assert_eq!(contents.readiness(), Readiness::Ready);
    }

    #[test]
    fn a_sample_is_as_long_as_a_real_hash_and_has_its_fields() {
        let hash = SampleHash::new("5CG1234ABC").build().unwrap();
        assert_eq!(hash.as_str().len(), 4_000);
        let contents = HashContents::decode(&hash).unwrap();
        assert!(contents.lint().is_empty(), "{contents:?}");
        assert_eq!(contents.serial_number.as_deref(), Some("5CG1234ABC"));
        assert_eq!(contents.memory_gib, Some(16));
        assert_eq!(contents.chassis_type, Some(10));
        assert_eq!(contents.os_build.unwrap().to_string(), "10.0.22631.4317");
        assert_eq!(
            contents.processor,
            Processor {
                manufacturer: Some("GenuineIntel".into()),
                model: Some("Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz".into()),
                architecture: Some(Architecture::X64),
                packages: Some(1),
                cores: Some(4),
                threads: Some(8),
            }
        );
        let [disk] = contents.disks.as_slice() else { panic!("{contents:?}") };
        assert_eq!((disk.capacity_gb, disk.bus), (Some(256), Some(StorageBus::Nvme)));
        assert!(disk.serial_number.as_ref().unwrap().as_str().ends_with("|CONTOSO SSD 256GB|"));
        assert_eq!(
            contents.network_adapters.iter().map(|adapter| adapter.medium).collect::<Vec<_>>(),
            [NetworkMedium::Wifi, NetworkMedium::Ethernet]
        );
        assert_eq!(
            contents.displays,
            [Display { width_mm: 344, height_mm: 193, width_pixels: 1920, height_pixels: 1080 }]
        );
        assert_ne!(hash, SampleHash::new("5CG1234ABD").build().unwrap());
        assert_eq!(hash, SampleHash::new("5CG1234ABC").build().unwrap());
    }

    #[test]
    fn a_sample_that_cannot_be_written_is_refused() {
        let long = sample(&SampleHash::new("A").with_record(99, vec![1; 64_000]));
        assert!(long.lint().is_empty());
        for length in [65_000, 65_532] {
            let error = SampleHash::new("A").with_record(99, vec![1; length]).build().unwrap_err();
            assert_eq!(error.problem(), "has no room for its values", "{length}");
        }
    }

    #[test]
    fn readiness_needs_a_tpm_2_with_its_endorsement_key() {
        let device = SampleHash::new("A");
        for (sample_hash, expected, words) in [
            (device.clone(), Readiness::Ready, "TPM 2.0"),
            (device.clone().with_tpm("2.0"), Readiness::Ready, "ready"),
            (device.clone().without_tpm(), Readiness::NoTpm, "names no TPM"),
            (device.clone().with_tpm("none"), Readiness::NoTpm, "names no TPM"),
            (
                device.clone().with_tpm("TPM-Version:1.2 -Level:2"),
                Readiness::OldTpm("1.2".into()),
                "of version 1.2",
            ),
            (device.clone().with_tpm("20.0"), Readiness::OldTpm("20.0".into()), "not ready"),
            (device.clone().without_endorsement_key(), Readiness::NoEndorsementKey, "endorsement key"),
            (
                device.without_endorsement_key().with_record(25, vec![0; 256]),
                Readiness::NoEndorsementKey,
                "not ready",
            ),
        ] {
            let readiness = sample(&sample_hash).readiness();
            assert_eq!(readiness, expected);
            assert!(readiness.to_string().contains(words), "{readiness}");
        }
    }

    #[test]
    fn a_changed_byte_is_found_by_the_checksum() {
        let mut bytes = by_hand();
        bytes[9] ^= 1;
        let contents = decode(&bytes);
        assert_eq!((contents.checksum, ids(&contents)), (Checksum::Mismatch, vec!["hash.checksum".into()]));
        assert!(contents.lint().iter().all(|finding| finding.severity == Severity::Warning));
        let mut bytes = by_hand();
        bytes.truncate(149);
        assert_eq!(ids(&decode(&bytes)), ["hash.no-checksum"]);
        let mut bytes = by_hand();
        *bytes.last_mut().unwrap() = 1;
        assert_eq!(ids(&decode(&bytes)), ["hash.trailing-bytes"]);
    }

    #[test]
    fn a_hash_that_was_cut_is_an_error_and_nothing_else_is_said() {
        for length in [4, 20, 148, 151, 184] {
            let contents = decode(&by_hand()[..length]);
            assert_eq!(ids(&contents), ["hash.cut"], "{length}");
            assert_eq!(contents.lint()[0].severity, Severity::Error);
        }
        assert_eq!(decode(&by_hand()[..100]).manufacturer.as_deref(), Some("Contoso"));
    }

    #[test]
    fn a_record_that_does_not_fit_ends_the_records_but_loses_none_before_it() {
        for length in [0_u16, 3, 500] {
            let mut bytes = by_hand();
            // The length of the second record.
            bytes[18..20].copy_from_slice(&length.to_le_bytes());
            let contents = decode(&bytes);
            assert_eq!(contents.manufacturer.as_deref(), Some("Contoso"));
            assert_eq!(contents.model, None);
            assert_eq!(ids(&contents), ["hash.broken-record", "hash.checksum"]);
            assert!(contents.lint()[0].evidence.contains("byte 16"), "{:?}", contents.lint());
        }
        assert_eq!(
            ids(&decode(b"OA\x01\x00CS")),
            ["hash.broken-record", "hash.no-checksum", "hash.trailing-bytes"]
        );
    }

    #[test]
    fn a_hash_without_maker_or_serial_number_is_refused_by_the_service() {
        assert_eq!(ids(&sample(&SampleHash::new("A").with_manufacturer(""))), ["hash.no-manufacturer"]);
        assert_eq!(ids(&sample(&SampleHash::new(""))), ["hash.no-serial"]);
        assert_eq!(
            ids(&sample(&SampleHash::new("  ").with_manufacturer(" ")))[..],
            ["hash.no-manufacturer", "hash.no-serial"]
        );
    }

    #[test]
    fn what_does_not_fit_its_type_or_has_none_is_kept() {
        let contents = sample(
            &SampleHash::new("A")
                .with_record(12, vec![1; 5])
                .with_record(999, vec![2; 3])
                .with_record(14, b"B\0".to_vec())
                .with_record(6, vec![0; 8])
                .with_record(8, vec![0; 9]),
        );
        let kept: Vec<_> = contents.other.iter().map(|record| record.record_type).collect();
        assert_eq!(kept, [27, 12, 999, 14, 6, 8]);
        assert_eq!(contents.serial_number.as_deref(), Some("A"));
        assert_eq!(format!("{:?}", contents.other[2]), "type 999 [3 bytes]");
    }

    #[test]
    fn what_does_not_start_as_a_hash_is_refused_and_not_shown() {
        for bytes in [&b""[..], b"O", b"OA", b"OA\0", b"PK\x03\x04", b"oa\x04\0"] {
            let error = HashContents::decode_bytes(bytes).unwrap_err();
            assert!(error.value().is_none() && error.problem().contains("does not start"), "{error}");
        }
    }

    #[test]
    fn a_serial_number_beside_the_hash_is_compared_with_the_one_in_it() {
        let contents = sample(&SampleHash::new("00123Ab"));
        let compare = |text: &str| contents.check_serial_number(&text.parse().unwrap());
        assert_eq!(compare("00123Ab"), None);
        assert_eq!(compare("00123aB"), None);
        let lost = compare("123Ab").unwrap();
        assert_eq!((lost.id.as_ref(), lost.severity), ("hash.other-serial", Severity::Warning));
        assert!(lost.evidence.contains("zeros at its start were lost"), "{lost}");
        let other = compare("XYZ").unwrap();
        assert!(other.evidence.contains("\"XYZ\"") && other.evidence.contains("\"00123Ab\""), "{other}");
        assert!(!other.evidence.contains("zeros"));
    }

    #[test]
    fn debug_shows_nothing_that_identifies_the_device() {
        let contents = sample(&SampleHash::new("5CG1234ABC").with_record(24, b"3305016087943\0".to_vec()));
        assert!(contents.product_key_id.is_some());
        let debug =
            format!("{contents:?} {:?}", (&contents.disks, &contents.network_adapters, contents.uuid));
        assert!(debug.contains("Contoso") && debug.contains("Ready"), "{debug}");
        let mac = contents.network_adapters[0].mac_address.to_string();
        let uuid = contents.uuid.unwrap().to_string();
        for hidden in ["5CG1234ABC", "3305016087943", "CONTOSO SSD", mac.as_str(), uuid.as_str()] {
            assert!(!debug.contains(hidden), "{debug}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), start: bool) {
            let bytes = if start { [b"OA", bytes.as_slice()].concat() } else { bytes };
            if let Ok(contents) = HashContents::decode_bytes(&bytes) {
                let _ = (format!("{contents:?}"), contents.readiness().to_string());
                contents.lint();
            }
        }

        #[test]
        fn damage_anywhere_never_goes_unnoticed(at in 0..194_usize, bit in 0..8_u32) {
            let mut bytes = by_hand();
            bytes[at] ^= 1_u8 << bit;
            match HashContents::decode_bytes(&bytes) {
                Err(_) => prop_assert!(at < 2),
                Ok(contents) => prop_assert!(!contents.lint().is_empty()),
            }
        }

        #[test]
        fn every_record_of_a_sample_comes_back(
            serial in "[ -~]{0,40}",
            records in proptest::collection::vec((40_u16..2_000, proptest::collection::vec(any::<u8>(), 0..50)), 0..20),
        ) {
            let mut device = SampleHash::new(serial.clone());
            for (record_type, value) in records.clone() {
                device = device.with_record(record_type, value);
            }
            let contents = sample(&device);
            prop_assert_eq!(contents.serial_number.as_deref().unwrap_or_default(), serial.trim());
            prop_assert_eq!(contents.checksum, Checksum::Valid);
            let kept = contents.other.into_iter().filter(|record| record.record_type >= 40);
            prop_assert_eq!(kept.map(|record| (record.record_type, record.value)).collect::<Vec<_>>(), records);
        }
    }
}
