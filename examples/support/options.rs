//! What an example is told on its command line, and asks before it writes.
#![allow(dead_code, reason = "each example uses its part")]

use std::error::Error;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

/// The arguments that are no options.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect()
}

/// Whether an option was given.
pub(crate) fn has_option(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}

/// What stands behind the `=` of an option, such as `--html=`.
pub(crate) fn value_of(option: &str) -> Option<String> {
    std::env::args().find_map(|argument| argument.strip_prefix(option).map(str::to_owned))
}

/// Asks for a yes, unless `--yes` has given it.
pub(crate) fn confirmed(what: &str) -> Result<bool, Box<dyn Error>> {
    if has_option("--yes") {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err("--live writes only after a yes: answer on a terminal, or add --yes".into());
    }
    print!("{what}? Type yes to go on: ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
