//! The rules of registration, each with the place of its fact in `../shared`: device files, hardware hashes, group
//! rules, the offline file, and what an import makes of each answer of the service.
//!
//! A row says where the rule stands, what it says, and shows that it holds. Nothing of `../shared` is read.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use windows_autopilot::Client;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::model::{
    DeviceToImport, Finding, HardwareHash, HybridJoinProfile, MembershipRule, Severity, UserType,
};
use windows_autopilot::offline::{self, OfflineJoin, OfflineProfile, OfflineTenant};
use windows_autopilot::registration::csv::{self, Column, CsvFormat, CsvReader, PortalFiles};
use windows_autopilot::registration::hash::{Checksum, Readiness};
use windows_autopilot::registration::{HashContents, SampleHash};
use windows_autopilot::sim::{DeviceSpec, Fault, Tenant};
use windows_autopilot::workflow::{
    GroupTagCheck, Import, ImportOptions, ImportOutcome, ImportStage, Uncertainty,
};

/// A rule: the place of its fact, what it says, and whether it holds.
type Rule = (&'static str, &'static str, fn() -> bool);

fn check(rules: &[Rule]) {
    let broken: Vec<_> =
        rules.iter().filter(|(.., holds)| !holds()).map(|(fact, rule, _)| (fact, rule)).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

const PORTAL: &str = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User";

fn hash(serial: &str) -> String {
    SampleHash::new(serial).build().unwrap().as_str().to_owned()
}

/// The devices of a file.
fn devices(file: impl AsRef<[u8]>) -> Vec<DeviceToImport> {
    CsvReader::new(file.as_ref()).filter_map(|row| row.unwrap().device).collect()
}

fn findings(file: impl AsRef<[u8]>) -> Vec<Finding> {
    csv::check(file.as_ref()).unwrap().findings
}

/// Whether a file has a finding of this id and severity there, and no error beside.
fn says(file: impl AsRef<[u8]>, severity: Severity, id: &str, place: &str) -> bool {
    let findings = findings(file);
    let is_it =
        |finding: &Finding| finding.id == id && finding.severity == severity && finding.place == place;
    findings.iter().any(is_it)
        && findings.iter().all(|finding| is_it(finding) || finding.severity < Severity::Error)
}

/// A file with the portal's header and this row, and a good one after it, which has to be read.
fn row_says(row: &str, severity: Severity, id: &str, column: &str) -> bool {
    let file = format!("{PORTAL}\n{row}\nGOOD,,{},,\n", hash("GOOD"));
    let place = format!("line 2, {column}");
    let devices = devices(&file);
    devices.last().is_some_and(|device| device.serial_number.as_str() == "GOOD")
        && devices.len() == 1 + usize::from(severity < Severity::Error)
        && says(file, severity, id, &place)
}

#[test]
fn device_files() {
    use Severity::{Error, Info, Warning};
    check(&[
        ("domain.md 4.1", "the portal takes 500 devices in a file", || {
            let hash: HardwareHash = "T0EAAAA=".parse().unwrap();
            let many: Vec<_> = (0..1_001)
                .map(|n| DeviceToImport::new(format!("SN-{n}").parse().unwrap(), hash.clone()))
                .collect();
            let files: Vec<String> = PortalFiles::new(&many).map(Result::unwrap).collect();
            let rows: Vec<_> = files.iter().map(|file| file.lines().count() - 1).collect();
            let whole: String = many.iter().map(|one| format!("{},T0EAAAA=\n", one.serial_number)).collect();
            let whole = findings(format!("Device Serial Number,Hardware Hash\n{whole}"));
            rows == [500, 500, 1] && whole.last().unwrap().id == "csv.too-many-rows"
        }),
        ("domain.md 4.1", "a serial number is required", || {
            row_says(&format!(",,{},,", hash("A")), Error, "csv.missing-serial", "Device Serial Number")
        }),
        ("domain.md 4.1", "a hardware hash is required", || {
            row_says("A,,,,", Error, "csv.missing-hash", "Hardware Hash")
        }),
        ("domain.md 4.1", "product id, group tag and user are optional, and so are their columns", || {
            // Every subset of the three.
            (0..8_usize).all(|set| {
                let column =
                    |bit: usize, text: &str| if set & bit == 0 { String::new() } else { text.to_owned() };
                let file = format!(
                    "Device Serial Number{},Hardware Hash{}{}\nA{},{}{}{}\n",
                    column(1, ",Windows Product ID"),
                    column(2, ",Group Tag"),
                    column(4, ",Assigned User"),
                    column(1, ",3305016087943"),
                    hash("A"),
                    column(2, ",Kiosk"),
                    column(4, ",adele@contoso.com"),
                );
                let device = &devices(&file)[0];
                device.product_key.is_some() == (set & 1 != 0)
                    && device.group_tag.is_some() == (set & 2 != 0)
                    && device.assigned_user_principal_name.is_some() == (set & 4 != 0)
                    && findings(&file).iter().all(|finding| finding.id == "csv.assigned-user")
            })
        }),
        ("domain.md 4.1", "headers are exact and case-sensitive", || {
            let file = format!("Device Serial number,Hardware Hash\nA,{}\n", hash("A"));
            says(file, Warning, "csv.header-spelling", "line 1, Device Serial Number")
        }),
        ("domain.md 4.1", "there are no other columns", || {
            let file = format!("Device Serial Number,Hardware Hash,Room\nA,{},7\n", hash("A"));
            devices(&file).len() == 1 && says(file, Warning, "csv.extra-column", "line 1, column 3")
        }),
        ("domain.md 4.1", "a value has no comma", || {
            row_says(&format!("A,,{},\"a,b\",", hash("A")), Error, "csv.forbidden-character", "Group Tag")
        }),
        ("domain.md 4.1", "a value has no quote", || {
            row_says(&format!("A,,{},19\" rack,", hash("A")), Error, "csv.forbidden-character", "Group Tag")
        }),
        ("domain.md 4.1", "there are no quotes around values", || {
            row_says(&format!("A,,{},\"Kiosk\",", hash("A")), Warning, "csv.quotes", "Group Tag")
        }),
        ("domain.md 4.1", "the file is ANSI, and not Unicode", || {
            let file = format!("\u{feff}{PORTAL}\nA,,{},,\n", hash("A"));
            devices(&file).len() == 1 && says(file, Info, "csv.encoding", "line 1")
        }),
        ("domain.md 4.1", "the file does not come from Excel", || {
            row_says(
                &format!("1.23E+15,,{},,", hash("A")),
                Error,
                "csv.scientific-serial",
                "Device Serial Number",
            ) && says(b"PK\x03\x04", Error, "csv.workbook", "line 1")
        }),
        ("domain.md 4.1", "a user is named in full, with the domain", || {
            row_says(&format!("A,,{},,adele", hash("A")), Error, "csv.invalid-user", "Assigned User")
        }),
        ("domain.md 0.3 (3)", "a user is not assigned with hybrid join", || {
            row_says(
                &format!("A,,{},,adele@contoso.com", hash("A")),
                Warning,
                "csv.assigned-user",
                "Assigned User",
            )
        }),
        ("domain.md 4.4", "of duplicates in a file one wins", || {
            let file = format!("{PORTAL}\nA,,{0},,\nA,,{0},,\n", hash("A"));
            devices(&file).len() == 1
                && says(file, Error, "csv.duplicate-serial", "line 3, Device Serial Number")
        }),
        ("domain.md 4.2", "duplicates are told by serial number and maker, not by hash", || {
            let of = |maker: &str, tpm: &str| {
                SampleHash::new("A")
                    .with_manufacturer(maker)
                    .with_tpm(tpm)
                    .build()
                    .unwrap()
                    .as_str()
                    .to_owned()
            };
            let file = |first: String, second: String| format!("{PORTAL}\nA,,{first},,\nA,,{second},,\n");
            devices(file(of("Contoso", "2.0"), of("Contoso", "2.1"))).len() == 1
                && devices(file(of("Contoso", "2.0"), of("Fabrikam", "2.0"))).len() == 2
        }),
        ("domain.md 4.2", "a hash without its padding is put right, and said", || {
            // Longer than the usual 3,000 bytes, which need no padding.
            let of_length = |more| SampleHash::new("A").with_record(99, vec![1; more]).build().unwrap();
            let hash = (2_500..2_503).map(of_length).find(|hash| hash.as_str().ends_with("==")).unwrap();
            let bare = hash.as_str().trim_end_matches('=');
            let file = format!("{PORTAL}\nA,,{bare},,\n");
            bare.len() < hash.as_str().len()
                && devices(&file)[0].hardware_identifier == hash
                && says(file, Info, "csv.repaired-hash", "line 2, Hardware Hash")
        }),
        ("domain.md 4.2", "a hash never shows", || {
            let hash = hash("A");
            let file = format!("{PORTAL}\nA,,{hash}!,,\nA,,{hash},,\nB,,{hash},,\nC,,{},,\n", &hash[..600]);
            let findings = findings(file);
            findings.len() >= 4 && findings.iter().all(|finding| !finding.to_string().contains(&hash[..16]))
        }),
        ("lessons.md 2.7", "PowerShell 5 writes UTF-16 with a mark", || {
            let text = format!("{PORTAL}\r\nA,,{},Kiosk,\r\n", hash("A"));
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            devices([b"\xFF\xFE", utf16.as_slice()].concat()) == devices(text)
        }),
        ("lessons.md 2.7", "older scripts call the group tag OrderID", || {
            let file = format!(
                "Device Serial Number,Windows Product ID,Hardware Hash,OrderID\nA,,{},Kiosk\n",
                hash("A")
            );
            devices(&file)[0].group_tag.as_ref().unwrap().as_str() == "Kiosk"
                && says(file, Warning, "csv.header-spelling", "line 1, Group Tag")
        }),
        ("lessons.md 2.7", "a partner's file has maker and model", || {
            let file = format!(
                "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model\nA,,{},Contoso,14\n",
                hash("A")
            );
            let summary = csv::check(file.as_bytes()).unwrap().summary;
            (summary.format, summary.devices) == (Some(CsvFormat::Partner), 1)
                && summary.columns.ends_with(&[Column::Manufacturer, Column::Model])
        }),
        ("lessons.md 2.7", "a value that cannot be written is refused, and not changed", || {
            let device = DeviceToImport::new("SER,123".parse().unwrap(), "T0EAAAA=".parse().unwrap());
            PortalFiles::new([&device]).next().unwrap().unwrap_err().subject() == "serial number"
        }),
    ]);
}

#[test]
fn padding_of_hashes() {
    // domain.md 4.2: spaces and `=` at the end are left out; then, by the length modulo 4, nothing, `A==`, `==` or `=`.
    for (text, repaired) in [
        ("Q29udG9zbwAAA", "Q29udG9zbwAAAA=="),
        ("QUJD", "QUJD"),
        ("QUJDR", "QUJDRA=="),
        ("QUJDRE", "QUJDRE=="),
        ("QUJDREV", "QUJDREV="),
        ("QUJDRA=", "QUJDRA=="),
        ("QUJDRA===", "QUJDRA=="),
        ("QUJD==", "QUJD"),
        (" QU\tJD\r\nRA \n", "QUJDRA=="),
    ] {
        let (hash, changed) = HardwareHash::repair(text).unwrap();
        assert_eq!((hash.as_str(), changed), (repaired, text != repaired), "{text:?}");
    }
    // domain.md 4.2: the unused bits of the last character may be anything.
    assert_eq!("QR==".parse::<HardwareHash>().unwrap().to_bytes(), b"A");
}

/// A hash of these records, by the format in lessons.md 2.8.
fn made_of(records: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = b"OA\0\0".to_vec();
    for (number, value) in records {
        bytes.extend(number.to_le_bytes());
        bytes.extend(u16::try_from(value.len() + 4).unwrap().to_le_bytes());
        bytes.extend(*value);
    }
    let length = u16::try_from(bytes.len()).unwrap().to_le_bytes();
    bytes[2..4].copy_from_slice(&length);
    let sum = hmac_sha256::Hash::hash(&bytes);
    bytes.extend(b"CS\x24\0");
    bytes.extend(sum);
    bytes.extend([0; 20]);
    bytes
}

fn decode(records: &[(u16, &[u8])]) -> HashContents {
    HashContents::decode_bytes(&made_of(records)).unwrap()
}

#[test]
fn records_of_a_hash() {
    type Reads = fn(&HashContents) -> bool;
    const UTF_16: &[u8] = b"N\0V\0\0\0";
    // lessons.md 2.8: number, value, and where it is read to.
    let table: &[(u16, &[u8], Reads)] = &[
        (1, &[0, 0, 10, 0, 1, 0, 0x67, 0x58, 0, 0, 10, 0, 2, 0, 0x67, 0x58], |hash| {
            hash.os_build.unwrap().to_string() == "10.0.22631.2" && hash.tool_build.unwrap().revision == 1
        }),
        (2, &[9, 0, 1, 0, 4, 0, 8, 0], |hash| {
            (hash.processor.cores, hash.processor.threads) == (Some(4), Some(8))
        }),
        (3, b"GenuineIntel\0", |hash| hash.processor.manufacturer.as_deref() == Some("GenuineIntel")),
        (4, b"i5\0", |hash| hash.processor.model.as_deref() == Some("i5")),
        (5, &[16, 0, 0, 0, 0, 0, 0, 0], |hash| hash.memory_gib == Some(16)),
        (6, &[0, 1, 0, 0, 0, 0, 0, 0, 17], |hash| hash.disks[0].capacity_gb == Some(256)),
        (7, b"DISK-1\0", |hash| hash.disks[0].serial_number.as_ref().unwrap().as_str() == "DISK-1"),
        (8, &[9, 0, 0, 0, 2, 0, 0, 0, 0, 1], |hash| {
            hash.network_adapters[0].mac_address.to_string() == "02-00-00-00-00-01"
        }),
        (9, &[0x58, 1, 0xC1, 0, 0x80, 7, 0x38, 4], |hash| hash.displays[0].width_pixels == 1920),
        (10, &[10], |hash| hash.chassis_type == Some(10)),
        (11, b"offline", |hash| hash.other[0].record_type == 11),
        (12, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], |hash| {
            hash.uuid.unwrap().to_string() == "03020100-0504-0706-0809-0a0b0c0d0e0f"
        }),
        (13, b"TPM-Version:2.0 -Level:0\0", |hash| hash.tpm.version() == Some("2.0")),
        (14, b"SN-1\0", |hash| hash.serial_number.as_deref() == Some("SN-1")),
        (15, b"Firmware\0", |hash| hash.firmware_vendor.as_deref() == Some("Firmware")),
        (16, b"Contoso\0", |hash| hash.manufacturer.as_deref() == Some("Contoso")),
        (17, b"Notebook\0", |hash| hash.model.as_deref() == Some("Notebook")),
        (18, b"SKU\0", |hash| hash.sku_number.as_deref() == Some("SKU")),
        (19, b"Family\0", |hash| hash.system_family.as_deref() == Some("Family")),
        (21, b"Board\0", |hash| hash.board_product.as_deref() == Some("Board")),
        (24, b"3305016087943\0", |hash| hash.product_key_id.as_ref().unwrap().as_str() == "3305016087943"),
        (25, &[1; 16], |hash| hash.tpm.has_endorsement_key),
        (25, &[0; 16], |hash| !hash.tpm.has_endorsement_key),
        (26, b"[TH]X19\0", |hash| hash.product_key_part_number.as_deref() == Some("[TH]X19")),
        (28, b"SSN\0", |hash| hash.other[0].record_type == 28),
        (29, &[1, 2], |hash| hash.other[0].value == [1, 2]),
        (30, UTF_16, |hash| hash.graphics[0].as_str() == "NV"),
        // Nobody has named it.
        (4711, &[1, 2, 3], |hash| (hash.other[0].record_type, hash.other[0].value.len()) == (4711, 3)),
    ];
    for (number, value, reads) in table {
        let contents = decode(&[(*number, value)]);
        assert!(reads(&contents), "type {number}");
        assert_eq!(contents.checksum, Checksum::Valid, "type {number}");
    }
}

