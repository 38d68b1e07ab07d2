//! Security descriptors as text, in the security descriptor definition language (MS-DTYP 2.5.1).
//!
//! Parsing inverts writing, except for parts that the language cannot express: control bits other than the lists'
//! inheritance, padding, revisions and the order of the parts. Entries without a form in SDDL and unparsed ones are
//! written as `(0xKIND;FLAGS;HEX)`, which only this crate reads.

mod names;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use self::names::{
    EFFECTS, FLAGS, LIST_FLAGS, NULL_LIST, OF_DOMAIN, OF_FOREST_ROOT, OTHER_RIGHTS, RIGHTS, WELL_KNOWN,
};
use super::ace::{Ace, Objects};
use super::acl::Acl;
use super::bits::{AccessMask, AceFlags, Control};
use super::guid::Guid;
use super::security_descriptor::SecurityDescriptor;
use super::sid::Sid;
use crate::model::InvalidValue;

/// The domain to which group names such as `DA` and `EA` refer. Without it, such names cannot be parsed.
///
/// ```
/// # use windows_autopilot::ad::descriptor::{SddlDomain, SecurityDescriptor, Sid};
/// let domain: Sid = "S-1-5-21-1-2-3".parse()?;
/// let names = SddlDomain::new(&domain, &domain);
/// let read = SecurityDescriptor::from_sddl("O:DAD:(A;;RP;;;EA)", Some(names))?;
/// assert_eq!(read.to_string(), "O:S-1-5-21-1-2-3-512D:(A;;RP;;;S-1-5-21-1-2-3-519)");
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SddlDomain<'a> {
    /// The SID of the domain: the SID of `DA`, Domain Admins, without its last component (the RID).
    pub domain: &'a Sid,
    /// The SID of the forest root domain: the SID of `EA`, Enterprise Admins, without its last component (the RID).
    pub forest_root: &'a Sid,
}

impl<'a> SddlDomain<'a> {
    /// Creates a value from the SIDs of the domain and of the forest root domain.
    pub fn new(domain: &'a Sid, forest_root: &'a Sid) -> Self {
        Self { domain, forest_root }
    }
}

impl SecurityDescriptor {
    /// Parses a descriptor from SDDL. `FromStr` does the same without a domain.
    ///
    /// # Errors
    /// [`InvalidValue`] if the text is not SDDL; if it names a domain group, but `domain` is `None`; or if it contains a
    /// conditional entry, a resource attribute, a label, or an entry with fields beyond type, flags, rights, object
    /// types and trustee. The error's position is counted in characters.
    pub fn from_sddl(text: &str, domain: Option<SddlDomain<'_>>) -> Result<Self, InvalidValue> {
        Reader { text, rest: text, domain }.descriptor()
    }
}

impl Ace {
    /// Parses an entry from SDDL. `FromStr` does the same without a domain.
    ///
    /// # Errors
    /// Same as [`SecurityDescriptor::from_sddl`].
    pub fn from_sddl(text: &str, domain: Option<SddlDomain<'_>>) -> Result<Self, InvalidValue> {
        let mut reader = Reader { text, rest: text, domain };
        let ace = reader.ace()?;
        if reader.rest.is_empty() { Ok(ace) } else { Err(reader.refuse("has characters after the entry")) }
    }
}

impl FromStr for SecurityDescriptor {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::from_sddl(text, None)
    }
}

impl FromStr for Ace {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::from_sddl(text, None)
    }
}

