//! Enrollment configurations: enrollment status pages with priorities and the default page, and limits and restrictions
//! of other kinds.

use http::StatusCode;
use serde_json::{Value, json};

use super::assignment;
use super::assignment::payload_links;
use crate::catalog::ApiVersion;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, INTUNE, Op, Rules, Support, Test};
use crate::sim::rows::{Assignment, Entity, Owner};
use crate::sim::schema::{self, Kind, Property};
use crate::sim::state::State;
use crate::sim::store::{Body, body, date};

const PATH: &str = "deviceManagement/deviceEnrollmentConfigurations";
const BASE: &str = "deviceEnrollmentConfiguration";
const PAGE: &str = "windows10EnrollmentCompletionPageConfiguration";
const RULES: Rules = Rules { type_name: BASE, filter, ..INTUNE };

/// The maximum number of status pages in a tenant, including the default one.
const MOST: usize = 51;
/// The maximum number of apps that a page tracks.
const MOST_APPS: usize = 100;
/// The longest message of a page, in characters.
const LONGEST_MESSAGE: usize = 10_000;

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Eq, "deviceEnrollmentConfigurationType" | "priority") => Support::Yes,
        (Op::Eq, "displayName") => Support::Quirk(|quirks| quirks.display_name_filter),
        (Op::EndsWith, "id") => Support::Breaks,
        _ => Support::No,
    }
}

/// Adds the default objects of a new tenant.
pub(crate) fn furnish(state: &mut State) {
    let tenant = state.guid();
    let now = state.now;
    let mut add =
        |suffix: &str, type_name: &str, kind: &str, name: &str, description: &str, settings: Body| {
            let mut settings = settings;
            settings.extend(body([
                ("displayName", name.into()),
                ("description", description.into()),
                ("priority", 0.into()),
                ("createdDateTime", date(None)),
                ("lastModifiedDateTime", date(Some(now))),
                ("version", 0.into()),
                ("roleScopeTagIds", json!([])),
                ("deviceEnrollmentConfigurationType", kind.into()),
            ]));
            state.enrollment.insert(Entity::new(format!("{tenant}_{suffix}"), type_name, settings));
        };
    let everyone = "All users and all devices";
    let applied = |what: &str| {
        format!(
            "This is the default {what} configuration applied with the lowest priority to all users and all devices \
             regardless of group membership."
        )
    };
    let allowed = json!({"platformBlocked": false, "personalDeviceEnrollmentBlocked": false, "osMinimumVersion": "",
        "osMaximumVersion": "", "blockedManufacturers": [], "blockedSkus": []});
    add(
        "DefaultLimit",
        "deviceEnrollmentLimitConfiguration",
        "defaultLimit",
        everyone,
        &applied("device limit restriction"),
        body([("limit", 15.into())]),
    );
    add(
        "DefaultPlatformRestrictions",
        "deviceEnrollmentPlatformRestrictionsConfiguration",
        "defaultPlatformRestrictions",
        everyone,
        &applied("device type restriction"),
        body([("windowsRestriction", allowed)]),
    );
    add(
        "DefaultWindowsHelloForBusiness",
        "deviceEnrollmentWindowsHelloForBusinessConfiguration",
        "defaultWindowsHelloForBusiness",
        everyone,
        &applied("Windows Hello for Business"),
        body([("state", "notConfigured".into())]),
    );
    add(
        "DefaultWindows10EnrollmentCompletionPageConfiguration",
        PAGE,
        "defaultWindows10EnrollmentCompletionPageConfiguration",
        everyone,
        &applied("enrollment status screen"),
        hidden_page(),
    );
    add(
        "DefaultWindowsRestore",
        "windowsRestoreDeviceEnrollmentConfiguration",
        "windowsRestore",
        everyone,
        &applied("Windows restore"),
        body([("state", "notConfigured".into())]),
    );
}

