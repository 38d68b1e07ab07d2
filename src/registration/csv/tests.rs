//! Device files and the findings about them.

use std::io;

use proptest::prelude::*;

use super::*;
use crate::model::{DeviceToImport, Finding, Severity};
use crate::registration::SampleHash;

const HEADER: &str = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User";

fn hash(serial: &str) -> String {
    SampleHash::new(serial).build().unwrap().as_str().to_owned()
}

fn read(file: impl AsRef<[u8]>) -> (Vec<DeviceToImport>, Vec<Finding>, CsvSummary) {
    let mut reader = CsvReader::new(file.as_ref());
    let (mut devices, mut findings) = (Vec::new(), Vec::new());
    for row in &mut reader {
        let row = row.unwrap();
        devices.extend(row.device);
        findings.extend(row.findings);
    }
    (devices, findings, reader.summary().clone())
}

/// Reads devices with hashes of any length.
fn read_tiny(file: impl AsRef<[u8]>) -> (Vec<DeviceToImport>, Vec<Finding>) {
    let options = CsvOptions::default().with_shortest_hash(0);
    let (mut devices, mut findings) = (Vec::new(), Vec::new());
    for row in CsvReader::new(file.as_ref()).with_options(options).map(Result::unwrap) {
        devices.extend(row.device);
        findings.extend(row.findings);
    }
    (devices, findings)
}

/// Returns `id @ place` of each finding.
fn found(file: impl AsRef<[u8]>) -> Vec<String> {
    read(file).1.iter().map(|finding| format!("{} @ {}", finding.id, finding.place)).collect()
}

fn device(serial: &str) -> DeviceToImport {
    DeviceToImport::new(serial.parse().unwrap(), hash(serial).parse().unwrap())
}

/// Returns two devices in the portal's format.
fn two() -> String {
    format!(
        "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\nSN-1,,{},Kiosk\nSN-2,3305016087943,{},\n",
        hash("SN-1"),
        hash("SN-2")
    )
}

fn two_devices() -> Vec<DeviceToImport> {
    vec![
        device("SN-1").with_group_tag("Kiosk".parse().unwrap()),
        device("SN-2").with_product_key("3305016087943"),
    ]
}

#[test]
fn the_portals_columns_are_read_in_every_documented_combination() {
    let hash = hash("SN-1");
    let plain = device("SN-1");
    let tagged = plain.clone().with_group_tag("Kiosk".parse().unwrap());
    let assigned = plain.clone().with_assigned_user_principal_name("adele@contoso.com".parse().unwrap());
    let both = tagged.clone().with_assigned_user_principal_name("adele@contoso.com".parse().unwrap());
    for (columns, row, expected) in [
        ("Device Serial Number,Windows Product ID,Hardware Hash", format!("SN-1,,{hash}"), &plain),
        ("Device Serial Number,Hardware Hash", format!("SN-1,{hash}"), &plain),
        (
            "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag",
            format!("SN-1,,{hash},Kiosk"),
            &tagged,
        ),
        (
            "Device Serial Number,Windows Product ID,Hardware Hash,Assigned User",
            format!("SN-1,,{hash},adele@contoso.com"),
            &assigned,
        ),
        (HEADER, format!("SN-1,,{hash},Kiosk,adele@contoso.com"), &both),
        (HEADER, format!("SN-1,,{hash},,"), &plain),
    ] {
        let (devices, findings, summary) = read(format!("{columns}\r\n{row}\r\n"));
        assert_eq!(devices.as_slice(), std::slice::from_ref(expected), "{columns}");
        assert_eq!((summary.format, summary.rows, summary.devices), (Some(CsvFormat::Portal), 1, 1));
        assert_eq!(
            summary.columns.iter().map(|column| column.header()).collect::<Vec<_>>().join(","),
            columns
        );
        let ids: Vec<_> = findings.iter().map(|finding| finding.id.as_ref()).collect();
        let assigns = expected.assigned_user_principal_name.is_some();
        assert_eq!(ids, if assigns { vec!["csv.assigned-user"] } else { vec![] }, "{columns}");
    }
}

