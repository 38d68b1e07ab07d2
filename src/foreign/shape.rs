//! Redaction by shape: hashes, tokens, addresses and accounts of people, and values of properties with telling names.

use super::hash::begins_as_hash;
use super::known::{is_person_name, is_secret_name};
use super::letters::{Letter, Marks};

/// The longest run of characters that can be an id or a word.
const LONGEST_WORD: usize = 64;

/// The shortest random-looking run that counts as a hash or a token.
const SHORTEST_RANDOM: usize = 32;

/// Marks secrets and people by shape in the letters of one level.
pub(super) fn mark(letters: &[Letter], marks: &mut Marks) {
    mark_addresses(letters, marks);
    mark_accounts(letters, marks);
    mark_values(letters, marks);
    mark_opaque(letters, marks);
    mark_wrapped(letters, marks);
}

/// Marks `name@domain`, with every character that a name may have.
fn mark_addresses(letters: &[Letter], marks: &mut Marks) {
    let mut behind = 0;
    for (at, _) in letters.iter().enumerate().filter(|(_, letter)| letter.c == '@') {
        let before = letters.get(behind..at).unwrap_or_default();
        let domain = taken(letters.get(at + 1..).unwrap_or_default(), |c| {
            c.is_alphanumeric() || matches!(c, '-' | '.' | '_')
        });
        let name = match before.last() {
            // A name in quotes may have spaces.
            Some(Letter { c: '"', .. }) if before.len() > 1 => {
                let open = before.iter().rev().skip(1).take(LONGEST_WORD).position(|letter| letter.c == '"');
                open.and_then(|open| before.get(before.len() - open - 2..)).unwrap_or_default()
            }
            _ => {
                let length = before.iter().rev().take_while(|letter| is_of_name(letter.c)).count();
                let name = before.get(before.len() - length..).unwrap_or_default();
                // A quote in front belongs to the text around it.
                let start = name.iter().position(|letter| letter.c.is_alphanumeric());
                start.and_then(|start| name.get(start..)).unwrap_or_default()
            }
        };
        if !name.is_empty()
            && domain.iter().any(|letter| letter.c.is_alphanumeric())
            && !is_annotation(domain)
        {
            marks.mark(name);
            marks.mark(letters.get(at..at + 1 + domain.len()).unwrap_or_default());
        }
        // What belongs to one address is not looked at for the next: the time is linear.
        behind = at + 1;
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "!#$%&'*+-=?^_`{|}~.".contains(c)
}

/// Returns `true` for an annotation, whose name has an @ but is not an address.
fn is_annotation(domain: &[Letter]) -> bool {
    const TERMS: &[&str] = &[
        "associationlink",
        "bind",
        "context",
        "count",
        "deltalink",
        "editlink",
        "etag",
        "id",
        "navigationlink",
        "nextlink",
        "null",
        "readlink",
        "removed",
        "type",
    ];
    let domain = lower(domain);
    let domain = domain.trim_end_matches('.');
    match domain.strip_prefix("odata.") {
        Some(term) => TERMS.contains(&term),
        None => domain.strip_prefix("microsoft.graph.").is_some_and(|term| !term.contains('.')),
    }
}

/// Marks the name after the backslash in `DOMAIN
/// ame`, and the name of a profile folder in a path.
fn mark_accounts(letters: &[Letter], marks: &mut Marks) {
    for (at, _) in letters.iter().enumerate().filter(|(_, letter)| letter.c == '\\') {
        let before = letters.get(at.saturating_sub(17)..at).unwrap_or_default();
        let of_domain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
        let length = before.iter().rev().take_while(|letter| of_domain(letter.c)).count();
        let domain = before.get(before.len() - length..).unwrap_or_default();
        let beside = before.len().checked_sub(length + 1).and_then(|beside| before.get(beside));
        let name = taken(letters.get(at + 1..).unwrap_or_default(), |c| {
            c.is_alphanumeric() || "!#$%&'^_`{}~.-".contains(c)
        });
        let length = name.iter().rposition(|letter| !".'`}".contains(letter.c)).map_or(0, |last| last + 1);
        let name = name.get(..length).unwrap_or_default();
        let of_folder = lower(domain) == "users";
        let is_domain = (1..=15).contains(&domain.len())
            && domain.iter().any(|letter| letter.c.is_alphabetic())
            && beside.is_none_or(|beside| !matches!(beside.c, ':' | '\\' | '/'))
            && !is_well_known(domain)
            // `\n` and the like are escapes, unless what is before them is written as domains are.
            && (!name.first().is_some_and(|letter| "nrtbfux".contains(letter.c)) || is_upper(domain))
            && letters.get(at + 1 + length).is_none_or(|next| next.c != '\\');
        if of_folder || is_domain {
            marks.mark(name);
        }
    }
}

fn is_upper(domain: &[Letter]) -> bool {
    !domain.iter().any(|letter| letter.c.is_lowercase())
}

/// Returns `true` for a word before a backslash that is not a domain.
fn is_well_known(domain: &[Letter]) -> bool {
    ["authority", "builtin", "hkcr", "hkcu", "hklm", "hku", "nt"].contains(&lower(domain).as_str())
}

/// Marks the value of a property with a telling name: `"displayName": "…"`, `client_secret=…`.
fn mark_values(letters: &[Letter], marks: &mut Marks) {
    let mut at = 0;
    while let Some(rest) = letters.get(at..).filter(|rest| !rest.is_empty()) {
        let name = taken(rest, |c| c.is_ascii_alphanumeric() || c == '_');
        at += name.len().max(1);
        if name.len() < 2 {
            continue;
        }
        let text = lower(name);
        let secret = is_secret_name(&text);
        if !secret && !is_person_name(&text) && !matches!(text.as_str(), "displayname" | "name") {
            continue;
        }
        let after = letters.get(at..).unwrap_or_default();
        let quote = after.first().filter(|letter| matches!(letter.c, '"' | '\'')).map(|letter| letter.c);
        let skipped = usize::from(quote.is_some());
        let spaces =
            |from: usize| after.iter().skip(from).take_while(|letter| letter.c.is_whitespace()).count();
        let sign = skipped + spaces(skipped);
        if !after.get(sign).is_some_and(|letter| matches!(letter.c, ':' | '=')) {
            continue;
        }
        let start = sign + 1 + spaces(sign + 1);
        let value = after.get(start..).unwrap_or_default();
        let value = match value.first().map(|letter| letter.c) {
            Some(open @ ('"' | '\'')) => {
                let inside = value.get(1..).unwrap_or_default();
                let mut escaped = false;
                let end = inside.iter().position(|letter| {
                    let ends = letter.c == open && !escaped;
                    escaped = letter.c == '\\' && !escaped;
                    ends
                });
                inside.get(..end.unwrap_or(inside.len())).unwrap_or_default()
            }
            // Without quotes on either side, a name is a word of a sentence.
            Some(_) if secret || quote.is_some() => taken(value, |c| {
                !c.is_whitespace() && !matches!(c, '&' | ',' | ';' | '"' | '}' | ']' | '{' | '[')
            }),
            _ => &[],
        };
        // A word behind a colon is a sentence, as in `no token: the vault is sealed`.
        let is_word = quote.is_none()
            && after.get(sign).is_some_and(|sign| sign.c == ':')
            && value.iter().all(|letter| letter.c.is_lowercase() || letter.c == '.');
        if !is_word && lower(value) != "null" {
            marks.mark(value);
            at += start + value.len();
        }
    }
}

/// Marks runs of characters that are too long or too random for words.
fn mark_opaque(letters: &[Letter], marks: &mut Marks) {
    for word in letters.split(|letter| !is_of_token(letter.c)) {
        let bare =
            word.iter().position(|letter| letter.c.is_alphanumeric()).and_then(|start| word.get(start..));
        let bare = bare.unwrap_or_default();
        let is_token = bare.len() > 8 && bare.iter().zip("eyJ".chars()).all(|(letter, c)| letter.c == c);
        if is_token {
            marks.mark(bare);
            continue;
        }
        if let Some(hash) = beginning_of_hash(word) {
            marks.mark(hash);
        }
        for part in without_ids(word) {
            let longest = part.split(|letter| !letter.c.is_alphanumeric()).map(<[Letter]>::len).max();
            if longest.unwrap_or_default() > LONGEST_WORD
                || (part.len() >= SHORTEST_RANDOM && is_random(part))
            {
                marks.mark(part);
            }
        }
    }
}

/// Returns the rest of a word from the beginning of a hardware hash in it, of any length.
fn beginning_of_hash(word: &[Letter]) -> Option<&[Letter]> {
    const HEAD: usize = 40;
    let starts = |at: usize| {
        at.checked_sub(1).and_then(|before| word.get(before)).is_none_or(|c| !c.c.is_alphanumeric())
    };
    let is_hash = |at: usize| {
        let head = word.iter().skip(at).take(HEAD).map(|letter| letter.c);
        begins_as_hash(&head.collect::<String>())
    };
    let zero = |pair: &[Letter]| matches!(pair, [Letter { c: 'T', .. }, Letter { c: '0', .. }]);
    let mut places = word.windows(2).enumerate().filter(|(_, pair)| zero(pair)).map(|(at, _)| at);
    word.get(places.find(|at| starts(*at) && is_hash(*at))?..)
}

/// Returns `true` for characters of base64, URL-safe base64 and secrets.
fn is_of_token(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '~')
}

