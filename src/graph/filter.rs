//! Filters that quote the values they are given.

use jiff::Timestamp;

/// A property to filter by. Made by [`field`].
#[derive(Debug, Clone)]
pub struct Field(String);

/// A property by Graph's name, such as `serialNumber`; parts of a complex one are joined by `/`.
///
/// ```
/// use windows_autopilot::graph::field;
/// let filter = field("serialNumber").contains("O'Neil");
/// assert_eq!(filter.as_str(), "contains(serialNumber,'O''Neil')");
/// ```
///
/// Which properties and operators a collection understands is said at its `list`.
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// A filter in OData.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(String);

impl Field {
    /// Equal.
    pub fn eq(&self, value: impl Into<Literal>) -> Filter {
        Filter(format!("{} eq {}", self.0, value.into().0))
    }

    /// Not equal. Directory objects need an advanced query for it.
    pub fn ne(&self, value: impl Into<Literal>) -> Filter {
        Filter(format!("{} ne {}", self.0, value.into().0))
    }

    /// Not before.
    pub fn ge(&self, value: impl Into<Literal>) -> Filter {
        Filter(format!("{} ge {}", self.0, value.into().0))
    }

    /// Not after.
    pub fn le(&self, value: impl Into<Literal>) -> Filter {
        Filter(format!("{} le {}", self.0, value.into().0))
    }

    /// Begins with.
    pub fn starts_with(&self, text: &str) -> Filter {
        Filter(format!("startswith({},{})", self.0, Literal::from(text).0))
    }

    /// Contains.
    pub fn contains(&self, text: &str) -> Filter {
        Filter(format!("contains({},{})", self.0, Literal::from(text).0))
    }

    /// For a list: at least one element of which `condition` holds.
    ///
    /// ```
    /// use windows_autopilot::graph::field;
    /// let filter = field("physicalIds").any(|id| id.starts_with("[ZTDID]"));
    /// assert_eq!(filter.as_str(), "physicalIds/any(x:startswith(x,'[ZTDID]'))");
    /// ```
    pub fn any(&self, condition: impl FnOnce(&Field) -> Filter) -> Filter {
        Filter(format!("{}/any(x:{})", self.0, condition(&Field("x".to_owned())).0))
    }
}

impl Filter {
    /// A filter as OData text, taken as it is.
    pub fn raw(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(format!("({}) and ({})", self.0, other.0))
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(format!("({}) or ({})", self.0, other.0))
    }

    /// Returns the reason why the filter cannot work on the collection at `path`, with the remedy.
    pub(super) fn problem(&self, _path: &str) -> Option<String> {
        None
    }

    /// The filter as OData text, before it is escaped for an address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value in a filter.
#[derive(Debug, Clone)]
pub struct Literal(String);

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self(format!("'{}'", text.replace('\'', "''")))
    }
}

impl From<&String> for Literal {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for Literal {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl From<Timestamp> for Literal {
    fn from(value: Timestamp) -> Self {
        Self(value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn filters_are_written_as_odata() {
        let filter =
            field("displayName").eq("A & B").or(field("priority").ge(3).and(field("isManaged").eq(true)));
        assert_eq!(filter.as_str(), "(displayName eq 'A & B') or ((priority ge 3) and (isManaged eq true))");
    }

    proptest! {
        #[test]
        fn a_text_literal_is_always_closed(text in any::<String>()) {
            let filter = field("x").eq(text.as_str());
            let inner = filter.as_str().strip_prefix("x eq '").unwrap().strip_suffix('\'').unwrap();
            prop_assert!(!inner.replace("''", "").contains('\''));
            prop_assert_eq!(inner.replace("''", "'"), text);
        }
    }
}
