//! Objects stored as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::assignment::{Assignment, Owner};
use crate::catalog::ApiVersion;
use crate::sim::store::{Body, keyed_json};

/// An object whose properties are stored as JSON: created by an administrator, or rare.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub(crate) id: String,
    /// The name of its type, without namespace.
    pub(crate) type_name: String,
    pub(crate) body: Body,
    pub(crate) assignments: Vec<Assignment>,
    /// Ids of linked objects: network access configurations, or groups of a mobility policy.
    pub(crate) links: Vec<String>,
}

impl Entity {
    pub(crate) fn new(id: String, type_name: &str, body: Body) -> Self {
        Self { id, type_name: type_name.to_owned(), body, assignments: Vec::new(), links: Vec::new() }
    }

    /// Returns the properties with the id.
    pub(crate) fn view(&self) -> Body {
        let mut view = self.body.clone();
        view.insert("id".to_owned(), self.id.clone().into());
        view
    }

    /// Returns the properties with the id and the type.
    pub(crate) fn typed_view(&self) -> Body {
        let mut view = self.view();
        view.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", self.type_name).into());
        view
    }

    /// Returns the assignments as shown inside the object.
    pub(crate) fn assignments_view(&self, owner: Owner, version: ApiVersion) -> Value {
        self.assignments.iter().map(|of| Value::Object(of.view(owner, version))).collect()
    }

    pub(crate) fn text(&self, property: &str) -> &str {
        self.body.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn flag(&self, property: &str) -> bool {
        self.body.get(property).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn number(&self, property: &str) -> i64 {
        self.body.get(property).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, property: &str, value: impl Into<Value>) {
        self.body.insert(property.to_owned(), value.into());
    }
}

keyed_json!(Entity, indexed by "serialNumber", of type |entity| &entity.type_name);
