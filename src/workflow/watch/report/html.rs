//! The report as a page of HTML.

use std::fmt;
use std::fmt::Write as _;

use super::deployment::{DeploymentReport, DeviceDeployment, Problem};
use super::timeline::Scale;
use super::words::{count, headline, mark, plain};
use crate::model::Finding;
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::spell;

const STYLE: &str = include_str!("style.css");

/// How many devices are linked where they are listed by their problem.
const LINKED: usize = 40;

/// How many devices of a phase have a dot.
const DOTS: usize = 600;

impl DeploymentReport {
    /// Returns the report as one page of HTML: the problems, the phases, and a timeline of each device.
    ///
    /// The page is self-contained: no script, no font, no image from anywhere, and its own policy forbids them. It follows
    /// the reader's choice of light or dark, and can be printed. All text from outside is escaped.
    pub fn to_html(&self) -> String {
        let devices = self.sorted();
        let mut page = String::with_capacity(16_384 + devices.len() * 3_072);
        // Writing to a string does not fail.
        let _ = self.write_page(&mut page, &devices);
        page
    }

    fn write_page(&self, out: &mut String, devices: &[&DeviceDeployment]) -> fmt::Result {
        let title = self.title();
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{}: {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <h1>{}</h1>\n<p class=\"soft\">{}, {}</p>\n",
            Escaped(&title),
            self.summary(),
            Escaped(&title),
            count(self.devices.len(), "device"),
            self.period()
        )?;
        self.write_totals(out)?;
        self.write_steps(out, devices)?;
        self.write_problems(out, devices)?;
        self.write_devices(out, devices)?;
        out.push_str(
            "<footer>Times are UTC. A phase begins when the service says so or, where it does not, when it was first seen: \
             hover over a bar. Graph does not show what happens on the device or on the premises.</footer>\n</body>\n</html>\n",
        );
        Ok(())
    }

    fn write_totals(&self, out: &mut String) -> fmt::Result {
        out.push_str("<ul class=\"totals\">");
        for outcome in DeploymentOutcome::ALL {
            let number = self.count(outcome);
            let none = if number == 0 { " none" } else { "" };
            write!(out, "<li class=\"{}{none}\"><b>{number}</b>{outcome}</li>", class(outcome))?;
        }
        out.push_str("</ul>\n<div class=\"share\" aria-hidden=\"true\">");
        for outcome in DeploymentOutcome::ALL {
            match self.count(outcome) {
                0 => {}
                number => write!(out, "<span class=\"{}\" style=\"flex:{number}\"></span>", class(outcome))?,
            }
        }
        out.push_str("</div>\n");
        Ok(())
    }

    /// Where devices are: for each phase, how many stand there and how, and a dot for each that leads to its line.
    fn write_steps(&self, out: &mut String, devices: &[&DeviceDeployment]) -> fmt::Result {
        if self.devices.is_empty() {
            return Ok(());
        }
        out.push_str("<h2>Where the devices are</h2>\n<ol class=\"steps\">");
        for phase in Phase::ALL {
            let here = |outcome| {
                let stands = |device: &&DeviceDeployment| {
                    device.state.phase == phase && device.state.outcome == outcome
                };
                self.devices.iter().filter(stands).count()
            };
            let numbers = DeploymentOutcome::ALL.map(|outcome| (outcome, here(outcome)));
            // Nobody expects to find a device where there is rarely one.
            let rare = matches!(phase, Phase::Unregistered | Phase::DomainJoined);
            if rare && numbers.iter().all(|(_, number)| *number == 0) {
                continue;
            }
            let name = if phase == Phase::Ready { phase.name() } else { phase.activity() };
            write!(out, "<li class=\"{}\"><p class=\"name\">{name}</p>", phase_class(phase))?;
            for (outcome, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
                write!(out, "<p class=\"at {}\">{number} {outcome}</p>", class(outcome))?;
            }
            write_dots(out, phase, devices)?;
            out.push_str("</li>");
        }
        out.push_str("</ol>\n");
        Ok(())
    }

    fn write_problems(&self, out: &mut String, devices: &[&DeviceDeployment]) -> fmt::Result {
        let problems = self.problems();
        if problems.is_empty() && self.findings.is_empty() {
            return Ok(());
        }
        out.push_str("<h2>What is wrong</h2>\n<div class=\"cards\">\n");
        for problem in &problems {
            write_problem(out, problem, devices)?;
        }
        for finding in &self.findings {
            write!(
                out,
                "<article class=\"card overdue\"><header><h3>{}</h3><span class=\"n\">{}</span></header><dl>\
                 <dt>Where</dt><dd>{}</dd>",
                Escaped(&headline(finding)),
                mark(finding.severity),
                Escaped(&finding.place)
            )?;
            write_finding(out, finding)?;
            out.push_str("</dl></article>\n");
        }
        out.push_str("</div>\n");
        Ok(())
    }

