//! Any deployment, in any tenant.

use std::collections::BTreeSet;

use fastrand::Rng;
use windows_autopilot::model::{
    AppSelector, BlockDeviceUse, BlockUntil, BlockingApps, DomainJoinProfile, EnrollmentStatusPage, Group,
    HybridJoinProfile, Locale, MdmScope, Membership, MembershipRule, Target, UserType,
};
use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::{
    Action, ApplyOptions, DeviceGroup, DomainJoin, DomainJoinTarget, HybridJoin, MdmUserScope,
    MemberSelection, UserAssignment,
};
use windows_autopilot::{Client, Result};

use crate::support::{DOMAIN, UNIT, devices, prepare};

const CASES: u64 = 200;

/// Whatever a tenant holds and whatever is wished: when it is applied, there is nothing left to do, and a second run
/// writes nothing.
#[tokio::test]
async fn after_an_apply_a_plan_is_empty() {
    let (mut changes, mut blocked) = (0, 0);
    for seed in 0..CASES {
        let (changed, was_blocked) = one(seed).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        changes += usize::from(changed);
        blocked += usize::from(was_blocked);
    }
    // The cases must be worth something.
    assert!(
        changes > 150 && blocked > 5 && blocked < 120,
        "{changes} changed something, {blocked} were blocked"
    );
}

/// Whatever a tenant holds and whatever was wished: what is exported of it plans as nothing to change.
#[tokio::test]
async fn an_export_of_an_applied_tenant_plans_as_empty() {
    let (mut whole, mut with_groups) = (0, 0);
    for seed in 0..CASES {
        let (is_whole, has_group) =
            export_one(seed).await.unwrap_or_else(|error| panic!("seed {seed}: {error:#}"));
        whole += usize::from(is_whole);
        with_groups += usize::from(has_group);
    }
    // The cases must be worth something.
    assert!(whole > 20 && with_groups > 80, "{whole} were expressed as a whole, {with_groups} had a group");
}

