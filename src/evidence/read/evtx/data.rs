//! The content of a record: binary XML, read for its system part and data.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::cursor::Cursor;
use super::value::{self, BINARY_XML};
use crate::evidence::event::{EventRecord, Fields, Level, Provider};
use crate::evidence::number;
use crate::model::Text;

/// The deepest nesting of elements, templates and fragments.
const DEPTH: usize = 24;
/// The maximum number of tokens of a record, because templates could refer to each other endlessly.
const TOKENS: usize = 20_000;
/// The maximum number of fields of a record.
const FIELDS: usize = 512;

/// A chunk, with the names that were read in it.
pub(super) struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<usize, Rc<str>>,
}

/// The values of a template's substitutions: type and position.
type Values = Vec<(u8, Range<usize>)>;

impl Chunk {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, names: HashMap::new() }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the record with this content.
    pub(super) fn record(
        &mut self,
        content: Range<usize>,
        number: u64,
        time: u64,
        wants_fields: fn(&EventRecord) -> bool,
    ) -> Result<EventRecord, String> {
        let mut record = EventRecord::new(Provider::Other(Text::default()), 0);
        record.record = number;
        record.time = value::filetime(time);
        let mut walk = Walk {
            chunk: self,
            record,
            fields: Vec::new(),
            path: Vec::new(),
            name: None,
            content: String::new(),
            is_leaf: false,
            wants_fields,
            wanted: None,
            has_id: false,
            tokens: 0,
        };
        let read = walk.fragment(content, None, 0);
        let (has_id, fields, mut record) = (walk.has_id, walk.fields, walk.record);
        record.fields = fields.into_iter().collect::<Fields>();
        // A record is as good as its system part: data that cannot be read are left out by the walk.
        match read {
            Some(()) if has_id => Ok(record),
            Some(()) => Err(format!("record {number} has no event id")),
            None => Err(format!("record {number} is damaged")),
        }
    }

    /// Returns the name at an offset of the chunk.
    fn name(&mut self, offset: usize) -> Option<Rc<str>> {
        if let Some(name) = self.names.get(&offset) {
            return Some(Rc::clone(name));
        }
        let mut cursor = Cursor::new(&self.bytes, offset.checked_add(6)?);
        let count = usize::from(cursor.u16()?);
        let name: Rc<str> = cursor.utf16(count)?.into();
        self.names.insert(offset, Rc::clone(&name));
        Some(name)
    }
}

/// A walk over the tokens of one record.
struct Walk<'c> {
    chunk: &'c mut Chunk,
    record: EventRecord,
    fields: Vec<(Text, Text)>,
    /// The open elements.
    path: Vec<Rc<str>>,
    /// The attribute `Name` of the open element.
    name: Option<String>,
    /// The text of the open element so far.
    content: String,
    /// Whether the open element has had no element in it.
    is_leaf: bool,
    wants_fields: fn(&EventRecord) -> bool,
    wanted: Option<bool>,
    has_id: bool,
    tokens: usize,
}

