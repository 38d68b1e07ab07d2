//! Typed calls. Each documents its permissions, its source and its pitfalls.
//!
//! The client has a method for each resource, such as [`Client::devices`], which returns a handle with the resource's
//! calls. A call is a [`Call`](crate::graph::Call), a [`List`](crate::graph::List) or a
//! [`Poller`](crate::graph::Poller), and is sent when it is awaited or read.
//! [`docs::permissions`](../docs/permissions/index.html) lists the permissions by task.
// Compiled where they are called: a program pays for the calls that it makes, and not for the other hundred.
#![warn(clippy::missing_inline_in_public_items)]

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::graph::Client;

mod app;
mod assignment;
mod connector;
mod device;
mod directory_device;
mod domain_join;
mod esp;
mod event;
mod filter;
mod group;
mod import;
mod managed_device;
mod mdm;
mod profile;
mod skip_user_status_page;
mod sync;
mod update;
mod user;

pub use self::app::MobileApps;
pub use self::assignment::{Assignable, AssignableAtOnce, AssignmentChange, Assignments};
pub use self::connector::Connectors;
pub use self::device::{DeviceUpdate, Devices};
pub use self::directory_device::{DirectoryDeviceUpdate, DirectoryDevices};
pub use self::domain_join::DomainJoinProfiles;
pub use self::esp::EnrollmentStatusPages;
pub use self::event::AutopilotEvents;
pub use self::filter::AssignmentFilters;
pub use self::group::Groups;
pub use self::import::Imports;
pub use self::managed_device::ManagedDevices;
pub use self::mdm::{MdmPolicies, MdmUrls};
pub use self::profile::{AnyProfile, ProfileKind, Profiles};
pub use self::skip_user_status_page::SkipUserStatusPages;
pub use self::sync::AutopilotSync;
pub use self::update::Update;
pub use self::user::Users;

/// Declares the handle of a resource, and the client's method that returns it with its objects in words.
macro_rules! resource {
    ($(#[$meta:meta])* pub struct $name:ident, $method:ident, $objects:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a> {
            client: &'a $crate::graph::Client,
        }

        impl $crate::graph::Client {
            #[doc = concat!("Returns the calls for ", $objects, ": [`", stringify!($name), "`](crate::resource::", stringify!($name), ").")]
            #[inline]
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
    /// Creates a link to the object with `id` in `collection`, such as `directoryObjects`.
    #[inline]
    fn to(client: &Client, version: &str, collection: &str, id: &str) -> Self {
        Self { id: format!("{}/{version}/{collection}/{id}", client.cloud().graph()) }
    }
}

/// The writable part of an observed object: all but its id, which the service assigns and does not accept.
struct Written<'a, T>(&'a T);

impl<T: Serialize> Serialize for Written<'_, T> {
    #[inline]
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
