//! Writing device files.

use super::{Column, MAX_DEVICES};
use crate::model::{DeviceToImport, InvalidValue};

/// A writer for files that the portal accepts: plain ASCII, CR LF, no quotes, at most 500 devices each.
///
/// ```
/// use windows_autopilot::model::DeviceToImport;
/// use windows_autopilot::registration::csv::PortalFiles;
/// let devices = [DeviceToImport::new("5CG1234ABC".parse()?, "T0EAAAA=".parse()?)];
/// let files = PortalFiles::new(&devices).collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(
///     files,
///     ["Device Serial Number,Windows Product ID,Hardware Hash\r\n5CG1234ABC,,T0EAAAA=\r\n"]
/// );
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// The iterator yields the contents of each file and keeps only one file in memory. A column that no device in a file
/// needs is left out. A value that the format cannot represent is rejected, never changed, and so is a value that a
/// spreadsheet would run as a formula because it begins with `=`, `+`, `-` or `@`. The caller's import id is not part of
/// the format.
#[derive(Debug, Clone)]
pub struct PortalFiles<I> {
    devices: I,
}

impl<'a, I: Iterator<Item = &'a DeviceToImport>> PortalFiles<I> {
    /// Creates the files for these devices, in order.
    pub fn new(devices: impl IntoIterator<Item = &'a DeviceToImport, IntoIter = I>) -> Self {
        Self { devices: devices.into_iter() }
    }
}

impl<'a, I: Iterator<Item = &'a DeviceToImport>> Iterator for PortalFiles<I> {
    /// The contents of a file, or an error for the first value in it that the format cannot represent.
    type Item = Result<String, InvalidValue>;

    fn next(&mut self) -> Option<Self::Item> {
        let devices: Vec<_> = self.devices.by_ref().take(MAX_DEVICES).collect();
        (!devices.is_empty()).then(|| file(&devices))
    }
}

fn file(devices: &[&DeviceToImport]) -> Result<String, InvalidValue> {
    const LINE: usize = 4_100;
    let users = devices.iter().any(|device| device.assigned_user_principal_name.is_some());
    let tags = users || devices.iter().any(|device| device.group_tag.is_some());
    let columns: Vec<Column> = [
        (Column::SerialNumber, true),
        (Column::ProductId, true),
        (Column::HardwareHash, true),
        (Column::GroupTag, tags),
        (Column::AssignedUser, users),
    ]
    .into_iter()
    .filter_map(|(column, needed)| needed.then_some(column))
    .collect();
    let mut text = String::with_capacity(LINE * (devices.len() + 1));
    push_line(&mut text, columns.iter().map(|column| Ok(column.header())))?;
    for device in devices {
        push_line(&mut text, columns.iter().map(|column| field(device, *column)))?;
    }
    Ok(text)
}

fn push_line<'a>(
    text: &mut String,
    fields: impl Iterator<Item = Result<&'a str, InvalidValue>>,
) -> Result<(), InvalidValue> {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(field?);
    }
    text.push_str("\r\n");
    Ok(())
}

/// Returns the value of a column, or an error if the format cannot hold it.
fn field(device: &DeviceToImport, column: Column) -> Result<&str, InvalidValue> {
    let (what, value) = match column {
        Column::SerialNumber => ("serial number", device.serial_number.as_str()),
        Column::HardwareHash => return Ok(device.hardware_identifier.as_str()),
        Column::ProductId => ("product key", device.product_key.as_ref().map_or("", |key| key.as_str())),
        Column::GroupTag => ("group tag", device.group_tag.as_ref().map_or("", |tag| tag.as_str())),
        Column::AssignedUser => {
            ("assigned user", device.assigned_user_principal_name.as_ref().map_or("", |user| user.as_str()))
        }
        Column::Manufacturer | Column::Model => return Ok(""),
    };
    let refused = value.chars().enumerate().find(|(_, c)| !matches!(c, ' '..='~') || matches!(c, ',' | '"'));
    let (problem, position) = if let Some((position, c)) = refused {
        // One character of a value does not name a person.
        (format!("has {c:?} at character {}, which a device file cannot hold", position + 1), position)
    } else if value.trim() != value {
        ("has spaces around it, which are lost in a device file".to_owned(), 0)
    } else if value.len() > 1 && value.starts_with(['=', '+', '-', '@']) {
        // Quotes would keep a spreadsheet from nothing, and the portal reads them as part of the value.
        let first = value.chars().next().unwrap_or_default();
        (format!("begins with {first:?}, and a spreadsheet that opens the file would run it as a formula"), 0)
    } else {
        return Ok(value);
    };
    let problem = format!("{problem} (device {:?})", device.serial_number);
    Err(InvalidValue::new(what, problem, "change the value, or import the device without a file")
        .at(position))
}
