//! The sign-in service, as MSAL and a browser see it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::*;
use crate::sim::exchange::pairs;

const LOGIN: &str = "https://login.microsoftonline.com";
const APP: &str = "0a1b2c3d-0000-4000-8000-000000000001";
const BACK: &str = "http://localhost:5000/back";

struct SignIn {
    desk: Desk,
}

impl SignIn {
    fn new() -> Self {
        let desk = Desk::with(|builder| builder.with_strict_tokens());
        desk.tenant.add_public_client(APP, ["http://localhost/back"]);
        desk.tenant.add_user("adele.vance@contoso.onmicrosoft.com");
        Self { desk }
    }

    async fn form(&self, uri: &str, fields: &[(&str, &str)]) -> Received {
        let mut body = String::new();
        for (name, value) in fields {
            body.push_str(if body.is_empty() { "" } else { "&" });
            body.push_str(name);
            body.push('=');
            crate::transport::percent_encode(value, b"-._~", &mut body);
        }
        let uri = if uri.contains("://") { uri.to_owned() } else { format!("{LOGIN}{uri}") };
        self.desk.received(http::Request::post(uri).body(Bytes::from(body)).unwrap()).await
    }

    /// Picks a user on the page of the authorization endpoint. Returns the parameters of the redirect.
    async fn pick(&self, more: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        let mut fields = vec![
            ("client_id", APP),
            ("response_type", "code"),
            ("redirect_uri", BACK),
            ("scope", "https://graph.microsoft.com/Group.Read.All openid profile offline_access"),
            ("state", "s t=1"),
            ("nonce", "n-1"),
            ("user", "adele.vance@contoso.onmicrosoft.com"),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend_from_slice(more);
        let received = self.form("/organizations/oauth2/v2.0/authorize", &fields).await;
        assert_eq!(received.status, 302, "{}", received.text);
        let location = received.headers["location"].to_str().unwrap();
        let (address, query) = location.split_once(['?', '#']).unwrap();
        (address.to_owned(), pairs(query))
    }

    async fn redeem(&self, code: &str, more: &[(&str, &str)]) -> Received {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", APP),
            ("redirect_uri", BACK),
            ("code", code),
            ("client_info", "1"),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend_from_slice(more);
        self.form("/organizations/oauth2/v2.0/token", &fields).await
    }
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> &'a str {
    fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(hmac_sha256::Hash::hash(verifier.as_bytes()))
}

#[tokio::test]
async fn discovery_names_the_endpoints_of_the_host_that_was_asked() {
    let sign_in = SignIn::new();
    let id = sign_in.desk.tenant.id();
    for (origin, tenant, issuer) in [
        (LOGIN, id.as_str(), id.as_str()),
        ("https://login.microsoftonline.us", "contoso.onmicrosoft.com", id.as_str()),
        ("https://localhost:8443", "organizations", "{tenantid}"),
    ] {
        let received =
            sign_in.desk.get(&format!("{origin}/{tenant}/v2.0/.well-known/openid-configuration")).await;
        assert_eq!(received.status, 200, "{}", received.text);
        assert_eq!(received.body["issuer"], format!("{origin}/{issuer}/v2.0"));
        assert_eq!(received.body["token_endpoint"], format!("{origin}/{tenant}/oauth2/v2.0/token"));
        assert_eq!(
            received.body["authorization_endpoint"],
            format!("{origin}/{tenant}/oauth2/v2.0/authorize")
        );
        let keys = sign_in.desk.get(received.body["jwks_uri"].as_str().unwrap()).await;
        assert_eq!(keys.body, json!({"keys": []}));
    }
    let received = sign_in.desk.get(&format!("{LOGIN}/nobody/v2.0/.well-known/openid-configuration")).await;
    assert_eq!((received.status, &received.body["error_codes"][0]), (400, &json!(90_002)));
    let instance = format!(
        "{LOGIN}/common/discovery/instance?api-version=1.1&authorization_endpoint={LOGIN}/{id}/oauth2/v2.0/authorize"
    );
    let received = sign_in.desk.get(&instance).await;
    let discovery = format!("{LOGIN}/{id}/v2.0/.well-known/openid-configuration");
    assert_eq!(received.body["tenant_discovery_endpoint"], discovery);
    assert_eq!(received.body["metadata"][0]["aliases"], json!(["login.microsoftonline.com"]));
}

#[tokio::test]
async fn a_code_is_redeemed_once_by_its_verifier_for_the_tokens_of_the_person() {
    let sign_in = SignIn::new();
    let pkce = challenge("v-1");
    let (address, fields) =
        sign_in.pick(&[("code_challenge", &pkce), ("code_challenge_method", "S256")]).await;
    assert_eq!((address.as_str(), field(&fields, "state")), (BACK, "s t=1"));
    let code = field(&fields, "code");
    for (more, number) in [
        (vec![("code_verifier", "other")], 501_481),
        (vec![], 501_481),
        (vec![("code_verifier", "v-1"), ("redirect_uri", "http://localhost:1/back")], 500_112),
        (vec![("code_verifier", "v-1"), ("client_id", "0a1b2c3d-0000-4000-8000-000000000002")], 700_005),
    ] {
        let received = sign_in.redeem(code, &more).await;
        assert_eq!(
            (received.status, &received.body["error_codes"][0]),
            (400, &json!(number)),
            "{}",
            received.text
        );
    }
    let received = sign_in.redeem(code, &[("code_verifier", "v-1")]).await;
    assert_eq!(received.status, 200, "{}", received.text);
    let tenant = sign_in.desk.tenant.id();
    let access = claims(&received.body["access_token"]);
    assert_eq!(
        (&access["idtyp"], &access["scp"], &access["tid"], &access["upn"]),
        (
            &json!("user"),
            &json!("Group.Read.All"),
            &json!(tenant),
            &json!("adele.vance@contoso.onmicrosoft.com")
        )
    );
    let id = claims(&received.body["id_token"]);
    assert_eq!(
        (&id["aud"], &id["tid"], &id["nonce"], &id["preferred_username"]),
        (&json!(APP), &json!(tenant), &json!("n-1"), &json!("adele.vance@contoso.onmicrosoft.com"))
    );
    let info = URL_SAFE_NO_PAD.decode(received.body["client_info"].as_str().unwrap()).unwrap();
    let info: Value = serde_json::from_slice(&info).unwrap();
    assert_eq!(info, json!({"uid": id["oid"], "utid": tenant}));
    let again = sign_in.redeem(code, &[("code_verifier", "v-1")]).await;
    assert_eq!(again.body["error_codes"][0], 54005);

    let refresh = received.body["refresh_token"].as_str().unwrap();
    let fields = [("grant_type", "refresh_token"), ("client_id", APP), ("refresh_token", refresh)];
    let renewed = sign_in.form("/common/oauth2/v2.0/token", &fields).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_ne!(renewed.body["access_token"], received.body["access_token"]);
    sign_in.desk.tenant.revoke_tokens();
    let revoked = sign_in.form("/common/oauth2/v2.0/token", &fields).await;
    assert_eq!(revoked.body["error_codes"][0], 700_082);
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes_and_is_forgotten_an_hour_later() {
    let sign_in = SignIn::new();
    let (_, fields) = sign_in.pick(&[]).await;
    let code = field(&fields, "code");
    let (_, other) = sign_in.pick(&[]).await;
    sign_in.desk.clock.advance(MINUTE * 10 - Duration::from_secs(1));
    assert_eq!(sign_in.redeem(field(&other, "code"), &[]).await.status, 200);
    for (after, number) in [(Duration::from_secs(1), 70008), (MINUTE * 59, 70008), (MINUTE, 9_002_313)] {
        sign_in.desk.clock.advance(after);
        let received = sign_in.redeem(code, &[]).await;
        assert_eq!((received.status, &received.body["error"]), (400, &json!("invalid_grant")));
        assert_eq!(received.body["error_codes"], json!([number]), "after {after:?}");
    }
}

#[tokio::test]
async fn what_has_expired_is_forgotten_by_the_next_sign_in() {
    let sign_in = SignIn::new();
    let asked = [("client_id", APP), ("scope", "openid")];
    for _ in 0..3 {
        let (_, fields) = sign_in.pick(&[]).await;
        assert_eq!(sign_in.redeem(field(&fields, "code"), &[]).await.status, 200);
        sign_in.form("/common/oauth2/v2.0/devicecode", &asked).await;
    }
    let kept = || {
        let snapshot = sign_in.desk.tenant.snapshot().state.unwrap();
        ["tokens", "device_codes", "authorization_codes", "refresh_tokens"].map(|name| {
            match &snapshot["state"]["auth"][name] {
                Value::Array(all) => all.len(),
                all => all.as_object().unwrap().len(),
            }
        })
    };
    assert_eq!(kept(), [3, 3, 3, 3]);
    // A code of 15 minutes and a token of an hour are answered as expired for an hour more.
    for (hours, expected) in [(1, [3, 3, 3, 3]), (2, [0, 0, 0, 3]), (24 * 90, [0, 0, 0, 0])] {
        sign_in.desk.clock.advance(60 * hours * MINUTE);
        sign_in.desk.get(&format!("{LOGIN}/common/discovery/v2.0/keys")).await;
        assert_eq!(kept(), expected, "after {hours} hours more");
    }
}

#[tokio::test]
async fn the_page_lists_the_users_and_repeats_the_parameters_escaped() {
    let sign_in = SignIn::new();
    let uri = format!(
        "{LOGIN}/common/oauth2/v2.0/authorize?client_id={APP}&response_type=code&scope=openid&redirect_uri={BACK}\
         &state=%22%3E%3Cscript%3E&login_hint=adele.vance@contoso.onmicrosoft.com"
    );
    let received = sign_in.desk.get(&uri).await;
    assert_eq!(
        (received.status, &received.headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(received.text.contains("name=\"state\" value=\"&quot;&gt;&lt;script&gt;\""), "{}", received.text);
    let picked = "<option value=\"adele.vance@contoso.onmicrosoft.com\" selected>";
    assert!(received.text.contains(picked) && !received.text.contains("<script>"), "{}", received.text);
    let silent = sign_in.desk.get(&format!("{uri}&prompt=none")).await;
    assert!(
        silent.headers["location"].to_str().unwrap().starts_with(&format!("{BACK}?error=login_required"))
    );
}

#[tokio::test]
async fn an_address_that_is_not_registered_is_never_redirected_to() {
    let sign_in = SignIn::new();
    for (client, redirect, number) in [
        (APP, "http://localhost:5000/other", "AADSTS50011"),
        (APP, "http://localhost.evil.example:5000/back", "AADSTS50011"),
        (APP, "http://127.0.0.1:5000/back", "AADSTS50011"),
        (APP, "https://localhost:5000/back", "AADSTS50011"),
        ("0a1b2c3d-0000-4000-8000-000000000002", BACK, "AADSTS700016"),
    ] {
        let fields = [
            ("client_id", client),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("scope", "openid"),
            ("user", "adele.vance@contoso.onmicrosoft.com"),
        ];
        let received = sign_in.form("/common/oauth2/v2.0/authorize", &fields).await;
        assert_eq!((received.status, received.headers.get("location")), (400, None), "{redirect}");
        assert!(received.text.contains(number), "{redirect}: {}", received.text);
    }
}

#[tokio::test]
async fn an_error_after_the_checks_goes_back_to_the_application_with_its_state() {
    let sign_in = SignIn::new();
    for (more, error) in [
        (("decision", "cancel"), "access_denied"),
        (("response_type", "token"), "unsupported_response_type"),
        (("user", "nobody@contoso.onmicrosoft.com"), "invalid_grant"),
    ] {
        let (address, fields) = sign_in.pick(&[more]).await;
        assert_eq!((address.as_str(), field(&fields, "error")), (BACK, error));
        assert_eq!((field(&fields, "state"), field(&fields, "code")), ("s t=1", ""));
        assert!(field(&fields, "error_description").starts_with("AADSTS"));
    }
    let (_, fields) = sign_in.pick(&[("response_mode", "fragment")]).await;
    assert!(!field(&fields, "code").is_empty());
}

#[tokio::test]
async fn a_person_approves_or_declines_a_device_code_on_its_page() {
    let sign_in = SignIn::new();
    let served = "http://127.0.0.1:8080";
    let start = async || {
        let fields = [("client_id", APP), ("scope", "Group.Read.All openid")];
        sign_in.form(&format!("{served}/common/oauth2/v2.0/devicecode"), &fields).await.body
    };
    for (decision, user, page, error) in [
        ("approve", "admin@contoso.onmicrosoft.com", StatusCode::OK, None),
        ("decline", "admin@contoso.onmicrosoft.com", StatusCode::OK, Some("authorization_declined")),
        ("approve", "nobody@contoso.onmicrosoft.com", StatusCode::BAD_REQUEST, Some("authorization_pending")),
    ] {
        let started = start().await;
        let uri = started["verification_uri"].as_str().unwrap();
        assert_eq!(uri, format!("{served}/common/oauth2/deviceauth"));
        assert!(sign_in.desk.get(uri).await.text.contains("name=user_code"));
        let code = started["user_code"].as_str().unwrap();
        let received =
            sign_in.form(uri, &[("user_code", code), ("user", user), ("decision", decision)]).await;
        assert_eq!(received.status, page.as_u16());
        let fields = [
            ("client_id", APP),
            ("grant_type", "device_code"),
            ("device_code", started["device_code"].as_str().unwrap()),
        ];
        let received = sign_in.form("/common/oauth2/v2.0/token", &fields).await;
        assert_eq!(received.body["error"].as_str(), error, "{}", received.text);
        if error.is_none() {
            assert_eq!(claims(&received.body["id_token"])["preferred_username"], user);
        }
    }
    let received = sign_in
        .form(
            &format!("{served}/common/oauth2/deviceauth"),
            &[("user_code", "?"), ("user", "admin@contoso.onmicrosoft.com")],
        )
        .await;
    assert_eq!(received.status, 400, "an unknown code is refused");
}

#[tokio::test]
async fn the_date_of_an_assertion_may_have_a_fraction() {
    let sign_in = SignIn::new();
    let (tenant, client) = (sign_in.desk.tenant.id(), "0a1b2c3d-0000-4000-8000-000000000003");
    sign_in.desk.tenant.allow_assertions(client);
    let now = sign_in.desk.tenant.timestamp().as_second();
    for (exp, error) in [
        (json!(now as f64 + 600.5), None),
        (json!(now + 600), None),
        (json!(now as f64 - 0.5), Some("invalid_client")),
        (json!("soon"), Some("invalid_client")),
    ] {
        let claims = json!({"iss": client, "sub": client, "aud": format!("{LOGIN}/{tenant}/oauth2/v2.0/token"), "exp": exp});
        let assertion = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_assertion", assertion.as_str()),
        ];
        let received = sign_in.form(&format!("/{tenant}/oauth2/v2.0/token"), &fields).await;
        assert_eq!(received.body["error"].as_str(), error, "{exp}: {}", received.text);
    }
    let fields =
        [("grant_type", "client_credentials"), ("client_id", client), ("client_assertion", "e30.e30.x")];
    let received = sign_in.form("/common/oauth2/v2.0/token", &fields).await;
    assert_eq!(received.status, 401, "a wrong proof comes before the tenant");
}

#[tokio::test]
async fn a_path_that_is_no_endpoint_is_not_found() {
    let sign_in = SignIn::new();
    for (method, path) in [
        (Method::GET, "/common/oauth2/v2.0/token"),
        (Method::POST, "/common/oauth2/v2.0/logout"),
        (Method::GET, "/common/discovery/nothing"),
    ] {
        let received = sign_in.desk.send(method, &format!("{LOGIN}{path}"), &[], None).await;
        assert_eq!(received.status, 404, "{path}");
    }
}
