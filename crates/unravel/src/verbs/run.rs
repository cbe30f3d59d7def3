//! `unravel run`: train what is missing, score what is missing, write the report.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use unravel_orchestrator::device::Slot;
use unravel_orchestrator::observe::{Observed, Observer};
use unravel_orchestrator::plan::{Plan, PlanOptions, Work, breadth_first};
use unravel_orchestrator::policy::{Interrupt, Policy, SystemClock};
use unravel_orchestrator::store_records::StoreRecords;
use unravel_orchestrator::summary::Summary;
use unravel_orchestrator::supervise::Supervisor;
use unravel_store::{Order, Store};

use crate::cli::RunArgs;
use crate::exit::{Exit, Failure};
use crate::launch::Launch;
use crate::live::Live;
use crate::memory::WorkerMemory;
use crate::progress::Progress;
use crate::study::Study;
use crate::{interrupt, launch, limits, output, say};

/// The most of a budget that is kept for saving and for the report.
const MAX_TIME_FOR_THE_END: Duration = Duration::from_secs(10);

/// Runs a sweep.
pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let began = Instant::now();
    let (devices, note) = launch::devices(args)?;
    let study = Study::open(&args.common.sweep)?;
    let store = Store::open(absolute(&args.common.store)?)?;
    let mut launch = Launch::new(args, devices, &study.sweep.name, &store)?;
    let report_folder = study.report_folder(args.report.as_deref());
    // Before hours of training, not after them.
    study.make_report_folder(&report_folder)?;

    let wanted = |trial: &_| study.requests(trial, args.keep_codes);
    let records = StoreRecords::new(&store, &wanted).thorough();
    let options = PlanOptions {
        models_per_cohort: launch.cohort_sizes(args, &study)?,
        retry_failed: args.retry_failed,
    };
    let plan = match args.budget {
        None => study.plan(study.trials.clone(), &records, &options),
        Some(_) => {
            let trials = breadth_first(study.trials.clone());
            let mut plan = study.plan(trials, &records, &options);
            // A trained trial is nearest to an answer.
            plan.cohorts
                .sort_by_key(|cohort| cohort.work != Work::Score);
            plan
        }
    };
    let n_left = plan.cohorts.len() + plan.locked.len();
    let slots = launch.slots(args.machine.jobs, n_left);
    let memory = WorkerMemory::of(&study, &plan, launch.devices[0].class())?;
    let memory_note = launch.memory_note(args, &memory, slots.len());
    let leaves_jobs = launch.leaves_jobs(args);
    let mut progress = Progress::new(&study, &plan, args.common.quiet, leaves_jobs);
    let notices = records.take_notices();
    let notes = study.notes.iter().chain(&note).chain(&memory_note);
    for notice in notes.chain(&notices) {
        progress.note(notice);
    }
    let watch = interrupt::watch()?;
    let summary = std::thread::scope(|scope| {
        let render = |so_far: &str| {
            // Only a look on the way; what is wrong is said when the whole is rendered, a limit of the machine included.
            let _ = limits::within(|| study.render_so_far(so_far, &store, &report_folder));
        };
        // With nothing left to do the whole is rendered at once, and once is enough.
        let live = (0 < n_left).then(|| Live::start(scope, render));
        let run = Run {
            args,
            study: &study,
            store: &store,
            records: &records,
            interrupt: &watch.interrupt,
            stop_at: args.budget.map(|budget| stop_at(budget, began.elapsed())),
        };
        let mut watched = Watched::new(&mut progress, live);
        let summary = run.supervise(plan, slots, &mut launch, &mut watched)?;
        if summary.was_interrupted {
            // All is saved, and `report` renders at any time: who is in a hurry waits for no rendering.
            watched.progress.finish();
            if let Some(sentence) = launch.how_to_come_back() {
                say::line(sentence);
            }
            let index = report_folder.join("index.html");
            let exit = conclude(args, &study, &summary, &index, began.elapsed())?;
            std::process::exit(exit as i32);
        }
        Ok::<_, Failure>(summary)
    })?;
    progress.finish();
    if let Some(sentence) = launch.how_to_come_back() {
        say::line(sentence);
    }
    // Every file from here on is written whole and can be made again.
    watch.end_at_once_from_now_on();
    let cross_trial = study.take_cross_trial_scores(&store, &report_folder)?;
    for notice in records.take_notices().into_iter().chain(cross_trial) {
        say::note(notice);
    }
    let rendered = study.render(&store, &report_folder)?;
    conclude(args, &study, &summary, &rendered.index, began.elapsed())
}

