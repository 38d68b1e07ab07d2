//! Exports a tenant's deployment to settings that a plan finds unchanged.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::findings::EXPORT_NOT_EXPRESSED;
use super::hybrid_join::{
    DeviceGroup, DomainJoin, DomainJoinTarget, ExpectedConnectors, FilterMode, FilterSettings, HybridJoin,
    MdmUserScope, MemberSelection, PartAssignment,
};
use super::object::{Assignable, AssignmentBatch, ManagedObject};
use super::prepare::label_of;
use super::resultant::read_filters;
use super::step::{Action, PlannedStep, Step};
use crate::error::{Error, ErrorKind, Result};
use crate::graph::{Client, Sequence};
use crate::model::rule::MembershipRule;
use crate::model::{
    AdDomain, Assignment, AssignmentFilter, AssignmentFilterType, DisplayName, DomainJoinProfile,
    EnrollmentStatusPage, Finding, Group, GroupTag, HybridJoinProfile, Id, Lookup, Membership, Patch,
    PolicyScope, RawObject, SkipUserStatusPage, Stored, Target, TargetKind,
};

/// The settings of a tenant's deployment, and the parts that settings cannot express. Returned by
/// [`HybridJoin::export`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Export {
    /// The settings. A plan made from them changes nothing.
    pub settings: HybridJoin,
    /// The parts of the deployment that settings cannot express; a plan leaves them as they are.
    pub not_expressed: Vec<Finding>,
}

/// The domain of a deployment whose domain join profile is not known; reserved by RFC 2606.
const NO_DOMAIN: &str = "domain.invalid";

impl HybridJoin {
    /// Exports a tenant's deployment as settings, so that a plan made from them changes nothing. Only reads the tenant.
    ///
    /// The deployment consists of the profile, the device group that it is assigned to, the enrollment status page and
    /// domain join profile assigned to that group, and the tenant's MDM user scope and connectors. Settings refer to
    /// objects by name, so an object whose name is not unique cannot be expressed. The exported deployment is named
    /// after the profile.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::model::{HybridJoinProfile, Target};
    /// use windows_autopilot::workflow::HybridJoin;
    ///
    /// # let group = tenant.add_group("Autopilot Munich").parse()?;
    /// let profile = client.profiles().create(&HybridJoinProfile::new("Contoso hybrid".parse()?)).await?;
    /// client.profiles().assignments(&profile.id).add(&Target::group(group)).await?;
    ///
    /// let export = HybridJoin::export(&client, &profile.id).await?;
    /// println!("{}", toml::to_string(&export.settings)?); // munich.toml
    /// assert!(export.settings.plan(&client, &[]).await?.is_empty());
    /// for finding in &export.not_expressed {
    ///     println!("{finding}");
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// Settings contain neither devices nor facts that Graph does not show, namely which connectors serve the domain
    /// and whether they are allowed to create computer accounts
    /// ([`rights_confirmed`](super::ActiveDirectory::rights_confirmed)).
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the profile does not exist; any error of [`plan`](Self::plan).
    /// # Permissions
    /// Same as [`plan`](Self::plan).
    pub fn export(client: &Client, profile: &Id<HybridJoinProfile>) -> Sequence<Export> {
        let (client, profile) = (client.clone(), profile.clone());
        Sequence::new(async move { Exporter::read(&client, &profile).await?.export().await })
    }
}

/// A group in an assignment.
struct NamedGroup {
    stored: Stored<Group>,
    is_unique: bool,
}

type Assigned<S> = (Stored<S>, Vec<Assignment>);

struct Exporter<'a> {
    client: &'a Client,
    profile: Assigned<HybridJoinProfile>,
    pages: Vec<Assigned<EnrollmentStatusPage>>,
    joins: Vec<Assigned<DomainJoinProfile>>,
    skips: Vec<Assigned<SkipUserStatusPage>>,
    groups: BTreeMap<Id<Group>, NamedGroup>,
    filters: Lookup<Vec<AssignmentFilter>>,
    not_expressed: Vec<Finding>,
}

/// The assignments of one object, as settings.
#[derive(Default)]
struct PartSettings {
    settings: PartAssignment,
    has_all_devices: bool,
}

