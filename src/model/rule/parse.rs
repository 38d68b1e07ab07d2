//! From text to a tree, by recursive descent. Binds from tight to loose: comparison, `-not`, `-and`, `-or`.

use std::collections::VecDeque;

use super::expr::{Caseless, Clause, Condition, Expr, Logic, OPERATORS, Operator, Test, Verb};
use super::foreign::{self, After};
use super::lex::{Token, TokenKind, tokens};
use super::lint::{self, Remark, Subject};
use super::pattern::Pattern;
use super::property::{DeviceProperty, Kind};
use crate::model::findings::*;
use crate::model::invalid::{nearest, shorten};

/// How deep parentheses and `-not` may nest: far more than a rule needs, far less than the stack holds.
const MAX_DEPTH: usize = 100;

/// Reads a rule. Adds remarks on what is readable but doubtful; fails with the first thing that is not readable.
pub(super) fn parse(text: &str, remarks: &mut Vec<Remark>) -> Result<Expr, Remark> {
    let tokens = tokens(text, remarks)?;
    let users = tokens.iter().find(|token| is_property_of(token, "user")).map(|token| token.position);
    let devices = tokens.iter().any(|token| is_property_of(token, "device"));
    match users {
        Some(position) if devices => {
            return Err(Remark::new(
                RULE_MIXED_OBJECTS,
                position,
                "the rule is over users and devices at once",
            ));
        }
        Some(position) => {
            return Err(Remark::new(RULE_USER_RULE, position, "the rule is over users"));
        }
        None => {}
    }
    let mut parser = Parser { tokens: tokens.into(), end: text.chars().count(), depth: 0, remarks };
    let rule = parser.any_of(&Parser::clause)?;
    match parser.tokens.front() {
        None => Ok(rule),
        Some(Token { kind: TokenKind::Close, position }) => {
            Err(Remark::new(RULE_SYNTAX, *position, "a parenthesis is closed that was not opened")
                .with_remedy("take it out, or open it before"))
        }
        Some(token) => Err(Remark::new(
            RULE_SYNTAX,
            token.position,
            format!("{} follows a finished condition", shown(&token.kind)),
        )
        .with_remedy("join conditions with -and or -or; write `\" for a double quote inside quoted text")),
    }
}

