//! Sign-in on the way: one token for all calls, renewed early, asked for once.

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

/// How long before its end a token is renewed.
const EARLY: Duration = Duration::from_secs(300);
/// How long a call waits for an early renewal, since it could go on with the old token.
const PATIENCE: Duration = Duration::from_secs(10);
/// Who has less time left than this when sign-in fails has not tried as often as another would.
const LITTLE: Duration = Duration::from_secs(30);
/// How long a failed early renewal is left alone while the old token still lives.
const PAUSE: Duration = Duration::from_secs(30);

/// Where tokens come from and where they may go.
#[derive(Debug)]
pub(crate) struct Auth {
    credential: Arc<dyn TokenProvider>,
    /// The pipeline that sign-in requests take.
    exchange: Pipeline,
    clock: Arc<dyn Clock>,
    place: Place,
    kept: Mutex<Option<Kept>>,
    /// Held while a token is fetched, so that only one caller does.
    flight: tokio::sync::Mutex<()>,
    /// Counts the sign-ins, to tell whether a refused token has been replaced meanwhile, and whether somebody else has
    /// tried and failed.
    sign_ins: AtomicU64,
    failed: Mutex<Option<Failed>>,
}

/// Where a client signs in, for what, and where its tokens may go.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) authority: String,
    pub(crate) scope: String,
    /// `scheme://host[:port]`: the only place that a token is sent to.
    pub(crate) origin: String,
    /// Whether sign-in says that the client answers claims challenges.
    pub(crate) answers_challenges: bool,
}

/// A sign-in that failed: its number, and why.
#[derive(Debug)]
struct Failed {
    number: u64,
    error: Error,
    /// Whether the call that it was for had no time for more.
    hurried: bool,
}

#[derive(Debug, Clone)]
struct Kept {
    token: Arc<AccessToken>,
    header: HeaderValue,
    generation: u64,
    /// The claims that it was asked for with.
    claims: Option<String>,
    renew_at: Option<Duration>,
    ends_at: Option<Duration>,
}

impl Auth {
    pub(crate) fn new(
        credential: Arc<dyn TokenProvider>,
        exchange: Pipeline,
        clock: Arc<dyn Clock>,
        place: Place,
    ) -> Self {
        let (flight, sign_ins) = (tokio::sync::Mutex::new(()), AtomicU64::new(0));
        let (kept, failed) = (Mutex::default(), Mutex::default());
        Self { credential, exchange, clock, place, kept, flight, sign_ins, failed }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that lives now, and whether it should be renewed soon.
    fn current(&self) -> Option<(Kept, bool)> {
        let now = self.clock.elapsed();
        let kept = self.kept();
        let kept = kept.as_ref().filter(|kept| kept.ends_at.is_none_or(|end| now < end))?;
        Some((kept.clone(), kept.renew_at.is_some_and(|at| now >= at)))
    }

    /// What came of the sign-in that somebody else made while this caller waited for its turn, if that is no good: what
    /// was refused to one is refused to all. A want of time is each caller's own.
    fn failed_since(&self, before: u64) -> Option<Error> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let Failed { error, hurried, .. } = failed.as_ref().filter(|failed| failed.number >= before)?;
        let own = match error.kind() {
            ErrorKind::Timeout | ErrorKind::Throttled => true,
            ErrorKind::Unavailable | ErrorKind::Connect | ErrorKind::Interrupted => *hurried,
            _ => false,
        };
        (!own).then(|| error.copy())
    }

    async fn token(&self, call: Option<&CallInfo>) -> Result<Kept> {
        match self.current() {
            Some((kept, false)) => Ok(kept),
            Some((kept, true)) => {
                // Renewing early: whoever comes first does it, the others go on with the old token.
                let Ok(_flight) = self.flight.try_lock() else { return Ok(kept) };
                if let Some((fresh, false)) = self.current() {
                    return Ok(fresh);
                }
                let renewal = self.fetch(None, true, call);
                let problem = match within(&*self.clock, PATIENCE, renewal).await {
                    Some(Ok(fresh)) => return Ok(fresh),
                    Some(Err(error)) => error.kind(),
                    None => ErrorKind::Timeout,
                };
                tracing::warn!(kind = ?problem, "early renewal failed, the old token still lives");
                if let Some(kept) = self.kept().as_mut() {
                    kept.renew_at = Some(self.clock.elapsed() + PAUSE);
                }
                Ok(kept)
            }
            None => {
                let before = self.sign_ins.load(Ordering::Relaxed);
                let _hold = self.hold(call);
                let _flight = self.flight.lock().await;
                match (self.current(), self.failed_since(before)) {
                    (Some((kept, _)), _) => Ok(kept),
                    (None, Some(error)) => Err(error),
                    (None, None) => self.fetch(None, false, call).await,
                }
            }
        }
    }

    /// Replaces a token that the service refused, unless another call has done so meanwhile, with the same claims.
    async fn replace(&self, refused: u64, claims: Option<&str>, call: Option<&CallInfo>) -> Result<Kept> {
        let before = self.sign_ins.load(Ordering::Relaxed);
        let _hold = self.hold(call);
        let _flight = self.flight.lock().await;
        if let Some((kept, _)) = self.current()
            && kept.generation != refused
            && (claims.is_none() || kept.claims.as_deref() == claims)
        {
            return Ok(kept);
        }
        if let Some(error) = self.failed_since(before) {
            return Err(error);
        }
        *self.kept() = None;
        self.fetch(claims, false, call).await
    }

