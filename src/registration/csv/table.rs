//! Recognizes other forms than CSV in which device lists arrive.

use super::header::{Column, Header, Splitter};

/// The remedy that names the command for a device file.
const COMMAND: &str = "write the file with Get-WindowsAutopilotInfo -OutputFile devices.csv";
/// The remedy that names the command for writing PowerShell objects as CSV.
const EXPORT: &str =
    "pipe the objects to Export-Csv -NoTypeInformation -Encoding ascii devices.csv, not to a Format cmdlet";

/// Returns `true` if a line is certainly not CSV: JSON, HTML, or a name and its value.
pub(super) fn is_document(line: &str) -> bool {
    let text = line.trim_start();
    let is_list = || text.split_once([':', '=']).is_some_and(|(name, _)| Column::recognize(name).is_some());
    text.starts_with(['{', '[', '<']) || is_list()
}

/// Returns the form of a file that is not CSV, and the remedy; `None` if the form is not known.
pub(super) fn recognize(line: &str, splitter: &mut Splitter) -> Option<(&'static str, &'static str)> {
    let text = line.trim();
    let label = |text: &str| Column::recognize(text).is_some();
    if text.starts_with(['{', '[']) {
        let remedy =
            "convert the file with ConvertFrom-Json and Export-Csv -NoTypeInformation -Encoding ascii";
        return Some(("the file is JSON", remedy));
    }
    if text.starts_with('<') {
        return Some(("the file is HTML or XML, as a web page or a report saves it", COMMAND));
    }
    if text.split_once([':', '=']).is_some_and(|(name, _)| label(name)) {
        return Some(("the file is a list of names and values, as Format-List writes it", EXPORT));
    }
    if text.split(['|', '¦', '│']).filter(|cell| label(cell)).count() >= 2 {
        return Some(("the file is a table with bars between the columns", EXPORT));
    }
    if text.split(['，', '；', '、']).filter(|cell| label(cell)).count() >= 2 {
        let remedy = "write the separators as the comma of the English keyboard";
        return Some(("fullwidth punctuation separates the columns", remedy));
    }
    if is_one_cell(text, splitter) {
        let remedy = "save the file again from the device, and not from Excel: each line has to be values between commas";
        return Some(("each line is one quoted cell, as Excel saves lines that it did not split", remedy));
    }
    let is_ruler = text.contains("---") && text.chars().all(|c| c == '-' || c.is_whitespace());
    let cells: Vec<&str> = text.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    let labels = cells.iter().filter(|cell| label(cell)).count();
    let is_table = !text.contains([',', ';', '\t'])
        && (labels >= 2 || text.to_lowercase().contains("serial number windows product id"));
    (is_ruler || is_table).then_some(("the file is a table with spaces between the columns", EXPORT))
}

/// Returns `true` if a line is one value that contains a header with its separators.
fn is_one_cell(line: &str, splitter: &mut Splitter) -> bool {
    [b',', b';', b'\t'].into_iter().any(|delimiter| {
        let fields = splitter.split(line, delimiter).unwrap_or_default();
        let mut filled = fields.into_iter().filter(|field| !field.trim().is_empty()).map(str::to_owned);
        let (cell, others) = (filled.next(), filled.next());
        others.is_none()
            && cell.is_some_and(|cell| {
                cell.trim() != line
                    && Header::find(&cell, splitter).is_some_and(|header| header.fields.len() > 1)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_forms_are_recognized_by_their_first_line() {
        for (line, words) in [
            ("[", "JSON"),
            ("{\"Device Serial Number\":\"PF3XK7M1\",\"Hardware Hash\":\"\"}", "JSON"),
            ("<!DOCTYPE html>", "HTML"),
            ("Device Serial Number : PF3XK7M1", "Format-List"),
            ("Windows Product ID   : ", "Format-List"),
            ("| Device Serial Number | Windows Product ID | Hardware Hash |", "bars"),
            ("Device Serial Number|Windows Product ID|Hardware Hash", "bars"),
            ("Device Serial Number，Windows Product ID，Hardware Hash", "fullwidth"),
            ("\"Device Serial Number,Windows Product ID,Hardware Hash\"", "one quoted cell"),
            ("\"Device Serial Number,Windows Product ID,Hardware Hash\";;", "one quoted cell"),
            ("Device Serial Number Windows Product ID Hardware Hash", "spaces"),
            ("-------------------- ------------------ -------------", "spaces"),
        ] {
            let found = recognize(line, &mut Splitter::new());
            assert!(found.is_some_and(|(evidence, _)| evidence.contains(words)), "{line}: {found:?}");
        }
        for line in ["sep=;", "#TYPE System.Object", "Textbox1", "PF3XK7M1,,", ""] {
            assert_eq!(recognize(line, &mut Splitter::new()), None, "{line}");
        }
    }
}
