//! Tracked apps, packages and policies.

use crate::model::Text;

/// The scope of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AppScope {
    /// The device.
    Device,
    /// A user.
    User,
}

/// The state of an app, as recorded in the registry. Each variant has its own state numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackedApp {
    /// The provider of Win32 apps on the enrollment status page. States: 1 not installed, 2 not required, 3 completed,
    /// 4 error.
    #[non_exhaustive]
    Provider {
        /// The name; `Sidecar` is the Intune Management Extension.
        name: Text,
        /// The state of the provider, as Windows stores it.
        state: Option<u32>,
        /// Whether the provider has created its list of apps.
        list_created: Option<bool>,
    },
    /// A Win32 app tracked by the enrollment status page. States: 1 not installed, 2 in progress, 3 completed, 4 error.
    #[non_exhaustive]
    Win32 {
        /// The scope of the installation: device or user.
        scope: AppScope,
        /// The app's id.
        id: Text,
        /// The state of the installation, as Windows stores it.
        state: Option<u32>,
        /// Whether the app asked for a restart.
        needs_restart: Option<bool>,
    },
    /// The result of a Win32 app, as recorded by the Intune Management Extension.
    #[non_exhaustive]
    Win32Result {
        /// The app's id.
        id: Text,
        /// The exit code of the installer.
        exit_code: Option<u32>,
        /// The state: 1000 and up for success, 2000 and up for in progress, 5000 and up for failure.
        enforcement: Option<u32>,
        /// The error code.
        error: Option<u32>,
    },
    /// A line-of-business MSI. States range from 10 (initialized) to 70 (done); 30 is a failed download, 60 a failed
    /// installation.
    #[non_exhaustive]
    Msi {
        /// The scope of the installation: device or user.
        scope: AppScope,
        /// The product code.
        product: Text,
        /// The state of the installation, as Windows stores it.
        state: Option<u32>,
        /// The last error.
        error: Option<u32>,
        /// Whether the package is the Intune Management Extension itself.
        is_agent: bool,
    },
    /// The Office apps, with the same states as an MSI.
    #[non_exhaustive]
    Office {
        /// The id of the script or app.
        id: Text,
        /// The final state.
        final_state: Option<u32>,
    },
}

/// An item in the diagnostics of the enrollment status page. The time of an observation of this item comes from the
/// name of its registry key; the time zone is not documented, and other tools assume UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackedItem {
    /// The list, such as `ExpectedPolicies` or `Sidecar`.
    pub list: Text,
    /// The scope of the item: device or user.
    pub scope: AppScope,
    /// The decoded URI of the item.
    pub uri: Text,
    /// The state; its meaning depends on the list.
    pub state: Option<u32>,
}

/// An app whose installation failed, from a log of the Intune Management Extension. The wording of these logs changes
/// between versions: prefer the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppFailure {
    /// The app's id, if the line has one.
    pub id: Option<Text>,
    /// The app's name, if the log contains its policy.
    pub name: Option<Text>,
    /// The error code.
    pub code: Option<u32>,
}
