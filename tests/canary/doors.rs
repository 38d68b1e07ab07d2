//! 10,000 random hashes, tokens, secrets and names of people, each repeated at one of the doors through which foreign text
//! comes in: no output shows 8 characters in a row of one, or a whole shorter one.
//!
//! The seed is printed and always the same; `SEED=… cargo test --all-features --test canary doors` takes another one.

use std::collections::HashSet;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use windows_autopilot::clock::FakeClock;
use windows_autopilot::credential::{ClientSecret, FixedToken, TokenProvider};
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{DeviceToImport, Finding};
use windows_autopilot::pipeline::RetryConfig;
use windows_autopilot::sim::Tenant;
use windows_autopilot::transport::{Recorder, Transport, TransportError, TransportErrorKind, transport_fn};
use windows_autopilot::workflow::watch::Watch;
use windows_autopilot::workflow::{Import, ImportOptions, Journal, MemoryStore};
use windows_autopilot::{Client, Error};

use super::Shown;
use super::log::Log;

#[allow(dead_code, reason = "each test uses its part")]
#[path = "../support/echoes.rs"]
mod echoes;

use self::echoes::{Kind, page};

const APP: &str = "00001111-aaaa-2222-bbbb-3333cccc4444";
const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// A value as it is sent, and its part that must not be shown.
#[derive(Debug, Clone)]
struct Hidden {
    kind: Kind,
    sent: String,
    secret: String,
}

/// Values of these kinds at random, and what shows them.
struct Source {
    rng: fastrand::Rng,
    seed: u64,
    log: Log,
    given: usize,
}

impl Source {
    fn new(door: u64) -> Self {
        let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
        let seed: u64 = seed.unwrap_or(12);
        println!("SEED={seed}");
        Self { rng: fastrand::Rng::with_seed(seed ^ door), seed, log: Log::default(), given: 0 }
    }

    fn value(&mut self, kind: Kind) -> Hidden {
        loop {
            let (sent, secret) = echoes::value(&mut self.rng, kind);
            // A short one of letters alone may be a word of the crate's own.
            let is_word = secret.chars().count() < 8 && secret.chars().all(char::is_alphabetic);
            if !is_word {
                self.given += 1;
                return Hidden { kind, sent, secret };
            }
        }
    }

    fn values(&mut self, kinds: &[Kind]) -> Vec<Hidden> {
        kinds.iter().map(|kind| self.value(*kind)).collect()
    }

    /// A text that repeats one of the values.
    fn page(&mut self, values: &[Hidden]) -> String {
        let value = &values[self.rng.usize(..values.len())];
        page(&mut self.rng, &value.sent)
    }

    /// Texts that repeat each of the values.
    fn pages(&mut self, values: &[Hidden]) -> Vec<String> {
        values.iter().map(|value| page(&mut self.rng, &value.sent)).collect()
    }

    /// Texts with each of the values as a whole: nobody knows a piece of a value that was never sent.
    fn wholes(&mut self, values: &[Hidden]) -> Vec<String> {
        let rng = &mut self.rng;
        let mut text = |value: &str| {
            let column = rng.usize(4..100);
            match rng.u8(..5) {
                0 => value.to_owned(),
                1 => format!("Cannot convert the literal '{value}' to the expected type."),
                2 => format!("Cannot convert '{}' to it.", echoes::in_json(value, rng)),
                3 => echoes::wrapped(value, column, "\r\n"),
                _ => format!("<pre>{}</pre>", echoes::wrapped(value, column, "<br>")),
            }
        };
        values.iter().map(|value| text(&value.sent)).collect()
    }

    /// A status of a refusal or of a success, and a content type that may be wrong.
    fn head(&mut self) -> (u16, &'static str) {
        let status = [200, 400, 401, 403, 404, 409, 429, 500, 503][self.rng.usize(..9)];
        (status, ["application/json", "text/html; charset=utf-8", "text/plain"][self.rng.usize(..3)])
    }

