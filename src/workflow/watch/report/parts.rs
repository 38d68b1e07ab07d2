//! The parts of the page that are counts and causes, and its rows without scripts.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use super::deployment::{DeploymentReport, DeviceDeployment, Problem, Ranked};
use super::timeline::{Scale, background, times};
use super::words::{
    CARDS, GENERAL_CARDS, LINKED, LONGEST, MARKS, ROWS, class, count, headline, mark, moment, phase_class,
    plain, shortened,
};
use crate::model::Finding;
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::spell;

/// The maximum number of characters of the evidence and of the remedy of a problem.
const LONGEST_TEXT: usize = 1_000;

/// The maximum number of characters of the list of the problems without a card.
const LONGEST_LIST: usize = 20_000;

impl DeploymentReport {
    pub(super) fn write_totals(&self, out: &mut String) -> fmt::Result {
        out.push_str("<ul class=\"totals\">");
        for outcome in DeploymentOutcome::ALL {
            let number = self.count(outcome);
            let none = if number == 0 { " none" } else { "" };
            write!(out, "<li class=\"{}{none}\"><b>{number}</b>{outcome}</li>", class(outcome))?;
        }
        out.push_str("</ul><div class=\"share\" aria-hidden=\"true\">");
        for outcome in DeploymentOutcome::ALL {
            match self.count(outcome) {
                0 => {}
                number => write!(out, "<span class=\"{}\" style=\"flex:{number}\"></span>", class(outcome))?,
            }
        }
        out.push_str("</div>");
        Ok(())
    }

