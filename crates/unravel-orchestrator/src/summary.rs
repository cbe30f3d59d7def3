//! What became of every trial of a run.

use std::collections::BTreeMap;

use unravel_sweep::TrialId;

/// What became of a trial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was left to do: done before, or by another run meanwhile.
    Cached,
    /// Trained and scored.
    Trained,
    /// Scored; it had been trained before.
    Scored,
    /// Failed for good.
    Failed {
        /// Why.
        reason: String,
        /// It had failed in an earlier run, or in another one, and was not tried here.
        elsewhere: bool,
    },
    /// Not done when the run ended early; the next run goes on with it.
    Left,
}

/// What became of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// What became of each trial; every trial of the plan is here.
    pub outcomes: BTreeMap<TrialId, Outcome>,
    /// The user interrupted it.
    pub was_interrupted: bool,
    /// It stopped by itself, since its time was over.
    pub is_out_of_time: bool,
    /// Why it was given up before the end, where it was.
    pub gave_up: Option<String>,
}

/// How many trials a run ended with, of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Trained and scored.
    pub trained: usize,
    /// Only scored.
    pub scored: usize,
    /// Done already.
    pub cached: usize,
    /// Failed, in this run or before.
    pub failed: usize,
    /// Left for the next run.
    pub left: usize,
}

impl Summary {
    /// Counts the trials by what became of them.
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
