//! What a report of an unfinished sweep lacks, trial by trial, with the reason.

use crate::axis::plain;
use crate::cross_trial::is_cross_trial;
use crate::rows::{ELBO, Rows, Standing};
use crate::scored::{Key, Scored};
use crate::words::{list, metric_title};
use std::collections::BTreeSet;

/// A trial of which something is missing.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Index of the trial.
    pub trial: usize,
    /// `not started`, `training`, `failed`, …: a word.
    pub state: &'static str,
    /// What that means for this one, in a sentence or less.
    pub reason: String,
}

/// Every trial that is not trained, or lacks a score that the sweep asks for, in the order of the sweep.
pub fn missing(rows: &Rows, scored: &[Scored], metrics: &[String]) -> Vec<Missing> {
    // Scores over several trials are of none of them: a setting with one trial has none.
    let is_own = |metric: &str| !is_cross_trial(metric);
    let metrics: Vec<String> = metrics.iter().filter(|m| is_own(m)).cloned().collect();
    let metrics = &metrics[..];
    let keys = scored.iter().map(|scored| &scored.key);
    let keys: Vec<&Key> = keys.filter(|key| is_own(&key.metric)).collect();
    let taken: BTreeSet<(usize, &str, &str, &str)> = rows
        .final_scores()
        .map(|s| {
            (
                s.trial,
                s.metric.as_str(),
                s.variant.as_str(),
                s.representation.as_str(),
            )
        })
        .collect();
    let of = |(trial, row): (usize, &crate::rows::TrialRow)| {
        let (state, reason) = match &row.standing {
            Standing::NotStarted => ("not started", "not in the store yet".to_owned()),
            Standing::Training { step } => {
                let (step, steps) = (plain(*step as f64, 0), plain(row.steps as f64, 0));
                ("training", format!("saved at step {step} of {steps}"))
            }
            Standing::Failed { reason } => ("failed", reason.clone()),
            Standing::Unreadable { reason } => ("unreadable", reason.clone()),
            Standing::Trained => ("not scored", lacking(trial, &taken, &keys, metrics)),
        };
        let is_whole = row.standing == Standing::Trained && reason.is_empty();
        (!is_whole).then_some(Missing {
            trial,
            state,
            reason,
        })
    };
    rows.trials.iter().enumerate().filter_map(of).collect()
}

/// Which scores a trained trial lacks: those that other trials have, and metrics that none has yet.
fn lacking(
    trial: usize,
    taken: &BTreeSet<(usize, &str, &str, &str)>,
    keys: &[&Key],
    metrics: &[String],
) -> String {
    let has_metric = |metric: &str| taken.iter().any(|(t, m, _, _)| *t == trial && *m == metric);
    let unseen = metrics
        .iter()
        .filter(|m| !keys.iter().any(|key| key.metric == **m))
        .map(|m| metric_title(m));
    let others = keys
        .iter()
        .filter(|key| !taken.contains(&(trial, &key.metric, &key.variant, &key.representation)))
        .map(|key| key.title());
    let elbo = (!has_metric(ELBO)).then(|| "reconstruction error and KL".to_owned());
    list(&others.chain(unseen).chain(elbo).collect::<Vec<_>>())
}
