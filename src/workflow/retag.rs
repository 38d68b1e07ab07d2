//! The move of registered devices from one group tag to another.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use serde::{Deserialize, Serialize};

use super::binding::PlanTenant;
use super::findings::{
    DEVICES_SERIAL_REPEATS, DEVICES_TAG_NOT_TAKEN, RETAG_GROUPS_NOT_KNOWN, RETAG_NOT_REGISTERED,
};
use super::group_moves::{Groups, read_objects};
use super::run::{Progress, Run, ends_with_errors, serialize_errors};
use super::step::fmt_end;
use super::waiver::check_findings;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, Schedule};
use crate::model::{Device, DirectoryDevice, Finding, GroupTag, Id, SerialNumber, Severity, Text};
use crate::resource::DeviceUpdate;

/// The wait until a group tag can be read back.
const READING_BACK: Schedule =
    Schedule::new(Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(15 * 60));

/// A change of group tag for registered devices.
///
/// The plan shows which dynamic groups each device joins and leaves, because groups determine its deployment profile,
/// enrollment status page and domain join profile. An enrolled device gets the new ones only after a reset.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// use windows_autopilot::workflow::Retag;
///
/// let retag = Retag::devices(["PF3XK7M1".parse()?], Some("Munich".parse()?));
/// let plan = retag.plan(&client).await?;
/// println!("{plan}");
/// let report = plan.apply(&client).await;
/// assert_eq!(report.changed, 1);
/// # Ok(()) });
/// ```
///
/// A device that already has the tag is left alone, so a new plan resumes an interrupted run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use = "a retag does nothing until it is planned and applied"]
pub struct Retag {
    devices: Selection,
    to: Option<GroupTag>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Selection {
    SerialNumbers(Vec<SerialNumber>),
    GroupTag(GroupTag),
}

/// The devices of a [`Retag`], with the groups that each joins and leaves. Returned by [`Retag::plan`]; `Display`
/// prints the plan, and serde can serialize it.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// use windows_autopilot::workflow::{Retag, RetagPlan};
///
/// let plan = Retag::devices(["PF3XK7M1".parse()?], Some("Munich".parse()?)).plan(&client).await?;
/// for device in &plan.devices {
///     println!("{} joins {:?} and leaves {:?}", device.serial_number, device.joins, device.leaves);
/// }
/// let approved: RetagPlan = serde_json::from_str(&serde_json::to_string(&plan)?)?;
/// let report = approved.apply(&client).await.into_result()?;
/// assert_eq!(report.changed, 1);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a plan changes nothing until it is applied"]
pub struct RetagPlan {
    /// The tenant that the plan is for.
    pub tenant: PlanTenant,
    /// The retag that was planned.
    pub retag: Retag,
    /// The devices whose tag changes.
    pub devices: Vec<PlannedRetag>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
}

/// One device of a [`RetagPlan`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedRetag {
    /// The id of the device's registration.
    pub id: Id<Device>,
    /// The serial number.
    pub serial_number: String,
    /// The device's group tag before the retag; empty if it has none.
    pub before: String,
    /// The names of the dynamic groups that the device joins; `None` if not known.
    pub joins: Option<Vec<String>>,
    /// The names of the dynamic groups that the device leaves; `None` if not known.
    pub leaves: Option<Vec<String>>,
}

/// An event during a [`Retag`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RetagEvent {
    /// The tag of a device was changed.
    #[non_exhaustive]
    Changed {
        /// The device's serial number.
        serial_number: String,
    },
}

/// The outcome of a [`Retag`], whether complete or partial.
#[derive(Debug, Default, Serialize)]
#[must_use = "the run may have ended with an error: see `error` and `into_result`"]
#[non_exhaustive]
pub struct RetagReport {
    /// The number of devices whose tag was changed.
    pub changed: usize,
    /// Whether the run was stopped before it finished. A new plan resumes it.
    pub stopped: bool,
    /// The findings about devices whose new tag could not be read back.
    pub findings: Vec<Finding>,
    #[serde(serialize_with = "serialize_errors", skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Error>,
}

ends_with_errors!(RetagReport);

