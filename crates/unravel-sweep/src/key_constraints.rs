//! Constraints between several keys of a trial.

use crate::field::{Field, Value};
use crate::loss_weight::{Schedule, Weight};
use crate::number::grouped;
use crate::objective::Objective;
use crate::trial::Trial;

/// A combination of keys that a trial cannot have.
pub(crate) struct Mismatch {
    /// The key to point at; if the trial does not have this key, the error is at its objective.
    pub(crate) path: &'static str,
    /// One sentence.
    pub(crate) message: String,
    /// A few words for the key's place.
    pub(crate) label: &'static str,
    /// What to do.
    pub(crate) help: &'static str,
}

/// Every constraint that a trial violates although each of its keys is valid by itself.
pub(crate) fn mismatches(trial: &Trial) -> Vec<Mismatch> {
    let mut found = Vec::new();
    found.extend(small_batch(trial));
    found.extend(late_threshold(trial));
    found.extend(Field::all().filter_map(|field| late_schedule(trial, field)));
    found.extend(nothing_combined(trial));
    found
}

/// An objective that compares the images of a batch needs more than one.
fn small_batch(trial: &Trial) -> Option<Mismatch> {
    let family = trial.objective.family();
    (family.needs_batch && trial.training.batch_size < 2).then(|| Mismatch {
        path: "training.batch-size",
        message: format!("{} requires a `batch-size` of at least 2", family.title),
        label: "a batch of 1",
        help: "set batch-size = 64, the usual value",
    })
}

fn late_threshold(trial: &Trial) -> Option<Mismatch> {
    let Objective::AnnealedVae {
        iteration_threshold: threshold,
        ..
    } = trial.objective
    else {
        return None;
    };
    let steps = trial.training.steps;
    (steps < threshold).then(|| Mismatch {
        path: "objective.annealed-vae.iteration-threshold",
        message: format!(
            "`iteration-threshold` is {}, but the trial has only {}",
            grouped(threshold.into()),
            steps_of(steps)
        ),
        label: "after the last step",
        help: "the capacity would never reach `c-max`; decrease the threshold, or increase `training.steps`",
    })
}

fn late_schedule(trial: &Trial, field: &'static Field) -> Option<Mismatch> {
    let Some(Value::Weight(weight)) = field.get(trial) else {
        return None;
    };
    let (needed, steps) = (weight.steps_needed(), trial.training.steps);
    if needed <= steps {
        return None;
    }
    let (what, help) = match weight {
        Weight::Schedule(Schedule::Cyclic(_)) => (
            "the first cycle of the schedule of",
            "decrease `period`, or increase `training.steps`",
        ),
        _ => (
            "the schedule of",
            "decrease `until`, or increase `training.steps`",
        ),
    };
    Some(Mismatch {
        path: field.path,
        message: format!(
            "{what} `{}` ends at step {}, but the trial has only {}",
            field.name(),
            grouped(needed.into()),
            steps_of(steps)
        ),
        label: "ends after the last step",
        help,
    })
}

fn nothing_combined(trial: &Trial) -> Option<Mismatch> {
    let Objective::Combined(combined) = &trial.objective else {
        return None;
    };
    (!combined.is_sum()).then(|| Mismatch {
        path: "objective.combined",
        message: "`objective.combined` has no regulariser besides the KL divergence".to_owned(),
        label: "nothing to combine",
        help: "add at least one of `gamma`, `mutual-information`, `total-correlation`, `dimension-wise-kl`, \
               `lambda-od`; use objective.beta-vae for the KL divergence only",
    })
}

/// `1 step`, `300,000 steps`.
fn steps_of(steps: u64) -> String {
    let s = if steps == 1 { "" } else { "s" };
    format!("{} step{s}", grouped(steps.into()))
}

/// What to do about a key that has no effect.
pub(crate) fn missing_for(path: &str) -> &'static str {
    let (_, name) = path.split_at(path.rfind('.').map_or(0, |dot| dot + 1));
    match name {
        "variance" => "remove it, or set likelihood = \"gaussian\"",
        "estimator" => {
            "remove it, or add `mutual-information`, `total-correlation` or `dimension-wise-kl`"
        }
        "dip-type" | "lambda-d-factor" => "remove it, or add `lambda-od`",
        _ => "remove it, or add `gamma`",
    }
}
