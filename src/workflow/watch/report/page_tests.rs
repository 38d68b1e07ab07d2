//! Tests of the page of HTML, without a browser. Those in a browser are in `tests/browser/report.test.mjs`.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::DeploymentReport;
use super::pack::Packer;
use super::tests::{at, device, on_their_way, report};
use crate::foreign::is_plain;
use crate::model::{FindingKind, Severity};
use crate::workflow::watch::phase::DeploymentOutcome;

const MEGABYTES_2: usize = 2_000_000;
const MOST_NODES: usize = 3_000;

/// Returns the markup of a page without the content of its style and its scripts.
fn markup(html: &str) -> String {
    let mut rest = html;
    let mut out = String::new();
    for end in ["</style>", "</script>", "</script>"] {
        let start = end.replace("</", "<").replace('>', "");
        let (before, after) = rest.split_once(&start).unwrap();
        let (attributes, after) = after.split_once('>').unwrap();
        let (_, after) = after.split_once(end).unwrap();
        out += &format!("{before}{start}{attributes}>{end}");
        rest = after;
    }
    out + rest
}

/// Returns the number of elements and texts of a page, of those without scripts too.
fn nodes(html: &str) -> usize {
    let markup = markup(html);
    let parts = markup.split('<').skip(1);
    let elements = parts.clone().filter(|part| !part.starts_with(['/', '!'])).count();
    let texts =
        parts.filter(|part| part.split_once('>').is_some_and(|(_, text)| !text.trim().is_empty())).count();
    elements + texts
}

/// Returns the data of a page as the script reads it.
fn data(html: &str) -> Value {
    let (_, data) = html.split_once("id=\"data\">").unwrap();
    serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap()
}

/// Undoes what the packer does, as the script does.
fn unpack(data: &Value, value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_i64().unwrap() {
            time @ ..0 => {
                let seconds = data["earliest"].as_i64().unwrap() - time - 1;
                Timestamp::from_second(seconds).unwrap().to_string().into()
            }
            index => data["texts"][usize::try_from(index).unwrap()].clone(),
        },
        Value::Array(parts) => {
            let items = || parts[1..].iter().map(|item| unpack(data, item));
            match parts[0].as_i64().unwrap() {
                ..0 => parts[1].clone(),
                0 => items().collect(),
                number => {
                    let shape = data["shapes"][usize::try_from(number).unwrap() - 1].as_array().unwrap();
                    assert_eq!(shape.len(), items().count());
                    let name = |name: &Value| name.as_str().unwrap().to_owned();
                    shape.iter().map(name).zip(items()).collect::<Map<String, Value>>().into()
                }
            }
        }
        other => other.clone(),
    }
}

fn unpacked_devices(html: &str) -> Vec<Value> {
    let data = data(html);
    data["devices"].as_array().unwrap().iter().map(|device| unpack(&data, device)).collect()
}

/// Many devices: ids and facts as of a real tenant, and one in ten with a problem.
fn fleet(count: usize) -> DeploymentReport {
    let mut report = DeploymentReport::new(at(0));
    report.ended = at(600);
    let starts = [("registered", -600), ("profile_assigned", -90), ("enrolled", 10), ("device_setup", 30)];
    let ids = |n: usize, kind: u8| format!("{n:08x}-{kind:04x}-4{:03x}-9a5d-{:012x}", n % 4096, n * 7919);
    report.devices = (0..count)
        .map(|n| {
            let minute = i64::try_from(n % 300).unwrap();
            let mut starts: Vec<_> = starts.iter().map(|(phase, start)| (*phase, start + minute)).collect();
            let finding = format!("watch.problem-{}", n % 50);
            let (outcome, findings) = match n % 10 {
                0 => ("failed", vec![finding.as_str(), "watch.other"]),
                1 => ("in_progress", vec![]),
                _ => {
                    starts.extend([("account_setup", 60 + minute), ("ready", 75 + minute)]);
                    ("ready", vec![])
                }
            };
            let mut device = device(&format!("PF{n:06}"), outcome, &starts, &findings);
            device.id = ids(n, 0).parse().unwrap();
            for (start, part) in device.state.timeline.iter_mut().zip(1..) {
                start.at += jiff::SignedDuration::from_millis(i64::try_from(n).unwrap() * 7 % 59_999 * part);
            }
            let facts = json!({
                "computer_name": format!("MUC-{n:011}"), "manufacturer": "LENOVO", "model": "ThinkPad T14 Gen 5", "group_tag": "Munich",
                "profile": "Contoso hybrid", "profile_status": "assignedInSync", "user_assigned": false,
                "enrollment_state": "enrolled", "managed_device_id": ids(n, 1), "join_type": "hybridAzureADJoined",
                "anchor_id": ids(n, 2), "hybrid_id": ids(n, 3), "device_setup": "success", "account_setup": "success",
                "deployment": "success", "compliance_state": "compliant", "os_version": "10.0.26100.2314",
            });
            device.state.facts = serde_json::from_value(facts).unwrap();
            device
        })
        .collect();
    report
}

