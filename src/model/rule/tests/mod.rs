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

#[test]
fn builders_write_the_documented_rules_and_select_what_they_say() {
    let cases = [
        (
            MembershipRule::all_autopilot_devices(),
            r#"(device.devicePhysicalIds -any (_ -startsWith "[ZTDId]"))"#,
            json!({ "physicalIds": ["[ZTDID]:1"] }),
            json!({ "physicalIds": ["[OrderID]:Kiosk"] }),
        ),
        (
            MembershipRule::group_tag("Kiosk").unwrap(),
            r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk"))"#,
            json!({ "physicalIds": ["[ZTDId]:1", "[OrderId]:KIOSK"] }),
            json!({ "physicalIds": ["[OrderID]:Kiosk2"] }),
        ),
        (
            MembershipRule::purchase_order("762").unwrap(),
            r#"(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:762"))"#,
            json!({ "physicalIds": ["[PurchaseOrderId]:762"] }),
            json!({ "physicalIds": ["[OrderID]:762"] }),
        ),
        (
            MembershipRule::offline_profile("a1b2c3d4-0000-1111-2222-0123456789AB").unwrap(),
            r#"(device.enrollmentProfileName -eq "OfflineAutopilotprofile-a1b2c3d4-0000-1111-2222-0123456789AB")"#,
            json!({ "enrollmentProfileName": "OfflineAutopilotprofile-A1B2C3D4-0000-1111-2222-0123456789ab" }),
            json!({ "enrollmentProfileName": "OfflineAutopilotprofile-a1b2c3d4" }),
        ),
    ];
    for (built, text, member, other) in cases {
        assert_eq!(built.as_str(), text);
        assert_eq!(rule(text), built);
        assert!(built.equivalent(&rule(text)));
        assert_eq!(built.canonical(), text);
        assert_eq!(built.lint(), []);
        assert!(built.matches(&device(member)), "{text}");
        assert!(!built.matches(&device(other)), "{text}");
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
    assert_eq!(
        (long.subject(), long.problem()),
        ("group tag", "makes a rule of 3073 characters, and 3072 are allowed")
    );
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
const FOUND: &[(&str, &str)] = &[
    (
        r#"(device.devicePhysicalIDs -any _ -startsWith "[ZTDId]")"#,
        r#"(device.devicePhysicalIds -any (_ -startsWith "[ZTDId]"))"#,
    ),
    (
        r#"(device.accountEnabled -eq True) and (device.deviceOSType -eq "Windows") and ((device.deviceOSVersion -startsWith "10.0.1") or (device.deviceOSVersion -startsWith "10.0.2"))"#,
        r#"(device.accountEnabled -eq true) -and (device.deviceOSType -eq "Windows") -and ((device.deviceOSVersion -startsWith "10.0.1") -or (device.deviceOSVersion -startsWith "10.0.2"))"#,
    ),
    (
        r#"-not(device.devicePhysicalIds -any (_ -contains "[ZTDId]")) -and (device.deviceOSType -contains "Windows")"#,
        r#"-not (device.devicePhysicalIds -any (_ -contains "[ZTDId]")) -and (device.deviceOSType -contains "Windows")"#,
    ),
    (
        r#"(device.devicePhysicalIDs -any (_ -startsWith "[ZTDID]")) and (device.devicePhysicalIds -all (_ -notStartsWith "[OrderID]:"))"#,
        r#"(device.devicePhysicalIds -any (_ -startsWith "[ZTDID]")) -and (device.devicePhysicalIds -all (_ -notStartsWith "[OrderID]:"))"#,
    ),
    (
        r#"(device.deviceManagementAppId -in ["0000000a-0000-0000-c000-000000000000","54b943f8-d761-4f8d-951e-9cea1846db5a"])"#,
        r#"(device.deviceManagementAppId -in ["0000000a-0000-0000-c000-000000000000", "54b943f8-d761-4f8d-951e-9cea1846db5a"])"#,
    ),
    (
        r"device.memberof -any (group.objectId -in ['g1','g2'])",
        r"(device.memberOf -any (group.objectId -in ['g1', 'g2']))",
    ),
    (r"device.objectId –ne null", r"(device.objectId -ne null)"),
    (r"device.deviceCategory -eq $null", r"(device.deviceCategory -eq null)"),
    (r#"device.systemLabels -startsWith"M365Managed""#, r#"(device.systemLabels -startsWith "M365Managed")"#),
    (
        "(device.deviceModel\n\tEQ 'X1')\r\nand ((device.deviceModel NE 'X''2'))",
        r#"(device.deviceModel -eq "X1") -and (device.deviceModel -ne "X''2")"#,
    ),
    (
        r#"device.deviceModel -eq "a" -or device.deviceModel -eq "b" -and -not device.deviceModel -eq "c""#,
        r#"(device.deviceModel -eq "a") -or ((device.deviceModel -eq "b") -and -not (device.deviceModel -eq "c"))"#,
    ),
    (
        r#"device.devicePhysicalIds -any (_ -startsWith "[OrderID]:A" -and -not (_ -endsWith "9" -or _ -match "^\[.*\\$"))"#,
        r#"(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:A" -and -not (_ -endsWith "9" -or _ -match "^\[.*\\$")))"#,
    ),
    (r#"device.deviceModel -eq "`"S`" 5''""#, r#"(device.deviceModel -eq "`"S`" 5''")"#),
    (r#"-not -not (device.isRooted -ne false)"#, r#"-not -not (device.isRooted -ne false)"#),
];

#[test]
fn rules_as_they_are_found_are_read_and_printed_in_canonical_text() {
    for (text, canonical) in FOUND {
        let read = rule(text);
        assert_eq!(read.as_str(), *text);
        assert_eq!(read.to_string(), *text);
        assert_eq!(read.canonical(), *canonical);
        assert!(read.equivalent(&rule(canonical)), "{text}");
        assert!(rule(canonical).equivalent(&read), "{text}");
        assert_eq!(rule(canonical).canonical(), *canonical);
    }
}

#[test]
fn a_refusal_says_where_and_what_to_write() {
    let deep = format!("{}device.deviceModel -eq \"x\"{}", "(".repeat(101), ")".repeat(101));
    let negations = format!("{}device.deviceModel -eq \"x\"", "-not ".repeat(101));
    let long = format!("device.deviceModel -eq \"{}\"", "é".repeat(MAX_CHARACTERS));
    const OPENED: &str = "(device.deviceModel -eq \"x\"";
    // What follows the start of the rule; position in the whole rule, part of the problem, part of the remedy.
    type Case<'a> = (&'a str, usize, &'a str, &'a str);
    let on_model: &[Case<'_>] = &[
        ("-eq", 22, "ends too early", "double quotes"),
        ("-equals \"x\"", 19, "-equals is not an operator", "write device.deviceModel -eq \"x\""),
        ("-frob \"x\"", 19, "-frob is not an operator", "write one such as -eq"),
        ("-like \"x*\"", 19, "-like is not an operator", "write device.deviceModel -startsWith \"x\""),
        ("-not -startsWith \"x\"", 19, "-not is not an operator", "-notStartsWith \"x\""),
        ("-ge \"x\"", 19, "-ge is not an operator", "-ge does not exist: rules have no order"),
        (
            "-startWith \"x\"",
            19,
            "-startWith is not an operator",
            "write device.deviceModel -startsWith \"x\"",
        ),
        ("- eq \"x\"", 19, "a hyphen stands alone", "right after its hyphen"),
        ("= \"x\"", 19, "'=' has no meaning", "write -eq"),
        ("-eq x", 23, "x is not in quotes, and deviceModel is text", "double quotes"),
        ("-eq true", 23, "true is not in quotes", "double quotes"),
        ("-eq -and", 23, "-and stands where a value should", "double quotes"),
        ("-eq [\"x\"]", 23, "'[' stands where a value should", "-in and -notIn"),
        ("-startsWith null", 19, "-startsWith cannot be used with null", "-eq or -ne"),
        ("-in \"x\"", 23, "\"x\" stands where '[' should", "in brackets"),
        ("-in []", 24, "']' stands where a value should", "at least one value"),
        ("-in [\"x\",]", 28, "']' stands where a value should", "take out the comma"),
        ("-startsWith [\"x\"]", 31, "'[' stands where a value should", "joined by -or"),
        ("-in [\"x\" \"y\"]", 28, "\"y\" stands where ']' should", "comma"),
        ("-in [\"x\", null]", 29, "null is not in quotes", "double quotes"),
        ("-any (_ -eq \"x\")", 19, "deviceModel is not a list", "directly"),
        ("-match \"*x\"", 26, "not a regular expression", ".* matches anything"),
        ("-match \"(?=x\"", 26, "not a regular expression", ".*"),
        ("-eq \"x", 23, "quoted text is not closed", "close it"),
        ("-eq \"x\ny\"", 25, "inside quoted text", "close the quotes"),
        ("-eq “x”", 23, "typographic quote", "straight quotes"),
        ("-eq \"x”", 25, "typographic quote", "straight quotes"),
        ("-eq \\\"x\\\"", 23, "'\\\\' has no meaning", "backslashes"),
        ("-eq \"a\\\"b\"", 28, "quoted text is not closed", "`\" for a double quote"),
        ("-eq \"x\")", 26, "closed that was not opened", "take it out"),
        ("-eq \"x\" -and", 31, "ends too early", "add a condition"),
    ];
    let on_device: &[Case<'_>] = &[
        ("deviceModel", 18, "ends too early", "add an operator"),
        (
            "devicePhysicalIds -any (_ -beginsWith \"[O\")",
            33,
            "-beginsWith is not",
            "write _ -startsWith \"[O\"",
        ),
        ("isCompliant -eq true", 0, "not a property that device rules", "compliance cannot be used in rules"),
        ("accountEnabled -contains \"t\"", 22, "true or false, and supports only -eq", "-eq true"),
        ("accountEnabled -in [true]", 22, "true or false, and supports only -eq", "-eq true"),
        ("accountEnabled -eq yes", 26, "yes is neither true nor false", "without quotes"),
        ("operatingSystem -eq \"x\"", 0, "not a property that device rules", "write device.deviceOSType"),
        ("osVersion -eq \"x\"", 0, "not a property that device rules", "write device.deviceOSVersion"),
        ("groupTag -eq \"x\"", 0, "not a property that device rules", "[OrderID]:<group tag>"),
        ("deviceModell -eq \"x\"", 0, "not a property that device rules", "write device.deviceModel"),
        ("zzz -eq \"x\"", 0, "not a property that device rules", "Microsoft's list"),
        ("devicePhysicalIds -any (device.deviceModel -eq \"x\")", 31, "stands where _ should", "write _"),
        ("devicePhysicalIds -any (_ -any (_ -eq \"x\"))", 33, "not a list", "directly"),
        (
            "devicePhysicalIds -any _ -eq \"x\" -or device.deviceModel -eq \"y\"",
            40,
            "not clear",
            "parentheses",
        ),
        ("memberOf -any (_ -in ['x'])", 22, "_ stands where group.objectId should", "write group.objectId"),
        ("memberOf -all (group.objectId -in ['x'])", 0, "one form", "group.objectId -in"),
        ("memberOf -any (group.objectId -notIn ['x'])", 37, "one form", "group.objectId -in"),
        ("memberOf -eq \"x\"", 0, "one form", "group.objectId -in"),
    ];
    let opened: &[Case<'_>] = &[
        (")\u{200b}", 28, "zero-width space", "remove the invisible character"),
        ("", 27, "the end of the rule stands where ')' should", "close every"),
        (") (device.deviceModel -eq \"y\")", 29, "follows a finished", "-and or -or"),
        (" device.deviceModel -eq \"y\")", 28, "stands where ')' should", "-and or -or"),
        (") -or (user.city -eq \"y\")", 34, "users and devices", "a separate group"),
    ];
    let others: &[Case<'_>] = &[
        ("", 0, "ends too early", "add a condition"),
        (" \n ", 3, "ends too early", "add a condition"),
        ("\"x\" -eq device.deviceModel", 0, "stands where a property should", "in this order"),
        ("-and", 0, "-and stands where a property should", "in this order"),
        ("deviceModel -eq \"x\"", 0, "deviceModel is not a property", "write device.deviceModel"),
        ("nonsense -eq \"x\"", 0, "nonsense is not a property", "write device."),
        ("_ -eq \"x\"", 0, "_ is outside", "devicePhysicalIds -any"),
        ("group.deviceModel -eq \"x\"", 0, "not a property that device rules", "write device.deviceModel"),
        ("user.department -eq \"x\"", 0, "over users", "device properties"),
        ("Direct Reports for \"4a1f\"", 0, "Direct is not a property", "write device."),
        (&deep, 100, "more than 100 deep", "take out parentheses"),
        (&negations, 500, "more than 100 deep", "take out parentheses"),
        (&long, MAX_CHARACTERS, "has 3097 characters", "shorten it"),
    ];
    let cases = [("device.deviceModel ", on_model), ("device.", on_device), (OPENED, opened), ("", others)];
    let cases = cases.into_iter().flat_map(|(start, cases)| cases.iter().map(move |case| (start, case)));
    for (start, (text, position, problem, remedy)) in cases {
        let text = format!("{start}{text}");
        let error = match text.parse::<MembershipRule>() {
            Err(error) => error,
            Ok(_) => panic!("{text} was read"),
        };
        assert_eq!(error.subject(), "membership rule");
        assert_eq!(error.position(), Some(*position), "{error}");
        assert!(error.problem().contains(problem), "{error}");
        assert!(error.problem().ends_with(&format!("(character {})", position + 1)), "{error}");
        assert!(error.remedy().contains(remedy), "{error}");

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
    let text = "(".repeat(100_000);
    assert!(text.parse::<MembershipRule>().unwrap_err().problem().contains("100000 characters"));
    for open in ["(", "-not ", "-not(", "device.devicePhysicalIds -any ("] {
        assert!(parse::parse(&open.repeat(100_000), &mut Vec::new()).is_err());
    }
    let nested = format!("device.devicePhysicalIds -any {}_ -eq \"x\"", "(".repeat(100_000));
    assert!(parse::parse(&nested, &mut Vec::new()).is_err());
}

#[test]
fn the_longest_and_the_deepest_rule_are_read() {
    let room = MAX_CHARACTERS - "device.deviceModel -eq \"\"".len();
    let longest = rule(&format!("device.deviceModel -eq \"{}\"", "é".repeat(room)));
    assert!(longest.matches(&device(json!({ "model": "É".repeat(room) }))));
    let deepest = format!("{}device.deviceModel -eq \"x\"{}", "(".repeat(100), ")".repeat(100));
    assert!(rule(&deepest).equivalent(&rule("device.deviceModel -eq \"X\"")));
}

#[test]
#[cfg(feature = "patterns")]
fn a_device_is_a_member_exactly_if_the_rule_holds() {
    let cases: &[(&str, bool)] = &[
        (r#"device.displayName -eq "sn-0042""#, true),
        (r#"device.displayName -ne "sn-0042""#, false),
        (r#"device.displayName -startsWith "SN-""#, true),
        (r#"device.displayName -notStartsWith "SN-""#, false),
        (r#"device.displayName -endsWith "42""#, true),
        (r#"device.displayName -notEndsWith "42""#, false),
        (r#"device.displayName -contains "-00""#, true),
        (r#"device.displayName -notContains "-00""#, false),
        (r#"device.displayName -match "^sn-\d+$""#, true),
        (r#"device.displayName -match "004""#, true),
        (r#"device.displayName -notMatch "^\d""#, true),
        (r#"device.displayName -in ["x", "SN-0042"]"#, true),
        (r#"device.displayName -notIn ["x", "SN-0042"]"#, false),
        (r#"device.displayName -in ["SN"]"#, false),
        (r#"device.extensionAttribute1 -eq "ZÜRICH""#, true),
        ("device.accountEnabled -eq true", true),
        ("device.accountEnabled -ne true", false),
        (r#"device.accountEnabled -eq "TRUE""#, true),
        ("device.accountEnabled -eq null", false),
        // not set: null, missing, empty
        ("device.deviceOwnership -eq null", true),
        ("device.deviceModel -eq null", true),
        ("device.extensionAttribute2 -eq null", true),
        (r#"device.extensionAttribute2 -eq """#, true),
        (r#"device.deviceModel -ne """#, false),
        ("device.objectId -ne null", true),
        ("device.isRooted -eq null", true),
        ("device.isRooted -eq false", false),
        ("device.isRooted -ne true", true),
        (r#"device.deviceModel -eq "null""#, false),
        (r#"device.deviceModel -ne "X1""#, true),
        (r#"device.deviceModel -notContains "X1""#, true),
        (r#"device.deviceModel -notIn ["X1"]"#, true),
        (r#"device.deviceModel -startsWith """#, false),
        // lists
        (r#"device.devicePhysicalIds -any (_ -eq "[orderid]:kiosk")"#, true),
        (r#"device.devicePhysicalIds -any (_ -eq "[OrderID]:Kios")"#, false),
        (r#"device.devicePhysicalIds -any (_ -startsWith "[ZTDId]" -and _ -eq "[OrderID]:Kiosk")"#, false),
        (r#"device.devicePhysicalIds -any (_ -startsWith "[ZTDId]" -or _ -eq "x")"#, true),
        (r#"device.devicePhysicalIds -any (-not _ -startsWith "[")"#, false),
        (r#"device.devicePhysicalIds -all (_ -startsWith "[")"#, true),
        (r#"device.devicePhysicalIds -all (_ -notStartsWith "[ZTDId]")"#, false),
        (r#"device.systemLabels -all (_ -eq "x")"#, true),
        (r#"device.systemLabels -any (_ -eq "x")"#, false),
        ("device.systemLabels -eq null", true),
        ("device.devicePhysicalIds -ne null", true),
        (r#"device.devicePhysicalIds -contains "[ZTDId]""#, true),
        (r#"device.devicePhysicalIds -notContains "[ZTDId]""#, false),
        ("device.memberOf -any (group.objectId -in ['g9', 'G2'])", true),
        ("device.memberOf -any (group.objectId -in ['g9'])", false),
        // logic and precedence
        (
            r#"device.displayName -eq "x" -and device.displayName -eq "x" -or device.accountEnabled -eq true"#,
            true,
        ),
        (
            r#"device.displayName -eq "x" -and (device.displayName -eq "x" -or device.accountEnabled -eq true)"#,
            false,
        ),
        (r#"-not device.displayName -eq "x" -and device.accountEnabled -eq false"#, false),
        (r#"-not (device.displayName -eq "x" -and device.accountEnabled -eq false)"#, true),
        // never set, whatever the device says
        ("device.organizationalUnit -eq null", true),
    ];
    let device = registered();
    for (text, member) in cases {
        assert_eq!(rule(text).matches(&device), *member, "{text}");
        let opposite = rule(&format!("-not ({text})"));
        assert_ne!(opposite.matches(&device), *member, "{text}");
        assert_eq!(rule(&rule(text).canonical()).matches(&device), *member, "{text}");
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
    assert!(
        !rule("device.devicePhysicalIds -any (_ -eq \"x\")")
            .equivalent(&rule("device.devicePhysicalIds -all (_ -eq \"x\")"))
    );
}

#[test]
#[cfg(feature = "patterns")]
fn lint_finds_the_known_bad_forms_and_where_they_are() {
    use Severity::{Error, Info, Warning};
    type Expected<'a> = &'a [(&'a str, Severity, usize)];
    // Conditions on `devicePhysicalIds`, conditions on a property, and others; id, severity and character of each
    // finding in the whole rule.
    let on_ids: &[(&str, Expected<'_>)] = &[
        (r#"-any (_ -eq "[GroupTag]:Kiosk")"#, &[("group-tag-label", Error, 39)]),
        (r#"-any (_ -startsWith "[group tag]:")"#, &[("group-tag-label", Error, 47)]),
        (r#"-any (_ -match "\[GroupTag\]:A.*")"#, &[("group-tag-label", Error, 42)]),
        (r#"-any (_ -contains "[ZTDId]")"#, &[("ztdid-contains", Warning, 45)]),
        (r#"-all (_ -notContains "[ZTDID]")"#, &[("ztdid-contains", Warning, 48)]),
        (r#"-any (_ -eq "[ZTDId]")"#, &[("ztdid-equals", Error, 39)]),
        (r#"-any (_ -contains "[OrderID]:Ki")"#, &[("slow-operator", Info, 45)]),
        (r#"-any _ -eq "[OrderID]:A""#, &[("bare-element", Warning, 32)]),
        (r#"-startsWith "[ZTDId]""#, &[("list-without-any", Warning, 27)]),
        (r#"-any (_ -eq "OrderID:A")"#, &[("matches-nothing", Error, 39)]),
        (r#"-any (_ -eq "[OrderID]: A")"#, &[("matches-nothing", Warning, 39)]),
        (r#"-any (_ -eq "[OrderID]A")"#, &[("matches-nothing", Error, 39)]),
        (r#"-any (_ -startsWith "A")"#, &[("matches-nothing", Error, 47)]),
        (r#"-any (_ -ne "[OrderID]:A")"#, &[("matches-all", Warning, 27)]),
        (r#"-any (-not _ -eq "[OrderID]:A")"#, &[("matches-all", Warning, 27)]),
        (r#"-all (_ -ne "[OrderID]:A")"#, &[]),
        (r#"-any (_ -startsWith "[OrderID]:" -and _ -ne "[OrderID]:A")"#, &[]),
    ];
    let on_device: &[(&str, Expected<'_>)] = &[
        (r#"displayName -match "^SN""#, &[("slow-operator", Info, 27)]),
        (r#"deviceModel -eq "X1""#, &[("set-at-enrolment", Warning, 1)]),
        (r#"enrollmentProfileName -eq "Hybrid""#, &[("set-at-enrolment", Warning, 34)]),
        (r#"deviceTrustType -eq "ServerAD""#, &[("set-at-enrolment", Warning, 28)]),
        (r#"deviceTrustType -eq "AzureAD""#, &[]),
        (r#"deviceTrustType -in ["Workplace", "Hybrid"]"#, &[("unknown-value", Warning, 42)]),
        (
            r#"deviceOwnership -eq "Corporate""#,
            &[("set-at-enrolment", Warning, 1), ("unknown-value", Warning, 28)],
        ),
        (r#"organizationalUnit -eq "x""#, &[("organizational-unit", Error, 1)]),
        (r#"displayName -eq "O'Hare""#, &[("single-quote", Warning, 26)]),
        (r#"displayName -eq "O''Hare `"x`"""#, &[]),
        (r#"displayName -eq "a`b""#, &[("backtick", Warning, 26)]),
        (r#"displayName –eq "x""#, &[("typographic-dash", Warning, 20)]),
        (r#"displayName -ne "null""#, &[("quoted-null", Warning, 24)]),
        (r#"accountEnabled -eq "true""#, &[("quoted-boolean", Warning, 27)]),
        (r"memberOf -any (group.objectId -in ['x'])", &[("member-of-preview", Warning, 1)]),
        (r"objectId -ne null", &[]),
        (
            r#"displayName -match "^(?!LAB)""#,
            &[("slow-operator", Info, 27), ("pattern-not-evaluated", Info, 27)],
        ),
        ("displayName -eq \"a\u{200b}b\"", &[("invisible-character", Warning, 26)]),
        ("displayName -eq “x”", &[("typographic-quotes", Error, 24)]),
        (r#"displayName -eq \"x\""#, &[("backslash", Error, 24)]),
        (r#"manufacturer -eq "x""#, &[("unknown-property", Error, 1)]),
        (r#"displayName -any (_ -eq "x")"#, &[("wrong-type", Error, 20)]),
        (r#"displayName -match "*""#, &[("pattern", Error, 27)]),
        (r#"displayName -eq "x" -an"#, &[("syntax", Error, 28)]),
    ];
    let others: &[(&str, Expected<'_>)] = &[
        (r#"(device.DisplayName -eq "x")"#, &[("property-case", Warning, 2)]),
        (r#"(Device.displayName -eq "x")"#, &[("property-case", Warning, 2)]),
        (
            r"(device.memberOf -any (group.objectId -in ['x'])) -or (device.accountEnabled -eq true)",
            &[("member-of-preview", Warning, 2), ("member-of-combined", Error, 2)],
        ),
        (r#"(device.displayName -eq "x") -and (user.city -eq "y")"#, &[("mixed-objects", Error, 36)]),
        (r#"user.city -eq "y""#, &[("user-rule", Error, 1)]),
    ];
    let cases = [("(device.devicePhysicalIds ", on_ids, ")"), ("device.", on_device, ""), ("", others, "")];
    let cases = cases.into_iter().flat_map(|(start, cases, end)| {
        cases.iter().map(move |(text, expected)| (format!("{start}{text}{end}"), *expected))
    });
    for (text, expected) in cases {
        let findings = MembershipRule::lint_text(&text);
        let found: Vec<(String, Severity, String)> = findings
            .iter()
            .map(|finding| (finding.id.to_string(), finding.severity, finding.place.clone()))
            .collect();
        let expected = expected
            .iter()
            .map(|(id, severity, place)| (format!("rule.{id}"), *severity, format!("character {place}")));
        assert_eq!(found, expected.collect::<Vec<_>>(), "{text}");
        assert_eq!(MembershipRule::from_service(text).lint(), findings);
        assert!(findings.iter().all(|finding| !finding.evidence.is_empty() && !finding.remedy.is_empty()));
    }
}

#[test]
fn a_remedy_keeps_the_sense_and_the_value_of_a_rule() {
    for (condition, id, remedy) in [
        (r#"-all (_ -ne "[ZTDId]")"#, "ztdid-equals", r#"-all (_ -notStartsWith "[ZTDId]")"#),
        (r#"-any (_ -eq "[ZTDId]")"#, "ztdid-equals", r#"-any (_ -startsWith "[ZTDId]")"#),
        (r#"-all (_ -eq "[ZTDId]:")"#, "ztdid-equals", r#"-all (_ -startsWith "[ZTDId]")"#),
        (r#"-any (_ -notIn ["[ZTDId]"])"#, "ztdid-equals", r#"-all (_ -notStartsWith "[ZTDId]")"#),
        (
            r#"-any (_ -contains "[ZTDId]:6598-1")"#,
            "ztdid-contains",
            r#"-any (_ -startsWith "[ZTDId]:6598-1")"#,
        ),
        (
            r#"-all (_ -notContains "[ZTDID]:65")"#,
            "ztdid-contains",
            r#"-all (_ -notStartsWith "[ZTDID]:65")"#,
        ),
        (r#"-any (_ -match "^\[ZTDId\]:65.*")"#, "ztdid-contains", r#"-any (_ -startsWith "[ZTDId]:65")"#),
        (r#"-any (_ -contains "ZTDId")"#, "ztdid-contains", r#"-any (_ -startsWith "[ZTDId]")"#),
        (r#"-contains "[ZTDId]""#, "list-without-any", r#"-any (_ -contains "[ZTDId]")"#),
        (r#"-notContains "[OrderID]:A""#, "list-without-any", r#"-all (_ -notContains "[OrderID]:A")"#),
        (r#"-any (_ -eq "[GroupTag]:A")"#, "group-tag-label", r#"-any (_ -eq "[OrderID]:A")"#),
        (r#"-all (_ -ne "[GroupTag]:A")"#, "group-tag-label", r#"-all (_ -ne "[OrderID]:A")"#),
        (r#"-any (_ -eq "OrderID:O''B")"#, "matches-nothing", r#"-any (_ -eq "[OrderID]:O''B")"#),
        (r#"-all (_ -ne "[OrderID]: A")"#, "matches-nothing", r#"-all (_ -ne "[OrderID]:A")"#),
        (
            r#"-any (_ -ne "[OrderID]:A")"#,
            "matches-all",
            r#"-all (_ -ne "[OrderID]:A")) -and (device.devicePhysicalIds -any (_ -startsWith "[ZTDId]")"#,
        ),
    ] {
        let text = format!("device.devicePhysicalIds {condition}");
        let findings = MembershipRule::lint_text(&text);
        let finding = findings
            .iter()
            .find(|finding| finding.id == format!("rule.{id}"))
            .unwrap_or_else(|| panic!("{text}: {findings:?}"));
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
        assert_eq!(
            MembershipRule::lint_text(text).iter().find(|finding| finding.id.contains("evaluated")),
            None
        );
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
