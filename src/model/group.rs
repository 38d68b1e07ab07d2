//! Groups of devices.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rule::MembershipRule;
use super::settings::{PropertyRule, Quirks, WriteMode, same_set, same_text, settings, violations};
use super::wire::{get, list, take};
use super::{DisplayName, Finding, InvalidValue, MailNickname, Properties, Text};
use crate::model::findings::GROUP_LONG_NAME;

settings! {
    /// A security group, such as one that contains a deployment's devices.
    ///
    /// ```
    /// use windows_autopilot::model::{Group, Membership, MembershipRule};
    /// let group = Group::new("Autopilot hybrid".parse()?)
    ///     .with_membership(Membership::dynamic(MembershipRule::group_tag("Hybrid")?));
    /// assert_eq!(group.mail_nickname.as_str(), "Autopilothybrid");
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    ///
    /// A tenant may also have other kinds of groups, such as mail-enabled groups and groups synced from an on-premises
    /// directory. They can be read, and their other properties are left unchanged.
    pub struct Group = "group", sends_type: false;
    required {
        /// The name, which is not unique in a tenant.
        display_name: DisplayName => PropertyRule::new("displayName");
    }
    optional {
        /// A description; none by default.
        description, with_description: Text => PropertyRule::new("description").same(same_text);
    }
    default {
        /// The mail nickname, which every group needs; by default it is derived from the name.
        mail_nickname, with_mail_nickname: MailNickname = MailNickname::derived_from(&display_name) =>
            PropertyRule { is_required: true, derived: Some(nickname_of), ..PropertyRule::new("mailNickname") };
    }
    odd {
        /// The kind of membership; assigned by default.
        membership, with_membership: Membership = Membership::Assigned;
    }
    rules {
        // What makes a group a security group without mail.
        PropertyRule::new("mailEnabled").fixed(|| false.into()).write(WriteMode::OnCreate);
        PropertyRule::new("securityEnabled").fixed(|| true.into()).write(WriteMode::OnCreate);
        PropertyRule::new(TYPES)
            .write(WriteMode::OnCreate)
            .same(same_set)
            .together(MEMBERSHIP)
            .named("membership")
            .shown(shown_types);
        PropertyRule { is_required: true, ..PropertyRule::new(RULE).same(same_rule).together(MEMBERSHIP).named("membership.dynamic.rule") };
        PropertyRule::new(STATE).together(MEMBERSHIP).named("membership.dynamic.paused").shown(shown_state);
    }
    private {}
    /// The read-only properties of a group.
    observed ObservedGroup {
        /// Whether the group is synced from an on-premises directory and so cannot be changed in Microsoft Entra ID.
        on_premises_sync_enabled: bool = "onPremisesSyncEnabled";
        /// Whether roles can be assigned to the group; if so, it cannot be dynamic.
        is_assignable_to_role: bool = "isAssignableToRole";
        security_identifier: Text = "securityIdentifier", "The security identifier.";
        unique_name: Text = "uniqueName", "A name that is unique in the tenant, if the group has one.";
        visibility: Text = "visibility", "The visibility of the group's members.";
    }
}

/// The kind of a group's membership.
///
/// ```
/// use windows_autopilot::model::{Group, Membership, MembershipRule};
/// let rule: MembershipRule = r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#.parse()?;
/// let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The kind is fixed when the group is created: a later change would drop the members, so a difference is reported but
/// not sent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Membership {
    /// Members are added by hand.
    #[default]
    Assigned,
    /// The service adds the objects that match a rule, with a delay.
    Dynamic(DynamicMembership),
}

/// The rule of a dynamic group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DynamicMembership {
    /// The rule that selects the members.
    pub rule: MembershipRule,
    /// Whether evaluation is paused; `false` by default.
    #[serde(default)]
    pub paused: bool,
}

impl Membership {
    /// Creates dynamic membership based on a rule.
    pub fn dynamic(rule: MembershipRule) -> Self {
        Self::Dynamic(DynamicMembership { rule, paused: false })
    }
}

impl Group {
    /// Reports values that break a validation rule, and problems with the membership rule.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = violations(&[
            ("display_name", self.display_name.violation()),
            ("mail_nickname", self.mail_nickname.violation()),
        ]);
        let length = self.display_name.as_str().chars().count();
        if length > LONGEST_NAME {
            findings.push(GROUP_LONG_NAME.at("display_name", format!("has {length} characters")));
        }
        if let Membership::Dynamic(dynamic) = &self.membership {
            findings.extend(dynamic.rule.lint());
        }
        findings
    }
}

