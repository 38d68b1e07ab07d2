//! Kinds of findings about device CSV files and hardware hashes.

use crate::model::finding_kinds;

const COPY_AGAIN: &str = "copy the complete hash from the device again";

finding_kinds! {
    /// An Excel workbook instead of a CSV file.
    CSV_WORKBOOK = "csv.workbook", Error,
        "use the device's or vendor's original file, or save the sheet as CSV and check its serial numbers";
    /// An empty file.
    CSV_EMPTY = "csv.empty", Error, "add a header and a row for each device";
    /// Lines that end with only a carriage return.
    CSV_LINE_ENDS = "csv.line-ends", Warning, "save the file with Windows line endings (CRLF)";
    /// An encoding that the portal is not documented to read.
    CSV_ENCODING = "csv.encoding", Info,
        "no action needed if this library imports the file; if the portal rejects it, save it as ANSI";
    /// Quotes, which the portal rejects.
    CSV_QUOTES = "csv.quotes", Warning, "save the file without quotes";

    /// A file without a header.
    CSV_NO_HEADER = "csv.no-header", Error,
        "begin the file with: Device Serial Number,Windows Product ID,Hardware Hash,Group Tag,Assigned User";
    /// Lines above the header.
    CSV_LINES_ABOVE_HEADER = "csv.lines-above-header", Warning,
        "remove the lines: the portal requires the header in the first line";
    /// A second header among the rows.
    CSV_REPEATED_HEADER = "csv.repeated-header", Warning, "remove the second header";
    /// Values separated by semicolons or tabs.
    CSV_DELIMITER = "csv.delimiter", Warning,
        "separate the values with commas, and do not save the file from Excel";
    /// A report exported from Configuration Manager, which the portal rejects.
    CSV_CONFIGMGR_REPORT = "csv.configmgr-report", Warning,
        "no action needed if this library imports the file; for the portal, create a new file";
    /// A partner's file, which the portal rejects.
    CSV_PARTNER_FORMAT = "csv.partner-format", Info,
        "no action needed if this library imports the file; for the portal, remove these columns";
    /// A required column that is missing.
    CSV_MISSING_COLUMN = "csv.missing-column", Error, "add the column, with a value for each device";
    /// Two columns with the same name.
    CSV_DUPLICATE_COLUMN = "csv.duplicate-column", Error, "remove one of the two";
    /// A column that the portal does not support.
    CSV_EXTRA_COLUMN = "csv.extra-column", Warning, "remove the column";
    /// A column out of order.
    CSV_COLUMN_ORDER = "csv.column-order", Warning,
        "use this order: serial number, product id, hash, group tag, assigned user";
    /// A column name that the portal spells differently.
    CSV_HEADER_SPELLING = "csv.header-spelling", Warning, "use the portal's spelling";

    /// A header without rows.
    CSV_NO_ROWS = "csv.no-rows", Error, "add a row for each device";
    /// More rows than the portal accepts in one file.
    CSV_TOO_MANY_ROWS = "csv.too-many-rows", Warning,
        "split the file for the portal; an import by this library splits it automatically";
    /// A line that is too long to be a device's row.
    CSV_LINE_TOO_LONG = "csv.line-too-long", Error,
        "put each device on its own line, and check for lost line breaks";
    /// NUL bytes in a row of the file.
    CSV_ZERO_BYTES = "csv.zero-bytes", Error, "save the whole file again in a single encoding";
    /// A quote that is not closed on its line.
    CSV_OPEN_QUOTE = "csv.open-quote", Error, "put the row on one line, without quotes";
    /// A row of separators without values.
    CSV_EMPTY_ROW = "csv.empty-row", Warning, "remove the line";
    /// A row with fewer fields than the header.
    CSV_TOO_FEW_FIELDS = "csv.too-few-fields", Warning, "add a separator for each value that is left out";
    /// A row with more values than the header has columns.
    CSV_TOO_MANY_FIELDS = "csv.too-many-fields", Error,
        "remove separators from the values, and keep the hash in one piece";
    /// Empty fields beyond the last column.
    CSV_TRAILING_SEPARATORS = "csv.trailing-separators", Warning,
        "remove the separators at the end of the line";
    /// Spaces around a value.
    CSV_OUTER_BLANKS = "csv.outer-blanks", Info, "for the portal, remove the spaces";
    /// A comma or quote in a value, which the portal's format does not allow.
    CSV_FORBIDDEN_CHARACTER = "csv.forbidden-character", Error, "remove the character from the value";
    /// A value with non-ASCII characters.
    CSV_NOT_ASCII = "csv.not-ascii", Warning,
        "use letters of the English alphabet: the portal may misread others";

    /// A row without a serial number.
    CSV_MISSING_SERIAL = "csv.missing-serial", Error, "add the serial number that the firmware reports";
    /// A serial number that Excel turned into scientific notation.
    CSV_SCIENTIFIC_SERIAL = "csv.scientific-serial", Error,
        "take the serial number from the device, enter it as text, and do not save the file from Excel";
    /// A value that is not a valid serial number.
    CSV_INVALID_SERIAL = "csv.invalid-serial", Error, "use the serial number that the firmware reports";
    /// A hardware hash in another value's column.
    CSV_SWAPPED_COLUMNS = "csv.swapped-columns", Error,
        "put each value under its own header: the columns of this row or file are swapped";
    /// A row that repeats the column labels, as exported reports do.
    CSV_LABEL_ROW = "csv.label-row", Error, "keep the device's values, and remove the labels from the row";
    /// A value with Excel's apostrophe or `="…"`.
    CSV_EXCEL_TEXT = "csv.excel-text", Error, "keep only the value, and do not save the file from Excel";
    /// A serial number that an earlier row already has; a warning if that row has errors.
    CSV_DUPLICATE_SERIAL = "csv.duplicate-serial", Error, "keep only the device's newest row";
    /// A row without a hardware hash.
    CSV_MISSING_HASH = "csv.missing-hash", Error,
        "capture the hash on the device, for example with Get-WindowsAutopilotInfo";
    /// A hardware hash that Excel may have truncated.
    CSV_EXCEL_LIMIT = "csv.excel-limit", Error,
        "copy the complete hash from the device again, without going through Excel";
    /// A hardware hash that spans several lines, as when an email or console wraps it.
    CSV_WRAPPED_HASH = "csv.wrapped-hash", Error,
        "create the file again on the device with Get-WindowsAutopilotInfo -OutputFile, and send it as an \
         attachment, not as text";
    /// A hardware hash that was joined from several lines.
    CSV_JOINED_HASH = "csv.joined-hash", Warning,
        "no action needed if this library imports the file; for the portal, put the hash on one line";
    /// A header that spans several lines.
    CSV_WRAPPED_HEADER = "csv.wrapped-header", Warning, "put the header on one line";
    /// A value that is not a valid hardware hash.
    CSV_INVALID_HASH = "csv.invalid-hash", Error, COPY_AGAIN;
    /// A hardware hash with base64 that was repaired.
    CSV_REPAIRED_HASH = "csv.repaired-hash", Info,
        "no action needed if this library imports the file; for the portal, create the file again";
    /// A value that is not a valid group tag.
    CSV_INVALID_TAG = "csv.invalid-tag", Error, "use another group tag";
    /// A value that is not a valid user principal name.
    CSV_INVALID_USER = "csv.invalid-user", Error, "enter the user as name@domain";
    /// Rows that assign a user.
    CSV_ASSIGNED_USER = "csv.assigned-user", Warning,
        "remove the Assigned User column if the devices are to be hybrid joined";

    /// A value that does not start like a hardware hash; an error if any of its characters were replaced.
    HASH_UNREADABLE = "hash.unreadable", Warning, COPY_AGAIN;
    /// A value that is too short for a hardware hash, such as a digest.
    HASH_TOO_SHORT = "hash.too-short", Error,
        "capture the hash on the device, for example with Get-WindowsAutopilotInfo";
    /// A hardware hash that appears twice in one value.
    HASH_TWICE = "hash.twice", Error, "keep one of the two, from T0 to the end of the padding";
    /// A hardware hash of an unusual length.
    HASH_LENGTH = "hash.length", Info, "no action needed if the whole hash was copied";
    /// A truncated hardware hash.
    HASH_CUT = "hash.cut", Error, COPY_AGAIN;
    /// A record that runs past the end of its hardware hash.
    HASH_BROKEN_RECORD = "hash.broken-record", Warning, COPY_AGAIN;
    /// A hardware hash without a manufacturer, which the service rejects.
    HASH_NO_MANUFACTURER = "hash.no-manufacturer", Error,
        "have the manufacturer set the firmware's SMBIOS values, then capture the hash again";
    /// A hardware hash without a serial number, which the service rejects.
    HASH_NO_SERIAL = "hash.no-serial", Error,
        "have the manufacturer set the firmware's SMBIOS values, then capture the hash again";
    /// A hardware hash with a wrong checksum.
    HASH_CHECKSUM = "hash.checksum", Warning, COPY_AGAIN;
    /// A hardware hash without a checksum.
    HASH_NO_CHECKSUM = "hash.no-checksum", Warning, COPY_AGAIN;
    /// Data after the checksum.
    HASH_TRAILING_BYTES = "hash.trailing-bytes", Warning, COPY_AGAIN;
    /// A serial number other than the one in the hardware hash.
    HASH_OTHER_SERIAL = "hash.other-serial", Warning, "check which device the hash belongs to";
}
