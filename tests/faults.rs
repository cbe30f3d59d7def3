//! What the machine does to a run: disks that are full or read-only, files that change, processes that hang, results
//! that nobody takes, and stores and files from strangers. One sentence each, and nothing lost.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use unravel_store::{Checkpoint, Store};
use unravel_sweep::TrialId;

use support::lab::{Lab, Ran};
use support::process::children;
use support::store::{assert_same, files, models, results, states, steps};
use support::sweeps::{LONGER, TINY, tiny_on_npz};

const BAD_SWEEP: Option<i32> = Some(3);
const BAD_STORE: Option<i32> = Some(5);

type Results = std::collections::BTreeMap<String, Vec<u8>>;

fn undisturbed(sweep: &str) -> Results {
    let lab = Lab::with_sweep(sweep);
    lab.run_well(&["run", "sweep.toml"]);
    results(&lab.path("runs"))
}

static TINY_RESULTS: LazyLock<Results> = LazyLock::new(|| undisturbed(TINY));

/// Another run, with nothing in its way, comes to the usual bytes.
fn assert_goes_on(lab: &Lab) {
    lab.run_well(&["run", "sweep.toml"]);
    assert_same("after all", &results(&lab.path("runs")), &TINY_RESULTS);
}

#[test]
fn a_write_that_fails_ends_the_run_with_a_sentence_and_loses_nothing() {
    let lab = Lab::with_sweep(TINY);
    // 100 KiB: states, scores and pictures fit, checkpoints do not.
    let ran = lab.run_script("ulimit -f 200; exec \"$0\" \"$@\"", &["run", "sweep.toml"]);
    assert_eq!(ran.code, BAD_STORE, "{}", ran.stderr);
    let named = "cannot write `";
    assert!(
        ran.stderr.contains(named) && ran.stderr.contains("checkpoint.safetensors"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    assert_goes_on(&lab);
}

/// Whether file systems can be mounted here, in a name space of one's own.
fn can_mount() -> bool {
    static CAN: LazyLock<bool> = LazyLock::new(|| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]);
        let tried = command.stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    });
    if !*CAN {
        println!("skipped: no file system can be mounted here");
    }
    *CAN
}

/// Runs a script with a name space for mounts of its own.
fn run_with_mounts(lab: &Lab, script: &str) -> Ran {
    fs::create_dir_all(lab.path("runs")).unwrap();
    lab.write("script.sh", script);
    lab.run_script("exec unshare -rm sh ./script.sh \"$0\"", &[])
}

#[test]
fn a_full_disk_ends_the_run_with_a_sentence_and_room_lets_it_go_on() {
    if !can_mount() {
        return;
    }
    let lab = Lab::with_sweep(TINY);
    let ran = run_with_mounts(
        &lab,
        "mount -t tmpfs -o size=2m none runs || exit 99
         \"$1\" run sweep.toml
         code=$?
         find runs -name '*.tmp' | sed 's/^/left behind: /' >&2
         mount -o remount,size=64m runs
         \"$1\" run sweep.toml >&2 || exit 98
         cp -a runs saved
         exit $code",
    );
    assert_eq!(ran.code, BAD_STORE, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no space left to write `"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("left behind"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("/checkpoint.safetensors`"),
        "{}",
        ran.stderr
    );
    assert_same(
        "with more room",
        &results(&lab.path("saved")),
        &TINY_RESULTS,
    );
}

