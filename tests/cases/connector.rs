//! Configuration files of the Intune Connector.

use serde::Deserialize;
use windows_autopilot::ad::connector_config::{ConnectorConfig, ConnectorFile, Proxy};

use super::{check_files, ids, missing, read, table, text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    /// The units, or nothing for a file that is refused.
    units: Option<Vec<String>>,
    #[serde(default)]
    proxy: String,
    #[serde(default)]
    findings: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
}

fn proxy_text(proxy: &Proxy) -> String {
    match proxy {
        Proxy::Automatic => "automatic".to_owned(),
        Proxy::Disabled => "disabled".to_owned(),
        Proxy::Server(server) => format!(
            "{}, bypass on local {}, system default {}",
            server.address, server.bypass_on_local, server.use_system_default
        ),
        _ => "other".to_owned(),
    }
}

#[test]
fn every_connector_file_gives_the_units_and_findings_of_its_row() {
    let (mut wrong, cases) = (Vec::new(), table::<Case>("connector.toml"));
    for case in &cases {
        let bytes = read("connector", &case.file);
        let kind = match case.file.contains("-svc-") {
            true => ConnectorFile::Service,
            false => ConnectorFile::EnrollmentWizard,
        };
        let config = match ConnectorConfig::parse(kind, &bytes) {
            Ok(config) => config,
            Err(error) => {
                let said = format!("{error}; {}", error.remedy());
                assert_eq!(case.units, None, "{}: {said}", case.file);
                let unsaid = case.says.iter().filter(|part| !said.contains(*part));
                wrong.extend(unsaid.map(|part| format!("{}: says nowhere {part:?}: {said}", case.file)));
                continue;
            }
        };
        let units: Vec<String> = config.organizational_units().iter().map(ToString::to_string).collect();
        let findings = config.lint();
        let said = text(&findings);
        let proxy = proxy_text(&config.proxy());
        if Some(&units) != case.units.as_ref() || proxy != case.proxy || ids(&findings) != case.findings {
            wrong.push(format!("{}: {units:?} {proxy} {said}", case.file));
        }
        wrong.extend(missing(&case.file, &case.says, &findings));
        assert!(config.to_bytes() == bytes, "{}: what is not changed stays as it is", case.file);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    check_files("connector", cases.iter().map(|case| &*case.file));
}
