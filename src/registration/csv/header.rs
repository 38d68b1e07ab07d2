//! The header of a device file.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde::Serialize;

use crate::foreign::looks_like_hash;
use crate::model::invalid::nearest;

/// A column of a device file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Column {
    /// `Device Serial Number`.
    SerialNumber,
    /// `Windows Product ID`.
    ProductId,
    /// `Hardware Hash`.
    HardwareHash,
    /// `Group Tag`, formerly called `OrderID`.
    GroupTag,
    /// `Assigned User`.
    AssignedUser,
    /// `Manufacturer name`, in a partner's file.
    Manufacturer,
    /// `Device model`, in a partner's file.
    Model,
}

impl Column {
    /// Returns the header that the portal requires for the column or, for a partner's columns, that Partner Center
    /// requires.
    pub fn header(self) -> &'static str {
        match self {
            Self::SerialNumber => "Device Serial Number",
            Self::ProductId => "Windows Product ID",
            Self::HardwareHash => "Hardware Hash",
            Self::GroupTag => "Group Tag",
            Self::AssignedUser => "Assigned User",
            Self::Manufacturer => "Manufacturer name",
            Self::Model => "Device model",
        }
    }

    /// The portal's columns, in its order.
    const PORTAL: [Self; 5] =
        [Self::SerialNumber, Self::ProductId, Self::HardwareHash, Self::GroupTag, Self::AssignedUser];

    /// The columns without which no device can be registered.
    pub(super) const REQUIRED: [Self; 2] = [Self::SerialNumber, Self::HardwareHash];

    /// Returns the portal's column that a header nearly names. It is suggested, never assumed.
    pub(super) fn nearly(header: &str) -> Option<Self> {
        let name = nearest(header.trim(), Self::PORTAL.iter().map(|column| column.header()))?;
        Self::PORTAL.into_iter().find(|column| column.header() == name)
    }

    /// Returns the column that a header names, in any known spelling.
    pub(super) fn recognize(header: &str) -> Option<Self> {
        let letters: String =
            header.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(40).collect();
        Some(match letters.as_str() {
            "deviceserialnumber" | "serialnumber" => Self::SerialNumber,
            "windowsproductid" | "productid" | "productkey" => Self::ProductId,
            "hardwarehash" | "hardwareidentifier" | "devicehardwaredata" => Self::HardwareHash,
            "grouptag" | "orderid" | "orderidentifier" => Self::GroupTag,
            "assigneduser" | "assigneduserprincipalname" => Self::AssignedUser,
            "manufacturername" | "manufacturer" => Self::Manufacturer,
            "devicemodel" | "model" => Self::Model,
            _ => return None,
        })
    }
}

/// The kind of a device file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CsvFormat {
    /// The portal's format, which `Get-WindowsAutopilotInfo` writes.
    Portal,
    /// Partner Center's format, with manufacturer and model.
    Partner,
    /// An exported Configuration Manager report: a title, and rows that each begin with the column names.
    ConfigMgrReport,
}

/// The header of a file: the column of each field of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) delimiter: u8,
    pub(super) format: CsvFormat,
    /// The header of each field as written, with the column that it names.
    pub(super) fields: Vec<(String, Option<Column>)>,
    /// The number of fields at the start of each row that repeat the header.
    pub(super) labels: usize,
}

impl Header {
    /// Parses a line as a header; `None` if it is not a header.
    pub(super) fn find(line: &str, splitter: &mut Splitter) -> Option<Self> {
        let mut found: Option<Self> = None;
        for delimiter in [b',', b';', b'\t'] {
            let Ok(fields) = splitter.split(line, delimiter) else { continue };
            let fields: Vec<_> =
                fields.iter().map(|field| ((*field).to_owned(), Column::recognize(field))).collect();
            let header = Self { delimiter, format: CsvFormat::Portal, fields, labels: 0 }.with_format();
            if header.is_header() && found.as_ref().is_none_or(|other| other.known() < header.known()) {
                found = Some(header);
            }
        }
        found
    }

