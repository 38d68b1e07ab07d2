//! The reasons for failed sign-ins, by the codes of the sign-in service.

use serde::Serialize;

use super::{Error, ServiceError};

/// The reason for a failed sign-in, if it is known. Serialized in snake case, such as `redirect_mismatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignInFailure {
    /// The secret, certificate or assertion is invalid or has expired.
    AppProof,
    /// The app is unknown in the tenant, or is disabled there.
    UnknownApp,
    /// The tenant does not exist in this cloud.
    UnknownTenant,
    /// The app or the tenant belongs to another cloud.
    OtherCloud,
    /// The service does not accept the scope.
    InvalidScope,
    /// The app registration lacks the redirect URI for native apps.
    RedirectMismatch,
    /// The app must prove its identity: its registration does not allow public client flows.
    NotPublicClient,
    /// The user belongs to another tenant.
    OtherTenant,
    /// Nobody has consented to the permissions.
    ConsentRequired,
    /// The user is not assigned to the app, either directly or through a group.
    NotAssigned,
    /// A Conditional Access policy blocks the sign-in.
    ConditionalAccess,
    /// The service requires multi-factor authentication.
    MfaRequired,
    /// The user declined.
    Declined,
    /// The user declined, or a policy blocks the sign-in: the service does not say which.
    Denied,
    /// The user did not sign in before the deadline.
    PersonLate,
}

impl Error {
    /// Returns the reason for a failed sign-in; `None` for other errors and unknown reasons.
    ///
    /// ```
    /// use windows_autopilot::Error;
    /// use windows_autopilot::error::SignInFailure;
    /// fn may_sign_in_with_the_browser(error: &Error) -> bool {
    ///     matches!(error.sign_in_failure(), Some(SignInFailure::ConditionalAccess | SignInFailure::Denied))
    /// }
    /// ```
    pub fn sign_in_failure(&self) -> Option<SignInFailure> {
        self.0.sign_in_failure
    }

    #[must_use]
    pub(crate) fn with_sign_in_failure(mut self, failure: SignInFailure) -> Self {
        self.0.sign_in_failure = Some(failure);
        self
    }

    /// Sets the reason and the remedy if the code of the sign-in service is known.
    #[must_use]
    pub(crate) fn with_known_sign_in_failure(self) -> Self {
        match self.service().and_then(known) {
            Some((failure, remedy)) => self.with_sign_in_failure(failure).with_remedy(remedy),
            None => self,
        }
    }
}

fn known(service: &ServiceError) -> Option<(SignInFailure, &'static str)> {
    let has = |code: &u32| service.has_code(&format!("AADSTS{code}"));
    let by_number = KNOWN.iter().find(|(codes, ..)| codes.iter().any(has));
    by_number
        .map(|(_, failure, remedy)| (*failure, *remedy))
        .or_else(|| service.has_code("access_denied").then_some((SignInFailure::Denied, DENIED)))
}

const DENIED: &str = "the user declined, or a Conditional Access policy blocks the sign-in: see its entry under Sign-in logs; \
     the device-code flow is blocked in many tenants, where `InteractiveBrowser` (feature `interactive`) may sign in";

/// The reason and the remedy for each number after `AADSTS`.
///
/// Microsoft may change the numbers; errors always show the service's own message, too. Source:
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.
const KNOWN: &[(&[u32], SignInFailure, &str)] = &[
    (
        &[7_000_215],
        SignInFailure::AppProof,
        "use the client secret's whole value, not its id, and without spaces; a new secret works after some minutes",
    ),
    (
        &[7_000_222],
        SignInFailure::AppProof,
        "the client secret has expired: add a new secret to the app registration and use it",
    ),
    (
        &[700_027],
        SignInFailure::AppProof,
        "add this certificate to the app registration, and check that the private key belongs to it",
    ),
    (
        &[700_024],
        SignInFailure::AppProof,
        "the assertion is not valid at this time: check this machine's clock, or fetch a newer assertion",
    ),
    (
        &[70_021, 700_211, 700_212, 700_213],
        SignInFailure::AppProof,
        "compare issuer, subject and audience of the assertion with the app's federated credential, letter by letter",
    ),
    (
        &[700_016, 7_000_229],
        SignInFailure::UnknownApp,
        "check client id and tenant: the app must be registered in this tenant, or an administrator must consent to it",
    ),
    (
        &[7_000_112],
        SignInFailure::UnknownApp,
        "the app is disabled in this tenant: enable it under Enterprise applications",
    ),
    (
        &[90_002, 900_023],
        SignInFailure::UnknownTenant,
        "check the tenant's name, and build the client for the tenant's cloud",
    ),
    (
        &[90_038, 900_382, 900_439],
        SignInFailure::OtherCloud,
        "the app or the tenant is in another cloud: build the client for that cloud with `with_cloud`",
    ),
    (
        &[500_011, 500_014],
        SignInFailure::OtherCloud,
        "the tenant's cloud has no Graph endpoint for this scope: build the client for that cloud with `with_cloud`",
    ),
    (
        &[70_011, 1_002_012],
        SignInFailure::InvalidScope,
        "the scope is not valid: an app without a user requests `.default` of the client's cloud",
    ),
    (
        &[50_011, 500_112],
        SignInFailure::RedirectMismatch,
        "add http://localhost under Authentication, Mobile and desktop applications, in the app registration",
    ),
    (
        &[9_002_327, 9_002_325],
        SignInFailure::RedirectMismatch,
        "the redirect address is registered for a single-page application: register http://localhost under Mobile and \
         desktop applications instead",
    ),
    (
        &[7_000_218, 7_000_216],
        SignInFailure::NotPublicClient,
        "the app is not a public client: allow public client flows in its registration, or give it a secret or a certificate",
    ),
    (
        &[50_020, 50_034, 90_072],
        SignInFailure::OtherTenant,
        "the user has no account in this tenant: pick another account, or invite this one",
    ),
    (
        &[65_001, 90_094],
        SignInFailure::ConsentRequired,
        "an administrator must consent to the permissions of the app in this tenant",
    ),
    (
        &[65_004],
        SignInFailure::Declined,
        "the user declined: sign in again and accept, or let an administrator consent to the permissions of the app",
    ),
    (
        &[50_105],
        SignInFailure::NotAssigned,
        "assign the user or the group to the app under Enterprise applications",
    ),
    (
        &[53_000, 53_001, 53_002, 53_003, 530_003],
        SignInFailure::ConditionalAccess,
        "a Conditional Access policy blocks this sign-in: its log under Sign-in logs names the policy; the device-code flow \
         is blocked in many tenants, where `InteractiveBrowser` (feature `interactive`) may sign in",
    ),
    (
        &[50_076, 50_079, 50_074, 50_072, 50_158],
        SignInFailure::MfaRequired,
        "the tenant requires multi-factor authentication: sign in again with it",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_listed_twice() {
        let mut codes: Vec<u32> = KNOWN.iter().flat_map(|(codes, ..)| *codes).copied().collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
    }
}
