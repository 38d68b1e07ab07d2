//! The names of SDDL and their values.

use crate::ad::descriptor::{AceEffect, Control};

/// Names of SIDs that are the same in every domain.
pub(super) const WELL_KNOWN: &[(&str, &str)] = &[
    ("AA", "S-1-5-32-579"),
    ("AC", "S-1-15-2-1"),
    ("AN", "S-1-5-7"),
    ("AO", "S-1-5-32-548"),
    ("AS", "S-1-18-1"),
    ("AU", "S-1-5-11"),
    ("BA", "S-1-5-32-544"),
    ("BG", "S-1-5-32-546"),
    ("BO", "S-1-5-32-551"),
    ("BU", "S-1-5-32-545"),
    ("CD", "S-1-5-32-574"),
    ("CG", "S-1-3-1"),
    ("CO", "S-1-3-0"),
    ("CY", "S-1-5-32-569"),
    ("ED", "S-1-5-9"),
    ("ER", "S-1-5-32-573"),
    ("ES", "S-1-5-32-576"),
    ("HA", "S-1-5-32-578"),
    ("HI", "S-1-16-12288"),
    ("IS", "S-1-5-32-568"),
    ("IU", "S-1-5-4"),
    ("LS", "S-1-5-19"),
    ("LU", "S-1-5-32-559"),
    ("LW", "S-1-16-4096"),
    ("ME", "S-1-16-8192"),
    ("MP", "S-1-16-8448"),
    ("MS", "S-1-5-32-577"),
    ("MU", "S-1-5-32-558"),
    ("NO", "S-1-5-32-556"),
    ("NS", "S-1-5-20"),
    ("NU", "S-1-5-2"),
    ("OW", "S-1-3-4"),
    ("PO", "S-1-5-32-550"),
    ("PS", "S-1-5-10"),
    ("PU", "S-1-5-32-547"),
    ("RA", "S-1-5-32-575"),
    ("RC", "S-1-5-12"),
    ("RD", "S-1-5-32-555"),
    ("RE", "S-1-5-32-552"),
    ("RM", "S-1-5-32-580"),
    ("RU", "S-1-5-32-554"),
    ("SI", "S-1-16-16384"),
    ("SO", "S-1-5-32-549"),
    ("SS", "S-1-18-2"),
    ("SU", "S-1-5-6"),
    ("SY", "S-1-5-18"),
    ("UD", "S-1-5-84-0-0-0-0-0"),
    ("WD", "S-1-1-0"),
    ("WR", "S-1-5-33"),
];

/// Names of the domain's accounts and groups, with their relative ids.
pub(super) const OF_DOMAIN: &[(&str, u32)] = &[
    ("AP", 525),
    ("CA", 517),
    ("CN", 522),
    ("DA", 512),
    ("DC", 515),
    ("DD", 516),
    ("DG", 514),
    ("DU", 513),
    ("KA", 526),
    ("LA", 500),
    ("LG", 501),
    ("PA", 520),
    ("RS", 553),
];

/// Names of groups in the forest root domain only, with their relative ids.
pub(super) const OF_FOREST_ROOT: &[(&str, u32)] = &[("EA", 519), ("EK", 527), ("RO", 498), ("SA", 518)];

/// Names of rights, in the order in which Windows writes them. Together they cover every right.
pub(super) const RIGHTS: &[(&str, u32)] = &[
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
    ("SD", 0x1_0000),
    ("RC", 0x2_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
];

/// Names of rights on files, registry keys and labels: parsed, never written.
pub(super) const OTHER_RIGHTS: &[(&str, u32)] = &[
    ("FA", 0x1F_01FF),
    ("FR", 0x12_0089),
    ("FW", 0x12_0116),
    ("FX", 0x12_00A0),
    ("KA", 0xF_003F),
    ("KR", 0x2_0019),
    ("KW", 0x2_0006),
    ("KX", 0x2_0019),
    ("NW", 0x1),
    ("NR", 0x2),
    ("NX", 0x4),
];

pub(super) const FLAGS: &[(&str, u8)] = &[
    ("OI", 0x1),
    ("CI", 0x2),
    ("NP", 0x4),
    ("IO", 0x8),
    ("ID", 0x10),
    ("CR", 0x20),
    ("SA", 0x40),
    ("FA", 0x80),
];

pub(super) const EFFECTS: &[(&str, AceEffect, bool)] = &[
    ("A", AceEffect::Allow, false),
    ("D", AceEffect::Deny, false),
    ("AU", AceEffect::Audit, false),
    ("OA", AceEffect::Allow, true),
    ("OD", AceEffect::Deny, true),
    ("OU", AceEffect::Audit, true),
];

pub(super) const NULL_LIST: &str = "NO_ACCESS_CONTROL";

/// The names of the control bits of the DACL and the SACL.
pub(super) const LIST_FLAGS: &[(&str, Control, Control)] = &[
    ("P", Control::DACL_PROTECTED, Control::SACL_PROTECTED),
    ("AR", Control::DACL_AUTO_INHERIT_REQUIRED, Control::SACL_AUTO_INHERIT_REQUIRED),
    ("AI", Control::DACL_AUTO_INHERITED, Control::SACL_AUTO_INHERITED),
];
