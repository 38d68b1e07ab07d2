//! The report as Markdown.

use std::fmt::Write as _;

use super::deployment::DeploymentReport;
use super::words::{EMPTY, count, headline, mark, plain};

/// The longest list of devices of one problem.
const NAMED: usize = 30;

impl DeploymentReport {
    /// Returns the report as Markdown, for a ticket or a wiki: the problems and a table of the devices.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(out, "# {}\n\n**{}**  \n{}", escape(&self.title()), self.summary(), self.period());
        let problems = self.problems();
        if !problems.is_empty() {
            out.push_str("\n## What is wrong\n\n| Problem | Outcome | Devices | Evidence | To do |\n| --- | --- | --- | --- | --- |\n");
        }
        for problem in problems {
            let names: Vec<String> =
                problem.devices.iter().take(NAMED).map(|device| escape(device.name())).collect();
            let more = problem.devices.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(
                out,
                "| **{}** | {} | {}: {}{more} | {} | {} |",
                escape(&headline(problem.finding)),
                problem.outcome,
                count(problem.devices.len(), "device"),
                names.join(", "),
                escape(&problem.finding.evidence),
                escape(&problem.finding.remedy)
            );
        }
        for finding in &self.findings {
            let _ = writeln!(
                out,
                "\n> **{}** {}: {}; {}",
                mark(finding.severity),
                escape(&finding.place),
                escape(&finding.evidence),
                escape(&finding.remedy)
            );
        }
        if self.devices.is_empty() {
            let _ = writeln!(out, "\n{EMPTY}");
        } else {
            out.push_str("\n## Devices\n\n");
            table(&mut out, &self.rows());
        }
        for (source, meaning) in self.deadline_legend() {
            let _ = writeln!(out, "\nDeadline by {source}: {meaning}.");
        }
        let earlier = self.earlier_rows();
        if !earlier.is_empty() {
            out.push_str("\n## Earlier enrollments\n\n");
            table(&mut out, &earlier);
        }
        out
    }
}

fn table(out: &mut String, rows: &[Vec<String>]) {
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if index == 0 {
            let _ = writeln!(out, "|{}", " --- |".repeat(row.len()));
        }
    }
}

/// Returns text from outside for a cell: every character that Markdown or HTML takes for its own is escaped.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A name behind an @ is notified, and a number behind a # linked.
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '@' | '#' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
