//! Cabinets, stored or compressed with MSZIP or LZX.
//!
//! A folder of a cabinet is one stream with files back to back: it is unpacked once, from its beginning.
//! Overlapping files would unpack to more than the folder holds, and are refused.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::{Decompress, FlushDecompress, Status};
use lzxd::{Lzxd, WindowSize};

use super::{RATIO_FROM, ReadSeek, Visit, is_bomb};
use crate::evidence::source::UnreadReason;

/// The maximum number of bytes of an unpacked block, and of the history that the next block can refer to.
const BLOCK: usize = 32_768;
const HAS_PREVIOUS: u16 = 1;
const HAS_NEXT: u16 = 2;
const HAS_RESERVE: u16 = 4;
/// The numbers from here on mark files that continue in another cabinet.
const CONTINUED: u16 = 0xfffd;

struct Folder {
    offset: u32,
    blocks: u16,
    compression: u16,
}

struct Member {
    name: String,
    size: u32,
    offset: u32,
    folder: u16,
}

pub(super) fn visit(reader: &mut dyn ReadSeek, visit: &mut dyn Visit) {
    let mut reader = BufReader::new(reader);
    let (folders, mut members, reserve) = match read_directory(&mut reader, visit) {
        Ok(Some(directory)) => directory,
        Ok(None) => return,
        Err(error) => return visit.unread("", damaged(&error)),
    };
    // By folder and place, so that each folder is unpacked once.
    members.sort_by_key(|member| (member.folder, member.offset));
    for members in members.chunk_by(|a, b| a.folder == b.folder) {
        let folder = members.first().and_then(|first| folders.get(usize::from(first.folder)));
        match folder {
            Some(folder) => read_folder(&mut reader, folder, reserve, members, visit),
            None => {
                for member in members {
                    let problem = "the file goes on in another cabinet, or its folder is missing";
                    visit.unread(&member.name, UnreadReason::Damaged(problem.to_owned()));
                }
            }
        }
    }
}

type Directory = (Vec<Folder>, Vec<Member>, usize);

/// Reads the folders and files; `None` if there are too many.
fn read_directory(reader: &mut (impl Read + Seek), visit: &mut dyn Visit) -> io::Result<Option<Directory>> {
    let mut header = [0; 36];
    reader.read_exact(&mut header)?;
    let u16_at =
        |at: usize| header.get(at..at + 2).and_then(|of| of.try_into().ok()).map_or(0, u16::from_le_bytes);
    let u32_at =
        |at: usize| header.get(at..at + 4).and_then(|of| of.try_into().ok()).map_or(0, u32::from_le_bytes);
    let (files, folder_count, file_count, flags) = (u32_at(16), u16_at(26), u16_at(28), u16_at(30));
    if usize::from(file_count) > visit.members_left() {
        visit.unread("", UnreadReason::Limit("members"));
        return Ok(None);
    }
    let (mut folder_reserve, mut data_reserve) = (0, 0);
    if flags & HAS_RESERVE != 0 {
        let header_reserve = read_u16(reader)?;
        [folder_reserve, data_reserve] = read_array::<2>(reader)?.map(usize::from);
        skip(reader, usize::from(header_reserve))?;
    }
    for flag in [HAS_PREVIOUS, HAS_NEXT] {
        if flags & flag != 0 {
            read_name(reader)?;
            read_name(reader)?;
        }
    }
    let mut folders = Vec::new();
    for _ in 0..folder_count {
        let folder =
            Folder { offset: read_u32(reader)?, blocks: read_u16(reader)?, compression: read_u16(reader)? };
        skip(reader, folder_reserve)?;
        folders.push(folder);
    }
    reader.seek(SeekFrom::Start(u64::from(files)))?;
    let mut members = Vec::new();
    for _ in 0..file_count {
        let (size, offset, folder) = (read_u32(reader)?, read_u32(reader)?, read_u16(reader)?);
        let [_, _, _, _, attributes, _] = read_array::<6>(reader)?;
        let name = read_name(reader)?;
        // A flag says that the name is UTF-8; else it is in the code page of the device, and mostly ASCII.
        let name = if attributes & 0x80 != 0 {
            String::from_utf8_lossy(&name).into_owned()
        } else {
            String::from_utf8(name)
                .unwrap_or_else(|error| error.as_bytes().iter().map(|b| char::from(*b)).collect())
        };
        let folder = if folder >= CONTINUED { u16::MAX } else { folder };
        members.push(Member { name, size, offset, folder });
    }
    Ok(Some((folders, members, data_reserve)))
}

