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

/// Trains VAEs over a grid of hyperparameters, scores every model with disentanglement metrics, and reports the
/// trade-off with reconstruction.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
}

const EXIT_CODES: &str = "\
Exit codes: 0 success · 1 check failed · 2 usage error · 3 invalid sweep file or data · 4 some trials failed · \
5 store or output not writable, or a limit of the machine reached · 130 interrupted · 141 stdout closed by its reader";

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a commented starter sweep file
    Init(InitArgs),
    /// Train and score the missing trials, then write the report; run it again to continue after an interruption
    Run(RunArgs),
    /// Validate a sweep file
    Check(CheckArgs),
    /// Show what `run` would do: trials, cohorts, estimated time and memory
    Plan(PlanArgs),
    /// Show the state of every trial and the size of the store
    Status(StatusArgs),
    /// Render the report again from the store
    Report(ReportArgs),
    /// Compare two sweeps, or one sweep in two stores, on one page
    Compare(CompareArgs),
    /// Write a trained trial's weights for PyTorch, and its codes for NumPy
    Export(ExportArgs),
    /// List the trials in the store that none of the given sweeps contains; `--delete` deletes them
    Gc(GcArgs),
    /// Score codes from another program (.npy or .npz)
    Evaluate(EvaluateArgs),
    /// Write, verify or preview the dSprites dataset
    Dataset(DatasetArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Train and score one cohort; started by `run`
    #[command(hide = true)]
    Worker(WorkerArgs),
}

/// The sweep, its store, and what is printed.
#[derive(Args, Debug)]
pub struct Common {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    pub sweep: PathBuf,
    /// The store: the folder with the trials
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub store: PathBuf,
    /// Print machine-readable results on stdout
    #[arg(long)]
    pub json: bool,
    /// Print no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// The devices, and the number of workers and of models per cohort.
#[derive(Args, Debug)]
pub struct Machine {
    /// auto, cpu, cuda (every visible GPU) or cuda:0,2
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    pub device: DeviceRequest,
    /// Number of parallel workers on the CPU; they share the cores equally [default: one per core]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Maximum number of models that train together as one tensor program [default: 1 on a CPU; on a GPU, as many as
    /// fit into its memory]
    #[arg(long, value_name = "M", value_parser = at_least_one)]
    pub cohort: Option<usize>,
}

/// How cohorts are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LauncherKind {
    /// Processes on this machine
    Local,
    /// Job arrays on this machine's Slurm cluster
    Slurm,
}

/// The options of the launcher.
#[derive(Args, Debug)]
pub struct LaunchArgs {
    /// How workers are started. With `slurm`, --jobs limits the number of queued and running cohorts
    #[arg(long, default_value = "local", value_name = "LAUNCHER")]
    pub launcher: LauncherKind,
    /// Argument for sbatch, such as --slurm-arg=--partition=gpu; repeatable
    #[arg(long = "slurm-arg", value_name = "ARG", allow_hyphen_values = true)]
    pub slurm_args: Vec<String>,
    /// On Ctrl-C, cancel the Slurm jobs. Without this option they continue, and the same command reconnects to them
    #[arg(long)]
    pub slurm_cancel: bool,
    /// Interval between queries to Slurm, in seconds
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
    /// Store the complete table of codes of every trial (59 MB per trial for the full dSprites)
    #[arg(long)]
    pub keep_codes: bool,
    /// Retry failed trials
    #[arg(long)]
    pub retry_failed: bool,
    /// Interval between checkpoints, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 60.0, value_parser = positive)]
    pub checkpoint_every: f64,
    /// Stop after this time, such as 2h or 90min. Saves all progress and writes the report. Trains the first seed of
    /// every setting first
    #[arg(long, value_name = "TIME", value_parser = span)]
    pub budget: Option<Duration>,
    /// Restart a worker that reports no progress for this time. Workers report progress at every step and after every
    /// score
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
    /// Do not benchmark this machine and do not estimate the time
    #[arg(long)]
    pub no_measure: bool,
}

#[derive(Args, Debug)]
pub struct StatusArgs {
    #[command(flatten)]
    pub common: Common,
    /// Refresh the status until every trial is done or failed, or until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// Refresh interval of --watch, in seconds
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
    /// Write only this figure, such as trade-off or trade-off-mig-exact. `table` writes the means of every setting,
    /// `scores` writes every score of every trial
    #[arg(long, value_name = "NAME", requires = "out", conflicts_with = "report")]
    pub figure: Option<String>,
    /// Output file of --figure. The extension sets the format: .svg, .png, .gif, .csv, .parquet or .tex; not every
    /// figure has every format
    #[arg(long, value_name = "FILE", requires = "figure")]
    pub out: Option<PathBuf>,
    /// Draw the figure for a dark background
    #[arg(long, requires = "figure")]
    pub dark: bool,
}

#[derive(Args, Debug)]
pub struct GcArgs {
    /// The sweep files whose trials are kept
    #[arg(value_name = "SWEEP.toml", required = true)]
    pub sweeps: Vec<PathBuf>,
    /// The store: the folder with the trials
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub store: PathBuf,
    /// Delete the listed trials. Without this option, gc only lists them
    #[arg(long)]
    pub delete: bool,
    /// Also list checkpoints of finished trials. They are needed only to train these trials for more steps
    #[arg(long)]
    pub checkpoints: bool,
    /// Print machine-readable results on stdout
    #[arg(long)]
    pub json: bool,
}

/// Minimum of `--max-silence`.
const MIN_SILENCE: Duration = Duration::from_secs(5);

/// Parses a duration with a unit, above 0.
fn span(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(span) if MAX_INTERVAL_SECS < span.as_secs_f64() => Err(
            "the longest time is ten years; write a shorter one, such as 90min or 2h".to_owned(),
        ),
        Ok(span) if !span.is_zero() => Ok(span),
        _ => Err("write a time above 0 with its unit, such as 90min or 2h".to_owned()),
    }
}

/// Parses `--max-silence`: long enough that a healthy worker reports progress even on a busy machine.
fn silence(text: &str) -> Result<Duration, String> {
    match span(text)? {
        span if span < MIN_SILENCE => {
            Err("the shortest time is 5s; write a longer one, such as 10min".to_owned())
        }
        span => Ok(span),
    }
}

/// Parses a number of seconds above 0 that fits into a [`Duration`].
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(secs) if MAX_INTERVAL_SECS < secs => Err(
            "the largest value is 315360000 seconds (ten years); write a smaller one, such as 30"
                .to_owned(),
        ),
        Ok(secs) if 0.0 < secs => Ok(secs),
        _ => Err("write a number of seconds above 0, such as 30".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(n) if 0 < n => Ok(n),
        _ => Err("write a whole number of at least 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
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
    fn the_help_has_every_exit_code() {
        for code in [
            Exit::Success,
            Exit::CheckFailed,
            Exit::Usage,
            Exit::BadSweep,
            Exit::TrialsFailed,
            Exit::BadStore,
            Exit::Interrupted,
            Exit::ReaderIsGone,
        ] {
            let number = format!(" {} ", code as u8);
            assert!(EXIT_CODES.contains(&number), "{code:?}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
