//! The kinds of findings, and the page of the manual that lists them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::{env, fs};

use windows_autopilot::model::FindingKind;
use windows_autopilot::{ad, evidence, model, offline, registration, workflow};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/findings.md");

/// Each module with its kinds.
const MODULES: &[(&str, &[FindingKind])] = &[
    ("model::findings", model::findings::ALL),
    ("registration::findings", registration::findings::ALL),
    ("offline::findings", offline::findings::ALL),
    ("ad::findings", ad::findings::ALL),
    ("ad::connector_config::findings", ad::connector_config::findings::ALL),
    ("evidence::findings", evidence::findings::ALL),
    ("workflow::findings", workflow::findings::ALL),
    ("workflow::watch::findings", workflow::watch::findings::ALL),
];

const INTRODUCTION: &str = "\
# Findings

A check returns [`Finding`](crate::model::Finding)s. Finding ids are stable across versions: match on them, search for
them in logs, or waive them when a plan is applied. In code, compare with the kind's constant, whose name is the id in
upper snake case: `finding.is(&CSV_MISSING_SERIAL)`.

The tables list the usual severity and remedy; for some findings, they depend on the value in question.
";

/// Plain text as Markdown in a cell of a table, with straight quotes: rustdoc curls those that are not escaped.
fn cell(text: &str) -> String {
    let special = |c: char| r#"\`*_[]<>|&$""#.contains(c);
    text.chars()
        .fold(String::new(), |mut cell, c| {
            cell.extend(special(c).then_some('\\'));
            cell.push(c);
            cell
        })
        .replace("''", r"\'\'")
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (module, kinds) in MODULES {
        write!(page, "\n## `{module}`\n\n| id | severity | meaning | remedy |\n| --- | --- | --- | --- |\n")
            .unwrap();
        for FindingKind { id, severity, meaning, remedy, .. } in *kinds {
            writeln!(page, "| `{id}` | {severity} | {meaning} | {} |", cell(remedy)).unwrap();
        }
    }
    page
}

#[test]
fn the_page_lists_every_kind() {
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(PAGE, page()).unwrap();
    }
    assert!(
        fs::read_to_string(PAGE).unwrap() == page(),
        "run this test with UPDATE_DOCS=1 to rewrite {PAGE}"
    );
}

#[test]
fn ids_are_unique_and_of_the_form_area_dot_name() {
    let is_word =
        |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let mut ids = BTreeSet::new();
    for kind in MODULES.iter().flat_map(|(_, kinds)| *kinds) {
        assert!(ids.insert(kind.id), "{} is there twice", kind.id);
        let (area, name) = kind.id.split_once('.').unwrap();
        assert!([area, name].iter().all(|part| part.split('-').all(is_word)), "{}", kind.id);
        assert!(!kind.meaning.is_empty() && !kind.remedy.is_empty(), "{kind:?}");
    }
}
