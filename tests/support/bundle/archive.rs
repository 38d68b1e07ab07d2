//! Archives.

use std::io::{Cursor, Write};

use flate2::{Compress, Compression, FlushCompress};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A zip with these members.
pub fn zip(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A cabinet with these members, compressed with MSZIP.
pub fn cab(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    cab_with(members, Packing::MsZip)
}

/// The compression of a cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    Stored,
    MsZip,
    /// For content of one block alone.
    Lzx,
}

/// A cabinet with one folder.
pub fn cab_with(members: &[(String, Vec<u8>)], packing: Packing) -> Vec<u8> {
    let content: Vec<u8> = members.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let pack = |block: &[u8]| match packing {
        Packing::Stored => block.to_vec(),
        Packing::MsZip => deflate(block),
        Packing::Lzx => lzx(block),
    };
    let blocks: Vec<Vec<u8>> = content.chunks(32_768).map(pack).collect();
    let names: usize = members.iter().map(|(name, _)| 16 + name.len() + 1).sum();
    let data_at = 36 + 8 + names;
    let size = data_at + blocks.iter().map(|block| 8 + block.len()).sum::<usize>();
    let mut cab = b"MSCF\0\0\0\0".to_vec();
    let u16s = |cab: &mut Vec<u8>, number: usize| cab.extend(u16::try_from(number).unwrap().to_le_bytes());
    let u32s = |cab: &mut Vec<u8>, number: usize| cab.extend(u32::try_from(number).unwrap().to_le_bytes());
    u32s(&mut cab, size);
    u32s(&mut cab, 0);
    u32s(&mut cab, 44);
    u32s(&mut cab, 0);
    cab.extend([3, 1]);
    for number in [1, members.len(), 0, 1, 0] {
        u16s(&mut cab, number);
    }
    u32s(&mut cab, data_at);
    u16s(&mut cab, blocks.len());
    // LZX has its window beside it: 2 to the power of 19.
    let compression = match packing {
        Packing::Stored => 0,
        Packing::MsZip => 1,
        Packing::Lzx => 0x1303,
    };
    u16s(&mut cab, compression);
    let mut offset = 0;
    for (name, bytes) in members {
        u32s(&mut cab, bytes.len());
        u32s(&mut cab, offset);
        for number in [0, 0, 0, 0x80] {
            u16s(&mut cab, number);
        }
        cab.extend(name.as_bytes());
        cab.push(0);
        offset += bytes.len();
    }
    for (block, content) in blocks.iter().zip(content.chunks(32_768)) {
        u32s(&mut cab, 0);
        u16s(&mut cab, block.len());
        u16s(&mut cab, content.len());
        cab.extend(block);
    }
    cab
}

fn deflate(block: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(block.len() + 1024);
    out.extend(b"CK");
    Compress::new(Compression::best(), false).compress_vec(block, &mut out, FlushCompress::Finish).unwrap();
    out
}

/// An LZX stream with one block that is not compressed.
fn lzx(block: &[u8]) -> Vec<u8> {
    let size = u16::try_from(block.len()).unwrap();
    // No translation of addresses, type 3, and the size in 24 bits.
    let words = [0x3000 | size >> 12, (size & 0xfff) << 4];
    let mut out: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    out.extend([1_u32; 3].iter().flat_map(|number| number.to_le_bytes()));
    out.extend(block);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}
