//! A file from which a killed run resumes.

use std::fmt;
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// The bytes that every journal begins with.
const OPENING: &[u8] = br#"{"journal":"windows-autopilot","#;

/// The record of a run's progress, from which a later run resumes if the run is killed.
///
/// A journal is plain text, with one JSON object per line. The first line names the kind of run and the version of the
/// format; the run defines the other lines. Whole lines are appended and never changed. A change is recorded before it
/// is sent, and the line is on disk before the run continues. When a run resumes, an incomplete last line is cut off; a
/// journal with any other unreadable line is rejected.
///
/// # Files
///
/// * A file that does not begin like a journal is rejected and left untouched; an empty file is a new journal. A
///   symbolic link, a file with several hard links, and anything other than a regular file are also rejected.
/// * A run locks the file until it ends; any other run on that file, in this process or another, fails. Killing the
///   process releases the lock. The file system must support locks, as local disks do.
/// * On Unix, only the owner can read and write a new file (mode 0600). On Windows, a new file inherits its folder's
///   permissions; no other program can read the file while a run holds the lock.
///
/// Errors name the file and have the kind [`ErrorKind::Journal`].
///
/// ```
/// use windows_autopilot::workflow::Journal;
/// let journal = Journal::at("devices.journal"); // created when the run begins, read if it exists
/// ```
#[derive(Debug)]
pub struct Journal {
    store: Box<dyn JournalStore>,
    is_locked: bool,
    /// The length of the whole lines, if an incomplete line follows.
    cut_at: Option<u64>,
    /// The length of the whole lines.
    length: u64,
}

/// The content of a journal.
#[derive(Debug)]
pub(crate) struct Written<H, L> {
    /// The first line; `None` for a new journal.
    pub(crate) header: Option<H>,
    pub(crate) lines: Vec<L>,
    /// The number of bytes in the incomplete last line; 0 if the last line is complete.
    pub(crate) torn_bytes: usize,
}

