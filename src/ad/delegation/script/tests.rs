use super::*;
use crate::ad::delegation::DelegationProfile::{CreateDeleteFullControl, CreateFullControl, CreateOnly};
use crate::ad::descriptor::tests::SID;
use crate::ad::descriptor::{AccessMask, Ace, AceEffect, AceFlags, Sid};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn script(profile: DelegationProfile, ou: &str, principal: &str) -> DelegationScript {
    DelegationScript::for_profile(profile, &ou.parse().unwrap(), principal.parse().unwrap()).unwrap()
}

const OU: &str = "OU=Autopilot,DC=corp,DC=example";

#[test]
fn powershell_adds_each_entry_and_commits() {
    assert_eq!(
            script(CreateDeleteFullControl, OU, r"CORP\CONNECTOR01$").powershell().replace("\r\n", "\n"),
            "\
# Adds to the OU's DACL. The owner, the SACL and all other entries are kept.
$ErrorActionPreference = 'Stop'
$ou = [ADSI]'LDAP://OU=Autopilot,DC=corp,DC=example'
$ou.psbase.Options.SecurityMasks = [System.DirectoryServices.SecurityMasks]::Dacl
$sid = (New-Object System.Security.Principal.NTAccount('CORP', 'CONNECTOR01$')).Translate([System.Security.Principal.SecurityIdentifier])
$ou.psbase.ObjectSecurity.AddAccessRule((New-Object System.DirectoryServices.ActiveDirectoryAccessRule($sid, 'CreateChild, DeleteChild', 'Allow', [guid]'bf967a86-0de6-11d0-a285-00aa003049e2', 'All', [guid]::Empty)))
$ou.psbase.ObjectSecurity.AddAccessRule((New-Object System.DirectoryServices.ActiveDirectoryAccessRule($sid, 'GenericAll', 'Allow', [guid]::Empty, 'Descendents', [guid]'bf967a86-0de6-11d0-a285-00aa003049e2')))
$ou.psbase.CommitChanges()
"
        );
    let text = script(CreateOnly, "OU=Ger\u{e4}te,DC=x,DC=y", SID).powershell();
    assert!(text.contains("[ADSI]('LDAP://OU=Ger' + [char]0x00e4 + 'te,DC=x,DC=y')"), "{text}");
}

#[test]
fn dsacls_has_no_word_for_this_object_only() {
    assert_eq!(script(CreateOnly, OU, SID).dsacls(), None);
    let long = format!("{}DC=x,DC=y", "OU=0123456789,".repeat(600));
    assert_eq!(script(CreateFullControl, &long, SID).dsacls(), None);
}

#[test]
fn samba_takes_the_entries_as_sddl_and_the_trustee_as_a_sid() {
    assert_eq!(
        script(CreateFullControl, "OU=it's,DC=corp,DC=example", SID).samba_tool().unwrap(),
        format!(
            "samba-tool dsacl set --action=allow --objectdn='OU=it'\\''s,DC=corp,DC=example' \
                 --sddl='(OA;CI;CC;{0};;{SID})(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;{0};{SID})'\n",
            Guid::COMPUTER
        )
    );
    assert_eq!(script(CreateOnly, OU, r"CORP\CONNECTOR01$").samba_tool(), None);
}

#[test]
fn a_plan_writes_only_what_is_missing() {
    let sid: Sid = SID.parse().unwrap();
    let ou: OrganizationalUnit = OU.parse().unwrap();
    let dacl = |aces: Vec<Ace>| crate::ad::descriptor::Acl::new(aces).unwrap();
    let full_control = CreateFullControl.aces(&sid).remove(1);
    let plan = CreateFullControl.plan(&dacl(vec![full_control]), &sid).unwrap();
    let text = plan.script(&ou).unwrap().dsacls().unwrap();
    assert_eq!(text, format!("dsacls \"{OU}\" /I:T /G \"{SID}:CC;computer\"\r\n"));
    let nothing = CreateFullControl.plan(plan.dacl(), &sid).unwrap().script(&ou).unwrap();
    assert_eq!((nothing.dsacls().unwrap(), nothing.samba_tool().unwrap()), (String::new(), String::new()));
}

#[test]
fn a_name_that_the_service_reported_wrong_is_not_written() {
    let ou = OrganizationalUnit::from_service("OU=a'; Remove-Item x #,DC=corp");
    let script = DelegationScript::for_profile(CreateOnly, &ou, SID.parse().unwrap());
    assert_eq!(script.unwrap_err().subject(), "organizational unit");
}

