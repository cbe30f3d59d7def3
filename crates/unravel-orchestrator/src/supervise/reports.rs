//! What the supervisor makes of what the launcher reports.

use std::time::Duration;

use unravel_store::protocol::{Event, FailureCause, Lack, lack, limit_sentence};

use super::queue::Pending;
use super::running::{Running, Stage, outcome};
use super::{Mood, Run};
use crate::device::Device;
use crate::launcher::{Ending, How, JobId, Report, with_last_lines};
use crate::observe::Observed;
use crate::plan::Cohort;
use crate::records::PlannedTrial;
use crate::summary::Outcome;

/// A worker's end before its trials were settled.
struct Crash<'a> {
    running: &'a Running,
    device: Device,
    /// The worker had been started.
    has_run: bool,
    /// The worker says that the cohort does not fit into memory.
    is_out_of_memory: bool,
    /// The worker was taken away by no fault of its trials.
    is_eviction: bool,
    reason: &'a str,
}

impl Run<'_> {
    pub(super) fn take_report(&mut self, job: JobId, report: Report) {
        let now = self.now();
        let is_of_job = |running: &Running| running.job == job;
        let Some(index) = self
            .benches
            .iter()
            .position(|bench| bench.running.as_ref().is_some_and(is_of_job))
        else {
            return;
        };
        if let Some(running) = &mut self.benches[index].running {
            running.hear(now);
        }
        match report {
            Report::Started => {}
            Report::Event(event) => self.take_event(index, job, event),
            Report::Ended(ending) => self.take_ending(index, &ending),
        }
    }

    fn take_event(&mut self, index: usize, job: JobId, event: Event) {
        self.sup
            .observer
            .on(&Observed::Worker { job, event: &event });
        let Some(running) = &mut self.benches[index].running else {
            return;
        };
        match event {
            Event::TrialDone { id } => {
                if running.remove(&id).is_some() {
                    let outcome = outcome(running.pending.begun_as);
                    self.n_failures_in_a_row = 0;
                    self.settle(&id, outcome);
                }
            }
            Event::TrialFailed { id, reason } => {
                if running.remove(&id).is_some() {
                    self.n_failures_in_a_row = 0;
                    self.settle(
                        &id,
                        Outcome::Failed {
                            reason,
                            elsewhere: false,
                        },
                    );
                }
            }
            Event::TrialHeld { id, holder } => {
                if let Some(planned) = running.remove(&id) {
                    self.put_back_held(planned, Some(holder));
                }
            }
            Event::Failed { cause, reason } => running.failure = Some((cause, reason)),
            Event::Started { .. }
            | Event::Phase { .. }
            | Event::Progress { .. }
            | Event::Scoring { .. }
            | Event::Saved { .. }
            | Event::Heartbeat
            | Event::Log { .. }
            | Event::Finished
            | Event::Stopped => {}
        }
    }

    fn take_ending(&mut self, index: usize, ending: &Ending) {
        let device = self.benches[index].slot.device;
        let Some(running) = self.benches[index].running.take() else {
            return;
        };
        self.sup.observer.on(&Observed::CohortEnded {
            job: running.job,
            slot: index,
        });
        let was_asked_to_end = !matches!(self.mood, Mood::Working | Mood::GivenUp);
        if !running.pending.trials.is_empty() && !was_asked_to_end {
            self.take_crash(device, running, ending);
        }
    }

    /// A worker ended and left trials unsettled: tries again, or fails them, or gives up altogether.
    fn take_crash(&mut self, device: Device, mut running: Running, ending: &Ending) {
        let trials = std::mem::take(&mut running.pending.trials);
        let (cause, reason) = match (&running.stage, &running.failure) {
            (Stage::Killed { why, .. }, _) => (None, with_last_lines(why, &ending.last_lines)),
            (_, Some((cause, reason))) => (Some(*cause), reason.clone()),
            (_, None) => (None, ending.reason()),
        };
        let cause = cause.or_else(|| limit_met(&running, &trials, ending));
        match cause {
            Some(
                FailureCause::Store
                | FailureCause::DiskFull
                | FailureCause::Data
                | FailureCause::Machine,
            ) => {
                self.tell_crash(&running, &reason, None);
                let is_limit = cause == Some(FailureCause::Machine) || lack(&reason).is_some();
                self.give_up_at(&reason, is_limit);
            }
            Some(FailureCause::Device | FailureCause::OutOfMemory | FailureCause::Internal)
            | None => {
                let has_run = !matches!(ending.how, How::NotStarted(_));
                let crash = Crash {
                    running: &running,
                    device,
                    has_run,
                    is_out_of_memory: cause == Some(FailureCause::OutOfMemory),
                    // One that had to be killed was not taken away by others.
                    is_eviction: matches!(ending.how, How::TakenAway(_))
                        && running.stage == Stage::Working,
                    reason: &reason,
                };
                for cohort in self.look_again(trials, &running.pending) {
                    self.try_again(cohort, &crash);
                }
            }
        }
    }

    /// What is left of a crashed cohort gets another try, unless it has had its share.
    ///
    /// Many trials that got no further are halved, which helps where they did not fit into memory and else finds the
    /// one at fault; the halves have their own share of tries. Where the worker says that it was memory, they are halved
    /// however far they got, do not wait, and cohorts of their kind that are still to come are no larger.
    fn try_again(&mut self, cohort: Cohort, crash: &Crash<'_>) {
        let policy = &self.sup.policy;
        let before = &crash.running.pending;
        let got_further = crash.running.work < cohort.work;
        let mut trials = cohort.trials;
        if crash.is_eviction {
            self.start_again_elsewhere(trials, got_further, crash);
            return;
        }
        let n_crashes = if got_further { 1 } else { before.n_crashes + 1 };
        let may_be_size = crash.is_out_of_memory || !got_further;
        let is_halved = crash.has_run && may_be_size && 1 < trials.len();
        if !is_halved && policy.max_crashes <= n_crashes {
            self.no_more_tries(trials, crash);
            return;
        }
        let backoff = match is_halved && crash.is_out_of_memory {
            true => Duration::ZERO,
            false => policy.backoff(n_crashes),
        };
        let n_crashes = if is_halved { 0 } else { n_crashes };
        let is_last_try = policy.max_crashes <= n_crashes + 1;
        let pending = Pending {
            trials: Vec::new(),
            begun_as: before.begun_as,
            n_crashes,
            n_evictions: before.n_evictions,
            not_before: self.now() + backoff,
            avoid: is_last_try.then_some(crash.device),
        };
        self.tell_crash(crash.running, crash.reason, Some(backoff));
        if is_halved {
            let half = trials.len().div_ceil(2);
            if crash.is_out_of_memory {
                let most = self.most_models.entry(trials[0].trial.cohort_key());
                most.and_modify(|most| *most = half.min(*most))
                    .or_insert(half);
            }
            let second_half = trials.split_off(half);
            self.queue.push(Pending {
                trials,
                ..pending.clone()
            });
            self.queue.push(Pending {
                trials: second_half,
                ..pending
            });
        } else {
            self.queue.push(Pending { trials, ..pending });
        }
    }

    /// A cohort whose worker was taken away goes back to the queue whole, and has a share of tries of its own for that.
    fn start_again_elsewhere(
        &mut self,
        trials: Vec<PlannedTrial>,
        got_further: bool,
        crash: &Crash<'_>,
    ) {
        let policy = &self.sup.policy;
        let before = &crash.running.pending;
        let n_evictions = if got_further {
            1
        } else {
            before.n_evictions + 1
        };
        if policy.max_evictions <= n_evictions {
            self.no_more_tries(trials, crash);
            return;
        }
        let backoff = policy.backoff(n_evictions);
        self.tell_crash(crash.running, crash.reason, Some(backoff));
        self.queue.push(Pending {
            trials,
            n_evictions,
            not_before: self.now() + backoff,
            ..before.clone()
        });
    }

    fn no_more_tries(&mut self, trials: Vec<PlannedTrial>, crash: &Crash<'_>) {
        self.tell_crash(crash.running, crash.reason, None);
        if crash.has_run {
            self.fail(trials, crash.reason);
        } else {
            // No trial is to blame where no worker runs.
            self.give_up_at(crash.reason, lack(crash.reason).is_some());
        }
    }

    /// Gives up; a limit of the machine is told with its remedy.
    fn give_up_at(&mut self, reason: &str, is_limit: bool) {
        match is_limit {
            true => self.give_up(&limit_sentence(reason)),
            false => self.give_up(reason),
        }
    }

    fn tell_crash(&mut self, crashed: &Running, reason: &str, retry_in: Option<Duration>) {
        self.sup.observer.on(&Observed::CohortCrashed {
            job: crashed.job,
            reason,
            retry_in,
        });
    }

    /// Fails trials for good, and the whole run where one failure follows the other.
    pub(super) fn fail(&mut self, trials: Vec<PlannedTrial>, reason: &str) {
        for planned in trials {
            self.sup.records.mark_failed(&planned, reason);
            let outcome = Outcome::Failed {
                reason: reason.to_owned(),
                elsewhere: false,
            };
            self.settle(&planned.id, outcome);
        }
        self.n_failures_in_a_row += 1;
        if self.sup.policy.max_failures_in_a_row <= self.n_failures_in_a_row {
            let n = self.n_failures_in_a_row;
            self.give_up(&format!("{n} failures in a row, the last: {reason}"));
        }
    }
}

/// What a worker died of that could not say it itself: a thread that it was refused, or memory. With less memory a smaller
/// cohort may do.
fn limit_met(running: &Running, trials: &[PlannedTrial], ending: &Ending) -> Option<FailureCause> {
    let has_died = matches!(ending.how, How::Exited(_) | How::Signalled(_));
    if !has_died || running.stage != Stage::Working {
        return None;
    }
    match ending.last_lines.iter().find_map(|line| lack(line))? {
        Lack::Memory if 1 < trials.len() => Some(FailureCause::OutOfMemory),
        Lack::Memory | Lack::Handles => Some(FailureCause::Machine),
    }
}