impl Retag {
    /// Creates a retag of the devices with these serial numbers; `None` clears the tag.
    pub fn devices(serial_numbers: impl IntoIterator<Item = SerialNumber>, to: Option<GroupTag>) -> Self {
        Self { devices: Selection::SerialNumbers(serial_numbers.into_iter().collect()), to }
    }

    /// Creates a retag of all devices that have the tag `from`; if `to` is `None`, the tag is cleared.
    pub fn tag(from: GroupTag, to: Option<GroupTag>) -> Self {
        Self { devices: Selection::GroupTag(from), to }
    }

    /// Plans the move. Changes nothing.
    ///
    /// # Errors
    /// Same as [`Call`](crate::graph::Call). A serial number with no registered device, or with several, is a finding.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`; `Group.Read.All` and `Device.Read.All` for the groups, which are not known
    /// without them.
    pub async fn plan(&self, client: &Client) -> Result<RetagPlan> {
        let all = client.devices().list().all().await?;
        let mut findings = Vec::new();
        let mut chosen: Vec<&Device> = Vec::new();
        match &self.devices {
            Selection::GroupTag(tag) => chosen.extend(all.iter().filter(|device| has_tag(device, Some(tag)))),
            Selection::SerialNumbers(serials) => {
                for serial in serials {
                    let is_it = |device: &&Device| {
                        device
                            .serial_number
                            .as_deref()
                            .is_some_and(|held| held.eq_ignore_ascii_case(serial.as_str()))
                    };
                    let found: Vec<&Device> = all.iter().filter(is_it).collect();
                    match found.as_slice() {
                        [] => findings.push(
                            RETAG_NOT_REGISTERED
                                .at(serial.as_str(), "no registered device has this serial number"),
                        ),
                        [device] if chosen.iter().any(|known| known.id == device.id) => {}
                        [device] => chosen.push(device),
                        _ => {
                            let evidence = "several registered devices have this serial number";
                            findings.push(DEVICES_SERIAL_REPEATS.at(serial.as_str(), evidence));
                        }
                    }
                }
            }
        }
        chosen.retain(|device| !has_tag(device, self.to.as_ref()));
        let groups = if chosen.is_empty() { None } else { Some(Groups::read(client).await?) };
        findings.extend(groups.iter().flat_map(|groups| groups.not_understood(&RETAG_GROUPS_NOT_KNOWN)));
        let objects = read_objects(client, &chosen).await?;
        let mut devices = Vec::new();
        for (device, object) in chosen.into_iter().zip(objects) {
            let serial_number =
                device.serial_number.as_deref().unwrap_or_else(|| device.id.as_str()).to_owned();
            let mut unclear = Vec::new();
            let moved = groups.as_ref().zip(object).and_then(|(groups, object)| {
                groups.moves(&object, &self.tagged(&object), false, &mut unclear)
            });
            let evidence = match &moved {
                None => Some("its groups, or its object in Entra ID, could not be read".to_owned()),
                Some(_) if unclear.is_empty() => None,
                Some(_) => Some(format!("it is not known whether {} have it then", unclear.join(", "))),
            };
            findings.extend(evidence.map(|evidence| RETAG_GROUPS_NOT_KNOWN.at(&serial_number, evidence)));
            let (joins, leaves) = moved.map(|moved| (moved.joins, moved.leaves)).unzip();
            let before = device.group_tag.as_deref().unwrap_or_default().to_owned();
            devices.push(PlannedRetag { id: device.id.clone(), serial_number, before, joins, leaves });
        }
        Finding::sort(&mut findings);
        Ok(RetagPlan { tenant: PlanTenant::of(client).await?, retag: self.clone(), devices, findings })
    }

    /// Returns a device's object with the new tag among its labeled ids.
    fn tagged(&self, object: &DirectoryDevice) -> DirectoryDevice {
        const LABEL: &str = "[OrderID]:";
        let is_tag = |id: &Text| id.get(..LABEL.len()).is_some_and(|label| label.eq_ignore_ascii_case(LABEL));
        let mut after = object.clone();
        let ids = after.physical_ids.get_or_insert_default();
        ids.retain(|id| !is_tag(id));
        ids.extend(self.to.iter().map(|tag| Text::from(format!("{LABEL}{tag}"))));
        after
    }
}

