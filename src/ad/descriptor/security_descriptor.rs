//! Security descriptors in their self-relative form.

use super::acl::Acl;
use super::bits::Control;
use super::bytes::{u8_at, u16_at, u32_at};
use super::sid::Sid;
use crate::model::InvalidValue;

/// The header, in bytes.
const HEADER: usize = 20;

/// The largest input. Two full lists, two SIDs and the header are half of it.
const MAX_LENGTH: usize = 256 * 1024;

/// The owner, the group and the access control lists of an object: the `nTSecurityDescriptor` attribute.
///
/// ```
/// use windows_autopilot::ad::descriptor::SecurityDescriptor;
///
/// let descriptor: SecurityDescriptor = "O:SYD:(A;;CC;;;AU)".parse()?;
/// assert_eq!(SecurityDescriptor::from_bytes(&descriptor.to_bytes())?.to_string(), descriptor.to_string());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An unchanged descriptor is written back byte for byte: the order of the parts and the bytes between them are kept.
/// Two descriptors are equal if their parts are equal, regardless of the parts' order.
#[derive(Debug, Clone)]
pub struct SecurityDescriptor {
    parts: Parts,
    layout: Layout,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Parts {
    control: Control,
    resource_manager: u8,
    owner: Option<Sid>,
    group: Option<Sid>,
    sacl: Option<Acl>,
    dacl: Option<Acl>,
}

/// The order of the parts: each with the bytes before it, and the bytes after the last.
#[derive(Debug, Clone, Default)]
struct Layout {
    order: Vec<(Part, Box<[u8]>)>,
    tail: Box<[u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Owner,
    Group,
    Sacl,
    Dacl,
}

impl Part {
    /// The parts in the order of their offsets in the header.
    const ALL: [Self; 4] = [Self::Owner, Self::Group, Self::Sacl, Self::Dacl];

    fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Group => "group",
            Self::Sacl => "SACL",
            Self::Dacl => "DACL",
        }
    }

    /// Returns the control bit that marks the part as present.
    fn present(self) -> Control {
        match self {
            Self::Owner | Self::Group => Control::default(),
            Self::Sacl => Control::SACL_PRESENT,
            Self::Dacl => Control::DACL_PRESENT,
        }
    }
}

impl SecurityDescriptor {
    /// Creates a descriptor that contains a DACL and nothing else, for a write that leaves the owner, group and SACL
    /// alone. Only the bits of `control` that concern the DACL are kept.
    pub fn from_dacl(dacl: Acl, control: Control) -> Self {
        let of_dacl = Control::DACL_DEFAULTED
            | Control::DACL_AUTO_INHERIT_REQUIRED
            | Control::DACL_AUTO_INHERITED
            | Control::DACL_PROTECTED;
        let control = control.intersection(of_dacl) | Control::SELF_RELATIVE | Control::DACL_PRESENT;
        Self::from_parts(control, None, None, None, Some(dacl))
    }

