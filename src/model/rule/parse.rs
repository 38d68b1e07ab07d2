//! Parses text into a tree by recursive descent. Precedence from tight to loose: comparison, `-not`, `-and`, `-or`.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::expr::{Caseless, Clause, Condition, Expr, Logic, OPERATORS, Operator, Test, Verb};
use super::foreign;
use super::lex::{Token, TokenKind, tokens};
use super::lint::{self, Remark, Subject};
use super::pattern::Pattern;
use super::property::{DeviceProperty, Kind};
use crate::model::FindingKind;
use crate::model::findings::*;
use crate::model::invalid::{nearest, shorten};

/// The nesting limit of parentheses and `-not`: more than a rule needs, less than the stack holds.
const MAX_DEPTH: usize = 100;

/// Properties of devices that rules cannot use, in lower case.
const UNUSABLE: &str = "serialnumber hostnames alternativesecurityids approximatelastsignindatetime registeredowners \
    registeredusers domainname enrollmenttype createddatetime lastlogontimestamp";

const NO_COMPLIANCE: &str = "compliance cannot be used in rules: leave the condition out, and require compliance in Conditional Access";
const COMPARE_DIRECTLY: &str = "compare it directly, for example with -eq";

/// Parses a rule. Adds remarks about readable but doubtful parts; fails at the first unreadable part.
pub(super) fn parse(text: &str, remarks: &mut Vec<Remark>) -> Result<Expr, Remark> {
    let tokens = tokens(text, remarks)?;
    if let Some(user) = tokens.iter().find(|token| is_property_of(token, "user")) {
        let is_mixed = tokens.iter().any(|token| is_property_of(token, "device"));
        let mixed = (RULE_MIXED_OBJECTS, "the rule is over users and devices at once");
        let (kind, problem) = if is_mixed { mixed } else { (RULE_USER_RULE, "the rule is over users") };
        return Err(Remark::new(kind, user.position, problem));
    }
    let mut parser = Parser { tokens: tokens.into(), end: text.chars().count(), depth: 0, remarks };
    let rule = parser.any_of(&Parser::clause)?;
    let Some(Token { kind, position }) = parser.tokens.front() else { return Ok(rule) };
    if *kind == CLOSE {
        let problem = "a parenthesis is closed that was not opened";
        return refuse(RULE_SYNTAX, *position, problem, "take it out, or open it before");
    }
    let problem = format!("{} follows a finished condition", shown(kind));
    let remedy = "join conditions with -and or -or; write `\" for a double quote inside quoted text";
    refuse(RULE_SYNTAX, *position, problem, remedy)
}

type Parsed<T> = Result<T, Remark>;

const OPEN: TokenKind = TokenKind::Mark('(');
const CLOSE: TokenKind = TokenKind::Mark(')');

fn refuse<T>(
    kind: FindingKind,
    position: usize,
    problem: impl Into<String>,
    remedy: impl Into<Cow<'static, str>>,
) -> Parsed<T> {
    Err(Remark::new(kind, position, problem).with_remedy(remedy))
}

struct Parser<'a> {
    tokens: VecDeque<Token>,
    /// The index after the last character.
    end: usize,
    depth: usize,
    remarks: &'a mut Vec<Remark>,
}

