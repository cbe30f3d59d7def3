//! Sweeps that grow and shrink: what is there is kept, what is new is trained, what nobody names goes.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use support::lab::{Lab, Ran};
use support::store::{assert_same, files, results, states, steps};
use support::sweeps::TINY;

/// [`TINY`] with another number of steps, scored at these on the way too.
fn tiny(steps: u64, at: &str) -> String {
    let at = match at {
        "[]" => "seeds = 2".to_owned(),
        _ => format!("seeds = 2\nat = {at}"),
    };
    let (training, evaluation) = TINY.rsplit_once("seeds = 2").unwrap();
    let training = training.replace("steps = 20", &format!("steps = {steps}"));
    format!("{training}{at}{evaluation}")
}

/// What a sweep comes to in a store of its own.
fn at_once(sweep: &str) -> BTreeMap<String, Vec<u8>> {
    let lab = Lab::with_sweep(sweep);
    lab.run_well(&["run", "sweep.toml"]);
    results(&lab.path("runs"))
}

/// Runs the first sweep and then the second in one store, and compares the second with what it comes to alone.
fn grow(lab: &Lab, sweep: &str) -> Ran {
    lab.write("sweep.toml", sweep);
    let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(ran.tally("trained"), 2, "{}", ran.stderr);
    let expected = at_once(sweep);
    let mut found = results(&lab.path("runs"));
    found.retain(|name, _| expected.contains_key(name));
    assert_same("grown", &found, &expected);
    ran
}

fn planned(lab: &Lab, what: &str) -> (u64, String) {
    let plan = lab.run_well(&["plan", "sweep.toml", "--json", "--no-measure"]);
    (plan.json()["counts"][what].as_u64().unwrap(), plan.stderr)
}

#[test]
fn more_steps_go_on_from_the_checkpoint_to_the_same_bits_as_all_at_once() {
    for at in ["[]", "[10, 20]"] {
        let lab = Lab::with_sweep(&tiny(20, at));
        lab.run_well(&["run", "sweep.toml"]);
        let shorter = results(&lab.path("runs"));
        lab.write("sweep.toml", tiny(40, at));
        assert_eq!(planned(&lab, "to_continue").0, 2);
        assert_eq!(planned(&lab, "to_train").0, 0);
        let ran = grow(&lab, &tiny(40, at));
        let n_told = ran.stderr.matches("continues from step 20").count();
        assert_eq!(n_told, 2, "{}", ran.stderr);
        let mut kept = results(&lab.path("runs"));
        kept.retain(|name, _| shorter.contains_key(name));
        assert_same("the shorter trials", &kept, &shorter);
    }
}

#[test]
fn what_cannot_go_on_begins_anew_and_says_so() {
    let begins_anew = |first: &str, second: &str, why: &str| {
        let lab = Lab::with_sweep(first);
        lab.run_well(&["run", "sweep.toml"]);
        lab.write("sweep.toml", second);
        let (n_to_train, said) = planned(&lab, "to_train");
        assert_eq!(n_to_train, 2);
        assert!(
            said.contains("start from step 0") && said.contains(why),
            "{said}"
        );
        let ran = grow(&lab, second);
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    };
    begins_anew(&tiny(40, "[]"), &tiny(20, "[]"), "with more steps");
    begins_anew(&tiny(20, "[]"), &tiny(40, "[10]"), "an earlier step");

    let lab = Lab::with_sweep(&tiny(20, "[]"));
    lab.run_well(&["run", "sweep.toml"]);
    lab.run_well(&["gc", "sweep.toml", "--checkpoints", "--delete"]);
    let ran = grow(&lab, &tiny(40, "[]"));
    assert!(
        ran.stderr.contains("no checkpoint any more"),
        "{}",
        ran.stderr
    );
}

#[test]
fn garbage_is_listed_and_only_on_request_deleted() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let other = TINY
        .replace("\"tiny\"", "\"other\"")
        .replace("[1, 8]", "[2, 8]");
    lab.write("other.toml", other);
    lab.run_well(&["run", "other.toml"]);
    let everything = files(&lab.path("runs"));

    let both = lab.run_well(&["gc", "sweep.toml", "other.toml"]);
    assert_eq!(both.stdout, "nothing to delete\n");
    let dry = lab.run_well(&["gc", "sweep.toml"]);
    assert!(dry.stdout.contains("β-VAE β=2: 1 trial"), "{}", dry.stdout);
    assert!(
        dry.stdout
            .contains("pass --delete to delete these and free "),
        "{}",
        dry.stdout
    );
    assert_same("dry", &files(&lab.path("runs")), &everything);

    lab.write("bad.toml", "name = [");
    let refused = lab.run(&["gc", "sweep.toml", "bad.toml", "--delete"]);
    assert_eq!(refused.code, Some(3));
    assert_same("refused", &files(&lab.path("runs")), &everything);

    let deleted = lab
        .run_well(&["gc", "sweep.toml", "--delete", "--json"])
        .json();
    let gone = deleted["trials"][0]["trial"].as_str().unwrap();
    assert_eq!(deleted["trials"].as_array().unwrap().len(), 1);
    let n_bytes: usize = everything
        .iter()
        .filter(|(name, _)| name.starts_with(gone))
        .map(|(_, seen)| seen.bytes.len())
        .sum();
    assert_eq!(deleted["bytes"], n_bytes);
    let mut expected = everything;
    expected.retain(|name, _| !name.starts_with(gone));
    assert_same("deleted", &files(&lab.path("runs")), &expected);

    let run = |sweep| lab.run_well(&["run", sweep, "--json"]);
    assert_eq!(run("sweep.toml").tally("cached"), 2);
    assert_eq!(run("other.toml").tally("trained"), 1);
}

