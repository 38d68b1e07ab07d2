//! The replacement of a motherboard and its plan.

use std::fmt;

use serde::Serialize;

use crate::error::{ErrorKind, Result};
use crate::foreign::line;
use crate::graph::Client;
use crate::model::{
    Device, DeviceToImport, Finding, GroupTag, Id, Lookup, ManagedDevice, SerialNumber, Severity,
    UserPrincipalName,
};
use crate::workflow::binding::PlanTenant;
use crate::workflow::findings::{
    DEVICES_SERIAL_REPEATS, DEVICES_USER_ASSIGNED, REPLACE_GROUPS_NOT_KNOWN, REPLACE_NOT_REGISTERED,
    REPLACE_TAG_NOT_VALID, REPLACE_USER_NOT_KNOWN, TEARDOWN_ENROLLED,
};
use crate::workflow::group_moves::{Groups, read_containing, read_objects};
use crate::workflow::import::devices_digest;
use crate::workflow::journal::Journal;
use crate::workflow::record::{Record, Replacement};
use crate::workflow::removal::{enrolled_evidence, managed_device};
use crate::workflow::resultant::{DeviceView, if_allowed};
use crate::workflow::step::{Action, PlannedStep, Step, fmt_end};
use crate::workflow::teardown::{PlannedRemoval, RemovalAction};

/// The replacement of a device's registration after a repair that changed its motherboard. The old hardware hash no
/// longer identifies the device.
///
/// First, the device is deleted in Intune; then its user is unassigned and the registration is deleted. Once the
/// registration is gone, the new hardware hash is imported with the old group tag, and the user is assigned again. The
/// service maintains the object in Entra ID. The plan shows which groups the device joins and leaves, and lists the
/// manual work, such as deleting the old computer account in Active Directory.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # use windows_autopilot::registration::hash::SampleHash;
/// # run(async |Harness { client, tenant, .. }| {
/// # tenant.add_device("PF3XK7M1");
/// # let hash = SampleHash::new("PF3XK7M1").build()?;
/// use windows_autopilot::model::DeviceToImport;
/// use windows_autopilot::workflow::{Journal, MemoryStore, ReplaceMotherboard};
///
/// # let [made, import] = [MemoryStore::default(), MemoryStore::default()];
/// # let journal = || Journal::from_store(made.clone()); // Journal::at("munich.made")
/// let repaired = DeviceToImport::new("PF3XK7M1".parse()?, hash);
/// let plan = ReplaceMotherboard::new("PF3XK7M1".parse()?, repaired).plan(&client, journal()).await?;
/// println!("{plan}");
/// let report = plan.apply(&client, journal(), Journal::from_store(import)).await.into_result()?;
/// assert!(report.registered.is_some());
/// # Ok(()) });
/// ```
///
/// The journal may be that of the deployment that registered the device, in which case a teardown finds the new
/// registration. The journal records the group tag and the id of the user's object before anything is deleted, so a new
/// plan with the same journals resumes an interrupted run.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a replacement does nothing until it is planned and applied"]
pub struct ReplaceMotherboard {
    old: SerialNumber,
    pub(super) device: DeviceToImport,
    delete_managed_device: bool,
    without_user: bool,
}

/// The replacement of one registration, with the groups that the device joins and leaves. Returned by
/// [`ReplaceMotherboard::plan`]; `Display` prints the plan.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # run(async |Harness { client, tenant, .. }| {
/// # use windows_autopilot::model::DeviceToImport;
/// # use windows_autopilot::registration::hash::SampleHash;
/// # tenant.add_device("PF3XK7M1");
/// # let repaired = DeviceToImport::new("PF3XK7M1".parse()?, SampleHash::new("PF3XK7M1").build()?);
/// use windows_autopilot::workflow::{Journal, MemoryStore, ReplaceMotherboard};
///
/// let journal = Journal::from_store(MemoryStore::default());
/// let plan = ReplaceMotherboard::new("PF3XK7M1".parse()?, repaired).plan(&client, journal).await?;
/// println!("joins {:?}, leaves {:?}", plan.joins, plan.leaves);
/// assert_eq!(plan.blocking().count(), 0);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
#[must_use = "a plan changes nothing until it is applied"]
pub struct ReplacementPlan {
    /// The tenant that the plan is for.
    pub tenant: PlanTenant,
    /// The serial number of the registration to replace.
    pub old_serial_number: SerialNumber,
    /// The serial number of the new registration.
    pub serial_number: SerialNumber,
    /// The group tag that the new registration takes over; `None` if there is none.
    pub group_tag: Option<GroupTag>,
    /// Whether the new registration takes over a user.
    pub takes_over_user: bool,
    /// The removals, in order.
    pub removals: Vec<PlannedRemoval>,
    /// The actions after the removals, in order.
    pub steps: Vec<PlannedStep>,
    /// The names of the groups that the device joins; `None` if not known.
    pub joins: Option<Vec<String>>,
    /// The names of the groups that the device leaves; `None` if not known.
    pub leaves: Option<Vec<String>>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    pub(super) replace: ReplaceMotherboard,
}

