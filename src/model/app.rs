//! Apps that Intune can install.

use super::observation::observation;
use super::{Id, Text};

observation! {
    /// An app in Intune, as far as an enrollment status page needs to know it.
    pub struct MobileApp = "mobileApp", id: Id<MobileApp> {
        display_name: Text = "displayName", "Its name. Not unique.";
        publisher: Text = "publisher", "The publisher.";
    }
    beside {
        odata_type: Text = "@odata.type", "The type as the service names it: see [`MobileApp::kind`].";
    }
}

impl MobileApp {
    /// The kind of app, such as `win32LobApp`; `None` if the service did not name it.
    pub fn kind(&self) -> Option<&str> {
        self.odata_type.as_deref().map(short_type)
    }
}

/// The name of a type without its namespace: `win32LobApp` of `#microsoft.graph.win32LobApp`.
pub(super) fn short_type(odata_type: &str) -> &str {
    odata_type.rsplit_once('.').map_or(odata_type, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_the_type_without_its_namespace() {
        let table = [
            (r##"{"id":"1","@odata.type":"#microsoft.graph.win32LobApp"}"##, Some("win32LobApp")),
            (r#"{"id":"1","@odata.type":"microsoft.graph.officeSuiteApp"}"#, Some("officeSuiteApp")),
            (r#"{"id":"1","@odata.type":"newApp"}"#, Some("newApp")),
            (r#"{"id":"1"}"#, None),
        ];
        for (json, kind) in table {
            assert_eq!(serde_json::from_str::<MobileApp>(json).unwrap().kind(), kind, "{json}");
        }
    }
}
