//! Rules of assignment filters, evaluated for one device while parsing.

/// Returns `true` if a rule matches the device with the properties of `value`. An invalid rule matches nothing.
pub(crate) fn matches(rule: &str, value: impl Fn(&str) -> String) -> bool {
    read(rule, value) == Some(true)
}

/// Returns `true` if a rule can be read.
pub(crate) fn is_rule(rule: &str) -> bool {
    read(rule, |_| String::new()).is_some()
}

fn read(rule: &str, value: impl Fn(&str) -> String) -> Option<bool> {
    let mut scan = Scan { rest: rule, value, depth: 0 };
    let holds = scan.either()?;
    scan.rest.trim_start().is_empty().then_some(holds)
}

/// Returns the numbers of a version such as `10.0.26100.1`.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.trim().parse().unwrap_or_default()).collect()
}

struct Scan<'r, V> {
    rest: &'r str,
    value: V,
    depth: usize,
}

impl<V: Fn(&str) -> String> Scan<'_, V> {
    fn either(&mut self) -> Option<bool> {
        let mut holds = self.both()?;
        while self.skip("or") {
            holds |= self.both()?;
        }
        Some(holds)
    }

    fn both(&mut self) -> Option<bool> {
        let mut holds = self.unit()?;
        while self.skip("and") {
            holds &= self.unit()?;
        }
        Some(holds)
    }

    fn unit(&mut self) -> Option<bool> {
        self.depth += 1;
        if self.depth > 200 {
            return None;
        }
        let holds = if self.skip("not") {
            !self.unit()?
        } else if self.mark('(') {
            let inner = self.either()?;
            self.mark(')').then_some(inner)?
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Some(holds)
    }

    fn comparison(&mut self) -> Option<bool> {
        let property = self.word()?.to_lowercase();
        // A rule over apps is of the same language, and matches no device.
        let (family, property) =
            property.split_once('.').filter(|(family, _)| ["device", "app"].contains(family))?;
        let is_device = family == "device";
        let operator = self.word()?.trim_start_matches('-').to_lowercase();
        let mut wanted = Vec::new();
        if self.mark('[') {
            loop {
                wanted.push(self.text()?);
                if !self.mark(',') {
                    break;
                }
            }
            self.mark(']').then_some(())?;
        } else {
            wanted.push(self.text()?);
        }
        let held = (self.value)(property).to_lowercase();
        let any = |test: fn(&str, &str) -> bool| wanted.iter().any(|wanted| test(&held, wanted));
        let holds = match operator.as_str() {
            "eq" | "in" => any(|held, wanted| held == wanted),
            "ne" | "notin" => !any(|held, wanted| held == wanted),
            "startswith" => any(|held, wanted| held.starts_with(wanted)),
            "notstartswith" => !any(|held, wanted| held.starts_with(wanted)),
            "contains" => any(|held, wanted| held.contains(wanted)),
            "notcontains" => !any(|held, wanted| held.contains(wanted)),
            "gt" => any(|held, wanted| numbers(held) > numbers(wanted)),
            "ge" => any(|held, wanted| numbers(held) >= numbers(wanted)),
            "lt" => any(|held, wanted| numbers(held) < numbers(wanted)),
            "le" => any(|held, wanted| numbers(held) <= numbers(wanted)),
            _ => return None,
        };
        Some(holds && is_device)
    }

    /// Parses a word up to the next space, bracket or quote.
    fn word(&mut self) -> Option<&str> {
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || "()[],\"'".contains(c)).unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Parses a value in lower case.
    fn text(&mut self) -> Option<String> {
        let rest = self.rest.trim_start();
        for quote in ['"', '\''] {
            if let Some(inner) = rest.strip_prefix(quote) {
                let (text, rest) = inner.split_once(quote)?;
                self.rest = rest;
                return Some(text.to_lowercase());
            }
        }
        let word = self.word()?.to_lowercase();
        ["null", "$null"].contains(&word.as_str()).then(String::new)
    }

    fn mark(&mut self, mark: char) -> bool {
        let rest = self.rest.trim_start().strip_prefix(mark);
        rest.map(|rest| self.rest = rest).is_some()
    }

    /// Skips an operator between conditions, with or without its hyphen.
    fn skip(&mut self, wanted: &str) -> bool {
        let before = self.rest;
        let found = self.word().is_some_and(|word| word.trim_start_matches('-').eq_ignore_ascii_case(wanted));
        if !found {
            self.rest = before;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_compares_versions_by_number_and_texts_without_case() {
        let device = |property: &str| match property {
            "osversion" => "10.0.26100.4061".to_owned(),
            "model" => "Book 3".to_owned(),
            _ => String::new(),
        };
        for (rule, expected) in [
            ("(device.osVersion -ge \"10.0.26100.4061\")", true),
            ("(device.osVersion -gt \"10.0.26100.4061\")", false),
            ("(device.osVersion -le \"10.0.26100.4061\")", true),
            ("(device.osVersion -lt \"10.0.26100.4061\")", false),
            ("(device.osVersion -lt \"10.0.26100.10000\")", true),
            ("(device.model -eq \"book 3\") and (device.model -ne \"Desk\")", true),
            ("(device.model -in [\"Desk\", \"Book 3\"])", true),
            ("(device.model -notIn [\"Desk\", \"Book 3\"])", false),
            ("(device.model -notStartsWith \"Book\") or (device.model -notContains \"desk\")", true),
            ("not (device.model -contains \"ook\")", false),
            ("(app.osVersion -ge \"10.0\")", false),
            ("(device.osVersion -ge 10.0)", false),
        ] {
            assert_eq!(matches(rule, device), expected, "{rule}");
        }
        assert!(is_rule("(app.osVersion -ge \"10.0\")") && !is_rule("(device.osVersion -ge 10.0)"));
    }
}
