//! Sign-in with a token from another identity provider.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures_core::future::BoxFuture;

use super::oauth::App;
use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{InvalidValue, TenantId};

/// App-only sign-in through workload identity federation: instead of a secret, the app presents a token from an identity
/// provider that its registration trusts, such as a CI service or a Kubernetes cluster.
///
/// ```
/// use windows_autopilot::credential::FederatedToken;
/// # fn run() -> Result<(), windows_autopilot::model::InvalidValue> {
/// let file = "/var/run/secrets/azure/tokens/azure-identity-token";
/// let tenant = "contoso.onmicrosoft.com".parse()?;
/// let credential = FederatedToken::from_file(tenant, "00001111-aaaa-2222-bbbb-3333cccc4444", file)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FederatedToken {
    app: App,
    source: Source,
}

type Fetch = dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync;

#[derive(Clone)]
enum Source {
    File(PathBuf),
    Fetch(Arc<Fetch>),
}

/// The size limit of a token file, in bytes.
const MAX_FILE_BYTES: u64 = 64 << 10;

impl FederatedToken {
    /// Creates a credential that reads the token from `file` at each sign-in, since the file is replaced from time to
    /// time while the program is running.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID. The file is not read until sign-in.
    #[inline]
    pub fn from_file(
        tenant: TenantId,
        client_id: &str,
        file: impl Into<PathBuf>,
    ) -> Result<Self, InvalidValue> {
        Ok(Self { app: App::new(tenant, client_id)?, source: Source::File(file.into()) })
    }

    /// Creates a credential that calls `fetch` for a token at each sign-in.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID.
    #[inline]
    pub fn from_fn<F, R>(tenant: TenantId, client_id: &str, fetch: F) -> Result<Self, InvalidValue>
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret>> + Send + 'static,
    {
        let source = Source::Fetch(Arc::new(move || Box::pin(fetch())));
        Ok(Self { app: App::new(tenant, client_id)?, source })
    }
}

impl fmt::Debug for FederatedToken {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("FederatedToken");
        out.field("app", &self.app);
        if let Source::File(file) = &self.source {
            out.field("file", file);
        }
        out.finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for FederatedToken {
    #[inline]
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        let assertion = match &self.source {
            Source::File(file) => read(file)?,
            Source::Fetch(fetch) => fetch().await?,
        };
        let assertion = assertion.reveal().trim();
        if assertion.is_empty() {
            return Err(Error::new(
                ErrorKind::Authentication,
                "the federated token is empty: check its file or function",
            ));
        }
        let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)];
        self.app.client_credentials(request, &proof).await
    }

    #[inline]
    fn tenant(&self) -> Option<&TenantId> {
        Some(&self.app.tenant)
    }
}

/// The OAuth name of a signed token as the proof of an app's identity.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Reads the file synchronously: it is small and local, and read about once an hour.
#[inline]
fn read(file: &PathBuf) -> Result<Secret> {
    let fail = |problem: String| {
        let message = format!("the federated token cannot be read from {}: {problem}", file.display());
        Error::new(ErrorKind::Authentication, message)
    };
    let length = std::fs::metadata(file).map_err(|error| fail(error.to_string()))?.len();
    if length > MAX_FILE_BYTES {
        return Err(fail(format!("the file has {length} bytes, and a token at most {MAX_FILE_BYTES}")));
    }
    std::fs::read_to_string(file).map(Secret::new).map_err(|error| fail(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::super::testing::{CLIENT_ID, Script, refused, token};
    use super::*;

    fn tenant() -> TenantId {
        "contoso.com".parse().unwrap()
    }

    #[tokio::test]
    async fn the_callback_runs_for_every_sign_in() {
        let count = Arc::new(AtomicU32::new(0));
        let fetch = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move { Ok(Secret::new(format!("canary{number}"))) }
        };
        let credential = FederatedToken::from_fn(tenant(), CLIENT_ID, fetch).unwrap();
        let script = Script::new([token("t0"), refused("invalid_client", 700_213)]);
        assert_eq!(credential.token(script.request()).await.unwrap().secret().reveal(), "t0");
        let error = credential.token(script.request()).await.unwrap_err();
        assert!(error.remedy().unwrap().contains("issuer, subject and audience"), "{error}");
        for (index, assertion) in ["canary0", "canary1"].into_iter().enumerate() {
            assert_eq!(script.field(index, "client_assertion").as_deref(), Some(assertion));
            assert_eq!(script.field(index, "client_assertion_type").as_deref(), Some(ASSERTION_TYPE));
            assert_eq!(script.field(index, "client_secret"), None);
        }
        assert!(!format!("{error} {error:?} {credential:?}").contains("canary"));
    }

    #[tokio::test]
    async fn a_callback_that_fails_ends_the_sign_in_with_its_reason() {
        let fetch = || async { Err(Error::authentication("the pipeline gave no token")) };
        let credential = FederatedToken::from_fn(tenant(), CLIENT_ID, fetch).unwrap();
        let script = Script::new([]);
        let error = credential.token(script.request()).await.unwrap_err();
        assert!(format!("{error:#}").contains("the pipeline gave no token"), "{error}");
        assert!(script.sent().is_empty());
    }

    #[tokio::test]
    async fn the_file_is_read_again_for_every_sign_in() {
        let folder = std::env::temp_dir().join(format!("windows-autopilot-{:016x}", fastrand::u64(..)));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("token");
        let credential = FederatedToken::from_file(tenant(), CLIENT_ID, &file).unwrap();
        let script = Script::new([token("t0"), token("t1")]);
        let missing = credential.token(script.request()).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::Authentication);
        assert!(missing.to_string().contains("cannot be read from"), "{missing}");
        for text in ["first\n", "second"] {
            std::fs::write(&file, text).unwrap();
            credential.token(script.request()).await.unwrap();
        }
        assert_eq!(script.field(0, "client_assertion").as_deref(), Some("first"));
        assert_eq!(script.field(1, "client_assertion").as_deref(), Some("second"));
        for (text, says) in [(" \n".to_owned(), "is empty"), ("x".repeat(70_000), "at most 65536")] {
            std::fs::write(&file, text).unwrap();
            let error = credential.token(script.request()).await.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
