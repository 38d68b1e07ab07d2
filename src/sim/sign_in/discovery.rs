//! Discovery: the metadata that a sign-in library reads before it requests a token.

use http::StatusCode;
use serde_json::json;

use super::answer::{Answer, Refusal};
use super::client;
use crate::sim::exchange::Request;
use crate::sim::state::State;

/// Answers with the hosts that are equivalent to this sign-in host.
pub(super) fn instance(request: &Request) -> Answer {
    let host = request.origin.split_once("://").map_or(request.origin.as_str(), |(_, host)| host);
    let authority = request.option("authorization_endpoint").unwrap_or_default();
    let tenant = authority.split('/').nth(3).filter(|tenant| !tenant.is_empty()).unwrap_or("common");
    Answer::Json(
        StatusCode::OK,
        json!({
            "tenant_discovery_endpoint": format!("{}/{tenant}/v2.0/.well-known/openid-configuration", request.origin),
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }),
    )
}

/// Answers with the `OpenID` Connect metadata of the tenant.
pub(super) fn openid(state: &State, request: &Request) -> Result<Answer, Refusal> {
    client::check_tenant(state, request)?;
    let (origin, tenant) = (&request.origin, &request.version);
    let id = if client::is_shared(request) { "{tenantid}" } else { &state.tenant_id };
    let endpoint = |name: &str| format!("{origin}/{tenant}/oauth2/v2.0/{name}");
    let metadata = json!({
        "issuer": format!("{origin}/{id}/v2.0"),
        "authorization_endpoint": endpoint("authorize"),
        "token_endpoint": endpoint("token"),
        "device_authorization_endpoint": endpoint("devicecode"),
        "jwks_uri": format!("{origin}/{tenant}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["none"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "oid", "ver"],
        "cloud_instance_name": "microsoftonline.com",
        "tenant_region_scope": null,
    });
    Ok(Answer::Json(StatusCode::OK, metadata))
}

/// Answers with the signing keys: none, because tokens are unsigned.
pub(super) fn keys() -> Answer {
    Answer::Json(StatusCode::OK, json!({"keys": []}))
}
