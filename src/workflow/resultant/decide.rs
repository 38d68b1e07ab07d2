//! Determines which object each device gets.

use super::input::{AssignedObject, DeviceView, ResultantInput};
use super::outcome::{Contender, Effective, Loser, LostBy, Resultant, ResultantSet};
use super::reach::{Audience, Index, ObjectReach, Prepared, Tri, permission_remedy};
use crate::model::{Finding, Lookup, Target};
use crate::workflow::findings::{RESULTANT_NOT_READ, RESULTANT_ORDER_NOT_KNOWN};

/// Determines the objects that each device gets.
///
/// ```
/// use windows_autopilot::workflow::resultant::{DeviceView, Effective, ResultantInput, resultant};
/// use windows_autopilot::model::Lookup;
///
/// let input = ResultantInput {
///     devices: vec![DeviceView::expected("PF3XK7M1", Some("Munich"))],
///     pages: Lookup::Present(Vec::new()),
///     domain_joins: Lookup::Present(Vec::new()),
///     ..ResultantInput::default() // the profiles could not be read
/// };
/// let set = resultant(&input);
/// assert!(!set.devices[0].profile.is_known());
/// assert!(matches!(set.devices[0].page, Effective::DefaultPage { .. }));
/// assert!(matches!(set.devices[0].domain_join, Effective::Nothing { .. }));
/// ```
pub fn resultant(input: &ResultantInput) -> ResultantSet {
    let index = Index::new(input);
    let profiles = input.profiles.as_ref().map(|objects| index.prepare(objects));
    let pages = input.pages.as_ref().map(|objects| index.prepare(objects));
    let domain_joins = input.domain_joins.as_ref().map(|objects| index.prepare(objects));
    let decide = |device: &DeviceView| {
        let mut audience = Audience::new(&index, device);
        let profile = match list(&profiles) {
            None => not_read("deployment profiles", "DeviceManagementServiceConfig.Read.All"),
            Some(objects) => profile_of(objects, &audience),
        };
        // The device enrolls with the profile's name, which filters compare.
        audience.profile_name = match &profile {
            Effective::Gets { winner, .. } => Lookup::Present(winner.display_name.clone()),
            Effective::Nothing { .. } => Lookup::Absent,
            _ => Lookup::Unknown,
        };
        let page = match list(&pages) {
            None => not_read("enrollment status pages", "DeviceManagementServiceConfig.Read.All"),
            Some(objects) => page_of(objects, &audience),
        };
        let domain_join = match list(&domain_joins) {
            None => not_read("domain join profiles", "DeviceManagementConfiguration.Read.All"),
            Some(objects) => domain_join_of(objects, &audience),
        };
        Resultant { device: device.id.clone(), label: device.label.clone(), profile, page, domain_join }
    };
    ResultantSet { devices: input.devices.iter().map(decide).collect() }
}

fn list<'l, 'a>(objects: &'l Lookup<Vec<Prepared<'a>>>) -> Option<&'l [Prepared<'a>]> {
    match objects {
        Lookup::Unknown => None,
        Lookup::Absent => Some(&[]),
        Lookup::Present(objects) => Some(objects),
    }
}

fn not_read(what: &str, permission: &str) -> Effective {
    let finding = RESULTANT_NOT_READ.at(what, "could not be read").with_remedy(permission_remedy(permission));
    Effective::Unknown { possible: Vec::new(), because: vec![finding] }
}

/// An object that reaches a device or may, with its ordering.
struct Runner<'a> {
    object: &'a AssignedObject,
    contender: Contender,
    /// The reasons why the reach is not known; `None` if the object reaches the device.
    doubt: Option<Vec<Finding>>,
}

impl<'a> Runner<'a> {
    /// Sorts an object by one part of its reach: into runners, or into objects that an exclusion or a filter keeps out.
    fn sort(
        prepared: &Prepared<'a>,
        (tri, target): (Tri, Option<&'a Target>),
        audience: &Audience<'_>,
        runners: &mut Vec<Self>,
    ) {
        let (by_rule, doubt) = match tri {
            Tri::No => return,
            Tri::Yes { by_rule } => (by_rule, None),
            Tri::Unknown(reasons) => (false, Some(reasons)),
        };
        let contender = prepared.contender(target, audience.index.label(target), by_rule);
        runners.push(Self { object: prepared.object, contender, doubt });
    }
}

/// Returns the runners that lose for a reason. An uncertain one is not known to lose.
fn losers(runners: Vec<Runner<'_>>, by: LostBy) -> impl Iterator<Item = Loser> {
    let sure = runners.into_iter().filter(|runner| runner.doubt.is_none());
    sure.map(move |runner| Loser { contender: runner.contender, by: by.clone() })
}

/// Picks the first of the runners by `rank`, and returns the others. Fails with the known part if an uncertain runner
/// may come first, or if two share the first rank.
fn first<'a, R: Ord>(
    mut runners: Vec<Runner<'a>>,
    rank: impl Fn(&AssignedObject) -> Option<R>,
    what: &str,
) -> Result<Option<(Runner<'a>, Vec<Runner<'a>>)>, Box<Effective>> {
    // One without a rank may be the first.
    runners.sort_by_key(|runner| rank(runner.object));
    let Some(sure) = runners.iter().position(|runner| runner.doubt.is_none()) else {
        return if runners.is_empty() { Ok(None) } else { Err(Box::new(unknown(runners, Vec::new()))) };
    };
    let best = runners.get(sure).and_then(|runner| rank(runner.object));
    let rivals = runners.iter().filter(|runner| best.is_none() || rank(runner.object) <= best).count();
    if rivals > 1 {
        runners.truncate(rivals);
        let sure = runners.iter().filter(|runner| runner.doubt.is_none());
        let names: Vec<&str> = sure.map(|runner| runner.object.display_name.as_str()).collect();
        let mut because = Vec::new();
        if names.len() > 1 || best.is_none() {
            let evidence = format!("{what} does not decide which comes first of: {}", names.join(", "));
            because.push(RESULTANT_ORDER_NOT_KNOWN.at("assignments", evidence));
        }
        return Err(Box::new(unknown(runners, because)));
    }
    let winner = runners.remove(sure);
    Ok(Some((winner, runners)))
}

