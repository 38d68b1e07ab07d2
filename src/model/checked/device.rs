//! Values of a device's registration.

use super::{InvalidValue, checked, no_control, no_outer_spaces, not_empty};
use crate::foreign::looks_like_hash;
use crate::model::findings::{
    GROUP_TAG_EXCEL_TEXT, GROUP_TAG_LABEL, GROUP_TAG_SPACES, SERIAL_NUMBER_PLACEHOLDER,
    USER_NON_ROUTABLE_SUFFIX,
};
use crate::model::{Finding, FindingKind, shorten};

checked! {
    /// The group tag of a device: free text that dynamic groups can match as `[OrderID]:tag`.
    ///
    /// ```
    /// use windows_autopilot::model::{DeviceToImport, GroupTag};
    /// let tag: GroupTag = "Munich".parse()?;
    /// assert_eq!(" Munich".parse::<GroupTag>()?.lint()[0].id, "group-tag.spaces");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Neither a maximum length nor a character set is documented. The only rules are that a tag is not empty, contains
    /// no control characters, and is not a hardware hash.
    pub struct GroupTag("group tag", check_label);
}

checked! {
    /// The purchase order of a device, which dynamic groups can match as `[PurchaseOrderId]:text`.
    pub struct PurchaseOrder("purchase order", check_label);
}

checked! {
    /// The serial number of a device, as its firmware reports it.
    ///
    /// ```
    /// use windows_autopilot::model::SerialNumber;
    /// let serial: SerialNumber = "PF3XK7M1".parse()?;
    /// assert!(!serial.is_placeholder());
    /// assert!("To be filled by O.E.M.".parse::<SerialNumber>()?.is_placeholder());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Serial numbers are not unique across manufacturers, and some contain spaces, such as `VMware-56 4d 1f`. Parsing
    /// rejects a hardware hash.
    pub struct SerialNumber("serial number", check_serial);
}

checked! {
    personal
    /// A user's sign-in name, such as `adele@contoso.com`. Not shown by `Debug`, errors or findings.
    ///
    /// ```
    /// use windows_autopilot::model::UserPrincipalName;
    /// let user: UserPrincipalName = "adele@contoso.com".parse()?;
    /// assert_eq!(format!("{user:?}"), "[redacted]");
    /// assert_eq!(user.domain(), "contoso.com");
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub struct UserPrincipalName("user principal name", check_upn);
}

impl SerialNumber {
    /// Returns `true` if the serial number is a manufacturer's placeholder, such as `To be filled by O.E.M.` or zeros.
    pub fn is_placeholder(&self) -> bool {
        const WORDS: &str = "asset serial number, base board serial number, board serial number, chassis serial number, \
            default, default serial, default serial number, default string, empty, invalid, n a, nil, none, \
            not applicable, not available, not defined, not present, not set, not settable, not specified, null, oem, \
            serial, serial number, sn, string, sys serial number, system serial number, tbd, to be filled by oem, \
            to be set by oem, unknown";
        const DIGITS: &str = "012345678901234567890";
        let mut letters = self.as_str().to_lowercase();
        letters.retain(char::is_alphanumeric);
        // Two letters can be a serial number; three of the same, or a lone x or digit, are not.
        let is_long = letters.len() >= 3 || matches!(letters.as_str(), "" | "x" | "xx" | "0" | "00" | "1");
        let is_one_letter = is_long && letters.chars().all(|c| letters.starts_with(c));
        let is_counted = letters.len() >= 6 && DIGITS.contains(letters.as_str());
        let is_word = WORDS.split(',').any(|word| word.replace(' ', "") == letters);
        is_one_letter || is_counted || is_word
    }

    /// Reports a manufacturer's placeholder: other machines share it, so it does not identify the device.
    pub fn lint(&self) -> Vec<Finding> {
        if !self.is_placeholder() {
            return Vec::new();
        }
        let evidence =
            format!("{:?} is a placeholder that the manufacturer did not replace", shorten(self.as_str()));
        vec![SERIAL_NUMBER_PLACEHOLDER.at("serial_number", evidence)]
    }
}

impl GroupTag {
    /// Reports likely mistakes: surrounding spaces, the `[OrderID]:` label from membership rules, and Excel's text
    /// markers.
    pub fn lint(&self) -> Vec<Finding> {
        let (text, mut findings) = (self.as_str(), Vec::new());
        let mut found = |kind: FindingKind, shown: &str, problem: &str, tag: &str| {
            let finding = kind.at("group_tag", format!("{:?} {problem}", shorten(shown)));
            findings.push(match tag {
                "" => finding.with_remedy("leave the group tag out"),
                tag => finding.with_remedy(format!("write {:?}", shorten(tag))),
            });
        };
        let trimmed = text.trim();
        if trimmed != text {
            found(GROUP_TAG_SPACES, text, "has spaces at its ends, which a rule has to repeat", trimmed);
        }
        if let Some(tag) = without_label(trimmed) {
            found(GROUP_TAG_LABEL, trimmed, "begins with the label that Microsoft Entra adds by itself", tag);
        }
        if let Some(tag) = without_excel_mark(trimmed) {
            found(GROUP_TAG_EXCEL_TEXT, trimmed, "has the mark by which Excel keeps a value as text", tag);
        }
        findings
    }
}