impl Journal {
    /// Creates a journal in a file, which is opened when the run starts.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self::from_store(FileStore { path: path.as_ref().to_owned(), file: None })
    }

    /// Creates a journal in a store.
    pub fn from_store(store: impl JournalStore) -> Self {
        Self { store: Box::new(store), is_locked: false, cut_at: None, length: 0 }
    }

    /// Locks the journal and reads all lines. Creates nothing.
    pub(crate) fn read<H: DeserializeOwned, L: DeserializeOwned>(&mut self) -> Result<Written<H, L>> {
        self.lock()?;
        let bytes = self.store.read().map_err(|error| self.failed("cannot be read", error))?;
        // What follows the last line break was cut short.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let (text, torn) = bytes.split_at_checked(whole).unwrap_or((&bytes, &[]));
        if !begins_as_journal(&bytes) {
            let message = format!("{} does not begin as a journal, and is left as it is", self.store.name());
            return Err(Error::new(ErrorKind::Journal, message).with_remedy("name another file"));
        }
        self.length = u64::try_from(whole).unwrap_or(u64::MAX);
        self.cut_at = if torn.is_empty() { None } else { Some(self.length) };
        let mut header = None;
        let mut lines = Vec::new();
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let unreadable = |error: serde_json::Error| {
                // Not serde's own message, which repeats what it could not read.
                let message = format!(
                    "line {} of the journal {} cannot be read (column {}): it is damaged, or of another version",
                    number.saturating_add(1),
                    self.store.name(),
                    error.column()
                );
                Error::new(ErrorKind::Journal, message)
                    .with_remedy("begin a new journal; a run finds registered devices and existing objects")
            };
            if header.is_none() {
                header = Some(serde_json::from_slice(line).map_err(unreadable)?);
            } else {
                lines.push(serde_json::from_slice(line).map_err(unreadable)?);
            }
        }
        Ok(Written { header, lines, torn_bytes: torn.len() })
    }

    /// Writes the first line of a new journal.
    pub(crate) fn begin(&mut self, header: &impl Serialize) -> Result<()> {
        #[derive(Serialize)]
        struct First<'a, H> {
            journal: &'static str,
            #[serde(flatten)]
            header: &'a H,
        }
        self.append([First { journal: "windows-autopilot", header }])
    }

    /// Appends lines in one write, and returns when they are durable.
    pub(crate) fn append<L: Serialize>(&mut self, lines: impl IntoIterator<Item = L>) -> Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .map_err(|error| self.failed("cannot be written", error.into()))?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        self.lock()?;
        let cut = self.cut_at.map_or(Ok(()), |length| self.store.truncate(length));
        // A failed write may leave a part of its lines, which the next write has to cut off.
        self.cut_at = Some(self.length);
        cut.and_then(|()| self.store.append(&text))
            .map_err(|error| self.failed("cannot be written", error))?;
        self.cut_at = None;
        self.length = self.length.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Adds the journal's name to an error from checking its header.
    pub(crate) fn named(&self, checked: Result<()>) -> Result<()> {
        checked.map_err(|error| {
            let message = format!("the journal {} cannot be used: {error}", self.store.name());
            Error::new(error.kind(), message)
        })
    }

    /// Creates the error for a journal that has to exist and does not.
    #[cfg(feature = "workflow")]
    pub(crate) fn missing(&self) -> Error {
        let message = format!("the journal {} does not exist or is empty", self.store.name());
        Error::new(ErrorKind::Journal, message)
            .with_remedy("give the path of the journal that the run was given")
    }

    fn lock(&mut self) -> Result<()> {
        if self.is_locked {
            return Ok(());
        }
        if !self.store.lock().map_err(|error| self.failed("cannot be used", error))? {
            let message = format!("the journal {} is in use by another run", self.store.name());
            return Err(Error::new(ErrorKind::Journal, message)
                .with_remedy("wait until that run has ended, or name another journal"));
        }
        self.is_locked = true;
        Ok(())
    }

    fn failed(&self, problem: &str, error: io::Error) -> Error {
        let message = format!("the journal {} {problem}", self.store.name());
        Error::new(ErrorKind::Journal, message).with_source(error)
    }
}

/// Returns `true` for the content of a journal, a part of its first line, and empty content.
fn begins_as_journal(bytes: &[u8]) -> bool {
    bytes.starts_with(OPENING) || OPENING.starts_with(bytes)
}

/// The storage for a [`Journal`]. The methods block, so they should be quick.
///
/// ```
/// use std::io::Result;
/// use windows_autopilot::workflow::{Journal, JournalStore};
///
/// /// Stands in for a journal that is kept in a row of a database.
/// #[derive(Debug, Default)]
/// struct Row {
///     content: Vec<u8>,
/// }
///
/// impl JournalStore for Row {
///     fn name(&self) -> String {
///         "the Munich journal".to_owned()
///     }
///
///     fn lock(&mut self) -> Result<bool> {
///         Ok(true) // here, take an advisory lock; return `false` if another run holds it
///     }
///
///     fn read(&mut self) -> Result<Vec<u8>> {
///         Ok(self.content.clone())
///     }
///
///     fn append(&mut self, lines: &[u8]) -> Result<()> {
///         self.content.extend_from_slice(lines); // and commit
///         Ok(())
///     }
///
///     fn truncate(&mut self, length: u64) -> Result<()> {
///         self.content.truncate(usize::try_from(length).unwrap_or(usize::MAX));
///         Ok(())
///     }
/// }
///
/// let journal = Journal::from_store(Row::default());
/// ```
pub trait JournalStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the name to use in messages, such as a file's path.
    fn name(&self) -> String;

    /// Locks the journal until the store is dropped. Returns `false` if another run holds the lock.
    ///
    /// # Errors
    /// Any failure to lock the journal.
    fn lock(&mut self) -> io::Result<bool>;

    /// Returns the entire content, which is empty if there is no journal yet.
    ///
    /// # Errors
    /// Any failure to read the content.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Appends whole lines, and returns once they would survive a power failure.
    ///
    /// # Errors
    /// Any failure to write the lines. Some of them may have been written.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Truncates the content to `length` bytes.
    ///
    /// # Errors
    /// Any failure to truncate the content.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// An in-memory [`JournalStore`] for tests. Clones share the content, and only one at a time can hold the lock.
