//! Checks of a request's body against its type.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use jiff::{Span, Timestamp};
use serde_json::Value;

use super::lookup::{find, find_enum};
use super::types::{Kind, Property, Reading, Type, Write};
use crate::sim::error::Failure;
use crate::sim::store::Body;

/// Base64 as .NET accepts it: padded, with any trailing bits.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The wording of an error: the directory's or Intune's.
#[derive(Clone, Copy)]
struct Context {
    reading: Reading,
    intune: bool,
}

/// Checks a body of the type `declared`, and returns its type and the part to keep.
///
/// Where the declared type is abstract, the body names its own with `@odata.type`.
pub(crate) fn check(declared: &str, body: &Body, reading: Reading) -> Result<(&'static Type, Body), Failure> {
    let intune =
        find(declared).is_some_and(|of| !of.is_a("directoryObject") && of.name != "mobilityManagementPolicy");
    object(declared, body, Context { reading, intune }, 0)
}

/// Checks one value against a property, as a parameter of an action.
pub(crate) fn check_value(property: &Property, value: &Value, reading: Reading) -> Result<Value, Failure> {
    single_or_many(property, value, Context { reading, intune: true }, 0)
}

fn object(
    declared: &str,
    body: &Body,
    context: Context,
    depth: u32,
) -> Result<(&'static Type, Body), Failure> {
    let of = resolve(declared, body, context)?;
    let mut kept = Body::new();
    for (key, value) in body {
        // `@odata.type`, or what is said of a property or a link: `members@odata.bind`.
        if let Some((name, _)) = key.split_once('@') {
            if !name.is_empty()
                && of.property(name).is_none()
                && !of.has_navigation(name)
                && of.other(name).is_none()
            {
                return Err(unknown(of, key, context));
            }
            continue;
        }
        let property = of.property(key).filter(|property| property.in_version(context.reading.version));
        let Some(property) = property else {
            let other = of.other(key).ok_or_else(|| unknown(of, key, context))?;
            keep(&mut kept, other, value.clone(), context)?;
            continue;
        };
        let is_taken = match property.write {
            Write::Refused => false,
            Write::OnlyFalse => context.reading.takes_false && value == &Value::Bool(false),
            Write::Yes | Write::Create | Write::Ignored => true,
        };
        if !is_taken {
            return Err(read_only(key, context));
        }
        let value = single_or_many(property, value, context, depth)?;
        if !matches!(property.write, Write::Ignored | Write::OnlyFalse) {
            keep(&mut kept, property.name, value, context)?;
        }
    }
    Ok((of, kept))
}

/// Keeps a value under its property's own spelling. Two spellings of one name are one name twice.
fn keep(kept: &mut Body, name: &str, value: Value, context: Context) -> Result<(), Failure> {
    match kept.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(fault(
            format!("Multiple properties with the name '{name}' were detected in the request payload."),
            context,
        )),
    }
}

/// Returns the type named by a body, or the declared one.
fn resolve(declared: &str, body: &Body, context: Context) -> Result<&'static Type, Failure> {
    let base = find(declared).ok_or_else(|| Failure::model(format!("Type '{declared}' is not known.")))?;
    let named = match body.get("@odata.type") {
        None => None,
        Some(Value::String(name)) => Some(name.as_str()),
        Some(_) => {
            return Err(fault(
                "The '@odata.type' instance or property annotation has an invalid value.",
                context,
            ));
        }
    };
    let of = match named {
        None => base,
        Some(name) => find(name).filter(|of| of.in_version(context.reading.version)).ok_or_else(|| {
            fault(
                format!(
                    "A type named '{}' could not be resolved by the model. When a model is available, each type name must \
                     resolve to a valid type.",
                    name.trim_start_matches('#')
                ),
                context,
            )
        })?,
    };
    if !of.is_a(base.name) {
        return Err(fault(not_assignable(of.name, base.name), context));
    }
    if of.is_abstract {
        return Err(fault("Cannot create an abstract class.", context));
    }
    Ok(of)
}

/// Returns the message about an object of the wrong family.
pub(crate) fn not_assignable(found: &str, expected: &str) -> String {
    format!(
        "An entry with type 'microsoft.management.services.api.{found}' was found, but it is not assignable to the \
         expected type 'microsoft.management.services.api.{expected}'. The type specified in the entry must be equal to \
         either the expected type or a derived type."
    )
}