impl Quirks for Group {
    #[inline]
    fn read_odd(&mut self, left: &mut Properties) -> Result<(), InvalidValue> {
        let is_reported = get(left, TYPES).is_some();
        let mut types = take::<Vec<String>>(left, TYPES)?.unwrap_or_default();
        // A response without the types may still have a rule.
        let has_rule = left.text(RULE).is_some_and(|rule| !rule.is_empty());
        let is_dynamic = if is_reported { types.iter().any(|kind| kind == DYNAMIC) } else { has_rule };
        types.retain(|kind| kind != DYNAMIC);
        if !types.is_empty() {
            left.insert(TYPES, types);
        }
        if is_dynamic {
            let rule = MembershipRule::from_service(take::<String>(left, RULE)?.unwrap_or_default());
            let state = take::<String>(left, STATE)?;
            let paused = state.as_deref() == Some(PAUSED);
            self.membership = Membership::Dynamic(DynamicMembership { rule, paused });
            // A state of tomorrow is kept, as long as nobody pauses the rule.
            if let Some(state) = state.filter(|state| !matches!(state.as_str(), ON | PAUSED)) {
                left.insert(STATE, state);
            }
        }
        Ok(())
    }

    #[inline]
    fn write_odd(&self, properties: &mut Properties) {
        let kept = properties.remove(TYPES);
        let kept = kept.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
        let mut types: Vec<&str> = kept.collect();
        if let Membership::Dynamic(dynamic) = &self.membership {
            types.push(DYNAMIC);
            properties.insert(RULE, dynamic.rule.as_str());
            if dynamic.paused {
                properties.insert(STATE, PAUSED);
            } else if properties.get(STATE).is_none() {
                properties.insert(STATE, ON);
            }
        }
        properties.insert(TYPES, list(types));
    }
}

const LONGEST_NAME: usize = 256;
const TYPES: &str = "groupTypes";
const RULE: &str = "membershipRule";
const STATE: &str = "membershipRuleProcessingState";
const DYNAMIC: &str = "DynamicMembership";
const ON: &str = "On";
const PAUSED: &str = "Paused";
/// The group of properties that determine the members.
const MEMBERSHIP: &str = "membership";

fn shown_types(value: &Value) -> Value {
    let is_dynamic = |kinds: &Vec<Value>| kinds.iter().any(|kind| kind == DYNAMIC);
    if value.as_array().is_some_and(is_dynamic) { "dynamic".into() } else { "assigned".into() }
}

fn shown_state(value: &Value) -> Value {
    match value.as_str() {
        Some(ON) => false.into(),
        Some(PAUSED) => true.into(),
        _ => value.clone(),
    }
}

/// Returns the default nickname for a group of this name.
fn nickname_of(properties: &Properties) -> Value {
    let name = DisplayName::from_service(properties.text("displayName").unwrap_or_default());
    MailNickname::derived_from(&name).as_str().into()
}

