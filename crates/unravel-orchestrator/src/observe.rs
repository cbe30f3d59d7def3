//! The events that the supervisor reports during a run, for a progress display.

use std::time::Duration;

use unravel_store::protocol::Event;
use unravel_sweep::TrialId;

use crate::device::Slot;
use crate::launcher::JobId;
use crate::plan::Work;
use crate::records::PlannedTrial;
use crate::summary::Outcome;

/// Receives every event of a run, in order, on the supervisor's thread.
pub trait Observer {
    /// Handles an event. Must return quickly, since the run waits for it.
    fn on(&mut self, observed: &Observed<'_>);
}

/// An event of a run.
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
    /// An event of a worker. The outcome of done, failed and locked trials is reported again by the events below.
    Worker {
        /// The attempt.
        job: JobId,
        /// The event.
        event: &'a Event,
    },
    /// A trial is finished for this run.
    TrialSettled {
        /// The trial.
        id: &'a TrialId,
        /// Its outcome.
        outcome: &'a Outcome,
    },
    /// Another run holds the lock of a trial; the trial is checked again later.
    TrialHeld {
        /// The trial.
        id: &'a TrialId,
        /// The holder, such as `process 7 on node-2, last heard of 12s ago`; none if unknown.
        holder: Option<&'a str>,
    },
    /// The worker of a cohort has ended, and its slot is free.
    CohortEnded {
        /// The attempt.
        job: JobId,
        /// The slot's index.
        slot: usize,
    },
    /// A worker ended before its trials were done or failed.
    CohortCrashed {
        /// The attempt.
        job: JobId,
        /// How it ended, and its last lines on stderr.
        reason: &'a str,
        /// Time until the next attempt; none if there is no further attempt.
        retry_in: Option<Duration>,
    },
    /// Every worker was asked to save and end, because of an interrupt or the end of the time budget. Workers that have
    /// not ended after `grace` are killed.
    Stopping {
        /// Time until they are killed.
        grace: Duration,
    },
    /// The remaining workers are being killed.
    Killing,
    /// The run starts no more work, for a reason that a retry cannot remove.
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