///
/// ```
/// use windows_autopilot::workflow::{Journal, MemoryStore};
/// let kept = MemoryStore::default();
/// let journal = Journal::from_store(kept.clone());
/// assert_eq!(kept.text(), "");
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    shared: Arc<Mutex<Memory>>,
    holds_lock: bool,
}

#[derive(Debug, Default)]
struct Memory {
    content: Vec<u8>,
    is_locked: bool,
}

impl MemoryStore {
    /// Returns the content.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.memory().content).into_owned()
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for MemoryStore {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), holds_lock: false }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        if self.holds_lock {
            self.memory().is_locked = false;
        }
    }
}

impl JournalStore for MemoryStore {
    fn name(&self) -> String {
        "in memory".to_owned()
    }

    fn lock(&mut self) -> io::Result<bool> {
        let was_locked = std::mem::replace(&mut self.memory().is_locked, true);
        self.holds_lock |= !was_locked;
        Ok(self.holds_lock)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.memory().content.clone())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.memory().content.extend_from_slice(lines);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.memory().content.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }
}

#[derive(Debug)]
struct FileStore {
    path: PathBuf,
    /// The locked file; `None` before the lock, and while the file does not exist.
    file: Option<File>,
}

impl FileStore {
    /// Creates the file. A file that another run created meanwhile belongs to that run.
    fn create(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&self.path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => io::Error::new(error.kind(), "another run has just created it"),
            _ => error,
        })?;
        if !try_lock(&file)? {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "another run has just created it"));
        }
        // A new file's name is safe only when its folder is; not every system lets a folder be opened for that.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            let _ = folder.sync_all();
        }
        Ok(file)
    }

    /// Returns the file after checking that the path still names it.
    fn open(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        let file = self.file.insert(file);
        let named = std::fs::symlink_metadata(&self.path)?;
        if is_same(&named, &file.metadata()?) {
            return Ok(file);
        }
        Err(io::Error::other("another file has replaced it"))
    }
}

impl JournalStore for FileStore {
    fn name(&self) -> String {
        let path = self.path.display().to_string();
        let escape = |character: char| match character {
            character if character.is_control() => character.escape_default().to_string(),
            character => character.to_string(),
        };
        path.chars().map(escape).collect()
    }

    fn lock(&mut self) -> io::Result<bool> {
        let found = match std::fs::symlink_metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(error) => return Err(error),
        };
        // Looked at before it is opened: to open a pipe would wait for its other end.
        check_is_plain_file(&found)?;
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        let opened = file.metadata()?;
        check_is_plain_file(&opened)?;
        if !is_same(&found, &opened) {
            return Err(io::Error::other("another file has replaced it"));
        }
        let is_locked = try_lock(&file)?;
        self.file = is_locked.then_some(file);
        Ok(is_locked)
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(file) = &mut self.file else { return Ok(bytes) };
        file.seek(SeekFrom::Start(0))?;
        io::Read::by_ref(file).take(OPENING.len() as u64).read_to_end(&mut bytes)?;
        // Something else may be large: its beginning is enough to refuse it.
        if begins_as_journal(&bytes) {
            file.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = self.open()?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(lines)?;
        file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let file = self.open()?;
        file.set_len(length)?;
        file.sync_all()
    }
}

fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => {
            let message = format!("its file system does not lock files ({error}): keep it on a local disk");
            Err(io::Error::new(error.kind(), message))
        }
    }
}

