//! Graph's protocol: requests as values, paged lists, batches and polling.

mod batch;
mod client;
mod cloud;
mod decode;
mod exchange;
mod filter;
mod operation;
mod page;
mod poll;
mod query;
mod raw;
mod sequence;

pub use self::batch::{Batch, BatchAnswers, BatchProgress, Slot};
pub use self::client::{Caller, Client, ClientBuilder};
pub use self::cloud::Cloud;
pub use self::filter::{Field, Filter, Literal, field};
pub use self::operation::{Call, Operation};
pub use self::page::{Changes, DeltaItems, DeltaLink, DeltaList, Items, List, Page, PageItems, Pages};
pub use self::poll::{PollStatus, Poller, Schedule};
pub use self::raw::RawRequest;
pub use self::sequence::Sequence;
pub use crate::catalog::ApiVersion;

pub(crate) use self::decode::{count, decode_if_any, entity, entity_in_value, list_value, nothing};
