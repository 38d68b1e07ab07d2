//! The enrollment status page.

use crate::model::Text;

/// The phase of the enrollment status page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EspPhase {
    /// Device preparation.
    DevicePreparation,
    /// Device setup.
    DeviceSetup,
    /// Account setup.
    AccountSetup,
}

/// A phase of the enrollment status page, as recorded in the registry: a state, without a time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EspCategory {
    /// The phase of the status page.
    pub phase: EspPhase,
    /// The state: `notStarted`, `inProgress`, `succeeded`, `failed`, `notRequired`, or another value.
    pub state: Option<Text>,
    /// The text that accompanies the state.
    pub text: Option<Text>,
    /// Whether the phase succeeded, if Windows recorded it.
    pub succeeded: Option<bool>,
    /// The parts of the phase.
    pub subcategories: Vec<EspSubcategory>,
}

/// A part of a phase, such as `Certificates` or `WaitingForAadRegistration`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EspSubcategory {
    /// The name, without the phase and the word "Subcategory".
    pub name: Text,
    /// The state, if it is separate from the text.
    pub state: Option<Text>,
    /// The text, such as `Certificates (1 of 1 applied)`.
    pub text: Option<Text>,
    /// The code at the end of the text.
    pub code: Option<u32>,
}

/// The settings and state of the enrollment status page, from an enrollment's `FirstSync` registry key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FirstSync {
    /// The id of the enrollment.
    pub enrollment: Text,
    /// Whether the values belong to a user.
    pub for_user: bool,
    /// Whether the device page is skipped.
    pub skips_device_page: Option<bool>,
    /// Whether the user page is skipped.
    pub skips_user_page: Option<bool>,
    /// The timeout in minutes.
    pub timeout_minutes: Option<u32>,
    /// The buttons on a failed page, as bits: 1 for reset, 2 for try again, 4 for continue anyway; 0 if the user may
    /// leave early.
    pub block_bits: Option<u32>,
    /// Whether the first synchronization is done.
    pub is_sync_done: Option<bool>,
    /// Whether the server has finished provisioning.
    pub is_server_done: Option<bool>,
    /// The last recorded time.
    pub recorded: Option<jiff::Timestamp>,
}