#[test]
fn encodings_line_ends_spaces_and_separators_do_not_matter() {
    let text = two();
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (file, expected, encoding) in [
        (text.clone().into_bytes(), vec![], Encoding::Ascii),
        (text.replace('\n', "\r\n").into_bytes(), vec![], Encoding::Ascii),
        (text.trim_end().into(), vec![], Encoding::Ascii),
        (text.replace('\n', "\r\n\r\n   \n").into_bytes(), vec![], Encoding::Ascii),
        ([b"\xEF\xBB\xBF", text.as_bytes()].concat(), vec!["csv.encoding @ line 1"], Encoding::Utf8WithBom),
        ([b"\xFF\xFE", utf16.as_slice()].concat(), vec!["csv.encoding @ line 1"], Encoding::Utf16Le),
        (text.replace('\n', "\r").into_bytes(), vec!["csv.line-ends @ line 1"], Encoding::Ascii),
        (text.replace(',', ";").into_bytes(), vec!["csv.delimiter @ line 1"], Encoding::Ascii),
        (text.replace(',', "\t").into_bytes(), vec!["csv.delimiter @ line 1"], Encoding::Ascii),
        (
            text.replace('\n', "  \n").replace("SN-1", "SN-1 ").into_bytes(),
            vec![
                "csv.header-spelling @ line 1, Group Tag",
                "csv.outer-blanks @ line 2, Device Serial Number",
                "csv.outer-blanks @ line 2, Group Tag",
            ],
            Encoding::Ascii,
        ),
        (
            text.lines()
                .map(|line| format!("\"{}\"\n", line.replace(',', "\",\"")))
                .collect::<String>()
                .into(),
            vec!["csv.quotes @ line 1"],
            Encoding::Ascii,
        ),
    ] {
        let (devices, _, summary) = read(&file);
        assert_eq!(devices, two_devices(), "{expected:?}");
        assert_eq!(
            (found(&file), summary.encoding),
            (expected.into_iter().map(String::from).collect(), encoding)
        );
    }
}

#[test]
fn an_ansi_file_gives_its_letters_and_a_warning() {
    let file = [two().replace("Kiosk", "@@").into_bytes().as_slice(), b""].concat();
    let at = file.windows(2).position(|pair| pair == b"@@").unwrap();
    let ansi = [&file[..at], b"B\xFCro", &file[at + 2..]].concat();
    let (devices, findings, summary) = read(&ansi);
    assert_eq!(devices[0].group_tag.as_ref().unwrap().as_str(), "Büro");
    assert_eq!(summary.encoding, Encoding::Ansi);
    assert_eq!(found(&ansi), ["csv.not-ascii @ line 2, Group Tag"]);
    assert!(findings[0].evidence.contains("\"Büro\""));
}

