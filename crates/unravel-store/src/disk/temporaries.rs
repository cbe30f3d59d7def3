//! What killed writers left in folders that no lock guards: those that people name for exports and reports.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

use crate::disk::atomic::{STALE, TEMPORARY_SUFFIX};

/// Removes what killed writers left in a folder that no lock guards and that is not ours alone: files that are named as
/// only [`Temporary`](crate::disk::atomic::Temporary) names them and that nobody has locked. What cannot be removed stays.
pub(crate) fn remove(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_numbered) {
            // Locked until it is gone: a writer that has just made the file finds the lock taken, and makes another.
            if let Some(_locked) = abandoned(&entry.path()) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// `.<name>.<process>-<number>.tmp`
fn is_numbered(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let inner = name.strip_prefix('.');
    let inner = inner.and_then(|name| name.strip_suffix(TEMPORARY_SUFFIX));
    let numbers = inner.and_then(|name| name.rsplit_once('.')?.1.split_once('-'));
    numbers.is_some_and(|(process, number)| is_number(process) && is_number(number))
}

/// A temporary file that nobody writes any more, locked. Where the disk has no locks, its age has to tell.
fn abandoned(path: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    let file = options.open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let is_abandoned = match file.try_lock() {
        Ok(()) => metadata.is_file(),
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(_)) => {
            let age = metadata.modified().map(|at| at.elapsed());
            metadata.is_file() && age.is_ok_and(|age| age.is_ok_and(|age| STALE < age))
        }
    };
    is_abandoned.then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::atomic::{self, Temporary};

    #[test]
    fn abandoned_files_are_removed_and_those_of_living_writers_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let left = folder.path().join(".weights.safetensors.7-0.tmp");
        let strange = [".mine.tmp", ".weights.safetensors.7-x.tmp", "a.7-0.tmp"];
        for name in strange {
            fs::write(folder.path().join(name), "of somebody").unwrap();
        }
        fs::write(&left, "half").unwrap();
        let (living, _file) = Temporary::create(&path).unwrap();
        remove(folder.path());
        assert!(!left.exists());
        assert!(living.path().exists(), "its writer lives");
        assert!(strange.iter().all(|name| folder.path().join(name).exists()));
        drop(living);
        atomic::write_unsynced(&path, b"whole").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        let n_left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(n_left, strange.len() + 1);
    }

    /// Two that write into one folder and tidy it up, over and over: neither takes what the other has just begun.
    #[test]
    fn writers_that_tidy_up_leave_each_others_files_alone() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            for _ in 0..500 {
                remove(folder.path());
                atomic::write_unsynced(&folder.path().join(name), b"whole").unwrap();
            }
        };
        std::thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                scope.spawn(move || write(name));
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }
}