/// Compares rules by their meaning.
fn same_rule(a: &Value, b: &Value) -> bool {
    let rule = |text: &str| MembershipRule::from_service(text);
    a == b || a.as_str().zip(b.as_str()).is_some_and(|(a, b)| rule(a).equivalent(&rule(b)))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;
    use crate::model::settings::tests::{changed, created, ids, read, sent, wire};
    use crate::model::{Patch, Stored};

    const KIOSK: &str = r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk"))"#;

    fn kiosk() -> Group {
        Group::new("Kiosk".parse().unwrap()).with_membership(Membership::dynamic(KIOSK.parse().unwrap()))
    }

    #[test]
    fn a_dynamic_group_is_created_with_its_rule_on_and_an_assigned_one_without() {
        let mut expected = json!({
            "displayName": "Kiosk", "mailNickname": "Kiosk", "mailEnabled": false, "securityEnabled": true,
            "groupTypes": [],
        });
        assert_eq!(created(&Group::new("Kiosk".parse().unwrap())), expected);
        expected[TYPES] = json!(["DynamicMembership"]);
        expected[RULE] = json!(KIOSK);
        expected[STATE] = json!("On");
        assert_eq!(created(&kiosk()), expected);
    }

    #[test]
    fn rules_that_mean_the_same_are_no_change_and_others_are_sent_with_their_state() {
        let mut json = wire(&kiosk());
        json[RULE] = json!(r#"(device.devicePhysicalIDs -any _ -eq "[orderid]:kiosk")"#);
        assert!(Patch::between(&read(json.clone()), &kiosk()).is_empty());
        json[RULE] = json!(r#"(user.department -eq "Sales")"#);
        let held: Group = read(json.clone());
        assert!(Patch::between(&held, &held).is_empty());
        assert_eq!(wire(&held), json);
        let patch = Patch::between(&held, &kiosk());
        assert_eq!(to_value(patch.body()).unwrap(), json!({ RULE: KIOSK, STATE: "On" }));
    }

    #[test]
    fn a_change_between_assigned_and_dynamic_is_reported_and_nothing_of_it_sent() {
        let assigned = Group::new("Kiosk".parse().unwrap());
        let patch = Patch::between(&assigned, &kiosk().with_description("x".into()));
        assert_eq!(sent(&patch), ["description"]);
        assert_eq!(changed(patch.create_only()), [TYPES, RULE, STATE]);
        let patch = Patch::between(&kiosk(), &assigned);
        assert!(patch.is_empty() && patch.create_only().len() == 1);
    }

    #[test]
    fn a_rule_can_be_paused_and_a_state_of_tomorrow_stays() {
        let mut paused = kiosk();
        if let Membership::Dynamic(dynamic) = &mut paused.membership {
            dynamic.paused = true;
        }
        let patch = Patch::between(&kiosk(), &paused);
        assert_eq!(to_value(patch.body()).unwrap(), json!({ RULE: KIOSK, STATE: "Paused" }));
        assert_eq!(read::<Group>(wire(&paused)), paused);
        let mut json = wire(&kiosk());
        json[STATE] = json!("Resting");
        assert_eq!(wire(&read::<Group>(json.clone())), json);
    }

    #[test]
    fn a_group_of_another_kind_is_read_whole_and_told_from_a_security_group() {
        let json = json!({
            "displayName": "HR", "description": "x", "mailNickname": "hr", "mailEnabled": true, "securityEnabled": false,
            "groupTypes": ["Unified"], "mail": "hr@contoso.com", "membershipRule": null,
        });
        let group: Group = read(json.clone());
        assert_eq!(wire(&group), json);
        assert_eq!(group.membership, Membership::Assigned);
        assert!(!format!("{group:?}").contains("hr@contoso.com"));
        let mut desired = Group::new("HR".parse().unwrap()).with_mail_nickname("hr".parse().unwrap());
        desired.description = Some("x".into());
        let patch = Patch::between(&group, &desired);
        assert!(patch.is_empty());
        assert_eq!(changed(patch.create_only()), ["mailEnabled", "securityEnabled", TYPES]);
    }

    #[test]
    fn the_human_form_derives_a_nickname_and_is_strict() {
        let text = format!("display_name = 'Kiosk'\n[membership.dynamic]\nrule = '{KIOSK}'");
        assert_eq!(toml::from_str::<Group>(&text).unwrap(), kiosk());
        assert_eq!(toml::from_str::<Group>(&toml::to_string(&kiosk()).unwrap()).unwrap(), kiosk());
        let assigned: Group = toml::from_str("display_name = 'Kiosk'").unwrap();
        assert_eq!(assigned, Group::new("Kiosk".parse().unwrap()));
        for (line, problem) in [
            ("members = []", "unknown field `members`"),
            ("membership = 'dynamic'", "expected newtype variant"),
            ("mail_nickname = 'a b'", "' ' at character 2"),
            ("[membership.dynamic]\nrule = 'x'", "x is not a property"),
        ] {
            let error = toml::from_str::<Group>(&format!("display_name = 'Kiosk'\n{line}")).unwrap_err();
            assert!(error.to_string().contains(problem), "{line}: {error}");
        }
    }

    #[test]
    fn lint_finds_a_name_that_is_too_long() {
        let group = |length| Group::new("x".repeat(length).parse().unwrap());
        assert!(group(256).lint().is_empty());
        assert_eq!(ids(group(257).lint()), ["group.long-name"]);
    }

    #[test]
    fn lint_passes_on_what_is_wrong_with_the_rule() {
        assert!(kiosk().lint().is_empty());
        let json = json!({ "displayName": "x", "mailNickname": "a b", TYPES: [DYNAMIC], RULE: "nonsense" });
        let findings = read::<Group>(json).lint();
        assert_eq!(findings[0].place, "mail_nickname");
        assert!(findings[1].id.starts_with("rule."), "{findings:?}");
    }

    #[test]
    fn what_the_service_reports_of_a_group_is_read_and_written() {
        let json = json!({
            "@odata.type": "#microsoft.graph.group", "id": "1", "createdDateTime": "2018-12-22T00:51:37Z",
            "displayName": "x", "description": null, "mailNickname": "x", "mailEnabled": false, "securityEnabled": true,
            "groupTypes": [], "onPremisesSyncEnabled": true, "isAssignableToRole": false,
            "securityIdentifier": "S-1", "uniqueName": "u", "visibility": "Private",
        });
        let stored: Stored<Group> = from_value(json.clone()).unwrap();
        assert_eq!(stored.observed.on_premises_sync_enabled, Some(true));
        assert_eq!(to_value(stored).unwrap(), json);
    }
}
