//! `unravel gc`: lists or deletes the trials that no given sweep contains.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::json;
use unravel_score::Requests;
use unravel_store::{Check, FileKind, Store, StoreError, TrialFolder};
use unravel_sweep::TrialId;

use crate::cli::GcArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{stderr, stdout};

/// A trial or checkpoints that can be deleted.
struct Garbage {
    folder: TrialFolder,
    /// The setting, or what is wrong with the folder.
    label: String,
    what: What,
    n_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A trial that no given sweep contains.
    Trial,
    /// The checkpoints of a finished trial that a sweep contains.
    Checkpoints,
}

/// Lists or deletes garbage. Fails before deleting anything if a sweep file cannot be read, since its trials would
/// count as garbage.
pub fn gc(args: &GcArgs) -> Result<Exit, Failure> {
    let named = named(&args.sweeps)?;
    // A store that another process creates from now on has no garbage yet.
    let is_absent = !args.store.exists();
    let deletes = args.delete && !is_absent;
    let store = match deletes {
        true => Store::open(&args.store)?,
        false => Store::open_read(&args.store)?,
    };
    let mut garbage = find(&store, &named, args.checkpoints)?;
    let mut in_use = Vec::new();
    if deletes {
        store.empty_trash()?;
        let mut gone = Vec::new();
        for item in garbage {
            match item.delete() {
                Ok(true) => gone.push(item),
                // Another process deleted it, or needs it now.
                Ok(false) | Err(StoreError::NoTrial { .. }) => {}
                Err(StoreError::Held { trial, holder }) => {
                    in_use.push(format!(
                        "trial {trial} was not deleted: it is in use by {holder}"
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
        garbage = gone;
    }
    tell(args, &garbage, is_absent);
    in_use.iter().for_each(stderr::note);
    Ok(Exit::Success)
}

fn named(sweeps: &[PathBuf]) -> Result<BTreeSet<TrialId>, Failure> {
    let mut named = BTreeSet::new();
    for sweep in sweeps {
        let study = Study::open(sweep)?;
        named.extend(study.trials.iter().map(unravel_sweep::Trial::id));
    }
    Ok(named)
}

fn find(
    store: &Store,
    named: &BTreeSet<TrialId>,
    with_checkpoints: bool,
) -> Result<Vec<Garbage>, StoreError> {
    let mut garbage = Vec::new();
    for id in store.trial_ids()? {
        let folder = store.trial(&id);
        let (what, n_bytes) = match named.contains(&id) {
            false => (What::Trial, folder.disk_usage()?.n_bytes()),
            true if with_checkpoints && is_trained(&folder)? => {
                let n_bytes = folder.disk_usage()?.of(FileKind::Checkpoints);
                (What::Checkpoints, n_bytes)
            }
            true => continue,
        };
        if what == What::Checkpoints && n_bytes == 0 {
            continue;
        }
        let label = match folder.trial() {
            Ok(Some(trial)) => trial.setting().label,
            Ok(None) => "without its trial.toml".to_owned(),
            Err(error) if error.is_damaged() => "with a damaged trial.toml".to_owned(),
            Err(error) => return Err(error),
        };
        garbage.push(Garbage {
            folder,
            label,
            what,
            n_bytes,
        });
    }
    Ok(garbage)
}

/// Whether the final weights and the training log are intact. Otherwise the checkpoint is needed to recreate them.
fn is_trained(folder: &TrialFolder) -> Result<bool, StoreError> {
    let missing = folder.missing(&Requests::default(), Check::Thorough)?;
    Ok(!missing.model && !missing.records)
}

impl Garbage {
    /// Deletes it. Returns false if it is needed by now.
    fn delete(&self) -> Result<bool, StoreError> {
        let lock = self.folder.lock()?;
        match self.what {
            What::Trial => lock.remove()?,
            // A run may have restarted the training since the check.
            What::Checkpoints if !is_trained(&self.folder)? => return Ok(false),
            What::Checkpoints => lock.remove_checkpoints()?,
        }
        Ok(true)
    }
}

fn tell(args: &GcArgs, garbage: &[Garbage], is_absent: bool) {
    let of = |what| garbage.iter().filter(move |item| item.what == what);
    let n_bytes: u64 = garbage.iter().map(|item| item.n_bytes).sum();
    if args.json {
        let values = |what| -> Vec<_> {
            of(what)
                .map(|item| {
                    json!({
                        "trial": item.folder.id().to_string(),
                        "setting": item.label,
                        "bytes": item.n_bytes,
                    })
                })
                .collect()
        };
        stdout::json(&json!({
            "deleted": args.delete,
            "trials": values(What::Trial),
            "checkpoints": values(What::Checkpoints),
            "bytes": n_bytes,
        }));
        if is_absent {
            stderr::note(no_store(args));
        }
        return;
    }
    for (what, title) in [(What::Trial, "trial"), (What::Checkpoints, "trained trial")] {
        let mut by_setting = BTreeMap::<&str, (usize, u64)>::new();
        for item in of(what) {
            let sum = by_setting.entry(&item.label).or_default();
            *sum = (sum.0 + 1, sum.1 + item.n_bytes);
        }
        for (label, (n, n_bytes)) in by_setting {
            let trials = stdout::count(n, title);
            let size = stdout::bytes(n_bytes);
            let part = if what == What::Checkpoints {
                "checkpoints of "
            } else {
                ""
            };
            stdout::line(&format!("{label}: {part}{trials}, {size}"));
        }
    }
    let size = stdout::bytes(n_bytes);
    stdout::line(&match (garbage.is_empty(), args.delete) {
        (true, _) if is_absent => no_store(args),
        (true, _) => "nothing to delete".to_owned(),
        (false, true) => format!("freed {size}"),
        (false, false) => format!("pass --delete to delete these and free {size}"),
    });
}

/// What is printed if the store does not exist: its path may be mistyped.
fn no_store(args: &GcArgs) -> String {
    let store = args.store.display();
    format!("the store `{store}` does not exist; nothing to delete")
}
