//! The trials and scores that are missing in a report, with the reason.

use crate::axis::plain;
use crate::final_scores::{Key, Scored};
use crate::report_input::{Rows, TrialRow};
use crate::words::{list, metric_title};
use std::collections::BTreeSet;
use unravel_score::{MetricName, RepresentationName, ScoreRequest, VariantName};
use unravel_store::Reached;
use unravel_sweep::EvaluationConfig;

/// A trial that is not trained or lacks a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Index of the trial.
    pub trial: usize,
    /// `not started`, `training`, `failed`, ….
    pub state: &'static str,
    /// The details: the saved step, the error or the missing scores.
    pub reason: String,
}

/// Every trial that is not trained or lacks a requested score, in the order of the sweep.
pub fn missing(rows: &Rows, scored: &[Scored], evaluation: &EvaluationConfig) -> Vec<Missing> {
    let keys: Vec<&Key> = scored.iter().map(|scored| &scored.key).collect();
    let taken: Taken<'_> = rows
        .final_scores()
        .map(|s| (s.trial, &s.metric, &s.variant, &s.representation))
        .collect();
    let lacking = |trial: usize, row: &TrialRow| {
        // The grid is not compared, because a trial has only one.
        let mut requests = evaluation.score_requests(row.steps, "");
        requests.retain(|request| request.context.step == row.steps);
        lacking(trial, &requests, &taken, &keys)
    };
    let of = |(trial, row): (usize, &TrialRow)| {
        let progress = &row.progress;
        let (state, reason) = match (&row.unreadable, &progress.failure, progress.reached) {
            (Some(reason), ..) => ("unreadable", reason.clone()),
            (_, Some(reason), _) => ("failed", reason.clone()),
            (_, _, Reached::Step(0)) => ("not started", "no step is saved yet".to_owned()),
            (_, _, Reached::Step(step)) => {
                let (step, steps) = (plain(step as f64, 0), plain(row.steps as f64, 0));
                ("training", format!("saved at step {step} of {steps}"))
            }
            (_, _, Reached::Trained | Reached::Scored) => ("not scored", lacking(trial, row)),
        };
        let is_whole = row.is_trained() && reason.is_empty();
        (!is_whole).then_some(Missing {
            trial,
            state,
            reason,
        })
    };
    rows.trials.iter().enumerate().filter_map(of).collect()
}

/// Final scores by trial, metric, variant and representation.
type Taken<'a> = BTreeSet<(
    usize,
    &'a MetricName,
    &'a VariantName,
    &'a RepresentationName,
)>;

/// The requested final scores that a trained trial lacks: scores that other trials have, and metrics that no trial has
/// yet.
fn lacking(trial: usize, requests: &[ScoreRequest], taken: &Taken<'_>, keys: &[&Key]) -> String {
    let is_requested = |key: &Key| {
        let (variant, representation) = (&key.variant, &key.representation);
        requests.iter().any(|request| {
            request.metric == key.metric
                && request.context.variant == *variant
                && request.context.representation == *representation
        })
    };
    let others = keys
        .iter()
        .filter(|key| is_requested(key))
        .filter(|key| !taken.contains(&(trial, &key.metric, &key.variant, &key.representation)))
        .map(|key| key.title());
    let mut unseen: Vec<&MetricName> = Vec::new();
    for metric in requests.iter().map(|request| &request.metric) {
        let is_seen = keys.iter().any(|key| key.metric == *metric);
        if *metric != MetricName::Elbo && !is_seen && !unseen.contains(&metric) {
            unseen.push(metric);
        }
    }
    let has_elbo = taken
        .iter()
        .any(|(t, metric, ..)| *t == trial && **metric == MetricName::Elbo);
    let elbo = (!has_elbo).then(|| "reconstruction error and KL".to_owned());
    let unseen = unseen.into_iter().map(metric_title);
    list(&others.chain(unseen).chain(elbo).collect::<Vec<_>>())
}
