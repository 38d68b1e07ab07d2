//! What is written down about a device when it is registered.

use super::{InvalidValue, checked, no_control, no_outer_blanks, not_empty};
use crate::model::Finding;
use crate::model::findings::USER_NON_ROUTABLE_SUFFIX;

checked! {
    /// The group tag of a device: free text that dynamic groups select by, there as `[OrderID]:tag`.
    ///
    /// Neither a longest length nor a set of characters is documented, so the only rules are that it is not empty and
    /// has no control characters.
    pub struct GroupTag("group tag", check_label);
}

checked! {
    /// A purchase order of a device, which dynamic groups select by as `[PurchaseOrderId]:text`.
    pub struct PurchaseOrder("purchase order", check_label);
}

checked! {
    /// The serial number of a device, as its firmware reports it.
    ///
    /// Serial numbers are not unique over makers, and some have blanks inside, such as `VMware-56 4d 1f`.
    pub struct SerialNumber("serial number", check_serial);
}

checked! {
    personal
    /// The name with which a person signs in, such as `adele@contoso.com`. Kept out of `Debug`, errors and findings.
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

impl UserPrincipalName {
    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.as_str().rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Finds a suffix that Microsoft Entra cannot verify, such as `.local`: enrolment then fails with 0x8018002b.
    ///
    /// The finding names the suffix alone.
    pub fn lint(&self) -> Vec<Finding> {
        const NOT_ROUTABLE: [&str; 10] = [
            "local",
            "localhost",
            "lan",
            "internal",
            "intranet",
            "corp",
            "home",
            "test",
            "invalid",
            "example",
        ];
        let last = self.domain().rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !NOT_ROUTABLE.contains(&last.as_str()) {
            return Vec::new();
        }
        let evidence = format!("the suffix ends in .{last}, which no tenant can verify");
        vec![USER_NON_ROUTABLE_SUFFIX.at("user_principal_name", evidence)]
    }
}

fn check_label(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write some text, or leave it out")?;
    no_control(what, text)
}

fn check_serial(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write the serial number that the firmware reports")?;
    no_outer_blanks(what, text)?;
    no_control(what, text)
}

fn check_upn(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const EXAMPLE: &str = "write name@domain";
    not_empty(what, text, EXAMPLE)?;
    if let Some(position) = text.chars().position(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidValue::new(what, "has a blank or control character", EXAMPLE).at(position));
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

    use super::super::laws;
    use super::*;

    #[test]
    fn tags_and_purchase_orders_are_any_text_on_one_line() {
        laws::accepted::<GroupTag>(&["Kiosk", "a b", " ", "été,\"x\""]);
        laws::accepted::<PurchaseOrder>(&["PO-1"]);
        laws::refused::<GroupTag>(&[("", "is empty"), ("a\tb", "'\\t' at character 2"), ("a\n", "'\\n'")]);
        laws::refused::<PurchaseOrder>(&[("", "is empty"), ("\0", "is not allowed")]);
    }

    #[test]
    fn a_serial_number_may_have_blanks_inside_but_not_around() {
        laws::accepted::<SerialNumber>(&["5CG1234XYZ", "VMware-56 4d 1f", "0000-0013-1234"]);
        laws::refused::<SerialNumber>(&[
            ("", "is empty"),
            (" A", "starts with a blank"),
            ("A ", "ends with a blank"),
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

    proptest! {
        #[test]
        fn labels_hold_the_laws(text in "(?s).{0,20}") {
            laws::parse_and_print::<GroupTag>(&text);
            laws::parse_and_print::<PurchaseOrder>(&text);
            laws::parse_and_print::<SerialNumber>(&text);
        }

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
