//! Windows Autopilot deployment profiles, stored under the current names; answers include the old ones.

use http::StatusCode;
use serde_json::{Value, json};

use super::assignment::payload_links;
use super::targeting::targeting;
use super::{assignment, targeting};
use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::{Assignment, Entity, Owner, Target, Wish};
use crate::sim::schema;
use crate::sim::state::State;
use crate::sim::store::{Body, body, date};

const PATH: &str = "deviceManagement/windowsAutopilotDeploymentProfiles";
const BASE: &str = "windowsAutopilotDeploymentProfile";
const HYBRID: &str = "activeDirectoryWindowsAutopilotDeploymentProfile";
const RULES: Rules = Rules { type_name: BASE, filter, ..INTUNE };

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "displayName") => Support::Quirk(|quirks| quirks.display_name_filter),
        _ => Support::No,
    }
}

/// The maximum number of profiles in a tenant.
const MOST: usize = 350;

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let state = &*exchange.state;
    odata::list_table(
        exchange,
        &RULES,
        PATH,
        &state.profiles,
        |_| true,
        |profile| view(state, profile, &expand),
    )
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    odata::count(exchange, &RULES, exchange.state.profiles.after(0))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let profile = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, BASE, PATH, view(exchange.state, profile, &expand))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = sent(exchange)?;
    let state = &mut *exchange.state;
    if state.profiles.len() >= MOST {
        return Err(Failure::refused(format!("The limit of {MOST} deployment profiles is reached.")));
    }
    let mut settings = body([
        ("displayName", Value::Null),
        ("description", "".into()),
        ("locale", "os-default".into()),
        ("deviceType", "windowsPc".into()),
        ("deviceNameTemplate", "".into()),
        ("enrollmentStatusScreenSettings", Value::Null),
        ("hardwareHashExtractionEnabled", false.into()),
        ("managementServiceAppId", Value::Null),
        (
            "outOfBoxExperienceSetting",
            json!({"privacySettingsHidden": false, "eulaHidden": false, "userType": "administrator",
                "deviceUsageType": "singleUser", "keyboardSelectionPageSkipped": false, "escapeLinkHidden": false}),
        ),
        ("preprovisioningAllowed", false.into()),
        ("roleScopeTagIds", json!(["0"])),
    ]);
    if of.name == HYBRID {
        settings.insert("hybridAzureADJoinSkipConnectivityCheck".to_owned(), false.into());
    }
    apply(&mut settings, sent)?;
    check(state, of.name, &settings)?;
    settings.insert("createdDateTime".to_owned(), date(Some(state.now)));
    settings.insert("lastModifiedDateTime".to_owned(), date(Some(state.now)));
    let profile = Entity::new(state.guid(), of.name, settings);
    let shown = view(state, &profile, &[]);
    state.profiles.insert(profile);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (of, mut sent) = sent(exchange)?;
    let state = &mut *exchange.state;
    let id = exchange.parameters.first().copied().unwrap_or_default();
    let profile = find(state, id)?;
    if profile.type_name != of.name {
        return Err(Failure::model(schema::not_assignable(of.name, &profile.type_name)));
    }
    if schema::set_too_late(of, &sent, &profile.body).is_some() {
        return Err(Failure::bare());
    }
    if !state.options.quirks.patch_honors_connectivity_check {
        sent.remove("hybridAzureADJoinSkipConnectivityCheck");
    }
    let mut settings = profile.body.clone();
    apply(&mut settings, sent)?;
    check(state, of.name, &settings)?;
    settings.insert("lastModifiedDateTime".to_owned(), date(Some(state.now)));
    state.profiles.update(id, |profile| profile.body = settings);
    let shown = view(state, find(state, id)?, &[]);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let id = exchange.parameter(0);
    if !find(exchange.state, id)?.assignments.is_empty() {
        return Err(Failure::refused(
            "The profile is assigned to groups. Remove its assignments before it is deleted.",
        ));
    }
    exchange.state.profiles.remove(id);
    targeting::retarget_all(exchange.state);
    Ok(exchange.deleted())
}

