//! Copies trained trials, one for each trial of a sweep, with slightly different numbers.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use unravel_store::{
    Codes, Model, Pictures, ScoreFile, Store, StoreError, TrainLog, TrialFolder, TrialState,
};
use unravel_sweep::{Sweep, Trial};
use unravel_worker::data;

use crate::error::BenchError;

/// Maximum number of rows of a training log, as in the worker.
const N_LOG_ROWS: u64 = 1_000;

/// Writes each trial of the sweep `all` as a copy of the trial of the same family in the sweep `first`.
pub fn write(first: &Path, first_store: &Path, all: &Path, store: &Path) -> Result<(), BenchError> {
    let from = Store::open_read(first_store)?;
    let mut originals = BTreeMap::new();
    for trial in trials(first)? {
        originals.insert(
            trial.setting().family,
            Original::read(&from.trial(&trial.id()))?,
        );
    }
    let store = Store::open(store)?;
    let copied = trials(all)?;
    copied.par_iter().try_for_each(|trial| {
        let folder = store.trial(&trial.id());
        match originals.get(&trial.setting().family) {
            // The state is written last, so an incomplete copy has none.
            Some(original) if folder.state()?.value != original.state => {
                original.copy(&store, trial)
            }
            _ => Ok(()),
        }
    })?;
    Ok(())
}

fn trials(path: &Path) -> Result<Vec<Trial>, BenchError> {
    let no = |why: String| BenchError::NoTimings {
        program: path.to_owned(),
        why,
    };
    let text = std::fs::read_to_string(path).map_err(|error| no(error.to_string()))?;
    let sweep: Sweep = unravel_sweep::parse(&text).map_err(|faults| no(format!("{faults:?}")))?;
    let observations =
        data::open_source(&sweep.data.dataset).map_err(|error| no(error.to_string()))?;
    Ok(sweep.trials(observations.content()))
}

/// The copied parts of a trial.
struct Original {
    state: TrialState,
    log: TrainLog,
    scores: Vec<ScoreFile>,
    pictures: Pictures,
    probe: Codes,
}

impl Original {
    fn read(folder: &TrialFolder) -> Result<Self, StoreError> {
        let log = folder
            .train_log()?
            .unwrap_or_else(|| TrainLog::new([""; 0]));
        Ok(Self {
            state: folder.state()?.value,
            log,
            scores: folder.all_scores()?.value,
            pictures: folder.pictures()?.unwrap_or_default(),
            probe: folder.probe()?.unwrap_or_default(),
        })
    }

    fn copy(&self, store: &Store, trial: &Trial) -> Result<(), StoreError> {
        let lock = store.create(trial)?;
        let steps = trial.training.steps;
        lock.set_train_log(&self.log_of(trial))?;
        lock.set_model(&Model {
            step: steps,
            ..Model::default()
        })?;
        // The report shows only the best trial of a setting, here that of the first seed. Compressing all would take
        // hours.
        match trial.seed {
            0 => lock.set_pictures(&self.pictures)?,
            _ => lock.set_pictures(&Pictures {
                image_shape: self.pictures.image_shape,
                ..Pictures::default()
            })?,
        }
        lock.set_probe(&self.probe)?;
        for file in &self.scores {
            lock.set_scores(&scaled(file.clone(), trial.seed))?;
        }
        lock.set_state(&self.state)
    }

    /// A log with as many rows as a long training, from the rows of the original.
    fn log_of(&self, trial: &Trial) -> TrainLog {
        let steps = trial.training.steps;
        let n_rows = N_LOG_ROWS.min(steps);
        let mut log = TrainLog::new(self.log.columns.clone());
        if !self.log.rows.is_empty() {
            log.rows = (1..=n_rows)
                .map(|row| {
                    let (_, values) = &self.log.rows[row as usize % self.log.rows.len()];
                    let values = values.iter().map(|value| value * factor(trial.seed + row));
                    (row * steps / n_rows, values.collect())
                })
                .collect();
        }
        log
    }
}

fn scaled(mut file: ScoreFile, seed: u64) -> ScoreFile {
    for score in &mut file.scores {
        let factor = factor(seed);
        score.values.iter_mut().for_each(|value| *value *= factor);
        score.mean *= factor;
        score.sd = score.sd.map(|sd| sd * factor);
    }
    file
}

/// A factor between 0.95 and 1.05 with all digits of a measured number; the largest for the first seed.
fn factor(seed: u64) -> f64 {
    if seed == 0 {
        return 1.05;
    }
    let spread = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    0.95 + 0.1 * spread as f64 / (1_u64 << 53) as f64
}
