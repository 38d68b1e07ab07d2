//! Responses from the Intune Connector, which are JSON in the text of its events.

use serde_json::Value;

use crate::evidence::event::{EventRecord, Provider};
use crate::evidence::fact::{ConnectorAnswer, ConnectorOutcome};
use crate::evidence::number;
use crate::model::Text;

/// The events for a created blob and for a failure. Old pages misprint the second as 30312.
const CREATED: u32 = 30130;
const FAILED: u32 = 30132;

/// Parses the response in an event; `None` if it has none.
pub(super) fn answer(record: &EventRecord) -> Option<ConnectorAnswer> {
    let is_connector = matches!(record.provider, Provider::Connector | Provider::LegacyConnector)
        || record.channel.to_ascii_lowercase().contains("odjconnector");
    if !is_connector || !matches!(record.id, CREATED | FAILED) {
        return None;
    }
    // The text can have a head before its JSON.
    let json = record.fields.iter().find_map(|(_, value)| {
        let start = value.find('{')?;
        serde_json::from_str::<Value>(value.get(start..=value.rfind('}')?)?).ok()
    });
    let metric = json.as_ref().map(|json| json.get("Metric").unwrap_or(json));
    let dimensions = metric.map(|metric| metric.get("Dimensions").unwrap_or(metric));
    let value = |name: &str| {
        let of = dimensions?.as_object()?;
        of.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let text = |name: &str| -> Option<Text> {
        value(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Into::into)
    };
    let code = |name: &str| match value(name)? {
        Value::Number(number) => number.as_i64().and_then(|number| u32::try_from(number & 0xffff_ffff).ok()),
        Value::String(text) => number::code(text),
        _ => None,
    };
    let outcome = if record.id == CREATED {
        ConnectorOutcome::Created
    } else {
        let texts = [text("ErrorDescription"), text("DiagnosticText")];
        let texts: Vec<&str> = texts.iter().flatten().map(Text::as_str).collect();
        ConnectorOutcome::Failed {
            error: code("ErrorCode"),
            diagnostic: code("DiagnosticCode"),
            text: texts.join("; ").into(),
            retries: code("RetryCount"),
        }
    };
    Some(ConnectorAnswer {
        outcome,
        request_id: text("RequestId"),
        device_id: text("DeviceId"),
        domain_name: text("DomainName"),
        machine_name: text("MachineName"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_answers_are_read_with_their_codes() {
        let failed = EventRecord::new(Provider::Connector, 30132).with_field(
            "",
            r#"Intune says: {"Metric":{"Dimensions":{"RequestId":"r","DeviceId":"d","DomainName":"corp.contoso.com",
            "ErrorCode":"5","RetryCount":"1","ErrorDescription":"Access denied","InstanceId":"i",
            "DiagnosticCode":"0x00000800","DiagnosticText":"failed to call NetProvisionComputerAccount machineName=PC-1"},
            "Name":"RequestOfflineDomainJoinBlob_Failure","Value":0}}"#,
        );
        let answer = answer(&failed).unwrap();
        let ConnectorOutcome::Failed { error, diagnostic, text, retries } = &answer.outcome else { panic!() };
        assert_eq!((*error, *diagnostic, *retries), (Some(5), Some(0x800), Some(1)));
        assert!(text.as_str().contains("NetProvisionComputerAccount"));
        assert_eq!(
            (answer.device_id.as_deref(), answer.domain_name.as_deref()),
            (Some("d"), Some("corp.contoso.com"))
        );
        let created = EventRecord::new(Provider::LegacyConnector, 30130)
            .with_field("", r#"{"Metric":{"Dimensions":{"DeviceId":"d","MachineName":"PC-1","DiagnosticCode":"0x00000000"}}}"#);
        let created = super::answer(&created).unwrap();
        assert_eq!(
            (created.outcome, created.machine_name.as_deref()),
            (ConnectorOutcome::Created, Some("PC-1"))
        );
    }

    #[test]
    fn an_answer_without_readable_text_is_an_answer_all_the_same() {
        let record = EventRecord::new(Provider::Connector, 30132).with_field("", "{ cut off");
        let answer = answer(&record).unwrap();
        assert_eq!(answer.device_id, None);
        let ConnectorOutcome::Failed { error, .. } = answer.outcome else { panic!() };
        assert_eq!(error, None);
    }

    #[test]
    fn other_providers_with_the_same_id_are_no_connector() {
        assert_eq!(answer(&EventRecord::new(Provider::DeviceManagement, 30130)), None);
    }
}
