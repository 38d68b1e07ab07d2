//! An XML document that can be edited in place; all other bytes are kept.

use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::model::InvalidValue;

/// The largest document: far more than a configuration file has.
const MAX_LENGTH: usize = 256 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A well-formed document in UTF-8 without a document type, with the positions of its elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    has_byte_order_mark: bool,
    text: String,
    /// The elements in the order of their start tags; the first is the root.
    elements: Vec<Element>,
}

/// An element and its position in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    parent: Option<usize>,
    attributes: Vec<Attribute>,
    start_tag: Range<usize>,
    /// `None` in `<a/>`.
    end_tag: Option<Range<usize>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Attribute {
    name: String,
    value: String,
    /// The position of the value between its quotes.
    span: Range<usize>,
}

impl Element {
    /// Returns the decoded value of an attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .map(|attribute| attribute.value.as_str())
    }
}

impl Document {
    /// Parses a document.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, InvalidValue> {
        if bytes.len() > MAX_LENGTH {
            return Err(invalid("is longer than 256 KiB, which no configuration file of the connector is"));
        }
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(invalid("is in UTF-16; save it as UTF-8"));
        }
        let (has_byte_order_mark, text) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
            Some(text) => (true, text),
            None => (false, bytes),
        };
        let text = str::from_utf8(text).map_err(|error| {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
            invalid(format!("is not UTF-8 in line {line}"))
        })?;
        Self::parse_text(has_byte_order_mark, text.to_owned())
    }

    /// Returns the bytes of the file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mark = if self.has_byte_order_mark { BYTE_ORDER_MARK } else { &[] };
        [mark, self.text.as_bytes()].concat()
    }

    pub(super) fn get(&self, element: usize) -> Option<&Element> {
        self.elements.get(element)
    }

    /// Returns the children of an element, optionally those of one name.
    pub(super) fn children<'a>(
        &'a self,
        parent: usize,
        name: Option<&'a str>,
    ) -> impl DoubleEndedIterator<Item = (usize, &'a Element)> {
        let all = self.elements.iter().enumerate();
        all.filter(move |(_, element)| {
            element.parent == Some(parent) && name.is_none_or(|name| element.name == name)
        })
    }

    /// Returns the first child of a name.
    pub(super) fn first_child(&self, parent: usize, name: &str) -> Option<usize> {
        self.children(parent, Some(name)).next().map(|(child, _)| child)
    }

    /// Returns the document with an attribute set, added if it is missing.
    pub(super) fn with_attribute(
        &self,
        element: usize,
        name: &str,
        value: &str,
    ) -> Result<Self, InvalidValue> {
        let Some(element) = self.get(element) else { return Ok(self.clone()) };
        if let Some(attribute) = element.attributes.iter().find(|attribute| attribute.name == name) {
            return self.with(&attribute.span, &escaped(value));
        }
        // After the last one, or after the name.
        let place = match element.attributes.last() {
            Some(last) => last.span.end + 1,
            None => element.start_tag.start + 1 + element.name.len(),
        };
        self.with(&(place..place), &format!(" {name}=\"{}\"", escaped(value)))
    }

    /// Returns the document without an element and the white space before it.
    pub(super) fn without(&self, element: usize) -> Result<Self, InvalidValue> {
        let Some(element) = self.get(element) else { return Ok(self.clone()) };
        let before = self.text.get(..element.start_tag.start).unwrap_or_default();
        self.with(&(before.trim_end_matches(is_white_space).len()..element.end()), "")
    }

    /// Returns the document with an empty element added as the last child, on a line of its own with its siblings'
    /// indentation; and that element.
    pub(super) fn with_child(
        &self,
        parent: usize,
        name: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(Self, usize), InvalidValue> {
        let Some(element) = self.get(parent) else { return Ok((self.clone(), parent)) };
        let attributes: String =
            attributes.iter().map(|(name, value)| format!(" {name}=\"{}\"", escaped(value))).collect();
        let child = format!("<{name}{attributes} />");
        let own = self.line_before(element.start_tag.start);
        let changed = if let Some((_, last)) = self.children(parent, None).next_back() {
            let child = format!("{}{child}", self.line_before(last.start_tag.start));
            self.with(&(last.end()..last.end()), &child)?
        } else {
            let inner = if own.is_empty() { String::new() } else { format!("{own}{}", self.indent(parent)) };
            match &element.end_tag {
                Some(end_tag) => {
                    let content = self.text.get(element.start_tag.end..end_tag.start).unwrap_or_default();
                    let (content, spaces) = content.split_at(content.trim_end_matches(is_white_space).len());
                    let place = element.start_tag.end + content.len();
                    let own = if spaces.contains('\n') { "" } else { own };
                    self.with(&(place..place), &format!("{inner}{child}{own}"))?
                }
                None => {
                    let tag = self.text.get(element.start_tag.clone()).unwrap_or_default();
                    let open = tag.trim_end_matches("/>").trim_end_matches(is_white_space).len();
                    let place = element.start_tag.start + open..element.start_tag.end;
                    self.with(&place, &format!(">{inner}{child}{own}</{}>", element.name))?
                }
            }
        };
        let child = changed.children(parent, None).next_back().map_or(parent, |(child, _)| child);
        Ok((changed, child))
    }

    /// Returns the line break and spaces before `place` if its line has nothing else before it.
    fn line_before(&self, place: usize) -> &str {
        let before = self.text.get(..place).unwrap_or_default();
        let spaces = before.trim_end_matches([' ', '\t']);
        let line = spaces.strip_suffix('\n').map(|rest| rest.strip_suffix('\r').unwrap_or(rest));
        line.and_then(|rest| before.get(rest.len()..)).unwrap_or_default()
    }

    /// Returns the additional indentation of an element's children: the element's own in its parent, or four spaces.
    fn indent(&self, element: usize) -> String {
        let own = self.get(element).map_or("", |element| self.line_before(element.start_tag.start));
        let parent = self.get(element).and_then(|element| self.get(element.parent?));
        let around = parent.map_or("", |parent| self.line_before(parent.start_tag.start));
        let spaces = |line: &str| line.trim_start_matches(['\r', '\n']).to_owned();
        let (own, around) = (spaces(own), spaces(around));
        match own.strip_prefix(&around) {
            Some(more) if !more.is_empty() => more.to_owned(),
            _ => "    ".to_owned(),
        }
    }

    /// Returns the document with a range replaced, parsed again so that the result is well-formed.
    fn with(&self, place: &Range<usize>, text: &str) -> Result<Self, InvalidValue> {
        let before = self.text.get(..place.start).unwrap_or_default();
        let after = self.text.get(place.end..).unwrap_or_default();
        Self::parse_text(self.has_byte_order_mark, [before, text, after].concat())
    }

    fn parse_text(has_byte_order_mark: bool, text: String) -> Result<Self, InvalidValue> {
        let mut scan = Scan { text: &text, elements: Vec::new(), open: Vec::new() };
        scan.run().map_err(|syntax_error| {
            let before = text.get(..syntax_error.byte).unwrap_or(&text);
            let line = before.matches('\n').count() + 1;
            invalid(format!("is not a file that can be read safely: line {line} {}", syntax_error.problem))
                .at(before.chars().count())
        })?;
        let elements = scan.elements;
        Ok(Self { has_byte_order_mark, text, elements })
    }
}

