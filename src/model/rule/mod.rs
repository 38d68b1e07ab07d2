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
//! A rule consists of conditions joined by `-not`, `-and` and `-or` (in order of precedence) and parentheses.
//!
//! | condition | applies to |
//! | --- | --- |
//! | `device.deviceModel -eq "X1"`; also `-ne`, `-[not]StartsWith`, `-[not]EndsWith`, `-[not]Contains`, `-[not]Match` | strings |
//! | `device.deviceModel -in ["X1", "X2"]`, `-notIn` | strings |
//! | `device.accountEnabled -eq true`, `-ne` | Booleans |
//! | `device.deviceCategory -eq null`, `-ne null` (also `$null`) | anything |
//! | `device.devicePhysicalIds -any (_ -eq "[OrderID]:Kiosk")`, `-all (…)` | lists |
//! | `device.memberOf -any (group.objectId -in ['<id>'])` | groups |
//!
//! * Hyphens before operators are optional; the case of operators, values and `null` is ignored.
//! * Strings are enclosed in double or single quotes. In either, a backtick followed by `"` represents `"`, and `''`
//!   represents `'`.
//! * A rule has at most [`MAX_CHARACTERS`] characters.
//!
//! # Evaluation
//!
//! Strings are compared without regard to case. `-match` searches for its pattern anywhere in the string. Without the
//! `patterns` feature, no pattern is evaluated. With it, patterns that only .NET evaluates, such as those with
//! look-around, back references, `\Z` or class subtraction, are still not evaluated: they are parsed and kept, and a
//! device whose membership depends on one is neither in nor out ([`MembershipRule::evaluate`]). Microsoft does not
//! document the result of an operator on a missing attribute; here, an operator and its opposite always differ (`-ne
//! "x"` is true, `-eq "x"` is false), and an empty string counts as missing. `-all` is true for an empty list. A list
//! compared without `-any` is compared item by item: one match is enough.

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

/// The service's limit on the length of a rule, in characters.
pub const MAX_CHARACTERS: usize = 3_072;

/// The rule of a dynamic device group, as written and as parsed. The module's documentation describes the language.
///
/// ```
/// use windows_autopilot::model::{DirectoryDevice, MembershipRule};
///
/// let rule = MembershipRule::group_tag("Munich")?;
/// assert_eq!(rule.as_str(), r#"(device.devicePhysicalIds -any (_ -eq "[OrderID]:Munich"))"#);
///
/// let mut device = DirectoryDevice::new("0f8fad5b-d9cb-469f-a165-70867728950e".parse()?);
/// device.physical_ids = Some(vec!["[OrderID]:Munich".into()]);
/// assert!(rule.matches(&device));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Two rules are `==` if they are written identically; use [`equivalent`](Self::equivalent) to compare their meanings.
///
/// A group in a tenant may have a rule about users, or one in syntax that this version does not recognize. Its text is
/// kept and written back unchanged, [`violation`](Self::violation) describes the problem, and it matches no device. A
/// rule created by one of these functions, by `parse` or by serde, is always understood.
#[derive(Clone)]
pub struct MembershipRule {
    text: Text,
    meaning: Result<Expr, InvalidValue>,
}

impl MembershipRule {
    /// Creates a rule that matches every device that is registered with Autopilot.
    ///
    /// ```
    /// use windows_autopilot::model::MembershipRule;
    /// println!("{}", MembershipRule::all_autopilot_devices());
    /// ```
    ///
    /// The members are the objects created by the registration, not those that hybrid join adds later.
    pub fn all_autopilot_devices() -> Self {
        Self::of_physical_id(Test::StartsWith(Caseless::new("[ZTDId]".to_owned())))
    }

    /// Creates a rule that matches every device registered with this group tag, which Entra calls `OrderID`. Accepts a
    /// string or a [`GroupTag`].
    ///
    /// # Errors
    /// The value is not a valid group tag, or is too long for a rule.
    pub fn group_tag(tag: &(impl AsRef<str> + ?Sized)) -> Result<Self, InvalidValue> {
        let tag: GroupTag = tag.as_ref().parse()?;
        Self::labeled("OrderID", "group tag", tag.as_str())
    }

