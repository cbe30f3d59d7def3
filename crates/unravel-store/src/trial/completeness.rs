//! What a trial still lacks, decided by the files that matter and by nothing else.

mod scores;

use unravel_score::{Requests, ScoreRequest};

use crate::disk::checksummed_json;
use crate::disk::npz::{self, NpzReader};
use crate::error::{StoreError, none_if_damaged};
use crate::files::checkpoint::{Checkpoint, Model};
use crate::files::layout::{
    CHECKPOINT, CODES, MODEL, PICTURES, PREVIOUS_CHECKPOINT, PROBE, STATE, TRAIN_LOG, TRIAL,
};
use crate::files::state::TrialState;
use crate::trial::folder::TrialFolder;
use crate::trial::train_log_integrity::Curves;

/// What it means that the checkpoint of a trained trial is damaged.
const LOSS: &str = "the trial is trained and keeps its results; `unravel run` deletes the checkpoint; without it, a \
                    trial with more steps starts from step 0";

/// How closely files are looked at to say what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Headers, ends and lengths of large files, checksums of small ones, and of scores what was taken, not its
    /// numbers: well under a millisecond a trial.
    Quick,
    /// Every byte, by checksums; that the trial's description is whole; of a trained trial its checkpoint too.
    Thorough,
}

/// What is left to do of a trial; see [`TrialFolder::missing`](crate::TrialFolder::missing).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Todo {
    /// The final weights: it has to be trained, or to go on training.
    pub model: bool,
    /// `pictures.npz`.
    pub pictures: bool,
    /// `probe.npz`.
    pub probe: bool,
    /// `codes.npz`, where it was wanted.
    pub codes: bool,
    /// A checkpoint that is there and damaged, of a trained trial, which does not need it: it is to be removed. Only
    /// [`Check::Thorough`] finds it.
    pub checkpoint: bool,
    /// `trial.toml`, `train.csv` or `state.json`, which can be made again from what is there (a damaged `train.csv`
    /// that no checkpoint has is a notice alone, since it is not worth a training); see
    /// [`TrialWriter::restore_records`](crate::TrialWriter::restore_records).
    pub records: bool,
    /// The scores, each with the seeds that are missing only.
    pub scores: Vec<ScoreRequest>,
    /// One sentence per file that is there and damaged, for the user.
    pub notices: Vec<String>,
}

impl Todo {
    /// Whether the trial is done.
    pub fn is_nothing(&self) -> bool {
        // Names every field, so that a new one is not forgotten.
        let Self {
            model,
            pictures,
            probe,
            codes,
            checkpoint,
            records,
            scores,
            notices: _,
        } = self;
        let is_anything = *model || *pictures || *probe || *codes || *checkpoint || *records;
        !is_anything && scores.is_empty()
    }

    /// Whether a trial of so many steps has to be trained: there is no finished model, or a score is missing of a step
    /// before the last, whose weights are not kept.
    #[must_use]
    pub fn needs_training(&self, steps: u64) -> bool {
        self.model || self.first_step().is_some_and(|step| step < steps)
    }

    /// The first step that a score is missing of; training goes on from a checkpoint no later than that.
    #[must_use]
    pub fn first_step(&self) -> Option<u64> {
        self.scores.iter().map(|score| score.context.step).min()
    }
}

