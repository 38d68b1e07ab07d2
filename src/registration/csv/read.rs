//! Reading device files.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Serialize;

use super::header::{Column, CsvFormat, Header, Splitter, Unsplit};
use super::lines::{Encoding, Line, Lines, Start};
use super::row::{self, Place, Row};
use crate::model::{DeviceToImport, Finding, Severity};
use crate::registration::findings::*;

/// Reads a device file, a row at a time.
///
/// ```
/// use windows_autopilot::registration::csv::CsvReader;
/// let file = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\n,,T0EAAAA=,Kiosk\n";
/// for row in CsvReader::new(file.as_bytes()) {
///     let row = row?;
///     assert!(row.device.is_none());
///     assert_eq!(row.findings[0].to_string(), "error [csv.missing-serial] line 2, Device Serial Number: \
///         there is no serial number; write the serial number that the firmware reports");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It reads the portal's format with any of its optional columns, Partner Center's, the export of Configuration
/// Manager's report and what older scripts wrote (`OrderID`), separated by commas, semicolons or tabs, in ASCII, ANSI,
/// UTF-8 or UTF-16. A row that is wrong does not hide the next.
///
/// A finding is an error if the device cannot be imported as the file has it, and a warning if it can, but the portal
/// would refuse the file or something looks wrong. Findings name serial numbers and group tags; they never show a
/// person's name, and at most the start of a hash, which is the same for all.
///
/// Memory is bounded by the longest line, and the serial numbers, which are kept to find those that come twice.
pub struct CsvReader<R> {
    lines: Lines<R>,
    line: String,
    splitter: Splitter,
    header: Option<Header>,
    /// Whether the header has an error, so that its rows are checked and give no device.
    header_failed: bool,
    state: State,
    seen: HashMap<Box<str>, Seen>,
    summary: CsvSummary,
    notes: Notes,
}

/// A row of a device file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvRow {
    /// The number of its line, from 1.
    pub line: u64,
    /// The device; `None` if one of the findings is an error, and for what is no row of a device: the header, and the
    /// end of the file. If the header has an error, no row has a device.
    pub device: Option<DeviceToImport>,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// The format, the encoding and the counts of a device file, as far as it has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CsvSummary {
    /// The format; `None` until a header has been read.
    pub format: Option<CsvFormat>,
    /// The columns that are known, in the order of the file.
    pub columns: Vec<Column>,
    /// The character that separates the fields.
    pub delimiter: char,
    /// The encoding of the text.
    pub encoding: Encoding,
    /// Rows, but for empty ones.
    pub rows: u64,
    /// Rows that have no error.
    pub devices: u64,
}

/// The outcome of [`check`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CsvReport {
    /// The summary of the file.
    pub summary: CsvSummary,
    /// The findings, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Reads a device file to its end and gives everything that was found.
///
/// ```
/// use windows_autopilot::registration::csv;
/// let report = csv::check("Device Serial Number;Hardware Hash\n".as_bytes())?;
/// let ids: Vec<_> = report.findings.iter().map(|finding| finding.id.as_ref()).collect();
/// assert_eq!(ids, ["csv.delimiter", "csv.no-rows"]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// If the input cannot be read.
pub fn check(input: impl Read) -> io::Result<CsvReport> {
    let mut reader = CsvReader::new(input);
    let mut findings = Vec::new();
    for row in &mut reader {
        findings.append(&mut row?.findings);
    }
    Ok(CsvReport { summary: reader.summary().clone(), findings })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    /// The line that was read last is a row, and was not looked at yet.
    FirstRow,
    Rows,
    End,
}

/// Where a serial number was first, and whose it is.
struct Seen {
    line: u64,
    manufacturer: Option<u64>,
    /// Whether there was a device in that line.
    is_taken: bool,
}

/// What is said once of the whole file.
#[derive(Default)]
struct Notes {
    last_line: u64,
    quoted: Seldom,
    users: Seldom,
}

/// How often, and where first.
#[derive(Default)]
struct Seldom {
    first: String,
    count: u64,
}

impl Seldom {
    fn add(&mut self, place: impl FnOnce() -> Place) {
        if self.count == 0 {
            self.first = place().into();
        }
        self.count += 1;
    }
}

/// Lines that may stand above the header: titles, `sep=`, `#TYPE`.
const MOST_LINES_ABOVE: usize = 10;

impl CsvReader<File> {
    /// Reads the device file at `path`.
    ///
    /// # Errors
    /// If it cannot be opened; the error names the path and says what to do.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|error| {
            let said = format!(
                "device file {path:?}: cannot be opened: {error}; give the path of a CSV file that exists and can be read"
            );
            io::Error::new(error.kind(), said)
        })?;
        Ok(Self::new(file))
    }
}

