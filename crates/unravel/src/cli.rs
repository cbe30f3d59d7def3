//! The command line: verbs, options, help.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use unravel_orchestrator::device::DeviceRequest;
use unravel_store::protocol::MAX_INTERVAL_SECS;

use crate::verbs::compare::CompareArgs;
use crate::verbs::completions::CompletionsArgs;
use crate::verbs::dataset::DatasetArgs;
use crate::verbs::evaluate::EvaluateArgs;
use crate::verbs::export::ExportArgs;
use crate::verbs::init::InitArgs;
use crate::verbs::worker::WorkerArgs;

/// Sweeps of disentangled VAEs: train a grid of β and γ, score every model, see the trade-off.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes: 0 all well · 1 a check said no · 2 usage · 3 bad sweep file · 4 some trials failed · \
5 store or machine unusable · 130 interrupted";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a commented sweep file to begin with
    Init(InitArgs),
    /// Train what is missing, score what is missing, write the report; safe to repeat, safe to kill
    Run(RunArgs),
    /// Validate a sweep file
    Check(CheckArgs),
    /// Say what `run` would do: trials, cohorts, estimated time and memory
    Plan(PlanArgs),
    /// Say where every trial stands
    Status(StatusArgs),
    /// Render the report again from the store
    Report(ReportArgs),
    /// Put two sweeps, or one sweep in two stores, on one page
    Compare(CompareArgs),
    /// Write a trained trial's weights for PyTorch, and its codes for NumPy
    Export(ExportArgs),
    /// Free what no sweep names any more
    Gc(GcArgs),
    /// Score a representation made elsewhere (.npy or .npz); no model needed
    Evaluate(EvaluateArgs),
    /// Write, check or look at the dSprites dataset
    Dataset(DatasetArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Work off one cohort; started by `run`
    #[command(hide = true)]
    Worker(WorkerArgs),
}

/// Where trials are, and how much is said.
#[derive(Args, Debug)]
pub struct Common {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    pub sweep: PathBuf,
    /// The folder that holds every trial
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub store: PathBuf,
    /// Print machine-readable results on stdout
    #[arg(long)]
    pub json: bool,
    /// Print no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// What to train on.
#[derive(Args, Debug)]
pub struct Machine {
    /// auto, cpu, cuda (every visible GPU) or cuda:0,2
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceRequest,
    /// Workers at once on the CPU, the cores divided among them [default: one a core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Models trained together as one tensor program [default: 1 on a CPU, as many as fit into a GPU's memory]
    #[arg(long, value_name = "M", value_parser = at_least_one)]
    pub cohort: Option<usize>,
}

/// What starts cohorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LauncherKind {
    /// Processes of this machine
    Local,
    /// Job arrays of the cluster that this machine belongs to
    Slurm,
}

/// How cohorts are started.
#[derive(Args, Debug)]
pub struct LaunchArgs {
    /// What starts cohorts: processes here, or Slurm; with Slurm, --jobs is how many cohorts may wait and run at once
    #[arg(long, default_value = "local", value_name = "LAUNCHER")]
    pub launcher: LauncherKind,
    /// An argument for sbatch, such as --slurm-arg=--partition=gpu; as often as needed
    #[arg(long = "slurm-arg", value_name = "ARG", allow_hyphen_values = true)]
    pub slurm_args: Vec<String>,
    /// On Ctrl-C, cancel the jobs in Slurm; else they go on, and the same command follows them again
    #[arg(long)]
    pub slurm_cancel: bool,
    /// Seconds between two questions to Slurm
    #[arg(long, value_name = "SECS", default_value_t = 10.0, value_parser = positive)]
    pub slurm_poll: f64,
}

