//! The report as text.

use std::fmt::{self, Write as _};

use super::deployment::DeploymentReport;
use super::words::{count, headline, mark, plain};
use crate::workflow::watch::state::spell;

/// How many devices are named where they are listed by their problem.
const NAMED: usize = 12;
const WIDTH: usize = 100;

impl DeploymentReport {
    /// Returns the report as text: a table of the devices, those that need attention first, and their problems.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}\n{}\n{}", plain(&self.title()), self.summary(), self.period());
        if !self.devices.is_empty() {
            out.push('\n');
            table(&mut out, &self.rows());
        }
        for problem in self.problems() {
            let finding = problem.finding;
            let names: Vec<String> =
                problem.devices.iter().take(NAMED).map(|device| plain(device.name())).collect();
            let more = problem.devices.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(
                out,
                "\n{} ({}), {}: {}",
                headline(finding),
                finding.id,
                problem.outcome,
                count(problem.devices.len(), "device")
            );
            paragraph(&mut out, "  devices:  ", &format!("{}{more}", names.join(", ")));
            paragraph(&mut out, "  evidence: ", &plain(&finding.evidence));
            paragraph(&mut out, "  to do:    ", &plain(&finding.remedy));
        }
        for finding in &self.findings {
            let _ = writeln!(
                out,
                "\n{} [{}] {}",
                mark(finding.severity),
                plain(&finding.id),
                plain(&finding.place)
            );
            paragraph(&mut out, "  evidence: ", &plain(&finding.evidence));
            paragraph(&mut out, "  to do:    ", &plain(&finding.remedy));
        }
        out
    }

    /// Returns the cells of the table, with its head.
    pub(super) fn rows(&self) -> Vec<[String; 5]> {
        let mut rows = vec![["Device", "Computer name", "Phase", "Took", "What is wrong"].map(str::to_owned)];
        rows.extend(self.sorted().into_iter().map(|device| {
            [
                plain(device.name()),
                device.state.facts.computer_name.as_deref().map(plain).unwrap_or_default(),
                device.status(),
                device.elapsed().map(spell).unwrap_or_default(),
                device.problem(),
            ]
        }));
        rows
    }
}

/// Prints [`DeploymentReport::to_text`].
impl fmt::Display for DeploymentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

fn table(out: &mut String, rows: &[[String; 5]]) {
    let mut widths = [0; 5];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str(line.trim_end());
        out.push('\n');
        if index == 0 {
            let rules = widths.map(|width| "-".repeat(width));
            out.push_str(&rules.join("  "));
            out.push('\n');
        }
    }
}

/// Text in lines of a bearable length, the first behind `label` and the others below its text.
fn paragraph(out: &mut String, label: &str, text: &str) {
    let indent = " ".repeat(label.chars().count());
    let mut line = label.to_owned();
    let mut length = 0;
    for word in text.split_whitespace() {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > WIDTH - indent.len() {
            out.push_str(line.trim_end());
            out.push('\n');
            line.clone_from(&indent);
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += more;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