async fn export_one(seed: u64) -> Result<(bool, bool)> {
    let rng = &mut Rng::with_seed(seed ^ 0xE0F0);
    let (harness, _) = tenant(rng).await?;
    let mut desired = wish(rng);
    desired.profile.get_or_insert_with(|| profile(rng));
    let plan = desired.plan(&harness.client, &[]).await?;
    let waived: Vec<String> = plan.blocking().map(|finding| finding.id.to_string()).collect();
    let options = waived.iter().fold(ApplyOptions::default(), |options, id| options.with_waived(id.as_str()));
    let report = plan.apply_with(&harness.client, options).await.into_result()?;
    let before = crate::support::writes(&harness.tenant);
    let Some(id) = report.profile else { return Ok((false, false)) };
    let export = HybridJoin::export(&harness.client, &id).await?;
    let text = toml::to_string(&export.settings).unwrap();
    let settings: HybridJoin =
        toml::from_str(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
    let again = settings.plan(&harness.client, &[]).await?;
    assert!(again.is_empty(), "seed {seed}\n{text}\n{again}\n{:?}", export.not_expressed);
    assert_eq!(crate::support::writes(&harness.tenant), before, "seed {seed}: an export only reads");
    assert!(settings.profile.is_some() || !export.not_expressed.is_empty(), "seed {seed}: {text}");
    Ok((export.not_expressed.is_empty(), settings.group.is_some()))
}

/// A tenant that holds anything, and what is odd about it.
pub(crate) async fn tenant(rng: &mut Rng) -> Result<(Harness, String)> {
    let lag = std::time::Duration::from_secs(if rng.bool() { 0 } else { rng.u64(1..60) });
    let (null_locale, empty_answer, page) = (rng.bool(), rng.bool(), rng.usize(1..4));
    let harness = Harness::builder()
        .with_tenant(|tenant| {
            let tenant = tenant.with_directory_lag(lag).with_page_size(page);
            tenant.with_quirks(|quirks| {
                quirks.os_default_reads_as_null = null_locale;
                quirks.assign_answers_empty_object = empty_answer;
            })
        })
        .build();
    prepare(&harness.tenant);
    for name in ["Group B", "Somebody's"] {
        harness.tenant.add_group(name);
    }
    for name in ["App one", "App two"] {
        harness.tenant.add_app(name, "win32LobApp");
    }
    use windows_autopilot::clock::Clock as _;
    harness.clock.sleep(lag * 2).await;
    start(rng, &harness).await?;
    harness.clock.sleep(lag * 2).await;
    Ok((harness, format!("page {page}, lag {lag:?}")))
}

async fn one(seed: u64) -> Result<(bool, bool)> {
    let rng = &mut Rng::with_seed(seed);
    let (harness, oddities) = tenant(rng).await?;

    let desired = wish(rng);
    let given = devices(rng.usize(0..4));
    let plan = desired.plan(&harness.client, &given).await?;
    let is_blocked = |action: &Action| matches!(action, Action::Blocked(finding) if finding.severity.to_string() == "error");
    let was_blocked = plan.steps.iter().any(|planned| is_blocked(&planned.action));
    let waived: BTreeSet<String> = plan.blocking().map(|finding| finding.id.to_string()).collect();
    let options =
        || waived.iter().fold(ApplyOptions::default(), |options, id| options.with_waived(id.as_str()));
    let report = plan.apply_with(&harness.client, options()).await.into_result()?;
    assert!(report.findings.is_empty(), "seed {seed}: {:?}", report.findings);
    assert_eq!(report.changes > 0, !plan.is_empty(), "seed {seed}: {plan}");

    let again = desired.plan(&harness.client, &given).await?;
    assert!(again.is_empty(), "seed {seed}, {oddities}\n{plan}\n--- and again\n{again}");
    assert_eq!(again.drift().count(), 0);
    let writes = crate::support::writes(&harness.tenant);
    let report = again.apply_with(&harness.client, options()).await.into_result()?;
    assert_eq!((report.changes, crate::support::writes(&harness.tenant)), (0, writes), "seed {seed}");
    Ok((!plan.is_empty(), was_blocked))
}

fn name<T: std::str::FromStr>(rng: &mut Rng, of: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    format!("{of} {}", rng.choice(["A", "B"]).unwrap()).parse().unwrap()
}

/// What there is already: objects of the same names with other settings, assigned to whomever.
async fn start(rng: &mut Rng, harness: &Harness) -> Result<()> {
    let client = &harness.client;
    let groups: Vec<Target> =
        client.groups().list().all().await?.into_iter().map(|stored| Target::group(stored.id)).collect();
    for number in 0..rng.usize(0..3) {
        let mut group = Group::new(format!("Group {}", ["A", "C", "A"][number]).parse()?);
        group.membership = match rng.u8(0..4) {
            0 => Membership::Assigned,
            1 => Membership::dynamic(MembershipRule::group_tag("Other")?),
            _ => Membership::dynamic(MembershipRule::group_tag("Tag")?),
        };
        if rng.bool() {
            group.description = Some("somebody's".into());
        }
        client.groups().create(&group).await?;
        if rng.u8(0..8) > 0 {
            break;
        }
    }
    let targets =
        |rng: &mut Rng| -> Vec<Target> { groups.iter().filter(|_| rng.u8(0..4) == 0).cloned().collect() };
    if rng.bool() {
        let stored = client.profiles().create(&profile(rng)).await?;
        for target in targets(rng) {
            client.profiles().assignments(&stored.id).add(&target).await?;
        }
    }
    if rng.bool() {
        let page = page(rng, &apps(client).await?);
        let stored = client.enrollment_status_pages().create(&page).await?;
        client.enrollment_status_pages().assignments(&stored.id).replace_at_once(&targets(rng)).await?;
    }
    if rng.bool() {
        let mut join = DomainJoinProfile::new(name(rng, "Join"), DOMAIN.parse()?, "OLD".parse()?);
        if rng.bool() {
            join = join.with_organizational_unit("OU=Old,DC=corp,DC=contoso,DC=com".parse()?);
        }
        if rng.bool() {
            join.description = Some("old".into());
        }
        let stored = client.domain_join_profiles().create(&join).await?;
        let mut targets = targets(rng);
        if rng.u8(0..3) == 0 {
            targets.push(Target::all_devices());
        }
        client.domain_join_profiles().assignments(&stored.id).replace_at_once(&targets).await?;
    }
    let policy = client.mdm_policies().intune().await?;
    let any = groups[rng.usize(..groups.len())].group_id().unwrap().clone();
    let scope = match rng.u8(0..3) {
        0 => MdmScope::None,
        1 => MdmScope::All,
        _ => MdmScope::Groups([any].into()),
    };
    client.mdm_policies().set_scope(&policy, &scope).await?;
    for device in devices(rng.usize(0..3)) {
        let mut device = DeviceSpec::new(device.serial_number.as_str());
        if rng.bool() {
            device = device.with_group_tag(*rng.choice(&["Tag", "tag", "Other"]).unwrap());
        }
        if rng.u8(0..5) == 0 {
            let user = format!("user{}@{}", rng.u32(..), harness.tenant.domain());
            harness.tenant.add_user(&user);
            device = device.with_assigned_user(user);
        }
        harness.tenant.add_device_with(device);
    }
    Ok(())
}

async fn apps(
    client: &Client,
) -> Result<Vec<windows_autopilot::model::Id<windows_autopilot::model::MobileApp>>> {
    Ok(client.mobile_apps().list().all().await?.into_iter().map(|app| app.id).collect())
}

pub(crate) fn profile(rng: &mut Rng) -> HybridJoinProfile {
    let mut profile = HybridJoinProfile::new(name(rng, "Profile"));
    profile.locale = match rng.u8(0..3) {
        0 => Locale::OsDefault,
        1 => Locale::language("de-DE").unwrap(),
        _ => Locale::language("en-US").unwrap(),
    };
    profile.description = rng.bool().then(|| "described".parse().unwrap());
    profile.hardware_hash_extraction_enabled = rng.bool();
    profile.preprovisioning_allowed = rng.bool();
    profile.privacy_settings_hidden = rng.bool();
    profile.eula_hidden = rng.bool();
    profile.skip_connectivity_check = rng.bool();
    profile.keyboard_selection_page_skipped = rng.bool();
    profile.user_type = if rng.bool() { UserType::Standard } else { UserType::Administrator };
    profile
}

fn page(
    rng: &mut Rng,
    apps: &[windows_autopilot::model::Id<windows_autopilot::model::MobileApp>],
) -> EnrollmentStatusPage {
    let mut page = EnrollmentStatusPage::new(name(rng, "Page"));
    page.show_installation_progress = rng.u8(0..5) > 0;
    page.install_progress_timeout_in_minutes = rng.u16(1..=1440).to_string().parse().unwrap_or_default();
    page.allow_log_collection_on_install_failure = rng.bool();
    page.track_install_progress_for_autopilot_only = rng.bool();
    page.install_quality_updates = rng.bool();
    page.description = rng.bool().then(|| "described".into());
    page.custom_error_message = rng.bool().then(|| "call us".parse().unwrap());
    if rng.bool() {
        let selected: Vec<_> = apps.iter().filter(|_| rng.bool()).cloned().collect();
        let mut until =
            BlockUntil::new(if rng.bool() { BlockingApps::All } else { BlockingApps::selected(selected) });
        until.allow_device_reset_on_install_failure = rng.bool();
        until.allow_device_use_on_install_failure = rng.bool();
        page.block_device_use = BlockDeviceUse::Until(until);
        page.allow_non_blocking_app_installation = rng.bool();
    }
    page
}

pub(crate) fn wish(rng: &mut Rng) -> HybridJoin {
    let mut wish: HybridJoin =
        toml::from_str(&format!("name = 'Any'\nactive_directory.domain = '{DOMAIN}'")).unwrap();
    wish.active_directory.organizational_unit = rng.bool().then(|| UNIT.parse().unwrap());
    wish.active_directory.rights_confirmed = rng.bool();
    wish.connectors = rng.bool().then(Default::default);
    wish.mdm_scope = match rng.u8(0..4) {
        0 => None,
        1 => Some(MdmUserScope::All),
        2 => Some(MdmUserScope::Groups(vec!["Intune users".parse().unwrap()])),
        _ => Some(MdmUserScope::Groups(vec!["Intune users".parse().unwrap(), "Somebody's".parse().unwrap()])),
    };
    let has_group = rng.u8(0..6) > 0;
    let group = format!(
        "display_name = 'Group {}'\nmembers{}",
        rng.choice(["A", "B"]).unwrap(),
        match rng.u8(0..6) {
            0 => " = 'all_autopilot_devices'",
            1 => " = 'assigned'",
            2 => ".rule = '(device.devicePhysicalIds -any (_ -eq \"[PurchaseOrderId]:7\"))'",
            _ => ".group_tag = 'Tag'",
        }
    );
    wish.group = has_group.then(|| toml::from_str::<DeviceGroup>(&group).unwrap());
    wish.profile = rng.bool().then(|| profile(rng));
    wish.enrollment_status_page = rng.bool().then(|| page(rng, &[]));
    if let Some(page) = wish.enrollment_status_page.as_mut().filter(|_| rng.bool()) {
        let app: AppSelector = "App one".parse().unwrap();
        page.block_device_use = BlockDeviceUse::Until(BlockUntil::new(BlockingApps::selected([app])));
    }
    let join = format!(
        "display_name = 'Join {}'\ncomputer_name_prefix = '{}'",
        rng.choice(["A", "B"]).unwrap(),
        rng.choice(["X", "MUC-", "LONGPREFIX12"]).unwrap()
    );
    wish.domain_join = rng.bool().then(|| toml::from_str::<DomainJoin>(&join).unwrap());
    if let Some(join) = wish.domain_join.as_mut().filter(|_| rng.u8(0..3) == 0) {
        join.assign_to = DomainJoinTarget::AllDevices;
    }
    wish.user_assignment = if rng.u8(0..3) == 0 { UserAssignment::Unassign } else { UserAssignment::Leave };
    wish.remove_other_assignments = rng.u8(0..3) == 0;
    // It goes through its file form, as every wish does.
    let text = toml::to_string(&wish).unwrap();
    let back: HybridJoin = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(back, wish, "{text}");
    let _: Option<&MemberSelection> = back.group.as_ref().map(|group| &group.members);
    back
}
