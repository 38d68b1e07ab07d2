//! The output of an example: lines for a person, or with `--json` one document for a program; and its exit code.
#![allow(dead_code, reason = "each example uses its part")]

use std::fmt::Display;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::exit;

/// What an example reports.
pub(crate) struct Report {
    /// The document, if it is for a program.
    document: Option<Map<String, Value>>,
}

impl Report {
    /// Starts a report. An option that is none of `known` ends the example: those with a value end with `=`. Every example
    /// knows `--json`, and with `--live` the options of a browser's sign-in.
    pub(crate) fn start(known: &[&str]) -> Result<Self, ExitCode> {
        let browser: &[&str] =
            if known.contains(&"--live") { &["--browser", "--browser-seconds="] } else { &[] };
        let known: Vec<&str> = known.iter().chain(browser).chain(&["--json"]).copied().collect();
        let mut options = std::env::args().skip(1).filter(|argument| argument.starts_with("--"));
        let is_known = |option: &str| {
            known
                .iter()
                .any(|known| if known.ends_with('=') { option.starts_with(known) } else { option == *known })
        };
        if let Some(option) = options.find(|option| !is_known(option)) {
            return Err(usage(format!("there is no option {option}; the options are {}", known.join(", "))));
        }
        let is_json = std::env::args().any(|argument| argument == "--json");
        Ok(Self { document: is_json.then(Map::new) })
    }

    /// Whether the report is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.document.is_some()
    }

    /// Prints a line for a person.
    #[allow(clippy::print_stdout, reason = "an example talks to a person")]
    pub(crate) fn line(&self, line: impl Display) {
        if !self.is_json() {
            println!("{line}");
        }
    }

    /// Adds a fact to the document for a program.
    pub(crate) fn fact(&mut self, name: &str, value: impl Serialize) {
        if let Some(document) = &mut self.document {
            document.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        }
    }

    /// Ends with a code of the table; prints the document, which has the code too.
    #[allow(clippy::print_stdout, reason = "an example talks to a program")]
    pub(crate) fn end(mut self, code: u8) -> ExitCode {
        self.fact("exit_code", code);
        if let Some(document) = self.document {
            println!("{:#}", Value::Object(document));
        }
        exit::with(code)
    }
}

/// Ends an example whose command line cannot be used.
#[allow(clippy::print_stderr, reason = "an example talks to a person")]
pub(crate) fn usage(problem: impl Display) -> ExitCode {
    eprintln!("{problem}");
    exit::with(exit::USAGE)
}
