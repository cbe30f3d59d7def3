//! Jobs of an earlier run that outlived it, followed on.

use std::collections::BTreeMap;

use super::queue::Pending;
use super::running::Running;
use super::{Bench, Run};
use crate::device::Slot;
use crate::launcher::JobId;
use crate::observe::Observed;
use crate::plan::{Cohort, Work};
use crate::records::PlannedTrial;

impl Run<'_> {
    /// Takes over the jobs that the launcher knows from an earlier run, with those of their trials that are left to do.
    pub(super) fn adopt(&mut self, cohorts: &mut Vec<Cohort>, locked: &mut Vec<PlannedTrial>) {
        let adopted = self.sup.launcher.adopt(JobId(self.n_jobs + 1));
        let mut job_of = BTreeMap::new();
        for job in &adopted {
            self.n_jobs = self.n_jobs.max(job.job.0);
            job_of.extend(job.trials.iter().map(|id| (id, job.job)));
        }
        let mut taken: BTreeMap<JobId, Vec<(PlannedTrial, Work)>> = BTreeMap::new();
        let mut take = |trials: &mut Vec<PlannedTrial>, work| {
            for planned in trials.extract_if(.., |planned| job_of.contains_key(&planned.id)) {
                let job = job_of[&planned.id];
                taken.entry(job).or_default().push((planned, work));
            }
        };
        for cohort in cohorts.iter_mut() {
            take(&mut cohort.trials, cohort.work);
        }
        // TrialProgress by these very jobs, as far as anybody knows; how far they are will be heard.
        take(locked, Work::Train { from_step: 0 });
        cohorts.retain(|cohort| !cohort.trials.is_empty());
        for (job, trials) in taken {
            let work = trials.iter().map(|(_, work)| *work).min();
            let trials = trials.into_iter().map(|(planned, _)| planned).collect();
            self.follow(job, trials, work.unwrap_or(Work::Score));
        }
    }

    /// A job that runs already, on a slot of its own.
    fn follow(&mut self, job: JobId, trials: Vec<PlannedTrial>, work: Work) {
        let free = self
            .benches
            .iter()
            .position(|bench| bench.running.is_none());
        let index = free.unwrap_or_else(|| self.add_bench());
        let slot = &self.benches[index].slot;
        self.sup.observer.on(&Observed::CohortStarted {
            job,
            slot,
            trials: &trials,
            work,
        });
        let pending = Pending {
            begun_as: Some(work),
            ..Pending::new(trials)
        };
        self.benches[index].running = Some(Running::new(job, pending, work));
    }

    /// One more place, like the first.
    fn add_bench(&mut self) -> usize {
        let index = self.benches.len();
        let like = self.benches.first().map(|bench| bench.slot.clone());
        let slot = Slot {
            index,
            ..like.unwrap_or(Slot {
                index,
                device: crate::device::Device::Cpu,
                n_threads: 1,
            })
        };
        self.benches.push(Bench {
            slot,
            running: None,
        });
        index
    }
}
