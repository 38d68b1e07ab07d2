//! The entry of a new computer, as a domain join creates it.

use std::collections::HashSet;

use zeroize::Zeroizing;

use crate::ad::directory::{DirectoryError, DirectoryErrorKind};
use crate::ad::dn;

type Attributes = Vec<(Vec<u8>, HashSet<Vec<u8>>)>;

/// The length of a computer's password, which nobody types.
const PASSWORD_LENGTH: usize = 64;

/// The entry of a new computer, with a random password that is not kept.
pub(super) struct NewComputer {
    pub(super) dn: String,
    /// The distinguished name of the domain.
    pub(super) domain: String,
    pub(super) attributes: Attributes,
    /// The service names, which are among the attributes.
    pub(super) services: Vec<String>,
}

impl NewComputer {
    pub(super) fn new(container: &str, name: &str) -> Result<Self, DirectoryError> {
        let invalid = |message| DirectoryError::new(DirectoryErrorKind::InvalidInput, message);
        let parts =
            dn::parts(container).ok_or_else(|| invalid("the container is not a distinguished name"))?;
        let labels: Vec<String> =
            parts.into_iter().filter(|(kind, _)| kind == "dc").map(|(_, label)| label).collect();
        if labels.is_empty() {
            return Err(invalid("the container's name does not end with the domain, DC=…"));
        }
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            return Err(invalid(
                "the computer's name contains a character that a computer's name cannot have",
            ));
        }
        let host = format!("{name}.{}", labels.join("."));
        let services = ["HOST", "RestrictedKrbHost"];
        let services = services.iter().flat_map(|service| [name, &*host].map(|of| format!("{service}/{of}")));
        let services: Vec<String> = services.collect();
        let attribute = |name: &str, values: &[&str]| {
            (name.as_bytes().to_vec(), values.iter().map(|value| value.as_bytes().to_vec()).collect())
        };
        let mut attributes: Attributes = vec![
            attribute("objectClass", &["computer"]),
            attribute("sAMAccountName", &[&format!("{name}$")]),
            // WORKSTATION_TRUST_ACCOUNT.
            attribute("userAccountControl", &["4096"]),
            attribute("dNSHostName", &[&host]),
            attribute("servicePrincipalName", &services.iter().map(String::as_str).collect::<Vec<_>>()),
        ];
        attributes.push((b"unicodePwd".to_vec(), HashSet::from([password()?])));
        let domain = labels.iter().map(|label| format!("DC={}", dn::escape(label))).collect::<Vec<_>>();
        let dn = format!("CN={},{container}", dn::escape(name));
        Ok(Self { dn, domain: domain.join(","), attributes, services })
    }
}

/// Returns a random password in the attribute's form: quoted, in UTF-16.
fn password() -> Result<Vec<u8>, DirectoryError> {
    let mut random = Zeroizing::new([0_u8; PASSWORD_LENGTH / 2]);
    let source = rustls::crypto::ring::default_provider().secure_random;
    source
        .fill(&mut *random)
        .map_err(|_| DirectoryError::unexpected("the system provides no random numbers"))?;
    // Only hexadecimal digits would be too few kinds of characters for a domain's policy.
    let digits = random.iter().map(|byte| format!("{byte:02x}"));
    let text = Zeroizing::new(format!("\"A-{}\"", Zeroizing::new(digits.collect::<String>()).as_str()));
    Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_has_the_names_of_its_domain_and_a_password_of_its_own() {
        let unit = r"OU=A\, B,DC=corp,DC=example";
        let NewComputer { dn, domain, attributes, services } = NewComputer::new(unit, "PC-1").unwrap();
        assert_eq!(domain, "DC=corp,DC=example");
        assert_eq!(dn, r"CN=PC-1,OU=A\, B,DC=corp,DC=example");
        let get = |attributes: &Attributes, name: &str| {
            let (_, values) = attributes.iter().find(|(of, _)| of == name.as_bytes()).unwrap();
            let mut values: Vec<Vec<u8>> = values.iter().cloned().collect();
            values.sort();
            values
        };
        assert_eq!(get(&attributes, "sAMAccountName"), [b"PC-1$"]);
        assert_eq!(get(&attributes, "dNSHostName"), [b"PC-1.corp.example"]);
        assert_eq!(get(&attributes, "servicePrincipalName").len(), services.len());
        let password = get(&attributes, "unicodePwd");
        assert_ne!(password, get(&NewComputer::new(unit, "PC-1").unwrap().attributes, "unicodePwd"));
        assert_eq!(password[0].len(), 2 * (PASSWORD_LENGTH + 4));
        for (unit, name) in
            [("nonsense", "PC"), ("<GUID=1>", "PC"), (unit, ""), (unit, "PC,OU=B"), (unit, "PC/1")]
        {
            let Err(error) = NewComputer::new(unit, name) else { panic!("{unit} {name}") };
            assert_eq!(error.kind(), DirectoryErrorKind::InvalidInput, "{unit} {name}");
        }
    }
}
