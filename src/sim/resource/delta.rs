//! Delta queries: changes to the directory since a token.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{directory_device, user};
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, Filter, Op, encode, seal, unseal};
use crate::sim::rows::Kind;
use crate::sim::store::{Body, later};

/// The page size.
const PAGE: usize = 100;
/// The maximum number of members of one group on a page.
const MEMBERS: usize = 200;
/// The maximum number of ids in a filter.
const IDS: usize = 50;
/// The lifetime of a token.
const LIFETIME: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 3600);

pub(crate) fn groups(exchange: &mut Exchange<'_>) -> Answer {
    delta(exchange, Kind::Group)
}

pub(crate) fn devices(exchange: &mut Exchange<'_>) -> Answer {
    delta(exchange, Kind::Device)
}

pub(crate) fn users(exchange: &mut Exchange<'_>) -> Answer {
    delta(exchange, Kind::User)
}

/// The position of a query, which the token holds completely.
#[derive(Debug, Clone, PartialEq)]
struct Cursor {
    /// The number of the change after which the query begins.
    since: u64,
    /// The number of the last reported change.
    done: u64,
    /// A position within the next change: its number, and the members reported so far.
    within: Option<(u64, u64)>,
    select: Vec<String>,
    ids: Vec<String>,
    issued: i64,
}

fn delta(exchange: &mut Exchange<'_>, kind: Kind) -> Answer {
    let mut cursor = read(exchange, kind)?;
    let state = &*exchange.state;
    let changes = &state.directory.changes;
    if exchange.request.option("$deltatoken") == Some("latest") {
        cursor.since = changes.last();
        return Ok(answer(exchange, kind, Vec::new(), "@odata.deltaLink", &cursor));
    }
    let page = state.options.page_size.unwrap_or(PAGE);
    let mut values = Vec::new();
    for (number, id) in changes.since(kind, cursor.done) {
        if values.len() >= page {
            return Ok(answer(exchange, kind, values, "@odata.nextLink", &cursor));
        }
        if !cursor.ids.is_empty() && !cursor.ids.iter().any(|wanted| wanted.eq_ignore_ascii_case(id)) {
            cursor.done = number;
            continue;
        }
        match object(exchange, kind, id) {
            // What cannot be read yet comes with the next delta, and everything behind it.
            Found::Later => break,
            Found::Gone => {
                if cursor.since > 0 {
                    let reason = if kind == Kind::Device { "deleted" } else { "changed" };
                    values.push(Map::from_iter([
                        ("id".to_owned(), id.into()),
                        ("@removed".to_owned(), json!({"reason": reason})),
                    ]));
                }
            }
            Found::Here(mut body) => {
                select(&mut body, &cursor.select);
                let behind = match cursor.within {
                    Some((of, member)) if of == number => member,
                    _ => cursor.since,
                };
                let (members, rest) = members(exchange, kind, id, &cursor, behind);
                if !members.is_empty() {
                    body.insert("members@delta".to_owned(), members.into());
                }
                values.push(body);
                if let Some(last) = rest {
                    cursor.within = Some((number, last));
                    return Ok(answer(exchange, kind, values, "@odata.nextLink", &cursor));
                }
            }
        }
        cursor.done = number;
        cursor.within = None;
    }
    cursor.since = cursor.done;
    Ok(answer(exchange, kind, values, "@odata.deltaLink", &cursor))
}

enum Found {
    Here(Body),
    Gone,
    Later,
}

fn object(exchange: &Exchange<'_>, kind: Kind, id: &str) -> Found {
    let state = &*exchange.state;
    let directory = &state.directory;
    let (visible, body) = match kind {
        Kind::Group => match directory.groups.get(id) {
            Some(of) => (of.is_visible(state.now), of.view(state.now, exchange.version)),
            None => return Found::Gone,
        },
        Kind::Device => match directory.devices.get(id) {
            Some(of) => (of.is_visible(state.now), directory_device::view(exchange, of)),
            None => return Found::Gone,
        },
        Kind::User => match directory.users.get(id) {
            Some(of) => (of.is_visible(state.now), user::view(exchange, of, false)),
            None => return Found::Gone,
        },
    };
    if visible { Found::Here(body) } else { Found::Later }
}

