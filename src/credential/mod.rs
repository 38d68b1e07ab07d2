//! Sign-in: where access tokens come from.
//!
//! A credential only fetches a token; the client's pipeline keeps it, renews it five minutes early, and asks once
//! however many calls wait for it.

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

/// Text that must not be seen: zeroed when dropped, without `Display`, and `[redacted]` in `Debug`.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. Mind where it goes.
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

/// A token for Graph, and how long it lives.
#[derive(Debug, Clone)]
pub struct AccessToken {
    token: Secret,
    lifetime: Option<Duration>,
}

impl AccessToken {
    /// A token without a known end.
    pub fn new(token: impl Into<Secret>) -> Self {
        Self { token: token.into(), lifetime: None }
    }

    /// Says how long it lives from the moment it was asked for. A span, so that a wrong clock does no harm.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The token.
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// Reads what the token says of itself; the default where it is no JWT. It is not verified, which is for the service to do.
    pub(crate) fn claims<T: DeserializeOwned + Default>(&self) -> T {
        use base64::Engine as _;
        let middle = self.token.reveal().split('.').nth(1).unwrap_or_default();
        let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(middle.trim_end_matches('='));
        json.ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    /// Returns the lifetime of the token from the moment it was asked for; `None` if it is not known.
    pub fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }
}

/// The transport of sign-in requests: the client's own, with its retries and its tracing.
#[async_trait]
pub trait SignInTransport: fmt::Debug + Send + Sync {
    /// Sends the request and returns the answer, whatever its status.
    ///
    /// # Errors
    /// When no answer came within the client's retries.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>>;
}

/// Rides in an answer's extensions: how long the sign-in service asks to be left alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedWait(pub(crate) Duration);

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
    /// The sign-in host of the client's cloud, such as `https://login.microsoftonline.com`, without a slash at its end.
    pub fn authority(&self) -> &'a str {
        self.authority
    }

    /// The scope for app-only sign-in, such as `https://graph.microsoft.com/.default`.
    pub fn scope(&self) -> &'a str {
        self.scope
    }

    /// Claims that the service demanded (a JSON object): a token with these is wanted, and none from a cache.
    pub fn claims(&self) -> Option<&'a str> {
        self.claims
    }

    /// What to send as the parameter `claims`: those that were [demanded](TokenRequest::claims), and the word that this
    /// client answers such demands (`cp1`), without which Graph makes none. Nothing where that is turned off.
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

    /// Returns `true` if the token in use is still valid. Then nobody should be asked to sign in, and a failure is harmless.
    pub fn is_early_refresh(&self) -> bool {
        self.early_refresh
    }

    /// Returns the deadline of the call that waits for the token, by [`Clock::elapsed`]; `None` if no call waits.
    ///
    /// Requests that are sent through [`TokenRequest::transport`] keep to the deadline.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// Where time comes from: for whoever dates an assertion or waits for a person.
    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// Returns the transport for sign-in requests.
    pub fn transport(&self) -> &'a dyn SignInTransport {
        self.transport
    }
}

/// Fetches tokens. It need not keep them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a credential",
    note = "give one of `windows_autopilot::credential`, such as `ClientSecret`, or implement `TokenProvider` with `#[async_trait]`"
)]
#[async_trait]
pub trait TokenProvider: fmt::Debug + Send + Sync + 'static {
    /// Fetches a token.
    ///
    /// # Errors
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication) when sign-in is refused, with what to do about it.
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken>;

    /// Returns `true` if sign-in may wait for a person. The client then leaves it as much time as the credential takes: the
    /// wait counts neither against a call's time nor against its retries.
    fn waits_for_person(&self) -> bool {
        false
    }

    /// Returns the tenant that the credential is configured for; `None` if it takes tokens of any.
    ///
    /// A token that shows another tenant's id is refused.
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
    fn the_claims_parameter_joins_what_is_demanded_with_what_the_client_can() {
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
