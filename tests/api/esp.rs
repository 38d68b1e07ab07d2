//! Enrollment status pages.

use serde_json::json;
use windows_autopilot::graph::ApiVersion;
use windows_autopilot::model::{
    AssignmentFilterType, BlockDeviceUse, BlockUntil, BlockingApps, EnrollmentConfiguration,
    EnrollmentStatusPage, Id, InstallTimeout, MobileApp, Stored, Target,
};
use windows_autopilot::sim::Tenant;
use windows_autopilot::{Client, ErrorKind, Result};

use super::support::{Harness, Tap, id, is_stored, refused, sent, shown, targets};

const PATH: &str = "/deviceManagement/deviceEnrollmentConfigurations";

fn page(name: &str) -> Result<EnrollmentStatusPage> {
    Ok(EnrollmentStatusPage::new(name.parse()?))
}

/// A page that blocks the use of the device until an app is there.
fn blocking(name: &str, app: &Id<MobileApp>) -> Result<EnrollmentStatusPage> {
    let mut until = BlockUntil::new(BlockingApps::selected([app.clone()]));
    until.allow_device_reset_on_install_failure = true;
    Ok(page(name)?
        .with_description("Laptops".into())
        .with_install_progress_timeout_in_minutes(InstallTimeout::from_minutes(90)?)
        .with_custom_error_message("Call the desk".parse()?)
        .with_track_install_progress_for_autopilot_only(true)
        .with_install_quality_updates(true)
        .with_block_device_use(BlockDeviceUse::Until(until)))
}

/// The priorities of the pages but the default one, by name.
async fn priorities(client: &Client) -> Result<Vec<(String, i32)>> {
    let listed = client.enrollment_status_pages().list().all().await?;
    let pages = listed.into_iter().filter_map(|of| match of {
        EnrollmentConfiguration::StatusPage(page) if !page.is_default() => {
            Some((page.settings.display_name.to_string(), page.observed.priority.unwrap()))
        }
        _ => None,
    });
    Ok(pages.collect())
}

async fn default_page(client: &Client) -> Result<Stored<EnrollmentStatusPage>> {
    let listed = client.enrollment_status_pages().list().all().await?;
    let mut pages = listed.into_iter().filter_map(|of| match of {
        EnrollmentConfiguration::StatusPage(page) => Some(page).filter(Stored::is_default),
        _ => None,
    });
    Ok(pages.next().unwrap())
}

pub(super) async fn every_call() -> Result<Tenant> {
    let Harness { client, tenant, .. } = Harness::new();
    let pages = client.enrollment_status_pages();
    let app: Id<MobileApp> = id(tenant.add_app("VPN", "win32LobApp"));
    let before = pages.count().await?;
    assert_eq!(pages.list().all().await?.len() as u64, before, "the kinds that every tenant has");

    // "Block device use" is the opposite of what Graph calls it.
    let wish = blocking("Autopilot devices", &app)?;
    let stored = pages.create(&wish).await?;
    is_stored(&stored, &wish);
    let wire = shown(&client, ApiVersion::Beta, &format!("{PATH}/{}", stored.id)).await?;
    for (property, value) in [
        ("@odata.type", json!("#microsoft.graph.windows10EnrollmentCompletionPageConfiguration")),
        ("displayName", json!("Autopilot devices")),
        ("description", json!("Laptops")),
        ("showInstallationProgress", json!(true)),
        ("blockDeviceSetupRetryByUser", json!(false)),
        ("allowDeviceResetOnInstallFailure", json!(true)),
        ("allowDeviceUseOnInstallFailure", json!(false)),
        ("selectedMobileAppIds", json!([app.as_str()])),
        ("installProgressTimeoutInMinutes", json!(90)),
        ("customErrorMessage", json!("Call the desk")),
        ("trackInstallProgressForAutopilotOnly", json!(true)),
        ("disableUserStatusTrackingAfterFirstUser", json!(true)),
        ("installQualityUpdates", json!(true)),
        ("priority", json!(1)),
    ] {
        assert_eq!(wire[property], value, "{property}");
    }
    assert_eq!(pages.count().await?, before + 1);

    // What a page no longer has goes, the selected apps too.
    let next = page("Autopilot devices")?;
    let changed = pages.update(&stored, &next).await?;
    is_stored(&changed, &next);
    assert_eq!(pages.get(&stored.id).await?, changed);
    let wire = shown(&client, ApiVersion::Beta, &format!("{PATH}/{}", stored.id)).await?;
    assert_eq!(
        (&wire["blockDeviceSetupRetryByUser"], &wire["selectedMobileAppIds"]),
        (&json!(true), &json!([]))
    );

    // Assigned as a whole, and one by one.
    let group = |name: &str| Target::group(id(tenant.add_group(name)));
    let (one, two, three) = (group("One"), group("Two"), group("Three"));
    pages.assignments(&stored.id).replace_at_once(std::slice::from_ref(&one)).await?;
    let added = pages.assignments(&stored.id).add(&two).await?;
    assert_eq!(pages.assignments(&stored.id).get(&added.id).await?, added);
    assert_eq!(targets(pages.assignments(&stored.id).list()).await?, [one.clone(), two]);
    pages.assignments(&stored.id).update(&added.id, &three).await?;
    assert_eq!(targets(pages.assignments(&stored.id).list()).await?, [one.clone(), three.clone()]);
    let first = pages.assignments(&stored.id).list().all().await?.remove(0);
    pages.assignments(&stored.id).remove(&first.id).await?;
    assert_eq!(targets(pages.assignments(&stored.id).list()).await?, [three]);
    let links = pages.has_payload_links(std::slice::from_ref(&stored.id)).await?;
    assert_eq!((links[0].payload_id.as_deref(), links[0].has_link), (Some(stored.id.as_str()), Some(true)));

    let second = pages.create(&page("Second")?).await?;
    pages.set_priority(&second.id, 1).await?;
    assert_eq!(pages.get(&second.id).await?.observed.priority, Some(1));
    assert_eq!(pages.get(&stored.id).await?.observed.priority, Some(2));

    // An assigned page goes with its assignments.
    pages.delete(&stored.id).await?;
    refused(pages.get(&stored.id).await, ErrorKind::NotFound);
    Ok(tenant)
}

