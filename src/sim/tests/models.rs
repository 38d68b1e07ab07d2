//! Filters and assignments of the tenant against small models that share no code with it, over random objects.

use fastrand::Rng;
use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::sim::odata::Filter;
use crate::sim::store::Body;

/// Returns one of these.
fn one<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// A property of a random object.
#[derive(Debug, Clone)]
enum Held {
    Nothing,
    Text(String),
    Number(i64),
    Flag(bool),
    /// A time, in seconds of its minute.
    Time(u8),
    Items(Vec<String>),
}

/// A random object: a text, a number, a flag, a time and a list, each of which may be missing.
#[derive(Debug, Clone)]
struct Thing([Held; 5]);

const NAMES: [&str; 5] = ["name", "size", "on", "at", "tags"];
const TEXTS: [&str; 9] = ["", "a", "A", "ab", "aB", "ba", "Öl", "öLa", "o'b"];

fn time(second: u8) -> String {
    format!("2026-01-01T08:00:{second:02}Z")
}

impl Thing {
    fn any(rng: &mut Rng) -> Self {
        let held = [
            Held::Text(one(rng, &TEXTS).to_owned()),
            Held::Number(rng.i64(0..4)),
            Held::Flag(rng.bool()),
            Held::Time(rng.u8(0..4)),
            Held::Items((0..rng.usize(0..3)).map(|_| one(rng, &TEXTS).to_owned()).collect()),
        ];
        Self(held.map(|held| if rng.u8(0..6) == 0 { Held::Nothing } else { held }))
    }

    fn row(&self) -> Body {
        let value = |held: &Held| match held {
            Held::Nothing => Value::Null,
            Held::Text(text) => json!(text),
            Held::Number(number) => json!(number),
            Held::Flag(flag) => json!(flag),
            Held::Time(second) => json!(time(*second)),
            Held::Items(items) => json!(items),
        };
        NAMES.iter().zip(&self.0).map(|(name, held)| ((*name).to_owned(), value(held))).collect()
    }
}

