//! Sign-in: credentials that fetch access tokens.
//!
//! A credential only fetches tokens. The client's pipeline caches each token, refreshes it five minutes early, and
//! shares one request among all waiting calls.
//!
//! | credential | signs in | feature |
//! | --- | --- | --- |
//! | [`ClientSecret`] | an app, with a client secret | |
//! | `ClientCertificate` | an app, with a certificate in PEM, or from a `.pfx` file with `pfx` | `certificate` |
//! | [`FederatedToken`] | an app without a secret: a pipeline, a Kubernetes workload | |
//! | `AzureIdentity` | any credential of `azure_identity`: a managed identity, the Azure CLI | `azure-identity` |
//! | [`DeviceCode`] | a user, on another device | |
//! | `InteractiveBrowser` | a user, in the browser on this machine | `interactive` |
//! | [`FixedToken`] | a token obtained elsewhere | |
//! | [`TokenProvider`] | your own | |

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::error::Result;
use crate::model::TenantId;

#[cfg(feature = "azure-identity")]
mod azure_identity;
#[cfg(feature = "certificate")]
mod certificate;
mod client_secret;
mod device_code;
mod federated;
mod fixed;
#[cfg(feature = "interactive")]
mod interactive;
mod oauth;
mod session;
#[cfg(test)]
mod testing;

#[cfg(feature = "azure-identity")]
#[cfg_attr(docsrs, doc(cfg(feature = "azure-identity")))]
pub use self::azure_identity::AzureIdentity;
#[cfg(feature = "certificate")]
#[cfg_attr(docsrs, doc(cfg(feature = "certificate")))]
pub use self::certificate::ClientCertificate;
pub use self::client_secret::ClientSecret;
pub use self::device_code::{DeviceCode, DeviceCodePrompt};
pub use self::federated::FederatedToken;
pub use self::fixed::FixedToken;
#[cfg(feature = "interactive")]
#[cfg_attr(docsrs, doc(cfg(feature = "interactive")))]
pub use self::interactive::{InteractiveBrowser, Redirect};
pub use self::session::{CacheKey, TokenCache};

/// A secret string that is zeroed when dropped, does not implement `Display`, and is shown as `[redacted]` by `Debug`.
///
/// ```
/// use windows_autopilot::credential::Secret;
///
/// let secret = Secret::new("p@ss");
/// assert_eq!(format!("{secret:?}"), "[redacted]");
/// assert_eq!(secret.reveal(), "p@ss");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Creates a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the secret. Do not log or store it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A token for Graph, with its lifetime.
///
/// ```
/// use std::time::Duration;
/// use windows_autopilot::credential::AccessToken;
///
/// let token = AccessToken::new("eyJ0eXAi…").with_lifetime(Duration::from_secs(3600));
/// assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)));
/// ```
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: Secret,
    lifetime: Option<Duration>,
}

impl AccessToken {
    /// Creates a token with an unknown lifetime.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), lifetime: None }
    }

    /// Sets the lifetime, counted from the request for the token. Unlike an expiry time, a duration does not depend on
    /// the accuracy of the local clock.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// Returns the token.
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// Returns the token's claims, or the default if it is not a JWT. Only the service can verify them.
    pub(crate) fn claims<T: DeserializeOwned + Default>(&self) -> T {
        use base64::Engine as _;
        let middle = self.token.reveal().split('.').nth(1).unwrap_or_default();
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle.trim_end_matches('='));
        json.ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Returns the lifetime, counted from the request for the token; `None` if it is not known.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

/// The transport for sign-in requests: the client's own, with retries and tracing.
///
/// ```
/// use windows_autopilot::credential::TokenRequest;
/// use windows_autopilot::{Error, Result, bytes::Bytes, http};
///
/// /// Sends a form to the sign-in service, as an implementation of `TokenProvider` does.
/// async fn sign_in(request: TokenRequest<'_>, form: String) -> Result<Bytes> {
///     let address = format!("{}/contoso.onmicrosoft.com/oauth2/v2.0/token", request.authority());
///     let post = http::Request::post(address)
///         .header("content-type", "application/x-www-form-urlencoded")
///         .body(form.into())
///         .map_err(Error::authentication)?;
///     Ok(request.transport().send(post).await?.into_body())
/// }
/// ```
#[async_trait]
pub trait SignInTransport: fmt::Debug + Send + Sync {
    /// Sends the request and returns the response, whatever its status.
    ///
    /// # Errors
    /// An error if there is no response even after the client's retries.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>>;
}

/// A response extension: the wait that the sign-in service asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestedWait(pub(crate) Duration);

/// A request for a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenRequest<'a> {
    pub(crate) authority: &'a str,
    pub(crate) scope: &'a str,
    pub(crate) claims: Option<&'a str>,
    pub(crate) answers_challenges: bool,
    pub(crate) early_refresh: bool,
    pub(crate) deadline: Option<Duration>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) transport: &'a dyn SignInTransport,
}

