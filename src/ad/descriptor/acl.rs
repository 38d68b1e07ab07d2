//! Access control lists.

use super::ace::{Ace, AceEffect};
use super::bytes::{u8_at, u16_at};
use crate::model::InvalidValue;

/// The header, in bytes.
const HEADER: usize = 8;

/// The revisions of a list without and with object entries.
const REVISION: u8 = 2;
const REVISION_WITH_OBJECTS: u8 = 4;

/// An access control list: entries in evaluation order.
///
/// A list never exceeds 65,535 bytes, the limit of its length field. An unchanged list is written back byte for byte; a
/// changed one has revision 4 if it contains an object entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Acl {
    revision: u8,
    padding: (u8, u16),
    aces: Vec<Ace>,
    /// The bytes within the length that belong to no entry.
    slack: Box<[u8]>,
}

impl Acl {
    /// Creates a list of the given entries, in the given order.
    ///
    /// # Errors
    /// [`InvalidValue`] if the list would exceed 65,535 bytes.
    pub fn new(aces: impl IntoIterator<Item = Ace>) -> Result<Self, InvalidValue> {
        let aces = aces.into_iter().collect();
        let list = Self { revision: REVISION, padding: (0, 0), aces, slack: Box::default() };
        list.checked()
    }

    /// Returns the entries in evaluation order.
    pub fn aces(&self) -> &[Ace] {
        &self.aces
    }

    /// Returns the revision: 2, or 4 with object entries.
    pub fn revision(&self) -> u8 {
        self.revision
    }

    /// Returns the list with an entry inserted in canonical order: explicit entries before inherited ones, deny entries
    /// before all others, and the new entry after existing ones of the same rank.
    ///
    /// # Errors
    /// [`InvalidValue`] if the list would exceed 65,535 bytes.
    pub fn with(&self, ace: Ace) -> Result<Self, InvalidValue> {
        let denies = |ace: &Ace| ace.effect() == Some(AceEffect::Deny);
        let order = |ace: &Ace| (ace.is_inherited(), !denies(ace));
        let place = if ace.is_inherited() {
            None
        } else {
            let before = order(&ace);
            self.aces.iter().position(|other| order(other) > before)
        };
        let mut list = self.clone();
        list.aces.insert(place.unwrap_or(self.aces.len()), ace);
        list.checked()
    }

    /// Returns the list without the entries for which `remove` returns `true`. The others keep their order.
    #[must_use]
    pub fn without(&self, mut remove: impl FnMut(&Ace) -> bool) -> Self {
        let mut list = self.clone();
        list.aces.retain(|ace| !remove(ace));
        list
    }

    /// Returns the list with `revision`, its revision before an object entry was added, if no object entry is left.
    #[must_use]
    pub(in crate::ad) fn with_revision_before(mut self, revision: u8) -> Self {
        if !self.aces.iter().any(Ace::needs_revision_4) {
            self.revision = revision;
        }
        self
    }

    /// Parses a list from the start of `bytes`; returns it with its length.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), &'static str> {
        const CUT_OFF: &str = "is cut off";
        let size = usize::from(u16_at(bytes, 2).ok_or(CUT_OFF)?);
        let bytes = bytes.get(..size).ok_or(CUT_OFF)?;
        let revision = u8_at(bytes, 0).ok_or(CUT_OFF)?;
        let padding = (u8_at(bytes, 1).ok_or(CUT_OFF)?, u16_at(bytes, 6).ok_or(CUT_OFF)?);
        let count = u16_at(bytes, 4).ok_or(CUT_OFF)?;
        let mut rest = bytes.get(HEADER..).ok_or(CUT_OFF)?;
        let mut aces = Vec::new();
        for _ in 0..count {
            let (ace, length) = Ace::read(rest).ok_or("has an entry that does not fit in it")?;
            aces.push(ace);
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok((Self { revision, padding, aces, slack: rest.into() }, size))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        self.aces.iter().for_each(|ace| ace.write(&mut entries));
        entries.extend(&self.slack);
        let number = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        let mut bytes = vec![self.revision, self.padding.0];
        bytes.extend(number(HEADER + entries.len()));
        bytes.extend(number(self.aces.len()));
        bytes.extend(self.padding.1.to_le_bytes());
        bytes.extend(entries);
        bytes
    }

