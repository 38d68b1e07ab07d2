//! Determines the steps from a tenant's state to the desired state.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroU32;

use crate::model::{
    Assignment, Device, DeviceToImport, DisplayName, DomainJoinProfile, EnrollmentStatusPage, Finding, Group,
    GroupTag, HybridJoinProfile, Id, InvalidValue, Patch, PropertyChange, Settings, SkipUserStatusPage,
    Stored, Target, TargetKind, UserPrincipalName,
};

use super::apps;
use super::findings::*;
use super::hybrid_join::{HybridJoin, MdmUserScope, UserAssignment};
use super::identity::Identity;
use super::manual::{INSTALL_CONNECTOR, deploy_gate, grant_text};
use super::networks::{self, NetworksTodo};
use super::object::{Assignable, ManagedObject};
use super::scope::{MDM_USER_SCOPE, ScopeTodo, UserScope};
use super::state::{MdmRead, TenantState};
use super::step::{Action, PlannedStep, Step, counted};
use super::targets::{self, PLANNED, TargetChange, WantedTarget};

/// The objects and ids behind a plan's text.
pub(super) struct Todo {
    pub(super) mdm: Option<ScopeTodo>,
    pub(super) objects: ObjectsTodo,
    pub(super) devices: DevicesTodo,
    /// Findings of the comparison that do not stop the plan.
    pub(super) findings: Vec<Finding>,
    #[cfg(feature = "ad")]
    pub(super) delegations: Vec<super::on_premises::PlannedDelegation>,
}

/// The work on objects.
pub(super) struct ObjectsTodo {
    pub(super) group: Ensure<Group>,
    pub(super) page: Ensure<EnrollmentStatusPage>,
    pub(super) skip: Ensure<SkipUserStatusPage>,
    pub(super) profile: Ensure<HybridJoinProfile>,
    pub(super) domain_join: Ensure<DomainJoinProfile>,
    /// The targets of their assignments.
    pub(super) targets: PartTargets,
    pub(super) networks: NetworksTodo,
}

/// The targets of each object's assignments. A new group is not in them yet: see [`targets::resolved`].
#[derive(Default)]
pub(super) struct PartTargets {
    pub(super) page: Vec<Target>,
    pub(super) skip: Vec<Target>,
    pub(super) profile: Vec<Target>,
    pub(super) domain_join: Vec<Target>,
    /// The new priority of the page.
    pub(super) page_priority: Option<NonZeroU32>,
}

/// The work on devices: ids, and serial numbers for messages.
#[derive(Default)]
pub(super) struct DevicesTodo {
    pub(super) import: Vec<DeviceToImport>,
    pub(super) retag: Vec<(Id<Device>, String, GroupTag)>,
    /// The devices that are already registered.
    pub(super) registered: Vec<(Id<Device>, String)>,
    pub(super) unassign: Vec<(Id<Device>, String)>,
    pub(super) assign: Vec<(Id<Device>, String, UserPrincipalName)>,
    /// Users of devices to import, by serial number.
    pub(super) assign_later: Vec<(String, UserPrincipalName)>,
}

/// The work on one object.
pub(super) enum Ensure<S: Settings> {
    /// Does nothing: the deployment has no such object.
    Nothing,
    /// Creates the object.
    Create(S),
    /// Changes the stored object to these settings.
    Become(Box<Stored<S>>, S),
    /// Does nothing: a finding blocks it.
    Blocked,
}

