//! The twenty-five things that administrators get wrong, each with what prevents or finds it and the test that shows it.

use std::path::Path;

use serde_json::json;
use windows_autopilot::Result;
use windows_autopilot::model::{
    AppSelector, BlockDeviceUse, BlockUntil, BlockingApps, EntraJoinProfile, HybridJoinProfile, Target,
};
use windows_autopilot::sim::{DeviceSpec, Tenant};
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{Action, HybridJoin, MemberSelection, Step};

use crate::findings::{graded, only};
use crate::support::{UNCONFIRMED, UNIT, WAITS, desired, devices, harness, send};

/// How an item is met.
#[derive(Debug, PartialEq)]
enum By {
    /// It cannot be written down.
    Type,
    /// A check finds it, under these ids.
    Finding(&'static [&'static str]),
    /// The crate does it right by itself.
    Rule,
}

/// Number, what goes wrong, what meets it, what the plan or the crate does, and the test that shows it.
const ITEMS: [(u8, &str, &[By], &str, &str); 25] = [
    (
        1,
        "a legacy connector is installed and dead",
        &[By::Finding(&["connector.too-old", "connector.old", "connector.too-few"])],
        "the plan is blocked; install the current connector",
        "what_stands_in_the_way_is_found",
    ),
    (
        2,
        "ten devices get through, then the account quota ends it",
        &[By::Finding(&["computer-accounts.not-confirmed"])],
        "step 3 is by hand, step 10 is blocked until it is confirmed",
        "devices_are_held_back_until_somebody_confirms_the_right",
    ),
    (
        3,
        "the organizational unit differs between places",
        &[By::Rule, By::Finding(&["settings.unit-of-another-domain"])],
        "one value feeds all; a difference in the tenant is an update",
        "one_organizational_unit_feeds_everything_and_drift_of_it_is_seen",
    ),
    (
        4,
        "a container, a quoted or a partial name as the unit",
        &[By::Type],
        "refused with what to write instead",
        "what_breaks_a_join_or_a_reader_is_refused_with_its_place",
    ),
    (
        5,
        "a NetBIOS name, or a unit of another domain",
        &[By::Type, By::Finding(&["domain-join.ou-in-another-domain"])],
        "refused; the plan is blocked",
        "a_unit_of_another_domain_blocks_the_plan",
    ),
    (
        6,
        "a macro in the prefix, a template on a hybrid profile",
        &[By::Type],
        "refused; a hybrid profile has no template",
        "a_macro_in_a_prefix_is_refused_with_how_hybrid_names_are_made",
    ),
    (
        7,
        "expecting to choose the computer's name",
        &[By::Finding(&["devices.display-name"])],
        "the name that was given is pointed out",
        "what_is_wrong_with_registered_devices_is_found",
    ),
    (
        8,
        "a user is assigned, then 0x80070774",
        &[By::Finding(&["devices.user-assigned", "users.hazard"])],
        "off by default, blocked; user_assignment = unassign takes users off",
        "users_are_assigned_only_when_asked_for_and_taken_off_again",
    ),
    (
        9,
        "no domain join profile reaches the device, or two do",
        &[By::Finding(&[
            "domain-join.overlap",
            "domain-join.excluded",
            "domain-join.filtered",
            "domain-join.not-reaching",
            "watch.no-domain-join-profile",
            "watch.several-domain-join-profiles",
        ])],
        "the plan says what each device gets, and is blocked; on a device that stands still it is the diagnosis",
        "a_second_domain_join_through_another_group_is_found_and_stops_the_device",
    ),
    (
        10,
        "a rule with [GroupTag] or the wrong operator",
        &[By::Rule, By::Finding(&["rule.group-tag-label", "rule.ztdid-equals"])],
        "rules are built from the tag; one that is written by hand is linted",
        "a_rule_with_a_wrong_label_is_found_in_the_plan",
    ),
    (
        11,
        "switched on before the profile is assigned",
        &[By::Rule, By::Finding(&["watch.wrong-profile", "watch.profile-not-assigned"])],
        "a watch waits for status, date and profile, and says not to switch on",
        "a_device_without_its_profile_is_not_to_be_switched_on",
    ),
    (
        12,
        "a duplicate in Entra ID is deleted, and was the anchor",
        &[By::Finding(&["devices.anchor-missing", "watch.anchor-missing"])],
        "found; nothing here deletes objects of devices",
        "what_is_wrong_with_registered_devices_is_found",
    ),
    (
        13,
        "two objects for one device confuse",
        &[By::Rule],
        "a watch shows both in one state, told apart by id",
        "a_finished_device_shows_both_of_its_objects",
    ),
    (
        14,
        "the wrong credential at the prompt",
        &[By::Rule],
        "each phase names the credential that comes next",
        "the_first_sign_in_is_to_entra_id_and_windows_asks_for_active_directory",
    ),
    (
        15,
        "account setup hangs on Entra Connect",
        &[
            By::Rule,
            By::Finding(&["page.account-setup-waits", "watch.account-setup-stalled", "watch.not-synced"]),
        ],
        "skip_user_status_page gives the devices the policy that skips it",
        "the_policy_that_skips_account_setup_reaches_the_device",
    ),
    (
        16,
        "giving up before the hybrid timeout is over",
        &[By::Rule, By::Finding(&["watch.device-setup-stalled"])],
        "deadlines are the timeout, 40 minutes and 40 more with quality updates",
        "limits_have_forty_minutes_on_top_and_forty_more_for_updates",
    ),
    (
        17,
        "block device use is set the wrong way round",
        &[By::Type, By::Rule],
        "an enum, turned around in one place; a plan prints the setting and not the flag",
        "blocking_is_the_opposite_of_the_flag_on_the_wire",
    ),
    (
        18,
        "the status page is assigned to users",
        &[By::Finding(&["page.assigned-to-users", "group.has-users", "group.no-device"])],
        "pages are assigned to the group of devices only; users there are found",
        "what_is_wrong_with_a_status_page_is_found",
    ),
    (
        19,
        "LOB and Win32 apps together, Office as a suite",
        &[By::Finding(&[
            "page.mixed-installers",
            "page.office-app",
            "page.app-not-one",
            "page.app-foreign",
            "page.app-not-required",
        ])],
        "pointed out, as are apps that are missing, for phones or not required; which app restarts the device, Graph's list of apps does not say",
        "what_is_wrong_with_a_status_page_is_found",
    ),
    (
        20,
        "new pages install quality updates by default",
        &[By::Rule],
        "the setting is always sent",
        "quality_updates_are_always_decided",
    ),
    (
        21,
        "a CSV from Excel",
        &[By::Finding(&["csv.workbook", "csv.delimiter", "csv.no-header"])],
        "told by line; a writer makes the file that the portal takes",
        "a_device_is_given_exactly_where_no_finding_is_an_error",
    ),
    (
        22,
        "an unpadded hash",
        &[By::Type],
        "padded, and told; what is no hash is refused before it is sent",
        "padding_and_spaces_are_put_right_and_the_caller_is_told",
    ),
    (
        23,
        "806 and 808 mixed up, imports and syncs repeated",
        &[By::Rule, By::Finding(&["import.other-tenant", "import.refused"])],
        "decided by name; 806 finds the device; one sync in ten minutes",
        "a_large_mixed_input_through_a_throttling_service_ends_in_the_right_outcome_for_each_device",
    ),
    (
        24,
        "a profile or group cannot be deleted, or a name is refused",
        &[
            By::Rule,
            By::Finding(&["assignment.orphan", "teardown.group-in-use", "profile.disputed-character"]),
        ],
        "a teardown goes in order; orphans are found",
        "it_goes_in_the_order_that_the_service_demands",
    ),
    (
        25,
        "conflicting profiles, or of the wrong kind of join",
        &[
            By::Type,
            By::Finding(&["profile.conflict", "profile.other-kind", "profile.excluded", "profile.filtered"]),
        ],
        "blocked, with the one that wins through any group; none is assigned to all devices here",
        "an_older_profile_through_another_group_is_found_and_wins",
    ),
];

