//! Images per second of training, in one or several worker processes at once.
//!
//! As under `unravel run`, every worker is a process of its own with its share of the cores and its own cohort. The
//! workers are this program again: each builds its cohort, makes a few steps, says that it is ready, and starts the
//! clock when all of them are. Their rates are added up.

mod worker;

use std::time::Duration;

use serde::Serialize;

pub use worker::{Share, work};

use crate::error::BenchError;
use crate::machine::Machine;
use crate::timing::tenths;
use crate::workload::Workload;
use worker::Worker;
pub(crate) use worker::this_program;

/// How the cores are divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Division {
    /// Worker processes.
    pub jobs: usize,
    /// Threads of all of them together.
    pub threads: usize,
}

/// One measured rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trained {
    /// `train`.
    pub bench: &'static str,
    /// Where.
    #[serde(flatten)]
    pub machine: Machine,
    /// Encoder and decoder.
    pub arch: &'static str,
    /// What is minimised.
    pub objective: &'static str,
    /// Models of one worker's cohort.
    pub models: usize,
    /// Worker processes side by side.
    pub jobs: usize,
    /// Threads of all workers together.
    pub threads: usize,
    /// Threads of one worker.
    pub threads_per_job: usize,
    /// Images in a batch of one model.
    pub batch_size: usize,
    /// Seconds of the slowest worker.
    pub elapsed_secs: f64,
    /// Images that all models of all workers were trained on, per second.
    pub images_per_s: f64,
    /// Images per second that a thread had on a core: the steadier of the two rates where other programs run. Threads that
    /// wait for each other may count as working.
    pub images_per_cpu_s: f64,
}

/// Trains for at least `duration` and measures.
///
/// # Errors
/// Where a worker cannot be started or fails, or where there are more jobs than threads.
pub fn measure(
    workload: Workload,
    division: Division,
    duration: Duration,
) -> Result<Trained, BenchError> {
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
        .collect::<Result<Vec<Share>, _>>()?;
    Ok(Trained {
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
        images_per_s: tenths(shares.iter().map(Share::images_per_s).sum()),
        images_per_cpu_s: tenths(
            shares.iter().map(|share| share.images as f64).sum::<f64>()
                / shares.iter().map(|share| share.cpu_secs).sum::<f64>(),
        ),
    })
}

impl std::fmt::Display for Trained {
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