/// The ids behind the text of a plan.
pub(super) struct Work {
    /// The old registration, if it still exists.
    pub(super) old: Option<OldRegistration>,
    /// The line for the journal; `None` if a finding blocks the plan.
    pub(super) replacement: Option<Replacement>,
}

/// The old registration, with what its removal needs.
pub(super) struct OldRegistration {
    pub(super) id: Id<Device>,
    pub(super) managed: Option<Id<ManagedDevice>>,
    pub(super) has_user: bool,
}

impl ReplaceMotherboard {
    /// Creates a replacement for the registration with the serial number `old`, using a device with a new hardware
    /// hash. The device's serial number may be new too. The group tag and user of `device` are ignored in favor of those
    /// of the old registration.
    pub fn new(old: SerialNumber, device: DeviceToImport) -> Self {
        let mut device = device;
        (device.group_tag, device.assigned_user_principal_name, device.import_id) = (None, None, None);
        Self { old, device, delete_managed_device: false, without_user: false }
    }

    /// Also deletes the device in Intune; otherwise an enrolled device stops the plan.
    pub fn with_managed_device_deleted(mut self) -> Self {
        self.delete_managed_device = true;
        self
    }

    /// Does not carry over the user: a hybrid join with an assigned user fails with 0x80070774.
    pub fn without_user(mut self) -> Self {
        self.without_user = true;
        self
    }

    /// Plans the replacement. Changes nothing: only reads the tenant and, if it exists, the journal.
    ///
    /// # Errors
    /// [`ErrorKind::Journal`] if the journal cannot be used; any error of [`Call`](crate::graph::Call). A serial number
    /// with no registered device, or with several, is a finding.
    /// # Permissions
    /// `DeviceManagementServiceConfig.Read.All`; `User.ReadBasic.All` for a device with a user; `Group.Read.All` and
    /// `Device.Read.All` for the groups, which are not known without them.
    pub async fn plan(&self, client: &Client, journal: Journal) -> Result<ReplacementPlan> {
        let tenant = client.tenant_id().await?;
        let record = Record::read(journal, None, tenant.as_deref())?;
        Ok(self.resolve(client, record.replacements()).await?.0)
    }

    /// Returns the digest of the new serial number and hardware hash: the replacement's key in the journal.
    fn key(&self) -> String {
        devices_digest(std::slice::from_ref(&self.device))
    }

    pub(super) async fn resolve(
        &self,
        client: &Client,
        past: &[Replacement],
    ) -> Result<(ReplacementPlan, Work)> {
        let key = self.key();
        let of_old = |found: &&Replacement| found.old_serial_number.eq_ignore_ascii_case(self.old.as_str());
        let mut plan = ReplacementPlan {
            tenant: PlanTenant::of(client).await?,
            old_serial_number: self.old.clone(),
            serial_number: self.device.serial_number.clone(),
            group_tag: None,
            takes_over_user: false,
            removals: Vec::new(),
            steps: Vec::new(),
            joins: None,
            leaves: None,
            findings: Vec::new(),
            replace: self.clone(),
        };
        let all = client.devices().list().all().await?;
        let last = past.iter().rev().find(of_old);
        if let Some(done) = last.filter(|last| last.key == key && last.new.is_some()) {
            plan.steps.push(PlannedStep::new(
                Step::Devices,
                self.device.serial_number.as_str(),
                Action::Keep,
            ));
            return Ok((plan, Work { old: None, replacement: Some(done.clone()) }));
        }
        let (old, replacement) = match last.filter(|last| last.new.is_none()) {
            // A run was stopped or killed. The hardware hash may have been corrected since.
            Some(last) => {
                let serial_number = self.device.serial_number.to_string();
                let user = last.user.clone().filter(|_| !self.without_user);
                let replacement = Replacement { key, serial_number, user, ..last.clone() };
                (all.iter().find(|device| device.id == last.old), Some(replacement))
            }
            None => {
                let old = self.find_old(&all, &mut plan.findings);
                let replacement = match old {
                    Some(old) => self.take_over(client, old, key, &mut plan.findings).await?,
                    None => None,
                };
                (old, replacement)
            }
        };
        if let Some(replacement) = &replacement {
            plan.group_tag.clone_from(&replacement.group_tag);
            plan.takes_over_user = replacement.user.is_some();
        }
        let old = old.and_then(|old| self.plan_removal(old, &mut plan));
        if replacement.is_some() {
            self.plan_groups(client, old.as_ref().map(|(device, _)| *device), &mut plan).await?;
            self.plan_steps(&mut plan);
        }
        Finding::sort(&mut plan.findings);
        Ok((plan, Work { old: old.map(|(_, old)| old), replacement }))
    }

