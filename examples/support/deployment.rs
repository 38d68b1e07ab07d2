//! A deployment: its settings, its devices, and a simulated tenant that is ready for it.

use windows_autopilot::model::{DeviceToImport, Finding, Severity};
use windows_autopilot::registration::csv::CsvReader;
use windows_autopilot::sim::Tenant;
use windows_autopilot::workflow::{HybridJoin, Plan, suggest_key};

use super::failure::Failure;
use super::tool::{Tool, read_file};

/// The sample settings.
pub(crate) const SETTINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/hybrid_join.toml");
const DEVICES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/devices.csv");

/// Reads the settings and the devices that the first two arguments name.
///
/// The samples are the default on the simulated tenant. With `--live` the settings have to be named, and without a file of
/// devices there are none: the samples never reach a real tenant.
pub(crate) fn read(tool: &Tool) -> Result<(HybridJoin, Vec<DeviceToImport>), Failure> {
    let sample = |path| if tool.has("--live") { None } else { Some(path) };
    let Some(settings) = tool.argument(0).or(sample(SETTINGS)) else {
        return Err(Failure::usage("--live needs a settings file: give its path as the first argument"));
    };
    let devices = match tool.argument(1).or(sample(DEVICES)) {
        Some(path) => read_devices(tool, path)?,
        None => Vec::new(),
    };
    Ok((read_settings(settings)?, devices))
}

/// Reads a settings file.
pub(crate) fn read_settings(path: &str) -> Result<HybridJoin, Failure> {
    let text = read_file(path).map_err(|failure| {
        Failure::usage(format!("{}; give the path of a settings file", failure.message))
    })?;
    let desired: HybridJoin = toml::from_str(&text).map_err(|error| {
        let meant = suggest_key(error.message()).unwrap_or_default();
        Failure::usage(format!("{path}: {error}{meant}"))
    })?;
    let errors: Vec<String> =
        desired.lint().iter().filter(|finding| is_error(finding)).map(Finding::to_string).collect();
    if errors.is_empty() {
        Ok(desired)
    } else {
        Err(Failure::usage(format!("{path}: {}", errors.join("\n"))))
    }
}

/// Reads a file of devices. A row with an error refuses the file.
pub(crate) fn read_devices(tool: &Tool, path: &str) -> Result<Vec<DeviceToImport>, Failure> {
    let mut devices = Vec::new();
    let mut errors = Vec::new();
    for row in CsvReader::open(path).map_err(Failure::usage)? {
        let row = row.map_err(|error| Failure::usage(format!("{path}: {error}")))?;
        for finding in &row.findings {
            match is_error(finding) {
                true => errors.push(format!("{path}: {finding}")),
                false => tool.line(format!("{path}: {finding}")),
            }
        }
        devices.extend(row.device);
    }
    if errors.is_empty() { Ok(devices) } else { Err(Failure::usage(errors.join("\n"))) }
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// Adds the prerequisites of a deployment to a simulated tenant: users, connectors, rights.
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

/// Returns the name of the only user of the simulated tenant.
pub(crate) fn user_of(tenant: &Tenant) -> String {
    format!("adele@{}", tenant.domain())
}

/// Returns the question before a plan is applied, with the tenant, the cloud and the domain.
pub(crate) fn question(plan: &Plan) -> String {
    format!("Apply the plan in {}, domain {}", plan.tenant, plan.desired.active_directory.domain)
}
