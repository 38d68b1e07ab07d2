//! Next links: none leads to another host, scheme or collection, and no circle is followed.
#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use windows_autopilot::graph::ApiVersion;

fuzz_target!(|links: (String, String)| {
    let (first, second) = links;
    let prefix = |link: &str| match link.strip_prefix('~') {
        Some(rest) => format!("https://graph.microsoft.com/v1.0/devices{rest}"),
        None => link.to_owned(),
    };
    let links = [prefix(&first), prefix(&second)];
    let world = common::world(move |before| {
        let body = serde_json::json!({"value": [before], "@odata.nextLink": links[before % 2]});
        common::answer(200, body.to_string().as_bytes())
    });
    let list = world.client.list::<u32>(ApiVersion::V1, "/devices").all();
    common::check(&common::run(list).unwrap_err());
    let sent = world.sent.lock().unwrap();
    assert!(sent.len() <= 3, "two links, each once");
    for request in sent.iter() {
        let uri = request.uri();
        assert_eq!(
            (uri.scheme_str(), uri.authority().map(|at| at.as_str())),
            (Some("https"), Some(common::HOST))
        );
        assert!(uri.path().starts_with("/v1.0/") && uri.path().to_lowercase().contains("devices"), "{uri}");
    }
});
