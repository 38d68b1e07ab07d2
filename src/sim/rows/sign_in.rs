//! Applications, tokens, and sign-ins that are under way.

use std::collections::HashMap;

use jiff::Timestamp;

/// Applications and the tokens that were given out.
#[derive(Clone, Default)]
pub(crate) struct Auth {
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) sign_ins: HashMap<String, SignIn>,
    /// Tokens issued before are no longer accepted.
    pub(crate) revoked_before: Option<Timestamp>,
}

/// An application that may sign in.
#[derive(Clone, Default)]
pub(crate) struct Client {
    /// Each with the moment at which it expires.
    pub(crate) secrets: Vec<(String, Option<Timestamp>)>,
    /// Whether it may sign in with a signed assertion: a certificate, or a federated identity.
    pub(crate) assertions: bool,
}

/// An access token that was given out.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) delegated: bool,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A sign-in by device code that waits for a person.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) user_code: String,
    pub(crate) expires: Timestamp,
    pub(crate) approved: bool,
}