#[test]
fn each_form_of_a_name_is_written_as_its_tool_takes_it() {
    for (principal, identity, dsacls) in [
        ("odj$@corp.example", "NTAccount('corp.example', 'odj$')", Some("odj$@corp.example:CC;computer")),
        ("odj$", "NTAccount('odj$')", None),
        (
            r"CN=it's a/b,DC=x,DC=y",
            r"(([ADSI]'LDAP://CN=it''s a\/b,DC=x,DC=y').psbase.Properties['objectSid'].Value, 0)",
            None,
        ),
    ] {
        let script = script(CreateFullControl, OU, principal);
        assert!(script.powershell().contains(identity), "{}", script.powershell());
        assert_eq!(script.dsacls().is_some(), dsacls.is_some(), "{principal}");
        assert!(dsacls.is_none_or(|text| script.dsacls().unwrap().contains(text)));
        assert_eq!(script.samba_tool(), None);
    }
}

// What a script says, read back by the rules of its language and not by those that wrote it.
#[derive(Debug, PartialEq)]
struct ParsedScript {
    names: Vec<String>,
    domain: String,
    principal: String,
    aces: Vec<Ace>,
}

impl ParsedScript {
    fn of(profile: DelegationProfile, ou: &OrganizationalUnit, principal: &Principal) -> Self {
        let mut parsed = Self::new(ou.as_str(), principal.to_string());
        parsed.aces = profile.aces(&SID.parse().unwrap());
        parsed
    }

    fn new(dn: &str, principal: String) -> Self {
        let ou: OrganizationalUnit = dn.parse().unwrap();
        Self { names: ou.names(), domain: ou.domain().to_string(), principal, aces: Vec::new() }
    }

    fn allow(&mut self, flags: u8, mask: u32, object: Option<Guid>, inherited: Option<Guid>) {
        let (flags, mask) = (AceFlags::from_bits(flags), AccessMask::from_bits(mask));
        self.aces.push(Ace::new(AceEffect::Allow, flags, mask, object, inherited, SID.parse().unwrap()));
    }
}

/// Returns the strings of a line of PowerShell, and the line with each of them as `'`, those that are put together
/// included.
fn powershell_strings(line: &str) -> (Vec<String>, String) {
    let is_quote = |c: &char| "'\u{2018}\u{2019}\u{201A}\u{201B}".contains(*c);
    let (mut strings, mut code) = (Vec::new(), String::new());
    assert!(line.is_ascii(), "{line}");
    let mut chars = line.chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(c) = chars.next() {
        if !is_quote(&c) {
            assert!(c.is_ascii() && c != '"' && c != '`', "{c:?} outside of a string: {line}");
            code.push(c);
            continue;
        }
        let mut string = String::new();
        loop {
            let c = chars.next().expect("a string ends");
            if is_quote(&c) && chars.next_if(is_quote).is_none() {
                break;
            }
            string.push(c);
        }
        let mut rest: String = chars.clone().collect();
        let mut units: Vec<u16> = string.encode_utf16().collect();
        let is_sum = rest.starts_with(" + ");
        while let Some(next) = rest.strip_prefix(" + ") {
            if let Some(unit) = next.strip_prefix("[char]0x") {
                let (unit, behind) = unit.split_at(4);
                units.push(u16::from_str_radix(unit, 16).unwrap());
                rest = behind.to_owned();
            } else {
                // A quote in a string is doubled.
                let text = next.strip_prefix('\'').unwrap().replace("''", "\u{1}");
                let (text, behind) = text.split_once('\'').unwrap();
                units.extend(text.replace('\u{1}', "'").encode_utf16());
                rest = behind.replace('\u{1}', "''");
            }
        }
        if is_sum {
            assert_eq!(code.pop(), Some('('), "{line}");
            rest = rest.strip_prefix(')').unwrap().to_owned();
            chars = rest.chars().collect::<Vec<_>>().into_iter().peekable();
        }
        strings.push(String::from_utf16(&units).unwrap());
        code.push('\'');
    }
    (strings, code)
}