    fn write_devices(&self, out: &mut String, devices: &[&DeviceDeployment]) -> fmt::Result {
        if devices.is_empty() {
            return Ok(());
        }
        out.push_str("<h2>Devices</h2>\n<ul class=\"legend\">");
        let drawn = |phase: &Phase| {
            let mut starts = devices.iter().flat_map(|device| &device.state.timeline);
            *phase != Phase::Ready && starts.any(|start| start.phase == *phase)
        };
        for phase in Phase::ALL.into_iter().filter(drawn) {
            write!(out, "<li class=\"{}\"><i></i>{phase}</li>", phase_class(phase))?;
        }
        out.push_str("<li class=\"ready\"><b>✔</b>ready</li><li class=\"failed\"><b>✖</b>failed</li><li class=\"overdue\"><b>▲</b>overdue</li></ul>\n");
        let scale = Scale::of(self);
        let marks = scale.marks();
        out.push_str("<div class=\"devices\">\n<div class=\"row head\"><span>Device</span><span>Phase</span><span class=\"line\">");
        write!(out, "<svg height=\"16\" aria-hidden=\"true\">")?;
        for (place, label) in &marks {
            // A label at the edge would hang over it.
            let anchor = if *place > 95.0 { "end" } else { "middle" };
            write!(out, "<text x=\"{place:.2}%\" y=\"12\" text-anchor=\"{anchor}\">{label}</text>")?;
        }
        out.push_str("</svg></span><span class=\"took\">Took</span><span>What is wrong</span></div>\n");
        let mut grid = String::new();
        for (place, _) in &marks {
            write!(grid, "<line class=\"grid\" x1=\"{place:.2}%\" x2=\"{place:.2}%\" y1=\"-6\" y2=\"22\"/>")?;
        }
        for (index, device) in devices.iter().enumerate() {
            self.write_device(out, index, device, &scale, &grid)?;
        }
        out.push_str("</div>\n");
        Ok(())
    }

    fn write_device(
        &self,
        out: &mut String,
        index: usize,
        device: &DeviceDeployment,
        scale: &Scale,
        grid: &str,
    ) -> fmt::Result {
        let state = &device.state;
        let name = Escaped(device.name());
        write!(
            out,
            "<details class=\"{}\" id=\"d{index}\"><summary class=\"row\"><span class=\"who\"><b title=\"{name}\">{name}</b>",
            class(state.outcome)
        )?;
        if let Some(computer) = &state.facts.computer_name {
            write!(out, "<span>{}</span>", Escaped(computer))?;
        }
        let status = device.status();
        let place = match state.outcome {
            DeploymentOutcome::Failed | DeploymentOutcome::Overdue => state.phase.activity(),
            _ => state.phase.name(),
        };
        write!(out, "</span><span class=\"pill\" title=\"{status}\">{place}</span><span class=\"line\">")?;
        write!(out, "<svg height=\"16\" role=\"img\" aria-label=\"{name}: {status}\">{grid}")?;
        for bar in scale.bars(self, device) {
            write!(
                out,
                "<rect class=\"bar {}\" x=\"{:.2}%\" width=\"{:.2}%\" y=\"2\" height=\"12\"><title>{}</title></rect>",
                phase_class(bar.phase),
                bar.from,
                bar.to - bar.from,
                bar.title
            )?;
        }
        if state.outcome != DeploymentOutcome::InProgress {
            write_end(out, state.outcome, scale.place(device.ends(self)))?;
        }
        write!(
            out,
            "</svg></span><span class=\"took\">{}</span><span class=\"wrong\">{}</span></summary>",
            device.elapsed().map(spell).unwrap_or_default(),
            Escaped(&device.problem())
        )?;
        write_details(out, device)?;
        out.push_str("</details>\n");
        Ok(())
    }
}

/// The mark at the end of a device's line.
fn write_end(out: &mut String, outcome: DeploymentOutcome, place: f64) -> fmt::Result {
    let drawing = match outcome {
        DeploymentOutcome::Ready => {
            "<circle class=\"end\" r=\"7\"/><path class=\"cross\" d=\"M-3.2 .2l2.2 2.4 4.2-4.8\"/>"
        }
        DeploymentOutcome::Overdue => {
            "<path class=\"end\" d=\"M0-8l8 14h-16z\"/><path class=\"cross\" d=\"M0-3v4m0 1.6v1.4\"/>"
        }
        _ => "<circle class=\"end\" r=\"7\"/><path class=\"cross\" d=\"M-3-3l6 6m0-6l-6 6\"/>",
    };
    // A nested picture takes a place in percent, which a transformation does not.
    write!(out, "<svg x=\"{place:.2}%\" y=\"8\" width=\"1\" height=\"1\">{drawing}</svg>")
}

