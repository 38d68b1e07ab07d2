//! An organizational unit or a container, as far as its permissions go.

use super::descriptor::{Acl, Guid, SecurityDescriptor};
use super::directory::{DescriptorParts, Directory, DirectoryError, DirectoryErrorKind, Entry, Search};

/// The bit of `sDRightsEffective` that tells that the DACL may be written.
const MAY_WRITE_DACL: i64 = 4;

/// A place in which computer accounts are created.
#[derive(Debug, Clone)]
pub(in crate::ad) struct Place {
    entry: Entry,
    /// Where it is, whatever it is called.
    pub(in crate::ad) guid: Guid,
    descriptor: Option<SecurityDescriptor>,
}

impl Place {
    /// Reads a place; `None` if there is none of that name, or it may not be seen.
    pub(in crate::ad) async fn read(
        directory: &dyn Directory,
        name: &str,
    ) -> Result<Option<Self>, DirectoryError> {
        let attributes = ["objectClass", "objectGUID", "sDRightsEffective"];
        let search = Search::entry(name).with_attributes(attributes).with_descriptor(DescriptorParts::DACL);
        let Some(entry) = directory.read(search).await? else { return Ok(None) };
        let guid = entry.guid("objectGUID");
        let guid = guid.ok_or_else(|| DirectoryError::unexpected("an entry has no objectGUID"))?;
        let descriptor = entry.descriptor()?;
        Ok(Some(Self { entry, guid, descriptor }))
    }

    /// The name by which it is found wherever it is.
    pub(in crate::ad) fn steady_name(guid: Guid) -> String {
        format!("<GUID={guid}>")
    }

    /// Its distinguished name.
    pub(in crate::ad) fn name(&self) -> &str {
        self.entry.distinguished_name()
    }

    pub(in crate::ad) fn is(&self, class: &str) -> bool {
        self.entry.has("objectClass", class)
    }

    /// Whether the signed-in account may change the DACL.
    pub(in crate::ad) fn may_delegate(&self) -> bool {
        self.entry.number("sDRightsEffective").is_some_and(|bits| bits & MAY_WRITE_DACL != 0)
    }

    /// The descriptor, with the DACL alone; `None` if it may not be read.
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
