//! A store of very many trials: what planning, looking and tabulating take there.
//!
//! The trials are copies of a few that `unravel` itself has trained and scored just before, each with its own seed and
//! with its numbers moved a little, so that files are as long as real ones. Only the weights are left out, and the
//! pictures of trials that no page shows. Every figure is of the program itself, run as a user would.

mod copies;
mod process;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::BenchError;
use crate::machine::Machine;
use process::{Usage, run};

/// Objectives of the study, with their strengths; the first strength of each is trained in earnest.
const ARMS: [(&str, [u32; 6]); 6] = [
    ("beta-vae.beta", [1, 2, 4, 6, 8, 16]),
    ("factor-vae.gamma", [10, 20, 30, 40, 50, 100]),
    ("dip-vae-i.lambda-od", [1, 2, 5, 10, 20, 50]),
    ("dip-vae-ii.lambda-od", [1, 2, 5, 10, 20, 50]),
    ("beta-tc-vae.beta", [1, 2, 4, 6, 8, 10]),
    ("annealed-vae.c-max", [5, 10, 25, 50, 75, 100]),
];

/// For the last arm, since the schedule has to end within the trial.
const SCHEDULE: &str = "objective.annealed-vae.iteration-threshold = 1\n";

/// Trials of one seed.
const N_SETTINGS: usize = 36;

/// How large it is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Trials in the store; rounded up to whole seeds of all settings.
    pub trials: usize,
    /// Trials of the sweep that is planned with no store.
    pub planned: usize,
    /// Cohorts of one trial that are trained, for the orchestrator's own time.
    pub cohorts: usize,
    /// How often each command is timed; the median counts.
    pub rounds: usize,
    /// Where the store is made; it is left there, and taken as it is where it has all trials.
    pub folder: PathBuf,
}

/// One command.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Timed {
    /// `scale`.
    pub bench: &'static str,
    /// Where.
    #[serde(flatten)]
    pub machine: Machine,
    /// The command, such as `status`.
    pub what: String,
    /// Trials of its sweep.
    pub trials: usize,
    /// Median seconds on the clock.
    pub wall_secs: f64,
    /// Median seconds on cores, its workers left out.
    pub own_cpu_secs: f64,
    /// The most memory that it held at a time, in bytes.
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

/// Makes the store and times the commands on it, one after the other.
///
/// # Errors
/// Where `unravel` is not beside this program, ends with a failure, or the store cannot be written.
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
        "plan, no store",
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
    /// The sweep whose trials are all in the store, and how many they are.
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

    /// Writes a sweep file of at least so many trials; of 0, one of each objective. Returns it with their number.
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

    /// Trains cohorts of one trial that take a moment each, so that the orchestrator has most to do. The same again with
    /// nothing to train is what belongs to no cohort: reading, looking and the report.
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
        for what in ["run, a cohort a trial", "run, the same, done before"] {
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
