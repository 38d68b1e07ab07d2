//! Step 6: an enrollment status page that blocks until two apps are there, first in priority.
//!
//! `cargo run --features sim --example enrollment_status_page [--json]`. Exit codes: 0 made, 3 not made.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::model::{
    BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentStatusPage, Group, Target,
};

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
        tenant.add_app("Company Portal", "win32LobApp");
        tenant.add_app("VPN client", "win32LobApp");
    }
    let apps = client.mobile_apps().list().all().await?;
    let wanted = ["Company Portal", "VPN client"];
    let ids =
        apps.iter().filter(|app| app.display_name.as_deref().is_some_and(|name| wanted.contains(&name)));
    let ids = BlockingApps::selected(ids.map(|app| app.id.clone()));

    let mut page = EnrollmentStatusPage::new("Autopilot devices".parse()?);
    page.install_progress_timeout_in_minutes = "90".parse()?;
    page.block_device_use = BlockDeviceUse::Until(BlockUntil::new(ids));
    for finding in page.lint() {
        report.line(finding);
    }
    if !connection.may_write("Create the page and a group for it")? {
        return Ok(report.end(exit::DIFFERENT));
    }
    let group = client.groups().create(&Group::new("Autopilot devices".parse()?)).await?;
    let stored = client.enrollment_status_pages().create(&page).await?;
    client
        .enrollment_status_pages()
        .assignments(&stored.id)
        .replace_at_once(&[Target::group(group.id)])
        .await?;
    if stored.observed.priority != Some(1) {
        client.enrollment_status_pages().set_priority(&stored.id, 1).await?;
    }
    let stored = client.enrollment_status_pages().get(&stored.id).await?;
    report.line(format!("{} has priority {:?}", stored.settings.display_name, stored.observed.priority));
    report.fact("page", stored);
    Ok(report.end(exit::NOTHING_TO_DO))
}
