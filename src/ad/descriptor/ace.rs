//! One entry of an access control list.

use super::bits::{AccessMask, AceFlags};
use super::bytes::{array_at, u8_at, u16_at, u32_at};
use super::guid::Guid;
use super::sid::Sid;

/// The effect of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AceEffect {
    /// Allows rights.
    Allow,
    /// Denies rights that no earlier entry allowed.
    Deny,
    /// Audits the use of rights without granting or denying any.
    Audit,
}

/// One entry of an access control list.
///
/// Allow, deny and audit entries are parsed. All others are kept byte for byte; for those, [`effect`](Self::effect),
/// [`mask`](Self::mask) and [`trustee`](Self::trustee) return `None`.
///
/// Its text form is SDDL:
///
/// ```
/// # use windows_autopilot::ad::descriptor::{AccessMask, Ace, AceEffect, AceFlags, Guid, Sid};
/// let sid: Sid = "S-1-5-21-1111111111-2222222222-3333333333-1104".parse()?;
/// let create = Ace::new(
///     AceEffect::Allow, AceFlags::default(), AccessMask::CREATE_CHILD, Some(Guid::COMPUTER), None, sid,
/// );
/// assert_eq!(
///     create.to_string(),
///     "(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1111111111-2222222222-3333333333-1104)",
/// );
/// assert_eq!(create.to_string().parse::<Ace>()?, create);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ace {
    flags: AceFlags,
    body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Body {
    Known(Known),
    /// An entry of another kind, or one whose bytes are malformed.
    Raw {
        kind: u8,
        data: Box<[u8]>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Known {
    effect: AceEffect,
    mask: AccessMask,
    objects: Option<Objects>,
    trustee: Sid,
    /// The bytes after the SID: none in what Windows writes.
    rest: Box<[u8]>,
}

/// The types of an object entry. An object entry with neither type differs on the wire from a plain entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Objects {
    pub(super) object_type: Option<Guid>,
    pub(super) inherited_object_type: Option<Guid>,
}

const OBJECT_TYPE_PRESENT: u32 = 1;
const INHERITED_OBJECT_TYPE_PRESENT: u32 = 2;

/// The difference between the kind of an object entry and that of the plain one.
const OBJECT_KINDS: u8 = 5;

impl Ace {
    /// Creates an entry from its parts, in SDDL order. If either object type is given, the result is an object entry.
    ///
    /// `object_type` is the class of children to create or delete, or the property or extended right that the entry
    /// covers; `inherited_object_type` is the class of descendants that inherit the entry.
    pub fn new(
        effect: AceEffect,
        flags: AceFlags,
        mask: AccessMask,
        object_type: Option<Guid>,
        inherited_object_type: Option<Guid>,
        trustee: Sid,
    ) -> Self {
        let objects = (object_type.is_some() || inherited_object_type.is_some())
            .then_some(Objects { object_type, inherited_object_type });
        Self::from_parts(effect, flags, mask, objects, trustee)
    }

    /// Returns the kind: the first byte on the wire.
    pub fn kind(&self) -> u8 {
        match &self.body {
            Body::Known(known) => {
                let plain = match known.effect {
                    AceEffect::Allow => 0,
                    AceEffect::Deny => 1,
                    AceEffect::Audit => 2,
                };
                if known.objects.is_some() { plain + OBJECT_KINDS } else { plain }
            }
            Body::Raw { kind, .. } => *kind,
        }
    }

    /// Returns the inheritance and audit flags.
    pub fn flags(&self) -> AceFlags {
        self.flags
    }

    /// Returns `true` if the entry is inherited.
    pub fn is_inherited(&self) -> bool {
        self.flags.contains(AceFlags::INHERITED)
    }

    /// Returns the effect; `None` for an entry that is not parsed.
    pub fn effect(&self) -> Option<AceEffect> {
        self.known().map(|known| known.effect)
    }

    /// Returns the rights; `None` for an entry that is not parsed.
    pub fn mask(&self) -> Option<AccessMask> {
        self.known().map(|known| known.mask)
    }

    /// Returns the trustee; `None` for an entry that is not parsed.
    pub fn trustee(&self) -> Option<&Sid> {
        self.known().map(|known| &known.trustee)
    }

    /// Returns the class, property or right that the entry is limited to.
    pub fn object_type(&self) -> Option<Guid> {
        self.objects()?.object_type
    }

    /// Returns the class of the objects that inherit the entry.
    pub fn inherited_object_type(&self) -> Option<Guid> {
        self.objects()?.inherited_object_type
    }

    /// Returns the bytes after the header of an entry that is not parsed.
    pub fn raw_data(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Known(_) => None,
            Body::Raw { data, .. } => Some(data),
        }
    }

    pub(super) fn from_parts(
        effect: AceEffect,
        flags: AceFlags,
        mask: AccessMask,
        objects: Option<Objects>,
        trustee: Sid,
    ) -> Self {
        let rest = Box::default();
        Self { flags, body: Body::Known(Known { effect, mask, objects, trustee, rest }) }
    }

    /// Creates an entry of any kind from the bytes after its header; parsed if possible.
    pub(super) fn from_data(kind: u8, flags: AceFlags, data: &[u8]) -> Self {
        let body = match Known::read(kind, data) {
            Some(known) => Body::Known(known),
            None => Body::Raw { kind, data: data.into() },
        };
        Self { flags, body }
    }

    /// Parses an entry from the start of `bytes`; returns it with its length.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let size = usize::from(u16_at(bytes, 2)?);
        let data = bytes.get(4..size)?;
        Some((Self::from_data(u8_at(bytes, 0)?, AceFlags::from_bits(u8_at(bytes, 1)?), data), size))
    }

    pub(super) fn write(&self, bytes: &mut Vec<u8>) {
        let data = self.data();
        bytes.extend([self.kind(), self.flags.bits()]);
        bytes.extend(u16::try_from(data.len() + 4).unwrap_or(u16::MAX).to_le_bytes());
        bytes.extend(data);
    }

    /// Returns the bytes after the header.
    pub(super) fn data(&self) -> Vec<u8> {
        match &self.body {
            Body::Known(known) => known.data(),
            Body::Raw { data, .. } => data.to_vec(),
        }
    }

    /// Returns `true` if a list with this entry needs revision 4.
    pub(super) fn needs_revision_4(&self) -> bool {
        matches!(self.kind(), 5..=8 | 11 | 12 | 15 | 16)
    }

    /// Returns the object part of an object entry.
    pub(super) fn objects(&self) -> Option<Objects> {
        self.known()?.objects
    }

    /// Returns `true` if there are bytes after the SID.
    pub(super) fn has_rest(&self) -> bool {
        self.known().is_some_and(|known| !known.rest.is_empty())
    }

    fn known(&self) -> Option<&Known> {
        match &self.body {
            Body::Known(known) => Some(known),
            Body::Raw { .. } => None,
        }
    }
}

