//! Scores that compare the trials of a setting. They are stored beside the report.

use std::collections::BTreeMap;
use std::path::Path;

use unravel_store::CrossTrialFile;
use unravel_sweep::EvaluationConfig;

use crate::load::noted;
use crate::report_input::{Rows, ScoreRow};

/// Reads the requested scores that are stored beside a report.
pub fn read(
    evaluation: &EvaluationConfig,
    report: &Path,
    notices: &mut Vec<String>,
) -> Vec<CrossTrialFile> {
    let metrics = evaluation.metrics.iter();
    metrics
        .filter(|metric| metric.needs().several_trials)
        .filter_map(|metric| noted(CrossTrialFile::read(report, *metric), notices))
        .collect()
}

/// Adds the scores to the trials that they belong to.
pub fn add(rows: &mut Rows, files: &[CrossTrialFile]) {
    let by_id: BTreeMap<String, usize> = rows
        .trials
        .iter()
        .enumerate()
        .map(|(idx, trial)| (trial.id.clone(), idx))
        .collect();
    for file in files {
        for score in &file.scores {
            for (id, value) in score.trials.iter().zip(&score.values) {
                let Some(trial) = by_id.get(id.as_str()) else {
                    continue;
                };
                rows.scores.push(ScoreRow {
                    trial: *trial,
                    metric: file.metric.clone(),
                    quantity: score.quantity.clone(),
                    is_headline: true,
                    variant: score.variant.clone(),
                    representation: score.representation.clone(),
                    grid: score.grid.clone(),
                    step: score.step,
                    evaluation_seeds: Vec::new(),
                    values: vec![*value],
                    mean: *value,
                    sd_over_evaluation_seeds: None,
                });
            }
        }
    }
    // The sort is stable, so the scores of a trial keep their order.
    rows.scores.sort_by_key(|score| score.trial);
}
