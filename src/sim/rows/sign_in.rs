//! Applications, tokens, and sign-ins that are under way.

use std::collections::HashMap;

use jiff::Timestamp;

/// Applications and the tokens that were given out.
#[derive(Clone, Default)]
pub(in crate::sim) struct Auth {
    pub(in crate::sim) clients: HashMap<String, Client>,
    pub(in crate::sim) tokens: HashMap<String, Token>,
    pub(in crate::sim) sign_ins: HashMap<String, SignIn>,
    /// Tokens issued before are no longer accepted.
    pub(in crate::sim) revoked_before: Option<Timestamp>,
}

/// An application that may sign in.
#[derive(Clone, Default)]
pub(in crate::sim) struct Client {
    /// Each with the moment at which it expires.
    pub(in crate::sim) secrets: Vec<(String, Option<Timestamp>)>,
    /// Whether it may sign in with a signed assertion: a certificate, or a federated identity.
    pub(in crate::sim) assertions: bool,
}

/// An access token that was given out.
#[derive(Clone)]
pub(in crate::sim) struct Token {
    pub(in crate::sim) delegated: bool,
    pub(in crate::sim) issued: Timestamp,
    pub(in crate::sim) expires: Timestamp,
}

/// A sign-in by device code that waits for a person.
#[derive(Clone)]
pub(in crate::sim) struct SignIn {
    pub(in crate::sim) user_code: String,
    pub(in crate::sim) expires: Timestamp,
    pub(in crate::sim) approved: bool,
}
