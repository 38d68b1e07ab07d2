//! The desired state of a deployment.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::rule::MembershipRule;
use crate::model::{
    AdDomain, ComputerNamePrefix, DisplayName, DomainJoinProfile, EnrollmentStatusPage, Group, GroupTag,
    HybridJoinProfile, Membership, OrganizationalUnit, SkipUserStatusPage, Text,
};

/// The desired state of a Microsoft Entra hybrid join deployment: the settings for its ten [steps](super::Step).
///
/// Parts that are managed elsewhere may be left out. In a file, keys are in snake case, and an unknown key is an error
/// ([`suggest_key`] returns the nearest known key):
///
/// ```
/// use windows_autopilot::workflow::HybridJoin;
/// let desired: HybridJoin = toml::from_str(r#"
///     name = "Munich"
///
///     [active_directory]
///     domain = "corp.contoso.com"
///     organizational_unit = "OU=Autopilot,DC=corp,DC=contoso,DC=com"
///
///     [group]
///     display_name = "Autopilot Munich"
///     members.group_tag = "Munich"
///
///     [profile]
///     display_name = "Contoso hybrid Munich"
///
///     [domain_join]
///     display_name = "Contoso domain join Munich"
///     computer_name_prefix = "MUC-"
/// "#)?;
/// assert!(desired.lint().is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
///
/// Several deployments can coexist in one tenant if each uses its own names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HybridJoin {
    /// The name used in messages and reports; it is not the name of any object in the tenant.
    pub name: DisplayName,
    /// Step 1: the users whose devices enroll automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mdm_scope: Option<MdmUserScope>,
    /// Step 2: the Intune Connectors that serve the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connectors: Option<ExpectedConnectors>,
    /// Steps 2, 3 and 8: the domain and the organizational unit.
    pub active_directory: ActiveDirectory,
    /// Step 5: the device group. Step 4 sets the group's tag on devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<DeviceGroup>,
    /// Step 6: the enrollment status page, assigned to the group. The apps that it waits for are selected by id or by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_status_page: Option<EnrollmentStatusPage>,
    /// Step 6: the policy that skips account setup on the page, assigned to the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_user_status_page: Option<SkipUserStatusPage>,
    /// Step 6: the priority of the page; 1 comes first. By default, a new page comes last, and an existing one keeps
    /// its priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_priority: Option<NonZeroU32>,
    /// Step 7: the deployment profile, assigned to the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<HybridJoinProfile>,
    /// Step 8: the domain join profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_join: Option<DomainJoin>,
    /// Steps 6, 7 and 8: the ids of the scope tags for objects without their own. Groups have no scope tags.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub role_scope_tag_ids: BTreeSet<Text>,
    /// Steps 6, 7 and 8: groups and filters in addition to the device group.
    #[serde(default, skip_serializing_if = "AssignmentSettings::is_default")]
    pub assignments: AssignmentSettings,
    /// Step 9: the assignment of users to devices.
    #[serde(default, skip_serializing_if = "UserAssignment::is_default")]
    pub user_assignment: UserAssignment,
    /// Whether a plan removes assignments that are not part of this deployment from the deployment's own objects, and
    /// other groups from the MDM user scope. By default, both are kept so that deployments can coexist.
    #[serde(default)]
    pub remove_other_assignments: bool,
}

/// The assignment of users to devices.
///
/// **Do not assign users in a hybrid join**: when an assigned user first signs in, the device joins Entra ID only and
/// can no longer join the domain, and the deployment ends with 0x80070774. Microsoft calls this the most frequent cause
/// of that error, although its tutorial lists the assignment as an optional step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserAssignment {
    /// Neither assigns nor unassigns users. A device with an assigned user stops the plan.
    #[default]
    Leave,
    /// Unassigns users from the deployment's devices.
    Unassign,
    /// Assigns a user to each device that specifies one. For tests only; see the warning above.
    Assign,
}

