//! The rights that this crate reads out of a DACL, against a real attempt to create.

use std::collections::BTreeSet;

use windows_autopilot::ad::descriptor::{
    AccessMask, Ace, AceEffect, AceFlags, Acl, Guid, SecurityDescriptor, SecurityToken, Sid,
};
use windows_autopilot::ad::directory::{Directory, Modification, Search};
use windows_autopilot::ad::preflight::Preflight;
use windows_autopilot::ad::{CreateAccess, Domain, Principal};

use crate::controller::{Controller, create_computer, raw_as, unique};

/// The same lists each time; another number tries others.
const SEED: u64 = 20_251;

/// The number of lists: 50, or as many as `WINDOWS_AUTOPILOT_DACLS` says.
fn lists() -> usize {
    std::env::var("WINDOWS_AUTOPILOT_DACLS").ok().and_then(|count| count.parse().ok()).unwrap_or(50)
}

fn seed() -> u64 {
    std::env::var("WINDOWS_AUTOPILOT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

/// An entry of a random DACL: any mix of effect, flags, rights, classes and trustees.
fn random_ace(random: &mut fastrand::Rng, trustees: &[Sid]) -> String {
    let classes = ["", "bf967a86-0de6-11d0-a285-00aa003049e2", "bf967aba-0de6-11d0-a285-00aa003049e2"];
    let masks =
        ["CC", "CCDC", "DC", "GA", "CCDCLCSWRPWPDTLOCRSDRCWDWO", "RP", "GW", "LCRPWP", "CCLC", "CR", "CCCR"];
    let flags = ["", "", "", "CI", "CIIO", "CINP", "IO", "OI", "OICI"];
    let pick = |random: &mut fastrand::Rng, from: &[&'static str]| from[random.usize(..from.len())];
    let (object, inherited) = (pick(random, &classes), pick(random, &classes[..2]));
    let deny = random.u8(..3) == 0;
    let kind = match (object.is_empty() && inherited.is_empty(), deny) {
        (true, false) => "A",
        (true, true) => "D",
        (false, false) => "OA",
        (false, true) => "OD",
    };
    let trustee = &trustees[random.usize(..trustees.len())];
    format!("({kind};{};{};{object};{inherited};{trustee})", pick(random, &flags), pick(random, &masks))
}

/// Why Samba answers otherwise than Windows, where it does. Each is a fact of Samba (`libcli/security/access_check.c`); any
/// other difference fails.
fn known_difference(dacl: &Acl, token: &SecurityToken, granted: bool) -> Option<&'static str> {
    // An object entry that allows CONTROL_ACCESS ends Samba's walk and grants all that was asked for, unless an entry before
    // it denies.
    let is_shortcut = |ace: &&Ace| {
        matches!(ace.kind(), 5)
            && ace.effect() == Some(AceEffect::Allow)
            && !ace.flags().contains(AceFlags::INHERIT_ONLY)
            && ace.mask().is_some_and(|mask| mask.contains(AccessMask::from_bits(0x100)))
            && ace.object_type().is_none_or(|class| class == Guid::COMPUTER)
            && ace.trustee().is_some_and(|trustee| token.contains(trustee))
    };
    if granted && dacl.aces().iter().any(|ace| is_shortcut(&ace)) {
        return Some("an object entry with CONTROL_ACCESS grants everything");
    }
    None
}

#[tokio::test]
async fn the_walk_agrees_with_a_real_attempt_on_random_lists() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (inner_group, _) = controller.group_of(&account.dn).await;
    let (_, outer) = controller.group_of(&inner_group).await;
    let (_, other) = controller.group_of(&format!("CN=Guest,CN=Users,{}", controller.base)).await;
    let admin = controller.admin().await;
    let domain = Domain::read(&admin).await.unwrap().unwrap();
    let me = Principal::from(account.sid.clone());
    let token = me.resolve(&admin).await.unwrap().token;
    assert!(token.contains(&outer), "the groups of groups are told");
    let well_known = |text: &str| text.parse::<Sid>().unwrap();
    let trustees = [
        account.sid.clone(),
        account.sid.clone(),
        account.sid.clone(),
        outer,
        domain.sid.with_relative_id(515).unwrap(),
        Sid::everyone(),
        Sid::authenticated_users(),
        Sid::network(),
        Sid::builtin_users(),
        Sid::pre_windows_2000_access(),
        other,
        well_known("S-1-5-4"),
        well_known("S-1-5-9"),
        well_known("S-1-3-0"),
        well_known("S-1-3-4"),
        well_known("S-1-5-32-548"),
    ];
    // The server makes the token of a connection when it is signed in.
    let connector = raw_as(&controller, &account).await;
    let (seed, lists) = (seed(), lists());
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut granted, mut differences) = (0, Vec::new());
    for number in 0..lists {
        let count = random.usize(1..9);
        let aces: String = (0..count).map(|_| random_ace(&mut random, &trustees)).collect();
        let text = format!("D:P{aces}(A;;RPLCLORC;;;AU)(A;;GA;;;BA)");
        let list: SecurityDescriptor = text.parse().unwrap();
        // Entries that deny everybody may stop the administrator, who owns the unit and may still change its DACL.
        admin.modify(&Modification::dacl(unit.as_str(), &list)).await.unwrap();
        let report = Preflight::for_unit(&unit).with_connector(me.clone()).run(&admin).await.unwrap();
        let found = &report.connectors[0].access;
        assert!(found.is_known(), "{number} of seed {seed}: {found:?} {text}");
        let name = format!("{}{number}", unique("A"));
        let created = match create_computer(&connector, unit.as_str(), &name).await {
            Ok(()) => true,
            // Insufficient access; and no such object, where the unit is hidden.
            Err(50 | 32) => false,
            Err(code) => panic!("{number} of seed {seed}: result code {code} {text}"),
        };
        granted += usize::from(created);
        if found.is_granted() != created {
            let known = known_difference(list.dacl().unwrap(), &token, created);
            let why =
                known.unwrap_or_else(|| panic!("{number} of seed {seed}: {created}, found {found:?} {text}"));
            differences.push(why);
        }
    }
    assert!((lists / 8..lists * 7 / 8).contains(&granted), "the lists say yes and no: {granted} of {lists}");
    let kinds: BTreeSet<&str> = differences.iter().copied().collect();
    println!("seed {seed}: {lists} lists, {granted} grant, {} differ: {kinds:?}", differences.len());
    assert!(differences.len() * 4 <= lists, "{} of {lists} differ: {kinds:?}", differences.len());
}

