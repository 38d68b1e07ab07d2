//! The distinguished name of an organizational unit.

use std::borrow::Cow;
use std::str::Chars;

use super::{AdDomain, InvalidValue, checked, not_empty};
use crate::model::Finding;
use crate::model::findings::OU_SEMICOLON;

checked! {
    /// An organizational unit, identified by its distinguished name (RFC 4514), such as
    /// `OU=Laptops,OU=Berlin,DC=contoso,DC=com`.
    ///
    /// ```
    /// use windows_autopilot::model::OrganizationalUnit;
    /// let unit: OrganizationalUnit = r"OU=Sales\, EU,OU=Laptops,DC=contoso,DC=com".parse()?;
    /// assert_eq!(unit.names(), ["Sales, EU", "Laptops"]);
    /// assert_eq!(unit.domain().as_str(), "contoso.com");
    /// assert!(unit.is_within(&"ou=laptops,dc=contoso,dc=com".parse()?));
    ///
    /// let error = "CN=Computers,DC=contoso,DC=com".parse::<OrganizationalUnit>().unwrap_err();
    /// assert!(error.remedy().contains("leave the organizational unit empty"));
    /// # Ok::<(), windows_autopilot::model::InvalidValue>(())
    /// ```
    ///
    /// The name has one or more `OU=` parts, followed by the domain's `DC=` parts. Containers, quotes and names without
    /// a domain are rejected, because a domain join fails with them. So is anything that other tools interpret
    /// differently: spaces around separators, unescaped special characters, multi-valued parts, and hexadecimal values.
    pub struct OrganizationalUnit("organizational unit", check);
}

impl OrganizationalUnit {
    /// Returns the unescaped names of the units, innermost first.
    pub fn names(&self) -> Vec<String> {
        parse(self.as_str()).map(|parsed| parsed.units).unwrap_or_default()
    }

    /// Returns the domain in the `DC=` parts.
    ///
    /// If the service reported an invalid value, the result is the readable part of the domain, which may be empty and
    /// then has its own violation.
    pub fn domain(&self) -> AdDomain {
        match parse(self.as_str()) {
            Ok(parsed) => parsed.domain,
            Err(_) => {
                let label = |part: &str| {
                    let (kind, value) = part.trim().split_once('=')?;
                    kind.trim().eq_ignore_ascii_case("DC").then(|| value.trim().to_owned())
                };
                let labels: Vec<String> = self.as_str().split(',').filter_map(label).collect();
                AdDomain::from_service(labels.join("."))
            }
        }
    }

    /// Returns `true` if both names refer to the same unit, without regard to case or escaping.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self.folded(), other.folded()) {
            (Some(one), Some(other)) => one == other,
            _ => self.as_str().to_lowercase() == other.as_str().to_lowercase(),
        }
    }

    /// Returns the parent unit; `None` if the parent is the domain.
    pub fn parent(&self) -> Option<Self> {
        let parsed = parse(self.as_str()).ok().filter(|parsed| parsed.units.len() > 1)?;
        self.as_str().get(parsed.first_ends + 1..).map(Self::from_service)
    }

    /// Returns `true` if this is `other` or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        match (self.folded(), other.folded()) {
            (Some(inner), Some(outer)) => inner.ends_with(&outer),
            _ => self.same_as(other),
        }
    }

    /// Returns the units and then the domain, in lower case; `None` for an invalid value.
    fn folded(&self) -> Option<Vec<String>> {
        let Parsed { mut units, domain, .. } = parse(self.as_str()).ok()?;
        units.push(domain.as_str().to_owned());
        Some(units.iter().map(|name| name.to_lowercase()).collect())
    }

    /// Reports a semicolon, which separates units in the connector's configuration file.
    pub fn lint(&self) -> Vec<Finding> {
        if !self.names().iter().any(|name| name.contains(';')) {
            return Vec::new();
        }
        vec![OU_SEMICOLON.at("organizational_unit", format!("{} has a semicolon in a name", self.as_str()))]
    }
}

const WHAT: &str = "organizational unit";
const EXAMPLE: &str = "write something like OU=Laptops,DC=contoso,DC=com";

struct Parsed {
    units: Vec<String>,
    domain: AdDomain,
    /// The offset at which the first part ends.
    first_ends: usize,
}

fn check(what: &'static str, text: &str) -> Result<(), InvalidValue> {
    not_empty(what, text, "leave the organizational unit out for the default computer container")?;
    parse(text).map(drop).map_err(|error| match error.position() {
        Some(left) => error.at(text.chars().count().saturating_sub(left)),
        None => error,
    })
}

