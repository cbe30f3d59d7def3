//! The whole path, from a sweep file to its report, by the real program.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use serde_json::Value;

use support::lab::Lab;
use support::npz::{self, NpyArray};
use support::store::{assert_same, attempts, files, models, states};
use support::sweeps::{TINY, committed, tiny_on_npz};

/// Every metric of the smoke sweep in every variant, with its number of evaluation seeds.
const SMOKE_SCORES: [(&str, &str, usize); 6] = [
    ("elbo", "probe", 0),
    ("beta-vae-score", "study", 2),
    ("factor-vae-score", "study", 2),
    ("factor-vae-score", "exact", 0),
    ("mig", "study", 2),
    ("mig", "exact", 0),
];

#[test]
fn the_smoke_sweep_is_trained_scored_and_reported_and_a_second_run_changes_nothing() {
    let lab = Lab::with_sweep(&committed("smoke"));
    let first = lab.run_well(&["run", "sweep.toml"]);
    assert_eq!(first.stdout, "reports/smoke/index.html\n");
    check_report(&lab);
    let trials = states(&lab.path("runs"));
    assert_eq!(trials.len(), 6);
    for (id, state) in &trials {
        assert_eq!(state["status"], "trained");
        check_trial(&lab, id);
    }

    let before = files(&lab.path("runs"));
    let mut fastest = Duration::MAX;
    for _ in 0..2 {
        let again = lab.run_well(&["run", "sweep.toml", "--json"]);
        assert_eq!((again.tally("cached"), again.tally("trained")), (6, 0));
        fastest = fastest.min(again.elapsed);
    }
    // Two seconds on a machine that has nothing else to do.
    assert!(fastest < Duration::from_secs(8), "{fastest:?}");
    assert_same("second run", &files(&lab.path("runs")), &before);
}

fn check_report(lab: &Lab) {
    let page = lab.read("reports/smoke/index.html");
    for setting in ["β-VAE β=1", "β-VAE β=8", "FactorVAE γ=10"] {
        assert!(page.contains(setting), "{setting} is not on the page");
    }
    let report = files(&lab.path("reports/smoke"));
    for data in ["summary", "scores"] {
        let (csv, parquet) = (format!("data/{data}.csv"), format!("data/{data}.parquet"));
        assert!(report.contains_key(&csv) && report.contains_key(&parquet));
    }
    for figure in ["trade-off-mig-exact", "training-curves-loss"] {
        for kind in ["light.svg", "light.png", "dark.svg", "dark.png"] {
            let name = format!("figures/{figure}-{kind}");
            assert!(report.contains_key(&name), "{name} is missing");
        }
    }
    // Over the prior's range, and over each code's own.
    let is_traversal = |name: &&String| name.ends_with("-traversals.png");
    assert_eq!(report.keys().filter(is_traversal).count(), 2 * 3);
}

/// Every score, finite and with its seeds; curves of every step; nothing half-written left behind.
fn check_trial(lab: &Lab, id: &str) {
    let folder = lab.path("runs").join(id);
    for (metric, variant, n_seeds) in SMOKE_SCORES {
        let text = fs::read_to_string(folder.join(format!("scores/{metric}.json"))).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let records = file["scores"].as_array().unwrap().iter();
        let records: Vec<&Value> = records.filter(|r| r["variant"] == variant).collect();
        assert!(!records.is_empty(), "{id}: no {variant} {metric}");
        for record in records {
            assert_eq!(record["grid"], "3x3x4x4x4");
            assert_eq!(record["step"], 30);
            assert!(record["mean"].as_f64().unwrap().is_finite(), "{record}");
            assert_eq!(record["seeds"].as_array().unwrap().len(), n_seeds);
        }
    }
    let curves = fs::read_to_string(folder.join("train.csv")).unwrap();
    let steps: Vec<&str> = curves
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(steps, (1..=30).map(|n| n.to_string()).collect::<Vec<_>>());
    let names: BTreeSet<String> = files(&folder).into_keys().collect();
    assert!(
        names.iter().all(|name| !name.ends_with(".tmp")),
        "{names:?}"
    );
}