    /// Parses a descriptor.
    ///
    /// # Errors
    /// [`InvalidValue`] if the input is not a self-relative descriptor of revision 1, if a part is cut off, overlaps
    /// another or lies out of bounds, or if the input exceeds 256 KiB. The error's position is counted in bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidValue> {
        if bytes.len() > MAX_LENGTH {
            return Err(invalid("is longer than 256 KiB, which no descriptor is", 0));
        }
        let cut_off = || invalid("is cut off in its header", bytes.len());
        if bytes.len() < HEADER {
            return Err(cut_off());
        }
        let (revision, resource_manager) = u8_at(bytes, 0).zip(u8_at(bytes, 1)).ok_or_else(cut_off)?;
        if revision != 1 {
            return Err(invalid("has a revision other than 1", 0));
        }
        let control = Control::from_bits(u16_at(bytes, 2).ok_or_else(cut_off)?);
        if !control.contains(Control::SELF_RELATIVE) {
            return Err(invalid("is not in the self-relative form", 2));
        }
        let mut parts = Parts { control, resource_manager, owner: None, group: None, sacl: None, dacl: None };
        let mut spans = Vec::new();
        for (part, field) in Part::ALL.into_iter().zip((4..HEADER).step_by(4)) {
            let start = usize::try_from(u32_at(bytes, field).ok_or_else(cut_off)?).unwrap_or(usize::MAX);
            if start == 0 {
                continue;
            }
            if !control.contains(part.present()) {
                let problem = format!("has an offset of its {}, but says that it has none", part.name());
                return Err(invalid(problem, field));
            }
            let from = bytes.get(start..).filter(|_| start >= HEADER).ok_or_else(|| {
                invalid(format!("has an offset of its {} that is out of range", part.name()), field)
            })?;
            let length = parts.read(part, from).map_err(|problem| {
                invalid(format!("has a part, the {}, that {problem}", part.name()), start)
            })?;
            spans.push((part, start, start + length));
        }
        spans.sort_by_key(|(_, start, _)| *start);
        let mut layout = Layout::default();
        let mut end = HEADER;
        for (part, start, next) in spans {
            let gap = bytes
                .get(end..start)
                .ok_or_else(|| invalid(format!("has parts that overlap, one the {}", part.name()), start))?;
            layout.order.push((part, gap.into()));
            end = next;
        }
        layout.tail = bytes.get(end..).ok_or_else(cut_off)?.into();
        Ok(Self { parts, layout })
    }

    /// Returns the bytes in wire order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![1, self.parts.resource_manager];
        bytes.extend(self.parts.control.bits().to_le_bytes());
        let mut offsets = Part::ALL.map(|part| (part, 0));
        let mut body = Vec::new();
        let placed = |part: Part| self.layout.order.iter().any(|(other, _)| *other == part);
        let kept = self.layout.order.iter().map(|(part, gap)| (*part, &**gap));
        let added = Part::ALL.into_iter().filter(|part| !placed(*part)).map(|part| (part, &[][..]));
        for (part, gap) in kept.chain(added) {
            let Some(data) = self.parts.data(part) else { continue };
            body.extend(gap);
            for (_, offset) in offsets.iter_mut().filter(|(other, _)| *other == part) {
                *offset = u32::try_from(HEADER + body.len()).unwrap_or(u32::MAX);
            }
            body.extend(data);
        }
        bytes.extend(offsets.into_iter().flat_map(|(_, offset)| offset.to_le_bytes()));
        bytes.extend(body);
        bytes.extend(&self.layout.tail);
        bytes
    }

    /// Returns the control bits.
    pub fn control(&self) -> Control {
        self.parts.control
    }

    /// Returns the owner, if it was read.
    pub fn owner(&self) -> Option<&Sid> {
        self.parts.owner.as_ref()
    }

    /// Returns the primary group, if it was read.
    pub fn group(&self) -> Option<&Sid> {
        self.parts.group.as_ref()
    }

    /// Returns the DACL. If it is absent or [null](Control::DACL_PRESENT), everyone may do everything.
    pub fn dacl(&self) -> Option<&Acl> {
        self.parts.dacl.as_ref()
    }

    /// Returns the SACL: audit entries and limits that apply in addition to the DACL.
    pub fn sacl(&self) -> Option<&Acl> {
        self.parts.sacl.as_ref()
    }

    /// Returns the descriptor with its DACL replaced.
    #[must_use]
    pub fn with_dacl(&self, dacl: Acl) -> Self {
        let mut changed = self.clone();
        changed.parts.dacl = Some(dacl);
        changed.parts.control = changed.parts.control | Control::DACL_PRESENT;
        changed
    }

    /// Creates a descriptor from its parts, in the order of the header. The control bits must match the lists present.
    pub(in crate::ad) fn from_parts(
        control: Control,
        owner: Option<Sid>,
        group: Option<Sid>,
        sacl: Option<Acl>,
        dacl: Option<Acl>,
    ) -> Self {
        let parts = Parts { control, resource_manager: 0, owner, group, sacl, dacl };
        Self { parts, layout: Layout::default() }
    }
}

