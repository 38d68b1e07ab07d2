//! The vocabulary of a plan: steps, actions and planned steps.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::foreign::line;
use crate::model::{Finding, PropertyChange};

/// A step of a deployment, numbered as in Microsoft's tutorial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// 1: automatic enrollment.
    AutomaticEnrollment,
    /// 2: the Intune Connector for Active Directory.
    Connector,
    /// 3: the connector's right to create computer accounts.
    ComputerAccounts,
    /// 4: device registration.
    Devices,
    /// 5: the device group.
    Group,
    /// 6: the enrollment status page.
    StatusPage,
    /// 6: the policy that skips account setup on the enrollment status page.
    AccountSetup,
    /// 7: the deployment profile.
    Profile,
    /// 8: the domain join profile.
    DomainJoin,
    /// 9: the assignment of users to devices, or its removal. Off by default because an assigned user breaks a hybrid
    /// join.
    Users,
    /// 10: device deployment.
    Deploy,
}

impl Step {
    /// Returns the number of the step in Microsoft's tutorial.
    pub fn number(self) -> u8 {
        match self {
            Self::AutomaticEnrollment => 1,
            Self::Connector => 2,
            Self::ComputerAccounts => 3,
            Self::Devices => 4,
            Self::Group => 5,
            Self::StatusPage | Self::AccountSetup => 6,
            Self::Profile => 7,
            Self::DomainJoin => 8,
            Self::Users => 9,
            Self::Deploy => 10,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AutomaticEnrollment => "automatic enrollment",
            Self::Connector => "Intune Connector",
            Self::ComputerAccounts => "computer accounts",
            Self::Devices => "devices",
            Self::Group => "group",
            Self::StatusPage => "enrollment status page",
            Self::AccountSetup => "account setup",
            Self::Profile => "deployment profile",
            Self::DomainJoin => "domain join profile",
            Self::Users => "users",
            Self::Deploy => "deployment",
        })
    }
}

/// The action that a plan takes on one subject.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Creates an object with these values.
    Create(Vec<PropertyChange>),
    /// Changes properties of an object.
    Update(Vec<PropertyChange>),
    /// Adds and removes assignments.
    #[non_exhaustive]
    Assign {
        /// The targets that are added.
        add: Vec<String>,
        /// The targets that are removed.
        remove: Vec<String>,
    },
    /// Imports devices, identified by their serial numbers.
    Import(Vec<String>),
    /// Completes the creation or import that an interrupted run left unfinished: the subject is as desired, but the
    /// journal does not contain its id yet.
    Resume,
    /// Changes nothing: the subject is as desired.
    Keep,
    /// Changes nothing: the subject is no longer in the settings or the device list, and remains in the tenant until it
    /// is removed. See [`Plan::dropped`](super::Plan::dropped).
    Dropped,
    /// Changes nothing: the service did not report these properties, so their drift is not known.
    Unknown(Vec<PropertyChange>),
    /// Leaves the described work to an administrator.
    Manual(String),
    /// Does nothing, because of the finding.
    Blocked(Finding),
}

impl Action {
    /// Returns `true` if the action writes to the tenant or completes an earlier write.
    pub fn is_change(&self) -> bool {
        matches!(
            self,
            Self::Create(_) | Self::Update(_) | Self::Assign { .. } | Self::Import(_) | Self::Resume
        )
    }
}

/// An action of a plan, with its step and subject.
///
/// `Display` prints the step in the same form as the plan: indented lines, each ending with a line break.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedStep {
    /// The step that the action belongs to.
    pub step: Step,
    /// The subject of the action, such as a profile's name.
    pub subject: String,
    /// The change that the step makes.
    pub action: Action,
}

impl PlannedStep {
    pub(super) fn new(step: Step, subject: impl Into<String>, action: Action) -> Self {
        Self { step, subject: subject.into(), action }
    }

    /// Formats changes using the settings' own names and values. Properties of one setting share a line.
    fn fmt_changes(
        &self,
        f: &mut fmt::Formatter<'_>,
        changes: &[PropertyChange],
        values: impl Fn(&PropertyChange) -> String,
    ) -> fmt::Result {
        let name = |change: &PropertyChange| match (self.step, change.setting()) {
            // The deployment has them in a place of their own.
            (Step::DomainJoin, setting) => match setting.as_str() {
                "active_directory_domain_name" => "active_directory.domain".to_owned(),
                "organizational_unit" => "active_directory.organizational_unit".to_owned(),
                "computer_name_static_prefix" => "computer_name_prefix".to_owned(),
                _ => setting,
            },
            (_, setting) => setting,
        };
        let mut lines: Vec<String> =
            changes.iter().map(|change| format!("{}: {}", line(&name(change)), values(change))).collect();
        lines.dedup();
        lines.iter().try_for_each(|line| writeln!(f, "      {line}"))
    }

    /// Sorts actions by the order of their steps.
    pub(super) fn sort(planned: &mut [Self]) {
        planned.sort_by_key(|planned| planned.step);
    }
}

