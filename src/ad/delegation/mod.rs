//! The connector's rights on the OU in which it creates computer accounts: the entries that each profile needs, those
//! that are missing, and how to grant and revoke them.
//!
//! [`Delegation`] reads and writes the DACL of an OU; everything else works on a DACL in memory. [`DelegationScript`]
//! expresses a delegation as a script, for administrators who use other tools.

mod change;
mod script;

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::change::{Delegation, DelegationReceipt, DelegationReport, RevocationReport};
pub use self::script::DelegationScript;
use super::descriptor::{AccessMask, Ace, AceEffect, AceFlags, Acl, Guid, Sid};
use super::principal::Principal;
use crate::model::{InvalidValue, OrganizationalUnit};

/// The rights that a connector gets on an OU. Each profile includes the ones before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DelegationProfile {
    /// Create computers in this OU only. This is the minimum and the default, and it is sufficient for connector
    /// version 6.2501.2000.5 or newer, which runs as a managed service account.
    #[default]
    CreateOnly,
    /// Create computers and have full control of them, in this OU and below: Microsoft's documented rights for the
    /// legacy connector, which runs as its server's computer account.
    CreateFullControl,
    /// Create and delete computers and have full control of them, in this OU and below: the rights that Microsoft used
    /// to document for the legacy connector.
    CreateDeleteFullControl,
}

impl DelegationProfile {
    /// Every profile, from least to most privileged.
    pub const ALL: [Self; 3] = [Self::CreateOnly, Self::CreateFullControl, Self::CreateDeleteFullControl];

    /// Returns the entries that the profile adds to the DACL of an OU.
    ///
    /// ```
    /// # use windows_autopilot::ad::delegation::DelegationProfile;
    /// # use windows_autopilot::ad::descriptor::Sid;
    /// let connector: Sid = "S-1-5-21-1-2-3-1104".parse()?;
    /// let [create] = &DelegationProfile::CreateOnly.aces(&connector)[..] else { unreachable!() };
    /// assert_eq!(create.to_string(), "(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)");
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn aces(self, trustee: &Sid) -> Vec<Ace> {
        self.grants().iter().map(|grant| grant.to(trustee)).collect()
    }

    /// Returns the highest profile that `dacl` grants to `trustee`, through explicit or inherited entries; `None` if
    /// not even the least privileged one is covered.
    ///
    /// ```
    /// use windows_autopilot::ad::delegation::DelegationProfile;
    /// use windows_autopilot::ad::descriptor::{Acl, Sid};
    ///
    /// let connector: Sid = "S-1-5-21-1-2-3-1104".parse()?;
    /// let dacl = Acl::new(DelegationProfile::CreateOnly.aces(&connector))?;
    /// assert_eq!(DelegationProfile::covered_by(&dacl, &connector), Some(DelegationProfile::CreateOnly));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A profile counts as covered even if child OUs do not inherit the right to create computers, because the
    /// Delegation of Control wizard in Windows might not make it inheritable. Deny entries are ignored;
    /// [`Acl::check_access`] evaluates them.
    pub fn covered_by(dacl: &Acl, trustee: &Sid) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|profile| profile.is_covered_by(dacl, trustee))
    }

    /// Plans the entries to add to `dacl` so that `trustee` has this profile.
    ///
    /// # Errors
    /// [`InvalidValue`] if the list would exceed 65,535 bytes.
    pub fn plan(self, dacl: &Acl, trustee: &Sid) -> Result<DelegationPlan, InvalidValue> {
        let mut plan = DelegationPlan {
            trustee: trustee.clone(),
            grants: Vec::new(),
            before: dacl.clone(),
            after: dacl.clone(),
        };
        if self.is_covered_by(dacl, trustee) {
            return Ok(plan);
        }
        for grant in self.grants() {
            let ace = grant.to(trustee);
            if !dacl.covers(&ace) {
                plan.after = plan.after.with(ace)?;
                plan.grants.push(*grant);
            }
        }
        Ok(plan)
    }

    fn is_covered_by(self, dacl: &Acl, trustee: &Sid) -> bool {
        self.grants().iter().all(|grant| dacl.covers(&grant.least(trustee)))
    }

    fn grants(self) -> &'static [Grant] {
        match self {
            Self::CreateOnly => &[Grant::CreateHere],
            Self::CreateFullControl => &[Grant::Create, Grant::FullControl],
            Self::CreateDeleteFullControl => &[Grant::CreateDelete, Grant::FullControl],
        }
    }
}

