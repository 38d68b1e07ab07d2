//! The parts of a deployment that a person carries out.

use super::step::{Action, Step};
use crate::model::{Finding, Severity};

/// Returns the action of step 10: devices may be switched on only after somebody has confirmed what Graph cannot tell.
pub(super) fn deploy_gate(is_settled: bool) -> Action {
    if is_settled {
        return Action::Manual(
            "switch each device on when it has its profile, not before: a device that finds none keeps a default one"
                .into(),
        );
    }
    Action::Blocked(Finding::new(
        "computer-accounts.not-confirmed",
        Severity::Warning,
        Step::ComputerAccounts.to_string(),
        "nobody has confirmed that every connector may create computer accounts; without the right, ten devices get \
         through and every other one fails (event 30132, diagnostic code 0x800; 0x80070774 on the device)",
        "grant the right, and set rights_confirmed = true in [active_directory], or plan with a directory; until then, \
         switch no device on",
    ))
}

/// The work of step 2.
pub(super) const INSTALL_CONNECTOR: &str = "download the Intune Connector for Active Directory from the Intune admin center \
    (Devices, Windows, Enrollment), install it on a server of the domain, sign in with an Intune administrator, and \
    configure its managed service account";

/// Returns the work of step 3 for a place in the directory.
pub(super) fn grant_text(place: &str) -> String {
    format!(
        "give the managed service account of every connector (msaODJ…) the right to create computer objects in {place}: \
         Properties, Security, Advanced, Add; applies to this object only"
    )
}