fn assert_small(report: &DeploymentReport) -> String {
    let html = report.to_html();
    assert!(html.len() <= MEGABYTES_2, "{} bytes", html.len());
    assert!(nodes(&html) <= MOST_NODES, "{} nodes", nodes(&html));
    html
}

#[test]
fn the_page_of_five_thousand_devices_has_two_megabytes_and_three_thousand_nodes_at_most() {
    let mut report = fleet(5_000);
    let finding = FindingKind::new("watch.source-unread", Severity::Warning, "", "grant it");
    report.findings = (0..20).map(|n| finding.at(format!("source {n}"), "403")).collect();
    let html = assert_small(&report);
    println!("{} bytes, {} nodes", html.len(), nodes(&html));
    let devices = unpacked_devices(&html);
    assert_eq!(devices.len(), 5_000);
    for (device, packed) in report.devices.iter().zip(&devices) {
        let name = device.name();
        assert_eq!(packed["serial_number"], name);
        assert_eq!(packed["outcome"], json!(device.state.outcome));
        let is_whole = packed["facts"]["hybrid_id"].is_string();
        assert_eq!(packed["cut"].as_bool().is_none(), is_whole, "{name}");
        assert!(is_whole || device.state.outcome == DeploymentOutcome::Ready, "{name} needs attention");
    }
    assert!(html.contains("Scripts are off: the page shows 500 of 5000 devices"));
    assert_eq!(html.matches("<li class=\"failed\" id=\"d").count(), 500, "those that need attention first");
}

#[test]
fn a_page_stays_small_whatever_the_devices_say() {
    let long = "Ein sehr langer Text, <b>zum Beispiel</b> \u{202e}rückwärts & \"weiter\" ".repeat(12);
    let mut report = fleet(5_000);
    for (n, device) in report.devices.iter_mut().enumerate() {
        let finding = FindingKind::new("watch.long", Severity::Error, "", "");
        let mut finding = finding.at(&long, format!("{n} {long}")).with_remedy(format!("{n} {long}"));
        finding.id = format!("watch.problem-{n}-{long}").into();
        device.state.findings = vec![finding; 3];
        device.state.outcome = DeploymentOutcome::Failed;
        device.serial_number = Some(format!("{n} {long}").as_str().into());
        device.state.facts.computer_name = Some(format!("{n} {long}").as_str().into());
        device.state.facts.group_tag = Some(format!("{n} {long}").as_str().into());
    }
    let html = assert_small(&report);
    assert_eq!(unpacked_devices(&html).len(), 5_000);
    // A text without a space or a plain letter needs the most room.
    for device in &mut report.devices {
        device.serial_number = Some("<&\u{202e}>'\u{e0041}".repeat(40).as_str().into());
        device.state.findings.truncate(1);
    }
    let html = assert_small(&report);
    assert_eq!(unpacked_devices(&html).len(), 5_000);
}

#[test]
fn the_page_of_two_hundred_devices_stays_small() {
    let size = assert_small(&fleet(200)).len();
    assert!(size < 250_000, "{size}");
}

