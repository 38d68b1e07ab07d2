//! App-only sign-in with a client secret.

use std::fmt;

use async_trait::async_trait;

use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::error::Result;

/// App-only sign-in with a client secret, by OAuth's client credentials flow.
#[derive(Clone)]
pub struct ClientSecret {
    tenant: String,
    client_id: String,
    secret: Secret,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret")
            .field("tenant", &self.tenant)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientSecret {
    async fn token(&self, _request: TokenRequest<'_>) -> Result<AccessToken> {
        Err(crate::Error::new(crate::ErrorKind::Authentication, "not yet"))
    }
}
