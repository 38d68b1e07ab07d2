//! Groups.

use futures_util::StreamExt as _;

use super::update::Update;
use super::{Reference, resource};
use crate::catalog;
use crate::graph::{Call, DeltaList, List, Operation, count, entity, field, nothing};
use crate::model::{DirectoryDevice, DirectoryObject, DisplayName, Group, Id, Settings, Stored};

resource! {
    /// Groups in Entra ID.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::model::{Group, Membership, MembershipRule};
    ///
    /// let rule = MembershipRule::group_tag("Munich")?;
    /// let group = Group::new("Autopilot Munich".parse()?).with_membership(Membership::dynamic(rule));
    /// let group = client.groups().create(&group).await?;
    /// for member in client.groups().members(&group.id).all().await? {
    ///     println!("{}", member.id);
    /// }
    /// # Ok(()) });
    /// ```
    pub struct Groups, groups, "groups"
}

/// The properties to read of a group: Graph omits some unless they are selected.
const PROPERTIES: &str = "createdDateTime,deletedDateTime,description,displayName,groupTypes,id,isAssignableToRole,\
    mailEnabled,mailNickname,membershipRule,membershipRuleProcessingState,onPremisesSyncEnabled,securityEnabled,\
    securityIdentifier,uniqueName,visibility";

/// The maximum number of owners of a new group.
const MOST_OWNERS: usize = 20;

