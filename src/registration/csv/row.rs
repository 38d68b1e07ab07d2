//! Checks of the header and of a row.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::header::{Column, CsvFormat, Header, fields_before_end};
use super::options::CsvOptions;
use crate::foreign::{looks_like_hash, may_show_hash};
use crate::model::{
    DeviceToImport, Finding, FindingKind, GroupTag, HardwareHash, Hidden, InvalidValue, SerialNumber,
    Severity, UserPrincipalName, shorten, without_excel_mark,
};
use crate::registration::HashContents;
use crate::registration::findings::*;
use crate::registration::hash::{Checksum, check_text};

/// A place in a file, for findings.
pub(super) struct Place {
    line: u64,
    column: Within,
}

/// A place in a line.
enum Within {
    /// The whole line.
    Whole,
    Column(Column),
    /// A field without a known column, counted from 1.
    Field(usize),
}

impl Place {
    pub(super) fn line(line: u64) -> Self {
        Self { line, column: Within::Whole }
    }

    pub(super) fn of(line: u64, column: Column) -> Self {
        Self { line, column: Within::Column(column) }
    }

    fn field(line: u64, number: usize) -> Self {
        Self { line, column: Within::Field(number) }
    }

    /// Creates the place of the field in which `c` first occurs in `text`, the line.
    pub(super) fn of_first(line: u64, header: &Header, text: &str, c: char) -> Self {
        let before = text.split(c).next().unwrap_or_default();
        Self::at(line, header, fields_before_end(before, header.delimiter))
    }

