//! Sweeps on a real Slurm, and what goes wrong on clusters; always the same bytes in the end as on one machine.
//!
//! `.ci/run` installs Slurm and starts clusters on this machine's loopback addresses. Where there are none, these
//! tests say that they were skipped.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use support::lab::{Lab, Running};
use support::slurm::{Cluster, batches};
use support::store::{assert_same, attempts, results, steps};
use support::sweeps::LONGER;

/// Three trials that train for a few seconds each.
static SLOW: LazyLock<String> = LazyLock::new(|| {
    LONGER
        .replace("name = \"longer\"", "name = \"slow\"")
        .replace("steps = 240", "steps = 800")
        .replace("beta = [1, 4]", "beta = [4]")
});
const SLOW_TRIALS: u64 = 3;

type Results = BTreeMap<String, Vec<u8>>;

/// What the trials of a sweep come to on one machine; trained once for all tests.
fn expected(sweep: &str) -> Results {
    static KNOWN: Mutex<BTreeMap<String, Results>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known
        .entry(sweep.to_owned())
        .or_insert_with(|| {
            let lab = Lab::with_sweep(sweep);
            lab.run_well(&["run", "sweep.toml"]);
            results(&lab.path("runs"))
        })
        .clone()
}

fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let usual = [
        "run",
        "sweep.toml",
        "--json",
        "--launcher",
        "slurm",
        "--slurm-poll",
        "0.5",
        "--checkpoint-every",
        "0.2",
    ];
    [&usual, more].concat()
}

/// Everything is there, byte for byte, and nothing is left behind.
fn assert_done(cluster: &Cluster, lab: &Lab, sweep: &str) {
    let store = lab.path("runs");
    let found: Results = results(&store)
        .into_iter()
        .filter(|(name, _)| !name.starts_with(".slurm/"))
        .collect();
    assert_same("on Slurm and here", &found, &expected(sweep));
    cluster.wait_for("the end of all tasks", || {
        cluster.tasks(&store).is_empty().then_some(())
    });
}

/// Lets a run end, which is to go well.
fn finish(running: Running) {
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}\n{}", ran.stdout, ran.stderr);
}

/// Waits until some trial of a run is in the middle of its training.
fn wait_for_training(running: &mut Running, lab: &Lab) {
    let store = lab.path("runs");
    assert!(
        running.watch(|| steps(&store).values().any(|step| 0 < *step)),
        "the run ended before anything was trained"
    );
}

