//! Sign-in, and what a wrong input says: one message with the place, the rule and the remedy.

use std::time::Duration;

use windows_autopilot::credential::{ClientSecret, DeviceCode, FederatedToken, Secret};
use windows_autopilot::model::{MdmScope, TenantId};
use windows_autopilot::{Error, ErrorKind, Result};

use super::support::{CLIENT_ID, Harness, MINUTE, SECOND, refused, sent, signed_in};

const HOUR: Duration = Duration::from_secs(3600);

fn with_secret(tenant: &str, client_id: &str, secret: &str) -> Result<ClientSecret> {
    Ok(ClientSecret::new(tenant.parse()?, client_id, secret)?)
}

#[test]
fn a_wrong_input_is_refused_before_anything_is_sent_with_place_rule_and_remedy() {
    for (tenant, client_id, secret, says) in [
        (
            "contoso",
            CLIENT_ID,
            "s",
            "tenant \"contoso\": is neither a GUID nor a domain: has no dot: it is a NetBIOS name or a single label, not a DNS name; write the tenant's GUID, or a domain such as contoso.onmicrosoft.com",
        ),
        ("contoso.com/..", CLIENT_ID, "s", "'/' at character 12"),
        ("", CLIENT_ID, "s", "tenant \"\": is empty; write the tenant's GUID"),
        ("common", CLIENT_ID, "s", "does not name one tenant; write the tenant's GUID"),
        (
            "{0f7b6f2a-1c3d-4e5f-8a9b-0c1d2e3f4a5b}",
            CLIENT_ID,
            "s",
            "has braces; write the GUID without braces",
        ),
        ("contoso.com", "my app", "s", "client id: is not a GUID; write the application (client) id"),
        ("contoso.com", CLIENT_ID, "", "client secret: is empty; write the secret's value"),
        (
            "contoso.com",
            CLIENT_ID,
            "canary\n",
            "client secret: begins or ends with a space or a line break; write",
        ),
    ] {
        let error = with_secret(tenant, client_id, secret).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let said = error.to_string();
        assert!(said.contains(says), "{said}");
        assert!(!said.contains("canary") && !said.contains('\n'), "{said}");
    }
    let error = "contoso".parse::<TenantId>().unwrap_err();
    assert_eq!((error.subject(), error.value()), ("tenant", Some("contoso")));
}

/// A sign-in that the service refuses.
#[track_caller]
fn assert_refused(error: &Error, code: &str, remedy: &str) {
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Authentication, Some("signIn")));
    assert_eq!(error.endpoint(), Some("POST /{tenant}/oauth2/v2.0"));
    assert!(error.service().unwrap().has_code(code), "{error}");
    assert_eq!(error.remedy(), Some(remedy));
    let said = error.to_string();
    for part in ["signIn: ", code, remedy] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains('\n') && !format!("{said} {error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn an_expired_secret_says_so_and_no_call_is_made() -> Result<()> {
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.add_client_secret_until(CLIENT_ID, "canary", 2 * HOUR);
    let client = signed_in(&tenant, &clock, with_secret(&tenant.domain(), CLIENT_ID, "canary")?);
    assert_eq!(client.devices().count().await?, 0);
    clock.advance(3 * HOUR);
    tenant.clear_requests();
    let error = refused(client.devices().count().await, ErrorKind::Authentication);
    assert_refused(
        &error,
        "AADSTS7000222",
        "the client secret has expired: add a new secret to the app registration and use it",
    );
    assert_eq!(sent(&tenant), ["POST token"]);
    Ok(())
}

#[tokio::test]
async fn a_wrong_secret_app_or_tenant_says_which() -> Result<()> {
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.add_client_secret(CLIENT_ID, "the right one");
    let stranger = "99991111-aaaa-2222-bbbb-3333cccc4444";
    let not_here = "check client id and tenant: the app must be registered in this tenant, or an administrator must consent to it";
    for (domain, app, code, remedy) in [
        (
            tenant.domain(),
            CLIENT_ID,
            "AADSTS7000215",
            "use the client secret's whole value, not its id, and without spaces; a new secret works after some minutes",
        ),
        (tenant.domain(), stranger, "AADSTS700016", not_here),
        (
            "fabrikam.com".to_owned(),
            CLIENT_ID,
            "AADSTS90002",
            "check the tenant's name, and build the client for the tenant's cloud",
        ),
    ] {
        let client = signed_in(&tenant, &clock, with_secret(&domain, app, "canary")?);
        tenant.clear_requests();
        let error = refused(client.devices().count().await, ErrorKind::Authentication);
        assert_refused(&error, code, remedy);
        assert_eq!(sent(&tenant).len(), 1, "a refusal is not tried again");
    }
    assert_eq!(clock.slept(), [Duration::ZERO; 0]);
    Ok(())
}

