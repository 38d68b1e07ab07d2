//! What a deployment should be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::rule::MembershipRule;
use crate::model::{
    AdDomain, ComputerNamePrefix, DisplayName, DomainJoinProfile, EnrollmentStatusPage, Finding, Group,
    GroupTag, HybridJoinProfile, Membership, OrganizationalUnit, Severity, Text,
};

/// The desired state of a deployment by Microsoft Entra hybrid join: what an administrator would set up in the ten steps.
///
/// Every part may be left out that is managed elsewhere. In a file, names are in snake case, and an unknown one is an
/// error ([`suggestion`] finds what was meant):
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
/// Several deployments can live in one tenant side by side: give each its own names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HybridJoin {
    /// A name for messages and reports; nothing in the tenant is called so.
    pub name: DisplayName,
    /// Step 1: whose devices enroll automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mdm_scope: Option<UserScope>,
    /// Step 2: the Intune Connectors that serve the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connectors: Option<ExpectedConnectors>,
    /// Steps 2, 3 and 8: the domain, and the organizational unit that everything uses.
    pub active_directory: ActiveDirectory,
    /// Step 5: the group of devices. Step 4 gives devices its group tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<DeviceGroup>,
    /// Step 6: the enrollment status page, assigned to the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrollment_status_page: Option<EnrollmentStatusPage>,
    /// Step 6: apps that the page waits for, by name, besides those that it names by id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocking_apps: Vec<DisplayName>,
    /// Step 7: the deployment profile, assigned to the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<HybridJoinProfile>,
    /// Step 8: the domain join profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_join: Option<DomainJoin>,
    /// Step 9: what becomes of users that are assigned to devices.
    #[serde(default, skip_serializing_if = "UserAssignment::is_default")]
    pub user_assignment: UserAssignment,
    /// Whether assignments that are not part of this deployment are taken away from its own objects, and groups that it
    /// does not name from the MDM user scope. They are left by default, so that deployments live side by side.
    #[serde(default)]
    pub remove_other_assignments: bool,
}

/// What becomes of users that are assigned to devices.
///
/// **Do not assign users in a hybrid join**: the first sign-in of an assigned user joins Entra ID alone, the device cannot
/// join the domain any more, and the deployment ends with 0x80070774. Microsoft names it the most frequent cause of that
/// error, although its tutorial has it as an optional step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserAssignment {
    /// None is assigned and none is taken away. A device with a user stops the plan.
    #[default]
    Leave,
    /// Users are taken off the deployment's devices.
    Unassign,
    /// Users are assigned to the devices that name one. For a test of what happens; see the hazard above.
    Assign,
}

impl UserAssignment {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose devices enroll automatically.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserScope {
    /// Everybody's.
    All,
    /// The members' of these groups of users, by name.
    Groups(Vec<DisplayName>),
}

/// The Intune Connectors that serve the domain.
///
/// Graph does not say which domain a connector serves, so it has to be told by name. Without names, every connector of
/// the tenant is taken to serve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ExpectedConnectors {
    /// The names of the servers.
    pub names: Vec<Text>,
    /// How many have to be in order; 1 by default. Two are safer: one server can be restarted.
    pub at_least: usize,
    /// How many hours ago a connector may have been heard from; 24 by default. Microsoft names no limit.
    pub heard_within_hours: u32,
}

impl Default for ExpectedConnectors {
    fn default() -> Self {
        Self { names: Vec::new(), at_least: 1, heard_within_hours: 24 }
    }
}

impl ExpectedConnectors {
    /// How long ago a connector may have been heard from.
    pub fn heard_within(&self) -> Duration {
        Duration::from_secs(u64::from(self.heard_within_hours) * 3600)
    }
}

/// The domain and the organizational unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActiveDirectory {
    /// The domain, as its DNS name.
    pub domain: AdDomain,
    /// Where computer accounts are created; without it, the domain's default container, which the connector then needs
    /// rights on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizational_unit: Option<OrganizationalUnit>,
    /// Step 3: whether somebody has made sure that every connector may create computer accounts there; no by default.
    ///
    /// Graph cannot tell. Without the right the first ten devices get through, and every other one fails, so a plan says
    /// that no device should be switched on until this is set.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rights_confirmed: bool,
}

/// The group of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DeviceGroup {
    /// Its name. There must not be two groups of it.
    pub display_name: DisplayName,
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Who is in it.
    pub members: Members,
}

/// Who is in the group of devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Members {
    /// Devices with this group tag, which is also given to the devices that are imported.
    GroupTag(GroupTag),
    /// All devices that are registered for Autopilot.
    AllAutopilotDevices,
    /// Devices that a rule matches.
    Rule(MembershipRule),
    /// Whoever is put in by hand, or by another tool.
    Assigned,
}

/// The domain join profile; domain and organizational unit come from [`HybridJoin::active_directory`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DomainJoin {
    /// Its name.
    pub display_name: DisplayName,
    /// A description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// The fixed start of the computer names; random characters follow, up to 15 in all.
    pub computer_name_prefix: ComputerNamePrefix,
    /// To whom it is assigned.
    #[serde(default)]
    pub assign_to: DomainJoinTarget,
}

/// To whom the domain join profile is assigned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainJoinTarget {
    /// The group of devices: the way for several domains or organizational units side by side.
    #[default]
    Group,
    /// All devices, as in Microsoft's tutorial: the way for existing devices with a configuration file, which have no
    /// directory object yet. There can be no second domain join profile then.
    AllDevices,
}

