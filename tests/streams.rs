//! What becomes of a run whose terminal, pipe or disk for its words is gone, and of one that is asked to end by any signal:
//! everything is saved. And of words that would steer a terminal: nothing is obeyed.

mod support;

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use unravel_data::{Dsprites, Observations};
use unravel_store::Order;

use support::lab::{Lab, Ran, Running};
use support::npz::{self, NpyArray};
use support::process::{Process, children, hangups_are_ignored, time_until_gone};
use support::store::{assert_same, results, states, steps};
use support::sweeps::{LONGER, TINY, tiny_on_npz};

const INTERRUPTED: Option<i32> = Some(130);

/// One worker at a time, whose checkpoints come only when it is asked to end.
const RUN: [&str; 6] = [
    "run",
    "sweep.toml",
    "--jobs",
    "1",
    "--checkpoint-every",
    "1000",
];

/// A sweep that would train for minutes.
fn endless() -> Lab {
    Lab::with_sweep(&LONGER.replace("steps = 240", "steps = 100_000"))
}

/// Use of the processor after which a worker has begun to train.
const BUSY: Duration = Duration::from_millis(1000);

/// Waits until the worker of the program with this id has trained for a while, as its use of the processor says.
fn wait_for_training(lab: &Lab, running: &mut Running, program: impl Fn() -> Option<u32>) {
    let store = lab.path("runs");
    let trains = running.watch(|| {
        let workers = program().map(children).unwrap_or_default();
        !states(&store).is_empty() && workers.iter().any(|worker| BUSY <= worker.busy())
    });
    assert!(trains, "it ended by itself");
}

fn assert_saved(lab: &Lab, context: &str) {
    let steps = steps(&lab.path("runs"));
    assert!(steps.values().any(|step| 0 < *step), "{context}: {steps:?}");
}

/// Redirections, each of a shell that is then the program.
const NOBODY_LISTENS: [&str; 4] = [
    // The program is alone with what nobody takes.
    "exec \"$0\" \"$@\" 2> /dev/full",
    "exec \"$0\" \"$@\" > /dev/full 2>&1",
    "exec \"$0\" \"$@\" 2>&-",
    // A pipe whose reader is gone, as that of `| tee log` after Ctrl-C.
    "mkfifo pipe; exec 3<>pipe 4>pipe 3>&-; exec \"$0\" \"$@\" > /dev/null 2>&4",
];

/// SIGHUP; SIGTERM where these tests were started with SIGHUP ignored.
fn hangup() -> Signal {
    match hangups_are_ignored() {
        true => Signal::TERM,
        false => Signal::HUP,
    }
}

#[test]
fn whoever_listens_an_interrupt_saves() {
    let signals = [Signal::INT, Signal::TERM, hangup(), Signal::INT];
    for (script, signal) in NOBODY_LISTENS.into_iter().zip(signals) {
        let lab = endless();
        let mut running = lab.start_script(script, &RUN);
        let pid = running.pid();
        wait_for_training(&lab, &mut running, || Some(pid));
        running.signal(signal);
        let ran = running.wait();
        assert_eq!(ran.code, INTERRUPTED, "{script}: {}", ran.stderr);
        assert_saved(&lab, script);
    }
}

#[test]
fn a_run_that_nobody_listens_to_ends_well() {
    let lab = Lab::with_sweep(TINY);
    for script in NOBODY_LISTENS {
        let script = script.replace("> /dev/full 2>&1", "> /dev/null 2> /dev/full");
        let _ = fs::remove_dir_all(lab.path("runs"));
        let _ = fs::remove_file(lab.path("pipe"));
        let ran = lab.run_script(&script, &["run", "sweep.toml"]);
        assert_eq!(ran.code, Some(0), "{script}: {}", ran.stderr);
    }
}

