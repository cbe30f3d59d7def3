//! The local launcher and the supervisor against real processes: shell scripts in the place of workers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use unravel_orchestrator::cohort_sizes::CohortSizes;
use unravel_orchestrator::device::{Device, Slot, slots};
use unravel_orchestrator::launcher::{Ending, How, JobId, Launcher, Report};
use unravel_orchestrator::local::{LocalLauncher, WorkerCommand};
use unravel_orchestrator::observe::Silent;
use unravel_orchestrator::plan::{PlanOptions, plan};
use unravel_orchestrator::policy::{Interrupt, Policy, SystemClock};
use unravel_orchestrator::records::{PlannedTrial, Records};
use unravel_orchestrator::summary::Summary;
use unravel_orchestrator::supervise::Supervisor;
use unravel_store::TrialProgress;
use unravel_store::protocol::{Event, Order};
use unravel_sweep::{EvaluationConfig, Objective, Trial};

const JOB: JobId = JobId(7);
/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn trial(seed: u64) -> Trial {
    Trial::new(Objective::beta_vae(4.0), seed)
}

fn order(trials: Vec<Trial>) -> Order {
    Order::new(
        "a cohort",
        trials,
        EvaluationConfig::default(),
        "/store",
        "cpu",
    )
}

/// A launcher whose workers are this shell script; `$1` is `folder`.
fn launcher(script: &str, folder: &Path) -> LocalLauncher {
    let args = ["-c", script, "worker"].map(Into::into);
    LocalLauncher::new(WorkerCommand {
        program: "/bin/sh".into(),
        args: args.into_iter().chain([folder.into()]).collect(),
    })
}

fn start(launcher: &mut LocalLauncher, order: &Order) {
    let slot = Slot {
        index: 0,
        device: Device::Cpu,
        n_threads: 1,
    };
    launcher.start(JOB, &slot, order);
}

/// Everything that is reported until `is_last`.
fn reports_until(launcher: &mut LocalLauncher, is_last: impl Fn(&Report) -> bool) -> Vec<Report> {
    let began = Instant::now();
    let mut reports = Vec::new();
    while !reports.last().is_some_and(&is_last) {
        assert!(began.elapsed() < LONG, "only {reports:?} within {LONG:?}");
        for (job, report) in launcher.poll(Duration::from_millis(100)) {
            assert_eq!(job, JOB);
            reports.push(report);
        }
    }
    reports
}

fn is_ending(report: &Report) -> bool {
    matches!(report, Report::Ended(_))
}

/// The events and the ending of a worker that follows `script`.
fn run(script: &str) -> (Vec<Event>, Ending) {
    let mut launcher = launcher(script, Path::new("/"));
    start(&mut launcher, &order(vec![trial(0)]));
    ended(&mut launcher)
}

fn ended(launcher: &mut LocalLauncher) -> (Vec<Event>, Ending) {
    let mut reports = reports_until(launcher, is_ending);
    let Some(Report::Ended(ending)) = reports.pop() else {
        panic!("the last report is the ending");
    };
    let events = reports.into_iter().filter_map(|report| match report {
        Report::Event(event) => Some(event),
        _ => None,
    });
    (events.collect(), ending)
}

#[test]
fn the_order_is_the_first_line_and_events_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let script = r#"read -r order; printf '%s' "$order" > "$1/order"; echo '{"event":"heartbeat"}'; echo '{"event":"finished"}'"#;
    let mut launcher = launcher(script, folder.path());
    let sent = order((0..100).map(trial).collect());
    start(&mut launcher, &sent);
    let (events, ending) = ended(&mut launcher);
    assert_eq!(events, [Event::Heartbeat, Event::Finished]);
    assert_eq!(
        ending,
        Ending {
            how: How::Exited(0),
            last_lines: Vec::new()
        }
    );
    let received = fs::read_to_string(folder.path().join("order")).unwrap();
    assert_eq!(serde_json::from_str::<Order>(&received).unwrap(), sent);
}

#[test]
fn a_worker_is_started_before_it_speaks() {
    let mut launcher = launcher("echo '{\"event\":\"heartbeat\"}'", Path::new("/"));
    start(&mut launcher, &order(vec![trial(0)]));
    let reports = reports_until(&mut launcher, is_ending);
    assert_eq!(reports[0], Report::Started);
    assert_eq!(reports[1], Report::Event(Event::Heartbeat));
}