impl TrialFolder {
    /// What keeps this trial from being done. A damaged file counts as missing, with a sentence.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn missing(&self, requests: &Requests, check: Check) -> Result<Todo, StoreError> {
        if !self.is_present() {
            return Ok(Todo {
                model: true,
                pictures: true,
                probe: true,
                codes: requests.codes,
                checkpoint: false,
                records: false,
                scores: requests.scores.clone(),
                notices: Vec::new(),
            });
        }
        let mut notices = Vec::new();
        let mut is_missing = |has: Result<Option<()>, StoreError>| {
            none_if_damaged(has, &mut notices).map(|found| found.is_none())
        };
        let mut missing = Todo {
            model: is_missing(self.has_model(check))?,
            pictures: is_missing(self.has_npz(PICTURES, check))?,
            probe: is_missing(self.has_npz(PROBE, check))?,
            codes: requests.codes && is_missing(self.has_npz(CODES, check))?,
            records: self.lacks_train_log()? || self.lacks(TRIAL),
            ..Todo::default()
        };
        missing.model |= self.is_retraining()?;
        missing.records |= self.lacks_state(&mut notices)?;
        if check == Check::Thorough {
            missing.records |= self.lacks_curves(&mut notices)?;
            missing.records |= none_if_damaged(self.trial(), &mut notices)?.is_none();
            let damaged = self.damaged_checkpoints()?;
            missing.checkpoint = !damaged.is_empty();
            notices.extend(damaged.into_iter().map(|(_, notice)| notice));
        }
        missing.scores = self.lacking_with(&requests.scores, check, &mut notices)?;
        missing.notices = notices;
        Ok(missing)
    }

    /// Those of these scores that the trial has not, of each the seeds that are missing only. A damaged file has none.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn lacking(&self, requests: &[ScoreRequest]) -> Result<Vec<ScoreRequest>, StoreError> {
        self.lacking_with(requests, Check::Quick, &mut Vec::new())
    }

    /// Whether there is a model whose state is lost or damaged. Before that, a state is the business of whoever trains.
    pub(crate) fn lacks_state(&self, notices: &mut Vec<String>) -> Result<bool, StoreError> {
        if self.lacks(MODEL) {
            return Ok(false);
        }
        let state = checksummed_json::read_of::<TrialState>(&self.file(STATE), self.id());
        Ok(none_if_damaged(state, notices)?.is_none())
    }

    /// The damaged checkpoints of a trained trial by their names, each with a sentence; none of a trial in training,
    /// which goes on from the last that is whole.
    pub(crate) fn damaged_checkpoints(&self) -> Result<Vec<(&'static str, String)>, StoreError> {
        let mut damaged = Vec::new();
        let model = Model::read_step(&self.file(MODEL), self.id());
        if none_if_damaged(model, &mut Vec::new())?.is_none() {
            return Ok(damaged);
        }
        for name in [CHECKPOINT, PREVIOUS_CHECKPOINT] {
            match Checkpoint::verify(&self.file(name), self.id()) {
                Err(error) if error.is_damaged() => {
                    damaged.push((name, format!("{error}; {LOSS}")));
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
        }
        if !damaged.is_empty() {
            // That was a look at the model's header.
            let model = Model::verify(&self.file(MODEL), self.id());
            if none_if_damaged(model, &mut Vec::new())?.is_none() {
                damaged.clear();
            }
        }
        Ok(damaged)
    }

    /// Whether the last checkpoint is of an earlier step than the model: a training that was begun again, for a score
    /// on the way that was lost, and that did not come to its end. Until then the curves end early too.
    pub(crate) fn is_retraining(&self) -> Result<bool, StoreError> {
        let model = Model::read_step(&self.file(MODEL), self.id());
        let Some(trained) = none_if_damaged(model, &mut Vec::new())? else {
            return Ok(false);
        };
        let seems_behind = self.checkpoint_step()?.is_some_and(|saved| saved < trained);
        if !seems_behind {
            return Ok(false);
        }
        // That was a look at headers, and a damaged one must not cost a training.
        let saved = self.checkpoint()?.value;
        Ok(saved.is_some_and(|saved| saved.step < trained))
    }

    /// Whether there is something to be written again so that the training curves and their checksum fit.
    fn lacks_curves(&self, notices: &mut Vec<String>) -> Result<bool, StoreError> {
        let (is_lacking, notice) = match self.curves()? {
            Curves::Right => (false, None),
            Curves::Newer => (true, None),
            Curves::Restorable { notice, .. } => (true, notice),
            Curves::Lost { notice } => (false, Some(notice)),
        };
        notices.extend(notice);
        Ok(is_lacking)
    }

    /// Whether the training curves are lost, and a checkpoint still has them.
    pub(crate) fn lacks_train_log(&self) -> Result<bool, StoreError> {
        Ok(self.lacks(TRAIN_LOG) && self.saved_train_log()?.is_some())
    }

    fn lacks(&self, name: &str) -> bool {
        !self.file(name).exists()
    }

    fn has_model(&self, check: Check) -> Result<Option<()>, StoreError> {
        let path = self.file(MODEL);
        Ok(match check {
            Check::Quick => Model::read_step(&path, self.id())?.map(|_| ()),
            Check::Thorough => Model::verify(&path, self.id())?.map(|_| ()),
        })
    }

    /// Whether the archive is there: its end only, or all of it, by its checksum.
    fn has_npz(&self, name: &str, check: Check) -> Result<Option<()>, StoreError> {
        let path = self.file(name);
        match check {
            Check::Quick => npz::glance(&path, self.id()),
            Check::Thorough => Ok(NpzReader::open(&path, self.id())?.map(|_| ())),
        }
    }
}
