//! Evaluates a trained model: encodes the grid once, then computes the missing scores, pictures, probe and codes.

use unravel_data::Dataset;
use unravel_model::arrays::Arrays;
use unravel_model::kernels::Kernels;
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_score::MetricName;
use unravel_store::protocol::Phase;
use unravel_store::{Codes, ScoreFile, Todo, TrialWriter};
use unravel_sweep::Trial;

use crate::error::WorkerError;
use crate::reporter::Reporter;
use crate::{pictures, probe, scoring, stored_codes};

/// A trial's weights at one step, and the folder for its results.
pub struct Subject<'a, B: Kernels> {
    pub trial: &'a Trial,
    pub lock: &'a TrialWriter,
    pub dataset: &'a Dataset,
    pub weights: &'a Arrays,
    /// Number of updates of these weights.
    pub step: u64,
    pub device: &'a B::Device,
}

/// Computes the missing scores at one step and, if they are missing, pictures, probe and codes.
///
/// Returns false if the worker was told to stop before the end.
pub fn evaluate<B: Kernels>(
    subject: &Subject<'_, B>,
    missing: &Todo,
    reporter: &mut Reporter<'_>,
) -> Result<bool, WorkerError> {
    let Subject {
        trial,
        lock,
        dataset,
        weights,
        step,
        device,
    } = *subject;
    let model = TrainedVae::<B>::load(&trial.model, dataset.shape(), weights, device)?;
    let (elbo, metrics): (Vec<_>, Vec<_>) = missing
        .scores
        .iter()
        .partition(|request| request.metric == MetricName::Elbo);
    let needs_table = missing.codes || !metrics.is_empty();

    let probe_points = probe::points(dataset.n_points());
    let points = if needs_table {
        (0..dataset.n_points()).collect()
    } else {
        probe_points.clone()
    };
    // Stored codes are those of the final weights.
    let is_final = step == trial.training.steps;
    let stored = if is_final && needs_table {
        stored_codes::read(lock, trial, dataset.n_points())?
    } else {
        None
    };
    let table = match stored {
        Some(stored) => stored,
        None => {
            reporter.phase(Phase::Encoding, Some(lock.id()));
            let Some(table) = encode(&model, dataset, &points, reporter) else {
                return Ok(false);
            };
            table
        }
    };
    let probe = if needs_table {
        rows(&table, &probe_points)
    } else {
        table.clone()
    };

    reporter.phase(Phase::Scoring, Some(lock.id()));
    for request in elbo {
        let alive = || reporter.alive();
        let context = &request.context;
        let file = probe::elbo(
            &model,
            dataset,
            &probe_points,
            &probe,
            trial.seed,
            context,
            alive,
        );
        add(lock, file, reporter)?;
    }
    let scored = match scoring::score_all(&metrics, &table, dataset, lock, trial.seed, reporter) {
        Err(error) if !error.is_of_one_trial() => return Err(error),
        scored => scored,
    };
    if reporter.is_stopping() {
        return Ok(false);
    }
    reporter.phase(Phase::Drawing, Some(lock.id()));
    if missing.codes {
        lock.set_codes(&as_codes(&points, table))?;
    }
    if missing.pictures {
        lock.set_pictures(&pictures::draw(&model, dataset, &probe))?;
    }
    if missing.probe {
        lock.set_probe(&as_codes(&probe_points, probe))?;
    }
    // A score that cannot be computed does not prevent the other results.
    scored.map(|()| true)
}

/// Encodes these points. Returns `None` if the worker is to stop.
fn encode<B: Kernels>(
    model: &TrainedVae<B>,
    dataset: &Dataset,
    points: &[usize],
    reporter: &mut Reporter<'_>,
) -> Option<Encoding> {
    const POINTS_PER_CHECK: usize = 4096;
    let mut table = Encoding {
        n_codes: model.n_codes(),
        ..Encoding::default()
    };
    for points in points.chunks(POINTS_PER_CHECK) {
        if reporter.is_stopping() {
            return None;
        }
        let part = model.encode(dataset, points, |_| reporter.alive());
        table.z_mean.extend(part.z_mean);
        table.z_logvar.extend(part.z_logvar);
    }
    Some(table)
}

fn add(
    lock: &TrialWriter,
    file: ScoreFile,
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    if let Some(notice) = lock.add_scores(file)? {
        reporter.log(notice);
    }
    Ok(())
}

/// Selects the rows of `points` from the table of all points.
fn rows(table: &Encoding, points: &[usize]) -> Encoding {
    let n = table.n_codes;
    let pick = |values: &[f32]| -> Vec<f32> {
        points
            .iter()
            .flat_map(|point| &values[point * n..][..n])
            .copied()
            .collect()
    };
    Encoding {
        n_codes: n,
        z_mean: pick(&table.z_mean),
        z_logvar: pick(&table.z_logvar),
    }
}

fn as_codes(points: &[usize], encoding: Encoding) -> Codes {
    Codes {
        points: points.iter().map(|point| *point as u64).collect(),
        n_codes: encoding.n_codes,
        z_mean: encoding.z_mean,
        z_logvar: encoding.z_logvar,
    }
}
