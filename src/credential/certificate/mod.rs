//! App-only sign-in with a certificate.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa::KeyPair;
use ring::{digest, signature};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::federated::ASSERTION_TYPE;
use super::oauth::{App, named};
use super::{AccessToken, Secret, TokenProvider, TokenRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{InvalidValue, TenantId};

mod der;
#[cfg(feature = "pfx")]
mod pfx;

/// App-only sign-in with a certificate. The private key never leaves the program.
///
/// ```no_run
/// use windows_autopilot::credential::ClientCertificate;
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let pem = std::fs::read("autopilot.pem")?;
/// let tenant = "contoso.onmicrosoft.com".parse()?;
/// let credential = ClientCertificate::new(tenant, "00001111-aaaa-2222-bbbb-3333cccc4444", &pem, &pem)?;
/// # Ok(()) }
/// ```
///
/// The certificate and its key are PEM text, in one file or two, or a `.pfx` file (feature `pfx`). Microsoft Entra
/// accepts only RSA keys.
///
/// Assertion format: [certificate
/// credentials](https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials).
#[derive(Clone)]
pub struct ClientCertificate {
    app: App,
    key: Arc<KeyPair>,
    /// SHA-256 of the certificate, as base64url.
    thumbprint: String,
    not_before: Timestamp,
    not_after: Timestamp,
}

/// The lifetime of an assertion in seconds, and the backdating of its start, since clocks differ.
const ASSERTION_SECONDS: i64 = 600;
const BACKDATE_SECONDS: i64 = 300;

impl ClientCertificate {
    /// Creates a credential for the app registration `client_id` in `tenant` from one of its certificates and the
    /// matching private key (PKCS #8 or PKCS #1, not encrypted). If there are several certificates, the one that
    /// matches the key is used.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID, the certificate or the key is not in the expected PEM format,
    /// or the key matches none of the certificates.
    pub fn new(
        tenant: TenantId,
        client_id: &str,
        certificate_pem: impl AsRef<[u8]>,
        key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, InvalidValue> {
        let app = App::new(tenant, client_id)?;
        let key = read_key(key_pem.as_ref())?;
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_slice_iter(certificate_pem.as_ref()).collect();
        Self::of(app, key, &certificates.map_err(|error| bad_certificate(error.to_string()))?)
    }

    /// Creates a credential from a `.pfx` (PKCS #12) file encrypted with `password`.
    ///
    /// Files from Windows, Azure Key Vault and OpenSSL are supported, including those that use legacy encryption;
    /// unencrypted files are not.
    ///
    /// # Errors
    /// [`InvalidValue`] if the client id is not a GUID, the file cannot be decrypted with this password, or it does not
    /// contain an RSA key and the matching certificate.
    #[cfg(feature = "pfx")]
    #[cfg_attr(docsrs, doc(cfg(feature = "pfx")))]
    pub fn from_pfx(
        tenant: TenantId,
        client_id: &str,
        pfx: impl AsRef<[u8]>,
        password: impl Into<Secret>,
    ) -> Result<Self, InvalidValue> {
        let app = App::new(tenant, client_id)?;
        let (key, certificates) = pfx::read(pfx.as_ref(), &password.into())?;
        Self::of(app, key, &certificates)
    }

    /// Creates the credential from the certificate of the key.
    fn of(app: App, key: KeyPair, certificates: &[CertificateDer<'_>]) -> Result<Self, InvalidValue> {
        for certificate in certificates {
            let facts = der::read(certificate)
                .ok_or_else(|| bad_certificate("is not an X.509 certificate".to_owned()))?;
            if facts.public_key == key.public().as_ref() {
                let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, certificate));
                let (not_before, not_after) = (facts.not_before, facts.not_after);
                return Ok(Self { app, key: Arc::new(key), thumbprint, not_before, not_after });
            }
        }
        let problem = match certificates {
            [] => "is missing from the text",
            _ => "does not belong to the private key",
        };
        Err(bad_certificate(problem.to_owned()))
    }

    /// Returns the time at which the certificate expires. From then on, sign-in fails.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Refuses an expired certificate before a request is sent, since the service's response does not name that reason.
    fn check_dates(&self, now: Timestamp) -> Result<()> {
        let fail = |message: String, remedy: &'static str| {
            Err(named(Error::new(ErrorKind::Authentication, message).with_remedy(remedy)))
        };
        if now >= self.not_after {
            let message = format!("the certificate expired on {}", self.not_after);
            return fail(message, "add a new certificate to the app registration and use it");
        }
        if now < self.not_before {
            let message = format!(
                "the certificate is valid from {}, and this machine's clock says {now}",
                self.not_before
            );
            return fail(message, "check this machine's clock");
        }
        Ok(())
    }

    fn assertion(&self, audience: &str, now: Timestamp) -> Result<Secret> {
        let fail = |_| named(Error::new(ErrorKind::Authentication, "signing the assertion failed"));
        let random = SystemRandom::new();
        let mut id = [0; 16];
        random.fill(&mut id).map_err(fail)?;
        let header = serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = serde_json::json!({
            "aud": audience,
            "iss": self.app.client_id,
            "sub": self.app.client_id,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "nbf": now.as_second().saturating_sub(BACKDATE_SECONDS),
            "exp": now.as_second().saturating_add(ASSERTION_SECONDS),
        });
        let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let mut token = format!("{}.{}", part(&header), part(&claims));
        let mut signed = vec![0; self.key.public().modulus_len()];
        self.key.sign(&signature::RSA_PSS_SHA256, &random, token.as_bytes(), &mut signed).map_err(fail)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signed, &mut token);
        Ok(Secret::new(token))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("app", &self.app)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl TokenProvider for ClientCertificate {
    async fn token(&self, request: TokenRequest<'_>) -> Result<AccessToken> {
        let now = request.clock().timestamp();
        self.check_dates(now)?;
        let assertion = self.assertion(&self.app.endpoint(&request, "token"), now)?;
        let proof = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.reveal())];
        self.app.client_credentials(request, &proof).await
    }

    fn tenant(&self) -> Option<&TenantId> {
        Some(&self.app.tenant)
    }
}

