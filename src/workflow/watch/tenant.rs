//! The conditions of a domain join in the tenant: connectors, and the domain join profiles that reach a device.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::evidence::EffectiveDomainJoin;
use super::read::Source;
use crate::error::{Error, Result};
use crate::graph::Client;
use crate::model::{
    Assignment, AssignmentIntent, Connector, DirectoryDevice, DomainJoinProfile, Group, Id, Lookup,
    Properties, Severity, Stored, Target, TargetKind,
};
use crate::workflow::object::{Assignable, AssignmentBatch, ManagedObject};

/// The conditions of a domain join, read when a domain join does not happen.
#[derive(Default)]
pub(super) struct JoinContext {
    pub(super) read_at: Timestamp,
    pub(super) connectors: Lookup<Arc<[Connector]>>,
    profiles: Lookup<Vec<Assigned>>,
    groups: HashMap<String, Members>,
}

struct Assigned {
    profile: EffectiveDomainJoin,
    targets: Vec<Target>,
}

#[derive(Default)]
struct Members {
    ids: HashSet<String>,
    /// Whether it has nested groups, whose members count too.
    nested: bool,
}

impl JoinContext {
    /// Reads the conditions. Those that could not be read are unknown, with their errors.
    pub(super) async fn read(client: &Client) -> (Self, Vec<(Source, Error)>) {
        let mut found = Self { read_at: client.clock().timestamp(), ..Self::default() };
        let mut errors = Vec::new();
        let (connectors, profiles) =
            futures_util::future::join(client.connectors().list().all(), read_profiles(client)).await;
        match connectors {
            Ok(connectors) => found.connectors = Lookup::Present(connectors.into()),
            Err(error) => errors.push((Source::Connectors, error)),
        }
        let profiles = match profiles {
            Ok(profiles) => profiles,
            Err(error) => {
                errors.push((Source::DomainJoinProfiles, error));
                return (found, errors);
            }
        };
        let groups: HashSet<&Id<Group>> =
            profiles.iter().flat_map(|assigned| &assigned.targets).filter_map(Target::group_id).collect();
        for group in groups {
            match client.groups().members(group).all().await {
                Ok(members) => {
                    let nested = members.iter().any(|member| member.kind() == Some("group"));
                    let ids = members.iter().map(|member| member.id.as_str().to_lowercase()).collect();
                    found.groups.insert(group.as_str().to_lowercase(), Members { ids, nested });
                }
                Err(error) => errors.push((Source::Groups, error)),
            }
        }
        found.profiles = Lookup::Present(profiles);
        (found, errors)
    }

    /// Returns the domain join profiles that reach the device with this anchor; unknown if that depends on a filter, a
    /// nested group or an unread group.
    pub(super) fn domain_joins_of(&self, anchor: &DirectoryDevice) -> Lookup<Vec<EffectiveDomainJoin>> {
        let Some(profiles) = self.profiles.present() else { return Lookup::Unknown };
        let mut reaching = Vec::new();
        for assigned in profiles {
            match self.reaches(&assigned.targets, anchor) {
                Some(true) => reaching.push(assigned.profile.clone()),
                Some(false) => {}
                None => return Lookup::Unknown,
            }
        }
        Lookup::Present(reaching)
    }

    /// Returns `true` if targets include a device and none excludes it; `None` if the targets leave it open.
    fn reaches(&self, targets: &[Target], anchor: &DirectoryDevice) -> Option<bool> {
        let mut included = Some(false);
        for target in targets {
            let hit = match &target.kind {
                TargetKind::AllDevices => Some(true),
                TargetKind::Group(group) | TargetKind::ExclusionGroup(group) => {
                    self.has_member(group, anchor)
                }
                // A domain join comes before there is a user.
                TargetKind::AllLicensedUsers | TargetKind::ConfigurationManagerCollection(_) => Some(false),
                // It may be an exclusion.
                TargetKind::Unknown(_) => return None,
            };
            let hit = if target.filter.is_some() && hit == Some(true) { None } else { hit };
            match (&target.kind, hit) {
                // An exclusion wins, whatever else there is.
                (TargetKind::ExclusionGroup(_), Some(true)) => return Some(false),
                (TargetKind::ExclusionGroup(_), None) => return None,
                (TargetKind::ExclusionGroup(_), Some(false)) => {}
                (_, Some(true)) => included = Some(true),
                (_, Some(false)) => {}
                (_, None) => included = included.filter(|included| *included),
            }
        }
        included
    }

