//! The MDM user scope of a deployment: its change, the record of the previous scope, and its restoration.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::findings::MDM_SCOPE_DROPS;
use crate::foreign::line;
use crate::model::{Finding, Group, Id, MdmPolicy, MdmScope, PolicyScope};

/// The subject of steps and findings about the scope.
pub(super) const MDM_USER_SCOPE: &str = "MDM user scope";

/// The users whose devices enroll automatically in a tenant. `Display` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserScope {
    /// No users.
    Nobody,
    /// All users.
    All,
    /// The members of these groups, each with its name; the name is empty if the service did not report it.
    Groups(BTreeMap<Id<Group>, String>),
    /// Not known, because the service did not report the scope.
    Unknown,
}

impl UserScope {
    /// Returns the scope of a policy that was read with its groups.
    pub(super) fn of(policy: &MdmPolicy) -> Self {
        let groups = policy.included_groups.as_ref().map(|groups| {
            let name = |name: &Option<crate::model::Text>| name.as_deref().unwrap_or_default().to_owned();
            groups.iter().map(|group| (group.id.clone(), name(&group.display_name))).collect()
        });
        match (&policy.applies_to, groups) {
            (Some(PolicyScope::None), _) => Self::Nobody,
            (Some(PolicyScope::All), _) => Self::All,
            (Some(PolicyScope::Selected), Some(groups)) => Self::of_groups(groups),
            _ => Self::Unknown,
        }
    }

    /// Creates the scope of these groups; with no groups it includes nobody.
    fn of_groups(groups: BTreeMap<Id<Group>, String>) -> Self {
        if groups.is_empty() { Self::Nobody } else { Self::Groups(groups) }
    }

    /// Returns the scope as a desired one; `None` if it is unknown or nobody's, which this crate never sets.
    pub(super) fn to_wish(&self) -> Option<MdmScope> {
        match self {
            Self::Nobody | Self::Unknown => None,
            Self::All => Some(MdmScope::All),
            Self::Groups(groups) => Some(MdmScope::Groups(groups.keys().cloned().collect())),
        }
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = (&Id<Group>, &str)> {
        let groups = if let Self::Groups(groups) = self { Some(groups) } else { None };
        groups.into_iter().flatten().map(|(id, name)| (id, name.as_str()))
    }

    pub(super) fn has(&self, group: &Id<Group>) -> bool {
        matches!(self, Self::Groups(groups) if groups.contains_key(group))
    }

    /// Returns the scope without the groups that `keep` rejects.
    pub(super) fn retained(&self, keep: impl Fn(&Id<Group>) -> bool) -> Self {
        match self {
            Self::Groups(groups) => {
                let kept = groups.iter().filter(|(id, _)| keep(id));
                Self::of_groups(kept.map(|(id, name)| (id.clone(), name.clone())).collect())
            }
            other => other.clone(),
        }
    }

    /// Returns the scope with these groups, which select groups if it had none.
    pub(super) fn with_groups(self, added: &BTreeMap<Id<Group>, String>) -> Self {
        match self {
            scope if added.is_empty() => scope,
            Self::Groups(mut groups) => {
                groups.extend(added.clone());
                Self::Groups(groups)
            }
            Self::Nobody | Self::All | Self::Unknown => Self::Groups(added.clone()),
        }
    }

    /// Returns `true` if both are known and have the same users; group names are ignored.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nobody, Self::Nobody) | (Self::All, Self::All) => true,
            (Self::Groups(one), Self::Groups(other)) => one.keys().eq(other.keys()),
            _ => false,
        }
    }

    fn has_all_of(&self, other: &Self) -> bool {
        other.groups().all(|(id, _)| self.has(id))
    }

    /// Returns `true` if a change from `before` to `after`, or back, passes through this scope: groups enter one by one
    /// before others leave, and the first one replaces a scope of all users.
    pub(super) fn is_between(&self, before: &Self, after: &Self) -> bool {
        if self.same_as(before) || self.same_as(after) {
            return true;
        }
        match (before, after) {
            (Self::All, Self::Groups(_)) => self.is_some_of(after),
            (Self::Groups(_), Self::All) => self.is_some_of(before),
            (Self::Groups(_) | Self::Nobody, Self::Groups(_)) => {
                matches!(self, Self::Groups(_))
                    && (self.has_all_of(before) || self.has_all_of(after))
                    && self.groups().all(|(id, _)| before.has(id) || after.has(id))
            }
            _ => false,
        }
    }

    fn is_some_of(&self, other: &Self) -> bool {
        matches!(self, Self::Groups(_)) && other.has_all_of(self)
    }
}

impl fmt::Display for UserScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::All => f.write_str("all users"),
            Self::Groups(groups) => {
                let labels: Vec<String> = groups.iter().map(|(id, name)| label(id, name)).collect();
                f.write_str(&labels.join(", "))
            }
            Self::Unknown => f.write_str("not known"),
        }
    }
}

fn label(id: &Id<Group>, name: &str) -> String {
    if name.is_empty() { format!("group {id}") } else { format!("group {}", line(name)) }
}

/// The desired scope, and the policy that it was planned for.
pub(super) struct ScopeTodo {
    pub(super) policy: MdmPolicy,
    /// The scope in the settings.
    pub(super) wish: UserScope,
    /// Whether groups outside the settings are kept.
    pub(super) keeps_others: bool,
}

