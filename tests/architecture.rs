//! What the crates must not know, checked against their manifests, the lock file and their sources.

#[path = "architecture/circles.rs"]
mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Longest a source file may be, in lines, tests not counted.
const MAX_LINES: usize = 400;
/// Files that may be longer, each with its reason.
const LONGER: [(&str, &str); 0] = [];

/// The only crates that may talk to a person or a shell.
const PROGRAMS: [&str; 2] = ["unravel", "unravel-bench"];

/// Crates of the workspace that each may use; arrows run one way.
const ARROWS: [(&str, &[&str]); 10] = [
    ("unravel-score", &[]),
    ("unravel-data", &[]),
    ("unravel-metrics", &["unravel-score"]),
    ("unravel-sweep", &["unravel-score"]),
    (
        "unravel-store",
        &["unravel-data", "unravel-score", "unravel-sweep"],
    ),
    ("unravel-model", &["unravel-data", "unravel-sweep"]),
    (
        "unravel-orchestrator",
        &["unravel-score", "unravel-store", "unravel-sweep"],
    ),
    (
        "unravel-report",
        &[
            "unravel-metrics",
            "unravel-score",
            "unravel-store",
            "unravel-sweep",
        ],
    ),
    (
        "unravel-worker",
        &[
            "unravel-data",
            "unravel-metrics",
            "unravel-model",
            "unravel-score",
            "unravel-store",
            "unravel-sweep",
        ],
    ),
    (
        "unravel-cuda",
        &[
            "unravel-data",
            "unravel-model",
            "unravel-store",
            "unravel-sweep",
            "unravel-worker",
        ],
    ),
];

/// The names of crates that compute with tensors.
fn is_of_tensors(name: &str) -> bool {
    let families = ["burn", "cubecl", "candle", "ndarray", "gemm", "wgpu", "tch"];
    families.iter().any(|family| name.starts_with(family))
}

/// The names of crates that read or write files, or draw.
fn is_of_files(name: &str) -> bool {
    let exact = [
        "zip",
        "npyz",
        "csv",
        "toml",
        "safetensors",
        "memmap2",
        "png",
    ];
    exact.contains(&name) || name == "tempfile" || is_of_reports(name)
}

fn is_of_reports(name: &str) -> bool {
    name.starts_with("polars") || name.starts_with("plotters")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn toml_file(path: &Path) -> Table {
    let text = fs::read_to_string(path).unwrap();
    text.parse().unwrap()
}

/// The crates of the workspace.
fn members() -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("crates")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| root().join("crates").join(name).join("Cargo.toml").exists())
        .collect()
}

/// The packages that a crate of the workspace names under `[dependencies]`.
fn direct(member: &str) -> BTreeSet<String> {
    let manifest = toml_file(&root().join("crates").join(member).join("Cargo.toml"));
    let names = manifest.get("dependencies").and_then(Value::as_table);
    names
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// Every package that a crate of the workspace needs, tests aside, directly or not.
fn all(member: &str) -> BTreeSet<String> {
    let lock = toml_file(&root().join("Cargo.lock"));
    let mut locked = BTreeMap::<&str, BTreeSet<String>>::new();
    for package in lock["package"].as_array().unwrap() {
        let dependencies = package.get("dependencies").and_then(Value::as_array);
        // `name`, or `name version` where there are several.
        let names = dependencies.into_iter().flatten().map(|dependency| {
            let name = dependency.as_str().unwrap().split(' ').next();
            name.unwrap().to_owned()
        });
        locked
            .entry(package["name"].as_str().unwrap())
            .or_default()
            .extend(names);
    }
    let members = members();
    let mut found = BTreeSet::new();
    let mut next: Vec<String> = direct(member).into_iter().collect();
    while let Some(name) = next.pop() {
        if found.insert(name.clone()) {
            // The lock file does not tell the tests' dependencies of a crate from the others.
            match members.contains(&name) {
                true => next.extend(direct(&name)),
                false => next.extend(locked.get(name.as_str()).into_iter().flatten().cloned()),
            }
        }
    }
    found
}

#[test]
fn the_lock_file_says_what_it_is_asked() {
    assert!(all("unravel-model").contains("burn-tensor"));
    assert!(all("unravel-report").contains("polars-core"));
    assert!(all("unravel").contains("burn-tensor"));
}

#[test]
fn every_file_of_tests_runs() {
    let manifest = toml_file(&root().join("crates/unravel/Cargo.toml"));
    let targets = manifest["test"].as_array().unwrap().iter();
    let listed: BTreeSet<&str> = targets
        .filter_map(|target| target["path"].as_str())
        .collect();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".rs") && name != "support.rs" {
            let path = format!("../../tests/{name}");
            assert!(
                listed.contains(path.as_str()),
                "{name} has no [[test]] entry"
            );
        }
    }
}

