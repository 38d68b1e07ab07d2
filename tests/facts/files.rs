//! The facts about the service, read from a folder that is not part of the package.
//!
//! Where the folder is not, a test says so and passes; with `CI=true` it fails.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "test code"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

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

/// A property as the facts name it.
pub(crate) struct Property {
    pub(crate) name: String,
    pub(crate) ty: String,
    pub(crate) collection: bool,
    /// What else is said of it, such as `nullable` and `docMaxLength`.
    pub(crate) facts: Value,
}

/// The types of one version with their own and their inherited properties.
pub(crate) struct Types(Value);

impl Types {
    pub(crate) fn load(version: &str) -> Option<Self> {
        json(&format!("graph/types-{version}.json")).map(Self)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        self.0["types"].as_array().into_iter().flatten().find(|ty| ty["name"] == name)
    }

    pub(crate) fn is_subset(&self, name: &str) -> bool {
        self.find(name).is_some_and(|ty| ty["subset"] == true)
    }

    pub(crate) fn properties(&self, name: &str) -> Vec<Property> {
        let Some(ty) = self.find(name) else { return Vec::new() };
        let mut properties = ty["baseType"].as_str().map_or_else(Vec::new, |base| self.properties(base));
        properties.extend(ty["properties"].as_array().unwrap().iter().map(|property| Property {
            name: property["name"].as_str().unwrap().to_owned(),
            ty: property["type"].as_str().unwrap().to_owned(),
            collection: property["collection"] == true,
            facts: property.clone(),
        }));
        properties
    }

    /// Values that a property of this type can have.
    pub(crate) fn samples(&self, ty: &str) -> Vec<Value> {
        match ty {
            "Edm.String" => vec![json!("text")],
            "Edm.Boolean" => vec![json!(true), json!(false)],
            "Edm.Int32" => vec![json!(0), json!(i32::MIN), json!(i32::MAX)],
            "Edm.Int64" => vec![json!(i64::MIN), json!(i64::MAX)],
            "Edm.DateTimeOffset" => vec![json!("2026-10-01T07:58:44.2908994Z")],
            "Edm.Duration" => vec![json!("PT3M21.5549443S"), json!("-PT2M57.2190107S")],
            "Edm.Binary" => vec![json!("aGFyZHdhcmVJZGVudGlmaWVy")],
            _ => match self.0["enums"].get(ty) {
                Some(found) => {
                    let members = found["members"].as_array().unwrap().iter().map(|m| m["member"].clone());
                    members.chain([json!("aMemberOfTomorrow")]).collect()
                }
                None => vec![json!({})],
            },
        }
    }
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
