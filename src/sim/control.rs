//! The control API of a served tenant: acts on devices, time and faults, as JSON over HTTP.

use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode, request};
use serde::Deserialize;
use serde_json::{Value, json};

use super::exchange::segments;
use super::fault::Fault;
use super::rows::PowerOnOptions;
use super::seed::Seed;
use super::tenant::Tenant;
use crate::clock::ScaledClock;

/// The maximum number of requests listed in one answer.
const MAX_LISTED: usize = 1000;

/// A refusal of the control API.
struct Refusal(StatusCode, String);

type Outcome = Result<Value, Refusal>;

fn bad(text: impl ToString) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, text.to_string())
}

fn unknown(text: impl ToString) -> Refusal {
    Refusal(StatusCode::NOT_FOUND, text.to_string())
}

/// Answers a request to `/_sim`.
pub(super) fn answer(
    tenant: &Tenant,
    clock: Option<&ScaledClock>,
    head: &request::Parts,
    body: &Bytes,
) -> Response<Bytes> {
    let outcome = check_origin(head, body).and_then(|()| route(tenant, clock, head, body));
    let (status, value) = match outcome {
        Ok(value) => (StatusCode::OK, value),
        Err(Refusal(status, message)) => (status, json!({"error": {"message": message}})),
    };
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

/// Refuses requests from other origins. Without CORS a browser hides the answer, but would send the request.
fn check_origin(head: &request::Parts, body: &Bytes) -> Result<(), Refusal> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let host =
        text("host").or_else(|| head.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    let foreign = text("origin").is_some_and(|origin| {
        origin.split_once("://").is_none_or(|(_, origin)| !origin.eq_ignore_ascii_case(host))
    });
    let cross_site = text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if foreign || cross_site {
        let message = "the control API is not for pages of other origins";
        return Err(Refusal(StatusCode::FORBIDDEN, message.to_owned()));
    }
    let json =
        text("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if !body.is_empty() && !json {
        let message = "send JSON with the header Content-Type: application/json";
        return Err(Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, message.to_owned()));
    }
    Ok(())
}

fn route(tenant: &Tenant, clock: Option<&ScaledClock>, head: &request::Parts, body: &Bytes) -> Outcome {
    let path = segments(head.uri.path());
    let path: Vec<&str> = path.iter().map(String::as_str).skip(1).collect();
    match (&head.method, path.as_slice()) {
        (&Method::GET, []) => Ok(overview(tenant, clock)),
        (&Method::POST, ["seed"]) => {
            tenant.seed(&read_seed(body)?).map_err(bad)?;
            Ok(overview(tenant, clock))
        }
        (&Method::POST, ["reset"]) => {
            tenant.clear();
            Ok(overview(tenant, clock))
        }
        (&Method::GET, ["snapshot"]) => serde_json::to_value(tenant.snapshot()).map_err(bad),
        (&Method::POST, ["restore"]) => {
            restore(tenant, clock, &read_seed(body)?)?;
            Ok(overview(tenant, clock))
        }
        (&Method::GET, ["clock"]) => Ok(time(tenant, clock)),
        (&Method::POST, ["clock"]) => set_clock(tenant, clock, read(body)?),
        (&Method::GET, ["requests"]) => list_requests(tenant, head.uri.query().unwrap_or_default()),
        (&Method::DELETE, ["requests"]) => {
            tenant.clear_requests();
            Ok(json!({}))
        }
        (&Method::POST, ["faults"]) => {
            tenant.fault(read::<FaultSpec>(body)?.build()?);
            Ok(json!({}))
        }
        (&Method::DELETE, ["faults"]) => {
            tenant.clear_faults();
            Ok(json!({}))
        }
        (&Method::GET, ["quirks"]) => serde_json::to_value(tenant.quirks()).map_err(bad),
        (&Method::PATCH, ["quirks"]) => set_quirks(tenant, read(body)?),
        (&Method::POST, ["organizationalUnits"]) => {
            let unit: Unit = read(body)?;
            match tenant.grant_ou(&unit.distinguished_name) {
                true => Ok(json!({})),
                false => Err(bad("distinguishedName is not a distinguished name: write OU=…,DC=…")),
            }
        }
        (&Method::DELETE, ["organizationalUnits"]) => {
            tenant.revoke_ou(&read::<Unit>(body)?.distinguished_name);
            Ok(json!({}))
        }
        (&Method::POST, ["signIns", code, decision @ ("approve" | "decline")]) => {
            let found = match *decision {
                "approve" => tenant.approve_sign_in(code),
                _ => tenant.decline_sign_in(code),
            };
            found.then(|| json!({})).ok_or_else(|| unknown("no sign-in waits under this code"))
        }
        (&Method::POST, ["connectors", id, action @ ("stop" | "break")]) => {
            match *action {
                "stop" => tenant.stop_connector(id),
                _ => tenant.break_connector(id),
            }
            Ok(json!({}))
        }
        (&Method::GET, ["computers"]) => serde_json::to_value(tenant.computers()).map_err(bad),
        (&Method::GET, ["devices", serial]) => {
            let found = tenant.device_id(serial);
            let deployment = tenant.deployment(serial);
            if found.is_none() && deployment.is_none() {
                return Err(no_device(serial));
            }
            Ok(json!({"serialNumber": serial, "id": found, "deployment": deployment}))
        }
        (&Method::POST, ["devices", serial, action]) => act(tenant, serial, action, body),
        _ => Err(unknown("the control API does not have this path: GET /_sim lists the paths")),
    }
}