impl Element {
    fn end(&self) -> usize {
        self.end_tag.as_ref().unwrap_or(&self.start_tag).end
    }
}

fn invalid(problem: impl Into<std::borrow::Cow<'static, str>>) -> InvalidValue {
    InvalidValue::new("configuration file", problem, "put back the copy that was made before it was edited")
}

/// A syntax error with its byte offset.
struct SyntaxError {
    problem: String,
    byte: usize,
}

/// A pass over a document that refuses the ill-formed input that quick-xml accepts.
struct Scan<'a> {
    text: &'a str,
    elements: Vec<Element>,
    open: Vec<usize>,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), SyntaxError> {
        if let Some((byte, c)) = self.text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            return Err(SyntaxError {
                problem: format!("contains the character {c:?}, which XML does not allow"),
                byte,
            });
        }
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().check_comments = true;
        loop {
            let start = offset(reader.buffer_position());
            let event = reader.read_event().map_err(|error| SyntaxError {
                problem: format!("is not well-formed: {error}"),
                byte: offset(reader.error_position()),
            })?;
            let span = start..offset(reader.buffer_position());
            let syntax_error = |problem: &str| Err(SyntaxError { problem: problem.to_owned(), byte: start });
            match event {
                Event::Start(tag) => {
                    let element = self.element(&tag, span)?;
                    self.open.push(self.elements.len());
                    self.elements.push(element);
                }
                Event::Empty(tag) => {
                    let element = self.element(&tag, span)?;
                    self.elements.push(element);
                }
                Event::End(_) => {
                    let element = self.open.pop().and_then(|element| self.elements.get_mut(element));
                    if let Some(element) = element {
                        element.end_tag = Some(span);
                    }
                }
                Event::Text(text) => {
                    if self.open.is_empty() && !text.chars().all(is_white_space) {
                        return syntax_error("has text outside of the root element");
                    }
                    if text.contains("]]>") {
                        return syntax_error("has ]]> in its text");
                    }
                }
                Event::CData(_) if self.open.is_empty() => {
                    return syntax_error("has text outside of the root element");
                }
                Event::GeneralRef(reference) => {
                    if self.open.is_empty() {
                        return syntax_error("has text outside of the root element");
                    }
                    let is_known = matches!(&*reference, "amp" | "lt" | "gt" | "quot" | "apos");
                    let is_char = || reference.resolve_char_ref().ok().flatten().is_some_and(is_xml_char);
                    if !is_known && !is_char() {
                        return syntax_error("has an entity of its own, which is not resolved");
                    }
                }
                Event::DocType(_) => return syntax_error("has a document type, which is not resolved"),
                Event::Decl(_) => {
                    if start != 0 {
                        return syntax_error("has an XML declaration that is not at the start");
                    }
                    if !self.is_declaration_of_utf_8(&span)? {
                        return syntax_error("declares XML other than version 1.0 in UTF-8");
                    }
                }
                Event::PI(instruction) => {
                    let target = instruction.target();
                    if !is_name(target) || target.eq_ignore_ascii_case("xml") {
                        return syntax_error("has a processing instruction without a name");
                    }
                }
                Event::Comment(_) | Event::CData(_) => {}
                Event::Eof => break,
            }
        }
        let end = |problem: &str| Err(SyntaxError { problem: problem.to_owned(), byte: self.text.len() });
        match (self.open.is_empty(), self.elements.is_empty()) {
            (true, false) => Ok(()),
            (_, true) => end("is the end of the file, and there is no element"),
            (false, _) => end("is the end of the file, but an element is not closed"),
        }
    }

    fn element(&self, tag: &BytesStart<'_>, span: Range<usize>) -> Result<Element, SyntaxError> {
        let start = span.start;
        let syntax_error = |problem: &str| SyntaxError { problem: problem.to_owned(), byte: start };
        let parent = self.open.last().copied();
        if parent.is_none() && !self.elements.is_empty() {
            return Err(syntax_error("has a second root element"));
        }
        let name = tag.name().0;
        if !is_name(name) {
            return Err(syntax_error("has an element whose name is not one"));
        }
        let attributes = self.attributes(tag, &span, 1 + name.len())?;
        Ok(Element { name: name.to_owned(), parent, attributes, start_tag: span, end_tag: None })
    }

    /// Returns the attributes of a tag whose first `done` bytes are its name.
    fn attributes(
        &self,
        tag: &BytesStart<'_>,
        span: &Range<usize>,
        mut done: usize,
    ) -> Result<Vec<Attribute>, SyntaxError> {
        let syntax_error = |problem: String| SyntaxError { problem, byte: span.start };
        let text = self.text.get(span.clone()).unwrap_or_default();
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute =
                attribute.map_err(|error| syntax_error(format!("is not well-formed: {error}")))?;
            let (name, raw) = (attribute.key.0, &*attribute.value);
            // Only what stands between has to be found: spaces, the name, spaces and =, spaces and a quote.
            let rest = text.get(done..).unwrap_or_default();
            let spaces = rest.len() - rest.trim_start_matches(is_white_space).len();
            let quote = rest.get(spaces + name.len()..).and_then(|rest| rest.find(['"', '\'']));
            let (Some(quote), true) = (quote, spaces > 0 && is_name(name)) else {
                let problem = "has an attribute whose name is not one, or that touches the one before";
                return Err(syntax_error(problem.to_owned()));
            };
            let start = done + spaces + name.len() + quote + 1;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0);
            let value = value.ok().filter(|value| !raw.contains('<') && value.chars().all(is_xml_char));
            let value = value.ok_or_else(|| {
                let problem = "has an attribute with <, a reference to what XML does not allow, or an entity of its own";
                syntax_error(problem.to_owned())
            })?;
            done = start + raw.len() + 1;
            let span = span.start + start..span.start + start + raw.len();
            attributes.push(Attribute { name: name.to_owned(), value: value.into_owned(), span });
        }
        Ok(attributes)
    }

    fn is_declaration_of_utf_8(&self, span: &Range<usize>) -> Result<bool, SyntaxError> {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let content = text.trim_start_matches("<?").trim_end_matches("?>");
        let tag = BytesStart::from_content(content, "xml".len());
        let attributes = self.attributes(&tag, span, "<?xml".len())?;
        let attributes: Vec<_> = attributes.iter().map(|a| (a.name.as_str(), a.value.as_str())).collect();
        let rest = match &attributes[..] {
            [("version", "1.0"), ("encoding", encoding), rest @ ..]
                if encoding.eq_ignore_ascii_case("utf-8") =>
            {
                rest
            }
            [("version", "1.0"), rest @ ..] => rest,
            _ => return Ok(false),
        };
        Ok(matches!(rest, [] | [("standalone", "yes" | "no")]))
    }
}

/// Escapes a value for an attribute in either kind of quotes.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", u32::from(c))),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Converts an offset, which fits because the whole document is in memory.
fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn is_name(name: &str) -> bool {
    let starts = |c: char| {
        matches!(c,
            ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}'
            | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
            | '\u{10000}'..='\u{EFFFF}')
    };
    let continues = |c: char| {
        starts(c)
            || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
    };
    name.starts_with(starts) && name.chars().all(continues)
}
