//! The uses of groups by foreign objects, by other groups and by licenses.

use serde::Deserialize;
use serde_json::Value;

use crate::catalog::ApiVersion;
use crate::error::{Error, ErrorKind, Result};
use crate::graph::Client;
use crate::model::{Assignment, Group, Id, MdmPolicy, Properties, Text};
use crate::workflow::group_moves::read_containing;
use crate::workflow::step::counted;

/// The collections whose objects can be assigned to a group: the kind for display, and the path. They are not in the
/// catalog of operations; each list is read with `$expand=assignments`.
const COLLECTIONS: &[(&str, &str)] = &[
    ("app", "/deviceAppManagement/mobileApps"),
    ("compliance policy", "/deviceManagement/deviceCompliancePolicies"),
    ("settings catalog policy", "/deviceManagement/configurationPolicies"),
    ("administrative template", "/deviceManagement/groupPolicyConfigurations"),
    ("PowerShell script", "/deviceManagement/deviceManagementScripts"),
];

/// The uses of groups, and the places that could not be read.
#[derive(Debug, Default)]
pub(super) struct GroupUses {
    uses: Vec<(Id<Group>, String)>,
    /// The MDM user scope, if it was read.
    pub(super) scope: Option<MdmPolicy>,
    unread: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assigned {
    display_name: Option<Text>,
    name: Option<Text>,
    assignments: Option<Vec<Assignment>>,
}

impl GroupUses {
    /// Reads all collections, and the uses of these groups in the directory. Records collections that the caller is not
    /// permitted to read.
    pub(super) async fn read(client: &Client, groups: &[Id<Group>]) -> Result<Self> {
        let mut found = Self::default();
        for group in groups {
            found.read_directory(client, group).await?;
        }
        for (kind, path) in COLLECTIONS {
            let list =
                client.request(http::Method::GET, ApiVersion::Beta, path).query("$expand", "assignments");
            let read = list.named("assigned.list").list::<Assigned>().all().await;
            for assigned in found.readable(&format!("assignments, {kind}"), read)?.into_iter().flatten() {
                let name = assigned.display_name.or(assigned.name).unwrap_or_default();
                let Some(assignments) = assigned.assignments else {
                    found.unread.push(format!("assignments of the {kind} {name} (not in the response)"));
                    continue;
                };
                let groups = assignments.iter().filter_map(|held| held.target.as_ref()?.group_id());
                found.uses.extend(groups.map(|group| (group.clone(), format!("the {kind} {name}"))));
            }
        }
        let policy = client.mdm_policies().intune().await;
        found.scope = match policy {
            // A tenant without the policy has no group in it.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            policy => found.readable("the MDM user scope", policy)?,
        };
        Ok(found)
    }

    /// Reads the groups that contain a group, and its licenses, which Graph reports only on request.
    async fn read_directory(&mut self, client: &Client, group: &Id<Group>) -> Result<()> {
        const LICENSES: &str = "assignedLicenses";
        let path = format!("/groups/{group}");
        let read = read_containing(client, &path).await;
        for around in
            self.readable(&format!("the groups that contain the group {group}"), read)?.into_iter().flatten()
        {
            let name = around.display_name.unwrap_or_else(|| around.id.as_str().into());
            self.uses.push((group.clone(), format!("the group {name}, which contains it")));
        }
        let read = client.request(http::Method::GET, ApiVersion::V1, &path).query("$select", LICENSES);
        let read = read.named("groups.licenses").read::<Properties>().await;
        let place = format!("the licenses of the group {group}");
        let Some(read) = self.readable(&place, read)? else { return Ok(()) };
        match read.get(LICENSES).and_then(Value::as_array) {
            Some(licenses) if licenses.is_empty() => {}
            Some(licenses) => {
                self.uses
                    .push((group.clone(), format!("{} of its members", counted(licenses.len(), "license"))));
            }
            None => self.unread.push(format!("{place} (not in the response)")),
        }
        Ok(())
    }

    /// Returns `None` for a collection that the caller is not permitted to read or that the tenant does not support.
    fn readable<T>(&mut self, place: &str, read: Result<T>) -> Result<Option<T>> {
        let error: Error = match read {
            Ok(read) => return Ok(Some(read)),
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Rejected
            | ErrorKind::Decode
            | ErrorKind::Unavailable => {
                let status = error.status().map_or(String::new(), |status| format!(" ({status})"));
                self.unread.push(format!("{place}{status}"));
                Ok(None)
            }
            _ => Err(error),
        }
    }

    /// Returns the uses of a group.
    pub(super) fn of(&self, group: &Id<Group>) -> impl Iterator<Item = &str> {
        self.uses.iter().filter(move |(used, _)| used == group).map(|(_, user)| user.as_str())
    }

    /// Returns the places that could not be read.
    pub(super) fn unread(&self) -> &[String] {
        &self.unread
    }
}