    fn find_old<'d>(&self, all: &'d [Device], findings: &mut Vec<Finding>) -> Option<&'d Device> {
        let serial = self.old.as_str();
        let has_serial = |device: &&Device| {
            device.serial_number.as_deref().is_some_and(|held| held.eq_ignore_ascii_case(serial))
        };
        let mut found = all.iter().filter(has_serial);
        match (found.next(), found.next()) {
            (Some(old), None) => return Some(old),
            (None, _) => {
                let evidence = "no registered device has this serial number, and the journal has none either";
                findings.push(REPLACE_NOT_REGISTERED.at(serial, evidence));
            }
            _ => {
                let evidence = "several registered devices have this serial number";
                findings.push(DEVICES_SERIAL_REPEATS.at(serial, evidence));
            }
        }
        None
    }

    /// Returns the values that the new registration takes over; `None` if a finding blocks the plan.
    async fn take_over(
        &self,
        client: &Client,
        old: &Device,
        key: String,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<Replacement>> {
        let serial = self.old.as_str();
        let group_tag = match old.group_tag.as_deref().map(str::parse::<GroupTag>).transpose() {
            Ok(tag) => tag,
            Err(problem) => {
                findings
                    .push(REPLACE_TAG_NOT_VALID.at(serial, format!("its group tag {}", problem.problem())));
                return Ok(None);
            }
        };
        let mut user = None;
        if let Some(name) = old.user_principal_name.as_ref().filter(|_| !self.without_user) {
            let found = match name.as_str().parse::<UserPrincipalName>() {
                Ok(name) => if_allowed(client.users().get_by_name(&name)).await,
                Err(_) => Ok(Lookup::Absent),
            };
            match found {
                Ok(Lookup::Present(found)) => {
                    user = Some(found.id);
                    let finding =
                        DEVICES_USER_ASSIGNED.at(serial, "the new registration takes over its user");
                    findings.push(finding.with_severity(Severity::Warning));
                }
                Ok(Lookup::Unknown) => {
                    findings.push(REPLACE_USER_NOT_KNOWN.at(serial, "its user could not be read"));
                }
                Ok(Lookup::Absent) => {
                    findings.push(REPLACE_USER_NOT_KNOWN.at(serial, "its user is not in the tenant"));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    findings.push(REPLACE_USER_NOT_KNOWN.at(serial, "its user is not in the tenant"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(Replacement {
            key,
            old: old.id.clone(),
            old_serial_number: serial.to_owned(),
            serial_number: self.device.serial_number.to_string(),
            group_tag,
            user,
            new: None,
        }))
    }

    /// Plans the removal of the old registration, in the order that the service requires.
    fn plan_removal<'d>(
        &self,
        old: &'d Device,
        plan: &mut ReplacementPlan,
    ) -> Option<(&'d Device, OldRegistration)> {
        let subject = self.old.to_string();
        let mut planned = |step, action| {
            plan.removals.push(PlannedRemoval { step, subject: subject.clone(), action });
        };
        let managed = match managed_device(old) {
            Lookup::Absent => None,
            Lookup::Present(managed) if self.delete_managed_device => Some(managed.clone()),
            lookup => {
                let finding = TEARDOWN_ENROLLED.at(self.old.as_str(), enrolled_evidence(&lookup)).with_remedy(
                    "let the replacement delete the device in Intune, or delete or retire it there; its user loses \
                     access to what is managed",
                );
                planned(Step::Devices, RemovalAction::Blocked(finding.clone()));
                plan.findings.push(finding);
                return None;
            }
        };
        if managed.is_some() {
            planned(Step::Deploy, RemovalAction::Delete);
        }
        let has_user = old.user_principal_name.is_some();
        if has_user {
            planned(Step::Users, RemovalAction::Unassign(vec!["its user".to_owned()]));
        }
        planned(Step::Devices, RemovalAction::Delete);
        planned(Step::Devices, RemovalAction::Manual(COMPUTER_ACCOUNT.to_owned()));
        Some((old, OldRegistration { id: old.id.clone(), managed, has_user }))
    }

    /// Determines the groups that the device joins and leaves, by rules and by manual membership.
    async fn plan_groups(
        &self,
        client: &Client,
        old: Option<&Device>,
        plan: &mut ReplacementPlan,
    ) -> Result<()> {
        let place = self.old.as_str();
        let Some(old) = old else { return Ok(()) };
        let groups = Groups::read(client).await?;
        plan.findings.extend(groups.not_understood(&REPLACE_GROUPS_NOT_KNOWN));
        let object = read_objects(client, &[old]).await?.pop().flatten();
        let tag = plan.group_tag.as_ref().map(|tag| tag.as_str());
        let view = DeviceView::expected(self.device.serial_number.as_str(), tag);
        let mut unclear = Vec::new();
        let moves = object.as_ref().zip(view.anchor.present()).and_then(|(before, after)| {
            // The labeled ids of another registration are other ones, with the same labels.
            groups.moves(before, after, true, &mut unclear)
        });
        let containing = match &object {
            Some(object) => if_allowed(read_containing(client, &format!("/devices/{}", object.id))).await?,
            None => Lookup::Unknown,
        };
        let by_hand = containing.present().and_then(|found| {
            let ids: Vec<_> = found.iter().map(|group| group.id.clone()).collect();
            groups.assigned_among(&ids)
        });
        let (Some(moves), Some(by_hand)) = (moves, by_hand) else {
            let evidence = "its groups, or its object in Entra ID, could not be read";
            plan.findings.push(REPLACE_GROUPS_NOT_KNOWN.at(place, evidence));
            return Ok(());
        };
        if !unclear.is_empty() {
            let evidence = format!(
                "it is not known whether {} have the new object before it enrolls",
                unclear.join(", ")
            );
            plan.findings.push(REPLACE_GROUPS_NOT_KNOWN.at(place, evidence));
        }
        for group in &by_hand {
            let text = "put the new device object into it: the service deletes the old one".to_owned();
            let subject = format!("group {group}");
            plan.steps.push(PlannedStep::new(Step::Group, subject, Action::Manual(text)));
        }
        plan.joins = Some(moves.joins);
        plan.leaves = Some(moves.leaves.into_iter().chain(by_hand).collect());
        Ok(())
    }

    fn plan_steps(&self, plan: &mut ReplacementPlan) {
        let serial = self.device.serial_number.to_string();
        let mut steps =
            vec![PlannedStep::new(Step::Devices, "devices", Action::Import(vec![serial.clone()]))];
        if plan.takes_over_user {
            let action = Action::Assign { add: vec!["its user".to_owned()], remove: Vec::new() };
            steps.push(PlannedStep::new(Step::Users, serial.as_str(), action));
        }
        // Groups that a person fills come after the import.
        steps.append(&mut plan.steps);
        steps.push(PlannedStep::new(Step::Deploy, serial, Action::Manual(RESET.to_owned())));
        plan.steps = steps;
    }
}

const COMPUTER_ACCOUNT: &str = "delete the device's old computer account in Active Directory, so that Entra Connect does \
    not sync it again; leave the object in Entra ID alone, the service deletes it";

const RESET: &str = "reset the device when the new registration has its profile, not before";

impl ReplacementPlan {
    /// Returns `true` if the plan changes nothing.
    pub fn is_empty(&self) -> bool {
        self.changes() == 0
    }

    fn changes(&self) -> usize {
        let removals = self.removals.iter().filter(|planned| planned.action.is_change()).count();
        removals.saturating_add(self.steps.iter().filter(|planned| planned.action.is_change()).count())
    }

    /// Returns the findings that stop the plan from being applied.
    pub fn blocking(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

impl fmt::Display for ReplacementPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (old, new) = (line(self.old_serial_number.as_str()), line(self.serial_number.as_str()));
        writeln!(
            f,
            "Replacement of the motherboard of {old}, now {new}, in {}",
            line(&self.tenant.to_string())
        )?;
        self.removals.iter().try_for_each(|planned| write!(f, "{planned}"))?;
        self.steps.iter().try_for_each(|planned| write!(f, "{planned}"))?;
        if let Some(tag) = &self.group_tag {
            writeln!(f, "  = group tag {tag}")?;
        }
        match (&self.joins, &self.leaves) {
            (Some(joins), Some(leaves)) => {
                joins.iter().try_for_each(|group| writeln!(f, "      + group {}", line(group)))?;
                leaves.iter().try_for_each(|group| writeln!(f, "      - group {}", line(group)))?;
            }
            _ if self.is_empty() => {}
            _ => writeln!(f, "      ? groups not known")?,
        }
        fmt_end(f, &self.findings, self.changes(), "change")
    }
}