impl<'a> Exporter<'a> {
    async fn read(client: &'a Client, profile: &Id<HybridJoinProfile>) -> Result<Self> {
        let stored = HybridJoinProfile::get(client, profile).await?;
        let held = HybridJoinProfile::assignments(client, profile).list().all().await?;
        let pages = read_assigned::<EnrollmentStatusPage>(client).await?;
        let joins = read_assigned::<DomainJoinProfile>(client).await?;
        let skips = read_assigned::<SkipUserStatusPage>(client).await?;
        let others = pages.iter().flat_map(|(_, held)| held).chain(joins.iter().flat_map(|(_, held)| held));
        let all = held.iter().chain(others);
        let targets: Vec<&Target> = all.filter_map(|assignment| assignment.target.as_ref()).collect();
        let filters = read_filters(client, &targets, false).await?;
        let mut exporter = Self {
            client,
            profile: (stored, held),
            pages,
            joins,
            skips,
            groups: BTreeMap::new(),
            filters,
            not_expressed: Vec::new(),
        };
        let named = exporter.profile.1.iter().filter_map(group_of).cloned().collect::<Vec<_>>();
        exporter.read_groups(named).await?;
        Ok(exporter)
    }

    /// Reads groups, and whether their names are unique.
    async fn read_groups(&mut self, ids: Vec<Id<Group>>) -> Result<()> {
        for id in ids {
            if self.groups.contains_key(&id) {
                continue;
            }
            let Some(stored) = self.client.groups().get(&id).if_found().await? else { continue };
            let named = Group::find(self.client, stored.settings.display_name.as_str()).await?;
            self.groups.insert(id, NamedGroup { stored, is_unique: named.len() == 1 });
        }
        Ok(())
    }

    fn lost(&mut self, place: &str, evidence: impl Into<String>) {
        self.not_expressed.push(EXPORT_NOT_EXPRESSED.at(place, evidence));
    }

    async fn export(mut self) -> Result<Export> {
        let own = self.device_group();
        let own_id = own.as_ref().map(|(id, _)| id.clone());
        let page = self.pick_page(own_id.as_ref());
        let join = self.pick_join(own_id.as_ref());
        for held in
            [page.as_ref().map(|(_, held)| held), join.as_ref().map(|(_, held)| held)].into_iter().flatten()
        {
            let named = held.iter().filter_map(group_of).cloned().collect();
            self.read_groups(named).await?;
        }
        let name =
            DisplayName::try_from(self.profile.0.settings.display_name.as_str()).map_err(|problem| {
                Error::new(ErrorKind::InvalidInput, "the profile's name cannot be a deployment's")
                    .with_source(problem)
            })?;
        let mut settings = HybridJoin::new(name, self.domain(join.as_ref())?);
        settings.group = own.map(|(_, group)| group);

        let (profile, held) = self.profile.clone();
        settings.assignments.profile =
            self.part::<HybridJoinProfile>("assignments.profile", &held, own_id.as_ref()).settings;
        settings.profile = self.writable("profile", &profile.settings);
        if settings.group.is_none() {
            self.lost("group", "the profile is assigned to no group that settings can describe");
        }
        if let Some((stored, held)) = page {
            let place = "assignments.enrollment_status_page";
            settings.assignments.enrollment_status_page =
                self.part::<EnrollmentStatusPage>(place, &held, own_id.as_ref()).settings;
            settings.enrollment_status_page = self.writable("enrollment_status_page", &stored.settings);
            let priority = stored.observed.priority.and_then(|number| u32::try_from(number).ok());
            settings.page_priority = priority.and_then(std::num::NonZeroU32::new);
        }
        if let Some((stored, held)) = join {
            self.export_join(&mut settings, &stored, &held, own_id.as_ref()).await?;
        }
        self.export_skip(&mut settings, own_id.as_ref());
        self.export_scope(&mut settings).await?;
        if !self.client.connectors().list().all().await?.is_empty() {
            settings.connectors = Some(ExpectedConnectors::default());
        }
        self.verify(settings).await
    }

