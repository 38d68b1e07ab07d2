//! A service provider's round through its customers' tenants. Each is compared with its settings, several at a time,
//! and one that fails does not stop the others. With `--apply`, the settings are applied to each.
//!
//! `cargo run --features sim,workflow --example many_tenants` visits twelve simulated tenants: one refuses the sign-in, another
//! throttles for a while, a third has drifted.
//!
//! With `--live`, it visits the tenants of a folder: `FOLDER/TENANT/DEPLOYMENT.toml` contains the settings of a
//! deployment, and `DEPLOYMENT.csv` beside it lists the devices, if there are any. `TENANT` is the tenant's id or
//! domain. The application given by `AUTOPILOT_CLIENT_ID` and `AUTOPILOT_CLIENT_SECRET` must have consent in each.
//!
//! `--out DIR` writes a report for each tenant, and journals; a restarted process resumes with these, and skips tenants
//! that are done. `--round NAME` starts another round through the tenants in the same folder. `--shard I/N` visits one
//! of `N` shards, counted from 0: in an indexed Kubernetes Job, `I` is `JOB_COMPLETION_INDEX`. See `docs::scaling` in
//! the crate's documentation.
//!
//! Exit codes, for all tenants of the shard: 0 all are as they should be, 1 one could not be brought up, 3 drift, 4 a
//! finding stops a plan, 5 the state of one is not known.
#![allow(clippy::print_stdout, reason = "a tool talks to a person")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use windows_autopilot::Client;
use windows_autopilot::model::DisplayName;
use windows_autopilot::sim::Fault;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::HybridJoin;

use self::support::round::{Customer, Deployment, Outcome, Round, Shard, TenantReport, tenants};
use self::support::{Failure, Tool, deployment, real_client, run};

fn main() -> ExitCode {
    let options = ["--shard I/N", "--out DIR", "--round NAME", "--apply", "--live"];
    run("many_tenants [FOLDER]", &options, async |tool| {
        let round = Round {
            name: tool.value("--round").unwrap_or_default().to_owned(),
            shard: tool.parse("--shard")?.unwrap_or(Shard::ALL),
            folder: tool.value("--out").map(PathBuf::from),
            applies: tool.has("--apply"),
        };
        let reports = match tool.has("--live") {
            true => visit_real(tool, &round).await?,
            false => visit_simulated(tool, &round).await?,
        };
        let kept = reports.iter().filter(|report| report.is_kept).count();
        let failed = reports.iter().filter(|report| report.outcome == Outcome::Failed).count();
        tool.line(format!(
            "{} tenants in shard {}: {kept} done before, {failed} failed.",
            reports.len(),
            round.shard
        ));
        let code = round.exit_code(&reports);
        tool.fact("tenants", reports);
        Ok(code)
    })
}

async fn visit_real(tool: &Tool, round: &Round) -> Result<Vec<TenantReport>, Failure> {
    let folder = tool.argument(0).ok_or_else(|| Failure::usage("--live needs the folder of the tenants"))?;
    let folder = Path::new(folder);
    let tenants = tenants(folder)?;
    if round.applies && !tool.may_write(&format!("Apply the settings of {} tenants", tenants.len()))? {
        return Err(Failure::usage("nothing was written: leave out --apply to compare"));
    }
    let open = |tenant: &str| {
        Ok(Customer {
            client: real_client(tenant)?,
            deployments: read_deployments(tool, &folder.join(tenant))?,
        })
    };
    round.run(tenants, open, |report| show(tool, report)).await
}

/// Reads the deployments of a tenant: a settings file each, and perhaps a file of devices beside it.
fn read_deployments(tool: &Tool, folder: &Path) -> Result<Vec<Deployment>, Failure> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let devices = file.with_extension("csv");
        Ok(Deployment {
            name,
            settings: deployment::read_settings(&file.to_string_lossy())?,
            devices: match devices.exists() {
                true => deployment::read_devices(tool, &devices.to_string_lossy())?,
                false => Vec::new(),
            },
        })
    };
    match files.is_empty() {
        true => Err(format!("{} has no settings file: add DEPLOYMENT.toml", folder.display()).into()),
        false => files.into_iter().map(read).collect(),
    }
}

async fn visit_simulated(tool: &Tool, round: &Round) -> Result<Vec<TenantReport>, Failure> {
    let mut customers = BTreeMap::new();
    for number in 1..=12 {
        let (client, settings) = simulated(number, !round.applies).await?;
        customers.insert(format!("customer-{number:02}.onmicrosoft.com"), (client, settings));
    }
    let open = |tenant: &str| {
        let (client, settings) = customers.get(tenant).ok_or("no such tenant")?;
        let deployment = |settings: &HybridJoin| {
            let (name, settings) = (settings.name.to_string(), settings.clone());
            Deployment { name, settings, devices: Vec::new() }
        };
        Ok(Customer { client: client.clone(), deployments: settings.iter().map(deployment).collect() })
    };
    round.run(customers.keys(), open, |report| show(tool, report)).await
}

fn show(tool: &Tool, report: &TenantReport) {
    let TenantReport { tenant, changes, drift, error, .. } = report;
    let text = match (report.outcome, report.is_kept) {
        (_, true) => "done before".to_owned(),
        (Outcome::Same, _) => "as it should be".to_owned(),
        (Outcome::Applied, _) => format!("{changes} changes made"),
        (Outcome::Different, _) => format!("{drift} things differ"),
        (Outcome::Blocked, _) => "a finding stops the plan".to_owned(),
        (Outcome::NotKnown, _) => "a part could not be read".to_owned(),
        (Outcome::Failed, _) => format!("failed: {}", error.as_deref().unwrap_or_default()),
    };
    tool.line(format!("{tenant:32} {text}"));
}

/// Creates a simulated tenant with two deployments, and some with a fault. The last is not deployed.
async fn simulated(number: usize, is_deployed: bool) -> Result<(Client, Vec<HybridJoin>), Failure> {
    let settings = |site: &str| -> Result<HybridJoin, toml::de::Error> {
        toml::from_str(&format!(
            "name = '{site}'\n[active_directory]\ndomain = 'corp.customer{number}.com'\n\
             [group]\ndisplay_name = 'Autopilot {site}'\nmembers.group_tag = '{site}'\n\
             [profile]\ndisplay_name = 'Hybrid {site}'\n\
             [domain_join]\ndisplay_name = 'Join {site}'\ncomputer_name_prefix = 'C{number}-'\n"
        ))
    };
    let deployments = vec![settings("Munich")?, settings("Berlin")?];
    let Harness { client, tenant, .. } = Harness::new();
    if is_deployed && number < 12 {
        for deployment in &deployments {
            let _ = deployment.plan(&client, &[]).await?.apply(&client).await.into_result()?;
        }
    }
    match number {
        3 => tenant.fault(Fault::status(401)),
        5 => tenant.fault(Fault::throttle(Duration::from_secs(20)).times(3)),
        7 if is_deployed => {
            let stored = client.groups().list().all().await?.remove(0);
            let mut renamed = stored.settings.clone();
            renamed.display_name = "Renamed by hand".parse::<DisplayName>()?;
            client.groups().update(&stored, &renamed).await?;
        }
        _ => {}
    }
    Ok((client, deployments))
}