#[test]
fn the_last_words_and_the_exit_status_are_kept() {
    let (events, ending) = run(
        "read -r order; echo 'a library prints'; sleep 0.05; echo one >&2; echo two >&2; exit 3",
    );
    assert_eq!(events, []);
    assert_eq!(ending.how, How::Exited(3));
    assert_eq!(ending.last_lines, ["a library prints", "one", "two"]);
}

#[test]
fn a_worker_that_is_killed_from_outside_is_noticed() {
    let (_, ending) = run("read -r order; kill -9 $$");
    assert_eq!(ending.how, How::Signalled(9));
}

#[test]
fn stopping_is_a_line_on_stdin() {
    let script = r#"read -r order; echo '{"event":"heartbeat"}'; read -r word; [ "$word" = stop ] && echo '{"event":"stopped"}'"#;
    let mut launcher = launcher(script, Path::new("/"));
    start(&mut launcher, &order(vec![trial(0)]));
    reports_until(&mut launcher, |report| {
        *report == Report::Event(Event::Heartbeat)
    });
    launcher.stop(JOB);
    let (events, ending) = ended(&mut launcher);
    assert_eq!(events, [Event::Stopped]);
    assert_eq!(ending.how, How::Exited(0));
}

#[test]
fn a_worker_that_never_reads_a_long_order_can_be_killed() {
    let mut launcher = launcher("exec sleep 100", Path::new("/"));
    let began = Instant::now();
    start(&mut launcher, &order((0..1_000).map(trial).collect()));
    reports_until(&mut launcher, |report| *report == Report::Started);
    launcher.kill(JOB);
    let (_, ending) = ended(&mut launcher);
    assert_eq!(ending.how, How::Signalled(9));
    assert!(began.elapsed() < LONG);
    launcher.kill(JOB);
    launcher.stop(JOB);
}

#[test]
fn a_pipe_that_outlives_its_worker_delays_nobody() {
    let began = Instant::now();
    let (_, ending) = run("read -r order; echo gone >&2; sleep 5 & exit 4");
    assert_eq!(
        ending,
        Ending {
            how: How::Exited(4),
            last_lines: vec!["gone".to_owned()]
        }
    );
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[test]
fn a_program_that_is_not_there_is_reported() {
    let mut launcher = LocalLauncher::new(WorkerCommand {
        program: "/no/such/program".into(),
        args: Vec::new(),
    });
    start(&mut launcher, &order(vec![trial(0)]));
    let (_, ending) = ended(&mut launcher);
    let How::NotStarted(reason) = ending.how else {
        panic!("{ending:?}");
    };
    assert!(reason.starts_with("/no/such/program: "), "{reason}");
}

#[test]
fn waiting_without_a_worker_takes_the_time_asked_for() {
    let mut launcher = launcher("", Path::new("/"));
    let began = Instant::now();
    assert_eq!(launcher.poll(Duration::from_millis(30)), []);
    assert!(Duration::from_millis(30) <= began.elapsed());
}

/// Names the folder for the process that [`an_orchestrator_that_runs_until_it_is_killed`] is then.
const FOLDER: &str = "UNRAVEL_TEST_FOLDER";

#[test]
fn a_worker_notices_within_a_second_that_its_orchestrator_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let appears = |name: &str| {
        let began = Instant::now();
        while !folder.path().join(name).exists() {
            assert!(began.elapsed() < LONG, "{name} does not appear");
            thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    };
    let mut orchestrator = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "an_orchestrator_that_runs_until_it_is_killed"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    appears("begun");
    assert!(!folder.path().join("gone").exists());
    orchestrator.kill().unwrap();
    orchestrator.wait().unwrap();
    assert!(appears("gone") < Duration::from_secs(1));
}

#[test]
fn an_orchestrator_that_runs_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return; // Does its work only when started by the test above.
    };
    let script = r#"read -r order; : > "$1/begun"; cat > "$1/rest"; : > "$1/gone""#;
    let mut launcher = launcher(script, Path::new(&folder));
    start(&mut launcher, &order(vec![trial(0)]));
    let _ = reports_until(&mut launcher, is_ending);
}

/// Remembers failures and knows of nothing done.
#[derive(Default)]
struct EmptyStore(RefCell<BTreeMap<u64, String>>);

