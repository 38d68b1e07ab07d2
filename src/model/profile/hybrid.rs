//! The profile of a hybrid join.

use serde_with::As;

use super::common::{self, *};
use crate::model::findings::{PROFILE_HYBRID_NAME_TEMPLATE, PROFILE_HYBRID_NOT_USER_DRIVEN};
use crate::model::open_enum::Known;

profile! {
    /// A deployment profile for Microsoft Entra hybrid join.
    ///
    /// The type cannot express what a hybrid join forbids: a device name template (the name comes from the
    /// [`DomainJoinProfile`](crate::model::DomainJoinProfile)) or self-deploying mode. An existing profile with one of
    /// these can be read, is written back unchanged, and is reported by [`lint`](Self::lint).
    ///
    /// ```
    /// use windows_autopilot::model::{HybridJoinProfile, Locale, UserType};
    /// let mut profile = HybridJoinProfile::new("Contoso hybrid".parse()?)
    ///     .with_locale(Locale::language("de-DE")?)
    ///     .with_user_type(UserType::Standard);
    /// profile.keyboard_selection_page_skipped = true;
    ///
    /// let same: HybridJoinProfile = toml::from_str(r#"
    ///     display_name = "Contoso hybrid"
    ///     locale = "de-DE"
    ///     keyboard_selection_page_skipped = true
    /// "#)?;
    /// assert_eq!(same, profile);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct HybridJoinProfile = "activeDirectoryWindowsAutopilotDeploymentProfile";
    optional {}
    default {
        /// Whether the device continues without reaching a domain controller, which is necessary if its VPN needs a
        /// signed-in user; `false` by default. The first sign-in still needs a domain controller.
        ///
        /// Tools disagree on whether a change takes effect: read it back.
        skip_connectivity_check, with_skip_connectivity_check: bool = false =>
            PropertyRule::new("hybridAzureADJoinSkipConnectivityCheck").write(WriteMode::ReadBack);
        /// The rights of the user who sets up the device; a standard user by default.
        #[serde(deserialize_with = "As::<Option<Known>>::deserialize")]
        user_type, with_user_type: UserType = UserType::Standard => PropertyRule::new(USER_TYPE);
    }
    odd {}
    rules {
        // What a tenant has against the rules of hybrid join is kept until it is replaced by a profile made here.
        PropertyRule::new(USAGE).fixed(|| "singleUser".into());
        PropertyRule::new(TEMPLATE).fixed(|| "".into()).same(same_text);
        PropertyRule::new(DEVICE_TYPE)
            .fixed(|| "windowsPc".into())
            .write(WriteMode::OnCreate)
            .same(same_text_in_any_case);
    }
}

impl HybridJoinProfile {
    /// Reports values that break a rule, that a hybrid join ignores, or that the service reportedly rejects.
    pub fn lint(&self) -> Vec<Finding> {
        let skips_keyboard = self.keyboard_selection_page_skipped;
        let mut findings =
            common::lint(&self.display_name, self.description.as_ref(), &self.locale, skips_keyboard);
        if get(&self.kept, USAGE).is_some() {
            let evidence = "the profile is not for a single user";
            findings.push(PROFILE_HYBRID_NOT_USER_DRIVEN.at("device_usage_type", evidence));
        }
        if let Some(template) = self.kept.text(TEMPLATE) {
            let evidence = format!("has the template {template:?}, which a hybrid join does not use");
            findings.push(PROFILE_HYBRID_NAME_TEMPLATE.at("device_name_template", evidence));
        }
        findings
    }
}

impl Quirks for HybridJoinProfile {}
