//! Security identifiers.

use std::fmt;
use std::str::FromStr;

use super::bytes::{array_at, u8_at, u32_at};
use crate::model::InvalidValue;

/// The maximum number of sub-authorities of a SID.
const MAX_SUB_AUTHORITIES: usize = 15;

/// The least authority that is written in hexadecimal.
const HEX_FROM: u64 = 1 << 32;

/// A security identifier: an account, a group, or a well-known principal.
///
/// ```
/// # use windows_autopilot::ad::descriptor::Sid;
/// let sid: Sid = "S-1-5-21-1111111111-2222222222-3333333333-1104".parse()?;
/// assert_eq!(sid.relative_id(), Some(1104));
/// assert_eq!(Sid::from_bytes(&sid.to_bytes())?, sid);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    /// 48 bits.
    authority: u64,
    /// At most 15.
    sub_authorities: Box<[u32]>,
}

impl Sid {
    /// Creates a SID of the NT authority (5), which covers all accounts and groups of a domain and most well-known
    /// principals.
    ///
    /// # Errors
    /// [`InvalidValue`] if there are more than 15 sub-authorities.
    pub fn nt_authority(sub_authorities: &[u32]) -> Result<Self, InvalidValue> {
        if sub_authorities.len() > MAX_SUB_AUTHORITIES {
            return Err(invalid("has more than 15 sub-authorities"));
        }
        Ok(Self { authority: 5, sub_authorities: sub_authorities.into() })
    }

    /// Returns `S-1-1-0`: Everyone.
    pub fn everyone() -> Self {
        Self { authority: 1, sub_authorities: [0].into() }
    }

    /// Returns `S-1-5-11`: everyone who has signed in.
    pub fn authenticated_users() -> Self {
        Self { authority: 5, sub_authorities: [11].into() }
    }

    /// Returns `S-1-5-32-545`: the built-in group Users.
    pub fn builtin_users() -> Self {
        Self { authority: 5, sub_authorities: [32, 545].into() }
    }

    /// Returns `S-1-5-32-554`: the built-in group Pre-Windows 2000 Compatible Access.
    pub fn pre_windows_2000_access() -> Self {
        Self { authority: 5, sub_authorities: [32, 554].into() }
    }

    /// Returns `S-1-5-2`: everyone who has signed in over the network, which is how a connector signs in to a domain
    /// controller.
    pub fn network() -> Self {
        Self { authority: 5, sub_authorities: [2].into() }
    }

    /// Returns `S-1-5-9`: the domain controllers of the forest.
    pub(in crate::ad) fn enterprise_domain_controllers() -> Self {
        Self { authority: 5, sub_authorities: [9].into() }
    }

    /// Returns `S-1-3-4`: the owner of the accessed object.
    pub(in crate::ad) fn owner_rights() -> Self {
        Self { authority: 3, sub_authorities: [4].into() }
    }

    /// Returns `true` for a built-in group: `S-1-5-32-…`.
    pub fn is_builtin(&self) -> bool {
        matches!((self.authority, &*self.sub_authorities), (5, [32, _]))
    }

    /// Returns the SID of the domain that the account or group belongs to; `None` if it belongs to no domain.
    pub fn domain(&self) -> Option<Self> {
        match (self.authority, &*self.sub_authorities) {
            (5, [21, a, b, c, _]) => Some(Self { authority: 5, sub_authorities: [21, *a, *b, *c].into() }),
            _ => None,
        }
    }

    /// Returns `S-1-5-21-0-0-0`: the "domain" of claims, which a sign-in may bring.
    pub(in crate::ad) fn claims() -> Self {
        Self { authority: 5, sub_authorities: [21, 0, 0, 0].into() }
    }

    /// Returns `true` for a SID that a network sign-in never has: those of other sign-in types, creators and local
    /// services.
    pub(in crate::ad) fn is_never_of_a_network_sign_in(&self) -> bool {
        match (self.authority, &*self.sub_authorities) {
            (2 | 16, _) | (3, [0..=3]) => true,
            (5, [first, ..]) => matches!(first, 1 | 3..=8 | 10 | 12..=14 | 17..=20),
            _ => false,
        }
    }