#[test]
fn the_data_of_a_small_page_is_the_report() {
    for report in [report(), hostile(), on_their_way(), DeploymentReport::new(at(0))] {
        let html = report.to_html();
        let data = data(&html);
        let mut unpacked = unpack(&data, &data["head"]);
        unpacked["devices"] = unpacked_devices(&html).into();
        assert_eq!(serde_json::from_value::<DeploymentReport>(unpacked).unwrap(), report);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        Just("same".to_owned()),
        Just("2026-01-01T08:00:00Z".to_owned()),
        Just("0000-01-01T08:00:60Z".to_owned()),
        ".{0,30}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::hash_map("[ab]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_packed_can_be_unpacked(values in prop::collection::vec(any_json(), 1..4)) {
        let packer = Packer::new(&values);
        let tables: Value = serde_json::from_str(&format!("{{{}}}", packer.tables())).unwrap();
        for value in &values {
            let packed: Value = serde_json::from_str(&packer.pack(value)).unwrap();
            prop_assert_eq!(&unpack(&tables, &packed), value);
        }
    }
}

#[test]
fn every_device_has_a_mark_in_its_phase_that_leads_to_its_row() {
    let mut report = report();
    let page = report.to_html();
    for (index, device) in report.devices.iter().enumerate() {
        let mark = format!("href=\"#d{index}\" title=\"{}: ", device.name());
        assert_eq!(page.matches(&mark).count(), 1, "{}", device.name());
        assert_eq!(page.matches(&format!("id=\"d{index}\"")).count(), 1);
    }
    let cause = page.find("no connector</h3>").unwrap();
    assert!(cause < page.find("Where the devices are").unwrap(), "causes come first");
    let one = report.devices[0].clone();
    report.devices = vec![one; 650];
    assert!(report.to_html().contains("and 634 more"), "marks are capped and counted");
}

#[test]
fn all_problems_are_on_the_page_without_scripts() {
    let mut report = fleet(0);
    report.devices = (0..150)
        .map(|n| device(&format!("SN-{n}"), "failed", &[("enrolled", n)], &[&format!("watch.problem-{n}")]))
        .collect();
    report.findings = (0..60)
        .map(|n| FindingKind::new("watch.x", Severity::Error, "", "").at(format!("place {n}."), ""))
        .collect();
    let markup = markup(&assert_small(&report));
    for n in 0..150 {
        assert!(
            markup.contains(&format!(">problem {n}</h3>"))
                || markup.contains(&format!(" problem {n}: failed, 1 device")),
            "{n}"
        );
    }
    for n in 0..60 {
        assert!(
            markup.contains(&format!("<dd>place {n}.<")) || markup.contains(&format!("x: place {n}.")),
            "{n}"
        );
    }
}

#[test]
fn the_page_has_deadlines_with_their_source_earlier_enrollments_and_times_in_text() {
    let page = on_their_way().to_html();
    for text in [
        "SN-2 (MUC-SN-2): overdue at domain join, no connector, took 30 min. Phases: profile assigned (seen) 2026-01-01 08:00, \
         enrolled 08:12. Deadline 2026-01-01 08:37 UTC, by one observation of a device that waited 25 minutes for its domain \
         controller.</li>",
        "Deadline 2026-01-01 11:20 UTC. Earlier enrollment: ready until 2026-01-01 07:50 UTC. Earlier enrollment: failed at \
         domain join until 2026-01-01 06:20 UTC, no connector.</li>",
    ] {
        assert!(page.contains(text), "{page}");
    }
}

#[test]
fn the_page_asks_for_nothing_from_elsewhere_and_runs_its_own_script_alone() {
    let html = report().to_html();
    for sign in [
        "http:",
        "https:",
        "<link rel=\"style",
        "src=",
        "url(",
        "@import",
        "javascript:",
        "eval(",
        "innerHTML",
    ] {
        assert!(!html.contains(sign), "{sign}");
    }
    assert_eq!(html.matches("<script").count(), 2, "the data and the script");
    let (_, script) = html.split_once("<script>").unwrap();
    let (script, _) = script.split_once("</script>").unwrap();
    let digest = STANDARD.encode(hmac_sha256::Hash::hash(script.as_bytes()));
    assert!(html.contains(&format!("default-src 'none'; script-src 'sha256-{digest}'; connect-src 'self';")));
    assert!(!script.contains("<!--") && !script.contains('\r'), "the browser's parser changes such a script");
    assert!(html.contains("<main>") && html.contains("role=\"search\""));
}

#[test]
fn every_link_of_the_page_has_its_place() {
    for (report, expected) in [(report(), 6 + 4), (fleet(5_000), 0)] {
        let html = markup(&report.to_html());
        let links: Vec<&str> =
            html.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        // A mark for each of the six devices, the four that have a problem once more, and the way past both.
        assert!(expected == 0 || links.len() == expected + 1, "{links:?}");
        for link in links {
            assert_eq!(html.matches(&format!("id=\"{link}\"")).count(), 1, "{link}");
        }
    }
}

/// Serial numbers that try to leave their place.
const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><script>",
    "a|b\\|`c`*d*_e_[x](javascript:alert(1))",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{202e}drawkcab",
    "two\nlines\r\n| a | b |",
    "&lt;already&gt;",
];

