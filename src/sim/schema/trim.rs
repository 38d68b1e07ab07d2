//! Removes the parts of an object that an answer does not show.

use super::lookup::{find, find_enum};
use super::types::Kind;
use crate::catalog::ApiVersion;
use crate::sim::store::Body;

/// Hides enum members newer than the sentinel, and properties of `type_name` that v1.0 lacks.
pub(crate) fn trim(body: &mut Body, type_name: &str, version: ApiVersion, newer_members: bool) {
    if version == ApiVersion::Beta && newer_members {
        return;
    }
    let Some(of) = find(type_name) else { return };
    body.retain(|key, value| {
        let Some(property) = of.property(key) else { return true };
        if let (Kind::Enum(name), Some(member)) = (property.kind, value.as_str()) {
            let hidden = find_enum(name).is_some_and(|of| {
                (!newer_members && of.newer.contains(&member))
                    || (version == ApiVersion::V1
                        && of.beta.contains(&member)
                        && of.has("unknownFutureValue", version))
            });
            if hidden {
                *value = "unknownFutureValue".into();
            }
        }
        property.in_version(version)
    });
}