/// A filter as a tree, with its own meaning and its own spelling.
#[derive(Debug, Clone)]
enum Wish {
    /// A comparison of a property with a value, which has its kind.
    Compare(usize, &'static str, Held),
    In(Vec<String>),
    Call(&'static str, String),
    AnyEquals(String),
    AnyStarts(String),
    And(Box<Wish>, Box<Wish>),
    Or(Box<Wish>, Box<Wish>),
    Not(Box<Wish>),
}

fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Wish {
    fn any(rng: &mut Rng, depth: u8) -> Self {
        let text = |rng: &mut Rng| one(rng, &TEXTS).to_owned();
        if depth > 0 && rng.bool() {
            let (a, b) = (Box::new(Self::any(rng, depth - 1)), Box::new(Self::any(rng, depth - 1)));
            return match rng.u8(0..3) {
                0 => Self::And(a, b),
                1 => Self::Or(a, b),
                _ => Self::Not(a),
            };
        }
        let operators = ["eq", "ne", "gt", "ge", "lt", "le"];
        match rng.u8(0..9) {
            0 => Self::In((0..rng.usize(1..4)).map(|_| text(rng)).collect()),
            1 => Self::Call(one(rng, &["startswith", "endswith", "contains"]), text(rng)),
            2 => Self::AnyEquals(text(rng)),
            3 => Self::AnyStarts(text(rng)),
            4 => Self::Compare(rng.usize(..4), one(rng, &["eq", "ne"]), Held::Nothing),
            5 => Self::Compare(0, one(rng, &operators), Held::Text(text(rng))),
            6 => Self::Compare(1, one(rng, &operators), Held::Number(rng.i64(0..4))),
            7 => Self::Compare(2, one(rng, &["eq", "ne"]), Held::Flag(rng.bool())),
            _ => Self::Compare(3, one(rng, &operators), Held::Time(rng.u8(0..4))),
        }
    }

    /// Writes the filter with as few brackets as the precedence of the operators allows.
    fn text(&self) -> String {
        let inner = |of: &Self, brackets: bool| if brackets { format!("({})", of.text()) } else { of.text() };
        match self {
            Self::Compare(property, operator, value) => {
                let value = match value {
                    Held::Nothing | Held::Items(_) => "null".to_owned(),
                    Held::Text(text) => quoted(text),
                    Held::Number(number) => number.to_string(),
                    Held::Flag(flag) => flag.to_string(),
                    Held::Time(second) => time(*second),
                };
                format!("{} {operator} {value}", NAMES[*property])
            }
            Self::In(values) => {
                format!("name in ({})", values.iter().map(|of| quoted(of)).collect::<Vec<_>>().join(","))
            }
            Self::Call(name, text) => format!("{name}(name,{})", quoted(text)),
            Self::AnyEquals(text) => format!("tags/any(t:t eq {})", quoted(text)),
            Self::AnyStarts(text) => format!("tags/any(t:startswith(t,{}))", quoted(text)),
            Self::And(a, b) => {
                let or = |of: &Self| matches!(of, Self::Or(..));
                format!("{} and {}", inner(a, or(a)), inner(b, or(b)))
            }
            Self::Or(a, b) => format!("{} or {}", a.text(), b.text()),
            Self::Not(a) => format!("not {}", inner(a, matches!(**a, Self::And(..) | Self::Or(..)))),
        }
    }

    fn holds(&self, thing: &Thing) -> bool {
        let name = match &thing.0[0] {
            Held::Text(text) => Some(folded(text)),
            _ => None,
        };
        let tags: Vec<String> = match &thing.0[4] {
            Held::Items(items) => items.iter().map(|item| folded(item)).collect(),
            _ => Vec::new(),
        };
        match self {
            Self::Compare(property, operator, value) => {
                let order = match (&thing.0[*property], value) {
                    (Held::Nothing, Held::Nothing) => Some(std::cmp::Ordering::Equal),
                    (Held::Text(a), Held::Text(b)) => Some(folded(a).cmp(&folded(b))),
                    (Held::Number(a), Held::Number(b)) => Some(a.cmp(b)),
                    (Held::Flag(a), Held::Flag(b)) => Some(a.cmp(b)),
                    (Held::Time(a), Held::Time(b)) => Some(a.cmp(b)),
                    _ => None,
                };
                match *operator {
                    "eq" => order.is_some_and(|order| order.is_eq()),
                    "ne" => !order.is_some_and(|order| order.is_eq()),
                    "gt" => order.is_some_and(|order| order.is_gt()),
                    "ge" => order.is_some_and(|order| order.is_ge()),
                    "lt" => order.is_some_and(|order| order.is_lt()),
                    _ => order.is_some_and(|order| order.is_le()),
                }
            }
            Self::In(values) => name.is_some_and(|name| values.iter().any(|value| folded(value) == name)),
            Self::Call(call, text) => {
                let text = folded(text);
                name.is_some_and(|name| match *call {
                    "startswith" => name.starts_with(&text),
                    "endswith" => name.ends_with(&text),
                    _ => name.contains(&text),
                })
            }
            Self::AnyEquals(text) => tags.contains(&folded(text)),
            Self::AnyStarts(text) => tags.iter().any(|tag| tag.starts_with(&folded(text))),
            Self::And(a, b) => a.holds(thing) && b.holds(thing),
            Self::Or(a, b) => a.holds(thing) || b.holds(thing),
            Self::Not(a) => !a.holds(thing),
        }
    }
}

#[test]
fn filters_agree_with_a_model_over_random_objects() {
    for seed in 0..400 {
        let mut rng = Rng::with_seed(seed);
        let wish = Wish::any(&mut rng, 3);
        let text = wish.text();
        let filter = Filter::parse(&text).unwrap_or_else(|| panic!("seed {seed}: {text}"));
        for _ in 0..40 {
            let thing = Thing::any(&mut rng);
            assert_eq!(filter.matches(&thing.row()), wish.holds(&thing), "seed {seed}: {text} of {thing:?}");
        }
    }
}

#[tokio::test]
async fn a_filtered_list_has_what_the_model_finds_although_an_index_helps() {
    let desk = Desk::new();
    let names = ["PC-1", "pc-1", "PC-2", "PC-10"];
    for name in names {
        desk.tenant.add_group(name);
    }
    for (filter, expected) in [
        ("displayName eq 'PC-1'", &["PC-1", "pc-1"][..]),
        ("displayName eq 'PC-1' or displayName eq 'PC-2'", &["PC-1", "pc-1", "PC-2"]),
        ("displayName eq 'PC-1' and startswith(displayName,'PC-2')", &[]),
        ("displayName in ('PC-2','PC-10')", &["PC-2", "PC-10"]),
        ("startswith(displayName,'pc-1')", &["PC-1", "pc-1", "PC-10"]),
        ("displayName ge 'PC-10' and displayName le 'PC-2'", &["PC-2", "PC-10"]),
    ] {
        let found = desk.get(&format!("/v1.0/groups?$filter={filter}")).await;
        assert_eq!(found.status, 200, "{filter}: {}", found.text);
        assert_eq!(found.column("displayName"), expected, "{filter}");
    }
    let identity = desk.tenant.add_device("SN1");
    let other = desk.tenant.add_device("SN2");
    for (filter, expected) in [
        ("displayName eq 'SN1' or displayName eq 'SN2'", 2),
        ("deviceId eq 'none' or displayName eq 'sn2'", 1),
    ] {
        let found = desk.get(&format!("/v1.0/devices?$filter={filter}")).await;
        assert_eq!(found.column("id").len(), expected, "{identity} {other} {filter}");
    }
}

/// A target of an assignment in the model, by the numbers of groups.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Goal {
    Group(usize),
    Except(usize),
    AllDevices,
    AllUsers,
}

impl Goal {
    fn body(self, groups: &[String]) -> Value {
        let (kind, group) = match self {
            Self::Group(number) => ("groupAssignmentTarget", Some(&groups[number])),
            Self::Except(number) => ("exclusionGroupAssignmentTarget", Some(&groups[number])),
            Self::AllDevices => ("allDevicesAssignmentTarget", None),
            Self::AllUsers => ("allLicensedUsersAssignmentTarget", None),
        };
        let mut target = json!({"@odata.type": format!("#microsoft.graph.{kind}")});
        if let Some(group) = group {
            target["groupId"] = json!(group);
        }
        json!({ "target": target })
    }
}

/// Random assignments, of which one may be to all devices if `for_all` says so, in any order.
fn goals(rng: &mut Rng, groups: usize, for_all: bool, users: bool) -> Vec<Goal> {
    let mut goals: Vec<Goal> = Vec::new();
    for _ in 0..rng.usize(0..4) {
        let goal = match rng.u8(0..3) {
            0 => Goal::Except(rng.usize(..groups)),
            _ => Goal::Group(rng.usize(..groups)),
        };
        // A group is either in or out.
        let taken = |of: &Goal| match (of, &goal) {
            (Goal::Group(a) | Goal::Except(a), Goal::Group(b) | Goal::Except(b)) => a == b,
            _ => false,
        };
        if !goals.iter().any(taken) {
            goals.push(goal);
        }
    }
    if for_all {
        goals.push(Goal::AllDevices);
    }
    if users && rng.bool() {
        goals.push(Goal::AllUsers);
    }
    rng.shuffle(&mut goals);
    goals
}

/// The strength with which assignments reach a device or a user in these groups: 2 by a group, 1 as one of all, 0 not.
fn strength(goals: &[Goal], groups: &[bool], is_user: bool) -> u8 {
    if goals.iter().any(|goal| matches!(goal, Goal::Except(number) if groups[*number])) {
        return 0;
    }
    if goals.iter().any(|goal| matches!(goal, Goal::Group(number) if groups[*number])) {
        return 2;
    }
    let all = if is_user { Goal::AllUsers } else { Goal::AllDevices };
    u8::from(goals.contains(&all))
}

const GROUPS: usize = 4;

/// A tenant with groups, some inside others, and members; and what the model knows of it.
struct Scene {
    desk: Desk,
    groups: Vec<String>,
    devices: Vec<(String, [bool; GROUPS])>,
    user: [bool; GROUPS],
}

const USER: &str = "adele@contoso.com";

impl Scene {
    async fn new(rng: &mut Rng) -> Self {
        let desk = Desk::with(|builder| builder.with_delegated_callers());
        let groups: Vec<String> =
            (0..GROUPS).map(|number| desk.tenant.add_group(&format!("Group {number}"))).collect();
        // A group may be inside one with a greater number.
        let mut inside = [[false; GROUPS]; GROUPS];
        for (inner, row) in inside.iter_mut().enumerate() {
            row[inner] = true;
            for (outer, is_in) in row.iter_mut().enumerate().skip(inner + 1) {
                if rng.u8(0..4) == 0 {
                    desk.tenant.add_member(&groups[outer], &groups[inner]);
                    *is_in = true;
                }
            }
        }
        for _ in 0..GROUPS {
            let before = inside;
            for row in &mut inside {
                for (middle, around) in before.iter().enumerate() {
                    if row[middle] {
                        row.iter_mut().zip(around).for_each(|(is_in, also)| *is_in |= also);
                    }
                }
            }
        }
        let mut join = |member: &str| {
            let mut of = [false; GROUPS];
            for (number, group) in groups.iter().enumerate() {
                if rng.u8(0..3) == 0 {
                    desk.tenant.add_member(group, member);
                    of.iter_mut().zip(inside[number]).for_each(|(is_in, also)| *is_in |= also);
                }
            }
            of
        };
        let mut devices = Vec::new();
        for number in 0..4 {
            let identity = desk.tenant.add_device(&format!("SN{number}"));
            devices.push((identity.clone(), join(&identity)));
        }
        let user = join(&desk.tenant.add_user(USER));
        Self { desk, groups, devices, user }
    }
}

#[tokio::test]
async fn a_device_gets_the_profile_that_the_model_says() {
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let scene = Scene::new(&mut rng).await;
        let desk = &scene.desk;
        let for_all = rng.usize(0..5);
        let mut profiles = Vec::new();
        for number in 0..4 {
            let path = desk.profile(&format!("Profile {number}")).await;
            let goals = goals(&mut rng, GROUPS, number == for_all, false);
            for goal in &goals {
                let made = desk.post(&format!("{path}/assignments"), goal.body(&scene.groups)).await;
                assert_eq!(made.status, 201, "seed {seed}: {}", made.text);
            }
            profiles.push((path, goals));
        }
        desk.clock.advance(5 * MINUTE);
        let check = async |profiles: &[(String, Vec<Goal>)], what: &str| {
            for (number, (identity, groups)) in scene.devices.iter().enumerate() {
                let first =
                    |wanted| profiles.iter().find(|(_, goals)| strength(goals, groups, false) == wanted);
                let expected = first(2).or_else(|| first(1)).and_then(|(path, _)| path.rsplit('/').next());
                let found = desk.get(&format!("{IDENTITIES}/{identity}/deploymentProfile")).await;
                let context = format!("seed {seed}, {what}: device {number} in {groups:?}, {profiles:?}");
                assert_eq!(found.body["id"].as_str(), expected, "{context}");
                let settled = desk.tenant.effective_objects(&format!("SN{number}"), None).unwrap();
                assert_eq!(settled.profile.as_deref(), expected, "{context}");
            }
        };
        check(&profiles, "at first").await;
        // One loses its assignments: the next one takes its place.
        let (path, _) = &profiles[rng.usize(..profiles.len())].clone();
        for id in desk.get(&format!("{path}/assignments")).await.column("id") {
            assert_eq!(desk.delete(&format!("{path}/assignments/{id}")).await.status, 204);
        }
        desk.clock.advance(5 * MINUTE);
        profiles.iter_mut().filter(|(of, _)| of == path).for_each(|(_, goals)| goals.clear());
        check(&profiles, "later").await;
    }
}

