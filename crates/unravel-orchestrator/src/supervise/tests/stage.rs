//! A stage for runs in virtual time: a clock, a store and workers that follow a script.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use unravel_store::protocol::{Event, FailureCause, Order};
use unravel_sweep::{EvaluationConfig, TrialId};

use crate::cohort_sizes::CohortSizes;
use crate::device::{Device, Slot};
use crate::launcher::{Adopted, Ending, How, JobId, Launcher, Report};
use crate::observe::{Observed, Observer};
use crate::plan::{PlanOptions, Work, plan};
use crate::policy::{Clock, Interrupt, Policy};
use crate::records::{PlannedTrial, Records};
use crate::summary::{Outcome, Summary};
use crate::supervise::Supervisor;
use crate::testing::{seeds, trial};
use unravel_store::{Reached, TrialProgress};

/// How long a killed worker takes to end.
const DYING: Duration = Duration::from_millis(10);
/// How long a worker without a script takes for everything.
const USUAL: Duration = Duration::from_millis(100);

/// What a worker does, or what happens meanwhile. Trials are named by their seeds.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Done(u64),
    Fail(u64, &'static str),
    HeldByOther(u64),
    Fatal(FailureCause, &'static str),
    Heartbeat,
    Exit(i32),
    Signal(i32),
    NotStarted(&'static str),
    TakenAway(&'static str),
    /// The store is found to hold this.
    Found(u64, TrialProgress),
    /// The user interrupts.
    Raise,
    /// The orchestrator stands still for so many seconds.
    Standstill(u64),
}

/// Acts of one worker, with their milliseconds.
type Script = Vec<(u64, Act)>;

/// What there is at the beginning of a run.
pub(super) struct Scene {
    slots: Vec<Slot>,
    n_trials: u64,
    models_per_cohort: usize,
    policy: Policy,
    world: World,
}

/// Everything behind the supervisor's interfaces.
#[derive(Default)]
struct World {
    now: Duration,
    n_acts: usize,
    agenda: BTreeMap<(Duration, usize), (JobId, Act)>,
    /// By the seed of a cohort's first trial and the number of its start, from 1.
    scripts: BTreeMap<(u64, usize), Vec<(u64, Act)>>,
    n_starts: BTreeMap<u64, usize>,
    jobs: BTreeMap<JobId, u64>,
    held: BTreeMap<u64, TrialProgress>,
    /// Jobs of an earlier run, by their trials, with what they do from the beginning.
    survivors: Vec<(Vec<u64>, Script)>,
    names: BTreeMap<TrialId, u64>,
    interrupt: Interrupt,
    is_deaf: bool,
    is_immortal: bool,
    timeline: Vec<String>,
    written: Vec<String>,
}

impl Scene {
    pub(super) fn cpu(n_slots: usize) -> Self {
        Self::on(vec![Device::Cpu; n_slots])
    }

    pub(super) fn cuda(n_slots: usize) -> Self {
        Self::on((0..n_slots).map(Device::Cuda).collect())
    }

    fn on(devices: Vec<Device>) -> Self {
        let slot = |(index, device)| Slot {
            index,
            device,
            n_threads: 1,
        };
        Self {
            slots: devices.into_iter().enumerate().map(slot).collect(),
            n_trials: 1,
            models_per_cohort: 1,
            policy: Policy::default(),
            world: World::default(),
        }
    }

    /// Seeds 0..n of one setting.
    pub(super) fn trials(mut self, n: u64) -> Self {
        self.n_trials = n;
        self
    }

    pub(super) fn together(mut self, models_per_cohort: usize) -> Self {
        self.models_per_cohort = models_per_cohort;
        self
    }

    pub(super) fn crashes(mut self, max_crashes: u32) -> Self {
        self.policy.max_crashes = max_crashes;
        self
    }

    pub(super) fn evictions(mut self, max_evictions: u32) -> Self {
        self.policy.max_evictions = max_evictions;
        self
    }

    pub(super) fn failures_in_a_row(mut self, n: usize) -> Self {
        self.policy.max_failures_in_a_row = n;
        self
    }

    pub(super) fn stop_at(mut self, millis: u64) -> Self {
        self.policy.stop_at = Some(Duration::from_millis(millis));
        self
    }

    /// What the store holds at the beginning.
    pub(super) fn holds(mut self, seed: u64, held: TrialProgress) -> Self {
        self.world.held.insert(seed, held);
        self
    }

    /// What happens at the `nth` start (from 1) of the cohort that begins with `seed`, by milliseconds after it.
    pub(super) fn worker<const N: usize>(
        mut self,
        seed: u64,
        nth: usize,
        script: [(u64, Act); N],
    ) -> Self {
        self.world.scripts.insert((seed, nth), script.to_vec());
        self
    }

    /// A job of an earlier run is still at these trials.
    pub(super) fn survivor<const N: usize>(
        mut self,
        seeds: &[u64],
        script: [(u64, Act); N],
    ) -> Self {
        self.world.survivors.push((seeds.to_vec(), script.to_vec()));
        self
    }

    /// Workers ignore being asked to stop.
    pub(super) fn deaf(mut self) -> Self {
        self.world.is_deaf = true;
        self
    }

    /// Workers do not even end when killed.
    pub(super) fn immortal(mut self) -> Self {
        self.world.is_immortal = true;
        self
    }

    /// Runs, and compares what happened (milliseconds, then what), and after it what was written to the store.
    pub(super) fn check(self, expected: &str) -> Summary {
        let interrupt = self.world.interrupt.clone();
        let world = Rc::new(RefCell::new(self.world));
        let options = PlanOptions {
            models_per_cohort: CohortSizes::all(self.models_per_cohort),
            retry_failed: false,
        };
        let plan = plan((0..self.n_trials).map(trial), &options, |planned| {
            world
                .borrow_mut()
                .names
                .insert(planned.id.clone(), planned.trial.seed);
            // Locks are not looked at beforehand: they come and go.
            TrialProgress {
                is_locked: false,
                ..Stage(world.clone()).progress(planned)
            }
        });
        let summary = Supervisor {
            launcher: &mut Stage(world.clone()),
            records: &Stage(world.clone()),
            observer: &mut Stage(world.clone()),
            clock: &Stage(world.clone()),
            interrupt: &interrupt,
            policy: self.policy,
            order: Order::new("", Vec::new(), EvaluationConfig::default(), "/store", ""),
        }
        .run(plan, self.slots);
        let world = world.borrow();
        let seen = [world.timeline.as_slice(), world.written.as_slice()]
            .concat()
            .join("\n");
        let expected: Vec<&str> = expected.lines().map(str::trim).collect();
        assert_eq!(
            seen,
            expected.join("\n"),
            "\n--- what happened:\n{seen}\n---"
        );
        assert_eq!(
            summary.outcomes.len() as u64,
            self.n_trials,
            "every trial is accounted for"
        );
        summary
    }
}

impl World {
    fn id(&self, seed: u64) -> TrialId {
        let (id, _) = self.names.iter().find(|(_, name)| **name == seed).unwrap();
        id.clone()
    }

    fn at(&mut self, moment: Duration, job: JobId, act: Act) {
        self.n_acts += 1;
        self.agenda.insert((moment, self.n_acts), (job, act));
    }

    fn note(&mut self, what: &str) {
        let line = format!("{} {what}", self.now.as_millis());
        self.timeline.push(line);
    }

    /// Ends a job by and by, and forgets what else it would have done.
    fn end(&mut self, job: JobId, delay: Duration, act: Act) {
        self.agenda
            .retain(|_, (other, act)| *other != job || matches!(act, Act::Raise | Act::Found(..)));
        self.at(self.now + delay, job, act);
    }

    fn perform(&mut self, act: Act) -> Option<Report> {
        let ending = |how| {
            Some(Report::Ended(Ending {
                how,
                last_lines: Vec::new(),
            }))
        };
        let event = match act {
            Act::Done(seed) => {
                self.held.insert(seed, TrialProgress::at(Reached::Scored));
                Event::TrialDone { id: self.id(seed) }
            }
            Act::Fail(seed, reason) => Event::TrialFailed {
                id: self.id(seed),
                reason: reason.to_owned(),
            },
            Act::HeldByOther(seed) => {
                self.held.insert(
                    seed,
                    TrialProgress {
                        is_locked: true,
                        ..TrialProgress::not_started()
                    },
                );
                Event::TrialHeld {
                    id: self.id(seed),
                    holder: "another".to_owned(),
                }
            }
            Act::Fatal(cause, reason) => Event::Failed {
                cause,
                reason: reason.to_owned(),
            },
            Act::Heartbeat => Event::Heartbeat,
            Act::Exit(status) => return ending(How::Exited(status)),
            Act::NotStarted(reason) => return ending(How::NotStarted(reason.to_owned())),
            Act::Signal(signal) => return ending(How::Signalled(signal)),
            Act::TakenAway(why) => return ending(How::TakenAway(why.to_owned())),
            Act::Found(seed, held) => {
                self.held.insert(seed, held);
                return None;
            }
            Act::Raise => {
                self.interrupt.raise();
                return None;
            }
            Act::Standstill(secs) => {
                self.now += Duration::from_secs(secs);
                return None;
            }
        };
        Some(Report::Event(event))
    }
}

/// One of the supervisor's interfaces to the world.
struct Stage(Rc<RefCell<World>>);

impl Launcher for Stage {
    fn adopt(&mut self, first: JobId) -> Vec<Adopted> {
        let mut world = self.0.borrow_mut();
        let mut adopted = Vec::new();
        for (seeds, script) in std::mem::take(&mut world.survivors) {
            let job = JobId(first.0 + adopted.len() as u64);
            world.jobs.insert(job, seeds[0]);
            for (millis, act) in script {
                world.at(Duration::from_millis(millis), job, act);
            }
            let trials = seeds.iter().map(|&seed| trial(seed).id()).collect();
            adopted.push(Adopted { job, trials });
        }
        adopted
    }

    fn start(&mut self, job: JobId, _slot: &Slot, order: &Order) {
        let mut world = self.0.borrow_mut();
        assert_eq!(order.fault(), None);
        let seeds: Vec<u64> = order.trials.iter().map(|trial| trial.seed).collect();
        let first = seeds[0];
        world.jobs.insert(job, first);
        let nth = *world
            .n_starts
            .entry(first)
            .and_modify(|n| *n += 1)
            .or_insert(1);
        let now = world.now;
        match world.scripts.remove(&(first, nth)) {
            Some(script) => {
                // A worker without an act is one that hangs from the start.
                world.at(now, job, Act::Heartbeat);
                for (millis, act) in script {
                    world.at(now + Duration::from_millis(millis), job, act);
                }
            }
            None => {
                for seed in seeds {
                    world.at(now + USUAL, job, Act::Done(seed));
                }
                world.at(now + USUAL, job, Act::Exit(0));
            }
        }
    }

    fn poll(&mut self, timeout: Duration) -> Vec<(JobId, Report)> {
        let mut world = self.0.borrow_mut();
        let until = world.now + timeout;
        assert!(
            until < Duration::from_secs(36_000),
            "the run does not end: {:#?}",
            world.timeline
        );
        let moment = match world.agenda.first_key_value() {
            Some((&(moment, _), _)) if moment <= until => moment,
            _ => {
                world.now = until;
                return Vec::new();
            }
        };
        world.now = world.now.max(moment);
        let mut reports = Vec::new();
        while let Some(entry) = world.agenda.first_entry()
            && entry.key().0 == moment
        {
            let (job, act) = entry.remove();
            reports.extend(world.perform(act).map(|report| (job, report)));
        }
        reports
    }

    fn stop(&mut self, job: JobId) {
        let mut world = self.0.borrow_mut();
        let first = world.jobs[&job];
        world.note(&format!("stopped {first}"));
        if !world.is_deaf {
            world.end(job, DYING, Act::Exit(0));
        }
    }

    fn kill(&mut self, job: JobId) {
        let mut world = self.0.borrow_mut();
        let first = world.jobs[&job];
        world.note(&format!("killed {first}"));
        if !world.is_immortal {
            world.end(job, DYING, Act::Signal(9));
        }
    }
}

impl Records for Stage {
    fn progress(&self, planned: &PlannedTrial) -> TrialProgress {
        let world = self.0.borrow();
        world
            .held
            .get(&planned.trial.seed)
            .cloned()
            .unwrap_or_else(TrialProgress::not_started)
    }

    fn mark_failed(&self, planned: &PlannedTrial, reason: &str) {
        let line = format!("store: {} failed: {reason}", planned.trial.seed);
        self.0.borrow_mut().written.push(line);
    }
}

impl Clock for Stage {
    fn now(&self) -> Duration {
        self.0.borrow().now
    }
}

impl Observer for Stage {
    fn on(&mut self, observed: &Observed<'_>) {
        let mut world = self.0.borrow_mut();
        let line = match observed {
            Observed::CohortStarted {
                slot, trials, work, ..
            } => {
                let seeds: Vec<String> = seeds(trials).iter().map(u64::to_string).collect();
                let work = match work {
                    Work::Train { from_step: 0 } => String::new(),
                    Work::Train { from_step } => format!(" from {from_step}"),
                    Work::Score => " to score".to_owned(),
                };
                format!("slot {} starts {}{work}", slot.index, seeds.join(","))
            }
            Observed::Worker { .. } | Observed::CohortEnded { .. } => return,
            Observed::TrialSettled { id, outcome } => {
                let name = world.names[*id];
                match outcome {
                    Outcome::Cached => format!("{name} cached"),
                    Outcome::Trained => format!("{name} trained"),
                    Outcome::Scored => format!("{name} scored"),
                    Outcome::Failed { reason, .. } => format!("{name} failed: {reason}"),
                    Outcome::Left => format!("{name} left"),
                }
            }
            Observed::TrialHeld { id, .. } => format!("held {}", world.names[*id]),
            Observed::CohortCrashed {
                reason,
                retry_in: Some(wait),
                ..
            } => {
                format!("crash: {reason}; again in {} ms", wait.as_millis())
            }
            Observed::CohortCrashed { reason, .. } => format!("crash: {reason}; never again"),
            Observed::Stopping { grace } => {
                format!("stopping, killing in {} ms", grace.as_millis())
            }
            Observed::Killing => "killing".to_owned(),
            Observed::GaveUp { reason } => format!("gave up: {reason}"),
        };
        world.note(&line);
    }
}
