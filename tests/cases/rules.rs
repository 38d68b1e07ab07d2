//! Membership rules and operators of public reports.

use std::fs;

use serde::Deserialize;
use serde_json::Value;
use windows_autopilot::model::MembershipRule;

use super::{folder, ids, missing, table, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    line: usize,
    accepted: bool,
    findings: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    /// Whether the membership of each device rests on a pattern that is not evaluated here.
    #[serde(default)]
    unknown: bool,
}

fn lines(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(folder().join("rules").join(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check(table_name: &str, inputs: &str) {
    let (mut wrong, cases, lines) = (Vec::new(), table::<Case>(table_name), lines(inputs));
    for case in &cases {
        let line = &lines[case.line - 1];
        let rule = line["rule"].as_str().unwrap();
        let findings = MembershipRule::lint_text(rule);
        let said = text(&findings);
        let parsed = rule.parse::<MembershipRule>();
        if parsed.is_ok() != case.accepted || ids(&findings) != case.findings {
            wrong.push(format!("{}: {rule}: {said}", case.line));
        }
        wrong.extend(missing(&case.line.to_string(), &case.says, &findings));
        let (Ok(rule), Some(devices)) = (parsed, line["devices"].as_array()) else { continue };
        for device in devices {
            let expected = if case.unknown { None } else { device["e"].as_bool() };
            if rule.evaluate(device["d"].as_object().unwrap()) != expected {
                wrong.push(format!("{}: {rule}: not {expected:?} for {}", case.line, device["d"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(cases.len(), lines.len(), "every rule has a row");
}

#[test]
fn every_rule_is_accepted_or_refused_with_its_remedy_and_selects_its_devices() {
    check("rules.toml", "rules.jsonl");
}

#[test]
fn every_foreign_operator_has_its_remedy() {
    check("operators.toml", "operators.jsonl");
}
