//! Facts of registry keys.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde_json::{Map, Value};

use crate::evidence::fact::{
    AppScope, EspCategory, EspPhase, EspSubcategory, Fact, FirstSync, MdmEnrollment, RegistryData,
    RegistryValue, TrackedApp, TrackedItem,
};
use crate::evidence::number;
use crate::evidence::observation::ObservedTime;
use crate::evidence::read::{evtx, profile};

/// The maximum number of values of one file.
const VALUES: usize = 200_000;

/// Parts of keys whose values are kept unchanged.
const KEPT: &[&str] = &[
    r"provisioning\diagnostics\autopilot",
    r"provisioning\autopilotpolicycache",
    r"provisioning\autopilotsettings",
    r"provisioning\omadm\logger",
    r"provisioning\omadm\accounts",
    r"provisioning\omadm\syncml",
    r"provisioning\syncml",
    r"provisioning\nodecache",
    r"clouddomainjoin\joininfo",
    r"currentversion\cdj",
    r"windows nt\currentversion\winlogon",
    r"currentversion\internet settings",
    r"currentversion\mdm",
    r"component based servicing\rebootpending",
    r"intunemanagementextension\sidecarpolicies",
    r"enrollmentstatustracking",
];

/// Values that are secret or useless.
const DROPPED: &[&str] = &["DefaultPassword", "HardwareHash", "Blob"];

/// The keys of a file with relevant facts.
#[derive(Default)]
pub(super) struct Keys<'a> {
    keys: BTreeMap<String, Key<'a>>,
    current: Option<String>,
    values: usize,
}

#[derive(Default)]
struct Key<'a> {
    line: u64,
    values: Vec<(&'a str, RegistryData)>,
}

impl Key<'_> {
    fn get(&self, name: &str) -> Option<&RegistryData> {
        self.values.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, data)| data)
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.get(name).and_then(RegistryData::number)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            RegistryData::Text(text) => number::flag(text.as_str()),
            data => data.number().map(|number| number != 0),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(RegistryData::text).filter(|text| !text.is_empty())
    }
}

impl<'a> Keys<'a> {
    /// Opens a key. Most keys are not relevant.
    pub(super) fn open(&mut self, line: u64, key: String) {
        self.current = None;
        if is_of_interest(&key) && self.values < VALUES {
            self.keys.entry(key.clone()).or_default().line = line;
            self.values += 1;
            self.current = Some(key);
        }
    }

    /// Adds a value of the open key.
    pub(super) fn value(&mut self, name: &'a str, data: RegistryData) {
        let Some(key) = self.current.as_ref().and_then(|key| self.keys.get_mut(key)) else { return };
        if self.values < VALUES && !DROPPED.iter().any(|dropped| name.eq_ignore_ascii_case(dropped)) {
            key.values.push((name, data));
            self.values += 1;
        }
    }

    /// Returns the facts, with the lines of their keys.
    pub(super) fn facts(self) -> Vec<(u64, ObservedTime, Fact)> {
        let mut facts = Vec::new();
        for (path, key) in self.keys {
            let line = key.line;
            let found = facts_of(&path, key);
            facts.extend(found.into_iter().map(|(time, fact)| (line, time, fact)));
        }
        facts
    }
}

fn is_of_interest(path: &str) -> bool {
    let typed = [
        r"microsoft\enrollments\",
        r"enterprisedesktopappmanagement\",
        r"officecsp\",
        r"intunemanagementextension\",
    ];
    typed.iter().chain(KEPT).any(|part| path.contains(part)) || path.ends_with(r"windows nt\currentversion")
}

type Facts = Vec<(ObservedTime, Fact)>;

