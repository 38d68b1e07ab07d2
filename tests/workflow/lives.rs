//! Devices that are reset, wiped, renamed, imported anew, deleted and set up again: a running watch and a new one agree.

use std::time::Duration;

use futures_util::StreamExt as _;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::model::{
    Device, DeviceToImport, EnrollmentConfiguration, Id, InstallTimeout, SerialNumber,
};
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::{Cause, DeploymentPhase, DeviceSpec, PowerOnOptions};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;
use windows_autopilot::workflow::watch::{
    DeadlineSource, DeploymentOutcome, DeviceDeployment, Expectation, Phase, Watch, WatchEvent,
};

use crate::support::{DOMAIN, UNIT};

const MINUTE: Duration = Duration::from_secs(60);
const USER: &str = "adele@contoso.onmicrosoft.com";
/// The device that keeps a watch running: nobody switches it on.
const KEEPER: &str = "KEEPER";

/// A tenant with devices that can be deployed.
struct Home {
    harness: Harness,
    devices: Vec<(Id<Device>, SerialNumber)>,
    expected: Expectation,
}

impl Home {
    async fn new(serials: &[&str]) -> Self {
        let harness = Harness::new();
        let Harness { client, tenant, .. } = &harness;
        let desired: HybridJoin = toml::from_str(include_str!("../support/munich.toml")).unwrap();
        let (users, user) = (tenant.add_group("Intune users"), tenant.add_user(USER));
        tenant.add_member(&users, &user);
        tenant.add_connector("SRV-ODJ-01", DOMAIN, "6.2504.2001.8");
        tenant.grant_ou(UNIT);
        let devices: Vec<DeviceToImport> = serials
            .iter()
            .map(|serial| {
                let hash = SampleHash::new(*serial).build().unwrap();
                DeviceToImport::new(serial.parse().unwrap(), hash)
            })
            .collect();
        let applied =
            desired.plan(client, &devices).await.unwrap().apply(client).await.into_result().unwrap();
        let profile = applied.profile.unwrap();
        for (device, _) in &applied.devices {
            client.devices().wait_until_assigned(device, &profile, 60 * MINUTE).await.unwrap();
        }
        let of = |serial: &&str| {
            let found = applied.devices.iter().find(|(_, of)| of == serial).unwrap();
            (found.0.clone(), serial.parse().unwrap())
        };
        let mut expected = Expectation::from(&desired).with_profile(profile);
        // These count from the start of a watch.
        expected.power_on_timeout = 20_000 * MINUTE;
        expected.assignment_timeout = 20_000 * MINUTE;
        Self { devices: serials.iter().map(of).collect(), harness, expected }
    }

    fn watch(&self) -> Watch {
        Watch::new(&self.harness.client, self.devices.clone())
            .with_expectation(self.expected.clone())
            .with_intervals(2 * MINUTE, 10 * MINUTE)
    }

    fn switch_on(&self, serial: &str, reaches_domain: bool) {
        let options = PowerOnOptions::new(serial).with_user(USER);
        let options = if reaches_domain { options } else { options.without_domain_controller() };
        self.harness.tenant.power_on_with(options);
    }

    /// Removes the registration of a device, if there is one, and makes another.
    fn import_anew(&self, serial: &str) {
        self.harness.tenant.delete_everywhere(serial);
        self.harness.tenant.add_device_with(DeviceSpec::new(serial).with_group_tag("Munich"));
    }
}

/// What a running watch and a new one agree on.
fn essence(device: &DeviceDeployment) -> String {
    let findings: Vec<&str> = device.state.findings.iter().map(|finding| finding.id.as_ref()).collect();
    let DeviceDeployment { id, serial_number, state, .. } = device;
    format!("{id} {serial_number:?} {} {} {findings:?} {:?}", state.phase, state.outcome, state.facts)
}