/// Compares the tenant's state with the desired state.
pub(super) fn prepare(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
) -> Result<(Vec<PlannedStep>, Todo), InvalidValue> {
    let mut steps = Vec::new();
    let mdm = prepare_mdm(desired, state, &mut steps);
    if desired.connectors.is_some() {
        let connectors: Vec<_> =
            state.connectors.iter().filter_map(|found| found.display_name.as_deref()).collect();
        let (subject, action) = match connectors.as_slice() {
            [] => ("none".to_owned(), Action::Manual(INSTALL_CONNECTOR.into())),
            names => (names.join(", "), Action::Keep),
        };
        steps.push(PlannedStep::new(Step::Connector, subject, action));
    }
    if desired.domain_join.is_some() {
        let (place, text) = match &desired.active_directory.organizational_unit {
            Some(unit) => (unit.to_string(), grant_text(&format!("the organizational unit {unit}"))),
            None => ("default computers container".to_owned(), grant_text("the container for computers")),
        };
        let is_done = desired.active_directory.rights_confirmed;
        let action = if is_done { Action::Keep } else { Action::Manual(text) };
        steps.push(PlannedStep::new(Step::ComputerAccounts, place, action));
    }

    let read_groups = state.groups.iter().flat_map(|(_, found)| found);
    let identity = &state.identity;
    let group = ensure(desired.group_settings()?, read_groups, desired, identity, &mut steps);
    let devices = prepare_devices(desired, state, devices, &mut steps);
    let page = desired.page_settings().map(|wish| apps::with_ids(wish, &state.apps));
    let page = ensure(page, &state.pages, desired, identity, &mut steps);
    let skip = ensure(desired.skip_settings(), &state.skip_policies, desired, identity, &mut steps);
    let profile = ensure(desired.profile_settings(), state.hybrid_profiles(), desired, identity, &mut steps);
    let domain_join =
        ensure(desired.domain_join_settings(), &state.domain_joins, desired, identity, &mut steps);
    let mut findings = Vec::new();
    check_created_anew(desired, state, &page, &state.pages, &mut findings);
    check_created_anew(desired, state, &skip, &state.skip_policies, &mut findings);
    check_created_anew(desired, state, &profile, state.hybrid_profiles(), &mut findings);
    check_created_anew(desired, state, &domain_join, &state.domain_joins, &mut findings);
    let targets = PartTargets {
        page_priority: prioritise(desired, state, &page, &mut steps),
        page: assign(desired, state, &page, &group, &mut steps),
        skip: assign(desired, state, &skip, &group, &mut steps),
        profile: assign(desired, state, &profile, &group, &mut steps),
        domain_join: assign(desired, state, &domain_join, &group, &mut steps),
    };
    let is_new_join = match &domain_join {
        Ensure::Create(_) => Some(true),
        Ensure::Become(..) => Some(false),
        Ensure::Nothing | Ensure::Blocked => None,
    };
    let networks = networks::prepare(desired, state, is_new_join, &mut steps);
    let is_settled = desired.domain_join.is_none() || desired.active_directory.rights_confirmed;
    steps.push(PlannedStep::new(Step::Deploy, "devices", deploy_gate(is_settled)));
    PlannedStep::sort(&mut steps);
    let todo = Todo {
        mdm,
        objects: ObjectsTodo { group, page, skip, profile, domain_join, targets, networks },
        devices,
        findings,
        #[cfg(feature = "ad")]
        delegations: Vec::new(),
    };
    Ok((steps, todo))
}

fn prepare_mdm(desired: &HybridJoin, state: &TenantState, steps: &mut Vec<PlannedStep>) -> Option<ScopeTodo> {
    let wish = desired.mdm_scope.as_ref()?;
    let mut planned =
        |action| steps.push(PlannedStep::new(Step::AutomaticEnrollment, MDM_USER_SCOPE, action));
    let policy = match state.mdm.as_ref()? {
        MdmRead::Policy(policy) => policy,
        MdmRead::NotAllowed => {
            planned(Action::Manual(
                "only a signed-in user can read or set it: Entra admin center, Mobility, Microsoft Intune, MDM user scope"
                    .into(),
            ));
            return None;
        }
        MdmRead::Missing => {
            let evidence = "the tenant has no mobility policy for Microsoft Intune";
            planned(Action::Blocked(MDM_NO_POLICY.at(MDM_USER_SCOPE, evidence)));
            return None;
        }
    };
    let wish = match wish {
        MdmUserScope::All => UserScope::All,
        MdmUserScope::Groups(names) => {
            let (mut groups, mut has_all) = (BTreeMap::new(), true);
            for name in names {
                match state.groups_named(name) {
                    [group] => {
                        groups.insert(group.id.clone(), name.to_string());
                    }
                    found => {
                        has_all = false;
                        planned(Action::Blocked(not_one_group(name, found.len())));
                    }
                }
            }
            if !has_all {
                return None;
            }
            UserScope::Groups(groups)
        }
    };
    if UserScope::of(policy) == UserScope::Unknown {
        let evidence = "the service did not report whose devices enroll now, so no change can be planned";
        planned(Action::Blocked(MDM_SCOPE_NOT_KNOWN.at(MDM_USER_SCOPE, evidence)));
        return None;
    }
    let policy = policy.as_ref().clone();
    let todo = ScopeTodo { policy, wish, keeps_others: !desired.remove_other_assignments };
    let wish = todo.target(&todo.policy).to_wish();
    if wish.is_none_or(|wish| wish.steps_from(&todo.policy).is_empty()) {
        planned(Action::Keep);
        return None;
    }
    let (add, remove) = todo.labels();
    planned(Action::Assign { add, remove });
    Some(todo)
}

