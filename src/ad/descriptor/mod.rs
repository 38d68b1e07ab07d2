//! Security descriptors: read, changed and written byte for byte, as SDDL text, and asked who may do what.
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
//! The format is that of MS-DTYP 2.4 and 2.5: <https://learn.microsoft.com/openspecs/windows_protocols/ms-dtyp>.

mod access;
mod ace;
mod acl;
mod bits;
mod bytes;
mod guid;
mod sddl;
mod security_descriptor;
mod sid;

pub use self::access::{Access, Token};
pub use self::ace::{Ace, AceEffect};
pub use self::acl::Acl;
pub use self::bits::{AccessMask, AceFlags, Control};
pub use self::guid::Guid;
pub use self::sddl::SddlDomain;
pub use self::security_descriptor::SecurityDescriptor;
pub use self::sid::Sid;