impl PartialEq for SecurityDescriptor {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for SecurityDescriptor {}

impl Parts {
    /// Parses a part from the start of `bytes`; returns its length.
    fn read(&mut self, part: Part, bytes: &[u8]) -> Result<usize, &'static str> {
        let sid = || Sid::read(bytes).ok_or("is not a SID");
        let (list, length) = match part {
            Part::Owner => {
                let (sid, length) = sid()?;
                self.owner = Some(sid);
                return Ok(length);
            }
            Part::Group => {
                let (sid, length) = sid()?;
                self.group = Some(sid);
                return Ok(length);
            }
            Part::Sacl | Part::Dacl => Acl::read(bytes)?,
        };
        if part == Part::Sacl {
            self.sacl = Some(list);
        } else {
            self.dacl = Some(list);
        }
        Ok(length)
    }

    fn data(&self, part: Part) -> Option<Vec<u8>> {
        match part {
            Part::Owner => self.owner.as_ref().map(Sid::to_bytes),
            Part::Group => self.group.as_ref().map(Sid::to_bytes),
            Part::Sacl => self.sacl.as_ref().map(Acl::to_bytes),
            Part::Dacl => self.dacl.as_ref().map(Acl::to_bytes),
        }
    }
}

fn invalid(problem: impl Into<std::borrow::Cow<'static, str>>, byte: usize) -> InvalidValue {
    InvalidValue::new("security descriptor", problem, "read nTSecurityDescriptor again, as it is").at(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::descriptor::acl::tests::any_acl;
    use crate::ad::descriptor::sid::tests::any_sid;
    use proptest::prelude::*;

    /// Generates any descriptor: parts in any order, with bytes between them.
    fn any_descriptor() -> impl Strategy<Value = SecurityDescriptor> {
        let gap = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(any::<u8>(), 0..8)]
            .prop_map(Vec::into_boxed_slice);
        let lists = (prop::option::of(any_acl()), prop::option::of(any_acl()));
        let order = Just(Part::ALL.to_vec()).prop_shuffle();
        let sids = (prop::option::of(any_sid()), prop::option::of(any_sid()));
        let gaps = prop::collection::vec(gap.clone(), 4);
        (any::<(u8, u16)>(), sids, lists, order, gaps, gap).prop_map(
            |((resource_manager, control), (owner, group), (sacl, dacl), order, gaps, tail)| {
                let mut control = Control::from_bits(control) | Control::SELF_RELATIVE;
                for (there, bit) in
                    [(sacl.is_some(), Control::SACL_PRESENT), (dacl.is_some(), Control::DACL_PRESENT)]
                {
                    control = if there { control | bit } else { control };
                }
                let parts = Parts { control, resource_manager, owner, group, sacl, dacl };
                let order =
                    order.into_iter().zip(gaps).filter(|(part, _)| parts.data(*part).is_some()).collect();
                SecurityDescriptor { parts, layout: Layout { order, tail } }
            },
        )
    }

    #[test]
    fn a_dacl_alone_is_written_without_the_other_parts() {
        let read: SecurityDescriptor = "O:BAG:SYD:PAI(A;;RP;;;AU)S:(AU;SA;WD;;;WD)".parse().unwrap();
        let dacl = read.dacl().unwrap().clone();
        let alone = SecurityDescriptor::from_dacl(dacl, read.control());
        assert_eq!(alone.control().bits(), 0x9404);
        let bytes = alone.to_bytes();
        assert_eq!(bytes[..20], [1, 0, 4, 0x94, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]);
        assert_eq!(SecurityDescriptor::from_bytes(&bytes).unwrap(), alone);
        assert_eq!(alone.to_string(), "D:PAI(A;;RP;;;AU)");
    }

    #[test]
    fn another_dacl_leaves_owner_group_and_sacl_in_their_places() {
        let read: SecurityDescriptor = "O:BAG:SYD:(A;;RP;;;AU)S:(AU;SA;WD;;;WD)".parse().unwrap();
        let list = read.dacl().unwrap().with("(A;;LC;;;AU)".parse().unwrap()).unwrap();
        let changed = read.with_dacl(list);
        assert_eq!(changed.to_string(), "O:BAG:SYD:(A;;RP;;;AU)(A;;LC;;;AU)S:(AU;SA;WD;;;WD)");
        let (before, after) = (read.to_bytes(), changed.to_bytes());
        let dacl_at = usize::from(before[16]);
        assert_eq!(before[..dacl_at], after[..dacl_at], "the DACL is the last part of a new descriptor");
    }

    #[test]
    fn parts_in_another_order_and_bytes_between_them_stay() {
        let mut bytes = vec![1, 0x77, 0x04, 0x84, 33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0];
        bytes.extend([0xAA; 3]);
        bytes.extend([2, 9, 8, 0, 0, 0, 7, 0]);
        bytes.extend([0xBB; 2]);
        bytes.extend(Sid::builtin_users().to_bytes());
        bytes.push(0xCC);
        let read = SecurityDescriptor::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes(), bytes);

        let dacl = read.dacl().unwrap().with("(A;;RP;;;AU)".parse().unwrap()).unwrap();
        let changed = read.with_dacl(dacl.clone()).to_bytes();
        let again = SecurityDescriptor::from_bytes(&changed).unwrap();
        assert_eq!((again.owner(), again.dacl()), (read.owner(), Some(&dacl)));
        assert_eq!(changed.len(), bytes.len() + 20);
        assert_eq!((&changed[20..23], &changed[51..53], changed[69]), (&[0xAA; 3][..], &[0xBB; 2][..], 0xCC));
    }

    #[test]
    fn broken_descriptors_are_refused_with_the_place() {
        let good = "O:BAG:SYD:(A;;RP;;;AU)".parse::<SecurityDescriptor>().unwrap().to_bytes();
        let change = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            bytes
        };
        let cases = [
            ("empty", vec![], 0),
            ("half a header", good[..10].to_vec(), 10),
            ("revision 2", change(0, 2), 0),
            ("absolute form", change(3, 0), 2),
            ("an owner in the header", change(4, 4), 4),
            ("an owner outside", change(5, 9), 4),
            ("a SACL that the control bits deny", change(12, 20), 12),
            ("an owner that is not a SID", change(20, 9), 20),
            ("a group inside of the owner", change(8, 20), 20),
            ("a DACL that is cut off", good[..good.len() - 1].to_vec(), 48),
            ("longer than any", vec![1; 300_000], 0),
        ];
        for (name, bytes, position) in cases {
            let error = SecurityDescriptor::from_bytes(&bytes).unwrap_err();
            assert_eq!(error.position(), Some(position), "{name}: {error}");
        }
    }

    #[test]
    fn a_list_that_claims_many_entries_takes_no_memory_for_them() {
        let mut bytes = "D:".parse::<SecurityDescriptor>().unwrap().to_bytes();
        bytes[24..26].copy_from_slice(&u16::MAX.to_le_bytes());
        let error = SecurityDescriptor::from_bytes(&bytes).unwrap_err();
        assert_eq!(error.problem(), "has a part, the DACL, that has an entry that does not fit in it");
    }

    proptest! {
        #[test]
        fn a_descriptor_is_written_as_it_was_read(descriptor in any_descriptor()) {
            let bytes = descriptor.to_bytes();
            let read = SecurityDescriptor::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read, &descriptor);
            prop_assert_eq!(read.to_bytes(), bytes);
        }

        #[test]
        fn bytes_with_mistakes_are_refused_or_written_back(
            descriptor in any_descriptor(),
            mistakes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = descriptor.to_bytes();
            for (at, value) in mistakes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(read) = SecurityDescriptor::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
                let _ = read.to_string();
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = SecurityDescriptor::from_bytes(&bytes);
        }
    }
}