#[tokio::test]
async fn a_device_gets_the_page_and_the_domain_joins_that_the_model_says() {
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let scene = Scene::new(&mut rng).await;
        let desk = &scene.desk;
        let mut pages = Vec::new();
        let mut joins = Vec::new();
        for number in 0..4 {
            let for_all = rng.u8(0..4) == 0;
            let path = desk.page(&format!("Page {number}")).await;
            let goals_of_page = goals(&mut rng, GROUPS, for_all, true);
            let bodies: Vec<Value> = goals_of_page.iter().map(|goal| goal.body(&scene.groups)).collect();
            let sent = json!({ "enrollmentConfigurationAssignments": bodies });
            assert_eq!(desk.post(&format!("{path}/assign"), sent).await.status, 204, "seed {seed}");
            pages.push((path, goals_of_page));
            let made = desk
                .post(
                    CONFIGURATIONS,
                    json!({"@odata.type": DOMAIN_JOIN, "displayName": "DJ",
                    "activeDirectoryDomainName": "contoso.com", "computerNameStaticPrefix": "HYB",
                    "computerNameSuffixRandomCharCount": 5}),
                )
                .await;
            let path = format!("{CONFIGURATIONS}/{}", made.id());
            let for_all = rng.u8(0..4) == 0;
            let goals_of_join = goals(&mut rng, GROUPS, for_all, true);
            let bodies: Vec<Value> = goals_of_join.iter().map(|goal| goal.body(&scene.groups)).collect();
            let done = desk.post(&format!("{path}/assign"), json!({ "assignments": bodies })).await;
            assert_eq!(done.status, 200, "seed {seed}: {}", done.text);
            joins.push((path, goals_of_join));
        }
        // The first priority goes to one of them, and the others move down.
        let first = rng.usize(1..pages.len());
        let moved = desk.post(&format!("{}/setPriority", pages[first].0), json!({"priority": 1})).await;
        assert_eq!(moved.status, 204);
        let page = pages.remove(first);
        pages.insert(0, page);
        desk.clock.advance(5 * MINUTE);
        for (number, (_, groups)) in scene.devices.iter().enumerate() {
            let got = desk.tenant.effective_objects(&format!("SN{number}"), Some(USER)).unwrap();
            let by_device = pages.iter().find(|(_, goals)| strength(goals, groups, false) > 0);
            let by_user = || pages.iter().find(|(_, goals)| strength(goals, &scene.user, true) > 0);
            let page =
                by_device.or_else(by_user).map(|(path, _)| path.rsplit('/').next().unwrap().to_owned());
            let context = format!("seed {seed}: device {number} in {groups:?}, {:?} of the user", scene.user);
            assert_eq!(got.page, page, "{context}, {pages:?}");
            let expected: Vec<&str> = joins
                .iter()
                .filter(|(_, goals)| strength(goals, groups, false) > 0)
                .filter_map(|(path, _)| path.rsplit('/').next())
                .collect();
            assert_eq!(got.domain_joins, expected, "{context}, {joins:?}");
        }
    }
}

