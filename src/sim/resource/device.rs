//! Windows Autopilot device identities: the registered devices.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::profile;
use crate::sim::error::Failure;
use crate::sim::exchange::{Answer, Exchange, Reply, Version};
use crate::sim::odata::{self, Filter, INTUNE, Op, Rules, Selection, Support, Test};
use crate::sim::schema::{self, Kind, Property};
use crate::sim::state::{Due, NO_DATE, State, body, date, later};
use crate::sim::store::{Body, Keyed, Row};

const PATH: &str = "deviceManagement/windowsAutopilotDeviceIdentities";
const TYPE: &str = "windowsAutopilotDeviceIdentity";
const RULES: Rules = Rules { type_name: TYPE, order: &[], filter, ..INTUNE };

/// A registered device.
#[derive(Debug, Clone)]
pub(in crate::sim) struct Identity {
    pub(in crate::sim) id: String,
    pub(in crate::sim) serial: String,
    pub(in crate::sim) manufacturer: String,
    pub(in crate::sim) model: String,
    pub(in crate::sim) product_key: String,
    pub(in crate::sim) group_tag: String,
    pub(in crate::sim) purchase_order: String,
    /// The object in the directory that registration makes.
    pub(in crate::sim) anchor: String,
    /// That object's device id.
    pub(in crate::sim) device_id: String,
    pub(in crate::sim) upn: String,
    pub(in crate::sim) addressable_user_name: String,
    pub(in crate::sim) display_name: String,
    pub(in crate::sim) friendly_name: String,
    pub(in crate::sim) account_upn: String,
    pub(in crate::sim) enrollment_state: &'static str,
    pub(in crate::sim) last_contacted: Option<Timestamp>,
    pub(in crate::sim) managed_device: Option<String>,
    /// Given by the profile's `assign` action.
    pub(in crate::sim) direct_profile: Option<String>,
    pub(in crate::sim) created: Timestamp,
    pub(in crate::sim) visible: bool,
    pub(in crate::sim) deleting: bool,
    /// The profile it should have, since when, and what it had before.
    intended: Option<String>,
    since: Timestamp,
    before: Option<(String, Timestamp)>,
}

/// What a device's profile is at one moment.
#[derive(Debug, PartialEq)]
pub(in crate::sim) struct Targeting<'a> {
    pub(in crate::sim) intended: Option<&'a str>,
    pub(in crate::sim) assigned: Option<(&'a str, Timestamp)>,
    pub(in crate::sim) status: &'static str,
}

impl Identity {
    pub(in crate::sim) fn targeting(&self, state: &State) -> Targeting<'_> {
        let exists = |id: &str| state.profiles.get(id).is_some();
        let settles = later(self.since, state.options.lag.profile);
        let intended = self.intended.as_deref();
        let before = self.before.as_ref().map(|(id, at)| (id.as_str(), *at)).filter(|(id, _)| exists(id));
        let settled = settles <= state.now;
        let assigned = if settled { intended.map(|id| (id, settles)) } else { before };
        let status = match (intended, before) {
            (Some(_), _) if settled => "assignedInSync",
            (Some(_), _) => "pending",
            (None, Some(_)) if !settled => "assignedOutOfSync",
            (None, _) => "notAssigned",
        };
        Targeting { intended, assigned, status }
    }

    /// How an answer shows it. `single` says that it is alone in the answer.
    pub(in crate::sim) fn view(&self, state: &State, version: Version, single: bool) -> Body {
        let targeting = self.targeting(state);
        let status = if single && state.options.quirks.single_get_reports_unknown {
            "unknown"
        } else {
            targeting.status
        };
        let text = |text: &str| Value::String(text.to_owned());
        let mut view = body([
            ("id", text(&self.id)),
            ("addressableUserName", text(&self.addressable_user_name)),
            ("azureActiveDirectoryDeviceId", text(&self.device_id)),
            ("azureAdDeviceId", text(&self.device_id)),
            ("deploymentProfileAssignedDateTime", date(targeting.assigned.map(|(_, at)| at))),
            ("deploymentProfileAssignmentDetailedStatus", "none".into()),
            ("deploymentProfileAssignmentStatus", status.into()),
            ("deviceAccountPassword", "".into()),
            ("deviceAccountUpn", text(&self.account_upn)),
            ("deviceFriendlyName", text(&self.friendly_name)),
            ("displayName", text(&self.display_name)),
            ("enrollmentState", self.enrollment_state.into()),
            ("groupTag", text(&self.group_tag)),
            ("lastContactedDateTime", date(self.last_contacted)),
            ("managedDeviceId", text(self.managed_device.as_deref().unwrap_or_default())),
            ("manufacturer", text(&self.manufacturer)),
            ("model", text(&self.model)),
            ("productKey", text(&self.product_key)),
            ("purchaseOrderIdentifier", text(&self.purchase_order)),
            ("remediationState", "noRemediationRequired".into()),
            ("remediationStateLastModifiedDateTime", NO_DATE.into()),
            ("resourceName", "".into()),
            ("serialNumber", text(&self.serial)),
            ("skuNumber", "".into()),
            ("systemFamily", "".into()),
            ("userPrincipalName", text(&self.upn)),
            ("userlessEnrollmentStatus", "unknown".into()),
        ]);
        schema::trim(&mut view, TYPE, version, true);
        view
    }
}

