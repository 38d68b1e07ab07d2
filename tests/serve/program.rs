//! The program `autopilot-sim`: its options, its errors, a restart from a snapshot, and its memory.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::folder::Folder;
use super::support::{ANY, JSON, send};

const PROGRAM: &str = env!("CARGO_BIN_EXE_autopilot-sim");
const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";

/// A running program. It ends with the test.
struct Program {
    child: Child,
    address: SocketAddr,
    tenant: String,
}

impl Program {
    fn start(options: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["--port", "0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let first = lines.next().unwrap();
        let address = first.split_once("://").unwrap().1.split(';').next().unwrap().parse().unwrap();
        let second = lines.next().unwrap();
        let tenant = second.split(' ').nth(1).unwrap().to_owned();
        // Read on, or the program would end at its next line.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, tenant }
    }

    async fn control(&self, line: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = send(self.address, line, &[JSON], &body).await;
        assert_eq!(answer.status, 200, "{line}: {}", answer.body);
        answer.json()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(options: &[&str]) -> Output {
    Command::new(PROGRAM).args(options).output().unwrap()
}

#[test]
fn an_option_that_cannot_be_used_is_named_with_what_to_write() {
    let folder = Folder::new("options");
    let seed = folder.file("seed.json", r#"{"version": 1, "device": []}"#).display().to_string();
    let newer = folder.file("newer.json", r#"{"version": 2, "whatever": true}"#).display().to_string();
    let nowhere = folder.path().join("missing").join("file").display().to_string();
    for (options, says) in [
        (&["--prot", "8080"][..], &["--prot is not an option", "--help lists the options"][..]),
        (&["8080"], &["\"8080\"", "options begin with --"]),
        (&["-p", "8080"], &["'-p'", "options begin with --"]),
        (&["--port"], &["--port", "missing argument"]),
        (&["--port", "https"], &["--port is a number from 0 to 65535"]),
        (&["--speed", "-1x"], &["--speed is a number from 0 to", "such as 60x", "\"-1x\""]),
        (&["--lag=some"], &["--lag is none or documented", "\"some\""]),
        (&["--import-limit=few"], &["--import-limit is a number or none"]),
        (&["--quirk", "isofFilter"], &["--quirk is NAME=VALUE", "\"isofFilter\""]),
        (&["--quirk", "isof=on"], &["\"isof\" is not known", "isofFilter"]),
        (&["--quirk", "isofFilter=maybe"], &["\"isofFilter\"", "\"maybe\"", "write a value such as"]),
        (&["--proxy"], &["--proxy needs --tls DIR"]),
        (&["--seed", &nowhere], &["--seed", &nowhere]),
        (&["--seed", &seed], &["--seed", "unknown field `device`", "\"devices\""]),
        (&["--seed", &newer], &["has version 2", "reads version 1"]),
    ] {
        let output = run(options);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{options:?}: {said}");
        assert!(output.stdout.is_empty(), "{options:?}");
        assert!(says.iter().all(|part| said.contains(part)), "{options:?}: {said}");
    }
}

#[test]
fn what_the_machine_refuses_is_said_with_what_to_do() {
    let folder = Folder::new("refused");
    let file = folder.file("file", "").display().to_string();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let inside = format!("{file}/ca");
    for (options, says) in [
        (&["--port", &port][..], &["port", &port, "is taken", "--port 0"][..]),
        (&["--port", "0", "--tls", &inside], &["--tls", &inside]),
        (&["--port", "0", "--record", &inside], &["--record", &inside]),
    ] {
        let output = run(options);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{options:?}: {said}");
        assert!(says.iter().all(|part| said.contains(part)), "{options:?}: {said}");
    }
    for (option, begins) in [("--help", "Serves a simulated tenant"), ("--version", "autopilot-sim ")] {
        let output = run(&[option]);
        assert!(output.status.success() && output.stdout.starts_with(begins.as_bytes()), "{option}");
    }
}

#[tokio::test]
async fn a_restart_from_a_snapshot_goes_on_with_the_same_ids() {
    let folder = Folder::new("snapshot");
    let options = ["--speed", "0", "--strict-tokens"];
    let first = Program::start(&options);
    let seed = json!({"version": 1, "devices": [{"serialNumber": "SN-1"}, {"serialNumber": "SN-2"}],
        "users": [{"userPrincipalName": "adele@contoso.onmicrosoft.com"}], "groups": [{"displayName": "Berlin"}]});
    first.control("POST /_sim/seed", &seed).await;
    let form = format!(
        "grant_type=client_credentials&client_id={APP}&client_secret=simulated&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let line = format!("POST /{}/oauth2/v2.0/token", first.tenant);
    let token = send(first.address, &line, &[("Content-Type", "application/x-www-form-urlencoded")], &form)
        .await
        .json();
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let headers = [("Authorization", bearer.as_str()), JSON];
    let started = first.control("POST /_sim/devices/SN-1/powerOn", &json!({})).await;
    assert_eq!(started["deployment"]["phase"], "starting");
    let lists = [
        "GET /v1.0/groups",
        "GET /v1.0/users",
        "GET /v1.0/deviceManagement/windowsAutopilotDeviceIdentities",
    ];
    let read = async |program: &Program| {
        let mut all = Vec::new();
        for line in lists {
            let answer = send(program.address, line, &headers, "").await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            all.push(answer.json()["value"].clone());
        }
        all.push(program.control("GET /_sim/devices/SN-1", &Value::Null).await);
        all
    };
    let before = read(&first).await;
    let snapshot = first.control("GET /_sim/snapshot", &Value::Null).await;
    let tenant = first.tenant.clone();
    drop(first);

    let path = folder.file("snapshot.json", snapshot.to_string()).display().to_string();
    let second = Program::start(&[&options[..], &["--seed", &path]].concat());
    assert_eq!(second.tenant, tenant);
    assert_eq!(read(&second).await, before);
    // What was in progress ends, and new ids are not those of old objects.
    second.control("POST /_sim/clock", &json!({"advanceSeconds": 1800})).await;
    let device = second.control("GET /_sim/devices/SN-1", &Value::Null).await;
    assert_eq!(device["deployment"]["phase"], "failed", "{device}");
    let group = json!({"displayName": "Munich", "mailEnabled": false, "mailNickname": "munich", "securityEnabled": true});
    let created = send(second.address, "POST /v1.0/groups", &headers, &group.to_string()).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_ne!(created.json()["id"], before[0][0]["id"]);
}

/// The memory that a process has now, in KiB.
#[cfg(target_os = "linux")]
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Requests of all kinds, on one connection.
#[cfg(target_os = "linux")]
async fn mixed(address: SocketAddr, count: usize) {
    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut stream = tokio::io::BufReader::new(stream);
    let form = format!(
        "grant_type=client_credentials&client_id={APP}&client_secret=simulated&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": "/users?$top=2"}]}).to_string();
    let (json, urlencoded) = (JSON.1, "application/x-www-form-urlencoded");
    let devices = "/v1.0/deviceManagement/windowsAutopilotDeviceIdentities";
    let unknown = format!("{devices}/00000000-0000-0000-0000-000000000000");
    let (signed_in, sorted) =
        ("/contoso.onmicrosoft.com/oauth2/v2.0", "/v1.0/users?$top=2&$orderby=displayName");
    let token = format!("{signed_in}/token");
    let code = format!("{signed_in}/devicecode");
    let asked = format!("client_id={APP}&scope=openid");
    let kinds = [
        ("GET", devices, "", json, 200),
        ("GET", sorted, "", json, 200),
        ("GET", &unknown, "", json, 404),
        ("POST", "/v1.0/$batch", &batch, json, 200),
        ("POST", &token, &form, urlencoded, 200),
        ("POST", &code, &asked, urlencoded, 200),
        ("POST", "/v1.0/groups", "{", json, 400),
        ("GET", "/_sim/devices/SN-1", "", json, 200),
        ("GET", "/v1.0/nothing", "", json, 400),
        ("GET", "/v1.0/groups/delta", "", json, 200),
    ];
    for number in 0..count {
        let (method, path, body, kind, status) = kinds[number % kinds.len()];
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{}: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            ANY.0,
            ANY.1,
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let (mut line, mut length) = (String::new(), 0);
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{path}: {line}");
        while line != "\r\n" {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn twenty_thousand_requests_leave_memory_flat() {
    let program = Program::start(&["--record", "/dev/null"]);
    let devices: Vec<Value> =
        (1..=10).map(|number| json!({"serialNumber": format!("SN-{number}")})).collect();
    let users: Vec<Value> = (1..=10)
        .map(|number| json!({"userPrincipalName": format!("u{number}@contoso.onmicrosoft.com")}))
        .collect();
    program.control("POST /_sim/seed", &json!({"version": 1, "devices": devices, "users": users})).await;
    // The requests that are kept reach their bound first.
    let clients = async |count: usize| {
        futures_util::future::join_all((0..4).map(|_| mixed(program.address, count / 4))).await;
    };
    clients(6_000).await;
    let before = resident_kib(program.child.id());
    clients(20_000).await;
    let after = resident_kib(program.child.id());
    println!("{before} KiB before 20,000 requests, {after} KiB after them");
    // What stays: 2,000 tokens and as many device codes, which live for an hour.
    assert!(after < before + 2 * 1024, "{before} KiB before, {after} KiB after");
}