fn sources(folder: &str) -> String {
    fn read(folder: &Path, into: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
    text
}

#[test]
fn each_item_is_met_under_an_id_that_is_there_and_shown_by_a_test_that_is_there() {
    let (code, tests) = (sources("src"), sources("tests"));
    for (index, (number, item, by, action, test)) in ITEMS.iter().enumerate() {
        assert_eq!(usize::from(*number), index + 1);
        assert!(!by.is_empty() && !action.is_empty(), "{number}: {item}");
        let named = format!("fn {test}(");
        assert!(code.contains(&named) || tests.contains(&named), "{number}: {item}: no test {test}");
        let ids = by.iter().flat_map(|by| match by {
            By::Finding(ids) => *ids,
            By::Type | By::Rule => &[],
        });
        for id in ids {
            // In the code itself and not only in this table.
            assert!(code.contains(&format!("\"{id}\"")), "{number}: {item}: no finding {id}");
        }
    }
}

#[tokio::test]
async fn devices_are_held_back_until_somebody_confirms_the_right() -> Result<()> {
    let harness = harness();
    let gate = |plan: &windows_autopilot::workflow::Plan, step| {
        plan.steps.iter().find(|planned| planned.step == step).map(|planned| planned.action.clone())
    };
    let mut wish = desired();
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, WAITS], "{plan}");
    assert!(matches!(gate(&plan, Step::ComputerAccounts), Some(Action::Manual(text)) if text.contains(UNIT)));
    assert!(matches!(gate(&plan, Step::Deploy), Some(Action::Blocked(_))), "{plan}");
    wish.active_directory.rights_confirmed = true;
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(graded(&plan.findings), [WAITS], "{plan}");
    assert_eq!(gate(&plan, Step::ComputerAccounts), Some(Action::Keep));
    assert!(matches!(gate(&plan, Step::Deploy), Some(Action::Manual(_))), "{plan}");
    Ok(())
}

