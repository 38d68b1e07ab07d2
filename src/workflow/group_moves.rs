//! The groups that a device joins and leaves when its registration changes.

use serde::Deserialize;

use super::resultant::{if_allowed, rule_fits};
use crate::catalog::ApiVersion;
use crate::error::{ErrorKind, Result};
use crate::graph::Client;
use crate::model::{
    Device, DirectoryDevice, Finding, FindingKind, Group, Id, Lookup, Membership, Stored, Text,
};

/// The groups of a tenant; unknown if the caller is not permitted to read them.
pub(super) struct Groups(Lookup<Vec<Stored<Group>>>);

/// The groups that a device joins and leaves, by name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct GroupMoves {
    pub(super) joins: Vec<String>,
    pub(super) leaves: Vec<String>,
}

impl Groups {
    /// Reads all groups.
    pub(super) async fn read(client: &Client) -> Result<Self> {
        if_allowed(client.groups().list().all()).await.map(Self)
    }

    /// Returns a finding for each dynamic device group whose rule is not understood, because the service still
    /// evaluates it.
    pub(super) fn not_understood(&self, kind: &FindingKind) -> Vec<Finding> {
        let groups = self.0.present().into_iter().flatten();
        let unclear = groups.filter(|group| match &group.settings.membership {
            Membership::Dynamic(dynamic) => {
                dynamic.rule.violation().is_some() && dynamic.rule.as_str().contains("device.")
            }
            Membership::Assigned => false,
        });
        let evidence =
            "the rule of this group is not understood: whether devices join or leave it is not known";
        unclear.map(|group| kind.at(group.settings.display_name.as_str(), evidence)).collect()
    }

    /// Returns the dynamic groups that a device joins and leaves when its object changes; `None` if the groups are not
    /// known. Groups whose rule is undecided for the device are added to `unclear`.
    pub(super) fn moves(
        &self,
        before: &DirectoryDevice,
        after: &DirectoryDevice,
        is_predicted: bool,
        unclear: &mut Vec<String>,
    ) -> Option<GroupMoves> {
        let mut moves = GroupMoves::default();
        for group in self.0.present()? {
            let Membership::Dynamic(dynamic) = &group.settings.membership else { continue };
            if dynamic.paused || dynamic.rule.violation().is_some() {
                continue;
            }
            let name = group.settings.display_name.to_string();
            match (rule_fits(&dynamic.rule, before, false), rule_fits(&dynamic.rule, after, is_predicted)) {
                (Some(false), Some(true)) => moves.joins.push(name),
                (Some(true), Some(false)) => moves.leaves.push(name),
                (Some(_), Some(_)) => {}
                _ => unclear.push(name),
            }
        }
        Some(moves)
    }

    /// Returns the names of the groups with these ids that have no rule: their members are added by hand.
    pub(super) fn assigned_among(&self, ids: &[Id<Group>]) -> Option<Vec<String>> {
        let is_one = |group: &&Stored<Group>| {
            group.settings.membership == Membership::Assigned && ids.contains(&group.id)
        };
        let groups = self.0.present()?.iter().filter(is_one);
        Some(groups.map(|group| group.settings.display_name.to_string()).collect())
    }
}

/// Reads the devices' objects in Entra ID, in batches; `None` for one that is not known.
pub(super) async fn read_objects(
    client: &Client,
    devices: &[&Device],
) -> Result<Vec<Option<DirectoryDevice>>> {
    let mut batch = client.batch();
    let slots: Vec<_> = devices
        .iter()
        .map(|device| Some(batch.add(client.directory_devices().get_by_device_id(device.entra_device_id()?))))
        .collect();
    if slots.iter().all(Option::is_none) {
        return Ok(slots.iter().map(|_| None).collect());
    }
    let mut answers = batch.await?;
    let mut objects = Vec::with_capacity(slots.len());
    for slot in slots {
        objects.push(match slot.map(|slot| answers.take(slot)) {
            None => None,
            Some(Ok(object)) => Some(object),
            Some(Err(error)) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => None,
            Some(Err(error)) => return Err(error),
        });
    }
    Ok(objects)
}

/// A group that has an object as a member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Containing {
    pub(super) id: Id<Group>,
    pub(super) display_name: Option<Text>,
    #[serde(rename = "@odata.type")]
    odata_type: Option<Text>,
}

/// Reads the groups that have an object as a direct member. `path` is the object's, such as `/devices/{id}`.
pub(super) async fn read_containing(client: &Client, path: &str) -> Result<Vec<Containing>> {
    let list = client.request(http::Method::GET, ApiVersion::V1, &format!("{path}/memberOf"));
    let mut found = list.named("memberOf.list").list::<Containing>().all().await?;
    // Administrative units and roles contain objects too.
    found.retain(|of| of.odata_type.as_deref().is_none_or(|kind| kind.ends_with("graph.group")));
    Ok(found)
}
