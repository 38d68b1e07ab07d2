//! An organizational unit or a container, as far as its permissions go.

use super::descriptor::{Acl, Guid, SecurityDescriptor};
use super::directory::{DescriptorParts, Directory, DirectoryError, DirectoryErrorKind, Entry, Search};

/// The bit of `sDRightsEffective` that tells that the DACL may be written.
const MAY_WRITE_DACL: i64 = 4;

/// A place in which computer accounts are created.
#[derive(Debug, Clone)]
pub(in crate::ad) struct Place {
    entry: Entry,
    /// Its GUID; `None` if the signed-in account may not read it.
    pub(in crate::ad) guid: Option<Guid>,
    descriptor: Option<SecurityDescriptor>,
}

impl Place {
    /// Reads a place; `None` if there is none of that name, or it is not visible.
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

    /// The name by which the place is found wherever it is, as far as its GUID may be read.
    pub(in crate::ad) fn steady_name(&self) -> String {
        steady_name(self.guid, self.name())
    }

    /// Its distinguished name.
    pub(in crate::ad) fn name(&self) -> &str {
        self.entry.distinguished_name()
    }

    /// Returns whether the place is of a class; `None` if its classes may not be read.
    pub(in crate::ad) fn is(&self, class: &str) -> Option<bool> {
        (!self.entry.values("objectClass").is_empty()).then(|| self.entry.has("objectClass", class))
    }

    /// Whether the signed-in account may change the DACL.
    pub(in crate::ad) fn may_delegate(&self) -> bool {
        self.entry.number("sDRightsEffective").is_some_and(|bits| bits & MAY_WRITE_DACL != 0)
    }

    /// The descriptor, with owner and DACL; `None` if it may not be read.
    pub(in crate::ad) fn descriptor(&self) -> Option<&SecurityDescriptor> {
        self.descriptor.as_ref()
    }

    /// The DACL, if it may be read and there is one.
    pub(in crate::ad) fn dacl(&self) -> Result<(&SecurityDescriptor, &Acl), DirectoryError> {
        let Some(descriptor) = &self.descriptor else {
            let message = "the permissions may not be read";
            return Err(DirectoryError::new(DirectoryErrorKind::AccessDenied, message));
        };
        let none = || {
            let message = "there is no list of permissions, and so everybody may do everything";
            DirectoryError::new(DirectoryErrorKind::Rejected, message)
                .with_remedy("give the organizational unit the permissions of a new one first")
        };
        descriptor.dacl().map(|dacl| (descriptor, dacl)).ok_or_else(none)
    }
}

/// The name by which an entry is found: wherever it is, if its GUID is known.
pub(in crate::ad) fn steady_name(guid: Option<Guid>, name: &str) -> String {
    guid.map_or_else(|| name.to_owned(), |guid| format!("<GUID={guid}>"))
}
