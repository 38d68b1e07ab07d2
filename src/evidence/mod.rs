//! The device's own evidence: logs from Windows and from the Intune Connector's server, read offline.
//!
//! Graph does not show why a domain join failed; the device's and the server's logs do. A [`Bundle`] takes collected
//! files: the cab or zip from `mdmdiagnosticstool`, the zip from Intune's remote action, a folder, single files, or the
//! server's exported logs. [`Bundle::read`] returns an [`Evidence`]: typed [`Observation`]s, their [`Source`]s, and a
//! list of everything that was not read, with the reasons.
//!
//! ```
//! use windows_autopilot::evidence::{Bundle, Fact, Limits, Side};
//!
//! let mut bundle = Bundle::new(Limits::default());
//! bundle.add_bytes(Side::Device, "AutopilotDDSZTDFile.json", br#"{"CloudAssignedDomainJoinMethod": 1}"#.to_vec());
//! let evidence = bundle.read();
//! let Fact::Profile(profile) = &evidence.observations()[0].fact else { unreachable!() };
//! assert_eq!(profile.is_hybrid(), Some(true));
//! ```
//!
//! Reading is synchronous: call it from `tokio::task::spawn_blocking` in an asynchronous program. Nothing is written or
//! unpacked to disk.
//!
//! # Layout
//!
//! | files | content |
//! | --- | --- |
//! | `observation.rs`, `fact/` | [`Observation`], [`ObservedTime`], and the typed [`Fact`]s |
//! | `event.rs` | [`EventRecord`], [`Provider`], [`Fields`]: one record of an event log |
//! | `source/` | [`Source`], [`Unread`], [`Limits`], the [`EventSource`] trait, and archives |
//! | `read/` | one reader for each format |
//! | `bundle.rs`, `collected.rs` | [`Bundle`], and the [`Evidence`] read from it |
//! | `case.rs`, `clock.rs`, `timeline.rs` | the last deployment in the evidence, corrected times, [`Timeline`] |
//! | `chain.rs`, `rules/`, `findings.rs` | the chain from profile to desktop, and the rules that identify causes |
//! | `verdict.rs`, `proof.rs`, `mask.rs` | [`diagnose`], [`Verdict`], [`Proof`], and [`Masked`] text |
//!
//! # Memory and privacy
//!
//! Facts keep any personal names, addresses and ids that they contain, but `Debug` hides them. Passwords, hardware
//! hashes and the upload URLs in Intune's zip are never kept.

mod bundle;
mod case;
mod chain;
mod clock;
mod collected;
mod event;
mod fact;
pub mod findings;
mod mask;
mod number;
mod observation;
mod proof;
mod read;
mod rules;
mod side;
mod sink;
mod source;
mod timeline;
mod verdict;

pub use self::bundle::Bundle;
pub use self::chain::Link;
pub use self::clock::ClockStep;
pub use self::collected::Evidence;
pub use self::event::{EventRecord, Fields, Level, Provider};
pub use self::fact::{
    AppFailure, AppScope, CachedProfile, ConnectorAnswer, ConnectorOutcome, DirectoryStatus, EspCategory,
    EspPhase, EspSubcategory, Fact, FirstSync, JoinLogLine, MdmEnrollment, RegistryData, RegistryValue,
    TrackedApp, TrackedItem,
};
pub use self::mask::Masked;
pub use self::observation::{Observation, ObservedTime};
pub use self::proof::{LinkKind, LinkState, Proof, Strength};
pub use self::side::Side;
pub use self::source::{EventSource, Limits, Source, SourceId, SourceKind, Unread, UnreadReason};
pub use self::timeline::Timeline;
pub use self::verdict::{Diagnosis, Gap, Options, Verdict, VerdictOutcome, diagnose};
