//! A round over many tenants; each process visits its shard of them.
//!
//! Graph limits a tenant far below what one process can send, so the number of tenants decides how many processes a
//! round needs. The processes share nothing but a folder:
//!
//! * `TENANT.json` is the report of a tenant. A tenant that is done is not visited again in this round, unless its settings
//!   or devices change.
//! * `TENANT/DEPLOYMENT.made` and `.import` are its journals. A process that is killed leaves them, and its successor resumes
//!   with them. Two processes never write to one tenant: a journal that is in use refuses the second.

use std::fmt;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use windows_autopilot::Client;
use windows_autopilot::model::{DeviceToImport, Finding};
use windows_autopilot::workflow::{
    ApplyOptions, HybridJoin, Journal, Plan, PlanOptions, PlanStatus, overlaps,
};

use super::exit;
use super::failure::Failure;

/// The number of tenants that are visited at a time: each has limits of its own.
const CONCURRENT: usize = 8;

/// A share of the tenants, written `I/N`: the index, from 0, and the number of shards.
///
/// The shard of a tenant follows only from its name and the number of shards. A tenant that is added or removed moves
/// no other. Another number of shards moves most of them: finish a round with the number that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// All tenants.
    pub(crate) const ALL: Self = Self { index: 0, count: 1 };

    /// Returns `true` if a tenant belongs to the shard.
    pub(crate) fn has(&self, tenant: &str) -> bool {
        // The digest as a number, modulo the count. The standard library's hashes may change with its version.
        let digest = hmac_sha256::Hash::hash(tenant.to_ascii_lowercase().as_bytes());
        let count = u64::from(self.count);
        let shard = digest.iter().fold(0, |number, byte| (number * 256 + u64::from(*byte)) % count);
        shard == u64::from(self.index)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |text: &str| text.parse::<u32>().ok();
        let numbers = text.split_once('/').and_then(|(index, count)| Some((parse(index)?, parse(count)?)));
        match numbers {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            Some((_, count @ 1..)) => {
                Err(format!("the last of {count} shards is {}/{count}: they count from 0", count - 1))
            }
            _ => Err("write the index, from 0, and the number of shards, such as 0/4".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// A tenant's client, and the deployments that the tenant should have.
pub(crate) struct Customer {
    pub(crate) client: Client,
    pub(crate) deployments: Vec<Deployment>,
}

/// A deployment of a tenant.
#[derive(Serialize)]
pub(crate) struct Deployment {
    /// The name of its journals.
    pub(crate) name: String,
    pub(crate) settings: HybridJoin,
    pub(crate) devices: Vec<DeviceToImport>,
}

/// The outcome of a visit, from good to bad. The outcome of several deployments is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The tenant was as it should be.
    Same,
    /// The tenant is as it should be, after changes.
    Applied,
    /// A part could not be read.
    NotKnown,
    /// Something differs, and was left so.
    Different,
    /// A finding stops the plan.
    Blocked,
    /// A call failed.
    Failed,
}

/// The report of a tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TenantReport {
    pub(crate) tenant: String,
    pub(crate) outcome: Outcome,
    /// The number of changes that were made.
    pub(crate) changes: usize,
    /// The number of things that differ and were left so.
    pub(crate) drift: usize,
    pub(crate) findings: Vec<Finding>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// The digest of the round, the settings and the devices.
    inputs: String,
    /// Whether the report is of an earlier visit in this round.
    #[serde(skip)]
    pub(crate) is_kept: bool,
}

/// A round over tenants.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    /// The name of the round: a tenant that is done in another round is visited again.
    pub(crate) name: String,
    pub(crate) shard: Shard,
    /// The folder of reports and journals.
    pub(crate) folder: Option<PathBuf>,
    /// Whether plans are applied. Otherwise the round only reads.
    pub(crate) applies: bool,
}

impl Round {
    /// Visits the tenants of the shard, several at a time. A tenant that fails does not stop the others.
    ///
    /// `open` returns the client and the deployments of a tenant; `finished` gets each report.
    ///
    /// # Errors
    /// If a report cannot be written.
    pub(crate) async fn run(
        &self,
        tenants: impl IntoIterator<Item = impl AsRef<str>>,
        open: impl Fn(&str) -> Result<Customer, Failure>,
        mut finished: impl FnMut(&TenantReport),
    ) -> Result<Vec<TenantReport>, Failure> {
        let own = tenants.into_iter().filter(|tenant| self.shard.has(tenant.as_ref()));
        let open = &open;
        let visits = own.map(|tenant| async move { self.visit(tenant.as_ref(), open).await });
        let mut visits = stream::iter(visits).buffer_unordered(CONCURRENT);
        let mut reports = Vec::new();
        while let Some(report) = visits.next().await {
            let report = report?;
            finished(&report);
            reports.push(report);
        }
        Ok(reports)
    }

    /// Returns the exit code of a round.
    pub(crate) fn exit_code(&self, reports: &[TenantReport]) -> u8 {
        let has = |outcome| reports.iter().any(|report| report.outcome == outcome);
        if self.applies && has(Outcome::Failed) {
            exit::FAILURE
        } else if has(Outcome::Blocked) {
            exit::BLOCKED
        } else if has(Outcome::Different) {
            exit::DIFFERENT
        } else if has(Outcome::NotKnown) || has(Outcome::Failed) {
            exit::NOT_KNOWN
        } else {
            exit::DONE
        }
    }