#[derive(Args, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub machine: Machine,
    /// The report's folder [default: reports/<sweep name>]
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub launch: LaunchArgs,
    /// Keep every trial's whole table of codes (59 MB each on all of dSprites)
    #[arg(long)]
    pub keep_codes: bool,
    /// Try the trials again that failed before
    #[arg(long)]
    pub retry_failed: bool,
    /// Seconds between two checkpoints
    #[arg(long, value_name = "SECS", default_value_t = 60.0, value_parser = positive)]
    pub checkpoint_every: f64,
    /// Stop after this time, such as 2h or 90min, with everything saved and reported; every setting's first seed comes
    /// first
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub budget: Option<Duration>,
    /// A worker that says nothing for so long hangs and is replaced; it speaks at every step and between two scores
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = silence)]
    pub max_silence: Duration,
}

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    pub sweep: PathBuf,
    /// Print machine-readable results on stdout
    #[arg(long)]
    pub json: bool,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub machine: Machine,
    /// Do not measure this machine's speed; leaves out the estimated time
    #[arg(long)]
    pub no_measure: bool,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    pub common: Common,
    /// Keep showing it until every trial is done or failed, or Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Seconds between two looks
    #[arg(long, value_name = "SECS", default_value_t = 2.0, value_parser = positive, requires = "watch")]
    pub every: f64,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    #[command(flatten)]
    pub common: Common,
    /// The report's folder [default: reports/<sweep name>]
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Draw one figure alone, such as trade-off or trade-off-mig-exact; `table` is the settings' means, `scores` every score
    #[arg(long, value_name = "NAME", requires = "out", conflicts_with = "report")]
    pub figure: Option<String>,
    /// The figure's file: .svg, .png, .gif, .csv, .parquet or .tex, as the figure has it
    #[arg(long, value_name = "FILE", requires = "figure")]
    pub out: Option<PathBuf>,
    /// Draw the figure for dark paper
    #[arg(long, requires = "figure")]
    pub dark: bool,
}

#[derive(Args, Debug)]
pub struct GcArgs {
    /// The sweep files whose trials are kept
    #[arg(value_name = "SWEEP.toml", required = true)]
    pub sweeps: Vec<PathBuf>,
    /// The folder that holds every trial
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub store: PathBuf,
    /// Delete; without this nothing is touched
    #[arg(long)]
    pub delete: bool,
    /// Free the checkpoints of trained trials too, which only more steps need
    #[arg(long)]
    pub checkpoints: bool,
    /// Print machine-readable results on stdout
    #[arg(long)]
    pub json: bool,
}

/// The least that `--max-silence` takes.
const MIN_SILENCE: Duration = Duration::from_secs(5);

/// A span of time above 0 with its unit.
fn span(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(span) if MAX_INTERVAL_SECS < span.as_secs_f64() => {
            Err("give at most ten years, such as 90min or 2h".to_owned())
        }
        Ok(span) if !span.is_zero() => Ok(span),
        _ => Err("give a time above 0 with its unit, such as 90min or 2h".to_owned()),
    }
}

/// A span of time in which a worker that is well says something, even on a busy machine.
fn silence(text: &str) -> Result<Duration, String> {
    match span(text)? {
        span if span < MIN_SILENCE => Err("give at least 5s, such as 10min".to_owned()),
        span => Ok(span),
    }
}

/// A number of seconds that a duration can hold.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(secs) if MAX_INTERVAL_SECS < secs => {
            Err("give at most 315360000 seconds (ten years), such as 30".to_owned())
        }
        Ok(secs) if 0.0 < secs => Ok(secs),
        _ => Err("give a positive number of seconds, such as 30".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if 0 < n => Ok(n),
        _ => Err("give a whole number, 1 or more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn spans_of_time_need_a_unit() {
        let secs = |text| span(text).map(|span| span.as_secs());
        assert_eq!(secs("2h"), Ok(7200));
        assert_eq!(secs("1h 30min"), Ok(5400));
        for bad in ["2", "0s", "-1h", "two hours", "", "1e99h"] {
            assert!(secs(bad).is_err(), "{bad}");
        }
        assert!(secs("11years").unwrap_err().contains("ten years"));
    }

    #[test]
    fn numbers_of_seconds_are_such_as_a_duration_holds() {
        assert_eq!(positive("0.5"), Ok(0.5));
        assert_eq!(positive("315360000"), Ok(MAX_INTERVAL_SECS));
        for bad in ["0", "-1", "nan", "-inf", "", "1e300", "inf", "315360001"] {
            assert!(positive(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
