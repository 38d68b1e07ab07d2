//! OData filters that quote their values and are checked before they are sent.

mod check;
mod literal;
mod properties;

pub use self::literal::Literal;

/// A property to filter by, created by [`field`].
#[derive(Debug, Clone)]
pub struct Field(String);

/// Creates a field from a property's name in Graph, such as `serialNumber`; `/` joins the parts of a complex property.
///
/// ```
/// use windows_autopilot::graph::field;
/// let filter = field("serialNumber").contains("O'Neil");
/// assert_eq!(filter.as_str(), "contains(serialNumber,'O''Neil')");
/// ```
///
/// Each collection supports only some properties and operators: see the documentation of its `list` method.
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// An OData filter.
///
/// [`List::filter`](super::List::filter) rejects a filter that is known to fail: the call returns
/// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput), and nothing is sent. It rejects:
///
/// * a value whose type does not fit the property, such as a string for a date;
/// * an empty list of values;
/// * properties and operators that an Intune collection does not support or handles incorrectly.
///
/// ```
/// # use windows_autopilot::testing::{Harness, run};
/// # use windows_autopilot::ErrorKind;
/// # run(async |Harness { client, .. }| {
/// use windows_autopilot::graph::field;
/// let filter = field("createdDateTime").ge("2026-01-01");
/// let error = client.groups().list().filter(filter).all().await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// assert!(error.to_string().contains("createdDateTime is a date: pass a Timestamp, not a string"));
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    text: String,
    /// The comparisons in the text; empty for a raw filter.
    conditions: Vec<Condition>,
}

/// One comparison in a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    property: String,
    /// The operator or function by its name in OData.
    operator: &'static str,
    /// The value; `None` for an empty list of values.
    value: Option<Literal>,
}

impl Field {
    /// Returns a filter for values equal to `value`.
    pub fn eq(&self, value: impl Into<Literal>) -> Filter {
        self.compare("eq", value)
    }

    /// Returns a filter for values not equal to `value`. For directory objects, use an
    /// [advanced](super::List::advanced) query.
    pub fn ne(&self, value: impl Into<Literal>) -> Filter {
        self.compare("ne", value)
    }

    /// Returns a filter for numbers greater than, or dates later than, `value`. For directory objects, Microsoft documents
    /// [`ge`](Field::ge) instead.
    pub fn gt(&self, value: impl Into<Literal>) -> Filter {
        self.compare("gt", value)
    }

    /// Returns a filter for numbers greater than or equal to `value`, or dates no earlier than it.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::graph::field;
    /// let since: jiff::Timestamp = "2026-01-01T00:00:00Z".parse()?;
    /// let filter = field("createdDateTime").ge(since);
    /// assert_eq!(filter.as_str(), "createdDateTime ge 2026-01-01T00:00:00Z");
    /// let groups = client.groups().list().filter(filter).all().await?;
    /// # Ok(()) });
    /// ```
    pub fn ge(&self, value: impl Into<Literal>) -> Filter {
        self.compare("ge", value)
    }

    /// Returns a filter for numbers less than, or dates earlier than, `value`. For directory objects, Microsoft
    /// documents [`le`](Field::le) instead.
    pub fn lt(&self, value: impl Into<Literal>) -> Filter {
        self.compare("lt", value)
    }

    /// Returns a filter for numbers less than or equal to `value`, or dates no later than it.
    pub fn le(&self, value: impl Into<Literal>) -> Filter {
        self.compare("le", value)
    }

