//! Query options: which of them a collection supports, and pages with opaque links.

mod filter;
mod listing;

use std::cmp::Ordering;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) use self::filter::{Filter, Op, Test};
pub(super) use self::listing::Listings;
use super::error::Failure;
use super::exchange::{Answer, Exchange, Reply, Request};
use super::store::{Body, Keyed, Row, Table};

/// Whether the service supports one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    Yes,
    /// With `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
    No,
    /// The service breaks.
    Breaks,
}

/// What a collection supports.
pub(super) struct Rules {
    /// The type of its objects, for `$select`.
    pub(super) type_name: &'static str,
    /// Objects on a page, unless the request says otherwise.
    pub(super) page: usize,
    /// The most objects on a page.
    pub(super) most: usize,
    pub(super) skip: bool,
    /// Properties that `$orderby` takes.
    pub(super) order: &'static [&'static str],
    pub(super) filter: fn(&Test) -> Support,
    /// Properties that `$search` looks at.
    pub(super) search: &'static [&'static str],
}

/// No filter at all.
pub(super) fn no_filter(_: &Test) -> Support {
    Support::No
}

/// Rules of an Intune collection: pages of 1000, no filter.
pub(super) const INTUNE: Rules = Rules {
    type_name: "entity",
    page: 1000,
    most: 1000,
    skip: true,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};

/// Rules of a directory collection: pages of 100, no `$skip`.
pub(super) const DIRECTORY: Rules = Rules {
    type_name: "directoryObject",
    page: 100,
    most: 999,
    skip: false,
    order: &["displayName"],
    filter: no_filter,
    search: &[],
};

/// The query options of a request, checked against the rules.
struct Query {
    filter: Option<Filter>,
    order: Option<(String, bool)>,
    page: usize,
    position: Position,
    count: bool,
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Start {
        skip: usize,
    },
    /// Behind a row, in the order of rows.
    Behind(u64),
    /// At an index of a listing in another order, which the tenant keeps.
    Of {
        listing: u64,
        index: usize,
    },
}

