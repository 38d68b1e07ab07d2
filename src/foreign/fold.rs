//! Extracts the text of HTML pages.

/// Returns the text of a page: tags become line breaks, because tags may wrap text; scripts, styles and comments are
/// dropped.
pub(super) fn without_markup(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            out.push('<');
            rest = after;
            continue;
        }
        out.push('\n');
        // Each search ends behind where it began, or ends the loop: the time is linear.
        rest = match hidden_until(after) {
            Some(end) => {
                find_ignoring_case(after, end).and_then(|at| after.get(at + 1..)).unwrap_or_default()
            }
            None => after,
        };
        rest = match after.strip_prefix("!--") {
            Some(comment) => comment.split_once("-->").map_or("", |(_, rest)| rest),
            None => rest.split_once('>').map_or("", |(_, rest)| rest),
        };
    }
    out.push_str(rest);
    out
}

/// Returns the end tag of an element whose content is not text.
fn hidden_until(tag: &str) -> Option<&'static str> {
    let starts = |name: &str| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    [("style", "</style"), ("script", "</script")]
        .into_iter()
        .find(|(name, _)| starts(name))
        .map(|(_, end)| end)
}

fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    text.as_bytes().windows(wanted.len()).position(|part| part.eq_ignore_ascii_case(wanted.as_bytes()))
}