/// Returns the settings of a hidden page.
fn hidden_page() -> Body {
    body([
        ("showInstallationProgress", false.into()),
        ("blockDeviceSetupRetryByUser", true.into()),
        ("allowDeviceResetOnInstallFailure", false.into()),
        ("allowLogCollectionOnInstallFailure", false.into()),
        ("customErrorMessage", "".into()),
        ("installProgressTimeoutInMinutes", 0.into()),
        ("allowDeviceUseOnInstallFailure", false.into()),
        ("selectedMobileAppIds", json!([])),
        ("allowNonBlockingAppInstallation", false.into()),
        ("installQualityUpdates", false.into()),
        ("trackInstallProgressForAutopilotOnly", true.into()),
        ("disableUserStatusTrackingAfterFirstUser", true.into()),
    ])
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let table = &exchange.state.enrollment;
    odata::list_table(
        exchange,
        &RULES,
        PATH,
        table,
        |of| is_in(exchange, of),
        |of| view(exchange, of, &expand),
    )
}

pub(crate) fn count(exchange: &mut Exchange<'_>) -> Answer {
    odata::count(exchange, &RULES, exchange.state.enrollment.after(0).filter(|(_, of)| is_in(exchange, of)))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, BASE, &["assignments"])?;
    let found = find(exchange, exchange.parameter(0))?;
    odata::show(exchange, BASE, PATH, view(exchange, found, &expand))
}

pub(crate) fn create(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = exchange.sent(BASE)?;
    if of.name != PAGE {
        return Err(Failure::refused(format!(
            "Enrollment configurations of type {} cannot be created here.",
            of.name
        )));
    }
    let state = &mut *exchange.state;
    if state.enrollment.iter().filter(|of| of.type_name == PAGE).count() >= MOST {
        return Err(Failure::refused(format!("The limit of {MOST} enrollment status pages is reached.")));
    }
    let mut settings = hidden_page();
    settings.extend(body([
        ("displayName", Value::Null),
        ("description", "".into()),
        ("roleScopeTagIds", json!(["0"])),
        ("showInstallationProgress", false.into()),
        ("blockDeviceSetupRetryByUser", false.into()),
        ("installProgressTimeoutInMinutes", 60.into()),
        ("trackInstallProgressForAutopilotOnly", false.into()),
        ("disableUserStatusTrackingAfterFirstUser", false.into()),
    ]));
    settings.extend(sent);
    settle(&mut settings)?;
    let priority = pages(state).count() + 1;
    settings.extend(body([
        ("priority", priority.into()),
        ("version", 1.into()),
        ("createdDateTime", date(Some(state.now))),
        ("lastModifiedDateTime", date(Some(state.now))),
        ("deviceEnrollmentConfigurationType", PAGE.into()),
    ]));
    let id = format!("{}_Windows10EnrollmentCompletionPageConfiguration", state.guid());
    state.enrollment.insert(Entity::new(id.clone(), PAGE, settings));
    let shown = view(exchange, find(exchange, &id)?, &[]);
    Ok(exchange.entity(StatusCode::CREATED, PATH, shown))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (of, sent) = exchange.sent(BASE)?;
    let found = find(exchange, exchange.parameter(0))?;
    if of.name != found.type_name {
        return Err(Failure::model(schema::not_assignable(of.name, &found.type_name)));
    }
    if is_default(found) {
        let fixed = ["displayName", "description", "roleScopeTagIds"];
        if let Some(name) =
            fixed.iter().find(|name| sent.get(**name).is_some_and(|new| found.body.get(**name) != Some(new)))
        {
            return Err(Failure::refused(format!(
                "The property {name} of the default configuration cannot be changed."
            )));
        }
    }
    let id = found.id.clone();
    let mut settings = found.body.clone();
    let version = found.number("version") + 1;
    settings.extend(sent);
    if of.name == PAGE {
        settle(&mut settings)?;
    }
    settings.insert("version".to_owned(), version.into());
    settings.insert("lastModifiedDateTime".to_owned(), date(Some(exchange.state.now)));
    exchange.state.enrollment.update(&id, |of| of.body = settings);
    let shown = view(exchange, find(exchange, &id)?, &[]);
    Ok(exchange.entity(StatusCode::OK, PATH, shown))
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange, exchange.parameter(0))?;
    refuse_default(found, "deleted")?;
    let (id, priority) = (found.id.clone(), found.number("priority"));
    exchange.state.enrollment.remove(&id);
    shift(exchange.state, |other| if other > priority { other - 1 } else { other });
    Ok(exchange.deleted())
}

