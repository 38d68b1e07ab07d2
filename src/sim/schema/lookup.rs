//! Looks up types, properties and enumerations by name.

use super::enums::ENUMS;
use super::types::{Enum, Kind, Property, Type, Write};
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

    /// Returns the property with a name. Graph does not mind the case of names.
    pub(crate) fn property(&'static self, name: &str) -> Option<&'static Property> {
        self.line().flat_map(|of| of.properties).find(|property| property.name.eq_ignore_ascii_case(name))
    }

    pub(crate) fn has_navigation(&'static self, name: &str) -> bool {
        self.link(name).is_some()
    }

    fn link(&'static self, name: &str) -> Option<&'static str> {
        self.line().flat_map(|of| of.navigation).find(|link| link.eq_ignore_ascii_case(name)).copied()
    }

    /// Returns the spelling of a property that is known to exist, though nothing else about it.
    pub(crate) fn other<'n>(&'static self, name: &'n str) -> Option<&'n str> {
        let others = || self.line().flat_map(|of| of.others);
        let known = others().find(|other| other.eq_ignore_ascii_case(name)).copied();
        known.or_else(|| others().any(|other| *other == "*").then_some(name))
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

/// Returns the spelling of a property of a type, or of one that is built on it, that `$select` may name.
pub(crate) fn spelling<'n>(type_name: &str, name: &'n str, version: ApiVersion) -> Option<&'n str> {
    if name.eq_ignore_ascii_case("id") {
        return Some("id");
    }
    let mut family = types().filter(|of| of.is_a(type_name) || of.name == type_name).peekable();
    if family.peek().is_none() {
        return Some(name);
    }
    family.find_map(|of| {
        let property = of.property(name).filter(|found| found.in_version(version)).map(|found| found.name);
        let other = || {
            let [readable, beta] = of.readable;
            let beta = beta.iter().filter(|_| version == ApiVersion::Beta);
            let mut others = of.line().flat_map(|of| of.others).chain(readable).chain(beta);
            others.find(|other| other.eq_ignore_ascii_case(name)).copied()
        };
        property.or_else(|| of.link(name)).or_else(other)
    })
}

/// Returns `true` if a property of a type, or of one that is built on it, is a time.
pub(crate) fn is_time_of(type_name: &str, name: &str) -> bool {
    let mut family = types().filter(|of| of.is_a(type_name));
    family.any(|of| of.property(name).is_some_and(|found| found.kind == Kind::Time))
}
