//! Runs that are killed, interrupted, divided differently or doubled, and what they come to: always the same bytes.

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rustix::process::Signal;

use support::lab::{Lab, Running};
use support::process::{Process, children, time_until_gone};
use support::store::{assert_same, attempts, models, results, states, steps};
use support::sweeps::LONGER;

/// A worker whose orchestrator is gone is gone itself within this time.
const MOURNING: Duration = Duration::from_secs(1);

/// Fails where workers outlived their orchestrator. The quickest of several times counts: now and then a busy disk holds
/// up a process, which then cannot even die.
fn assert_mourning_is_short(times: &[Duration]) {
    let shortest = times.iter().min().expect("workers were there to be seen");
    assert!(*shortest < MOURNING, "workers outlived theirs: {times:?}");
}

const N_TRIALS: usize = 5;
/// Steps of each trial.
const STEPS: u64 = 240;

/// Checkpoints come so often that most moments lie between two of them.
const RUN: [&str; 6] = [
    "run",
    "sweep.toml",
    "--jobs",
    "2",
    "--checkpoint-every",
    "0.05",
];

/// What the trials come to when nothing goes wrong.
static UNINTERRUPTED: LazyLock<BTreeMap<String, Vec<u8>>> = LazyLock::new(|| {
    let lab = Lab::with_sweep(LONGER);
    lab.run_well(&["run", "sweep.toml"]);
    results(&lab.path("runs"))
});

/// One test at a time: they watch the clock, and each of them keeps all cores busy.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store that is watched from outside: no trial ever goes back, and none that is trained is trained again.
struct Watched {
    store: PathBuf,
    steps: BTreeMap<String, u64>,
    models: BTreeMap<String, SystemTime>,
}

impl Watched {
    fn new(lab: &Lab) -> Self {
        Self {
            store: lab.path("runs"),
            steps: BTreeMap::new(),
            models: BTreeMap::new(),
        }
    }

    /// Looks at the steps that every trial has saved, and returns their sum.
    fn look(&mut self) -> u64 {
        for (id, step) in steps(&self.store) {
            let before = self.steps.entry(id.clone()).or_default();
            assert!(*before <= step, "{id} went back from {before} to {step}");
            *before = step;
        }
        self.steps.values().sum()
    }

    /// Looks at the trained models, which are never written again.
    fn look_at_models(&mut self) {
        let models = models(&self.store);
        for (name, modified) in &self.models {
            assert_eq!(models.get(name), Some(modified), "{name} was trained again");
        }
        self.models = models;
    }

    /// Lets a run work until so many steps are saved, or it ends by itself; then false.
    fn wait_for_steps(&mut self, running: &mut Running, n_steps: u64) -> bool {
        running.watch(|| n_steps <= self.look())
    }
}

fn assert_finishes_identically(lab: &Lab, watched: &mut Watched) {
    watched.look_at_models();
    let mut last = lab.start(&RUN);
    watched.wait_for_steps(&mut last, u64::MAX);
    let ran = last.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    watched.look();
    watched.look_at_models();
    assert_eq!(watched.models.len(), N_TRIALS);
    assert_same("after all", &results(&lab.path("runs")), &UNINTERRUPTED);
}

/// Steps that are to be saved before the next kill: a little further each time, at a moment of its own.
fn next_moment(random: &mut ChaCha8Rng, watched: &mut Watched) -> (u64, Duration) {
    let at = watched.look() + u64::from(random.next_u32()) % (STEPS * 2);
    (at, Duration::from_millis(u64::from(random.next_u32()) % 60))
}

/// Starts the sweep `n_kills` times, has `kill` end it at random moments, and lets it finish.
fn check_killed(seed: u64, n_kills: usize, kill: impl Fn(&Running, &[Process])) {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut watched = Watched::new(&lab);
    let mut times = Vec::new();
    for _ in 0..n_kills {
        watched.look_at_models();
        let (at, delay) = next_moment(&mut random, &mut watched);
        let mut running = lab.start(&RUN);
        watched.wait_for_steps(&mut running, at);
        std::thread::sleep(delay);
        let workers = children(running.pid());
        kill(&running, &workers);
        if !workers.is_empty() {
            times.push(time_until_gone(&workers));
        }
        running.wait();
        watched.look();
    }
    assert_mourning_is_short(&times);
    assert_finishes_identically(&lab, &mut watched);
}

#[test]
fn a_killed_orchestrator_takes_its_workers_along_and_the_next_run_goes_on() {
    check_killed(1, 3, |running, _| running.signal(Signal::KILL));
}