fn bad_certificate(problem: String) -> InvalidValue {
    let remedy = "write the certificate that the app registration has";
    InvalidValue::new("certificate", problem, remedy)
}

/// Reads the private key. No error repeats the input.
fn read_key(pem: &[u8]) -> Result<KeyPair, InvalidValue> {
    const REMEDY: &str = "write the PEM text of an RSA key of 2048 to 4096 bits, not encrypted";
    let bad = |problem: &'static str| InvalidValue::new("private key", problem, REMEDY);
    let key = match PrivateKeyDer::from_pem_slice(pem) {
        Ok(PrivateKeyDer::Pkcs8(key)) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        Ok(PrivateKeyDer::Pkcs1(key)) => KeyPair::from_der(key.secret_pkcs1_der()),
        Ok(_) => return Err(bad("is not an RSA key")),
        Err(_) if contains(pem, b"ENCRYPTED PRIVATE KEY") || contains(pem, b"Proc-Type: 4,ENCRYPTED") => {
            return Err(InvalidValue::new(
                "private key",
                "is encrypted",
                "decrypt it first: openssl pkey -in encrypted.pem -out key.pem",
            ));
        }
        Err(_) => return Err(bad("is missing from the text")),
    };
    key.map_err(|_| bad("is not a usable RSA key"))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use super::super::testing::{CLIENT_ID, Script, refused, token};
    use super::*;
    use crate::clock::Clock as _;

    /// A key that protects nothing.
    pub(super) const KEY: &str = include_str!("../../../tests/keys/rsa.pem");

    pub(super) fn tenant() -> TenantId {
        "contoso.com".parse().unwrap()
    }

    pub(super) fn certificate(key: &str, from: i32, until: i32) -> rcgen::Certificate {
        let key = rcgen::KeyPair::from_pem(key).unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        params.self_signed(&key).unwrap()
    }

    fn credential(from: i32, until: i32) -> ClientCertificate {
        ClientCertificate::new(tenant(), CLIENT_ID, certificate(KEY, from, until).pem(), KEY).unwrap()
    }

    fn decoded(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[tokio::test]
    async fn the_assertion_follows_entras_documentation() {
        let certificate = certificate(KEY, 2025, 2027);
        let credential = ClientCertificate::new(tenant(), CLIENT_ID, certificate.pem(), KEY).unwrap();
        let script = Script::new([token("t1"), token("t2")]);
        let token = credential.token(script.request()).await.unwrap();
        assert_eq!(token.secret().reveal(), "t1");
        assert_eq!(script.field(0, "client_assertion_type").as_deref(), Some(ASSERTION_TYPE));
        let assertion = script.field(0, "client_assertion").unwrap();
        let [header, claims, signed] = assertion.split('.').collect::<Vec<_>>().try_into().unwrap();

        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, certificate.der()));
        assert_eq!(
            decoded(header),
            serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint})
        );
        let claims = decoded(claims);
        assert_eq!(claims["aud"], "https://login.example/contoso.com/oauth2/v2.0/token");
        assert_eq!((&claims["iss"], &claims["sub"]), (&CLIENT_ID.into(), &CLIENT_ID.into()));
        let now = script.clock.timestamp().as_second();
        assert_eq!((&claims["nbf"], &claims["exp"]), (&(now - 300).into(), &(now + 600).into()));

        let public = signature::UnparsedPublicKey::new(
            &signature::RSA_PSS_2048_8192_SHA256,
            credential.key.public().as_ref(),
        );
        let (message, _) = assertion.rsplit_once('.').unwrap();
        public.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signed).unwrap()).unwrap();

        credential.token(script.request()).await.unwrap();
        let second = script.field(1, "client_assertion").unwrap();
        assert_ne!(
            decoded(second.split('.').nth(1).unwrap())["jti"],
            claims["jti"],
            "each has an id of its own"
        );
    }

    #[tokio::test]
    async fn an_expired_certificate_is_refused_before_sending() {
        for (from, until, says, remedy) in [
            (2020, 2026, "expired on 2026-01-01T00:00:00Z", "add a new certificate"),
            (2027, 2030, "is valid from 2027-01-01T00:00:00Z, and", "clock"),
        ] {
            let script = Script::new([token("t1")]);
            let error = credential(from, until).token(script.request()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert!(error.to_string().contains(says), "{error}");
            assert!(error.remedy().unwrap().contains(remedy), "{error}");
            assert!(script.sent().is_empty());
        }
        let credential = credential(2025, 2027);
        let just_before = credential.not_after() - Duration::from_secs(1);
        assert!(credential.check_dates(just_before).is_ok());
        let error = credential.check_dates(credential.not_after()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
    }

    #[tokio::test]
    async fn a_certificate_unknown_to_the_app_has_a_remedy() {
        let script = Script::new([refused("invalid_client", 700_027)]);
        let error = credential(2025, 2027).token(script.request()).await.unwrap_err();
        assert!(error.remedy().unwrap().contains("add this certificate"), "{error}");
    }

    #[test]
    fn a_key_is_read_in_either_form_and_from_a_file_that_holds_both() {
        let certificate = certificate(KEY, 2025, 2027).pem();
        let pkcs8 = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        // PKCS #8 holds a version, an algorithm, and the PKCS #1 form.
        let (outer, _) = der::expect(0x30, pkcs8.secret_der()).unwrap();
        let (_, rest) = der::expect(0x02, outer).unwrap();
        let (_, rest) = der::expect(0x30, rest).unwrap();
        let (pkcs1, _) = der::expect(0x04, rest).unwrap();
        let pkcs1 = base64::engine::general_purpose::STANDARD.encode(pkcs1);
        let pkcs1 = format!("-----BEGIN RSA PRIVATE KEY-----\n{pkcs1}\n-----END RSA PRIVATE KEY-----\n");
        let both = format!("Bag Attributes\n{KEY}{certificate}");
        for (certificate, key) in [(&certificate, KEY), (&certificate, &pkcs1), (&both, &both)] {
            assert!(ClientCertificate::new(tenant(), CLIENT_ID, certificate, key).is_ok());
        }
    }

    #[test]
    fn of_several_certificates_the_keys_own_is_used() {
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let (mine, stranger) = (certificate(KEY, 2025, 2027), certificate(&other, 2020, 2021));
        let chain = format!("{}{}", stranger.pem(), mine.pem());
        let credential = ClientCertificate::new(tenant(), CLIENT_ID, chain, KEY).unwrap();
        assert_eq!(credential.not_after().to_string(), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn unusable_input_is_refused_and_never_repeated() {
        let mine = certificate(KEY, 2025, 2027).pem();
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let stranger = certificate(&other, 2025, 2027).pem();
        let encrypted =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let garbage = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
        let no_certificate = "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n";
        for (certificate, key, what, says) in [
            (mine.as_str(), "", "private key", "missing from the text"),
            (&mine, "canary", "private key", "missing from the text"),
            (&mine, encrypted, "private key", "is encrypted"),
            (&mine, garbage, "private key", "not a usable RSA key"),
            (&mine, &other, "private key", "not a usable RSA key"),
            ("", KEY, "certificate", "missing from the text"),
            (KEY, KEY, "certificate", "missing from the text"),
            (no_certificate, KEY, "certificate", "not an X.509"),
            (&stranger, KEY, "certificate", "does not belong"),
        ] {
            let error = ClientCertificate::new(tenant(), CLIENT_ID, certificate, key).unwrap_err();
            assert_eq!(error.subject(), what, "{error}");
            assert!(error.to_string().contains(says), "{error}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("canary") && !shown.contains("Y2Fu"), "{shown}");
        }
    }

    #[test]
    fn debug_shows_neither_key_nor_thumbprint() {
        let credential = credential(2025, 2027);
        let shown = format!("{credential:?}");
        assert!(shown.contains(CLIENT_ID) && !shown.contains(&credential.thumbprint), "{shown}");
    }
}
