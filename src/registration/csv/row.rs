//! What is found in the header and in a row.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::header::{Column, CsvFormat, Header, fields_before_end};
use crate::model::{
    DeviceToImport, Finding, GroupTag, HardwareHash, Hidden, InvalidValue, SerialNumber, Severity,
    UserPrincipalName, shorten,
};
use crate::registration::HashContents;

/// A place in a file, as it reads in a finding.
pub(super) struct Place {
    line: u64,
    column: Within,
}

/// A place in a line.
enum Within {
    /// All of it.
    Whole,
    Column(Column),
    /// A field of a column without a known name, counted from 1.
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

    /// The field in which `c` is first in `text`, the line.
    pub(super) fn of_first(line: u64, header: &Header, text: &str, c: char) -> Self {
        let before = text.split(c).next().unwrap_or_default();
        Self::at(line, header, fields_before_end(before, header.delimiter))
    }

    /// The field of a row at this index.
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

fn error(id: &'static str, line: u64, evidence: impl Into<String>, remedy: &'static str) -> Finding {
    Finding::new(id, Severity::Error, Place::line(line), evidence, remedy)
}

fn warning(id: &'static str, line: u64, evidence: impl Into<String>, remedy: &'static str) -> Finding {
    Finding::new(id, Severity::Warning, Place::line(line), evidence, remedy)
}

pub(super) fn workbook() -> Finding {
    error(
        "csv.workbook",
        1,
        "this is a workbook of Excel, whatever its name ends in",
        "take the file that the device or the vendor gave, or save the sheet as CSV and look at its serial numbers",
    )
}

pub(super) fn empty_file() -> Finding {
    error("csv.empty", 1, "the file is empty", "write a header and a row for each device")
}

pub(super) fn no_header(line: u64) -> Finding {
    error(
        "csv.no-header",
        line,
        "no line at the start of the file names the columns",
        "begin the file with: Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User",
    )
}

pub(super) fn too_long(line: u64) -> Finding {
    error(
        "csv.line-too-long",
        line,
        "the line is longer than the row of any device",
        "write one device in each line, and look for line breaks that were lost",
    )
}

/// `text` is the line.
pub(super) fn zeros(line: u64, header: &Header, text: &str) -> Finding {
    Finding::new(
        "csv.zero-bytes",
        Severity::Error,
        Place::of_first(line, header, text, '\0'),
        "the value has zero bytes: text in UTF-16 was added to a file in another encoding, or the file is damaged",
        "write the file again as a whole, in one encoding",
    )
}

/// `text` is the line.
pub(super) fn open_quote(line: u64, header: &Header, text: &str) -> Finding {
    Finding::new(
        "csv.open-quote",
        Severity::Error,
        Place::at(line, header, fields_before_end(text, header.delimiter)),
        "a quote opens the value and is not closed on the line",
        "write the row in one line, without quotes",
    )
}

pub(super) fn separators_alone(line: u64) -> Finding {
    warning("csv.empty-row", line, "the row has separators and no value", "remove the line")
}

pub(super) fn repeated_header(line: u64) -> Finding {
    warning(
        "csv.repeated-header",
        line,
        "the header is there once more, as where files were put together",
        "remove the line",
    )
}

pub(super) fn more_fields(line: u64, header: &Header, fields: Option<usize>) -> Finding {
    let fields = fields.map_or("far more".to_owned(), |fields| fields.to_string());
    let expected = header.fields.len() + header.labels;
    Finding::new(
        "csv.too-many-fields",
        Severity::Error,
        Place::field(line, expected.saturating_add(1)),
        format!(
            "the row has {fields} fields, and the header {expected}: a value with a comma, or a hash in parts"
        ),
        "write each value without separators, and the hash as a whole",
    )
}

/// `is_taken`: whether the device of the earlier line is taken, and this one is not.
pub(super) fn twice(line: u64, serial: &str, before: u64, is_taken: bool) -> Finding {
    let (severity, evidence) = match is_taken {
        true => (Severity::Error, "and the service registers one of them"),
        false => (Severity::Warning, "and has errors there"),
    };
    Finding::new(
        "csv.duplicate-serial",
        severity,
        Place::of(line, Column::SerialNumber),
        format!("{} is in line {before} too, {evidence}", shown(serial)),
        "remove all rows of the device but the newest",
    )
}

/// What there is to say of a header, before any row.
pub(super) fn check_header(header: &Header, line: u64, lines_above: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if header.format == CsvFormat::ConfigMgrReport {
        findings.push(warning(
            "csv.configmgr-report",
            line,
            "this is an export of Configuration Manager's report, which the portal refuses: each row names the columns",
            "nothing for an import by this library; for the portal, write the devices again",
        ));
        return findings;
    }
    if lines_above > 0 {
        findings.push(warning(
            "csv.lines-above-header",
            line,
            format!("lines above the header: {lines_above}"),
            "remove them: the portal wants the header in the first line",
        ));
    }
    if header.delimiter != b',' {
        let delimiter = if header.delimiter == b';' { "semicolons" } else { "tabs" };
        findings.push(warning(
            "csv.delimiter",
            line,
            format!("{delimiter} separate the values, as where Excel saved the file"),
            "separate them by commas, and do not save the file from Excel",
        ));
    }
    let partner = header.format == CsvFormat::Partner;
    if partner {
        findings.push(Finding::new(
            "csv.partner-format",
            Severity::Info,
            Place::line(line),
            "this is a partner's file, with maker and model, which Partner Center takes and the portal does not",
            "nothing for an import by this library; for the portal, leave these columns out",
        ));
    }
    let mut before: Vec<Column> = Vec::new();
    for (index, (name, column)) in header.fields.iter().enumerate() {
        let Some(column) = *column else {
            findings.extend(extra_column(header, line, index, name.trim()));
            continue;
        };
        if before.contains(&column) {
            findings.push(Finding::new(
                "csv.duplicate-column",
                Severity::Error,
                Place::of(line, column),
                format!("{} names a column that is there already", shown(name)),
                "leave one of the two out",
            ));
        } else if before.iter().any(|other| *other > column) && !partner {
            findings.push(Finding::new(
                "csv.column-order",
                Severity::Warning,
                Place::of(line, column),
                "the column is not where the portal wants it",
                "order them: serial number, product id, hash, group tag, assigned user",
            ));
        }
        before.push(column);
        let spelled = name == column.header() || partner && name.eq_ignore_ascii_case(column.header());
        if !spelled {
            findings.push(Finding::new(
                "csv.header-spelling",
                Severity::Warning,
                Place::of(line, column),
                format!("the header is {}, and the portal takes its own spelling alone", shown(name)),
                format!("write {}", column.header()),
            ));
        }
    }
    for column in Column::REQUIRED {
        if !before.contains(&column) {
            findings.push(missing_column(header, line, column));
        }
    }
    findings
}

/// The number, from 1, and the name of the first column without a known name that is nearly the name of `column`.
fn misspelled(header: &Header, column: Column) -> Option<(usize, &str)> {
    let mut unknown = header.fields.iter().enumerate().filter(|(_, (_, known))| known.is_none());
    let (index, (name, _)) = unknown.find(|(_, (name, _))| Column::nearly(name) == Some(column))?;
    Some((index.saturating_add(1), name.trim()))
}

fn missing_column(header: &Header, line: u64, column: Column) -> Finding {
    let (evidence, remedy) = match misspelled(header, column) {
        Some((number, name)) => (
            format!("there is no such column; column {number} is called {}", shown(name)),
            format!("write {} there, if that is what it is", column.header()).into(),
        ),
        None => (
            "there is no such column, and no device can be registered without".to_owned(),
            Cow::Borrowed("add it, with a value for each device"),
        ),
    };
    Finding::new("csv.missing-column", Severity::Error, Place::of(line, column), evidence, remedy)
}

/// Nothing if the column is one that is missed: then that is said.
fn extra_column(header: &Header, line: u64, index: usize, name: &str) -> Option<Finding> {
    let number = index.saturating_add(1);
    let found = |evidence: String, remedy| {
        let place = Place::field(line, number);
        Some(Finding::new("csv.extra-column", Severity::Warning, place, evidence, remedy))
    };
    if name.is_empty() {
        return found("the column has no name".to_owned(), "remove its separator from the header".into());
    }
    let near = Column::nearly(name).filter(|column| !header.has(*column));
    match near {
        Some(column)
            if Column::REQUIRED.contains(&column)
                && misspelled(header, column).is_some_and(|(at, _)| at == number) =>
        {
            None
        }
        Some(column) => found(
            format!("the portal knows no column {}, and its values are not read", shown(name)),
            format!("write {}, if that is what it is", column.header()).into(),
        ),
        None => found(
            format!("the portal knows no column {}", shown(name)),
            Cow::Borrowed("leave the column out"),
        ),
    }
}

/// A row that was checked.
pub(super) struct Row {
    pub(super) device: Option<DeviceToImport>,
    pub(super) findings: Vec<Finding>,
    /// The serial number, if it can be one.
    pub(super) serial: Option<SerialNumber>,
    /// A fingerprint of the maker that the hash names.
    pub(super) manufacturer: Option<u64>,
    pub(super) has_user: bool,
}

impl Row {
    pub(super) fn check(header: &Header, line: u64, fields: &[&str]) -> Self {
        let mut checks = Checks { header, line, fields, findings: Vec::new() };
        let mut row =
            Self { device: None, findings: Vec::new(), serial: None, manufacturer: None, has_user: false };
        if checks.count() {
            let serial = checks.serial();
            let hash = checks.hash(serial.as_ref(), &mut row.manufacturer);
            let product_key = checks.plain(Column::ProductId);
            let group_tag = checks.plain(Column::GroupTag).and_then(|tag| checks.group_tag(tag));
            let user = checks.user();
            row.has_user = user.is_some();
            let failed = checks.findings.iter().any(|finding| finding.severity == Severity::Error);
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
    findings: Vec<Finding>,
}

impl<'a> Checks<'a> {
    fn found(
        &mut self,
        id: &'static str,
        severity: Severity,
        column: Column,
        evidence: impl Into<String>,
        remedy: impl Into<Cow<'static, str>>,
    ) {
        self.findings.push(Finding::new(id, severity, Place::of(self.line, column), evidence, remedy));
    }

    /// Whether the row has as many fields as the header, near enough to know which is which.
    fn count(&mut self) -> bool {
        let (expected, there) = (self.header.fields.len() + self.header.labels, self.fields.len());
        if there < expected {
            self.findings.push(warning(
                "csv.too-few-fields",
                self.line,
                format!("the row has {there} fields, and the header {expected}: the last ones are taken to be empty"),
                "write a separator for each value that is left out",
            ));
        }
        let more = self.fields.get(expected..).unwrap_or_default();
        if more.iter().any(|field| !field.trim().is_empty()) {
            self.findings.push(more_fields(self.line, self.header, Some(there)));
            return false;
        }
        if !more.is_empty() {
            self.findings.push(warning(
                "csv.trailing-separators",
                self.line,
                format!("the row has {there} fields, and the header {expected}: the last ones are empty"),
                "remove the separators at the end of the line",
            ));
        }
        true
    }

    /// The value of a column without blanks around it; `None` if there is none.
    fn value(&mut self, column: Column) -> Option<&'a str> {
        let at = self.header.fields.iter().position(|(_, other)| *other == Some(column))?;
        let field = *self.fields.get(self.header.labels + at)?;
        let value = field.trim();
        if value.is_empty() {
            return None;
        }
        if value.len() < field.len() {
            let evidence = "blanks around the value were left out";
            self.found("csv.outer-blanks", Severity::Info, column, evidence, "remove them for the portal");
        }
        Some(value)
    }

    /// As [`value`](Self::value), of a column whose value the portal must be able to read.
    fn plain(&mut self, column: Column) -> Option<&'a str> {
        let value = self.value(column)?;
        // A semicolon separates nothing where the portal reads the file.
        if let Some(c) = value.chars().find(|c| matches!(c, ',' | '"')) {
            let evidence =
                format!("{} has {c:?}, which the portal's format cannot hold", shown_in(column, value));
            self.found(
                "csv.forbidden-character",
                Severity::Error,
                column,
                evidence,
                "write the value without it",
            );
        } else if !value.is_ascii() {
            let evidence = format!("{} is not plain ASCII", shown_in(column, value));
            let remedy = "write it in letters of the English alphabet: the portal may read others wrongly";
            self.found("csv.not-ascii", Severity::Warning, column, evidence, remedy);
        }
        Some(value)
    }

