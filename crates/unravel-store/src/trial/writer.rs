//! Writes one trial, under its lock.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;
use unravel_sweep::{Trial, TrialId};

use crate::disk::atomic;
use crate::disk::checksummed_json;
use crate::disk::folders;
use crate::disk::holding::Holding;
use crate::disk::lock::{self, Lock, Refusal};
use crate::error::{StoreError, none_if_damaged};
use crate::files::checkpoint::{Checkpoint, Model};
use crate::files::codes::Codes;
use crate::files::layout::TRASH_PREFIX;
use crate::files::layout::{
    CHECKPOINT, CODES, LOCK, LOG, MODEL, PICTURES, PREVIOUS_CHECKPOINT, PROBE, SCORES, STATE,
    TRAIN_LOG, TRIAL,
};
use crate::files::pictures::Pictures;
use crate::files::scores::ScoreFile;
use crate::files::state::TrialState;
use crate::files::train_log::TrainLog;
use crate::trial::folder::TrialFolder;
use crate::trial::prepare;

/// The lock of one trial. While it is held, no other process writes the trial. Dereferences to its [`TrialFolder`].
///
/// Every write is atomic: after a crash or on a full disk, either the old or the new file exists.
#[derive(Debug)]
pub struct TrialWriter {
    folder: TrialFolder,
    lock: Lock,
    /// Whether the current checkpoint is known to be valid, so that it can become the previous one.
    is_checkpoint_whole: AtomicBool,
    /// One sentence for each problem that was repaired when the lock was taken.
    pub(crate) notices: Vec<String>,
}

impl Deref for TrialWriter {
    type Target = TrialFolder;

    fn deref(&self) -> &TrialFolder {
        &self.folder
    }
}

impl TrialFolder {
    /// Creates the folder and its `trial.toml` if they do not exist, and takes the lock. If something else than a folder is
    /// in its place, it is moved aside; [`TrialWriter::restore_records`] reports it.
    ///
    /// # Errors
    /// [`StoreError::Held`] while another process writes the trial; [`StoreError::ReadOnly`]; [`StoreError::Unwritable`]
    /// for a trial with another id than this folder's.
    pub fn create(&self, trial: &Trial) -> Result<TrialWriter, StoreError> {
        TrialWriter::create(self, trial)
    }

    /// Takes the lock of an existing trial without waiting. The lock is released when this is dropped or the process
    /// ends in any way.
    ///
    /// # Errors
    /// [`StoreError::Held`], [`StoreError::NoTrial`], [`StoreError::ReadOnly`].
    pub fn lock(&self) -> Result<TrialWriter, StoreError> {
        TrialWriter::take(self)
    }
}

impl TrialWriter {
    pub(crate) fn create(folder: &TrialFolder, trial: &Trial) -> Result<Self, StoreError> {
        check_writable(folder)?;
        if trial.id() != *folder.id() {
            let what = format!("the trial's id is {}", trial.id());
            return Err(StoreError::unwritable(folder.path(), what));
        }
        let mut lock = Self::make_and_take(folder)?;
        folders::make(&folder.file(SCORES))?;
        if none_if_damaged(folder.trial(), &mut lock.notices)?.is_none() {
            let path = folder.file(TRIAL);
            let text = toml::to_string(trial)
                .map_err(|error| StoreError::unwritable(&path, error.to_string()))?;
            atomic::write(&path, text.as_bytes())?;
        }
        Ok(lock)
    }

    /// Between the creation of a folder and its lock, `gc` of another process may delete it. Then it is created again.
    fn make_and_take(folder: &TrialFolder) -> Result<Self, StoreError> {
        let mut n_tries = 0;
        let mut moved = Vec::new();
        loop {
            prepare::make_folder(folder, &mut moved)?;
            n_tries += 1;
            match Self::take(folder) {
                Err(StoreError::NoTrial { .. }) if n_tries < N_TRIES_TO_MAKE => {
                    thread::sleep(BETWEEN_TRIES_TO_MAKE);
                }
                taken => {
                    return taken.map(|mut lock| {
                        lock.notices.splice(0..0, moved);
                        lock
                    });
                }
            }
        }
    }

