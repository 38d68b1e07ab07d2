//! The certificates of a served tenant.

use std::net::IpAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto};

use crate::clock::{Clock as _, SystemClock};

/// The validity of the certificates in days: Apple's systems accept at most 825, others 398.
const DAYS: i64 = 390;

/// A server's own authority, and the certificate that it issued.
pub(super) struct Authority {
    pem: String,
    config: ServerConfig,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Authority {
    /// Generates keys and certificates for these names and addresses.
    pub(super) fn generate(names: &[String]) -> Result<Self, Failure> {
        let mut authority = parameters(Vec::new(), "autopilot-sim authority")?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.name_constraints = Some(NameConstraints {
            permitted_subtrees: names.iter().map(|name| subtree(name)).collect(),
            excluded_subtrees: Vec::new(),
        });
        let authority_key = KeyPair::generate()?;
        let certificate = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let mut server = parameters(names.to_vec(), "autopilot-sim")?;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = server.signed_by(&key, &issuer)?;

        let mut config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone(), certificate.der().clone()], key.into())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { pem: certificate.pem(), config })
    }

    /// Returns the authority's certificate as PEM text.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn acceptor(self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.config))
    }
}

/// Returns parameters with a name and a validity from yesterday on, for clients with a late clock.
fn parameters(names: Vec<String>, name: &str) -> Result<CertificateParams, Failure> {
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.push(DnType::CommonName, name);
    let day = |offset: i64| -> Result<_, Failure> {
        let at = SystemClock::new().timestamp().checked_add(jiff::SignedDuration::from_hours(24 * offset))?;
        let date = jiff::tz::TimeZone::UTC.to_datetime(at);
        Ok(rcgen::date_time_ymd(date.year().into(), date.month().try_into()?, date.day().try_into()?))
    };
    parameters.not_before = day(-1)?;
    parameters.not_after = day(DAYS)?;
    Ok(parameters)
}

fn subtree(name: &str) -> GeneralSubtree {
    match name.parse::<IpAddr>() {
        Ok(address @ IpAddr::V4(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 8)),
        Ok(address @ IpAddr::V6(_)) => GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, 128)),
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    }
}
