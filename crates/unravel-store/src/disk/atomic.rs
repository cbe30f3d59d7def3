//! Writing a file whole or not at all, and reading one without trusting it.
//!
//! A file is written under a temporary name in its own folder, synced, renamed over the old one, and the folder is
//! synced: after a crash at any moment there is the old file or the new one, never a part. Reading refuses links and
//! everything that is not a plain file, and knows the length before it allocates.
//!
//! A temporary file is locked while it is written; so one that is not was left by a process that was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use unravel_data::ArrayFault;
use unravel_data::free_memory;

use crate::disk::faults;
use crate::disk::folders;
use crate::error::StoreError;

pub(crate) const TEMPORARY_SUFFIX: &str = ".tmp";

/// No writer takes as long.
pub(crate) const STALE: Duration = Duration::from_secs(3600);

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
    let failed = |source| StoreError::io("write", path, source);
    let (temporary, file) = Temporary::create(path).map_err(failed)?;
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    faults::point()
        .and_then(|()| fill(&mut writer))
        .map_err(failed)?;
    let file = faults::point()
        .and_then(|()| writer.into_inner().map_err(|error| error.into_error()))
        .map_err(failed)?;
    faults::point()
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    // The file stays open, and so locked, until it has its name.
    rename_durably(&temporary.0, path).map_err(failed)
}

/// The same for a file that can be made again at any time: nothing is synced.
pub(crate) fn write_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (temporary, mut file) = Temporary::create(path)?;
    file.write_all(bytes)?;
    fs::rename(temporary.path(), path)
}

/// Writes `path` atomically with these bytes; see [`write_with`].
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_with(path, |writer| writer.write_all(bytes))
}

/// Renames `from` to `to` in the same folder, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    rename_durably(from, to).map_err(|source| StoreError::io("rename", from, source))
}

fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    faults::point()?;
    fs::rename(from, to)?;
    folders::sync_folder_of(to)
}

/// Removes a file; one that is not there is removed already.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match faults::point().and_then(|()| fs::remove_file(path)) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, source))
        }
        _ => Ok(()),
    }
}

/// Whether this open file is the one at `path`.
pub(crate) fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(mine), Ok(theirs)) => (mine.dev(), mine.ino()) == (theirs.dev(), theirs.ino()),
        _ => false,
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
        // Below what is no folder there is no file.
        Err(error) if folders::is_no_folder(&error) => return Ok(None),
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
    check_memory(path, length)?;
    let mut bytes = Vec::new();
    bytes
        .try_reserve_exact(usize::try_from(length).unwrap_or(0))
        .map_err(|_| StoreError::io("read", path, io::ErrorKind::OutOfMemory.into()))?;
    // A file that grows while it is read stays within the limit as well.
    file.take(max_bytes)
        .read_to_end(&mut bytes)
        .map_err(|source| StoreError::io("read", path, source))?;
    Ok(Some(bytes))
}

/// Finds the memory for so many bytes of a file to be there: that there is none says nothing against the file.
pub(crate) fn check_memory(path: &Path, n_bytes: u64) -> Result<(), StoreError> {
    free_memory::check(n_bytes).map_err(|fault| out_of_memory(path, &fault))
}

