//! `unravel export`: a trained trial for PyTorch and NumPy.

mod find;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use unravel_store::{Store, TrialFolder};
use unravel_worker::export::{CODES, TABLE, WEIGHTS};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress::task::Task;

const TRIALS: &str = "\
TRIAL is a trial's id or the beginning of it, as `unravel status --json` and the report name it, or says what the trial is \
like: key=value, several joined by commas, such as objective=beta-vae,beta=4,seed=0. Keys are those of sweep files; the \
last part of a key is enough.";

#[derive(Args, Debug)]
#[command(after_help = TRIALS)]
pub struct ExportArgs {
    /// Which trial
    #[arg(value_name = "TRIAL")]
    trial: String,
    /// The folder that holds every trial
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// The folder to write to; each trial has a folder of its own in it
    #[arg(long, value_name = "DIR", default_value = "exports")]
    out: PathBuf,
    /// Export every trial that TRIAL fits
    #[arg(long)]
    all: bool,
    /// Leave out the codes, so that nothing is encoded
    #[arg(long)]
    no_codes: bool,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Writes weights and codes of the trials that are asked for.
pub fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let store = Store::open_read(&args.store)?;
    let trials = find::trials(&store, &args.trial, args.all)?;
    let mut exported = Vec::new();
    for trial in &trials {
        let out = args.out.join(trial.id().as_str());
        write(args, trial, &out)?;
        exported.push(out);
    }
    if args.json {
        let one = |(trial, out): (&TrialFolder, &PathBuf)| {
            let file = |name: &str, is_there: bool| is_there.then(|| output::path(&out.join(name)));
            json!({
                "trial": trial.id().to_string(), "weights": output::path(&out.join(WEIGHTS)),
                "codes": file(CODES, !args.no_codes), "table": file(TABLE, !args.no_codes),
            })
        };
        let all: Vec<_> = trials.iter().zip(&exported).map(one).collect();
        output::json(&json!({ "exports": all }));
    } else {
        exported
            .iter()
            .for_each(|out| output::line(&out.display().to_string()));
    }
    Ok(Exit::Success)
}

fn write(args: &ExportArgs, trial: &TrialFolder, out: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| {
        let sentence = format!(
            "cannot create `{}`: {error}; give another --out",
            out.display()
        );
        Failure::new(Exit::BadStore, sentence)
    })?;
    let mut task = Task::new(format!("encoding {}", trial.id()), "images", args.quiet);
    unravel_worker::export::export(trial, out, !args.no_codes, |done, total| {
        task.set(done, total);
    })?;
    Ok(())
}
