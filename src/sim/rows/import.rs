//! Imports of devices.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::device::NewIdentity;
use crate::sim::store::{Body, Keyed, Row, Word, body};

/// The import of one device, without its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Import {
    pub(crate) id: String,
    pub(crate) import_id: String,
    pub(crate) device: NewIdentity,
    pub(crate) status: Word,
    pub(crate) error: Option<(i32, Word)>,
    pub(crate) registration: String,
    /// The flaw that the service will find.
    pub(crate) flaw: Option<Flaw>,
}

/// A flaw of an imported device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Flaw {
    Hash,
    Duplicated,
}

impl Import {
    pub(crate) fn view(&self) -> Body {
        let text = |text: &str| Value::String(text.to_owned());
        let (code, name) = self.error.unwrap_or_default();
        body([
            ("id", text(&self.id)),
            ("assignedUserPrincipalName", text(&self.device.upn)),
            ("groupTag", text(&self.device.group_tag)),
            ("hardwareIdentifier", "".into()),
            ("importId", text(&self.import_id)),
            ("productKey", text(&self.device.product_key)),
            ("serialNumber", text(&self.device.serial)),
            (
                "state",
                json!({"deviceImportStatus": self.status.0, "deviceRegistrationId": self.registration,
                    "deviceErrorCode": code, "deviceErrorName": name.0}),
            ),
        ])
    }
}

impl Keyed for Import {
    const INDEXED: &'static [&'static str] = &["importId"];

    fn id(&self) -> &str {
        &self.id
    }
}

impl Row for Import {
    fn value(&self, property: &str) -> Value {
        match property {
            "id" => self.id.clone().into(),
            _ => self.text(property).into(),
        }
    }

    fn text(&self, property: &str) -> Option<&str> {
        match property {
            "importId" => Some(&self.import_id),
            "serialNumber" => Some(&self.device.serial),
            _ => None,
        }
    }
}
