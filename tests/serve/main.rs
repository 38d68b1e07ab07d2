//! The simulated tenant over HTTP and HTTPS: hosts, links, CORS, the proxy, the control API, many clients.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

#[path = "../support/folder.rs"]
mod folder;
mod program;
mod support;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use windows_autopilot::clock::{Clock as _, FakeClock, ScaledClock};
use windows_autopilot::credential::ClientSecret;
use windows_autopilot::pipeline::Limits;
use windows_autopilot::sim::{Fault, ServedTls, Server, ServerBuilder, Tenant};
use windows_autopilot::transport::ReqwestTransport;
use windows_autopilot::{Client, Cloud};

use support::{ANY, Answer, JSON, send};

const APP: &str = "5f1b1f3a-6b7d-4c29-8d5e-0a1b2c3d4e5f";

fn tenant() -> Tenant {
    let tenant = Tenant::new(Arc::new(FakeClock::manual()));
    tenant.add_client_secret(APP, "canary-secret");
    tenant.add_device("SN-1");
    tenant
}

async fn start(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> (Server, Tenant) {
    let tenant = tenant();
    (change(Server::builder(tenant.clone())).start().await.unwrap(), tenant)
}

/// Sends a request to a server as it stands, and reads to the end of the connection.
async fn raw(server: &Server, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    send(server.address(), line, headers, body).await
}

/// A client of this crate, over TLS where the server has it.
fn client(server: &Server, tenant: &Tenant) -> Client {
    let mut transport = ReqwestTransport::builder().without_proxy().with_plain_http_on_loopback(true);
    if let Some(pem) = server.ca_certificate_pem() {
        transport = transport.with_root_certificate(pem);
    }
    let credential = ClientSecret::new(tenant.id().parse().unwrap(), APP, "canary-secret").unwrap();
    Client::builder(credential)
        .with_cloud(Cloud::custom(&server.url(), &server.url()).unwrap())
        .with_transport(transport.build().unwrap())
        .with_limits(Limits::without_rate_limits())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_client_signs_in_and_reads_over_http_and_https_on_one_port() {
    let (server, tenant) = start(|server| server.with_tls(ServedTls::generated())).await;
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let devices = client(&server, &tenant).devices().list().page_size(1).all().await.unwrap();
    assert_eq!(devices[0].serial_number.as_deref(), Some("SN-1"));
    assert_eq!(raw(&server, "GET /v1.0/groups", &[ANY], "").await.status, 200);
    assert!(!format!("{server:?}").contains("BEGIN"));
    server.stop().await;
}

#[tokio::test]
async fn a_server_is_on_loopback_alone_and_says_what_stands_in_the_way() {
    for (change, says) in [
        (
            Box::new(|server: ServerBuilder| server.with_address(([0, 0, 0, 0], 0).into()))
                as Box<dyn Fn(_) -> _>,
            "loopback",
        ),
        (Box::new(|server: ServerBuilder| server.with_address(([192, 0, 2, 1], 0).into())), "loopback"),
        (Box::new(|server: ServerBuilder| server.with_proxy(true)), "with_tls"),
    ] {
        let error = change(Server::builder(tenant())).start().await.err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(says), "{error}");
    }
    let (server, _) = start(|server| server).await;
    let address = server.address();
    let error = Server::builder(tenant()).with_address(address).start().await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn links_have_the_host_that_the_client_sees() {
    let (server, tenant) = start(|server| server.with_name("sim.test")).await;
    tenant.add_group("A");
    tenant.add_group("B");
    let path = "GET /v1.0/groups?$top=1";
    for (headers, base) in [
        (vec![("Host", "localhost:77")], "http://localhost:77"),
        (vec![("Host", "[::1]:77")], "http://[::1]:77"),
        (vec![("Host", "sim.test")], "http://sim.test"),
        (
            vec![
                ("Host", "127.0.0.1"),
                ("X-Forwarded-Host", "graph.example"),
                ("X-Forwarded-Proto", "https"),
            ],
            "https://graph.example",
        ),
        (vec![("X-Forwarded-Proto", "HTTPS, http")], "https://localhost"),
    ] {
        let mut all = headers.clone();
        all.push(ANY);
        let answer = raw(&server, path, &all, "").await;
        let next = answer.json()["@odata.nextLink"].as_str().unwrap().to_owned();
        assert!(next.starts_with(&format!("{base}/v1.0/groups?")), "{headers:?}: {next}");
    }
    for headers in [[("X-Forwarded-Host", "a/b")], [("X-Forwarded-Proto", "gopher")]] {
        assert_eq!(raw(&server, path, &headers, "").await.status, 400, "{headers:?}");
    }
}

#[tokio::test]
async fn another_host_is_misdirected_whatever_it_asks_for() {
    let (server, _) = start(|server| server.with_control(true)).await;
    for host in ["evil.example", "localhost.evil.example", "graph.microsoft.com", "169.254.169.254", ""] {
        for line in ["GET /v1.0/groups", "POST /_sim/reset", "OPTIONS /v1.0/groups", "GET /"] {
            let answer = raw(&server, line, &[("Host", host), ANY], "").await;
            assert_eq!(answer.status, 421, "{host} {line}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_call_graph_and_sign_in_and_never_the_control_api() {
    let (server, tenant) = start(|server| server.with_control(true)).await;
    let foreign = ("Origin", "https://evil.example");
    let asks = ("Access-Control-Request-Method", "PATCH");
    for path in ["/v1.0/groups/x", "/common/oauth2/v2.0/token"] {
        let names = ("Access-Control-Request-Headers", "authorization,x-y");
        let answer = raw(&server, &format!("OPTIONS {path}"), &[foreign, asks, names], "").await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,x-y"));
    }
    let answer = raw(&server, "GET /v1.0/groups", &[foreign, ANY], "").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("*")));
    let own = server.address().to_string();
    let origin = format!("http://{own}");
    for (headers, status) in [
        (vec![foreign, asks], 403),
        (vec![foreign], 403),
        (vec![("Origin", "null")], 403),
        (vec![("Sec-Fetch-Site", "cross-site")], 403),
        (vec![("Sec-Fetch-Site", "same-site")], 403),
        (vec![("Host", &own), ("Origin", &origin)], 200),
        (vec![], 200),
    ] {
        let answer = raw(&server, "POST /_sim/reset", &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(tenant.device_count(), usize::from(status != 200), "{headers:?}");
        if status == 200 {
            tenant.add_device("SN-1");
        }
    }
    let text = raw(&server, "POST /_sim/clock", &[("Content-Type", "text/plain")], "{}").await;
    assert_eq!(text.status, 415, "a form of another page cannot say JSON");
}

#[tokio::test]
async fn without_control_there_is_none() {
    let (server, tenant) = start(|server| server).await;
    assert_eq!(raw(&server, "POST /_sim/reset", &[], "").await.status, 404);
    assert_eq!(tenant.device_count(), 1);
    let welcome = raw(&server, "GET /", &[], "").await;
    assert!(welcome.status == 200 && !welcome.body.contains("_sim"), "{}", welcome.body);
}

#[tokio::test]
async fn a_device_is_deployed_and_time_is_moved_through_the_control_api() {
    let clock = ScaledClock::new(0.0);
    let tenant = Tenant::new(Arc::new(clock.clone()));
    let server =
        Server::builder(tenant.clone()).with_control(true).with_clock(clock.clone()).start().await.unwrap();
    let post = async |path: &str, body: Value| {
        raw(&server, &format!("POST /_sim/{path}"), &[JSON], &body.to_string()).await
    };
    let seed = json!({"version": 1, "devices": [{"serialNumber": "SN 1"}],
        "users": [{"userPrincipalName": "adele@contoso.onmicrosoft.com"}]});
    assert_eq!(post("seed", seed).await.status, 200);
    let started =
        post("devices/SN%201/powerOn", json!({"userPrincipalName": "adele@contoso.onmicrosoft.com"})).await;
    assert_eq!(started.json()["deployment"]["phase"], "starting");
    let before = clock.timestamp();
    assert_eq!(post("clock", json!({"advanceSeconds": 3600})).await.status, 200);
    assert_eq!(clock.timestamp().duration_since(before).as_secs(), 3600);
    let device = raw(&server, "GET /_sim/devices/SN%201", &[], "").await.json();
    assert_eq!(
        (&device["deployment"]["phase"], &device["deployment"]["cause"]),
        (&json!("failed"), &json!("noProfile"))
    );

    let snapshot = raw(&server, "GET /_sim/snapshot", &[], "").await.body;
    assert_eq!(raw(&server, "POST /_sim/reset", &[], "").await.status, 200);
    assert_eq!(raw(&server, "GET /_sim/devices/SN%201", &[], "").await.status, 404);
    assert_eq!(raw(&server, "POST /_sim/restore", &[JSON], &snapshot).await.status, 200);
    assert_eq!(raw(&server, "GET /_sim/devices/SN%201", &[], "").await.json(), device);

    let quirks =
        raw(&server, "PATCH /_sim/quirks", &[JSON], r#"{"isofFilter": true, "otherTenantCode": 808}"#).await;
    assert_eq!(quirks.json()["otherTenantCode"], 808);
    assert!(tenant.quirks().isof_filter);
    for (path, body, says) in [
        ("clock", json!({"speed": -1}), "speed is a number"),
        ("clock", json!({"advance": 5}), "unknown field"),
        ("clock", json!({"advanceSeconds": 1e300}), "advanceSeconds"),
        ("faults", json!({"status": 200}), "a fault has one of"),
        ("faults", json!({"status": 503, "path": "/groups"}), "go together"),
        ("seed", json!({"version": 3}), "version 3"),
        ("organizationalUnits", json!({"distinguishedName": "x"}), "not a distinguished name"),
    ] {
        let answer = post(path, body).await;
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(answer.status == 400 && message.contains(says), "{path}: {message}");
    }
    for line in ["POST /_sim/devices/SN%201/explode", "GET /_sim/nothing", "POST /_sim/signIns/X/approve"] {
        assert_eq!(raw(&server, line, &[], "").await.status, 404, "{line}");
    }
}

#[tokio::test]
async fn a_fault_that_breaks_the_exchange_breaks_the_connection() {
    let (server, tenant) = start(|server| server).await;
    tenant.fault(Fault::reset_after().once());
    let answer = raw(&server, "GET /v1.0/groups", &[ANY], "").await;
    assert_eq!((answer.status, answer.body.as_str()), (0, ""));
    assert_eq!(raw(&server, "GET /v1.0/groups", &[ANY], "").await.status, 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let (server, _) = start(|server| server).await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head =
        format!("POST /v1.0/groups HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", 17 << 20);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let chunk = vec![b' '; 1 << 16];
    for _ in 0..(17 << 4) {
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
    }
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(std::str::from_utf8(&answer).unwrap(), "HTTP/1.1 413");
}

#[tokio::test]
async fn a_hundred_clients_at_once_all_end_and_memory_of_requests_is_bounded() {
    let (server, tenant) = start(|server| server.with_tls(ServedTls::generated())).await;
    // Each signs in by itself, on a connection of its own.
    let clients: Vec<Client> = (0..100).map(|_| client(&server, &tenant)).collect();
    let ready = Arc::new(tokio::sync::Barrier::new(100));
    let calls = clients.into_iter().map(|client| {
        let ready = Arc::clone(&ready);
        tokio::spawn(async move {
            ready.wait().await;
            for _ in 0..15 {
                assert_eq!(client.devices().list().all().await.unwrap().len(), 1);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    assert_eq!(tenant.requests().len(), 1000, "the last thousand are remembered");
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_connections_that_say_nothing_hold_nobody_up() {
    let (server, _) = start(|server| server.with_tls(ServedTls::generated())).await;
    let mut silent = Vec::new();
    for opening in ["", "\u{16}", "GET /v1.0/groups HTTP/1.1\r\nHost:"] {
        for _ in 0..34 {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            stream.write_all(opening.as_bytes()).await.unwrap();
            silent.push(stream);
        }
    }
    let answers = (0..100).map(|_| send(server.address(), "GET /v1.0/groups", &[ANY], ""));
    for answer in futures_util::future::join_all(answers).await {
        assert_eq!(answer.status, 200);
    }
    drop(silent);
    server.stop().await;
}

#[tokio::test]
async fn a_stopped_server_ends_what_is_in_flight_and_takes_no_more() {
    let clock = ScaledClock::new(0.0);
    let tenant = Tenant::new(Arc::new(clock.clone()));
    tenant.fault(Fault::slow(Duration::from_secs(60)).once());
    let server = Server::builder(tenant.clone()).start().await.unwrap();
    let address = server.address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /v1.0/groups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer any\r\n\r\n")
        .await
        .unwrap();
    while tenant.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    let stopping = tokio::spawn(server.stop());
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_secs(60));
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stopping.await.unwrap();
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn the_proxy_leads_to_the_hosts_of_microsoft_and_nowhere_else() {
    let (server, tenant) =
        start(|server| server.with_tls(ServedTls::generated()).with_proxy(true).with_control(true)).await;
    for target in ["example.com:443", "127.0.0.1:22", "graph.microsoft.com:80", "localhost:443", ""] {
        let answer = raw(&server, &format!("CONNECT {target}"), &[], "").await;
        assert!(matches!(answer.status, 400 | 403), "{target}: {}", answer.head);
    }
    let proxied = reqwest_through(&server);
    let token = fetch(
        &proxied,
        proxied.post(format!("https://login.microsoftonline.com/{}/oauth2/v2.0/token", tenant.id()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "grant_type=client_credentials&client_id={APP}&client_secret=canary-secret&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        ))
    )
    .await;
    assert_eq!(token.status().as_u16(), 200);
    let list =
        proxied.get("https://graph.microsoft.com/v1.0/users?$top=1").header("authorization", "Bearer any");
    let list: Value = serde_json::from_str(&fetch(&proxied, list).await.text().await.unwrap()).unwrap();
    assert!(
        list["@odata.context"].as_str().unwrap().starts_with("https://graph.microsoft.com/v1.0/$metadata")
    );
    for (url, status) in [
        ("https://graph.microsoft.com/_sim", 404),
        ("https://graph.microsoft.com/common/oauth2/v2.0/token", 404),
        ("https://login.microsoftonline.com/v1.0/users", 404),
    ] {
        assert_eq!(fetch(&proxied, proxied.get(url)).await.status().as_u16(), status, "{url}");
    }
    let misdirected =
        proxied.get("https://graph.microsoft.com/v1.0/users").header("host", "login.microsoftonline.com");
    assert_eq!(fetch(&proxied, misdirected).await.status().as_u16(), 421);
    server.stop().await;
}

async fn fetch(client: &reqwest::Client, request: reqwest::RequestBuilder) -> reqwest::Response {
    client.execute(request.build().unwrap()).await.unwrap()
}

/// A plain HTTP client behind the proxy, which trusts its authority alone.
fn reqwest_through(server: &Server) -> reqwest::Client {
    let pem = server.ca_certificate_pem().unwrap();
    let mut roots = tokio_rustls::rustls::RootCertStore::empty();
    use tokio_rustls::rustls::pki_types::CertificateDer;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = tokio_rustls::rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .proxy(reqwest::Proxy::all(format!("http://{}", server.address())).unwrap())
        .build()
        .unwrap()
}
