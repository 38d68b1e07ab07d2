//! Sign-in with credentials from the Azure SDK.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;

use super::{AccessToken, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::foreign::scrub;

/// Sign-in with a credential from the [`azure_identity`](https://docs.rs/azure_identity) crate, or with any other
/// `TokenCredential` from `azure_core`: a managed identity, the Azure CLI's sign-in, an Azure DevOps pipeline.
///
/// ```
/// use std::sync::Arc;
/// use azure_core::credentials::TokenCredential;
/// use windows_autopilot::Client;
/// use windows_autopilot::credential::AzureIdentity;
///
/// // `azure` comes from azure_identity, such as `ManagedIdentityCredential::new(None)?`.
/// fn connect(azure: Arc<dyn TokenCredential>) -> windows_autopilot::Result<Client> {
///     Client::builder(AzureIdentity::new(azure)).build()
/// }
/// ```
///
/// The credential sends its requests with its own HTTP client, not the client's transport. The client requests tokens
/// for its own cloud's scope, so create the credential for the same cloud. The credential caches tokens itself, but it
/// cannot pass on the claims that Graph requires after revoking a token; a call that needs such claims fails with
/// [`ErrorKind::Authentication`].
#[derive(Clone)]
pub struct AzureIdentity(Arc<dyn TokenCredential>);

impl AzureIdentity {
    /// Creates a credential from an Azure SDK credential.
    pub fn new(credential: Arc<dyn TokenCredential>) -> Self {
        Self(credential)
    }
}

impl fmt::Debug for AzureIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AzureIdentity")
    }
}

#[async_trait]
impl TokenProvider for AzureIdentity {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        if request.claims().is_some() {
            let message = "the service requires a new sign-in, which this credential does not support";
            let error = Error::new(ErrorKind::Authentication, message);
            return Err(error.with_remedy(
                "sign in again with the credential's own tool, or use a credential of this crate",
            ));
        }
        let token = self.0.get_token(&[request.scope()], None).await;
        // Errors of another crate may contain anything.
        let token = token.map_err(|error| Error::authentication(scrub(&error.to_string())))?;
        let ends = token.expires_on.unix_timestamp();
        let left = ends.saturating_sub(request.clock().timestamp().as_second());
        let lifetime = Duration::from_secs(u64::try_from(left).unwrap_or_default());
        Ok(AccessToken::new(token.token.secret()).with_lifetime(lifetime))
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use azure_core::credentials::{AccessToken as AzureToken, TokenRequestOptions};
    use azure_core::error::{Error as AzureError, ErrorKind as AzureKind};

    use super::super::testing::Script;
    use super::*;
    use crate::clock::Clock as _;

    #[derive(Debug)]
    struct Fake(std::result::Result<(&'static str, SystemTime), &'static str>);

    #[async_trait]
    impl TokenCredential for Fake {
        async fn get_token(
            &self,
            scopes: &[&str],
            _: Option<TokenRequestOptions<'_>>,
        ) -> azure_core::Result<AzureToken> {
            assert_eq!(scopes, ["https://graph.example/.default"]);
            match self.0 {
                Ok((token, ends)) => Ok(AzureToken::new(token, ends.into())),
                Err(message) => Err(AzureError::with_message(AzureKind::Credential, message)),
            }
        }
    }

    #[tokio::test]
    async fn the_token_and_its_lifetime_are_passed_on() {
        let script = Script::new([]);
        let ends = script.clock.now() + Duration::from_secs(3000);
        let credential = AzureIdentity::new(Arc::new(Fake(Ok(("canary", ends)))));
        let token = credential.token(script.request()).await.unwrap();
        assert_eq!((token.secret().reveal(), token.lifetime()), ("canary", Some(Duration::from_secs(3000))));
        assert!(!format!("{credential:?} {token:?}").contains("canary"));

        let ended = AzureIdentity::new(Arc::new(Fake(Ok(("t", SystemTime::UNIX_EPOCH)))));
        let token = ended.token(script.request()).await.unwrap();
        assert_eq!(token.lifetime(), Some(Duration::ZERO), "one that has ended does not last forever");
    }

    #[tokio::test]
    async fn a_refusal_has_its_reason_and_no_names() {
        let credential =
            AzureIdentity::new(Arc::new(Fake(Err("no identity is assigned to canary@contoso.com"))));
        let error = credential.token(Script::new([]).request()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(format!("{error:#}").contains("no identity is assigned to [redacted]"), "{error}");
    }

    #[tokio::test]
    async fn required_claims_are_an_error() {
        let ends = SystemTime::UNIX_EPOCH + Duration::from_secs(9_000_000_000);
        let credential = AzureIdentity::new(Arc::new(Fake(Ok(("t", ends)))));
        let script = Script::new([]);
        let mut request = script.request();
        request.claims = Some("{}");
        let error = credential.token(request).await.unwrap_err();
        assert!(error.remedy().unwrap().contains("sign in again"), "{error}");
    }
}