/// Writes SDDL. Domain groups are written as SIDs, so that the text means the same in every domain.
impl fmt::Display for SecurityDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (tag, sid) in [("O:", self.owner()), ("G:", self.group())] {
            if let Some(sid) = sid {
                write!(f, "{tag}{}", Trustee(sid))?;
            }
        }
        let lists = [("D:", self.dacl(), Control::DACL_PRESENT), ("S:", self.sacl(), Control::SACL_PRESENT)];
        for (tag, list, present) in lists {
            if !self.control().contains(present) {
                continue;
            }
            f.write_str(tag)?;
            for (name, of_dacl, of_sacl) in LIST_FLAGS {
                if self.control().contains(if tag == "D:" { *of_dacl } else { *of_sacl }) {
                    f.write_str(name)?;
                }
            }
            match list {
                Some(list) => list.aces().iter().try_for_each(|ace| ace.fmt(f))?,
                None => f.write_str(NULL_LIST)?,
            }
        }
        Ok(())
    }
}

/// Writes SDDL, or `(0xKIND;FLAGS;HEX)` for an entry that SDDL cannot express or that is not parsed.
impl fmt::Display for Ace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.effect().zip(self.mask()).zip(self.trustee()).filter(|_| !self.has_rest());
        let Some(((effect, mask), trustee)) = known else {
            write!(f, "({:#04x};{};", self.kind(), Flags(self.flags()))?;
            self.data().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
            return f.write_str(")");
        };
        let is_object = self.objects().is_some();
        let kind = EFFECTS.iter().find(|(_, other, object)| (*other, *object) == (effect, is_object));
        let kind = kind.map_or("", |(name, ..)| *name);
        write!(f, "({kind};{};{};", Flags(self.flags()), Rights(mask))?;
        for guid in [self.object_type(), self.inherited_object_type()] {
            if let Some(guid) = guid {
                write!(f, "{guid}")?;
            }
            f.write_str(";")?;
        }
        write!(f, "{})", Trustee(trustee))
    }
}

struct Flags(AceFlags);

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = FLAGS.iter().filter(|(_, bit)| self.0.contains(AceFlags::from_bits(*bit)));
        set.map(|(name, _)| name).try_for_each(|name| f.write_str(name))
    }
}

struct Rights(AccessMask);

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = RIGHTS.iter().fold(0, |named, (_, bit)| named | bit);
        if self.0.is_empty() || !AccessMask::from_bits(named).contains(self.0) {
            return write!(f, "{:#x}", self.0.bits());
        }
        let set = RIGHTS.iter().filter(|(_, bit)| self.0.contains(AccessMask::from_bits(*bit)));
        set.map(|(name, _)| name).try_for_each(|name| f.write_str(name))
    }
}

struct Trustee<'a>(&'a Sid);

impl fmt::Display for Trustee<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sid = self.0.to_string();
        let name = WELL_KNOWN.iter().find(|(_, known)| *known == sid).map(|(name, _)| *name);
        f.write_str(name.unwrap_or(&sid))
    }
}

/// The text to parse and its unread rest.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
    domain: Option<SddlDomain<'a>>,
}

impl<'a> Reader<'a> {
    fn descriptor(mut self) -> Result<SecurityDescriptor, InvalidValue> {
        let (mut owner, mut group, mut dacl, mut sacl) = (None, None, None, None);
        let mut control = Control::SELF_RELATIVE;
        while !self.rest.is_empty() {
            let part = self.rest;
            let again = if self.skip("O:") {
                owner.replace(self.sid()?).is_some()
            } else if self.skip("G:") {
                group.replace(self.sid()?).is_some()
            } else if self.skip("D:") {
                let list = self.list(&mut control, |(_, of_dacl, _)| *of_dacl)?;
                control = control | Control::DACL_PRESENT;
                dacl.replace(list).is_some()
            } else if self.skip("S:") {
                let list = self.list(&mut control, |(_, _, of_sacl)| *of_sacl)?;
                control = control | Control::SACL_PRESENT;
                sacl.replace(list).is_some()
            } else {
                return Err(self.refuse("has none of O:, G:, D: and S: where a part should begin"));
            };
            if again {
                return Err(self.refuse_at(part, "has a part twice"));
            }
        }
        Ok(SecurityDescriptor::from_parts(control, owner, group, sacl.flatten(), dacl.flatten()))
    }

