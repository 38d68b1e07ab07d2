//! The DNS name of an Active Directory domain.

use super::{InvalidValue, checked, not_empty, only};

checked! {
    /// The DNS name of an Active Directory domain, such as `corp.contoso.com`; not its NetBIOS name.
    ///
    /// ```
    /// use windows_autopilot::model::AdDomain;
    /// let domain: AdDomain = "corp.contoso.com".parse()?;
    /// assert!(domain.same_as(&"CORP.Contoso.com".parse()?));
    /// assert!("CONTOSO".parse::<AdDomain>().is_err());
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub struct AdDomain("Active Directory domain", check_dns_name);
}

impl AdDomain {
    /// Returns `true` if both names refer to the same domain, without regard to case.
    pub fn same_as(&self, other: &Self) -> bool {
        self.as_str().eq_ignore_ascii_case(other.as_str())
    }

    /// Returns the labels, from left to right: `corp`, `contoso`, `com`.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.as_str().split('.')
    }
}

/// Checks for a name of two or more labels. Underscores are accepted, because old domains have them.
pub(super) fn check_dns_name(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write the full DNS name, such as corp.contoso.com";
    not_empty(what, text, EXAMPLE)?;
    if let Some(position) = text.chars().position(|c| c == '\\') {
        return Err(InvalidValue::new(what, "looks like DOMAIN\\account", EXAMPLE).at(position));
    }
    only(what, text, EXAMPLE, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))?;
    if text.ends_with('.') {
        let last = text.len() - 1;
        return Err(InvalidValue::new(what, "ends with a dot", "leave out the last dot").at(last));
    }
    if !text.contains('.') {
        let problem = "has no dot: it is a NetBIOS name or a single label, not a DNS name";
        return Err(InvalidValue::new(what, problem, EXAMPLE));
    }
    if text.len() > 253 {
        let problem = format!("has {} characters", text.len());
        return Err(InvalidValue::new(what, problem, "write at most 253").at(253));
    }
    let mut position = 0;
    for label in text.split('.') {
        let problem = match label.len() {
            0 => "has an empty part between two dots",
            64.. => "has a part of more than 63 characters",
            _ if label.starts_with('-') || label.ends_with('-') => {
                "has a part that starts or ends with a hyphen"
            }
            length => {
                position += length + 1;
                continue;
            }
        };
        return Err(InvalidValue::new(what, problem, EXAMPLE).at(position));
    }
    if text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit())) {
        return Err(InvalidValue::new(what, "ends in a number, as an IP address does", EXAMPLE));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{hold_laws, laws};
    use super::*;

    #[test]
    fn a_domain_is_a_dns_name_of_two_or_more_labels() {
        laws::accepted::<AdDomain>(&["contoso.com", "corp.contoso.com", "a.b", "365.contoso.com"]);
        laws::accepted::<AdDomain>(&["AD_1.contoso.local"]);
        laws::refused::<AdDomain>(&[
            ("", "is empty"),
            ("CONTOSO", "NetBIOS"),
            ("CONTOSO\\admin", "DOMAIN\\account"),
            ("contoso.com.", "leave out the last dot"),
            (".contoso.com", "empty part"),
            ("contoso..com", "empty part"),
            ("-a.com", "hyphen"),
            ("a-.com", "hyphen"),
            ("https://contoso.com", "':' at character 6"),
            ("contoso com", "' ' at character 8"),
            ("bücher.example", "'ü' at character 2"),
            ("10.0.0.1", "IP address"),
        ]);
        laws::refused::<AdDomain>(&[
            (&format!("{}.com", "a".repeat(64)), "has a part of more than 63 characters"),
            (&format!("{}com", "a.".repeat(130)), "has 263 characters"),
        ]);
    }

    #[test]
    fn case_does_not_tell_domains_apart() {
        let (a, b): (AdDomain, AdDomain) = ("Contoso.COM".parse().unwrap(), "contoso.com".parse().unwrap());
        assert!(a.same_as(&b) && a != b);
        assert_eq!(a.labels().collect::<Vec<_>>(), ["Contoso", "COM"]);
    }

    hold_laws! {
        domains_hold_the_laws("\\PC{0,30}|[a-z0-9_-]{1,5}(\\.[a-z0-9-]{1,5}){0,3}\\.?"): AdDomain;
    }
}
