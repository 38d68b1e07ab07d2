//! Membership rules of dynamic device groups: build, parse, print, check and evaluate them.
//!
//! ```
//! use serde_json::json;
//! use windows_autopilot::model::MembershipRule;
//!
//! let rule = MembershipRule::group_tag("Kiosk")?;
//! assert_eq!(rule.as_str(), r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk"))"#);
//!
//! let device = json!({ "id": "4a1f", "physicalIds": ["[ZTDId]:0c5e", "[OrderID]:KIOSK"] });
//! assert!(rule.matches(device.as_object().unwrap()));
//!
//! let error = r#"device.deviceModel -equals "X1""#.parse::<MembershipRule>().unwrap_err();
//! assert_eq!(error.position(), Some(19));
//! assert_eq!(error.remedy(), "write device.deviceModel -eq \"X1\"");
//! # Ok::<(), windows_autopilot::model::InvalidValue>(())
//! ```
//!
//! # The language
//!
//! A rule is conditions joined by `-not`, `-and` and `-or` (from tight to loose) and parentheses.
//!
//! | condition | on |
//! | --- | --- |
//! | `device.deviceModel -eq "X1"`; also `-ne`, `-[not]StartsWith`, `-[not]EndsWith`, `-[not]Contains`, `-[not]Match` | text |
//! | `device.deviceModel -in ["X1", "X2"]`, `-notIn` | text |
//! | `device.accountEnabled -eq true`, `-ne` | true or false |
//! | `device.deviceCategory -eq null`, `-ne null` (also `$null`) | anything |
//! | `device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk")`, `-all (…)` | lists |
//! | `device.memberOf -any (group.objectId -in ['<id>'])` | groups |
//!
//! * Hyphens before operators may be left out; case of operators, values and `null` does not matter.
//! * Values are text in double or single quotes. In both, a backtick and `"` stand for `"`, and `''` for `'`.
//! * A rule has at most [`MAX_CHARACTERS`] characters.
//!
//! # How it is evaluated
//!
//! Text is compared without regard to case. `-match` finds its pattern anywhere in the text. What .NET alone evaluates,
//! such as look-around, back references, `\Z` and class subtraction, is read and kept, and a device whose membership
//! rests on it is neither in nor out ([`MembershipRule::evaluate`]). Microsoft does not say what an operator does where the attribute is not set; here an
//! operator and its opposite always differ (`-ne "x"` holds, `-eq "x"` does not), and empty text counts as not set.
//! `-all` holds for an empty list. A list compared without `-any` is compared by its items: one is enough.

mod eval;
mod expr;
mod foreign;
mod labels;
mod lex;
mod lint;
mod parse;
mod pattern;
mod property;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use self::expr::{Caseless, Clause, Condition, Expr, Logic, Test};
use self::lint::Remark;
pub use self::property::{Attribute, DeviceAttributes, DeviceProperty, TextList};
use super::text::text_impls;
use super::{Finding, GroupTag, InvalidValue, PurchaseOrder, Text, is_guid};
use crate::model::findings::RULE_TOO_LONG;

/// The length that the service accepts, in characters.
pub const MAX_CHARACTERS: usize = 3_072;

/// The rule of a dynamic device group: its text as written, and what it means. The module's documentation describes
/// the language.
///
/// Two are `==` if their text is; see [`equivalent`](Self::equivalent) for their meaning.
///
/// A group in a tenant may have a rule over users, or in words that this version does not know. Its text is kept and
/// written back unchanged, [`violation`](Self::violation) says what is the matter, and it matches no device. A rule that
/// is written here, by `parse` or `serde`, is always understood.
#[derive(Clone)]
pub struct MembershipRule {
    text: Text,
    meaning: Result<Expr, InvalidValue>,
}