    fn has_member(&self, group: &Id<Group>, anchor: &DirectoryDevice) -> Option<bool> {
        let members = self.groups.get(&group.as_str().to_lowercase())?;
        let direct = members.ids.contains(&anchor.id.as_str().to_lowercase());
        if direct || !members.nested { Some(direct) } else { None }
    }
}

/// Reads all domain join profiles with their assignments.
async fn read_profiles(client: &Client) -> Result<Vec<Assigned>> {
    let mut batch = AssignmentBatch::new(client);
    for stored in DomainJoinProfile::read(client, None).await? {
        let list = DomainJoinProfile::assignments(client, &stored.id).list();
        batch.add(effective(&stored), list);
    }
    let assigned = |(profile, found)| Assigned { profile, targets: targets(found) };
    Ok(batch.read().await?.into_iter().map(assigned).collect())
}

fn effective(stored: &Stored<DomainJoinProfile>) -> EffectiveDomainJoin {
    let mut profile = EffectiveDomainJoin::new(stored.settings.display_name.as_str());
    let wrong = stored.settings.lint().into_iter().find(|finding| finding.severity == Severity::Error);
    profile.problem = wrong.map(|finding| format!("{}: {}", finding.place, finding.evidence));
    profile
}

fn targets(assignments: Vec<Assignment>) -> Vec<Target> {
    assignments
        .into_iter()
        .filter(|assignment| assignment.intent != Some(AssignmentIntent::Remove))
        .map(|assignment| {
            let not_named = || Target::new(TargetKind::Unknown(Properties::new().into()));
            assignment.target.unwrap_or_else(not_named)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(profiles: Vec<(&str, Vec<Target>)>) -> JoinContext {
        let members =
            |ids: &[&str], nested| Members { ids: ids.iter().map(|id| (*id).to_owned()).collect(), nested };
        JoinContext {
            profiles: Lookup::Present(
                profiles
                    .into_iter()
                    .map(|(name, targets)| Assigned { profile: EffectiveDomainJoin::new(name), targets })
                    .collect(),
            ),
            groups: HashMap::from([
                ("in".to_owned(), members(&["anchor"], false)),
                ("out".to_owned(), members(&["other"], false)),
                ("nested".to_owned(), members(&["inner"], true)),
            ]),
            ..JoinContext::default()
        }
    }

    #[test]
    fn targets_are_added_up_and_exclusions_win() {
        let group = |id: &str| Target::group(id.parse().unwrap());
        let excluding = |id: &str| Target::excluding(id.parse().unwrap());
        let filtered = || {
            Target::all_devices()
                .with_filter("f".parse().unwrap(), crate::model::AssignmentFilterType::Include)
        };
        // As an assignment is read whose target was not reported.
        let not_named = || targets(vec![Assignment::new("a".parse().unwrap())]).remove(0);
        let anchor = DirectoryDevice::new("anchor".parse().unwrap());
        let names = |profiles: Vec<(&str, Vec<Target>)>| match context(profiles).domain_joins_of(&anchor) {
            Lookup::Present(found) => Some(
                found.iter().map(|profile| profile.display_name.to_string()).collect::<Vec<_>>().join(" "),
            ),
            _ => None,
        };
        for (targets, reaches) in [
            (vec![], Some(false)),
            (vec![Target::all_devices()], Some(true)),
            (vec![group("IN")], Some(true)),
            (vec![group("out")], Some(false)),
            (vec![group("out"), group("in")], Some(true)),
            (vec![Target::all_devices(), excluding("in")], Some(false)),
            (vec![excluding("in"), group("in")], Some(false)),
            (vec![group("in"), excluding("out")], Some(true)),
            (vec![group("nested")], None),
            (vec![group("nested"), group("in")], Some(true)),
            (vec![group("in"), excluding("nested")], None),
            (vec![group("unread")], None),
            (vec![filtered()], None),
            (vec![filtered(), group("in")], Some(true)),
            (vec![Target::new(TargetKind::AllLicensedUsers)], Some(false)),
            (vec![not_named()], None),
            (vec![group("in"), not_named()], None),
            (vec![excluding("in"), not_named()], Some(false)),
        ] {
            let expected = reaches.map(|reaches| if reaches { "A" } else { "" }.to_owned());
            assert_eq!(names(vec![("A", targets.clone())]), expected, "{targets:?}");
        }
        let both =
            vec![("A", vec![group("in")]), ("B", vec![group("out")]), ("C", vec![Target::all_devices()])];
        assert_eq!(names(both).as_deref(), Some("A C"));
        assert_eq!(JoinContext::default().domain_joins_of(&anchor), Lookup::Unknown);
    }
}