#[test]
fn other_tools_files_are_read_and_their_departures_named() {
    let (hash_1, hash_2) = (hash("SN-1"), hash("SN-2"));
    for (file, format, expected) in [
        // Partner Center, in the spelling of its own template.
        (
            format!(
                "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model\nSN-1,,{hash_1},Contoso,Notebook 14\nSN-2,3305016087943,{hash_2},Contoso,Notebook 14\n"
            ),
            CsvFormat::Partner,
            vec!["csv.partner-format @ line 1"],
        ),
        // Older scripts.
        (
            format!(
                "Device Serial Number,Windows Product ID,Hardware Hash,OrderID\nSN-1,,{hash_1},Kiosk\nSN-2,3305016087943,{hash_2},\n"
            ),
            CsvFormat::Portal,
            vec!["csv.header-spelling @ line 1, Group Tag"],
        ),
        // Export-Csv of PowerShell 5 without -NoTypeInformation.
        (
            format!(
                "#TYPE System.Management.Automation.PSCustomObject\n\"Device Serial Number\",\"Windows Product ID\",\"Hardware Hash\"\n\"SN-1\",\"\",\"{hash_1}\"\n\"SN-2\",\"3305016087943\",\"{hash_2}\"\n"
            ),
            CsvFormat::Portal,
            vec!["csv.lines-above-header @ line 2", "csv.quotes @ line 2"],
        ),
        // Configuration Manager's report: a title, and rows that begin with the names of their columns.
        (
            format!(
                "textbox1\nWindows Autopilot Device Information\n\ntextbox2,textbox3,textbox4,textbox5,textbox6,textbox7\nDevice Serial Number,Windows Product ID,Hardware Hash,SN-1,,{hash_1}\nDevice Serial Number,Windows Product ID,Hardware Hash,SN-2,3305016087943,{hash_2}\n"
            ),
            CsvFormat::ConfigMgrReport,
            vec!["csv.configmgr-report @ line 5"],
        ),
        // An inventory, with columns of its own and in its own order.
        (
            format!(
                "Hardware Hash,Room,SerialNumber,productKey\n{hash_1},1.02,SN-1,\n{hash_2},1.03,SN-2,3305016087943\n"
            ),
            CsvFormat::Portal,
            vec![
                "csv.extra-column @ line 1, column 2",
                "csv.column-order @ line 1, Device Serial Number",
                "csv.header-spelling @ line 1, Device Serial Number",
                "csv.column-order @ line 1, Windows Product ID",
                "csv.header-spelling @ line 1, Windows Product ID",
            ],
        ),
    ] {
        let (devices, _, summary) = read(&file);
        let serials: Vec<_> = devices.iter().map(|device| device.serial_number.as_str()).collect();
        assert_eq!((serials, summary.format), (vec!["SN-1", "SN-2"], Some(format)), "{expected:?}");
        assert_eq!(devices[1].product_key, two_devices()[1].product_key);
        assert_eq!(found(&file), expected);
    }
}

#[test]
fn files_put_together_are_read_past_each_others_headers() {
    let second = format!(
        "\u{feff}Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\nSN-3,,{},\n",
        hash("SN-3")
    );
    let (devices, ..) = read(two() + &second);
    assert_eq!(devices.len(), 3);
    assert_eq!(found(two() + &second), ["csv.repeated-header @ line 4", "csv.encoding @ line 1"]);
}