    /// Sets the revision that the entries need, and checks the length.
    fn checked(mut self) -> Result<Self, InvalidValue> {
        let entries: usize = self.aces.iter().map(|ace| ace.data().len() + 4).sum();
        if HEADER + entries + self.slack.len() > usize::from(u16::MAX) {
            return Err(InvalidValue::new(
                "access control list",
                "has more than 65,535 bytes",
                "remove entries that are no longer needed",
            ));
        }
        if self.aces.iter().any(Ace::needs_revision_4) {
            self.revision = self.revision.max(REVISION_WITH_OBJECTS);
        }
        Ok(self)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ad::descriptor::ace::tests::any_ace;
    use proptest::prelude::*;

    /// Generates any list that can be parsed.
    pub(in crate::ad) fn any_acl() -> impl Strategy<Value = Acl> + Clone {
        let slack = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(any::<u8>(), 0..12)];
        (prop::collection::vec(any_ace(), 0..12), slack, any::<(u8, u16)>(), 2..=4_u8)
            .prop_map(|(aces, slack, padding, revision)| Acl { revision, padding, aces, slack: slack.into() })
    }

    fn acl(aces: &[&str]) -> Acl {
        Acl::new(aces.iter().map(|ace| ace.parse().unwrap())).unwrap()
    }

    #[test]
    fn a_new_entry_stands_after_the_last_of_its_kind_and_before_all_inherited_ones() {
        let cases = [
            ("no entries", vec![], "(A;;CC;;;AU)", 0),
            ("only own ones", vec!["(D;;DC;;;WD)", "(A;;RP;;;AU)"], "(A;;CC;;;AU)", 2),
            ("only inherited ones", vec!["(A;ID;RP;;;AU)"], "(A;;CC;;;AU)", 0),
            ("both", vec!["(D;;DC;;;WD)", "(A;;RP;;;AU)", "(D;ID;DC;;;WD)"], "(A;;CC;;;AU)", 2),
            ("a denying one", vec!["(D;;DC;;;WD)", "(A;;RP;;;AU)", "(A;ID;RP;;;AU)"], "(D;;CC;;;AU)", 1),
            ("an inherited one", vec!["(A;;RP;;;AU)", "(A;ID;RP;;;AU)"], "(A;ID;CC;;;AU)", 2),
            (
                "a list out of order",
                vec!["(A;;RP;;;AU)", "(A;ID;RP;;;AU)", "(A;;LC;;;AU)"],
                "(A;;CC;;;AU)",
                1,
            ),
        ];
        for (name, before, new, place) in cases {
            let before = acl(&before);
            let after = before.with(new.parse().unwrap()).unwrap();
            assert_eq!(after.aces()[place].to_string(), new, "{name}");
            let mut others = after.aces().to_vec();
            others.remove(place);
            assert_eq!(others, before.aces(), "{name}");
        }
    }

    #[test]
    fn an_object_entry_makes_the_revision_4() {
        let plain = acl(&["(A;;RP;;;AU)"]);
        assert_eq!(plain.revision(), 2);
        let object = "(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;AU)";
        assert_eq!(plain.with(object.parse().unwrap()).unwrap().revision(), 4);
        assert_eq!(acl(&[object]).revision(), 4);
        assert_eq!(plain.with("(A;;LC;;;AU)".parse().unwrap()).unwrap().revision(), 2);
    }

    #[test]
    fn a_list_does_not_outgrow_its_length_field() {
        let entry: Ace = "(A;;RP;;;S-1-5-21-1-2-3-4)".parse().unwrap();
        let full = Acl::new(vec![entry.clone(); (65_535 - 8) / 36]).unwrap();
        assert_eq!(full.aces().len(), 1820);
        assert_eq!(full.with(entry).unwrap_err().problem(), "has more than 65,535 bytes");
        assert_eq!(Acl::read(&full.to_bytes()).unwrap().0, full);
    }

    #[test]
    fn a_broken_list_is_refused() {
        let good = acl(&["(A;;RP;;;AU)"]).to_bytes();
        assert!(Acl::read(&good).is_ok());
        const CUT_OFF: &str = "is cut off";
        const NO_FIT: &str = "has an entry that does not fit in it";
        for (at, value, problem) in [(2, 29, CUT_OFF), (4, 2, NO_FIT), (2, 7, CUT_OFF), (10, 21, NO_FIT)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert_eq!(Acl::read(&bad), Err(problem), "byte {at} = {value}");
        }
        assert_eq!(Acl::read(&good[..good.len() - 1]), Err(CUT_OFF));
        assert_eq!(Acl::read(&[]), Err(CUT_OFF));
    }

    proptest! {
        #[test]
        fn every_list_comes_back_from_its_bytes(acl in any_acl()) {
            let bytes = acl.to_bytes();
            prop_assert_eq!(Acl::read(&bytes), Ok((acl, bytes.len())));
        }
    }
}
