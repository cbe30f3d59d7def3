//! A program run to its end, and what it used of the machine.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::BenchError;

/// Between two looks at a process.
const EVERY: Duration = Duration::from_millis(2);
/// Of the fields of `/proc/<pid>/stat` behind the name: user and system time.
const TIMES: [usize; 2] = [11, 12];

/// The unit of these times, the same on every Linux whatever the kernel counts by.
const TICKS_PER_SEC: f64 = 100.0;

/// What a process used itself; its children are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// From start to end.
    pub wall_secs: f64,
    /// On cores.
    pub own_cpu_secs: f64,
    /// The most memory that was resident.
    pub peak_bytes: u64,
}

/// A program in the folder of this one.
pub fn beside_this_one(name: &str) -> Result<PathBuf, BenchError> {
    let this = std::env::current_exe().map_err(|source| BenchError::Process {
        program: PathBuf::from(name),
        source,
    })?;
    let program = this.with_file_name(name);
    match program.is_file() {
        true => Ok(program),
        false => Err(BenchError::NoTimings {
            program,
            why: "it is not there; `cargo build --release` makes it".to_owned(),
        }),
    }
}

/// Runs the program to its end and looks at it on the way, until shortly before it ends.
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
        usage = looked_at(&child).unwrap_or(usage);
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        std::thread::sleep(EVERY);
    };
    usage.wall_secs = began.elapsed().as_secs_f64();
    match status.success() {
        true => Ok(usage),
        false => Err(BenchError::NoTimings {
            program: program.to_owned(),
            why: format!("`{}` ended with {status}", arguments.join(" ")),
        }),
    }
}

/// Nothing where the process has just ended, or the system does not tell.
fn looked_at(child: &Child) -> Option<Usage> {
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
    fn what_a_process_takes_is_seen() {
        let words = ["-c", "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done"].map(str::to_owned);
        let usage = run(Path::new("/bin/sh"), &words).unwrap();
        assert!(0.0 < usage.own_cpu_secs && usage.own_cpu_secs <= 2.0 * usage.wall_secs + 0.1);
        assert!(100_000 < usage.peak_bytes);
    }

    #[test]
    fn a_failure_is_told() {
        let words = ["-c", "exit 3"].map(str::to_owned);
        let error = run(Path::new("/bin/sh"), &words).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("3"), "{error}");
    }
}