fn not_one_group(name: &DisplayName, found: usize) -> Finding {
    let evidence = match found {
        0 => format!("there is no group {name}"),
        _ => format!("there are {found} groups {name}, and settings refer to groups by name"),
    };
    MDM_GROUP.at(name.as_str(), evidence)
}

/// Plans an object: creates it, changes it, or reports why neither is possible.
fn ensure<'a, S: ManagedObject>(
    wish: Option<S>,
    read: impl IntoIterator<Item = &'a Stored<S>>,
    desired: &HybridJoin,
    identity: &Identity,
    steps: &mut Vec<PlannedStep>,
) -> Ensure<S> {
    let Some(wish) = wish else { return Ensure::Nothing };
    let name = wish.name().to_owned();
    let (mut found, others): (Vec<_>, Vec<_>) =
        read.into_iter().partition(|stored| identity.is_own(stored, desired));
    found.dedup_by(|one, other| one.id == other.id);
    if let Some(id) = identity.adopted(S::STEP).filter(|_| found.is_empty()) {
        let finding = NAME_NOT_ADOPTED.at(&name, format!("the object to adopt, {id}, is not there"));
        steps.push(PlannedStep::new(S::STEP, name, Action::Blocked(finding)));
        return Ensure::Blocked;
    }
    // With a record, an object of the name that the deployment neither created nor took over is somebody else's.
    let foreign: Vec<String> = others
        .iter()
        .filter(|stored| identity.knows(S::STEP) && S::is_named(stored, &name))
        .map(|stored| {
            let created = stored.created_date_time.map_or("not known".to_owned(), |at| at.to_string());
            format!("{} (created: {created})", stored.id)
        })
        .collect();
    if !foreign.is_empty() {
        let evidence = format!("foreign objects have this name: {}", foreign.join(", "));
        let finding = NAME_FOREIGN.at(&name, evidence);
        steps.push(PlannedStep::new(S::STEP, name, Action::Blocked(finding)));
        return Ensure::Blocked;
    }
    if found.len() > 1 {
        let evidence = format!("there are {} of this type and name", found.len());
        let finding = NAME_DUPLICATE.at(&name, evidence);
        steps.push(PlannedStep::new(S::STEP, name, Action::Blocked(finding)));
        return Ensure::Blocked;
    }
    let Some(stored) = found.pop() else {
        steps.push(PlannedStep::new(S::STEP, name, Action::Create(Patch::creation(&wish))));
        return Ensure::Create(wish);
    };
    if let Some(finding) = S::obstacle(stored) {
        steps.push(PlannedStep::new(S::STEP, name, Action::Blocked(finding)));
        return Ensure::Blocked;
    }
    let patch = Patch::from_stored(stored, &wish);
    if let Some(fixed) = patch.create_only().first() {
        let evidence = format!("{fixed}, which is fixed at creation");
        let finding = SETTINGS_FIXED_AT_CREATION.at(&name, evidence);
        steps.push(PlannedStep::new(S::STEP, name, Action::Blocked(finding)));
        return Ensure::Blocked;
    }
    if !patch.is_empty() {
        steps.push(PlannedStep::new(S::STEP, &name, Action::Update(patch.changes().to_vec())));
    }
    if !patch.unknown().is_empty() {
        steps.push(PlannedStep::new(S::STEP, &name, Action::Unknown(patch.unknown().to_vec())));
    } else if patch.is_empty() {
        let action = identity.keep(S::STEP, &name);
        steps.push(PlannedStep::new(S::STEP, name, action));
    }
    Ensure::Become(Box::new(stored.clone()), wish)
}

