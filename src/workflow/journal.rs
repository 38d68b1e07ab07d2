//! A file that a killed run goes on from.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

/// What a run writes down as it goes, so that a later one can go on where it was killed.
///
/// It is text, one JSON object a line. The first line says which run it is and in which version of the format; what the
/// other lines say is for the run. Lines are only ever added, whole, and each is on the disk before the run goes on, so
/// the file can be followed with `tail -f` while it grows. A last line that a kill cut short is cut off when the run is
/// resumed; any other line that cannot be read makes the journal unusable, and the run refuses it.
///
/// One run at a time writes to a journal.
///
/// ```
/// use windows_autopilot::workflow::Journal;
/// let journal = Journal::at("devices.journal"); // made when the run begins, read if it is there
/// ```
#[derive(Debug)]
pub struct Journal {
    store: Box<dyn JournalStore>,
    /// How long the part is that can be read, while there is something behind it.
    cut_at: Option<u64>,
}

/// What was in a journal.
#[derive(Debug)]
pub(crate) struct Written<H, L> {
    /// The first line; none if the journal is new.
    pub(crate) header: Option<H>,
    pub(crate) lines: Vec<L>,
    /// How many bytes a kill has left of a last line.
    pub(crate) torn_bytes: usize,
}

impl Journal {
    /// Creates a journal in a file, which is opened when the run starts.
    pub fn at(path: impl AsRef<Path>) -> Self {
        Self::from_store(FileStore { path: path.as_ref().to_owned(), file: None })
    }

    /// Creates a journal in a store.
    pub fn from_store(store: impl JournalStore) -> Self {
        Self { store: Box::new(store), cut_at: None }
    }

    /// Reads all that was written before.
    pub(crate) fn read<H: DeserializeOwned, L: DeserializeOwned>(&mut self) -> Result<Written<H, L>> {
        let bytes = self.store.read().map_err(|error| failed("cannot be read", error))?;
        // What follows the last line break was cut short.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
        let (text, torn) = bytes.split_at_checked(whole).unwrap_or((&bytes, &[]));
        self.cut_at = if torn.is_empty() { None } else { u64::try_from(whole).ok() };
        let mut header = None;
        let mut lines = Vec::new();
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let unreadable = |error: serde_json::Error| {
                // Not serde's own message, which repeats what it could not read.
                let line = number.saturating_add(1);
                let message = format!(
                    "line {line} of the journal cannot be read (column {}): it is damaged, or of another version; \
                     begin a new journal, what is registered will be found",
                    error.column()
                );
                Error::new(ErrorKind::Journal, message)
            };
            if header.is_none() {
                header = Some(serde_json::from_slice(line).map_err(unreadable)?);
            } else {
                lines.push(serde_json::from_slice(line).map_err(unreadable)?);
            }
        }
        Ok(Written { header, lines, torn_bytes: torn.len() })
    }

    /// Adds lines, all in one write, and returns when they are safe.
    pub(crate) fn append<L: Serialize>(&mut self, lines: impl IntoIterator<Item = L>) -> Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, &line)
                .map_err(|error| failed("cannot be written", error.into()))?;
            text.push(b'\n');
        }
        if text.is_empty() {
            return Ok(());
        }
        let cut = self.cut_at.take().map_or(Ok(()), |length| self.store.truncate(length));
        cut.and_then(|()| self.store.append(&text)).map_err(|error| failed("cannot be written", error))
    }
}

/// Where a [`Journal`] is kept. The calls block, so they should be quick.
pub trait JournalStore: fmt::Debug + Send + Sync + 'static {
    /// Everything that was written; nothing if there is no journal yet.
    ///
    /// # Errors
    /// Whatever stands in the way of reading it.
    fn read(&mut self) -> io::Result<Vec<u8>>;

    /// Adds whole lines at the end, and returns when they would survive a power cut.
    ///
    /// # Errors
    /// Whatever stands in the way. A part of the lines may have been written.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Cuts off all that is behind `length` bytes.
    ///
    /// # Errors
    /// Whatever stands in the way.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
}

/// A journal in memory, for tests: its clones share what was written.
///
/// ```
/// use windows_autopilot::workflow::{Journal, MemoryStore};
/// let kept = MemoryStore::default();
/// let journal = Journal::from_store(kept.clone());
/// assert_eq!(kept.text(), "");
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Vec<u8>>>);

