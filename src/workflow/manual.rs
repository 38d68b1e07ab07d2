//! The manual parts of a deployment.

use super::findings::COMPUTER_ACCOUNTS_NOT_CONFIRMED;
use super::step::{Action, Step};

/// Returns the action of step 10: devices may be switched on only after an administrator has confirmed the rights,
/// which Graph does not show.
pub(super) fn deploy_gate(is_settled: bool) -> Action {
    if is_settled {
        return Action::Manual(
            "switch each device on when it has its profile, not before: a device that finds none keeps a default one"
                .into(),
        );
    }
    Action::Blocked(COMPUTER_ACCOUNTS_NOT_CONFIRMED.at(
        Step::ComputerAccounts.to_string(),
        "nobody has confirmed that every connector may create computer accounts; without the right, ten devices get \
         through and every other one fails (event 30132, diagnostic code 0x800; 0x80070774 on the device)",
    ))
}

/// The instructions for step 2.
pub(super) const INSTALL_CONNECTOR: &str = "download the Intune Connector for Active Directory from the Intune admin center \
    (Devices, Windows, Enrollment), install it on a server of the domain, sign in with an Intune administrator, and \
    configure its managed service account";

/// Returns the instructions for step 3 in an OU or container.
pub(super) fn grant_text(place: &str) -> String {
    format!(
        "give the managed service account of every connector (msaODJ…) the right to create computer objects in {place}: \
         Properties, Security, Advanced, Add; applies to this object only"
    )
}