/// Returns a finding for an object to create even though the deployment's group already has one of the same kind and no
/// record could show a rename.
fn check_created_anew<'a, S: Assignable>(
    desired: &HybridJoin,
    state: &TenantState,
    object: &Ensure<S>,
    read: impl IntoIterator<Item = &'a Stored<S>>,
    findings: &mut Vec<Finding>,
) {
    let (Ensure::Create(wish), Some(group)) = (object, state.device_group(desired)) else { return };
    if state.identity.knows(S::STEP) {
        return;
    }
    let has_group = |stored: &&Stored<S>| {
        let mut targets = state.assignments_of(stored).iter().filter_map(|held| held.target.as_ref());
        targets.any(|target| matches!(&target.kind, TargetKind::Group(id) if *id == group.id))
    };
    if let Some(other) = read.into_iter().find(has_group) {
        let evidence = format!(
            "is created as a new object; the group has {} ({}) already",
            other.settings.name(),
            other.id
        );
        findings.push(NAME_CREATED_ANEW.at(wish.name(), evidence));
    }
}

/// Plans the assignments of an object and returns their targets.
fn assign<S: Assignable>(
    desired: &HybridJoin,
    state: &TenantState,
    object: &Ensure<S>,
    group: &Ensure<Group>,
    steps: &mut Vec<PlannedStep>,
) -> Vec<Target> {
    let planned = PLANNED.parse().ok();
    let group = match group {
        Ensure::Become(stored, _) => Some(&stored.id),
        Ensure::Create(_) => planned.as_ref(),
        // The group has its own finding, and nothing is assigned to it.
        Ensure::Blocked | Ensure::Nothing => None,
    };
    let (name, held) = match object {
        Ensure::Become(stored, wish) => (wish.name(), state.assignments_of(stored)),
        Ensure::Create(wish) => (wish.name(), &[][..]),
        Ensure::Blocked | Ensure::Nothing => return Vec::new(),
    };
    let subject = format!("{name}, assignments");
    let wanted = match targets::wanted::<S>(desired, state, group) {
        Ok(wanted) if wanted.is_empty() => return Vec::new(),
        Ok(wanted) => wanted,
        Err(findings) => {
            let blocked = |finding| PlannedStep::new(S::STEP, subject.clone(), Action::Blocked(finding));
            steps.extend(findings.into_iter().map(blocked));
            return Vec::new();
        }
    };
    let keep_others = !desired.remove_other_assignments;
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    for WantedTarget { target, label } in &wanted {
        match targets::change_for(held, target, keep_others) {
            TargetChange::Met(_) | TargetChange::Narrowed(_) => {}
            TargetChange::Change(found) => {
                add.push(label.clone());
                remove.push(label_of(found));
            }
            TargetChange::Add => add.push(label.clone()),
        }
    }
    let wanted: Vec<Target> = wanted.into_iter().map(|wanted| wanted.target).collect();
    if !keep_others {
        remove.extend(targets::others(held, &wanted, keep_others).into_iter().map(label_of));
    }
    let is_done = add.is_empty() && remove.is_empty();
    let action = if is_done { Action::Keep } else { Action::Assign { add, remove } };
    steps.push(PlannedStep::new(S::STEP, subject, action));
    wanted
}

