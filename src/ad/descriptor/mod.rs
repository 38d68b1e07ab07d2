//! Security descriptors: byte-exact parsing, editing and writing, conversion to and from SDDL, and access checks.
//!
//! ```
//! use windows_autopilot::ad::descriptor::{Ace, SecurityDescriptor};
//! let ou: SecurityDescriptor = "O:BAG:BAD:PAI(A;;GA;;;SY)(A;CIID;RP;;;AU)".parse()?;
//! let grant: Ace = "(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)".parse()?;
//! let dacl = ou.dacl().expect("there is one").with(grant)?;
//! assert_eq!(
//!     ou.with_dacl(dacl).to_string(),
//!     "O:BAG:BAD:PAI(A;;GA;;;SY)\
//!      (OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)\
//!      (A;CIID;RP;;;AU)",
//! );
//! # Ok::<(), windows_autopilot::model::InvalidValue>(())
//! ```
//!
//! The format is defined in sections 2.4 and 2.5 of MS-DTYP:
//! <https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp>.

mod access;
mod ace;
mod acl;
mod bits;
mod bytes;
mod guid;
mod sddl;
mod security_descriptor;
mod sid;

pub use self::access::{AccessCheck, SecurityToken};
pub use self::ace::{Ace, AceEffect};
pub use self::acl::Acl;
pub use self::bits::{AccessMask, AceFlags, Control};
pub use self::guid::Guid;
pub use self::sddl::SddlDomain;
pub use self::security_descriptor::SecurityDescriptor;
pub use self::sid::Sid;

/// Implements serde for a type by its text.
macro_rules! serde_as_text {
    ($($name:ident),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
serde_as_text!(Ace, Guid, Sid);

#[cfg(test)]
pub(in crate::ad) mod tests {
    use super::*;

    pub(in crate::ad) use super::ace::tests::SID;
    pub(in crate::ad) use super::acl::tests::any_acl;

    #[test]
    fn values_are_kept_as_their_text() {
        let ace: Ace = format!("(OA;;CC;{};;{SID})", Guid::COMPUTER).parse().unwrap();
        let json = serde_json::to_string(&ace).unwrap();
        assert_eq!(json, format!("\"{ace}\""));
        assert_eq!(serde_json::from_str::<Ace>(&json).unwrap(), ace);
        let error = serde_json::from_str::<Sid>("\"BA\"").unwrap_err().to_string();
        assert!(error.contains("is not written S-1-AUTHORITY-SUBAUTHORITY…"), "{error}");
    }
}