    /// Creates the place of the field at this index.
    fn at(line: u64, header: &Header, index: usize) -> Self {
        let named = index.checked_sub(header.labels).and_then(|index| header.fields.get(index));
        named
            .and_then(|(_, column)| *column)
            .map_or_else(|| Self::field(line, index.saturating_add(1)), |column| Self::of(line, column))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        match self.column {
            Within::Whole => Ok(()),
            Within::Column(column) => write!(f, ", {}", column.header()),
            Within::Field(number) => write!(f, ", column {number}"),
        }
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

pub(super) fn workbook() -> Finding {
    CSV_WORKBOOK.at(Place::line(1), "this is a workbook of Excel, whatever its extension")
}

pub(super) fn empty_file() -> Finding {
    CSV_EMPTY.at(Place::line(1), "the file is empty")
}

/// Creates the finding for a file without a header. `form` is the recognized form of the file, with its remedy.
pub(super) fn no_header(line: u64, form: Option<(&'static str, &'static str)>) -> Finding {
    match form {
        Some((evidence, remedy)) => CSV_NO_HEADER.at(Place::line(line), evidence).with_remedy(remedy),
        None => CSV_NO_HEADER.at(Place::line(line), "no line at the start of the file names the columns"),
    }
}

pub(super) fn wrapped_header(first: u64, last: u64) -> Finding {
    CSV_WRAPPED_HEADER.at(Place::line(first), format!("the header goes on over lines {first} to {last}"))
}

pub(super) fn wrapped(first: u64, last: u64) -> Finding {
    let place = Place::of(first, Column::HardwareHash);
    CSV_WRAPPED_HASH.at(place, format!("the hash goes on over lines {first} to {last}"))
}

pub(super) fn joined(first: u64, last: u64) -> Finding {
    let evidence = format!("the hash was joined from lines {first} to {last}, and its checksum is right");
    CSV_JOINED_HASH.at(Place::of(first, Column::HardwareHash), evidence)
}

pub(super) fn too_long(line: u64) -> Finding {
    CSV_LINE_TOO_LONG.at(Place::line(line), "the line is longer than the row of any device")
}

/// Creates the finding for zero bytes in the line `text`.
pub(super) fn zeros(line: u64, header: &Header, text: &str) -> Finding {
    let evidence = "the value has zero bytes: text in UTF-16 was added to a file in another encoding, or the file is \
                    damaged";
    CSV_ZERO_BYTES.at(Place::of_first(line, header, text, '\0'), evidence)
}

/// Creates the finding for an unclosed quote in the line `text`.
pub(super) fn open_quote(line: u64, header: &Header, text: &str) -> Finding {
    CSV_OPEN_QUOTE.at(
        Place::at(line, header, fields_before_end(text, header.delimiter)),
        "a quote opens the value and is not closed on the line",
    )
}

pub(super) fn separators_alone(line: u64) -> Finding {
    CSV_EMPTY_ROW.at(Place::line(line), "the row has separators and no value")
}

pub(super) fn repeated_header(line: u64) -> Finding {
    CSV_REPEATED_HEADER.at(Place::line(line), "the header is repeated, as after joining files")
}

pub(super) fn more_fields(line: u64, header: &Header, fields: Option<usize>) -> Finding {
    let fields = fields.map_or("far more".to_owned(), |fields| fields.to_string());
    let expected = header.fields.len() + header.labels;
    CSV_TOO_MANY_FIELDS.at(
        Place::field(line, expected.saturating_add(1)),
        format!(
            "the row has {fields} fields, and the header {expected}: a value with a comma, or a hash in parts"
        ),
    )
}

/// Creates the finding for a repeated serial number. `is_taken`: whether the earlier row gave the device.
pub(super) fn twice(line: u64, serial: &str, before: u64, is_taken: bool) -> Finding {
    let (severity, evidence) = match is_taken {
        true => (Severity::Error, "and the service registers one of them"),
        false => (Severity::Warning, "and has errors there"),
    };
    let evidence = format!("{} is in line {before} too, {evidence}", shown(serial));
    CSV_DUPLICATE_SERIAL.at(Place::of(line, Column::SerialNumber), evidence).with_severity(severity)
}

/// Checks a header, before any row.
pub(super) fn check_header(header: &Header, line: u64, lines_above: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if header.format == CsvFormat::ConfigMgrReport {
        let evidence = "this is an export of Configuration Manager's report, which the portal refuses: each row names \
                        the columns";
        findings.push(CSV_CONFIGMGR_REPORT.at(Place::line(line), evidence));
        return findings;
    }
    if lines_above > 0 {
        findings.push(
            CSV_LINES_ABOVE_HEADER.at(Place::line(line), format!("lines above the header: {lines_above}")),
        );
    }
    if header.delimiter != b',' {
        let delimiter = if header.delimiter == b';' { "semicolons" } else { "tabs" };
        findings.push(
            CSV_DELIMITER.at(
                Place::line(line),
                format!("{delimiter} separate the values, as in files saved by Excel"),
            ),
        );
    }
    let partner = header.format == CsvFormat::Partner;
    if partner {
        let evidence = "this is a partner's file, with manufacturer and model, which Partner Center accepts and the \
            portal does not";
        findings.push(CSV_PARTNER_FORMAT.at(Place::line(line), evidence));
    }
    let mut before: Vec<Column> = Vec::new();
    for (index, (name, column)) in header.fields.iter().enumerate() {
        let Some(column) = *column else {
            findings.extend(extra_column(header, line, index, name.trim()));
            continue;
        };
        if before.contains(&column) {
            findings.push(
                CSV_DUPLICATE_COLUMN.at(Place::of(line, column), format!("{} repeats a column", shown(name))),
            );
        } else if before.iter().any(|other| *other > column) && !partner {
            findings.push(
                CSV_COLUMN_ORDER.at(Place::of(line, column), "the column is not in the portal's order"),
            );
        }
        before.push(column);
        let spelled = name == column.header() || partner && name.eq_ignore_ascii_case(column.header());
        if !spelled {
            let evidence =
                format!("the header is {}, and the portal accepts only its own spelling", shown(name));
            let finding = CSV_HEADER_SPELLING.at(Place::of(line, column), evidence);
            findings.push(finding.with_remedy(format!("write {}", column.header())));
        }
    }
    for column in Column::REQUIRED {
        if !before.contains(&column) {
            findings.push(missing_column(header, line, column));
        }
    }
    findings
}

/// Returns the number, from 1, and the name of the first unknown column that is nearly named `column`.
fn misspelled(header: &Header, column: Column) -> Option<(usize, &str)> {
    let mut unknown = header.fields.iter().enumerate().filter(|(_, (_, known))| known.is_none());
    let (index, (name, _)) = unknown.find(|(_, (name, _))| Column::nearly(name) == Some(column))?;
    Some((index.saturating_add(1), name.trim()))
}

fn missing_column(header: &Header, line: u64, column: Column) -> Finding {
    let place = Place::of(line, column);
    match misspelled(header, column) {
        Some((number, name)) => CSV_MISSING_COLUMN
            .at(place, format!("the column is missing; column {number} is called {}", shown(name)))
            .with_remedy(format!("write {} there, if that is what it is", column.header())),
        None => {
            CSV_MISSING_COLUMN.at(place, "the column is missing, and no device can be registered without it")
        }
    }
}

/// Creates the finding for an unknown column; `None` if a missing column explains it.
fn extra_column(header: &Header, line: u64, index: usize, name: &str) -> Option<Finding> {
    let number = index.saturating_add(1);
    let found = |evidence: &str| CSV_EXTRA_COLUMN.at(Place::field(line, number), evidence);
    if name.is_empty() {
        return Some(found("the column has no name").with_remedy("remove its separator from the header"));
    }
    let unknown = format!("the portal knows no column {}", shown(name));
    match Column::nearly(name).filter(|column| !header.has(*column)) {
        Some(column)
            if Column::REQUIRED.contains(&column)
                && misspelled(header, column).is_some_and(|(at, _)| at == number) =>
        {
            None
        }
        Some(column) => Some(
            found(&format!("{unknown}, and its values are not read"))
                .with_remedy(format!("write {}, if that is what it is", column.header())),
        ),
        None => Some(found(&unknown)),
    }
}

/// A checked row.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) device: Option<DeviceToImport>,
    pub(super) findings: Vec<Finding>,
    /// The serial number, if it is valid.
    pub(super) serial: Option<SerialNumber>,
    /// A fingerprint of the manufacturer in the hash.
    pub(super) manufacturer: Option<u64>,
    pub(super) has_user: bool,
    /// A fingerprint of the hash.
    pub(super) hash: Option<u64>,
    /// Whether the hash has all its records.
    pub(super) is_whole: bool,
    /// Whether the checksum of the hash is right.
    pub(super) is_proven: bool,
}

impl Row {
    pub(super) fn check(header: &Header, line: u64, fields: &[&str], options: &CsvOptions) -> Self {
        let mut checks = Checks { header, line, fields, options, findings: Vec::new() };
        let mut row = Self::default();
        if checks.no_labels() && checks.count() {
            let serial = checks.serial();
            let hash = checks.hash(serial.as_ref(), &mut row);
            let product_key = checks.plain(Column::ProductId);
            let group_tag = checks.plain(Column::GroupTag).and_then(|tag| checks.group_tag(tag));
            let user = checks.user();
            row.has_user = user.is_some();
            row.hash = hash.as_ref().map(|hash| fingerprint(hash.as_str()));
            checks.findings.iter_mut().for_each(|finding| options.weigh(finding));
            let failed = checks.findings.iter().any(Finding::is_error);
            row.device = serial.clone().zip(hash).filter(|_| !failed).map(|(serial, hash)| {
                let mut device = DeviceToImport::new(serial, hash);
                device.product_key = product_key.map(Hidden::from);
                device.group_tag = group_tag;
                device.assigned_user_principal_name = user;
                device
            });
            row.serial = serial;
        }
        row.findings = checks.findings;
        row
    }
}

struct Checks<'a> {
    header: &'a Header,
    line: u64,
    fields: &'a [&'a str],
    options: &'a CsvOptions,
    findings: Vec<Finding>,
}

