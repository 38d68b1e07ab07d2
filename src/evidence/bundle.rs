//! Bundles: files from a device and from a connector's server, read together.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};

use jiff::tz::Offset;

use super::collected::Evidence;
use super::read::{is_event_log, is_not_needed, read_event_log, read_events, read_file};
use super::side::Side;
use super::sink::Sink;
use super::source::archive::{self, Format, ReadSeek, Visit};
use super::source::{EventSource, Limits, UnreadReason};

/// Files from a device and from a connector's server, to be read into one [`Evidence`].
///
/// ```
/// use windows_autopilot::evidence::{Bundle, Limits, Options, Side, diagnose};
///
/// # const STATUS: &str = "+-----+\n| Device State |\n+-----+\n AzureAdJoined : NO\n DomainJoined : YES\n";
/// let mut bundle = Bundle::new(Limits::default());
/// bundle.add_bytes(Side::Device, "dsregcmd.txt", STATUS); // `add_path` takes a file or a folder
/// let evidence = bundle.read();
/// for unread in evidence.unread() {
///     eprintln!("{}: {}", unread.path, unread.reason);
/// }
/// println!("{}", diagnose(&evidence, &Options::default()));
/// ```
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

impl Bundle {
    /// Creates a bundle without files.
    pub fn new(limits: Limits) -> Self {
        Self { limits, offsets: HashMap::new(), inputs: Vec::new() }
    }

    /// Sets the time zone of one machine's text logs: the offset of its local time from UTC.
    ///
    /// By default, the offset is not known, and the times in a text log are used only to order the lines of that file.
    #[must_use]
    pub fn with_utc_offset(mut self, side: Side, offset: Offset) -> Self {
        self.offsets.insert(side, offset);
        self
    }

    /// Adds an archive, a folder with its contents, or a single file.
    ///
    /// # Errors
    /// [`io::Error`] if the path cannot be opened. An unsupported file is not an error: [`Evidence::unread`] lists it.
    pub fn add_path(&mut self, side: Side, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let file = File::open(path)?;
        let input =
            if file.metadata()?.is_dir() { Input::Folder(path.to_owned()) } else { Input::File(file) };
        self.inputs.push((side, name, input));
        Ok(())
    }

    /// Adds an archive or a file from a reader. The format is detected from the content or, failing that, from the
    /// name.
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

    /// Reads all files. Never fails: [`Evidence::unread`] lists the files that could not be read.
    pub fn read(self) -> Evidence {
        let mut walk = Walk {
            sink: Sink::new(self.limits, self.offsets),
            side: Side::Device,
            path: String::new(),
            depth: 0,
            members: 0,
            unpacked: 0,
            held: 0,
        };
        for (side, name, input) in self.inputs {
            walk.side = side;
            match input {
                Input::Events(mut events) => read_events(side, &name, &mut *events, &mut walk.sink),
                Input::Folder(path) => walk.folder(&name, &path, 0),
                Input::File(file) => walk.reader(&name, &mut BufReader::new(file)),
                Input::Reader(mut reader) => walk.reader(&name, &mut *reader),
                Input::Bytes(bytes) => walk.reader(&name, &mut Cursor::new(bytes)),
            }
        }
        walk.sink.finish()
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.inputs.iter().map(|(side, name, _)| (side, name)).collect();
        f.debug_struct("Bundle").field("limits", &self.limits).field("inputs", &names).finish_non_exhaustive()
    }
}

/// The deepest folder below an added one.
const FOLDERS: usize = 16;
/// The longest displayed name of a member.
const LONGEST_NAME: usize = 260;

/// A walk over the files of a bundle, through folders and archives.
#[cfg_attr(not(feature = "evidence-archives"), allow(dead_code, reason = "no archive is opened"))]
struct Walk {
    sink: Sink,
    side: Side,
    /// The archives around the current file.
    path: String,
    depth: usize,
    members: usize,
    unpacked: u64,
    /// The bytes of archives held in memory.
    held: u64,
}

