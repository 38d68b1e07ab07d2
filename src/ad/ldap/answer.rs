//! Converts a server's responses into this crate's types. Malformed responses are errors, never panics.

use std::io;

use ldap3::asn1::StructureTag;
use ldap3::controls::{Control, ControlType, PagedResults};
use ldap3::{LdapError, LdapResult};
use rustls::CertificateError;

use super::server::Server;
use crate::ad::directory::{DirectoryError, DirectoryErrorKind, Entry};

/// Converts an entry of a search result.
///
/// The conversion in `ldap3` treats values that happen to be UTF-8 as text, and panics on a response that it cannot
/// parse.
pub(super) fn entry(tag: StructureTag) -> Result<Entry, DirectoryError> {
    read_entry(tag)
        .ok_or_else(|| DirectoryError::unexpected("an entry in the directory's response is malformed"))?
}

fn read_entry(tag: StructureTag) -> Option<Result<Entry, DirectoryError>> {
    let mut parts = tag.match_id(4)?.expect_constructed()?.into_iter();
    let mut entry = Entry::new(text(parts.next()?)?);
    for attribute in parts.next()?.expect_constructed()? {
        let mut parts = attribute.expect_constructed()?.into_iter();
        let name = text(parts.next()?)?;
        let values = parts.next()?.expect_constructed()?;
        let values: Vec<Vec<u8>> =
            values.into_iter().map(StructureTag::expect_primitive).collect::<Option<_>>()?;
        match name.split_once(';') {
            // Windows gives at most 1,500 values at once. None of the attributes that are asked for has so many.
            Some((name, option)) if option.starts_with("range=") && !option.ends_with('*') => {
                let message = format!("{name} has more values than the directory returns at once");
                return Some(Err(DirectoryError::unexpected(message)));
            }
            Some((name, _)) => entry = entry.with_values(name, values),
            None => entry = entry.with_values(&name, values),
        }
    }
    Some(Ok(entry))
}

fn text(tag: StructureTag) -> Option<String> {
    String::from_utf8(tag.expect_primitive()?).ok()
}

/// Returns the cookie of the next page, if there is one.
pub(super) fn cookie(result: &LdapResult) -> Option<Vec<u8>> {
    let page = result.ctrls.iter().find_map(|control| match control {
        // Reading it can panic; the caller is in a task of its own.
        Control(Some(ControlType::PagedResults), raw) => Some(raw.parse::<PagedResults>()),
        _ => None,
    });
    page.map(|page| page.cookie).filter(|cookie| !cookie.is_empty())
}

/// Checks the result of a sign-in.
pub(super) fn bound(result: &LdapResult) -> Result<(), DirectoryError> {
    if result.rc != 49 {
        return checked(result);
    }
    let (problem, remedy) = match windows_code(&result.text) {
        Some(0x525 | 0x52E) => ("does not know the account, or the password is wrong", None),
        Some(0x530) => {
            ("does not let the account sign in at this time", Some("use another account, or another time"))
        }
        Some(0x531) => {
            ("does not let the account sign in from here", Some("allow it to, or use another account"))
        }
        Some(0x532 | 0x773) => ("requires a new password for the account", Some("change the password")),
        Some(0x533) => ("has disabled the account", Some("enable it, or use another account")),
        Some(0x701) => ("says that the account has expired", Some("extend it, or use another account")),
        Some(0x775) => ("has locked the account", Some("unlock it, and find out what locked it")),
        _ => ("does not accept the account and its password", None),
    };
    let error =
        DirectoryError::new(DirectoryErrorKind::InvalidCredentials, format!("the directory {problem}"));
    let error = error.with_result_code(result.rc);
    Err(match remedy {
        Some(remedy) => error.with_remedy(remedy),
        None => error,
    })
}

/// Checks that the directory did as requested.
pub(super) fn checked(result: &LdapResult) -> Result<(), DirectoryError> {
    use DirectoryErrorKind as Kind;
    let (kind, message) = match result.rc {
        0 => return Ok(()),
        1 => (Kind::Rejected, "the directory failed"),
        3 | 51 | 52 => (Kind::Unavailable, "the directory is busy or shutting down"),
        4 | 11 => (Kind::Rejected, "the response exceeds the directory's size limit"),
        8 | 13 => (Kind::Rejected, "the directory requires a more secure connection"),
        10 => (Kind::NotFound, "the entry belongs to another domain"),
        12 => (Kind::Rejected, "the directory does not know a control that is needed"),
        16..=21 => (Kind::InvalidInput, "the directory rejects the value"),
        32 => (Kind::NotFound, "the entry does not exist or is not visible"),
        34 => (Kind::InvalidInput, "the directory cannot parse the name"),
        48 | 49 => (Kind::InvalidCredentials, "the directory does not accept the account"),
        50 => (Kind::AccessDenied, "the account has no right to do this"),
        _ => (Kind::Rejected, "the directory refuses the request"),
    };
    let mut message = message.to_owned();
    if let Some(code) = windows_error(&result.text) {
        message.push_str(&format!(" (Windows error {code:#x})"));
    }
    Err(DirectoryError::new(kind, message).with_result_code(result.rc))
}

