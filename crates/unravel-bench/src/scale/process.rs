//! Runs a program to its end and measures its time and memory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// Time between two measurements of a process.
const INTERVAL: Duration = Duration::from_millis(2);

/// Indices of user and system time among the fields of `/proc/<pid>/stat` after the name.
const TIMES: [usize; 2] = [11, 12];

/// The unit of these times, which is the same for all Linux kernels.
const TICKS_PER_SEC: f64 = 100.0;

/// Time and memory of a process, without its children.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Wall seconds.
    pub wall_secs: f64,
    /// CPU seconds.
    pub own_cpu_secs: f64,
    /// Peak of resident memory in bytes.
    pub peak_bytes: u64,
}

/// The path of the program `name` in the folder of this program.
pub fn beside_this_one(name: &str) -> Result<PathBuf, BenchError> {
    let this = std::env::current_exe().map_err(|source| BenchError::Process {
        program: PathBuf::from(name),
        source,
    })?;
    let program = this.with_file_name(name);
    if program.is_file() {
        Ok(program)
    } else {
        Err(BenchError::NoTimings {
            program,
            why: "it does not exist; build it with `cargo build --release`".to_owned(),
        })
    }
}

/// Runs the program to its end. Its usage is read every few milliseconds.
pub fn run(program: &Path, arguments: &[String]) -> Result<Usage, BenchError> {
    let failed = |source| BenchError::Process {
        program: program.to_owned(),
        source,
    };
    let began = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(failed)?;
    let mut usage = Usage::default();
    let status = loop {
        usage = read_usage(&child).unwrap_or(usage);
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        std::thread::sleep(INTERVAL);
    };
    usage.wall_secs = began.elapsed().as_secs_f64();
    if status.success() {
        Ok(usage)
    } else {
        Err(BenchError::NoTimings {
            program: program.to_owned(),
            why: format!("`{}` ended with {status}", arguments.join(" ")),
        })
    }
}

/// Reads the usage so far. Returns `None` if the process has ended or `/proc` is not available.
fn read_usage(child: &Child) -> Option<Usage> {
    let folder = PathBuf::from(format!("/proc/{}", child.id()));
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = TIMES
        .iter()
        .filter_map(|&field| fields.get(field)?.parse::<u64>().ok())
        .sum();
    let status = std::fs::read_to_string(folder.join("status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.split_whitespace().next()?.parse().ok()?;
    Some(Usage {
        wall_secs: 0.0,
        own_cpu_secs: ticks as f64 / TICKS_PER_SEC,
        peak_bytes: kib * 1024,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_of_a_process_is_measured() {
        let words = ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"].map(str::to_owned);
        let usage = run(Path::new("/bin/sh"), &words).unwrap();
        assert!(usage.own_cpu_secs > 0.0 && usage.own_cpu_secs <= 2.0 * usage.wall_secs + 0.1);
        assert!(usage.peak_bytes > 100_000);
    }

    #[test]
    fn a_failure_is_reported() {
        let words = ["-c", "exit 3"].map(str::to_owned);
        let error = run(Path::new("/bin/sh"), &words).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("3"), "{error}");
    }
}