#[tokio::test]
async fn the_token_is_the_one_that_the_server_makes() {
    let Some(controller) = Controller::find().await else { return };
    let admin = controller.admin().await;
    let computer = controller.computer_account().await;
    let managed = controller.managed_service_account().await;
    let (group, _) = controller.group_of(&managed.dn).await;
    controller.group_of(&group).await;
    for account in [&computer, &managed] {
        let own = controller.signed_in(account).await;
        let server = own.read(Search::entry("").with_attributes(["tokenGroups"])).await.unwrap().unwrap();
        let by_server: BTreeSet<Sid> = server.sids("tokenGroups").unwrap().into_iter().collect();
        for directory in [&admin, &own] {
            let found = Principal::from(account.sid.clone()).resolve(directory).await.unwrap();
            let by_us: BTreeSet<Sid> = found.token.sids().cloned().collect();
            assert_eq!(by_us, by_server, "{}", account.name);
            assert_eq!(found.token.unknown().count(), 0);
        }
    }
}

#[tokio::test]
async fn an_entry_that_denies_network_refuses_a_connector_with_the_right() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let admin = controller.admin().await;
    let connector = raw_as(&controller, &account).await;
    let check = Preflight::for_unit(&unit).with_connector(account.sid.clone().into());
    for (denied, who) in [("NU", "NETWORK"), ("WD", "Everyone"), ("RU", "Pre-Windows 2000")] {
        let create = format!("(OA;;CC;{};;{})", Guid::COMPUTER, account.sid);
        controller
            .set_dacl(unit.as_str(), &format!("D:P(D;;CC;;;{denied}){create}(A;;RPLCLORC;;;AU)(A;;GA;;;BA)"))
            .await;
        assert_eq!(create_computer(&connector, unit.as_str(), &unique("PC")).await, Err(50), "{who}");
        let report = check.run(&admin).await.unwrap();
        let CreateAccess::Denied { by } = &report.connectors[0].access else { panic!("{report}") };
        assert!(by.origin.contains(who), "{by}");
    }
}
