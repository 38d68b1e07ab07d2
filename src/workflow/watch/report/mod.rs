//! The report of a deployment: as text, as Markdown, as JSON through serde, and as a page of HTML.

mod data;
mod deployment;
mod html;
mod markdown;
mod pack;
mod parts;
mod text;
mod timeline;
mod words;

#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod tests;

pub use self::deployment::{DeploymentReport, DeviceDeployment, EarlierEnrollment, Problem};