fn both(change: &PropertyChange) -> String {
    let (before, after) = change.shown();
    format!("{before} -> {after}")
}

impl fmt::Display for PlannedStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = line(&self.subject);
        match &self.action {
            Action::Create(values) => {
                writeln!(f, "  + {subject}: create")?;
                self.fmt_changes(f, values, PropertyChange::shown_whole)
            }
            Action::Update(changes) => {
                writeln!(f, "  ~ {subject}: change")?;
                self.fmt_changes(f, changes, both)
            }
            Action::Assign { add, remove } => {
                writeln!(f, "  ~ {subject}: assign")?;
                add.iter().try_for_each(|who| writeln!(f, "      + {}", line(who)))?;
                remove.iter().try_for_each(|who| writeln!(f, "      - {}", line(who)))
            }
            Action::Import(serials) => {
                writeln!(f, "  + {subject}: import {}", counted(serials.len(), "device"))?;
                const SHOWN: usize = 5;
                serials.iter().take(SHOWN).try_for_each(|serial| writeln!(f, "      + {}", line(serial)))?;
                match serials.len().saturating_sub(SHOWN) {
                    0 => Ok(()),
                    more => writeln!(f, "      … and {more} more"),
                }
            }
            Action::Resume => writeln!(f, "  ~ {subject}: complete what an interrupted run began"),
            Action::Keep => writeln!(f, "  = {subject}"),
            Action::Dropped => writeln!(f, "  . {subject}: no longer in the settings; it is kept"),
            Action::Unknown(properties) => {
                writeln!(f, "  ? {subject}: not compared")?;
                self.fmt_changes(f, properties, both)
            }
            Action::Manual(text) => writeln!(f, "  ! {subject}: by hand: {}", line(text)),
            Action::Blocked(finding) => {
                writeln!(f, "  x {subject}: {} [{}]", line(&finding.evidence), line(&finding.id))
            }
        }
    }
}

/// Formats a number with its noun, such as `1 device` and `2 devices`.
pub(super) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Formats the end of a plan: its findings, and the number of things to `change`.
pub(super) fn fmt_end(
    f: &mut fmt::Formatter<'_>,
    findings: &[Finding],
    changes: usize,
    change: &str,
) -> fmt::Result {
    if !findings.is_empty() {
        writeln!(f, "\nFindings")?;
        findings.iter().try_for_each(|finding| writeln!(f, "  {finding}"))?;
    }
    match changes {
        0 => write!(f, "\nNothing to {change}."),
        _ => write!(f, "\n{} to {change}.", counted(changes, "thing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Text;
    use crate::workflow::created::CreatedObjects;
    use crate::workflow::findings::IMPORT_REFUSED;
    use crate::workflow::import::ImportOutcome;
    use crate::workflow::teardown::{PlannedRemoval, RemovalAction, Teardown, TeardownPlan};

    #[test]
    fn row_70_names_are_escaped_in_plans_findings_and_outcomes() {
        let name = "a\u{1b}[2J\u{7}\u{9b}\u{202e}b\nc";
        let finding = IMPORT_REFUSED.at(name, name);
        let mut shown = vec![finding.to_string(), Text::from(name).to_string()];
        for action in [
            Action::Create(vec![PropertyChange::new(name, name, name)]),
            Action::Update(vec![PropertyChange::new(name, name, name)]),
            Action::Unknown(vec![PropertyChange::new(name, name, name)]),
            Action::Assign { add: vec![name.to_owned()], remove: vec![name.to_owned()] },
            Action::Import(vec![name.to_owned()]),
            Action::Resume,
            Action::Keep,
            Action::Dropped,
            Action::Manual(name.to_owned()),
            Action::Blocked(finding.clone()),
        ] {
            shown.push(PlannedStep::new(Step::Group, name, action).to_string());
        }
        for action in [
            RemovalAction::Delete,
            RemovalAction::Unassign(vec![name.to_owned()]),
            RemovalAction::Revoke(vec![name.to_owned()]),
            RemovalAction::Gone,
            RemovalAction::Manual(name.to_owned()),
            RemovalAction::Blocked(finding.clone()),
        ] {
            let steps = vec![PlannedRemoval { step: Step::Group, subject: name.to_owned(), action }];
            let teardown = Teardown::new(CreatedObjects::default());
            let plan = serde_json::json!({
                "tenant": {"tenant_id": name, "cloud": name}, "teardown": teardown, "steps": steps, "findings": [finding],
            });
            shown.push(serde_json::from_value::<TeardownPlan>(plan).unwrap().to_string());
        }
        let rejected = serde_json::json!({"outcome": "refused", "name": name, "code": 1, "status": null});
        shown.push(serde_json::from_value::<ImportOutcome>(rejected).unwrap().to_string());
        for text in shown {
            assert!(
                !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']) && !text.contains("b\nc"),
                "{text:?}"
            );
            assert!(text.contains(r"\u{1b}[2J"), "{text:?}");
        }
    }
}
