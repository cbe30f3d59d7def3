//! Everything that is taken of a trained model: one encoding of the grid, and from it whatever is missing.

use unravel_data::Dataset;
use unravel_metrics::{CodeTable, FactorGrid, Metric, MetricError, Outcome, Variant, score};
use unravel_model::arrays::Arrays;
use unravel_model::kernels::Kernels;
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_store::order::Phase;
use unravel_store::{Codes, Missing, ScoreFile, ScoreMatrix, ScoreRecord, TrialLock, WantedScore};
use unravel_sweep::{Representation, Trial};

use crate::error::WorkerError;
use crate::reporter::Reporter;
use crate::wanted::ELBO;
use crate::{pictures, probe};

/// One trial's model, and where its results go.
pub struct Subject<'a, B: Kernels> {
    pub trial: &'a Trial,
    pub lock: &'a TrialLock,
    pub dataset: &'a Dataset,
    pub weights: &'a Arrays,
    pub device: &'a B::Device,
}

/// Takes the missing scores at one step and, where they are missing, pictures, probe and codes.
///
/// Returns whether all of it was done, and not interrupted.
pub fn evaluate<B: Kernels>(
    subject: &Subject<'_, B>,
    missing: &Missing,
    reporter: &mut Reporter<'_>,
) -> Result<bool, WorkerError> {
    let Subject {
        trial,
        lock,
        dataset,
        weights,
        device,
    } = *subject;
    let model = TrainedVae::<B>::load(&trial.model, dataset.shape(), weights, device)?;
    let (elbo, metrics): (Vec<_>, Vec<_>) = missing
        .scores
        .iter()
        .partition(|wanted| wanted.metric == ELBO);
    let needs_table = missing.codes || !metrics.is_empty();

    reporter.phase(Phase::Encoding, Some(lock.id()));
    let probe_points = probe::points(dataset.n_points());
    let points = if needs_table {
        (0..dataset.n_points()).collect()
    } else {
        probe_points.clone()
    };
    let Some(table) = encode(&model, dataset, &points, reporter) else {
        return Ok(false);
    };
    let probe = if needs_table {
        rows(&table, &probe_points)
    } else {
        table.clone()
    };

    reporter.phase(Phase::Scoring, Some(lock.id()));
    for wanted in elbo {
        let alive = || reporter.alive();
        let context = &wanted.context;
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
    take_scores(subject, &metrics, &table, reporter)?;
    if reporter.is_stopping() {
        return Ok(false);
    }
    reporter.phase(Phase::Drawing, Some(lock.id()));
    if missing.codes {
        lock.set_codes(&as_codes(&points, table))?;
    }
    if missing.pictures {
        lock.set_pictures(&pictures::draw(
            &model,
            dataset,
            &probe::kl_per_code(&probe),
        ))?;
    }
    if missing.probe {
        lock.set_probe(&as_codes(&probe_points, probe))?;
    }
    Ok(true)
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

fn take_scores<B: Kernels>(
    subject: &Subject<'_, B>,
    metrics: &[&WantedScore],
    table: &Encoding,
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    let wants = |representation: Representation| {
        metrics
            .iter()
            .any(|wanted| wanted.context.representation == representation.name())
    };
    for representation in [Representation::Mean, Representation::Sampled] {
        if !wants(representation) {
            continue;
        }
        let codes = match representation {
            Representation::Mean => table.z_mean.clone(),
            Representation::Sampled => probe::sample(table, subject.trial.seed),
        };
        for wanted in metrics {
            if wanted.context.representation == representation.name() && !reporter.is_stopping() {
                let file = score_table(wanted, &codes, table.n_codes, subject.dataset, reporter)?;
                add(subject.lock, file, reporter)?;
                reporter.alive();
            }
        }
    }
    Ok(())
}

/// One metric in one variant over its seeds.
fn score_table(
    wanted: &WantedScore,
    codes: &[f32],
    n_codes: usize,
    dataset: &Dataset,
    reporter: &mut Reporter<'_>,
) -> Result<ScoreFile, WorkerError> {
    let unknown = |name: &str| WorkerError::UnknownMetric {
        name: name.to_owned(),
    };
    let metric = Metric::from_name(&wanted.metric).ok_or_else(|| unknown(&wanted.metric))?;
    let variant = Variant::from_name(&wanted.context.variant)
        .ok_or_else(|| unknown(&wanted.context.variant))?;
    let failed = |source: MetricError| WorkerError::Metric {
        metric: metric.title(),
        source,
    };
    let factors = dataset.grid().space().factors();
    let (names, sizes): (Vec<_>, Vec<_>) = factors.iter().map(|f| (f.name.clone(), f.size)).unzip();
    let grid = FactorGrid::new(&sizes)
        .and_then(|grid| grid.with_names(names))
        .map_err(failed)?;
    let table = CodeTable::over(codes, n_codes, grid).map_err(failed)?;

    let seeds: &[u64] = if variant.is_sampled() {
        &wanted.seeds
    } else {
        &[0]
    };
    let outcomes = seeds
        .iter()
        .map(|seed| {
            reporter.alive();
            let outcome = score(metric, variant, &table, *seed).map_err(failed)?;
            Ok((*seed, outcome))
        })
        .collect::<Result<Vec<(u64, Outcome)>, WorkerError>>()?;
    Ok(to_file(metric, variant, wanted, outcomes))
}

fn to_file(
    metric: Metric,
    variant: Variant,
    wanted: &WantedScore,
    outcomes: Vec<(u64, Outcome)>,
) -> ScoreFile {
    let mut file = ScoreFile::new(metric.name());
    for (at, quantity) in metric.quantities().iter().enumerate() {
        let values = outcomes
            .iter()
            .map(|(seed, outcome)| (*seed, outcome.quantities[at].1));
        let (name, context) = (quantity.name, &wanted.context);
        file.scores.push(if variant.is_sampled() {
            ScoreRecord::sampled(metric.name(), name, context, values)
        } else {
            let value = values.map(|(_, value)| value).next().unwrap_or(f64::NAN);
            ScoreRecord::exact(metric.name(), name, context, value)
        });
    }
    for (seed, outcome) in outcomes {
        file.matrices
            .extend(outcome.matrices.into_iter().map(|matrix| ScoreMatrix {
                name: matrix.name,
                variant: wanted.context.variant.clone(),
                representation: wanted.context.representation.clone(),
                grid: wanted.context.grid.clone(),
                step: wanted.context.step,
                seed: variant.is_sampled().then_some(seed),
                row_names: matrix.row_names,
                col_names: matrix.col_names,
                values: matrix.values,
            }));
    }
    file
}

fn add(lock: &TrialLock, file: ScoreFile, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
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