impl Known {
    fn read(kind: u8, data: &[u8]) -> Option<Self> {
        let (effect, is_object) = match kind {
            0 | 5 => (AceEffect::Allow, kind == 5),
            1 | 6 => (AceEffect::Deny, kind == 6),
            2 | 7 => (AceEffect::Audit, kind == 7),
            _ => return None,
        };
        let mask = AccessMask::from_bits(u32_at(data, 0)?);
        let mut offset = 4;
        let mut objects = None;
        if is_object {
            let present = u32_at(data, offset)?;
            if present & !(OBJECT_TYPE_PRESENT | INHERITED_OBJECT_TYPE_PRESENT) != 0 {
                return None;
            }
            offset += 4;
            let mut next = |bit: u32| {
                if present & bit == 0 {
                    return Some(None);
                }
                let guid = array_at(data, offset).map(Guid::from_bytes)?;
                offset += 16;
                Some(Some(guid))
            };
            let object_type = next(OBJECT_TYPE_PRESENT)?;
            let inherited_object_type = next(INHERITED_OBJECT_TYPE_PRESENT)?;
            objects = Some(Objects { object_type, inherited_object_type });
        }
        let (trustee, length) = Sid::read(data.get(offset..)?)?;
        let rest = data.get(offset + length..)?.into();
        Some(Self { effect, mask, objects, trustee, rest })
    }