impl UserAssignment {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The users whose devices enroll automatically.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MdmUserScope {
    /// All users.
    All,
    /// The members of the groups with these names.
    Groups(Vec<DisplayName>),
}

/// The Intune Connectors that serve the domain.
///
/// ```
/// use windows_autopilot::workflow::ExpectedConnectors;
/// let mut connectors = ExpectedConnectors::default();
/// connectors.names = vec!["ODJ-01".into(), "ODJ-02".into()];
/// connectors.min_healthy = 2;
/// ```
///
/// Graph does not show which domain a connector serves, so list the domain's connectors by name. Without names, every
/// connector in the tenant is counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ExpectedConnectors {
    /// The names of the servers.
    pub names: Vec<Text>,
    /// The minimum number of healthy connectors; 1 by default. Two are safer because one server can then be restarted.
    pub min_healthy: usize,
    /// The maximum age of a connector's last contact, in hours; 24 by default. Microsoft documents no limit.
    pub max_contact_age_hours: u32,
}

impl Default for ExpectedConnectors {
    fn default() -> Self {
        Self { names: Vec::new(), min_healthy: 1, max_contact_age_hours: 24 }
    }
}

impl ExpectedConnectors {
    /// Returns the maximum age of a connector's last contact.
    pub fn max_contact_age(&self) -> Duration {
        Duration::from_secs(u64::from(self.max_contact_age_hours) * 3600)
    }
}

/// The domain and the organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActiveDirectory {
    /// The DNS name of the domain.
    pub domain: AdDomain,
    /// The organizational unit for computer accounts; by default, the domain's default container. The connector needs
    /// rights there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizational_unit: Option<OrganizationalUnit>,
    /// Whether an administrator has confirmed step 3, that is, that every connector is allowed to create computer
    /// accounts in the unit or container. `false` by default.
    ///
    /// Graph does not show that right. Without it, the first ten devices get through and all others fail, so until this
    /// is set, a plan tells the administrator not to switch on any devices.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rights_confirmed: bool,
}

/// The device group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeviceGroup {
    /// The name. No other group may have the same name.
    pub display_name: DisplayName,
    /// The description of the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The selection of the group's members.
    pub members: MemberSelection,
}

/// The selection of a device group's members.
///
/// ```
/// use windows_autopilot::workflow::HybridJoin;
/// let desired: HybridJoin = toml::from_str(r#"
///     name = "Munich"
///     active_directory.domain = "corp.contoso.com"
///     group = { display_name = "Autopilot Munich", members.rule = "(device.deviceModel -startsWith \"Latitude\")" }
/// "#)?;
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MemberSelection {
    /// Devices with this group tag. Imported devices get the tag.
    GroupTag(GroupTag),
    /// All devices that are registered for Autopilot.
    AllAutopilotDevices,
    /// Devices that a rule matches.
    Rule(MembershipRule),
    /// Members that an administrator or another tool adds.
    Assigned,
}

/// The domain join profile. Its domain and organizational unit come from [`HybridJoin::active_directory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DomainJoin {
    /// The name of the domain join profile.
    pub display_name: DisplayName,
    /// The description of the domain join profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The fixed prefix of computer names; random characters follow, up to 15 characters in total.
    pub computer_name_prefix: ComputerNamePrefix,
    /// The names of the device configurations that a device needs to reach the network, such as Wi-Fi, VPN or
    /// certificates. The profile links to them; by default, its links are left unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "some_names")]
    pub network_access_configurations: Vec<DisplayName>,
    /// The ids of the scope tags; by default, those of the deployment.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub role_scope_tag_ids: BTreeSet<Text>,
    /// The target of the profile's assignment.
    #[serde(default)]
    pub assign_to: DomainJoinTarget,
}

/// The target of the domain join profile's assignment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DomainJoinTarget {
    /// The device group, which allows several domains or organizational units side by side.
    #[default]
    Group,
    /// All devices, as in Microsoft's tutorial. Intended for *Autopilot for existing devices*: a device that is set up
    /// from a configuration file has no directory object that could be in a group. With this target, the tenant can have
    /// only one domain join profile.
    AllDevices,
}

