//! What a file is, by its first bytes: names may mislead.

use std::fs::File;
use std::io::{self, Read, Seek};
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
        let (file, n_bytes) = open(path)?;
        Self::over(path, file, n_bytes)
    }

    /// An open file of `n_bytes` bytes; `path` is for messages.
    pub(super) fn over(path: &Path, mut file: File, n_bytes: u64) -> Result<Self, NpzError> {
        let start = first_bytes(&mut file).and_then(|start| {
            let form = Form::of(&start);
            let kind = match form {
                Some(_) => None,
                None => FileKind::of_start(&kind::extended(start, &mut file)?),
            };
            file.rewind()?;
            Ok((form, kind))
        });
        let (form, kind) = start.map_err(|source| NpzError::Open {
            path: path.to_owned(),
            source,
        })?;
        match form {
            Some(Form::Array) => ArrayReader::over(path, file, n_bytes).map(Self::Array),
            Some(Form::Archive) => Archive::over(path, file, n_bytes).map(Self::Archive),
            None => Err(NpzError::NoArrays {
                path: path.to_owned(),
                kind,
            }),
        }
    }
}

/// The two forms of NumPy's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Array,
    Archive,
}

impl Form {
    /// By its [first bytes](first_bytes).
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        if start == header::MAGIC {
            Some(Self::Array)
        } else if start.starts_with(ZIP_MAGIC) {
            Some(Self::Archive)
        } else {
            None
        }
    }
}

/// The bytes at the start that say what a file is; fewer where it ends before.
pub(super) fn first_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    from.take(header::MAGIC.len() as u64)
        .read_to_end(&mut start)?;
    Ok(start)
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
