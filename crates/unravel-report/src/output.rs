//! Files of a report: each written under a temporary name in its folder and renamed, so a reader never sees half of one.

use crate::error::ReportError;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Beginning and end of temporary names.
const PREFIX: &str = ".unravel-";
const SUFFIX: &str = ".tmp";
/// A temporary file that is this many seconds older than the report is one that a killed process left.
const STALE_SECS: u64 = 3600;
/// Folders of a report.
const FOLDERS: [&str; 4] = ["", "figures", "data", "pictures"];

/// Writes `folder/name`, making the folder where it is missing; returns the path. The file is readable and writable as
/// the process's umask says.
///
/// # Errors
/// When the folder cannot be made or the file not be written.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    let failed = |source| ReportError::Write {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    as_umask_says(&mut builder);
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

/// Temporary files are for their owner alone unless asked for otherwise; the umask takes from what is asked for.
#[cfg(unix)]
fn as_umask_says(builder: &mut tempfile::Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn as_umask_says(_: &mut tempfile::Builder<'_, '_>) {}

/// Removes what a killed process left in the report's folders. `index` is a file of the report that was just written,
/// whose time is that of the disk's clock. What cannot be looked at or removed stays.
pub fn remove_stale(dir: &Path, index: &Path) {
    let Ok(now) = fs::metadata(index).and_then(|metadata| metadata.modified()) else {
        return;
    };
    let is_temporary = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with(PREFIX) && name.ends_with(SUFFIX)
    };
    let is_stale = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| {
            now.duration_since(at)
                .is_ok_and(|age| STALE_SECS < age.as_secs())
        })
    };
    for folder in FOLDERS {
        let entries = fs::read_dir(dir.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries.filter(is_temporary).filter(is_stale) {
            // A file that stays is removed by the next report.
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[cfg(unix)]
    #[test]
    fn files_have_the_mode_that_other_new_files_have() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other");
        fs::write(&other, "").unwrap();
        let path = write(&folder.path().join("data"), "a.csv", b"a").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path), mode(&other));
    }

    #[test]
    fn what_a_killed_report_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let index = write(dir, "index.html", b"new").unwrap();
        let old = SystemTime::now() - Duration::from_secs(2 * STALE_SECS);
        let left = |name: &str, is_old: bool| {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = fs::File::create(&path).unwrap();
            if is_old {
                file.set_modified(old).unwrap();
            }
            path
        };
        let stale = [
            left(".unravel-abc.tmp", true),
            left("data/.unravel-abc.tmp", true),
        ];
        let kept = [
            left("figures/.unravel-abc.tmp", false),
            left("data/.mine.tmp", true),
            left("notes/.unravel-abc.tmp", true),
            index.clone(),
        ];
        remove_stale(dir, &index);
        assert!(stale.iter().all(|path| !path.exists()));
        assert!(kept.iter().all(|path| path.exists()));
    }
}