/// Returns the parts of a word between GUIDs.
fn without_ids(word: &[Letter]) -> Vec<&[Letter]> {
    const LENGTH: usize = 36;
    let is_id = |part: &[Letter]| {
        part.iter().enumerate().all(|(at, letter)| match at {
            8 | 13 | 18 | 23 => letter.c == '-',
            _ => letter.c.is_ascii_hexdigit(),
        })
    };
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while let Some(part) = word.get(at..at + LENGTH) {
        if part.get(8).is_some_and(|letter| letter.c == '-') && is_id(part) {
            parts.extend(word.get(start..at));
            at += LENGTH;
            start = at;
        } else {
            at += 1;
        }
    }
    parts.extend(word.get(start..));
    parts
}

/// Returns `true` if capitals, small letters and digits alternate more than in words, names and versions.
fn is_random<'a>(letters: impl IntoIterator<Item = &'a Letter>) -> bool {
    let kinds: Vec<u8> = letters
        .into_iter()
        .filter_map(|letter| match letter.c {
            'a'..='z' => Some(0),
            'A'..='Z' => Some(1),
            '0'..='9' => Some(2),
            _ => None,
        })
        .collect();
    let turns = kinds.iter().zip(kinds.iter().skip(1)).filter(|(kind, next)| kind != next).count();
    (0..3).all(|kind| kinds.contains(&kind)) && turns * 5 >= kinds.len() * 2
}

