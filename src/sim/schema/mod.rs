//! The types of Graph that are in scope: their properties, and what a request may send.

mod beyond;
mod check;
mod directory;
mod enums;
mod intune;

pub(super) use self::check::{BASE64, check, check_value, not_assignable};
use serde_json::{Value, json};

use super::exchange::Version;
use super::store::Body;

/// A type of an object, or of a part of one.
#[derive(Debug)]
pub(super) struct Type {
    pub(super) name: &'static str,
    pub(super) base: Option<&'static str>,
    pub(super) is_abstract: bool,
    /// In beta only.
    pub(super) beta: bool,
    /// Names of properties that exist too, but of which nothing more is checked; `*` for any name.
    pub(super) others: &'static [&'static str],
    pub(super) properties: &'static [Property],
    /// Links to other objects; never part of a body that is sent.
    pub(super) navigation: &'static [&'static str],
}

/// A property of a type.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) collection: bool,
    pub(super) nullable: bool,
    /// In beta only.
    pub(super) beta: bool,
    pub(super) write: Write,
}

/// The type of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Int32,
    Int64,
    Time,
    Span,
    Binary,
    Enum(&'static str),
    Complex(&'static str),
}

/// What a request may do with a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Yes,
    /// In a POST alone.
    Create,
    /// The service keeps its own value and does not mind another.
    Ignored,
    /// The service refuses it.
    Refused,
}

/// An enumeration. Members behind `newer` came after the sentinel and are hidden unless asked for.
#[derive(Debug)]
pub(super) struct Enum {
    pub(super) name: &'static str,
    pub(super) members: &'static [&'static str],
    /// Members that only beta has.
    pub(super) beta: &'static [&'static str],
    /// Members behind the sentinel.
    pub(super) newer: &'static [&'static str],
}

impl Property {
    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, collection: false, nullable: false, beta: false, write: Write::Yes }
    }

    pub(super) const fn null(self) -> Self {
        Self { nullable: true, ..self }
    }

    const fn many(self) -> Self {
        Self { collection: true, ..self }
    }

    pub(super) const fn beta(self) -> Self {
        Self { beta: true, ..self }
    }

    const fn on_create(self) -> Self {
        Self { write: Write::Create, ..self }
    }

    const fn ignored(self) -> Self {
        Self { write: Write::Ignored, ..self }
    }

    const fn refused(self) -> Self {
        Self { write: Write::Refused, ..self }
    }
}

/// The type called `name`.
pub(super) fn find(name: &str) -> Option<&'static Type> {
    let name = name.trim_start_matches('#').trim_start_matches("microsoft.graph.");
    types().find(|candidate| candidate.name == name)
}

/// Every type.
pub(super) fn types() -> impl Iterator<Item = &'static Type> {
    intune::TYPES.iter().chain(directory::TYPES).chain(beyond::TYPES)
}

/// The enumeration called `name`.
pub(super) fn find_enum(name: &str) -> Option<&'static Enum> {
    enums::ENUMS.iter().find(|candidate| candidate.name == name)
}

impl Type {
    /// The type itself and those it is built on, nearest first.
    pub(super) fn line(&'static self) -> impl Iterator<Item = &'static Type> {
        std::iter::successors(Some(self), |of| find(of.base?))
    }

    pub(super) fn is_a(&'static self, name: &str) -> bool {
        self.line().any(|of| of.name == name)
    }

    pub(super) fn property(&'static self, name: &str) -> Option<&'static Property> {
        self.line().flat_map(|of| of.properties).find(|property| property.name == name)
    }

    pub(super) fn has_navigation(&'static self, name: &str) -> bool {
        self.line().any(|of| of.navigation.contains(&name))
    }

    /// Whether the property is known to exist, though nothing else about it.
    pub(super) fn has_other(&'static self, name: &str) -> bool {
        self.line().flat_map(|of| of.others).any(|other| *other == name || *other == "*")
    }

    pub(super) fn in_version(&self, version: Version) -> bool {
        !self.beta || version == Version::Beta
    }
}

impl Property {
    pub(super) fn in_version(&self, version: Version) -> bool {
        !self.beta || version == Version::Beta
    }
}

impl Enum {
    pub(super) fn has(&self, member: &str, version: Version) -> bool {
        self.members.contains(&member) || (version == Version::Beta && self.beta.contains(&member))
    }
}

/// A property that can be set in a POST alone and that a change would set anew.
pub(super) fn set_too_late<'a>(of: &'static Type, sent: &'a Body, kept: &Body) -> Option<&'a str> {
    let fixed = |name: &str| of.property(name).is_some_and(|property| property.write == Write::Create);
    sent.iter()
        .find(|(name, value)| fixed(name) && kept.get(*name) != Some(*value))
        .map(|(name, _)| name.as_str())
}

/// Whether `$select` may name the property of a type, or of one that is built on it.
pub(super) fn has_property(type_name: &str, property: &str, version: Version) -> bool {
    if property == "id" {
        return true;
    }
    let family = types().filter(|of| of.is_a(type_name) || of.name == type_name);
    let mut seen = false;
    for of in family {
        seen = true;
        if of.property(property).is_some_and(|found| found.in_version(version))
            || of.has_navigation(property)
            || of.line().flat_map(|of| of.others).any(|other| *other == property)
        {
            return true;
        }
    }
    !seen
}

/// Hides enum members that are newer than the sentinel, and what v1.0 does not have of an object of `type_name`.
pub(super) fn trim(body: &mut Body, type_name: &str, version: Version, newer_members: bool) {
    if version == Version::Beta && newer_members {
        return;
    }
    let Some(of) = find(type_name) else { return };
    body.retain(|key, value| {
        let Some(property) = of.property(key) else { return true };
        if let (Kind::Enum(name), Some(member)) = (property.kind, value.as_str()) {
            let hidden = find_enum(name).is_some_and(|of| {
                (!newer_members && of.newer.contains(&member))
                    || (version == Version::V1
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

/// All types and enumerations of a version, as JSON.
pub(super) fn metadata(version: Version) -> Value {
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
    let enums = enums::ENUMS.iter().map(|of| {
        let beta = of.beta.iter().filter(|_| version == Version::Beta);
        (of.name.to_owned(), of.members.iter().chain(beta).copied().collect())
    });
    json!({"types": Value::Object(types.collect()), "enums": Value::Object(enums.collect())})
}
