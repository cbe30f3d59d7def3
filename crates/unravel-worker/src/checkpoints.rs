//! Loads the checkpoints that the trials of a cohort continue from.
//!
//! An undamaged checkpoint may still belong to another training, for example if somebody copied it. Every attempt would
//! then fail, so such a checkpoint is discarded. The trial continues from the checkpoint before it or starts at step 0.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use unravel_data::Dataset;
use unravel_model::cohort::Cohort;
use unravel_model::kernels::Kernels;
use unravel_store::{Arrays, Checkpoint};
use unravel_sweep::Trial;

use crate::error::WorkerError;
use crate::reporter::Reporter;
use crate::train::Member;
use crate::train_log::matches_step;

/// Members that continue from the same step.
type MembersOfStep = Vec<(Member, Option<Checkpoint>)>;

/// Loads checkpoints and checks that they fit their trials.
pub struct CheckpointLoader<'a, B: Kernels> {
    dataset: &'a Arc<Dataset>,
    device: &'a B::Device,
    /// The arrays at step 0. All trials of an order have the same names and shapes.
    arrays: OnceLock<Arrays>,
}

impl<'a, B: Kernels> CheckpointLoader<'a, B> {
    /// A loader for the trials of an order.
    pub fn new(dataset: &'a Arc<Dataset>, device: &'a B::Device) -> Self {
        Self {
            dataset,
            device,
            arrays: OnceLock::new(),
        }
    }

    /// Groups members by the step that they continue from, with their checkpoints.
    ///
    /// # Errors
    /// Fails if a checkpoint cannot be read or removed, or if such a trial cannot be trained.
    pub fn group_by_step(
        &self,
        members: Vec<Member>,
        reporter: &mut Reporter<'_>,
    ) -> Result<BTreeMap<u64, MembersOfStep>, WorkerError> {
        let mut groups = BTreeMap::<u64, MembersOfStep>::new();
        for member in members {
            let checkpoint = self.load(&member, reporter)?;
            // A missing score of an earlier step requires the weights of that step again.
            let first_missing = member.missing.first_step();
            let checkpoint = checkpoint.filter(|c| first_missing.is_none_or(|step| c.step <= step));
            let step = checkpoint.as_ref().map_or(0, |c| c.step);
            groups.entry(step).or_default().push((member, checkpoint));
        }
        Ok(groups)
    }

    /// Loads the last checkpoint that fits the member's trial, and discards those that do not.
    fn load(
        &self,
        member: &Member,
        reporter: &mut Reporter<'_>,
    ) -> Result<Option<Checkpoint>, WorkerError> {
        while let Some(checkpoint) = reporter.log_notices(member.lock.checkpoint()?) {
            let Some(mismatch) = self.mismatch(&member.trial, &checkpoint)? else {
                return Ok(Some(checkpoint));
            };
            let id = member.lock.id();
            reporter.log(format!(
                "the checkpoint of trial {id} belongs to another training and was discarded: {mismatch}"
            ));
            member.lock.discard_checkpoint()?;
        }
        Ok(None)
    }

    /// The reason why training cannot continue from this checkpoint, if there is one.
    fn mismatch(
        &self,
        trial: &Trial,
        checkpoint: &Checkpoint,
    ) -> Result<Option<String>, WorkerError> {
        let (step, steps) = (checkpoint.step, trial.training.steps);
        if step > steps {
            return Ok(Some(format!(
                "it is of step {step}, and the trial has {steps}"
            )));
        }
        if !matches_step(checkpoint, steps) {
            return Ok(Some(format!(
                "it is of step {step}, and its training curves end elsewhere"
            )));
        }
        let expected = self.arrays(trial)?;
        let is_wrong = |(name, array): &(&String, &unravel_store::Array)| {
            checkpoint
                .arrays
                .get(*name)
                .is_none_or(|found| found.shape != array.shape)
        };
        Ok(expected.iter().find(is_wrong).map(|(name, array)| {
            let expected = &array.shape;
            format!("it has no array `{name}` of the shape {expected:?}")
        }))
    }

    fn arrays(&self, trial: &Trial) -> Result<&Arrays, WorkerError> {
        if let Some(arrays) = self.arrays.get() {
            return Ok(arrays);
        }
        let data = Arc::clone(self.dataset);
        let cohort = Cohort::<B>::new(vec![trial.clone()], data, self.device)?;
        let arrays = cohort.snapshot(0).arrays;
        Ok(self.arrays.get_or_init(|| arrays))
    }
}