#[tokio::test]
async fn every_call_does_what_it_says() -> Result<()> {
    every_call().await.map(drop)
}

#[tokio::test]
async fn other_kinds_in_the_list_are_kept_whole_and_the_default_page_is_known() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    client.enrollment_status_pages().create(&page("Mine")?).await?;
    let listed = client.enrollment_status_pages().list().all().await?;
    let unknown: Vec<_> =
        listed.iter().filter(|of| matches!(of, EnrollmentConfiguration::Unknown(_))).collect();
    assert_eq!((listed.len(), unknown.len()), (6, 4));
    for of in unknown {
        assert!(of.id().is_some() && of.display_name().is_some() && of.odata_type().is_some(), "{of:?}");
        let path = format!("{PATH}/{}", of.id().unwrap());
        let mut whole = shown(&client, ApiVersion::Beta, &path).await?;
        whole.as_object_mut().unwrap().remove("@odata.context");
        assert_eq!(serde_json::to_value(of).unwrap(), whole);
    }
    let default = default_page(&client).await?;
    assert_eq!(default.observed.priority, Some(0));
    assert!(default.id.as_str().ends_with("_DefaultWindows10EnrollmentCompletionPageConfiguration"));
    Ok(())
}

#[tokio::test]
async fn assign_replaces_all_assignments_in_one_step() -> Result<()> {
    for empty_object in [false, true] {
        let tap = Tap::new();
        let Harness { client, tenant, .. } = Harness::builder()
            .as_app()
            .with_tenant(|tenant| {
                tenant.with_quirks(|quirks| quirks.assign_answers_empty_object = empty_object)
            })
            .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
            .build();
        let pages = client.enrollment_status_pages();
        let stored = pages.create(&page("Page")?).await?;
        let (one, two) = (tenant.add_group("One"), tenant.add_group("Two"));
        pages
            .assignments(&stored.id)
            .replace_at_once(&[Target::group(id(&one)), Target::all_devices()])
            .await?;
        assert_eq!(targets(pages.assignments(&stored.id).list()).await?.len(), 2);
        tenant.clear_requests();
        pages.assignments(&stored.id).replace_at_once(&[Target::group(id(&two))]).await?;
        assert_eq!(sent(&tenant), ["GET assignments", "POST assign", "GET assignments"]);
        let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": two});
        assert_eq!(tap.last(), json!({"enrollmentConfigurationAssignments": [{"target": target}]}));
        assert_eq!(targets(pages.assignments(&stored.id).list()).await?, [Target::group(id(&two))]);
        pages.assignments(&stored.id).replace_at_once(&[]).await?;
        assert_eq!(targets(pages.assignments(&stored.id).list()).await?, []);
    }
    Ok(())
}

