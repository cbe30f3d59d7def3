//! A temporary folder, and the program run in it as a user would.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes, on however busy a machine: what takes longer hangs.
const HANGS_AFTER: Duration = Duration::from_secs(240);
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_unravel");

/// A folder of one test's own; gone with it.
pub struct Lab {
    folder: TempDir,
    n_started: AtomicUsize,
    environment: Vec<(&'static str, OsString)>,
}

impl Lab {
    /// An empty folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let lab = Self {
            folder,
            n_started: AtomicUsize::new(0),
            environment: Vec::new(),
        };
        fs::create_dir(lab.path("")).unwrap();
        fs::create_dir(lab.folder.path().join("said")).unwrap();
        lab
    }

    /// A folder with this text as `sweep.toml`.
    pub fn with_sweep(text: &str) -> Self {
        let lab = Self::new();
        lab.write("sweep.toml", text);
        lab
    }

    /// Sets a variable for the programs to come.
    pub fn set(&mut self, variable: &'static str, value: impl Into<OsString>) {
        self.environment.push((variable, value.into()));
    }

    /// The absolute path of a file in the folder that the program runs in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// Writes a file there.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Reads a text file there.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Starts the program as the leader of a process group.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut command = Command::new(PROGRAM);
        command.args(args);
        self.spawn(command)
    }

    /// Runs a shell script to its end, in which `"$0" "$@"` is the program with these arguments.
    pub fn run_script(&self, script: &str, args: &[&str]) -> Ran {
        self.start_script(script, args).wait()
    }

    /// Starts such a script as the leader of a process group.
    pub fn start_script(&self, script: &str, args: &[&str]) -> Running {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, PROGRAM]).args(args);
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> Running {
        let n = self.n_started.fetch_add(1, Ordering::Relaxed);
        let said = |what: &str| self.folder.path().join("said").join(format!("{n}.{what}"));
        let (stdout, stderr) = (said("stdout"), said("stderr"));
        let child = command
            .current_dir(self.path(""))
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("RUST_BACKTRACE")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .process_group(0)
            .spawn()
            .expect("the program can be started");
        Running {
            child,
            began: Instant::now(),
            stdout,
            stderr,
        }
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.start(args).wait()
    }

    /// Runs the program, which is to exit with 0.
    pub fn run_well(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
        ran
    }
}

/// The program at work. Killed when it is dropped.
pub struct Running {
    child: Child,
    began: Instant,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    /// The process's id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end.
    pub fn wait(mut self) -> Ran {
        while self.is_running() {
            let elapsed = self.began.elapsed();
            assert!(elapsed < HANGS_AFTER, "it hangs: {}", read(&self.stderr));
            std::thread::sleep(BETWEEN_LOOKS);
        }
        let status = self.child.wait().unwrap();
        Ran {
            code: status.code(),
            stdout: read(&self.stdout),
            stderr: read(&self.stderr),
            elapsed: self.began.elapsed(),
        }
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Calls `look` over and over until it says that it has seen enough, or the program ends; then false.
    pub fn watch(&mut self, mut look: impl FnMut() -> bool) -> bool {
        while !look() {
            if !self.is_running() {
                return false;
            }
            assert!(self.began.elapsed() < HANGS_AFTER, "waited in vain");
            std::thread::sleep(BETWEEN_LOOKS);
        }
        true
    }

    /// Waits until the program has said this on stderr; false where it ends before.
    pub fn watch_stderr(&mut self, words: &str) -> bool {
        let path = self.stderr.clone();
        self.watch(|| read(&path).contains(words))
    }

    /// Sends a signal to the process group, as a terminal does. It may have ended.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// What a run of the program came to.
pub struct Ran {
    /// Exit code; none where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub elapsed: Duration,
}

impl Ran {
    /// All of stdout as one JSON value.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in stdout: {}", self.stdout))
    }

    /// A number of the tally that `run --json` prints.
    pub fn tally(&self, what: &str) -> u64 {
        self.json()["tally"][what].as_u64().unwrap()
    }
}

fn read(path: &Path) -> String {
    String::from_utf8(fs::read(path).unwrap()).expect("the program says UTF-8")
}
