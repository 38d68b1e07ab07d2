//! What is known to go wrong with rules.

use std::borrow::Cow;

use super::expr::{Clause, Expr, Operator, Verb};
use super::property::DeviceProperty;
use crate::model::{Finding, InvalidValue, Severity};

/// Something to say about one place of a rule: why it is refused, or what may go wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remark {
    id: &'static str,
    severity: Severity,
    /// The index of a character.
    pub(super) position: usize,
    problem: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

impl Remark {
    /// The rule cannot be used, or does not do what it says.
    pub(super) fn error(
        id: &'static str,
        position: usize,
        problem: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { id, severity: Severity::Error, position, problem: problem.into(), remedy: remedy.into() }
    }

    /// The rule can be used, and is likely to cause trouble.
    pub(super) fn warning(
        id: &'static str,
        position: usize,
        problem: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(id, position, problem, remedy) }
    }

    pub(super) fn into_finding(self) -> Finding {
        let place = format!("character {}", self.position.saturating_add(1));
        Finding::new(self.id, self.severity, place, self.problem, self.remedy)
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
        remarks.push(Remark::warning(
            "rule.property-case",
            position,
            format!("names of properties are case-sensitive, and {name} is not how this one is written"),
            format!("write device.{property}"),
        ));
    }
    match property {
        P::OrganizationalUnit => remarks.push(Remark::error(
            "rule.organizational-unit",
            position,
            "Entra does not know organizationalUnit, so no device has it",
            "use a group tag, or an extension attribute that is synchronised from the directory",
        )),
        P::DeviceCategory
        | P::DeviceManagementAppId
        | P::DeviceManufacturer
        | P::DeviceModel
        | P::DeviceOsType
        | P::DeviceOsVersion
        | P::DeviceOwnership
        | P::IsRooted
        | P::ManagementType => remarks.push(Remark::warning(
            SET_AT_ENROLMENT,
            position,
            format!("{property} is set when a device enrols, so a registered device that has not may not be matched"),
            "for profiles and pages that Autopilot needs before that, use devicePhysicalIds",
        )),
        P::MemberOf => remarks.push(Remark::warning(
            "rule.member-of-preview",
            position,
            "memberOf is a preview that Microsoft does not want in production",
            "assign to the groups themselves",
        )),
        _ => {}
    }
}

const SET_AT_ENROLMENT: &str = "rule.set-at-enrolment";

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
        remarks.push(Remark::warning(
            "rule.quoted-null",
            position,
            "null in quotes is the word, not a missing value",
            "write null without quotes, after -eq or -ne",
        ));
    }
    match property {
        P::DevicePhysicalIds if names_group_tag(&lower) => remarks.push(Remark::error(
            "rule.group-tag-label",
            position,
            format!("{value:?} matches no device: Entra calls the group tag OrderID"),
            "write [OrderID]: and the tag",
        )),
        P::DevicePhysicalIds if exact && matches!(lower.trim(), "[ztdid]" | "[ztdid]:") => remarks.push(Remark::error(
            "rule.ztdid-equals",
            position,
            "no value is [ZTDId] alone: each device's own number follows it",
            "write (device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))",
        )),
        P::DevicePhysicalIds if searching && lower.contains("ztdid") => remarks.push(Remark::warning(
            "rule.ztdid-contains",
            position,
            format!("{operator} on [ZTDId] is slow, and was reported to have stopped working"),
            if negated {
                "write (device.devicePhysicalIds -all (_ -notStartsWith \"[ZTDId]\"))"
            } else {
                "write (device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))"
            },
        )),
        _ if searching => remarks.push(Remark {
            severity: Severity::Info,
            ..Remark::warning(
                "rule.slow-operator",
                position,
                format!("{operator} makes a rule slow to process"),
                "use -startsWith, -eq or -in where they say the same",
            )
        }),
        P::EnrollmentProfileName if !lower.starts_with("offlineautopilotprofile-") => remarks.push(Remark::warning(
            SET_AT_ENROLMENT,
            position,
            "enrollmentProfileName is set when a device enrols, so a registered device that has not is not matched",
            "use devicePhysicalIds; only the name of an offline profile is of use before",
        )),
        P::DeviceTrustType if lower == "serverad" => remarks.push(Remark::warning(
            SET_AT_ENROLMENT,
            position,
            "ServerAD is the object that hybrid join makes later, not the one that Autopilot assigns its profile to",
            "for the profile and the enrollment status page, use devicePhysicalIds",
        )),
        P::DeviceTrustType if exact => known_value(property, value, &["AzureAD", "ServerAD", "Workplace"], position, remarks),
        P::DeviceOwnership if exact => known_value(property, value, &["Company", "Personal", "Unknown"], position, remarks),
        _ => {}
    }
}

fn known_value(
    property: DeviceProperty,
    value: &str,
    known: &[&'static str],
    position: usize,
    remarks: &mut Vec<Remark>,
) {
    if !known.iter().any(|known| known.eq_ignore_ascii_case(value)) {
        remarks.push(Remark::warning(
            "rule.unknown-value",
            position,
            format!("{property} is never {value:?}"),
            format!("write one of {} (what Intune calls Corporate is Company)", known.join(", ")),
        ));
    }
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
    if others && let Some(member_of) = remarks.iter().find(|remark| remark.id == "rule.member-of-preview") {
        remarks.push(Remark::error(
            "rule.member-of-combined",
            member_of.position,
            "memberOf cannot be combined with another condition",
            "make it the whole rule of a group of its own",
        ));
    }
    remarks.sort_by_key(|remark| remark.position);
}
