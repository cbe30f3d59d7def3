//! Measures the commands of `unravel` with a store of many trials.
//!
//! The trials are copies of a few that `unravel` has just trained and scored. Each copy has its own seed and slightly
//! different numbers, so its files have realistic sizes. The copies have no weights, and only trials that the page
//! shows have pictures. Each measurement runs the program as a user would.

mod copies;
mod process;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::BenchError;
use crate::machine::Machine;
use process::{Usage, run};

/// Objectives of the study with their strengths. A trial of the first strength of each is trained.
const ARMS: [(&str, [u32; 6]); 6] = [
    ("beta-vae.beta", [1, 2, 4, 6, 8, 16]),
    ("factor-vae.gamma", [10, 20, 30, 40, 50, 100]),
    ("dip-vae-i.lambda-od", [1, 2, 5, 10, 20, 50]),
    ("dip-vae-ii.lambda-od", [1, 2, 5, 10, 20, 50]),
    ("beta-tc-vae.beta", [1, 2, 4, 6, 8, 10]),
    ("annealed-vae.c-max", [5, 10, 25, 50, 75, 100]),
];

/// A key of the last arm: its schedule must end within the trial.
const SCHEDULE: &str = "objective.annealed-vae.iteration-threshold = 1\n";

/// Number of trials per seed.
const N_SETTINGS: usize = 36;

/// The size of the benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Number of trials in the store, rounded up to a multiple of the number of settings.
    pub trials: usize,
    /// Number of trials of the sweep that is planned without a store.
    pub planned: usize,
    /// Number of trained cohorts of one trial, for the orchestrator's own time.
    pub cohorts: usize,
    /// Number of runs of each command. The median counts.
    pub rounds: usize,
    /// The folder of the store. The store is kept, and a complete one is reused.
    pub folder: PathBuf,
}

/// The times of one command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// `scale`.
    pub bench: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// The command, such as `status`.
    pub what: String,
    /// Number of trials of its sweep.
    pub trials: usize,
    /// Median wall seconds.
    pub wall_secs: f64,
    /// Median CPU seconds without the workers.
    pub own_cpu_secs: f64,
    /// Peak of resident memory in bytes.
    pub peak_bytes: u64,
}

impl std::fmt::Display for Timed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:<34} {:>7} trials {:>8.2} s {:>8.2} CPU s {:>6} MB",
            self.what,
            self.trials,
            self.wall_secs,
            self.own_cpu_secs,
            self.peak_bytes / 1_000_000
        )
    }
}

/// Creates the store and times the commands on it. `say` receives progress messages.
///
/// # Errors
/// Fails if `unravel` is not in this program's folder, if it fails, or if the store cannot be written.
pub fn measure(
    plan: &Plan,
    say: &mut dyn FnMut(&str),
    emit: &mut dyn FnMut(&Timed),
) -> Result<(), BenchError> {
    let program = process::beside_this_one("unravel")?;
    let bench = Bench {
        program: &program,
        plan,
    };
    let (sweep, trials) = bench.fill(say)?;
    let table = path(plan, "table.csv");
    let report = path(plan, "report");
    let commands: [(&str, &[&str]); 6] = [
        ("plan", &["plan", "--no-measure"]),
        ("status", &["status"]),
        (
            "report --figure table",
            &["report", "--figure", "table", "--out", &table],
        ),
        (
            "report --figure scores",
            &["report", "--figure", "scores", "--out", &table],
        ),
        ("report", &["report", "--report", &report]),
        (
            "run, with nothing to do",
            &["run", "--quiet", "--report", &report],
        ),
    ];
    for (what, command) in commands {
        emit(&bench.timed(what, trials, &bench.arguments(command, &sweep, "runs"))?);
    }
    let (planned, n) = bench.sweep("planned", plan.planned, 1_000, "")?;
    emit(&bench.timed(
        "plan, without a store",
        n,
        &bench.arguments(&["plan", "--no-measure"], &planned, "none"),
    )?);
    bench.cohorts(emit)
}

struct Bench<'a> {
    program: &'a Path,
    plan: &'a Plan,
}

