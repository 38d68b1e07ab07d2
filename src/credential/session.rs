//! The session of a person in a public client: its scope and its refresh token.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::oauth::{App, Form, Granted, read_token, refusal_code};
use super::{AccessToken, Secret, TokenRequest};
use crate::error::Result;

/// A store for refresh tokens that outlives the process, such as the system's keychain.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use windows_autopilot::Result;
/// use windows_autopilot::credential::{CacheKey, Secret, TokenCache};
///
/// #[derive(Debug, Default)]
/// struct Memory(Mutex<HashMap<CacheKey, Secret>>);
///
/// #[async_trait::async_trait]
/// impl TokenCache for Memory {
///     async fn load(&self, key: &CacheKey) -> Result<Option<Secret>> {
///         Ok(self.0.lock().unwrap_or_else(|error| error.into_inner()).get(key).cloned())
///     }
///     async fn store(&self, key: &CacheKey, refresh_token: &Secret) -> Result<()> {
///         let mut kept = self.0.lock().unwrap_or_else(|error| error.into_inner());
///         kept.insert(key.clone(), refresh_token.clone());
///         Ok(())
///     }
/// }
/// ```
///
/// Within the app, a refresh token is as powerful as the user's password: encrypt it, and make it readable only by that
/// user.
#[async_trait]
pub trait TokenCache: fmt::Debug + Send + Sync + 'static {
    /// Loads the refresh token stored under a key.
    ///
    /// # Errors
    /// Any error from the store. The user is then asked to sign in, and the kind of the error is logged.
    async fn load(&self, key: &CacheKey) -> Result<Option<Secret>>;

    /// Stores a refresh token, replacing the previous one.
    ///
    /// # Errors
    /// Any error from the store. Sign-in still succeeds, and the kind of the error is logged.
    async fn store(&self, key: &CacheKey, refresh_token: &Secret) -> Result<()>;
}

/// The cache key of a refresh token: sign-in host, tenant and app.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CacheKey {
    /// The sign-in host, such as `https://login.microsoftonline.com`.
    pub authority: String,
    /// The tenant, as configured in the credential.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
}

/// The session of a person in a public client.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) app: App,
    permissions: Vec<String>,
    /// The scopes besides those of Graph, which request at least a refresh token.
    scopes: &'static str,
    refresh_token: Arc<Mutex<Option<Secret>>>,
    cache: Option<Arc<dyn TokenCache>>,
}

impl Session {
    pub(super) fn new(app: App, scopes: &'static str) -> Self {
        Self { app, permissions: Vec::new(), scopes, refresh_token: Arc::default(), cache: None }
    }

    /// Sets the Graph permissions to request. Default: all permissions that have been consented to.
    pub(super) fn set_permissions(&mut self, names: impl IntoIterator<Item = impl Into<String>>) {
        self.permissions = names.into_iter().map(Into::into).collect();
    }

    pub(super) fn set_cache(&mut self, cache: Arc<dyn TokenCache>) {
        self.cache = Some(cache);
    }

    fn refresh_token(&self) -> MutexGuard<'_, Option<Secret>> {
        self.refresh_token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, request: &TokenRequest<'_>) -> CacheKey {
        CacheKey {
            authority: request.authority().to_owned(),
            tenant: self.app.tenant.to_string(),
            client_id: self.app.client_id.clone(),
        }
    }

    /// Stores the refresh token and returns the access token.
    pub(super) async fn keep(&self, request: &TokenRequest<'_>, granted: Granted) -> AccessToken {
        if let Some(refresh_token) = granted.refresh_token {
            if let Some(cache) = &self.cache
                && let Err(error) = cache.store(&self.key(request), &refresh_token).await
            {
                tracing::warn!(kind = ?error.kind(), "storing the refresh token failed");
            }
            *self.refresh_token() = Some(refresh_token);
        }
        granted.token
    }

    /// Returns the scope to request. Permissions have their full names, since a bare name means the worldwide Graph in
    /// every cloud.
    pub(super) fn scope(&self, request: &TokenRequest<'_>) -> String {
        let graph = request.scope().trim_end_matches("/.default");
        let mut scope = String::new();
        for name in &self.permissions {
            if !name.contains("://") {
                scope.push_str(graph);
                scope.push('/');
            }
            scope.push_str(name);
            scope.push(' ');
        }
        if scope.is_empty() {
            scope = format!("{} ", request.scope());
        }
        scope + self.scopes
    }

    /// Creates a form with the parameters of every request in the session.
    pub(super) fn form(&self, request: &TokenRequest<'_>) -> Form {
        let mut form = Form::new();
        form.push("client_id", &self.app.client_id).push("scope", &self.scope(request));
        if let Some(claims) = request.claims_parameter() {
            form.push("claims", &claims);
        }
        form
    }

    /// Fetches a token without a prompt. Returns `None` if the person must sign in again.
    pub(super) async fn renew(&self, request: TokenRequest<'_>) -> Result<Option<AccessToken>> {
        let in_memory = self.refresh_token().clone();
        let refresh_token = match (in_memory, &self.cache) {
            (None, Some(cache)) => cache.load(&self.key(&request)).await.unwrap_or_else(|error| {
                tracing::warn!(kind = ?error.kind(), "loading the refresh token failed");
                None
            }),
            (in_memory, _) => in_memory,
        };
        let Some(refresh_token) = refresh_token else { return Ok(None) };
        let mut form = self.form(&request);
        form.push("grant_type", "refresh_token").push("refresh_token", refresh_token.reveal());
        let answer = self.app.post(request, "token", form).await?;
        if refusal_code(&answer).is_some_and(|code| code != "temporarily_unavailable") {
            *self.refresh_token() = None;
            return Ok(None);
        }
        let token = self.keep(&request, read_token(&answer)?).await;
        let mut kept = self.refresh_token();
        if kept.is_none() {
            *kept = Some(refresh_token);
        }
        Ok(Some(token))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("app", &self.app)
            .field("permissions", &self.permissions)
            .finish_non_exhaustive()
    }
}
