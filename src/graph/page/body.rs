//! A received page: its link is decoded immediately, its items one by one as they are taken.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::error::{Error, ErrorKind, RequestIds, Result};
use crate::foreign::{Redactor, excerpt, json, scrub};
use crate::graph::decode::{self, RawResponse};

/// One page of a list.
pub struct Page<T> {
    received: RawPage,
    item: PhantomData<fn() -> T>,
}

impl<T> Page<T> {
    pub(super) fn new(received: RawPage) -> Self {
        Self { received, item: PhantomData }
    }

    pub(super) fn keeping(mut self, keep: Option<ItemFilter>) -> Self {
        self.received.walk.keeping(keep);
        self
    }

    pub(super) fn into_received(self) -> RawPage {
        self.received
    }

    /// Returns the items. Each is decoded on its own: an invalid one does not affect the others.
    pub fn into_items(self) -> PageItems<T> {
        PageItems { walk: self.received.walk, item: PhantomData }
    }

    /// Returns the number of items in the whole list, if the request asked for it. Only the first page has the count.
    /// If more pages follow, the count must come before the items in the response, as it does in the service's
    /// responses.
    pub fn count(&self) -> Option<u64> {
        self.received.count
    }

    /// Returns `true` if the service has another page.
    pub fn has_more(&self) -> bool {
        self.received.next.is_some()
    }
}

impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.received.walk)
            .field("has_more", &self.has_more())
            .field("count", &self.count())
            .finish()
    }
}

/// An iterator over a page's items, each of which is decoded only when it is reached.
pub struct PageItems<T> {
    walk: ItemCursor,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Iterator for PageItems<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        let step = self.walk.step()?;
        Some(step.and_then(|()| self.walk.take()))
    }
}

impl<T> fmt::Debug for PageItems<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageItems").field(&self.walk).finish()
    }
}

/// A page without the type of its items: code that does not depend on the type is compiled once.
#[derive(Debug)]
pub(super) struct RawPage {
    pub(super) walk: ItemCursor,
    pub(super) next: Option<String>,
    /// The link to later changes, on the last page of a delta list.
    pub(super) delta: Option<String>,
    count: Option<u64>,
}

/// A client-side filter on the text of each item, for comparisons that the service does not support.
pub(in crate::graph) type ItemFilter = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A cursor over the items of a page.
pub(super) struct ItemCursor {
    text: String,
    keep: Option<ItemFilter>,
    /// The offset of the next item, or of the comma before it.
    at: usize,
    taken: usize,
    over: bool,
    /// The headers of the response: errors name the ids in them.
    headers: HeaderMap,
    sent: Option<SentValues>,
}

/// The values that the page's request was sent with, which no error may repeat. Computed only for an error.
pub(super) type SentValues = Box<dyn Fn() -> Redactor + Send + Sync>;

impl ItemCursor {
    /// Sets the values that no error may repeat.
    pub(super) fn sent_with(&mut self, values: SentValues) {
        self.sent = Some(values);
    }

    /// Adds the ids of the page's response to an error, and redacts the values of the request.
    pub(super) fn identified(&self, error: Error) -> Error {
        let error = error.with_ids(RequestIds::read(&self.headers));
        match &self.sent {
            Some(values) => error.redacted(&values()),
            None => error,
        }
    }

    /// Sets the filter: items that do not match are skipped.
    pub(super) fn keeping(&mut self, keep: Option<ItemFilter>) {
        self.keep = keep;
    }

    /// Advances to the next item. An error ends the page, since nothing behind it can be located.
    pub(super) fn step(&mut self) -> Option<Result<()>> {
        while !self.over {
            let mut cursor = self.cursor();
            let found = cursor.next_item(self.taken > 0);
            self.at = cursor.at;
            self.over = !matches!(found, Ok(true));
            match found {
                Ok(true) if self.passes_over() => {}
                Ok(true) => return Some(Ok(())),
                Ok(false) => return None,
                Err(error) => return Some(Err(self.identified(error))),
            }
        }
        None
    }

