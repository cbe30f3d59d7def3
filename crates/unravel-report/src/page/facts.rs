//! The facts at the top of the page (data, model, training) and the provenance at its end.

use crate::axis::plain;
use crate::report_input::{Rows, TrialRow};
use crate::words::{count, duration, list};
use std::collections::{BTreeMap, BTreeSet};
use unravel_store::STORE_FORMAT;
use unravel_sweep::{FORMAT_VERSION, SEMANTICS_VERSION, Sweep, Trial};

/// The trials of one setting, with their ids.
pub struct TrialList {
    /// The setting's label.
    pub setting: String,
    /// Seed and id of each trial, and the program that trained it if the trials differ in it.
    pub trials: Vec<(u64, String, String)>,
}

/// Data, model and training in a few words each.
pub fn facts(rows: &Rows, trials: &[Trial]) -> Vec<(&'static str, String)> {
    let each = |of: &dyn Fn(&Trial) -> String| distinct(trials.iter().map(of));
    let data = |trial: &Trial| trial.data.dataset.title();
    let keep = |trial: &Trial| match trial.data.keep.len() {
        0 => "whole grid".to_owned(),
        _ => {
            let kept: Vec<String> = trial
                .data
                .keep
                .iter()
                .map(|(factor, n)| format!("{n} of {factor}"))
                .collect();
            format!("sub-grid with {}", kept.join(", "))
        }
    };
    let grids = distinct(
        rows.scores
            .iter()
            .map(|score| score.grid.replace('x', " × ")),
    );
    let grid = if grids.is_empty() {
        each(&keep)
    } else {
        format!("{} ({grids})", each(&keep))
    };
    let training = |trial: &Trial| {
        format!(
            "{} steps of {} images, Adam with learning rate {}",
            plain(trial.training.steps as f64, 0),
            trial.training.batch_size,
            trial.training.learning_rate
        )
    };
    let n_seeds = seeds_a_setting(rows);
    vec![
        ("Data", format!("{}, {grid}", each(&data))),
        (
            "Model",
            each(&|trial| {
                format!(
                    "{}, {} latents",
                    trial.model.architecture, trial.model.latents
                )
            }),
        ),
        ("Training", each(&training)),
        (
            "Trials",
            format!(
                "{}: {}, {n_seeds} each",
                count(trials.len(), "trial"),
                count(rows.settings.len(), "setting"),
            ),
        ),
    ]
}

/// `4 seeds`, or `2 to 4 seeds` if the settings differ.
fn seeds_a_setting(rows: &Rows) -> String {
    let of = |setting| {
        rows.trials
            .iter()
            .filter(|trial| trial.setting == setting)
            .count()
    };
    let counts: BTreeSet<usize> = (0..rows.settings.len()).map(of).collect();
    match (counts.first(), counts.last()) {
        (Some(low), Some(high)) if low < high => format!("{low} to {}", count(*high, "seed")),
        (_, n) => count(n.copied().unwrap_or(0), "seed"),
    }
}

/// Version, devices, time and seeds.
pub fn made(rows: &Rows, sweep: &Sweep) -> Vec<(&'static str, String)> {
    let devices = counted(rows.trials.iter().map(|trial| trial.device.as_str()));
    let programs = counted(rows.trials.iter().map(|trial| trial.program.as_str()));
    let or_none = |text: String| {
        if text.is_empty() {
            "–".to_owned()
        } else {
            text
        }
    };
    let metrics = sweep.evaluation.metrics.iter().map(|metric| metric.name());
    let trial_seeds: BTreeSet<u64> = rows.trials.iter().map(|trial| trial.seed).collect();
    let evaluation_seeds: BTreeSet<u64> = rows
        .scores
        .iter()
        .flat_map(|s| s.evaluation_seeds.iter().copied())
        .collect();
    vec![
        ("Trained with", or_none(list(&programs))),
        (
            "Page written by",
            format!("unravel {}", env!("CARGO_PKG_VERSION")),
        ),
        (
            "Format versions",
            format!(
                "sweep file {FORMAT_VERSION}, store {STORE_FORMAT}, trial semantics {SEMANTICS_VERSION}"
            ),
        ),
        ("Devices and instruction sets", or_none(list(&devices))),
        ("Wall time", or_none(wall_time(rows))),
        ("Trial seeds", or_none(seeds(&trial_seeds))),
        ("Evaluation seeds", or_none(seeds(&evaluation_seeds))),
        ("Requested metrics", metrics.collect::<Vec<_>>().join(", ")),
    ]
}

/// `cpu (avx2) (3 trials)` for each distinct value that is known.
fn counted<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values.filter(|value| !value.is_empty()) {
        *counts.entry(value).or_default() += 1;
    }
    let words = |(value, n)| format!("{value} ({})", count(n, "trial"));
    counts.into_iter().map(words).collect()
}

/// The range of training times. There is no sum: the trials of a cohort train at the same time and each of them records
/// the whole time.
fn wall_time(rows: &Rows) -> String {
    let times: Vec<f64> = rows
        .trials
        .iter()
        .filter_map(|trial| trial.elapsed_secs)
        .collect();
    let (low, high) = times
        .iter()
        .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), t| {
            (low.min(*t), high.max(*t))
        });
    match (duration(low), duration(high)) {
        _ if times.is_empty() => String::new(),
        (low, high) if low == high => {
            format!(
                "{high} of training time per trial; the trials of a cohort train at the same time"
            )
        }
        (low, high) => {
            format!(
                "{low} to {high} of training time per trial; the trials of a cohort train at the same time"
            )
        }
    }
}

/// `0–9` for consecutive seeds, otherwise all of them.
fn seeds(seeds: &BTreeSet<u64>) -> String {
    let numbers: Vec<String> = seeds.iter().map(u64::to_string).collect();
    match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if 2 < seeds.len() && last - first == seeds.len() as u64 - 1 => {
            format!("{first}–{last}")
        }
        _ => list(&numbers),
    }
}

/// Every setting's trials by seed.
pub fn trial_lists(rows: &Rows) -> Vec<TrialList> {
    let programs: BTreeSet<&str> = rows
        .trials
        .iter()
        .map(|trial| trial.program.as_str())
        .filter(|program| !program.is_empty())
        .collect();
    let program = |trial: &TrialRow| match programs.len() {
        0 | 1 => String::new(),
        _ => trial.program.clone(),
    };
    let list = |(idx, row): (usize, &crate::report_input::SettingRow)| TrialList {
        setting: row.setting.label.clone(),
        trials: rows
            .trials
            .iter()
            .filter(|t| t.setting == idx)
            .map(|t| (t.seed, t.id.clone(), program(t)))
            .collect(),
    };
    rows.settings.iter().enumerate().map(list).collect()
}

/// Distinct values in order of first appearance, joined.
fn distinct(values: impl Iterator<Item = String>) -> String {
    let mut seen = BTreeSet::new();
    list(
        &values
            .filter(|value| seen.insert(value.clone()))
            .collect::<Vec<_>>(),
    )
}
