//! Checks of one device, from any source.

use super::hash::{HashContents, HashLengths, check_text};
use crate::model::{DeviceToImport, Finding};
use crate::registration::findings::HASH_UNREADABLE;

/// Checks a device before its import: serial number, group tag and hardware hash.
///
/// ```
/// use windows_autopilot::model::DeviceToImport;
/// use windows_autopilot::registration::check_device;
/// let device = DeviceToImport::new("Default string".parse()?, "9dd4e461268c8034f5c8564e155c67a6".parse()?);
/// let ids: Vec<_> = check_device(&device).into_iter().map(|finding| finding.id).collect();
/// assert_eq!(ids, ["serial-number.placeholder", "hash.too-short"]);
/// # Ok::<(), windows_autopilot::model::InvalidValue>(())
/// ```
///
/// The place of each finding is the serial number.
pub fn check_device(device: &DeviceToImport) -> Vec<Finding> {
    let mut findings = device.serial_number.lint();
    findings.extend(device.group_tag.iter().flat_map(|tag| tag.lint()));
    let hash = &device.hardware_identifier;
    let doubt = check_text(hash.as_str(), HashLengths::default());
    let is_readable = doubt.as_ref().is_none_or(|finding| !finding.is_error());
    findings.extend(doubt);
    if is_readable {
        match HashContents::decode(hash) {
            Err(error) => {
                findings.push(HASH_UNREADABLE.at("", error.problem()).with_remedy(error.remedy().to_owned()))
            }
            Ok(contents) => {
                findings.extend(contents.lint());
                findings.extend(contents.check_serial_number(&device.serial_number));
            }
        }
    }
    for finding in &mut findings {
        finding.place = device.serial_number.as_str().to_owned();
    }
    findings
}