    /// Skips the current item if the filter rejects it. An unreadable item is kept, and is an error when it is taken.
    fn passes_over(&mut self) -> bool {
        let Some(keep) = &self.keep else { return false };
        let mut cursor = self.cursor();
        if cursor.read::<IgnoredAny>().is_err() {
            return false;
        }
        let end = cursor.at;
        if self.text.get(self.at..end).is_none_or(|item| keep(item)) {
            return false;
        }
        self.at = end;
        self.taken += 1;
        true
    }

    /// Decodes the current item.
    pub(super) fn take<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut cursor = self.cursor();
        let item = cursor.value::<T>();
        self.at = cursor.at;
        let item = item.map_err(|error| {
            let refused = self.refused(&error);
            self.identified(refused)
        });
        self.taken += 1;
        item
    }

    /// Returns the error for an item that did not decode, and advances behind the item.
    fn refused(&mut self, error: &serde_json::Error) -> Error {
        let mut cursor = self.cursor();
        let skipped = cursor.read::<IgnoredAny>();
        let item = self.text.get(self.at..cursor.at).unwrap_or_default();
        match skipped {
            Ok(_) => {
                let refused = not_decoded(self.taken, item, error);
                self.at = cursor.at;
                refused
            }
            Err(broken) => {
                self.over = true;
                broken
            }
        }
    }

    fn cursor(&self) -> Cursor<'_> {
        Cursor { text: &self.text, at: self.at }
    }
}

impl fmt::Debug for ItemCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemCursor").field("bytes", &self.text.len()).field("taken", &self.taken).finish()
    }
}

pub(in crate::graph) fn decode_page<T>(answer: &mut RawResponse) -> Result<Page<T>> {
    read_page(answer).map(Page::new)
}

/// Reads the members before the items. Without a link among them, the link may stand behind the items, or this is the
/// last page: then the whole body is scanned, once per list in practice.
pub(super) fn read_page(answer: &mut RawResponse) -> Result<RawPage> {
    let (text, at) = decode::take_json_text(answer)?;
    let mut cursor = Cursor { text: &text, at };
    let mut head = Head::default();
    cursor.open(b'{')?;
    let found = head.read_until_value(&mut cursor)?;
    if !found || cursor.peek() == Some(b'n') {
        return Err(Error::new(
            ErrorKind::Decode,
            "expected a list and got no `value`: this is not an empty list",
        ));
    }
    cursor.open(b'[')?;
    let at = cursor.at;
    if head.next.is_none() {
        cursor.skip_items()?;
        head.read_to_the_end(&mut cursor)?;
    }
    let Head { next, delta, count } = head;
    let count = count.and_then(|count| u64::try_from(count).ok());
    let headers = std::mem::take(answer.headers_mut());
    Ok(RawPage {
        walk: ItemCursor { text, keep: None, at, taken: 0, over: false, headers, sent: None },
        next,
        delta,
        count,
    })
}

/// The link at the beginning of a page.
#[derive(Debug, PartialEq)]
pub(super) enum LinkSearch {
    /// Too few bytes have arrived.
    TooShort,
    /// The link precedes the items: it can be followed before they arrive.
    Link(String),
    /// There is no link before the items.
    NoLink,
}

/// Searches the first bytes of a body for the link. [`decode_page`] reports errors in the body.
pub(super) fn find_link(body: &[u8]) -> LinkSearch {
    /// The number of bytes that are searched.
    const MAX_SEARCHED_BYTES: usize = 16 << 10;
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let beginning = body.get(..MAX_SEARCHED_BYTES).unwrap_or(body);
    let text = match std::str::from_utf8(beginning) {
        Ok(text) => text,
        Err(error) => {
            let good = beginning.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(good).unwrap_or_default()
        }
    };
    let mut cursor = Cursor { text, at: 0 };
    let mut head = Head::default();
    let read = cursor.open(b'{').and_then(|()| head.read_until_value(&mut cursor));
    match (head.next, read) {
        (Some(link), _) => LinkSearch::Link(link),
        (None, Err(error)) if error.is_cut_short() && body.len() < MAX_SEARCHED_BYTES => LinkSearch::TooShort,
        _ => LinkSearch::NoLink,
    }
}

