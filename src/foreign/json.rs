//! Parses JSON of any size by its beginning.

use serde_json::Value;

use super::{READ_BYTES, excerpt};

/// The longest text that is parsed as a whole, in a fraction of a millisecond.
const WHOLE: usize = 65_536;

/// Parses a text, or the readable beginning of a long or truncated one. `None` if it is not JSON.
pub(crate) fn value(text: &[u8]) -> Option<Value> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"\"") {
        return None;
    }
    if text.len() <= WHOLE {
        // What stands behind a value, such as a tail of ids, does not make it worse.
        match serde_json::Deserializer::from_slice(text).into_iter().next()? {
            Ok(value) => return Some(value),
            Err(error) if !error.is_eof() => return None,
            Err(_) => {}
        }
    }
    let head = text.get(..READ_BYTES).unwrap_or(text);
    let head = head.utf8_chunks().next()?.valid();
    serde_json::from_str(&closed(head)).ok()
}

/// Describes a JSON error: the place and the expected input, without the value found there.
pub(crate) fn problem(error: &serde_json::Error, longest: usize) -> String {
    excerpt(without_value(&error.to_string()), longest)
}

fn without_value(problem: &str) -> String {
    let value = ["string \"", "unknown variant `", "unknown field `"].into_iter().find_map(|open| {
        let start = problem.find(open)? + open.len();
        // The value may hold quotes itself.
        let end = problem.rfind(if open.ends_with('"') { "\", expected" } else { "`, " })?;
        (start <= end).then_some((start, end))
    });
    match value.and_then(|(start, end)| Some((problem.get(..start)?, problem.get(end..)?))) {
        Some((before, after)) => format!("{before}…{after}"),
        None => problem.to_owned(),
    }
}

/// Closes strings, lists and objects that a cut leaves open; drops a member without a value.
fn closed(head: &str) -> String {
    let mut open = Vec::new();
    let (mut in_text, mut escaped) = (false, false);
    // The end of what can be kept, and what was open there.
    let mut kept = (0, Vec::new());
    // Whether the next text is the name of a member.
    let mut at_name = false;
    let mut text_is_name = false;
    let mut text_start = 0;
    for (at, byte) in head.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_text = false;
                    if !text_is_name {
                        kept = (at + 1, open.clone());
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => {
                (in_text, text_is_name, text_start) = (true, at_name, at);
            }
            // Deeper than any parser goes.
            b'{' | b'[' if open.len() > 128 => break,
            b'{' | b'[' => {
                open.push(byte);
                at_name = byte == b'{';
                kept = (at + 1, open.clone());
            }
            b'}' | b']' => {
                open.pop();
                at_name = false;
                kept = (at + 1, open.clone());
            }
            b',' => {
                // A number or a word before it is whole.
                at_name = open.last() == Some(&b'{');
                kept = (at, open.clone());
            }
            b':' => at_name = false,
            _ => {}
        }
    }
    let (end, open) = match in_text && !text_is_name {
        true => (head.len(), open),
        false => kept,
    };
    let mut whole = head.get(..end).unwrap_or_default().to_owned();
    if in_text && !text_is_name {
        drop_cut_escape(&mut whole, text_start + 1);
        whole.push('"');
    }
    whole.extend(open.iter().rev().map(|open| if *open == b'{' { '}' } else { ']' }));
    whole
}

/// Drops an escape that was cut, such as `\u00`.
fn drop_cut_escape(text: &mut String, start: usize) {
    let tail = text.get(start..).unwrap_or_default();
    let mut escape = None;
    let mut bytes = tail.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' {
            let length = if tail.as_bytes().get(at + 1) == Some(&b'u') { 6 } else { 2 };
            if at + length > tail.len() {
                escape = Some(at);
            }
            bytes.next();
        }
    }
    if let Some(at) = escape {
        text.truncate(start + at);
    }
    // Half of a pair of `\ud83d\ude00` is not a character.
    let is_high = |tail: &str| {
        let code = tail.strip_prefix("\\u").and_then(|code| u32::from_str_radix(code, 16).ok());
        code.is_some_and(|code| (0xd800..0xdc00).contains(&code))
    };
    if let Some(at) = text.len().checked_sub(6).filter(|at| *at >= start)
        && text.get(at..).is_some_and(is_high)
    {
        text.truncate(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_anywhere_is_read_as_far_as_it_goes() {
        let whole = r#"{"error":{"code":"Bad","message":"a \"b\" \\ \u00e9 \ud83d\ude00 [c] {d}","n":[1,true,{"x":null}],"inner":{"code":"z"}}}"#;
        for end in 1..=whole.len() {
            let read = value(&whole.as_bytes()[..end]).unwrap_or_else(|| panic!("cut at {end}"));
            if end >= 22 {
                let code = read["error"]["code"].as_str().unwrap();
                assert!("Bad".starts_with(code), "cut at {end}: {read}");
            }
        }
        assert_eq!(value(whole.as_bytes()).unwrap()["error"]["inner"]["code"], "z");
    }

    #[test]
    fn a_text_of_many_mebibytes_is_read_at_its_beginning() {
        let body = format!(r#"{{"error":{{"code":"Bad","message":"{}"}}}}"#, "x".repeat(8 << 20));
        let read = value(body.as_bytes()).unwrap();
        assert_eq!(read["error"]["code"], "Bad");
        assert!(read["error"]["message"].as_str().unwrap().len() < READ_BYTES);
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in ["", " ", "<html>", "{]", "{\"a\":}", "nul"] {
            assert_eq!(value(text.as_bytes()), None, "{text}");
        }
    }
}
