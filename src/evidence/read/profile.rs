//! The downloaded profile: `AutopilotDDSZTDFile.json`, and the offline file with the same fields.

use serde_json::{Map, Value};

use crate::evidence::fact::{CachedProfile, Fact};
use crate::evidence::number;
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{SourceKind, UnreadReason};

/// Reads the file.
pub(super) fn read(side: Side, path: &str, text: &str, sink: &mut Sink) {
    let Some(mut profile) = parse(text) else {
        return sink.unread(side, path, UnreadReason::Damaged("no JSON object with a profile".to_owned()));
    };
    profile.offline = path.to_lowercase().ends_with("autopilotconfigurationfile.json");
    let source = sink.source(side, SourceKind::Profile, path);
    let time = profile.downloaded.map_or(ObservedTime::Unknown, ObservedTime::from);
    sink.record(source, None, time, Some(Fact::Profile(profile)));
}

/// Parses a profile or the service's refusal; `None` if the text is neither.
pub(super) fn parse(text: &str) -> Option<CachedProfile> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let object = value.as_object()?;
    let of =
        |name: &str| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    let text = |name: &str| of(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |name: &str| of(name).and_then(as_number);
    let profile = CachedProfile {
        name: text("DeploymentProfileName").map(Into::into),
        domain_join_method: number("CloudAssignedDomainJoinMethod"),
        skips_connectivity_check: number("HybridJoinSkipDCConnectivityCheck").map(|skips| skips != 0),
        oobe_config: number("CloudAssignedOobeConfig"),
        mode: number("AutopilotMode"),
        device_name: text("CloudAssignedDeviceName").map(Into::into),
        has_assigned_user: of("CloudAssignedTenantUpn")
            .and_then(Value::as_str)
            .map(|upn| !upn.trim().is_empty()),
        tenant_id: text("CloudAssignedTenantId").map(Into::into),
        tenant_domain: text("CloudAssignedTenantDomain").map(Into::into),
        registration_id: text("ZtdRegistrationId").map(Into::into),
        device_id: text("AadDeviceId").map(Into::into),
        created: text("AutopilotCreationDate").and_then(|date| date.parse().ok()),
        downloaded: text("PolicyDownloadDate").and_then(|date| date.parse().ok()),
        error: number("ErrorCode").filter(|code| *code != 0),
        error_reason: text("ErrorReason").map(Into::into),
        offline: false,
    };
    let is_known = is_profile(object);
    is_known.then_some(profile)
}

fn is_profile(object: &Map<String, Value>) -> bool {
    let known = ["cloudassigned", "deploymentprofile", "errorcode", "policydownload", "autopilot", "ztd"];
    object.keys().any(|key| known.iter().any(|known| key.to_lowercase().starts_with(known)))
}

/// Parses a number that can be text or a truth value.
fn as_number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => {
            number.as_u64().and_then(|number| u32::try_from(number).ok()).or_else(|| {
                number.as_i64().and_then(|number| i32::try_from(number).ok()).map(i32::cast_unsigned)
            })
        }
        Value::String(text) => number::code(text),
        Value::Bool(flag) => Some(u32::from(*flag)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_read_with_numbers_as_text() {
        let profile = parse(
            r#"{"CloudAssignedDomainJoinMethod": "1", "HybridJoinSkipDCConnectivityCheck": 1,
            "CloudAssignedTenantUpn": "", "PolicyDownloadDate": "2026-07-01T08:00:00Z"}"#,
        )
        .unwrap();
        assert_eq!(profile.is_hybrid(), Some(true));
        assert_eq!(profile.skips_connectivity_check, Some(true));
        assert_eq!(profile.has_assigned_user, Some(false));
        assert_eq!(profile.downloaded.unwrap().to_string(), "2026-07-01T08:00:00Z");
        assert_eq!((profile.mode, profile.error), (None, None));
    }

    #[test]
    fn a_refusal_has_its_code_and_word() {
        let profile = parse(r#"{"ErrorCode":807,"ErrorReason":"ZtdDeviceIsNotRegistered"}"#).unwrap();
        assert_eq!(
            (profile.error, profile.error_reason.as_deref()),
            (Some(807), Some("ZtdDeviceIsNotRegistered"))
        );
        assert_eq!(profile.is_hybrid(), None);
    }

    #[test]
    fn other_json_is_no_profile() {
        for text in ["", "[]", "{}", r#"{"name": 1}"#, "{"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