    /// Detects the format from the columns. A report's row has the column names, then as many values, one of them a
    /// hash.
    fn with_format(mut self) -> Self {
        let names = self.fields.iter().take_while(|(_, column)| column.is_some()).count();
        let hash = self.fields.iter().position(|(_, column)| *column == Some(Column::HardwareHash));
        let value = hash.and_then(|at| self.fields.get(names + at)).map_or("", |(text, _)| text.trim());
        let is_value = value.starts_with("T0") || looks_like_hash(value);
        if names * 2 == self.fields.len() && is_value {
            self.fields.truncate(names);
            self.labels = names;
            self.format = CsvFormat::ConfigMgrReport;
        } else if self
            .fields
            .iter()
            .any(|(_, column)| matches!(column, Some(Column::Manufacturer | Column::Model)))
        {
            self.format = CsvFormat::Partner;
        }
        self
    }

    pub(super) fn known(&self) -> usize {
        self.fields.iter().filter(|(_, column)| column.is_some()).count()
    }

    /// Returns `true` if two columns are recognized, misspelled or not, or the first required one. One word alone may
    /// be part of a title.
    fn is_header(&self) -> bool {
        let has = |wanted| self.fields.iter().any(|(_, column)| *column == Some(wanted));
        let misspelled = || {
            let unknown = self.fields.iter().filter(|(_, column)| column.is_none());
            unknown.filter(|(name, _)| Column::nearly(name).is_some()).count()
        };
        self.known() >= 2
            || (self.fields.len() == 1 && has(Column::SerialNumber))
            || has(Column::HardwareHash)
            || (self.fields.len() >= 2 && self.known() + misspelled() >= 2)
    }

    /// Returns the known columns, in the order of the file.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> {
        self.fields.iter().filter_map(|(_, column)| *column)
    }

    pub(super) fn has(&self, wanted: Column) -> bool {
        self.columns().any(|column| column == wanted)
    }

    /// Returns `true` if the fields of a row repeat the header, or its labels in another spelling.
    pub(super) fn repeats(&self, fields: &[&str]) -> bool {
        let is_label = |(name, column): &(String, Option<Column>), field: &str| {
            name.trim() == field.trim() || (column.is_some() && Column::recognize(field) == *column)
        };
        fields.len() == self.fields.len()
            && self.fields.iter().zip(fields).all(|(label, field)| is_label(label, field))
    }

    /// Returns the index of the hash in a row.
    pub(super) fn hash_at(&self) -> Option<usize> {
        let at = self.fields.iter().position(|(_, column)| *column == Some(Column::HardwareHash))?;
        Some(self.labels + at)
    }

    /// Returns `true` if a column name contains a hash: the first row follows on the header's line.
    pub(super) fn holds_hash(&self) -> bool {
        self.fields.iter().any(|(name, _)| looks_like_hash(name))
    }
}

/// Counts the fields before the one in which `text`, all or the start of a line, ends.
pub(super) fn fields_before_end(text: &str, delimiter: u8) -> usize {
    let (mut fields, mut may_open, mut is_quoted) = (0, true, false);
    for c in text.chars() {
        if c == '"' && (may_open || is_quoted) {
            // Right after a quote that closes, another opens again: two stand for one.
            is_quoted = !is_quoted;
            may_open = !is_quoted;
        } else if c == char::from(delimiter) && !is_quoted {
            fields += 1;
            may_open = true;
        } else {
            may_open = false;
        }
    }
    fields
}

/// The reason why a line cannot be split into fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsplit {
    /// A quote opens a field and does not close on the line.
    OpenQuote,
    /// The line has more fields than any file has.
    TooManyFields,
}

