//! What a trial still lacks, decided by the files that matter and by nothing else.

use crate::checkpoint::Model;
use crate::error::{StoreError, absent_if_damaged};
use crate::layout::{
    CHECKPOINT, CODES, MODEL, PICTURES, PREVIOUS_CHECKPOINT, PROBE, STATE, TRAIN_LOG, TRIAL,
};
use crate::npz::{self, NpzReader};
use crate::score_record::ScoreContext;
use crate::scores::ScoreFile;
use crate::sealed;
use crate::state::TrialState;
use crate::trial_folder::TrialFolder;

/// One score that a sweep asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedScore {
    /// The metric's name.
    pub metric: String,
    /// Variant, representation, grid and step.
    pub context: ScoreContext,
    /// The evaluation seeds; empty for a variant that does not sample.
    pub seeds: Vec<u64>,
}

/// Everything that makes a trial done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Every score.
    pub scores: Vec<WantedScore>,
    /// Whether the whole table of codes is to be kept.
    pub codes: bool,
}

/// How closely files are looked at to say what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Headers, ends and lengths of large files, checksums of small ones: well under a millisecond a trial.
    Quick,
    /// Every byte, by checksums.
    Thorough,
}

/// What a trial lacks; see [`TrialFolder::missing`](crate::TrialFolder::missing).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The final weights: it has to be trained, or to go on training.
    pub model: bool,
    /// `pictures.npz`.
    pub pictures: bool,
    /// `probe.npz`.
    pub probe: bool,
    /// `codes.npz`, where it was wanted.
    pub codes: bool,
    /// `trial.toml`, `train.csv` or `state.json`, which can be made again from what is there; see
    /// [`TrialLock::restore_records`](crate::TrialLock::restore_records).
    pub records: bool,
    /// The scores, each with the seeds that are missing only.
    pub scores: Vec<WantedScore>,
    /// One sentence per file that is there and damaged, for the user.
    pub notices: Vec<String>,
}

impl Missing {
    /// Whether the trial is done.
    pub fn is_nothing(&self) -> bool {
        let lacks_file = self.model || self.pictures || self.probe || self.codes || self.records;
        !lacks_file && self.scores.is_empty()
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
    pub fn missing(&self, wanted: &Wanted, check: Check) -> Result<Missing, StoreError> {
        if !self.is_present() {
            let scores = wanted.scores.clone();
            let codes = wanted.codes;
            return Ok(Missing {
                model: true,
                pictures: true,
                probe: true,
                codes,
                records: false,
                scores,
                notices: Vec::new(),
            });
        }
        let mut notices = Vec::new();
        let mut is_missing = |has: Result<Option<()>, StoreError>| {
            absent_if_damaged(has, &mut notices).map(|found| found.is_none())
        };
        let mut missing = Missing {
            model: is_missing(self.has_model(check))?,
            pictures: is_missing(self.has_npz(PICTURES, check))?,
            probe: is_missing(self.has_npz(PROBE, check))?,
            codes: wanted.codes && is_missing(self.has_npz(CODES, check))?,
            records: self.lacks_train_log() || self.lacks(TRIAL),
            ..Missing::default()
        };
        missing.model |= self.is_trained_halfway_again()?;
        missing.records |= self.lacks_state(&mut notices)?;
        for_each_metric(wanted, |metric, scores| {
            let file = absent_if_damaged(self.scores(metric), &mut notices)?;
            missing.scores.extend(
                scores
                    .iter()
                    .filter_map(|score| lacking(score, file.as_ref())),
            );
            Ok(())
        })?;
        missing.notices = notices;
        Ok(missing)
    }

    /// Those of these scores that the trial has not, of each the seeds that are missing only. A damaged file has none.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn lacking(&self, wanted: &[WantedScore]) -> Result<Vec<WantedScore>, StoreError> {
        let mut missing = Vec::new();
        for score in wanted {
            let file = absent_if_damaged(self.scores(&score.metric), &mut Vec::new())?;
            missing.extend(lacking(score, file.as_ref()));
        }
        Ok(missing)
    }

