//! Plans the remaining work: which trials are unfinished, and which of them form a cohort.
//!
//! A pure function of the trials and their state in a store.

use std::collections::{BTreeMap, HashSet};

use unravel_sweep::{Trial, TrialId};

use crate::cohort_sizes::CohortSizes;
use crate::records::PlannedTrial;
use unravel_store::{Reached, TrialProgress};

/// The remaining work for the trials of a cohort; later variants are closer to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Train from the checkpoint at this step (0: from the start), then score.
    Train {
        /// Steps done already.
        from_step: u64,
    },
    /// Score only; the training is done.
    Score,
}

/// Trials that one worker trains and scores as one tensor program.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// In the order of the sweep. All have the same cohort key; never empty.
    pub trials: Vec<PlannedTrial>,
    /// The remaining work, the same for all trials.
    pub work: Work,
}

/// A trial that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The trial.
    pub id: TrialId,
    /// One sentence or more.
    pub reason: String,
}

/// A partition of the trials of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The remaining work, in the order of execution.
    pub cohorts: Vec<Cohort>,
    /// Already trained and scored.
    pub done: Vec<TrialId>,
    /// Failed in an earlier run and not retried.
    pub failed: Vec<Failure>,
    /// Unfinished, and locked by another run.
    pub locked: Vec<PlannedTrial>,
}

/// The options of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// Models that one worker trains together.
    pub models_per_cohort: CohortSizes,
    /// Retry failed trials.
    pub retry_failed: bool,
}

/// The number of trials of each kind in a plan; every trial counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// All trials.
    pub trials: usize,
    /// To be trained from the start.
    pub to_train: usize,
    /// To resume from a checkpoint.
    pub to_resume: usize,
    /// To continue from the checkpoint of a trial with fewer steps.
    pub to_continue: usize,
    /// Trained, to be scored.
    pub to_score: usize,
    /// Done already.
    pub done: usize,
    /// Failed in an earlier run, not retried.
    pub failed: usize,
    /// Locked by another run.
    pub locked: usize,
}

impl Plan {
    /// Counts the trials of each kind.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts {
            done: self.done.len(),
            failed: self.failed.len(),
            locked: self.locked.len(),
            ..Counts::default()
        };
        for cohort in &self.cohorts {
            let n_trials = cohort.trials.len();
            match cohort.work {
                Work::Train { from_step: 0 } => counts.to_train += n_trials,
                Work::Train { .. } => {
                    let continuing = cohort.trials.iter().filter(|t| t.continues.is_some());
                    let n_continuing = continuing.count();
                    counts.to_continue += n_continuing;
                    counts.to_resume += n_trials - n_continuing;
                }
                Work::Score => counts.to_score += n_trials,
            }
        }
        counts.trials = counts.done
            + counts.failed
            + counts.locked
            + counts.to_train
            + counts.to_resume
            + counts.to_continue
            + counts.to_score;
        counts
    }
}

/// Reorders the trials: the first seed of every setting, then the second seed of every setting, and so on. So every
/// setting has an early result, and the number of seeds grows equally for all settings.
#[must_use]
pub fn breadth_first(trials: Vec<Trial>) -> Vec<Trial> {
    let mut n_seeds = BTreeMap::<String, usize>::new();
    let mut ranked: Vec<(usize, Trial)> = trials
        .into_iter()
        .map(|trial| {
            let n_before = n_seeds.entry(trial.setting().id).or_default();
            *n_before += 1;
            (*n_before, trial)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, trial)| trial).collect()
}

/// Plans the trials of a sweep. A repeated trial is planned once.
///
/// `progress` returns what the store holds of a trial; it is called once per trial, in order.
pub fn plan(
    trials: impl IntoIterator<Item = Trial>,
    options: &PlanOptions,
    mut progress: impl FnMut(&PlannedTrial) -> TrialProgress,
) -> Plan {
    plan_at_once(trials, options, |trials| {
        trials.iter().map(&mut progress).collect()
    })
}

