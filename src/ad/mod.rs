//! On-premises Active Directory: the objects and rights that the Intune Connector needs.
//!
//! | module | provides |
//! | --- | --- |
//! | [`connector_config`] | the connector's two configuration files |
//! | `preflight` | checks of the connector's right to create computer accounts in an OU |
//! | `delegation` | planning, granting and revoking that right, or writing the change as a script for other tools |
//! | `directory` | the interface to a directory, with `Domain`, `Account` and `Principal` built on it |
//! | `ldap` | a directory over LDAP (feature `ldap`) |
//! | `memory` | an in-memory directory, for tests |
//! | `descriptor` | security descriptors, preserved byte for byte |

#[cfg(feature = "ad")]
mod access;
#[cfg(feature = "ad")]
mod account;
pub mod connector_config;
#[cfg(feature = "ad")]
mod container;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod delegation;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod descriptor;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod directory;
mod dn;
#[cfg(feature = "ad")]
mod domain;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod findings;
#[cfg(feature = "ldap")]
#[cfg_attr(docsrs, doc(cfg(feature = "ldap")))]
pub mod ldap;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod memory;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub mod preflight;

#[cfg(feature = "ad")]
mod principal;

#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub use self::access::{CreateAccess, DecidingEntry};
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub use self::account::{Account, AccountKind, GroupSource, Server};
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub use self::domain::Domain;
#[cfg(feature = "ad")]
#[cfg_attr(docsrs, doc(cfg(feature = "ad")))]
pub use self::principal::Principal;