    /// Whether there is a model whose state is lost or damaged. Before that, a state is the business of whoever trains.
    pub(crate) fn lacks_state(&self, notices: &mut Vec<String>) -> Result<bool, StoreError> {
        if self.lacks(MODEL) {
            return Ok(false);
        }
        let state = sealed::read_of::<TrialState>(&self.file(STATE), self.id());
        Ok(absent_if_damaged(state, notices)?.is_none())
    }

    /// Whether the last checkpoint is of an earlier step than the model: a training that was begun again, for a score on
    /// the way that was lost, and that did not come to its end. Until then the curves end early too.
    fn is_trained_halfway_again(&self) -> Result<bool, StoreError> {
        let model = Model::read_step(&self.file(MODEL), self.id());
        let trained = absent_if_damaged(model, &mut Vec::new())?;
        Ok(match (trained, self.checkpoint_step()?) {
            (Some(trained), Some(saved)) => saved < trained,
            _ => false,
        })
    }

    /// Whether the training curves are lost, and a checkpoint still has them.
    pub(crate) fn lacks_train_log(&self) -> bool {
        let has_checkpoint = !self.lacks(CHECKPOINT) || !self.lacks(PREVIOUS_CHECKPOINT);
        self.lacks(TRAIN_LOG) && has_checkpoint
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

/// Calls `visit` with each run of wanted scores of one metric, so that its file is read once.
fn for_each_metric(
    wanted: &Wanted,
    mut visit: impl FnMut(&str, &[WantedScore]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    wanted
        .scores
        .chunk_by(|a, b| a.metric == b.metric)
        .try_for_each(|scores| visit(&scores[0].metric, scores))
}

/// The part of a wanted score that a metric's file does not have; `None` when it has all of it.
pub(crate) fn lacking(wanted: &WantedScore, file: Option<&ScoreFile>) -> Option<WantedScore> {
    let mut records = file
        .into_iter()
        .flat_map(|file| file.of(&wanted.context))
        .peekable();
    if records.peek().is_none() {
        return Some(wanted.clone());
    }
    // A metric writes all its quantities at once, so a seed that one of them lacks is taken anew for all.
    let records: Vec<_> = records.collect();
    let is_there = |seed: &u64| records.iter().all(|record| record.seeds.contains(seed));
    let seeds: Vec<u64> = wanted
        .seeds
        .iter()
        .copied()
        .filter(|seed| !is_there(seed))
        .collect();
    (!seeds.is_empty()).then(|| WantedScore {
        seeds,
        ..wanted.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score_record::ScoreRecord;

    fn context(variant: &str) -> ScoreContext {
        let (variant, representation, grid) =
            (variant.to_owned(), "mean".to_owned(), "2x2".to_owned());
        ScoreContext {
            variant,
            representation,
            grid,
            step: 10,
        }
    }

    fn wanted(variant: &str, seeds: &[u64]) -> WantedScore {
        WantedScore {
            metric: "mig".to_owned(),
            context: context(variant),
            seeds: seeds.to_vec(),
        }
    }

    fn seeds_lacking(wanted: &WantedScore, file: &ScoreFile) -> Option<Vec<u64>> {
        lacking(wanted, Some(file)).map(|score| score.seeds)
    }

    #[test]
    fn only_what_is_not_there_is_lacking() {
        let mut file = ScoreFile::new("mig");
        file.scores = vec![
            ScoreRecord::exact("mig", "mig", &context("exact"), 0.5),
            ScoreRecord::sampled(
                "mig",
                "mig",
                &context("study"),
                [(0, 0.1), (1, 0.2), (2, 0.3)],
            ),
            ScoreRecord::sampled(
                "mig",
                "entropy_nats",
                &context("study"),
                [(0, 0.1), (2, 0.3)],
            ),
        ];
        assert_eq!(
            lacking(&wanted("exact", &[]), None),
            Some(wanted("exact", &[]))
        );
        assert_eq!(lacking(&wanted("exact", &[]), Some(&file)), None);
        assert_eq!(seeds_lacking(&wanted("study", &[0, 2]), &file), None);
        assert_eq!(
            seeds_lacking(&wanted("study", &[0, 1, 2, 3]), &file),
            Some(vec![1, 3])
        );
        let at_another_step = WantedScore {
            context: ScoreContext {
                step: 20,
                ..context("exact")
            },
            ..wanted("exact", &[])
        };
        assert!(lacking(&at_another_step, Some(&file)).is_some());
    }
}