#[test]
fn freed_checkpoints_cost_no_result_and_a_trial_at_work_is_left_alone() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let before = results(&lab.path("runs"));
    let freed = lab.run_well(&["gc", "sweep.toml", "--checkpoints", "--delete"]);
    assert!(freed.stdout.contains("checkpoints of"), "{}", freed.stdout);
    let mut expected = before;
    expected.retain(|name, _| !name.ends_with("/checkpoint.safetensors"));
    assert_same("freed", &results(&lab.path("runs")), &expected);
    let again = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(again.tally("cached"), 2);

    let id = states(&lab.path("runs")).into_keys().next().unwrap();
    let lock = lab.path("runs").join(&id).join("lock");
    fs::write(&lock, r#"{"pid":7,"host":"node-2","boot":"another"}"#).unwrap();
    lab.write("other.toml", TINY.replace("[1, 8]", "[2]"));
    let gc = lab.run_well(&["gc", "other.toml", "--delete"]);
    assert!(gc.stderr.contains("process 7 on node-2"), "{}", gc.stderr);
    assert_eq!(
        states(&lab.path("runs")).into_keys().collect::<Vec<_>>(),
        [id]
    );
}

#[test]
fn a_store_that_is_not_there_has_no_garbage() {
    let lab = Lab::with_sweep(TINY);
    for delete in [&[][..], &["--delete"]] {
        let args = [&["gc", "sweep.toml", "--store", "absent"], delete].concat();
        let ran = lab.run_well(&args);
        let said = "the store `absent` does not exist; nothing to delete\n";
        assert_eq!(ran.stdout, said);
        let json = lab.run_well(&[&args[..], &["--json"]].concat());
        assert_eq!(json.json()["bytes"], 0);
        assert_eq!(json.stderr, format!("note: {said}"));
        assert!(!lab.path("absent").exists());
    }
}

#[test]
fn garbage_is_collected_beside_another_sweeps_run_without_costing_it_anything() {
    let lab = Lab::with_sweep(&TINY.replace("seeds = 1\n", "seeds = 3\n"));
    lab.write("other.toml", TINY.replace("[1, 8]", "[2]"));
    let mut running = lab.start(&["run", "sweep.toml", "--json"]);
    let mut n_collected = 0;
    running.watch(|| {
        lab.run_well(&["gc", "other.toml", "--delete"]);
        n_collected += 1;
        false
    });
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!((ran.tally("trained"), ran.tally("failed")), (6, 0));
    assert!(0 < n_collected);
}

#[test]
fn a_lock_of_another_machine_from_the_future_is_told_of_and_waited_for_no_longer() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let id = states(&store).into_keys().next().unwrap();
    fs::remove_file(store.join(&id).join("scores/mig.json")).unwrap();
    let lock = store.join(&id).join("lock");
    fs::write(&lock, r#"{"pid":7,"host":"node-2","boot":"another"}"#).unwrap();
    let set = |at: SystemTime| {
        let file = fs::File::options().write(true).open(&lock).unwrap();
        file.set_modified(at).unwrap();
    };
    let ahead = SystemTime::now() + Duration::from_secs(86_400);
    set(ahead);
    let status = lab.run_well(&["status", "sweep.toml"]);
    let said = format!("trial {id} is locked by process 7 on node-2 with a time 23h 59m");
    assert!(status.stderr.contains(&said), "{}", status.stderr);
    let status = lab.run_well(&["status", "sweep.toml", "--json"]).json();
    let holders = status["trials"].as_array().unwrap().iter();
    let mut holders = holders.filter_map(|trial| trial["holder"].as_str());
    assert!(holders.any(|holder| holder.starts_with("process 7 on node-2")));
    let mut running = lab.start(&["run", "sweep.toml", "--json"]);
    let modified = || fs::metadata(&lock).unwrap().modified().unwrap();
    assert!(running.watch(|| modified() < ahead));
    // As if a minute had passed without a sign of life.
    set(SystemTime::now() - Duration::from_secs(120));
    let ran = running.wait();
    assert_eq!(
        (ran.code, ran.tally("scored")),
        (Some(0), 1),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains(&said), "{}", ran.stderr);
}

