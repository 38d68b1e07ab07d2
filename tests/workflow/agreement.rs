//! The resultant set against the simulated tenant's own answer, in any tenant.

use fastrand::Rng;
use windows_autopilot::model::{
    AssignmentFilter, AssignmentFilterType, DevicePlatform, DomainJoinProfile, EnrollmentStatusPage,
    EntraJoinProfile, Group, HybridJoinProfile, Lookup, Membership, Target, TargetKind,
};
use windows_autopilot::sim::DeviceSpec;
use windows_autopilot::testing::Harness;
use windows_autopilot::workflow::resultant::{
    DeviceView, Effective, ResultantInput, ResultantSet, resultant,
};
use windows_autopilot::{Client, Result};

use crate::support::DOMAIN;

/// The number of random tenants.
fn tenants() -> usize {
    std::env::var("WINDOWS_AUTOPILOT_TENANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(200)
}

/// How often each kind of answer was compared.
#[derive(Debug, Default)]
struct Compared {
    one: usize,
    none: usize,
    conflicts: usize,
    unknown: usize,
    by_rule: usize,
    lost: usize,
}

#[tokio::test]
async fn the_resultant_set_is_what_the_simulated_tenant_gives_devices() {
    let mut compared = Compared::default();
    for seed in (0..).take(tenants()) {
        one(seed, &mut compared).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    // The tenants must be worth something.
    let Compared { one, none, conflicts, unknown, by_rule, lost } = compared;
    let least = tenants() / 10;
    assert!(
        [one, none, conflicts, unknown, by_rule, lost].iter().all(|count| *count > least),
        "{compared:?}"
    );
    println!("{} tenants: {compared:?}", tenants());
}

async fn one(seed: u64, compared: &mut Compared) -> Result<()> {
    let rng = &mut Rng::with_seed(seed);
    let page = rng.usize(1..6);
    let Harness { client, tenant, clock, .. } =
        Harness::builder().with_tenant(|tenant| tenant.with_page_size(page).with_seed(seed)).build();
    let (mut groups, users) = (Vec::new(), ["adele@contoso.com", "alex@contoso.com"]);
    let user_ids = users.map(|user| tenant.add_user(user));
    let mut serials = Vec::new();
    for number in 0..rng.usize(1..6) {
        let mut device = DeviceSpec::new(format!("SN-{number}"))
            .with_manufacturer(*rng.choice(&["Contoso", "Fabrikam"]).unwrap())
            .with_model(*rng.choice(&["Book 3", "Tower 1"]).unwrap());
        if rng.bool() {
            device = device.with_group_tag(*rng.choice(&["Munich", "munich", "Berlin"]).unwrap());
        }
        serials.push((format!("SN-{number}"), tenant.add_device_with(device)));
    }
    for number in 0..rng.usize(1..7) {
        let mut group = Group::new(format!("Group {number}").parse()?);
        if rng.u8(0..3) == 0 {
            let rule = *rng
                .choice(&[
                    r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#,
                    r#"(device.devicePhysicalIds -any (_ -startsWith "[ZTDid]"))"#,
                    r#"(device.deviceManufacturer -eq "Contoso") and -not (device.deviceModel -eq "Book 3")"#,
                ])
                .unwrap();
            group.membership = Membership::dynamic(rule.parse()?);
        }
        let is_assigned = group.membership == Membership::Assigned;
        groups.push((client.groups().create(&group).await?.id, is_assigned));
    }
    for index in (0..groups.len()).filter(|index| groups[*index].1) {
        let group = groups[index].0.as_str();
        let devices = serials.iter().map(|(_, id)| id.as_str());
        let nested = groups.iter().map(|(id, _)| id.as_str()).filter(|id| *id != group);
        for member in devices.chain(user_ids.iter().map(String::as_str)).chain(nested) {
            if rng.u8(0..4) == 0 {
                tenant.add_member(group, member);
            }
        }
    }
    // Half of the tenants are read before the rules of their groups were evaluated.
    if rng.bool() {
        clock.advance(std::time::Duration::from_secs(3600));
    }
    objects(rng, &client, &clock, &groups.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>()).await?;
    if rng.u8(0..5) == 0 {
        client.groups().delete(&groups[0].0).await?;
    }

    let ids = serials.iter().map(|(_, id)| id.parse()).collect::<std::result::Result<Vec<_>, _>>()?;
    let set = ResultantSet::read(&client, &ids).await?;
    assert_eq!(set.devices.len(), serials.len());
    for (found, (serial, _)) in set.devices.iter().zip(&serials) {
        let context = || format!("seed {seed}, {serial}\n{set}");
        assert_eq!(found.label, *serial);
        let mut possible_pages = Vec::new();
        for user in [None, Some(users[0]), Some(users[1])] {
            let truth = tenant.effective_objects(serial, user).unwrap();
            let profile = truth.profile.into_iter().collect::<Vec<_>>();
            assert!(agrees(&found.profile, &profile, compared), "{profile:?} {}", context());
            assert!(
                agrees(&found.domain_join, &truth.domain_joins, compared),
                "{:?} {}",
                truth.domain_joins,
                context()
            );
            possible_pages.push(truth.page.into_iter().collect::<Vec<_>>());
        }
        // A page for users is for those who sign in: somebody does.
        for page in possible_pages.iter().skip(1) {
            assert!(agrees(&found.page, page, compared), "{page:?} {}", context());
        }
    }
    Ok(())
}

/// Returns `true` if the answer is the tenant's, or if it is one of those that the answer leaves open.
fn agrees(found: &Effective, truth: &[String], compared: &mut Compared) -> bool {
    compared.lost += found.lost().len();
    match found {
        Effective::Gets { winner, .. } => {
            compared.one += 1;
            compared.by_rule += usize::from(winner.by_rule);
            truth == [winner.id.clone()]
        }
        Effective::DefaultPage { .. } | Effective::Nothing { .. } => {
            compared.none += 1;
            truth.is_empty()
        }
        Effective::Conflict { contenders, .. } => {
            compared.conflicts += 1;
            let all = contenders.iter().all(|contender| truth.contains(&contender.id));
            // What is in doubt beside a conflict does not settle it.
            all && truth.len() > 1
        }
        Effective::Unknown { possible, because, .. } => {
            compared.unknown += 1;
            !because.is_empty() && truth.iter().all(|id| possible.iter().any(|one| one.id == *id))
        }
        other => panic!("{other:?}"),
    }
}

/// Objects with random assignments.
async fn objects(
    rng: &mut Rng,
    client: &Client,
    clock: &windows_autopilot::clock::FakeClock,
    groups: &[windows_autopilot::model::Id<Group>],
) -> Result<()> {
    let mut filters = Vec::new();
    for (name, rule) in [
        ("maker", r#"(device.manufacturer -eq "Contoso")"#),
        ("models", r#"(device.model -in ["Book 3", "Book 4"]) or (device.manufacturer -startsWith "Fab")"#),
        ("profile", r#"(device.enrollmentProfileName -contains "1")"#),
        ("version", r#"(device.osVersion -startsWith "10.0.26") and (device.model -ne "Tower 1")"#),
    ] {
        let mut filter = AssignmentFilter::new("new".parse()?);
        filter.display_name = Some(name.into());
        filter.rule = Some(rule.into());
        filter.platform = Some(DevicePlatform::Windows10AndLater);
        filters.push(client.assignment_filters().create(&filter).await?.id);
    }
    let mut has_profile_for_all = false;
    let mut targets = |rng: &mut Rng, for_profile: bool| -> Vec<Target> {
        let mut targets: Vec<Target> = Vec::new();
        for _ in 0..rng.usize(0..4) {
            let group = groups[rng.usize(..groups.len())].clone();
            let mut target = match rng.u8(0..8) {
                0 if !(for_profile && std::mem::replace(&mut has_profile_for_all, for_profile)) => {
                    Target::all_devices()
                }
                1 if !for_profile => Target::new(TargetKind::AllLicensedUsers),
                2 | 3 => Target::excluding(group),
                _ => Target::group(group),
            };
            if rng.u8(0..4) == 0 && !matches!(target.kind, TargetKind::ExclusionGroup(_)) {
                let way =
                    if rng.bool() { AssignmentFilterType::Include } else { AssignmentFilterType::Exclude };
                target = target.with_filter(filters[rng.usize(..filters.len())].clone(), way);
            }
            // The service has one assignment for each audience.
            let same = |held: &Target| held.group_id() == target.group_id() && held.kind == target.kind;
            let same_group =
                |held: &Target| held.group_id().is_some() && held.group_id() == target.group_id();
            if !targets.iter().any(|held| same(held) || same_group(held)) {
                targets.push(target);
            }
        }
        targets
    };
    for number in 0..rng.usize(0..4) {
        clock.advance(std::time::Duration::from_secs(1));
        let name = format!("Profile {number}").parse()?;
        if rng.bool() {
            let stored = client.profiles().create(&HybridJoinProfile::new(name)).await?;
            for target in targets(rng, true) {
                client.profiles().assignments(&stored.id).add(&target).await?;
            }
        } else {
            let stored = client.profiles().create(&EntraJoinProfile::new(name)).await?;
            for target in targets(rng, true) {
                client.profiles().assignments(&stored.id).add(&target).await?;
            }
        }
    }
    for number in 0..rng.usize(0..4) {
        let page = EnrollmentStatusPage::new(format!("Page {number}").parse()?);
        let page = client.enrollment_status_pages().create(&page).await?;
        client.enrollment_status_pages().assignments(&page.id).replace_at_once(&targets(rng, false)).await?;
        if number > 0 && rng.bool() {
            client.enrollment_status_pages().set_priority(&page.id, 1).await?;
        }
    }
    for number in 0..rng.usize(0..4) {
        let join =
            DomainJoinProfile::new(format!("Join {number}").parse()?, DOMAIN.parse()?, "MUC-".parse()?);
        let join = client.domain_join_profiles().create(&join).await?;
        client.domain_join_profiles().assignments(&join.id).replace_at_once(&targets(rng, false)).await?;
    }
    Ok(())
}

/// What a user must not read makes the answers unknown, names the permission, and never looks fine.
#[tokio::test]
async fn a_missing_permission_makes_answers_unknown_with_its_name() -> Result<()> {
    const ALL: [&str; 5] = [
        "DeviceManagementServiceConfig.ReadWrite.All",
        "DeviceManagementConfiguration.ReadWrite.All",
        "GroupMember.ReadBasic.All",
        "Device.Read.All",
        "Group.ReadWrite.All",
    ];
    for (missing, named) in [
        (&["DeviceManagementConfiguration.ReadWrite.All"][..], "DeviceManagementConfiguration.Read.All"),
        (&["Device.Read.All"], "Device.Read.All"),
        (&["GroupMember.ReadBasic.All", "Group.ReadWrite.All"], "GroupMember.Read.All"),
    ] {
        let held = ALL.iter().filter(|permission| !missing.contains(permission)).copied();
        let harness = Harness::builder().as_app().with_tenant(|tenant| tenant.with_permissions(held)).build();
        let Harness { client, tenant, .. } = harness;
        let group = tenant.add_group("Autopilot");
        let device = tenant.add_device("SN-1");
        tenant.add_member(&group, &device);
        let profile = client.profiles().create(&HybridJoinProfile::new("Profile".parse()?)).await?;
        client.profiles().assignments(&profile.id).add(&Target::group(group.parse()?)).await?;
        let set = ResultantSet::read(&client, &[device.parse()?]).await?;
        let of = &set.devices[0];
        let open: Vec<&Effective> = [&of.profile, &of.page, &of.domain_join]
            .into_iter()
            .filter(|effective| !effective.is_known())
            .collect();
        assert!(!open.is_empty(), "without {missing:?}: {set}");
        for effective in open {
            let Effective::Unknown { because, .. } = effective else { panic!() };
            assert!(because.iter().any(|reason| reason.remedy.contains(named)), "without {missing:?}: {set}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn five_thousand_devices_and_fifty_groups_are_read_in_at_most_400_requests() -> Result<()> {
    let Harness { client, tenant, .. } = Harness::new();
    let groups: Vec<String> = (0..50).map(|number| tenant.add_group(&format!("Group {number}"))).collect();
    let mut ids = Vec::new();
    for number in 0..5_000 {
        let id = tenant.add_device(&format!("SN-{number:04}"));
        tenant.add_member(&groups[number % 50], &id);
        ids.push(id.parse()?);
    }
    for (number, group) in groups.iter().enumerate() {
        let target = Target::group(group.parse()?);
        let profile = HybridJoinProfile::new(format!("Profile {number}").parse()?);
        let profile = client.profiles().create(&profile).await?;
        client.profiles().assignments(&profile.id).add(&target).await?;
        let join =
            DomainJoinProfile::new(format!("Join {number}").parse()?, DOMAIN.parse()?, "MUC-".parse()?);
        let join = client.domain_join_profiles().create(&join).await?;
        client.domain_join_profiles().assignments(&join.id).replace_at_once(&[target]).await?;
    }
    tenant.clear_requests();
    let set = ResultantSet::read(&client, &ids).await?;
    let requests = tenant.requests().len();
    println!("{requests} requests");
    assert!(requests <= 400, "{requests} requests");
    for (number, device) in set.devices.iter().enumerate() {
        let expected = format!("Profile {}", number % 50);
        assert_eq!(device.profile.winner().map(|winner| winner.display_name.as_str()), Some(&*expected));
        assert!(device.domain_join.winner().is_some());
    }
    Ok(())
}

#[test]
fn the_resultant_of_nothing_is_not_known() {
    let input = ResultantInput {
        devices: vec![DeviceView::expected("SN-1", None)],
        profiles: Lookup::Unknown,
        ..ResultantInput::default()
    };
    let device = &resultant(&input).devices[0];
    assert!(!device.profile.is_known() && !device.page.is_known() && !device.domain_join.is_known());
}
