//! Findings about rules.

use std::borrow::Cow;

use super::expr::{Clause, Condition, Expr, Logic, Operator, Test, Verb, compare, quoted};
use super::labels;
use super::property::{Attribute, DeviceProperty};
use crate::model::findings::*;
use crate::model::{Finding, FindingKind, InvalidValue, Severity};

/// A finding about one position in a rule: an error or a risk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remark {
    /// The index of a character.
    pub(super) position: usize,
    /// The finding, with the position counted from 1 as its place.
    finding: Finding,
}

impl Remark {
    pub(super) fn new(kind: FindingKind, position: usize, problem: impl Into<String>) -> Self {
        Self { position, finding: kind.at(position.saturating_add(1).to_string(), problem) }
    }

    /// Sets a remedy other than the kind's.
    pub(super) fn with_remedy(self, remedy: impl Into<Cow<'static, str>>) -> Self {
        Self { finding: self.finding.with_remedy(remedy), ..self }
    }

    pub(super) fn into_invalid_value(self, rule: &str) -> InvalidValue {
        let Finding { place, evidence, remedy, .. } = self.finding;
        let problem = format!("{evidence} (character {place})");
        InvalidValue::new("membership rule", problem, remedy).with_value(rule).at(self.position)
    }
}

/// Returns one finding for each kind, with all its places, in the order of the text.
pub(super) fn into_findings(remarks: Vec<Remark>) -> Vec<Finding> {
    let mut kinds: Vec<Vec<Finding>> = Vec::new();
    for Remark { finding, .. } in remarks {
        match kinds.iter_mut().find(|same| same.iter().any(|other| other.id == finding.id)) {
            Some(same) => same.push(finding),
            None => kinds.push(vec![finding]),
        }
    }
    kinds.into_iter().filter_map(|same| one_finding(&same)).collect()
}

fn one_finding(same: &[Finding]) -> Option<Finding> {
    let joined = |part: fn(&Finding) -> &str| {
        let mut parts: Vec<&str> = Vec::new();
        for part in same.iter().map(part) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts.join("; ")
    };
    let places: Vec<&str> = same.iter().map(|finding| finding.place.as_str()).collect();
    Some(Finding {
        severity: same.iter().map(|finding| finding.severity).max()?,
        place: format!("character{} {}", if same.len() > 1 { "s" } else { "" }, places.join(", ")),
        evidence: joined(|finding| &finding.evidence),
        remedy: joined(|finding| &finding.remedy).into(),
        ..same.first()?.clone()
    })
}

/// Checks a property. `name` is its spelling in the rule.
pub(super) fn property(property: DeviceProperty, name: &str, position: usize, remarks: &mut Vec<Remark>) {
    use DeviceProperty as P;
    if !property.is_documented_as(name) {
        let problem =
            format!("names of properties are case-sensitive, and {name} is not how this one is written");
        let remark = Remark::new(RULE_PROPERTY_CASE, position, problem);
        remarks.push(remark.with_remedy(format!("write device.{property}")));
    }
    let since = "is set when a device enrols, so a registered device that has not may not be matched";
    let unknown = "Entra does not know organizationalUnit, so no device has it";
    let preview = "memberOf is a preview that Microsoft does not want in production";
    let (kind, problem) = match property {
        P::OrganizationalUnit => (RULE_ORGANIZATIONAL_UNIT, unknown.to_owned()),
        P::MemberOf => (RULE_MEMBER_OF_PREVIEW, preview.to_owned()),
        P::DeviceCategory
        | P::DeviceManagementAppId
        | P::DeviceManufacturer
        | P::DeviceModel
        | P::DeviceOsType
        | P::DeviceOsVersion
        | P::DeviceOwnership
        | P::IsRooted
        | P::ManagementType => (RULE_SET_AT_ENROLMENT, format!("{property} {since}")),
        _ => return,
    };
    remarks.push(Remark::new(kind, position, problem));
}

/// The left side of a comparison: a property, or an item of a list with `-any` or `-all`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject {
    pub(super) property: DeviceProperty,
    pub(super) every: Option<bool>,
}

