//! What this crate reads out of a DACL, against what the server makes of it.

use windows_autopilot::ad::Domain;
use windows_autopilot::ad::descriptor::{AccessMask, Guid, SecurityDescriptor, SecurityToken, Sid};
use windows_autopilot::ad::directory::{Directory, Search};

use crate::controller::Controller;

/// The same lists each time; another number tries others.
const SEED: u64 = 20_251;

/// The number of lists: 50, or as many as `WINDOWS_AUTOPILOT_DACLS` says.
fn lists() -> usize {
    std::env::var("WINDOWS_AUTOPILOT_DACLS").ok().and_then(|count| count.parse().ok()).unwrap_or(50)
}

/// An entry of a random DACL: any mix of effect, flags, rights, classes and trustees.
fn random_ace(random: &mut fastrand::Rng, trustees: &[Sid]) -> String {
    let classes = ["", "bf967a86-0de6-11d0-a285-00aa003049e2", "bf967aba-0de6-11d0-a285-00aa003049e2"];
    let masks = ["CC", "CCDC", "DC", "GA", "CCDCLCSWRPWPDTLOCRSDRCWDWO", "RP", "GW", "LCRPWP", "CCLC"];
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

#[tokio::test]
async fn the_walk_agrees_with_the_server_on_random_lists() {
    let Some(controller) = Controller::find().await else { return };
    let (unit, account) = (controller.unit().await, controller.managed_service_account().await);
    let (inner_group, _) = controller.group_of(&account.dn).await;
    let (_, outer) = controller.group_of(&inner_group).await;
    let (_, other) = controller.group_of(&format!("CN=Guest,CN=Users,{}", controller.base)).await;
    let (admin, connector) = (controller.admin().await, controller.signed_in(&account).await);
    let domain = Domain::read(&admin).await.unwrap().unwrap();
    let found = domain.account(&admin, &account.sid.clone().into()).await.unwrap().unwrap();
    assert!(found.groups.contains(&outer), "the groups of groups are told");
    let token: SecurityToken = found.security_token();
    let trustees = [
        account.sid.clone(),
        account.sid.clone(),
        outer,
        domain.sid.with_relative_id(515).unwrap(),
        Sid::everyone(),
        Sid::authenticated_users(),
        Sid::builtin_users(),
        other,
    ];
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut granted = 0;
    for number in 0..lists() {
        // The connector must be able to read the answer, and the administrator to go on.
        let count = random.usize(1..9);
        let aces: String = (0..count).map(|_| random_ace(&mut random, &trustees)).collect();
        let text = format!("D:P{aces}(A;;RPLCLORC;;;AU)(A;;GA;;;BA)");
        let list: SecurityDescriptor = text.parse().unwrap();
        let change = windows_autopilot::ad::directory::Modification::dacl(unit.as_str(), &list);
        // Entries that deny everybody may stop the administrator, who owns the unit and may still change its DACL.
        admin.modify(&change).await.unwrap();
        let search = Search::entry(unit.as_str()).with_attributes(["allowedChildClassesEffective"]);
        let Some(answer) = connector.read(search).await.unwrap() else {
            let walk = list.check_access(&token, AccessMask::LIST_CHILDREN, None);
            assert!(!walk.is_granted(), "{number}: the server hides what {text} shows");
            continue;
        };
        for (class, guid) in [("computer", Guid::COMPUTER), ("user", Guid::USER)] {
            let servers = answer.has("allowedChildClassesEffective", class);
            let walk = list.check_access(&token, AccessMask::CREATE_CHILD, Some(guid));
            assert_eq!(walk.is_granted(), servers, "{number} of seed {SEED}: {class} {text}");
            granted += usize::from(servers);
        }
    }
    assert!((lists() / 8..lists() * 7 / 4).contains(&granted), "the lists say yes and no: {granted}");
}
