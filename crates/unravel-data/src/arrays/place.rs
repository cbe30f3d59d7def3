//! Where an array is, for errors.

use std::fmt;
use std::path::{Path, PathBuf};

/// Which array of which file, for errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrayPlace {
    pub(super) path: PathBuf,
    /// None in a `.npy`, which is one array.
    key: Option<String>,
}

impl ArrayPlace {
    /// The array `key` of an npz, or the one array of a `.npy`.
    pub(super) fn new(path: &Path, key: Option<&str>) -> Self {
        Self {
            path: path.to_owned(),
            key: key.map(str::to_owned),
        }
    }
}

impl fmt::Display for ArrayPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match &self.key {
            Some(key) => write!(f, ", array \"{key}\""),
            None => Ok(()),
        }
    }
}
