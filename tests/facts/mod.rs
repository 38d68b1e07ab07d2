//! The facts about the service, read from a folder that is not part of the package.
//!
//! Where the folder is not, a test says so and passes; with `CI=true` it fails.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::panic, clippy::print_stderr, reason = "test code")]

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of facts: `WINDOWS_AUTOPILOT_FACTS`, or `../shared` beside the package.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("WINDOWS_AUTOPILOT_FACTS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    if folder.join("graph").is_dir() {
        return Some(folder);
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no facts in {}", folder.display());
    eprintln!("skipped: no facts in {}", folder.display());
    None
}

/// A JSON file of the folder, such as `graph/types-beta.json`; `None` where there is no folder.
pub(crate) fn json(path: &str) -> Option<Value> {
    Some(read(&folder()?.join(path)))
}

/// One of `graph/examples/`: its file name, and its content with `version`, `method`, `path`, `kind` and `body`.
pub(crate) struct Example {
    pub(crate) file: String,
    pub(crate) content: Value,
}

impl Example {
    /// A text of the example's own, such as its `path`; `""` if it has none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.content.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Every example, by file name; `None` where there is no folder.
pub(crate) fn examples() -> Option<Vec<Example>> {
    let folder = folder()?.join("graph/examples");
    let listing = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut examples: Vec<Example> = listing
        .flatten()
        .map(|entry| Example {
            file: entry.file_name().to_string_lossy().into_owned(),
            content: read(&entry.path()),
        })
        .collect();
    examples.sort_by(|a, b| a.file.cmp(&b.file));
    Some(examples)
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
