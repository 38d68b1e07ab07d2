//! Waits: no header causes a panic, a wait that is too long, or none at all.
#![no_main]

mod common;

use std::time::Duration;

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use windows_autopilot::ErrorKind;
use windows_autopilot::clock::Clock as _;
use windows_autopilot::graph::ApiVersion;

fuzz_target!(|input: (Vec<u8>, Option<Vec<u8>>, bool, Vec<u8>)| {
    let (wait, date, milliseconds, inner) = input;
    let (Ok(wait), Ok(date)) =
        (HeaderValue::from_bytes(&wait), date.map(|date| HeaderValue::from_bytes(&date)).transpose())
    else {
        return;
    };
    let world = common::world(move |before| {
        if before > 0 {
            return common::answer(200, b"{}");
        }
        let mut answer = common::answer(429, &inner);
        answer
            .headers_mut()
            .insert(if milliseconds { "retry-after-ms" } else { "retry-after" }, wait.clone());
        if let Some(date) = &date {
            answer.headers_mut().insert("date", date.clone());
        }
        answer
    });
    match common::run(world.client.get::<serde_json::Value>(ApiVersion::V1, "/x").into_future()) {
        Ok(_) => {
            let waited = world.clock.elapsed();
            // Half a second, jittered; five minutes are the most.
            assert!(waited >= Duration::from_millis(250) && waited <= Duration::from_secs(300), "{waited:?}");
        }
        Err(error) => {
            assert_eq!((error.kind(), world.clock.elapsed()), (ErrorKind::Throttled, Duration::ZERO));
            assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(299)));
        }
    }
});