#[tokio::test]
async fn a_token_is_fetched_once_renewed_in_time_and_replaced_when_it_is_refused() -> Result<()> {
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.add_client_secret(CLIENT_ID, "a secret");
    let client = signed_in(&tenant, &clock, with_secret(&tenant.id(), CLIENT_ID, "a secret")?);
    let sign_ins = || sent(&tenant).iter().filter(|request| *request == "POST token").count();
    for _ in 0..5 {
        client.devices().count().await?;
    }
    assert_eq!(sign_ins(), 1);
    // Five minutes before its end it is renewed, so no call ever meets an expired one.
    for _ in 0..24 {
        clock.advance(10 * MINUTE);
        client.devices().count().await?;
    }
    assert!(tenant.requests().iter().all(|request| request.status.is_some_and(|status| status.is_success())));
    assert!((4..=5).contains(&sign_ins()), "{}", sign_ins());
    // One that was revoked is replaced, once, and the call goes on.
    clock.advance(SECOND);
    tenant.revoke_tokens();
    clock.advance(SECOND);
    tenant.clear_requests();
    client.devices().count().await?;
    let statuses: Vec<_> =
        tenant.requests().iter().filter_map(|request| request.status).map(|status| status.as_u16()).collect();
    assert_eq!(statuses, [401, 200, 200]);
    Ok(())
}

#[tokio::test]
async fn a_person_signs_in_with_a_code_and_may_set_what_an_app_may_not() -> Result<()> {
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.add_client_secret(CLIENT_ID, "a secret");
    let app = signed_in(&tenant, &clock, with_secret(&tenant.domain(), CLIENT_ID, "a secret")?);
    refused(app.mdm_policies().intune().await, ErrorKind::Forbidden);
    let (approver, prompts) = (tenant.clone(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let shown = prompts.clone();
    let credential = DeviceCode::new(tenant.domain().parse()?, CLIENT_ID, move |prompt| {
        shown.lock().unwrap().push(prompt.verification_uri().to_owned());
        assert!(approver.approve_sign_in(prompt.user_code()));
    })?;
    let person = signed_in(&tenant, &clock, credential);
    let policy = person.mdm_policies().intune().await?;
    assert_eq!(person.mdm_policies().set_scope(&policy, &MdmScope::All).await?.len(), 1);
    assert_eq!(person.mdm_policies().intune().await?.scope(), Some(MdmScope::All));
    assert_eq!(*prompts.lock().unwrap(), ["https://microsoft.com/devicelogin"]);
    Ok(())
}

#[tokio::test]
async fn a_code_that_nobody_enters_ends_the_call_in_time() -> Result<()> {
    let Harness { tenant, clock, .. } = Harness::new();
    let credential = DeviceCode::new(tenant.domain().parse()?, CLIENT_ID, |_| {})?;
    let client = signed_in(&tenant, &clock, credential);
    let error = client.granted_permissions().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let waited: Duration = clock.slept().iter().sum();
    assert!((14 * MINUTE..=16 * MINUTE).contains(&waited), "{waited:?}");
    Ok(())
}

#[tokio::test]
async fn another_providers_token_signs_in_and_a_stale_one_is_refused() -> Result<()> {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let Harness { tenant, clock, .. } =
        Harness::builder().as_app().with_tenant(|tenant| tenant.with_strict_tokens()).build();
    tenant.allow_assertions(CLIENT_ID);
    let expires = tenant.timestamp().as_second() + 600;
    let claims = serde_json::json!({"iss": "https://token.actions.example", "sub": "repo:contoso/devices",
        "aud": "api://AzureADTokenExchange", "exp": expires});
    let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let credential = || {
        let token = token.clone();
        FederatedToken::from_fn(tenant.domain().parse()?, CLIENT_ID, move || {
            std::future::ready(Ok(Secret::new(token.clone())))
        })
    };
    let client = signed_in(&tenant, &clock, credential()?);
    assert_eq!(client.devices().count().await?, 0);
    clock.advance(11 * MINUTE);
    let late = signed_in(&tenant, &clock, credential()?);
    let error = refused(late.devices().count().await, ErrorKind::Authentication);
    assert!(!format!("{error} {error:?}").contains("e30."), "{error:?}");
    Ok(())
}
