//! A store that unravel 0.1 left, in `tests/fixtures/store-0.1`: what is in it stays valid, to the byte.
//!
//! Its checkpoint, log and lock are left out, which a finished trial does without. The scores over several trials
//! beside its report are of another sweep.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::lab::Lab;
use support::store::{assert_same, files};
use unravel_score::{MetricName, VariantName};
use unravel_store::{CrossTrialFile, Store};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/store-0.1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => fs::copy(&path, to.join(name)).map(drop).unwrap(),
        }
    }
}

#[test]
fn its_trial_keeps_its_id_and_is_done() {
    let lab = Lab::new();
    copy(&fixture(), &lab.path(""));
    let plan = lab.run_well(&[
        "plan",
        "sweep.toml",
        "--store",
        "store",
        "--json",
        "--no-measure",
    ]);
    let counts = &plan.json()["counts"];
    assert_eq!(
        (&counts["trials"], &counts["done"]),
        (&1.into(), &1.into()),
        "{counts}"
    );
    let before = files(&lab.path("store"));
    let ran = lab.run_well(&[
        "run",
        "sweep.toml",
        "--store",
        "store",
        "--report",
        "new",
        "--json",
    ]);
    assert_eq!(ran.tally("cached"), 1, "{}", ran.stderr);
    let mut after = files(&lab.path("store"));
    after.retain(|name, _| before.contains_key(name));
    assert_same("after a run", &after, &before);
    let page = lab.read("new/index.html");
    assert!(page.contains("sampled codes"), "{page}");
}

#[test]
fn its_scores_are_written_again_to_the_same_bytes() {
    let old = Store::open_read(fixture().join("store")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = Store::open(folder.path()).unwrap();
    let mut n_files = 0;
    for id in old.trial_ids().unwrap() {
        let stored = old.trial(&id);
        let trial = stored.trial().unwrap().unwrap();
        assert_eq!(trial.id(), id);
        let lock = new.create(&trial).unwrap();
        for file in stored.all_scores().unwrap().value {
            for record in &file.scores {
                assert!(
                    !matches!(record.metric, MetricName::Unknown(_)),
                    "{record:?}"
                );
                assert!(
                    !matches!(record.context().variant, VariantName::Unknown(_)),
                    "{record:?}"
                );
                assert!(record.representation.known().is_some(), "{record:?}");
            }
            lock.set_scores(&file).unwrap();
            let name = format!("scores/{}.json", file.metric);
            let [before, after] =
                [stored.path(), lock.path()].map(|folder| fs::read(folder.join(&name)).unwrap());
            assert!(before == after, "{name}");
            n_files += 1;
        }
    }
    assert_eq!(n_files, 4);
}

#[test]
fn scores_over_several_trials_are_written_again_to_the_same_bytes() {
    let report = fixture().join("report");
    let file = CrossTrialFile::read(&report, "udr").unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    file.write(folder.path()).unwrap();
    let [before, after] =
        [&report, folder.path()].map(|folder| fs::read(folder.join("scores/udr.json")).unwrap());
    assert!(before == after);
}

#[test]
fn a_file_of_a_newer_version_keeps_the_names_that_this_one_does_not_know() {
    let lab = Lab::new();
    copy(&fixture(), &lab.path(""));
    let store = Store::open(lab.path("store")).unwrap();
    let id = store.trial_ids().unwrap().remove(0);
    let lock = store.trial(&id).lock().unwrap();
    let mut file = lock.scores("mig").unwrap().unwrap();
    let record = &mut file.scores[0];
    record.variant = "of-a-newer-version".into();
    record.representation = "quantised".into();
    lock.add_scores(file.clone()).unwrap();
    let found = lock.scores("mig").unwrap().unwrap();
    assert!(found.scores.contains(&file.scores[0]));
    drop(lock);
    let plan = lab.run_well(&[
        "plan",
        "sweep.toml",
        "--store",
        "store",
        "--json",
        "--no-measure",
    ]);
    assert_eq!(plan.json()["counts"]["done"], 1);
}