#[test]
fn each_fault_of_a_row_is_found_at_its_place_and_the_next_row_is_read() {
    let good = hash("SN-1");
    let other = hash("SN-0");
    let cut: String = good.chars().take(600).collect();
    for (row, expected) in [
        (format!(",,{good},Kiosk,"), vec!["csv.missing-serial @ line 2, Device Serial Number"]),
        ("SN-1,,,Kiosk,".into(), vec!["csv.missing-hash @ line 2, Hardware Hash"]),
        (
            ",,,Kiosk,".into(),
            vec![
                "csv.missing-serial @ line 2, Device Serial Number",
                "csv.missing-hash @ line 2, Hardware Hash",
            ],
        ),
        ("SN-1,,no hash!,,".into(), vec!["csv.invalid-hash @ line 2, Hardware Hash"]),
        (format!("SN-1,,{cut},,"), vec!["hash.cut @ line 2, Hardware Hash"]),
        (format!("SN-1,,{},,", "A".repeat(32_767)), vec!["csv.excel-limit @ line 2, Hardware Hash"]),
        (format!("SN-1,,{good},,adele"), vec!["csv.invalid-user @ line 2, Assigned User"]),
        (format!("SN-1,,{good},,adele@"), vec!["csv.invalid-user @ line 2, Assigned User"]),
        (
            format!("SN-1,,{good},\"Kiosk, 2nd floor\","),
            vec!["csv.forbidden-character @ line 2, Group Tag", "csv.quotes @ line 2, Group Tag"],
        ),
        (
            format!("SN-1,,{good},19\" rack,"),
            vec!["csv.forbidden-character @ line 2, Group Tag", "csv.quotes @ line 2, Group Tag"],
        ),
        (format!("SN-1,,{good},Kio\u{7}sk,"), vec!["csv.invalid-tag @ line 2, Group Tag"]),
        (format!("S\u{7}N-1,,{good},,"), vec!["csv.invalid-serial @ line 2, Device Serial Number"]),
        (format!("1.23E+15,,{good},,"), vec!["csv.scientific-serial @ line 2, Device Serial Number"]),
        (
            format!("SN-1,,{good},Kiosk, 2nd floor,adele@contoso.com"),
            vec!["csv.too-many-fields @ line 2, column 6"],
        ),
        (format!("SN-1,,{good},\"Kiosk,"), vec!["csv.open-quote @ line 2, Group Tag"]),
        (format!("SN-1,,{good},Kio\0sk,"), vec!["csv.zero-bytes @ line 2, Group Tag"]),
        (format!("SN-1,,{},,", "A".repeat(200_000)), vec!["csv.line-too-long @ line 2"]),
        (format!("SN-2,,{},,", hash("SN-2")), vec!["csv.duplicate-serial @ line 3, Device Serial Number"]),
        (",".repeat(999), vec!["csv.too-many-fields @ line 2, column 6"]),
    ] {
        let file = format!("{HEADER}\n{row}\nSN-2,,{},,\n", hash("SN-2"));
        assert_eq!(found(&file), expected);
        let (devices, findings, summary) = read(&file);
        assert_eq!(devices, [device("SN-2")], "{expected:?}");
        assert_eq!((summary.rows, summary.devices), (2, 1), "{expected:?}");
        assert_eq!(findings[0].severity, Severity::Error, "{expected:?}");
    }
    // What does not stop the device.
    for (row, expected, severity) in [
        (
            format!("SN-1,,{},,", good.trim_end_matches('=').to_owned() + "A"),
            "csv.repaired-hash",
            Severity::Info,
        ),
        (format!("SN-1,,{other},,"), "hash.other-serial", Severity::Warning),
        (format!("SN-1,,A{},,", good.get(1..).unwrap()), "hash.unreadable", Severity::Warning),
        (format!("SN-1,,{good}"), "csv.too-few-fields", Severity::Warning),
        (format!("SN-1,,{good},,,,,"), "csv.trailing-separators", Severity::Warning),
        (format!("SN-1,,{good},,\n,,,,"), "csv.empty-row", Severity::Warning),
        (format!("SN-1,,{good},Büro,"), "csv.not-ascii", Severity::Warning),
        (format!("SN-1,,{good},,adele@contoso.local"), "user.non-routable-suffix", Severity::Warning),
    ] {
        let (devices, findings, _) = read(format!("{HEADER}\n{row}\nSN-2,,{},,\n", hash("SN-2")));
        assert_eq!(devices.len(), 2, "{expected}");
        assert_eq!((findings[0].id.as_ref(), findings[0].severity), (expected, severity));
        assert!(findings[0].place.starts_with("line "));
    }
}

