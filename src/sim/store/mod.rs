//! Tables of rows and their values.

mod listings;
mod stored;
mod table;
mod value;

pub(super) use self::listings::Listings;
pub(super) use self::stored::{Pairs, Word, random};
pub(super) use self::table::{Keyed, Row, Table, keyed_json};
pub(super) use self::value::{Body, NO_DATE, body, date, later};
