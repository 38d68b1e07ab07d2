//! The tenant, driven by plain HTTP requests.

mod accounts;
mod clients;
mod deploy;
mod directory;
mod edges;
mod faults;
mod models;
mod protocol;
mod refusals;
mod resources;
mod sign_in;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use super::{Quirks, Tenant, TenantBuilder};
use crate::clock::FakeClock;
use crate::transport::Transport;

const MINUTE: Duration = Duration::from_secs(60);

/// A tenant, its clock, and a token.
struct Desk {
    tenant: Tenant,
    clock: FakeClock,
    token: String,
}

/// A parsed answer.
#[derive(Debug)]
struct Received {
    status: u16,
    headers: HeaderMap,
    body: Value,
    text: String,
}

impl Received {
    /// Returns the code and message of an error.
    fn error(&self) -> String {
        format!(
            "{} {}: {}",
            self.status,
            self.body["error"]["code"].as_str().unwrap_or("?"),
            self.body["error"]["message"].as_str().unwrap_or("?")
        )
    }

    /// Returns the message inside Intune's message.
    fn inner(&self) -> Value {
        serde_json::from_str(self.body["error"]["message"].as_str().unwrap()).unwrap()
    }

    fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.text))
    }

    /// Returns a property of every object of a list.
    fn column(&self, property: &str) -> Vec<&str> {
        let values = self.body["value"].as_array().unwrap_or_else(|| panic!("no list in {}", self.text));
        values.iter().map(|of| of[property].as_str().unwrap_or("null")).collect()
    }
}

impl Desk {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// A tenant that is as strict as the documentation.
    fn strict() -> Self {
        Self::with(|builder| builder.with_quirks(|quirks| *quirks = Quirks::documented()))
    }

    fn with(build: impl FnOnce(TenantBuilder) -> TenantBuilder) -> Self {
        let clock = FakeClock::manual();
        let tenant = build(Tenant::builder().with_clock(Arc::new(clock.clone()))).build();
        Self { tenant, clock, token: "any".to_owned() }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Received {
        let uri =
            if path.contains("://") { path.to_owned() } else { format!("https://graph.microsoft.com{path}") };
        let uri = uri.replace(' ', "%20");
        let mut request = http::Request::builder().method(method).uri(uri);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        self.received(request.body(body).unwrap()).await
    }

    async fn received(&self, request: http::Request<Bytes>) -> Received {
        let response = self.tenant.send(request).await.unwrap();
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        Received {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    async fn get(&self, path: &str) -> Received {
        self.send(Method::GET, path, &[], None).await
    }

    async fn post(&self, path: &str, body: Value) -> Received {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    async fn patch(&self, path: &str, body: Value) -> Received {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    async fn delete(&self, path: &str) -> Received {
        self.send(Method::DELETE, path, &[], None).await
    }

    /// Creates a hybrid join profile and returns its path.
    async fn profile(&self, name: &str) -> String {
        let made = self.post(PROFILES, serde_json::json!({"@odata.type": HYBRID, "displayName": name})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("{PROFILES}/{}", made.id())
    }

    async fn page(&self, name: &str) -> String {
        let made = self.post(PAGES, serde_json::json!({"@odata.type": ESP, "displayName": name})).await;
        assert_eq!(made.status, 201, "{}", made.text);
        format!("{PAGES}/{}", made.id())
    }
}

const PROFILES: &str = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles";
const PAGES: &str = "/beta/deviceManagement/deviceEnrollmentConfigurations";
const CONFIGURATIONS: &str = "/beta/deviceManagement/deviceConfigurations";
const IDENTITIES: &str = "/beta/deviceManagement/windowsAutopilotDeviceIdentities";
const IMPORTS: &str = "/v1.0/deviceManagement/importedWindowsAutopilotDeviceIdentities";
const HYBRID: &str = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile";
const ESP: &str = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration";
const DOMAIN_JOIN: &str = "#microsoft.graph.windowsDomainJoinConfiguration";

fn group_target(group: &str) -> Value {
    serde_json::json!({"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}})
}

fn all_devices() -> Value {
    serde_json::json!({"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}})
}
