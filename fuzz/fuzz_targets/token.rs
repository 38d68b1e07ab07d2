//! Answers of the sign-in service: no bytes cause a panic, and nothing of a token is shown.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use windows_autopilot::ErrorKind;
use windows_autopilot::credential::{ClientSecret, DeviceCode};
use windows_autopilot::graph::ApiVersion;

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (choice, body) = input;
    let status = [200, 400, 401, 403, 429, 500][usize::from(choice) % 6];
    let client_id = "00001111-aaaa-2222-bbbb-3333cccc4444";
    let reply = {
        let body = body.clone();
        move |before: usize| {
            if before < 6 { common::answer(status, &body) } else { common::answer(200, b"{}") }
        }
    };
    let secret = ClientSecret::new("contoso.com".parse().unwrap(), client_id, "fuzz-canary-secret").unwrap();
    let world = common::world_of(secret, reply.clone());
    let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/x");
    if let Err(error) = common::run(call.into_future()) {
        common::check(&error);
        assert!(error.kind() != ErrorKind::UnknownOutcome);
    }
    let sent = world
        .sent
        .lock()
        .unwrap()
        .iter()
        .filter(|request| request.uri().host() == Some("login.microsoftonline.com"))
        .count();
    assert!(sent <= 10, "{sent}");
    let code =
        DeviceCode::new("contoso.com".parse().unwrap(), client_id, |prompt| drop(format!("{prompt:?}")))
            .unwrap();
    let world = common::world_of(code, reply);
    let call = world.client.get::<serde_json::Value>(ApiVersion::V1, "/x");
    let _ = common::run(call.into_future()).map_err(|error| common::check(&error));
});
