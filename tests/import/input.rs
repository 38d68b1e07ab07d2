//! Errors of the input: nothing is sent for a list with one, unless it is waived.

use windows_autopilot::model::{DeviceToImport, Finding};
use windows_autopilot::registration::SampleHash;
use windows_autopilot::registration::findings::{HASH_TOO_SHORT, HASH_TWICE, HASH_UNREADABLE};
use windows_autopilot::sim::Fault;
use windows_autopilot::workflow::{Import, ImportStage, Journal, MemoryStore};
use windows_autopilot::{Error, ErrorKind};

use super::{World, device};

fn with_hash(serial: &str, hash: &str) -> DeviceToImport {
    DeviceToImport::new(serial.parse().unwrap(), hash.parse().unwrap())
}

fn errors(findings: &[Finding]) -> Vec<&Finding> {
    findings.iter().filter(|finding| finding.is_error()).collect()
}

/// The error of a run that must not have sent anything.
async fn refused(world: &World, import: Import) -> Error {
    let error = import.start().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::InvalidInput, false), "{error}");
    let sent = world.tenant.requests().into_iter().filter(|request| !request.path.ends_with("/token"));
    assert_eq!(sent.count(), 0, "{error}");
    assert!(error.remedy().unwrap().contains("nothing was sent"));
    error
}

#[tokio::test]
async fn a_list_with_an_error_is_not_sent_unless_it_is_waived() {
    let whole = SampleHash::new("B").build().unwrap();
    let no_maker = SampleHash::new("B").with_manufacturer("").build().unwrap();
    for (hash, ids) in [
        ("T0EAAAA=".to_owned(), vec![HASH_TOO_SHORT.id]),
        ("9dd4e461268c8034f5c8564e155c67a6".to_owned(), vec![HASH_TOO_SHORT.id]),
        (whole.as_str().to_lowercase(), vec![HASH_UNREADABLE.id]),
        (whole.as_str().replacen("T0", "TO", 1), vec![HASH_UNREADABLE.id]),
        (whole.as_str().trim_end_matches('=').repeat(2), vec![HASH_TWICE.id]),
        (no_maker.as_str().to_owned(), vec!["hash.no-manufacturer"]),
    ] {
        let world = World::new();
        let devices = [device("A"), with_hash("B", &hash)];
        let import = || Import::new(&world.client, devices.clone());
        let store = MemoryStore::default();
        let journaled = || import().with_journal(Journal::from_store(store.clone()));

        let preview = import().dry_run().unwrap();
        let found = errors(&preview.findings);
        assert_eq!(found.iter().map(|finding| &*finding.id).collect::<Vec<_>>(), ids, "{hash:.8}");
        for import in [import(), journaled()] {
            let shown = refused(&world, import).await.to_string();
            assert!(found.iter().all(|finding| shown.contains(&finding.to_string())), "{shown}");
            assert!(shown.contains("stops the import") && !shown.contains(hash.get(..8).unwrap()), "{shown}");
        }
        assert_eq!(store.text(), "", "no journal is begun for a run that does not begin");
        refused(&world, import().with_waived("hash.checksum")).await;

        let waived = ids.iter().fold(journaled(), |import, id| import.with_waived(*id));
        let report = waived.start().await.unwrap();
        assert_eq!(report.devices.len(), 2);
        assert!(report.devices[0].outcome.is_registered(), "{report:?}");
        // The service decides: a real hash is asked for, and no checked one.
        assert!(world.wire.arrived.lock().unwrap().contains_key("B"));
    }
}

#[tokio::test]
async fn warnings_stop_no_import() {
    let world = World::new();
    let named = SampleHash::new("OTHER").build().unwrap();
    let devices = [
        DeviceToImport::new("Default string".parse().unwrap(), named.clone()),
        DeviceToImport::new("PF-1".parse().unwrap(), named).with_group_tag(" Kiosk".parse().unwrap()),
    ];
    let import = || Import::new(&world.client, devices.clone());
    let preview = import().dry_run().unwrap();
    assert!(preview.findings.len() > 2 && errors(&preview.findings).is_empty(), "{:?}", preview.findings);
    assert_eq!(import().start().await.unwrap().counts.finished(), 2);
}

#[tokio::test]
async fn what_an_earlier_run_has_sent_goes_on_whatever_its_input() {
    let world = World::new();
    let devices = [device("A"), with_hash("B", "T0EAAAA=")];
    let store = MemoryStore::default();
    // The sign-in, and the request that sends both.
    world.end_at(2, true);
    let run = world.import(&devices, &store).with_waived(HASH_TOO_SHORT.id).start();
    assert!(world.run_until_the_end_of_the_world(run).await);

    let world = world.restarted();
    let report = world.import(&devices, &store).start().await.unwrap();
    assert!(world.no_device_was_sent_twice());
    assert!(report.devices[0].outcome.is_registered(), "{report:?}");
    assert_ne!(report.devices[1].outcome.to_string(), format!("canceled while {}", ImportStage::Queued));
}

#[tokio::test]
async fn a_record_that_others_have_deleted_is_not_said_to_be_left() {
    for (status, says) in [(404, vec![]), (403, vec!["import.record-left"])] {
        let world = World::new();
        let path = "/deviceManagement/importedWindowsAutopilotDeviceIdentities/*";
        world.tenant.fault(Fault::status(status).on("DELETE", path));
        let report = world.import_any(vec![device("A")]).start().await.unwrap();
        let found: Vec<String> = report.findings().iter().map(|finding| finding.id.to_string()).collect();
        assert_eq!(found, says, "{status}");
    }
}