fn single_or_many(
    property: &Property,
    value: &Value,
    context: Context,
    depth: u32,
) -> Result<Value, Failure> {
    if !property.collection {
        return single(property, value, context, depth);
    }
    match value {
        Value::Array(items) => {
            let element = Property { nullable: false, ..Property::new(property.name, property.kind) };
            items
                .iter()
                .map(|item| single(&element, item, context, depth))
                .collect::<Result<_, _>>()
                .map(Value::Array)
        }
        Value::Null if property.nullable => Ok(Value::Array(Vec::new())),
        _ => Err(fault(
            format!("The value of property '{}' is not a collection, which its type demands.", property.name),
            context,
        )),
    }
}

fn single(property: &Property, value: &Value, context: Context, depth: u32) -> Result<Value, Failure> {
    if value.is_null() {
        return match property.nullable {
            true => Ok(Value::Null),
            false => Err(fault(
                format!(
                    "A null value was found for the property named '{}', which has the expected type '{}[Nullable=False]'. \
                     The expected type '{}[Nullable=False]' does not allow null values.",
                    property.name,
                    edm(property.kind),
                    edm(property.kind)
                ),
                context,
            )),
        };
    }
    let converted = if context.reading.takes_text { from_text(property.kind, value) } else { None };
    let value = converted.as_ref().unwrap_or(value);
    let fits = match (property.kind, value) {
        (Kind::Text, Value::String(_)) | (Kind::Flag, Value::Bool(_)) => true,
        (Kind::Int32, Value::Number(number)) => number.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
        (Kind::Int64, Value::Number(number)) => number.as_i64().is_some(),
        (Kind::Int64, Value::String(text)) => text.parse::<i64>().is_ok(),
        (Kind::Time, Value::String(text)) => is_time(text),
        (Kind::Span, Value::String(text)) => text.parse::<Span>().is_ok(),
        (Kind::Binary, Value::String(text)) => BASE64.decode(text).is_ok(),
        (Kind::Enum(name), Value::String(member)) => {
            find_enum(name).is_some_and(|of| of.has(member, context.reading.version))
        }
        (Kind::Complex(name), Value::Object(body)) => {
            if depth > 8 {
                return Err(fault("The body is nested too deep.", context));
            }
            let (of, mut kept) = object(name, body, context, depth + 1)?;
            if of.name != name {
                kept.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", of.name).into());
            }
            return Ok(Value::Object(kept));
        }
        _ => false,
    };
    if fits {
        return Ok(value.clone());
    }
    let literal = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(fault(
        format!("Cannot convert the literal '{literal}' to the expected type '{}'.", edm(property.kind)),
        context,
    ))
}

/// Reads a number or a boolean from text, as Microsoft's OData reader does by .NET's `Convert.ChangeType`.
fn from_text(kind: Kind, value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    match kind {
        Kind::Flag if text.eq_ignore_ascii_case("true") => Some(true.into()),
        Kind::Flag if text.eq_ignore_ascii_case("false") => Some(false.into()),
        Kind::Int32 => text.parse::<i32>().ok().map(Value::from),
        _ => None,
    }
}

/// Returns `true` for a time that `Edm.DateTimeOffset` can hold: its seconds have at most seven decimals.
pub(crate) fn is_time(text: &str) -> bool {
    let decimals =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    decimals <= 7 && text.parse::<Timestamp>().is_ok()
}

fn edm(kind: Kind) -> String {
    match kind {
        Kind::Text => "Edm.String".to_owned(),
        Kind::Flag => "Edm.Boolean".to_owned(),
        Kind::Int32 => "Edm.Int32".to_owned(),
        Kind::Int64 => "Edm.Int64".to_owned(),
        Kind::Time => "Edm.DateTimeOffset".to_owned(),
        Kind::Span => "Edm.Duration".to_owned(),
        Kind::Binary => "Edm.Binary".to_owned(),
        Kind::Enum(name) | Kind::Complex(name) => format!("microsoft.management.services.api.{name}"),
    }
}

fn unknown(of: &Type, key: &str, context: Context) -> Failure {
    if context.intune {
        Failure::model(format!(
            "The property '{key}' does not exist on type 'microsoft.management.services.api.{}'. Make sure to only use \
             property names that are defined by the type.",
            of.name
        ))
    } else {
        Failure::directory(format!("Invalid property '{key}'."))
    }
}

fn read_only(key: &str, context: Context) -> Failure {
    if context.intune {
        Failure::refused(format!(
            "Property {key} in payload has a value that does not match schema: it is read-only."
        ))
    } else {
        Failure::directory(format!("Property '{key}' is read-only and cannot be set."))
    }
}