    fn data(&self) -> Vec<u8> {
        let mut data = self.mask.bits().to_le_bytes().to_vec();
        if let Some(Objects { object_type, inherited_object_type }) = self.objects {
            let bit = |guid: Option<Guid>, bit| if guid.is_some() { bit } else { 0 };
            let present = bit(object_type, OBJECT_TYPE_PRESENT)
                | bit(inherited_object_type, INHERITED_OBJECT_TYPE_PRESENT);
            data.extend(present.to_le_bytes());
            for guid in [object_type, inherited_object_type].into_iter().flatten() {
                data.extend(guid.to_bytes());
            }
        }
        self.trustee.write(&mut data);
        data.extend(&self.rest);
        data
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ad::descriptor::sid::tests::any_sid;
    use proptest::prelude::*;

    pub(in crate::ad) const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-1104";

    /// Entries as stored: name, SDDL, and bytes in a directory.
    pub(in crate::ad) const VECTORS: [(&str, &str); 4] = [
        (
            "(OA;CI;CCDC;bf967a86-0de6-11d0-a285-00aa003049e2;;SID)",
            "050238000300000001000000867a96bfe60dd011a28500aa003049e2010500000000000515000000c7353a428e6b748455a1aec650040000",
        ),
        (
            "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;bf967a86-0de6-11d0-a285-00aa003049e2;SID)",
            "050a3800ff010f0002000000867a96bfe60dd011a28500aa003049e2010500000000000515000000c7353a428e6b748455a1aec650040000",
        ),
        (
            "(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;SID)",
            "050038000100000001000000867a96bfe60dd011a28500aa003049e2010500000000000515000000c7353a428e6b748455a1aec650040000",
        ),
        (
            "(OA;CI;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;SID)",
            "050238000100000001000000867a96bfe60dd011a28500aa003049e2010500000000000515000000c7353a428e6b748455a1aec650040000",
        ),
    ];

    pub(in crate::ad) fn hex(text: &str) -> Vec<u8> {
        let digit = |byte: &u8| u8::try_from(char::from(*byte).to_digit(16).unwrap()).unwrap();
        text.as_bytes().chunks(2).map(|pair| digit(&pair[0]) * 16 + digit(&pair[1])).collect()
    }

    fn any_mask() -> impl Strategy<Value = AccessMask> + Clone {
        prop_oneof![any::<u32>(), Just(0xF_01FF), 0..0x200_u32].prop_map(AccessMask::from_bits)
    }

    fn any_guid() -> impl Strategy<Value = Guid> + Clone {
        prop_oneof![
            3 => Just(Guid::COMPUTER),
            1 => Just(Guid::USER),
            1 => any::<[u8; 16]>().prop_map(Guid::from_bytes)
        ]
    }

    /// Generates any entry: mostly parsed ones, then other kinds and malformed ones.
    pub(in crate::ad) fn any_ace() -> impl Strategy<Value = Ace> + Clone {
        let effect = prop_oneof![Just(AceEffect::Allow), Just(AceEffect::Deny), Just(AceEffect::Audit)];
        let objects =
            prop::option::of((prop::option::of(any_guid()), prop::option::of(any_guid())).prop_map(
                |(object_type, inherited_object_type)| Objects { object_type, inherited_object_type },
            ));
        let known = (effect, any::<u8>(), any_mask(), objects, any_sid()).prop_map(
            |(effect, flags, mask, objects, trustee)| {
                Ace::from_parts(effect, AceFlags::from_bits(flags), mask, objects, trustee)
            },
        );
        let data = prop::collection::vec(any::<u8>(), 0..80);
        let raw = (any::<u8>(), any::<u8>(), data.clone())
            .prop_map(|(kind, flags, data)| Ace::from_data(kind, AceFlags::from_bits(flags), &data));
        let trailed = (known.clone(), data)
            .prop_map(|(ace, data)| Ace::from_data(ace.kind(), ace.flags(), &[ace.data(), data].concat()));
        prop_oneof![6 => known, 1 => raw, 1 => trailed]
    }

    #[test]
    fn the_entries_of_a_delegation_are_the_bytes_that_a_directory_holds() {
        for (sddl, bytes) in VECTORS {
            let sddl = sddl.replace("SID", SID);
            let (ace, length) = Ace::read(&hex(bytes)).unwrap();
            assert_eq!(length, 56);
            assert_eq!(ace.to_string(), sddl);
            let mut written = Vec::new();
            sddl.parse::<Ace>().unwrap().write(&mut written);
            assert_eq!(written, hex(bytes), "{sddl}");
        }
    }

    #[test]
    fn parts_of_an_entry_are_told() {
        let (ace, _) = Ace::read(&hex(VECTORS[1].1)).unwrap();
        assert_eq!(ace.kind(), 5);
        assert_eq!(ace.effect(), Some(AceEffect::Allow));
        assert_eq!(ace.flags(), AceFlags::CONTAINER_INHERIT | AceFlags::INHERIT_ONLY);
        assert_eq!(ace.mask(), Some(AccessMask::FULL_CONTROL));
        assert_eq!((ace.object_type(), ace.inherited_object_type()), (None, Some(Guid::COMPUTER)));
        assert_eq!(ace.trustee().unwrap().to_string(), SID);
        assert!(!ace.is_inherited());
    }

    #[test]
    fn what_is_not_understood_is_kept_as_it_is() {
        let cases = [
            ("a conditional entry", vec![9, 0x12, 8, 0, 1, 2, 3, 4]),
            ("an allowing entry without a SID", vec![0, 0, 8, 0, 1, 0, 0, 0]),
            ("an object entry with a flag of the future", {
                let mut bytes = hex(VECTORS[0].1);
                bytes[8] = 5;
                bytes
            }),
            ("an entry that is only a header", vec![0x42, 0, 4, 0]),
        ];
        for (name, bytes) in cases {
            let (ace, length) = Ace::read(&bytes).unwrap();
            assert_eq!(length, bytes.len(), "{name}");
            assert_eq!((ace.effect(), ace.mask(), ace.trustee()), (None, None, None), "{name}");
            assert_eq!(ace.raw_data(), Some(&bytes[4..]), "{name}");
            let mut written = Vec::new();
            ace.write(&mut written);
            assert_eq!(written, bytes, "{name}");
        }
        for bad in [&[][..], &[0, 0, 8], &[0, 0, 3, 0], &[0, 0, 9, 0, 1, 2, 3, 4]] {
            assert_eq!(Ace::read(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_entry_comes_back_from_its_bytes(ace in any_ace()) {
            let mut bytes = Vec::new();
            ace.write(&mut bytes);
            prop_assert_eq!(Ace::read(&bytes), Some((ace, bytes.len())));
        }

        #[test]
        fn any_bytes_that_are_read_are_written_back(bytes: Vec<u8>) {
            if let Some((ace, length)) = Ace::read(&bytes) {
                let mut written = Vec::new();
                ace.write(&mut written);
                prop_assert_eq!(&written, &bytes[..length]);
            }
        }
    }
}
