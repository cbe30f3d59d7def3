//! Errors of measurements.

use std::path::PathBuf;

/// The reason why a measurement failed.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The model does not accept the workload.
    #[error(transparent)]
    Model(#[from] unravel_model::error::ModelError),
    /// A thread pool cannot be started.
    #[error("cannot start {threads} threads: {source}")]
    Threads {
        /// Number of threads.
        threads: usize,
        /// The cause.
        source: rayon::ThreadPoolBuildError,
    },
    /// More processes than threads.
    #[error("{jobs} jobs require at least {jobs} threads, not {threads}: use a larger --threads")]
    TooManyJobs {
        /// Number of processes.
        jobs: usize,
        /// Number of threads for all processes.
        threads: usize,
    },
    /// A program cannot be started or read from.
    #[error("cannot run `{program}`: {source}")]
    Process {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// There is no CUDA device, or the device cannot train the workload.
    #[error("not measured, because no CUDA device can train this: {why}")]
    Cuda {
        /// The cause.
        why: String,
    },
    /// The store of `scale` cannot be read or written.
    #[error(transparent)]
    Store(#[from] unravel_store::StoreError),
    /// A file cannot be written.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program failed or printed something unexpected.
    #[error("`{program}` returned no timings: {why}")]
    NoTimings {
        /// The program.
        program: PathBuf,
        /// The program's status or output.
        why: String,
    },
}
