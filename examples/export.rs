//! A tenant's deployment as a settings file, to be kept in git and compared every night.
//!
//! `cargo run --features sim,workflow --example export [PROFILE] [SETTINGS.toml]` exports the deployment of the profile with
//! this name, or of the only hybrid join profile, to a file or to the screen; with `--live` from a real tenant (see
//! `examples/support/mod.rs`). On the simulated tenant, the sample deployment is there. `--json` prints settings and findings
//! for a program. Exit codes: 0 all of it is in the settings, 5 the settings cannot express a part, 2 no profile of this name.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example talks to a person")]

#[path = "support/deployment.rs"]
mod deployment;
#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;
mod support;

use std::process::ExitCode;

use windows_autopilot::model::{DeploymentProfile, HybridJoinProfile, Stored};
use windows_autopilot::workflow::HybridJoin;

use self::failure::Failure;
use self::report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut report = match Report::start(&["--live"]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let mut arguments = support::arguments().into_iter();
    let (name, file) = (arguments.next(), arguments.next());
    let connection = support::connect()?;
    let client = &connection.client;
    if let Some((tenant, _)) = &connection.simulated {
        let Some((desired, _)) = deployment::read(Vec::new()) else { return Ok(exit::with(exit::USAGE)) };
        deployment::prepare(tenant, &desired);
        let _ = desired.plan(client, &[]).await?.apply(client).await.into_result()?;
    }
    let profiles = client.profiles().list().all().await?;
    let hybrid: Vec<Stored<HybridJoinProfile>> = profiles
        .into_iter()
        .filter_map(|listed| match listed {
            DeploymentProfile::Hybrid(stored) => Some(stored),
            _ => None,
        })
        .collect();
    let is_it = |stored: &&Stored<HybridJoinProfile>| {
        name.as_deref().is_none_or(|name| stored.settings.display_name.as_str() == name)
    };
    let found: Vec<_> = hybrid.iter().filter(is_it).collect();
    let [profile] = found.as_slice() else {
        eprintln!("{} hybrid join profiles fit; give the name of one as the first argument:", found.len());
        hybrid.iter().for_each(|stored| eprintln!("  {}", stored.settings.display_name));
        return Ok(exit::with(exit::USAGE));
    };
    let export = HybridJoin::export(client, &profile.id).await?;
    let text = toml::to_string(&export.settings)?;
    match file {
        Some(path) => {
            std::fs::write(&path, text)?;
            eprintln!("The settings as a file: {path}");
        }
        None => report.line(text),
    }
    // Not among the settings on the screen, which may be redirected to a file.
    export.not_expressed.iter().for_each(|finding| eprintln!("{finding}"));
    let is_whole = export.not_expressed.is_empty();
    report.fact("settings", export.settings);
    report.fact("not_expressed", export.not_expressed);
    Ok(report.end(if is_whole { exit::NOTHING_TO_DO } else { exit::NOT_KNOWN }))
}
