//! The memory that a long device file takes.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "test code")]

use std::io::Read;
use std::sync::Mutex;

use windows_autopilot::registration::SampleHash;
use windows_autopilot::registration::csv::CsvReader;

/// A device file that is made while it is read.
struct Rows {
    left: std::ops::Range<u32>,
    line: Vec<u8>,
    at: usize,
}

impl Rows {
    fn new(rows: u32) -> Self {
        let header = b"Device Serial Number,Windows Product ID,Hardware Hash,Group Tag\r\n".to_vec();
        Self { left: 0..rows, line: header, at: 0 }
    }
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.line.len() {
            let Some(row) = self.left.next() else { return Ok(0) };
            let serial = format!("5CG{row:07}");
            let hash = SampleHash::new(&serial).build().unwrap();
            self.line = format!("{serial},,{},Kiosk\r\n", hash.as_str()).into_bytes();
            self.at = 0;
        }
        let read = (&self.line[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

/// The most memory that this process has had, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// One reading at a time: the peak is that of the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Reads a file of so many devices; the most memory that the process has had then, in KiB.
fn read(rows: u32) -> u64 {
    let before = peak_kib();
    let mut reader = CsvReader::new(Rows::new(rows));
    let mut devices = 0;
    for row in &mut reader {
        let row = row.unwrap();
        devices += u32::from(row.device.is_some());
        assert!(row.device.is_some() || row.line == u64::from(rows) + 1, "{row:?}");
    }
    assert_eq!(devices, rows);
    let peak = peak_kib();
    println!("{rows} rows: {before} KiB before, {peak} KiB at most");
    peak
}

#[test]
fn two_thousand_rows_of_8_mb_take_less_than_the_file() {
    let _alone = ALONE.lock().unwrap();
    let before = peak_kib();
    assert!(read(2_000) - before < 4 * 1024);
}

#[test]
#[ignore = "reads 800 MB: cargo test --release --all-features --test memory -- --ignored --nocapture"]
fn two_hundred_thousand_rows_take_less_than_64_mib() {
    let _alone = ALONE.lock().unwrap();
    assert!(read(200_000) < 64 * 1024);
}
