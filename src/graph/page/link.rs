//! The checks of next links before they are followed.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::transport::percent_encode;

/// The maximum number of pages of a list; a longer list is taken for a cycle.
const MAX_PAGES: usize = 100_000;

/// The links that a list may follow, and those that it has followed.
#[derive(Debug)]
pub(super) struct Trail {
    /// `scheme://host[:port]`
    origin: String,
    /// The path of the first page: the base of relative links.
    path: String,
    collection: Vec<String>,
    followed: Mutex<HashSet<String>>,
}

impl Trail {
    /// Creates the trail of a list whose first page is at `path` of `origin`.
    pub(super) fn new(origin: &str, path: &str) -> Self {
        // The client's own path needs no check, and is compared as far as it decodes.
        let collection = collection(path).unwrap_or_default();
        Self { origin: origin.to_owned(), path: path.to_owned(), collection, followed: Mutex::default() }
    }

    fn followed(&self) -> MutexGuard<'_, HashSet<String>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an address as followed.
    pub(super) fn add(&self, address: String) {
        self.followed().insert(address);
    }

    /// Returns the address of a link that may be followed and has not been followed before.
    pub(super) fn next(&self, link: &str) -> Result<String> {
        let address = self.resolve(link)?;
        let followed = self.followed();
        if followed.contains(&address) {
            return refuse("was followed before: the service returns pages in a cycle");
        }
        if followed.len() >= MAX_PAGES {
            return refuse("exceeds the limit of 100,000 pages");
        }
        Ok(address)
    }

    /// Resolves a link to the same origin and collection.
    ///
    /// The address is rebuilt: origin and path are compared, and the request goes to the client's own origin.
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

    /// Returns the path of an absolute or relative link, as RFC 3986 defines it.
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

/// Returns scheme, host and port; `None` if the authority has user information or an invalid port.
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

/// Returns the segments of a path in a canonical spelling: a key in parentheses is a segment of its own, and case,
/// escapes and a function's namespace do not count. `None` for a path that leads elsewhere.
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

/// Decodes the escapes of a segment; `None` if one is malformed.
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

/// Escapes the characters of a query that the service wrote raw and an address may not contain: spaces, quotes, braces
/// and others.
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
    fn a_list_ends_at_the_page_limit() {
        let trail = Trail::new("https://graph.example", "/v1.0/things");
        let page = |number: usize| format!("https://graph.example/v1.0/things?$skiptoken={number}");
        for number in 1..MAX_PAGES {
            trail.add(page(number));
        }
        let last = trail.next(&page(MAX_PAGES)).unwrap();
        trail.add(last);
        let error = trail.next(&page(MAX_PAGES + 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Link);
        assert!(error.to_string().contains("exceeds the limit"), "{error}");
        assert_eq!(trail.followed().len(), MAX_PAGES, "what was refused is not part of the way");
    }
}
