//! What can go wrong with a measurement.

use std::path::PathBuf;

/// A measurement that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The model refused the workload.
    #[error(transparent)]
    Model(#[from] unravel_model::error::ModelError),
    /// A thread pool could not be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why.
        source: rayon::ThreadPoolBuildError,
    },
    /// More processes than threads.
    #[error(
        "{jobs} jobs need at least as many threads, and there are {threads}: give a larger --threads"
    )]
    TooManyJobs {
        /// Processes asked for.
        jobs: usize,
        /// Threads to divide among them.
        threads: usize,
    },
    /// A program could not be started or listened to.
    #[error("cannot run `{program}`: {source}")]
    Process {
        /// The program.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// No CUDA device, or none that could do it.
    #[error("not measured, for want of a CUDA device that could do it: {why}")]
    Cuda {
        /// What is missing.
        why: String,
    },
    /// The store of `scale` could not be read or written.
    #[error(transparent)]
    Store(#[from] unravel_store::StoreError),
    /// A file could not be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program ended or spoke otherwise than agreed.
    #[error("`{program}` gave no timings: {why}")]
    NoTimings {
        /// The program.
        program: PathBuf,
        /// What it said or did instead.
        why: String,
    },
}
