//! The chain, the timeline and the clocks.

use windows_autopilot::evidence::{EventRecord, LinkKind, LinkState, Options, Provider, Side, diagnose};
use windows_autopilot::jiff::Timestamp;
use windows_autopilot::sim::StoryEvent;

use crate::bundle::{Files, Part};
use crate::stories::{at, healthy, waiting};

#[test]
fn a_source_that_is_missing_is_not_collected_and_never_refuted() {
    let files = Files::of(&waiting().with(at(33), StoryEvent::JoinTimedOut)).without(Part::ConnectorLog);
    let verdict = diagnose(&files.in_memory().read(), &Options::default());
    assert_eq!(verdict.state(LinkKind::ConnectorAsked), LinkState::NotCollected, "{verdict}");
    assert_eq!(verdict.state(LinkKind::AccountCreated), LinkState::NotCollected);
    assert_eq!(verdict.state(LinkKind::BlobApplied), LinkState::Refuted);
    assert_eq!(verdict.cause(), None);
    let nothing = diagnose(&windows_autopilot::evidence::Evidence::default(), &Options::default());
    assert!(nothing.links().iter().all(|link| link.state == LinkState::NotCollected), "{nothing}");
}

#[test]
fn a_log_of_the_connector_that_does_not_cover_the_wait_proves_no_silence() {
    let files = Files::of(&waiting().with(at(33), StoryEvent::JoinTimedOut));
    // The log begins in the middle of the wait.
    let cut = files.clone().without_events(Part::ConnectorLog, |record| record.time.unwrap() < at(20));
    let verdict = diagnose(&cut.in_memory().read(), &Options::default());
    assert_eq!(verdict.cause(), None, "{verdict}");
    let whole = diagnose(&files.in_memory().read(), &Options::default());
    assert_eq!(whole.cause().unwrap().finding.id, "evidence.no-request");
}

#[test]
fn the_answer_to_another_device_is_none_to_this_one() {
    let json = r#"{"Metric":{"Dimensions":{"DeviceId":"99999999-9999-4999-8999-999999999999","DomainName":"corp.contoso.com",
        "ErrorCode":"5","DiagnosticCode":"0x00000800","DiagnosticText":"x"}}}"#;
    let other = EventRecord::new(Provider::Connector, 30132).with_field("", json);
    let files =
        Files::of(&waiting().with(at(33), StoryEvent::JoinTimedOut)).event(Part::ConnectorLog, at(7), other);
    let verdict = diagnose(&files.in_memory().read(), &Options::default());
    assert_eq!(verdict.cause().unwrap().finding.id, "evidence.no-request", "{verdict}");
    // Without the ids of the device the answer may be its own.
    let unknown = files.without(Part::Registry).without(Part::Profile);
    let verdict = diagnose(&unknown.in_memory().read(), &Options::default());
    assert_eq!(verdict.cause(), None, "{verdict}");
}

#[test]
fn only_the_last_deployment_in_a_log_counts() {
    let mut second = healthy();
    for fact in &mut second.facts {
        fact.at = Timestamp::from_second(fact.at.as_second() + 24 * 3600).unwrap();
    }
    let first = waiting().with(at(33), StoryEvent::JoinTimedOut);
    for fact in first.facts.into_iter().rev() {
        second.facts.insert(0, fact);
    }
    let verdict = diagnose(&Files::of(&second).in_memory().read(), &Options::default());
    assert_eq!(verdict.cause(), None, "{verdict}");
    assert_eq!(verdict.state(LinkKind::BlobApplied), LinkState::Proven);
}

#[test]
fn the_timeline_orders_known_times_and_leaves_the_others_apart() {
    let evidence = Files::of(&healthy()).without_zone().in_memory().read();
    let timeline = evidence.timeline();
    assert!(timeline.dated.len() > 10 && !timeline.undated.is_empty());
    assert!(timeline.dated.is_sorted_by_key(|proof| proof.time.unwrap()));
    let place = |text: &str| {
        timeline
            .dated
            .iter()
            .position(|proof| proof.text.unmasked() == text)
            .unwrap_or_else(|| panic!("{text}"))
    };
    let order = [
        "the profile was downloaded",
        "the enrollment succeeded",
        "the wait for the blob began",
        "the connector created a computer account",
        "the blob was applied",
        "a domain controller was reached",
        "the registration succeeded",
    ];
    assert!(order.map(place).is_sorted(), "{timeline:#?}");
    assert!(timeline.dated.iter().any(|proof| proof.side == Side::ConnectorServer));
    assert!(timeline.undated.iter().all(|proof| proof.time.is_none()));
}

#[test]
fn a_jump_of_the_clock_is_mended_if_the_log_has_both_times() {
    let jump = 3 * 3600;
    let later = |minute: i64| Timestamp::from_second(at(minute).as_second() + jump).unwrap();
    // Until minute 6 the clock was three hours slow.
    let mut story = waiting().with(at(7), StoryEvent::AccountCreated).with(at(8), StoryEvent::BlobApplied);
    for fact in &mut story.facts {
        if fact.at > at(6) || fact.event == StoryEvent::AccountCreated {
            fact.at = Timestamp::from_second(fact.at.as_second() + jump).unwrap();
        }
    }
    let step = EventRecord::new(Provider::KernelGeneral, 1)
        .with_field("OldTime", at(6).to_string())
        .with_field("NewTime", later(6).to_string());
    let evidence = Files::of(&story).event(Part::SystemLog, later(6), step).in_memory().read();
    assert_eq!(evidence.clock_steps().len(), 1);
    let timeline = evidence.timeline();
    let time =
        |text: &str| timeline.dated.iter().find(|proof| proof.text.unmasked() == text).unwrap().time.unwrap();
    assert_eq!(time("the enrollment succeeded"), later(5));
    assert_eq!(time("the blob was applied"), later(8));
    // The server has a clock of its own.
    assert_eq!(time("the connector created a computer account"), later(7));
}

#[test]
fn an_answer_by_a_clock_of_another_hour_is_an_answer_all_the_same() {
    let json = r#"{"Metric":{"Dimensions":{"DeviceId":"33333333-3333-4333-8333-333333333333","DomainName":"corp.contoso.com",
        "ErrorCode":"5","DiagnosticCode":"0x00000800","DiagnosticText":"x"}}}"#;
    let own = EventRecord::new(Provider::Connector, 30132).with_field("", json);
    // The clock of the device is an hour ahead, and no log says so.
    let early = Timestamp::from_second(at(7).as_second() - 3600).unwrap();
    let files =
        Files::of(&waiting().with(at(33), StoryEvent::JoinTimedOut)).event(Part::ConnectorLog, early, own);
    let verdict = diagnose(&files.in_memory().read(), &Options::default());
    assert!(verdict.findings().all(|finding| finding.id != "evidence.no-request"), "{verdict}");
}
