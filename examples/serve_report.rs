//! Step 10 on a screen: a page that follows devices while they deploy, served on this machine.
//!
//! `cargo run --features sim,workflow --example serve_report -- --stay` deploys fifty simulated devices, an hour in fifteen
//! seconds, and serves the page until it is stopped; without `--stay` the example ends with the watch. With `--live` the
//! page follows the registered devices of a real tenant. `--port=8080` sets the port, `--devices=50` the number of
//! simulated devices, `--speed=240` their speed.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/failure.rs"]
mod failure;
#[path = "support/fleet.rs"]
mod fleet;
mod support;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join, select};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use windows_autopilot::clock::ScaledClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::Device;
use windows_autopilot::sim::Tenant;
use windows_autopilot::workflow::watch::{Watch, WatchHandle};
use windows_autopilot::{Client, serde_json};

use self::failure::Failure;

const USAGE: [&str; 5] = ["--live", "--stay", "--port=", "--devices=", "--speed="];
const WAITING: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"1\">\
                       <title>Deployment of devices</title><main>The first round of the watch is not over yet.</main>";

/// The longest head of a request that is read.
const LONGEST_HEAD: usize = 8_192;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    if let Some(option) = support::unknown_option(&USAGE) {
        return Err(format!("{option} is no option of serve_report: use {}", USAGE.join(", ")).into());
    }
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], number("--port=", 0)?))).await?;
    println!("The report is served at http://{}/", listener.local_addr()?);
    if support::has_option("--live") {
        let client = support::connect()?.client;
        let devices: Vec<Device> = client.devices().list().all().await?;
        return follow(&listener, Watch::new(&client, &devices), std::future::ready(())).await;
    }
    let clock = ScaledClock::new(number("--speed=", 240.0)?);
    let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).with_delegated_callers().build();
    let client = Client::builder(FixedToken::new("simulated"))
        .with_transport(tenant.clone())
        .with_clock(clock.clone())
        .build()?;
    let fleet = fleet::Fleet::new(&client, &tenant, number("--devices=", 50)?).await?;
    let watch = Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone());
    follow(&listener, watch.with_title("Munich, spring roll-out"), fleet.switch_on(&tenant, &clock)).await
}

fn number<T: std::str::FromStr<Err: Error + Send + Sync + 'static>>(
    option: &str,
    default: T,
) -> Result<T, Failure> {
    match support::value_of(option) {
        Some(value) => value.parse().map_err(|error| format!("{option}{value}: {error}").into()),
        None => Ok(default),
    }
}

/// Serves the report of a watch while it runs, and after that if asked to.
async fn follow(
    listener: &TcpListener,
    watch: Watch,
    people: impl Future<Output = ()>,
) -> Result<(), Failure> {
    let handle = watch.handle();
    let run = std::pin::pin!(join(watch.start().into_future(), people));
    let server = std::pin::pin!(serve(listener, &handle));
    match select(run, server).await {
        Either::Left(((report, ()), server)) => {
            println!("{}", report?);
            if support::has_option("--stay") {
                server.await?;
            }
        }
        Either::Right((ended, _)) => ended?,
    }
    Ok(())
}

async fn serve(listener: &TcpListener, handle: &WatchHandle) -> io::Result<()> {
    let address = listener.local_addr()?;
    loop {
        let (stream, _) = listener.accept().await?;
        let handle = handle.clone();
        tokio::spawn(async move {
            // A browser that goes away, or says nothing for long, costs its own page alone.
            let _ = timeout(Duration::from_secs(30), answer(stream, address, &handle)).await;
        });
    }
}

/// Answers one request with the page or its data.
async fn answer(mut stream: TcpStream, address: SocketAddr, handle: &WatchHandle) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head);
    let host = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let hosts = [address.to_string(), format!("localhost:{}", address.port())];
    let path = head.strip_prefix("GET ").and_then(|rest| rest.split([' ', '?']).next());
    let html = "text/html; charset=utf-8";
    let (status, kind, body) = match (path, handle.snapshot()) {
        // Pages of the web may not reach the report by a name of their own.
        _ if !host.is_some_and(|host| hosts.iter().any(|own| own == host)) => {
            ("421 Misdirected Request", html, String::new())
        }
        (Some("/"), Some(report)) => ("200 OK", html, report.to_html()),
        (Some("/"), None) => ("200 OK", html, WAITING.to_owned()),
        (Some("/report.json"), Some(report)) => {
            ("200 OK", "application/json", serde_json::to_string(&*report).map_err(io::Error::other)?)
        }
        (Some(_), _) => ("404 Not Found", html, String::new()),
        (None, _) => ("405 Method Not Allowed", html, String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