impl MembershipRule {
    /// Every device that is registered with Autopilot.
    ///
    /// The members are the objects that registration makes, not the ones that hybrid join adds later.
    pub fn all_autopilot_devices() -> Self {
        Self::of_physical_id(Test::StartsWith(Caseless::new("[ZTDId]".to_owned())))
    }

    /// Every device registered with this group tag, which Entra calls `OrderID`. Takes text or a [`GroupTag`].
    ///
    /// # Errors
    /// If it is not a group tag, or too long for a rule.
    pub fn group_tag(tag: &(impl AsRef<str> + ?Sized)) -> Result<Self, InvalidValue> {
        let tag: GroupTag = tag.as_ref().parse()?;
        Self::labelled("OrderID", "group tag", tag.as_str())
    }

    /// Every device registered with this purchase order. Takes text or a [`PurchaseOrder`].
    ///
    /// # Errors
    /// If it is not a purchase order, or too long for a rule.
    pub fn purchase_order(order: &(impl AsRef<str> + ?Sized)) -> Result<Self, InvalidValue> {
        let order: PurchaseOrder = order.as_ref().parse()?;
        Self::labelled("PurchaseOrderId", "purchase order", order.as_str())
    }

    /// Every device set up by the `AutopilotConfigurationFile.json` with this `ZtdCorrelationId`.
    ///
    /// # Errors
    /// If the id is not a GUID without braces.
    pub fn offline_profile(correlation_id: &str) -> Result<Self, InvalidValue> {
        if !is_guid(correlation_id) {
            let remedy = "write ZtdCorrelationId of the file, without braces";
            return Err(
                InvalidValue::new("correlation id", "is not a GUID", remedy).with_value(correlation_id)
            );
        }
        let name = Caseless::new(format!("OfflineAutopilotprofile-{correlation_id}"));
        Ok(Self::of(Clause::Whole {
            property: DeviceProperty::EnrollmentProfileName,
            condition: Condition { negated: false, test: Test::Equals(name) },
        }))
    }

    /// A rule as a group in a tenant has it, understood or not.
    pub(crate) fn from_service(text: impl Into<Text>) -> Self {
        let text = text.into();
        let meaning = read(&text, &mut Vec::new()).map_err(|remark| remark.into_invalid_value(&text));
        Self { text, meaning }
    }

    /// The rule as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the reason why the rule is not understood; `None` if it is.
    pub fn violation(&self) -> Option<InvalidValue> {
        self.meaning.as_ref().err().cloned()
    }

    /// Returns `true` if `device` is certainly a member; see [`evaluate`](Self::evaluate).
    ///
    /// Takes well under a microsecond for a rule of one condition, and allocates nothing unless it has a `-match`.
    pub fn matches<D: DeviceAttributes + ?Sized>(&self, device: &D) -> bool {
        self.evaluate(device) == Some(true)
    }

    /// Returns whether `device` is a member; `None` if the rule is not understood, or the answer rests on a pattern that
    /// is not evaluated here.
    ///
    /// ```
    /// # use serde_json::json;
    /// # use windows_autopilot::model::MembershipRule;
    /// let rule: MembershipRule = r#"device.accountEnabled -eq true -and device.displayName -match "^(?!LAB)""#.parse()?;
    /// let evaluate = |device: serde_json::Value| rule.evaluate(device.as_object().unwrap());
    /// assert_eq!(evaluate(json!({ "accountEnabled": false, "displayName": "A" })), Some(false));
    /// assert_eq!(evaluate(json!({ "accountEnabled": true, "displayName": "A" })), None);
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn evaluate<D: DeviceAttributes + ?Sized>(&self, device: &D) -> Option<bool> {
        eval::evaluate(self.meaning.as_ref().ok()?, device)
    }

