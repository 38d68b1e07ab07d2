//! Reads offline files from any tool.

use std::time::Duration;

use serde_json::{Map, Value};

use super::findings::*;
use super::keys::*;
use super::{OfflineJoin, OfflineProfile, OfflineTenant, OobeFlags, correlation_id};
use crate::model::{Finding, FindingKind, InvalidValue, LanguageTag, Properties, Severity, TenantId, Text};

/// The profile in an offline file and the findings about the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfflineReport {
    /// The profile; `None` if one of the findings is an error.
    pub profile: Option<OfflineProfile>,
    /// The findings; each finding's place is a key in the file.
    pub findings: Vec<Finding>,
}

/// Reads an offline file. The findings report contradictions, anything that Windows ignores, and settings that a file
/// cannot contain.
///
/// ```
/// use windows_autopilot::offline;
/// let report = offline::read(b"\xEF\xBB\xBF{\"CloudAssignedOobeConfig\":28}");
/// assert_eq!(report.findings[0].id, "offline.encoding");
/// assert!(report.profile.is_none());
/// ```
pub fn read(file: &[u8]) -> OfflineReport {
    let mut check = Check::default();
    let profile = check.text_of(file).and_then(|text| {
        check.keys = check.object_of(&text)?;
        if is_cached(&check.keys) {
            let evidence = "the file is a device's copy of a downloaded profile, not a profile for a device";
            check.found(OFFLINE_CACHED_PROFILE, FILE, evidence);
            return None;
        }
        check.profile()
    });
    let failed = check.findings.iter().any(|finding| finding.severity == Severity::Error);
    OfflineReport { profile: profile.filter(|_| !failed), findings: check.findings }
}

pub(super) const FILE: &str = "file";

/// Returns `true` for keys that only a device's own copy of a profile has.
pub(super) fn is_cached(keys: &Map<String, Value>) -> bool {
    CACHED.iter().any(|key| keys.contains_key(*key))
}

/// The values read from a file, and the findings.
#[derive(Default)]
pub(super) struct Check {
    /// The keys that are not read yet.
    pub(super) keys: Map<String, Value>,
    pub(super) findings: Vec<Finding>,
}

impl Check {
    pub(super) fn found(&mut self, kind: FindingKind, place: &str, evidence: impl Into<String>) {
        self.findings.push(kind.at(place, evidence));
    }

    fn invalid(&mut self, kind: FindingKind, place: &str, error: &InvalidValue) {
        self.findings.push(kind.at(place, error.problem()).with_remedy(error.remedy().to_owned()));
    }

    fn wrong_type(&mut self, key: &str, evidence: impl Into<String>, remedy: &'static str) {
        self.findings.push(OFFLINE_WRONG_TYPE.at(key, evidence).with_remedy(remedy));
    }

    /// Decodes the text of a file, in any encoding.
    pub(super) fn text_of(&mut self, file: &[u8]) -> Option<String> {
        let utf16 = |body: &[u8], unit: fn([u8; 2]) -> u16| {
            let units: Vec<u16> = body.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
            String::from_utf16_lossy(&units)
        };
        let (text, encoding) = match file {
            [0xEF, 0xBB, 0xBF, body @ ..] => {
                (String::from_utf8_lossy(body).into_owned(), "UTF-8 with a byte order mark")
            }
            [0xFF, 0xFE, body @ ..] => (utf16(body, u16::from_le_bytes), "UTF-16"),
            [0xFE, 0xFF, body @ ..] => (utf16(body, u16::from_be_bytes), "UTF-16"),
            body => match std::str::from_utf8(body) {
                Ok(text) => (text.to_owned(), if text.is_ascii() { "" } else { "UTF-8" }),
                Err(_) => {
                    self.found(OFFLINE_ANSI, FILE, "the file is in ANSI, with letters beyond ASCII");
                    // Latin-1: keys and what Windows acts on are ASCII in any case.
                    (body.iter().map(|byte| char::from(*byte)).collect(), "")
                }
            },
        };
        if text.trim().is_empty() {
            self.found(OFFLINE_EMPTY, FILE, "the file is empty");
            return None;
        }
        if !encoding.is_empty() {
            self.found(OFFLINE_ENCODING, FILE, format!("the file is {encoding}"));
        }
        Some(text)
    }