    /// Creates a rule that matches every device registered with this purchase order. Accepts a string or a
    /// [`PurchaseOrder`].
    ///
    /// ```
    /// use windows_autopilot::model::MembershipRule;
    /// let rule = MembershipRule::purchase_order("PO-4711")?;
    /// assert_eq!(rule.as_str(), r#"(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:PO-4711"))"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The value is not a valid purchase order, or is too long for a rule.
    pub fn purchase_order(order: &(impl AsRef<str> + ?Sized)) -> Result<Self, InvalidValue> {
        let order: PurchaseOrder = order.as_ref().parse()?;
        Self::labeled("PurchaseOrderId", "purchase order", order.as_str())
    }

    /// Creates a rule that matches every device set up from an `AutopilotConfigurationFile.json` with this
    /// `ZtdCorrelationId`.
    ///
    /// # Errors
    /// The id is not a GUID, or it has braces.
    pub fn offline_profile(correlation_id: &str) -> Result<Self, InvalidValue> {
        if !is_guid(correlation_id) {
            let remedy = "write ZtdCorrelationId of the file, without braces";
            let error = InvalidValue::new("correlation id", "is not a GUID", remedy);
            return Err(error.with_value(correlation_id));
        }
        let name = Caseless::new(format!("OfflineAutopilotprofile-{correlation_id}"));
        Ok(Self::of(Clause::Whole {
            property: DeviceProperty::EnrollmentProfileName,
            condition: Condition { negated: false, test: Test::Equals(name) },
        }))
    }

    /// Creates a rule from a group in a tenant, understood or not.
    pub(crate) fn from_service(text: impl Into<Text>) -> Self {
        let text = text.into();
        let meaning = read(&text, &mut Vec::new()).map_err(|remark| remark.into_invalid_value(&text));
        Self { text, meaning }
    }

    /// Returns the rule as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the reason why the rule is not understood; `None` if it is understood.
    pub fn violation(&self) -> Option<InvalidValue> {
        self.meaning.as_ref().err().cloned()
    }

    /// Returns `true` if `device` is certainly a member; see [`evaluate`](Self::evaluate).
    ///
    /// Takes well under a microsecond for a rule with one condition, and allocates only for `-match`.
    pub fn matches<D: DeviceAttributes + ?Sized>(&self, device: &D) -> bool {
        self.evaluate(device) == Some(true)
    }

    /// Returns whether `device` is a member; `None` if the rule is not understood, or if the result depends on a
    /// pattern that is not evaluated here.
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

    /// Returns `true` if both rules have the same meaning: spaces, redundant parentheses, hyphens before operators,
    /// kinds of quotes, and the case of names and values are ignored. Rules that are not understood are compared as
    /// text.
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

    /// Returns the canonical text of the rule: documented names, hyphens before operators, every comparison in
    /// parentheses. It can be longer and more deeply nested than the rule, even beyond the service's limits. A rule
    /// that is not understood is returned unchanged.
    ///
    /// ```
    /// use windows_autopilot::model::MembershipRule;
    /// let [one, other]: [MembershipRule; 2] = [r#"device.deviceModel -eq "A""#.parse()?, r#"(device.deviceModel -eq "A")"#.parse()?];
    /// assert_eq!(one.canonical(), other.canonical());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn canonical(&self) -> String {
        match &self.meaning {
            Ok(rule) => rule.to_string(),
            Err(_) => self.text.as_str().to_owned(),
        }
    }

    /// Reports known problems with membership rules, in the order in which they occur in the text. Ids start with
    /// `rule.`; a place is reported as `character 12`, counted from 1, or as `characters 12, 40` if a kind occurs
    /// several times.
    ///
    /// ```
    /// use windows_autopilot::model::MembershipRule;
    /// for finding in MembershipRule::group_tag("Munich")?.lint() {
    ///     println!("{finding}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A rule that is not understood has a single finding: its violation.
    pub fn lint(&self) -> Vec<Finding> {
        Self::lint_text(&self.text)
    }

    /// Reports problems as [`lint`](Self::lint) does, in text that need not be a valid rule.
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

    fn labeled(label: &str, what: &'static str, value: &str) -> Result<Self, InvalidValue> {
        let rule = Self::of_physical_id(Test::Equals(Caseless::new(format!("[{label}]:{value}"))));
        let characters = rule.text.chars().count();
        if characters > MAX_CHARACTERS {
            let problem =
                format!("makes a rule of {characters} characters, and {MAX_CHARACTERS} are allowed");
            let error = InvalidValue::new(what, problem, "register devices with a shorter one");
            return Err(error.with_value(value));
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

/// Parses a rule after checking its length.
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
        rule.violation().map_or(Ok(rule), Err)
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