    /// Returns a filter that matches any of the values. An empty list is rejected before anything is sent.
    ///
    /// ```
    /// use windows_autopilot::graph::field;
    /// let filter = field("displayName").is_in(["Kiosk", "Field"]);
    /// assert_eq!(filter.as_str(), "displayName eq 'Kiosk' or displayName eq 'Field'");
    /// ```
    ///
    /// The filter is written with `eq` and `or`, since Intune returns 500 for OData's `in`. Directory objects accept up
    /// to 15 values unless the query is [advanced](super::List::advanced).
    pub fn is_in<L: Into<Literal>>(&self, values: impl IntoIterator<Item = L>) -> Filter {
        let values: Vec<Literal> = values.into_iter().map(Into::into).collect();
        let texts: Vec<String> = values.iter().map(|value| format!("{} eq {value}", self.0)).collect();
        let mut conditions: Vec<_> =
            values.into_iter().map(|value| self.condition("eq", Some(value))).collect();
        if conditions.is_empty() {
            conditions.push(self.condition("in", None));
        }
        Filter { text: texts.join(" or "), conditions }
    }

    /// Returns a filter for strings that begin with `text`.
    pub fn starts_with(&self, text: &str) -> Filter {
        self.call("startswith", text)
    }

    /// Returns a filter for strings that end with `text`. For directory objects, use an
    /// [advanced](super::List::advanced) query.
    pub fn ends_with(&self, text: &str) -> Filter {
        self.call("endswith", text)
    }

    /// Returns a filter for strings that contain `text`.
    pub fn contains(&self, text: &str) -> Filter {
        self.call("contains", text)
    }

    /// Returns a filter for lists with at least one element that matches `condition`.
    ///
    /// ```
    /// use windows_autopilot::graph::field;
    /// let filter = field("physicalIds").any(|id| id.starts_with("[ZTDID]"));
    /// assert_eq!(filter.as_str(), "physicalIds/any(x:startswith(x,'[ZTDID]'))");
    /// ```
    pub fn any(&self, condition: impl FnOnce(&Field) -> Filter) -> Filter {
        let mut filter = condition(&field("x"));
        for condition in filter.conditions.iter_mut().filter(|condition| condition.property == "x") {
            condition.property.clone_from(&self.0);
        }
        Filter { text: format!("{}/any(x:{})", self.0, filter.text), ..filter }
    }

    fn compare(&self, operator: &'static str, value: impl Into<Literal>) -> Filter {
        let value = value.into();
        let text = format!("{} {operator} {value}", self.0);
        Filter { text, conditions: vec![self.condition(operator, Some(value))] }
    }

    fn call(&self, function: &'static str, text: &str) -> Filter {
        let value = Literal::from(text);
        let text = format!("{function}({},{value})", self.0);
        Filter { text, conditions: vec![self.condition(function, Some(value))] }
    }

    fn condition(&self, operator: &'static str, value: Option<Literal>) -> Condition {
        Condition { property: self.0.clone(), operator, value }
    }
}

impl Filter {
    /// Creates a filter from a raw OData expression, which is sent as is, without any checks.
    ///
    /// Quote any untrusted input: see [`Literal`].
    pub fn raw(text: impl Into<String>) -> Self {
        Self { text: text.into(), conditions: Vec::new() }
    }

    /// Returns a filter that matches if both filters match.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.join("and", other)
    }

    /// Returns a filter that matches if at least one filter matches.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.join("or", other)
    }

    /// Returns a filter that matches if this one does not. For directory objects, use an
    /// [advanced](super::List::advanced) query.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, .. }| {
    /// use windows_autopilot::graph::field;
    /// let filter = field("displayName").is_in(["Kiosk", "Field"]).not();
    /// assert_eq!(filter.as_str(), "not (displayName eq 'Kiosk' or displayName eq 'Field')");
    /// let others = client.groups().list().filter(filter).advanced().all().await?;
    /// # Ok(()) });
    /// ```
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "a method beside `and` and `or`, as the word in OData")]
    pub fn not(self) -> Self {
        Self { text: format!("not ({})", self.text), ..self }
    }

    fn join(mut self, operator: &str, other: Self) -> Self {
        self.text = format!("({}) {operator} ({})", self.text, other.text);
        self.conditions.extend(other.conditions);
        self
    }

    /// Returns the filter as an OData expression, before URL escaping.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests;