/// The assignments of a deployment's objects, in addition to those to the device group.
///
/// ```
/// use windows_autopilot::workflow::HybridJoin;
/// let desired: HybridJoin = toml::from_str(r#"
///     name = "Munich"
///     active_directory.domain = "corp.contoso.com"
///     group = { display_name = "Autopilot Munich", members.group_tag = "Munich" }
///     profile.display_name = "Contoso hybrid Munich"
///
///     [assignments.profile]
///     groups = ["Pilot devices"]
///     excluded_groups = ["Kiosks"]
///     filter = { name = "Contoso laptops", mode = "include" }
/// "#)?;
/// assert_eq!(desired.assignments.profile.groups[0].as_str(), "Pilot devices");
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AssignmentSettings {
    /// The assignments of the deployment profile.
    #[serde(skip_serializing_if = "PartAssignment::is_default")]
    pub profile: PartAssignment,
    /// The assignments of the enrollment status page.
    #[serde(skip_serializing_if = "PartAssignment::is_default")]
    pub enrollment_status_page: PartAssignment,
    /// The assignments of the domain join profile.
    #[serde(skip_serializing_if = "PartAssignment::is_default")]
    pub domain_join: PartAssignment,
    /// The assignments of the policy that skips account setup.
    #[serde(skip_serializing_if = "PartAssignment::is_default")]
    pub skip_user_status_page: PartAssignment,
}

impl AssignmentSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns each part with its name in a file.
    pub(super) fn parts(&self) -> [(&'static str, &PartAssignment); 4] {
        [
            ("profile", &self.profile),
            ("enrollment_status_page", &self.enrollment_status_page),
            ("domain_join", &self.domain_join),
            ("skip_user_status_page", &self.skip_user_status_page),
        ]
    }
}

/// The assignments of one object, in addition to the one to the device group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct PartAssignment {
    /// The names of additional groups that get the object.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "some_names")]
    pub groups: Vec<DisplayName>,
    /// The names of groups that do not get the object, even if another assignment includes them.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "some_names")]
    pub excluded_groups: Vec<DisplayName>,
    /// The filter applied to every assignment except exclusions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<FilterSettings>,
}

impl PartAssignment {
    /// Returns the names of all groups.
    pub(super) fn group_names(&self) -> impl Iterator<Item = &DisplayName> {
        self.groups.iter().chain(&self.excluded_groups)
    }

    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A filter on assignments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FilterSettings {
    /// The name of the filter.
    pub name: DisplayName,
    /// The effect on devices that match the filter.
    #[serde(default)]
    pub mode: FilterMode,
}

/// The effect of a filter on devices that match it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FilterMode {
    /// Only matching devices get the object.
    #[default]
    Include,
    /// Matching devices do not get the object.
    Exclude,
}

impl HybridJoin {
    /// Creates a deployment without any objects.
    pub fn new(name: DisplayName, domain: AdDomain) -> Self {
        Self {
            name,
            mdm_scope: None,
            connectors: None,
            active_directory: ActiveDirectory { domain, organizational_unit: None, rights_confirmed: false },
            group: None,
            enrollment_status_page: None,
            skip_user_status_page: None,
            page_priority: None,
            profile: None,
            domain_join: None,
            role_scope_tag_ids: BTreeSet::new(),
            assignments: AssignmentSettings::default(),
            user_assignment: UserAssignment::Leave,
            remove_other_assignments: false,
        }
    }

    /// Returns the group tag that the deployment's devices get.
    pub fn group_tag(&self) -> Option<&GroupTag> {
        match self.group.as_ref().map(|group| &group.members) {
            Some(MemberSelection::GroupTag(tag)) => Some(tag),
            _ => None,
        }
    }

    /// Returns `true` if a plan reads registered devices: the given ones or the deployment's own.
    pub(super) fn reads_devices(&self, with_devices: bool) -> bool {
        with_devices || self.profile.is_some() || self.group.is_some()
    }

