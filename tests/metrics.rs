//! Every metric by its name, from a sweep file to the store and the report's data: from one encoding, without training again.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;
use unravel_data::{Dsprites, Observations};
use unravel_metrics::MetricExt;
use unravel_score::{Metric, Variant};
use unravel_store::protocol::Phase;
use unravel_store::{Event, Order};
use unravel_sweep::Sweep;

use support::lab::Lab;
use support::store::{assert_same, files, models, states};
use support::sweeps::TINY;

/// [`TINY`] with this in the place of its evaluation.
fn evaluated(evaluation: &str) -> String {
    let (before, _) = TINY.split_once("[evaluation]").unwrap();
    format!("{before}[evaluation]\n{evaluation}")
}

fn quoted(names: &[&str]) -> String {
    format!("{names:?}")
}

/// Every metric in every variant.
fn everything() -> String {
    evaluated(&format!(
        "metrics = {}\nvariants = {}\nseeds = 1\n",
        quoted(&Metric::NAMES),
        quoted(Variant::NAMES)
    ))
}

/// The records of a metric's score file.
fn records(lab: &Lab, trial: &str, metric: &str) -> Vec<Value> {
    let file: Value =
        serde_json::from_str(&lab.read(&format!("runs/{trial}/scores/{metric}.json"))).unwrap();
    file["scores"].as_array().unwrap().clone()
}

fn strings(records: &[Value], key: &str) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    records.iter().map(|record| text(&record[key])).collect()
}

