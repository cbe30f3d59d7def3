//! Where the members of a cohort go on from: their checkpoints, as far as those fit.
//!
//! A checkpoint that is whole may still be of another training, such as one that somebody copied or made. It would end
//! the run with every try, so it is discarded, and the trial goes on from the one before or begins anew.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use unravel_data::Dataset;
use unravel_model::cohort::Cohort;
use unravel_model::kernels::Kernels;
use unravel_store::{Arrays, Checkpoint};
use unravel_sweep::Trial;

use crate::error::WorkerError;
use crate::interval::is_in_step;
use crate::reporter::Reporter;
use crate::train::Member;

/// Members that go on from the same step.
type Group = Vec<(Member, Option<Checkpoint>)>;

/// What checkpoints of an order are held against.
pub struct Resumed<'a, B: Kernels> {
    dataset: &'a Arc<Dataset>,
    device: &'a B::Device,
    /// The arrays of a training at its start: the same names and shapes for all trials of an order.
    arrays: OnceLock<Arrays>,
}

impl<'a, B: Kernels> Resumed<'a, B> {
    /// For an order's data and device.
    pub fn new(dataset: &'a Arc<Dataset>, device: &'a B::Device) -> Self {
        Self {
            dataset,
            device,
            arrays: OnceLock::new(),
        }
    }

    /// Members by the step that they go on from, with their checkpoints.
    ///
    /// # Errors
    /// What reading and removing checkpoints may meet, and where no such trial can be trained.
    pub fn by_step(
        &self,
        members: Vec<Member>,
        reporter: &mut Reporter<'_>,
    ) -> Result<BTreeMap<u64, Group>, WorkerError> {
        let mut groups = BTreeMap::<u64, Group>::new();
        for member in members {
            let checkpoint = self.fitting(&member, reporter)?;
            // A score wanted of an earlier step needs that step's weights again.
            let first_wanted = member.missing.first_step();
            let checkpoint = checkpoint.filter(|c| first_wanted.is_none_or(|step| c.step <= step));
            let step = checkpoint.as_ref().map_or(0, |c| c.step);
            groups.entry(step).or_default().push((member, checkpoint));
        }
        Ok(groups)
    }

    /// The last checkpoint of a member that fits its trial; those that do not are discarded.
    fn fitting(
        &self,
        member: &Member,
        reporter: &mut Reporter<'_>,
    ) -> Result<Option<Checkpoint>, WorkerError> {
        while let Some(checkpoint) = reporter.log_notices(member.lock.checkpoint()?) {
            let Some(misfit) = self.misfit(&member.trial, &checkpoint)? else {
                return Ok(Some(checkpoint));
            };
            let id = member.lock.id();
            reporter.log(format!(
                "the checkpoint of trial {id} is not of this training and was discarded: {misfit}"
            ));
            member.lock.discard_checkpoint()?;
        }
        Ok(None)
    }

    /// Why training cannot go on from this checkpoint, if so.
    fn misfit(
        &self,
        trial: &Trial,
        checkpoint: &Checkpoint,
    ) -> Result<Option<String>, WorkerError> {
        let (step, steps) = (checkpoint.step, trial.training.steps);
        if steps < step {
            return Ok(Some(format!(
                "it is of step {step}, and the trial has {steps}"
            )));
        }
        if !is_in_step(checkpoint, steps) {
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
