//! Applications, tokens, and sign-ins in progress.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::sim::store::Pairs;

/// Applications and the tokens that they were issued.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Auth {
    pub(crate) clients: HashMap<String, Client>,
    /// Access tokens, by their fingerprints: a client that asks for one with each call costs little memory.
    #[serde(with = "Pairs")]
    pub(crate) tokens: HashMap<Fingerprint, Token>,
    /// Sign-ins by device code, by that code.
    pub(crate) device_codes: HashMap<String, DeviceCode>,
    pub(crate) authorization_codes: HashMap<String, AuthorizationCode>,
    pub(crate) refresh_tokens: HashMap<String, Session>,
    /// Tokens issued before are no longer accepted.
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
    /// Forgets what expired long ago, so that a tenant that is served for weeks does not grow. Once a minute is enough:
    /// what has expired is refused whether it is still known or not.
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

/// The time in which an expired token or code is still answered as expired, and not as unknown.
const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// The time between two looks for what has expired.
const SWEEP: SignedDuration = SignedDuration::from_mins(1);

/// An application that may sign in.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Client {
    /// Each with the moment at which it expires.
    pub(crate) secrets: Vec<(String, Option<Timestamp>)>,
    /// Whether the application may sign in with a signed assertion: a certificate, or a federated identity.
    pub(crate) assertions: bool,
    /// Redirect addresses of a public client; empty unless the application is one.
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

/// A code that the authorization endpoint gave out, to be redeemed once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct AuthorizationCode {
    pub(crate) session: Session,
    pub(crate) redirect: String,
    /// The SHA-256 digest of the verifier, in base64url; `None` without PKCE.
    pub(crate) challenge: Option<String>,
    pub(crate) expires: Timestamp,
    pub(crate) redeemed: bool,
}

/// A person signed in to an application.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) client: String,
    /// The id of the user.
    pub(crate) user: String,
    pub(crate) scope: String,
    pub(crate) nonce: Option<String>,
    pub(crate) expires: Timestamp,
}
