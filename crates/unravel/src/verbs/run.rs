//! `unravel run`: train what is missing, score what is missing, write the report.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use unravel_orchestrator::device::Slot;
use unravel_orchestrator::observe::{Observed, Observer};
use unravel_orchestrator::plan::{Plan, PlanOptions};
use unravel_orchestrator::policy::SystemClock;
use unravel_orchestrator::store_records::StoreRecords;
use unravel_orchestrator::summary::Summary;
use unravel_orchestrator::supervise::Supervisor;
use unravel_store::{Order, Store};

use crate::cli::RunArgs;
use crate::exit::{Exit, Failure};
use crate::launch::Launch;
use crate::live::Live;
use crate::progress::Progress;
use crate::study::Study;
use crate::{interrupt, launch, output};

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

    let wanted = |trial: &_| study.wanted(trial, args.keep_codes);
    let records = StoreRecords::new(&store, &wanted).thorough();
    let options = PlanOptions {
        models_per_cohort: launch.cohort_sizes(args, &study)?,
        retry_failed: args.retry_failed,
    };
    let plan = study.plan(&records, &options);
    let n_left = plan.cohorts.len() + plan.locked.len();
    let slots = launch.slots(args.machine.jobs, n_left);
    let leaves_jobs = launch.leaves_jobs(args);
    let mut progress = Progress::new(&study, &plan, args.common.quiet, leaves_jobs);
    let notices = records.take_notices();
    for notice in study.notes.iter().chain(&note).chain(&notices) {
        progress.note(notice);
    }
    let summary = std::thread::scope(|scope| {
        let live = Live::start(scope, |so_far| {
            let mut silent = |_| {};
            // Only a look on the way; what is wrong is said when the whole is rendered.
            let _ = unravel_report::render_so_far(
                so_far,
                &study.sweep,
                &study.text,
                &study.trials,
                &store,
                &report_folder,
                &mut silent,
            );
        });
        let mut watched = Watched::new(&mut progress, live);
        let (work, launched) = (
            (plan, slots),
            (&mut launch, &mut watched as &mut dyn Observer),
        );
        supervise(args, &study, &store, &records, work, launched)
    })?;
    progress.finish();
    if let Some(sentence) = launch.how_to_come_back() {
        eprintln!("{sentence}");
    }
    let cross_trial = study.take_cross_trial_scores(&store, &report_folder)?;
    for notice in records.take_notices().into_iter().chain(cross_trial) {
        eprintln!("note: {notice}");
    }
    let rendered = unravel_report::render(
        &study.sweep,
        &study.text,
        &study.trials,
        &store,
        &report_folder,
        &mut |_| {},
    )?;
    conclude(args, &study, &summary, &rendered.index, began.elapsed())
}

fn supervise(
    args: &RunArgs,
    study: &Study,
    store: &Store,
    records: &StoreRecords<'_>,
    (plan, slots): (Plan, Vec<Slot>),
    (launch, observer): (&mut Launch, &mut dyn Observer),
) -> Result<Summary, Failure> {
    let evaluation = study.sweep.evaluation.clone();
    let order = Order {
        checkpoint_every_secs: args.checkpoint_every,
        keep_codes: args.keep_codes,
        retry_failed: args.retry_failed,
        ..Order::new(
            study.sweep.name.clone(),
            Vec::new(),
            evaluation,
            store.path(),
            "cpu",
        )
    };
    let supervisor = Supervisor {
        policy: launch.policy(),
        launcher: launch.launcher(),
        records,
        observer,
        clock: &SystemClock::default(),
        interrupt: &interrupt::watch()?,
        order,
    };
    Ok(supervisor.run(plan, slots))
}

/// Progress for the person at the terminal and for the reader of the page.
struct Watched<'a> {
    progress: &'a mut Progress,
    live: Live,
}

impl<'a> Watched<'a> {
    fn new(progress: &'a mut Progress, live: Live) -> Self {
        live.tell(progress.so_far());
        Self { progress, live }
    }
}

impl Observer for Watched<'_> {
    fn on(&mut self, observed: &Observed<'_>) {
        self.progress.on(observed);
        self.live.tell(self.progress.so_far());
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
        _ => Exit::TrialsFailed,
    };
    if args.common.json {
        let failures: Vec<_> = summary
            .failures()
            .map(|(id, reason)| json!({ "trial": id.to_string(), "reason": reason }))
            .collect();
        output::json(&json!({
            "sweep": study.sweep.name, "trials": study.trials.len(), "tally": tally,
            "interrupted": summary.was_interrupted, "gave_up": summary.gave_up,
            "failures": failures, "report": index, "elapsed_secs": elapsed.as_secs_f64(),
        }));
        return Ok(exit);
    }
    for (id, reason) in summary.failures() {
        eprintln!("failed: trial {id}: {reason}");
    }
    if let Some(reason) = &summary.gave_up {
        eprintln!("error: the run was given up: {reason}");
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
    eprintln!("{}: {} in {time}", study.sweep.name, parts.join(", "));
    if summary.was_interrupted {
        eprintln!("interrupted; the same command goes on where it stopped");
    } else if 0 < tally.failed {
        eprintln!("`--retry-failed` tries the failed trials again");
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