/// The members of a page other than its items.
#[derive(Default)]
struct Head {
    next: Option<String>,
    delta: Option<String>,
    count: Option<i64>,
}

impl Head {
    /// Reads members up to the value of `value`. Returns `true` if there is one.
    fn read_until_value(&mut self, cursor: &mut Cursor<'_>) -> Result<bool> {
        if cursor.skip(b'}') {
            return Ok(false);
        }
        loop {
            let name = cursor.name()?;
            if name == "value" {
                return Ok(true);
            }
            self.read_member(&name, cursor)?;
            if !cursor.skip(b',') {
                cursor.open(b'}')?;
                return Ok(false);
            }
        }
    }

    /// Reads the members behind the items, and checks that nothing follows.
    fn read_to_the_end(&mut self, cursor: &mut Cursor<'_>) -> Result<()> {
        while cursor.skip(b',') {
            let name = cursor.name()?;
            if name == "value" {
                return Err(cursor.broken("a second `value`"));
            }
            self.read_member(&name, cursor)?;
        }
        cursor.open(b'}')?;
        match cursor.peek() {
            None => Ok(()),
            Some(_) => Err(cursor.broken("more behind the end")),
        }
    }

    fn read_member(&mut self, name: &str, cursor: &mut Cursor<'_>) -> Result<()> {
        match name {
            "@odata.nextLink" => self.next = cursor.read::<Option<String>>()?,
            "@odata.deltaLink" => self.delta = cursor.read::<Option<String>>()?,
            "@odata.count" => self.count = cursor.read()?,
            _ => drop(cursor.read::<IgnoredAny>()?),
        }
        Ok(())
    }
}

fn not_decoded(index: usize, item: &str, error: &serde_json::Error) -> Error {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default)]
        id: Option<Cow<'a, str>>,
    }
    let named = serde_json::from_str::<Named<'_>>(item).ok().and_then(|named| named.id);
    let id = named.map(|id| format!(" with the id {}", scrub(&id))).unwrap_or_default();
    Error::new(ErrorKind::Decode, format!("item {index} of the page{id}: {}", json::problem(error, 160)))
}

