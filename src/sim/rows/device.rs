//! Windows Autopilot device identities: the registered devices.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::ApiVersion;
use crate::sim::schema;
use crate::sim::store::{Body, Keyed, NO_DATE, Row, Word, body, date};

/// A registered device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: String,
    pub(crate) serial: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) product_key: String,
    pub(crate) group_tag: String,
    pub(crate) purchase_order: String,
    /// The directory object created by the registration.
    pub(crate) anchor: String,
    /// The device id of that object.
    pub(crate) device_id: String,
    pub(crate) upn: String,
    pub(crate) addressable_user_name: String,
    pub(crate) display_name: String,
    pub(crate) friendly_name: String,
    pub(crate) account_upn: String,
    pub(crate) enrollment_state: Word,
    pub(crate) last_contacted: Option<Timestamp>,
    pub(crate) managed_device: Option<String>,
    /// The time since which the device does not match its registration, because of a new motherboard.
    #[serde(default)]
    pub(crate) hardware_changed: Option<Timestamp>,
    /// The profile set by its `assign` action.
    pub(crate) direct_profile: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) visible: bool,
    pub(crate) deleting: bool,
    /// The intended profile, its time, and the previous one.
    pub(crate) intended: Option<String>,
    pub(crate) since: Timestamp,
    pub(crate) before: Option<(String, Timestamp)>,
}

/// The profile of a device at one moment.
#[derive(Debug, PartialEq)]
pub(crate) struct Targeting<'a> {
    pub(crate) intended: Option<&'a str>,
    pub(crate) assigned: Option<(&'a str, Timestamp)>,
    pub(crate) status: &'static str,
}

impl Identity {
    /// Returns the device as shown in answers.
    pub(crate) fn view(&self, targeting: &Targeting<'_>, version: ApiVersion) -> Body {
        let text = |text: &str| Value::String(text.to_owned());
        let (remediation, remediated) = match self.hardware_changed {
            Some(at) => ("manualRemediationRequired", date(Some(at))),
            None => ("noRemediationRequired", NO_DATE.into()),
        };
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
            ("enrollmentState", self.enrollment_state.0.into()),
            ("groupTag", text(&self.group_tag)),
            ("lastContactedDateTime", date(self.last_contacted)),
            ("managedDeviceId", text(self.managed_device.as_deref().unwrap_or_default())),
            ("manufacturer", text(&self.manufacturer)),
            ("model", text(&self.model)),
            ("productKey", text(&self.product_key)),
            ("purchaseOrderIdentifier", text(&self.purchase_order)),
            ("remediationState", remediation.into()),
            ("remediationStateLastModifiedDateTime", remediated),
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

/// The properties of a device at its registration.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct NewIdentity {
    pub(crate) serial: String,
    pub(crate) manufacturer: String,
    pub(crate) model: String,
    pub(crate) product_key: String,
    pub(crate) group_tag: String,
    pub(crate) purchase_order: String,
    pub(crate) upn: String,
}