#[tokio::test]
async fn one_organizational_unit_feeds_everything_and_drift_of_it_is_seen() -> Result<()> {
    let harness = harness();
    let _ = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let joins = crate::support::all(&harness.tenant, "/beta/deviceManagement/deviceConfigurations").await;
    assert_eq!(joins[0]["organizationalUnit"], UNIT);
    let path = format!("/beta/deviceManagement/deviceConfigurations/{}", joins[0]["id"].as_str().unwrap());
    let body = json!({
        "@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration",
        "organizationalUnit": "OU=Elsewhere,DC=corp,DC=contoso,DC=com"
    });
    send(&harness.tenant, "PATCH", &path, Some(body)).await;
    let plan = desired().plan(&harness.client, &[]).await?;
    let drift: Vec<_> = plan.drift().collect();
    let [planned] = drift.as_slice() else { panic!("{plan}") };
    assert!(
        matches!(&planned.action, Action::Update(changes) if changes[0].property == "organizationalUnit"),
        "{plan}"
    );
    assert!(plan.to_string().contains(UNIT), "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_unit_of_another_domain_blocks_the_plan() -> Result<()> {
    let harness = harness();
    let mut wish = desired();
    wish.active_directory.organizational_unit = Some("OU=Autopilot,DC=fabrikam,DC=com".parse()?);
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        ["error domain-join.ou-in-another-domain", UNCONFIRMED, WAITS],
        "{plan}"
    );
    wish.domain_join = None;
    assert_eq!(graded(&wish.lint()), ["error settings.unit-of-another-domain"]);
    Ok(())
}

#[tokio::test]
async fn a_rule_with_a_wrong_label_is_found_in_the_plan() -> Result<()> {
    let harness = harness();
    let mut wish = desired();
    let rule = r#"(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Munich"))"#;
    wish.group.as_mut().unwrap().members = MemberSelection::Rule(rule.parse()?);
    let plan = wish.plan(&harness.client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["error rule.group-tag-label", UNCONFIRMED, WAITS], "{plan}");
    Ok(())
}

#[tokio::test]
async fn a_device_without_its_profile_is_not_to_be_switched_on() -> Result<()> {
    use windows_autopilot::workflow::watch::{Phase, Watch};
    let Harness { client, tenant, .. } = harness();
    let id = tenant.add_device("SN-1");
    let report = Watch::new(&client, [id.parse::<windows_autopilot::model::Id<_>>()?]).snapshot().await?;
    let state = &report.devices[0].state;
    assert_eq!(state.phase, Phase::Registered);
    assert!(state.next_step().contains("do not switch the device on"), "{}", state.next_step());
    assert_eq!(state.next_credential(), None);
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_registered_devices_is_found() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let tagged = |serial: &str| DeviceSpec::new(serial).with_group_tag("Munich");
    let user = format!("adele@{}", tenant.domain());
    tenant.add_user(&user);
    tenant.add_device_with(tagged("GOOD"));
    tenant.add_device_with(tagged("USER").with_assigned_user(user));
    tenant.add_device_with(tagged("LOST"));
    tenant.add_device_with(DeviceSpec::new("OTHER").with_group_tag("Elsewhere"));
    for serial in ["LOST", "OTHER"] {
        assert!(tenant.remove_anchor(serial));
    }
    let named = tenant.add_device_with(tagged("NAMED"));
    let path =
        format!("/beta/deviceManagement/windowsAutopilotDeviceIdentities/{named}/updateDeviceProperties");
    send(&tenant, "POST", &path, Some(json!({ "displayName": "RECEPTION" }))).await;
    let plan = desired().plan(&client, &[]).await?;
    let of_devices: Vec<(&str, &str)> = plan
        .findings
        .iter()
        .filter(|finding| finding.id.starts_with("devices."))
        .map(|finding| (&*finding.id, finding.place.as_str()))
        .collect();
    assert_eq!(
        of_devices,
        [
            ("devices.anchor-missing", "LOST"),
            ("devices.user-assigned", "USER"),
            ("devices.display-name", "NAMED")
        ],
        "{plan}"
    );
    assert!(!plan.to_string().contains("adele"));
    Ok(())
}

