//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use unravel_bench::machine::n_cores;
use unravel_bench::train::Division;
use unravel_bench::workload::{Target, Workload};
use unravel_sweep::Architecture;

/// Benchmarks of unravel on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "unravel-bench",
    subcommand_required = false,
    arg_required_else_help = true
)]
pub struct Cli {
    /// The benchmark; defaults to `train` with `--vs-torch`.
    #[command(subcommand)]
    pub what: Option<What>,

    /// Print one JSON object per line.
    #[arg(long, global = true)]
    pub json: bool,

    /// Architectures to measure.
    #[arg(long, global = true, value_delimiter = ',', default_value = "conv-4x4", value_parser = architecture)]
    pub arch: Vec<Architecture>,

    /// Objectives to measure.
    #[arg(long, global = true, value_delimiter = ',', default_value = "beta-vae")]
    pub objective: Vec<Target>,

    /// Number of models in a worker's cohort.
    #[arg(long, global = true, value_delimiter = ',', default_value = "1", value_parser = at_least_one)]
    pub models: Vec<usize>,

    /// Number of threads of all jobs; defaults to the number of cores, for `layers` to 1.
    #[arg(long, global = true, value_parser = at_least_one)]
    pub threads: Option<usize>,

    /// Number of worker processes; by default, measures one per thread, then one with all threads.
    #[arg(long, global = true, value_delimiter = ',', value_parser = at_least_one)]
    pub jobs: Vec<usize>,

    /// Duration of a measurement in seconds.
    #[arg(long, global = true, default_value = "10", value_parser = seconds)]
    pub seconds: Duration,

    /// Python with PyTorch: train in PyTorch and unravel alternately, and print the ratio.
    #[arg(long, global = true, value_name = "PYTHON")]
    pub vs_torch: Option<PathBuf>,

    /// Number of rounds of `--vs-torch` and `scale`.
    #[arg(long, global = true, default_value = "5", value_parser = at_least_one)]
    pub rounds: usize,
}

/// The benchmarks.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Measure images per second of training.
    Train,
    /// Measure images per second of encoding, and the seconds for the whole grid.
    Encode {
        /// Encode the whole grid instead of stopping after --seconds.
        #[arg(long)]
        whole: bool,
    },
    /// Measure the time of each layer of a step.
    Layers,
    /// Measure rendered images per second.
    Data,
    /// Measure training on a CUDA device; with `--vs-torch`, compare with PyTorch. Requires the feature `cuda`.
    Cuda {
        /// Sizes of cohorts.
        #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32,64,128", value_parser = at_least_one)]
        cohorts: Vec<usize>,
    },
    /// Measure `plan`, `status`, `report` and `run` with many trials in the store.
    Scale {
        /// Folder of the store, which is kept.
        folder: PathBuf,
        /// Number of trials in the store.
        #[arg(long, default_value = "12600")]
        trials: usize,
        /// Number of trials that are planned without a store.
        #[arg(long, default_value = "100000")]
        planned: usize,
        /// Number of trained cohorts, for the orchestrator's own time.
        #[arg(long, default_value = "108")]
        cohorts: usize,
    },
    /// Run a worker process of `train`.
    #[command(hide = true)]
    Worker,
    /// Run a worker process of `cuda`.
    #[command(hide = true)]
    CudaWorker,
}

impl Cli {
    /// Number of threads of all jobs.
    pub fn n_threads(&self) -> usize {
        self.threads.unwrap_or_else(n_cores)
    }

    /// All combinations of architecture, objective and number of models.
    pub fn workloads(&self) -> Vec<Workload> {
        let mut workloads = Vec::new();
        for architecture in &self.arch {
            for target in &self.objective {
                workloads.extend(self.models.iter().map(|models| Workload {
                    architecture: *architecture,
                    target: *target,
                    models: *models,
                }));
            }
        }
        workloads
    }

    /// The divisions of the threads among jobs.
    pub fn divisions(&self) -> Vec<Division> {
        let threads = self.n_threads();
        let mut jobs = self.jobs.clone();
        if jobs.is_empty() {
            jobs = vec![threads, 1];
            jobs.dedup();
        }
        jobs.into_iter()
            .map(|jobs| Division { jobs, threads })
            .collect()
    }
}

fn architecture(name: &str) -> Result<Architecture, String> {
    let known = || Architecture::NAMES.join(", ");
    Architecture::from_name(name).ok_or_else(|| format!("expected one of {}", known()))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number of at least 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "expected a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_are_combined_and_threads_are_divided() {
        let line = "unravel-bench train --arch conv-4x4,conv-small --models 1,4 --threads 4";
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        assert_eq!(cli.workloads().len(), 4);
        let jobs: Vec<usize> = cli
            .divisions()
            .iter()
            .map(|division| division.jobs)
            .collect();
        assert_eq!(jobs, [4, 1]);
        assert!(Cli::try_parse_from(["unravel-bench", "train", "--jobs", "0"]).is_err());
        assert!(Cli::try_parse_from(["unravel-bench", "train", "--seconds", "-1"]).is_err());
    }
}