#[tokio::test]
async fn a_filter_on_an_assignment_decides_by_the_device() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    desk.tenant.add_device_with(crate::sim::DeviceSpec::new("SN1").with_model("Book 3"));
    desk.tenant.add_device_with(crate::sim::DeviceSpec::new("SN2").with_model("Desk 1"));
    let filters = "/beta/deviceManagement/assignmentFilters";
    let filter = json!({"displayName": "Books", "platform": "windows10AndLater",
        "rule": "(device.model -startsWith \"Book\")"});
    let made = desk.post(filters, filter).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let page = desk.page("Page").await;
    let mut got = Vec::new();
    for kind in ["include", "exclude"] {
        let mut target = all_devices();
        target["target"]["deviceAndAppManagementAssignmentFilterId"] = json!(made.id());
        target["target"]["deviceAndAppManagementAssignmentFilterType"] = json!(kind);
        let sent = json!({ "enrollmentConfigurationAssignments": [target] });
        assert_eq!(desk.post(&format!("{page}/assign"), sent).await.status, 204);
        for serial in ["SN1", "SN2"] {
            got.push(desk.tenant.effective_objects(serial, None).unwrap().page.is_some());
        }
    }
    assert_eq!(got, [true, false, false, true]);
    let gone = desk.send(Method::DELETE, &format!("{filters}/{}", made.id()), &[], None).await;
    if gone.status < 300 {
        assert_eq!(desk.tenant.effective_objects("SN2", None).unwrap().page, None, "it reaches nobody");
    }
}

