//! Sign-in: a token that all calls share, refreshed early, with one request in flight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::workload::BatchParts;
use super::{CallInfo, Hold, Middleware, Next, Pipeline, SignIn, TimeLimit};
use crate::clock::{Clock, within};
use crate::credential::{AccessToken, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::model::is_guid;

/// The time before expiry at which a token is refreshed.
const REFRESH_MARGIN: Duration = Duration::from_secs(300);
/// The timeout of an early refresh, since the call can continue with the old token.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(10);
/// The remaining time below which a failed sign-in says nothing about a caller with more time.
const SHORT_TIME: Duration = Duration::from_secs(30);
/// The pause after a failed early refresh while the old token is still valid.
const REFRESH_PAUSE: Duration = Duration::from_secs(30);

/// The cache of a client's token, and the middleware that adds it to requests.
#[derive(Debug)]
pub(crate) struct Auth {
    credential: Arc<dyn TokenProvider>,
    /// The pipeline of sign-in requests.
    exchange: Pipeline,
    clock: Arc<dyn Clock>,
    target: SignInTarget,
    cached: Mutex<Option<CachedToken>>,
    /// Held while a token is fetched, so that one request is in flight.
    flight: tokio::sync::Mutex<()>,
    /// The number of sign-ins. It shows whether a refused token has been replaced meanwhile, and whether another
    /// caller's sign-in has failed.
    sign_ins: AtomicU64,
    failed: Mutex<Option<Failed>>,
}

/// The authority and scope of sign-in, and the only host that gets the tokens.
#[derive(Debug)]
pub(crate) struct SignInTarget {
    pub(crate) authority: String,
    pub(crate) scope: String,
    /// `scheme://host[:port]`: the only origin that tokens are sent to.
    pub(crate) origin: String,
    /// Whether sign-in declares that the client can handle claims challenges.
    pub(crate) answers_challenges: bool,
}

/// A failed sign-in: its number and its error.
#[derive(Debug)]
struct Failed {
    number: u64,
    error: Error,
    /// Whether the calling request had too little time for more attempts.
    short_of_time: bool,
}

#[derive(Debug, Clone)]
struct CachedToken {
    token: Arc<AccessToken>,
    header: HeaderValue,
    generation: u64,
    /// The claims of the token request.
    claims: Option<String>,
    refresh_at: Option<Duration>,
    expires_at: Option<Duration>,
}

impl Auth {
    pub(crate) fn new(
        credential: Arc<dyn TokenProvider>,
        exchange: Pipeline,
        clock: Arc<dyn Clock>,
        target: SignInTarget,
    ) -> Self {
        let (flight, sign_ins) = (tokio::sync::Mutex::new(()), AtomicU64::new(0));
        let (cached, failed) = (Mutex::default(), Mutex::default());
        Self { credential, exchange, clock, target, cached, flight, sign_ins, failed }
    }

    fn cached(&self) -> MutexGuard<'_, Option<CachedToken>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a valid token, and `true` if it is due for a refresh.
    fn current(&self) -> Option<(CachedToken, bool)> {
        let now = self.clock.elapsed();
        let cached = self.cached();
        let cached = cached.as_ref().filter(|cached| cached.expires_at.is_none_or(|end| now < end))?;
        Some((cached.clone(), cached.refresh_at.is_some_and(|at| now >= at)))
    }

    /// Returns the error of a sign-in that another caller made while this one waited for its turn: a refusal applies to
    /// all callers. Timeouts are each caller's own.
    fn failed_since(&self, before: u64) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let Failed { error, short_of_time, .. } = failed.as_ref().filter(|failed| failed.number >= before)?;
        let own = match error.kind() {
            ErrorKind::Timeout | ErrorKind::Throttled => true,
            ErrorKind::Unavailable | ErrorKind::Connect | ErrorKind::Interrupted => *short_of_time,
            _ => false,
        };
        (!own).then(|| error.copy())
    }

    async fn token(&self, call: Option<&CallInfo>) -> Result<CachedToken> {
        match self.current() {
            Some((cached, false)) => Ok(cached),
            Some((cached, true)) => {
                // An early refresh: the first caller does it, the others continue with the old token.
                let Ok(_flight) = self.flight.try_lock() else { return Ok(cached) };
                if let Some((fresh, false)) = self.current() {
                    return Ok(fresh);
                }
                let renewal = self.fetch(None, true, call);
                let problem = match within(&*self.clock, REFRESH_TIMEOUT, renewal).await {
                    Some(Ok(fresh)) => return Ok(fresh),
                    Some(Err(error)) => error.kind(),
                    None => ErrorKind::Timeout,
                };
                tracing::warn!(kind = ?problem, "early token refresh failed; the old token is still valid");
                if let Some(cached) = self.cached().as_mut() {
                    cached.refresh_at = Some(self.clock.elapsed() + REFRESH_PAUSE);
                }
                Ok(cached)
            }
            None => {
                let before = self.sign_ins.load(Ordering::Relaxed);
                let _hold = self.hold(call);
                let _flight = self.flight.lock().await;
                match (self.current(), self.failed_since(before)) {
                    (Some((cached, _)), _) => Ok(cached),
                    (None, Some(error)) => Err(error),
                    (None, None) => self.fetch(None, false, call).await,
                }
            }
        }
    }

    /// Replaces a token that the service refused, unless another call has already replaced it with the same claims.
    async fn replace(
        &self,
        refused: u64,
        claims: Option<&str>,
        call: Option<&CallInfo>,
    ) -> Result<CachedToken> {
        let before = self.sign_ins.load(Ordering::Relaxed);
        let _hold = self.hold(call);
        let _flight = self.flight.lock().await;
        if let Some((cached, _)) = self.current()
            && cached.generation != refused
            && (claims.is_none() || cached.claims.as_deref() == claims)
        {
            return Ok(cached);
        }
        if let Some(error) = self.failed_since(before) {
            return Err(error);
        }
        *self.cached() = None;
        self.fetch(claims, false, call).await
    }

    /// Replaces the token that parts of a batch refused, before `deadline` by [`Clock::elapsed`].
    pub(crate) async fn renew(
        &self,
        used: TokenUsed,
        demand: &TokenDemand,
        deadline: Duration,
    ) -> Result<()> {
        let mut call = CallInfo::new("batch", "/$batch", true, Arc::default());
        call.limit = Some(TimeLimit { ends: deadline, hard: true });
        let left = deadline.saturating_sub(self.clock.elapsed());
        let renewal = self.replace(used.0, demand.claims.as_deref(), Some(&call));
        match within(&*self.clock, left, renewal).await {
            Some(renewed) => renewed.map(drop),
            None => Err(Error::new(ErrorKind::Timeout, "sign-in exceeded the call's timeout")),
        }
    }

    /// Pauses a call's timeout while a person signs in.
    fn hold<'a>(&'a self, call: Option<&'a CallInfo>) -> Option<Hold<'a>> {
        call.filter(|_| self.credential.waits_for_person()).map(|call| call.progress.hold(&*self.clock))
    }

    /// Signs in within the call's remaining time, which does not apply while a person signs in.
    async fn fetch(&self, claims: Option<&str>, early: bool, call: Option<&CallInfo>) -> Result<CachedToken> {
        let requested_at = self.clock.elapsed();
        let call_ends = || call?.time_left(requested_at).map(|left| requested_at.saturating_add(left));
        // The credential limits the time of a person.
        let deadline = if self.credential.waits_for_person() { None } else { call_ends() };
        let request = TokenRequest {
            authority: &self.target.authority,
            scope: &self.target.scope,
            claims,
            answers_challenges: self.target.answers_challenges,
            early_refresh: early,
            deadline,
            clock: &*self.clock,
            transport: &SignIn { pipeline: &self.exchange, deadline },
        };
        // Sign-in has retries of its own: the waiting call must not multiply them.
        let token = self.credential.token(request).await;
        let token = token.and_then(|token| self.check_tenant(token)).map_err(Error::retries_exhausted);
        let generation = self.sign_ins.fetch_add(1, Ordering::Relaxed);
        let token = token.inspect_err(|error| {
            let left = call.and_then(|call| call.time_left(self.clock.elapsed()));
            let short_of_time =
                left.is_some_and(|left| left <= error.retry_after().unwrap_or_default().max(SHORT_TIME));
            let failed = Failed { number: generation, error: error.copy(), short_of_time };
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
        })?;
        let mut header =
            HeaderValue::try_from(format!("Bearer {}", token.secret().reveal())).map_err(|_| {
                let message =
                    "the token contains characters that no HTTP header can carry: copy it without line breaks";
                Error::new(ErrorKind::Authentication, message)
            })?;
        header.set_sensitive(true);
        let expires_at = token.lifetime().map(|lifetime| requested_at.saturating_add(lifetime));
        // A token that lives only minutes is refreshed half-way, not at once.
        let refresh_at = token
            .lifetime()
            .map(|lifetime| requested_at.saturating_add(lifetime - REFRESH_MARGIN.min(lifetime / 2)));
        let claims = claims.map(str::to_owned);
        let token = Arc::new(token);
        let cached = CachedToken { token, header, generation, claims, refresh_at, expires_at };
        *self.cached() = Some(cached.clone());
        Ok(cached)
    }

    /// Refuses a token for a tenant other than the credential's. A domain name cannot be compared with an id.
    fn check_tenant(&self, token: AccessToken) -> Result<AccessToken> {
        #[derive(Deserialize, Default)]
        struct Claims {
            tid: Option<String>,
        }
        let Some(configured) = self.credential.tenant().filter(|tenant| tenant.is_guid()) else {
            return Ok(token);
        };
        match token.claims::<Claims>().tid {
            Some(shown) if is_guid(&shown) && !shown.eq_ignore_ascii_case(configured.as_str()) => {
                let message = format!(
                    "the token belongs to the tenant {shown}, and the client's tenant is {configured}"
                );
                let remedy = "sign in to the client's tenant, or configure the client for the token's";
                Err(Error::new(ErrorKind::Authentication, message).with_remedy(remedy))
            }
            _ => Ok(token),
        }
    }

    /// Returns the current token.
    pub(crate) async fn token_secret(&self) -> Result<Arc<AccessToken>> {
        Ok(self.token(None).await?.token)
    }
}