impl<R: Read> CsvReader<R> {
    /// Reads a device file from `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            line: String::new(),
            splitter: Splitter::new(),
            header: None,
            header_failed: false,
            state: State::Header,
            seen: HashMap::new(),
            summary: CsvSummary {
                format: None,
                columns: Vec::new(),
                delimiter: ',',
                encoding: Encoding::Ascii,
                rows: 0,
                devices: 0,
            },
            notes: Notes::default(),
        }
    }

    /// Returns the summary of the file, as far as it has been read.
    pub fn summary(&self) -> &CsvSummary {
        &self.summary
    }

    fn next_line(&mut self) -> io::Result<Option<Line>> {
        let line = self.lines.next(&mut self.line)?;
        self.summary.encoding = self.lines.encoding();
        if let Some(line) = line {
            self.notes.last_line = line.number;
            // Files that were put together have the mark of each at its start.
            if self.line.starts_with('\u{feff}') {
                self.line.remove(0);
            }
        }
        Ok(line)
    }

    /// Reads up to the header. The findings are about it.
    fn read_header(&mut self) -> io::Result<CsvRow> {
        self.state = State::End;
        let row = |line, findings| Ok(CsvRow { line, device: None, findings });
        if self.lines.start()? == Start::Workbook {
            return row(1, vec![row::workbook()]);
        }
        let mut above = 0;
        let mut first = None;
        while let Some(line) = self.next_line()? {
            if self.line.trim().is_empty() {
                continue;
            }
            let text = if line.too_long { "" } else { self.line.as_str() };
            if let Some(header) = Header::find(text, &mut self.splitter) {
                let quoted = text.contains('"');
                if quoted && header.labels == 0 {
                    self.notes.quoted.add(|| Place::line(line.number));
                }
                let findings = row::check_header(&header, line.number, above);
                self.summary.format = Some(header.format);
                self.summary.columns = header.columns().collect();
                self.summary.delimiter = char::from(header.delimiter);
                self.state = if header.labels > 0 { State::FirstRow } else { State::Rows };
                self.header = Some(header);
                self.header_failed = findings.iter().any(|finding| finding.severity == Severity::Error);
                return row(line.number, findings);
            }
            first.get_or_insert(line.number);
            above += 1;
            if above > MOST_LINES_ABOVE {
                break;
            }
        }
        match first {
            Some(line) => row(line, vec![row::no_header(line)]),
            None => row(1, vec![row::empty_file()]),
        }
    }

    /// Reads the next row that there is something to say of.
    fn read_row(&mut self) -> io::Result<Option<CsvRow>> {
        loop {
            let line = if self.state == State::FirstRow {
                self.state = State::Rows;
                Line { number: self.notes.last_line, too_long: false }
            } else if let Some(line) = self.next_line()? {
                line
            } else {
                return Ok(None);
            };
            if let Some(row) = self.take_row(line) {
                return Ok(Some(row));
            }
        }
    }

    fn take_row(&mut self, line: Line) -> Option<CsvRow> {
        let header = self.header.as_ref()?;
        let number = line.number;
        let problem = |findings| Some(CsvRow { line: number, device: None, findings });
        if line.too_long {
            self.summary.rows += 1;
            return problem(vec![row::too_long(number)]);
        }
        if self.line.trim_matches(|c: char| c.is_whitespace() || c == '\0').is_empty() {
            return None;
        }
        if self.line.contains('\0') {
            self.summary.rows += 1;
            return problem(vec![row::zeros(number, header, &self.line)]);
        }
        let fields = match self.splitter.split(&self.line, header.delimiter) {
            Ok(fields) => fields,
            Err(Unsplit::OpenQuote) => {
                self.summary.rows += 1;
                return problem(vec![row::open_quote(number, header, &self.line)]);
            }
            Err(Unsplit::TooManyFields) => {
                self.summary.rows += 1;
                return problem(vec![row::more_fields(number, header, None)]);
            }
        };
        if fields.iter().all(|field| field.trim().is_empty()) {
            return problem(vec![row::separators_alone(number)]);
        }
        if header.labels == 0 && header.repeats(&fields) {
            return problem(vec![row::repeated_header(number)]);
        }
        self.summary.rows += 1;
        if self.line.contains('"') {
            self.notes.quoted.add(|| Place::of_first(number, header, &self.line, '"'));
        }
        let mut row = Row::check(header, number, &fields);
        if row.has_user {
            self.notes.users.add(|| Place::of(number, Column::AssignedUser));
        }
        Self::compare(&mut self.seen, number, &mut row);
        row.device = row.device.filter(|_| !self.header_failed);
        self.summary.devices += u64::from(row.device.is_some());
        if row.device.is_none() && row.findings.is_empty() {
            // Nothing but the header's error, of which was told.
            return None;
        }
        Some(CsvRow { line: number, device: row.device, findings: row.findings })
    }

    /// Looks whether the serial number of a row was there before.
    fn compare(seen: &mut HashMap<Box<str>, Seen>, number: u64, row: &mut Row) {
        let Some(serial) = &row.serial else { return };
        // Numbers that differ in case alone are one to the service.
        let mut key = serial.as_str().to_lowercase();
        let first = seen.get(key.as_str()).and_then(|first| first.manufacturer);
        if let Some((first, maker)) = first.zip(row.manufacturer)
            && first != maker
        {
            // Makers count by themselves: the same number of another maker is another device.
            key = format!("{key}\n{maker:x}");
        }
        match seen.entry(key.into()) {
            Entry::Vacant(entry) => {
                let is_taken = row.device.is_some();
                entry.insert(Seen { line: number, manufacturer: row.manufacturer, is_taken });
            }
            Entry::Occupied(mut entry) => {
                let before = entry.get_mut();
                row.findings.push(row::twice(number, serial.as_str(), before.line, before.is_taken));
                if before.is_taken {
                    row.device = None;
                } else if row.device.is_some() {
                    *before = Seen { line: number, manufacturer: row.manufacturer, is_taken: true };
                }
            }
        }
    }

    /// What there is to say of the whole file.
    fn at_end(&mut self) -> CsvRow {
        self.state = State::End;
        let line = self.notes.last_line;
        let mut findings = Vec::new();
        let (start, end): (String, String) = (Place::line(1).into(), Place::line(line).into());
        if self.summary.rows == 0 {
            findings.push(CSV_NO_ROWS.at(end.clone(), "there is a header and no device"));
        }
        if self.summary.rows > super::MAX_DEVICES as u64 {
            let evidence =
                format!("there are {} rows, and the portal takes 500 in a file", self.summary.rows);
            findings.push(CSV_TOO_MANY_ROWS.at(end, evidence));
        }
        if let Seldom { first, count: count @ 1.. } = std::mem::take(&mut self.notes.quoted) {
            let evidence = format!("lines with quotes: {count}, this one first; the portal takes none");
            findings.push(CSV_QUOTES.at(first, evidence));
        }
        if let Seldom { first, count: count @ 1.. } = std::mem::take(&mut self.notes.users) {
            let evidence = format!(
                "rows that assign a user: {count}, this one first; with hybrid join that is the most common cause of error 0x80070774"
            );
            findings.push(CSV_ASSIGNED_USER.at(first, evidence));
        }
        if self.lines.has_lone_cr() {
            let evidence = "lines end in a carriage return alone, as on old Macs";
            findings.push(CSV_LINE_ENDS.at(start.clone(), evidence));
        }
        let encoding = match self.summary.encoding {
            Encoding::Ascii | Encoding::Ansi => None,
            Encoding::Utf8 => Some("UTF-8"),
            Encoding::Utf8WithBom => Some("UTF-8 with a byte order mark"),
            Encoding::Utf16Le | Encoding::Utf16Be => Some("UTF-16"),
        };
        if let Some(encoding) = encoding {
            let evidence =
                format!("the file is in {encoding}, and the portal is documented to take ANSI alone");
            findings.push(CSV_ENCODING.at(start, evidence));
        }
        CsvRow { line, device: None, findings }
    }
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = io::Result<CsvRow>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match self.state {
            State::End => return None,
            State::Header => match self.read_header() {
                Ok(row) if row.findings.is_empty() => return self.next(),
                row => row,
            },
            State::FirstRow | State::Rows => match self.read_row() {
                Ok(Some(row)) => Ok(row),
                Ok(None) => {
                    let row = self.at_end();
                    if row.findings.is_empty() {
                        return None;
                    }
                    Ok(row)
                }
                Err(error) => Err(error),
            },
        };
        if row.is_err() {
            self.state = State::End;
        }
        Some(row)
    }
}

impl<R: Read> std::iter::FusedIterator for CsvReader<R> {}

impl<R> fmt::Debug for CsvReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvReader").field("summary", &self.summary).finish_non_exhaustive()
    }
}
