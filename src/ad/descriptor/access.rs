//! Access checks: the rights that an access control list gives an account.

use std::collections::BTreeSet;

use super::ace::{Ace, AceEffect};
use super::acl::Acl;
use super::bits::{AccessMask, AceFlags};
use super::guid::Guid;
use super::security_descriptor::SecurityDescriptor;
use super::sid::Sid;

/// The SIDs that an account acts under: its own, its groups', and those that every account has.
///
/// ```
/// use windows_autopilot::ad::descriptor::{SecurityToken, Sid};
///
/// let account: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let token = SecurityToken::from_sids([account.clone(), Sid::everyone()]);
/// assert!(token.contains(&account));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// For a token read from the directory, see [`Account`](crate::ad::Account).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecurityToken {
    sids: BTreeSet<Sid>,
    unknown: BTreeSet<Sid>,
}

impl SecurityToken {
    /// Creates a token with exactly these SIDs.
    pub fn from_sids(sids: impl IntoIterator<Item = Sid>) -> Self {
        Self { sids: sids.into_iter().collect(), unknown: BTreeSet::new() }
    }

    /// Adds SIDs of groups that the account may or may not belong to.
    #[must_use]
    pub fn with_unknown(mut self, sids: impl IntoIterator<Item = Sid>) -> Self {
        self.unknown.extend(sids.into_iter().filter(|sid| !self.sids.contains(sid)));
        self
    }

    /// Returns the SIDs that the account is known to act under.
    pub fn sids(&self) -> impl Iterator<Item = &Sid> {
        self.sids.iter()
    }

    /// Returns the SIDs of groups that the account may or may not belong to.
    pub fn unknown(&self) -> impl Iterator<Item = &Sid> {
        self.unknown.iter()
    }

    /// Returns `true` if the account is known to act under `sid`.
    pub fn contains(&self, sid: &Sid) -> bool {
        self.sids.contains(sid)
    }

    /// Returns `true` if it is not known whether the account acts under `sid`.
    pub fn is_unknown(&self, sid: &Sid) -> bool {
        self.unknown.contains(sid)
    }
}

/// The outcome of an access check.
///
/// ```
/// use windows_autopilot::ad::descriptor::{AccessMask, SecurityDescriptor, SecurityToken, Sid};
///
/// let descriptor: SecurityDescriptor = "D:(A;;CC;;;AU)".parse()?;
/// let token = SecurityToken::from_sids([Sid::authenticated_users()]);
/// let check = descriptor.check_access(&token, AccessMask::CREATE_CHILD, None);
/// assert!(check.is_granted() && check.is_certain());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessCheck {
    /// The requested rights.
    pub requested: AccessMask,
    /// The requested rights that an entry allows.
    pub granted: AccessMask,
    /// The requested rights that an entry denies. Rights that no entry mentions are not granted either.
    pub denied: AccessMask,
    /// The indices of the entries that decided the outcome.
    pub decided_by: Vec<usize>,
    /// The indices of entries that were skipped but could change the outcome: unrecognized ones, such as conditional
    /// entries, and entries for SIDs of groups that the account may or may not belong to.
    pub uncertain: Vec<usize>,
}

impl AccessCheck {
    /// Returns `true` if all requested rights are granted. The result is conclusive only if the check [is
    /// certain](Self::is_certain).
    pub fn is_granted(&self) -> bool {
        self.granted.contains(self.requested)
    }

    /// Returns `true` if no skipped entry could change the outcome.
    pub fn is_certain(&self) -> bool {
        self.uncertain.is_empty()
    }
}

