//! A call's own cost, and a list of 100 pages, on a transport in memory.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a bench has nobody to report to"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::StreamExt as _;
use windows_autopilot::Client;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::Device;
use windows_autopilot::pipeline::Limits;
use windows_autopilot::transport::{Transport as _, TransportError, transport_fn};

const PAGES: usize = 100;
const DEVICES: usize = 100;

fn json(body: Bytes) -> Result<http::Response<Bytes>, TransportError> {
    let mut response = http::Response::new(body);
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn client_on(send: impl Fn(http::Request<Bytes>) -> Bytes + Send + Sync + 'static) -> Client {
    Client::builder(FixedToken::new("token"))
        .with_transport(transport_fn(move |request| std::future::ready(json(send(request)))))
        .with_limits(Limits::without_rate_limits())
        .build()
        .expect("the client is complete")
}

/// A page of devices as the service writes them, with a link to the next but for the last.
fn page(number: usize) -> Bytes {
    let device = |n: usize| {
        format!(
            r##"{{"id":"{n:08x}-0000-4000-8000-000000000000","groupTag":"Munich","serialNumber":"PF{n:07}","manufacturer":"Contoso","model":"Book 7","enrollmentState":"notContacted","lastContactedDateTime":"0001-01-01T00:00:00Z","userPrincipalName":"","deploymentProfileAssignmentStatus":"assignedInSync","deploymentProfileAssignedDateTime":"2026-11-23T08:00:00Z"}}"##
        )
    };
    let devices: Vec<String> = (0..DEVICES).map(|n| device(number * DEVICES + n)).collect();
    let link = match number + 1 < PAGES {
        true => format!(
            r##""@odata.nextLink":"https://graph.microsoft.com/beta/deviceManagement/windowsAutopilotDeviceIdentities?$skiptoken={}","##,
            number + 1
        ),
        false => String::new(),
    };
    format!("{{{link}\"value\":[{}]}}", devices.join(",")).into()
}

fn calls(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");

    let body = Bytes::from_static(br#"{"id":"1"}"#);
    let client = client_on(move |_| body.clone());
    let mut group = criterion.benchmark_group("call");
    group.throughput(Throughput::Elements(1));
    let transport = transport_fn(|_| std::future::ready(json(Bytes::from_static(br#"{"id":"1"}"#))));
    group.bench_function("transport_alone", |bencher| {
        bencher.to_async(&runtime).iter(|| transport.send(http::Request::new(Bytes::new())));
    });
    group.bench_function("get_one", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            black_box(client.get::<serde_json::Value>(ApiVersion::V1, "/things/1").await.expect("a response"))
        });
    });
    group.finish();

    let pages: Arc<Vec<Bytes>> = Arc::new((0..PAGES).map(page).collect());
    let next = AtomicUsize::new(0);
    let client = client_on(move |_| pages[next.fetch_add(1, Ordering::Relaxed) % PAGES].clone());
    let mut group = criterion.benchmark_group("list");
    group.throughput(Throughput::Elements((PAGES * DEVICES) as u64));
    group.sample_size(20);
    group.bench_function("100_pages_of_100", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let items =
                client.list::<Device>(ApiVersion::Beta, "/deviceManagement/windowsAutopilotDeviceIdentities");
            let count =
                items.items().fold(0, |count, item| async move { count + usize::from(item.is_ok()) }).await;
            assert_eq!(black_box(count), PAGES * DEVICES);
        });
    });
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
