//! Inputs of public reports, written anew with invented values, and what each has to give.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

mod csv;
mod hashes;
mod offline;
mod rules;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use windows_autopilot::model::Finding;

/// The folder of the tables and their inputs.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The cases of a table.
fn table<T: DeserializeOwned>(name: &str) -> Vec<T> {
    #[derive(serde::Deserialize)]
    struct Table<T> {
        case: Vec<T>,
    }
    let path = folder().join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    toml::from_str::<Table<T>>(&text).unwrap_or_else(|error| panic!("{name}: {error}")).case
}

/// The findings by severity and id, each with its number.
fn counted(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for finding in findings {
        *counted.entry(format!("{}:{}", finding.severity, finding.id)).or_default() += 1;
    }
    counted
}

/// The severities and ids of findings, sorted.
fn ids(findings: &[Finding]) -> Vec<String> {
    let mut ids: Vec<String> =
        findings.iter().map(|finding| format!("{}:{}", finding.severity, finding.id)).collect();
    ids.sort();
    ids
}

/// The findings as a person reads them.
fn text(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("{finding}\n")).collect()
}
