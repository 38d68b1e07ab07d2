//! TLS for whatever opens connections of its own: the system's roots and the given ones, always checked.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::model::InvalidValue;

/// The system's roots and the given ones, in PEM or DER, by a provider of our own choice, whichever the process has installed.
pub(crate) fn config(roots: &[Vec<u8>]) -> Result<ClientConfig, InvalidValue> {
    let mut extra = Vec::new();
    for pem in roots {
        let before = extra.len();
        // A DER certificate is a SEQUENCE; no PEM text begins so.
        if pem.first() == Some(&0x30) {
            extra.push(CertificateDer::from(pem.clone()));
            continue;
        }
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|error| bad_root(error.to_string()))?);
        }
        if extra.len() == before {
            return Err(bad_root("holds no certificate".to_owned()));
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
                    "install the system's package of root certificates (`ca-certificates`), or give them to the connection",
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
    let remedy = "give an authority's certificate: PEM text with `-----BEGIN CERTIFICATE-----` lines, or DER";
    InvalidValue::new("root certificate", problem, remedy)
}
