//! Automatic enrollment: the users whose devices enroll in Intune when they join Microsoft Entra.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::observation::observation;
use super::{Group, Id, PolicyScope, Text};

/// The users whose devices enroll automatically.
///
/// ```
/// use windows_autopilot::model::MdmScope;
/// #[derive(serde::Deserialize)]
/// struct File { scope: MdmScope }
/// let file: File = toml::from_str(r#"scope.groups = ["9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e"]"#)?;
/// assert!(matches!(file.scope, MdmScope::Groups(groups) if groups.len() == 1));
/// assert!(toml::from_str::<File>("scope.groups = []").is_err());
/// # Ok::<(), toml::de::Error>(())
/// ```
///
/// For a hybrid join, the scope must include the users who set devices up: otherwise, enrollment fails with 0x8018002b.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MdmScope {
    /// No users.
    None,
    /// All users.
    All,
    /// The members of these groups, which must contain users. Empty if the groups were not requested.
    #[serde(deserialize_with = "some_groups")]
    Groups(BTreeSet<Id<Group>>),
}

/// A step from one scope to another. The service accepts only one step at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MdmScopeStep {
    /// Set `appliesTo` to `none`.
    ApplyToNone,
    /// Set `appliesTo` to `all`; this also removes all included groups.
    ApplyToAll,
    /// Include a group; this also sets `appliesTo` to `selected`, which cannot be set directly.
    Include(Id<Group>),
    /// Stop including a group.
    Exclude(Id<Group>),
}

observation! {
    /// The mobility policy of one device management application, such as Intune.
    ///
    /// Accessible to signed-in users only: no application permission works.
    pub struct MdmPolicy = "mobilityManagementPolicy", id: Id<MdmPolicy> {
        applies_to: PolicyScope = "appliesTo", "The kind of scope: see [`MdmPolicy::scope`].";
        compliance_url: Text = "complianceUrl", "The URL for compliance checks. Each cloud has its own.";
        description: Text = "description", "A description.";
        discovery_url: Text = "discoveryUrl", "The URL for enrollment. Each cloud has its own.";
        display_name: Text = "displayName", "The name of the application, such as `Microsoft Intune`.";
        is_valid: bool = "isValid", "Whether the policy can be changed; an invalid one has to be deleted.";
        terms_of_use_url: Text = "termsOfUseUrl", "The URL of the terms of use.";
    }
    beside {
        /// Whether enrollment is off despite the scope. Documented, but not in the metadata.
        is_mdm_enrollment_during_registration_disabled: bool = "isMdmEnrollmentDuringRegistrationDisabled";
        /// The included groups, if they were requested.
        included_groups: Vec<GroupReference> = "includedGroups";
    }
}

observation! {
    /// Another object's reference to a group.
    pub struct GroupReference = "group", id: Id<Group> {
        display_name: Text = "displayName", "The group's name.";
    }
}

impl MdmPolicy {
    /// The id of Intune's application, reportedly also the id of its policy. This is undocumented: if no policy has
    /// this id, search for the name `Microsoft Intune`.
    pub const INTUNE_APPLICATION_ID: &'static str = "0000000a-0000-0000-c000-000000000000";

    /// Returns `true` if this is Intune's policy, by its id or its name.
    #[inline]
    pub fn is_intune(&self) -> bool {
        let named =
            self.display_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("Microsoft Intune"));
        named || self.id.as_str().eq_ignore_ascii_case(Self::INTUNE_APPLICATION_ID)
    }

    /// Returns the users in the scope; `None` if the service does not report them or reports an unrecognized value.
    #[inline]
    pub fn scope(&self) -> Option<MdmScope> {
        match self.applies_to.as_ref()? {
            PolicyScope::None => Some(MdmScope::None),
            PolicyScope::All => Some(MdmScope::All),
            PolicyScope::Selected => Some(MdmScope::Groups(self.groups().cloned().collect())),
            _ => None,
        }
    }

    #[inline]
    fn groups(&self) -> impl Iterator<Item = &Id<Group>> {
        self.included_groups.iter().flatten().map(|group| &group.id)
    }
}

