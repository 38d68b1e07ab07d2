//! `AutopilotConfigurationFile.json`: a deployment profile on the device's own disk.
//!
//! Windows reads this file during initial setup if the service does not provide a profile for the device in time. The
//! file supports only user-driven modes: self-deploying mode and pre-provisioning require the service. It belongs at
//! [`PATH`], is encoded in ASCII, and contains one profile.
//!
//! * A profile that the service assigns to the device takes precedence over the file.
//! * `sysprep /generalize` deletes the file. The file works only for the first boot: register the device as well.
//! * For hybrid join, assign the domain join configuration to *all devices*: a device with a file does not belong to
//!   any group before it enrolls.
//!
//! The update settings and the setup flags above 16 are known from other tools, not from documentation.

mod cached;
pub mod findings;
mod flags;
mod keys;
mod read;
#[cfg(test)]
mod tests;

use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use self::keys::*;
use crate::model::findings::{PROFILE_HYBRID_NAME_TEMPLATE, PROFILE_HYBRID_NOT_USER_DRIVEN};
use crate::model::{
    DeviceNameTemplate, Finding, HybridJoinProfile, Id, InvalidValue, LanguageTag, Locale, ProfileName,
    Properties, TenantId, Text, UserType, is_guid,
};

pub use self::cached::{CachedJoin, CachedProfile, CachedRefusal, CachedReport};
pub use self::flags::{OobeFlag, OobeFlags};
pub use self::read::{OfflineReport, read};

/// The path of the file on the Windows drive.
pub const PATH: &str = r"Windows\Provisioning\Autopilot\AutopilotConfigurationFile.json";

/// A profile in an offline file.
///
/// ```
/// use windows_autopilot::model::HybridJoinProfile;
/// use windows_autopilot::offline::{self, OfflineProfile, OfflineTenant};
///
/// let tenant = OfflineTenant::new(
///     "1537de22-988c-4e93-b8a5-83890f34a69b".parse()?,
///     "contoso.onmicrosoft.com".parse()?,
/// )?;
/// let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
/// let id = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac".parse()?;
/// let file = OfflineProfile::for_hybrid_join(&profile, &id, tenant)?;
/// assert_eq!(file.oobe_flags().bits(), 286);
/// assert_eq!(file.enrollment_profile_name(), "OfflineAutopilotprofile-7f9e6025-1e13-45f3-bf82-a3e8c5b59eac");
///
/// let report = offline::read(file.to_json().as_bytes());
/// assert!(report.findings.is_empty());
/// assert_eq!(report.profile, Some(file));
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OfflineProfile {
    /// A comment for human readers; tools write the profile's name.
    pub comment: Option<Text>,
    /// Whether the user is prevented from setting up the device without the organization.
    pub forced_enrollment: bool,
    /// The language used during setup. Tools write it only with [`OobeFlag::SkipKeyboardSelection`].
    pub language: Option<LanguageTag>,
    /// The region used during setup; tools write the language here.
    pub region: Option<LanguageTag>,
    /// Whether the Autopilot update during setup is disabled; all tools write `true`.
    pub autopilot_update_disabled: Option<bool>,
    /// The timeout for the Autopilot update; all tools write half an hour.
    pub autopilot_update_timeout: Option<Duration>,
    /// The version of the format; all tools write 2049.
    pub version: Option<u64>,
    other: Properties,
    tenant: OfflineTenant,
    correlation_id: Text,
    oobe_flags: OobeFlags,
    join: OfflineJoin,
}

/// The tenant of an offline file.
///
/// ```
/// use windows_autopilot::offline::OfflineTenant;
/// let tenant = OfflineTenant::new(
///     "72f988bf-86f1-41af-91ab-2d7cd011db47".parse()?,
///     "contoso.onmicrosoft.com".parse()?,
/// )?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OfflineTenant {
    id: TenantId,
    domain: TenantId,
}

/// The type of join for a device with an offline file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OfflineJoin {
    /// Active Directory and Microsoft Entra.
    #[non_exhaustive]
    Hybrid {
        /// Whether the device continues without reaching a domain controller.
        skip_connectivity_check: bool,
    },
    /// Microsoft Entra.
    #[non_exhaustive]
    Entra {
        /// The device name template.
        device_name: Option<DeviceNameTemplate>,
    },
}

