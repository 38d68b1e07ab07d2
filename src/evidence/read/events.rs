//! Event records: those to keep, and their typed forms.

use super::connector;
use crate::evidence::event::{EventRecord, Level, Provider};
use crate::evidence::fact::Fact;
use crate::evidence::observation::ObservedTime;
use crate::evidence::side::Side;
use crate::evidence::sink::Sink;
use crate::evidence::source::{EventSource, SourceId, SourceKind, UnreadReason};

/// Reads a log to its end.
pub(in crate::evidence) fn read_events(
    side: Side,
    path: &str,
    events: &mut (impl EventSource + ?Sized),
    sink: &mut Sink,
) {
    let mut source: Option<SourceId> = None;
    let mut problems = Vec::new();
    while let Some(next) = events.next_event() {
        match next {
            Ok(record) => {
                let source = *source.get_or_insert_with(|| {
                    sink.source(side, SourceKind::EventLog(record.channel.clone()), path)
                });
                let (number, time) = (record.record, record.time);
                let fact = is_kept(&record).then(|| fact_of(record));
                sink.record(source, Some(number), time.map_or(ObservedTime::Unknown, Into::into), fact);
            }
            Err(problem) => {
                if let Some(source) = source {
                    sink.damaged(source);
                }
                if problems.is_empty() {
                    problems.push(problem);
                }
            }
        }
    }
    let Some(problem) = problems.pop() else {
        if source.is_none() {
            sink.unread(side, path, UnreadReason::Empty);
        }
        return;
    };
    match source {
        Some(source) => sink.cut(source, UnreadReason::Damaged(problem)),
        None => sink.unread(side, path, UnreadReason::Damaged(problem)),
    }
}

fn fact_of(record: EventRecord) -> Fact {
    connector::answer(&record).map_or_else(|| Fact::Event(record), Fact::ConnectorAnswer)
}

/// Returns `true` if a rule or the timeline needs the record. Others are only counted, for the period of their log.
pub(super) fn is_kept(record: &EventRecord) -> bool {
    let id = record.id;
    match &record.provider {
        Provider::DeviceManagement => matches!(
            id,
            52..=58 | 71 | 72 | 75..=85 | 90 | 91 | 94..=111 | 208 | 209 | 212 | 224 | 350..=361
                | 400 | 404 | 454 | 700 | 1905 | 1906 | 1920 | 1922 | 1924 | 1926 | 2300 | 2800
        ),
        // 100 comes by the hundred a minute and is harmless, as are 1005 and 1010.
        Provider::ModernDeployment => {
            matches!(id, 115..=117 | 153 | 154 | 160..=164 | 171 | 172 | 178..=185 | 192..=194
                | 200..=231 | 285..=321 | 400..=426 | 501..=509 | 702..=714 | 750..=753 | 800..=837 | 908)
        }
        Provider::Aad => {
            matches!(id, 1006 | 1007 | 1022 | 1081 | 1084 | 1088 | 1097 | 1098 | 1104 | 1144)
        }
        Provider::ShellCore => matches!(id, 62400..=62407),
        Provider::TimeService => matches!(id, 34..=37 | 47 | 50 | 52 | 129..=136),
        Provider::KernelGeneral => matches!(id, 1 | 12 | 13),
        Provider::KernelPower => matches!(id, 41 | 42 | 107 | 506 | 507),
        Provider::PowerTroubleshooter => id == 1,
        Provider::User32 => id == 1074,
        Provider::DnsClient => id == 1014,
        Provider::Netlogon => id == 5719,
        Provider::Lsa => matches!(id, 40960 | 40961),
        Provider::GroupPolicy => id == 1129,
        Provider::Kerberos => matches!(id, 4 | 7 | 14),
        Provider::ServiceControlManager => matches!(id, 7000 | 7009 | 7031 | 7038),
        Provider::AppLocker => matches!(id, 8004 | 8007),
        Provider::CodeIntegrity => id == 3077,
        Provider::UserDeviceRegistration
        | Provider::NetJoin
        | Provider::JoinProviderOnline
        | Provider::Connector
        | Provider::LegacyConnector => true,
        Provider::Provisioning => record.level.is_some_and(|level| level <= Level::Information),
        // The channel of the connector can have providers of other names.
        Provider::Other(_) => record.channel.to_ascii_lowercase().contains("odjconnector"),
    }
}
