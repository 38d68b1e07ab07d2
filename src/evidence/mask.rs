//! Text that is masked for display.

use std::fmt;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde::{Serialize, Serializer};

use crate::model::Text;

/// Text from a log, masked for display: `Debug`, `Display` and serialized forms hide personal data and secrets.
///
/// Masking covers sign-in names, accounts, security identifiers, GUIDs, URL queries, passwords and Wi-Fi names.
///
/// ```
/// use windows_autopilot::evidence::Masked;
///
/// let text = Masked::from(r"CORP\adele failed for adele@contoso.com: 0x5");
/// assert_eq!(text.to_string(), "[account] failed for [user]: 0x5");
/// assert!(text.unmasked().contains("adele"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Masked(Text);

impl Masked {
    /// Returns the original text, which is sensitive.
    pub fn unmasked(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Text>> From<T> for Masked {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&mask(&self.0), f)
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The patterns in order, each with its replacement.
const PATTERNS: &[(&str, &str)] = &[
    // Queries of addresses carry keys.
    (r#"(?i)(https?://[^\s"'<>?]+)\?[^\s"'<>]*"#, "$1?[hidden]"),
    (r#"(?i)\b(sig|sv|se|token|access_token|client_secret|refresh_token)=[^\s&"'<>;,]+"#, "$1=[hidden]"),
    // To the end of the line: a password can contain any character.
    (
        r"(?i)\b(lpMachinePassword|lpPassword|password|passwd|pwd|passphrase|SharedKey|keyMaterial)(\s*[:=]\s*)[^\r\n]+",
        "$1$2[hidden]",
    ),
    (r#"(?i)\b(ssid|wi-?fi|wlan profile)(\s*[:=]\s*)("[^"\r\n]*"|[^\r\n;,]+)"#, "$1$2[hidden]"),
    (
        r#"(?i)\b(lpAccount|account ?name|user ?name|user ?identity|display ?name|samaccountname|upn|user|account|owner)(\s*[:=]\s*)("[^"\r\n]*"|'[^'\r\n]*'|[^\r\n;,]+)"#,
        "$1$2[user]",
    ),
    (
        r#"[^\s"'<>()\[\]{},;:=@\\/|]+@[^\s"'<>()\[\]{},;:=@\\/|.]+(?:\.[^\s"'<>()\[\]{},;:=@\\/|.]+)*"#,
        "[user]",
    ),
    (r"(?i)\bS-1-\d+(?:-\d+)+", "[sid]"),
    (r"(?i)\{?\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b\}?", "[id]"),
    // The folder of a profile, before accounts: its name is one.
    (r#"(?i)\b([a-z]:\\(?:users|documents and settings)\\)[^\\\r\n"']+"#, "$1[user]"),
    (r#"(?i)\b(CN=)[^,"'\r\n]+(,CN=Users\b)"#, "$1[user]$2"),
];

/// An account: a domain, a backslash and a name. A path has more backslashes, or a drive before it.
const ACCOUNT: &str =
    r#"(^|[\s"'(\[=:,;])([^\s"'<>()\[\]{}=:,;\\/@]{1,64})\\([^\s"'<>()\[\]{}=:,;\\/@]{1,64})"#;

static REGEXES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    PATTERNS.iter().filter_map(|(pattern, with)| Some((Regex::new(pattern).ok()?, *with))).collect()
});
static ACCOUNTS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(ACCOUNT).ok());

/// Masks a text.
pub(super) fn mask(text: &str) -> String {
    let mut masked = text.to_owned();
    for (regex, with) in REGEXES.iter() {
        masked = regex.replace_all(&masked, *with).into_owned();
    }
    let Some(accounts) = ACCOUNTS.as_ref() else { return masked };
    let mut shown = String::with_capacity(masked.len());
    let mut end = 0;
    for found in accounts.captures_iter(&masked) {
        let Some(whole) = found.get(0) else { continue };
        // Behind one more backslash it is a path.
        let is_path = masked.get(whole.end()..).is_some_and(|rest| rest.starts_with('\\'));
        shown.push_str(masked.get(end..whole.start()).unwrap_or_default());
        if is_path {
            shown.push_str(whole.as_str());
        } else {
            shown.push_str(found.get(1).map_or("", |before| before.as_str()));
            shown.push_str("[account]");
        }
        end = whole.end();
    }
    shown.push_str(masked.get(end..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_a_person_or_gives_access_is_hidden() {
        for (text, expected) in [
            ("for Adele.Vance@contoso.com at 9", "for [user] at 9"),
            ("for jörg.müller@firma.de.", "for [user]."),
            ("by S-1-5-21-1-2-3-1001 now", "by [sid] now"),
            ("tenant {0f8fad5b-d9cb-469f-a165-70867728950e}", "tenant [id]"),
            (r"CORP\svc$ was refused", "[account] was refused"),
            (r"(CORP\svc-odj)", "([account])"),
            (
                "https://x.blob.core.windows.net/c/f?sv=1&sig=SECRET ok",
                "https://x.blob.core.windows.net/c/f?[hidden] ok",
            ),
            ("sig=SECRET&x", "sig=[hidden]&x"),
            ("lpMachinePassword: a b;c", "lpMachinePassword: [hidden]"),
            ("SSID: Home of Adele", "SSID: [hidden]"),
            (r"C:\Users\adele\x.log", r"C:\Users\[user]\x.log"),
            ("lpAccount: CORP\\svc", "lpAccount: [user]"),
            ("User Identity : adele", "User Identity : [user]"),
        ] {
            assert_eq!(Masked::from(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_an_administrator_needs_stays() {
        for text in [
            "NetpProvisionComputerAccount machineName=PC-1 failed: 0x5",
            "OU=Autopilot,DC=corp,DC=contoso,DC=com",
            r"C:\Windows\debug\netsetup.log",
            "domain corp.contoso.com, serial 1234-5678",
            "0x80070774 after 1500063 ms",
        ] {
            assert_eq!(Masked::from(text).to_string(), text);
        }
    }

    #[test]
    fn debug_and_json_are_masked() {
        let text = Masked::from("adele@contoso.com");
        assert_eq!(format!("{text:?}"), "\"[user]\"");
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"[user]\"");
        assert_eq!(text.unmasked(), "adele@contoso.com");
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!((REGEXES.len(), ACCOUNTS.is_some()), (PATTERNS.len(), true));
    }
}
