//! An npz and its arrays, sizes checked before anything is allocated.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use zip::read::ZipFile;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::fault::{ArrayFault, NpzError};
use super::kind::FileKind;
use super::open;
use super::place::ArrayPlace;
use super::reader::{ArrayReader, MAX_BYTES};
use super::tail::Tail;

/// A byte of deflate unpacks to 1032 at most; who claims more is lying.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Keys that a message lists, and the characters of each that it shows.
const MAX_LISTED: usize = 20;
const MAX_SHOWN: usize = 64;

/// An open npz.
pub struct Archive {
    path: PathBuf,
    zip: ZipArchive<BufReader<Tail>>,
    file_bytes: u64,
}

impl Archive {
    /// Opens the archive and reads its table of contents.
    ///
    /// # Errors
    /// When it cannot be opened, or is no complete zip archive.
    pub fn open(path: &Path) -> Result<Self, NpzError> {
        let (file, file_bytes) = open::open(path)?;
        Self::over(path, file, file_bytes)
    }

    /// Reads the table of contents of an open file of `file_bytes` bytes; `path` is for messages.
    ///
    /// # Errors
    /// When it cannot be read, or is no complete zip archive.
    pub fn over(path: &Path, file: File, file_bytes: u64) -> Result<Self, NpzError> {
        let (tail, whole) =
            Tail::new(file, file_bytes).map_err(|error| not_an_archive(path, error))?;
        match ZipArchive::new(BufReader::new(tail)) {
            Ok(zip) => {
                whole.open();
                if let Some(kind) = FileKind::of_zip(zip.file_names()) {
                    let path = path.to_owned();
                    return Err(NpzError::NotAnNpz { path, kind });
                }
                Ok(Self {
                    path: path.to_owned(),
                    zip,
                    file_bytes,
                })
            }
            Err(fault) => Err(match (whole.error(), fault) {
                (Some(error), _) | (None, ZipError::Io(error)) => not_an_archive(path, error),
                (None, fault) => no_npz(path, fault.to_string()),
            }),
        }
    }

    /// Whether there is an array `key`.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.zip.index_for_name(&entry_name(key)).is_some()
    }

    /// The array `key`, its header read and its length found to be what the header promises.
    ///
    /// # Errors
    /// When there is none, or sizes or header are not right.
    pub fn array(&mut self, key: &str) -> Result<ArrayReader<'_>, NpzError> {
        if !self.has(key) {
            return Err(NpzError::Missing {
                path: self.path.clone(),
                key: key.to_owned(),
                found: self.listed(),
            });
        }
        let place = ArrayPlace::new(&self.path, Some(key));
        let entry = match self.zip.by_name(&entry_name(key)) {
            Ok(entry) => entry,
            Err(ZipError::Io(source)) => return Err(place.fault(ArrayFault::Damaged { source })),
            Err(fault) => {
                let (path, reason) = (self.path.clone(), fault.to_string());
                return Err(NpzError::NotAnArchive { path, reason });
            }
        };
        match held_bytes(&entry, self.file_bytes) {
            Ok(held) => ArrayReader::new(place, entry, held),
            Err(fault) => Err(place.fault(fault)),
        }
    }

    /// The keys, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<&str> {
        let names = self.zip.file_names();
        let mut keys: Vec<&str> = names.filter_map(|name| name.strip_suffix(".npy")).collect();
        keys.sort_unstable();
        keys
    }

    /// The keys for a message, which one file's many or long ones do not make endless.
    fn listed(&self) -> String {
        let keys = self.keys();
        let shown = |key: &&str| key.chars().take(MAX_SHOWN).collect::<String>();
        let mut listed: Vec<String> = keys.iter().take(MAX_LISTED).map(shown).collect();
        if MAX_LISTED < keys.len() {
            listed.push(format!("and {} more", keys.len() - MAX_LISTED));
        }
        listed.join(", ")
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path)
            .field("keys", &self.keys())
            .finish()
    }
}

/// What was met on the way to the table of contents: an error of the system, or of what the file says.
fn not_an_archive(path: &Path, error: io::Error) -> NpzError {
    match error.raw_os_error() {
        Some(_) => NpzError::Read {
            path: path.to_owned(),
            source: error,
        },
        None => no_npz(path, error.to_string()),
    }
}

/// A file that is something else, or not all of a zip archive for this reason.
fn no_npz(path: &Path, reason: String) -> NpzError {
    let kind = FileKind::of_no_zip(path);
    let path = path.to_owned();
    match kind {
        Some(kind) => NpzError::NotAnNpz { path, kind },
        None => NpzError::NotAnArchive { path, reason },
    }
}

fn entry_name(key: &str) -> String {
    format!("{key}.npy")
}

/// Bytes of an entry, unpacked, once what the archive claims of it is possible.
fn held_bytes(entry: &ZipFile<'_, BufReader<Tail>>, file_bytes: u64) -> Result<u64, ArrayFault> {
    let (held, packed) = (entry.size(), entry.compressed_size());
    let limit = match entry.compression() {
        CompressionMethod::Stored => packed,
        CompressionMethod::Deflated => packed.saturating_mul(MAX_DEFLATE_RATIO),
        other => {
            return Err(ArrayFault::Compression {
                method: format!("{other:?}"),
            });
        }
    };
    if file_bytes < packed {
        let source = io::Error::new(io::ErrorKind::UnexpectedEof, "longer than the file");
        return Err(ArrayFault::Damaged { source });
    }
    let limit = limit.min(MAX_BYTES);
    if limit < held {
        return Err(ArrayFault::TooLarge { bytes: held, limit });
    }
    Ok(held)
}
