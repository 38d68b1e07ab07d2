//! TLS configuration for connections outside reqwest: the system's roots and extra roots, always verified.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::model::InvalidValue;

/// Creates a configuration with the system's roots and `roots`, in PEM or DER. It uses the crate's own crypto provider,
/// whichever the process has installed.
pub(crate) fn config(roots: &[Vec<u8>]) -> Result<ClientConfig, InvalidValue> {
    let mut extra = Vec::new();
    for pem in roots {
        let before = extra.len();
        // A DER certificate begins with a SEQUENCE tag; PEM text does not.
        if pem.first() == Some(&0x30) {
            extra.push(CertificateDer::from(pem.clone()));
            continue;
        }
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|error| bad_root(error.to_string()))?);
        }
        if extra.len() == before {
            return Err(bad_root("contains no certificate".to_owned()));
        }
    }
    let given = !extra.is_empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        rustls_platform_verifier::Verifier::new_with_extra_roots(extra, Arc::clone(&provider)).map_err(|error| {
            match given {
                true => bad_root(error.to_string()),
                false => InvalidValue::new(
                    "root certificates of this system",
                    error.to_string(),
                    "install the system's package of root certificates (`ca-certificates`), or add them to the connection",
                ),
            }
        })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| InvalidValue::new("TLS versions", error.to_string(), "use a newer crypto provider"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

fn bad_root(problem: String) -> InvalidValue {
    let remedy = "write a CA certificate: PEM text with `-----BEGIN CERTIFICATE-----` lines, or DER";
    InvalidValue::new("root certificate", problem, remedy)
}
