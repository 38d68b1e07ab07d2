//! A tenant's deployment as a settings file, to be kept in git and compared every night.
//!
//! `cargo run --features sim,workflow --example export [PROFILE] [SETTINGS.toml]` exports the deployment of the profile
//! with this name, or of the only hybrid join profile, to a file or to the screen. It exports the sample deployment of
//! the simulated tenant, or with `--live` a deployment of a real one. Exit codes: 0 everything is in the settings, 2 no
//! profile has this name, 5 the settings cannot express part of it.
#![allow(clippy::print_stderr, reason = "a tool talks to a person")]

mod support;

use std::process::ExitCode;

use windows_autopilot::model::{DeploymentProfile, HybridJoinProfile, Stored};
use windows_autopilot::workflow::HybridJoin;

use self::support::{Failure, connect, deployment, exit, run};

fn main() -> ExitCode {
    run("export [PROFILE] [SETTINGS.toml]", &["--live"], async |tool| {
        let connection = connect(tool)?;
        let client = &connection.client;
        if let Some((tenant, _)) = &connection.simulated {
            let desired = deployment::read_settings(deployment::SETTINGS)?;
            deployment::prepare(tenant, &desired);
            let _ = desired.plan(client, &[]).await?.apply(client).await.into_result()?;
        }
        let listed = client.profiles().list().all().await?;
        let hybrid: Vec<Stored<HybridJoinProfile>> = listed.into_iter().filter_map(as_hybrid).collect();
        let is_named = |stored: &&Stored<HybridJoinProfile>| {
            tool.argument(0).is_none_or(|name| stored.settings.display_name.as_str() == name)
        };
        let found: Vec<_> = hybrid.iter().filter(is_named).collect();
        let [profile] = found.as_slice() else {
            let names: Vec<&str> =
                hybrid.iter().map(|stored| stored.settings.display_name.as_str()).collect();
            return Err(Failure::usage(format!(
                "{} hybrid join profiles fit; give the name of one as the first argument: {}",
                found.len(),
                names.join(", ")
            )));
        };
        let export = HybridJoin::export(client, &profile.id).await?;
        let text = toml::to_string(&export.settings)?;
        match tool.argument(1) {
            Some(path) => {
                std::fs::write(path, text).map_err(|error| format!("{path}: {error}"))?;
                eprintln!("The settings as a file: {path}");
            }
            None => tool.line(text),
        }
        // Not among the settings on the screen, which may be redirected to a file.
        export.not_expressed.iter().for_each(|finding| eprintln!("{finding}"));
        let code = if export.not_expressed.is_empty() { exit::DONE } else { exit::NOT_KNOWN };
        tool.fact("settings", export.settings);
        tool.fact("not_expressed", export.not_expressed);
        Ok(code)
    })
}

fn as_hybrid(profile: DeploymentProfile) -> Option<Stored<HybridJoinProfile>> {
    match profile {
        DeploymentProfile::Hybrid(stored) => Some(stored),
        _ => None,
    }
}