impl Subject {
    /// Returns the remedy that rewrites a comparison of physical ids with the same meaning: a negated condition holds
    /// only if it holds for all items.
    fn write(self, verb: Verb, negated: bool, value: &str) -> String {
        let every = Operator::Each { every: self.every == Some(true) || negated };
        let (operator, value) = (compare(verb, negated), quoted(value, false));
        format!("write (device.devicePhysicalIds {every} (_ {operator} {value}))")
    }
}

/// Checks a quoted value and its comparison.
pub(super) fn value(
    subject: Subject,
    (verb, negated): (Verb, bool),
    value: &str,
    position: usize,
    remarks: &mut Vec<Remark>,
) {
    use DeviceProperty as P;
    let property = subject.property;
    let lower = value.to_lowercase();
    let exact = matches!(verb, Verb::Equals | Verb::In);
    let searching = matches!(verb, Verb::Contains | Verb::Matches);
    let operator = compare(verb, negated);
    if lower == "null" && exact {
        let problem = "null in quotes is the word, not a missing value";
        remarks.push(Remark::new(RULE_QUOTED_NULL, position, problem));
    }
    remarks.extend(match property {
        P::DevicePhysicalIds if names_group_tag(&lower) => {
            let problem = format!("{value:?} matches no device: Entra calls the group tag OrderID");
            let tag = after_label(value).filter(|tag| verb != Verb::Matches && !tag.is_empty());
            let own = tag.map(|tag| subject.write(single(verb), negated, &format!("[OrderID]:{tag}")));
            let remedy = own.unwrap_or_else(|| RULE_GROUP_TAG_LABEL.remedy.to_owned());
            Some(Remark::new(RULE_GROUP_TAG_LABEL, position, problem).with_remedy(remedy))
        }
        P::DevicePhysicalIds if exact && matches!(lower.trim(), "[ztdid]" | "[ztdid]:") => {
            let problem = "no value is only [ZTDId]: each device's own number follows it";
            let remedy = subject.write(Verb::StartsWith, negated, "[ZTDId]");
            Some(Remark::new(RULE_ZTDID_EQUALS, position, problem).with_remedy(remedy))
        }
        P::DevicePhysicalIds if searching && lower.contains("ztdid") => {
            let problem = format!("{operator} on [ZTDId] is slow, and was reported to have stopped working");
            let remedy = match ztdid_start(verb, value) {
                Some(start) => subject.write(Verb::StartsWith, negated, &start),
                None => "write -startsWith with the beginning of the value, from [ZTDId] on, in the same place".to_owned(),
            };
            Some(Remark::new(RULE_ZTDID_CONTAINS, position, problem).with_remedy(remedy))
        }
        _ if searching => {
            let problem = format!("{operator} makes a rule slow to process");
            Some(Remark::new(RULE_SLOW_OPERATOR, position, problem))
        }
        P::DevicePhysicalIds => labels::look(verb, value).map(|found| {
            let matched = if negated { "every device" } else { "no device" };
            let problem = format!("{value:?} {}, so the condition holds for {matched}", found.problem);
            let verb = if found.is_start { Verb::StartsWith } else { single(verb) };
            let mut remedy = subject.write(verb, negated, &found.meant);
            if found.is_guess {
                remedy.push_str(", if the value is a group tag");
            }
            let mut remark = Remark::new(RULE_MATCHES_NOTHING, position, problem).with_remedy(remedy);
            // A group tag can have spaces, and a rule that repeats them is right.
            if found.is_space {
                remark.finding.severity = Severity::Warning;
            }
            remark
        }),
        P::EnrollmentProfileName if !lower.starts_with("offlineautopilotprofile-") => {
            let problem = "enrollmentProfileName is set when a device enrols, so a registered device that has not \
                           is not matched";
            let remedy = "use devicePhysicalIds; only the name of an offline profile is of use before";
            Some(Remark::new(RULE_SET_AT_ENROLMENT, position, problem).with_remedy(remedy))
        }
        P::DeviceTrustType if lower == "serverad" => {
            let problem = "ServerAD is the object that hybrid join makes later, not the one that Autopilot assigns its \
                           profile to";
            let remedy = "for the profile and the enrollment status page, use devicePhysicalIds";
            Some(Remark::new(RULE_SET_AT_ENROLMENT, position, problem).with_remedy(remedy))
        }
        P::DeviceTrustType if exact => {
            let note = "ServerAD is hybrid join, AzureAD Microsoft Entra join, Workplace a registered device";
            known_value(property, value, &["AzureAD", "ServerAD", "Workplace"], note, position)
        }
        P::DeviceOwnership if exact => {
            let note = "what Intune calls Corporate is Company";
            known_value(property, value, &["Company", "Personal", "Unknown"], note, position)
        }
        _ => None,
    });
}