fn check_is_plain_file(found: &Metadata) -> io::Result<()> {
    let problem = if found.file_type().is_symlink() {
        "it is a link: give the path of the file itself"
    } else if !found.is_file() {
        "it is not a regular file"
    } else if has_other_names(found) {
        "it is a hard link to a file that has another name too: copy it, and give the path of the copy"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, problem))
}

#[cfg(unix)]
fn has_other_names(found: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(found) > 1
}

#[cfg(not(unix))]
fn has_other_names(_: &Metadata) -> bool {
    false
}

/// Returns `true` if both describe the same file, as far as the system shows.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.file_type() == other.file_type()
}

#[cfg(test)]
#[path = "../../tests/support/folder.rs"]
mod folder;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::folder::Folder;
    use super::*;

    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Line {
        n: u32,
        text: String,
    }

    fn line(n: u32) -> Line {
        Line { n, text: format!("text {n}\n") }
    }

    fn written(store: &MemoryStore, text: &[u8]) -> Result<Written<Line, Line>> {
        store.memory().content = text.to_vec();
        Journal::from_store(store.clone()).read()
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let store = MemoryStore::default();
        let mut journal = Journal::from_store(store.clone());
        let new = journal.read::<Line, Line>().unwrap();
        assert!(new.header.is_none() && new.lines.is_empty() && new.torn_bytes == 0);
        journal.begin(&line(0)).unwrap();
        journal.append([line(1), line(2)]).unwrap();
        journal.append(Vec::<Line>::new()).unwrap();
        assert_eq!(store.text().lines().count(), 3);
        let all = journal.read::<Line, Line>().unwrap();
        assert_eq!((all.header, all.lines), (Some(line(0)), vec![line(1), line(2)]));
    }

    #[test]
    fn a_damaged_line_is_named_and_not_repeated() {
        let store = MemoryStore::default();
        for (text, number) in [
            ("\"n\":\"secret\"}\n", "line 1"),
            ("\"n\":0,\"text\":\"\"}\n{\"n\":1,\"te\n{\"n\":2,\"text\":\"\"}\n", "line 2"),
            ("\"n\":0,\"text\":\"\"}\n\n", "line 2"),
            ("\"n\":0,\"text\":\"\"}\n{\"n\":\"secret\",\"text\":\"\"}\n", "line 2"),
        ] {
            let error = written(&store, &[OPENING, text.as_bytes()].concat()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal);
            assert!(error.to_string().contains(number) && !error.to_string().contains("secret"), "{error}");
        }
    }

    fn refused(path: &Path) -> String {
        let error = Journal::at(path).read::<Line, Line>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        let written = Journal::at(path).append([line(4)]);
        let text = format!("{error:#}");
        assert!(text.contains(&path.display().to_string()), "{text}");
        if path.is_dir() || std::fs::symlink_metadata(path).unwrap().is_symlink() {
            assert_eq!(written.unwrap_err().kind(), ErrorKind::Journal);
        }
        text
    }

    #[test]
    fn a_file_is_made_grows_and_loses_a_torn_line() {
        let folder = Folder::new("journal-grows");
        let path = folder.path().join("run.journal");
        let mut journal = Journal::at(&path);
        assert!(journal.read::<Line, Line>().unwrap().header.is_none());
        assert!(!path.exists(), "reading makes nothing");
        journal.begin(&line(0)).unwrap();
        journal.append([line(1)]).unwrap();
        drop(journal);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":2,").unwrap();

        let mut journal = Journal::at(&path);
        let read = journal.read::<Line, Line>().unwrap();
        assert_eq!((read.lines, read.torn_bytes), (vec![line(1)], 7));
        journal.append([line(3)]).unwrap();
        assert_eq!(journal.read::<Line, Line>().unwrap().lines, [line(1), line(3)]);
    }

    #[test]
    fn a_file_that_is_no_journal_is_refused_and_left_untouched() {
        let folder = Folder::new("journal-foreign");
        for (number, content) in [
            b"notes without a line break".as_slice(),
            b"notes\n",
            b"\n",
            b"name = \"Munich\"\n",
            b"{}",
            b"{\"n\":0,\"text\":\"\"}\n",
            b"{\"v\":1,\"run\":\"apply\",\"deployment\":\"Munich\"}\n",
            b"\xef\xbb\xbf{\"journal\":\"windows-autopilot\",\"n\":0,\"text\":\"\"}\n",
            b"{\"journal\":\"other\"}\n",
            b"\0\0\0\0",
        ]
        .iter()
        .enumerate()
        {
            let path = folder.file(&number.to_string(), content);
            let error = Journal::at(&path).read::<Line, Line>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal);
            let text = error.to_string();
            assert!(text.contains(&path.display().to_string()) && text.contains("left as it is"), "{text}");
            assert_eq!(std::fs::read(&path).unwrap(), *content);
        }
        // Large, and so refused by its beginning.
        let path = folder.file("large", b"");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let error = Journal::at(&path).read::<Line, Line>().unwrap_err();
        assert!(error.to_string().contains("left as it is"), "{error:#}");
    }

    #[test]
    fn anything_but_a_plain_file_is_refused() {
        let folder = Folder::new("journal-plain");
        assert!(refused(folder.path()).contains("not a regular file"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::symlink;
            let target = folder.file("target", b"");
            let link = folder.path().join("link");
            symlink(&target, &link).unwrap();
            assert!(refused(&link).contains("a link"));
            let dangling = folder.path().join("dangling");
            symlink(folder.path().join("nowhere"), &dangling).unwrap();
            assert!(refused(&dangling).contains("a link") && !folder.path().join("nowhere").exists());
            let hard = folder.path().join("hard");
            std::fs::hard_link(&target, &hard).unwrap();
            assert!(refused(&hard).contains("another name"));
            assert_eq!(std::fs::read(&target).unwrap(), b"");
            assert_eq!(Journal::at("/dev/null").read::<Line, Line>().unwrap_err().kind(), ErrorKind::Journal);
        }
    }

    #[test]
    fn one_run_at_a_time_has_a_journal() {
        let folder = Folder::new("journal-lock");
        let path = folder.path().join("run.journal");
        let memory = MemoryStore::default();
        let in_file: &dyn Fn() -> Journal = &|| Journal::at(&path);
        let in_memory: &dyn Fn() -> Journal = &|| Journal::from_store(memory.clone());
        for open in [in_file, in_memory] {
            let mut first = open();
            first.read::<Line, Line>().unwrap();
            first.begin(&line(0)).unwrap();
            let error = open().read::<Line, Line>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal);
            assert!(error.to_string().contains("in use by another run"), "{error}");
            assert_eq!(open().append([line(1)]).unwrap_err().kind(), ErrorKind::Journal);
            first.append([line(2)]).unwrap();
            drop(first);
            let read = open().read::<Line, Line>().unwrap();
            assert_eq!((read.header, read.lines), (Some(line(0)), vec![line(2)]));
        }
    }

    #[test]
    fn of_two_runs_that_find_no_file_one_begins_it() {
        let folder = Folder::new("journal-race");
        let path = folder.path().join("run.journal");
        let mut both = [Journal::at(&path), Journal::at(&path)];
        for journal in &mut both {
            assert!(journal.read::<Line, Line>().unwrap().header.is_none());
        }
        let [first, second] = &mut both;
        first.begin(&line(0)).unwrap();
        let error = second.begin(&line(1)).unwrap_err();
        assert!(format!("{error:#}").contains("another run has just created it"), "{error:#}");
        assert_eq!(first.read::<Line, Line>().unwrap().header, Some(line(0)));
    }

    #[test]
    fn a_file_that_was_replaced_meanwhile_is_not_written_to() {
        let folder = Folder::new("journal-replaced");
        let path = folder.path().join("run.journal");
        let mut journal = Journal::at(&path);
        journal.begin(&line(0)).unwrap();
        std::fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        assert_eq!(journal.append([line(1)]).unwrap_err().kind(), ErrorKind::Journal);
        folder.file("run.journal", b"");
        let appended = journal.append([line(1)]);
        if cfg!(unix) {
            assert!(format!("{:#}", appended.unwrap_err()).contains("another file has replaced it"));
            assert_eq!(std::fs::read(&path).unwrap(), b"");
        }
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_written_to() {
        let folder = Folder::new("journal-appears");
        let path = folder.path().join("run.journal");
        let mut journal = Journal::at(&path);
        assert!(journal.read::<Line, Line>().unwrap().header.is_none());
        folder.file("run.journal", b"notes");
        assert_eq!(journal.begin(&line(0)).unwrap_err().kind(), ErrorKind::Journal);
        assert_eq!(std::fs::read(&path).unwrap(), b"notes");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("journal-mode");
        let path = folder.path().join("run.journal");
        Journal::at(&path).begin(&line(0)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    /// A store that fails once, after a partial write.
    #[derive(Debug)]
    struct Full(MemoryStore, bool);

    impl JournalStore for Full {
        fn name(&self) -> String {
            "full".to_owned()
        }

        fn lock(&mut self) -> io::Result<bool> {
            self.0.lock()
        }

        fn read(&mut self) -> io::Result<Vec<u8>> {
            self.0.read()
        }

        fn append(&mut self, lines: &[u8]) -> io::Result<()> {
            if std::mem::replace(&mut self.1, false) {
                self.0.append(&lines[..lines.len() / 2])?;
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            self.0.append(lines)
        }

        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.0.truncate(length)
        }
    }

    #[test]
    fn a_line_that_was_written_in_part_is_cut_off_before_the_next() {
        let memory = MemoryStore::default();
        Journal::from_store(memory.clone()).begin(&line(0)).unwrap();
        let mut journal = Journal::from_store(Full(memory, true));
        journal.read::<Line, Line>().unwrap();
        assert_eq!(journal.append([line(1), line(2)]).unwrap_err().kind(), ErrorKind::Journal);
        journal.append([line(3)]).unwrap();
        assert_eq!(journal.read::<Line, Line>().unwrap().lines, [line(3)]);
    }

    proptest! {
        #[test]
        fn a_journal_cut_anywhere_keeps_its_whole_lines_and_can_be_continued(
            texts in proptest::collection::vec("(?s).{0,6}", 1..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let lines: Vec<Line> = texts.into_iter().zip(0..).map(|(text, n)| Line { n, text }).collect();
            let store = MemoryStore::default();
            let mut journal = Journal::from_store(store.clone());
            journal.begin(&lines[0]).unwrap();
            journal.append(&lines[1..]).unwrap();
            drop(journal);
            let full = store.memory().content.clone();
            let cut = cut.index(full.len() + 1);
            let whole = full[..cut].iter().filter(|byte| **byte == b'\n').count();

            store.memory().content.truncate(cut);
            let mut journal = Journal::from_store(store);
            let read = journal.read::<Line, Line>().unwrap();
            prop_assert_eq!(read.header.as_ref(), lines[..whole].first());
            prop_assert_eq!(&read.lines, &lines[whole.min(1)..whole]);
            let mut expected = lines[..whole].to_vec();
            if read.header.is_none() {
                journal.begin(&line(8)).unwrap();
                expected.push(line(8));
            }
            journal.append([line(9)]).unwrap();
            expected.push(line(9));
            let again = journal.read::<Line, Line>().unwrap();
            prop_assert_eq!(again.torn_bytes, 0);
            prop_assert_eq!(again.header.into_iter().chain(again.lines).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = written(&MemoryStore::default(), &bytes);
        }
    }
}