impl<'a> TokenRequest<'a> {
    /// Returns the sign-in host of the client's cloud, such as `https://login.microsoftonline.com`, without a trailing
    /// slash.
    pub fn authority(&self) -> &'a str {
        self.authority
    }

    /// Returns the scope for app-only sign-in, such as `https://graph.microsoft.com/.default`.
    pub fn scope(&self) -> &'a str {
        self.scope
    }

    /// Returns the claims that the service requires (a JSON object). If there are any, fetch a new token with these
    /// claims instead of taking one from a cache.
    pub fn claims(&self) -> Option<&'a str> {
        self.claims
    }

    /// Returns the value of the `claims` parameter: the [required claims](TokenRequest::claims), and the declaration
    /// that this client can handle claims challenges (`cp1`); without it, Graph sends no challenges. `None` if both are
    /// absent.
    ///
    /// ```
    /// use windows_autopilot::credential::TokenRequest;
    ///
    /// /// Returns the claims for the sign-in request of a `TokenProvider`.
    /// fn claims(request: TokenRequest<'_>) -> String {
    ///     request.claims_parameter().unwrap_or_default()
    /// }
    /// ```
    ///
    /// Source: [claims challenges](https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge).
    pub fn claims_parameter(&self) -> Option<String> {
        if !self.answers_challenges {
            return self.claims.map(str::to_owned);
        }
        let demanded = self.claims.and_then(|claims| serde_json::from_str::<Value>(claims).ok());
        let mut all = match demanded {
            Some(Value::Object(claims)) => claims,
            _ => serde_json::Map::new(),
        };
        let access_token = all.entry("access_token").or_insert_with(|| Value::Object(serde_json::Map::new()));
        if let Value::Object(access_token) = access_token {
            access_token.insert("xms_cc".to_owned(), serde_json::json!({"values": ["cp1"]}));
        }
        Some(Value::Object(all).to_string())
    }

    /// Returns `true` if the current token is still valid. In that case, do not prompt the user; a failure is harmless.
    pub fn is_early_refresh(&self) -> bool {
        self.early_refresh
    }

    /// Returns the deadline of the waiting call, as measured by [`Clock::elapsed`]; `None` if no call is waiting.
    ///
    /// Requests sent through [`TokenRequest::transport`] respect the deadline.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Returns the client's clock, for dating an assertion or timing a user's sign-in.
    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// Returns the transport for sign-in requests.
    pub fn transport(&self) -> &'a dyn SignInTransport {
        self.transport
    }
}

/// A source of tokens. It need not cache them.
///
/// ```
/// use std::time::Duration;
/// use async_trait::async_trait;
/// use windows_autopilot::credential::{AccessToken, TokenProvider, TokenRequest};
/// use windows_autopilot::{Client, Error, Result};
///
/// /// The organization's own token broker.
/// #[derive(Debug)]
/// struct Broker;
///
/// #[async_trait]
/// impl TokenProvider for Broker {
///     async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
///         println!("a token for {}", request.scope());
///         let token = std::env::var("BROKER_TOKEN").map_err(Error::authentication)?;
///         Ok(AccessToken::new(token).with_lifetime(Duration::from_secs(3600)))
///     }
/// }
///
/// let builder = Client::builder(Broker);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a credential",
    note = "pass one of `windows_autopilot::credential`, such as `ClientSecret`, or implement `TokenProvider` with `#[async_trait]`"
)]
#[async_trait]
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// Fetches a token.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) if sign-in is refused, with the remedy.
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken>;

    /// Returns `true` if sign-in may wait for a user. The credential then limits the wait, which counts against neither
    /// a call's timeout nor its retries.
    fn waits_for_person(&self) -> bool {
        false
    }

    /// Returns the tenant that the credential is configured for; `None` if tokens for any tenant are accepted.
    ///
    /// The client rejects a token with another tenant's id.
    fn tenant(&self) -> Option<&TenantId> {
        None
    }
}

#[async_trait]
impl<T: TokenProvider + ?Sized> TokenProvider for std::sync::Arc<T> {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        (**self).token(request).await
    }

    fn waits_for_person(&self) -> bool {
        (**self).waits_for_person()
    }

    fn tenant(&self) -> Option<&TenantId> {
        (**self).tenant()
    }
}

#[async_trait]
impl<T: TokenProvider + ?Sized> TokenProvider for Box<T> {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        (**self).token(request).await
    }

    fn waits_for_person(&self) -> bool {
        (**self).waits_for_person()
    }

    fn tenant(&self) -> Option<&TenantId> {
        (**self).tenant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_claims_parameter_merges_required_claims_and_cp1() {
        let script = testing::Script::new([]);
        let able = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        for (demanded, answers, parameter) in [
            (None, false, None),
            (Some(r#"{"access_token":{}}"#), false, Some(r#"{"access_token":{}}"#)),
            (None, true, Some(able)),
            (Some("no JSON"), true, Some(able)),
            (
                Some(r#"{"access_token":{"nbf":{"essential":true}},"id_token":null}"#),
                true,
                Some(
                    r#"{"access_token":{"nbf":{"essential":true},"xms_cc":{"values":["cp1"]}},"id_token":null}"#,
                ),
            ),
        ] {
            let request = TokenRequest { claims: demanded, answers_challenges: answers, ..script.request() };
            let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(request.claims_parameter().as_deref().map(json), parameter.map(json), "{demanded:?}");
        }
    }
}
