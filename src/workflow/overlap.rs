//! The conflicts of several deployments in one tenant.

use super::findings::*;
use super::hybrid_join::{DomainJoinTarget, HybridJoin, MdmUserScope, MemberSelection};
use super::object::ManagedObject;
use crate::model::{
    DomainJoinProfile, EnrollmentStatusPage, Finding, Group, HybridJoinProfile, SkipUserStatusPage,
};

/// Returns conflicts between deployments for the same tenant, without sending a request.
///
/// ```
/// use windows_autopilot::workflow::{HybridJoin, overlaps};
/// let deployment = |name: &str, group: &str| {
///     toml::from_str::<HybridJoin>(&format!(
///         "name = '{name}'\nactive_directory.domain = 'corp.contoso.com'\n\
///          [group]\ndisplay_name = '{group}'\nmembers.group_tag = 'Munich'"
///     ))
/// };
/// let findings = overlaps(&[deployment("Munich", "Autopilot Munich")?, deployment("Berlin", "Autopilot Berlin")?]);
/// assert_eq!(findings[0].id, "overlap.devices"); // both select the devices with the tag `Munich`
/// # Ok::<(), toml::de::Error>(())
/// ```
///
/// Each finding's place is the name of the second deployment.
pub fn overlaps(deployments: &[HybridJoin]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, first) in deployments.iter().enumerate() {
        for second in deployments.iter().skip(index.saturating_add(1)) {
            Pair { first, second }.check(&mut findings);
        }
    }
    findings
}

struct Pair<'a> {
    first: &'a HybridJoin,
    second: &'a HybridJoin,
}