/// Returns the text after `[OrderID]:` in any spelling; `None` if there is no such label.
fn without_label(tag: &str) -> Option<&str> {
    let (label, rest) = match tag.strip_prefix('[') {
        Some(inner) => inner.split_once(']')?,
        None => tag.split_once(':')?,
    };
    let label: String = label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let rest = rest.strip_prefix(':').unwrap_or(rest).trim();
    matches!(label.as_str(), "orderid" | "grouptag").then_some(rest)
}

/// Returns the value within `="…"` or after an apostrophe.
pub(crate) fn without_excel_mark(text: &str) -> Option<&str> {
    match text.strip_prefix('=') {
        Some(formula) => Some(formula.trim().trim_matches('"')).filter(|value| value.len() < formula.len()),
        None => text.strip_prefix('\'').map(|value| value.strip_suffix('\'').unwrap_or(value)),
    }
}

impl UserPrincipalName {
    /// Returns the part after the `@`.
    pub fn domain(&self) -> &str {
        self.as_str().rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Reports a suffix that Microsoft Entra cannot verify, such as `.local`: enrollment then fails with 0x8018002b.
    ///
    /// The finding names only the suffix.
    pub fn lint(&self) -> Vec<Finding> {
        const NOT_ROUTABLE: &str = "local localhost lan internal intranet corp home test invalid example";
        let last = self.domain().rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !NOT_ROUTABLE.split(' ').any(|suffix| suffix == last) {
            return Vec::new();
        }
        let evidence = format!("the suffix ends in .{last}, which no tenant can verify");
        vec![USER_NON_ROUTABLE_SUFFIX.at("user_principal_name", evidence)]
    }
}

fn check_label(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write some text, or leave it out")?;
    no_control(what, text)?;
    no_hash(what, text)
}

fn check_serial(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "add the serial number that the firmware reports")?;
    no_outer_spaces(what, text)?;
    no_control(what, text)?;
    no_hash(what, text)
}

fn no_hash(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    if looks_like_hash(text) {
        let problem = format!("looks like a hardware hash ({} characters, not shown)", text.chars().count());
        return Err(InvalidValue::new(what, problem, "check whether columns or arguments are swapped"));
    }
    Ok(())
}

