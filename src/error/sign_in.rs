//! The reasons for which a sign-in fails, by the numbers of the sign-in service.

use serde::Serialize;

use super::{Error, ServiceError};

/// The reason for which a sign-in failed, as far as it is known. Serialised in snake case: `redirect_mismatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignInFailure {
    /// A secret, certificate or assertion that does not prove the app, or that has expired.
    AppProof,
    /// An app that the tenant does not know, or that is disabled there.
    UnknownApp,
    /// A tenant that does not exist in this cloud.
    UnknownTenant,
    /// An app or a tenant of another cloud.
    OtherCloud,
    /// A scope that the service does not take.
    InvalidScope,
    /// A redirect address that the app registration does not have for programs.
    RedirectMismatch,
    /// An app that has to prove itself: its registration does not allow public client flows.
    NotPublicClient,
    /// A person of another tenant.
    OtherTenant,
    /// Permissions that nobody has consented to.
    ConsentRequired,
    /// A person or a group that the app is not assigned to.
    NotAssigned,
    /// A Conditional Access policy that blocks the sign-in.
    ConditionalAccess,
    /// More proof of the person: multi-factor authentication.
    MfaRequired,
    /// A person who declined.
    Declined,
    /// A person who declined, or a policy that blocks: the service does not say which.
    Denied,
    /// A person who did not sign in within the time.
    PersonLate,
}

impl Error {
    /// Returns the reason for which the sign-in failed; `None` for other errors, and if the reason is not known.
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

    /// Sets the reason and the remedy by the code of the sign-in service, if it is a known one.
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

const DENIED: &str = "the person declined, or a Conditional Access policy blocks the sign-in: its log under Sign-in logs tells \
     which; the device-code flow is blocked in many tenants, where `InteractiveBrowser` (feature `interactive`) may sign in";

/// Reason and remedy, by the number after `AADSTS`.
///
/// The numbers may change; the service's own words are always shown too. Source:
/// <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.
const KNOWN: &[(&[u32], SignInFailure, &str)] = &[
    (
        &[7_000_215],
        SignInFailure::AppProof,
        "use the client secret's value, not its id, whole and without blanks; a new one works after some minutes",
    ),
    (
        &[7_000_222],
        SignInFailure::AppProof,
        "the client secret has expired: add a new one to the app registration and use it",
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
        "check the tenant's name, and that the client is made for the tenant's cloud",
    ),
    (
        &[90_038, 900_382, 900_439],
        SignInFailure::OtherCloud,
        "the app or the tenant is in another cloud: make the client for that one with `with_cloud`",
    ),
    (
        &[500_011, 500_014],
        SignInFailure::OtherCloud,
        "Graph is not known under this scope: make the client for the tenant's cloud with `with_cloud`",
    ),
    (
        &[70_011, 1_002_012],
        SignInFailure::InvalidScope,
        "the scope is not valid: an app by itself asks for `.default` of the client's own cloud",
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
        "the app is no public client: allow public client flows in its registration, or give it a secret or a certificate",
    ),
    (
        &[50_020, 50_034, 90_072],
        SignInFailure::OtherTenant,
        "the person has no account in this tenant: pick another account, or invite this one",
    ),
    (
        &[65_001, 90_094],
        SignInFailure::ConsentRequired,
        "an administrator must consent to the permissions of the app in this tenant",
    ),
    (
        &[65_004],
        SignInFailure::Declined,
        "the person declined: sign in again and accept, or let an administrator consent to the permissions of the app",
    ),
    (
        &[50_105],
        SignInFailure::NotAssigned,
        "assign the user or the group to the app under Enterprise applications",
    ),
    (
        &[53_000, 53_001, 53_002, 53_003, 530_003],
        SignInFailure::ConditionalAccess,
        "a conditional access policy blocks this sign-in: its log under Sign-in logs names the policy; the device-code flow \
         is blocked in many tenants, where `InteractiveBrowser` (feature `interactive`) may sign in",
    ),
    (
        &[50_076, 50_079, 50_074, 50_072, 50_158],
        SignInFailure::MfaRequired,
        "more proof of the user is demanded: sign in again with multi-factor authentication",
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
