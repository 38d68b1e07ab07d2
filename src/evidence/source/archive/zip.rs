//! Zip archives.

use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::result::ZipError;

use super::{ReadSeek, Visit, is_bomb};
use crate::evidence::source::UnreadReason;

/// The maximum number of bytes at the end of an archive: its record and the longest comment.
const END: u64 = 22 + 65_535;

pub(super) fn visit(mut reader: &mut dyn ReadSeek, visit: &mut dyn Visit) {
    // The directory is read at once: its length is looked at before.
    match count(&mut reader) {
        Ok(Some(count)) if count > u64::try_from(visit.members_left()).unwrap_or(u64::MAX) => {
            return visit.unread("", UnreadReason::Limit("members"));
        }
        Ok(Some(_)) => {}
        Ok(None) => return visit.unread("", UnreadReason::Damaged("a zip without an end".to_owned())),
        Err(error) => return visit.unread("", UnreadReason::Io(error.kind())),
    }
    let mut archive = match ZipArchive::new(reader) {
        Ok(archive) => archive,
        Err(error) => return visit.unread("", reason(&error)),
    };
    for index in 0..archive.len() {
        let mut member = match archive.by_index(index) {
            Ok(member) => member,
            Err(error) => {
                visit.unread(&format!("member {}", index + 1), reason(&error));
                continue;
            }
        };
        if member.is_dir() {
            continue;
        }
        let (name, size) = (String::from_utf8_lossy(member.name_raw()).into_owned(), member.size());
        if is_bomb(size, member.compressed_size(), visit.ratio()) {
            visit.unread(&name, UnreadReason::Limit("ratio"));
            continue;
        }
        if !visit.admit(&name, size) {
            continue;
        }
        // The size is within the limits: room for it at once takes half of what a growing vector does.
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default().saturating_add(1));
        match member.by_ref().take(size.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(read) if u64::try_from(read).is_ok_and(|read| read <= size) => visit.file(&name, bytes),
            Ok(_) => visit.unread(&name, UnreadReason::Damaged("larger than the archive says".to_owned())),
            Err(error) => visit.unread(&name, UnreadReason::Damaged(error.to_string())),
        }
    }
}

/// Returns the number of members at the end of the archive; `None` without an end.
fn count(reader: &mut (impl Read + Seek + ?Sized)) -> io::Result<Option<u64>> {
    let length = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(length.saturating_sub(END)))?;
    let mut tail = Vec::new();
    reader.take(END).read_to_end(&mut tail)?;
    let Some(end) = tail.windows(4).rposition(|window| window == b"PK\x05\x06") else { return Ok(None) };
    let short = tail.get(end + 10..end + 12).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes);
    let long = tail.windows(4).rposition(|window| window == b"PK\x06\x06").and_then(|at| {
        let bytes = tail.get(at + 32..at + 40)?;
        bytes.try_into().ok().map(u64::from_le_bytes)
    });
    // A directory of more than 65,535 members has its count in another record.
    Ok(short.map(|short| if short == u16::MAX { long.unwrap_or(u64::MAX) } else { u64::from(short) }))
}

fn reason(error: &ZipError) -> UnreadReason {
    match error {
        ZipError::Io(error) => UnreadReason::Io(error.kind()),
        other => UnreadReason::Damaged(other.to_string()),
    }
}
