//! Random values of the kinds that requests carry, and texts that repeat them as services, sign-in hosts and proxies do.

use std::fmt::Write as _;

/// Values of the kinds that a request carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Hash,
    Token,
    Secret,
    Person,
}

pub(crate) fn random(rng: &mut fastrand::Rng, alphabet: &str, length: usize) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..length).map(|_| alphabet[rng.usize(..alphabet.len())]).collect()
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A value, and its part that must not be shown.
pub(crate) fn value(rng: &mut fastrand::Rng, kind: Kind) -> (String, String) {
    let base64 = format!("{ALNUM}+/");
    let address = format!("{ALNUM}-_");
    match kind {
        Kind::Hash => {
            let length = if rng.u8(..) < 16 { 4_000 } else { rng.usize(300..900) };
            let hash = format!("T0H{}==", random(rng, &base64, length));
            (hash.clone(), hash)
        }
        Kind::Token => {
            let mut part = |length: usize| random(rng, &address, length);
            let token = format!("eyJ{}.{}.{}", part(60), part(200), part(86));
            let token = if rng.bool() { token } else { random(rng, &address, 120) };
            (token.clone(), token)
        }
        Kind::Secret => {
            let length = rng.usize(4..44);
            let secret = random(rng, &format!("{ALNUM}~_.-!#$%&*+=?@^"), length);
            (secret.clone(), secret)
        }
        Kind::Person => {
            let length = rng.usize(4..20);
            let name = random(rng, "abcdefghijklmnopqrstuvwxyzABCDEFGHäöüéß0123456789'.-_!#^~", length);
            match rng.bool() {
                true => (format!("{name}@contoso.com"), name),
                false => (format!("CONTOSO\\{name}"), name),
            }
        }
    }
}

pub(crate) fn wrapped(text: &str, column: usize, line_break: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % column == 0 {
            out.push_str(line_break);
        }
        out.push(c);
    }
    out
}

pub(crate) fn in_html(text: &str, rng: &mut fastrand::Rng) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '+' | '/' | '=' | '@' if rng.bool() => drop(write!(out, "&#x{:X};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

pub(crate) fn in_json(text: &str, rng: &mut fastrand::Rng) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    let mut out = String::new();
    for c in quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"')).unwrap().chars() {
        match c {
            '/' if rng.bool() => out.push_str("\\/"),
            '+' | '\'' | '&' if rng.bool() => drop(write!(out, "\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

pub(crate) fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.push(char::from(byte)),
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}

/// A text of the kind that a service, a sign-in host or a proxy sends, with `value` in it.
pub(crate) fn page(rng: &mut fastrand::Rng, value: &str) -> String {
    let length = value.chars().count();
    let value = match rng.u8(..4) {
        0 if length > 20 => {
            let start = rng.usize(..length / 2);
            value.chars().skip(start).take(rng.usize(8..length)).collect()
        }
        _ => value.to_owned(),
    };
    let column = if rng.bool() { 76 } else { rng.usize(1..80) };
    let value = match rng.u8(..8) {
        0 => wrapped(&value, column, "\n"),
        1 => wrapped(&value, column, "\r\n  "),
        2 => wrapped(&value, column, "<br>"),
        3 => wrapped(&value, column, "<wbr/>"),
        _ => value,
    };
    let lead = if rng.u8(..8) == 0 { "words ".repeat(rng.usize(..900)) } else { String::new() };
    match rng.u8(..9) {
        0 => format!(
            r#"{{"error":{{"code":"BadRequest","message":"{lead}Cannot read '{}' here."}}}}"#,
            in_json(&value, rng)
        ),
        1 => {
            let inner = format!(r#"{{"Message":"{lead}Value {} is wrong"}}"#, in_json(&value, rng));
            format!(r#"{{"error":{{"code":"BadRequest","message":"{}"}}}}"#, in_json(&inner, rng))
        }
        2 => format!("<html><body><p>{lead}</p><code>{}</code></body></html>", in_html(&value, rng)),
        3 => format!("<html><body {lead}><pre>Blocked: {value}</pre>"),
        4 => format!("{lead}The value {value}, which was sent, is not allowed."),
        5 => format!("{lead}\"{value}\""),
        6 => format!("{lead}id={}&error=1", percent(&value)),
        7 => format!("{lead}[{}]", in_json(&in_json(&value, rng), rng)),
        _ => format!("{lead}({})", percent(&percent(&value))),
    }
}
