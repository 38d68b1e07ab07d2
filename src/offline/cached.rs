//! The profile that a device downloaded, in the device's own format.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::OobeFlags;
use super::findings::*;
use super::keys::*;
use super::read::{Check, FILE};
use crate::model::{Finding, Properties, Text};

/// A downloaded profile, from a device's `AutopilotDDSZTDFile.json` or `PolicyJsonCache`.
///
/// ```
/// use windows_autopilot::offline::{CachedJoin, CachedProfile};
/// let file = br#"{"CloudAssignedDomainJoinMethod": 1, "DeploymentProfileName": "Hybrid", "CloudAssignedOobeConfig": 286,
///     "CloudAssignedTenantId": "1537de22-988c-4e93-b8a5-83890f34a69b", "PolicyDownloadDate": "2026-03-01T08:00:00Z"}"#;
/// let report = CachedProfile::read(file);
/// let profile = report.profile.unwrap();
/// assert_eq!(profile.join, Some(CachedJoin::Hybrid));
/// assert_eq!(profile.profile_name.as_deref(), Some("Hybrid"));
/// assert!(report.findings.is_empty());
/// ```
///
/// Every property is an observation: `None` if the device does not have it. Personal names are not kept.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct CachedProfile {
    /// The tenant's id.
    pub tenant_id: Option<Text>,
    /// The tenant's default domain.
    pub tenant_domain: Option<Text>,
    /// The name of the deployment profile; an offline file has none.
    pub profile_name: Option<Text>,
    /// Whether the profile is assigned to the device through a group rather than by default.
    pub is_explicit_assignment: Option<bool>,
    /// The id of the registration.
    pub registration_id: Option<Text>,
    /// The `deviceId` of the object in Microsoft Entra ID.
    pub entra_device_id: Option<Text>,
    /// The id of the profile that an offline file names.
    pub correlation_id: Option<Text>,
    /// The id of the request, for Microsoft support.
    pub service_correlation_id: Option<Text>,
    /// The kind of join that the profile prescribes.
    pub join: Option<CachedJoin>,
    /// Whether the check for a domain controller is skipped.
    pub skip_connectivity_check: Option<bool>,
    /// The Windows setup options.
    pub oobe_flags: Option<OobeFlags>,
    /// Whether the user is prevented from setting up the device without the organization.
    pub forced_enrollment: Option<bool>,
    /// Whether a user was assigned in advance.
    pub has_assigned_user: Option<bool>,
    /// The id of the MDM application.
    pub mdm_id: Option<Text>,
    /// The language used during setup.
    pub language: Option<Text>,
    /// The region used during setup.
    pub region: Option<Text>,
    /// The device name template.
    pub device_name: Option<Text>,
    /// The number of the deployment mode; 0 is user-driven.
    pub mode: Option<u64>,
    /// The time of the download.
    pub downloaded: Option<Timestamp>,
    /// The time at which the cache was created.
    pub created: Option<Timestamp>,
    /// The service's reason for giving no profile.
    pub refusal: Option<CachedRefusal>,
    /// All other properties.
    pub other: Properties,
}

/// The type of join in a cached profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CachedJoin {
    /// Active Directory and Microsoft Entra.
    Hybrid,
    /// Microsoft Entra.
    Entra,
    /// A number without a known meaning.
    Unknown(u64),
}

/// The service's reason for not giving a device a profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CachedRefusal {
    /// The number, such as 807.
    pub code: Option<i64>,
    /// The name, such as `ZtdDeviceIsNotRegistered`.
    pub reason: Option<Text>,
}

/// A cached profile, and the findings about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CachedReport {
    /// The profile; `None` if the text is not a JSON object. A device with no assigned profile also has a cached one,
    /// but without a join type.
    pub profile: Option<CachedProfile>,
    /// The findings; each finding's place is a key in the JSON.
    pub findings: Vec<Finding>,
}

impl CachedProfile {
    /// Reads the text of `AutopilotDDSZTDFile.json` or of the `PolicyJsonCache` registry value. The text can also be
    /// quoted JSON, or lack the escapes that a registry export loses.
    pub fn read(file: &[u8]) -> CachedReport {
        let mut check = Check::default();
        let text = check.text_of(file);
        // Windows reads its own copy in any encoding.
        check.findings.retain(|finding| finding.is(&OFFLINE_EMPTY));
        let profile = text.and_then(|text| match object(&text) {
            Some(keys) => {
                check.keys = keys;
                Some(check.cached())
            }
            None => {
                check.found(OFFLINE_NO_JSON, FILE, "the text is not a JSON object");
                None
            }
        });
        CachedReport { profile, findings: check.findings }
    }