#[test]
fn a_signal_to_every_process_saves_too() {
    // As a system that shuts down sends it: to the workers first, which then have not been asked by the program.
    for signal in [Signal::TERM, hangup(), Signal::INT] {
        let lab = endless();
        let mut running = lab.start(&RUN);
        let pid = running.pid();
        wait_for_training(&lab, &mut running, || Some(pid));
        for worker in children(pid) {
            let worker = Pid::from_raw(worker.pid.cast_signed()).unwrap();
            let _ = kill_process(worker, signal);
        }
        running.signal(signal);
        let ran = running.wait();
        assert_eq!(ran.code, INTERRUPTED, "{}", ran.stderr);
        assert_saved(&lab, &ran.stderr);
    }
}

#[test]
fn a_worker_of_a_cluster_saves_on_any_signal() {
    for signal in [Signal::TERM, hangup(), Signal::INT] {
        let lab = endless();
        let sweep = unravel_sweep::parse(&lab.read("sweep.toml")).unwrap();
        let trials = sweep.trials(Dsprites::new().content());
        let order = Order {
            supervised: false,
            checkpoint_every_secs: 1000.0,
            ..Order::new(
                "test",
                trials[..1].to_vec(),
                sweep.evaluation,
                lab.path("runs"),
                "cpu",
            )
        };
        order.write(&lab.path("order.json")).unwrap();
        let args = ["worker", "--order", "order.json", "--events", "events"];
        let mut running = lab.start(&args);
        let worker = Process::of(running.pid());
        assert!(running.watch(|| BUSY <= worker.busy()));
        running.signal(signal);
        let ran = running.wait();
        assert_eq!(ran.code, Some(0), "{signal:?}: {}", ran.stderr);
        assert_saved(&lab, &format!("{signal:?}"));
    }
}

#[test]
fn a_terminal_that_closes_saves() {
    if hangups_are_ignored() {
        eprintln!("skipped: SIGHUP is ignored here, so a terminal that closes ends nothing");
        return;
    }
    let lab = endless();
    // The terminal's end is the end of the process that serves it.
    let program = env!("CARGO_BIN_EXE_unravel");
    let command = format!("echo $$ > pid; exec '{program}' {}", RUN.join(" "));
    lab.write("run.sh", command);
    let script =
        "command -v script > /dev/null || exit 99; exec script -qfc 'exec sh ./run.sh' /dev/null";
    let mut running = lab.start_script(script, &[]);
    let program = || {
        fs::read_to_string(lab.path("pid"))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    if !running.watch(|| program().is_some()) {
        println!("skipped: there is no `script` to serve a terminal");
        return;
    }
    wait_for_training(&lab, &mut running, program);
    let worker = children(program().unwrap());
    let server = children(running.pid());
    running.signal(Signal::KILL);
    time_until_gone(&[worker, server].concat());
    assert_saved(&lab, "after the terminal");
}

#[test]
fn under_nohup_a_terminal_that_closes_ends_nothing() {
    let lab = Lab::with_sweep(TINY);
    let mut running = lab.start_script("trap '' HUP; exec \"$0\" \"$@\"", &["run", "sweep.toml"]);
    assert!(running.watch(|| !states(&lab.path("runs")).is_empty()));
    running.signal(Signal::HUP);
    let ran = running.wait();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

#[test]
fn help_that_is_not_delivered_is_no_success() {
    let lab = Lab::new();
    for args in [&["--help"][..], &["run", "--help"], &["--version"]] {
        let ran = lab.run_script("exec \"$0\" \"$@\" > /dev/full", args);
        assert_eq!(ran.code, Some(5), "{args:?}: {}", ran.stderr);
        let gone = "rm -f pipe; mkfifo pipe; exec 3<>pipe 4>pipe 3>&-; exec \"$0\" \"$@\" >&4";
        assert_eq!(lab.run_script(gone, args).code, Some(141), "{args:?}");
        assert_eq!(lab.run(args).code, Some(0));
    }
    // Words about a command line may be lost; the exit code says the same.
    let ran = lab.run_script("exec \"$0\" \"$@\" 2> /dev/full", &["rum"]);
    assert_eq!(ran.code, Some(2));
}

/// What a hostile name holds: it clears the screen, sets the title, rings, and turns the direction of a text.
const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}1m\u{202e}";

fn assert_harmless(ran: &Ran, shown: &str) {
    for said in [&ran.stdout, &ran.stderr] {
        let is_harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!said.contains(is_harmful), "{said:?}");
    }
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains(shown), "{said}");
}