#[test]
fn a_sweep_comes_to_the_same_bytes_as_on_one_machine() {
    let Some(cluster) = Cluster::get(0, "a sweep on Slurm") else {
        return;
    };
    let lab = cluster.lab(LONGER);
    let ran = lab.run(&args(&["--slurm-arg=--comment=of no consequence"]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!((ran.tally("trained"), ran.tally("failed")), (5, 0));
    assert_done(&cluster, &lab, LONGER);
    assert!(attempts(&lab.path("runs")).values().all(|n| *n == 1));
    assert!(
        batches(&lab.path("runs")).is_empty(),
        "what went well is tidied away"
    );
    let status = lab.run_well(&["status", "sweep.toml", "--json"]).json();
    let trials = status["trials"].as_array().unwrap();
    assert!(trials.iter().all(|trial| trial["status"] == "done"));
    let again = lab.run(&args(&[]));
    assert_eq!((again.code, again.tally("cached")), (Some(0), 5));
    let refused = lab.run(&args(&["--slurm-arg=--partition=no-such"]));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("Invalid partition"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_killed_task_is_submitted_again() {
    let Some(cluster) = Cluster::get(0, "a killed task on Slurm") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    let mut running = lab.start(&args(&[]));
    wait_for_training(&mut running, &lab);
    let task = cluster.running_task(&lab.path("runs"));
    cluster.ask("scancel", &["--batch", "--signal=KILL", &task.name]);
    finish(running);
    assert_done(&cluster, &lab, &SLOW);
    let n_attempts: u64 = attempts(&lab.path("runs")).values().sum();
    assert_eq!(n_attempts, SLOW_TRIALS + 1);
}

#[test]
fn a_run_that_was_killed_is_followed_on_by_the_next() {
    let Some(cluster) = Cluster::get(0, "a killed run on Slurm") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    // Two of the three wait in the queue.
    let one_at_a_time = args(&["--slurm-arg=--nodelist=n3", "--slurm-arg=--exclusive"]);
    let mut running = lab.start(&one_at_a_time);
    wait_for_training(&mut running, &lab);
    running.signal(Signal::KILL);
    running.wait();
    let before = cluster.tasks(&lab.path("runs"));
    assert!(
        !before.is_empty(),
        "tasks outlive the one who submitted them"
    );
    let mut again = lab.start(&one_at_a_time);
    let mut seen: Vec<String> = Vec::new();
    again.watch(|| {
        seen.extend(
            cluster
                .tasks(&lab.path("runs"))
                .into_iter()
                .map(|task| task.name),
        );
        std::thread::sleep(Duration::from_millis(100));
        false
    });
    finish(again);
    assert!(
        seen.iter()
            .all(|name| before.iter().any(|task| task.name == *name)),
        "{before:?} {seen:?}"
    );
    assert_done(&cluster, &lab, &SLOW);
    assert!(attempts(&lab.path("runs")).values().all(|n| *n == 1));
}

#[test]
fn an_interrupt_leaves_the_tasks_alone_or_cancels_them() {
    let Some(cluster) = Cluster::get(0, "an interrupted run on Slurm") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    let store = lab.path("runs");
    let mut running = lab.start(&args(&[]));
    wait_for_training(&mut running, &lab);
    let interrupted = Instant::now();
    running.signal(Signal::INT);
    let ran = running.wait();
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(interrupted.elapsed() < Duration::from_secs(20));
    assert!(
        ran.stderr.contains("scancel --name=unravel-slow-"),
        "{}",
        ran.stderr
    );
    assert!(!cluster.tasks(&store).is_empty());

    let mut running = lab.start(&args(&["--slurm-cancel"]));
    std::thread::sleep(Duration::from_millis(500));
    running.signal(Signal::INT);
    let is_cut_short = running.is_running();
    let ran = running.wait();
    assert!(ran.code == Some(130) || !is_cut_short, "{}", ran.stderr);
    cluster.wait_for("the end of all tasks", || {
        cluster.tasks(&store).is_empty().then_some(())
    });
    finish(lab.start(&args(&[])));
    assert_done(&cluster, &lab, &SLOW);
}

#[test]
fn a_preempted_task_goes_on_later() {
    let Some(cluster) = Cluster::get(3, "preemption on Slurm") else {
        return;
    };
    for partition in ["requeued", "cancelled"] {
        let lab = cluster.lab(&SLOW);
        let partition = format!("--slurm-arg=--partition={partition}");
        let mut running = lab.start(&args(&[&partition]));
        wait_for_training(&mut running, &lab);
        let task = cluster.running_task(&lab.path("runs"));
        let node = format!("--nodelist={}", task.node);
        let urgent = [
            "--partition=urgent",
            "--exclusive",
            "--output=/dev/null",
            &node,
            "--wrap=sleep 1",
        ];
        cluster.ask("sbatch", &urgent);
        finish(running);
        assert_done(&cluster, &lab, &SLOW);
        let n_attempts: u64 = attempts(&lab.path("runs")).values().sum();
        assert!(SLOW_TRIALS < n_attempts, "nothing was preempted");
    }
}

#[test]
fn a_second_copy_of_a_task_leaves_the_first_alone() {
    let Some(cluster) = Cluster::get(1, "a node that Slurm lost sight of") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    let store = lab.path("runs");
    let mut running = lab.start(&args(&["--slurm-arg=--exclude=n3"]));
    wait_for_training(&mut running, &lab);
    let node = cluster.running_task(&store).node;
    let workers = cluster.workers(&store, &node);
    assert!(!workers.is_empty());
    // They stand still, so that their trials are not done before Slurm starts them once more elsewhere.
    let signal = |signal| {
        for worker in &workers {
            let _ = kill_process(Pid::from_raw(worker.cast_signed()).unwrap(), signal);
        }
    };
    signal(Signal::STOP);
    let frozen = attempts(&store);
    cluster.fault("kill-daemon", &node);
    cluster.wait_for("a node that is down", || {
        let states = cluster.ask("sinfo", &["--noheader", "--nodes", &node, "--format=%t"]);
        states.contains("down").then_some(())
    });
    // Long enough for the copies to come and find the trials held.
    cluster.wait_for("a requeued task", || {
        let tasks = cluster.tasks(&store);
        tasks.iter().all(|task| task.node != node).then_some(())
    });
    std::thread::sleep(Duration::from_secs(8));
    signal(Signal::CONT);
    finish(running);
    cluster.fault("start-node", &node);
    assert_done(&cluster, &lab, &SLOW);
    for (trial, n) in frozen {
        assert!(
            attempts(&store)[&trial] <= n.max(1),
            "{trial} was begun twice"
        );
    }
}

#[test]
fn a_node_that_loses_power_costs_only_what_was_not_saved() {
    let Some(cluster) = Cluster::get(1, "a node without power on Slurm") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    let store = lab.path("runs");
    let mut running = lab.start(&args(&["--slurm-arg=--nodelist=n3"]));
    wait_for_training(&mut running, &lab);
    cluster.ask(
        "scontrol",
        &["update", "nodename=n3", "state=down", "reason=test"],
    );
    cluster.wait_for("a task off the node", || {
        cluster
            .tasks(&store)
            .iter()
            .all(|task| task.node.is_empty())
            .then_some(())
    });
    cluster.ask("scontrol", &["update", "nodename=n3", "state=resume"]);
    finish(running);
    assert_done(&cluster, &lab, &SLOW);
}

#[test]
fn a_controller_that_forgets_is_not_believed() {
    let Some(cluster) = Cluster::get(2, "a killed controller of Slurm") else {
        return;
    };
    let lab = cluster.lab(&SLOW);
    let mut running = lab.start(&args(&[]));
    wait_for_training(&mut running, &lab);
    cluster.fault("kill-controller", "");
    std::thread::sleep(Duration::from_secs(3));
    cluster.fault("start-controller", "");
    finish(running);
    assert_done(&cluster, &lab, &SLOW);
    let n_attempts: u64 = attempts(&lab.path("runs")).values().sum();
    assert!(n_attempts <= 2 * SLOW_TRIALS, "{n_attempts}");
}

/// Commands that stand in for Slurm's: a queue that takes three tasks at a time and runs each at once.
const STAND_INS: [(&str, &str); 4] = [
    (
        "sbatch",
        r#"case "$*" in *--version*|*--test-only*) exit 0;; esac
for arg; do case $arg in --array=*) range=${arg#--array=};; esac; script=$arg; done
first=${range%-*}; last=${range#*-}
n=$(($(ls tasks | wc -l) - $(ls done | wc -l) + last - first + 1))
if [ $n -gt 3 ]; then
    echo "refused $range" >> said
    echo 'sbatch: error: AssocMaxSubmitJobLimit' >&2
    echo 'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit)' >&2
    exit 1
fi
echo "took $range" >> said
array=$(grep -c took said)
for task in $(seq $first $last); do
    echo "$script" > tasks/${array}_$task
    (SLURM_ARRAY_TASK_ID=$task sh "$script"; : > done/${array}_$task) < /dev/null > /dev/null 2>&1 &
done
echo $array"#,
    ),
    (
        "squeue",
        r#"for task in $(ls tasks 2> /dev/null); do
    [ -e done/$task ] && state=COMPLETED || state=RUNNING
    echo "$task|$state|None|$(cat tasks/$task)"
done"#,
    ),
    ("scontrol", "echo 'MaxArraySize = 1001'"),
    ("scancel", "exit 0"),
];

#[test]
fn a_limit_on_submitted_jobs_is_named_and_the_rest_comes_when_there_is_room() {
    let eight = support::sweeps::TINY.replace("seeds = 1\n", "seeds = 4\n");
    let mut lab = Lab::with_sweep(&eight);
    for folder in ["bin", "queue/tasks", "queue/done"] {
        fs::create_dir_all(lab.path(folder)).unwrap();
    }
    for (name, script) in STAND_INS {
        let queue = lab.path("queue");
        let path = lab.path("bin").join(name);
        let script = format!("#!/bin/sh\ncd '{}'\n{script}\n", queue.display());
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    lab.set("PATH", format!("{}:{path}", lab.path("bin").display()));
    let ran = lab.run(&args(&[]));
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!((ran.tally("trained"), ran.tally("failed")), (8, 0));
    let told = "Slurm takes no more jobs now, by its limit AssocMaxSubmitJobLimit: ";
    assert_eq!(ran.stderr.matches(told).count(), 1, "{}", ran.stderr);
    let said = lab.read("queue/said");
    let took = said.lines().filter_map(|line| line.strip_prefix("took "));
    let mut tasks: Vec<u32> = took
        .flat_map(|range| {
            let (first, last) = range.split_once('-').unwrap();
            first.parse().unwrap()..=last.parse().unwrap()
        })
        .collect();
    tasks.sort_unstable();
    assert_eq!(tasks, (0..8).collect::<Vec<_>>(), "{said}");
    assert!(
        said.starts_with("refused 0-7\nrefused 0-3\ntook 0-1\n"),
        "{said}"
    );
    assert!(batches(&lab.path("runs")).is_empty());
}

#[test]
fn without_slurm_a_sentence_says_so() {
    let mut lab = Lab::with_sweep(LONGER);
    lab.set("PATH", "/nowhere");
    let ran = lab.run(&args(&[]));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("requires Slurm's command `sbatch`"),
        "{}",
        ran.stderr
    );
    let ran = lab.run(&args(&["--slurm-arg=--array=1-3"]));
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("unravel sets --array itself"),
        "{}",
        ran.stderr
    );
    let ran = lab.run(&["run", "sweep.toml", "--slurm-arg=--partition=gpu"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("--launcher slurm"), "{}", ran.stderr);
}

/// Commands of a Slurm that answers everything at once, save what `sbatch` is to do with a real submission.
fn lab_with_sbatch(submission: &str) -> Lab {
    let mut lab = Lab::with_sweep(LONGER);
    let bin = lab.path("bin");
    fs::create_dir(&bin).unwrap();
    let sbatch = format!("case \"$*\" in --version|--test-only*) exit 0;; esac\n{submission}");
    let others = ["squeue", "scancel", "scontrol"].map(|name| (name, "exit 0"));
    for (name, script) in others.into_iter().chain([("sbatch", sbatch.as_str())]) {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(bin).chain(std::env::split_paths(&path));
    lab.set("PATH", std::env::join_paths(paths).unwrap());
    lab
}

#[test]
fn an_sbatch_that_hangs_is_named_and_ctrl_c_is_heeded() {
    // Ctrl-C does not end it.
    let lab = lab_with_sbatch("trap '' INT; echo $$ > pid.new; mv pid.new pid; exec sleep 1000");
    let mut running = lab.start(&args(&[]));
    assert!(running.watch(|| lab.path("pid").exists()));
    let hanging = lab
        .read("pid")
        .trim()
        .parse()
        .ok()
        .and_then(Pid::from_raw)
        .unwrap();
    assert!(running.watch_stderr("waiting for Slurm's `sbatch`, which does not answer"));
    running.signal(Signal::INT);
    let ran = running.wait();
    // It is still at it, since it was not waited for.
    assert!(kill_process(hanging, Signal::KILL).is_ok());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
}
