//! What the tests of every resource share.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::TokenProvider;
use windows_autopilot::graph::{ApiVersion, List};
use windows_autopilot::model::{Assignment, Id, Patch, Settings, Stored, Target};
use windows_autopilot::pipeline::{Middleware, Next, RetryConfig};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{Client, Error, ErrorKind, Result};

pub(super) use windows_autopilot::testing::Harness;

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// The id of an app registration.
pub(super) const CLIENT_ID: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";

/// An id as the tenant gave it.
pub(super) fn id<T>(text: impl AsRef<str>) -> Id<T> {
    text.as_ref().parse().unwrap()
}

/// The error that a call must end with.
#[track_caller]
pub(super) fn refused<T>(outcome: Result<T>, kind: ErrorKind) -> Error {
    match outcome {
        Ok(_) => panic!("succeeded, and should have been {kind:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{error}");
            error
        }
    }
}

/// What is stored is what was wished, with nothing left to send.
#[track_caller]
pub(super) fn is_stored<S: Settings>(stored: &Stored<S>, wish: &S) {
    let patch = Patch::between(&stored.settings, wish);
    assert!(patch.is_empty() && patch.create_only().is_empty(), "{patch}");
}

/// Both are the same object with the same settings. An answer to a creation may show more of an object than a read.
#[track_caller]
pub(super) fn same<S: Settings>(one: &Stored<S>, other: &Stored<S>) {
    assert_eq!((&one.id, one.created_date_time), (&other.id, other.created_date_time));
    is_stored(one, &other.settings);
    is_stored(other, &one.settings);
}

/// Whom a list of assignments is for, in its order.
pub(super) async fn targets(assignments: List<Assignment>) -> Result<Vec<Target>> {
    let found = assignments.all().await?;
    Ok(found.into_iter().map(|assignment| assignment.target.unwrap()).collect())
}

/// An object as the service shows it.
pub(super) async fn shown(client: &Client, version: ApiVersion, path: &str) -> Result<Value> {
    client.get(version, path).await
}

/// The methods of the requests so far, and the last word of each path that is no id.
pub(super) fn sent(tenant: &Tenant) -> Vec<String> {
    let requests = tenant.requests();
    let words = requests.iter().map(|request| {
        let is_word =
            |part: &&str| part.starts_with(|c: char| c.is_ascii_alphabetic()) && !part.contains('-');
        let word = request.path.split('/').rfind(is_word).unwrap_or_default();
        format!("{} {word}", request.method)
    });
    words.collect()
}

/// A client that signs in at `tenant` with `credential`.
pub(super) fn signed_in(tenant: &Tenant, clock: &FakeClock, credential: impl TokenProvider) -> Client {
    let retry = RetryConfig::default().with_jitter(false);
    Client::builder(credential)
        .with_transport(tenant.clone())
        .with_clock(clock.clone())
        .with_retry(retry)
        .build()
        .unwrap()
}

/// Stands on the line between client and tenant: keeps the bodies that are sent, and changes those that are answered.
#[derive(Clone)]
pub(super) struct Tap {
    sent: Arc<Mutex<Vec<Value>>>,
    change: fn(&mut Value),
}

impl Tap {
    /// One that changes nothing.
    pub(super) fn new() -> Self {
        Self::changing(|_| {})
    }

    /// One that changes every answer in JSON.
    pub(super) fn changing(change: fn(&mut Value)) -> Self {
        Self { sent: Arc::default(), change }
    }

    /// The bodies so far, in order.
    pub(super) fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    /// The last body.
    pub(super) fn last(&self) -> Value {
        self.sent().pop().unwrap()
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

#[async_trait]
impl Middleware for Tap {
    async fn handle(&self, request: http::Request<Bytes>, next: Next<'_>) -> Result<http::Response<Bytes>> {
        if !request.body().is_empty() {
            self.sent.lock().unwrap().push(serde_json::from_slice(request.body()).unwrap());
        }
        let mut answer = next.run(request).await?;
        if let Ok(mut body) = serde_json::from_slice(answer.body()) {
            (self.change)(&mut body);
            *answer.body_mut() = Bytes::from(body.to_string());
        }
        Ok(answer)
    }
}