/// Returns the operator for one value in place of a list.
fn single(verb: Verb) -> Verb {
    if verb == Verb::In { Verb::Equals } else { verb }
}

/// Returns the text after a label and its colon.
fn after_label(value: &str) -> Option<&str> {
    value.split_once(']').map(|(_, rest)| rest.trim_start_matches(':').trim())
}

/// Returns the text from `[ZTDId]` on with which `-startsWith` is equivalent to the search; `None` if a pattern is more
/// than text.
fn ztdid_start(verb: Verb, value: &str) -> Option<String> {
    let mut text = value.trim().to_owned();
    if verb == Verb::Matches {
        let inner = text.trim_start_matches('^').trim_start_matches(".*").trim_end_matches(".*");
        text = ["[", "]", ":", "-", "{", "}"]
            .iter()
            .fold(inner.to_owned(), |text, c| text.replace(&format!("\\{c}"), c));
        if text.contains(['\\', '*', '+', '?', '(', '|', '^', '$', '.']) {
            return None;
        }
    }
    let lower = text.to_lowercase();
    if lower.starts_with("[ztdid") {
        return Some(if lower == "[ztdid" { "[ZTDId]".to_owned() } else { text });
    }
    match lower.strip_prefix("ztdid") {
        Some("") => Some("[ZTDId]".to_owned()),
        Some(rest) if rest.starts_with(']') => Some(format!("[{text}")),
        _ => None,
    }
}

/// Checks a condition on the items of a list.
pub(super) fn items(
    property: DeviceProperty,
    every: bool,
    condition: &Logic<Condition>,
    position: usize,
    remarks: &mut Vec<Remark>,
) {
    /// A value that every registered device has besides those in rules.
    const ANY_DEVICE: &str = "[HWID]:h:0";
    if every || property != DeviceProperty::DevicePhysicalIds {
        return;
    }
    let has_value = condition.any(&|condition| condition.test != Test::Null);
    let holds = condition.holds(&|condition| condition.holds(&Attribute::Text(ANY_DEVICE)));
    if has_value && condition.has_negation() && holds == Some(true) {
        let meant = Clause::Items { property, every: true, condition: condition.clone() };
        let problem = "the condition holds for every registered device, since each has other values too";
        let also = "(device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))";
        let remedy = format!("write {} -and {also}", Logic::Leaf(meant));
        remarks.push(Remark::new(RULE_MATCHES_ALL, position, problem).with_remedy(remedy));
    }
}

fn known_value(
    property: DeviceProperty,
    value: &str,
    known: &[&str],
    note: &str,
    position: usize,
) -> Option<Remark> {
    if known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return None;
    }
    let problem = format!("{property} is never {value:?}");
    let remedy = format!("write one of {} ({note})", known.join(", "));
    Some(Remark::new(RULE_UNKNOWN_VALUE, position, problem).with_remedy(remedy))
}

/// Returns `true` if a value of `devicePhysicalIds`, in lower case, has a label that is often mistaken for the group
/// tag's.
fn names_group_tag(lower: &str) -> bool {
    let label = lower.trim_start_matches(['^', '\\', '[']).split([']', ':', '\\']).next().unwrap_or_default();
    let label: String = label.chars().filter(|c| c.is_alphanumeric()).collect();
    lower.contains('[') && matches!(label.as_str(), "grouptag" | "tag")
}

/// Checks a rule as a whole.
pub(super) fn whole(rule: &Expr, remarks: &mut Vec<Remark>) {
    let others = rule.any(&|clause| clause.property() != DeviceProperty::MemberOf);
    if others
        && let Some(member_of) = remarks.iter().find(|remark| remark.finding.is(&RULE_MEMBER_OF_PREVIEW))
    {
        let problem = "memberOf cannot be combined with another condition";
        remarks.push(Remark::new(RULE_MEMBER_OF_COMBINED, member_of.position, problem));
    }
    remarks.sort_by_key(|remark| remark.position);
}
