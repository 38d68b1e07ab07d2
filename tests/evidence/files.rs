//! Stories, written as real files and read back.

use windows_autopilot::evidence::{Bundle, Evidence, Fact, Limits, Provider, Side, UnreadReason};
use windows_autopilot::jiff::Timestamp;
use windows_autopilot::jiff::tz::Offset;
use windows_autopilot::sim::{DeviceStory, StoryEvent};

use crate::bundle::{Files, Packing, cab_with, evtx};

/// A story with most of the events that there are.
fn story() -> DeviceStory {
    let at = |minute: i64| Timestamp::from_second(1_782_900_000 + minute * 60).unwrap();
    let mut story = DeviceStory::new("SN-1", "1537de22-988c-4e93-b8a5-83890f34a69b")
        .with(at(0), StoryEvent::Started)
        .with(
            at(1),
            StoryEvent::ProfileDownloaded {
                name: "Hybrid \"Munich\"".to_owned(),
                hybrid: true,
                skips_check: false,
                user_assigned: false,
            },
        )
        .with(at(5), StoryEvent::Enrolled)
        .with(at(5), StoryEvent::JoinAwaited { needs_domain_controller: true })
        .with(at(7), StoryEvent::AccountCreated)
        .with(at(8), StoryEvent::BlobApplied)
        .with(at(9), StoryEvent::DomainControllerSought { code: 0 })
        .with(at(10), StoryEvent::Restarted)
        .with(at(11), StoryEvent::PageStarted { timeout_minutes: 60, blocks: true, skips_account: false })
        .with(
            at(12),
            StoryEvent::AppFailed { id: "0a1b2c3d-1111-2222-3333-444455556666".to_owned(), code: 1603 },
        )
        .with(at(71), StoryEvent::DeviceSetupTimedOut);
    story.managed_device_id = Some("0a1b2c3d-9999-2222-3333-444455556666".to_owned());
    story.computer_name = Some("MUC-0001".to_owned());
    story.user = Some("adele.canary@contoso.com".to_owned());
    story
}

/// What an evidence says, without the places where it says it.
fn facts(evidence: &Evidence, side: Side) -> Vec<String> {
    let facts = evidence.observations().iter().filter(|of| of.side == side);
    let mut facts: Vec<String> = facts
        .map(|of| {
            let text = match &of.fact {
                Fact::Event(event) => {
                    let fields: Vec<_> = event.fields.iter().collect();
                    format!("{:?} {} {} {fields:?}", event.provider, event.id, event.record)
                }
                fact => format!("{fact:?}"),
            };
            format!("{} {text}", of.time)
        })
        .collect();
    facts.sort();
    facts
}

fn bundle() -> Bundle {
    Bundle::new(Limits::default())
        .with_utc_offset(Side::Device, Offset::UTC)
        .with_utc_offset(Side::ConnectorServer, Offset::UTC)
}

fn read(name: &str, bytes: Vec<u8>) -> Evidence {
    let mut bundle = bundle();
    bundle.add_bytes(Side::Device, name, bytes);
    bundle.read()
}

#[test]
fn archives_say_the_same_as_records_in_memory() {
    let files = Files::of(&story());
    let in_cab =
        [crate::bundle::Part::SystemLog, crate::bundle::Part::DirectoryStatus, crate::bundle::Part::JoinLog]
            .into_iter()
            .fold(files.clone(), Files::without);
    let expected = facts(&in_cab.in_memory().read(), Side::Device);
    assert!(expected.len() > 30, "{}", expected.len());
    assert_eq!(facts(&read("mdm.zip", files.mdm_zip()), Side::Device), expected);
    assert_eq!(facts(&read("mdm.cab", files.mdm_cab()), Side::Device), expected);
    assert_eq!(
        facts(&read("mdm.cab", cab_with(&files.mdm_members(), Packing::Stored)), Side::Device),
        expected
    );

    let with_system = files.clone().without(crate::bundle::Part::JoinLog);
    let expected = facts(&with_system.in_memory().read(), Side::Device);
    for flattened in [false, true] {
        let evidence = read("DiagLogs-PC-20260701T080000Z.zip", files.diag_logs(flattened));
        assert_eq!(facts(&evidence, Side::Device), expected, "flattened: {flattened}");
        let missing: Vec<_> = evidence
            .unread()
            .iter()
            .filter(|of| matches!(of.reason, UnreadReason::NotCollected(_)))
            .collect();
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].reason, UnreadReason::NotCollected(0x8007_0001));
        assert!(missing[0].path.ends_with(r"RegistryKey HKLM\Software\Microsoft\IntuneManagementExtension"));
        let shown = format!("{evidence:?}");
        assert!(!shown.contains("CANARY") && !shown.contains("adele.canary"));
    }
}