fn check_upn(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write name@domain";
    not_empty(what, text, EXAMPLE)?;
    if let Some(position) = text.chars().position(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidValue::new(what, "has a space or control character", EXAMPLE).at(position));
    }
    let Some((name, domain)) = text.split_once('@') else {
        return Err(InvalidValue::new(what, "has no '@'", EXAMPLE));
    };
    if name.is_empty() {
        return Err(InvalidValue::new(what, "has nothing before the '@'", EXAMPLE).at(0));
    }
    if let Some(second) = domain.chars().position(|c| c == '@') {
        let position = name.chars().count() + 1 + second;
        return Err(InvalidValue::new(what, "has a second '@'", EXAMPLE).at(position));
    }
    if domain.split('.').any(str::is_empty) {
        return Err(InvalidValue::new(what, "has an empty part after the '@'", EXAMPLE));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{hold_laws, laws};
    use super::*;

    #[test]
    fn tags_and_purchase_orders_are_any_text_on_one_line() {
        laws::accepted::<GroupTag>(&["Kiosk", "a b", " ", "été,\"x\""]);
        laws::accepted::<PurchaseOrder>(&["PO-1"]);
        laws::refused::<GroupTag>(&[("", "is empty"), ("a\tb", "'\\t' at character 2"), ("a\n", "'\\n'")]);
        laws::refused::<PurchaseOrder>(&[("", "is empty"), ("\0", "is not allowed")]);
    }

    #[test]
    fn a_serial_number_may_have_spaces_inside_but_not_around() {
        laws::accepted::<SerialNumber>(&["5CG1234XYZ", "VMware-56 4d 1f", "0000-0013-1234"]);
        laws::refused::<SerialNumber>(&[
            ("", "is empty"),
            (" A", "starts with a space"),
            ("A ", "ends with a space"),
            ("A\u{1}B", "is not allowed"),
        ]);
    }

    #[test]
    fn a_user_principal_name_is_name_at_domain_and_its_errors_do_not_repeat_it() {
        for text in ["adele@contoso.com", "o'neil.x@a.b.c", "x@contoso"] {
            assert_eq!(text.parse::<UserPrincipalName>().unwrap().as_str(), text);
        }
        for text in
            ["", "adele", "@contoso.com", "adele@", "adele@@contoso.com", "adele@contoso..com", "adele b@c.d"]
        {
            let error = text.parse::<UserPrincipalName>().unwrap_err();
            assert!(error.value().is_none() && !format!("{error} {error:?}").contains("adele"), "{error}");
        }
    }

    #[test]
    fn a_suffix_that_cannot_be_verified_is_found_without_naming_the_person() {
        let findings = "adele@ad.contoso.LOCAL".parse::<UserPrincipalName>().unwrap().lint();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].id, "user.non-routable-suffix");
        assert!(!findings[0].to_string().contains("adele"));
        assert!("adele@local.contoso.com".parse::<UserPrincipalName>().unwrap().lint().is_empty());
    }

    #[test]
    fn a_hardware_hash_is_no_serial_number_and_no_tag_and_is_not_shown() {
        let hash = format!("T0HsAgEAHAAAAAoA{}", "Ab9+/xKq3ZmT7".repeat(50));
        let part = |from, to| hash.get(from..to).unwrap().to_owned();
        for text in [hash.clone(), hash.to_lowercase(), part(40, 140), part(0, 12)] {
            let errors = [text.parse::<SerialNumber>().unwrap_err(), text.parse::<GroupTag>().unwrap_err()];
            for error in errors {
                assert!(error.problem().contains("looks like a hardware hash"), "{error}");
                assert!(!format!("{error} {error:?}").contains(text.get(..8).unwrap()), "{error:?}");
            }
        }
        let control = format!("{hash}\u{1}").parse::<SerialNumber>().unwrap_err();
        assert!(!format!("{control:?}").contains(hash.get(..8).unwrap()), "{control:?}");
    }

    #[test]
    fn a_makers_placeholder_is_told_from_a_serial_number() {
        let placeholders = [
            &["To be filled by O.E.M.", "to be filled by o.e.m", "Default string", "System Serial Number"][..],
            &["None", "N/A", "INVALID", "Not Specified", "Chassis Serial Number", "Unknown", "NULL"],
            &["Not Applicable", "0123456789", "123456789", "1234567890"],
            &["0000000", "x", "XXXXXXXX", "-", "................", "00-00-00"],
        ];
        for text in placeholders.concat() {
            let serial: SerialNumber = text.parse().unwrap();
            assert!(serial.is_placeholder(), "{text}");
            assert_eq!(serial.lint()[0].id, "serial-number.placeholder");
        }
        let serials = [
            &["5CG1234ABC", "PF3XK7M1", "VMware-56 4d 1f", "0000-0013-1234"][..],
            &["12345", "SN-1", "A1", "A", "10000001"],
        ];
        for text in serials.concat() {
            assert!(!text.parse::<SerialNumber>().unwrap().is_placeholder(), "{text}");
        }
    }

    #[test]
    fn a_tag_that_is_rarely_meant_is_found_with_its_repair() {
        for (tag, id, remedy) in [
            (" Kiosk", "group-tag.spaces", "write \"Kiosk\""),
            ("Kiosk\u{a0}", "group-tag.spaces", "write \"Kiosk\""),
            ("[OrderID]:Kiosk", "group-tag.label", "write \"Kiosk\""),
            ("[orderid] Kiosk", "group-tag.label", "write \"Kiosk\""),
            ("OrderID:Kiosk", "group-tag.label", "write \"Kiosk\""),
            ("[GroupTag]:", "group-tag.label", "leave the group tag out"),
            ("'Kiosk", "group-tag.excel-text", "write \"Kiosk\""),
            ("=\"Kiosk\"", "group-tag.excel-text", "write \"Kiosk\""),
        ] {
            let findings = tag.parse::<GroupTag>().unwrap().lint();
            let found: Vec<_> = findings.iter().map(|finding| (&*finding.id, &*finding.remedy)).collect();
            assert_eq!(found, [(id, remedy)], "{tag}");
        }
        for tag in ["Kiosk", "a: b", "[DE] Kiosk", "O'Hare", "=Kiosk"] {
            assert_eq!(tag.parse::<GroupTag>().unwrap().lint(), [], "{tag}");
        }
    }

    hold_laws! { labels_hold_the_laws("(?s).{0,20}"): GroupTag, PurchaseOrder, SerialNumber; }

    proptest! {
        #[test]
        fn user_principal_names_never_panic_and_survive_json(text in "(?s).{0,20}|[a-z]{1,3}@[a-z.]{1,6}") {
            if let Ok(user) = text.parse::<UserPrincipalName>() {
                let json = serde_json::to_string(&user).unwrap();
                prop_assert_eq!(serde_json::from_str::<UserPrincipalName>(&json).unwrap(), user);
            }
            UserPrincipalName::from_service(text).lint();
        }
    }
}
