//! Certificates and keys in `.pfx` files.

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use ring::rsa::KeyPair;
use rustls_pki_types::CertificateDer;

use crate::credential::Secret;
use crate::model::InvalidValue;

/// The size limit of a file, in bytes.
const MAX_FILE_BYTES: usize = 1 << 20;

/// Returns the first RSA key, and all certificates. No error repeats the file or the password.
pub(super) fn read(
    pfx: &[u8],
    password: &Secret,
) -> Result<(KeyPair, Vec<CertificateDer<'static>>), InvalidValue> {
    let bad = |problem: &'static str, remedy: &'static str| InvalidValue::new("PFX file", problem, remedy);
    if pfx.len() > MAX_FILE_BYTES {
        return Err(bad("is larger than 1 MiB", "write a file with one certificate and its key"));
    }
    let store = KeyStore::from_pkcs12(pfx, password.reveal(), Pkcs12ImportPolicy::Relaxed).map_err(|_| {
        bad(
            "cannot be read with this password",
            "check the password, and that the file is a PKCS #12 archive",
        )
    })?;
    let mut key = None;
    let mut certificates = Vec::new();
    for (_, entry) in store.entries() {
        match entry {
            KeyStoreEntry::PrivateKeyChain(chain) => {
                key = key.or_else(|| KeyPair::from_pkcs8(chain.key().as_der()).ok());
                let of_chain = chain.certs().iter().map(|certificate| certificate.as_der().to_vec().into());
                certificates.extend(of_chain);
            }
            KeyStoreEntry::Certificate(certificate) => {
                certificates.push(certificate.as_der().to_vec().into())
            }
            _ => {}
        }
    }
    let key = key.ok_or_else(|| {
        bad(
            "has no usable RSA key",
            "export the certificate with its private key, an RSA key of 2048 to 4096 bits",
        )
    })?;
    Ok((key, certificates))
}

#[cfg(test)]
mod tests {
    use super::super::ClientCertificate;
    use super::super::tests::{KEY, certificate, tenant};
    use super::*;
    use crate::credential::testing::CLIENT_ID;
    use p12_keystore::{Certificate, EncryptionAlgorithm, MacAlgorithm, PrivateKey, PrivateKeyChain};
    use rustls_pki_types::PrivateKeyDer;
    use rustls_pki_types::pem::PemObject as _;

    fn pfx(password: &str, encryption: EncryptionAlgorithm, mac: MacAlgorithm) -> Vec<u8> {
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let key = PrivateKey::from_der(key.secret_der()).unwrap();
        let certificate = Certificate::from_der(certificate(KEY, 2025, 2027).der()).unwrap();
        let mut store = KeyStore::new();
        let chain = PrivateKeyChain::new(b"1".to_vec(), key, [certificate]);
        store.add_entry("autopilot", KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).encryption_algorithm(encryption).mac_algorithm(mac).write().unwrap()
    }

    #[test]
    fn new_and_old_encryption_is_read_and_the_key_signs() {
        for (encryption, mac) in [
            (EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256),
            (EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc, MacAlgorithm::HmacSha1),
        ] {
            let file = pfx("pass-wörd", encryption, mac);
            let credential = ClientCertificate::from_pfx(tenant(), CLIENT_ID, &file, "pass-wörd").unwrap();
            assert_eq!(credential.not_after().to_string(), "2027-01-01T00:00:00Z");
            let error = ClientCertificate::from_pfx(tenant(), CLIENT_ID, &file, "canary").unwrap_err();
            assert_eq!(error.subject(), "PFX file");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_truncated_file_is_refused_at_every_length() {
        let file = pfx("p", EncryptionAlgorithm::PbeWithHmacSha256AndAes256, MacAlgorithm::HmacSha256);
        let problem = |file: &[u8]| read(file, &"p".into()).map(drop).unwrap_err().problem().to_owned();
        for length in (0..file.len()).step_by(7) {
            assert_eq!(problem(&file[..length]), "cannot be read with this password", "{length}");
        }
        assert_eq!(problem(&vec![0x30; MAX_FILE_BYTES + 1]), "is larger than 1 MiB");
        assert_eq!(problem(KEY.as_bytes()), "cannot be read with this password");
    }
}
