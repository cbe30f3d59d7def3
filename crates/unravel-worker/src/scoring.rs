//! Computes the requested scores from one table of codes.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use unravel_data::Dataset;
use unravel_metrics::{CodeTable, FactorGrid, MetricError, MetricExt, Outcome, score};
use unravel_model::trained::Encoding;
use unravel_score::{Metric, Representation, ScoreRecord, ScoreRequest, Variant};
use unravel_store::{Event, ScoreFile, ScoreMatrix, TrialWriter};

use crate::error::WorkerError;
use crate::probe;
use crate::reporter::Reporter;

/// Heartbeats end after this time, so that the orchestrator detects a score that hangs. The slowest score takes a few
/// minutes for all of dSprites.
const MAX_HEARTBEAT_TIME: Duration = Duration::from_secs(1800);

/// Time between two checks whether a score is finished.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Computes the requested scores of the encoded grid and stores each one when it is finished. After a stop, the rest is
/// left out. `seed` is the trial's seed, for the sampled representation.
///
/// # Errors
/// Fails if the store cannot be written. If a score cannot be computed, the others are computed first, and the first
/// such error is returned.
pub fn score_all(
    requests: &[&ScoreRequest],
    encoding: &Encoding,
    dataset: &Dataset,
    lock: &TrialWriter,
    seed: u64,
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    let total = requests
        .iter()
        .map(|request| request.seeds.len().max(1))
        .sum();
    let mut scorer = Scorer {
        lock,
        done: 0,
        total,
        first_failure: None,
    };
    for representation in [Representation::Mean, Representation::Sampled] {
        let requests: Vec<&ScoreRequest> = requests
            .iter()
            .copied()
            .filter(|request| request.context.representation == representation)
            .collect();
        if requests.is_empty() {
            continue;
        }
        let codes = match representation {
            Representation::Mean => Cow::Borrowed(&encoding.z_mean),
            Representation::Sampled => Cow::Owned(probe::sample(encoding, seed)),
        };
        let table = CodeTable::over(&codes, encoding.n_codes, grid(dataset)?);
        let with_logvars = LazyCell::new(|| table.clone()?.with_logvars(&encoding.z_logvar));
        for request in requests {
            let (metric, variant) = known(request)?;
            let table = if metric.needs_posteriors() {
                &*with_logvars
            } else {
                &table
            };
            match table {
                Ok(table) => scorer.score_request(request, metric, variant, table, reporter)?,
                Err(error) => scorer.fail(metric, error.clone()),
            }
        }
    }
    match scorer.first_failure {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Computes and stores the scores of one trial, and counts them.
struct Scorer<'a> {
    lock: &'a TrialWriter,
    /// Number of finished scores, one for each seed.
    done: usize,
    total: usize,
    first_failure: Option<WorkerError>,
}

impl Scorer<'_> {
    /// Computes one metric in one variant for its seeds. After a stop, the seeds that are finished are stored.
    fn score_request(
        &mut self,
        request: &ScoreRequest,
        metric: Metric,
        variant: Variant,
        table: &CodeTable<'_>,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), WorkerError> {
        let seeds: &[u64] = if variant.is_sampled() {
            &request.seeds
        } else {
            &[0]
        };
        let mut outcomes = Vec::with_capacity(seeds.len());
        for seed in seeds {
            if reporter.is_stopping() {
                break;
            }
            reporter.send(&Event::Scoring {
                trial: self.lock.id().clone(),
                metric: metric.into(),
                variant: variant.into(),
                done: self.done,
                total: self.total,
            });
            let outcome = with_heartbeat(reporter, || score(metric, variant, table, *seed))?;
            self.done += 1;
            match outcome {
                Ok(outcome) => outcomes.push((*seed, outcome)),
                Err(error) => {
                    self.fail(metric, error);
                    break;
                }
            }
        }
        if outcomes.is_empty() {
            return Ok(());
        }
        let file = to_file(metric, variant, request, outcomes);
        if let Some(notice) = self.lock.add_scores(file)? {
            reporter.log(notice);
        }
        Ok(())
    }

    fn fail(&mut self, metric: Metric, source: MetricError) {
        let metric = metric.title();
        self.first_failure
            .get_or_insert(WorkerError::Metric { metric, source });
    }
}

