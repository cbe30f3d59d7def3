//! Estimates the duration of a plan from the cost of a trial on one slot.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::plan::{Cohort, Plan, Work};
use crate::records::PlannedTrial;

/// The cost of one trial on one slot while the other slots are busy.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TrialCost {
    /// Seconds for one update.
    pub step_secs: f64,
    /// Seconds to encode the grid and to score.
    pub score_secs: f64,
}

/// The estimated duration of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// From start to end, with all slots busy.
    pub wall_secs: f64,
    /// Summed over the slots.
    pub slot_secs: f64,
}

impl TrialCost {
    /// Seconds that one slot needs for `cohort`, whose trials each cost this.
    #[must_use]
    pub fn cohort_secs(&self, cohort: &Cohort) -> f64 {
        let secs_of = |planned: &PlannedTrial| {
            let steps_left = match cohort.work {
                Work::Train { from_step } => planned.trial.training.steps.saturating_sub(from_step),
                Work::Score => 0,
            };
            steps_left as f64 * self.step_secs + self.score_secs
        };
        cohort.trials.iter().map(secs_of).sum()
    }
}

/// Estimates `plan` on `n_slots` equal slots, each taking the next cohort when it is free.
#[must_use]
pub fn estimate(plan: &Plan, n_slots: usize, cost: impl Fn(&Cohort) -> TrialCost) -> Estimate {
    let mut estimate = Estimate::default();
    // When each slot is free, in whole microseconds, which unlike floats have an order.
    let mut free_at: BinaryHeap<Reverse<u64>> = vec![Reverse(0); n_slots.max(1)].into();
    for cohort in &plan.cohorts {
        let secs = cost(cohort).cohort_secs(cohort);
        let Reverse(start) = free_at.pop().unwrap_or_default();
        let end = start.saturating_add((secs * 1e6) as u64);
        free_at.push(Reverse(end));
        estimate.slot_secs += secs;
        estimate.wall_secs = estimate.wall_secs.max(end as f64 / 1e6);
    }
    estimate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cohort_sizes::CohortSizes;
    use crate::plan::{PlanOptions, plan};
    use crate::testing::trial;
    use unravel_store::{Reached, TrialProgress};

    /// 1,000 steps of 0.1 s are 100 s; scoring takes 10 s more.
    fn estimated(
        n_trials: u64,
        n_slots: usize,
        progress: impl FnMut(&PlannedTrial) -> TrialProgress,
    ) -> Estimate {
        let short = |seed| {
            let mut short = trial(seed);
            short.training.steps = 1_000;
            short
        };
        let options = PlanOptions {
            models_per_cohort: CohortSizes::all(1),
            retry_failed: false,
        };
        let plan = plan((0..n_trials).map(short), &options, progress);
        let cost = TrialCost {
            step_secs: 0.1,
            score_secs: 10.0,
        };
        estimate(&plan, n_slots, |_| cost)
    }

    #[test]
    fn slots_work_side_by_side() {
        let estimate = estimated(3, 2, |_| TrialProgress::not_started());
        assert_eq!(
            estimate,
            Estimate {
                wall_secs: 220.0,
                slot_secs: 330.0
            }
        );
        assert_eq!(
            estimated(3, 1, |_| TrialProgress::not_started()).wall_secs,
            330.0
        );
    }

    #[test]
    fn only_what_is_left_counts() {
        let half = estimated(1, 1, |_| TrialProgress::at(Reached::Step(500)));
        assert_eq!(half.wall_secs, 60.0);
        assert_eq!(
            estimated(1, 1, |_| TrialProgress::at(Reached::Trained)).wall_secs,
            10.0
        );
        assert_eq!(
            estimated(1, 1, |_| TrialProgress::at(Reached::Scored)),
            Estimate::default()
        );
    }
}
