//! Windows Autopilot user-driven Microsoft Entra hybrid join.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod credential;
pub mod error;
pub mod model;
pub mod pipeline;
pub mod transport;

pub use self::error::{Error, ErrorKind, Result};
