//! What reading ahead saves: a list of 100 pages in virtual time, with it and without, by how long a page is used. The
//! figures are the same on every machine.
//!
//! The service takes 50 ms for a response, and the body takes 30 ms more to come; the link to the next page stands at
//! its beginning. `cargo bench --bench read_ahead` prints the figures; under `cargo test` it reads four pages. In real
//! time, see `benches/loopback.rs`.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a bench has nobody to report to")]

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use windows_autopilot::clock::{Clock, FakeClock};
use windows_autopilot::credential::FixedToken;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::pipeline::Limits;
use windows_autopilot::transport::{BodyStart, TransportError, transport_fn};
use windows_autopilot::{Client, Result};

const LATENCY: Duration = Duration::from_millis(50);
const BODY: Duration = Duration::from_millis(30);
const ITEMS: usize = 10;

type Answer = BoxFuture<'static, std::result::Result<http::Response<Bytes>, TransportError>>;

/// A client of a service that is some way off, over a line that is not the widest.
fn client(pages: usize, clock: &FakeClock) -> Client {
    let time = clock.clone();
    let transport = transport_fn(move |request: http::Request<Bytes>| -> Answer {
        let time = time.clone();
        Box::pin(async move {
            let number = request.uri().query().and_then(|query| query.rsplit('=').next()?.parse().ok());
            let number: usize = number.unwrap_or_default();
            let link = match number + 1 < pages {
                true => format!(
                    "\"@odata.nextLink\":\"https://graph.microsoft.com/v1.0/things?$skiptoken={}\",",
                    number + 1
                ),
                false => String::new(),
            };
            let body = format!("{{{link}\"value\":{:?}}}", [number; ITEMS]);
            time.sleep(LATENCY).await;
            if let Some(start) = request.extensions().get::<BodyStart>() {
                start.show(http::StatusCode::OK, body.as_bytes());
            }
            time.sleep(BODY).await;
            let mut answer = http::Response::new(Bytes::from(body));
            answer.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
            Ok(answer)
        })
    });
    Client::builder(FixedToken::new("token"))
        .with_transport(transport)
        .with_clock(clock.clone())
        .with_limits(Limits::without_rate_limits())
        .build()
        .expect("the client is complete")
}

/// How long it takes to read all pages and to use each for a while.
async fn read(pages: usize, read_ahead: bool, used_for: Duration) -> Result<Duration> {
    let clock = FakeClock::new();
    let client = client(pages, &clock);
    let mut list = client.list::<usize>(ApiVersion::V1, "/things").read_ahead(read_ahead).pages();
    let mut items = 0;
    while let Some(page) = list.next().await {
        for item in page?.into_items() {
            item?;
            items += 1;
        }
        clock.sleep(used_for).await;
    }
    assert_eq!(items, pages * ITEMS);
    Ok(clock.elapsed())
}

fn main() {
    let pages = if std::env::args().any(|argument| argument == "--bench") { 100 } else { 4 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for used_for in [0, 20, 40, 80, 160].map(Duration::from_millis) {
        let [off, on] = [false, true].map(|read_ahead| {
            runtime.block_on(read(pages, read_ahead, used_for)).expect("all pages are read").as_secs_f64()
        });
        assert!(on < off, "reading ahead saves time: {on} s and {off} s");
        println!(
            "read_ahead/{pages}_pages/used_for_{}_ms: without {off:.2} s, with {on:.2} s, ratio {:.2}",
            used_for.as_millis(),
            on / off
        );
    }
}
