//! Opens regular files and tells NumPy's two forms apart by their first bytes: names may mislead.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::fault::NpzError;
use super::header;
use super::kind::ZIP_MAGIC;

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
                "it is not a regular file",
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