/// The paths of the control API.
const PATHS: [&str; 24] = [
    "GET /_sim",
    "POST /_sim/seed",
    "POST /_sim/reset",
    "GET /_sim/snapshot",
    "POST /_sim/restore",
    "GET /_sim/clock",
    "POST /_sim/clock {\"advanceSeconds\": 3600, \"speed\": 60}",
    "GET /_sim/requests?last=100",
    "DELETE /_sim/requests",
    "POST /_sim/faults {\"status\": 503, \"retryAfterSeconds\": 5, \"method\": \"GET\", \"path\": \"/groups\", \"times\": 1}",
    "DELETE /_sim/faults",
    "GET /_sim/quirks",
    "PATCH /_sim/quirks {\"isofFilter\": true}",
    "POST /_sim/organizationalUnits {\"distinguishedName\": \"OU=…,DC=…\"}",
    "DELETE /_sim/organizationalUnits {\"distinguishedName\": \"OU=…,DC=…\"}",
    "POST /_sim/signIns/{userCode}/approve, decline",
    "POST /_sim/connectors/{id}/stop, break",
    "GET /_sim/computers",
    "GET /_sim/devices/{serialNumber}",
    "POST /_sim/devices/{serialNumber}/powerOn {\"userPrincipalName\": \"…\", \"reachesDomainController\": false}",
    "POST /_sim/devices/{serialNumber}/assignToOtherTenant",
    "POST /_sim/devices/{serialNumber}/holdImport",
    "POST /_sim/devices/{serialNumber}/removeAnchor, reset, wipe, swapMotherboard, deleteEverywhere",
    "POST /_sim/devices/{serialNumber}/rename {\"name\": \"…\"}",
];

fn overview(tenant: &Tenant, clock: Option<&ScaledClock>) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "tenantId": tenant.id(),
        "domain": tenant.domain(),
        "devices": tenant.device_count(),
        "clock": time(tenant, clock),
        "paths": PATHS,
    })
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Refusal> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| bad(format_args!("the body cannot be read: {error}")))
}

fn read_seed(body: &Bytes) -> Result<Seed, Refusal> {
    std::str::from_utf8(body).map_err(bad)?.parse().map_err(bad)
}

fn restore(tenant: &Tenant, clock: Option<&ScaledClock>, snapshot: &Seed) -> Result<(), Refusal> {
    tenant.restore(snapshot).map_err(bad)?;
    if let Some(clock) = clock {
        catch_up(tenant, clock);
    }
    Ok(())
}

/// Advances a clock that is behind a restored tenant to the tenant's time.
pub(super) fn catch_up(tenant: &Tenant, clock: &ScaledClock) {
    let behind = tenant.state_timestamp().duration_since(crate::clock::Clock::timestamp(clock));
    clock.advance(Duration::try_from(behind).unwrap_or_default());
}

fn time(tenant: &Tenant, clock: Option<&ScaledClock>) -> Value {
    json!({"now": tenant.timestamp().to_string(), "speed": clock.map(ScaledClock::speed)})
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<f64>,
    speed: Option<f64>,
}

fn set_clock(tenant: &Tenant, clock: Option<&ScaledClock>, change: ClockChange) -> Outcome {
    let clock = clock.ok_or_else(|| bad("the time of this tenant is not controlled by the server"))?;
    if change.speed.is_some_and(|speed| !(0.0..=ScaledClock::MAX_SPEED).contains(&speed)) {
        return Err(bad(format_args!("speed is a number from 0 to {}", ScaledClock::MAX_SPEED)));
    }
    if let Some(seconds) = change.advance_seconds {
        let longest = Duration::from_secs(10 * 366 * 24 * 3600);
        let by = Duration::try_from_secs_f64(seconds).ok().filter(|by| *by <= longest);
        clock.advance(by.ok_or_else(|| bad("advanceSeconds is a number from 0 to ten years"))?);
    }
    if let Some(speed) = change.speed {
        clock.set_speed(speed);
    }
    Ok(time(tenant, Some(clock)))
}