/// Creates an error before `rest`. Its position counts the characters that are left, which [`check`] turns round:
/// counting those before is left to the one error.
fn wrong(rest: &str, problem: impl Into<Cow<'static, str>>, remedy: &'static str) -> InvalidValue {
    InvalidValue::new(WHAT, problem, remedy).at(rest.chars().count())
}

fn parse(text: &str) -> Result<Parsed, InvalidValue> {
    if text.starts_with(['"', '\'', '“', '”', '‘', '’']) {
        let problem = "has quotes around it, with which the domain join fails";
        return Err(wrong(text, problem, "leave out the quotes"));
    }
    let mut units = Vec::new();
    let mut labels: Vec<String> = Vec::new();
    let mut first_ends = None;
    let mut rest = text;
    loop {
        let (kind, after) = kind_of(rest)?;
        let (value, after) = value_of(after)?;
        match kind {
            Kind::Unit if labels.is_empty() => units.push(value),
            Kind::Unit => return Err(wrong(rest, "has an OU= part after a DC= part", EXAMPLE)),
            Kind::Label => labels.push(value),
            Kind::Container if value.eq_ignore_ascii_case("Computers") && units.is_empty() => {
                let problem =
                    "is the default container, not an organizational unit; the domain join fails with it";
                let remedy = "leave the organizational unit empty: accounts then go to the default container";
                return Err(wrong(rest, problem, remedy));
            }
            Kind::Container => {
                let problem = "has a CN= part, which is a container and not an organizational unit";
                return Err(wrong(rest, problem, EXAMPLE));
            }
        }
        first_ends.get_or_insert(text.len() - after.map_or(0, |after| after.len() + 1));
        match after {
            Some(after) => rest = after,
            None => break,
        }
    }
    if units.is_empty() {
        let problem = "has no OU= part: it names the domain itself";
        let remedy = "leave the organizational unit empty, or begin with an OU= part";
        return Err(InvalidValue::new(WHAT, problem, remedy));
    }
    if labels.is_empty() {
        let remedy = "add the domain, such as DC=contoso,DC=com";
        return Err(InvalidValue::new(WHAT, "has no DC= part", remedy));
    }
    let domain: AdDomain = labels.join(".").parse().map_err(|error: InvalidValue| {
        let problem = format!("its DC= parts do not spell a domain: {}", error.problem());
        let remedy = "write one DC= part for each part of the domain's name, such as DC=contoso,DC=com";
        InvalidValue::new(WHAT, problem, remedy)
    })?;
    Ok(Parsed { units, domain, first_ends: first_ends.unwrap_or_default() })
}

enum Kind {
    Unit,
    Label,
    Container,
}

/// Parses the kind before the `=`; returns it with the rest.
fn kind_of(rest: &str) -> Result<(Kind, &str), InvalidValue> {
    if rest.is_empty() {
        return Err(wrong(rest, "ends with a comma", "leave out the last comma"));
    }
    let (kind, after) = rest.split_once('=').unwrap_or((rest, ""));
    if kind.contains(',') || kind.len() == rest.len() {
        let remedy = "write a comma inside a name as \\,";
        return Err(wrong(rest, "has a part without '='", remedy));
    }
    if kind.trim() != kind {
        return Err(wrong(rest, "has a space beside a separator", "leave out spaces around ',' and '='"));
    }
    let known = [("OU", Kind::Unit), ("DC", Kind::Label), ("CN", Kind::Container)];
    let found = known.into_iter().find(|(name, _)| kind.eq_ignore_ascii_case(name));
    let Some((_, kind)) = found else {
        let problem = format!("has a part of kind {:?}", super::super::invalid::shorten(kind));
        return Err(wrong(rest, problem, "write only OU= parts and then DC= parts"));
    };
    Ok((kind, after))
}

