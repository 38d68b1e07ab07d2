//! A client with your own transport and middleware, and the retry of a request that failed once.
//!
//! `cargo run --features sim --example custom_transport` sends two requests: the first gets a 503 response.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

use std::{error::Error, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use windows_autopilot::http::{HeaderValue, Request, Response, StatusCode};
use windows_autopilot::pipeline::{Middleware, Next};
use windows_autopilot::transport::{Transport, TransportError};
use windows_autopilot::{Client, Result as CallResult, bytes::Bytes, testing::Harness};

/// A transport that counts the requests to another, and turns the first response into a failure.
#[derive(Debug)]
struct Flaky<T>(T, AtomicUsize);

#[async_trait::async_trait]
impl<T: Transport> Transport for Flaky<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let number = self.1.fetch_add(1, Ordering::Relaxed) + 1;
        println!("request {number}, change ticket {:?}", request.headers().get("x-change-ticket"));
        let mut response = self.0.send(request).await?;
        if number == 1 {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        Ok(response)
    }
}

/// Adds the change ticket to every request.
#[derive(Debug)]
struct Ticket(HeaderValue);

#[async_trait::async_trait]
impl Middleware for Ticket {
    async fn handle(&self, mut request: Request<Bytes>, next: Next<'_>) -> CallResult<Response<Bytes>> {
        request.headers_mut().insert("x-change-ticket", self.0.clone());
        next.run(request).await
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = count().await {
        eprintln!("{error:#}");
        std::process::exit(1);
    }
}

async fn count() -> Result<(), Box<dyn Error>> {
    let Harness { tenant, clock, .. } = Harness::new();
    let client = Client::builder(windows_autopilot::credential::FixedToken::new("simulated"))
        .with_transport(Flaky(tenant.clone(), AtomicUsize::new(0))) // or around a `ReqwestTransport`
        .with_middleware(Ticket(HeaderValue::from_static("CHG0001")))
        .with_clock(clock.clone())
        .build()?;
    println!("{} devices; {:?} waited before the retry", client.devices().count().await?, clock.slept());
    assert_eq!((clock.slept().len(), tenant.requests().len()), (1, 2));
    Ok(())
}
