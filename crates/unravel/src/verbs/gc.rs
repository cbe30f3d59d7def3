//! `unravel gc`: free what no sweep names any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::json;
use unravel_score::Requests;
use unravel_store::{Check, FileKind, Store, StoreError, TrialFolder};
use unravel_sweep::TrialId;

use crate::cli::GcArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{output, say};

/// What may go.
struct Garbage {
    folder: TrialFolder,
    /// Its setting, or what is wrong with its folder.
    label: String,
    what: What,
    n_bytes: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A trial that no sweep names.
    Trial,
    /// The checkpoints of a trained trial that is kept.
    Checkpoints,
}

/// Lists what would go, or deletes it. A sweep file that cannot be read ends it before anything is deleted, since its
/// trials could not be told from garbage.
pub fn gc(args: &GcArgs) -> Result<Exit, Failure> {
    let named = named(&args.sweeps)?;
    // A store that another process makes from now on has no garbage yet.
    let deletes = args.delete && args.store.exists();
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
                // Another process was quicker, or has begun to need it.
                Ok(false) | Err(StoreError::NoTrial { .. }) => {}
                Err(StoreError::Held { trial, holder }) => {
                    in_use.push(format!("trial {trial} is kept: it is in use by {holder}"));
                }
                Err(error) => return Err(error.into()),
            }
        }
        garbage = gone;
    }
    tell(args, &garbage);
    in_use.iter().for_each(say::note);
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
            false => (What::Trial, folder.weight()?.n_bytes()),
            true if with_checkpoints && is_trained(&folder)? => {
                let n_bytes = folder.weight()?.of(FileKind::Checkpoints);
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

/// Whether every byte of the final weights and of the curves is there; the checkpoint could make them again otherwise.
fn is_trained(folder: &TrialFolder) -> Result<bool, StoreError> {
    let missing = folder.missing(&Requests::default(), Check::Thorough)?;
    Ok(!missing.model && !missing.records)
}

impl Garbage {
    /// Deletes it; false where it is needed by now.
    fn delete(&self) -> Result<bool, StoreError> {
        let lock = self.folder.lock()?;
        match self.what {
            What::Trial => lock.remove()?,
            // A run may have begun the training again since the look.
            What::Checkpoints if !is_trained(&self.folder)? => return Ok(false),
            What::Checkpoints => lock.remove_checkpoints()?,
        }
        Ok(true)
    }
}

fn tell(args: &GcArgs, garbage: &[Garbage]) {
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
        output::json(&json!({
            "deleted": args.delete,
            "trials": values(What::Trial),
            "checkpoints": values(What::Checkpoints),
            "bytes": n_bytes,
        }));
        return;
    }
    for (what, title) in [(What::Trial, "trial"), (What::Checkpoints, "trained trial")] {
        let mut by_setting = BTreeMap::<&str, (usize, u64)>::new();
        for item in of(what) {
            let sum = by_setting.entry(&item.label).or_default();
            *sum = (sum.0 + 1, sum.1 + item.n_bytes);
        }
        for (label, (n, n_bytes)) in by_setting {
            let trials = output::count(n, title);
            let size = output::bytes(n_bytes);
            let part = if what == What::Checkpoints {
                "checkpoints of "
            } else {
                ""
            };
            output::line(&format!("{label}: {part}{trials}, {size}"));
        }
    }
    let size = output::bytes(n_bytes);
    output::line(&match (garbage.is_empty(), args.delete) {
        (true, _) => "nothing to free".to_owned(),
        (false, true) => format!("freed {size}"),
        (false, false) => format!("{size} would be freed; `--delete` does it"),
    });
}
