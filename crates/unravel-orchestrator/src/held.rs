//! What a store holds of a trial, as far as planning needs it.

use unravel_sweep::Trial;
use unravel_sweep::TrialId;

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

/// How far a trial has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A checkpoint at this step; 0 where there is none.
    Step(u64),
    /// Trained, but some of the wanted scores are missing.
    Trained,
    /// Trained, and every wanted score is there.
    Scored,
}

/// What a store holds of one trial, seen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// How far it has come.
    pub reached: Reached,
    /// Why it failed, where it did.
    pub failure: Option<String>,
    /// A worker of another run is at it.
    pub is_locked: bool,
    /// Where it can go on from, if there is no checkpoint of its own.
    pub continuation: Option<Continuation>,
}

/// A checkpoint of a trial that is the same but for having fewer steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// That trial.
    pub from: TrialId,
    /// The checkpoint's step, above 0.
    pub step: u64,
}

impl Held {
    /// A trial that has come so far, has not failed and is free.
    #[must_use]
    pub fn at(reached: Reached) -> Self {
        Self {
            reached,
            failure: None,
            is_locked: false,
            continuation: None,
        }
    }

    /// What is held of a trial that the store does not know.
    #[must_use]
    pub fn nothing() -> Self {
        Self::at(Reached::Step(0))
    }
}

/// The trials of a store, as the supervisor sees them. What the store says decides what is done; a worker's
/// word only saves a look.
pub trait Records {
    /// What is held of `trial` now.
    fn held(&self, trial: &PlannedTrial) -> Held;

    /// What is held of each of these trials now, in their order.
    fn held_of_all(&self, trials: &[PlannedTrial]) -> Vec<Held> {
        trials.iter().map(|trial| self.held(trial)).collect()
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