#[test]
fn a_read_only_store_is_refused_for_writing_and_read_all_the_same() {
    if !can_mount() {
        return;
    }
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let ran = run_with_mounts(
        &lab,
        "mount --bind runs runs && mount -o remount,ro,bind runs || exit 99
         \"$1\" status sweep.toml || exit 98
         \"$1\" plan sweep.toml --no-measure || exit 97
         \"$1\" report sweep.toml || exit 96
         \"$1\" run sweep.toml",
    );
    assert_eq!(ran.code, BAD_STORE, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("cannot write to the store"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--store"), "{}", ran.stderr);
}

#[test]
fn results_that_stdout_does_not_take_are_no_success() {
    let lab = Lab::with_sweep(TINY);
    for args in [
        &["run", "sweep.toml"][..],
        &["status", "sweep.toml", "--json"],
        &["plan", "sweep.toml", "--no-measure"],
        &["check", "sweep.toml"],
        &["report", "sweep.toml", "--json"],
    ] {
        let ran = lab.run_script("exec \"$0\" \"$@\" > /dev/full", args);
        assert_eq!(ran.code, BAD_STORE, "{args:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("cannot write the results to stdout"),
            "{}",
            ran.stderr
        );
        // The reader is gone before anything is written.
        let script = "{ sleep 0.2; \"$0\" \"$@\"; echo $? > code; } | true; cat code";
        let gone = lab.run_script(script, args);
        assert_eq!(gone.stdout, "141\n", "{args:?}: {}", gone.stderr);
    }
}

#[test]
fn a_worker_that_hangs_is_replaced() {
    let lab = Lab::with_sweep(TINY);
    let mut running = lab.start(&["run", "sweep.toml", "--jobs", "1", "--max-silence", "5s"]);
    let pid = running.pid();
    assert!(running.watch(|| !children(pid).is_empty()));
    for worker in children(pid) {
        let pid = rustix::process::Pid::from_raw(worker.pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, Signal::STOP).unwrap();
    }
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("said nothing for 5 s"),
        "{}",
        ran.stderr
    );
    assert_same("after all", &results(&lab.path("runs")), &TINY_RESULTS);
}

#[test]
fn a_second_interrupt_ends_the_run_at_once() {
    let lab = Lab::with_sweep(&TINY.replace("steps = 20", "steps = 1_000_000"));
    let mut running = lab.start(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    assert!(running.watch(|| !states(&store).is_empty()));
    let workers = children(running.pid());
    // Workers that stand still cannot save: the first interrupt alone would wait for them.
    for worker in &workers {
        let pid = rustix::process::Pid::from_raw(worker.pid.cast_signed()).unwrap();
        rustix::process::kill_process(pid, Signal::STOP).unwrap();
    }
    let began = Instant::now();
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    assert!(running.is_running(), "it did not wait for its workers");
    running.signal(Signal::INT);
    let ran = running.wait();
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(workers.iter().all(|worker| !worker.is_alive()));
}

#[test]
fn a_flipped_bit_in_a_checkpoint_costs_the_steps_since_the_one_before() {
    let lab = Lab::with_sweep(LONGER);
    let store = lab.path("runs");
    let mut running = lab.start(&[
        "run",
        "sweep.toml",
        "--jobs",
        "1",
        "--checkpoint-every",
        "0.05",
    ]);
    let previous = |id: &String| store.join(id).join("checkpoint.previous.safetensors");
    assert!(running.watch(|| steps(&store).keys().any(|id| previous(id).exists())));
    running.signal(Signal::KILL);
    running.wait();
    let ids = steps(&store).into_keys().filter(|id| previous(id).exists());
    for id in ids {
        let path = store.join(id).join("checkpoint.safetensors");
        let Ok(mut bytes) = fs::read(&path) else {
            continue;
        };
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    let ran = lab.run_well(&["run", "sweep.toml"]);
    assert!(
        ran.stderr.contains("checkpoint.safetensors` is damaged"),
        "{}",
        ran.stderr
    );
    assert_same("after all", &results(&store), &undisturbed(LONGER));
}

/// Refused within seconds and with a sentence, whatever memory and time it would like to take.
fn check_refused(lab: &Lab, args: &[&str], why: &str) {
    // 4 GB of addresses are far more than any of this needs, and far less than it would like.
    let ran = lab.run_script("ulimit -v 4000000; exec \"$0\" \"$@\"", args);
    assert_eq!(ran.code, BAD_SWEEP, "{args:?}: {}", ran.stderr);
    assert!(ran.stderr.contains(why), "{args:?}: {}", ran.stderr);
    assert!(ran.stderr.len() < 20_000 && !ran.stderr.contains("panicked"));
    assert!(!lab.path("runs").exists());
}

#[test]
fn files_without_an_end_or_a_measure_are_refused() {
    let lab = Lab::with_sweep(TINY);
    check_refused(&lab, &["run", "/dev/zero"], "more than 4194304 bytes");
    check_refused(
        &lab,
        &["check", "/dev/urandom"],
        "cannot read the sweep file",
    );
    lab.write("huge.toml", "#".repeat(5 << 20));
    check_refused(&lab, &["run", "huge.toml"], "more than 4194304 bytes");
    lab.write("deep.toml", format!("x = {}", "[".repeat(1 << 20)));
    check_refused(&lab, &["run", "deep.toml"], "deep.toml");
    lab.write("on-zero.toml", tiny_on_npz("/dev/zero", ""));
    check_refused(&lab, &["run", "on-zero.toml"], "regular file");
}

#[test]
fn damage_to_a_finished_trial_is_noticed_and_costs_no_training() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let before = models(&store);
    let ids: Vec<String> = states(&store).into_keys().collect();
    let at = |id: &str, name: &str| store.join(id).join(name);
    // Files and folders in place of what belongs there, and flipped bits.
    lab.write(&format!("runs/{}/lock", ids[0]), vec![b' '; 8192]);
    fs::remove_file(at(&ids[0], "scores/mig.json")).unwrap();
    fs::create_dir(at(&ids[0], "scores/mig.json")).unwrap();
    lab.write(&format!("runs/{}/trial.toml", ids[0]), "steps = 20\n");
    fs::remove_file(at(&ids[1], "lock")).unwrap();
    fs::create_dir(at(&ids[1], "lock")).unwrap();
    fs::remove_file(at(&ids[1], "log.txt")).unwrap();
    fs::create_dir(at(&ids[1], "log.txt")).unwrap();
    let checkpoint = at(&ids[1], "checkpoint.safetensors");
    let mut bytes = fs::read(&checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&checkpoint, bytes).unwrap();

    let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(ran.tally("scored"), 2, "{}", ran.stderr);
    for expected in [
        "scores/mig.json` is damaged: it is not a plain file; it was moved aside to `",
        "trial.toml` is damaged",
        "/lock` is damaged: it is not a plain file; it was moved aside",
        "log.txt` is damaged",
        "checkpoint.safetensors` is damaged: the checksum does not match the contents; the trial is trained and keeps",
    ] {
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
    }
    let n_told = ran.stderr.matches("trial.toml` is damaged").count();
    assert_eq!(n_told, 1, "a damaged file is reported once: {}", ran.stderr);
    assert_eq!(models(&store), before, "nothing was trained again");
    assert!(!checkpoint.exists());
    let mut expected = TINY_RESULTS.clone();
    expected.remove(&format!("{}/checkpoint.safetensors", ids[1]));
    assert_same("mended", &results(&store), &expected);
    let again = lab.run_well(&["run", "sweep.toml", "--json"]);
    assert_eq!(
        (again.tally("cached"), &again.stderr.contains("damaged")),
        (2, &false)
    );
}

#[test]
fn a_damaged_file_is_reported_once_and_with_its_remedy() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let id = states(&lab.path("runs")).into_keys().next().unwrap();
    let model = lab.path(&format!("runs/{id}/model.safetensors"));
    let mut bytes = fs::read(&model).unwrap();
    bytes.pop();
    fs::write(&model, bytes).unwrap();
    let verbs = [
        &["status", "sweep.toml"][..],
        &["plan", "sweep.toml", "--no-measure"],
        &["run", "sweep.toml"],
    ];
    for args in verbs {
        let said = lab.run_well(args).stderr;
        let of_file: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("model.safetensors` is damaged"))
            .collect();
        assert_eq!(of_file.len(), 1, "{args:?}: {said}");
        let has_remedy = of_file[0].ends_with("; `unravel run` recreates it");
        assert!(has_remedy, "{args:?}: {said}");
    }
    assert!(
        !lab.run_well(&["run", "sweep.toml"])
            .stderr
            .contains("damaged")
    );
}