impl fmt::Display for DelegationProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateOnly => "create computers, in this OU only",
            Self::CreateFullControl => "create computers and have full control of them, in this OU and below",
            Self::CreateDeleteFullControl => {
                "create and delete computers and have full control of them, in this OU and below"
            }
        })
    }
}

/// An entry of a profile, without its trustee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grant {
    /// Create computers in the OU itself.
    CreateHere,
    /// Create computers in the OU and below.
    Create,
    /// Create and delete computers in the OU and below.
    CreateDelete,
    /// Full control of the computers in the OU and below.
    FullControl,
}

impl Grant {
    fn to(self, trustee: &Sid) -> Ace {
        self.with_flags(self.flags(), trustee)
    }

    /// Returns the least entry that a check accepts: the right to create need not be inherited.
    fn least(self, trustee: &Sid) -> Ace {
        let flags = if self == Self::FullControl { self.flags() } else { AceFlags::default() };
        self.with_flags(flags, trustee)
    }

    fn flags(self) -> AceFlags {
        match self {
            Self::CreateHere => AceFlags::default(),
            Self::Create | Self::CreateDelete => AceFlags::CONTAINER_INHERIT,
            Self::FullControl => AceFlags::CONTAINER_INHERIT | AceFlags::INHERIT_ONLY,
        }
    }

    fn with_flags(self, flags: AceFlags, trustee: &Sid) -> Ace {
        let computer = Some(Guid::COMPUTER);
        let (mask, object_type, inherited_object_type) = match self {
            Self::CreateHere | Self::Create => (AccessMask::CREATE_CHILD, computer, None),
            Self::CreateDelete => (AccessMask::CREATE_CHILD | AccessMask::DELETE_CHILD, computer, None),
            // Not GENERIC_ALL, which Windows turns into this, and Samba stores as it is.
            Self::FullControl => (AccessMask::FULL_CONTROL, None, computer),
        };
        Ace::new(AceEffect::Allow, flags, mask, object_type, inherited_object_type, trustee.clone())
    }
}

/// The entries to add to the DACL of an OU. `Display` writes the difference in SDDL, one line per entry.
///
/// ```
/// # use windows_autopilot::ad::{delegation::DelegationProfile, descriptor::{SecurityDescriptor, Sid}};
/// let connector: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// let ou: SecurityDescriptor = "D:PAI(A;;GA;;;SY)(A;CIID;RP;;;AU)".parse()?;
/// let plan = DelegationProfile::CreateOnly.plan(ou.dacl().unwrap(), &connector)?;
/// assert_eq!(plan.to_string(), "+ (OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;S-1-5-21-1-2-3-1104)\n");
///
/// let again = DelegationProfile::CreateOnly.plan(plan.dacl(), &connector)?;
/// assert!(again.is_empty());
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DelegationPlan {
    trustee: Sid,
    grants: Vec<Grant>,
    before: Acl,
    after: Acl,
}

impl DelegationPlan {
    /// Returns `true` if no entry is missing.
    pub fn is_empty(&self) -> bool {
        self.grants.is_empty()
    }

    /// Returns the entries to add. Pass them to [`RevocationPlan::new`] to undo the change.
    pub fn aces(&self) -> Vec<Ace> {
        self.grants.iter().map(|grant| grant.to(&self.trustee)).collect()
    }

    /// Returns the resulting DACL: new entries come after the last explicit one, before the first inherited one.
    pub fn dacl(&self) -> &Acl {
        &self.after
    }

    /// Returns the change as a script for an administrator, with the trustee as a SID.
    ///
    /// # Errors
    /// [`InvalidValue`] if the OU's name, as reported by the service, is invalid.
    pub fn script(&self, ou: &OrganizationalUnit) -> Result<DelegationScript, InvalidValue> {
        DelegationScript::new(&self.grants, ou, Principal::from(self.trustee.clone()))
    }
}

impl fmt::Display for DelegationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sddl_difference(&self.before, &self.after))
    }
}

