//! The data that the script of the page draws: the words of the crate, and the report in little space.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::deployment::{DeploymentReport, DeviceDeployment, Ranked};
use super::pack::Packer;
use super::words::{
    CARDS, EMPTY, GENERAL_CARDS, LINKED, LONGEST, MARKS, NAMES, class, mark, phase_class, shortened,
};
use crate::foreign::is_plain;
use crate::model::{Severity, Text};
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::{DeadlineSource, DeviceFacts};

/// The maximum number of characters of a name in a row, as far as the budget allows.
const LENGTHS: [usize; 4] = [LONGEST, LONGEST / 2, LONGEST / 4, LONGEST / 16];

/// Returns the data as JSON that can stand in an element of the page: no text in it ends the element.
///
/// Every device is there. If the details of all need more bytes than `budget`, those of the devices that need attention
/// first are there, and the others have the mark `cut`.
pub(super) fn data(report: &DeploymentReport, ranked: &[Ranked<'_>], budget: usize) -> String {
    let head = DeploymentReport {
        title: report.title.clone(),
        started: second(report.started),
        ended: second(report.ended),
        devices: Vec::new(),
        findings: report.findings.clone(),
    };
    let head = serde_json::to_value(head).unwrap_or_default();
    let whole: Vec<Value> = report.devices.iter().map(|device| value(to_the_second(device), false)).collect();
    let mut data = String::new();
    for longest in LENGTHS {
        let short: Vec<Value> =
            report.devices.iter().map(|device| value(without_details(device, longest), true)).collect();
        let packer = Packer::new(whole.iter().chain(&short).chain([&head]));
        let (tables, head, words) = (packer.tables(), packer.pack(&head), words());
        let mut devices: Vec<String> = short.iter().map(|device| harmless(&packer.pack(device))).collect();
        let start = harmless(&format!("{{\"words\":{words},{tables},\"head\":{head},\"devices\":["));
        let needed = start.len() + devices.iter().map(|device| device.len() + 1).sum::<usize>();
        let mut left = budget.saturating_sub(needed);
        for (index, _) in ranked {
            if left == 0 {
                break;
            }
            let (Some(whole), Some(device)) = (whole.get(*index), devices.get_mut(*index)) else { continue };
            let whole = harmless(&packer.pack(whole));
            if let Some(rest) = (left + device.len()).checked_sub(whole.len()) {
                left = rest;
                *device = whole;
            }
        }
        data = format!("{start}{}]}}", devices.join(","));
        if needed <= budget {
            break;
        }
    }
    data
}

/// Escapes in JSON what could end its element, and what no editor should act on: such characters occur only in texts.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if !matches!(c, '<' | '>' | '&' | '\'') && is_plain(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

fn value(device: DeviceDeployment, is_cut: bool) -> Value {
    let mut value = serde_json::to_value(device).unwrap_or_else(|_| Value::Object(Map::new()));
    if let (Value::Object(members), true) = (&mut value, is_cut) {
        members.insert("cut".to_owned(), true.into());
    }
    value
}

/// Returns a time without the part of a second that no report shows.
fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn to_the_second(device: &DeviceDeployment) -> DeviceDeployment {
    let mut device = device.clone();
    device.settled = device.settled.map(second);
    device.state.since = second(device.state.since);
    device.state.deadline = device.state.deadline.map(second);
    for start in &mut device.state.timeline {
        start.at = second(start.at);
    }
    for earlier in &mut device.earlier {
        earlier.until = second(earlier.until);
    }
    device
}

/// Returns what the row of a device shows, and what is searched for most.
fn without_details(device: &DeviceDeployment, longest: usize) -> DeviceDeployment {
    let mut device = to_the_second(device);
    let short = |text: &mut Option<Text>| {
        *text = text.as_deref().map(|text| shortened(text, longest).as_str().into());
    };
    short(&mut device.serial_number);
    device.earlier.clear();
    device.state.findings.truncate(1);
    for finding in &mut device.state.findings {
        finding.id = shortened(&finding.id, longest).into();
        finding.place.clear();
        finding.evidence.clear();
        finding.remedy = "".into();
    }
    let facts = std::mem::take(&mut device.state.facts);
    device.state.facts = DeviceFacts {
        computer_name: facts.computer_name,
        group_tag: facts.group_tag,
        ..DeviceFacts::default()
    };
    short(&mut device.state.facts.computer_name);
    short(&mut device.state.facts.group_tag);
    device
}

/// Returns the words and limits that the script shares with this crate, so that both draw one page.
fn words() -> Value {
    let outcomes = DeploymentOutcome::ALL
        .map(|outcome| json!({"key": outcome, "name": outcome.name(), "class": class(outcome)}));
    let phases = Phase::ALL.map(|phase| {
        json!({
            "key": phase, "name": phase.name(), "activity": phase.activity(), "class": phase_class(phase),
            "next": phase.next_step(), "credential": phase.next_credential().map(|credential| credential.to_string()),
        })
    });
    let sources: Map<String, Value> = DeadlineSource::ALL
        .into_iter()
        .map(|source| (source.name().to_owned(), source.to_string().into()))
        .collect();
    let severities = [Severity::Info, Severity::Warning, Severity::Error]
        .map(|severity| json!({"key": severity, "name": mark(severity)}));
    json!({
        "outcomes": outcomes, "phases": phases, "sources": sources, "severities": severities, "names": NAMES,
        "facts": DeviceFacts::LABELS, "empty": EMPTY,
        "limits": {"marks": MARKS, "linked": LINKED, "cards": CARDS, "general": GENERAL_CARDS, "longest": LONGEST},
    })
}
