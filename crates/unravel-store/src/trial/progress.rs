//! How far a trial has come: one type for the planner, `status` and the report.

use unravel_sweep::TrialId;

use crate::files::state::{Status, TrialState};

/// How far the training and scoring of a trial have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// A checkpoint at this step; 0 if there is none.
    Step(u64),
    /// Trained, but some of the requested scores are missing.
    Trained,
    /// Trained, with every requested score.
    Scored,
}

/// What a store holds of one trial, seen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialProgress {
    /// How far it has come.
    pub reached: Reached,
    /// Why it failed, if it did.
    pub failure: Option<String>,
    /// Whether a worker of another run is training or scoring it.
    pub is_locked: bool,
    /// Where it can continue from, if it has no checkpoint of its own.
    pub continuation: Option<Continuation>,
}

/// A checkpoint of a trial that differs only in having fewer steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// That trial.
    pub from: TrialId,
    /// The checkpoint's step, above 0.
    pub step: u64,
}

impl TrialProgress {
    /// A trial that has come this far, has not failed and is not locked.
    #[must_use]
    pub fn at(reached: Reached) -> Self {
        Self {
            reached,
            failure: None,
            is_locked: false,
            continuation: None,
        }
    }

    /// A trial that the store does not have.
    #[must_use]
    pub fn not_started() -> Self {
        Self::at(Reached::Step(0))
    }

    /// What a trial's state says; whether every requested score is there is in the score files only.
    #[must_use]
    pub fn of_state(state: &TrialState) -> Self {
        let reached = match state.status {
            Status::Trained => Reached::Trained,
            Status::Absent | Status::Training | Status::Failed => Reached::Step(state.step),
        };
        let reason = || state.reason.clone();
        Self {
            failure: (state.status == Status::Failed)
                .then(|| reason().unwrap_or_else(|| "no reason was recorded".to_owned())),
            ..Self::at(reached)
        }
    }

    /// Whether it is trained to its last step and has not failed.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        Reached::Trained <= self.reached && self.failure.is_none()
    }

    /// The updates done, of the `steps` that the trial asks for.
    #[must_use]
    pub fn step(&self, steps: u64) -> u64 {
        match self.reached {
            Reached::Step(step) => step,
            Reached::Trained | Reached::Scored => steps,
        }
    }

    /// The progress in a word or two, for tables.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self.reached {
            Reached::Scored => "done",
            _ if self.is_locked => "training",
            _ if self.failure.is_some() => "failed",
            Reached::Trained => "to score",
            Reached::Step(0) => "not started",
            Reached::Step(_) => "started",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_says_how_far_a_trial_is_and_why_it_failed() {
        let state = |status, step| TrialState {
            status,
            step,
            ..TrialState::default()
        };
        let of = |status, step| TrialProgress::of_state(&state(status, step));
        assert_eq!(of(Status::Absent, 0), TrialProgress::not_started());
        assert_eq!(of(Status::Training, 20).reached, Reached::Step(20));
        assert!(of(Status::Trained, 30).is_trained());
        let failed = of(Status::Failed, 20);
        assert_eq!(failed.failure.as_deref(), Some("no reason was recorded"));
        assert!(!failed.is_trained());
        assert_eq!((failed.step(30), failed.word()), (20, "failed"));
    }

    #[test]
    fn a_word_names_what_is_left_to_do() {
        let word = |reached| TrialProgress::at(reached).word();
        let words = [
            Reached::Step(0),
            Reached::Step(1),
            Reached::Trained,
            Reached::Scored,
        ]
        .map(word);
        assert_eq!(words, ["not started", "started", "to score", "done"]);
        let locked = TrialProgress {
            is_locked: true,
            ..TrialProgress::not_started()
        };
        assert_eq!(locked.word(), "training");
    }
}