/// Answers a list of a table's rows. `shown` says which rows can be seen at all.
pub(super) fn list_table<'t, T: Keyed + Row + 't>(
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

/// Answers a short list of objects that are ready.
pub(super) fn list_values(
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

impl Row for Body {
    fn value(&self, property: &str) -> Value {
        self.get(property).cloned().unwrap_or_default()
    }
}

/// Answers a list. `rows` gives those behind a position, with their own positions, in order.
pub(super) fn list<R: Row, I: Iterator<Item = (u64, R)>>(
    exchange: &Exchange<'_>,
    rules: &Rules,
    context: &str,
    rows: impl Fn(u64) -> I,
    render: impl Fn(&R) -> Body,
) -> Answer {
    let query = read(exchange, rules)?;
    let matches = |row: &R| query.filter.as_ref().is_none_or(|filter| filter.matches(row));
    let mut count = None;
    if query.count && matches!(query.position, Position::Start { .. }) {
        count = Some(rows(0).filter(|(_, row)| matches(row)).count());
    }
    let selection = Selection::read(exchange, rules.type_name)?;
    let mut page = Page::default();
    let mut next = None;
    if let Some((property, descending)) = &query.order {
        let listings = &exchange.state.listings;
        let (known, order, start) = match query.position {
            Position::Start { skip } => {
                let found = rows(0).filter(|(_, row)| matches(row));
                (None, in_order(found, property, *descending), skip)
            }
            Position::Of { listing, index } => {
                (Some(listing), listings.get(listing).ok_or_else(stale_token)?, index)
            }
            Position::Behind(_) => return Err(stale_token()),
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
            Position::Of { .. } => return Err(stale_token()),
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
        answer.insert("@odata.nextLink".to_owned(), next_link(exchange, next).into());
    }
    Ok(Reply::Raw(page.close(&Value::Object(answer)).into()))
}

/// The positions of rows, sorted by a property.
fn in_order<R: Row>(rows: impl Iterator<Item = (u64, R)>, property: &str, descending: bool) -> Arc<[u64]> {
    let mut sorted: Vec<(Key, u64)> = rows.map(|(at, row)| (Key::of(row.value(property)), at)).collect();
    sorted.sort_unstable_by(|(a, at), (b, bt)| {
        let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
        if descending { order.reverse() } else { order }.then(at.cmp(bt))
    });
    sorted.into_iter().map(|(_, at)| at).collect()
}

/// A value to sort by, read once.
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

/// The objects of a page, written as they come: a page of a thousand is never held as a tree.
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

    /// The whole answer: what stands in `head`, and the objects.
    fn close(self, head: &Value) -> Vec<u8> {
        let head = head.to_string();
        let head = head.strip_suffix('}').unwrap_or(&head).as_bytes();
        [head, b",\"value\":[".as_slice(), &self.text, b"]}".as_slice()].concat()
    }
}

/// Answers `/$count`.
pub(super) fn count<R: Row, I: Iterator<Item = (u64, R)>>(
    exchange: &Exchange<'_>,
    rules: &Rules,
    rows: I,
) -> Answer {
    let request = exchange.request;
    if !request.is_intune() && !request.eventual() {
        return Err(Failure::directory("$count is not currently supported."));
    }
    let filter = read_filter(exchange, rules, true)?;
    let count = rows.filter(|(_, row)| filter.as_ref().is_none_or(|filter| filter.matches(row))).count();
    Ok(Reply::Text(count.to_string()))
}

/// Query options that Graph knows.
const OPTIONS: [&str; 11] = [
    "$select",
    "$filter",
    "$orderby",
    "$top",
    "$skip",
    "$skiptoken",
    "$expand",
    "$search",
    "$count",
    "$format",
    "$deltatoken",
];

/// Options that ask for some of many.
const OF_COLLECTIONS: [&str; 5] = ["$filter", "$orderby", "$top", "$skip", "$count"];

/// Refuses options that nobody knows, that come twice, or that one object alone cannot answer.
pub(super) fn check_options(request: &Request, single: bool) -> Result<(), Failure> {
    let mut seen = Vec::new();
    for (name, value) in request.query.iter().filter(|(name, _)| name.starts_with('$')) {
        let name = name.to_ascii_lowercase();
        if !OPTIONS.contains(&name.as_str()) {
            return Err(Failure::bad_request(format!("The query parameter '{name}' is not supported.")));
        }
        if single && OF_COLLECTIONS.contains(&name.as_str()) {
            return Err(Failure::bad_request(
                "The query specified in the URI is not valid. Query options $filter, $orderby, $count, $skip, and $top \
                 can be applied only on collections.",
            ));
        }
        if name == "$count" && !["true", "false"].contains(&value.to_ascii_lowercase().as_str()) {
            return Err(Failure::bad_request(format!(
                "Invalid value '{value}' for $count query option found. Valid values are 'true' and 'false'."
            )));
        }
        if seen.contains(&name) {
            return Err(Failure::bad_request(format!(
                "Query option '{name}' was specified more than once, but it must be specified at most once."
            )));
        }
        seen.push(name);
    }
    Ok(())
}

/// The `$select` of a request.
pub(super) struct Selection {
    names: Option<Vec<String>>,
    expand: Vec<String>,
}

impl Selection {
    /// Reads `$select`, and refuses what `type_name` does not have.
    pub(super) fn read(exchange: &Exchange<'_>, type_name: &str) -> Result<Self, Failure> {
        let Some(select) = exchange.request.option("$select") else { return Ok(Self::everything()) };
        let names: Vec<String> =
            select.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        if names.iter().any(|name| name == "*") {
            return Ok(Self::everything());
        }
        for name in &names {
            if !super::schema::has_property(type_name, name, exchange.version) {
                return Err(Failure::bad_request(format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
                     'microsoft.graph.{type_name}'."
                )));
            }
        }
        let expand = expanded(exchange.request);
        Ok(Self { names: (!names.is_empty()).then_some(names), expand })
    }

    fn everything() -> Self {
        Self { names: None, expand: Vec::new() }
    }

    /// What stands behind the collection's name in the context.
    pub(super) fn suffix(&self) -> String {
        self.names.as_ref().map(|names| format!("({})", names.join(","))).unwrap_or_default()
    }

    /// Whether the request names properties at all.
    pub(super) fn is_given(&self) -> bool {
        self.names.is_some()
    }

    /// Keeps what was asked for, the type, and what was expanded.
    pub(super) fn apply(&self, body: Body) -> Body {
        let Some(names) = &self.names else { return body };
        let wanted = |key: &str| {
            key.starts_with("@odata.")
                || names.iter().chain(&self.expand).any(|name| {
                    name.eq_ignore_ascii_case(key)
                        || key.split_once('@').is_some_and(|(name_of, _)| name == name_of)
                })
        };
        body.into_iter().filter(|(key, _)| wanted(key)).collect()
    }
}

/// The names in `$expand`, without what is nested in them.
pub(super) fn expanded(request: &Request) -> Vec<String> {
    let expand = request.option("$expand").unwrap_or_default();
    let names = expand.split(',').map(|name| name.split('(').next().unwrap_or_default().trim().to_owned());
    names.filter(|name| !name.is_empty()).collect()
}

/// Refuses an `$expand` of anything but `known`.
pub(super) fn check_expand(
    exchange: &Exchange<'_>,
    type_name: &str,
    known: &[&str],
) -> Result<Vec<String>, Failure> {
    let names = expanded(exchange.request);
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Failure::bad_request(format!(
            "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type \
             'microsoft.graph.{type_name}'."
        ))),
        None => Ok(names),
    }
}

