//! The right to write one trial, and every way of writing it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::fs::OFlags;
use unravel_sweep::Trial;

use crate::atomic;
use crate::checkpoint::{Checkpoint, Model};
use crate::codes::Codes;
use crate::error::{StoreError, absent_if_damaged};
use crate::lock::{self, Lock, LockHolder, Refusal};
use crate::pictures::Pictures;
use crate::scores::ScoreFile;
use crate::sealed;
use crate::state::TrialState;
use crate::store::TRASH_PREFIX;
use crate::train_log::TrainLog;
use crate::trial_folder::{
    CHECKPOINT, CODES, LOCK, LOG, MODEL, PICTURES, PREVIOUS_CHECKPOINT, PROBE, SCORES, STATE,
    TRAIN_LOG, TRIAL, TrialFolder,
};

/// The lock of one trial. While it is held, no other process writes the trial; it reads as its [`TrialFolder`].
///
/// Every write is atomic: after a crash or on a full disk, the old file is there or the new one.
#[derive(Debug)]
pub struct TrialLock {
    folder: TrialFolder,
    lock: Lock,
    /// Whether this holder knows the current checkpoint to be whole, so that it may become the previous one.
    is_checkpoint_whole: AtomicBool,
}

impl Deref for TrialLock {
    type Target = TrialFolder;

    fn deref(&self) -> &TrialFolder {
        &self.folder
    }
}

impl TrialLock {
    pub(crate) fn create(folder: &TrialFolder, trial: &Trial) -> Result<Self, StoreError> {
        check_writable(folder)?;
        if trial.id() != *folder.id() {
            let what = format!("the trial's id is {}", trial.id());
            return Err(StoreError::unwritable(folder.path(), what));
        }
        make_folder(folder.path())?;
        let lock = Self::take(folder)?;
        make_folder(&folder.file(SCORES))?;
        let mut notices = Vec::new();
        if absent_if_damaged(folder.trial(), &mut notices)?.is_none() {
            let path = folder.file(TRIAL);
            let text = toml::to_string(trial)
                .map_err(|error| StoreError::unwritable(&path, error.to_string()))?;
            atomic::write(&path, text.as_bytes())?;
        }
        Ok(lock)
    }

    pub(crate) fn take(folder: &TrialFolder) -> Result<Self, StoreError> {
        check_writable(folder)?;
        if !is_folder(folder.path())? {
            return Err(StoreError::NoTrial {
                path: folder.path().to_path_buf(),
            });
        }
        let lock = lock::acquire(&folder.file(LOCK)).map_err(|refusal| match refusal {
            Refusal::Held(holder) => StoreError::Held {
                trial: folder.id().to_string(),
                holder,
            },
            Refusal::Store(error) => error,
        })?;
        atomic::remove_temporaries(folder.path())?;
        if is_folder(&folder.file(SCORES))? {
            atomic::remove_temporaries(&folder.file(SCORES))?;
        }
        Ok(Self {
            folder: folder.clone(),
            lock,
            is_checkpoint_whole: AtomicBool::new(false),
        })
    }

    /// A sign of life for processes on other machines; to be called several times a minute, however long a step takes.
    ///
    /// # Errors
    /// [`StoreError::Held`] when another machine took the lock over, since there was no sign of life for a
    /// [`LEASE`](crate::LEASE): this process must leave the trial alone from now on. [`StoreError::Io`].
    pub fn refresh(&self) -> Result<(), StoreError> {
        if self.lock.refresh(&self.file(LOCK))? {
            return Ok(());
        }
        let holder = self.holder()?.unwrap_or_else(LockHolder::unknown);
        Err(StoreError::Held {
            trial: self.id().to_string(),
            holder,
        })
    }

    /// Writes `state.json`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for a time that is not finite; what any write may meet.
    pub fn set_state(&self, state: &TrialState) -> Result<(), StoreError> {
        let path = self.file(STATE);
        if !state.elapsed_secs.is_finite() {
            return Err(StoreError::unwritable(
                &path,
                "its elapsed time is not a finite number",
            ));
        }
        sealed::write(&path, state)
    }