fn read_powershell(text: &str) -> ParsedScript {
    let mut parsed = None;
    let mut dn = String::new();
    let mut lines = text.split_terminator("\r\n").filter(|line| !line.starts_with('#'));
    assert_eq!(lines.next(), Some("$ErrorActionPreference = 'Stop'"));
    for line in lines {
        let (strings, code) = powershell_strings(line);
        let strings: Vec<&str> = strings.iter().map(String::as_str).collect();
        match (code.as_str(), &strings[..]) {
            ("$ou = [ADSI]'", [path]) => {
                let path = path.strip_prefix("LDAP://").unwrap();
                assert!(!path.replace("\\/", "").contains('/'), "a slash would separate: {path}");
                dn = path.replace("\\/", "/");
            }
            ("$sid = [System.Security.Principal.SecurityIdentifier]'", [sid]) => {
                parsed = Some(ParsedScript::new(&dn, (*sid).to_owned()));
            }
            (
                "$sid = (New-Object System.Security.Principal.NTAccount(', ')).Translate([System.Security.Principal.SecurityIdentifier])",
                [domain, name],
            ) => parsed = Some(ParsedScript::new(&dn, format!("{domain}\\{name}"))),
            (code, [rights, "Allow", rest @ ..]) => {
                let (guid, inheritance, object_first) = match rest {
                    [first, second] if first.len() == 36 => (first, second, true),
                    [first, second] => (second, first, false),
                    _ => panic!("{line}"),
                };
                let arguments =
                    if object_first { "[guid]', ', [guid]::Empty" } else { "[guid]::Empty, ', [guid]'" };
                let rule = "(New-Object System.DirectoryServices.ActiveDirectoryAccessRule($sid, ', ', ";
                assert_eq!(code, format!("$ou.psbase.ObjectSecurity.AddAccessRule({rule}{arguments})))"));
                let mask = rights.split(", ").fold(0, |mask, right| {
                    mask | match right {
                        "CreateChild" => 1,
                        "DeleteChild" => 2,
                        "GenericAll" => 983_551,
                        other => panic!("{other}"),
                    }
                });
                let flags = match *inheritance {
                    "None" => 0,
                    "All" => 2,
                    "Descendents" => 0xA,
                    other => panic!("{other}"),
                };
                let guid = Some(guid.parse().unwrap());
                let (object, inherited) = if object_first { (guid, None) } else { (None, guid) };
                parsed.as_mut().unwrap().allow(flags, mask, object, inherited);
            }
            ("$ou.psbase.Options.SecurityMasks = [System.DirectoryServices.SecurityMasks]::Dacl", [])
            | ("$ou.psbase.CommitChanges()", []) => {}
            _ => panic!("{line}"),
        }
    }
    parsed.unwrap()
}

/// Splits a line of a batch file as cmd.exe and the argument rules of C programs do.
fn cmd_words(line: &str) -> Vec<String> {
    let line = line.replace("%%", "\0");
    assert!(!line.contains('%'), "a variable would be put in: {line}");
    let line = line.replace('\0', "%");
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut quoted, mut backslashes) = (false, 0);
    for c in line.chars().chain([' ']) {
        assert!(quoted || !"&|<>^()".contains(c), "{c:?} means something outside of quotes: {line}");
        if c == '\\' {
            backslashes += 1;
            continue;
        }
        let escapes = c == '"' && backslashes % 2 == 1;
        if backslashes > 0 {
            let kept = if c == '"' { backslashes / 2 } else { backslashes };
            word.get_or_insert_default().push_str(&"\\".repeat(kept));
            backslashes = 0;
        }
        match c {
            '"' if !escapes => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            ' ' if !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    assert!(!quoted, "{line}");
    words
}

fn read_dsacls(text: &str) -> ParsedScript {
    let mut parsed: Option<ParsedScript> = None;
    for line in text.split_terminator("\r\n").filter(|line| *line != "chcp 65001 >nul") {
        let words = cmd_words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ["dsacls", dn, reach, "/G", statement] = words[..] else { panic!("{words:?}") };
        let (principal, permission) = statement.split_once(':').unwrap();
        let fields: Vec<&str> = permission.split(';').collect();
        let class = |at: usize| match fields.get(at).copied().unwrap_or_default() {
            "" => None,
            "computer" => Some(Guid::COMPUTER),
            other => panic!("{other}"),
        };
        let mask = match fields[0] {
            "CC" => 1,
            "CCDC" => 3,
            "GA" => 0xF_01FF,
            other => panic!("{other}"),
        };
        let flags = match reach {
            "/I:T" => 2,
            "/I:S" => 0xA,
            other => panic!("{other}"),
        };
        let line = ParsedScript::new(dn, principal.to_owned());
        let parsed = parsed.get_or_insert_with(|| ParsedScript::new(dn, principal.to_owned()));
        assert_eq!((&parsed.names, &parsed.principal), (&line.names, &line.principal));
        parsed.allow(flags, mask, class(1), class(2));
    }
    parsed.unwrap()
}

/// Returns the words of a line of a POSIX shell.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let quoted: String = chars.by_ref().take_while(|c| *c != '\'').collect();
                word.get_or_insert_default().push_str(&quoted);
            }
            '\\' => word.get_or_insert_default().extend(chars.next()),
            ' ' | '\n' => words.extend(word.take()),
            c => {
                assert!(c.is_ascii_alphanumeric() || "-=_".contains(c), "{c:?} outside of quotes: {line}");
                word.get_or_insert_default().push(c);
            }
        }
    }
    words.extend(word);
    words
}

