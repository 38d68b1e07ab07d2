//! The arrows between modules go one way, and inside a module no files form a circle.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "helpers of tests")]

mod circles;
mod habits;

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with those it may use. What is not listed may be used by none.
const MAY_USE: &[(&str, &[&str])] = &[
    ("foreign", &[]),
    ("model", &["foreign"]),
    ("catalog", &[]),
    ("clock", &[]),
    ("codes", &[]),
    ("docs", &[]),
    ("registration", &["foreign", "model"]),
    ("offline", &["foreign", "model"]),
    ("evidence", &["foreign", "model", "codes"]),
    ("tls", &["foreign", "model"]),
    ("transport", &["foreign", "model", "clock", "tls"]),
    ("error", &["foreign", "model", "transport"]),
    ("credential", &["foreign", "model", "clock", "transport", "error"]),
    ("pipeline", &["foreign", "model", "clock", "transport", "error", "credential"]),
    ("graph", &["foreign", "model", "catalog", "clock", "transport", "error", "credential", "pipeline"]),
    (
        "resource",
        &["foreign", "model", "catalog", "clock", "transport", "error", "credential", "pipeline", "graph"],
    ),
    (
        "workflow",
        &[
            "foreign",
            "model",
            "catalog",
            "clock",
            "codes",
            "registration",
            "offline",
            "evidence",
            "error",
            "pipeline",
            "graph",
            "resource",
            "ad",
        ],
    ),
    ("sim", &["foreign", "model", "catalog", "clock", "transport"]),
    ("ad", &["foreign", "model", "clock", "tls"]),
    (
        "testing",
        &[
            "foreign",
            "model",
            "catalog",
            "clock",
            "transport",
            "error",
            "credential",
            "pipeline",
            "graph",
            "resource",
            "workflow",
            "sim",
            "ad",
        ],
    ),
];

/// What the front door re-exports under `crate::`, and where it lives.
const FRONT_DOOR: &[(&str, &str)] = &[
    ("Error", "error"),
    ("ErrorKind", "error"),
    ("Result", "error"),
    ("Client", "graph"),
    ("ClientBuilder", "graph"),
    ("Cloud", "graph"),
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules of this crate that a line of code names, as `crate::name` or in a group `crate::{a, b::c}`.
fn named_modules(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let parts: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default().split(',').map(str::trim).collect(),
            None => vec![rest],
        };
        for part in parts {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !name.is_empty() {
                found.push(name);
            }
        }
    }
    found
}

#[test]
fn no_module_imports_upwards() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > 20, "found only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&src).unwrap();
        let module = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = module.strip_suffix(".rs").unwrap_or(module);
        // The front door re-exports; a program stands outside, and uses the crate by its name.
        if matches!(module, "lib" | "bin") {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{} is in no layer", relative.display()));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in text.lines().enumerate() {
            // Documentation may point anywhere, and shows the crate from outside.
            let code = line.trim_start();
            if code.starts_with("//") || code.contains("]: crate::") {
                continue;
            }
            for name in named_modules(code) {
                let home = FRONT_DOOR
                    .iter()
                    .find(|(export, _)| *export == name)
                    .map_or(name.as_str(), |(_, home)| home);
                let known = MAY_USE.iter().any(|(module, _)| *module == home);
                if known && home != module && !allowed.contains(&home) {
                    wrong.push(format!("{}:{}: {module} uses {home}", relative.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point upwards:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_plain_paths_and_groups() {
    assert_eq!(named_modules("use crate::graph::Client;"), ["graph"]);
    assert_eq!(named_modules("use crate::{model, sim::Tenant};"), ["model", "sim"]);
    assert_eq!(named_modules("fn f(x: &crate::Error)"), ["Error"]);
    assert!(named_modules("mycrate::graph").is_empty());
}