fn read(exchange: &Exchange<'_>, rules: &Rules) -> Result<Query, Failure> {
    let request = exchange.request;
    let intune = request.is_intune();
    let counted = request.option("$count").is_some_and(|count| count.eq_ignore_ascii_case("true"));
    let advanced = request.eventual() && counted;
    let filter = read_filter(exchange, rules, advanced)?;
    let search = read_search(request, rules)?;
    let filter = match (filter, search) {
        (Some(filter), Some(search)) => Some(Filter::And(Box::new(filter), Box::new(search))),
        (filter, search) => filter.or(search),
    };
    let mut order = None;
    if let Some(orderby) = request.option("$orderby") {
        let (property, direction) = orderby.trim().split_once(' ').unwrap_or((orderby.trim(), "asc"));
        let descending = match direction.trim().to_ascii_lowercase().as_str() {
            "asc" => false,
            "desc" => true,
            other => {
                return Err(Failure::bad_request(format!(
                    "Syntax error: '{other}' is not a direction in '{orderby}'."
                )));
            }
        };
        if !rules.order.contains(&property) {
            let message = format!("Order by '{property}' is not supported.");
            return Err(if intune { Failure::refused(message) } else { unsupported(message) });
        }
        if !intune && filter.is_some() && !advanced {
            return Err(unsupported("Sorting not supported for current query."));
        }
        order = Some((property.to_owned(), descending));
    }
    let mut page = exchange.state.options.page_size.unwrap_or(rules.page).min(rules.most);
    if let Some(top) = number(request, "$top")? {
        if !intune && (top == 0 || top > rules.most) {
            return Err(unsupported(format!(
                "Invalid page size specified: '{top}'. Must be between 1 and {} inclusive.",
                rules.most
            )));
        }
        page = top.clamp(1, rules.most);
    }
    let skip = number(request, "$skip")?.unwrap_or(0);
    if request.option("$skip").is_some() && !rules.skip {
        return Err(unsupported("'$skip' is not supported by the service."));
    }
    let position = match request.option("$skiptoken") {
        Some(token) => position(exchange, token)?,
        None => Position::Start { skip },
    };
    Ok(Query { filter, order, page, position, count: counted && (intune || request.eventual()) })
}

fn number(request: &Request, name: &str) -> Result<Option<usize>, Failure> {
    let Some(text) = request.option(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Failure::bad_request(format!("Invalid value '{text}' for {name} query option found. The {name} query option requires a non-negative integer value."))
    })
}

fn read_filter(exchange: &Exchange<'_>, rules: &Rules, advanced: bool) -> Result<Option<Filter>, Failure> {
    let request = exchange.request;
    let Some(text) = request.option("$filter") else { return Ok(None) };
    let intune = request.is_intune();
    let Some(filter) = Filter::parse(text) else {
        return Err(Failure::bad_request("Invalid filter clause: Syntax error."));
    };
    for test in filter.tests() {
        let name = test.property.split('/').next().unwrap_or_default();
        if test.op != Op::IsOf && !super::schema::has_property(rules.type_name, name, exchange.version) {
            return Err(Failure::bad_request(format!(
                "Invalid filter clause: Could not find a property named '{name}' on type 'microsoft.graph.{}'.",
                rules.type_name
            )));
        }
        match (rules.filter)(test) {
            Support::Yes => {}
            Support::Advanced if advanced => {}
            Support::Breaks => {
                return Err(Failure::intune(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServerError",
                    "An internal server error has occurred",
                ));
            }
            _ if intune => {
                return Err(Failure::refused(
                    "The query specified in the URI is not valid. Filter is not supported.",
                ));
            }
            _ => {
                return Err(unsupported(
                    "Unsupported or invalid query filter clause specified for property.",
                ));
            }
        }
    }
    if filter.has_not() && !intune && !advanced {
        return Err(unsupported("Unsupported Query."));
    }
    Ok(Some(filter))
}