    /// Returns `true` if both rules say the same, but for blanks, parentheses that change nothing, hyphens before
    /// operators, kinds of quotes, and the case of names and values. Of a rule that is not understood, the text is compared.
    ///
    /// ```
    /// # use windows_autopilot::model::MembershipRule;
    /// let portal: MembershipRule = r#"(device.devicePhysicalIDs -any (_ -eq "[OrderID]:kiosk"))"#.parse()?;
    /// assert!(MembershipRule::group_tag("Kiosk")?.equivalent(&portal));
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    pub fn equivalent(&self, other: &Self) -> bool {
        match (&self.meaning, &other.meaning) {
            (Ok(this), Ok(other)) => this == other,
            _ => self == other,
        }
    }

    /// The rule in one canonical text: names as Microsoft writes them, hyphens before operators, every comparison in
    /// parentheses. It can be longer and nest deeper than the rule as written, beyond the limits of a rule. A rule that
    /// is not understood stays as it is.
    pub fn canonical(&self) -> String {
        match &self.meaning {
            Ok(rule) => rule.to_string(),
            Err(_) => self.text.as_str().to_owned(),
        }
    }

    /// Finds what is known to go wrong with rules like this one, in the order of the text. Ids start with `rule.`; the
    /// place is `character 12`, counted from 1, or `characters 12, 40` of a kind that is found several times.
    ///
    /// A rule that is not understood has one finding: its violation.
    pub fn lint(&self) -> Vec<Finding> {
        Self::lint_text(&self.text)
    }

    /// [`lint`](Self::lint) of text that need not be a rule.
    ///
    /// ```
    /// # use windows_autopilot::model::MembershipRule;
    /// let findings = MembershipRule::lint_text(r#"(device.devicePhysicalIds -any (_ -eq “[OrderID]:Kiosk”))"#);
    /// assert_eq!(findings[0].id, "rule.typographic-quotes");
    /// ```
    pub fn lint_text(text: &str) -> Vec<Finding> {
        let mut remarks = Vec::new();
        let remarks = match read(text, &mut remarks) {
            Ok(rule) => {
                lint::whole(&rule, &mut remarks);
                remarks
            }
            Err(refusal) => vec![refusal],
        };
        lint::into_findings(remarks)
    }

    fn labelled(label: &str, what: &'static str, value: &str) -> Result<Self, InvalidValue> {
        let rule = Self::of_physical_id(Test::Equals(Caseless::new(format!("[{label}]:{value}"))));
        let characters = rule.text.chars().count();
        if characters > MAX_CHARACTERS {
            let problem =
                format!("makes a rule of {characters} characters, and {MAX_CHARACTERS} are allowed");
            return Err(
                InvalidValue::new(what, problem, "register devices with a shorter one").with_value(value)
            );
        }
        Ok(rule)
    }

    fn of_physical_id(test: Test) -> Self {
        Self::of(Clause::Items {
            property: DeviceProperty::DevicePhysicalIds,
            every: false,
            condition: Logic::Leaf(Condition { negated: false, test }),
        })
    }

    fn of(clause: Clause) -> Self {
        let rule = Logic::Leaf(clause);
        Self { text: rule.to_string().into(), meaning: Ok(rule) }
    }
}

/// Reads a rule, after its length.
fn read(text: &str, remarks: &mut Vec<Remark>) -> Result<Expr, Remark> {
    let characters = text.chars().count();
    if characters > MAX_CHARACTERS {
        let problem = format!("the rule has {characters} characters, and {MAX_CHARACTERS} are allowed");
        return Err(Remark::new(RULE_TOO_LONG, MAX_CHARACTERS, problem));
    }
    parse::parse(text, remarks)
}

impl FromStr for MembershipRule {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let rule = Self::from_service(text);
        match rule.meaning {
            Ok(_) => Ok(rule),
            Err(violation) => Err(violation),
        }
    }
}

text_impls! { [] MembershipRule: AsRef, Debug, Display, Parse, Serialize }

impl PartialEq for MembershipRule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for MembershipRule {}

impl PartialOrd for MembershipRule {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MembershipRule {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for MembershipRule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests;
