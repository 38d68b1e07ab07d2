//! Cassettes: no text causes a panic, what is read is written and read the same, and what is recorded shows no secret.
#![no_main]

mod common;

use http::Request;
use libfuzzer_sys::fuzz_target;
use windows_autopilot::transport::{Cassette, Recorder, Replayer, Transport as _, transport_fn};

fuzz_target!(|text: &str| {
    if let Ok(cassette) = Cassette::from_json(text) {
        assert_eq!(Cassette::from_json(&cassette.to_json()).as_ref(), Ok(&cassette));
        let replayer = Replayer::new(cassette);
        for _ in 0..3 {
            let _ = common::run(replayer.send(Request::new(bytes::Bytes::new())));
        }
        let _ = replayer.unplayed();
    }
    // The same text as an answer, beside a secret, recorded and replayed.
    let mut body = serde_json::json!({"clientSecret": "fuzz canary", "id": text, "x": text, "userPrincipalName": "fuzz canary"});
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        body["nested"] = json;
    }
    let body = bytes::Bytes::from(body.to_string());
    let answered = body.clone();
    let recorder = Recorder::new(transport_fn(move |_| {
        let body = answered.clone();
        async move { Ok(http::Response::new(body)) }
    }));
    let request = || Request::post("https://h/v1.0/x?$top=5").body(body.clone()).unwrap();
    common::run(recorder.send(request())).unwrap();
    let file = recorder.cassette().to_json();
    if !text.contains("fuzz") {
        assert!(!file.contains("fuzz canary"), "{file}");
    }
    let replayer = Replayer::new(Cassette::from_json(&file).unwrap());
    common::run(replayer.send(request())).unwrap();
});
