//! A device's deployment: from the power button to the desktop, step by step over the tenant's time.

mod action;
mod conditions;
mod step;
mod story;

pub(super) use self::conditions::unit_key;