#[test]
fn hardware_hashes() {
    const WHOLE: &[(u16, &[u8])] = &[(16, b"Contoso\0"), (14, b"SN-1\0")];
    fn finding(bytes: &[u8]) -> Vec<(String, Severity)> {
        let contents = HashContents::decode_bytes(bytes).unwrap();
        contents.lint().into_iter().map(|finding| (finding.id.into_owned(), finding.severity)).collect()
    }
    fn is(bytes: &[u8], id: &str, severity: Severity) -> bool {
        finding(bytes) == [(id.to_owned(), severity)]
    }
    check(&[
        ("lessons.md 2.8", "OA, length, records, CS, 36, SHA-256 of all before, zeros", || {
            finding(&made_of(WHOLE)).is_empty()
        }),
        ("lessons.md 2.8", "a wrong SHA-256 is a warning", || {
            let mut bytes = made_of(WHOLE);
            bytes[9] ^= 1;
            is(&bytes, "hash.checksum", Severity::Warning)
        }),
        ("lessons.md 2.8", "a missing SHA-256 is a warning", || {
            let bytes = made_of(WHOLE);
            is(&bytes[..bytes.len() - 56], "hash.no-checksum", Severity::Warning)
        }),
        ("lessons.md 2.8", "a length that is not there is an error", || {
            is(&made_of(WHOLE)[..12], "hash.cut", Severity::Error)
        }),
        ("lessons.md 2.8", "a record longer than the rest is found", || {
            let mut bytes = made_of(WHOLE);
            bytes[6] = 200;
            finding(&bytes)[0] == ("hash.broken-record".to_owned(), Severity::Warning)
        }),
        ("lessons.md 2.8", "ready: TPM 2 and an endorsement key", || {
            decode(&[(13, b"2.0\0"), (25, &[1; 8])]).readiness() == Readiness::Ready
                && decode(&[(13, b"1.2\0"), (25, &[1; 8])]).readiness() == Readiness::OldTpm("1.2".into())
                && decode(&[(13, b"2.0\0"), (25, &[0; 8])]).readiness() == Readiness::NoEndorsementKey
                && decode(&[(13, b"2.0\0")]).readiness() == Readiness::NoEndorsementKey
                && decode(&[(25, &[1; 8])]).readiness() == Readiness::NoTpm
        }),
        ("domain.md 4.2", "without a manufacturer or a serial number the service refuses", || {
            is(&made_of(&WHOLE[1..]), "hash.no-manufacturer", Severity::Error)
                && is(&made_of(&WHOLE[..1]), "hash.no-serial", Severity::Error)
        }),
        ("domain.md 4.2", "what does not start with OA is at most a warning", || {
            let file = format!("{PORTAL}\nA,,A{},,\n", &hash("A")[1..]);
            devices(&file).len() == 1
                && says(file, Severity::Warning, "hash.unreadable", "line 2, Hardware Hash")
        }),
        ("issue 3 (2)", "the serial number of the row is compared with that of the hash", || {
            let file = format!("{PORTAL}\nA,,{},,\n", hash("B"));
            says(file, Severity::Warning, "hash.other-serial", "line 2, Hardware Hash")
        }),
        ("domain.md 4.2", "Debug shows nothing that tells the device", || {
            let hash = SampleHash::new("SN-SECRET").build().unwrap();
            let contents = HashContents::decode(&hash).unwrap();
            !format!("{hash:?} {contents:?}").contains("SN-SECRET")
        }),
    ]);
}

