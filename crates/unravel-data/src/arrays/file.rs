//! What a file is, by its first bytes: names may mislead.

use std::fs::File;
use std::io;
use std::path::Path;

use super::archive::Archive;
use super::fault::NpzError;
use super::header;
use super::kind::{self, FileKind};
use super::reader::ArrayReader;

/// The start of every zip archive.
pub(super) const ZIP_MAGIC: &[u8] = b"PK";

/// A file of arrays, opened.
#[derive(Debug)]
pub enum ArrayFile {
    /// A `.npy`: one array.
    Array(ArrayReader<'static>),
    /// An `.npz`: arrays by key.
    Archive(Archive),
}

impl ArrayFile {
    /// Opens a file that is either.
    ///
    /// # Errors
    /// When it cannot be opened, is neither, or its header or table of contents is not right.
    pub fn open(path: &Path) -> Result<Self, NpzError> {
        let (mut file, _) = open(path)?;
        let start = kind::start(&mut file).map_err(|source| NpzError::Open {
            path: path.to_owned(),
            source,
        })?;
        if start.starts_with(header::MAGIC) {
            ArrayReader::open(path).map(Self::Array)
        } else if start.starts_with(ZIP_MAGIC) {
            Archive::open(path).map(Self::Archive)
        } else {
            Err(NpzError::NoArrays {
                path: path.to_owned(),
                kind: FileKind::of_start(&start),
            })
        }
    }
}

/// Opens a regular file and says how long it is.
pub(crate) fn open(path: &Path) -> Result<(File, u64), NpzError> {
    let open = || {
        // Before opening: a pipe would wait for its writer.
        let about = std::fs::metadata(path)?;
        if about.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !about.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        let file = File::open(path)?;
        let n_bytes = file.metadata()?.len();
        Ok((file, n_bytes))
    };
    open().map_err(|source| NpzError::Open {
        path: path.to_owned(),
        source,
    })
}
