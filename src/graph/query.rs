//! Query options, and the escaping of paths and values.

use std::borrow::Cow;
use std::fmt;

use crate::transport::percent_encode;

/// The query options of a request: one value per name, in the order in which the names were first set.
#[derive(Clone, Default)]
pub(crate) struct Query(Vec<(Cow<'static, str>, String)>);

impl Query {
    /// Sets an option, and replaces an earlier value.
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: &str) {
        let mut escaped = String::with_capacity(value.len());
        escape_query(value, &mut escaped);
        self.set_escaped(name.into(), escaped);
    }

    fn set_escaped(&mut self, name: Cow<'static, str>, escaped: String) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => *value = escaped,
            None => self.0.push((name, escaped)),
        }
    }

    /// Parses the query of an escaped path.
    ///
    /// # Errors
    /// The reason, if an option occurs twice.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for option in text.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            if query.0.iter().any(|(known, _)| known == name) {
                return Err(format!("the query option {name} occurs twice: write each option once"));
            }
            query.0.push((name.to_owned().into(), value.to_owned()));
        }
        Ok(query)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a lower bound of the text's length.
    pub(crate) fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len() + 2).sum()
    }
}

/// Writes the query as it follows the `?` of an address.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let mark = if index == 0 { "" } else { "&" };
            write!(f, "{mark}{name}={value}")?;
        }
        Ok(())
    }
}

/// Escapes `text` as one path segment, or as one part of a quoted key.
pub(crate) fn escape_segment(text: &str, out: &mut String) {
    percent_encode(text, b"-._~@", out);
}

/// Escapes `text` as the value of a query option.
pub(crate) fn escape_query(text: &str, out: &mut String) {
    percent_encode(text, b"-._~@'(),:/$*!", out);
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn decode(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let Some((first, tail)) = rest.split_first() {
            if *first == b'%' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&tail[..2]).unwrap(), 16).unwrap());
                rest = &tail[2..];
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_option_set_again_is_replaced_in_place() {
        let mut query = Query::default();
        for (name, value) in [("$select", "id"), ("$top", "5"), ("$select", "id,a b")] {
            query.set(name, value);
        }
        assert_eq!(query.to_string(), "$select=id,a%20b&$top=5");
    }

    #[test]
    fn a_repeated_option_in_a_path_is_refused() {
        assert_eq!(Query::read("$top=5&$filter=a%20b&x").unwrap().to_string(), "$top=5&$filter=a%20b&x=");
        assert!(Query::read("$top=5&$top=6").err().unwrap().contains("$top"));
    }

    proptest! {
        #[test]
        fn a_segment_never_leaves_its_place_and_reads_back(text in any::<String>()) {
            let mut out = String::new();
            escape_segment(&text, &mut out);
            prop_assert!(out.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~@%".contains(&b)));
            prop_assert_eq!(decode(&out), text);
        }

        #[test]
        fn a_query_value_never_ends_early_and_reads_back(text in any::<String>()) {
            let mut out = String::new();
            escape_query(&text, &mut out);
            prop_assert!(!out.contains(['&', '#', '?', '+', '=', ' ', '"']));
            prop_assert_eq!(decode(&out), text);
        }
    }
}
