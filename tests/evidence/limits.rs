//! Damaged and hostile files end within the limits, and are listed.

use windows_autopilot::evidence::{Bundle, Evidence, Limits, Side, UnreadReason};
use windows_autopilot::sim::{DeviceStory, StoryEvent};

use crate::bundle::{Files, Packing, cab, cab_with, zip};

fn read_with(limits: Limits, name: &str, bytes: Vec<u8>) -> Evidence {
    let mut bundle = Bundle::new(limits);
    bundle.add_bytes(Side::Device, name, bytes);
    bundle.read()
}

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

fn member(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.to_vec())
}

const PROFILE: &[u8] = br#"{"CloudAssignedDomainJoinMethod": 1}"#;

/// The reasons of everything that was not read, with paths.
fn unread(evidence: &Evidence) -> Vec<(String, UnreadReason)> {
    evidence.unread().iter().map(|of| (of.path.clone(), of.reason.clone())).collect()
}

#[test]
fn a_member_that_unpacks_to_too_much_is_not_unpacked() {
    let bomb = vec![0; 8 << 20];
    for (name, archive) in [
        ("bomb.zip", zip(&[member("x.log", &bomb), member("AutopilotDDSZTDFile.json", PROFILE)])),
        ("bomb.cab", cab(&[member("AutopilotDDSZTDFile.json", PROFILE), member("x.log", &bomb)])),
    ] {
        let evidence = read_with(Limits::default(), name, archive.clone());
        assert_eq!(unread(&evidence), [(format!("{name}/x.log"), UnreadReason::Limit("ratio"))]);
        assert_eq!(evidence.observations().len(), 1, "{name}: what comes before or beside it is read");
        let small = limits(|of| of.member_bytes = 1 << 20);
        let reason = UnreadReason::Limit(if name.ends_with("zip") { "ratio" } else { "member_bytes" });
        assert_eq!(unread(&read_with(small, name, archive)), [(format!("{name}/x.log"), reason)]);
    }
}

#[test]
fn limits_of_size_depth_and_number_are_named() {
    let incompressible: Vec<u8> = {
        let mut random = fastrand::Rng::with_seed(7);
        (0..200_000).map(|_| random.u8(..)).collect()
    };
    let one = zip(&[member("x.log", &incompressible)]);
    let cases = [
        (limits(|of| of.member_bytes = 100_000), one.clone(), "a.zip/x.log", "member_bytes"),
        (limits(|of| of.total_bytes = 100_000), one.clone(), "a.zip/x.log", "total_bytes"),
        (
            limits(|of| of.nested_archive_bytes = 1000),
            zip(&[member("b.cab", &one)]),
            "a.zip/b.cab",
            "nested_archive_bytes",
        ),
        (
            limits(|of| of.nested_archive_bytes = 1000),
            zip(&[member("b.bin", &one)]),
            "a.zip/b.bin",
            "nested_archive_bytes",
        ),
        (
            limits(|of| of.members = 2),
            zip(&[member("1", b"1"), member("2", b"2"), member("3", b"3")]),
            "a.zip",
            "members",
        ),
        (
            limits(|of| of.members = 2),
            cab(&[member("1", b"1"), member("2", b"2"), member("3", b"3")]),
            "a.zip",
            "members",
        ),
    ];
    for (limits, archive, path, field) in cases {
        let evidence = read_with(limits, "a.zip", archive);
        let last = unread(&evidence).pop();
        assert_eq!(last, Some((path.to_owned(), UnreadReason::Limit(field))));
    }
    let mut nested = zip(&[member("AutopilotDDSZTDFile.json", PROFILE)]);
    for _ in 0..3 {
        nested = zip(&[member("in.zip", &nested)]);
    }
    let evidence = read_with(Limits::default(), "a.zip", nested.clone());
    assert_eq!(unread(&evidence), [("a.zip/in.zip/in.zip/in.zip".to_owned(), UnreadReason::Limit("depth"))]);
    let evidence = read_with(limits(|of| of.depth = 4), "a.zip", nested);
    assert_eq!(evidence.observations().len(), 1);
}

#[test]
fn a_directory_with_more_members_than_the_limit_is_refused_before_it_is_read() {
    let members: Vec<_> = (0..10_001).map(|number| (format!("{number}.txt"), Vec::new())).collect();
    for (name, archive) in [("a.zip", zip(&members)), ("a.cab", cab(&members))] {
        let evidence = read_with(Limits::default(), name, archive);
        assert_eq!(unread(&evidence), [(name.to_owned(), UnreadReason::Limit("members"))]);
    }
}