/// The error of having too little memory for a file.
pub(crate) fn out_of_memory(path: &Path, fault: &ArrayFault) -> StoreError {
    let source = io::Error::new(io::ErrorKind::OutOfMemory, fault.to_string());
    StoreError::io("read", path, source)
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
    for entry in folders::entries_unsorted(folder)? {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if entry.file_name().to_str().is_some_and(is_temporary) && !is_folder {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The time by the clock that stamps files in the folder of `path`, which on a shared disk is not this machine's.
pub(crate) fn now_on_disk(path: &Path) -> io::Result<SystemTime> {
    let (_temporary, file) = Temporary::create(path)?;
    file.metadata()?.modified()
}

/// Removes what killed writers left in a folder that no lock guards, where it is older than [`STALE`].
pub(crate) fn remove_stale_temporaries(folder: &Path, now: SystemTime) -> Result<(), StoreError> {
    for entry in folders::entries_unsorted(folder)? {
        let is_stale = || {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| STALE < age))
        };
        if entry.file_name().to_str().is_some_and(is_temporary) && is_stale() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether this is the name of a temporary file of [`write_with`].
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(TEMPORARY_SUFFIX)
}

/// A temporary name beside its target; the file is removed when it was not renamed.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// A name that nothing has yet, beside `target`.
    pub(crate) fn name_only(target: &Path) -> Self {
        Self(Self::next_name(target))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates one. A name that is taken is passed over: a process that was killed may have had this one's number, and
    /// in another container one may have it now.
    pub(crate) fn create(target: &Path) -> io::Result<(Self, File)> {
        const N_TRIES: usize = 1000;
        // Readable too, for who has to look back at what was written.
        let create = |path: &Path| {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create_new(true).open(path)
        };
        let mut tries = 0;
        loop {
            let path = Self::next_name(target);
            tries += 1;
            faults::point()?;
            match create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < N_TRIES => {}
                Ok(file) => {
                    let temporary = Self(path);
                    if temporary.is_claimed(&file) || N_TRIES <= tries {
                        return Ok((temporary, file));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Locks the new file, so that nobody takes it for an abandoned one; false where somebody just did.
    fn is_claimed(&self, file: &File) -> bool {
        !matches!(file.try_lock(), Err(TryLockError::WouldBlock)) && is_same_file(file, &self.0)
    }

    fn next_name(target: &Path) -> PathBuf {
        let count = N_TEMPORARIES.fetch_add(1, Ordering::Relaxed);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let pid = std::process::id();
        target.with_file_name(format!(".{name}.{pid}-{count}{TEMPORARY_SUFFIX}"))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !faults::cleans_up() {
            return;
        }
        // After the rename there is nothing by this name; an error here would hide the one that matters.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        assert_eq!(read(&path, 10).unwrap(), None);
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(read(&path, 10).unwrap().as_deref(), Some(&b"new"[..]));
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_write_that_fails_half_way_keeps_the_old_file_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"old").unwrap();
        let result = write_with(&path, |writer| {
            writer.write_all(&[b'x'; 1 << 20])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        let error = result.unwrap_err();
        assert!(error.is_full(), "{error}");
        assert_eq!(read(&path, 10).unwrap().as_deref(), Some(&b"old"[..]));
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn a_place_that_cannot_be_written_is_an_error_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write(&file, b"").unwrap();
        let error = write(&file.join("below"), b"x").unwrap_err().to_string();
        assert!(error.contains("file/below"), "{error}");
    }

    #[test]
    fn links_are_replaced_by_a_write_and_refused_by_a_read() {
        let folder = tempfile::tempdir().unwrap();
        let (outside, link) = (folder.path().join("outside"), folder.path().join("link"));
        fs::write(&outside, "untouched").unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        assert!(read(&link, 100).unwrap_err().is_damaged());
        write(&link, b"mine").unwrap();
        assert_eq!(fs::read_to_string(&outside).unwrap(), "untouched");
        assert_eq!(fs::read_to_string(&link).unwrap(), "mine");
    }

    #[test]
    fn what_is_no_plain_file_or_too_long_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), 1 << 20).unwrap_err().is_damaged());
        assert!(
            read(Path::new("/dev/zero"), 1 << 20)
                .unwrap_err()
                .is_damaged()
        );
        let path = folder.path().join("sparse");
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(read(&path, 1 << 20).unwrap_err().is_damaged());
    }

    #[test]
    fn only_temporary_files_are_cleaned() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            ".model.safetensors.7-0.tmp",
            "model.safetensors",
            ".keep",
            "a.tmp",
        ] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_temporaries(folder.path()).unwrap();
        assert_eq!(
            names(folder.path()),
            [".keep", "a.tmp", "model.safetensors"]
        );
        let name = Temporary::next_name(Path::new("x/y"));
        assert!(is_temporary(name.file_name().unwrap().to_str().unwrap()));
    }

    #[test]
    fn names_that_killed_writers_left_are_passed_over_and_cleaned_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        // Other tests count on, so that not all of these names come up.
        let left: Vec<PathBuf> = (0..50).map(|_| Temporary::next_name(&path)).collect();
        N_TEMPORARIES.fetch_sub(50, Ordering::Relaxed);
        left.iter()
            .for_each(|name| fs::write(name, "half").unwrap());
        write(&path, b"whole").unwrap();
        assert_eq!(read(&path, 10).unwrap().as_deref(), Some(&b"whole"[..]));
        assert!(left.iter().all(|name| name.exists()), "another's file");

        let now = now_on_disk(&path).unwrap();
        remove_stale_temporaries(folder.path(), now).unwrap();
        assert!(left.iter().all(|name| name.exists()), "too early");
        remove_stale_temporaries(folder.path(), now + 2 * STALE).unwrap();
        assert_eq!(names(folder.path()), ["a"]);
    }
}
