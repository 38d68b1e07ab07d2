//! Tables: rows in order of insertion, found by id or by an indexed property.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::value::Body;

/// An object for filters and orders.
pub(crate) trait Row {
    /// Returns a property's value; null if there is none.
    fn value(&self, property: &str) -> Value;

    /// Returns the value as text without a copy, if it is stored as text.
    fn text(&self, _property: &str) -> Option<&str> {
        None
    }

    /// Returns the name of the type, for `isof`.
    fn type_name(&self) -> &str {
        ""
    }
}

/// An object for a [`Table`].
pub(crate) trait Keyed: Row {
    /// Text properties that an equality filter finds without a scan.
    const INDEXED: &'static [&'static str] = &[];

    fn id(&self) -> &str;
}

impl<T: Row> Row for &T {
    fn value(&self, property: &str) -> Value {
        (**self).value(property)
    }

    fn text(&self, property: &str) -> Option<&str> {
        (**self).text(property)
    }

    fn type_name(&self) -> &str {
        (**self).type_name()
    }
}

impl Row for Body {
    fn value(&self, property: &str) -> Value {
        self.get(property).cloned().unwrap_or_default()
    }
}

/// Implements [`Row`] and [`Keyed`] for a row with its properties as JSON in `body`.
macro_rules! keyed_json {
    ($row:ty, indexed by $indexed:literal, of type |$this:ident| $type_name:expr) => {
        impl $crate::sim::store::Keyed for $row {
            const INDEXED: &'static [&'static str] = &[$indexed];

            fn id(&self) -> &str {
                &self.id
            }
        }

        impl $crate::sim::store::Row for $row {
            fn value(&self, property: &str) -> serde_json::Value {
                match property {
                    "id" => self.id.clone().into(),
                    _ => self.body.get(property).cloned().unwrap_or_default(),
                }
            }

            fn text(&self, property: &str) -> Option<&str> {
                self.body.get(property).and_then(serde_json::Value::as_str)
            }

            fn type_name(&self) -> &str {
                let $this = self;
                $type_name
            }
        }
    };
}
pub(in crate::sim) use keyed_json;

/// Rows in order of insertion. Ids and indexed values are compared without regard to case.
#[derive(Clone)]
pub(crate) struct Table<T> {
    rows: BTreeMap<u64, T>,
    ids: HashMap<String, u64>,
    keys: HashMap<(&'static str, String), BTreeSet<u64>>,
    next: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), ids: HashMap::new(), keys: HashMap::new(), next: 1 }
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.next, self.rows.iter().collect::<Vec<_>>()).serialize(serializer)
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (next, rows) = <(u64, Vec<(u64, T)>)>::deserialize(deserializer)?;
        let mut table = Self { next, ..Self::default() };
        for (at, row) in rows {
            table.link(&row, at);
            table.ids.insert(row.id().to_ascii_lowercase(), at);
            table.rows.insert(at, row);
        }
        Ok(table)
    }
}

impl<T: Keyed> Table<T> {
    /// Adds a row, or replaces the one with the same id in place.
    pub(crate) fn insert(&mut self, row: T) -> u64 {
        let id = row.id().to_ascii_lowercase();
        let at = match self.ids.get(&id) {
            Some(at) => *at,
            None => {
                self.next += 1;
                self.next - 1
            }
        };
        if let Some(old) = self.rows.remove(&at) {
            self.unlink(&old, at);
        }
        self.link(&row, at);
        self.ids.insert(id, at);
        self.rows.insert(at, row);
        at
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.rows.get(&self.position(id)?)
    }

    /// Returns the position of a row.
    pub(crate) fn position(&self, id: &str) -> Option<u64> {
        self.ids.get(&id.to_ascii_lowercase()).copied()
    }

