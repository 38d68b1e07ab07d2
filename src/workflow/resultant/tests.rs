//! Combinations of assignments, each with what a device gets.

use std::collections::HashMap;

use jiff::Timestamp;

use super::*;
use crate::model::rule::MembershipRule;
use crate::model::{
    Assignment, AssignmentFilter, AssignmentFilterType, Group, Id, Lookup, Target, TargetKind, User,
};

/// The groups: name, has the device as a member at any depth, has a user, rule.
const GROUPS: [(&str, bool, bool, Option<&str>); 9] = [
    ("in", true, false, None),
    ("also", true, false, None),
    ("out", false, false, None),
    ("people", false, true, None),
    ("mixed", true, true, None),
    ("soon", false, false, Some(r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#)),
    ("never", false, false, Some(r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Berlin"))"#)),
    ("odd", false, false, Some(r#"(device.isRooted -eq true)"#)),
    ("by-user-rule", false, false, Some(r#"(user.department -eq "Sales")"#)),
];

/// The filters: id, rule.
const FILTERS: [(&str, &str); 5] = [
    ("contoso", r#"(device.manufacturer -eq "Contoso")"#),
    ("fabrikam", r#"(device.manufacturer -eq "Fabrikam")"#),
    ("version", r#"(device.osVersion -startsWith "10.0.26")"#),
    ("named-a", r#"(device.enrollmentProfileName -eq "A")"#),
    ("broken", r#"device.model like x"#),
];

/// Parses a target: a group's name, `all` or `users`; with `-` before an exclusion, `+` or `~` before a filter that
/// includes or excludes devices.
fn target(text: &str) -> Assignment {
    let (audience, filter) = match (text.split_once('+'), text.split_once('~')) {
        (Some((audience, id)), _) => (audience, Some((AssignmentFilterType::Include, id))),
        (_, Some((audience, id))) => (audience, Some((AssignmentFilterType::Exclude, id))),
        _ => (text, None),
    };
    let kind = match audience {
        "all" => TargetKind::AllDevices,
        "users" => TargetKind::AllLicensedUsers,
        "strange" | "untold" => TargetKind::Unknown(crate::model::Properties::new().into()),
        group => match group.strip_prefix('-') {
            Some(group) => TargetKind::ExclusionGroup(group.parse().unwrap()),
            None => TargetKind::Group(group.to_uppercase().parse().unwrap()),
        },
    };
    let mut target = Target::new(kind);
    if let Some((way, id)) = filter {
        target = target.with_filter(id.parse().unwrap(), way);
    }
    let mut assignment = Assignment::new("a".parse().unwrap());
    assignment.target = Some(target).filter(|_| audience != "untold");
    assignment
}

/// Parses objects such as `A: in -out, B: all`: the first is the oldest and has the first priority. `?` stands for
/// unread assignments, `!` after the name for no date and no priority.
fn objects(text: &str, kind: ObjectKind) -> Vec<AssignedObject> {
    let specs = text.split(", ").filter(|spec| !spec.is_empty());
    let object = |(number, spec): (i32, &str)| {
        let (name, targets) = spec.split_once(':').unwrap();
        let order = (!name.ends_with('!')).then_some(number);
        AssignedObject {
            id: format!("id-{name}"),
            display_name: name.trim_end_matches('!').to_owned(),
            kind,
            created_date_time: order.map(|order| Timestamp::from_second(i64::from(order)).unwrap()),
            priority: order,
            assignments: match targets.trim() {
                "?" => Lookup::Unknown,
                targets => Lookup::Present(targets.split_whitespace().map(target).collect()),
            },
        }
    };
    (1..).zip(specs).map(object).collect()
}

fn input() -> ResultantInput {
    let mut device = DeviceView::expected("SN-1", Some("Munich"));
    let Lookup::Present(anchor) = &mut device.anchor else { panic!() };
    anchor.id = "ANCHOR".parse().unwrap();
    device.is_predicted = false;
    device.has_changed = false;
    device.manufacturer = Lookup::Present("Contoso".into());
    device.model = Lookup::Present("Book 3".into());
    let group = |(name, has_device, has_user, rule): (&str, bool, bool, Option<&str>)| {
        let one = |has: bool, id: &str| has.then(|| id.to_owned()).into_iter().collect();
        let members = GroupMembers {
            devices: one(has_device, "anchor"),
            users: one(has_user, "adele"),
            groups: Vec::new(),
        };
        let rule = rule.map(MembershipRule::from_service);
        let view = GroupView {
            display_name: Some(name.into()),
            members: Lookup::Present(members),
            rule: rule.into(),
        };
        (name.parse().unwrap(), Lookup::Present(view))
    };
    let mut groups: HashMap<Id<Group>, Lookup<GroupView>> = GROUPS.map(group).into();
    groups.insert("gone".parse().unwrap(), Lookup::Absent);
    let around = GroupMembers { groups: vec!["soon".parse().unwrap()], ..GroupMembers::default() };
    let around = GroupView { members: Lookup::Present(around), rule: Lookup::Absent, display_name: None };
    groups.insert("around".parse().unwrap(), Lookup::Present(around));
    let filter = |(id, rule): (&str, &str)| {
        let mut filter = AssignmentFilter::new(id.parse().unwrap());
        filter.rule = Some(rule.into());
        filter
    };
    ResultantInput {
        devices: vec![device],
        profiles: Lookup::Present(Vec::new()),
        pages: Lookup::Present(Vec::new()),
        domain_joins: Lookup::Present(Vec::new()),
        groups,
        filters: Lookup::Present(FILTERS.map(filter).into()),
    }
}

/// Formats an outcome for the tables below.
fn words(effective: &Effective) -> String {
    let names = |contenders: &[Contender]| {
        contenders.iter().map(|one| one.display_name.as_str()).collect::<Vec<_>>().join(" ")
    };
    let mut words = match effective {
        Effective::Gets { winner, .. } if winner.by_rule => format!("{} soon", winner.display_name),
        Effective::Gets { winner, .. } => winner.display_name.clone(),
        Effective::DefaultPage { .. } => "default".to_owned(),
        Effective::Nothing { .. } => "none".to_owned(),
        Effective::Conflict { contenders } => format!("conflict {}", names(contenders)),
        Effective::Unknown { possible, because } => {
            assert!(!because.is_empty(), "{possible:?}");
            format!("unknown {}", names(possible))
        }
    };
    for loser in effective.lost() {
        let by = match &loser.by {
            LostBy::Excluded(group) => format!("excluded by {group}"),
            LostBy::FilteredOut(filter) => format!("filtered by {filter}"),
            LostBy::Older => "younger".to_owned(),
            LostBy::LowerPriority => "lower".to_owned(),
            LostBy::AllDevices => "for all".to_owned(),
            LostBy::AssignedToUsers => "for users".to_owned(),
        };
        words.push_str(&format!("; {} {by}", loser.contender.display_name));
    }
    words
}

#[test]
fn a_profile_is_the_oldest_by_group_and_else_the_one_for_all_devices() {
    for (profiles, expected) in [
        ("", "none"),
        ("A: in", "A"),
        ("A: IN", "A"),
        ("A: out", "none"),
        ("A: people", "none"),
        ("A: mixed", "A"),
        ("A: soon", "A soon"),
        ("A: around", "A soon"),
        ("A: never", "none"),
        ("A: gone", "none"),
        ("A: all", "A"),
        ("A: in, B: also", "A; B younger"),
        ("A: all, B: in", "B; A for all"),
        ("A: in, B: all", "A; B for all"),
        ("A: in -also", "none; A excluded by also"),
        ("A: in -out", "A"),
        ("A: in -soon", "none; A excluded by soon"),
        ("A: in -never", "A"),
        ("A: in -gone", "A"),
        ("A: out -in", "none"),
        ("A: in -also, B: also", "B; A excluded by also"),
        ("A: in -also, B: all", "B; A excluded by also"),
        ("A: all -in", "none; A excluded by in"),
        ("A: out in", "A"),
        ("A: in+contoso", "A"),
        ("A: in+fabrikam", "none; A filtered by fabrikam"),
        ("A: in~contoso", "none; A filtered by contoso"),
        ("A: in~fabrikam", "A"),
        ("A: in+fabrikam also", "A"),
        ("A: in+fabrikam, B: also", "B; A filtered by fabrikam"),
        ("A: all+fabrikam, B: all+contoso", "B; A filtered by fabrikam"),
        ("A: in+version", "unknown A"),
        ("A: in+version, B: also", "unknown A B"),
        ("A: in, B: also+version", "A"),
        ("A: in+named-a", "unknown A"),
        ("A: in+broken", "unknown A"),
        ("A: in+unheard-of", "unknown A"),
        ("A: dark", "unknown A"),
        ("A: in, B: dark", "A"),
        ("A: dark, B: in", "unknown A B"),
        ("A: in -dark", "unknown A"),
        ("A: out -dark", "none"),
        ("A: odd", "unknown A"),
        ("A: by-user-rule", "none"),
        ("A: ?", "unknown A"),
        ("A: in, B: ?", "A"),
        ("A: strange", "unknown A"),
        // It may be an exclusion.
        ("A: in strange", "unknown A"),
        ("A: untold", "unknown A"),
        ("A: all untold", "unknown A"),
        ("A!: in", "A"),
        ("A!: in, B: also", "unknown A B"),
        ("A: all, B: all", "conflict A B"),
    ] {
        let mut input = input();
        input.profiles = Lookup::Present(objects(profiles, ObjectKind::HybridJoinProfile));
        assert_eq!(words(&resultant(&input).devices[0].profile), expected, "{profiles}");
    }
}

#[test]
fn a_page_is_the_first_for_the_device_then_the_first_for_the_user_then_the_default_page() {
    let unknown: Lookup<Id<User>> = Lookup::Unknown;
    let adele = || Lookup::Present("ADELE".parse().unwrap());
    let other = || Lookup::Present("other".parse().unwrap());
    for (pages, user, expected) in [
        ("", unknown.clone(), "default"),
        ("A: in", unknown.clone(), "A"),
        ("A: all", unknown.clone(), "A"),
        ("A: all, B: in", unknown.clone(), "A; B lower"),
        ("A: in, B: all", unknown.clone(), "A; B lower"),
        ("A: users, B: in", unknown.clone(), "B; A for users"),
        ("A: users", unknown.clone(), "A"),
        ("A: users", Lookup::Absent, "default"),
        ("A: users", other(), "A"),
        ("A: people", unknown.clone(), "unknown A"),
        ("A: people", adele(), "A"),
        ("A: people", other(), "default"),
        ("A: people", Lookup::Absent, "default"),
        ("A: people, B: users", unknown.clone(), "unknown A B"),
        ("A: users, B: people", unknown.clone(), "A"),
        ("A: people, B: users", adele(), "A; B lower"),
        ("A: people, B: users", other(), "B"),
        ("A: by-user-rule", unknown.clone(), "unknown A"),
        ("A: by-user-rule", other(), "unknown A"),
        ("A: in people", adele(), "A"),
        ("A: in -also, B: all", unknown.clone(), "B; A excluded by also"),
        ("A: in -also", unknown.clone(), "default; A excluded by also"),
        ("A: users -people", adele(), "default"),
        ("A: users -people", other(), "A"),
        ("A: users -people", unknown.clone(), "unknown A"),
        ("A: in -people", adele(), "A"),
        ("A: users+contoso", unknown.clone(), "A"),
        ("A: users+fabrikam", unknown.clone(), "default"),
        ("A: in+named-a", unknown.clone(), "A"),
        ("A: in~named-a", unknown.clone(), "default; A filtered by named-a"),
        ("A: all+version, B: in", unknown.clone(), "unknown A B"),
        ("A: in, B: all+version", unknown.clone(), "A"),
        ("A: all+version, B: users", unknown.clone(), "unknown A B"),
        ("A: dark", unknown.clone(), "unknown A"),
        ("A!: in, B: also", unknown, "unknown A B"),
    ] {
        let mut input = input();
        input.devices[0].user = user.clone();
        input.profiles = Lookup::Present(objects("A: in", ObjectKind::HybridJoinProfile));
        input.pages = Lookup::Present(objects(pages, ObjectKind::StatusPage));
        assert_eq!(words(&resultant(&input).devices[0].page), expected, "{pages} {user:?}");
    }
}

#[test]
fn a_domain_join_is_the_only_one_for_the_device_and_two_are_a_conflict() {
    for (joins, expected) in [
        ("", "none"),
        ("A: in", "A"),
        ("A: soon", "A soon"),
        ("A: all", "A"),
        ("A: in all", "A"),
        ("A: in, B: all", "conflict A B"),
        ("A: in, B: also", "conflict A B"),
        ("A: in, B: soon", "conflict A B"),
        ("A: in, B: all -in", "A; B excluded by in"),
        ("A: in, B: all -out", "conflict A B"),
        ("A: in, B: out", "A"),
        ("A: users", "none"),
        ("A: people", "none"),
        ("A: in, B: users", "A"),
        ("A: in+fabrikam, B: all", "B; A filtered by fabrikam"),
        ("A: in+contoso, B: all", "conflict A B"),
        ("A: in, B: all+version", "unknown A B"),
        ("A: in, B: also, C: dark", "conflict A B"),
        ("A: in, B: dark", "unknown A B"),
        ("A: dark", "unknown A"),
        ("A: in, B: all~named-a", "A; B filtered by named-a"),
    ] {
        let mut input = input();
        input.profiles = Lookup::Present(objects("A: in", ObjectKind::HybridJoinProfile));
        input.domain_joins = Lookup::Present(objects(joins, ObjectKind::DomainJoin));
        assert_eq!(words(&resultant(&input).devices[0].domain_join), expected, "{joins}");
    }
}

#[test]
fn a_collection_that_could_not_be_read_is_unknown_with_its_permission() {
    let mut input = input();
    (input.profiles, input.pages, input.domain_joins) = Default::default();
    let device = &resultant(&input).devices[0];
    for (effective, permission) in [
        (&device.profile, "DeviceManagementServiceConfig.Read.All"),
        (&device.page, "DeviceManagementServiceConfig.Read.All"),
        (&device.domain_join, "DeviceManagementConfiguration.Read.All"),
    ] {
        let Effective::Unknown { possible, because } = effective else { panic!("{effective:?}") };
        assert!(possible.is_empty() && because[0].remedy.contains(permission), "{because:?}");
    }
}

#[test]
fn a_device_without_an_object_is_in_no_group_and_one_whose_object_was_not_read_may_be() {
    for (anchor, expected) in [(Lookup::Absent, "none"), (Lookup::Unknown, "unknown A")] {
        let mut input = input();
        input.devices[0].anchor = anchor;
        input.profiles = Lookup::Present(objects("A: in", ObjectKind::HybridJoinProfile));
        assert_eq!(words(&resultant(&input).devices[0].profile), expected);
        input.profiles = Lookup::Present(objects("A: all", ObjectKind::HybridJoinProfile));
        assert_eq!(words(&resultant(&input).devices[0].profile), "A");
    }
}

#[test]
fn a_device_to_come_is_judged_by_rules_and_by_what_is_known_of_it() {
    for (profiles, expected) in [
        ("A: soon", "A soon"),
        ("A: never", "none"),
        ("A: in", "none"),
        ("A: all", "A"),
        ("A: soon+contoso", "unknown A"),
    ] {
        let mut input = input();
        input.devices = vec![DeviceView::expected("new", Some("munich"))];
        input.profiles = Lookup::Present(objects(profiles, ObjectKind::HybridJoinProfile));
        assert_eq!(words(&resultant(&input).devices[0].profile), expected, "{profiles}");
    }
}

#[test]
fn a_changed_tag_counts_more_than_a_list_of_members_from_before() {
    let mut input = input();
    let Some(Lookup::Present(view)) = input.groups.get_mut(&"never".parse().unwrap()) else { panic!() };
    view.members =
        Lookup::Present(GroupMembers { devices: ["anchor".to_owned()].into(), ..Default::default() });
    input.profiles = Lookup::Present(objects("A: never", ObjectKind::HybridJoinProfile));
    assert_eq!(words(&resultant(&input).devices[0].profile), "A");
    input.devices[0].set_group_tag(Some("Munich"));
    assert_eq!(words(&resultant(&input).devices[0].profile), "none");
    input.devices[0].set_group_tag(Some("Berlin"));
    assert_eq!(words(&resultant(&input).devices[0].profile), "A");
}

#[test]
fn a_set_reads_as_a_table_and_survives_serde() {
    let mut input = input();
    input.devices.push(DeviceView { label: "SN-2".to_owned(), ..input.devices[0].clone() });
    input.profiles = Lookup::Present(objects("A: in, B: all+contoso", ObjectKind::HybridJoinProfile));
    input.pages = Lookup::Present(objects("P: people", ObjectKind::StatusPage));
    input.domain_joins = Lookup::Present(objects("J: in, K: soon", ObjectKind::DomainJoin));
    let set = resultant(&input);
    let text = set.to_string();
    for line in [
        "  SN-1, SN-2\n",
        "profile      A, by group in\n",
        "not B, by all devices with filter contoso: the other one is assigned to a group of the device\n",
        "status page  not known; perhaps P, by group people\n",
        "? group people: it is not known who sets the device up; assign a status page to the devices\n",
        "domain join  CONFLICT of J, by group in; K, by group soon (its rule matches; not a member yet)\n",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(set.groups().len(), 1);
    let back: ResultantSet = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
    assert_eq!(back, set);
}
