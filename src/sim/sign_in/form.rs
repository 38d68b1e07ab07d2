//! The parameters of a request to the sign-in service.

use super::answer::Refusal;
use crate::sim::exchange;

/// A body of `application/x-www-form-urlencoded`, or a query.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(exchange::pairs(&String::from_utf8_lossy(body)))
    }

    pub(super) fn of_query(query: &[(String, String)]) -> Self {
        Self(query.to_vec())
    }

    /// Returns the parameter, empty if it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Returns the parameter unless it is empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.given(name).ok_or_else(|| {
            let message = format!("The request body must contain the following parameter: '{name}'.");
            Refusal::bad("invalid_request", 900_144, message)
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
