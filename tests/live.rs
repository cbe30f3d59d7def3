//! What can be seen of a run while it is at work: the page, and `status --watch`.

mod support;

use std::time::Duration;

use rustix::process::Signal;
use support::lab::Lab;
use support::store::files;
use support::sweeps::{LONGER, TINY};

const PAGE: &str = "reports/longer/index.html";

#[test]
fn the_page_is_there_and_whole_while_a_run_works_and_says_how_far_it_is() {
    let lab = Lab::with_sweep(LONGER);
    let mut run = lab.start(&["run", "sweep.toml"]);
    let read = || std::fs::read_to_string(lab.path(PAGE)).unwrap_or_default();
    let mut early = String::new();
    assert!(run.watch(|| {
        early = read();
        !early.is_empty()
    }));
    assert!(early.contains("Run in progress: "), "{early}");
    assert!(early.contains(" of 5 trials done or failed"), "{early}");
    assert!(early.ends_with("</html>\n") || early.ends_with("</html>"));
    let ran = run.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let last = read();
    assert!(!last.contains("while a run was at work"));
    assert!(last.contains("All 5 trials are trained"));

    // What is looked at on the way leaves no trace in the end.
    let before = files(&lab.path("reports"));
    lab.run_well(&["report", "sweep.toml"]);
    let bytes = |seen: std::collections::BTreeMap<String, support::store::Seen>| {
        let pairs = seen.into_iter().map(|(name, seen)| (name, seen.bytes));
        pairs.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(bytes(files(&lab.path("reports"))), bytes(before));
}

#[test]
fn watching_begins_before_the_run_and_ends_with_it() {
    let lab = Lab::with_sweep(TINY);
    let watching = ["status", "sweep.toml", "--watch", "--every", "0.1"];
    let lines = lab.start(&watching);
    let json = lab.start(&[&watching[..], &["--json"]].concat());
    std::thread::sleep(Duration::from_millis(300));
    lab.run_well(&["run", "sweep.toml"]);

    let ran = lines.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        said[0],
        "tiny: 0 of 2 trials done, 0 training, 0% of all steps"
    );
    let last = said.last().copied();
    assert_eq!(
        last,
        Some("tiny: 2 of 2 trials done, 0 training, 100% of all steps")
    );
    assert!(said.windows(2).all(|pair| pair[0] != pair[1]), "{said:?}");

    let ran = json.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let values: Vec<_> = ran.stdout.lines().map(value).collect();
    let first_and_last = [0, values.len() - 1].map(|i| &values[i]["trials"][1]["status"]);
    assert_eq!(first_and_last, ["not started", "done"]);
}

#[test]
fn ctrl_c_ends_the_watching_and_failed_trials_are_an_end_too() {
    let lab = Lab::with_sweep(&TINY.replace("learning-rate = 1e-3", "learning-rate = 1e30"));
    let watch = ["status", "sweep.toml", "--watch", "--every", "60"];
    let mut running = lab.start(&watch);
    let said = lab.path("../said/0.stdout");
    assert!(running.watch(|| std::fs::metadata(&said).is_ok_and(|file| 0 < file.len())));
    running.signal(Signal::INT);
    let ran = running.wait();
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(ran.elapsed < Duration::from_secs(30), "{:?}", ran.elapsed);

    assert_eq!(lab.run(&["run", "sweep.toml"]).code, Some(4));
    let ran = lab.run(&watch);
    assert_eq!(ran.code, Some(4), "{}", ran.stderr);
    assert!(ran.stdout.contains("diverged"), "{}", ran.stdout);
}