#[test]
fn whatever_is_deleted_comes_back_with_the_same_bytes_and_without_training() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let id = states(&store).into_keys().next().unwrap();
    let trial = |name: &str| format!("runs/{id}/{name}");
    let deletions: [&[String]; 8] = [
        &["reports/tiny/index.html".to_owned()],
        &["reports".to_owned()],
        &[trial("scores/mig.json")],
        &[trial("scores/elbo.json")],
        &[trial("pictures.npz")],
        &[trial("probe.npz")],
        &[trial("train.csv")],
        &[trial("scores"), trial("probe.npz"), trial("pictures.npz")],
    ];
    let everything = || {
        let mut all = files(&lab.path(""));
        all.retain(|name, _| !name.ends_with("/state.json"));
        let bytes = |(name, seen): (String, support::store::Seen)| (name, seen.bytes);
        all.into_iter().map(bytes).collect::<BTreeMap<_, _>>()
    };
    let (before, models_before) = (everything(), models(&store));
    for names in deletions {
        names.iter().for_each(|name| delete(&lab, name));
        lab.run_well(&["run", "sweep.toml"]);
        assert_same(&format!("{names:?} deleted"), &everything(), &before);
        assert_same("retrained", &models(&store), &models_before);
    }
}

#[test]
fn a_lost_state_is_made_again_from_the_files() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let (before, models_before) = (states(&store), models(&store));
    let id = before.keys().next().unwrap();
    delete(&lab, &format!("runs/{id}/state.json"));
    lab.run_well(&["run", "sweep.toml"]);
    let after = states(&store);
    for key in ["status", "step", "steps", "reason"] {
        assert_eq!(after[id][key], before[id][key], "{key}");
    }
    assert_same("retrained", &models(&store), &models_before);
}

#[test]
fn a_damaged_file_is_noticed_and_made_again() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let before = support::store::results(&store);
    let id = states(&store).into_keys().next().unwrap();
    for name in [
        "scores/mig.json",
        "pictures.npz",
        "train.csv",
        "model.safetensors",
    ] {
        let path = format!("runs/{id}/{name}");
        let whole = fs::read(lab.path(&path)).unwrap();
        lab.write(&path, &whole[..whole.len() / 2]);
        let ran = lab.run_well(&["run", "sweep.toml"]);
        let file_name = name.rsplit('/').next().unwrap();
        assert!(ran.stderr.contains(file_name), "{name}: {}", ran.stderr);
        assert_same(name, &support::store::results(&store), &before);
    }
}