fn read_samba_tool(words: &[String]) -> ParsedScript {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ["samba-tool", "dsacl", "set", "--action=allow", dn, sddl] = words[..] else { panic!("{words:?}") };
    let mut parsed = ParsedScript::new(dn.strip_prefix("--objectdn=").unwrap(), SID.to_owned());
    let sddl = sddl.strip_prefix("--sddl=").unwrap();
    parsed.aces = sddl.split_inclusive(')').map(|ace| ace.parse().unwrap()).collect();
    parsed
}

/// Returns a legal name, with much of what means something to a shell or a directory, each character escaped or not.
fn any_unit() -> impl Strategy<Value = OrganizationalUnit> {
    let special =
        "\"'`$%&|<>^!(){}[];,+=#\\/*?@~\u{2018}\u{2019}\u{201A}\u{201B}\u{202E}\u{FF02} \u{A0}\n\t\0";
    let special: Vec<char> = special.chars().collect();
    let c = prop_oneof![
        4 => prop::sample::select(special),
        3 => prop::char::range('a', 'z'),
        2 => any::<char>()
    ];
    let name = prop::collection::vec((c, 0..3_u8), 1..16);
    let names = prop::collection::vec(name, 1..4);
    let labels = prop::collection::vec("[a-z][a-z0-9]{0,5}", 2..4);
    (names, labels).prop_map(|(names, labels)| {
        let mut parts: Vec<String> = names.iter().map(|name| format!("OU={}", written(name))).collect();
        parts.extend(labels.iter().map(|label| format!("DC={label}")));
        parts.join(",").parse().unwrap()
    })
}

/// Returns a name as it stands in a distinguished name; the number chooses between the ways that are legal.
fn written(name: &[(char, u8)]) -> String {
    let last = name.len() - 1;
    let each = name.iter().enumerate().map(|(i, (c, way))| {
        let at_end = i == 0 || i == last;
        let by_code: String =
            c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:02x}")).collect();
        let can_be_escaped = " \"#+,;<=>\\".contains(*c);
        let must_be = "\"+,;<=>\\".contains(*c)
            || c.is_control()
            || (at_end && c.is_whitespace())
            || (i == 0 && (*c == '#' || "'\u{2018}\u{2019}\u{201C}\u{201D}".contains(*c)));
        match way {
            0 if !must_be => c.to_string(),
            0 | 1 if can_be_escaped => format!("\\{c}"),
            _ => by_code,
        }
    });
    each.collect()
}

fn any_principal() -> impl Strategy<Value = Principal> {
    let domain = "[A-Za-zÄ0-9'%&^!$(){}~#@_`.\u{2019}-]{0,13}[A-Z]";
    let name = "[A-Za-zü0-9'%&^!$(){}~#@_` .\u{2018}\u{2019}\u{FF02}-]{0,18}[A-Za-z0-9%'$]";
    prop_oneof![
        1 => Just(SID.to_owned()),
        4 => (domain, name).prop_map(|(domain, name)| format!("{}\\{}", domain, name.trim()))
    ]
    .prop_map(|text| text.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn every_script_says_what_was_planned(
        ou in any_unit(),
        principal in any_principal(),
        profile in prop::sample::select(&DelegationProfile::ALL[..]),
    ) {
        let script = DelegationScript::for_profile(profile, &ou, principal.clone()).unwrap();
        let planned = ParsedScript::of(profile, &ou, &principal);
        prop_assert_eq!(&read_powershell(&script.powershell()), &planned);
        let dsacls = script.dsacls();
        prop_assert_eq!(dsacls.is_none(), profile == CreateOnly);
        if let Some(text) = dsacls {
            prop_assert_eq!(&read_dsacls(&text), &planned, "{}", text);
        }
        let samba = script.samba_tool();
        prop_assert_eq!(samba.is_some(), planned.principal == SID);
        if let Some(text) = samba {
            prop_assert_eq!(&read_samba_tool(&shell_words(&text)), &planned, "{}", text);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_real_shell_reads_a_thousand_lines_as_they_are_meant() {
    use std::io::Write;
    let mut runner = TestRunner::deterministic();
    let units: Vec<OrganizationalUnit> =
        (0..1_000).map(|_| any_unit().new_tree(&mut runner).unwrap().current()).collect();
    let mut shell = std::process::Command::new("sh")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = shell.stdin.take().unwrap();
    let lines: String =
        units.iter().map(|ou| script(CreateFullControl, ou.as_str(), SID).samba_tool().unwrap()).collect();
    let writer = std::thread::spawn(move || {
        stdin.write_all(lines.replace("samba-tool ", "printf '%s\\0' samba-tool ").as_bytes()).unwrap()
    });
    let output = shell.wait_with_output().unwrap();
    writer.join().unwrap();
    let words: Vec<String> =
        String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(words.len(), 6 * units.len());
    for (words, ou) in words.chunks(6).zip(&units) {
        assert_eq!(read_samba_tool(words), ParsedScript::of(CreateFullControl, ou, &SID.parse().unwrap()));
    }
}
