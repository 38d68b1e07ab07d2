//! Who gets in, and what becomes of those who do not.

use windows_autopilot::ad::directory::DirectoryErrorKind;
use windows_autopilot::ad::ldap::{LdapOptions, LdapSignIn};
use windows_autopilot::ad::{Account, AccountKind, Domain, Principal};

use crate::controller::{Controller, PASSWORD};

#[tokio::test]
async fn every_form_of_a_name_signs_in_over_tls_from_the_start_and_over_starttls() {
    let Some(controller) = Controller::find().await else { return };
    let forms = [
        controller.admin_dn.clone(),
        controller.admin_upn.clone(),
        format!("{}\\Administrator", controller.netbios),
    ];
    for url in [&controller.url, &controller.starttls_url] {
        for form in &forms {
            let options = LdapOptions::new(url).unwrap().with_root_certificate(controller.authority.clone());
            let sign_in = LdapSignIn::new(form, &*controller.admin_password).unwrap();
            let directory = options.connect(&sign_in).await.unwrap();
            let domain = Domain::read(&directory).await.unwrap().unwrap();
            assert_eq!(domain.naming_context, controller.base, "{url} {form}");
        }
    }
}

#[tokio::test]
async fn a_domain_tells_its_names_its_quota_and_its_containers() {
    let Some(controller) = Controller::find().await else { return };
    let admin = controller.admin().await;
    let domain = Domain::read(&admin).await.unwrap().unwrap();
    assert_eq!(domain.name, "corp.example".parse().unwrap());
    assert_eq!(domain.netbios_name.as_deref(), Some(&*controller.netbios));
    assert_eq!((domain.machine_account_quota, domain.functional_level), (Some(10), Some(4)));
    assert_eq!(domain.computers, Some(format!("CN=Computers,{}", controller.base)));
    let accounts = format!("CN=Managed Service Accounts,{}", controller.base);
    assert_eq!(domain.managed_service_accounts, Some(accounts));

    let made = controller.managed_service_account().await;
    let server = controller.computer_account().await;
    for (account, kind) in [(&made, AccountKind::ManagedServiceAccount), (&server, AccountKind::Computer)] {
        let found = Principal::from(account.sid.clone()).resolve(&admin).await.unwrap();
        assert_eq!((&found.sid, found.kind, found.enabled), (&account.sid, kind, true));
        let computers = domain.sid.with_relative_id(515).unwrap();
        assert!(found.token.contains(&computers), "{found:?}");
    }
    let connectors = Account::connectors(&admin, &domain).await.unwrap();
    assert!(connectors.iter().any(|found| found.sid == made.sid));
    assert!(connectors.iter().all(|found| found.kind == AccountKind::ManagedServiceAccount));
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_disabled_account_and_neither_is_repeated() {
    let Some(controller) = Controller::find().await else { return };
    let refused = async |account: &str, password: &str| {
        let sign_in = LdapSignIn::new(account, password).unwrap();
        let error = controller.options().connect(&sign_in).await.unwrap_err();
        assert_eq!((error.kind(), error.result_code()), (DirectoryErrorKind::InvalidCredentials, Some(49)));
        let text = format!("{error} {error:?}");
        assert!(!text.contains(account) && !text.contains(password), "{text}");
        error.to_string()
    };
    let wrong = refused(&controller.admin_upn, "wrong-password").await;
    assert!(wrong.contains("check the account and its password"), "{wrong}");
    let unknown = refused("nobody-at-all@corp.example", "wrong-password").await;
    assert_eq!(unknown, wrong);

    let account = controller.computer_account().await;
    let disabled = ldap3::Mod::Replace("userAccountControl", ["4098"].into());
    controller.raw.clone().modify(&account.dn, vec![disabled]).await.unwrap().success().unwrap();
    let text = refused(&account.dn, PASSWORD).await;
    assert!(text.contains("disabled"), "{text}");
}
