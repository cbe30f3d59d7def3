//! What several keys of a trial must agree on.

use crate::field::{Field, Value};
use crate::loss_weight::{Schedule, Weight};
use crate::number::grouped;
use crate::objective::Objective;
use crate::trial::Trial;

/// Keys of one trial that do not go together.
pub(crate) struct Mismatch {
    /// The key to point at; where the trial has no such key, its objective is meant.
    pub(crate) path: &'static str,
    /// One sentence.
    pub(crate) message: String,
    /// A few words for the key's place.
    pub(crate) label: &'static str,
    /// What to do.
    pub(crate) help: &'static str,
}

/// Everything in a trial that does not go together, each key being fine by itself.
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
        message: format!("{} needs a batch of at least 2 images", family.title),
        label: "a batch of 1",
        help: "it compares the images of a batch; 64 is usual",
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
            "`iteration-threshold` is {}, beyond the {} of the trial",
            grouped(threshold.into()),
            steps_of(steps)
        ),
        label: "never reached",
        help: "the capacity would never be `c-max`: lower the threshold, or raise `training.steps`",
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
    let what = match weight {
        Weight::Schedule(Schedule::Cyclic(_)) => "a cycle of the schedule of",
        _ => "the schedule of",
    };
    Some(Mismatch {
        path: field.path,
        message: format!(
            "{what} `{}` ends at step {}, beyond the {} of the trial",
            field.name(),
            grouped(needed.into()),
            steps_of(steps)
        ),
        label: "never ends",
        help: "the weight would never be `to`: let it end earlier, or raise `training.steps`",
    })
}

fn nothing_combined(trial: &Trial) -> Option<Mismatch> {
    let Objective::Combined(combined) = &trial.objective else {
        return None;
    };
    (!combined.is_sum()).then(|| Mismatch {
        path: "objective.combined",
        message: "`objective.combined` has no regulariser besides the KL".to_owned(),
        label: "nothing to combine",
        help: "give at least one of `gamma`, `mutual-information`, `total-correlation`, `dimension-wise-kl`, \
               `lambda-od`; objective.beta-vae is for the KL alone",
    })
}

/// `1 step`, `300,000 steps`.
fn steps_of(steps: u64) -> String {
    let s = if steps == 1 { "" } else { "s" };
    format!("{} step{s}", grouped(steps.into()))
}

/// What would make a key decide something that decides nothing.
pub(crate) fn missing_for(path: &str) -> &'static str {
    let (_, name) = path.split_at(path.rfind('.').map_or(0, |dot| dot + 1));
    match name {
        "variance" => "it is read where likelihood = \"gaussian\"",
        "estimator" => {
            "it is read where `mutual-information`, `total-correlation` or `dimension-wise-kl` is given"
        }
        "dip-type" | "lambda-d-factor" => "it is read where `lambda-od` is given",
        _ => "it is read where `gamma` is given",
    }
}