/// Returns changes to a group's members after `behind`, and the position to continue from if there are more.
fn members(
    exchange: &Exchange<'_>,
    kind: Kind,
    id: &str,
    cursor: &Cursor,
    behind: u64,
) -> (Vec<Value>, Option<u64>) {
    let wanted = cursor.select.is_empty() || cursor.select.iter().any(|name| name == "members");
    let Some(group) = exchange.state.directory.groups.get(id).filter(|_| kind == Kind::Group && wanted)
    else {
        return (Vec::new(), None);
    };
    let mut values = Vec::new();
    let mut last = behind;
    let mut log = group.member_log.range(behind.saturating_add(1)..);
    for (number, (member, joined)) in log.by_ref() {
        last = *number;
        let type_name = exchange.state.directory.kind(member).map_or("directoryObject", Kind::type_name);
        let mut value = json!({"@odata.type": format!("#microsoft.graph.{type_name}"), "id": &**member});
        if !joined {
            if cursor.since == 0 {
                continue;
            }
            if let Value::Object(value) = &mut value {
                value.insert("@removed".to_owned(), json!({"reason": "deleted"}));
            }
        }
        values.push(value);
        if values.len() >= MEMBERS {
            break;
        }
    }
    let rest = log.next().map(|_| last);
    (values, rest)
}

fn select(body: &mut Body, names: &[String]) {
    if !names.is_empty() {
        body.retain(|key, _| key == "id" || names.iter().any(|name| name.eq_ignore_ascii_case(key)));
    }
}

fn answer(exchange: &Exchange<'_>, kind: Kind, values: Vec<Body>, link: &str, cursor: &Cursor) -> Reply {
    let request = exchange.request;
    let collection = format!("{}s", kind.type_name());
    let key = if link == "@odata.nextLink" { "$skiptoken" } else { "$deltatoken" };
    let token = seal(exchange.state.options.seed, cursor.write(exchange.state.now).as_bytes());
    let address =
        format!("{}/{}/{collection}/delta?{key}={}", request.origin, request.version, encode(&token));
    let values: Vec<Value> = values.into_iter().map(Value::Object).collect();
    Reply::ok(json!({"@odata.context": exchange.context(&collection), link: address, "value": values}))
}

fn read(exchange: &Exchange<'_>, kind: Kind) -> Result<Cursor, Failure> {
    let request = exchange.request;
    let latest = request.option("$deltatoken") == Some("latest");
    if let Some(token) = request.option("$skiptoken").or(request.option("$deltatoken")).filter(|_| !latest) {
        let gone = || {
            Failure::plain(
                StatusCode::GONE,
                "syncStateNotFound",
                "The sync state generation is not found. Start a full synchronization.",
            )
        };
        let content = unseal(exchange.state.options.seed, token).ok_or_else(|| {
            Failure::plain(StatusCode::BAD_REQUEST, "Request_BadRequest", "Badly formed token.")
        })?;
        let cursor =
            String::from_utf8(content).ok().and_then(|text| Cursor::parse(&text)).ok_or_else(gone)?;
        let issued = Timestamp::from_second(cursor.issued).unwrap_or(Timestamp::MIN);
        if later(issued, LIFETIME) < exchange.state.now || exchange.state.delta_tokens_before > issued {
            return Err(gone());
        }
        return Ok(cursor);
    }
    for name in ["$top", "$orderby", "$expand", "$search"] {
        if request.option(name).is_some() && kind != Kind::Device {
            return Err(Failure::plain(
                StatusCode::BAD_REQUEST,
                "Request_UnsupportedQuery",
                format!("The query option {name} is not supported for delta."),
            ));
        }
    }
    let select = odata::selected(exchange, kind.type_name())?.unwrap_or_default();
    let mut ids = Vec::new();
    if let Some(text) = request.option("$filter") {
        let refuse = || {
            Failure::plain(
                StatusCode::BAD_REQUEST,
                "Request_UnsupportedQuery",
                "Delta can be filtered by id alone, and by no more than 50.",
            )
        };
        let filter = Filter::parse(text).ok_or_else(refuse)?;
        for test in filter.tests() {
            if !test.property.eq_ignore_ascii_case("id") || !matches!(test.op, Op::Eq | Op::In) {
                return Err(refuse());
            }
            ids.extend(test.values.iter().filter_map(Value::as_str).map(str::to_owned));
        }
        if ids.len() > IDS {
            return Err(refuse());
        }
    }
    Ok(Cursor { since: 0, done: 0, within: None, select, ids, issued: 0 })
}

impl Cursor {
    fn write(&self, now: Timestamp) -> String {
        let (of, member) = self.within.unwrap_or_default();
        let (select, ids) = (self.select.join(","), self.ids.join(","));
        format!("{}|{}|{of}|{member}|{}|{select}|{ids}", self.since, self.done, now.as_second())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let mut number = || parts.next()?.parse::<u64>().ok();
        let (since, done, of, member) = (number()?, number()?, number()?, number()?);
        let issued = parts.next()?.parse().ok()?;
        let list = |text: &str| text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect();
        let (select, ids) = (list(parts.next()?), list(parts.next()?));
        let done = done.max(since);
        Some(Self { since, done, within: (of > 0).then_some((of, member)), select, ids, issued })
    }
}
