//! Bundles: files of a device and of a connector's server, read into one evidence.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use jiff::tz::Offset;

use super::collected::Evidence;
use super::read::read_events;
use super::side::Side;
use super::sink::Sink;
use super::source::{EventSource, Limits, UnreadReason};

/// Files of a device and of a connector's server, to be read into one [`Evidence`].
pub struct Bundle {
    limits: Limits,
    offsets: HashMap<Side, Offset>,
    inputs: Vec<(Side, String, Input)>,
}

enum Input {
    File(File),
    Folder(PathBuf),
    Reader(Box<dyn ReadSeek>),
    Bytes(Vec<u8>),
    Events(Box<dyn EventSource>),
}

trait ReadSeek: Read + Seek {}

impl<T: Read + Seek> ReadSeek for T {}

impl Bundle {
    /// Creates a bundle without files.
    pub fn new(limits: Limits) -> Self {
        Self { limits, offsets: HashMap::new(), inputs: Vec::new() }
    }

    /// Sets the zone of the text logs of one machine: the offset of its wall time from UTC.
    ///
    /// Default: not known. Times of text logs then order the lines of their own file alone.
    #[must_use]
    pub fn with_utc_offset(mut self, side: Side, offset: Offset) -> Self {
        self.offsets.insert(side, offset);
        self
    }

    /// Adds an archive, a folder with all that is in it, or a single file.
    ///
    /// # Errors
    /// If it cannot be opened. A file that is no log fails nothing: it is in [`Evidence::unread`].
    pub fn add_path(&mut self, side: Side, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let file = File::open(path)?;
        let input =
            if file.metadata()?.is_dir() { Input::Folder(path.to_owned()) } else { Input::File(file) };
        self.inputs.push((side, name, input));
        Ok(())
    }

    /// Adds an archive or a file from a reader. The name decides the format if the content does not.
    pub fn add_reader(&mut self, side: Side, name: impl Into<String>, reader: impl Read + Seek + 'static) {
        self.inputs.push((side, name.into(), Input::Reader(Box::new(reader))));
    }

    /// Adds an archive or a file from memory.
    pub fn add_bytes(&mut self, side: Side, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.inputs.push((side, name.into(), Input::Bytes(bytes.into())));
    }

    /// Adds an event log from any source of records.
    ///
    /// ```
    /// use windows_autopilot::evidence::{Bundle, EventRecord, Limits, Provider, Side};
    ///
    /// let records = [EventRecord::new(Provider::DeviceManagement, 107).with_record(1)];
    /// let mut bundle = Bundle::new(Limits::default());
    /// bundle.add_events(Side::Device, "Admin", records.into_iter());
    /// assert_eq!(bundle.read().observations().len(), 1);
    /// ```
    pub fn add_events(&mut self, side: Side, name: impl Into<String>, events: impl EventSource + 'static) {
        self.inputs.push((side, name.into(), Input::Events(Box::new(events))));
    }

    /// Reads everything. It never fails: [`Evidence::unread`] lists the files that could not be read.
    pub fn read(self) -> Evidence {
        let mut sink = Sink::new(self.limits, self.offsets);
        for (side, name, input) in self.inputs {
            match input {
                Input::Events(mut events) => read_events(side, &name, &mut *events, &mut sink),
                Input::File(_) | Input::Folder(_) | Input::Reader(_) | Input::Bytes(_) => {
                    sink.unread(side, name, UnreadReason::NotNeeded);
                }
            }
        }
        sink.finish()
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inputs.iter().map(|(side, name, _)| (side, name)).collect();
        f.debug_struct("Bundle").field("limits", &self.limits).field("inputs", &names).finish_non_exhaustive()
    }
}
