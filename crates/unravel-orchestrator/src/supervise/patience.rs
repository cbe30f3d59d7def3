//! The time limits of the supervisor: workers without events, interrupts, and the time budget.

use std::time::Duration;

use super::running::Stage;
use super::{Mood, Run};
use crate::observe::Observed;

/// If a wait takes this much longer than requested, the orchestrator itself was paused (a suspended process, a disk
/// that hangs). This time does not count as silence of a worker.
const STANDSTILL: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Handles interrupts: the first asks the workers to stop, the second kills them. The end of the time budget counts
    /// as the first.
    pub(super) fn heed_interrupt(&mut self) {
        let n_raised = self.sup.interrupt.n_raised();
        let is_out_of_time = self.sup.policy.stop_at.is_some_and(|at| at <= self.now());
        let is_at_work = matches!(self.mood, Mood::Working | Mood::GivenUp);
        if is_at_work && (1 <= n_raised || is_out_of_time) {
            self.summary.was_interrupted = 1 <= n_raised;
            self.summary.is_out_of_time = n_raised == 0;
            let grace = self.sup.policy.stop_grace;
            self.mood = Mood::Stopping {
                kill_at: self.now() + grace,
            };
            self.sup.observer.on(&Observed::Stopping { grace });
            for running in self
                .benches
                .iter()
                .filter_map(|bench| bench.running.as_ref())
            {
                self.sup.launcher.stop(running.job);
            }
        }
        if let Mood::Stopping { kill_at } = self.mood
            && (2 <= n_raised || kill_at <= self.now())
        {
            self.mood = Mood::Killing;
            self.kill_all();
        }
    }

    fn kill_all(&mut self) {
        let now = self.now();
        let jobs = self
            .benches
            .iter_mut()
            .filter_map(|bench| bench.running.as_mut());
        let alive: Vec<_> = jobs
            .filter(|running| running.stage == Stage::Working)
            .collect();
        if alive.is_empty() {
            return;
        }
        self.sup.observer.on(&Observed::Killing);
        for running in alive {
            running.stage = Stage::Killed {
                at: now,
                why: "the run was interrupted".to_owned(),
            };
            self.sup.launcher.kill(running.job);
        }
    }

    /// Kills workers without events, and gives up those that do not end even then.
    pub(super) fn heed_deadlines(&mut self) {
        let now = self.now();
        let policy = &self.sup.policy;
        let mut abandoned = Vec::new();
        for running in self
            .benches
            .iter_mut()
            .filter_map(|bench| bench.running.as_mut())
        {
            if running.has_been_silent_for(policy.max_silence, now) {
                let secs = policy.max_silence.as_secs_f64();
                let why = format!("the worker said nothing for {secs} s and was killed");
                running.stage = Stage::Killed { at: now, why };
                self.sup.launcher.kill(running.job);
            } else if let Some(why) = running.abandon_after(policy.kill_grace, now) {
                abandoned.push((std::mem::take(&mut running.pending.trials), why));
            }
        }
        if !matches!(self.mood, Mood::Working | Mood::GivenUp) {
            return; // What is not done is left for the next run.
        }
        for (trials, why) in abandoned {
            self.fail(trials, &format!("{why}, but did not end"));
        }
    }

    /// After a pause of the orchestrator itself, events of its workers may not have been read yet.
    pub(super) fn forgive_standstill(&mut self, expected_by: Duration) {
        let overslept = self.now().saturating_sub(expected_by);
        if STANDSTILL < overslept {
            for running in self
                .benches
                .iter_mut()
                .filter_map(|bench| bench.running.as_mut())
            {
                running.forgive(overslept);
            }
        }
    }
}
