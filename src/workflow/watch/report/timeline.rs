//! When a device was in which phase, drawn to one scale for all devices.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::deployment::{DeploymentReport, DeviceDeployment};
use super::words::moment;
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};
use crate::workflow::watch::state::spell;

/// The time that the drawings show, from left to right.
pub(super) struct Scale {
    from: Timestamp,
    to: Timestamp,
}

/// A stretch of time that a device was in a phase, in percent of the scale.
#[derive(Debug, PartialEq)]
pub(super) struct Bar {
    pub(super) phase: Phase,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) title: String,
}

/// How far before the watch a deployment may have begun and still be drawn whole.
const BEFORE: SignedDuration = SignedDuration::from_hours(12);

/// Distances between the marks of the scale, in minutes.
const STEPS: [i64; 12] = [5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2 * 1440, 7 * 1440];
const MOST_MARKS: i64 = 8;

impl Scale {
    pub(super) fn of(report: &DeploymentReport) -> Self {
        let earliest = report.started.saturating_sub(BEFORE).unwrap_or(Timestamp::MIN);
        let begun = |device: &DeviceDeployment| {
            let start = device.state.timeline.iter().find(|start| start.phase >= Phase::Enrolled)?;
            Some(start.at).filter(|at| *at >= earliest)
        };
        let from =
            report.devices.iter().filter_map(begun).min().map_or(report.started, |at| at.min(report.started));
        let shortest = from.saturating_add(Duration::from_secs(60)).unwrap_or(Timestamp::MAX);
        Self { from, to: report.ended.max(shortest) }
    }

    /// Where a time is, in percent from the left.
    pub(super) fn place(&self, time: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64().max(1.0);
        (time.duration_since(self.from).as_secs_f64() / whole * 100.0).clamp(0.0, 100.0)
    }

    /// Marks at round times, with their labels.
    pub(super) fn marks(&self) -> Vec<(f64, String)> {
        let minutes = self.to.duration_since(self.from).as_secs() / 60;
        let step =
            STEPS.into_iter().find(|step| minutes / step <= MOST_MARKS).unwrap_or(minutes / MOST_MARKS);
        let seconds = step.max(1).saturating_mul(60);
        let format = if minutes > 1440 { "%b %-d %H:%M" } else { "%H:%M" };
        let first = self.from.as_second().div_euclid(seconds).saturating_add(1).saturating_mul(seconds);
        (0..=MOST_MARKS)
            .filter_map(|index| {
                Timestamp::from_second(first.saturating_add(index.saturating_mul(seconds))).ok()
            })
            .take_while(|at| *at <= self.to)
            .map(|at| (self.place(at), at.strftime(format).to_string()))
            .collect()
    }

    /// The phases of a device. What lies before the scale is left out.
    pub(super) fn bars(&self, report: &DeploymentReport, device: &DeviceDeployment) -> Vec<Bar> {
        let end = device.ends(report);
        let starts = &device.state.timeline;
        let ends = starts.iter().skip(1).map(|start| start.at).chain([end]);
        starts
            .iter()
            .zip(ends)
            .filter(|(start, _)| start.phase != Phase::Ready)
            .map(|(start, end)| Bar {
                phase: start.phase,
                from: self.place(start.at),
                to: self.place(end),
                title: format!(
                    "{}: {}{} UTC, {}",
                    start.phase,
                    if start.reported { "" } else { "seen from " },
                    moment(start.at),
                    spell(end.duration_since(start.at))
                ),
            })
            .filter(|bar| bar.to > bar.from)
            .collect()
    }
}

impl DeviceDeployment {
    /// Until when its time is drawn: until it was ready or known not to be, or the last look.
    pub(super) fn ends(&self, report: &DeploymentReport) -> Timestamp {
        match self.state.outcome {
            DeploymentOutcome::Ready => self.state.since,
            DeploymentOutcome::InProgress => report.ended,
            _ => self.settled.unwrap_or(report.ended),
        }
    }
}