pub(crate) fn set_priority(exchange: &mut Exchange<'_>) -> Answer {
    const PRIORITY: Property = Property::new("priority", Kind::Int32);
    let found = find(exchange, exchange.parameter(0))?;
    refuse_default(found, "given another priority")?;
    let (id, before) = (found.id.clone(), found.number("priority"));
    let sent = exchange.request.parameters("setPriority", &["priority"])?;
    let wanted =
        sent.get("priority").ok_or_else(|| Failure::model("The parameter 'priority' is missing."))?;
    let wanted = schema::check_value(&PRIORITY, wanted, exchange.reading())?.as_i64().unwrap_or_default();
    let last = i64::try_from(pages(exchange.state).count()).unwrap_or(i64::MAX);
    if wanted == before {
        return Err(Failure::refused(format!("The configuration has the priority {wanted} already.")));
    }
    if !(1..=last).contains(&wanted) {
        return Err(Failure::refused(format!("The priority must be between 1 and {last}.")));
    }
    shift(exchange.state, |other| match other {
        _ if other == before => other,
        _ if before < other && other <= wanted => other - 1,
        _ if wanted <= other && other < before => other + 1,
        _ => other,
    });
    exchange.state.enrollment.update(&id, |of| of.set("priority", wanted));
    Ok(Reply::NoContent)
}

pub(crate) fn assign(exchange: &mut Exchange<'_>) -> Answer {
    const KEY: &str = "enrollmentConfigurationAssignments";
    let found = find(exchange, exchange.parameter(0))?;
    refuse_default(found, "assigned")?;
    let id = found.id.clone();
    let sent = exchange.request.parameters("assign", &[KEY])?;
    let wishes = assignment::read_all(exchange.state, Owner::Enrollment, KEY, &sent, exchange.version)?;
    let assignments = wishes.into_iter().map(|wish| Assignment::new(Owner::Enrollment, &id, wish)).collect();
    exchange.state.enrollment.update(&id, |of| of.assignments = assignments);
    if exchange.state.options.quirks.assign_answers_empty_object {
        return Ok(Reply::ok(json!({})));
    }
    Ok(Reply::NoContent)
}

pub(crate) fn has_payload_links(exchange: &mut Exchange<'_>) -> Answer {
    payload_links(exchange, &exchange.state.enrollment)
}

pub(crate) fn list_assignments(exchange: &mut Exchange<'_>) -> Answer {
    assignment::list(exchange, Owner::Enrollment, find(exchange, exchange.parameter(0))?)
}

pub(crate) fn get_assignment(exchange: &mut Exchange<'_>) -> Answer {
    assignment::get(exchange, Owner::Enrollment, find(exchange, exchange.parameter(0))?)
}

pub(crate) fn create_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange, exchange.parameter(0))?;
    refuse_default(found, "assigned")?;
    let id = found.id.clone();
    assignment::put(exchange, Owner::Enrollment, &id, None)
}

pub(crate) fn update_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange, exchange.parameter(0))?;
    let before = assignment::find(found, exchange.parameter(1))?.id.clone();
    refuse_default(found, "assigned")?;
    let id = found.id.clone();
    assignment::put(exchange, Owner::Enrollment, &id, Some(before))
}

pub(crate) fn delete_assignment(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange, exchange.parameter(0))?;
    let assignment = assignment::find(found, exchange.parameter(1))?.id.clone();
    let id = found.id.clone();
    assignment::remove(exchange, Owner::Enrollment, &id, &assignment)
}

/// Returns `true` if the version has this type.
fn is_in(exchange: &Exchange<'_>, found: &Entity) -> bool {
    schema::find(&found.type_name).is_none_or(|of| of.in_version(exchange.version))
}