impl MdmScope {
    /// Returns the steps that bring a policy to this scope, in an order that never leaves out a user who should enroll.
    /// The policy must have been read with its included groups. The list is empty if the policy already has the scope.
    ///
    /// ```
    /// use windows_autopilot::model::{MdmPolicy, MdmScope, MdmScopeStep, PolicyScope};
    /// let mut policy = MdmPolicy::new(MdmPolicy::INTUNE_APPLICATION_ID.parse()?);
    /// policy.applies_to = Some(PolicyScope::None);
    /// let group: windows_autopilot::model::Id<_> = "9c2a5b1e-6a0e-4f0c-9d3e-1f2a3b4c5d6e".parse()?;
    /// let desired = MdmScope::Groups([group.clone()].into());
    /// assert_eq!(desired.steps_from(&policy), [MdmScopeStep::Include(group)]);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    #[inline]
    pub fn steps_from(&self, policy: &MdmPolicy) -> Vec<MdmScopeStep> {
        let applies_to = policy.applies_to.as_ref();
        match self {
            _ if policy.scope().as_ref() == Some(self) => Vec::new(),
            Self::None => vec![MdmScopeStep::ApplyToNone],
            Self::All => vec![MdmScopeStep::ApplyToAll],
            Self::Groups(wanted) => {
                let mut held = BTreeSet::new();
                held.extend(policy.groups().cloned());
                let missing: Vec<&Id<Group>> = wanted.iter().filter(|id| !held.contains(id)).collect();
                let mut steps = Vec::new();
                if missing.is_empty() && applies_to != Some(&PolicyScope::Selected) {
                    // Only including a group selects groups: one that a former scope has left behind goes out and in.
                    if let Some(first) = wanted.iter().next() {
                        steps.push(MdmScopeStep::Exclude(first.clone()));
                        steps.push(MdmScopeStep::Include(first.clone()));
                    }
                }
                steps.extend(missing.into_iter().cloned().map(MdmScopeStep::Include));
                let surplus = held.into_iter().filter(|id| !wanted.contains(id));
                steps.extend(surplus.map(MdmScopeStep::Exclude));
                steps
            }
        }
    }
}

#[inline]
fn some_groups<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Id<Group>>, D::Error> {
    let groups = BTreeSet::deserialize(deserializer)?;
    if groups.is_empty() {
        return Err(serde::de::Error::custom("no group is listed; write the ids of groups, or none"));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn policy(applies_to: &str, groups: &[&str]) -> MdmPolicy {
        let groups: Vec<Value> = groups.iter().map(|id| json!({ "id": id })).collect();
        from_value(json!({ "id": "1", "appliesTo": applies_to, "includedGroups": groups })).unwrap()
    }

    fn scope(groups: &[&str]) -> MdmScope {
        MdmScope::Groups(groups.iter().map(|id| id.parse().unwrap()).collect())
    }

    /// Applies a step as the service does.
    fn apply(step: &MdmScopeStep, policy: &mut MdmPolicy) {
        let groups = policy.included_groups.get_or_insert_default();
        match step {
            MdmScopeStep::ApplyToNone => policy.applies_to = Some(PolicyScope::None),
            MdmScopeStep::ApplyToAll => {
                policy.applies_to = Some(PolicyScope::All);
                groups.clear();
            }
            MdmScopeStep::Include(id) => {
                assert!(groups.iter().all(|group| group.id != *id), "including twice is an error 400");
                groups.push(GroupReference::new(id.clone()));
                policy.applies_to = Some(PolicyScope::Selected);
            }
            MdmScopeStep::Exclude(id) => {
                let before = groups.len();
                groups.retain(|group| group.id != *id);
                assert_eq!(groups.len(), before - 1, "excluding a stranger is an error 404");
            }
        }
    }

    #[test]
    fn the_steps_lead_to_the_scope_and_a_second_run_has_none() {
        let groups: [(&str, &[&str]); 4] =
            [("none", &[]), ("none", &["a"]), ("all", &[]), ("selected", &["a", "b"])];
        let policies = groups.map(|(applies_to, groups)| policy(applies_to, groups));
        let scopes = [MdmScope::None, MdmScope::All, scope(&["a"]), scope(&["b", "c"])];
        for current in &policies {
            for wanted in &scopes {
                let mut policy = current.clone();
                for step in wanted.steps_from(&policy) {
                    apply(&step, &mut policy);
                }
                assert_eq!(policy.scope().as_ref(), Some(wanted), "{current:?}");
                assert_eq!(wanted.steps_from(&policy), [], "{current:?}");
            }
        }
    }

    #[test]
    fn groups_are_included_before_others_are_excluded() {
        let id = |text: &str| text.parse().unwrap();
        let steps = scope(&["b", "c"]).steps_from(&policy("selected", &["a", "b"]));
        assert_eq!(steps, [MdmScopeStep::Include(id("c")), MdmScopeStep::Exclude(id("a"))]);
    }

    #[test]
    fn a_scope_that_is_not_known_is_none() {
        assert_eq!(policy("unknownFutureValue", &[]).scope(), None);
        assert_eq!(policy("new", &[]).scope(), None);
        assert_eq!(from_value::<MdmPolicy>(json!({ "id": "1" })).unwrap().scope(), None);
    }

    #[test]
    fn the_policy_of_intune_is_known_by_id_or_name() {
        let mut policy = policy("all", &[]);
        assert!(!policy.is_intune());
        policy.display_name = Some("Microsoft Intune".into());
        assert!(policy.is_intune());
        assert!(MdmPolicy::new(MdmPolicy::INTUNE_APPLICATION_ID.parse().unwrap()).is_intune());
    }
}
