//! Step 5: a dynamic group of devices by their group tag, and waiting until a device is in it.
//!
//! `cargo run --features sim --example dynamic_group [TAG] [--json]`. Exit codes: 0 made and filled, 3 not made.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use windows_autopilot::graph::{PollStatus, Poller, Schedule};
use windows_autopilot::model::{Group, Membership, MembershipRule};

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
    let tag = support::arguments().into_iter().next().unwrap_or_else(|| "Munich".to_owned());
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_device_with(
            windows_autopilot::sim::DeviceSpec::new("PF3XK7M1").with_group_tag(tag.as_str()),
        );
    }

    // What others wrote into their rules, and what is wrong with it.
    for finding in MembershipRule::lint_text(r#"(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Munich"))"#)
    {
        report.line(finding);
    }

    let rule = MembershipRule::group_tag(&tag)?;
    report.line(format!("rule: {rule}"));
    report.fact("rule", rule.to_string());
    if !connection.may_write("Create a dynamic group")? {
        return Ok(report.end(exit::DIFFERENT));
    }
    let group = Group::new(format!("Autopilot {tag}").parse()?).with_membership(Membership::dynamic(rule));
    let group = client.groups().create(&group).await?;

    let schedule =
        Schedule::new(Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(3600));
    let (asking, id) = (client.clone(), group.id.clone());
    let members = Poller::<usize>::new(Arc::clone(client.clock()), schedule, "a first member", move || {
        let members = asking.groups().members(&id);
        async move {
            let count = members.all().await?.len();
            Ok(if count > 0 { PollStatus::Ready(count) } else { PollStatus::Pending(()) })
        }
    });
    let members = members.await?;
    report.line(format!("{} has {members} member", group.settings.display_name));
    report.fact("group", group);
    report.fact("members", members);
    Ok(report.end(exit::NOTHING_TO_DO))
}
