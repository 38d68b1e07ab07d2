//! Graph's protocol: requests as values, paged lists, batches and polling.
//!
//! | type | purpose |
//! | --- | --- |
//! | [`Client`] | the entry point: one per tenant, cheap to clone |
//! | [`Call`] | one request, sent when it is awaited |
//! | [`List`] | a list that can be narrowed, then read item by item, page by page, or all at once |
//! | [`DeltaList`] | the changes since a [`DeltaLink`] |
//! | [`Sequence`] | several requests in order, awaited like a call |
//! | [`Poller`] | a wait with a deadline, on a [`Schedule`] |
//! | [`Batch`] | many requests, sent twenty at a time, with a [`Slot`] for each |
//! | [`RawRequest`] | a request to any path, for operations without a typed call |
//! | [`Operation`] | a call's request as a value, without a client |
//! | [`Filter`], [`field`] | a filter for a list |
//!
//! ```
//! # use windows_autopilot::testing::{Harness, run};
//! # run(async |Harness { client, tenant, .. }| {
//! # let ids = [tenant.add_device("PF3XK7M1").parse()?, tenant.add_device("PF3XK7M2").parse()?];
//! let mut batch = client.batch();
//! let slots: Vec<_> = ids.iter().map(|id| batch.add(client.devices().get(id))).collect();
//! let mut answers = batch.await?;
//! for slot in slots {
//!     match answers.take(slot) {
//!         Ok(device) => println!("{:?}", device.serial_number),
//!         Err(error) => eprintln!("{error}"),
//!     }
//! }
//! # Ok(()) });
//! ```

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