    /// Parses the object in the file.
    fn object_of(&mut self, text: &str) -> Option<Map<String, Value>> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let (first, second) = (values.next()?, values.next());
        let (first, second) = match (first, second.transpose()) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(error), _) | (_, Err(error)) => {
                let evidence =
                    format!("the file is not JSON: line {}, column {}", error.line(), error.column());
                self.found(OFFLINE_NO_JSON, FILE, evidence);
                return None;
            }
        };
        let (object, more) = match first {
            Value::Object(object) => (Some(object), second.is_some()),
            Value::Array(list) => (None, list.len() > 1),
            _ => (None, false),
        };
        if more {
            self.found(OFFLINE_SEVERAL_PROFILES, FILE, "the file has more than one profile");
        } else if object.is_none() {
            self.found(OFFLINE_NO_OBJECT, FILE, "the file is not a JSON object");
        }
        object
    }

    fn profile(&mut self) -> Option<OfflineProfile> {
        self.spelling();
        let tenant = self.tenant();
        let correlation_id = self.required_text(CORRELATION_ID).and_then(|text| {
            if text.trim().is_empty() {
                self.found(OFFLINE_INVALID_ID, CORRELATION_ID, format!("{CORRELATION_ID} is empty"));
                return None;
            }
            correlation_id(&text)
                .map_err(|error| self.invalid(OFFLINE_INVALID_ID, CORRELATION_ID, &error))
                .ok()
        });
        let oobe_flags = self.oobe_flags();
        let join = self.join();
        let forced_enrollment =
            self.required_number(FORCED_ENROLLMENT).and_then(|n| self.yes(FORCED_ENROLLMENT, n));
        self.server_data(tenant.as_ref(), forced_enrollment);
        let (language, region) = (self.language(LANGUAGE), self.language(REGION));
        let version = self.number(VERSION);
        if version.is_some_and(|version| version != OfflineProfile::VERSION) {
            let evidence = format!("the version is not {}, which all tools write", OfflineProfile::VERSION);
            self.found(OFFLINE_VERSION, VERSION, evidence);
        }
        let comment = self.text(COMMENT).map(Text::from);
        let update_disabled = self.number(UPDATE_DISABLED).and_then(|n| self.yes(UPDATE_DISABLED, n));
        let update_timeout = self.number(UPDATE_TIMEOUT).map(Duration::from_millis);
        let other = Properties::from(std::mem::take(&mut self.keys));
        let unknown = |name: &&str| !KNOWN.iter().any(|known| known.eq_ignore_ascii_case(name));
        for name in other.names().filter(unknown) {
            self.findings.push(OFFLINE_UNKNOWN_KEY.at(name, "the key is not known"));
        }
        Some(OfflineProfile {
            comment,
            forced_enrollment: forced_enrollment?,
            language,
            region,
            autopilot_update_disabled: update_disabled,
            autopilot_update_timeout: update_timeout,
            version,
            other,
            tenant: tenant?,
            correlation_id: correlation_id?,
            oobe_flags: oobe_flags?,
            join: join?,
        })
    }

    /// Corrects the case of known keys.
    fn spelling(&mut self) {
        let names: Vec<String> = self.keys.keys().cloned().collect();
        for name in names {
            let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&name) && **known != name);
            if let Some(known) = known {
                let evidence = format!("the key {name:?} differs in case from the one that is known");
                self.findings
                    .push(OFFLINE_KEY_SPELLING.at(*known, evidence).with_remedy(format!("write {known}")));
            }
        }
    }

    fn tenant(&mut self) -> Option<OfflineTenant> {
        let mut parsed = |key| -> Option<TenantId> {
            let text = self.required_text(key)?;
            if text.trim().is_empty() {
                self.found(OFFLINE_INVALID_TENANT, key, format!("{key} is empty"));
                return None;
            }
            text.parse().map_err(|error| self.invalid(OFFLINE_INVALID_TENANT, key, &error)).ok()
        };
        let (id, domain) = (parsed(TENANT_ID), parsed(TENANT_DOMAIN));
        let (id, domain) = (id?, domain?);
        let place = if id.is_guid() { TENANT_DOMAIN } else { TENANT_ID };
        OfflineTenant::new(id, domain)
            .map_err(|error| self.invalid(OFFLINE_INVALID_TENANT, place, &error))
            .ok()
    }

    fn oobe_flags(&mut self) -> Option<OobeFlags> {
        let number = self.required_number(OOBE_CONFIG)?;
        let Ok(bits) = u32::try_from(number) else {
            self.wrong_type(OOBE_CONFIG, "the number is too large", "write a sum of the known bits");
            return None;
        };
        let flags = OobeFlags::from_bits(bits);
        let forbidden: OobeFlags = flags.iter().filter(|flag| flag.is_self_deploying()).collect();
        if forbidden != OobeFlags::default() {
            let evidence = format!("has {forbidden}, for self-deploying devices");
            self.found(OFFLINE_SELF_DEPLOYING, OOBE_CONFIG, evidence);
        }
        if flags.unknown_bits() != 0 {
            let evidence = format!("has bits that are not known: {:#x}", flags.unknown_bits());
            self.found(OFFLINE_UNKNOWN_BITS, OOBE_CONFIG, evidence);
        }
        Some(flags)
    }

    fn join(&mut self) -> Option<OfflineJoin> {
        let method = self.required_number(JOIN_METHOD);
        let skip = self.number(SKIP_CHECK).and_then(|number| self.yes(SKIP_CHECK, number));
        let device_name = self.text(DEVICE_NAME).filter(|name| !name.is_empty());
        match method? {
            1 => {
                if device_name.is_some() {
                    let evidence = "the file names the device, which a hybrid join does not allow";
                    self.found(OFFLINE_HYBRID_DEVICE_NAME, DEVICE_NAME, evidence);
                }
                Some(OfflineJoin::Hybrid { skip_connectivity_check: skip.unwrap_or_default() })
            }
            0 => {
                if skip == Some(true) {
                    let evidence =
                        "the check for a domain controller is skipped, but the device joins no domain";
                    self.found(OFFLINE_ENTRA_SKIP_CHECK, SKIP_CHECK, evidence);
                }
                let device_name = match device_name.map(|name| name.parse()) {
                    None => None,
                    Some(Ok(name)) => Some(name),
                    Some(Err(error)) => {
                        self.invalid(OFFLINE_INVALID_DEVICE_NAME, DEVICE_NAME, &error);
                        return None;
                    }
                };
                Some(OfflineJoin::Entra { device_name })
            }
            other => {
                let evidence = format!("the number is {other}");
                self.found(OFFLINE_JOIN_METHOD, JOIN_METHOD, evidence);
                None
            }
        }
    }

    /// Compares the JSON text inside the file with the values outside it.
    fn server_data(&mut self, tenant: Option<&OfflineTenant>, forced_enrollment: Option<bool>) {
        if self.keys.get(SERVER_DATA).is_some_and(Value::is_object) {
            self.keys.remove(SERVER_DATA);
            let evidence = "the value is an object, but must be text that contains one";
            self.found(OFFLINE_SERVER_DATA, SERVER_DATA, evidence);
            return;
        }
        let Some(text) = self.required_text(SERVER_DATA) else { return };
        let data = serde_json::from_str::<Value>(&text).ok();
        let Some(config) = data.as_ref().and_then(|data| data.get(ZERO_TOUCH)).and_then(Value::as_object)
        else {
            let evidence = format!("the text is not JSON with {ZERO_TOUCH}");
            self.found(OFFLINE_SERVER_DATA, SERVER_DATA, evidence);
            return;
        };
        let domain = config.get(TENANT_DOMAIN).and_then(Value::as_str).unwrap_or_default();
        if let Some(tenant) = tenant
            && !domain.eq_ignore_ascii_case(tenant.default_domain().as_str())
        {
            let evidence =
                format!("the domain in it is {domain:?}, and {:?} outside", tenant.default_domain().as_str());
            self.found(OFFLINE_SERVER_DATA_DOMAIN, SERVER_DATA, evidence);
        }
        let forced = config.get(INNER_FORCED_ENROLLMENT).and_then(Value::as_u64);
        if let Some(outside) = forced_enrollment
            && forced != Some(u64::from(outside))
        {
            let inside = forced.map_or("not there".to_owned(), |forced| forced.to_string());
            let evidence = format!("ForcedEnrollment in it is {inside}, and {} outside", u8::from(outside));
            self.found(OFFLINE_SERVER_DATA_FORCED, SERVER_DATA, evidence);
        }
        if config.get(TENANT_UPN).and_then(Value::as_str).is_some_and(|user| !user.is_empty()) {
            self.found(OFFLINE_ASSIGNED_USER, SERVER_DATA, "a user is named in it (not shown)");
        }
    }

    fn language(&mut self, key: &'static str) -> Option<LanguageTag> {
        let text = self.text(key)?;
        match text.parse() {
            Ok(tag) => Some(tag),
            Err(error) => {
                // Microsoft's own module writes it, so it does no harm.
                let severity = if text == "os-default" { Severity::Info } else { Severity::Warning };
                let evidence = format!("{text:?} {}", error.problem());
                self.findings.push(OFFLINE_LANGUAGE.at(key, evidence).with_severity(severity));
                None
            }
        }
    }

    pub(super) fn yes(&mut self, key: &'static str, number: u64) -> Option<bool> {
        if number > 1 {
            self.wrong_type(key, format!("the number is {number}"), "write 0 or 1");
            return None;
        }
        Some(number == 1)
    }

    fn required_text(&mut self, key: &'static str) -> Option<String> {
        self.required(key);
        self.text(key)
    }

    fn required_number(&mut self, key: &'static str) -> Option<u64> {
        self.required(key);
        self.number(key)
    }

    fn required(&mut self, key: &'static str) {
        if self.keys.get(key).is_none_or(Value::is_null) {
            self.found(OFFLINE_MISSING_KEY, key, "there is no value");
        }
    }

    /// Reads a key as text. A null value counts as a missing key.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.keys.remove(key)? {
            Value::String(text) => Some(text),
            Value::Null => None,
            other => {
                let remedy = match other {
                    Value::Bool(_) | Value::Number(_) => "write it in quotes",
                    _ => "write text in quotes, without braces and brackets",
                };
                self.wrong_type(key, "the value is not text", remedy);
                None
            }
        }
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<u64> {
        let value = self.keys.remove(key)?;
        if value.is_null() {
            return None;
        }
        let number = value.as_u64();
        if number.is_none() {
            let (evidence, remedy) = match &value {
                Value::Bool(true) => ("the value is true", "write 1"),
                Value::Bool(false) => ("the value is false", "write 0"),
                Value::String(text) if text.trim().parse::<u64>().is_ok() => {
                    ("the number is in quotes", "write it without quotes")
                }
                Value::String(_) => ("the value is text", "write a whole number without quotes"),
                Value::Number(number) if number.as_f64().is_some_and(|number| number < 0.0) => {
                    ("the number is below zero", "write a whole number, 0 or more")
                }
                Value::Number(_) => {
                    ("the number is not whole", "write a whole number, without a point and an exponent")
                }
                _ => ("the value is not a number", "write a whole number, without braces and brackets"),
            };
            self.wrong_type(key, evidence, remedy);
        }
        number
    }
}