/// The moment by the run's clock at which workers are asked to stop, so that all is saved and reported in time.
fn stop_at(budget: Duration, elapsed: Duration) -> Duration {
    let for_the_end = MAX_TIME_FOR_THE_END.min(budget / 10);
    budget.saturating_sub(for_the_end).saturating_sub(elapsed)
}

/// What a run is made of, besides its plan.
struct Run<'a> {
    args: &'a RunArgs,
    study: &'a Study,
    store: &'a Store,
    records: &'a StoreRecords<'a>,
    interrupt: &'a Interrupt,
    stop_at: Option<Duration>,
}

impl Run<'_> {
    fn supervise(
        &self,
        plan: Plan,
        slots: Vec<Slot>,
        launch: &mut Launch,
        observer: &mut dyn Observer,
    ) -> Result<Summary, Failure> {
        let sweep = &self.study.sweep;
        let evaluation = sweep.evaluation.clone();
        let store = self.store.path();
        let order = Order {
            checkpoint_every_secs: self.args.checkpoint_every,
            keep_codes: self.args.keep_codes,
            retry_failed: self.args.retry_failed,
            ..Order::new(sweep.name.clone(), Vec::new(), evaluation, store, "cpu")
        };
        let supervisor = Supervisor {
            policy: Policy {
                stop_at: self.stop_at,
                ..launch.policy(self.args.max_silence)
            },
            launcher: launch.launcher(),
            records: self.records,
            observer,
            clock: &SystemClock::default(),
            interrupt: self.interrupt,
            order,
        };
        Ok(supervisor.run(plan, slots))
    }
}

/// Progress for the person at the terminal and for the reader of the page.
struct Watched<'a> {
    progress: &'a mut Progress,
    live: Option<Live>,
}

impl<'a> Watched<'a> {
    fn new(progress: &'a mut Progress, live: Option<Live>) -> Self {
        let watched = Self { progress, live };
        watched.tell();
        watched
    }

    fn tell(&self) {
        if let Some(live) = &self.live {
            live.tell(self.progress.so_far());
        }
    }
}

impl Observer for Watched<'_> {
    fn on(&mut self, observed: &Observed<'_>) {
        self.progress.on(observed);
        self.tell();
    }
}

/// Says how it ended, and returns the exit code that says the same.
fn conclude(
    args: &RunArgs,
    study: &Study,
    summary: &Summary,
    index: &Path,
    elapsed: Duration,
) -> Result<Exit, Failure> {
    let tally = summary.tally();
    let exit = match summary {
        summary if summary.was_interrupted => Exit::Interrupted,
        summary if summary.gave_up.is_some() && tally.failed == 0 => Exit::BadStore,
        summary if summary.is_complete() => Exit::Success,
        summary if summary.is_out_of_time && tally.failed == 0 => Exit::Success,
        _ => Exit::TrialsFailed,
    };
    if args.common.json {
        let failures: Vec<_> = summary
            .failures()
            .map(|(id, reason)| json!({ "trial": id.to_string(), "reason": reason }))
            .collect();
        output::json(&json!({
            "sweep": study.sweep.name, "trials": study.trials.len(), "tally": tally,
            "interrupted": summary.was_interrupted, "out_of_time": summary.is_out_of_time, "gave_up": summary.gave_up,
            "failures": failures, "report": output::path(index), "elapsed_secs": elapsed.as_secs_f64(),
        }));
        return Ok(exit);
    }
    for (id, reason) in summary.failures() {
        say::line(format_args!("failed: trial {id}: {reason}"));
    }
    if let Some(reason) = &summary.gave_up {
        say::error(format_args!("the run was given up: {reason}"));
    }
    let mut parts = vec![format!("{} trained", tally.trained)];
    let others = [
        (tally.scored, "scored"),
        (tally.cached, "done before"),
        (tally.failed, "failed"),
        (tally.left, "left"),
    ];
    parts.extend(
        others
            .iter()
            .filter(|(n, _)| 0 < *n)
            .map(|(n, what)| format!("{n} {what}")),
    );
    let time = output::duration(elapsed.as_secs_f64());
    say::line(format_args!(
        "{}: {} in {time}",
        study.sweep.name,
        parts.join(", ")
    ));
    if summary.was_interrupted {
        say::line(
            "interrupted; the same command goes on where it stopped, and `report` shows how far it is",
        );
    } else if 0 < tally.failed {
        say::line("`--retry-failed` tries the failed trials again");
    }
    if summary.is_out_of_time && 0 < tally.left {
        say::line("the time is over; the same command goes on where it stopped");
    }
    output::line(&index.display().to_string());
    Ok(exit)
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::new(
            Exit::BadStore,
            format!("the path `{}` cannot be used: {error}", path.display()),
        )
    })
}