/// The entries to remove from the DACL of an OU to revoke a delegation: one copy of each granted entry, and nothing
/// else. `Display` writes the difference in SDDL.
///
/// ```
/// # windows_autopilot::testing::run(async |_| {
/// # let directory = windows_autopilot::ad::memory::MemoryDirectory::new(&"corp.example".parse()?);
/// # let unit: windows_autopilot::model::OrganizationalUnit = "OU=Autopilot,DC=corp,DC=example".parse()?;
/// # directory.add_unit(&unit);
/// # let connector = directory.add_managed_service_account("msaODJ1a2b3");
/// # let report = windows_autopilot::ad::delegation::Delegation::new(&unit, connector).apply(&directory).await?;
/// let plan = report.receipt.plan_revocation(&directory).await?;
/// println!("{plan}");
/// assert_eq!(plan.aces().len(), 1);
/// # Ok(()) });
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationPlan {
    removed: Vec<Ace>,
    missing: Vec<Ace>,
    before: Acl,
    after: Acl,
}

impl RevocationPlan {
    /// Plans the removal of `granted` from `dacl`.
    ///
    /// Only explicit entries that match exactly are removed. An entry that another tool has merged with others is kept
    /// and reported as [missing](Self::missing).
    pub fn new(dacl: &Acl, granted: &[Ace]) -> Self {
        let mut missing: Vec<Ace> = granted.to_vec();
        let mut removed = Vec::new();
        let after = dacl.without(|ace| {
            let place = missing.iter().position(|granted| same(granted, ace));
            removed.extend(place.map(|place| missing.remove(place)));
            place.is_some()
        });
        Self { removed, missing, before: dacl.clone(), after }
    }

    /// Returns `true` if there is nothing to remove.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty()
    }

    /// Returns the entries to remove.
    pub fn aces(&self) -> &[Ace] {
        &self.removed
    }

    /// Returns the granted entries that were not found, because they were already removed or merged with others.
    pub fn missing(&self) -> &[Ace] {
        &self.missing
    }

    /// Returns the resulting DACL.
    pub fn dacl(&self) -> &Acl {
        &self.after
    }
}

impl fmt::Display for RevocationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sddl_difference(&self.before, &self.after))
    }
}

/// Returns the difference between two lists, one line per entry: `- ` followed by the SDDL of a removed entry, `+ `
/// followed by that of an added one, and a final line if the order of the remaining entries changed.
///
/// ```
/// use windows_autopilot::ad::delegation::sddl_difference;
/// use windows_autopilot::ad::descriptor::Acl;
///
/// let before = Acl::new(["(A;;GA;;;SY)".parse()?])?;
/// let after = before.with("(A;;RP;;;AU)".parse()?)?;
/// assert!(sddl_difference(&before, &after).starts_with("+ "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sddl_difference(before: &Acl, after: &Acl) -> String {
    let (gone, kept_before) = apart(before.aces(), after.aces());
    let (new, kept_after) = apart(after.aces(), before.aces());
    let mut text = String::new();
    for (sign, aces) in [("-", gone), ("+", new)] {
        for ace in aces {
            text.push_str(&format!("{sign} {ace}\n"));
        }
    }
    if kept_before != kept_after {
        text.push_str("~ the order of the other entries changed\n");
    }
    text
}

/// Splits `these` into the entries that `those` lacks, counting repetitions, and the rest.
fn apart<'a>(these: &'a [Ace], those: &[Ace]) -> (Vec<&'a Ace>, Vec<&'a Ace>) {
    let mut left: HashMap<&Ace, usize> = HashMap::new();
    for ace in those {
        *left.entry(ace).or_default() += 1;
    }
    these.iter().partition(|ace| match left.get_mut(ace) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    })
}

