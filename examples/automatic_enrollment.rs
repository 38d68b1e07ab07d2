//! Step 1: whose devices enroll in Intune by themselves.
//!
//! `cargo run --features sim --example automatic_enrollment [GROUP]`: includes a group of users. Graph lets a signed-in
//! user alone do this: `--live --browser` signs one in (`--features sim,interactive`), `--live` alone takes a user's token
//! (see `examples/support/mod.rs`). `--json` prints the scope for a program. Exit codes: 0 done, 2 not one group of this
//! name, 3 not done or not allowed.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::ErrorKind;
use windows_autopilot::graph::field;
use windows_autopilot::model::MdmScope;

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
    let name = support::arguments().into_iter().next().unwrap_or_else(|| "Intune users".to_owned());
    if let Some((tenant, _)) = &connection.simulated {
        tenant.add_group(&name);
    }

    let policy = match client.mdm_policies().intune().await {
        Err(error) if error.kind() == ErrorKind::Forbidden => {
            report.line(format!("Only a signed-in user may do this: {error}"));
            report.line("In the Entra admin center: Mobility, Microsoft Intune, MDM user scope.");
            report.fact("refused", error.to_string());
            return Ok(report.end(exit::DIFFERENT));
        }
        policy => policy?,
    };
    report.line(format!("now: {:?}", policy.scope()));
    report.fact("before", policy.scope());

    let groups = client.groups().list().filter(field("displayName").eq(name.as_str())).all().await?;
    let [group] = groups.as_slice() else {
        return Ok(report::usage(format!("{} groups are called {name:?}, and it must be one", groups.len())));
    };
    // A scope that is set drops what it does not name: the groups that are there stay.
    let scope = match policy.scope() {
        Some(MdmScope::All) => MdmScope::All,
        Some(MdmScope::Groups(held)) => {
            MdmScope::Groups(held.into_iter().chain([group.id.clone()]).collect())
        }
        _ => MdmScope::Groups([group.id.clone()].into()),
    };
    if !connection.may_write(&format!("Include {name}"))? {
        return Ok(report.end(exit::DIFFERENT));
    }
    let steps = client.mdm_policies().set_scope(&policy, &scope).await?;
    report.line(format!("{} steps taken", steps.len()));
    let after = client.mdm_policies().intune().await?.scope();
    report.line(format!("then: {after:?}"));
    report.fact("steps", steps);
    report.fact("after", after);
    Ok(report.end(exit::NOTHING_TO_DO))
}
