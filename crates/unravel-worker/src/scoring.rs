//! Scores of one table of codes: every metric that is requested, from the same codes.

use std::borrow::Cow;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use unravel_data::Dataset;
use unravel_metrics::{CodeTable, FactorGrid, MetricError, MetricExt, Outcome, score};
use unravel_score::{Metric, Representation, ScoreRecord, ScoreRequest, Variant};
use unravel_store::{Event, ScoreFile, ScoreMatrix, TrialWriter};

use crate::error::WorkerError;
use crate::probe;
use crate::reporter::Reporter;
use crate::table::Table;

/// The longest that a score is taken to be at work; afterwards there are no more signs of life, so that one that hangs is
/// found out. The slowest of the field takes a few minutes over all of dSprites.
const LONGEST: Duration = Duration::from_secs(1800);

/// Time between two looks whether a score is there.
const LOOK: Duration = Duration::from_millis(100);

/// Computes the requested scores and stores each as soon as it is there; a stop leaves the rest undone.
///
/// # Errors
/// The store; else, once all others are taken, the first score that could not be.
pub fn score_all(
    requests: &[&ScoreRequest],
    table: &Table,
    (dataset, lock, seed): (&Dataset, &TrialWriter, u64),
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    let total = requests
        .iter()
        .map(|request| request.seeds.len().max(1))
        .sum();
    let mut scoring = Scoring {
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
            Representation::Mean => Cow::Borrowed(&table.z_mean),
            Representation::Sampled => Cow::Owned(probe::sample(table, seed)),
        };
        let codes = CodeTable::over(&codes, table.n_codes, grid(dataset)?);
        for request in requests {
            let (metric, variant) = known(request)?;
            let scored = codes
                .clone()
                .and_then(|codes| match metric.needs_posteriors() {
                    true => codes.with_logvars(&table.z_logvar),
                    false => Ok(codes),
                });
            match scored {
                Ok(scored) => scoring.one(request, (metric, variant), &scored, reporter)?,
                Err(error) => scoring.fail(metric, error),
            }
        }
    }
    match scoring.first_failure {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

/// Scores on their way.
struct Scoring<'a> {
    lock: &'a TrialWriter,
    /// Scores and seeds that are taken.
    done: usize,
    total: usize,
    first_failure: Option<WorkerError>,
}

impl Scoring<'_> {
    /// One metric in one variant over its seeds. Those that were taken before a stop are kept.
    fn one(
        &mut self,
        request: &ScoreRequest,
        (metric, variant): (Metric, Variant),
        table: &CodeTable<'_>,
        reporter: &mut Reporter<'_>,
    ) -> Result<(), WorkerError> {
        let seeds: &[u64] = match variant.is_sampled() {
            true => &request.seeds,
            false => &[0],
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

/// Does the work on another thread, and sends heartbeats meanwhile.
///
/// # Errors
/// [`WorkerError::Machine`] where the machine gives no thread.
fn with_heartbeat<R: Send>(
    reporter: &mut Reporter<'_>,
    work: impl FnOnce() -> R + Send,
) -> Result<R, WorkerError> {
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        let work = move || {
            // Dropped at the end, also of a panic.
            let _done = done;
            work()
        };
        let worker = std::thread::Builder::new()
            .spawn_scoped(scope, work)
            .map_err(|error| WorkerError::Machine {
                reason: format!("cannot start the thread that takes a score: {error}"),
            })?;
        while is_done.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            if began.elapsed() < LONGEST {
                reporter.alive();
            }
        }
        let result = worker.join();
        Ok(result.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The grid of a dataset, as metrics see it.
fn grid(dataset: &Dataset) -> Result<FactorGrid, WorkerError> {
    let factors = dataset.grid().space().factors();
    let (names, sizes): (Vec<_>, Vec<_>) = factors.iter().map(|f| (f.name.clone(), f.size)).unzip();
    let grid = FactorGrid::new(&sizes).and_then(|grid| grid.with_names(names));
    grid.map_err(|source| WorkerError::Metric {
        metric: "grid of factors",
        source,
    })
}

/// The metric and the variant that are requested, which this build has to know.
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
    fn slow_work_gives_signs_of_life_and_its_result() {
        let mut n_beats = 0;
        let mut emit = |event: &Event| n_beats += u32::from(*event == Event::Heartbeat);
        let stop = AtomicBool::new(false);
        let mut reporter = Reporter::new(&mut emit, &stop, Duration::from_millis(1));
        let found = with_heartbeat(&mut reporter, || {
            std::thread::sleep(4 * LOOK);
            7
        });
        assert_eq!(found.unwrap(), 7);
        assert!(0 < n_beats);
    }
}