#[test]
fn names_in_a_strangers_files_steer_no_terminal() {
    let lab = Lab::with_sweep(&tiny_on_npz("data.npz", ""));
    // No array of the name that is looked for: the sentence names those that are there.
    let key: &'static str = format!("images{HOSTILE}").leak();
    let images = NpyArray {
        key,
        ..NpyArray::images(32)
    };
    npz::write(&lab.path("data.npz"), &[images, NpyArray::classes()]);
    let ran = lab.run(&["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    // The sentence is broken into lines somewhere within the name.
    assert_harmless(&ran, r"images\u{1b}");
}

#[test]
fn a_hostile_sweep_file_is_shown_harmlessly_with_its_place() {
    let lab = Lab::with_sweep(TINY);
    let text = TINY.replace(
        "latents = 3",
        &format!("latents = \"a{HOSTILE}\" # {HOSTILE}"),
    );
    lab.write("hostile.toml", &text);
    let ran = lab.run(&["check", "hostile.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_harmless(&ran, r"\u{1b}[2J");
    // TOML allows no raw control character; written as an escape, it is a string like any other.
    let text = TINY.replace("conv-small", r"a\u001b[2J\u202e");
    lab.write("escaped.toml", &text);
    let ran = lab.run(&["check", "escaped.toml"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert_harmless(&ran, r"architecture");
    let json = lab.run(&["check", "escaped.toml", "--json"]);
    let message = json.json()["faults"][0]["message"].to_string();
    assert!(message.contains("architecture"), "{message}");
}

#[test]
fn a_name_of_a_file_steers_no_terminal() {
    let lab = Lab::with_sweep(TINY);
    let name = format!("no{HOSTILE}.toml");
    let ran = lab.run(&["check", &name]);
    assert_harmless(&ran, r"no\u{1b}[2J");
    // Here the parser of the command line prints, which leaves sequences of colours out.
    assert_harmless(
        &lab.run(&["check", "sweep.toml", &name]),
        r"\u{9b}1m\u{202e}.toml",
    );
    let init = lab.run(&["init", &format!("sub{HOSTILE}/first")]);
    assert_harmless(&init, r"sub\u{1b}[2J");
}

#[test]
fn an_abort_from_outside_ends_the_program() {
    let lab = Lab::with_sweep(TINY);
    let running = lab.start(&["status", "sweep.toml", "--watch"]);
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(Signal::ABORT);
    assert_eq!(running.wait().code, None);
}

#[test]
fn results_that_a_closed_stdout_cannot_take_are_an_error() {
    let lab = Lab::with_sweep(TINY);
    for args in [
        &["check", "sweep.toml"][..],
        &["status", "sweep.toml", "--json"],
        &["--help"],
    ] {
        let ran = lab.run_script("exec \"$0\" \"$@\" >&-", args);
        assert_eq!(ran.code, Some(5), "{args:?}: {}", ran.stderr);
        assert!(
            ran.stderr
                .contains("cannot write the results to stdout: it is closed"),
            "{}",
            ran.stderr
        );
        for script in [
            "exec \"$0\" \"$@\" > /dev/null",
            // As some programs open it for those that they start.
            "exec \"$0\" \"$@\" 1<> /dev/null",
            "exec \"$0\" \"$@\" <&- 2>&-",
        ] {
            assert_eq!(
                lab.run_script(script, args).code,
                Some(0),
                "{script} {args:?}"
            );
        }
    }
}

#[test]
fn what_is_said_to_closed_streams_gets_into_no_file() {
    let expected = {
        let lab = Lab::with_sweep(TINY);
        lab.run_well(&["run", "sweep.toml"]);
        results(&lab.path("runs"))
    };
    let lab = Lab::with_sweep(TINY);
    let ran = lab.run_script("exec \"$0\" \"$@\" <&- >&- 2>&-", &["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(5));
    assert_same(
        "with closed streams",
        &results(&lab.path("runs")),
        &expected,
    );
}