type Act<'a> = Box<dyn FnMut(&Home) + 'a>;
/// A name, the actions with their minutes, and the ends of the enrollments before the last one.
type Story<'a> = (&'a str, Vec<(u64, Act<'a>)>, Vec<(Phase, DeploymentOutcome)>);

/// Runs a watch while the actions happen, each at its minute; asserts after each round that a new watch agrees. Returns the
/// devices in their order at the end.
async fn follow(home: &Home, minutes: u64, mut actions: Vec<(u64, Act<'_>)>) -> Vec<DeviceDeployment> {
    let start = home.harness.clock.elapsed();
    let watch = home.watch();
    let handle = watch.handle();
    let mut run = watch.start();
    actions.sort_by_key(|(minute, _)| *minute);
    let mut actions = actions.into_iter().peekable();
    while let Some(event) = run.next().await {
        let WatchEvent::Polled { .. } = event else { continue };
        let minute = (home.harness.clock.elapsed() - start).as_secs() / 60;
        let running = handle.snapshot().unwrap();
        let fresh = home.watch().snapshot().await.unwrap();
        for (running, fresh) in running.devices.iter().zip(&fresh.devices) {
            // The time that a device has after it was in touch counts from the start of a watch.
            if running.state.outcome == DeploymentOutcome::Overdue && running.state.phase < Phase::Enrolled {
                continue;
            }
            assert_eq!(essence(running), essence(fresh), "a running watch and a new one, minute {minute}");
            assert!(fresh.earlier.is_empty());
        }
        while let Some((_, mut act)) = actions.next_if(|(at, _)| *at <= minute) {
            act(home);
        }
        if minute >= minutes {
            run.stop_handle().stop();
        }
    }
    run.await.unwrap().devices
}

/// Asserts that the end of a device is what happened to it.
fn assert_true(home: &Home, device: &DeviceDeployment) {
    let serial = device.serial_number.as_deref().unwrap();
    let truth = home.harness.tenant.deployment(serial).unwrap();
    let expected = match truth.phase {
        DeploymentPhase::Finished => (Phase::Ready, DeploymentOutcome::Ready),
        DeploymentPhase::Failed => {
            assert_eq!(truth.cause, Some(Cause::NoDomainController), "{serial}");
            (Phase::Enrolled, DeploymentOutcome::Failed)
        }
        phase => panic!("{serial} is in {phase:?}"),
    };
    assert_eq!((device.state.phase, device.state.outcome), expected, "{serial}: {:?}", device.state);
    assert!(device.state.facts.computer_name.is_some(), "{serial}: {:?}", device.state.facts);
}

fn ends(device: &DeviceDeployment) -> Vec<(Phase, DeploymentOutcome)> {
    device.earlier.iter().map(|earlier| (earlier.phase, earlier.outcome)).collect()
}

#[tokio::test]
async fn a_device_that_starts_again_is_followed_to_the_end_of_its_last_deployment() {
    use DeploymentOutcome::{Failed, InProgress, Ready};
    const SN: &str = "PF3XK7M1";
    let on = |home: &Home| home.switch_on(SN, true);
    let cut_off = |home: &Home| home.switch_on(SN, false);
    let stories: Vec<Story<'_>> = vec![
        (
            "failed at the join, reset, home after all",
            vec![
                (5, Box::new(cut_off)),
                (60, Box::new(|home| assert!(home.harness.tenant.reset(SN)))),
                (70, Box::new(on)),
            ],
            vec![(Phase::Enrolled, Failed)],
        ),
        (
            "ready, reset, then failed without a domain controller",
            vec![
                (5, Box::new(on)),
                (200, Box::new(|home| assert!(home.harness.tenant.reset(SN)))),
                (210, Box::new(cut_off)),
            ],
            vec![(Phase::Ready, Ready)],
        ),
        (
            "deleted in Intune and set up again",
            vec![
                (5, Box::new(on)),
                (200, Box::new(|home| assert!(home.harness.tenant.wipe(SN)))),
                (260, Box::new(on)),
            ],
            vec![(Phase::Ready, Ready)],
        ),
        (
            "wiped in the middle and set up again",
            vec![
                (5, Box::new(on)),
                (30, Box::new(|home| assert!(home.harness.tenant.wipe(SN)))),
                (90, Box::new(on)),
            ],
            vec![(Phase::AccountSetup, InProgress)],
        ),
        (
            "renamed when it is ready",
            vec![
                (5, Box::new(on)),
                (200, Box::new(|home| assert!(home.harness.tenant.rename(SN, "FRONT-DESK")))),
            ],
            vec![],
        ),
        (
            "a new motherboard, and imported anew",
            vec![
                (5, Box::new(on)),
                (200, Box::new(|home| assert!(home.harness.tenant.swap_motherboard(SN)))),
                (220, Box::new(|home| home.import_anew(SN))),
                (260, Box::new(on)),
            ],
            vec![(Phase::Ready, Ready)],
        ),
        (
            "deleted everywhere before it was switched on, and imported anew",
            vec![(5, Box::new(|home| home.import_anew(SN))), (60, Box::new(on))],
            vec![],
        ),
        (
            "its Entra object deleted, failed, imported anew",
            vec![
                (5, Box::new(|home| assert!(home.harness.tenant.remove_anchor(SN)))),
                (20, Box::new(|home| home.import_anew(SN))),
                (60, Box::new(on)),
            ],
            vec![],
        ),
        (
            "reset three times",
            vec![
                (5, Box::new(cut_off)),
                (60, Box::new(cut_off)),
                (120, Box::new(cut_off)),
                (180, Box::new(on)),
            ],
            vec![(Phase::Enrolled, Failed); 3],
        ),
    ];
    for (name, actions, earlier) in stories {
        let home = Home::new(&[SN, KEEPER]).await;
        let devices = follow(&home, 420, actions).await;
        assert_true(&home, &devices[0]);
        assert_eq!(ends(&devices[0]), earlier, "{name}");
    }
}

/// The number of random stories: 10, or as many as `WINDOWS_AUTOPILOT_LIVES` says.
fn story_count() -> u64 {
    std::env::var("WINDOWS_AUTOPILOT_LIVES").map_or(10, |count| count.parse().unwrap())
}

#[tokio::test]
async fn random_lives_end_as_they_were_and_no_round_of_a_running_watch_differs_from_a_new_one() {
    const SERIALS: [&str; 4] = ["LIFE-0", "LIFE-1", "LIFE-2", KEEPER];
    for seed in 1..=story_count() {
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let home = Home::new(&SERIALS).await;
        let mut actions: Vec<(u64, Act<'_>)> = Vec::new();
        for serial in &SERIALS[..3] {
            let mut minute = random.u64(1..60);
            let mut is_broken = false;
            for _ in 0..random.usize(1..5) {
                minute += random.u64(1..120);
                let kind = random.u32(0..10);
                is_broken = matches!(kind, 7 | 8) || is_broken && kind != 9;
                let act = move |home: &Home| match kind {
                    0..=2 => home.switch_on(serial, true),
                    3 => home.switch_on(serial, false),
                    4 => drop(home.harness.tenant.reset(serial)),
                    5 => drop(home.harness.tenant.wipe(serial)),
                    6 => drop(home.harness.tenant.rename(serial, &format!("DESK-{serial}"))),
                    7 => drop(home.harness.tenant.swap_motherboard(serial)),
                    8 => drop(home.harness.tenant.remove_anchor(serial)),
                    _ => home.import_anew(serial),
                };
                actions.push((minute, Box::new(act)));
            }
            // What was broken is mended, and the device is deployed once more, to either end.
            if is_broken || random.bool() {
                actions.push((480, Box::new(|home| home.import_anew(serial))));
            }
            let reaches = random.bool();
            actions.push((530, Box::new(move |home| home.switch_on(serial, reaches))));
        }
        let devices = follow(&home, 760, actions).await;
        for device in &devices[..3] {
            assert_true(&home, device);
        }
    }
}

#[tokio::test]
async fn a_round_costs_the_same_however_many_devices_are_settled() {
    let serials: Vec<String> =
        (0..120).map(|number| format!("FLAT-{number:03}")).chain([KEEPER.to_owned()]).collect();
    let serials: Vec<&str> = serials.iter().map(String::as_str).collect();
    let mut costs = Vec::new();
    for count in [30, 120] {
        let home = Home::new(&serials[120 - count..]).await;
        for serial in &serials[120 - count..120] {
            home.switch_on(serial, true);
        }
        home.harness.clock.sleep(400 * MINUTE).await;
        let mut run = home.watch().start();
        let mut rounds = 0;
        while let Some(event) = run.next().await {
            if let WatchEvent::Polled { in_progress, .. } = event {
                assert_eq!(in_progress, 1);
                rounds += 1;
                if rounds == 1 {
                    home.harness.tenant.clear_requests();
                } else if rounds == 11 {
                    run.stop_handle().stop();
                }
            }
        }
        costs.push(home.harness.tenant.requests().len());
        assert_eq!(run.await.unwrap().count(DeploymentOutcome::Ready), count);
    }
    // The records of deployments are one list, of 50 to a page.
    let pages = (120_usize.div_ceil(50) - 1) * 10;
    assert!(costs[1] <= costs[0] + pages, "{costs:?}");
}

#[tokio::test]
async fn a_device_that_left_management_is_overdue_for_that_and_for_nothing_else() {
    let mut home = Home::new(&["PF3XK7M1"]).await;
    home.expected.power_on_timeout = 60 * MINUTE;
    home.switch_on("PF3XK7M1", true);
    home.harness.clock.sleep(200 * MINUTE).await;
    assert!(home.harness.tenant.wipe("PF3XK7M1"));
    let report = home.watch().start().await.unwrap();
    let state = &report.devices[0].state;
    assert_eq!((state.phase, state.outcome), (Phase::ProfileAssigned, DeploymentOutcome::Overdue));
    let ids: Vec<&str> = state.findings.iter().map(|finding| finding.id.as_ref()).collect();
    assert_eq!(ids, ["watch.left-management"]);
    assert!(
        state.findings[0].evidence.contains("the limit is 1 h, by the settings of the watch"),
        "{state:?}"
    );
}

#[tokio::test]
async fn the_page_that_the_record_names_sets_the_deadline() {
    let home = Home::new(&["PF3XK7M1"]).await;
    let Harness { client, .. } = &home.harness;
    let pages = client.enrollment_status_pages().list().all().await.unwrap();
    let mut pages = pages.iter().filter_map(|page| match page {
        EnrollmentConfiguration::StatusPage(page) => Some(page),
        _ => None,
    });
    let page = pages.find(|page| page.settings.display_name.as_str() == "Autopilot Munich").unwrap();
    let mut longer = page.settings.clone();
    longer.install_progress_timeout_in_minutes = InstallTimeout::from_minutes(200).unwrap();
    client.enrollment_status_pages().update(page, &longer).await.unwrap();
    home.switch_on("PF3XK7M1", true);
    home.harness.clock.sleep(25 * MINUTE).await;
    let report = home.watch().snapshot().await.unwrap();
    let state = &report.devices[0].state;
    assert_eq!(state.deadline_source, Some(DeadlineSource::Page), "{state:?}");
    let enrolled = state.timeline.iter().find(|start| start.phase == Phase::Enrolled).unwrap().at;
    // The page, the 40 minutes of a hybrid join, and the join.
    assert_eq!(state.deadline.unwrap().duration_since(enrolled).as_secs() / 60, 200 + 40 + 30);
}