pub(crate) fn assign(exchange: &mut Exchange<'_>) -> Answer {
    const IDS: schema::Property =
        schema::Property { collection: true, ..schema::Property::new("deviceIds", schema::Kind::Text) };
    let profile = find(exchange.state, exchange.parameter(0))?.id.clone();
    let request = exchange.request.parameters("assign", &["deviceIds"])?;
    let ids =
        request.get("deviceIds").ok_or_else(|| Failure::model("The parameter 'deviceIds' is missing."))?;
    let ids = schema::check_value(&IDS, ids, exchange.reading())?;
    let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(unknown) = ids.iter().find(|id| exchange.state.identities.get(id).is_none()) {
        return Err(Failure::intune_not_found(unknown));
    }
    for id in ids {
        exchange.state.identities.update(id, |identity| identity.direct_profile = Some(profile.clone()));
        targeting::retarget(exchange.state, id);
    }
    Ok(Reply::NoContent)
}

pub(crate) fn has_payload_links(exchange: &mut Exchange<'_>) -> Answer {
    payload_links(exchange, &exchange.state.profiles)
}

pub(crate) fn assigned_devices(exchange: &mut Exchange<'_>) -> Answer {
    let state = &*exchange.state;
    let profile = find(state, exchange.parameter(0))?;
    let rules = Rules { type_name: "windowsAutopilotDeviceIdentity", ..INTUNE };
    let context = format!("{PATH}('{}')/assignedDevices", profile.id);
    odata::list_table(
        exchange,
        &rules,
        &context,
        &state.identities,
        |identity| targeting(state, identity).assigned.is_some_and(|(assigned, _)| assigned == profile.id),
        |identity| identity.view(&targeting(state, identity), ApiVersion::Beta),
    )
}

pub(crate) fn list_assignments(exchange: &mut Exchange<'_>) -> Answer {
    assignment::list(exchange, Owner::Profile, find(exchange.state, exchange.parameter(0))?)
}

pub(crate) fn get_assignment(exchange: &mut Exchange<'_>) -> Answer {
    assignment::get(exchange, Owner::Profile, find(exchange.state, exchange.parameter(0))?)
}

pub(crate) fn create_assignment(exchange: &mut Exchange<'_>) -> Answer {
    put_assignment(exchange, None)
}

pub(crate) fn update_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let profile = find(exchange.state, exchange.parameter(0))?;
    let before = assignment::find(profile, exchange.parameter(1))?.id.clone();
    put_assignment(exchange, Some(&before))
}

/// Adds an assignment, replacing `before` if given.
fn put_assignment(exchange: &mut Exchange<'_>, before: Option<&str>) -> Answer {
    let state = &*exchange.state;
    let profile = find(state, exchange.parameter(0))?.id.clone();
    let wish = assignment::read_one(exchange, Owner::Profile)?;
    only_one_for_all_devices(state, &wish, before)?;
    let assignment = Assignment::new(Owner::Profile, &profile, wish);
    let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let reply = assignment::show(exchange, status, Owner::Profile, &profile, &assignment);
    exchange.state.profiles.update(&profile, |of| of.assignments.retain(|of| Some(of.id.as_str()) != before));
    add_assignment(exchange.state, &profile, assignment);
    Ok(reply)
}

pub(crate) fn delete_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let profile = find(exchange.state, exchange.parameter(0))?;
    let assignment = assignment::find(profile, exchange.parameter(1))?;
    if assignment.by_policy_set {
        return Err(Failure::refused("The assignment belongs to a policy set."));
    }
    let (profile, id) = (profile.id.clone(), assignment.id.clone());
    exchange.state.profiles.update(&profile, |profile| profile.assignments.retain(|of| of.id != id));
    targeting::retarget_all(exchange.state);
    Ok(Reply::NoContent)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.profiles.get(id).ok_or_else(|| Failure::intune_not_found(id))
}

