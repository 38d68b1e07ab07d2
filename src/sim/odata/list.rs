//! Lists, page by page.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::filter::{self, Filter};
use super::position::{self, Position};
use super::query;
use super::rules::Rules;
use super::select::Selection;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::store::{Body, Keyed, Row, Table};

/// Answers with a list of a table's rows. `shown` selects the visible ones.
pub(crate) fn list_table<'t, T: Keyed + Row + 't>(
    exchange: &Exchange<'_>,
    rules: &Rules,
    context: &str,
    table: &'t Table<T>,
    shown: impl Fn(&T) -> bool,
    render: impl Fn(&T) -> Body,
) -> Answer {
    let indexed = exchange.request.option("$filter").and_then(Filter::parse);
    let indexed = indexed.as_ref().and_then(|filter| filter.required(T::INDEXED));
    let rows = |position: u64| -> Box<dyn Iterator<Item = (u64, &'t T)> + '_> {
        match indexed {
            Some((property, value)) => Box::new(table.find_after(position, property, value)),
            None => Box::new(table.after(position)),
        }
    };
    list(exchange, rules, context, |position| rows(position).filter(|(_, row)| shown(row)), |row| render(row))
}

/// Answers with a short list of complete objects.
pub(crate) fn list_values(
    exchange: &Exchange<'_>,
    rules: &Rules,
    context: &str,
    values: Vec<Body>,
) -> Answer {
    let rows = |position: u64| {
        let skip = usize::try_from(position).unwrap_or(usize::MAX);
        values.iter().enumerate().skip(skip).map(|(at, body)| (at as u64 + 1, body))
    };
    list(exchange, rules, context, rows, |body| (*body).clone())
}

/// Answers with a list. `rows` returns the rows after a position, with their positions, in order.
pub(crate) fn list<R: Row, I: Iterator<Item = (u64, R)>>(
    exchange: &Exchange<'_>,
    rules: &Rules,
    context: &str,
    rows: impl Fn(u64) -> I,
    render: impl Fn(&R) -> Body,
) -> Answer {
    let query = query::read(exchange, rules)?;
    let matches = |row: &R| query.filter.as_ref().is_none_or(|filter| filter.matches(row));
    let mut count = None;
    if query.count && matches!(query.position, Position::Start { .. }) {
        count = Some(rows(0).filter(|(_, row)| matches(row)).count());
    }
    let selection = Selection::read(exchange, rules.type_name)?;
    let mut page = Page::default();
    let mut next = None;
    if !query.order.is_empty() {
        let listings = &exchange.state.listings;
        let (known, order, start) = match query.position {
            Position::Start { skip } => {
                let found = rows(0).filter(|(_, row)| matches(row));
                (None, in_order(found, &query.order), skip)
            }
            Position::Of { listing, index } => {
                (Some(listing), listings.get(listing).ok_or_else(position::stale_token)?, index)
            }
            Position::Behind(_) => return Err(position::stale_token()),
        };
        let mut index = start;
        while page.len < query.page
            && let Some(at) = order.get(index).copied()
        {
            index += 1;
            // What is gone since the order was made, or is no longer what was asked for, is passed over.
            let row = rows(at.saturating_sub(1)).next().filter(|(found, row)| *found == at && matches(row));
            if let Some((_, row)) = row {
                page.push(selection.apply(render(&row)));
            }
        }
        if index < order.len() {
            let listing = known.unwrap_or_else(|| listings.keep(order));
            next = Some(Position::Of { listing, index });
        }
    } else {
        let (after, skip) = match query.position {
            Position::Start { skip } => (0, skip),
            Position::Behind(row) => (row, 0),
            Position::Of { .. } => return Err(position::stale_token()),
        };
        let mut found = rows(after).filter(|(_, row)| matches(row)).skip(skip).peekable();
        let mut last = after;
        while page.len < query.page {
            let Some((at, row)) = found.next() else { break };
            last = at;
            page.push(selection.apply(render(&row)));
        }
        if found.peek().is_some() {
            next = Some(Position::Behind(last));
        }
    }
    let mut answer = Map::new();
    answer.insert(
        "@odata.context".to_owned(),
        exchange.context(&format!("{context}{}", selection.suffix())).into(),
    );
    if let Some(count) = count {
        answer.insert("@odata.count".to_owned(), count.into());
    }
    if let Some(next) = next {
        answer.insert("@odata.nextLink".to_owned(), position::next_link(exchange, next).into());
    }
    Ok(Reply::Raw(page.close(&Value::Object(answer)).into()))
}

/// Returns the positions of rows, sorted by properties, each with whether it is descending.
fn in_order<R: Row>(rows: impl Iterator<Item = (u64, R)>, by: &[(&'static str, bool)]) -> Arc<[u64]> {
    let keys = |row: R| by.iter().map(|(property, _)| Key::of(row.value(property))).collect::<Vec<_>>();
    let mut sorted: Vec<(Vec<Key>, u64)> = rows.map(|(at, row)| (keys(row), at)).collect();
    sorted.sort_unstable_by(|(a, at), (b, bt)| {
        let orders = a.iter().zip(b).zip(by).map(|((a, b), (_, descending))| {
            let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            if *descending { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then).then(at.cmp(bt))
    });
    sorted.into_iter().map(|(_, at)| at).collect()
}

/// A parsed sort key.
#[derive(PartialEq, PartialOrd)]
enum Key {
    Nothing,
    Flag(bool),
    Number(f64),
    Time(Timestamp),
    Text(String),
}

impl Key {
    fn of(value: Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Flag(flag),
            Value::Number(number) => number.as_f64().map_or(Self::Nothing, Self::Number),
            Value::String(text) => match filter::time(&text) {
                Some(time) => Self::Time(time),
                None => Self::Text(text.to_lowercase()),
            },
            _ => Self::Nothing,
        }
    }
}

/// The objects of a page, serialized one by one: a page of a thousand is never held as a tree.
#[derive(Default)]
struct Page {
    text: Vec<u8>,
    len: usize,
}

impl Page {
    fn push(&mut self, body: Body) {
        if self.len > 0 {
            self.text.push(b',');
        }
        self.len += 1;
        self.text.extend_from_slice(Value::Object(body).to_string().as_bytes());
    }

    /// Returns the whole answer: `head`, and the objects.
    fn close(self, head: &Value) -> Vec<u8> {
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head).as_bytes();
        [head, b",\"value\":[".as_slice(), &self.text, b"]}".as_slice()].concat()
    }
}

/// Answers `/$count`.
pub(crate) fn count<R: Row, I: Iterator<Item = (u64, R)>>(
    exchange: &Exchange<'_>,
    rules: &Rules,
    rows: I,
) -> Answer {
    let request = exchange.request;
    if !request.is_intune() && !request.eventual() {
        return Err(Failure::directory("$count is not currently supported."));
    }
    let filter = query::read_filter(exchange, rules, true)?;
    let count = rows.filter(|(_, row)| filter.as_ref().is_none_or(|filter| filter.matches(row))).count();
    Ok(Reply::Text(count.to_string()))
}

/// Answers with a collection as an action's result: no pages, no options.
pub(crate) fn collection(exchange: &Exchange<'_>, context: &str, values: Vec<Body>) -> Reply {
    let values: Vec<Value> = values.into_iter().map(Value::Object).collect();
    Reply::ok(json!({"@odata.context": exchange.context(context), "value": values}))
}
