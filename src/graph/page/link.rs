//! Next links: where a list may go on, and where not.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::percent_encode;

/// No listing has more pages than this; one that has is going in circles.
const MOST_PAGES: usize = 100_000;

/// The way that a list has taken: which links it may follow, and which it has.
#[derive(Debug)]
pub(super) struct Trail {
    /// `scheme://host[:port]`
    origin: String,
    /// The path of the first page, which relative links count from.
    path: String,
    collection: Vec<String>,
    followed: Mutex<HashSet<String>>,
}

impl Trail {
    /// Of a list whose first page is at `path` of `origin`.
    pub(super) fn new(origin: &str, path: &str) -> Self {
        // The client's own path needs no check, and is compared as far as it goes.
        let collection = collection(path).unwrap_or_default();
        Self { origin: origin.to_owned(), path: path.to_owned(), collection, followed: Mutex::default() }
    }

    fn followed(&self) -> MutexGuard<'_, HashSet<String>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An address that is followed now.
    pub(super) fn add(&self, address: String) {
        self.followed().insert(address);
    }

    /// The address of a link, if it is one that may be followed and has not been.
    pub(super) fn next(&self, link: &str) -> Result<String> {
        let address = self.resolve(link)?;
        let followed = self.followed();
        if followed.contains(&address) {
            return refuse("was followed before: the service is going in circles");
        }
        if followed.len() >= MOST_PAGES {
            return refuse("is one too many: no list has so many pages");
        }
        Ok(address)
    }

    /// The address of a link to the same origin and collection.
    ///
    /// The address is written anew: origin and path are compared, and what is sent begins with the client's own origin.
    pub(super) fn resolve(&self, link: &str) -> Result<String> {
        let link = link.split('#').next().unwrap_or_default();
        let (before_query, query) = match link.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (link, None),
        };
        let path = self.path_of(before_query)?;
        let Some(collection) = collection(&path) else { return refuse("is not an address") };
        if collection != self.collection {
            return refuse("leads to another collection");
        }
        let mut address = format!("{}{path}", self.origin);
        if let Some(query) = query {
            address.push('?');
            encode_query(query, &mut address);
        }
        match address.parse::<http::Uri>() {
            Ok(_) => Ok(address),
            Err(_) => refuse("is not an address"),
        }
    }

    /// The path of a link, which may name this host, or leave out the host or more, as RFC 3986 has it.
    fn path_of(&self, link: &str) -> Result<String> {
        if let Some(rest) = link.strip_prefix('/') {
            return match rest.starts_with(['/', '\\']) {
                // Two slashes begin the name of a host.
                true => refuse("leads to another host"),
                false => Ok(link.to_owned()),
            };
        }
        let first = link.split('/').next().unwrap_or_default();
        if let Some((scheme, _)) = first.split_once(':') {
            let rest = link.get(scheme.len() + 1..).and_then(|rest| rest.strip_prefix("//"));
            let Some(rest) = rest else { return refuse("leads to another host") };
            let (authority, path) = rest.split_at(rest.find(['/', '\\']).unwrap_or(rest.len()));
            if host(scheme, authority).is_none_or(|named| own_host(&self.origin) != Some(named)) {
                return refuse("leads to another host");
            }
            return Ok(path.to_owned());
        }
        if link.is_empty() {
            return Ok(self.path.clone());
        }
        let (folder, _) = self.path.rsplit_once('/').unwrap_or_default();
        Ok(format!("{folder}/{link}"))
    }
}

fn refuse<T>(problem: &str) -> Result<T> {
    Err(Error::new(ErrorKind::Link, format!("the next link {problem}")))
}

fn own_host(origin: &str) -> Option<(String, String, u16)> {
    let (scheme, authority) = origin.split_once("://")?;
    host(scheme, authority)
}

/// Returns scheme, name and port; `None` for what has a user's name in it, or a port that is no number.
fn host(scheme: &str, authority: &str) -> Option<(String, String, u16)> {
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    if authority.contains('@') {
        return None;
    }
    // A colon inside brackets belongs to an IPv6 address.
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            let digits = port.bytes().all(|byte| byte.is_ascii_digit());
            (name, port.parse().ok().filter(|_| digits)?)
        }
        _ => (authority, default_port),
    };
    (!name.is_empty()).then(|| (scheme, name.to_ascii_lowercase(), port))
}

/// Returns the segments of a path, in the one spelling in which paths are compared: a key in parentheses is a segment of
/// its own, and neither case nor escapes nor a function's namespace count. `None` for a path that leads elsewhere.
fn collection(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = Vec::new();
    for segment in path.split('/') {
        let segment = percent_decode(segment)?.to_lowercase();
        if matches!(segment.as_str(), "" | "." | "..") || segment.contains(['/', '\\']) {
            return None;
        }
        let (name, key) = match segment.strip_suffix(')').and_then(|segment| segment.split_once('(')) {
            Some((name, key)) => (name, Some(key.trim_matches('\''))),
            None => (segment.as_str(), None),
        };
        let name = name.strip_prefix("microsoft.graph.").unwrap_or(name);
        segments.push(name.to_owned());
        segments.extend(key.filter(|key| !key.is_empty()).map(str::to_owned));
    }
    Some(segments)
}

/// Decodes the escapes of a segment; `None` if one is broken.
fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Writes a query with escapes for what the service wrote raw and no address may hold: blanks, quotes, braces and the like.
fn encode_query(query: &str, address: &mut String) {
    for character in query.chars() {
        let raw = matches!(character, ' ' | '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}');
        match raw || !character.is_ascii() {
            true => percent_encode(character.encode_utf8(&mut [0; 4]), b"", address),
            false => address.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_more_pages_than_any_has_goes_no_further() {
        let trail = Trail::new("https://graph.example", "/v1.0/things");
        let page = |number: usize| format!("https://graph.example/v1.0/things?$skiptoken={number}");
        for number in 1..MOST_PAGES {
            trail.add(page(number));
        }
        let last = trail.next(&page(MOST_PAGES)).unwrap();
        trail.add(last);
        let error = trail.next(&page(MOST_PAGES + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Link);
        assert!(error.to_string().contains("one too many"), "{error}");
        assert_eq!(trail.followed().len(), MOST_PAGES, "what was refused is not part of the way");
    }
}