    pub(crate) fn take(folder: &TrialFolder) -> Result<Self, StoreError> {
        check_writable(folder)?;
        if !folders::is_folder(folder.path())? {
            return Err(StoreError::NoTrial {
                path: folder.path().to_path_buf(),
            });
        }
        let mut notices = Vec::new();
        let lock = lock::acquire(&folder.file(LOCK), &mut notices);
        let lock = lock.map_err(|refusal| match refusal {
            Refusal::Held(holder) => StoreError::Held {
                trial: folder.id().to_string(),
                holder,
            },
            Refusal::Gone => StoreError::NoTrial {
                path: folder.path().to_path_buf(),
            },
            Refusal::Store(error) => error,
        })?;
        prepare::tidy(folder, &mut notices)?;
        Ok(Self {
            folder: folder.clone(),
            lock,
            is_checkpoint_whole: AtomicBool::new(false),
            notices,
        })
    }

    /// Renews the lock for processes on other machines. Must be called several times a minute, however long a step
    /// takes.
    ///
    /// # Errors
    /// [`StoreError::Held`] if another machine took the lock because it was not renewed for a [`LEASE`](crate::LEASE): this
    /// process must not write the trial any more. [`StoreError::Io`].
    pub fn refresh(&self) -> Result<(), StoreError> {
        self.lock.refresh(&self.file(LOCK))?;
        self.check_held()
    }

    /// Checks that this process still has the lock. A process that was suspended for a [`LEASE`](crate::LEASE) may have
    /// lost it.
    fn check_held(&self) -> Result<(), StoreError> {
        if self.lock.is_at(&self.file(LOCK)) {
            return Ok(());
        }
        let holder = self.holder()?.unwrap_or_else(Holding::unknown);
        Err(StoreError::Held {
            trial: self.id().to_string(),
            holder,
        })
    }

    /// The path of a file, after checking the lock.
    pub(crate) fn file_to_write(&self, name: &str) -> Result<PathBuf, StoreError> {
        self.check_held()?;
        Ok(self.file(name))
    }

    /// Writes `state.json`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for a time that is not finite; what any write may meet.
    pub fn set_state(&self, state: &TrialState) -> Result<(), StoreError> {
        let path = self.file_to_write(STATE)?;
        if !state.elapsed_secs.is_finite() {
            return Err(StoreError::unwritable(
                &path,
                "its elapsed time is not a finite number",
            ));
        }
        checksummed_json::write_of(&path, self.id(), state)
    }

