//! The pages for people: plain HTML without scripts or external resources.

use std::fmt::Write as _;

/// Renders a page with a title as its only heading. `content` is HTML.
pub(super) fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}}\
         button,input,select{{font:inherit;padding:.4rem .8rem;margin:.3rem 0}}label{{display:block}}</style>\
         <main><h1>{title}</h1>{content}</main></html>",
        title = escaped(title)
    )
}

/// Renders hidden fields that repeat parameters.
pub(super) fn hidden<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut fields = String::new();
    for (name, value) in parameters {
        let (name, value) = (escaped(name), escaped(value));
        let _ = write!(fields, "<input type=hidden name=\"{name}\" value=\"{value}\">");
    }
    fields
}

/// Renders the choice of users by user principal name.
pub(super) fn users<'a>(names: impl IntoIterator<Item = &'a str>, hint: &str) -> String {
    let mut choice = "<label for=user>Sign in as</label><select id=user name=user>".to_owned();
    for name in names {
        let selected = if name.eq_ignore_ascii_case(hint) { " selected" } else { "" };
        let name = escaped(name);
        let _ = write!(choice, "<option value=\"{name}\"{selected}>{name}</option>");
    }
    choice + "</select>"
}

/// Escapes text for HTML, in an element or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}