impl<'a> Checks<'a> {
    fn found(&mut self, kind: FindingKind, column: Column, evidence: impl Into<String>) {
        self.findings.push(kind.at(Place::of(self.line, column), evidence));
    }

    /// Adds a finding for a value, as `shown`, that breaks a rule.
    fn refused(&mut self, kind: FindingKind, column: Column, shown: &str, error: &InvalidValue) {
        let finding = kind.at(Place::of(self.line, column), format!("{shown} {}", error.problem()));
        self.findings.push(finding.with_remedy(error.remedy().to_owned()));
    }

    /// Returns `false` if the row has column labels in place of values, as reports repeat them.
    fn no_labels(&mut self) -> bool {
        let fields = self.fields.get(self.header.labels..).unwrap_or_default();
        let labels = fields.iter().filter(|field| Column::recognize(field).is_some()).count();
        let serial = self.field(Column::SerialNumber).and_then(Column::recognize);
        let is_label_row = labels >= 2 || serial == Some(Column::SerialNumber);
        if is_label_row {
            let evidence =
                "the row repeats the labels of the columns in place of values, as exports of reports do";
            self.findings.push(CSV_LABEL_ROW.at(Place::line(self.line), evidence));
        }
        !is_label_row
    }

    fn field(&self, column: Column) -> Option<&'a str> {
        let at = self.header.fields.iter().position(|(_, other)| *other == Some(column))?;
        self.fields.get(self.header.labels + at).copied()
    }

    /// Checks the number of fields. Returns `false` if it is not clear which field belongs to which column.
    fn count(&mut self) -> bool {
        let (expected, there) = (self.header.fields.len() + self.header.labels, self.fields.len());
        if there < expected {
            let evidence = format!(
                "the row has {there} fields, and the header {expected}: the last ones are taken to be empty"
            );
            self.findings.push(CSV_TOO_FEW_FIELDS.at(Place::line(self.line), evidence));
        }
        let more = self.fields.get(expected..).unwrap_or_default();
        if more.iter().any(|field| !field.trim().is_empty()) {
            self.findings.push(more_fields(self.line, self.header, Some(there)));
            return false;
        }
        if !more.is_empty() {
            self.findings.push(CSV_TRAILING_SEPARATORS.at(
                Place::line(self.line),
                format!("the row has {there} fields, and the header {expected}: the last ones are empty"),
            ));
        }
        true
    }

    /// Returns the trimmed value of a column; `None` if it is empty.
    fn value(&mut self, column: Column) -> Option<&'a str> {
        let field = self.field(column)?;
        let value = field.trim();
        if value.is_empty() {
            return None;
        }
        if value.len() < field.len() {
            self.found(CSV_OUTER_BLANKS, column, "spaces around the value were removed");
        }
        Some(value)
    }

    /// Returns the value of a column, and reports what the portal cannot read in it.
    fn plain(&mut self, column: Column) -> Option<&'a str> {
        let mut value = self.value(column)?;
        if looks_like_hash(value) {
            let evidence = format!(
                "the value ({} characters, not shown) looks like a hardware hash",
                value.chars().count()
            );
            self.found(CSV_SWAPPED_COLUMNS, column, evidence);
            return None;
        }
        if value.starts_with("=\"") {
            let inner = without_excel_mark(value).unwrap_or_default();
            let inner = shown_in(column, inner);
            let finding = CSV_EXCEL_TEXT
                .at(
                    Place::of(self.line, column),
                    "the value stands in =\"…\", by which Excel keeps it as text",
                )
                .with_remedy(format!("write {inner} without it, and do not save the file from Excel"));
            self.findings.push(finding);
            return without_excel_mark(value);
        }
        // No serial number begins with an apostrophe. Another value may, and is kept.
        if column == Column::SerialNumber && value.starts_with('\'') {
            let evidence = "the apostrophe before the value, by which Excel keeps it as text, was removed";
            let finding = CSV_EXCEL_TEXT.at(Place::of(self.line, column), evidence);
            self.findings.push(finding.with_severity(Severity::Warning));
            value = value.trim_matches(|c: char| c == '\'' || c.is_whitespace());
            if value.is_empty() {
                return None;
            }
        }
        // A semicolon separates nothing where the portal reads the file.
        if let Some(c) = value.chars().find(|c| matches!(c, ',' | '"')) {
            let evidence =
                format!("{} has {c:?}, which the portal's format cannot hold", shown_in(column, value));
            self.found(CSV_FORBIDDEN_CHARACTER, column, evidence);
        } else if !value.is_ascii() {
            let evidence = format!("{} is not plain ASCII", shown_in(column, value));
            self.found(CSV_NOT_ASCII, column, evidence);
        }
        Some(value)
    }

    fn serial(&mut self) -> Option<SerialNumber> {
        const COLUMN: Column = Column::SerialNumber;
        if !self.header.has(COLUMN) {
            return None;
        }
        let Some(value) = self.plain(COLUMN) else {
            if self.findings.iter().any(|finding| finding.is(&CSV_SWAPPED_COLUMNS)) {
                return None;
            }
            self.found(CSV_MISSING_SERIAL, COLUMN, "there is no serial number");
            return None;
        };
        if is_scientific(value) {
            let evidence = format!("{} is a number in Excel's notation, and digits are lost", shown(value));
            self.found(CSV_SCIENTIFIC_SERIAL, COLUMN, evidence);
            return None;
        }
        let parsed: Option<SerialNumber> = self.parsed(CSV_INVALID_SERIAL, COLUMN, value, value.parse());
        self.take_lint(COLUMN, value, parsed.iter().flat_map(SerialNumber::lint));
        parsed
    }

    fn hash(&mut self, serial: Option<&SerialNumber>, row: &mut Row) -> Option<HardwareHash> {
        const COLUMN: Column = Column::HardwareHash;
        /// The limit of an Excel cell, in characters.
        const EXCEL_CELL: usize = 32_767;
        if !self.header.has(COLUMN) {
            return None;
        }
        let Some(value) = self.value(COLUMN) else {
            let evidence = match serial {
                Some(serial) => format!("there is no hardware hash of {}", shown(serial.as_str())),
                None => "there is no hardware hash".to_owned(),
            };
            let mut finding = CSV_MISSING_HASH.at(Place::of(self.line, COLUMN), evidence);
            if self.header.format == CsvFormat::Partner {
                finding = finding.with_remedy(
                    "capture the hash: registration by manufacturer, model and serial number is only for partners",
                );
            }
            self.findings.push(finding);
            return None;
        };
        if value.len() >= EXCEL_CELL {
            let evidence = format!("{} reaches the size limit of a cell of Excel", shown_hash(value));
            self.found(CSV_EXCEL_LIMIT, COLUMN, evidence);
            return None;
        }
        let doubt = check_text(value, self.options.lengths);
        let is_readable = doubt.as_ref().is_none_or(|doubt| !doubt.is_error());
        if let Some(doubt) = doubt {
            let evidence = format!("the value {}", doubt.evidence);
            self.findings.push(Finding { place: Place::of(self.line, COLUMN).into(), evidence, ..doubt });
        }
        let hash = match HardwareHash::repair(value) {
            Ok((hash, repaired)) => {
                if repaired && is_readable {
                    let evidence = format!("{} was not padded base64 and was repaired", shown_hash(value));
                    self.found(CSV_REPAIRED_HASH, COLUMN, evidence);
                }
                hash
            }
            Err(error) => {
                // One reason is enough, and this one is the nearest.
                self.findings.retain(|finding| !finding.is(&HASH_LENGTH) && !finding.is(&HASH_TOO_SHORT));
                self.refused(CSV_INVALID_HASH, COLUMN, &shown_hash(value), &error);
                return None;
            }
        };
        if !is_readable {
            return Some(hash);
        }
        match HashContents::decode(&hash) {
            Err(error) => {
                self.refused(HASH_UNREADABLE, COLUMN, &shown_hash(value), &error);
            }
            Ok(contents) => {
                row.manufacturer = contents.manufacturer.as_deref().map(fingerprint);
                let mut findings = contents.lint();
                if findings.iter().any(|finding| finding.is(&HASH_CUT)) {
                    self.findings.retain(|finding| !finding.is(&HASH_LENGTH));
                }
                row.is_proven = contents.checksum == Checksum::Valid;
                row.is_whole = row.is_proven || !findings.iter().any(|finding| finding.is(&HASH_CUT));
                for finding in &mut findings {
                    finding.evidence = format!("{}: {}", shown_hash(value), finding.evidence);
                }
                findings.extend(serial.and_then(|serial| contents.check_serial_number(serial)));
                for finding in findings {
                    self.findings.push(Finding { place: Place::of(self.line, COLUMN).into(), ..finding });
                }
            }
        }
        Some(hash)
    }

    fn group_tag(&mut self, value: &str) -> Option<GroupTag> {
        const COLUMN: Column = Column::GroupTag;
        let tag: GroupTag = self.parsed(CSV_INVALID_TAG, COLUMN, value, value.parse())?;
        self.take_lint(COLUMN, value, tag.lint());
        Some(tag)
    }

    fn user(&mut self) -> Option<UserPrincipalName> {
        const COLUMN: Column = Column::AssignedUser;
        let value = self.plain(COLUMN)?;
        let user: UserPrincipalName = self.parsed(CSV_INVALID_USER, COLUMN, value, value.parse())?;
        self.take_lint(COLUMN, value, user.lint());
        Some(user)
    }

    /// Adds the findings from a value's own type.
    fn take_lint(&mut self, column: Column, value: &str, findings: impl IntoIterator<Item = Finding>) {
        for mut finding in findings {
            finding.place = Place::of(self.line, column).into();
            if may_show_hash(value) {
                "the value (not shown) is rarely meant".clone_into(&mut finding.evidence);
                finding.remedy = "write another value".into();
            }
            self.findings.push(finding);
        }
    }

    fn parsed<T>(
        &mut self,
        kind: FindingKind,
        column: Column,
        value: &str,
        parsed: Result<T, InvalidValue>,
    ) -> Option<T> {
        parsed.map_err(|error| self.refused(kind, column, &shown_in(column, value), &error)).ok()
    }
}

/// Returns a value for display, with people's names redacted in any column.
fn shown(value: &str) -> String {
    if value.contains('@') {
        "the value (not shown: it may name a person)".to_owned()
    } else if looks_like_hash(value) || may_show_hash(value) {
        "the value (not shown: it may be a piece of a hardware hash)".to_owned()
    } else {
        format!("{:?}", shorten(value))
    }
}

fn shown_in(column: Column, value: &str) -> String {
    match column {
        Column::AssignedUser | Column::ProductId => "the value (not shown)".to_owned(),
        _ => shown(value),
    }
}

/// Returns the length of a hash, and none of its text.
fn shown_hash(value: &str) -> String {
    format!("the value ({} characters)", value.chars().count())
}

/// Returns `true` for `1.23E+15`, with either decimal separator.
fn is_scientific(value: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    value.split_once(['E', 'e']).is_some_and(|(number, exponent)| {
        exponent.strip_prefix('+').is_some_and(digits)
            && number.split_once(['.', ',']).map_or(digits(number), |(a, b)| digits(a) && digits(b))
    })
}

fn fingerprint(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
