//! App-only sign-in with a client secret.

use std::fmt;

use async_trait::async_trait;

use super::oauth::App;
use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::error::Result;
use crate::model::{InvalidValue, TenantId};

/// App-only sign-in with a client secret (the OAuth client credentials flow).
///
/// ```
/// use windows_autopilot::credential::ClientSecret;
/// # fn run(secret: String) -> Result<(), windows_autopilot::model::InvalidValue> {
/// let tenant = "contoso.onmicrosoft.com".parse()?;
/// let credential = ClientSecret::new(tenant, "00001111-aaaa-2222-bbbb-3333cccc4444", secret)?;
/// # Ok(()) }
/// ```
///
/// An app without a signed-in user cannot set the MDM user scope: Graph allows only users to do so (see
/// [`DeviceCode`]).
///
/// [`DeviceCode`]: super::DeviceCode
#[derive(Clone)]
pub struct ClientSecret {
    app: App,
    secret: Secret,
}

impl ClientSecret {
    /// Creates a credential for the app registration `client_id` in `tenant` from the value of one of its secrets.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID, or if the secret is empty or begins or ends with a space or a
    /// line break.
    #[inline]
    pub fn new(tenant: TenantId, client_id: &str, secret: impl Into<Secret>) -> Result<Self, InvalidValue> {
        let (app, secret) = (App::new(tenant, client_id)?, secret.into());
        let text = secret.reveal();
        let remedy = "write the secret's value, which the portal shows once, when the secret is created";
        if text.is_empty() {
            return Err(InvalidValue::new("client secret", "is empty", remedy));
        }
        if text.trim().len() != text.len() {
            return Err(InvalidValue::new(
                "client secret",
                "begins or ends with a space or a line break",
                remedy,
            ));
        }
        Ok(Self { app, secret })
    }
}

impl fmt::Debug for ClientSecret {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSecret").field("app", &self.app).finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientSecret {
    #[inline]
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        self.app.client_credentials(request, &[("client_secret", self.secret.reveal())]).await
    }

    #[inline]
    fn tenant(&self) -> Option<&TenantId> {
        Some(&self.app.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CLIENT_ID, Script, refused, token};
    use super::*;
    use crate::error::ErrorKind;

    fn credential() -> ClientSecret {
        ClientSecret::new("contoso.com".parse().unwrap(), CLIENT_ID, "canary~1&2").unwrap()
    }

    #[tokio::test]
    async fn the_secret_goes_into_the_form_and_the_token_comes_back() {
        let script = Script::new([token("t1")]);
        let token = credential().token(script.request()).await.unwrap();
        assert_eq!(token.secret().reveal(), "t1");
        let form = script.forms().remove(0);
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            form,
            [
                ("grant_type", "client_credentials"),
                ("client_id", CLIENT_ID),
                ("scope", "https://graph.example/.default"),
                ("client_secret", "canary~1&2"),
            ]
        );
    }

    #[tokio::test]
    async fn demanded_claims_are_passed_on() {
        let script = Script::new([token("t1")]);
        let request = TokenRequest { claims: Some(r#"{"access_token":{}}"#), ..script.request() };
        credential().token(request).await.unwrap();
        assert_eq!(script.field(0, "claims").as_deref(), Some(r#"{"access_token":{}}"#));
    }

    #[tokio::test]
    async fn neither_debug_nor_an_error_shows_the_secret() {
        let script = Script::new([refused("invalid_client", 7_000_215)]);
        let refused = credential().token(script.request()).await.unwrap_err();
        let lost = credential().token(script.request()).await.unwrap_err();
        assert_eq!((refused.kind(), lost.kind()), (ErrorKind::Authentication, ErrorKind::Connect));
        let shown = format!("{refused} {refused:?} {lost} {lost:?} {:?}", credential());
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn an_impossible_secret_is_refused_before_sending() {
        let new =
            |client_id, secret: &str| ClientSecret::new("contoso.com".parse().unwrap(), client_id, secret);
        for (client_id, secret, what) in [
            (CLIENT_ID, "", "client secret"),
            (CLIENT_ID, "canary\n", "client secret"),
            (CLIENT_ID, " canary", "client secret"),
            ("canary", CLIENT_ID, "client id"),
        ] {
            let error = new(client_id, secret).unwrap_err();
            assert_eq!(error.subject(), what);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}