fn unknown(runners: Vec<Runner<'_>>, mut because: Vec<Finding>) -> Effective {
    let mut possible: Vec<Contender> = Vec::new();
    for runner in runners {
        for reason in runner.doubt.into_iter().flatten() {
            if !because.contains(&reason) {
                because.push(reason);
            }
        }
        // A page may be in doubt for the device and for the user.
        if possible.iter().all(|contender| contender.id != runner.contender.id) {
            possible.push(runner.contender);
        }
    }
    Effective::Unknown { possible, because }
}

/// Determines the deployment profile.
fn profile_of(objects: &[Prepared<'_>], audience: &Audience<'_>) -> Effective {
    let (mut by_group, mut for_all, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for prepared in objects {
        let ObjectReach { group, all, out, .. } = prepared.reach(audience);
        lost.extend(out);
        let (way, runners) = if group.0 == Tri::No { (all, &mut for_all) } else { (group, &mut by_group) };
        Runner::sort(prepared, way, audience, runners);
    }
    let has_sure = by_group.iter().any(|runner| runner.doubt.is_none());
    if !has_sure && !by_group.is_empty() {
        by_group.extend(for_all);
        return unknown(by_group, Vec::new());
    }
    match first(by_group, |object| object.created_date_time, "the date of creation") {
        Ok(None) => single(for_all, lost),
        Ok(Some((winner, others))) => {
            lost.extend(losers(others, LostBy::Older));
            lost.extend(losers(for_all, LostBy::AllDevices));
            Effective::Gets { winner: winner.contender, lost }
        }
        Err(unknown) => *unknown,
    }
}

/// Determines the outcome when only one of several objects may reach a device.
fn single(runners: Vec<Runner<'_>>, lost: Vec<Loser>) -> Effective {
    let sure = runners.iter().filter(|runner| runner.doubt.is_none()).count();
    match (sure, runners.len()) {
        (0, 0) => Effective::Nothing { lost },
        (1, 1) => match runners.into_iter().next() {
            Some(winner) => Effective::Gets { winner: winner.contender, lost },
            None => Effective::Nothing { lost },
        },
        (0 | 1, _) => unknown(runners, Vec::new()),
        _ => {
            let sure = runners.into_iter().filter(|runner| runner.doubt.is_none());
            Effective::Conflict { contenders: sure.map(|runner| runner.contender).collect() }
        }
    }
}

/// Determines the enrollment status page.
fn page_of(objects: &[Prepared<'_>], audience: &Audience<'_>) -> Effective {
    let (mut for_device, mut for_user, mut lost) = (Vec::new(), Vec::new(), Vec::new());
    for prepared in objects {
        let ObjectReach { group, all, user, out } = prepared.reach(audience);
        let device = either(group, all);
        if matches!(device.0, Tri::Yes { .. }) {
            Runner::sort(prepared, device, audience, &mut for_device);
            continue;
        }
        lost.extend(out.filter(|_| user.0 == Tri::No));
        Runner::sort(prepared, device, audience, &mut for_device);
        Runner::sort(prepared, user, audience, &mut for_user);
    }
    let has_sure = for_device.iter().any(|runner| runner.doubt.is_none());
    if !has_sure && !for_device.is_empty() {
        for_device.extend(for_user);
        return unknown(for_device, Vec::new());
    }
    let (decisive, by_user) = if has_sure { (for_device, for_user) } else { (for_user, Vec::new()) };
    match first(decisive, |object| object.priority, "the priority") {
        Ok(None) => Effective::DefaultPage { lost },
        Ok(Some((winner, others))) => {
            lost.extend(losers(others, LostBy::LowerPriority));
            lost.extend(losers(by_user, LostBy::AssignedToUsers));
            Effective::Gets { winner: winner.contender, lost }
        }
        Err(unknown) => *unknown,
    }
}

/// Determines the domain join profile. It applies before there is a user, so only device assignments are considered.
fn domain_join_of(objects: &[Prepared<'_>], audience: &Audience<'_>) -> Effective {
    let (mut runners, mut lost) = (Vec::new(), Vec::new());
    for prepared in objects {
        let ObjectReach { group, all, out, .. } = prepared.reach(audience);
        lost.extend(out);
        Runner::sort(prepared, either(group, all), audience, &mut runners);
    }
    single(runners, lost)
}

/// Returns the stronger of two ways to reach a device.
fn either<'t>(one: (Tri, Option<&'t Target>), other: (Tri, Option<&'t Target>)) -> (Tri, Option<&'t Target>) {
    match (&one.0, &other.0) {
        (Tri::Yes { .. }, _) | (Tri::Unknown(_), Tri::No | Tri::Unknown(_)) => one,
        _ => other,
    }
}
