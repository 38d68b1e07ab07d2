//! Step 10 on a screen: a page that follows devices while they deploy, served on this machine.
//!
//! `cargo run --features sim,workflow --example serve_report -- --stay` deploys fifty simulated devices, at one hour
//! per fifteen seconds, and serves the page until it is stopped; without `--stay`, the tool exits when the watch ends.
//! With `--live`, the page follows the registered devices of a real tenant. `--port 8080` sets the port, `--devices 50`
//! the number of simulated devices, and `--speed 240` their speed. Exit codes: 0 all are ready, 4 one has failed, 5 the
//! outcome of one is not known.

mod support;

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
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

use self::support::fleet::Fleet;
use self::support::{Failure, Tool, connect, exit, run};

const WAITING: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"1\">\
                       <title>Deployment of devices</title><main>The first round of the watch is not over yet.</main>";

/// The longest head of a request that is read.
const LONGEST_HEAD: usize = 8_192;

fn main() -> ExitCode {
    let options = ["--devices COUNT", "--port PORT", "--speed FACTOR", "--stay", "--live"];
    run("serve_report", &options, async |tool| {
        let port = tool.parse("--port")?.unwrap_or(0);
        let count = tool.parse("--devices")?.unwrap_or(50);
        let speed = tool.parse("--speed")?.unwrap_or(240.0);
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        tool.line(format!("The report is served at http://{}/", listener.local_addr()?));
        let report = if tool.has("--live") {
            let client = connect(tool)?.client;
            let devices: Vec<Device> = client.devices().list().all().await?;
            follow(tool, &listener, Watch::new(&client, &devices), std::future::ready(())).await?
        } else {
            let clock = ScaledClock::new(speed);
            let tenant =
                Tenant::builder().with_clock(Arc::new(clock.clone())).with_delegated_callers().build();
            let client = Client::builder(FixedToken::new("simulated"))
                .with_transport(tenant.clone())
                .with_clock(clock.clone())
                .build()?;
            let fleet = Fleet::new(&client, &tenant, count).await?;
            let watch = Watch::new(&client, fleet.watched()).with_expectation(fleet.expected.clone());
            let watch = watch.with_title("Munich, spring roll-out");
            follow(tool, &listener, watch, fleet.switch_on(&tenant, &clock)).await?
        };
        tool.fact("report", &report);
        Ok(match (report.is_ready(), report.count(DeploymentOutcome::Failed)) {
            (true, _) => exit::DONE,
            (false, 0) => exit::NOT_KNOWN,
            _ => exit::BLOCKED,
        })
    })
}

/// Serves the report of a watch while it runs, and with `--stay` after its end.
async fn follow(
    tool: &Tool,
    listener: &TcpListener,
    watch: Watch,
    people: impl Future<Output = ()>,
) -> Result<DeploymentReport, Failure> {
    let handle = watch.handle();
    let run = std::pin::pin!(join(watch.start().into_future(), people));
    let server = std::pin::pin!(serve(listener, &handle));
    match select(run, server).await {
        Either::Left(((report, ()), server)) => {
            let report = report?;
            tool.line(format!("\n{report}"));
            if tool.has("--stay") {
                server.await?;
            }
            Ok(report)
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
            // A browser that goes away, or says nothing for long, costs only its own page.
            #[allow(clippy::disallowed_methods, reason = "a browser's connection takes real time")]
            let _ = timeout(Duration::from_secs(30), answer(stream, address, &handle)).await;
        });
    }
}

/// Responds to one request with the page or its data.
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
