//! Devices in the directory.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::rule::{Attribute, DeviceAttributes, DeviceProperty, TextList};
use crate::sim::store::{Body, Keyed, Row, Word, body, date};

/// A device.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) id: String,
    pub(crate) device_id: String,
    pub(crate) display_name: String,
    pub(crate) enabled: bool,
    /// The kind of join: `AzureAd`, `ServerAd` or `Workplace`; `None` before the device has joined.
    pub(crate) trust_type: Option<Word>,
    pub(crate) physical_ids: Vec<String>,
    /// Every other property that is set.
    pub(crate) others: Body,
    /// The groups that directly contain the device.
    pub(crate) groups: Vec<Arc<str>>,
    /// The Autopilot registration that created the object.
    pub(crate) identity: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) visible_at: Timestamp,
}

impl Device {
    pub(crate) fn is_visible(&self, now: Timestamp) -> bool {
        self.visible_at <= now
    }

    pub(crate) fn view(&self) -> Body {
        let mut view = body([
            ("id", self.id.clone().into()),
            ("deletedDateTime", Value::Null),
            ("accountEnabled", self.enabled.into()),
            ("approximateLastSignInDateTime", Value::Null),
            ("complianceExpirationDateTime", Value::Null),
            ("createdDateTime", date(Some(self.created))),
            ("deviceCategory", Value::Null),
            ("deviceId", self.device_id.clone().into()),
            ("deviceMetadata", Value::Null),
            ("deviceOwnership", Value::Null),
            ("deviceVersion", 2.into()),
            ("displayName", self.display_name.clone().into()),
            ("enrollmentProfileName", Value::Null),
            ("enrollmentType", Value::Null),
            ("isCompliant", Value::Null),
            ("isManaged", Value::Null),
            ("managementType", Value::Null),
            ("manufacturer", Value::Null),
            ("mdmAppId", Value::Null),
            ("model", Value::Null),
            ("onPremisesLastSyncDateTime", Value::Null),
            ("onPremisesSecurityIdentifier", Value::Null),
            ("onPremisesSyncEnabled", Value::Null),
            ("operatingSystem", "Windows".into()),
            ("operatingSystemVersion", Value::Null),
            ("physicalIds", self.physical_ids.clone().into()),
            ("profileType", Value::Null),
            ("registrationDateTime", date(Some(self.created))),
            ("systemLabels", json!([])),
            ("trustType", self.trust_type.map(|word| word.0).into()),
            ("extensionAttributes", extension_attributes(self.others.get("extensionAttributes"))),
            ("alternativeSecurityIds", json!([])),
        ]);
        let others = self.others.iter().filter(|(name, _)| *name != "extensionAttributes");
        view.extend(others.map(|(name, value)| (name.clone(), value.clone())));
        view
    }
}

/// Returns all fifteen attributes, null if not set.
fn extension_attributes(set: Option<&Value>) -> Value {
    let all = (1..=15).map(|number| {
        let name = format!("extensionAttribute{number}");
        let value = set.and_then(|set| set.get(&name)).cloned().unwrap_or_default();
        (name, value)
    });
    Value::Object(all.collect())
}

impl Keyed for Device {
    const INDEXED: &'static [&'static str] = &["deviceId", "displayName"];

    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for Device {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            "deviceId" => self.device_id.clone().into(),
            "displayName" => self.display_name.clone().into(),
            "accountEnabled" => self.enabled.into(),
            "trustType" => self.trust_type.map(|word| word.0).into(),
            "physicalIds" => self.physical_ids.clone().into(),
            "operatingSystem" => self.others.get(property).cloned().unwrap_or_else(|| "Windows".into()),
            "createdDateTime" | "registrationDateTime" => date(Some(self.created)),
            _ => self.others.get(property).cloned().unwrap_or_default(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        match property {
            "deviceId" => Some(&self.device_id),
            "displayName" => Some(&self.display_name),
            _ => None,
        }
    }

    fn type_name(&self) -> &str {
        "device"
    }
}

impl DeviceAttributes for Device {
    fn attribute(&self, property: DeviceProperty) -> Attribute<'_> {
        match property {
            DeviceProperty::ObjectId => self.id.as_str().into(),
            DeviceProperty::DeviceId => self.device_id.as_str().into(),
            DeviceProperty::DisplayName => self.display_name.as_str().into(),
            DeviceProperty::AccountEnabled => self.enabled.into(),
            DeviceProperty::DeviceTrustType => self.trust_type.map(|word| word.0).into(),
            DeviceProperty::DevicePhysicalIds => TextList::from(self.physical_ids.as_slice()).into(),
            DeviceProperty::DeviceOsType if !self.others.contains_key("operatingSystem") => "Windows".into(),
            _ => self.others.attribute(property),
        }
    }
}