fn fault(message: impl Into<std::borrow::Cow<'static, str>>, context: Context) -> Failure {
    if context.intune { Failure::model(message) } else { Failure::directory(message) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::ApiVersion;

    fn verdict(declared: &str, body: Value, version: ApiVersion) -> Result<Body, String> {
        let Value::Object(body) = body else { panic!("an object is needed") };
        check(declared, &body, Reading::strict(version))
            .map(|(_, kept)| kept)
            .map_err(|failure| format!("{}: {}", failure.code, failure.message))
    }

    #[test]
    fn what_fits_is_kept_and_what_the_service_keeps_itself_is_left_out() {
        let kept = verdict(
            "deviceEnrollmentConfiguration",
            json!({"@odata.type": "microsoft.graph.windows10EnrollmentCompletionPageConfiguration",
                "displayName": "ESP", "priority": 7, "selectedMobileAppIds": null, "installProgressTimeoutInMinutes": 90}),
            ApiVersion::Beta,
        );
        let expected =
            json!({"displayName": "ESP", "selectedMobileAppIds": [], "installProgressTimeoutInMinutes": 90});
        assert_eq!(kept.map(Value::Object), Ok(expected));
        let target = verdict(
            "windowsAutopilotDeploymentProfileAssignment",
            json!({"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"}}),
            ApiVersion::Beta,
        );
        assert_eq!(target.unwrap()["target"]["@odata.type"], "#microsoft.graph.groupAssignmentTarget");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        let hybrid = "#microsoft.graph.activeDirectoryWindowsAutopilotDeploymentProfile";
        let profile = "windowsAutopilotDeploymentProfile";
        let esp = "#microsoft.graph.windows10EnrollmentCompletionPageConfiguration";
        for (declared, body, version, expected) in [
            (profile, json!({"displayName": "x"}), ApiVersion::Beta, "Cannot create an abstract class"),
            (
                profile,
                json!({"@odata.type": esp}),
                ApiVersion::Beta,
                "microsoft.management.services.api.windows10Enrollment",
            ),
            (
                profile,
                json!({"@odata.type": "#microsoft.graph.nothing"}),
                ApiVersion::Beta,
                "could not be resolved",
            ),
            (profile, json!({"@odata.type": hybrid, "nmae": "x"}), ApiVersion::Beta, "'nmae' does not exist"),
            (profile, json!({"@odata.type": hybrid, "displayName": 7}), ApiVersion::Beta, "Edm.String"),
            (profile, json!({"@odata.type": hybrid, "deviceType": "toaster"}), ApiVersion::Beta, "'toaster'"),
            (
                profile,
                json!({"@odata.type": hybrid, "deviceType": null}),
                ApiVersion::Beta,
                "does not allow null",
            ),
            (
                profile,
                json!({"@odata.type": hybrid, "enableWhiteGlove": true}),
                ApiVersion::Beta,
                "read-only",
            ),
            (
                profile,
                json!({"@odata.type": hybrid, "assignments": []}),
                ApiVersion::Beta,
                "'assignments' does not exist",
            ),
            (
                profile,
                json!({"@odata.type": hybrid, "outOfBoxExperienceSetting": {"eulaHidden": "yes"}}),
                ApiVersion::Beta,
                "Edm.Boolean",
            ),
            (
                profile,
                json!({"@odata.type": hybrid, "roleScopeTagIds": "0"}),
                ApiVersion::Beta,
                "not a collection",
            ),
            (
                "deviceEnrollmentConfiguration",
                json!({"@odata.type": esp, "showInstallationProgress": true}),
                ApiVersion::V1,
                "'showInstallationProgress' does not exist",
            ),
            (
                "deviceConfiguration",
                json!({"@odata.type": "#microsoft.graph.windowsDomainJoinConfiguration"}),
                ApiVersion::V1,
                "could not be resolved",
            ),
            (
                "windowsAutopilotDeploymentProfileAssignment",
                json!({"target": {"groupId": "g"}}),
                ApiVersion::Beta,
                "abstract",
            ),
            (
                "importedWindowsAutopilotDeviceIdentity",
                json!({"hardwareIdentifier": "QUJ"}),
                ApiVersion::V1,
                "Edm.Binary",
            ),
            ("group", json!({"displayNam": "x"}), ApiVersion::V1, "Invalid property 'displayNam'"),
        ] {
            let said = verdict(declared, body.clone(), version).unwrap_err();
            assert!(said.contains(expected), "{declared} {body}: {said}");
        }
    }
}
