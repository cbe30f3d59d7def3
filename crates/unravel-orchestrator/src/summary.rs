//! The outcome of every trial of a run.

use std::collections::BTreeMap;

use unravel_sweep::TrialId;

/// The outcome of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was to do: the trial was done before, or by another run in the meantime.
    Cached,
    /// Trained and scored.
    Trained,
    /// Scored; it had been trained before.
    Scored,
    /// Failed after the last attempt.
    Failed {
        /// Why.
        reason: String,
        /// It failed in an earlier run or another one, and was not retried here.
        elsewhere: bool,
    },
    /// Unfinished when the run ended early; the next run continues it.
    Left,
}

/// The outcome of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The outcome of each trial of the plan.
    pub outcomes: BTreeMap<TrialId, Outcome>,
    /// The user interrupted the run.
    pub was_interrupted: bool,
    /// The run stopped at the end of its time budget.
    pub is_out_of_time: bool,
    /// Why the run was given up, if it was.
    pub gave_up: Option<String>,
}

/// The number of trials with each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Trained and scored.
    pub trained: usize,
    /// Only scored.
    pub scored: usize,
    /// Done before.
    pub cached: usize,
    /// Failed, in this run or before.
    pub failed: usize,
    /// Unfinished.
    pub left: usize,
}

impl Summary {
    /// Counts the trials by outcome.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for outcome in self.outcomes.values() {
            *match outcome {
                Outcome::Cached => &mut tally.cached,
                Outcome::Trained => &mut tally.trained,
                Outcome::Scored => &mut tally.scored,
                Outcome::Failed { .. } => &mut tally.failed,
                Outcome::Left => &mut tally.left,
            } += 1;
        }
        tally
    }

    /// The trials that failed, with their reasons, by id.
    pub fn failures(&self) -> impl Iterator<Item = (&TrialId, &str)> {
        self.outcomes
            .iter()
            .filter_map(|(id, outcome)| match outcome {
                Outcome::Failed { reason, .. } => Some((id, reason.as_str())),
                _ => None,
            })
    }

    /// Whether every trial is trained and scored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let tally = self.tally();
        tally.failed == 0 && tally.left == 0
    }
}
