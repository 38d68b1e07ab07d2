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
use super::options::CsvOptions;
use super::row::{self, Place, Row};
use super::table;
use super::wrap::{self, Run};
use crate::foreign::looks_like_hash;
use crate::model::{DeviceToImport, Finding};
use crate::registration::findings::*;

/// A row-by-row reader for device files.
///
/// ```
/// use windows_autopilot::registration::csv::CsvReader;
/// let file = "Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\n,,T0EAAAA=,Kiosk\n";
/// for row in CsvReader::new(file.as_bytes()) {
///     let row = row?;
///     assert!(row.device.is_none());
///     assert_eq!(row.findings[0].to_string(), "error [csv.missing-serial] line 2, Device Serial Number: \
///         there is no serial number; add the serial number that the firmware reports");
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// It reads the portal's format with any optional columns, Partner Center's format, exported Configuration Manager
/// reports, and the files of older scripts (`OrderID`). Fields can be separated by commas, semicolons or tabs, and the
/// text can be ASCII, ANSI, UTF-8 or UTF-16. An error in one row does not prevent the next row from being read.
///
/// A finding is an error if the device cannot be imported as written, and a warning if it can be imported but the portal
/// would reject the file or a value looks wrong. Findings can contain serial numbers and group tags, but never user
/// names or any part of a hash. [`CsvOptions`] relaxes the checks.
///
/// Memory use is bounded by the longest line and by the serial numbers, which are kept to find duplicates.
pub struct CsvReader<R> {
    lines: Lines<R>,
    options: CsvOptions,
    line: String,
    /// A line that is read but not yet consumed.
    held: Option<Line>,
    /// A row whose hash may continue on the next line.
    pending: Option<(Run, Row)>,
    splitter: Splitter,
    header: Option<Header>,
    /// Whether the header has an error: then rows are checked but give no device.
    header_failed: bool,
    /// Whether the first row follows on the header's line.
    header_holds_hash: bool,
    state: State,
    seen: HashMap<Box<str>, FirstRow>,
    summary: CsvSummary,
    notes: Notes,
}

/// A row of a device file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CsvRow {
    /// The line number of the row, starting at 1.
    pub line: u64,
    /// The device. `None` if any finding is an error, and for rows that only report on the header or the end of the
    /// file. After an error in the header, no row has a device.
    pub device: Option<DeviceToImport>,
    /// The findings about the row.
    pub findings: Vec<Finding>,
}

/// The format, the encoding and the counts of a device file, as far as the file has been read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CsvSummary {
    /// The format; `None` until a header has been read.
    pub format: Option<CsvFormat>,
    /// The known columns, in the order of the file.
    pub columns: Vec<Column>,
    /// The character that separates the fields.
    pub delimiter: char,
    /// The encoding of the text.
    pub encoding: Encoding,
    /// The number of rows that are not empty.
    pub rows: u64,
    /// The number of rows without errors.
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

/// Reads a device file to its end and returns all findings.
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
/// The input cannot be read.
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
    Rows,
    End,
}

/// The first row with a serial number.
struct FirstRow {
    line: u64,
    manufacturer: Option<u64>,
    /// Whether that row gave a device.
    is_taken: bool,
}

/// Findings that are reported once for the whole file.
#[derive(Default)]
struct Notes {
    last_line: u64,
    quoted: Occurrences,
    users: Occurrences,
}

/// A count of occurrences, with the place of the first.
#[derive(Default)]
struct Occurrences {
    first: String,
    count: u64,
}

impl Occurrences {
    fn add(&mut self, place: impl FnOnce() -> Place) {
        if self.count == 0 {
            self.first = place().into();
        }
        self.count += 1;
    }
}

/// The maximum number of lines above the header: titles, `sep=`, `#TYPE`.
const MOST_LINES_ABOVE: usize = 10;