    /// Writes the checkpoint, keeping the one before it, and the copy of its training curves in `train.csv`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for arrays that do not fit their shapes; what any write may meet. The checkpoint
    /// before stays readable in every case.
    pub fn set_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let path = self.file(CHECKPOINT);
        let pending = self.file(PENDING_CHECKPOINT);
        self.drop_damaged_checkpoint()?;
        checkpoint.write(&pending, self.id())?;
        if path.exists() {
            atomic::rename(&path, &self.file(PREVIOUS_CHECKPOINT))?;
        }
        atomic::rename(&pending, &path)?;
        self.is_checkpoint_whole.store(true, Ordering::Relaxed);
        self.set_train_log(&checkpoint.log)
    }

    /// A damaged checkpoint must not push out the good one before it.
    fn drop_damaged_checkpoint(&self) -> Result<(), StoreError> {
        if self.is_checkpoint_whole.load(Ordering::Relaxed) {
            return Ok(());
        }
        let path = self.file(CHECKPOINT);
        match Checkpoint::read(&path, self.id()) {
            Err(error) if error.is_damaged() => atomic::remove(&path),
            other => other.map(|_| ()),
        }
    }

    /// Removes the checkpoint before the last, which a trained trial does not need.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_previous_checkpoint(&self) -> Result<(), StoreError> {
        atomic::remove(&self.file(PREVIOUS_CHECKPOINT))
    }

    /// Removes both checkpoints, so that the trial begins anew, or to free their space.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_checkpoints(&self) -> Result<(), StoreError> {
        atomic::remove(&self.file(PREVIOUS_CHECKPOINT))?;
        atomic::remove(&self.file(CHECKPOINT))
    }

    /// Writes `model.safetensors`. From then on the trial is trained, whatever its state says.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for arrays that do not fit their shapes; what any write may meet.
    pub fn set_model(&self, model: &Model) -> Result<(), StoreError> {
        model.write(&self.file(MODEL), self.id())
    }

    /// Writes `train.csv`; [`set_checkpoint`](Self::set_checkpoint) does so too.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for rows that do not fit the columns; what any write may meet.
    pub fn set_train_log(&self, log: &TrainLog) -> Result<(), StoreError> {
        let path = self.file(TRAIN_LOG);
        atomic::write(&path, &log.to_csv(&path)?)
    }

    /// Writes a metric's scores in place of all that there were.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for NaN, infinity, or values that do not fit their seeds; what any write may meet.
    pub fn set_scores(&self, scores: &ScoreFile) -> Result<(), StoreError> {
        let path = self.score_path(&scores.metric)?;
        if let Some(what) = scores.fault() {
            return Err(StoreError::unwritable(&path, what));
        }
        make_folder(&self.file(SCORES))?;
        sealed::write(&path, scores)
    }

    /// Adds scores to those that there are: other variants, representations, steps and seeds stay. A damaged file is
    /// replaced, and the returned sentence says so.
    ///
    /// # Errors
    /// As [`set_scores`](Self::set_scores).
    pub fn add_scores(&self, scores: ScoreFile) -> Result<Option<String>, StoreError> {
        let mut notices = Vec::new();
        let found = absent_if_damaged(self.scores(&scores.metric), &mut notices)?;
        let mut merged = found.unwrap_or_else(|| ScoreFile::new(scores.metric.clone()));
        merged.merge(scores);
        self.set_scores(&merged)?;
        Ok(notices.pop())
    }

    /// Writes `pictures.npz`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for pictures of differing shapes; what any write may meet.
    pub fn set_pictures(&self, pictures: &Pictures) -> Result<(), StoreError> {
        pictures.write(&self.file(PICTURES))
    }

    /// Writes `probe.npz`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for codes that do not fit their points; what any write may meet.
    pub fn set_probe(&self, probe: &Codes) -> Result<(), StoreError> {
        probe.write(&self.file(PROBE))
    }

    /// Writes `codes.npz`.
    ///
    /// # Errors
    /// As [`set_probe`](Self::set_probe).
    pub fn set_codes(&self, codes: &Codes) -> Result<(), StoreError> {
        codes.write(&self.file(CODES))
    }

    /// Adds a line to `log.txt`.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Full`].
    pub fn append_log(&self, line: &str) -> Result<(), StoreError> {
        let path = self.file(LOG);
        OpenOptions::new()
            .append(true)
            .create(true)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()))
            .map_err(|source| StoreError::io("write", &path, source))
    }

    /// Removes the trial with everything in it. A crash leaves it whole, or out of sight until the next
    /// [`Store::empty_trash`](crate::Store::empty_trash).
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove(self) -> Result<(), StoreError> {
        static N_REMOVED: AtomicU64 = AtomicU64::new(0);
        let count = N_REMOVED.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TRASH_PREFIX}{}-{}-{count}", self.id(), std::process::id());
        let trash = self.path().with_file_name(name);
        atomic::rename(self.path(), &trash)?;
        drop(self.lock);
        fs::remove_dir_all(&trash).map_err(|source| StoreError::io("remove", &trash, source))
    }
}

/// A whole checkpoint between its writing and its renaming; one that a crash left is cleaned as a temporary file.
const PENDING_CHECKPOINT: &str = ".checkpoint.safetensors.pending.tmp";

fn check_writable(folder: &TrialFolder) -> Result<(), StoreError> {
    match folder.is_writable() {
        true => Ok(()),
        false => {
            let path = folder
                .path()
                .parent()
                .unwrap_or(folder.path())
                .to_path_buf();
            Err(StoreError::ReadOnly { path })
        }
    }
}

/// Whether there is a folder; a link to one is refused, since it could lead out of the store.
fn is_folder(path: &Path) -> Result<bool, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(StoreError::NotAFolder {
            path: path.to_path_buf(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

fn make_folder(path: &Path) -> Result<(), StoreError> {
    if is_folder(path)? {
        return Ok(());
    }
    let failed = |source| StoreError::io("create", path, source);
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => atomic::sync_folder_of(path).map_err(failed),
    }
}