#[tokio::test]
async fn a_finished_device_shows_both_of_its_objects() -> Result<()> {
    use windows_autopilot::clock::Clock as _;
    use windows_autopilot::sim::PowerOnOptions;
    use windows_autopilot::workflow::watch::{Phase, Watch};
    let harness = harness();
    let user = crate::support::add_user(&harness).await;
    let Harness { client, tenant, clock, .. } = harness;
    tenant.grant_ou(UNIT);
    let report = desired().plan(&client, &devices(1)).await?.apply(&client).await.into_result()?;
    let hour = std::time::Duration::from_secs(3600);
    clock.sleep(hour).await;
    tenant.power_on_with(PowerOnOptions::new("PF000000").with_user(user));
    let watched = Watch::new(&client, report.devices.iter().map(|(id, _)| id.clone())).start().await?;
    let state = &watched.devices[0].state;
    assert_eq!(state.phase, Phase::Ready, "{watched} {:?}", tenant.deployment("PF000000"));
    let (anchor, hybrid) = (&state.facts.anchor_id, &state.facts.hybrid_id);
    assert!(anchor.is_some() && hybrid.is_some() && anchor != hybrid, "{state:?}");
    Ok(())
}

/// Lets the page wait for apps, by id or by name.
fn select(wish: &mut HybridJoin, apps: &[&str]) {
    let apps = apps.iter().map(|app| app.parse::<AppSelector>().unwrap());
    wish.enrollment_status_page.as_mut().unwrap().block_device_use =
        BlockDeviceUse::Until(BlockUntil::new(BlockingApps::selected(apps)));
}

#[tokio::test]
async fn what_is_wrong_with_a_status_page_is_found() -> Result<()> {
    type Arrange = fn(&Tenant, &mut HybridJoin);
    let cases: &[(&[&str], Arrange)] = &[
        (
            &[
                UNCONFIRMED,
                "warning page.app-not-required",
                "warning page.app-not-required",
                "warning page.mixed-installers",
                WAITS,
            ],
            |tenant, wish| {
                tenant.add_app("One", "win32LobApp");
                tenant.add_app("Two", "windowsMobileMSI");
                select(wish, &["One", "Two"]);
            },
        ),
        (
            &[UNCONFIRMED, "warning page.app-not-required", "warning page.office-app", WAITS],
            |tenant, wish| {
                let id = tenant.add_app("Office", "officeSuiteApp");
                select(wish, &[&id]);
            },
        ),
        (&["error page.app-not-one", UNCONFIRMED, WAITS], |_, wish| {
            select(wish, &["Nothing"]);
        }),
        (&[UNCONFIRMED, WAITS], |_, _| {}),
        (&["error group.no-device", UNCONFIRMED, "warning group.has-users", WAITS], |tenant, wish| {
            wish.group.as_mut().unwrap().members = MemberSelection::Assigned;
            let group = tenant.add_group("Autopilot Munich");
            let user = tenant.add_user(&format!("adele@{}", tenant.domain()));
            tenant.add_member(&group, &user);
        }),
    ];
    for (expected, arrange) in cases {
        let Harness { client, tenant, .. } = harness();
        let mut wish = desired();
        arrange(&tenant, &mut wish);
        let plan = wish.plan(&client, &[]).await?;
        assert_eq!(graded(&plan.findings), *expected, "{plan}");
        assert!(!plan.to_string().contains("adele"));
    }
    Ok(())
}

#[tokio::test]
async fn a_page_for_users_and_one_that_is_outranked_are_found() -> Result<()> {
    let Harness { client, .. } = harness();
    let first = windows_autopilot::model::EnrollmentStatusPage::new("First".parse()?);
    let first = client.enrollment_status_pages().create(&first).await?;
    let report = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let target = Target::group(report.group.unwrap());
    client
        .enrollment_status_pages()
        .assignments(&first.id)
        .replace_at_once(std::slice::from_ref(&target))
        .await?;
    client.enrollment_status_pages().set_priority(&first.id, 1).await.or_else(|error| {
        // It may have that priority already, which is an error.
        if error.kind() == windows_autopilot::ErrorKind::Rejected { Ok(()) } else { Err(error) }
    })?;
    let pages = client.enrollment_status_pages().list().all().await?;
    let own = pages.iter().find(|page| page.display_name() == Some("Autopilot Munich")).unwrap();
    let users = Target::new(windows_autopilot::model::TargetKind::AllLicensedUsers);
    let own = own.id().unwrap().parse()?;
    client.enrollment_status_pages().assignments(&own).replace_at_once(&[target, users]).await?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [UNCONFIRMED, "warning page.assigned-to-users", "warning page.outranked", WAITS],
        "{plan}"
    );
    Ok(())
}