impl Acl {
    /// Evaluates the list as the DACL of a directory object. For each right, the first entry that mentions it applies.
    ///
    /// `object_type` is the class to create or delete, or the property or right. Entries limited to another object type
    /// are skipped, as are those that apply to children only. Implicit rights, such as the owner's right to change the
    /// DACL, are not considered.
    ///
    /// ```
    /// # use windows_autopilot::ad::descriptor::{AccessMask, Guid, SecurityDescriptor, SecurityToken, Sid};
    /// let ou: SecurityDescriptor =
    ///     "D:(D;;DC;;;WD)(OA;;CCDC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)".parse()?;
    /// let connector = SecurityToken::from_sids(["S-1-5-21-1-2-3-1104".parse()?, Sid::everyone()]);
    /// let dacl = ou.dacl().unwrap();
    /// assert!(dacl.check_access(&connector, AccessMask::CREATE_CHILD, Some(Guid::COMPUTER)).is_granted());
    /// assert!(!dacl.check_access(&connector, AccessMask::DELETE_CHILD, Some(Guid::COMPUTER)).is_granted());
    /// assert!(!dacl.check_access(&connector, AccessMask::CREATE_CHILD, Some(Guid::USER)).is_granted());
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn check_access(
        &self,
        token: &SecurityToken,
        requested: AccessMask,
        object_type: Option<Guid>,
    ) -> AccessCheck {
        let requested = requested.mapped();
        let mut access = AccessCheck { requested, ..AccessCheck::default() };
        // Entries that may have effect, and on which of the rights that were undecided at their place.
        let mut possible = Vec::new();
        for (place, ace) in self.aces().iter().enumerate() {
            let open = requested.without(access.granted | access.denied);
            if open.is_empty() {
                break;
            }
            if ace.flags().contains(AceFlags::INHERIT_ONLY) {
                continue;
            }
            let (Some(effect), Some(mask), Some(trustee)) = (ace.effect(), ace.mask(), ace.trustee()) else {
                possible.push((place, conditional_effect(ace), open));
                continue;
            };
            let decides = mask.mapped().intersection(open);
            let about_it = ace.object_type().is_none_or(|limit| Some(limit) == object_type);
            if decides.is_empty() || !about_it {
                continue;
            }
            if token.is_unknown(trustee) {
                possible.push((place, Some(effect), decides));
                continue;
            }
            if !token.contains(trustee) {
                continue;
            }
            match effect {
                AceEffect::Allow => access.granted = access.granted | decides,
                AceEffect::Deny => access.denied = access.denied | decides,
                AceEffect::Audit => continue,
            }
            access.decided_by.push(place);
        }
        let matters = |effect: Option<AceEffect>, rights: AccessMask| match effect {
            Some(AceEffect::Allow) => !access.granted.contains(rights),
            Some(AceEffect::Deny) => !access.granted.intersection(rights).is_empty(),
            Some(AceEffect::Audit) => false,
            None => true,
        };
        let uncertain = possible.into_iter().filter(|(_, effect, rights)| matters(*effect, *rights));
        access.uncertain = uncertain.map(|(place, ..)| place).collect();
        access
    }

    /// Returns `true` if the list's allow entries, explicit or inherited, together grant everything that the allow
    /// entry `wanted` grants.
    ///
    /// These entries must name the same trustee, cover the same class or all classes, and reach the same levels: the
    /// object itself, its children, and deeper descendants.
    ///
    /// Deny entries are ignored; [`check_access`](Self::check_access) evaluates them.
    pub fn covers(&self, wanted: &Ace) -> bool {
        let Some(mask) = wanted.mask().filter(|_| wanted.effect() == Some(AceEffect::Allow)) else {
            return false;
        };
        let missing = self.aces().iter().filter(|ace| reaches(ace, wanted)).filter_map(Ace::mask);
        missing.fold(mask.mapped(), |missing, mask| missing.without(mask.mapped())).is_empty()
    }
}

impl SecurityDescriptor {
    /// Checks access against the DACL, as [`Acl::check_access`] does. Without a DACL, everything is granted.
    pub fn check_access(
        &self,
        token: &SecurityToken,
        requested: AccessMask,
        object_type: Option<Guid>,
    ) -> AccessCheck {
        match self.dacl() {
            Some(dacl) => dacl.check_access(token, requested, object_type),
            None => {
                let requested = requested.mapped();
                AccessCheck { requested, granted: requested, ..AccessCheck::default() }
            }
        }
    }
}

