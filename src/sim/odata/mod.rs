//! Query options: their support by collection, and pages with opaque links.

mod filter;
mod list;
mod position;
mod query;
mod rules;
mod select;

pub(super) use self::filter::{Filter, Op, Test};
pub(super) use self::list::{collection, count, list, list_table, list_values};
pub(super) use self::position::{encode, first_page_token, seal, unseal};
pub(super) use self::query::check_options;
pub(super) use self::rules::{DIRECTORY, INTUNE, Rules, Support};
pub(super) use self::select::{Selection, check_expand, selected, show};
