//! Unmanaged collections whose objects can be assigned to a group: policies, scripts, apps.

use serde_json::{Value, json};

use crate::sim::exchange::{Answer, Exchange};
use crate::sim::odata::{self, INTUNE, Rules};
use crate::sim::rows::Policy;
use crate::sim::state::State;
use crate::sim::store::body;

/// The rules of the collections. Properties are not checked: any type with a name will do.
const RULES: Rules = Rules { type_name: "deviceConfiguration", ..INTUNE };

pub(crate) fn list(exchange: &mut Exchange<'_>) -> Answer {
    let expanded = odata::check_expand(exchange, "deviceConfiguration", &["assignments"])?;
    let path = exchange.request.path.trim_matches('/').to_owned();
    let found = exchange.state.policies.iter().filter(|of| of.collection.eq_ignore_ascii_case(&path));
    let shown = found.map(|of| {
        let mut body = of.body.clone();
        if expanded.is_empty() {
            body.remove("assignments");
        }
        body
    });
    odata::list_values(exchange, &RULES, &path, shown.collect())
}

/// Returns the assignment of an object to a group.
pub(crate) fn assignments(id: &str, group: &str) -> Value {
    let target = json!({ "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group });
    json!([{ "id": format!("{id}_{group}"), "target": target }])
}

/// Adds an object to a collection, assigned to a group. Returns its id.
pub(crate) fn add(state: &mut State, collection: &str, name: &str, group: &str) -> String {
    let id = state.guid();
    let assignments = assignments(&id, group);
    // The settings catalog calls its names `name`.
    let body = body([
        ("id", id.clone().into()),
        ("displayName", name.into()),
        ("name", name.into()),
        ("assignments", assignments),
    ]);
    state.policies.push(Policy { collection: collection.trim_matches('/').to_owned(), body });
    id
}
