//! The processes of this machine, from `/proc`.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A process, told apart from a later one with the same id by the time at which it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pub pid: u32,
    started: u64,
}

/// The running children of a process.
pub fn children(parent: u32) -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let of_parent = |pid| {
        stat(pid)
            .filter(|stat| stat.parent == parent)
            .map(|stat| stat.process)
    };
    pids.filter_map(of_parent).collect()
}

impl Process {
    /// The running process of this id.
    pub fn of(pid: u32) -> Self {
        stat(pid).expect("it runs").process
    }

    /// Whether it still runs; one that has ended and was not yet buried does not.
    pub fn is_alive(self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.process == self)
    }

    /// How long it has kept processors busy, all of its threads together.
    pub fn busy(self) -> Duration {
        let stat = stat(self.pid).filter(|stat| stat.process == self);
        // Linux counts a hundred ticks a second, whatever its own clock does.
        Duration::from_millis(stat.map_or(0, |stat| stat.busy_ticks * 10))
    }

    /// Ends it at once. It may have ended.
    pub fn kill(self) {
        if self.is_alive() {
            let pid = Pid::from_raw(self.pid.cast_signed()).unwrap();
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Waits until none of these processes runs, and returns how long that took; fails where they hardly ever would.
pub fn time_until_gone(processes: &[Process]) -> Duration {
    const NEVER: Duration = Duration::from_secs(30);
    let began = Instant::now();
    while processes.iter().any(|process| process.is_alive()) {
        assert!(began.elapsed() < NEVER, "{processes:?} do not end");
        std::thread::sleep(Duration::from_millis(5));
    }
    began.elapsed()
}

struct Stat {
    process: Process,
    parent: u32,
    busy_ticks: u64,
}

/// Reads `/proc/<pid>/stat`; none for a process that has ended.
fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain anything; the state is the first field after it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let is_dead = matches!(fields[0], "Z" | "X");
    let process = Process {
        pid,
        started: fields[19].parse().ok()?,
    };
    let parent = fields[1].parse().ok()?;
    let busy_ticks = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
    let stat = Stat {
        process,
        parent,
        busy_ticks,
    };
    (!is_dead).then_some(stat)
}

/// Whether these tests, and so the programs that they start, were started with SIGHUP ignored, as `nohup` does: then it
/// ends nothing.
pub fn hangups_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}
