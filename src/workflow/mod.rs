//! The deployment as a whole: a desired state, the plan that leads to it, its application, and the watch over devices.
//! Long work is a [`Run`]: it reports events as it goes, and can be stopped.

mod apply;
mod checks;
mod created;
pub mod findings;
mod hybrid_join;
mod import;
mod journal;
mod manual;
mod object;
#[cfg(feature = "ad")]
mod on_premises;
mod overlap;
mod permissions;
mod plan;
mod prepare;
mod run;
mod state;
mod step;
mod teardown;
pub mod watch;

pub use self::apply::{ApplyEvent, ApplyOptions, ApplyReport};
pub use self::created::{CreatedObject, CreatedObjects};
pub use self::hybrid_join::{
    ActiveDirectory, DeviceGroup, DomainJoin, DomainJoinTarget, ExpectedConnectors, HybridJoin, MdmUserScope,
    MemberSelection, UserAssignment, suggest_key,
};
pub use self::import::{
    DeviceImport, GroupTagCheck, Import, ImportCounts, ImportEvent, ImportEventKind, ImportOptions,
    ImportOutcome, ImportPreview, ImportReport, ImportRun, ImportStage, Rejection, Uncertainty,
};
pub use self::journal::{Journal, JournalStore, MemoryStore};
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub use self::on_premises::OnPremises;
pub use self::overlap::overlaps;
pub use self::permissions::{OperationPurpose, PermissionReport, RequiredOperation};
pub use self::plan::Plan;
pub use self::run::{Progress, Run, StopHandle};
pub use self::step::{Action, PlannedStep, Step};
pub use self::teardown::{
    PlannedRemoval, RemovalAction, Teardown, TeardownEvent, TeardownPlan, TeardownReport,
};