impl Records for EmptyStore {
    fn progress(&self, _planned: &PlannedTrial) -> TrialProgress {
        TrialProgress::not_started()
    }

    fn mark_failed(&self, planned: &PlannedTrial, reason: &str) {
        self.0
            .borrow_mut()
            .insert(planned.trial.seed, reason.to_owned());
    }
}

/// A whole run over `n_trials` cohorts of one trial, on two slots, of workers that follow `script`. They find the id of
/// their trial in `$id`, and `say_done` says that it is done.
fn supervised(n_trials: u64, script: &str, folder: &Path) -> (Summary, EmptyStore) {
    let script = [
        r#"read -r order; id=${order#*'"cohort":"'}; id=${id%%'"'*}"#,
        r#"say_done() { echo '{"event":"trial-done","id":"'$id'"}'; }"#,
        script,
    ]
    .join("\n");
    let options = PlanOptions {
        models_per_cohort: CohortSizes::all(1),
        retry_failed: false,
    };
    let plan = plan((0..n_trials).map(trial), &options, |_| {
        TrialProgress::not_started()
    });
    let records = EmptyStore::default();
    let policy = Policy {
        first_backoff: Duration::from_millis(10),
        ..Policy::default()
    };
    let summary = Supervisor {
        launcher: &mut launcher(&script, folder),
        records: &records,
        observer: &mut Silent,
        clock: &SystemClock::default(),
        interrupt: &Interrupt::default(),
        policy,
        order: order(Vec::new()),
    }
    .run(plan, slots(&[Device::Cpu], 2, Some(2), 2));
    (summary, records)
}

#[test]
fn two_workers_run_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let meet = r#": > "$1/$id"; until [ "$(ls "$1" | wc -l)" = 2 ]; do sleep 0.01; done; say_done"#;
    let (summary, _) = supervised(2, meet, folder.path());
    assert_eq!(summary.tally().trained, 2);
}

#[test]
fn a_crashing_worker_fails_its_trial_with_its_last_words_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let victim = trial(1).id();
    let script =
        format!(r#"if [ $id = {victim} ]; then echo "out of luck" >&2; exit 3; fi; say_done"#);
    let (summary, store) = supervised(4, &script, folder.path());
    assert_eq!((summary.tally().trained, summary.tally().failed), (3, 1));
    let reason = "the worker exited with status 3; its last words: out of luck";
    assert_eq!(summary.failures().collect::<Vec<_>>(), [(&victim, reason)]);
    assert_eq!(
        store.0.into_inner(),
        BTreeMap::from([(1, reason.to_owned())])
    );
}

#[test]
fn what_the_machine_lacks_ends_the_run_and_fails_no_trial() {
    let folder = tempfile::tempdir().unwrap();
    for (script, said) in [
        (
            "echo 'memory allocation of 65536 bytes failed' >&2; kill -ABRT $$",
            "memory allocation of 65536 bytes failed",
        ),
        (
            r#"echo 'failed to spawn thread: Os { message: "Resource temporarily unavailable" }' >&2; exit 101"#,
            "failed to spawn thread",
        ),
    ] {
        let (summary, store) = supervised(4, script, folder.path());
        assert_eq!((summary.tally().left, summary.tally().failed), (4, 0));
        let reason = summary.gave_up.unwrap();
        let sentence = "this is a limit of the machine";
        assert!(
            reason.contains(said) && reason.contains(sentence),
            "{reason}"
        );
        assert_eq!(store.0.into_inner(), BTreeMap::new());
    }
}

#[test]
fn a_worker_that_crashes_once_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let once = r#"if [ -e "$1/$id" ]; then say_done; else : > "$1/$id"; kill -9 $$; fi"#;
    let (summary, _) = supervised(3, once, folder.path());
    assert_eq!(summary.tally().trained, 3);
}

#[test]
fn starting_and_ending_cohorts_takes_little_time() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let n_cohorts = 100;
    let (summary, _) = supervised(n_cohorts, "say_done", folder.path());
    assert_eq!(summary.tally().trained as u64, n_cohorts);
    // The shell's own time is in this, and whatever else the machine does.
    let millis = began.elapsed().as_millis() as u64 / n_cohorts;
    assert!(millis < 50, "{millis} ms a cohort");
}
