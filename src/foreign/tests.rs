use std::fmt::Write as _;

use super::known::Pieces;
use super::*;

/// Values of the kinds that a request carries.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Hash,
    Token,
    Secret,
    Person,
}

fn random(rng: &mut fastrand::Rng, alphabet: &str, length: usize) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    (0..length).map(|_| alphabet[rng.usize(..alphabet.len())]).collect()
}

const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A value, and its part that must not be shown.
fn value(rng: &mut fastrand::Rng, kind: Kind) -> (String, String) {
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

fn wrapped(text: &str, column: usize, line_break: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        if at > 0 && at % column == 0 {
            out.push_str(line_break);
        }
        out.push(c);
    }
    out
}

fn in_html(text: &str, rng: &mut fastrand::Rng) -> String {
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

fn in_json(text: &str, rng: &mut fastrand::Rng) -> String {
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

fn percent(text: &str) -> String {
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
fn page(rng: &mut fastrand::Rng, value: &str) -> String {
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

/// Asserts that no 8 characters in a row of `value` are in `shown`, and no whole value that is shorter.
fn assert_hidden(shown: &str, value: &str, seed: u64, page: &str) {
    let (shown, value) = (shown.to_lowercase(), value.to_lowercase());
    let found = if value.chars().count() < 8 {
        // Four letters inside a longer word are no value.
        let is_word = |at: usize| {
            let (before, rest) = shown.split_at(at);
            let beside = [before.chars().next_back(), rest.split_at(value.len()).1.chars().next()];
            let own = [value.chars().next(), value.chars().next_back()];
            let alone = |(beside, own): (Option<char>, Option<char>)| {
                !(beside.is_some_and(char::is_alphanumeric) && own.is_some_and(char::is_alphanumeric))
            };
            beside.into_iter().zip(own).all(alone)
        };
        shown.match_indices(&value).any(|(at, _)| is_word(at)).then_some(value.clone())
    } else {
        let shown = [shown.clone(), shown.split_whitespace().collect()];
        let mut all: Vec<u64> = shown.iter().flat_map(|shown| Pieces::of(shown.chars())).collect();
        all.sort_unstable();
        let at = Pieces::of(value.chars()).position(|piece| all.binary_search(&piece).is_ok());
        at.map(|at| value.chars().skip(at).take(8).collect())
    };
    assert!(found.is_none(), "SEED={seed}: {found:?} of {value:?} in\n{shown}\nfrom\n{page}");
}

#[test]
fn no_piece_of_a_requests_values_is_in_any_text() {
    let seed =
        std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..10_000 {
        let kind = [Kind::Hash, Kind::Token, Kind::Secret, Kind::Person][rng.usize(..4)];
        let (value, hidden) = value(&mut rng, kind);
        let page = page(&mut rng, &value);
        let mut redactor = Redactor::default();
        match kind {
            Kind::Person => redactor.person(&value),
            _ => redactor.secret(&value),
        };
        let longest = if rng.bool() { 160 } else { KEEP };
        assert_hidden(&redactor.excerpt(&page, longest), &hidden, seed, &page);
        // What was cut and escaped once is redacted all the same.
        if rng.u8(..4) > 0 {
            continue;
        }
        assert_hidden(&redactor.text(&excerpt(&page, longest)), &hidden, seed, &page);
    }
}

#[test]
fn hashes_tokens_and_addresses_of_nobody_in_particular_are_seen_by_their_shape() {
    let seed =
        std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    println!("SEED={seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..1_000 {
        let kind = [Kind::Hash, Kind::Token, Kind::Person][rng.usize(..3)];
        let (value, hidden) = value(&mut rng, kind);
        let column = if kind == Kind::Person { usize::MAX } else { rng.usize(4..100) };
        let json = in_json(&value, &mut rng);
        for page in [
            format!("Cannot convert the literal '{value}' to the expected type."),
            format!("Cannot convert the literal '{json}' to the expected type."),
            format!("Cannot convert the literal '{}' to it.", wrapped(&value, column, "\r\n")),
            wrapped(&format!("Cannot convert the literal {value} to it."), column, "\n"),
        ] {
            let shown = excerpt(&page, KEEP);
            // Names may be followed by a full stop.
            let bare = hidden.trim_matches(|c: char| !c.is_alphanumeric());
            if bare.chars().count() >= 4 && !(kind == Kind::Person && value.starts_with("CONTOSO\\'")) {
                assert_hidden(&shown, bare, seed, &page);
            }
        }
    }
}

#[test]
fn words_ids_paths_and_versions_are_shown() {
    for harmless in [
        "at /v1.0/devices/1: not found",
        "b@ at @ end",
        "device 0f8fad5b-d9cb-469f-a165-70867728950e_Windows10EnrollmentCompletionPageConfiguration",
        "0f8fad5b-d9cb-469f-a165-70867728950e_0f8fad5b-d9cb-469f-a165-70867728950e_0",
        "the annotation @odata.type of members@odata.bind and @microsoft.graph.conflictBehavior",
        "Resource not found for the segment 'windowsAutopilotDeploymentProfiles'.",
        "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentities/import",
        "https://fef.msub06.manage.microsoft.com/StatelessOnboardingService/deviceManagement/x",
        "Windows11.0.22631.4317.amd64fre.ni_release.220506-1250",
        "serial number 0000-0016-3286-1463-1186-1457-73 and VMware-56 4d 3e 2f a1 b0 c9 d8",
        "S-1-5-21-3623811015-3361044348-30300820-1013 in BUILTIN\\Administrators",
        "C:\\Windows\\Temp\\x.log, HKLM\\SOFTWARE\\Microsoft\\Windows",
        "Parameter name: deviceId",
        "no token: the vault is sealed",
        "1 < 2 & 3 > 2",
    ] {
        assert_eq!(excerpt(harmless, KEEP), harmless);
        assert_eq!(scrub(harmless), harmless);
    }
}

#[test]
fn names_of_people_are_not_shown_whatever_is_in_them() {
    for (text, shown) in [
        ("user 'o'neill@contoso.com' is unknown", "user '[redacted]' is unknown"),
        ("user adele~vance@contoso.com.", "user [redacted]"),
        ("user CONTOSO\\adelev is unknown", "user CONTOSO\\[redacted] is unknown"),
        ("CONTOSO\\nina", "CONTOSO\\[redacted]"),
        (r#"{"user":"CONTOSO\\nina"}"#, r#"{"user":"[redacted]"}"#),
        ("at /v1.0/users/adele@contoso.com: gone", "at /v1.0/users/[redacted]: gone"),
        ("a\"adele vance\"@contoso.com", "a[redacted]"),
        ("adele_fabrikam.com#EXT#@contoso.com", "[redacted]"),
        ("adele%40contoso.com", "[redacted]"),
        ("C:\\Users\\adelev\\AppData", "C:\\Users\\[redacted]\\AppData"),
        (r#"{"displayName":"Adele Vance","id":1}"#, r#"{"displayName":"[redacted]","id":1}"#),
        (
            r#"{\"displayName\": \"Adele \\\"A\\\" Vance\", \"id\": 1}"#,
            r#"{\"displayName\": \"[redacted]\", \"id\": 1}"#,
        ),
        ("{'givenName': 'Adele'", "{'givenName': '[redacted]'"),
        ("client_secret=abc&x=1 password: hunter2", "client_secret=[redacted]&x=1 password: [redacted]"),
    ] {
        assert_eq!(excerpt(text, KEEP), shown, "{text}");
    }
}

#[test]
fn what_acts_on_a_terminal_or_on_the_direction_of_text_is_escaped() {
    assert_eq!(line("a\u{1b}[31m\u{7}\u{9b}\u{202e}b\nc").to_string(), r"a\u{1b}[31m\u{7}\u{9b}\u{202e}b\nc");
    assert_eq!(excerpt("a\u{1b}b \n\t c\u{202e}", KEEP), r"a\u{1b}b c\u{202e}");
    assert_eq!(format!("{:4}|{:3}|", line("ab"), line("\u{7}")), "ab  |\\u{7}|");
}

#[test]
fn a_page_is_cut_first_and_its_markup_folded() {
    let page = "<html><head><style>a{}</style><!-- x > y --></head><body><h1>Bad   Gateway</h1><script>1<2</script>!";
    assert_eq!(excerpt(page, KEEP), "Bad Gateway !");
    assert_eq!(excerpt("x".repeat(3), 2), "xx…");
    assert!(excerpt("word ".repeat(1 << 20), usize::MAX).len() <= KEEP);
    assert_eq!(excerpt(format!("{}adele.vance@contoso.com", "<p>".repeat(1_362)), KEEP), "");
    for worst in ["<script>", "<script", "</", "<!--", "<", "a@", "\\", "%41", "&#65;", "mail='", "T0E/"] {
        assert!(excerpt(worst.repeat((64 << 20) / worst.len()), usize::MAX).len() <= KEEP, "{worst}");
    }
}
