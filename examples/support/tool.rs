//! The framework of a tool: its command line, output and exit.

use std::fmt::Display;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::str::FromStr;

use lexopt::{Arg, Parser, ValueExt as _};
use serde::Serialize;
use serde_json::{Map, Value};

use super::exit;
use super::failure::Failure;

/// The command line of a tool, and its output.
pub(crate) struct Tool {
    /// The options by name, in order; those without a value have an empty one.
    options: Vec<(String, String)>,
    arguments: Vec<String>,
    document: Document,
}

/// The output for a program.
enum Document {
    /// Named facts, to which the exit code is added.
    Facts(Map<String, Value>),
    Whole(Value),
}

/// Runs a tool, prints its error or its document, and returns its exit code.
///
/// `usage` is the command line without options, such as `plan [SETTINGS.toml]`. An option is `--live` or, with a value,
/// `--port PORT`, which is given as `--port 80` or `--port=80`. Every tool has `--json` and `--help`, and a tool with
/// `--live` has the options of the sign-in and `--yes`.
pub(crate) fn run(
    usage: &str,
    options: &[&str],
    tool: impl AsyncFnOnce(&mut Tool) -> Result<u8, Failure>,
) -> ExitCode {
    let mut options = options.to_vec();
    if options.contains(&"--live") {
        options.extend(["--yes", "--browser", "--browser-seconds SECONDS"]);
    }
    options.push("--json");
    let usage = format!("usage: {usage} [{}]", options.join("] ["));
    let code = match Tool::read(Parser::from_env(), &options) {
        Ok(None) => {
            println!("{usage}");
            exit::DONE
        }
        Err(problem) => {
            eprintln!("{problem}\n{usage}");
            exit::USAGE
        }
        Ok(Some(mut given)) => match given.run(tool) {
            Ok(code) => given.end(code),
            Err(failure) => {
                eprintln!("{}", failure.message);
                failure.code
            }
        },
    };
    ExitCode::from(code)
}

impl Tool {
    /// Reads the command line; `None` if it asks for help.
    fn read(mut line: Parser, known: &[&str]) -> Result<Option<Self>, String> {
        let mut tool =
            Self { options: Vec::new(), arguments: Vec::new(), document: Document::Facts(Map::new()) };
        while let Some(argument) = line.next().map_err(|error| error.to_string())? {
            let name = match argument {
                Arg::Value(value) => {
                    tool.arguments.push(value.string().map_err(|error| error.to_string())?);
                    continue;
                }
                Arg::Long("help") => return Ok(None),
                Arg::Long(name) => format!("--{name}"),
                Arg::Short(letter) => format!("-{letter}"),
            };
            let of_name = |option: &&&str| option.split(' ').next() == Some(name.as_str());
            let value = match known.iter().find(of_name) {
                Some(option) if option.contains(' ') => line
                    .value()
                    .and_then(|value| value.string())
                    .map_err(|error| format!("{name}: {error}"))?,
                Some(_) => String::new(),
                None => return Err(format!("there is no option {name}")),
            };
            tool.options.push((name, value));
        }
        Ok(Some(tool))
    }

    fn run(&mut self, tool: impl AsyncFnOnce(&mut Self) -> Result<u8, Failure>) -> Result<u8, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(tool(self))
    }

    /// Returns the arguments that are not options.
    pub(crate) fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Returns one of the arguments, counted from 0.
    pub(crate) fn argument(&self, index: usize) -> Option<&str> {
        self.arguments.get(index).map(String::as_str)
    }

    /// Returns `true` if an option was given.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.value(option).is_some()
    }

    /// Returns the value of an option; the last one, if it was given several times.
    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        self.values(option).last()
    }

    /// Returns all values of an option.
    pub(crate) fn values(&self, option: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(name, _)| name == option).map(|(_, value)| &**value)
    }

    /// Parses the value of an option; `None` if it was not given.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&self, option: &str) -> Result<Option<T>, Failure> {
        let parse =
            |text: &str| text.parse().map_err(|error| Failure::usage(format!("{option} {text}: {error}")));
        self.value(option).map(parse).transpose()
    }

    /// Returns `true` if the output is a document for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.has("--json")
    }

    /// Prints a line for a person.
    pub(crate) fn line(&self, line: impl Display) {
        if !self.is_json() {
            println!("{line}");
        }
    }

    /// Adds a fact to the document for a program.
    pub(crate) fn fact(&mut self, name: &str, value: impl Serialize) {
        if let Document::Facts(facts) = &mut self.document {
            facts.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        }
    }

    /// Sets the whole document for a program, in place of the facts.
    pub(crate) fn document(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        self.document = Document::Whole(serde_json::to_value(value)?);
        Ok(())
    }

    /// Asks before a write to something real. Returns `true` if the answer is yes, with `--yes`, and without `--live`.
    pub(crate) fn may_write(&self, action: &str) -> Result<bool, Failure> {
        if !self.has("--live") || self.has("--yes") {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() {
            return Err("--live writes only after a yes: answer on a terminal, or add --yes".into());
        }
        eprint!("{action}? Type yes to go on: ");
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim() == "yes")
    }

    /// Prints the document, and returns the exit code.
    fn end(mut self, code: u8) -> u8 {
        self.fact("exit_code", code);
        if self.is_json() {
            match self.document {
                Document::Facts(facts) => println!("{:#}", Value::Object(facts)),
                Document::Whole(value) => println!("{value:#}"),
            }
        }
        code
    }
}

/// Reads a text file; the error names it.
pub(crate) fn read_file(path: &str) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?)
}
