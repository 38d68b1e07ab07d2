//! Step 10: following devices home, and a report with a timeline of each.
//!
//! `cargo run --features sim --example watch [--html=FILE]` follows every registered device of the tenant.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

mod support;

use std::error::Error;

use futures_util::StreamExt as _;
use windows_autopilot::workflow::watch::{Watch, WatchEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        // Nobody has made a profile for this one: it is switched on all the same.
        tenant.add_device("PF3XK7M1");
        tenant.power_on("PF3XK7M1");
    }
    let devices = client.devices().list().all().await?;
    let mut run = Watch::new(client, &devices).with_title("All registered devices").start();
    while let Some(event) = run.next().await {
        if let WatchEvent::Changed(device) = event {
            println!("{}: {}", device.name(), device.standing());
        }
    }
    let report = run.await?;
    println!("\n{report}");
    if let Some(path) =
        std::env::args().find_map(|argument| argument.strip_prefix("--html=").map(str::to_owned))
    {
        std::fs::write(&path, report.to_html())?;
        println!("The report as a page: {path}");
    }
    Ok(())
}