    /// Parses a list after its tag; `None` is the null list.
    fn list(
        &mut self,
        control: &mut Control,
        bit: impl Fn(&(&str, Control, Control)) -> Control,
    ) -> Result<Option<Acl>, InvalidValue> {
        let mut is_null = false;
        loop {
            if self.skip(NULL_LIST) {
                is_null = true;
            } else if let Some(flag) = LIST_FLAGS.iter().find(|(name, ..)| self.skip(name)) {
                *control = *control | bit(flag);
            } else {
                break;
            }
        }
        let mut aces = Vec::new();
        while self.rest.starts_with('(') {
            aces.push(self.ace()?);
        }
        match (is_null, aces.is_empty()) {
            (false, _) => Ok(Some(Acl::new(aces)?)),
            (true, true) => Ok(None),
            (true, false) => Err(self.refuse("has entries in a list that is null")),
        }
    }

    fn ace(&mut self) -> Result<Ace, InvalidValue> {
        let start = self.rest;
        if !self.skip("(") {
            return Err(self.refuse("has no ( where an entry should begin"));
        }
        let kind = self.field()?;
        if let Some(kind) = kind.strip_prefix("0x") {
            let kind = hex(kind).and_then(|bytes| <[u8; 1]>::try_from(bytes).ok());
            let [kind] =
                kind.ok_or_else(|| self.refuse_at(start, "has a kind that is not two hexadecimal digits"))?;
            return self.raw_ace(kind);
        }
        let Some((_, effect, is_object)) = EFFECTS.iter().find(|(name, ..)| *name == kind) else {
            return Err(self.refuse_at(start, "has an entry of a type other than A, D, AU, OA, OD and OU"));
        };
        let flags = self.flags()?;
        let mask = self.rights()?;
        let objects = Objects { object_type: self.guid()?, inherited_object_type: self.guid()? };
        let is_limited = objects.object_type.or(objects.inherited_object_type).is_some();
        if is_limited && !is_object {
            return Err(self.refuse_at(start, "has an object type in an entry that is not an object entry"));
        }
        let trustee = self.sid()?;
        if !self.skip(")") {
            return Err(self.refuse("has no ) after the trustee"));
        }
        Ok(Ace::from_parts(*effect, flags, mask, is_object.then_some(objects), trustee))
    }

    /// Parses an entry in this crate's own form, after its kind.
    fn raw_ace(&mut self, kind: u8) -> Result<Ace, InvalidValue> {
        let flags = self.flags()?;
        let Some((digits, rest)) = self.rest.split_once(')') else {
            return Err(self.refuse("has no ) at the end of an entry"));
        };
        let data = hex(digits).filter(|data| data.len() + 4 <= usize::from(u16::MAX));
        let data =
            data.ok_or_else(|| self.refuse("has an entry whose bytes are not hexadecimal, or too many"))?;
        self.rest = rest;
        Ok(Ace::from_data(kind, flags, &data))
    }

    fn flags(&mut self) -> Result<AceFlags, InvalidValue> {
        self.read_field("has flags that are not known", |field| {
            named_bits(field, |name| find(FLAGS, name)).map(AceFlags::from_bits)
        })
    }

    fn rights(&mut self) -> Result<AccessMask, InvalidValue> {
        self.read_field("has rights that are not known", |field| {
            let bits = if field.starts_with(|c: char| c.is_ascii_digit()) {
                number(field)
            } else {
                named_bits(field, |name| find(RIGHTS, name).or_else(|| find(OTHER_RIGHTS, name)))
            };
            bits.map(AccessMask::from_bits)
        })
    }

    fn guid(&mut self) -> Result<Option<Guid>, InvalidValue> {
        self.read_field("has an object type that is not a GUID", |field| match field {
            "" => Some(None),
            guid => guid.parse().ok().map(Some),
        })
    }

