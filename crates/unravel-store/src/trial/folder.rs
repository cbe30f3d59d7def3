//! Reads the folder of one trial.
//!
//! Every reader returns `None` for a missing file and [`StoreError::Damaged`] for a file that differs from what was
//! written; [`none_if_damaged`] turns the error into `None`. Writing requires the trial's lock: see [`TrialWriter`].

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use unravel_score::MetricName;
use unravel_sweep::{Trial, TrialId};

use crate::disk::atomic;
use crate::disk::checksummed_json::{self, Sealed};
use crate::disk::folders;
use crate::disk::holding::Holding;
use crate::disk::lock;
use crate::disk::npz;
use crate::error::{Recovered, StoreError, none_if_damaged};
use crate::files::checkpoint::{Checkpoint, Model};
use crate::files::codes::Codes;
use crate::files::layout::{
    CHECKPOINT, CODES, LOCK, LOG, MAX_NAME_BYTES, MODEL, PICTURES, PREVIOUS_CHECKPOINT, PROBE,
    SCORE_SUFFIX, SCORES, STATE, TRIAL, is_metric_name,
};
use crate::files::pictures::Pictures;
use crate::files::scores::{MATRICES, ScoreFile};
use crate::files::state::{Status, TrialState};

/// Maximum size of `trial.toml`; usual are about two thousand bytes.
pub(crate) const MAX_TRIAL_BYTES: u64 = 1 << 20;
const LOG_TAIL_BYTES: u64 = 64 << 10;

/// The folder of one trial, which may not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialFolder {
    path: PathBuf,
    id: TrialId,
    is_writable: bool,
}

impl TrialFolder {
    pub(crate) fn new(store: &Path, id: &TrialId, is_writable: bool) -> Self {
        Self {
            path: store.join(id.as_str()),
            id: id.clone(),
            is_writable,
        }
    }

    /// The trial's id, which is the folder's name.
    pub fn id(&self) -> &TrialId {
        &self.id
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder exists.
    pub fn is_present(&self) -> bool {
        self.path.is_dir()
    }

    /// A sentence about what is in the folder's place if it is not a folder: a file, a pipe, a link. A link to a folder is
    /// read, but not written through. [`create`](Self::create) moves it aside.
    pub fn obstacle(&self) -> Option<String> {
        let metadata = fs::symlink_metadata(&self.path).ok()?;
        let what = match metadata.file_type() {
            kind if kind.is_dir() => return None,
            kind if kind.is_symlink() => "it is a link, and a trial is not written through links",
            _ => "it is not a folder",
        };
        let path = self.path.display();
        Some(format!(
            "`{path}` is damaged: {what}; `unravel run` moves it aside and trains the trial"
        ))
    }

    /// The process that holds the lock of this trial, if there is one. In a store that is open for writing, a lock of
    /// another machine with a time in the future gets the current time, so that it expires as usual.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::LocksUnsupported`].
    pub fn holder(&self) -> Result<Option<Holding>, StoreError> {
        lock::holding(&self.file(LOCK), self.is_writable)
    }

    /// `trial.toml`: what was trained.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if it is not a trial, or has another id.
    pub fn trial(&self) -> Result<Option<Trial>, StoreError> {
        let path = self.file(TRIAL);
        let Some(text) = atomic::read_text(&path, MAX_TRIAL_BYTES)? else {
            return Ok(None);
        };
        let trial: Trial = toml::from_str(&text)
            .map_err(|error| StoreError::damaged(&path, error.message().to_owned()))?;
        if trial.id() != self.id {
            return Err(StoreError::damaged(
                &path,
                format!("it describes trial {}", trial.id()),
            ));
        }
        Ok(Some(trial))
    }

    /// `state.json`, or the state reconstructed from the other files if it is missing or damaged.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn state(&self) -> Result<Recovered<TrialState>, StoreError> {
        let mut notices = Vec::new();
        let value = match none_if_damaged(
            checksummed_json::read_of(&self.file(STATE), &self.id),
            &mut notices,
        )? {
            Some(state) => state,
            None => self.state_of_files(&mut notices)?,
        };
        Ok(Recovered { value, notices })
    }

    fn state_of_files(&self, notices: &mut Vec<String>) -> Result<TrialState, StoreError> {
        let steps = none_if_damaged(self.trial(), notices)?.map_or(0, |trial| trial.training.steps);
        let state = TrialState {
            steps,
            ..TrialState::default()
        };
        if let Some(model) = none_if_damaged(self.model(), notices)? {
            return Ok(TrialState {
                status: Status::Trained,
                step: model.step,
                ..state
            });
        }
        let checkpoint = self.checkpoint()?;
        notices.extend(checkpoint.notices);
        Ok(match checkpoint.value {
            Some(checkpoint) => TrialState {
                status: Status::Training,
                step: checkpoint.step,
                ..state
            },
            None => state,
        })
    }

