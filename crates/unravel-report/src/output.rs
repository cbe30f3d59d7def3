//! Files of a report: each written under a temporary name in its folder and renamed, so a reader never sees half of one.

use crate::error::ReportError;
use std::path::{Path, PathBuf};
use unravel_store::export::write_file;

/// Writes `folder/name`, making the folder where it is missing; returns the path.
///
/// # Errors
/// When the folder cannot be made or the file not be written.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    let failed = |source| ReportError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    write_file(&path, bytes).map_err(failed)?;
    Ok(path)
}