impl Keyed for Identity {
    const INDEXED: &'static [&'static str] = &["serialNumber"];

    fn id(&self) -> &str {
        &self.id
    }

    fn key(&self, _property: &str) -> Option<&str> {
        Some(&self.serial)
    }
}

impl Row for Identity {
    fn value(&self, property: &str) -> Value {
        match property {
            "serialNumber" => self.serial.clone().into(),
            _ => Value::Null,
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        (property == "serialNumber").then_some(&self.serial)
    }
}

fn filter(test: &Test) -> Support {
    match (test.op, test.property.as_str()) {
        (Op::Contains, "serialNumber") => Support::Yes,
        _ => Support::No,
    }
}

pub(in crate::sim) fn list(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    odata::check_expand(exchange, TYPE, &[])?;
    let state = &*exchange.state;
    let shown = |identity: &Identity| identity.visible;
    odata::list_table(exchange, &RULES, PATH, &state.identities, shown, |of| {
        of.view(state, exchange.version, false)
    })
}

pub(in crate::sim) fn count(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    odata::count(exchange, &RULES, exchange.state.identities.after(0).filter(|(_, of)| of.visible))
}

pub(in crate::sim) fn get(exchange: &mut Exchange<'_>) -> Answer {
    check_query(exchange)?;
    let expand = odata::check_expand(exchange, TYPE, &["deploymentProfile", "intendedDeploymentProfile"])?;
    if exchange.version == Version::V1 && !expand.is_empty() {
        odata::check_expand(exchange, TYPE, &[])?;
    }
    let state = &*exchange.state;
    let identity = find(state, exchange.parameter(0))?;
    let mut view = identity.view(state, exchange.version, true);
    let targeting = identity.targeting(state);
    for name in expand {
        let id = if name == "deploymentProfile" {
            targeting.assigned.map(|(id, _)| id)
        } else {
            targeting.intended
        };
        let profile = id.and_then(|id| state.profiles.get(id));
        view.insert(name, profile.map_or(Value::Null, |of| Value::Object(profile::view(state, of, &[]))));
    }
    let selection = Selection::read(exchange, TYPE)?;
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}{}", selection.suffix()), selection.apply(view)))
}