#[async_trait]
impl Middleware for Auth {
    async fn handle(
        &self,
        mut request: http::Request<Bytes>,
        next: Next<'_>,
    ) -> Result<http::Response<Bytes>> {
        if !has_origin(request.uri(), &self.target.origin) {
            let message = "refused to send the token to a host other than the client's cloud";
            return Err(Error::new(ErrorKind::Link, message));
        }
        let call = request.extensions().get::<CallInfo>().cloned();
        let cached = self.token(call.as_ref()).await?;
        let replaced = request.extensions().get::<TokenReplaced>().is_some();
        request.headers_mut().insert(header::AUTHORIZATION, cached.header);
        let is_batch = request.extensions().get::<BatchParts>().is_some();
        if let Some(call) = &call {
            call.progress.add_token(cached.token);
        }
        let mut answer = next.run(request).await?;
        if is_batch {
            answer.extensions_mut().insert(TokenUsed(cached.generation));
        }
        let demand = if replaced { None } else { demanded_token(answer.status(), answer.headers()) };
        let Some(TokenDemand { claims }) = demand else { return Ok(answer) };
        if let Err(error) = self.replace(cached.generation, claims.as_deref(), call.as_ref()).await {
            tracing::warn!(kind = ?error.kind(), "the service refused the token, and the sign-in for a new one failed");
            return Err(error);
        }
        answer.extensions_mut().insert(TokenReplaced);
        Ok(answer)
    }
}