    /// Asserts that nothing of the values is in what was shown and logged.
    fn check(&mut self, door: &str, values: &[Hidden], shown: &mut Shown) {
        let logged = std::mem::take(&mut *self.log.0.lock().unwrap());
        shown.0.push_str(&String::from_utf8(logged).unwrap());
        // An escaped value is shown as well.
        shown.0.push_str(&percent_decoded(&shown.0));
        let lower = shown.0.to_lowercase();
        let short = values.iter().find(|value| {
            let secret = value.secret.to_lowercase();
            secret.chars().count() < 8 && is_word_of(&lower, &secret)
        });
        let mut known: Vec<u64> =
            values.iter().flat_map(|value| pieces(&value.secret.to_lowercase(), |_| true)).collect();
        known.sort_unstable();
        let mut marks = vec![false; 1 << 16];
        known.iter().for_each(|piece| marks[mark(*piece)] = true);
        let is_known = |piece: &u64| marks[mark(*piece)] && known.binary_search(piece).is_ok();
        let found = pieces(&lower, |_| true).into_iter().find(is_known);
        let found = found.or_else(|| pieces(&lower, |c| !c.is_whitespace()).into_iter().find(is_known));
        let found = found.map(|piece| String::from_utf8_lossy(&piece.to_le_bytes()).into_owned());
        let found = found.or(short.map(|value| value.secret.to_lowercase()));
        let seed = self.seed;
        assert!(found.is_none(), "SEED={seed}: {door}: {found:?} of one of {values:?} in\n{}", shown.0);
        shown.0.clear();
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits =
            (*first == b'%').then(|| after.get(..2)).flatten().and_then(|two| std::str::from_utf8(two).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// All runs of 8 of the `counted` characters, each as a number.
fn pieces(text: &str, counted: fn(char) -> bool) -> Vec<u64> {
    let bytes = text.chars().filter(|c| counted(*c)).map(|c| u8::try_from(u32::from(c)).unwrap_or(u8::MAX));
    let mut piece = 0;
    let runs = bytes.map(|byte| {
        piece = piece >> 8 | u64::from(byte) << 56;
        piece
    });
    // The first seven are no whole runs.
    runs.skip(7).collect()
}

/// The place of a run among the marks.
fn mark(piece: u64) -> usize {
    usize::try_from(piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48).unwrap()
}

fn is_word_of(text: &str, word: &str) -> bool {
    let joins = |c: Option<char>, own: Option<char>| {
        c.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric)
    };
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !joins(before, word.chars().next()) && !joins(after, word.chars().next_back())
    })
}

/// Logs everything of this thread, spans too, until it is dropped.
fn logging(log: &Log) -> impl Sized + use<> {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(log.clone())
        .finish();
    let second = tracing::Dispatch::new(tracing_subscriber::registry());
    (second, tracing::subscriber::set_default(subscriber))
}

fn answer(status: u16, kind: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    Response::builder().status(status).header("content-type", kind).body(body.into()).unwrap()
}

fn client(credential: impl TokenProvider, transport: impl Transport) -> Client {
    Client::builder(credential)
        .with_transport(transport)
        .with_clock(FakeClock::new())
        .with_retry(RetryConfig::none())
        .build()
        .unwrap()
}