#[test]
fn a_budget_is_spent_on_first_seeds_and_ends_with_everything_saved_and_reported() {
    let long = TINY.replace("steps = 20", "steps = 1_000_000");
    let long = long.replace("seeds = 1\n", "seeds = 3\n");
    let lab = Lab::with_sweep(&long);
    let run = [
        "run",
        "sweep.toml",
        "--jobs",
        "2",
        "--json",
        "--budget",
        "3s",
    ];
    let began = Instant::now();
    let ran = lab.run_well(&run);
    // Three seconds, and what a busy machine takes to end.
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!((ran.tally("left"), ran.tally("failed")), (6, 0));
    assert_eq!(ran.json()["out_of_time"], true);
    let said = "note: time budget used up; saving checkpoints";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    // Nobody interrupted it.
    assert!(!ran.stderr.contains("interrupt"), "{}", ran.stderr);
    let status = lab.run_well(&["status", "sweep.toml"]).stdout;
    let row = status.lines().nth(1).unwrap().split_whitespace();
    // Setting, trials, done, to score, training, started, failed, steps.
    let row: Vec<&str> = row.skip(1).collect();
    assert_eq!(
        row,
        ["β=1", "3", "0", "0", "0", "1", "0", "<1%"],
        "{status}"
    );
    assert!(lab.path("reports/tiny/index.html").is_file());
    // Two workers began the first seed of both settings.
    let store = lab.path("runs");
    let seed = |id: &String| {
        let trial = fs::read_to_string(store.join(id).join("trial.toml")).unwrap();
        let line = trial.lines().find(|line| line.starts_with("seed")).unwrap();
        line.to_owned()
    };
    let saved = steps(&store);
    let seeds: Vec<String> = saved.keys().map(seed).collect();
    assert_eq!(seeds, ["seed = 0", "seed = 0"]);
    assert!(saved.values().all(|step| 0 < *step), "{saved:?}");
    let again = lab.run_well(&run);
    assert_eq!(again.tally("left"), 6);
    let further = steps(&store);
    assert!(saved.iter().all(|(id, step)| step < &further[id]));
}

#[test]
fn status_weighs_the_store_and_shows_the_last_lines_of_what_failed() {
    let arm = "objective.beta-vae = { beta = [1, 8] }";
    let diverging = format!("{arm}\ntraining.learning-rate = [1e-3, 1e30]");
    let lab = Lab::with_sweep(&TINY.replace(arm, &diverging));
    let ran = lab.run(&["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(4));
    let n_told = ran.stderr.matches(") failed: diverged: ").count();
    assert_eq!(n_told, 2, "each failure once: {}", ran.stderr);
    let again = lab.run(&["run", "sweep.toml"]);
    assert_eq!(again.code, Some(4));
    for said in [
        "tiny: 4 trials, 2 already done, 2 failed before; pass --retry-failed to retry\n",
        " s, 2 already done, 2 failed\n",
        "run again with --retry-failed; trials that diverged may need a lower `learning-rate`\n",
    ] {
        assert!(again.stderr.contains(said), "{}", again.stderr);
    }
    let status = lab.run_well(&["status", "sweep.toml"]).stdout;
    let reason = "diverged: reconstruction_nats is NaN at step 2";
    // The failure with its reason, and the log: begun, and the same reason.
    assert_eq!(status.matches(reason).count(), 4, "{status}");
    assert_eq!(
        status.matches("attempt 1: trains from step 0 on").count(),
        2
    );
    assert!(status.contains(" for 4 trials (checkpoints "), "{status}");
    let status = lab.run_well(&["status", "sweep.toml", "--json"]).json();
    let n_bytes: usize = files(&lab.path("runs"))
        .iter()
        .filter(|(name, _)| name.contains('/'))
        .map(|(_, seen)| seen.bytes.len())
        .sum();
    assert_eq!(status["store"]["bytes"], n_bytes);
    assert!(status["store"]["bytes_by_kind"]["checkpoints"].as_u64() > Some(1000));
    let failed = |trial: &&serde_json::Value| trial["status"] == "failed";
    let trials = status["trials"].as_array().unwrap();
    let logs: Vec<_> = trials.iter().filter(failed).map(|t| &t["log"]).collect();
    assert!(
        logs.iter()
            .all(|log| log[1].as_str().unwrap().ends_with(reason))
    );
}

#[test]
fn a_lock_of_another_machine_holds_for_its_lease_and_no_longer() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let before = results(&store);
    let id = states(&store).into_keys().next().unwrap();
    let run_under_lock = |age_secs: u64| {
        fs::remove_file(store.join(&id).join("scores/mig.json")).unwrap();
        let lock = store.join(&id).join("lock");
        fs::write(&lock, r#"{"pid":7,"host":"node-2","boot":"another"}"#).unwrap();
        let file = fs::File::options().write(true).open(&lock).unwrap();
        let at = SystemTime::now() - Duration::from_secs(age_secs);
        file.set_modified(at).unwrap();
        let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
        assert_eq!(ran.tally("scored"), 1, "{}", ran.stderr);
        assert_same("after the lock", &results(&store), &before);
        let held = "is in use by another run (process 7 on node-2, last heard of ";
        ran.stderr.contains(held)
    };
    assert!(
        !run_under_lock(120),
        "a lock that is long dead was waited for"
    );
    assert!(
        run_under_lock(50),
        "a lock that may be alive was not waited for"
    );
}