impl MemoryStore {
    /// What was written.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock()).into_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl JournalStore for MemoryStore {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.lock().clone())
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.lock().extend_from_slice(lines);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.lock().truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(())
    }
}

#[derive(Debug)]
struct FileStore {
    path: PathBuf,
    file: Option<File>,
}

impl FileStore {
    fn open(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = OpenOptions::new().append(true).create(true).open(&self.path)?;
                // A new file's name is safe only when its folder is; not every system lets a folder be opened for that.
                let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
                    let _ = folder.sync_all();
                }
                file
            }
        };
        Ok(self.file.insert(file))
    }
}

impl JournalStore for FileStore {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_end(&mut bytes).map(|_| bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(bytes),
            Err(error) => Err(error),
        }
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let file = self.open()?;
        file.write_all(lines)?;
        file.sync_data()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        // Not the one that appends, which some systems do not let cut.
        let file = OpenOptions::new().write(true).open(&self.path)?;
        file.set_len(length)?;
        file.sync_all()
    }
}

fn failed(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Journal, format!("the journal {what}")).with_source(error)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

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
        *store.lock() = text.to_vec();
        Journal::from_store(store.clone()).read()
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let store = MemoryStore::default();
        let mut journal = Journal::from_store(store.clone());
        let new = journal.read::<Line, Line>().unwrap();
        assert!(new.header.is_none() && new.lines.is_empty() && new.torn_bytes == 0);
        journal.append([line(0)]).unwrap();
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
            ("secret\n", "line 1"),
            ("{\"n\":0,\"text\":\"\"}\n{\"n\":1,\"te\n{\"n\":2,\"text\":\"\"}\n", "line 2"),
            ("{\"n\":0,\"text\":\"\"}\n\n", "line 2"),
            ("{\"n\":0,\"text\":\"\"}\n{\"n\":\"secret\",\"text\":\"\"}\n", "line 2"),
        ] {
            let error = written(&store, text.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Journal);
            assert!(error.to_string().contains(number) && !error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_file_is_made_grows_and_loses_a_torn_line() {
        let folder = std::env::temp_dir().join(format!("journal-{}-{}", std::process::id(), line!()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("run.journal");
        let _ = std::fs::remove_file(&path);
        let mut journal = Journal::at(&path);
        assert!(journal.read::<Line, Line>().unwrap().header.is_none());
        assert!(!path.exists(), "reading makes nothing");
        journal.append([line(0), line(1)]).unwrap();
        drop(journal);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"n\":2,").unwrap();

        let mut journal = Journal::at(&path);
        let read = journal.read::<Line, Line>().unwrap();
        assert_eq!((read.lines, read.torn_bytes), (vec![line(1)], 7));
        journal.append([line(3)]).unwrap();
        assert_eq!(journal.read::<Line, Line>().unwrap().lines, [line(1), line(3)]);

        let error = Journal::at(&folder).append([line(4)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    proptest! {
        #[test]
        fn a_journal_cut_anywhere_keeps_its_whole_lines_and_can_be_continued(
            texts in proptest::collection::vec("(?s).{0,6}", 1..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let lines: Vec<Line> = texts.into_iter().zip(0..).map(|(text, n)| Line { n, text }).collect();
            let store = MemoryStore::default();
            Journal::from_store(store.clone()).append(&lines).unwrap();
            let full = store.lock().clone();
            let cut = cut.index(full.len() + 1);
            let whole = full[..cut].iter().filter(|byte| **byte == b'\n').count();

            store.lock().truncate(cut);
            let mut journal = Journal::from_store(store);
            let read = journal.read::<Line, Line>().unwrap();
            prop_assert_eq!(read.header.as_ref(), lines[..whole].first());
            prop_assert_eq!(&read.lines, &lines[whole.min(1)..whole]);
            journal.append([line(9)]).unwrap();
            let again = journal.read::<Line, Line>().unwrap();
            prop_assert_eq!(again.torn_bytes, 0);
            let mut expected = lines[..whole].to_vec();
            expected.push(line(9));
            prop_assert_eq!(again.header.into_iter().chain(again.lines).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = written(&MemoryStore::default(), &bytes);
        }
    }
}
