//! A service provider's round over its customers' tenants: each is compared with its settings, several at a time, and one
//! that fails does not stop the others.
//!
//! `cargo run --features sim,workflow --example many_tenants` makes the round over simulated tenants: of one the sign-in is refused,
//! another is throttled for a while, a third has drifted. `--json` prints
//! the round for a program. Exit codes, of all tenants together: 0 as they should be, 3 drift, 4 a finding stops a plan, 5 one is
//! not known.
#![allow(clippy::print_stdout, reason = "an example talks to a person")]

#[path = "support/exit.rs"]
mod exit;
#[path = "support/failure.rs"]
mod failure;
#[path = "support/report.rs"]
mod report;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use windows_autopilot::model::DisplayName;
use windows_autopilot::sim::Fault;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{HybridJoin, Plan, overlaps};
use windows_autopilot::{Client, Result};

use self::failure::Failure;
use self::report::Report;

/// Tenants that are looked at side by side: each has limits of its own, so there is no reason to take them one by one.
const ABREAST: usize = 8;

struct Customer {
    name: String,
    client: Client,
    /// A tenant can have several deployments, say for two domains.
    deployments: Vec<HybridJoin>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::result::Result<ExitCode, Failure> {
    let mut report = match Report::start(&[]) {
        Ok(report) => report,
        Err(code) => return Ok(code),
    };
    let customers = customers(12).await?;
    let rounds = customers.iter().map(|customer| async move { (customer, compare(customer).await) });
    for (customer, finding) in customers
        .iter()
        .flat_map(|customer| overlaps(&customer.deployments).into_iter().map(move |found| (customer, found)))
    {
        report.line(format!("{:12} {finding}", customer.name));
    }
    let (mut failed, mut drifted, mut blocking) = (0, 0, 0);
    let mut tenants = Vec::new();
    let mut rounds = stream::iter(rounds).buffered(ABREAST);
    while let Some((customer, outcome)) = rounds.next().await {
        match outcome {
            Ok(plans) => {
                let drift: usize = plans.iter().map(|plan| plan.drift().count()).sum();
                let blocked: usize = plans.iter().map(|plan| plan.blocking().count()).sum();
                let standing = match (drift, blocked) {
                    (0, 0) => "as it should be".to_owned(),
                    _ => format!("{drift} things differ, {blocked} errors"),
                };
                report.line(format!("{:12} {standing}", customer.name));
                tenants.push(serde_json::json!({ "name": customer.name, "drift": drift, "errors": blocked }));
                drifted += drift;
                blocking += blocked;
            }
            Err(error) => {
                failed += 1;
                report.line(format!("{:12} not known ({:?}): {error}", customer.name, error.kind()));
                tenants.push(serde_json::json!({ "name": customer.name, "error": error.to_string() }));
            }
        }
    }
    report.line(format!("{} tenants, {failed} not known.", customers.len()));
    report.fact("tenants", tenants);
    Ok(report.end(match (blocking, drifted, failed) {
        (0, 0, 0) => exit::NOTHING_TO_DO,
        (0, 0, _) => exit::NOT_KNOWN,
        (0, _, _) => exit::DIFFERENT,
        _ => exit::BLOCKED,
    }))
}

async fn compare(customer: &Customer) -> Result<Vec<Plan>> {
    let mut plans = Vec::new();
    for deployment in &customer.deployments {
        plans.push(deployment.plan(&customer.client, &[]).await?);
    }
    Ok(plans)
}

/// Simulated tenants, all deployed but the last, each of its own client.
async fn customers(count: usize) -> std::result::Result<Vec<Customer>, Box<dyn Error>> {
    let mut customers = Vec::new();
    for number in 1..=count {
        let name = format!("Customer {number}");
        let deployment = |site: &str| -> std::result::Result<HybridJoin, toml::de::Error> {
            toml::from_str(&format!(
                "name = '{site}'\n[active_directory]\ndomain = 'corp.customer{number}.com'\n\
                 [group]\ndisplay_name = 'Autopilot {site}'\nmembers.group_tag = '{site}'\n\
                 [profile]\ndisplay_name = 'Hybrid {site}'\n\
                 [domain_join]\ndisplay_name = 'Join {site}'\ncomputer_name_prefix = 'C{number}-'\n"
            ))
        };
        let deployments = vec![deployment("Munich")?, deployment("Berlin")?];
        let Harness { client, tenant, .. } = Harness::new();
        for deployment in &deployments {
            if number < count {
                let _ = deployment.plan(&client, &[]).await?.apply(&client).await.into_result()?;
            }
        }
        match number {
            3 => tenant.fault(Fault::status(401)),
            5 => tenant.fault(Fault::throttle(Duration::from_secs(20)).times(3)),
            7 => {
                let mut stored = client.groups().list().all().await?.remove(0);
                let wish = stored.settings.clone();
                stored.settings.description = None;
                let mut renamed = wish;
                renamed.display_name = "Renamed by hand".parse::<DisplayName>()?;
                client.groups().update(&stored, &renamed).await?;
            }
            _ => {}
        }
        customers.push(Customer { name, client, deployments });
    }
    Ok(customers)
}