/// Like [`plan`], but `progress` is called once with all trials and returns their progress in order.
pub fn plan_at_once(
    trials: impl IntoIterator<Item = Trial>,
    options: &PlanOptions,
    progress: impl FnOnce(&[PlannedTrial]) -> Vec<TrialProgress>,
) -> Plan {
    let planned = each_once(trials);
    let progress = progress(&planned);
    let new_trials = planned
        .into_iter()
        .zip(progress)
        .map(|(planned, progress)| {
            let is_retry = options.retry_failed && progress.failure.is_some();
            (
                PlannedTrial {
                    is_retry,
                    ..planned
                },
                progress,
            )
        });
    sort_out(new_trials, &options.models_per_cohort)
}

/// The trials with their ids, one that comes twice where it comes first. What was seen is forgotten before more memory
/// is taken.
fn each_once(trials: impl IntoIterator<Item = Trial>) -> Vec<PlannedTrial> {
    let mut seen = HashSet::new();
    let planned = trials.into_iter().map(PlannedTrial::new);
    let is_new = |planned: &PlannedTrial| seen.insert(planned.id.clone());
    planned.filter(is_new).collect()
}

/// Puts every trial in its place, by its progress; cohorts begin in the order of their first trials.
pub(crate) fn sort_out(
    trials: impl IntoIterator<Item = (PlannedTrial, TrialProgress)>,
    models_per_cohort: &CohortSizes,
) -> Plan {
    let mut plan = Plan::default();
    let mut open_cohorts: BTreeMap<(String, Work), usize> = BTreeMap::new();
    for (mut planned, progress) in trials {
        planned.continues = None;
        let work = match progress.reached {
            Reached::Scored => {
                plan.done.push(planned.id);
                continue;
            }
            Reached::Trained => Work::Score,
            Reached::Step(own_step) => {
                let continuation = progress.continuation.filter(|other| own_step < other.step);
                let from_step = continuation.as_ref().map_or(own_step, |other| other.step);
                planned.continues = continuation.map(|other| other.from);
                Work::Train { from_step }
            }
        };
        if progress.is_locked {
            plan.locked.push(planned);
            continue;
        }
        if let Some(reason) = progress.failure
            && !planned.is_retry
        {
            plan.failed.push(Failure {
                id: planned.id,
                reason,
            });
            continue;
        }
        let key = (planned.trial.cohort_key(), work);
        match open_cohorts
            .get(&key)
            .map(|&index| &mut plan.cohorts[index])
        {
            Some(cohort) if cohort.trials.len() < models_per_cohort.of(&key.0) => {
                cohort.trials.push(planned);
            }
            _ => {
                open_cohorts.insert(key, plan.cohorts.len());
                plan.cohorts.push(Cohort {
                    trials: vec![planned],
                    work,
                });
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{seeds, trial};
    use unravel_store::Continuation;

    /// Plans the seeds 0.. of one setting, with this progress.
    fn planned(progress: &[TrialProgress], models_per_cohort: usize, retry_failed: bool) -> Plan {
        let trials = (0..progress.len() as u64).map(trial);
        let options = PlanOptions {
            models_per_cohort: CohortSizes::all(models_per_cohort),
            retry_failed,
        };
        plan(trials, &options, |planned| {
            progress[planned.trial.seed as usize].clone()
        })
    }

    fn cohorts(plan: &Plan) -> Vec<(Vec<u64>, Work)> {
        plan.cohorts
            .iter()
            .map(|cohort| (seeds(&cohort.trials), cohort.work))
            .collect()
    }

    fn failed(step: u64) -> TrialProgress {
        TrialProgress {
            failure: Some("NaN".to_owned()),
            ..TrialProgress::at(Reached::Step(step))
        }
    }

    const FROM_START: Work = Work::Train { from_step: 0 };

    #[test]
    fn cohorts_are_filled_in_order_up_to_their_size() {
        let progress = vec![TrialProgress::not_started(); 5];
        assert_eq!(
            cohorts(&planned(&progress, 2, false)),
            [
                (vec![0, 1], FROM_START),
                (vec![2, 3], FROM_START),
                (vec![4], FROM_START)
            ]
        );
        assert_eq!(planned(&progress, 1, false).cohorts.len(), 5);
    }

    #[test]
    fn trials_that_cannot_train_together_do_not_and_keep_their_order() {
        let longer = |seed| {
            let mut longer = trial(seed);
            longer.training.steps *= 2;
            longer
        };
        let options = PlanOptions {
            models_per_cohort: CohortSizes::all(8),
            retry_failed: false,
        };
        let trials = [trial(0), longer(1), trial(2), longer(3), trial(0)];
        let plan = plan(trials, &options, |_| TrialProgress::not_started());
        assert_eq!(
            cohorts(&plan),
            [(vec![0, 2], FROM_START), (vec![1, 3], FROM_START)],
            "and a trial that comes twice is planned once"
        );
    }

    #[test]
    fn what_is_left_decides_the_place() {
        let locked = TrialProgress {
            is_locked: true,
            ..TrialProgress::not_started()
        };
        let progress = [
            TrialProgress::not_started(),
            TrialProgress::at(Reached::Step(500)),
            TrialProgress::at(Reached::Trained),
            TrialProgress::at(Reached::Scored),
            failed(0),
            locked,
            TrialProgress::at(Reached::Step(500)),
            TrialProgress {
                failure: Some("left over".to_owned()),
                ..TrialProgress::at(Reached::Scored)
            },
        ];
        let plan = planned(&progress, 8, false);
        assert_eq!(
            cohorts(&plan),
            [
                (vec![0], FROM_START),
                (vec![1, 6], Work::Train { from_step: 500 }),
                (vec![2], Work::Score),
            ]
        );
        assert_eq!(seeds(&plan.locked), [5]);
        let counts = plan.counts();
        assert_eq!(
            counts,
            Counts {
                trials: 8,
                to_train: 1,
                to_resume: 2,
                to_continue: 0,
                to_score: 1,
                done: 2,
                failed: 1,
                locked: 1,
            }
        );
    }

    #[test]
    fn more_steps_go_on_from_a_shorter_trial_unless_their_own_checkpoint_is_further() {
        let from: TrialId = "0123456789abcdef".parse().unwrap();
        let continuing = |own_step| TrialProgress {
            continuation: Some(Continuation {
                from: from.clone(),
                step: 300,
            }),
            ..TrialProgress::at(Reached::Step(own_step))
        };
        let progress = [continuing(0), continuing(400), TrialProgress::not_started()];
        let plan = planned(&progress, 8, false);
        let from_step = |from_step| Work::Train { from_step };
        assert_eq!(
            cohorts(&plan),
            [
                (vec![0], from_step(300)),
                (vec![1], from_step(400)),
                (vec![2], FROM_START)
            ]
        );
        let continues: Vec<_> = plan
            .cohorts
            .iter()
            .map(|c| &c.trials[0].continues)
            .collect();
        assert_eq!(continues, [&Some(from), &None, &None]);
        let counts = plan.counts();
        assert_eq!(
            (counts.to_train, counts.to_resume, counts.to_continue),
            (1, 1, 1)
        );
    }

    #[test]
    fn breadth_first_every_setting_has_its_first_seed_before_any_has_its_second() {
        let of = |beta, seed| Trial::new(unravel_sweep::Objective::beta_vae(beta), seed);
        let written = [of(1.0, 5), of(1.0, 6), of(1.0, 7), of(4.0, 6), of(4.0, 5)];
        let order = breadth_first(written.to_vec());
        let expected = [of(1.0, 5), of(4.0, 6), of(1.0, 6), of(4.0, 5), of(1.0, 7)];
        assert_eq!(order, expected);
    }

    #[test]
    fn failed_trials_are_tried_again_on_request_from_where_they_were() {
        let plan = planned(&[failed(300), TrialProgress::not_started()], 8, true);
        assert_eq!(
            cohorts(&plan),
            [
                (vec![0], Work::Train { from_step: 300 }),
                (vec![1], FROM_START)
            ]
        );
        assert!(plan.cohorts[0].trials[0].is_retry);
        assert!(!plan.cohorts[1].trials[0].is_retry);
    }

    #[test]
    fn a_hundred_thousand_trials_are_planned_in_a_moment() {
        let began = std::time::Instant::now();
        let options = PlanOptions {
            models_per_cohort: CohortSizes::all(32),
            retry_failed: false,
        };
        let plan = plan((0..100_000).map(trial), &options, |_| {
            TrialProgress::not_started()
        });
        assert_eq!(plan.cohorts.len(), 3_125);
        assert!(began.elapsed().as_secs() < 10, "took {:?}", began.elapsed());
    }
}