/// Splits lines into fields.
///
/// It splits single lines, not the whole file, so that an unclosed quote spoils only its own line: no value of a
/// device file contains a line break.
pub(super) struct Splitter {
    reader: Reader,
    delimiter: u8,
    unquoted: Vec<u8>,
    ends: Vec<usize>,
}

/// The maximum number of fields of a line: more than any device file has.
const MOST_FIELDS: usize = 256;

impl Splitter {
    pub(super) fn new() -> Self {
        Self { reader: Reader::new(), delimiter: b',', unquoted: Vec::new(), ends: vec![0; MOST_FIELDS] }
    }

    pub(super) fn split<'a>(&'a mut self, line: &'a str, delimiter: u8) -> Result<Vec<&'a str>, Unsplit> {
        if !line.contains('"') {
            let fields: Vec<&str> = line.split(char::from(delimiter)).take(MOST_FIELDS + 1).collect();
            return if fields.len() > MOST_FIELDS { Err(Unsplit::TooManyFields) } else { Ok(fields) };
        }
        if delimiter != self.delimiter {
            self.reader = ReaderBuilder::new().delimiter(delimiter).build();
            self.delimiter = delimiter;
        }
        self.reader.reset();
        self.unquoted.resize(self.unquoted.len().max(line.len() + 1), 0);
        let (result, _, written, ends) =
            self.reader.read_record(line.as_bytes(), &mut self.unquoted, &mut self.ends);
        let (written, ends) = match result {
            ReadRecordResult::InputEmpty => {
                let (text, more) = (
                    self.unquoted.get_mut(written..).unwrap_or_default(),
                    self.ends.get_mut(ends..).unwrap_or_default(),
                );
                // Where a field is still open, the line break becomes a part of it, and the record goes on.
                match self.reader.read_record(b"\n", text, more) {
                    (ReadRecordResult::Record, _, w, e) => (written + w, ends + e),
                    (ReadRecordResult::OutputEndsFull, ..) => return Err(Unsplit::TooManyFields),
                    _ => return Err(Unsplit::OpenQuote),
                }
            }
            ReadRecordResult::OutputEndsFull => return Err(Unsplit::TooManyFields),
            _ => (written, ends),
        };
        let unquoted = self.unquoted.get(..written).unwrap_or_default();
        let mut start = 0;
        Ok(self
            .ends
            .iter()
            .take(ends)
            .map(|end| {
                let field = unquoted.get(start..*end).unwrap_or_default();
                start = *end;
                // Delimiters and quotes are ASCII, so that what is between them is text as the line is.
                std::str::from_utf8(field).unwrap_or_default()
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(line: &str) -> Result<Vec<String>, Unsplit> {
        let mut splitter = Splitter::new();
        splitter.split(line, b',').map(|fields| fields.into_iter().map(str::to_owned).collect())
    }

    fn find(line: &str) -> Option<Header> {
        Header::find(line, &mut Splitter::new())
    }

    #[test]
    fn a_line_is_split_as_csv_has_it() {
        for (line, expected) in [
            ("a,b,,c", vec!["a", "b", "", "c"]),
            ("\"a\",\"b,c\",\"\",\"d \"\"e\"\"\"", vec!["a", "b,c", "", "d \"e\""]),
            ("19\" rack,x", vec!["19\" rack", "x"]),
            ("", vec![""]),
            ("\"é\"", vec!["é"]),
            ("\"\"", vec![""]),
        ] {
            assert_eq!(split(line).unwrap(), expected, "{line}");
        }
        assert_eq!(split("a,\"b,c"), Err(Unsplit::OpenQuote));
        assert_eq!(split(&",".repeat(MOST_FIELDS)), Err(Unsplit::TooManyFields));
        assert_eq!(split(&"\"\",".repeat(MOST_FIELDS)), Err(Unsplit::TooManyFields));
        assert_eq!(split(&",".repeat(MOST_FIELDS - 1)).unwrap().len(), MOST_FIELDS);
    }

    #[test]
    fn an_open_quote_does_not_reach_the_next_line() {
        let mut splitter = Splitter::new();
        assert_eq!(splitter.split("\"a,b", b','), Err(Unsplit::OpenQuote));
        assert_eq!(splitter.split("\"a\",b", b','), Ok(vec!["a", "b"]));
        assert_eq!(splitter.split("\"a\";b", b';'), Ok(vec!["a", "b"]));
    }

    #[test]
    fn the_field_in_which_a_line_ends_is_counted_as_the_splitter_counts() {
        for (text, fields) in [
            ("", 0),
            ("a,b", 1),
            ("a,\"b,c", 1),
            ("a,\"b,c\",d", 2),
            ("\"a \"\",b\"\",\",c", 1),
            ("19\" rack,b,\"c", 2),
            ("\"\",\"x,y", 1),
        ] {
            assert_eq!(fields_before_end(text, b','), fields, "{text}");
        }
        assert_eq!(fields_before_end("a,b;c", b';'), 1);
    }

    #[test]
    fn headers_are_recognized_however_they_are_spelled() {
        use Column::*;
        for (line, format, columns) in [
            (
                "Device Serial Number,Windows Product ID,Hardware Hash",
                CsvFormat::Portal,
                vec![SerialNumber, ProductId, HardwareHash],
            ),
            (
                "Device Serial Number,Windows Product ID,Hardware Hash,Assigned User",
                CsvFormat::Portal,
                vec![SerialNumber, ProductId, HardwareHash, AssignedUser],
            ),
            (
                "device serial number;HARDWARE HASH;OrderID",
                CsvFormat::Portal,
                vec![SerialNumber, HardwareHash, GroupTag],
            ),
            (
                "\"Device Serial Number\"\t\"Windows Product ID\"\t\"Hardware Hash\"",
                CsvFormat::Portal,
                vec![SerialNumber, ProductId, HardwareHash],
            ),
            (
                "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device Model",
                CsvFormat::Partner,
                vec![SerialNumber, ProductId, HardwareHash, Manufacturer, Model],
            ),
            (
                "Device Serial Number,Hardware Hash,Bought,Desk",
                CsvFormat::Portal,
                vec![SerialNumber, HardwareHash],
            ),
            ("SerialNumber,Hardware_Hash,Purchase date", CsvFormat::Portal, vec![SerialNumber, HardwareHash]),
            ("Device Serial Numbr,Hardwar Hash,Group Tag ", CsvFormat::Portal, vec![GroupTag]),
            (
                "Device Serial Number,Windows Product ID,Hardware Hash,5CG1,3305,T0E",
                CsvFormat::ConfigMgrReport,
                vec![SerialNumber, ProductId, HardwareHash],
            ),
        ] {
            let header = find(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((header.format, header.columns().collect::<Vec<_>>()), (format, columns), "{line}");
        }
    }

    #[test]
    fn titles_and_rows_are_no_headers() {
        for line in [
            "",
            "sep=;",
            "#TYPE System.Management.Automation.PSCustomObject",
            "Windows Autopilot Device Information",
            "5CG1234ABC,,T0EAAAA=",
            "Textbox1,Textbox2,Textbox3",
            "Model",
        ] {
            assert_eq!(find(line), None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn fields_without_quotes_are_those_between_the_commas(line in "[^\"\r\n]{0,60}") {
            let expected: Vec<_> = line.split(',').map(String::from).collect();
            prop_assert_eq!(split(&line).unwrap(), expected);
        }

        #[test]
        fn quoted_fields_come_back(fields in proptest::collection::vec("[^\r\n]{0,20}", 1..9)) {
            let quoted: Vec<_> = fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            prop_assert_eq!(fields_before_end(&quoted.join(","), b','), fields.len() - 1);
            prop_assert_eq!(split(&quoted.join(",")).unwrap(), fields);
        }
    }
}
