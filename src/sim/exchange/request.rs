//! Parsed requests.

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use serde_json::Value;

use crate::sim::error::Failure;
use crate::sim::schema;
use crate::sim::store::Body;

/// A parsed request.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The origin for links in answers, such as `https://graph.microsoft.com`.
    pub(crate) origin: String,
    /// The first segment of the path, as sent.
    pub(crate) version: String,
    /// The path below the version, as sent.
    pub(crate) path: String,
    /// The decoded segments of the path. `devices(deviceId='x')` is `devices`, `(deviceId)`, `x`.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) request_id: String,
    pub(crate) client_request_id: String,
    pub(crate) now: Timestamp,
    /// Whether the request is a part of a batch.
    pub(crate) in_batch: bool,
}

impl Request {
    pub(crate) fn read(request: http::Request<Bytes>, request_id: String, now: Timestamp) -> Self {
        let (head, body) = request.into_parts();
        let host = head.uri.authority().map(ToString::to_string).or_else(|| {
            let host = head.headers.get(header::HOST)?.to_str().ok()?;
            Some(host.to_owned())
        });
        // A request that came through a server on loopback has only a path.
        let scheme = head.uri.scheme_str().unwrap_or("http");
        let origin = format!("{scheme}://{}", host.unwrap_or_else(|| "localhost".to_owned()));
        let whole = head.uri.path();
        let (version, path) = match whole.trim_start_matches('/').split_once('/') {
            Some((version, rest)) => (version.to_owned(), format!("/{rest}")),
            None => (whole.trim_start_matches('/').to_owned(), String::new()),
        };
        let client_request_id = head.headers.get("client-request-id").and_then(|id| id.to_str().ok());
        Self {
            client_request_id: client_request_id.map_or_else(|| request_id.clone(), str::to_owned),
            segments: segments(&path),
            query: pairs(head.uri.query().unwrap_or_default()),
            method: head.method,
            origin,
            version,
            path,
            headers: head.headers,
            body,
            request_id,
            now,
            in_batch: false,
        }
    }

