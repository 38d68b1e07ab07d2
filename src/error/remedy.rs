//! Remedies for refusals that Microsoft documents or that many users report.

use super::ErrorKind;
use super::service::ServiceError;

/// A known refusal and its remedy. The remedy is advice only: no code depends on it.
struct Known {
    /// The beginnings of the operations' names.
    operations: &'static [&'static str],
    statuses: &'static [u16],
    /// Lower-case parts of the code or the message, one of which must occur; empty for any text.
    words: &'static [&'static str],
    remedy: &'static str,
}

const KNOWN: &[Known] = &[
    Known {
        operations: &[""],
        statuses: &[401, 403],
        words: &["app-only", "app only", "application permissions are not supported", "unsupported app"],
        remedy: "sign in as a user, for example with `DeviceCode`: the service refuses this operation to apps without a user",
    },
    Known {
        operations: &[""],
        statuses: &[401, 403],
        words: &[
            "scope",
            "insufficient privileges",
            "authorization_requestdenied",
            "not authorized to perform",
        ],
        remedy: "grant the app the operation's permission, let an administrator consent to it, and sign in again",
    },
    Known {
        operations: &[""],
        statuses: &[400, 409, 500],
        words: &["already assigned to all devices"],
        remedy: "assign the profile to groups, or remove the assignment to all devices from the profile that has it",
    },
    Known {
        operations: &[""],
        statuses: &[400],
        words: &["resource not found for the segment"],
        remedy: "use the version of the API that has this path: `with_version(ApiVersion::Beta)` for most of Autopilot",
    },
    Known {
        operations: &[""],
        statuses: &[400, 404],
        words: &["invalid version", "unsupported version", "unknown version"],
        remedy: "use the version `v1.0` or `beta`",
    },
    Known {
        operations: &["autopilotSettings.sync"],
        statuses: &[409],
        words: &[],
        remedy: "a sync is running: wait until `syncStatus` is no longer `inProgress`",
    },
    Known {
        operations: &["autopilotDevices.assignUserToDevice"],
        statuses: &[400, 404, 500],
        words: &["user", "not found", "notfound", "does not exist"],
        remedy: "check that the user exists in this tenant and that the name is the whole user principal name",
    },
    Known {
        operations: &["autopilotProfiles.create", "autopilotProfiles.update"],
        statuses: &[400, 500],
        words: &["template"],
        remedy: "leave the device name template empty: the domain join profile names hybrid devices",
    },
    Known {
        operations: &["autopilotProfiles.create", "autopilotProfiles.update"],
        statuses: &[400, 500],
        words: &[],
        remedy: "remove hyphens and other special characters from the profile's name: the service refuses some without \
                 saying so",
    },
];

/// Returns the remedy for a refusal.
pub(super) fn known(
    operation: &str,
    status: Option<u16>,
    kind: ErrorKind,
    error: &ServiceError,
) -> Option<&'static str> {
    let status = status.filter(|_| kind != ErrorKind::UnknownOutcome)?;
    let text = std::iter::once(error.code()).chain(error.inner_codes().iter().map(String::as_str));
    let text = text.chain([error.message()]).collect::<Vec<_>>().join(" ").to_lowercase();
    let found = KNOWN.iter().find(|known| {
        known.statuses.contains(&status)
            && known.operations.iter().any(|known| operation.starts_with(known))
            && (known.words.is_empty() || known.words.iter().any(|word| text.contains(word)))
    });
    found.map(|known| known.remedy)
}
