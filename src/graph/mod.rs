//! Graph's protocol: requests as values, pages, batches, and waiting for what takes time.

mod batch;
mod client;
mod cloud;
mod decode;
mod exchange;
mod operation;
mod page;
mod poll;
mod query;

pub use self::batch::{Batch, BatchAnswers, Slot};
pub use self::client::{Caller, Client, ClientBuilder};
pub use self::cloud::Cloud;
pub use self::operation::{Call, Operation};
pub use self::page::{Items, List, Page, PageItems, Pages};
pub use self::poll::{Poll, Poller, Schedule};
pub use self::query::{Field, Filter, field};
pub use crate::catalog::ApiVersion;

pub(crate) use self::decode::{count, decode_if_any, entity, list_value, nothing};
