//! The types as JSON.

use serde_json::{Value, json};

use super::enums::ENUMS;
use super::lookup::types;
use super::types::Kind;
use crate::catalog::ApiVersion;

/// Returns the types against which requests are checked: the name, base type, properties and navigation properties of
/// each, and the members of every enumeration. `beta` selects the beta version instead of v1.0.
///
/// ```
/// let types = windows_autopilot::sim::metadata(true);
/// assert!(types.is_object());
/// ```
///
/// The value has the form `{"types": {..}, "enums": {..}}`, for comparison with Graph's metadata.
pub fn metadata(beta: bool) -> Value {
    let version = if beta { ApiVersion::Beta } else { ApiVersion::V1 };
    let kind = |kind: Kind| match kind {
        Kind::Text => "Edm.String",
        Kind::Flag => "Edm.Boolean",
        Kind::Int32 => "Edm.Int32",
        Kind::Int64 => "Edm.Int64",
        Kind::Time => "Edm.DateTimeOffset",
        Kind::Span => "Edm.Duration",
        Kind::Binary => "Edm.Binary",
        Kind::Enum(name) | Kind::Complex(name) => name,
    };
    let types = types().filter(|of| of.in_version(version)).map(|of| {
        let properties = of.properties.iter().filter(|property| property.in_version(version)).map(|property| {
            let shape = json!({"type": kind(property.kind), "collection": property.collection, "nullable": property.nullable});
            (property.name.to_owned(), shape)
        });
        let shape = json!({"baseType": of.base, "abstract": of.is_abstract,
            "properties": Value::Object(properties.collect()), "navigation": of.navigation, "others": of.others});
        (of.name.to_owned(), shape)
    });
    let enums = ENUMS.iter().map(|of| {
        let beta = of.beta.iter().filter(|_| version == ApiVersion::Beta);
        (of.name.to_owned(), of.members.iter().chain(beta).copied().collect())
    });
    json!({"types": Value::Object(types.collect()), "enums": Value::Object(enums.collect())})
}