    fn read_field<T>(
        &mut self,
        wrong: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, InvalidValue> {
        let start = self.rest;
        let field = self.field()?;
        read(field).ok_or_else(|| self.refuse_at(start, wrong))
    }

    /// Parses a SID or the name of one.
    fn sid(&mut self) -> Result<Sid, InvalidValue> {
        if self.rest.starts_with("S-") || self.rest.starts_with("s-") {
            let (sid, rest) = Sid::parse_start(self.rest)
                .map_err(|error| self.refuse(format!("has a SID that {}", error.problem())))?;
            self.rest = rest;
            return Ok(sid);
        }
        let (name, rest) = self.rest.split_at_checked(2).unwrap_or(("", self.rest));
        let sid = if let Some((_, sid)) = WELL_KNOWN.iter().find(|(known, _)| *known == name) {
            sid.parse()?
        } else if let Some(relative_id) = find(OF_DOMAIN, name) {
            self.domain(name)?.domain.with_relative_id(relative_id)?
        } else if let Some(relative_id) = find(OF_FOREST_ROOT, name) {
            self.domain(name)?.forest_root.with_relative_id(relative_id)?
        } else {
            return Err(self.refuse("has neither a SID nor the two letters of a well-known one"));
        };
        self.rest = rest;
        Ok(sid)
    }

    fn domain(&self, name: &str) -> Result<SddlDomain<'a>, InvalidValue> {
        self.domain.ok_or_else(|| {
            self.refuse(format!("has the name {name}, whose SID depends on the domain; give the domain"))
        })
    }

