//! The data of a deployment: settings that an administrator chooses, observations that the service reports, and checked
//! types for values that have validation rules. No I/O, no clock.
//!
//! * **Settings** keep the same type all the way from the settings file to the service and back: [`HybridJoinProfile`],
//!   [`EntraJoinProfile`], [`EnrollmentStatusPage`], [`DomainJoinProfile`], [`Group`]. Their serde form is meant for
//!   people to read and write; the [`Settings`] trait provides the wire form, [`Stored`] is the service's response, and
//!   [`Patch`] is the difference between two sets of settings. Each type has a `lint` that reports what will not work.
//! * **Observations** have public fields, all `Option` except the id: [`Device`], [`ImportedDevice`], [`Connector`], …
//! * **Checked values** are validated when they are parsed: [`ComputerNamePrefix`], [`OrganizationalUnit`], … An
//!   invalid value in a tenant can still be read; its `violation` method returns the broken rule.
//! * [`Lookup`] is a three-valued answer: present, absent, unknown.
//! * Unknown values are kept and sent back, as [`UnknownValue`] in enums and as [`RawObject`] for objects of an unknown
//!   type.

mod app;
mod assignment;
mod binary;
mod checked;
mod connector;
mod delta;
mod device;
mod directory_device;
mod domain_join;
mod enums;
mod esp;
mod event;
mod filter;
mod finding;
pub mod findings;
mod group;
mod ids;
mod import;
pub(crate) mod invalid;
mod lenient;
mod lookup;
mod managed_device;
mod mdm;
mod observation;
mod open_enum;
mod patch;
mod payload_link;
mod profile;
mod raw;
pub mod rule;
mod settings;
mod skip_user_status_page;
mod stored;
mod sync;
pub(crate) mod text;
mod wire;

pub use self::app::{AppSelector, MobileApp};
pub use self::assignment::{Assignment, Target, TargetFilter, TargetKind};
pub use self::binary::Binary;
pub use self::checked::*;
pub use self::connector::Connector;
pub use self::delta::{Delta, GroupChange, MemberChange, Tracked};
pub use self::device::{Device, ProfileReference};
pub use self::directory_device::{
    AlternativeSecurityId, DirectoryDevice, DirectoryObject, EntraDevice, ExtensionAttributes, User,
};
pub use self::domain_join::{
    DeviceConfiguration, DeviceModeRule, DomainJoinProfile, ObservedDomainJoinProfile, OsEditionRule,
    OsVersionRule,
};
pub use self::enums::*;
pub use self::esp::{
    BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentConfiguration, EnrollmentStatusPage,
    ObservedEnrollmentStatusPage,
};
pub use self::event::{AutopilotEvent, PolicyStatusDetail};
pub use self::filter::{AssignmentFilter, FilterPayload};
pub(crate) use self::finding::finding_kinds;
pub use self::finding::{Finding, FindingKind, Severity};
pub use self::group::{DynamicMembership, Group, Membership, ObservedGroup};
pub use self::ids::Id;
pub use self::import::{DeviceToImport, ImportState, ImportUpload, ImportedDevice};
pub use self::invalid::InvalidValue;
pub(crate) use self::invalid::shorten;
pub use self::lookup::Lookup;
pub use self::managed_device::ManagedDevice;
pub use self::mdm::{GroupReference, MdmPolicy, MdmScope, MdmScopeStep};
pub(crate) use self::open_enum::OpenEnum;
pub use self::open_enum::UnknownValue;
pub use self::patch::{Patch, PropertyChange};
pub use self::payload_link::PayloadLink;
pub use self::profile::{DeploymentMode, DeploymentProfile, EntraJoinProfile, HybridJoinProfile};
pub use self::raw::{Properties, RawObject};
pub use self::rule::MembershipRule;
pub use self::settings::{PropertyRule, Settings, WriteMode};
pub use self::skip_user_status_page::SkipUserStatusPage;
pub use self::stored::Stored;
pub use self::sync::SyncSettings;
pub use self::text::{Hidden, Personal, Text};