    /// Returns `true` if the device has a profile, from the service or an offline file.
    pub fn has_profile(&self) -> bool {
        let has = |text: &Option<Text>| text.as_deref().is_some_and(|text| !text.is_empty());
        self.refusal.is_none() && (has(&self.tenant_id) || has(&self.tenant_domain) || self.join.is_some())
    }
}

/// Parses the object in a text: plain, as quoted JSON text, or without its inner escapes.
fn object(text: &str) -> Option<Map<String, Value>> {
    let text = text.trim().trim_end_matches('\0').trim();
    match serde_json::from_str(text) {
        Ok(Value::Object(keys)) => return Some(keys),
        Ok(Value::String(inner)) => return serde_json::from_str(&inner).ok(),
        Ok(_) => return None,
        Err(_) => {}
    }
    // `"key":"{"inner":"…"}"`: the inner quotes lost their backslashes.
    let (mut repaired, mut rest) = (String::with_capacity(text.len() + 64), text);
    while let Some(start) = rest.find("\"{\"") {
        let (before, inner) = rest.split_at(start + 1);
        let end = inner.find("}\"")? + 1;
        let (inner, after) = inner.split_at(end);
        repaired.push_str(before);
        repaired.push_str(&inner.replace('"', "\\\""));
        rest = after;
    }
    repaired.push_str(rest);
    serde_json::from_str(&repaired).ok()
}

