//! The end of a zip archive, where its table of contents is: all that is read until that is known.
//!
//! The archive's reader makes room for as many entries as an archive claims to have, and looks for a table of contents
//! from the end of the file to its beginning. So until it has found one it sees the end of the file only, in which there
//! are not many entries, and in which no claim of many is left.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes at the end of a file that are searched for its table of contents: room for some 10,000 arrays.
const TAIL_BYTES: u64 = 1 << 20;

/// The least that an entry takes in it.
const ENTRY_BYTES: u64 = 46;

/// The start of a record that claims a 64-bit number of entries, and where in it the number is.
const CLAIM: &[u8; 4] = b"PK\x06\x06";
const CLAIM_AT: usize = 32;

/// A file of which only the end can be read, until all of it is opened.
pub(super) struct Tail {
    file: File,
    position: u64,
    readable_from: Arc<AtomicU64>,
}

/// Lets all of a file be read.
pub(super) struct Whole(Arc<AtomicU64>);

impl Tail {
    /// The end of a file of `file_bytes` bytes, found to claim no more entries than it has room for.
    pub(super) fn new(mut file: File, file_bytes: u64) -> io::Result<(Self, Whole)> {
        let start = file_bytes.saturating_sub(TAIL_BYTES);
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        (&file).take(TAIL_BYTES).read_to_end(&mut tail)?;
        let claims = tail.windows(CLAIM_AT + 8);
        for claim in claims.filter(|record| record.starts_with(CLAIM)) {
            let n_entries = u64::from_le_bytes(std::array::from_fn(|i| claim[CLAIM_AT + i]));
            if TAIL_BYTES / ENTRY_BYTES < n_entries {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("it claims to hold {n_entries} arrays"),
                ));
            }
        }
        file.rewind()?;
        let readable_from = Arc::new(AtomicU64::new(start));
        let whole = Whole(Arc::clone(&readable_from));
        let tail = Self {
            file,
            position: 0,
            readable_from,
        };
        Ok((tail, whole))
    }
}

impl Whole {
    pub(super) fn open(self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Read for Tail {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.position < self.readable_from.load(Ordering::Relaxed) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("its last {TAIL_BYTES} bytes hold no table of contents"),
            ));
        }
        let n = self.file.read(out)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for Tail {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;
    use zip::CompressionMethod::Stored;

    use super::*;
    use crate::arrays::{Archive, sample};

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
    fn a_claim_of_billions_of_entries_is_refused() {
        let (_folder, path) = archive(10);
        let mut bytes = std::fs::read(&path).unwrap();
        let end = bytes.len() - 22;
        let directory = u64::from(u32::from_le_bytes(std::array::from_fn(|i| {
            bytes[end + 16 + i]
        })));
        // A record of 64-bit numbers, where it is, and the old one pointing to it.
        let mut record = CLAIM.to_vec();
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
