//! The ten steps as one: say what a deployment should be, see what would change, let it happen, see every device
//! home. What takes time is a run that reports as it goes and can be stopped.

mod apply;
mod checks;
mod hybrid_join;
mod objects;
mod plan;
mod prepare;
pub mod report;
mod run;
mod state;
pub mod watch;

pub use self::apply::{ApplyEvent, ApplyOptions, ApplyReport};
pub use self::hybrid_join::{
    ActiveDirectory, DeviceGroup, DomainJoin, DomainJoinTarget, ExpectedConnectors, HybridJoin, Members,
    UserScope, suggestion,
};
pub use self::plan::{Action, Plan, PlannedStep, Step};
pub use self::run::{Progress, Run, StopHandle};