fn delete(lab: &Lab, name: &str) {
    let path = lab.path(name);
    let deleted = match path.is_dir() {
        true => fs::remove_dir_all(&path),
        false => fs::remove_file(&path),
    };
    deleted.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn a_grown_sweep_trains_and_scores_only_what_is_new() {
    let lab = Lab::with_sweep(TINY);
    let run = || {
        let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
        ["cached", "scored", "trained"].map(|what| ran.tally(what))
    };
    assert_eq!(run(), [0, 0, 2]);
    let store = lab.path("runs");
    let (before, models_before) = (files(&store), models(&store));

    let grown = TINY.replace("beta = [1, 8]", "beta = [1, 4, 8]");
    lab.write("sweep.toml", &grown);
    assert_eq!(run(), [2, 0, 1]);
    let mut after = files(&store);
    after.retain(|name, _| before.contains_key(name));
    assert_same("old trials", &after, &before);

    // One metric and one evaluation seed more: the scores that are there stay as they are.
    let grown = grown.replace(r#"["mig"]"#, r#"["mig", "beta-vae-score"]"#);
    lab.write("sweep.toml", grown.replace("seeds = 2", "seeds = 3"));
    let scores = |id: &str| {
        let text = lab.read(&format!("runs/{id}/scores/mig.json"));
        let file: Value = serde_json::from_str(&text).unwrap();
        let mut records = file["scores"].as_array().unwrap().clone();
        records.retain(|record| record["variant"] == "study");
        records[0]["values"].as_array().unwrap().clone()
    };
    let ids: Vec<String> = states(&store).into_keys().collect();
    let scores_before: Vec<_> = ids.iter().map(|id| scores(id)).collect();
    assert_eq!(run(), [0, 3, 0]);
    for (id, before) in ids.iter().zip(scores_before) {
        let after = scores(id);
        assert_eq!((before.len(), after.len()), (2, 3));
        assert_eq!(after[..2], before);
    }
    let mut models_after = models(&store);
    models_after.retain(|name, _| models_before.contains_key(name));
    assert_same("retrained", &models_after, &models_before);

    // Fewer trials leave the others where they are.
    lab.write("sweep.toml", TINY);
    assert_eq!(run(), [2, 0, 0]);
    assert_eq!(attempts(&store).len(), 3);
}

#[test]
fn json_is_all_that_is_on_stdout() {
    let lab = Lab::with_sweep(TINY);
    let sweep = "sweep.toml";
    let plan = lab.run_well(&["plan", sweep, "--json", "--no-measure"]);
    assert_eq!(plan.json()["counts"]["to_train"], 2);
    let check = lab.run_well(&["check", sweep, "--json"]).json();
    assert_eq!(
        (&check["valid"], &check["trials"]),
        (&true.into(), &2.into())
    );

    let ran = lab.run_well(&["run", sweep, "--json"]);
    assert_eq!(ran.tally("trained"), 2);
    assert_eq!(ran.json()["report"], "reports/tiny/index.html");
    let status = lab.run_well(&["status", sweep, "--json"]).json();
    let trials = status["trials"].as_array().unwrap();
    assert!(trials.iter().all(|trial| trial["status"] == "done"));
    let report = lab.run_well(&["report", sweep, "--json"]).json();
    assert_eq!(report["missing"], 0);

    lab.write("bad.toml", "name = [");
    let bad = lab.run(&["check", "bad.toml", "--json"]);
    assert_eq!(bad.code, Some(3));
    assert_eq!(bad.json()["faults"][0]["line"], 1);
}

#[test]
fn quiet_says_nothing_but_the_result() {
    let lab = Lab::with_sweep(TINY);
    let ran = lab.run_well(&["run", "sweep.toml", "--quiet", "--json"]);
    assert_eq!(ran.stderr, "");
    assert_eq!(ran.tally("trained"), 2);
}

#[test]
fn a_trial_that_diverges_fails_with_its_step_and_term_and_takes_no_other_along() {
    let arm = "objective.beta-vae = { beta = [1, 8] }";
    let diverging = format!("{arm}\ntraining.learning-rate = [1e-3, 1e30]");
    let lab = Lab::with_sweep(&TINY.replace(arm, &diverging));
    let run = |options: &[&str]| lab.run(&[&["run", "sweep.toml", "--json"], options].concat());
    let first = run(&["--cohort", "4"]);
    assert_eq!(first.code, Some(4), "{}", first.stderr);
    assert_eq!((first.tally("trained"), first.tally("failed")), (2, 2));
    for failure in first.json()["failures"].as_array().unwrap() {
        let reason = failure["reason"].as_str().unwrap();
        assert_eq!(reason, "diverged: reconstruction_nats is NaN at step 2");
    }

    let n_attempts = || attempts(&lab.path("runs")).into_values().sum::<u64>();
    let second = run(&[]);
    assert_eq!((second.code, second.tally("failed")), (Some(4), 2));
    assert_eq!(n_attempts(), 4, "a failed trial was tried again unasked");
    let third = run(&["--retry-failed"]);
    assert_eq!((third.code, third.tally("failed")), (Some(4), 2));
    assert_eq!(n_attempts(), 6);
}

#[test]
fn two_sweeps_that_share_a_trial_train_it_once() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    lab.write(
        "other.toml",
        TINY.replace("\"tiny\"", "\"other\"")
            .replace("[1, 8]", "[2, 8]"),
    );
    let ran = lab.run_well(&["run", "other.toml", "--json"]);
    assert_eq!((ran.tally("cached"), ran.tally("trained")), (1, 1));
    assert!(lab.path("reports/other/index.html").is_file());
}

#[test]
fn any_complete_npz_trains_and_its_place_does_not_matter() {
    let on = |npz: &str| tiny_on_npz(npz, "keep = { factor-0 = 2 }");
    let lab = Lab::with_sweep(&on("here.npz"));
    // The images four times over, each time moved along: another factor, which is cut down to two values.
    let one = NpyArray::images(64);
    let moved = (0..4).flat_map(|times| {
        let mut data = one.data.clone();
        data.rotate_right(times * 7 * 64);
        data
    });
    let data = moved.collect();
    let images = NpyArray {
        data,
        ..NpyArray::images(64)
    };
    let classes = NpyArray::classes_of(&[4, 3, 2, 2]);
    npz::write(
        &lab.path("here.npz"),
        &[images.shaped(&[48, 64, 64]), classes],
    );
    let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(ran.tally("trained"), 2);
    fs::rename(lab.path("here.npz"), lab.path("there.npz")).unwrap();
    lab.write("sweep.toml", on("there.npz"));
    let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(ran.tally("cached"), 2);
}