#[test]
fn faults_of_the_file_as_a_whole_are_said_once() {
    let row = format!("SN-1,{}", hash("SN-1"));
    for (file, expected) in [
        ("".to_owned(), vec!["csv.empty @ line 1"]),
        ("\r\n  \r\n".to_owned(), vec!["csv.empty @ line 1"]),
        ("\u{feff}".to_owned(), vec!["csv.empty @ line 1"]),
        (format!("{HEADER}\n"), vec!["csv.no-rows @ line 1"]),
        ("PK\u{3}\u{4}\u{14}".to_owned(), vec!["csv.workbook @ line 1"]),
        (row.clone(), vec!["csv.no-header @ line 1"]),
        (format!("\n{}", "title\n".repeat(12)), vec!["csv.no-header @ line 2"]),
        (format!("Device Serial Number,Tag\n{row}"), vec!["csv.no-header @ line 1"]),
        ("Device Serial Number\nSN-1\nSN-2\n".to_owned(), vec!["csv.missing-column @ line 1, Hardware Hash"]),
        (
            format!("Hardware Hash\n{}\n", hash("SN-1")),
            vec!["csv.missing-column @ line 1, Device Serial Number"],
        ),
        (
            format!("Device Serial Number,Hardware Hash,Serial Number\n{row},SN-9\n"),
            vec![
                "csv.duplicate-column @ line 1, Device Serial Number",
                "csv.header-spelling @ line 1, Device Serial Number",
            ],
        ),
        (
            format!("device serial number,Hardware Hash\n{row}\n"),
            vec!["csv.header-spelling @ line 1, Device Serial Number"],
        ),
        (
            format!("sep=,\nDevice Serial Number,Hardware Hash\n{row}\n"),
            vec!["csv.lines-above-header @ line 2"],
        ),
        (
            format!("Device Serial Number,Hardware Hash,\n{row},\n"),
            vec!["csv.extra-column @ line 1, column 3"],
        ),
    ] {
        assert_eq!(found(&file), expected, "{file:.80}");
        let (devices, findings, _) = read(&file);
        let failed = findings.iter().any(|finding| finding.severity == Severity::Error);
        assert_eq!(devices.is_empty(), failed, "{file:.80}");
    }
    let many: String = (0..501).map(|n| format!("SN-{n},QUJD\n")).collect();
    let (devices, findings) = read_tiny(format!("Device Serial Number,Hardware Hash\n{many}"));
    assert_eq!(devices.len(), 501);
    assert_eq!(findings.last().unwrap().id, "csv.too-many-rows");
    assert!(findings.last().unwrap().evidence.contains("501 rows"));
}

#[test]
fn utf_16_added_to_another_encoding_is_named_and_spoils_no_other_row() {
    let added: Vec<u8> =
        format!("SN-3,,{},\r\n", hash("SN-3")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = [two().as_bytes(), &added].concat();
    assert_eq!(read(&file).0, two_devices());
    assert_eq!(found(&file), ["csv.zero-bytes @ line 4, Device Serial Number", "csv.line-ends @ line 1"]);
}

#[test]
fn the_same_serial_number_of_another_maker_is_another_device() {
    let row = |maker: &str| {
        let hash = SampleHash::new("SN-1").with_manufacturer(maker).build().unwrap();
        format!("SN-1,,{},,\n", hash.as_str())
    };
    let file = format!("{HEADER}\n{}{}{}", row("Contoso"), row("Fabrikam"), row("Contoso"));
    let (devices, findings, _) = read(&file);
    assert_eq!(
        (devices.len(), found(&file)),
        (2, vec!["csv.duplicate-serial @ line 4, Device Serial Number".into()])
    );
    assert!(findings[0].evidence.contains("\"SN-1\" is in line 2 too"), "{}", findings[0]);
}

#[test]
fn a_serial_number_that_comes_again_is_one_device_whatever_its_case_and_a_bad_row_does_not_stand_for_it() {
    let made =
        |maker: &str| SampleHash::new("SN-1").with_manufacturer(maker).build().unwrap().as_str().to_owned();
    let good = made("Contoso");
    for (rows, devices, expected) in [
        (vec![("SN-1", good.clone()), ("sn-1", good.clone())], 1, vec![("line 3", Severity::Error)]),
        // The first row has no hash, so that the second is the device.
        (vec![("SN-1", String::new()), ("SN-1", good.clone())], 1, vec![("line 3", Severity::Warning)]),
        (
            vec![("SN-1", "no hash!".into()), ("SN-1", good.clone()), ("SN-1", good.clone())],
            1,
            vec![("line 3", Severity::Warning), ("line 4", Severity::Error)],
        ),
        // The second maker's second row is compared with its first.
        (
            vec![("SN-1", good), ("SN-1", made("Fabrikam")), ("SN-1", made("Fabrikam"))],
            2,
            vec![("line 4", Severity::Error)],
        ),
    ] {
        let rows: String = rows.iter().map(|(serial, hash)| format!("{serial},{hash}\n")).collect();
        let (read, findings, _) = read(format!("Device Serial Number,Hardware Hash\n{rows}"));
        let twice = findings.iter().filter(|finding| finding.id == "csv.duplicate-serial");
        let line = |place: &str| place.split(',').next().unwrap_or_default().to_owned();
        let twice: Vec<_> = twice.map(|finding| (line(&finding.place), finding.severity)).collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(line, severity)| (line.to_owned(), severity)).collect();
        assert_eq!((read.len(), twice), (devices, expected), "{findings:?}");
    }
}