    /// The last valid checkpoint: the current one, or the previous one if the current one is damaged or missing.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn checkpoint(&self) -> Result<Recovered<Option<Checkpoint>>, StoreError> {
        let mut notices = Vec::new();
        for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
            let read = Checkpoint::read(&self.file(name), &self.id);
            if let Some(checkpoint) = none_if_damaged(read, &mut notices)? {
                return Ok(Recovered {
                    value: Some(checkpoint),
                    notices,
                });
            }
        }
        Ok(Recovered {
            value: None,
            notices,
        })
    }

    /// The step of the last checkpoint, from headers and lengths only; none if there is no readable checkpoint.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn checkpoint_step(&self) -> Result<Option<u64>, StoreError> {
        for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
            let step = Checkpoint::read_step(&self.file(name), &self.id);
            if let Some(step) = none_if_damaged(step, &mut Vec::new())? {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// `model.safetensors`: the final weights.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn model(&self) -> Result<Option<Model>, StoreError> {
        Model::read(&self.file(MODEL), &self.id)
    }

    /// The scores of one metric.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn scores(&self, metric: impl Into<MetricName>) -> Result<Option<ScoreFile>, StoreError> {
        self.read_scores(&metric.into(), |_| ())
    }

    /// The scores of one metric without their matrices, which are most of the file.
    ///
    /// # Errors
    /// As [`scores`](Self::scores).
    pub fn scores_alone(
        &self,
        metric: impl Into<MetricName>,
    ) -> Result<Option<ScoreFile>, StoreError> {
        self.read_scores(&metric.into(), |sealed| sealed.cut_before(MATRICES))
    }

    fn read_scores(
        &self,
        metric: &MetricName,
        prepare: impl FnOnce(&mut Sealed),
    ) -> Result<Option<ScoreFile>, StoreError> {
        let path = self.score_path(metric)?;
        let Some(mut sealed) = Sealed::open(&path, Some(&self.id))? else {
            return Ok(None);
        };
        prepare(&mut sealed);
        let file: ScoreFile = sealed.value(&path)?;
        if file.metric != *metric {
            return Err(StoreError::of_another_metric(&path, &file.metric));
        }
        file.checked(&path).map(Some)
    }

    /// All scores by metric; skips damaged files, with one sentence each.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn all_scores(&self) -> Result<Recovered<Vec<ScoreFile>>, StoreError> {
        let mut found = Recovered::whole(Vec::new());
        for metric in self.score_names()? {
            found
                .value
                .extend(none_if_damaged(self.scores(&metric), &mut found.notices)?);
        }
        Ok(found)
    }

    fn score_names(&self) -> Result<Vec<MetricName>, StoreError> {
        let mut names = Vec::new();
        for entry in folders::entries_unsorted(&self.file(SCORES))? {
            let name = entry.file_name();
            let metric = name
                .to_str()
                .and_then(|name| name.strip_suffix(SCORE_SUFFIX));
            names.extend(
                metric
                    .filter(|metric| is_metric_name(metric))
                    .map(MetricName::from),
            );
        }
        names.sort();
        Ok(names)
    }

    /// `pictures.npz`.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn pictures(&self) -> Result<Option<Pictures>, StoreError> {
        Pictures::read(&self.file(PICTURES), &self.id)
    }

    /// `probe.npz`: the posteriors at the fixed points.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn probe(&self) -> Result<Option<Codes>, StoreError> {
        Codes::read(&self.file(PROBE), &self.id)
    }

    /// Whether the trial has a probe; reads only the end of the file.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn has_probe(&self) -> Result<bool, StoreError> {
        let found = npz::glance(&self.file(PROBE), &self.id);
        Ok(none_if_damaged(found, &mut Vec::new())?.is_some())
    }

    /// `codes.npz`: the posteriors at every point, if they were stored.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::Io`].
    pub fn codes(&self) -> Result<Option<Codes>, StoreError> {
        Codes::read(&self.file(CODES), &self.id)
    }

    /// The last lines of `log.txt`, at most `n_lines`; empty if there is no log.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn log_tail(&self, n_lines: usize) -> Result<Vec<String>, StoreError> {
        let path = self.file(LOG);
        let Some((mut file, n_bytes)) = atomic::open(&path, u64::MAX)? else {
            return Ok(Vec::new());
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(n_bytes.saturating_sub(LOG_TAIL_BYTES)))
            .and_then(|_| file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes))
            .map_err(|source| StoreError::io("read", &path, source))?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        Ok(lines[lines.len().saturating_sub(n_lines)..].to_vec())
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// The path of a metric's scores. Fails for a name that leads out of the folder.
    pub(crate) fn score_path(&self, metric: &MetricName) -> Result<PathBuf, StoreError> {
        let metric = metric.as_str();
        if is_metric_name(metric) {
            return Ok(self.file(SCORES).join(format!("{metric}{SCORE_SUFFIX}")));
        }
        let shown: String = metric.chars().take(MAX_NAME_BYTES).collect();
        let what = format!("`{shown}` is not the name of a metric: letters a-z, digits and `-`");
        Err(StoreError::unwritable(&self.file(SCORES), what))
    }
}