/// Marks a hash or a token wrapped into lines of equal length, except the first and last.
fn mark_wrapped(letters: &[Letter], marks: &mut Marks) {
    let mut lines: Vec<&[Letter]> = Vec::new();
    for line in letters.split(|letter| matches!(letter.c, '\n' | '\r')) {
        let line = trimmed(line);
        if !line.is_empty() {
            lines.push(line);
        }
    }
    let is_pure = |line: &[Letter]| line.iter().all(|letter| is_of_base64(letter.c));
    let tail = |line: &&[Letter]| line.iter().rev().take_while(|letter| is_of_base64(letter.c)).count();
    let mut at = 0;
    while let Some(first) = lines.get(at) {
        let length = tail(first);
        let own = first.get(first.len() - length..).unwrap_or_default();
        let rest = lines.get(at + 1..).unwrap_or_default();
        let same = match rest.first() {
            Some(second) if length > 0 && is_pure(second) => {
                rest.iter().take_while(|line| line.len() == second.len() && is_pure(line)).count()
            }
            _ => 0,
        };
        let middle = rest.get(..same).unwrap_or_default();
        let last = rest.get(same).map(|line| taken(line, is_of_base64)).unwrap_or_default();
        let all = std::iter::once(own).chain(middle.iter().copied()).chain([last]);
        let total: usize = all.clone().map(<[Letter]>::len).sum();
        if !rest.is_empty() && total >= SHORTEST_RANDOM && is_random(all.clone().flatten()) {
            all.for_each(|line| marks.mark(line));
        }
        at += same.max(1);
    }
}

/// Returns `true` for characters of both base64 alphabets, and separators and padding of tokens and secrets.
fn is_of_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-' | '.' | '~')
}

/// Returns the leading letters that are `wanted`.
fn taken(letters: &[Letter], wanted: impl Fn(char) -> bool) -> &[Letter] {
    let length = letters.iter().take_while(|letter| wanted(letter.c)).count();
    letters.get(..length).unwrap_or_default()
}

/// Returns the letters without surrounding spaces.
fn trimmed(letters: &[Letter]) -> &[Letter] {
    let is_text = |letter: &Letter| !letter.c.is_whitespace();
    let start = letters.iter().position(is_text).unwrap_or(letters.len());
    let end = letters.iter().rposition(is_text).map_or(start, |last| last + 1);
    letters.get(start..end).unwrap_or_default()
}

fn lower(letters: &[Letter]) -> String {
    letters.iter().flat_map(|letter| letter.c.to_lowercase()).collect()
}
