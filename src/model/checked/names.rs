//! Names and texts that an administrator writes.

use super::{InvalidValue, at_most, checked, no_control, not_empty, only};
use crate::model::findings::{ESP_LONG_ERROR_MESSAGE, PROFILE_DISPUTED_CHARACTER, PROFILE_HYPHEN};
use crate::model::{Finding, shorten};

checked! {
    /// The name of a deployment profile: 1 to 200 characters.
    ///
    /// ```
    /// use windows_autopilot::model::ProfileName;
    /// let name: ProfileName = "Contoso hybrid".parse()?;
    /// assert!("OfflineAutopilotprofile-Munich".parse::<ProfileName>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A name may not start with `OfflineAutopilotprofile-`, which is reserved for devices with an offline file.
    pub struct ProfileName("profile name", check_profile_name);
}

impl ProfileName {
    /// Finds characters that the service reportedly rejects without giving a reason.
    ///
    /// They are not rejected here, because reports disagree and none comes from the service's own documentation.
    pub fn lint(&self) -> Vec<Finding> {
        lint_profile_text("display_name", self.as_str())
    }
}

checked! {
    /// The description of a deployment profile: up to 1,500 characters.
    ///
    /// ```
    /// use windows_autopilot::model::ProfileDescription;
    /// let description: ProfileDescription = "Laptops in Munich".parse()?;
    /// assert!("long ".repeat(400).parse::<ProfileDescription>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct ProfileDescription("profile description", check_profile_description);
}

impl ProfileDescription {
    /// Finds characters that the service reportedly rejects: see [`ProfileName::lint`].
    pub fn lint(&self) -> Vec<Finding> {
        lint_profile_text("description", self.as_str())
    }
}

checked! {
    /// The name of an object that an administrator creates: a single line that is not empty.
    ///
    /// ```
    /// use windows_autopilot::model::DisplayName;
    /// let name: DisplayName = "Autopilot Munich".parse()?;
    /// assert!("".parse::<DisplayName>().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct DisplayName("display name", check_display_name);
}

checked! {
    /// The mail nickname of a group: 1 to 64 ASCII characters, without spaces and ``@()\[]";:.<>,``.
    ///
    /// ```
    /// use windows_autopilot::model::MailNickname;
    /// assert_eq!(MailNickname::derived_from(&"Autopilot Munich".parse()?).as_str(), "AutopilotMunich");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Every group needs one, even a security group without mail.
    pub struct MailNickname("mail nickname", check_mail_nickname);
}

impl MailNickname {
    /// Creates a nickname from the letters, digits, hyphens and underscores of a group's name, or `group` if there are
    /// none.
    pub fn derived_from(name: &DisplayName) -> Self {
        let kept = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let nickname: String = name.as_str().chars().filter(kept).take(MAIL_NICKNAME_LENGTH).collect();
        Self(if nickname.is_empty() { "group".into() } else { nickname.into() })
    }
}

checked! {
    /// The message that the enrollment status page shows after a timeout or an error: up to 10,000 characters.
    ///
    /// ```
    /// use windows_autopilot::model::CustomErrorMessage;
    /// let message: CustomErrorMessage = "Call the service desk: +49 89 1234.".parse()?;
    /// assert!(message.lint().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct CustomErrorMessage("custom error message", check_custom_error_message);
}

impl CustomErrorMessage {
    /// Reports a message longer than 1,000 characters: Graph documents a limit of 10,000, but another tool uses 1,000.
    pub fn lint(&self) -> Vec<Finding> {
        let length = self.as_str().chars().count();
        if length <= SAFE_MESSAGE_LENGTH {
            return Vec::new();
        }
        let evidence = format!(
            "has {length} characters; sources disagree on whether more than {SAFE_MESSAGE_LENGTH} are accepted"
        );
        vec![ESP_LONG_ERROR_MESSAGE.at("custom_error_message", evidence)]
    }
}

const MAIL_NICKNAME_LENGTH: usize = 64;
const SAFE_MESSAGE_LENGTH: usize = 1_000;
const OFFLINE_PREFIX: &str = "OfflineAutopilotprofile-";

fn check_profile_name(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    check_display_name(what, text)?;
    let start: String = text.chars().take(OFFLINE_PREFIX.len()).collect();
    if start.eq_ignore_ascii_case(OFFLINE_PREFIX) {
        let problem = format!("starts with {OFFLINE_PREFIX}, which stands for devices with an offline file");
        return Err(InvalidValue::new(what, problem, "choose another name").at(0));
    }
    at_most(what, text, 200)
}

fn check_profile_description(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    at_most(what, text, 1_500)
}

fn check_display_name(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write a name")?;
    if text.chars().all(char::is_whitespace) {
        return Err(InvalidValue::new(what, "has only spaces", "write a name"));
    }
    no_control(what, text)
}

