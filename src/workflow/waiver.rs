//! Findings that stop a run unless they are waived.

use crate::error::{Error, ErrorKind, Result};
use crate::model::Finding;

/// The maximum number of findings in an error.
const MOST_LISTED: usize = 20;

/// Checks that every finding that stops a run is waived. `stopped` is the noun for the run.
pub(super) fn check_findings(findings: &[Finding], waived: &[String], stopped: &str) -> Result<()> {
    let stops = |finding: &&Finding| finding.is_error() && !waived.iter().any(|waived| *waived == finding.id);
    let all: Vec<String> = findings.iter().filter(stops).map(ToString::to_string).collect();
    if all.is_empty() {
        return Ok(());
    }
    let listed = all.get(..MOST_LISTED).unwrap_or(&all);
    let more = match all.len() - listed.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let count = match all.len() {
        1 => "1 finding stops".to_owned(),
        count => format!("{count} findings stop"),
    };
    Err(Error::new(ErrorKind::InvalidInput, format!("{count} the {stopped}: {}{more}", listed.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::findings::{IMPORT_ASSIGNED_USER, IMPORT_REFUSED};

    #[test]
    fn findings_that_are_no_errors_or_are_waived_stop_nothing() {
        let found = |count: usize| vec![IMPORT_REFUSED.at("PF-1", "x"); count];
        let shown = |count| check_findings(&found(count), &[], "import").unwrap_err().to_string();
        assert!(check_findings(&[IMPORT_ASSIGNED_USER.at("PF-1", "x")], &[], "import").is_ok());
        assert!(check_findings(&found(3), &[IMPORT_REFUSED.id.to_owned()], "import").is_ok());
        assert!(shown(1).starts_with("1 finding stops the import: error [import.refused] PF-1: x"));
        assert!(shown(20).starts_with("20 findings stop the import") && !shown(20).contains("more"));
        assert!(shown(25).ends_with("; and 5 more"));
        assert_eq!(shown(25).matches("import.refused").count(), MOST_LISTED);
    }
}
