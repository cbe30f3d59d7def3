//! The state of a run, from its events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use unravel_orchestrator::launcher::JobId;
use unravel_orchestrator::observe::Observed;
use unravel_orchestrator::plan::{Plan, Work};
use unravel_orchestrator::policy::Interrupt;
use unravel_orchestrator::summary::Outcome;
use unravel_store::Event;
use unravel_store::protocol::Phase;
use unravel_sweep::{Trial, TrialId};

use crate::stdout;
use crate::study::Study;

/// A running cohort.
pub struct JobState {
    /// Its setting and seed, or how many trials it has.
    pub title: String,
    pub step: u64,
    pub steps: u64,
    pub images_per_sec: Option<f64>,
    /// None before the first event of its worker: on a cluster, the job may be queued.
    pub phase: Option<Phase>,
    /// The score that is being computed: `dci study (3 of 40)`.
    score: String,
    n_trials: u64,
}

/// Maximum number of cohorts shown; a cluster may run hundreds.
const MAX_SHOWN: usize = 8;

impl JobState {
    /// The current phase, in a few words.
    pub fn doing(&self) -> String {
        match (self.phase, self.images_per_sec) {
            (Some(Phase::Training), Some(rate)) => {
                format!("{} images/s", stdout::thousands(rate.round() as u64))
            }
            (Some(phase @ Phase::Scoring), _) => format!("{} {}", phase.name(), self.score),
            (Some(Phase::Drawing), _) => "rendering pictures".to_owned(),
            (Some(phase), _) => phase.name().to_owned(),
            (None, _) => "waiting to start".to_owned(),
        }
    }
}

/// The state of a run.
pub struct RunState {
    pub name: String,
    pub n_trials: usize,
    /// Done or failed.
    pub n_settled: usize,
    /// Done before this run.
    pub n_done_before: usize,
    /// Failed before this run, and not retried.
    pub n_failed_before: usize,
    pub jobs: BTreeMap<JobId, JobState>,
    labels: BTreeMap<TrialId, String>,
    began: Instant,
    /// Steps of all trials that were unfinished at the start.
    steps_to_do: u64,
    /// Those of them whose cohorts have ended.
    steps_ended: u64,
    /// The step at which each running cohort started.
    steps_before: BTreeMap<JobId, u64>,
    leaves_jobs: bool,
    /// Problems that were printed.
    told: BTreeSet<String>,
    interrupt: Interrupt,
}

impl RunState {
    /// Before the first event.
    pub fn new(study: &Study, plan: &Plan, leaves_jobs: bool, interrupt: Interrupt) -> Self {
        let left = plan.cohorts.iter().flat_map(|cohort| {
            let from = from_step(cohort.work);
            cohort
                .trials
                .iter()
                .map(move |t| from.map_or(0, |f| t.trial.training.steps - f))
        });
        Self {
            name: study.sweep.name.clone(),
            n_trials: plan.counts().trials,
            n_settled: plan.done.len() + plan.failed.len(),
            n_done_before: plan.done.len(),
            n_failed_before: plan.failed.len(),
            jobs: BTreeMap::new(),
            labels: study
                .trials
                .iter()
                .map(|trial| (trial.id(), label(trial)))
                .collect(),
            began: Instant::now(),
            steps_to_do: left.sum(),
            steps_ended: 0,
            steps_before: BTreeMap::new(),
            leaves_jobs,
            told: BTreeSet::new(),
            interrupt,
        }
    }

    /// Whether this problem was not printed before. Planner, workers and supervisor may all report the same one.
    pub fn is_new(&mut self, problem: &str) -> bool {
        self.told.insert(problem.to_owned())
    }

    /// The cohorts to show: the first [`MAX_SHOWN`] that have reported anything.
    pub fn shown(&self) -> Vec<(&JobId, &JobState)> {
        let heard = self.jobs.iter().filter(|(_, job)| job.phase.is_some());
        heard.take(MAX_SHOWN).collect()
    }