/// A marker in the extensions of a response whose token was refused and replaced, and then in those of the repeated
/// request.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenReplaced;

/// A marker in the extensions of a batch's response: the token that the batch was sent with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenUsed(u64);

/// A demand of the service for a new token.
#[derive(Debug)]
pub(crate) struct TokenDemand {
    pub(crate) claims: Option<String>,
}

/// Returns the demand of a response for a new token. 401: the token was revoked, or more claims are required. A 403
/// demands a token only if it names the missing claims.
pub(crate) fn demanded_token(status: StatusCode, headers: &HeaderMap) -> Option<TokenDemand> {
    let claims = demanded_claims(headers);
    match status {
        StatusCode::UNAUTHORIZED => Some(TokenDemand { claims }),
        StatusCode::FORBIDDEN if claims.is_some() => Some(TokenDemand { claims }),
        _ => None,
    }
}

/// Returns `true` if `uri` has exactly the scheme, host and port of `origin`, without user information.
pub(crate) fn has_origin(uri: &http::Uri, origin: &str) -> bool {
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let Some((wanted_scheme, wanted_authority)) = origin.split_once("://") else { return false };
    scheme.eq_ignore_ascii_case(wanted_scheme) && authority.as_str().eq_ignore_ascii_case(wanted_authority)
}