/// Works an order off as a worker of the run would, and returns what it says.
fn work(lab: &Lab, text: &str, keep_codes: bool) -> Vec<Event> {
    let sweep: Sweep = unravel_sweep::parse(text).unwrap();
    let trials = sweep.trials(Dsprites::new().content());
    let order = Order {
        keep_codes,
        supervised: false,
        ..Order::new(
            "test",
            trials,
            sweep.evaluation.clone(),
            lab.path("runs"),
            "cpu",
        )
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_unravel"))
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let line = format!("{}\n", serde_json::to_string(&order).unwrap());
    child
        .stdin
        .as_mut()
        .unwrap()
        .write_all(line.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let events: Vec<Event> = lines
        .lines()
        .map(|line| Event::from_line(line).unwrap())
        .collect();
    assert_eq!(events.last(), Some(&Event::Finished), "{lines}");
    events
}

/// How many times each trial entered a phase; a cohort counts as no trial.
fn phases(events: &[Event], wanted: Phase) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for event in events {
        if let Event::Phase { phase, trial } = event
            && *phase == wanted
        {
            let trial = trial.as_ref().map_or(String::new(), ToString::to_string);
            *found.entry(trial).or_default() += 1;
        }
    }
    found
}

#[test]
fn every_metric_is_taken_by_name_from_one_encoding() {
    let lab = Lab::new();
    let events = work(&lab, &everything(), false);
    let trials: Vec<String> = states(&lab.path("runs")).into_keys().collect();
    let once: BTreeMap<String, usize> = trials.iter().map(|id| (id.clone(), 1)).collect();
    assert_eq!(phases(&events, Phase::Encoding), once);
    assert_eq!(phases(&events, Phase::Scoring), once);
    for metric in Metric::ALL
        .into_iter()
        .filter(|metric| !metric.needs().several_trials)
    {
        let records = records(&lab, &trials[0], metric.name());
        let variants: BTreeSet<String> = metric
            .variants()
            .iter()
            .map(|variant| variant.name().to_owned())
            .collect();
        assert_eq!(strings(&records, "variant"), variants, "{}", metric.name());
        for record in &records {
            assert!(record["mean"].as_f64().unwrap().is_finite(), "{record}");
        }
        let quantities: BTreeSet<String> = metric
            .quantities()
            .iter()
            .map(|quantity| quantity.name.to_owned())
            .collect();
        assert_eq!(
            strings(&records, "quantity"),
            quantities,
            "{}",
            metric.name()
        );
        let is_begun = |event: &Event| matches!(event, Event::Scoring { metric: begun, .. } if *begun == metric);
        assert!(
            events.iter().any(is_begun),
            "{} was not told of",
            metric.name()
        );
    }
}

#[test]
fn metrics_added_later_train_nothing_and_encode_once_or_not_at_all() {
    for keep_codes in [false, true] {
        let lab = Lab::new();
        let before = evaluated("metrics = [\"mig\"]\nseeds = 1\n");
        work(&lab, &before, keep_codes);
        let store = lab.path("runs");
        let (models_before, mig_before) = (models(&store), files(&store));
        let after = evaluated(
            "metrics = [\"mig\", \"sap\", \"modularity\", \"active-units\"]\nseeds = 1\n",
        );
        let events = work(&lab, &after, keep_codes);
        assert!(phases(&events, Phase::Training).is_empty());
        let n_encodings: usize = phases(&events, Phase::Encoding).values().sum();
        assert_eq!(n_encodings, if keep_codes { 0 } else { 2 });
        assert_same("retrained", &models(&store), &models_before);
        let mut mig_after = files(&store);
        mig_after.retain(|name, _| name.ends_with("mig.json"));
        let mut mig_before = mig_before;
        mig_before.retain(|name, _| name.ends_with("mig.json"));
        assert_same("scored again", &mig_after, &mig_before);
        // The same scores as of a trial that was scored at once.
        let other = Lab::new();
        work(&other, &after, false);
        for id in states(&store).keys() {
            for metric in ["sap", "modularity", "active-units"] {
                assert_eq!(
                    records(&lab, id, metric),
                    records(&other, id, metric),
                    "{metric}"
                );
            }
        }
    }
}

#[test]
fn scores_are_taken_at_steps_and_of_samples_and_of_many_seeds() {
    let lab = Lab::with_sweep(&evaluated(
        "metrics = [\"mig\", \"beta-vae-score\", \"active-units\"]\nvariants = [\"exact\"]\n\
         representations = [\"mean\", \"sampled\"]\nat = [10, 15]\nseeds = 3\n",
    ));
    let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(ran.tally("trained"), 2);
    let id = states(&lab.path("runs")).into_keys().next().unwrap();
    let steps = ["10", "15", "20"].map(str::to_owned).into();
    let [mean, sampled] = ["mean", "sampled"].map(str::to_owned);
    let mig = records(&lab, &id, "mig");
    assert_eq!(strings(&mig, "step"), steps);
    assert_eq!(
        strings(&mig, "representation"),
        [mean.clone(), sampled.clone()].into()
    );
    assert_eq!(strings(&mig, "variant"), ["exact".to_owned()].into());
    // It has no exact variant, and is taken in its first.
    let beta_vae = records(&lab, &id, "beta-vae-score");
    assert_eq!(strings(&beta_vae, "variant"), ["study".to_owned()].into());
    assert_eq!(strings(&beta_vae, "seeds"), ["[0,1,2]".to_owned()].into());
    // A metric of the posteriors is of no samples.
    assert_eq!(
        strings(&records(&lab, &id, "active-units"), "representation"),
        [mean].into()
    );
    let of = |representation: &str| -> Vec<&Value> {
        mig.iter()
            .filter(|record| record["representation"] == representation)
            .collect()
    };
    assert_ne!(of("mean")[0]["values"], of("sampled")[0]["values"]);

    let tables = lab.read("reports/tiny/data/scores.csv");
    for shown in ["sampled", "beta-vae-score", "active-units"] {
        assert!(tables.contains(shown), "{shown} is in no table");
    }
    let again = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(again.tally("cached"), 2);
    let plan = lab
        .run_well(&["plan", "sweep.toml", "--json", "--no-measure"])
        .json();
    assert_eq!(plan["counts"]["done"], 2);
}

#[test]
fn matrices_say_which_code_holds_which_factor() {
    let lab = Lab::with_sweep(&evaluated(
        "metrics = [\"mig\", \"factor-vae-score\"]\nseeds = 2\n",
    ));
    lab.run_well(&["run", "sweep.toml"]);
    let id = states(&lab.path("runs")).into_keys().next().unwrap();
    let store = unravel_store::Store::open_read(lab.path("runs")).unwrap();
    let folder = store.trial(&id.parse().unwrap());
    // The orientation has one value on this grid.
    let factors = ["shape", "scale", "pos-x", "pos-y"];
    let mig = folder.scores("mig").unwrap().unwrap();
    let information: Vec<_> = mig
        .matrices
        .iter()
        .filter(|m| m.name == "mutual_information_nats")
        .collect();
    assert_eq!(
        information.len(),
        3,
        "one of the exact variant and one a seed of the study's"
    );
    for matrix in information {
        assert!(matrix.is_codes_by_factors());
        assert_eq!(matrix.unit(), Some("nats"));
        assert_eq!(matrix.row_names, ["code_0", "code_1", "code_2"]);
        assert_eq!(matrix.col_names, factors);
        assert!((0..3).all(|code| 0.0 <= matrix.at(code, 3)));
    }
    let votes = folder.scores("factor-vae-score").unwrap().unwrap();
    let votes = votes
        .matrices
        .iter()
        .find(|m| m.name == "votes_eval")
        .unwrap();
    assert!(votes.is_codes_by_factors() && votes.unit().is_none());
}

#[test]
fn udr_compares_the_trials_of_a_setting_and_lives_beside_the_report() {
    let text = evaluated(
        "metrics = [\"mig\", \"udr\"]\nvariants = [\"exact\", \"lasso\", \"spearman\"]\n",
    );
    let with_seeds = |n: usize| text.replace("seeds = 1", &format!("seeds = {n}"));
    let lab = Lab::with_sweep(&with_seeds(3));
    lab.run_well(&["run", "sweep.toml"]);
    let scores = || -> Vec<Value> {
        let file: Value = serde_json::from_str(&lab.read("reports/tiny/scores/udr.json")).unwrap();
        file["scores"].as_array().unwrap().clone()
    };
    let first = scores();
    assert_eq!(first.len(), 4, "two settings in two variants");
    assert_eq!(
        strings(&first, "variant"),
        ["lasso", "spearman"].map(str::to_owned).into()
    );
    let trials: BTreeSet<String> = states(&lab.path("runs")).into_keys().collect();
    let compared = first
        .iter()
        .flat_map(|score| score["trials"].as_array().unwrap());
    let compared: BTreeSet<String> = compared.map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(compared, trials);
    for score in &first {
        let values = score["values"].as_array().unwrap();
        let is_share = |value: &Value| (0.0..=1.0).contains(&value.as_f64().unwrap());
        assert!(values.len() == 3 && values.iter().all(is_share), "{score}");
        assert_eq!(
            (&score["grid"], &score["n_points"]),
            (&"3x2x1x2x2".into(), &24.into())
        );
    }
    let rows = lab.read("reports/tiny/data/scores.csv");
    assert_eq!(
        rows.lines().filter(|line| line.contains("udr")).count(),
        2 * 6
    );
    let page = lab.run_well(&["report", "sweep.toml", "--json"]).json();
    assert_eq!(page["missing"], 0);
    let figure = ["--figure", "violins-udr-lasso", "--out", "udr.csv"];
    lab.run_well(&[&["report", "sweep.toml"], figure.as_slice()].concat());
    assert_eq!(
        lab.read("udr.csv"),
        lab.read("reports/tiny/data/violins-udr-lasso.csv")
    );

    let path = lab.path("reports/tiny/scores/udr.json");
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    lab.run_well(&["run", "sweep.toml"]);
    assert_eq!(
        fs::metadata(&path).unwrap().modified().unwrap(),
        before,
        "taken again"
    );
    lab.write("sweep.toml", with_seeds(4));
    lab.run_well(&["run", "sweep.toml"]);
    assert!(
        scores()
            .iter()
            .all(|score| score["trials"].as_array().unwrap().len() == 4)
    );
    // Settings of one seed have nothing to compare, which is said before anything trains.
    lab.write("sweep.toml", with_seeds(1));
    let ran = lab.run(&["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(3));
    let sentence = "udr compares trials that differ only in their seed";
    assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
}

#[test]
fn files_of_another_trial_are_refused_and_made_again() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let before = support::store::results(&store);
    let ids: Vec<String> = states(&store).into_keys().collect();
    let [from, to] = &ids[..] else {
        panic!("two trials");
    };
    for name in [
        "scores/mig.json",
        "scores/elbo.json",
        "pictures.npz",
        "probe.npz",
    ] {
        fs::copy(store.join(from).join(name), store.join(to).join(name)).unwrap();
        let ran = lab.run_well(&["run", "sweep.toml"]);
        let sentence = format!("{name}` is damaged: it is of trial {from}");
        assert!(ran.stderr.contains(&sentence), "{name}: {}", ran.stderr);
        assert_same(name, &support::store::results(&store), &before);
    }
}

#[test]
fn a_flipped_bit_is_noticed_by_the_next_run() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let before = support::store::results(&store);
    let id = states(&store).into_keys().next().unwrap();
    for name in [
        "pictures.npz",
        "probe.npz",
        "scores/mig.json",
        "model.safetensors",
    ] {
        let path = store.join(&id).join(name);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        fs::write(&path, bytes).unwrap();
        let ran = lab.run_well(&["run", "sweep.toml"]);
        assert!(
            ran.stderr.contains(&format!("{name}` is damaged")),
            "{name}: {}",
            ran.stderr
        );
        assert_same(name, &support::store::results(&store), &before);
    }
}
