//! Applications, tokens, and sign-ins in progress.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::sim::store::Pairs;

/// Applications and their tokens.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Auth {
    pub(crate) clients: HashMap<String, Client>,
    /// Access tokens by fingerprint, which keeps frequent requests for tokens cheap in memory.
    #[serde(with = "Pairs")]
    pub(crate) tokens: HashMap<Fingerprint, Token>,
    /// Sign-ins by device code, by that code.
    pub(crate) device_codes: HashMap<String, DeviceCode>,
    pub(crate) authorization_codes: HashMap<String, AuthorizationCode>,
    pub(crate) refresh_tokens: HashMap<String, Session>,
    /// The time before which tokens were revoked.
    pub(crate) revoked_before: Option<Timestamp>,
    swept: Option<Timestamp>,
}

/// The digest of an access token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint([u64; 2]);

impl Fingerprint {
    pub(crate) fn of(token: &str) -> Self {
        let digest = hmac_sha256::Hash::hash(token.as_bytes());
        let mut words =
            digest.chunks_exact(8).map(|word| word.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
        Self([words.next().unwrap_or_default(), words.next().unwrap_or_default()])
    }
}

impl Auth {
    /// Removes what expired long ago, so that a tenant served for weeks does not grow. Runs at most once a minute:
    /// expired entries are refused anyway.
    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        if self.swept.is_some_and(|swept| swept.duration_until(now) < SWEEP) {
            return;
        }
        self.swept = Some(now);
        let kept = |expires: Timestamp| expires.duration_until(now) < GRACE;
        self.tokens.retain(|_, token| kept(token.expires));
        self.device_codes.retain(|_, code| kept(code.expires));
        self.authorization_codes.retain(|_, code| kept(code.expires));
        self.refresh_tokens.retain(|_, session| kept(session.expires));
    }
}

/// The time for which an expired token or code is answered as expired rather than unknown.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// The interval of removing expired entries.
const SWEEP: SignedDuration = SignedDuration::from_mins(1);

/// An application that may sign in.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Client {
    /// Each secret with its expiry.
    pub(crate) secrets: Vec<(String, Option<Timestamp>)>,
    /// Whether the application may sign in with a signed assertion: a certificate, or a federated identity.
    pub(crate) assertions: bool,
    /// The redirect URIs of a public client; empty for other applications.
    pub(crate) redirects: Vec<String>,
}

/// An access token that was issued.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) delegated: bool,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A sign-in by device code that waits for a person.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DeviceCode {
    pub(crate) user_code: String,
    pub(crate) client: String,
    pub(crate) scope: String,
    pub(crate) expires: Timestamp,
    pub(crate) decision: Decision,
}

/// The person's decision on a sign-in by device code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decision {
    Pending,
    Declined,
    /// Approved by the user with this id.
    Approved(String),
}

/// An authorization code, which can be redeemed once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) session: Session,
    pub(crate) redirect: String,
    /// The SHA-256 digest of the verifier, in base64url; `None` without PKCE.
    pub(crate) challenge: Option<String>,
    pub(crate) expires: Timestamp,
    pub(crate) redeemed: bool,
}

/// A person's sign-in to an application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) client: String,
    /// The id of the user.
    pub(crate) user: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) expires: Timestamp,
}
