//! Windows Autopilot device identities: the registered devices.

use jiff::Timestamp;
use serde_json::Value;

use crate::sim::schema;
use crate::sim::store::{Body, Keyed, NO_DATE, Row, body, date};
use crate::sim::version::Version;

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
    pub(in crate::sim) intended: Option<String>,
    pub(in crate::sim) since: Timestamp,
    pub(in crate::sim) before: Option<(String, Timestamp)>,
}

/// What a device's profile is at one moment.
#[derive(Debug, PartialEq)]
pub(in crate::sim) struct Targeting<'a> {
    pub(in crate::sim) intended: Option<&'a str>,
    pub(in crate::sim) assigned: Option<(&'a str, Timestamp)>,
    pub(in crate::sim) status: &'static str,
}

impl Identity {
    /// Returns how an answer shows the device.
    pub(in crate::sim) fn view(&self, targeting: &Targeting<'_>, version: Version) -> Body {
        let text = |text: &str| Value::String(text.to_owned());
        let mut view = body([
            ("id", text(&self.id)),
            ("addressableUserName", text(&self.addressable_user_name)),
            ("azureActiveDirectoryDeviceId", text(&self.device_id)),
            ("azureAdDeviceId", text(&self.device_id)),
            ("deploymentProfileAssignedDateTime", date(targeting.assigned.map(|(_, at)| at))),
            ("deploymentProfileAssignmentDetailedStatus", "none".into()),
            ("deploymentProfileAssignmentStatus", targeting.status.into()),
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
        schema::trim(&mut view, "windowsAutopilotDeviceIdentity", version, true);
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
