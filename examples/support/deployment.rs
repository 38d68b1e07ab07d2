//! What the examples of a deployment share: its settings, its devices, and a simulated tenant that is ready for it.
#![allow(dead_code, reason = "each example uses its part")]

use windows_autopilot::model::{DeviceToImport, Finding, Severity};
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::sim::Tenant;
use windows_autopilot::workflow::{HybridJoin, suggest_key};

/// The sample settings.
pub(crate) const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/hybrid_join.toml");
const DEVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/devices.csv");

/// The settings and the devices that the first two arguments name, or the samples; nothing if something is wrong with
/// them, which is printed.
pub(crate) fn read(arguments: Vec<String>) -> Option<(HybridJoin, Vec<DeviceToImport>)> {
    let mut arguments = arguments.into_iter();
    let settings = arguments.next().unwrap_or_else(|| SETTINGS.to_owned());
    let file = arguments.next().unwrap_or_else(|| DEVICES.to_owned());
    Some((read_settings(&settings)?, read_devices(&file)?))
}

/// The settings, or what is wrong with them.
pub(crate) fn read_settings(path: &str) -> Option<HybridJoin> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            println!("{path}: {error}; give the path of a settings file as the first argument");
            return None;
        }
    };
    match toml::from_str::<HybridJoin>(&text) {
        Ok(desired) => {
            // What is wrong with the settings by themselves is said before anything is sent.
            let wrong: Vec<Finding> =
                desired.lint().into_iter().filter(|finding| finding.severity == Severity::Error).collect();
            wrong.iter().for_each(|finding| println!("{path}: {finding}"));
            wrong.is_empty().then_some(desired)
        }
        Err(error) => {
            println!("{path}: {error}");
            if let Some(meant) = suggest_key(error.message()) {
                println!("{meant}");
            }
            None
        }
    }
}

/// The devices, or what is wrong with them.
fn read_devices(path: &str) -> Option<Vec<DeviceToImport>> {
    let reader = match CsvReader::open(path) {
        Ok(reader) => reader,
        Err(error) => {
            println!("{error}");
            return None;
        }
    };
    let mut devices = Vec::new();
    let mut errors = 0;
    for row in reader {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                println!("{path}: {error}");
                return None;
            }
        };
        for finding in &row.findings {
            println!("{path}: {finding}");
        }
        errors +=
            row.findings.iter().filter(|finding: &&Finding| finding.severity == Severity::Error).count();
        devices.extend(row.device);
    }
    (errors == 0).then_some(devices)
}

/// What a real tenant has before the first step: users, connectors, rights.
pub(crate) fn prepare(tenant: &Tenant, desired: &HybridJoin) {
    let users = tenant.add_group("Intune users");
    let user = tenant.add_user(&user_of(tenant));
    tenant.add_member(&users, &user);
    for name in ["SRV-ODJ-01", "SRV-ODJ-02"] {
        tenant.add_connector(name, desired.active_directory.domain.as_str(), "6.2504.2001.8");
    }
    if let Some(unit) = &desired.active_directory.organizational_unit {
        tenant.grant_ou(unit.as_str());
    }
}

/// The one user of the simulated tenant.
pub(crate) fn user_of(tenant: &Tenant) -> String {
    format!("adele@{}", tenant.domain())
}

/// Asks for the plan's application, by tenant, cloud and domain.
pub(crate) fn question(plan: &windows_autopilot::workflow::Plan) -> String {
    format!("Carry the plan out in {}, domain {}", plan.tenant, plan.desired.active_directory.domain)
}
