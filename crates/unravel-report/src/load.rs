//! From a store to [`Rows`]: the only part of the report that reads trials.
//!
//! Nothing in a store stops a report. A damaged file becomes a notice and its numbers are absent; a trial whose state
//! cannot be read is listed as such.

use crate::rows::{ELBO, LogRow, Rows, ScoreRow, Standing, TrialRow, styled};
use std::collections::BTreeMap;
use unravel_store::{Status, Store, StoreError, TrialFolder, TrialState};
use unravel_sweep::{EvaluationConfig, Representation, Sweep, Trial};

/// Reads everything that figures and tables need; `progress` is called with the number of trials read and of all.
pub fn load(
    sweep: &Sweep,
    trials: &[Trial],
    store: &Store,
    progress: &mut dyn FnMut(usize, usize),
) -> Rows {
    let settings = styled(unravel_sweep::settings(trials));
    let index: BTreeMap<String, usize> = settings
        .iter()
        .enumerate()
        .map(|(i, row)| (row.setting.id.clone(), i))
        .collect();
    let mut rows = Rows {
        settings,
        ..Rows::default()
    };
    for (n_read, trial) in trials.iter().enumerate() {
        progress(n_read, trials.len());
        let setting = index.get(&trial.setting().id).copied().unwrap_or(0);
        load_trial(
            &mut rows,
            &sweep.evaluation,
            trial,
            setting,
            &store.trial(&trial.id()),
        );
    }
    progress(trials.len(), trials.len());
    rows
}

fn load_trial(
    rows: &mut Rows,
    evaluation: &EvaluationConfig,
    trial: &Trial,
    setting: usize,
    folder: &TrialFolder,
) {
    let (state, standing) = match folder.state() {
        Ok(found) => {
            rows.notices.extend(found.notices);
            let standing = standing(&found.value);
            (found.value, standing)
        }
        Err(error) => (
            TrialState::default(),
            Standing::Unreadable {
                reason: error.to_string(),
            },
        ),
    };
    let idx = rows.trials.len();
    rows.trials.push(TrialRow {
        id: trial.id().to_string(),
        setting,
        seed: trial.seed,
        steps: trial.training.steps,
        standing,
        device: state.device.unwrap_or_default(),
        elapsed_secs: (0.0 < state.elapsed_secs).then_some(state.elapsed_secs),
    });
    if rows.trials[idx].standing == Standing::NotStarted {
        return;
    }
    // What a failed trial logged on its way would bend the curves of its setting.
    let is_sound = !matches!(rows.trials[idx].standing, Standing::Failed { .. });
    let log = is_sound
        .then(|| noted(folder.train_log(), &mut rows.notices))
        .flatten();
    if let Some(log) = log {
        let is_term = |name: &str| !is_per_latent(name);
        let columns: Vec<usize> = (0..log.columns.len())
            .filter(|&i| is_term(&log.columns[i]))
            .collect();
        rows.logs.push(LogRow {
            trial: idx,
            terms: columns.iter().map(|&i| log.columns[i].clone()).collect(),
            rows: log
                .rows
                .iter()
                .map(|(step, values)| (*step, columns.iter().map(|&i| values[i]).collect()))
                .collect(),
        });
    }
    for metric in evaluation.metrics.iter().map(String::as_str).chain([ELBO]) {
        load_scores(rows, evaluation, metric, idx, folder);
    }
}

/// The scores that the sweep asks for; a store may hold others, of other sweeps.
fn load_scores(
    rows: &mut Rows,
    evaluation: &EvaluationConfig,
    metric: &str,
    trial: usize,
    folder: &TrialFolder,
) {
    let Some(file) = noted(folder.scores(metric), &mut rows.notices) else {
        return;
    };
    let seeds: Vec<u64> = (0..evaluation.seeds).collect();
    let is_wanted = |step| step == rows.trials[trial].steps || evaluation.at.contains(&step);
    let mut headline_context = None;
    for record in file.scores {
        let asked = metric == ELBO
            || (evaluation.variants.contains(&record.variant)
                && evaluation
                    .representations
                    .iter()
                    .copied()
                    .any(|r| Representation::name(r) == record.representation));
        if !asked || !is_wanted(record.step) {
            continue;
        }
        let is_headline = headline_context != Some(record.context());
        headline_context = Some(record.context());
        // Fewer seeds than asked for, of a run that is still at it, are shown as they are.
        let record = record.over_seeds(&seeds).unwrap_or(record);
        rows.scores.push(ScoreRow {
            trial,
            metric: record.metric,
            quantity: record.quantity,
            is_headline,
            variant: record.variant,
            representation: record.representation,
            grid: record.grid,
            step: record.step,
            evaluation_seeds: record.seeds,
            values: record.values,
            mean: record.mean,
            sd_over_evaluation_seeds: record.sd,
        });
    }
}

fn standing(state: &TrialState) -> Standing {
    match state.status {
        Status::Absent => Standing::NotStarted,
        Status::Training => Standing::Training { step: state.step },
        Status::Trained => Standing::Trained,
        Status::Failed => Standing::Failed {
            reason: state
                .reason
                .clone()
                .unwrap_or_else(|| "no reason was recorded".into()),
        },
    }
}

/// What was read, or nothing and a notice.
pub fn noted<T>(read: Result<Option<T>, StoreError>, notices: &mut Vec<String>) -> Option<T> {
    read.unwrap_or_else(|error| {
        notices.push(error.to_string());
        None
    })
}

/// `kl_0`, `kl_1`, …: one curve a latent is too many for a figure of loss terms.
fn is_per_latent(column: &str) -> bool {
    column
        .strip_prefix("kl_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}
