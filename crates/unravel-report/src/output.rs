//! Files of a report: each written under a temporary name in its folder and renamed, so a reader never sees half of one.

use crate::error::ReportError;
use std::io::Write;
use std::path::{Path, PathBuf};

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
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    open_to_readers(file.as_file()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Temporary files are for their owner alone; a report is for everybody who may see its folder.
#[cfg(unix)]
fn open_to_readers(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