#[test]
fn an_archive_without_members_is_listed() {
    for (name, archive) in [("a.zip", zip(&[])), ("a.cab", cab(&[]))] {
        let evidence = read_with(Limits::default(), name, archive);
        assert_eq!(unread(&evidence), [(name.to_owned(), UnreadReason::Empty)]);
    }
}

#[test]
fn names_of_members_lead_nowhere() {
    let names = [
        "../../etc/AutopilotDDSZTDFile.json",
        r"..\..\AutopilotDDSZTDFile.json",
        "/tmp/AutopilotDDSZTDFile.json",
        r"C:\AutopilotDDSZTDFile.json",
        "a\u{7}b/AutopilotDDSZTDFile.json",
    ];
    let members: Vec<_> = names.iter().map(|name| member(name, PROFILE)).collect();
    for archive in [zip(&members), cab(&members)] {
        let evidence = read_with(Limits::default(), "a.zip", archive);
        assert_eq!(evidence.observations().len(), names.len());
        assert!(evidence.sources().iter().all(|source| !source.path.chars().any(char::is_control)));
    }
    assert!(!std::path::Path::new("/tmp/AutopilotDDSZTDFile.json").exists());
}

#[test]
fn files_of_a_cabinet_that_overlap_are_refused() {
    let archive =
        cab_with(&[member("1.log", &[b'x'; 1000]), member("2.log", &[b'y'; 1000])], Packing::Stored);
    // The second file begins where the first does.
    let place = archive.windows(4).position(|bytes| bytes == 1000_u32.to_le_bytes()).unwrap();
    let second = archive.iter().skip(place + 4).copied().collect::<Vec<_>>();
    let offset = second.windows(4).position(|bytes| bytes == 1000_u32.to_le_bytes()).unwrap() + place + 4 + 4;
    let mut archive = archive;
    assert_eq!(archive[offset..offset + 4], 1000_u32.to_le_bytes());
    archive[offset..offset + 4].copy_from_slice(&0_u32.to_le_bytes());
    let evidence = read_with(Limits::default(), "a.cab", archive.clone());
    let (_, reason) = unread(&evidence).pop().unwrap();
    assert_eq!(reason, UnreadReason::Damaged("overlaps the file before it".to_owned()));
    // A file behind the end of its folder.
    archive[offset..offset + 4].copy_from_slice(&0x7fff_0000_u32.to_le_bytes());
    let evidence = read_with(Limits::default(), "a.cab", archive);
    let (path, reason) = unread(&evidence).pop().unwrap();
    assert_eq!(
        (path.as_str(), reason),
        ("a.cab/2.log", UnreadReason::Damaged("the cabinet is cut off".to_owned()))
    );
}

#[test]
fn more_observations_than_the_limit_leave_a_source_incomplete() {
    let story = DeviceStory::new("SN-1", "t");
    let at = windows_autopilot::jiff::Timestamp::from_second(1_782_900_000).unwrap();
    let story = story
        .with(at, StoryEvent::Enrolled)
        .with(at, StoryEvent::JoinAwaited { needs_domain_controller: true });
    let mut files = Files::of(&story);
    files.limits.observations = 2;
    let evidence = files.in_memory().read();
    assert_eq!(evidence.observations().len(), 2);
    assert!(evidence.sources().iter().any(|source| !source.complete));
    assert!(unread(&evidence).iter().any(|(_, reason)| *reason == UnreadReason::Limit("observations")));
}

#[test]
fn damaged_archives_are_listed_and_never_panic() {
    let story = DeviceStory::new("SN-1", "t")
        .with(windows_autopilot::jiff::Timestamp::from_second(1_782_900_000).unwrap(), StoryEvent::Enrolled);
    let files = Files::of(&story);
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    for whole in [files.mdm_zip(), files.mdm_cab(), cab_with(&files.mdm_members(), Packing::Stored)] {
        for _ in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..random.usize(1..12) {
                // Most damage is in the directory: at the beginning of a cabinet, at the end of a zip.
                let at =
                    if random.bool() { random.usize(4..600) } else { bytes.len() - random.usize(1..600) };
                bytes[at] = random.u8(..);
            }
            if random.u8(..8) == 0 {
                bytes.truncate(random.usize(4..bytes.len()));
            }
            let evidence = read_with(Limits::default(), "a.zip", bytes);
            assert!(!evidence.sources().is_empty() || !evidence.unread().is_empty());
        }
    }
}