    async fn visit(
        &self,
        tenant: &str,
        open: impl Fn(&str) -> Result<Customer, Failure>,
    ) -> Result<TenantReport, Failure> {
        let mut report = TenantReport {
            tenant: tenant.to_owned(),
            outcome: Outcome::Same,
            changes: 0,
            drift: 0,
            findings: Vec::new(),
            error: None,
            inputs: String::new(),
            is_kept: false,
        };
        match self.bring_up(&mut report, open).await {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(failure) => {
                report.outcome = Outcome::Failed;
                report.error = Some(failure.message);
            }
        }
        self.keep(&report)?;
        Ok(report)
    }

    /// Compares the deployments of a tenant, and applies their plans in a round that does. Returns the report of an earlier
    /// visit that finished.
    async fn bring_up(
        &self,
        report: &mut TenantReport,
        open: impl Fn(&str) -> Result<Customer, Failure>,
    ) -> Result<Option<TenantReport>, Failure> {
        let customer = open(&report.tenant)?;
        report.inputs = self.digest(&customer)?;
        if let Some(kept) = self.finished(report) {
            return Ok(Some(kept));
        }
        let settings: Vec<HybridJoin> = customer.deployments.iter().map(|of| of.settings.clone()).collect();
        report.findings = overlaps(&settings);
        for deployment in &customer.deployments {
            let journals = self.journals(&report.tenant, deployment)?;
            let plan = deployment.plan(&customer.client, journals.as_ref(), self.applies).await?;
            report.findings.extend(plan.findings.iter().cloned());
            let outcome = match plan.status() {
                PlanStatus::Changed if self.applies => {
                    report.changes += apply(&plan, &customer.client, journals.as_ref()).await?;
                    Outcome::Applied
                }
                PlanStatus::Same => Outcome::Same,
                PlanStatus::Changed => Outcome::Different,
                PlanStatus::Blocked => Outcome::Blocked,
                _ => Outcome::NotKnown,
            };
            if outcome != Outcome::Applied {
                report.drift += plan.drift().count();
            }
            if plan.unknown().next().is_some() || plan.unknown_findings().next().is_some() {
                report.outcome = report.outcome.max(Outcome::NotKnown);
            }
            report.outcome = report.outcome.max(outcome);
        }
        Ok(None)
    }

    fn digest(&self, customer: &Customer) -> Result<String, Failure> {
        let inputs = serde_json::to_vec(&(&self.name, self.applies, &customer.deployments))?;
        Ok(hmac_sha256::Hash::hash(&inputs).iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns the report of an earlier visit of this round, with the same inputs, after which nothing is left to do.
    fn finished(&self, report: &TenantReport) -> Option<TenantReport> {
        let text = fs::read(self.path(&report.tenant, ".json")?).ok()?;
        let kept: TenantReport = serde_json::from_slice(&text).ok()?;
        let is_finished = match self.applies {
            true => kept.outcome <= Outcome::Applied,
            false => kept.outcome < Outcome::Failed,
        };
        (is_finished && kept.inputs == report.inputs).then_some(TenantReport { is_kept: true, ..kept })
    }

    /// Writes a report: the whole of it, or nothing.
    fn keep(&self, report: &TenantReport) -> Result<(), Failure> {
        let Some((path, part)) = self.path(&report.tenant, ".json").zip(self.path(&report.tenant, ".part"))
        else {
            return Ok(());
        };
        let write = || {
            let mut file = File::create(&part)?;
            file.write_all(&serde_json::to_vec_pretty(report)?)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        Ok(write().map_err(|error| format!("{}: {error}", path.display()))?)
    }

    /// Returns the paths of a deployment's journals, in the tenant's folder.
    fn journals(&self, tenant: &str, deployment: &Deployment) -> Result<Option<[PathBuf; 2]>, Failure> {
        let Some(folder) = self.path(tenant, "") else { return Ok(None) };
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Some(["made", "import"].map(|end| folder.join(format!("{}.{end}", deployment.name)))))
    }

    fn path(&self, tenant: &str, end: &str) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{tenant}{end}")))
    }
}

impl Deployment {
    /// Plans the deployment. Own objects are those of the journal; a round that only reads finds them by name if no journal
    /// exists.
    async fn plan(
        &self,
        client: &Client,
        journals: Option<&[PathBuf; 2]>,
        applies: bool,
    ) -> Result<Plan, Failure> {
        let mut options = PlanOptions::default();
        if let Some([made, _]) = journals.filter(|[made, _]| applies || made.exists()) {
            options = options.with_journal(Journal::at(made))?;
        }
        Ok(self.settings.plan_with(client, &self.devices, options).await?)
    }
}

/// Applies a plan, and returns the number of changes.
async fn apply(plan: &Plan, client: &Client, journals: Option<&[PathBuf; 2]>) -> Result<usize, Failure> {
    let mut options = ApplyOptions::default();
    if let Some([made, import]) = journals {
        options = options.with_journals(Journal::at(made), Journal::at(import));
    }
    Ok(plan.apply_with(client, options).await.into_result()?.changes)
}

/// Returns the names of the tenants in a folder of settings, in order: each is a folder.
pub(crate) fn tenants(settings: &Path) -> Result<Vec<String>, Failure> {
    let mut tenants = Vec::new();
    for entry in
        fs::read_dir(settings).map_err(|error| Failure::usage(format!("{}: {error}", settings.display())))?
    {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| format!("{name:?} is not the name of a tenant"))?;
        if !name.starts_with('.') && entry.path().is_dir() {
            tenants.push(name);
        }
    }
    tenants.sort();
    Ok(tenants)
}
