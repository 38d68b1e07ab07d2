//! The steps of a deployment that take more than a call: each a run that reports as it goes and can be stopped.

mod run;

pub use self::run::{Progress, Run, StopHandle};