    /// Parses a SID that takes up all of `bytes`, as in the `objectSid` attribute.
    ///
    /// # Errors
    /// [`InvalidValue`] if the bytes are not a SID, or if any bytes follow it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidValue> {
        match Self::read(bytes) {
            Some((sid, length)) if length == bytes.len() => Ok(sid),
            Some(_) => Err(invalid("has bytes after its end")),
            None => Err(invalid("is cut off, or has a revision other than 1")),
        }
    }

    /// Returns the bytes in wire order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 4 * self.sub_authorities.len());
        self.write(&mut bytes);
        bytes
    }

    /// Returns the last sub-authority, which identifies an account within its domain.
    pub fn relative_id(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// Returns the SID with one more sub-authority: an account in this domain.
    ///
    /// # Errors
    /// [`InvalidValue`] if there are already 15 sub-authorities.
    pub fn with_relative_id(&self, relative_id: u32) -> Result<Self, InvalidValue> {
        let mut sub_authorities = self.sub_authorities.to_vec();
        sub_authorities.push(relative_id);
        if sub_authorities.len() > MAX_SUB_AUTHORITIES {
            return Err(invalid("has more than 15 sub-authorities"));
        }
        Ok(Self { authority: self.authority, sub_authorities: sub_authorities.into() })
    }

    /// Parses a SID from the start of `bytes`; returns it with its length.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let count = usize::from(u8_at(bytes, 1)?);
        if u8_at(bytes, 0)? != 1 || count > MAX_SUB_AUTHORITIES {
            return None;
        }
        let [a, b, c, d, e, f] = array_at(bytes, 2)?;
        let authority = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let sub_authorities = (0..count).map(|i| u32_at(bytes, 8 + 4 * i)).collect::<Option<_>>()?;
        Some((Self { authority, sub_authorities }, 8 + 4 * count))
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(1);
        bytes.push(u8::try_from(self.sub_authorities.len()).unwrap_or(u8::MAX));
        bytes.extend(self.authority.to_be_bytes().into_iter().skip(2));
        for sub_authority in &self.sub_authorities {
            bytes.extend(sub_authority.to_le_bytes());
        }
    }

    /// Parses a SID from the start of `text`; returns it with the rest.
    pub(super) fn parse_start(text: &str) -> Result<(Self, &str), InvalidValue> {
        let refused = || invalid("is not written S-1-AUTHORITY-SUBAUTHORITY…").with_value(text);
        let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")).ok_or_else(refused)?;
        let (authority, mut rest) = match rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            // Windows writes twelve digits, Samba as few as it needs. More than twelve are not taken: a `D` may follow
            // that begins the DACL.
            Some(rest) => {
                let digits = rest.bytes().take(12).take_while(u8::is_ascii_hexdigit).count();
                let (digits, rest) = rest.split_at_checked(digits).ok_or_else(refused)?;
                (u64::from_str_radix(digits, 16).map_err(|_| refused())?, rest)
            }
            None => number(rest).ok_or_else(refused)?,
        };
        if authority >= 1 << 48 {
            return Err(invalid("has an authority of more than 48 bits").with_value(text));
        }
        let mut sub_authorities = Vec::new();
        while let Some(more) = rest.strip_prefix('-') {
            let (sub_authority, after) = number(more).ok_or_else(refused)?;
            let sub_authority = u32::try_from(sub_authority)
                .map_err(|_| invalid("has a sub-authority of more than 32 bits").with_value(text))?;
            if sub_authorities.len() == MAX_SUB_AUTHORITIES {
                return Err(invalid("has more than 15 sub-authorities").with_value(text));
            }
            sub_authorities.push(sub_authority);
            rest = after;
        }
        Ok((Self { authority, sub_authorities: sub_authorities.into() }, rest))
    }
}