#[test]
fn the_version_of_burn_that_trials_name_is_the_locked_one() {
    let lock = toml_file(&root().join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap().iter();
    let mut burn = packages.filter(|package| package["name"].as_str() == Some("burn"));
    let locked = burn.next().and_then(|package| package["version"].as_str());
    assert_eq!(locked, Some(unravel_model::BURN_VERSION));
    assert!(burn.next().is_none());
}

#[test]
fn arrows_between_crates_run_one_way() {
    let members = members();
    for (name, allowed) in ARROWS.iter().filter(|(name, _)| members.contains(*name)) {
        let of_workspace = direct(name)
            .intersection(&members)
            .cloned()
            .collect::<Vec<_>>();
        let excess = of_workspace
            .iter()
            .find(|used| !allowed.contains(&used.as_str()));
        assert_eq!(excess, None, "{name} may use {allowed:?} only");
    }
    let in_table = |name: &String| ARROWS.iter().any(|(known, _)| known == name);
    let unknown: Vec<_> = members
        .iter()
        .filter(|name| !in_table(name) && !PROGRAMS.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}: say what they may use");
}

#[test]
fn planning_storing_and_reporting_need_no_tensors() {
    for name in [
        "unravel-score",
        "unravel-sweep",
        "unravel-store",
        "unravel-orchestrator",
        "unravel-report",
        "unravel-metrics",
        "unravel-data",
    ] {
        let tensors: Vec<_> = all(name).into_iter().filter(|n| is_of_tensors(n)).collect();
        assert!(tensors.is_empty(), "{name} needs {tensors:?}");
    }
}

#[test]
fn metrics_see_no_file_and_no_clock() {
    let is_other = |name: &String| name.starts_with("unravel") && name != "unravel-score";
    let files: Vec<_> = all("unravel-metrics")
        .into_iter()
        .filter(|name| is_of_files(name) || is_other(name))
        .collect();
    assert!(files.is_empty(), "unravel-metrics needs {files:?}");
    for source in ["unravel-score", "unravel-metrics"]
        .into_iter()
        .flat_map(sources)
    {
        source.assert_free_of(&[
            "std::fs",
            "std::time",
            "std::process",
            "std::net",
            "std::io",
        ]);
    }
}

#[test]
fn only_the_report_uses_polars_and_plotters() {
    for name in members().iter().filter(|name| *name != "unravel-report") {
        let used: Vec<_> = direct(name)
            .into_iter()
            .filter(|n| is_of_reports(n))
            .collect();
        assert!(used.is_empty(), "{name} uses {used:?}");
    }
    for name in members()
        .iter()
        .filter(|name| !["unravel-report", "unravel"].contains(&name.as_str()))
    {
        assert!(
            !all(name).iter().any(|n| is_of_reports(n)),
            "{name} links polars or plotters"
        );
    }
}

/// A source file without its tests and comments.
struct Source {
    path: String,
    lines: Vec<String>,
    /// Lines that are not of tests, comments included.
    n_lines: usize,
}

impl Source {
    fn assert_free_of(&self, words: &[&str]) {
        for (word, line) in words
            .iter()
            .flat_map(|w| self.lines.iter().map(move |l| (w, l)))
        {
            assert!(!line.contains(word), "{}: {}", self.path, line.trim());
        }
    }
}

/// The sources of a crate. Modules of tests are at the end of a file, or in files called `tests` or `testing`.
fn sources(member: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("crates").join(member).join("src"), &mut paths);
    paths.sort();
    paths.iter().map(|path| source(path)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_of_tests = |stem: &str| ["tests", "testing"].contains(&stem);
        if path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .is_some_and(is_of_tests)
        {
            continue;
        }
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let all: Vec<&str> = text.lines().collect();
    let begins_tests = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].ends_with('{');
    let n_lines = all.windows(2).position(begins_tests).unwrap_or(all.len());
    let is_code = |line: &&&str| !line.trim_start().starts_with("//");
    Source {
        path: path.strip_prefix(root()).unwrap().display().to_string(),
        lines: all[..n_lines]
            .iter()
            .filter(is_code)
            .map(|line| (*line).to_owned())
            .collect(),
        n_lines,
    }
}