    /// Creates a part of a batch: same origin, version and caller; its own method, address, headers and body.
    pub(crate) fn part(&self, method: Method, url: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let path = format!("/{}", path.trim_start_matches('/'));
        let mut all = headers;
        if let Some(token) = self.headers.get(header::AUTHORIZATION) {
            all.insert(header::AUTHORIZATION, token.clone());
        }
        Self {
            method,
            origin: self.origin.clone(),
            version: self.version.clone(),
            segments: segments(&path),
            path,
            query: pairs(query),
            headers: all,
            body,
            request_id: self.request_id.clone(),
            client_request_id: self.client_request_id.clone(),
            now: self.now,
            in_batch: true,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the value of a query option such as `$top`; the dollar sign is optional.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let bare = name.trim_start_matches('$');
        let found = self.query.iter().find(|(key, _)| key.trim_start_matches('$').eq_ignore_ascii_case(bare));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns `true` if the caller opts in to the directory's advanced queries.
    pub(crate) fn eventual(&self) -> bool {
        self.header("ConsistencyLevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    /// Returns `true` if the caller wants enum members that are newer than the sentinel.
    pub(crate) fn wants_unknown_members(&self) -> bool {
        self.headers
            .get_all("Prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.to_ascii_lowercase().contains("include-unknown-enum-members"))
    }

    /// Returns the current time in the form for errors.
    pub(crate) fn date(&self) -> String {
        self.now.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// Returns `true` if the path belongs to Intune.
    pub(crate) fn is_intune(&self) -> bool {
        self.segments.first().is_some_and(|first| {
            first.eq_ignore_ascii_case("deviceManagement")
                || first.eq_ignore_ascii_case("deviceAppManagement")
        })
    }

    /// Returns the body as a JSON object.
    pub(crate) fn object(&self) -> Result<Body, Failure> {
        let unreadable = || {
            Failure::bad_request(
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of \
                 valid JSON format.",
            )
        };
        if self.header("content-type").is_some_and(|kind| !kind.to_ascii_lowercase().contains("json")) {
            return Err(unreadable());
        }
        let text = std::str::from_utf8(&self.body).unwrap_or("\u{0}");
        if text.trim().is_empty() {
            return Err(Failure::bad_request("Empty Payload. JSON content expected."));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            _ => Err(unreadable()),
        }
    }

    /// Returns the body of an action: an object with parameters among `known`.
    pub(crate) fn parameters(&self, action: &str, known: &[&str]) -> Result<Body, Failure> {
        let mut kept = Body::new();
        for (name, value) in self.object()?.into_iter().filter(|(name, _)| !name.contains('@')) {
            let spelling = known.iter().find(|known| known.eq_ignore_ascii_case(&name)).ok_or_else(|| {
                Failure::model(format!(
                    "The parameter '{name}' in the request payload is not a valid parameter for the operation '{action}'."
                ))
            })?;
            if kept.insert((*spelling).to_owned(), value).is_some() {
                return Err(Failure::model(format!("The parameter '{spelling}' was sent more than once.")));
            }
        }
        Ok(kept)
    }

    /// Returns the id at the end of the `@odata.id` of a `$ref`.
    pub(crate) fn reference(&self, collection: &str) -> Result<String, Failure> {
        let refuse = || Failure::bad_request("The body must have an @odata.id that points to an object.");
        let sent = self.object()?;
        let link = sent.get("@odata.id").and_then(Value::as_str).ok_or_else(refuse)?;
        let last = link.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match last.split_once("('").and_then(|(name, rest)| Some((name, rest.strip_suffix("')")?))) {
            Some((name, id)) if name.eq_ignore_ascii_case(collection) && !id.is_empty() => Ok(id.to_owned()),
            None if !last.is_empty()
                && link.to_ascii_lowercase().contains(&format!("/{}/", collection.to_ascii_lowercase())) =>
            {
                Ok(last.to_owned())
            }
            _ => Err(refuse()),
        }
    }

    /// Refuses a path whose last segment does not exist.
    pub(crate) fn no_such_segment(&self) -> Failure {
        let is_word = |segment: &&String| segment.starts_with(|c: char| c.is_ascii_lowercase());
        let segment = self.segments.iter().rfind(is_word).map(String::as_str).unwrap_or_default();
        Failure::bad_request(format!("Resource not found for the segment '{segment}'."))
    }
}

/// Decodes `%41` and, in a query, `+`.
fn decode(text: &str, plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' if plus => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digit =
                    |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|d| u8::try_from(d).ok());
                if let (Some(high), Some(low)) = (digit(ahead.next()), digit(ahead.next())) {
                    bytes.push(high << 4 | low);
                    rest = ahead;
                } else {
                    bytes.push(byte);
                }
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

pub(crate) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(k, v)| (decode(k, true), decode(v, true)))
        .collect()
}

/// Splits a path into segments: keys in parentheses are separate segments, and actions lose their namespace.
pub(crate) fn segments(path: &str) -> Vec<String> {
    let mut all = Vec::new();
    for raw in path.split('/').filter(|segment| !segment.is_empty()) {
        let segment = decode(raw, false);
        match segment.split_once('(').and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?))) {
            Some((name, key)) => {
                all.push(action(name));
                match key.split_once('=') {
                    Some((alternate, value)) if !alternate.contains('\'') => {
                        all.push(format!("({})", alternate.trim()));
                        all.push(unquote(value));
                    }
                    _ if key.is_empty() => {}
                    _ => all.push(unquote(key)),
                }
            }
            None => all.push(action(&segment)),
        }
    }
    all
}

/// Strips the namespace of an action: `microsoft.graph.delta` is `delta`. A type cast keeps it; `graph` is its alias.
fn action(segment: &str) -> String {
    let name = segment.strip_prefix("microsoft.graph.").or_else(|| segment.strip_prefix("graph."));
    match name {
        Some(name) if schema::find(name).is_none() => name.to_owned(),
        Some(name) => format!("microsoft.graph.{name}"),
        None => segment.to_owned(),
    }
}

fn unquote(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(inner) => inner.replace("''", "'"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_taken_apart() {
        for (path, expected) in [
            (
                "/deviceManagement/deviceConfigurations/a%2Fb",
                vec!["deviceManagement", "deviceConfigurations", "a/b"],
            ),
            ("/groups('g1')/members", vec!["groups", "g1", "members"]),
            ("/devices(deviceId='d''1')", vec!["devices", "(deviceId)", "d'1"]),
            ("/groups/microsoft.graph.delta()", vec!["groups", "delta"]),
            ("/groups/g/members/graph.device", vec!["groups", "g", "members", "microsoft.graph.device"]),
            (
                "/x/microsoft.graph.windowsDomainJoinConfiguration",
                vec!["x", "microsoft.graph.windowsDomainJoinConfiguration"],
            ),
            ("//", vec![]),
        ] {
            assert_eq!(segments(path), expected, "{path}");
        }
        assert_eq!(
            pairs("$filter=a+eq%20%27x%27&b&%zz=1"),
            [("$filter".into(), "a eq 'x'".into()), ("b".into(), String::new()), ("%zz".into(), "1".into()),]
        );
    }
}
