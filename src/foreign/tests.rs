use super::known::Pieces;
use super::*;

#[allow(dead_code, reason = "each test uses its part")]
#[path = "../../tests/support/echoes.rs"]
mod echoes;

use self::echoes::{Kind, in_json, page, value, wrapped};

/// Asserts that `shown` has no 8 consecutive characters of `value`, nor a shorter value as a whole.
fn assert_hidden(shown: &str, value: &str, seed: u64, page: &str) {
    let (shown, value) = (shown.to_lowercase(), value.to_lowercase());
    let found = if value.chars().count() < 8 {
        // Four letters inside a longer word are not a value.
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
        // For names and files, where markup is kept: tags that wrap a value hide none of it.
        assert_hidden(&redactor.text(&page), &hidden, seed, &page);
        // Text that was cut and escaped before is still redacted.
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
