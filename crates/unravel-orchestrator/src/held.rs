//! The state of a trial in a store, as far as planning needs it.

use unravel_sweep::Trial;
use unravel_sweep::TrialId;

/// A trial with its id, which is computed once, and the facts that persist between two reads of the store.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedTrial {
    /// The id of `trial`.
    pub id: TrialId,
    /// The configuration.
    pub trial: Trial,
    /// The trial failed before this run and is retried. A failure found later is from another run.
    pub is_retry: bool,
    /// The trial from whose checkpoint this one continues: equal except for fewer steps.
    pub continues: Option<TrialId>,
}

impl PlannedTrial {
    /// A trial that was not looked up in a store yet.
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

/// The progress of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// It has a checkpoint at this step; 0 if there is none.
    Step(u64),
    /// Trained, but some requested scores are missing.
    Trained,
    /// Trained and scored.
    Scored,
}

/// The state of one trial in a store at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its progress.
    pub reached: Reached,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// A worker of another run holds its lock.
    pub is_locked: bool,
    /// The checkpoint of another trial that it can continue from, if it has none of its own.
    pub continuation: Option<Continuation>,
}

/// A checkpoint of a trial that is equal except for fewer steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// That trial.
    pub from: TrialId,
    /// The checkpoint's step, above 0.
    pub step: u64,
}

impl Held {
    /// A trial with this progress that has not failed and is not locked.
    #[must_use]
    pub fn at(reached: Reached) -> Self {
        Self {
            reached,
            failure: None,
            is_locked: false,
            continuation: None,
        }
    }

    /// The state of a trial that the store does not have.
    #[must_use]
    pub fn nothing() -> Self {
        Self::at(Reached::Step(0))
    }
}

/// The supervisor's view of the trials of a store. The store decides which trials are done; events of workers only save
/// reads.
pub trait Records {
    /// The current state of `trial`.
    fn held(&self, trial: &PlannedTrial) -> Held;

    /// The current state of each of these trials, in their order.
    fn held_of_all(&self, trials: &[PlannedTrial]) -> Vec<Held> {
        trials.iter().map(|trial| self.held(trial)).collect()
    }

    /// The process that holds the lock of `trial`, in words, if there is one.
    fn holder(&self, trial: &PlannedTrial) -> Option<String> {
        let _ = trial;
        None
    }

    /// Records in the store that `trial` failed. Writes nothing if this is not possible or another run holds the trial;
    /// the summary of the run has the failure anyway.
    fn mark_failed(&self, trial: &PlannedTrial, reason: &str);
}
