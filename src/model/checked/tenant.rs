//! The identifier of a tenant.

use super::domain::check_dns_name;
use super::{InvalidValue, checked, not_empty};

checked! {
    /// A tenant, identified by its id (a GUID) or by one of its verified domains, such as `contoso.onmicrosoft.com`.
    ///
    /// ```
    /// use windows_autopilot::model::TenantId;
    /// assert!("9b3e…".parse::<TenantId>().is_err());
    /// assert!("contoso.onmicrosoft.com".parse::<TenantId>().is_ok());
    /// assert!("common".parse::<TenantId>().is_err());
    /// ```
    pub struct TenantId("tenant", check_tenant);
}

impl TenantId {
    /// Returns `true` for the tenant's id, and `false` for a domain.
    pub fn is_guid(&self) -> bool {
        is_guid(self.as_str())
    }
}

/// Returns `true` for a GUID in its usual form: 8-4-4-4-12 hexadecimal digits, without braces.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn check_tenant(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write the tenant's GUID, or a domain such as contoso.onmicrosoft.com";
    not_empty(what, text, EXAMPLE)?;
    if matches!(text, "common" | "organizations" | "consumers") {
        return Err(InvalidValue::new(what, "does not name one tenant", EXAMPLE));
    }
    if is_guid(text) {
        return Ok(());
    }
    if text.starts_with('{') {
        return Err(InvalidValue::new(what, "has braces", "write the GUID without braces").at(0));
    }
    check_dns_name(what, text).map_err(|error| {
        let problem = format!("is neither a GUID nor a domain: {}", error.problem());
        let new = InvalidValue::new(what, problem, EXAMPLE);
        error.position().map_or(new.clone(), |position| new.at(position))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{hold_laws, laws};
    use super::*;

    #[test]
    fn a_tenant_is_a_guid_or_a_domain() {
        laws::accepted::<TenantId>(&["0f7b6f2a-1c3d-4e5f-8a9b-0C1D2E3F4A5B"]);
        laws::accepted::<TenantId>(&["contoso.com", "contoso.onmicrosoft.com"]);
        laws::refused::<TenantId>(&[
            ("", "is empty"),
            ("common", "does not name one tenant"),
            ("{0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5b}", "without braces"),
            ("0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5", "neither a GUID nor a domain"),
            ("contoso", "neither a GUID nor a domain"),
            ("contoso.com/../x", "'/' at character 12"),
        ]);
        assert!("0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5b".parse::<TenantId>().unwrap().is_guid());
        assert!(!"contoso.com".parse::<TenantId>().unwrap().is_guid());
    }

    hold_laws! {
        tenants_hold_the_laws("\\PC{0,40}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"): TenantId;
    }
}