    /// Returns the settings of the group.
    ///
    /// # Errors
    /// The group tag cannot be written into a rule.
    pub(crate) fn group_settings(&self) -> Result<Option<Group>, crate::model::InvalidValue> {
        let Some(wish) = &self.group else { return Ok(None) };
        let mut group = Group::new(wish.display_name.clone());
        group.description.clone_from(&wish.description);
        group.membership = match &wish.members {
            MemberSelection::GroupTag(tag) => Membership::dynamic(MembershipRule::group_tag(tag.as_str())?),
            MemberSelection::AllAutopilotDevices => {
                Membership::dynamic(MembershipRule::all_autopilot_devices())
            }
            MemberSelection::Rule(rule) => Membership::dynamic(rule.clone()),
            MemberSelection::Assigned => Membership::Assigned,
        };
        Ok(Some(group))
    }

    /// Returns the scope tags of an object: its own, or the deployment's.
    fn tags_or(&self, own: &BTreeSet<Text>) -> BTreeSet<Text> {
        if own.is_empty() { self.role_scope_tag_ids.clone() } else { own.clone() }
    }

    /// Returns the settings of the profile, with the deployment's scope tags.
    pub(crate) fn profile_settings(&self) -> Option<HybridJoinProfile> {
        let wish = self.profile.clone()?;
        let tags = self.tags_or(&wish.role_scope_tag_ids);
        Some(wish.with_role_scope_tag_ids(tags))
    }

    /// Returns the settings of the page, with the deployment's scope tags.
    pub(crate) fn page_settings(&self) -> Option<EnrollmentStatusPage> {
        let wish = self.enrollment_status_page.clone()?;
        let tags = self.tags_or(&wish.role_scope_tag_ids);
        Some(wish.with_role_scope_tag_ids(tags))
    }

    /// Returns the settings of the policy that skips account setup, with the deployment's scope tags.
    pub(crate) fn skip_settings(&self) -> Option<SkipUserStatusPage> {
        let wish = self.skip_user_status_page.clone()?;
        let tags = self.tags_or(&wish.role_scope_tag_ids);
        Some(wish.with_role_scope_tag_ids(tags))
    }

    /// Returns the settings of the domain join profile, with the deployment's scope tags.
    pub(crate) fn domain_join_settings(&self) -> Option<DomainJoinProfile> {
        let wish = self.domain_join.as_ref()?;
        let domain = self.active_directory.domain.clone();
        let mut profile =
            DomainJoinProfile::new(wish.display_name.clone(), domain, wish.computer_name_prefix.clone());
        profile.description.clone_from(&wish.description);
        profile.organizational_unit.clone_from(&self.active_directory.organizational_unit);
        profile.role_scope_tag_ids = self.tags_or(&wish.role_scope_tag_ids);
        Some(profile)
    }
}

/// Deserializes a list of names that must not be empty.
fn some_names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DisplayName>, D::Error> {
    let names = Vec::<DisplayName>::deserialize(deserializer)?;
    if names.is_empty() {
        let message = "the list is empty, which would change nothing: name at least one, or leave the list out (the \
                       deployment's own group remains assigned either way)";
        return Err(D::Error::custom(message));
    }
    Ok(names)
}