/// Plans the priority of the page and the pages that move. Returns the priority if it changes.
fn prioritise(
    desired: &HybridJoin,
    state: &TenantState,
    page: &Ensure<EnrollmentStatusPage>,
    steps: &mut Vec<PlannedStep>,
) -> Option<NonZeroU32> {
    let wanted = desired.page_priority?;
    let others = |stored: &&Stored<EnrollmentStatusPage>| !stored.is_default();
    let count = state.pages.iter().filter(others).count();
    let (own, held, last) = match page {
        Ensure::Become(stored, _) => (Some(&stored.id), stored.observed.priority, count),
        // A new page comes last.
        Ensure::Create(_) => (None, i32::try_from(count).ok()?.checked_add(1), count.checked_add(1)?),
        Ensure::Blocked | Ensure::Nothing => return None,
    };
    let name = desired.enrollment_status_page.as_ref()?.display_name.as_str();
    let subject = format!("{name}, priority");
    let number = i32::try_from(wanted.get()).ok().filter(|_| wanted.get() as usize <= last);
    let Some(number) = number else {
        let evidence = format!("the priority {wanted} is wanted, and the tenant will have {last} pages");
        steps.push(PlannedStep::new(
            Step::StatusPage,
            subject,
            Action::Blocked(PAGE_PRIORITY.at(name, evidence)),
        ));
        return None;
    };
    if held == Some(number) {
        steps.push(PlannedStep::new(Step::StatusPage, subject, Action::Keep));
        return None;
    }
    let mut changes = vec![PropertyChange::new("page_priority", held, number)];
    for other in state.pages.iter().filter(others).filter(|other| Some(&other.id) != own) {
        let Some(before) = other.observed.priority else { continue };
        let after = moved(before, held, number);
        if after != before {
            let property = format!("priority of {}", other.settings.display_name);
            changes.push(PropertyChange::new(&property, before, after));
        }
    }
    steps.push(PlannedStep::new(Step::StatusPage, subject, Action::Update(changes)));
    Some(wanted)
}

/// Returns the priority of another page after one moves from `held` to `wanted`.
pub(super) fn moved(other: i32, held: Option<i32>, wanted: i32) -> i32 {
    let held = held.unwrap_or(i32::MAX);
    if held < other && other <= wanted {
        other.saturating_sub(1)
    } else if wanted <= other && other < held {
        other.saturating_add(1)
    } else {
        other
    }
}

/// Formats the target of an assignment.
pub(super) fn label_of(assignment: &Assignment) -> String {
    match assignment.target.as_ref().map(|target| &target.kind) {
        Some(TargetKind::AllDevices) => "all devices".to_owned(),
        Some(TargetKind::AllLicensedUsers) => "all users".to_owned(),
        Some(TargetKind::Group(id)) => format!("group {id}"),
        Some(TargetKind::ExclusionGroup(id)) => format!("all but group {id}"),
        _ => format!("assignment {}", assignment.id),
    }
}

