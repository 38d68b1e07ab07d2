//! The permissions that an operation requires.

use crate::catalog::Permissions;

/// Permissions that allow a call: any one of them, or all. Without any for applications, they may not call.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    pub(crate) delegated: &'static [&'static str],
    pub(crate) application: &'static [&'static str],
    pub(crate) all: bool,
}

impl Need {
    /// A token without any permission.
    pub(crate) const NOTHING: Self = Self { delegated: &[], application: &[], all: false };

    /// Creates a need for any of the catalog's permissions.
    pub(crate) const fn any_of(permissions: &Permissions) -> Self {
        Self {
            delegated: permissions.delegated.accepted,
            application: permissions.application.accepted,
            all: false,
        }
    }

    /// Returns `true` if any caller may call.
    pub(crate) fn is_open(&self) -> bool {
        self.delegated.is_empty() && self.application.is_empty()
    }
}