fn hostile() -> DeploymentReport {
    let mut report = report();
    report.title = Some(HOSTILE[0].to_owned());
    report.devices.extend(HOSTILE.map(|name| {
        let mut device = device(name, "failed", &[("enrolled", 14)], &["watch.<b>x</b>"]);
        device.state.findings[0].remedy = name.to_owned().into();
        device.state.facts.group_tag = Some(name.into());
        device
    }));
    let finding = |name| FindingKind::new("watch.x", Severity::Error, "", name).at(name, name);
    report.findings = HOSTILE.map(finding).into();
    report
}

/// Returns the kinds of tags of a page.
fn tags(html: &str) -> Vec<&str> {
    let mut tags: Vec<&str> =
        html.split('<').skip(1).filter_map(|tag| tag.split([' ', '>', '/', '\n']).next()).collect();
    tags.sort_unstable();
    tags.dedup();
    tags
}

#[test]
fn hostile_text_stays_text() {
    let (html, harmless) = (hostile().to_html(), report().to_html());
    assert_eq!(tags(&html), tags(&harmless));
    assert_eq!(html.matches("<script").count(), 2, "the data and the script");
    for sign in ["<img", "onerror=alert(1)>", "' onmouseover", "<b>x"] {
        assert!(!html.contains(sign), "{sign}");
    }
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("&amp;lt;already&amp;gt;")
    );

    let markdown = hostile().to_markdown();
    for sign in ["<script", "<img", "[x](", "`c`", "*d*", "a|b"] {
        assert!(!markdown.contains(sign), "{sign} in {markdown}");
    }
    let rows = markdown.lines().filter(|line| line.starts_with("| ")).count();
    assert_eq!(rows, 2 + 4 + 1 + 2 + 6 + HOSTILE.len() - 1);

    for text in [&html, &markdown, &hostile().to_text()] {
        assert!(text.chars().all(|c| c == '\n' || is_plain(c)));
    }
}

/// Returns the colors of the style, of the light or of the dark page.
fn colors(style: &str, is_dark: bool) -> HashMap<&str, [f64; 3]> {
    let (light, dark) = style.split_once("@media").unwrap();
    let mut colors = HashMap::new();
    for part in [Some(light), is_dark.then(|| dark.split_once("\n}").unwrap().0)].into_iter().flatten() {
        for declaration in part.split(['{', ';', '}']) {
            let Some((name, color)) =
                declaration.trim().strip_prefix("--").and_then(|text| text.split_once(": #"))
            else {
                continue;
            };
            let digits = if color.len() == 3 {
                color.chars().flat_map(|c| [c, c]).collect()
            } else {
                color.to_owned()
            };
            let channel = |at: usize| {
                let value =
                    f64::from(u8::from_str_radix(digits.get(at..at + 2).unwrap(), 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            colors.insert(name, [channel(0), channel(2), channel(4)]);
        }
    }
    colors
}

#[test]
fn text_of_the_page_has_a_contrast_of_at_least_4_5() {
    let style = include_str!("style.css");
    let states = ["failed", "overdue", "in-progress", "ready"];
    let tints = states.map(|state| format!("{state}-soft"));
    for is_dark in [false, true] {
        let colors = colors(style, is_dark);
        let luminance = |name: &str| {
            let [red, green, blue] = colors[name];
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
            a.max(b) / a.min(b)
        };
        let grounds: Vec<&str> =
            ["page", "card"].into_iter().chain(tints.iter().map(String::as_str)).collect();
        for text in states.into_iter().chain(["ink", "soft"]) {
            for ground in &grounds {
                let is_foreign_tint =
                    states.contains(&text) && ground.ends_with("-soft") && !ground.starts_with(text);
                let contrast = contrast(text, ground);
                assert!(
                    is_foreign_tint || contrast >= 4.5,
                    "{text} on {ground}: {contrast:.2}, dark: {is_dark}"
                );
            }
        }
        for ground in ["page", "card"] {
            assert!(contrast("field", ground) >= 3.0, "the edge of a control on {ground}, dark: {is_dark}");
        }
    }
}