    /// Returns the group for the deployment's devices: of the profile's groups, the one that most other objects are
    /// assigned to; a group with a rule is preferred.
    fn device_group(&mut self) -> Option<(Id<Group>, DeviceGroup)> {
        let mut best: Option<(usize, Id<Group>, DeviceGroup)> = None;
        for (id, named) in &self.groups {
            let is_target = |held: &[Assignment]| held.iter().any(|assignment| is_for(assignment, id));
            if !is_target(&self.profile.1) || !named.is_unique {
                continue;
            }
            let Some(group) = as_settings(&named.stored) else { continue };
            let pages = self.pages.iter().filter(|(_, held)| is_target(held)).count();
            let joins = self.joins.iter().filter(|(_, held)| is_target(held)).count();
            let has_rule = usize::from(group.members != MemberSelection::Assigned);
            let score = pages.min(1).saturating_add(joins.min(1)).saturating_mul(2).saturating_add(has_rule);
            if best.as_ref().is_none_or(|(held, ..)| score > *held) {
                best = Some((score, id.clone(), group));
            }
        }
        best.map(|(_, id, group)| (id, group))
    }

    /// Returns `true` if assignments reach the group of devices, or a group of the profile if there is no group of devices.
    fn reaches(&self, held: &[Assignment], own: Option<&Id<Group>>) -> bool {
        match own {
            Some(own) => held.iter().any(|assignment| is_for(assignment, own)),
            None => self.profile.1.iter().filter_map(group_of).any(|id| held.iter().any(|of| is_for(of, id))),
        }
    }

    fn pick_page(&mut self, own: Option<&Id<Group>>) -> Option<Assigned<EnrollmentStatusPage>> {
        let mut found: Vec<_> =
            self.pages.iter().filter(|(_, held)| self.reaches(held, own)).cloned().collect();
        found.sort_by_key(|(stored, _)| stored.observed.priority.unwrap_or(i32::MAX));
        self.pick("enrollment_status_page", found)
    }

    fn pick_join(&mut self, own: Option<&Id<Group>>) -> Option<Assigned<DomainJoinProfile>> {
        let for_all = |held: &[Assignment]| {
            held.iter().any(|assignment| kind_of(assignment) == Some(&TargetKind::AllDevices))
        };
        let mut found: Vec<_> =
            self.joins.iter().filter(|(_, held)| self.reaches(held, own) || for_all(held)).cloned().collect();
        found.sort_by_key(|(stored, held)| (!self.reaches(held, own), stored.created_date_time));
        self.pick("domain_join", found)
    }

    /// Returns the first of several objects that reach the devices. A deployment has one of each kind.
    fn pick<S: ManagedObject>(&mut self, place: &str, found: Vec<Assigned<S>>) -> Option<Assigned<S>> {
        let mut found = found.into_iter();
        let first = found.next();
        for (other, _) in found {
            let evidence =
                format!("{} also reaches the devices, and a deployment has only one", other.settings.name());
            self.lost(place, evidence);
        }
        first
    }

    /// Returns the domain: that of the domain join profile, or the only one that the tenant's profiles join.
    fn domain(&mut self, join: Option<&Assigned<DomainJoinProfile>>) -> Result<AdDomain> {
        if let Some((join, _)) = join {
            return Ok(join.settings.active_directory_domain_name.clone());
        }
        let mut domains: Vec<&AdDomain> =
            self.joins.iter().map(|(join, _)| &join.settings.active_directory_domain_name).collect();
        domains.dedup_by(|one, other| one.same_as(other));
        let known = match domains.as_slice() {
            [domain] => Some((*domain).clone()),
            _ => None,
        };
        let evidence = match &known {
            Some(domain) => {
                format!("no domain join profile reaches the devices; {domain} comes from another one")
            }
            None => format!("no domain join profile names the domain: replace {NO_DOMAIN}"),
        };
        self.lost("active_directory.domain", evidence);
        Ok(known.map_or_else(|| NO_DOMAIN.parse(), Ok)?)
    }