/// Parses a value; returns it unescaped with the text after its comma, `None` at the end.
fn value_of(text: &str) -> Result<(String, Option<&str>), InvalidValue> {
    const NO_SPACES: &str = "leave out spaces around ',' and '=', or write them as '\\ '";
    if text.starts_with('#') {
        let remedy = "write the name as text, with \\# for a leading #";
        return Err(wrong(text, "has a value in hexadecimal", remedy));
    }
    if text.starts_with(char::is_whitespace) {
        return Err(wrong(text, "has a space beside a separator", NO_SPACES));
    }
    let mut value = Vec::new();
    let mut ends_with_space = false;
    let mut chars = text.chars();
    let (end, after) = loop {
        let rest = chars.as_str();
        let Some(c) = chars.next() else { break (rest, None) };
        match c {
            ',' => break (rest, Some(chars.as_str())),
            '\\' => value.push(escaped(rest, &mut chars)?),
            '"' | '+' | ';' | '<' | '>' | '=' => {
                let problem = match c {
                    '"' => "has a quote".to_owned(),
                    '+' => "has an unescaped '+', which joins two values".to_owned(),
                    _ => format!("has an unescaped {c:?}"),
                };
                return Err(wrong(rest, problem, "write a backslash before a special character in a name"));
            }
            c if c.is_control() => return Err(wrong(rest, "contains a control character", "leave it out")),
            c => value.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        ends_with_space = c.is_whitespace();
    };
    if ends_with_space {
        return Err(wrong(end, "has a space beside a separator", NO_SPACES));
    }
    if value.is_empty() {
        return Err(wrong(text, "has an empty part", EXAMPLE));
    }
    match String::from_utf8(value) {
        Ok(value) => Ok((value, after)),
        Err(_) => Err(wrong(text, "has escaped bytes that are not UTF-8", "write the character itself")),
    }
}

/// Parses what a backslash at `at` escapes.
fn escaped(at: &str, chars: &mut Chars<'_>) -> Result<u8, InvalidValue> {
    let wrong = || {
        let remedy = "write two backslashes for one, or two hexadecimal digits after it";
        wrong(at, "has a backslash that escapes nothing", remedy)
    };
    let first = chars.next().ok_or_else(wrong)?;
    if matches!(first, ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\') {
        return u8::try_from(first).map_err(|_| wrong());
    }
    let digits = first.to_digit(16).zip(chars.next().and_then(|second| second.to_digit(16)));
    let byte = digits.and_then(|(first, second)| u8::try_from(first * 16 + second).ok());
    byte.ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws;
    use super::*;

    fn unit(text: &str) -> OrganizationalUnit {
        text.parse().unwrap()
    }

    #[test]
    fn names_and_domain_are_read_unescaped() {
        for (text, names, domain) in [
            ("OU=A,DC=contoso,DC=com", vec!["A"], "contoso.com"),
            ("ou=b c,oU=A,dc=corp,dc=contoso,dc=com", vec!["b c", "A"], "corp.contoso.com"),
            (r"OU=a\,b\+c\=d\\e\#\;\<\>,DC=x,DC=y", vec!["a,b+c=d\\e#;<>"], "x.y"),
            (r"OU=\ a\ ,DC=x,DC=y", vec![" a "], "x.y"),
            (r"OU=L\C3\BCbeck,DC=x,DC=y", vec!["Lübeck"], "x.y"),
            ("OU=Lübeck#1 'x',DC=x,DC=y", vec!["Lübeck#1 'x'"], "x.y"),
        ] {
            let unit = unit(text);
            assert_eq!(unit.names(), names);
            assert_eq!(unit.domain().as_str(), domain);
            assert_eq!(unit.to_string(), text);
        }
    }

    #[test]
    fn what_breaks_a_join_or_a_reader_is_refused_with_its_place() {
        for (text, position, expected) in [
            ("", None, "leave the organizational unit out"),
            ("\"OU=A,DC=x,DC=y\"", Some(0), "leave out the quotes"),
            ("'OU=A,DC=x,DC=y'", Some(0), "leave out the quotes"),
            ("“OU=A,DC=x,DC=y”", Some(0), "leave out the quotes"),
            ("CN=Computers,DC=x,DC=y", Some(0), "leave the organizational unit empty"),
            ("cn=computers,DC=x,DC=y", Some(0), "leave the organizational unit empty"),
            ("CN=Users,DC=x,DC=y", Some(0), "is a container"),
            ("OU=A,CN=B,DC=x,DC=y", Some(5), "is a container"),
            ("OU=workstation,CN=domain,CN=com", Some(15), "is a container"),
            ("OU=Mine", None, "no DC= part"),
            ("DC=x,DC=y", None, "the domain itself"),
            ("OU=A,DC=x", None, "do not spell a domain"),
            ("OU=A,DC=x y,DC=z", None, "do not spell a domain"),
            ("OU=A,DC=x,OU=B,DC=y", Some(10), "after a DC="),
            ("O=A,DC=x,DC=y", Some(0), "kind \"O\""),
            ("2.5.4.11=A,DC=x,DC=y", Some(0), "kind \"2.5.4.11\""),
            ("OU=A, DC=x,DC=y", Some(5), "space beside"),
            ("OU = A,DC=x,DC=y", Some(0), "space beside"),
            ("OU= A,DC=x,DC=y", Some(3), "space beside"),
            ("OU=A ,DC=x,DC=y", Some(5), "space beside"),
            ("OU=A,DC=x,DC=y ", Some(15), "space beside"),
            ("OU=Sales, EU,DC=x,DC=y", Some(9), "without '='"),
            ("OU=A+OU=B,DC=x,DC=y", Some(4), "unescaped '+'"),
            ("OU=A=B,DC=x,DC=y", Some(4), "unescaped '='"),
            ("OU=A;B,DC=x,DC=y", Some(4), "unescaped ';'"),
            ("OU=\"A\",DC=x,DC=y", Some(3), "has a quote"),
            ("OU=#04024869,DC=x,DC=y", Some(3), "in hexadecimal"),
            ("OU=é\\x,DC=x,DC=y", Some(4), "escapes nothing"),
            ("OU=A\\", Some(4), "escapes nothing"),
            ("OU=A\\4", Some(4), "escapes nothing"),
            ("OU=\\FF,DC=x,DC=y", Some(3), "not UTF-8"),
            ("OU=A\nB,DC=x,DC=y", Some(4), "control character"),
            ("OU=,DC=x,DC=y", Some(3), "empty part"),
            ("OU=A,DC=x,DC=y,", Some(15), "last comma"),
            ("Laptops", Some(0), "without '='"),
        ] {
            let error = text.parse::<OrganizationalUnit>().expect_err(text);
            assert!(error.to_string().contains(expected), "{text}: {error}");
            assert_eq!(error.position(), position, "{text}: {error}");
        }
    }

    #[test]
    fn case_and_escaping_do_not_tell_units_apart() {
        assert!(unit("OU=Lübeck,DC=X,DC=y").same_as(&unit(r"ou=l\c3\bcbeck,dc=x,dc=Y")));
        assert!(unit(r"OU=a\,b,DC=x,DC=y").same_as(&unit(r"OU=a\2Cb,DC=x,DC=y")));
        assert!(!unit("OU=a,OU=b,DC=x,DC=y").same_as(&unit("OU=b,OU=a,DC=x,DC=y")));
        assert!(!unit("OU=a,DC=x,DC=y").same_as(&unit("OU=a,DC=x,DC=z")));
    }

    #[test]
    fn a_unit_knows_what_is_around_it() {
        let inner = unit(r"OU=c,OU=b\,b,OU=a,DC=x,DC=y");
        let middle = inner.parent().unwrap();
        assert_eq!(middle.as_str(), r"OU=b\,b,OU=a,DC=x,DC=y");
        let outer = middle.parent().unwrap();
        assert_eq!((outer.as_str(), outer.parent()), ("OU=a,DC=x,DC=y", None));
        assert!(inner.is_within(&outer) && inner.is_within(&inner));
        assert!(middle.is_within(&unit("ou=A,dc=x,dc=y")));
        assert!(!outer.is_within(&inner));
        assert!(!inner.is_within(&unit("OU=b,DC=x,DC=y")));
        assert!(!inner.is_within(&unit("OU=a,DC=x,DC=z")));
    }

    #[test]
    fn a_broken_unit_of_a_tenant_is_kept_and_told_from_others() {
        let broken = OrganizationalUnit::from_service("\"OU=A,DC=contoso, DC=com\"");
        assert!(broken.violation().is_some() && broken.names().is_empty() && broken.parent().is_none());
        assert_eq!(broken.as_str(), "\"OU=A,DC=contoso, DC=com\"");
        let container = OrganizationalUnit::from_service("CN=Computers, DC=contoso, DC=com");
        assert_eq!(container.domain(), "contoso.com".parse().unwrap());
        assert!(container.same_as(&OrganizationalUnit::from_service("cn=Computers, dc=contoso, dc=com")));
        assert!(!container.is_within(&unit("OU=A,DC=contoso,DC=com")));
    }

    #[test]
    fn a_semicolon_in_a_name_is_found() {
        assert_eq!(unit(r"OU=a\;b,DC=x,DC=y").lint().len(), 1);
        assert_eq!(unit(r"OU=a\3Bb,DC=x,DC=y").lint().len(), 1);
        assert!(unit("OU=a,DC=x,DC=y").lint().is_empty());
    }

    proptest! {
        #[test]
        fn units_hold_the_laws(
            text in "(?s).{0,30}|((OU|DC|cn)=[a-zé #;+\\\\,2C\" ]{0,6},){0,4}DC=[a-z]{1,3},DC=[a-z]{1,3}"
        ) {
            laws::parse_and_print::<OrganizationalUnit>(&text);
            let unit = OrganizationalUnit::from_service(text);
            prop_assert!(unit.same_as(&unit) && unit.is_within(&unit));
            unit.lint();
            if let Some(parent) = unit.parent() {
                prop_assert_eq!(parent.violation(), None);
                prop_assert!(unit.is_within(&parent) && !parent.is_within(&unit));
            }
        }

        #[test]
        fn any_name_can_be_escaped_and_is_read_back(name in "(?s).{1,12}") {
            let escaped: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
            prop_assert_eq!(unit(&format!("OU={escaped},DC=x,DC=y")).names(), [name]);
        }
    }
}