/// Checks the result of a change, as [`checked`] does.
pub(super) fn changed(result: &LdapResult) -> Result<(), DirectoryError> {
    // A read-only domain controller answers with a referral to a writable one.
    if result.rc == 10 {
        let message = "the server passes the change on to another one: it is a read-only domain controller, or the \
                       entry belongs to another domain";
        return Err(DirectoryError::new(DirectoryErrorKind::ReadOnly, message).with_result_code(result.rc));
    }
    checked(result)
}

/// Checks the result of creating a computer, as [`changed`] does.
pub(super) fn created(result: &LdapResult) -> Result<(), DirectoryError> {
    use DirectoryErrorKind as Kind;
    let (kind, message) = match (result.rc, windows_error(&result.text)) {
        (_, Some(QUOTA_EXCEEDED)) => (
            Kind::QuotaExceeded,
            "the account has created as many computers as the domain allows without a right",
        ),
        // Its name, the name of its account, or the name of one of its services.
        (ALREADY_EXISTS, _) | (CONSTRAINT_VIOLATION, Some(ACCOUNT_EXISTS | SERVICE_NAME_EXISTS)) => {
            (Kind::NameTaken, NAME_TAKEN)
        }
        _ => return changed(result),
    };
    Err(DirectoryError::new(kind, message).with_result_code(result.rc))
}

/// Creates the error for a service name that another account has.
pub(super) fn service_name_taken() -> DirectoryError {
    DirectoryError::new(DirectoryErrorKind::NameTaken, NAME_TAKEN).with_result_code(CONSTRAINT_VIOLATION)
}

const NAME_TAKEN: &str = "another account has the computer's name";

/// The result code for an entry that exists.
const ALREADY_EXISTS: u32 = 68;
/// The result code for a value that breaks a rule, such as uniqueness.
pub(super) const CONSTRAINT_VIOLATION: u32 = 19;

/// `ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED`.
const QUOTA_EXCEEDED: u32 = 0x216D;
/// `ERROR_USER_EXISTS`.
const ACCOUNT_EXISTS: u32 = 0x524;
/// `ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST`.
const SERVICE_NAME_EXISTS: u32 = 0x21C7;

/// Converts a failed connection attempt into an error.
pub(super) fn connect_error(error: LdapError, server: &Server) -> DirectoryError {
    if let Some((problem, remedy)) = certificate_problem(&error) {
        let message = format!("the certificate of {server} is not accepted: it {problem}");
        let refused = DirectoryError::new(DirectoryErrorKind::Untrusted, message).with_source(error);
        return match remedy {
            Some(remedy) => refused.with_remedy(remedy),
            None => refused,
        };
    }
    let (kind, message) = match &error {
        // The response to StartTLS.
        LdapError::LdapResult { .. } => (DirectoryErrorKind::Untrusted, "the server does not offer TLS"),
        LdapError::Rustls { .. } => (DirectoryErrorKind::Untrusted, "TLS negotiation failed"),
        LdapError::DNSName { .. } => {
            (DirectoryErrorKind::InvalidInput, "no certificate can be for the server's name")
        }
        LdapError::Io { source } if tls_error(source).is_some() => {
            (DirectoryErrorKind::Untrusted, "TLS negotiation failed")
        }
        LdapError::Io { source } if source.kind() == io::ErrorKind::ConnectionRefused => {
            (DirectoryErrorKind::Unreachable, "nothing responds on the port")
        }
        _ => (DirectoryErrorKind::Unreachable, "no connection was made, or the server does not speak LDAP"),
    };
    let failed = server.explain(DirectoryError::new(kind, format!("{server}: {message}")));
    match error {
        // What the server says may name an account.
        LdapError::LdapResult { .. } => failed,
        error => failed.with_source(error),
    }
}

/// Converts a call without a response into an error.
pub(super) fn call_error(error: LdapError) -> DirectoryError {
    let (kind, message) = match &error {
        LdapError::FilterParsing => (DirectoryErrorKind::InvalidInput, "the search cannot be sent"),
        LdapError::LdapResult { result } => return checked(result).err().unwrap_or_else(nonsense),
        _ => (DirectoryErrorKind::Interrupted, "the connection to the directory ended before the response"),
    };
    DirectoryError::new(kind, message)
}

fn nonsense() -> DirectoryError {
    DirectoryError::unexpected("the directory reports a success as an error")
}

/// Returns the kind of an error, without the server's text.
pub(super) fn kind_of(error: &LdapError) -> String {
    match error {
        LdapError::Io { source } => source.kind().to_string(),
        _ => "the protocol was broken".to_owned(),
    }
}

fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Returns the certificate's problem if the error is about one, with a specific remedy if there is one.
fn certificate_problem(error: &LdapError) -> Option<(String, Option<String>)> {
    let tls = match error {
        LdapError::Rustls { source } => source,
        LdapError::Io { source } => tls_error(source)?,
        _ => return None,
    };
    let rustls::Error::InvalidCertificate(certificate) = tls else { return None };
    let problem = match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::NotValidForNameContext { expected, presented } => {
            // How the verifier writes them is `DnsName("dc1.corp.example")`.
            let names: Vec<&str> =
                presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name.as_str())).collect();
            let expected = expected.to_str();
            let problem = match names[..] {
                [] => format!("is for a name other than {expected}: it names no server"),
                _ => format!("is for a name other than {expected}: it is for {}", names.join(", ")),
            };
            let remedy = match names.iter().find(|name| !name.contains('*')) {
                Some(name) => format!("connect to {name}, or have a certificate issued for {expected}"),
                None => format!("have a certificate issued for {expected}"),
            };
            return Some((problem, Some(remedy)));
        }
        CertificateError::NotValidForName => "is for a name other than the given one",
        other if is_wrong_usage(other) => {
            let remedy = "have one issued with the usage Server Authentication (1.3.6.1.5.5.7.3.1)";
            return Some(("was not issued for servers".to_owned(), Some(remedy.to_owned())));
        }
        CertificateError::UnknownIssuer => "was issued by an authority that is not trusted",
        CertificateError::BadSignature => "is not signed by the trusted authority whose name it tells",
        CertificateError::Revoked => "was revoked",
        _ => "breaks a rule for certificates",
    };
    Some((problem.to_owned(), None))
}

fn is_wrong_usage(error: &CertificateError) -> bool {
    match error {
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => true,
        // The platform's verifier has a type of its own for it, which it keeps to itself.
        CertificateError::Other(error) => error.to_string().contains("certificate had invalid extensions"),
        _ => false,
    }
}

/// Returns the code after `data` in Active Directory's text about a sign-in.
fn windows_code(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("data ")?;
    let digits = rest.split(|c: char| !c.is_ascii_hexdigit()).next()?;
    u32::from_str_radix(digits, 16).ok()
}

/// Returns the eight digits at the start of Active Directory's text.
fn windows_error(text: &str) -> Option<u32> {
    let (code, _) = text.split_once(':')?;
    (code.len() == 8).then(|| u32::from_str_radix(code, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_computer_tells_its_reason() {
        let refused = |rc, text: &str| {
            let (matched, text) = (String::new(), text.to_owned());
            created(&LdapResult { rc, matched, text, refs: Vec::new(), ctrls: Vec::new() }).unwrap_err()
        };
        for (rc, text, kind) in [
            (50, "00002098: SecErr: DSID-031514A0, problem 4003", DirectoryErrorKind::AccessDenied),
            (
                53,
                "0000216D: SvcErr: DSID-031A1190, problem 5003 (WILL_NOT_PERFORM)",
                DirectoryErrorKind::QuotaExceeded,
            ),
            (
                53,
                "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)",
                DirectoryErrorKind::Rejected,
            ),
            (
                68,
                "00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS)",
                DirectoryErrorKind::NameTaken,
            ),
            (68, "Entry CN=PC,OU=A,DC=corp already exists", DirectoryErrorKind::NameTaken),
            (19, "000021C7: AtrErr: DSID-03200BBA, #1", DirectoryErrorKind::NameTaken),
            (19, "00000057: AtrErr: DSID-03200BBA, #1", DirectoryErrorKind::InvalidInput),
            (32, "0000208D: NameErr: DSID-03100241, problem 2001 (NO_OBJECT)", DirectoryErrorKind::NotFound),
            (10, "0000202B: RefErr", DirectoryErrorKind::ReadOnly),
        ] {
            let error = refused(rc, text);
            assert_eq!((error.kind(), error.result_code()), (kind, Some(rc)), "{text}");
            assert!(!error.to_string().contains("CN="), "{error}");
        }
    }

    #[test]
    fn a_change_that_is_passed_on_tells_of_the_read_only_server() {
        let answer = |rc| LdapResult {
            rc,
            matched: String::new(),
            text: String::new(),
            refs: vec!["ldap://dc2.corp.example".to_owned()],
            ctrls: Vec::new(),
        };
        let error = changed(&answer(10)).unwrap_err();
        assert_eq!((error.kind(), error.result_code()), (DirectoryErrorKind::ReadOnly, Some(10)));
        assert!(error.to_string().contains("connect to a writable domain controller"), "{error}");
        assert_eq!(checked(&answer(10)).unwrap_err().kind(), DirectoryErrorKind::NotFound);
        assert_eq!(changed(&answer(50)).unwrap_err().kind(), DirectoryErrorKind::AccessDenied);
        assert!(changed(&answer(0)).is_ok());
    }
}
