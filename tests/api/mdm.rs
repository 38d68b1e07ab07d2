//! Automatic enrollment.

use serde_json::json;
use windows_autopilot::model::{MdmPolicy, MdmScope, MdmScopeStep};
use windows_autopilot::resource::MdmUrls;
use windows_autopilot::sim::Tenant;
use windows_autopilot::{ErrorKind, Result};

use super::support::{Harness, Tap, id, refused, sent};

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let policies = client.mdm_policies();
    let listed = policies.list().all().await?;
    assert_eq!(listed.len(), 2);
    let intune = policies.intune().await?;
    assert_eq!(intune.id.as_str(), MdmPolicy::INTUNE_APPLICATION_ID);
    assert_eq!(
        (intune.display_name.as_deref(), intune.scope()),
        (Some("Microsoft Intune"), Some(MdmScope::None))
    );

    let group = id(tenant.add_group("Users"));
    policies.add_group(&intune.id, &group).await?;
    let included = policies.included_groups(&intune.id).all().await?;
    assert_eq!(
        (included.len(), &included[0].id, included[0].display_name.as_deref()),
        (1, &group, Some("Users"))
    );
    assert_eq!(policies.get(&intune.id).await?.scope(), Some(MdmScope::Groups([group.clone()].into())));
    policies.remove_group(&intune.id, &group).await?;
    assert_eq!(policies.included_groups(&intune.id).all().await?, []);
    assert!(client.groups().get(&group).await.is_ok(), "the link went, the group stays");

    policies.apply(&intune.id, &MdmScopeStep::ApplyToAll).await?;
    assert_eq!(policies.get(&intune.id).await?.scope(), Some(MdmScope::All));
    let urls = MdmUrls::default().with_terms_of_use_url("https://contoso.com/terms");
    policies.set_urls(&intune.id, &urls).await?;
    let found = policies.get(&intune.id).await?;
    assert_eq!(found.terms_of_use_url.as_deref(), Some("https://contoso.com/terms"));
    assert_eq!(
        (&found.discovery_url, found.scope()),
        (&intune.discovery_url, Some(MdmScope::All)),
        "the rest stays"
    );

    let other = listed.iter().find(|policy| !policy.is_intune()).unwrap();
    refused(policies.delete(&other.id).await, ErrorKind::Rejected);
    tenant.invalidate_mdm_policy(other.id.as_str());
    assert_eq!(policies.get(&other.id).await?.is_valid, Some(false));
    refused(policies.apply(&other.id, &MdmScopeStep::ApplyToAll).await, ErrorKind::Rejected);
    policies.delete(&other.id).await?;
    refused(policies.get(&other.id).await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn a_scope_is_reached_step_by_step_and_nothing_is_sent_twice() -> Result<()> {
    let tap = Tap::new();
    let Harness { client, tenant, .. } =
        Harness::builder().with_client(|client| client.with_per_attempt_middleware(tap.clone())).build();
    let policies = client.mdm_policies();
    let [a, b, c] = ["A", "B", "C"].map(|name| id(tenant.add_group(name)));
    let groups = |groups: &[&windows_autopilot::model::Id<windows_autopilot::model::Group>]| {
        MdmScope::Groups(groups.iter().map(|id| (*id).clone()).collect())
    };
    let mut both = [a.clone(), b.clone()];
    both.sort();
    for (scope, steps) in [
        (groups(&[&a, &b]), both.map(MdmScopeStep::Include).to_vec()),
        (groups(&[&b, &c]), vec![MdmScopeStep::Include(c.clone()), MdmScopeStep::Exclude(a.clone())]),
        (MdmScope::All, vec![MdmScopeStep::ApplyToAll]),
        (groups(&[&b]), vec![MdmScopeStep::Include(b.clone())]),
        (MdmScope::None, vec![MdmScopeStep::ApplyToNone]),
        // The group is there still, and only including one selects groups.
        (groups(&[&b]), vec![MdmScopeStep::Exclude(b.clone()), MdmScopeStep::Include(b.clone())]),
    ] {
        let before = policies.intune().await?;
        assert_eq!(policies.set_scope(&before, &scope).await?, steps, "to {scope:?}");
        let after = policies.intune().await?;
        assert_eq!(after.scope(), Some(scope.clone()));
        tenant.clear_requests();
        assert_eq!(policies.set_scope(&after, &scope).await?, []);
        assert_eq!(sent(&tenant), [""; 0]);
    }
    // `appliesTo` goes alone, and is never `selected`.
    for body in tap.sent() {
        let link = body.get("@odata.id").and_then(|link| link.as_str());
        let good = link.is_some_and(|link| link.starts_with("https://graph.microsoft.com/odata/groups('"))
            || body == json!({"appliesTo": "all"})
            || body == json!({"appliesTo": "none"});
        assert!(good && body.as_object().unwrap().len() == 1, "{body}");
    }
    Ok(())
}

#[tokio::test]
async fn an_app_by_itself_is_refused_every_call_and_a_person_is_not() -> Result<()> {
    for (app_only, status) in [(true, 403), (true, 401), (false, 0)] {
        let harness = match app_only {
            true => Harness::builder()
                .as_app()
                .with_tenant(|tenant| tenant.with_quirks(|quirks| quirks.app_only_status = status)),
            false => Harness::builder(),
        };
        let Harness { client, tenant, .. } = harness.build();
        let policies = client.mdm_policies();
        let policy = id(MdmPolicy::INTUNE_APPLICATION_ID);
        let group = id(tenant.add_group("Users"));
        let outcomes = [
            policies.list().all().await.map(drop),
            policies.intune().await.map(drop),
            policies.get(&policy).await.map(drop),
            policies.add_group(&policy, &group).await,
            policies.included_groups(&policy).all().await.map(drop),
            policies.remove_group(&policy, &group).await,
            policies.apply(&policy, &MdmScopeStep::ApplyToAll).await,
            policies.set_urls(&policy, &MdmUrls::default()).await,
        ];
        for outcome in outcomes {
            match app_only {
                true => {
                    let kind = if status == 403 { ErrorKind::Forbidden } else { ErrorKind::Authentication };
                    let error = refused(outcome, kind);
                    assert!(error.to_string().contains("Unsupported app-only call"), "{error}");
                }
                false => outcome?,
            }
        }
    }
    Ok(())
}
