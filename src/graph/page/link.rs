//! Next links: where a list may go on, and where not.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};

/// No listing has more pages than this; one that has is going in circles.
const MOST_PAGES: usize = 100_000;

/// The way that a list has taken: which links it may follow, and which it has.
#[derive(Debug)]
pub(super) struct Trail {
    /// `scheme://host[:port]`
    origin: String,
    collection: (String, String),
    followed: Mutex<HashSet<String>>,
}

impl Trail {
    /// Of a list whose first page is at `path` of `origin`.
    pub(super) fn new(origin: &str, path: &str) -> Self {
        Self { origin: origin.to_owned(), collection: collection(path), followed: Mutex::default() }
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
    pub(super) fn resolve(&self, link: &str) -> Result<String> {
        let origin = self.origin.as_str();
        let rest = match link.strip_prefix('/') {
            // A link without a host is meant for this one; one that begins with two slashes names another.
            Some(rest) if !rest.starts_with(['/', '\\']) => rest,
            Some(_) => return refuse("leads to another host"),
            None => match link.get(..origin.len()) {
                Some(start) if start.eq_ignore_ascii_case(origin) => {
                    match link.get(origin.len()..).and_then(|rest| rest.strip_prefix('/')) {
                        Some(rest) => rest,
                        None => return refuse("leads to another host"),
                    }
                }
                _ if link.contains("://") => return refuse("leads to another host"),
                _ => return refuse("is not an address"),
            },
        };
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        if collection(path) != self.collection {
            return refuse("leads to another collection");
        }
        let address = format!("{origin}/{rest}");
        match address.parse::<http::Uri>() {
            Ok(_) => Ok(address),
            Err(_) => refuse("is not an address"),
        }
    }
}

fn refuse<T>(problem: &str) -> Result<T> {
    Err(Error::new(ErrorKind::Link, format!("the next link {problem}")))
}

/// Version and last segment of a path, without a key in parentheses: what a next link must share with the request.
fn collection(path: &str) -> (String, String) {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let version = parts.next().unwrap_or_default().to_ascii_lowercase();
    let last = parts.next_back().unwrap_or_default();
    (version, last.split('(').next().unwrap_or_default().to_ascii_lowercase())
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
