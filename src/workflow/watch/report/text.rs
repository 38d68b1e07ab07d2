//! The report as text.

use std::fmt::{self, Write as _};

use super::deployment::DeploymentReport;
use super::words::{EMPTY, count, headline, mark, moment, plain};
use crate::workflow::watch::state::{DeadlineSource, spell};

/// The longest list of devices of one problem.
const NAMED: usize = 12;
const WIDTH: usize = 100;

impl DeploymentReport {
    /// Returns the report as text: a table of the devices, with those that need attention first, and their problems.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}\n{}\n{}", plain(&self.title()), self.summary(), self.period());
        out.push('\n');
        if self.devices.is_empty() {
            paragraph(&mut out, "", EMPTY);
        } else {
            table(&mut out, &self.rows());
        }
        for (source, meaning) in self.deadline_legend() {
            let _ = writeln!(out, "deadline by {source}: {meaning}");
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
                plain(&headline(finding)),
                plain(&finding.id),
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
        let earlier = self.earlier_rows();
        if !earlier.is_empty() {
            out.push_str("\nEarlier enrollments\n\n");
            table(&mut out, &earlier);
        }
        out
    }

    /// Returns the cells of the table of devices, with its head. A deadline has a column if a device has one to meet.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let has_deadlines = self.devices.iter().any(|device| device.open_deadline().is_some());
        let mut head = vec!["Device", "Computer name", "Phase", "Took"];
        head.extend(has_deadlines.then_some("Deadline"));
        head.push("What is wrong");
        let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
        rows.extend(self.ranked().into_iter().map(|(_, device)| {
            let mut row = vec![
                plain(device.name()),
                device.state.facts.computer_name.as_deref().map(plain).unwrap_or_default(),
                device.status(),
                device.elapsed().map(spell).unwrap_or_default(),
            ];
            if has_deadlines {
                row.push(match device.open_deadline() {
                    Some((at, Some(source))) => format!("{} ({})", moment(at), source.name()),
                    Some((at, None)) => moment(at),
                    None => String::new(),
                });
            }
            row.push(plain(&device.problem()));
            row
        }));
        rows
    }

    /// Returns the sources of the deadlines in the table, each with its meaning.
    pub(super) fn deadline_legend(&self) -> Vec<(&'static str, String)> {
        let is_used = |source: &DeadlineSource| {
            self.devices.iter().any(|device| {
                device.open_deadline().is_some_and(|(_, device_source)| device_source == Some(*source))
            })
        };
        DeadlineSource::ALL
            .into_iter()
            .filter(is_used)
            .map(|source| (source.name(), source.to_string()))
            .collect()
    }

    /// Returns the cells of the table of earlier enrollments, with its head; nothing if there are none.
    pub(super) fn earlier_rows(&self) -> Vec<Vec<String>> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        for (_, device) in self.ranked() {
            rows.extend(device.earlier.iter().map(|earlier| {
                vec![
                    plain(device.name()),
                    earlier.status(),
                    moment(earlier.until),
                    earlier.cause.as_ref().map(|cause| plain(&headline(cause))).unwrap_or_default(),
                ]
            }));
        }
        if !rows.is_empty() {
            rows.insert(0, ["Device", "Phase", "Until", "What was wrong"].map(str::to_owned).into());
        }
        rows
    }
}

/// Writes the output of [`DeploymentReport::to_text`].
impl fmt::Display for DeploymentReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

/// Writes rows as a table, with the first as its head.
// Widths by hand: `unicode-width` would replace no line. It would count wide characters, which computer names, serial numbers
// and our own texts do not have, as two.
fn table(out: &mut String, rows: &[Vec<String>]) {
    let mut widths = vec![0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        out.push_str(line.trim_end());
        out.push('\n');
        if index == 0 {
            let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            out.push_str(&rules.join("  "));
            out.push('\n');
        }
    }
}

/// Writes text in lines of limited length, the first behind `label` and the others below its text.
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