#[test]
fn only_programs_print_exit_or_read_the_environment() {
    let libraries = members()
        .into_iter()
        .filter(|name| !PROGRAMS.contains(&name.as_str()));
    for source in libraries.flat_map(|name| sources(&name)) {
        source.assert_free_of(&[
            "println!",
            "print!(",
            "eprint!(",
            "process::exit",
            "process::abort",
            "env::var",
            "env::args",
            "io::stdout",
            "io::stderr",
            "io::stdin",
        ]);
    }
}

/// `println!` and its relatives panic where nobody takes what they print, and `thread::spawn` where the machine gives
/// no thread.
#[test]
fn the_program_prints_and_starts_threads_without_panics() {
    let libraries = members().into_iter();
    for source in libraries
        .filter(|name| name != "unravel-bench")
        .flat_map(|name| sources(&name))
    {
        source.assert_free_of(&["println!", "print!(", "thread::spawn(", "scope.spawn("]);
    }
    let is_writer = |path: &str| {
        ["stderr.rs", "stdout.rs"]
            .iter()
            .any(|file| path.ends_with(file))
    };
    // A worker's events are lines on stdout.
    let is_worker = |path: &str| path.ends_with("verbs/worker.rs");
    for source in sources("unravel")
        .iter()
        .filter(|source| !is_writer(&source.path))
    {
        source.assert_free_of(&["io::stderr().lock", "io::stderr().write"]);
        if !is_worker(&source.path) {
            source.assert_free_of(&["io::stdout().lock", "io::stdout().write"]);
        }
    }
}

#[test]
fn nothing_is_left_unwritten() {
    for source in members().iter().flat_map(|name| sources(name)) {
        source.assert_free_of(&["todo!", "unimplemented!", "dbg!", "#[allow(", "#![allow("]);
        let globs =
            |line: &&String| line.trim_start().starts_with("pub use") && line.contains("::*");
        assert_eq!(source.lines.iter().find(globs), None, "{}", source.path);
    }
}

#[test]
fn every_crate_says_what_it_is_for() {
    for name in members() {
        let src = root().join("crates").join(&name).join("src");
        let file = ["lib.rs", "main.rs"]
            .map(|file| src.join(file))
            .into_iter()
            .find(|f| f.exists());
        let text = fs::read_to_string(file.expect("a crate has a root")).unwrap();
        assert!(text.starts_with("//! "), "{name} does not begin with `//!`");
    }
}

#[test]
fn no_file_is_long() {
    for source in members().iter().flat_map(|name| sources(name)) {
        let is_excused = LONGER.iter().any(|(path, _)| *path == source.path);
        assert!(
            is_excused || source.n_lines <= MAX_LINES,
            "{} has {} lines; split it, or excuse it with a reason",
            source.path,
            source.n_lines
        );
    }
}

#[test]
fn files_do_not_import_each_other() {
    for name in members() {
        let found = circles::circles(&sources(&name));
        assert_eq!(
            found,
            Vec::<Vec<String>>::new(),
            "{name}: move what both need to a file below both"
        );
    }
}

#[test]
fn a_metric_is_named_in_its_file_and_in_the_table_alone() {
    let table = "crates/unravel-score/src/metric.rs";
    for metric in unravel_score::Metric::ALL {
        let name = metric.name();
        let own = format!(
            "crates/unravel-metrics/src/metrics/{}",
            name.replace('-', "_")
        );
        // A module's line, and what is about this metric alone.
        for source in members().iter().flat_map(|member| sources(member)) {
            let quoted = format!("\"{name}\"");
            let named = source.lines.iter().find(|line| line.contains(&quoted));
            let is_own = source.path == table || source.path.starts_with(&own);
            assert!(is_own || named.is_none(), "{}: {named:?}", source.path);
        }
    }
}
