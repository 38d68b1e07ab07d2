//! The tenant itself: its organization, its domains and its scope tags.

use serde_json::{Value, json};

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, DIRECTORY, INTUNE, Rules};
use crate::sim::store::{Body, body, date};

const ORGANIZATION: Rules = Rules { type_name: "organization", order: &[], ..DIRECTORY };
const DOMAIN: Rules = Rules { type_name: "domain", order: &[], ..DIRECTORY };
const SCOPE_TAG: Rules = Rules { type_name: "roleScopeTag", ..INTUNE };
const SCOPE_TAGS: &str = "deviceManagement/roleScopeTags";

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, ORGANIZATION.type_name, &[])?;
    odata::list_values(exchange, &ORGANIZATION, "organization", vec![organization(exchange)])
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    one(exchange, &ORGANIZATION, "organization", organization(exchange))
}

pub(crate) fn list_domains(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, DOMAIN.type_name, &[])?;
    odata::list_values(exchange, &DOMAIN, "domains", vec![domain(exchange)])
}

pub(crate) fn get_domain(exchange: &mut Exchange<'_>) -> Answer {
    one(exchange, &DOMAIN, "domains", domain(exchange))
}

pub(crate) fn list_scope_tags(exchange: &mut Exchange<'_>) -> Answer {
    odata::check_expand(exchange, SCOPE_TAG.type_name, &["assignments"])?;
    odata::list_values(exchange, &SCOPE_TAG, SCOPE_TAGS, vec![default_scope_tag()])
}

pub(crate) fn get_scope_tag(exchange: &mut Exchange<'_>) -> Answer {
    if exchange.parameter(0) != "0" {
        return Err(Failure::intune_not_found(exchange.parameter(0)));
    }
    odata::check_expand(exchange, SCOPE_TAG.type_name, &["assignments"])?;
    odata::show(exchange, SCOPE_TAG.type_name, SCOPE_TAGS, default_scope_tag())
}

/// Answers the one object of a collection, if the request names it.
fn one(exchange: &Exchange<'_>, rules: &Rules, path: &str, found: Body) -> Answer {
    let id = exchange.parameter(0);
    if !found.get("id").and_then(Value::as_str).is_some_and(|of| of.eq_ignore_ascii_case(id)) {
        return Err(Failure::directory_not_found(id));
    }
    odata::check_expand(exchange, rules.type_name, &[])?;
    odata::show(exchange, rules.type_name, path, found)
}

fn organization(exchange: &Exchange<'_>) -> Body {
    let state = &*exchange.state;
    let domain = &state.options.domain;
    body([
        ("id", state.tenant_id.clone().into()),
        ("deletedDateTime", Value::Null),
        ("businessPhones", json!([])),
        ("city", Value::Null),
        ("country", Value::Null),
        ("countryLetterCode", "GB".into()),
        ("createdDateTime", date(Some(state.created))),
        ("displayName", domain.split('.').next().unwrap_or_default().into()),
        ("mobileDeviceManagementAuthority", "intune".into()),
        ("onPremisesSyncEnabled", state.options.timing.entra_connect.is_some().into()),
        ("preferredLanguage", "en".into()),
        ("tenantType", "AAD".into()),
        (
            "verifiedDomains",
            json!([{"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": true, "isInitial": true,
                "name": domain, "type": "Managed"}]),
        ),
    ])
}

fn domain(exchange: &Exchange<'_>) -> Body {
    body([
        ("id", exchange.state.options.domain.clone().into()),
        ("authenticationType", "Managed".into()),
        ("availabilityStatus", Value::Null),
        ("isAdminManaged", true.into()),
        ("isDefault", true.into()),
        ("isInitial", true.into()),
        ("isRoot", true.into()),
        ("isVerified", true.into()),
        ("supportedServices", json!(["Email", "OfficeCommunicationsOnline"])),
    ])
}

/// Returns the scope tag that every tenant has.
fn default_scope_tag() -> Body {
    body([
        ("id", "0".into()),
        ("displayName", "Default".into()),
        ("description", "Default Role Scope Tag".into()),
        ("isBuiltIn", true.into()),
    ])
}