#[tokio::test]
async fn a_filter_goes_with_its_target_and_comes_back() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let filter = super::filter::create(&client, "Contoso devices").await?;
    let pages = client.enrollment_status_pages();
    let stored = pages.create(&page("Page")?).await?;
    let target = Target::all_devices().with_filter(filter.id.clone(), AssignmentFilterType::Include);
    pages.assignments(&stored.id).replace_at_once(std::slice::from_ref(&target)).await?;
    assert_eq!(targets(pages.assignments(&stored.id).list()).await?, [target]);
    let nowhere = Target::all_devices().with_filter(id("nothing"), AssignmentFilterType::Exclude);
    refused(pages.assignments(&stored.id).replace_at_once(&[nowhere]).await, ErrorKind::Rejected);
    Ok(())
}

#[tokio::test]
async fn priorities_move_together_and_the_same_again_is_an_error() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let pages = client.enrollment_status_pages();
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(pages.create(&page(name)?).await?.id);
    }
    let order = |of: [(&str, i32); 3]| of.map(|(name, priority)| (name.to_owned(), priority)).to_vec();
    assert_eq!(priorities(&client).await?, order([("A", 1), ("B", 2), ("C", 3)]));
    pages.set_priority(&ids[2], 1).await?;
    assert_eq!(priorities(&client).await?, order([("A", 2), ("B", 3), ("C", 1)]));
    let error = refused(pages.set_priority(&ids[2], 1).await, ErrorKind::Rejected);
    assert!(error.to_string().contains("already"), "{error}");
    refused(pages.set_priority(&ids[2], 4).await, ErrorKind::Rejected);
    refused(pages.set_priority(&ids[2], 0).await, ErrorKind::InvalidInput);
    assert_eq!(priorities(&client).await?, order([("A", 2), ("B", 3), ("C", 1)]));
    pages.delete(&ids[2]).await?;
    assert_eq!(priorities(&client).await?, [("A".to_owned(), 1), ("B".to_owned(), 2)]);
    Ok(())
}

#[tokio::test]
async fn the_default_page_stays_as_it_is_but_for_its_settings() -> Result<()> {
    let Harness { client, .. } = Harness::new();
    let pages = client.enrollment_status_pages();
    pages.create(&page("Mine")?).await?;
    let default = default_page(&client).await?;
    let renamed = pages.update(&default, &{
        let mut wish = default.settings.clone();
        wish.display_name = "Other".parse()?;
        wish
    });
    refused(renamed.await, ErrorKind::Rejected);
    refused(pages.delete(&default.id).await, ErrorKind::Rejected);
    refused(pages.set_priority(&default.id, 1).await, ErrorKind::Rejected);
    refused(
        pages.assignments(&default.id).replace_at_once(&[Target::all_devices()]).await,
        ErrorKind::Rejected,
    );
    refused(pages.assignments(&default.id).add(&Target::all_devices()).await, ErrorKind::Rejected);
    assert_eq!(default_page(&client).await?, default);
    let wish = default.settings.clone().with_show_installation_progress(true);
    let changed = pages.update(&default, &wish).await?;
    assert!(changed.settings.show_installation_progress && changed.is_default());
    assert_eq!(changed.settings.display_name, default.settings.display_name);
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_not_shown_sends_no_setting_of_one_that_is() -> Result<()> {
    let tap = Tap::new();
    let Harness { client, tenant, .. } = Harness::builder()
        .as_app()
        .with_client(|client| client.with_per_attempt_middleware(tap.clone()))
        .build();
    let app = id(tenant.add_app("VPN", "win32LobApp"));
    let wish = blocking("Hidden", &app)?.with_show_installation_progress(false);
    let lint = wish.lint();
    assert!(matches!(&lint[..], [only] if only.id == "esp.no-progress-shown"), "{lint:?}");
    let stored = client.enrollment_status_pages().create(&wish).await?;
    is_stored(&stored, &wish);
    let body = tap.last();
    assert_eq!(body["blockDeviceSetupRetryByUser"], true);
    for property in ["selectedMobileAppIds", "installProgressTimeoutInMinutes", "installQualityUpdates"] {
        assert!(body.get(property).is_none(), "{property} in {body}");
    }
    Ok(())
}
