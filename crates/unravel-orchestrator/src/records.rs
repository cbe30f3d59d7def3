//! A planned trial, and the records that say how far each has come.

use unravel_store::TrialProgress;
use unravel_sweep::{Trial, TrialId};

/// A trial with its id, computed once, and what is remembered of it from one look at the store to the next.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTrial {
    /// The id of `trial`.
    pub id: TrialId,
    /// The configuration.
    pub trial: Trial,
    /// It had failed before this run and is tried again; a failure found later is another run's.
    pub is_retry: bool,
    /// The trial from whose checkpoint it goes on: the same but for having fewer steps.
    pub continues: Option<TrialId>,
}

impl PlannedTrial {
    /// A trial that no store was asked about yet.
    #[must_use]
    pub fn new(trial: Trial) -> Self {
        Self {
            id: trial.id(),
            trial,
            is_retry: false,
            continues: None,
        }
    }
}

/// The trials of a store, as the supervisor sees them. What the store says decides what is done; a worker's
/// word only saves a look.
pub trait Records {
    /// How far `trial` has come now.
    fn progress(&self, trial: &PlannedTrial) -> TrialProgress;

    /// How far each of these trials has come now, in their order.
    fn progress_of_all(&self, trials: &[PlannedTrial]) -> Vec<TrialProgress> {
        trials.iter().map(|trial| self.progress(trial)).collect()
    }

    /// Who holds `trial` at the moment, in words, if anybody does.
    fn holder(&self, trial: &PlannedTrial) -> Option<String> {
        let _ = trial;
        None
    }

    /// Writes down that `trial` failed for good. Where that cannot be done, or another run holds the trial,
    /// nothing is written: the run's own summary still has the failure.
    fn mark_failed(&self, trial: &PlannedTrial, reason: &str);
}