/// Returns `true` if a device has this tag, or no tag for `None`.
fn has_tag(device: &Device, tag: Option<&GroupTag>) -> bool {
    let held = device.group_tag.as_deref().unwrap_or_default();
    held.eq_ignore_ascii_case(tag.map_or("", GroupTag::as_str))
}

impl RetagPlan {
    /// Returns `true` if the plan changes nothing.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Returns the findings that stop the plan from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// Applies the plan: changes the tags one at a time and reads each back.
    ///
    /// # Errors
    /// The run always ends with its report; [`RetagReport::error`] is the error that ended the run early:
    /// [`ErrorKind::InvalidInput`] for findings that stop the run, and for a client that is signed in to another
    /// tenant; [`ErrorKind::Conflict`] if the devices have changed since the plan was made; otherwise same as
    /// [`Call`](crate::graph::Call).
    /// # Permissions
    /// `DeviceManagementServiceConfig.ReadWrite.All`
    pub fn apply(&self, client: &Client) -> Run<RetagEvent, RetagReport> {
        self.apply_with_waived(client, &[])
    }

    /// Applies the plan despite findings with these ids.
    ///
    /// # Errors
    /// Same as [`apply`](Self::apply).
    pub fn apply_with_waived(&self, client: &Client, waived: &[&str]) -> Run<RetagEvent, RetagReport> {
        let (plan, client) = (self.clone(), client.clone());
        let waived: Vec<String> = waived.iter().map(|id| (*id).to_owned()).collect();
        Run::new(|progress| async move {
            let mut report = RetagReport::default();
            let ended = plan.run(&client, &waived, &progress, &mut report).await;
            report.errors.extend(ended.err());
            report
        })
    }

    async fn run(
        &self,
        client: &Client,
        waived: &[String],
        progress: &Progress<RetagEvent>,
        report: &mut RetagReport,
    ) -> Result<()> {
        self.tenant.check(client).await?;
        let now = self.retag.plan(client).await?;
        if now.devices != self.devices {
            let message = "the devices or their groups have changed since the plan was made; plan again";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        check_findings(&now.findings, waived, "plan")?;
        let to = self.retag.to.as_ref();
        let update = DeviceUpdate::new().with_group_tag(to);
        let mut sent = Vec::new();
        for planned in &self.devices {
            progress.flush().await;
            if progress.is_stopped() {
                report.stopped = true;
                break;
            }
            client.devices().update(&planned.id, &update).await?;
            report.changed = report.changed.saturating_add(1);
            progress.emit(RetagEvent::Changed { serial_number: planned.serial_number.clone() });
            sent.push(planned);
        }
        for planned in sent {
            let wanted = to.map_or(String::new(), |tag| tag.to_string());
            let reads_back = client.devices().get(&planned.id).until(
                READING_BACK,
                "the group tag to read back",
                move |found| {
                    found.is_some_and(|device| {
                        device.group_tag.as_deref().unwrap_or_default().eq_ignore_ascii_case(&wanted)
                    })
                },
            );
            match select(reads_back.into_future(), pin!(progress.stopped())).await {
                Either::Left((Ok(_), _)) => {}
                Either::Left((Err(error), _)) if error.kind() == ErrorKind::Timeout => {
                    let evidence = "the group tag was changed but does not read back";
                    report.findings.push(DEVICES_TAG_NOT_TAKEN.at(&planned.serial_number, evidence));
                }
                Either::Left((Err(error), _)) => return Err(error),
                Either::Right(_) => {
                    report.stopped = true;
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for RetagPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.retag.to.as_ref().map_or("no group tag".to_owned(), |tag| format!("group tag {tag}"));
        writeln!(f, "Move to {to} in {}", self.tenant)?;
        for PlannedRetag { serial_number, before, joins, leaves, .. } in &self.devices {
            let before = if before.is_empty() { "none" } else { before };
            writeln!(f, "  ~ {serial_number}: group tag was {before}")?;
            match (joins, leaves) {
                (Some(joins), Some(leaves)) => {
                    joins.iter().try_for_each(|group| writeln!(f, "      + group {group}"))?;
                    leaves.iter().try_for_each(|group| writeln!(f, "      - group {group}"))?;
                }
                _ => writeln!(f, "      ? groups not known")?,
            }
        }
        fmt_end(f, &self.findings, self.devices.len(), "change")
    }
}