#[tokio::test]
async fn quality_updates_are_always_decided() -> Result<()> {
    let harness = harness();
    let _ = desired().plan(&harness.client, &[]).await?.apply(&harness.client).await.into_result()?;
    let pages =
        crate::support::all(&harness.tenant, "/beta/deviceManagement/deviceEnrollmentConfigurations").await;
    let own = pages.iter().find(|page| page["displayName"] == "Autopilot Munich").unwrap();
    assert_eq!(own["installQualityUpdates"], false);
    let page = desired().enrollment_status_page.unwrap();
    let body = windows_autopilot::model::Settings::to_create_body(&page);
    assert_eq!(body.get("installQualityUpdates"), Some(&json!(false)));
    Ok(())
}

#[tokio::test]
async fn which_of_two_profiles_wins_is_told() -> Result<()> {
    use windows_autopilot::clock::Clock as _;
    let Harness { client, clock, .. } = harness();
    let minute = std::time::Duration::from_secs(60);
    let older = client.profiles().create(&EntraJoinProfile::new("Entra".parse()?)).await?;
    clock.sleep(minute).await;
    let report = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    clock.sleep(minute).await;
    let younger = client.profiles().create(&HybridJoinProfile::new("Younger".parse()?)).await?;
    let group = Target::group(report.group.unwrap());
    client.profiles().assignments(&younger.id).add(&group).await?;
    let conflicts = async || {
        let plan = desired().plan(&client, &[]).await?;
        Ok::<_, windows_autopilot::Error>((graded(&plan.findings), plan))
    };
    let (found, plan) = conflicts().await?;
    // The deployment's profile is older.
    assert_eq!(found, [UNCONFIRMED, "warning profile.conflict", WAITS], "{plan}");
    client.profiles().assignments(&older.id).add(&group).await?;
    let (found, plan) = conflicts().await?;
    assert_eq!(found, ["error profile.conflict", UNCONFIRMED, WAITS], "{plan}");
    let finding = only(&plan.findings, "profile.conflict");
    assert!(finding.evidence.contains("Entra join") && finding.evidence.contains("wins"), "{finding}");
    Ok(())
}

#[tokio::test]
async fn an_assignment_to_a_group_that_is_gone_is_found() -> Result<()> {
    let Harness { client, tenant, .. } = harness();
    let _ = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let gone = tenant.add_group("Gone").parse::<windows_autopilot::model::Id<_>>()?;
    let profiles = client.profiles().list().all().await?;
    let id = profiles[0].id().unwrap().parse()?;
    client.profiles().assignments::<HybridJoinProfile>(&id).add(&Target::group(gone.clone())).await?;
    client.groups().delete(&gone).await?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), ["warning assignment.orphan", UNCONFIRMED, WAITS], "{plan}");
    let mut wish = desired();
    wish.remove_other_assignments = true;
    let _ = wish.plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(graded(&plan.findings), [UNCONFIRMED, WAITS], "{plan}");
    Ok(())
}

#[tokio::test]
async fn excluded_groups_and_names_of_the_other_kind_are_found() -> Result<()> {
    let Harness { client, .. } = harness();
    client.profiles().create(&EntraJoinProfile::new("Contoso hybrid Munich".parse()?)).await?;
    let report = desired().plan(&client, &[]).await?.apply(&client).await.into_result()?;
    let (group, profile) = (report.group.unwrap(), report.profile.unwrap());
    client.profiles().assignments(&profile).add(&Target::excluding(group.clone())).await?;
    let joins = client.domain_join_profiles().list().all().await?;
    let join = joins[0].id().unwrap().parse()?;
    client
        .domain_join_profiles()
        .assignments(&join)
        .replace_at_once(&[Target::all_devices(), Target::excluding(group)])
        .await?;
    let plan = desired().plan(&client, &[]).await?;
    assert_eq!(
        graded(&plan.findings),
        [
            "error domain-join.excluded",
            "error profile.excluded",
            UNCONFIRMED,
            "warning profile.other-kind",
            WAITS
        ],
        "{plan}"
    );
    Ok(())
}