impl OfflineTenant {
    /// Creates the tenant from its id, which is a GUID, and its default domain.
    ///
    /// # Errors
    /// `id` is a domain, or `default_domain` is an id.
    pub fn new(id: TenantId, default_domain: TenantId) -> Result<Self, InvalidValue> {
        if !id.is_guid() {
            return Err(InvalidValue::new("tenant id", "is a domain", "write the tenant's GUID")
                .with_value(id.as_str()));
        }
        if default_domain.is_guid() {
            return Err(InvalidValue::new("tenant domain", "is a GUID", "write the tenant's default domain")
                .with_value(default_domain.as_str()));
        }
        Ok(Self { id, domain: default_domain })
    }

    /// Returns the id.
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// Returns the default domain.
    pub fn default_domain(&self) -> &TenantId {
        &self.domain
    }
}

impl OfflineProfile {
    /// The version of the format that tools write.
    pub const VERSION: u64 = 2049;
    /// The Autopilot update timeout that tools write.
    pub const AUTOPILOT_UPDATE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

    /// Creates the file for a hybrid join profile in this tenant.
    ///
    /// `id` is usually the profile's. Dynamic groups can use it to select devices with the file, as
    /// [`enrollment_profile_name`](Self::enrollment_profile_name) describes. The profile's language is written only if
    /// the keyboard page is skipped; scope tags, hash extraction and pre-provisioning cannot be in a file.
    ///
    /// # Errors
    /// The id is not a GUID, or the profile has settings that hybrid join or the file format does not allow: a tenant
    /// can contain a profile that is self-deploying or has a device name template.
    pub fn for_hybrid_join(
        profile: &HybridJoinProfile,
        id: &Id<HybridJoinProfile>,
        tenant: OfflineTenant,
    ) -> Result<Self, InvalidValue> {
        const WHAT: &str = "offline profile";
        let is_forbidden = |finding: &Finding| {
            finding.is(&PROFILE_HYBRID_NOT_USER_DRIVEN) || finding.is(&PROFILE_HYBRID_NAME_TEMPLATE)
        };
        if let Some(forbidden) = profile.lint().into_iter().find(is_forbidden) {
            return Err(InvalidValue::new(WHAT, forbidden.evidence, forbidden.remedy));
        }
        let mut flags = OobeFlags::ALWAYS;
        match profile.user_type {
            UserType::Standard => flags = flags.with(OobeFlag::StandardUser),
            UserType::Administrator => {}
            _ => {
                let problem = format!("cannot express the user type {}", profile.user_type.as_str());
                return Err(InvalidValue::new(WHAT, problem, "choose administrator or standard"));
            }
        }
        for (wanted, flag) in [
            (profile.privacy_settings_hidden, OobeFlag::HidePrivacySettings),
            (profile.eula_hidden, OobeFlag::HideEula),
            (profile.keyboard_selection_page_skipped, OobeFlag::SkipKeyboardSelection),
        ] {
            if wanted {
                flags = flags.with(flag);
            }
        }
        let language = match &profile.locale {
            Locale::Language(tag) if profile.keyboard_selection_page_skipped => Some(tag.clone()),
            _ => None,
        };
        Ok(Self {
            comment: Some(format!("Profile {}", profile.display_name).into()),
            forced_enrollment: profile.escape_link_hidden,
            region: language.clone(),
            language,
            autopilot_update_disabled: Some(true),
            autopilot_update_timeout: Some(Self::AUTOPILOT_UPDATE_TIMEOUT),
            version: Some(Self::VERSION),
            other: Properties::new(),
            tenant,
            correlation_id: correlation_id(id.as_str())?,
            oobe_flags: flags,
            join: OfflineJoin::Hybrid { skip_connectivity_check: profile.skip_connectivity_check },
        })
    }

    /// Converts the file into the settings of a profile with this name.
    ///
    /// ```
    /// # windows_autopilot::testing::run(async |_| {
    /// use windows_autopilot::model::HybridJoinProfile;
    /// use windows_autopilot::offline::{OfflineProfile, OfflineTenant};
    ///
    /// let tenant = OfflineTenant::new(
    ///     "1537de22-988c-4e93-b8a5-83890f34a69b".parse()?,
    ///     "contoso.onmicrosoft.com".parse()?,
    /// )?;
    /// let profile = HybridJoinProfile::new("Contoso hybrid".parse()?);
    /// let id = "7f9e6025-1e13-45f3-bf82-a3e8c5b59eac".parse()?;
    /// let file = OfflineProfile::for_hybrid_join(&profile, &id, tenant)?;
    /// println!("{:?}", file.to_hybrid_join("Contoso hybrid".parse()?)?);
    /// # Ok(()) });
    /// ```
    ///
    /// # Errors
    /// The file is not for hybrid join.
    pub fn to_hybrid_join(&self, display_name: ProfileName) -> Result<HybridJoinProfile, InvalidValue> {
        let OfflineJoin::Hybrid { skip_connectivity_check } = self.join else {
            return Err(InvalidValue::new(
                "offline profile",
                "is for Microsoft Entra join",
                "take a file with CloudAssignedDomainJoinMethod 1",
            ));
        };
        let mut profile = HybridJoinProfile::new(display_name);
        profile.locale = self.language.clone().map_or(Locale::OsDefault, Locale::Language);
        profile.skip_connectivity_check = skip_connectivity_check;
        profile.privacy_settings_hidden = self.oobe_flags.contains(OobeFlag::HidePrivacySettings);
        profile.eula_hidden = self.oobe_flags.contains(OobeFlag::HideEula);
        profile.keyboard_selection_page_skipped = self.oobe_flags.contains(OobeFlag::SkipKeyboardSelection);
        profile.escape_link_hidden = self.forced_enrollment;
        let standard = self.oobe_flags.contains(OobeFlag::StandardUser);
        profile.user_type = if standard { UserType::Standard } else { UserType::Administrator };
        Ok(profile)
    }