    /// Changes a row and updates the index.
    pub(crate) fn update<R>(&mut self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let at = self.position(id)?;
        let row = self.rows.get_mut(&at)?;
        let before: Vec<_> =
            T::INDEXED.iter().map(|name| row.text(name).map(str::to_ascii_lowercase)).collect();
        let result = change(row);
        for (name, before) in T::INDEXED.iter().zip(before) {
            let after = row.text(name).map(str::to_ascii_lowercase);
            if before == after {
                continue;
            }
            if let Some(before) = before {
                remove_key(&mut self.keys, name, before, at);
            }
            if let Some(after) = after {
                self.keys.entry((name, after)).or_default().insert(at);
            }
        }
        Some(result)
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let at = self.ids.remove(&id.to_ascii_lowercase())?;
        let row = self.rows.remove(&at)?;
        self.unlink(&row, at);
        Some(row)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    /// Returns the rows after `position`, with their positions.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = (u64, &T)> {
        self.rows.range(position.saturating_add(1)..).map(|(at, row)| (*at, row))
    }

    /// Returns the rows with this value of the indexed property, in order.
    pub(crate) fn find<'a>(
        &'a self,
        property: &str,
        value: &str,
    ) -> impl Iterator<Item = (u64, &'a T)> + use<'a, T> {
        self.find_after(0, property, value)
    }

    /// Returns the rows after `position` with this value of the indexed property, in order.
    pub(crate) fn find_after<'a>(
        &'a self,
        position: u64,
        property: &str,
        value: &str,
    ) -> impl Iterator<Item = (u64, &'a T)> + use<'a, T> {
        let name = T::INDEXED.iter().find(|name| **name == property).copied().unwrap_or_default();
        let found = self.keys.get(&(name, value.to_ascii_lowercase()));
        let later = found.into_iter().flat_map(move |all| all.range(position.saturating_add(1)..));
        later.filter_map(|at| Some((*at, self.rows.get(at)?)))
    }

    fn link(&mut self, row: &T, at: u64) {
        for name in T::INDEXED {
            if let Some(value) = row.text(name) {
                self.keys.entry((name, value.to_ascii_lowercase())).or_default().insert(at);
            }
        }
    }

    fn unlink(&mut self, row: &T, at: u64) {
        for name in T::INDEXED {
            if let Some(value) = row.text(name) {
                remove_key(&mut self.keys, name, value.to_ascii_lowercase(), at);
            }
        }
    }
}

fn remove_key(
    keys: &mut HashMap<(&'static str, String), BTreeSet<u64>>,
    name: &'static str,
    value: String,
    at: u64,
) {
    let key = (name, value);
    if let Some(rows) = keys.get_mut(&key) {
        rows.remove(&at);
        if rows.is_empty() {
            keys.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(&'static str, String);

    impl Keyed for Thing {
        const INDEXED: &'static [&'static str] = &["name"];
        fn id(&self) -> &str {
            self.0
        }
    }

    impl Row for Thing {
        fn value(&self, _property: &str) -> Value {
            self.1.clone().into()
        }
        fn text(&self, _property: &str) -> Option<&str> {
            Some(&self.1)
        }
    }

    #[test]
    fn rows_keep_their_order_and_are_found_by_id_and_by_key_whatever_the_case() {
        let mut table = Table::default();
        for (id, name) in [("a", "One"), ("b", "two"), ("c", "ONE")] {
            table.insert(Thing(id, name.into()));
        }
        let named =
            |table: &Table<Thing>, name: &str| table.find("name", name).map(|(_, t)| t.0).collect::<Vec<_>>();
        assert_eq!(named(&table, "one"), ["a", "c"]);
        assert_eq!(table.get("B").map(|t| t.0), Some("b"));
        assert_eq!(table.update("a", |t| t.1 = "three".into()), Some(()));
        assert_eq!((named(&table, "one"), named(&table, "Three")), (vec!["c"], vec!["a"]));
        assert_eq!(table.after(1).map(|(_, t)| t.0).collect::<Vec<_>>(), ["b", "c"]);
        assert!(table.remove("c").is_some() && table.remove("c").is_none());
        assert_eq!((named(&table, "one"), table.len()), (vec![], 2));
        table.insert(Thing("a", "four".into()));
        assert_eq!(
            table.iter().map(|t| t.0).collect::<Vec<_>>(),
            ["a", "b"],
            "a replaced row keeps its place"
        );
    }
}
