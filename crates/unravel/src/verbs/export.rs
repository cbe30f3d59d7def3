//! `unravel export`: a trained trial for PyTorch and NumPy.

mod find;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use unravel_store::{Store, TrialFolder};
use unravel_worker::export::{CODES, TABLE, WEIGHTS};

use crate::exit::{Exit, Failure};
use crate::progress::task::Task;
use crate::stdout;

const TRIALS: &str = "\
TRIAL is a trial id or its first characters. `unravel status --json` and the report list the ids. TRIAL can also be \
key=value pairs joined by commas, such as objective=beta-vae,beta=4,seed=0. The keys are those of the sweep file, and the \
last part of a key is sufficient.";

#[derive(Args, Debug)]
#[command(after_help = TRIALS)]
pub struct ExportArgs {
    /// Trial id, its beginning, or key=value pairs (see below)
    #[arg(value_name = "TRIAL")]
    trial: String,
    /// The store: the folder with the trials
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// Output folder. Each trial is written to a subfolder named by its id
    #[arg(long, value_name = "DIR", default_value = "exports")]
    out: PathBuf,
    /// Export every trial that matches TRIAL
    #[arg(long)]
    all: bool,
    /// Export only the weights; no images are encoded
    #[arg(long)]
    no_codes: bool,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Writes the weights and codes of the matching trials.
pub fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let store = Store::open_read(&args.store)?;
    check_out(&args.store, &args.out)?;
    let trials = find::trials(&store, &args.trial, args.all)?;
    let mut exported = Vec::new();
    for trial in &trials {
        let out = args.out.join(trial.id().as_str());
        write(args, trial, &out)?;
        exported.push(out);
    }
    if args.json {
        let one = |(trial, out): (&TrialFolder, &PathBuf)| {
            let file = |name: &str, is_there: bool| is_there.then(|| stdout::path(&out.join(name)));
            json!({
                "trial": trial.id().to_string(), "weights": stdout::path(&out.join(WEIGHTS)),
                "codes": file(CODES, !args.no_codes), "table": file(TABLE, !args.no_codes),
            })
        };
        let all: Vec<_> = trials.iter().zip(&exported).map(one).collect();
        stdout::json(&json!({ "exports": all }));
    } else {
        exported
            .iter()
            .for_each(|out| stdout::line(&out.display().to_string()));
    }
    Ok(Exit::Success)
}

/// Refuses an output folder in the store, whose trial folders have the names of the exports.
fn check_out(store: &Path, out: &Path) -> Result<(), Failure> {
    let Ok(store_folder) = store.canonicalize() else {
        return Ok(());
    };
    let Ok(out_folder) = std::path::absolute(out) else {
        return Ok(());
    };
    // Of a folder that does not exist yet, the nearest one above it that does decides.
    let existing = out_folder
        .ancestors()
        .find_map(|folder| folder.canonicalize().ok());
    match existing.is_some_and(|folder| folder.starts_with(&store_folder)) {
        false => Ok(()),
        true => Err(Failure::usage(format!(
            "--out `{}` is in the store `{}`; choose a folder outside the store",
            out.display(),
            store.display()
        ))),
    }
}

fn write(args: &ExportArgs, trial: &TrialFolder, out: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(out).map_err(|error| {
        let sentence = format!(
            "cannot create `{}`: {error}; choose another folder with --out",
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
