//! The client of one tenant and its builder.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::batch::Batch;
use super::cloud::Cloud;
use super::decode::RawResponse;
use super::exchange::{Exchange, SendOptions};
use super::operation::{Call, Operation, Request};
use super::page::List;
use super::raw::RawRequest;
use crate::catalog::ApiVersion;
use crate::clock::{Clock, SystemClock};
use crate::credential::TokenProvider;
use crate::error::{Error, ErrorKind, Result};
use crate::pipeline::auth::{Auth, SignInTarget};
use crate::pipeline::limit::Limit;
use crate::pipeline::retry::Retry;
use crate::pipeline::{Event, Limits, Middleware, Observer, Pipeline, RetryConfig, RetryState};
use crate::transport::Transport;

/// A client for one tenant in one cloud. Clones are cheap and share the token, the limits and the retry budget.
///
/// ```
/// use windows_autopilot::Client;
/// use windows_autopilot::credential::FixedToken;
/// # #[cfg(feature = "reqwest")]
/// # fn build() -> windows_autopilot::Result<()> {
/// let client = Client::builder(FixedToken::new("eyJ0eXAi…")).build()?;
/// # Ok(()) }
/// ```
///
/// Calls need the runtime that the transport and the clock require; for those in this crate, that is tokio.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) pipeline: Pipeline,
    auth: Arc<Auth>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cloud: Cloud,
    pub(super) call_timeout: Duration,
    retry: Arc<Retry>,
    pub(super) observer: Observer,
}

/// The identity that calls Graph, as shown by its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Caller {
    /// Whether the caller is an app without a user; `None` if the token does not say.
    pub app_only: Option<bool>,
    /// The granted roles or scopes.
    pub permissions: Vec<String>,
}

impl Client {
    /// Creates a builder for a client that signs in with `credential`.
    pub fn builder(credential: impl TokenProvider) -> ClientBuilder {
        ClientBuilder {
            credential: Arc::new(credential),
            cloud: Cloud::default(),
            transport: None,
            clock: None,
            retry: RetryConfig::default(),
            limits: Limits::default(),
            per_call: Vec::new(),
            per_attempt: Vec::new(),
            call_timeout: Duration::from_secs(600),
            attempt_timeout: Duration::from_secs(120),
            answers_challenges: true,
            observer: Observer::default(),
        }
    }

