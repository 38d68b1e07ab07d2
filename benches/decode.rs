//! How fast a page of devices is read.
#![allow(missing_docs, reason = "criterion's macros")]
#![allow(clippy::unwrap_used, reason = "a bench stops where its input is wrong")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde::de::{DeserializeOwned, IgnoredAny};
use windows_autopilot::model::Device;

/// A page of 1,000 devices as the service writes it: every property, about 1 MB.
fn page() -> String {
    let mut page = String::from(
        r##"{"@odata.context":"https://graph.microsoft.com/beta/$metadata#deviceManagement/windowsAutopilotDeviceIdentities","value":["##,
    );
    for n in 0..1_000 {
        if n > 0 {
            page.push(',');
        }
        write!(
            page,
            r#"{{"id":"fac6f0b1-f0b1-fac6-b1f0-{n:012x}","deploymentProfileAssignmentStatus":"assignedInSync","deploymentProfileAssignmentDetailedStatus":"none","deploymentProfileAssignedDateTime":"2026-03-04T09:15:26.2447023Z","groupTag":"Kiosk","purchaseOrderIdentifier":"PO-{n}","serialNumber":"5CG{n:07}","productKey":"","manufacturer":"Contoso Computers","model":"Slate 840 G9","enrollmentState":"enrolled","lastContactedDateTime":"2026-10-01T07:58:44.2908994Z","addressableUserName":"User {n}","userPrincipalName":"user{n}@contoso.com","resourceName":"","skuNumber":"6F6P5EA#ABD","systemFamily":"Contoso Slate","azureActiveDirectoryDeviceId":"0a1b2c3d-0000-4000-8000-{n:012x}","azureAdDeviceId":"0a1b2c3d-0000-4000-8000-{n:012x}","managedDeviceId":"9f8e7d6c-0000-4000-8000-{n:012x}","displayName":"","deviceAccountUpn":"","deviceAccountPassword":"","deviceFriendlyName":"","remediationState":"noRemediationRequired","remediationStateLastModifiedDateTime":"0001-01-01T00:00:00Z","userlessEnrollmentStatus":"unknown"}}"#
        )
        .unwrap();
    }
    page.push_str("]}");
    page
}

#[derive(serde::Deserialize)]
struct Page<T> {
    value: Vec<T>,
}

fn decode<T: DeserializeOwned>(page: &[u8]) -> Vec<T> {
    serde_json::from_slice::<Page<T>>(page).unwrap().value
}

fn decode_page(c: &mut Criterion) {
    let page = page();
    assert_eq!(decode::<Device>(page.as_bytes()).len(), 1_000);
    let mut group = c.benchmark_group("decode_page");
    group.throughput(Throughput::Bytes(page.len() as u64));
    group.bench_function("1000_devices", |b| b.iter(|| decode::<Device>(black_box(page.as_bytes()))));
    // The floor: the same page walked and nothing kept.
    group.bench_function("1000_ignored", |b| b.iter(|| decode::<IgnoredAny>(black_box(page.as_bytes()))));
    group.finish();
}

criterion_group!(benches, decode_page);
criterion_main!(benches);
