//! Measures images per second of training, in one or several worker processes at once.
//!
//! As in `unravel run`, each worker is a process with its share of the cores and its own cohort. The workers run this
//! program: each builds its cohort, makes a few steps, reports that it is ready, and starts its clock when all workers
//! are ready. The result is the sum of their rates.

mod worker;

use std::time::Duration;

use serde::Serialize;

pub use worker::{WorkerRate, work};

use crate::error::BenchError;
use crate::machine::Machine;
use crate::timing::tenths;
use crate::workload::Workload;
use worker::Worker;
pub(crate) use worker::this_program;

/// The division of the cores among processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Number of worker processes.
    pub jobs: usize,
    /// Number of threads of all workers.
    pub threads: usize,
}

/// A measured rate of training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainRate {
    /// `train`.
    pub bench: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// The architecture.
    pub arch: &'static str,
    /// The objective's family.
    pub objective: &'static str,
    /// Number of models of one worker's cohort.
    pub models: usize,
    /// Number of worker processes.
    pub jobs: usize,
    /// Number of threads of all workers.
    pub threads: usize,
    /// Number of threads of one worker.
    pub threads_per_job: usize,
    /// Batch size of one model.
    pub batch_size: usize,
    /// Seconds of the slowest worker.
    pub elapsed_secs: f64,
    /// Images per second over all models of all workers.
    pub images_per_s: f64,
    /// Images per second of CPU time, which other programs affect less. Threads that wait for each other may count as
    /// working.
    pub images_per_cpu_s: f64,
}

/// Trains for at least `duration` and returns the rate.
///
/// # Errors
/// Fails if a worker cannot be started or fails, or if there are more jobs than threads.
pub fn measure(
    workload: Workload,
    division: Division,
    duration: Duration,
) -> Result<TrainRate, BenchError> {
    let Division { jobs, threads } = division;
    if jobs > threads {
        return Err(BenchError::TooManyJobs { jobs, threads });
    }
    let threads_per_job = threads / jobs;
    let mut workers = (0..jobs)
        .map(|_| Worker::start(workload, threads_per_job, duration))
        .collect::<Result<Vec<_>, _>>()?;
    for worker in &mut workers {
        worker.wait_until_ready()?;
    }
    for worker in &mut workers {
        worker.go()?;
    }
    let shares = workers
        .into_iter()
        .map(Worker::finish)
        .collect::<Result<Vec<WorkerRate>, _>>()?;
    Ok(TrainRate {
        bench: "train",
        machine: Machine::here(),
        arch: workload.architecture.name(),
        objective: workload.target.name(),
        models: workload.models,
        jobs,
        threads: threads_per_job * jobs,
        threads_per_job,
        batch_size: workload.batch_size(),
        elapsed_secs: shares
            .iter()
            .map(|share| share.elapsed_secs)
            .fold(0.0, f64::max),
        images_per_s: tenths(shares.iter().map(WorkerRate::images_per_s).sum()),
        images_per_cpu_s: tenths(
            shares.iter().map(|share| share.images as f64).sum::<f64>()
                / shares.iter().map(|share| share.cpu_secs).sum::<f64>(),
        ),
    })
}

impl std::fmt::Display for TrainRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            arch,
            objective,
            models,
            jobs,
            threads_per_job,
            images_per_s,
            images_per_cpu_s,
            ..
        } = self;
        write!(
            f,
            "{arch:<14} {objective:<10} models {models:>3}  jobs {jobs:>2} x {threads_per_job} threads  \
             {images_per_s:>8.1} images/s  {images_per_cpu_s:>8.1} images per CPU second"
        )
    }
}
