//! Answers to batches: no bytes cause a panic, every part has an outcome, and no write is sent twice that may have taken
//! effect.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use windows_autopilot::graph::ApiVersion;

fuzz_target!(|body: Vec<u8>| {
    let text = String::from_utf8_lossy(&body).into_owned();
    let world = common::world(move |_| common::answer(200, &body));
    let client = &world.client;
    common::run(async {
        let mut batch = client.batch();
        let read = batch.add(client.get::<serde_json::Value>(ApiVersion::V1, "/x"));
        let write = batch.add(client.post::<serde_json::Value>(ApiVersion::V1, "/y", &1));
        let mut answers = batch.await.unwrap();
        let _ = answers.take(read).map_err(|error| common::check(&error));
        let _ = answers.take(write).map_err(|error| common::check(&error));
    });
    if !text.contains("429") {
        let writes = world
            .sent
            .lock()
            .unwrap()
            .iter()
            .filter(|request| request.body().windows(4).any(|part| part == b"\"/y\""))
            .count();
        assert_eq!(writes, 1);
    }
});
