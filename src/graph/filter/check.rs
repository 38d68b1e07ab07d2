//! The checks that refuse a filter before it is sent.

use super::literal::LiteralKind;
use super::{Condition, Field, Filter};
use crate::catalog;

impl Filter {
    /// Returns why the filter cannot work on the collection at `path`, with the remedy.
    pub(in crate::graph) fn problem(&self, path: &str) -> Option<String> {
        self.conditions.iter().find_map(|condition| condition.problem(path))
    }
}

impl Condition {
    fn problem(&self, path: &str) -> Option<String> {
        self.unsupported(path).or_else(|| self.mismatch(path))
    }

    /// Returns why the collection at `path` does not support the condition.
    ///
    /// A condition is refused only if the service is known to fail on it; all others are sent.
    fn unsupported(&self, path: &str) -> Option<String> {
        let Self { property, operator, .. } = self;
        let is = |info: &catalog::OperationInfo| path == info.path;
        if is(&catalog::AUTOPILOT_DEVICES_LIST) {
            return self.unsupported_by_devices();
        }
        if is(&catalog::AUTOPILOT_PROFILES_LIST) {
            return Some(format!(
                "{property} cannot be filtered by, since the list of deployment profiles has no filter: \
                 list all profiles and compare them"
            ));
        }
        if is(&catalog::ENROLLMENT_CONFIGURATIONS_LIST) && property == "id" && *operator == "endswith" {
            return Some(
                "id cannot be filtered with endswith, which fails on enrollment configurations: \
                 list all of them and match the variants of EnrollmentConfiguration"
                    .to_owned(),
            );
        }
        None
    }

    /// Checks a condition on Autopilot devices: they support one filter, which fails if the value has a hyphen or a
    /// space.
    fn unsupported_by_devices(&self) -> Option<String> {
        let Self { property, operator, value, .. } = self;
        if (property.as_str(), *operator) != ("serialNumber", "contains") {
            return Some(format!(
                "{property} cannot be filtered with {operator} in a list of Autopilot devices: \
                 write field(\"serialNumber\").contains(..), or list all devices and compare them"
            ));
        }
        value.as_ref().filter(|value| value.as_str().contains(['-', ' '])).map(|_| {
            "serialNumber cannot be filtered by a value with a hyphen or a space: call by_serial_number"
                .to_owned()
        })
    }

    /// Returns why the value does not fit the property.
    fn mismatch(&self, path: &str) -> Option<String> {
        let Self { property, operator, value, .. } = self;
        let Some(value) = value else {
            return Some(format!("{property} is compared with an empty list: pass at least one value"));
        };
        let name = property.rsplit('/').next().unwrap_or_default();
        let kind = kind_of(name).filter(|kind| *kind != value.kind())?;
        // A collection at the caller's own path may have types unknown to this crate. The name of a date is
        // unambiguous.
        if path.is_empty() && kind != LiteralKind::Date {
            return None;
        }
        if matches!(*operator, "startswith" | "endswith" | "contains") {
            let operators = if kind == LiteralKind::Boolean { "eq" } else { "ge and lt" };
            return Some(format!("{property} is {kind}: compare it with {operators}, not with {operator}"));
        }
        let wanted = match kind {
            LiteralKind::Text => "a &str or a String",
            LiteralKind::Number => "an integer",
            LiteralKind::Boolean => "true or false",
            LiteralKind::Date => "a Timestamp",
        };
        Some(format!("{property} is {kind}: pass {wanted}, not {}", value.kind()))
    }
}

fn kind_of(property: &str) -> Option<LiteralKind> {
    let lists = [
        (Field::DATES, LiteralKind::Date),
        (Field::NUMBERS, LiteralKind::Number),
        (Field::BOOLEANS, LiteralKind::Boolean),
        (Field::TEXTS, LiteralKind::Text),
    ];
    lists.into_iter().find(|(names, _)| names.contains(&property)).map(|(_, kind)| kind)
}
