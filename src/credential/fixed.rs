//! An existing token.

use std::fmt;

use async_trait::async_trait;

use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result};

/// A token obtained elsewhere, for example from a command-line tool. It cannot be refreshed: once the service rejects
/// it, calls fail with [`ErrorKind::Authentication`].
///
/// ```
/// use windows_autopilot::credential::FixedToken;
/// let credential = FixedToken::new("eyJ0eXAi…");
/// assert_eq!(format!("{credential:?}"), "FixedToken");
/// ```
#[derive(Clone)]
pub struct FixedToken(Secret);

impl FixedToken {
    /// Creates a credential from a token.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for FixedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FixedToken")
    }
}

#[async_trait]
impl TokenProvider for FixedToken {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        if request.claims().is_some() {
            let message =
                "the service requires a new sign-in, and a fixed token cannot be refreshed: get a new token";
            return Err(Error::new(ErrorKind::Authentication, message));
        }
        Ok(AccessToken::new(self.0.clone()))
    }
}