    /// Writes a card for each problem, the most urgent first, and a list of those that have none.
    pub(super) fn write_problems(&self, out: &mut String, ranked: &[Ranked<'_>]) -> fmt::Result {
        let problems = self.problems();
        if problems.is_empty() && self.findings.is_empty() {
            return Ok(());
        }
        let places: HashMap<*const DeviceDeployment, (usize, usize)> = ranked
            .iter()
            .enumerate()
            .map(|(rank, (index, device))| (std::ptr::from_ref(*device), (rank, *index)))
            .collect();
        out.push_str("<h2>What is wrong</h2><div class=\"cards\">");
        for problem in problems.iter().take(CARDS) {
            write_problem(out, problem, &places)?;
        }
        for finding in self.findings.iter().take(GENERAL_CARDS) {
            write!(
                out,
                "<article class=\"card overdue\"><header><h3>{}</h3><span class=\"n\">{}</span></header><dl>\
                 <dt>Where</dt><dd>{}</dd>",
                Escaped(&headline(finding)),
                mark(finding.severity),
                Escaped(&shortened(&finding.place, LONGEST_TEXT))
            )?;
            write_finding(out, finding)?;
            out.push_str("</dl></article>");
        }
        out.push_str("</div>");
        let more = problems.iter().skip(CARDS).map(|problem| {
            format!(
                "{}: {}, {}",
                shortened(&headline(problem.finding), LONGEST),
                problem.outcome,
                count(problem.devices.len(), "device")
            )
        });
        let findings = self.findings.iter().skip(GENERAL_CARDS);
        let findings =
            findings.map(|finding| format!("{}: {}", headline(finding), shortened(&finding.place, LONGEST)));
        let more: Vec<String> = more.chain(findings).collect();
        if !more.is_empty() {
            let more = shortened(&more.join("; "), LONGEST_LIST);
            write!(out, "<p class=\"others\">Also: {}</p>", Escaped(&more))?;
        }
        Ok(())
    }

    /// Writes each phase with the number of its devices by outcome, and marks that lead to the worst of them.
    pub(super) fn write_phases(&self, out: &mut String, ranked: &[Ranked<'_>]) -> fmt::Result {
        if ranked.is_empty() {
            return Ok(());
        }
        out.push_str("<h2>Where the devices are</h2><ol class=\"steps\">");
        for phase in Phase::ALL {
            let here: Vec<(usize, Ranked<'_>)> = ranked
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, (_, device))| device.state.phase == phase)
                .collect();
            // Nobody expects to find a device in a phase that few devices are seen in.
            if here.is_empty() && matches!(phase, Phase::Unregistered | Phase::DomainJoined) {
                continue;
            }
            let name = if phase == Phase::Ready { phase.name() } else { phase.activity() };
            write!(out, "<li class=\"{}\"><p class=\"name\">{name}</p>", phase_class(phase))?;
            for outcome in DeploymentOutcome::ALL {
                match here.iter().filter(|(_, (_, device))| device.state.outcome == outcome).count() {
                    0 => {}
                    number => write!(out, "<p class=\"at {}\">{number} {outcome}</p>", class(outcome))?,
                }
            }
            if !here.is_empty() {
                out.push_str("<p class=\"dots\">");
                here.iter().take(MARKS).try_for_each(|(rank, device)| write_dot(out, *rank, *device))?;
                out.push_str("</p>");
            }
            match here.len().saturating_sub(MARKS) {
                0 => {}
                more => write!(out, "<p class=\"name\">and {more} more</p>")?,
            }
            out.push_str("</li>");
        }
        out.push_str("</ol>");
        Ok(())
    }

    /// Writes the meaning of the colors, and the scale of the timelines without scripts.
    pub(super) fn write_legend(&self, out: &mut String) -> fmt::Result {
        out.push_str("<ul class=\"legend\">");
        let is_drawn = |phase: &Phase| {
            let mut starts = self.devices.iter().flat_map(|device| &device.state.timeline);
            *phase != Phase::Ready && starts.any(|start| start.phase == *phase)
        };
        for phase in Phase::ALL.into_iter().filter(is_drawn) {
            write!(out, "<li class=\"{}\"><i></i>{phase}</li>", phase_class(phase))?;
        }
        out.push_str("</ul><div class=\"scale\" aria-hidden=\"true\">");
        for (place, label) in Scale::of(self).marks() {
            write!(out, "<i style=\"left:{place:.2}%\">{label}</i>")?;
        }
        out.push_str("</div>");
        Ok(())
    }

    /// Returns the row of a device without scripts: its timeline, and all that is known of it in one text.
    pub(super) fn row(&self, scale: &Scale, (index, device): Ranked<'_>) -> Result<String, fmt::Error> {
        let state = &device.state;
        let short = |text: &str| shortened(text, LONGEST);
        let mut text = short(device.name());
        if let Some(computer) = &state.facts.computer_name {
            write!(text, " ({})", short(computer))?;
        }
        write!(text, ": {}", device.status())?;
        let problem = device.problem();
        if !problem.is_empty() {
            write!(text, ", {}", short(&problem))?;
        }
        if let Some(elapsed) = device.elapsed() {
            write!(text, ", took {}", spell(elapsed))?;
        }
        text.push('.');
        let times = times(device);
        if !times.is_empty() {
            write!(text, " Phases: {times}.")?;
        }
        if let Some((at, source)) = device.open_deadline() {
            write!(text, " Deadline {} UTC", moment(at))?;
            source.map_or(Ok(()), |source| write!(text, ", {source}"))?;
            text.push('.');
        }
        // The last of them are the nearest to the present.
        for earlier in device.earlier.iter().rev().take(3) {
            write!(text, " Earlier enrollment: {} until {} UTC", earlier.status(), moment(earlier.until))?;
            if let Some(cause) = &earlier.cause {
                write!(text, ", {}", short(&headline(cause)))?;
            }
            text.push('.');
        }
        let (class, background) = (class(state.outcome), background(&scale.bars(self, device)));
        let text = Escaped(&text);
        Ok(format!(
            "<li class=\"{class}\" id=\"d{index}\"><i style=\"background:{background}\"></i>{text}</li>\n"
        ))
    }
}

fn write_problem(
    out: &mut String,
    problem: &Problem<'_>,
    places: &HashMap<*const DeviceDeployment, (usize, usize)>,
) -> fmt::Result {
    write!(
        out,
        "<article class=\"card {}\"><header><h3>{}</h3><span class=\"n\">{}</span></header><dl>",
        class(problem.outcome),
        Escaped(&shortened(&headline(problem.finding), LONGEST)),
        count(problem.devices.len(), "device")
    )?;
    let mut statuses: Vec<String> = problem.devices.iter().map(|device| device.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    write!(out, "<dt>Where</dt><dd>{}</dd>", statuses.join(", "))?;
    write_finding(out, problem.finding)?;
    out.push_str("<dt>Devices</dt><dd>");
    for device in problem.devices.iter().take(LINKED) {
        let name = shortened(device.name(), LONGEST);
        match places.get(&std::ptr::from_ref(*device)) {
            Some((rank, index)) if *rank < ROWS => {
                write!(out, "<a href=\"#d{index}\">{}</a> ", Escaped(&name))?;
            }
            _ => write!(out, "{} ", Escaped(&name))?,
        }
    }
    if problem.devices.len() > LINKED {
        write!(out, "and {} more", problem.devices.len() - LINKED)?;
    }
    out.push_str("</dd></dl></article>");
    Ok(())
}

/// Writes the mark of a device: a link to its row, if it has one without scripts.
fn write_dot(out: &mut String, rank: usize, (index, device): Ranked<'_>) -> fmt::Result {
    let (problem, status) = (device.problem(), device.status());
    let state = if problem.is_empty() { status } else { problem };
    let label = format!("{}: {}", shortened(device.name(), LONGEST), shortened(&state, LONGEST));
    let (class, label) = (class(device.state.outcome), Escaped(&label));
    if rank < ROWS {
        write!(out, "<a class=\"{class}\" href=\"#d{index}\" title=\"{label}\" aria-label=\"{label}\"></a>")
    } else {
        write!(out, "<span class=\"{class}\" role=\"img\" title=\"{label}\" aria-label=\"{label}\"></span>")
    }
}

/// Writes the evidence and the remedy of a finding as entries of a list.
fn write_finding(out: &mut String, finding: &Finding) -> fmt::Result {
    write!(
        out,
        "<dt>Evidence</dt><dd>{} <code>{}</code></dd><dt>To do</dt><dd>{}</dd>",
        Escaped(&shortened(&finding.evidence, LONGEST_TEXT)),
        Escaped(&shortened(&finding.id, LONGEST)),
        Escaped(&shortened(&finding.remedy, LONGEST_TEXT))
    )
}

/// Text from outside, as it stands in an element or in a quoted attribute.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in plain(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
