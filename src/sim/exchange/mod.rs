//! A request and its answer.

mod context;
mod reply;
mod request;

pub(super) use self::context::Exchange;
pub(super) use self::reply::{Answer, Part, Reply};
pub(super) use self::request::{Request, pairs, segments};
