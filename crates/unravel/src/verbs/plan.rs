//! `unravel plan`: shows what `run` would do, and estimates its time and memory.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::json;
use unravel_orchestrator::device::{DeviceClass, slots};
use unravel_orchestrator::estimate::{TrialCost, estimate};
use unravel_orchestrator::plan::{Cohort, Plan, PlanOptions, Work, plan_at_once};
use unravel_orchestrator::records::{PlannedTrial, Records};
use unravel_orchestrator::store_records::StoreRecords;
use unravel_store::Store;
use unravel_store::TrialProgress;
use unravel_worker::cost;

use crate::cli::PlanArgs;
use crate::exit::{Exit, Failure};
use crate::memory::WorkerMemory;
use crate::study::Study;
use crate::{devices, stderr, stdout};

/// Plans a sweep and prints the plan.
pub fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let (devices, note) = devices::resolve(&args.machine)?;
    let mut study = Study::open(&args.common.sweep)?;
    let notes = study.notes.iter().chain(&note);
    notes.for_each(stderr::note);
    let options = PlanOptions {
        models_per_cohort: devices::cohort_sizes(&args.machine, &devices, &study)?,
        retry_failed: false,
    };
    // Moved and not copied: a large sweep takes much memory.
    let trials = std::mem::take(&mut study.trials);
    let plan = match args.common.store.exists() {
        true => {
            let store = Store::open_read(&args.common.store)?;
            let wanted = |trial: &_| study.requests(trial, false);
            let records = StoreRecords::new(&store, &wanted);
            let plan = plan_at_once(trials, &options, |trials| records.progress_of_all(trials));
            records.take_notices().iter().for_each(stderr::note);
            plan
        }
        false => {
            let nothing =
                |trials: &[PlannedTrial]| vec![TrialProgress::not_started(); trials.len()];
            plan_at_once(trials, &options, nothing)
        }
    };
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let slots = slots(&devices, n_cores, args.machine.jobs, plan.cohorts.len());
    let is_cuda = devices::are(&devices, DeviceClass::Cuda);
    let costs = match is_cuda {
        true => None, // Only the CPU is benchmarked.
        false => costs(args, &study, &plan, slots.len())?,
    };
    let cost_of = |costs: &Costs, cohort: &Cohort| {
        costs
            .get(&cohort.trials[0].trial.cohort_key())
            .copied()
            .unwrap_or_default()
    };
    let wall_secs = costs
        .as_ref()
        .map(|costs| estimate(&plan, slots.len(), |cohort| cost_of(costs, cohort)).wall_secs);
    let class = devices[0].class();
    let memory = WorkerMemory::of(&study, &plan, class)?;
    if let Some(shortage) = memory.shortage(slots.len()) {
        stderr::note(shortage);
    }
    let figures = Figures {
        n_slots: slots.len(),
        wall_secs,
        memory,
    };
    print(args, &study, &plan, &figures);
    Ok(Exit::Success)
}

/// The estimates of a plan.
struct Figures {
    n_slots: usize,
    wall_secs: Option<f64>,
    /// Of each worker.
    memory: WorkerMemory,
}

