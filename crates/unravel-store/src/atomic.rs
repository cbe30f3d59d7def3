//! Writing a file whole or not at all, and reading one without trusting it.
//!
//! A file is written under a temporary name in its own folder, synced, renamed over the old one, and the folder is
//! synced: after a crash at any moment there is the old file or the new one, never a part. Reading refuses links and
//! everything that is not a plain file, and knows the length before it allocates.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use rustix::fs::OFlags;

use crate::error::StoreError;

const TEMPORARY_SUFFIX: &str = ".tmp";

/// Counts the temporary files of this process, so that two threads never share a name.
static N_TEMPORARIES: AtomicU64 = AtomicU64::new(0);

/// Writes `path` atomically with what `fill` writes.
///
/// A link at `path` is replaced, not followed. On an error the old file is untouched and nothing is left behind.
///
/// # Errors
/// [`StoreError::Full`] on a full disk, [`StoreError::Io`] otherwise.
pub(crate) fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), StoreError> {
    let temporary = Temporary::new(path);
    let failed = |source| StoreError::io("write", path, source);
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary.0)
        .map_err(failed)?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    fill(&mut writer).map_err(failed)?;
    let file = writer
        .into_inner()
        .map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    drop(file);
    fs::rename(&temporary.0, path).map_err(failed)?;
    sync_folder_of(path).map_err(failed)
}

/// Writes `path` atomically with these bytes; see [`write_with`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, |writer| writer.write_all(bytes))
}

/// Renames `from` to `to` in the same folder, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to)
        .and_then(|()| sync_folder_of(to))
        .map_err(|source| StoreError::io("rename", from, source))
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Syncs the folder that holds `path`, so that a rename or a new name in it survives a power cut.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Opens a plain file for reading, with its length; `None` when there is none. Links, pipes and devices are refused.
///
/// # Errors
/// [`StoreError::Damaged`] for something that is not a plain file or longer than `max_bytes`, else [`StoreError::Io`].
pub(crate) fn open(path: &Path, max_bytes: u64) -> Result<Option<(File, u64)>, StoreError> {
    // Non-blocking, since opening a pipe would wait for its writer.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = match OpenOptions::new()
        .read(true)
        .custom_flags(flags.cast_signed())
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(StoreError::damaged(
                path,
                "it is a link, and links in a store are not followed",
            ));
        }
        Err(source) => return Err(StoreError::io("read", path, source)),
    };
    let metadata = file
        .metadata()
        .map_err(|source| StoreError::io("read", path, source))?;
    if !metadata.is_file() {
        return Err(StoreError::damaged(path, "it is not a plain file"));
    }
    if max_bytes < metadata.len() {
        let what = format!(
            "it has {} bytes and at most {max_bytes} are expected",
            metadata.len()
        );
        return Err(StoreError::damaged(path, what));
    }
    Ok(Some((file, metadata.len())))
}

/// Reads a plain file of at most `max_bytes`; `None` when there is none. See [`open`].
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, StoreError> {
    let Some((file, length)) = open(path, max_bytes)? else {
        return Ok(None);
    };
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    // A file that grows while it is read stays within the limit as well.
    file.take(max_bytes)
        .read_to_end(&mut bytes)
        .map_err(|source| StoreError::io("read", path, source))?;
    Ok(Some(bytes))
}

/// Reads a plain UTF-8 file of at most `max_bytes`; `None` when there is none. See [`open`].
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> Result<Option<String>, StoreError> {
    match read(path, max_bytes)? {
        Some(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(StoreError::damaged(path, "it is not UTF-8 text")),
        },
        None => Ok(None),
    }
}

/// Removes what a killed writer left in `folder`. Only for the one who holds the folder's lock.
pub(crate) fn remove_temporaries(folder: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::io("clean", folder, source);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_str().is_some_and(is_temporary) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The time by the clock that stamps files in the folder of `path`, which on a shared disk is not this machine's.
pub(crate) fn now_on_disk(path: &Path) -> io::Result<SystemTime> {
    let temporary = Temporary::new(path);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&temporary.0)?
        .metadata()?
        .modified()
}

/// Whether this is the name of a temporary file of [`write_with`].
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY_SUFFIX)
}

/// A temporary name beside its target; the file is removed when it was not renamed.
struct Temporary(PathBuf);

impl Temporary {
    fn new(target: &Path) -> Self {
        let count = N_TEMPORARIES.fetch_add(1, Ordering::Relaxed);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let pid = std::process::id();
        Self(target.with_file_name(format!(".{name}.{pid}-{count}{TEMPORARY_SUFFIX}")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After the rename there is nothing by this name; an error here would hide the one that matters.
        let _ = fs::remove_file(&self.0);
    }
}
