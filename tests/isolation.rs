//! What lies around a run and is not its own: other programs' configuration, a working folder that is gone, a machine
//! that gives few threads, files or memory. Results are the same bytes, or there is one sentence and no trial is to
//! blame.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use support::lab::{Lab, Ran};
use support::npz::{self, NpyArray};
use support::store::{assert_same, files, results, states};
use support::sweeps::TINY;

const BAD_STORE: Option<i32> = Some(5);

type Results = std::collections::BTreeMap<String, Vec<u8>>;

static TINY_RESULTS: LazyLock<Results> = LazyLock::new(|| {
    let lab = Lab::with_sweep(TINY);
    lab.run_well(&["run", "sweep.toml"]);
    results(&lab.path("runs"))
});

/// Runs the program two folders below the laboratory's.
fn run_below(lab: &Lab, args: &[&str]) -> Ran {
    fs::create_dir_all(lab.path("one/two")).unwrap();
    lab.run_script("cd one/two && exec \"$0\" \"$@\"", args)
}

const RUN_BELOW: [&str; 6] = [
    "run",
    "../../sweep.toml",
    "--store",
    "../../runs",
    "--report",
    "../../report",
];

#[test]
fn configuration_of_other_programs_is_not_read() {
    for name in ["burn.toml", "Burn.toml", "cubecl.toml", "CubeCL.toml"] {
        let lab = Lab::with_sweep(TINY);
        lab.write("precious", "untouched");
        let victim = lab.path("precious");
        let log = format!("level = \"full\"\nfile = {victim:?}\n");
        lab.write(
            name,
            format!("[autodiff.logger]\n{log}[fusion.logger]\n{log}[compilation.logger]\n{log}"),
        );
        fs::create_dir(lab.path("one")).unwrap();
        lab.write(&format!("one/{name}"), "[autodiff.logger\nnot TOML");
        // `plan` trains a few steps in the program itself, `run` in workers.
        let ran = run_below(&lab, &["plan", "../../sweep.toml"]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        fs::remove_file(lab.path(&format!("one/{name}"))).unwrap();
        for args in [&["plan", "../../sweep.toml"][..], &RUN_BELOW] {
            let ran = run_below(&lab, args);
            assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        }
        assert_eq!(lab.read("precious"), "untouched", "{name}");
        assert_same(name, &results(&lab.path("runs")), &TINY_RESULTS);
    }
}

#[test]
fn malformed_configuration_of_another_program_fails_no_trial() {
    let lab = Lab::with_sweep(TINY);
    lab.write("burn.toml", "[autodiff.logger\nnot TOML");
    let ran = run_below(&lab, &RUN_BELOW);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_same("malformed", &results(&lab.path("runs")), &TINY_RESULTS);
}

#[test]
fn a_working_folder_that_was_deleted_is_not_needed() {
    let lab = Lab::with_sweep(TINY);
    let script = "mkdir gone && cd gone && rmdir ../gone && exec \"$0\" \"$@\"";
    let path = |name: &str| lab.path(name).display().to_string();
    let (sweep, store, report) = (path("sweep.toml"), path("runs"), path("report"));
    let args = ["run", &sweep, "--store", &store, "--report", &report];
    let ran = lab.run_script(script, &args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_same(
        "without a folder",
        &results(&lab.path("runs")),
        &TINY_RESULTS,
    );
    // What needs it says so.
    let ran = lab.run_script(script, &["run", &sweep]);
    assert_eq!(ran.code, BAD_STORE, "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn variables_of_libraries_change_nothing() {
    let variables = [
        ("POLARS_PANIC_ON_ERR", "1"),
        ("POLARS_VERBOSE", "1"),
        ("POLARS_MAX_THREADS", "many"),
        ("POLARS_ASYNC_THREAD_COUNT", "many"),
        ("POLARS_TEMP_DIR", "/no/such/folder"),
        ("CUBECL_DEBUG_LOG", "log-of-cubecl"),
        ("BURN_FUSION_LOG", "full"),
        ("RAYON_NUM_THREADS", "many"),
        ("RUST_BACKTRACE", "full"),
        ("RUST_MIN_STACK", "1"),
        ("RUST_LOG", "trace"),
        ("COLUMNS", "0"),
        ("LINES", "0"),
        ("NO_GRAPHICS", "1"),
        ("TMPDIR", "/no/such/folder"),
        ("TERM", ""),
    ];
    let mut lab = Lab::with_sweep(TINY);
    for (name, value) in variables {
        lab.set(name, value);
    }
    let ran = lab.run_well(&["run", "sweep.toml"]);
    assert!(!ran.stderr.contains("POLARS"), "{}", ran.stderr);
    assert_same("variables", &results(&lab.path("runs")), &TINY_RESULTS);
    lab.run_well(&[
        "report",
        "sweep.toml",
        "--figure",
        "scores",
        "--out",
        "scores.parquet",
    ]);
    lab.run_well(&["--help"]);
    assert_eq!(lab.run(&["check", "no.toml"]).code, Some(3));
    let ours = ["sweep.toml", "scores.parquet"];
    let strange: Vec<_> = files(&lab.path(""))
        .into_keys()
        .filter(|name| {
            let is_below = ["runs/", "reports/"]
                .iter()
                .any(|folder| name.starts_with(folder));
            !is_below && !ours.contains(&name.as_str())
        })
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    // Results do not depend on how many threads there are.
    for threads in ["0", "1", "3", "100000"] {
        let mut lab = Lab::with_sweep(TINY);
        lab.set("RAYON_NUM_THREADS", threads);
        lab.run_well(&["run", "sweep.toml"]);
        assert_same(threads, &results(&lab.path("runs")), &TINY_RESULTS);
    }
}

/// Whatever the machine gave: all is done, or one sentence says what it lacks; no trial is to blame, and nothing
/// panicked.
fn assert_no_trial_is_to_blame(lab: &Lab, ran: &Ran, limit: &str) {
    let said = &ran.stderr;
    assert!(
        ran.code == Some(0) || ran.code == BAD_STORE,
        "{limit}: {:?}: {said}",
        ran.code
    );
    assert!(!said.contains("panicked"), "{limit}: {said}");
    if ran.code == BAD_STORE {
        assert!(
            said.contains("this is a limit of the machine"),
            "{limit}: {said}"
        );
    }
    for (id, state) in states(&lab.path("runs")) {
        assert_ne!(state["status"], "failed", "{limit}: {id}: {state}");
    }
}

/// A user that owns no other process, since `ulimit -u` counts them all and does not bind root.
const NOBODY_ELSE: &str = "48611";

/// Runs the tiny sweep as that user with at most so many threads; none where that cannot be done here.
fn run_with_threads(lab: &Lab, n: u32) -> Option<Ran> {
    let can_change = Command::new("setpriv")
        .args(["--reuid", NOBODY_ELSE, "--clear-groups", "test", "-r"])
        .arg(lab.path("sweep.toml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !can_change.is_ok_and(|status| status.success()) {
        return None;
    }
    let script = format!(
        "ulimit -u {n}; exec setpriv --reuid {NOBODY_ELSE} --clear-groups ./unravel run sweep.toml --jobs 2"
    );
    Some(lab.run_script(&script, &[]))
}

fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

#[test]
fn a_machine_that_gives_few_threads_fails_no_trial() {
    for n in [3, 5, 7, 9, 10, 11, 12, 14, 16, 18, 20, 24] {
        let lab = Lab::with_sweep(TINY);
        open_to_all(&lab.path(""));
        open_to_all(lab.path("").parent().unwrap());
        // The program under test may lie where only its user may read.
        fs::copy(env!("CARGO_BIN_EXE_unravel"), lab.path("unravel")).unwrap();
        let Some(ran) = run_with_threads(&lab, n) else {
            println!("skipped: processes of another user cannot be started here");
            return;
        };
        assert_no_trial_is_to_blame(&lab, &ran, &format!("ulimit -u {n}"));
    }
}

#[test]
fn a_machine_that_gives_little_memory_fails_no_trial() {
    for mib in [40, 80, 120, 160, 200, 300, 400, 600] {
        let lab = Lab::with_sweep(TINY);
        let limit = format!("ulimit -v {}", mib * 1024);
        let script = format!("{limit}; exec \"$0\" \"$@\"");
        let ran = lab.run_script(&script, &["run", "sweep.toml", "--jobs", "2"]);
        assert_no_trial_is_to_blame(&lab, &ran, &limit);
    }
}

#[test]
fn a_machine_that_gives_few_files_fails_no_trial() {
    for n in [6, 8, 10, 12, 14, 16, 18, 20, 24, 32] {
        let lab = Lab::with_sweep(TINY);
        let limit = format!("ulimit -n {n}");
        let script = format!("{limit}; exec \"$0\" \"$@\"");
        let ran = lab.run_script(&script, &["run", "sweep.toml", "--jobs", "2"]);
        assert_no_trial_is_to_blame(&lab, &ran, &limit);
    }
}

#[test]
fn numbers_beyond_every_clock_are_refused() {
    let lab = Lab::with_sweep(TINY);
    for args in [
        &["status", "sweep.toml", "--watch", "--every", "1e300"][..],
        &["run", "sweep.toml", "--slurm-poll", "1e300"],
        &["run", "sweep.toml", "--checkpoint-every", "1e300"],
        &["run", "sweep.toml", "--checkpoint-every", "inf"],
        &["run", "sweep.toml", "--budget", "500000000000years"],
        &["run", "sweep.toml", "--max-silence", "11years"],
    ] {
        let ran = lab.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("ten years"), "{args:?}: {}", ran.stderr);
    }
    let hasty = lab.run(&["run", "sweep.toml", "--max-silence", "0.01s"]);
    assert_eq!(hasty.code, Some(2));
    assert!(
        hasty.stderr.contains("the shortest time is 5s"),
        "{}",
        hasty.stderr
    );
    // The largest that are taken reach no clock's end either.
    let longest = [
        "--checkpoint-every",
        "315360000",
        "--budget",
        "9years",
        "--max-silence",
        "9years",
    ];
    lab.run_well(
        &[
            &["run", "sweep.toml", "--cohort", "18446744073709551615"],
            &longest[..],
        ]
        .concat(),
    );
}

#[test]
fn want_of_memory_is_named_with_its_limit() {
    let lab = Lab::new();
    let factors = NpyArray {
        key: "factors",
        ..NpyArray::classes_of(&[4, 5, 6, 10])
    };
    let values = factors
        .data
        .chunks_exact(8)
        .map(|bytes| f32::from(bytes[0]));
    let codes = NpyArray {
        key: "codes",
        descr: "<f4",
        shape: factors.shape.clone(),
        data: values.flat_map(f32::to_le_bytes).collect(),
    };
    npz::write(&lab.path("codes.npz"), &[codes, factors]);
    let run_within = |mib: u64, args: &[&str]| {
        lab.run_script(
            &format!("ulimit -v {}; exec \"$0\" \"$@\"", mib * 1024),
            args,
        )
    };
    let args = [
        "evaluate",
        "codes.npz",
        "--metrics",
        "sap,modularity,explicitness,irs",
        "--seeds",
        "2",
    ];
    // From the least in which the program can be loaded to the least in which it can do this.
    let can_begin = |mib: &u64| run_within(*mib, &["--version"]).code == Some(0);
    let first = (20..200).find(can_begin).unwrap();
    let mut causes = Vec::new();
    for mib in first.. {
        let ran = run_within(mib, &args);
        if ran.code == Some(0) {
            break;
        }
        assert_eq!(ran.code, BAD_STORE, "{mib} MiB: {}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap_or_default();
        assert!(
            last.contains("; this is a limit of the machine"),
            "{mib} MiB: {}",
            ran.stderr
        );
        assert!(
            !ran.stderr.contains("memory allocation of"),
            "{}",
            ran.stderr
        );
        let is_named = last.starts_with("error: not enough memory")
            && last.contains(&format!("(address space limit {mib} MiB)"));
        causes.push(is_named);
        // Threads that share a heap need no 64 MiB each.
        assert!(mib < first + 40, "{}", ran.stderr);
    }
    assert!(causes.contains(&true), "{causes:?}");
}
