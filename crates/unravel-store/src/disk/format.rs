//! Format versions: of the store as a whole, and of the files in it.
//!
//! The store's version is raised when an older program would misread the layout; a file's when it would misread that
//! file. Whatever is newer than this program is refused with a sentence, never guessed at.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk::atomic;
use crate::error::StoreError;

/// The layout of the store: 1 = one folder per trial, named by its id.
pub const STORE_FORMAT: u32 = 1;

/// The form of the sealed JSON files, the tensor files and the orders.
pub const FILE_FORMAT: u32 = 1;

/// The name of the file that makes a folder a store.
pub(crate) const STORE_FILE: &str = "store.json";

const MAX_BYTES: u64 = 1 << 16;

/// `store.json`. Unknown fields are let pass, so that a newer version is told from a damaged file.
#[derive(Serialize, Deserialize)]
struct StoreFile {
    format: u32,
}

/// Writes `store.json` where there is none.
pub(crate) fn write_if_absent(store: &Path) -> Result<(), StoreError> {
    let path = store.join(STORE_FILE);
    if check(store)? {
        return Ok(());
    }
    atomic::write(
        &path,
        format!("{{\"format\": {STORE_FORMAT}}}\n").as_bytes(),
    )
}

/// Whether `store.json` is there and of a version that this program reads.
///
/// # Errors
/// [`StoreError::NewerFormat`]; [`StoreError::Damaged`] when it is not what was written.
pub(crate) fn check(store: &Path) -> Result<bool, StoreError> {
    let path = store.join(STORE_FILE);
    let Some(text) = atomic::read_text(&path, MAX_BYTES)? else {
        return Ok(false);
    };
    let StoreFile { format } = serde_json::from_str(&text).map_err(|error| {
        StoreError::damaged(&path, format!("{error}; remove it, and it is made again"))
    })?;
    refuse_newer(&path, format, STORE_FORMAT)?;
    Ok(true)
}

/// Checks that this program reads a file of the format version `found`.
///
/// # Errors
/// [`StoreError::NewerFormat`] if the version is above `known`.
pub(crate) fn refuse_newer(path: &Path, found: u32, known: u32) -> Result<(), StoreError> {
    if found <= known {
        return Ok(());
    }
    let path = path.to_path_buf();
    Err(StoreError::NewerFormat { path, found, known })
}