    /// The number of cohorts that are not shown, in words.
    pub fn not_shown(&self) -> Option<String> {
        let n_heard = self.jobs.values().filter(|job| job.phase.is_some()).count();
        let parts = [
            (n_heard.saturating_sub(MAX_SHOWN), "more running"),
            (self.jobs.len() - n_heard, "waiting"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(n, _)| 0 < *n)
            .map(|(n, what)| format!("{n} {what}"))
            .collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Updates the state with an event.
    pub fn take(&mut self, observed: &Observed<'_>) {
        match observed {
            Observed::CohortStarted {
                job, trials, work, ..
            } => {
                let title = match trials {
                    [one] => label(&one.trial),
                    _ => {
                        let setting = trials[0].trial.setting().family_title;
                        format!("{setting}, {}", stdout::count(trials.len(), "trial"))
                    }
                };
                let steps = trials[0].trial.training.steps;
                let step = from_step(*work).unwrap_or(steps);
                self.steps_before.insert(*job, step);
                let (phase, n_trials) = (None, trials.len() as u64);
                let state = JobState {
                    title,
                    step,
                    steps,
                    images_per_sec: None,
                    phase,
                    score: String::new(),
                    n_trials,
                };
                self.jobs.insert(*job, state);
            }
            Observed::Worker { job, event } => self.take_event(*job, event),
            Observed::TrialSettled { .. } => self.n_settled += 1,
            Observed::CohortEnded { job, .. } => {
                if let Some(state) = self.jobs.remove(job) {
                    let before = self.steps_before.remove(job).unwrap_or(0);
                    self.steps_ended += (state.step - before.min(state.step)) * state.n_trials;
                }
            }
            _ => {}
        }
    }

    fn take_event(&mut self, job: JobId, event: &Event) {
        let Some(state) = self.jobs.get_mut(&job) else {
            return;
        };
        match event {
            Event::Started { .. } => state.phase = Some(Phase::Preparing),
            Event::Phase { phase, .. } => {
                state.phase = Some(*phase);
                state.score.clear();
            }
            Event::Scoring {
                metric,
                variant,
                done,
                total,
                ..
            } => state.score = format!("{metric} {variant} ({} of {total})", done + 1),
            Event::Progress {
                step,
                images_per_sec,
                ..
            } => {
                state.step = *step;
                state.images_per_sec = *images_per_sec;
            }
            _ => {}
        }
    }

    /// A sentence on an event, if it needs one.
    pub fn sentence(&mut self, observed: &Observed<'_>) -> Option<String> {
        match observed {
            Observed::Worker {
                event: Event::Log { message },
                ..
            } => Some(message.clone()),
            Observed::TrialSettled {
                id,
                outcome:
                    Outcome::Failed {
                        reason,
                        elsewhere: false,
                    },
            } => Some(self.failure(id, reason)),
            Observed::TrialHeld { id, holder } => Some(format!(
                "{} is in use by another run{}; waiting for it",
                self.label(id),
                holder.map_or_else(String::new, |holder| format!(" ({holder})"))
            )),
            // The next event has the same reason: the trials fail, or the run ends.
            Observed::CohortCrashed { retry_in: None, .. } => None,
            Observed::CohortCrashed {
                job,
                reason,
                retry_in: Some(wait),
            } => {
                let who = self
                    .jobs
                    .get(job)
                    .map_or("a worker", |job| job.title.as_str());
                let secs = wait.as_secs_f64();
                // A repeated reason is not printed again.
                let problem = format!("{who} crashed ({reason})");
                let sentence = format!("{problem}; retrying in {secs:.0} s");
                self.is_new(&problem).then_some(sentence)
            }
            Observed::Stopping { .. } if self.leaves_jobs => None,
            Observed::Stopping { .. } if self.interrupt.n_raised() == 0 => {
                Some("time budget used up; saving checkpoints".to_owned())
            }
            Observed::Stopping { .. } => {
                Some("saving checkpoints; interrupt again to stop at once".to_owned())
            }
            // With nothing else at work the run ends at once, and says the same.
            Observed::GaveUp { .. } if self.jobs.is_empty() => None,
            Observed::GaveUp { reason } => Some((*reason).to_owned()),
            _ => None,
        }
    }

    /// The progress of the run in one sentence.
    pub fn so_far(&self) -> String {
        let left = self
            .time_left()
            .map_or_else(String::new, |left| format!(", about {left} left"));
        format!(
            "{} of {} done or failed, {} running{left}",
            self.n_settled,
            stdout::count(self.n_trials, "trial"),
            stdout::count(self.jobs.len(), "cohort"),
        )
    }

    /// The estimated remaining time; none until enough steps are done.
    pub fn time_left(&self) -> Option<String> {
        let at_work: u64 = self
            .jobs
            .iter()
            .map(|(id, job)| {
                let before = self.steps_before.get(id).copied().unwrap_or(0);
                (job.step - before.min(job.step)) * job.n_trials
            })
            .sum();
        let done = self.steps_ended + at_work;
        let elapsed_secs = self.began.elapsed().as_secs_f64();
        if done == 0 || elapsed_secs < 5.0 || self.steps_to_do <= done {
            return None;
        }
        let secs = elapsed_secs * (self.steps_to_do - done) as f64 / done as f64;
        Some(stdout::duration(secs))
    }

    /// `β-VAE β=4, seed 1 (trial 04597ee34d19bd9f) failed: …`.
    pub fn failure(&self, id: &TrialId, reason: &str) -> String {
        match self.labels.get(id) {
            Some(label) => format!("{label} (trial {id}) failed: {reason}"),
            None => format!("trial {id} failed: {reason}"),
        }
    }

    fn label(&self, id: &TrialId) -> String {
        self.labels
            .get(id)
            .cloned()
            .unwrap_or_else(|| format!("trial {id}"))
    }
}

/// The step that a cohort trains from; none if it is only scored.
fn from_step(work: Work) -> Option<u64> {
    match work {
        Work::Train { from_step } => Some(from_step),
        Work::Score => None,
    }
}

/// `β-VAE β=4, seed 1`.
fn label(trial: &Trial) -> String {
    format!("{}, seed {}", trial.setting().label, trial.seed)
}