impl Bench<'_> {
    /// Fills the store. Returns its sweep and the number of trials.
    fn fill(&self, say: &mut dyn FnMut(&str)) -> Result<(PathBuf, usize), BenchError> {
        let (first, _) = self.sweep("first", 0, 1_000, "")?;
        say("training one trial of each objective …");
        let store = path(self.plan, "first-runs");
        let report = path(self.plan, "first-report");
        self.run(&[
            "run",
            "--quiet",
            &shown(&first),
            "--store",
            &store,
            "--report",
            &report,
        ])?;
        let (all, n) = self.sweep("all", self.plan.trials, 1_000, "")?;
        say(&format!("writing {n} trials …"));
        copies::write(
            &first,
            Path::new(&store),
            &all,
            Path::new(&path(self.plan, "runs")),
        )?;
        Ok((all, n))
    }

    /// Writes a sweep file of at least `trials` trials, or of one trial of each objective if `trials` is 0. Returns its
    /// path and the number of trials.
    fn sweep(
        &self,
        name: &str,
        trials: usize,
        steps: u64,
        more: &str,
    ) -> Result<(PathBuf, usize), BenchError> {
        let seeds = trials.div_ceil(N_SETTINGS);
        let arm = |(key, strengths): &(&str, [u32; 6])| match seeds {
            0 => format!("[[arm]]\nseeds = 1\nobjective.{key} = [{}]\n", strengths[0]),
            _ => format!("[[arm]]\nseeds = {seeds}\nobjective.{key} = {strengths:?}\n"),
        };
        let arms: Vec<String> = ARMS.iter().map(arm).collect();
        let text = format!(
            "format-version = 1\nname = \"{name}\"\n\
             [data]\ndataset = \"dsprites\"\nkeep = {{ scale = 2, orientation = 4, pos-x = 4, pos-y = 4 }}\n\
             [model]\narchitecture = \"conv-small\"\n\
             [training]\nsteps = {steps}\nbatch-size = 8\n{}{SCHEDULE}\
             [evaluation]\n\
             metrics = [\"beta-vae-score\", \"factor-vae-score\", \"mig\"]\n\
             variants = [\"study\", \"exact\"]\nrepresentations = [\"mean\", \"sampled\"]\n{more}",
            arms.concat()
        );
        let to = PathBuf::from(path(self.plan, &format!("{name}.toml")));
        std::fs::create_dir_all(&self.plan.folder)
            .and_then(|()| std::fs::write(&to, text))
            .map_err(|source| BenchError::Write {
                path: to.clone(),
                source,
            })?;
        Ok((to, ARMS.len().max(seeds * N_SETTINGS)))
    }

    fn arguments(&self, command: &[&str], sweep: &Path, store: &str) -> Vec<String> {
        let (sweep, store) = (shown(sweep), path(self.plan, store));
        let all = command.iter().map(|word| (*word).to_owned());
        all.chain([sweep, "--store".to_owned(), store]).collect()
    }

    fn run(&self, arguments: &[&str]) -> Result<Usage, BenchError> {
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        run(self.program, &arguments)
    }

    fn timed(&self, what: &str, trials: usize, arguments: &[String]) -> Result<Timed, BenchError> {
        let mut usages = Vec::new();
        for _ in 0..self.plan.rounds.max(1) {
            usages.push(run(self.program, arguments)?);
        }
        let median = |of: fn(&Usage) -> f64| {
            crate::timing::median(&mut usages.iter().map(of).collect::<Vec<_>>())
        };
        Ok(Timed {
            bench: "scale",
            machine: Machine::here(),
            what: what.to_owned(),
            trials,
            wall_secs: median(|usage| usage.wall_secs),
            own_cpu_secs: median(|usage| usage.own_cpu_secs),
            peak_bytes: usages
                .iter()
                .map(|usage| usage.peak_bytes)
                .max()
                .unwrap_or(0),
        })
    }

    /// Trains short cohorts of one trial each, so that the orchestrator's own time dominates. The second run has
    /// nothing to train: its time belongs to no cohort.
    fn cohorts(&self, emit: &mut dyn FnMut(&Timed)) -> Result<(), BenchError> {
        let (sweep, n) = self.sweep(
            "cohorts",
            self.plan.cohorts,
            1,
            "[report]\nfigures = [\"samples\"]\n",
        )?;
        let (store, report) = (
            path(self.plan, "cohorts-runs"),
            path(self.plan, "cohorts-report"),
        );
        let _ = std::fs::remove_dir_all(&store);
        let sweep = shown(&sweep);
        let arguments = [
            "run", "--quiet", &sweep, "--store", &store, "--report", &report,
        ];
        for what in ["run, one cohort per trial", "run, the same again"] {
            let usage = self.run(&arguments)?;
            emit(&Timed {
                bench: "scale",
                machine: Machine::here(),
                what: what.to_owned(),
                trials: n,
                wall_secs: usage.wall_secs,
                own_cpu_secs: usage.own_cpu_secs,
                peak_bytes: usage.peak_bytes,
            });
        }
        Ok(())
    }
}

fn path(plan: &Plan, name: &str) -> String {
    shown(&plan.folder.join(name))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
