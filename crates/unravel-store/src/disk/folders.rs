//! Folders: what is in them, and making them, without following links.

use std::fs::{self, DirEntry, File};
use std::io;
use std::path::Path;

use crate::disk::faults;
use crate::error::StoreError;

/// What is in a folder, unsorted; nothing when it is not there, or when something else is in its place.
pub(crate) fn entries_unsorted(folder: &Path) -> Result<Vec<DirEntry>, StoreError> {
    match fs::read_dir(folder).and_then(Iterator::collect) {
        Err(error) if is_no_folder(&error) => Ok(Vec::new()),
        other => other.map_err(|source| StoreError::io("read", folder, source)),
    }
}

/// Whether there is no folder, or something else in its place.
pub(crate) fn is_no_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether there is a folder; a link to one is refused, since it could lead out of the store.
pub(crate) fn is_folder(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(StoreError::NotAFolder {
            path: path.to_path_buf(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

/// Makes a folder where there is none, durably.
pub(crate) fn make(path: &Path) -> Result<(), StoreError> {
    if is_folder(path)? {
        return Ok(());
    }
    let failed = |source| StoreError::io("create", path, source);
    match faults::point().and_then(|()| fs::create_dir(path)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => sync_folder_of(path).map_err(failed),
    }
}

/// Syncs the folder that holds `path`, so that a rename or a new name in it survives a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    faults::point()?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