#[test]
fn a_folder_says_the_same_as_its_archive() {
    let files = Files::of(&story());
    let folder = crate::folder::Folder::new("as-archive");
    let sub = folder.path().join("sub");
    std::fs::create_dir_all(&sub).unwrap();
    for (name, bytes) in files.mdm_members() {
        std::fs::write(sub.join(name), bytes).unwrap();
    }
    let mut bundle = bundle();
    bundle.add_path(Side::Device, folder.path()).unwrap();
    let evidence = bundle.read();
    assert_eq!(facts(&evidence, Side::Device), facts(&read("mdm.zip", files.mdm_zip()), Side::Device));
    assert!(bundle_error("/no/such/file.zip"));
}

fn bundle_error(path: &str) -> bool {
    bundle().add_path(Side::Device, path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

#[test]
fn the_servers_files_have_its_answers() {
    let files = Files::of(&story());
    let mut bundle = bundle();
    for (name, bytes) in files.server_files() {
        bundle.add_bytes(Side::ConnectorServer, name, bytes);
    }
    let evidence = bundle.read();
    assert_eq!(
        facts(&evidence, Side::ConnectorServer),
        facts(&files.in_memory().read(), Side::ConnectorServer)
    );
    let answers: Vec<_> = evidence
        .observations()
        .iter()
        .filter_map(|of| match &of.fact {
            Fact::ConnectorAnswer(answer) => Some(answer),
            _ => None,
        })
        .collect();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].machine_name.as_deref(), Some("MUC-0001"));
    let joins = evidence.observations().iter().filter_map(|of| match &of.fact {
        Fact::JoinLog(line) => Some((line.domain.as_deref(), line.computer.as_deref(), line.code)),
        _ => None,
    });
    let joins: Vec<_> = joins.collect();
    assert!(joins.contains(&(Some("corp.contoso.com"), Some("MUC-0001"), None)), "{joins:?}");
    assert!(joins.contains(&(None, None, Some(0))), "{joins:?}");
}

#[test]
fn a_log_larger_than_a_chunk_is_read_whole() {
    use windows_autopilot::evidence::EventRecord;
    let record = |number: u64| {
        EventRecord::new(Provider::DeviceManagement, 109)
            .with_record(number)
            .with_time(Timestamp::from_second(1_782_900_000 + i64::try_from(number).unwrap()).unwrap())
            .with_channel("Admin")
            .with_computer("PC")
            .with_field("HexInt1", format!("0x{number:x}"))
    };
    let records: Vec<_> = (1..=3000).map(record).collect();
    let file = evtx(&records);
    if let Some(path) = std::env::var_os("WRITE_EVTX") {
        std::fs::write(path, &file).unwrap();
    }
    let evidence = read("Admin.evtx", file);
    assert_eq!(evidence.sources()[0].records, 3000);
    assert!(evidence.sources()[0].complete);
    let read = evidence.observations().iter().map(|of| match &of.fact {
        Fact::Event(event) => event.clone(),
        other => panic!("{other:?}"),
    });
    assert!(
        read.zip(&records).all(|(read, written)| read.fields == written.fields && read.time == written.time)
    );
}

#[test]
fn a_cabinet_in_lzx_is_read() {
    let profile = br#"{"CloudAssignedDomainJoinMethod": 1}"#.to_vec();
    let members = [
        ("AutopilotDDSZTDFile.json".to_owned(), profile.clone()),
        ("b/AutopilotDDSZTDFile.json".to_owned(), profile),
    ];
    let evidence = read("a.cab", cab_with(&members, Packing::Lzx));
    assert_eq!((evidence.observations().len(), evidence.unread()), (2, [].as_slice()));
}
