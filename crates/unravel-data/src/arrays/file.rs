//! A file of arrays, in either of NumPy's forms.

use std::fs::File;
use std::io::Seek;
use std::path::Path;

use super::archive::Archive;
use super::fault::NpzError;
use super::kind::{self, FileKind};
use super::open::{Form, first_bytes, open};
use super::reader::ArrayReader;

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