impl ScopeTodo {
    /// Returns the target scope for this policy. Groups that others added are kept, unless the deployment removes
    /// others.
    pub(super) fn target(&self, policy: &MdmPolicy) -> UserScope {
        let now = UserScope::of(policy);
        match (&self.wish, now) {
            (UserScope::Groups(_), UserScope::All) if self.keeps_others => UserScope::All,
            (UserScope::Groups(wanted), UserScope::Groups(mut held)) if self.keeps_others => {
                for (id, name) in wanted {
                    held.entry(id.clone()).or_insert_with(|| name.clone());
                }
                UserScope::Groups(held)
            }
            (wish, _) => wish.clone(),
        }
    }

    /// Returns descriptions of what enters and leaves the scope.
    pub(super) fn labels(&self) -> (Vec<String>, Vec<String>) {
        let (now, then) = (UserScope::of(&self.policy), self.target(&self.policy));
        (joining(&now, &then), joining(&then, &now))
    }

    /// Returns the finding about the groups that the change drops from the scope.
    pub(super) fn dropped(&self) -> Option<Finding> {
        let (now, then) = (UserScope::of(&self.policy), self.target(&self.policy));
        let dropped: Vec<String> = match (&now, &then) {
            (UserScope::All, UserScope::Groups(_)) => vec!["all users".to_owned()],
            _ => {
                let gone = now.groups().filter(|(id, _)| !then.has(id));
                gone.map(|(id, name)| if name.is_empty() { id.to_string() } else { name.to_owned() })
                    .collect()
            }
        };
        let what = match dropped.len() {
            0 => return None,
            _ if now == UserScope::All => "drops".to_owned(),
            1 => "drops 1 group:".to_owned(),
            count => format!("drops {count} groups:"),
        };
        let evidence = format!("{what} {}; now: {now}; after the plan: {then}", dropped.join(", "));
        Some(MDM_SCOPE_DROPS.at(MDM_USER_SCOPE, evidence))
    }
}

/// Describes the members of `then` that are not in `now`.
fn joining(now: &UserScope, then: &UserScope) -> Vec<String> {
    match then {
        UserScope::All if *now != UserScope::All => vec!["all users".to_owned()],
        _ => then.groups().filter(|(id, _)| !now.has(id)).map(|(id, name)| label(id, name)).collect(),
    }
}

/// Returns the scope to record as the one before a deployment's changes.
///
/// `earlier` is the record of the deployment's last change: the scopes before and after it. If the tenant still has the
/// latter, the result is the scope before it; otherwise another change was made in between, and the result is the
/// current scope without the deployment's groups.
pub(super) fn before_change(earlier: Option<(&UserScope, &UserScope)>, now: &UserScope) -> UserScope {
    match earlier {
        Some((before, after)) if now.is_between(before, after) => before.clone(),
        Some((before, after)) => now.retained(|id| !after.has(id) || before.has(id)),
        None => now.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(ids: &[&str]) -> UserScope {
        UserScope::of_groups(ids.iter().map(|id| (id.parse().unwrap(), (*id).to_owned())).collect())
    }

    #[test]
    fn the_first_scope_stays_on_record_through_resumed_and_later_runs() {
        for (earlier, now, before) in [
            (None, groups(&["x"]), groups(&["x"])),
            // A run that was killed at each of its steps.
            (Some((groups(&["x", "y"]), groups(&["a"]))), groups(&["x", "y"]), groups(&["x", "y"])),
            (Some((groups(&["x", "y"]), groups(&["a"]))), groups(&["x", "y", "a"]), groups(&["x", "y"])),
            (Some((groups(&["x", "y"]), groups(&["a"]))), groups(&["y", "a"]), groups(&["x", "y"])),
            (Some((groups(&["x", "y"]), groups(&["a"]))), groups(&["a"]), groups(&["x", "y"])),
            (Some((groups(&["x"]), UserScope::All)), UserScope::All, groups(&["x"])),
            // Somebody has added a group since.
            (Some((UserScope::Nobody, groups(&["a"]))), groups(&["a", "c"]), groups(&["c"])),
            (Some((groups(&["x"]), groups(&["x", "a"]))), groups(&["c", "a"]), groups(&["c"])),
            (Some((groups(&["x"]), groups(&["x", "a"]))), UserScope::All, UserScope::All),
            (Some((groups(&["x"]), UserScope::All)), groups(&["c"]), groups(&["c"])),
        ] {
            let earlier = earlier.as_ref().map(|(before, after)| (before, after));
            assert_eq!(before_change(earlier, &now), before, "{earlier:?} {now}");
        }
    }

    #[test]
    fn what_is_not_known_is_the_same_as_nothing() {
        let unknown = UserScope::Unknown;
        assert!(!unknown.same_as(&unknown) && !unknown.is_between(&groups(&["x"]), &groups(&["x", "a"])));
        assert!(!UserScope::All.is_between(&groups(&["x"]), &groups(&["x", "a"])));
        assert!(!UserScope::Nobody.is_between(&groups(&["x"]), &groups(&["x", "a"])));
        // Somebody else has taken groups out.
        assert!(!groups(&["y"]).is_between(&groups(&["x", "y"]), &groups(&["a"])));
    }
}
