//! Windows Autopilot user-driven Microsoft Entra hybrid join.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "connector-config")]
pub mod ad;
pub mod clock;
pub mod credential;
pub mod error;
pub mod graph;
pub mod model;
pub mod pipeline;
#[cfg(feature = "registration")]
pub mod registration;
pub mod resource;
#[cfg(feature = "sim")]
#[cfg_attr(docsrs, doc(cfg(feature = "sim")))]
pub mod sim;
pub mod transport;
pub mod workflow;

pub use self::error::{Error, ErrorKind, Result};
pub use self::graph::{Client, ClientBuilder, Cloud};
