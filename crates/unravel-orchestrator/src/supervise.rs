//! The supervisor: keeps every slot busy, and ensures that no trial is lost, repeated or waited for forever.
//!
//! One loop on one thread owns the whole state; the only inputs are the reports of the launcher, the clock and the
//! interrupt flag. Before a cohort starts, and after it crashed, the supervisor reads the state of its trials from the
//! store again, so that work which another run or an ended worker has finished is not repeated.

mod adoption;
mod patience;
mod queue;
mod reports;
mod running;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use unravel_store::protocol::Order;
use unravel_sweep::TrialId;

use crate::cohort_sizes::CohortSizes;
use crate::device::Slot;
use crate::launcher::{JobId, Launcher};
use crate::observe::{Observed, Observer};
use crate::plan::{Cohort, Plan, sort_out};
use crate::policy::{Clock, Interrupt, Policy};
use crate::records::{PlannedTrial, Records};
use crate::summary::{Outcome, Summary};
use queue::{Pending, Queue};
use running::{Running, Stage};

/// The inputs of a run besides its plan.
pub struct Supervisor<'a> {
    /// Starts the workers.
    pub launcher: &'a mut dyn Launcher,
    /// The trials of the store.
    pub records: &'a dyn Records,
    /// Receives every event.
    pub observer: &'a mut dyn Observer,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Raised by the user.
    pub interrupt: &'a Interrupt,
    /// Time limits and retries.
    pub policy: Policy,
    /// The template of all orders. The supervisor sets cohort, trials, device, threads, `retry_failed` and
    /// `continue_from`.
    pub order: Order,
}

impl Supervisor<'_> {
    /// Executes `plan` on `slots`. Returns when no work is left and no trial is waited for. The observer gets no events
    /// of trials that are done or failed in the plan.
    #[must_use]
    pub fn run(self, plan: Plan, slots: Vec<Slot>) -> Summary {
        Run::new(self, plan, slots).run()
    }
}

/// A slot and the cohort on it.
struct Bench {
    slot: Slot,
    running: Option<Running>,
}

/// Whether cohorts are started, and whether the running ones must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Working,
    /// No cohort is started; the running ones continue to their end.
    GivenUp,
    /// All workers were asked to stop; the remaining ones are killed at this time.
    Stopping {
        kill_at: Duration,
    },
    /// All were killed.
    Killing,
}

struct Run<'a> {
    sup: Supervisor<'a>,
    queue: Queue,
    benches: Vec<Bench>,
    mood: Mood,
    summary: Summary,
    told_as_held: BTreeSet<TrialId>,
    /// Maximum number of models in a cohort, by cohort key, after a larger cohort did not fit into memory.
    most_models: BTreeMap<String, usize>,
    n_failures_in_a_row: usize,
    n_jobs: u64,
}

impl<'a> Run<'a> {
    fn new(sup: Supervisor<'a>, plan: Plan, slots: Vec<Slot>) -> Self {
        let mut run = Run {
            sup,
            queue: Queue::default(),
            benches: slots
                .into_iter()
                .map(|slot| Bench {
                    slot,
                    running: None,
                })
                .collect(),
            mood: Mood::Working,
            summary: Summary::default(),
            told_as_held: BTreeSet::new(),
            most_models: BTreeMap::new(),
            n_failures_in_a_row: 0,
            n_jobs: 0,
        };
        let outcomes = &mut run.summary.outcomes;
        outcomes.extend(plan.done.into_iter().map(|id| (id, Outcome::Cached)));
        outcomes.extend(plan.failed.into_iter().map(|failure| {
            let outcome = Outcome::Failed {
                reason: failure.reason,
                elsewhere: true,
            };
            (failure.id, outcome)
        }));
        let (mut cohorts, mut locked) = (plan.cohorts, plan.locked);
        let ids_left = cohorts.iter().flat_map(|cohort| &cohort.trials);
        let ids_left = ids_left.chain(&locked).map(|planned| planned.id.clone());
        outcomes.extend(ids_left.map(|id| (id, Outcome::Left)));
        run.adopt(&mut cohorts, &mut locked);
        for cohort in cohorts {
            run.queue.push(Pending::new(cohort.trials));
        }
        for planned in locked {
            run.queue.push(Pending::new(vec![planned]));
        }
        run
    }

    fn run(mut self) -> Summary {
        loop {
            self.heed_interrupt();
            self.fill_slots();
            if self.is_over() {
                return self.summary;
            }
            let timeout = self.time_to_wait();
            let expected_by = self.now() + timeout;
            for (job, report) in self.sup.launcher.poll(timeout) {
                self.take_report(job, report);
            }
            self.forgive_standstill(expected_by);
            self.heed_deadlines();
        }
    }

    fn now(&self) -> Duration {
        self.sup.clock.now()
    }

    /// Whether no cohort runs and none can be started.
    fn is_over(&mut self) -> bool {
        let mut jobs = self
            .benches
            .iter()
            .filter_map(|bench| bench.running.as_ref());
        if jobs.any(|running| running.stage != Stage::Abandoned) {
            return false;
        }
        if self.mood != Mood::Working || self.queue.is_empty() {
            return true;
        }
        let has_free_bench = self.benches.iter().any(|bench| bench.running.is_none());
        if !has_free_bench {
            self.give_up("no device is left: their workers do not end even when killed");
        }
        !has_free_bench
    }

    /// The time until the next timeout.
    fn time_to_wait(&self) -> Duration {
        let now = self.now();
        let has_free_bench = self.benches.iter().any(|bench| bench.running.is_none());
        let next_due = self.queue.next_due(now).filter(|_| has_free_bench);
        next_due.map_or(self.sup.policy.tick, |due| {
            self.sup.policy.tick.min(due - now)
        })
    }

