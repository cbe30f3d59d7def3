//! The errors of a store: one sentence each, with the place and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use unravel_score::MetricName;

use crate::disk::holding::Holding;

/// Why an operation of the store failed.
///
/// No variant ends a sweep: after [`Damaged`](Self::Damaged) the file is recreated, after [`Held`](Self::Held) the run
/// waits for the other process, and the user can correct the cause of the others.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// An operation of the file system failed.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb that takes the path ("read", "create").
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The disk, or the user's quota on it, is full.
    #[error("no space left to write `{}`; free space on this disk, then run the same command again; no data was lost", path.display())]
    Full {
        /// The file that did not fit.
        path: PathBuf,
    },
    /// The path of the store or of a trial is not a folder.
    #[error("the store `{}` is not a folder; choose another path with --store, or remove the file at this path", path.display())]
    NotAFolder {
        /// The path that should be a folder (links to folders inside a store are not followed).
        path: PathBuf,
    },
    /// The folder of the store cannot be created or written.
    #[error("cannot write to the store `{}`: {source}; choose another folder with --store, or change the permissions", path.display())]
    NotWritable {
        /// The folder of the store.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The store was opened for reading.
    #[error("the store `{}` was opened for reading only", path.display())]
    ReadOnly {
        /// The folder of the store.
        path: PathBuf,
    },
    /// A file was written by a newer version of this program.
    #[error("`{}` has format version {found}, but this version of unravel supports at most {known}; update unravel, or choose \
             another store with --store", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version written in it.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// A file differs from what was written: it is truncated, changed, or of another trial.
    #[error("`{}` is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The check that failed.
        what: String,
    },
    /// Another process is writing this trial.
    #[error("trial {trial} is being written by {holder}")]
    Held {
        /// The trial's id.
        trial: String,
        /// Who has the lock.
        holder: Holding,
    },
    /// The file system has no file locks, which ensure that a trial has only one writer.
    #[error("the file system of `{}` has no file locks ({source}); mount it with locks, or choose another store with --store", path.display())]
    LocksUnsupported {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The trial's folder does not exist.
    #[error("the store has no trial `{}`", path.display())]
    NoTrial {
        /// Where its folder would be.
        path: PathBuf,
    },
    /// The caller passed values that cannot be stored (a NaN score, or a shape that does not match its values).
    #[error("`{}` was not written: {what}", path.display())]
    Unwritable {
        /// The file that was to be written.
        path: PathBuf,
        /// What is wrong with the values.
        what: String,
    },
}

impl StoreError {
    /// An [`Io`](Self::Io) error, or [`Full`](Self::Full) when that is the system's reason.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }

    /// The same error of a write with the path of the target instead of the temporary file.
    pub(crate) fn on_the_way_to(self, target: &Path) -> Self {
        let path = target.to_path_buf();
        match self {
            Self::Io { action, source, .. } => Self::Io {
                action,
                path,
                source,
            },
            Self::Full { .. } => Self::Full { path },
            other => other,
        }
    }

    /// A [`Damaged`](Self::Damaged) error.
    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }

    /// A [`Damaged`](Self::Damaged) error for a file that was moved here from another trial's folder.
    pub(crate) fn of_another_trial(path: &Path, trial: &str) -> Self {
        Self::damaged(path, format!("it is of trial {trial}"))
    }

    pub(crate) fn of_another_metric(path: &Path, metric: &MetricName) -> Self {
        Self::damaged(path, format!("it holds scores of `{metric}`"))
    }

    /// An [`Unwritable`](Self::Unwritable) error.
    pub(crate) fn unwritable(path: &Path, what: impl Into<String>) -> Self {
        Self::Unwritable {
            path: path.to_path_buf(),
            what: what.into(),
        }
    }

    /// Whether the contents of the file are damaged, so that recreating it helps.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether another process has the trial's lock.
    pub fn is_held(&self) -> bool {
        matches!(self, Self::Held { .. })
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }
}

/// A value, with one sentence for each problem that was found while reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered<T> {
    /// The value as read, or as reconstructed from the other files.
    pub value: T,
    /// One sentence per damaged file, for the user; empty if there was none.
    pub notices: Vec<String>,
}

impl<T> Recovered<T> {
    /// A value that needed no recovery.
    pub fn whole(value: T) -> Self {
        Self {
            value,
            notices: Vec::new(),
        }
    }
}

/// Treats a damaged file as a missing one and adds the error's sentence to `notices`. Returns other errors.
///
/// # Errors
/// Every error but [`StoreError::Damaged`].
pub fn none_if_damaged<T>(
    read: Result<Option<T>, StoreError>,
    notices: &mut Vec<String>,
) -> Result<Option<T>, StoreError> {
    match read {
        Err(error) if error.is_damaged() => {
            notices.push(error.to_string());
            Ok(None)
        }
        other => other,
    }
}
