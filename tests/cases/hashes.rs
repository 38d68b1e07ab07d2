//! Random hashes, wrapped, swapped, cut and respelled: none of one is ever shown, or read as another value.

use proptest::prelude::*;
use windows_autopilot::model::{DeviceToImport, Finding};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::registration::csv::{CsvOptions, CsvReader};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{HybridJoin, Import, Journal, MemoryStore};

const HEADER: &str = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User";

/// The hash of a device whose parts are random, so that its text is.
fn hash() -> impl Strategy<Value = String> {
    ("[A-Z0-9]{8,12}", prop::collection::vec(any::<u8>(), 0..1_500)).prop_map(|(serial, more)| {
        SampleHash::new(serial).with_record(99, more).build().unwrap().as_str().to_owned()
    })
}

/// What a tool makes of the text of a hash in a file.
#[derive(Debug, Clone)]
enum Change {
    Wrap { width: usize, end: &'static str },
    QuotedPrintable { width: usize },
    Cut(usize),
    Tail(usize),
    Lower,
    LetterO,
    Twice,
    Percent,
    Damage(usize),
    None,
}

fn change() -> impl Strategy<Value = Change> {
    let end = prop::sample::select(vec!["\r\n", "\n", "\r\n\r\n", "\r\n> ", "\r\n   ", "\r"]);
    prop_oneof![
        4 => (20..130_usize, end).prop_map(|(width, end)| Change::Wrap { width, end }),
        2 => (40..77_usize).prop_map(|width| Change::QuotedPrintable { width }),
        2 => (8..3_900_usize).prop_map(Change::Cut),
        1 => (64..3_900_usize).prop_map(Change::Tail),
        1 => Just(Change::Lower),
        1 => Just(Change::LetterO),
        1 => Just(Change::Twice),
        1 => Just(Change::Percent),
        1 => (0..3_000_usize).prop_map(Change::Damage),
        1 => Just(Change::None),
    ]
}

fn wrap(line: &str, width: usize, end: &str) -> String {
    let pieces: Vec<&str> =
        line.as_bytes().chunks(width).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
    pieces.join(end)
}

/// The lines of a row with a changed hash in the column `at`.
fn row(serial: &str, hash: &str, at: usize, change: &Change) -> String {
    let changed = match change {
        Change::Cut(length) => hash[..*length].to_owned(),
        Change::Tail(length) => hash[hash.len() - length..].to_owned(),
        Change::Lower => hash.to_lowercase(),
        Change::LetterO => hash.replacen("T0", "TO", 1),
        Change::Twice => hash.repeat(2),
        Change::Percent => hash.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"),
        Change::Damage(place) => format!("{}#{}", &hash[..*place], &hash[*place..]),
        Change::Wrap { .. } | Change::QuotedPrintable { .. } | Change::None => hash.to_owned(),
    };
    let mut fields = [serial, "", "", "", ""];
    // The hash and the value of its column change places.
    fields[2] = fields[at];
    fields[at] = &changed;
    let line = fields.join(",");
    match change {
        Change::Wrap { width, end } => wrap(&line, *width, end),
        Change::QuotedPrintable { width } => wrap(&line.replace("==", "=3D=3D"), *width, "=\r\n"),
        _ => line,
    }
}

/// Whether `text` has eight characters of a hash in a row; zeros, which fill every hash, count too.
fn shows(text: &str, hash: &str) -> Option<String> {
    let bytes = hash.as_bytes();
    let pieces: std::collections::HashSet<&[u8]> = bytes.windows(8).collect();
    let found = text.as_bytes().windows(8).find(|window| pieces.contains(window))?;
    Some(String::from_utf8_lossy(found).into_owned())
}

fn read(file: &str, options: CsvOptions) -> (Vec<DeviceToImport>, Vec<Finding>) {
    let (mut devices, mut findings) = (Vec::new(), Vec::new());
    for row in CsvReader::new(file.as_bytes()).with_options(options).map(Result::unwrap) {
        devices.extend(row.device);
        findings.extend(row.findings);
    }
    (devices, findings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_finding_shows_a_hash_and_no_device_has_one_as_another_value(
        hashes in prop::collection::vec(hash(), 1..4), change in change(), at in 0..5_usize, repair: bool, tail in 0..3_usize,
    ) {
        let mut file = format!("{HEADER}\r\n");
        for (n, hash) in hashes.iter().enumerate() {
            file += &row(&format!("5CG{n}4-ABC"), hash, at, &change);
            file += ["\r\n", ",,\r\n", "\r\n\r\n"][if at == 2 { 0 } else { tail }];
        }
        let (devices, findings) = read(&file, CsvOptions::default().with_repair(repair));
        let said: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
        for hash in &hashes {
            prop_assert_eq!(shows(&said, hash), None, "{}", said);
            for device in &devices {
                let tag = device.group_tag.as_ref().map_or("", |tag| tag.as_str());
                let key = device.product_key.as_ref().map_or("", |key| key.as_str());
                prop_assert_eq!(shows(device.serial_number.as_str(), hash), None);
                prop_assert_eq!(shows(tag, hash), None);
                prop_assert_eq!(shows(key, hash), None);
            }
        }
        // A hash that is all there, in its own column and in one line, is read.
        if at == 2 && matches!(change, Change::None) {
            prop_assert_eq!(devices.len(), hashes.len(), "{}", said);
        }
        // A hash that is read is one of those that were written, whatever was repaired.
        for device in &devices {
            let text = device.hardware_identifier.as_str();
            // A cut within the zeros after the checksum takes nothing away.
            let kept = text.trim_end_matches('=').trim_end_matches('A');
            let is_one = |hash: &String| hash == text || (matches!(change, Change::Cut(_)) && hash.starts_with(kept));
            // The end of a hash has another beginning, which is a warning alone.
            let changed = matches!(change, Change::Damage(_) | Change::Tail(_));
            prop_assert!(changed || hashes.iter().any(is_one), "{}", said);
        }
    }

    #[test]
    fn a_wrapped_hash_is_one_finding_and_is_joined_if_its_checksum_is_right(
        hash in hash(), width in 20..200_usize, soft: bool, damage: bool,
    ) {
        let damaged = match damage {
                    // A character within the records.
            true => format!("{}{}{}", &hash[..60], if &hash[60..61] == "x" { "y" } else { "x" }, &hash[61..]),
            false => hash.clone(),
        };
        let line = wrap(&format!("5CG-1234,,{damaged},,"), width, if soft { "=\r\n" } else { "\r\n" });
        let file = format!("{HEADER}\r\n{line}\r\n5CG-1235,,{hash},Kiosk,\r\n");
        let (devices, findings) = read(&file, CsvOptions::default());
        let ids: Vec<&str> = findings.iter().map(|finding| &*finding.id).collect();
        prop_assert!(ids.iter().filter(|id| **id == "csv.wrapped-hash").count() == 1, "{:?}", findings);
        prop_assert_eq!(devices.len(), 1);
        let (devices, findings) = read(&file, CsvOptions::default().with_repair(true));
        prop_assert_eq!(devices.len(), if damage { 1 } else { 2 }, "{:?}", findings);
        prop_assert!(devices.iter().all(|device| device.hardware_identifier.as_str() == hash));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_plan_journal_or_report_shows_a_hash(
        hashes in prop::collection::vec(hash(), 1..4), change in change(), at in prop::sample::select(vec![0, 2, 2, 3]),
    ) {
        let mut file = format!("{HEADER}\r\n");
        for (n, hash) in hashes.iter().enumerate() {
            file += &row(&format!("5CG{n}4-ABC"), hash, at, &change);
            file += "\r\n";
        }
        let (devices, _) = read(&file, CsvOptions::default().with_repair(true));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let said = runtime.block_on(async {
            let harness = Harness::new();
            let desired: HybridJoin = toml::from_str(
                "name = 'Munich'\n[active_directory]\ndomain = 'corp.contoso.com'\n[group]\ndisplay_name = 'Munich'\nmembers.group_tag = 'Munich'\n",
            )
            .unwrap();
            let plan = desired.plan(&harness.client, &devices).await.unwrap();
            let mut said = format!("{plan} {plan:?} {}", serde_json::to_string(&plan).unwrap());
            let store = MemoryStore::default();
            let import = || {
                let journal = Journal::from_store(store.clone());
                Import::new(&harness.client, devices.clone()).with_journal(journal)
            };
            said += &format!("{:?}", import().dry_run().unwrap());
            let report = import().start().await.unwrap();
            said += &format!("{report:?} {} {:?}", serde_json::to_string(&report).unwrap(), report.findings());
            said + &store.text()
        });
        for hash in &hashes {
            prop_assert_eq!(shows(&said, hash), None);
        }
    }
}

#[test]
fn options_let_a_caller_go_on_with_what_is_refused_otherwise() {
    use windows_autopilot::registration::findings::{HASH_TOO_SHORT, HASH_UNREADABLE};
    let hash = SampleHash::new("SN-1").build().unwrap();
    let lower = hash.as_str().to_lowercase();
    for (value, options) in [
        ("T0EAAAA=", CsvOptions::default().with_accepted(&HASH_TOO_SHORT)),
        ("T0EAAAA=", CsvOptions::default().with_shortest_hash(4)),
        (lower.as_str(), CsvOptions::default().with_accepted(&HASH_UNREADABLE)),
    ] {
        let file = format!("{HEADER}\nSN-1,,{value},,\n");
        assert_eq!(read(&file, CsvOptions::default()).0.len(), 0);
        assert_eq!(read(&file, options).0.len(), 1);
    }
}