fn facts_of(path: &str, key: Key<'_>) -> Facts {
    let parts: Vec<&str> = path.split('\\').collect();
    let is_list = |pair: &[&str]| pair == ["esptrackinginfo", "diagnostics"];
    if let Some(start) = parts.windows(2).position(is_list) {
        return items(parts.get(start + 2..).unwrap_or_default(), &key);
    }
    let mut facts = Facts::new();
    let mut add = |fact: Fact| facts.push((ObservedTime::Unknown, fact));
    match parts.as_slice() {
        [.., "omadm", "syncml", "odjapplied"] => add(Fact::BlobApplied),
        [.., "enrollments", id] => {
            let enrollment = MdmEnrollment {
                id: (*id).into(),
                provider: key.text("ProviderID").map(Into::into),
                kind: key.number("EnrollmentType"),
                state: key.number("EnrollmentState"),
                upn: key.text("UPN").map(Into::into),
                tenant_id: key.text("AADTenantID").map(Into::into),
            };
            if enrollment.provider.is_some() {
                add(Fact::Enrollment(enrollment));
            }
        }
        [.., "enrollments", id, "firstsync"] => add(Fact::FirstSync(first_sync(id, false, &key))),
        [.., "enrollments", id, "firstsync", user] if user.starts_with("s-1-") => {
            add(Fact::FirstSync(first_sync(id, true, &key)));
        }
        [.., "enterprisedesktopappmanagement", user, "msi", product] => add(Fact::App(TrackedApp::Msi {
            scope: if user.starts_with("s-0-") { AppScope::Device } else { AppScope::User },
            product: (*product).into(),
            state: key.number("Status"),
            error: key.number("LastError"),
            is_agent: key
                .text("CurrentDownloadUrl")
                .is_some_and(|url| url.to_ascii_lowercase().contains("intunewindowsagent.msi")),
        })),
        [.., "officecsp", id] => {
            add(Fact::App(TrackedApp::Office { id: (*id).into(), final_state: key.number("FinalStatus") }));
        }
        [.., "intunemanagementextension", "win32apps", _, id]
            if key.get("ExitCode").is_some() || key.get("EnforcementStateMessage").is_some() =>
        {
            add(Fact::App(win32_result(id, &key)));
        }
        [.., "policyproviders", name] => {
            add(Fact::RegistryKey(path.into()));
            add(Fact::App(TrackedApp::Provider {
                name: (*name).into(),
                state: key.number("InstallationState"),
                list_created: key.flag("TrackingPoliciesCreated"),
            }));
        }
        [.., "setup", "apps", "tracking", _, app] => add(Fact::App(TrackedApp::Win32 {
            scope: if parts.iter().any(|part| part.starts_with("s-1-")) {
                AppScope::User
            } else {
                AppScope::Device
            },
            id: app_id(app).into(),
            state: key.number("InstallationState"),
            needs_restart: key.flag("RebootRequired"),
        })),
        _ => {
            if path.contains(r"\grs")
                || path.contains("enrollmentstatustracking")
                || path.ends_with("rebootpending")
            {
                add(Fact::RegistryKey(path.into()));
            }
            return facts.into_iter().chain(values(path, key)).collect();
        }
    }
    facts
}

/// Returns the values of a key without a type, and the types of the others.
fn values(path: &str, key: Key<'_>) -> Facts {
    let mut facts = Facts::new();
    if !(KEPT.iter().any(|part| path.contains(part)) || path.ends_with(r"windows nt\currentversion")) {
        return facts;
    }
    for (name, data) in key.values {
        let text = data.text().unwrap_or_default();
        let typed = match name.to_ascii_lowercase().as_str() {
            "devicepreparationcategory.status" => category(EspPhase::DevicePreparation, text),
            "devicesetupcategory.status" => category(EspPhase::DeviceSetup, text),
            "accountsetupcategory.status" => category(EspPhase::AccountSetup, text),
            "policyjsoncache" => profile::parse(text).map(Fact::Profile),
            _ => None,
        };
        let fact = typed.unwrap_or_else(|| {
            Fact::Registry(RegistryValue { key: path.to_owned(), name: name.into(), data })
        });
        facts.push((ObservedTime::Unknown, fact));
    }
    facts
}

