//! The phases and outcomes of a device's deployment.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The phase that a device has reached on its way to a user's desktop.
///
/// A device stays in a phase until there is evidence of a later one. Graph does not show every step: restarts, the
/// offline domain join itself and the first sign-ins are visible only in the device's own logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// The device is not registered. An imported device may take minutes to appear.
    Unregistered,
    /// The device is registered but has no profile yet. Do not switch it on.
    Registered,
    /// The device has the profile and can be switched on.
    ProfileAssigned,
    /// Intune manages the device, which is waiting for the offline domain join.
    Enrolled,
    /// The device has joined the domain and is restarting into device setup.
    DomainJoined,
    /// The enrollment status page is installing the device's apps and policies.
    DeviceSetup,
    /// A user has signed in or can sign in. The page installs the user's apps and policies, and the computer object is
    /// synced to Entra ID.
    AccountSetup,
    /// The deployment is done.
    Ready,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 8] = [
        Self::Unregistered,
        Self::Registered,
        Self::ProfileAssigned,
        Self::Enrolled,
        Self::DomainJoined,
        Self::DeviceSetup,
        Self::AccountSetup,
        Self::Ready,
    ];

    /// Returns the name, such as `profile assigned`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unregistered => "not registered",
            Self::Registered => "registered",
            Self::ProfileAssigned => "profile assigned",
            Self::Enrolled => "enrolled",
            Self::DomainJoined => "domain joined",
            Self::DeviceSetup => "device setup",
            Self::AccountSetup => "account setup",
            Self::Ready => "ready",
        }
    }

    /// Returns the activity in this phase, such as `domain join`. If the device fails here, this activity is the point
    /// of failure.
    pub const fn activity(self) -> &'static str {
        match self {
            Self::Unregistered => "registration",
            Self::Registered => "profile assignment",
            Self::ProfileAssigned => "enrollment",
            Self::Enrolled => "domain join",
            Self::DomainJoined => "start of device setup",
            Self::DeviceSetup => "device setup",
            Self::AccountSetup => "account setup",
            Self::Ready => "nothing",
        }
    }

    /// Returns the next step if nothing is wrong, whether it falls to your staff or to the service.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Unregistered => "wait for the import, and do not switch the device on",
            Self::Registered => "wait for the profile, and do not switch the device on",
            Self::ProfileAssigned => "switch the device on, connect it, and sign in to Entra ID",
            Self::Enrolled => "wait: the connector creates the computer account and the device restarts",
            Self::DomainJoined => "wait for the sign-in screen of Windows",
            Self::DeviceSetup => {
                "wait; then sign in to Windows with the Active Directory account (Ctrl+Alt+Del)"
            }
            Self::AccountSetup => {
                "wait; if asked, sign in to Entra ID and allow the organization to manage the device"
            }
            Self::Ready => "hand the device over: its user signs in with the Active Directory account",
        }
    }

    /// Returns the credential that the device asks for next; `None` if it asks for none.
    ///
    /// The two credentials are often confused: the first sign-in, before Windows is set up, is to Entra ID, while every
    /// sign-in to Windows is to Active Directory.
    pub const fn next_credential(self) -> Option<UserCredential> {
        match self {
            Self::Unregistered | Self::Registered | Self::Enrolled => None,
            Self::ProfileAssigned | Self::AccountSetup => Some(UserCredential::EntraId),
            Self::DomainJoined | Self::DeviceSetup | Self::Ready => Some(UserCredential::ActiveDirectory),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A credential that a device asks its user for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UserCredential {
    /// The sign-in name and password for Microsoft Entra ID, with a second factor if one is required.
    EntraId,
    /// The user name and password for Active Directory, after Ctrl+Alt+Del.
    ActiveDirectory,
}

impl fmt::Display for UserCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::EntraId => "Entra ID",
            Self::ActiveDirectory => "Active Directory",
        })
    }
}

/// The outcome of a device's deployment so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeploymentOutcome {
    /// The deployment has failed and will not continue on its own.
    Failed,
    /// The deadline has passed, but Graph shows no failure.
    Overdue,
    /// The deployment is in progress.
    InProgress,
    /// The device is ready.
    Ready,
}

impl DeploymentOutcome {
    /// All outcomes, worst first.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Overdue, Self::InProgress, Self::Ready];

    /// Returns `true` if the deployment is no longer in progress.
    pub const fn is_settled(self) -> bool {
        !matches!(self, Self::InProgress)
    }

    /// Returns the name, such as `in progress`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Overdue => "overdue",
            Self::InProgress => "in progress",
            Self::Ready => "ready",
        }
    }
}

impl fmt::Display for DeploymentOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_in_order_and_named_apart() {
        assert!(Phase::ALL.is_sorted());
        let mut names = Phase::ALL.map(Phase::name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_first_sign_in_is_to_entra_id_and_windows_asks_for_active_directory() {
        let asked: Vec<_> =
            Phase::ALL.into_iter().filter_map(|phase| Some((phase, phase.next_credential()?))).collect();
        assert_eq!(
            asked,
            [
                (Phase::ProfileAssigned, UserCredential::EntraId),
                (Phase::DomainJoined, UserCredential::ActiveDirectory),
                (Phase::DeviceSetup, UserCredential::ActiveDirectory),
                (Phase::AccountSetup, UserCredential::EntraId),
                (Phase::Ready, UserCredential::ActiveDirectory),
            ]
        );
    }

    #[test]
    fn the_names_in_serde_stay() {
        let written = serde_json::to_string(&Phase::ALL).unwrap();
        assert_eq!(
            written,
            r#"["unregistered","registered","profile_assigned","enrolled","domain_joined","device_setup","account_setup","ready"]"#
        );
        assert_eq!(
            serde_json::to_string(&DeploymentOutcome::ALL).unwrap(),
            r#"["failed","overdue","in_progress","ready"]"#
        );
        assert_eq!(
            serde_json::to_string(&[UserCredential::EntraId, UserCredential::ActiveDirectory]).unwrap(),
            r#"["entra_id","active_directory"]"#
        );
    }
}