#[test]
fn group_rules() {
    fn matches(rule: &str, physical_id: &str) -> bool {
        let rule: MembershipRule = rule.parse().unwrap();
        rule.matches(json!({ "id": "1", "physicalIds": [physical_id] }).as_object().unwrap())
    }
    fn lints(rule: &str, ids: &[&str]) -> bool {
        MembershipRule::lint_text(rule).iter().map(|finding| &*finding.id).eq(ids.iter().copied())
    }
    check(&[
        ("domain.md 5", "all Autopilot devices", || {
            let rule = MembershipRule::all_autopilot_devices();
            rule.equivalent(&r#"(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))"#.parse().unwrap())
        }),
        ("domain.md 5", "one group tag", || {
            MembershipRule::group_tag("Kiosk").unwrap().as_str()
                == r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk"))"#
        }),
        ("domain.md 5", "one purchase order", || {
            MembershipRule::purchase_order("762").unwrap().as_str()
                == r#"(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:762"))"#
        }),
        ("domain.md 5", "the devices of an offline file, by the entire value", || {
            let id = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac";
            MembershipRule::offline_profile(id).unwrap().as_str()
                == format!(r#"(device.enrollmentProfileName -eq "OfflineAutopilotprofile-{id}")"#)
        }),
        ("domain.md 5", "the group tag is OrderID, and not GroupTag", || {
            lints(r#"(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Kiosk"))"#, &["rule.group-tag-label"])
        }),
        ("domain.md 5", "text is compared without regard to case", || {
            matches(r#"(device.devicePhysicalIds -any (_ -eq "[orderid]:KIOSK"))"#, "[OrderID]:Kiosk")
        }),
        (
            "domain.md 5",
            "names of properties are case-sensitive, and both documented forms are known",
            || {
                lints(r#"(device.DevicePhysicalids -any (_ -eq "[OrderID]:x"))"#, &["rule.property-case"])
                    && lints(r#"(device.devicePhysicalIDs -any (_ -eq "[OrderID]:x"))"#, &[])
                    && lints(r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:x"))"#, &[])
            },
        ),
        ("domain.md 5", "-contains on ZTDId is discouraged", || {
            lints(r#"(device.devicePhysicalIds -any (_ -contains "[ZTDId]"))"#, &["rule.ztdid-contains"])
        }),
        ("domain.md 5", "older pages leave the inner parentheses out", || {
            let rule = r#"(device.devicePhysicalIds -any _ -contains "[ZTDId]")"#;
            matches(rule, "[ZTDID]:1") && lints(rule, &["rule.bare-element", "rule.ztdid-contains"])
        }),
        ("domain.md 5", "a double quote is written with a backtick, a single one twice", || {
            matches(
                r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:19`" O''Hare"))"#,
                "[OrderID]:19\" O'Hare",
            ) && MembershipRule::group_tag("19\" O'Hare").unwrap().as_str().contains("19`\" O''Hare")
        }),
        ("domain.md 5", "a rule has at most 3,072 characters", || {
            let rule = |room: usize| format!("device.deviceModel -eq \"{}\"", "é".repeat(room));
            let room = 3_072 - rule(0).chars().count();
            rule(room).parse::<MembershipRule>().is_ok()
                && rule(room + 1).parse::<MembershipRule>().unwrap_err().position() == Some(3_072)
        }),
        ("domain.md 5", "users and devices do not mix", || {
            lints(r#"(device.displayName -eq "x") -or (user.city -eq "y")"#, &["rule.mixed-objects"])
        }),
        ("domain.md 5", "organizationalUnit is not used", || {
            lints(r#"device.organizationalUnit -eq "x""#, &["rule.organizational-unit"])
        }),
        ("domain.md 5", "trust types are AzureAD, ServerAD and Workplace", || {
            lints(r#"device.deviceTrustType -eq "Hybrid""#, &["rule.unknown-value"])
                && MembershipRule::lint_text(r#"device.deviceTrustType -eq "Workplace""#).is_empty()
        }),
        ("lessons.md 2.10", "a property that is there after enrollment alone is found", || {
            lints(r#"device.deviceModel -eq "x""#, &["rule.set-at-enrolment"])
        }),
        ("lessons.md 2.10", "-all with -notStartsWith is the opposite of -any with -startsWith", || {
            let rule = r#"(device.devicePhysicalIds -all (_ -notStartsWith "[OrderID]:"))"#;
            matches(rule, "[ZTDId]:1") && !matches(rule, "[OrderID]:x")
        }),
        ("graph/quirks.md 4", "the rules that people report to work are read", || {
            matches(r#"(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))"#, "[ZTDId]:0f")
                && matches(r#"(device.devicePhysicalIDs -any (_ -eq "[OrderID]:tag"))"#, "[OrderID]:tag")
        }),
        ("issue 3 (3)", "precedence: -not, then -and, then -or; an error says where", || {
            let rule = r#"device.displayName -eq "a" -or device.displayName -eq "b" -and -not device.displayName -eq "b""#;
            let rule: MembershipRule = rule.parse().unwrap();
            rule.matches(json!({ "id": "1", "displayName": "a" }).as_object().unwrap())
                && r#"device.displayName -eq "a" -and"#.parse::<MembershipRule>().unwrap_err().position()
                    == Some(31)
        }),
    ]);
}

const TENANT: &str = "1537de22-988c-4e93-b8a5-83890f34a69b";
const PROFILE: &str = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac";

fn offline(profile: &HybridJoinProfile) -> OfflineProfile {
    let tenant =
        OfflineTenant::new(TENANT.parse().unwrap(), "contoso.onmicrosoft.com".parse().unwrap()).unwrap();
    OfflineProfile::for_hybrid_join(profile, &PROFILE.parse().unwrap(), tenant).unwrap()
}

fn profile() -> HybridJoinProfile {
    HybridJoinProfile::new("Contoso hybrid".parse().unwrap())
}

fn written(profile: &HybridJoinProfile) -> Value {
    serde_json::from_str(&offline(profile).to_json()).unwrap()
}

/// The findings of a written file with one key changed; a change to null leaves the key out.
fn changed(key: &str, value: Value) -> Vec<Finding> {
    let mut file = written(&profile());
    file[key] = value;
    file.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    offline::read(file.to_string().as_bytes()).findings
}

#[test]
fn offline_files() {
    const REQUIRED: [&str; 7] = [
        "CloudAssignedTenantId",
        "CloudAssignedTenantDomain",
        "CloudAssignedOobeConfig",
        "CloudAssignedDomainJoinMethod",
        "CloudAssignedForcedEnrollment",
        "ZtdCorrelationId",
        "CloudAssignedAadServerData",
    ];
    fn one(findings: &[Finding], id: &str, place: &str) -> bool {
        matches!(findings, [only] if only.id == id && only.place == place && only.severity == Severity::Error)
    }
    check(&[
        ("domain.md 11", "the name and place of the file", || {
            offline::PATH == r"Windows\Provisioning\Autopilot\AutopilotConfigurationFile.json"
        }),
        ("domain.md 11", "it is ASCII without a mark; Windows ignores others", || {
            let json = offline(&HybridJoinProfile::new("Büro".parse().unwrap())).to_json();
            let with = |mark: &[u8]| offline::read(&[mark, json.as_bytes()].concat());
            json.is_ascii()
                && with(b"").findings.is_empty()
                && one(&with(b"\xEF\xBB\xBF").findings, "offline.encoding", "file")
        }),
        ("domain.md 11", "one profile a file", || {
            let json = offline(&profile()).to_json();
            one(&offline::read(json.repeat(2).as_bytes()).findings, "offline.several-profiles", "file")
        }),
        ("domain.md 11", "seven keys are required", || {
            REQUIRED.iter().all(|key| {
                written(&profile()).get(key).is_some()
                    && one(&changed(key, Value::Null), "offline.missing-key", key)
            })
        }),
        ("domain.md 11", "ids are GUIDs without braces", || {
            one(
                &changed("ZtdCorrelationId", json!(format!("{{{PROFILE}}}"))),
                "offline.invalid-id",
                "ZtdCorrelationId",
            ) && one(
                &changed("CloudAssignedTenantId", json!(format!("{{{TENANT}}}"))),
                "offline.invalid-tenant",
                "CloudAssignedTenantId",
            )
        }),
        ("domain.md 11", "1 is hybrid join, 0 is not", || {
            let read = offline::read(offline(&profile()).to_json().as_bytes()).profile.unwrap();
            let mut entra = written(&profile());
            entra["CloudAssignedDomainJoinMethod"] = json!(0);
            let entra = offline::read(entra.to_string().as_bytes()).profile.unwrap();
            written(&profile())["CloudAssignedDomainJoinMethod"] == 1
                && matches!(read.join(), OfflineJoin::Hybrid { .. })
                && matches!(entra.join(), OfflineJoin::Entra { .. })
        }),
        (
            "domain.md 11",
            "the server data is text that holds JSON, with domain and enrollment once more",
            || {
                let text = written(&profile())["CloudAssignedAadServerData"].as_str().unwrap().to_owned();
                let inner: Value = serde_json::from_str(&text).unwrap();
                inner
                    == json!({ "ZeroTouchConfig": {
                        "CloudAssignedTenantUpn": "", "ForcedEnrollment": 1,
                        "CloudAssignedTenantDomain": "contoso.onmicrosoft.com",
                    }})
                    && one(
                        &changed("CloudAssignedAadServerData", inner),
                        "offline.server-data",
                        "CloudAssignedAadServerData",
                    )
            },
        ),
        ("domain.md 11", "hybrid join has no device name", || {
            written(&profile()).get("CloudAssignedDeviceName").is_none()
                && one(
                    &changed("CloudAssignedDeviceName", json!("PC-%SERIAL%")),
                    "offline.hybrid-device-name",
                    "CloudAssignedDeviceName",
                )
        }),
        ("domain.md 11", "hybrid join refuses the bits 32, 64 and 128", || {
            [32, 64, 128].iter().all(|bit| {
                one(
                    &changed("CloudAssignedOobeConfig", json!(286 + bit)),
                    "offline.self-deploying",
                    "CloudAssignedOobeConfig",
                )
            })
        }),
        ("domain.md 11", "bits of the settings: 264, 2, 4, 16, 1024; 286 and 1310 in sum", || {
            let open = profile()
                .with_user_type(UserType::Administrator)
                .with_privacy_settings_hidden(false)
                .with_eula_hidden(false);
            let bits = |profile: &HybridJoinProfile| offline(profile).oobe_flags().bits();
            bits(&open) == 264
                && bits(&open.clone().with_user_type(UserType::Standard)) == 264 + 2
                && bits(&open.clone().with_privacy_settings_hidden(true)) == 264 + 4
                && bits(&open.clone().with_eula_hidden(true)) == 264 + 16
                && bits(&open.with_keyboard_selection_page_skipped(true)) == 264 + 1024
                && bits(&profile()) == 286
                && bits(&profile().with_keyboard_selection_page_skipped(true)) == 1310
        }),
        ("lessons.md 2.9", "version 2049; updates off; half an hour", || {
            let file = written(&profile());
            file["Version"] == 2049
                && file["CloudAssignedAutopilotUpdateDisabled"] == 1
                && file["CloudAssignedAutopilotUpdateTimeout"] == 1_800_000
        }),
        ("lessons.md 2.9", "enrollment is forced where changing the account is hidden", || {
            written(&profile().with_escape_link_hidden(false))["CloudAssignedForcedEnrollment"] == 0
                && written(&profile())["CloudAssignedForcedEnrollment"] == 1
        }),
        ("lessons.md 2.9", "the check for a domain controller is written where it is skipped alone", || {
            const KEY: &str = "HybridJoinSkipDCConnectivityCheck";
            written(&profile()).get(KEY).is_none()
                && written(&profile().with_skip_connectivity_check(true))[KEY] == 1
        }),
        ("lessons.md 2.9", "language and region are written with the keyboard alone", || {
            let german = profile().with_locale(windows_autopilot::model::Locale::language("de-DE").unwrap());
            let skipped = written(&german.clone().with_keyboard_selection_page_skipped(true));
            written(&german).get("CloudAssignedLanguage").is_none()
                && (skipped["CloudAssignedLanguage"] == "de-DE" && skipped["CloudAssignedRegion"] == "de-DE")
        }),
        ("domain.md 11", "the correlation id becomes the enrollment profile's name", || {
            offline(&profile()).enrollment_profile_name() == format!("OfflineAutopilotprofile-{PROFILE}")
        }),
    ]);
}

/// What comes of a device whose import record says this.
async fn outcome_of(mut state: Value) -> ImportOutcome {
    const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";
    const RECORD: &str = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/{id}";
    let clock = FakeClock::new();
    let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).build();
    tenant.add_client_secret(APP, "secret");
    // Registered before, for the rows that name a registration.
    if state["deviceRegistrationId"] == "KNOWN" {
        let known = tenant.add_device_with(DeviceSpec::new("A").with_group_tag("Old"));
        state["deviceRegistrationId"] = json!(known);
    }
    tenant.fault(Fault::value("/state", state).on("GET", RECORD));
    let credential = ClientSecret::new(tenant.id().parse().unwrap(), APP, "secret").unwrap();
    let client =
        Client::builder(credential).with_transport(tenant.clone()).with_clock(clock.clone()).build().unwrap();
    let device = DeviceToImport::new("A".parse().unwrap(), hash("A").parse().unwrap())
        .with_group_tag("Kiosk".parse().unwrap());
    let minutes = windows_autopilot::graph::Schedule::new(
        Duration::from_secs(15),
        Duration::from_secs(60),
        Duration::from_secs(600),
    );
    let options = ImportOptions::default().with_import_schedule(minutes);
    let report = Import::new(&client, [device]).with_options(options).start().await.unwrap();
    report.devices[0].outcome.clone()
}

fn state(status: &str, code: i32, name: &str, registration: &str) -> Value {
    json!({
        "deviceImportStatus": status, "deviceErrorCode": code, "deviceErrorName": name,
        "deviceRegistrationId": registration,
    })
}

#[tokio::test]
async fn answers_to_an_import() {
    type Is = fn(&ImportOutcome) -> bool;
    const PENDING: Is =
        |outcome| matches!(outcome, ImportOutcome::TimedOut { stage: ImportStage::Importing, .. });
    const HERE: Is = |outcome| {
        matches!(outcome, ImportOutcome::AlreadyRegistered { group_tag: GroupTagCheck::Repaired, .. })
    };
    const ELSEWHERE: Is = |outcome| matches!(outcome, ImportOutcome::OtherTenant(_));
    let table: &[(&str, Value, Is)] = &[
        // fact, state of the record, outcome
        ("lessons.md 2.6: unknown is pending", state("unknown", 0, "", ""), PENDING),
        ("lessons.md 2.6: pending is pending", state("pending", 0, "", ""), PENDING),
        ("lessons.md 2.6: partial is pending", state("partial", 0, "", ""), PENDING),
        (
            "lessons.md 2.6: any other word ends it, typed",
            state("paused", 0, "", ""),
            |outcome| matches!(outcome, ImportOutcome::Unconfirmed(Uncertainty::UnknownStatus { status, .. }) if status == "paused"),
        ),
        ("domain.md 4.3: complete names the registration", state("complete", 0, "", "KNOWN"), |outcome| {
            matches!(
                outcome,
                ImportOutcome::Registered { device: Some(_), group_tag: GroupTagCheck::Repaired, .. }
            )
        }),
        (
            "domain.md 4.4: 806 ZtdDeviceAlreadyAssigned is here",
            state("error", 806, "ZtdDeviceAlreadyAssigned", "KNOWN"),
            HERE,
        ),
        (
            "lessons.md 2.6: 806 here counts with a registration id alone",
            state("error", 806, "ZtdDeviceAlreadyAssigned", ""),
            |outcome| *outcome == ImportOutcome::Unconfirmed(Uncertainty::NoRegistrationId),
        ),
        (
            "lessons.md 2.6: the same 806 with another name is elsewhere",
            state("error", 806, "ZtdDeviceAssignedToOtherTenant", ""),
            ELSEWHERE,
        ),
        (
            "domain.md 4.4: 808 is elsewhere",
            state("error", 808, "ZtdDeviceAssignedToOtherTenant", ""),
            ELSEWHERE,
        ),
        (
            "domain.md 4.4: 808 by its other documented name",
            state("error", 808, "ZtdDeviceAssignedToAnotherTenant", ""),
            ELSEWHERE,
        ),
        (
            "lessons.md 2.6: 802 InvalidZtdHardwareHash",
            state("error", 802, "InvalidZtdHardwareHash", ""),
            |outcome| {
                matches!(outcome, ImportOutcome::Rejected(rejection)
                    if rejection.name == "InvalidZtdHardwareHash" && rejection.code == Some(802)
                        && rejection.remedy().contains("capture"))
            },
        ),
        (
            "domain.md 4.4: ZtdDeviceDuplicated, by name",
            state("error", 0, "ZtdDeviceDuplicated", ""),
            |outcome| matches!(outcome, ImportOutcome::Rejected(rejection) if rejection.name == "ZtdDeviceDuplicated"),
        ),
        (
            "domain.md 4.4: StorageError is for later",
            state("error", 0, "StorageError", ""),
            |outcome| matches!(outcome, ImportOutcome::Rejected(rejection) if rejection.remedy().contains("later")),
        ),
        (
            "graph/quirks.md 4: ZtdDeviceDeletionInProgess, as it is spelled",
            state("error", 0, "ZtdDeviceDeletionInProgess", ""),
            |outcome| matches!(outcome, ImportOutcome::Rejected(rejection) if rejection.remedy().contains("half an hour")),
        ),
        (
            "domain.md 4.4: a name that nobody knows is kept",
            state("error", 999, "SomethingNew", ""),
            |outcome| {
                matches!(outcome, ImportOutcome::Rejected(rejection)
                if rejection.name == "SomethingNew" && rejection.code == Some(999))
            },
        ),
    ];
    for (fact, state, is) in table {
        let outcome = outcome_of(state.clone()).await;
        assert!(is(&outcome), "{fact}: {outcome:?}");
        let finding = outcome.finding("A");
        let is_well = outcome.is_registered();
        assert_eq!(finding.is_none(), is_well, "{fact}");
        assert!(finding.is_none_or(|finding| !finding.remedy.is_empty()), "{fact}");
    }
}
