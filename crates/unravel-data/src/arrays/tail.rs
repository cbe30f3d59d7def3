//! The end of a zip archive, where its table of contents is: all that is read until that is known.
//!
//! The archive's reader makes room for as many entries as an archive claims to have, and looks for a table of contents
//! from the end of the file to its beginning. So until it has found one it sees the end of the file only, in which there
//! are not many entries, and in which no claim of many is left.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

/// Bytes at the end of a file that are searched for its table of contents: room for some 10,000 arrays.
const TAIL_BYTES: u64 = 1 << 20;

/// The least that an entry takes in it.
const ENTRY_BYTES: u64 = 46;

/// The start of a record that claims a 64-bit number of entries, and where in it its size and the number are.
const RECORD: &[u8; 4] = b"PK\x06\x06";
const SIZE_AT: usize = 4;
const CLAIM_AT: usize = 32;

/// What a record's size leaves out of it, and the least that it is.
const BEFORE_SIZED: usize = 12;
const LEAST_SIZE: usize = 44;

/// The start of what stands behind a record and points to it, its length, and the start of what stands behind that.
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const END: &[u8; 4] = b"PK\x05\x06";

/// A file of which only the end can be read, until all of it is opened.
pub(super) struct Tail {
    file: File,
    position: u64,
    shared: Arc<Shared>,
}

/// Lets all of a file be read, and knows what went wrong so far.
pub(super) struct Whole(Arc<Shared>);

struct Shared {
    readable_from: AtomicU64,
    /// The system's number of the first error of a read; 0 without one.
    error: AtomicI32,
}

impl Tail {
    /// The end of a file of `file_bytes` bytes, found to claim no more entries than it has room for.
    pub(super) fn new(mut file: File, file_bytes: u64) -> io::Result<(Self, Whole)> {
        let start = file_bytes.saturating_sub(TAIL_BYTES);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&file).take(TAIL_BYTES).read_to_end(&mut tail)?;
        for n_entries in (0..tail.len()).filter_map(|at| claimed(&tail[at..])) {
            if TAIL_BYTES / ENTRY_BYTES < n_entries {
                return Err(damage(format!("it claims to hold {n_entries} arrays")));
            }
        }
        file.rewind()?;
        let shared = Arc::new(Shared {
            readable_from: AtomicU64::new(start),
            error: AtomicI32::new(0),
        });
        let whole = Whole(Arc::clone(&shared));
        let tail = Self {
            file,
            position: 0,
            shared,
        };
        Ok((tail, whole))
    }
}

/// The entries that a record at the start of these bytes claims.
///
/// Compressed bytes look like the start of one by chance, some in every few thousand files. The archive's reader takes for
/// a record what ends by its own account where its locator begins, with the end of the archive behind that.
fn claimed(bytes: &[u8]) -> Option<u64> {
    if !bytes.starts_with(RECORD) {
        return None;
    }
    let number = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    };
    let size = usize::try_from(number(SIZE_AT)?).ok()?;
    let behind = bytes.get(size.checked_add(BEFORE_SIZED)?..)?;
    let is_record = LEAST_SIZE <= size
        && behind.starts_with(LOCATOR)
        && behind.get(LOCATOR_BYTES..)?.starts_with(END);
    is_record.then(|| number(CLAIM_AT)).flatten()
}

/// An error of what the file says, not of the system.
fn damage(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Whole {
    pub(super) fn open(self) {
        self.0.readable_from.store(0, Ordering::Relaxed);
    }

    /// The system's first error of a read, which the archive's reader may have taken for something else.
    pub(super) fn error(&self) -> Option<io::Error> {
        match self.0.error.load(Ordering::Relaxed) {
            0 => None,
            number => Some(io::Error::from_raw_os_error(number)),
        }
    }
}

impl Read for Tail {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position < self.shared.readable_from.load(Ordering::Relaxed) {
            return Err(damage(format!(
                "its last {TAIL_BYTES} bytes hold no table of contents"
            )));
        }
        match self.file.read(out) {
            Ok(n) => {
                self.position += n as u64;
                Ok(n)
            }
            // Read again by whoever asked.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let (number, order) = (error.raw_os_error().unwrap_or(0), Ordering::Relaxed);
                let _ = self.shared.error.compare_exchange(0, number, order, order);
                Err(error)
            }
        }
    }
}