    /// Gives every free slot the next cohort.
    fn fill_slots(&mut self) {
        for index in 0..self.benches.len() {
            while self.mood == Mood::Working && self.benches[index].running.is_none() {
                let Some(pending) = self.next_for(index) else {
                    break;
                };
                self.begin(index, pending);
            }
        }
    }

    /// The next cohort for a slot. A cohort that avoids the device of this slot waits for another device if there is
    /// one.
    fn next_for(&mut self, index: usize) -> Option<Pending> {
        let device = self.benches[index].slot.device;
        let has_other_device = self.benches.iter().any(|bench| {
            let is_abandoned = bench
                .running
                .as_ref()
                .is_some_and(|running| running.stage == Stage::Abandoned);
            bench.slot.device != device && !is_abandoned
        });
        let now = self.now();
        self.queue.take(now, |pending| {
            !has_other_device || pending.avoid != Some(device)
        })
    }

    /// Starts the unfinished trials of a cohort on a free slot; the other trials are settled or put back.
    fn begin(&mut self, index: usize, mut pending: Pending) {
        let trials = std::mem::take(&mut pending.trials);
        let mut cohorts = self.look_again(trials, &pending).into_iter();
        let Some(Cohort { mut trials, work }) = cohorts.next() else {
            return;
        };
        let too_many = self.beyond_memory(&mut trials);
        for rest in cohorts.rev() {
            self.queue.push_front(Pending {
                trials: rest.trials,
                ..pending.clone()
            });
        }
        if !too_many.is_empty() {
            self.queue.push_front(Pending {
                trials: too_many,
                ..pending.clone()
            });
        }
        let begun_as = Some(pending.begun_as.unwrap_or(work));
        let pending = Pending {
            trials,
            begun_as,
            ..pending
        };

        self.n_jobs += 1;
        let job = JobId(self.n_jobs);
        let slot = &self.benches[index].slot;
        self.sup.observer.on(&Observed::CohortStarted {
            job,
            slot,
            trials: &pending.trials,
            work,
        });
        let order = order_for(&self.sup.order, &pending.trials, slot);
        self.sup.launcher.start(job, slot, &order);
        self.benches[index].running = Some(Running::new(job, pending, work));
    }

    /// Splits off the trials that do not fit into memory, by the known limit of their kind.
    fn beyond_memory(&self, trials: &mut Vec<PlannedTrial>) -> Vec<PlannedTrial> {
        let key = (!self.most_models.is_empty()).then(|| trials[0].trial.cohort_key());
        match key.and_then(|key| self.most_models.get(&key)) {
            Some(most) if *most < trials.len() => trials.split_off(*most),
            _ => Vec::new(),
        }
    }

    /// Reads the current state of these trials from the store. Settles trials that are done or that failed in another
    /// run, puts back trials that another run holds, and returns the others by their remaining work.
    fn look_again(&mut self, trials: Vec<PlannedTrial>, pending: &Pending) -> Vec<Cohort> {
        let n_trials = trials.len();
        let records = self.sup.records;
        let plan = sort_out(
            trials.into_iter().map(|planned| {
                let progress = records.progress(&planned);
                (planned, progress)
            }),
            &CohortSizes::all(n_trials),
        );
        for id in plan.done {
            self.settle(&id, running::outcome(pending.begun_as));
        }
        for failure in plan.failed {
            let outcome = Outcome::Failed {
                reason: failure.reason,
                elsewhere: true,
            };
            self.settle(&failure.id, outcome);
        }
        for planned in plan.locked {
            self.put_back_held(planned, None);
        }
        plan.cohorts
    }

    /// Keeps a trial that another run holds for a later check. Reads the holder from the store if it is unknown.
    fn put_back_held(&mut self, planned: PlannedTrial, holder: Option<String>) {
        if self.told_as_held.insert(planned.id.clone()) {
            let holder = holder.or_else(|| self.sup.records.holder(&planned));
            self.sup.observer.on(&Observed::TrialHeld {
                id: &planned.id,
                holder: holder.as_deref(),
            });
        }
        let not_before = self.now() + self.sup.policy.held_interval;
        self.queue.push(Pending {
            not_before,
            ..Pending::new(vec![planned])
        });
    }

    fn settle(&mut self, id: &TrialId, outcome: Outcome) {
        self.sup.observer.on(&Observed::TrialSettled {
            id,
            outcome: &outcome,
        });
        self.summary.outcomes.insert(id.clone(), outcome);
    }

    /// Starts no more work, for a reason that a retry cannot remove.
    fn give_up(&mut self, reason: &str) {
        if self.mood == Mood::Working {
            self.mood = Mood::GivenUp;
            self.summary.gave_up = Some(reason.to_owned());
            self.sup.observer.on(&Observed::GaveUp { reason });
        }
    }
}

/// The order for a cohort on a slot.
fn order_for(common: &Order, trials: &[PlannedTrial], slot: &Slot) -> Order {
    let cohort = match trials {
        [only] => only.id.to_string(),
        [first, rest @ ..] => format!("{}+{}", first.id, rest.len()),
        [] => String::new(),
    };
    Order {
        cohort,
        trials: trials.iter().map(|planned| planned.trial.clone()).collect(),
        device: slot.device.to_string(),
        threads: slot.n_threads,
        retry_failed: trials.iter().any(|planned| planned.is_retry),
        continue_from: trials
            .iter()
            .filter_map(|planned| Some((planned.id.clone(), planned.continues.clone()?)))
            .collect(),
        ..common.clone()
    }
}