pub(in crate::sim) fn delete(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    if identity.deleting {
        return Err(Failure::refused("ZtdDeviceDeletionInProgess"));
    }
    if identity.managed_device.is_some() || identity.enrollment_state == "enrolled" {
        return Err(Failure::refused(
            "The device is enrolled. Delete it from Intune before its Windows Autopilot registration is deleted.",
        ));
    }
    let id = identity.id.clone();
    exchange.state.identities.update(&id, |identity| identity.deleting = true);
    exchange.state.plan(exchange.state.options.lag.identity_deletion, Due::IdentityGoes(id));
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn assign_user(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let sent = parameters(exchange, "assignUserToDevice", &ASSIGN_USER)?;
    let text = |name: &str| {
        sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let (Some(upn), Some(name)) = (text("userPrincipalName"), text("addressableUserName")) else {
        return Err(Failure::bare());
    };
    let upn = licensed(exchange.state, &upn)?;
    exchange.state.identities.update(&id, |identity| {
        identity.upn = upn;
        identity.addressable_user_name = name;
    });
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn unassign_user(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.identities.update(&id, |identity| {
        identity.upn.clear();
        identity.addressable_user_name.clear();
    });
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn update_properties(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    let sent = parameters(exchange, "updateDeviceProperties", &UPDATE)?;
    // Null is no value: only empty text clears.
    let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned);
    let upn = match text("userPrincipalName") {
        Some(upn) if !upn.is_empty() => Some(licensed(exchange.state, &upn)?),
        other => other,
    };
    let tag = text("groupTag");
    let anchor = exchange.state.identities.update(&id, |identity| {
        for (place, new) in [
            (&mut identity.upn, upn),
            (&mut identity.addressable_user_name, text("addressableUserName")),
            (&mut identity.group_tag, tag.clone()),
            (&mut identity.display_name, text("displayName")),
            (&mut identity.account_upn, text("deviceAccountUpn")),
            (&mut identity.friendly_name, text("deviceFriendlyName")),
        ] {
            if let Some(new) = new {
                *place = new;
            }
        }
        identity.anchor.clone()
    });
    if let (Some(anchor), Some(tag)) = (anchor, tag) {
        exchange.state.change_device(&anchor, |device| {
            device.physical_ids.retain(|id| !id.starts_with("[OrderID]:"));
            if !tag.is_empty() {
                device.physical_ids.push(format!("[OrderID]:{tag}"));
            }
        });
    }
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn allow_next_enrollment(exchange: &mut Exchange<'_>) -> Answer {
    let id = find(exchange.state, exchange.parameter(0))?.id.clone();
    exchange.state.identities.update(&id, |identity| {
        if matches!(identity.enrollment_state, "blocked" | "failed") {
            identity.enrollment_state = "notContacted";
        }
    });
    Ok(Reply::NoContent)
}

pub(in crate::sim) fn deployment_profile(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    let assigned = identity.targeting(exchange.state).assigned.map(|(id, _)| id);
    linked_profile(exchange, assigned, "deploymentProfile")
}

pub(in crate::sim) fn intended_deployment_profile(exchange: &mut Exchange<'_>) -> Answer {
    let identity = find(exchange.state, exchange.parameter(0))?;
    linked_profile(exchange, identity.targeting(exchange.state).intended, "intendedDeploymentProfile")
}

fn linked_profile(exchange: &Exchange<'_>, id: Option<&str>, link: &str) -> Answer {
    let identity = exchange.parameter(0);
    let profile =
        id.and_then(|id| exchange.state.profiles.get(id)).ok_or_else(|| Failure::intune_not_found(link))?;
    let view = profile::view(exchange.state, profile, &[]);
    Ok(exchange.entity(StatusCode::OK, &format!("{PATH}('{identity}')/{link}"), view))
}

const ASSIGN_USER: [Property; 2] =
    [Property::new("userPrincipalName", Kind::Text), Property::new("addressableUserName", Kind::Text)];

const UPDATE: [Property; 7] = [
    Property::new("userPrincipalName", Kind::Text).null(),
    Property::new("addressableUserName", Kind::Text).null(),
    Property::new("groupTag", Kind::Text).null(),
    Property::new("displayName", Kind::Text).null(),
    Property::new("deviceAccountUpn", Kind::Text).null().beta(),
    Property::new("deviceAccountPassword", Kind::Text).null().beta(),
    Property::new("deviceFriendlyName", Kind::Text).null().beta(),
];

/// The parameters of an action, checked.
fn parameters(exchange: &Exchange<'_>, action: &str, known: &[Property]) -> Result<Body, Failure> {
    let known = || known.iter().filter(|of| of.in_version(exchange.version));
    let names: Vec<&str> = known().map(|of| of.name).collect();
    let sent = exchange.request.parameters(action, &names)?;
    let mut kept = Body::new();
    for parameter in known() {
        if let Some(value) = sent.get(parameter.name) {
            let value = schema::check_value(parameter, value, exchange.version)?;
            kept.insert(parameter.name.to_owned(), value);
        }
    }
    Ok(kept)
}

/// The name of a user who exists and has a licence, as the directory writes it.
fn licensed(state: &State, upn: &str) -> Result<String, Failure> {
    match state.directory.user(upn) {
        Some(user) if user.licensed && user.upn().eq_ignore_ascii_case(upn) => Ok(user.upn().to_owned()),
        _ => Err(Failure::bare()),
    }
}

fn find<'s>(state: &'s State, id: &str) -> Result<&'s Identity, Failure> {
    state.identities.get(id).filter(|of| of.visible).ok_or_else(|| Failure::intune_not_found(id))
}

fn check_query(exchange: &Exchange<'_>) -> Result<(), Failure> {
    let quirks = &exchange.state.options.quirks;
    if quirks.identity_select_fails && exchange.request.option("$select").is_some() {
        return Err(Failure::intune(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "An internal server error has occurred",
        ));
    }
    let filter = exchange.request.option("$filter").and_then(Filter::parse);
    let breaks = |test: &&Test| test.text().contains([' ', '-']);
    if quirks.identity_filter_refuses_blank_and_hyphen
        && filter.is_some_and(|filter| filter.tests().iter().any(breaks))
    {
        return Err(Failure::bare());
    }
    Ok(())
}

impl State {
    /// Registers a device, and makes its object in the directory. It can be read when it is shown.
    pub(in crate::sim) fn register(&mut self, new: NewIdentity) -> String {
        let id = self.guid();
        let mut physical_ids = vec![format!("[ZTDID]:{id}")];
        for (label, value) in [("OrderID", &new.group_tag), ("PurchaseOrderId", &new.purchase_order)] {
            if !value.is_empty() {
                physical_ids.push(format!("[{label}]:{value}"));
            }
        }
        let anchor =
            self.insert_device(&new.serial, Some("AzureAd"), physical_ids, Body::new(), Some(id.clone()));
        let device_id =
            self.directory.devices.get(&anchor).map(|of| of.device_id.clone()).unwrap_or_default();
        self.identities.insert(Identity {
            id: id.clone(),
            serial: new.serial,
            manufacturer: new.manufacturer,
            model: new.model,
            product_key: new.product_key,
            group_tag: new.group_tag,
            purchase_order: new.purchase_order,
            anchor,
            device_id,
            upn: new.upn,
            addressable_user_name: String::new(),
            display_name: String::new(),
            friendly_name: String::new(),
            account_upn: String::new(),
            enrollment_state: "notContacted",
            last_contacted: None,
            managed_device: None,
            direct_profile: None,
            created: self.now,
            visible: false,
            deleting: false,
            intended: None,
            since: self.now,
            before: None,
        });
        self.retarget(&id);
        id
    }

    /// Lets a registered device be read.
    pub(in crate::sim) fn show_identity(&mut self, id: &str) {
        self.identities.update(id, |identity| identity.visible = true);
    }

    /// Ends a registration.
    pub(in crate::sim) fn remove_identity(&mut self, id: &str) {
        let Some(identity) = self.identities.remove(id) else { return };
        if self.options.quirks.anchor_outlives_registration {
            self.change_device(&identity.anchor, |device| {
                device.physical_ids.retain(|id| !id.starts_with('['));
                device.identity = None;
            });
        } else {
            self.remove_device(&identity.anchor);
        }
    }

    /// Finds out anew which profile a device should have.
    pub(in crate::sim) fn retarget(&mut self, id: &str) {
        let Some(identity) = self.identities.get(id) else { return };
        let intended = profile::intended(self, identity);
        if intended == identity.intended {
            return;
        }
        let before = identity.targeting(self).assigned.map(|(id, at)| (id.to_owned(), at));
        let now = self.now;
        self.identities.update(id, |identity| {
            identity.intended = intended;
            identity.since = now;
            identity.before = before;
        });
    }

    /// The same for all devices.
    pub(in crate::sim) fn retarget_all(&mut self) {
        let ids: Vec<String> = self.identities.iter().map(|identity| identity.id.clone()).collect();
        for id in ids {
            self.retarget(&id);
        }
    }
}

/// What is known of a device when it is registered.
#[derive(Debug, Clone, Default)]
pub(in crate::sim) struct NewIdentity {
    pub(in crate::sim) serial: String,
    pub(in crate::sim) manufacturer: String,
    pub(in crate::sim) model: String,
    pub(in crate::sim) product_key: String,
    pub(in crate::sim) group_tag: String,
    pub(in crate::sim) purchase_order: String,
    pub(in crate::sim) upn: String,
}