    async fn export_join(
        &mut self,
        settings: &mut HybridJoin,
        stored: &Stored<DomainJoinProfile>,
        held: &[Assignment],
        own: Option<&Id<Group>>,
    ) -> Result<()> {
        let part = self.part::<DomainJoinProfile>("assignments.domain_join", held, own);
        settings.assignments.domain_join = part.settings;
        let join = &stored.settings;
        settings.active_directory.organizational_unit.clone_from(&join.organizational_unit);
        let assign_to = match part.has_all_devices {
            true => DomainJoinTarget::AllDevices,
            false => DomainJoinTarget::Group,
        };
        let wish = DomainJoin {
            display_name: join.display_name.clone(),
            description: join.description.clone(),
            computer_name_prefix: join.computer_name_static_prefix.clone(),
            network_access_configurations: self.network_names(stored).await?,
            // The default tag is what an object without tags gets.
            role_scope_tag_ids: Some(join.role_scope_tag_ids.clone())
                .filter(|tags| tags.iter().any(|tag| tag.as_str() != "0"))
                .unwrap_or_default(),
            assign_to,
        };
        settings.domain_join = self.writable("domain_join", &wish);
        Ok(())
    }

    /// Returns the names of the configurations that a domain join profile links to.
    async fn network_names(&mut self, stored: &Stored<DomainJoinProfile>) -> Result<Vec<DisplayName>> {
        let networks =
            self.client.domain_join_profiles().network_access_configurations(&stored.id).all().await;
        match networks {
            Ok(networks) => {
                let name = |held: &RawObject| held.properties().text("displayName")?.parse().ok();
                let names: Option<Vec<DisplayName>> = networks.iter().map(name).collect();
                if names.is_none() {
                    self.lost(
                        "domain_join",
                        "a network access configuration has a name that settings cannot have",
                    );
                }
                return Ok(names.unwrap_or_default());
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected
                ) =>
            {
                self.lost("domain_join", "its network access configurations could not be read");
            }
            Err(error) => return Err(error),
        }
        Ok(Vec::new())
    }

    /// Exports the policy that skips account setup, if it is assigned to the device group.
    fn export_skip(&mut self, settings: &mut HybridJoin, own: Option<&Id<Group>>) {
        const PLACE: &str = "skip_user_status_page";
        let found: Vec<_> = self.skips.iter().filter(|(_, held)| self.reaches(held, own)).cloned().collect();
        let Some((stored, held)) = self.pick(PLACE, found) else { return };
        settings.assignments.skip_user_status_page =
            self.part::<SkipUserStatusPage>("assignments.skip_user_status_page", &held, own).settings;
        settings.skip_user_status_page = self.writable(PLACE, &stored.settings);
    }

