//! The form of types, properties and enumerations.

/// A type of an object, or of a part of one.
#[derive(Debug)]
pub(in crate::sim) struct Type {
    pub(in crate::sim) name: &'static str,
    pub(in crate::sim) base: Option<&'static str>,
    pub(in crate::sim) is_abstract: bool,
    /// In beta only.
    pub(in crate::sim) beta: bool,
    /// Names of properties that exist too, but of which nothing more is checked; `*` for any name.
    pub(in crate::sim) others: &'static [&'static str],
    pub(in crate::sim) properties: &'static [Property],
    /// Links to other objects; never part of a body that is sent.
    pub(in crate::sim) navigation: &'static [&'static str],
}

/// A property of a type.
#[derive(Debug)]
pub(in crate::sim) struct Property {
    pub(in crate::sim) name: &'static str,
    pub(in crate::sim) kind: Kind,
    pub(in crate::sim) collection: bool,
    pub(in crate::sim) nullable: bool,
    /// In beta only.
    pub(in crate::sim) beta: bool,
    pub(in crate::sim) write: Write,
}

/// The type of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Kind {
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
pub(in crate::sim) enum Write {
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
pub(in crate::sim) struct Enum {
    pub(in crate::sim) name: &'static str,
    pub(in crate::sim) members: &'static [&'static str],
    /// Members that only beta has.
    pub(in crate::sim) beta: &'static [&'static str],
    /// Members behind the sentinel.
    pub(in crate::sim) newer: &'static [&'static str],
}

impl Property {
    pub(in crate::sim) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, collection: false, nullable: false, beta: false, write: Write::Yes }
    }

    pub(in crate::sim) const fn null(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(super) const fn many(self) -> Self {
        Self { collection: true, ..self }
    }

    pub(in crate::sim) const fn beta(self) -> Self {
        Self { beta: true, ..self }
    }

    pub(super) const fn on_create(self) -> Self {
        Self { write: Write::Create, ..self }
    }

    pub(super) const fn ignored(self) -> Self {
        Self { write: Write::Ignored, ..self }
    }

    pub(super) const fn refused(self) -> Self {
        Self { write: Write::Refused, ..self }
    }
}