/// A position in JSON text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Returns the next byte that is not whitespace.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.rest().as_bytes();
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += spaces;
        rest.get(spaces).copied()
    }

    /// Skips `byte` if it is next. Returns `true` if it was.
    fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Skips `byte`, which must be next.
    fn open(&mut self, byte: u8) -> Result<()> {
        match self.skip(byte) {
            true => Ok(()),
            false => Err(self.broken(&format!("no `{}`", char::from(byte)))),
        }
    }

    /// Reads the name of a member and the colon behind it.
    fn name(&mut self) -> Result<Cow<'a, str>> {
        let Name(name) = self.read()?;
        self.open(b':')?;
        Ok(name)
    }

    fn skip_items(&mut self) -> Result<()> {
        if self.skip(b']') {
            return Ok(());
        }
        loop {
            self.read::<IgnoredAny>()?;
            if !self.skip(b',') {
                return self.open(b']');
            }
        }
    }

    /// Advances to the next item; `after` says that one precedes it. At the end of the items, reads the rest of the
    /// page and returns `false`.
    fn next_item(&mut self, after: bool) -> Result<bool> {
        if self.skip(b']') {
            return Head::default().read_to_the_end(self).map(|()| false);
        }
        if after {
            self.open(b',')?;
        }
        Ok(true)
    }

    fn read<V: Deserialize<'a>>(&mut self) -> Result<V> {
        if self.peek().is_none() {
            return Err(self.broken("a value is missing"));
        }
        let start = self.at;
        self.value().map_err(|error| {
            // serde_json counts lines and columns from the start of this value.
            let lines = self.text.get(start..).unwrap_or_default().split_inclusive('\n');
            let before: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
            let message = error.to_string();
            let problem = message.rfind(" at line ").and_then(|end| message.get(..end)).unwrap_or(&message);
            self.broken_at(problem, start + before + error.column(), error.is_eof())
        })
    }

    fn value<V: Deserialize<'a>>(&mut self) -> serde_json::Result<V> {
        let mut decoder = serde_json::Deserializer::from_str(self.rest());
        let value = V::deserialize(&mut decoder)?;
        // Only an iterator over the rest exposes the decoder's offset.
        self.at += decoder.into_iter::<IgnoredAny>().byte_offset();
        Ok(value)
    }

    fn broken(&mut self, problem: &str) -> Error {
        let cut_short = self.peek().is_none();
        self.broken_at(problem, self.at, cut_short)
    }

    fn broken_at(&self, problem: &str, byte: usize, cut_short: bool) -> Error {
        let what = if cut_short { "cut short" } else { "not valid" };
        let message = format!(
            "the response is {what}: {} at byte {byte} of {}",
            excerpt(problem, 160),
            self.text.len()
        );
        Error::new(ErrorKind::Decode, message).with_cut_short(cut_short)
    }
}

