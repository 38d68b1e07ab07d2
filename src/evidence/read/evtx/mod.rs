//! Event logs in files: `.evtx`.
//!
//! A file is a header of 4 KiB and self-contained chunks of 64 KiB, so one chunk at a time is in memory. The reader
//! decodes the system part and the named data of a record without producing XML. Data of records without a rule is
//! skipped.

mod cursor;
mod data;
#[cfg(test)]
mod tests;
mod value;

use std::io::Read;

use self::cursor::Cursor;
use self::data::Chunk;
pub(super) use self::value::filetime;
use crate::evidence::event::EventRecord;
use crate::evidence::source::EventSource;

const CHUNK: usize = 65_536;
const HEADER: usize = 4096;
/// The header and the tables at the beginning of a chunk.
const CHUNK_HEADER: usize = 512;
const RECORD_MAGIC: u32 = 0x2a2a;
/// The alignment of records.
const ALIGNMENT: usize = 8;
/// The bytes of magic, size, number and time before the content of a record, and its size again after it.
const RECORD_FRAME: usize = 28;

/// Returns `true` if a file begins as an event log does.
pub(super) fn is_evtx(start: &[u8]) -> bool {
    start.starts_with(b"ElfFile\0")
}

/// A reader of the records of an `.evtx` file, one chunk in memory at a time.
pub(super) struct EvtxEvents<R> {
    reader: R,
    state: State,
    chunk: Option<Chunk>,
    /// The position of the next record in the chunk.
    position: usize,
    /// The end of the records in the chunk.
    end: usize,
    wants_fields: fn(&EventRecord) -> bool,
}

#[derive(PartialEq)]
enum State {
    Header,
    Chunks,
    Ended,
}

impl<R: Read> EvtxEvents<R> {
    /// Creates a reader. Records that `wants_fields` rejects have no fields.
    pub(super) fn new(reader: R, wants_fields: fn(&EventRecord) -> bool) -> Self {
        Self { reader, state: State::Header, chunk: None, position: 0, end: 0, wants_fields }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.reader.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(format!("the file ends in an error: {}", error.kind())),
            }
        }
        Ok(filled)
    }

    fn read_header(&mut self) -> Result<(), String> {
        let mut header = [0; HEADER];
        let filled = self.fill(&mut header)?;
        if filled < HEADER || !is_evtx(&header) {
            return Err("no header of an event log".to_owned());
        }
        Ok(())
    }

    /// Reads the next chunk; `None` at the end of the file.
    fn read_chunk(&mut self) -> Option<Result<(), String>> {
        let mut bytes = vec![0; CHUNK];
        let filled = match self.fill(&mut bytes) {
            Ok(0) => return None,
            Ok(filled) => filled,
            Err(problem) => {
                self.state = State::Ended;
                return Some(Err(problem));
            }
        };
        bytes.truncate(filled);
        // Files grow in steps: chunks that nobody has written yet are zero.
        if bytes.iter().all(|byte| *byte == 0) {
            return Some(Ok(()));
        }
        if !bytes.starts_with(b"ElfChnk\0") {
            return Some(Err("a chunk without its magic number".to_owned()));
        }
        // A chunk that was being written when the file was copied has no end yet: its records show it.
        let free = Cursor::new(&bytes, 48).offset().filter(|free| *free > CHUNK_HEADER);
        self.end = free.unwrap_or(CHUNK).min(filled);
        self.position = CHUNK_HEADER;
        self.chunk = Some(Chunk::new(bytes));
        Some(if filled < CHUNK { Err("the last chunk is cut off".to_owned()) } else { Ok(()) })
    }

    /// Reads the next record of the chunk; `None` if there is none.
    fn read_record(&mut self) -> Option<Result<EventRecord, String>> {
        let chunk = self.chunk.as_mut()?;
        let Some(end) = end_of_record(chunk.bytes(), self.position, self.end) else {
            let rest = chunk.bytes().get(self.position..self.end).unwrap_or_default();
            // Nothing but zeros after the last record is an end, not damage.
            let is_damaged = rest.iter().any(|byte| *byte != 0);
            let whole = |at: &usize| {
                let end = end_of_record(chunk.bytes(), *at, self.end);
                // The size stands behind a record once more.
                end.is_some_and(|end| Cursor::new(chunk.bytes(), end - 4).offset() == Some(end - at))
            };
            match (self.position..self.end).step_by(ALIGNMENT).skip(1).find(whole) {
                Some(next) => self.position = next,
                None => self.chunk = None,
            }
            return is_damaged.then(|| Err("a record without its magic number".to_owned()));
        };
        let mut cursor = Cursor::new(chunk.bytes(), self.position + 8);
        let (number, time) = (cursor.u64()?, cursor.u64()?);
        let content = (self.position + 24)..(end - 4);
        self.position = end;
        Some(chunk.record(content, number, time, self.wants_fields))
    }
}

/// Returns the end of the record at a position; `None` if there is none.
fn end_of_record(chunk: &[u8], position: usize, limit: usize) -> Option<usize> {
    let mut cursor = Cursor::new(chunk, position);
    let (magic, size) = (cursor.u32()?, cursor.offset()?);
    let end = position.checked_add(size)?;
    let fits = magic == RECORD_MAGIC && size >= RECORD_FRAME && end <= limit;
    fits.then_some(end)
}

impl<R: Read> EventSource for EvtxEvents<R> {
    fn next_event(&mut self) -> Option<Result<EventRecord, String>> {
        if self.state == State::Header {
            self.state = State::Chunks;
            if let Err(problem) = self.read_header() {
                self.state = State::Ended;
                return Some(Err(problem));
            }
        }
        loop {
            if let Some(record) = self.read_record() {
                return Some(record);
            }
            if self.state == State::Ended {
                return None;
            }
            match self.read_chunk() {
                None => self.state = State::Ended,
                Some(Err(problem)) => return Some(Err(problem)),
                Some(Ok(())) => {}
            }
        }
    }
}