impl HybridJoin {
    /// A deployment of nothing yet.
    pub fn new(name: DisplayName, domain: AdDomain) -> Self {
        Self {
            name,
            mdm_scope: None,
            connectors: None,
            active_directory: ActiveDirectory { domain, organizational_unit: None, rights_confirmed: false },
            group: None,
            enrollment_status_page: None,
            blocking_apps: Vec::new(),
            profile: None,
            domain_join: None,
            user_assignment: UserAssignment::Leave,
            remove_other_assignments: false,
        }
    }

    /// The group tag that devices get.
    pub fn group_tag(&self) -> Option<&GroupTag> {
        match self.group.as_ref().map(|group| &group.members) {
            Some(Members::GroupTag(tag)) => Some(tag),
            _ => None,
        }
    }

    /// Returns `true` if a plan reads the registered devices: those that are given, or the deployment's own.
    pub(super) fn reads_devices(&self, with_devices: bool) -> bool {
        with_devices || self.profile.is_some() || self.group.is_some()
    }

    /// The group as settings.
    ///
    /// # Errors
    /// If the group tag cannot be written into a rule.
    pub(crate) fn group_settings(&self) -> Result<Option<Group>, crate::model::InvalidValue> {
        let Some(wish) = &self.group else { return Ok(None) };
        let mut group = Group::new(wish.display_name.clone());
        group.description.clone_from(&wish.description);
        group.membership = match &wish.members {
            Members::GroupTag(tag) => Membership::dynamic(MembershipRule::group_tag(tag.as_str())?),
            Members::AllAutopilotDevices => Membership::dynamic(MembershipRule::all_autopilot_devices()),
            Members::Rule(rule) => Membership::dynamic(rule.clone()),
            Members::Assigned => Membership::Assigned,
        };
        Ok(Some(group))
    }

    /// The domain join profile as settings.
    pub(crate) fn domain_join_settings(&self) -> Option<DomainJoinProfile> {
        let wish = self.domain_join.as_ref()?;
        let domain = self.active_directory.domain.clone();
        let mut profile =
            DomainJoinProfile::new(wish.display_name.clone(), domain, wish.computer_name_prefix.clone());
        profile.description.clone_from(&wish.description);
        profile.organizational_unit.clone_from(&self.active_directory.organizational_unit);
        Some(profile)
    }

    /// What is wrong or risky with the settings by themselves, before any request.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(profile) = &self.profile {
            findings.extend(within("profile", profile.lint()));
        }
        if let Some(page) = &self.enrollment_status_page {
            findings.extend(within("enrollment_status_page", page.lint()));
        }
        match self.group_settings() {
            Ok(Some(group)) => findings.extend(within("group", group.lint())),
            Ok(None) => {
                let needs = [
                    ("profile", self.profile.is_some()),
                    ("enrollment_status_page", self.enrollment_status_page.is_some()),
                    (
                        "domain_join",
                        self.domain_join
                            .as_ref()
                            .is_some_and(|join| join.assign_to == DomainJoinTarget::Group),
                    ),
                ];
                findings.extend(needs.iter().filter(|(_, needed)| *needed).map(|(part, _)| {
                    Finding::new(
                        "settings.no-group",
                        Severity::Error,
                        *part,
                        "would be assigned to the group of devices, and there is none",
                        "add a [group] table",
                    )
                }));
            }
            Err(error) => findings.push(Finding::new(
                "settings.invalid-value",
                Severity::Error,
                "group.members",
                error.to_string(),
                error.remedy().to_owned(),
            )),
        }
        if let Some(profile) = self.domain_join_settings() {
            let (of_unit, others): (Vec<_>, Vec<_>) =
                profile.lint().into_iter().partition(|finding| finding.place == "organizational_unit");
            findings.extend(within("active_directory", of_unit));
            findings.extend(within("domain_join", others));
        }
        let directory = &self.active_directory;
        if let Some(unit) = &directory.organizational_unit
            && self.domain_join.is_none()
            && !unit.domain().same_as(&directory.domain)
        {
            findings.push(Finding::new(
                "settings.unit-of-another-domain",
                Severity::Error,
                "active_directory.organizational_unit",
                format!("is in {}, and the domain is {}", unit.domain(), directory.domain),
                "make both the same domain",
            ));
        }
        if !self.blocking_apps.is_empty() && self.enrollment_status_page.is_none() {
            findings.push(Finding::new(
                "settings.apps-without-page",
                Severity::Error,
                "blocking_apps",
                "are named, and there is no enrollment status page to wait for them",
                "add an [enrollment_status_page] table",
            ));
        }
        findings
    }
}

/// Findings of one part of the settings, with its name in front of their places.
fn within(part: &str, findings: Vec<Finding>) -> impl Iterator<Item = Finding> {
    findings.into_iter().map(move |finding| Finding { place: format!("{part}.{}", finding.place), ..finding })
}

/// What was meant by an unknown key, from the message of a format's error.
///
/// ```
/// use windows_autopilot::workflow::{HybridJoin, suggestion};
/// let error = toml::from_str::<HybridJoin>("name = 'x'\ngrop = 1").unwrap_err();
/// assert_eq!(suggestion(error.message()).as_deref(), Some("did you mean `group`?"));
/// ```
pub fn suggestion(message: &str) -> Option<String> {
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
            ("[connectors]\nat_lest = 2", "at_least"),
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
            assert_eq!(suggestion(error.message()), Some(format!("did you mean `{meant}`?")), "{error}");
        }
        let json =
            r#"{"name":"x","active_directory":{"domain":"corp.contoso.com","organisational_unit":"x"}}"#;
        let error = serde_json::from_str::<HybridJoin>(json).unwrap_err().to_string();
        assert_eq!(suggestion(&error).as_deref(), Some("did you mean `organizational_unit`?"), "{error}");
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
            assert_eq!(suggestion(message).as_deref(), want, "{message}");
        }
    }
}