#[test]
fn a_strangers_checkpoint_is_discarded_with_a_sentence() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let path = lab.path("runs");
    let store = Store::open(&path).unwrap();
    let ids: Vec<TrialId> = store.trial_ids().unwrap();
    type Change = fn(&mut Checkpoint);
    let changes: [(Change, &str); 4] = [
        (
            |whole| whole.step = 25,
            "it is of step 25, and the trial has 20",
        ),
        (
            |whole| whole.step = 19,
            "it is of step 19, and its training curves go to 20",
        ),
        (
            |whole| {
                whole.log.truncate_after(12);
                whole.step = 15;
            },
            "it is of step 15, and its training curves end elsewhere",
        ),
        (
            |whole| {
                whole
                    .arrays
                    .get_mut("encoder.4.weight")
                    .unwrap()
                    .shape
                    .reverse()
            },
            "it has no array `encoder.4.weight` of the shape",
        ),
    ];
    for (change, expected) in changes {
        let lock = store.trial(&ids[0]).lock().unwrap();
        let mut checkpoint = lock.checkpoint().unwrap().value.unwrap();
        change(&mut checkpoint);
        lock.remove_checkpoints().unwrap();
        lock.set_checkpoint(&checkpoint).unwrap();
        fs::remove_file(lock.path().join("model.safetensors")).unwrap();
        drop(lock);
        let ran = lab.run_well(&["run", "sweep.toml", "--json"]);
        assert!(ran.stderr.contains(expected), "{expected}: {}", ran.stderr);
        assert_eq!((ran.tally("trained"), ran.tally("cached")), (1, 1));
        assert_same(expected, &results(&path), &TINY_RESULTS);
    }
}