/// Returns the effect of an unrecognized entry if its condition holds: kinds 9 to 12 are conditional, kinds from 13 on
/// audit or label. `None` if the effect is not known.
fn conditional_effect(ace: &Ace) -> Option<AceEffect> {
    match ace.kind() {
        0x09 | 0x0B => Some(AceEffect::Allow),
        0x0A | 0x0C => Some(AceEffect::Deny),
        0x02 | 0x03 | 0x07 | 0x08 | 0x0D..=0x13 => Some(AceEffect::Audit),
        _ => None,
    }
}

/// Returns `true` if `ace` allows something to the trustee of `wanted`, for all objects and classes of `wanted`.
fn reaches(ace: &Ace, wanted: &Ace) -> bool {
    let wide_enough = |limit: Option<Guid>, wanted: Option<Guid>| limit.is_none() || limit == wanted;
    ace.effect() == Some(AceEffect::Allow)
        && ace.trustee() == wanted.trustee()
        && wide_enough(ace.object_type(), wanted.object_type())
        && wide_enough(ace.inherited_object_type(), wanted.inherited_object_type())
        && levels(ace.flags()).zip(levels(wanted.flags())).all(|(has, wants)| has || !wants)
}

/// Returns whether an entry applies to the object itself, to its children, and to deeper descendants.
fn levels(flags: AceFlags) -> impl Iterator<Item = bool> {
    let children = flags.contains(AceFlags::CONTAINER_INHERIT);
    let deeper = children && !flags.contains(AceFlags::NO_PROPAGATE);
    [!flags.contains(AceFlags::INHERIT_ONLY), children, deeper].into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::descriptor::acl::tests::any_acl;
    use crate::ad::descriptor::sid::tests::any_sid;
    use proptest::prelude::*;

    const COMPUTER: &str = "bf967a86-0de6-11d0-a285-00aa003049e2";

    fn acl(text: &str) -> Acl {
        let text = text.replace("COMPUTER", COMPUTER).replace("USER", "bf967aba-0de6-11d0-a285-00aa003049e2");
        format!("D:{text}").parse::<SecurityDescriptor>().unwrap().dacl().unwrap().clone()
    }

    fn connector() -> SecurityToken {
        SecurityToken::from_sids([
            "S-1-5-21-1-2-3-1104".parse().unwrap(),
            "S-1-5-21-1-2-3-515".parse().unwrap(),
            Sid::everyone(),
            Sid::authenticated_users(),
            Sid::network(),
            Sid::builtin_users(),
            Sid::pre_windows_2000_access(),
        ])
        .with_unknown(["S-1-5-15".parse().unwrap()])
    }

    #[test]
    fn the_first_entry_about_the_right_decides() {
        let cases = [
            ("", false, &[][..]),
            ("(OA;;CC;COMPUTER;;ME)", true, &[0]),
            ("(OA;;CC;USER;;ME)", false, &[]),
            ("(A;;CC;;;ME)", true, &[0]),
            ("(A;;GA;;;ME)", true, &[0]),
            ("(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;ME)", true, &[0]),
            ("(A;;GR;;;ME)", false, &[]),
            ("(A;;DC;;;ME)(A;;CC;;;ME)", true, &[1]),
            ("(D;;CC;;;ME)(A;;CC;;;ME)", false, &[0]),
            ("(A;;CC;;;ME)(D;;CC;;;ME)", true, &[0]),
            ("(D;;GA;;;ME)(A;;CC;;;ME)", false, &[0]),
            ("(OD;;CC;USER;;ME)(OA;;CC;COMPUTER;;ME)", true, &[1]),
            ("(OD;;CC;COMPUTER;;WD)(OA;;CC;COMPUTER;;ME)", false, &[0]),
            ("(A;CIIO;CC;;;ME)", false, &[]),
            ("(D;CIIO;CC;;;ME)(A;CI;CC;;;ME)", true, &[1]),
            ("(OA;ID;CC;COMPUTER;;ME)", true, &[0]),
            ("(A;;CC;;;ME)(D;ID;CC;;;ME)", true, &[0]),
            ("(OA;CI;CC;COMPUTER;USER;ME)", true, &[0]),
            ("(A;;CC;;;AU)", true, &[0]),
            ("(A;;CC;;;WD)", true, &[0]),
            ("(A;;CC;;;BU)", true, &[0]),
            ("(A;;CC;;;RU)", true, &[0]),
            ("(A;;CC;;;S-1-5-21-1-2-3-515)", true, &[0]),
            ("(A;;CC;;;NU)", true, &[0]),
            ("(D;;CC;;;NU)(A;;CC;;;ME)", false, &[0]),
            ("(D;;CC;;;IU)(A;;CC;;;ME)", true, &[1]),
            ("(A;;CC;;;BA)", false, &[]),
            ("(AU;SA;CC;;;ME)", false, &[]),
        ];
        for (text, granted, decided_by) in cases {
            let list = acl(&text.replace("ME", "S-1-5-21-1-2-3-1104"));
            let access = list.check_access(&connector(), AccessMask::CREATE_CHILD, Some(Guid::COMPUTER));
            assert_eq!(access.is_granted(), granted, "{text}");
            assert_eq!(access.decided_by, decided_by, "{text}");
        }
    }

    #[test]
    fn each_right_of_a_request_is_decided_on_its_own() {
        let list = acl("(D;;DC;;;WD)(A;;CCDCRP;;;AU)(A;;LC;;;AU)(A;;CC;;;AU)");
        let access = list.check_access(&connector(), AccessMask::from_bits(0x2F), None);
        assert_eq!(access.granted, AccessMask::from_bits(0x5));
        assert_eq!(access.denied, AccessMask::DELETE_CHILD);
        assert_eq!(access.decided_by, [0, 1, 2]);
        assert!(!access.is_granted());
    }

    #[test]
    fn an_entry_that_may_decide_otherwise_makes_the_outcome_uncertain() {
        for (text, granted, uncertain) in [
            ("(0x09;CIIO;00)(0x0a;;00)(A;;CC;;;AU)(0x09;;00)", true, &[1][..]),
            ("(0x09;;00)(A;;CC;;;AU)(0x0a;;00)", true, &[]),
            ("(0x09;;00)(D;;CC;;;AU)", false, &[0]),
            ("(0x0a;;00)(D;;CC;;;AU)", false, &[]),
            ("(0x0d;;00)(0x11;;00)(A;;CC;;;AU)", true, &[]),
            ("(0x55;;00)(A;;CC;;;AU)", true, &[0]),
            ("(D;;CC;;;S-1-5-15)(A;;CC;;;AU)", true, &[0]),
            ("(D;;DC;;;S-1-5-15)(A;;CC;;;AU)", true, &[]),
            ("(OD;;CC;USER;;S-1-5-15)(A;;CC;;;AU)", true, &[]),
            ("(A;;CC;;;S-1-5-15)(A;;CC;;;AU)", true, &[]),
            ("(A;;CC;;;S-1-5-15)", false, &[0]),
            ("(D;;CC;;;S-1-5-15)", false, &[]),
            ("(D;;CC;;;AU)(A;;CC;;;S-1-5-15)", false, &[]),
        ] {
            let list = acl(text);
            let access = list.check_access(&connector(), AccessMask::CREATE_CHILD, Some(Guid::COMPUTER));
            assert_eq!((access.is_granted(), &*access.uncertain), (granted, uncertain), "{text}");
            assert_eq!(access.is_certain(), uncertain.is_empty());
        }
    }

    #[test]
    fn without_a_dacl_everything_is_granted_and_with_an_empty_one_nothing() {
        for (text, granted) in [("O:BA", true), ("D:NO_ACCESS_CONTROL", true), ("D:", false)] {
            let descriptor: SecurityDescriptor = text.parse().unwrap();
            let access = descriptor.check_access(&connector(), AccessMask::GENERIC_ALL, Some(Guid::COMPUTER));
            assert_eq!(access.is_granted(), granted, "{text}");
            assert_eq!(access.requested, AccessMask::FULL_CONTROL);
        }
    }

    #[test]
    fn a_list_covers_what_it_already_gives() {
        let create = "(OA;;CC;COMPUTER;;ME)";
        let below = "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;COMPUTER;ME)";
        let cases = [
            ("", create, false),
            (create, create, true),
            ("(OA;ID;CC;COMPUTER;;ME)", create, true),
            ("(OA;CI;CCDC;COMPUTER;;ME)", create, true),
            ("(A;;CC;;;ME)", create, true),
            ("(A;;GA;;;ME)", create, true),
            ("(OA;;CC;USER;;ME)", create, false),
            ("(OA;;DC;COMPUTER;;ME)", create, false),
            ("(OA;;CC;COMPUTER;;AU)", create, false),
            ("(OA;CIIO;CC;COMPUTER;;ME)", create, false),
            ("(OA;CI;CC;COMPUTER;USER;ME)", create, false),
            ("(OD;;CC;COMPUTER;;ME)", create, false),
            ("(AU;;CC;;;ME)", create, false),
            (below, below, true),
            ("(A;CI;GA;;;ME)", below, true),
            ("(OA;CIIO;GA;;COMPUTER;ME)", below, true),
            ("(OA;CIIO;GA;COMPUTER;COMPUTER;ME)", below, false),
            ("(OA;CIIO;GA;;USER;ME)", below, false),
            ("(OA;CIIONP;GA;;COMPUTER;ME)", below, false),
            ("(A;;GA;;;ME)", below, false),
            ("(A;OI;GA;;;ME)", below, false),
            ("(A;;CC;;;ME)(A;;DC;;;ME)", "(A;;CCDC;;;ME)", true),
            ("(A;;CC;;;ME)(A;IO;DC;;;ME)", "(A;;CCDC;;;ME)", false),
            ("(A;;CC;;;ME)", "(D;;CC;;;ME)", false),
            ("(A;;CC;;;ME)", "(AU;;CC;;;ME)", false),
            ("(A;;LCRPRCLO;;;ME)", "(A;;GR;;;ME)", true),
        ];
        for (has, wanted, covered) in cases {
            let me = "S-1-5-21-1-2-3-1104";
            let wanted = acl(&wanted.replace("ME", me));
            assert_eq!(acl(&has.replace("ME", me)).covers(&wanted.aces()[0]), covered, "{has} {wanted:?}");
        }
    }

    proptest! {
        /// Checks one right at a time, as MS-DTYP words it: an independent algorithm without sets.
        #[test]
        fn a_request_is_what_its_rights_are_one_by_one(
            list in any_acl(),
            wanted: u32,
            object in prop_oneof![Just(None), Just(Some(Guid::COMPUTER))],
            extra in any_sid(),
        ) {
            let trustees = list.aces().iter().filter_map(Ace::trustee).step_by(2).cloned();
            let token = SecurityToken::from_sids(trustees.chain([extra]));
            let access = list.check_access(&token, AccessMask::from_bits(wanted), object);
            for bit in (0..32).map(|shift| AccessMask::from_bits(1 << shift)).filter(|bit| access.requested.contains(*bit)) {
                let decider = list.aces().iter().find(|ace| {
                    !ace.flags().contains(AceFlags::INHERIT_ONLY)
                        && matches!(ace.effect(), Some(AceEffect::Allow | AceEffect::Deny))
                        && ace.mask().unwrap().mapped().contains(bit)
                        && token.contains(ace.trustee().unwrap())
                        && (ace.object_type().is_none() || ace.object_type() == object)
                });
                let effect = decider.and_then(Ace::effect);
                prop_assert_eq!(access.granted.contains(bit), effect == Some(AceEffect::Allow));
                prop_assert_eq!(access.denied.contains(bit), effect == Some(AceEffect::Deny));
            }
        }

        #[test]
        fn what_was_added_is_covered(list in any_acl(), sid in any_sid(), mask: u32, flags in 0..16_u8) {
            let wanted = Ace::new(
                AceEffect::Allow, AceFlags::from_bits(flags), AccessMask::from_bits(mask), Some(Guid::COMPUTER), None, sid,
            );
            prop_assert!(list.with(wanted.clone()).unwrap().covers(&wanted));
        }
    }
}
