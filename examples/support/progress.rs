//! The progress of an apply, on a terminal.

use futures_util::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};
use windows_autopilot::workflow::{ApplyEvent, ApplyReport, ImportEventKind, Run};

use super::failure::Failure;
use super::tool::Tool;

/// Follows a run to its end, and shows its events to a person.
pub(crate) async fn follow(
    tool: &Tool,
    mut run: Run<ApplyEvent, ApplyReport>,
) -> Result<ApplyReport, Failure> {
    if tool.is_json() {
        return Ok(run.await);
    }
    let bar = ProgressBar::new(0);
    bar.set_style(ProgressStyle::with_template("  {bar:30} {pos}/{len} {msg}")?);
    while let Some(event) = run.next().await {
        match event {
            ApplyEvent::Finished { step, subject, description, .. } => {
                bar.suspend(|| println!("  {step}: {subject}: {description}"));
            }
            ApplyEvent::Import(import) => {
                bar.set_length(import.counts.total() as u64);
                bar.set_position(import.counts.finished() as u64);
                if let ImportEventKind::Finished { serial_number, outcome, .. } = import.kind
                    && !outcome.is_registered()
                {
                    bar.suspend(|| println!("  {serial_number}: {outcome}"));
                }
            }
            ApplyEvent::Finding(finding) => bar.suspend(|| println!("  {finding}")),
            _ => {}
        }
    }
    bar.finish_and_clear();
    let report = run.await;
    if let Some(import) = &report.import {
        println!("  devices: {} of {} registered", import.counts.registered, import.counts.total());
        for finding in import.findings() {
            println!("  {finding}");
        }
    }
    Ok(report)
}