    async fn export_scope(&mut self, settings: &mut HybridJoin) -> Result<()> {
        const PLACE: &str = "mdm_scope";
        let policy = match self.client.mdm_policies().intune().await {
            Ok(policy) => policy,
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Forbidden | ErrorKind::Authentication | ErrorKind::NotFound
                ) =>
            {
                self.lost(PLACE, "the MDM user scope could not be read: only a signed-in user may");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        settings.mdm_scope = match policy.applies_to {
            Some(PolicyScope::All) => Some(MdmUserScope::All),
            Some(PolicyScope::Selected) => {
                let ids: Vec<_> =
                    policy.included_groups.iter().flatten().map(|group| group.id.clone()).collect();
                self.read_groups(ids.clone()).await?;
                let names: Vec<DisplayName> =
                    ids.iter().filter_map(|id| self.group_name(PLACE, id)).collect();
                (!names.is_empty()).then_some(MdmUserScope::Groups(names))
            }
            Some(PolicyScope::None) => {
                self.lost(PLACE, "no user's devices enroll, which settings cannot express");
                None
            }
            _ => {
                self.lost(PLACE, "the service does not report whose devices enroll");
                None
            }
        };
        Ok(())
    }

    /// Returns the unique name of a group for the settings.
    fn group_name(&mut self, place: &str, id: &Id<Group>) -> Option<DisplayName> {
        match self.groups.get(id) {
            Some(named) if named.is_unique => return Some(named.stored.settings.display_name.clone()),
            Some(named) => {
                let evidence = format!(
                    "group {id} is named {}, as other groups are, and settings refer to groups by name",
                    named.stored.settings.display_name
                );
                self.lost(place, evidence);
            }
            None => self.lost(place, format!("group {id} no longer exists")),
        }
        None
    }

    /// Returns the assignments of an object as settings. `own` is the group of devices.
    fn part<S: Assignable>(
        &mut self,
        place: &str,
        held: &[Assignment],
        own: Option<&Id<Group>>,
    ) -> PartSettings {
        let mut part = PartSettings::default();
        let takes_all = S::STEP == Step::DomainJoin;
        part.has_all_devices =
            takes_all && held.iter().any(|assignment| kind_of(assignment) == Some(&TargetKind::AllDevices));
        let mut filters = Vec::new();
        for assignment in held {
            if !assignment.is_direct() {
                let evidence = format!("the assignment to {} comes from a policy set", label_of(assignment));
                self.lost(place, evidence);
                continue;
            }
            match kind_of(assignment) {
                Some(TargetKind::AllDevices) if takes_all => {}
                // With all devices, the group of devices is one group more.
                Some(TargetKind::Group(id)) if Some(id) == own && !part.has_all_devices => {}
                Some(TargetKind::Group(id)) => match self.group_name(place, id) {
                    Some(name) => part.settings.groups.push(name),
                    None => continue,
                },
                Some(TargetKind::ExclusionGroup(id)) => {
                    part.settings.excluded_groups.extend(self.group_name(place, id));
                    continue;
                }
                _ => {
                    self.lost(
                        place,
                        format!("the assignment to {} is of another kind", label_of(assignment)),
                    );
                    continue;
                }
            }
            filters.push(assignment.target.as_ref().and_then(|target| target.filter.clone()));
        }
        part.settings.groups.sort_unstable();
        part.settings.excluded_groups.sort_unstable();
        if let Some(first) = filters.first().cloned() {
            match first {
                Some(filter) if filters.iter().all(|other| other.as_ref() == Some(&filter)) => {
                    part.settings.filter = self.filter(place, &filter);
                }
                None if filters.iter().all(Option::is_none) => {}
                _ => self.lost(place, "its assignments have different filters, which are left unchanged"),
            }
        }
        part
    }

    fn filter(&mut self, place: &str, filter: &crate::model::TargetFilter) -> Option<FilterSettings> {
        let mode = match filter.filter_type {
            AssignmentFilterType::Include => Some(FilterMode::Include),
            AssignmentFilterType::Exclude => Some(FilterMode::Exclude),
            _ => None,
        };
        let all = self.filters.present().cloned().unwrap_or_default();
        let name = all.iter().find(|of| of.id == filter.id).and_then(|of| of.display_name.clone());
        let is_unique = all.iter().filter(|of| of.display_name == name).count() == 1;
        let name = name.filter(|_| is_unique).and_then(|name| DisplayName::try_from(name.as_str()).ok());
        if let (Some(name), Some(mode)) = (name, mode) {
            return Some(FilterSettings { name, mode });
        }
        let evidence =
            format!("the name of filter {} is unknown or not unique; the filter is kept", filter.id);
        self.lost(place, evidence);
        None
    }

    /// Returns a part after a round trip through a file.
    fn writable<T: Serialize + DeserializeOwned>(&mut self, place: &str, part: &T) -> Option<T> {
        match serde_json::to_value(part).and_then(serde_json::from_value) {
            Ok(part) => Some(part),
            Err(error) => {
                self.lost(place, format!("it cannot be written: {error}"));
                None
            }
        }
    }

    /// Removes the parts that a plan of the settings would change, because settings cannot express them.
    async fn verify(mut self, mut settings: HybridJoin) -> Result<Export> {
        // Each round leaves out one thing.
        for _ in 0..ROUNDS {
            let plan = settings.plan(self.client, &[]).await?;
            let stands_in_the_way = |planned: &&PlannedStep| match &planned.action {
                Action::Blocked(_) => planned.step != Step::Deploy,
                action => action.is_change(),
            };
            let Some(planned) = plan.steps.iter().find(stands_in_the_way) else { break };
            let place = leave_out(&mut settings, planned);
            let shown = planned.to_string();
            let shown: Vec<&str> = shown.lines().map(str::trim).collect();
            self.lost(place, format!("a plan of it would not be empty: {}", shown.join("; ")));
        }
        Finding::sort(&mut self.not_expressed);
        self.not_expressed.dedup();
        Ok(Export { settings, not_expressed: self.not_expressed })
    }
}

/// The maximum number of parts in which settings and their plan can differ.
const ROUNDS: usize = 12;

/// Removes the part of the settings that belongs to a step. Returns the part's place.
fn leave_out(settings: &mut HybridJoin, planned: &PlannedStep) -> &'static str {
    match planned.step {
        Step::AutomaticEnrollment => {
            settings.mdm_scope = None;
            "mdm_scope"
        }
        Step::Connector => {
            settings.connectors = None;
            "connectors"
        }
        Step::Group => {
            settings.group = None;
            "group"
        }
        Step::AccountSetup => {
            settings.skip_user_status_page = None;
            settings.assignments.skip_user_status_page = PartAssignment::default();
            "skip_user_status_page"
        }
        Step::StatusPage if planned.subject.ends_with(", priority") => {
            settings.page_priority = None;
            "page_priority"
        }
        Step::StatusPage => {
            (settings.enrollment_status_page, settings.page_priority) = (None, None);
            settings.assignments.enrollment_status_page = PartAssignment::default();
            "enrollment_status_page"
        }
        Step::Profile => {
            settings.profile = None;
            settings.assignments.profile = PartAssignment::default();
            "profile"
        }
        Step::DomainJoin if planned.subject.ends_with(", network access configurations") => {
            settings.domain_join.iter_mut().for_each(|join| join.network_access_configurations.clear());
            "domain_join.network_access_configurations"
        }
        _ => {
            settings.domain_join = None;
            settings.assignments.domain_join = PartAssignment::default();
            "domain_join"
        }
    }
}

