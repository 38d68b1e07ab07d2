//! The client over real sockets: every typed call, the transport, and bad days on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod calls;
mod echoes;
mod edges;
mod every_operation;
mod http2;
#[path = "../support/operations.rs"]
mod operations;
#[path = "../support/raw_server.rs"]
mod raw_server;
#[path = "../support/tls.rs"]
mod tls;
mod transport;
mod wire;
