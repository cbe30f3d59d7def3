//! A cohort on a slot.

use std::time::Duration;

use unravel_store::protocol::FailureCause;
use unravel_sweep::TrialId;

use super::queue::Pending;
use crate::launcher::JobId;
use crate::plan::Work;
use crate::records::PlannedTrial;
use crate::summary::Outcome;

/// Where a running cohort stands with the supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It works, or was asked to stop.
    Working,
    /// It was killed, and its end is awaited.
    Killed { at: Duration, why: String },
    /// It was killed and did not end; its slot is lost until it does.
    Abandoned,
}

/// A cohort on a slot.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) job: JobId,
    /// The cohort; of its trials those that are not settled yet.
    pub(super) pending: Pending,
    /// What was left to do when it started.
    pub(super) work: Work,
    pub(super) stage: Stage,
    /// What the worker said of a failure of the whole order.
    pub(super) failure: Option<(FailureCause, String)>,
    /// None until it runs: a job may wait in the queue of a cluster for days.
    last_heard: Option<Duration>,
}

impl Running {
    pub(super) fn new(job: JobId, pending: Pending, work: Work) -> Self {
        Self {
            job,
            pending,
            work,
            stage: Stage::Working,
            failure: None,
            last_heard: None,
        }
    }

    pub(super) fn hear(&mut self, now: Duration) {
        self.last_heard = Some(now);
    }

    /// Takes a trial out of those that are not settled.
    pub(super) fn remove(&mut self, id: &TrialId) -> Option<PlannedTrial> {
        let trials = &mut self.pending.trials;
        let index = trials.iter().position(|planned| planned.id == *id)?;
        Some(trials.remove(index))
    }

    pub(super) fn has_been_silent_for(&self, limit: Duration, now: Duration) -> bool {
        let is_silent = self.last_heard.is_some_and(|heard| heard + limit <= now);
        self.stage == Stage::Working && is_silent
    }

    /// Abandons a job that was killed `grace` ago or earlier, and returns why it was killed.
    pub(super) fn abandon_after(&mut self, grace: Duration, now: Duration) -> Option<String> {
        match &mut self.stage {
            Stage::Killed { at, why } if *at + grace <= now => {
                let why = std::mem::take(why);
                self.stage = Stage::Abandoned;
                Some(why)
            }
            _ => None,
        }
    }

    /// Counts `duration` not against this job.
    pub(super) fn forgive(&mut self, duration: Duration) {
        if let Some(heard) = &mut self.last_heard {
            *heard += duration;
        }
        if let Stage::Killed { at, .. } = &mut self.stage {
            *at += duration;
        }
    }
}

/// What became of a trial that is done, by what was left to do when this run began it.
pub(super) fn outcome(begun_as: Option<Work>) -> Outcome {
    match begun_as {
        Some(Work::Train { .. }) => Outcome::Trained,
        Some(Work::Score) => Outcome::Scored,
        None => Outcome::Cached,
    }
}
