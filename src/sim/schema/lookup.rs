//! Looks up types, properties and enumerations by name.

use super::enums::ENUMS;
use super::types::{Enum, Property, Type, Write};
use super::{beyond, directory, intune};
use crate::catalog::ApiVersion;
use crate::sim::store::Body;

/// Returns the type called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Type> {
    let name = name.trim_start_matches('#').trim_start_matches("microsoft.graph.");
    types().find(|candidate| candidate.name == name)
}

/// Returns every type.
pub(crate) fn types() -> impl Iterator<Item = &'static Type> {
    intune::TYPES.iter().chain(directory::TYPES).chain(beyond::TYPES)
}

/// Returns the enumeration called `name`.
pub(crate) fn find_enum(name: &str) -> Option<&'static Enum> {
    ENUMS.iter().find(|candidate| candidate.name == name)
}

impl Type {
    /// Returns the type and its base types, nearest first.
    pub(crate) fn line(&'static self) -> impl Iterator<Item = &'static Type> {
        std::iter::successors(Some(self), |of| find(of.base?))
    }

    pub(crate) fn is_a(&'static self, name: &str) -> bool {
        self.line().any(|of| of.name == name)
    }

    pub(crate) fn property(&'static self, name: &str) -> Option<&'static Property> {
        self.line().flat_map(|of| of.properties).find(|property| property.name == name)
    }

    pub(crate) fn has_navigation(&'static self, name: &str) -> bool {
        self.line().any(|of| of.navigation.contains(&name))
    }

    /// Returns `true` if the property is known only by name.
    pub(crate) fn has_other(&'static self, name: &str) -> bool {
        self.line().flat_map(|of| of.others).any(|other| *other == name || *other == "*")
    }

    pub(crate) fn in_version(&self, version: ApiVersion) -> bool {
        !self.beta || version == ApiVersion::Beta
    }
}

impl Property {
    pub(crate) fn in_version(&self, version: ApiVersion) -> bool {
        !self.beta || version == ApiVersion::Beta
    }
}

impl Enum {
    pub(crate) fn has(&self, member: &str, version: ApiVersion) -> bool {
        self.members.contains(&member) || (version == ApiVersion::Beta && self.beta.contains(&member))
    }
}

/// Returns a property that a change would set although it is only settable in a POST.
pub(crate) fn set_too_late<'a>(of: &'static Type, sent: &'a Body, kept: &Body) -> Option<&'a str> {
    let fixed = |name: &str| of.property(name).is_some_and(|property| property.write == Write::Create);
    sent.iter()
        .find(|(name, value)| fixed(name) && kept.get(*name) != Some(*value))
        .map(|(name, _)| name.as_str())
}

/// Returns `true` if `$select` may name the property for a type or a derived one.
pub(crate) fn has_property(type_name: &str, property: &str, version: ApiVersion) -> bool {
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
