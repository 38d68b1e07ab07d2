//! The structure of types, properties and enumerations.

use crate::catalog::ApiVersion;

/// A type of an object or of a part.
#[derive(Debug)]
pub(crate) struct Type {
    pub(crate) name: &'static str,
    pub(crate) base: Option<&'static str>,
    pub(crate) is_abstract: bool,
    /// Whether the type is in beta only.
    pub(crate) beta: bool,
    /// Additional properties, known only by name; `*` for any name.
    pub(crate) others: &'static [&'static str],
    pub(crate) properties: &'static [Property],
    /// Names of properties that can be read and that the simulation does not keep; the second list is of beta.
    pub(crate) readable: [&'static [&'static str]; 2],
    /// Links to other objects; never sent in a body.
    pub(crate) navigation: &'static [&'static str],
}

/// A property of a type.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) collection: bool,
    pub(crate) nullable: bool,
    /// Whether the property is in beta only.
    pub(crate) beta: bool,
    pub(crate) write: Write,
}

/// The type of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
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

/// The allowed writes of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Yes,
    /// In a POST only.
    Create,
    /// Ignored: the service keeps its own value.
    Ignored,
    /// The service refuses it.
    Refused,
    /// The service refuses it unless it is false, which it does not mind.
    OnlyFalse,
}

/// The way to read a body: the version, and what is taken beyond the documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) version: ApiVersion,
    /// Text is taken for numbers and booleans.
    pub(crate) takes_text: bool,
    /// A read-only property of [`Write::OnlyFalse`] may be sent as false.
    pub(crate) takes_false: bool,
}

impl Reading {
    /// Creates a reading that takes nothing beyond the documentation.
    #[cfg(test)]
    pub(crate) const fn strict(version: ApiVersion) -> Self {
        Self { version, takes_text: false, takes_false: false }
    }
}

/// An enumeration. Members in `newer` follow the sentinel and are hidden unless requested.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: &'static str,
    pub(crate) members: &'static [&'static str],
    /// Members in beta only.
    pub(crate) beta: &'static [&'static str],
    /// Members after the sentinel.
    pub(crate) newer: &'static [&'static str],
}

impl Type {
    pub(super) const fn new(name: &'static str) -> Self {
        Self {
            name,
            base: None,
            is_abstract: false,
            beta: false,
            others: &[],
            properties: &[],
            readable: [&[], &[]],
            navigation: &[],
        }
    }

    pub(super) const fn extends(self, base: &'static str) -> Self {
        Self { base: Some(base), ..self }
    }

    pub(super) const fn abstract_base(self) -> Self {
        Self { is_abstract: true, ..self }
    }

    pub(super) const fn beta(self) -> Self {
        Self { beta: true, ..self }
    }

    pub(super) const fn others(self, others: &'static [&'static str]) -> Self {
        Self { others, ..self }
    }

    pub(super) const fn properties(self, properties: &'static [Property]) -> Self {
        Self { properties, ..self }
    }

    pub(super) const fn readable(
        self,
        names: &'static [&'static str],
        beta: &'static [&'static str],
    ) -> Self {
        Self { readable: [names, beta], ..self }
    }

    pub(super) const fn navigation(self, navigation: &'static [&'static str]) -> Self {
        Self { navigation, ..self }
    }
}

impl Enum {
    pub(super) const fn new(name: &'static str) -> Self {
        Self { name, members: &[], beta: &[], newer: &[] }
    }

    pub(super) const fn members(self, members: &'static [&'static str]) -> Self {
        Self { members, ..self }
    }

    pub(super) const fn beta(self, beta: &'static [&'static str]) -> Self {
        Self { beta, ..self }
    }

    pub(super) const fn newer(self, newer: &'static [&'static str]) -> Self {
        Self { newer, ..self }
    }
}

impl Property {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, collection: false, nullable: false, beta: false, write: Write::Yes }
    }

    pub(crate) const fn null(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(super) const fn many(self) -> Self {
        Self { collection: true, ..self }
    }

    pub(crate) const fn beta(self) -> Self {
        Self { beta: true, ..self }
    }

    pub(super) const fn on_create(self) -> Self {
        Self { write: Write::Create, ..self }
    }

    pub(super) const fn ignored(self) -> Self {
        Self { write: Write::Ignored, ..self }
    }

    pub(super) const fn only_false(self) -> Self {
        Self { write: Write::OnlyFalse, ..self }
    }

    pub(super) const fn refused(self) -> Self {
        Self { write: Write::Refused, ..self }
    }
}