fn only_one_for_all_devices(state: &State, wish: &Wish, but: Option<&str>) -> Result<(), Failure> {
    if wish.target != Target::AllDevices {
        return Ok(());
    }
    let holds = |profile: &&Entity| {
        profile
            .assignments
            .iter()
            .any(|of| of.wish.target == Target::AllDevices && Some(of.id.as_str()) != but)
    };
    match state.profiles.iter().find(holds) {
        Some(other) => {
            Err(Failure::refused(format!("Another Profile {} is already assigned to All Devices.", other.id)))
        }
        None => Ok(()),
    }
}

/// The old names of properties, with the current ones.
const OLD_NAMES: [(&str, &str); 3] = [
    ("language", "locale"),
    ("extractHardwareHash", "hardwareHashExtractionEnabled"),
    ("enableWhiteGlove", "preprovisioningAllowed"),
];

const OLD_EXPERIENCE: (&str, &str) = ("outOfBoxExperienceSettings", "outOfBoxExperienceSetting");

/// The same for the properties of the experience settings.
const OLD_EXPERIENCE_NAMES: [(&str, &str); 4] = [
    ("hidePrivacySettings", "privacySettingsHidden"),
    ("hideEULA", "eulaHidden"),
    ("skipKeyboardSelectionPage", "keyboardSelectionPageSkipped"),
    ("hideEscapeLink", "escapeLinkHidden"),
];

/// Reads the profile that a request sends. Under the quirk, old names are written as the current ones.
fn sent(exchange: &Exchange<'_>) -> Result<(&'static schema::Type, Body), Failure> {
    let mut sent = exchange.request.object()?;
    if exchange.state.options.quirks.old_profile_names_are_written {
        for (old, present) in OLD_NAMES {
            rename(&mut sent, old, present);
        }
        let (old, present) = OLD_EXPERIENCE;
        if let Some(Value::Object(experience)) = value_mut(&mut sent, old) {
            experience.remove("@odata.type");
            for (old, present) in OLD_EXPERIENCE_NAMES {
                rename(experience, old, present);
            }
        }
        rename(&mut sent, old, present);
    }
    schema::check(BASE, &sent, exchange.reading())
}

fn value_mut<'b>(body: &'b mut Body, name: &str) -> Option<&'b mut Value> {
    body.iter_mut().find(|(of, _)| of.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Renames a property. A value under the current name counts more; of two objects, each of its properties does.
fn rename(body: &mut Body, old: &str, present: &str) {
    let Some(name) = body.keys().find(|name| name.eq_ignore_ascii_case(old)).cloned() else { return };
    let Some(value) = body.remove(&name) else { return };
    match (value_mut(body, present), value) {
        (None, value) => {
            body.insert(present.to_owned(), value);
        }
        (Some(Value::Object(newer)), Value::Object(older)) => {
            for (name, value) in older {
                if value_mut(newer, &name).is_none() {
                    newer.insert(name, value);
                }
            }
        }
        (Some(_), _) => {}
    }
}

/// Merges a request into the settings. The experience settings are merged by name.
fn apply(settings: &mut Body, sent: Body) -> Result<(), Failure> {
    for (name, value) in sent {
        let value = match (name.as_str(), value) {
            ("outOfBoxExperienceSetting", Value::Object(new)) => {
                let mut merged = match settings.get(&name) {
                    Some(Value::Object(old)) => old.clone(),
                    _ => Body::new(),
                };
                let shared = new.get("deviceUsageType").is_some_and(|usage| usage == "shared");
                if shared && new.contains_key("userType") {
                    return Err(Failure::bare());
                }
                if shared {
                    merged.remove("userType");
                } else if new.get("deviceUsageType").is_some_and(|usage| usage == "singleUser") {
                    merged.entry("userType").or_insert_with(|| "administrator".into());
                }
                merged.extend(new);
                Value::Object(merged)
            }
            // The user selects: the service gives it back as the default.
            ("locale", Value::String(locale)) if locale.is_empty() => "os-default".into(),
            ("locale", Value::Null) => "os-default".into(),
            (_, value) => value,
        };
        settings.insert(name, value);
    }
    Ok(())
}

/// Refuses what the service refuses, usually without a reason.
fn check(state: &State, type_name: &str, settings: &Body) -> Result<(), Failure> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str).unwrap_or_default();
    let refused = &state.options.quirks.refused_profile_characters;
    let name = text("displayName");
    if name.is_empty() || name.chars().count() > 200 || text("description").chars().count() > 1500 {
        return Err(Failure::bare());
    }
    if [name, text("description")].iter().any(|text| text.chars().any(|c| refused.contains(c))) {
        return Err(Failure::bare());
    }
    let template = text("deviceNameTemplate");
    let experience = settings.get("outOfBoxExperienceSetting");
    let shared =
        experience.is_some_and(|of| of.get("deviceUsageType").is_some_and(|usage| usage == "shared"));
    if shared && experience.is_some_and(|of| of.get("userType").is_some()) {
        return Err(Failure::bare());
    }
    if type_name == HYBRID {
        // The name comes from the domain join configuration, and there is no self-deploying hybrid join.
        if !template.is_empty() || shared {
            return Err(Failure::bare());
        }
    } else if !template.is_empty() && !is_name_template(template) {
        return Err(Failure::bare());
    }
    Ok(())
}