    /// Returns the text up to the next `;`, and skips both.
    fn field(&mut self) -> Result<&'a str, InvalidValue> {
        let field = self.rest.split_once(';').filter(|(field, _)| !field.contains([')', '(']));
        let (field, rest) = field.ok_or_else(|| self.refuse("has an entry with too few fields"))?;
        self.rest = rest;
        Ok(field)
    }

    fn skip(&mut self, start: &str) -> bool {
        match self.rest.strip_prefix(start) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Creates an error at the current position.
    fn refuse(&self, problem: impl Into<Cow<'static, str>>) -> InvalidValue {
        self.refuse_at(self.rest, problem)
    }

    /// Creates an error at the position where `rest` begins.
    fn refuse_at(&self, rest: &str, problem: impl Into<Cow<'static, str>>) -> InvalidValue {
        let position = self.text.chars().count().saturating_sub(rest.chars().count());
        InvalidValue::new(
            "SDDL",
            problem,
            "write it as (OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-…)",
        )
        .with_value(rest)
        .at(position)
    }
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Parses two-letter names of bits without separators.
fn named_bits<T: Default + std::ops::BitOr<Output = T>>(
    mut names: &str,
    bit: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let mut bits = T::default();
    while !names.is_empty() {
        let (name, rest) = names.split_at_checked(2)?;
        bits = bits | bit(name)?;
        names = rest;
    }
    Some(bits)
}

/// Parses a number as in C: hexadecimal after `0x`, octal after `0`, otherwise decimal.
fn number(text: &str) -> Option<u32> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if text.len() > 1 && text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    // Rust's own parser also takes a sign.
    digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok())?
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() / 2);
    let mut rest = digits;
    while !rest.is_empty() {
        let (pair, more) = rest.split_at_checked(2)?;
        let is_hex = pair.bytes().all(|byte| byte.is_ascii_hexdigit());
        bytes.push(is_hex.then(|| u8::from_str_radix(pair, 16).ok())??);
        rest = more;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::descriptor::ace::tests::any_ace;
    use crate::ad::descriptor::sid::tests::any_sid;
    use proptest::prelude::*;

    fn descriptor(text: &str) -> SecurityDescriptor {
        text.parse().unwrap()
    }

    #[test]
    fn text_in_the_form_that_windows_writes_comes_back_as_it_was() {
        for text in [
            "",
            "O:BAG:SY",
            "D:",
            "D:P",
            "D:NO_ACCESS_CONTROL",
            "D:PAI(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;SY)(D;;DCDT;;;WD)",
            "O:BAG:SYD:PARAI(A;CIIOID;RPLCRC;;;AU)S:PAI(AU;SAFA;WDWO;;;WD)(OU;CISA;WP;;bf967a86-0de6-11d0-a285-00aa003049e2;WD)"
                .replace("RPLCRC", "LCRPRC")
                .as_str(),
            "D:(OA;CI;CCDC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)",
            "D:(OD;;CR;bf967a86-0de6-11d0-a285-00aa003049e2;bf967aba-0de6-11d0-a285-00aa003049e2;AN)",
            "D:(A;;0x1f01ff;;;BA)",
            "D:(A;;0x0;;;BA)",
            "D:(A;;GAGXGWGR;;;BA)",
            "D:(A;OICINPIOIDCRSAFA;CC;;;BA)",
            "D:(OA;;CC;;;BA)",
            "D:(0x09;CIID;0001ff)",
        ] {
            assert_eq!(descriptor(text).to_string(), text);
        }
    }

    #[test]
    fn other_forms_of_the_same_are_read_too() {
        for (text, same) in [
            ("S:D:G:BAO:SY", "O:SYG:BAD:S:"),
            ("D:AIP", "D:PAI"),
            ("D:(A;;RPLCRC;;;AU)", "D:(A;;LCRPRC;;;AU)"),
            ("D:(A;;0xF01FF;;;AU)", "D:(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;AU)"),
            ("D:(A;;3;;;AU)", "D:(A;;CCDC;;;AU)"),
            ("D:(A;;017;;;AU)", "D:(A;;CCDCLCSW;;;AU)"),
            ("D:(A;;;;;AU)", "D:(A;;0x0;;;AU)"),
            ("D:(A;;FA;;;AU)", "D:(A;;0x1f01ff;;;AU)"),
            ("D:(A;CICI;CCCC;;;s-1-1-0)", "D:(A;CI;CC;;;WD)"),
            ("O:S-1-0x123456789ABC-1D:", "O:S-1-0x123456789abc-1D:"),
            ("D:(A;;CC;;;S-1-5-32-544)", "D:(A;;CC;;;BA)"),
            ("D:(0x00;;010000000101000000000005 0b000000)", "D:(A;;CC;;;AU)"),
        ] {
            let text = text.replace(' ', "");
            assert_eq!(descriptor(&text).to_string(), same, "{text}");
        }
    }

    #[test]
    fn every_well_known_name_is_read_and_written() {
        for (name, sid) in WELL_KNOWN {
            let text = format!("O:{name}");
            assert_eq!(descriptor(&text).owner().unwrap().to_string(), *sid);
            assert_eq!(descriptor(&text).to_string(), text);
        }
        let names = WELL_KNOWN.iter().map(|(name, _)| *name);
        let names = names.chain(OF_DOMAIN.iter().chain(OF_FOREST_ROOT).map(|(name, _)| *name));
        let mut names: Vec<&str> = names.collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "no name means two SIDs");
    }

    #[test]
    fn names_of_a_domain_need_the_domain() {
        let (domain, forest_root) = ("S-1-5-21-1-2-3".parse().unwrap(), "S-1-5-21-7-8-9".parse().unwrap());
        let names = SddlDomain { domain: &domain, forest_root: &forest_root };
        let read = SecurityDescriptor::from_sddl("O:DAG:EA", Some(names)).unwrap();
        assert_eq!(read.to_string(), "O:S-1-5-21-1-2-3-512G:S-1-5-21-7-8-9-519");
        let error = "D:(A;;RP;;;DA)".parse::<SecurityDescriptor>().unwrap_err();
        assert!(error.problem().contains("DA"), "{error}");
        assert_eq!(error.position(), Some(11));
    }

    #[test]
    fn what_is_not_sddl_is_refused_with_the_place() {
        for (text, position) in [
            ("X:BA", 0),
            (" O:BA", 0),
            ("O:", 2),
            ("O:B", 2),
            ("O:ZZ", 2),
            ("O:é", 2),
            ("O:BAO:BA", 4),
            ("O:S-1-5-99999999999", 2),
            ("D:(", 3),
            ("D:(A;;RP;;;AU", 13),
            ("D:(A;;RP;;)", 10),
            ("D:(A;;RP;;;AU;)", 13),
            ("D:(a;;RP;;;AU)", 2),
            ("D:(XA;;RP;;;AU;(@USER.a == 1))", 2),
            ("D:(A;XX;RP;;;AU)", 5),
            ("D:(A;C;RP;;;AU)", 5),
            ("D:(A;;RPX;;;AU)", 6),
            ("D:(A;;0x1FFFFFFFF;;;AU)", 6),
            ("D:(A;;-1;;;AU)", 6),
            ("D:(A;;08;;;AU)", 6),
            ("D:(OA;;CC;computer;;AU)", 10),
            ("D:(A;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;AU)", 2),
            ("D:NO_ACCESS_CONTROL(A;;RP;;;AU)", 31),
            ("D:(0x9;;00)", 2),
            ("D:(0x09;;0)", 9),
            ("D:(0x09;;0g)", 9),
        ] {
            let error = text.parse::<SecurityDescriptor>().unwrap_err();
            assert_eq!(error.position(), Some(position), "{text}: {error}");
        }
        for (text, problem) in [
            ("(A;;RP;;;AU)(A;;RP;;;AU)", "has characters after the entry"),
            ("A;;RP;;;AU", "has no ( where an entry should begin"),
        ] {
            assert_eq!(text.parse::<Ace>().unwrap_err().problem(), problem, "{text}");
        }
        let long = format!("D:{}", "(A;;RP;;;AU)".repeat(4_000));
        let error = long.parse::<SecurityDescriptor>().unwrap_err();
        assert_eq!(error.problem(), "has more than 65,535 bytes", "more than a list can hold");
    }

    proptest! {
        #[test]
        fn every_descriptor_comes_back_from_its_text(
            (owner, group) in (prop::option::of(any_sid()), prop::option::of(any_sid())),
            dacl in prop::option::of(prop::option::of(prop::collection::vec(any_ace(), 0..8))),
            sacl in prop::option::of(prop::option::of(prop::collection::vec(any_ace(), 0..8))),
            bits: u16,
        ) {
            let there = |list: bool, present: Control| if list { present } else { Control::default() };
            let expressible = |list: bool, mask: u16| if list { Control::from_bits(bits & mask) } else { Control::default() };
            let control = Control::SELF_RELATIVE
                | there(dacl.is_some(), Control::DACL_PRESENT)
                | there(sacl.is_some(), Control::SACL_PRESENT)
                | expressible(dacl.is_some(), 0x1500)
                | expressible(sacl.is_some(), 0x2A00);
            let list = |aces: Option<Option<Vec<Ace>>>| aces.flatten().map(|aces| Acl::new(aces).unwrap());
            let descriptor = SecurityDescriptor::from_parts(control, owner, group, list(sacl), list(dacl));
            let text = descriptor.to_string();
            prop_assert_eq!(text.parse::<SecurityDescriptor>().unwrap(), descriptor, "{}", text);
        }

        #[test]
        fn no_text_makes_it_panic(text: String, near in "[OGDS]:[A-Z0-9x();-]{0,30}", ace in "\\((A|OA|0x0[0-9])(;[A-Z0-9xé-]{0,5}){0,7}\\)?") {
            for text in [&text, &near, &ace] {
                let _ = text.parse::<SecurityDescriptor>();
                let _ = text.parse::<Ace>();
            }
        }
    }
}