    /// Returns the client's cloud.
    pub fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    /// Returns the client's clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.inner.clock
    }

    /// Returns the remaining retry budget and the closed workloads, which all clones share: they explain why calls are
    /// waiting or failing.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let state = client.retry_state();
    /// assert_eq!((state.budget, state.closed.len()), (100, 0));
    /// # Ok(()) });
    /// ```
    pub fn retry_state(&self) -> RetryState {
        self.inner.retry.state()
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.inner.auth
    }

    pub(crate) fn call_timeout(&self) -> Duration {
        self.inner.call_timeout
    }

    pub(crate) fn retry(&self) -> &Retry {
        &self.inner.retry
    }

    /// Returns the roles or scopes in the current token, without a call to Graph; empty if the token does not show
    /// them.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let wanted = "DeviceManagementServiceConfig.ReadWrite.All";
    /// let granted = client.granted_permissions().await?;
    /// if !granted.is_empty() && !granted.iter().any(|name| name == wanted) {
    ///     eprintln!("grant {wanted} to the app");
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Any error from signing in.
    pub async fn granted_permissions(&self) -> Result<Vec<String>> {
        Ok(self.caller().await?.permissions)
    }

    /// Returns the caller's identity as the current token shows it, without a call to Graph.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let caller = client.caller().await?;
    /// println!("an app: {:?}, with {:?}", caller.app_only, caller.permissions);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Any error from signing in.
    pub async fn caller(&self) -> Result<Caller> {
        #[derive(serde::Deserialize, Default)]
        struct Claims {
            #[serde(default)]
            roles: Vec<String>,
            scp: Option<String>,
            idtyp: Option<String>,
        }
        let Claims { roles, scp, idtyp } = self.claims().await?;
        let app_only = match (&scp, idtyp.as_deref()) {
            // A user's token may have roles too: those of the user in the app, not permissions.
            (Some(_), _) | (None, Some("user")) => Some(false),
            (None, Some("app")) => Some(true),
            (None, _) => (!roles.is_empty()).then_some(true),
        };
        let scopes = scp.as_deref().unwrap_or_default().split_whitespace().map(str::to_owned);
        Ok(Caller { app_only, permissions: roles.into_iter().chain(scopes).collect() })
    }

    /// Returns the tenant's id from the current token, without a call to Graph; `None` if the token does not show it.
    ///
    /// # Errors
    /// Any error from signing in.
    pub async fn tenant_id(&self) -> Result<Option<String>> {
        #[derive(serde::Deserialize, Default)]
        struct Claims {
            tid: Option<String>,
        }
        Ok(self.claims::<Claims>().await?.tid)
    }

    /// Returns the claims of the current token. Only the service can verify them.
    async fn claims<T: DeserializeOwned + Default>(&self) -> Result<T> {
        Ok(self.inner.auth.token_secret().await?.claims())
    }

    /// Creates a request to any path below `version`, for operations without a typed call. Values in the path must be
    /// percent-encoded.
    ///
    /// # Permissions
    /// Those listed on the operation's page in Microsoft's documentation.
    pub fn request(&self, method: http::Method, version: ApiVersion, path: &str) -> RawRequest {
        RawRequest::new(self, &method, version, path)
    }

    /// Gets the object at any path below `version`. See [`request`](Self::request) for the format of the path.
    ///
    /// ```
    /// # use windows_autopilot::{Client, Result, graph::ApiVersion};
    /// # async fn run(client: &Client) -> Result<()> {
    /// #[derive(serde::Deserialize)]
    /// struct Organization { #[serde(rename = "displayName")] display_name: String }
    /// let all = client.list::<Organization>(ApiVersion::V1, "/organization").all().await?;
    /// # Ok(()) }
    /// ```
    pub fn get<T: DeserializeOwned>(&self, version: ApiVersion, path: &str) -> Call<T> {
        self.request(http::Method::GET, version, path).read()
    }

    /// Lists the objects at any path below `version`.
    pub fn list<T: DeserializeOwned + Send + 'static>(&self, version: ApiVersion, path: &str) -> List<T> {
        self.request(http::Method::GET, version, path).named("list").list()
    }

    /// Posts `body` to any path below `version`. The client resends the request only if the previous attempt certainly
    /// had no effect.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::graph::ApiVersion;
    /// use windows_autopilot::serde_json::{Value, json};
    ///
    /// let group = json!({ "displayName": "Pilot", "mailEnabled": false, "mailNickname": "pilot", "securityEnabled": true });
    /// let group: Value = client.post(ApiVersion::V1, "/groups", &group).await?;
    /// # let id = group["id"].as_str().unwrap();
    /// client.patch(ApiVersion::V1, &format!("/groups/{id}"), &json!({ "description": "The first floor" })).await?;
    /// client.delete(ApiVersion::V1, &format!("/groups/{id}")).await?;
    /// # Ok(()) });
    /// ```
    pub fn post<T: DeserializeOwned>(
        &self,
        version: ApiVersion,
        path: &str,
        body: &impl Serialize,
    ) -> Call<T> {
        self.request(http::Method::POST, version, path).json(body).read()
    }

    /// Patches the object at any path below `version` with `body`, and discards the response.
    pub fn patch(&self, version: ApiVersion, path: &str, body: &impl Serialize) -> Call<()> {
        self.request(http::Method::PATCH, version, path).json(body).done()
    }

    /// Deletes the object at any path below `version`. To delete a link but keep the linked object, end the path with
    /// `/$ref`.
    pub fn delete(&self, version: ApiVersion, path: &str) -> Call<()> {
        self.request(http::Method::DELETE, version, path).done()
    }

    /// Binds an operation to this client.
    pub fn call<T>(&self, operation: Operation<T>) -> Call<T> {
        Call::new(self, operation)
    }

    /// Creates an empty batch.
    pub fn batch(&self) -> Batch {
        Batch::new(self)
    }

    pub(crate) fn execute<T>(
        &self,
        operation: &Operation<T>,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<T>> {
        self.execute_with(operation, SendOptions { timeout, ..SendOptions::default() })
    }

    /// Sends an operation concurrently with the others of `lane`.
    #[cfg(feature = "import")]
    pub(crate) fn send_in<T>(
        &self,
        lane: Arc<crate::pipeline::window::Lane>,
        operation: &Operation<T>,
    ) -> impl Future<Output = Result<T>> {
        self.execute_with(operation, SendOptions { lane: Some(lane), ..SendOptions::default() })
    }

    pub(crate) fn execute_with<T>(
        &self,
        operation: &Operation<T>,
        options: SendOptions,
    ) -> impl Future<Output = Result<T>> {
        self.exchange(&operation.request, None, options, operation.decode)
    }

    /// Sends `request` to its own address, or to a link from the service.
    pub(crate) async fn exchange<T>(
        &self,
        request: &Request,
        link: Option<String>,
        options: SendOptions,
        decode: fn(&mut RawResponse) -> Result<T>,
    ) -> Result<T> {
        let mut exchange = Exchange::new(&self.inner, request, link, options)?;
        loop {
            let decoded = match exchange.run().await {
                Ok(mut answer) => decode(&mut answer).map_err(|error| exchange.decode_failed(error, &answer)),
                Err(error) => Err(error),
            };
            match decoded {
                Ok(value) => {
                    exchange.report_end(None);
                    return Ok(value);
                }
                Err(error) => {
                    if let Some(error) = exchange.fail(error) {
                        return Err(error);
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("cloud", &self.inner.cloud).finish_non_exhaustive()
    }
}

/// A builder for [`Client`]. Only [`ClientBuilder::build`] can fail.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use windows_autopilot::credential::ClientSecret;
/// use windows_autopilot::pipeline::{Limits, RetryConfig};
/// use windows_autopilot::{Client, Cloud};
///
/// # let (client_id, secret) = ("5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f", "");
/// let credential = ClientSecret::new("contoso.onmicrosoft.us".parse()?, client_id, secret)?;
/// let client = Client::builder(credential)
///     .with_cloud(Cloud::UsGovernmentL4)
///     .with_limits(Limits::default().with_concurrency(4))
///     .with_retry(RetryConfig::default().with_max_elapsed(Duration::from_secs(60)))
///     .with_call_timeout(Duration::from_secs(120))
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    credential: Arc<dyn TokenProvider>,
    cloud: Cloud,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<Arc<dyn Clock>>,
    retry: RetryConfig,
    limits: Limits,
    per_call: Vec<Arc<dyn Middleware>>,
    per_attempt: Vec<Arc<dyn Middleware>>,
    call_timeout: Duration,
    attempt_timeout: Duration,
    answers_challenges: bool,
    observer: Observer,
}

impl ClientBuilder {
    /// Sets the cloud. Default: [`Cloud::Worldwide`].
    pub fn with_cloud(mut self, cloud: Cloud) -> Self {
        self.cloud = cloud;
        self
    }

    /// Sets the transport, such as a simulated tenant, a recording, or a wrapper around another transport. Default:
    /// `ReqwestTransport`.
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the clock. Default: [`SystemClock`].
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the retry policy.
    pub fn with_retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// Sets the client-side limits: concurrency and request rate.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds middleware that runs once per call, before retries.
    pub fn with_middleware(mut self, middleware: impl Middleware) -> Self {
        self.per_call.push(Arc::new(middleware));
        self
    }

    /// Adds middleware that runs on every attempt, after sign-in: the last step before the transport.
    pub fn with_per_attempt_middleware(mut self, middleware: impl Middleware) -> Self {
        self.per_attempt.push(Arc::new(middleware));
        self
    }

    /// Sets the default timeout of a call, including sign-in, retries and waits. Default: 10 minutes.
    ///
    /// Unlike [`Call::with_timeout`], this does not count the time that a call waits for the client's own [`Limits`].
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Sets the timeout of one attempt. Default: 2 minutes.
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets whether sign-in declares that this client can handle claims challenges (`cp1`). Default: `true`.
    ///
    /// With this declaration, Graph evaluates access continuously: it rejects a token as soon as a user is disabled or a
    /// policy changes, and its tokens are valid for up to 28 hours. Without it, a token is valid until it expires, and
    /// there are no challenges. See [continuous access
    /// evaluation](https://learn.microsoft.com/en-us/entra/identity-platform/app-resilience-continuous-access-evaluation).
    pub fn with_continuous_access_evaluation(mut self, answers_challenges: bool) -> Self {
        self.answers_challenges = answers_challenges;
        self
    }

    /// Registers an observer, such as [counters](crate::pipeline::Counters), for attempts, waits and completions. The
    /// observer must not block.
    pub fn with_observer(mut self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        self.observer = Observer::new(observer);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] if there is no transport, or if the default transport cannot be created.
    pub fn build(self) -> Result<Client> {
        let transport = match &self.transport {
            Some(transport) => Arc::clone(transport),
            None => default_transport()?,
        };
        Ok(self.build_on(transport))
    }

    /// Builds the client on `transport`, unless [`with_transport`](Self::with_transport) set another.
    pub(crate) fn build_on(self, transport: Arc<dyn Transport>) -> Client {
        let transport = self.transport.unwrap_or(transport);
        let observer = self.observer;
        let clock: Arc<dyn Clock> = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let most = self.limits.concurrency;
        let retry = || Arc::new(Retry::new(self.retry.clone(), most, Arc::clone(&clock), observer.clone()));
        let pipeline = |steps, transport| {
            Pipeline::new(steps, transport, Arc::clone(&clock), self.attempt_timeout, observer.clone())
        };
        // Sign-in carries no token, and has its own retry budget.
        let sign_in = pipeline(vec![retry()], Arc::clone(&transport));
        let target = SignInTarget {
            authority: self.cloud.login().to_owned(),
            scope: self.cloud.scope(),
            origin: self.cloud.graph().to_owned(),
            answers_challenges: self.answers_challenges,
        };
        let auth = Arc::new(Auth::new(self.credential, sign_in, Arc::clone(&clock), target));

        let mut steps = self.per_call;
        let retry = retry();
        steps.push(Arc::clone(&retry) as Arc<dyn Middleware>);
        steps.push(Arc::clone(&auth) as Arc<dyn Middleware>);
        let limit = Limit::new(&self.limits, Arc::clone(&clock), observer.clone(), Arc::clone(&retry));
        steps.push(Arc::new(limit));
        steps.extend(self.per_attempt);
        let pipeline = pipeline(steps, transport);
        let (cloud, call_timeout) = (self.cloud, self.call_timeout);
        Client { inner: Arc::new(Inner { pipeline, auth, clock, cloud, call_timeout, retry, observer }) }
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    let transport = crate::transport::ReqwestTransport::new().map_err(|error| {
        Error::new(
            ErrorKind::Configuration,
            "the default transport cannot be created: see the cause, or set one with `with_transport`",
        )
        .with_source(error)
    })?;
    Ok(Arc::new(transport))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    let message = "no transport: set one with `with_transport`, or enable the feature `reqwest`";
    Err(Error::new(ErrorKind::Configuration, message))
}
