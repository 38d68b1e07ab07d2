//! A tenant with 100,000 devices: what a device costs does not grow with their number.
//!
//! `cargo test --release --all-features --test scale -- --ignored --nocapture`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "test code that reports what it measured")]

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use windows_autopilot::graph::field;
use windows_autopilot::model::{
    DeviceToImport, Group, HybridJoinProfile, Id, ImportStatus, Membership, MembershipRule, Target,
};
use windows_autopilot::sim::{DeploymentPhase, DeviceSpec};
use windows_autopilot::testing::Harness;
use windows_autopilot::{Client, Result};

const MINUTE: Duration = Duration::from_secs(60);
/// Devices that are imported in one call.
const CHUNK: usize = 500;

/// What each part took for one device.
struct Costs(Vec<(&'static str, Duration)>);

impl Costs {
    /// Runs one part, which is done for `count` devices.
    async fn of<T>(&mut self, part: &'static str, count: usize, run: impl Future<Output = T>) -> T {
        #[allow(clippy::disallowed_methods, reason = "what is measured is real time")]
        let start = Instant::now();
        let done = run.await;
        let each = start.elapsed() / u32::try_from(count).unwrap();
        println!("{part}: {each:?} for each of {count}");
        self.0.push((part, each));
        done
    }
}

async fn count_all<T: Send + 'static>(items: impl futures_util::Stream<Item = Result<T>>) -> usize {
    items.fold(0, |count, item| async move { count + usize::from(item.is_ok()) }).await
}

fn serial(number: usize) -> String {
    format!("PF{number:07}")
}

async fn imported(client: &Client, numbers: std::ops::Range<usize>) -> Result<()> {
    let numbers: Vec<usize> = numbers.collect();
    for chunk in numbers.chunks(CHUNK) {
        let devices: Vec<DeviceToImport> = chunk
            .iter()
            .map(|number| {
                let hash = "Q29udG9zbwAAAA==".parse().unwrap();
                DeviceToImport::new(serial(*number).parse().unwrap(), hash)
                    .with_group_tag("New".parse().unwrap())
            })
            .collect();
        client.imports().import(&devices).await?;
    }
    Ok(())
}

/// A tenant with `count` devices, half of them imported, and everything that is done with many.
async fn costs(count: usize) -> Result<Costs> {
    let mut costs = Costs(Vec::new());
    let Harness { client, tenant, clock, .. } = Harness::new();
    let half = count / 2;
    let rule = MembershipRule::group_tag("Kiosk")?;
    let dynamic = Group::new("Kiosks".parse()?).with_membership(Membership::dynamic(rule));
    let dynamic = client.groups().create(&dynamic).await?;
    let profile = client.profiles().create(&HybridJoinProfile::new("Hybrid".parse()?)).await?;
    client.profiles().assignments(&profile.id).add(&Target::group(dynamic.id.clone())).await?;

    costs
        .of("register", half, async {
            for number in 0..half {
                tenant.add_device_with(DeviceSpec::new(serial(number)).with_group_tag("Kiosk"));
            }
        })
        .await;
    costs
        .of("join the group by its rule, and be given the profile", half, async {
            clock.advance(10 * MINUTE);
            assert_eq!(tenant.members(dynamic.id.as_str()).len(), half);
        })
        .await;
    costs.of("import", count - half, imported(&client, half..count)).await?;
    costs
        .of("be registered by the import", count - half, async {
            clock.advance(30 * MINUTE);
            assert_eq!(tenant.device_count(), count);
        })
        .await;
    let complete = costs
        .of("list the imports", count - half, async {
            let all = client.imports().list().all().await?;
            Ok::<_, windows_autopilot::Error>(
                all.iter()
                    .filter(|of| {
                        of.state.as_ref().and_then(|state| state.device_import_status.clone())
                            == Some(ImportStatus::Complete)
                    })
                    .count(),
            )
        })
        .await?;
    assert_eq!(complete, count - half);

    let listed = costs.of("list the devices", count, count_all(client.devices().list().items())).await;
    assert_eq!(listed, count);
    let listed = client.directory_devices().list().page_size(999);
    assert_eq!(costs.of("list the directory", count, count_all(listed.items())).await, count);
    let listed = client.directory_devices().list().page_size(999).order_by("displayName desc");
    assert_eq!(costs.of("list the directory in order", count, count_all(listed.items())).await, count);
    let members = client.groups().members(&dynamic.id).page_size(999);
    assert_eq!(costs.of("list the members", half, count_all(members.items())).await, half);
    let found = client.devices().list().filter(field("serialNumber").contains("PF"));
    assert_eq!(costs.of("filter the devices", count, count_all(found.items())).await, count);
    costs
        .of("find one device of many by its serial number", count, async {
            let found = client.devices().by_serial_number(&serial(count - 1).parse().unwrap()).all().await?;
            assert_eq!(found.len(), 1);
            Ok::<_, windows_autopilot::Error>(())
        })
        .await?;

    // One rule for all devices, evaluated at once.
    let all = Group::new("All".parse()?)
        .with_membership(Membership::dynamic(MembershipRule::all_autopilot_devices()));
    let all = client.groups().create(&all).await?;
    costs
        .of("evaluate a new rule", count, async {
            clock.advance(10 * MINUTE);
            assert_eq!(tenant.members(all.id.as_str()).len(), count);
        })
        .await;

    // Some of them are deployed, leave an assigned group, or are deleted.
    let some = 1_000;
    costs
        .of("be deployed", some, async {
            (0..some).for_each(|number| tenant.power_on(&serial(number)));
            clock.advance(10 * 60 * MINUTE);
            let failed = (0..some).filter(|number| {
                tenant
                    .deployment(&serial(*number))
                    .is_some_and(|deployment| deployment.phase == DeploymentPhase::Failed)
            });
            assert_eq!(failed.count(), some, "nobody is in the MDM scope");
        })
        .await;
    let assigned = tenant.add_group("Assigned");
    let objects = tenant.members(all.id.as_str());
    objects.iter().for_each(|object| tenant.add_member(&assigned, object));
    costs
        .of("leave a group", some, async {
            let group: Id<Group> = assigned.parse().unwrap();
            for object in objects.iter().rev().take(some) {
                client.groups().remove_member(&group, &object.parse().unwrap()).await?;
            }
            Ok::<_, windows_autopilot::Error>(())
        })
        .await?;
    costs
        .of("be deleted", some, async {
            for number in count - some..count {
                client.devices().delete(&tenant.device_id(&serial(number)).unwrap().parse().unwrap()).await?;
            }
            clock.advance(10 * MINUTE);
            Ok::<_, windows_autopilot::Error>(())
        })
        .await?;
    assert_eq!(tenant.device_count(), count - some);
    Ok(costs)
}

#[tokio::test]
#[ignore = "takes a minute, and means something in a release build only"]
async fn a_device_costs_the_same_among_a_hundred_thousand() -> Result<()> {
    let few = costs(10_000).await?;
    let many = costs(100_000).await?;
    let mut grown = Vec::new();
    for ((part, few), (_, many)) in few.0.iter().zip(&many.0) {
        // What is small is noise; what is quadratic grows tenfold.
        if *many > Duration::from_micros(2) && *many > *few * 6 {
            grown.push(*part);
        }
    }
    assert!(grown.is_empty(), "costs more among many: {grown:?}");
    Ok(())
}