fn write_problem(out: &mut String, problem: &Problem<'_>, devices: &[&DeviceDeployment]) -> fmt::Result {
    write!(
        out,
        "<article class=\"card {}\"><header><h3>{}</h3><span class=\"n\">{}</span></header>",
        class(problem.outcome),
        Escaped(&headline(problem.finding)),
        count(problem.devices.len(), "device")
    )?;
    out.push_str("<dl>");
    let mut statuses: Vec<String> = problem.devices.iter().map(|device| device.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    write!(out, "<dt>Where</dt><dd>{}</dd>", statuses.join(", "))?;
    write_finding(out, problem.finding)?;
    out.push_str("<dt>Devices</dt><dd>");
    for device in problem.devices.iter().take(LINKED) {
        let index = devices.iter().position(|other| std::ptr::eq(*other, *device)).unwrap_or_default();
        write!(out, "<a href=\"#d{index}\">{}</a> ", Escaped(device.name()))?;
    }
    if problem.devices.len() > LINKED {
        write!(out, "and {} more", problem.devices.len() - LINKED)?;
    }
    out.push_str("</dd></dl></article>\n");
    Ok(())
}

/// A dot for each device that stands in a phase, the worst first.
fn write_dots(out: &mut String, phase: Phase, devices: &[&DeviceDeployment]) -> fmt::Result {
    let here = || devices.iter().enumerate().filter(|(_, device)| device.state.phase == phase);
    if here().next().is_none() {
        return Ok(());
    }
    out.push_str("<p class=\"dots\">");
    for (index, device) in here().take(DOTS) {
        let (problem, status) = (device.problem(), device.status());
        let what = if problem.is_empty() { &status } else { &problem };
        write!(
            out,
            "<a class=\"{}\" href=\"#d{index}\" title=\"{}: {}\"></a>",
            class(device.state.outcome),
            Escaped(device.name()),
            Escaped(what)
        )?;
    }
    out.push_str("</p>");
    match here().count().saturating_sub(DOTS) {
        0 => Ok(()),
        more => write!(out, "<p class=\"name\">and {more} more</p>"),
    }
}

/// What a finding is about and what to do, as entries of a list.
fn write_finding(out: &mut String, finding: &Finding) -> fmt::Result {
    write!(
        out,
        "<dt>Evidence</dt><dd>{} <code>{}</code></dd><dt>To do</dt><dd>{}</dd>",
        Escaped(&finding.evidence),
        Escaped(&finding.id),
        Escaped(&finding.remedy)
    )
}

/// What is shown of a device when its line is opened.
fn write_details(out: &mut String, device: &DeviceDeployment) -> fmt::Result {
    let state = &device.state;
    out.push_str("<div class=\"more\">");
    if !state.findings.is_empty() {
        out.push_str("<ul>");
        for finding in &state.findings {
            write!(
                out,
                "<li><b>{}</b> <code>{}</code>: {}. To do: {}.</li>",
                mark(finding.severity),
                Escaped(&finding.id),
                Escaped(&finding.evidence),
                Escaped(&finding.remedy)
            )?;
        }
        out.push_str("</ul>");
    }
    if state.findings.is_empty() {
        write!(out, "<p>Next: {}.</p>", Escaped(state.next_step()))?;
    }
    if let Some(credential) = state.next_credential() {
        write!(out, "<p>The next sign-in is to {credential}.</p>")?;
    }
    out.push_str("<dl>");
    let registration = [("registration", device.id.to_string())];
    for (label, value) in registration.into_iter().chain(state.facts.lines()) {
        write!(out, "<div><dt>{label}</dt><dd>{}</dd></div>", Escaped(&value))?;
    }
    out.push_str("</dl></div>");
    Ok(())
}

fn class(outcome: DeploymentOutcome) -> &'static str {
    match outcome {
        DeploymentOutcome::Failed => "failed",
        DeploymentOutcome::Overdue => "overdue",
        DeploymentOutcome::InProgress => "in-progress",
        DeploymentOutcome::Ready => "ready",
    }
}

fn phase_class(phase: Phase) -> &'static str {
    match phase {
        Phase::Unregistered => "p-unregistered",
        Phase::Registered => "p-registered",
        Phase::ProfileAssigned => "p-profile",
        Phase::Enrolled => "p-enrolled",
        Phase::DomainJoined => "p-joined",
        Phase::DeviceSetup => "p-device",
        Phase::AccountSetup => "p-account",
        Phase::Ready => "p-ready",
    }
}

/// Text from outside, as it stands in an element or in a quoted attribute.
struct Escaped<'a>(&'a str);

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