    /// Replaces the token that parts of an answer refused, within the time until `deadline`, by [`Clock::elapsed`].
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
            None => Err(Error::new(ErrorKind::Timeout, "sign-in was not over in time")),
        }
    }

    /// Holds a call's time while a person signs in.
    fn hold<'a>(&'a self, call: Option<&'a CallInfo>) -> Option<Hold<'a>> {
        call.filter(|_| self.credential.waits_for_person()).map(|call| call.progress.hold(&*self.clock))
    }

    /// Signs in, for a call whose time is that of sign-in too, unless a person is waited for.
    async fn fetch(&self, claims: Option<&str>, early: bool, call: Option<&CallInfo>) -> Result<Kept> {
        let asked = self.clock.elapsed();
        let call_ends = || call?.time_left(asked).map(|left| asked.saturating_add(left));
        // A person takes as long as the credential allows.
        let deadline = if self.credential.waits_for_person() { None } else { call_ends() };
        let request = TokenRequest {
            authority: &self.place.authority,
            scope: &self.place.scope,
            claims,
            answers_challenges: self.place.answers_challenges,
            early_refresh: early,
            deadline,
            clock: &*self.clock,
            transport: &SignIn { pipeline: &self.exchange, deadline },
        };
        // Sign-in has retries of its own: those of the call that waits for it must not multiply them.
        let token = self.credential.token(request).await;
        let token = token.and_then(|token| self.check_tenant(token)).map_err(Error::settled);
        let generation = self.sign_ins.fetch_add(1, Ordering::Relaxed);
        let token = token.inspect_err(|error| {
            let left = call.and_then(|call| call.time_left(self.clock.elapsed()));
            let hurried =
                left.is_some_and(|left| left <= error.retry_after().unwrap_or_default().max(LITTLE));
            let failed = Failed { number: generation, error: error.copy(), hurried };
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed);
        })?;
        let mut header = HeaderValue::try_from(format!("Bearer {}", token.secret().reveal())).map_err(|_| {
            let message = "the token has characters that no header can carry: was it cut from a terminal with a line break?";
            Error::new(ErrorKind::Authentication, message)
        })?;
        header.set_sensitive(true);
        let ends_at = token.lifetime().map(|lifetime| asked.saturating_add(lifetime));
        // A token that lives only minutes is renewed half-way, not at once.
        let renew_at =
            token.lifetime().map(|lifetime| asked.saturating_add(lifetime - EARLY.min(lifetime / 2)));
        let claims = claims.map(str::to_owned);
        let token = Arc::new(token);
        let kept = Kept { token, header, generation, claims, renew_at, ends_at };
        *self.kept() = Some(kept.clone());
        Ok(kept)
    }

    /// Refuses a token that shows another tenant than the credential's. A domain cannot be compared with an id.
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
                let message =
                    format!("the token is of the tenant {shown}, and the client's tenant is {configured}");
                let remedy = "sign in to the client's tenant, or configure the client for the token's";
                Err(Error::new(ErrorKind::Authentication, message).with_remedy(remedy))
            }
            _ => Ok(token),
        }
    }

    /// The claims of the token in use, as the roles or scopes it carries: the middle part of a JWT, undecoded.
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
        if !goes_to(request.uri(), &self.place.origin) {
            let message = "refused to send a token to a host that is not the client's";
            return Err(Error::new(ErrorKind::Link, message));
        }
        let call = request.extensions().get::<CallInfo>().cloned();
        let kept = self.token(call.as_ref()).await?;
        let replaced = request.extensions().get::<TokenReplaced>().is_some();
        request.headers_mut().insert(header::AUTHORIZATION, kept.header);
        let is_batch = request.extensions().get::<BatchParts>().is_some();
        if let Some(call) = &call {
            call.progress.signed_with(kept.token);
        }
        let mut answer = next.run(request).await?;
        if is_batch {
            answer.extensions_mut().insert(TokenUsed(kept.generation));
        }
        let demand = if replaced { None } else { demanded_token(answer.status(), answer.headers()) };
        let Some(TokenDemand { claims }) = demand else { return Ok(answer) };
        if let Err(error) = self.replace(kept.generation, claims.as_deref(), call.as_ref()).await {
            tracing::warn!(kind = ?error.kind(), "the service refused the token, and a new one was not to be had");
            return Err(error);
        }
        answer.extensions_mut().insert(TokenReplaced);
        Ok(answer)
    }
}

/// Rides in an answer to say that its token was refused and there is a new one; then in the request that is sent again for
/// that, by the step that still has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenReplaced;

/// Rides in the answer to a batch to say with which token it was sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenUsed(u64);

/// A demand for a new token.
#[derive(Debug)]
pub(crate) struct TokenDemand {
    pub(crate) claims: Option<String>,
}

/// Returns the demand of an answer for a new token. 401: the token was revoked, or more claims are demanded. A 403 asks for
/// no token, unless it says which claims it misses.
pub(crate) fn demanded_token(status: StatusCode, headers: &HeaderMap) -> Option<TokenDemand> {
    let claims = demanded_claims(headers);
    match status {
        StatusCode::UNAUTHORIZED => Some(TokenDemand { claims }),
        StatusCode::FORBIDDEN if claims.is_some() => Some(TokenDemand { claims }),
        _ => None,
    }
}

/// Whether `uri` is at `origin`, exactly: scheme, host and port, with no user information.
pub(crate) fn goes_to(uri: &http::Uri, origin: &str) -> bool {
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return false };
    let Some((wanted_scheme, wanted_authority)) = origin.split_once("://") else { return false };
    scheme.eq_ignore_ascii_case(wanted_scheme) && authority.as_str().eq_ignore_ascii_case(wanted_authority)
}

/// The claims of a challenge (`WWW-Authenticate: Bearer …, claims="<base64>"`), decoded.
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
    fn a_token_goes_to_the_origin_alone() {
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
            let found = uri.parse().is_ok_and(|uri| goes_to(&uri, origin));
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