/// Plans the work on the given devices and, if users are unassigned, on all devices of the deployment.
fn prepare_devices(
    desired: &HybridJoin,
    state: &TenantState,
    devices: &[DeviceToImport],
    steps: &mut Vec<PlannedStep>,
) -> DevicesTodo {
    let mut todo = DevicesTodo::default();
    let mut by_serial: HashMap<String, Vec<&Device>> = HashMap::new();
    for device in &state.devices {
        if let Some(serial) = device.serial_number.as_deref() {
            by_serial.entry(serial.to_ascii_lowercase()).or_default().push(device);
        }
    }
    let mut named: HashSet<&str> = HashSet::new();
    for device in devices {
        let serial = device.serial_number.as_str();
        match by_serial.get(&serial.to_ascii_lowercase()).map(Vec::as_slice) {
            None => todo.import(desired, device),
            // Serial numbers repeat: only the import can tell several devices apart.
            Some([found]) => {
                named.insert(found.id.as_str());
                if state.identity.is_unfinished_device(serial) {
                    steps.push(PlannedStep::new(Step::Devices, serial, Action::Resume));
                }
                todo.register(desired, device, found, steps);
            }
            Some(_) => {
                let evidence = "several registered devices have this serial number";
                let action = Action::Blocked(DEVICES_SERIAL_REPEATS.at(serial, evidence));
                steps.push(PlannedStep::new(Step::Devices, serial, action));
            }
        }
    }
    if desired.user_assignment == UserAssignment::Unassign {
        let whose = |device: &&Device| {
            device.user_principal_name.is_some()
                && (named.contains(device.id.as_str()) || TenantState::is_of(desired, device))
        };
        for device in state.devices.iter().filter(whose) {
            let serial = device.serial_number.as_deref().unwrap_or_else(|| device.id.as_str());
            let action = Action::Assign { add: Vec::new(), remove: vec!["its user".to_owned()] };
            steps.push(PlannedStep::new(Step::Users, serial, action));
            todo.unassign.push((device.id.clone(), serial.to_owned()));
        }
    }
    if !todo.import.is_empty() {
        let mut serials: Vec<String> =
            todo.import.iter().map(|device| device.serial_number.to_string()).collect();
        // A list of devices that was sorted anew is the same plan.
        serials.sort_unstable();
        steps.push(PlannedStep::new(Step::Devices, "devices", Action::Import(serials)));
    }
    if !todo.registered.is_empty() {
        let subject = counted(todo.registered.len(), "registered device");
        steps.push(PlannedStep::new(Step::Devices, subject, Action::Keep));
    }
    for (serial, _) in &todo.assign_later {
        steps.push(PlannedStep::new(Step::Users, serial.as_str(), user_added()));
    }
    todo
}

fn user_added() -> Action {
    Action::Assign { add: vec!["its user".to_owned()], remove: Vec::new() }
}

impl HybridJoin {
    /// Splits a device into the one to import and the user to assign afterwards.
    pub(super) fn to_import(&self, device: &DeviceToImport) -> (DeviceToImport, Option<UserPrincipalName>) {
        let mut device = device.clone();
        device.group_tag = device.group_tag.or_else(|| self.group_tag().cloned());
        let user = match self.user_assignment {
            UserAssignment::Leave => None,
            // An import takes a user without a check, and a wrong one locks the device out.
            UserAssignment::Unassign | UserAssignment::Assign => device.assigned_user_principal_name.take(),
        };
        (device, user)
    }
}

impl DevicesTodo {
    fn import(&mut self, desired: &HybridJoin, device: &DeviceToImport) {
        let (device, user) = desired.to_import(device);
        if let (Some(user), UserAssignment::Assign) = (user, desired.user_assignment) {
            self.assign_later.push((device.serial_number.to_string(), user));
        }
        self.import.push(device);
    }

    fn register(
        &mut self,
        desired: &HybridJoin,
        wish: &DeviceToImport,
        found: &Device,
        steps: &mut Vec<PlannedStep>,
    ) {
        let serial = wish.serial_number.as_str();
        let wanted = wish.group_tag.as_ref().or(desired.group_tag());
        let held = found.group_tag.as_deref().unwrap_or_default();
        if let Some(wanted) = wanted.filter(|wanted| !wanted.as_str().eq_ignore_ascii_case(held)) {
            let change = PropertyChange::new("groupTag", held, wanted.as_str());
            steps.push(PlannedStep::new(Step::Devices, serial, Action::Update(vec![change])));
            self.retag.push((found.id.clone(), serial.to_owned(), wanted.clone()));
        }
        self.registered.push((found.id.clone(), serial.to_owned()));
        if let (UserAssignment::Assign, Some(user)) =
            (desired.user_assignment, &wish.assigned_user_principal_name)
        {
            let is_held = |held: &crate::model::Personal| held.as_str().eq_ignore_ascii_case(user.as_str());
            if !found.user_principal_name.as_ref().is_some_and(is_held) {
                steps.push(PlannedStep::new(Step::Users, serial, user_added()));
                self.assign.push((found.id.clone(), serial.to_owned(), user.clone()));
            }
        }
    }
}