impl CsvReader<File> {
    /// Reads the device file at `path`.
    ///
    /// # Errors
    /// The file cannot be opened; the error names the path and the remedy.
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
    /// Creates a reader of `input`, which need not be buffered.
    pub fn new(input: R) -> Self {
        Self {
            lines: Lines::new(input),
            options: CsvOptions::default(),
            line: String::new(),
            held: None,
            pending: None,
            splitter: Splitter::new(),
            header: None,
            header_failed: false,
            header_holds_hash: false,
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

    /// Sets the options.
    #[must_use]
    pub fn with_options(mut self, options: CsvOptions) -> Self {
        self.options = options;
        self
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

    /// Reads up to and including the header. The findings are about the header.
    fn read_header(&mut self) -> io::Result<CsvRow> {
        self.state = State::End;
        let row = |line, findings| Ok(CsvRow { line, device: None, findings });
        if self.lines.start()? == Start::Workbook {
            return row(1, vec![row::workbook()]);
        }
        let mut above = 0;
        let mut first = None;
        let mut form = None;
        while let Some(line) = self.next_line()? {
            if self.line.trim().is_empty() {
                continue;
            }
            let text = if line.too_long { "" } else { self.line.as_str() };
            let is_document = table::is_document(text);
            let found = if is_document { None } else { Header::find(text, &mut self.splitter) };
            if let Some(header) = found {
                let (header, at) = self.whole_header(header, line)?;
                let mut findings = row::check_header(&header, at, above);
                if at > line.number && header.labels == 0 {
                    findings.push(row::wrapped_header(line.number, at));
                }
                self.summary.format = Some(header.format);
                self.summary.columns = header.columns().collect();
                self.summary.delimiter = char::from(header.delimiter);
                self.state = State::Rows;
                self.header = Some(header);
                self.header_failed = findings.iter().any(Finding::is_error);
                self.header_holds_hash = self.header.as_ref().is_some_and(Header::holds_hash);
                return row(at, findings);
            }
            form = form.or_else(|| table::recognize(&self.line, &mut self.splitter));
            if is_document {
                first.get_or_insert(line.number);
                break;
            }
            first.get_or_insert(line.number);
            above += 1;
            if above > MOST_LINES_ABOVE {
                break;
            }
        }
        match first {
            Some(line) => row(line, vec![row::no_header(line, form)]),
            None => row(1, vec![row::empty_file()]),
        }
    }

    /// Completes the header with the next line: the rest of a broken header, or the first row of a report, which has
    /// the column names. Returns the header with the number of its last line.
    fn whole_header(&mut self, header: Header, line: Line) -> io::Result<(Header, u64)> {
        if header.labels > 0 {
            self.held = Some(line);
            return Ok((header, line.number));
        }
        if self.line.contains('"') {
            self.notes.quoted.add(|| Place::line(line.number));
        }
        let begin = self.line.trim_end().trim_end_matches('=').to_owned();
        self.held = self.next_line()?;
        let Some(next) = self.held else { return Ok((header, line.number)) };
        if next.too_long || self.line.trim().is_empty() || table::is_document(&self.line) {
            return Ok((header, line.number));
        }
        let of_report = Header::find(&self.line, &mut self.splitter).filter(|header| header.labels > 0);
        if let Some(of_report) = of_report {
            return Ok((of_report, next.number));
        }
        let is_whole =
            Column::REQUIRED.into_iter().all(|column| header.has(column)) && !self.line_goes_on(&begin);
        if is_whole || looks_like_hash(self.line.rsplit([',', ';', '\t']).next().unwrap_or_default()) {
            return Ok((header, line.number));
        }
        for between in ["", " "] {
            let joined = format!("{begin}{between}{}", self.line.trim_start());
            let found = Header::find(&joined, &mut self.splitter);
            if let Some(joined) = found.filter(|found| found.known() > header.known() && !found.holds_hash())
            {
                self.held = None;
                return Ok((joined, next.number));
            }
        }
        Ok((header, line.number))
    }

    /// Returns `true` if the text of a header ends within a name or after a separator.
    fn line_goes_on(&self, header: &str) -> bool {
        let last = header.rsplit([',', ';', '\t']).next().unwrap_or_default();
        Column::recognize(last).is_none()
    }

    /// Reads up to the next row with a device or a finding.
    fn read_row(&mut self) -> io::Result<Option<CsvRow>> {
        loop {
            let held = self.held.take();
            let Some(line) = (if held.is_some() { held } else { self.next_line()? }) else {
                return Ok(self.settle());
            };
            let row = if self.pending.is_none() {
                self.take_row(line)
            } else if self.continues(line) {
                None
            } else {
                self.held = Some(line);
                self.settle()
            };
            if row.is_some() {
                return Ok(row);
            }
        }
    }

    /// Returns `true` if the line continues the pending row.
    fn continues(&mut self, line: Line) -> bool {
        let (Some((run, _)), Some(header)) = (&mut self.pending, &self.header) else { return false };
        if line.too_long || self.line.contains('\0') {
            return false;
        }
        if self.line.trim().is_empty() {
            return true;
        }
        match self.splitter.split(&self.line, header.delimiter) {
            Ok(fields) => run.take(line.number, &fields),
            Err(_) => {
                run.take(line.number, &self.line.split(char::from(header.delimiter)).collect::<Vec<_>>())
            }
        }
    }

    /// Completes the pending row.
    fn settle(&mut self) -> Option<CsvRow> {
        let (run, row) = self.pending.take()?;
        if !run.is_wrapped() {
            return self.commit(run.first, row);
        }
        if let (Some(joined), Some(header)) = (&run.joined, &self.header) {
            let joined = joined.replace("=3D", "=").replace('"', "");
            let fields = self.splitter.split(&joined, header.delimiter).unwrap_or_default();
            let mut row = Row::check(header, run.first, &fields, &self.options);
            if row.is_proven {
                row.findings.push(row::joined(run.first, run.last));
                return self.commit(run.first, row);
            }
        }
        Some(CsvRow { line: run.first, device: None, findings: vec![row::wrapped(run.first, run.last)] })
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
                let finding = row::open_quote(number, header, &self.line);
                let fields: Vec<&str> = self.line.split(char::from(header.delimiter)).collect();
                let Some(start) = wrap::start(&fields, header.hash_at()) else {
                    return problem(vec![finding]);
                };
                let text = Some(self.line.as_str()).filter(|_| self.options.repair);
                let run = Run::new(number, start, false, header, text);
                self.pending = Some((run, Row { findings: vec![finding], ..Row::default() }));
                return None;
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
        let row = Row::check(header, number, &fields, &self.options);
        if let Some(start) = wrap::start(&fields, header.hash_at()) {
            let text = Some(self.line.as_str()).filter(|_| self.options.repair);
            self.pending = Some((Run::new(number, start, row.is_whole, header, text), row));
            return None;
        }
        self.commit(number, row)
    }

    /// Counts a row and compares it with earlier rows.
    fn commit(&mut self, number: u64, mut row: Row) -> Option<CsvRow> {
        if row.has_user {
            self.notes.users.add(|| Place::of(number, Column::AssignedUser));
        }
        self.compare(number, &mut row);
        row.device = row.device.filter(|_| !self.header_failed);
        self.summary.devices += u64::from(row.device.is_some());
        if row.device.is_none() && row.findings.is_empty() {
            // Only the header's error, which is reported already.
            return None;
        }
        Some(CsvRow { line: number, device: row.device, findings: row.findings })
    }

    /// Checks whether an earlier row has the serial number.
    fn compare(&mut self, number: u64, row: &mut Row) {
        let (seen, Some(serial)) = (&mut self.seen, &row.serial) else { return };
        // Numbers that differ only in case are one to the service.
        let mut key = serial.as_str().to_lowercase();
        if serial.is_placeholder() {
            // Other machines have it too: only the hash tells them apart.
            key = format!("{key}\n{:?}", row.hash);
        }
        let first = seen.get(key.as_str()).and_then(|first| first.manufacturer);
        if let Some((first, maker)) = first.zip(row.manufacturer)
            && first != maker
        {
            // Manufacturers count by themselves: the same number of another manufacturer is another device.
            key = format!("{key}\n{maker:x}");
        }
        match seen.entry(key.into()) {
            Entry::Vacant(entry) => {
                let is_taken = row.device.is_some();
                entry.insert(FirstRow { line: number, manufacturer: row.manufacturer, is_taken });
            }
            Entry::Occupied(mut entry) => {
                let before = entry.get_mut();
                let mut finding = row::twice(number, serial.as_str(), before.line, before.is_taken);
                self.options.weigh(&mut finding);
                let is_error = finding.is_error();
                row.findings.push(finding);
                if is_error {
                    row.device = None;
                } else if row.device.is_some() {
                    *before = FirstRow { line: number, manufacturer: row.manufacturer, is_taken: true };
                }
            }
        }
    }

    /// Returns the findings about the whole file.
    fn at_end(&mut self) -> CsvRow {
        self.state = State::End;
        let line = self.notes.last_line;
        let mut findings = Vec::new();
        let (start, end): (String, String) = (Place::line(1).into(), Place::line(line).into());
        if self.summary.rows == 0 {
            let evidence = match self.header_holds_hash {
                true => "the first row is on the header's line",
                false => "there is a header but no device",
            };
            findings.push(CSV_NO_ROWS.at(end.clone(), evidence));
        }
        if self.summary.rows > super::MAX_DEVICES as u64 {
            let evidence =
                format!("there are {} rows, and the portal accepts 500 in a file", self.summary.rows);
            findings.push(CSV_TOO_MANY_ROWS.at(end, evidence));
        }
        if let Occurrences { first, count: count @ 1.. } = std::mem::take(&mut self.notes.quoted) {
            let evidence = format!("lines with quotes: {count}, this one first; the portal accepts none");
            findings.push(CSV_QUOTES.at(first, evidence));
        }
        if let Occurrences { first, count: count @ 1.. } = std::mem::take(&mut self.notes.users) {
            let evidence = format!(
                "rows that assign a user: {count}, this one first; with hybrid join that is the most common cause of error 0x80070774"
            );
            findings.push(CSV_ASSIGNED_USER.at(first, evidence));
        }
        if self.lines.has_lone_cr() {
            let evidence = "lines end in only a carriage return, as on old Macs";
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
                format!("the file is in {encoding}, and the portal is documented to accept only ANSI");
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
            State::Rows => match self.read_row() {
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