/// Returns the decoded claims of a challenge (`WWW-Authenticate: Bearer …, claims="<base64>"`).
fn demanded_claims(headers: &HeaderMap) -> Option<String> {
    let challenges =
        headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
    for challenge in challenges {
        let mut rest = challenge;
        while let Some((_, after)) = rest.split_once("claims=") {
            rest = after;
            let value = match after.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next().unwrap_or_default(),
                None => after.split([',', ' ']).next().unwrap_or_default(),
            };
            let engine = base64::engine::general_purpose::GeneralPurpose::new(
                if value.contains(['-', '_']) {
                    &base64::alphabet::URL_SAFE
                } else {
                    &base64::alphabet::STANDARD
                },
                base64::engine::GeneralPurposeConfig::new()
                    .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
            );
            let decoded = engine.decode(value).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some(claims) = decoded.filter(|text| text.starts_with('{')) {
                return Some(claims);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_only_to_the_origin() {
        let origin = "https://graph.microsoft.com";
        for (uri, good) in [
            ("https://graph.microsoft.com/v1.0/users", true),
            ("https://GRAPH.microsoft.com/v1.0/users", true),
            ("http://graph.microsoft.com/v1.0/users", false),
            ("https://graph.microsoft.com:8443/v1.0/users", false),
            ("https://graph.microsoft.com:x@evil.example/v1.0", false),
            ("https://user@graph.microsoft.com/v1.0", false),
            ("https://graph.microsoft.com.evil.example/v1.0", false),
            ("/v1.0/users", false),
        ] {
            let found = uri.parse().is_ok_and(|uri| has_origin(&uri, origin));
            assert_eq!(found, good, "{uri}");
        }
    }

    #[test]
    fn a_claims_challenge_is_read_and_garbage_is_not() {
        let claims = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
        let encoded = base64::engine::general_purpose::STANDARD.encode(claims);
        let mut headers = HeaderMap::new();
        headers.append(header::WWW_AUTHENTICATE, "Bearer realm=\"\"".parse().unwrap());
        assert_eq!(demanded_claims(&headers), None);
        headers.append(header::WWW_AUTHENTICATE, "Bearer claims=\"%%%\"".parse().unwrap());
        assert_eq!(demanded_claims(&headers), None);
        let challenge = format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{encoded}\"");
        headers.append(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        assert_eq!(demanded_claims(&headers).as_deref(), Some(claims));
    }
}
