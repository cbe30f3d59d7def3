//! How long a plan will take, from the speed of one slot.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::plan::{Cohort, Plan, Work};

/// How fast one slot works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Throughput {
    /// Images trained on per second, summed over the models of a cohort.
    pub train_images_per_sec: f64,
    /// Seconds to encode the grid and score one trial.
    pub score_secs_per_trial: f64,
}

/// How long a plan will take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// From start to end, with every slot at work.
    pub wall_secs: f64,
    /// Summed over the slots.
    pub slot_secs: f64,
}

impl Throughput {
    /// Seconds that one slot needs for `cohort`.
    #[must_use]
    pub fn cohort_secs(&self, cohort: &Cohort) -> f64 {
        cohort
            .trials
            .iter()
            .map(|planned| {
                let training = &planned.trial.training;
                let steps_left = match cohort.work {
                    Work::Train { from_step } => training.steps.saturating_sub(from_step),
                    Work::Score => 0,
                };
                let n_images = steps_left as f64 * training.batch_size as f64;
                n_images / self.train_images_per_sec + self.score_secs_per_trial
            })
            .sum()
    }
}

/// Estimates `plan` on `n_slots` equal slots, each taking the next cohort when it is free.
#[must_use]
pub fn estimate(plan: &Plan, n_slots: usize, throughput: &Throughput) -> Estimate {
    let mut estimate = Estimate::default();
    // When each slot is free, in whole microseconds, which unlike floats have an order.
    let mut free_at: BinaryHeap<Reverse<u64>> = vec![Reverse(0); n_slots.max(1)].into();
    for cohort in &plan.cohorts {
        let secs = throughput.cohort_secs(cohort);
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
    use crate::held::{Held, PlannedTrial, Reached};
    use crate::plan::{PlanOptions, plan};
    use crate::testing::trial;

    /// 1,000 steps of 64 images at 640 images/s are 100 s; scoring takes 10 s more.
    fn estimated(
        n_trials: u64,
        n_slots: usize,
        held: impl FnMut(&PlannedTrial) -> Held,
    ) -> Estimate {
        let short = |seed| {
            let mut short = trial(seed);
            short.training.steps = 1_000;
            short
        };
        let options = PlanOptions {
            models_per_cohort: 1,
            retry_failed: false,
        };
        let plan = plan((0..n_trials).map(short), &options, held);
        let throughput = Throughput {
            train_images_per_sec: 640.0,
            score_secs_per_trial: 10.0,
        };
        estimate(&plan, n_slots, &throughput)
    }

    #[test]
    fn slots_work_side_by_side() {
        let estimate = estimated(3, 2, |_| Held::nothing());
        assert_eq!(
            estimate,
            Estimate {
                wall_secs: 220.0,
                slot_secs: 330.0
            }
        );
        assert_eq!(estimated(3, 1, |_| Held::nothing()).wall_secs, 330.0);
    }

    #[test]
    fn only_what_is_left_counts() {
        let half = estimated(1, 1, |_| Held::at(Reached::Step(500)));
        assert_eq!(half.wall_secs, 60.0);
        assert_eq!(
            estimated(1, 1, |_| Held::at(Reached::Trained)).wall_secs,
            10.0
        );
        assert_eq!(
            estimated(1, 1, |_| Held::at(Reached::Scored)),
            Estimate::default()
        );
    }
}