/// Suggests the nearest known key for an unknown one, given a deserializer's error message.
///
/// ```
/// use windows_autopilot::workflow::{HybridJoin, suggest_key};
/// let error = toml::from_str::<HybridJoin>("name = 'x'\ngrop = 1").unwrap_err();
/// assert_eq!(suggest_key(error.message()).as_deref(), Some("did you mean `group`?"));
/// ```
pub fn suggest_key(message: &str) -> Option<String> {
    let (_, rest) =
        message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let meant = crate::model::invalid::nearest(unknown, known)?;
    Some(format!("did you mean `{meant}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<HybridJoin, toml::de::Error> {
        toml::from_str(&format!("name = 'Munich'\nactive_directory.domain = 'corp.contoso.com'\n{text}"))
    }

    #[test]
    fn bad_values_are_errors_that_name_the_place_and_the_remedy() {
        for (text, says) in [
            ("[domain_join]\ndisplay_name='x'\ncomputer_name_prefix='HYB-%SERIAL%'", "computer name prefix"),
            ("[profile]\ndisplay_name='x'\nlcoale='de-DE'", "lcoale"),
            ("[enrollment_status_page]\ndisplay_name='x'\ninstall_progress_timeout_in_minutes=0", "1"),
            ("[group]\ndisplay_name='x'", "members"),
            ("[mdm_scope]\ngruops=['x']", "gruops"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.span().is_some(), "{error}");
        }
    }

    #[test]
    fn a_netbios_name_and_a_container_are_refused() {
        let directory = |text: &str| toml::from_str::<ActiveDirectory>(text).unwrap_err().to_string();
        assert!(directory("domain = 'CORP'").contains("corp."), "{}", directory("domain = 'CORP'"));
        let container =
            "domain = 'corp.contoso.com'\norganizational_unit = 'CN=Computers,DC=corp,DC=contoso,DC=com'";
        assert!(directory(container).contains("CN=Computers"), "{}", directory(container));
    }

    #[test]
    fn what_would_be_assigned_needs_a_group() {
        let desired = parse("[profile]\ndisplay_name = 'Contoso'").unwrap();
        let findings = desired.lint();
        assert_eq!(findings.iter().map(|finding| &*finding.id).collect::<Vec<_>>(), ["settings.no-group"]);
        let desired =
            parse("[domain_join]\ndisplay_name='x'\ncomputer_name_prefix='A'\nassign_to='all_devices'")
                .unwrap();
        assert!(desired.lint().is_empty(), "{:?}", desired.lint());
    }

    #[test]
    fn an_organizational_unit_of_another_domain_is_found() {
        let mut desired = HybridJoin::new("x".parse().unwrap(), "corp.contoso.com".parse().unwrap());
        desired.active_directory.organizational_unit = Some("OU=A,DC=fabrikam,DC=com".parse().unwrap());
        assert_eq!(desired.lint()[0].id, "settings.unit-of-another-domain");
    }

    #[test]
    fn an_unknown_key_anywhere_is_an_error_that_says_what_was_meant() {
        for (text, meant) in [
            ("user_asignment = 'leave'", "user_assignment"),
            ("user_assignment = 'asign'", "assign"),
            ("[connectors]\nmin_helthy = 2", "min_healthy"),
            ("[group]\ndisplay_name = 'x'\nmembers.grouptag = 'y'", "group_tag"),
            ("[group]\ndisplay_nmae = 'x'", "display_name"),
            ("[profile]\ndisplay_name = 'x'\neula_hiden = true", "eula_hidden"),
            ("[enrollment_status_page]\ndisplay_name = 'x'\nblock_device_use.until.aps = 'all'", "apps"),
            ("[domain_join]\ndisplay_name = 'x'\ncomputer_name_prefx = 'A'", "computer_name_prefix"),
            (
                "[domain_join]\ndisplay_name = 'x'\ncomputer_name_prefix = 'A'\nassign_to = 'al_devices'",
                "all_devices",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(suggest_key(error.message()), Some(format!("did you mean `{meant}`?")), "{error}");
        }
        let json =
            r#"{"name":"x","active_directory":{"domain":"corp.contoso.com","organisational_unit":"x"}}"#;
        let error = serde_json::from_str::<HybridJoin>(json).unwrap_err().to_string();
        assert_eq!(suggest_key(&error).as_deref(), Some("did you mean `organizational_unit`?"), "{error}");
    }

    #[test]
    fn unknown_keys_are_explained() {
        for (message, want) in [
            (
                "unknown field `lcoale`, expected one of `display_name`, `locale`",
                Some("did you mean `locale`?"),
            ),
            (
                "unknown variant `groop_tag`, expected `group_tag` or `rule`",
                Some("did you mean `group_tag`?"),
            ),
            ("unknown field `xyzzy`, expected `a`", None),
            ("missing field `name`", None),
        ] {
            assert_eq!(suggest_key(message).as_deref(), want, "{message}");
        }
    }
}
