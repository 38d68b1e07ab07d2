//! The labels of values in `devicePhysicalIds`, and common mistakes.

use super::expr::Verb;
use crate::model::is_guid;

/// The labels that Microsoft Entra writes, such as `[OrderID]:` before a group tag.
const LABELS: &[&str] = &["ZTDId", "OrderID", "PurchaseOrderId", "USER-GID", "GID", "USER-HWID", "HWID"];

const NO_LABEL: &str = "has no label, and each value begins with one";

/// A value that no device has, and the intended one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unmatched {
    pub(super) problem: &'static str,
    pub(super) meant: String,
    /// Whether devices have values with this start.
    pub(super) is_start: bool,
    /// Whether the value may be something other than a group tag.
    pub(super) is_guess: bool,
    /// Whether the mistake is only a space.
    pub(super) is_space: bool,
}

/// Checks the value, or the start of a value, in a comparison; `None` if a device can have it.
pub(super) fn look(verb: Verb, value: &str) -> Option<Unmatched> {
    let is_prefix = verb == Verb::StartsWith;
    let found = |problem, meant: String| Unmatched {
        problem,
        is_start: meant.ends_with(']') || meant.ends_with(':'),
        meant,
        is_guess: false,
        is_space: false,
    };
    if value.trim().is_empty() {
        return None;
    }
    let bracketed = value.trim_start().strip_prefix('[');
    let Some((label, rest)) = bracketed.unwrap_or(value).split_once([']', ':']) else {
        let text = value.trim();
        if let Some(label) = named(text) {
            let is_fine = bracketed.is_some() && is_prefix;
            return (!is_fine).then(|| found("has no brackets and no colon", format!("[{label}]")));
        }
        if bracketed.is_some() {
            return None;
        }
        let label = if is_guid(text) { "ZTDId" } else { "OrderID" };
        return Some(Unmatched { is_guess: !is_guid(text), ..found(NO_LABEL, format!("[{label}]:{text}")) });
    };
    let Some(known) = named(label) else {
        // A value with a colon or bracket of its own, without a label.
        let is_bare = bracketed.is_none() && !value.starts_with('[');
        let meant = format!("[OrderID]:{}", value.trim());
        return is_bare.then(|| Unmatched { is_guess: true, ..found(NO_LABEL, meant) });
    };
    let tag = rest.trim_start_matches([':', ']', ' ']).trim();
    let meant = if tag.is_empty() && !rest.contains(':') && is_prefix {
        format!("[{known}]")
    } else {
        format!("[{known}]:{tag}")
    };
    if bracketed.is_none() || !value.contains(']') {
        return Some(found("has no brackets around its label", meant));
    }
    if !label.eq_ignore_ascii_case(known) {
        return Some(found("has a label that is spelled otherwise", meant));
    }
    match rest.strip_prefix(':') {
        Some("") | None if rest.trim_start_matches(':').is_empty() => {
            (!is_prefix).then(|| found("has nothing after its label", format!("[{known}]:")))
        }
        None => Some(found("has no colon right after its label", meant)),
        Some(text) => {
            let has_space = text.starts_with(char::is_whitespace)
                || value.starts_with(char::is_whitespace)
                || (!is_prefix && text.ends_with(char::is_whitespace));
            has_space
                .then(|| Unmatched { is_space: true, ..found("has a space before or after its text", meant) })
        }
    }
}

/// Returns the label in a text, without regard to case and to characters between its letters.
fn named(text: &str) -> Option<&'static str> {
    let letters = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let written = letters(text);
    if matches!(written.as_str(), "grouptag" | "tag") {
        return Some("OrderID");
    }
    LABELS.iter().copied().find(|label| letters(label) == written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_no_device_has_gets_the_one_that_was_meant() {
        const GUID: &str = "0f8fad5b-d9cb-469f-a165-708677289501";
        for (verb, value, meant) in [
            (Verb::Equals, "OrderID:A", "[OrderID]:A"),
            (Verb::Equals, "orderid: A", "[OrderID]:A"),
            (Verb::Equals, "OrderID]:A", "[OrderID]:A"),
            (Verb::Equals, "[OrderID:A", "[OrderID]:A"),
            (Verb::Equals, "[OrderID]: A", "[OrderID]:A"),
            (Verb::Equals, "[OrderID]:A ", "[OrderID]:A"),
            (Verb::Equals, "[OrderID]A", "[OrderID]:A"),
            (Verb::Equals, "[OrderID] :A", "[OrderID]:A"),
            (Verb::Equals, "[OrderID]", "[OrderID]:"),
            (Verb::Equals, "[Order ID]:A", "[OrderID]:A"),
            (Verb::In, "A", "[OrderID]:A"),
            (Verb::Equals, "DE: A", "[OrderID]:DE: A"),
            (Verb::Equals, GUID, &format!("[ZTDId]:{GUID}")),
            (Verb::StartsWith, "ZTDId", "[ZTDId]"),
            (Verb::StartsWith, "A", "[OrderID]:A"),
            (Verb::StartsWith, "[OrderID]: A", "[OrderID]:A"),
            (Verb::Equals, "PurchaseOrderId:7", "[PurchaseOrderId]:7"),
        ] {
            assert_eq!(look(verb, value).map(|found| found.meant).as_deref(), Some(meant), "{value}");
        }
        for (verb, value) in [
            (Verb::Equals, "[OrderID]:A"),
            (Verb::Equals, "[orderid]:a b"),
            (Verb::Equals, "[ZTDID]:6598-1111"),
            (Verb::Equals, "[New]:A"),
            (Verb::StartsWith, "[ZTDId]"),
            (Verb::StartsWith, "[OrderID]:"),
            (Verb::StartsWith, "[OrderID]:DE "),
            (Verb::StartsWith, "["),
            (Verb::StartsWith, "[Ord"),
            (Verb::Equals, ""),
        ] {
            assert_eq!(look(verb, value), None, "{value}");
        }
    }
}
