//! Inputs of public reports, written anew with invented values, and what each has to give.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code"
)]

#[cfg(feature = "connector-config")]
mod connector;
mod csv;
mod graph;
mod hashes;
mod offline;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use windows_autopilot::model::{Finding, Severity};

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

/// The bytes of an input.
fn read(part: &str, file: &str) -> Vec<u8> {
    fs::read(folder().join(part).join(file)).unwrap_or_else(|error| panic!("{part}/{file}: {error}"))
}

/// What a row demands and the findings do not say, and each remedy of a warning or an error that the row does not have.
fn missing(row: &str, wanted: &[String], findings: &[Finding]) -> Vec<String> {
    let said = text(findings);
    let unsaid = wanted.iter().filter(|part| !said.contains(*part));
    let unsaid = unsaid.map(|part| format!("{row}: says nowhere {part:?}: {said}"));
    let is_wanted = |finding: &&Finding| {
        finding.severity > Severity::Info && !wanted.iter().any(|part| finding.remedy.contains(part.as_str()))
    };
    let remedies: BTreeSet<&str> =
        findings.iter().filter(is_wanted).map(|finding| &*finding.remedy).collect();
    unsaid.chain(remedies.into_iter().map(|remedy| format!("{row}: without the remedy {remedy:?}"))).collect()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    named.map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

/// Checks that the rows of a table are the files of its folder, each once.
fn check_files<'a>(part: &str, rows: impl Iterator<Item = &'a str>) {
    let mut rows: Vec<&str> = rows.collect();
    rows.sort_unstable();
    let files = files(&folder().join(part));
    assert_eq!(rows, files.keys().collect::<Vec<_>>(), "each file of {part} has one row");
}

/// The facts are not part of the package: where they are, each of their cases is here, as it is there, and has its row by
/// the checks of the tables.
#[test]
fn no_case_of_the_facts_is_without_its_row() {
    let facts = std::env::var_os("WINDOWS_AUTOPILOT_FACTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
        .join("cases");
    if !facts.is_dir() {
        assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "no facts in {}", facts.display());
        return;
    }
    let mut parts = 0;
    for entry in fs::read_dir(&facts).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let part = entry.file_name().unwrap();
        let (theirs, ours) = (files(&entry), files(&folder().join(part)));
        for (name, content) in theirs.iter().filter(|(name, _)| *name != "expected.jsonl") {
            assert!(ours.get(name) == Some(content), "{}/{name} is not here as it is there", part.display());
        }
        parts += 1;
    }
    assert_eq!(parts, 5, "each folder of cases has its table");
}
