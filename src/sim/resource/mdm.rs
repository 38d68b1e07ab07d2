//! Mobile device management policies: the users whose devices enroll automatically. Delegated calls only.

use serde_json::{Value, json};

use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply};
use crate::sim::odata::{self, DIRECTORY, Rules};
use crate::sim::rows::Entity;
use crate::sim::state::State;
use crate::sim::store::{Body, body};

const PATH: &str = "policies/mobileDeviceManagementPolicies";
const TYPE: &str = "mobilityManagementPolicy";
const RULES: Rules = Rules { type_name: TYPE, ..DIRECTORY };

/// The id of Intune's policy.
pub(crate) const INTUNE_POLICY: &str = "0000000a-0000-0000-c000-000000000000";
const INTUNE_ENROLLMENT: &str = "d4ebce55-015a-49b5-a083-c84d1797ae8c";

/// Adds the default objects of a new tenant.
pub(crate) fn furnish(state: &mut State) {
    for (id, name) in
        [(INTUNE_POLICY, "Microsoft Intune"), (INTUNE_ENROLLMENT, "Microsoft Intune Enrollment")]
    {
        let intune = id == INTUNE_POLICY;
        let url = |of: &str| if intune { Value::from(of) } else { Value::Null };
        let policy = body([
            ("appliesTo", "none".into()),
            ("displayName", name.into()),
            ("description", name.into()),
            ("isValid", true.into()),
            ("termsOfUseUrl", url("https://portal.manage.microsoft.com/TermsofUse.aspx")),
            ("discoveryUrl", url("https://enrollment.manage.microsoft.com/enrollmentserver/discovery.svc")),
            ("complianceUrl", url("https://portal.manage.microsoft.com/?portalAction=Compliance")),
            ("isMdmEnrollmentDuringRegistrationDisabled", false.into()),
        ]);
        state.mobility.insert(Entity::new(id.to_owned(), TYPE, policy));
    }
}

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, TYPE, &["includedGroups"])?;
    let state = &*exchange.state;
    odata::list_table(exchange, &RULES, PATH, &state.mobility, |_| true, |of| view(state, of, &expand))
}

pub(crate) fn get(exchange: &mut Exchange<'_>) -> Answer {
    let expand = odata::check_expand(exchange, TYPE, &["includedGroups"])?;
    let found = find(exchange.state, exchange.parameter(0))?;
    odata::show(exchange, TYPE, PATH, view(exchange.state, found, &expand))
}

pub(crate) fn update(exchange: &mut Exchange<'_>) -> Answer {
    let (_, sent) = exchange.sent(TYPE)?;
    let found = find(exchange.state, exchange.parameter(0))?;
    if !found.flag("isValid") {
        return Err(Failure::directory("The policy is not valid and cannot be updated. Delete it."));
    }
    let scope = sent.get("appliesTo").cloned();
    if scope.is_some() && sent.len() > 1 {
        return Err(Failure::directory(
            "Simultaneous patch requests on both the appliesTo and URL properties are currently not supported.",
        ));
    }
    let all = match &scope {
        Some(Value::String(scope)) if scope == "all" => true,
        Some(Value::String(scope)) if scope == "none" => false,
        Some(_) => {
            return Err(Failure::directory(
                "The appliesTo property can only be set to none or all. Add included groups instead.",
            ));
        }
        None => false,
    };
    let id = found.id.clone();
    exchange.state.mobility.update(&id, |of| {
        of.body.extend(sent);
        if all {
            of.links.clear();
        }
    });
    Ok(Reply::NoContent)
}

pub(crate) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    if found.flag("isValid") {
        return Err(Failure::directory("Only a policy that is not valid can be deleted."));
    }
    let id = found.id.clone();
    exchange.state.mobility.remove(&id);
    Ok(Reply::NoContent)
}

pub(crate) fn list_groups(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let rules = Rules { type_name: "group", ..DIRECTORY };
    odata::list_values(exchange, &rules, "groups", included(exchange.state, found))
}

pub(crate) fn add_group(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let group = exchange.request.reference("groups")?;
    let Some(group) = exchange.state.directory.groups.get(&group).map(|group| group.id.clone()) else {
        return Err(Failure::directory_not_found(&group));
    };
    exchange
        .state
        .mobility
        .update(&id, |of| {
            if of.links.contains(&group) {
                return Err(Failure::directory(
                    "One or more added object references already exist for the following modified properties: \
                     'includedGroups'.",
                ));
            }
            of.links.push(group);
            of.set("appliesTo", "selected");
            Ok(Reply::NoContent)
        })
        .unwrap_or_else(|| Err(Failure::directory_not_found(&id)))
}

pub(crate) fn remove_group(exchange: &mut Exchange<'_>) -> Answer {
    let found = find(exchange.state, exchange.parameter(0))?;
    let group = exchange.parameter(1);
    if !found.links.iter().any(|of| of.eq_ignore_ascii_case(group)) {
        return Err(Failure::directory_not_found(group));
    }
    let id = found.id.clone();
    exchange.state.mobility.update(&id, |of| {
        of.links.retain(|other| !other.eq_ignore_ascii_case(group));
        if of.links.is_empty() && of.text("appliesTo") == "selected" {
            of.set("appliesTo", "none");
        }
    });
    Ok(Reply::NoContent)
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Entity, Failure> {
    state.mobility.get(id).ok_or_else(|| Failure::directory_not_found(id))
}

fn included(state: &State, found: &Entity) -> Vec<Body> {
    let groups = found.links.iter().filter_map(|id| state.directory.groups.get(id));
    groups.map(|group| group.seen(state.now).clone()).collect()
}

fn view(state: &State, found: &Entity, expand: &[String]) -> Body {
    let mut view = found.view();
    if expand.iter().any(|name| name == "includedGroups") {
        view.insert("includedGroups".to_owned(), json!(included(state, found)));
    }
    view
}
