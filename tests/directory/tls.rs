//! No word before TLS, and none to a server that cannot show who it is. Needs no domain controller.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use windows_autopilot::ad::directory::{DirectoryError, DirectoryErrorKind};
use windows_autopilot::ad::ldap::{LdapOptions, LdapSignIn};

const PASSWORD: &str = "the-password";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server with a certificate of these names and years.
async fn server(authority: &Authority, names: &[&str], years: (i32, i32)) -> u16 {
    server_for(authority, names, years, ExtendedKeyUsagePurpose::ServerAuth).await
}

async fn server_for(
    authority: &Authority,
    names: &[&str],
    years: (i32, i32),
    usage: ExtendedKeyUsagePurpose,
) -> u16 {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![usage];
    params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        while let Ok((stream, _)) = listener.accept().await {
            // A client that gets so far sends the sign-in, and is never answered.
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 1024]).await;
            }
        }
    });
    port
}

async fn connect(address: &str, roots: &[&Authority]) -> DirectoryError {
    let mut options = LdapOptions::new(address).unwrap().with_connect_timeout(Duration::from_secs(20));
    for root in roots {
        options = options.with_root_certificate(root.pem());
    }
    let sign_in = LdapSignIn::new("admin@corp.example", PASSWORD).unwrap();
    let error = options.connect(&sign_in).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains(PASSWORD) && !text.contains("admin@"), "{text}");
    error
}

#[tokio::test]
async fn a_certificate_that_is_old_foreign_or_for_another_name_ends_the_connection() {
    let (own, other, namesake) = (authority("Own"), authority("Other"), authority("Own"));
    let cases = [
        ("expired", &own, "localhost", (2020, 2021), "has expired"),
        ("early", &own, "localhost", (2090, 2099), "is not valid yet"),
        ("another authority's", &other, "localhost", (2020, 2099), "not trusted"),
        ("its namesake's", &namesake, "localhost", (2020, 2099), "not signed by"),
        ("another name's", &own, "dc1.corp.example", (2020, 2099), "a name other than"),
    ];
    for (case, issuer, name, years, problem) in cases {
        let port = server(issuer, &[name], years).await;
        let error = connect(&format!("ldaps://localhost:{port}"), &[&own]).await;
        assert_eq!(error.kind(), DirectoryErrorKind::Untrusted, "{case}: {error}");
        assert!(error.to_string().contains(problem), "{case}: {error}");
    }
}

#[tokio::test]
async fn a_certificate_for_other_names_tells_them_and_one_for_clients_tells_its_usage() {
    let own = authority("Own");
    let port = server(&own, &["dc1.corp.example", "*.corp.example", "10.0.0.1"], (2020, 2099)).await;
    let error = connect(&format!("ldaps://localhost:{port}"), &[&own]).await.to_string();
    assert!(error.contains(&format!("the certificate of localhost:{port}")), "{error}");
    assert!(
        error.contains("a name other than localhost: it is for dc1.corp.example, *.corp.example"),
        "{error}"
    );
    assert!(error.contains("connect to dc1.corp.example"), "{error}");
    let port = server_for(&own, &["localhost"], (2020, 2099), ExtendedKeyUsagePurpose::ClientAuth).await;
    let error = connect(&format!("ldaps://localhost:{port}"), &[&own]).await;
    assert_eq!(error.kind(), DirectoryErrorKind::Untrusted);
    let text = error.to_string();
    assert!(text.contains("was not issued for servers") && text.contains("1.3.6.1.5.5.7.3.1"), "{text}");
}

#[tokio::test]
async fn a_root_certificate_is_taken_in_pem_and_in_der_and_what_is_neither_is_refused() {
    let own = authority("Own");
    let port = server(&own, &["localhost"], (2020, 2099)).await;
    let der = own.der().to_vec();
    // The server reads the sign-in and ends the connection: who gets so far trusts it.
    for (certificate, kind) in [
        (own.pem().into_bytes(), DirectoryErrorKind::Interrupted),
        (der.clone(), DirectoryErrorKind::Interrupted),
        (der[..40].to_vec(), DirectoryErrorKind::InvalidInput),
        (b"nothing".to_vec(), DirectoryErrorKind::InvalidInput),
    ] {
        let options = LdapOptions::new(&format!("ldaps://localhost:{port}")).unwrap();
        let sign_in = LdapSignIn::new("admin@corp.example", PASSWORD).unwrap();
        let error = options.with_root_certificate(certificate).connect(&sign_in).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

/// A server that reads what comes, answers it with these bytes, and tells what came.
async fn plain_server(answer: &'static [u8]) -> (u16, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 4096];
        while let Ok(count) = stream.read(&mut buffer).await {
            if count == 0 {
                break;
            }
            sender.send(buffer[..count].to_vec()).unwrap();
            stream.write_all(answer).await.unwrap();
        }
    });
    (port, receiver)
}

#[tokio::test]
async fn a_server_without_tls_never_sees_a_password() {
    // The answer to StartTLS: unavailable (52).
    const NO_TLS: &[u8] = &[0x30, 0x0C, 2, 1, 1, 0x78, 7, 10, 1, 52, 4, 0, 4, 0];
    // The same: success. What follows must then be TLS.
    const YES: &[u8] = &[0x30, 0x0C, 2, 1, 1, 0x78, 7, 10, 1, 0, 4, 0, 4, 0];
    // Neither LDAP nor TLS.
    const NONSENSE: &[u8] = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    for (scheme, answer) in [("ldap", NO_TLS), ("ldap", YES), ("ldaps", NONSENSE), ("ldap", NONSENSE)] {
        let (port, mut came) = plain_server(answer).await;
        let error = connect(&format!("{scheme}://localhost:{port}"), &[]).await;
        let wanted = [DirectoryErrorKind::Untrusted, DirectoryErrorKind::Unreachable];
        assert!(wanted.contains(&error.kind()), "{scheme}: {error}");
        while let Ok(bytes) = came.try_recv() {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(PASSWORD) && !text.contains("admin@"), "{scheme}: {text}");
        }
    }
}

#[tokio::test]
async fn where_nothing_answers_the_error_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = connect(&format!("ldaps://localhost:{port}"), &[]).await;
    assert_eq!(error.kind(), DirectoryErrorKind::Unreachable, "{error}");
}