    fn serial(&mut self) -> Option<SerialNumber> {
        const COLUMN: Column = Column::SerialNumber;
        if !self.header.has(COLUMN) {
            return None;
        }
        let Some(value) = self.plain(COLUMN) else {
            let remedy = "write the serial number that the firmware reports";
            self.found("csv.missing-serial", Severity::Error, COLUMN, "there is no serial number", remedy);
            return None;
        };
        if is_scientific(value) {
            let evidence = format!("{} is a number as Excel shows it, and its digits are lost", shown(value));
            let remedy =
                "write the serial number as text, from the device, and do not save the file from Excel";
            self.found("csv.scientific-serial", Severity::Error, COLUMN, evidence, remedy);
            return None;
        }
        let parsed = value.parse();
        self.parsed("csv.invalid-serial", COLUMN, value, parsed)
    }

    fn hash(
        &mut self,
        serial: Option<&SerialNumber>,
        manufacturer: &mut Option<u64>,
    ) -> Option<HardwareHash> {
        const COLUMN: Column = Column::HardwareHash;
        /// What a cell of Excel holds, in characters.
        const EXCEL_CELL: usize = 32_767;
        if !self.header.has(COLUMN) {
            return None;
        }
        let Some(value) = self.value(COLUMN) else {
            let remedy = if self.header.format == CsvFormat::Partner {
                "capture the hash: registration by maker, model and serial number is for partners alone"
            } else {
                "capture the hash on the device, for example with Get-WindowsAutopilotInfo"
            };
            let evidence = match serial {
                Some(serial) => format!("there is no hardware hash of {}", shown(serial.as_str())),
                None => "there is no hardware hash".to_owned(),
            };
            self.found("csv.missing-hash", Severity::Error, COLUMN, evidence, remedy);
            return None;
        };
        if value.len() >= EXCEL_CELL {
            let evidence = format!("{} is as long as a cell of Excel can be, or longer", shown_hash(value));
            let remedy = "copy the hash from the device again, as a whole, and not by way of Excel";
            self.found("csv.excel-limit", Severity::Error, COLUMN, evidence, remedy);
            return None;
        }
        let hash = match HardwareHash::repair(value) {
            Ok((hash, repaired)) => {
                if repaired {
                    let evidence =
                        format!("{} was not in padded base64, and was put right", shown_hash(value));
                    let remedy =
                        "nothing for an import by this library; for the portal, write the file again";
                    self.found("csv.repaired-hash", Severity::Info, COLUMN, evidence, remedy);
                }
                hash
            }
            Err(error) => {
                let evidence = format!("{} {}", shown_hash(value), error.problem());
                self.found("csv.invalid-hash", Severity::Error, COLUMN, evidence, error.remedy().to_owned());
                return None;
            }
        };
        match HashContents::decode(&hash) {
            Err(error) => {
                let evidence = format!("{} {}", shown_hash(value), error.problem());
                self.found("hash.unreadable", Severity::Warning, COLUMN, evidence, error.remedy().to_owned());
            }
            Ok(contents) => {
                *manufacturer = contents.manufacturer.as_deref().map(fingerprint);
                let mut findings = contents.check();
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
        self.parsed("csv.invalid-tag", Column::GroupTag, value, value.parse())
    }

    fn user(&mut self) -> Option<UserPrincipalName> {
        const COLUMN: Column = Column::AssignedUser;
        let value = self.plain(COLUMN)?;
        let user: UserPrincipalName = self.parsed("csv.invalid-user", COLUMN, value, value.parse())?;
        for finding in user.lint() {
            self.findings.push(Finding { place: Place::of(self.line, COLUMN).into(), ..finding });
        }
        Some(user)
    }

    fn parsed<T>(
        &mut self,
        id: &'static str,
        column: Column,
        value: &str,
        parsed: Result<T, InvalidValue>,
    ) -> Option<T> {
        parsed
            .map_err(|error| {
                let evidence = format!("{} {}", shown_in(column, value), error.problem());
                self.found(id, Severity::Error, column, evidence, error.remedy().to_owned());
            })
            .ok()
    }
}

/// A value as it may be shown: not the name of a person, wherever in the row it has got to.
fn shown(value: &str) -> String {
    if value.contains('@') {
        "the value (not shown: it may name a person)".to_owned()
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

/// The start of a hash, which says what it is and how long, and not of which device.
fn shown_hash(value: &str) -> String {
    let start: String = value.chars().take(8).collect();
    let length = value.chars().count();
    if start.starts_with("T0") && length > 8 {
        format!("{start:?}… ({length} characters)")
    } else {
        format!("the value ({length} characters)")
    }
}

/// `1.23E+15`, with either decimal separator.
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