fn print(args: &PlanArgs, study: &Study, plan: &Plan, figures: &Figures) {
    let Figures {
        n_slots,
        wall_secs,
        memory,
    } = *figures;
    let counts = plan.counts();
    if args.common.json {
        let cohorts: Vec<_> = plan.cohorts.iter().map(cohort_json).collect();
        stdout::json(&json!({
            "sweep": study.sweep.name, "counts": counts, "cohorts": cohorts, "workers": n_slots,
            "estimated_secs": wall_secs, "grid": study.grid.name(),
            "memory_bytes": match memory.cuda { 0 => memory.of_all(n_slots), of_device => of_device },
            "worker_memory_bytes": memory.host, "image_bytes": memory.images,
        }));
        return;
    }
    stdout::line(&format!(
        "{}: {} on the grid {}",
        study.sweep.name,
        stdout::count(counts.trials, "trial"),
        study.grid.name()
    ));
    let rows = [
        ("to train", counts.to_train),
        ("to resume from a checkpoint", counts.to_resume),
        ("to continue from a shorter trial", counts.to_continue),
        ("to score", counts.to_score),
        ("done", counts.done),
        (
            "failed before; `unravel run --retry-failed` retries them",
            counts.failed,
        ),
        ("in use by another run", counts.locked),
    ];
    for (what, n) in rows.into_iter().filter(|(_, n)| 0 < *n) {
        stdout::line(&format!("  {:>7} {what}", stdout::thousands(n as u64)));
    }
    if plan.cohorts.is_empty() {
        stdout::line("nothing to do");
        return;
    }
    let cohorts = stdout::count(plan.cohorts.len(), "cohort");
    let largest = plan.cohorts.iter().map(|cohort| cohort.trials.len()).max();
    let models = match largest.unwrap_or(0) {
        0 | 1 => String::new(),
        n => format!(" of at most {n} models"),
    };
    stdout::line(&format!(
        "{cohorts}{models} on {}",
        stdout::count(n_slots, "worker")
    ));
    if let Some(secs) = wall_secs {
        stdout::line(&format!(
            "about {} on this machine; training and encoding were measured now, scoring times are from a reference machine",
            stdout::duration(secs)
        ));
    }
    if 0 < memory.cuda {
        let of_device = stdout::bytes(memory.cuda);
        stdout::line(&format!("about {of_device} of memory on each CUDA device"));
    }
    stdout::line(&memory_of_the_host(&memory, n_slots));
}

/// `about 1.6 GiB of memory, 812 MiB for each of 2 workers, including 565 MiB for the images`.
fn memory_of_the_host(memory: &WorkerMemory, n_workers: usize) -> String {
    let mut line = format!(
        "about {} of memory",
        stdout::bytes(memory.of_all(n_workers))
    );
    if 1 < n_workers {
        let of_one = stdout::bytes(memory.host);
        line.push_str(&format!(", {of_one} for each of {n_workers} workers"));
    }
    if 0 < memory.images {
        let images = stdout::bytes(memory.images);
        line.push_str(&format!(", including {images} for the images"));
    }
    line
}

fn cohort_json(cohort: &Cohort) -> serde_json::Value {
    let from_step = match cohort.work {
        Work::Train { from_step } => Some(from_step),
        Work::Score => None,
    };
    let trials: Vec<String> = cohort
        .trials
        .iter()
        .map(|trial| trial.id.to_string())
        .collect();
    json!({ "trials": trials, "train_from_step": from_step })
}

/// By cohort key.
type Costs = BTreeMap<String, TrialCost>;

/// Measures the cost of a trial of each kind on this machine.
fn costs(
    args: &PlanArgs,
    study: &Study,
    plan: &Plan,
    n_slots: usize,
) -> Result<Option<Costs>, Failure> {
    if args.no_measure || plan.cohorts.is_empty() {
        return Ok(None);
    }
    let mut costs = BTreeMap::new();
    for cohort in &plan.cohorts {
        let trial = &cohort.trials[0].trial;
        let key = trial.cohort_key();
        let Entry::Vacant(place) = costs.entry(key) else {
            continue;
        };
        if !args.common.quiet {
            stderr::line(format_args!("measuring {} …", trial.setting().family_title));
        }
        let cost = cost::measure(trial, &study.grid, n_slots)?;
        let requests = study.requests(trial, false);
        let score_secs = cost::scoring_secs(
            &requests,
            &study.grid,
            trial.model.latents,
            cost.encode_secs_per_image,
        );
        place.insert(TrialCost {
            step_secs: cost.step_secs,
            score_secs,
        });
    }
    Ok(Some(costs))
}
