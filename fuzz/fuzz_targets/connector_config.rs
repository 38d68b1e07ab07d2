//! The connector's files: no bytes cause a panic, what was read is written as it was, and what was set is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile, Proxy, ProxyServer};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut config) = ConnectorConfig::parse(ConnectorFile::EnrollmentWizard, bytes) else { return };
    assert_eq!(config.to_bytes(), bytes);
    let _ = config.lint();
    if config.set_setting("SignInURL", "<&'\"\t>").is_ok() {
        assert_eq!(config.setting("signinurl"), Some("<&'\"\t>"));
    }
    let proxy = Proxy::Server(ProxyServer::new("http://proxy:8080"));
    if config.set_proxy(&proxy).is_ok() {
        assert_eq!(config.proxy(), proxy);
    }
});
