//! Groups.

use super::update::Update;
use super::{Reference, resource};
use crate::catalog;
use crate::graph::{Call, List, Operation, count, entity, nothing};
use crate::model::{DirectoryDevice, DirectoryObject, Group, Id, Settings, Stored};

resource! {
    /// Groups in Entra ID.
    pub struct Groups, groups
}

/// What is asked of a group: Graph leaves some of it out unless it is named.
const PROPERTIES: &str = "createdDateTime,deletedDateTime,description,displayName,groupTypes,id,isAssignableToRole,\
    mailEnabled,mailNickname,membershipRule,membershipRuleProcessingState,onPremisesSyncEnabled,securityEnabled,\
    securityIdentifier,uniqueName,visibility";

impl Groups<'_> {
    /// Lists all groups. `displayName eq` and `startswith` are understood as filters. Names are not unique.
    ///
    /// # Permissions
    /// `Group.ReadBasic.All`
    /// # API
    /// `v1.0`. [List groups](https://learn.microsoft.com/en-us/graph/api/group-list?view=graph-rest-1.0)
    pub fn list(&self) -> List<Stored<Group>> {
        List::new(self.client, &catalog::GROUPS_LIST, &[]).selecting(PROPERTIES)
    }

    /// Returns one group. Right after its creation, a group may not be found yet.
    ///
    /// # Permissions
    /// `GroupMember.Read.All`
    /// # API
    /// `v1.0`. [Get group](https://learn.microsoft.com/en-us/graph/api/group-get?view=graph-rest-1.0)
    pub fn get(&self, id: &Id<Group>) -> Call<Stored<Group>> {
        let operation = Operation::new(&catalog::GROUPS_GET, &[id.as_str()], entity);
        Call::new(self.client, operation.with_query("$select", PROPERTIES))
    }

    /// Counts the groups, approximately: the directory counts with a delay.
    ///
    /// # Permissions
    /// `Group.ReadBasic.All`
    /// # API
    /// `v1.0`, without a page.
    pub fn count(&self) -> Call<u64> {
        let operation =
            Operation::new(&catalog::GROUPS_COUNT, &[], count).with_header("consistencylevel", "eventual");
        Call::new(self.client, operation)
    }

    /// Creates a group. Names are not unique: look for one of the name first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before it is sent, if [`Group::lint`] finds an error.
    /// [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if no answer came: look for it by name before
    /// sending it again.
    /// # Permissions
    /// `Group.Create` for an app, which then cannot change what it created; `Group.ReadWrite.All`.
    /// # API
    /// `v1.0`. [Create group](https://learn.microsoft.com/en-us/graph/api/group-post-groups?view=graph-rest-1.0)
    pub fn create(&self, group: &Group) -> Call<Stored<Group>> {
        let operation = Operation::new(&catalog::GROUPS_CREATE, &[], entity);
        Call::new(self.client, operation.with_json(&group.to_create_body()).refusing(&group.lint()))
    }

    /// Changes a group to what is wished.
    ///
    /// # Permissions
    /// `Group.ReadWrite.All`
    /// # API
    /// `v1.0`. [Update group](https://learn.microsoft.com/en-us/graph/api/group-update?view=graph-rest-1.0)
    pub fn update(&self, stored: &Stored<Group>, wish: &Group) -> Update<Group> {
        Update::new(self.client, stored, wish, &catalog::GROUPS_UPDATE, &catalog::GROUPS_GET)
            .selecting(PROPERTIES)
            .refusing(&stored.settings.lint(), wish.lint())
    }

    /// Deletes a group. What is assigned to it loses its target, and an Autopilot profile keeps an orphaned assignment
    /// for days: take assignments away first.
    ///
    /// # Permissions
    /// `Group.ReadWrite.All`
    /// # API
    /// `v1.0`. [Delete group](https://learn.microsoft.com/en-us/graph/api/group-delete?view=graph-rest-1.0)
    pub fn delete(&self, id: &Id<Group>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::GROUPS_DELETE, &[id.as_str()], nothing))
    }

    /// Lists the members of a group. Those of a dynamic group follow its rule with a delay.
    ///
    /// Graph shows more than the id of a device only to a caller who also has `Device.Read.All`.
    ///
    /// # Permissions
    /// `GroupMember.ReadBasic.All`
    /// # API
    /// `v1.0`. [List group members](https://learn.microsoft.com/en-us/graph/api/group-list-members?view=graph-rest-1.0)
    pub fn members(&self, id: &Id<Group>) -> List<DirectoryObject> {
        List::new(self.client, &catalog::GROUPS_MEMBERS_LIST, &[id.as_str()])
    }

    /// Adds a device to an assigned group, by the object id of its directory object.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if it is a member already, or if the group is dynamic.
    /// # Permissions
    /// `GroupMember.ReadWrite.All` and `Device.ReadWrite.All`
    /// # API
    /// `v1.0`. [Add members](https://learn.microsoft.com/en-us/graph/api/group-post-members?view=graph-rest-1.0)
    pub fn add_member(&self, id: &Id<Group>, device: &Id<DirectoryDevice>) -> Call<()> {
        let body = Reference::to(self.client, "v1.0", "directoryObjects", device.as_str());
        let operation = Operation::new(&catalog::GROUPS_MEMBERS_ADD_REF, &[id.as_str()], nothing);
        Call::new(self.client, operation.with_json(&body))
    }

    /// Takes a device out of an assigned group. It goes by the link: without that, the device's own object would be
    /// deleted, and there is no call here that does so.
    ///
    /// # Permissions
    /// `GroupMember.ReadWrite.All`
    /// # API
    /// `v1.0`. [Remove member](https://learn.microsoft.com/en-us/graph/api/group-delete-members?view=graph-rest-1.0)
    pub fn remove_member(&self, id: &Id<Group>, device: &Id<DirectoryDevice>) -> Call<()> {
        let info = &catalog::GROUPS_MEMBERS_REMOVE_REF;
        Call::new(self.client, Operation::new(info, &[id.as_str(), device.as_str()], nothing))
    }
}
