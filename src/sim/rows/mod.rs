//! The rows of a tenant, one file a kind.

mod assignment;
mod computer;
mod connector;
mod deployment;
mod device;
mod directory;
mod directory_device;
mod entity;
mod group;
mod import;
mod policy;
mod sign_in;
mod story;
mod sync;
mod user;

pub(super) use self::assignment::{Assignment, Owner, Target, Wish};
pub use self::computer::{Computer, ComputerAccounts, ComputerRefusal, RefusalKind};
pub(super) use self::computer::{ComputerRequest, PendingJoin};
pub(super) use self::connector::{Connector, ConnectorState};
pub use self::deployment::{Cause, Deployment, DeploymentPhase, PowerOnOptions};
pub(super) use self::deployment::{Deployments, Run, StatusPage};
pub(super) use self::device::{Identity, NewIdentity, Targeting};
pub(super) use self::directory::{Directory, Kind};
pub(super) use self::directory_device::Device;
pub(super) use self::entity::Entity;
pub(super) use self::group::{Group, LICENSES};
pub(super) use self::import::{Flaw, Import};
pub(super) use self::policy::Policy;
pub(super) use self::sign_in::{Auth, AuthorizationCode, Decision, DeviceCode, Fingerprint, Session, Token};
pub use self::story::{DeviceStory, StoryEvent, StoryFact};
pub(super) use self::sync::Sync;
pub(super) use self::user::User;
