//! Step 10 on a screen: a page that follows devices while they deploy, served on this machine.
//!
//! `cargo run --features sim,workflow --example serve_report -- --stay` deploys fifty simulated devices, an hour in fifteen
//! seconds, and serves the page until it is stopped; without `--stay` the example ends with the watch. With `--live` the
//! page follows the registered devices of a real tenant. `--port=8080` sets the port, `--devices=50` the number of
//! simulated devices, `--speed=240` their speed. `--json` prints the report for a program. Exit codes: 0 all are ready, 4 one
//! has failed, 5 it is not known how one ends.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/fleet.rs"]
mod fleet;
#[path = "support/report.rs"]
mod report;
mod support;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join, select};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use windows_autopilot::Client;
use windows_autopilot::clock::ScaledClock;
use windows_autopilot::credential::FixedToken;
use windows_autopilot::model::Device;
use windows_autopilot::sim::Tenant;
use windows_autopilot::workflow::watch::{DeploymentOutcome, DeploymentReport, Watch, WatchHandle};

use self::failure::Failure;
use self::report::{Report, usage};

const WAITING: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"1\">\
                       <title>Deployment of devices</title><main>The first round of the watch is not over yet.</main>";

/// The longest head of a request that is read.
const LONGEST_HEAD: usize = 8_192;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--devices=", "--live", "--port=", "--speed=", "--stay", "--yes"])
    {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let (port, count, speed) =
        match (number("--port=", 0), number("--devices=", 50), number("--speed=", 240.0)) {
            (Ok(port), Ok(count), Ok(speed)) => (port, count, speed),
            (port, count, speed) => {
                let problems = [port.err(), count.err(), speed.err()];
                return Ok(usage(problems.into_iter().flatten().collect::<Vec<_>>().join("; ")));
            }
        };
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    report.line(format!("The report is served at http://{}/", listener.local_addr()?));
    let seen = if support::has_option("--live") {
        let client = support::connect()?.client;
        let devices: Vec<Device> = client.devices().list().all().await?;
        follow(&report, &listener, Watch::new(&client, &devices), std::future::ready(())).await?
    } else {
        let clock = ScaledClock::new(speed);
        let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).with_delegated_callers().build();
        let client = Client::builder(FixedToken::new("simulated"))
            .with_transport(tenant.clone())
            .with_clock(clock.clone())
            .build()?;
        let fleet = fleet::Fleet::new(&client, &tenant, count).await?;
        let watch = Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone());
        let watch = watch.with_title("Munich, spring roll-out");
        follow(&report, &listener, watch, fleet.switch_on(&tenant, &clock)).await?
    };
    let code = match (seen.is_ready(), seen.count(DeploymentOutcome::Failed)) {
        (true, _) => exit::NOTHING_TO_DO,
        (false, 0) => exit::NOT_KNOWN,
        _ => exit::BLOCKED,
    };
    report.fact("report", &seen);
    Ok(report.end(code))
}

/// The number behind an option.
fn number<T: FromStr<Err: Display>>(option: &str, default: T) -> Result<T, String> {
    support::value_of(option)
        .map_or(Ok(default), |value| value.parse().map_err(|error| format!("{option}{value}: {error}")))
}

/// Serves the report of a watch while it runs, and after that if asked to.
async fn follow(
    report: &Report,
    listener: &TcpListener,
    watch: Watch,
    people: impl Future<Output = ()>,
) -> Result<DeploymentReport, Failure> {
    let handle = watch.handle();
    let run = std::pin::pin!(join(watch.start().into_future(), people));
    let server = std::pin::pin!(serve(listener, &handle));
    match select(run, server).await {
        Either::Left(((seen, ()), server)) => {
            let seen = seen?;
            report.line(format!("\n{seen}"));
            if support::has_option("--stay") {
                server.await?;
            }
            Ok(seen)
        }
        Either::Right((ended, _)) => Err(ended.err().ok_or("the server ended")?.into()),
    }
}

async fn serve(listener: &TcpListener, handle: &WatchHandle) -> io::Result<()> {
    let address = listener.local_addr()?;
    loop {
        let (stream, _) = listener.accept().await?;
        let handle = handle.clone();
        tokio::spawn(async move {
            // A browser that goes away, or says nothing for long, costs its own page alone.
            #[allow(clippy::disallowed_methods, reason = "a browser's connection takes real time")]
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
