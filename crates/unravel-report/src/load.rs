//! Reads trials from a store into [`Rows`]. No other part of the report reads trials.
//!
//! A damaged store does not stop a report. A damaged file becomes a notice, and its numbers are missing. A trial whose
//! state cannot be read is listed as unreadable.

mod logs;
mod scores;

use crate::report_input::{LatentLog, LogRow, MatrixRow, Rows, ScoreRow, TrialRow, styled};
use rayon::prelude::*;
use std::collections::BTreeMap;
use unravel_score::MetricName;
use unravel_store::{Status, Store, StoreError, TrialFolder, TrialProgress, TrialState};
use unravel_sweep::{EvaluationConfig, Sweep, Trial};

/// The number of trials that are read at a time. Progress is reported in between.
const AT_ONCE: usize = 64;

/// The optional data of every trial. With many trials, reading it takes most of the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The training log.
    pub logs: bool,
    /// The matrices behind the scores.
    pub matrices: bool,
}

impl LoadOptions {
    /// Neither.
    pub const NONE: Self = Self {
        logs: false,
        matrices: false,
    };
    /// Only the training log.
    pub const LOGS: Self = Self {
        logs: true,
        ..Self::NONE
    };
    /// Only the matrices.
    pub const MATRICES: Self = Self {
        matrices: true,
        ..Self::NONE
    };

    /// The data that at least one of both needs.
    pub fn and(self, other: Self) -> Self {
        Self {
            logs: self.logs || other.logs,
            matrices: self.matrices || other.matrices,
        }
    }
}

/// Reads everything that figures and tables need; `progress` is called with the number of trials read and of all.
pub fn load(
    sweep: &Sweep,
    trials: &[Trial],
    store: &Store,
    options: LoadOptions,
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
    let read = |(idx, trial): (usize, &Trial)| {
        let setting = index.get(&trial.setting().id).copied().unwrap_or(0);
        let folder = store.trial(&trial.id());
        load_trial(&sweep.evaluation, idx, trial, setting, &folder, options)
    };
    for (n_chunk, chunk) in trials.chunks(AT_ONCE).enumerate() {
        let first = n_chunk * AT_ONCE;
        progress(first, trials.len());
        let found: Vec<Found> = (first..first + chunk.len())
            .into_par_iter()
            .zip(chunk)
            .map(read)
            .collect();
        found.into_iter().for_each(|one| one.add_to(&mut rows));
    }
    progress(trials.len(), trials.len());
    rows
}

/// The loaded data of one trial.
struct Found {
    trial: TrialRow,
    log: Option<LogRow>,
    latents: Option<LatentLog>,
    scores: Vec<ScoreRow>,
    matrices: Vec<MatrixRow>,
    notices: Vec<String>,
}

impl Found {
    fn add_to(self, rows: &mut Rows) {
        rows.trials.push(self.trial);
        rows.logs.extend(self.log);
        rows.latents.extend(self.latents);
        rows.scores.extend(self.scores);
        rows.matrices.extend(self.matrices);
        rows.notices.extend(self.notices);
    }
}

fn load_trial(
    evaluation: &EvaluationConfig,
    idx: usize,
    trial: &Trial,
    setting: usize,
    folder: &TrialFolder,
    options: LoadOptions,
) -> Found {
    let mut notices = Vec::new();
    let (state, unreadable) = match folder.state() {
        Ok(found) => {
            notices.extend(found.notices);
            (found.value, None)
        }
        Err(error) => (TrialState::default(), Some(error.to_string())),
    };
    let is_absent = unreadable.is_none() && state.status == Status::Absent;
    let mut found = Found {
        trial: TrialRow {
            id: trial.id().to_string(),
            setting,
            seed: trial.seed,
            steps: trial.training.steps,
            progress: TrialProgress::of_state(&state),
            unreadable,
            device: state.device.unwrap_or_default(),
            program: state.program.unwrap_or_default(),
            elapsed_secs: (0.0 < state.elapsed_secs).then_some(state.elapsed_secs),
        },
        log: None,
        latents: None,
        scores: Vec::new(),
        matrices: Vec::new(),
        notices,
    };
    if is_absent {
        return found;
    }
    // The log of a failed trial is not used, because it would distort the curves of its setting.
    if options.logs
        && found.trial.progress.failure.is_none()
        && let Some(log) = noted(folder.train_log(), &mut found.notices)
    {
        let (terms, latents) = logs::split(idx, trial.training.steps, &log);
        (found.log, found.latents) = (Some(terms), latents);
    }
    let metrics = evaluation.metrics.iter().copied().map(MetricName::from);
    for metric in metrics.chain([MetricName::Elbo]) {
        let file = match options.matrices {
            true => folder.scores(&metric),
            false => folder.scores_alone(&metric),
        };
        if let Some(file) = noted(file, &mut found.notices) {
            let asked = scores::Asked {
                evaluation,
                trial: idx,
                steps: trial.training.steps,
            };
            found.matrices.extend(asked.matrices(&file));
            found.scores.extend(asked.scores(file));
        }
    }
    found
}

/// The value; on an error, `None` and a notice.
pub fn noted<T>(read: Result<Option<T>, StoreError>, notices: &mut Vec<String>) -> Option<T> {
    read.unwrap_or_else(|error| {
        notices.push(error.to_string());
        None
    })
}
