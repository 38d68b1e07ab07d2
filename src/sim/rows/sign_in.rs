//! Applications, tokens, and sign-ins in progress.

use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use jiff::Timestamp;

/// Applications and the tokens that they were issued.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Auth {
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) tokens: HashMap<String, Token>,
    /// Sign-ins by device code, by that code.
    pub(crate) device_codes: HashMap<String, DeviceCode>,
    pub(crate) authorization_codes: HashMap<String, AuthorizationCode>,
    pub(crate) refresh_tokens: HashMap<String, Session>,
    /// Tokens issued before are no longer accepted.
    pub(crate) revoked_before: Option<Timestamp>,
}

impl Auth {
    /// Forgets what has expired, so that a tenant that is served for weeks does not grow.
    pub(crate) fn forget_expired(&mut self, now: Timestamp) {
        self.tokens.retain(|_, token| token.expires > now || token.expires.duration_until(now) < GRACE);
        self.device_codes.retain(|_, code| code.expires > now || code.expires.duration_until(now) < GRACE);
        self.authorization_codes.retain(|_, code| code.expires > now);
        self.refresh_tokens.retain(|_, session| session.expires > now);
    }
}

/// The time in which an expired token or code is still answered as expired, and not as unknown.
const GRACE: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

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
