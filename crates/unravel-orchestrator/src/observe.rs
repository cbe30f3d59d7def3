//! What the supervisor tells while it works, so that somebody else can draw it.

use std::time::Duration;

use unravel_store::protocol::Event;
use unravel_sweep::TrialId;

use crate::device::Slot;
use crate::launcher::JobId;
use crate::plan::Work;
use crate::records::PlannedTrial;
use crate::summary::Outcome;

/// Is told of everything that happens in a run, in order, from the supervisor's own thread.
pub trait Observer {
    /// Something happened. Should return soon: the run waits meanwhile.
    fn on(&mut self, observed: &Observed<'_>);
}

/// Something that happened in a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed<'a> {
    /// A cohort was given to a slot.
    CohortStarted {
        /// The attempt.
        job: JobId,
        /// Where.
        slot: &'a Slot,
        /// Its trials.
        trials: &'a [PlannedTrial],
        /// What is left to do.
        work: Work,
    },
    /// A worker said something. Done, failed and held trials are told once more below, with what became of them.
    Worker {
        /// The attempt.
        job: JobId,
        /// What it said.
        event: &'a Event,
    },
    /// A trial needs nothing more in this run.
    TrialSettled {
        /// The trial.
        id: &'a TrialId,
        /// What became of it.
        outcome: &'a Outcome,
    },
    /// A trial is another run's at the moment; it is looked at again later.
    TrialHeld {
        /// The trial.
        id: &'a TrialId,
        /// Whose, such as `process 7 on node-2, last heard of 12s ago`; none where nobody knows.
        holder: Option<&'a str>,
    },
    /// A cohort's worker is gone, and its slot free.
    CohortEnded {
        /// The attempt.
        job: JobId,
        /// The slot's index.
        slot: usize,
    },
    /// A worker ended before its trials were settled.
    CohortCrashed {
        /// The attempt.
        job: JobId,
        /// How, and its last words.
        reason: &'a str,
        /// How long until the next try; none where there is no other.
        retry_in: Option<Duration>,
    },
    /// Every worker was asked to save and end; those that have not after `grace` are killed.
    Stopping {
        /// How long they have.
        grace: Duration,
    },
    /// Every worker that is left is being killed.
    Killing,
    /// Nothing more is started, for a reason that no other try can mend.
    GaveUp {
        /// The reason, for people.
        reason: &'a str,
    },
}

/// Ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on(&mut self, _observed: &Observed<'_>) {}
}
