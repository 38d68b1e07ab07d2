//! Search filters.

use std::fmt;

use super::Entry;

/// A condition on entries. `Display` writes it in RFC 4515 format, with values escaped.
///
/// ```
/// # use windows_autopilot::ad::directory::SearchFilter;
/// let filter = SearchFilter::all([
///     SearchFilter::equals("objectCategory", "computer"),
///     SearchFilter::starts_with("sAMAccountName", "HYB(1)"),
/// ]);
/// assert_eq!(filter.to_string(), r"(&(objectCategory=computer)(sAMAccountName=HYB\281\29*))");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFilter(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Present(String),
    Equals(String, Vec<u8>),
    StartsWith(String, String),
    All(Vec<SearchFilter>),
    Any(Vec<SearchFilter>),
}

impl SearchFilter {
    /// Matches entries that have a value for the attribute.
    pub fn present(attribute: &str) -> Self {
        Self(Kind::Present(attribute.to_owned()))
    }

    /// Matches entries in which the attribute has this value.
    pub fn equals(attribute: &str, value: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Equals(attribute.to_owned(), value.into()))
    }

    /// Matches entries in which a value of the attribute starts with this string.
    pub fn starts_with(attribute: &str, text: &str) -> Self {
        Self(Kind::StartsWith(attribute.to_owned(), text.to_owned()))
    }

    /// Matches entries that match all of these filters.
    pub fn all(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::All(filters.into_iter().collect()))
    }

    /// Matches entries that match at least one of these filters.
    pub fn any(filters: impl IntoIterator<Item = Self>) -> Self {
        Self(Kind::Any(filters.into_iter().collect()))
    }

    /// Returns `true` if an entry matches. Every attribute that the filter uses must have been read. Strings are
    /// compared without regard to case, and classes in `objectCategory` are compared by their short names, as in Active
    /// Directory.
    pub fn matches(&self, entry: &Entry) -> bool {
        match &self.0 {
            Kind::Present(attribute) => !entry.values(attribute).is_empty(),
            Kind::Equals(attribute, wanted) => {
                let category = attribute.eq_ignore_ascii_case("objectCategory");
                entry.values(attribute).iter().any(|value| {
                    let value = if category { class_of(value) } else { value };
                    value.eq_ignore_ascii_case(wanted)
                })
            }
            Kind::StartsWith(attribute, start) => entry
                .texts(attribute)
                .any(|value| value.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))),
            Kind::All(filters) => filters.iter().all(|filter| filter.matches(entry)),
            Kind::Any(filters) => filters.iter().any(|filter| filter.matches(entry)),
        }
    }
}

/// Returns `Computer` of `CN=Computer,CN=Schema,…`.
fn class_of(category: &[u8]) -> &[u8] {
    let first = category.split(|byte| *byte == b',').next().unwrap_or_default();
    first.split(|byte| *byte == b'=').nth(1).unwrap_or(first)
}

impl fmt::Display for SearchFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, sign: &str, filters: &[Self]| {
            write!(f, "({sign}")?;
            filters.iter().try_for_each(|filter| filter.fmt(f))?;
            f.write_str(")")
        };
        match &self.0 {
            Kind::Present(attribute) => write!(f, "({attribute}=*)"),
            Kind::Equals(attribute, value) => write!(f, "({attribute}={})", Escaped(value)),
            Kind::StartsWith(attribute, start) => write!(f, "({attribute}={}*)", Escaped(start.as_bytes())),
            Kind::All(filters) => list(f, "&", filters),
            Kind::Any(filters) => list(f, "|", filters),
        }
    }
}

/// The bytes of a value; those outside plain ASCII and those with a meaning are written as codes.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            if (byte.is_ascii_graphic() || *byte == b' ') && !b"*()\\".contains(byte) {
                write!(f, "{}", char::from(*byte))?;
            } else {
                write!(f, "\\{byte:02x}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_place() {
        for (filter, text) in [
            (SearchFilter::present("cn"), "(cn=*)"),
            (SearchFilter::equals("cn", "a*)(cn=*"), r"(cn=a\2a\29\28cn=\2a)"),
            (SearchFilter::equals("cn", "ü\\\0"), r"(cn=\c3\bc\5c\00)"),
            (SearchFilter::equals("objectSid", vec![1, 5, 0xFF]), r"(objectSid=\01\05\ff)"),
            (SearchFilter::starts_with("cn", "a "), "(cn=a *)"),
            (SearchFilter::any([SearchFilter::present("a"), SearchFilter::all([])]), "(|(a=*)(&))"),
        ] {
            assert_eq!(filter.to_string(), text);
        }
    }

    #[test]
    fn conditions_hold_as_in_active_directory() {
        let entry = Entry::new("CN=PC1")
            .with_values("objectCategory", ["CN=Computer,CN=Schema,CN=Configuration,DC=x"])
            .with_values("sAMAccountName", ["Hyb-1$"]);
        let name = |text: &str| SearchFilter::starts_with("sAMAccountName", text);
        for (filter, holds) in [
            (SearchFilter::equals("objectCategory", "computer"), true),
            (SearchFilter::equals("objectCategory", "person"), false),
            (name("HYB-"), true),
            (name("HYB-1$2"), false),
            (name("Hyö"), false),
            (SearchFilter::all([name("h"), SearchFilter::present("cn")]), false),
            (SearchFilter::any([name("h"), SearchFilter::present("cn")]), true),
        ] {
            assert_eq!(filter.matches(&entry), holds, "{filter}");
        }
    }
}