/// Runs `work` on another thread and sends heartbeats until it ends.
///
/// # Errors
/// [`WorkerError::Machine`] if the thread cannot be started.
fn with_heartbeat<R: Send>(
    reporter: &mut Reporter<'_>,
    work: impl FnOnce() -> R + Send,
) -> Result<R, WorkerError> {
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        let work = move || {
            // Dropped when the work ends, also after a panic.
            let _done = done;
            work()
        };
        let worker = std::thread::Builder::new()
            .spawn_scoped(scope, work)
            .map_err(|error| WorkerError::Machine {
                reason: format!("cannot start the thread that computes a score: {error}"),
            })?;
        while is_done.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout) {
            if began.elapsed() < MAX_HEARTBEAT_TIME {
                reporter.alive();
            }
        }
        let result = worker.join();
        Ok(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The dataset's grid of factors, as a metric requires it.
fn grid(dataset: &Dataset) -> Result<FactorGrid, WorkerError> {
    let factors = dataset.grid().space().factors();
    let (names, sizes): (Vec<_>, Vec<_>) = factors.iter().map(|f| (f.name.clone(), f.size)).unzip();
    let grid = FactorGrid::new(&sizes).and_then(|grid| grid.with_names(names));
    grid.map_err(|source| WorkerError::Metric {
        metric: "grid of factors",
        source,
    })
}

/// The requested metric and variant.
///
/// # Errors
/// Fails if this build does not have them.
fn known(request: &ScoreRequest) -> Result<(Metric, Variant), WorkerError> {
    let (metric, variant) = (&request.metric, &request.context.variant);
    let known = metric.known().zip(variant.known());
    known.ok_or_else(|| WorkerError::UnknownMetric {
        name: format!("{metric} ({variant})"),
    })
}

fn to_file(
    metric: Metric,
    variant: Variant,
    request: &ScoreRequest,
    outcomes: Vec<(u64, Outcome)>,
) -> ScoreFile {
    let mut file = ScoreFile::new(metric);
    let notes: Vec<String> = outcomes
        .iter()
        .flat_map(|(_, outcome)| outcome.notes.iter().map(|&note| note.to_owned()))
        .collect();
    for (at, quantity) in metric.quantities().iter().enumerate() {
        let values = outcomes
            .iter()
            .map(|(seed, outcome)| (*seed, outcome.quantities[at].1));
        let (name, context) = (quantity.name, &request.context);
        let record = if variant.is_sampled() {
            ScoreRecord::sampled(metric, name, context, values)
        } else {
            let value = values.map(|(_, value)| value).next().unwrap_or(f64::NAN);
            ScoreRecord::exact(metric, name, context, value)
        };
        file.scores
            .push(record.noted(metric.revision(variant), notes.clone()));
    }
    for (seed, outcome) in outcomes {
        file.matrices
            .extend(outcome.matrices.into_iter().map(|matrix| ScoreMatrix {
                name: matrix.name,
                variant: request.context.variant.clone(),
                representation: request.context.representation.clone(),
                grid: request.context.grid.clone(),
                step: request.context.step,
                seed: variant.is_sampled().then_some(seed),
                row_names: matrix.row_names,
                col_names: matrix.col_names,
                values: matrix.values,
            }));
    }
    file
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn slow_work_sends_heartbeats_and_returns_its_result() {
        let mut n_beats = 0;
        let mut emit = |event: &Event| n_beats += u32::from(*event == Event::Heartbeat);
        let stop = AtomicBool::new(false);
        let mut reporter = Reporter::new(&mut emit, &stop, Duration::from_millis(1));
        let found = with_heartbeat(&mut reporter, || {
            std::thread::sleep(4 * POLL_INTERVAL);
            7
        });
        assert_eq!(found.unwrap(), 7);
        assert!(n_beats > 0);
    }
}