impl Pair<'_> {
    fn check(&self, findings: &mut Vec<Finding>) {
        let Self { first, second } = self;
        if first.name == second.name {
            let evidence = format!("two deployments are called {}", first.name);
            findings.push(OVERLAP_DEPLOYMENT_NAME.at(second.name.as_str(), evidence));
        }
        self.same_names(findings);
        self.same_devices(findings);
        self.same_scope_users(findings);
        let joins = [first, second].map(|of| of.domain_join.as_ref());
        if let [Some(one), Some(other)] = joins
            && one.display_name != other.display_name
            && [one, other].iter().any(|join| join.assign_to == DomainJoinTarget::AllDevices)
        {
            let evidence = format!(
                "{} and {} both reach devices of one of them, and a device must get exactly one",
                one.display_name, other.display_name
            );
            findings.push(OVERLAP_DOMAIN_JOIN.at(second.name.as_str(), evidence));
        }
        let taken_away = |of: &HybridJoin, by: &HybridJoin| match (&of.mdm_scope, &by.mdm_scope) {
            (Some(MdmUserScope::Groups(theirs)), Some(MdmUserScope::Groups(ours)))
                if by.remove_other_assignments =>
            {
                theirs.iter().any(|group| !ours.contains(group))
            }
            (Some(MdmUserScope::All), Some(MdmUserScope::Groups(_))) => by.remove_other_assignments,
            _ => false,
        };
        if taken_away(first, second) || taken_away(second, first) {
            let evidence = format!("{} and {} set the MDM user scope in turn", first.name, second.name);
            findings.push(OVERLAP_MDM_SCOPE.at(second.name.as_str(), evidence));
        }
    }

    /// Checks for users in both MDM user scopes: one deployment's teardown can remove the other's.
    fn same_scope_users(&self, findings: &mut Vec<Finding>) {
        let shared = match (&self.first.mdm_scope, &self.second.mdm_scope) {
            (Some(MdmUserScope::Groups(one)), Some(MdmUserScope::Groups(other))) => {
                let shared = one.iter().filter(|group| other.contains(group));
                shared.map(|group| group.as_str()).collect::<Vec<_>>().join(", ")
            }
            (Some(MdmUserScope::All), Some(MdmUserScope::All)) => "all users".to_owned(),
            (Some(MdmUserScope::All), Some(MdmUserScope::Groups(groups)))
            | (Some(MdmUserScope::Groups(groups)), Some(MdmUserScope::All)) => {
                groups.iter().map(|group| group.as_str()).collect::<Vec<_>>().join(", ")
            }
            (None, _) | (_, None) => return,
        };
        if !shared.is_empty() {
            let (first, second) = (&self.first.name, &self.second.name);
            let evidence = format!("{first} and {second} both have {shared} in the MDM user scope");
            findings.push(OVERLAP_MDM_GROUP.at(second.as_str(), evidence));
        }
    }

    /// Checks for different objects of the same type and name: in the tenant they are one object.
    fn same_names(&self, findings: &mut Vec<Finding>) {
        let Self { first, second } = self;
        let mut clash = |kind: &str, name: fn(&HybridJoin) -> Option<&str>, same: bool| {
            if let Some(name) = name(first).filter(|one| !same && name(second) == Some(*one)) {
                let evidence = format!(
                    "{} and {} have different settings for the {kind} {name}",
                    first.name, second.name
                );
                findings.push(OVERLAP_NAME.at(second.name.as_str(), evidence));
            }
        };
        // Who takes others' assignments away must not share what is assigned.
        let may_share = !(first.remove_other_assignments || second.remove_other_assignments)
            || first.group == second.group;
        clash("group", Group::desired_name, first.group == second.group);
        let same = first.page_settings() == second.page_settings();
        clash("enrollment status page", EnrollmentStatusPage::desired_name, same && may_share);
        let same = first.skip_settings() == second.skip_settings();
        clash("policy that skips account setup", SkipUserStatusPage::desired_name, same && may_share);
        let same = first.profile_settings() == second.profile_settings();
        clash("profile", HybridJoinProfile::desired_name, same && may_share);
        let target = |of: &HybridJoin| {
            of.domain_join.as_ref().map(|join| (join.assign_to, join.network_access_configurations.clone()))
        };
        let same =
            first.domain_join_settings() == second.domain_join_settings() && target(first) == target(second);
        clash("domain join profile", DomainJoinProfile::desired_name, same && may_share);
    }

    /// Checks for devices in both groups: they get the older of the two profiles.
    fn same_devices(&self, findings: &mut Vec<Finding>) {
        let (Some(one), Some(other)) = (&self.first.group, &self.second.group) else { return };
        if one.display_name == other.display_name {
            return;
        }
        let all = |members: &MemberSelection| matches!(members, MemberSelection::AllAutopilotDevices);
        let whose = match (&one.members, &other.members) {
            (MemberSelection::GroupTag(a), MemberSelection::GroupTag(b))
                if a.as_str().eq_ignore_ascii_case(b.as_str()) =>
            {
                format!("devices with the group tag {a}")
            }
            (MemberSelection::Rule(a), MemberSelection::Rule(b)) if a == b => {
                "the devices of the same rule".to_owned()
            }
            (a, b) if all(a) || all(b) => "devices that are registered".to_owned(),
            _ => return,
        };
        let evidence =
            format!("the groups {} and {} both have {whose}", one.display_name, other.display_name);
        findings.push(OVERLAP_DEVICES.at(self.second.name.as_str(), evidence));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(name: &str, rest: &str) -> HybridJoin {
        let text = format!(
            "name='{name}'\n{rest}\n[active_directory]\ndomain='corp.contoso.com'\n\
             [group]\ndisplay_name='Group {name}'\nmembers.group_tag='{name}'\n\
             [profile]\ndisplay_name='Profile {name}'\n\
             [enrollment_status_page]\ndisplay_name='Page {name}'\n\
             [domain_join]\ndisplay_name='Join {name}'\ncomputer_name_prefix='X'\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn name(text: &str) -> crate::model::DisplayName {
        text.parse().unwrap()
    }

    #[test]
    fn deployments_with_names_and_tags_of_their_own_do_not_overlap() {
        let scope = |group: &str| format!("mdm_scope.groups=['{group}']");
        let all = ["a", "b", "c"].map(|of| deployment(of, &scope(of)));
        assert_eq!(overlaps(&all), []);
    }

    #[test]
    fn each_kind_of_overlap_is_found() {
        type Change = fn(&mut HybridJoin);
        let cases: &[(&str, &str, Change)] = &[
            ("", "overlap.deployment-name", |b| b.name = name("a")),
            ("", "overlap.devices", |b| {
                b.group.as_mut().unwrap().members = MemberSelection::AllAutopilotDevices
            }),
            ("", "overlap.devices", |b| {
                b.group.as_mut().unwrap().members = MemberSelection::GroupTag("A".parse().unwrap());
            }),
            ("", "overlap.name", |b| b.group.as_mut().unwrap().display_name = name("Group a")),
            ("", "overlap.name", |b| {
                let profile = b.profile.as_mut().unwrap();
                profile.display_name = "Profile a".parse().unwrap();
                profile.eula_hidden = !profile.eula_hidden;
            }),
            ("", "overlap.name", |b| {
                b.domain_join.as_mut().unwrap().display_name = name("Join a");
                b.active_directory.organizational_unit =
                    Some("OU=B,DC=corp,DC=contoso,DC=com".parse().unwrap());
            }),
            ("", "overlap.name", |b| {
                let page = b.enrollment_status_page.as_mut().unwrap();
                page.display_name = name("Page a");
                page.install_quality_updates = true;
            }),
            ("", "overlap.domain-join", |b| {
                b.domain_join.as_mut().unwrap().assign_to = DomainJoinTarget::AllDevices;
            }),
            ("mdm_scope.groups=['u']", "overlap.mdm-group", |_| {}),
            ("mdm_scope='all'", "overlap.mdm-group", |_| {}),
            ("mdm_scope='all'", "overlap.mdm-group", |b| {
                b.mdm_scope = Some(MdmUserScope::Groups(vec![name("v")]));
            }),
            ("mdm_scope.groups=['u']", "overlap.mdm-scope", |b| {
                b.mdm_scope = Some(MdmUserScope::Groups(vec![name("v")]));
                b.remove_other_assignments = true;
            }),
        ];
        for (rest, id, change) in cases {
            let [a, mut b] = ["a", "b"].map(|of| deployment(of, rest));
            change(&mut b);
            let found = overlaps(&[a, b]);
            assert_eq!(found.iter().map(|finding| &*finding.id).collect::<Vec<_>>(), [*id]);
        }
    }

    #[test]
    fn two_deployments_may_share_an_object_that_both_wish_the_same() {
        let [a, mut b] = ["a", "b"].map(|of| deployment(of, ""));
        b.profile.clone_from(&a.profile);
        b.enrollment_status_page.clone_from(&a.enrollment_status_page);
        assert_eq!(overlaps(&[a, b]), []);
    }
}
