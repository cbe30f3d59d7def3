//! One worker process: from its own side and from that of the program that started it.
//!
//! The worker prints [`READY`], waits for a line on stdin, trains, and prints a [`Share`].

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::timing::process_cpu_secs;
use crate::workload::Workload;

const READY: &str = "ready";

/// Steps before the clock starts.
const WARM_UP_STEPS: u64 = 3;

/// What one worker did.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Images that its models were trained on.
    pub images: usize,
    /// Seconds that took.
    pub elapsed_secs: f64,
    /// Seconds that its threads had on a core meanwhile.
    pub cpu_secs: f64,
}

impl Share {
    /// Its rate.
    #[must_use]
    pub fn images_per_s(&self) -> f64 {
        self.images as f64 / self.elapsed_secs
    }
}

/// The worker's side: trains for at least `duration` once a line comes in, and answers with what it did.
///
/// Without a line, because who started it is gone, it does nothing.
///
/// # Errors
/// Where there are no models, no threads, or nobody to talk to.
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
    let share = Share {
        images,
        elapsed_secs: start.elapsed().as_secs_f64(),
        cpu_secs: process_cpu_secs() - cpu_start,
    };
    let text = serde_json::to_string(&share).map_err(|error| talk(error.into()))?;
    writeln!(output, "{text}").map_err(talk)
}

/// A worker from outside. It is ended when this is dropped.
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

    /// Returns when the worker has warmed up.
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

    /// What it did, once it is through.
    pub fn finish(mut self) -> Result<Share, BenchError> {
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

    fn no_timings(&self, said: String) -> BenchError {
        BenchError::NoTimings {
            program: self.program.clone(),
            why: format!("the worker ended or said `{said}`"),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended already; there is nothing to do about either result.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This program, even if its file has been replaced since it was started.
pub(crate) fn this_program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    match running.exists() {
        true => Ok(running),
        false => std::env::current_exe(),
    }
}