impl Check {
    fn cached(&mut self) -> CachedProfile {
        let server_data = self.keys.remove(SERVER_DATA);
        let upn = self.keys.remove(TENANT_UPN);
        let filled = |value: &Value| value.as_str().map(|text| !text.trim().is_empty());
        let inner = server_data.as_ref().and_then(Value::as_str).and_then(object);
        let inner_upn = inner
            .as_ref()
            .and_then(|data| data.get(ZERO_TOUCH))
            .and_then(|config| config.get(TENANT_UPN))
            .and_then(filled);
        let outer_upn = upn.as_ref().and_then(filled);
        let has_assigned_user = match (outer_upn, inner_upn) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (outer, inner) => outer.or(inner),
        };
        let refusal = self.refusal();
        let join = self.number(JOIN_METHOD).map(|method| match method {
            0 => CachedJoin::Entra,
            1 => CachedJoin::Hybrid,
            other => CachedJoin::Unknown(other),
        });
        let mut flag = |key| self.number(key).and_then(|number| self.yes(key, number));
        let (skip_connectivity_check, forced_enrollment) = (flag(SKIP_CHECK), flag(FORCED_ENROLLMENT));
        let oobe_flags =
            self.number(OOBE_CONFIG).and_then(|bits| u32::try_from(bits).ok()).map(OobeFlags::from_bits);
        let mode = self.number("AutopilotMode");
        let mut text = |key| self.text(key).filter(|text| !text.is_empty()).map(Text::from);
        let mut profile = CachedProfile {
            tenant_id: text(TENANT_ID),
            tenant_domain: text(TENANT_DOMAIN),
            profile_name: text("DeploymentProfileName"),
            registration_id: text("ZtdRegistrationId"),
            entra_device_id: text("AadDeviceId"),
            correlation_id: text(CORRELATION_ID),
            service_correlation_id: text("AutopilotServiceCorrelationId"),
            mdm_id: text("CloudAssignedMdmId"),
            language: text(LANGUAGE),
            region: text(REGION),
            device_name: text(DEVICE_NAME),
            join,
            skip_connectivity_check,
            oobe_flags,
            forced_enrollment,
            has_assigned_user,
            mode,
            refusal,
            ..CachedProfile::default()
        };
        let mut time = |key| self.text(key).and_then(|text| text.parse().ok());
        (profile.downloaded, profile.created) = (time("PolicyDownloadDate"), time("AutopilotCreationDate"));
        profile.is_explicit_assignment = match self.keys.remove("IsExplicitProfileAssignment") {
            Some(Value::Bool(value)) => Some(value),
            Some(Value::Number(number)) => number.as_u64().map(|number| number != 0),
            _ => None,
        };
        profile.other = Properties::from(std::mem::take(&mut self.keys));
        self.cached_findings(&profile);
        profile
    }

    fn refusal(&mut self) -> Option<CachedRefusal> {
        let (code, reason) = (self.keys.remove("ErrorCode"), self.keys.remove("ErrorReason"));
        let code =
            code.as_ref().and_then(|code| code.as_i64().or_else(|| code.as_str()?.trim().parse().ok()));
        let reason =
            reason.as_ref().and_then(Value::as_str).filter(|reason| !reason.is_empty()).map(Text::from);
        let is_error = code.is_some_and(|code| code != 0) || reason.is_some();
        is_error.then_some(CachedRefusal { code, reason })
    }

    fn cached_findings(&mut self, profile: &CachedProfile) {
        let number = |key: &str| profile.other.get(key).and_then(Value::as_u64);
        if number("CloudAssignedDeviceRegistration") == Some(2)
            || number("CloudAssignedEspEnabled") == Some(2)
        {
            let evidence = "Windows Autopilot device preparation sets the device up";
            self.found(CACHED_DEVICE_PREPARATION, "CloudAssignedDeviceRegistration", evidence);
        }
        if let Some(CachedRefusal { code, reason }) = &profile.refusal {
            let code = code.map_or(String::new(), |code| format!(" ({code})"));
            let reason = reason.as_deref().unwrap_or("an error without a name");
            self.found(CACHED_REFUSED, "ErrorCode", format!("the service returned {reason}{code}"));
            return;
        }
        if !profile.has_profile() {
            self.found(CACHED_NO_PROFILE, TENANT_ID, "no profile was assigned when the device asked for one");
            return;
        }
        match profile.join {
            Some(CachedJoin::Hybrid) if profile.device_name.is_some() => {
                self.found(
                    CACHED_DEVICE_NAME,
                    DEVICE_NAME,
                    "the profile names the device, which a hybrid join ignores",
                );
            }
            Some(CachedJoin::Hybrid) | None => {}
            Some(CachedJoin::Entra) => {
                self.found(CACHED_NOT_HYBRID, JOIN_METHOD, "the profile is for Microsoft Entra join");
            }
            Some(CachedJoin::Unknown(method)) => {
                self.found(
                    CACHED_NOT_HYBRID,
                    JOIN_METHOD,
                    format!("the join method is {method}, which is not known"),
                );
            }
        }
        if profile.has_assigned_user == Some(true) {
            self.found(CACHED_ASSIGNED_USER, TENANT_UPN, "a user is named in it (not shown)");
        }
        let is_self_deploying = |flags: OobeFlags| flags.iter().any(|flag| flag.is_self_deploying());
        if profile.mode == Some(1) || profile.oobe_flags.is_some_and(is_self_deploying) {
            self.found(CACHED_SELF_DEPLOYING, OOBE_CONFIG, "the profile is for a self-deploying device");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (CachedProfile, Vec<String>) {
        let report = CachedProfile::read(text.as_bytes());
        let ids = report.findings.iter().map(|finding| finding.id.to_string()).collect();
        (report.profile.unwrap_or_else(|| panic!("{text}: {:?}", report.findings)), ids)
    }

    #[test]
    fn a_registry_value_is_read_with_and_without_its_escapes() {
        let inner = r#"{\"ZeroTouchConfig\":{\"CloudAssignedTenantUpn\":\"adele@contoso.com\",\"ForcedEnrollment\":1}}"#;
        let whole = format!(
            r#"{{"CloudAssignedAadServerData":"{inner}","CloudAssignedDomainJoinMethod":1,"CloudAssignedTenantDomain":"contoso.com","ProfileAvailable":1}}"#
        );
        let quoted = serde_json::to_string(&whole).unwrap();
        for text in [whole.clone(), whole.replace("\\\"", "\""), quoted, format!("\u{feff}{whole}\0")] {
            let (profile, ids) = read(&text);
            assert_eq!(
                (profile.join, profile.has_assigned_user),
                (Some(CachedJoin::Hybrid), Some(true)),
                "{text}"
            );
            assert_eq!(ids, ["cached.assigned-user"]);
            assert!(!format!("{profile:?} {ids:?}").contains("adele"));
        }
    }

    #[test]
    fn what_a_device_has_instead_of_a_hybrid_profile_is_found() {
        for (text, expected) in [
            (r#"{"ErrorCode":807,"ErrorReason":"ZtdDeviceIsNotRegistered"}"#, vec!["cached.refused"]),
            (
                r#"{"AutopilotMode":0,"CloudAssignedTenantId":"","ProfileAvailable":0}"#,
                vec!["cached.no-profile"],
            ),
            (
                r#"{"CloudAssignedTenantDomain":"a.b","CloudAssignedDomainJoinMethod":0}"#,
                vec!["cached.not-hybrid"],
            ),
            (
                r#"{"CloudAssignedTenantDomain":"a.b","CloudAssignedDomainJoinMethod":1,"CloudAssignedDeviceName":"X"}"#,
                vec!["cached.device-name"],
            ),
            (
                r#"{"CloudAssignedTenantDomain":"a.b","CloudAssignedDomainJoinMethod":1,"CloudAssignedOobeConfig":96}"#,
                vec!["cached.self-deploying"],
            ),
            (
                r#"{"CloudAssignedDeviceRegistration":2,"CloudAssignedTenantId":"t"}"#,
                vec!["cached.device-preparation"],
            ),
        ] {
            assert_eq!(read(text).1, expected, "{text}");
        }
        for text in ["", "no json", "[]", "{\"a\":"] {
            assert!(CachedProfile::read(text.as_bytes()).profile.is_none(), "{text}");
        }
    }
}
