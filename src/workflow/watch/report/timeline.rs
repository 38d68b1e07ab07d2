//! The times of a device in its phases: drawn to one scale for all devices, and in text.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::deployment::{DeploymentReport, DeviceDeployment};
use super::words::{moment, phase_class};
use crate::workflow::watch::phase::{DeploymentOutcome, Phase};

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
            .map(|(start, end)| Bar { phase: start.phase, from: self.place(start.at), to: self.place(end) })
            .filter(|bar| bar.to > bar.from)
            .collect()
    }
}

/// Returns the bars of a device as a CSS background.
pub(super) fn background(bars: &[Bar]) -> String {
    let mut stops = String::new();
    let mut from = 0.0;
    for bar in bars {
        let _ = write!(stops, ",#0000 {from:.2}% {:.2}%", bar.from);
        let _ = write!(stops, ",var(--{}) {:.2}% {:.2}%", phase_class(bar.phase), bar.from, bar.to);
        from = bar.to;
    }
    format!("linear-gradient(90deg{stops},#0000 {from:.2}%)")
}

/// Returns the starts of phases in text, such as `enrolled 2026-01-01 08:12, device setup (seen) 08:50`.
pub(super) fn times(device: &DeviceDeployment) -> String {
    let mut day = String::new();
    let mut times = Vec::new();
    for start in &device.state.timeline {
        let time = moment(start.at);
        let (date, of_day) = time.split_once(' ').unwrap_or_default();
        let shown = if date == day { of_day } else { &time };
        times.push(format!("{}{} {shown}", start.phase, if start.reported { "" } else { " (seen)" }));
        day = date.to_owned();
    }
    times.join(", ")
}

impl DeviceDeployment {
    /// Returns the end of the time that is drawn: when the device was ready or settled, or the last round.
    pub(super) fn ends(&self, report: &DeploymentReport) -> Timestamp {
        match self.state.outcome {
            DeploymentOutcome::Ready => self.state.since,
            DeploymentOutcome::InProgress => report.ended,
            _ => self.settled.unwrap_or(report.ended),
        }
    }
}
