//! `unravel plan`: what `run` would do, how long it would take, and how much memory.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use unravel_orchestrator::device::{Device, DeviceClass, Slot, slots};
use unravel_orchestrator::estimate::{TrialCost, estimate};
use unravel_orchestrator::held::{Held, PlannedTrial, Records};
use unravel_orchestrator::plan::{Cohort, Plan, PlanOptions, Work, plan_at_once};
use unravel_orchestrator::store_records::StoreRecords;
use unravel_store::Store;
use unravel_worker::cost;

use crate::cli::PlanArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{devices, output};

/// Plans a sweep and prints the plan.
pub fn plan(args: &PlanArgs) -> Result<Exit, Failure> {
    let (devices, note) = devices::resolve(&args.machine)?;
    let mut study = Study::open(&args.common.sweep)?;
    let notes = study.notes.iter().chain(&note);
    notes.for_each(|note| eprintln!("note: {note}"));
    let options = PlanOptions {
        models_per_cohort: devices::cohort_sizes(&args.machine, &devices, &study)?,
        retry_failed: false,
    };
    // The plan has them all; twice would be much memory for a large sweep.
    let trials = std::mem::take(&mut study.trials);
    let plan = match args.common.store.exists() {
        true => {
            let store = Store::open_read(&args.common.store)?;
            let wanted = |trial: &_| study.requests(trial, false);
            let records = StoreRecords::new(&store, &wanted);
            let plan = plan_at_once(trials, &options, |trials| records.held_of_all(trials));
            records
                .take_notices()
                .iter()
                .for_each(|notice| eprintln!("note: {notice}"));
            plan
        }
        false => {
            let nothing = |trials: &[PlannedTrial]| vec![Held::nothing(); trials.len()];
            plan_at_once(trials, &options, nothing)
        }
    };
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let slots = slots(&devices, n_cores, args.machine.jobs, plan.cohorts.len());
    let is_cuda = devices::are(&devices, DeviceClass::Cuda);
    let costs = match is_cuda {
        true => None, // What is measured is the CPU.
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
    let bytes = memory(&study, &plan, &slots)?;
    let figures = Figures {
        n_slots: slots.len(),
        is_cuda,
        wall_secs,
        bytes,
    };
    print(args, &study, &plan, &figures);
    Ok(Exit::Success)
}

/// What there is to say of a plan beside its trials.
struct Figures {
    n_slots: usize,
    is_cuda: bool,
    wall_secs: Option<f64>,
    /// Of all workers on a CPU, of one CUDA device.
    bytes: u64,
}

fn print(args: &PlanArgs, study: &Study, plan: &Plan, figures: &Figures) {
    let Figures {
        n_slots,
        is_cuda,
        wall_secs,
        bytes,
    } = *figures;
    let counts = plan.counts();
    if args.common.json {
        let cohorts: Vec<_> = plan.cohorts.iter().map(cohort_json).collect();
        output::json(&json!({
            "sweep": study.sweep.name, "counts": counts, "cohorts": cohorts, "workers": n_slots,
            "estimated_secs": wall_secs, "memory_bytes": bytes, "grid": study.grid.name(),
        }));
        return;
    }
    output::line(&format!(
        "{}: {} on the grid {}",
        study.sweep.name,
        output::count(counts.trials, "trial"),
        study.grid.name()
    ));
    let rows = [
        ("to train", counts.to_train),
        ("to train on", counts.to_resume),
        ("to go on from fewer steps", counts.to_continue),
        ("to score", counts.to_score),
        ("done", counts.done),
        ("failed before", counts.failed),
        ("in another run's hands", counts.locked),
    ];
    for (what, n) in rows.into_iter().filter(|(_, n)| 0 < *n) {
        output::line(&format!("  {:>7} {what}", output::thousands(n as u64)));
    }
    let cohorts = output::count(plan.cohorts.len(), "cohort");
    let largest = plan.cohorts.iter().map(|cohort| cohort.trials.len()).max();
    let models = match largest.unwrap_or(0) {
        0 | 1 => String::new(),
        n => format!(" of at most {n} models"),
    };
    output::line(&format!(
        "{cohorts}{models} on {}",
        output::count(n_slots, "worker")
    ));
    if plan.cohorts.is_empty() {
        return;
    }
    if let Some(secs) = wall_secs {
        output::line(&format!(
            "about {} on this machine: training and encoding measured now, scores as they are elsewhere",
            output::duration(secs)
        ));
    }
    let whose = if is_cuda { " of each CUDA device" } else { "" };
    output::line(&format!("about {} of memory{whose}", output::bytes(bytes)));
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

/// What a trial of each kind costs on this machine.
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
            eprintln!("measuring {} …", trial.setting().family_title);
        }
        let cost = cost::measure(trial, &study.grid, n_slots)?;
        let wanted = study.requests(trial, false);
        let score_secs = cost::scoring_secs(&wanted, &study.grid, cost.encode_secs_per_image);
        place.insert(TrialCost {
            step_secs: cost.step_secs,
            score_secs,
        });
    }
    Ok(Some(costs))
}

/// The most that is held at a time: by all workers on a CPU, on one CUDA device.
fn memory(study: &Study, plan: &Plan, slots: &[Slot]) -> Result<u64, Failure> {
    // The data is opened to find out, so once for every kind and not for every cohort.
    let mut seen = BTreeSet::new();
    let mut most = [0; 2];
    let n_cpu = slots
        .iter()
        .filter(|slot| slot.device == Device::Cpu)
        .count();
    for cohort in &plan.cohorts {
        let (trial, n_models) = (&cohort.trials[0].trial, cohort.trials.len());
        if !seen.insert((trial.cohort_key(), n_models)) {
            continue;
        }
        if 0 < n_cpu {
            most[0] = most[0].max(cost::memory_bytes(trial, &study.grid, n_models)?);
        } else {
            most[1] = most[1].max(cost::CudaMemory::of(trial, &study.grid)?.total(n_models));
        }
    }
    Ok((most[0] * n_cpu as u64).max(most[1]))
}
