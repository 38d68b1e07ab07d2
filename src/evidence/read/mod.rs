//! Readers, one for each format.

mod events;

pub(super) use self::events::read_events;
