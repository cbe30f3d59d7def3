//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use unravel_bench::machine::n_cores;
use unravel_bench::train::Division;
use unravel_bench::workload::{Target, Workload};
use unravel_sweep::Architecture;

/// Timings of unravel on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "unravel-bench",
    subcommand_required = false,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What is measured; `train` where `--vs-torch` is given alone.
    #[command(subcommand)]
    pub what: Option<What>,

    /// One JSON object a line, for programs.
    #[arg(long, global = true)]
    pub json: bool,

    /// Architectures.
    #[arg(long, global = true, value_delimiter = ',', default_value = "conv-4x4", value_parser = architecture)]
    pub arch: Vec<Architecture>,

    /// Objectives.
    #[arg(long, global = true, value_delimiter = ',', default_value = "beta-vae")]
    pub objective: Vec<Target>,

    /// Models that one worker trains as a cohort.
    #[arg(long, global = true, value_delimiter = ',', default_value = "1", value_parser = at_least_one)]
    pub models: Vec<usize>,

    /// Threads of all jobs together; by default one a core, and for `layers` one.
    #[arg(long, global = true, value_parser = at_least_one)]
    pub threads: Option<usize>,

    /// Worker processes side by side; by default one a thread, and then a single one with all threads.
    #[arg(long, global = true, value_delimiter = ',', value_parser = at_least_one)]
    pub jobs: Vec<usize>,

    /// How long one measurement takes.
    #[arg(long, global = true, default_value = "10", value_parser = seconds)]
    pub seconds: Duration,

    /// Python with PyTorch: trains there and here alternately, and prints the ratio.
    #[arg(long, global = true, value_name = "PYTHON")]
    pub vs_torch: Option<PathBuf>,

    /// Rounds of `--vs-torch`.
    #[arg(long, global = true, default_value = "5", value_parser = at_least_one)]
    pub rounds: usize,
}

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Images per second of training.
    Train,
    /// Images per second of encoding, and the seconds for the whole grid.
    Encode {
        /// Encode the whole grid, however long it takes.
        #[arg(long)]
        whole: bool,
    },
    /// Where the time of a step goes, layer by layer.
    Layers,
    /// Images rendered per second.
    Data,
    /// Training on a CUDA device, cohort by cohort; with `--vs-torch` against PyTorch. Needs the feature `cuda`.
    Cuda {
        /// Numbers of models that train together.
        #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32,64,128", value_parser = at_least_one)]
        cohorts: Vec<usize>,
    },
    /// Planning, looking and tabulating with very many trials in the store.
    Scale {
        /// Where the store is made, which is left there.
        folder: PathBuf,
        /// Trials in the store.
        #[arg(long, default_value = "12600")]
        trials: usize,
        /// Trials that are planned with no store.
        #[arg(long, default_value = "100000")]
        planned: usize,
        /// Cohorts that are trained for the orchestrator's own time.
        #[arg(long, default_value = "108")]
        cohorts: usize,
    },
    /// One process of `train`.
    #[command(hide = true)]
    Worker,
    /// One process of `cuda`.
    #[command(hide = true)]
    CudaWorker,
}

impl Cli {
    /// Threads of all jobs together.
    pub fn n_threads(&self) -> usize {
        self.threads.unwrap_or_else(n_cores)
    }

    /// Every combination of architecture, objective and number of models.
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

    /// The ways to divide the threads.
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
    Architecture::from_name(name).ok_or_else(|| format!("the architectures are {}", known()))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("a whole number from 1 is wanted".to_owned()),
        Ok(number) => Ok(number),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "a number is wanted".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn lists_are_combined_and_threads_divided() {
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
