//! The service's behavior, one file per resource.

pub(super) mod app;
pub(super) mod assignment;
pub(super) mod connector;
pub(super) mod delta;
pub(super) mod device;
pub(super) mod directory_device;
pub(super) mod directory_object;
pub(super) mod domain_join;
pub(super) mod effective;
pub(super) mod esp;
pub(super) mod event;
pub(super) mod filter;
mod filter_rule;
pub(super) mod group;
pub(super) mod import;
pub(super) mod managed_device;
pub(super) mod mdm;
pub(super) mod member;
pub(super) mod membership;
pub(super) mod organization;
pub(super) mod owner;
pub(super) mod policy;
pub(super) mod profile;
pub(super) mod sync;
pub(super) mod targeting;
pub(super) mod user;