fn find<'e>(exchange: &'e Exchange<'_>, id: &str) -> Result<&'e Entity, Failure> {
    exchange
        .state
        .enrollment
        .get(id)
        .filter(|of| is_in(exchange, of))
        .ok_or_else(|| Failure::intune_not_found(id))
}

/// Returns `true` if the object is the default of its kind.
fn is_default(found: &Entity) -> bool {
    found.id.contains("_Default")
}

/// Returns `true` if the object is the default status page.
pub(crate) fn is_default_page(found: &Entity) -> bool {
    found.type_name == PAGE && is_default(found)
}

fn refuse_default(found: &Entity, what: &str) -> Result<(), Failure> {
    match is_default(found) {
        true => Err(Failure::refused(format!("The default configuration cannot be {what}."))),
        false => Ok(()),
    }
}

/// Returns the status pages except the default one.
pub(crate) fn pages(state: &State) -> impl Iterator<Item = &Entity> {
    state.enrollment.iter().filter(|of| of.type_name == PAGE && !is_default(of))
}

/// Maps the priorities of all pages by `moved`.
fn shift(state: &mut State, moved: impl Fn(i64) -> i64) {
    let ids: Vec<String> = pages(state).map(|of| of.id.clone()).collect();
    for id in ids {
        state.enrollment.update(&id, |of| {
            let priority = moved(of.number("priority"));
            of.set("priority", priority);
        });
    }
}

/// Normalizes dependent settings and refuses values out of range.
fn settle(settings: &mut Body) -> Result<(), Failure> {
    let flag = |settings: &Body, name: &str| settings.get(name).and_then(Value::as_bool).unwrap_or_default();
    let text = |name: &str| settings.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("displayName").is_empty() {
        return Err(Failure::refused("A display name is required."));
    }
    if text("customErrorMessage").chars().count() > LONGEST_MESSAGE {
        return Err(Failure::refused(format!(
            "The custom error message is longer than {LONGEST_MESSAGE} characters."
        )));
    }
    let apps = settings.get("selectedMobileAppIds").and_then(Value::as_array).map_or(0, Vec::len);
    if apps > MOST_APPS {
        return Err(Failure::refused(format!("No more than {MOST_APPS} apps can be selected.")));
    }
    let minutes = settings.get("installProgressTimeoutInMinutes").and_then(Value::as_i64).unwrap_or_default();
    if !(0..=1440).contains(&minutes) {
        return Err(Failure::refused(
            "The timeout must be between 1 and 1440 minutes, or 0 for the default.",
        ));
    }
    if !flag(settings, "showInstallationProgress") {
        // Without the page nothing else on it means anything.
        let unseen = [
            "allowDeviceResetOnInstallFailure",
            "allowDeviceUseOnInstallFailure",
            "selectedMobileAppIds",
            "allowLogCollectionOnInstallFailure",
            "allowNonBlockingAppInstallation",
            "installQualityUpdates",
        ];
        let hidden = hidden_page();
        for name in unseen {
            settings.insert(name.to_owned(), hidden.get(name).cloned().unwrap_or_default());
        }
        settings.insert("blockDeviceSetupRetryByUser".to_owned(), true.into());
    } else if flag(settings, "blockDeviceSetupRetryByUser") {
        for name in ["allowDeviceResetOnInstallFailure", "allowDeviceUseOnInstallFailure"] {
            settings.insert(name.to_owned(), false.into());
        }
        settings.insert("selectedMobileAppIds".to_owned(), json!([]));
    }
    Ok(())
}

fn view(exchange: &Exchange<'_>, found: &Entity, expand: &[String]) -> Body {
    let mut view = found.typed_view();
    if expand.iter().any(|name| name == "assignments") {
        view.insert("assignments".to_owned(), found.assignments_view(Owner::Enrollment, exchange.version));
    }
    schema::trim(&mut view, &found.type_name, exchange.version, exchange.request.wants_unknown_members());
    if exchange.version == ApiVersion::V1 && found.type_name != PAGE {
        view.remove("roleScopeTagIds");
    }
    view
}