/// Unpacks a folder and passes its files on.
fn read_folder(
    reader: &mut (impl Read + Seek),
    folder: &Folder,
    reserve: usize,
    members: &[Member],
    visit: &mut dyn Visit,
) {
    let mut stream = match Stream::open(reader, folder, reserve) {
        Ok(stream) => stream,
        Err(error) => {
            for member in members {
                visit.unread(&member.name, damaged(&error));
            }
            return;
        }
    };
    let mut problem: Option<UnreadReason> = None;
    for member in members {
        if let Some(problem) = &problem {
            visit.unread(&member.name, problem.clone());
            continue;
        }
        if u64::from(member.offset) < stream.position {
            visit.unread(&member.name, UnreadReason::Damaged("overlaps the file before it".to_owned()));
            continue;
        }
        if !visit.admit(&member.name, u64::from(member.size)) {
            continue;
        }
        match stream.read(member, visit.ratio()) {
            Ok(bytes) => visit.file(&member.name, bytes),
            Err(reason) => {
                visit.unread(&member.name, reason.clone());
                problem = Some(reason);
            }
        }
    }
}

enum Codec {
    Stored,
    MsZip(Vec<u8>),
    Lzx(Box<Lzxd>),
}

/// The unpacked bytes of a folder, as a stream.
struct Stream<'r, R> {
    reader: &'r mut R,
    codec: Codec,
    blocks: u16,
    reserve: usize,
    /// The current block, and the position in it.
    block: Vec<u8>,
    at: usize,
    position: u64,
    packed: u64,
    unpacked: u64,
}

impl<'r, R: Read + Seek> Stream<'r, R> {
    fn open(reader: &'r mut R, folder: &Folder, reserve: usize) -> io::Result<Self> {
        let codec = match folder.compression & 0xf {
            0 => Codec::Stored,
            1 => Codec::MsZip(Vec::new()),
            3 => Codec::Lzx(Box::new(Lzxd::new(window(folder.compression >> 8)?))),
            _ => return Err(io::Error::other("a compression other than MSZIP and LZX")),
        };
        reader.seek(SeekFrom::Start(u64::from(folder.offset)))?;
        let blocks = folder.blocks;
        Ok(Self {
            reader,
            codec,
            blocks,
            reserve,
            block: Vec::new(),
            at: 0,
            position: 0,
            packed: 0,
            unpacked: 0,
        })
    }

    /// Reads a file that begins at or after the current position.
    fn read(&mut self, member: &Member, ratio: u64) -> Result<Vec<u8>, UnreadReason> {
        let start = u64::from(member.offset);
        let mut wanted = usize::try_from(member.size).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while wanted > 0 || self.position < start {
            let left = self.block.get(self.at..).unwrap_or_default();
            if left.is_empty() {
                self.next_block().map_err(|error| damaged(&error))?;
                if is_bomb(self.unpacked, self.packed, ratio) {
                    return Err(UnreadReason::Limit("ratio"));
                }
                continue;
            }
            let ahead = usize::try_from(start.saturating_sub(self.position)).unwrap_or(usize::MAX);
            let count = if ahead > 0 { left.len().min(ahead) } else { left.len().min(wanted) };
            if ahead == 0 {
                if bytes.len() as u64 >= RATIO_FROM && bytes.capacity() - bytes.len() < count {
                    // Judged by now: room for the rest at once takes half of what a growing vector does.
                    bytes.reserve_exact(wanted);
                }
                bytes.extend(left.iter().take(count));
                wanted -= count;
            }
            self.at += count;
            self.position += u64::try_from(count).unwrap_or(0);
        }
        Ok(bytes)
    }