    /// Writes the checkpoint and its training curves (`train.csv`). Keeps the previous checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for arrays that do not fit their shapes; what any write may meet. The checkpoint
    /// before stays readable in every case.
    pub fn set_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let path = self.file_to_write(CHECKPOINT)?;
        let pending = self.file(PENDING_CHECKPOINT);
        self.drop_damaged_checkpoint()?;
        let written = checkpoint.write(&pending, self.id());
        written.map_err(|error| error.on_the_way_to(&path))?;
        if path.exists() {
            atomic::rename(&path, &self.file(PREVIOUS_CHECKPOINT))?;
        }
        atomic::rename(&pending, &path)?;
        self.is_checkpoint_whole.store(true, Ordering::Relaxed);
        self.set_train_log(&checkpoint.log)
    }

    /// A damaged checkpoint must not replace the valid previous one.
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

    /// Removes the previous checkpoint, which a trained trial does not need.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_previous_checkpoint(&self) -> Result<(), StoreError> {
        atomic::remove(&self.file_to_write(PREVIOUS_CHECKPOINT)?)
    }

    /// Removes the current checkpoint, so that training continues from the previous one or starts from step 0.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn discard_checkpoint(&self) -> Result<(), StoreError> {
        for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
            let path = self.file_to_write(name)?;
            if path.exists() {
                return atomic::remove(&path);
            }
        }
        Ok(())
    }

    /// Removes both checkpoints, to restart the training or to free disk space.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove_checkpoints(&self) -> Result<(), StoreError> {
        atomic::remove(&self.file_to_write(PREVIOUS_CHECKPOINT)?)?;
        atomic::remove(&self.file(CHECKPOINT))
    }

    /// Writes `model.safetensors`, with the checksum of the current `train.csv`. From then on the trial is trained,
    /// regardless of `state.json`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for arrays that do not fit their shapes; what any write may meet.
    pub fn set_model(&self, model: &Model) -> Result<(), StoreError> {
        let path = self.file_to_write(MODEL)?;
        model.write(&path, self.id(), self.curves_hash()?)
    }

    /// Writes `train.csv`, as [`set_checkpoint`](Self::set_checkpoint) also does. Must be called before
    /// [`set_model`](Self::set_model), which stores its checksum.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for rows that do not fit the columns; what any write may meet.
    pub fn set_train_log(&self, log: &TrainLog) -> Result<(), StoreError> {
        let path = self.file_to_write(TRAIN_LOG)?;
        atomic::write(&path, &log.to_csv(&path)?)
    }

    /// Replaces all scores of a metric.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for NaN, infinity, or values that do not fit their seeds; what any write may meet.
    pub fn set_scores(&self, scores: &ScoreFile) -> Result<(), StoreError> {
        let path = self.score_path(&scores.metric)?;
        if let Some(what) = scores.fault() {
            return Err(StoreError::unwritable(&path, what));
        }
        folders::make(&self.file_to_write(SCORES)?)?;
        checksummed_json::write_of(&path, self.id(), scores)
    }

    /// Adds scores to the existing ones: other variants, representations, steps and seeds are kept. A damaged file is
    /// replaced, with a returned sentence.
    ///
    /// # Errors
    /// As [`set_scores`](Self::set_scores).
    pub fn add_scores(&self, scores: ScoreFile) -> Result<Option<String>, StoreError> {
        let mut notices = Vec::new();
        let found = none_if_damaged(self.scores(&scores.metric), &mut notices)?;
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
        pictures.write(&self.file_to_write(PICTURES)?, self.id())
    }

    /// Writes `probe.npz`.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for codes that do not fit their points; what any write may meet.
    pub fn set_probe(&self, probe: &Codes) -> Result<(), StoreError> {
        probe.write(&self.file_to_write(PROBE)?, self.id())
    }

    /// Writes `codes.npz`.
    ///
    /// # Errors
    /// As [`set_probe`](Self::set_probe).
    pub fn set_codes(&self, codes: &Codes) -> Result<(), StoreError> {
        codes.write(&self.file_to_write(CODES)?, self.id())
    }

    /// Appends a line to `log.txt`, prefixed with the time (UTC).
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::Full`].
    pub fn append_log(&self, line: &str) -> Result<(), StoreError> {
        let path = self.file_to_write(LOG)?;
        let now = humantime::format_rfc3339_seconds(SystemTime::now());
        OpenOptions::new()
            .append(true)
            .create(true)
            .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
            .open(&path)
            .and_then(|mut file| file.write_all(format!("{now} {line}\n").as_bytes()))
            .map_err(|source| StoreError::io("write", &path, source))
    }

    /// Deletes the trial. After a crash it is either complete, or hidden until the next
    /// [`Store::empty_trash`](crate::Store::empty_trash).
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn remove(self) -> Result<(), StoreError> {
        self.check_held()?;
        let trash = loop {
            let trash = self.path().with_file_name(trash_name(self.id()));
            // In another container, a process may have had this one's number.
            if fs::symlink_metadata(&trash).is_err() {
                break trash;
            }
        };
        atomic::rename(self.path(), &trash)?;
        drop(self.lock);
        match fs::remove_dir_all(&trash) {
            // Another process may be emptying the trash.
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(StoreError::io("remove", &trash, source))
            }
            _ => Ok(()),
        }
    }
}

fn trash_name(id: &TrialId) -> String {
    static N_REMOVED: AtomicU64 = AtomicU64::new(0);
    let count = N_REMOVED.fetch_add(1, Ordering::Relaxed);
    format!("{TRASH_PREFIX}{id}-{}-{count}", std::process::id())
}

/// Maximum number of attempts to create a folder that another process deletes at the same time.
const N_TRIES_TO_MAKE: u32 = 1000;
const BETWEEN_TRIES_TO_MAKE: Duration = Duration::from_millis(1);

/// A complete checkpoint before its renaming; after a crash it is cleaned up as a temporary file.
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use unravel_score::{Requests, ScoreContext, ScoreRecord, ScoreRequest};
    use unravel_sweep::Objective;

    use super::*;
    use crate::files::state::Status;
    use crate::store::Store;
    use crate::trial::completeness::Check;
    use unravel_data::Array;

    fn trial() -> Trial {
        Trial::new(Objective::beta_vae(0.1), 3)
    }

    fn new_store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        (folder, store)
    }

    fn checkpoint(step: u64) -> Checkpoint {
        let mut log = TrainLog::new(["kl_nats"]);
        log.rows = (1..=step / 10)
            .map(|i| (i * 10, vec![0.1 * i as f64]))
            .collect();
        let arrays =
            BTreeMap::from([("weight".to_owned(), Array::new([2], vec![step as f32, 0.5]))]);
        Checkpoint {
            step,
            arrays,
            log_sums: BTreeMap::from([("kl_nats".to_owned(), 0.3)]),
            log,
        }
    }

    fn model() -> Model {
        Model {
            step: 30,
            arrays: checkpoint(30).arrays,
        }
    }

    fn flip_a_bit(path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    }

    fn wanted() -> Requests {
        let context = ScoreContext {
            variant: "exact".into(),
            representation: "mean".into(),
            grid: "2x2".to_owned(),
            step: 30,
        };
        Requests {
            scores: vec![ScoreRequest {
                metric: "mig".into(),
                context,
                seeds: Vec::new(),
                revision: 0,
            }],
            codes: false,
        }
    }

    fn scores() -> ScoreFile {
        let wanted = wanted().scores.remove(0);
        let mut file = ScoreFile::new("mig");
        file.scores
            .push(ScoreRecord::exact("mig", "mig", &wanted.context, 0.25));
        file
    }

    fn finish(lock: &TrialWriter) {
        lock.set_checkpoint(&checkpoint(30)).unwrap();
        let state = TrialState {
            status: Status::Trained,
            step: 30,
            ..TrialState::default()
        };
        lock.set_state(&state).unwrap();
        lock.set_model(&model()).unwrap();
        lock.set_pictures(&Pictures {
            image_shape: [1, 1, 1],
            ..Pictures::default()
        })
        .unwrap();
        lock.set_probe(&Codes::default()).unwrap();
        lock.set_scores(&scores()).unwrap();
    }

    #[test]
    fn a_training_begun_again_is_to_come_to_its_end() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        finish(&lock);
        lock.set_checkpoint(&checkpoint(10)).unwrap();
        assert!(lock.missing(&wanted(), Check::Quick).unwrap().model);
        lock.set_checkpoint(&checkpoint(30)).unwrap();
        assert!(lock.missing(&wanted(), Check::Quick).unwrap().is_nothing());
    }

    #[test]
    fn lost_records_are_missing_and_made_again() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        finish(&lock);
        let curves = fs::read(lock.file(TRAIN_LOG)).unwrap();
        for name in [TRIAL, STATE, TRAIN_LOG] {
            fs::remove_file(lock.file(name)).unwrap();
            let missing = lock.missing(&wanted(), Check::Quick).unwrap();
            assert!(missing.records && !missing.is_nothing(), "{name}");
        }
        drop(lock);
        let lock = store.create(&trial()).unwrap();
        assert_eq!(lock.restore_records().unwrap(), Vec::<String>::new());
        assert!(lock.missing(&wanted(), Check::Quick).unwrap().is_nothing());
        assert_eq!(fs::read(lock.file(TRAIN_LOG)).unwrap(), curves);
        let state = lock.state().unwrap().value;
        assert_eq!((state.status, state.step), (Status::Trained, 30));

        flip_a_bit(&lock.file(STATE));
        let missing = lock.missing(&wanted(), Check::Quick).unwrap();
        assert!(missing.records && missing.notices[0].contains(STATE));
        let notices = lock.restore_records().unwrap();
        assert!(notices[0].contains(STATE), "{notices:?}");
        let state = lock.state().unwrap();
        assert_eq!(
            (state.value.status, state.notices),
            (Status::Trained, vec![])
        );
    }

    #[test]
    fn a_trial_is_made_once_and_read_back() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        assert_eq!(lock.trial().unwrap(), Some(trial()));
        assert!(store.create(&trial()).unwrap_err().is_held());
        assert!(lock.holder().unwrap().is_some());
        drop(lock);
        let toml = store.trial(&trial().id()).path().join(TRIAL);
        let text = fs::read_to_string(&toml).unwrap();
        drop(store.create(&trial()).unwrap());
        assert_eq!(fs::read_to_string(&toml).unwrap(), text);
        fs::write(&toml, text.replace("seed = 3", "seed = 4")).unwrap();
        assert!(store.trial(&trial().id()).trial().unwrap_err().is_damaged());
        drop(store.create(&trial()).unwrap());
        assert_eq!(fs::read_to_string(&toml).unwrap(), text);
    }

    #[test]
    fn a_damaged_checkpoint_goes_back_to_the_one_before() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        assert_eq!(lock.checkpoint().unwrap().value, None);
        lock.set_checkpoint(&checkpoint(10)).unwrap();
        lock.set_checkpoint(&checkpoint(20)).unwrap();
        assert_eq!(lock.checkpoint().unwrap().value, Some(checkpoint(20)));
        assert_eq!(lock.train_log().unwrap(), Some(checkpoint(20).log));
        fs::write(lock.file(TRAIN_LOG), "half a li").unwrap();
        assert_eq!(lock.train_log().unwrap(), Some(checkpoint(20).log));
        flip_a_bit(&lock.file(CHECKPOINT));
        let found = lock.checkpoint().unwrap();
        assert_eq!(found.value, Some(checkpoint(10)));
        assert!(found.notices[0].contains(CHECKPOINT), "{:?}", found.notices);
        flip_a_bit(&lock.file(PREVIOUS_CHECKPOINT));
        let found = lock.checkpoint().unwrap();
        assert_eq!((found.value, found.notices.len()), (None, 2));
    }

    #[test]
    fn a_damaged_checkpoint_does_not_push_out_the_good_one() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        lock.set_checkpoint(&checkpoint(10)).unwrap();
        lock.set_checkpoint(&checkpoint(20)).unwrap();
        flip_a_bit(&lock.file(CHECKPOINT));
        drop(lock);
        let lock = store.create(&trial()).unwrap();
        lock.set_checkpoint(&checkpoint(15)).unwrap();
        flip_a_bit(&lock.file(CHECKPOINT));
        assert_eq!(lock.checkpoint().unwrap().value, Some(checkpoint(10)));
        lock.remove_checkpoints().unwrap();
        assert_eq!(lock.checkpoint().unwrap().value, None);
    }

    #[test]
    fn a_crash_between_two_renames_loses_nothing() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        lock.set_checkpoint(&checkpoint(10)).unwrap();
        fs::rename(lock.file(CHECKPOINT), lock.file(PREVIOUS_CHECKPOINT)).unwrap();
        checkpoint(20)
            .write(&lock.file(PENDING_CHECKPOINT), lock.id())
            .unwrap();
        drop(lock);
        let lock = store.create(&trial()).unwrap();
        assert!(!lock.file(PENDING_CHECKPOINT).exists());
        let found = lock.checkpoint().unwrap();
        assert_eq!(
            (found.value, found.notices),
            (Some(checkpoint(10)), Vec::new())
        );
    }

    #[test]
    fn a_state_that_is_lost_or_damaged_is_made_again_from_the_files() {
        let (_folder, store) = new_store();
        let folder = store.trial(&trial().id());
        assert_eq!(folder.state().unwrap().value, TrialState::default());
        let lock = store.create(&trial()).unwrap();
        let state = TrialState {
            status: Status::Failed,
            attempts: 2,
            elapsed_secs: 0.1,
            ..TrialState::default()
        };
        lock.set_state(&state).unwrap();
        assert_eq!(folder.state().unwrap().value, state);
        lock.set_checkpoint(&checkpoint(20)).unwrap();
        fs::write(lock.file(STATE), "{").unwrap();
        let found = folder.state().unwrap();
        assert_eq!(
            (found.value.status, found.value.step, found.value.steps),
            (Status::Training, 20, 300_000)
        );
        assert!(found.notices[0].contains(STATE), "{:?}", found.notices);
        lock.set_model(&model()).unwrap();
        fs::remove_file(lock.file(STATE)).unwrap();
        let found = folder.state().unwrap();
        assert_eq!(
            (found.value.status, found.value.step),
            (Status::Trained, 30)
        );
        assert_eq!(found.notices, Vec::<String>::new());
        let never = TrialState {
            elapsed_secs: f64::NAN,
            ..state
        };
        assert!(lock.set_state(&never).is_err());
    }

    #[test]
    fn files_and_not_the_state_say_what_is_missing() {
        let (_folder, store) = new_store();
        let folder = store.trial(&trial().id());
        for check in [Check::Quick, Check::Thorough] {
            let missing = folder.missing(&wanted(), check).unwrap();
            assert!(
                missing.model && missing.pictures && missing.probe && missing.scores.len() == 1
            );
        }
        let lock = store.create(&trial()).unwrap();
        lock.set_state(&TrialState {
            status: Status::Trained,
            ..TrialState::default()
        })
        .unwrap();
        assert!(lock.missing(&wanted(), Check::Quick).unwrap().model);
        finish(&lock);
        for check in [Check::Quick, Check::Thorough] {
            assert!(folder.missing(&wanted(), check).unwrap().is_nothing());
            assert!(
                folder
                    .missing(
                        &Requests {
                            codes: true,
                            ..wanted()
                        },
                        check
                    )
                    .unwrap()
                    .codes
            );
        }
    }

    #[test]
    fn damaged_files_are_missing_with_a_sentence_each() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        finish(&lock);
        flip_a_bit(&lock.file(MODEL));
        assert!(lock.missing(&wanted(), Check::Quick).unwrap().is_nothing());
        let missing = lock.missing(&wanted(), Check::Thorough).unwrap();
        assert!(
            missing.model && missing.notices[0].contains(MODEL),
            "{missing:?}"
        );
        for name in [MODEL, PICTURES, PROBE, "scores/mig.json"] {
            let path = lock.file(name);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        }
        let missing = lock.missing(&wanted(), Check::Quick).unwrap();
        assert!(missing.model && missing.pictures && missing.probe && missing.scores.len() == 1);
        assert_eq!(missing.notices.len(), 4);
        let notice = lock.add_scores(scores()).unwrap();
        assert!(notice.unwrap().contains("mig.json"));
        assert_eq!(lock.scores("mig").unwrap(), Some(scores()));
        assert_eq!(lock.all_scores().unwrap().value, [scores()]);
    }

    #[test]
    fn names_cannot_lead_out_of_the_folder() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        for name in ["../../etc/passwd", "a/b", "", "MIG", "."] {
            assert!(lock.scores(name).is_err());
            assert!(lock.set_scores(&ScoreFile::new(name)).is_err());
        }
    }

    #[test]
    fn links_in_a_store_are_not_written_through() {
        let (folder, store) = new_store();
        let outside = folder.path().join("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, store.path().join(trial().id().as_str())).unwrap();
        assert!(matches!(
            store.trial(&trial().id()).lock(),
            Err(StoreError::NotAFolder { .. })
        ));
        assert_eq!(store.trial_ids().unwrap(), []);
        let lock = store.create(&trial()).unwrap();
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        fs::remove_dir(lock.file(SCORES)).unwrap();
        symlink(&outside, lock.file(SCORES)).unwrap();
        assert!(lock.set_scores(&scores()).is_err());
        symlink(outside.join("log"), lock.file(LOG)).unwrap();
        assert!(lock.append_log("line").is_err());
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }

    #[test]
    fn what_is_in_the_place_of_a_trial_is_named_and_moved_aside() {
        let (folder, store) = new_store();
        let id = trial().id();
        let place = store.trial(&id).path().to_owned();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let makers: [&dyn Fn(); 4] = [
            &|| fs::write(&place, "mine").unwrap(),
            &|| symlink(&elsewhere, &place).unwrap(),
            &|| symlink("/nowhere", &place).unwrap(),
            &|| {
                rustix::fs::mknodat(
                    rustix::fs::CWD,
                    &place,
                    rustix::fs::FileType::Fifo,
                    rustix::fs::Mode::RWXU,
                    0,
                )
                .unwrap();
            },
        ];
        assert_eq!(store.trial(&id).obstacle(), None);
        for (n, make) in makers.iter().enumerate() {
            make();
            let found = store.trial(&id);
            let said = found.obstacle().unwrap();
            assert!(said.contains(id.as_str()), "{said}");
            assert!(found.missing(&wanted(), Check::Thorough).unwrap().model);
            assert_eq!(found.state().unwrap().value, TrialState::default());
            let lock = store.create(&trial()).unwrap();
            let aside = format!("{id}.aside-{n}");
            assert!(lock.restore_records().unwrap()[0].contains(&aside));
            assert!(fs::symlink_metadata(store.path().join(&aside)).is_ok());
            assert_eq!(found.obstacle(), None);
            finish(&lock);
            assert_eq!(store.trial_ids().unwrap(), std::slice::from_ref(&id));
            lock.remove().unwrap();
        }
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
        let kept = store.path().join(format!("{id}.aside-0"));
        assert_eq!(fs::read(kept).unwrap(), b"mine");
    }

    #[test]
    fn what_a_killed_writer_left_is_cleaned_by_the_next() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        let stale = [
            lock.file(".model.safetensors.1-0.tmp"),
            lock.file("scores/.mig.json.1-0.tmp"),
        ];
        stale
            .iter()
            .for_each(|path| fs::write(path, "half").unwrap());
        drop(lock);
        let _lock = store.trial(&trial().id()).lock().unwrap();
        assert!(stale.iter().all(|path| !path.exists()));
    }

    #[test]
    fn who_lost_the_lock_to_another_machine_writes_no_more() {
        let (_folder, store) = new_store();
        let lost = store.create(&trial()).unwrap();
        // What another machine does once the lease is over.
        fs::remove_file(lost.file(LOCK)).unwrap();
        let taken = store.create(&trial()).unwrap();
        assert!(lost.refresh().unwrap_err().is_held());
        let refused: [Result<(), StoreError>; 6] = [
            lost.set_state(&TrialState::default()),
            lost.set_checkpoint(&checkpoint(10)),
            lost.set_model(&model()),
            lost.set_scores(&scores()),
            lost.append_log("line"),
            lost.remove(),
        ];
        for result in refused {
            assert!(result.unwrap_err().is_held());
        }
        assert!(taken.checkpoint().unwrap().value.is_none());
        taken.set_model(&model()).unwrap();
    }

    #[test]
    fn the_log_keeps_its_lines_and_gives_its_last() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        assert_eq!(lock.log_tail(3).unwrap(), Vec::<String>::new());
        (0..20_000).for_each(|i| lock.append_log(&format!("line {i}")).unwrap());
        let tail = lock.log_tail(2).unwrap();
        let [first, last] = tail.as_slice() else {
            panic!("{tail:?}")
        };
        assert!(first.ends_with("Z line 19998") && last.ends_with("Z line 19999"));
    }

    #[test]
    fn a_removed_trial_is_gone_and_can_be_made_again() {
        let (_folder, store) = new_store();
        let lock = store.create(&trial()).unwrap();
        finish(&lock);
        assert!(lock.disk_usage().unwrap().n_bytes() > 500);
        lock.remove().unwrap();
        assert!(!store.trial(&trial().id()).is_present());
        assert_eq!(fs::read_dir(store.path()).unwrap().count(), 1); // store.json
        let missing = store.trial(&trial().id()).lock();
        assert!(matches!(missing, Err(StoreError::NoTrial { .. })));
        drop(store.create(&trial()).unwrap());
    }

    #[test]
    fn the_folder_of_another_trial_is_refused() {
        let (_folder, store) = new_store();
        let other = Trial::new(Objective::beta_vae(0.1), 4);
        assert!(store.trial(&trial().id()).create(&other).is_err());
        assert_eq!(store.trial_ids().unwrap(), []);
    }
}