/// The `$search` of a request, as a filter.
fn read_search(request: &Request, rules: &Rules) -> Result<Option<Filter>, Failure> {
    let Some(text) = request.option("$search") else { return Ok(None) };
    if request.is_intune() {
        return Err(Failure::refused(
            "The query specified in the URI is not valid. $search is not supported.",
        ));
    }
    if !request.eventual() {
        return Err(unsupported(
            "Request with $search query parameter only works through MSGraph with a special request header: \
             'ConsistencyLevel: eventual'",
        ));
    }
    let Some(search) = Filter::parse_search(text) else {
        return Err(Failure::bad_request(format!("Syntax error: the value of $search is not valid: {text}")));
    };
    match search.tests().iter().find(|test| !rules.search.contains(&test.property.as_str())) {
        Some(test) => Err(unsupported(format!("Unsupported property '{}' in $search.", test.property))),
        None => Ok(Some(search)),
    }
}

fn unsupported(message: impl Into<std::borrow::Cow<'static, str>>) -> Failure {
    Failure::plain(StatusCode::BAD_REQUEST, "Request_UnsupportedQuery", message)
}

/// The link to the page at `position`: the request's own address with a token.
fn next_link(exchange: &Exchange<'_>, position: Position) -> String {
    let request = exchange.request;
    let mut link = format!("{}/{}{}?", request.origin, request.version, request.path);
    let kept = |key: &str| {
        !["skiptoken", "skip"].contains(&key.trim_start_matches('$').to_ascii_lowercase().as_str())
    };
    for (key, value) in request.query.iter().filter(|(key, _)| kept(key)) {
        link.push_str(&encode(key));
        link.push('=');
        link.push_str(&encode(value));
        link.push('&');
    }
    link.push_str("$skiptoken=");
    link.push_str(&token(exchange.state.options.seed, position));
    link
}

fn token(seed: u64, position: Position) -> String {
    let (kind, number, index) = match position {
        Position::Start { skip } => (b'S', skip as u64, 0),
        Position::Behind(row) => (b'B', row, 0),
        Position::Of { listing, index } => (b'L', listing, index as u64),
    };
    seal(seed, &[&[kind][..], &number.to_be_bytes()[..], &index.to_be_bytes()[..]].concat())
}

/// Text that says nothing to a client, and that cannot be made up.
pub(super) fn seal(seed: u64, content: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([content, &mark(seed, content).to_be_bytes()[..]].concat())
}

/// What [`seal`] closed; `None` for anything else.
pub(super) fn unseal(seed: u64, text: &str) -> Option<Vec<u8>> {
    let mut content = URL_SAFE_NO_PAD.decode(text).ok()?;
    let given = content.split_off(content.len().checked_sub(8)?);
    (given == mark(seed, &content).to_be_bytes()).then_some(content)
}

/// FNV-1a, keyed by the seed: no secrecy, only no accidents.
fn mark(seed: u64, content: &[u8]) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.rotate_left(17);
    content.iter().fold(start, |mark, byte| (mark ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn position(exchange: &Exchange<'_>, token: &str) -> Result<Position, Failure> {
    let content = unseal(exchange.state.options.seed, token).ok_or_else(stale_token)?;
    let (kind, numbers) = content.split_first().ok_or_else(stale_token)?;
    let (number, index) = numbers.split_at_checked(8).ok_or_else(stale_token)?;
    let read = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).map_err(|_| stale_token());
    let (number, index) = (read(number)?, read(index)?);
    let small = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    match kind {
        b'S' => Ok(Position::Start { skip: small(number) }),
        b'B' => Ok(Position::Behind(number)),
        b'L' => Ok(Position::Of { listing: number, index: small(index) }),
        _ => Err(stale_token()),
    }
}

fn stale_token() -> Failure {
    Failure::plain(
        StatusCode::BAD_REQUEST,
        "Directory_ExpiredPageToken",
        "The specified page token value has expired and can no longer be included in your request.",
    )
}

/// The address of the first page once more, told from the first request by a token: what an empty page links to.
pub(super) fn first_page_token(seed: u64) -> String {
    token(seed, Position::Start { skip: 0 })
}

/// Percent-encodes what a query may not carry as it is.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b'$'
            | b','
            | b'('
            | b')'
            | b'\''
            | b':'
            | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    encoded
}

/// A collection as the answer of an action: no pages, no options.
pub(super) fn collection(exchange: &Exchange<'_>, context: &str, values: Vec<Body>) -> Reply {
    let values: Vec<Value> = values.into_iter().map(Value::Object).collect();
    Reply::ok(json!({"@odata.context": exchange.context(context), "value": values}))
}