    fn next_block(&mut self) -> io::Result<()> {
        self.blocks = self.blocks.checked_sub(1).ok_or(io::ErrorKind::UnexpectedEof)?;
        let _checksum = read_u32(self.reader)?;
        let (packed, unpacked) = (usize::from(read_u16(self.reader)?), usize::from(read_u16(self.reader)?));
        skip(self.reader, self.reserve)?;
        let mut data = vec![0; packed];
        self.reader.read_exact(&mut data)?;
        if unpacked > BLOCK || (unpacked == 0 && packed > 0) {
            return Err(io::Error::other("a block of a size that no block has"));
        }
        self.packed += u64::try_from(packed).unwrap_or(0) + 8;
        self.unpacked += u64::try_from(unpacked).unwrap_or(0);
        self.block = match &mut self.codec {
            Codec::Stored => data,
            Codec::MsZip(history) => {
                let block = inflate(&data, history, unpacked)?;
                history.clone_from(&block);
                block
            }
            Codec::Lzx(lzx) => lzx
                .decompress_next(&data, unpacked)
                .map_err(|error| io::Error::other(error.to_string()))?
                .to_vec(),
        };
        if self.block.len() != unpacked {
            return Err(io::Error::other("a block that unpacks to a size other than the stated one"));
        }
        self.at = 0;
        Ok(())
    }
}

/// Unpacks a block of MSZIP: the letters "CK" and a deflate stream that can refer to the previous block.
fn inflate(data: &[u8], history: &[u8], unpacked: usize) -> io::Result<Vec<u8>> {
    let data = data.strip_prefix(b"CK").ok_or_else(|| io::Error::other("a block without its mark"))?;
    let mut inflater = Decompress::new(false);
    let mut bytes = Vec::with_capacity(history.len() + unpacked + 1);
    if let Ok(length) = u16::try_from(history.len())
        && length > 0
    {
        // The history goes through the inflater as a stored block, and so is its window.
        let mut stored = vec![0];
        stored.extend(length.to_le_bytes());
        stored.extend((!length).to_le_bytes());
        stored.extend(history);
        inflater.decompress_vec(&stored, &mut bytes, FlushDecompress::None)?;
        if bytes.len() != history.len() {
            return Err(io::Error::other("a block that cannot follow its history"));
        }
    }
    let status = inflater.decompress_vec(data, &mut bytes, FlushDecompress::Finish)?;
    if status != Status::StreamEnd {
        return Err(io::Error::other("a block that is cut off, or larger than it says"));
    }
    Ok(bytes.split_off(history.len()))
}

fn window(bits: u16) -> io::Result<WindowSize> {
    Ok(match bits & 0x1f {
        15 => WindowSize::KB32,
        16 => WindowSize::KB64,
        17 => WindowSize::KB128,
        18 => WindowSize::KB256,
        19 => WindowSize::KB512,
        20 => WindowSize::MB1,
        21 => WindowSize::MB2,
        _ => return Err(io::Error::other("an LZX window that cabinets do not have")),
    })
}

fn damaged(error: &io::Error) -> UnreadReason {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            UnreadReason::Damaged(error.to_string())
        }
        io::ErrorKind::UnexpectedEof => UnreadReason::Damaged("the cabinet is cut off".to_owned()),
        kind => UnreadReason::Io(kind),
    }
}

fn read_array<const N: usize>(reader: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_u16(reader: &mut impl Read) -> io::Result<u16> {
    read_array(reader).map(u16::from_le_bytes)
}

fn read_u32(reader: &mut impl Read) -> io::Result<u32> {
    read_array(reader).map(u32::from_le_bytes)
}

fn skip(reader: &mut impl Read, count: usize) -> io::Result<()> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    io::copy(&mut reader.take(count), &mut io::sink()).map(drop)
}

/// Reads a name up to its NUL. Names have at most 256 bytes.
fn read_name(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut name = Vec::new();
    while name.len() <= 256 {
        match read_array(reader)? {
            [0] => return Ok(name),
            [byte] => name.push(byte),
        }
    }
    Err(io::Error::other("a name without an end"))
}