impl Walk {
    fn folder(&mut self, name: &str, path: &Path, depth: usize) {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.sink.unread(self.side, name, UnreadReason::Io(error.kind())),
        };
        let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{name}/{}", shown(&entry.file_name().to_string_lossy()));
            // Links lead out of the folder.
            let kind = entry.file_type().ok();
            if kind.is_some_and(|kind| kind.is_dir()) {
                if depth < FOLDERS {
                    self.folder(&name, &entry.path(), depth + 1);
                } else {
                    self.sink.unread(self.side, name, UnreadReason::Limit("depth"));
                }
                continue;
            }
            if !kind.is_some_and(|kind| kind.is_file()) {
                self.sink.unread(self.side, name, UnreadReason::NotNeeded);
                continue;
            }
            if self.members >= self.sink.limits.members {
                return self.sink.unread(self.side, name, UnreadReason::Limit("members"));
            }
            self.members += 1;
            if is_not_needed(&name) {
                self.sink.unread(self.side, name, UnreadReason::NotNeeded);
                continue;
            }
            match File::open(entry.path()) {
                Ok(file) => self.reader(&name, &mut BufReader::new(file)),
                Err(error) => self.sink.unread(self.side, name, UnreadReason::Io(error.kind())),
            }
        }
    }

    /// Reads a file or an archive that is not held in memory.
    fn reader(&mut self, name: &str, reader: &mut dyn ReadSeek) {
        let read = self.try_reader(name, reader);
        if let Err(error) = read {
            self.sink.unread(self.side, name, UnreadReason::Io(error.kind()));
        }
    }

    fn try_reader(&mut self, name: &str, reader: &mut dyn ReadSeek) -> io::Result<()> {
        let mut start = Vec::new();
        reader.rewind()?;
        reader.take(16).read_to_end(&mut start)?;
        reader.rewind()?;
        if let Some(format) = Format::of(&start) {
            self.archive(name, format, reader);
            return Ok(());
        }
        if is_event_log(&start) {
            read_event_log(self.side, name, reader, &mut self.sink);
            return Ok(());
        }
        let most = self.sink.limits.member_bytes;
        let mut bytes = Vec::new();
        reader.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if length(&bytes) > most {
            self.sink.unread(self.side, name, UnreadReason::Limit("member_bytes"));
        } else {
            read_file(self.side, name, &bytes, &mut self.sink);
        }
        Ok(())
    }

    fn archive(&mut self, path: &str, format: Format, reader: &mut dyn ReadSeek) {
        if self.depth >= self.sink.limits.depth {
            return self.sink.unread(self.side, path, UnreadReason::Limit("depth"));
        }
        let outer = std::mem::replace(&mut self.path, path.to_owned());
        let before = self.sink.files();
        self.depth += 1;
        archive::visit(format, reader, self);
        self.depth -= 1;
        self.path = outer;
        if self.sink.files() == before {
            self.sink.unread(self.side, path, UnreadReason::Empty);
        }
    }

    fn path_of(&self, name: &str) -> String {
        if name.is_empty() { self.path.clone() } else { format!("{}/{}", self.path, shown(name)) }
    }
}

impl Visit for Walk {
    fn members_left(&self) -> usize {
        self.sink.limits.members.saturating_sub(self.members)
    }

    fn ratio(&self) -> u64 {
        self.sink.limits.ratio
    }

    fn admit(&mut self, name: &str, size: u64) -> bool {
        self.members += 1;
        let limits = &self.sink.limits;
        let lower = name.to_ascii_lowercase();
        let is_archive = [".zip", ".cab"].iter().any(|end| lower.ends_with(end));
        let reason = if is_not_needed(&lower) {
            UnreadReason::NotNeeded
        } else if is_archive && self.held.saturating_add(size) > limits.nested_archive_bytes {
            UnreadReason::Limit("nested_archive_bytes")
        } else if !is_archive && size > limits.member_bytes {
            UnreadReason::Limit("member_bytes")
        } else if self.unpacked.saturating_add(size) > limits.total_bytes {
            UnreadReason::Limit("total_bytes")
        } else {
            self.unpacked += size;
            return true;
        };
        let path = self.path_of(name);
        self.sink.unread(self.side, path, reason);
        false
    }

    fn file(&mut self, name: &str, bytes: Vec<u8>) {
        let path = self.path_of(name);
        let Some(format) = Format::of(&bytes) else {
            return read_file(self.side, &path, &bytes, &mut self.sink);
        };
        let size = length(&bytes);
        if self.held.saturating_add(size) > self.sink.limits.nested_archive_bytes {
            return self.sink.unread(self.side, path, UnreadReason::Limit("nested_archive_bytes"));
        }
        self.held += size;
        self.archive(&path, format, &mut Cursor::new(bytes));
        self.held -= size;
    }

    fn unread(&mut self, name: &str, reason: UnreadReason) {
        let path = self.path_of(name);
        self.sink.unread(self.side, path, reason);
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Returns a name for display: without control characters and not too long. Never used as a path.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}