impl Parser<'_> {
    fn position(&self) -> usize {
        self.tokens.front().map_or(self.end, |token| token.position)
    }

    fn next_is(&self, wanted: &TokenKind) -> bool {
        self.tokens.front().is_some_and(|token| token.kind == *wanted)
    }

    fn take_if(&mut self, wanted: &TokenKind) -> bool {
        self.next_is(wanted) && self.tokens.pop_front().is_some()
    }

    /// Returns `true` if `-and`, `-or` or `-not` comes next, with or without its hyphen.
    fn next_is_word(&self, wanted: &str) -> bool {
        matches!(self.tokens.front(), Some(Token { kind: TokenKind::Word { word, .. }, .. })
            if word.eq_ignore_ascii_case(wanted))
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        self.next_is_word(wanted) && self.tokens.pop_front().is_some()
    }

    /// Returns the next token, or an error that names the missing part.
    fn take(&mut self, wanted: &str) -> Parsed<(TokenKind, usize)> {
        match self.tokens.pop_front() {
            Some(token) => Ok((token.kind, token.position)),
            None => refuse(RULE_SYNTAX, self.end, "the rule ends too early", format!("add {wanted}")),
        }
    }

    /// Takes `wanted`, or fails with an error that names the token found instead.
    fn expect(&mut self, wanted: &TokenKind, remedy: &'static str) -> Parsed<()> {
        if self.take_if(wanted) {
            return Ok(());
        }
        let found = self.tokens.front().map_or("the end of the rule".to_owned(), |token| shown(&token.kind));
        let problem = format!("{found} stands where {} should", shown(wanted));
        refuse(RULE_SYNTAX, self.position(), problem, remedy)
    }

    fn any_of<L>(&mut self, leaf: &impl Fn(&mut Self) -> Parsed<L>) -> Parsed<Logic<L>> {
        self.joined(false, |parser| parser.joined(true, |parser| parser.one_of(leaf)))
    }

    /// Parses parts joined by `-and` if `every`, else by `-or`.
    fn joined<L>(&mut self, every: bool, part: impl Fn(&mut Self) -> Parsed<Logic<L>>) -> Parsed<Logic<L>> {
        let mut items = vec![part(self)?];
        while self.take_word(if every { "and" } else { "or" }) {
            items.push(part(self)?);
        }
        Ok(Logic::joined(every, items))
    }

    fn one_of<L>(&mut self, leaf: &impl Fn(&mut Self) -> Parsed<L>) -> Parsed<Logic<L>> {
        let position = self.position();
        if self.take_word("not") {
            let inner = self.nested(position, |parser| parser.one_of(leaf))?;
            return Ok(Logic::Not(Box::new(inner)));
        }
        if self.take_if(&OPEN) {
            let inner = self.nested(position, |parser| parser.any_of(leaf))?;
            let remedy = "close every parenthesis that is opened, and join conditions with -and or -or";
            return self.expect(&CLOSE, remedy).map(|()| inner);
        }
        leaf(self).map(Logic::Leaf)
    }

    fn nested<T>(&mut self, position: usize, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            let problem = format!("parentheses and -not nest more than {MAX_DEPTH} deep");
            return refuse(RULE_SYNTAX, position, problem, "take out parentheses that change nothing");
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Parses `device.property operator value` or `device.property -any (…)`.
    fn clause(&mut self) -> Parsed<Clause> {
        let (property, position) = self.property()?;
        let (operator, operator_position) = self.operator(&format!("device.{property}"))?;
        let every = match operator {
            Operator::Each { every } => every,
            Operator::Compare { .. } if property == DeviceProperty::MemberOf => {
                return Err(member_of_form(position));
            }
            Operator::Compare { verb, negated } => {
                let subject = Subject { property, every: None };
                let condition = self.condition(subject, (verb, negated), operator_position)?;
                if property == DeviceProperty::DevicePhysicalIds && condition.test != Test::Null {
                    let problem = "devicePhysicalIds is a list, and is compared as if it were one text";
                    let remark = Remark::new(RULE_LIST_WITHOUT_ANY, operator_position, problem);
                    let condition = Logic::Leaf(condition.clone());
                    let items = Clause::Items { property, every: negated, condition };
                    self.remarks.push(remark.with_remedy(format!("write {}", Logic::Leaf(items))));
                }
                return Ok(Clause::Whole { property, condition });
            }
        };
        if property.kind() != Kind::List {
            let problem = format!("{property} is not a list, so {operator} does not apply to it");
            return refuse(RULE_WRONG_TYPE, operator_position, problem, COMPARE_DIRECTLY);
        }
        if property == DeviceProperty::MemberOf && every {
            return Err(member_of_form(position));
        }
        let element = |parser: &mut Self| parser.element(Subject { property, every: Some(every) });
        let condition = if self.next_is(&OPEN) {
            // The parentheses belong to the operator, but nest like any other.
            self.one_of(&element)?
        } else {
            self.bare_element(element)?
        };
        lint::items(property, every, &condition, operator_position, self.remarks);
        Ok(Clause::Items { property, every, condition })
    }

    /// Parses the old form without parentheses, which some of Microsoft's pages show and the portal has refused.
    fn bare_element(&mut self, element: impl Fn(&mut Self) -> Parsed<Condition>) -> Parsed<Logic<Condition>> {
        let position = self.position();
        let condition = element(self)?;
        let problem = "the condition on an item has no parentheses, which the service has refused";
        self.remarks.push(Remark::new(RULE_BARE_ELEMENT, position, problem));
        if self.next_is_word("and") || self.next_is_word("or") {
            let problem = "it is not clear whether this joins conditions on the item or on the device";
            let remedy = "put the condition after -any or -all in parentheses";
            return refuse(RULE_SYNTAX, self.position(), problem, remedy);
        }
        Ok(Logic::Leaf(condition))
    }

    /// Parses `_ operator value`, or `group.objectId operator value` of `memberOf`.
    fn element(&mut self, subject: Subject) -> Parsed<Condition> {
        let property = subject.property;
        let wanted = property.element();
        let (kind, position) = self.take(wanted)?;
        if !matches!(&kind, TokenKind::Word { word, hyphen: false } if word.eq_ignore_ascii_case(wanted)) {
            let problem = format!("{} stands where {wanted} should", shown(&kind));
            let remedy = format!("inside -any (…) and -all (…) of {property}, write {wanted} for the item");
            return refuse(RULE_SYNTAX, position, problem, remedy);
        }
        let (operator, operator_position) = self.operator(wanted)?;
        let Operator::Compare { verb, negated } = operator else {
            return refuse(RULE_WRONG_TYPE, operator_position, "an item is not a list", COMPARE_DIRECTLY);
        };
        if property == DeviceProperty::MemberOf && (negated || !matches!(verb, Verb::In | Verb::Equals)) {
            return Err(member_of_form(operator_position));
        }
        self.condition(subject, (verb, negated), operator_position)
    }

    fn property(&mut self) -> Parsed<(DeviceProperty, usize)> {
        let (kind, position) = self.take("a condition, such as device.deviceModel -eq \"…\"")?;
        let shown = shown(&kind);
        let TokenKind::Word { word, hyphen: false } = &kind else {
            let problem = format!("{shown} stands where a property should");
            let remedy =
                "write property, operator, value in this order, such as device.deviceModel -eq \"…\"";
            return refuse(RULE_SYNTAX, position, problem, remedy);
        };
        if word == "_" || word.eq_ignore_ascii_case("group.objectId") {
            let problem = format!("{word} is outside -any (…) and -all (…)");
            return refuse(RULE_SYNTAX, position, problem, "write (device.devicePhysicalIds -any (_ …))");
        }
        let Some((object, name)) = word.split_once('.') else {
            let remedy = "write device. and the name of the property, and put text in double quotes";
            let remedy = suggest(word).unwrap_or_else(|| remedy.to_owned());
            return refuse(RULE_SYNTAX, position, format!("{shown} is not a property"), remedy);
        };
        let found = DeviceProperty::find(name).filter(|_| object.eq_ignore_ascii_case("device"));
        let Some(property) = found else {
            let problem = format!("{shown} is not a property that device rules can use");
            let remedy = suggest(name).unwrap_or_else(|| RULE_UNKNOWN_PROPERTY.remedy.to_owned());
            return refuse(RULE_UNKNOWN_PROPERTY, position, problem, remedy);
        };
        // The object's name counts as part of the property's.
        let written = if object == "device" { name } else { word.as_str() };
        lint::property(property, written, position, self.remarks);
        Ok((property, position))
    }

    /// Parses an operator. `subject` is the left side, for the remedy.
    fn operator(&mut self, subject: &str) -> Parsed<(Operator, usize)> {
        let (kind, position) = self.take("an operator and a value")?;
        let mut remedy = "write one such as -eq, -ne, -startsWith, -in or -any".to_owned();
        if let TokenKind::Word { word, .. } = &kind {
            if let Some((_, operator)) = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                return Ok((*operator, position));
            }
            let (second, value) = self.after();
            remedy = foreign::remedy(word, subject, second, value);
        }
        let problem = format!("{} is not an operator of device rules", shown(&kind));
        refuse(RULE_SYNTAX, position, problem, remedy)
    }

    /// Returns the tokens after an operator: another one, as in `-not -startsWith`, and the value.
    fn after(&self) -> (Option<&str>, Option<&str>) {
        let token = |index| self.tokens.get(index).map(|token| &token.kind);
        let operator = match token(0) {
            Some(TokenKind::Word { word, hyphen: true }) => Some(word.as_str()),
            _ => None,
        };
        let value = match token(usize::from(operator.is_some())) {
            Some(TokenKind::Text(text) | TokenKind::Word { word: text, hyphen: false }) => {
                Some(text.as_str())
            }
            _ => None,
        };
        (operator, value)
    }

    /// Parses the value after an operator and returns the condition.
    fn condition(&mut self, subject: Subject, comparison: (Verb, bool), at: usize) -> Parsed<Condition> {
        let (verb, negated) = comparison;
        let property = subject.property;
        let operator = Operator::Compare { verb, negated };
        let is_bool = property.kind() == Kind::Bool;
        if is_bool && verb != Verb::Equals {
            let problem = format!("{property} is true or false, and supports only -eq and -ne");
            let remedy = format!("write device.{property} -eq true");
            return refuse(RULE_WRONG_TYPE, at, problem, remedy);
        }
        let test = if verb != Verb::In && (self.take_word("null") || self.take_word("$null")) {
            if verb != Verb::Equals {
                let problem = format!("{operator} cannot be used with null");
                return refuse(RULE_WRONG_TYPE, at, problem, "compare null with -eq or -ne");
            }
            Test::Null
        } else if is_bool {
            Test::Is(self.boolean(property)?)
        } else if verb == Verb::In {
            Test::In(self.list(subject, negated)?)
        } else {
            let (text, position) = self.text(subject, comparison)?;
            match verb {
                Verb::StartsWith => Test::StartsWith(Caseless::new(text)),
                Verb::EndsWith => Test::EndsWith(Caseless::new(text)),
                Verb::Contains => Test::Contains(Caseless::new(text)),
                Verb::Matches => Test::Matches(self.pattern(text, position)?),
                Verb::Equals | Verb::In => Test::Equals(Caseless::new(text)),
            }
        };
        Ok(Condition { negated, test })
    }

    fn boolean(&mut self, property: DeviceProperty) -> Parsed<bool> {
        let (kind, position) = self.take("true or false")?;
        let value = match &kind {
            TokenKind::Word { word, hyphen: false } | TokenKind::Text(word) => {
                [true, false].into_iter().find(|value| value.to_string().eq_ignore_ascii_case(word))
            }
            _ => None,
        };
        let Some(value) = value else {
            let problem =
                format!("{} is neither true nor false, and {property} is one of them", shown(&kind));
            return refuse(RULE_WRONG_TYPE, position, problem, "write true, false or null, without quotes");
        };
        if matches!(kind, TokenKind::Text(_)) {
            let problem = format!("{property} is true or false, not text");
            let remark = Remark::new(RULE_QUOTED_BOOLEAN, position, problem);
            self.remarks.push(remark.with_remedy(format!("write {value} without quotes")));
        }
        Ok(value)
    }

    fn text(&mut self, subject: Subject, comparison: (Verb, bool)) -> Parsed<(String, usize)> {
        let property = subject.property;
        let (kind, position) = self.take("a value in double quotes")?;
        match kind {
            TokenKind::Text(text) => {
                lint::value(subject, comparison, &text, position, self.remarks);
                Ok((text, position))
            }
            TokenKind::Word { hyphen: false, .. } => {
                let problem = format!("{} is not in quotes, and {property} is text", shown(&kind));
                refuse(RULE_WRONG_TYPE, position, problem, "put the value in double quotes")
            }
            other => {
                let remedy = match (&other, comparison.0) {
                    (TokenKind::Mark('['), verb) if verb != Verb::Equals => {
                        "write a condition for each value, joined by -or; a list of values is for -in and -notIn"
                    }
                    (TokenKind::Mark(']'), _) => {
                        "take out the comma before the bracket, and put at least one value in double quotes"
                    }
                    _ => "put the value in double quotes; a list of values is for -in and -notIn",
                };
                let problem = format!("{} stands where a value should", shown(&other));
                refuse(RULE_SYNTAX, position, problem, remedy)
            }
        }
    }

    /// Parses `["a", "b"]`.
    fn list(&mut self, subject: Subject, negated: bool) -> Parsed<Vec<Caseless>> {
        self.expect(&TokenKind::Mark('['), "put the values of -in and -notIn in brackets: [\"a\", \"b\"]")?;
        let mut values = Vec::new();
        loop {
            values.push(Caseless::new(self.text(subject, (Verb::In, negated))?.0));
            if !self.take_if(&TokenKind::Mark(',')) {
                break;
            }
        }
        self.expect(&TokenKind::Mark(']'), "put a comma between values, and close the list with ]")?;
        Ok(values)
    }

    fn pattern(&mut self, text: String, position: usize) -> Parsed<Pattern> {
        let pattern = Pattern::new(text).map_err(|problem| {
            Remark::new(RULE_PATTERN, position, format!("the value is not a regular expression: {problem}"))
        })?;
        if cfg!(feature = "patterns") && !pattern.is_evaluated() {
            let problem = "the regular expression is one that .NET evaluates, and it is not evaluated here";
            self.remarks.push(Remark::new(RULE_PATTERN_NOT_EVALUATED, position, problem));
        }
        Ok(pattern)
    }
}