/// The name of a member, borrowed if it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page<T: DeserializeOwned>(body: &str) -> Result<Page<T>> {
        let mut answer = http::Response::new(bytes::Bytes::copy_from_slice(body.as_bytes()));
        answer
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
        decode_page(&mut answer)
    }

    /// Returns the items, or their errors as text.
    fn items(body: &str) -> Vec<std::result::Result<u32, String>> {
        page(body).unwrap().into_items().map(|item| item.map_err(|error| error.to_string())).collect()
    }

    #[test]
    fn link_and_count_are_found_before_and_behind_the_items() {
        for body in [
            r#"{"@odata.context":"c","@odata.nextLink":"n","@odata.count":2,"value":[1,2]}"#,
            "\u{feff} { \"@odata.nextLink\" : \"n\" , \"@odata.count\":2,\n\"value\" : [ 1 ,\t2 ] } \n",
            r#"{"@odata.count":2,"value":[1,2],"other":{"value":[3]},"@odata.nextLink":"n"}"#,
            r#"{"@odata.count":2,"@odata.nextLink":"\u006e","v\u0061lue":[1,2],"other":[]}"#,
        ] {
            let page = page::<u32>(body).unwrap();
            assert_eq!(page.received.next.as_deref(), Some("n"), "{body}");
            assert_eq!(page.count(), body.contains("count").then_some(2));
            assert_eq!(page.into_items().map(Result::unwrap).collect::<Vec<_>>(), [1, 2], "{body}");
        }
        for body in [r#"{"value":[]}"#, r#"{"@odata.nextLink":null,"@odata.count":-1,"value":[ ]}"#] {
            let page = page::<u32>(body).unwrap();
            assert!(!page.has_more() && page.count().is_none(), "{body}");
            assert_eq!(page.into_items().count(), 0);
        }
    }

    #[test]
    fn the_link_is_found_as_soon_as_it_arrives() {
        let page = "\u{feff}{\"@odata.context\":\"ä\", \"@odata.nextLink\":\"n\",\"value\":[";
        let told = page.find(",\"value").unwrap();
        for end in 0..page.len() {
            let expected = if end < told { LinkSearch::TooShort } else { LinkSearch::Link("n".to_owned()) };
            assert_eq!(find_link(page.as_bytes().get(..end).unwrap_or_default()), expected, "{end}");
        }
        for (none, body) in [
            (true, r#"{"value":["#),
            (true, r#"{"@odata.nextLink":null,"value":[1]"#),
            (true, r#"<html>"#),
            (true, r#"{"@odata.nextLink":7,"#),
            (false, r#"{"@odata.nextLi"#),
            (false, ""),
        ] {
            let expected = if none { LinkSearch::NoLink } else { LinkSearch::TooShort };
            assert_eq!(find_link(body.as_bytes()), expected, "{body}");
        }
        let long = format!(r#"{{"@odata.context":"{}"#, "x".repeat(20_000));
        assert_eq!(find_link(long.as_bytes()), LinkSearch::NoLink);
    }

    #[test]
    fn an_unreadable_item_is_named_and_the_next_items_follow() {
        let said = items(r#"{"value":[1,{"id":"a","x":[{}]},3]}"#);
        assert_eq!((said[0].as_ref(), said[2].as_ref()), (Ok(&1), Ok(&3)));
        let error = said[1].as_ref().unwrap_err();
        assert!(error.contains("item 1 of the page with the id a"), "{error}");
    }

    #[test]
    fn a_body_without_a_list_is_not_an_empty_list() {
        for (body, says) in [
            (r#"{}"#, "no `value`"),
            (r#"{"other":1}"#, "no `value`"),
            (r#"{"value":null}"#, "no `value`"),
            (r#"{"value":{}}"#, "no `[` at byte 9 of 12"),
            (r#"[1]"#, "no `{` at byte 0 of 3"),
            (r#"{"value":[1 2]}"#, "no `]` at byte 12"),
            (r#"{"value":[1,]}"#, "at byte 13"),
            (r#"{"value":[1],"value":[2]}"#, "a second `value`"),
            (r#"{"value":[1]}}"#, "more behind the end"),
            (r#"{"@odata.nextLink":7,"value":[]}"#, "invalid type"),
            (r#"{value:[]}"#, "at byte 2"),
        ] {
            let error = page::<u32>(body).unwrap_err();
            assert_eq!((error.kind(), error.is_cut_short()), (ErrorKind::Decode, false), "{body}: {error}");
            assert!(error.to_string().contains(says), "{body}: {error}");
        }
    }

    #[test]
    fn a_missing_end_is_an_error_at_every_level() {
        for link in ["", r#""@odata.nextLink":"n","#] {
            let whole = format!(r#"{{{link}"value":[{{"id":"a]"}},{{"id":"b"}}],"@odata.count":2}}"#);
            for end in 1..whole.len() {
                let cut = whole.get(..end).unwrap_or_default();
                let error = match page::<serde_json::Value>(cut) {
                    Err(error) => error,
                    Ok(page) => page.into_items().find_map(Result::err).unwrap_or_else(|| panic!("{cut}")),
                };
                assert_eq!((error.kind(), error.is_cut_short()), (ErrorKind::Decode, true), "{cut}: {error}");
            }
            assert_eq!(
                page::<serde_json::Value>(&whole).unwrap().into_items().filter(Result::is_ok).count(),
                2
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_terminate_without_panic(
            body in "(\\{)?(\"@odata.nextLink\":\"n\",)?(\"value\":\\[)?[\\[\\]{},:\"a1 \\\\n]{0,24}(\\]\\})?"
        ) {
            if let Ok(page) = page::<serde_json::Value>(&body) {
                // Each item takes at least two bytes, including its separator.
                prop_assert!(page.into_items().count() <= body.len());
            }
        }

        #[test]
        fn items_come_as_they_were_written(values in prop::collection::vec(any::<Option<i32>>(), 0..20), link in any::<bool>()) {
            let link = if link { r#""@odata.nextLink":"n","# } else { "" };
            let body = format!(r#"{{{link}"value":{}}}"#, serde_json::to_string_pretty(&values).unwrap());
            let read: Vec<Option<i32>> = page(&body).unwrap().into_items().map(Result::unwrap).collect();
            prop_assert_eq!(read, values);
        }
    }
}