impl Groups<'_> {
    /// Lists all groups. Supports the filters `displayName eq` and `startswith`. Names are not unique.
    ///
    /// # Permissions
    /// `Group.ReadBasic.All`
    /// # API
    /// `v1.0`. [List groups](https://learn.microsoft.com/en-us/graph/api/group-list?view=graph-rest-1.0)
    #[inline]
    pub fn list(&self) -> List<Stored<Group>> {
        List::new(self.client, &catalog::GROUPS_LIST, &[]).selecting(PROPERTIES)
    }

    /// Lists the groups with exactly this name. There may be several: names are not unique.
    ///
    /// The client compares the names again, because the service's filter ignores case.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// let found = client.groups().find_by_name(&"Autopilot hybrid".parse()?).all().await?;
    /// assert!(found.is_empty());
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `Group.ReadBasic.All`
    #[inline]
    pub fn find_by_name(&self, name: &DisplayName) -> List<Stored<Group>> {
        self.list()
            .filter(field("displayName").eq(name.as_str()))
            .comparing_exactly("displayName", name.as_str())
    }

    /// Lists the groups added, changed or removed since a delta link, with their added and removed members, or all
    /// groups if there is no link.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// use windows_autopilot::model::Delta;
    ///
    /// # tenant.add_group("Autopilot Munich");
    /// let changes = client.groups().delta().all().await?;
    /// for change in &changes.items {
    ///     match change {
    ///         Delta::Changed(changed) => println!("{}", changed.group.settings.display_name),
    ///         Delta::Removed { id, .. } => println!("{id} is gone"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Resync`](crate::ErrorKind::Resync) if the service no longer recognizes the link: start again
    /// without one.
    /// # Permissions
    /// `Group.ReadBasic.All`
    /// # API
    /// `v1.0`. [group: delta](https://learn.microsoft.com/en-us/graph/api/group-delta?view=graph-rest-1.0)
    #[inline]
    pub fn delta(&self) -> DeltaList<Group> {
        DeltaList::new(self.client, &catalog::GROUPS_DELTA)
    }

    /// Returns one group. A new group may not be found for a while.
    ///
    /// # Permissions
    /// `GroupMember.Read.All`
    /// # API
    /// `v1.0`. [Get group](https://learn.microsoft.com/en-us/graph/api/group-get?view=graph-rest-1.0)
    #[inline]
    pub fn get(&self, id: &Id<Group>) -> Call<Stored<Group>> {
        let operation = Operation::new(&catalog::GROUPS_GET, &[id.as_str()], entity);
        Call::new(self.client, operation.with_query("$select", PROPERTIES))
    }

    /// Counts the groups. The count is approximate, because the directory updates it with a delay.
    ///
    /// # Permissions
    /// `Group.ReadBasic.All`
    /// # API
    /// `v1.0`. Microsoft has no documentation page for this operation.
    #[inline]
    pub fn count(&self) -> Call<u64> {
        let operation =
            Operation::new(&catalog::GROUPS_COUNT, &[], count).with_header("consistencylevel", "eventual");
        Call::new(self.client, operation)
    }

    /// Creates a group. Names are not unique: search by name first.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) before the request, if [`Group::lint`] finds an
    /// error; [`ErrorKind::UnknownOutcome`](crate::ErrorKind::UnknownOutcome) if there was no response: search by name
    /// before sending the request again.
    /// # Permissions
    /// `Group.Create` for an app, which then cannot change the group, or `Group.ReadWrite.All`.
    /// # API
    /// `v1.0`. [Create group](https://learn.microsoft.com/en-us/graph/api/group-post-groups?view=graph-rest-1.0)
    #[inline]
    pub fn create(&self, group: &Group) -> Call<Stored<Group>> {
        self.create_with_owners(group, &[])
    }

    /// Creates a group with owners: users or service principals. An app with only `Group.Create` can change only groups
    /// that it owns.
    ///
    /// [`Id::cast`] converts a user's id into a directory object's id.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_user("adele@contoso.com");
    /// # use windows_autopilot::model::Group;
    /// let adele = client.users().get_by_name(&"adele@contoso.com".parse()?).await?;
    /// let group = Group::new("Autopilot hybrid".parse()?);
    /// client.groups().create_with_owners(&group, &[adele.id.cast()]).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// Same as [`create`](Self::create); [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for more than 20
    /// owners; [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for an owner that does not exist.
    /// # Permissions
    /// `Group.Create` for an app, or `Group.ReadWrite.All`.
    /// # API
    /// `v1.0`. [Create group](https://learn.microsoft.com/en-us/graph/api/group-post-groups?view=graph-rest-1.0)
    #[inline]
    pub fn create_with_owners(&self, group: &Group, owners: &[Id<DirectoryObject>]) -> Call<Stored<Group>> {
        let mut body = group.to_create_body();
        if !owners.is_empty() {
            let link =
                |owner: &Id<_>| Reference::to(self.client, "v1.0", "directoryObjects", owner.as_str()).id;
            body.insert("owners@odata.bind", owners.iter().map(link).collect::<Vec<_>>());
        }
        let problem = (owners.len() > MOST_OWNERS).then(|| {
            format!("a group cannot be created with {} owners: give at most {MOST_OWNERS}", owners.len())
        });
        let operation = Operation::new(&catalog::GROUPS_CREATE, &[], entity).with_json(&body);
        Call::new(self.client, operation.refused(problem).refusing(&group.lint()))
    }

    /// Changes a group to the desired settings.
    ///
    /// # Permissions
    /// `Group.ReadWrite.All`
    /// # API
    /// `v1.0`. [Update group](https://learn.microsoft.com/en-us/graph/api/group-update?view=graph-rest-1.0)
    #[inline]
    pub fn update(&self, stored: &Stored<Group>, desired: &Group) -> Update<Group> {
        Update::new(self.client, stored, desired, &catalog::GROUPS_UPDATE, &catalog::GROUPS_GET)
            .selecting(PROPERTIES)
            .refusing(&stored.settings.lint(), desired.lint())
    }

    /// Deletes a group. Objects assigned to the group lose their target, and an Autopilot profile keeps an orphaned
    /// assignment for days: remove assignments first.
    ///
    /// # Permissions
    /// `Group.ReadWrite.All`
    /// # API
    /// `v1.0`. [Delete group](https://learn.microsoft.com/en-us/graph/api/group-delete?view=graph-rest-1.0)
    #[inline]
    pub fn delete(&self, id: &Id<Group>) -> Call<()> {
        Call::new(self.client, Operation::new(&catalog::GROUPS_DELETE, &[id.as_str()], nothing))
    }

    /// Lists the members of a group. The members of a dynamic group follow its rule with a delay.
    ///
    /// For a device, Graph returns only the id unless the caller has `Device.Read.All`.
    ///
    /// # Permissions
    /// `GroupMember.ReadBasic.All`
    /// # API
    /// `v1.0`. [List group members](https://learn.microsoft.com/en-us/graph/api/group-list-members?view=graph-rest-1.0)
    #[inline]
    pub fn members(&self, id: &Id<Group>) -> List<DirectoryObject> {
        List::new(self.client, &catalog::GROUPS_MEMBERS_LIST, &[id.as_str()])
    }

    /// Lists the members of a group and of its nested groups at any depth, including the nested groups themselves.
    ///
    /// A page has 100 members by default; the service allows up to 999 (see [`List::page_size`]).
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// let (site, floor) = (tenant.add_group("Munich"), tenant.add_group("Munich, first floor"));
    /// tenant.add_member(&site, &floor);
    /// let device = tenant.add_device("PF3XK7M1");
    /// tenant.add_member(&floor, &device);
    /// let members = client.groups().transitive_members(&site.parse()?).page_size(999).all().await?;
    /// assert_eq!(members.len(), 2); // the nested group and the device
    /// # Ok(()) });
    /// ```
    ///
    /// # Permissions
    /// `GroupMember.ReadBasic.All`
    /// # API
    /// `v1.0`. [List group transitive members](https://learn.microsoft.com/en-us/graph/api/group-list-transitivemembers?view=graph-rest-1.0)
    #[inline]
    pub fn transitive_members(&self, id: &Id<Group>) -> List<DirectoryObject> {
        List::new(self.client, &catalog::GROUPS_TRANSITIVE_MEMBERS_LIST, &[id.as_str()])
    }

    /// Adds a device to an assigned group, by the id of its directory object.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_device("PF3XK7M1");
    /// # let group = tenant.add_group("Autopilot Munich").parse()?;
    /// let device = client.directory_devices().list().all().await?.remove(0);
    /// client.groups().add_member(&group, &device.id).await?;
    /// client.groups().remove_member(&group, &device.id).await?;
    /// # Ok(()) });
    /// ```
    ///
    /// The service rejects a device that is already a member. The call then lists the members, and succeeds if the
    /// device is among them. A call in a batch does not perform this check.
    ///
    /// # Errors
    /// [`ErrorKind::Rejected`](crate::ErrorKind::Rejected) if the group is dynamic.
    /// # Permissions
    /// `GroupMember.ReadWrite.All` and `Device.ReadWrite.All`
    /// # API
    /// `v1.0`. [Add members](https://learn.microsoft.com/en-us/graph/api/group-post-members?view=graph-rest-1.0)
    #[inline]
    pub fn add_member(&self, id: &Id<Group>, device: &Id<DirectoryDevice>) -> Call<()> {
        let body = Reference::to(self.client, "v1.0", "directoryObjects", device.as_str());
        let operation = Operation::new(&catalog::GROUPS_MEMBERS_ADD_REF, &[id.as_str()], nothing);
        let (members, device) = (self.members(id), device.clone());
        Call::new(self.client, operation.with_json(&body)).rescued_by(|rejected| async move {
            let mut members = members.items();
            while let Some(member) = members.next().await {
                match member {
                    Ok(member) if member.id == device.cast() => return Ok(()),
                    Ok(_) => {}
                    Err(_) => break,
                }
            }
            Err(rejected)
        })
    }

    /// Removes a device from an assigned group by deleting the link (`/$ref`). The same request without `/$ref` would
    /// delete the device's object; this method never sends it.
    ///
    /// # Permissions
    /// `GroupMember.ReadWrite.All`
    /// # API
    /// `v1.0`. [Remove member](https://learn.microsoft.com/en-us/graph/api/group-delete-members?view=graph-rest-1.0)
    #[inline]
    pub fn remove_member(&self, id: &Id<Group>, device: &Id<DirectoryDevice>) -> Call<()> {
        let info = &catalog::GROUPS_MEMBERS_REMOVE_REF;
        Call::new(self.client, Operation::new(info, &[id.as_str(), device.as_str()], nothing))
    }
}