impl Walk<'_> {
    /// Walks a fragment. `None` if it is damaged.
    fn fragment(&mut self, range: Range<usize>, values: Option<&Values>, depth: usize) -> Option<()> {
        if depth > DEPTH {
            return None;
        }
        let base = self.path.len();
        let end = range.end;
        let mut at = range.start;
        // The attribute whose value comes next.
        let mut attribute: Option<Rc<str>> = None;
        while at < end {
            self.tokens += 1;
            if self.tokens > TOKENS {
                return None;
            }
            let mut cursor = Cursor::new(&self.chunk.bytes, at);
            let token = cursor.u8()?;
            match token & 0x3f {
                0x00 => break,
                0x01 => {
                    cursor.take(6)?;
                    let offset = cursor.offset()?;
                    at = self.behind_name(cursor.position(), offset)?;
                    if token & 0x40 != 0 {
                        at += 4;
                    }
                    let name = self.chunk.name(offset)?;
                    self.open(name, base + DEPTH)?;
                    attribute = None;
                }
                0x02 => {
                    attribute = None;
                    at += 1;
                }
                0x03 | 0x04 => {
                    if self.path.len() <= base {
                        return None;
                    }
                    self.close();
                    attribute = None;
                    at += 1;
                }
                0x05 => {
                    let kind = cursor.u8()?;
                    if kind != 1 {
                        return None;
                    }
                    let count = usize::from(cursor.u16()?);
                    let text = cursor.utf16(count)?;
                    at = cursor.position();
                    self.text(attribute.as_deref(), &text);
                }
                0x06 => {
                    let offset = cursor.offset()?;
                    at = self.behind_name(cursor.position(), offset)?;
                    attribute = Some(self.chunk.name(offset)?);
                }
                0x07 | 0x0b => {
                    let count = usize::from(cursor.u16()?);
                    let text = cursor.utf16(count)?;
                    at = cursor.position();
                    if token & 0x3f == 0x07 {
                        self.text(None, &text);
                    }
                }
                0x08 => {
                    let unit = u32::from(cursor.u16()?);
                    at = cursor.position();
                    let text = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER).to_string();
                    self.text(attribute.as_deref(), &text);
                }
                0x09 => {
                    let offset = cursor.offset()?;
                    at = self.behind_name(cursor.position(), offset)?;
                    let text = match &*self.chunk.name(offset)? {
                        "lt" => "<",
                        "gt" => ">",
                        "amp" => "&",
                        "quot" => "\"",
                        "apos" => "'",
                        _ => "",
                    };
                    self.text(attribute.as_deref(), text);
                }
                0x0a => {
                    let offset = cursor.offset()?;
                    at = self.behind_name(cursor.position(), offset)?;
                }
                0x0c => at = self.template(at + 1, depth)?,
                0x0d | 0x0e => {
                    let index = usize::from(cursor.u16()?);
                    cursor.u8()?;
                    at = cursor.position();
                    let Some((kind, range)) = values.and_then(|values| values.get(index)) else { continue };
                    let (kind, range) = (*kind, range.clone());
                    if kind == BINARY_XML {
                        // The data of an event is optional: a damaged one leaves the system part.
                        let (path, name) = (self.path.len(), self.name.take());
                        if self.fragment(range, None, depth + 1).is_none() {
                            self.path.truncate(path);
                        }
                        self.name = name;
                    } else if kind != 0 {
                        let bytes = self.chunk.bytes.get(range)?;
                        let mut texts = value::texts(kind, bytes).unwrap_or_default();
                        let last = texts.pop().unwrap_or_default();
                        // Windows writes an element for each element of an array.
                        for text in texts {
                            self.text(attribute.as_deref(), &text);
                            self.push_field();
                        }
                        self.text(attribute.as_deref(), &last);
                    }
                }
                0x0f => at += 4,
                _ => return None,
            }
        }
        self.path.truncate(base);
        Some(())
    }

    /// Returns the position after a name, which is inline at its first use.
    fn behind_name(&self, position: usize, offset: usize) -> Option<usize> {
        if offset != position {
            return Some(position);
        }
        let count = usize::from(Cursor::new(&self.chunk.bytes, position + 6).u16()?);
        Some(position + 8 + (count + 1) * 2)
    }

    /// Walks an instance of a template and returns the position after it.
    fn template(&mut self, position: usize, depth: usize) -> Option<usize> {
        let mut cursor = Cursor::new(&self.chunk.bytes, position);
        cursor.take(5)?;
        let offset = cursor.offset()?;
        let mut definition = Cursor::new(&self.chunk.bytes, offset);
        definition.take(20)?;
        let size = definition.offset()?;
        let body = definition.position()..definition.position().checked_add(size)?;
        if body.end > self.chunk.bytes.len() {
            return None;
        }
        if offset == cursor.position() {
            cursor = Cursor::new(&self.chunk.bytes, body.end);
        }
        let count = cursor.offset()?;
        if count > self.chunk.bytes.len() / 4 {
            return None;
        }
        let mut sizes = Vec::with_capacity(count);
        for _ in 0..count {
            let (size, kind) = (cursor.u16()?, cursor.u8()?);
            cursor.u8()?;
            sizes.push((kind, usize::from(size)));
        }
        let mut at = cursor.position();
        let mut values = Values::with_capacity(count);
        for (kind, size) in sizes {
            values.push((kind, at..at + size));
            at += size;
        }
        if at > self.chunk.bytes.len() {
            return None;
        }
        self.fragment(body, Some(&values), depth + 1)?;
        Some(at)
    }

    fn open(&mut self, name: Rc<str>, most: usize) -> Option<()> {
        if self.path.len() >= most {
            return None;
        }
        self.path.push(name);
        self.name = None;
        self.content.clear();
        self.is_leaf = true;
        Some(())
    }

    fn close(&mut self) {
        if self.is_leaf {
            self.push_field();
        }
        self.path.pop();
        self.name = None;
        self.is_leaf = false;
    }

    fn part(&self, index: usize) -> &str {
        self.path.get(index).map_or("", |part| part)
    }

    /// Adds text to an attribute or to the open element.
    fn text(&mut self, attribute: Option<&str>, text: &str) {
        let record = &mut self.record;
        let part = |index: usize| self.path.get(index).map_or("", |part| &**part);
        match (part(1), part(2), attribute) {
            ("System", "Provider", Some("Name")) => record.provider = text.into(),
            ("System", "TimeCreated", Some("SystemTime")) => {
                record.time = text.parse().ok().or(record.time);
            }
            ("System", "EventID", None) => {
                if let Some(id) = number::code(text) {
                    record.id = id;
                    self.has_id = true;
                }
            }
            ("System", "Version", None) => record.version = text.parse().unwrap_or(0),
            ("System", "Level", None) => record.level = text.parse().ok().map(Level::from_number),
            ("System", "Channel", None) => record.channel = text.into(),
            ("System", "Computer", None) => record.computer = Some(text.into()),
            ("System", ..) => {}
            (_, _, Some("Name")) => self.name = Some(text.to_owned()),
            (_, _, Some(_)) => {}
            (_, _, None) => self.content.push_str(text),
        }
    }

    /// Keeps the text of the open element if it is a field: `Data`, or any element in user data.
    fn push_field(&mut self) {
        let is_data = matches!((self.part(1), self.part(2)), ("EventData", "Data" | "ComplexData"));
        let is_user_data = self.part(1) == "UserData" && self.path.len() > 3;
        if !(is_data || is_user_data) || self.fields.len() >= FIELDS || !self.is_wanted() {
            return;
        }
        let name = match self.path.last() {
            Some(last) if is_user_data => Text::from(&**last),
            _ => self.name.as_deref().unwrap_or_default().into(),
        };
        self.fields.push((name, std::mem::take(&mut self.content).into()));
    }

    fn is_wanted(&mut self) -> bool {
        *self.wanted.get_or_insert_with(|| (self.wants_fields)(&self.record))
    }
}
