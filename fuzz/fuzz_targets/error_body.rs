//! Bodies of refusals: no bytes cause a panic, the status alone decides the kind, and nothing shown is out of hand.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use windows_autopilot::ErrorKind;
use windows_autopilot::graph::ApiVersion;

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (choice, body) = input;
    let statuses = [400, 401, 403, 404, 409, 410, 412, 422, 424, 429, 500, 502, 503, 504, 302];
    let status = statuses[usize::from(choice) % statuses.len()];
    let world = common::world(move |_| common::answer(status, &body));
    let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/organization");
    let error = common::run(call.into_future()).unwrap_err();
    common::check(&error);
    assert!(error.to_string().len() < 100_000);
    match status {
        403 => assert_eq!(error.kind(), ErrorKind::Forbidden),
        404 => assert_eq!(error.kind(), ErrorKind::NotFound),
        429 => assert_eq!(error.kind(), ErrorKind::Throttled),
        500.. => assert_eq!(error.kind(), ErrorKind::Unavailable),
        _ => {}
    }
});