/// Each property of a filter is the device's own: one that is not read would be empty, and the filter would fail.
#[tokio::test]
async fn a_filter_reads_every_property_of_the_device() {
    let desk = Desk::with(|builder| builder.with_delegated_callers());
    desk.tenant.add_device_with(
        crate::sim::DeviceSpec::new("SN1").with_manufacturer("Contoso").with_model("Book 3"),
    );
    let profile = desk.profile("Hybrid").await;
    assert_eq!(desk.post(&format!("{profile}/assignments"), all_devices()).await.status, 201);
    let page = desk.page("Page").await;
    for (rule, expected) in [
        ("(device.manufacturer -eq \"Contoso\")", true),
        ("(device.manufacturer -eq \"Fabrikam\")", false),
        ("(device.model -eq \"Book 3\")", true),
        ("(device.enrollmentProfileName -eq \"Hybrid\")", true),
        ("(device.osVersion -startsWith \"10.0.\")", true),
        ("(device.operatingSystemVersion -startsWith \"10.0.\")", true),
        ("(device.deviceOwnership -eq \"Corporate\")", true),
        ("(device.deviceOwnership -eq \"Personal\")", false),
    ] {
        let filter = json!({"displayName": rule, "platform": "windows10AndLater", "rule": rule});
        let made = desk.post("/beta/deviceManagement/assignmentFilters", filter).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let mut target = all_devices();
        target["target"]["deviceAndAppManagementAssignmentFilterId"] = json!(made.id());
        target["target"]["deviceAndAppManagementAssignmentFilterType"] = json!("include");
        let sent = json!({ "enrollmentConfigurationAssignments": [target] });
        assert_eq!(desk.post(&format!("{page}/assign"), sent).await.status, 204);
        let got = desk.tenant.effective_objects("SN1", None).unwrap();
        assert_eq!(got.page.is_some(), expected, "{rule}");
    }
}