fn first_sync(id: &str, for_user: bool, key: &Key<'_>) -> FirstSync {
    let recorded = match key.get("Timestamp") {
        Some(RegistryData::Bytes(bytes)) => bytes.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes)),
        Some(RegistryData::Number(ticks)) => Some(*ticks),
        _ => None,
    };
    FirstSync {
        enrollment: id.into(),
        for_user,
        skips_device_page: key.flag("SkipDeviceStatusPage"),
        skips_user_page: key.flag("SkipUserStatusPage"),
        timeout_minutes: key.number("SyncFailureTimeout"),
        block_bits: key.number("BlockInStatusPage"),
        is_sync_done: key.flag("IsSyncDone"),
        is_server_done: key.flag("IsServerProvisioningDone"),
        recorded: recorded.and_then(evtx::filetime),
    }
}

fn win32_result(id: &str, key: &Key<'_>) -> TrackedApp {
    let state: Option<Value> =
        key.text("EnforcementStateMessage").and_then(|text| serde_json::from_str(text).ok());
    let number = |name: &str| {
        let value = state.as_ref()?.get(name)?;
        value.as_i64().and_then(|number| u32::try_from(number & 0xffff_ffff).ok())
    };
    TrackedApp::Win32Result {
        id: app_id(id).into(),
        exit_code: key.number("ExitCode"),
        enforcement: number("EnforcementState"),
        error: number("ErrorCode"),
    }
}

/// Returns the app id in `win32app_{id}_{revision}` or `{id}_{revision}`.
fn app_id(name: &str) -> &str {
    let name = name.strip_prefix("win32app_").unwrap_or(name);
    name.split('_').next().unwrap_or(name)
}

/// Reads the JSON of a phase.
fn category(phase: EspPhase, json: &str) -> Option<Fact> {
    let object: Map<String, Value> = serde_json::from_str(json.trim()).ok()?;
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(Into::into);
    let mut subcategories = Vec::new();
    for (name, value) in &object {
        if name.starts_with("category") {
            continue;
        }
        let name = name.rsplit('.').next().unwrap_or(name);
        let name = name.strip_suffix("Subcategory").unwrap_or(name);
        let (state, text) = match value {
            Value::Object(of) => {
                let part = |name: &str| of.get(name).and_then(Value::as_str);
                (part("subcategoryState"), part("subcategoryStatusText"))
            }
            Value::String(text) => (None, Some(text.as_str())),
            _ => continue,
        };
        subcategories.push(EspSubcategory {
            name: name.into(),
            state: state.map(Into::into),
            text: text.map(Into::into),
            code: text.and_then(number::first_code),
        });
    }
    Some(Fact::EspCategory(EspCategory {
        phase,
        state: text("categoryState"),
        text: text("categoryStatusText").or_else(|| text("categoryStatusMessage")),
        succeeded: object.get("categorySucceeded").and_then(Value::as_bool),
        subcategories,
    }))
}

/// Parses the items of one list at one time. The key is `list\time`, `list\s-1-…\time`, or with the user first.
fn items(path: &[&str], key: &Key<'_>) -> Facts {
    let Some(list) = path.iter().find(|part| part.starts_with("expected") || **part == "sidecar") else {
        return Facts::new();
    };
    let time = path.last().and_then(|name| item_time(name)).unwrap_or_default();
    let is_user = path.iter().any(|part| part.starts_with("s-1-"));
    let item = |(name, data): &(&str, RegistryData)| {
        let uri = percent_decode(name);
        let is_user = is_user || uri.to_ascii_lowercase().starts_with("./user");
        let item = TrackedItem {
            list: (*list).into(),
            scope: if is_user { AppScope::User } else { AppScope::Device },
            uri: uri.into(),
            state: data.number(),
        };
        (time, Fact::Item(item))
    };
    key.values.iter().filter(|(name, _)| !name.is_empty()).map(item).collect()
}

/// Parses the time in a key's name. Its zone is not documented: it stays local.
fn item_time(name: &str) -> Option<ObservedTime> {
    let name = name.trim().trim_end_matches(['z', 'Z']);
    let spelled = name.replacen(['t', ' '], "T", 1);
    spelled.parse::<DateTime>().ok().map(ObservedTime::Local)
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(), digit()) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
