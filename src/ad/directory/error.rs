//! The error type of all directory calls.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::model::InvalidValue;

/// The kind of a [`DirectoryError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirectoryErrorKind {
    /// No connection could be made.
    Unreachable,
    /// The server's certificate is untrusted, expired or issued for another name, or the server does not offer TLS.
    Untrusted,
    /// The directory rejects the account or its password.
    InvalidCredentials,
    /// The signed-in account is not allowed to do or see this.
    AccessDenied,
    /// The entry does not exist or is not visible.
    NotFound,
    /// The account belongs to a different domain than the server.
    OtherDomain,
    /// Several accounts match the name, or the name cannot be matched because the server does not report the domain's
    /// short name.
    Ambiguous,
    /// The server is a read-only domain controller.
    ReadOnly,
    /// The change could not be recorded beforehand, so it was not made.
    NotRecorded,
    /// The input cannot be sent, or the directory cannot parse it.
    InvalidInput,
    /// The connection ended before the response arrived; a change may have been made.
    Interrupted,
    /// No response arrived in time; a change may have been made.
    Timeout,
    /// The directory is busy or shutting down. Retry later.
    Unavailable,
    /// Another account already has the name.
    NameTaken,
    /// The signed-in account has reached its quota of computer accounts in the domain.
    QuotaExceeded,
    /// The directory rejects the request.
    Rejected,
    /// The change was overwritten repeatedly: something else keeps changing the same entry.
    LostUpdate,
    /// The response is malformed.
    Unexpected,
}

/// An error from a directory call: its kind, cause and remedy.
///
/// ```
/// use windows_autopilot::ad::directory::{DirectoryError, DirectoryErrorKind};
///
/// let error = DirectoryError::new(DirectoryErrorKind::Unreachable, "dc1.corp.example does not respond");
/// println!("{error}; {}", error.remedy());
/// ```
///
/// The error contains neither a password nor an account name. Only the numeric codes of the server's message are kept.
#[derive(Debug)]
pub struct DirectoryError {
    kind: DirectoryErrorKind,
    message: Cow<'static, str>,
    remedy: Cow<'static, str>,
    result_code: Option<u32>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl DirectoryError {
    /// Creates an error with a message, for implementations of [`Directory`](super::Directory).
    pub fn new(kind: DirectoryErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let remedy = match kind {
            DirectoryErrorKind::Unreachable => "check the server's name, its port and the network",
            DirectoryErrorKind::Untrusted => {
                "trust the authority that issued the server's certificate, or renew the certificate; connect by a \
                    name in the certificate"
            }
            DirectoryErrorKind::InvalidCredentials => "check the account and its password",
            DirectoryErrorKind::AccessDenied => {
                "sign in as an account with the right, or have the right granted"
            }
            DirectoryErrorKind::NotFound => {
                "check the name: the entry may have been moved, renamed or deleted"
            }
            DirectoryErrorKind::OtherDomain => "connect to a domain controller of its domain",
            DirectoryErrorKind::Ambiguous => "name the account by its SID or its distinguished name",
            DirectoryErrorKind::ReadOnly => "connect to a writable domain controller",
            DirectoryErrorKind::NotRecorded => "make room for the record and run again: nothing was changed",
            DirectoryErrorKind::InvalidInput => "correct the value",
            DirectoryErrorKind::Interrupted | DirectoryErrorKind::Timeout => {
                "connect again, and read the entry to see whether it changed"
            }
            DirectoryErrorKind::Unavailable => "try again later, or at another domain controller",
            DirectoryErrorKind::NameTaken => "choose another name, or remove the account that has it",
            DirectoryErrorKind::QuotaExceeded => {
                "grant the account the right to create computers in the organizational unit, to which the quota does not \
                 apply"
            }
            DirectoryErrorKind::Rejected => "see the directory's event log",
            DirectoryErrorKind::LostUpdate => "find out what else changes the entry, and try again",
            DirectoryErrorKind::Unexpected => "check the directory with other tools",
        };
        Self { kind, message: message.into(), remedy: remedy.into(), result_code: None, source: None }
    }

    /// Returns the kind.
    pub fn kind(&self) -> DirectoryErrorKind {
        self.kind
    }

    /// Returns the remedy.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }

    /// Returns the LDAP result code (RFC 4511, 4.1.9), if the directory sent one.
    pub fn result_code(&self) -> Option<u32> {
        self.result_code
    }

    /// Returns `true` if a change may have been made even though no response arrived.
    pub fn outcome_unknown(&self) -> bool {
        matches!(self.kind, DirectoryErrorKind::Interrupted | DirectoryErrorKind::Timeout)
    }

    /// Returns the message and the result code, without the remedy.
    pub(crate) fn subject(&self) -> String {
        let code = self.result_code.map(|code| format!(" (result code {code})")).unwrap_or_default();
        format!("{}{code}", self.message)
    }

    pub(in crate::ad) fn unexpected(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(DirectoryErrorKind::Unexpected, message)
    }

    #[must_use]
    pub(in crate::ad) fn with_remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }

    #[must_use]
    pub(in crate::ad) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    #[cfg(feature = "ldap")]
    #[must_use]
    pub(in crate::ad) fn with_result_code(mut self, code: u32) -> Self {
        self.result_code = Some(code);
        self
    }
}

impl From<InvalidValue> for DirectoryError {
    /// Converts an error about a value read from the directory. Values from the caller are validated before the call.
    fn from(error: InvalidValue) -> Self {
        let message = format!("the directory gave a {} that {}", error.subject(), error.problem());
        Self::unexpected(message)
    }
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.subject(), self.remedy)
    }
}

impl StdError for DirectoryError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
