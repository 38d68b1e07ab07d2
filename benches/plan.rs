//! A plan over 10,000 registered devices, 300 profiles and 50 enrollment status pages, on the simulated tenant: the
//! tenant's own work is part of it.
#![allow(clippy::expect_used, missing_docs, reason = "a bench has nobody to report to")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use windows_autopilot::model::{DeviceToImport, EnrollmentStatusPage, HybridJoinProfile};
use windows_autopilot::pipeline::Limits;
use windows_autopilot::registration::hash::SampleHash;
use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;
use windows_autopilot::{Client, Result};

const DEVICES: usize = 10_000;
const PROFILES: usize = 300;
const PAGES: usize = 50;

async fn fill(client: &Client) -> Result<()> {
    for number in 1..PROFILES {
        let profile = HybridJoinProfile::new(format!("Profile {number}").parse()?);
        client.profiles().create(&profile).await?;
    }
    for number in 1..PAGES {
        let page = EnrollmentStatusPage::new(format!("Page {number}").parse()?);
        client.enrollment_status_pages().create(&page).await?;
    }
    Ok(())
}

fn plan(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let Harness { client, tenant, .. } =
        Harness::builder().with_client(|client| client.with_limits(Limits::without_rate_limits())).build();
    let desired: HybridJoin = toml::from_str(
        "name = 'Munich'\nconnectors = {}\nactive_directory.domain = 'corp.contoso.com'\n\
         [group]\ndisplay_name = 'Autopilot Munich'\nmembers.group_tag = 'Munich'\n\
         [enrollment_status_page]\ndisplay_name = 'Autopilot Munich'\n\
         [profile]\ndisplay_name = 'Contoso hybrid Munich'\n\
         [domain_join]\ndisplay_name = 'Munich'\ncomputer_name_prefix = 'MUC-'\n",
    )
    .expect("the settings are right");
    tenant.add_connector("SRV-ODJ-01", "corp.contoso.com", "6.2504.2001.8");
    let serial = |number: usize| format!("SN-{number:05}");
    let devices: Vec<DeviceToImport> = (0..DEVICES)
        .map(|number| {
            tenant.add_device_with(DeviceSpec::new(serial(number)).with_group_tag("Munich"));
            let hash = SampleHash::new(serial(number)).build().expect("a hash");
            DeviceToImport::new(serial(number).parse().expect("a serial number"), hash)
        })
        .collect();
    runtime.block_on(async {
        fill(&client).await.expect("the tenant takes it");
        let _ = desired
            .plan(&client, &[])
            .await
            .expect("a plan")
            .apply(&client)
            .await
            .into_result()
            .expect("it is applied");
    });
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10).throughput(Throughput::Elements(DEVICES as u64));
    group.bench_function("10000_devices_300_profiles_50_pages", |bencher| {
        bencher.iter(|| {
            let plan = runtime.block_on(desired.plan(&client, &devices)).expect("a plan");
            assert!(plan.is_empty(), "{plan}");
            tenant.clear_requests();
        });
    });
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
