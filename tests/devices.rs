//! Devices and workers: what is asked for on the command line, and what then runs.

mod support;

use std::collections::BTreeMap;
use std::time::Instant;

use support::lab::Lab;
use support::process::children;
use support::store::states;
use support::sweeps::{LONGER, TINY};

#[test]
fn cuda_without_a_cuda_device_is_refused_in_a_sentence_before_anything_is_made() {
    let lab = Lab::with_sweep(TINY);
    for device in ["cuda", "cuda:0", "cuda:0,1"] {
        let ran = lab.run(&["run", "sweep.toml", "--device", device]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(
            ran.stderr.starts_with("error: no usable CUDA device"),
            "{}",
            ran.stderr
        );
        assert!(!lab.path("runs").exists() && !lab.path("reports").exists());
    }
}

#[test]
fn auto_is_the_cpu_where_there_is_nothing_else() {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml", "--device", "auto"]);
    for state in states(&lab.path("runs")).values() {
        let device = state["device"].as_str().unwrap();
        assert!(device.starts_with("cpu"), "{device}");
    }
}

#[test]
fn numbers_of_workers_that_make_no_sense_are_refused() {
    let lab = Lab::with_sweep(TINY);
    for options in [
        ["--jobs", "0"],
        ["--jobs", "1000000"],
        ["--jobs", "-1"],
        ["--jobs", "two"],
        ["--cohort", "0"],
        ["--checkpoint-every", "0"],
    ] {
        let ran = lab.run(&[&["run", "sweep.toml"], &options[..]].concat());
        assert_eq!(ran.code, Some(2), "{options:?}: {}", ran.stderr);
        assert!(!lab.path("runs").exists(), "{options:?} made a store");
    }
    let both = ["run", "sweep.toml", "--device", "cuda", "--jobs", "2"];
    assert_eq!(lab.run(&both).code, Some(2));
}

/// First and last moment at which each trial was seen in training, and the most workers seen at once.
struct Timeline {
    training: BTreeMap<String, (Instant, Instant)>,
    max_workers: usize,
}

impl Timeline {
    fn of(lab: &Lab, jobs: &str) -> Self {
        let store = lab.path("runs");
        let mut timeline = Self {
            training: BTreeMap::new(),
            max_workers: 0,
        };
        let mut running = lab.start(&["run", "sweep.toml", "--jobs", jobs]);
        let pid = running.pid();
        running.watch(|| {
            let now = Instant::now();
            let states = states(&store);
            let in_training = states.iter().filter(|(_, s)| s["status"] == "training");
            for (id, _) in in_training {
                let seen = timeline.training.entry(id.clone()).or_insert((now, now));
                seen.1 = now;
            }
            timeline.max_workers = timeline.max_workers.max(children(pid).len());
            false
        });
        let ran = running.wait();
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        timeline
    }

    /// Pairs of trials that were in training at the same time.
    fn n_overlaps(&self) -> usize {
        let spans: Vec<_> = self.training.values().collect();
        let overlap = |a: &(Instant, Instant), b: &(Instant, Instant)| a.0 < b.1 && b.0 < a.1;
        (0..spans.len())
            .map(|a| (0..a).filter(|b| overlap(spans[a], spans[*b])).count())
            .sum()
    }
}

#[test]
fn two_jobs_are_two_workers_side_by_side_and_one_job_is_one() {
    let two = Timeline::of(&Lab::with_sweep(LONGER), "2");
    assert_eq!((two.training.len(), two.max_workers), (5, 2));
    assert!(2 <= two.n_overlaps(), "{:?}", two.training);

    let one = Timeline::of(&Lab::with_sweep(LONGER), "1");
    assert_eq!((one.training.len(), one.max_workers), (5, 1));
    assert_eq!(one.n_overlaps(), 0, "{:?}", one.training);
}
