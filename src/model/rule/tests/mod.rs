//! The rule as a whole: text in, meaning, text out.

mod laws;

use serde_json::{Map, Value, json};

use super::*;
use crate::model::Severity;

fn rule(text: &str) -> MembershipRule {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn device(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other}"),
    }
}

/// Returns a registered device with a tag and a purchase order that has not enrolled.
fn registered() -> Map<String, Value> {
    device(json!({
        "id": "0b1f7a52-3c0e-4a4b-8f1b-1f5c0a6d2e11",
        "deviceId": "6f2c",
        "accountEnabled": true,
        "displayName": "SN-0042",
        "deviceOwnership": null,
        "extensionAttributes": { "extensionAttribute1": "Zürich", "extensionAttribute2": "" },
        "physicalIds": [
            "[USER-GID]:6f2c:1", "[ZTDId]:7f8e1a", "[OrderID]:Kiosk", "[PurchaseOrderId]:76222342342"
        ],
        "systemLabels": [],
        "memberOf": ["g1", "g2"],
    }))
}

/// Returns the rows of a table, whose columns are separated by ` | `. `\r`, `\n`, `\t` and `\u{200b}` are the
/// characters that a string literal has for them; `#` begins a comment.
fn rows<const N: usize>(table: &str) -> Vec<[String; N]> {
    let escapes = [("\\r", "\r"), ("\\n", "\n"), ("\\t", "\t"), ("\\u{200b}", "\u{200b}")];
    let column = |text: &str| escapes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    let row = |line: &str| line.split(" | ").map(column).collect::<Vec<_>>().try_into().unwrap();
    table.trim_matches('\n').lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

/// Rules as they are built, a device that is a member, and one that is not.
const BUILT: &str = r#"
(device.devicePhysicalIds -any (_ -startsWith "[ZTDId]")) | {"physicalIds":["[ZTDID]:1"]} | {"physicalIds":["[OrderID]:Kiosk"]}
(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk")) | {"physicalIds":["[ZTDId]:1","[OrderId]:KIOSK"]} | {"physicalIds":["[OrderID]:Kiosk2"]}
(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:762")) | {"physicalIds":["[PurchaseOrderId]:762"]} | {"physicalIds":["[OrderID]:762"]}
(device.enrollmentProfileName -eq "OfflineAutopilotprofile-a1b2c3d4-0000-1111-2222-0123456789AB") | {"enrollmentProfileName":"OfflineAutopilotprofile-A1B2C3D4-0000-1111-2222-0123456789ab"} | {"enrollmentProfileName":"OfflineAutopilotprofile-a1b2c3d4"}
"#;

#[test]
fn builders_write_the_documented_rules_and_select_what_they_say() {
    let built = [
        MembershipRule::all_autopilot_devices(),
        MembershipRule::group_tag("Kiosk").unwrap(),
        MembershipRule::purchase_order("762").unwrap(),
        MembershipRule::offline_profile("a1b2c3d4-0000-1111-2222-0123456789AB").unwrap(),
    ];
    for (built, [text, member, other]) in built.into_iter().zip(rows(BUILT)) {
        assert_eq!(built.as_str(), text);
        assert_eq!(rule(&text), built);
        assert!(built.equivalent(&rule(&text)));
        assert_eq!(built.canonical(), text);
        assert_eq!(built.lint(), []);
        assert!(built.matches(&serde_json::from_str::<Map<_, _>>(&member).unwrap()), "{text}");
        assert!(!built.matches(&serde_json::from_str::<Map<_, _>>(&other).unwrap()), "{text}");
    }
}

#[test]
fn builders_escape_quotes_and_refuse_what_cannot_be_written() {
    for (tag, text) in [
        (r#"12" kiosk"#, r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:12`" kiosk"))"#),
        ("O'Hare", r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:O''Hare"))"#),
        ("tick`", r"(device.devicePhysicalIds -any (_ -eq '[OrderID]:tick`'))"),
        ("Zürich", r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Zürich"))"#),
    ] {
        let built = MembershipRule::group_tag(tag).unwrap();
        assert_eq!(built.as_str(), text);
        assert!(rule(text).matches(&device(json!({ "physicalIds": [format!("[OrderID]:{tag}")] }))), "{tag}");
    }
    let position = |tag: &str| MembershipRule::group_tag(tag).unwrap_err().position();
    assert_eq!(position("a\nb"), Some(1));
    assert_eq!(position("é\u{0}"), Some(1));
    assert_eq!(position(""), None);
    let fits = MAX_CHARACTERS - MembershipRule::group_tag("t").unwrap().as_str().len() + 1;
    assert_eq!(MembershipRule::group_tag(&"t".repeat(fits)).unwrap().violation(), None);
    let long = MembershipRule::group_tag(&"t".repeat(fits + 1)).unwrap_err();
    assert_eq!(long.subject(), "group tag");
    assert_eq!(long.problem(), "makes a rule of 3073 characters, and 3072 are allowed");
    let tag: GroupTag = "Kiosk".parse().unwrap();
    assert_eq!(MembershipRule::group_tag(&tag), MembershipRule::group_tag("Kiosk"));
    assert_eq!(MembershipRule::purchase_order("").unwrap_err().subject(), "purchase order");
    for id in [
        "",
        "{a1b2c3d4-0000-1111-2222-0123456789ab}",
        "a1b2c3d4-0000-1111-2222-0123456789",
        "OfflineAutopilotprofile-a1b2c3d4-0000-1111-2222-0123456789ab",
    ] {
        assert_eq!(MembershipRule::offline_profile(id).unwrap_err().subject(), "correlation id", "{id}");
    }
}

/// Rules from tenants and documentation, with their canonical text.
const FOUND: &str = r#"
(device.devicePhysicalIDs -any _ -startsWith "[ZTDId]") | (device.devicePhysicalIds -any (_ -startsWith "[ZTDId]"))
(device.accountEnabled -eq True) and (device.deviceOSType -eq "Windows") and ((device.deviceOSVersion -startsWith "10.0.1") or (device.deviceOSVersion -startsWith "10.0.2")) | (device.accountEnabled -eq true) -and (device.deviceOSType -eq "Windows") -and ((device.deviceOSVersion -startsWith "10.0.1") -or (device.deviceOSVersion -startsWith "10.0.2"))
-not(device.devicePhysicalIds -any (_ -contains "[ZTDId]")) -and (device.deviceOSType -contains "Windows") | -not (device.devicePhysicalIds -any (_ -contains "[ZTDId]")) -and (device.deviceOSType -contains "Windows")
(device.devicePhysicalIDs -any (_ -startsWith "[ZTDID]")) and (device.devicePhysicalIds -all (_ -notStartsWith "[OrderID]:")) | (device.devicePhysicalIds -any (_ -startsWith "[ZTDID]")) -and (device.devicePhysicalIds -all (_ -notStartsWith "[OrderID]:"))
(device.deviceManagementAppId -in ["0000000a-0000-0000-c000-000000000000","54b943f8-d761-4f8d-951e-9cea1846db5a"]) | (device.deviceManagementAppId -in ["0000000a-0000-0000-c000-000000000000", "54b943f8-d761-4f8d-951e-9cea1846db5a"])
device.memberof -any (group.objectId -in ['g1','g2']) | (device.memberOf -any (group.objectId -in ['g1', 'g2']))
device.objectId –ne null | (device.objectId -ne null)
device.deviceCategory -eq $null | (device.deviceCategory -eq null)
device.systemLabels -startsWith"M365Managed" | (device.systemLabels -startsWith "M365Managed")
(device.deviceModel\n\tEQ 'X1')\r\nand ((device.deviceModel NE 'X''2')) | (device.deviceModel -eq "X1") -and (device.deviceModel -ne "X''2")
device.deviceModel -eq "a" -or device.deviceModel -eq "b" -and -not device.deviceModel -eq "c" | (device.deviceModel -eq "a") -or ((device.deviceModel -eq "b") -and -not (device.deviceModel -eq "c"))
device.devicePhysicalIds -any (_ -startsWith "[OrderID]:A" -and -not (_ -endsWith "9" -or _ -match "^\[.*\\$")) | (device.devicePhysicalIds -any (_ -startsWith "[OrderID]:A" -and -not (_ -endsWith "9" -or _ -match "^\[.*\\$")))
device.deviceModel -eq "`"S`" 5''" | (device.deviceModel -eq "`"S`" 5''")
-not -not (device.isRooted -ne false) | -not -not (device.isRooted -ne false)
"#;

#[test]
fn rules_as_they_are_found_are_read_and_printed_in_canonical_text() {
    for [text, canonical] in rows(FOUND) {
        let read = rule(&text);
        assert_eq!(read.as_str(), text);
        assert_eq!(read.to_string(), text);
        assert_eq!(read.canonical(), canonical);
        assert!(read.equivalent(&rule(&canonical)), "{text}");
        assert!(rule(&canonical).equivalent(&read), "{text}");
        assert_eq!(rule(&canonical).canonical(), canonical);
    }
}

/// Rules that are refused: the position, a part of the problem and a part of the remedy.
const REFUSED: &str = r#"
device.deviceModel -eq | 22 | ends too early | double quotes
device.deviceModel -equals "x" | 19 | -equals is not an operator | write device.deviceModel -eq "x"
device.deviceModel -frob "x" | 19 | -frob is not an operator | write one such as -eq
device.deviceModel -like "x*" | 19 | -like is not an operator | write device.deviceModel -startsWith "x"
device.deviceModel -not -startsWith "x" | 19 | -not is not an operator | -notStartsWith "x"
device.deviceModel -ge "x" | 19 | -ge is not an operator | -ge does not exist: rules have no order
device.deviceModel -startWith "x" | 19 | -startWith is not an operator | write device.deviceModel -startsWith "x"
device.deviceModel - eq "x" | 19 | a hyphen stands alone | right after its hyphen
device.deviceModel = "x" | 19 | '=' has no meaning | write -eq
device.deviceModel -eq x | 23 | x is not in quotes, and deviceModel is text | double quotes
device.deviceModel -eq true | 23 | true is not in quotes | double quotes
device.deviceModel -eq -and | 23 | -and stands where a value should | double quotes
device.deviceModel -eq ["x"] | 23 | '[' stands where a value should | -in and -notIn
device.deviceModel -startsWith null | 19 | -startsWith cannot be used with null | -eq or -ne
device.deviceModel -in "x" | 23 | "x" stands where '[' should | in brackets
device.deviceModel -in [] | 24 | ']' stands where a value should | at least one value
device.deviceModel -in ["x",] | 28 | ']' stands where a value should | take out the comma
device.deviceModel -startsWith ["x"] | 31 | '[' stands where a value should | joined by -or
device.deviceModel -in ["x" "y"] | 28 | "y" stands where ']' should | comma
device.deviceModel -in ["x", null] | 29 | null is not in quotes | double quotes
device.deviceModel -any (_ -eq "x") | 19 | deviceModel is not a list | directly
device.deviceModel -match "*x" | 26 | not a regular expression | .* matches anything
device.deviceModel -match "(?=x" | 26 | not a regular expression | .*
device.deviceModel -eq "x | 23 | quoted text is not closed | close it
device.deviceModel -eq "x\ny" | 25 | inside quoted text | close the quotes
device.deviceModel -eq “x” | 23 | typographic quote | straight quotes
device.deviceModel -eq "x” | 25 | typographic quote | straight quotes
device.deviceModel -eq \"x\" | 23 | '\\' has no meaning | backslashes
device.deviceModel -eq "a\"b" | 28 | quoted text is not closed | `" for a double quote
device.deviceModel -eq "x") | 26 | closed that was not opened | take it out
device.deviceModel -eq "x" -and | 31 | ends too early | add a condition
device.deviceModel | 18 | ends too early | add an operator
device.devicePhysicalIds -any (_ -beginsWith "[O") | 33 | -beginsWith is not | write _ -startsWith "[O"
device.isCompliant -eq true | 0 | not a property that device rules | compliance cannot be used in rules
device.accountEnabled -contains "t" | 22 | true or false, and supports only -eq | -eq true
device.accountEnabled -in [true] | 22 | true or false, and supports only -eq | -eq true
device.accountEnabled -eq yes | 26 | yes is neither true nor false | without quotes
device.operatingSystem -eq "x" | 0 | not a property that device rules | write device.deviceOSType
device.osVersion -eq "x" | 0 | not a property that device rules | write device.deviceOSVersion
device.groupTag -eq "x" | 0 | not a property that device rules | [OrderID]:<group tag>
device.deviceModell -eq "x" | 0 | not a property that device rules | write device.deviceModel
device.zzz -eq "x" | 0 | not a property that device rules | Microsoft's list
device.devicePhysicalIds -any (device.deviceModel -eq "x") | 31 | stands where _ should | write _
device.devicePhysicalIds -any (_ -any (_ -eq "x")) | 33 | not a list | directly
device.devicePhysicalIds -any _ -eq "x" -or device.deviceModel -eq "y" | 40 | not clear | parentheses
device.memberOf -any (_ -in ['x']) | 22 | _ stands where group.objectId should | write group.objectId
device.memberOf -all (group.objectId -in ['x']) | 0 | one form | group.objectId -in
device.memberOf -any (group.objectId -notIn ['x']) | 37 | one form | group.objectId -in
device.memberOf -eq "x" | 0 | one form | group.objectId -in
(device.deviceModel -eq "x")\u{200b} | 28 | zero-width space | remove the invisible character
(device.deviceModel -eq "x" | 27 | the end of the rule stands where ')' should | close every
(device.deviceModel -eq "x") (device.deviceModel -eq "y") | 29 | follows a finished | -and or -or
(device.deviceModel -eq "x" device.deviceModel -eq "y") | 28 | stands where ')' should | -and or -or
(device.deviceModel -eq "x") -or (user.city -eq "y") | 34 | users and devices | a separate group
 | 0 | ends too early | add a condition
 \n  | 3 | ends too early | add a condition
"x" -eq device.deviceModel | 0 | stands where a property should | in this order
-and | 0 | -and stands where a property should | in this order
deviceModel -eq "x" | 0 | deviceModel is not a property | write device.deviceModel
nonsense -eq "x" | 0 | nonsense is not a property | write device.
_ -eq "x" | 0 | _ is outside | devicePhysicalIds -any
group.deviceModel -eq "x" | 0 | not a property that device rules | write device.deviceModel
user.department -eq "x" | 0 | over users | device properties
Direct Reports for "4a1f" | 0 | Direct is not a property | write device.
"#;

#[test]
fn a_refusal_says_where_and_what_to_write() {
    let deep = format!("{}device.deviceModel -eq \"x\"{}", "(".repeat(101), ")".repeat(101));
    let negations = format!("{}device.deviceModel -eq \"x\"", "-not ".repeat(101));
    let long = format!("device.deviceModel -eq \"{}\"", "é".repeat(MAX_CHARACTERS));
    let made = format!(
        "{deep} | 100 | more than 100 deep | take out parentheses
{negations} | 500 | more than 100 deep | take out parentheses
{long} | {MAX_CHARACTERS} | has 3097 characters | shorten it"
    );
    for [text, position, problem, remedy] in rows(REFUSED).into_iter().chain(rows(&made)) {
        let position: usize = position.parse().unwrap();
        let error = match text.parse::<MembershipRule>() {
            Err(error) => error,
            Ok(_) => panic!("{text} was read"),
        };
        assert_eq!(error.subject(), "membership rule");
        assert_eq!(error.position(), Some(position), "{error}");
        assert!(error.problem().contains(&problem), "{error}");
        assert!(error.problem().ends_with(&format!("(character {})", position + 1)), "{error}");
        assert!(error.remedy().contains(&remedy), "{error}");

        let kept = MembershipRule::from_service(text.as_str());
        assert_eq!(kept.violation(), Some(error));
        assert_eq!((kept.as_str(), kept.canonical().as_str()), (text.as_str(), text.as_str()));
        assert!(!kept.matches(&registered()));
        assert!(kept.equivalent(&kept.clone()) && !kept.equivalent(&MembershipRule::all_autopilot_devices()));
        let findings = kept.lint();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0].severity, Severity::Error);
        assert_eq!(findings[0].place, format!("character {}", position + 1));
    }
}

#[test]
fn a_hundred_thousand_parentheses_are_refused_by_length_and_by_depth() {
    const DEPTH: &str = "parentheses and -not nest more than 100 deep";
    let text = "(".repeat(100_000);
    assert!(text.parse::<MembershipRule>().unwrap_err().problem().contains("100000 characters"));
    let item = "device.devicePhysicalIds stands where _ should";
    for (open, problem) in
        [("(", DEPTH), ("-not ", DEPTH), ("-not(", DEPTH), ("device.devicePhysicalIds -any (", item)]
    {
        let error = parse::parse(&open.repeat(100_000), &mut Vec::new()).unwrap_err();
        assert!(format!("{error:?}").contains(problem), "{open}: {error:?}");
    }
    let nested = format!("device.devicePhysicalIds -any {}_ -eq \"x\"", "(".repeat(100_000));
    let error = parse::parse(&nested, &mut Vec::new()).unwrap_err();
    assert!(format!("{error:?}").contains(DEPTH), "{error:?}");
}

#[test]
fn the_longest_and_the_deepest_rule_are_read() {
    let room = MAX_CHARACTERS - "device.deviceModel -eq \"\"".len();
    let longest = rule(&format!("device.deviceModel -eq \"{}\"", "é".repeat(room)));
    assert!(longest.matches(&device(json!({ "model": "É".repeat(room) }))));
    let deepest = format!("{}device.deviceModel -eq \"x\"{}", "(".repeat(100), ")".repeat(100));
    assert!(rule(&deepest).equivalent(&rule("device.deviceModel -eq \"X\"")));
}

/// Rules, and whether the registered device is a member.
#[cfg(feature = "patterns")]
const MEMBERSHIPS: &str = r#"
device.displayName -eq "sn-0042" | true
device.displayName -ne "sn-0042" | false
device.displayName -startsWith "SN-" | true
device.displayName -notStartsWith "SN-" | false
device.displayName -endsWith "42" | true
device.displayName -notEndsWith "42" | false
device.displayName -contains "-00" | true
device.displayName -notContains "-00" | false
device.displayName -match "^sn-\d+$" | true
device.displayName -match "004" | true
device.displayName -notMatch "^\d" | true
device.displayName -in ["x", "SN-0042"] | true
device.displayName -notIn ["x", "SN-0042"] | false
device.displayName -in ["SN"] | false
device.extensionAttribute1 -eq "ZÜRICH" | true
device.accountEnabled -eq true | true
device.accountEnabled -ne true | false
device.accountEnabled -eq "TRUE" | true
device.accountEnabled -eq null | false
# not set: null, missing, empty
device.deviceOwnership -eq null | true
device.deviceModel -eq null | true
device.extensionAttribute2 -eq null | true
device.extensionAttribute2 -eq "" | true
device.deviceModel -ne "" | false
device.objectId -ne null | true
device.isRooted -eq null | true
device.isRooted -eq false | false
device.isRooted -ne true | true
device.deviceModel -eq "null" | false
device.deviceModel -ne "X1" | true
device.deviceModel -notContains "X1" | true
device.deviceModel -notIn ["X1"] | true
device.deviceModel -startsWith "" | false
# lists
device.devicePhysicalIds -any (_ -eq "[orderid]:kiosk") | true
device.devicePhysicalIds -any (_ -eq "[OrderID]:Kios") | false
device.devicePhysicalIds -any (_ -startsWith "[ZTDId]" -and _ -eq "[OrderID]:Kiosk") | false
device.devicePhysicalIds -any (_ -startsWith "[ZTDId]" -or _ -eq "x") | true
device.devicePhysicalIds -any (-not _ -startsWith "[") | false
device.devicePhysicalIds -all (_ -startsWith "[") | true
device.devicePhysicalIds -all (_ -notStartsWith "[ZTDId]") | false
device.systemLabels -all (_ -eq "x") | true
device.systemLabels -any (_ -eq "x") | false
device.systemLabels -eq null | true
device.devicePhysicalIds -ne null | true
device.devicePhysicalIds -contains "[ZTDId]" | true
device.devicePhysicalIds -notContains "[ZTDId]" | false
device.memberOf -any (group.objectId -in ['g9', 'G2']) | true
device.memberOf -any (group.objectId -in ['g9']) | false
# logic and precedence
device.displayName -eq "x" -and device.displayName -eq "x" -or device.accountEnabled -eq true | true
device.displayName -eq "x" -and (device.displayName -eq "x" -or device.accountEnabled -eq true) | false
-not device.displayName -eq "x" -and device.accountEnabled -eq false | false
-not (device.displayName -eq "x" -and device.accountEnabled -eq false) | true
# never set, whatever the device says
device.organizationalUnit -eq null | true
"#;

#[test]
#[cfg(feature = "patterns")]
fn a_device_is_a_member_exactly_if_the_rule_holds() {
    let device = registered();
    for [text, member] in rows(MEMBERSHIPS) {
        let member = member == "true";
        assert_eq!(rule(&text).matches(&device), member, "{text}");
        let opposite = rule(&format!("-not ({text})"));
        assert_ne!(opposite.matches(&device), member, "{text}");
        assert_eq!(rule(&rule(&text).canonical()).matches(&device), member, "{text}");
    }
}

#[test]
fn an_attribute_of_an_unexpected_kind_fails_the_comparison() {
    let device = device(
        json!({ "model": true, "accountEnabled": "true", "physicalIds": "[ZTDId]:1", "isRooted": ["x"] }),
    );
    for (text, member) in [
        (r#"device.deviceModel -eq "true""#, false),
        ("device.accountEnabled -eq true", false),
        ("device.isRooted -eq true", false),
        (r#"device.devicePhysicalIds -any (_ -startsWith "[ZTDId]")"#, true),
    ] {
        assert_eq!(rule(text).matches(&device), member, "{text}");
    }
}

#[test]
fn rules_that_say_the_same_are_equivalent_and_others_are_not() {
    let base = r#"(device.deviceModel -eq "X1") -and (device.deviceOSType -in ["Windows"]) -and -not (device.isRooted -eq true)"#;
    for same in [
        r#"device.deviceModel -eq "X1" and device.deviceOSType in ["windows"] and not device.isRooted eq True"#,
        r#"((device.deviceModel -eq 'x1') -and (device.deviceOSType -in [ 'WINDOWS' ])) -AND (-not (device.isRooted -eq true))"#,
        r#"device.DeviceModel -eq "X1" -and (device.deviceostype -in ["Windows"] -and -not device.isrooted -eq "true")"#,
    ] {
        assert!(rule(base).equivalent(&rule(same)) && rule(same).equivalent(&rule(base)), "{same}");
        assert_ne!(rule(base), rule(same));
    }
    for other in [
        r#"(device.deviceModel -eq "X2") -and (device.deviceOSType -in ["Windows"]) -and -not (device.isRooted -eq true)"#,
        r#"(device.deviceModel -ne "X1") -and (device.deviceOSType -in ["Windows"]) -and -not (device.isRooted -eq true)"#,
        r#"(device.deviceModel -eq "X1") -or (device.deviceOSType -in ["Windows"]) -and -not (device.isRooted -eq true)"#,
        r#"(device.deviceModel -eq "X1") -and (device.deviceOSType -in ["Windows"]) -and (device.isRooted -eq true)"#,
    ] {
        assert!(!rule(base).equivalent(&rule(other)), "{other}");
    }
    let pattern = |text: &str| rule(&format!("device.deviceModel -match \"{text}\""));
    assert!(!pattern(r"\d").equivalent(&pattern(r"\D")), "case has a meaning in a regular expression");
    let each = |operator: &str| rule(&format!("device.devicePhysicalIds {operator} (_ -eq \"x\")"));
    assert!(!each("-any").equivalent(&each("-all")));
}

/// Rules, and the severity, kind and place of each finding.
#[cfg(feature = "patterns")]
const FINDINGS: &str = r#"
(device.devicePhysicalIds -any (_ -eq "[GroupTag]:Kiosk")) | error [rule.group-tag-label] character 39
(device.devicePhysicalIds -any (_ -startsWith "[group tag]:")) | error [rule.group-tag-label] character 47
(device.devicePhysicalIds -any (_ -match "\[GroupTag\]:A.*")) | error [rule.group-tag-label] character 42
(device.devicePhysicalIds -any (_ -contains "[ZTDId]")) | warning [rule.ztdid-contains] character 45
(device.devicePhysicalIds -all (_ -notContains "[ZTDID]")) | warning [rule.ztdid-contains] character 48
(device.devicePhysicalIds -any (_ -eq "[ZTDId]")) | error [rule.ztdid-equals] character 39
(device.devicePhysicalIds -any (_ -contains "[OrderID]:Ki")) | info [rule.slow-operator] character 45
(device.devicePhysicalIds -any _ -eq "[OrderID]:A") | warning [rule.bare-element] character 32
(device.devicePhysicalIds -startsWith "[ZTDId]") | warning [rule.list-without-any] character 27
(device.devicePhysicalIds -any (_ -eq "OrderID:A")) | error [rule.matches-nothing] character 39
(device.devicePhysicalIds -any (_ -eq "[OrderID]: A")) | warning [rule.matches-nothing] character 39
(device.devicePhysicalIds -any (_ -eq "[OrderID]A")) | error [rule.matches-nothing] character 39
(device.devicePhysicalIds -any (_ -startsWith "A")) | error [rule.matches-nothing] character 47
(device.devicePhysicalIds -any (_ -ne "[OrderID]:A")) | warning [rule.matches-all] character 27
(device.devicePhysicalIds -any (-not _ -eq "[OrderID]:A")) | warning [rule.matches-all] character 27
(device.devicePhysicalIds -all (_ -ne "[OrderID]:A")) | none
(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:" -and _ -ne "[OrderID]:A")) | none
device.displayName -match "^SN" | info [rule.slow-operator] character 27
device.deviceModel -eq "X1" | warning [rule.set-at-enrolment] character 1
device.enrollmentProfileName -eq "Hybrid" | warning [rule.set-at-enrolment] character 34
device.deviceTrustType -eq "ServerAD" | warning [rule.set-at-enrolment] character 28
device.deviceTrustType -eq "AzureAD" | none
device.deviceTrustType -in ["Workplace", "Hybrid"] | warning [rule.unknown-value] character 42
device.deviceOwnership -eq "Corporate" | warning [rule.set-at-enrolment] character 1; warning [rule.unknown-value] character 28
device.organizationalUnit -eq "x" | error [rule.organizational-unit] character 1
device.displayName -eq "O'Hare" | warning [rule.single-quote] character 26
device.displayName -eq "O''Hare `"x`"" | none
device.displayName -eq "a`b" | warning [rule.backtick] character 26
device.displayName –eq "x" | warning [rule.typographic-dash] character 20
device.displayName -ne "null" | warning [rule.quoted-null] character 24
device.accountEnabled -eq "true" | warning [rule.quoted-boolean] character 27
device.memberOf -any (group.objectId -in ['x']) | warning [rule.member-of-preview] character 1
device.objectId -ne null | none
device.displayName -match "^(?!LAB)" | info [rule.slow-operator] character 27; info [rule.pattern-not-evaluated] character 27
device.displayName -eq "a\u{200b}b" | warning [rule.invisible-character] character 26
device.displayName -eq “x” | error [rule.typographic-quotes] character 24
device.displayName -eq \"x\" | error [rule.backslash] character 24
device.manufacturer -eq "x" | error [rule.unknown-property] character 1
device.displayName -any (_ -eq "x") | error [rule.wrong-type] character 20
device.displayName -match "*" | error [rule.pattern] character 27
device.displayName -eq "x" -an | error [rule.syntax] character 28
(device.DisplayName -eq "x") | warning [rule.property-case] character 2
(Device.displayName -eq "x") | warning [rule.property-case] character 2
(device.memberOf -any (group.objectId -in ['x'])) -or (device.accountEnabled -eq true) | warning [rule.member-of-preview] character 2; error [rule.member-of-combined] character 2
(device.displayName -eq "x") -and (user.city -eq "y") | error [rule.mixed-objects] character 36
user.city -eq "y" | error [rule.user-rule] character 1
"#;

#[test]
#[cfg(feature = "patterns")]
fn lint_finds_the_known_bad_forms_and_where_they_are() {
    for [text, expected] in rows(FINDINGS) {
        let findings = MembershipRule::lint_text(&text);
        let shown = |finding: &Finding| format!("{} [{}] {}", finding.severity, finding.id, finding.place);
        let found: Vec<String> = findings.iter().map(shown).collect();
        assert_eq!(if found.is_empty() { "none".to_owned() } else { found.join("; ") }, expected, "{text}");
        assert_eq!(MembershipRule::from_service(text).lint(), findings);
        assert!(findings.iter().all(|finding| !finding.evidence.is_empty() && !finding.remedy.is_empty()));
    }
}

/// Conditions on `devicePhysicalIds`, the kind of a finding about them, and its remedy.
const REMEDIES: &str = r#"
-all (_ -ne "[ZTDId]") | ztdid-equals | -all (_ -notStartsWith "[ZTDId]")
-any (_ -eq "[ZTDId]") | ztdid-equals | -any (_ -startsWith "[ZTDId]")
-all (_ -eq "[ZTDId]:") | ztdid-equals | -all (_ -startsWith "[ZTDId]")
-any (_ -notIn ["[ZTDId]"]) | ztdid-equals | -all (_ -notStartsWith "[ZTDId]")
-any (_ -contains "[ZTDId]:6598-1") | ztdid-contains | -any (_ -startsWith "[ZTDId]:6598-1")
-all (_ -notContains "[ZTDID]:65") | ztdid-contains | -all (_ -notStartsWith "[ZTDID]:65")
-any (_ -match "^\[ZTDId\]:65.*") | ztdid-contains | -any (_ -startsWith "[ZTDId]:65")
-any (_ -contains "ZTDId") | ztdid-contains | -any (_ -startsWith "[ZTDId]")
-contains "[ZTDId]" | list-without-any | -any (_ -contains "[ZTDId]")
-notContains "[OrderID]:A" | list-without-any | -all (_ -notContains "[OrderID]:A")
-any (_ -eq "[GroupTag]:A") | group-tag-label | -any (_ -eq "[OrderID]:A")
-all (_ -ne "[GroupTag]:A") | group-tag-label | -all (_ -ne "[OrderID]:A")
-any (_ -eq "OrderID:O''B") | matches-nothing | -any (_ -eq "[OrderID]:O''B")
-all (_ -ne "[OrderID]: A") | matches-nothing | -all (_ -ne "[OrderID]:A")
-any (_ -ne "[OrderID]:A") | matches-all | -all (_ -ne "[OrderID]:A")) -and (device.devicePhysicalIds -any (_ -startsWith "[ZTDId]")
"#;

#[test]
fn a_remedy_keeps_the_sense_and_the_value_of_a_rule() {
    for [condition, id, remedy] in rows(REMEDIES) {
        let text = format!("device.devicePhysicalIds {condition}");
        let id = format!("rule.{id}");
        let finding =
            MembershipRule::lint_text(&text).into_iter().find(|finding| finding.id == id).expect(&text);
        assert_eq!(finding.remedy, format!("write (device.devicePhysicalIds {remedy})"), "{text}");
        let meant = finding.remedy.strip_prefix("write ").unwrap();
        assert_eq!(rule(meant).violation(), None, "{meant}");
    }
}

#[test]
fn a_kind_is_one_finding_with_all_its_places() {
    let text =
        r#"device.displayName -match "a" -or device.displayName -match "b" -or device.displayName -eq "c""#;
    let findings = MembershipRule::lint_text(text);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].place, "characters 27, 61");
}

#[test]
fn membership_is_unknown_exactly_if_it_rests_on_a_pattern_that_is_not_evaluated() {
    let device = registered();
    for (text, expected) in [
        (r#"device.displayName -match "^(?!LAB)""#, None),
        (r#"-not device.displayName -match "^(?!LAB)""#, None),
        (r#"device.displayName -match "^(?!LAB)" -and device.accountEnabled -eq false"#, Some(false)),
        (r#"device.displayName -match "^(?!LAB)" -and device.accountEnabled -eq true"#, None),
        (r#"device.displayName -match "^(?!LAB)" -or device.accountEnabled -eq true"#, Some(true)),
        (r#"device.deviceModel -match "^(?!LAB)""#, Some(false)),
        (r#"device.devicePhysicalIds -any (_ -match "\d\Z" -or _ -eq "[OrderID]:Kiosk")"#, Some(true)),
        (r#"device.devicePhysicalIds -all (_ -match "\d\Z")"#, None),
        (r#"device.systemLabels -all (_ -match "\d\Z")"#, Some(true)),
    ] {
        let rule = rule(text);
        assert_eq!(rule.evaluate(&device), expected, "{text}");
        assert_eq!(rule.matches(&device), expected == Some(true), "{text}");
    }
}

#[test]
#[cfg(not(feature = "patterns"))]
fn without_the_feature_no_pattern_is_evaluated_and_the_rest_is() {
    let device = registered();
    for (text, expected) in [
        (r#"device.displayName -match "^LAB""#, None),
        (r#"device.displayName -match "^LAB" -or device.accountEnabled -eq true"#, Some(true)),
        (r#"device.displayName -match "^LAB" -and device.accountEnabled -eq false"#, Some(false)),
    ] {
        assert_eq!(rule(text).evaluate(&device), expected, "{text}");
        let findings = MembershipRule::lint_text(text);
        assert_eq!(findings.iter().find(|finding| finding.id.contains("evaluated")), None);
    }
}

#[test]
fn a_rule_is_its_text_in_serde_and_a_bad_one_is_refused() {
    let text = r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk"))"#;
    let json = serde_json::to_string(&rule(text)).unwrap();
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    assert_eq!(serde_json::from_str::<MembershipRule>(&json).unwrap(), rule(text));
    let error = serde_json::from_str::<MembershipRule>(r#""device.x -eq 1""#).unwrap_err();
    assert!(error.to_string().contains("device.x is not a property"), "{error}");
    let kept = MembershipRule::from_service("Direct Reports for \"4a1f\"");
    assert_eq!(serde_json::to_value(&kept).unwrap(), json!("Direct Reports for \"4a1f\""));
}
