//! What can go wrong with a store, each as one sentence with its place and what to do.

use std::io;
use std::path::{Path, PathBuf};

use unravel_score::MetricName;

use crate::disk::holding::Holding;

/// Why the store could not do what it was asked.
///
/// Nothing here is fatal to a sweep: [`Damaged`](Self::Damaged) means "make this file again", [`Held`](Self::Held)
/// means "somebody else is at it", the rest says what a person has to put right.
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
    #[error("no space left to write `{}`: free some on that disk, then run again; nothing was lost", path.display())]
    Full {
        /// The file that did not fit.
        path: PathBuf,
    },
    /// The path of the store or of a trial is something else than a folder.
    #[error("`{}` is not a folder: name another with --store, or move it away", path.display())]
    NotAFolder {
        /// The path that should be a folder (links to folders inside a store are not followed).
        path: PathBuf,
    },
    /// The folder of the store cannot be made or written.
    #[error("the store `{}` cannot be written ({source}): name another with --store, or change its permissions", path.display())]
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
    #[error("`{}` has format version {found} and this program knows up to {known}: use a newer unravel, or another --store", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version written in it.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// A file is not what was once written: cut short, changed, or of another trial.
    #[error("`{}` is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not hold.
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
    /// The file system has no file locks, so one writer per trial cannot be had.
    #[error("the file system of `{}` has no file locks ({source}): mount it with locks, or name another --store", path.display())]
    LocksUnsupported {
        /// The lock file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The trial's folder is not there.
    #[error("the store has no trial `{}`", path.display())]
    NoTrial {
        /// Where its folder would be.
        path: PathBuf,
    },
    /// The caller handed over values that no file may hold (a NaN score, a shape that does not fit its values).
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

    /// The same failure of a write, told of the file that the user knows, and not of one on its way there.
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

    /// Whether the file's contents are at fault, so that making it again helps.
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

/// A value, and a sentence for everything that was not as it should be on the way to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recovered<T> {
    /// What was found, or made from what was left.
    pub value: T,
    /// One sentence per damaged file; empty when all was well. To be shown to the user.
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

/// Takes a damaged file as an absent one and keeps its sentence for the user; other errors stay errors.
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
