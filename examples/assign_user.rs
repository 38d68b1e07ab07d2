//! Step 9, which a hybrid join is better without: who has a user assigned, and taking that back.
//!
//! `cargo run --features sim --example assign_user [--json]`. Exit codes: 0 no device has a user, 3 one still has.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::model::{Personal, UserPrincipalName};

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--live", "--yes"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        let user = format!("adele@{}", tenant.domain());
        tenant.add_user(&user);
        tenant.add_device("PF3XK7M1");
        let device = client.devices().list().all().await?.pop().ok_or("no device")?;
        let user: UserPrincipalName = user.parse()?;
        client.devices().assign_user(&device.id, &user, &Personal::from("Adele")).await?;
    }
    let (mut left, mut unassigned) = (Vec::new(), Vec::new());
    for device in client.devices().list().all().await? {
        if device.user_principal_name.is_none() {
            continue;
        }
        report.line(format!("{} has a user: its first sign-in would end with 0x80070774", device.id));
        if connection.may_write("Take the user back")? {
            client.devices().unassign_user(&device.id).await?;
            report.line(format!("{} has none any more", device.id));
            unassigned.push(device.id);
        } else {
            left.push(device.id);
        }
    }
    let code = if left.is_empty() { exit::NOTHING_TO_DO } else { exit::DIFFERENT };
    report.fact("unassigned", unassigned);
    report.fact("with_user", left);
    Ok(report.end(code))
}