fn check_mail_nickname(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    const REMEDY: &str = "write letters, digits, hyphens and underscores";
    not_empty(what, text, REMEDY)?;
    only(what, text, REMEDY, |c| c.is_ascii_graphic() && !r#"@()\[]";:.<>,"#.contains(c))?;
    at_most(what, text, MAIL_NICKNAME_LENGTH)
}

fn check_custom_error_message(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "write a message, or leave it out to show that of Windows")?;
    at_most(what, text, 10_000)
}

fn lint_profile_text(place: &'static str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if text.contains('-') {
        let evidence = format!(
            "{:?} has a hyphen, which several tools report as refused with an error 400 or 500 that gives no reason",
            shorten(text)
        );
        findings.push(PROFILE_HYPHEN.at(place, evidence));
    }
    let disputed = "! # $ % & ' ( ) * + ; < = > ^".split(' ').filter(|c| text.contains(c));
    let disputed = disputed.collect::<Vec<_>>().join(" ");
    if !disputed.is_empty() {
        let evidence = format!("{:?} has {disputed}, which some tools report as refused", shorten(text));
        findings.push(PROFILE_DISPUTED_CHARACTER.at(place, evidence));
    }
    findings
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{hold_laws, laws};
    use super::*;
    use crate::model::settings::tests::ids;

    #[test]
    fn a_profile_name_has_1_to_200_characters_and_is_no_offline_name() {
        laws::accepted::<ProfileName>(&["Contoso hybrid", "a-b", "é".repeat(200).as_str()]);
        laws::refused::<ProfileName>(&[
            ("", "is empty"),
            ("  ", "only spaces"),
            ("a\nb", "is not allowed"),
            ("é".repeat(201).as_str(), "has 201 characters"),
            ("OfflineAutopilotprofile-1", "offline file"),
            ("offlineautopilotPROFILE-1", "offline file"),
        ]);
    }

    #[test]
    fn texts_have_their_longest_length() {
        laws::accepted::<ProfileDescription>(&["", "two\nlines", "x".repeat(1_500).as_str()]);
        laws::refused::<ProfileDescription>(&[("x".repeat(1_501).as_str(), "at most 1500")]);
        laws::accepted::<CustomErrorMessage>(&["Call 1234", "x".repeat(10_000).as_str()]);
        laws::refused::<CustomErrorMessage>(&[
            ("", "is empty"),
            ("x".repeat(10_001).as_str(), "at most 10000"),
        ]);
        laws::accepted::<DisplayName>(&["All Autopilot devices"]);
        laws::refused::<DisplayName>(&[("", "is empty"), (" ", "only spaces")]);
    }

    #[test]
    fn a_mail_nickname_is_ascii_without_the_refused_characters() {
        laws::accepted::<MailNickname>(&["autopilot-devices", "a_b", "x".repeat(64).as_str()]);
        laws::refused::<MailNickname>(&[
            ("", "is empty"),
            ("a b", "' ' at character 2"),
            ("a.b", "'.' at character 2"),
            ("gerät", "'ä' at character 4"),
            ("x".repeat(65).as_str(), "at most 64"),
        ]);
    }

    #[test]
    fn a_nickname_made_of_a_name_is_valid() {
        for (name, expected) in [("Autopilot: hybrid (EU)", "AutopilothybridEU"), ("日本", "group")] {
            let nickname = MailNickname::derived_from(&name.parse().unwrap());
            assert_eq!((nickname.as_str(), nickname.violation()), (expected, None));
        }
    }

    #[test]
    fn a_hyphen_and_other_disputed_characters_are_found_but_not_refused() {
        let ids = |text: &str| ids(text.parse::<ProfileName>().unwrap().lint());
        assert!(ids("Contoso hybrid").is_empty());
        assert_eq!(ids("Contoso - hybrid"), ["profile.hyphen"]);
        assert_eq!(ids("Contoso (hybrid)"), ["profile.disputed-character"]);
        assert_eq!("A-B!".parse::<ProfileDescription>().unwrap().lint().len(), 2);
    }

    #[test]
    fn a_message_of_more_than_1000_characters_is_found() {
        assert!("x".repeat(1_000).parse::<CustomErrorMessage>().unwrap().lint().is_empty());
        assert_eq!("x".repeat(1_001).parse::<CustomErrorMessage>().unwrap().lint().len(), 1);
    }

    hold_laws! {
        names_hold_the_laws("(?s).{0,30}"):
            ProfileName, ProfileDescription, DisplayName, MailNickname, CustomErrorMessage;
    }

    proptest! {
        #[test]
        fn a_nickname_can_be_made_of_any_name(text in "(?s).{1,90}") {
            if let Ok(name) = text.parse::<DisplayName>() {
                prop_assert_eq!(MailNickname::derived_from(&name).violation(), None);
            }
        }
    }
}
