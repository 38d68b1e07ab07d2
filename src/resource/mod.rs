//! Typed calls, a file a resource. Each says what it needs, where it is documented, and what to mind.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::graph::Client;

pub(crate) mod catalog;

mod apps;
mod configurations;
mod connectors;
mod devices;
mod directory;
mod enrollment;
mod events;
mod filters;
mod groups;
mod imports;
mod managed_devices;
mod mdm_policies;
mod profiles;
mod sync;
mod update;
mod users;

pub use self::apps::MobileApps;
pub use self::catalog::OPERATIONS;
pub use self::configurations::DomainJoinProfiles;
pub use self::connectors::Connectors;
pub use self::devices::{DeviceUpdate, Devices};
pub use self::directory::{DirectoryDeviceUpdate, DirectoryDevices};
pub use self::enrollment::EnrollmentStatusPages;
pub use self::events::AutopilotEvents;
pub use self::filters::AssignmentFilters;
pub use self::groups::Groups;
pub use self::imports::Imports;
pub use self::managed_devices::ManagedDevices;
pub use self::mdm_policies::{MdmAddresses, MdmPolicies};
pub use self::profiles::{AssignmentChange, ProfileKind, Profiles};
pub use self::sync::AutopilotSync;
pub use self::update::Update;
pub use self::users::Users;

/// Declares the handle of a resource and the client's method that gives it.
macro_rules! resource {
    ($(#[$meta:meta])* pub struct $name:ident, $method:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a> {
            client: &'a $crate::graph::Client,
        }

        impl $crate::graph::Client {
            $(#[$meta])*
            pub fn $method(&self) -> $name<'_> {
                $name { client: self }
            }
        }
    };
}
pub(crate) use resource;

/// The body that links to a directory object.
#[derive(Serialize)]
struct Reference {
    #[serde(rename = "@odata.id")]
    id: String,
}

impl Reference {
    /// A link to the object with `id` in `collection`, such as `directoryObjects`.
    fn to(client: &Client, version: &str, collection: &str, id: &str) -> Self {
        Self { id: format!("{}/{version}/{collection}/{id}", client.cloud().graph()) }
    }
}

/// What is written of an observed object: all but its id, which the service gives and refuses to take.
struct Written<'a, T>(&'a T);

impl<T: Serialize> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(self.0).map_err(S::Error::custom)?;
        if let Value::Object(properties) = &mut value {
            properties.remove("id");
        }
        value.serialize(serializer)
    }
}

/// The body of `hasPayloadLinks`.
#[derive(Serialize)]
struct PayloadIds<'a> {
    #[serde(rename = "payloadIds")]
    payload_ids: Vec<&'a str>,
}