type Parsed<T> = Result<T, Remark>;

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
        let found = self.next_is(wanted);
        if found {
            self.tokens.pop_front();
        }
        found
    }

    /// Whether `-and`, `-or` or `-not` comes next, with or without its hyphen.
    fn next_is_word(&self, wanted: &str) -> bool {
        matches!(self.tokens.front(), Some(Token { kind: TokenKind::Word { word, .. }, .. })
            if word.eq_ignore_ascii_case(wanted))
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.next_is_word(wanted);
        if found {
            self.tokens.pop_front();
        }
        found
    }

    /// The next token, or an error that says what is missing.
    fn take(&mut self, wanted: &str) -> Parsed<(TokenKind, usize)> {
        match self.tokens.pop_front() {
            Some(token) => Ok((token.kind, token.position)),
            None => Err(Remark::new(RULE_SYNTAX, self.end, "the rule ends too early")
                .with_remedy(format!("add {wanted}"))),
        }
    }

    /// Takes `wanted` or fails, saying what was there instead.
    fn expect(&mut self, wanted: &TokenKind, remedy: &'static str) -> Parsed<()> {
        if self.take_if(wanted) {
            return Ok(());
        }
        let found = self.tokens.front().map_or("the end of the rule".to_owned(), |token| shown(&token.kind));
        let problem = format!("{found} stands where {} should", shown(wanted));
        Err(Remark::new(RULE_SYNTAX, self.position(), problem).with_remedy(remedy))
    }

    fn any_of<L>(&mut self, leaf: &impl Fn(&mut Self) -> Parsed<L>) -> Parsed<Logic<L>> {
        let mut items = vec![self.all_of(leaf)?];
        while self.take_word("or") {
            items.push(self.all_of(leaf)?);
        }
        Ok(Logic::or(items))
    }

    fn all_of<L>(&mut self, leaf: &impl Fn(&mut Self) -> Parsed<L>) -> Parsed<Logic<L>> {
        let mut items = vec![self.one_of(leaf)?];
        while self.take_word("and") {
            items.push(self.one_of(leaf)?);
        }
        Ok(Logic::and(items))
    }

    fn one_of<L>(&mut self, leaf: &impl Fn(&mut Self) -> Parsed<L>) -> Parsed<Logic<L>> {
        let position = self.position();
        if self.take_word("not") {
            let inner = self.nested(position, |parser| parser.one_of(leaf))?;
            return Ok(Logic::Not(Box::new(inner)));
        }
        if self.take_if(&TokenKind::Open) {
            let inner = self.nested(position, |parser| parser.any_of(leaf))?;
            self.expect(
                &TokenKind::Close,
                "close every parenthesis that is opened, and join conditions with -and or -or",
            )?;
            return Ok(inner);
        }
        leaf(self).map(Logic::Leaf)
    }

    fn nested<T>(&mut self, position: usize, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(Remark::new(
                RULE_SYNTAX,
                position,
                format!("parentheses and -not nest more than {MAX_DEPTH} deep"),
            )
            .with_remedy("take out parentheses that change nothing"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// `device.property operator value`, or `device.property -any (…)`.
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
                let condition = self.condition(subject, verb, negated, operator_position)?;
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
            return Err(Remark::new(
                RULE_WRONG_TYPE,
                operator_position,
                format!("{property} is not a list, so {operator} does not apply to it"),
            )
            .with_remedy("compare it directly, such as with -eq"));
        }
        if property == DeviceProperty::MemberOf && every {
            return Err(member_of_form(position));
        }
        let element = |parser: &mut Self| parser.element(Subject { property, every: Some(every) });
        let condition = if self.next_is(&TokenKind::Open) {
            // The parentheses belong to the operator, but nest like any other.
            self.one_of(&element)?
        } else {
            self.bare_element(element)?
        };
        lint::items(property, every, &condition, operator_position, self.remarks);
        Ok(Clause::Items { property, every, condition })
    }

    /// The old form without parentheses, which some of Microsoft's pages show and the portal has refused.
    fn bare_element(&mut self, element: impl Fn(&mut Self) -> Parsed<Condition>) -> Parsed<Logic<Condition>> {
        let position = self.position();
        let condition = element(self)?;
        self.remarks.push(Remark::new(
            RULE_BARE_ELEMENT,
            position,
            "the condition on an item stands without parentheses, which the service has refused",
        ));
        if self.next_is_word("and") || self.next_is_word("or") {
            return Err(Remark::new(
                RULE_SYNTAX,
                self.position(),
                "it is not clear whether this joins conditions on the item or on the device",
            )
            .with_remedy("put the condition after -any or -all in parentheses"));
        }
        Ok(Logic::Leaf(condition))
    }

    /// `_ operator value`, or `group.objectId operator value` of `memberOf`.
    fn element(&mut self, subject: Subject) -> Parsed<Condition> {
        let property = subject.property;
        let wanted = property.element();
        let (kind, position) = self.take(wanted)?;
        if !matches!(&kind, TokenKind::Word { word, hyphen: false } if word.eq_ignore_ascii_case(wanted)) {
            return Err(Remark::new(
                RULE_SYNTAX,
                position,
                format!("{} stands where {wanted} should", shown(&kind)),
            )
            .with_remedy(format!(
                "inside -any (…) and -all (…) of {property}, write {wanted} for the item"
            )));
        }
        let (operator, operator_position) = self.operator(wanted)?;
        let Operator::Compare { verb, negated } = operator else {
            return Err(Remark::new(RULE_WRONG_TYPE, operator_position, "an item is not a list")
                .with_remedy("compare it directly, such as with -eq"));
        };
        if property == DeviceProperty::MemberOf && (negated || !matches!(verb, Verb::In | Verb::Equals)) {
            return Err(member_of_form(operator_position));
        }
        self.condition(subject, verb, negated, operator_position)
    }

    fn property(&mut self) -> Parsed<(DeviceProperty, usize)> {
        let (kind, position) = self.take("a condition, such as device.deviceModel -eq \"…\"")?;
        let refuse = |problem: String, remedy: String| {
            Err(Remark::new(RULE_SYNTAX, position, problem).with_remedy(remedy))
        };
        let TokenKind::Word { word, hyphen: false } = &kind else {
            return refuse(
                format!("{} stands where a property should", shown(&kind)),
                "write property, operator, value in this order, such as device.deviceModel -eq \"…\""
                    .to_owned(),
            );
        };
        if word == "_" || word.eq_ignore_ascii_case("group.objectId") {
            return refuse(
                format!("{word} stands outside -any (…) and -all (…)"),
                "write (device.devicePhysicalIds -any (_ …))".to_owned(),
            );
        }
        let Some((object, name)) = word.split_once('.') else {
            return refuse(
                format!("{} is not a property", shown(&kind)),
                match suggest(word) {
                    Some(suggestion) => suggestion,
                    None => {
                        "write device. and the name of the property, and put text in double quotes".to_owned()
                    }
                },
            );
        };
        let found = DeviceProperty::find(name).filter(|_| object.eq_ignore_ascii_case("device"));
        let Some(property) = found else {
            return Err(Remark::new(
                RULE_UNKNOWN_PROPERTY,
                position,
                format!("{} is not a property that device rules can use", shown(&kind)),
            )
            .with_remedy(suggest(name).unwrap_or_else(|| {
                "use one from Microsoft's list, such as devicePhysicalIds or deviceModel".to_owned()
            })));
        };
        // The object's name counts as part of the property's.
        let written = if object == "device" { name } else { word.as_str() };
        lint::property(property, written, position, self.remarks);
        Ok((property, position))
    }

    /// `subject`: what stands before the operator, for the remedy.
    fn operator(&mut self, subject: &str) -> Parsed<(Operator, usize)> {
        let (kind, position) = self.take("an operator and a value")?;
        let mut remedy = "write one such as -eq, -ne, -startsWith, -in or -any".to_owned();
        if let TokenKind::Word { word, .. } = &kind {
            if let Some((_, operator)) = OPERATORS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
                return Ok((*operator, position));
            }
            remedy = foreign::remedy(word, subject, self.after());
        }
        Err(Remark::new(
            RULE_SYNTAX,
            position,
            format!("{} is not an operator of device rules", shown(&kind)),
        )
        .with_remedy(remedy))
    }

    /// Returns what follows an operator: another one, and the value.
    fn after(&self) -> After<'_> {
        let mut rest = self.tokens.iter().map(|token| &token.kind);
        let mut next = rest.next();
        let operator = match next {
            Some(TokenKind::Word { word, hyphen: true }) => {
                next = rest.next();
                Some(word.as_str())
            }
            _ => None,
        };
        let value = match next {
            Some(TokenKind::Text(text) | TokenKind::Word { word: text, hyphen: false }) => {
                Some(text.as_str())
            }
            _ => None,
        };
        After { operator, value }
    }

    /// The value after an operator, and so the condition.
    fn condition(
        &mut self,
        subject: Subject,
        verb: Verb,
        negated: bool,
        operator_position: usize,
    ) -> Parsed<Condition> {
        let property = subject.property;
        let operator = Operator::Compare { verb, negated };
        let mistake = |problem, remedy| {
            Err(Remark::new(RULE_WRONG_TYPE, operator_position, problem).with_remedy(remedy))
        };
        let is_bool = property.kind() == Kind::Bool;
        if is_bool && verb != Verb::Equals {
            let problem = format!("{property} is true or false, and takes -eq and -ne alone");
            return mistake(problem, format!("write device.{property} -eq true"));
        }
        let test = if verb != Verb::In && self.take_null() {
            if verb != Verb::Equals {
                return mistake(
                    format!("{operator} does not go with null"),
                    "compare null with -eq or -ne".to_owned(),
                );
            }
            Test::Null
        } else if is_bool {
            Test::Is(self.boolean(property)?)
        } else if verb == Verb::In {
            Test::In(self.list(subject, negated)?)
        } else {
            let (text, position) = self.text(subject, (verb, negated))?;
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
            return Err(Remark::new(
                RULE_WRONG_TYPE,
                position,
                format!("{} is neither true nor false, and {property} is one of them", shown(&kind)),
            )
            .with_remedy("write true, false or null, without quotes"));
        };
        if matches!(kind, TokenKind::Text(_)) {
            self.remarks.push(
                Remark::new(RULE_QUOTED_BOOLEAN, position, format!("{property} is true or false, not text"))
                    .with_remedy(format!("write {value} without quotes")),
            );
        }
        Ok(value)
    }

    fn take_null(&mut self) -> bool {
        self.take_word("null") || self.take_word("$null")
    }

    fn text(&mut self, subject: Subject, comparison: (Verb, bool)) -> Parsed<(String, usize)> {
        let property = subject.property;
        let (kind, position) = self.take("a value in double quotes")?;
        match kind {
            TokenKind::Text(text) => {
                lint::value(subject, comparison, &text, position, self.remarks);
                Ok((text, position))
            }
            TokenKind::Word { hyphen: false, .. } => Err(Remark::new(
                RULE_WRONG_TYPE,
                position,
                format!("{} is not in quotes, and {property} is text", shown(&kind)),
            )
            .with_remedy("put the value in double quotes")),
            other => Err(Remark::new(
                RULE_SYNTAX,
                position,
                format!("{} stands where a value should", shown(&other)),
            )
            .with_remedy(match (&other, comparison.0) {
                (TokenKind::ListOpen, Verb::Equals) => {
                    "put the value in double quotes; a list of values is for -in and -notIn"
                }
                (TokenKind::ListOpen, _) => {
                    "write a condition for each value, joined by -or; a list of values is for -in and -notIn"
                }
                (TokenKind::ListClose, _) => {
                    "take out the comma before the bracket, and put at least one value in double quotes"
                }
                _ => "put the value in double quotes; a list of values is for -in and -notIn",
            })),
        }
    }

    /// `["a", "b"]`
    fn list(&mut self, subject: Subject, negated: bool) -> Parsed<Vec<Caseless>> {
        self.expect(&TokenKind::ListOpen, "put the values of -in and -notIn in brackets: [\"a\", \"b\"]")?;
        let mut values = Vec::new();
        loop {
            values.push(Caseless::new(self.text(subject, (Verb::In, negated))?.0));
            if !self.take_if(&TokenKind::Comma) {
                break;
            }
        }
        self.expect(&TokenKind::ListClose, "put a comma between values, and close the list with ]")?;
        Ok(values)
    }

    fn pattern(&mut self, text: String, position: usize) -> Parsed<Pattern> {
        let pattern = Pattern::new(text).map_err(|problem| {
            Remark::new(RULE_PATTERN, position, format!("the value is not a regular expression: {problem}"))
        })?;
        if pattern.regex.is_none() {
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

/// What to write for a name that is not one of a rule, but is one elsewhere, or nearly one.
fn suggest(name: &str) -> Option<String> {
    let by_graph = |property: &&DeviceProperty| {
        property.graph_path().is_some_and(|path| path.eq_ignore_ascii_case(name))
    };
    let property = match name.to_ascii_lowercase().as_str() {
        "grouptag" | "orderid" | "tag" => {
            return Some(
                "write (device.devicePhysicalIds -any (_ -eq \"[OrderID]:<group tag>\"))".to_owned(),
            );
        }
        "iscompliant" | "compliant" | "compliancestate" | "ismanaged" => {
            return Some(
                "compliance cannot be used in rules: leave the condition out, and require compliance in Conditional Access"
                    .to_owned(),
            );
        }
        "serialnumber"
        | "hostnames"
        | "alternativesecurityids"
        | "approximatelastsignindatetime"
        | "registeredowners"
        | "registeredusers"
        | "domainname"
        | "enrollmenttype"
        | "createddatetime"
        | "lastlogontimestamp" => {
            return Some(format!(
                "leave the condition out: rules cannot use {name}; write what it stands for into an extensionAttribute of \
                 the devices, and use that"
            ));
        }
        "osversion" => DeviceProperty::DeviceOsVersion,
        "devicename" => DeviceProperty::DisplayName,
        _ => {
            match DeviceProperty::find(name).or_else(|| DeviceProperty::ALL.iter().find(by_graph).copied()) {
                Some(property) => property,
                None => {
                    let near = nearest(name, DeviceProperty::ALL.iter().map(|property| property.as_str()));
                    near.and_then(DeviceProperty::find)?
                }
            }
        }
    };
    Some(format!("write device.{property}"))
}

/// A token as an error shows it.
fn shown(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Open => "'('".to_owned(),
        TokenKind::Close => "')'".to_owned(),
        TokenKind::ListOpen => "'['".to_owned(),
        TokenKind::ListClose => "']'".to_owned(),
        TokenKind::Comma => "','".to_owned(),
        TokenKind::Word { word, hyphen } => format!("{}{}", if *hyphen { "-" } else { "" }, shorten(word)),
        TokenKind::Text(text) => format!("{:?}", shorten(text)),
    }
}
