//! Everything that is taken of a trained model: one encoding of the grid, and from it whatever is missing.

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
use crate::{pictures, probe, scoring, table};

/// One trial's model, and where its results go.
pub struct Subject<'a, B: Kernels> {
    pub trial: &'a Trial,
    pub lock: &'a TrialWriter,
    pub dataset: &'a Dataset,
    pub weights: &'a Arrays,
    /// Updates that made these weights.
    pub step: u64,
    pub device: &'a B::Device,
}

/// Takes the missing scores at one step and, where they are missing, pictures, probe and codes.
///
/// Returns whether all of it was done, and not interrupted.
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
    // Kept codes are those of the final weights.
    let is_final = step == trial.training.steps;
    let kept = match is_final && needs_table {
        true => table::kept(lock, trial, dataset.n_points())?,
        false => None,
    };
    let table = match kept {
        Some(kept) => kept,
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
    let of = (dataset, lock, trial.seed);
    let scored = match scoring::score_all(&metrics, &table, of, reporter) {
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
    // A score that cannot be taken keeps nothing else from being made.
    scored.map(|()| true)
}

/// Means and log variances of these points; none if asked to stop.
fn encode<B: Kernels>(
    model: &TrainedVae<B>,
    dataset: &Dataset,
    points: &[usize],
    reporter: &mut Reporter<'_>,
) -> Option<Encoding> {
    const RUN: usize = 4096;
    let mut table = Encoding {
        n_codes: model.n_codes(),
        ..Encoding::default()
    };
    for points in points.chunks(RUN) {
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

/// The rows of some points of a table of all points.
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
