//! `unravel status`: shows the state of every trial.

mod watch;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use unravel_orchestrator::records::{PlannedTrial, Records};
use unravel_orchestrator::store_records::StoreRecords;
use unravel_store::{DiskUsage, FileKind, Store, TrialProgress};
use unravel_sweep::settings;

use crate::cli::StatusArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{stderr, stdout};

/// Prints a table by setting, or every trial as JSON; once, or repeatedly with `--watch`.
pub fn status(args: &StatusArgs) -> Result<Exit, Failure> {
    let study = Study::open(&args.common.sweep)?;
    let store = Store::open_read(&args.common.store)?;
    if args.watch {
        return watch::watch(args, &study, &store);
    }
    let (trials, notices) = look(&study, &store);
    let (n_stored, usage) = store.disk_usage()?;
    if args.common.json {
        let mut value = all_json(&study, &trials, &store);
        value["store"] = usage_json(n_stored, &usage);
        stdout::json(&value);
    } else {
        stdout::line(stdout::table(&HEADER, &by_setting(&study, &trials)).trim_end());
        let failures = failures(&trials, &store);
        failures.iter().for_each(|line| stdout::line(line));
        if 0 < n_stored {
            stdout::line(&usage_line(n_stored, &usage));
        }
    }
    for notice in notices {
        stderr::note(notice);
    }
    Ok(Exit::Success)
}

type Trials = Vec<(PlannedTrial, TrialProgress)>;

/// The state of every trial, and a sentence for each file that cannot be read.
fn look(study: &Study, store: &Store) -> (Trials, Vec<String>) {
    let wanted = |trial: &_| study.requests(trial, false);
    let records = StoreRecords::new(store, &wanted);
    let planned: Vec<PlannedTrial> = study
        .trials
        .iter()
        .map(|trial| PlannedTrial::new(trial.clone()))
        .collect();
    let progress = records.progress_of_all(&planned);
    let trials = planned.into_iter().zip(progress).collect();
    (trials, records.take_notices())
}

const HEADER: [&str; 8] = [
    "setting", "trials", "done", "to score", "training", "started", "failed", "steps",
];

fn by_setting(study: &Study, trials: &[(PlannedTrial, TrialProgress)]) -> Vec<Vec<String>> {
    let mut of_settings = BTreeMap::<String, Vec<&(PlannedTrial, TrialProgress)>>::new();
    for both in trials {
        let id = both.0.trial.setting().id;
        of_settings.entry(id).or_default().push(both);
    }
    let row = |setting: unravel_sweep::Setting| {
        let of_setting = of_settings.get(&setting.id).map_or(&[][..], Vec::as_slice);
        let n = |wanted: &str| {
            let of_kind = of_setting
                .iter()
                .filter(|(_, progress)| progress.word() == wanted);
            of_kind.count().to_string()
        };
        let steps: u64 = of_setting
            .iter()
            .map(|(t, progress)| progress.step(t.trial.training.steps))
            .sum();
        let all_steps: u64 = of_setting.iter().map(|(t, _)| t.trial.training.steps).sum();
        vec![
            setting.label,
            of_setting.len().to_string(),
            n("done"),
            n("to score"),
            n("training"),
            n("started"),
            n("failed"),
            percent(steps, all_steps),
        ]
    };
    settings(&study.trials).into_iter().map(row).collect()
}

/// Steps done as a percentage. 0% and 100% mean exactly none and all.
fn percent(steps: u64, all_steps: u64) -> String {
    match 100.0 * steps as f64 / all_steps.max(1) as f64 {
        part if 0.0 < part && part < 1.0 => "<1%".to_owned(),
        part => format!("{:.0}%", part.floor()),
    }
}

/// A line for each failed trial, followed by the last lines of its log.
fn failures(trials: &[(PlannedTrial, TrialProgress)], store: &Store) -> Vec<String> {
    let mut lines = Vec::new();
    for (trial, progress) in trials
        .iter()
        .filter(|(_, progress)| progress.word() == "failed")
    {
        let reason = progress.failure.as_deref().unwrap_or_default();
        let (label, seed) = (trial.trial.setting().label, trial.trial.seed);
        let id = &trial.id;
        lines.push(format!(
            "{label}, seed {seed} (trial {id}) failed: {reason}"
        ));
        let log = log_tail(trial, store).into_iter();
        lines.extend(log.map(|line| format!("    {line}")));
    }
    lines
}

fn all_json(study: &Study, trials: &[(PlannedTrial, TrialProgress)], store: &Store) -> Value {
    let values = trials
        .iter()
        .map(|(t, progress)| to_json(t, progress, store));
    let values: Vec<Value> = values.collect();
    json!({ "sweep": study.sweep.name, "trials": values })
}

/// The size of the store by kind of file.
fn usage_json(n_trials: usize, usage: &DiskUsage) -> Value {
    let by_kind: Map<String, Value> = usage
        .kinds()
        .map(|(kind, n_bytes)| (kind.name().to_owned(), n_bytes.into()))
        .collect();
    json!({ "trials": n_trials, "bytes": usage.n_bytes(), "bytes_by_kind": by_kind })
}

/// `store: 3.4 GiB for 12 trials (checkpoints 2.5 GiB, models 850 MiB, …)`
fn usage_line(n_trials: usize, usage: &DiskUsage) -> String {
    let parts: Vec<String> = usage
        .kinds()
        .map(|(kind, n_bytes)| format!("{} {}", title(kind), stdout::bytes(n_bytes)))
        .collect();
    format!(
        "store: {} for {} ({})",
        stdout::bytes(usage.n_bytes()),
        stdout::count(n_trials, "trial"),
        parts.join(", ")
    )
}

/// The name of a kind of file in the table; results keep [`FileKind::name`].
fn title(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Curves => "training logs",
        FileKind::Records => "metadata",
        other => other.name(),
    }
}

/// Lines of a failed trial's log that are shown.
const N_LOG_LINES: usize = 3;

/// The last lines of a trial's log; empty if it cannot be read.
fn log_tail(trial: &PlannedTrial, store: &Store) -> Vec<String> {
    let tail = store.trial(&trial.id).log_tail(N_LOG_LINES);
    tail.unwrap_or_default()
}

fn to_json(trial: &PlannedTrial, progress: &TrialProgress, store: &Store) -> Value {
    let is_failed = progress.word() == "failed";
    let log = if is_failed {
        log_tail(trial, store)
    } else {
        Vec::new()
    };
    // For example `process 7 on node-2, last heard of 12s ago`.
    let holder = progress.is_locked.then(|| store.trial(&trial.id).holder());
    let holder = holder.and_then(|found| found.ok()?);
    json!({
        "trial": trial.id.to_string(),
        "setting": trial.trial.setting().label,
        "seed": trial.trial.seed,
        "status": progress.word(),
        "step": progress.step(trial.trial.training.steps),
        "steps": trial.trial.training.steps,
        "holder": holder.map(|holding| holding.to_string()),
        "reason": progress.failure,
        "log": log,
    })
}
