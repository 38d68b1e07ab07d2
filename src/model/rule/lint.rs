//! What is known to go wrong with rules.

use std::borrow::Cow;

use super::expr::{Clause, Expr, Operator, Verb};
use super::property::DeviceProperty;
use crate::model::findings::*;
use crate::model::{Finding, FindingKind, InvalidValue};

/// A finding about one place of a rule: the reason why it is refused, or a risk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remark {
    kind: FindingKind,
    /// The index of a character.
    pub(super) position: usize,
    problem: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

impl Remark {
    pub(super) fn new(kind: FindingKind, position: usize, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, position, problem: problem.into(), remedy: kind.remedy.into() }
    }

    /// Sets a remedy other than the kind's.
    pub(super) fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    pub(super) fn into_finding(self) -> Finding {
        let place = format!("character {}", self.position.saturating_add(1));
        self.kind.at(place, self.problem).with_remedy(self.remedy)
    }

    pub(super) fn into_invalid_value(self, rule: &str) -> InvalidValue {
        let problem = format!("{} (character {})", self.problem, self.position.saturating_add(1));
        InvalidValue::new("membership rule", problem, self.remedy).with_value(rule).at(self.position)
    }
}

/// Looks at a property where it stands. `name` is how it was written.
pub(super) fn property(property: DeviceProperty, name: &str, position: usize, remarks: &mut Vec<Remark>) {
    use DeviceProperty as P;
    if !property.is_documented_as(name) {
        remarks.push(
            Remark::new(
                RULE_PROPERTY_CASE,
                position,
                format!("names of properties are case-sensitive, and {name} is not how this one is written"),
            )
            .with_remedy(format!("write device.{property}")),
        );
    }
    let (kind, problem) = match property {
        P::OrganizationalUnit => (
            RULE_ORGANIZATIONAL_UNIT,
            Cow::Borrowed("Entra does not know organizationalUnit, so no device has it"),
        ),
        P::DeviceCategory
        | P::DeviceManagementAppId
        | P::DeviceManufacturer
        | P::DeviceModel
        | P::DeviceOsType
        | P::DeviceOsVersion
        | P::DeviceOwnership
        | P::IsRooted
        | P::ManagementType => {
            let since = "is set when a device enrols, so a registered device that has not may not be matched";
            (RULE_SET_AT_ENROLMENT, format!("{property} {since}").into())
        }
        P::MemberOf => (
            RULE_MEMBER_OF_PREVIEW,
            Cow::Borrowed("memberOf is a preview that Microsoft does not want in production"),
        ),
        _ => return,
    };
    remarks.push(Remark::new(kind, position, problem));
}

/// Looks at a quoted value and how it is compared.
pub(super) fn value(
    property: DeviceProperty,
    (verb, negated): (Verb, bool),
    value: &str,
    position: usize,
    remarks: &mut Vec<Remark>,
) {
    use DeviceProperty as P;
    let lower = value.to_lowercase();
    let exact = matches!(verb, Verb::Equals | Verb::In);
    let searching = matches!(verb, Verb::Contains | Verb::Matches);
    let operator = Operator::Compare { verb, negated };
    if lower == "null" && exact {
        let problem = "null in quotes is the word, not a missing value";
        remarks.push(Remark::new(RULE_QUOTED_NULL, position, problem));
    }
    remarks.extend(match property {
        P::DevicePhysicalIds if names_group_tag(&lower) => {
            let problem = format!("{value:?} matches no device: Entra calls the group tag OrderID");
            Some(Remark::new(RULE_GROUP_TAG_LABEL, position, problem))
        }
        P::DevicePhysicalIds if exact && matches!(lower.trim(), "[ztdid]" | "[ztdid]:") => {
            let problem = "no value is [ZTDId] alone: each device's own number follows it";
            Some(Remark::new(RULE_ZTDID_EQUALS, position, problem))
        }
        P::DevicePhysicalIds if searching && lower.contains("ztdid") => {
            let problem = format!("{operator} on [ZTDId] is slow, and was reported to have stopped working");
            let remark = Remark::new(RULE_ZTDID_CONTAINS, position, problem);
            Some(if negated {
                remark.with_remedy("write (device.devicePhysicalIds -all (_ -notStartsWith \"[ZTDId]\"))")
            } else {
                remark
            })
        }
        _ if searching => {
            let problem = format!("{operator} makes a rule slow to process");
            Some(Remark::new(RULE_SLOW_OPERATOR, position, problem))
        }
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
        P::DeviceTrustType if exact => known_value(property, value, &["AzureAD", "ServerAD", "Workplace"], position),
        P::DeviceOwnership if exact => known_value(property, value, &["Company", "Personal", "Unknown"], position),
        _ => None,
    });
}

fn known_value(property: DeviceProperty, value: &str, known: &[&str], position: usize) -> Option<Remark> {
    if known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        return None;
    }
    let problem = format!("{property} is never {value:?}");
    let remedy = format!("write one of {} (what Intune calls Corporate is Company)", known.join(", "));
    Some(Remark::new(RULE_UNKNOWN_VALUE, position, problem).with_remedy(remedy))
}

/// Whether a value of `devicePhysicalIds`, in lower case, has a label that people take for the group tag's.
fn names_group_tag(lower: &str) -> bool {
    let label = lower.trim_start_matches(['^', '\\', '[']).split([']', ':', '\\']).next().unwrap_or_default();
    let label: String = label.chars().filter(|c| c.is_alphanumeric()).collect();
    lower.contains('[') && matches!(label.as_str(), "grouptag" | "tag")
}

/// Looks at a rule as a whole.
pub(super) fn whole(rule: &Expr, remarks: &mut Vec<Remark>) {
    let mut others = false;
    rule.leaves(&mut |clause: &Clause| others |= clause.property() != DeviceProperty::MemberOf);
    if others && let Some(member_of) = remarks.iter().find(|remark| remark.kind == RULE_MEMBER_OF_PREVIEW) {
        remarks.push(Remark::new(
            RULE_MEMBER_OF_COMBINED,
            member_of.position,
            "memberOf cannot be combined with another condition",
        ));
    }
    remarks.sort_by_key(|remark| remark.position);
}
