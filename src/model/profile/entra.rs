//! The profile of a Microsoft Entra join.

use serde::{Deserialize, Serialize};
use serde_with::As;

use super::common::{self, *};
use crate::model::open_enum::Known;
use crate::model::{DeviceNameTemplate, DeviceType, DeviceUsageType, InvalidValue, Properties, UnknownValue};

profile! {
    /// A deployment profile for Microsoft Entra join: user-driven, or self-deploying.
    ///
    /// ```
    /// use windows_autopilot::model::{DeploymentMode, EntraJoinProfile};
    /// let kiosk = EntraJoinProfile::new("Kiosk".parse()?)
    ///     .with_deployment_mode(DeploymentMode::SelfDeploying)
    ///     .with_device_name_template("KIOSK-%RAND:4%".parse()?);
    /// # assert!(kiosk.lint().is_empty());
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub struct EntraJoinProfile = "azureADWindowsAutopilotDeploymentProfile";
    optional {
        /// The name template; by default, devices keep the name that Windows gives them.
        device_name_template, with_device_name_template: DeviceNameTemplate =>
            PropertyRule { none_is_empty: true, ..PropertyRule::new(TEMPLATE).same(same_text) };
    }
    default {
        /// The kind of device, fixed at creation; a Windows PC by default.
        #[serde(deserialize_with = "As::<Option<Known>>::deserialize")]
        device_type, with_device_type: DeviceType = DeviceType::WindowsPc =>
            PropertyRule::new(DEVICE_TYPE).write(WriteMode::OnCreate).same(same_text_in_any_case);
    }
    odd {
        /// The deployment mode; user-driven with a standard user by default.
        deployment_mode, with_deployment_mode: DeploymentMode = DeploymentMode::default();
    }
    rules {
        PropertyRule::new(USER_TYPE);
        PropertyRule::new(USAGE);
    }
}

/// The deployment mode of a Microsoft Entra joined device.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeploymentMode {
    /// A user sets up the device and gets the rights of this user type.
    #[serde(deserialize_with = "As::<Known>::deserialize")]
    UserDriven(UserType),
    /// The device enrolls itself; such a profile has no user type.
    SelfDeploying,
    /// A mode that this version does not recognize.
    #[serde(skip)]
    Other(UnknownValue),
}

impl Default for DeploymentMode {
    fn default() -> Self {
        Self::UserDriven(UserType::Standard)
    }
}

impl EntraJoinProfile {
    /// Finds values that break a rule and those that the service reportedly rejects.
    pub fn lint(&self) -> Vec<Finding> {
        let skips_keyboard = self.keyboard_selection_page_skipped;
        let mut findings =
            common::lint(&self.display_name, self.description.as_ref(), &self.locale, skips_keyboard);
        let template = self.device_name_template.as_ref().and_then(DeviceNameTemplate::violation);
        findings.extend(violations(&[("device_name_template", template)]));
        findings
    }
}

impl Quirks for EntraJoinProfile {
    #[inline]
    fn read_odd(&mut self, left: &mut Properties) -> Result<(), InvalidValue> {
        let has_user_type = get(left, USER_TYPE).is_some();
        let user_type = take::<String>(left, USER_TYPE)?;
        let usage = take::<String>(left, USAGE)?.map(|usage| DeviceUsageType::from_wire(&usage));
        self.deployment_mode = match usage {
            None | Some(DeviceUsageType::SingleUser) => DeploymentMode::UserDriven(match &user_type {
                Some(user_type) => UserType::from_wire(user_type),
                None if has_user_type => UserType::Administrator,
                None => UserType::Standard,
            }),
            Some(usage) => {
                // The service says nothing of the user type here; what older ones say is kept.
                if let Some(user_type) = user_type {
                    put(left, USER_TYPE, user_type.into());
                }
                match usage {
                    DeviceUsageType::Shared => DeploymentMode::SelfDeploying,
                    other => DeploymentMode::Other(UnknownValue::new(other.as_str())),
                }
            }
        };
        Ok(())
    }

    #[inline]
    fn write_odd(&self, properties: &mut Properties) {
        let usage = match &self.deployment_mode {
            DeploymentMode::UserDriven(user_type) => {
                put(properties, USER_TYPE, user_type.as_str().into());
                DeviceUsageType::SingleUser.as_str()
            }
            DeploymentMode::SelfDeploying => DeviceUsageType::Shared.as_str(),
            DeploymentMode::Other(mode) => mode.as_str(),
        };
        put(properties, USAGE, usage.into());
    }
}
