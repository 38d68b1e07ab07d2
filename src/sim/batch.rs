//! `$batch`: up to twenty requests in one.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::error::Failure;
use super::exchange::{Answer, Exchange, Part, Reply, Request};
use super::render::render;

/// The maximum number of requests in a batch.
const MOST: usize = 20;

/// Parses a batch and checks its order. The gateway answers the parts.
pub(super) fn run(exchange: &mut Exchange<'_>) -> Answer {
    if exchange.request.in_batch {
        return Err(Failure::bad_request("A batch inside a batch is not supported."));
    }
    let parts = read(exchange.request, exchange.state.options.quirks.integer_batch_ids)?;
    check_order(&parts)?;
    Ok(Reply::Batch(parts))
}

/// Answers the parts of a batch by `answer`, in order. A part is refused if one that it depends on has failed.
pub(super) fn answer_parts(
    parts: Vec<Part>,
    now: Timestamp,
    mut answer: impl FnMut(&Request) -> Response<Bytes>,
) -> Vec<Value> {
    let mut statuses: BTreeMap<String, StatusCode> = BTreeMap::new();
    let mut responses = Vec::new();
    for part in parts {
        let failed = |id: &String| statuses.get(&key(id)).is_none_or(|status| !status.is_success());
        let response = if part.depends_on.iter().any(failed) {
            let failure = Failure::plain(
                StatusCode::FAILED_DEPENDENCY,
                "FailedDependency",
                "The request failed because a request that it depends on failed.",
            );
            render(now, &part.request, Err(failure))
        } else {
            answer(&part.request)
        };
        statuses.insert(key(&part.id), response.status());
        responses.push(show(&part.id, &response));
    }
    responses
}

/// Folds an id for comparison without regard to case.
fn key(id: &str) -> String {
    id.to_lowercase()
}

/// Returns an id: text, or an integer where those are taken.
fn id(value: &Value, takes_integers: bool) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if takes_integers => number.as_i64().map(|number| number.to_string()),
        _ => None,
    }
}

fn read(outer: &Request, takes_integers: bool) -> Result<Vec<Part>, Failure> {
    let bad = |message: String| Failure::bad_request(message);
    let body = outer.object()?;
    let Some(Value::Array(requests)) = body.get("requests") else {
        return Err(bad("The batch has no requests.".to_owned()));
    };
    if requests.is_empty() || requests.len() > MOST {
        return Err(bad(format!(
            "Number of batch request steps must be between 1 and the maximum value of {MOST}."
        )));
    }
    let mut ids = BTreeSet::new();
    let mut parts = Vec::new();
    for item in requests {
        let text = |name: &str| item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let Some(id) = item.get("id").and_then(|value| id(value, takes_integers)) else {
            return Err(bad("Batch request id cannot be null or empty.".to_owned()));
        };
        if !ids.insert(key(&id)) {
            return Err(bad(format!("Request Id {id} has to be unique in a batch.")));
        }
        let (Some(method), Some(url)) = (text("method"), text("url")) else {
            return Err(bad(format!("The request {id} needs a method and a url.")));
        };
        let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
            .map_err(|_| bad(format!("The request {id} has an invalid method.")))?;
        if url.contains("://") {
            return Err(bad(format!("The url of request {id} must be relative.")));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in item.get("headers").and_then(Value::as_object).into_iter().flatten() {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = value.as_str().map(HeaderValue::from_str);
            if let (Ok(name), Some(Ok(value))) = (name, value) {
                headers.insert(name, value);
            }
        }
        let content = item.get("body").filter(|body| !body.is_null());
        if content.is_some() && !headers.contains_key(header::CONTENT_TYPE) {
            return Err(bad(format!(
                "Write request id : {id} does not contain Content-Type header or body."
            )));
        }
        let depends_on = match item.get("dependsOn") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(ids)) => {
                ids.iter().filter_map(|value| self::id(value, takes_integers)).collect()
            }
            Some(_) => return Err(bad(format!("The dependsOn of request {id} is not a collection."))),
        };
        let content = content.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        parts.push(Part { id, depends_on, request: outer.part(method, url, headers, content) });
    }
    Ok(parts)
}

/// Refuses an order that is neither all parallel, nor all serial, nor all after one request.
fn check_order(parts: &[Part]) -> Result<(), Failure> {
    let mut before: Vec<String> = Vec::new();
    let mut parents = BTreeSet::new();
    let mut chained = 0;
    let mut dependent = 0;
    for part in parts {
        for id in &part.depends_on {
            if !before.contains(&key(id)) {
                return Err(Failure::bad_request(format!(
                    "The request {} depends on {id}, which does not come before it.",
                    part.id
                )));
            }
            parents.insert(key(id));
        }
        if !part.depends_on.is_empty() {
            dependent += 1;
            if part.depends_on.len() == 1
                && before.last() == part.depends_on.first().map(|id| key(id)).as_ref()
            {
                chained += 1;
            }
        }
        before.push(key(&part.id));
    }
    let serial = chained == dependent && dependent + 1 == parts.len();
    let same = parents.len() == 1;
    if dependent == 0 || serial || same {
        return Ok(());
    }
    Err(Failure::bad_request(
        "The dependencies of a batch must be all parallel, all serial, or all on the same request.",
    ))
}

fn show(id: &str, response: &Response<Bytes>) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), id.into());
    shown.insert("status".to_owned(), response.status().as_u16().into());
    let mut headers = Map::new();
    for name in [header::CONTENT_TYPE, header::RETRY_AFTER, header::LOCATION, header::CACHE_CONTROL] {
        if let Some(value) = response.headers().get(&name).and_then(|value| value.to_str().ok()) {
            let shown =
                if name == header::RETRY_AFTER || name == header::LOCATION || name == header::CACHE_CONTROL {
                    title(name.as_str())
                } else {
                    "Content-Type".to_owned()
                };
            headers.insert(shown, value.into());
        }
    }
    shown.insert("headers".to_owned(), headers.into());
    if !response.body().is_empty() {
        let body = serde_json::from_slice(response.body());
        shown.insert("body".to_owned(), body.unwrap_or_else(|_| STANDARD.encode(response.body()).into()));
    }
    Value::Object(shown)
}

/// Capitalizes a header's name: `retry-after` is `Retry-After`.
fn title(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
            .unwrap_or_default()
    });
    words.collect::<Vec<_>>().join("-")
}
