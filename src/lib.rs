//! Windows Autopilot user-driven Microsoft Entra hybrid join.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod model;
pub mod transport;