#[test]
fn a_misspelled_header_is_asked_about_and_never_guessed() {
    let row = format!("SN-1,{},Kiosk\n", hash("SN-1"));
    for (header, devices, expected) in [
        (
            "Device Serial Numbr,Hardware Hash,Group Tag",
            0,
            vec![
                "error [csv.missing-column] line 1, Device Serial Number: the column is missing; column 1 is called \
                 \"Device Serial Numbr\"; write Device Serial Number there, if that is what it is",
            ],
        ),
        (
            "Device Serial Numbr,Hardwar Hash,Group Tag",
            0,
            vec![
                "error [csv.missing-column] line 1, Device Serial Number: the column is missing; column 1 is called \
                 \"Device Serial Numbr\"; write Device Serial Number there, if that is what it is",
                "error [csv.missing-column] line 1, Hardware Hash: the column is missing; column 2 is called \
                 \"Hardwar Hash\"; write Hardware Hash there, if that is what it is",
            ],
        ),
        (
            "Device Serial Number,Hardware Hash,Grup Tag",
            1,
            vec![
                "warning [csv.extra-column] line 1, column 3: the portal knows no column \"Grup Tag\", and its values \
                 are not read; write Group Tag, if that is what it is",
            ],
        ),
        (
            "Device Serial Number,Hardware Hash,Room",
            1,
            vec![
                "warning [csv.extra-column] line 1, column 3: the portal knows no column \"Room\"; remove the column",
            ],
        ),
    ] {
        let (read, findings, _) = read(format!("{header}\n{row}"));
        let said: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            (read.len(), said),
            (devices, expected.into_iter().map(str::to_owned).collect()),
            "{header}"
        );
    }
}

#[test]
fn serial_numbers_in_scientific_notation_are_those_that_excel_writes() {
    for (serial, lost) in [
        ("1.23E+15", true),
        ("1,23E+15", true),
        ("5E+12", true),
        ("1.23e+5", true),
        ("5E12", false),
        ("E+12", false),
        ("5CE+12", false),
        ("1.23E+1X", false),
        ("1.2.3E+15", false),
    ] {
        let file = format!("Device Serial Number;Hardware Hash\n{serial};QUJD\n");
        let mut all = vec!["csv.delimiter @ line 1"];
        all.extend(serial.contains(',').then_some("csv.forbidden-character @ line 2, Device Serial Number"));
        all.extend(lost.then_some("csv.scientific-serial @ line 2, Device Serial Number"));
        all.push("hash.too-short @ line 2, Hardware Hash");
        assert_eq!(found(&file), all, "{serial}");
    }
}

#[test]
fn a_finding_shows_the_length_of_a_hash_and_none_of_it() {
    let hash = format!("{}!", hash("SN-1"));
    let findings = read(format!("{HEADER}\nSN-1,,{hash},,\n")).1;
    let [error] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(error.id, "csv.invalid-hash");
    assert!(error.evidence.starts_with("the value (4001 characters)"), "{error}");
    assert!(
        findings.iter().all(|finding| !finding.to_string().contains(hash.get(..8).unwrap())),
        "{findings:?}"
    );
}