/// Returns `true` if the template has at most 15 characters when filled in: letters, digits, hyphens, at most one macro
/// in upper case.
fn is_name_template(template: &str) -> bool {
    let (fixed, filled) = if let Some((before, after)) = template.split_once("%SERIAL%") {
        let fixed = format!("{before}{after}");
        let short = fixed.chars().count() <= 7;
        (fixed, short)
    } else if let Some((before, rest)) = template.split_once("%RAND:") {
        let Some((digits, after)) = rest.split_once('%') else { return false };
        let fixed = format!("{before}{after}");
        let length = digits.parse::<usize>().unwrap_or(usize::MAX);
        let fits = (1..=15).contains(&length) && fixed.chars().count() + length <= 15;
        (fixed, fits)
    } else {
        let fits = template.chars().count() <= 15 && !template.chars().all(|c| c.is_ascii_digit());
        (template.to_owned(), fits)
    };
    filled && fixed.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// Returns a profile as shown in answers: under current and old names.
pub(crate) fn view(state: &State, profile: &Entity, expand: &[String]) -> Body {
    let mut view = profile.typed_view();
    if state.options.quirks.os_default_reads_as_null
        && view.get("locale").is_some_and(|of| of == "os-default")
    {
        view.insert("locale".to_owned(), Value::Null);
    }
    for (old, present) in OLD_NAMES {
        let mut value = view.get(present).cloned().unwrap_or_default();
        if value.is_null() && old != "language" {
            value = false.into();
        }
        view.insert(old.to_owned(), value);
    }
    let experience = match view.get("outOfBoxExperienceSetting") {
        Some(Value::Object(present)) => {
            let old_names = present.iter().map(|(name, value)| {
                let old = OLD_EXPERIENCE_NAMES.iter().find(|(_, present)| present == name);
                (old.map_or(name.as_str(), |(old, _)| old).to_owned(), value.clone())
            });
            Value::Object(old_names.collect())
        }
        _ => Value::Null,
    };
    view.insert("outOfBoxExperienceSettings".to_owned(), experience);
    if expand.iter().any(|name| name == "assignments") {
        view.insert("assignments".to_owned(), profile.assignments_view(Owner::Profile, ApiVersion::Beta));
    }
    view
}

/// Adds an assignment to a profile, replacing an equal one.
pub(crate) fn add_assignment(state: &mut State, profile: &str, assignment: Assignment) {
    state.profiles.update(profile, |profile| {
        match profile.assignments.iter_mut().find(|of| of.id == assignment.id) {
            Some(same) => *same = assignment,
            None => profile.assignments.push(assignment),
        }
    });
    targeting::retarget_all(state);
}
