//! Pages: no bytes cause a panic or an endless list, and no request leaves for another host.
#![no_main]

mod common;

use futures_util::StreamExt as _;
use libfuzzer_sys::fuzz_target;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{Device, DirectoryDevice};

fuzz_target!(|body: Vec<u8>| {
    let reply = move |before: usize| match before {
        0..4 => common::answer(200, &body),
        _ => common::answer(200, b"{\"value\":[]}"),
    };
    let world = common::world(reply);
    let client = &world.client;
    common::run(async {
        let mut raw = client.list::<serde_json::Value>(ApiVersion::V1, "/devices").items();
        while let Some(item) = raw.next().await {
            let _ = item.map_err(|error| common::check(&error));
        }
    });
    world.sent.lock().unwrap().clear();
    common::run(async {
        let _ = client
            .list::<Device>(ApiVersion::V1, "/devices")
            .all()
            .await
            .map_err(|error| common::check(&error));
        let _ = client.list::<DirectoryDevice>(ApiVersion::V1, "/devices").all().await;
        let _ = client.groups().list().all().await;
        let _ = client.profiles().list().all().await;
    });
    assert!(world.sent.lock().unwrap().iter().all(|request| request.uri().host() == Some(common::HOST)));
});