#[test]
fn an_error_of_the_input_is_given_once_and_ends_the_rows() {
    struct Fails<'a>(&'a [u8]);
    impl io::Read for Fails<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() { Err(io::ErrorKind::ConnectionReset.into()) } else { self.0.read(buffer) }
        }
    }
    for file in ["", "Device Serial Number,Hardware Hash\nSN-1,QUJD\n"] {
        let mut reader = CsvReader::new(Fails(file.as_bytes()));
        let errors = reader.by_ref().filter(Result::is_err).count();
        assert_eq!(errors, 1);
        assert!(reader.next().is_none());
        assert_eq!(check(Fails(file.as_bytes())).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }
}

#[test]
fn a_report_has_every_finding_and_the_facts() {
    let report = check(two().replace("Kiosk", "a\u{1}").as_bytes()).unwrap();
    assert_eq!((report.summary.rows, report.summary.devices), (2, 1));
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn rows_of_a_file_without_a_column_that_must_be_there_are_checked_all_the_same() {
    let rows: Vec<_> = CsvReader::new(&b"Device Serial Number,Assigned User\nSN-1,\n,\nSN-1,adele\n"[..])
        .map(Result::unwrap)
        .collect();
    let lines: Vec<_> = rows.iter().map(|row| (row.line, row.findings.len(), row.device.is_some())).collect();
    assert_eq!(lines, [(1, 1, false), (3, 1, false), (4, 2, false)]);
}

#[test]
fn files_of_at_most_500_devices_have_the_columns_that_they_need() {
    let mut devices: Vec<_> = (0..1_001)
        .map(|n| DeviceToImport::new(format!("SN-{n}").parse().unwrap(), "T0EAAAA=".parse().unwrap()))
        .collect();
    devices[500] =
        devices[500].clone().with_group_tag("Kiosk".parse().unwrap()).with_product_key("3305016087943");
    devices[1_000] =
        devices[1_000].clone().with_assigned_user_principal_name("adele@contoso.com".parse().unwrap());
    let files: Vec<_> = PortalFiles::new(&devices).collect::<Result<_, _>>().unwrap();
    let lines: Vec<Vec<_>> = files.iter().map(|file| file.split("\r\n").collect()).collect();
    assert_eq!(lines.iter().map(Vec::len).collect::<Vec<_>>(), [502, 502, 3]);
    assert_eq!(lines[0][..2], ["Device Serial Number,Windows Product ID,Hardware Hash", "SN-0,,T0EAAAA="]);
    assert_eq!(lines[1][0], "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag");
    assert_eq!(lines[1][1..3], ["SN-500,3305016087943,T0EAAAA=,Kiosk", "SN-501,,T0EAAAA=,"]);
    assert_eq!(lines[2], [HEADER, "SN-1000,,T0EAAAA=,,adele@contoso.com", ""]);
    assert_eq!(PortalFiles::new(&[]).count(), 0);
}

#[test]
fn a_value_that_the_format_cannot_hold_is_refused_by_name_and_never_changed() {
    let plain = device("SN-1");
    for (device, what, problem) in [
        (plain.clone().with_group_tag("a,b".parse().unwrap()), "group tag", "',' at character 2"),
        (plain.clone().with_group_tag("19\"".parse().unwrap()), "group tag", "'\"' at character 3"),
        (plain.clone().with_group_tag("Büro".parse().unwrap()), "group tag", "'ü' at character 2"),
        (plain.clone().with_group_tag(" a".parse().unwrap()), "group tag", "has spaces around it"),
        (device("SER,123"), "serial number", "',' at character 4"),
        (plain.clone().with_product_key("1\n2"), "product key", "'\\n' at character 2"),
        (plain.clone().with_group_tag("=1+1".parse().unwrap()), "group tag", "begins with '='"),
        (plain.clone().with_group_tag("@SUM(A1)".parse().unwrap()), "group tag", "begins with '@'"),
        (device("-2+3"), "serial number", "would run it as a formula"),
        (
            plain.with_assigned_user_principal_name("adéle@contoso.com".parse().unwrap()),
            "assigned user",
            "'é' at character 3",
        ),
    ] {
        let error = PortalFiles::new([&device]).next().unwrap().unwrap_err();
        assert_eq!((error.subject(), error.value()), (what, None));
        assert!(error.to_string().contains(problem), "{error}");
        assert!(
            error.to_string().contains(device.serial_number.as_str())
                && !error.to_string().contains("contoso")
        );
    }
}

proptest! {
    // Hashes are long, and slow to make without optimization.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read_back_the_same(
        rows in proptest::collection::vec(
            ("[!#-+\\--~]{1,20}", "[!#-+\\--~]{0,20}", "[!#-+\\--~]{0,9}", "([a-z']{1,9}@[a-z]{1,9}\\.com)?"),
            1..20,
        ),
    ) {
        let devices: Vec<_> = rows
            .iter()
            .enumerate()
            .map(|(n, (serial, tag, key, user))| {
                let mut device = device(&format!("{n}{serial}"));
                device.group_tag = tag.parse().ok();
                device.product_key = (!key.is_empty()).then(|| key.as_str().into());
                device.assigned_user_principal_name = user.parse().ok();
                device
            })
            .collect();
        let file = PortalFiles::new(&devices).next().unwrap();
        let runs = |value: &str| value.len() > 1 && value.starts_with(['=', '+', '-', '@']);
        if rows.iter().any(|(_, tag, key, _)| runs(tag) || runs(key)) {
            prop_assert!(file.unwrap_err().problem().contains("would run it as a formula"));
            return Ok(());
        }
        let file = file.unwrap();
        let (read, findings, summary) = read(&file);
        prop_assert_eq!(read, devices);
        prop_assert_eq!((summary.format, summary.encoding), (Some(CsvFormat::Portal), Encoding::Ascii));
        let expected = ["csv.assigned-user", "group-tag.excel-text", "serial-number.placeholder"];
        let is_expected = |finding: &Finding| expected.contains(&finding.id.as_ref());
        prop_assert!(findings.iter().all(is_expected), "{:?}", findings);
    }

    #[test]
    fn a_device_is_given_exactly_where_no_finding_is_an_error(
        mut file in Just(two().into_bytes()),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        for row in CsvReader::new(file.as_slice()).map(Result::unwrap) {
            let failed = row.findings.iter().any(|finding| finding.severity == Severity::Error);
            prop_assert!(!(failed && row.device.is_some()), "{row:?}");
            prop_assert!(row.device.is_some() || !row.findings.is_empty());
        }
    }

    #[test]
    fn no_bytes_cause_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), header: bool, mark in 0..3_usize) {
        let start = if header { HEADER.as_bytes() } else { b"" };
        let mark: &[u8] = [&b""[..], b"\xFF\xFE", b"\xEF\xBB\xBF"][mark];
        let report = check([mark, start, b"\n", &bytes].concat().as_slice()).unwrap();
        prop_assert!(report.summary.devices <= report.summary.rows);
    }

    #[test]
    fn a_persons_name_is_in_no_finding_wherever_it_stands(
        fields in proptest::collection::vec(
            prop_oneof![
                Just("adele.vance@contoso.local".to_owned()),
                Just("adele.vance@".to_owned()),
                Just("\"adele.vance@x,y\"".to_owned()),
                Just("T0EAAAA=".to_owned()),
                Just(String::new()),
            ],
            1..8,
        ),
    ) {
        let (_, findings, _) = read(format!("{HEADER}\n{}\n", fields.join(",")));
        prop_assert!(findings.iter().all(|finding| !finding.to_string().contains("adele")), "{findings:?}");
    }
}