/// Returns a group as settings, unless their plan would change the group.
fn as_settings(stored: &Stored<Group>) -> Option<DeviceGroup> {
    let group = &stored.settings;
    let members = match &group.membership {
        Membership::Assigned => MemberSelection::Assigned,
        Membership::Dynamic(dynamic) if dynamic.rule.equivalent(&MembershipRule::all_autopilot_devices()) => {
            MemberSelection::AllAutopilotDevices
        }
        Membership::Dynamic(dynamic) => match tag_of(&dynamic.rule) {
            Some(tag) => MemberSelection::GroupTag(tag),
            None => MemberSelection::Rule(dynamic.rule.clone()),
        },
    };
    let wish = DeviceGroup {
        display_name: group.display_name.clone(),
        description: group.description.clone(),
        members,
    };
    let mut settings = HybridJoin::new(group.display_name.clone(), NO_DOMAIN.parse().ok()?);
    settings.group = Some(wish.clone());
    let patch = Patch::from_stored(stored, &settings.group_settings().ok()??);
    (patch.is_empty() && patch.create_only().is_empty()).then_some(wish)
}

/// Returns the group tag of a rule that matches one tag and nothing else.
fn tag_of(rule: &MembershipRule) -> Option<GroupTag> {
    const LABEL: &str = "[orderid]:";
    let text = rule.as_str();
    let start = text.to_ascii_lowercase().find(LABEL)?.checked_add(LABEL.len())?;
    let rest = text.get(start..)?;
    let tag: GroupTag = rest.get(..rest.find(['"', '\''])?)?.parse().ok()?;
    MembershipRule::group_tag(tag.as_str()).ok().filter(|own| own.equivalent(rule)).map(|_| tag)
}

fn kind_of(assignment: &Assignment) -> Option<&TargetKind> {
    assignment.target.as_ref().map(|target| &target.kind)
}

fn group_of(assignment: &Assignment) -> Option<&Id<Group>> {
    assignment.target.as_ref()?.group_id()
}

/// Returns `true` for a direct assignment to a group.
fn is_for(assignment: &Assignment, group: &Id<Group>) -> bool {
    assignment.is_direct() && matches!(kind_of(assignment), Some(TargetKind::Group(id)) if id == group)
}

async fn read_assigned<S: Assignable>(client: &Client) -> Result<Vec<Assigned<S>>> {
    let mut batch = AssignmentBatch::new(client);
    for stored in S::read(client, None).await? {
        if !S::is_default(&stored) {
            let list = S::assignments(client, &stored.id).list();
            batch.add(stored, list);
        }
    }
    batch.read().await
}
