//! The service's behaviour, one resource a file.

pub(super) mod apps;
pub(super) mod assignments;
pub(super) mod configurations;
pub(super) mod connectors;
pub(super) mod delta;
pub(super) mod devices;
pub(super) mod enrollment;
pub(super) mod events;
pub(super) mod filters;
pub(super) mod groups;
pub(super) mod identities;
pub(super) mod imports;
pub(super) mod managed;
pub(super) mod members;
pub(super) mod mobility;
pub(super) mod profiles;
pub(super) mod settings;
pub(super) mod users;