    /// Returns the tenant.
    pub fn tenant(&self) -> &OfflineTenant {
        &self.tenant
    }

    /// Returns the GUID by which devices with the file can be found, usually the id of a profile.
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// Returns the setup options.
    pub fn oobe_flags(&self) -> OobeFlags {
        self.oobe_flags
    }

    /// Returns the type of join.
    pub fn join(&self) -> &OfflineJoin {
        &self.join
    }

    /// Returns the other properties that were read from the file; they are written back.
    pub fn other(&self) -> &Properties {
        &self.other
    }

    /// Returns the `enrollmentProfileName` of devices with the file, by which dynamic groups can select them.
    pub fn enrollment_profile_name(&self) -> String {
        format!("OfflineAutopilotprofile-{}", self.correlation_id.as_str())
    }

    /// Returns the contents of the file, in ASCII. Write it without a byte order mark, or Windows ignores the file.
    ///
    /// The result contains no user name, even if the file that was read did.
    pub fn to_json(&self) -> String {
        let (method, device_name, skip_check) = match &self.join {
            OfflineJoin::Hybrid { skip_connectivity_check } => {
                (1, None, skip_connectivity_check.then_some(1))
            }
            OfflineJoin::Entra { device_name } => (0, device_name.as_ref(), None),
        };
        let forced = u8::from(self.forced_enrollment);
        let domain = self.tenant.domain.as_str();
        let server_data = json!({
            ZERO_TOUCH: { TENANT_UPN: "", INNER_FORCED_ENROLLMENT: forced, TENANT_DOMAIN: domain }
        });
        let milliseconds = |timeout: Duration| u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let keys = [
            (VERSION, self.version.map(Value::from)),
            (COMMENT, self.comment.as_deref().map(Value::from)),
            (TENANT_ID, Some(self.tenant.id.as_str().into())),
            (TENANT_DOMAIN, Some(domain.into())),
            (OOBE_CONFIG, Some(self.oobe_flags.bits().into())),
            (JOIN_METHOD, Some(method.into())),
            (FORCED_ENROLLMENT, Some(forced.into())),
            (CORRELATION_ID, Some(self.correlation_id.as_str().into())),
            (SERVER_DATA, Some(server_data.to_string().into())),
            (DEVICE_NAME, device_name.map(|name| name.as_str().into())),
            (SKIP_CHECK, skip_check.map(Value::from)),
            (LANGUAGE, self.language.as_ref().map(|tag| tag.as_str().into())),
            (REGION, self.region.as_ref().map(|tag| tag.as_str().into())),
            (UPDATE_DISABLED, self.autopilot_update_disabled.map(|disabled| u8::from(disabled).into())),
            (UPDATE_TIMEOUT, self.autopilot_update_timeout.map(|timeout| milliseconds(timeout).into())),
        ];
        let keys = keys.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?)));
        // Maps with text for keys can always be written.
        let json = serde_json::to_string_pretty(&InOrder(keys.chain(self.other.iter()).collect()))
            .unwrap_or_default();
        to_ascii(&json) + "\n"
    }
}

/// An object with its keys in a readable order.
struct InOrder<'a>(Vec<(&'a str, &'a Value)>);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

fn correlation_id(text: &str) -> Result<Text, InvalidValue> {
    if is_guid(text) {
        return Ok(text.into());
    }
    let remedy = "use a GUID without braces, such as the id of the profile";
    Err(InvalidValue::new("correlation id", "is not a GUID", remedy).with_value(text))
}

/// Escapes JSON to ASCII: other characters occur in strings only.
fn to_ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}
