//! Apps that Intune can install.

use std::str::FromStr;

use super::observation::observation;
use super::text::text_impls;
use super::{Assignment, DisplayName, Id, InvalidValue, Text, is_guid};

observation! {
    /// An app in Intune, with the properties that an enrollment status page needs.
    pub struct MobileApp = "mobileApp", id: Id<MobileApp> {
        display_name: Text = "displayName", "The name. Not unique.";
        publisher: Text = "publisher", "The publisher.";
    }
    beside {
        odata_type: Text = "@odata.type", "The type as the service names it: see [`MobileApp::kind`].";
        /// The assignments, if they were requested with `$expand`.
        assignments: Vec<Assignment> = "assignments";
    }
}

/// A selector for one app, by id or by name.
///
/// ```
/// use windows_autopilot::model::AppSelector;
/// assert!(matches!("3f2b1c9e-0a4d-4c5e-9b7a-1d2e3f4a5b6c".parse()?, AppSelector::Id(_)));
/// assert!(matches!("Company Portal".parse()?, AppSelector::Name(_)));
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// In settings files, a selector is one string: a GUID is an id, and anything else is a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AppSelector {
    /// The app with this id.
    Id(Id<MobileApp>),
    /// The only app with this name.
    Name(DisplayName),
}

impl AppSelector {
    /// Returns `true` if this selector matches `app`. A name is also compared with the app's id, because not every id
    /// is a GUID.
    pub fn selects(&self, app: &MobileApp) -> bool {
        match self {
            Self::Id(id) => app.id == *id,
            Self::Name(name) => {
                app.display_name.as_deref() == Some(name.as_str()) || app.id.as_str() == name.as_str()
            }
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id.as_str(),
            Self::Name(name) => name.as_str(),
        }
    }
}

impl From<Id<MobileApp>> for AppSelector {
    fn from(id: Id<MobileApp>) -> Self {
        Self::Id(id)
    }
}

impl FromStr for AppSelector {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if is_guid(text) { text.parse().map(Self::Id) } else { text.parse().map(Self::Name) }
    }
}

text_impls! { [] AppSelector: Display, Parse, Serialize }

impl MobileApp {
    /// Returns the kind of app, such as `win32LobApp`; `None` if the service did not name it.
    pub fn kind(&self) -> Option<&str> {
        self.odata_type.as_deref().map(short_type)
    }

    /// Returns `true` if the app's kind is for a platform other than Windows; `None` if the service did not name the
    /// kind.
    ///
    /// ```
    /// use windows_autopilot::model::MobileApp;
    /// let app: MobileApp = serde_json::from_str(r##"{"id":"1","@odata.type":"#microsoft.graph.iosVppApp"}"##)?;
    /// assert_eq!(app.is_foreign(), Some(true));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn is_foreign(&self) -> Option<bool> {
        const OTHERS: [&str; 6] = ["ios", "android", "macos", "managedios", "managedandroid", "aosp"];
        let kind = self.kind()?.to_ascii_lowercase();
        Some(OTHERS.iter().any(|other| kind.starts_with(other)))
    }

    /// Returns `true` if an assignment requires the app: an enrollment status page waits only for required apps.
    /// Returns `None` if the assignments were not reported.
    pub fn is_required(&self) -> Option<bool> {
        let requires = |assignment: &Assignment| {
            assignment.intent.as_ref().is_some_and(|intent| intent.as_str().eq_ignore_ascii_case("required"))
        };
        Some(self.assignments.as_ref()?.iter().any(requires))
    }
}

/// Returns the name of a type without its namespace: `win32LobApp` of `#microsoft.graph.win32LobApp`.
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