fn is_property_of(token: &Token, object: &str) -> bool {
    matches!(&token.kind, TokenKind::Word { word, .. }
        if word.split_once('.').is_some_and(|(found, _)| found.eq_ignore_ascii_case(object)))
}

fn member_of_form(position: usize) -> Remark {
    Remark::new(RULE_WRONG_TYPE, position, "memberOf has one form only")
        .with_remedy("write device.memberOf -any (group.objectId -in ['<group id>'])")
}

/// Returns the remedy for an invalid name that is known elsewhere or nearly right.
fn suggest(name: &str) -> Option<String> {
    let by_graph = |property: &&DeviceProperty| {
        property.graph_path().is_some_and(|path| path.eq_ignore_ascii_case(name))
    };
    let property = match name.to_ascii_lowercase().as_str() {
        "grouptag" | "orderid" | "tag" => {
            return Some("write (device.devicePhysicalIds -any (_ -eq \"[OrderID]:<group tag>\"))".into());
        }
        "iscompliant" | "compliant" | "compliancestate" | "ismanaged" => {
            return Some(NO_COMPLIANCE.to_owned());
        }
        lower if UNUSABLE.split(' ').any(|unusable| unusable == lower) => {
            return Some(format!(
                "leave the condition out: rules cannot use {name}; write what it stands for into an extensionAttribute of \
                 the devices, and use that"
            ));
        }
        "osversion" => DeviceProperty::DeviceOsVersion,
        "devicename" => DeviceProperty::DisplayName,
        _ => {
            let near = || nearest(name, DeviceProperty::ALL.iter().map(|property| property.as_str()));
            let by_graph = || DeviceProperty::ALL.iter().find(by_graph).copied();
            DeviceProperty::find(name).or_else(by_graph).or_else(|| DeviceProperty::find(near()?))?
        }
    };
    Some(format!("write device.{property}"))
}

/// Returns a token in the form for errors.
fn shown(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Mark(mark) => format!("{mark:?}"),
        TokenKind::Word { word, hyphen } => format!("{}{}", if *hyphen { "-" } else { "" }, shorten(word)),
        TokenKind::Text(text) => format!("{:?}", shorten(text)),
    }
}
