//! `unravel run`: trains and scores the missing trials, then writes the report.

mod end;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use unravel_orchestrator::device::Slot;
use unravel_orchestrator::observe::{Observed, Observer};
use unravel_orchestrator::plan::{Plan, PlanOptions, Work, breadth_first};
use unravel_orchestrator::policy::{Interrupt, Policy, SystemClock};
use unravel_orchestrator::store_records::StoreRecords;
use unravel_orchestrator::summary::Summary;
use unravel_orchestrator::supervise::Supervisor;
use unravel_store::{Order, Store};

use crate::choose_launcher::Launch;
use crate::cli::RunArgs;
use crate::exit::{Exit, Failure};
use crate::live_report::Live;
use crate::memory::WorkerMemory;
use crate::progress::Progress;
use crate::study::Study;
use crate::{choose_launcher, interrupt, limits, stderr};
use end::End;

/// Maximum part of a budget that is reserved for saving and for the report.
const MAX_TIME_FOR_THE_END: Duration = Duration::from_secs(10);

/// Runs a sweep.
pub fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let began = Instant::now();
    let (devices, note) = choose_launcher::devices(args)?;
    let study = Study::open(&args.common.sweep)?;
    let store = Store::open(absolute(&args.common.store)?)?;
    let mut launch = Launch::new(args, devices, &study.sweep.name, &store)?;
    let report_folder = study.report_folder(args.report.as_deref());
    // Fails before the training, not after it.
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
            // Scoring a trained trial takes the least time to a result.
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
    let watch = interrupt::watch()?;
    let interrupt = watch.interrupt.clone();
    let mut progress = Progress::new(&study, &plan, args.common.quiet, leaves_jobs, interrupt);
    let notices = records.take_notices();
    let notes = study.notes.iter().chain(&note).chain(&memory_note);
    for notice in notes.chain(&notices) {
        progress.note_once(notice);
    }
    let summary = std::thread::scope(|scope| {
        let render = |so_far: &str| {
            // Errors are reported when the final report is rendered.
            let _ = limits::within(|| study.render_so_far(so_far, &store, &report_folder));
        };
        // With nothing to do, the final report is rendered immediately.
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
            // All progress is saved, and `report` can render it later, so an interrupted run does not render.
            watched.progress.finish();
            if let Some(sentence) = launch.how_to_come_back() {
                stderr::line(sentence);
            }
            let index = report_folder.join("index.html");
            let mut end = End::of(args, &study, &summary, watched.progress);
            let exit = end.conclude(&index, began.elapsed());
            std::process::exit(exit as i32);
        }
        Ok::<_, Failure>(summary)
    })?;
    progress.finish();
    if let Some(sentence) = launch.how_to_come_back() {
        stderr::line(sentence);
    }
    // All files from here on are written atomically and can be recreated.
    watch.end_at_once_from_now_on();
    let cross_trial = study.take_cross_trial_scores(&store, &report_folder)?;
    for notice in records.take_notices().into_iter().chain(cross_trial) {
        if progress.is_new(&notice) {
            stderr::note(notice);
        }
    }
    let rendered = study.render(&store, &report_folder)?;
    let mut end = End::of(args, &study, &summary, &mut progress);
    Ok(end.conclude(&rendered.index, began.elapsed()))
}

/// The time on the run's clock at which workers are asked to stop, so that saving and the report end within the budget.
fn stop_at(budget: Duration, elapsed: Duration) -> Duration {
    let for_the_end = MAX_TIME_FOR_THE_END.min(budget / 10);
    budget.saturating_sub(for_the_end).saturating_sub(elapsed)
}

/// The inputs of a run besides its plan.
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

/// Progress for the terminal and for the report during the run.
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

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        Failure::new(
            Exit::BadStore,
            format!(
                "cannot use the path `{}`: {error}; choose another store with --store",
                path.display()
            ),
        )
    })
}
