//! A writer of `.evtx` files: chunks with one template for each form of record.

use std::collections::HashMap;

use windows_autopilot::evidence::EventRecord;

const CHUNK: usize = 65_536;

/// A file with these records.
pub fn evtx(records: &[EventRecord]) -> Vec<u8> {
    let mut chunks = vec![Chunk::new()];
    for record in records {
        if !chunks.last_mut().unwrap().add(record) {
            let mut chunk = Chunk::new();
            assert!(chunk.add(record), "a record larger than a chunk");
            chunks.push(chunk);
        }
    }
    let mut file = b"ElfFile\0".to_vec();
    file.extend(0_u64.to_le_bytes());
    file.extend((chunks.len() as u64 - 1).to_le_bytes());
    file.extend((records.len() as u64 + 1).to_le_bytes());
    file.extend(128_u32.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(3_u16.to_le_bytes());
    file.extend(4096_u16.to_le_bytes());
    file.extend(u16::try_from(chunks.len()).unwrap().to_le_bytes());
    file.resize(120, 0);
    file.extend(0_u32.to_le_bytes());
    let checksum = crc32(&file[..120]);
    file.extend(checksum.to_le_bytes());
    file.resize(4096, 0);
    for chunk in chunks {
        file.extend(chunk.finish());
    }
    file
}

struct Chunk {
    bytes: Vec<u8>,
    names: HashMap<String, u32>,
    templates: HashMap<(String, Vec<String>), u32>,
    first: Option<u64>,
    last: u64,
    last_offset: u32,
}

impl Chunk {
    fn new() -> Self {
        Self {
            bytes: vec![0; 512],
            names: HashMap::new(),
            templates: HashMap::new(),
            first: None,
            last: 0,
            last_offset: 0,
        }
    }

    /// Adds a record; `false` if the chunk is full.
    fn add(&mut self, record: &EventRecord) -> bool {
        let (length, names, templates) = (self.bytes.len(), self.names.clone(), self.templates.clone());
        let header = self.bytes[..512].to_vec();
        self.write(record);
        if self.bytes.len() > CHUNK {
            self.bytes.truncate(length);
            self.bytes[..512].copy_from_slice(&header);
            (self.names, self.templates) = (names, templates);
            return false;
        }
        self.first.get_or_insert(record.record);
        (self.last, self.last_offset) = (record.record, u32::try_from(length).unwrap());
        true
    }

    fn write(&mut self, record: &EventRecord) {
        let start = self.bytes.len();
        let time = record
            .time
            .map_or(0, |time| u64::try_from((time.as_nanosecond() / 100) + 116_444_736_000_000_000).unwrap());
        self.u32(0x2a2a);
        self.u32(0);
        self.u64(record.record);
        self.u64(time);
        self.bytes.extend([0x0f, 1, 1, 0]);
        let names: Vec<String> = record.fields.iter().map(|(name, _)| name.to_owned()).collect();
        self.bytes.extend([0x0c, 1]);
        let key = (record.provider.name().to_owned(), names.clone());
        let known = self.templates.get(&key).copied();
        let id = u32::try_from(self.templates.len()).unwrap() + 1;
        self.u32(id);
        match known {
            Some(offset) => self.u32(offset),
            None => {
                let offset = u32::try_from(self.bytes.len()).unwrap() + 4;
                self.u32(offset);
                self.templates.insert(key, offset);
                self.template(id, record.provider.name(), &names);
            }
        }
        self.values(record, time);
        // Records are aligned.
        let size = (self.bytes.len() - start + 4).next_multiple_of(8);
        self.bytes.resize(start + size - 4, 0);
        self.u32(u32::try_from(size).unwrap());
        self.bytes[start + 4..start + 8].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
    }

    fn template(&mut self, id: u32, provider: &str, names: &[String]) {
        // Templates of a slot are a list, the last one first.
        self.link(384 + (id as usize % 32) * 4);
        self.u32(id);
        self.bytes.extend([7; 12]);
        let size_at = self.bytes.len();
        self.u32(0);
        self.bytes.extend([0x0f, 1, 1, 0]);
        let event = self.open("Event", &[]);
        let system = self.open("System", &[]);
        let of = self.open("Provider", &[("Name", Slot::Text(provider))]);
        self.close_empty(of);
        for (name, slot, kind) in [("EventID", 0, 6), ("Version", 1, 4), ("Level", 2, 4)] {
            self.leaf(name, slot, kind);
        }
        let of = self.open("TimeCreated", &[("SystemTime", Slot::Value(3, 17))]);
        self.close_empty(of);
        for (name, slot, kind) in [("EventRecordID", 4, 10), ("Channel", 5, 1), ("Computer", 6, 1)] {
            self.leaf(name, slot, kind);
        }
        self.close(system);
        let data = self.open("EventData", &[]);
        for (name, slot) in names.iter().zip(7..) {
            let attributes = [("Name", Slot::Text(name.as_str()))];
            let of = self.open("Data", if name.is_empty() { &[] } else { &attributes });
            self.bytes.push(0x02);
            self.substitution(slot, 1);
            self.close(of);
        }
        self.close(data);
        self.close(event);
        self.bytes.push(0);
        self.patch(size_at);
    }

    fn values(&mut self, record: &EventRecord, time: u64) {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut values: Vec<(u8, Vec<u8>)> = vec![
            (6, u16::try_from(record.id & 0xffff).unwrap().to_le_bytes().to_vec()),
            (4, vec![record.version]),
            (4, vec![record.level.map_or(0, |level| level.number())]),
            (17, time.to_le_bytes().to_vec()),
            (10, record.record.to_le_bytes().to_vec()),
            (1, utf16(&record.channel)),
            (1, utf16(record.computer.as_deref().unwrap_or_default())),
        ];
        values.extend(record.fields.iter().map(|(_, value)| (1, utf16(value))));
        self.u32(u32::try_from(values.len()).unwrap());
        for (kind, bytes) in &values {
            self.u16(u16::try_from(bytes.len()).unwrap());
            self.bytes.extend([*kind, 0]);
        }
        for (_, bytes) in values {
            self.bytes.extend(bytes);
        }
    }

    /// Opens an element, and returns the place of its size.
    fn open(&mut self, name: &str, attributes: &[(&str, Slot<'_>)]) -> usize {
        self.bytes.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        self.u16(0xffff);
        let size_at = self.bytes.len();
        self.u32(0);
        self.name(name);
        if !attributes.is_empty() {
            let list_at = self.bytes.len();
            self.u32(0);
            for (index, (name, slot)) in attributes.iter().enumerate() {
                self.bytes.push(if index + 1 < attributes.len() { 0x46 } else { 0x06 });
                self.name(name);
                match slot {
                    Slot::Text(text) => {
                        self.bytes.extend([0x05, 1]);
                        self.u16(u16::try_from(text.encode_utf16().count()).unwrap());
                        self.bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
                    }
                    Slot::Value(index, kind) => self.substitution(*index, *kind),
                }
            }
            self.patch(list_at);
        }
        if name != "Provider" && name != "TimeCreated" && !matches!(name, "Data") && !LEAVES.contains(&name) {
            self.bytes.push(0x02);
        }
        size_at
    }

    fn leaf(&mut self, name: &str, slot: u16, kind: u8) {
        let of = self.open(name, &[]);
        self.bytes.push(0x02);
        self.substitution(slot, kind);
        self.close(of);
    }

    fn substitution(&mut self, slot: u16, kind: u8) {
        self.bytes.push(0x0d);
        self.u16(slot);
        self.bytes.push(kind);
    }

    fn close(&mut self, size_at: usize) {
        self.bytes.push(0x04);
        self.patch(size_at);
    }

    fn close_empty(&mut self, size_at: usize) {
        self.bytes.push(0x03);
        self.patch(size_at);
    }

    /// Writes the number of bytes behind a size into it.
    fn patch(&mut self, size_at: usize) {
        let size = u32::try_from(self.bytes.len() - size_at - 4).unwrap();
        self.bytes[size_at..size_at + 4].copy_from_slice(&size.to_le_bytes());
    }

    /// Writes the offset of a name, and the name itself where it is used first.
    fn name(&mut self, name: &str) {
        if let Some(offset) = self.names.get(name) {
            return self.u32(*offset);
        }
        let offset = u32::try_from(self.bytes.len()).unwrap() + 4;
        self.u32(offset);
        self.names.insert(name.to_owned(), offset);
        let units: Vec<u16> = name.encode_utf16().collect();
        let hash =
            units.iter().fold(0_u32, |hash, unit| hash.wrapping_mul(65_599).wrapping_add(u32::from(*unit)));
        self.link(128 + (hash as usize & 0xffff) % 64 * 4);
        self.u16(u16::try_from(hash & 0xffff).unwrap());
        self.u16(u16::try_from(units.len()).unwrap());
        self.bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        self.u16(0);
    }

    /// Puts what begins here at the head of the list of a slot, and writes the offset of the one that was.
    fn link(&mut self, slot: usize) {
        let before: [u8; 4] = self.bytes[slot..slot + 4].try_into().unwrap();
        let offset = u32::try_from(self.bytes.len()).unwrap();
        self.bytes[slot..slot + 4].copy_from_slice(&offset.to_le_bytes());
        self.bytes.extend(before);
    }

    fn finish(mut self) -> Vec<u8> {
        let free = u32::try_from(self.bytes.len()).unwrap();
        let records = crc32(&self.bytes[512..]);
        let mut header = b"ElfChnk\0".to_vec();
        for number in [self.first.unwrap_or(1), self.last, self.first.unwrap_or(1), self.last] {
            header.extend(number.to_le_bytes());
        }
        for number in [128, self.last_offset, free, records] {
            header.extend(number.to_le_bytes());
        }
        header.resize(124, 0);
        self.bytes[..124].copy_from_slice(&header);
        let both: Vec<u8> = self.bytes[..120].iter().chain(&self.bytes[128..512]).copied().collect();
        self.bytes[124..128].copy_from_slice(&crc32(&both).to_le_bytes());
        self.bytes.resize(CHUNK, 0);
        self.bytes
    }

    fn u16(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u32(&mut self, number: u32) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.bytes.extend(number.to_le_bytes());
    }
}

const LEAVES: [&str; 6] = ["EventID", "Version", "Level", "EventRecordID", "Channel", "Computer"];

enum Slot<'a> {
    Text(&'a str),
    Value(u16, u8),
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}
