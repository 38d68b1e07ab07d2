//! The report of a deployment: as text, as Markdown, as JSON through serde, and as a page of HTML.

mod deployment;
mod html;
mod markdown;
mod text;
mod timeline;
mod words;

#[cfg(test)]
mod tests;

pub use self::deployment::{DeploymentReport, DeviceDeployment, EarlierEnrollment, Problem};
