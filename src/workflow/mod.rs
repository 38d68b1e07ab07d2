//! Workflows for whole deployments: declare a desired state, plan and apply the changes, and watch the devices.
//!
//! | task | begin with |
//! | --- | --- |
//! | create or change a deployment | `HybridJoin`, the desired state; its `plan` returns a `Plan` to `apply` |
//! | compare a tenant with the settings | `HybridJoin::plan`, `Plan::status`, `Plan::drift` |
//! | generate settings from a tenant | `HybridJoin::export` |
//! | register devices | [`Import`] |
//! | move devices to another group tag | `Retag` |
//! | replace a registration after a repair | `ReplaceMotherboard` |
//! | follow devices and report | `watch::Watch` |
//! | determine which objects each device gets | `resultant::ResultantSet::read` |
//! | remove a deployment | `Teardown` |
//!
//! All but [`Import`] require the `workflow` feature, and those that change a tenant start with a plan. Planning only
//! reads the tenant, and the plan implements `Display` and serde's traits. Long-running work is a [`Run`], which is both
//! a stream of events and a future that resolves to a report, and which can be stopped. A [`Journal`] records each
//! effect before it is sent so that a killed run can be resumed.
//!
//! Problems are reported as [`Finding`](crate::model::Finding)s. Those of error severity stop a plan unless they are
//! waived by id. Their kinds are constants in [`findings`].

#[cfg(feature = "workflow")]
mod apply;
#[cfg(feature = "workflow")]
mod apps;
#[cfg(feature = "workflow")]
mod binding;
#[cfg(feature = "workflow")]
mod checks;
#[cfg(feature = "workflow")]
mod created;
#[cfg(feature = "workflow")]
mod effects;
#[cfg(feature = "workflow")]
mod export;
pub mod findings;
#[cfg(feature = "workflow")]
mod group_moves;
#[cfg(feature = "workflow")]
mod hybrid_join;
#[cfg(feature = "workflow")]
mod identity;
mod import;
mod journal;
#[cfg(feature = "workflow")]
mod lint;
#[cfg(feature = "workflow")]
mod manual;
#[cfg(feature = "workflow")]
mod network_links;
#[cfg(feature = "workflow")]
mod networks;
#[cfg(feature = "workflow")]
mod object;
#[cfg(all(feature = "ad", feature = "workflow"))]
mod on_premises;
#[cfg(feature = "workflow")]
mod overlap;
#[cfg(feature = "workflow")]
mod permissions;
#[cfg(feature = "workflow")]
mod plan;
#[cfg(feature = "workflow")]
mod prepare;
#[cfg(all(test, feature = "workflow"))]
mod prepare_edges;
#[cfg(feature = "workflow")]
mod record;
#[cfg(feature = "workflow")]
mod removal;
#[cfg(feature = "workflow")]
mod replace;
#[cfg(feature = "workflow")]
pub mod resultant;
#[cfg(feature = "workflow")]
mod retag;
mod run;
#[cfg(feature = "workflow")]
mod scope;
#[cfg(feature = "workflow")]
mod state;
#[cfg(feature = "workflow")]
mod step;
#[cfg(feature = "workflow")]
mod targets;
#[cfg(feature = "workflow")]
mod teardown;
mod waiver;
#[cfg(feature = "workflow")]
pub mod watch;

#[cfg(feature = "workflow")]
pub use self::apply::{ApplyEvent, ApplyOptions, ApplyReport};
#[cfg(feature = "workflow")]
pub use self::binding::PlanTenant;
#[cfg(feature = "workflow")]
pub use self::created::{AdoptedObject, CreatedObject, CreatedObjects};
#[cfg(feature = "workflow")]
pub use self::export::Export;
#[cfg(feature = "workflow")]
pub use self::hybrid_join::{
    ActiveDirectory, AssignmentSettings, DeviceGroup, DomainJoin, DomainJoinTarget, ExpectedConnectors,
    FilterMode, FilterSettings, HybridJoin, MdmUserScope, MemberSelection, PartAssignment, UserAssignment,
    suggest_key,
};
#[cfg(feature = "workflow")]
pub use self::identity::PlanOptions;
pub use self::import::{
    DeviceImport, GroupTagCheck, Import, ImportCounts, ImportEvent, ImportEventKind, ImportOptions,
    ImportOutcome, ImportPreview, ImportReport, ImportRun, ImportStage, Rejection, Uncertainty,
};
pub use self::journal::{Journal, JournalStore, MemoryStore};
#[cfg(all(feature = "ad", feature = "workflow"))]
#[cfg_attr(docsrs, doc(cfg(all(feature = "ad", feature = "workflow"))))]
pub use self::on_premises::OnPremises;
#[cfg(feature = "workflow")]
pub use self::overlap::overlaps;
#[cfg(feature = "workflow")]
pub use self::permissions::{OperationPurpose, PermissionReport, RequiredOperation};
#[cfg(feature = "workflow")]
pub use self::plan::{Plan, PlanStatus};
#[cfg(feature = "workflow")]
pub use self::replace::{ReplaceMotherboard, ReplacementEvent, ReplacementPlan, ReplacementReport};
#[cfg(feature = "workflow")]
pub use self::resultant::{Effective, ResultantSet};
#[cfg(feature = "workflow")]
pub use self::retag::{PlannedRetag, Retag, RetagEvent, RetagPlan, RetagReport};
pub use self::run::{Progress, Run, StopHandle};
#[cfg(feature = "workflow")]
pub use self::scope::UserScope;
#[cfg(feature = "workflow")]
pub use self::step::{Action, PlannedStep, Step};
#[cfg(feature = "workflow")]
pub use self::teardown::{
    PlannedRemoval, RemovalAction, Teardown, TeardownEvent, TeardownOptions, TeardownPlan, TeardownReport,
};