/// Returns `true` if both grant the same; a directory may have mapped generic rights.
fn same(granted: &Ace, ace: &Ace) -> bool {
    let parts = |ace: &Ace| {
        let trustee = ace.trustee().cloned();
        let mask = ace.mask().map(AccessMask::mapped);
        (ace.effect(), ace.flags(), mask, ace.object_type(), ace.inherited_object_type(), trustee)
    };
    granted.trustee().is_some() && !ace.is_inherited() && parts(granted) == parts(ace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ad::descriptor::SecurityDescriptor;
    use crate::ad::descriptor::tests::{SID, any_acl};
    use proptest::prelude::*;

    use DelegationProfile::{CreateDeleteFullControl, CreateFullControl, CreateOnly};

    fn me() -> Sid {
        SID.parse().unwrap()
    }

    fn acl(text: &str) -> Acl {
        let text = text.replace("COMPUTER", "bf967a86-0de6-11d0-a285-00aa003049e2").replace("ME", SID);
        format!("D:{text}").parse::<SecurityDescriptor>().unwrap().dacl().unwrap().clone()
    }

    fn any_profile() -> impl Strategy<Value = DelegationProfile> {
        prop::sample::select(&DelegationProfile::ALL[..])
    }

    #[test]
    fn the_profiles_grant_what_microsoft_documents() {
        for (profile, sddl) in [
            (CreateOnly, "(OA;;CC;COMPUTER;;ME)"),
            (CreateFullControl, "(OA;CI;CC;COMPUTER;;ME)(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;COMPUTER;ME)"),
            (
                CreateDeleteFullControl,
                "(OA;CI;CCDC;COMPUTER;;ME)(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;COMPUTER;ME)",
            ),
        ] {
            assert_eq!(profile.aces(&me()), acl(sddl).aces(), "{profile}");
        }
        assert_eq!(DelegationProfile::default(), CreateOnly);
    }

    #[test]
    fn the_most_that_is_covered_is_told() {
        let full = "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;COMPUTER;ME)";
        let cases = [
            (String::new(), None),
            ("(OA;;CC;COMPUTER;;ME)".into(), Some(CreateOnly)),
            ("(OA;ID;CC;COMPUTER;;ME)".into(), Some(CreateOnly)),
            ("(OA;CI;CC;COMPUTER;;ME)".into(), Some(CreateOnly)),
            ("(OA;CIIO;CC;COMPUTER;;ME)".into(), None),
            (full.into(), None),
            (format!("(OA;;CC;COMPUTER;;ME){full}"), Some(CreateFullControl)),
            (format!("(OA;CI;CC;COMPUTER;;ME){full}"), Some(CreateFullControl)),
            (format!("(OA;;CCDC;COMPUTER;;ME){full}"), Some(CreateDeleteFullControl)),
            (format!("(OA;;DC;COMPUTER;;ME)(OA;;CC;COMPUTER;;ME){full}"), Some(CreateDeleteFullControl)),
            ("(A;CI;GA;;;ME)".into(), Some(CreateDeleteFullControl)),
            ("(A;;GA;;;ME)".into(), Some(CreateOnly)),
            ("(A;CI;GA;;;AU)".into(), None),
        ];
        for (sddl, profile) in cases {
            assert_eq!(DelegationProfile::covered_by(&acl(&sddl), &me()), profile, "{sddl}");
        }
    }

    #[test]
    fn a_plan_adds_what_is_missing_in_the_right_place() {
        let full = "(OA;CIIO;CCDCLCSWRPWPDTLOCRSDRCWDWO;;COMPUTER;ME)";
        let own = "(D;;DC;;;WD)(A;;GA;;;SY)";
        let inherited = "(A;CIID;RP;;;AU)";
        let cases = [
            (CreateOnly, "", "(OA;;CC;COMPUTER;;ME)".to_owned()),
            (CreateFullControl, "", format!("(OA;CI;CC;COMPUTER;;ME){full}")),
            (CreateDeleteFullControl, "", format!("(OA;CI;CCDC;COMPUTER;;ME){full}")),
            (CreateFullControl, "(OA;CI;CCDC;COMPUTER;;ME)", full.to_owned()),
            (CreateFullControl, "(OA;;CC;COMPUTER;;ME)", format!("(OA;CI;CC;COMPUTER;;ME){full}")),
            (CreateDeleteFullControl, full, "(OA;CI;CCDC;COMPUTER;;ME)".to_owned()),
        ];
        for (profile, has, added) in cases {
            let before = acl(&format!("{own}{has}{inherited}"));
            let plan = profile.plan(&before, &me()).unwrap();
            assert_eq!(plan.aces(), acl(&added).aces(), "{profile} {has}");
            assert_eq!(
                plan.dacl(),
                &Acl::new(acl(&format!("{own}{has}{added}{inherited}")).aces().to_vec()).unwrap()
            );
            let lines: Vec<String> = plan.aces().iter().map(|ace| format!("+ {ace}\n")).collect();
            assert_eq!(plan.to_string(), lines.concat());
        }
    }

    #[test]
    fn what_is_covered_is_not_planned_even_without_inheritance() {
        let dacl = acl("(OA;;CC;COMPUTER;;ME)(OA;CIIO;GA;;COMPUTER;ME)");
        let plan = CreateFullControl.plan(&dacl, &me()).unwrap();
        assert!(plan.is_empty() && plan.aces().is_empty());
        assert_eq!((plan.dacl(), plan.to_string().as_str()), (&dacl, ""));
    }

    #[test]
    fn revoking_removes_each_granted_entry_once_and_no_other() {
        let granted = CreateFullControl.aces(&me());
        let before = acl(
            "(OA;CI;CC;COMPUTER;;ME)(OA;CI;CC;COMPUTER;;ME)(OA;CI;CCDC;COMPUTER;;ME)(OA;CI;CC;COMPUTER;;AU)\
             (OA;CIIO;GA;;COMPUTER;ME)(OA;CIID;CC;COMPUTER;;ME)",
        );
        let plan = RevocationPlan::new(&before, &granted);
        let after = acl(
            "(OA;CI;CC;COMPUTER;;ME)(OA;CI;CCDC;COMPUTER;;ME)(OA;CI;CC;COMPUTER;;AU)(OA;CIID;CC;COMPUTER;;ME)",
        );
        assert_eq!((plan.dacl(), plan.missing()), (&after, &[][..]));
        assert_eq!(plan.aces(), granted);
        assert_eq!(
            plan.to_string(),
            acl("(OA;CI;CC;COMPUTER;;ME)(OA;CIIO;GA;;COMPUTER;ME)")
                .aces()
                .iter()
                .map(|ace| format!("- {ace}\n"))
                .collect::<String>()
        );

        let inherited = acl("(OA;CIID;CC;COMPUTER;;ME)");
        assert!(RevocationPlan::new(&inherited, inherited.aces()).is_empty());
        let merged = acl("(OA;CI;CCRP;COMPUTER;;ME)(OA;CIID;CC;COMPUTER;;ME)");
        let plan = RevocationPlan::new(&merged, &granted);
        assert!(plan.is_empty());
        assert_eq!((plan.dacl(), plan.missing()), (&merged, &granted[..]));
    }

    #[test]
    fn the_difference_tells_repetitions_and_order() {
        let (a, b) = ("(A;;RP;;;AU)", "(A;;LC;;;AU)");
        for (before, after, expected) in [
            (format!("{a}{b}"), format!("{a}{b}"), String::new()),
            (format!("{a}{a}"), a.to_owned(), format!("- {a}\n")),
            (a.to_owned(), b.to_owned(), format!("- {a}\n+ {b}\n")),
            (format!("{a}{b}"), format!("{b}{a}"), "~ the order of the other entries changed\n".to_owned()),
        ] {
            assert_eq!(sddl_difference(&acl(&before), &acl(&after)), expected);
        }
    }

    #[test]
    fn a_profile_is_written_by_its_name() {
        for (profile, json) in [
            (CreateOnly, "\"create_only\""),
            (CreateFullControl, "\"create_full_control\""),
            (CreateDeleteFullControl, "\"create_delete_full_control\""),
        ] {
            assert_eq!(serde_json::to_string(&profile).unwrap(), json);
            assert_eq!(serde_json::from_str::<DelegationProfile>(json).unwrap(), profile);
        }
    }

    proptest! {
        #[test]
        fn a_plan_is_covered_is_not_repeated_and_can_be_taken_back(dacl in any_acl(), profile in any_profile()) {
            let plan = profile.plan(&dacl, &me()).unwrap();
            prop_assert!(DelegationProfile::covered_by(plan.dacl(), &me()) >= Some(profile));
            prop_assert!(profile.plan(plan.dacl(), &me()).unwrap().is_empty());
            let back = RevocationPlan::new(plan.dacl(), &plan.aces());
            prop_assert_eq!(back.dacl().aces(), dacl.aces());
            prop_assert!(back.missing().is_empty());
        }
    }
}
