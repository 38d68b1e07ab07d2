//! The error type of all checked values.

use std::borrow::Cow;
use std::fmt;

use crate::foreign::looks_like_hash;

/// A value that breaks its type's rule: the value, the position, the rule, and the remedy.
///
/// ```
/// use windows_autopilot::model::ComputerNamePrefix;
/// let error = "HYB-%SERIAL%".parse::<ComputerNamePrefix>().unwrap_err();
/// assert_eq!(error.subject(), "computer name prefix");
/// assert!(error.to_string().contains("'%' at character 5"));
/// ```
///
/// The error never contains personal or secret values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidValue {
    subject: &'static str,
    value: Option<String>,
    problem: Cow<'static, str>,
    remedy: Cow<'static, str>,
    position: Option<usize>,
}

/// The maximum number of characters of a value in an error.
const SHOWN: usize = 60;

impl InvalidValue {
    /// Creates an error about `subject` (in an administrator's words), with the problem and the remedy, for your own
    /// checked types.
    ///
    /// ```
    /// use windows_autopilot::model::InvalidValue;
    /// let error = InvalidValue::new("site code", "is too long", "write three letters").with_value("MUNICH").at(3);
    /// assert_eq!(error.to_string(), r#"site code "MUNICH": is too long; write three letters"#);
    /// ```
    pub fn new(
        subject: &'static str,
        problem: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { subject, value: None, problem: problem.into(), remedy: remedy.into(), position: None }
    }

    /// Sets the value, truncated to 60 characters. Do not pass a personal or secret value. A hardware hash is dropped.
    #[must_use]
    pub fn with_value(mut self, value: &str) -> Self {
        self.value = Some(value).filter(|value| !looks_like_hash(value)).map(shorten);
        self
    }

    /// Sets the position in the value: a zero-based character index.
    #[must_use]
    pub fn at(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// Returns the kind of value, in an administrator's words, such as `computer name prefix`.
    pub fn subject(&self) -> &'static str {
        self.subject
    }

    /// Returns the value, truncated to 60 characters; `None` if it may be personal or secret.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Returns the broken rule.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// Returns the remedy: what to write instead.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Returns the kind, the value and the problem.
    pub(crate) fn description(&self) -> String {
        let value = self.value.as_ref().map(|value| format!(" {value:?}")).unwrap_or_default();
        format!("{}{value}: {}", self.subject, self.problem)
    }

    /// Returns the position of the problem, if there is a single one: a zero-based character index.
    pub fn position(&self) -> Option<usize> {
        self.position
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.description(), self.remedy)
    }
}

impl std::error::Error for InvalidValue {}

/// Returns `value`, or its first 60 characters and an ellipsis.
pub(crate) fn shorten(value: &str) -> String {
    let mut shown: String = value.chars().take(SHOWN).collect();
    if shown.len() < value.len() {
        shown.push('…');
    }
    shown
}

/// Returns the word of `known` that `word` most likely stands for, by edit distance; `None` if none is near.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let found = known.into_iter().map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate));
    let near = found.filter(|(distance, candidate)| *distance <= candidate.chars().count().max(3) / 3);
    near.min().map(|(_, candidate)| candidate)
}

/// Returns the edit distance: letters changed, deleted, inserted, or swapped with a neighbor.
// By hand: 25 lines, for which `strsim` would be one more crate in the tree without features.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut before: Option<char> = None;
    for (i, x) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        let mut left = i + 1;
        next.push(left);
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (at(&row, j) + usize::from(x != *y)).min(left + 1).min(at(&row, j + 1) + 1);
            let swapped = j > 0 && before == Some(*y) && b.get(j - 1) == Some(&x);
            if swapped {
                cost = cost.min(at(&above, j - 1) + 1);
            }
            left = cost;
            next.push(cost);
        }
        above = std::mem::replace(&mut row, next);
        before = Some(x);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_value_rule_and_remedy_in_one_line() {
        let error = InvalidValue::new("thing", "is too long", "write at most 3").with_value("abcd").at(3);
        assert_eq!(error.to_string(), "thing \"abcd\": is too long; write at most 3");
        assert_eq!((error.position(), error.value()), (Some(3), Some("abcd")));
    }

    #[test]
    fn a_long_value_is_cut_on_a_character() {
        let error = InvalidValue::new("thing", "is too long", "shorten it").with_value(&"é".repeat(100));
        assert_eq!(error.value().unwrap().chars().count(), 61);
    }

    #[test]
    fn suggests_the_nearest_word_and_nothing_for_a_stranger() {
        let known = ["display_name", "description", "locale"];
        assert_eq!(nearest("displayname", known), Some("display_name"));
        assert_eq!(nearest("lcoale", known), Some("locale"));
        assert_eq!(nearest("blocking_apps", known), None);
        assert_eq!(nearest("gruop", ["name", "group"]), Some("group"), "swapped letters are one mistake");
        assert_eq!(nearest("nmae", ["name", "group"]), Some("name"));
    }
}
