//! A worker process: the code that it runs, and the code that controls it.
//!
//! The worker prints [`READY`], waits for a line on stdin, trains, and prints a [`WorkerRate`].

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::timing::process_cpu_secs;
use crate::workload::Workload;

const READY: &str = "ready";

/// Number of steps before the clock starts.
const WARM_UP_STEPS: u64 = 3;

/// The work of one worker and its time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerRate {
    /// Number of images, over all models of the worker.
    pub images: usize,
    /// Wall seconds.
    pub elapsed_secs: f64,
    /// CPU seconds of all threads.
    pub cpu_secs: f64,
}

impl WorkerRate {
    /// Images per second.
    #[must_use]
    pub fn images_per_s(&self) -> f64 {
        self.images as f64 / self.elapsed_secs
    }
}

/// Runs a worker: after a line on `input`, trains for at least `duration` and prints a [`WorkerRate`] to `output`.
///
/// If `input` ends, the controlling program is gone, and the worker returns.
///
/// # Errors
/// Fails if there are no models, if threads cannot be started, or if `input` or `output` fails.
pub fn work(
    workload: Workload,
    threads: usize,
    duration: Duration,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), BenchError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|source| BenchError::Threads { threads, source })?;
    let mut cohort = workload.cohort()?;
    cohort.train(WARM_UP_STEPS);
    let talk = |source| BenchError::Process {
        program: "stdin and stdout".into(),
        source,
    };
    writeln!(output, "{READY}")
        .and_then(|()| output.flush())
        .map_err(talk)?;
    let mut line = String::new();
    if input.read_line(&mut line).map_err(talk)? == 0 {
        return Ok(());
    }
    let (cpu_start, start, mut images) = (process_cpu_secs(), Instant::now(), 0);
    while start.elapsed() < duration {
        cohort.train(1);
        images += workload.models * workload.batch_size();
    }
    let share = WorkerRate {
        images,
        elapsed_secs: start.elapsed().as_secs_f64(),
        cpu_secs: process_cpu_secs() - cpu_start,
    };
    let text = serde_json::to_string(&share).map_err(|error| talk(error.into()))?;
    writeln!(output, "{text}").map_err(talk)
}

/// A running worker. It is killed when this is dropped.
pub struct Worker {
    program: PathBuf,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts this program as a worker.
    pub fn start(
        workload: Workload,
        threads: usize,
        duration: Duration,
    ) -> Result<Self, BenchError> {
        let failed = |program: &PathBuf| {
            let program = program.clone();
            move |source| BenchError::Process { program, source }
        };
        let program = this_program().map_err(failed(&"unravel-bench".into()))?;
        let mut child = Command::new(&program)
            .arg("worker")
            .args(["--arch", workload.architecture.name()])
            .args(["--objective", workload.target.name()])
            .args(["--models", &workload.models.to_string()])
            .args(["--threads", &threads.to_string()])
            .args(["--seconds", &duration.as_secs_f64().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed(&program))?;
        let input = child.stdin.take().expect("stdin is piped");
        let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Ok(Self {
            program,
            child,
            input,
            output,
        })
    }

    /// Waits until the worker is ready.
    pub fn wait_until_ready(&mut self) -> Result<(), BenchError> {
        let line = self.line()?;
        match line.as_str() {
            READY => Ok(()),
            _ => Err(self.no_timings(line)),
        }
    }

    /// Starts the worker's clock.
    pub fn go(&mut self) -> Result<(), BenchError> {
        let sent = self
            .input
            .write_all(b"go\n")
            .and_then(|()| self.input.flush());
        sent.map_err(|source| self.failed(source))
    }

    /// Waits until the worker ends and returns its rate.
    pub fn finish(mut self) -> Result<WorkerRate, BenchError> {
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|_| self.no_timings(line))
    }

    fn line(&mut self) -> Result<String, BenchError> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: std::io::Error) -> BenchError {
        BenchError::Process {
            program: self.program.clone(),
            source,
        }
    }

    fn no_timings(&self, line: String) -> BenchError {
        BenchError::NoTimings {
            program: self.program.clone(),
            why: format!("the worker ended or printed `{line}`"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The worker may have ended already, so both results are ignored.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of this program. It is valid even if the file has been replaced since the start.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() {
        Ok(running)
    } else {
        std::env::current_exe()
    }
}
