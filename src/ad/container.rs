//! An organizational unit or container with its permissions.

use super::descriptor::{Acl, Guid, SecurityDescriptor};
use super::directory::{DescriptorParts, Directory, DirectoryError, DirectoryErrorKind, Entry, Search};

/// The bit of `sDRightsEffective` for the right to write the DACL.
const MAY_WRITE_DACL: i64 = 4;

/// An organizational unit or container for computer accounts.
#[derive(Debug, Clone)]
pub(in crate::ad) struct Container {
    entry: Entry,
    /// The GUID; `None` if the signed-in account is not permitted to read it.
    pub(in crate::ad) guid: Option<Guid>,
    descriptor: Option<SecurityDescriptor>,
}

impl Container {
    /// Reads an OU or container; `None` if it does not exist or is not visible.
    pub(in crate::ad) async fn read(
        directory: &dyn Directory,
        name: &str,
    ) -> Result<Option<Self>, DirectoryError> {
        let attributes = ["objectClass", "objectGUID", "sDRightsEffective"];
        let parts = DescriptorParts::OWNER_AND_DACL;
        let search = Search::entry(name).with_attributes(attributes).with_descriptor(parts);
        let Some(entry) = directory.read(search).await? else { return Ok(None) };
        let (guid, descriptor) = (entry.guid("objectGUID"), entry.descriptor()?);
        Ok(Some(Self { entry, guid, descriptor }))
    }

    /// Returns a name that survives a move: by the GUID, if that may be read.
    pub(in crate::ad) fn steady_name(&self) -> String {
        steady_name(self.guid, self.name())
    }

    /// Returns the distinguished name.
    pub(in crate::ad) fn name(&self) -> &str {
        self.entry.distinguished_name()
    }

    /// Returns whether the entry is of a class; `None` if its classes cannot be read for lack of permission.
    pub(in crate::ad) fn is(&self, class: &str) -> Option<bool> {
        (!self.entry.values("objectClass").is_empty()).then(|| self.entry.has("objectClass", class))
    }

    /// Returns `true` if the signed-in account may change the DACL.
    pub(in crate::ad) fn may_delegate(&self) -> bool {
        self.entry.number("sDRightsEffective").is_some_and(|bits| bits & MAY_WRITE_DACL != 0)
    }

    /// Returns the descriptor with owner and DACL; `None` if it cannot be read for lack of permission.
    pub(in crate::ad) fn descriptor(&self) -> Option<&SecurityDescriptor> {
        self.descriptor.as_ref()
    }

    /// Returns the descriptor and its DACL.
    pub(in crate::ad) fn dacl(&self) -> Result<(&SecurityDescriptor, &Acl), DirectoryError> {
        let Some(descriptor) = &self.descriptor else {
            let message = "the signed-in account is not permitted to read the permissions";
            return Err(DirectoryError::new(DirectoryErrorKind::AccessDenied, message));
        };
        let none = || {
            let message = "there is no list of permissions, so everybody may do everything";
            DirectoryError::new(DirectoryErrorKind::Rejected, message)
                .with_remedy("give the organizational unit default permissions first")
        };
        descriptor.dacl().map(|dacl| (descriptor, dacl)).ok_or_else(none)
    }
}

/// Returns a name that survives a move if the GUID is known, or else the distinguished name.
pub(in crate::ad) fn steady_name(guid: Option<Guid>, name: &str) -> String {
    guid.map_or_else(|| name.to_owned(), |guid| format!("<GUID={guid}>"))
}