impl Seek for Tail {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        // The system finds fault with a place that no file has; the file is what named it.
        self.position = self.file.seek(to).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => damage("it points out of the file".to_owned()),
            _ => error,
        })?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;
    use zip::CompressionMethod::Stored;

    use super::*;
    use crate::arrays::{Archive, NpzError, sample};

    /// An archive with one array of so many bytes.
    fn archive(n_bytes: usize) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.npz");
        let bytes = vec![1; n_bytes];
        let array = sample::array("|u1", &[n_bytes], &bytes);
        sample::write(&path, Stored, &[("bytes", array)]);
        (folder, path)
    }

    #[test]
    fn an_array_longer_than_the_end_is_read() {
        let n_bytes = 3 * TAIL_BYTES as usize;
        let (_folder, path) = archive(n_bytes);
        let mut archive = Archive::open(&path).unwrap();
        let bytes: Vec<u8> = archive.array("bytes").unwrap().values().unwrap();
        assert_eq!(bytes, vec![1; n_bytes]);
    }

    #[test]
    fn a_table_of_contents_far_from_the_end_is_not_looked_for() {
        let (_folder, path) = archive(10);
        let n_bytes = path.metadata().unwrap().len();
        let file = File::options().write(true).open(&path).unwrap();
        // Sparse: it takes no room on the disk, and no time to be searched.
        file.set_len(1 << 40).unwrap();
        let message = Archive::open(&path).unwrap_err().to_string();
        assert!(message.contains("no table of contents"), "{message}");
        file.set_len(n_bytes).unwrap();
        assert!(Archive::open(&path).is_ok());
    }

    #[test]
    fn elements_that_begin_as_a_record_does_claim_nothing() {
        // The start of a record at every place that compressed bytes may have it by chance, and what claims the most behind.
        let elements = [RECORD.as_slice(), &[0xff; 60]].concat().repeat(100);
        let with_size = [RECORD.as_slice(), &44_u64.to_le_bytes(), &[0xff; 60]].concat();
        for elements in [elements, with_size] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("bytes.npz");
            let array = sample::array("|u1", &[elements.len()], &elements);
            sample::write(&path, Stored, &[("bytes", array)]);
            let mut archive = Archive::open(&path).unwrap();
            let bytes: Vec<u8> = archive.array("bytes").unwrap().values().unwrap();
            assert_eq!(bytes, elements);
        }
    }

    #[test]
    fn an_error_of_the_system_says_nothing_against_the_file() {
        let (_folder, path) = archive(10);
        let n_bytes = path.metadata().unwrap().len();
        // A file that was opened for writing opens, but cannot be read.
        let unreadable = || File::options().write(true).open(&path).unwrap();
        let error = Archive::over(&path, unreadable(), n_bytes).unwrap_err();
        assert!(matches!(error, NpzError::Read { .. }), "{error}");
        let (_, whole) = Tail::new(File::open(&path).unwrap(), n_bytes).unwrap();
        let mut tail = Tail {
            file: unreadable(),
            position: 0,
            shared: Arc::clone(&whole.0),
        };
        assert!(whole.error().is_none());
        assert!(tail.read(&mut [0]).is_err());
        assert!(whole.error().unwrap().raw_os_error().is_some());
        let error = tail.seek(SeekFrom::Start(u64::MAX)).unwrap_err();
        assert_eq!(error.raw_os_error(), None, "{error}");
    }

    #[test]
    fn a_claim_of_billions_of_entries_is_refused() {
        let (_folder, path) = archive(10);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len() - 22;
        let directory = u64::from(u32::from_le_bytes(std::array::from_fn(|i| {
            bytes[end + 16 + i]
        })));
        // A record of 64-bit numbers, where it is, and the old one pointing to it.
        let mut record = RECORD.to_vec();
        record.extend(44_u64.to_le_bytes());
        record.extend([45, 0, 45, 0]);
        record.extend([0; 8]);
        record.extend(
            [1_u64 << 33, 1 << 33, 46 << 33, directory]
                .map(u64::to_le_bytes)
                .concat(),
        );
        record.extend(b"PK\x06\x07\0\0\0\0");
        record.extend((end as u64).to_le_bytes());
        record.extend(1_u32.to_le_bytes());
        bytes.splice(end..end, record);
        let end = bytes.len() - 22;
        bytes[end + 8..end + 12].fill(0xff);
        std::fs::write(&path, bytes).unwrap();
        let message = Archive::open(&path).unwrap_err().to_string();
        assert!(message.contains("8589934592 arrays"), "{message}");
    }
}