impl FromStr for Sid {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match Self::parse_start(text)? {
            (sid, "") => Ok(sid),
            _ => Err(invalid("has characters after its end").with_value(text)),
        }
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.authority < HEX_FROM {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-0x{:012x}", self.authority)?;
        }
        self.sub_authorities.iter().try_for_each(|sub_authority| write!(f, "-{sub_authority}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn invalid(problem: &'static str) -> InvalidValue {
    InvalidValue::new("SID", problem, "write it as whoami /user or Get-ADServiceAccount shows it: S-1-5-21-…")
}

/// Splits the decimal number from the start of `text`.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOO_MANY: &str = "has more than 15 sub-authorities";

    /// Generates any SID.
    pub(in crate::ad) fn any_sid() -> impl Strategy<Value = Sid> + Clone {
        let authority = prop_oneof![8 => Just(5_u64), 1 => 0..16_u64, 1 => 0..1_u64 << 48];
        let sub_authority = prop_oneof![any::<u32>(), 0..1000_u32];
        (authority, prop::collection::vec(sub_authority, 0..=15))
            .prop_map(|(authority, subs)| Sid { authority, sub_authorities: subs.into() })
    }

    #[test]
    fn text_and_bytes_are_those_of_the_wire() {
        for (text, hex) in [
            ("S-1-1-0", "010100000000000100000000"),
            ("S-1-5-32-544", "01020000000000052000000020020000"),
            (
                "S-1-5-21-1111111111-2222222222-3333333333-1104",
                "010500000000000515000000c7353a428e6b748455a1aec650040000",
            ),
            ("S-1-0x123456789abc-1", "010112345678 9abc01000000"),
            ("S-1-5", "0100000000000005"),
        ] {
            let sid: Sid = text.parse().unwrap();
            let bytes = hex.replace(' ', "");
            let written: String = sid.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(written, bytes, "{text}");
            assert_eq!(sid.to_string(), text);
            assert_eq!(Sid::from_bytes(&sid.to_bytes()).unwrap(), sid);
        }
    }

    #[test]
    fn a_large_authority_may_be_written_with_fewer_digits() {
        assert_eq!("S-1-0x4cF9b23513f-1".parse::<Sid>().unwrap().to_string(), "S-1-0x04cf9b23513f-1");
    }

    #[test]
    fn what_is_not_a_sid_is_refused() {
        const SHAPE: &str = "is not written S-1-AUTHORITY-SUBAUTHORITY…";
        const AFTER: &str = "has characters after its end";
        for (bad, problem) in [
            ("", SHAPE),
            ("S", SHAPE),
            ("S-1-", SHAPE),
            ("S-2-5-21", SHAPE),
            ("S-1-5-", SHAPE),
            ("S-1-5--1", SHAPE),
            ("S-1-5-+1", SHAPE),
            ("S-1-5-4294967296", "has a sub-authority of more than 32 bits"),
            ("S-1-281474976710656-1", "has an authority of more than 48 bits"),
            ("S-1-0x-1", SHAPE),
            ("S-1-0x1234567890123-1", AFTER),
            ("S-1-0x+1-1", SHAPE),
            ("S-1-5-21-1 ", AFTER),
            ("S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16", TOO_MANY),
            ("BA", SHAPE),
        ] {
            let error = bad.parse::<Sid>().unwrap_err();
            assert_eq!((error.problem(), error.value()), (problem, Some(bad)));
        }
        let sid = Sid::builtin_users().to_bytes();
        const CUT_OFF: &str = "is cut off, or has a revision other than 1";
        for (bytes, problem) in [
            (sid[..sid.len() - 1].to_vec(), CUT_OFF),
            ([sid.as_slice(), &[0]].concat(), "has bytes after its end"),
            (vec![2, 0, 0, 0, 0, 0, 0, 5], CUT_OFF),
            ([[1, 16].as_slice(), &[0; 70]].concat(), CUT_OFF),
        ] {
            assert_eq!(Sid::from_bytes(&bytes).unwrap_err().problem(), problem, "{bytes:?}");
        }
    }

    #[test]
    fn an_account_is_its_domain_and_a_relative_id() {
        let domain = Sid::nt_authority(&[21, 1, 2, 3]).unwrap();
        assert_eq!(domain.with_relative_id(512).unwrap().to_string(), "S-1-5-21-1-2-3-512");
        assert_eq!(Sid::nt_authority(&[1; 16]).unwrap_err().problem(), TOO_MANY);
        assert_eq!(Sid::nt_authority(&[1; 15]).unwrap().with_relative_id(1).unwrap_err().problem(), TOO_MANY);
    }

    proptest! {
        #[test]
        fn every_sid_comes_back_from_bytes_and_text(sid in any_sid()) {
            prop_assert_eq!(&Sid::from_bytes(&sid.to_bytes()).unwrap(), &sid);
            prop_assert_eq!(sid.to_string().parse::<Sid>().unwrap(), sid);
        }

        #[test]
        fn no_bytes_and_no_text_make_it_panic(bytes: Vec<u8>, text: String, tail in "[Ss]-1-[0-9a-fx-]{0,20}") {
            let _ = Sid::from_bytes(&bytes);
            let _ = text.parse::<Sid>();
            let _ = tail.parse::<Sid>();
        }
    }
}