#[test]
fn a_store_whose_path_is_not_utf8_works() {
    let lab = Lab::with_sweep(TINY);
    let script = r#"store=$(printf 'caf\351'); exec "$0" "$@" --store "$store""#;
    let ran = lab.run_script(script, &["run", "sweep.toml", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.tally("trained"), 2);
    let again = lab.run_script(script, &["status", "sweep.toml", "--json"]);
    let trials = again.json()["trials"].as_array().unwrap().clone();
    assert!(trials.iter().all(|trial| trial["status"] == "done"));
    let report = r#"folder=$(printf 'r\351'); exec "$0" "$@" --report "$folder""#;
    let ran = lab.run_script(report, &["report", "sweep.toml", "--json"]);
    assert_eq!(ran.json()["report"], "r\u{fffd}/index.html");
}

#[test]
fn a_report_has_the_rights_that_new_files_have() {
    let lab = Lab::with_sweep(TINY);
    let script = r#"umask 027; exec "$0" "$@""#;
    let ran = lab.run_script(script, &["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let everything = fs::read_dir(lab.path("reports/tiny")).unwrap();
    let modes = everything.map(|entry| entry.unwrap().metadata().unwrap());
    let modes = modes.filter(|about| about.is_file());
    let modes: Vec<u32> = modes
        .map(|about| about.permissions().mode() & 0o777)
        .collect();
    assert!(
        !modes.is_empty() && modes.iter().all(|mode| *mode == 0o640),
        "{modes:?}"
    );
}

#[test]
fn links_in_a_store_lead_nowhere() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    let store = lab.path("runs");
    let mut ids = states(&store).into_keys();
    let (first, second) = (ids.next().unwrap(), ids.next().unwrap());
    // A trial's folder, and files in another one's, lead out of the store.
    let outside = lab.path("outside");
    fs::create_dir(&outside).unwrap();
    fs::remove_dir_all(store.join(&first)).unwrap();
    symlink(&outside, store.join(&first)).unwrap();
    let ran = lab.run_well(&["run", "sweep.toml"]);
    assert!(ran.stderr.contains("is not a folder"), "{}", ran.stderr);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    let aside = store.join(format!("{first}.aside-0"));
    assert_eq!(fs::read_link(&aside).unwrap(), outside);
    assert!(states(&store).contains_key(&first));
    lab.write("other.toml", TINY.replace("[1, 8]", "[2]"));
    lab.run_well(&["gc", "other.toml", "--delete"]);
    assert!(outside.is_dir() && fs::symlink_metadata(&aside).is_ok());

    lab.run_well(&["run", "sweep.toml"]);
    lab.write("outside/precious", "untouched");
    for name in [
        "state.json",
        "scores/mig.json",
        "pictures.npz",
        "train.csv",
        "log.txt",
    ] {
        let path = store.join(&second).join(name);
        let _ = fs::remove_file(&path);
        symlink(outside.join("precious"), &path).unwrap();
    }
    lab.run(&["run", "sweep.toml"]);
    assert_eq!(files(&outside).len(), 1);
    assert_eq!(lab.read("outside/precious"), "untouched");
}

/// Whatever lies in the place of a trial's folder: the looks name it, and a run moves it aside and trains every trial.
#[test]
fn what_is_no_folder_in_the_place_of_a_trial_is_moved_aside() {
    let trained = Lab::with_sweep(TINY);
    trained.run_well(&["run", "sweep.toml"]);
    let expected = results(&trained.path("runs"));
    let ids: Vec<String> = states(&trained.path("runs")).into_keys().collect();
    let lab = Lab::with_sweep(TINY);
    fs::create_dir(lab.path("runs")).unwrap();
    let place = |n: usize| lab.path("runs").join(&ids[n]);
    fs::write(place(0), "of somebody").unwrap();
    std::os::unix::fs::symlink("/nowhere", place(1)).unwrap();
    for verb in ["status", "plan"] {
        let looked = lab.run_well(&[verb, "sweep.toml"]);
        for id in &ids[..2] {
            let named = looked
                .stderr
                .lines()
                .find(|line| line.contains(id.as_str()));
            let named = named.unwrap_or_else(|| panic!("{verb}: {}", looked.stderr));
            assert!(named.contains("`unravel run` moves it aside"), "{named}");
        }
    }
    let ran = lab.run_well(&["run", "sweep.toml"]);
    assert!(
        ran.stderr.contains("it was moved aside to"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("--store"), "{}", ran.stderr);
    let kept = lab.path("runs").join(format!("{}.aside-0", ids[0]));
    assert_eq!(fs::read_to_string(&kept).unwrap(), "of somebody");
    for id in &ids[..2] {
        fs::remove_file(lab.path("runs").join(format!("{id}.aside-0"))).unwrap();
    }
    assert_same("after all", &results(&lab.path("runs")), &expected);
}

/// A worker that breaks off again and again for one reason is told of once, and then what became of the trial.
#[test]
fn a_reason_to_break_off_is_told_once() {
    let lab = Lab::with_sweep(&LONGER.replace("steps = 240", "steps = 100_000"));
    let args = [
        "run",
        "sweep.toml",
        "--jobs",
        "1",
        "--cohort",
        "1",
        "--checkpoint-every",
        "1000",
    ];
    let mut running = lab.start(&args);
    let pid = running.pid();
    let mut seen = Vec::new();
    assert!(running.watch(|| {
        for worker in children(pid) {
            if !seen.contains(&worker.pid) {
                seen.push(worker.pid);
                let _ = kill_process(
                    Pid::from_raw(worker.pid.cast_signed()).unwrap(),
                    Signal::KILL,
                );
            }
        }
        2 < seen.len()
    }));
    running.signal(Signal::INT);
    let ran = running.wait();
    let notes = ran.stderr.lines().filter(|line| line.contains("crashed"));
    assert_eq!(notes.count(), 1, "{}", ran.stderr);
}