fn list_requests(tenant: &Tenant, query: &str) -> Outcome {
    let last = super::exchange::pairs(query).into_iter().find(|(name, _)| name == "last");
    let last = match last {
        None => 100,
        Some((_, count)) => {
            count.parse::<usize>().map_err(|_| bad(format_args!("last is a number up to {MAX_LISTED}")))?
        }
    };
    let all = tenant.requests();
    let shown = all.iter().skip(all.len().saturating_sub(last.min(MAX_LISTED))).map(|request| {
        json!({
            "method": request.method.as_str(),
            "path": request.path,
            "query": request.query,
            "status": request.status.map(|status| status.as_u16()),
            "at": request.at.to_string(),
        })
    });
    Ok(json!({"value": shown.collect::<Vec<_>>()}))
}

/// A fault in the form of the control API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FaultSpec {
    status: Option<u16>,
    retry_after_seconds: Option<u64>,
    /// `resetBefore`, `resetAfter`, `torn`.
    broken: Option<String>,
    slow_by_seconds: Option<u64>,
    method: Option<String>,
    path: Option<String>,
    times: Option<u32>,
    rate: Option<f64>,
}

impl FaultSpec {
    fn build(self) -> Result<Fault, Refusal> {
        let wait = self.retry_after_seconds.map(Duration::from_secs);
        let mut fault = match (self.status, self.broken.as_deref(), self.slow_by_seconds) {
            (Some(429), None, None) => wait.map_or_else(Fault::throttle_without_header, Fault::throttle),
            (Some(status @ 400..=599), None, None) => match wait {
                Some(wait) => Fault::status_after(status, wait),
                None => Fault::status(status),
            },
            (None, Some("resetBefore"), None) => Fault::reset_before(),
            (None, Some("resetAfter"), None) => Fault::reset_after(),
            (None, Some("torn"), None) => Fault::torn(),
            (None, None, Some(seconds)) => Fault::slow(Duration::from_secs(seconds)),
            _ => {
                return Err(bad(
                    "a fault has one of: status (400 to 599), broken (resetBefore, resetAfter, torn), slowBySeconds",
                ));
            }
        };
        match (&self.method, &self.path) {
            (None, None) => {}
            (Some(method), Some(path)) => fault = fault.on(method, path),
            _ => return Err(bad("method and path of a fault go together")),
        }
        if let Some(times) = self.times {
            fault = fault.times(times);
        }
        if let Some(rate) = self.rate {
            if !(0.0..=1.0).contains(&rate) {
                return Err(bad("rate is a number from 0 to 1"));
            }
            fault = fault.rate(rate);
        }
        Ok(fault)
    }
}

fn set_quirks(tenant: &Tenant, changes: serde_json::Map<String, Value>) -> Outcome {
    let mut quirks = tenant.quirks();
    for (name, value) in changes {
        quirks.set(&name, value).map_err(bad)?;
    }
    tenant.set_quirks(quirks);
    serde_json::to_value(tenant.quirks()).map_err(bad)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Unit {
    distinguished_name: String,
}

/// The options of a device that is switched on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PowerOn {
    user_principal_name: Option<String>,
    reaches_domain_controller: Option<bool>,
    device_setup_seconds: Option<u64>,
}

fn no_device(serial: &str) -> Refusal {
    unknown(format_args!("no device with the serial number {serial:?} is registered or was switched on"))
}

/// The new name of a device.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewName {
    name: String,
}

fn act(tenant: &Tenant, serial: &str, action: &str, body: &Bytes) -> Outcome {
    let found = |is_found: bool| is_found.then_some(()).ok_or_else(|| no_device(serial));
    match action {
        "powerOn" => {
            let wanted: PowerOn = read(body)?;
            let mut options = PowerOnOptions::new(serial);
            if let Some(user) = wanted.user_principal_name {
                options = options.with_user(user);
            }
            if wanted.reaches_domain_controller == Some(false) {
                options = options.without_domain_controller();
            }
            if let Some(seconds) = wanted.device_setup_seconds {
                options = options.with_device_setup(Duration::from_secs(seconds));
            }
            tenant.power_on_with(options);
        }
        "assignToOtherTenant" => tenant.assign_to_other_tenant(serial),
        "holdImport" => tenant.hold_import(serial),
        "removeAnchor" => found(tenant.remove_anchor(serial))?,
        "reset" => found(tenant.reset(serial))?,
        "wipe" => found(tenant.wipe(serial))?,
        "rename" => {
            let NewName { name } = read(body)?;
            found(tenant.rename(serial, &name))?;
        }
        "swapMotherboard" => found(tenant.swap_motherboard(serial))?,
        "deleteEverywhere" => found(tenant.delete_everywhere(serial))?,
        _ => return Err(unknown(format_args!("a device has no action {action:?}: GET /_sim lists them"))),
    }
    Ok(
        json!({"serialNumber": serial, "id": tenant.device_id(serial), "deployment": tenant.deployment(serial)}),
    )
}