#[test]
fn orchestrator_and_workers_killed_together_are_no_worse() {
    check_killed(2, 3, |running, workers| {
        workers.iter().for_each(|worker| worker.kill());
        running.signal(Signal::KILL);
    });
}

#[test]
fn a_run_killed_in_its_first_moments_leaves_nothing_that_stops_the_next() {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let mut times = Vec::new();
    for millis in [5, 15, 30, 60, 120, 240] {
        let running = lab.start(&RUN);
        std::thread::sleep(Duration::from_millis(millis));
        let workers = children(running.pid());
        running.signal(Signal::KILL);
        if !workers.is_empty() {
            times.push(time_until_gone(&workers));
        }
    }
    assert_mourning_is_short(&times);
    assert_finishes_identically(&lab, &mut Watched::new(&lab));
}

#[test]
fn a_killed_worker_is_replaced_within_the_same_run() {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut watched = Watched::new(&lab);
    let mut running = lab.start(&RUN);
    let mut n_killed = 0;
    for _ in 0..3 {
        let (at, delay) = next_moment(&mut random, &mut watched);
        watched.wait_for_steps(&mut running, at.max(1));
        std::thread::sleep(delay);
        let workers = children(running.pid());
        if let Some(worker) = workers.first() {
            worker.kill();
            n_killed += 1;
        }
    }
    watched.wait_for_steps(&mut running, u64::MAX);
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        0 < n_killed && ran.stderr.contains("SIGKILL"),
        "{}",
        ran.stderr
    );
    assert_finishes_identically(&lab, &mut watched);
}

#[test]
fn an_interrupted_run_saves_and_goes_on() {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let mut watched = Watched::new(&lab);
    // Checkpoints every minute: those that are there afterwards were made because of the interrupt.
    let mut running = lab.start(&["run", "sweep.toml", "--jobs", "2"]);
    let in_training = |state: &serde_json::Value| state["status"] == "training";
    let store = lab.path("runs");
    assert!(running.watch(|| states(&store).values().filter(|s| in_training(s)).count() == 2));
    std::thread::sleep(Duration::from_millis(150));
    let began = Instant::now();
    running.signal(Signal::INT);
    let ran = running.wait();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(ran.stderr.contains("saving checkpoints"), "{}", ran.stderr);
    assert!(0 < watched.look(), "no step was saved");
    let n_begun = states(&store).values().filter(|s| in_training(s)).count();
    assert!(0 < n_begun, "the interrupt came too late to test anything");
    assert_finishes_identically(&lab, &mut watched);
}

#[test]
fn jobs_and_cohorts_do_not_change_a_bit() {
    let _turn = turn();
    for options in [
        &["--jobs", "1"][..],
        &["--cohort", "4", "--jobs", "1"],
        &["--cohort", "3", "--jobs", "2", "--checkpoint-every", "0.1"],
    ] {
        let lab = Lab::with_sweep(LONGER);
        lab.run_well(&[&["run", "sweep.toml"], options].concat());
        let context = options.join(" ");
        assert_same(&context, &results(&lab.path("runs")), &UNINTERRUPTED);
    }
}

#[test]
fn two_runs_at_once_share_the_work() {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let run = |report| {
        lab.start(&[
            "run",
            "sweep.toml",
            "--json",
            "--jobs",
            "1",
            "--report",
            report,
        ])
    };
    let both = [run("report-1"), run("report-2")];
    let both = both.map(Running::wait);
    for ran in &both {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let store = lab.path("runs");
    assert_same("two runs", &results(&store), &UNINTERRUPTED);
    let once: BTreeMap<String, u64> = steps(&store).into_keys().map(|id| (id, 1)).collect();
    assert_eq!(attempts(&store), once);
    let trained: u64 = both.iter().map(|ran| ran.tally("trained")).sum();
    assert_eq!(
        trained, N_TRIALS as u64,
        "both say that they trained a trial"
    );
}

#[test]
fn killed_in_a_cohort_and_finished_alone_is_the_same() {
    let _turn = turn();
    let lab = Lab::with_sweep(LONGER);
    let mut watched = Watched::new(&lab);
    let cohort = ["--cohort", "4", "--jobs", "1", "--checkpoint-every", "0.05"];
    let mut running = lab.start(&[&["run", "sweep.toml"], &cohort[..]].concat());
    watched.wait_for_steps(&mut running, STEPS);
    running.signal(Signal::KILL);
    running.wait();
    assert_finishes_identically(&lab, &mut watched);
}
