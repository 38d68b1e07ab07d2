//! Text without what must not be seen.

/// The longest run of base64 characters that is taken for an id or a word, and not for a token or a hash.
const LONGEST_WORD: usize = 64;
const REDACTED: &str = "[redacted]";

/// `text` without what may be a token, a hardware hash or a person's address, on one line.
pub(crate) fn scrub(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    let end = |word: &mut String, out: &mut String| {
        let person = word.contains('@') || word.contains("%40");
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        // Ids have parts; a hash has none for long.
        let opaque = word.len() > 4 * LONGEST_WORD
            || word.split(['_', '-', '.']).any(|part| part.len() > LONGEST_WORD);
        if (person && bare.len() > 2) || opaque || word.starts_with("eyJ") {
            out.push_str(REDACTED);
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for c in text.chars() {
        match c {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '+' | '=' | '_' | '-' | '@' | '.' | '%' | '$' | '!' | '#' => {
                word.push(c);
            }
            _ if c.is_alphanumeric() => word.push(c),
            // A slash is part of base64, and also parts a path: long pieces between slashes tell them apart.
            '/' => {
                end(&mut word, &mut out);
                out.push('/');
            }
            _ => {
                end(&mut word, &mut out);
                out.push(if c.is_control() { ' ' } else { c });
            }
        }
    }
    end(&mut word, &mut out);
    collapse(&out)
}

/// Merges neighbouring redactions, as of a hash whose slashes parted it: what stands between two is redacted too.
fn collapse(text: &str) -> String {
    let (Some(first), Some(last)) = (text.find("[redacted]/"), text.rfind("/[redacted]")) else {
        return text.to_owned();
    };
    let (Some(head), Some(tail)) = (text.get(..first), text.get(last + 1..)) else { return text.to_owned() };
    if first < last { format!("{head}{tail}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_a_token_and_an_address_are_scrubbed() {
        let hash = format!("T0Ff{}/{}+/{}==", "A".repeat(90), "b".repeat(20), "C".repeat(80));
        for secret in
            [hash.as_str(), "eyJ0eXAiOiJKV1Qi.eyJhdWQi.sig", "adele.vance@contoso.com", "adele%40contoso.com"]
        {
            let text = format!("Cannot convert the literal '{secret}' to the expected type 'Edm.Binary'.");
            assert_eq!(
                scrub(&text),
                "Cannot convert the literal '[redacted]' to the expected type 'Edm.Binary'."
            );
        }
        let id = "device 0f8fad5b-d9cb-469f-a165-70867728950e_Windows10EnrollmentCompletionPageConfiguration";
        for harmless in ["at /v1.0/devices/1: not found", "b@ at @ end", id] {
            assert_eq!(scrub(harmless), harmless);
        }
    }
}