/// A client that is answered so, and the recorder beside it.
fn answered(
    credential: impl TokenProvider,
    reply: impl Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> (Client, Recorder) {
    let recorder = Recorder::new(transport_fn(move |request| std::future::ready(Ok(reply(&request)))));
    (client(credential, recorder.clone()), recorder)
}

fn take<T: Debug>(shown: &mut Shown, result: Result<T, Error>) {
    match result {
        Ok(value) => shown.debug(&value),
        Err(error) => show(shown, &error),
    }
}

fn show(shown: &mut Shown, error: &Error) {
    shown.error(error);
    writeln!(shown.0, "{error:#} {:?} {:?}", error.remedy(), error.endpoint()).unwrap();
    let ids = [error.request_id(), error.client_request_id(), error.date(), error.diagnostic()];
    writeln!(shown.0, "{ids:?}").unwrap();
}

fn recorded(shown: &mut Shown, recorder: &Recorder) {
    writeln!(shown.0, "{}", recorder.cassette().to_json()).unwrap();
    shown.debug(recorder);
}

/// A path of a person, and a body with the other values.
fn request_of(values: &[Hidden]) -> (String, Value) {
    let mut body = json!({"serialNumber": "PF-1"});
    let mut path = "/devices".to_owned();
    for Hidden { kind, sent, .. } in values {
        match kind {
            Kind::Hash => body["hardwareIdentifier"] = json!(sent),
            Kind::Secret => body["passwordProfile"] = json!({"password": sent}),
            Kind::Person => {
                body["assignedUserPrincipalName"] = json!(sent);
                let name: String = sent.bytes().map(|byte| format!("%{byte:02X}")).collect();
                path =
                    format!("/users/{name}/devices?$filter=mail%20eq%20'{}'", name.replace("%27", "%27%27"));
            }
            Kind::Token => {}
        }
    }
    (path, body)
}

const ALL: [Kind; 4] = [Kind::Hash, Kind::Token, Kind::Secret, Kind::Person];

#[tokio::test]
async fn an_exchange_shows_nothing_of_what_it_carried() {
    let mut source = Source::new(1);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for _ in 0..600 {
        let values = source.values(&ALL);
        let (path, body) = request_of(&values);
        let (status, kind) = source.head();
        let text = source.page(&values);
        let header = source.page(&values);
        let (client, recorder) = answered(FixedToken::new(values[1].sent.as_str()), move |_| {
            let mut answer = answer(status, kind, text.clone());
            for name in ["request-id", "x-ms-ags-diagnostic", "www-authenticate", "location", "retry-after"] {
                if let Ok(value) = header.parse() {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        });
        let call = client.post::<u32>(ApiVersion::V1, &path, &body);
        shown.debug(&call);
        take(&mut shown, call.await);
        recorded(&mut shown, &recorder);
        source.check("exchange", &values, &mut shown);
    }
    assert_eq!(source.given, 2_400);
}

#[tokio::test]
async fn a_failed_or_redirected_exchange_shows_nothing_of_what_it_carried() {
    let mut source = Source::new(2);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for round in 0..250 {
        let values = source.values(&ALL);
        let (path, body) = request_of(&values);
        let text = source.page(&values);
        let token = FixedToken::new(values[1].sent.as_str());
        let client = if round % 2 == 0 {
            client(
                token,
                transport_fn(move |_| {
                    let error = TransportError::new(TransportErrorKind::Other, text.clone())
                        .with_source(text.clone());
                    std::future::ready(Err(error))
                }),
            )
        } else {
            let place: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            answered(token, move |_| {
                let mut answer = answer(302, "text/html", "");
                let place = format!("https://proxy.example/{place}?user={place}");
                answer.headers_mut().insert("location", place.parse().unwrap());
                answer
            })
            .0
        };
        take(&mut shown, client.post::<u32>(ApiVersion::V1, &path, &body).await);
        source.check("failure or redirect", &values, &mut shown);
    }
    assert_eq!(source.given, 1_000);
}

#[tokio::test]
async fn the_parts_of_a_batch_show_nothing_of_what_it_carried() {
    let mut source = Source::new(3);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for _ in 0..100 {
        // Each part repeats its own values, and the odd ones those of another.
        let token = source.value(Kind::Token);
        let parts: Vec<Vec<Hidden>> =
            (0..5).map(|_| source.values(&[Kind::Hash, Kind::Secret, Kind::Person])).collect();
        let mut answers = Vec::new();
        for (id, values) in parts.iter().enumerate() {
            let (status, kind) = source.head();
            let (text, header) = (source.page(values), source.page(std::slice::from_ref(&token)));
            let body = match source.rng.u8(..3) {
                0 => json!({"error": {"code": text, "message": text, "innerError": {"request-id": header}}}),
                1 => json!(text),
                _ => json!({"error": {"code": "BadRequest", "message": text}}),
            };
            let id = if source.rng.u8(..8) == 0 { text.clone() } else { id.to_string() };
            let status = if source.rng.u8(..8) == 0 { json!(header) } else { json!(status) };
            let headers = json!({"content-type": kind, "request-id": header, "x-ms-ags-diagnostic": text});
            answers.push(json!({"id": id, "status": status, "headers": headers, "body": body}));
        }
        let (client, recorder) = answered(FixedToken::new(token.sent.as_str()), move |request| {
            // Of the parts that were sent, the odd ones among them.
            let sent: Value = serde_json::from_slice(request.body()).unwrap();
            let ids = sent["requests"].as_array().unwrap().iter().map(|part| part["id"].as_str().unwrap());
            let answers: Vec<&Value> = ids.map(|id| &answers[id.parse::<usize>().unwrap()]).collect();
            answer(200, "application/json", json!({"responses": answers}).to_string())
        });
        let mut batch = client.batch();
        let slots: Vec<_> = parts
            .iter()
            .map(|values| {
                let (path, body) = request_of(values);
                batch.add(client.post::<u32>(ApiVersion::V1, &path, &body))
            })
            .collect();
        shown.debug(&batch);
        match batch.await {
            Err(error) => show(&mut shown, &error),
            Ok(mut answers) => {
                shown.debug(&answers);
                slots.into_iter().for_each(|slot| take(&mut shown, answers.take(slot)));
            }
        }
        recorded(&mut shown, &recorder);
        let mut values = parts.concat();
        values.push(token);
        source.check("batch", &values, &mut shown);
    }
    assert_eq!(source.given, 1_600);
}

#[tokio::test]
async fn a_sign_in_shows_nothing_of_its_secret() {
    let mut source = Source::new(4);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for _ in 0..500 {
        let values = source.values(&[Kind::Secret, Kind::Token]);
        let (status, kind) = source.head();
        let text = source.page(&values[..1]);
        let body = match source.rng.u8(..4) {
            0 => json!({"error": "invalid_client", "error_description": text, "error_uri": text}).to_string(),
            1 => json!({"error": text, "error_codes": [7_000_215]}).to_string(),
            2 => json!({"access_token": values[1].sent, "token_type": text, "expires_in": 3_600}).to_string(),
            _ => text,
        };
        let graph = source.page(&values[1..]);
        let credential = ClientSecret::new(TENANT.parse().unwrap(), APP, values[0].sent.as_str()).unwrap();
        shown.debug(&credential);
        let (client, recorder) = answered(credential, move |request| {
            match request.uri().host() == Some("login.microsoftonline.com") {
                true => answer(status, kind, body.clone()),
                false => answer(403, "text/html", graph.clone()),
            }
        });
        take(&mut shown, client.get::<u32>(ApiVersion::V1, "/devices").await);
        recorded(&mut shown, &recorder);
        source.check("sign-in", &values, &mut shown);
    }
    assert_eq!(source.given, 1_000);
}

/// A list whose items and link repeat a text.
fn list_of(text: &str, link: &str) -> String {
    let items = json!([{"id": text, "accountEnabled": text}, text, {"id": 7}]);
    json!({"value": items, "@odata.nextLink": link}).to_string()
}

#[tokio::test]
async fn a_link_an_item_and_a_membership_show_nothing_of_what_their_request_carried() {
    let mut source = Source::new(5);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for _ in 0..400 {
        let values = source.values(&[Kind::Person, Kind::Token]);
        let (path, _) = request_of(&values);
        let texts = source.pages(&values);
        let encoded: String = texts[1].bytes().map(|byte| format!("%{byte:02X}")).collect();
        let link = match source.rng.u8(..5) {
            0 => format!("https://evil.example/v1.0/users/{}", texts[1]),
            1 => format!("https://graph.microsoft.com/v1.0/users/{encoded}/x"),
            2 => format!("https://{}@graph.microsoft.com/v1.0/devices", values[1].sent),
            3 => texts[1].clone(),
            _ => format!("http://graph.microsoft.com/v1.0/devices?$skiptoken={}", texts[1]),
        };
        let person = list_of(&texts[0], &link);
        let of_token = list_of(&texts[1], &link);
        let (status, kind) = source.head();
        let status = if status == 200 { 400 } else { status };
        let refusal = texts[1].clone();
        let (client, recorder) = answered(FixedToken::new(values[1].sent.as_str()), move |request| {
            match request.method() == http::Method::GET && !request.uri().path().contains("/members") {
                true if request.uri().path() == "/v1.0/devices" => {
                    answer(200, "application/json", of_token.clone())
                }
                true => answer(200, "application/json", person.clone()),
                false => answer(status, kind, refusal.clone()),
            }
        });
        let mut items = client.list::<u32>(ApiVersion::V1, &path).items();
        while let Some(Err(error)) = futures_util::StreamExt::next(&mut items).await {
            show(&mut shown, &error);
        }
        recorded(&mut shown, &recorder);
        source.check("link", &values, &mut shown);
        // The requests that follow carry the token alone.
        let mut items = client.directory_devices().list().items();
        while let Some(Err(error)) = futures_util::StreamExt::next(&mut items).await {
            show(&mut shown, &error);
        }
        let (group, member) =
            ("11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222");
        let added = client.groups().add_member(&group.parse().unwrap(), &member.parse().unwrap()).await;
        take(&mut shown, added);
        source.check("membership", &values[1..], &mut shown);
    }
    assert_eq!(source.given, 800);
}

#[tokio::test]
async fn an_import_shows_nothing_of_its_devices() {
    let mut source = Source::new(6);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for _ in 0..60 {
        let token = source.value(Kind::Token);
        let mut devices = Vec::new();
        let mut values = vec![token.clone()];
        for n in 0..10 {
            let hash = source.value(Kind::Hash);
            let person = loop {
                let person = source.value(Kind::Person);
                if person.sent.contains('@')
                    && person.sent.parse::<windows_autopilot::model::UserPrincipalName>().is_ok()
                {
                    break person;
                }
                source.given -= 1;
            };
            let secret = source.value(Kind::Secret);
            // Hashes of any length are padded anew.
            let hash =
                Hidden { sent: hash.sent.replace("==", ""), secret: hash.secret.replace("==", ""), ..hash };
            let device = DeviceToImport::new(format!("PF-{n}").parse().unwrap(), hash.sent.parse().unwrap())
                .with_assigned_user_principal_name(person.sent.parse().unwrap())
                .with_product_key(secret.sent.as_str());
            devices.push(device);
            values.extend([hash, person, secret]);
        }
        // The record of a device repeats what was sent of it.
        let texts: Vec<String> = values[1..]
            .chunks(3)
            .flat_map(|own| [source.page(own), source.page(own), source.page(own)])
            .collect();
        let refused = source.rng.u8(..3) == 0;
        let (status, kind) = source.head();
        let state: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (client, _) = answered(FixedToken::new(token.sent.as_str()), move |request| {
            records(request, &state, &texts, refused.then_some((status, kind)))
        });
        let store = MemoryStore::default();
        let import = || {
            let import = Import::new(&client, devices.clone())
                .with_journal(Journal::from_store(store.clone()))
                .with_options(ImportOptions::default().with_chunk_size(4));
            let errors: HashSet<String> = import_errors(&client, &devices).into_iter().collect();
            errors.into_iter().fold(import, Import::with_waived)
        };
        shown.debug(&import());
        let preview = import().dry_run().unwrap();
        findings(&mut shown, &preview.findings);
        shown.debug(&preview);
        let unwaived = Import::new(&client, devices.clone());
        take(&mut shown, unwaived.start().await);
        let mut run = import().start();
        while let Some(event) = futures_util::StreamExt::next(&mut run).await {
            shown.debug(&event);
            writeln!(shown.0, "{}", serde_json::to_string(&event).unwrap()).unwrap();
        }
        match run.await {
            Err(error) => show(&mut shown, &error),
            Ok(report) => {
                shown.debug(&report);
                findings(&mut shown, &report.findings());
                let json = serde_json::to_string(&report).unwrap();
                writeln!(
                    shown.0,
                    "{json} {:?}",
                    report.devices.iter().map(|one| one.outcome.to_string()).collect::<Vec<_>>()
                )
                .unwrap();
            }
        }
        shown.0.push_str(&store.text());
        source.check("import", &values, &mut shown);
    }
    assert_eq!(source.given, 1_860);
}

fn import_errors(client: &Client, devices: &[DeviceToImport]) -> Vec<String> {
    let preview = Import::new(client, devices.to_vec()).dry_run().unwrap();
    preview.findings.into_iter().filter(Finding::is_error).map(|finding| finding.id.into_owned()).collect()
}

fn findings(shown: &mut Shown, findings: &[Finding]) {
    for finding in findings {
        writeln!(shown.0, "{finding} {finding:?} {}", serde_json::to_string(finding).unwrap()).unwrap();
    }
}

/// The number of a device, by its serial number: chunks are sent in any order.
fn number_of(device: &Value) -> usize {
    device["serialNumber"].as_str().unwrap()[3..].parse().unwrap()
}

/// Answers an import as the service does, with texts that repeat what was sent in every place that has text.
fn records(
    request: &Request<Bytes>,
    state: &Mutex<Vec<Value>>,
    texts: &[String],
    refused: Option<(u16, &'static str)>,
) -> Response<Bytes> {
    let mut state = state.lock().unwrap();
    let record = |n: usize, device: &Value| {
        let text = |of: usize| texts[number_of(device) * 3 + of].as_str();
        json!({
            "id": format!("record-{n}"), "serialNumber": device["serialNumber"], "importId": device["importId"],
            "hardwareIdentifier": null, "groupTag": null,
            "state": {
                "deviceImportStatus": if n.is_multiple_of(3) { text(1) } else { "error" }, "deviceErrorCode": 806,
                "deviceErrorName": text(2), "deviceRegistrationId": "",
            },
        })
    };
    let path = request.uri().path().to_owned();
    if path.ends_with("/import") {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let devices = body["importedWindowsAutopilotDeviceIdentities"].as_array().unwrap();
        if let Some((status, kind)) = refused.filter(|(status, _)| *status != 200) {
            return answer(status, kind, texts[number_of(&devices[0]) * 3].clone());
        }
        let mut made = Vec::new();
        for device in devices {
            let record = record(state.len(), device);
            made.push(record.clone());
            state.push(record);
        }
        return answer(200, "application/json", json!({"value": made}).to_string());
    }
    if path.ends_with("/$batch") {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let parts: Vec<Value> = body["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|part| {
                let url = part["url"].as_str().unwrap();
                let found = state.iter().find(|record| url.ends_with(record["id"].as_str().unwrap()));
                match (part["method"].as_str(), found) {
                    (Some("GET"), Some(record)) => {
                        json!({"id": part["id"], "status": 200, "headers": {"content-type": "application/json"}, "body": record})
                    }
                    _ => json!({"id": part["id"], "status": 400, "body": {"error": {"code": "x", "message": "y"}}}),
                }
            })
            .collect();
        return answer(200, "application/json", json!({"responses": parts}).to_string());
    }
    match path.ends_with("/importedWindowsAutopilotDeviceIdentities") {
        true => answer(200, "application/json", json!({"value": *state}).to_string()),
        false => answer(403, "text/html", "no"),
    }
}

/// The kinds that are known by their look, since no request of a watch carries them.
const SEEN: [Kind; 2] = [Kind::Hash, Kind::Token];

#[tokio::test]
async fn a_watch_shows_nothing_of_what_services_repeat_on_any_page() {
    let mut source = Source::new(7);
    let _guard = logging(&source.log);
    let mut shown = Shown::default();
    for round in 0..67 {
        let token = source.value(Kind::Token);
        let values = source.values(&[SEEN[round % 2]; 19]);
        let clock = FakeClock::new();
        let tenant = Tenant::builder().with_clock(Arc::new(clock.clone())).build();
        let ids: Vec<_> = (0..4)
            .map(|n| {
                tenant.add_device(&format!("SN-{n}")).parse::<windows_autopilot::model::Id<_>>().unwrap()
            })
            .collect();
        for n in 0..3 {
            tenant.power_on(&format!("SN-{n}"));
        }
        clock.advance(std::time::Duration::from_secs(3_600));
        let texts = source.wholes(&values);
        let own = source.page(std::slice::from_ref(&token));
        let fails = source.rng.u8(..4) == 0;
        let count = std::sync::atomic::AtomicUsize::new(0);
        let service = tenant.clone();
        let transport = transport_fn(move |request: Request<Bytes>| {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (service, texts, own) = (service.clone(), texts.clone(), own.clone());
            async move {
                if fails && n % 3 == 2 {
                    return Ok(answer(403, "text/html", own));
                }
                let answer = service.send(request).await?;
                let (parts, body) = answer.into_parts();
                let body = match serde_json::from_slice::<Value>(&body) {
                    Ok(mut json) => {
                        let mut next = n;
                        spoil(&mut json, &texts, &mut next);
                        json.to_string().into()
                    }
                    Err(_) => body,
                };
                Ok(Response::from_parts(parts, body))
            }
        });
        let client = Client::builder(FixedToken::new(token.sent.as_str()))
            .with_transport(transport)
            .with_clock(clock)
            .with_retry(RetryConfig::none())
            .build()
            .unwrap();
        match Watch::new(&client, ids).snapshot().await {
            Err(error) => show(&mut shown, &error),
            Ok(report) => {
                shown.debug(&report);
                findings(&mut shown, &report.findings);
                for problem in report.problems() {
                    shown.debug(&problem);
                }
                for device in &report.devices {
                    findings(&mut shown, &device.state.findings);
                    writeln!(shown.0, "{} {} {}", device.name(), device.status(), device.problem()).unwrap();
                }
                let json = serde_json::to_string_pretty(&report).unwrap();
                let pages =
                    [report.to_string(), report.to_text(), report.to_html(), report.to_markdown(), json];
                pages.iter().for_each(|page| writeln!(shown.0, "{page}").unwrap());
            }
        }
        let all = [values, vec![token]].concat();
        source.check("watch", &all, &mut shown);
    }
    assert_eq!(source.given, 1_340);
}

/// Puts texts in the place of what services say in words.
fn spoil(json: &mut Value, texts: &[String], next: &mut usize) {
    const WORDS: &[&str] = &[
        "model",
        "manufacturer",
        "groupTag",
        "displayName",
        "deviceName",
        "enrollmentFailureDetails",
        "osVersion",
        "windowsAutopilotDeploymentProfileDisplayName",
        "deploymentProfileAssignmentDetailedStatus",
        "message",
        "code",
        "enrollmentProfileName",
        "remediationState",
        "skuNumber",
        "systemFamily",
        "windows10EnrollmentCompletionPageConfigurationDisplayName",
    ];
    match json {
        Value::Array(items) => items.iter_mut().for_each(|item| spoil(item, texts, next)),
        Value::Object(object) => {
            for (name, value) in object {
                match WORDS.contains(&name.as_str()) {
                    true => {
                        *value = json!(texts[*next % texts.len()]);
                        *next += 1;
                    }
                    false => spoil(value, texts, next),
                }
            }
        }
        _ => {}
    }
}
