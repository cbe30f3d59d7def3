//! A real Slurm on this machine's loopback addresses, where one was started: see `tests/slurm/start.sh`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::lab::Lab;

/// Names the folders of the clusters, with colons between them.
const CLUSTERS: &str = "UNRAVEL_TEST_SLURM";

/// One cluster.
pub struct Cluster {
    folder: PathBuf,
}

/// A task, as `squeue` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Such as `6_3`.
    pub name: String,
    pub state: String,
    /// Where it runs; empty while it waits.
    pub node: String,
}

impl Cluster {
    /// The cluster of this number; where there is none, says that the test is skipped.
    pub fn get(number: usize, test: &str) -> Option<Self> {
        let folders = std::env::var_os(CLUSTERS).unwrap_or_default();
        let folder = std::env::split_paths(&folders).nth(number);
        let there = folder.filter(|folder| folder.join("slurm.conf").is_file());
        if there.is_none() {
            // Past the test harness, which keeps what tests print to itself unless they fail.
            let line = format!("skipped: {test} (no Slurm; {CLUSTERS} names none)\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        }
        there.map(|folder| Self { folder })
    }

    /// The configuration by which Slurm's commands find this cluster.
    pub fn config(&self) -> PathBuf {
        self.folder.join("slurm.conf")
    }

    /// A folder with this sweep, from where the program speaks to this cluster.
    pub fn lab(&self, sweep: &str) -> Lab {
        let mut lab = Lab::with_sweep(sweep);
        lab.set("SLURM_CONF", self.config());
        lab
    }

    /// What a command of Slurm's prints; nothing where it fails.
    pub fn ask(&self, program: &str, args: &[&str]) -> String {
        let output = Command::new(program)
            .args(args)
            .env("SLURM_CONF", self.config())
            .output()
            .expect("Slurm's commands are there where a cluster is");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The tasks of a store's sweep that wait or run.
    pub fn tasks(&self, store: &Path) -> Vec<Task> {
        let Some(name) = job_name(store) else {
            return Vec::new();
        };
        let args = [
            "--noheader",
            "--array",
            "--name",
            &name,
            "--format",
            "%i|%T|%N",
        ];
        let task = |line: &str| {
            let mut fields = line.split('|').map(|field| field.trim().to_owned());
            let mut next = || fields.next().unwrap_or_default();
            Task {
                name: next(),
                state: next(),
                node: next(),
            }
        };
        self.ask("squeue", &args).lines().map(task).collect()
    }

    /// Waits until some task of the store's sweep runs, and returns it.
    pub fn running_task(&self, store: &Path) -> Task {
        self.wait_for("a running task", || {
            let tasks = self.tasks(store);
            tasks.into_iter().find(|task| task.state == "RUNNING")
        })
    }

    /// Lets something go wrong, or right again; see `tests/slurm/fault.sh`.
    pub fn fault(&self, action: &str, node: &str) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/slurm/fault.sh");
        let args: [OsString; 3] = [self.folder.clone().into(), action.into(), node.into()];
        let status = Command::new(script).args(args).status().unwrap();
        assert!(status.success(), "{action} {node}");
    }

    /// Waits until `look` finds something.
    pub fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "waited in vain for {what}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The workers of a node that work on this store, by their process ids.
    pub fn workers(&self, store: &Path, node: &str) -> Vec<u32> {
        let store = store.to_string_lossy().into_owned();
        let is_worker = |pid: u32| {
            let read =
                |what: &str| std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
            let has = |bytes: &[u8], text: &str| {
                bytes
                    .split(|byte| *byte == 0)
                    .any(|word| word == text.as_bytes())
            };
            let (command, environment) = (read("cmdline"), read("environ"));
            has(&command, "worker")
                && String::from_utf8_lossy(&command).contains(&store)
                && has(&environment, &format!("SLURMD_NODENAME={node}"))
        };
        let entries = std::fs::read_dir("/proc").unwrap();
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        pids.filter(|pid| is_worker(*pid)).collect()
    }
}

/// The name of a store's jobs: the program names a folder after it.
pub fn job_name(store: &Path) -> Option<String> {
    let mut entries = std::fs::read_dir(store.join(".slurm")).ok()?;
    entries.next()?.ok()?.file_name().into_string().ok()
}

/// The batches of a store that were submitted and not tidied away.
pub fn batches(store: &Path) -> Vec<PathBuf> {
    let Some(name) = job_name(store) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(store.join(".slurm").join(name)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}
